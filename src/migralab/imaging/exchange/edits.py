"""Corrections by hand as a table (CSV): what was added, removed or changed, by whom, when and why."""

from __future__ import annotations

import csv
import datetime as dt
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from migralab.core.errors import DataError
from migralab.imaging.exchange.files import write_whole

Floats = NDArray[np.float64]
NAN = float("nan")
ACTIONS = ("add", "remove", "change")
KINDS = ("migrasome", "fibre", "cell")
COLUMNS = ("action", "kind", "frame", "id", "x_um", "y_um", "diameter_um", "path_um", "who", "when", "why")
_NEEDED = ("action", "kind", "who")
_LARGEST_UM = 20.0  # a diameter beyond this is a slip of the unit (nm, pixels)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Edit:
    """One correction.

    Parameters
    ----------
    action
        ``add``, ``remove`` or ``change`` (moved, resized, drawn anew).
    kind
        ``migrasome``, ``fibre`` or ``cell``.
    frame
        Number of the frame, from 0.
    id
        Id of the object in the tables; -1 where it is given by its place, or is new.
    x_um, y_um
        Of an addition or a change: where it shall be. Of a removal without id: where it is. NaN if not given.
    diameter_um
        Of a migrasome; NaN if not given.
    path_um
        (n, 2) course of a fibre, its last point towards the cell, or outline of a cell; None if not given.
    who, when, why
        Who did it, when (ISO date, may be empty) and why (free text, may be empty).
    place
        Where it stands, for messages: ``edits.csv:5``.
    """

    action: str
    kind: str
    frame: int = 0
    id: int = -1
    x_um: float = NAN
    y_um: float = NAN
    diameter_um: float = NAN
    path_um: Floats | None = None
    who: str = ""
    when: str = ""
    why: str = ""
    place: str = "edit"

    @property
    def placed(self) -> bool:
        """Whether it gives a place."""
        return math.isfinite(self.x_um) and math.isfinite(self.y_um)


def read_edits(path: str | Path) -> tuple[Edit, ...]:
    """Read a table of corrections.

    The header names the columns ``action, kind, frame, id, x_um, y_um, diameter_um, path_um, who, when, why`` in any
    order; only ``action``, ``kind`` and ``who`` must be there. A path is written ``x y; x y; x y`` in um.

    Raises
    ------
    DataError
        If the file is missing or no such table, or a row makes no sense; the message begins with file and line.
    """
    file = Path(path)
    if not file.is_file():
        raise DataError(f"There is no table of edits '{file}'.")
    with file.open(newline="", encoding="utf-8-sig", errors="replace") as stream:
        reader = csv.reader(stream)
        header = [name.strip().lower() for name in next(reader, [])]
        _check_header(header, file)
        return tuple(
            _read(line, header, f"{file.name}:{reader.line_num}")
            for line in reader
            if any(cell.strip() for cell in line)
        )


def _check_header(header: list[str], file: Path) -> None:
    strange = [name for name in header if name not in COLUMNS]
    missing = [name for name in _NEEDED if name not in header]
    twice = sorted({name for name in header if header.count(name) > 1})
    if strange or missing or twice:
        wrong = [f"unknown: {', '.join(strange)}"] if strange else []
        wrong += [f"missing: {', '.join(missing)}"] if missing else []
        wrong += [f"twice: {', '.join(twice)}"] if twice else []
        raise DataError(
            f"{file.name}:1: columns {'; '.join(wrong)}. Columns are {', '.join(COLUMNS)} (commas between)."
        )


def _read(line: list[str], header: list[str], place: str) -> Edit:
    if len(line) != len(header):
        raise DataError(f"{place}: {len(line)} cells, and the header has {len(header)}. Put a path in quotes.")
    cells = {name: cell.strip() for name, cell in zip(header, line, strict=True)}
    edit = Edit(
        action=cells["action"].lower(),
        kind=cells["kind"].lower().replace("fiber", "fibre"),
        frame=_whole(cells.get("frame", ""), "frame", 0, place),
        id=_whole(cells.get("id", ""), "id", -1, place),
        x_um=_real(cells.get("x_um", ""), "x_um", place),
        y_um=_real(cells.get("y_um", ""), "y_um", place),
        diameter_um=_real(cells.get("diameter_um", ""), "diameter_um", place),
        path_um=_path(cells.get("path_um", ""), place),
        who=cells["who"],
        when=cells.get("when", ""),
        why=cells.get("why", ""),
        place=place,
    )
    check_edit(edit)
    return edit


def _whole(text: str, name: str, missing: int, place: str) -> int:
    if not text:
        return missing
    try:
        number = float(text)
    except ValueError:
        number = NAN
    if not (number.is_integer() and number >= 0):
        raise DataError(f"{place}: {name} is '{text}'; a whole number from 0 is wanted.")
    return int(number)


