"""Open any image file as a series whose planes are read one at a time, or read it whole as a micrograph."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from migralab.core.errors import DataError
from migralab.core.memory import free_memory
from migralab.imaging.reading.checks import check_light, check_numbers, doubt_axes
from migralab.imaging.reading.drawn import Box
from migralab.imaging.reading.masks import find_masked
from migralab.imaging.reading.micrograph import Micrograph, check_channel, fill, find_nearest
from migralab.imaging.reading.ome_zarr import is_zarr, open_ome_zarr
from migralab.imaging.reading.pictures import open_folder, open_picture
from migralab.imaging.reading.projection import describe, parse_projection, project, sharpest
from migralab.imaging.reading.stack import Planes, Stack, arrange
from migralab.imaging.reading.tiff import open_tiff

_ALLOWED = "Allowed: .tif, .tiff (OME, ImageJ), .png, .jpg, OME-Zarr, or a folder of numbered pictures"
_OF_MICROSCOPES = {".czi", ".nd2", ".lif", ".oib", ".oif", ".vsi", ".ims", ".dv", ".mrxs", ".lsm", ".zvi"}
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_PICTURE = (b"\x89PNG", b"\xff\xd8")
_KEPT_BYTES = 256e6  # of planes that were read last


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Series:
    """An open image whose planes are read when asked for; it takes the memory of a few planes.

    Made by `open_series`; everything `Micrograph` can be asked for, a series can.

    Parameters
    ----------
    path
        The file or folder.
    projection
        How the planes along z become one.
    pixel_size_um
        Size of a pixel, um.
    frame_interval_min, times_min
        Time between frames, min; time of each frame where they are not evenly spaced.
    channels
        Name of each channel.
    masked
        True where the image shows no specimen (y, x).
    grey_step
        Distance between two grey levels of the file.
    notes
        What was chosen or is doubtful.
    blank
        Numbers of channels that are empty.
    request
        What `open_series` was called with: another process opens the series by it.
    """

    path: Path
    projection: str | int
    pixel_size_um: float
    frame_interval_min: float | None
    times_min: tuple[float, ...]
    channels: tuple[str, ...]
    masked: NDArray[np.bool_]
    grey_step: float
    notes: tuple[str, ...]
    blank: tuple[int, ...]
    request: dict[str, Any]
    _planes: Planes = field(repr=False)
    _kept: OrderedDict[tuple[int, int], NDArray[np.float32]] = field(default_factory=OrderedDict, repr=False)
    _nearest: list[tuple[NDArray[np.intp], NDArray[np.intp]]] = field(default_factory=list, repr=False)

    def __reduce__(self) -> tuple[Any, ...]:
        return _reopen, (self.path, self.request)

    @property
    def source(self) -> str:
        """File name."""
        return self.path.name

    @property
    def frames(self) -> int:
        """Number of frames."""
        return self._planes.frames

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width, pixels."""
        return self._planes.shape

    @property
    def depth(self) -> int:
        """Number of planes along z in the file."""
        return self._planes.depth

    @property
    def z_step_um(self) -> float | None:
        """Distance of the planes along z, um; None where unknown."""
        return self._planes.stack.facts.z_step_um

    def time_min(self, frame: int) -> float:
        """Return the time of a frame since the first, min."""
        return self.times_min[frame] if self.times_min else frame * (self.frame_interval_min or 0.0)

    def plane(self, frame: int, channel: int) -> NDArray[np.float32]:
        """Return one plane (y, x) as float32, projected along z; the last few are kept.

        Raises
        ------
        DataError
            If the file is damaged there, or holds pixels that are not finite numbers.
        IndexError
            If there is no such frame or channel.
        """
        if not (0 <= frame < self.frames and 0 <= channel < len(self.channels)):
            raise IndexError(f"frame {frame}, channel {channel} of {self.frames} x {len(self.channels)}")
        key = (frame, channel)
        if key not in self._kept:
            plane = _read_plane(self._planes, self.projection, frame, channel)
            while self._kept and (len(self._kept) + 1) * plane.nbytes > _KEPT_BYTES:
                self._kept.popitem(last=False)
            self._kept[key] = plane
            if len(self._kept) > 2 * len(self.channels):
                self._kept.popitem(last=False)
        return self._kept[key].copy()

    def filled(self, frame: int, channel: int) -> NDArray[np.float32]:
        """Return one plane with masked places filled from their surroundings, so that masks have no outline."""
        if not self._nearest:
            self._nearest.append(find_nearest(self.masked))
        return fill(self.plane(frame, channel), self.masked, self._nearest[0])

    def check_channel(self, channel: int) -> None:
        """Raise DataError unless the image has this channel and it is not empty."""
        check_channel(channel, self.channels, self.blank, self.source)

    def load(self, frames: Sequence[int] | None = None) -> Micrograph:
        """Read frames into memory; all by default. Their times stay those of the series.

        Raises
        ------
        DataError
            If they take more than half of the free memory, or cannot be read.
        """
        chosen = list(range(self.frames)) if frames is None else list(frames)
        need = 4.0 * len(chosen) * len(self.channels) * float(np.prod(self.shape))
        if need > 0.5 * free_memory():
            raise DataError(
                f"{self.source} takes {need / 1e9:.3g} GB in memory, more than half of what is free. "
                "Read it frame by frame with open_series."
            )
        pixels = np.empty((len(chosen), len(self.channels), *self.shape), np.float32)
        for place, frame in enumerate(chosen):
            for channel in range(len(self.channels)):
                pixels[place, channel] = self.plane(frame, channel)
        stamped = self.times_min if frames is None else tuple(self.time_min(f) for f in chosen)
        return Micrograph(
            pixels=pixels,
            pixel_size_um=self.pixel_size_um,
            frame_interval_min=self.frame_interval_min,
            channels=self.channels,
            source=self.source,
            masked=self.masked,
            grey_step=self.grey_step,
            notes=self.notes,
            times_min=stamped,
            blank=self.blank,
        )


