"""Measured cell tracks from CSV and TrackMate files, in um and min."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from migralab.core.errors import DataError

Floats = NDArray[np.float64]

# Names under which programs write a column, by what it is; the unit where the name states it
_NAMES: dict[str, dict[str, str]] = {
    "track": {"track": "", "track_id": "", "tid": "", "particle": "", "id of track": ""},
    "x": {"x_um": "um", "x [micron]": "um", "x [um]": "um", "position_x": "", "x": "", "x_px": "px", "cell col": "px"},
    "y": {"y_um": "um", "y [micron]": "um", "y [um]": "um", "position_y": "", "y": "", "y_px": "px", "cell row": "px"},
    "t": {
        "t_min": "min", "time_min": "min", "t [min]": "min", "t_s": "s", "time_s": "s", "t [s]": "s", "position_t": "",
        "t": "", "frame": "frame", "time index": "frame",
    },
}  # fmt: skip
_DEPTH = ("z_um", "z [micron]", "z [um]", "position_z", "z", "z_px")
_LENGTH = {"um": 1.0, "micron": 1.0, "microns": 1.0, "µm": 1.0, "μm": 1.0, "nm": 1e-3, "mm": 1e3}
_TIME = {"min": 1.0, "mn": 1.0, "minute": 1.0, "minutes": 1.0, "s": 1 / 60, "sec": 1 / 60, "second": 1 / 60, "h": 60.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracks:
    """Positions of tracked cells, sorted by track and time.

    Parameters
    ----------
    track
        (n,) id of the track of each point.
    time_min, x_um, y_um
        (n,) when and where.
    source
        File it was read from.
    notes
        What of the file was not used.
    """

    track: NDArray[np.int64]
    time_min: Floats
    x_um: Floats
    y_um: Floats
    source: str
    notes: tuple[str, ...] = ()

    @property
    def ids(self) -> NDArray[np.int64]:
        """Ids of the tracks."""
        return np.unique(self.track)

    def one(self, track: int) -> tuple[Floats, Floats, Floats]:
        """Return (time_min, x_um, y_um) of one track."""
        rows = self.track == track
        return self.time_min[rows], self.x_um[rows], self.y_um[rows]


def read_tracks(
    path: Path | str,
    *,
    pixel_size_um: float | None = None,
    frame_interval_min: float | None = None,
    columns: Sequence[str] | None = None,
) -> Tracks:
    """Read tracks from a CSV file or a TrackMate XML file.

    Parameters
    ----------
    pixel_size_um, frame_interval_min
        Needed where the file gives pixels or frames; never assumed.
    columns
        Names of the columns of a table without a header, as ``("row", "track", "t_s", "x_um", "y_um", "z_um")``.
        A depth, where there is one, is not used, and the notes say so.

    Raises
    ------
    DataError
        If the file is missing, has no such columns, or gives positions or times without a unit.
    """
    path = Path(path)
    if not path.is_file():
        what = "a folder, not a track file" if path.is_dir() else "no such track file"
        raise DataError(f"{path}: {what}.")
    raw = path.read_bytes()
    if path.suffix.lower() == ".xml" or raw.lstrip()[:5] == b"<?xml":
        values, units = _read_xml(raw, path)
    else:
        values, units = _read_csv(raw, path, columns)
    flat = np.ptp(values.pop("z", np.zeros(1))) == 0
    length = _factor(units["x"], _LENGTH, pixel_size_um, f"{path}: positions", "--pixel-size 0.65um")
    time = _factor(units["t"], _TIME, frame_interval_min, f"{path}: times", "--frame-interval 10min")
    notes = [] if flat else ["the tracks are 3D: their projection on x and y is used, so speeds are too low"]
    for what, unit, given, there in (
        ("positions", units["x"], pixel_size_um, _LENGTH), ("times", units["t"], frame_interval_min, _TIME)
    ):  # fmt: skip
        if given is not None and unit in there:
            notes.append(f"the file gives its {what} in {unit}; the one that was given beside it is not used")
    order = np.lexsort((values["t"], values["track"]))
    return Tracks(
        track=values["track"][order].astype(np.int64),
        time_min=values["t"][order] * time,
        x_um=values["x"][order] * length,
        y_um=values["y"][order] * length,
        source=str(path),
        notes=tuple(notes),
    )


def _factor(unit: str, known: dict[str, float], given: float | None, what: str, ask: str) -> float:
    if unit in known:
        return known[unit]
    if given is not None:
        return given
    raise DataError(f"{what} have no physical unit (found '{unit or 'none'}'). Give it, for example {ask}.")


def _split_rows(raw: bytes, path: Path) -> list[list[str]]:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    first = text.lstrip("\n").partition("\n")[0]
    if not any(mark in first for mark in ",;\t") and len(first.split()) >= len(_NAMES):
        return [re.split(r"\s+", line.strip()) if line.strip() else [] for line in text.splitlines()]
    try:
        return list(csv.reader(io.StringIO(text), csv.Sniffer().sniff(text[:2000], delimiters=",;\t")))
    except csv.Error:
        raise DataError(f"{path}: not a table with commas, semicolons or tabs (CSV), nor TrackMate XML.") from None


def _read_csv(raw: bytes, path: Path, given: Sequence[str] | None) -> tuple[dict[str, Floats], dict[str, str]]:
    rows = _with_header(_split_rows(raw, path), path, given)
    places, units = _find_columns(rows[0], path)
    body = rows[1:]
    # TrackMate writes up to three more header lines; the last of them holds the units in brackets
    while body and not _is_number(body[0][places["x"]]):
        for what in ("x", "t"):
            cell = body[0][places[what]].strip().strip("()")
            if cell.lower() in _LENGTH | _TIME:
                units[what] = cell.lower()
        body = body[1:]
    values: dict[str, list[float]] = {what: [] for what in places}
    for line, row in enumerate(body, start=len(rows) - len(body) + 1):
        if not row:
            continue
        try:
            numbers = {what: float(row[place]) for what, place in places.items()}
        except (ValueError, IndexError):
            raise DataError(f"{path}:{line}: a number was expected in {list(places)}, got {row[:6]}.") from None
        for what, number in numbers.items():
            values[what].append(number)
    if not values["x"]:
        raise DataError(f"{path}: no points.")
    return {what: np.array(v) for what, v in values.items()}, units


def _with_header(rows: list[list[str]], path: Path, given: Sequence[str] | None) -> list[list[str]]:
    if given is not None:
        if len(given) != len(rows[0]):
            raise DataError(f"{path} has {len(rows[0])} columns, and {len(given)} were named: {', '.join(given)}.")
        return [list(given), *rows]
    if all(_is_number(cell) for cell in rows[0]):
        raise DataError(
            f"{path} has no header: its first line is numbers. Name its {len(rows[0])} columns with --columns, for "
            "example --columns row,track,t_s,x_um,y_um,z_um."
        )
    return rows


def _find_columns(names: list[str], path: Path) -> tuple[dict[str, int], dict[str, str]]:
    """Return the place of each column that is needed, and of a depth if there is one, and their units."""
    header = [name.strip().lower() for name in names]
    places, units = {}, {}
    for what, known in _NAMES.items():
        found = [name for name in known if name in header]
        if not found:
            raise DataError(
                f"{path}: no column for {what}. Found: {', '.join(names)}. "
                f"Wanted one of: {', '.join(known)} (track, x, y and t are needed)."
            )
        places[what], units[what] = header.index(found[0]), known[found[0]]
    if deep := [name for name in _DEPTH if name in header]:
        places["z"] = header.index(deep[0])
    return places, units


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _read_xml(raw: bytes, path: Path) -> tuple[dict[str, Floats], dict[str, str]]:
    from xml.etree import ElementTree as ET

    if b"<!ENTITY" in raw or b"<!DOCTYPE" in raw:
        raise DataError(f"{path}: a document type or entity declaration is not accepted in a track file.")
    try:
        root = ET.fromstring(raw)
    except ET.ParseError as error:
        raise DataError(f"{path}: not a whole XML file ({error}).") from None
    if root.tag == "Tracks":
        return _simple_trackmate(root)
    model = root.find("Model")
    if model is None:
        raise DataError(f"{path}: neither a TrackMate file (<TrackMate><Model>) nor its track export (<Tracks>).")
    return _full_trackmate(model, path)


def _simple_trackmate(root: Any) -> tuple[dict[str, Floats], dict[str, str]]:
    points = [
        (track, float(d.get("t")), float(d.get("x")), float(d.get("y")))
        for track, particle in enumerate(root.iter("particle"))
        for d in particle.iter("detection")
    ]
    track, t, x, y = (np.array(column, np.float64) for column in zip(*points, strict=True))
    interval = float(root.get("frameInterval", "1"))
    units = {"x": root.get("spaceUnits", "").lower(), "t": root.get("timeUnits", "").lower()}
    if units["t"] in _TIME:
        t = t * interval
    return {"track": track, "t": t, "x": x, "y": y}, units


def _full_trackmate(model: Any, path: Path) -> tuple[dict[str, Floats], dict[str, str]]:
    spots = {spot.get("ID"): spot for spot in model.iter("Spot")}
    kept = {f.get("TRACK_ID") for f in model.iter("TrackID")}
    points = []
    for track in model.iter("Track"):
        if kept and track.get("TRACK_ID") not in kept:
            continue
        members = {edge.get(end) for edge in track.iter("Edge") for end in ("SPOT_SOURCE_ID", "SPOT_TARGET_ID")}
        if lost := members - spots.keys():
            raise DataError(
                f"{path}: track {track.get('TRACK_ID')} names spots that are not there: {sorted(lost)[:3]}."
            )
        for name in members:
            spot = spots[name]
            place = (float(spot.get(key)) for key in ("POSITION_T", "POSITION_X", "POSITION_Y"))
            points.append((*place, float(track.get("TRACK_ID"))))
    if not points:
        raise DataError(f"{path}: the TrackMate file has no tracks. Run the tracking step before saving.")
    t, x, y, track_id = (np.array(column, np.float64) for column in zip(*points, strict=True))
    units = {"x": model.get("spatialunits", "").lower(), "t": model.get("timeunits", "").lower()}
    return {"track": track_id, "t": t, "x": x, "y": y}, units
