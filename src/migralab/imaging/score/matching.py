"""Which found object is which true one: one to one, as many pairs as possible, then the nearest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import optimize
from scipy.spatial import KDTree

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEAST_TOLERANCE_UM = 0.3
_FAR = 1e6
_NEAR_FIBRE_UM = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What was found, over-found and missed in one image."""

    true_positives: int
    false_positives: int
    false_negatives: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VesicleScore:
    """Migrasomes of one image against the truth; arrays have one row for each matched pair, lengths in um.

    Parameters
    ----------
    counts
        Pairs, found without a partner, true without a partner.
    diameter, found_diameter, found_sd
        True and found diameter, and the stated error of the latter.
    error
        Found less true place (n, 2).
    true_row
        Rows of the matched ones in the truth table.
    attachment, found_attachment
        Where they sit, in truth and as found.
    mistaken
        What the false positives are: ``debris``, ``punctum``, ``fibre_punctum``, ``endosome``, ``cell`` (in or
        beside a body), ``double`` (a second one on a migrasome), ``fibre`` or ``nothing``.
    called_free
        Missed migrasomes that were found but called free of any fibre.
    """

    counts: Counts
    diameter: Floats
    found_diameter: Floats
    found_sd: Floats
    error: Floats
    true_row: Ints
    attachment: NDArray[np.str_]
    found_attachment: NDArray[np.str_]
    mistaken: dict[str, int] = field(default_factory=dict)
    called_free: int = 0


def pair_up(found: Floats, true: Floats, tolerance: Floats) -> tuple[Ints, Ints]:
    """Match places one to one (Hungarian): the most pairs within the tolerance, then the least total distance.

    Parameters
    ----------
    found, true
        Places (n, 2) and (m, 2), um.
    tolerance
        Greatest distance for each true one (m,), um.

    Returns
    -------
    found_rows, true_rows
        Rows of the pairs.
    """
    found, true = np.asarray(found, np.float64).reshape(-1, 2), np.asarray(true, np.float64).reshape(-1, 2)
    distance = np.hypot(found[:, None, 0] - true[None, :, 0], found[:, None, 1] - true[None, :, 1])
    allowed = distance <= np.asarray(tolerance, np.float64)[None, :]
    rows, columns = optimize.linear_sum_assignment(np.where(allowed, distance, _FAR))
    kept = allowed[rows, columns]
    return np.asarray(rows[kept], np.int64), np.asarray(columns[kept], np.int64)


def score_migrasomes(
    found: pd.DataFrame, truth: Mapping[str, pd.DataFrame], *, count_free: bool = False
) -> VesicleScore:
    """Compare the migrasomes found in one image with the truth.

    Parameters
    ----------
    found
        Rows of one frame of the table ``migrasomes`` (`Observations`): ``x_um``, ``y_um``, ``diameter_um``, and
        where there are such ``diameter_sd_um`` and ``attachment``.
    truth
        Tables ``migrasomes``, and where there are such ``lookalikes``, ``cells`` and ``fibres``.
    count_free
        Whether what was called ``free`` counts as found. By default it does not: a migrasome is on a fibre.
        What was called ``unknown`` always counts.
    """
    migrasomes = truth["migrasomes"]
    where = found["attachment"].to_numpy(str) if "attachment" in found else np.full(len(found), "unknown")
    called = found[np.ones(len(found), bool) if count_free else where != "free"]
    place, true = _places(called), _places(migrasomes)
    tolerance = tolerance_of(migrasomes["diameter_um"].to_numpy(np.float64))
    rows, true_rows = pair_up(place, true, tolerance)
    left = np.setdiff1d(np.arange(len(true)), true_rows)
    extra = np.setdiff1d(np.arange(len(called)), rows)
    free = _places(found[where == "free"]) if not count_free else np.empty((0, 2))
    match, known = called.iloc[rows], migrasomes.iloc[true_rows]
    return VesicleScore(
        counts=Counts(true_positives=len(rows), false_positives=len(extra), false_negatives=len(left)),
        diameter=_column(known, "diameter_um", np.nan),
        found_diameter=_column(match, "diameter_um", np.nan),
        found_sd=_column(match, "diameter_sd_um", np.nan),
        error=place[rows] - true[true_rows],
        true_row=true_rows,
        attachment=known["attachment"].to_numpy(str) if "attachment" in known else np.full(len(known), "unknown"),
        found_attachment=match["attachment"].to_numpy(str) if "attachment" in match else np.full(len(rows), "unknown"),
        mistaken=name_mistakes(place[extra], truth),
        called_free=len(pair_up(free, true[left], tolerance[left])[0]),
    )


