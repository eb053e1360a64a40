"""Order along the trail: what lies how far behind the rear, and how old it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from migralab.measure.readout import NAN
from migralab.measure.statistics.interval import median_interval
from migralab.measure.view import Estimate, Floats, Ints, Mask, View, missing, within
from migralab.results.observations import Observations

if TYPE_CHECKING:
    import pandas as pd

BINS_UM: tuple[tuple[float, float], ...] = ((0, 15), (15, 50), (50, 100), (100, 200), (200, np.inf))
NEAR_UM = 15.0  # ground laid within the delay of 30 min at 0.5 um/min
RECENT_MIN = 30.0
UNKNOWN = "no migrasome whose distance from the rear is known"


def bin_name(low: float, high: float) -> str:
    """Return a bin of distance as it stands in an id."""
    return f"{low:g}um_up" if np.isinf(high) else f"{low:g}-{high:g}um"


def measure_rear_distance(view: View) -> Estimate:
    """Return the median distance of migrasomes from the rear of their cell, along its path, um."""
    ids, distance = _distances(view)
    if not len(distance):
        return missing(UNKNOWN)
    interval = median_interval(view.n_cells, view.owner(ids), distance)
    note = f"from {len(distance)} objects"
    return view.estimate(float(np.median(distance)), interval, "median distance from the rear along the path", note)


def measure_near_share(view: View, *, within_um: float = NEAR_UM, moving: bool = False) -> Estimate:
    """Return the share of migrasomes within a distance of the rear.

    Parameters
    ----------
    view
        Frame of an experiment.
    within_um
        Distance along the path of the rear, um.
    moving
        Only those of cells that have advanced by at least that distance in the last 30 min, so that the
        ground near the rear is young.
    """
    distance = view.value("rear_distance_um")
    keep = ~np.isnan(distance)
    if moving:
        advance = advance_since(view, RECENT_MIN)
        if advance is None:
            return missing(f"needs the path of the cells over the last {RECENT_MIN:g} min")
        fast = np.append(advance >= within_um, [False])
        keep &= fast[view.owner(view.owners)]
    if not keep.any():
        return missing(UNKNOWN)
    whose = "of moving cells " if moving else ""
    how = f"migrasomes {whose}within {within_um:g} um of the rear over all of them"
    return view.mean_of(view.owners[keep], distance[keep] <= within_um, method=how)


def measure_bin_age(view: View, *, low_um: float, high_um: float) -> Estimate:
    """Return the mean age of the migrasomes in a bin of distance from the rear, min."""
    rows = _within(view, low_um, high_um)
    return view.mean_of(
        view.owners[rows],
        view.value("age_min")[rows],
        method=f"mean age {bin_name(low_um, high_um)} behind the rear",
    )


def measure_bin_attached(view: View, *, low_um: float, high_um: float) -> Estimate:
    """Return the share of attached ones among the migrasomes in a bin of distance from the rear."""
    rows = _within(view, low_um, high_um)
    how = f"attached over all migrasomes {bin_name(low_um, high_um)} behind the rear"
    return view.mean_of(view.owners[rows], view.flag("attached")[rows], method=how)


def measure_bin_count(view: View, *, low_um: float, high_um: float) -> Estimate:
    """Return the migrasomes per cell in a bin of distance from the rear."""
    if not view.n_cells or np.isnan(view.value("rear_distance_um")).all():
        return missing(UNKNOWN)
    rows = _within(view, low_um, high_um)
    how = f"migrasomes {bin_name(low_um, high_um)} behind the rear over cells"
    return view.ratio(view.per_cell(view.owners[rows]), (np.ones(view.n_cells), 0.0), method=how)


def trace_trail(
    observations: Observations, frame: int | None = None, bins_um: tuple[tuple[float, float], ...] = BINS_UM
) -> pd.DataFrame:
    """Return count, median age and attached share by distance from the rear.

    Returns
    -------
    DataFrame
        ``low_um, high_um, per_cell, median_age_min, attached_share``.
    """
    import pandas as pd

    view = View(observations, frame)
    table = []
    for low, high in bins_um:
        rows = view.migrasomes[_within(view, low, high)]
        table.append(
            {
                "low_um": low,
                "high_um": high,
                "per_cell": len(rows) / view.n_cells if view.n_cells else NAN,
                "median_age_min": float(rows["age_min"].median()) if len(rows) else NAN,
                "attached_share": float(rows["attached"].mean()) if len(rows) else NAN,
            }
        )
    return pd.DataFrame(table)


def measure_path_correlation(view: View, *, last_min: float | None = None) -> Estimate:
    """Return Spearman's correlation over cells of the count with the path of the rear."""
    advance = advance_since(view, last_min)
    if advance is None or len(advance) < 4:
        return missing("needs the path of at least four cells over that time")
    counts, unowned = view.per_cell(view.owners)
    if unowned > counts.sum():
        return missing("most migrasomes have no known owner")
    value = _correlate(_rank(counts), _rank(advance))
    if np.isnan(value):
        return missing("all cells have the same count or the same path")
    # Fisher's z with the variance 1.06/(n - 3) of a rank correlation (Fieller 1957)
    half = 1.96 * np.sqrt(1.06 / (len(counts) - 3))
    z = np.arctanh(np.clip(value, -1 + 1e-12, 1 - 1e-12))
    over = "path since the start" if last_min is None else f"path of the last {last_min:g} min"
    how = within(f"Spearman correlation over cells of count and {over}", "Fisher z")
    return Estimate(value=value, low=float(np.tanh(z - half)), high=float(np.tanh(z + half)), n=len(counts), method=how)


def advance_since(view: View, last_min: float | None) -> Floats | None:
    """Return how far each cell's rear has come in the last minutes, um; None where it is unknown."""
    now = view.cell_values("path_um") if view.n_cells else np.empty(0)
    if not len(now) or np.isnan(now).any():
        return None
    if last_min is None:
        return now
    since = view.time_min - last_min
    times = np.asarray(view.observations.frames_min)
    earlier = int(np.argmin(np.abs(times - since)))
    if abs(times[earlier] - since) > 0.25 * last_min:
        return None
    then = View(view.observations, earlier)
    before = np.append(then.cell_values("path_um"), [np.nan])[then.owner(view.cell_ids)]
    # A cell that was not there before (born or come into view) counts from where it began
    return now - np.where(np.isnan(before), 0.0, before)


def _distances(view: View) -> tuple[Ints, Floats]:
    distance = view.value("rear_distance_um")
    known = ~np.isnan(distance)
    return view.owners[known], distance[known]


def _within(view: View, low: float, high: float) -> Mask:
    distance = view.value("rear_distance_um")
    return (distance >= low) & (distance < high)


def _rank(values: Floats) -> Floats:
    """Return ranks, ties sharing their mean."""
    _, which, count = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(count) - (count - 1) / 2)[which]


def _correlate(a: Floats, b: Floats) -> float:
    a, b = a - a.mean(), b - b.mean()
    size = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / size if size > 0 else NAN
