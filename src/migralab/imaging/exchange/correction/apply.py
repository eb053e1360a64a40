"""Apply corrections by hand to what the program found, and recompute what hangs on them."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from migralab.core.errors import DataError
from migralab.imaging.exchange.correction.desk import TABLE, Desk
from migralab.imaging.exchange.correction.networks import edit_cell, edit_fibre
from migralab.imaging.exchange.edits import Edit, check_edit
from migralab.imaging.exchange.outlines import Outlines
from migralab.results.observations import Observations, conform
from migralab.results.schema import TABLES

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Corrected:
    """What a correction leaves: the tables, and the courses and outlines that fit them."""

    observations: Observations
    outlines: Outlines


def apply_edits(
    observations: Observations,
    edits: Iterable[Edit],
    *,
    outlines: Outlines | None = None,
    extent_um: tuple[float, float] | None = None,
    owner_reach_um: float = 60.0,
) -> Corrected:
    """Apply corrections in their order and recompute places on the network, owners, sizes and lives.

    Parameters
    ----------
    observations
        From the analysis; it is left as it is.
    edits
        From `read_edits`, `edits_from_rois` or `edits_from_trackmate`.
    outlines
        From `find_outlines`. With them a vesicle is placed by the courses of the fibres; without, by the nodes of the
        last frame, and elsewhere its attachment is ``unknown``.
    extent_um
        Width and height of the image; edits outside are refused.
    owner_reach_um
        As in `AnalysisSettings`.

    Returns
    -------
    Corrected
        Tables ``migrasomes``, ``fibres`` and ``cells`` have two more columns: ``edited`` (added or changed by hand)
        and ``source`` (``program`` or ``hand``). What a hand measured has no standard error (NaN).

    Raises
    ------
    DataError
        If an edit names no object, is outside the film or the field, or adds what is there already; the message
        begins with its file and line. Nothing is applied then.
    """
    listed = tuple(edits)
    desk = Desk.of(observations, outlines, owner_reach_um, extent_um)
    for edit in listed:
        check_edit(edit)
        desk.check_frame(edit)
        _EDIT[edit.kind](desk, edit)
        desk.done[edit.action, edit.kind] += 1
    _settle(desk)
    tables = dict(observations.tables)
    for kind, name in TABLE.items():
        tables[name] = _table(name, list(desk.rows[kind].values()), observations[name])
    tables["nodes"] = _nodes(desk)
    tables["lives"] = _lives(desk)
    known = Outlines(fibres=desk.paths, cells=desk.edges, frames=frozenset(desk.whole))
    notes = (*observations.notes, *_notes(desk, listed))
    return Corrected(observations=dataclasses.replace(observations, tables=tables, notes=notes), outlines=known)


def _edit_migrasome(desk: Desk, edit: Edit) -> None:
    rows = desk.rows["migrasome"]
    if edit.action == "add":
        key = (edit.frame, _added_id(desk, edit))
        _refuse_twice(desk, edit)
        rows[key] = desk.blank("migrasome", key)
    else:
        key = desk.find(edit)
    desk.touched.add(key[1])
    if edit.action == "remove":
        del rows[key]
        desk.moved.discard(key)
        return
    row = rows[key]
    row["edited"] = True
    if edit.placed:
        row |= {"x_um": edit.x_um, "y_um": edit.y_um}
    if np.isfinite(edit.diameter_um):
        wide = edit.diameter_um
        row |= {"diameter_um": wide, "diameter_sd_um": np.nan}
        row |= {"area_um2": np.pi * wide**2, "volume_um3": np.pi / 6 * wide**3}
    desk.moved.add(key)


def _added_id(desk: Desk, edit: Edit) -> int:
    """Id of an addition: a new one, or that of the same object in other frames."""
    if edit.id < 0:
        return desk.new_id("migrasome")
    frames = [frame for frame, number in desk.rows["migrasome"] if number == edit.id]
    if not frames:
        raise DataError(f"{edit.place}: migrasome {edit.id} is in no frame. Leave id empty for a new one.")
    if edit.frame in frames:
        raise DataError(f"{edit.place}: migrasome {edit.id} is in frame {edit.frame} already; change it instead.")
    return edit.id


def _refuse_twice(desk: Desk, edit: Edit) -> None:
    for (frame, number), row in desk.rows["migrasome"].items():
        apart = np.hypot(row["x_um"] - edit.x_um, row["y_um"] - edit.y_um)
        if frame == edit.frame and apart < min(edit.diameter_um, np.nan_to_num(row["diameter_um"], nan=np.inf)) / 2:
            raise DataError(
                f"{edit.place}: migrasome {number} is there already ({apart:.2f} um away). Change it instead, "
                "or remove it first."
            )


_EDIT: dict[str, Callable[[Desk, Edit], None]] = {"migrasome": _edit_migrasome, "fibre": edit_fibre, "cell": edit_cell}


def _settle(desk: Desk) -> None:
    """Place what was moved, or lost its fibre, anew."""
    around = {frame: desk.surroundings(frame) for frame in {frame for frame, _ in desk.moved}}
    for key in sorted(desk.moved):
        row = desk.rows["migrasome"].get(key)
        if row is not None:
            row |= around[key[0]].place(row["x_um"], row["y_um"], float(np.nan_to_num(row["diameter_um"])))


def _table(name: str, records: list[dict[str, Any]], before: pd.DataFrame) -> pd.DataFrame:
    """Rows as a table with the columns it had, and the two that tell the hand from the program."""
    import pandas as pd

    columns = [*before.columns, *(c for c in ("edited", "source") if c not in before.columns)]
    types = {column.name: column.dtype for column in TABLES[name]} | {"edited": "bool", "source": "str"}
    table = pd.DataFrame(records, columns=columns).sort_values("frame", kind="stable").reset_index(drop=True)
    return table.astype({column: types[column] for column in columns if column in types})


def _nodes(desk: Desk) -> pd.DataFrame:
    before = desk.observations["nodes"]
    if not desk.nodes:
        return before.iloc[:0]
    return conform("nodes", {column: [node[column] for node in desk.nodes] for column in before.columns})


def _lives(desk: Desk) -> pd.DataFrame:
    """Lives of the film: those of objects whose first or last sight changed are timed anew, others stay."""
    import pandas as pd

    before = desk.observations["lives"]
    if not len(before) or not desk.touched:
        return before
    spans = _spans(list(desk.rows["migrasome"]))
    old = _spans([(int(f), int(n)) for f, n in desk.observations["migrasomes"][["frame", "migrasome_id"]].to_numpy()])
    changed = {n for n in desk.touched if spans.get(n) != old.get(n)}
    kept = before[~before["migrasome_id"].isin(changed)]
    new = [_life(desk, number, *spans[number]) for number in sorted(changed & spans.keys())]
    if not new:
        return kept.reset_index(drop=True)
    added = conform("lives", {column: [life[column] for life in new] for column in new[0]})
    return pd.concat([kept, added], ignore_index=True) if len(kept) else added


def _spans(keys: list[tuple[int, int]]) -> dict[int, tuple[int, int]]:
    """First and last frame of each object."""
    spans: dict[int, tuple[int, int]] = {}
    for frame, number in keys:
        low, high = spans.get(number, (frame, frame))
        spans[number] = (min(low, frame), max(high, frame))
    return spans


def _life(desk: Desk, number: int, first: int, last: int) -> dict[str, Any]:
    """Time a life from the sights alone: births and losses in the middle between two frames."""
    times = desk.observations.frames_min
    rows = desk.rows["migrasome"]
    stays = last == len(times) - 1
    detached = [f for f in range(first, last + 1) if (f, number) in rows and not rows[f, number]["attached"]]
    return {
        "migrasome_id": number,
        "cell_id": rows[last, number]["cell_id"],
        "attachment": rows[last, number]["attachment"],
        "entered_min": times[first],
        "appeared_min": times[0] if first == 0 else (times[first - 1] + times[first]) / 2,
        "detached_min": times[detached[0]] if detached else np.nan,
        "gone_min": np.nan if stays else (times[last] + times[last + 1]) / 2,
        "last_min": times[-1] if stays else times[last + 1],
        "fate": "present" if stays else "lost",
    }


def _notes(desk: Desk, edits: tuple[Edit, ...]) -> tuple[str, ...]:
    if not edits:
        return ()
    words = {"add": "added", "remove": "removed", "change": "changed"}
    parts = [f"{n} {kind}{'s' if n > 1 else ''} {words[action]}" for (action, kind), n in sorted(desk.done.items())]
    people = ", ".join(f"{who} ({n})" for who, n in sorted(Counter(edit.who for edit in edits).items()))
    return (f"Corrected by hand: {', '.join(parts)}; by {people}.", *dict.fromkeys(desk.notes))
