"""What is wrong or doubtful with an image: refused with what to do, or noted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from migralab.core.errors import DataError
from migralab.imaging.reading.projection import sharpness
from migralab.imaging.reading.stack import Planes

_SATURATED_SHARE = 0.001
_PILED = 2.0  # saturated light piles up in the highest level; a bright object has as much just below
_NEGATIVE_SHARE = 0.001
# how far the dark end lies below the middle over how far the bright end lies above it: at most 0.1 in the published
# fluorescence panels, 2.7 to 11 where dark is drawn on light (electron micrographs of a section, beads in bright field)
_DARK_ON_LIGHT = 2.0
_UNLIKE = 0.3  # frames of one place correlate more than this, even when cells have moved on
_FOCUS_FALL = 0.25  # the sharpness at both ends over that of the sharpest, in a stack along z
_SAMPLES = 9
_MIDDLE = 512  # pixels

Read = Callable[[int, int], NDArray[np.float32]]


def check_numbers(plane: NDArray[Any], where: str) -> None:
    """Raise DataError where a pixel is not a finite number."""
    if plane.dtype.kind == "f" and not np.isfinite(plane).all():
        bad = int(np.count_nonzero(~np.isfinite(plane)))
        raise DataError(
            f"{where} has {bad} pixels that are not finite numbers. Save it again without NaN and infinity "
            "(crop the borders that a registration left, or set them to the background)."
        )


def describe_blank(plane: NDArray[Any], masked: NDArray[np.bool_] | None = None) -> str | None:
    """Return what is wrong with a plane on which nothing can be seen; None where it has contrast."""
    seen = plane if masked is None else plane[~masked]
    low, high = float(seen.min()), float(seen.max())
    if low < high:
        return None
    return f"{'empty' if low <= 0 else 'saturated or empty'}: every pixel has the value {low:g}"


def sample_frames(frames: int, most: int = 3) -> list[int]:
    """Return up to `most` frames from the first to the last."""
    return sorted({round(n) for n in np.linspace(0, frames - 1, most)})


def check_light(read: Read, frames: int, masked: NDArray[np.bool_], source: str, names: Sequence[str]) -> Light:
    """Look at a few frames of every channel.

    Parameters
    ----------
    read
        Returns the plane (y, x) of a frame and channel.
    frames
        Number of frames.
    masked
        True where there is no specimen.
    source, names
        File name and channel names, for the messages.

    Raises
    ------
    DataError
        If the mask leaves nothing, or no channel shows anything.
    """
    if masked.all():
        raise DataError(f"{source}: the mask leaves nothing of the image.")
    notes: list[str] = []
    blank: list[int] = []
    spread, why = 0.0, ""
    for channel, name in enumerate(names):
        levels = [_Levels.of(read(frame, channel)[~masked]) for frame in sample_frames(frames)]
        low, high = min(level.low for level in levels), max(level.high for level in levels)
        spread = max(spread, high - low)
        if low == high:
            blank.append(channel)
            why = describe_blank(np.array([low]), None) or ""
            notes.append(f"Channel {channel} ({name}) is empty: every pixel has the value {low:g}.")
            continue
        of = f"Channel {channel} ({name}): " if len(names) > 1 else ""
        notes += [of + note for note in _describe_levels(levels)]
    if len(blank) == len(names):
        raise DataError(f"{source} is {why}. Check the file and channel.")
    return Light(notes=tuple(notes), blank=tuple(blank), spread=spread)


@dataclass(frozen=True, slots=True, kw_only=True)
class Light:
    """What `check_light` found.

    Parameters
    ----------
    notes
        What is doubtful.
    blank
        Numbers of the empty channels.
    spread
        Greatest difference of two grey levels.
    """

    notes: tuple[str, ...]
    blank: tuple[int, ...]
    spread: float


@dataclass(frozen=True, slots=True)
class _Levels:
    """Grey levels of one plane: least and greatest, shares saturated and below zero, dark side over bright side."""

    low: float
    high: float
    saturated: float
    negative: float
    dark: float

    @classmethod
    def of(cls, seen: NDArray[np.float32]) -> _Levels:
        low, high = float(seen.min()), float(seen.max())
        top = int(np.count_nonzero(seen >= high))
        near = int(np.count_nonzero(seen >= high - 0.02 * (high - low))) - top
        piled = low < high and top > _PILED * near
        few, middle, most = np.percentile(seen, [0.5, 50, 99.5])
        dark = float((middle - few) / max(most - middle, (high - low) / 256)) if low < high else 0.0
        return cls(low, high, top / seen.size if piled else 0.0, int(np.count_nonzero(seen < 0)) / seen.size, dark)


def _describe_levels(levels: Sequence[_Levels]) -> list[str]:
    """Say what is wrong with the worst of a few planes."""
    notes = []
    saturated, negative = max(level.saturated for level in levels), max(level.negative for level in levels)
    if saturated > _SATURATED_SHARE:
        notes.append(f"{saturated:.1%} of the pixels have the highest value: saturated, intensities there are too low.")
    if negative > _NEGATIVE_SHARE:
        notes.append(
            f"{negative:.1%} of the pixels are below zero: a background was subtracted. The noise is taken from the "
            "image as it is; raw data give better error bars."
        )
    if min(level.dark for level in levels) > _DARK_ON_LIGHT:
        notes.append(
            "It is dark on light (bright field, or a section in an electron microscope): what is bright is measured, "
            "so that gaps are taken for vesicles and fibres. Invert a picture whose membranes are dark."
        )
    return notes


def doubt_axes(planes: Planes, *, interval_known: bool) -> list[str]:
    """Return what speaks against the axes that the file declares.

    Parameters
    ----------
    planes
        The stack.
    interval_known
        Whether the time between frames is known.
    """
    stack, said = planes.stack, planes.stack.facts
    notes = []
    if planes.depth > 1 and planes.frames == 1 and said.frame_interval_min:
        notes.append(
            f"The file gives a time between frames but declares its {planes.depth} planes as a stack along z. "
            "If they are frames, read it with --axes " + stack.axes.replace("Z", "T") + "."
        )
    if planes.frames > 1 and planes.depth == 1 and said.z_step_um and not said.frame_interval_min and _is_loose(planes):
        notes.append(
            f"The file gives a step along z but declares its {planes.frames} planes as frames. "
            "If they are planes along z, read it with --axes " + stack.axes.replace("T", "Z") + "."
        )
    if planes.frames > 1 and interval_known:
        notes += _doubt_frames(planes)
    return notes


def _is_loose(planes: Planes) -> bool:
    """Whether no stamp of a frame says that the planes are frames."""
    return not planes.stack.facts.times_min


def _doubt_frames(planes: Planes) -> list[str]:
    """Whether what is called frames looks like colours, or like a stack along z."""
    axes = planes.stack.axes
    looked = sample_frames(planes.frames, _SAMPLES)
    if planes.frames <= 4 and planes.channels == 1:
        alike = min(_correlation(_middle(planes, a), _middle(planes, b)) for a, b in pairwise(looked))
        if alike < _UNLIKE:
            return [
                f"The {planes.frames} frames show different things (correlation {alike:.2f}). If they are colours or "
                f"labels, read the file with --axes {axes.replace('T', 'C')}."
            ]
    if len(looked) >= 5:
        sharp = [sharpness(_middle(planes, frame)) for frame in looked]
        best = int(np.argmax(sharp))
        if 0 < best < len(sharp) - 1 and max(sharp[0], sharp[-1]) < _FOCUS_FALL * sharp[best]:
            return [
                "The frames are sharp in the middle and blurred at both ends, as in a stack along z. If they are "
                f"planes along z, read the file with --axes {axes.replace('T', 'Z')}; else the focus drifted."
            ]
    return []


def _middle(planes: Planes, frame: int) -> NDArray[np.float32]:
    """Middle of the first channel; enough to see what kind of plane it is."""
    plane = planes.read(frame, 0, 0)
    rows, columns = (slice(max(n - _MIDDLE, 0) // 2, (n + _MIDDLE) // 2) for n in plane.shape)
    return np.asarray(plane[rows, columns], np.float32)


def _correlation(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    first, second = a - a.mean(), b - b.mean()
    scale = float(np.sqrt((first**2).sum() * (second**2).sum()))
    return float((first * second).sum()) / scale if scale > 0 else 0.0
