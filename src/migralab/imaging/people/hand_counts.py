"""Hand counts: ImageJ ROIs, Cell Counter files and CSV tables become Observations of origin ``hand``.

Theory: docs/theory/imaging-statistics.md.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from migralab.core.errors import DataError
from migralab.imaging.people.marks import KINDS, Mark, MarkFile, find_length_unit
from migralab.imaging.people.roi_marks import read_roi_marks
from migralab.results.observations import Observations, conform, empty_table
from migralab.results.schema import TABLES

_ATTACHMENTS = ("tip", "junction", "shaft", "free")
_COLUMNS = {
    "x": ("x", "x_um", "x_px"),
    "y": ("y", "y_um", "y_px"),
    "d": ("d", "d_um", "d_px", "diameter", "diameter_um", "diameter_px"),
    "frame": ("frame",),
    "kind": ("kind", "type", "attachment"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class HandScale:
    """What a file of marks may not say about itself.

    Parameters
    ----------
    pixel_size
        Size of a pixel, um; needed wherever the marks are in pixels.
    unit
        ``um`` or ``px``: unit of the columns ``x``, ``y`` and ``d`` of a CSV file whose names do not say it.
    frame_interval
        Time between frames, min; times are unknown (NaN) without it.
    first_frame
        Number of the first frame in a CSV file: 0, or 1 as ImageJ counts.
    """

    pixel_size: float | None = None
    unit: str | None = None
    frame_interval: float | None = None
    first_frame: int = 0

    def __post_init__(self) -> None:
        for name in ("pixel_size", "frame_interval"):
            value = getattr(self, name)
            if value is not None and not (np.isfinite(value) and value > 0):
                raise DataError(f"{name} = {value} of a hand count is not above 0. Give for example 0.1 (um).")
        if self.unit not in {None, "um", "px"}:
            raise DataError(f"unit = '{self.unit}' of a hand count is unknown. Allowed: um, px.")


def read_hand_count(
    path: str | Path,
    *,
    scale: HandScale | None = None,
    kinds: Mapping[str, str] | None = None,
    experiment: str | None = None,
    condition: str = "",
) -> Observations:
    """Read what a person marked in one image.

    Places are in um from the centre of the first pixel, y downwards, as everywhere in `migralab.imaging`.

    Parameters
    ----------
    path
        ``.zip`` or ``.roi`` of ImageJ (points, multi-points, ovals), ``.xml`` of Fiji's Cell Counter, or a ``.csv``
        with a header: ``x_um, y_um`` or ``x_px, y_px`` (or ``x, y`` with `scale.unit`), and if wanted
        ``diameter_um``, ``frame``, ``kind``.
    scale
        Pixel size and unit where the file does not say them.
    kinds
        What the marks' own types mean, for example ``{"1": "tip", "2": "cell", "3": "ignore"}``. Allowed are
        tip, junction, shaft, free, unknown, cell and ignore. Types that are not given and are no such word count
        as migrasomes of unknown attachment, and a note says so.
    experiment, condition
        Replicate and arm; the name of the file by default.

    Returns
    -------
    Observations
        Of origin ``hand``: tables ``migrasomes`` and ``cells``. What a person did not mark is missing.

    Raises
    ------
    DataError
        If the file cannot be read, has no scale, or `kinds` is wrong.
    """
    file, chosen = Path(path), scale or HandScale()
    if not file.is_file():
        raise DataError(f"There is no file '{file}' with a hand count.")
    _check_kinds(kinds or {})
    found = _read(file, chosen)
    marks, notes = _interpret(found, kinds or {})
    return _observe(
        marks, found.to_um(chosen.pixel_size), chosen, (*found.notes, *notes), (file, experiment, condition)
    )


def _read(file: Path, scale: HandScale) -> MarkFile:
    kind = file.suffix.lower()
    if kind in {".zip", ".roi"}:
        return read_roi_marks(file)
    if kind == ".xml":
        return _read_cell_counter(file)
    if kind in {".csv", ".txt", ".tsv"}:
        return _read_table(file, scale)
    raise DataError(
        f"{file.name}: '{kind}' is no hand count. Allowed: .zip and .roi (ImageJ), .xml (Cell Counter), .csv."
    )


def _check_kinds(kinds: Mapping[str, str]) -> None:
    if wrong := sorted({word for word in kinds.values() if word not in KINDS}):
        raise DataError(f"kinds: '{wrong[0]}' is no kind of mark. Allowed: {', '.join(KINDS)}.")


def _interpret(found: MarkFile, kinds: Mapping[str, str]) -> tuple[list[Mark], list[str]]:
    """Give each mark its kind; say which types were taken for migrasomes without being told so."""
    marks, unsaid = [], Counter[str]()
    for mark in found.marks:
        word = kinds.get(mark.kind) or (mark.kind.lower() if mark.kind.lower() in KINDS else None)
        if word is None:
            unsaid[mark.kind or "(no type)"] += 1
            word = "unknown"
        if word != "ignore":
            marks.append(mark.named(word))
    if strange := sorted(set(kinds) - {mark.kind for mark in found.marks}):
        there = ", ".join(sorted({mark.kind for mark in found.marks})) or "none"
        raise DataError(f"{found.source}: no mark is of type '{strange[0]}', which kinds names. Types there: {there}.")
    notes = [f"{n} marks of type '{kind}' taken for migrasomes." for kind, n in sorted(unsaid.items()) if kinds]
    return marks, notes


def _observe(
    marks: list[Mark], factor: float, scale: HandScale, notes: tuple[str, ...], named: tuple[Path, str | None, str]
) -> Observations:
    file, experiment, condition = named
    frames = max((mark.frame for mark in marks), default=0) + 1
    step = scale.frame_interval if scale.frame_interval is not None else np.nan
    times = tuple(0.0 if frame == 0 else frame * step for frame in range(frames))
    vesicles = [mark for mark in marks if mark.kind != "cell"]
    bodies = [mark for mark in marks if mark.kind == "cell"]
    tables = {name: empty_table(name) for name in TABLES}
    if vesicles:
        tables["migrasomes"] = conform("migrasomes", {**_places(vesicles, factor, times, "migrasome_id"),
            "diameter_um": [mark.diameter * factor for mark in vesicles],
            "attachment": [mark.kind if mark.kind in _ATTACHMENTS else "unknown" for mark in vesicles],
        })  # fmt: skip
    if bodies:
        tables["cells"] = conform("cells", _places(bodies, factor, times, "cell_id"))
    if frames > 1 and scale.frame_interval is None:
        notes = (*notes, "The time between frames is not known: times are missing.")
    return Observations(
        tables=tables,
        origin="hand",
        experiment=experiment or file.name.split(".")[0],
        condition=condition,
        frames_min=times,
        notes=notes,
    )


def _places(marks: list[Mark], factor: float, times: tuple[float, ...], name: str) -> dict[str, object]:
    return {
        "frame": [mark.frame for mark in marks],
        "time_min": [times[mark.frame] for mark in marks],
        name: list(range(len(marks))),
        "x_um": [mark.x * factor for mark in marks],
        "y_um": [mark.y * factor for mark in marks],
    }


def _read_cell_counter(file: Path) -> MarkFile:
    """Read a file of Fiji's Cell Counter: whole pixels, slices from 1, a type with or without name."""
    from xml.etree import ElementTree as ET

    try:
        root = ET.fromstring(file.read_bytes())
    except ET.ParseError as error:
        raise DataError(f"{file.name} cannot be read: {error}. Save the markers in Cell Counter again.") from None
    if root.tag != "CellCounter_Marker_File":
        raise DataError(f"{file.name} is no file of Cell Counter: it begins with <{root.tag}>.")
    marks = []
    for group in root.iter("Marker_Type"):
        kind = (group.findtext("Type") or "").strip()
        name = (group.findtext("Name") or "").strip()
        # the name that a person gave says more than the number, "Type 3" does not
        word = kind if not name or name.lower() == f"type {kind}" else name
        for marker in group.iter("Marker"):
            x, y, z = (_number(file, marker.findtext(key), key) for key in ("MarkerX", "MarkerY", "MarkerZ"))
            marks.append(Mark(x=x, y=y, frame=max(int(z), 1) - 1, kind=word))
    notes = () if len({mark.frame for mark in marks}) < 2 else ("Slices of Cell Counter were taken for frames.",)
    return MarkFile(source=file.name, marks=tuple(marks), pixel_um=_calibration(root), in_um=False, notes=notes)


