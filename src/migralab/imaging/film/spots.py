"""Spots of a FRAP film that the user names, in a table of places in the first frame."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from pathlib import Path

from migralab.core.errors import DataError

_COLUMNS = ("x_um", "y_um", "radius_um")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """One object in the first frame.

    Parameters
    ----------
    x_um, y_um
        Its centre, um from the middle of the top left pixel.
    radius_um
        Its radius, um; None where it is not known.
    said
        Where the user named it, for messages.
    """

    x_um: float
    y_um: float
    radius_um: float | None = None
    said: str = ""


def read_spots(path: str | Path) -> tuple[Spot, ...]:
    """Read a table with the columns x_um, y_um and, if wanted, radius_um.

    Raises
    ------
    DataError
        If the file is missing, has other columns, no rows, or a place that is no number.
    """
    file = Path(path)
    try:
        with file.open(newline="", encoding="utf-8-sig") as content:
            rows = list(csv.DictReader(content))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{file} cannot be read as a table of spots: {error}.") from None
    if not rows:
        raise DataError(f"{file} names no spot. Give a row for each, with the columns x_um, y_um [, radius_um].")
    missing = [name for name in _COLUMNS[:2] if name not in rows[0]]
    if missing:
        raise DataError(
            f"{file} has no column {' and '.join(missing)}. Needed: x_um, y_um; allowed besides: radius_um."
        )
    return tuple(_read(row, f"{file}:{line}") for line, row in enumerate(rows, start=2))


def _read(row: dict[str, str], where: str) -> Spot:
    values: dict[str, float] = {}
    for name in _COLUMNS:
        text = (row.get(name) or "").strip()
        if not text and name == "radius_um":
            continue
        try:
            values[name] = float(text)
        except ValueError:
            raise DataError(f"{where}: {name} = '{text}' is no number.") from None
        if not math.isfinite(values[name]) or (name == "radius_um" and values[name] <= 0):
            raise DataError(f"{where}: {name} = {text} makes no sense.")
    return Spot(x_um=values["x_um"], y_um=values["y_um"], radius_um=values.get("radius_um"), said=where)
