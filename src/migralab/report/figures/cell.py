"""The cell with most migrasomes under the virtual microscope, beside a published picture at the same scale."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from migralab.microscope.image_run import image_observations
from migralab.microscope.presets import find_microscope
from migralab.microscope.scene import Field
from migralab.report.content import Report, TopCell
from migralab.report.figures.figure import Figure, to_png
from migralab.report.figures.picture import draw_picture, enlarge, green, stretch, with_bar
from migralab.report.wording import number
from migralab.results.observations import Observations

Floats = NDArray[np.float64]
_CHANNEL = "TSPAN4"
_USUAL_FIELD_UM = (44.5, 41.1)  # of the published panel, where none is given
_USUAL_PIXEL_UM = 0.096
_LARGEST_UM = 170.0


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
    near, far = choose_fields(seen, top.cell_id, size)
    rank = f"the {number(top.percentile)}th percentile of the {top.cells} cells of this dish"
    if top.percentile >= 100.0 * (top.cells - top.equals) / top.cells:
        rank += ", its top cell" if top.equals == 1 else f", one of its {top.equals} top cells"
    who = f"Cell {top.cell_id} of dish {seen.experiment} with {top.count} migrasomes: {rank}"
    chosen = "It was chosen for its number, so it is not what a typical cell looks like."
    close = _take(seen, near, pixel)
    return CellPictures(
        published=draw_picture(published, title="Published") if published is not None else None,
        close=Figure(
            data=close, mime="image/png", title="Simulated, same magnification",
            alt=f"Virtual micrograph of the trail of cell {top.cell_id} in green.",
            caption=f"{who}. Tetraspanin-4 channel of the virtual confocal microscope ({number(pixel)} µm pixels). "
            f"{chosen}",
        ),
        whole=Figure(
            data=_take(seen, far, max(pixel, (far[2] - far[0]) / 1500)), mime="image/png", title="The same cell, all of its trail",
            alt=f"Virtual micrograph of the whole trail of cell {top.cell_id}.",
            caption="The same cell with its whole trail: intact fibres near the cell, old stretches broken into rows of dots "
            "far behind it, and its neighbours. Outline, side fibres and endosomes of the bodies are drawn and hold no data.",
        ),
    )  # fmt: skip


def _take(seen: Observations, field: Field, pixel: float) -> bytes:
    scope = replace(find_microscope("confocal"), name=f"confocal, {pixel:.3g} um pixels", pixel_um=pixel)
    dish = image_observations(seen, channels=(_CHANNEL,), preset=scope, field=field, seed=1)
    levels = stretch(dish.micrographs[0].pixels[0], 40.0, 99.6, 0.8)
    colour = enlarge(green(levels))
    return to_png(with_bar(colour, (field[2] - field[0]) / colour.shape[1]), 255)


def choose_fields(seen: Observations, cell_id: int, size: tuple[float, float]) -> tuple[Field, Field]:
    """Return the field of `size` um with the rear of a cell and most of its migrasomes, and one with all of its trail.

    Parameters
    ----------
    size
        Width and height of the close field, um.
    """
    cell = seen.at("cells").set_index("cell_id").loc[cell_id]
    rear = cell[["rear_x_um", "rear_y_um"]].to_numpy(np.float64)
    ahead = cell[["heading_x", "heading_y"]].to_numpy(np.float64)
    vesicles = _own(seen, "migrasomes", cell_id)
    half = np.array(size) / 2
    # the rear may lie anywhere inside a margin; of those fields, the one with most migrasomes, then most behind the cell
    steps = np.linspace(-1, 1, 15)
    offsets = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2) * (half - 0.12 * half.min())
    middles = rear + offsets
    inside = (np.abs(vesicles[None] - middles[:, None]) < half - 1.5).all(axis=2).sum(axis=1) if len(vesicles) else 0
    body = np.clip((-offsets @ ahead) / half.mean(), -1, 0.45)
    best = middles[int(np.argmax(inside + 0.9 * body))]
    trail = np.concatenate([vesicles, _own(seen, "nodes", cell_id), [rear + 25 * ahead, rear]])
    low, high = trail.min(axis=0) - 6, trail.max(axis=0) + 6
    middle = np.where(high - low > _LARGEST_UM, best, (low + high) / 2)
    reach = np.clip(high - low, np.maximum(size, 60.0), _LARGEST_UM) / 2
    return (*(best - half), *(best + half)), (*(middle - reach), *(middle + reach))


def _own(seen: Observations, table: str, cell_id: int) -> Floats:
    rows = seen[table] if table == "nodes" else seen.at(table)
    rows = rows[rows["cell_id"] == cell_id]
    return np.asarray(rows[["x_um", "y_um"]].to_numpy(np.float64))
