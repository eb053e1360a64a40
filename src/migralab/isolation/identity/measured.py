"""Tables that `migralab measure` writes: markers of every channel as ratios, with size and attachment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from migralab.core.errors import DataError
from migralab.isolation.identity.columns import ATTACHED
from migralab.isolation.identity.panel import Panel
from migralab.isolation.table import read_rows

if TYPE_CHECKING:
    import pandas as pd

_MARKERS = {"id", "frame", "channel", "to_fibre", "to_body"}
_MIGRASOMES = {"id", "frame", "attachment", "diameter_um"}


def is_measurement(path: str | Path) -> bool:
    """Return whether a path is the folder of a measurement or one of its two tables."""
    path = Path(path)
    return (path.is_dir() and (path / "migrasomes.csv").is_file()) or (
        path.name in ("markers.csv", "migrasomes.csv") and (path.parent / "settings.json").is_file()
    )


def read_measurement(path: str | Path, channels: Mapping[str, str], panel: Panel) -> tuple[pd.DataFrame, list[str]]:
    """Read the folder of a measurement as one row per vesicle of the last frame.

    Parameters
    ----------
    path
        The folder, or ``markers.csv`` or ``migrasomes.csv`` in it.
    channels
        Which channel, by name or number from 0, shows which marker; channels that are called as a marker need none.
    panel
        Where markers are looked up.

    Returns
    -------
    rows
        ``id``, ``diameter_um``, ``attachment`` and, for each marker, ``_to_cell`` and ``_to_fibre``.
    notes
        What was not used, and what was changed.

    Raises
    ------
    DataError
        If a table is missing, or a channel or marker is not known.
    """
    folder = Path(path) if Path(path).is_dir() else Path(path).parent
    vesicles = read_rows(folder / "migrasomes.csv")
    _refuse_others(vesicles, _MIGRASOMES, folder / "migrasomes.csv")
    vesicles = vesicles[vesicles["frame"] == vesicles["frame"].max()]
    rows = vesicles[["id", "diameter_um", "attachment"]].reset_index(drop=True)
    if not (folder / "markers.csv").is_file():
        if channels:
            raise DataError(
                f"{folder}: there is no markers.csv, so no channel has ratios. Measure two channels or more."
            )
        return _drop_unknown(rows, folder, ["no markers.csv: only size and attachment are known"])
    notes: list[str] = []
    light = read_rows(folder / "markers.csv")
    _refuse_others(light, _MARKERS, folder / "markers.csv")
    known = list(dict.fromkeys(light["channel"].astype(str)))
    shown = _assign(known, channels, panel, str(folder / "markers.csv"))
    dark = 0
    for channel, marker in shown.items():
        own = light[light["channel"].astype(str) == channel].drop_duplicates("id").set_index("id")
        for column, ending in (("to_body", "to_cell"), ("to_fibre", "to_fibre")):
            values = own[column].reindex(rows["id"]).to_numpy(np.float64)
            dark += int((values < 0).sum())
            rows[f"{marker}_{ending}"] = np.where(values < 0, 0.0, values)
    unused = [channel for channel in known if channel not in shown]
    if unused:
        notes.append(f"channels that show no marker of the panel: {', '.join(unused)} (say which with --channel)")
    if dark:
        notes.append(f"{dark} ratios below 0 (light under the ground around) were taken as 0")
    return _drop_unknown(rows, folder, notes)


def _drop_unknown(rows: pd.DataFrame, folder: Path, notes: list[str]) -> tuple[pd.DataFrame, list[str]]:
    """Leave out vesicles of which the picture says neither size, nor place, nor light."""
    placed = rows["attachment"].map(ATTACHED).notna()
    known = rows.drop(columns=["id", "attachment"]).notna().any(axis=1) | placed
    if not known.any():
        raise DataError(f"{folder}: no vesicle of the last frame has a size, a place or a ratio. Measure it anew.")
    lost = int((~known).sum())
    more = [f"{lost} vesicles without size, place and ratios were left out"] if lost else []
    return rows[known].reset_index(drop=True), [*notes, *more]


def _assign(known: list[str], channels: Mapping[str, str], panel: Panel, source: str) -> dict[str, str]:
    """Return the marker of each channel: as the user says, else as the channel is called."""
    found = {channel: marker for channel in known if (marker := panel.find(channel)) is not None}
    for name, wanted in channels.items():
        marker = panel.find(name)
        if marker is None:
            raise DataError(
                f"--channel {name}={wanted}: {panel.name} has no marker '{name}'. Known: {', '.join(panel.markers)}."
            )
        channel = known[int(wanted)] if wanted.isdigit() and int(wanted) < len(known) else wanted
        if channel not in known:
            listed = ", ".join(f"{number} ({own})" for number, own in enumerate(known))
            raise DataError(f"--channel {name}={wanted}: {source} has no channel '{wanted}'. It has {listed}.")
        found[channel] = marker
    twice = [marker for marker in found.values() if list(found.values()).count(marker) > 1]
    if twice:
        raise DataError(
            f"{source}: two channels show {twice[0]}. Say which one counts with --channel {twice[0]}=NUMBER."
        )
    return found


def _refuse_others(rows: pd.DataFrame, needed: set[str], path: Path) -> None:
    missing = sorted(needed - set(map(str, rows.columns)))
    if missing:
        raise DataError(f"{path}: no column {', '.join(missing)}. Give the folder that migralab measure wrote.")
