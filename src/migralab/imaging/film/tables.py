"""What a film tells over time, in tables with units in their names: tracks, events, growth and drift."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from migralab.imaging.time.follow import Followed

if TYPE_CHECKING:
    import pandas as pd

    from migralab.imaging.time.events import Life

Floats = NDArray[np.float64]

FILM_TABLES = ("tracks", "events", "growth", "drift")
_HAPPENED = ("appeared", "detached", "ruptured", "lost")


def write_film_tables(
    followed: Followed, drift_sd_um: Floats, directory: str | Path, *, resolution_um: float = 0.3
) -> dict[str, Path]:
    """Write ``tracks.csv``, ``events.csv``, ``growth.csv`` and ``drift.csv``.

    Parameters
    ----------
    followed
        From `follow_film`.
    drift_sd_um
        (frames,) standard error of the drift, um; infinite where it is not known.
    directory
        Where to; it must be there.
    resolution_um
        Diameters below this are upper limits for growth.

    Returns
    -------
    dict
        Path of each table by its name.
    """
    from migralab.imaging.time.growth_table import tabulate_growth

    growth = tabulate_growth(followed.observations, resolution_um=resolution_um)
    tables = {
        "tracks": tabulate_tracks(followed),
        "events": tabulate_events(followed),
        "growth": growth.rename(columns={"migrasome_id": "id"}),
        "drift": tabulate_drift(followed, drift_sd_um),
    }
    paths = {name: Path(directory) / f"{name}.csv" for name in tables}
    for name, table in tables.items():
        table.to_csv(paths[name], index=False, float_format="%.5g")
    return paths


def tabulate_tracks(followed: Followed) -> pd.DataFrame:
    """Return one row for each object that was followed: when it came, broke off and went, or why nobody can tell.

    Times are those of the film; an event lies in the middle of the two looks that enclose it, which are given too.
    Unknown times are empty, and ``birth_unknown`` and ``end_unknown`` say why. Places are those of the last sight, on
    its own frame.
    """
    import pandas as pd

    seen = followed.observations
    times = np.asarray(seen.frames_min, np.float64)
    known = {int(row["migrasome_id"]): row for _, row in seen["lives"].iterrows()}
    sights = seen["migrasomes"].sort_values("frame")
    records = []
    for name in sorted(set(sights["migrasome_id"].tolist()) & set(followed.lives)):
        rows = sights[sights["migrasome_id"] == name]
        life, final = followed.lives[name], rows.iloc[-1]
        drift = followed.drift_um[int(final["frame"])]
        records.append(
            {
                "id": name, "cell_id": int(known[name]["cell_id"]),
                "attachment": str(known[name]["attachment"]), "frames_seen": len(rows),
                "first_seen_min": float(rows["time_min"].iloc[0]), "last_seen_min": float(final["time_min"]),
                "x_um": float(final["x_um"]) + drift[0], "y_um": float(final["y_um"]) + drift[1],
                "diameter_first_um": float(rows["diameter_um"].iloc[0]),
                "diameter_last_um": float(final["diameter_um"]),
                "appeared_min": life.appeared, "appeared_earliest_min": life.appeared_between[0],
                "appeared_latest_min": life.appeared_between[1],
                "detached_min": life.detached, "detached_earliest_min": life.detached_between[0],
                "detached_latest_min": life.detached_between[1],
                "gone_min": life.gone, "gone_earliest_min": life.gone_between[0],
                "gone_latest_min": life.gone_between[1],
                "fate": life.fate, "lifetime_min": life.gone - life.appeared, "watched_until_min": life.last,
                "looks_needed": life.looks, "birth_unknown": _why_no_birth(life, rows, times),
                "end_unknown": _why_no_end(life, rows, times),
            }
        )  # fmt: skip
    return pd.DataFrame.from_records(records, columns=None if records else list(_TRACK_COLUMNS))


_TRACK_COLUMNS = (
    "id", "cell_id", "attachment", "frames_seen", "first_seen_min", "last_seen_min", "x_um", "y_um",
    "diameter_first_um", "diameter_last_um", "appeared_min", "appeared_earliest_min", "appeared_latest_min",
    "detached_min", "detached_earliest_min", "detached_latest_min", "gone_min", "gone_earliest_min",
    "gone_latest_min", "fate", "lifetime_min", "watched_until_min", "looks_needed", "birth_unknown", "end_unknown",
)  # fmt: skip


def _why_no_birth(life: Life, rows: pd.DataFrame, times: Floats) -> str:
    if np.isfinite(life.appeared):
        return ""
    first = float(rows["time_min"].iloc[0])
    if first <= times[0]:
        return "there in the first frame"
    before = int((times < first).sum())
    return f"first seen in frame {before}; {life.looks} empty looks before it are needed to tell a birth from a miss"


def _why_no_end(life: Life, rows: pd.DataFrame, times: Floats) -> str:
    if life.end == "covered":
        return "under a cell at the end"
    if life.end == "left":
        return "out of the field at the end"
    if life.end != "film":
        return ""
    after = int((times > float(rows["time_min"].iloc[-1])).sum())
    if not after:
        return "there in the last frame"
    return f"not seen in the last {after} frames; {life.looks} empty looks are needed to tell a loss from a miss"


def tabulate_events(followed: Followed) -> pd.DataFrame:
    """Return one row for each birth, detachment, rupture and loss, in the order of time.

    ``frame`` is the first one after the event; place on that frame.
    """
    rows = followed.events
    rows = rows[rows["event"].isin(_HAPPENED)].copy()
    times = np.asarray(followed.observations.frames_min, np.float64)
    rows["frame"] = np.searchsorted(times, rows["latest_min"].to_numpy(np.float64) - 1e-9)
    rows["time_min"] = 0.5 * (rows["earliest_min"] + rows["latest_min"])
    drift = followed.drift_um[rows["frame"].to_numpy(np.int64)]
    rows["x_um"], rows["y_um"] = rows["x_um"] + drift[:, 0], rows["y_um"] + drift[:, 1]
    rows = rows.rename(columns={"migrasome_id": "id"}).sort_values(["time_min", "id"], kind="stable")
    return rows[["id", "event", "frame", "time_min", "earliest_min", "latest_min", "x_um", "y_um"]]


def tabulate_drift(followed: Followed, sd_um: Floats) -> pd.DataFrame:
    """Return the drift of each frame against the first; ``known`` is false where that of the frame before was kept."""
    import pandas as pd

    known = np.isfinite(sd_um)
    return pd.DataFrame(
        {
            "frame": np.arange(len(sd_um)),
            "time_min": np.asarray(followed.observations.frames_min, np.float64),
            "x_um": followed.drift_um[:, 0],
            "y_um": followed.drift_um[:, 1],
            "sd_um": np.where(known, sd_um, np.nan),
            "known": known,
        }
    )