def _number(file: Path, text: str | None, key: str) -> float:
    try:
        return float(text or "")
    except ValueError:
        raise DataError(f"{file.name}: a marker has no number as {key}, but '{text or ''}'.") from None


def _calibration(root: object) -> float | None:
    """Return the pixel size that newer files carry; None where it is absent or in no unit of length."""
    find = root.findtext  # type: ignore[attr-defined]  # an ElementTree element, imported late
    factor = find_length_unit(find("Image_Properties/Calibration_Unit") or "")
    sizes = {find(f"Image_Properties/{axis}_Calibration") for axis in "XY"}
    if factor is None or len(sizes) != 1 or None in sizes:
        return None
    try:
        return float(sizes.pop()) * factor
    except ValueError:
        return None


def _read_table(file: Path, scale: HandScale) -> MarkFile:
    text = file.read_text(encoding="utf-8-sig")
    separator = max(",;\t", key=text.partition("\n")[0].count)
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    rows = list(csv.DictReader(lines, delimiter=separator))
    heads = {
        (name or "").strip().lower(): name for name in (csv.DictReader(lines, delimiter=separator).fieldnames or ())
    }
    column = {part: [name for name in names if name in heads] for part, names in _COLUMNS.items()}
    for part in ("x", "y"):
        if len(column[part]) != 1:
            raise DataError(
                f"{file.name} needs one column {' or '.join(_COLUMNS[part])}; it has: {', '.join(heads) or 'none'}."
            )
    in_um = _unit_of(file, [name for part in ("x", "y", "d") for name in column[part]], scale.unit)
    marks = []
    for number, row in enumerate(rows, start=2):
        got = {part: (row[heads[names[0]]] or "").strip() if names else "" for part, names in column.items()}
        marks.append(_mark(f"{file.name}, row {number}", got, scale.first_frame))
    return MarkFile(source=file.name, marks=tuple(marks), pixel_um=None, in_um=in_um)


