"""Two conditions compared over replicates: means per replicate, effect sizes with intervals, and what n really is.

The replicate is the dish, the animal or the culture. Vesicles, cells and fields of one replicate share its day, its
medium and its hand; taken as n they make every difference look certain. Theory: docs/theory/imaging-statistics.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from migralab.core.errors import DataError, RequestError, UnknownIdError
from migralab.imaging.experiment.effects import Effect, find_permutation_p, hedges_g, mean_difference, mean_ratio
from migralab.imaging.experiment.mixed_model import MixedModel, fit_mixed_model
from migralab.measure import Readout, Readouts, combine

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
_NOT_REPLICATES = (
    "migrasome_id", "fibre_id", "node_id", "cell_id", "id", "file", "image", "frame", "field", "migrasome", "vesicle",
    "cell", "fibre",
)  # fmt: skip
WARNING = "WARNING: "
_NOTABLE = 1.2  # objects over effective objects from which it is said what taking them as n would do (E)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A first condition against a second (usually the control).

    Parameters
    ----------
    value, first, second
        What was compared, and the names of the conditions.
    replicates
        One row per replicate: condition, replicate, day, mean, objects.
    means
        Mean over replicates with its t interval, by condition.
    ratio
        First over second: geometric mean ratio of replicate means, t interval of its ln.
    difference
        First minus second, t interval (Welch where it is not paired).
    hedges_g
        Difference in standard deviations of replicates, with its exact interval.
    permutation_p, smallest_p
        Two-sided p of exchanging replicates, and the smallest that so few replicates can give.
    model
        Mixed model on the objects; None where each replicate has one value.
    model_effect
        First minus second in the mixed model.
    paired
        Whether replicates were paired by day.
    notes
        What the reader must know; a line that begins with ``WARNING:`` speaks against the numbers.
    """

    value: str
    first: str
    second: str
    replicates: pd.DataFrame
    means: dict[str, Readout]
    ratio: Effect
    difference: Effect
    hedges_g: Effect
    permutation_p: float
    smallest_p: float
    model: MixedModel | None
    model_effect: Effect | None
    paired: bool
    notes: tuple[str, ...]


def compare_conditions(
    table: pd.DataFrame,
    value: str,
    *,
    first: str,
    second: str,
    replicate: str = "replicate",
    paired: bool | None = None,
) -> Comparison:
    """Compare one number between two conditions, with the replicate as n.

    Parameters
    ----------
    table
        One row per object (vesicle, cell, image or replicate) with the columns `value`, ``condition``, `replicate`,
        and ``day`` if replicates are paired. Rows without a value are left out.
    value
        Column to compare.
    first, second
        The two conditions; effects are first against second.
    replicate
        Column that names the replicate. A column of cells or vesicles is not refused but warned of.
    paired
        Whether to pair replicates by ``day``; by default where every day of the table has both conditions.

    Raises
    ------
    UnknownIdError
        If a condition is not in the table.
    DataError
        If a column is missing.
    RequestError
        If pairing is asked for and the days do not pair.
    """
    rows = _select(table, value, (first, second), replicate)
    means = _replicate_means(rows, value, replicate)
    pairing = _is_paired(means, first, second) if paired is None else paired
    one, other = _sides(means, first, second, paired=pairing)
    notes = _notes(rows, means, replicate, pairing=pairing)
    model, effect, more = _model(rows, value, replicate, (first, second), pairing=pairing)
    p, smallest = find_permutation_p(one, other, paired=pairing)
    return Comparison(
        value=value, first=first, second=second, replicates=means,
        means={name: _over_replicates(means, value, name) for name in (first, second)},
        ratio=mean_ratio(one, other, paired=pairing), difference=mean_difference(one, other, paired=pairing),
        hedges_g=hedges_g(one, other, paired=pairing), permutation_p=p, smallest_p=smallest,
        model=model, model_effect=effect, paired=pairing,
        notes=(*notes, *more),
    )  # fmt: skip


def _select(table: pd.DataFrame, value: str, conditions: tuple[str, str], replicate: str) -> pd.DataFrame:
    for column in (value, "condition", replicate):
        if column not in table:
            raise DataError(f"The table has no column '{column}'. It has: {', '.join(map(str, table.columns))}.")
    known = sorted(set(table["condition"].astype(str)))
    for name in conditions:
        if name not in known:
            raise UnknownIdError("condition", name, known)
    if conditions[0] == conditions[1]:
        raise RequestError(
            f"'{conditions[0]}' cannot be compared with itself. Name two conditions: {', '.join(known)}."
        )
    wanted = table[table["condition"].astype(str).isin(conditions)]
    rows: pd.DataFrame = wanted[np.isfinite(wanted[value].to_numpy(np.float64))].copy()
    if missing := sorted(set(conditions) - set(rows["condition"].astype(str))):
        raise DataError(f"'{missing[0]}' has no {value}: every row of it is empty.")
    if replicate == value or rows[replicate].isna().any():
        raise DataError(f"Column '{replicate}' names no replicate for some rows. Give each row the dish it is from.")
    for column in ("condition", replicate):
        rows[column] = rows[column].astype(str)
    rows["day"] = rows["day"].fillna("").astype(str) if "day" in rows else ""
    return rows


