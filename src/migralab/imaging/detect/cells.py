"""Cell bodies: what is bright, and thicker than any process or vesicle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage import measure, morphology

from migralab.imaging.settings import AnalysisSettings
from migralab.imaging.signal.bins import bin_image, unbin_image
from migralab.imaging.signal.noise import Image, Mask

Labels = NDArray[np.int32]

_LARGEST_HOLE_UM2 = 300.0  # bodies are dim in the middle where only the membrane is labelled
_SHARE_SEEN = 0.3  # a body may lie under a mask, but not almost wholly
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
    body = outline if factor == 1 else unbin_image(outline.astype(np.float32), factor, stabilised.shape) > 0.5
    seen = int(_SHARE_AT_EDGE * settings.cell_smallest_um2 / pixel_um**2)
    body &= ~usable | morphology.remove_small_objects(body & usable, max_size=seen)
    raw = np.asarray(measure.label(body), np.int32)  # type: ignore[no-untyped-call]  # skimage has no types
    labels = np.zeros_like(raw)
    cells: list[CellBody] = []
    regions = measure.regionprops(raw, intensity_image=stabilised)  # type: ignore[no-untyped-call]  # as above
    brightest = max((float(region.image_intensity[region.image].mean()) for region in regions), default=0.0)
    for region in regions:
        inside = (raw == region.label) & usable
        area = float(inside.sum()) * pixel_um**2
        edge = _touches_edge(region.bbox, raw.shape)
        smallest = settings.cell_smallest_um2 * (_SHARE_AT_EDGE if edge else 1.0)
        mean = float(region.image_intensity[region.image].mean())
        if area < smallest or inside.sum() < _SHARE_SEEN * region.area or mean < settings.cell_dimmest * brightest:
            continue
        y, x = ndimage.center_of_mass(inside)
        labels[raw == region.label] = len(cells) + 1
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
    smooth = ndimage.gaussian_filter(stabilised, max(settings.cell_smoothing_um / pixel_um, least))
    ground = float(np.percentile(smooth, 25))
    lower = smooth[smooth <= np.median(smooth)]
    spread = 1.4826 * float(np.median(np.abs(lower - ground)))
    level = ground + max(settings.cell_sigma, 4.0 * spread)
    side = max(3, 2 * round(settings.cell_gap_um / pixel_um / 2) + 1)
    without_lines = ndimage.grey_opening(smooth, size=(side, side))
    around = ndimage.gaussian_filter(smooth, 1.5 * settings.cell_gap_um / pixel_um) - ground
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
    holes = ndimage.binary_fill_holes(body) & ~body
    return np.asarray(body | (holes & ~morphology.remove_small_objects(holes, max_size=int(largest_px))), bool)


def _touches_edge(box: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    return min(box[:2]) <= 1 or box[2] >= shape[0] - 1 or box[3] >= shape[1] - 1
