"""Fields of a run: what a substance does on a grid, frame by frame; in memory and as ``fields.zarr``.

The store is Zarr format 3 with named dimensions, coordinates of the voxel centres and units, so that
``xarray.open_zarr("my-run/fields.zarr")`` shows it whole. A chunk is one frame: who wants one reads one.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from migralab.core.errors import DataError

FIELDS = "fields.zarr"
MAKERS = ("signals.diffusing", "signals.matrix-bound")
"""Mechanisms that make fields, for messages."""

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_AXES = ("z", "y", "x")


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSeries:
    """One field of a run over its recorded frames.

    Parameters
    ----------
    name
        For example ``"cue"`` or ``"cue_bound"``.
    unit
        ``"nM"`` for concentrations, ``"1/um^2"`` for molecules bound per area.
    values
        (frames, y, x) for a layer, (frames, z, y, x) for a box.
    spacing_um
        Edges of a voxel along (y, x) or (z, y, x), um.
    origin_um
        Lower corner of the first voxel, in the same order, um.
    depth_um
        Height of the layer, um; None in a box.
    meaning
        One line for people.
    obstacle
        Voxels that hold no fluid; shape of `values` without frames.

    Raises
    ------
    ValueError
        If shapes do not belong together.
    """

    name: str
    unit: str
    values: NDArray[np.float32]
    spacing_um: tuple[float, ...]
    origin_um: tuple[float, ...]
    depth_um: float | None
    meaning: str
    obstacle: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        axes = self.values.ndim - 1
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"field name '{self.name}': small letters, digits and _ are allowed, a letter first.")
        if axes not in (2, 3) or len(self.spacing_um) != axes or len(self.origin_um) != axes:
            raise ValueError(
                f"field '{self.name}' has values of shape {self.values.shape}, {len(self.spacing_um)} spacings and "
                f"{len(self.origin_um)} origins; wanted (frames, y, x) with 2 or (frames, z, y, x) with 3 of each."
            )
        if not min(self.spacing_um) > 0:
            raise ValueError(f"field '{self.name}' has a spacing of {min(self.spacing_um)} um; above 0 is allowed.")
        if (self.depth_um is None) != (axes == 3):
            raise ValueError(f"field '{self.name}': a layer has a depth_um and a box has none, got {self.depth_um}.")
        if self.obstacle is not None and self.obstacle.shape != self.values.shape[1:]:
            raise ValueError(
                f"field '{self.name}' has obstacles of shape {self.obstacle.shape} in voxels {self.values.shape[1:]}."
            )

    @property
    def axes(self) -> tuple[str, ...]:
        """Axes of space in the order of `values`: ``("y", "x")`` or ``("z", "y", "x")``."""
        return _AXES[-len(self.spacing_um) :]

    @property
    def grid(self) -> tuple[Any, ...]:
        """What two fields must share to lie voxel on voxel: shape, spacing, origin and depth."""
        return self.values.shape[1:], self.spacing_um, self.origin_um, self.depth_um

    def centres(self, axis: str) -> NDArray[np.float64]:
        """Return the centres of the voxels along one axis, um."""
        place = self.axes.index(axis)
        count = self.values.shape[1 + place]
        return np.asarray(self.origin_um[place] + self.spacing_um[place] * (np.arange(count) + 0.5), np.float64)

    def pick(self, frames: Sequence[int]) -> FieldSeries:
        """Return the field in some of its frames."""
        return FieldSeries(
            name=self.name, unit=self.unit, values=self.values[list(frames)], spacing_um=self.spacing_um,
            origin_um=self.origin_um, depth_um=self.depth_um, meaning=self.meaning, obstacle=self.obstacle,
        )  # fmt: skip


class StoredFields(Mapping[str, FieldSeries]):
    """Fields of a run on disk by name; the values of one are read when it is asked for, and kept.

    Parameters
    ----------
    path
        The ``fields.zarr``.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._names: tuple[str, ...] | None = None
        self._read: dict[str, FieldSeries] = {}

    def __getitem__(self, name: str) -> FieldSeries:
        if name not in self._known():
            raise KeyError(name)
        if name not in self._read:
            self._read[name] = _read_field(self._path, name)
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known())

    def __len__(self) -> int:
        return len(self._known())

    def _known(self) -> tuple[str, ...]:
        if self._names is None:
            self._names = _read_names(self._path)
        return self._names


