"""A stained thin section under an electron microscope: membrane dark on a bright ground.

A look for training and for the statistics of sections, not a model of fixing and staining: only geometry is exact.
Lengths in um; a slice of thickness t lies between focus - t/2 and focus + t/2.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from migralab.core.errors import RequestError
from migralab.microscope.body import CellBody
from migralab.microscope.light.camera import generator_for
from migralab.microscope.light.objects import Canvas
from migralab.microscope.specimen import Dots, Scene, Tubes, Vesicles
from migralab.physics.optics import Grid, polygon_coverage

Floats = NDArray[np.float64]

MEMBRANE_UM = 0.008  # thickness of a stained bilayer (textbook, E)
# E: absorption per um: a membrane that stands upright in 70 nm lets 35 % through
_MEMBRANE, _LUMEN, _CYTOPLASM, _DEBRIS = 15.0, 1.0, 3.0, 12.0
_INNER = 12.0  # E: luminal vesicles of a migrasome of 1 um; migrasomes hold some (Ma 2015)


def random_cut(scene: Scene, *, key: int, block_um: float) -> Scene:
    """Return the scene embedded in a block, every object at a random height, so that one plane cuts some.

    Parameters
    ----------
    scene
        The specimen.
    key
        Seed of the heights.
    block_um
        Thickness of the block; heights of centres are even from -block/2 to block/2.

    Raises
    ------
    RequestError
        If the block is thinner than the largest vesicle: small ones would be cut too often.
    """
    largest = float(scene.vesicles.diameter.max(initial=0.0))
    if not block_um >= largest:
        raise RequestError(
            f"block_um = {block_um} is thinner than the largest vesicle ({largest:g} um), and not every vesicle "
            f"would have the chance that its size gives it. Give at least {largest:g}."
        )
    draw = generator_for(key, "random-cut")

    def heights(count: int) -> Floats:
        return draw.uniform(-block_um / 2, block_um / 2, count)

    vesicles = dataclasses.replace(scene.vesicles, z_um=heights(len(scene.vesicles.z_um)))
    dots = dataclasses.replace(scene.dots, z_um=heights(len(scene.dots.z_um)))
    names, owner = np.unique(scene.tubes.node_id, return_inverse=True)  # a stretch stays in one piece
    tubes = dataclasses.replace(scene.tubes, z_um=heights(len(names))[owner])
    return dataclasses.replace(scene, vesicles=vesicles, dots=dots, tubes=tubes)


def cut_diameter(diameter: ArrayLike, height: ArrayLike, slice_um: float = 0.0) -> Floats:
    """Return the diameter of the circle in which a slice shows a sphere `height` um away; 0 where it misses it.

    ``d_cut = sqrt(d^2 - 4 max(|z| - t/2, 0)^2)``: through a slice of thickness t the widest circle in it is seen
    (eq-section-circle).
    """
    nearest = np.clip(np.abs(np.asarray(height, np.float64)) - slice_um / 2, 0, None)
    return np.asarray(np.sqrt(np.clip(np.asarray(diameter, np.float64) ** 2 - 4 * nearest**2, 0, None)), np.float64)


def column(radius: float, distance: ArrayLike, low: float, high: float) -> Floats:
    """Return how far a column at `distance` from the axis runs inside a sphere between heights `low` and `high`.

    The sphere (or lying cylinder) has its centre at height 0: ``|[-c, c] and [low, high]|`` with
    ``c = sqrt(R^2 - r^2)``.
    """
    half = np.sqrt(np.clip(radius**2 - np.asarray(distance, np.float64) ** 2, 0, None))
    return np.asarray(np.clip(np.minimum(half, high) - np.maximum(-half, low), 0, None), np.float64)


def draw_slice(canvas: Canvas, scene: Scene, *, key: int) -> Floats:
    """Return the mean electrons (y, x) that come through the slice, before blur by the lens and noise."""
    dark = np.zeros(canvas.grid.shape)
    for cell in scene.cells:
        _add_body(dark, canvas, cell, generator_for(key, f"grain/{scene.frame}/{cell.cell_id}"))
    tubes = np.zeros(canvas.grid.shape)
    _add_tubes(tubes, canvas, scene.tubes)
    dark += tubes
    _add_dots(dark, canvas, scene.dots)
    _add_vesicles(dark, canvas, scene.vesicles, key)
    clear = canvas.optics.photons_per_um2 * canvas.grid.pixel**2
    width = canvas.optics.psf_um / canvas.grid.pixel
    return np.asarray(ndimage.gaussian_filter(clear * np.exp(-dark), width, mode="nearest"))


def _slab(canvas: Canvas, height: float) -> tuple[float, float]:
    middle = canvas.shot.focus_um - height
    return middle - canvas.optics.slice_um / 2, middle + canvas.optics.slice_um / 2


def _add_round(
    dark: Floats, canvas: Canvas, place: Floats, size: tuple[float, float], inner: float, shell: float
) -> None:
    """Add a sphere of `size` (diameter, height): a membrane of absorption `shell`, an inside of absorption `inner`."""
    diameter, height = size
    low, high = _slab(canvas, height)
    outer = diameter / 2 + MEMBRANE_UM / 2
    if high < -outer or low > outer:
        return
    window, away = _around(canvas, place, outer)
    if window is None:
        return
    hollow = column(max(diameter / 2 - MEMBRANE_UM / 2, 0), away, low, high)
    dark[window] += shell * (column(outer, away, low, high) - hollow) + inner * hollow


def _around(canvas: Canvas, place: Floats, reach: float) -> tuple[tuple[slice, slice] | None, Floats]:
    """Window of the image around a place, and the distance of its pixels."""
    pixel, (rows, columns) = canvas.grid.pixel, canvas.grid.shape
    x, y = place - canvas.corner
    spans = []
    for middle, count in ((y, rows), (x, columns)):
        first, last = max(0, int((middle - reach) / pixel)), min(count, int((middle + reach) / pixel) + 2)
        if first >= last:
            return None, np.empty(0)
        spans.append(slice(first, last))
    dy, dx = np.arange(rows)[spans[0]] * pixel - y, np.arange(columns)[spans[1]] * pixel - x
    return (spans[0], spans[1]), np.hypot(dy[:, None], dx[None, :])


def _add_vesicles(dark: Floats, canvas: Canvas, vesicles: Vesicles, key: int) -> None:
    for row in range(len(vesicles.diameter)):
        size = float(vesicles.diameter[row]), float(vesicles.z_um[row])
        _add_round(dark, canvas, vesicles.centre[row], size, _LUMEN * float(vesicles.lumen[row]), _MEMBRANE)
        draw = generator_for(key, f"luminal/{int(vesicles.migrasome_id[row])}")
        count = draw.poisson(_INNER * size[0] ** 2 * float(vesicles.lumen[row]))
        small = draw.uniform(0.05, 0.12, count)
        way = draw.normal(0, 1, (count, 3))
        room = np.clip(size[0] / 2 - small / 2 - 2 * MEMBRANE_UM, 0, None) * draw.random(count) ** (1 / 3)
        place = way / np.linalg.norm(way, axis=1, keepdims=True) * room[:, None]
        for offset, diameter in zip(place[room > 0], small[room > 0], strict=True):
            middle = vesicles.centre[row] + offset[:2]
            _add_round(dark, canvas, middle, (float(diameter), size[1] + float(offset[2])), _LUMEN, _MEMBRANE)


def _add_dots(dark: Floats, canvas: Canvas, dots: Dots) -> None:
    for row in range(len(dots.diameter)):
        solid = _DEBRIS if dots.kind[row] == "debris" else _LUMEN
        size = float(dots.diameter[row]), float(dots.z_um[row])
        _add_round(dark, canvas, dots.centre[row], size, solid, _MEMBRANE)


def _add_tubes(dark: Floats, canvas: Canvas, tubes: Tubes) -> None:
    """Add lying cylinders; where pieces meet the darker counts, so that a bend is not drawn twice."""
    for row in range(len(tubes.ends)):
        radius = float(tubes.radius[row])
        low, high = _slab(canvas, float(tubes.z_um[row]))
        start, end = tubes.ends[row, :2], tubes.ends[row, 2:]
        outer = radius + MEMBRANE_UM / 2
        if high < -outer or low > outer:
            continue
        middle, half = (start + end) / 2, float(np.hypot(*(end - start))) / 2
        window, _ = _around(canvas, middle, half + outer)
        if window is None:
            continue
        away = _from_segment(canvas, window, start, end)
        wall = column(outer, away, low, high) - column(max(radius - MEMBRANE_UM / 2, 0), away, low, high)
        dark[window] = np.maximum(dark[window], _MEMBRANE * wall)


def _from_segment(canvas: Canvas, window: tuple[slice, slice], start: Floats, end: Floats) -> Floats:
    pixel, (rows, columns) = canvas.grid.pixel, canvas.grid.shape
    y = np.arange(rows)[window[0]][:, None] * pixel + canvas.corner[1] - start[1]
    x = np.arange(columns)[window[1]][None, :] * pixel + canvas.corner[0] - start[0]
    span = end - start
    share = np.clip((x * span[0] + y * span[1]) / max(float(span @ span), 1e-12), 0, 1)
    return np.asarray(np.hypot(x - share * span[0], y - share * span[1]), np.float64)


def _add_body(dark: Floats, canvas: Canvas, cell: CellBody, generator: np.random.Generator) -> None:
    """Add cytoplasm with grain, bounded by its membrane."""
    grid = Grid(canvas.grid.pixel, canvas.grid.shape)
    cover = polygon_coverage(cell.outline - canvas.corner, grid)
    if not cover.any():
        return
    rim = cover * ndimage.distance_transform_edt(cover > 0) * grid.pixel
    grain = ndimage.gaussian_filter(generator.standard_normal(grid.shape), 0.01 / grid.pixel, mode="wrap")
    texture = np.clip(1 + 0.4 * grain / max(float(grain.std()), 1e-12), 0, None)
    slab = canvas.optics.slice_um
    dark += slab * (_CYTOPLASM * texture * cover + _MEMBRANE * ((rim > 0) & (rim < MEMBRANE_UM + grid.pixel)))
