"""Particles that diffuse: where they are, how they are linked, and the diffusion coefficient of their tracks.

A check of finding and linking on beads whose coefficient Stokes and Einstein give, and a reader of nanoparticle films.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from migralab.core.errors import RequestError
from migralab.imaging.time.linking import assign, near_pairs

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_GAMMA_WATER = (2.414e-5, 247.8, 140.0)  # Vogel's law of the viscosity of water, Pa s and K
_BOLTZMANN = 1.380649e-23


@dataclass(frozen=True, slots=True, kw_only=True)
class Diffusion:
    """Diffusion of tracked particles.

    Parameters
    ----------
    coefficient_um2_per_s, sd
        Slope of the mean square displacement over four, and its standard error over tracks (bootstrap).
    exponent
        Slope of its logarithm against that of the lag over the same lags; 1 for free diffusion.
    lags_s, msd_um2
        The curve, drift taken off; every lag from one frame on.
    tracks
        Number of tracks behind it.
    """

    coefficient_um2_per_s: float
    sd: float
    exponent: float
    lags_s: Floats
    msd_um2: Floats
    tracks: int


def find_particles(
    image: NDArray[np.floating], diameter_px: float, *, dark: bool = False, least: float = 5.0
) -> Floats:
    """Return x, y (pixels) of round particles of one size.

    A maximum of a difference of Gaussians that stands `least` noise units above its surroundings is refined by
    centroids on a window that moves with it until it is centred: a window fixed to whole pixels pulls places there.

    Parameters
    ----------
    image
        Grey levels (y, x).
    diameter_px
        Diameter of a particle.
    dark
        Particles are darker than the ground.
    least
        Smallest contrast, in robust standard deviations of the filtered image.
    """
    sigma = diameter_px / (2 * np.sqrt(2))
    light = -np.asarray(image, np.float64) if dark else np.asarray(image, np.float64)
    seen = ndimage.gaussian_filter(light, 0.5 * sigma) - ndimage.gaussian_filter(light, 2.0 * sigma)
    broad = ndimage.gaussian_filter(seen, 0.5 * sigma)
    spread = 1.4826 * float(np.median(np.abs(broad - np.median(broad))))
    peaks = (broad == ndimage.maximum_filter(broad, size=int(diameter_px) | 1)) & (broad > least * spread)
    radius = diameter_px / 2
    edge = int(np.ceil(radius + 2))
    peaks[:edge], peaks[-edge:], peaks[:, :edge], peaks[:, -edge:] = False, False, False, False
    y, x = np.nonzero(peaks)
    place = np.stack([x, y], axis=1).astype(np.float64)
    line = np.linspace(-radius, radius, 11)
    offset = np.stack(np.meshgrid(line, line), axis=-1)
    offset = offset.reshape(-1, 2)
    offset = offset[np.hypot(*offset.T) <= radius]
    smooth = ndimage.spline_filter(np.maximum(seen, 0.0), order=3)
    for _ in range(6):
        at = place[:, None, :] + offset
        values = ndimage.map_coordinates(smooth, [at[..., 1], at[..., 0]], order=3, prefilter=False)
        weight = np.maximum(values, 0.0)
        total = np.maximum(weight.sum(axis=1), 1e-12)
        place = place + (weight[..., None] * offset).sum(axis=1) / total[:, None]
    inside = (place >= edge).all(axis=1) & (place < np.array(image.shape[::-1]) - edge).all(axis=1)
    return place[inside]


def link_particles(places: Iterable[Floats], farthest: float, *, memory: int = 2) -> list[tuple[Ints, Floats]]:
    """Return tracks, each as frames and places, by least total squared displacement between frames.

    Parameters
    ----------
    places
        (n, 2) places of each frame.
    farthest
        Largest displacement between two frames, in the unit of the places.
    memory
        Frames that a particle may be missed.
    """
    tracks: list[tuple[list[int], list[Floats]]] = []
    for frame, now in enumerate(places):
        alive = np.array([n for n, (seen, _) in enumerate(tracks) if frame - seen[-1] <= memory + 1], np.int64)
        before = np.array([tracks[n][1][-1] for n in alive]).reshape(-1, 2)
        gap = np.array([frame - tracks[n][0][-1] for n in alive], np.float64)
        i, j, distance = near_pairs(before, now, farthest * np.sqrt(gap))
        cost = distance**2 / gap[i] if len(i) else np.empty(0)
        rows, columns = assign(i, j, cost, farthest**2 + 1e-9)
        for row, column in zip(rows, columns, strict=True):
            tracks[alive[row]][0].append(frame)
            tracks[alive[row]][1].append(now[column])
        tracks.extend(([frame], [now[column]]) for column in np.setdiff1d(np.arange(len(now)), columns))
    return [(np.array(seen, np.int64), np.array(at)) for seen, at in tracks]


def measure_diffusion(
    tracks: list[tuple[Ints, Floats]],
    interval_s: float,
    pixel_um: float,
    *,
    lags_s: tuple[float, float],
    least_frames: int = 2,
) -> Diffusion:
    """Return the diffusion coefficient from the mean square displacement of tracks.

    The common displacement of all particles between two frames (drift) is taken off first. The error of the places
    adds a constant to the curve, which its slope does not see.

    Parameters
    ----------
    tracks
        From `link_particles`, pixels.
    interval_s, pixel_um
        Time between frames, and size of a pixel.
    lags_s
        Shortest and longest lag of the fit. Short lags are spoilt where places are pulled to whole pixels.
    least_frames
        Tracks over fewer frames are left out.

    Raises
    ------
    RequestError
        If no track is long enough for two lags of the fit.
    """
    long = [track for track in tracks if len(track[0]) >= least_frames]
    frames = 1 + max((int(seen[-1]) for seen, _ in long), default=0)
    most = min(round(lags_s[1] / interval_s), frames - 1)
    fitted = np.arange(1, most + 1) >= np.ceil(lags_s[0] / interval_s - 1e-9)
    table = np.full((len(long), frames, 2), np.nan)
    for row, (seen, at) in enumerate(long):
        table[row, seen] = at * pixel_um
    if not long or fitted.sum() < 2:
        raise RequestError(
            f"No diffusion can be fitted: {len(long)} tracks of at least {least_frames} frames, {int(fitted.sum())} "
            f"lags between {lags_s[0]:g} and {lags_s[1]:g} s. Use longer tracks or other lags."
        )
    table -= _drift(table)[None]
    square, count = np.zeros((2, len(long), most))
    for lag in range(1, most + 1):
        step = ((table[:, lag:] - table[:, :-lag]) ** 2).sum(axis=2)
        count[:, lag - 1] = np.isfinite(step).sum(axis=1)
        square[:, lag - 1] = np.nansum(step, axis=1)
    lags = np.asarray(np.arange(1, most + 1) * interval_s, np.float64)
    msd = square.sum(axis=0) / np.maximum(count.sum(axis=0), 1)
    rng = np.random.Generator(np.random.Philox(key=7))
    drawn = [
        _slope(lags, square[pick].sum(axis=0) / np.maximum(count[pick].sum(axis=0), 1), fitted)
        for pick in rng.integers(0, len(long), (200, len(long)))
    ]
    exponent = np.polyfit(np.log(lags[fitted]), np.log(msd[fitted]), 1)[0]
    return Diffusion(
        coefficient_um2_per_s=_slope(lags, msd, fitted), sd=float(np.std(drawn)), exponent=float(exponent),
        lags_s=lags, msd_um2=msd, tracks=len(long),
    )  # fmt: skip


def _slope(lags: Floats, msd: Floats, fitted: NDArray[np.bool_]) -> float:
    """Slope over four; long lags have few independent steps and weigh less."""
    return float(np.polyfit(lags[fitted], msd[fitted], 1, w=1 / lags[fitted])[0] / 4)


def _drift(table: Floats) -> Floats:
    """Mean displacement of all particles since the first frame, (frames, 2)."""
    steps = table[:, 1:] - table[:, :-1]
    common = np.zeros((table.shape[1], 2))
    seen = np.isfinite(steps[..., 0]).any(axis=0)
    common[1:][seen] = np.nanmean(steps[:, seen], axis=0)
    return np.asarray(np.cumsum(common, axis=0))


def stokes_einstein(diameter_um: float, celsius: float) -> float:
    """Return the diffusion coefficient of a sphere in water, um2/s (viscosity by Vogel's law)."""
    kelvin = celsius + 273.15
    factor, top, bottom = _GAMMA_WATER
    viscosity = factor * 10 ** (top / (kelvin - bottom))
    return float(_BOLTZMANN * kelvin / (3 * np.pi * viscosity * diameter_um * 1e-6) * 1e12)
