"""Spacing of migrasomes along their fibre, compared with a Poisson process."""

from __future__ import annotations

import numpy as np

from migralab.measure.readout import NAN
from migralab.measure.statistics.interval import percentile_interval, resample
from migralab.measure.view import Estimate, Floats, Ints, View, missing

_RESAMPLES = 200


def measure_spacing_spread(view: View) -> Estimate:
    """Return variance over mean squared of gaps between migrasomes on the way to the cell (eq-spacing).

    1 for a Poisson process, below for even spacing, above for clusters. In a simulation the way goes through
    junctions to the cell; in an image it ends where the traced stretch does. A way that ends before it meets
    another migrasome is censored; since its length is known, the Poisson expectation is taken with the same
    ends.
    """
    ids, gap, room, how = _gaps(view)
    met = gap < room
    if np.count_nonzero(met) < 2:
        return missing("fewer than two gaps between migrasomes on one fibre")
    value = float(_spread(np.ones((1, len(gap))), gap, room)[0])
    interval = (NAN, NAN)
    if view.n_cells > 1:
        by_cell = np.concatenate([resample(view.n_cells, _RESAMPLES), np.zeros((_RESAMPLES, 1))], axis=1)
        interval = percentile_interval(_spread(by_cell[:, view.owner(ids)], gap, room))
    note = f"from {int(met.sum())} gaps, {int((~met).sum())} censored"
    return view.estimate(value, interval, f"variance over mean squared of gaps {how}, Poisson = 1", note)


def _spread(weights: Floats, gap: Floats, room: Floats) -> Floats:
    """Return ``2 sum(g^2) / E[sum(g^2)] - 1``, E for a Poisson process of the same rate and the same room.

    Without censoring ``E[g^2] = 2 mean^2``, so this is variance over mean squared.
    """
    walked, squares = weights @ gap, weights @ gap**2
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = (weights @ (gap < room)) / walked
        reach = np.outer(rate, room)
        expected = 2 * np.sum(weights * (1 - (1 + reach) * np.exp(-reach)), axis=1) / rate**2
        return np.where(rate > 0, 2 * squares / expected - 1, np.nan)


def _gaps(view: View) -> tuple[Ints, Floats, Floats, str]:
    """Return owner, gap and room of each migrasome, and the words for the way that was taken."""
    rows = view.migrasomes
    nodes = rows["node_id"].to_numpy(np.int64)
    if (nodes >= 0).any():
        here = nodes >= 0
        gap, room = _walk_tree(view, nodes[here])
        ids, how = rows["cell_id"].to_numpy(np.int64)[here], "along the fibres to the cell"
    else:
        fibre, along = rows["fibre_id"].to_numpy(np.int64), rows["along_um"].to_numpy(np.float64)
        on = np.flatnonzero((fibre >= 0) & ~np.isnan(along))
        order = on[np.lexsort((along[on], fibre[on]))]
        fibre, room = fibre[order], along[order]
        same = np.concatenate([[False], fibre[1:] == fibre[:-1]])[: len(fibre)]
        gap = np.where(same, room - np.roll(room, 1), room)
        ids, how = rows["cell_id"].to_numpy(np.int64)[order], "along traced stretches"
    useful = room > 0
    return ids[useful], gap[useful], room[useful], how


def _walk_tree(view: View, sites: Ints) -> tuple[Floats, Floats]:
    """Return for each site the way to the next site (or the end) towards the cell, and to the end, um."""
    up, edge, place = _tree(view, sites)
    above = np.where(place >= 0, up[place], -1)
    has = np.flatnonzero(above >= 0)
    site = np.full(len(up), -1, np.int64)
    site[place[has]] = has
    # From just above a site, the way ends at the next site or at the cell
    way, end = _climb(np.where(site >= 0, -1, up), edge, above[has])
    gap = np.zeros(len(sites))
    gap[has] = edge[place[has]] + way
    following = np.full(len(sites), -1, np.int64)
    following[has] = site[end]
    # The way to the cell is a chain of such gaps
    chain, last = _climb(following, gap, np.arange(len(sites)))
    return gap, chain + gap[last]


def _tree(view: View, sites: Ints) -> tuple[Ints, Floats, Ints]:
    """Return the row of each node's parent (-1 at the cell), the distance to it, and the row of each site."""
    nodes = view.nodes
    node, parent = (nodes[name].to_numpy(np.int64) for name in ("node_id", "parent_id"))
    x, y = (nodes[name].to_numpy(np.float64) for name in ("x_um", "y_um"))
    largest = max(int(part.max(initial=0)) for part in (node, parent, sites))
    row = np.full(largest + 2, -1, np.int64)  # the last entry, which -1 reads, stays empty
    row[node] = np.arange(len(node))
    up = row[parent]
    return up, np.where(up >= 0, np.hypot(x - x[up], y - y[up]), 0.0), row[sites]


def _climb(up: Ints, edge: Floats, start: Ints) -> tuple[Floats, Ints]:
    """Return the way from each start to the end of its chain, and that end."""
    way, end = np.zeros(len(start)), start.copy()
    active = np.flatnonzero(up[start] >= 0)
    for _ in range(len(up)):  # a tree ends sooner; a circle of wrong parents must end too
        if not len(active):
            break
        here = end[active]
        way[active] += edge[here]
        end[active] = up[here]
        active = active[up[end[active]] >= 0]
    return way, end
