"""Read micrographs: OME-TIFF, ImageJ TIFF, plain TIFF, PNG and JPEG. What a file does not say is asked for."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from migralab.core.errors import DataError
from migralab.imaging.datasets import find_mask

_TO_UM = {
    "m": 1e6, "cm": 1e4, "mm": 1e3, "um": 1.0, "micron": 1.0, "microns": 1.0, "micrometer": 1.0,
    "micrometre": 1.0, "nm": 1e-3, "nanometer": 1e-3, "pm": 1e-6, "inch": 25400.0, "in": 25400.0,
}  # fmt: skip
_TO_MIN = {"ms": 1 / 60000.0, "s": 1 / 60.0, "sec": 1 / 60.0, "min": 1.0, "h": 60.0, "hour": 60.0}
_COLOURS = ("red", "green", "blue")
_SATURATED_SHARE = 0.001


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
    """

    pixels: NDArray[np.float32]
    pixel_size_um: float
    frame_interval_min: float | None
    channels: tuple[str, ...]
    source: str
    masked: NDArray[np.bool_]
    grey_step: float = 1.0
    notes: tuple[str, ...] = ()

    def time_min(self, frame: int) -> float:
        """Return the time of a frame since the first, min."""
        return frame * (self.frame_interval_min or 0.0)

    def filled(self, frame: int, channel: int) -> NDArray[np.float32]:
        """Return one plane with masked places filled from their surroundings, so that masks have no outline."""
        plane = np.asarray(self.pixels[frame, channel], np.float32)
        if not self.masked.any() or self.masked.all():
            return plane
        nearest = ndimage.distance_transform_edt(self.masked, return_distances=False, return_indices=True)
        return np.asarray(plane[tuple(nearest)], np.float32)

    def check_channel(self, channel: int) -> None:
        """Raise DataError unless the image has this channel."""
        if not 0 <= channel < len(self.channels):
            raise DataError(
                f"{self.source} has no channel {channel}. It has {len(self.channels)}: "
                + ", ".join(f"{n} ({name})" for n, name in enumerate(self.channels))
            )


@dataclass(slots=True, kw_only=True)
class _Raw:
    """What a file says."""

    pixels: NDArray[Any]
    pixel_size_um: float | None = None
    frame_interval_min: float | None = None
    channels: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def read_micrograph(
    path: str | Path,
    *,
    pixel_size: float | None = None,
    frame_interval: float | None = None,
    colour: str | None = None,
) -> Micrograph:
    """Read an image file.

    Parameters
    ----------
    path
        OME-TIFF, ImageJ TIFF, plain TIFF, PNG or JPEG.
    pixel_size
        Size of a pixel, um; needed where the file does not give it, and used instead of the file's otherwise.
    frame_interval
        Time between frames, min; likewise.
    colour
        ``red``, ``green`` or ``blue``: the channel of a colour picture; by default the one that varies most.

    Raises
    ------
    DataError
        If the file is missing, damaged, of an unknown kind, empty, or does not say its scale.
    """
    file = Path(path)
    if not file.is_file():
        raise DataError(f"There is no image file '{file}'.")
    kind = file.suffix.lower()
    if kind in {".tif", ".tiff"}:
        raw = _read_tiff(file, colour)
    elif kind in {".png", ".jpg", ".jpeg"}:
        raw = _read_picture(file, colour)
    else:
        raise DataError(f"{file.name}: '{kind}' is not read. Allowed: .tif, .tiff (OME, ImageJ), .png, .jpg.")
    size = pixel_size if pixel_size is not None else raw.pixel_size_um
    if size is None:
        raise DataError(
            f"{file.name} does not say its pixel size, and no length can be measured without it. "
            "Give it, for example --pixel-size 0.1um (from the microscope's settings or the scale bar)."
        )
    if not (np.isfinite(size) and 0 < size < 1000):
        raise DataError(f"{file.name}: a pixel size of {size:g} um makes no sense. Give it with --pixel-size 0.1um.")
    interval = frame_interval if frame_interval is not None else raw.frame_interval_min
    if raw.pixels.shape[0] > 1 and not interval:
        raise DataError(
            f"{file.name} has {raw.pixels.shape[0]} frames and does not say the time between them. "
            "Give it, for example --frame-interval 8min."
        )
    masked = find_mask(file, raw.pixels.shape[2:])
    micrograph = Micrograph(
        pixels=np.ascontiguousarray(raw.pixels, np.float32),
        pixel_size_um=float(size),
        frame_interval_min=interval,
        channels=raw.channels or tuple(f"channel{n}" for n in range(raw.pixels.shape[1])),
        source=file.name,
        masked=masked,
        grey_step=_grey_step(raw.pixels),
        notes=raw.notes,
    )
    return _check_light(micrograph)


