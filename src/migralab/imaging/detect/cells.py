"""Cell bodies: what is bright, and thicker than any process or vesicle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from migralab.imaging.detect.chains import box_of, label_pixels
from migralab.imaging.settings import AnalysisSettings
from migralab.imaging.signal.bins import bin_image, unbin_image
from migralab.imaging.signal.noise import Image, Mask
from migralab.imaging.signal.windows import open_grey, smooth_image

Labels = NDArray[np.int32]

_LARGEST_HOLE_UM2 = 300.0  # bodies are dim in the middle where only the membrane is labelled
_SHARE_SEEN = 0.3  # a body may lie under a mask, but not almost wholly
_BESIDE = 3  # pixels; interpolation looks at two
_SHARE_AT_EDGE = 0.2  # of a body that the image cuts, so much must be seen


@dataclass(frozen=True, slots=True, kw_only=True)
class CellBody:
    """One cell body; positions in um from the image's top left pixel centre."""

    cell_id: int
    x_um: float
    y_um: float
    area_um2: float
    touches_edge: bool


def find_cell_bodies(
    stabilised: Image, usable: Mask, pixel_um: float, settings: AnalysisSettings
) -> tuple[Labels, tuple[CellBody, ...]]:
    """Outline the cell bodies.

    Parameters
    ----------
    stabilised
        Image in units of its noise.
    usable
        True on specimen.
    pixel_um
        Pixel size, um.
    settings
        Thresholds.

    Returns
    -------
    labels
        Number of the cell (from 1) at each pixel, 0 outside.
    cells
        The bodies, by number; ``cell_id`` is the label less one.
    """
    factor = max(1, int(settings.cell_pixel_um / pixel_um))
    coarse, wide = bin_image(stabilised, factor), pixel_um * factor
    outline = _open(_is_plateau(coarse, wide, settings, factor), wide, settings)
    outline = _fill_holes(outline, _LARGEST_HOLE_UM2 / wide**2)
    body = outline if factor == 1 else _refine(outline, factor, stabilised.shape)
    raw, sizes, boxes = label_pixels(body & usable, corners=False)
    body &= ~usable | (sizes > int(_SHARE_AT_EDGE * settings.cell_smallest_um2 / pixel_um**2))[raw]
    raw, sizes, boxes = label_pixels(body)
    labels = np.zeros_like(raw)
    cells: list[CellBody] = []
    windows = [box_of(boxes, number) for number in range(1, len(boxes))]
    whole = [raw[box] == number for number, box in enumerate(windows, start=1)]
    light = [float(stabilised[box][part].mean()) for box, part in zip(windows, whole, strict=True)]
    for number, (box, part, mean) in enumerate(zip(windows, whole, light, strict=True), start=1):
        inside = part & usable[box]
        area = float(inside.sum()) * pixel_um**2
        edge = _touches_edge(boxes[number], raw.shape)
        smallest = settings.cell_smallest_um2 * (_SHARE_AT_EDGE if edge else 1.0)
        dim = mean < settings.cell_dimmest * max(light)
        if area < smallest or inside.sum() < _SHARE_SEEN * sizes[number] or dim:
            continue
        y, x = np.mean(np.nonzero(inside), axis=1) + boxes[number, ::2]
        labels[box][part] = len(cells) + 1
        cells.append(
            CellBody(
                cell_id=len(cells),
                x_um=float(x) * pixel_um,
                y_um=float(y) * pixel_um,
                area_um2=area,
                touches_edge=edge,
            )
        )
    return labels, tuple(cells)


def _is_plateau(stabilised: Image, pixel_um: float, settings: AnalysisSettings, factor: int) -> Mask:
    """Bright without dark gaps: true on bodies, false between fibres however dense they are."""
    # pixels that were taken together are smooth already
    least = 0.7 if factor == 1 else 0.0
    smooth = smooth_image(stabilised, max(settings.cell_smoothing_um / pixel_um, least))
    ground = float(np.percentile(smooth, 25))
    lower = smooth[smooth <= np.median(smooth)]
    spread = 1.4826 * float(np.median(np.abs(lower - ground)))
    level = ground + max(settings.cell_sigma, 4.0 * spread)
    without_lines = open_grey(smooth, max(1, round(settings.cell_gap_um / pixel_um / 2)))
    around = smooth_image(smooth, 1.5 * settings.cell_gap_um / pixel_um) - ground
    return np.asarray((without_lines > level) & (without_lines - ground > settings.cell_evenness * around), bool)


def _open(bright: Mask, pixel_um: float, settings: AnalysisSettings) -> Mask:
    """Drop what is thinner than a body; by distances, whose cost does not grow with the radius."""
    filled = _fill_holes(bright, 8.0 / pixel_um**2)
    radius = max(settings.cell_thinnest_um / 2 / pixel_um, 2.0)
    margin = int(radius) + 1
    padded = np.pad(filled, margin, mode="edge")
    core = ndimage.distance_transform_edt(padded) > radius
    if not core.any():
        return np.zeros_like(filled)
    opened = ndimage.distance_transform_edt(~core) <= radius + 1
    return np.asarray((opened & padded)[margin:-margin, margin:-margin], bool)


def _fill_holes(body: Mask, largest_px: float) -> Mask:
    """Fill what is enclosed and small; the ground, which reaches the edge, is no hole in a small image either."""
    labels, sizes, boxes = label_pixels(~body, corners=False)
    inside = (boxes[:, ::2] > 0).all(axis=1) & (boxes[:, 1::2] < body.shape).all(axis=1)
    return np.asarray(body | (inside & (sizes <= int(largest_px)))[labels], bool)


def _refine(outline: Mask, factor: int, shape: tuple[int, ...]) -> Mask:
    """Return the outline on pixels smaller by `factor`; nothing needs to be done where there is none."""
    body = np.zeros(shape, bool)
    _, _, boxes = label_pixels(outline)
    for number in range(1, len(boxes)):
        coarse = tuple(slice(max(p.start - _BESIDE, 0), p.stop + _BESIDE) for p in box_of(boxes, number))
        fine = body[tuple(slice(p.start * factor, p.stop * factor) for p in coarse)]
        fine |= unbin_image(outline[coarse].astype(np.float32), factor, (fine.shape[0], fine.shape[1])) > 0.5
    return body


def _touches_edge(box: NDArray[np.int64], shape: tuple[int, ...]) -> bool:
    return bool(min(box[::2]) <= 1 or box[1] >= shape[0] - 1 or box[3] >= shape[1] - 1)


def distance_to_bodies(bodies: Labels, reach_px: float) -> tuple[Labels, NDArray[np.float64]]:
    """Return the number of the nearest body and the distance to it, pixels; 0 and infinite where none is in reach.

    Parameters
    ----------
    bodies
        Number of the cell (from 1) at each pixel.
    reach_px
        Greatest distance, pixels.
    """
    nearest, distance = np.zeros_like(bodies), np.full(bodies.shape, np.inf)
    margin = int(reach_px) + 1
    for box in ndimage.find_objects(bodies):
        if box is None:
            continue
        # whatever is nearer than the reach to this body lies in its window, and is measured exactly there or in another
        window = tuple(slice(max(part.start - margin, 0), part.stop + margin) for part in box)
        apart, (row, column) = ndimage.distance_transform_edt(bodies[window] == 0, return_indices=True)
        nearer = (apart <= reach_px) & (apart < distance[window])
        distance[window][nearer] = apart[nearer]
        nearest[window][nearer] = bodies[window][row[nearer], column[nearer]]
    return nearest, distance
