"""Scores of lines of all directions and many lengths, each length from two halves of the one before.

The shortest filter is a second derivative across and a Gaussian along. A line twice as long is two halves, end to
end, which may be turned against each other a little: so lines may bend. A half counts for no more than the other
one and a few units of noise: what is bright on one side only, a vesicle or the end of a line, makes no long line.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft, special

from migralab.core.kernel import kernel
from migralab.imaging.signal.noise import Image, Mask

Floats = NDArray[np.float64]
Stack = NDArray[np.float32]

APART = 1.5  # of the length: half the distance between the middles of the two halves
_BENDS = 3
# set on noise seeds 100 to 123; of seeds 5000 to 5023, 0.29 of the images hold a seed where 0.39 are allowed
_CHOSEN = np.array([0.0, 0.0, 0.3, 0.3, 0.7])
_BLOCK = 12  # pixels
_LEAST_BLOCKS = 12
_UNEQUAL = 2.0  # units of noise by which one half may exceed the other


@dataclass(frozen=True, slots=True, kw_only=True)
class LineScores:
    """Best score of all lengths and directions at each pixel.

    Parameters
    ----------
    evidence
        Score over the threshold of its length; above 1 noise alone is not to be expected.
    direction
        Angle of the line, rad, modulo pi, from the x axis towards larger y.
    short
        Best score of the shortest filter, in units of its noise.
    amplitude
        Score of the best length, per shortest piece, in the same units.
    pieces
        Scores of the shortest filter, (angle, y, x).
    """

    evidence: Image
    direction: Image
    short: Image
    amplitude: Image
    pieces: Stack


@kernel
def join_halves(before: Stack, reach: float, most: np.float32, out: Stack) -> None:
    """Score lines twice as long (angle, y, x) from those `before`; `reach` is half their distance, pixels."""
    angles, height, width = before.shape
    for a in range(angles):
        out[a] = np.float32(-1e30)
        for bend in range(-1, 2):
            left, right = before[(a - bend) % angles], before[(a + bend) % angles]
            turn = math.pi / angles
            one, two = (a - 0.5 * bend) * turn, (a + 0.5 * bend) * turn
            ly, lx = -round(reach * math.sin(one)), -round(reach * math.cos(one))
            ry, rx = round(reach * math.sin(two)), round(reach * math.cos(two))
            first, last = max(0, -lx, -rx), min(width, width - lx, width - rx)
            for y in range(max(0, -ly, -ry), min(height, height - ly, height - ry)):
                # slices, so that no index can be negative and the loop goes several pixels at a time
                one_side, other_side = left[y + ly, first + lx : last + lx], right[y + ry, first + rx : last + rx]
                best = out[a, y, first:last]
                for i in range(best.shape[0]):
                    p, q = one_side[i], other_side[i]
                    more, less = q + most, p + most
                    whole = (p if p < more else more) + (q if q < less else less)  # min() would be slower
                    best[i] = whole if whole > best[i] else best[i]


@kernel
def take_best(
    scores: Stack, scale: np.float32, share: np.float32, evidence: Image, angle: NDArray[np.int16], amplitude: Image
) -> None:
    """Keep the best of all directions where it beats what was there."""
    angles, height, width = scores.shape
    for a in range(angles):
        for y in range(height):
            for x in range(width):
                if scores[a, y, x] * scale > evidence[y, x]:
                    evidence[y, x] = scores[a, y, x] * scale
                    amplitude[y, x] = scores[a, y, x] * share
                    angle[y, x] = a


def score_lines(
    image: Image, usable: Mask, *, width: float, length: float, doublings: int, angles: int, thresholds: Floats
) -> LineScores:
    """Score lines through every pixel.

    Parameters
    ----------
    image
        In units of the noise of a pixel.
    usable
        Where specimen is; correlated noise scores more than white noise, which is measured in its quietest parts.
    width, length
        Standard deviations of the shortest filter across and along, pixels.
    doublings
        How often the length is doubled.
    angles
        Directions in half a turn.
    thresholds
        For each length, in units of the noise of its score, (doublings + 1,).
    """
    scores = _shortest(image, width, length, angles)
    scores /= np.float32(_correlated(scores, usable))  # from here on in units of its own noise
    evidence = np.full(image.shape, -np.inf, np.float32)
    angle = np.zeros(image.shape, np.int16)
    amplitude = np.zeros(image.shape, np.float32)
    pieces = scores
    short = scores.max(axis=0)
    along = np.array([0.0])
    for level in range(doublings + 1):
        noise = _white(along, length)
        take_best(
            scores, np.float32(1 / (noise * thresholds[level])), np.float32(1 / len(along)), evidence, angle, amplitude
        )
        if level == doublings:
            break
        reach = APART * length * np.sqrt((1 + APART**2) ** level)
        longer = np.empty_like(scores)
        join_halves(scores, reach, np.float32(_UNEQUAL * noise), longer)
        scores = longer
        along = np.concatenate([along - reach, along + reach])
    direction = angle.astype(np.float32) * np.float32(np.pi / angles)
    return LineScores(evidence=evidence, direction=direction, short=short, amplitude=amplitude, pieces=pieces)


def lengths_of(length: float, doublings: int) -> Floats:
    """Return the standard deviation along the line of each length."""
    return np.asarray(length * np.sqrt((1 + APART**2) ** np.arange(doublings + 1)))


def least_scores(area: float, lengths: Floats, width: float, angles: int, false_traces: float) -> Floats:
    """Return for each length the score at which white noise starts `false_traces` lines in an area, all told.

    Places, directions and the bends of the last joint are counted as if independent. The halves have chosen their
    own bends before, which no count of independent trials holds: that part is calibrated on drawn noise (C).
    """
    levels = np.arange(len(lengths))
    trials = np.maximum(area / (lengths * width), 1.0) * angles * _BENDS**levels * len(lengths)
    chosen = np.take(_CHOSEN, np.minimum(levels, len(_CHOSEN) - 1))
    return np.asarray(-special.ndtri(np.minimum(false_traces / trials, 0.5)) + chosen)


def white_noise(pieces: int, length: float) -> float:
    """Noise of a sum of so many shortest scores end to end, in units of the noise of one."""
    return _white(np.asarray(APART * length * np.arange(pieces), np.float64), length)


def line_response(line: float, width: float, length: float) -> float:
    """Score of the shortest filter on a long line of peak 1 with a Gaussian section of standard deviation `line`."""
    energy = np.sqrt(3.0 / (16.0 * np.pi * width**5 * length))
    return float(line / (width**2 + line**2) ** 1.5 / energy)


def _white(along: Floats, length: float) -> float:
    """Noise of a sum of shortest scores at these places along a line, in units of the noise of one."""
    apart = along[:, None] - along[None, :]
    return float(np.sqrt(np.exp(-(apart**2) / (4 * length**2)).sum()))


def _correlated(scores: Stack, usable: Mask) -> float:
    """Noise of the shortest score over that in white noise, from the quietest quarter of the image; at least 1.

    Resampled, compressed and smoothed images have correlated noise. Structure is in some blocks, noise in all.
    """
    height, width = (side // _BLOCK for side in usable.shape)
    if height * width < _LEAST_BLOCKS:
        return 1.0
    inner = np.s_[: height * _BLOCK, : width * _BLOCK]
    whole = usable[inner].reshape(height, _BLOCK, width, _BLOCK).all(axis=(1, 3))
    if whole.sum() < _LEAST_BLOCKS:
        return 1.0
    some = scores[:: max(1, len(scores) // 4)][(slice(None), *inner)]
    power = np.square(some).reshape(len(some), height, _BLOCK, width, _BLOCK).mean(axis=(0, 2, 4))
    return max(1.0, float(np.sqrt(np.percentile(power[whole], 25))))


def _shortest(image: Image, width: float, length: float, angles: int) -> Stack:
    """Second derivative across and Gaussian along, of unit energy, (angle, y, x)."""
    margin = int(3 * length + 3 * width) + 1
    padded = np.pad(image, margin, mode="reflect" if margin < min(image.shape) else "edge")
    shape = tuple(fft.next_fast_len(n, real=True) for n in padded.shape)
    spectrum = fft.rfft2(padded, s=shape)
    wy = (2 * np.pi * fft.fftfreq(shape[0])).astype(np.float32)[:, None]
    wx = (2 * np.pi * fft.rfftfreq(shape[1])).astype(np.float32)[None, :]
    # unit energy in white noise, by Parseval in closed form: integral of the squared kernel in space
    energy = np.sqrt(3.0 / (16.0 * np.pi * width**5 * length))
    scores = np.empty((angles, *image.shape), np.float32)
    inner = np.s_[margin : margin + image.shape[0], margin : margin + image.shape[1]]
    for number in range(angles):
        c, s = (np.float32(f(np.pi * number / angles)) for f in (np.cos, np.sin))
        along, across = wx * c + wy * s, wy * c - wx * s
        filtered = across**2 * np.exp(-0.5 * ((width * across) ** 2 + (length * along) ** 2))
        scores[number] = fft.irfft2(spectrum * filtered, s=shape)[inner]
    scores /= np.float32(energy)
    return scores
