"""Pictures of larger pixels: what is wide need not be looked at finely."""

from __future__ import annotations

import numpy as np

from migralab.imaging.signal.noise import Image


def bin_image(image: Image, factor: int) -> Image:
    """Return the mean over blocks of `factor` pixels a side; edges are filled with their own last pixel."""
    if factor == 1:
        return image
    height, width = image.shape
    more = (-height % factor, -width % factor)
    whole = np.pad(image, ((0, more[0]), (0, more[1])), mode="edge") if any(more) else image
    rows = whole[::factor].copy()
    for n in range(1, factor):
        rows += whole[n::factor]
    blocks = rows[:, ::factor].copy()
    for n in range(1, factor):
        blocks += rows[:, n::factor]
    return np.asarray(blocks / np.float32(factor**2), np.float32)


def unbin_image(image: Image, factor: int, shape: tuple[int, int]) -> Image:
    """Return `image` on pixels smaller by `factor`, by cubic interpolation along rows and columns.

    Parameters
    ----------
    image
        From `bin_image`.
    factor
        The same.
    shape
        Of the picture that was binned.
    """
    if factor == 1:
        return image
    return _stretch(_stretch(image, factor, shape[0]).T, factor, shape[1]).T


def _stretch(image: Image, factor: int, length: int) -> Image:
    """Cubic (Catmull-Rom) interpolation along the first axis."""
    padded = np.pad(image, ((2, 2), (0, 0)), mode="edge")
    count = image.shape[0]
    out = np.empty((count * factor, image.shape[1]), np.float32)
    for phase in range(factor):
        t = (phase + 0.5) / factor - 0.5
        start = 2 if t >= 0 else 1  # row of the padded picture just below the place
        t = t if t >= 0 else t + 1
        weights = (
            -0.5 * t + t**2 - 0.5 * t**3, 1 - 2.5 * t**2 + 1.5 * t**3, 0.5 * t + 2 * t**2 - 1.5 * t**3,
            -0.5 * t**2 + 0.5 * t**3,
        )  # fmt: skip
        rows = [np.float32(w) * padded[start - 1 + n : start - 1 + n + count] for n, w in enumerate(weights)]
        out[phase::factor] = rows[0] + rows[1] + rows[2] + rows[3]
    return out[:length]
