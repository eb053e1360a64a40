"""TIFF of every kind (OME, ImageJ, plain; big and little-endian; sets of files), read page by page by tifffile."""

from __future__ import annotations

import contextlib
import logging
import math
import re
import weakref
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from migralab.core.errors import DataError
from migralab.imaging.reading.stack import Stack, first_line
from migralab.imaging.reading.tiff_scale import read_facts

_RGB = {2, 6}  # photometric interpretations: RGB, YCbCr
_PALETTE = 3
_SMALL_BYTES, _SHRINKS = 2**26, 2000  # a larger page is never packed to less than a two-thousandth


def open_tiff(file: Path) -> Stack:
    """Open a TIFF; nothing but its tags is read.

    Raises
    ------
    DataError
        If it is truncated, damaged, or one of its set is missing.
    """
    import tifffile

    tiff = None
    with _listening() as heard:
        try:
            tiff = tifffile.TiffFile(file)
            master = _master(tiff, file)
            stack = _describe(tiff, file) if master is None else open_tiff(master)
        except DataError as error:
            _close(tiff)
            raise DataError(f"{file.name}: {error}") from None
        except Exception as error:  # noqa: BLE001 - a damaged TIFF raises many kinds, all meaning the same to the user
            _close(tiff)
            raise DataError(f"{file.name} cannot be read; it is truncated or damaged ({first_line(error)}).") from None
    if bad := next((said for said in heard if _is_serious(said)), None):
        _close(tiff)
        raise DataError(f"{file.name} cannot be read; it is truncated or damaged ({bad[:120]}).")
    return stack


def _master(tiff: Any, file: Path) -> Path | None:
    """Return the file of a set that holds the metadata of all, where this one holds none."""
    found = (
        re.search(r'<(?:\w+:)?BinaryOnly[^>]*MetadataFile="([^"]+)"', tiff.ome_metadata or "") if tiff.is_ome else None
    )
    if found is None:
        return None
    tiff.close()
    master = file.parent / found[1]
    if master.suffix.lower() not in {".tif", ".tiff"} or not master.is_file() or master.name == file.name:
        raise DataError(
            f"it is one of a set, whose metadata are in '{found[1]}'. Put that file beside it if it is a TIFF; "
            "else open the set in Fiji (Bio-Formats) and save it as one OME-TIFF."
        )
    return master


def _close(tiff: Any) -> None:
    if tiff is not None:
        tiff.close()


@contextlib.contextmanager
def _listening() -> Iterator[list[str]]:
    """Collect what tifffile would print about damage; it goes on where we must not."""
    heard: list[str] = []
    logger = logging.getLogger("tifffile")

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            heard.append(record.getMessage().splitlines()[0] if record.getMessage() else "")

    ear, before = Ear(logging.WARNING), logger.propagate
    logger.addHandler(ear)
    logger.propagate = False
    try:
        yield heard
    finally:
        logger.removeHandler(ear)
        logger.propagate = before


def _is_serious(said: str) -> bool:
    """Whether what was said means lost pixels or lost metadata, not a mere oddity of a tag."""
    words = (
        "invalid page offset",
        "corrupted",
        "truncated",
        "missing",
        "failed",
        "invalid offset",
        "raised",
        "invalid",
    )
    return any(word in said for word in words) and "coercing" not in said


def _describe(tiff: Any, file: Path) -> Stack:
    series = tiff.series[0]
    facts = read_facts(tiff)
    _check_complete(tiff, series, file)
    first = next(page for page in series.pages if page is not None)
    axes, shape = series.axes, tuple(int(n) for n in series.shape)
    notes = list(facts.notes)
    if len(tiff.series) > 1 and not notes:
        notes.append(f"The file holds {len(tiff.series)} images of different kinds; the first was read.")
    if int(first.photometric) == _PALETTE and not tiff.is_imagej:
        notes.append("The grey levels are numbers of a colour table: they may not be light.")
    if series.dataoffset is not None and not _is_set(series):
        leading = sum(a not in "YXS" for a in axes)
        leading = leading if set(axes[leading:]) <= set("YXS") else 0
        fetch: Callable[[tuple[int, ...]], NDArray[Any]] = _Block(tiff, series, file, leading).fetch
        tiff.close()
    else:
        leading = len(shape) - len(first.shape)
        fetch = _Pages(tiff, series, shape[:leading]).fetch
    return Stack(
        source=file.name,
        axes=axes,
        shape=shape,
        leading=leading,
        fetch=fetch,
        dtype=np.dtype(series.dtype),
        coloured=int(first.photometric) in _RGB,
        facts=replace(facts, notes=tuple(notes)),
    )


