"""The overlay: bodies, fibres, vesicles and spots over the image, with a legend and a scale bar below it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from migralab.imaging.analyse import Trace
from migralab.imaging.detect.network import smooth_path
from migralab.imaging.film.blocks import film_trace
from migralab.imaging.reading import MicrographLike
from migralab.imaging.settings import AnalysisSettings
from migralab.results.observations import Observations

if TYPE_CHECKING:
    from PIL.Image import Image as Picture
    from PIL.ImageDraw import ImageDraw as Pen
    from PIL.ImageFont import FreeTypeFont, ImageFont

Colour = tuple[int, int, int]

_SIDE = 1400  # longer side of the overlay, pixels
COLOURS: dict[str, Colour] = {
    "tip": (255, 70, 70), "junction": (255, 200, 0), "shaft": (255, 120, 255), "free": (80, 180, 255),
    "unknown": (165, 165, 165),
}  # fmt: skip
_FIBRE, _OTHER_FIBRE, _BODY = (0, 230, 230), (90, 210, 40), (60, 90, 255)
_POINT, _WORDS = (255, 255, 255), (235, 235, 235)
_ROW = 22  # height of a line of the legend, pixels
_BARS_UM = (0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500)


def draw_overlay(observations: Observations, micrograph: MicrographLike, settings: AnalysisSettings) -> Picture:
    """Draw the last frame with what was found in it.

    Vesicles are drawn as the table has them, corrections by hand included, and fibres as they were traced. Spots
    too small to be sized, which are not counted, are white crosses.

    Parameters
    ----------
    observations
        From `analyse_micrograph` or `analyse_series`; places as they lie on the pictures.
    micrograph, settings
        What it was made from.

    Returns
    -------
    PIL.Image.Image
        The image, enlarged by a whole number, its upper left corner in the upper left corner, and a black strip with
        the legend and the scale bar below.
    """
    from PIL import Image, ImageDraw

    trace = film_trace(micrograph, settings, observations.last_frame)
    plane = micrograph.plane(observations.last_frame, settings.channel)
    scale = max(1, round(_SIDE / max(plane.shape)))
    grey = np.kron(_grey(plane, micrograph.masked), np.ones((scale, scale, 1), np.uint8))
    picture = Image.fromarray(grey)
    pen = ImageDraw.Draw(picture)
    _draw_lines(pen, trace, scale)
    _draw_vesicles(pen, observations, scale / micrograph.pixel_size_um, scale)
    for point in trace.points:
        _cross(pen, (point.x + 0.5) * scale, (point.y + 0.5) * scale)
    return _with_legend(picture, scale / micrograph.pixel_size_um)


def _draw_lines(pen: Pen, trace: Trace, scale: int) -> None:
    outline = (trace.bodies > 0) & ~ndimage.binary_erosion(trace.bodies > 0)
    for y, x in np.argwhere(outline):
        pen.rectangle([x * scale, y * scale, x * scale + scale - 1, y * scale + scale - 1], fill=_BODY)
    for branch in trace.network.branches.values():
        line = [(float(x + 0.5) * scale, float(y + 0.5) * scale) for x, y in smooth_path(branch.path)]
        owned = branch.a in trace.ways.cell or branch.b in trace.ways.cell
        pen.line(line, fill=_FIBRE if owned else _OTHER_FIBRE, width=2 if scale > 2 else 1)
    for node in trace.network.nodes.values():
        if node.kind in {"tip", "junction"}:
            x, y = (node.x + 0.5) * scale, (node.y + 0.5) * scale
            pen.rectangle([x - 2, y - 2, x + 2, y + 2], outline=COLOURS[node.kind])


def _draw_vesicles(pen: Pen, observations: Observations, per_um: float, scale: int) -> None:
    table = observations["migrasomes"]
    table = table[table["frame"] == observations.last_frame]
    words = table["attachment"].astype(str)
    for x_um, y_um, diameter, word in zip(table["x_um"], table["y_um"], table["diameter_um"], words, strict=True):
        x, y = x_um * per_um + 0.5 * scale, y_um * per_um + 0.5 * scale
        radius = max(diameter / 2 * per_um, 0.7 * scale) if np.isfinite(diameter) else 2.0 * scale
        colour = COLOURS.get(word, COLOURS["unknown"])
        pen.ellipse([x - radius, y - radius, x + radius, y + radius], outline=colour, width=2)


def _cross(pen: Pen, x: float, y: float, arm: float = 3.0) -> None:
    pen.line([x - arm, y, x + arm, y], fill=_POINT, width=1)
    pen.line([x, y - arm, x, y + arm], fill=_POINT, width=1)


def _with_legend(picture: Picture, per_um: float) -> Picture:
    """Put a black strip below: what the colours mean, and a bar with its length."""
    from PIL import Image, ImageDraw

    marks = [("o", COLOURS[word], word) for word in COLOURS]
    marks += [("+", _POINT, "too small to size, not counted"), ("-", _FIBRE, "fibre of a cell")]
    marks += [("-", _OTHER_FIBRE, "other fibre"), ("-", _BODY, "cell body")]
    rows = _break_rows(marks, picture.width)
    whole = Image.new("RGB", (picture.width, picture.height + (len(rows) + 1) * _ROW), (0, 0, 0))
    whole.paste(picture, (0, 0))
    pen = ImageDraw.Draw(whole)
    for number, row in enumerate(rows):
        left, middle = 8.0, picture.height + (number + 0.5) * _ROW
        for mark, colour, word in row:
            _draw_mark(pen, mark, colour, left + 8, middle)
            pen.text((left + 22, middle), word, fill=_WORDS, font=_font(), anchor="lm")
            left += _width(word)
    _draw_bar(pen, whole.height - 0.5 * _ROW, picture.width, per_um)
    return whole


def _break_rows(marks: list[tuple[str, Colour, str]], width: int) -> list[list[tuple[str, Colour, str]]]:
    rows: list[list[tuple[str, Colour, str]]] = [[]]
    left = 8.0
    for mark in marks:
        if rows[-1] and left + _width(mark[2]) > width:
            rows.append([])
            left = 8.0
        rows[-1].append(mark)
        left += _width(mark[2])
    return rows


def _draw_mark(pen: Pen, mark: str, colour: Colour, x: float, y: float) -> None:
    if mark == "o":
        pen.ellipse([x - 6, y - 6, x + 6, y + 6], outline=colour, width=2)
    elif mark == "+":
        _cross(pen, x, y, 5.0)
    else:
        pen.line([x - 7, y, x + 7, y], fill=colour, width=2)


def _draw_bar(pen: Pen, y: float, width: int, per_um: float) -> None:
    """Draw a bar of a round length, at most a third of the width."""
    length = max((bar for bar in _BARS_UM if bar * per_um <= width / 3), default=_BARS_UM[0])
    pen.rectangle([8, y - 3, 8 + length * per_um, y + 3], fill=_WORDS)
    pen.text((16 + length * per_um, y), f"{length:g} um", fill=_WORDS, font=_font(), anchor="lm")


def _font() -> FreeTypeFont | ImageFont:
    from PIL import ImageFont as Fonts

    return Fonts.load_default(size=14)


def _width(word: str) -> float:
    return 22.0 + float(_font().getlength(word)) + 18.0


def _grey(plane: NDArray[np.float32], masked: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Square root of brightness, so that dim fibres and bright bodies are both seen; masks are blue-grey."""
    shown = plane[~masked]
    low, high = np.percentile(shown, [1, 99.7]) if shown.size else (0.0, 1.0)
    light = np.sqrt(np.clip((plane - low) / max(high - low, 1e-9), 0, 1)) * 200
    picture = np.repeat(light[..., None], 3, axis=2)
    picture[masked] = (30, 30, 60)
    return picture.astype(np.uint8)