def _real(text: str, name: str, place: str) -> float:
    if not text:
        return NAN
    try:
        number = float(text)
    except ValueError:
        number = NAN
    if not math.isfinite(number):
        raise DataError(f"{place}: {name} is '{text}'; a number in um is wanted.")
    return number


def _path(text: str, place: str) -> Floats | None:
    if not text:
        return None
    try:
        points = [[float(number) for number in point.split()] for point in text.strip(" ;").split(";")]
    except ValueError:
        points = []
    if len(points) < 2 or any(len(point) != 2 or not all(map(math.isfinite, point)) for point in points):
        raise DataError(f"{place}: path_um is '{text[:40]}'; at least two points 'x y; x y' in um are wanted.")
    return np.array(points, np.float64)


def check_edit(edit: Edit) -> None:
    """Raise DataError, with the place of the edit, unless it makes sense by itself."""
    for name, value, allowed in (("action", edit.action, ACTIONS), ("kind", edit.kind, KINDS)):
        if value not in allowed:
            raise DataError(f"{edit.place}: {name} is '{value}'. Allowed: {', '.join(allowed)}.")
    if not edit.who:
        raise DataError(f"{edit.place}: who made this edit? Give a name or initials in the column 'who'.")
    if edit.when:
        try:
            dt.datetime.fromisoformat(edit.when)
        except ValueError:
            raise DataError(
                f"{edit.place}: when is '{edit.when}'. Write a date as 2026-03-31 or 2026-03-31T14:05."
            ) from None
    if math.isfinite(edit.x_um) != math.isfinite(edit.y_um):
        raise DataError(f"{edit.place}: x_um and y_um go together, and one of them is missing.")
    if math.isfinite(edit.diameter_um) and not 0 < edit.diameter_um <= _LARGEST_UM:
        raise DataError(f"{edit.place}: a diameter of {edit.diameter_um:g} um makes no sense. Give it in um.")
    if wrong := _missing(edit):
        raise DataError(f"{edit.place}: {wrong}")


def _missing(edit: Edit) -> str:
    """Say what an edit lacks for what it wants; empty if nothing."""
    if edit.path_um is not None and edit.kind == "migrasome":
        return "a migrasome has no path_um; give x_um, y_um and diameter_um."
    lacks = _LACKS[edit.action](edit)
    return f"to {edit.action} a {edit.kind}, give {lacks}." if lacks else ""


def _remove_lacks(edit: Edit) -> str:
    if edit.kind == "fibre":
        return "" if edit.id >= 0 else "its id"
    return "" if edit.id >= 0 or edit.placed else "its id, or x_um and y_um"


def _change_lacks(edit: Edit) -> str:
    if edit.id < 0:
        return "its id"
    if edit.kind == "fibre":
        return _course_lacks(edit)
    given = edit.placed or math.isfinite(edit.diameter_um) or edit.path_um is not None
    return "" if given else "what changes: x_um and y_um, diameter_um, or path_um of a cell"


def _add_lacks(edit: Edit) -> str:
    if edit.kind == "fibre":
        return _course_lacks(edit)
    if edit.kind == "cell":
        outlined = edit.path_um is not None and len(edit.path_um) >= 3
        return "" if outlined else "its outline in path_um, at least three points"
    whole = edit.placed and math.isfinite(edit.diameter_um)
    return "" if whole else "x_um, y_um and diameter_um (a point has no size: draw an oval)"


def _course_lacks(edit: Edit) -> str:
    return "" if edit.path_um is not None else "its course in path_um, as '1.2 3.4; 5.6 7.8'"


_LACKS = {"add": _add_lacks, "remove": _remove_lacks, "change": _change_lacks}


def write_edits(edits: Iterable[Edit], path: str | Path, *, replace: bool = False) -> Path:
    """Write a table of corrections that `read_edits` reads.

    Raises
    ------
    RequestError
        If the file exists and `replace` is False.
    """
    rows = [_row(edit) for edit in edits]

    def write(file: Path) -> None:
        with file.open("w", newline="", encoding="utf-8") as stream:
            csv.writer(stream, lineterminator="\n").writerows([COLUMNS, *rows])

    return write_whole(path, write, replace=replace)


def _row(edit: Edit) -> list[Any]:
    numbers = [f"{n:.6g}" if math.isfinite(n) else "" for n in (edit.x_um, edit.y_um, edit.diameter_um)]
    path = "" if edit.path_um is None else "; ".join(f"{x:.6g} {y:.6g}" for x, y in edit.path_um)
    number = edit.id if edit.id >= 0 else ""
    return [edit.action, edit.kind, edit.frame, number, *numbers, path, edit.who, edit.when, edit.why]
