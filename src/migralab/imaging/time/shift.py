"""How far the ground has moved between two pictures, to a part of a pixel.

The shift comes from phase correlation first, which offers several places; each is judged by how much of the
structure it explains, and the best one is refined by least squares with bounded influence. Only thin structure
votes (fibres, vesicles): cell bodies walk by themselves and are left out. What else moves by itself is no longer
explained by the shift of the ground and loses its vote.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

from migralab.imaging.signal.noise import Image, Mask, estimate_noise

Floats = NDArray[np.float64]

SMOOTH_PX = 1.0  # both images, before they are compared
WORST_SD_PX = 0.6  # a shift that is known worse than this is not used
LEAST_MATCHED = 0.15  # nor one that explains less of the structure than this
LEAST_ADVANTAGE = 30.0  # chi2 by which a place must be better than the best other one
_PEAKS = 8  # places that phase correlation may offer
_STEPS = 12
_MOST_PIXELS = 60_000
_BEND = 4.0  # residuals beyond this many standard deviations have no vote (Tukey's biweight)
WIDEST_PX = 31  # what is wider on both axes is a body
_BODY_MARGIN_PX = 6
_COARSE = 3
_MOSTLY = 0.7  # a picture with more body than this is registered by its bodies
_CORRELATED = np.sqrt(4 * np.pi) * SMOOTH_PX  # pixels of a smoothed image repeat each other over this length
_MISFIT = 0.05  # share of the light by which two pictures of one thing may differ


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """How far the ground has moved.

    Parameters
    ----------
    y, x
        Place in the frame minus place in the reference, pixels.
    sd_px
        Standard error of each, pixels; infinite where nothing was found to go by.
    matched
        Share of the reference's structure that the shift explains; the rest has moved or changed by itself.
    """

    y: float
    x: float
    sd_px: float
    matched: float

    @property
    def trusted(self) -> bool:
        """Whether the shift is known well enough to be used."""
        return self.sd_px <= WORST_SD_PX and self.matched >= LEAST_MATCHED


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What frames are compared with.

    Parameters
    ----------
    smooth, spectrum, taper
        The softened picture (y, x), its spectrum, and the window before that was taken.
    rows, columns
        (n,) pixels that hold structure.
    slope_y, slope_x
        (n,) its slope there.
    """

    smooth: Image
    spectrum: NDArray[np.complex64]
    taper: Image
    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    slope_y: Floats
    slope_x: Floats


def find_shift(
    frame: Image, reference: Image, *, usable: Mask | None = None, largest_px: float | None = None, step: float = 1.0
) -> Shift:
    """Return the shift of one image against another.

    Parameters
    ----------
    frame, reference
        Grey levels (y, x) of the same shape.
    usable
        True on ground that does not move by itself; cell bodies, text and insets may be left out. All by default.
    largest_px
        Greatest shift to look for, pixels; a quarter of the shorter side by default.
    step
        Distance between two grey levels.
    """
    inside = np.ones(reference.shape, bool) if usable is None else usable
    noise = estimate_noise(reference, inside, step=step)
    return match(soften(noise.stabilise(frame)), prepare(soften(noise.stabilise(reference)), inside), largest_px)


