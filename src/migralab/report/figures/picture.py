"""Micrographs in the page: stretch, colour, scale bar."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from migralab.report.content import Picture
from migralab.report.figures.figure import Figure, to_png

Bytes = NDArray[np.uint8]
_BARS_UM = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0)


def stretch(pixels: NDArray[Any], gamma: float = 1.0) -> Bytes:
    """Return grey levels as 0-255 as figures of papers show them: background black, the brightest objects saturated.

    A `gamma` below 1 shows faint fibres and the rings of bright vesicles in one picture.
    """
    levels = np.asarray(pixels, np.float64)
    p5, p25 = np.percentile(levels, [5, 25])
    spread = max((p25 - p5) / 0.97, 1e-9)  # of a Gaussian background, from its lower half, which no object reaches
    bottom = p25 + 2.4 * spread
    bright = levels[levels > bottom + spread]
    top = float(np.percentile(bright, 97.0)) if len(bright) > 100 else float(levels.max())
    shown = np.clip((levels - bottom) / max(top - bottom, 1e-9), 0, 1) ** gamma
    return np.asarray(np.rint(255 * shown), np.uint8)


def green(levels: Bytes) -> Bytes:
    """Return grey levels as the green in which TSPAN4-GFP is shown."""
    colour = np.zeros((*levels.shape, 3), np.uint8)
    colour[..., 1] = levels
    return colour


def coloured(picture: Picture) -> Bytes:
    """Return a picture as (y, x, 3) of 0-255."""
    pixels = picture.pixels if picture.pixels.dtype == np.uint8 else stretch(picture.pixels)
    return pixels[..., :3].copy() if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)


def bar_length(width_um: float) -> float:
    """Return the round length of a scale bar for a field of this width, um."""
    return max((bar for bar in _BARS_UM if bar <= 0.25 * width_um), default=_BARS_UM[0])


def with_bar(colour: Bytes, pixel_um: float, shown_px: int = 560) -> Bytes:
    """Return a picture with a white scale bar at its lower right, as thick as reads at `shown_px` wide."""
    from PIL import Image, ImageDraw

    rows, columns = colour.shape[:2]
    scale = columns / shown_px
    image = Image.fromarray(colour)
    draw = ImageDraw.Draw(image)
    length = bar_length(columns * pixel_um)
    right, bottom = columns - 14 * scale, rows - 14 * scale
    draw.rectangle((right - length / pixel_um, bottom - 4 * scale, right, bottom), fill="white")
    draw.text(
        (right - length / pixel_um / 2, bottom - 8 * scale), f"{length:g} µm", fill="white", anchor="mb",
        font=_font(max(8.0, 15 * scale)),
    )  # fmt: skip
    return np.asarray(image, np.uint8)


def _font(size: float) -> Any:  # a Pillow font
    from matplotlib import get_data_path
    from PIL import ImageFont

    # Pillow's own font has no µ
    return ImageFont.truetype(str(Path(get_data_path(), "fonts", "ttf", "DejaVuSans.ttf")), size)


def enlarge(colour: Bytes, least_px: int = 800) -> Bytes:
    """Return a small picture enlarged smoothly, so that browsers do not draw it in blocks."""
    from PIL import Image

    rows, columns = colour.shape[:2]
    if columns >= least_px:
        return colour
    factor = least_px / columns
    return np.asarray(
        Image.fromarray(colour).resize((least_px, round(rows * factor)), Image.Resampling.BICUBIC), np.uint8
    )


def draw_picture(picture: Picture, *, title: str = "", bar: bool = True) -> Figure:
    """Return a picture with its scale bar, caption and credit."""
    shown = enlarge(coloured(picture))
    pixel = picture.pixel_size_um * picture.pixels.shape[1] / shown.shape[1]
    words = [picture.caption, picture.scale_note, picture.credit]
    return Figure(
        data=to_png(with_bar(shown, pixel) if bar else shown, 256), mime="image/png", title=title,
        alt=picture.caption or title, caption=" ".join(word for word in words if word),
    )  # fmt: skip
