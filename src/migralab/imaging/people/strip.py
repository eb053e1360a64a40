"""Copies of images without what names them: pixels, scale and channel names, nothing else."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
from numpy.typing import NDArray

from migralab.core.errors import DataError
from migralab.imaging.people.marks import find_length_unit

_KEPT = (
    "PhysicalSizeX", "PhysicalSizeXUnit", "PhysicalSizeY", "PhysicalSizeYUnit", "PhysicalSizeZ", "PhysicalSizeZUnit",
    "TimeIncrement", "TimeIncrementUnit",
)  # fmt: skip
_PICTURES = {".png", ".jpg", ".jpeg"}
_TIFFS = {".tif", ".tiff"}
_BIG = 2**32 - 2**25  # bytes beyond which a TIFF needs long offsets


def ending_without_name(file: Path) -> str:
    """Return the ending that the copy gets; the same for every TIFF, so that the kind of file tells nothing.

    Raises
    ------
    DataError
        If the file is of a kind that cannot be hidden.
    """
    kind = file.suffix.lower()
    if kind == ".zarr":
        return ".ome.zarr"
    if kind in _TIFFS:
        return ".ome.tif"
    if kind in _PICTURES:
        return ".png"
    raise DataError(f"{file.name}: '{kind}' cannot be hidden. Allowed: .tif, .tiff, .png, .jpg, .ome.zarr.")


def copy_without_names(file: Path, target: Path) -> None:
    """Write the pixels of an image to `target` with nothing that names it.

    Raises
    ------
    DataError
        If the file is damaged.
    """
    try:
        if file.suffix.lower() == ".zarr":
            _copy_zarr(file, target)
        elif file.suffix.lower() in _TIFFS:
            _copy_tiff(file, target)
        else:
            _copy_picture(file, target)
    except DataError:
        raise
    except Exception as error:  # noqa: BLE001 - a damaged file raises many kinds, all meaning the same to the user
        what = (str(error).splitlines() or [type(error).__name__])[0][:120]
        raise DataError(f"{file.name} cannot be read; it is truncated or damaged ({what}).") from None


def _copy_picture(file: Path, target: Path) -> None:
    from PIL import Image

    with Image.open(file) as picture:
        pixels = np.asarray(picture.convert("RGB") if picture.mode in {"P", "CMYK", "RGBA", "YCbCr"} else picture)
    Image.fromarray(pixels).save(target)


def _copy_tiff(file: Path, target: Path) -> None:
    """Write the first series page by page: a stack need not fit into memory."""
    import tifffile

    with tifffile.TiffFile(file) as tiff:
        series = tiff.series[0]
        kept = _ome_scale(tiff.ome_metadata, file) if tiff.is_ome else _imagej_scale(tiff) if tiff.is_imagej else {}
        axes = _known_axes(series.axes)
        colour = axes.endswith("S")
        tifffile.imwrite(
            target,
            _planes(series),
            shape=series.shape,
            dtype=series.dtype,
            ome=True,
            bigtiff=series.nbytes > _BIG,
            photometric="rgb" if colour and series.shape[-1] in {3, 4} else "minisblack",
            compression="zlib",
            metadata={"axes": axes, **kept},
            software=False,
        )


def _known_axes(axes: str) -> str:
    """Return axes that OME knows; pages that nothing explains are frames, as the reader takes them."""
    for axis in "IQR":
        axes = axes.replace(axis, "T" if "T" not in axes else "Z" if "Z" not in axes else "C", 1)
    return axes


def _planes(series: Any) -> Iterator[NDArray[Any]]:
    """Give what `tifffile.imwrite` takes one by one: a plane, or a stack of the last axes that one page holds."""
    for page in series.pages:
        if page is None:  # a plane that was never written
            yield np.zeros(series.keyframe.shape, series.dtype)
            continue
        data = page.asarray()
        colour = series.axes.endswith("S")
        own = data.shape[-3:] if colour else data.shape[-2:]
        yield from data.reshape(-1, *own)


def _ome_scale(text: str | None, file: Path) -> dict[str, Any]:
    root = ET.fromstring(text or "<OME/>")
    pixels = next((element for element in root.iter() if element.tag.rpartition("}")[2] == "Pixels"), None)
    if pixels is None:
        return {}
    kept: dict[str, Any] = {name: pixels.get(name) for name in _KEPT if pixels.get(name) is not None}
    for name in ("PhysicalSizeX", "PhysicalSizeY", "PhysicalSizeZ", "TimeIncrement"):
        if name in kept:
            kept[name] = float(kept[name])
    names = [element.get("Name") for element in pixels if element.tag.rpartition("}")[2] == "Channel"]
    # a channel that carries the name of the file would give it away
    if names and all(names) and not any(file.name.split(".")[0] in str(name) for name in names):
        kept["Channel"] = {"Name": names}
    return kept


def _imagej_scale(tiff: Any) -> dict[str, Any]:
    meta = tiff.imagej_metadata or {}
    factor = find_length_unit(str(meta.get("unit", "")))
    kept: dict[str, Any] = {}
    for axis in "XY":
        tag = tiff.pages[0].tags.get(f"{axis}Resolution")
        number, parts = tag.value if tag is not None else (0, 1)
        if factor is not None and number:
            kept |= {f"PhysicalSize{axis}": parts / number * factor, f"PhysicalSize{axis}Unit": "µm"}
    if factor is not None and meta.get("spacing"):
        kept |= {"PhysicalSizeZ": float(meta["spacing"]) * factor, "PhysicalSizeZUnit": "µm"}
    if meta.get("finterval"):
        unit = str(meta.get("tunit", "s")).strip() or "s"
        kept |= {"TimeIncrement": float(meta["finterval"]), "TimeIncrementUnit": "s" if unit == "sec" else unit}
    return kept


def _copy_zarr(folder: Path, target: Path) -> None:
    """Copy an OME-Zarr; names go from its metadata, chunks stay as they are."""
    if not folder.is_dir():
        raise DataError(f"{folder.name} is no folder, so no OME-Zarr.")
    shutil.copytree(folder, target)
    described = [path for name in (".zattrs", "zarr.json", ".zmetadata") for path in target.rglob(name)]
    for path in described:
        content = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(json.dumps(_without_names(content)), encoding="utf-8")
    for extra in [path for name in ("METADATA.ome.xml", "OME") for path in target.rglob(name)]:
        shutil.rmtree(extra) if extra.is_dir() else extra.unlink(missing_ok=True)


def _without_names(content: Any, inside: str = "") -> Any:
    """Drop names and ids of the image; those of axes, levels and channels (``label``) stay."""
    if isinstance(content, dict):
        dropped = {"name", "id", "description", "source", "created", "creator"} if inside in _NAMED else set()
        return {key: _without_names(value, key) for key, value in content.items() if key not in dropped}
    if isinstance(content, list):
        return [_without_names(value, inside) for value in content]
    return content


_NAMED = {"multiscales", "omero", "attributes", "ome", "plate", "well"}
