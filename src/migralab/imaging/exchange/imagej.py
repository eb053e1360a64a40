"""ROI files of ImageJ and Fiji: ovals for migrasomes, polylines for fibres, polygons for cells; written and read.

ImageJ counts areas (ovals, polygons) from the corner of the first pixel and lines and points from its centre.
Places of migralab are from the centre, so areas are moved by half a pixel on the way.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from migralab.core.errors import DataError, RequestError
from migralab.imaging.exchange.files import write_whole
from migralab.imaging.exchange.outlines import Outlines, polygon_area
from migralab.results.observations import Observations

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
NAN = float("nan")
KINDS = ("migrasome", "fibre", "cell")
_NAME = re.compile(r"^(migrasome|fibre|cell)-(\d+)(?:-t(\d+))?$")
_WORD = re.compile(r"^(migrasome|fibre|fiber|cell)\b", re.IGNORECASE)
_COLOURS = {
    "tip": (255, 70, 70), "junction": (255, 200, 0), "shaft": (255, 120, 255), "free": (80, 180, 255),
    "unknown": (200, 200, 200), "fibre": (0, 230, 230), "cell": (60, 90, 255),
}  # fmt: skip
_LINES = ("LINE", "POLYLINE", "FREELINE")
_AREAS = ("POLYGON", "FREEHAND", "TRACED", "RECT")
_HALF = 0.5  # areas are counted from the corner of a pixel


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shape:
    """One region of a ROI file, in um.

    Parameters
    ----------
    kind
        ``migrasome``, ``fibre`` or ``cell``.
    frame
        Number of the frame, from 0; 0 where the file names none.
    id
        Id of the object; -1 for what a person drew.
    x_um, y_um
        Centre.
    diameter_um
        Of a migrasome, of the circle of equal area; NaN for a point and for the other kinds.
    path_um
        (n, 2) course of a fibre or outline of a cell; None for a migrasome.
    name
        As in the file.
    bound
        Whether the file binds it to a frame.
    """

    kind: str
    frame: int
    id: int
    x_um: float
    y_um: float
    diameter_um: float = NAN
    path_um: Floats | None = None
    name: str = ""
    bound: bool = True


def write_rois(
    observations: Observations,
    pixel_size_um: float,
    path: str | Path,
    *,
    outlines: Outlines | None = None,
    channels: int = 1,
    replace: bool = False,
) -> Path:
    """Write migrasomes, fibres and cells as a ROI set that the ROI Manager opens.

    Parameters
    ----------
    observations
        Tables in um.
    pixel_size_um
        Of the image on which the regions will be shown.
    path
        A ``.zip``.
    outlines
        Courses of fibres and outlines of cells; without them only migrasomes are written.
    channels
        Channels of the image: decides whether a frame is a slice of a stack or a time of a hyperstack.
    replace
        Whether an existing file is replaced; it is never appended to.

    Raises
    ------
    RequestError
        If the file exists and `replace` is False, its name does not end in ``.zip``, or nothing is there to write.
    """
    import roifile

    target = Path(path)
    if target.suffix.lower() != ".zip":
        raise RequestError(f"'{target}': a ROI set is a .zip, for example {target.stem or 'rois'}.zip.")
    if not (np.isfinite(pixel_size_um) and pixel_size_um > 0):
        raise RequestError(f"A pixel size of {pixel_size_um:g} um makes no sense for ROIs.")
    stack = _Stack(pixel_um=pixel_size_um, frames=len(observations.frames_min), channels=channels)
    rois = [_vesicle(row, stack) for row in observations["migrasomes"].to_dict("records")]
    if outlines is not None:
        rois += [
            _line(key, course, stack) for key, course in _known(outlines.fibres, observations["fibres"], "fibre_id")
        ]
        rois += [_polygon(key, edge, stack) for key, edge in _known(outlines.cells, observations["cells"], "cell_id")]
    if not rois:
        raise RequestError(f"'{target}': nothing was found in the image, so there is no region to write.")
    return write_whole(target, lambda file: roifile.roiwrite(file, rois, mode="w"), replace=replace)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stack:
    pixel_um: float
    frames: int
    channels: int

    def place(self, roi: Any, frame: int) -> Any:
        """Bind a region to its frame; in a single image it is bound to nothing."""
        if self.frames > 1:
            if self.channels > 1:
                roi.t_position = frame + 1
            else:
                roi.position = frame + 1
        return roi


def _known(
    paths: Mapping[tuple[int, int], Floats], table: pd.DataFrame, name: str
) -> Iterator[tuple[tuple[int, int], Floats]]:
    """Outlines of objects that are in the table, in its order."""
    for key in zip(table["frame"].to_numpy(int).tolist(), table[name].to_numpy(int).tolist(), strict=True):
        if key in paths:
            yield key, paths[key]


def _named(roi: Any, kind: str, number: int, frame: int, colour: str) -> Any:
    roi.name = f"{kind}-{number}-t{frame + 1}"
    roi.stroke_color = bytes((255, *_COLOURS.get(colour, _COLOURS["unknown"])))
    return roi


def _vesicle(row: Mapping[Any, Any], stack: _Stack) -> Any:
    """Oval of a vesicle; a point where its size is not known."""
    frame = int(row["frame"])
    roi = _oval(row, stack) if np.isfinite(row["diameter_um"]) else _point(row, stack)
    _named(roi, "migrasome", int(row["migrasome_id"]), frame, str(row["attachment"]))
    return stack.place(roi, frame)


def _point(row: Mapping[Any, Any], stack: _Stack) -> Any:
    import roifile

    place = np.array([[row["x_um"], row["y_um"]]], np.float64) / stack.pixel_um
    roi = roifile.ImagejRoi.frompoints(place.astype(np.float32))
    roi.roitype = roifile.ROI_TYPE.POINT
    return roi


def _oval(row: Mapping[Any, Any], stack: _Stack) -> Any:
    import roifile

    wide = max(float(row["diameter_um"]) / stack.pixel_um, 0.1)
    left = float(row["x_um"]) / stack.pixel_um + _HALF - wide / 2
    top = float(row["y_um"]) / stack.pixel_um + _HALF - wide / 2
    roi = roifile.ImagejRoi()
    roi.roitype = roifile.ROI_TYPE.OVAL
    roi.options = roifile.ROI_OPTIONS.SUB_PIXEL_RESOLUTION
    roi.left, roi.top = int(np.floor(left)), int(np.floor(top))
    roi.right, roi.bottom = int(np.ceil(left + wide)), int(np.ceil(top + wide))
    roi.xd, roi.yd, roi.widthd, roi.heightd = left, top, wide, wide
    return roi


def _line(key: tuple[int, int], course: Floats, stack: _Stack) -> Any:
    import roifile

    roi = roifile.ImagejRoi.frompoints((course / stack.pixel_um).astype(np.float32))
    roi.roitype = roifile.ROI_TYPE.POLYLINE
    return stack.place(_named(roi, "fibre", key[1], key[0], "fibre"), key[0])


def _polygon(key: tuple[int, int], edge: Floats, stack: _Stack) -> Any:
    import roifile

    roi = roifile.ImagejRoi.frompoints((edge / stack.pixel_um + _HALF).astype(np.float32))
    roi.roitype = roifile.ROI_TYPE.POLYGON
    return stack.place(_named(roi, "cell", key[1], key[0], "cell"), key[0])


def read_rois(path: str | Path, pixel_size_um: float) -> tuple[Shape, ...]:
    """Read a ROI set or a single ROI: one that `write_rois` wrote, or one that a person drew.

    What a person drew is taken by its form: ovals, ellipses and points are migrasomes, lines are fibres, polygons,
    freehand areas and rectangles are cells; a name that begins with migrasome, fibre or cell goes before the form.

    Parameters
    ----------
    path
        A ``.zip`` or ``.roi``.
    pixel_size_um
        Of the image on which it was drawn.

    Raises
    ------
    DataError
        If the file is missing or damaged, or a region is of a kind that is no object (angle, text, composite).
    """
    file = Path(path)
    if not file.is_file():
        raise DataError(f"There is no ROI file '{file}'.")
    if not (np.isfinite(pixel_size_um) and pixel_size_um > 0):
        raise DataError(f"{file.name} gives places in pixels; a pixel size of {pixel_size_um:g} um makes no sense.")
    shapes: list[Shape] = []
    for roi in _load(file):
        shapes += _shapes(roi, pixel_size_um, file.name)
    return tuple(shapes)


def _load(file: Path) -> list[Any]:
    import roifile

    try:
        found = roifile.roiread(file)
    except (ValueError, OSError, BadZipFile, LookupError, EOFError, struct.error) as error:
        raise DataError(f"{file.name} cannot be read; it is damaged or no ROI file of ImageJ ({error}).") from None
    return found if isinstance(found, list) else [found]


def _shapes(roi: Any, pixel_um: float, source: str) -> list[Shape]:
    name = str(roi.name or "")
    form = roi.roitype.name
    kind, rest = _identity(roi, name)
    round_one = form == "OVAL" or (form == "FREEHAND" and roi.subtype.name == "ELLIPSE")
    if form == "POINT" and kind in {"", "migrasome"}:
        return [_centred("migrasome", float(x), float(y), NAN, pixel_um, **rest) for x, y in roi.coordinates()]
    if round_one and kind in {"", "migrasome"}:
        x, y, diameter = _round(roi, source)
        return [_centred("migrasome", x, y, diameter, pixel_um, **rest)]
    if form in _LINES and kind in {"", "fibre"}:
        points = np.asarray(roi.coordinates(), np.float64) * pixel_um
        middle = points.mean(axis=0)
        return [_drawn("fibre", points, (float(middle[0]), float(middle[1])), **rest)]
    if form in _AREAS and not round_one and roi.multi_coordinates is None:
        points = (np.asarray(roi.coordinates(), np.float64) - _HALF) * pixel_um
        area, x, y = polygon_area(points)
        if kind == "migrasome":
            wide = float(np.sqrt(4 * area / np.pi))
            return [Shape(kind=kind, x_um=x, y_um=y, diameter_um=wide, **rest)]
        if kind in {"", "cell"}:
            return [_drawn("cell", points, (x, y), **rest)]
    meant = f", named as a {kind}," if kind else ""
    raise DataError(
        f"{source}: '{name}' is a selection of kind {form.lower()}{meant} and no object is read from it. "
        "Migrasomes are ovals or points, fibres lines, cells polygons or freehand areas. Delete it, or rename it."
    )


def _identity(roi: Any, name: str) -> tuple[str, dict[str, Any]]:
    """Kind of a region (empty if its name says none); its name, id (-1 if none), frame from 0, and if it is bound."""
    found = _NAME.match(name)
    position = int(roi.t_position or roi.position or (found[3] if found and found[3] else 0))
    rest = {"name": name, "id": int(found[2]) if found else -1, "frame": max(position, 1) - 1, "bound": position > 0}
    if found:
        return found[1], rest
    word = _WORD.match(name)
    return (word[1].lower().replace("fiber", "fibre") if word else ""), rest


def _round(roi: Any, source: str) -> tuple[float, float, float]:
    """Centre and diameter of the circle of equal area, pixels from the centre of the first one."""
    if roi.roitype.name == "FREEHAND":  # an ellipse: the ends of its long axis, and the ratio of the short one to it
        x0, y0, x1, y1 = (float(v) for v in (roi.x1, roi.y1, roi.x2, roi.y2))
        wide = float(np.hypot(x1 - x0, y1 - y0))
        high = wide * axis_ratio(roi)
        x, y = (x0 + x1) / 2, (y0 + y1) / 2
    else:
        left, top = float(roi.left), float(roi.top)
        wide, high = float(roi.right - roi.left), float(roi.bottom - roi.top)
        if roi.subpixelrect:
            left, top, wide, high = (float(v) for v in (roi.xd, roi.yd, roi.widthd, roi.heightd))
        x, y = left + wide / 2, top + high / 2
    if not (wide > 0 and high > 0):
        raise DataError(f"{source}: '{roi.name}' is an oval without extent. Delete it from the ROI Manager.")
    return x - _HALF, y - _HALF, float(np.sqrt(wide * high))


def axis_ratio(roi: Any) -> float:
    """Return the ratio of an ellipse's axes: a float of four bytes, which roifile gives as two bytes and a short."""
    parts = (roi.arrow_style_or_aspect_ratio, roi.arrow_head_size, roi.rounded_rect_arc_size)
    order = str(roi.byteorder)
    return float(struct.unpack(f"{order}f", struct.pack(f"{order}BBh", *parts))[0])


def _centred(kind: str, x: float, y: float, diameter: float, pixel_um: float, **rest: Any) -> Shape:
    return Shape(kind=kind, x_um=x * pixel_um, y_um=y * pixel_um, diameter_um=diameter * pixel_um, **rest)


def _drawn(kind: str, points: Floats, centre: tuple[float, float], **rest: Any) -> Shape:
    return Shape(kind=kind, x_um=centre[0], y_um=centre[1], path_um=points, **rest)
