"""An image with all that is needed to measure it: in memory, or (see `series`) read plane by plane."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from migralab.core.errors import DataError


class MicrographLike(Protocol):
    """What the analysis needs of an image; `Micrograph` and `Series` have it."""

    @property
    def pixel_size_um(self) -> float:
        """Size of a pixel, um."""

    @property
    def channels(self) -> tuple[str, ...]:
        """Name of each channel."""

    @property
    def source(self) -> str:
        """File name."""

    @property
    def masked(self) -> NDArray[np.bool_]:
        """True where the image shows no specimen (y, x)."""

    @property
    def grey_step(self) -> float:
        """Distance between two grey levels of the file."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What was chosen or is doubtful."""

    @property
    def frame_interval_min(self) -> float | None:
        """Time between frames, min; None for a still image."""

    @property
    def frames(self) -> int:
        """Number of frames."""

    def plane(self, frame: int, channel: int) -> NDArray[np.float32]:
        """Return one plane (y, x)."""

    def filled(self, frame: int, channel: int) -> NDArray[np.float32]:
        """Return one plane with masked places filled from their surroundings."""

    def time_min(self, frame: int) -> float:
        """Return the time of a frame since the first, min."""

    def check_channel(self, channel: int) -> None:
        """Raise DataError unless the image has this channel."""

    def __hash__(self) -> int:
        """By identity: what was traced in a frame is kept for whoever asks again."""


def find_nearest(masked: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return for each masked pixel the row and column of the nearest that is not."""
    if not masked.any() or masked.all():
        nothing = np.zeros(0, np.intp)
        return nothing, nothing
    rows, columns = ndimage.distance_transform_edt(masked, return_distances=False, return_indices=True)
    return np.asarray(rows[masked], np.intp), np.asarray(columns[masked], np.intp)


def fill(
    plane: NDArray[np.float32],
    masked: NDArray[np.bool_],
    nearest: tuple[NDArray[np.intp], NDArray[np.intp]] | None = None,
) -> NDArray[np.float32]:
    """Return a plane whose masked places hold the nearest light that is not masked.

    Parameters
    ----------
    plane
        Grey levels (y, x).
    masked
        Where to fill.
    nearest
        From `find_nearest`, where many planes share one mask.
    """
    rows, columns = find_nearest(masked) if nearest is None else nearest
    if not len(rows):
        return plane
    filled = plane.copy()
    filled[masked] = plane[rows, columns]
    return filled


def check_channel(channel: int, channels: tuple[str, ...], blank: tuple[int, ...], source: str) -> None:
    """Raise DataError unless a channel exists and shows anything."""
    listed = ", ".join(f"{n} ({name})" for n, name in enumerate(channels))
    if not 0 <= channel < len(channels):
        raise DataError(f"{source} has no channel {channel}. It has {len(channels)}: {listed}")
    if channel in blank:
        raise DataError(
            f"{source}: channel {channel} ({channels[channel]}) is empty, all its pixels are equal. "
            f"Choose another with --channel: {listed}"
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Micrograph:
    """An image with all that is needed to measure it.

    Parameters
    ----------
    pixels
        Grey levels, float32, (frame, channel, y, x).
    pixel_size_um
        Size of a pixel, um.
    frame_interval_min
        Time between frames, min; None for a single frame.
    channels
        Name of each channel.
    source
        File name.
    masked
        True where the image shows no specimen: text, scale bars, insets, borders (y, x).
    grey_step
        Distance between two grey levels of the file.
    notes
        What was chosen or is doubtful.
    times_min
        Time of each frame since the first, min, where they are not evenly spaced.
    blank
        Numbers of channels that are empty.
    """

    pixels: NDArray[np.float32]
    pixel_size_um: float
    frame_interval_min: float | None
    channels: tuple[str, ...]
    source: str
    masked: NDArray[np.bool_]
    grey_step: float = 1.0
    notes: tuple[str, ...] = ()
    times_min: tuple[float, ...] = ()
    blank: tuple[int, ...] = ()

    @property
    def frames(self) -> int:
        """Number of frames."""
        return int(self.pixels.shape[0])

    def time_min(self, frame: int) -> float:
        """Return the time of a frame since the first, min."""
        return self.times_min[frame] if self.times_min else frame * (self.frame_interval_min or 0.0)

    def plane(self, frame: int, channel: int) -> NDArray[np.float32]:
        """Return one plane (y, x)."""
        return np.asarray(self.pixels[frame, channel], np.float32)

    def filled(self, frame: int, channel: int) -> NDArray[np.float32]:
        """Return one plane with masked places filled from their surroundings, so that masks have no outline."""
        return fill(self.plane(frame, channel), self.masked)

    def check_channel(self, channel: int) -> None:
        """Raise DataError unless the image has this channel and it is not empty."""
        check_channel(channel, self.channels, self.blank, self.source)
