"""Which objects of a film were bleached and when, and which of their neighbours were not.

The bleach is found by the drop: the first frame in which the light of some objects falls at once while that of the
others does not. Frame and spots can be given instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from migralab.core.errors import DataError, RequestError
from migralab.imaging.film.spots import Spot
from migralab.imaging.reading import MicrographLike
from migralab.imaging.signal.noise import Image
from migralab.results.observations import Observations

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

LEAST_AFTER = 8  # frames after the bleach
LEAST_DROP = 0.3  # share of the light that must go at once
_SURE = 5.0  # standard errors by which it must
_ALIKE = 0.15  # a neighbour changes by less than this over the bleach
_NEIGHBOURS = 5
_BEFORE = 3  # frames before the bleach that are compared with it
_LOOKED = 3  # frames at the beginning in which objects are taken
_SAME_UM = 0.5
_GAP_PX, _RING_PX = 2.0, 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FrapRequest:
    """What the user gave: first frame after the bleach, and spots; None where it is to be found.

    Parameters
    ----------
    bleached_at
        First frame after the bleach.
    spots
        Objects in the first frame.
    psf_um
        Standard deviation of the point spread function, um.
    channel
        Channel that was bleached.
    """

    bleached_at: int | None = None
    spots: tuple[Spot, ...] | None = None
    psf_um: float = 0.13
    channel: int = 0


def check_frap(series: MicrographLike, request: FrapRequest) -> None:
    """Raise before anything is measured if FRAP of this film with these spots is impossible.

    Raises
    ------
    DataError
        If it is a still image, too short, or has no times.
    RequestError
        If the frame of the bleach or a spot lies outside.
    """
    if series.frames < 2:
        raise DataError(f"{series.source}: --frap needs a film, and this has one frame.")
    if series.frames < 1 + LEAST_AFTER:
        raise DataError(
            f"{series.source}: a film of {series.frames} frames is too short for --frap: at least 1 frame before the "
            f"bleach and {LEAST_AFTER} after it are needed."
        )
    times = [series.time_min(frame) for frame in range(series.frames)]
    if (np.diff(times) <= 0).any():
        raise DataError(f"{series.source}: its frames have no increasing times. Give --frame-interval, for example 2s.")
    if request.bleached_at is not None:
        check_bleach(series, request.bleached_at)
    height, width = (n * series.pixel_size_um for n in series.masked.shape)
    for spot in request.spots or ():
        if not (0 <= spot.x_um < width and 0 <= spot.y_um < height):
            raise RequestError(
                f"{spot.said}: x_um = {spot.x_um:g}, y_um = {spot.y_um:g} is outside the image of {width:.4g} x "
                f"{height:.4g} um. Give places in the first frame, um from the top left."
            )


def check_bleach(series: MicrographLike, bleached_at: int) -> None:
    """Raise RequestError unless there is a frame before the bleach and enough after it."""
    if not 1 <= bleached_at <= series.frames - LEAST_AFTER:
        raise RequestError(
            f"{series.source}: bleached at frame {bleached_at} of {series.frames} (counted from 0): at least 1 frame "
            f"before it and {LEAST_AFTER} from it on are needed. Allowed: 1 to {series.frames - LEAST_AFTER}."
        )


def find_objects(
    series: MicrographLike, observations: Observations, drift_px: Floats, request: FrapRequest
) -> list[Spot]:
    """Vesicles of the first frames, in the place of the first one; each once."""
    found: list[Spot] = []
    for frame in range(min(_LOOKED, series.frames)):
        rows = observations.at("migrasomes", frame)
        drift = drift_px[frame][::-1] * series.pixel_size_um
        for x, y, d in rows[["x_um", "y_um", "diameter_um"]].to_numpy(np.float64):
            spot = Spot(x_um=x - drift[0], y_um=y - drift[1], radius_um=d / 2)
            if all(np.hypot(o.x_um - spot.x_um, o.y_um - spot.y_um) > _SAME_UM for o in found):
                found.append(spot)
    return [spot for spot in found if is_inside(spot, series, disc_px(spot, series, request))]


def disc_px(spot: Spot, series: MicrographLike, request: FrapRequest) -> float:
    """Radius of the disc that holds the light of an object, pixels."""
    return float(((spot.radius_um or 0.0) + 2 * request.psf_um) / series.pixel_size_um)


def is_inside(spot: Spot, series: MicrographLike, radius_px: float) -> bool:
    """Whether the ground around a disc of this radius on an object is in the image."""
    reach = radius_px + _GAP_PX + _RING_PX
    height, width = series.masked.shape
    x, y = spot.x_um / series.pixel_size_um, spot.y_um / series.pixel_size_um
    return bool(reach <= x < width - reach and reach <= y < height - reach)


def sized(spot: Spot, known: Sequence[Spot]) -> Spot:
    """Give a spot without a radius that of the object found there, or half a micrometre."""
    if spot.radius_um is not None:
        return spot
    apart = [np.hypot(o.x_um - spot.x_um, o.y_um - spot.y_um) for o in known]
    nearest = int(np.argmin(apart)) if apart else -1
    radius = known[nearest].radius_um if apart and apart[nearest] < 2 * _SAME_UM else 0.5
    return replace(spot, radius_um=radius)


def quick_lights(series: MicrographLike, spots: Sequence[Spot], drift_px: Floats, request: FrapRequest) -> Floats:
    """Light of each object in each frame (objects, frames): a disc that moves with the film's drift, less a ring."""
    lights = np.full((len(spots), series.frames), np.nan)
    for frame in range(series.frames):
        plane = series.plane(frame, request.channel)
        for number, spot in enumerate(spots):
            x = spot.x_um / series.pixel_size_um + drift_px[frame, 1]
            y = spot.y_um / series.pixel_size_um + drift_px[frame, 0]
            lights[number, frame] = _disc_light(plane, (x, y), disc_px(spot, series, request))
    return lights


