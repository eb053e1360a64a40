"""From a scene to a micrograph: light, blur, photon noise, grey levels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from migralab.core.errors import RequestError
from migralab.core.random import normal_pair_array, stream_key
from migralab.microscope.body import CellBody
from migralab.microscope.presets import Microscope, Stain, find_stains
from migralab.microscope.scene import Dots, Scene, Tubes, Vesicles
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

LARGEST_SIDE = 8192
_BEAD_UM = 0.4  # E: length over which the brightness of a fibre varies
_GRAIN_UM = 0.12  # E: width of the grains in the texture of a body
_GRAIN_AREA = 4 * np.pi * _GRAIN_UM**2  # pixels larger than this average the grain away
_BEADING = 0.25  # E: its log-normal spread


@dataclass(frozen=True, slots=True, kw_only=True)
class Micrograph:
    """One frame as the camera gives it.

    Parameters
    ----------
    pixels
        Grey levels (channel, y, x), uint16.
    channels
        Names of the channels.
    microscope
        Instrument that it was taken with.
    origin_um
        Place in the dish of the centre of pixel (0, 0): x, y.
    frame, time_min
        Frame of the run, and its time.
    saturated
        Pixels at the upper end of the scale, per channel.
    """

    pixels: NDArray[np.uint16]
    channels: tuple[str, ...]
    microscope: Microscope
    origin_um: tuple[float, float]
    frame: int
    time_min: float
    saturated: tuple[int, ...]


def render(scene: Scene, optics: Microscope, *, key: int, channels: Sequence[str] = ("WGA", "TSPAN4")) -> Micrograph:
    """Return the micrograph of a scene; the same key gives the same pixels.

    Parameters
    ----------
    scene
        The specimen.
    optics
        The microscope.
    key
        Seed of the noise, of the grain of cell bodies and of the beading of fibres.
    channels
        Channels to take, in this order. One channel's pixels do not depend on which others are taken.
    """
    stains = find_stains(channels)
    expected = expected_photons(scene, optics, key=key, channels=channels)
    planes = [
        expose(light, optics, _generator(key, f"noise/{stain.name}/{scene.frame}"))
        for light, stain in zip(expected, stains, strict=True)
    ]
    top = np.iinfo(np.uint16).max
    return Micrograph(
        pixels=np.stack(planes),
        channels=tuple(stain.name for stain in stains),
        microscope=optics,
        origin_um=scene.field[:2],
        frame=scene.frame,
        time_min=scene.time_min,
        saturated=tuple(int((plane == top).sum()) for plane in planes),
    )


def expected_photons(
    scene: Scene, optics: Microscope, *, key: int, channels: Sequence[str] = ("WGA", "TSPAN4")
) -> Floats:
    """Return the mean photons (channel, y, x) that the camera would count, background included.

    Raises
    ------
    RequestError
        If the field is larger than 8192 pixels on a side, or not one pixel wide.
    """
    stains = find_stains(channels)
    rows, columns = field_shape(scene, optics)
    # light from objects beyond the border comes in, as far as the blur carries it
    pad = int(np.ceil(REACH * (optics.haze_um if optics.haze else optics.psf_um) / optics.pixel_um)) + 2
    grid = Grid(optics.pixel_um, (rows + 2 * pad, columns + 2 * pad))
    corner = np.array(scene.field[:2]) - pad * optics.pixel_um
    fibres = np.zeros(grid.shape)
    _add_tubes(fibres, grid, corner, scene.tubes, optics, key)
    _add_dots(fibres, grid, corner, scene.dots, optics)
    light = np.stack([stain.level * fibres for stain in stains])
    for cell in scene.cells:
        _add_body(light, grid, corner, cell, optics, stains, _generator(key, f"grain/{scene.frame}/{cell.cell_id}"))
    _add_vesicles(light, grid, corner, scene.vesicles, optics, stains)
    light *= optics.photons_per_um2
    if optics.haze:
        width = optics.haze_um / optics.pixel_um
        spread = np.stack([ndimage.gaussian_filter(plane, width, mode="constant", truncate=REACH) for plane in light])
        light = (1 - optics.haze) * light + optics.haze * spread
    return np.asarray(light[:, pad : pad + rows, pad : pad + columns] + optics.background)


def expose(light: Floats, optics: Microscope, generator: np.random.Generator) -> NDArray[np.uint16]:
    """Return grey levels: Poisson photons, Gaussian read noise, gain, offset and the 16-bit scale."""
    electrons = generator.poisson(light) + optics.read_noise * generator.standard_normal(light.shape)
    levels = np.rint(optics.offset + optics.gain * electrons)
    return np.clip(levels, 0, np.iinfo(np.uint16).max).astype(np.uint16)


def field_shape(scene: Scene, optics: Microscope) -> tuple[int, int]:
    """Return the number of pixels in y and x.

    Raises
    ------
    RequestError
        If the field is larger than 8192 pixels on a side, or not one pixel wide.
    """
    x0, y0, x1, y1 = scene.field
    rows, columns = round((y1 - y0) / optics.pixel_um), round((x1 - x0) / optics.pixel_um)
    if max(rows, columns) > LARGEST_SIDE or min(rows, columns) < 1:
        raise RequestError(
            f"A field of {x1 - x0:g} x {y1 - y0:g} um is {columns} x {rows} pixels. "
            f"Allowed are 1 to {LARGEST_SIDE} a side. Give another field (x0, y0, x1, y1 in um)."
        )
    return rows, columns


def _generator(key: int, name: str) -> np.random.Generator:
    stream = stream_key(f"microscope/{name}")
    return np.random.Generator(np.random.Philox(key=np.array([key % 2**64, stream], dtype=np.uint64)))


def _reach(grid: Grid, corner: Floats, points: Floats, beyond: float | Floats) -> Array:
    """Which points lie in the image or not further than `beyond` from it."""
    size = np.array(grid.shape[::-1]) * grid.pixel
    place = points - corner
    return np.asarray(((place > -beyond) & (place < size + beyond)).all(axis=-1))


def _add_tubes(image: Floats, grid: Grid, corner: Floats, tubes: Tubes, optics: Microscope, key: int) -> None:
    pieces, segment, _ = split_segments(tubes.ends, _BEAD_UM)
    # flank fibres have no node: their row stands for it
    name = np.where(tubes.node_id[segment] >= 0, tubes.node_id[segment], -2 - segment).astype(np.int64)
    ordinal = _count_along(name)
    near = _reach(grid, corner, (pieces[:, :2] + pieces[:, 2:]) / 2, 2.0)
    pieces, segment, name, ordinal = pieces[near], segment[near], name[near], ordinal[near]
    stream = stream_key(f"microscope/beading/{key}")
    beads, _ = normal_pair_array(stream, name.astype(np.uint64), ordinal.astype(np.uint64), 0)
    bright = tubes.brightness[segment] * np.exp(_BEADING * beads - _BEADING**2 / 2)  # mean 1
    length = np.hypot(pieces[:, 2] - pieces[:, 0], pieces[:, 3] - pieces[:, 1])
    membrane = 2 * np.pi * tubes.radius[segment] * length
    deposit_segments(image, grid, pieces - np.tile(corner, 2), membrane * bright, optics.psf_um)


def _count_along(name: Array) -> Array:
    """Return the number of each piece within its stretch; the pieces of a stretch follow each other."""
    new = np.r_[True, name[1:] != name[:-1]] if len(name) else np.empty(0, bool)
    row = np.arange(len(name))
    return row - np.maximum.accumulate(np.where(new, row, 0))


def _add_dots(image: Floats, grid: Grid, corner: Floats, dots: Dots, optics: Microscope) -> None:
    near = _reach(grid, corner, dots.centre, 1.0) & (dots.diameter > 0)
    diameter = dots.diameter[near]
    deposit_spots(image, grid, dots.centre[near] - corner, diameter, np.pi * diameter**2, optics.psf_um)


def _add_vesicles(
    light: Floats, grid: Grid, corner: Floats, vesicles: Vesicles, optics: Microscope, stains: Sequence[Stain]
) -> None:
    reach = vesicles.diameter / 2 + REACH * optics.psf_um
    for row in np.flatnonzero(_reach(grid, corner, vesicles.centre, reach[:, None])):
        diameter = float(vesicles.diameter[row])
        distance, membrane, inside = _sphere(diameter, grid, optics)
        place = vesicles.centre[row] - corner
        for plane, stain in zip(light, stains, strict=True):
            marker = vesicles.enrichment[row] if stain.vesicle == "tetraspanin" else 1.0
            profile = membrane + stain.lumen * vesicles.lumen[row] * inside
            bright = stain.level * stain.density * marker
            deposit_profile(plane, grid, (float(place[0]), float(place[1])), distance, bright * profile)


def _sphere(diameter: float, grid: Grid, optics: Microscope) -> tuple[Floats, Floats, Floats]:
    width = pixel_psf(optics.psf_um, grid.pixel)
    reach = diameter / 2 + REACH * width
    distance = np.linspace(0, reach, int(reach / (width / 8)) + 2)
    membrane = shell_profile(diameter / 2, distance, width, optics.section_um)
    return distance, membrane, ball_profile(diameter / 2, distance, width, optics.section_um)


def _add_body(
    light: Floats,
    grid: Grid,
    corner: Floats,
    cell: CellBody,
    optics: Microscope,
    stains: Sequence[Stain],
    generator: np.random.Generator,
) -> None:
    """Add a cell body: a sheet with grain, a rim, a thicker middle; and its endosomes."""
    pixel = grid.pixel
    margin = REACH * optics.psf_um + 2 * pixel
    low = np.floor((cell.outline.min(axis=0) - margin - corner) / pixel).astype(int)
    high = np.ceil((cell.outline.max(axis=0) + margin - corner) / pixel).astype(int)
    shape = (int(high[1] - low[1]), int(high[0] - low[0]))
    window = _overlap(low, shape, grid.shape)
    if window is None:
        return
    own, there = window
    local = Grid(pixel, shape)
    start = corner + low * pixel
    cover = polygon_coverage(cell.outline - start, local)
    depth = ndimage.distance_transform_edt(cover > 0.5) * pixel
    thick = 1 - np.exp(-depth / 3.0)  # E: lamella a few um wide, then the body
    psf = optics.psf_um / pixel
    grain = ndimage.gaussian_filter(generator.standard_normal(shape), _GRAIN_UM / pixel, mode="wrap")
    grain *= np.sqrt(_GRAIN_AREA / (_GRAIN_AREA + pixel**2)) / max(float(grain.std()), 1e-12)
    spots = np.zeros(shape)
    diameter, bright = cell.spots[:, 2], cell.spots[:, 3]  # drawn as filled spots: endosomes hold vesicles
    deposit_spots(spots, local, cell.spots[:, :2] - start, diameter, np.pi * diameter**2 * bright, optics.psf_um)
    for plane, stain in zip(light, stains, strict=True):
        sheet = 1 + stain.thickness * thick + stain.rim * np.exp(-depth / 0.35)
        sheet = stain.body * cover * sheet * np.clip(1 + stain.grain * grain, 0, None) * pixel**2
        body = ndimage.gaussian_filter(sheet, psf, mode="constant", truncate=REACH)
        plane[there] += stain.level * (body + stain.spots * spots)[own]


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
