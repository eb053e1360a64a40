"""Fibres: long oriented line filters in units of the noise, thinned to lines one pixel wide.

A fibre is dim in every pixel and long: a filter along it gains with the square root of its length
(evidence/imaging.md section 4.1). Three lengths are used: the longest finds dim straight fibres, the shortest
follows bright ones around bends.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage, special
from skimage.morphology import skeletonize

from migralab.imaging.settings import AnalysisSettings
from migralab.imaging.signal.noise import Image, Mask, response_sd

_ALIKE_PX = 3.0  # pixels along a line that the smoothing makes alike
_GROUND_UM = 2.5
_BRIGHTEST = 1.3
_CLIP = 2.0  # times the typical fibre
_EIGHT = np.ones((3, 3), bool)
_TUBE_SD_UM = 0.025  # a tube 70 nm wide seen from above: radius / sqrt(2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """What the line filters found.

    Parameters
    ----------
    evidence
        Best response over its length's threshold: above 1 a fibre may start.
    direction
        Angle of the fibre at each pixel, rad, modulo pi, from the x axis towards larger y.
    ridge
        Crest lines, one or two pixels wide.
    threshold_sigma
        Threshold in units of the filter's noise.
    """

    evidence: Image
    direction: Image
    ridge: Mask
    threshold_sigma: float


def filter_lines(stabilised: Image, usable: Mask, pixel_um: float, settings: AnalysisSettings) -> Lines:
    """Filter an image for lines of all directions and keep the crests.

    Parameters
    ----------
    stabilised
        Image in units of its noise, with bodies and vesicles flattened.
    usable
        True where a fibre may be.
    pixel_um
        Pixel size, um.
    settings
        Thresholds.
    """
    width = max(settings.psf_default_um / pixel_um, 1.0)
    lengths = [max(length / pixel_um, 1.5 * width) for length in settings.line_lengths_um]
    threshold = line_threshold(int(usable.sum()) * pixel_um**2, settings)
    quiet = usable & (stabilised < np.percentile(stabilised[usable], 60))
    first, direction = _best_direction(stabilised, width, lengths[0])
    seen = stabilised[usable & (first > threshold * response_sd(first, quiet))]
    # a vesicle that outshines its fibre would throw rays of false lines
    level = _CLIP * float(np.median(seen)) if seen.size else np.inf
    clipped = np.minimum(stabilised, level)
    evidence = np.full(stabilised.shape, -np.inf, np.float32)
    amplitude = np.zeros(stabilised.shape, np.float32)
    for length in lengths:
        response, angle = _best_direction(clipped, width, length)
        if length == lengths[0]:
            here = response / np.sqrt(length)
        noise = response_sd(response, quiet)
        better = response / (noise * threshold) > evidence
        evidence[better] = response[better] / (noise * threshold)
        amplitude[better] = response[better] / np.sqrt(length)
        direction[better] = angle[better]
    strong = evidence[usable & (evidence > 1.0)]
    typical = float(np.median(strong)) if strong.size else 1.0
    floor = max(settings.line_weakest, settings.line_relative * typical)
    supported = here > settings.line_support * amplitude
    # beads and crossings throw faint false lines: they are weak beside the line that they come from
    beside = ndimage.maximum_filter(here, size=2 * max(2, round(settings.line_shadow_um / pixel_um)) + 1)
    supported &= here > settings.line_shadow * beside
    crest = _is_crest(evidence, direction) & usable & (evidence > floor) & supported
    ridge = _keep_seeded(crest, evidence > max(1.0, floor))
    return Lines(evidence=evidence, direction=direction, ridge=ridge, threshold_sigma=threshold)


def line_threshold(area_um2: float, settings: AnalysisSettings) -> float:
    """Return the threshold at which noise starts `settings.false_traces` fibres in an image of this area."""
    shortest = min(settings.line_lengths_um)
    trials = max(area_um2 / (shortest * settings.psf_default_um), 1.0) * len(settings.line_lengths_um)
    trials *= _angles(settings.psf_default_um, max(settings.line_lengths_um))
    return max(-float(special.ndtri(min(settings.false_traces / trials, 0.5))), settings.line_floor_sigma)


def _angles(width: float, length: float) -> int:
    """Directions that leave no fibre more than half a filter's angular width away."""
    return max(8, int(np.ceil(2.5 * length / width)))


