"""Measure a long series block by block, in a few processes, within the memory of a few planes."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from migralab.core.errors import DataError
from migralab.imaging.analyse import Trace
from migralab.imaging.film.blocks import TABLES, Block, Rows, measure_block, remember, split_frames
from migralab.imaging.reading import MicrographLike
from migralab.imaging.settings import AnalysisSettings
from migralab.imaging.signal.noise import Image
from migralab.imaging.tables import gather
from migralab.imaging.time.events import Ground
from migralab.imaging.time.register import zip_shifts
from migralab.results.observations import Observations

Floats = NDArray[np.float64]

_MANY = 4  # frames that say the same
_POLL_S = 0.25  # how often the children are asked how far they are


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Film:
    """A series measured frame by frame, with what following its objects needs.

    Parameters
    ----------
    observations
        As from `analyse_series`.
    drift_px, drift_sd_px
        (frames, 2) y, x of each frame against the first, pixels; (frames,) standard error, infinite where the frame
        showed nothing to go by and the drift of the frame before was kept.
    ground
        What covers each frame.
    averaged
        Frames in the mean on which the fibres of each block were traced; 1 or 0 where there was none.
    last
        What was found in the last frame, for its picture; None where it is blank.
    """

    observations: Observations
    drift_px: Floats
    drift_sd_px: Floats
    ground: tuple[Ground, ...]
    averaged: tuple[int, ...]
    last: Trace | None


def analyse_series(
    series: MicrographLike,
    settings: AnalysisSettings | None = None,
    *,
    workers: int = 2,
    progress: Callable[[Progress], None] | None = None,
) -> Observations:
    """Find and measure cells, retraction fibres and migrasomes in every frame of a series; see `analyse_film`."""
    return analyse_film(series, settings, workers=workers, progress=progress).observations


def analyse_film(
    series: MicrographLike,
    settings: AnalysisSettings | None = None,
    *,
    workers: int = 2,
    progress: Callable[[Progress], None] | None = None,
) -> Film:
    """Find and measure cells, retraction fibres and migrasomes in every frame of a series.

    Bodies and vesicles are those of single frames; fibres those of the single frame and of the registered mean of
    its block (see `film.blocks`). The result does not depend on the number of workers: they share whole blocks.

    Parameters
    ----------
    series
        From `open_series`; each process opens it again and holds a few planes of it.
    settings
        Thresholds; the defaults where omitted.
    workers
        Processes.
    progress
        Called as frames are done.

    Returns
    -------
    Film
        Tables as from `analyse_micrograph`, drift, and what covers the ground.

    Raises
    ------
    DataError
        If the channel is not there, or a frame cannot be read.
    """
    chosen = settings or AnalysisSettings()
    if workers < 1:
        raise DataError(f"{workers} processes cannot measure a series. Give 1 or more.")
    series.check_channel(chosen.channel)
    tell = None if progress is None else _Told(series.frames, progress)
    gathered = _Gathered(series)
    means = gathered.take(_measure_all(series, chosen, workers, tell))
    first = next(means, None)
    if first is not None:
        for _, shift in zip_shifts(means, first, usable=~series.masked, step=series.grey_step):
            if shift.trusted:
                gathered.place((shift.y, shift.x), shift.sd_px)
            else:
                gathered.place(gathered.at[-1], np.inf)
    film = gathered.finish()
    if film.last is not None:
        remember(series, chosen, series.frames - 1, film.last)
    return film


class _Told:
    """Rate and end of the work, told when the number of frames done has changed."""

    def __init__(self, frames: int, progress: Callable[[Progress], None]) -> None:
        self.frames, self.progress, self.done, self.start = frames, progress, 0, time.monotonic()

    def __call__(self, done: int) -> None:
        if done > self.done:
            self.done = done
            self.progress(_estimate(done, self.frames, time.monotonic() - self.start))


class _Gathered:
    """Results of the blocks in their order, and where each block lies."""

    def __init__(self, series: MicrographLike) -> None:
        self.series = series
        self.rows: Rows = {table: [] for table in TABLES}
        self.notes = list(series.notes)
        self.said: list[tuple[int, str]] = []
        self.ground: list[Ground] = []
        self.shifts: list[Floats] = []
        self.sds: list[Floats] = []
        self.averaged: list[int] = []
        self.at: list[tuple[float, float]] = []  # of each block against the first
        self.at_sd: list[float] = []
        self.last: Trace | None = None

    def take(self, blocks: Iterator[Block]) -> Iterator[Image]:
        """Keep what the tables need, give the mean of each block on; one without gets the place of the one before."""
        for block in blocks:
            for frame, seen in zip(block.frames, block.seen, strict=True):
                for table, more in seen.rows.items():
                    if table != "nodes" or frame == self.series.frames - 1:
                        self.rows[table].extend(more)
                self.said += [(frame, note) for note in seen.notes]
                self.ground.append(seen.ground)
            self.shifts.append(block.shifts)
            self.sds.append(block.shift_sd)
            self.averaged.append(block.averaged)
            self.last = block.last
            if block.mean is None or not any(self.averaged[:-1]):
                self.place(self.at[-1] if self.at else (0.0, 0.0), 0.0)
            if block.mean is not None:
                yield block.mean

    def place(self, shift: tuple[float, float], sd: float) -> None:
        """Say where the block that was given last lies."""
        self.at.append(shift)
        self.at_sd.append(sd)

    def finish(self) -> Film:
        """Put everything together."""
        series = self.series
        drift = [np.array(at) + shifts for at, shifts in zip(self.at, self.shifts, strict=True)]
        sd = [np.hypot(at, own) for at, own in zip(self.at_sd, self.sds, strict=True)]
        self.notes += gather_notes(self.said)
        if several := [n for n in self.averaged if n > 2]:
            self.notes.append(
                f"Fibres were traced in each frame and on registered means of {_range(several)} frames (blocks of the "
                "film); a fibre of the mean that a frame's own light contradicts was left out there."
            )
        observations = gather(series, self.rows, self.notes)
        return Film(
            observations=observations, drift_px=np.concatenate(drift), drift_sd_px=np.concatenate(sd),
            ground=tuple(self.ground), averaged=tuple(self.averaged), last=self.last,
        )  # fmt: skip


def gather_notes(said: list[tuple[int, str]]) -> list[str]:
    """Return notes of frames, those that differ in their numbers only as one where many frames have them.

    Parameters
    ----------
    said
        Frame and note, in the order of the frames.
    """
    alike: dict[str, list[tuple[int, str]]] = {}
    for frame, note in said:
        alike.setdefault(re.sub(r"\d+(\.\d+)?", "#", note), []).append((frame, note))
    notes = []
    for several in alike.values():
        frame, note = several[0]
        if len(several) < _MANY:
            notes += [f"Frame {number}: {one}" for number, one in several]
        else:
            notes.append(f"Frame {frame}: {note} The same, with other numbers, in {len(several) - 1} more frames.")
    return notes


def _range(numbers: list[int]) -> str:
    return str(min(numbers)) if min(numbers) == max(numbers) else f"{min(numbers)} to {max(numbers)}"


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


def _measure_all(
    series: MicrographLike, settings: AnalysisSettings, workers: int, tell: _Told | None
) -> Iterator[Block]:
    blocks = split_frames(series.frames)
    if workers == 1 or len(blocks) == 1:
        done = 0

        def count() -> None:
            nonlocal done
            done += 1
            if tell is not None:
                tell(done)

        for frames in blocks:
            yield measure_block(series, settings, frames, count)
        return
    # spawn: a fork after a parallel kernel kills the child (engine notes 4)
    from concurrent.futures import ProcessPoolExecutor, wait
    from multiprocessing import get_context

    # the children read it before they load numpy: two workers with a linear-algebra pool each get in each other's way
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    context = get_context("spawn")
    counter = context.Value("i", 0)
    pool = ProcessPoolExecutor(
        min(workers, len(blocks)), mp_context=context, initializer=_hold, initargs=(series, settings, counter)
    )
    try:
        results = [pool.submit(_measure_held, frames) for frames in blocks]
        while results:
            wait(results[:1], timeout=_POLL_S)
            if tell is not None:
                tell(int(counter.value))
            if results[0].done():
                yield results.pop(0).result()
    finally:
        pool.shutdown(cancel_futures=True)


_held: list[tuple[MicrographLike, AnalysisSettings, Any]] = []


def _hold(series: MicrographLike, settings: AnalysisSettings, counter: Any) -> None:  # a shared number
    import numba

    numba.set_num_threads(1)
    _held.append((series, settings, counter))


def _measure_held(frames: range) -> Block:
    series, settings, counter = _held[-1]

    def count() -> None:
        with counter.get_lock():
            counter.value += 1

    return measure_block(series, settings, frames, count)
