"""One block of a film: its frames analysed one by one, their registered mean, and the fibres that only it shows.

A block has seven to fourteen frames, ten as a rule. Fewer would not show a fibre whose signal is 0.4 of the noise in
a pixel (a line filter 4 um long needs ten frames, evidence/imaging.md 4.1); more would smear what breaks. The blocks
depend on the length of the film only, so that the result does not depend on how many processes share them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from migralab.imaging.analyse import Trace, trace_frame
from migralab.imaging.film.merge import add_fibres
from migralab.imaging.reading import Micrograph, MicrographLike
from migralab.imaging.reading.checks import describe_blank
from migralab.imaging.settings import AnalysisSettings
from migralab.imaging.signal.noise import Image, Mask
from migralab.imaging.time.events import Ground, draw_paths, note_ground
from migralab.imaging.time.register import zip_shifts

Floats = NDArray[np.float64]
Rows = dict[str, list[dict[str, Any]]]

BLOCK_FRAMES = 10
TABLES = ("cells", "nodes", "fibres", "migrasomes")
_LEAST_MEAN = 3  # fewer frames show next to nothing more than one
_HALO_UM = 1.0  # haze around a body that walks by: kept out of the mean


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One frame as the tables want it: rows of each table, notes, and what covers the ground."""

    rows: Rows
    notes: list[str]
    ground: Ground


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One block of a film, measured.

    Parameters
    ----------
    frames
        Numbers of its frames.
    seen
        One entry each.
    shifts, shift_sd
        (frames, 2) y, x of each frame against the block's mean, pixels, and the standard error; infinite where it
        is not known and that of the frame before was kept.
    mean
        Mean of the frames (y, x), in the place of the first one; None where all are blank.
    averaged
        Frames in it.
    last
        What was found in the last frame of the block; None where it is blank.
    """

    frames: range
    seen: tuple[Seen, ...]
    shifts: Floats
    shift_sd: Floats
    mean: Image | None
    averaged: int
    last: Trace | None


def split_frames(frames: int) -> list[range]:
    """Return the blocks of a film: about ten frames each, all of nearly one length."""
    count = max(1, (frames + BLOCK_FRAMES // 2) // BLOCK_FRAMES)
    edges = np.linspace(0, frames, count + 1).round().astype(int).tolist()
    return [range(first, last) for first, last in pairwise(edges)]


def measure_block(
    series: MicrographLike, settings: AnalysisSettings, frames: range, tell: Callable[[], None] | None = None
) -> Block:
    """Measure the frames of a block. Planes are read twice and not kept; what was found in each frame is.

    Parameters
    ----------
    series
        The film.
    settings
        Thresholds.
    frames
        Numbers of the frames.
    tell
        Called after each frame.
    """
    stack = _Stack(series, settings, frames, tell)
    seen: list[Seen] = []
    last: Trace | None = None
    ground: Trace | None = None
    mean: Image | None = None
    if stack.anchor is not None:
        ground, mean = stack.trace_mean()
    for frame in frames:
        last = stack.finished(frame, ground, mean) if mean is not None else None
        seen.append(_blank(stack, frame) if last is None else _see(stack, frame, last))
    return Block(
        frames=frames, seen=tuple(seen), shifts=stack.shifts, shift_sd=stack.shift_sd, mean=mean,
        averaged=stack.averaged, last=last,
    )  # fmt: skip


_last: list[tuple[MicrographLike, AnalysisSettings, int, Trace]] = []


def remember(series: MicrographLike, settings: AnalysisSettings, frame: int, trace: Trace) -> None:
    """Keep what was found in the last frame of the film that was just measured, for its picture."""
    _last[:] = [(series, settings, frame, trace)]


def film_trace(series: MicrographLike, settings: AnalysisSettings, frame: int) -> Trace:
    """Return what was found in a frame, with the fibres of its block's mean where there is one.

    The same as the rows of `analyse_film` were made from. The block is measured again, unless it was the last one.
    """
    for known in _last:
        if known[0] is series and known[1] == settings and known[2] == frame:
            return known[3]
    if series.frames >= _LEAST_MEAN:
        block = next(part for part in split_frames(series.frames) if frame in part)
        trace = _traces(series, settings, block).get(frame)
        if trace is not None:
            return trace
    return trace_frame(series, settings, frame)


@functools.lru_cache(maxsize=1)  # whoever draws one frame of a block draws the others
def _traces(series: MicrographLike, settings: AnalysisSettings, frames: range) -> dict[int, Trace]:
    stack = _Stack(series, settings, frames, None)
    if stack.anchor is None:
        return {}
    ground, mean = stack.trace_mean()
    found = ((frame, stack.finished(frame, ground, mean)) for frame in frames)
    return {frame: trace for frame, trace in found if trace is not None}


class _Stack:
    """The frames of a block on top of each other: traces, shifts and the sums of the mean."""

    def __init__(
        self, series: MicrographLike, settings: AnalysisSettings, frames: range, tell: Callable[[], None] | None
    ) -> None:
        self.series, self.settings, self.frames = series, settings, frames
        self.usable: Mask = ~series.masked
        self.traces: dict[int, Trace] = {}
        self.why: dict[int, str] = {}
        self.shifts: Floats = np.zeros((len(frames), 2))
        self.shift_sd: Floats = np.full(len(frames), np.inf)
        self.anchor: Image | None = None
        self.averaged = 0
        self._fill(tell)

    def _fill(self, tell: Callable[[], None] | None) -> None:
        shape = self.usable.shape
        self.free, self.whole = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
        self.looks = np.zeros(shape, np.uint8)
        good: list[int] = []
        planes = self._planes(good, tell)
        first = next(planes, None)
        if first is None:
            return
        self.anchor = first
        self._add(good[0], first)
        self.shift_sd[good[0] - self.frames.start] = 0.0
        for plane, shift in zip_shifts(planes, first, usable=self.usable, step=self.series.grey_step):
            place = good[-1] - self.frames.start
            self.shifts[place:] = (shift.y, shift.x) if shift.trusted else self.shifts[place - 1]
            if shift.trusted:
                self.shift_sd[place] = shift.sd_px
                self._add(good[-1], plane)

    def _planes(self, good: list[int], tell: Callable[[], None] | None) -> Iterator[Image]:
        """Trace each frame and give its plane on; its number is the last one in `good` then."""
        channel = self.settings.channel
        for frame in self.frames:
            why = describe_blank(self.series.plane(frame, channel), self.series.masked)
            if why:
                self.why[frame] = why
            else:
                trace = trace_frame(self.series, self.settings, frame)
                self.traces[frame] = replace(trace, bodies=trace.bodies.astype(np.uint16))
            if tell is not None:
                tell()
            if not why:
                good.append(frame)
                yield self.series.filled(frame, channel)

    def _add(self, frame: int, plane: Image) -> None:
        """Add a frame, moved by whole pixels: no interpolation, so that its noise stays white."""
        reach = 2 * max(1, round(_HALO_UM / self.series.pixel_size_um)) + 1
        free = (ndimage.maximum_filter(self.traces[frame].bodies, size=reach) == 0).astype(np.float32)
        y, x = np.rint(self.shifts[frame - self.frames.start]).astype(int)
        here, there = _overlap(plane.shape, int(y), int(x))
        self.free[here] += plane[there] * free[there]
        self.looks[here] += free[there].astype(np.uint8)
        self.whole[here] += plane[there]
        out = np.ones(plane.shape, bool)
        out[here] = False
        self.whole[out] += plane[out]  # a border that the frame does not reach: its own, a few pixels off
        self.averaged += 1

    def trace_mean(self) -> tuple[Trace | None, Image]:
        """Return what the mean shows, or None where too few frames are in it; and the mean."""
        whole = self.whole / np.float32(max(self.averaged, 1))
        if self.averaged < _LEAST_MEAN:
            return None, whole
        # a body that walks by is left out; what was seen less often is dimmed until its noise is that of the rest
        looks = self.looks.astype(np.float32)
        mean = np.where(looks > 0, self.free / np.maximum(looks, 1), whole).astype(np.float32)
        level = np.float32(np.percentile(mean[self.usable], 25))
        fewer = (looks > 0) & (looks < self.averaged)
        mean[fewer] = level + (mean[fewer] - level) * np.sqrt(looks[fewer] / self.averaged)
        picture = Micrograph(
            pixels=mean[None, None], pixel_size_um=self.series.pixel_size_um, frame_interval_min=None,
            channels=("mean",), source=self.series.source, masked=self.series.masked,
            grey_step=self.series.grey_step / self.averaged,
        )  # fmt: skip
        return trace_frame(picture, replace(self.settings, channel=0), 0), mean

    def finished(self, frame: int, ground: Trace | None, mean: Image) -> Trace | None:
        """Return what was found in a frame, with the fibres of the mean; None where the frame is blank."""
        if frame not in self.traces:
            return None
        trace = replace(self.traces[frame], bodies=self.traces[frame].bodies.astype(np.int32))
        if ground is None:
            return trace
        plane = self.series.filled(frame, self.settings.channel)
        shift = self.shifts[frame - self.frames.start]
        pixel = self.series.pixel_size_um
        return add_fibres(trace, ground, (plane, mean), shift, self.settings, self.usable, pixel)


def _overlap(shape: tuple[int, ...], y: int, x: int) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Parts of mean and frame that show the same ground, the frame lying y, x off."""
    here, there = [], []
    for move, length in ((y, shape[0]), (x, shape[1])):
        low, high = max(0, -move), min(length, length - move)
        here.append(slice(low, max(high, low)))
        there.append(slice(low + move, max(high, low) + move))
    return (here[0], here[1]), (there[0], there[1])


def _see(stack: _Stack, frame: int, trace: Trace) -> Seen:
    from migralab.imaging.tables import tabulate

    series = stack.series
    rows = tabulate(trace, series.pixel_size_um, frame, series.time_min(frame), stack.settings)
    paths = [branch.path for branch in trace.network.branches.values()]
    ground = note_ground(trace.bodies > 0, draw_paths(trace.bodies.shape, paths), series.pixel_size_um)
    return Seen(rows=rows, notes=list(trace.notes), ground=ground)


def _blank(stack: _Stack, frame: int) -> Seen:
    """Return a frame in which nobody could look: all of it counts as covered."""
    covered = np.ones(stack.usable.shape, bool)
    ground = note_ground(covered, np.zeros_like(covered), stack.series.pixel_size_um)
    note = f"it is {stack.why[frame]}. Nothing was looked for: counts of this frame are missing, not zero."
    return Seen(rows={table: [] for table in TABLES}, notes=[note], ground=ground)
