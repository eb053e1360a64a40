"""Frames laid on each other: their drift, and the mean of a window or a whole film, one frame at a time."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from migralab.core.errors import RequestError
from migralab.imaging.signal.bins import bin_image
from migralab.imaging.signal.noise import Image, Mask, estimate_noise
from migralab.imaging.time.shift import Shift, find_shift, match, prepare, soften

__all__ = ["Registered", "Shift", "find_shift", "measure_drift", "registered_mean", "zip_shifts"]

Floats = NDArray[np.float64]

_MEMORY = 10  # frames that the running reference remembers
_LARGE = 500_000  # pixels; larger pictures are compared on pixels taken together by four: enough structure is left


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """Mean of frames in the place of the first; unpacks as ``mean, shifts, number``.

    Parameters
    ----------
    mean
        Grey levels (y, x). At a border that some frames do not reach it is the mean of those that do.
    shifts
        (frames, 2): y, x of each frame against the reference, pixels.
    number
        Frames in the mean.
    unsure
        How many of them showed too little to tell their shift; they were taken at the shift of the frame before.
    """

    mean: Image
    shifts: Floats
    number: int
    unsure: int

    def __iter__(self) -> Iterator[object]:
        """Yield mean, shifts and number."""
        return iter((self.mean, self.shifts, self.number))


def registered_mean(
    frames: Iterable[Image],
    *,
    reference: Image | None = None,
    usable: Mask | None = None,
    largest_px: float | None = None,
    step: float = 1.0,
) -> Registered:
    """Lay frames on each other and return their mean.

    Frames are taken one by one and not kept: about 60 bytes a pixel are held at any time (60 MB a megapixel),
    however many frames come. A frame that shows too little to tell its shift is taken at that of the frame before,
    and counted in `Registered.unsure`: at very low light to leave frames out would lose more than a small drift.
    The mean has been interpolated by cubic splines: its noise is that of one frame over the root of the number, and
    somewhat less where shifts are parts of a pixel.

    Parameters
    ----------
    frames
        Grey levels (y, x), all of one shape. Any iterable.
    reference
        Image in whose place the mean is made; the first frame by default.
    usable, largest_px, step
        As for `find_shift`; `usable` is in the place of the reference.

    Raises
    ------
    RequestError
        If there is no frame, or one has another shape.
    """
    several = iter(frames)
    first = next(several, None)
    if first is None:
        raise RequestError("registered_mean was given no frames: give at least one image (y, x).")
    anchor = first if reference is None else reference
    total = np.zeros(anchor.shape, np.float32)
    count = np.zeros(anchor.shape, np.uint16)
    shifts: list[tuple[float, float]] = []
    rest: Iterable[Image] = itertools.chain([first], several)
    if reference is None:
        rest = several
        total += first
        count += 1
        shifts.append((0.0, 0.0))
    unsure = 0
    for frame, shift in zip_shifts(rest, anchor, usable=usable, largest_px=largest_px, step=step):
        place = shift
        if not shift.trusted:
            last = shifts[-1] if shifts else (0.0, 0.0)
            place, unsure = replace(shift, y=last[0], x=last[1]), unsure + 1
        _add(total, count, frame, place)
        shifts.append((place.y, place.x))
    mean = np.where(count > 0, total / np.maximum(count, 1), anchor).astype(np.float32)
    return Registered(mean=mean, shifts=np.array(shifts, np.float64), number=len(shifts), unsure=unsure)


def measure_drift(
    frames: Iterable[Image], *, usable: Mask | None = None, largest_px: float | None = None, step: float = 1.0
) -> tuple[Floats, Floats]:
    """Return the drift of a film against its first frame, one frame at a time.

    Returns
    -------
    tuple
        (frames, 2) y, x in pixels; and (frames,) its standard error, infinite where the frame showed nothing to go
        by and the drift of the frame before was kept.
    """
    several = iter(frames)
    first = next(several, None)
    if first is None:
        raise RequestError("measure_drift was given no frames: give at least one image (y, x).")
    drift, errors = [(0.0, 0.0)], [0.0]
    for _, shift in zip_shifts(several, first, usable=usable, largest_px=largest_px, step=step):
        drift.append((shift.y, shift.x) if shift.trusted else drift[-1])
        errors.append(shift.sd_px if shift.trusted else np.inf)
    return np.array(drift, np.float64), np.array(errors, np.float64)


def zip_shifts(
    frames: Iterable[Image],
    anchor: Image,
    *,
    usable: Mask | None = None,
    largest_px: float | None = None,
    step: float = 1.0,
) -> Iterator[tuple[Image, Shift]]:
    """Yield each frame with its shift against the anchor.

    Frames are compared with a running mean of the last ones, laid on the anchor: it has less noise than one
    frame, and follows what changes slowly.
    """
    inside = np.ones(anchor.shape, bool) if usable is None else usable
    factor = 2 if anchor.size > _LARGE else 1
    small = bin_image(inside.astype(np.float32), factor) > 0.5
    noise = estimate_noise(bin_image(anchor, factor), small, step=step / factor**2)

    def softened(image: Image) -> Image:
        return soften(noise.stabilise(bin_image(image, factor)), factor)

    running = softened(anchor)
    known = 1
    for frame in frames:
        if frame.shape != anchor.shape:
            raise RequestError(f"A frame has the shape {frame.shape}, the first one {anchor.shape}: all must be alike.")
        smooth = softened(np.asarray(frame, np.float32))
        reach = None if largest_px is None else largest_px / factor
        shift = match(smooth, prepare(running, small), reach)
        whole = replace(shift, y=factor * shift.y, x=factor * shift.x, sd_px=factor * shift.sd_px)
        if whole.trusted:
            part = 1.0 / min(known + 1, _MEMORY)
            moved, reached = _resample(smooth, shift, 1)  # smooth already
            running = running.copy()
            running[reached] += np.float32(part) * (moved[reached] - running[reached])
            known += 1
        yield frame, whole


def _resample(image: Image, shift: Shift, order: int = 3) -> tuple[Image, tuple[slice, slice]]:
    """Bring a frame to the place of the reference, and the part of it that the frame reaches."""
    reached = []
    for move, length in ((shift.y, image.shape[0]), (shift.x, image.shape[1])):
        low, high = int(np.ceil(max(0.0, -move))), int(np.floor(min(length - 1, length - 1 - move)))
        reached.append(slice(low, max(high + 1, low)))
    if abs(shift.y) < 1e-3 and abs(shift.x) < 1e-3:
        return image, (slice(None), slice(None))
    moved = ndimage.shift(image, (-shift.y, -shift.x), order=order, mode="nearest")
    return np.asarray(moved, np.float32), (reached[0], reached[1])


def _add(total: Image, count: NDArray[np.uint16], frame: Image, shift: Shift) -> None:
    moved, reached = _resample(np.asarray(frame, np.float32), shift)
    total[reached] += moved[reached]
    count[reached] += 1
