"""Retraction fibres as coalescing attachments on the rear of an advancing cell.

The rear is an interval of width w. Anchors stay behind as it advances (tips); each keeps an attachment on the
rear; attachments wander, and two that meet become one (a junction). Everything is laid per um advanced, in
fixed quanta of advance, so neither the speed of the cell nor the tick of the simulation enters.
Theory: docs/theory/retraction-fibre.md. Reference law: `stationary_density`.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numba import prange
from numpy.typing import NDArray

from migralab.core.kernel import kernel, parallel_kernel
from migralab.core.random import child_key, exponential, normal_pair, uniform_pair

Array = NDArray[Any]
Floats = NDArray[np.float64]

SHAFT, TIP, JUNCTION = 0, 1, 2

_WANDER, _BRIDGE, _ANCHOR = 0, 64, 0  # first draw of each kind; anchors have a stream of their own
_CERTAIN = 38.0  # exp(-38) is below the least uniform, 2^-54: no draw could say otherwise
NONE = -1
NEW = -2  # references to nodes laid in this very call count downwards from here


class Law(NamedTuple):
    """Constants of the coalescence law.

    Parameters
    ----------
    quantum
        Rear advance handled in one go, um.
    vertex_every
        Quanta between two shaft nodes of a fibre.
    wander
        Transverse diffusivity D_s, um2 per um.
    memory
        exp(-quantum / length over which the slope of the wander persists); 0 for a Brownian wander.
    convergence
        Drift to the pole of the rear, 1/um.
    reach
        Distance of the rear from the centre of the cell, um.
    """

    quantum: float
    vertex_every: int
    wander: float
    memory: float
    convergence: float
    reach: float


class Rear(NamedTuple):
    """Per cell: the rear and its attachments, sorted by coordinate; changed in place."""

    position: Floats
    direction: Floats
    path: Floats
    width: Floats
    anchor_rate: Floats
    coordinate: Floats
    slope: Floats
    head: Array
    attached: Array
    progress: Floats
    threshold: Floats
    anchors: Array


class Laid(NamedTuple):
    """Scratch for the nodes laid in one call, a segment per cell."""

    x: Floats
    y: Floats
    path: Floats
    share: Floats
    kind: Array
    first_child: Array
    second_child: Array


def stationary_density(anchor_rate: float, wander: float) -> float:
    """Return fibres per um of rear, the exact law of coalescence with input (eq-coalescence).

    ``rho = 0.5786 (lambda / D_s)^(1/3)``; junctions and tips per um of fibre are both ``lambda / rho``. Derived
    for Brownian attachments on a wide rear without drift (model-notes.md 3).
    """
    return float(0.5786 * (anchor_rate / wander) ** (1.0 / 3.0))


@kernel
def slope_spread(quantum: float, wander: float, memory: float) -> Any:
    """Return the standard deviation of the slope that gives the long-range diffusivity `wander` exactly."""
    return math.sqrt(2.0 * wander * (1.0 - memory) / (quantum * (1.0 + memory)))


@parallel_kernel
def _pull(
    centre: Floats, position: Floats, direction: Floats, path: Floats, width: Floats, anchor_rate: Floats,
    count: Array, passed: Floats, next_threshold: Floats, anchors: Array, quantum: float, reach: float,
    advance: Floats, quanta: Array, bound: Array, before: Floats, key: Array, stream: np.uint64,
) -> None:  # fmt: skip
    for i in prange(len(centre)):
        x0, y0 = position[i, 0], position[i, 1]
        before[i, 0], before[i, 1] = x0, y0
        before[i, 2], before[i, 3] = direction[i, 0], direction[i, 1]
        dx, dy = centre[i, 0] - x0, centre[i, 1] - y0
        distance = math.sqrt(dx * dx + dy * dy)
        advance[i], quanta[i], bound[i] = 0.0, 0, 0
        # A cell that is pushed towards its rear slackens its fibres: nothing is laid
        if distance <= reach:
            continue
        ux, uy = dx / distance, dy / distance
        position[i, 0], position[i, 1] = centre[i, 0] - reach * ux, centre[i, 1] - reach * uy
        direction[i, 0], direction[i, 1] = ux, uy
        advance[i] = distance - reach
        quanta[i] = int((path[i] + advance[i]) / quantum) - int(path[i] / quantum)
        if quanta[i] == 0:
            continue
        progress = passed[i] + quanta[i] * quantum * width[i] * anchor_rate[i]
        threshold, fresh = next_threshold[i], 0
        while threshold <= progress:
            fresh += 1
            threshold += exponential(stream, key[i], anchors[i] + fresh, _ANCHOR + 1)
        fibres = count[i] + fresh
        bound[i] = fresh + fibres * (quanta[i] + 2)


def advance_rear(
    centre: Floats, rear: Rear, law: Law, advance: Floats, quanta: Array, bound: Array, before: Floats, key: Array,
    stream: np.uint64,
) -> None:  # fmt: skip
    """Pull each rear behind its cell (a tractrix) and count what the advance will lay at most.

    Fills `advance` (um), `quanta` (number), `bound` (nodes at most) and `before` (rear position and direction of
    before, (n, 4)), and moves the rear.
    """
    _pull(
        centre, rear.position, rear.direction, rear.path, rear.width, rear.anchor_rate, rear.attached, rear.progress,
        rear.threshold, rear.anchors, law.quantum, law.reach, advance, quanta, bound, before, key, stream,
    )  # fmt: skip


@kernel
def _insert(rear: Rear, i: int, at: float, head: int) -> bool:
    """Insert an attachment in order; False if there is no room."""
    count = rear.attached[i]
    if count >= rear.coordinate.shape[1]:
        return False
    j = count
    while j > 0 and rear.coordinate[i, j - 1] > at:
        rear.coordinate[i, j] = rear.coordinate[i, j - 1]
        rear.slope[i, j] = rear.slope[i, j - 1]
        rear.head[i, j] = rear.head[i, j - 1]
        j -= 1
    rear.coordinate[i, j], rear.slope[i, j], rear.head[i, j] = at, 0.0, head
    rear.attached[i] = count + 1
    return True


@kernel
def _wander(
    rear: Rear, i: int, law: Law, spread: float, old: Floats, stream: np.uint64, key: np.uint64, step: int
) -> None:
    """Move all attachments of one cell by one quantum; keep their coordinates of before in `old`."""
    half = 0.5 * rear.width[i]
    kick = spread * math.sqrt(1.0 - law.memory * law.memory)
    second = 0.0
    for j in range(rear.attached[i]):
        if j % 2 == 0:
            noise, second = normal_pair(stream, key, step, _WANDER + j // 2)
        else:
            noise = second
        slope = law.memory * rear.slope[i, j] + kick * noise
        old[j] = rear.coordinate[i, j]
        at = old[j] + (slope - law.convergence * old[j]) * law.quantum
        if at > half or at < -half:  # the rear edge ends here: the attachment slides along it
            at = min(max(at, -half), half)
            slope = 0.0
        rear.coordinate[i, j], rear.slope[i, j] = at, slope


@kernel
def _meet(rear: Rear, i: int, j: int, law: Law, old: Floats, stream: np.uint64, key: np.uint64, step: int) -> bool:
    """Tell whether attachments j and j + 1 met during this quantum."""
    gap = rear.coordinate[i, j + 1] - rear.coordinate[i, j]
    if gap <= 0.0:
        return True
    if law.memory > 0.0:  # smooth paths: without inversion there was no meeting
        return False
    apart = gap * max(old[j + 1] - old[j], 0.0) / (2.0 * law.wander * law.quantum)
    if apart > _CERTAIN:
        return False
    u, _ = uniform_pair(stream, key, step, _BRIDGE + j)
    return u < math.exp(-apart)


@kernel
def _lay(laid: Laid, at: int, x: float, y: float, path: float, share: float, kind: int, a: int, b: int) -> None:
    laid.x[at], laid.y[at], laid.path[at], laid.share[at] = x, y, path, share
    laid.kind[at], laid.first_child[at], laid.second_child[at] = kind, a, b


@kernel
def _advance_one(
    rear: Rear, i: int, law: Law, spread: float, laid: Laid, offset: int, before: Floats, advance: float,
    quanta: int, key: np.uint64, stream: np.uint64, anchor_stream: np.uint64,
) -> int:  # fmt: skip
    """Advance one cell by its quanta; return the number of nodes laid, or -1 if the rear had no room."""
    old = np.empty(rear.coordinate.shape[1])
    first = int(rear.path[i] / law.quantum) + 1
    n = 0
    for q in range(quanta):
        step = first + q
        path = step * law.quantum
        f = min((path - rear.path[i]) / advance, 1.0)
        x = before[i, 0] + f * (rear.position[i, 0] - before[i, 0])
        y = before[i, 1] + f * (rear.position[i, 1] - before[i, 1])
        # Across the rear: the direction turned by a right angle
        px = -(before[i, 3] + f * (rear.direction[i, 1] - before[i, 3]))
        py = before[i, 2] + f * (rear.direction[i, 0] - before[i, 2])
        norm = math.sqrt(px * px + py * py)
        px, py = px / norm, py / norm
        _wander(rear, i, law, spread, old, stream, key, step)
        j = 0
        while j < rear.attached[i] - 1:
            if not _meet(rear, i, j, law, old, stream, key, step):
                j += 1
                continue
            at = 0.5 * (rear.coordinate[i, j] + rear.coordinate[i, j + 1])
            _lay(laid, offset + n, x + at * px, y + at * py, path, f, JUNCTION, rear.head[i, j], rear.head[i, j + 1])
            rear.coordinate[i, j] = at
            rear.slope[i, j] = 0.5 * (rear.slope[i, j] + rear.slope[i, j + 1])
            old[j] = 0.5 * (old[j] + old[j + 1])
            rear.head[i, j] = NEW - n
            n += 1
            rear.attached[i] -= 1
            for k in range(j + 1, rear.attached[i]):
                rear.coordinate[i, k] = rear.coordinate[i, k + 1]
                rear.slope[i, k] = rear.slope[i, k + 1]
                rear.head[i, k] = rear.head[i, k + 1]
                old[k] = old[k + 1]
            j = max(j - 1, 0)  # the merged one may have met its other neighbour too
        rear.progress[i] += law.quantum * rear.width[i] * rear.anchor_rate[i]
        while rear.threshold[i] <= rear.progress[i]:
            rear.anchors[i] += 1
            u, _ = uniform_pair(anchor_stream, key, rear.anchors[i], _ANCHOR)
            rear.threshold[i] += exponential(anchor_stream, key, rear.anchors[i], _ANCHOR + 1)
            at = (u - 0.5) * rear.width[i]
            if not _insert(rear, i, at, NEW - n):
                return -1
            _lay(laid, offset + n, x + at * px, y + at * py, path, f, TIP, NONE, NONE)
            n += 1
        if step % law.vertex_every == 0:
            for j in range(rear.attached[i]):
                head = rear.head[i, j]
                if head <= NEW and laid.path[offset + NEW - head] == path:
                    continue  # a node was laid here just now
                at = rear.coordinate[i, j]
                _lay(laid, offset + n, x + at * px, y + at * py, path, f, SHAFT, head, NONE)
                rear.head[i, j] = NEW - n
                n += 1
    return n


@kernel
def _advance_cell(
    i: Any, quantum: float, vertex_every: int, wander: float, memory: float, convergence: float, reach: float,
    position: Array, direction: Array, path: Array, width: Array, anchor_rate: Array, coordinate: Array, slope:
    Array, head: Array, count: Array, progress: Array, threshold: Array, anchors: Array, x: Array, y: Array,
    laid_path: Array, share: Array, kind: Array, first_child: Array, second_child: Array, offset: int, before:
    Array, advance: float, quanta: int, key: np.uint64, stream: np.uint64, anchor_stream: np.uint64,
) -> int:  # fmt: skip
    # numba 0.68 loses writes to a tuple of unlike arrays inside a prange body: the tuples are made in here
    rear = Rear(
        position, direction, path, width, anchor_rate, coordinate, slope, head, count, progress, threshold, anchors
    )
    laid = Laid(x, y, laid_path, share, kind, first_child, second_child)
    law = Law(quantum, vertex_every, wander, memory, convergence, reach)
    spread = slope_spread(quantum, wander, memory)
    return _advance_one(rear, i, law, spread, laid, offset, before, advance, quanta, key, stream, anchor_stream)


@parallel_kernel
def _lay_all(
    quantum: float, vertex_every: int, wander: float, memory: float, convergence: float, reach: float, position:
    Array, direction: Array, path: Array, width: Array, anchor_rate: Array, coordinate: Array, slope: Array, head:
    Array, count: Array, progress: Array, threshold: Array, anchors: Array, x: Array, y: Array, laid_path: Array,
    share: Array, kind: Array, first_child: Array, second_child: Array, offset: Array, before: Array, advance:
    Array, quanta: Array, made: Array, key: Array, stream: np.uint64, anchor_stream: np.uint64,
) -> None:  # fmt: skip
    for i in prange(len(advance)):
        made[i] = 0
        if quanta[i] > 0:
            made[i] = _advance_cell(
                np.int64(i), quantum, vertex_every, wander, memory, convergence, reach, position, direction, path,
                width, anchor_rate, coordinate, slope, head, count, progress, threshold, anchors, x, y, laid_path,
                share, kind, first_child, second_child, offset[i], before, advance[i], quanta[i], key[i], stream,
                anchor_stream,
            )  # fmt: skip
        path[i] += advance[i]


def lay_fibres(
    rear: Rear, law: Law, laid: Laid, offset: Array, before: Floats, advance: Floats, quanta: Array, made: Array,
    key: Array, stream: np.uint64, anchor_stream: np.uint64,
) -> None:  # fmt: skip
    """Lay the nodes of all cells into their segments of `laid`; fill `made` with their number (-1: no room)."""
    _lay_all(*law, *rear, *laid, offset, before, advance, quanta, made, key, stream, anchor_stream)


class Nodes(NamedTuple):
    """New rows for the table of fibre nodes."""

    x: Array
    y: Array
    path: Array
    born: Array
    kind: Array
    parent: Array
    cell: Array
    key: Array


@parallel_kernel
def _gather(
    head: Array, count: Array, laid_x: Array, laid_y: Array, laid_path: Array, laid_share: Array, laid_kind: Array,
    first_child: Array, second_child: Array, x: Array, y: Array, path: Array, born: Array, kind: Array, parent:
    Array, owner: Array, node_key: Array, offset: Array, made: Array, place: Array, first_id: int, cell: Array,
    ordinal: Array, key: Array, stream: np.uint64, start: float, dt: float, old_x: Array, old_y: Array, old_parent:
    Array, old_id: Array, length: Array,
) -> None:  # fmt: skip
    for i in prange(len(made)):
        length[i] = 0.0
        for j in range(made[i]):
            source, row = offset[i] + j, place[i] + j
            x[row], y[row], path[row] = laid_x[source], laid_y[source], laid_path[source]
            born[row] = start + dt * laid_share[source]
            kind[row] = laid_kind[source]
            parent[row] = NONE
            owner[row] = cell[i]
            node_key[row] = child_key(key[i], stream, ordinal[i] + j)
            for which in range(2):
                child = first_child[source] if which == 0 else second_child[source]
                if child == NONE:
                    continue
                if child <= NEW:
                    parent[place[i] + NEW - child] = first_id + row
                    cx, cy = laid_x[offset[i] + NEW - child], laid_y[offset[i] + NEW - child]
                else:
                    old_parent[child] = first_id + row
                    cx, cy = float(old_x[child]), float(old_y[child])
                length[i] += math.sqrt((laid_x[source] - cx) ** 2 + (laid_y[source] - cy) ** 2)
        ordinal[i] += made[i]
        for j in range(count[i]):
            if head[i, j] <= NEW:
                head[i, j] = first_id + place[i] + NEW - head[i, j]
            else:
                head[i, j] = old_id[head[i, j]]


def gather_nodes(
    rear: Rear, laid: Laid, nodes: Nodes, segment: tuple[Array, Array, Array], first_id: int,
    lineage: tuple[Array, Array, Array, np.uint64], clock: tuple[float, float],
    old: tuple[Array, Array, Array, Array], length: Floats,
) -> None:  # fmt: skip
    """Copy the segments into rows, resolve references, set parents of old nodes, and sum the length laid per cell.

    Heads of attachments come in as rows of old nodes (>= 0) or references to new ones (<= NEW) and leave as ids.

    Parameters
    ----------
    segment
        (offset, made, place): start of each cell's segment, nodes in it, first row they go to.
    lineage
        (cell id, ordinal of the next node, cell key, stream).
    clock
        (start of the tick, length of the tick), s.
    old
        (x, y, parent, id) of the nodes that exist already; parent is written.
    length
        (n,) um, filled.
    """
    cell, ordinal, key, stream = lineage
    _gather(
        rear.head, rear.attached, *laid, *nodes, *segment, first_id, cell, ordinal, key, stream, *clock, *old, length
    )  # fmt: skip
