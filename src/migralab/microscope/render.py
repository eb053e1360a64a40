"""From a scene to a micrograph: light, blur, photon noise, grey levels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from migralab.core.errors import RequestError
from migralab.microscope.light.camera import expose, generator_for
from migralab.microscope.light.objects import Canvas, draw_scene
from migralab.microscope.light.shot import Shot
from migralab.microscope.light.slice import draw_slice
from migralab.microscope.presets import Microscope, Stain, find_stains
from migralab.microscope.specimen import Scene
from migralab.physics.optics import REACH, Grid

__all__ = ["LARGEST_SIDE", "Micrograph", "Shot", "expected_photons", "expose", "field_shape", "render", "render_stack"]

Floats = NDArray[np.float64]

LARGEST_SIDE = 8192
ELECTRON_CHANNEL = "electrons"
_LARGEST_STACK = 400_000_000  # grey levels in one stack


@dataclass(frozen=True, slots=True, kw_only=True)
class Micrograph:
    """One frame as the camera gives it.

    Parameters
    ----------
    pixels
        Grey levels (channel, y, x), or (z, channel, y, x) for a stack; uint8 or uint16.
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
    z_um
        Heights of the focal planes of a stack; empty for a single plane.
    shift_um
        How far the specimen had drifted in the image, x and y.
    focus_um
        Height of the focal plane (of the plane at 0 of a stack) above the usual one.
    """

    pixels: NDArray[Any]
    channels: tuple[str, ...]
    microscope: Microscope
    origin_um: tuple[float, float]
    frame: int
    time_min: float
    saturated: tuple[int, ...]
    z_um: tuple[float, ...] = ()
    shift_um: tuple[float, float] = (0.0, 0.0)
    focus_um: float = 0.0


_USUAL = Shot()


def render(
    scene: Scene,
    optics: Microscope,
    *,
    key: int,
    channels: Sequence[str | Stain] = ("WGA", "TSPAN4"),
    shot: Shot = _USUAL,
) -> Micrograph:
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
        Channels to take, in this order: names of stains, or stains. One channel's pixels do not depend on which
        others are taken. An electron microscope has one channel, whatever is asked for.
    shot
        Focus, drift and bleaching.
    """
    names = channel_names(optics, channels)
    expected = expected_photons(scene, optics, key=key, channels=channels, shot=shot)
    suffix = f"/{shot.name}" if shot.name else ""
    planes = [
        expose(light, optics, generator_for(key, f"noise/{name}/{scene.frame}{suffix}"))
        for light, name in zip(expected, names, strict=True)
    ]
    return Micrograph(
        pixels=np.stack(planes),
        channels=names,
        microscope=optics,
        origin_um=scene.field[:2],
        frame=scene.frame,
        time_min=scene.time_min,
        saturated=tuple(int((plane == optics.top).sum()) for plane in planes),
        shift_um=shot.shift_um,
        focus_um=shot.focus_um,
    )


def render_stack(
    scene: Scene,
    optics: Microscope,
    *,
    heights: Sequence[float],
    key: int,
    channels: Sequence[str | Stain] = ("WGA", "TSPAN4"),
    shot: Shot = _USUAL,
) -> Micrograph:
    """Return a stack: the scene with the focus at each of `heights` (um above the usual focus), in their order.

    Raises
    ------
    RequestError
        If there is no height, or the stack would hold more than 400 million grey levels.
    """
    rows, columns = field_shape(scene, optics)
    size = rows * columns * len(heights) * len(channels)
    if not len(heights) or size > _LARGEST_STACK:
        raise RequestError(
            f"A stack of {len(heights)} planes of {columns} x {rows} pixels in {len(channels)} channels: allowed are "
            f"one plane or more, and {_LARGEST_STACK:,} grey levels. Give fewer planes or a smaller field."
        )
    planes = [
        render(
            scene,
            optics,
            key=key,
            channels=channels,
            shot=replace(shot, focus_um=shot.focus_um + float(height), name=f"{shot.name}z{number}"),
        )
        for number, height in enumerate(heights)
    ]
    return replace(
        planes[0],
        pixels=np.stack([plane.pixels for plane in planes]),
        saturated=tuple(np.sum([plane.saturated for plane in planes], axis=0).tolist()),
        z_um=tuple(float(height) for height in heights),
        focus_um=shot.focus_um,
    )


def expected_photons(
    scene: Scene,
    optics: Microscope,
    *,
    key: int,
    channels: Sequence[str | Stain] = ("WGA", "TSPAN4"),
    shot: Shot = _USUAL,
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
    widest = max(optics.psf_um, optics.haze_um if optics.haze else 0.0)
    pad = int(np.ceil(REACH * widest / optics.pixel_um)) + 2
    grid = Grid(optics.pixel_um, (rows + 2 * pad, columns + 2 * pad))
    corner = np.array(scene.field[:2]) - pad * optics.pixel_um - np.array(shot.shift_um)
    planes = np.zeros((len(stains), *grid.shape))
    canvas = Canvas(light=planes, grid=grid, corner=corner, optics=optics, stains=stains, shot=shot)
    inner = np.s_[:, pad : pad + rows, pad : pad + columns]
    if optics.contrast == "electron":
        return np.asarray(draw_slice(canvas, scene, key=key)[None][inner] + optics.background)
    grains = [generator_for(key, f"grain/{scene.frame}/{cell.cell_id}") for cell in scene.cells]
    draw_scene(canvas, scene, key=key, generators=grains)
    left = np.array([shot.remaining.get(stain.name, 1.0) for stain in stains])
    light = planes * optics.photons_per_um2 * left[:, None, None]
    if optics.haze:
        width = optics.haze_um / optics.pixel_um
        spread = np.stack([ndimage.gaussian_filter(plane, width, mode="constant", truncate=REACH) for plane in light])
        light = (1 - optics.haze) * light + optics.haze * spread
    return np.asarray(light[inner] + optics.background)


def channel_names(optics: Microscope, channels: Sequence[str | Stain]) -> tuple[str, ...]:
    """Return the names of the channels that a microscope gives when asked for `channels`."""
    if optics.contrast == "electron":
        return (ELECTRON_CHANNEL,)
    return tuple(stain.name for stain in find_stains(channels))


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
