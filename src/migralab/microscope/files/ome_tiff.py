"""OME-TIFF: pixels with their scale, times, channels and instrument; and label images in the same form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from migralab.microscope.files.labels import LAYERS, label_images, label_type
from migralab.microscope.files.metadata import WARNING, even_interval, z_step
from migralab.microscope.image_run import ImagedDish

_MODES = {  # words of the OME schema
    "confocal": "LaserScanningConfocalMicroscopy",
    "dim": "LaserScanningConfocalMicroscopy",
    "spinning-disk": "SpinningDiskConfocal",
    "widefield": "WideField",
    "high-content": "WideField",
    "light-sheet": "SPIM",
}


def write_ome_tiff(dish: ImagedDish, path: Path) -> None:
    """Write TCYX, or TZCYX for stacks, compressed without loss."""
    first = dish.micrographs[0]
    pixels = np.stack([micrograph.pixels for micrograph in dish.micrographs])
    planes = max(len(first.z_um), 1)
    metadata = _scale(dish) | {
        "axes": "TZCYX" if first.z_um else "TCYX",
        "Name": f"{dish.experiment} {dish.condition}".strip(),
        "Channel": _channels(dish),
        "Description": f"{WARNING} Microscope: {dish.microscope.name} ({dish.microscope.source}).",
        "SignificantBits": dish.microscope.bits,
    }
    times = [shot.time_min for shot in dish.micrographs for _ in range(planes * len(first.channels))]
    metadata["Plane"] = {"DeltaT": times, "DeltaTUnit": ["min"] * len(times)}
    if first.z_um:
        heights = [z for _ in dish.micrographs for z in first.z_um for _ in first.channels]
        metadata["Plane"] |= {"PositionZ": heights, "PositionZUnit": ["µm"] * len(heights)}
    _save(path, pixels, metadata)


def write_label_tiff(dish: ImagedDish, path: Path) -> None:
    """Write label images as TCYX with the layers as channels, one plane at a time."""
    metadata = _scale(dish) | {
        "axes": "TCYX",
        "Channel": {"Name": list(LAYERS)},
        "Description": "Truth: each pixel holds the id of its object plus 1; 0 is ground.",
    }
    shape = (len(dish.scenes), len(LAYERS), *dish.micrographs[0].pixels.shape[-2:])
    planes = (plane for frame in label_images(dish) for plane in frame)
    _save(path, planes, metadata, shape=shape, dtype=label_type(dish))


def _channels(dish: ImagedDish) -> dict[str, list[str]]:
    """Return names, stains, and the way of looking where the standard has a word for it."""
    names = list(dish.micrographs[0].channels)
    mode = _MODES.get(dish.microscope.name.split()[0], "Other")
    return {"Name": names, "Fluor": names, "AcquisitionMode": [mode] * len(names)}


def _scale(dish: ImagedDish) -> dict[str, Any]:
    metadata: dict[str, Any] = {
        "PhysicalSizeX": dish.microscope.pixel_um,
        "PhysicalSizeXUnit": "µm",
        "PhysicalSizeY": dish.microscope.pixel_um,
        "PhysicalSizeYUnit": "µm",
    }
    if (step := z_step(dish)) is not None:
        metadata |= {"PhysicalSizeZ": abs(step), "PhysicalSizeZUnit": "µm"}
    if (interval := even_interval(dish)) is not None:  # uneven frames keep their times per plane
        metadata |= {"TimeIncrement": interval, "TimeIncrementUnit": "min"}
    return metadata


def _save(path: Path, pixels: Any, metadata: dict[str, Any], **form: Any) -> None:
    import tifffile

    tifffile.imwrite(path, pixels, ome=True, photometric="minisblack", metadata=metadata, compression="zlib", **form)