def _is_set(series: Any) -> bool:
    return len({page.parent.filehandle.path for page in series.pages if page is not None}) > 1


def _check_complete(tiff: Any, series: Any, file: Path) -> None:
    """Every page that the metadata promise is there; tifffile fills absent ones with zeros."""
    pages = list(series.pages) if series.kind == "ome" else []
    if absent := sum(page is None for page in pages):
        raise DataError(_absent(tiff, absent, len(pages), file))
    if series.kind == "imagej" or tiff.is_imagej:
        promised = int((tiff.imagej_metadata or {}).get("images", 1))
        held = math.prod(n for n, a in zip(series.shape, series.axes, strict=True) if a not in "YXS")
        if held != promised:
            raise DataError(f"it is truncated: its description promises {promised} planes and {held} are there.")
    if series.kind == "generic" and tiff.is_shaped:
        raise DataError("it is truncated or damaged: its pages do not fit its description.")


def _absent(tiff: Any, absent: int, planes: int, file: Path) -> str:
    named = set()
    for part in (tiff.ome_metadata or "").split('FileName="')[1:]:
        named.add(part.split('"')[0])
    lost = sorted(name for name in named if not (file.parent / name).is_file())
    if lost:
        return f"it is one of a set, and of that set these files are not beside it: {', '.join(lost[:4])}" + (
            f" and {len(lost) - 4} more." if len(lost) > 4 else "."
        )
    return f"it is truncated or damaged: {absent} of {planes} planes are absent."


class _Block:
    """Planes of a file whose pixels lie in one block, read (not mapped: a map would grow with every plane)."""

    def __init__(self, tiff: Any, series: Any, file: Path, leading: int) -> None:
        self._file, self._start = file, int(series.dataoffset)
        self._dtype = np.dtype(series.dtype).newbyteorder(tiff.byteorder)
        self._lead, self._plane = tuple(series.shape[:leading]), tuple(series.shape[leading:])
        end = self._start + math.prod(series.shape) * self._dtype.itemsize
        size = file.stat().st_size
        if end > size:
            raise DataError(f"it is truncated: its pixels should end at byte {end} and the file at {size}.")

    def fetch(self, index: tuple[int, ...]) -> NDArray[Any]:
        count = math.prod(self._plane)
        place = int(np.ravel_multi_index(index, self._lead)) if index else 0
        offset = self._start + place * count * self._dtype.itemsize
        return np.fromfile(self._file, self._dtype, count=count, offset=offset).reshape(self._plane)


class _Pages:
    """Pages of one or several files by the index of the leading axes."""

    def __init__(self, tiff: Any, series: Any, lead: tuple[int, ...]) -> None:
        self._pages, self._lead = series.pages, lead
        if len(series.pages) != math.prod(lead):
            raise DataError(f"it is truncated: it should hold {math.prod(lead)} planes, and holds {len(series.pages)}.")
        weakref.finalize(self, tiff.close)

    def fetch(self, index: tuple[int, ...]) -> NDArray[Any]:
        page = self._pages[int(np.ravel_multi_index(index, self._lead)) if index else 0]
        with _listening() as heard:
            if page is None:
                raise DataError("a plane is absent")
            array = _read_page(page)
        if bad := next((said for said in heard if _is_serious(said)), None):
            raise ValueError(bad)
        return array


def _read_page(page: Any) -> NDArray[Any]:
    handle = page.parent.filehandle
    shut = handle.closed  # files of a set are opened one at a time
    if shut:
        handle.open()
    try:
        _check_page(page)
        return np.asarray(page.asarray(maxworkers=1))
    finally:
        if shut:
            handle.close()


def _check_page(page: Any) -> None:
    """Refuse a page whose parts lie beyond the end of the file, or nowhere: they would be read as zeros.

    And one whose few bytes cannot become the many pixels that its tags promise: a damaged tag fills the memory.
    """
    size = page.parent.filehandle.size
    stored = sum(page.databytecounts)
    key = page.keyframe  # later pages of a series carry no tags of their own
    if int(key.compression) == 1 and key.bitspersample >= 8 and stored < page.nbytes:
        raise ValueError(f"{stored} bytes stand for {page.nbytes}")
    if page.nbytes > max(_SMALL_BYTES, _SHRINKS * stored):
        raise ValueError(f"{stored} bytes cannot hold {page.nbytes}")
    for start, length in zip(page.dataoffsets, page.databytecounts, strict=True):
        if length <= 0 or start <= 0 or start + length > size:
            raise ValueError(f"pixels at byte {start} to {start + length} of {size}")
