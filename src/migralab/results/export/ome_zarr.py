"""Export of fields to OME-Zarr (NGFF 0.5 on Zarr 3): channels are fields, lengths in um, times in min.

Fields on one grid are the channels of one image. Fields on several grids are a series of images, as the
``bioformats2raw`` layout of the same specification has it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from migralab.core.version import VERSION
from migralab.results.export.frame import Progress
from migralab.results.fields import FieldSeries
from migralab.results.run import Run

_NGFF = "0.5"
_COLOURS = ("00FF00", "FF00FF", "00FFFF", "FFFF00", "FF0000", "0000FF", "FFFFFF")
_BRIGHTEST = 99.9  # percentile that a viewer shows white: the voxels at a source would leave the rest black


def write_ome_zarr(run: Run, frames: Sequence[int], path: Path, progress: Progress) -> None:
    """Write the fields of a run as one OME-Zarr store.

    Parameters
    ----------
    path
        Store to write.
    progress
        Told planes done and planes in all; a plane is one frame of one field.
    """
    import zarr

    times = [run.provenance.frames_min[frame] for frame in frames]
    images: dict[tuple[Any, ...], list[FieldSeries]] = {}
    for field in run.fields.values():
        images.setdefault(field.grid, []).append(field)
    steps = _Steps(progress, len(run.fields) * len(frames))
    if len(images) == 1:
        _write_image(zarr.create_group(path), next(iter(images.values())), frames, times, steps)
        return
    root = zarr.create_group(path, attributes={"ome": {"version": _NGFF, "bioformats2raw.layout": 3}})
    names = [str(number) for number in range(len(images))]
    for name, fields in zip(names, images.values(), strict=True):
        _write_image(root.create_group(name), fields, frames, times, steps)
    root.create_group("OME", attributes={"ome": {"version": _NGFF, "series": names}})


class _Steps:
    """Counts planes."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress, self._total, self._done = progress, total, 0

    def next(self) -> None:
        """Count one more."""
        self._done += 1
        self._progress(self._done, self._total)


def _write_image(
    group: Any, fields: Sequence[FieldSeries], frames: Sequence[int], times: Sequence[float], steps: _Steps
) -> None:
    first = fields[0]
    space = first.values.shape[1:]
    array = group.create_array(
        "0", shape=(len(frames), len(fields), *space), dtype="float32", chunks=(1, 1, *space),
        fill_value=float("nan"), dimension_names=("t", "c", *first.axes),
    )  # fmt: skip
    for channel, field in enumerate(fields):
        for number, frame in enumerate(frames):
            array[number, channel] = field.values[frame]
            steps.next()
    group.attrs["ome"] = describe_image(fields, frames, times)
    # The specification knows one time step; the true times stand here
    group.attrs["migralab"] = {
        "version": VERSION, "frames_min": list(times), "units": {field.name: field.unit for field in fields},
        "depth_um": first.depth_um,
    }  # fmt: skip


def describe_image(fields: Sequence[FieldSeries], frames: Sequence[int], times: Sequence[float]) -> dict[str, Any]:
    """Return the ``ome`` attributes of an image whose channels are `fields`, all on one grid."""
    first = fields[0]
    axes: list[dict[str, str]] = [{"name": "t", "type": "time", "unit": "minute"}, {"name": "c", "type": "channel"}]
    axes += [{"name": axis, "type": "space", "unit": "micrometer"} for axis in first.axes]
    step = (times[-1] - times[0]) / (len(times) - 1) if len(times) > 1 else 1.0
    scale = [step, 1.0, *first.spacing_um]
    corner = [float(first.centres(axis)[0]) for axis in first.axes]
    place = [
        {"type": "scale", "scale": list(map(float, scale))},
        # A pixel's place is that of its centre
        {"type": "translation", "translation": [float(times[0]), 0.0, *corner]},
    ]
    return {
        "version": _NGFF,
        "multiscales": [
            {
                "name": ", ".join(field.name for field in fields),
                "axes": axes,
                "datasets": [{"path": "0", "coordinateTransformations": place}],
            }
        ],
        "omero": {"channels": [_channel(field, frames, number) for number, field in enumerate(fields)]},
    }


def _channel(field: FieldSeries, frames: Iterable[int], number: int) -> dict[str, Any]:
    values = field.values[list(frames)]
    known = values[np.isfinite(values)]
    top = float(known.max()) if len(known) else 0.0
    bright = float(np.percentile(known, _BRIGHTEST)) if len(known) else 0.0
    top = top or 1.0  # an empty field still needs a window that is not empty
    return {
        "label": f"{field.name} ({field.unit})",
        "color": _COLOURS[number % len(_COLOURS)],
        "active": number == 0,
        "window": {"min": 0.0, "max": top, "start": 0.0, "end": bright or top},
    }