def tolerance_of(diameter: Floats) -> Floats:
    """Return how far a found one may lie from a true one of this diameter: max(0.3 um, d/2)."""
    return np.maximum(LEAST_TOLERANCE_UM, np.asarray(diameter, np.float64) / 2)


def name_mistakes(places: Floats, truth: Mapping[str, pd.DataFrame]) -> dict[str, int]:
    """Say what lies at each of these places (n, 2), um; names as in `VesicleScore.mistaken`."""
    name = np.full(len(places), "nothing", dtype="<U16")
    if "fibres" in truth and len(truth["fibres"]):
        points = fibre_points(truth["fibres"], 0.1)[0]
        name[KDTree(points).query(places)[0] <= _NEAR_FIBRE_UM] = "fibre"
    for row in truth["cells"].itertuples() if "cells" in truth else ():
        name[near_polygon(read_outline(str(row.outline_um)), places, 1.0)] = "cell"
    name[_covered(places, truth["migrasomes"])] = "double"
    if "lookalikes" in truth:
        for kind, rows in truth["lookalikes"].groupby("kind"):
            name[_covered(places, rows)] = str(kind)
    kinds, counts = np.unique(name, return_counts=True)
    return {str(kind): int(count) for kind, count in zip(kinds, counts, strict=True)}


def fibre_points(fibres: pd.DataFrame, step_um: float) -> tuple[Floats, Floats]:
    """Return points (n, 2) along the true fibres and the length (n,) that each stands for, um."""
    ends = fibres[["x0_um", "y0_um", "x1_um", "y1_um"]].to_numpy(np.float64)
    length = np.hypot(ends[:, 2] - ends[:, 0], ends[:, 3] - ends[:, 1])
    count = np.maximum(np.ceil(length / step_um).astype(np.int64), 1)
    row = np.repeat(np.arange(len(ends)), count)
    ordinal = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    share = ((ordinal + 0.5) / count[row])[:, None]
    return ends[row, :2] * (1 - share) + ends[row, 2:] * share, (length / count)[row]


def read_outline(text: str) -> Floats:
    """Return the corners (n, 2) of an outline as truth files write it: ``x,y x,y ...``."""
    return np.array([pair.split(",") for pair in text.split()], np.float64).reshape(-1, 2)


def near_polygon(outline: Floats, points: Floats, margin_um: float) -> NDArray[np.bool_]:
    """Return which points (n, 2) lie in a polygon, or this near to its corners."""
    ahead = np.roll(outline, -1, axis=0)
    x, y = points[:, 0, None], points[:, 1, None]
    straddles = (outline[:, 1] > y) != (ahead[:, 1] > y)
    rise = np.where(ahead[:, 1] == outline[:, 1], 1.0, ahead[:, 1] - outline[:, 1])
    crossing = outline[:, 0] + (y - outline[:, 1]) / rise * (ahead[:, 0] - outline[:, 0])
    inside = (straddles & (x < crossing)).sum(axis=1) % 2 == 1
    return np.asarray(inside | (KDTree(outline).query(points)[0] <= margin_um))


def _covered(places: Floats, objects: pd.DataFrame) -> NDArray[np.bool_]:
    """Which places lie on one of the objects, or as near as the tolerance."""
    if not len(objects) or not len(places):
        return np.zeros(len(places), bool)
    reach = tolerance_of(objects["diameter_um"].to_numpy(np.float64)) + 0.1
    centre = _places(objects)
    distance = np.hypot(places[:, None, 0] - centre[None, :, 0], places[:, None, 1] - centre[None, :, 1])
    return np.asarray((distance <= reach).any(axis=1))


def _places(table: pd.DataFrame) -> Floats:
    return table[["x_um", "y_um"]].to_numpy(np.float64).reshape(-1, 2)


def _column(table: pd.DataFrame, name: str, otherwise: float) -> Floats:
    return table[name].to_numpy(np.float64) if name in table else np.full(len(table), otherwise)