def _reopen(path: Path, request: dict[str, Any]) -> Series:
    return open_series(path, **request)


def _read_plane(planes: Planes, projection: str | int, frame: int, channel: int) -> NDArray[np.float32]:
    def read(z: int, of: int = channel) -> NDArray[Any]:
        plane = planes.read(frame, of, z)
        where = f"{planes.stack.source}, frame {frame}, channel {of}" + (f", z {z}" if planes.depth > 1 else "")
        check_numbers(plane, where)
        return plane

    if projection == "focus" and planes.depth > 1:
        projection = sharpest(lambda z: read(z, 0), planes.depth)
    with np.errstate(over="ignore"):
        plane = np.array(project(read, planes.depth, projection), np.float32)
    check_numbers(plane, f"{planes.stack.source}, frame {frame}, channel {channel}")  # beyond the range of float32
    return plane


def open_series(
    path: str | Path,
    *,
    pixel_size: float | None = None,
    frame_interval: float | None = None,
    colour: str | None = None,
    axes: str | None = None,
    projection: str | int = "max",
    mask: str | Path | Sequence[Box] | None = None,
) -> Series:
    """Open an image file; only the planes that are needed to check it are read.

    Parameters
    ----------
    path
        OME-TIFF, ImageJ TIFF, plain TIFF, PNG, JPEG, OME-Zarr, or a folder of numbered pictures (frames).
    pixel_size
        Size of a pixel, um; needed where the file does not give it, and used instead of the file's otherwise.
    frame_interval
        Time between frames, min; likewise.
    colour
        ``red``, ``green`` or ``blue``: the channel of a colour picture; by default the one that varies most.
    axes
        Order of the axes (letters of TCZYXS) where the file is wrong or says nothing.
    projection
        Of a z-stack: ``max``, ``mean``, ``focus`` or the number of a plane.
    mask
        What shows no specimen: boxes (x0, y0, x1, y1), the path of a mask file (left out where not zero), or
        ``drawn`` for what looks like text. Boxes of a ``masks.csv`` beside the image are always used.

    Returns
    -------
    Series
        Planes are read on demand.

    Raises
    ------
    DataError
        If the file is missing, damaged, of an unknown kind, empty, or does not say its scale.
    """
    file = Path(path)
    planes = arrange(_open_stack(file), axes=axes, colour=colour)
    notes = [*planes.notes, *planes.stack.facts.notes]
    how = parse_projection(projection, planes.depth, file.name)
    if planes.depth > 1:
        notes.append(describe(how, planes.depth, planes.stack.facts.z_step_um))
    size, size_notes = _pixel_size(planes.stack, pixel_size)
    interval, times, time_notes = _times(planes, frame_interval)
    picture = planes.read_colours() if planes.stack.picture or planes.colour is not None else None
    masked, mask_notes = find_masked(file, planes.shape, mask, picture)
    names = _names(planes)
    light = check_light(lambda f, c: _read_plane(planes, how, f, c), planes.frames, masked, file.name, names)
    doubts = [] if axes else doubt_axes(planes, interval_known=bool(interval or times))
    request: dict[str, Any] = {
        "pixel_size": pixel_size,
        "frame_interval": frame_interval,
        "colour": colour,
        "axes": axes,
    }
    request |= {"projection": projection, "mask": mask}
    return Series(
        path=file,
        projection=how,
        pixel_size_um=size,
        frame_interval_min=interval,
        times_min=times,
        channels=names,
        masked=masked,
        grey_step=_grey_step(planes, how, light.spread),
        notes=(*notes, *size_notes, *time_notes, *mask_notes, *light.notes, *doubts),
        blank=light.blank,
        request=request,
        _planes=planes,
    )


