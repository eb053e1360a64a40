"""Measure a long series frame by frame, in a few processes, within the memory of a few planes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from migralab.core.errors import DataError
from migralab.imaging.analyse import trace_frame
from migralab.imaging.reading import MicrographLike
from migralab.imaging.reading.checks import describe_blank
from migralab.imaging.settings import AnalysisSettings
from migralab.results.observations import Observations, conform, empty_table

Rows = dict[str, list[dict[str, Any]]]
Measured = tuple[Rows, list[str]]

_TABLES = ("cells", "nodes", "fibres", "migrasomes")
_FEW = 4  # frames; below them a second process costs more than it gives


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a series has been measured.

    Parameters
    ----------
    done, frames
        Frames that are measured, and all.
    frames_per_min
        Rate since the start, the start of the processes included.
    remaining_s
        Time that the others will take at this rate, s.
    ends_at
        When that will be, seconds since 1970 as `time.time` gives them.
    """

    done: int
    frames: int
    frames_per_min: float
    remaining_s: float
    ends_at: float


def analyse_series(
    series: MicrographLike,
    settings: AnalysisSettings | None = None,
    *,
    workers: int = 2,
    progress: Callable[[Progress], None] | None = None,
) -> Observations:
    """Find and measure cells, retraction fibres and migrasomes in every frame of a series.

    The result does not depend on the number of workers: frames are measured one by one and put together in order.

    Parameters
    ----------
    series
        From `open_series`; each process opens it again and holds a few planes of it.
    settings
        Thresholds; the defaults where omitted.
    workers
        Processes.
    progress
        Called after each frame.

    Returns
    -------
    Observations
        As from `analyse_micrograph`.

    Raises
    ------
    DataError
        If the channel is not there, or a frame cannot be read.
    """
    chosen = settings or AnalysisSettings()
    if workers < 1:
        raise DataError(f"{workers} processes cannot measure a series. Give 1 or more.")
    series.check_channel(chosen.channel)
    rows: Rows = {table: [] for table in _TABLES}
    notes = list(series.notes)
    start = time.monotonic()
    for frame, (found, said) in enumerate(_measure_all(series, chosen, workers)):
        if frame < series.frames - 1:
            found["nodes"] = []
        for table, more in found.items():
            rows[table].extend(more)
        notes += [f"Frame {frame}: {note}" for note in said]
        if progress is not None:
            progress(_estimate(frame + 1, series.frames, time.monotonic() - start))
    return _gather(series, rows, notes)


def _estimate(done: int, frames: int, elapsed_s: float) -> Progress:
    rate = done / max(elapsed_s, 1e-9)
    remaining = (frames - done) / rate
    return Progress(
        done=done,
        frames=frames,
        frames_per_min=60 * rate,
        remaining_s=remaining,
        ends_at=time.time() + remaining,
    )


def _measure_all(series: MicrographLike, settings: AnalysisSettings, workers: int) -> Iterator[Measured]:
    if workers == 1 or series.frames < _FEW:
        for frame in range(series.frames):
            yield measure_frame(series, settings, frame)
        return
    # spawn: a fork after a parallel kernel kills the child (engine notes 4)
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    # the children read it before they load numpy: two workers with a linear-algebra pool each get in each other's way
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    pool = ProcessPoolExecutor(
        min(workers, series.frames),
        mp_context=get_context("spawn"),
        initializer=_hold,
        initargs=(series, settings),
    )
    try:
        yield from pool.map(_measure_held, range(series.frames))
    finally:
        pool.shutdown(cancel_futures=True)


_held: list[tuple[MicrographLike, AnalysisSettings]] = []


def _hold(series: MicrographLike, settings: AnalysisSettings) -> None:
    import numba

    numba.set_num_threads(1)
    _held.append((series, settings))


def _measure_held(frame: int) -> Measured:
    series, settings = _held[-1]
    return measure_frame(series, settings, frame)


def measure_frame(series: MicrographLike, settings: AnalysisSettings, frame: int) -> Measured:
    """Return the rows of one frame for each table, and notes. An empty frame gives a note and no rows."""
    from migralab.imaging.tables import tabulate

    if why := describe_blank(series.plane(frame, settings.channel), series.masked):
        return {table: [] for table in _TABLES}, [
            f"it is {why}. Nothing was looked for: counts of this frame are missing, not zero."
        ]
    trace = trace_frame(series, settings, frame)
    return tabulate(trace, series.pixel_size_um, frame, series.time_min(frame), settings), list(trace.notes)


def _gather(series: MicrographLike, rows: Rows, notes: list[str]) -> Observations:
    tables = {name: empty_table(name) for name in ("lives", "retractosomes", "pools", "levels")}
    for name, records in rows.items():
        columns: dict[str, object] = {c: [record[c] for record in records] for c in records[0]} if records else {}
        tables[name] = conform(name, columns) if records else empty_table(name)
    return Observations(
        tables=tables,
        origin="image",
        experiment=series.source,
        field_area_um2=float(np.count_nonzero(~series.masked)) * series.pixel_size_um**2,
        frames_min=tuple(series.time_min(frame) for frame in range(series.frames)),
        notes=tuple(notes),
    )
