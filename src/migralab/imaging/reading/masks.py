"""What in a picture is no specimen: boxes, mask files, and a suggestion for text and scale bars drawn into it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from migralab.core.errors import DataError
from migralab.imaging.datasets import find_mask
from migralab.imaging.reading.drawn import Box, suggest_boxes

DRAWN = "drawn"


def find_masked(
    file: Path, shape: tuple[int, int], asked: str | Path | Sequence[Box] | None, picture: NDArray[Any] | None
) -> tuple[NDArray[np.bool_], list[str]]:
    """Return where there is no specimen, and notes.

    Parameters
    ----------
    file
        The image; boxes of a ``masks.csv`` beside it are always used.
    shape
        Its height and width.
    asked
        Boxes, the path of a mask file (leave out where it is not zero), or ``drawn`` for what `suggest_boxes` finds.
    picture
        The picture (y, x) or (y, x, 3) of 8 bits, if it is one that may carry text.

    Raises
    ------
    DataError
        If a mask cannot be read or does not fit.
    """
    masked = find_mask(file, shape)
    notes: list[str] = []
    if isinstance(asked, str) and asked == DRAWN:
        boxes = suggest_boxes(picture) if picture is not None else []
        notes.append(
            f"What looks drawn was left out: {_list(boxes)}." if boxes else "Nothing drawn was found to leave out."
        )
        masked |= _from_boxes(boxes, shape, file.name)
    elif isinstance(asked, (str, Path)):
        masked |= _from_file(Path(asked), shape)
    elif asked is not None:
        masked |= _from_boxes(asked, shape, file.name)
    elif picture is not None:
        masks = [b for b in suggest_boxes(picture) if not masked[b[1] : b[3], b[0] : b[2]].mean() > 0.5]
        if masks:
            notes.append(
                f"Looks like drawn text or a scale bar, and is not left out: {_list(masks)}. "
                "Leave it out with --mask drawn, or with boxes of your own."
            )
    share = float(masked.mean())
    if asked is not None and share > 0.5:
        notes.append(
            f"The mask leaves out {share:.0%} of the image. It leaves out what is white in it: is it inverted?"
        )
    return masked, notes


def _list(boxes: Sequence[Box], most: int = 6) -> str:
    shown = ", ".join(f"x {x0}-{x1} y {y0}-{y1}" for x0, y0, x1, y1 in boxes[:most])
    return shown + (f" and {len(boxes) - most} more" if len(boxes) > most else "")


def _from_boxes(boxes: Sequence[Box], shape: tuple[int, int], source: str) -> NDArray[np.bool_]:
    masked = np.zeros(shape, bool)
    for box in boxes:
        if (
            len(box) != 4
            or not (0 <= box[0] < box[2] and 0 <= box[1] < box[3])
            or box[0] >= shape[1]
            or box[1] >= shape[0]
        ):
            raise DataError(
                f"The mask box {tuple(box)} does not lie in {source} ({shape[1]} x {shape[0]} pixels). "
                "Give x0, y0, x1, y1 from the upper left corner."
            )
        masked[box[1] : box[3], box[0] : box[2]] = True
    return masked


def _from_file(file: Path, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Read a mask: a TIFF or picture of the size of the image, not zero where to leave out."""
    from migralab.imaging.reading.pictures import open_picture
    from migralab.imaging.reading.stack import arrange
    from migralab.imaging.reading.tiff import open_tiff

    if not file.is_file():
        raise DataError(f"There is no mask file '{file}'.")
    stack = open_tiff(file) if file.suffix.lower() in {".tif", ".tiff"} else open_picture(file)
    colours = arrange(stack).read_colours()
    mask = colours.any(axis=-1) if colours.ndim == 3 else colours != 0
    if mask.shape != shape:
        raise DataError(
            f"The mask {file.name} has {mask.shape[1]} x {mask.shape[0]} pixels and the image {shape[1]} x {shape[0]}."
        )
    return np.asarray(mask, bool)
