"""Fibres: long oriented line filters in units of the noise, thinned to lines one pixel wide.

A fibre is dim in every pixel and long: a filter along it gains with the square root of its length
(evidence/imaging.md section 4.1). Lines are scored at
several lengths: the longest finds dim fibres, the shortest follows bright ones around bends (`line_scores`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.morphology import skeletonize

from migralab.imaging.detect.cells import distance_to_bodies
from migralab.imaging.detect.chains import label_pixels
from migralab.imaging.settings import AnalysisSettings
from migralab.imaging.signal.bins import bin_image, unbin_image
from migralab.imaging.signal.line_scores import LineScores, least_scores, lengths_of, score_lines
from migralab.imaging.signal.noise import Image, Mask
from migralab.imaging.signal.windows import count_neighbours, largest_within, open_grey, smallest_within, smooth_image

_ALIKE_PX = 3.0  # pixels along a line that the smoothing makes alike
_GROUND_UM = 2.5
_RIM_REACH_UM = 1.5
_RIM_STEP_UM = 0.1
_SECTORS = 24
_BRIGHTEST = 1.3
_BIN_UM = 0.2  # fibres are looked for on pixels of about this size
_CLIP = 2.0  # times the typical fibre
_FINE_DOUBLINGS = 2
_CROWD_UM = 4.0
_CROWDED = 0.6  # two and a half straight lines across that window
_CROWDED_SHARE = 0.05
_FAN_UM = 1.2
_ROUGH = 0.7
_DOUBT = 0.5  # units of noise
_ACROSS = np.array([(1, 0), (1, -1), (0, 1), (1, 1)])  # steps (y, x) across lines of 0, 45, 90 and 135 degrees
_THIN = 5  # of the quiet pixels one in so many tells their middle


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """What the line filters found.

    Parameters
    ----------
    evidence
        Best score over its length's threshold: above 1 a fibre may start.
    direction
        Angle of the fibre at each pixel, rad, modulo pi, from the x axis towards larger y.
    ridge
        Crest lines, one or two pixels wide.
    threshold_sigma
        Threshold of the longest filter in units of its noise.
    amplitude
        Score per shortest piece, in units of noise.
    pieces
        Scores of the shortest filter, (angle, y, x), on pixels `factor` times as large.
    factor, width_px, length_px
        Of those pixels, and of the shortest filter in them.
    """

    evidence: Image
    direction: Image
    ridge: Mask
    threshold_sigma: float
    amplitude: Image
    pieces: NDArray[np.float32]
    factor: int
    width_px: float
    length_px: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scale:
    """Pixels taken together, and the shortest filter in them; how often it is doubled, in how many directions."""

    factor: int
    width: float
    length: float
    doublings: int
    angles: int


def _scale(pixel_um: float, settings: AnalysisSettings, *, fine: bool) -> _Scale:
    """Return the filters for dim fibres, or the fine ones for bright fibres that lie close."""
    factor = 1 if fine else max(1, round(_BIN_UM / pixel_um))
    pixel = pixel_um * factor
    width = max(settings.psf_default_um / pixel, 1.0) if fine else max(settings.line_width_um / pixel, 0.9)
    length = max(settings.line_length_um / pixel, 1.5 * width if fine else 1.5)
    doublings = min(settings.line_doublings, _FINE_DOUBLINGS) if fine else settings.line_doublings
    # directions fine enough for the longest line but one, whose halves may turn
    longest = float(lengths_of(length, max(doublings - 1, 0))[-1])
    angles = int(np.clip(np.ceil(2.5 * longest / width), 12, 32))
    return _Scale(factor=factor, width=width, length=length, doublings=doublings, angles=angles)


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
    lines, brightness = _trace(stabilised, usable, pixel_um, settings, _scale(pixel_um, settings, fine=False))
    if brightness < settings.line_fine_sigma or not _is_crowded(lines.ridge, pixel_um):
        return lines
    # what outshines the fibres would throw rays of false lines
    clipped = np.minimum(stabilised, np.float32(_CLIP * _weighted_median(stabilised[lines.ridge])))
    return _trace(clipped, usable, pixel_um, settings, _scale(pixel_um, settings, fine=True))[0]


def _is_crowded(ridge: Mask, pixel_um: float) -> bool:
    """Whether fibres lie so close that the wide filters may take two for one."""
    side = max(3, round(_CROWD_UM / pixel_um))
    density = ndimage.uniform_filter(ridge.astype(np.float32), side)[ridge] / pixel_um  # um of line per um2
    return bool(density.size and (density > _CROWDED).mean() > _CROWDED_SHARE)


def _trace(
    stabilised: Image, usable: Mask, pixel_um: float, settings: AnalysisSettings, scale: _Scale
) -> tuple[Lines, float]:
    """Lines at one scale, and how bright the usual one is in units of the noise of the shortest filter."""
    factor = scale.factor
    image = bin_image(stabilised, factor) * np.float32(factor)  # the noise of a pixel is 1 again
    seen = bin_image(usable.astype(np.float32), factor) > 0.5
    thresholds = line_thresholds(int(usable.sum()) * pixel_um**2, pixel_um, settings, scale)
    scores = score_lines(
        image, seen, width=scale.width, length=scale.length, doublings=scale.doublings, angles=scale.angles,
        thresholds=thresholds,
    )  # fmt: skip
    strong = seen & (scores.evidence > 1.0)
    brightness = _weighted_median(scores.amplitude[strong])
    typical = float(np.median(scores.evidence[strong])) if strong.any() else 1.0
    floor = max(settings.line_weakest, settings.line_relative * typical)
    supported = _is_supported(scores, pixel_um * factor, brightness, settings)
    # halves are put together on whole pixels, which leaves the crest of a long line rough
    smooth = scores.evidence if factor == 1 else smooth_image(scores.evidence, _ROUGH)
    evidence = unbin_image(smooth, factor, stabilised.shape)
    direction, amplitude = (_repeat(part, factor, evidence.shape) for part in (scores.direction, scores.amplitude))
    asked = usable & (evidence > floor) & _repeat(supported, factor, evidence.shape)
    ridge = _keep_seeded(_crests(evidence, direction, asked), evidence > max(1.0, floor))
    lines = Lines(
        evidence=evidence, direction=direction, ridge=ridge, threshold_sigma=float(thresholds[-1]),
        amplitude=amplitude, pieces=scores.pieces, factor=factor, width_px=scale.width, length_px=scale.length,
    )  # fmt: skip
    return lines, brightness


def _repeat(part: NDArray[Any], factor: int, shape: tuple[int, ...]) -> NDArray[Any]:
    """Return the same values on smaller pixels."""
    return np.repeat(np.repeat(part, factor, 0), factor, 1)[: shape[0], : shape[1]]


def _is_supported(scores: LineScores, pixel_um: float, brightness: float, settings: AnalysisSettings) -> Mask:
    """Where the shortest filter sees the line too, and no stronger line lies beside; as far as noise lets it say."""
    doubt = np.float32(_DOUBT)
    supported = scores.short + doubt > settings.line_support * scores.amplitude
    # beside a bright line, longer filters see fans of faint ones
    wide = largest_within(scores.amplitude, max(1, round(_FAN_UM / pixel_um)))
    best = np.maximum(scores.amplitude, scores.short)
    supported &= (best > settings.line_fan * wide) & (best > settings.line_faintest * brightness)
    # beads and crossings throw faint false lines: they are weak beside the line that they come from
    beside = largest_within(scores.short, max(1, round(settings.line_shadow_um / pixel_um)))
    return np.asarray(supported & (scores.short + doubt > settings.line_shadow * beside), bool)


def _weighted_median(values: Image) -> float:
    """Median of the light rather than of the pixels: faint false lines may be many."""
    if not values.size:
        return 0.0
    ordered = np.sort(np.maximum(values, 0.0))
    summed = np.cumsum(ordered, dtype=np.float64)
    return float(ordered[np.searchsorted(summed, 0.5 * summed[-1])])


def line_thresholds(
    area_um2: float, pixel_um: float, settings: AnalysisSettings, scale: _Scale | None = None
) -> NDArray[np.float64]:
    """Return for each length the score at which noise starts `settings.false_traces` fibres in an image of this area.

    Parameters
    ----------
    area_um2
        Area that is looked at.
    pixel_um
        Pixel size, um.
    settings
        Thresholds.
    scale
        Filters; those for dim fibres where omitted.
    """
    chosen = scale or _scale(pixel_um, settings, fine=False)
    lengths = lengths_of(chosen.length, chosen.doublings)
    area_px = area_um2 / (pixel_um * chosen.factor) ** 2
    least = least_scores(area_px, lengths, chosen.width, chosen.angles, settings.false_traces)
    return np.maximum(least, settings.line_floor_sigma)


def _crests(evidence: Image, direction: Image, asked: Mask) -> Mask:
    """Return where it is not smaller than one neighbour across the line and larger than the other: no double lines."""
    y, x = np.nonzero(asked)
    dy, dx = _ACROSS[np.rint(direction[y, x] / (np.pi / 4)).astype(int) % len(_ACROSS)].T
    height, width = evidence.shape
    here, one, other = (
        evidence[np.clip(y + n * dy, 0, height - 1), np.clip(x + n * dx, 0, width - 1)] for n in (0, 1, -1)
    )
    crest = np.zeros(evidence.shape, bool)
    crest[y, x] = (here >= one) & (here > other)
    return crest


def _keep_seeded(weak: Mask, strong: Mask) -> Mask:
    labels, sizes, _ = label_pixels(weak)
    kept = np.zeros(len(sizes), bool)
    kept[np.unique(labels[weak & strong])] = True
    kept[0] = False
    return np.asarray(kept[labels], bool)


def shortest_line(pixel_um: float, settings: AnalysisSettings) -> float:
    """Return the fewest pixels of a piece of line that is kept for joining."""
    return max(0.6 * settings.fibre_shortest_um / pixel_um, 3.0)


def thin(ridge: Mask, evidence: Image, shortest_px: float) -> Mask:
    """Close one-pixel gaps of the crests, thin them to lines one pixel wide, drop crumbs."""
    # Lee 1994: the default method erases diagonals that are two pixels wide
    closed = ridge | (smallest_within(largest_within(np.pad(ridge, 2), 1), 1)[2:-2, 2:-2] & (evidence > 0))
    lines = skeletonize(closed, method="lee") > 0  # type: ignore[no-untyped-call]  # skimage has no types
    return _drop_crumbs(lines, shortest_px)


def drop_dark(lines: Mask, stabilised: Image, evidence: Image, pixel_um: float, settings: AnalysisSettings) -> Mask:
    """Cut lines where they are dark beside the rest of their stretch: rays of vesicles, debris, ends.

    Parameters
    ----------
    lines
        Lines one pixel wide.
    stabilised
        Image in units of its noise.
    evidence
        From `filter_lines`.
    pixel_um
        Pixel size, um.
    settings
        Thresholds.
    """
    light = smooth_image(stabilised, 1.0)
    # haze and cell bodies are wide: the ground under a line is what is left when lines are opened away
    factor = max(1, int(_BIN_UM / pixel_um))
    reach = max(2, round(_GROUND_UM / 2 / (factor * pixel_um)))
    light -= unbin_image(open_grey(bin_image(light, factor), reach), factor, light.shape)
    quiet = light[~largest_within(lines, 3)][::_THIN]
    zero = float(np.median(quiet)) if quiet.size else 0.0
    # only the dimmer half of the noise is free of structure
    noise = 1.4826 * float(np.median(np.abs(quiet[quiet <= zero] - zero))) if quiet.size else 1.0
    light = light - zero
    pieces, sizes, _ = label_pixels(lines & (count_neighbours(lines) < 3))
    count = len(sizes) - 1
    if count == 0:
        return lines
    at = np.flatnonzero(pieces)
    order = np.lexsort((light.flat[at], pieces.flat[at]))
    number, sorted_light = pieces.flat[at][order], light.flat[at][order]
    first = np.searchsorted(number, np.arange(1, count + 2))
    length = np.diff(first)
    bright = sorted_light[first[:-1] + (0.75 * (length - 1)).astype(int)]
    middle = sorted_light[first[:-1] + length // 2]
    # a piece is real if the filters say so, or if its median stands out of the noise that so many pixels leave
    real = middle * np.sqrt(length / _ALIKE_PX) > settings.line_least_sigma * max(noise, 1e-6)
    real |= np.asarray(ndimage.mean(evidence.flat[at], pieces.flat[at], np.arange(1, count + 1))) > 1.0
    # a stretch that ends in a vesicle is judged by its fibre, not by the vesicle
    typical = _weighted_median(light[lines])
    bright = np.minimum(bright, _BRIGHTEST * typical)
    limit = np.where(bright > 4 * noise, settings.line_darkest * bright - 2 * noise, -np.inf)  # else gaps are noise
    limit = np.concatenate([[-np.inf], np.where(real, limit, np.inf)])
    kept = lines & (light >= limit[pieces]) & (light >= settings.line_faintest * typical - 2 * noise)
    return _drop_crumbs(kept, shortest_line(pixel_um, settings))


def _drop_crumbs(lines: Mask, shortest_px: float) -> Mask:
    labels, sizes, _ = label_pixels(lines)
    return np.asarray((sizes >= shortest_px)[labels], bool)  # nothing is no crumb: its size is 0


def flatten(
    stabilised: Image, bodies: NDArray[np.int32], pixel_um: float, least_um: float = 0.0
) -> tuple[Image, NDArray[np.float32]]:
    """Take away the blurred rims of bodies, so that no outline is taken for a line; what a rim is like is measured.

    Parameters
    ----------
    stabilised
        Image in units of its noise.
    bodies
        Number of the cell (from 1) at each pixel.
    pixel_um
        Pixel size, um.
    least_um
        Distances are told up to this one, or to the end of the rim.

    Returns
    -------
    flat
        The image with the bodies at the level of the ground, and without the median of each stretch of rim at
        each distance from the body.
    away
        Distance from the nearest body, um; infinite where there is none so near.
    """
    nearest, distance = distance_to_bodies(bodies, max(_RIM_REACH_UM, least_um) / pixel_um)
    away = np.asarray(distance * pixel_um, np.float32)
    if not nearest.any():
        return stabilised, away
    far = stabilised[away > _RIM_REACH_UM]
    ground = float(np.median(far[::5])) if len(far) else 0.0
    y, x = np.nonzero((away > 0) & (away <= _RIM_REACH_UM))
    owner = nearest[y, x]
    centres = np.array([np.mean(np.nonzero(bodies == n), axis=1) for n in range(1, bodies.max() + 1)])
    angle = np.arctan2(y - centres[owner - 1, 0], x - centres[owner - 1, 1])
    sector = ((angle / (2 * np.pi) + 0.5) * _SECTORS).astype(np.int64) % _SECTORS
    step = max(_RIM_STEP_UM, pixel_um)
    bins = int(_RIM_REACH_UM / step) + 1
    key = (owner * _SECTORS + sector) * bins + (away[y, x] / step).astype(np.int64)
    names, key = np.unique(key, return_inverse=True)
    rim = np.asarray(ndimage.median(stabilised[y, x], key, np.arange(len(names))), np.float32)
    flat = stabilised.copy()
    flat[bodies > 0] = ground
    flat[y, x] -= rim[key] - ground
    return flat, away
