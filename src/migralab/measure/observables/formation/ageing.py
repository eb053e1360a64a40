"""Ageing of fibres: how fast they break at which age, where breaks begin, and what is still attached."""

from __future__ import annotations

import numpy as np

from migralab.measure.statistics.interval import bootstrap
from migralab.measure.view import Estimate, Floats, Ints, View, missing

Edges = tuple[Ints, Floats, Floats, Floats, Floats]
FAR_UM, NEAR_UM = 100.0, 50.0

AGE_BINS_MIN: tuple[tuple[float, float], ...] = ((200, 260), (260, 320), (320, 380))
"""Three hours of fibre age that match the three hours of imaging of Wang 2022 fig 1a (model-notes.md 4)."""


def measure_break_rate(view: View, *, low_min: float, high_min: float) -> Estimate:
    """Return new breaks per um of fibre and min among fibres of an age, 1/(um min).

    Breaks over the length and time at risk: stretches that were intact when they came to that age, followed until
    they left it, broke, or the frame was taken.
    """
    found = _edges(view)
    if found is None:
        return missing("needs the times at which fibres were laid and broke; an image does not show them")
    owner, length, born, breaks, _ = found
    start, stop = born + low_min, np.minimum(np.minimum(born + high_min, view.time_min), breaks)
    at_risk = length * np.maximum(stop - start, 0.0)
    broke = (breaks > start) & (breaks <= np.minimum(born + high_min, view.time_min))
    return view.ratio(
        view.per_cell(owner, broke.astype(np.float64)),
        view.per_cell(owner, at_risk),
        method=f"breaks over length and time at risk, fibres {low_min:g} to {high_min:g} min old",
    )


def measure_far_first(view: View) -> Estimate:
    """Return the mean distance from the rear of broken over that of intact fibre; above 1, far parts break first."""
    found = _edges(view)
    if found is None:
        return missing("needs the times at which fibres were laid and broke; an image does not show them")
    owner, length, _, breaks, behind = found
    broken = breaks <= view.time_min
    if not broken.any() or broken.all():
        return missing("needs both broken and intact fibre in this frame")
    parts = []
    for part in (broken, ~broken):
        parts += [view.per_cell(owner[part], (behind * length)[part]), view.per_cell(owner[part], length[part])]
    means = [parts[i][0].sum() / parts[i + 1][0].sum() for i in (0, 2)]
    how = "length-weighted mean distance from the rear, broken over intact"
    interval = bootstrap(_ratio_of_means, *(part[0] for part in parts))
    return view.estimate(means[0] / means[1], interval, how, f"{means[0]:.0f} um against {means[1]:.0f} um")


def measure_attached_decline(view: View) -> Estimate:
    """Return the attached share beyond 100 um from the rear over that within 50 um; below 1, far ones are free."""
    distance, attached = view.value("rear_distance_um"), view.flag("attached").astype(np.float64)
    far, near = distance > FAR_UM, distance <= NEAR_UM
    if far.sum() < 2 or near.sum() < 2 or not attached[near].any() or not view.n_cells:
        return missing("needs migrasomes beyond 100 um, and attached ones within 50 um of the rear")
    parts = []
    for part in (far, near):
        parts += [view.per_cell(view.owners[part], attached[part]), view.per_cell(view.owners[part])]
    value = float(attached[far].mean() / attached[near].mean())
    interval = bootstrap(_ratio_of_means, *(part[0] for part in parts))
    how = "attached share beyond 100 um over attached share within 50 um of the rear"
    return view.estimate(value, interval, how, f"from {int(far.sum())} and {int(near.sum())} objects")


def _ratio_of_means(top: Floats, top_weight: Floats, bottom: Floats, bottom_weight: Floats) -> Floats:
    return np.asarray((top / top_weight) / (bottom / bottom_weight), np.float64)


def _edges(view: View) -> Edges | None:
    """Return owner, length (um), birth and break (min), and distance behind the rear (um) of every laid stretch."""
    if "edges" not in view.memo:
        view.memo["edges"] = _find_edges(view)
    found: Edges | None = view.memo["edges"]
    return found


def _find_edges(view: View) -> Edges | None:
    nodes = view.nodes
    born = nodes["born_min"].to_numpy(np.float64)
    if not len(nodes) or np.isnan(born).any() or not view.n_cells:
        return None
    ids, parent = nodes["node_id"].to_numpy(np.int64), nodes["parent_id"].to_numpy(np.int64)
    up = np.minimum(np.searchsorted(ids, parent), len(ids) - 1)
    has = np.flatnonzero((parent >= 0) & (ids[up] == parent))
    up = up[has]
    x, y = nodes["x_um"].to_numpy(np.float64), nodes["y_um"].to_numpy(np.float64)
    owner = nodes["cell_id"].to_numpy(np.int64)[has]
    rear = np.append(view.cell_values("path_um"), [np.nan])
    behind = rear[view.owner(owner)] - nodes["path_um"].to_numpy(np.float64)[has]
    return (
        owner,
        np.hypot(x[has] - x[up], y[has] - y[up]),
        born[has],
        nodes["breaks_min"].to_numpy(np.float64)[has],
        behind,
    )
