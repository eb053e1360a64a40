"""Fibres of a bench specimen: from the rears of the cells outwards, with branches, without crossings."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from migralab.microscope.bench.recipe import BenchRecipe
from migralab.microscope.bench.room import Fibre, Room, outside
from migralab.microscope.body import CellBody

Floats = NDArray[np.float64]

_STEP_UM = 0.4
_TRIES = 400


def _walk(draw: np.random.Generator, start: Floats, angle: float, length: float) -> Floats:
    """Draw a gently bent path (n, 2): constant curvature and a slow random turn."""
    count = max(2, round(length / _STEP_UM))
    turn = draw.normal(0, 0.008) * _STEP_UM + draw.normal(0, 0.02, count)
    way = angle + np.cumsum(turn) - turn[0]
    steps = np.column_stack([np.cos(way), np.sin(way)]) * length / count
    return np.concatenate([start[None], start + np.cumsum(steps, axis=0)])


def draw_fibres(
    draw: np.random.Generator, room: Room, cells: tuple[CellBody, ...], recipe: BenchRecipe, share: float
) -> None:
    """Add main fibres from the rears of the cells, then branches until the length is reached."""
    total = recipe.total_um * share
    longest = min(recipe.fibre_um[1], 0.55 * room.side)
    shortest = min(recipe.fibre_um[0], 0.5 * longest)
    mains = max(len(cells), round(draw.integers(recipe.fibres[0], recipe.fibres[1] + 1) * share))
    for number in range(mains):
        left = total - _length(room)
        if left > shortest / 2:
            wanted = min(draw.uniform(shortest, longest), left)
            _add_main(draw, room, cells[number % len(cells)], wanted, recipe)
    for _ in range(_TRIES):
        left = total - _length(room)
        if left < 1.0:
            return
        wanted = draw.uniform(min(recipe.branch_um[0], left), min(recipe.branch_um[1], left + 0.01))
        _add_branch(draw, room, max(wanted, min(left, 3.0)), recipe)


def _length(room: Room) -> float:
    return float(sum(np.hypot(*np.diff(f.path, axis=0).T).sum() for f in room.fibres))


def _add_main(draw: np.random.Generator, room: Room, cell: CellBody, length: float, recipe: BenchRecipe) -> None:
    middle = np.array([room.side / 2, room.side / 2])
    centre = np.array([cell.x_um, cell.y_um])
    towards = math.atan2(*(middle - centre)[::-1])
    bearing = np.arctan2(*(cell.outline - centre).T[::-1]) - towards
    rear = np.flatnonzero(np.cos(bearing) > 0.35)
    others = [outline for outline in room.outlines if outline is not cell.outline]
    for attempt in range(_TRIES):
        start = cell.outline[draw.choice(rear)]
        angle = math.atan2(*(start - centre)[::-1]) + draw.normal(0, 0.25)
        path = _walk(draw, start, angle, length * (1 - 0.5 * attempt / _TRIES))
        clear = room.inside(path, 2.5) and outside(cell.outline, path[3:], 0.5)
        clear = clear and all(outside(outline, path, 2.0) for outline in others)
        if clear and _far(path, room.fibre_points(), recipe.fibre_gap_um):
            room.fibres.append(Fibre(path=path, cell=cell.cell_id, forks=[]))
            return


def _far(points: Floats, others: Floats, gap: float) -> bool:
    return len(others) == 0 or float(KDTree(others).query(points)[0].min()) > gap


def _add_branch(draw: np.random.Generator, room: Room, length: float, recipe: BenchRecipe) -> None:
    parent = room.fibres[int(draw.integers(len(room.fibres)))]
    clear_ends = round(3.0 / _STEP_UM)
    if len(parent.path) <= 2 * clear_ends + 1:
        return
    fork = int(draw.integers(clear_ends, len(parent.path) - clear_ends))
    if any(abs(fork - other) < clear_ends for other in parent.forks):
        return
    along = parent.path[fork + 1] - parent.path[fork]
    angle = math.atan2(along[1], along[0]) + draw.choice([-1.0, 1.0]) * draw.uniform(0.6, 1.2)
    path = _walk(draw, parent.path[fork], angle, length)
    start = math.ceil(recipe.fibre_gap_um / math.sin(0.6) / _STEP_UM) + 1
    if not (room.inside(path, 2.5) and room.clear_of_cells(path, 2.0)) or len(path) <= start:
        return
    near = [f.path for f in room.fibres if f is not parent]
    if near and not _far(path, np.concatenate(near), recipe.fibre_gap_um):
        return
    if _far(path[start:], parent.path, recipe.fibre_gap_um):
        parent.forks.append(fork)
        room.fibres.append(Fibre(path=path, cell=parent.cell, forks=[]))