def _grey_step(pixels: NDArray[Any]) -> float:
    if np.issubdtype(pixels.dtype, np.integer):
        return 1.0
    spread = float(pixels.max() - pixels.min())
    return max(spread / 65536.0, 1e-12)


def _check_light(micrograph: Micrograph) -> Micrograph:
    """Refuse an image without contrast; note saturation and pixels that are not numbers."""
    seen = micrograph.pixels[:, :, ~micrograph.masked]
    if seen.size == 0:
        raise DataError(f"{micrograph.source}: the mask leaves nothing of the image.")
    if not np.isfinite(seen).all():
        raise DataError(f"{micrograph.source} has pixels that are not finite numbers. Save it again without NaN.")
    low, high = float(seen.min()), float(seen.max())
    if low == high:
        what = "empty" if low <= 0 else "saturated or empty"
        raise DataError(
            f"{micrograph.source} is {what}: every pixel has the value {low:g}. Check the file and channel."
        )
    share = float((seen >= high).mean())
    if share > _SATURATED_SHARE:
        note = f"{share:.1%} of the pixels have the highest value: saturated, intensities there are too low."
        return replace(micrograph, notes=(*micrograph.notes, note))
    return micrograph


def _read_picture(file: Path, colour: str | None) -> _Raw:
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(file) as picture:
            mode = picture.mode
            data = np.asarray(picture if mode in {"L", "I;16", "I", "F"} else picture.convert("RGB"))
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise DataError(f"{file.name} cannot be read; it is damaged or no picture ({error}).") from None
    if data.ndim == 2:
        return _Raw(pixels=data[None, None], channels=("grey",))
    plane, name, note = _choose_colour(data, colour)
    return _Raw(pixels=plane[None, None], channels=(name,), notes=note)


def _choose_colour(picture: NDArray[Any], colour: str | None) -> tuple[NDArray[Any], str, tuple[str, ...]]:
    """One channel of a colour picture (y, x, 3), its name, and a note that says so."""
    if colour is not None and colour not in _COLOURS:
        raise DataError(f"'{colour}' is not a channel of a colour picture. Allowed: {', '.join(_COLOURS)}.")
    if (picture[..., 0] == picture[..., 1]).all() and (picture[..., 1] == picture[..., 2]).all():
        return picture[..., 0], "grey", ()
    spread = picture.reshape(-1, picture.shape[-1])[:, :3].astype(np.float64).std(axis=0)
    chosen = _COLOURS.index(colour) if colour else int(np.argmax(spread))
    name = _COLOURS[chosen]
    note = f"Colour picture: the {name} channel was measured ({'as asked' if colour else 'it varies most'})."
    others = [c for n, c in enumerate(_COLOURS) if n != chosen and spread[n] > 0.5 * spread[chosen]]
    if others and not colour:
        note += (
            f" Other colours carry signal too ({', '.join(others)}): choose with --channel if they are other labels."
        )
    return picture[..., chosen], name, (note,)


def _read_tiff(file: Path, colour: str | None) -> _Raw:
    import tifffile

    try:
        with tifffile.TiffFile(file) as tiff:
            series = tiff.series[0]
            data, axes = series.asarray(), series.axes
            expected = int(np.prod(series.shape))
            meta = _tiff_scale(tiff)
    except Exception as error:  # noqa: BLE001 - a damaged TIFF raises many kinds, all meaning the same to the user
        raise DataError(f"{file.name} cannot be read; it is truncated or damaged ({_first_line(error)}).") from None
    if data.size != expected or data.size == 0:
        raise DataError(f"{file.name} is truncated: it should hold {expected} pixels and holds {data.size}.")
    pixels, names, notes = _order_axes(data, axes, colour, file.name)
    size, interval, channels, more = meta
    named = channels if len(channels) == pixels.shape[1] else names
    return _Raw(pixels=pixels, pixel_size_um=size, frame_interval_min=interval, channels=named, notes=(*notes, *more))


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:120]


