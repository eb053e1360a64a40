"""Stretches of a fibre network between tips, junctions, breaks and the cell. Kernel and numpy twin."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from migralab.core.kernel import kernel
from migralab.physics.attachments import SHAFT

Array = NDArray[Any]


@kernel
def label_stretches(
    parent: Array, kind: Array, x: Array, y: Array, broken: Array, stretch: Array, along: Array, edge: Array
) -> int:
    """Give the edge from each node to its parent the number of its stretch; return how many there are.

    A stretch runs through shaft nodes only and does not change from intact to broken. Rows are in order of
    laying, so that a parent comes after its children and one pass from the last row to the first suffices.

    Parameters
    ----------
    parent
        (n,) row of the next node towards the cell, -1 at the cell.
    broken
        (n,) whether the edge to the parent is broken.
    stretch, along, edge
        (n,) results: number of the stretch (-1 where there is no edge), length along it from its end towards
        the cell to this node (um), and length of the edge (um).
    """
    count = 0
    for i in range(len(parent) - 1, -1, -1):
        p = parent[i]
        if p < 0:
            stretch[i], along[i], edge[i] = -1, 0.0, 0.0
            continue
        edge[i] = math.sqrt((float(x[i]) - float(x[p])) ** 2 + (float(y[i]) - float(y[p])) ** 2)
        if kind[p] == SHAFT and parent[p] >= 0 and broken[p] == broken[i]:
            stretch[i] = stretch[p]
            along[i] = along[p] + edge[i]
        else:
            stretch[i] = count
            along[i] = edge[i]
            count += 1
    return count


def label_stretches_array(
    parent: Array, kind: Array, x: Array, y: Array, broken: Array, stretch: Array, along: Array, edge: Array
) -> int:
    """Vectorised numpy twin of `label_stretches`; numbers the stretches in the same order."""
    has = parent >= 0
    up = np.where(has, parent, 0)
    edge[...] = np.where(has, np.hypot(x.astype(float) - x[up], y.astype(float) - y[up]), 0.0)
    goes_on = has & (kind[up] == SHAFT) & (parent[up] >= 0) & (broken[up] == broken)
    starts = np.flatnonzero(has & ~goes_on)[::-1]
    stretch[...] = -1
    stretch[starts] = np.arange(len(starts))
    along[...] = edge
    pending = np.flatnonzero(goes_on)
    while len(pending):  # one generation further from the cell in each round
        ready = stretch[parent[pending]] >= 0
        now = pending[ready]
        stretch[now] = stretch[parent[now]]
        along[now] = along[parent[now]] + edge[now]
        pending = pending[~ready]
    return len(starts)