def _unit_of(file: Path, names: list[str], said: str | None) -> bool:
    units = {"um" if name.endswith("_um") else "px" if name.endswith("_px") else said for name in names}
    if None in units:
        raise DataError(
            f"{file.name}: are its places in um or in pixels? Name the columns x_um, y_um or x_px, y_px, "
            "or give the unit."
        )
    if len(units) > 1:
        raise DataError(f"{file.name} mixes um and pixels ({', '.join(names)}). Give all columns in one unit.")
    return units == {"um"}


def _mark(where: str, got: dict[str, str], first_frame: int) -> Mark:
    try:
        frame = int(got["frame"] or first_frame) - first_frame
        diameter = float(got["d"]) if got["d"] else float("nan")
        x, y = float(got["x"]), float(got["y"])
    except ValueError as error:
        raise DataError(f"{where}: {error}. Places, diameters and frames are numbers.") from None
    if frame < 0 or not (np.isfinite(x) and np.isfinite(y)) or diameter <= 0:
        raise DataError(
            f"{where}: frame {got['frame']}, place ({x:g}, {y:g}), diameter {diameter:g}: frames begin at "
            f"{first_frame}, places are finite and diameters above 0 (leave unknown ones empty)."
        )
    return Mark(x=x, y=y, diameter=diameter, frame=frame, kind=got["kind"])
