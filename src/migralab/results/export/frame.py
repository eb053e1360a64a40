"""One frame of a run as the exports need it: its rows, and the fibres that stand at its time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from migralab.core.errors import RequestError
from migralab.results.run import Columns, Run

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Progress = Callable[[int, int], None]
"""Told how many steps are done, and how many there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fibres:
    """What stands of the fibre network at one time, as points and the stretches between them.

    A point is a node that was laid, or the middle of a cell's rear, where the youngest stretches hang. Every
    stretch belongs to the point at its end away from the cell.

    Parameters
    ----------
    points
        Places (n, 3), um.
    onward
        (n,) row of the point at the other end of the stretch, towards the cell; -1 where none stands.
    node_id, cell_id
        (n,) ids; the node of a rear is -1.
    attached
        (n,) whether the way to the cell is whole.
    age_min
        (n,) time since the node was laid; 0 at a rear.
    """

    points: Floats
    onward: Integers
    node_id: Integers
    cell_id: Integers
    attached: NDArray[np.bool_]
    age_min: Floats

    @property
    def stretches(self) -> Integers:
        """Rows of the points whose stretch stands."""
        return np.flatnonzero(self.onward >= 0).astype(np.int64)


def choose_frames(run: Run, asked: str) -> list[int]:
    """Return the frames that ``last``, ``all`` or a number ask for.

    Raises
    ------
    RequestError
        If there is no such frame.
    """
    last = len(run.provenance.frames_min) - 1
    if asked == "all":
        return list(range(last + 1))
    if asked == "last":
        return [last]
    if not asked.isdecimal() or int(asked) > last:
        raise RequestError(f"There is no frame '{asked}'. This run has frames 0 to {last}; 'last' and 'all' work too.")
    return [int(asked)]


def rows_at(columns: Columns, frame: int) -> Columns:
    """Return the rows of a table in one frame."""
    rows = np.flatnonzero(columns["frame"] == frame)
    return {name: values[rows] for name, values in columns.items()}


def places(columns: Columns, prefix: str = "", height: float | Floats = 0.0) -> Floats:
    """Return places (n, 3) in um; a table without heights lies at `height` above the ground."""
    flat = columns[f"{prefix}x_um"], columns[f"{prefix}y_um"]
    up = columns.get(f"{prefix}z_um", np.broadcast_to(height, len(flat[0])))
    return np.column_stack([*flat, up]).astype(np.float64)


def standing_fibres(nodes: Columns, cells: Columns, time_min: float) -> Fibres:
    """Return the fibres that stand at a time.

    A stretch from a node to its parent stands if both were laid and it has not broken. A node whose parent is
    not laid yet, or is none, hangs on the rear of its cell, if that is there.

    Parameters
    ----------
    nodes
        The whole table.
    cells
        Rows of the frame.
    """
    laid = np.flatnonzero(nodes["born_min"] <= time_min)
    there = {name: values[laid] for name, values in nodes.items()}
    count = len(laid)
    parent = _rows_of(there["parent_id"], there["node_id"])
    owner = _rows_of(there["cell_id"], cells["cell_id"])
    onward = np.where(parent >= 0, parent, np.where(owner >= 0, count + owner, -1))
    whole = there["breaks_min"] > time_min
    rears = len(cells["cell_id"])
    return Fibres(
        points=np.concatenate([places(there), places(cells, "rear_")]),
        onward=np.concatenate([np.where(whole, onward, -1), np.full(rears, -1)]),
        node_id=np.concatenate([there["node_id"], np.full(rears, -1)]),
        cell_id=np.concatenate([there["cell_id"], cells["cell_id"]]),
        attached=np.concatenate([there["detached_min"] > time_min, np.ones(rears, np.bool_)]),
        age_min=np.concatenate([time_min - there["born_min"], np.zeros(rears)]),
    )


def _rows_of(wanted: Integers, ids: Integers) -> Integers:
    """Return the row of each wanted id, -1 where it is not among `ids`."""
    if not len(ids):
        return np.full(len(wanted), -1)
    order = np.argsort(ids, kind="stable")
    found = order[np.minimum(np.searchsorted(ids, wanted, sorter=order), len(ids) - 1)]
    return np.where(ids[found] == wanted, found, -1)


def trace_lines(fibres: Fibres) -> list[Integers]:
    """Return the standing network as lines: rows of points from a free end towards the cell.

    A line ends at the cell, at a break, or where it meets a line that is listed before it; so every stretch is
    in exactly one line.
    """
    onward = fibres.onward
    met = np.zeros(len(onward), np.bool_)
    met[onward[onward >= 0]] = True
    starts = np.flatnonzero((onward >= 0) & ~met)
    way = onward.tolist()
    seen = [False] * len(way)
    lines = []
    for start in starts.tolist():
        line, row = [start], start
        while way[row] >= 0 and not seen[row]:
            seen[row] = True
            row = way[row]
            line.append(row)
        lines.append(np.array(line, np.int64))
    return lines


def count_steps(run: Run, frames: Sequence[int]) -> int:
    """Return the steps of an export that goes frame by frame through the tables and then through each field."""
    return len(frames) * (1 + len(run.fields))
