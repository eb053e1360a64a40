"""The effect from a catalogue entry: dishes of two arms are run, and the ratio of a readout is taken as the fold."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from migralab.catalog.catalog import load
from migralab.core.errors import RequestError
from migralab.isolation.diagnosis.document.study import FromEntry, Study
from migralab.measure.statistics.interval import mean_interval
from migralab.simulation.batch import run_batch
from migralab.simulation.compile import compile_experiment
from migralab.spec.parameter import Parameter, Source

Progress = Callable[[int, int], None]


def resolve_fold(study: Study, progress: Progress | None = None) -> Study:
    """Return the study with its fold read from the entry that it names; as it is where it names none."""
    asked = study.patients.take_from
    if asked is None:
        return study
    fold = find_fold(asked, progress)
    patients = study.patients.model_copy(update={"fold": fold, "take_from": None})
    return study.model_copy(update={"groups": (study.controls, patients)})


def find_fold(asked: FromEntry, progress: Progress | None = None) -> Parameter:
    """Run both arms and return the ratio of the readout, with its 95 % interval over dishes as the range.

    The ratio is the geometric mean over seeds, which both arms share; the interval is Student's on its logarithm.

    Raises
    ------
    RequestError
        If entry, arm or readout is unknown, or a dish reads nothing, so that there is no ratio.
    """
    file = load(asked.entry)
    models = {arm: compile_experiment(file, arm) for arm in asked.arms}
    batch = run_batch(models, range(asked.seeds), [asked.readout], progress=progress)
    values = batch.values()
    first, second = (next(iter(values[arm].values())) for arm in asked.arms)
    if not (np.isfinite(first).all() and np.isfinite(second).all() and (first > 0).all() and (second > 0).all()):
        raise RequestError(
            f"{asked.readout} of {asked.entry} is not above 0 in every dish of {' and '.join(asked.arms)}, so there is "
            "no fold. Give the fold yourself (--fold 2), or another readout."
        )
    logs = np.log(second / first)
    low, high = mean_interval(logs)
    locator = f"{asked.readout}, {asked.arms[1]} over {asked.arms[0]} of {asked.entry}, {asked.seeds} dishes an arm"
    source = Source(key="migralab", locator=locator, tag="C")
    return Parameter(value=math.exp(float(logs.mean())), low=math.exp(low), high=math.exp(high), source=source)
