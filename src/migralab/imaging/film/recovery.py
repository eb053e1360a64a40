"""FRAP of a film: the light of bleached objects against that of neighbours, and the recovery of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from migralab.core.errors import DataError, RequestError
from migralab.imaging.film.bleach import (
    LEAST_DROP,
    FrapRequest,
    check_bleach,
    check_frap,
    disc_px,
    find_drop,
    find_dropped,
    find_neighbours,
    find_objects,
    is_inside,
    quick_lights,
    sized,
)
from migralab.imaging.film.spots import Spot
from migralab.imaging.reading import MicrographLike
from migralab.imaging.signal.noise import Image
from migralab.imaging.time.frap import Curve, Recovery, fit_recovery, normalise_twice
from migralab.imaging.time.light import follow_light
from migralab.results.observations import Observations

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bleached:
    """One bleached object.

    Parameters
    ----------
    spot
        Where it is in the first frame.
    frames, times_s
        (n,) frames that were measured, and their times from the bleach, s; negative before.
    light, light_sd
        (n,) light, normalised twice: 1 before the bleach, the fading of the neighbours taken off.
    recovery
        The fit; None where nothing could be fitted.
    why
        Why something is not known; empty if all is.
    """

    spot: Spot
    frames: NDArray[np.int64]
    times_s: Floats
    light: Floats
    light_sd: Floats
    recovery: Recovery | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FrapFilm:
    """FRAP of a film.

    Parameters
    ----------
    bleached_at
        First frame after the bleach.
    objects
        What was bleached.
    neighbours
        Objects whose fading was taken off; 0 where it was fitted from the curves themselves.
    notes
        What the reader must know.
    """

    bleached_at: int
    objects: tuple[Bleached, ...]
    neighbours: int
    notes: tuple[str, ...]


def measure_frap(
    series: MicrographLike, observations: Observations, drift_px: Floats, request: FrapRequest
) -> FrapFilm:
    """Measure the recovery of every bleached object.

    Parameters
    ----------
    series
        The film.
    observations
        Migrasomes of single frames, as `analyse_film` gives them; those of the first frames are looked at.
    drift_px
        (frames, 2) y, x of each frame against the first, pixels.
    request
        What the user gave.

    Raises
    ------
    DataError
        If no bleach is found, or the film ends too soon after it.
    RequestError
        As `check_frap`.
    """
    check_frap(series, request)
    known = find_objects(series, observations, drift_px, request)
    asked = request.spots is not None
    spots = [sized(spot, known) for spot in request.spots] if request.spots is not None else known
    if not spots:
        raise DataError(
            f"{series.source}: no object was found in the first frames. Name what was bleached with --frap-spots "
            "FILE.csv (columns x_um, y_um)."
        )
    lights = quick_lights(series, spots, drift_px, request)
    at = request.bleached_at
    if at is None:
        at = find_drop(lights, compare=not asked)
        if at is None:
            raise DataError(_no_drop(series, asked=asked))
        check_bleach(series, at)
    dropped = find_dropped(lights, at, compare=not asked)
    if not asked and not dropped.any():
        raise DataError(
            f"{series.source}: no object loses {LEAST_DROP:.0%} of its light at frame {at}. Check --bleached-at (the "
            "first frame after the bleach, counted from 0), or name the objects with --frap-spots FILE.csv."
        )
    bleached = spots if asked else [spot for spot, gone in zip(spots, dropped, strict=True) if gone]
    near = find_neighbours(series, known, bleached, at, drift_px, request)
    return _measure(series, bleached, near, at, request)


def _no_drop(series: MicrographLike, *, asked: bool) -> str:
    of = "of the spots" if asked else "of an object"
    return (
        f"{series.source}: there is no frame in which the light {of} falls by {LEAST_DROP:.0%} at once, so the bleach "
        "was not found. Give the first frame after it, as --bleached-at 5, and the places in the first frame with "
        "--frap-spots FILE.csv (columns x_um, y_um)."
    )


def _planes(series: MicrographLike, channel: int) -> Iterator[Image]:
    for frame in range(series.frames):
        yield series.plane(frame, channel)


def _measure(
    series: MicrographLike, bleached: Sequence[Spot], near: Sequence[Spot], at: int, request: FrapRequest
) -> FrapFilm:
    times = np.array([series.time_min(frame) for frame in range(series.frames)]) * 60.0
    pixel = series.pixel_size_um
    fading = None
    if near:
        radius = max(disc_px(spot, series, request) for spot in near)
        places = [(spot.x_um / pixel, spot.y_um / pixel) for spot in near if is_inside(spot, series, radius)]
        if places:
            followed = follow_light(_planes(series, request.channel), places, radius, step=series.grey_step)
            fading = np.sum([one.light for one in followed], axis=0)
    objects, notes = [], []
    for spot in bleached:
        if not is_inside(spot, series, disc_px(spot, series, request)):
            objects.append(_unmeasured(spot, "it is too close to the border: the ground around it is not seen"))
            continue
        place = (spot.x_um / pixel, spot.y_um / pixel)
        radius = disc_px(spot, series, request)
        own = follow_light(_planes(series, request.channel), [place], radius, step=series.grey_step)[0]
        if own.unsure > 0.5 * series.frames:
            notes.append(
                f"The object at {spot.x_um:.3g}, {spot.y_um:.3g} um could hardly be followed: it was kept in place."
            )
        objects.append(_fit(spot, times, own.light, own.sd, at, fading))
    if fading is None:
        notes.append(
            "No neighbour that was not bleached was found: fading was fitted from each curve itself, which costs a "
            "third to a half more error."
        )
    return FrapFilm(
        bleached_at=at, objects=tuple(objects), neighbours=len(places) if fading is not None else 0, notes=tuple(notes)
    )


def _unmeasured(spot: Spot, why: str) -> Bleached:
    nothing = np.empty(0)
    return Bleached(
        spot=spot,
        frames=np.empty(0, np.int64),
        times_s=nothing,
        light=nothing,
        light_sd=nothing,
        recovery=None,
        why=why,
    )


def _fit(spot: Spot, times: Floats, light: Floats, sd: Floats, at: int, fading: Floats | None) -> Bleached:
    """Normalise twice and fit; where scatter is larger than the stated errors, it is the error."""
    try:
        curve = normalise_twice(times, light, at, fading, light_sd=sd)
    except RequestError as error:
        return _unmeasured(spot, str(error))
    rough = 1.4826 * float(np.median(np.abs(np.diff(curve.values)))) / np.sqrt(2)
    worse = max(1.0, rough / max(float(np.median(curve.sd)), 1e-12))
    curve = replace(curve, sd=curve.sd * worse)
    recovery = fit_recovery(curve, fit_bleaching=fading is None)
    before, before_sd = _before(times, light, sd * worse, at, curve)
    return Bleached(
        spot=spot, frames=np.arange(len(times)), times_s=times - times[at],
        light=np.concatenate([before, curve.values]), light_sd=np.concatenate([before_sd, curve.sd]),
        recovery=recovery, why=recovery.problem,
    )  # fmt: skip


def _before(times: Floats, light: Floats, sd: Floats, at: int, curve: Curve) -> tuple[Floats, Floats]:
    """Light before the bleach, normalised as that after it."""
    rate = curve.bleaching_per_s if np.isfinite(curve.bleaching_per_s) else 0.0
    fading = np.exp(-rate * (times[:at] - times[:at].mean()))
    own = light[:at] / fading
    return own / own.mean(), sd[:at] / fading / own.mean()
