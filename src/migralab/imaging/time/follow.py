"""Films: from objects found frame by frame to objects that keep their id, with their lives in the table ``lives``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from migralab.core.errors import RequestError
from migralab.imaging.time.events import Ground, Life, Watch, judge_life, miss_rate
from migralab.imaging.time.static import FollowSettings, Sights, link_cells, link_static
from migralab.results.observations import Observations, conform, empty_table

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_COVER = 1.0  # without outlines a body is a disc of its area (E)


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """A film whose objects keep their ids.

    Parameters
    ----------
    observations
        Tables with ids that persist and ``lives`` filled. Places are those of the first frame: drift is taken off.
    events
        One row per object and event: ``migrasome_id, event, earliest_min, latest_min, x_um, y_um``; the events are
        ``appeared``, ``detached``, ``ruptured``, ``lost``, and where a life was not watched to its end ``film``,
        ``covered`` or ``left``.
    drift_um
        (frames, 2) x, y of each frame against the first.
    miss_rate
        Share of looks that missed an object that was there.
    dropped
        Rows of ``migrasomes`` that were not believed, being seen too rarely.
    lives
        By id of the object; the table ``lives`` holds the same without the reasons.
    """

    observations: Observations
    events: pd.DataFrame
    drift_um: Floats
    miss_rate: float
    dropped: int
    lives: dict[int, Life] = field(default_factory=dict)


def follow(
    observations: Observations,
    settings: FollowSettings | None = None,
    *,
    drift_um: Floats | None = None,
    ground: Sequence[Ground] | None = None,
) -> Observations:
    """Return the observations of a film with ids that persist over its frames; see `follow_film`."""
    return follow_film(observations, settings, drift_um=drift_um, ground=ground).observations


def follow_film(
    observations: Observations,
    settings: FollowSettings | None = None,
    *,
    drift_um: Floats | None = None,
    ground: Sequence[Ground] | None = None,
) -> Followed:
    """Follow the objects of a film.

    Parameters
    ----------
    observations
        As `analyse_micrograph` gives them: ids name another object in each frame.
    settings
        Jumps, gaps and sizes; the defaults where omitted.
    drift_um
        (frames, 2) x, y by which each frame lies off the first, for example from `measure_drift` times the pixel.
        Where it is not given the vesicles vote for it.
    ground
        What covers each frame, from `note_ground`. Without it a cell covers a disc of its area, and whether
        a fibre outlived its vesicle is not known: nothing is then called ruptured.

    Raises
    ------
    RequestError
        If there is one frame only, or `drift_um` or `ground` are not those of the film.
    """
    chosen = settings or FollowSettings()
    times = np.asarray(observations.frames_min, np.float64)
    _check(times, drift_um, ground)
    migrasomes = observations["migrasomes"].reset_index(drop=True)
    sights = _sights(migrasomes)
    links = link_static(sights, times, chosen, drift_um)
    owners = _follow_cells(observations["cells"], links.drift_um, times, chosen)
    watches = _watch(migrasomes, links.track, links.drift_um, observations["cells"], ground)
    kept = [n for n, watch in enumerate(watches) if _believed(watch, chosen)]
    rate = miss_rate([watches[n] for n in kept])
    lives = {n: judge_life(watches[n], times, rate, chosen) for n in kept}
    tables = dict(observations.tables)
    rows = _rename_migrasomes(migrasomes, links.track, lives, owners, links.drift_um)
    tables["migrasomes"] = rows
    tables["lives"] = _table_lives(rows, lives)
    tables["cells"] = _rename_cells(observations["cells"], owners, links.drift_um)
    for name in ("fibres", "nodes"):
        tables[name] = _rename_owner(tables[name], owners, len(times) - 1)
    tables["nodes"] = _move(tables["nodes"], np.tile(links.drift_um[-1], (len(tables["nodes"]), 1)))
    dropped = len(migrasomes) - len(rows)
    notes = _notes(links.drift_um, rate, dropped, lives, voted=links.voted)
    return Followed(
        observations=replace(observations, tables=tables, notes=(*observations.notes, *notes)),
        events=_table_events(rows, lives),
        drift_um=links.drift_um,
        miss_rate=rate,
        dropped=dropped,
        lives=lives,
    )


def _check(times: Floats, drift_um: Floats | None, ground: Sequence[Ground] | None) -> None:
    if len(times) < 2:
        raise RequestError("Only a film can be followed; this has one frame. Measure it without following.")
    if (np.diff(times) <= 0).any():
        raise RequestError(
            "The frames of the film have no increasing times, so no life can be timed. "
            "Give the time between frames, for example --frame-interval 8min."
        )
    for name, given in (("drift_um", drift_um), ("ground", ground)):
        if given is not None and len(given) != len(times):
            raise RequestError(f"{name} has {len(given)} entries; the film has {len(times)} frames: give one for each.")


def _sights(rows: pd.DataFrame) -> Sights:
    return Sights(
        frame=rows["frame"].to_numpy(np.int64),
        place=rows[["x_um", "y_um"]].to_numpy(np.float64),
        diameter=rows["diameter_um"].to_numpy(np.float64),
        diameter_sd=rows["diameter_sd_um"].to_numpy(np.float64),
        fibre=rows["fibre_id"].to_numpy(np.int64),
        along=rows["along_um"].to_numpy(np.float64),
    )


def _follow_cells(
    cells: pd.DataFrame, drift: Floats, times: Floats, settings: FollowSettings
) -> dict[tuple[int, int], int]:
    """Id that persists, by frame and the id in that frame."""
    frame = cells["frame"].to_numpy(np.int64)
    place = cells[["x_um", "y_um"]].to_numpy(np.float64) - drift[frame]
    track = link_cells(place, cells["area_um2"].to_numpy(np.float64), frame, times, settings)
    ids = cells["cell_id"].to_numpy(np.int64)
    return {(int(f), int(old)): int(new) for f, old, new in zip(frame, ids, track, strict=True)}


def _watch(
    rows: pd.DataFrame, track: Ints, drift: Floats, cells: pd.DataFrame, ground: Sequence[Ground] | None
) -> list[Watch]:
    """Each object over the film: when it was found and when it could have been."""
    frames = len(drift)
    frame, place = rows["frame"].to_numpy(np.int64), rows[["x_um", "y_um"]].to_numpy(np.float64)
    attached = rows["attached"].to_numpy(bool)
    discs = [_discs(cells, number) for number in range(frames)]
    watches = []
    order = np.argsort(track, kind="stable")
    for own in np.split(order, np.flatnonzero(np.diff(track[order])) + 1):
        if not len(own):
            continue
        seen, way = np.zeros(frames, bool), np.zeros(frames, bool)
        seen[frame[own]], way[frame[own]] = True, attached[own]
        # between two sights it was on the way from one to the other; before and after, at the nearest
        inner = place[own] - drift[frame[own]]
        sorted_own = np.argsort(frame[own])
        x, y = (
            np.interp(np.arange(frames), frame[own][sorted_own], inner[sorted_own, axis]) + drift[:, axis]
            for axis in (0, 1)
        )
        inside, hidden, fibre = np.ones(frames, bool), np.zeros(frames, bool), np.zeros(frames, bool)
        for number in range(frames):
            if ground is None:
                hidden[number] = _under(discs[number], x[number], y[number])
            else:
                inside[number], hidden[number], fibre[number] = ground[number].look(x[number], y[number])
        watches.append(
            Watch(
                seen=seen,
                inside=inside,
                visible=inside & ~hidden,
                on_fibre=None if ground is None else fibre,
                attached=way,
            )
        )
    return watches


def _discs(cells: pd.DataFrame, frame: int) -> Floats:
    """x, y and radius of the bodies of a frame."""
    rows = cells[cells["frame"] == frame]
    area = np.nan_to_num(rows["area_um2"].to_numpy(np.float64))
    return np.column_stack([rows[["x_um", "y_um"]].to_numpy(np.float64), _COVER * np.sqrt(area / np.pi)])


def _under(discs: Floats, x: float, y: float) -> bool:
    return bool((np.hypot(discs[:, 0] - x, discs[:, 1] - y) < discs[:, 2]).any())


def _believed(watch: Watch, settings: FollowSettings) -> bool:
    """Seen often enough; what was first seen in the last frames had no time to be."""
    count = int(watch.seen.sum())
    first = int(np.flatnonzero(watch.seen)[0])
    return count >= min(settings.least_sights, len(watch.seen) - first)


def _rename_migrasomes(
    rows: pd.DataFrame, track: Ints, lives: dict[int, Life], owners: dict[tuple[int, int], int], drift: Floats
) -> pd.DataFrame:
    """Rows of the believed objects, with their new ids, owners, ages, and places of the first frame."""
    keep = np.isin(track, np.array(sorted(lives), np.int64))
    kept = rows[keep].copy()
    kept["migrasome_id"] = track[keep]
    kept = _rename_owner(kept, owners)
    begun = np.array([lives[int(n)].appeared for n in track[keep]], np.float64)
    kept["age_min"] = kept["time_min"].to_numpy(np.float64) - begun
    moved = _move(kept, drift[kept["frame"].to_numpy(np.int64)])
    return moved.sort_values(["frame", "migrasome_id"], kind="stable").reset_index(drop=True)


def _rename_cells(cells: pd.DataFrame, owners: dict[tuple[int, int], int], drift: Floats) -> pd.DataFrame:
    """Cells with ids that persist; their heading is the direction in which they came."""
    moved = _rename_owner(_move(cells, drift[cells["frame"].to_numpy(np.int64)]), owners)
    moved = moved.sort_values(["cell_id", "frame"], kind="stable")
    ids, place = moved["cell_id"].to_numpy(np.int64), moved[["x_um", "y_um"]].to_numpy(np.float64)
    step = np.diff(place, axis=0)
    length = np.hypot(step[:, 0], step[:, 1])
    came = np.flatnonzero((ids[1:] == ids[:-1]) & (length > 0))
    heading = np.full_like(place, np.nan)
    heading[came + 1] = step[came] / length[came, None]
    moved["heading_x"], moved["heading_y"] = heading[:, 0], heading[:, 1]
    return moved.sort_values(["frame", "cell_id"], kind="stable").reset_index(drop=True)


def _rename_owner(rows: pd.DataFrame, owners: dict[tuple[int, int], int], frame: int | None = None) -> pd.DataFrame:
    """Rows whose ``cell_id`` is the one that persists; -1 stays -1."""
    changed = rows.copy()
    old = rows["cell_id"].to_numpy(np.int64)
    frames = np.full(len(rows), frame) if frame is not None and "frame" not in rows else rows["frame"].to_numpy()
    changed["cell_id"] = np.array(
        [owners.get((int(f), int(o)), -1) for f, o in zip(frames, old, strict=True)], np.int64
    )
    return changed


def _move(rows: pd.DataFrame, drift: Floats) -> pd.DataFrame:
    """Rows in the place of the first frame."""
    changed = rows.copy()
    for axis, names in enumerate((("x_um", "rear_x_um"), ("y_um", "rear_y_um"))):
        for name in names:
            if name in changed:
                changed[name] = rows[name].to_numpy(np.float64) - drift[:, axis]
    return changed


def _usual(values: Sequence[object], unknown: object) -> object:
    """Most frequent value; `unknown` only where there is no other."""
    counts = Counter(value for value in values if value != unknown)
    return counts.most_common(1)[0][0] if counts else unknown


def _table_lives(rows: pd.DataFrame, lives: dict[int, Life]) -> pd.DataFrame:
    if not lives:
        return empty_table("lives")
    ids = sorted(lives)
    by_id = {n: rows[rows["migrasome_id"] == n] for n in ids}
    return conform(
        "lives",
        {
            "migrasome_id": ids,
            "cell_id": [_usual(by_id[n]["cell_id"].tolist(), -1) for n in ids],
            "attachment": [_usual(by_id[n]["attachment"].tolist(), "unknown") for n in ids],
            "entered_min": [lives[n].entered for n in ids],
            "appeared_min": [lives[n].appeared for n in ids],
            "stabilised_min": [np.nan] * len(ids),
            "detached_min": [lives[n].detached for n in ids],
            "gone_min": [lives[n].gone for n in ids],
            "last_min": [lives[n].last for n in ids],
            "fate": [lives[n].fate for n in ids],
        },
    )


def _table_events(rows: pd.DataFrame, lives: dict[int, Life]) -> pd.DataFrame:
    import pandas as pd

    records = []
    for name in sorted(lives):
        group, life = rows[rows["migrasome_id"] == name], lives[name]
        happened = [
            ("appeared", life.appeared_between),
            ("detached", life.detached_between),
            (life.fate if life.end == "gone" else life.end, life.gone_between),
        ]
        final = group.sort_values("frame").iloc[-1]
        for event, (earliest, latest) in happened:
            over = event in {"film", "covered", "left"}
            if np.isfinite(earliest) or over:
                when = (life.last, np.inf) if over else (earliest, latest)
                records.append((int(final["migrasome_id"]), event, *when, float(final["x_um"]), float(final["y_um"])))
    columns = ["migrasome_id", "event", "earliest_min", "latest_min", "x_um", "y_um"]
    return pd.DataFrame.from_records(records, columns=columns)


def _notes(drift: Floats, rate: float, dropped: int, lives: dict[int, Life], *, voted: bool) -> tuple[str, ...]:
    farthest = float(np.hypot(drift[:, 0], drift[:, 1]).max())
    how = "voted by the vesicles" if voted else "as given"
    looks = [life.looks for life in lives.values()]
    born = sum(bool(np.isfinite(life.appeared)) for life in lives.values())
    absent = f"{min(looks)} to {max(looks)} empty looks" if looks else "nothing to judge"
    return (
        f"Followed: {len(lives)} objects; drift up to {farthest:.2f} um ({how}) was taken off; "
        f"an object that is there is missed in {rate:.0%} of the frames, so an absence takes {absent}.",
        f"{dropped} sights of objects that were seen too rarely were left out.",
        f"Lifetimes rest on the {born} objects whose birth was seen; the age of the other {len(lives) - born} is "
        "unknown. An object that hovers at the limit of size looks like one that comes and goes.",
        "Births and losses are timed to the middle between two frames; stabilisation is not seen in images.",
    )
