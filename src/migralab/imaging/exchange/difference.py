"""Corrections made in Fiji or TrackMate, found as the difference between the file that was given and what came back."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from migralab.core.errors import DataError
from migralab.imaging.exchange.edits import Edit, check_edit
from migralab.imaging.exchange.imagej import Shape, read_rois
from migralab.imaging.exchange.trackmate import read_trackmate
from migralab.imaging.exchange.trackmate_csv import read_trackmate_csv

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
NAN = float("nan")
_SAME_PX = 0.05  # places and sizes that differ by less were not touched: files round to 32 bits
_SAME_UM = 1e-4
_OURS = re.compile(r"^migrasome-(\d+)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Corrections that lead from the original to the corrected file, and what of it is no correction of objects."""

    edits: tuple[Edit, ...]
    notes: tuple[str, ...] = ()


def edits_from_rois(
    original: str | Path, corrected: str | Path, pixel_size_um: float, *, who: str, when: str = "", why: str = ""
) -> Difference:
    """Return the corrections between a ROI set that `write_rois` wrote and the one that a person saved from it.

    A region that kept its name and was moved, resized or drawn anew is a change; one that is gone was removed; one
    without a name of ours was added, in the frame to which it is bound.

    Parameters
    ----------
    original, corrected
        The two ``.zip``.
    pixel_size_um
        Of the image.
    who, when, why
        Written into every correction.

    Raises
    ------
    DataError
        If a file cannot be read, the original is not one of ours, or a region that was added has no size.
    """
    before, after = read_rois(original, pixel_size_um), read_rois(corrected, pixel_size_um)
    if any(shape.id < 0 for shape in before):
        raise DataError(f"{Path(original).name} holds regions that migralab did not write; give the file as exported.")
    known = {(shape.kind, shape.frame, shape.id): shape for shape in before}
    left, added = dict(known), []
    film = any(shape.frame for shape in before)
    edits: list[Edit] = []
    signed = {"who": who, "when": when, "why": why}
    for number, shape in enumerate(after, start=1):
        place = f"{Path(corrected).name}, region {number} ('{shape.name}')"
        key = (shape.kind, shape.frame, shape.id)
        if key in left:
            if _differ(left.pop(key), shape, pixel_size_um):
                edits.append(_as_edit("change", shape, place, signed))
        else:
            added.append((shape, place))
    for shape, place in added:  # a region that lost its name but lies where one of ours lay is that one
        same = next((key for key, old in left.items() if _alike(old, shape, pixel_size_um)), None)
        if same is not None:
            del left[same]
        elif film and not shape.bound:
            raise DataError(f"{place} is bound to no frame of the film. Set its position (ROI Manager > Properties).")
        else:
            edits.append(_as_edit("add", shape, place, signed))
    gone = [_removal(kind, frame, number, Path(corrected).name, signed) for kind, frame, number in left]
    found = _ordered([*gone, *edits])
    for edit in found:
        check_edit(edit)
    return Difference(edits=found)


def _as_edit(action: str, shape: Shape, place: str, signed: Any) -> Edit:
    outlined = shape.path_um is not None
    return Edit(
        action=action,
        kind=shape.kind,
        frame=shape.frame,
        id=shape.id if action == "change" else -1,
        x_um=NAN if outlined else shape.x_um,
        y_um=NAN if outlined else shape.y_um,
        diameter_um=shape.diameter_um,
        path_um=shape.path_um,
        place=place,
        **signed,
    )


def _removal(kind: str, frame: int, number: int, source: str, signed: Any) -> Edit:
    place = f"{source}, {kind} {number} of frame {frame} (not there any more)"
    return Edit(action="remove", kind=kind, frame=frame, id=number, place=place, **signed)


def _ordered(edits: list[Edit]) -> tuple[Edit, ...]:
    """Put removals first, so that what is drawn anew is not in the way; cells and fibres before what sits on them."""
    actions, kinds = ("remove", "change", "add"), ("cell", "fibre", "migrasome")
    return tuple(sorted(edits, key=lambda edit: (actions.index(edit.action), kinds.index(edit.kind))))


def _alike(one: Shape, other: Shape, pixel_um: float) -> bool:
    return (one.kind, one.frame) == (other.kind, other.frame) and not _differ(one, other, pixel_um)


