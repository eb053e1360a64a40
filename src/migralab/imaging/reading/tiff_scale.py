"""What the metadata of OME-TIFF and ImageJ TIFF say: pixel size, times, names; and what a plain tag hints at."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

from migralab.core.errors import DataError
from migralab.imaging.reading.stack import Facts
from migralab.imaging.reading.units import as_number, length_um, time_min

_INCH, _CENTIMETRE = 2, 3
_MICROSCOPE_UM = (0.02, 5.0)  # a resolution tag that gives less or more is a printer's


def read_facts(tiff: Any) -> Facts:
    """Return what an open `tifffile.TiffFile` says of its scale."""
    if tiff.is_ome:
        return ome_facts(tiff.ome_metadata or "")
    if tiff.is_imagej:
        return _imagej_facts(tiff)
    # the resolution of a plain TIFF is a printer's more often than a microscope's: a hint, never used unasked
    return Facts(hint=_resolution_hint(tiff))


def ome_facts(text: str) -> Facts:
    """Return what OME-XML says of its first image.

    Raises
    ------
    DataError
        If the XML is damaged, or pixels are not square.
    """
    from xml.etree import ElementTree as ET

    try:
        root = ET.fromstring(text)
    except ET.ParseError as error:
        raise DataError(f"its OME metadata are damaged ({error})") from None
    images = [e for e in root.iter() if _tag(e) == "Image"]
    pixels = next((e for e in root.iter() if _tag(e) == "Pixels"), None)
    if pixels is None:
        return Facts()
    size = {axis: _ome_length(pixels, f"PhysicalSize{axis}") for axis in "XYZ"}
    step, unit = as_number(pixels.get("TimeIncrement")), time_min(pixels.get("TimeIncrementUnit", "s"))
    notes = (f"The file holds {len(images)} images; the first was read.",) if len(images) > 1 else ()
    names = [e.get("Name") or f"channel{n}" for n, e in enumerate(e for e in pixels if _tag(e) == "Channel")]
    return Facts(
        pixel_size_um=_square(size["X"] if size["X"] is not None else size["Y"], size["Y"]),
        z_step_um=size["Z"],
        frame_interval_min=step * unit if step and unit else None,
        times_min=_ome_times(pixels),
        channels=tuple(names),
        notes=notes,
    )


def _tag(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]


def _ome_length(pixels: Any, name: str) -> float | None:
    value, unit = as_number(pixels.get(name)), length_um(pixels.get(f"{name}Unit", "um"))
    return value * unit if value is not None and unit is not None else None


def _ome_times(pixels: Any) -> tuple[float, ...]:
    """Stamps of the frames (first channel and z) since the first, min; empty unless each has one and they rise."""
    stamps: dict[int, float] = {}
    for plane in pixels:
        unit = time_min(plane.get("DeltaTUnit", "s"))
        if _tag(plane) == "Plane" and unit and (plane.get("TheC", "0"), plane.get("TheZ", "0")) == ("0", "0"):
            try:
                stamps[int(plane.get("TheT", "0"))] = float(plane.get("DeltaT", "nan")) * unit
            except ValueError:
                return ()
    frames = as_number(pixels.get("SizeT", "1"))
    if frames != len(stamps) or sorted(stamps) != list(range(len(stamps))):
        return ()
    times = [stamps[frame] for frame in sorted(stamps)]
    rising = len(times) > 1 and all(later > earlier for earlier, later in pairwise(times))
    return tuple(t - times[0] for t in times) if rising else ()


def _square(x: float | None, y: float | None) -> float | None:
    if x is not None and y is not None and abs(x / y - 1) > 0.01:
        raise DataError(f"pixels are not square ({x:g} by {y:g} um); resample the image first")
    return x


def _imagej_facts(tiff: Any) -> Facts:
    meta = tiff.imagej_metadata or {}
    word = str(meta.get("unit", ""))
    factor = length_um(word)
    x, y = (_resolution(tiff, tag) for tag in ("XResolution", "YResolution"))
    size = _square(factor / x if factor and x else None, factor / y if factor and y else None)
    spacing = as_number(meta.get("spacing"))
    interval = as_number(meta.get("finterval"))
    unit = time_min(str(meta.get("tunit", "")) or "s") or 1 / 60.0
    labels = meta.get("Labels") or []
    labels = [labels] if isinstance(labels, str) else labels
    hint = "" if word else _resolution_hint(tiff)
    if word and size is None:
        hint = f"Its ImageJ unit is '{word}': set it in Image > Properties, or"
    return Facts(
        pixel_size_um=size,
        z_step_um=spacing * factor if spacing and factor else None,
        frame_interval_min=interval * unit if interval else None,
        channels=tuple(re.sub(r"\s+", " ", str(label)).strip() for label in labels),
        hint=hint,
    )


def _resolution(tiff: Any, name: str) -> float | None:
    """Pixels for each unit, from a tag that holds a fraction."""
    found = tiff.pages[0].tags.get(name)
    try:
        number, parts = found.value
        return as_number(number / parts)
    except (AttributeError, TypeError, ValueError, ZeroDivisionError):
        return None


def _resolution_hint(tiff: Any) -> str:
    tag, x = tiff.pages[0].tags.get("ResolutionUnit"), _resolution(tiff, "XResolution")
    um = {_INCH: 25400.0, _CENTIMETRE: 1e4}.get(int(tag.value)) if tag is not None else None
    low, high = _MICROSCOPE_UM
    if um is None or x is None or not low <= um / x <= high:
        return ""
    return f"Its resolution tag would mean {um / x:.4g} um a pixel, which may be right."