def _disc_light(plane: Image, place: tuple[float, float], radius: float) -> float:
    x, y = place
    outer = radius + _GAP_PX + _RING_PX
    rows = np.arange(max(int(y - outer), 0), min(int(y + outer) + 2, plane.shape[0]))
    columns = np.arange(max(int(x - outer), 0), min(int(x + outer) + 2, plane.shape[1]))
    distance = np.hypot(columns[None, :] - x, rows[:, None] - y)
    part = plane[np.ix_(rows, columns)]
    ring = (distance > radius + _GAP_PX) & (distance < outer)
    if not ring.any():
        return float("nan")
    weight = np.clip(radius + 0.5 - distance, 0.0, 1.0)
    return float((weight * (part - np.median(part[ring]))).sum())


def _drop(lights: Floats, at: int) -> tuple[Floats, Floats]:
    """Light kept over a step between two frames, and by how many standard errors it falls, for each object."""
    with np.errstate(invalid="ignore", divide="ignore"):
        steps = np.diff(lights, axis=1)
        sd = 1.4826 * np.nanmedian(np.abs(steps - np.nanmedian(steps, axis=1, keepdims=True)), axis=1) / np.sqrt(2)
        before = lights[:, max(at - _BEFORE, 0) : at]
        level = np.nanmean(before, axis=1)
        error = np.maximum(sd, 1e-9) * np.sqrt(1 + 1 / before.shape[1])
        kept = np.where(level > 0, lights[:, at] / level, 1.0)
        return np.nan_to_num(kept, nan=1.0), np.nan_to_num((level - lights[:, at]) / error)


def find_dropped(lights: Floats, at: int, *, compare: bool) -> Mask:
    """Return which objects lose light at once in a frame; where all do, it is the lamp or the focus."""
    kept, sure = _drop(lights, at)
    usual = float(np.median(kept)) if compare and len(kept) >= 4 else 1.0
    return np.asarray((kept < (1 - LEAST_DROP) * min(max(usual, 0.1), 1.0)) & (sure > _SURE))


def find_drop(lights: Floats, *, compare: bool) -> int | None:
    """Return the frame in which most objects drop, and of several the surest one."""
    best, found = (0, 0.0), None
    for at in range(1, lights.shape[1]):
        dropped = find_dropped(lights, at, compare=compare)
        rank = (int(dropped.sum()), float(_drop(lights, at)[1][dropped].sum()))
        if rank > best:
            best, found = rank, at
    return found


def find_neighbours(
    series: MicrographLike, known: Sequence[Spot], bleached: Sequence[Spot], at: int, drift_px: Floats,
    request: FrapRequest,
) -> list[Spot]:  # fmt: skip
    """Brightest objects that were not bleached, apart from those that were."""
    ring = (_GAP_PX + _RING_PX) * series.pixel_size_um + 4 * request.psf_um
    apart = [
        spot
        for spot in known
        if all(
            np.hypot(o.x_um - spot.x_um, o.y_um - spot.y_um) > (o.radius_um or 0.5) + (spot.radius_um or 0.5) + ring
            for o in bleached
        )
    ]
    if not apart:
        return []
    lights = quick_lights(series, apart, drift_px, request)
    kept, _ = _drop(lights, at)
    usual = float(np.median(kept))
    level = lights[:, :at].mean(axis=1)
    alike = np.abs(kept - usual) < _ALIKE if abs(usual - 1) < 2 * _ALIKE else np.zeros(len(kept), bool)
    order = [int(n) for n in np.argsort(-level) if alike[n] and level[n] > 0]
    return [apart[n] for n in order[:_NEIGHBOURS]]
