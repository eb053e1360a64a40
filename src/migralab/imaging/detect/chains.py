"""Compiled parts of the search for bodies and lines: connected pixels, and the order of the pixels of a line."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from migralab.core.kernel import kernel
from migralab.imaging.signal.noise import Mask

Ints = NDArray[np.int64]
Labels = NDArray[np.int32]
Flags = NDArray[np.bool_]

# straight steps first, so that no corner pixel is left behind
_STEPS = np.array([(-1, 0), (0, -1), (0, 1), (1, 0), (-1, -1), (-1, 1), (1, -1), (1, 1)], np.int64)


def label_pixels(mask: Mask, *, corners: bool = True) -> tuple[Labels, Ints, Ints]:
    """Give a number to the pixels of each connected part, in the order of their first pixels.

    Parameters
    ----------
    mask
        Pixels (y, x).
    corners
        Whether pixels that share a corner only are connected.

    Returns
    -------
    labels
        Number (from 1) at each pixel, 0 outside.
    sizes
        Pixels of each number, (count + 1,); the first entry, of 0, is 0.
    boxes
        First and last but one row, first and last but one column of each, (count + 1, 4).
    """
    labels = np.zeros(mask.shape, np.int32)
    pixels = np.flatnonzero(mask)
    sizes, boxes = np.zeros(len(pixels) + 1, np.int64), np.zeros((len(pixels) + 1, 4), np.int64)
    count = flood(np.ascontiguousarray(mask), pixels, _STEPS[: 8 if corners else 4], labels, sizes, boxes)
    return labels, sizes[: count + 1], boxes[: count + 1]


def box_of(boxes: Ints, number: int) -> tuple[slice, slice]:
    """Return the window that holds one number of `label_pixels`."""
    top, bottom, left, right = (int(edge) for edge in boxes[number])
    return slice(top, bottom), slice(left, right)


@kernel
def flood(mask: Flags, pixels: Ints, around: Ints, labels: Labels, sizes: Ints, boxes: Ints) -> int:
    """Fill from each pixel that has no number yet; returns how many numbers there are."""
    height, width = mask.shape
    waiting = np.empty(pixels.shape[0], np.int64)
    count = 0
    for first in pixels:
        y, x = first // width, first % width
        if labels[y, x] != 0:
            continue
        count += 1
        labels[y, x] = count
        boxes[count, 0], boxes[count, 1], boxes[count, 2], boxes[count, 3] = y, y + 1, x, x + 1
        waiting[0], left = first, 1
        while left > 0:
            left -= 1
            y, x = waiting[left] // width, waiting[left] % width
            sizes[count] += 1
            boxes[count, 0], boxes[count, 1] = min(boxes[count, 0], y), max(boxes[count, 1], y + 1)
            boxes[count, 2], boxes[count, 3] = min(boxes[count, 2], x), max(boxes[count, 3], x + 1)
            for k in range(around.shape[0]):
                yy, xx = y + around[k, 0], x + around[k, 1]
                if 0 <= yy < height and 0 <= xx < width and mask[yy, xx] and labels[yy, xx] == 0:
                    labels[yy, xx] = count
                    waiting[left] = yy * width + xx
                    left += 1
    return count


def order_chain(mask: Mask) -> Ints:
    """Order the pixels of a piece without crossings from one end to the other, (n, 2) as y, x."""
    remaining = np.pad(mask, 1)
    path = np.empty((int(mask.sum()), 2), np.int64)
    found = walk_chain(remaining, np.argwhere(remaining), _STEPS, path)
    return path[:found] - 1


@kernel
def walk_chain(remaining: Flags, pixels: Ints, around: Ints, path: Ints) -> int:
    """Walk from the first end, or from the first pixel of a loop, over what remains; returns the steps made."""
    y, x = pixels[0, 0], pixels[0, 1]
    for n in range(pixels.shape[0]):
        beside = 0
        for k in range(8):
            beside += remaining[pixels[n, 0] + around[k, 0], pixels[n, 1] + around[k, 1]]
        if beside <= 1:
            y, x = pixels[n, 0], pixels[n, 1]
            break
    count, going = 0, True
    while going:
        path[count, 0], path[count, 1] = y, x
        count += 1
        remaining[y, x] = False
        going = False
        for k in range(8):
            if remaining[y + around[k, 0], x + around[k, 1]]:
                y, x = y + around[k, 0], x + around[k, 1]
                going = True
                break
    return count
