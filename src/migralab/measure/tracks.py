"""Measured tracks -> Observations: cells only, so that real cells go through the same observables as simulated ones."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from migralab.core.errors import DataError
from migralab.results.observations import Observations, conform, empty_table
from migralab.results.schema import TABLES
from migralab.results.tracks import Tracks, read_tracks

IN_TRACKS = (
    "speed.step_median", "speed.mean", "speed.walk", "persistence.walk", "turning.cosine", "straightness.ratio",
    "arrest.coefficient", "order.polar@film", "order.nematic@film", "order.local@film",
    "order.correlation_length@film", "forward.index", "forward.index[axis_deg=90]",
)  # fmt: skip
"""What can be told of tracks alone."""
_SAME_TIME = 6  # decimals of a minute to which times are one frame


def measure_tracks(
    path: str | Path,
    *,
    pixel_size: float | None = None,
    frame_interval: float | None = None,
    columns: Sequence[str] | None = None,
    experiment: str | None = None,
    condition: str = "",
    population: str = "unknown",
) -> Observations:
    """Read tracks as the observations of one experiment.

    Parameters
    ----------
    path
        CSV, text table or TrackMate XML; see `migralab.results.tracks.read_tracks`.
    pixel_size
        Size of a pixel, um, where the file gives pixels.
    frame_interval
        Time between frames, min, where the file gives frames.
    columns
        Names of the columns of a table without a header.
    experiment
        Name of the replicate; the name of the file by default.
    condition
        Name of the arm, for statistics over several files.
    population
        Kind of cell, for readouts such as ``speed.mean[kg1a]``.

    Raises
    ------
    DataError
        If the file cannot be read, gives no units, or has a cell in two places at one time.
    """
    tracks = read_tracks(path, pixel_size_um=pixel_size, frame_interval_min=frame_interval, columns=columns)
    name = Path(path).name.split(".")[0] if experiment is None else experiment
    return observe_tracks(tracks, experiment=name, condition=condition, population=population)


def observe_tracks(
    tracks: Tracks, *, experiment: str, condition: str = "", population: str = "unknown"
) -> Observations:
    """Return tracks as observations: one row per cell and time at which it was seen.

    A frame is a time at which any cell was seen. The heading of a cell is the direction in which it came there,
    unknown at its first sight and where it had not moved. Everything but cells is empty, not zero.

    Parameters
    ----------
    tracks
        Positions in um and min.
    experiment, condition, population
        Replicate, arm and kind of cell.
    """
    frames, frame = np.unique(np.round(tracks.time_min, _SAME_TIME), return_inverse=True)
    same = tracks.track[1:] == tracks.track[:-1]
    if (twice := same & (frame[1:] == frame[:-1])).any():
        row = int(np.argmax(twice))
        raise DataError(
            f"{tracks.source}: track {tracks.track[row]} is in two places at {tracks.time_min[row]:g} min. A cell that "
            "divides or merges must be cut into tracks of its own."
        )
    place = np.column_stack([tracks.x_um, tracks.y_um])
    step = np.diff(place, axis=0)
    length = np.hypot(step[:, 0], step[:, 1])
    heading = np.full_like(place, np.nan)
    came = np.flatnonzero(same & (length > 0))
    heading[came + 1] = step[came] / length[came, None]
    cells = conform(
        "cells",
        {
            "frame": frame, "time_min": frames[frame], "cell_id": tracks.track,
            "population": np.full(len(frame), population, object), "x_um": tracks.x_um, "y_um": tracks.y_um,
            "heading_x": heading[:, 0], "heading_y": heading[:, 1],
        },
    )  # fmt: skip
    return Observations(
        tables={name: cells if name == "cells" else empty_table(name) for name in TABLES},
        origin="tracks",
        experiment=experiment,
        condition=condition,
        frames_min=tuple(float(time) for time in frames),
        notes=tracks.notes,
    )
