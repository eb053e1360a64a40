"""Light of tubes, dots, vesicles and bodies, laid into an image already blurred."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from migralab.core.random import normal_pair_array, stream_key
from migralab.microscope.body import CellBody
from migralab.microscope.light.shot import Shot, by_width, share_at, spread_at
from migralab.microscope.presets import Microscope, Stain
from migralab.microscope.specimen import Dots, Scene, Tubes, Vesicles, choose
from migralab.physics.optics import (
    REACH,
    Grid,
    ball_profile,
    deposit_profile,
    deposit_segments,
    deposit_spots,
    pixel_psf,
    polygon_coverage,
    shell_profile,
    split_segments,
)

Array = NDArray[Any]
Floats = NDArray[np.float64]

_BEAD_UM = 0.4  # E: length over which the brightness of a fibre varies
_GRAIN_UM = 0.12  # E: width of the grains in the texture of a body
_GRAIN_AREA = 4 * np.pi * _GRAIN_UM**2  # pixels larger than this average the grain away
_BODY_UM = 1.5  # E: standard deviation of a body's thickness


@dataclass(frozen=True, slots=True, kw_only=True)
class Canvas:
    """What is drawn on: planes (channel, y, x), their pixels, the place of the first, and how it is seen."""

    light: Floats
    grid: Grid
    corner: Floats
    optics: Microscope
    stains: tuple[Stain, ...]
    shot: Shot

    def add(self, image: Floats, factors: Sequence[float]) -> None:
        """Add an image to every plane, each with its factor."""
        for row, factor in enumerate(factors):
            self.light[row] += self.stains[row].level * factor * image

    def near(self, points: Floats, beyond: float | Floats) -> Array:
        """Return which points (n, 2) lie in the image or not further than `beyond` um from it."""
        size = np.array(self.grid.shape[::-1]) * self.grid.pixel
        place = points - self.corner
        margin = np.reshape(beyond, (-1, 1)) if np.ndim(beyond) else beyond
        return np.asarray(((place > -margin) & (place < size + margin)).all(axis=-1))


def add_tubes(canvas: Canvas, tubes: Tubes, key: int, beading: float) -> None:
    """Add tubes; their brightness varies along them by `beading`."""
    pieces, segment, _ = split_segments(tubes.ends, _BEAD_UM)
    # flank fibres have no node: their row stands for it
    name = np.where(tubes.node_id[segment] >= 0, tubes.node_id[segment], -2 - segment).astype(np.int64)
    ordinal = _count_along(name)
    height = tubes.z_um[segment] - canvas.shot.focus_um
    width = spread_at(canvas.optics, height)
    near = canvas.near((pieces[:, :2] + pieces[:, 2:]) / 2, np.maximum(2.0, REACH * width))
    pieces, segment, name, ordinal = pieces[near], segment[near], name[near], ordinal[near]
    height, width = height[near], width[near]
    stream = stream_key(f"microscope/beading/{key}")
    beads, _ = normal_pair_array(stream, name.astype(np.uint64), ordinal.astype(np.uint64), 0)
    bright = tubes.brightness[segment] * np.exp(beading * beads - beading**2 / 2)  # mean 1
    length = np.hypot(pieces[:, 2] - pieces[:, 0], pieces[:, 3] - pieces[:, 1])
    light = 2 * np.pi * tubes.radius[segment] * length * bright * share_at(canvas.optics, height)
    image = np.zeros(canvas.grid.shape)
    for psf, rows in by_width(width, canvas.optics.psf_um):
        deposit_segments(image, canvas.grid, pieces[rows] - np.tile(canvas.corner, 2), light[rows], psf)
    canvas.add(image, [stain.tube for stain in canvas.stains])


def _count_along(name: Array) -> Array:
    """Return the number of each piece within its stretch; the pieces of a stretch follow each other."""
    new = np.r_[True, name[1:] != name[:-1]] if len(name) else np.empty(0, bool)
    row = np.arange(len(name))
    return row - np.maximum.accumulate(np.where(new, row, 0))


def add_dots(canvas: Canvas, dots: Dots) -> None:
    """Add dots; what each kind gives depends on the stain."""
    for kind in np.unique(dots.kind):
        image = np.zeros(canvas.grid.shape)
        _add_spots(canvas, image, choose(dots, dots.kind == kind))
        own = [{"debris": stain.debris, "endosome": stain.spots}.get(str(kind), stain.tube) for stain in canvas.stains]
        canvas.add(image, own)


def _add_spots(canvas: Canvas, image: Floats, dots: Dots) -> None:
    height = dots.z_um - canvas.shot.focus_um
    width = spread_at(canvas.optics, height)
    near = canvas.near(dots.centre, np.maximum(1.0, REACH * width)) & (dots.diameter > 0)
    light = np.pi * dots.diameter**2 * dots.brightness * share_at(canvas.optics, height)
    for psf, rows in by_width(width, canvas.optics.psf_um):
        own = rows[near[rows]]
        places = dots.centre[own] - canvas.corner
        deposit_spots(image, canvas.grid, places, dots.diameter[own], light[own], psf)


def add_vesicles(canvas: Canvas, vesicles: Vesicles) -> None:
    """Add vesicles: a shell and its inside, as far as they lie in the section."""
    height = vesicles.z_um - canvas.shot.focus_um
    width = spread_at(canvas.optics, height)
    reach = vesicles.diameter / 2 + REACH * width
    shade = np.zeros(len(height)) if canvas.optics.axial == "blur" else height
    for row in np.flatnonzero(canvas.near(vesicles.centre, reach)):
        distance, shell, ball = _sphere(canvas, float(vesicles.diameter[row]), float(width[row]), float(shade[row]))
        x, y = vesicles.centre[row] - canvas.corner
        for plane, stain in zip(canvas.light, canvas.stains, strict=True):
            marker = vesicles.enrichment[row] if stain.vesicle == "tetraspanin" else 1.0
            filling = stain.lumen * (vesicles.rna[row] if stain.content == "rna" else vesicles.lumen[row])
            # what is inside scales with the membrane where membrane is what fills it
            inside = filling * (marker * stain.density * vesicles.density[row] if stain.density else 1.0) * ball
            light = stain.density * marker * vesicles.density[row] * shell + inside
            factor = stain.spots if vesicles.kind[row] == "endosome" and stain.density else 1.0
            deposit_profile(plane, canvas.grid, (float(x), float(y)), distance, stain.level * factor * light)


def _sphere(canvas: Canvas, diameter: float, psf: float, height: float) -> tuple[Floats, Floats, Floats]:
    width, section = pixel_psf(psf, canvas.grid.pixel), canvas.optics.section_um
    reach = diameter / 2 + REACH * width
    distance = np.linspace(0, reach, int(reach / (width / 8)) + 2)
    shell = shell_profile(diameter / 2, distance, width, section, height)
    return distance, shell, ball_profile(diameter / 2, distance, width, section, height)


def add_body(canvas: Canvas, cell: CellBody, generator: np.random.Generator) -> None:
    """Add a cell body: a sheet with grain, a rim, a thicker middle, its nucleus; and its endosomes."""
    grid, pixel = canvas.grid, canvas.grid.pixel
    focus = np.array([canvas.shot.focus_um])
    psf_um = float(spread_at(canvas.optics, focus)[0])
    margin = REACH * psf_um + 2 * pixel
    low = np.floor((cell.outline.min(axis=0) - margin - canvas.corner) / pixel).astype(int)
    high = np.ceil((cell.outline.max(axis=0) + margin - canvas.corner) / pixel).astype(int)
    shape = (int(high[1] - low[1]), int(high[0] - low[0]))
    window = _overlap(low, shape, grid.shape)
    if window is None:
        return
    own, there = window
    local = Grid(pixel, shape)
    start = canvas.corner + low * pixel
    cover, depth, grain = _sheet(cell, local, start, generator)
    spots = np.zeros(shape)
    diameter, bright = cell.spots[:, 2], cell.spots[:, 3]  # drawn as filled spots: endosomes hold vesicles
    deposit_spots(spots, local, cell.spots[:, :2] - start, diameter, np.pi * diameter**2 * bright, psf_um)
    core = _disc(cell.nucleus, local, start)
    seen = 1.0 if canvas.optics.axial == "blur" else _slab_share(canvas.optics, float(focus[0]))
    thick = 1 - np.exp(-depth / 3.0)  # E: lamella a few um wide, then the body
    for plane, stain in zip(canvas.light, canvas.stains, strict=True):
        sheet = 1 + stain.thickness * thick + stain.rim * np.exp(-depth / 0.35)
        sheet = stain.body * cover * sheet * np.clip(1 + stain.grain * grain, 0, None) * pixel**2
        sheet += stain.nucleus * core * cover * pixel**2
        body = ndimage.gaussian_filter(sheet, psf_um / pixel, mode="constant", truncate=REACH)
        plane[there] += stain.level * seen * (body + stain.spots * spots)[own]


def _sheet(cell: CellBody, local: Grid, start: Floats, generator: np.random.Generator) -> tuple[Floats, ...]:
    """Share of each pixel that the body covers, distance to its edge in um, and its grain."""
    pixel = local.pixel
    cover = polygon_coverage(cell.outline - start, local)
    depth = ndimage.distance_transform_edt(cover > 0.5) * pixel
    grain = ndimage.gaussian_filter(generator.standard_normal(local.shape), _GRAIN_UM / pixel, mode="wrap")
    grain *= np.sqrt(_GRAIN_AREA / (_GRAIN_AREA + pixel**2)) / max(float(grain.std()), 1e-12)
    return cover, depth, grain


def _slab_share(optics: Microscope, focus: float) -> float:
    """Light of a body focused `focus` um away, relative to the usual focus."""
    return float(np.exp(-(focus**2) / (2 * (optics.section_um**2 + _BODY_UM**2))))


def _disc(nucleus: tuple[float, float, float], local: Grid, start: Floats) -> Floats:
    x, y, radius = nucleus
    rows, columns = np.indices(local.shape) * local.pixel
    away = np.hypot(columns + start[0] - x, rows + start[1] - y)
    return np.asarray(np.clip((radius - away) / local.pixel + 0.5, 0, 1))


def _overlap(
    low: Array, shape: tuple[int, int], whole: tuple[int, int]
) -> tuple[tuple[slice, slice], tuple[slice, slice]] | None:
    """Slices of a window that starts at pixel `low` (x, y), in the window and in the whole image."""
    own, there = [], []
    for begin, length, limit in ((int(low[1]), shape[0], whole[0]), (int(low[0]), shape[1], whole[1])):
        first, last = max(begin, 0), min(begin + length, limit)
        if first >= last:
            return None
        own.append(slice(first - begin, last - begin))
        there.append(slice(first, last))
    return (own[0], own[1]), (there[0], there[1])


def draw_scene(canvas: Canvas, scene: Scene, *, key: int, generators: Sequence[np.random.Generator]) -> None:
    """Add everything in a scene to a canvas; `generators` give the grain of each cell."""
    add_tubes(canvas, scene.tubes, key, scene.beading)
    add_dots(canvas, scene.dots)
    for cell, generator in zip(scene.cells, generators, strict=True):
        add_body(canvas, cell, generator)
    add_vesicles(canvas, scene.vesicles)
