"""The three tables that TrackMate exports (spots, edges, tracks), with its four header lines; written and read."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from migralab.core.errors import DataError
from migralab.imaging.exchange.files import write_whole
from migralab.imaging.exchange.spots import (
    COLUMNS,
    EDGE_FEATURES,
    SPOT_FEATURES,
    TRACK_FEATURES,
    Feature,
    edges_of,
    spots_of,
    tracks_of,
    unit_factors,
)
from migralab.results.observations import Observations

_UNITS = {
    "QUALITY": "(quality)", "POSITION": "(micron)", "LENGTH": "(micron)", "TIME": "(min)", "COST": "(cost)",
    "VELOCITY": "(micron/min)", "NONE": "",
}  # fmt: skip
_LABEL = Feature(key="LABEL", name="Label", short="Label", dimension="NONE")
_ID = Feature(key="ID", name="Spot ID", short="Spot ID", dimension="NONE", whole=True)
_TRACK = Feature(key="TRACK_ID", name="Track ID", short="Track ID", dimension="NONE", whole=True)
_FROM = {
    "ID": "spot_id", "TRACK_ID": "track_id", "QUALITY": "quality", "POSITION_X": "x_um", "POSITION_Y": "y_um",
    "POSITION_Z": "z_um", "POSITION_T": "time_min", "FRAME": "frame",
}  # fmt: skip
_NEEDED = ("ID", "POSITION_X", "POSITION_Y", "FRAME", "RADIUS")


def write_trackmate_csv(observations: Observations, stem: str | Path, *, replace: bool = False) -> tuple[Path, ...]:
    """Write ``STEM_spots.csv``, ``STEM_edges.csv`` and ``STEM_tracks.csv`` as TrackMate exports them.

    Parameters
    ----------
    observations
        Tables in um; written in micron and min.
    stem
        Path without the ending.
    replace
        Whether existing files are replaced.

    Raises
    ------
    RequestError
        If one of the files exists and `replace` is False.
    """
    spots = spots_of(observations)
    tables = {
        "spots": ((_LABEL, _ID, _TRACK, *SPOT_FEATURES), _spot_rows(spots)),
        "edges": ((_LABEL, _TRACK, *EDGE_FEATURES), _edge_rows(spots)),
        "tracks": ((_LABEL, *TRACK_FEATURES), _track_rows(spots)),
    }
    return tuple(_write(Path(f"{stem}_{name}.csv"), *table, replace=replace) for name, table in tables.items())


def _write(path: Path, features: tuple[Feature, ...], rows: Iterable[list[Any]], *, replace: bool) -> Path:
    header = [
        [f.key for f in features],
        [f.name for f in features],
        [f.short for f in features],
        [_UNITS[f.dimension] for f in features],
    ]

    def write(file: Path) -> None:
        with file.open("w", newline="", encoding="utf-8") as stream:
            csv.writer(stream, lineterminator="\n").writerows([*header, *rows])

    return write_whole(path, write, replace=replace)


def _cells(row: dict[Any, Any], features: tuple[Feature, ...]) -> list[Any]:
    return [int(row[f.key]) if f.whole else float(row[f.key]) for f in features]


def _spot_rows(spots: pd.DataFrame) -> list[list[Any]]:
    rows = []
    for row in spots.to_dict("records"):
        values: dict[Any, Any] = {key: row[name] for key, name in _FROM.items()}
        values |= {"RADIUS": row["diameter_um"] / 2, "ESTIMATED_DIAMETER": row["diameter_um"], "VISIBILITY": 1}
        track = "" if row["track_id"] < 0 else int(row["track_id"])
        rows.append([row["name"], int(row["spot_id"]), track, *_cells(values, SPOT_FEATURES)])
    return rows


def _edge_rows(spots: pd.DataFrame) -> list[list[Any]]:
    names = dict(zip(spots["spot_id"], spots["name"], strict=True))
    return [
        [
            f"{names[row['SPOT_SOURCE_ID']]} → {names[row['SPOT_TARGET_ID']]}",
            int(row["TRACK_ID"]),
            *_cells(row, EDGE_FEATURES),
        ]
        for row in edges_of(spots).to_dict("records")
    ]


def _track_rows(spots: pd.DataFrame) -> list[list[Any]]:
    rows = tracks_of(spots).to_dict("records")
    return [[f"migrasome-{int(row['TRACK_ID'])}", *_cells(row, TRACK_FEATURES)] for row in rows]


def read_trackmate_csv(path: str | Path) -> pd.DataFrame:
    """Read a table of spots that TrackMate exported, or `write_trackmate_csv` wrote.

    Returns
    -------
    pandas.DataFrame
        As `read_trackmate`.

    Raises
    ------
    DataError
        If the file is missing, is no table of spots, has no units, or a line is no row of numbers.
    """
    file = Path(path)
    if not file.is_file():
        raise DataError(f"There is no table of spots '{file}'.")
    with file.open(newline="", encoding="utf-8-sig", errors="replace") as stream:
        lines = list(csv.reader(stream))
    header = lines[0] if lines else []
    if missing := [name for name in _NEEDED if name not in header]:
        raise DataError(
            f"{file.name} is no table of spots as TrackMate exports it: {', '.join(missing)} missing. "
            f"Found: {', '.join(header[:8]) or 'nothing'}."
        )
    units, first = _find_units(lines, header, file.name)
    length, minutes = unit_factors(*units, file.name)
    rows = [
        _row(line, header, (length, minutes), f"{file.name}:{number}")
        for number, line in enumerate(lines[first:], start=first + 1)
        if line
    ]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    whole = dict.fromkeys(("spot_id", "track_id", "frame"), np.int64)
    return table.astype(whole).sort_values(["frame", "spot_id"], kind="stable").reset_index(drop=True)


def _find_units(lines: list[list[str]], header: list[str], source: str) -> tuple[tuple[str, str], int]:
    """Return the units of places and times, and the number of the first line of data."""
    place = header.index("POSITION_X")
    for number, line in enumerate(lines[1:5], start=1):
        cell = line[place] if len(line) > place else ""
        if cell.startswith("("):
            time = line[header.index("POSITION_T")].strip("()") if "POSITION_T" in header else "frame"
            return (cell.strip("()"), time), number + 1
    raise DataError(
        f"{source} has no line of units as (micron) under its names. "
        "Export it with TrackMate 7 or later, which writes it."
    )


def _row(line: list[str], header: list[str], factors: tuple[float, float], place: str) -> dict[str, Any]:
    if len(line) != len(header):
        raise DataError(f"{place}: {len(line)} cells, and the header has {len(header)}. Export the table again.")
    cells = dict(zip(header, line, strict=True))
    length, minutes = factors
    number = int(_number(cells, "ID", place))
    return {
        "spot_id": number,
        "name": cells.get("LABEL") or f"ID{number}",
        "track_id": int(_number(cells, "TRACK_ID", place, -1)),
        "frame": int(_number(cells, "FRAME", place)),
        "time_min": _number(cells, "POSITION_T", place, float("nan")) * minutes,
        "x_um": _number(cells, "POSITION_X", place) * length,
        "y_um": _number(cells, "POSITION_Y", place) * length,
        "z_um": _number(cells, "POSITION_Z", place, 0.0) * length,
        "diameter_um": 2 * _number(cells, "RADIUS", place) * length,
        "quality": _number(cells, "QUALITY", place, -1.0),
        "visible": _number(cells, "VISIBILITY", place, 1.0) > 0,
    }


def _number(cells: dict[str, str], name: str, place: str, missing: float | None = None) -> float:
    text = cells.get(name, "").strip()
    if text in {"", "None"} and missing is not None:
        return missing
    try:
        return float(text)
    except ValueError:
        raise DataError(f"{place}: {name} is '{text}', and a number was expected.") from None