def _replicate_means(rows: pd.DataFrame, value: str, replicate: str) -> pd.DataFrame:
    grouped = rows.groupby(["condition", replicate], sort=False)
    if (days := grouped["day"].nunique()).max() > 1:
        raise DataError(f"Replicate {days.idxmax()} is on more than one day. Give each day its own replicate.")
    found: pd.DataFrame = grouped.agg(day=("day", "first"), mean=(value, "mean"), objects=(value, "size")).reset_index()
    named: pd.DataFrame = found.rename(columns={replicate: "replicate"})
    return named


def _is_paired(means: pd.DataFrame, first: str, second: str) -> bool:
    days = [list(means.loc[means["condition"] == name, "day"]) for name in (first, second)]
    once = all(len(set(side)) == len(side) for side in days)
    return "" not in days[0] and once and set(days[0]) == set(days[1])


def _sides(means: pd.DataFrame, first: str, second: str, *, paired: bool) -> tuple[Floats, Floats]:
    """Return the means of the replicates of both conditions, by day where they are paired."""
    sides = [means[means["condition"] == name] for name in (first, second)]
    if not paired:
        return sides[0]["mean"].to_numpy(np.float64), sides[1]["mean"].to_numpy(np.float64)
    for side in sides:
        if side["day"].duplicated().any() or (side["day"] == "").any():
            raise RequestError(
                "Pairing needs a day for every replicate, and one replicate of each condition on a day. "
                "Fill the column 'day', or compare without pairing."
            )
    shared = sorted(set(sides[0]["day"]) & set(sides[1]["day"]))
    if not shared:
        raise RequestError(f"No day has both '{first}' and '{second}', so nothing can be paired.")
    one, other = (side.set_index("day").loc[shared, "mean"].to_numpy(np.float64) for side in sides)
    return one, other


def _over_replicates(means: pd.DataFrame, value: str, condition: str) -> Readout:
    """Return the mean over replicates, by the same `combine` as everywhere."""
    rows = means[means["condition"] == condition]
    return combine(
        [
            Readouts([Readout(id=value, value=mean, unit="", experiment=name, condition=condition, method="mean")])
            for name, mean in zip(rows["replicate"], rows["mean"].astype(float), strict=True)
        ]
    )[value]


def _notes(rows: pd.DataFrame, means: pd.DataFrame, replicate: str, *, pairing: bool) -> list[str]:
    notes = []
    sizes = means.groupby("condition", sort=False)["replicate"].size()
    if replicate.lower() in _NOT_REPLICATES:
        notes.append(
            f"{WARNING}'{replicate}' was given as the replicate. Cells, vesicles and fields of one dish are not "
            "independent: intervals and p are too small. Name the dish, animal or culture."
        )
    elif len(means) == len(rows) and sizes.min() > 20:
        notes.append(
            f"{WARNING}each of {len(rows)} rows is a replicate of its own. If rows are cells or vesicles, intervals "
            "and p are too small: name the dish, animal or culture."
        )
    for condition, number in sizes.items():
        if number == 1:
            notes.append(f"{WARNING}'{condition}' has one replicate: no interval and no p over replicates is possible.")
    notes += [
        f"{WARNING}all replicates of '{condition}' are equal: an interval without width means nothing."
        for condition in sizes.index.astype(str)
        if sizes[condition] > 1 and means.loc[means["condition"] == condition, "mean"].nunique() == 1
    ]
    left = len(means) - 2 * len(set(means["day"][means["day"].duplicated()])) if pairing else 0
    if left > 0:
        notes.append(f"{left} replicates without partner on their day were left out of ratio, difference and g.")
    return notes


def _model(
    rows: pd.DataFrame, value: str, replicate: str, conditions: tuple[str, str], *, pairing: bool
) -> tuple[MixedModel | None, Effect | None, list[str]]:
    names = (rows["condition"] + "\n" + rows[replicate]).to_numpy(str)
    keys, which = np.unique(names, return_inverse=True)
    if len(keys) == len(rows):
        return None, None, []
    heads = [np.flatnonzero(which == number)[0] for number in range(len(keys))]
    condition, day = (rows[column].to_numpy(str)[heads] for column in ("condition", "day"))
    columns = [condition == conditions[0], np.ones(len(keys))]
    if pairing:  # a day that both conditions share is a block of its own
        columns += [day == name for name in np.unique(day)[1:]]
    try:
        model = fit_mixed_model(
            rows[value].to_numpy(np.float64), which.astype(np.int64), np.stack(columns, axis=1).astype(np.float64)
        )
    except RequestError as error:
        return None, None, [f"No mixed model: {error}"]
    value_, low, high = model.contrast(np.eye(model.effects.size)[0])
    effect = Effect(
        value=value_, low=low, high=high, n=(model.replicates,),
        method=f"mixed model, random intercept of replicates, REML, {model.freedom} degrees of freedom",
    )  # fmt: skip
    design = model.objects / model.effective_n
    notes = [
        f"{model.objects} objects in {model.replicates} replicates are worth {model.effective_n:.0f} independent ones "
        f"(ICC {model.icc:.2f})."
    ]
    if design > _NOTABLE:
        notes[0] += f" Taken as n, intervals would be {math.sqrt(design):.1f} times too narrow."
    return model, effect, notes
