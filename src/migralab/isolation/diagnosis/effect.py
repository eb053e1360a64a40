"""The effect from a catalogue entry: dishes of two arms are run, and the ratio of a readout is taken as the fold."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from migralab.catalog.catalog import load
from migralab.core.errors import RequestError
from migralab.isolation.diagnosis.document.study import FromEntry, Study
from migralab.measure.registry import find_observable
from migralab.measure.statistics.interval import mean_interval
from migralab.simulation.batch import run_batch
from migralab.simulation.compile import compile_experiment
from migralab.spec.parameter import Parameter, Source

Floats = NDArray[np.float64]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryLead:
    """Which the dishes of an entry show first, migrasomes or protein.

    Parameters
    ----------
    entry, arm
        Whose dishes.
    migrasomes, protein
        (dishes,) time of the first detection, h; NaN where there was none.
    """

    entry: str
    arm: str
    migrasomes: Floats
    protein: Floats


def resolve_effect(study: Study, progress: Progress | None = None) -> tuple[Study, EntryLead | None]:
    """Return the study with its fold read from the entry that it names, and the lead if that was asked for."""
    asked = study.patients.take_from
    if asked is None:
        return study, None
    fold, lead = find_effect(asked, progress)
    patients = study.patients.model_copy(update={"fold": fold, "take_from": None})
    return study.model_copy(update={"groups": (study.controls, patients)}), lead


def find_effect(asked: FromEntry, progress: Progress | None = None) -> tuple[Parameter, EntryLead | None]:
    """Run both arms and return the ratio of the readout, and the lead.

    The ratio is the geometric mean over seeds, which both arms share. Its range is the one asked for, widened to hold
    the ratio; the interval over dishes (Student's on the logarithm) says only what chance does in the model, and stands
    in the source.

    Raises
    ------
    RequestError
        If entry, arm or readout is unknown, or a dish reads nothing, so that there is no ratio.
    """
    file = load(asked.entry)
    models = {arm: compile_experiment(file, arm) for arm in asked.arms}
    batch = run_batch(models, range(asked.seeds), [asked.readout, *(asked.lead or ())], progress=progress)
    values = batch.values()
    first, second = (values[arm][asked.readout] for arm in asked.arms)
    if not (np.isfinite(first).all() and np.isfinite(second).all() and (first > 0).all() and (second > 0).all()):
        raise RequestError(
            f"{asked.readout} of {asked.entry} is not above 0 in every dish of {' and '.join(asked.arms)}, so there is "
            "no fold. Give the fold yourself (--fold 2), or another readout."
        )
    logs = np.log(second / first)
    low, high = mean_interval(logs)
    locator = (
        f"{asked.readout}, {asked.arms[1]} over {asked.arms[0]} of {asked.entry}, {asked.seeds} dishes an arm "
        f"({math.exp(low):.3g} to {math.exp(high):.3g} over dishes, 95 %); the range is an estimate for patients"
    )
    value = math.exp(float(logs.mean()))
    ends = (value, *(asked.span or ()))
    source = Source(key="migralab", locator=locator, tag="C")
    fold = Parameter(value=value, low=min(ends), high=max(ends), source=source)
    if asked.lead is None:
        return fold, None
    migrasomes, protein = (_hours(values[asked.arms[1]][name], name) for name in asked.lead)
    return fold, EntryLead(entry=asked.entry, arm=asked.arms[1], migrasomes=migrasomes, protein=protein)


def _hours(times: Floats, readout: str) -> Floats:
    unit = find_observable(readout).observable.unit
    if unit != "min":
        raise RequestError(
            f"lead: {readout} is no time ({unit or 'a pure number'}). Give two pool.first_detection[...]."
        )
    return np.asarray(times / 60.0, np.float64)
