"""Over experiments: the experiment is the replicate, never the cell and never the vesicle."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from migralab.core.errors import RequestError, UnknownIdError
from migralab.measure.power import MARK
from migralab.measure.readout import NAN, Readout, Readouts
from migralab.measure.statistics.interval import mean_interval

# k of one dish can be infinite (no more spread than Poisson), its reciprocal cannot
_BY_RECIPROCAL = frozenset({"dispersion.k"})


def combine(experiments: Sequence[Readouts]) -> Readouts:
    """Combine the readouts of one condition over its experiments.

    The value is the mean over experiments, each with the same weight however many cells it has, with
    Student's t interval over experiments; n is the number of experiments that have a value.

    Raises
    ------
    RequestError
        If nothing is given, conditions are mixed, or one experiment is given twice (it would count as two).
    """
    members = list(experiments)
    names = _require_replicates(members)
    ids = list(dict.fromkeys(key for member in members for key in member))
    return Readouts(_combine_one([m[key] for m in members if key in m], names) for key in ids)


def ratio(first: Sequence[Readouts], second: Sequence[Readouts], key: str) -> Readout:
    """Return the ratio of one readout between two conditions, paired by experiment.

    Within an experiment the day, the medium and the hand are shared, so they cancel: the value is the
    geometric mean of ``first / second`` over the experiments that have both, with the t interval of its ln.

    Parameters
    ----------
    first, second
        Readouts per experiment of the two conditions.
    key
        Id of the readout.
    """
    for members in (first, second):
        _require_replicates(members)
    top, bottom = _by_experiment(first, key), _by_experiment(second, key)
    shared = [name for name in top if name in bottom]
    if not shared:
        raise RequestError(
            f"No experiment has '{key}' in both conditions ({', '.join(top) or 'none'} against "
            f"{', '.join(bottom) or 'none'}). A ratio is paired within experiments: give them the same names."
        )
    pairs = np.array([[top[name].value, bottom[name].value] for name in shared])
    pairs = pairs[~np.isnan(pairs).any(axis=1)]
    notes = []
    if left := (set(top) | set(bottom)) - set(shared):
        notes.append(f"without partner and left out: {', '.join(sorted(left))}")
    value, low, high, how = _log_ratio(pairs, notes)
    one, other = top[shared[0]], bottom[shared[0]]
    return Readout(
        id=key, value=value, unit="", low=low, high=high, n=len(pairs), n_unit="experiments", method=how,
        experiment=", ".join(shared), condition=f"{one.condition} / {other.condition}", note="; ".join(notes),
    )  # fmt: skip


def _log_ratio(pairs: np.ndarray, notes: list[str]) -> tuple[float, float, float, str]:
    if not len(pairs):
        notes.append("no experiment has both values")
        return NAN, NAN, NAN, "ratio within experiments"
    if (pairs <= 0).any():
        # Leaving such experiments out would bias the ratio towards those that still have some
        notes.append("a value is not above 0, so no logarithm and no interval")
        below = pairs[:, 1].mean()
        value = float(pairs[:, 0].mean() / below) if below > 0 else NAN
        return value, NAN, NAN, "ratio of the means over experiments"
    logs = np.log(pairs[:, 0] / pairs[:, 1])
    low, high = (math.exp(x) for x in mean_interval(logs))
    if len(logs) == 1:
        notes.append("one experiment: no interval over experiments")
    return (
        float(np.exp(logs.mean())),
        low,
        high,
        "geometric mean of ratios within experiments, t interval of ln",
    )


def _require_replicates(members: Iterable[Readouts]) -> list[str]:
    members = list(members)
    if not members or not all(len(member) for member in members):
        raise RequestError("There are no readouts to combine. Give one set of readouts per experiment.")
    conditions = {readout.condition for member in members for readout in member.values()}
    if len(conditions) > 1:
        raise RequestError(
            f"These readouts are of different conditions ({', '.join(sorted(conditions))}). Combine each "
            "alone, then compare them with ratio()."
        )
    names = [next(iter(member.values())).experiment for member in members]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise RequestError(
            f"Experiment {', '.join(twice)} is given more than once. Frames, fields and cells of one "
            "experiment are no replicates: measure it once, or give each experiment its own name."
        )
    return names


def _by_experiment(members: Iterable[Readouts], key: str) -> dict[str, Readout]:
    members = list(members)
    found = {member[key].experiment: member[key] for member in members if key in member}
    if not found:
        raise UnknownIdError("readout", key, {name for member in members for name in member})
    return found


def _combine_one(readouts: list[Readout], names: list[str]) -> Readout:
    values = np.array([readout.value for readout in readouts])
    known = values[~np.isnan(values)]
    first = readouts[0]
    if first.id in _BY_RECIPROCAL:
        value, low, high = _summarise(known, np.reciprocal)
        how = "reciprocal of the mean 1/k over experiments, t interval of 1/k"
    else:
        value, low, high = _summarise(known, None)
        how = "mean over experiments, t interval over experiments"
    notes = [*_shared_notes(readouts), *_power_note(readouts, value)]
    if len(known) < len(names):
        notes.append(f"{len(names) - len(known)} of {len(names)} experiments have no value")
    if len(known) == 1:
        notes.append("one experiment: no interval over experiments")
    within = first.method.split("; one experiment", 1)[0]
    return Readout(
        id=first.id, value=value, unit=first.unit, low=low, high=high, n=len(known), n_unit="experiments",
        method=f"{within}; {how}", experiment=", ".join(names), condition=first.condition,
        note="; ".join(notes),
    )  # fmt: skip


def _summarise(known: np.ndarray, scale: Callable[[np.ndarray], np.ndarray] | None) -> tuple[float, float, float]:
    if not len(known):
        return NAN, NAN, NAN
    if scale is None:
        return float(known.mean()), *mean_interval(known)
    with np.errstate(divide="ignore"):
        turned = scale(known)
        low, high = mean_interval(turned)
        mean = float(turned.mean())
    ends = (NAN, NAN) if math.isnan(low) else (1 / high if high > 0 else math.inf, 1 / low if low > 0 else math.inf)
    return (1 / mean if mean > 0 else math.inf), *ends


def _shared_notes(readouts: list[Readout]) -> list[str]:
    """Return the notes that all experiments share; what differs between them stays with the experiment."""
    parts = [readout.note.split("; ") for readout in readouts]
    return [part for part in parts[0] if part and all(part in other for other in parts[1:])]


def _power_note(readouts: list[Readout], value: float) -> list[str]:
    """Return the power statement of the experiment nearest the mean: k belongs to the cells of one dish."""
    stated = {r: part for r in readouts if r.known for part in r.note.split("; ") if part.startswith(MARK)}
    if not stated or len(set(stated.values())) == 1:
        return []  # already among the shared notes
    nearest = min(stated, key=lambda readout: abs(readout.value - value))
    return [f"{stated[nearest]} (as in experiment {nearest.experiment}, nearest the mean)"]