def _differ(one: Shape, other: Shape, pixel_um: float) -> bool:
    allowed = _SAME_PX * pixel_um
    if one.path_um is not None and other.path_um is not None:
        if one.path_um.shape != other.path_um.shape:
            return True
        return float(np.abs(one.path_um - other.path_um).max()) > allowed
    shift = math.hypot(one.x_um - other.x_um, one.y_um - other.y_um)
    grown = abs(one.diameter_um - other.diameter_um)
    return shift > allowed or math.isnan(grown) or grown > allowed


def edits_from_trackmate(
    original: str | Path, corrected: str | Path, *, who: str, when: str = "", why: str = ""
) -> Difference:
    """Return the corrections between a session or table that migralab wrote and what TrackMate saved from it.

    A spot is known by its ``ID``. A spot that was added to a track of migrasome 12 is migrasome 12 in that frame.
    Links that were cut or drawn between known spots are counted in the notes and change nothing.

    Parameters
    ----------
    original, corrected
        Two sessions (``.xml``) or two tables of spots (``.csv``), as exported and as saved.
    who, when, why
        Written into every correction.

    Raises
    ------
    DataError
        If a file cannot be read, or the original is not one of ours.
    """
    before, after = (_read(file).set_index("spot_id", drop=False) for file in (Path(original), Path(corrected)))
    ids = {spot: _our_id(str(name), Path(original)) for spot, name in zip(before.index, before["name"], strict=True)}
    signed = {"who": who, "when": when, "why": why}
    source = Path(corrected).name
    names = _track_names(after, ids)
    edits: list[Edit] = []
    was, now = (dict(zip(table.index, table["frame"].tolist(), strict=True)) for table in (before, after))
    for spot, number in ids.items():
        old = before.loc[spot]
        if now.get(spot) != was[spot]:
            edits.append(_removal("migrasome", int(old["frame"]), number, source, signed))
        elif _moved(old, after.loc[spot]):
            edits.append(_spot_edit("change", after.loc[spot], number, source, signed))
    for spot in after.index:
        if was.get(spot) != now[spot]:
            row = after.loc[spot]
            edits.append(_spot_edit("add", row, names.get(int(row["track_id"]), -1), source, signed))
    for edit in (found := _ordered(edits)):
        check_edit(edit)
    relinked = _count_relinked(before, after)
    notes = (f"{relinked} spots were linked to another track; links are made by migralab and were not taken over.",)
    return Difference(edits=found, notes=notes if relinked else ())


def _read(file: Path) -> pd.DataFrame:
    return read_trackmate_csv(file) if file.suffix.lower() == ".csv" else read_trackmate(file)


def _our_id(name: str, file: Path) -> int:
    found = _OURS.match(name)
    if not found:
        raise DataError(f"{file.name}: spot '{name}' was not written by migralab; give the file as exported.")
    return int(found[1])


def _track_names(after: pd.DataFrame, ids: dict[Any, int]) -> dict[int, int]:
    """Which migrasome each track of the corrected file is: that of most of its known spots."""
    names: dict[int, int] = {}
    tracks: Any = after[after["track_id"] >= 0].groupby("track_id")
    for track, part in tracks:
        known = Counter(ids[spot] for spot in part.index if spot in ids)
        if known:
            names[int(track)] = known.most_common(1)[0][0]
    return names


def _moved(old: pd.Series, new: pd.Series) -> bool:
    return any(abs(float(old[name]) - float(new[name])) > _SAME_UM for name in ("x_um", "y_um", "diameter_um"))


def _spot_edit(action: str, row: pd.Series, number: int, source: str, signed: Any) -> Edit:
    return Edit(
        action=action,
        kind="migrasome",
        frame=int(row["frame"]),
        id=number,
        x_um=float(row["x_um"]),
        y_um=float(row["y_um"]),
        diameter_um=float(row["diameter_um"]),
        place=f"{source}, spot {int(row['spot_id'])} ('{row['name']}')",
        **signed,
    )


def _count_relinked(before: pd.DataFrame, after: pd.DataFrame) -> int:
    """Spots whose companions on the track are other ones than before, of the spots in both files."""
    both = before.index.intersection(after.index)
    old, new = _companions(before, both), _companions(after, both)
    return sum(old[spot] != new[spot] for spot in both)


def _companions(table: pd.DataFrame, both: pd.Index) -> dict[Any, frozenset[Any]]:
    rows = table.loc[both]
    tracks = {track: frozenset(part.index) for track, part in rows[rows["track_id"] >= 0].groupby("track_id")}
    alone: frozenset[Any] = frozenset()
    found = {spot: tracks.get(track, alone) for spot, track in zip(rows.index, rows["track_id"], strict=True)}
    return {spot: friends - {spot} for spot, friends in found.items()}
