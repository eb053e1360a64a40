"""Label images: cells, fibres and migrasomes as instances, each pixel the number of the object that it shows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from migralab.microscope.files.truth import Seen
from migralab.microscope.image_run import ImagedDish
from migralab.microscope.specimen import FIBRE_KINDS, choose
from migralab.physics.optics import Grid, polygon_coverage

Labels = NDArray[Any]
LAYERS = ("cells", "fibres", "migrasomes")


def label_images(dish: ImagedDish) -> Iterator[Labels]:
    """Yield the label images (layer, y, x) of each frame; layers in the order of `LAYERS`.

    Cells and migrasomes have their id plus 1. Fibres have the id of their node plus 1; side fibres, which have
    none, get numbers beyond. 0 is ground. A fibre is drawn one pixel wide, a migrasome at its true diameter (in a
    thin section: that of its circle), the smaller over the larger.
    """
    dtype = label_type(dish)
    for scene, shot in zip(dish.scenes, dish.micrographs, strict=True):
        seen, shape = Seen(scene, shot), shot.pixels.shape[-2:]
        grid = Grid(shot.microscope.pixel_um, (int(shape[0]), int(shape[1])))
        yield np.stack([_cells(seen, grid), _fibres(seen, grid), _migrasomes(seen, grid)]).astype(dtype)


def label_type(dish: ImagedDish) -> np.dtype[Any]:
    """Return uint16, which every program reads, or uint32 where ids are too large for it."""
    largest = 0
    for scene in dish.scenes:
        cells = [cell.cell_id for cell in scene.cells]
        fibres = int(scene.tubes.node_id.max(initial=0)) + len(scene.tubes.ends)
        largest = max(largest, fibres, int(scene.vesicles.migrasome_id.max(initial=0)), *cells)
    return np.dtype(np.uint16 if largest + 2 < 2**16 else np.uint32)


def _cells(seen: Seen, grid: Grid) -> Labels:
    image = np.zeros(grid.shape, np.uint32)
    for cell in seen.scene.cells:
        image[polygon_coverage(seen.places(cell.outline), grid) > 0.5] = cell.cell_id + 1
    return image


def _fibres(seen: Seen, grid: Grid) -> Labels:
    """Draw every piece as points a third of a pixel apart."""
    image = np.zeros(grid.shape, np.uint32)
    tubes = choose(seen.scene.tubes, np.isin(seen.scene.tubes.kind, FIBRE_KINDS))
    if not len(tubes.ends):
        return image
    beyond = int(tubes.node_id.max()) + 2
    number = np.where(tubes.node_id >= 0, tubes.node_id + 1, beyond + np.arange(len(tubes.ends)))
    ends = np.hstack([seen.places(tubes.ends[:, :2]), seen.places(tubes.ends[:, 2:])])
    length = np.hypot(ends[:, 2] - ends[:, 0], ends[:, 3] - ends[:, 1])
    count = np.maximum(np.ceil(3 * length / grid.pixel), 1).astype(np.int64) + 1
    piece = np.repeat(np.arange(len(ends)), count)
    share = (np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)) / (count[piece] - 1)
    place = ends[piece, :2] + share[:, None] * (ends[piece, 2:] - ends[piece, :2])
    x, y = np.rint(place / grid.pixel).astype(np.int64).T
    inside = (x >= 0) & (y >= 0) & (x < grid.shape[1]) & (y < grid.shape[0])
    image[y[inside], x[inside]] = number[piece[inside]]
    return image


def _migrasomes(seen: Seen, grid: Grid) -> Labels:
    image = np.zeros(grid.shape, np.uint32)
    these = choose(seen.scene.vesicles, seen.scene.vesicles.kind == "migrasome")
    thin = seen.shot.microscope.contrast == "electron"
    size = seen.cut(these) if thin else these.diameter
    place = seen.places(these.centre)
    for row in np.argsort(-size, kind="stable"):
        if size[row] > 0:
            _add_disc(image, grid, place[row], float(size[row]) / 2, int(these.migrasome_id[row]) + 1)
    return image


def _add_disc(image: Labels, grid: Grid, place: NDArray[np.float64], radius: float, number: int) -> None:
    """Mark the pixels whose centre lies in the disc, and always the one at its centre."""
    x, y = place / grid.pixel
    reach = radius / grid.pixel
    rows = np.arange(max(0, int(y - reach)), min(grid.shape[0], int(y + reach) + 2))
    columns = np.arange(max(0, int(x - reach)), min(grid.shape[1], int(x + reach) + 2))
    if not (len(rows) and len(columns)):
        return
    inside = (rows[:, None] - y) ** 2 + (columns[None, :] - x) ** 2 <= reach**2
    inside |= (rows[:, None] == round(y)) & (columns[None, :] == round(x))
    image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1][inside] = number