def _order_axes(
    data: NDArray[Any], axes: str, colour: str | None, source: str
) -> tuple[NDArray[Any], tuple[str, ...], tuple[str, ...]]:
    """Bring any order of axes to (frame, channel, y, x)."""
    notes: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    if "S" in axes:
        data = np.moveaxis(data, axes.index("S"), -1)
        axes = axes.replace("S", "")
        if data.shape[-1] >= 3:
            data, name, notes = _choose_colour(data, colour)
            names = (name,)
        else:
            data = data[..., 0]
    # pages that no metadata explains are taken for frames
    axes = "".join("T" if axis in "IQR" and "T" not in axes else axis for axis in axes)
    if not {"Y", "X"} <= set(axes):
        raise DataError(f"{source} is not an image of y and x (its axes are '{axes}').")
    for axis in [a for a in axes if a not in "TCZYX"]:
        data, axes = data.take(0, axis=axes.index(axis)), axes.replace(axis, "")
        notes += (f"Only the first of axis '{axis}' was read.",)
    if "Z" in axes:
        if data.shape[axes.index("Z")] > 1:
            notes += (f"Greatest of {data.shape[axes.index('Z')]} planes along z (maximum projection).",)
        data, axes = data.max(axis=axes.index("Z")), axes.replace("Z", "")
    for axis in "CT":
        if axis not in axes:
            data, axes = data[None], axis + axes
    return np.transpose(data, [axes.index(a) for a in "TCYX"]), names, notes


def _tiff_scale(tiff: Any) -> tuple[float | None, float | None, tuple[str, ...], tuple[str, ...]]:
    """Pixel size, frame interval, channel names and notes from the metadata of a TIFF."""
    if tiff.is_ome:
        return _ome_scale(tiff.ome_metadata)
    if tiff.is_imagej:
        return _imagej_scale(tiff)
    # the resolution of a plain TIFF is a printer's more often than a microscope's
    return None, None, (), ()


def _length_um(unit: str) -> float | None:
    return _TO_UM.get(unit.strip().replace("\\u00B5", "u").replace("µ", "u").replace("μ", "u").lower())


def _ome_scale(text: str) -> tuple[float | None, float | None, tuple[str, ...], tuple[str, ...]]:
    from xml.etree import ElementTree as ET

    root = ET.fromstring(text)
    pixels = next((e for e in root.iter() if e.tag.endswith("}Pixels") or e.tag == "Pixels"), None)
    if pixels is None:
        return None, None, (), ()
    sizes = []
    for axis in "XY":
        factor = _length_um(pixels.get(f"PhysicalSize{axis}Unit", "um"))
        value = pixels.get(f"PhysicalSize{axis}")
        sizes.append(float(value) * factor if value is not None and factor is not None else None)
    interval = pixels.get("TimeIncrement")
    scale = _TO_MIN.get(pixels.get("TimeIncrementUnit", "s"))
    names = tuple(e.get("Name") or f"channel{n}" for n, e in enumerate(e for e in pixels if e.tag.endswith("Channel")))
    size = sizes[0] if sizes[0] is not None else sizes[1]
    return _square(size, sizes[1]), float(interval) * scale if interval and scale else None, names, ()


def _square(x: float | None, y: float | None) -> float | None:
    if x is not None and y is not None and abs(x / y - 1) > 0.01:
        raise DataError(f"pixels are not square ({x:g} by {y:g} um); resample the image first")
    return x


def _imagej_scale(tiff: Any) -> tuple[float | None, float | None, tuple[str, ...], tuple[str, ...]]:
    meta = tiff.imagej_metadata or {}
    factor = _length_um(str(meta.get("unit", "")))
    sizes: list[float | None] = []
    for tag in ("XResolution", "YResolution"):
        found = tiff.pages[0].tags.get(tag)
        number, parts = found.value if found is not None else (0, 1)
        sizes.append(parts / number * factor if number and factor is not None else None)
    labels = meta.get("Labels") or []
    names = tuple(re.sub(r"\s+", " ", str(label)) for label in labels)
    interval = meta.get("finterval")
    scale = _TO_MIN.get(str(meta.get("tunit", "s")).strip() or "s", 1 / 60.0)
    return _square(sizes[0], sizes[1]), float(interval) * scale if interval else None, names, ()
