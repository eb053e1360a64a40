"""A cell with many migrasomes under the virtual microscope, beside a published picture at the same scale."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from migralab.core.errors import RequestError, UnknownIdError
from migralab.microscope.image_run import image_observations
from migralab.microscope.presets import Microscope, find_microscope
from migralab.microscope.render import render
from migralab.microscope.scene import Field, scene_from_observations
from migralab.report.content import RankedCell, Report, rank_cells
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
_TOP_SHARE = 0.05
_RINGS, _RING_FIELD_UM, _RING_PIXEL_UM, _SCANS = 8, 3.2, 0.05, 8
WIDER = 1.5  # a simulated trail is straighter than this published one, so its field is wider, at the same magnification
GAMMA = 0.65


@dataclass(frozen=True, slots=True, kw_only=True)
class CellPictures:
    """The published picture, the simulated one at the same scale, its migrasomes enlarged, and the whole trail."""

    published: Figure | None
    close: Figure
    rings: Figure | None
    whole: Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A field, the frame in which it is shown, and how many migrasomes of the cell lie in it."""

    field: Field
    frame: int
    inside: int
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Showcase:
    """The cell of the close-up with its rank, the field in which it is shown, and how it was chosen."""

    cell: RankedCell
    view: View
    chosen: str


def choose_showcase(report: Report) -> Showcase | None:
    """Return the cell to show: the one asked for, else that of the top 5 % which fills a field best.

    Raises
    ------
    UnknownIdError
        If the cell that was asked for is not in the dish.
    """
    seen = report.observations
    ranked = rank_cells(seen) if seen is not None and seen.origin == "simulation" else ()
    if seen is None or not ranked:
        return None
    size = report.published_picture.size_um if report.published_picture is not None else _USUAL_FIELD_UM
    size = (WIDER * size[0], WIDER * size[1])
    if report.shown_cell is not None:
        known = {str(cell.cell_id): cell for cell in ranked}
        if str(report.shown_cell) not in known:
            raise UnknownIdError("cell of this dish", str(report.shown_cell), known)
        asked = known[str(report.shown_cell)]
        return Showcase(cell=asked, view=choose_view(seen, asked.cell_id, size), chosen="It was chosen by hand.")
    if not len(seen["nodes"]) and not ranked[0].count:
        return None  # a dish of recipients alone: no cell has a trail to show
    best = [cell for cell in ranked if cell.rank <= max(1, round(_TOP_SHARE * len(ranked)))]
    views = [(choose_view(seen, cell.cell_id, size), cell) for cell in best]
    view, cell = max(views, key=lambda pair: pair[0].score)
    how = (
        f"Of the {len(best)} cells with most migrasomes, the one that fills a field best is shown, so this is not "
        "what a typical cell looks like."
    )
    return Showcase(cell=cell, view=view, chosen=how)


def draw_showcase(report: Report, showcase: Showcase | None) -> CellPictures | None:
    """Return the pictures of the cell that was chosen; None where no dish was simulated."""
    seen = report.observations
    if seen is None or showcase is None:
        return None
    published, cell, view = report.published_picture, showcase.cell, showcase.view
    pixel = published.pixel_size_um if published is not None else _USUAL_PIXEL_UM
    last, far = seen.last_frame, frame_trail(seen, cell.cell_id)
    when = f"after {number(seen.frames_min[view.frame] / 60)} h"
    return CellPictures(
        published=draw_picture(published, title="Published") if published is not None else None,
        close=Figure(
            data=_take(seen, view.field, pixel, view.frame), mime="image/png", title="Simulated, same magnification",
            alt=f"Virtual micrograph in green: cell {cell.cell_id} with its retraction fibres and migrasomes.",
            caption=f"Cell {cell.cell_id} of dish {seen.experiment} ({report.label(seen.condition)}), {when}. At the "
            f"end it has {cell.count} migrasomes: rank {cell.rank} of {cell.cells} cells, percentile "
            f"{number(cell.percentile)}. {showcase.chosen} Tetraspanin-4 channel of the virtual confocal microscope, "
            f"{number(pixel)} µm pixels, gamma {GAMMA:g}.",
        ),
        rings=_draw_rings(seen),
        whole=Figure(
            data=_take(seen, far, max(pixel, (far[2] - far[0]) / 1500), last), mime="image/png",
            title=f"The same cell after {number(seen.frames_min[last] / 60)} h, with its trail",
            alt=f"Virtual micrograph of the trail of cell {cell.cell_id}.",
            caption="Young fibres lie behind the cell; further back migrasomes sit at tips and junctions, and old "
            "stretches have broken into rows of dots. Other cells and their trails may cross. Outlines, side fibres "
            "and endosomes of the bodies are drawn and hold no data.",
        ),
    )  # fmt: skip


def _scope(pixel: float) -> Microscope:
    return replace(find_microscope("confocal"), name=f"confocal, {pixel:.3g} um pixels", pixel_um=pixel)


