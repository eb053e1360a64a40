"""What a faultless observer would write down from a part of a dish: the truth, cut and hidden as in a picture.

It fills the same tables as the image analyser, with origin ``image``, so that the very same observables read them.
What a still cannot show (ages, paths, what has broken or gone, whether a vesicle is stabilised) is left out here
too. The rules: docs/theory/imaging-recovery.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from migralab.checks.through_images.standing import Standing, trace_standing
from migralab.imaging.settings import AnalysisSettings
from migralab.microscope.body import CellBody
from migralab.microscope.specimen import Field, Floats, Scene, Vesicles, choose
from migralab.results.observations import Observations, conform, empty_table

if TYPE_CHECKING:
    import pandas as pd

_GRID_UM = 0.4  # of the map of bodies

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Bodies:
    """Cell bodies in a field: number of the cell plus 1 on a grid (0: ground), and which cells count."""

    grid: NDArray[np.int32]
    corner: tuple[float, float]
    visible: frozenset[int]
    counted: frozenset[int]

    def at(self, points: Floats) -> NDArray[np.int32]:
        """Return what lies at places (n, 2) of the dish, um; 0 outside the field."""
        row, column = np.floor((points[:, ::-1] - self.corner[::-1]) / _GRID_UM).astype(np.int64).T
        rows, columns = self.grid.shape
        inside = (row >= 0) & (column >= 0) & (row < rows) & (column < columns)
        return np.where(inside, self.grid[np.clip(row, 0, rows - 1), np.clip(column, 0, columns - 1)], 0)

    def owner(self, cell_id: Ints) -> Ints:
        """Return the ids of owners that are counted, -1 for the others."""
        return np.where(np.isin(cell_id, list(self.counted)), cell_id, -1)


def see_field(truth: Observations, scene: Scene, least_um: float) -> Observations:
    """Return what could be seen of a dish in the field of a scene, without any error.

    Parameters
    ----------
    truth
        Tables of the simulated dish from which the scene was made.
    scene
        The specimen; its field is what is seen.
    least_um
        Narrower vesicles are left out, um.
    """
    bodies = map_bodies(scene.cells, scene.field)
    area = (scene.field[2] - scene.field[0]) * (scene.field[3] - scene.field[1])
    stamp = {"frame": 0, "time_min": scene.time_min}
    shown = _shown(scene, bodies)
    standing = trace_standing(
        scene, shown, lambda points: _inside(points, scene.field), lambda points: bodies.at(points) > 0
    )
    parts: dict[str, dict[str, Any]] = {
        "cells": stamp | _cells(scene, bodies),
        "migrasomes": stamp | _vesicles(choose(shown, np.flatnonzero(shown.diameter >= least_um)), scene, bodies),
        "fibres": stamp | _fibres(standing, bodies),
        "nodes": _nodes(standing, scene, bodies),
    }
    tables = {name: _table(name, columns) for name, columns in parts.items()}
    for name in ("lives", "retractosomes", "pools", "levels"):
        tables[name] = empty_table(name)
    return Observations(
        tables=tables,
        origin="image",
        experiment=truth.experiment,
        condition=truth.condition,
        field_area_um2=area,
        frames_min=(scene.time_min,),
    )


def whole_field(truth: Observations, margin_um: float = 60.0) -> Field:
    """Return a field that holds all that is in a dish."""
    parts = [truth.at("cells"), truth.at("migrasomes"), truth["nodes"]]
    points = np.concatenate([part[["x_um", "y_um"]].to_numpy(np.float64) for part in parts])
    low, high = np.nanmin(points, axis=0) - margin_um, np.nanmax(points, axis=0) + margin_um
    return (float(low[0]), float(low[1]), float(high[0]), float(high[1]))


def map_bodies(cells: tuple[CellBody, ...], field: Field) -> Bodies:
    """Return the bodies that show in a field.

    A body is visible if at least as much of it as the analyser takes for a cell lies in the field. It is counted
    if it touches neither the left nor the lower border of the field (`in_counting_frame`, Gundersen 1977).
    """
    from skimage.draw import polygon

    x0, y0, x1, y1 = field
    shape = (int(np.ceil((y1 - y0) / _GRID_UM)), int(np.ceil((x1 - x0) / _GRID_UM)))
    grid = np.zeros(shape, np.int32)
    visible, counted = set(), set()
    least = AnalysisSettings().cell_smallest_um2 / _GRID_UM**2
    for cell in cells:
        place = (cell.outline[:, ::-1] - [y0, x0]) / _GRID_UM
        rows, columns = polygon(place[:, 0], place[:, 1], shape)  # type: ignore[no-untyped-call]  # skimage has no types
        grid[rows, columns] = cell.cell_id + 1
        if len(rows) >= least:
            visible.add(cell.cell_id)
            if cell.outline[:, 0].min() > x0 and cell.outline[:, 1].min() > y0:
                counted.add(cell.cell_id)
    return Bodies(grid=grid, corner=(x0, y0), visible=frozenset(visible), counted=frozenset(counted))


def _inside(points: Floats, field: Field) -> NDArray[np.bool_]:
    x, y = points.T
    return np.asarray((x >= field[0]) & (y >= field[1]) & (x < field[2]) & (y < field[3]))


def _table(name: str, columns: dict[str, Any]) -> pd.DataFrame:
    rows = max((len(values) for values in columns.values() if np.ndim(values)), default=0)
    full = {key: values if np.ndim(values) else np.full(rows, values) for key, values in columns.items()}
    return conform(name, full) if rows else empty_table(name)


def _cells(scene: Scene, bodies: Bodies) -> dict[str, Any]:
    own = [cell for cell in scene.cells if cell.cell_id in bodies.counted]
    corner = np.array(scene.field[:2])
    place = np.array([[cell.x_um, cell.y_um] for cell in own]).reshape(-1, 2) - corner
    return {
        "cell_id": np.array([cell.cell_id for cell in own], np.int64),
        "x_um": place[:, 0],
        "y_um": place[:, 1],
        "heading_x": np.full(len(own), np.nan),
        "area_um2": np.array([cell.area_um2 for cell in own], np.float64),
    }


def _shown(scene: Scene, bodies: Bodies) -> Vesicles:
    """Migrasomes and precursors alike: a picture does not tell them apart. What lies under a body is hidden."""
    seen = scene.vesicles
    shown = _inside(seen.centre, scene.field) & (bodies.at(seen.centre) == 0)
    return choose(seen, np.flatnonzero(shown & (seen.kind == "migrasome")))


def _vesicles(own: Vesicles, scene: Scene, bodies: Bodies) -> dict[str, Any]:
    place = own.centre - np.array(scene.field[:2])
    return {
        "migrasome_id": own.migrasome_id.astype(np.int64),
        "cell_id": bodies.owner(own.cell_id.astype(np.int64)),
        "x_um": place[:, 0],
        "y_um": place[:, 1],
        "diameter_um": own.diameter,
        "attachment": own.attachment,
        # the way to a cell beyond the border cannot be followed
        "attached": own.attached & np.isin(own.cell_id, list(bodies.visible)),
    }


def _fibres(standing: Standing, bodies: Bodies) -> dict[str, Any]:
    """One row per stretch between two nodes of the simulation: its length in the field and beside the bodies."""
    pieces = standing.pieces
    length = np.hypot(pieces.ends[:, 2] - pieces.ends[:, 0], pieces.ends[:, 3] - pieces.ends[:, 1])
    keys = np.column_stack([pieces.cell_id, pieces.node_id]).astype(np.int64)
    stretch, of = np.unique(keys, axis=0, return_inverse=True) if len(keys) else (keys, np.empty(0, np.int64))
    return {
        "fibre_id": np.arange(len(stretch)),
        "cell_id": bodies.owner(stretch[:, 0]),
        "length_um": np.bincount(np.ravel(of), length, len(stretch)),
        "length_sd_um": np.zeros(len(stretch)),
        "broken": np.zeros(len(stretch), bool),
    }


def _nodes(standing: Standing, scene: Scene, bodies: Bodies) -> dict[str, Any]:
    """Places where one line ends, a tip, or three or more meet, a junction."""
    shown = _inside(standing.place, scene.field) & (bodies.at(standing.place) == 0)
    place, meeting = standing.place[shown] - np.array(scene.field[:2]), standing.meeting[shown]
    return {
        "node_id": np.arange(len(place)),
        "cell_id": bodies.owner(standing.cell_id[shown]),
        "x_um": place[:, 0],
        "y_um": place[:, 1],
        "kind": np.where(meeting == 1, "tip", "junction").astype(object),
        "born_min": np.full(len(place), np.nan),
        "path_um": np.full(len(place), np.nan),
        "breaks_min": np.full(len(place), np.inf),
        "detached_min": np.full(len(place), np.inf),
    }