def write_fields(
    fields: Mapping[str, FieldSeries],
    frames_min: Sequence[float],
    path: Path,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Write fields as a Zarr store; the caller sees to it that the store appears whole.

    Parameters
    ----------
    frames_min
        Time of each frame, min.
    progress
        Told frames done and frames in all, over all fields.

    Raises
    ------
    ValueError
        If a field is filed under another name, or has not one frame per time.
    """
    import zarr

    for key, field in fields.items():
        if key != field.name:
            raise ValueError(f"field '{field.name}' is filed under '{key}'.")
        if len(field.values) != len(frames_min):
            raise ValueError(f"field '{key}' has {len(field.values)} frames for {len(frames_min)} times.")
    group = zarr.create_group(path, attributes={"fields": list(fields)})
    times = np.asarray(frames_min, np.float64)
    _add(group, "time_min", times, ("time_min",), {"units": "min", "long_name": "time since the start"})
    taken: dict[str, NDArray[np.float64]] = {}
    done, total = 0, len(fields) * len(times)
    for field in fields.values():
        names = tuple(_axis(group, taken, field, axis) for axis in field.axes)
        array = group.create_array(
            field.name, shape=field.values.shape, dtype="float32", chunks=(1, *field.values.shape[1:]),
            # A chunk that got lost must read as missing and not as zero
            fill_value=float("nan"), dimension_names=("time_min", *names), attributes=_attributes(field),
        )  # fmt: skip
        for frame in range(len(times)):
            array[frame] = field.values[frame]
            done += 1
            if progress is not None:
                progress(done, total)
        if field.obstacle is not None:
            said = {"long_name": f"voxels without fluid, of {field.name}"}
            _add(group, _obstacle(field.name), np.asarray(field.obstacle, np.bool_), names, said)
    with warnings.catch_warnings():
        # One read opens the store; that this is not yet in the text of the Zarr 3 standard hurts no reader
        warnings.filterwarnings("ignore", message="Consolidated metadata is currently not part")
        zarr.consolidate_metadata(path)


def _axis(group: Any, taken: dict[str, NDArray[np.float64]], field: FieldSeries, axis: str) -> str:
    """Return the dimension of one axis; fields on one grid share it, another grid gets its own name."""
    centres = field.centres(axis)
    for name in (f"{axis}_um", f"{axis}_um_of_{field.name}"):
        if name not in taken:
            taken[name] = centres
            _add(group, name, centres, (name,), {"units": "um", "long_name": f"{axis} of voxel centres"})
            return name
        if np.array_equal(taken[name], centres):
            return name
    raise ValueError(f"two fields are called '{field.name}'.")


def _add(group: Any, name: str, values: NDArray[Any], dimensions: tuple[str, ...], said: dict[str, str]) -> None:
    group.create_array(name, data=values, dimension_names=dimensions, attributes=said)


def _attributes(field: FieldSeries) -> dict[str, Any]:
    said: dict[str, Any] = {"units": field.unit, "long_name": field.meaning}
    said |= {"spacing_um": list(map(float, field.spacing_um)), "origin_um": list(map(float, field.origin_um))}
    return said if field.depth_um is None else said | {"depth_um": float(field.depth_um)}


def _obstacle(name: str) -> str:
    return f"{name}_obstacle"


def _open(path: Path) -> Any:  # a zarr group
    import zarr

    try:
        return zarr.open_group(path, mode="r")
    except (OSError, ValueError, KeyError) as error:
        raise DataError(
            f"{path} is damaged: it cannot be read as a Zarr store ({error}). Make the run again."
        ) from None


def _read_names(path: Path) -> tuple[str, ...]:
    return tuple(_open(path).attrs.get("fields", ()))


def _read_field(path: Path, name: str) -> FieldSeries:
    group = _open(path)
    try:
        array = group[name]
        said = dict(array.attrs)
        values = np.asarray(array[...], np.float32)
        obstacle = np.asarray(group[_obstacle(name)][...], np.bool_) if _obstacle(name) in group else None
        return FieldSeries(
            name=name, unit=said["units"], values=values, spacing_um=tuple(said["spacing_um"]),
            origin_um=tuple(said["origin_um"]), depth_um=said.get("depth_um"), meaning=said["long_name"],
            obstacle=obstacle,
        )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise DataError(f"{path}: the field '{name}' is damaged ({error}). Make the run again.") from None
