"""Truth tables: where everything stands in the image, one row per object and frame."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from migralab.microscope.image_run import ImagedDish
from migralab.microscope.light.slice import cut_diameter
from migralab.microscope.protocol.frap import bleached_share, vesicle_label
from migralab.microscope.protocol.protocol import shot_of
from migralab.microscope.render import Micrograph
from migralab.microscope.specimen import FIBRE_KINDS, Scene, Vesicles

MIGRASOMES = (
    "migrasome_id", "cell_id", "node_id", "x_um", "y_um", "diameter_um", "attachment", "attached", "stage",
    "enrichment", "in_field", "z_um", "density", "lumen", "rna", "section_diameter_um",
)  # fmt: skip
FIBRES = (
    "cell_id", "node_id", "kind", "x0_um", "y0_um", "x1_um", "y1_um", "length_um", "radius_um", "z_um", "brightness",
)  # fmt: skip
DOTS = ("cell_id", "x_um", "y_um", "diameter_um")
LOOKALIKES = ("kind", "cell_id", "x_um", "y_um", "diameter_um", "z_um", "brightness", "in_field")
TUBES = FIBRES
CELLS = ("cell_id", "x_um", "y_um", "area_um2", "outline_um")
FRAMES = ("shift_x_um", "shift_y_um", "channel", "remaining")
FRAP = ("channel", "migrasome_id", "bleached_share", "label", "half_time_s", "mobile")

_Rows = Iterable[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Seen:
    """A scene, the exposure that shows it, and which of the series it is."""

    scene: Scene
    shot: Micrograph
    number: int = 0

    def places(self, points: ArrayLike) -> NDArray[np.float64]:
        """Return places (n, 2) in um from the centre of pixel (0, 0)."""
        place = np.asarray(points, np.float64) - np.array(self.scene.field[:2]) + np.array(self.shot.shift_um)
        return np.asarray(np.round(place, 4), np.float64)

    def outside(self, points: ArrayLike) -> NDArray[np.float64]:
        """Return how far places (n, 2) of the dish lie beyond the border of the image, um; negative inside."""
        x0, y0, x1, y1 = self.scene.field
        x, y = (np.asarray(points, np.float64) + np.array(self.shot.shift_um)).T
        return np.asarray(np.maximum.reduce([x0 - x, x - x1, y0 - y, y - y1]), np.float64)

    def cut(self, vesicles: Vesicles) -> NDArray[np.float64]:
        """Return the diameter of each vesicle where the slice, or the plane of focus, cuts it."""
        scope = self.shot.microscope
        slab = scope.slice_um if scope.contrast == "electron" else 0.0
        return cut_diameter(vesicles.diameter, vesicles.z_um - self.shot.focus_um, slab)


def table_writers(dish: ImagedDish) -> dict[str, tuple[tuple[str, ...], Callable[[Seen], _Rows]]]:
    """Return the truth tables of a dish: file name, columns, and what gives their rows."""
    tables: dict[str, tuple[tuple[str, ...], Callable[[Seen], _Rows]]] = {
        "truth_migrasomes.csv": (MIGRASOMES, _migrasome_rows),
        "truth_fibres.csv": (FIBRES, _fibre_rows),
        "truth_retractosomes.csv": (DOTS, _dot_rows),
        "truth_cells.csv": (CELLS, _cell_rows),
        "truth_lookalikes.csv": (LOOKALIKES, _lookalike_rows),
        "truth_other_tubes.csv": (TUBES, _other_tube_rows),
        "truth_frames.csv": (FRAMES, lambda seen: _frame_rows(dish, seen)),
    }
    if dish.protocol is not None and dish.protocol.frap is not None:
        tables["truth_frap.csv"] = (FRAP, lambda seen: _frap_rows(dish, seen))
    return tables


def write_tables(dish: ImagedDish, paths: dict[str, Path]) -> None:
    """Write the truth tables to the paths of their names."""
    for name, (heads, rows) in table_writers(dish).items():
        with paths[name].open("w", encoding="utf-8", newline="") as file:
            table = csv.writer(file, lineterminator="\n")
            table.writerow(("frame", "time_min", *heads))
            for number, (scene, shot) in enumerate(zip(dish.scenes, dish.micrographs, strict=True)):
                for row in rows(Seen(scene, shot, number)):
                    table.writerow((scene.frame, scene.time_min, *row))


def _migrasome_rows(seen: Seen) -> _Rows:
    """Vesicles whose centre lies in the field, and those beyond the border that show in part."""
    these = seen.scene.vesicles
    outside = seen.outside(these.centre)
    place = seen.places(these.centre)
    cut = seen.cut(these)
    for row in np.flatnonzero((outside < these.diameter / 2) & (these.kind == "migrasome")):
        yield (
            int(these.migrasome_id[row]),
            int(these.cell_id[row]),
            int(these.node_id[row]),
            *place[row].tolist(),
            round(float(these.diameter[row]), 4),
            str(these.attachment[row]),
            bool(these.attached[row]),
            str(these.stage[row]),
            round(float(these.enrichment[row]), 4),
            bool(outside[row] <= 0),
            *(round(float(values[row]), 4) for values in (these.z_um, these.density, these.lumen, these.rna, cut)),
        )


def _fibre_rows(seen: Seen) -> _Rows:
    """Pieces of retraction fibres with at least one end in the field; whole, not clipped."""
    return _tube_rows(seen, np.isin(seen.scene.tubes.kind, FIBRE_KINDS))


def _other_tube_rows(seen: Seen) -> _Rows:
    return _tube_rows(seen, ~np.isin(seen.scene.tubes.kind, FIBRE_KINDS))


def _tube_rows(seen: Seen, wanted: NDArray[np.bool_]) -> _Rows:
    tubes = seen.scene.tubes
    first, second = tubes.ends[:, :2], tubes.ends[:, 2:]
    length = np.hypot(*(second - first).T)
    place = np.hstack([seen.places(first), seen.places(second)])
    inside = (seen.outside(first) <= 0) | (seen.outside(second) <= 0)
    for row in np.flatnonzero(inside & wanted):
        yield (
            int(tubes.cell_id[row]),
            int(tubes.node_id[row]),
            str(tubes.kind[row]),
            *place[row].tolist(),
            round(float(length[row]), 4),
            float(tubes.radius[row]),
            round(float(tubes.z_um[row]), 4),
            round(float(tubes.brightness[row]), 4),
        )


def _dot_rows(seen: Seen) -> _Rows:
    dots = seen.scene.dots
    place = seen.places(dots.centre)
    for row in np.flatnonzero((seen.outside(dots.centre) <= 0) & (dots.kind == "retractosome")):
        yield int(dots.cell_id[row]), *place[row].tolist(), round(float(dots.diameter[row]), 4)


def _lookalike_rows(seen: Seen) -> _Rows:
    """Everything round that is no migrasome and no retractosome; endosomes of bodies with them."""
    scene = seen.scene
    for part, light in ((scene.dots, scene.dots.brightness), (scene.vesicles, scene.vesicles.density)):
        wanted = ~np.isin(part.kind, ("migrasome", "retractosome"))
        outside, place = seen.outside(part.centre), seen.places(part.centre)
        for row in np.flatnonzero(wanted & (outside < part.diameter / 2)):
            numbers = (part.diameter[row], part.z_um[row], light[row])
            yield (
                str(part.kind[row]),
                int(part.cell_id[row]),
                *place[row].tolist(),
                *(round(float(value), 4) for value in numbers),
                bool(outside[row] <= 0),
            )
    for cell in scene.cells:
        outside, place = seen.outside(cell.spots[:, :2]), seen.places(cell.spots[:, :2])
        for row in np.flatnonzero(outside <= 0):
            diameter, bright = (round(float(value), 4) for value in cell.spots[row, 2:])
            yield "endosome", cell.cell_id, *place[row].tolist(), diameter, 0.0, bright, True


def _cell_rows(seen: Seen) -> _Rows:
    """Cells of which some of the outline lies in the field, with the outline that was drawn."""
    for cell in seen.scene.cells:
        if (seen.outside(cell.outline) <= 0).any():
            centre = seen.places([[cell.x_um, cell.y_um]])[0].tolist()
            outline = " ".join(f"{x:.2f},{y:.2f}" for x, y in seen.places(cell.outline))
            yield cell.cell_id, *centre, round(cell.area_um2, 2), outline


def _frame_rows(dish: ImagedDish, seen: Seen) -> _Rows:
    """Drift and what bleaching has left, one row per channel."""
    shot = shot_of(dish.protocol, seen.number, key=dish.seed, frame=seen.scene.frame) if dish.protocol else None
    for channel in seen.shot.channels:
        left = shot.remaining.get(channel, 1.0) if shot else 1.0
        yield *(round(value, 5) for value in seen.shot.shift_um), channel, round(left, 6)


def _frap_rows(dish: ImagedDish, seen: Seen) -> _Rows:
    """Label of every vesicle that is bleached, relative to before."""
    frap = dish.protocol.frap if dish.protocol else None
    if frap is None:
        return
    share, label = bleached_share(frap, seen.scene.vesicles), vesicle_label(frap, seen.scene)
    for row in np.flatnonzero(share > 0):
        mobile = frap.mobile if seen.scene.vesicles.attached[row] else 0.0
        ident = int(seen.scene.vesicles.migrasome_id[row])
        yield frap.channel, ident, round(float(share[row]), 4), round(float(label[row]), 6), frap.half_time_s, mobile
