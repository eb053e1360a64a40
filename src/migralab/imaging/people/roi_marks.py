"""Marks from ImageJ's ROI files: points, multi-points and ovals; anything else is refused by name.

ImageJ gives points from the centre of a pixel, as we do, but areas (ovals) from its corner: half a pixel less.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from migralab.core.errors import DataError
from migralab.imaging.exchange.imagej import axis_ratio
from migralab.imaging.people.marks import Mark, MarkFile

_ROUND = 1.25  # E: the longer axis over the shorter beyond which an oval is noted as no circle


def read_roi_marks(file: Path) -> MarkFile:
    """Read a ``.roi`` or ``.zip``; types are the counters of multi-points, groups, or names that are kinds.

    Raises
    ------
    DataError
        If the file is damaged or holds no points and ovals but something else.
    """
    rois = _load(file)
    marks: list[Mark] = []
    longest = 1.0
    for roi in rois:
        kind = roi.roitype.name
        if kind == "POINT":
            marks += _points(roi)
        elif kind == "OVAL" or (kind == "FREEHAND" and roi.subtype.name == "ELLIPSE"):
            mark, stretch = _oval(roi)
            longest = max(longest, stretch)
            marks.append(mark)
        else:
            raise DataError(
                f"{file.name}: '{roi.name}' is a {kind.lower()} selection. Vesicles are read from points, multi-points "
                "and ovals. Delete the others from the ROI Manager, or save them apart."
            )
    notes: tuple[str, ...] = ()
    if longest > _ROUND:
        notes = (f"Ovals up to {longest:.2f} times longer than wide: the diameter is that of a circle of equal area.",)
    return MarkFile(source=file.name, marks=tuple(marks), pixel_um=None, in_um=False, notes=notes)


def _load(file: Path) -> Sequence[Any]:
    import roifile

    try:
        found = roifile.roiread(file)
    except (ValueError, OSError, BadZipFile, KeyError, IndexError, EOFError) as error:
        raise DataError(f"{file.name} cannot be read; it is damaged or no ROI file of ImageJ ({error}).") from None
    return found if isinstance(found, list) else [found]


def _points(roi: Any) -> list[Mark]:
    places = roi.coordinates()
    own = roi.counters if roi.counters is not None and len(roi.counters) == len(places) else None
    where = roi.counter_positions if own is not None else None
    return [
        Mark(
            x=float(x),
            y=float(y),
            frame=_frame(roi, int(where[row]) if where is not None else 0),
            kind=str(int(own[row])) if own is not None and any(own) else _kind(roi),
        )
        for row, (x, y) in enumerate(places)
    ]


def _oval(roi: Any) -> tuple[Mark, float]:
    """Return an oval or ellipse as a circle of equal area, and how stretched it is."""
    if roi.roitype.name == "FREEHAND":  # an ellipse: its long axis and the ratio of the short one to it
        x0, y0, x1, y1 = float(roi.x1), float(roi.y1), float(roi.x2), float(roi.y2)
        long, ratio = float(((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5), axis_ratio(roi)
        centre, width, height = ((x0 + x1) / 2, (y0 + y1) / 2), long, long * ratio
    else:
        left, top, width, height = (float(v) for v in (roi.left, roi.top, roi.right - roi.left, roi.bottom - roi.top))
        if roi.subpixelrect:
            left, top, width, height = (float(v) for v in (roi.xd, roi.yd, roi.widthd, roi.heightd))
        centre = (left + width / 2, top + height / 2)
    if not (width > 0 and height > 0):
        raise DataError(f"'{roi.name}' is an oval without extent. Delete it from the ROI Manager.")
    x, y = centre
    mark = Mark(x=x - 0.5, y=y - 0.5, diameter=(width * height) ** 0.5, frame=_frame(roi, 0), kind=_kind(roi))
    return mark, max(width / height, height / width)


def _frame(roi: Any, position: int) -> int:
    """Return the frame from 0; ImageJ counts from 1 and writes 0 for any."""
    return max(roi.t_position or position or roi.position or 1, 1) - 1


def _kind(roi: Any) -> str:
    """Return the group that a person gave, else the part of the name before a dash (``tip-3``)."""
    if roi.group:
        return str(roi.group)
    word = str(roi.name or "").replace("_", "-").partition("-")[0]
    return "" if word.isdigit() else word  # the ROI Manager names by place (0123-0456), people by kind