def _draw_rings(seen: Observations) -> Figure | None:
    """Return migrasomes from the largest of the dish to the median, each at its own linear grey levels."""
    scene = scene_from_observations(seen, flank_fibres_per_um=0)
    own = np.flatnonzero(scene.vesicles.stage != "precursor")
    optics = replace(_scope(_RING_PIXEL_UM), photons_per_um2=_SCANS * _scope(_RING_PIXEL_UM).photons_per_um2)
    if not len(own):
        return None
    size = scene.vesicles.diameter[own]
    steps = np.linspace(size.max(), np.median(size), _RINGS)
    own = own[list(dict.fromkeys(int(np.argmin(np.abs(size - step))) for step in steps))]
    frames = []
    for row in own:
        x, y = scene.vesicles.centre[row]
        half = _RING_FIELD_UM / 2
        alone = replace(scene, field=(x - half, y - half, x + half, y + half), cells=())
        levels = render(alone, optics, key=1, channels=(_CHANNEL,)).pixels[0].astype(np.float64)
        low, high = np.percentile(levels, [20, 99.8])
        shown = np.rint(255 * np.clip((levels - low) / max(high - low, 1e-9), 0, 1)).astype(np.uint8)
        frames.append(np.pad(enlarge(green(shown), 240), ((0, 0), (0, 6), (0, 0)), constant_values=255))
    strip = np.concatenate(frames, axis=1)[:, :-6]
    sizes = ", ".join(number(scene.vesicles.diameter[row], 2) for row in own)
    return Figure(
        data=to_png(strip, 255), mime="image/png", title="Migrasomes of this dish, enlarged",
        alt=f"Enlarged virtual micrographs of {len(own)} migrasomes; the larger are rings.",
        caption=f"From the largest to the median. Fields of {_RING_FIELD_UM:g} µm, each at its own linear grey levels, "
        f"mean of {_SCANS} scans. True diameters {sizes} µm: vesicles wider than the blur show as rings, smaller ones "
        "as filled spots.",
    )  # fmt: skip


def _take(seen: Observations, field: Field, pixel: float, frame: int) -> bytes:
    scope = _scope(pixel)
    dish = image_observations(seen, frames=[frame], channels=(_CHANNEL,), preset=scope, field=field, seed=1)
    colour = enlarge(green(stretch(dish.micrographs[0].pixels[0], GAMMA)))
    wide = field[2] - field[0] > 100.0  # shown over the whole width of the page
    return to_png(with_bar(colour, (field[2] - field[0]) / colour.shape[1], 1070 if wide else 640), 255)


def choose_view(seen: Observations, cell_id: int, size: tuple[float, float]) -> View:
    """Return the field and frame with most migrasomes of a cell, rather with the cell and without others than not.

    Parameters
    ----------
    size
        Width and height of the field, um.
    """
    half = np.array(size) / 2
    steps = np.linspace(-1, 1, 9)
    offsets = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2) * half
    cells, own = seen["cells"], _own(seen, "cells", cell_id)
    vesicles = _own(seen, "migrasomes", cell_id)
    vesicles = vesicles[vesicles["stage"] != "precursor"]
    strangers = cells[cells["cell_id"] != cell_id]
    when = [rows["frame"].to_numpy(np.int64) for rows in (own, vesicles, strangers)]
    bodies, spots_of, others_of = _body(own), _points(vesicles), _points(strangers)
    best, found = -1.0, None
    for frame in range(seen.last_frame, -1, -1):  # of equals, the latest
        body, spots = bodies[when[0] == frame].reshape(-1, 2), spots_of[when[1] == frame]
        if not len(body):
            continue
        middles = (np.concatenate([body[:1], spots])[:, None] + offsets).reshape(-1, 2)
        inside = _within(spots, middles, half - 1.0).sum(axis=1)
        shown = _within(body, middles, half - 5.0).mean(axis=1)
        crowd = _within(others_of[when[2] == frame], middles, half + 8.0).sum(axis=1)
        score = (inside * (0.25 + shown) + 3 * shown) * 0.6**crowd
        chosen = int(np.argmax(score))
        if score[chosen] > best:
            best, middle = float(score[chosen]), middles[chosen]
            x0, y0, x1, y1 = map(float, (*(middle - half), *(middle + half)))
            found = View(field=(x0, y0, x1, y1), frame=frame, inside=int(inside[chosen]), score=best)
    if found is None:
        raise RequestError(f"Cell {cell_id} is in no frame.")
    return found


def _within(points: Floats, middles: Floats, half: Floats) -> NDArray[np.bool_]:
    """Which points lie in which field: (fields, points)."""
    distance = np.abs(points[None] - middles[:, None])
    return np.asarray((distance < half).all(axis=2))


def frame_trail(seen: Observations, cell_id: int) -> Field:
    """Return the field that holds a cell and its trail at the end, or the part with most migrasomes of a long one."""
    last = {name: _own(seen, name, cell_id) for name in ("cells", "migrasomes")}
    last = {name: rows[rows["frame"] == seen.last_frame] for name, rows in last.items()}
    body, spots = _body(last["cells"]).reshape(-1, 2), _points(last["migrasomes"])
    points = np.concatenate([spots, body, _points(_own(seen, "nodes", cell_id))])
    low, high = points.min(axis=0) - 6, points.max(axis=0) + 6
    dense = np.median(spots, axis=0) if len(spots) else body[0]
    reach = np.clip(high - low, 60.0, _LARGEST_UM)
    reach = np.maximum(reach, 0.55 * reach.max()) / 2  # no strips
    middle = np.where(high - low > _LARGEST_UM, np.clip(dense, low + reach, high - reach), (low + high) / 2)
    x0, y0, x1, y1 = map(float, (*(middle - reach), *(middle + reach)))
    return x0, y0, x1, y1


def _own(seen: Observations, table: str, cell_id: int) -> pd.DataFrame:
    rows = seen[table]
    return rows[rows["cell_id"] == cell_id]


def _points(rows: pd.DataFrame) -> Floats:
    return np.asarray(rows[["x_um", "y_um"]].to_numpy(np.float64))


def _body(rows: pd.DataFrame) -> Floats:
    """Rear, middle and front of a cell in every row (n, 3, 2); all three the middle where it leaves no fibres."""
    middle = _points(rows)
    rear = rows[["rear_x_um", "rear_y_um"]].to_numpy(np.float64)
    rear = np.where(np.isnan(rear), middle, rear)
    return np.stack([rear, middle, 1.6 * middle - 0.6 * rear], axis=1)
