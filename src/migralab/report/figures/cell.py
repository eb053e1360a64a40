"""The cell with most migrasomes under the virtual microscope, beside a published picture at the same scale."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from migralab.core.errors import RequestError
from migralab.microscope.image_run import image_observations
from migralab.microscope.presets import find_microscope
from migralab.microscope.scene import Field
from migralab.report.content import Report, TopCell
from migralab.report.figures.figure import Figure, to_png
from migralab.report.figures.picture import draw_picture, enlarge, green, stretch, with_bar
from migralab.report.wording import number
from migralab.results.observations import Observations

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
_CHANNEL = "TSPAN4"
_USUAL_FIELD_UM = (44.5, 41.1)  # of the published panel, where none is given
_USUAL_PIXEL_UM = 0.096
_LARGEST_UM = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CellPictures:
    """The published picture, the simulated one at the same scale, and the whole trail of the cell."""

    published: Figure | None
    close: Figure
    whole: Figure


def draw_top_cell(report: Report, top: TopCell | None) -> CellPictures | None:
    """Return the pictures of the top cell; None where no dish was simulated."""
    seen = report.observations
    if seen is None or seen.origin != "simulation" or top is None:
        return None
    published = report.published_picture
    size = published.size_um if published is not None else _USUAL_FIELD_UM
    pixel = published.pixel_size_um if published is not None else _USUAL_PIXEL_UM
    view = choose_view(seen, top.cell_id, size)
    last = seen.last_frame
    far = frame_trail(seen, top.cell_id)
    rank = f"percentile {number(top.percentile)} of the {top.cells} cells of this dish"
    rank += ", its top cell" if top.equals == 1 else f", one of its {top.equals} top cells"
    clock = f"{number(seen.frames_min[view.frame] / 60)} h"
    then = "the end" if view.frame == last else f"{clock}, when the cell and most migrasomes fitted one field"
    return CellPictures(
        published=draw_picture(published, title="Published") if published is not None else None,
        close=Figure(
            data=_take(seen, view.field, pixel, view.frame), mime="image/png", title="Simulated, same magnification",
            alt=f"Virtual micrograph of the trail of cell {top.cell_id} in green.",
            caption=f"Cell {top.cell_id} of dish {seen.experiment} ({report.label(seen.condition)}), with {top.count} "
            f"migrasomes at the end: {rank}. Shown at {then}; {view.inside} of its migrasomes lie in the field. "
            f"Tetraspanin-4 channel of the virtual confocal microscope, {number(pixel)} µm pixels. It was chosen for its "
            "number, so it is not what a typical cell looks like.",
        ),
        whole=Figure(
            data=_take(seen, far, max(pixel, (far[2] - far[0]) / 1500), last), mime="image/png",
            title=f"The same cell after {number(seen.frames_min[last] / 60)} h, with its trail",
            alt=f"Virtual micrograph of the trail of cell {top.cell_id}.",
            caption="Young fibres lie behind the cell; further back migrasomes sit at tips and junctions, and old stretches have "
            "broken into rows of dots. Other cells and their trails may cross. Outlines, side fibres and endosomes of the "
            "bodies are drawn and hold no data.",
        ),
    )  # fmt: skip


def _take(seen: Observations, field: Field, pixel: float, frame: int) -> bytes:
    scope = replace(find_microscope("confocal"), name=f"confocal, {pixel:.3g} um pixels", pixel_um=pixel)
    dish = image_observations(seen, frames=[frame], channels=(_CHANNEL,), preset=scope, field=field, seed=1)
    colour = enlarge(green(stretch(dish.micrographs[0].pixels[0])))
    return to_png(with_bar(colour, (field[2] - field[0]) / colour.shape[1]), 255)


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A field, the frame in which it is shown, and how many migrasomes of the cell lie in it."""

    field: Field
    frame: int
    inside: int


def choose_view(seen: Observations, cell_id: int, size: tuple[float, float]) -> View:
    """Return the field and frame with most migrasomes of a cell, and rather with the cell than without.

    Parameters
    ----------
    size
        Width and height of the field, um.
    """
    half = np.array(size) / 2
    steps = np.linspace(-1, 1, 9)
    offsets = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2) * half
    cells = _own(seen, "cells", cell_id)
    vesicles = _own(seen, "migrasomes", cell_id)
    vesicles = vesicles[vesicles["stage"] != "precursor"]
    best, found = -1.0, None
    for frame in range(seen.last_frame, -1, -1):  # of equals, the latest
        spots = _points(vesicles[vesicles["frame"] == frame])
        body = _body(cells[cells["frame"] == frame])
        if not len(body):
            continue
        middles = (np.concatenate([body[:1], spots])[:, None] + offsets).reshape(-1, 2)
        inside = (np.abs(spots[None] - middles[:, None]) < half - 1.0).all(axis=2).sum(axis=1)
        shown = (np.abs(body[None] - middles[:, None]) < half - 1.0).all(axis=2).mean(axis=1)
        score = inside * (1 + shown) + 2 * shown
        chosen = int(np.argmax(score))
        if score[chosen] > best:
            best, middle = float(score[chosen]), middles[chosen]
            found = View(field=(*(middle - half), *(middle + half)), frame=frame, inside=int(inside[chosen]))
    if found is None:
        raise RequestError(f"Cell {cell_id} is in no frame.")
    return found


def frame_trail(seen: Observations, cell_id: int) -> Field:
    """Return the field that holds a cell and its trail at the end, or the part with most migrasomes of a long one."""
    body = _body(seen.at("cells").query("cell_id == @cell_id"))
    spots = _points(seen.at("migrasomes").query("cell_id == @cell_id"))
    points = np.concatenate([spots, body, _points(_own(seen, "nodes", cell_id))])
    low, high = points.min(axis=0) - 6, points.max(axis=0) + 6
    dense = np.median(spots, axis=0) if len(spots) else body[0]
    reach = np.clip(high - low, 60.0, _LARGEST_UM)
    reach = np.maximum(reach, 0.55 * reach.max()) / 2  # no strips
    middle = np.where(high - low > _LARGEST_UM, np.clip(dense, low + reach, high - reach), (low + high) / 2)
    return (*(middle - reach), *(middle + reach))


def _own(seen: Observations, table: str, cell_id: int) -> pd.DataFrame:
    rows = seen[table]
    return rows[rows["cell_id"] == cell_id]


def _points(rows: pd.DataFrame) -> Floats:
    return np.asarray(rows[["x_um", "y_um"]].to_numpy(np.float64))


def _body(rows: pd.DataFrame) -> Floats:
    """Rear, middle and front of a cell (3, 2); nothing where it is not there."""
    rear = rows[["rear_x_um", "rear_y_um"]].to_numpy(np.float64)
    middle = _points(rows)
    return np.concatenate([rear, middle, 1.6 * middle - 0.6 * rear])
