"""Largest and smallest values in square windows, neighbours of lines, and Gaussian smoothing, all quick."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from migralab.core.kernel import kernel
from migralab.imaging.signal.noise import Image, Mask

_Array = TypeVar("_Array", bound=NDArray[Any])


def largest_within(image: _Array, reach: int) -> _Array:
    """Return the largest value of the square of 2 `reach` + 1 pixels around each pixel; edges cut the square."""
    return _along_both(image, reach, np.maximum)


def smallest_within(image: _Array, reach: int) -> _Array:
    """Return the smallest value of the square of 2 `reach` + 1 pixels around each pixel; edges cut the square."""
    return _along_both(image, reach, np.minimum)


def open_grey(image: _Array, reach: int) -> _Array:
    """Return the image without what is bright and narrower than 2 `reach` + 1 pixels."""
    return largest_within(smallest_within(image, reach), reach)


def count_neighbours(lines: Mask) -> NDArray[np.int8]:
    """Return how many of the eight pixels around each pixel are set; 0 where it is not set itself."""
    padded = np.pad(lines, 1).view(np.int8)
    rows = padded[:-2] + padded[1:-1] + padded[2:]
    return np.asarray((rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:] - 1) * lines, np.int8)


def smooth_image(image: Image, sigma: float) -> Image:
    """Return the image under a Gaussian of standard deviation `sigma` pixels; edges are mirrors."""
    reach = int(4.0 * sigma + 0.5)
    lag = np.arange(-reach, reach + 1)
    weights = np.exp(-0.5 * (lag / sigma) ** 2)
    weights = np.asarray(weights / weights.sum(), np.float32)
    padded = np.pad(np.asarray(image, np.float32), reach, mode="symmetric")
    out = np.empty(image.shape, np.float32)
    weigh(padded, weights, out)
    return out


@kernel
def weigh(padded: Image, weights: Image, out: Image) -> None:
    """Sum along columns, then along rows, with these weights; whole rows at a time, which the compiler does at once."""
    height, width = out.shape
    row = np.empty(padded.shape[1], np.float32)
    for y in range(height):
        row[:] = np.float32(0.0)
        for k in range(weights.shape[0]):
            w, line = weights[k], padded[y + k]
            for x in range(row.shape[0]):
                row[x] += w * line[x]
        best = out[y]
        best[:] = np.float32(0.0)
        for k in range(weights.shape[0]):
            w, line = weights[k], row[k : k + width]
            for x in range(width):
                best[x] += w * line[x]


def _along_both(image: _Array, reach: int, better: Callable[..., Any]) -> _Array:
    if reach < 1:
        return image
    return _along(_along(image, reach, better, 1), reach, better, 0)


def _along(image: _Array, reach: int, better: Callable[..., Any], axis: int) -> _Array:
    """Doubling: the best of 2 w pixels is the better one of two runs of w."""
    edge = [(reach, reach) if n == axis else (0, 0) for n in range(2)]
    run = np.pad(image, edge, mode="edge")  # what the edge repeats lies in the window already
    length, width, side = image.shape[axis], 1, 2 * reach + 1
    while 2 * width <= side:
        run = better(_cut(run, 0, run.shape[axis] - width, axis), _cut(run, width, run.shape[axis], axis))
        width *= 2
    rest = side - width
    best: _Array = better(_cut(run, 0, length, axis), _cut(run, rest, rest + length, axis))
    return best


def _cut(image: NDArray[Any], start: int, stop: int, axis: int) -> NDArray[Any]:
    return image[start:stop] if axis == 0 else image[:, start:stop]