def _best_direction(image: Image, width: float, length: float) -> tuple[Image, Image]:
    """Largest response over all directions of a second derivative across and a Gaussian along, and its angle."""
    margin = int(3 * length + 3 * width) + 1
    padded = np.pad(image, margin, mode="reflect" if margin < min(image.shape) else "edge")
    shape = tuple(fft.next_fast_len(n, real=True) for n in padded.shape)
    spectrum = fft.rfft2(padded, s=shape)
    wy = (2 * np.pi * fft.fftfreq(shape[0])).astype(np.float32)[:, None]
    wx = (2 * np.pi * fft.rfftfreq(shape[1])).astype(np.float32)[None, :]
    best = np.full(image.shape, -np.inf, np.float32)
    angle = np.zeros(image.shape, np.float32)
    # unit energy in white noise, by Parseval in closed form: integral of the squared kernel in space
    energy = np.sqrt(3.0 / (16.0 * np.pi * width**5 * length))
    angles = _angles(width, length)
    for theta in np.arange(angles, dtype=np.float32) * np.float32(np.pi / angles):
        along = wx * np.cos(theta) + wy * np.sin(theta)
        across = wy * np.cos(theta) - wx * np.sin(theta)
        kernel = across**2 * np.exp(-0.5 * ((width * across) ** 2 + (length * along) ** 2))
        response = fft.irfft2(spectrum * kernel, s=shape)[
            margin : margin + image.shape[0], margin : margin + image.shape[1]
        ] / np.float32(energy)
        better = response > best
        best[better] = response[better]
        angle[better] = theta
    return best, angle


def _is_crest(evidence: Image, direction: Image) -> Mask:
    """Not smaller than one neighbour across the line and larger than the other: ties make no double lines."""
    sector = np.rint(direction / (np.pi / 4)).astype(int) % 4
    across = {0: (1, 0), 1: (1, -1), 2: (0, 1), 3: (1, 1)}
    crest = np.zeros(evidence.shape, bool)
    padded = np.pad(evidence, 1, mode="edge")
    height, width = evidence.shape
    for number, (dy, dx) in across.items():
        one = padded[1 + dy : 1 + dy + height, 1 + dx : 1 + dx + width]
        other = padded[1 - dy : 1 - dy + height, 1 - dx : 1 - dx + width]
        crest |= (sector == number) & (evidence >= one) & (evidence > other)
    return crest


def _keep_seeded(weak: Mask, strong: Mask) -> Mask:
    labels, count = ndimage.label(weak, _EIGHT)
    kept = np.zeros(count + 1, bool)
    kept[np.unique(labels[weak & strong])] = True
    kept[0] = False
    return np.asarray(kept[labels], bool)


def shortest_line(pixel_um: float, settings: AnalysisSettings) -> float:
    """Return the fewest pixels of a piece of line that is kept for joining."""
    return max(0.6 * settings.fibre_shortest_um / pixel_um, 3.0)


def thin(ridge: Mask, evidence: Image, shortest_px: float) -> Mask:
    """Close one-pixel gaps of the crests, thin them to lines one pixel wide, drop crumbs."""
    # Lee 1994: the default method erases diagonals that are two pixels wide
    closed = ridge | (ndimage.binary_closing(np.pad(ridge, 2), _EIGHT)[2:-2, 2:-2] & (evidence > 0))
    lines = skeletonize(closed, method="lee") > 0  # type: ignore[no-untyped-call]  # skimage has no types
    return _drop_crumbs(lines, shortest_px)


