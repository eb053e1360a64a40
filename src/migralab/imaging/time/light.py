"""Light of an object that moves with its fibre: a disc that follows the ground around it, less the ground's own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from migralab.core.errors import RequestError
from migralab.imaging.signal.noise import Image, estimate_noise
from migralab.imaging.time.register import zip_shifts

Floats = NDArray[np.float64]

_REACH = 8.0  # patch around an object, in its radii: its neighbours must be in it
_LEAST_PATCH_PX = 40
_GAP_PX, _RING_PX = 2.0, 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Light:
    """Light of one object in each frame.

    Parameters
    ----------
    light, sd
        (frames,) sum of the grey levels in its disc less the ground around it, and the standard error.
    place
        (frames, 2) x, y of the disc, pixels.
    unsure
        Frames in which the ground showed too little to follow it; the disc stayed where it was.
    """

    light: Floats
    sd: Floats
    place: Floats
    unsure: int


def follow_light(
    frames: Iterable[Image], places: Sequence[tuple[float, float]], radius_px: float, *, step: float = 1.0
) -> list[Light]:
    """Measure the light of objects that move with what is around them.

    A bleached object cannot be followed by its own light. Its surroundings can (its fibre, its neighbours): each
    disc moves with the patch around it, the disc itself left out.

    Parameters
    ----------
    frames
        Grey levels (y, x), one by one; only patches are kept.
    places
        x, y of each object in the first frame, pixels.
    radius_px
        Radius of the disc: that of the object and about two standard deviations of the point spread function.
    step
        Distance between two grey levels.

    Raises
    ------
    RequestError
        If an object lies so close to the border that its ground cannot be seen, or there is no frame.
    """
    half = int(max(_LEAST_PATCH_PX, np.ceil(_REACH * radius_px)))
    needed = radius_px + _GAP_PX + _RING_PX
    stacks: list[list[Image]] = [[] for _ in places]
    corners: list[tuple[int, int]] = []
    noise = None
    for frame in frames:
        if noise is None:
            noise = estimate_noise(frame, np.ones(frame.shape, bool), step=step)
            corners = [_corner(frame.shape, place, half, needed) for place in places]
        for stack, (x, y) in zip(stacks, corners, strict=True):
            stack.append(np.asarray(frame[y : y + 2 * half + 1, x : x + 2 * half + 1], np.float32))
    if noise is None:
        raise RequestError("follow_light was given no frames: give at least two images (y, x).")
    measured = []
    for place, corner, stack in zip(places, corners, stacks, strict=True):
        own = (place[0] - corner[0], place[1] - corner[1])
        found = _measure(stack, own, radius_px, noise.gain, noise.read_sd)
        moved = Light(light=found.light, sd=found.sd, place=found.place + corner, unsure=found.unsure)
        measured.append(moved)
    return measured


def _corner(shape: tuple[int, ...], place: tuple[float, float], half: int, needed: float) -> tuple[int, int]:
    x, y = place
    if not (needed <= x < shape[1] - needed and needed <= y < shape[0] - needed):
        raise RequestError(
            f"The object at x = {x:g}, y = {y:g} px is closer than {needed:.0f} px to the border of an image of "
            f"{shape[1]} x {shape[0]} px: the ground around it cannot be seen. Leave it out."
        )
    return max(0, min(round(x) - half, shape[1] - 2 * half - 1)), max(0, min(round(y) - half, shape[0] - 2 * half - 1))


def _measure(stack: list[Image], own: tuple[float, float], radius: float, gain: float, read_sd: float) -> Light:
    """Follow one patch and sum the disc in it."""
    shape = stack[0].shape
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    elsewhere = np.hypot(columns - own[0], rows - own[1]) > radius + 1
    places, unsure = [own], 0
    followed = zip_shifts(stack[1:], stack[0], usable=elsewhere, largest_px=0.25 * min(shape))
    for _, shift in followed:
        if shift.trusted:
            places.append((own[0] + shift.x, own[1] + shift.y))
        else:
            places.append(places[-1])
            unsure += 1
    light, sd = [], []
    for image, (x, y) in zip(stack, places, strict=True):
        distance = np.hypot(columns - x, rows - y)
        disc = np.clip(radius + 0.5 - distance, 0.0, 1.0)
        ring = (distance > radius + _GAP_PX) & (distance < radius + _GAP_PX + _RING_PX)
        ground = float(np.median(image[ring]))
        total = float((disc * (image - ground)).sum())
        light.append(total)
        around = float(np.var(image[ring])) / max(int(ring.sum()), 1) * np.pi / 2  # of a median
        sd.append(np.sqrt((disc**2).sum() * read_sd**2 + gain * max(total, 0.0) + disc.sum() ** 2 * around))
    return Light(light=np.array(light), sd=np.array(sd), place=np.array(places, np.float64), unsure=unsure)
