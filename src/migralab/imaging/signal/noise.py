"""Noise of an image: how much a pixel varies at a given brightness, and the scale on which it varies alike.

The variance of a pixel is modelled as ``read_sd**2 + gain * (signal - background)``, estimated from the image
itself. On the stabilised scale one unit is one standard deviation of the noise everywhere, so that one
threshold holds for dim and bright structures and for every frame of a bleaching movie.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from migralab.core.kernel import kernel

Image = NDArray[np.float32]
Mask = NDArray[np.bool_]

_ENOUGH = 200_000  # pixels from which noise is read
_CLASS = 50  # pixels of one brightness


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """Noise of one image.

    Parameters
    ----------
    background
        Brightness of empty ground, grey levels.
    read_sd
        Standard deviation of a pixel of empty ground, grey levels.
    gain
        Increase of the variance with brightness, grey levels.
    """

    background: float
    read_sd: float
    gain: float

    def variance(self, image: Image) -> Image:
        """Return the variance of each pixel, grey levels squared."""
        signal = np.maximum(image - self.background, 0.0)
        return np.asarray(self.read_sd**2 + self.gain * signal, np.float32)

    def stabilise(self, image: Image) -> Image:
        """Return the image in units of the noise; the background is near 0."""
        signal = image - self.background
        if self.gain < 1e-3 * self.read_sd:
            return np.asarray(signal / self.read_sd, np.float32)
        floor = self.read_sd**2
        root = np.sqrt(np.maximum(self.gain * signal + floor, 0.0))
        return np.asarray(2.0 / self.gain * (root - self.read_sd), np.float32)


def estimate_noise(image: Image, usable: Mask, *, step: float) -> Noise:
    """Estimate background, read noise and gain from an image.

    Parameters
    ----------
    image
        Grey levels (y, x).
    usable
        True on specimen.
    step
        Distance between two grey levels; the read noise is never taken smaller than this.
    """
    from scipy import optimize

    inner = usable if usable.all() else ndimage.binary_erosion(usable, iterations=2, border_value=1)
    places = np.flatnonzero(inner[2:-2, 2:-2])
    level, rough = look_at_pixels(np.ascontiguousarray(image, np.float32), places[:: max(1, len(places) // _ENOUGH)])
    order = np.argsort(level)
    level, rough = level[order], rough[order]
    background = float(np.percentile(level, 25))
    edges = np.unique(np.percentile(level, np.linspace(0, 100, 21)))
    means, variances = [], []
    for low, high in pairwise(edges):
        inside = slice(np.searchsorted(level, low), np.searchsorted(level, high, side="right"))
        if inside.stop - inside.start >= _CLASS:
            means.append(max(float(level[inside].mean()) - background, 0.0))
            variances.append((1.4826 * float(np.median(rough[inside]))) ** 2)
    if not means:
        return Noise(background=background, read_sd=step, gain=0.0)
    x, y = np.array(means), np.maximum(np.array(variances), step**2)
    # relative weights: the bright bins hold structure besides noise and may not rule the fit
    fit, _ = optimize.nnls(np.stack([np.ones_like(x), x], 1) / y[:, None], np.ones_like(y))
    return Noise(background=background, read_sd=max(float(np.sqrt(fit[0])), step), gain=float(fit[1]))


@kernel
def look_at_pixels(image: Image, places: NDArray[np.int64]) -> tuple[Image, Image]:
    """Mean of 5 x 5 pixels, and size of the second difference along both axes, which has unit noise.

    `places` count the pixels of the image without its two outermost ones. Second differences (Immerkaer 1996) are
    blind to planes and straight edges, so that what they leave is mostly noise.
    """
    level, rough = np.empty(places.shape[0], np.float32), np.empty(places.shape[0], np.float32)
    width = image.shape[1] - 4
    for k in range(places.shape[0]):
        y, x = places[k] // width, places[k] % width
        total, bend = 0.0, 0.0
        for j in range(5):
            for i in range(5):
                total += image[y + j, x + i]
        for j in range(3):
            row = image[y + 1 + j, x + 1] - 2 * image[y + 1 + j, x + 2] + image[y + 1 + j, x + 3]
            bend += row if j != 1 else -2 * row
        level[k], rough[k] = total / 25, abs(bend) / 6
    return level, rough


def response_sd(values: Image) -> float:
    """Return the noise of a filter response on quiet ground that would be 1 in white noise; at least 1.

    Resampled and compressed images have correlated noise: a filter sees more of it than white noise would give.
    """
    if values.size < 100:
        return 1.0
    return max(1.0, 1.4826 * float(np.median(np.abs(values - np.median(values)))))