def drop_dark(lines: Mask, stabilised: Image, pixel_um: float, settings: AnalysisSettings) -> Mask:
    """Cut lines where they are dark beside the rest of their stretch: rays of vesicles, debris, ends.

    Parameters
    ----------
    lines
        Lines one pixel wide.
    stabilised
        Image in units of its noise.
    pixel_um
        Pixel size, um.
    settings
        Thresholds.
    """
    light = ndimage.gaussian_filter(stabilised, 1.0)
    # haze and cell bodies are wide: the ground under a line is what is left when lines are opened away
    side = 2 * max(2, round(_GROUND_UM / 2 / pixel_um)) + 1
    light -= ndimage.grey_opening(light, size=(side, side))
    quiet = light[~ndimage.binary_dilation(lines, _EIGHT, iterations=3)]
    zero = float(np.median(quiet)) if quiet.size else 0.0
    # only the dimmer half of the noise is free of structure
    noise = 1.4826 * float(np.median(np.abs(quiet[quiet <= zero] - zero))) if quiet.size else 1.0
    light = light - zero
    neighbours = ndimage.convolve(lines.astype(np.int8), _EIGHT.astype(np.int8), mode="constant") - lines
    pieces, count = ndimage.label(lines & (neighbours < 3), _EIGHT)
    if count == 0:
        return lines
    at = np.flatnonzero(pieces)
    order = np.lexsort((light.flat[at], pieces.flat[at]))
    number, sorted_light = pieces.flat[at][order], light.flat[at][order]
    first = np.searchsorted(number, np.arange(1, count + 2))
    length = np.diff(first)
    bright = sorted_light[first[:-1] + (0.75 * (length - 1)).astype(int)]
    middle = sorted_light[first[:-1] + length // 2]
    # a piece is real if its median stands out of the noise that so many pixels leave
    real = middle * np.sqrt(length / _ALIKE_PX) > settings.line_least_sigma * max(noise, 1e-6)
    # a stretch that ends in a vesicle is judged by its fibre, not by the vesicle
    typical = float(np.median(light[lines]))
    bright = np.minimum(bright, _BRIGHTEST * typical)
    limit = np.where(bright > 4 * noise, settings.line_darkest * bright - 2 * noise, -np.inf)  # else gaps are noise
    limit = np.concatenate([[-np.inf], np.where(real, limit, np.inf)])
    kept = lines & (light >= limit[pieces]) & (light >= settings.line_faintest * typical)
    return _drop_crumbs(kept, shortest_line(pixel_um, settings))


def _drop_crumbs(lines: Mask, shortest_px: float) -> Mask:
    labels, count = ndimage.label(lines, _EIGHT)
    large = np.bincount(labels.ravel(), minlength=count + 1) >= shortest_px
    large[0] = False
    return np.asarray(large[labels], bool)


def measure_psf(
    image: Image, skeleton: Mask, direction: Image, pixel_um: float, settings: AnalysisSettings
) -> float | None:
    """Measure the point spread function on the fibres: 70 nm wide line targets for free.

    Returns
    -------
    float | None
        Standard deviation, um; None where there are too few lone fibre pixels.
    """
    reach = max(0.8, 4 * pixel_um)
    crowd = ndimage.uniform_filter(skeleton.astype(np.float32), 2 * int(reach / pixel_um) + 1)
    lone = _keep_straight(skeleton, 2.0 / pixel_um) & (crowd * (2 * int(reach / pixel_um) + 1) < 1.8)
    y, x = np.nonzero(lone)
    if len(y) < 100:
        return None
    offsets = np.arange(-reach, reach + 1e-9, pixel_um / 2)
    theta = direction[y, x]
    ys = y[:, None] + np.cos(theta)[:, None] * offsets / pixel_um
    xs = x[:, None] - np.sin(theta)[:, None] * offsets / pixel_um
    profiles = ndimage.map_coordinates(image, [ys, xs], order=1, mode="nearest")
    profiles -= np.percentile(profiles, 20, axis=1, keepdims=True)
    half = profiles > 0.5 * profiles[:, len(offsets) // 2][:, None]
    # width at half height of the central stretch of each profile; the median resists neighbours and bends
    centre = len(offsets) // 2
    right = np.argmin(half[:, centre:], axis=1)
    left = np.argmin(half[:, centre::-1], axis=1)
    good = (right > 0) & (left > 0)
    if good.sum() < 100:
        return None
    fwhm = float(np.median((right + left - 1)[good])) * pixel_um / 2
    variance = (fwhm / 2.355) ** 2 - _TUBE_SD_UM**2
    return float(np.sqrt(max(variance, (0.5 * pixel_um) ** 2, (0.3 * settings.psf_default_um) ** 2)))


def _keep_straight(skeleton: Mask, shortest_px: float) -> Mask:
    """Pieces that are long and go somewhere; the outline of a ring does not."""
    neighbours = ndimage.convolve(skeleton.astype(np.int8), _EIGHT.astype(np.int8), mode="constant") - skeleton
    pieces, count = ndimage.label(skeleton & (neighbours < 3), _EIGHT)
    size = np.bincount(pieces.ravel(), minlength=count + 1)
    kept = np.zeros(count + 1, bool)
    for number, (rows, columns) in enumerate(ndimage.find_objects(pieces), start=1):
        across = np.hypot(rows.stop - rows.start, columns.stop - columns.start)
        kept[number] = size[number] >= shortest_px and across > 0.75 * size[number]
    return np.asarray(kept[pieces], bool)


def flatten(stabilised: Image, bodies: NDArray[np.int32], pixel_um: float) -> Image:
    """Take away what is wider than a fibre, so that the outline of a body is not taken for a line."""
    smooth = ndimage.gaussian_filter(stabilised, 0.7)
    side = max(5, 2 * round(0.6 / pixel_um) + 1)
    wide = ndimage.grey_opening(smooth, size=(side, side))
    near = ndimage.binary_dilation(bodies > 0, iterations=side)
    return np.asarray(np.where(near, stabilised - wide, stabilised), np.float32)
