"""Cells of a bench specimen."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
from numpy.typing import NDArray

from migralab.microscope.bench.recipe import BenchRecipe
from migralab.microscope.bench.room import deep
from migralab.microscope.body import CellBody, CellPose, draw_cell

Floats = NDArray[np.float64]


def draw_cells(
    draw: np.random.Generator, side: float, count: int, recipe: BenchRecipe, look: int
) -> tuple[CellBody, ...]:
    """Cells near opposite borders of the field, with their rears towards its middle."""
    small = min(1.0, side / 50.0)
    cells = []
    for number in range(count):
        left = number % 2 == 0
        area = draw.uniform(450.0, 750.0) * small**2
        centre = np.array([(0.17 if left else 0.83) * side, draw.uniform(0.25, 0.75) * side])
        angle = (np.pi if left else 0.0) + draw.uniform(-0.4, 0.4)
        heading = np.array([math.cos(angle), math.sin(angle)])
        length = 1.6 * math.sqrt(area)
        pose = CellPose(
            cell_id=number,
            centre=centre,
            heading=heading,
            rear=centre - heading * length / 2,
            rear_width=0.6 * math.sqrt(area),
            area=area,
        )
        body = draw_cell(pose, look=look, flank_fibres_per_um=0.0)
        cells.append(dataclasses.replace(body, spots=_endosomes(draw, body, recipe.endosomes)))
    return tuple(cells)


def _endosomes(draw: np.random.Generator, body: CellBody, count: int) -> Floats:
    """Spots anywhere in the body (x, y, diameter, brightness)."""
    low, high = body.outline.min(axis=0), body.outline.max(axis=0)
    places = np.empty((0, 2))
    while len(places) < count:
        points = draw.uniform(low, high, (200, 2))
        places = np.concatenate([places, points[deep(body.outline, points, 1.0)]])
    diameter = np.clip(draw.lognormal(math.log(0.5), 0.3, count), 0.25, 1.2)
    return np.column_stack([places[:count], diameter, draw.lognormal(0.0, 0.4, count)])