def read_micrograph(
    path: str | Path,
    *,
    pixel_size: float | None = None,
    frame_interval: float | None = None,
    colour: str | None = None,
    axes: str | None = None,
    projection: str | int = "max",
    mask: str | Path | Sequence[Box] | None = None,
) -> Micrograph:
    """Read a whole image file into memory. Parameters and errors are those of `open_series`."""
    series = open_series(
        path, pixel_size=pixel_size, frame_interval=frame_interval, colour=colour, axes=axes,
        projection=projection, mask=mask,
    )  # fmt: skip
    return series.load()


def _open_stack(file: Path) -> Stack:
    if not file.exists():
        raise DataError(f"There is no image file '{file}'.")
    if is_zarr(file):
        return open_ome_zarr(file)
    if file.is_dir():
        return open_folder(file, _open_file)
    return _open_file(file)


def _open_file(file: Path) -> Stack:
    """Open by what the file begins with; its name may be wrong."""
    kind = file.suffix.lower()
    try:
        with file.open("rb") as content:
            head = content.read(4)
    except OSError as error:
        raise DataError(f"{file.name} cannot be read: {error.strerror}.") from None
    if head.startswith(_PICTURE):
        return open_picture(file)
    if head in _TIFF or kind in {".tif", ".tiff"}:
        return open_tiff(file)
    if kind in {".png", ".jpg", ".jpeg"}:
        return open_picture(file)
    if kind in _OF_MICROSCOPES:
        raise DataError(f"{file.name}: '{kind}' is not read. Open it in Fiji (Bio-Formats) and save it as OME-TIFF.")
    raise DataError(f"{file.name}: '{kind}' is not read. {_ALLOWED}.")


def _pixel_size(stack: Stack, asked: float | None) -> tuple[float, list[str]]:
    said = stack.facts.pixel_size_um
    size = asked if asked is not None else said
    if size is None:
        hint = f"{stack.facts.hint} " if stack.facts.hint else ""
        raise DataError(
            f"{stack.source} does not say its pixel size, and no length can be measured without it. {hint}"
            "Give it, for example --pixel-size 0.1um (from the microscope's settings or the scale bar)."
        )
    if not (np.isfinite(size) and 0 < size < 1000):
        raise DataError(f"{stack.source}: a pixel size of {size:g} um makes no sense. Give it with --pixel-size 0.1um.")
    if said is not None and abs(size / said - 1) > 0.01:
        return float(size), [f"The pixel size of {size:g} um was asked for; the file says {said:g} um."]
    return float(size), []


def _times(planes: Planes, asked: float | None) -> tuple[float | None, tuple[float, ...], list[str]]:
    """Interval and stamps of the frames: as asked, else as stamped, else as declared."""
    said = planes.stack.facts
    if asked is not None and not (np.isfinite(asked) and asked > 0):
        raise DataError(f"{planes.stack.source}: a frame interval of {asked:g} min makes no sense. Give it, as 8min.")
    if planes.frames == 1:
        if asked is not None and planes.depth > 1:
            raise DataError(
                f"{planes.stack.source} has one frame and {planes.depth} planes along z, but a frame interval was "
                f"given. If the planes are frames, add --axes {planes.stack.axes.replace('Z', 'T')}."
            )
        return asked or said.frame_interval_min, (), []
    if asked is not None:
        return asked, (), []
    times = said.times_min if len(said.times_min) == planes.frames else ()
    if times:
        steps = np.diff(times)
        mean = float(steps.mean())
        uneven = float(np.abs(steps - mean).max()) > 0.01 * mean
        if said.frame_interval_min and abs(mean / said.frame_interval_min - 1) > 0.05:
            return mean, times, [
                f"The file declares {said.frame_interval_min:g} min between frames; their time stamps, {mean:.3g} min "
                "on average, were used."
            ]  # fmt: skip
        return mean, times if uneven else (), []
    if said.frame_interval_min is None:
        raise DataError(_ask_interval(planes))
    return said.frame_interval_min, (), []


def _ask_interval(planes: Planes) -> str:
    """Frames without a time may be something else."""
    axes, source = planes.stack.axes, planes.stack.source
    named = "".join(a for a, n in zip(axes, planes.stack.shape, strict=True) if n > 1 or a in "YX")
    text = (
        f"{source} has {planes.frames} frames and does not say the time between them. "
        "Give it, for example --frame-interval 8min."
    )
    if planes.channels == 1 and planes.depth == 1:
        text += (
            f" If they are no frames: --axes {named.replace('T', 'Z')} (planes along z)"
            f" or --axes {named.replace('T', 'C')} (channels)."
        )
    return text


def _names(planes: Planes) -> tuple[str, ...]:
    said = planes.stack.facts.channels
    if planes.names:
        return planes.names
    if len(said) == planes.channels:
        return said
    return tuple(f"channel{n}" for n in range(planes.channels))


def _grey_step(planes: Planes, projection: str | int, spread: float) -> float:
    if planes.stack.dtype.kind in "uib":
        return 1.0 / planes.depth if projection == "mean" else 1.0
    return max(spread / 65536.0, 1e-12)
