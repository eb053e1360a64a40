"""OME-Zarr 0.4 and 0.5 (and older): the full resolution of a multiscale image, chunk by chunk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from migralab.core.errors import DataError
from migralab.imaging.reading.stack import Facts, Stack, first_line
from migralab.imaging.reading.units import as_number, length_um, time_min

_OLD_AXES = "tczyx"  # of versions 0.1 and 0.2, which do not name them


def is_zarr(path: Path) -> bool:
    """Return whether a path looks like a Zarr store: a folder with its metadata, or a zip of one."""
    if path.is_dir():
        return any((path / name).is_file() for name in (".zgroup", ".zattrs", ".zarray", "zarr.json"))
    return path.suffix.lower() in {".ozx", ".zip"}


def open_ome_zarr(path: Path) -> Stack:
    """Open an OME-Zarr image; no pixels are read.

    Raises
    ------
    DataError
        If it is damaged, a plate, or without multiscales metadata.
    """
    try:
        group, notes = _find_image(path)
        scales = _metadata(group)["multiscales"]
        notes += [f"The store holds {len(scales)} images; the first was read."] if len(scales) > 1 else []
        array = group[str(scales[0]["datasets"][0]["path"])]
        shape, dtype = tuple(int(n) for n in array.shape), np.dtype(array.dtype)
        axes, facts = _read_facts(_metadata(group), scales[0], len(shape), tuple(notes))
    except DataError as error:
        raise DataError(f"{path.name}: {error}") from None
    except Exception as error:  # noqa: BLE001 - a damaged store raises many kinds, all meaning the same to the user
        raise DataError(f"{path.name} cannot be read; it is damaged or no OME-Zarr ({_say(error)}).") from None
    trailing = sum(a in "YX" for a in axes[-2:])

    def fetch(index: tuple[int, ...]) -> NDArray[Any]:
        return np.asarray(array[(*index, *(slice(None),) * (len(shape) - len(index)))])

    return Stack(
        source=path.name,
        axes=axes,
        shape=shape,
        leading=len(shape) - trailing,
        fetch=fetch,
        dtype=dtype,
        facts=facts,
    )


def _say(error: Exception) -> str:
    if isinstance(error, (KeyError, IndexError)):
        return f"{first_line(error)} is missing"
    return first_line(error)


def _find_image(path: Path) -> tuple[Any, list[str]]:
    """Open the group that holds the image; the first one in a store that bioformats2raw made."""
    import zarr

    store: Any = zarr.storage.ZipStore(path, mode="r") if path.is_file() else path
    group = zarr.open(store, mode="r")
    if not isinstance(group, zarr.Group):
        raise DataError("this is a bare Zarr array, without its scale. Give the OME-Zarr folder above it.")
    known = _metadata(group)
    if "plate" in known or "well" in known:
        inner = "row/column/field, such as A/1/0" if "plate" in known else "field, such as 0"
        raise DataError(f"this is a {'plate' if 'plate' in known else 'well'}. Give one image in it: {inner}.")
    if "multiscales" not in known and "bioformats2raw.layout" in known:
        return group["0"], ["The first image of the store was read."]
    if "multiscales" not in known:
        raise DataError("there are no OME-Zarr metadata (multiscales). Was it written by another program?")
    return group, []


def _metadata(group: Any) -> Mapping[str, Any]:
    """Attributes where version 0.4 keeps them, or 0.5."""
    attributes = dict(group.attrs)
    inner = attributes.get("ome")
    return inner if isinstance(inner, Mapping) else attributes


def _read_facts(
    known: Mapping[str, Any], scale: Mapping[str, Any], dims: int, notes: tuple[str, ...]
) -> tuple[str, Facts]:
    named = scale.get("axes") or list(_OLD_AXES[-dims:] if dims != 5 else _OLD_AXES)
    listed = [a if isinstance(a, Mapping) else {"name": a} for a in named]
    axes = "".join(_letter(a) for a in listed)
    if len(axes) != dims:
        raise DataError(f"its metadata name {len(axes)} axes and the array has {dims}")
    size = _sizes(scale, dims)
    place = {letter: n for n, letter in enumerate(axes)}

    def step(letter: str, convert: Any) -> float | None:
        if letter not in place or size is None:
            return None
        unit = convert(str(listed[place[letter]].get("unit", "")))
        value = as_number(size[place[letter]])
        return value * unit if unit is not None and value is not None else None

    x, y = step("X", length_um), step("Y", length_um)
    if x is not None and y is not None and abs(x / y - 1) > 0.01:
        raise DataError(f"pixels are not square ({x:g} by {y:g} um); resample the image first")
    channels = known.get("omero", {}).get("channels", [])
    return axes, Facts(
        pixel_size_um=x if x is not None else y,
        z_step_um=step("Z", length_um),
        frame_interval_min=step("T", time_min),
        channels=tuple(str(c.get("label") or f"channel{n}") for n, c in enumerate(channels)),
        hint="" if x or size is None else "Its axes x and y carry no unit of length.",
        notes=notes,
    )


def _letter(axis: Mapping[str, Any]) -> str:
    name, kind = str(axis.get("name", "")).upper(), axis.get("type")
    return {"time": "T", "channel": "C"}.get(str(kind), name[:1] or "Q")


def _sizes(scale: Mapping[str, Any], dims: int) -> list[float] | None:
    """Scale of the full resolution: that of the dataset times that of the whole; None where none is given."""
    steps: Sequence[Mapping[str, Any]] = (
        *(scale["datasets"][0].get("coordinateTransformations") or ()),
        *(scale.get("coordinateTransformations") or ()),
    )
    scales = [s["scale"] for s in steps if s.get("type") == "scale"]
    if not scales or any(len(s) != dims for s in scales):
        return None
    return [float(n) for n in np.prod(np.array(scales, float), axis=0)]
