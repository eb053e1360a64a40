"""PNG and JPEG, grey or in colour, without a scale; and folders of numbered pictures as one series."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from migralab.core.errors import DataError
from migralab.imaging.reading.stack import Facts, Stack, read_array

_GREY = {"1", "L", "LA", "I", "F", "I;16", "I;16B", "I;16L", "I;16N"}
_PNG_DEEP = 16  # bits
ENDINGS = (".tif", ".tiff", ".png", ".jpg", ".jpeg")


def open_picture(file: Path) -> Stack:
    """Open a PNG or JPEG.

    Raises
    ------
    DataError
        If it is damaged or no picture.
    """
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of pictures that are large: so are micrographs
            with Image.open(file) as picture:
                mode = picture.mode
                data = _grey_or_rgb(picture, mode)
                frames = getattr(picture, "n_frames", 1)
    except Image.DecompressionBombError:
        raise DataError(
            f"{file.name} has more than 179 million pixels. Save it as TIFF, or cut it into fields."
        ) from None
    except Exception as error:  # noqa: BLE001 - a damaged picture raises many kinds, all meaning the same to the user
        raise DataError(f"{file.name} cannot be read; it is damaged or no picture ({error}).") from None
    if data.size == 0:
        raise DataError(f"{file.name} cannot be read; it is damaged or no picture (no pixels).")
    notes: tuple[str, ...] = ()
    if data.ndim == 3 and _is_deep(file):
        notes += ("A colour PNG of 16 bits was read with 8 bits a colour. Export grey TIFF to keep them all.",)
    if frames > 1:
        notes += (f"Only the first of {frames} pictures in the file was read.",)
    return Stack(
        source=file.name,
        axes="YXS" if data.ndim == 3 else "YX",
        shape=data.shape,
        leading=0,
        fetch=lambda _index: data,
        dtype=data.dtype,
        picture=True,
        facts=Facts(notes=notes, channels=() if data.ndim == 3 else ("grey",)),
    )


def _grey_or_rgb(picture: Any, mode: str) -> NDArray[Any]:
    if mode in _GREY:
        grey = picture.convert("L") if mode in {"1", "LA"} else picture
        return np.asarray(grey)
    return np.asarray(picture.convert("RGB"))


def _is_deep(file: Path) -> bool:
    """Whether the header of a PNG gives 16 bits a sample: the decoder drops half of them without a word."""
    with file.open("rb") as content:
        head = content.read(25)
    return head.startswith(b"\x89PNG") and len(head) == 25 and head[24] == _PNG_DEEP


def open_folder(folder: Path, open_file: Callable[[Path], Stack]) -> Stack:
    """Take the images of a folder for frames, in the order of the numbers in their names.

    Raises
    ------
    DataError
        If there is none, or they differ in size or kind.
    """
    files = sorted((f for f in folder.iterdir() if f.suffix.lower() in ENDINGS and f.is_file()), key=_natural)
    if not files:
        raise DataError(f"The folder '{folder}' holds no images ({', '.join(ENDINGS)}) and is no OME-Zarr.")
    first = open_file(files[0])
    if any(n > 1 for a, n in zip(first.axes, first.shape, strict=True) if a not in "YXS"):
        raise DataError(
            f"{files[0].name} holds several planes. Give one file, or a folder with one plane in each file."
        )

    def fetch(index: tuple[int, ...]) -> NDArray[Any]:
        stack = open_file(files[index[0]])
        array = read_array(stack, (0,) * stack.leading)
        if stack.axes != first.axes or stack.shape != first.shape or stack.dtype != first.dtype:
            raise DataError(
                f"{stack.source} ({_say(stack)}) is unlike {first.source} ({_say(first)}): "
                "all images of a folder must be frames of one series."
            )
        return np.asarray(array)

    trailing = first.axes[first.leading :]
    note = f"{len(files)} files, {files[0].name} to {files[-1].name}, were taken for frames."
    return replace(
        first,
        source=folder.name,
        axes="T" + trailing,
        shape=(len(files), *first.shape[first.leading :]),
        leading=1,
        fetch=fetch,
        facts=replace(first.facts, notes=(*first.facts.notes, note)),
    )


def _say(stack: Stack) -> str:
    return f"{' x '.join(map(str, stack.shape))} {stack.dtype}"


def _natural(file: Path) -> list[tuple[int, str]]:
    """Key by which frame 10 comes after frame 9."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", file.name)]
