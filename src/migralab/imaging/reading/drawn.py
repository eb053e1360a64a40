"""Find what is drawn into a picture: text, scale bars, insets, frames and borders. A suggestion, not a fact."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Box = tuple[int, int, int, int]
"""x0, y0, x1, y1 in pixels, the last two not included."""

Mask = NDArray[np.bool_]

# All E: chosen on the panels of Chen 2019 (fig. 1d-f), where the drawn things were boxed by hand.
_BLEED = 2  # pictures are resampled: what is drawn bleeds over its box by a pixel or two
_WHITE = 140  # least of the three colours of a drawn white, its blurred edge included
_BRIGHT = 180  # of drawn text in a colour
_GAP = 9  # dashes and letters are nearer than this, pixels
_SMALLEST = 12  # pixels of a drawn thing
_FRAME_SIDE, _FRAME_FILL = 30, 0.3
_LETTER = (9, 70)  # height, pixels
_LETTERS = 3
_BORDER_SHARE, _BORDER_WIDTH = 0.6, 8


def suggest_boxes(picture: NDArray[Any]) -> list[Box]:
    """Return boxes around what looks drawn into a picture.

    White in a picture of another colour; a bar with straight edges; and at least three shapes of one height on one
    line, with sharp edges, as letters have. Saturated specimen has none of these.

    Parameters
    ----------
    picture
        8 bits, (y, x) or (y, x, 3).
    """
    if picture.dtype != np.uint8:
        return []
    light = picture.max(axis=-1) if picture.ndim == 3 else picture
    white = (
        picture.min(axis=-1) >= _WHITE if picture.ndim == 3 and _is_coloured(picture) else np.zeros(light.shape, bool)
    )
    edges = _borders(light)
    inner = _inside(light.shape, edges)
    white = white & inner
    boxes = edges + _drawn_white(white)
    rest = light.copy()
    rest[~inner | ndimage.binary_dilation(white, iterations=2)] = 0
    boxes += _words(rest) + _bars(rest) + _bars(np.where(inner, 255 - light, 0).astype(np.uint8))
    return boxes


def _is_coloured(picture: NDArray[Any]) -> bool:
    """Whether what is bright has a hue: its least colour is below half of its greatest."""
    low, high = picture.min(axis=-1).astype(float), picture.max(axis=-1).astype(float)
    bright = high > 60
    return bool(bright.any()) and float(np.median(low[bright] / high[bright])) < 0.5


def _borders(light: NDArray[Any]) -> list[Box]:
    """Bright lines along the edges of the picture."""
    height, width = light.shape
    boxes: list[Box] = []
    for turned, box in (
        (light, lambda n: (0, 0, width, n)),
        (light[::-1], lambda n: (0, height - n, width, height)),
        (light.T, lambda n: (0, 0, n, height)),
        (light.T[::-1], lambda n: (width - n, 0, width, height)),
    ):
        full = (turned[:_BORDER_WIDTH] >= _WHITE).mean(axis=1) >= _BORDER_SHARE
        wide = len(full) - int(np.argmax(full[::-1])) if full.any() else 0
        if 0 < wide < _BORDER_WIDTH:  # as wide as was looked, it is no border but a bright picture
            boxes.append(box(wide + 1))
    return boxes


def _inside(shape: tuple[int, ...], boxes: list[Box]) -> Mask:
    inner = np.ones(shape, bool)
    for x0, y0, x1, y1 in boxes:
        inner[y0:y1, x0:x1] = False
    return inner


def _drawn_white(white: Mask) -> list[Box]:
    joined = ndimage.binary_closing(np.pad(white, _GAP), np.ones((_GAP, _GAP)))[_GAP:-_GAP, _GAP:-_GAP]
    boxes: list[Box] = []
    for place, own in _parts(joined):
        if np.count_nonzero(white[place] & own) >= _SMALLEST:
            boxes += _outline(place, own, white.shape)
    return boxes


def _parts(mask: Mask) -> list[tuple[tuple[slice, slice], Mask]]:
    labels, _ = ndimage.label(mask, np.ones((3, 3)))
    found = ndimage.find_objects(labels)
    return [((p[0], p[1]), labels[p] == n) for n, p in enumerate(found, start=1) if p is not None]


def _outline(place: tuple[slice, slice], own: Mask, shape: tuple[int, ...]) -> list[Box]:
    """One box; of a frame in the middle of the picture its four sides, since it is drawn around specimen."""
    height, width = own.shape
    x0, y0, x1, y1 = whole = _box(place, shape)
    at_edge = x0 < _BORDER_WIDTH or y0 < _BORDER_WIDTH or x1 > shape[1] - _BORDER_WIDTH or y1 > shape[0] - _BORDER_WIDTH
    if min(height, width) < _FRAME_SIDE or own.mean() > _FRAME_FILL or at_edge:
        return [whole]
    line = 2 * _BLEED + 3
    return [(x0, y0, x1, y0 + line), (x0, y1 - line, x1, y1), (x0, y0, x0 + line, y1), (x1 - line, y0, x1, y1)]


def _box(place: tuple[slice, slice], shape: tuple[int, ...]) -> Box:
    rows, columns = place
    return (
        max(columns.start - _BLEED, 0),
        max(rows.start - _BLEED, 0),
        min(columns.stop + _BLEED, shape[1]),
        min(rows.stop + _BLEED, shape[0]),
    )


def _words(light: NDArray[Any]) -> list[Box]:
    """Rows of letters: shapes of one height, on one line, near each other, with sharp edges."""
    low, high = _LETTER
    letters = sorted(
        (
            place
            for place, own in _parts(light >= _BRIGHT)
            if low <= own.shape[0] <= high and _is_stroke(light, place, own)
        ),
        key=lambda place: place[1].start,
    )
    rows: list[list[tuple[slice, slice]]] = []
    for letter in letters:
        row = next((r for r in rows if _follows(r[-1], letter)), None)
        if row is None:
            rows.append([letter])
        else:
            row.append(letter)
    boxes = []
    for row in rows:
        if len(row) >= _LETTERS:
            top, bottom = min(p[0].start for p in row), max(p[0].stop for p in row)
            boxes.append(_box((slice(top, bottom), slice(row[0][1].start, row[-1][1].stop)), light.shape))
    return boxes


def _follows(before: tuple[slice, slice], letter: tuple[slice, slice]) -> bool:
    height = before[0].stop - before[0].start
    same = abs((letter[0].stop - letter[0].start) - height) <= max(2, 0.25 * height)
    level = abs(letter[0].stop - before[0].stop) <= max(2, 0.12 * height)
    return bool(same and level and letter[1].start - before[1].stop <= max(4, 0.8 * height))


def _is_stroke(light: NDArray[Any], place: tuple[slice, slice], own: Mask) -> bool:
    """Whether a shape is flat inside and dark three pixels away."""
    if own.shape[1] > 2 * own.shape[0] or np.count_nonzero(own) < _SMALLEST:
        return False
    inside = light[place][own]
    flat = float(np.median(inside)) >= 0.9 * float(light.max())
    return flat and _surroundings(light, place, own) < 0.4 * _BRIGHT


def _surroundings(light: NDArray[Any], place: tuple[slice, slice], own: Mask) -> float:
    """Median light three pixels away from a shape."""
    by = 3
    rows, columns = (slice(max(s.start - by, 0), s.stop + by) for s in place)
    near = light[rows, columns]
    shape = np.zeros(near.shape, bool)
    y, x = place[0].start - rows.start, place[1].start - columns.start
    shape[y : y + own.shape[0], x : x + own.shape[1]] = own
    ring = ndimage.binary_dilation(shape, iterations=by) & ~ndimage.binary_dilation(shape, iterations=by - 1)
    return float(np.median(near[ring])) if ring.any() else 255.0


def _bars(light: NDArray[Any]) -> list[Box]:
    """Find filled rectangles, long and level, with straight edges."""
    boxes = []
    for place, own in _parts(light >= _BRIGHT):
        height, width = own.shape
        long = width >= 4 * height and width >= 15 and height >= 2
        if long and own.mean() > 0.9 and _surroundings(light, place, own) < 0.5 * _BRIGHT:
            boxes.append(_box(place, light.shape))
    return boxes