def soften(image: Image, factor: int = 1) -> Image:
    """Return a picture of what is thin: smoothed, without what is wide on both axes, bodies blanked.

    Where bodies cover most of the picture they are kept, since there is nothing else to go by.

    Parameters
    ----------
    image
        In units of the noise (y, x).
    factor
        Side of a pixel in pixels of the camera, where such were taken together.
    """
    smooth = np.asarray(ndimage.gaussian_filter(image, SMOOTH_PX), np.float32)
    calm = ndimage.gaussian_filter(smooth, 2.0)[::_COARSE, ::_COARSE]
    width = WIDEST_PX // (_COARSE * factor)
    ground = ndimage.maximum_filter(ndimage.minimum_filter(calm, width), width)
    level = float(np.median(ground))
    spread = 1.4826 * float(np.median(np.abs(ground - level)))
    body = ground > level + max(1.0, 5.0 * spread)
    body = ndimage.maximum_filter(body, 2 * _BODY_MARGIN_PX // (_COARSE * factor) + 1)
    thin = smooth - _enlarge(ground, smooth.shape)
    if body.mean() < _MOSTLY:
        thin *= np.float32(1.0) - _enlarge(body.astype(np.float32), smooth.shape)
    return np.asarray(thin, np.float32)


def _enlarge(coarse: Image, shape: tuple[int, ...]) -> Image:
    """Bring every third pixel to all; smooth, since steps on a grid of three would be found again in every frame."""
    whole = np.repeat(np.repeat(coarse, _COARSE, 0), _COARSE, 1)[: shape[0], : shape[1]]
    return np.asarray(
        ndimage.uniform_filter(ndimage.uniform_filter(whole, 2 * _COARSE + 1), 2 * _COARSE + 1), np.float32
    )


def prepare(smooth: Image, usable: Mask) -> Reference:
    """Return the spectrum of a softened picture and the pixels that would notice a shift.

    Parameters
    ----------
    smooth
        From `soften`.
    usable
        True on ground that does not move by itself.
    """
    taper = _taper(smooth.shape)
    slope_y, slope_x = (np.gradient(smooth, axis=axis) for axis in (0, 1))
    steep = np.hypot(slope_y, slope_x)
    steep[~usable] = 0.0
    steep[:2], steep[-2:], steep[:, :2], steep[:, -2:] = 0.0, 0.0, 0.0, 0.0
    quiet = float(np.median(steep[usable])) if usable.any() else 0.0
    rows, columns = np.nonzero(steep > max(4.0 * quiet, 1e-6))
    if len(rows) < 500:  # nothing stands out alone: let the steepest pixels vote together
        rows, columns = np.nonzero(steep > max(float(np.percentile(steep, 95)), 1e-6))
    every = max(1, len(rows) // _MOST_PIXELS)
    rows, columns = rows[::every], columns[::every]
    return Reference(
        smooth=smooth,
        spectrum=fft.rfft2((smooth - smooth.mean()) * taper),
        taper=taper,
        rows=rows,
        columns=columns,
        slope_y=slope_y[rows, columns].astype(np.float64),
        slope_x=slope_x[rows, columns].astype(np.float64),
    )


def _taper(shape: tuple[int, ...]) -> Image:
    """1 inside, falling to 0 over the outer tenth, so that opposite borders do not look like an edge."""
    sides = []
    for length in shape:
        distance = np.minimum(np.arange(length), np.arange(length)[::-1]) + 0.5
        sides.append(np.sin(0.5 * np.pi * np.clip(distance / max(0.1 * length, 1.0), 0, 1)) ** 2)
    return np.asarray(sides[0][:, None] * sides[1][None, :], np.float32)


def match(smooth: Image, reference: Reference, largest_px: float | None) -> Shift:
    """Return the shift of a softened frame: places are offered, the one that explains most is taken and refined.

    Parameters
    ----------
    smooth
        From `soften`.
    reference
        From `prepare`.
    largest_px
        Greatest shift to look for, pixels; a quarter of the shorter side by default.
    """
    nothing = Shift(y=0.0, x=0.0, sd_px=np.inf, matched=0.0)
    if len(reference.rows) < 50:
        return nothing
    reach = 0.25 * min(smooth.shape) if largest_px is None else largest_px
    noise = _noise_of_difference(smooth, reference)
    places = _offer(smooth, reference, reach)
    costs = np.array([_bounded_cost(smooth, reference, place, noise) for place in places])
    best = places[int(np.argmin(costs))]
    apart = np.array([max(abs(y - best[0]), abs(x - best[1])) > 2.0 for y, x in places])
    rival = float(costs[apart].min()) if apart.any() else np.inf
    advantage = (rival - float(costs.min())) * len(reference.rows) / _CORRELATED**2
    if not advantage >= LEAST_ADVANTAGE:
        return nothing
    return _refine(smooth, reference, best, noise)


def _offer(smooth: Image, reference: Reference, reach: float) -> list[tuple[float, float]]:
    """Peaks of the phase correlation, and no shift at all."""
    spectrum = fft.rfft2((smooth - smooth.mean()) * reference.taper)
    cross = spectrum * np.conj(reference.spectrum)
    size = np.abs(cross)
    # phases alone where there is signal; where there is none they are noise and have little weight
    weight = 1.0 / np.sqrt(size * (size + np.float32(np.median(size))) + 1e-12)
    surface = fft.irfft2(cross * weight, s=smooth.shape)
    limit = int(np.ceil(reach))
    rows, columns = (np.r_[0 : min(limit, n // 2 - 1) + 1, -min(limit, n // 2 - 1) : 0] for n in smooth.shape)
    window = fft.fftshift(surface[np.ix_(rows, columns)])
    window = ndimage.gaussian_filter(window, 0.7)
    peaks = window == ndimage.maximum_filter(window, size=3)
    y, x = np.nonzero(peaks)
    order = np.argsort(-window[y, x])[:_PEAKS]
    middle = (len(rows) // 2, len(columns) // 2)
    found = [(float(y[n] - middle[0]), float(x[n] - middle[1])) for n in order]
    return [*found, (0.0, 0.0)]


def _noise_of_difference(smooth: Image, reference: Reference) -> float:
    """Noise between frame and reference where little is to be seen."""
    spreads = []
    for image in (smooth, reference.smooth):
        # pixels so far apart share nothing: half the difference of neighbours on a coarse grid is noise
        coarse = image[::7, ::7]
        spreads.append(1.4826 * float(np.median(np.abs(np.diff(coarse, axis=1)))) / np.sqrt(2))
    return max(float(np.hypot(*spreads)), 1e-3)


def _sample(smooth: Image, reference: Reference, place: tuple[float, float], order: int) -> tuple[Floats, Mask]:
    """Light of the frame at the reference's pixels if the ground had moved to `place`."""
    y, x = reference.rows + place[0], reference.columns + place[1]
    inside = (y >= 0) & (y <= smooth.shape[0] - 1) & (x >= 0) & (x <= smooth.shape[1] - 1)
    values = ndimage.map_coordinates(smooth, [y, x], order=order, mode="nearest", prefilter=False)
    return np.asarray(values, np.float64), np.asarray(inside)


def _bounded_cost(smooth: Image, reference: Reference, place: tuple[float, float], noise: float) -> float:
    """Mean squared residual, bounded, so that what has moved by itself costs no more than what is not there."""
    values, inside = _sample(smooth, reference, place, 1)
    if inside.sum() < 50:
        return np.inf
    there = reference.smooth[reference.rows, reference.columns].astype(np.float64)
    residual = (values - there) / np.hypot(noise, _MISFIT * np.abs(there))
    # a shift by whole pixels only: up to half a pixel of the slope is no fault of the place
    residual = np.maximum(np.abs(residual) - 0.5 * np.hypot(reference.slope_y, reference.slope_x) / noise, 0.0)
    return float(np.minimum(residual[inside] ** 2, _BEND**2).mean())


def _refine(smooth: Image, reference: Reference, place: tuple[float, float], noise: float) -> Shift:
    """Least squares for shift, brightness and ground with Tukey's weights.

    Slopes of the reference times slopes of the frame make the curvature: their noise is independent, while squares
    of either would hold noise, and steps at low light would be far too short.
    """
    nothing = Shift(y=place[0], x=place[1], sd_px=np.inf, matched=0.0)
    coefficients = ndimage.spline_filter(smooth, order=3, output=np.float32)
    slopes = [np.gradient(smooth, axis=axis) for axis in (0, 1)]
    there = reference.smooth[reference.rows, reference.columns].astype(np.float64)
    sd = np.hypot(noise, _MISFIT * np.abs(there))
    known = np.stack([reference.slope_y, reference.slope_x, there, np.ones_like(there)], axis=1) / sd[:, None]
    guess, gain, ground = np.array(place), 1.0, 0.0
    wide = 2.5  # at first: half a pixel off is no outlier yet
    for _ in range(_STEPS):
        here = (float(guess[0]), float(guess[1]))
        values, inside = _sample(coefficients, reference, here, 3)
        seen = known.copy()
        for axis in (0, 1):
            seen[:, axis] = _sample(slopes[axis], reference, here, 1)[0] / sd
        residual = (values - gain * there - ground) / sd
        spread = 1.4826 * float(np.median(np.abs(residual[inside]))) if inside.any() else 1.0
        reach = _BEND * max(1.0, min(spread, wide))
        weight = np.where(inside, np.clip(1 - (residual / reach) ** 2, 0, None) ** 2, 0.0)
        matrix = (known * weight[:, None]).T @ seen
        if not np.linalg.cond(matrix) < 1e12 or (np.diag(matrix)[:2] <= 0).any():
            return nothing
        step = np.linalg.solve(matrix, (known * weight[:, None]).T @ residual)
        move = -np.clip(step[:2], -0.5, 0.5)
        guess, gain, ground = guess + move, gain + step[2], ground + step[3]
        wide = max(1.0, 0.7 * wide)
        if np.abs(move).max() < 1e-3:
            break
    if np.abs(guess - place).max() > 2.0:
        return nothing
    inverse = np.linalg.inv(matrix)
    covariance = inverse @ ((known * weight[:, None] ** 2).T @ known) @ inverse.T
    error = float(np.sqrt(max(covariance[0, 0], covariance[1, 1])) * _CORRELATED)
    matched = float((weight > 0.25).sum() / max(inside.sum(), 1))
    return Shift(y=float(guess[0]), x=float(guess[1]), sd_px=error, matched=matched)
