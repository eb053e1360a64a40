"""OME-Zarr 0.5: the image in halving sizes, its labels, and how each channel is shown.

Follows the specification at https://ngff.openmicroscopy.org/0.5/: a Zarr v3 group whose attribute ``ome`` holds
``multiscales`` and ``omero``, and a group ``labels``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from migralab.microscope.files.labels import LAYERS, label_images, label_type
from migralab.microscope.files.metadata import describe, even_interval, z_step
from migralab.microscope.image_run import ImagedDish

VERSION = "0.5"
_SMALLEST = 128  # no level is made whose longer side would be shorter
_TILE = 1024
_COLOURS = ("00FF00", "FF00FF", "FFFFFF", "00FFFF", "FFFF00")


def write_ome_zarr(dish: ImagedDish, path: Path) -> None:
    """Write an image of axes t, c, z, y, x with its labels into a new folder `path`."""
    import zarr

    pixels = _tczyx(dish)
    group = zarr.create_group(store=str(path), zarr_format=3)
    shapes = _shapes(pixels.shape)
    levels = _make_levels(group, shapes, pixels.dtype)
    for frame, image in enumerate(pixels):
        _fill(levels, frame, image, mean=True)
    group.attrs["ome"] = {
        "version": VERSION,
        "multiscales": [_multiscales(dish, "image", len(shapes))],
        "omero": _omero(dish, pixels),
    }
    group.attrs["migralab"] = describe(dish)
    held = group.create_group("labels")
    held.attrs["ome"] = {"version": VERSION, "labels": list(LAYERS)}
    shapes = _shapes((len(pixels), 1, 1, *pixels.shape[-2:]))
    own = {layer: held.create_group(layer) for layer in LAYERS}
    steps = {layer: _make_levels(own[layer], shapes, label_type(dish)) for layer in LAYERS}
    for frame, planes in enumerate(label_images(dish)):
        for layer, plane in zip(LAYERS, planes, strict=True):
            # one plane, also for a stack: a label belongs to the whole height
            _fill(steps[layer], frame, plane[None, None], mean=False)
    for layer in LAYERS:
        own[layer].attrs["ome"] = {
            "version": VERSION,
            "multiscales": [_multiscales(dish, layer, len(shapes))],
            "image-label": {"source": {"image": "../../"}},
        }


def _tczyx(dish: ImagedDish) -> NDArray[Any]:
    pixels = np.stack([shot.pixels for shot in dish.micrographs])
    return pixels.transpose(0, 2, 1, 3, 4) if dish.micrographs[0].z_um else pixels[:, :, None]


def _shapes(shape: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Return the shapes of the levels: y and x halved until the image is small."""
    shapes = [tuple(int(side) for side in shape)]
    while max(shapes[-1][-2:]) >= 2 * _SMALLEST and min(shapes[-1][-2:]) >= 2:
        *rest, rows, columns = shapes[-1]
        shapes.append((*rest, rows // 2, columns // 2))
    return shapes


def _make_levels(group: Any, shapes: list[tuple[int, ...]], dtype: np.dtype[Any]) -> list[Any]:
    names = ["t", "c", "z", "y", "x"]
    return [
        group.create_array(
            name=str(number),
            shape=shape,
            dtype=dtype,
            chunks=(1, 1, 1, min(shape[-2], _TILE), min(shape[-1], _TILE)),
            dimension_names=names,
        )
        for number, shape in enumerate(shapes)
    ]


def _fill(levels: list[Any], frame: int, image: NDArray[Any], *, mean: bool) -> None:
    """Write one frame (c, z, y, x) at every level: means of four for intensities, one of four for labels."""
    for number, level in enumerate(levels):
        if number:
            rows, columns = image.shape[-2] // 2 * 2, image.shape[-1] // 2 * 2
            quarters = [image[..., y:rows:2, x:columns:2] for y in (0, 1) for x in (0, 1)]
            image = np.rint(np.mean(quarters, axis=0)).astype(image.dtype) if mean else quarters[0]
        level[frame] = image


def _multiscales(dish: ImagedDish, name: str, levels: int) -> dict[str, Any]:
    pixel, interval = dish.microscope.pixel_um, even_interval(dish)
    space: list[dict[str, str]] = [{"name": axis, "type": "space", "unit": "micrometer"} for axis in "zyx"]
    time = {"name": "t", "type": "time", "unit": "minute"}
    # uneven frames, or one, have no scale in time: their times stand in the truth tables
    start = [interval or 1.0, 1.0, abs(z_step(dish) or 1.0)]
    sets = []
    for level in range(levels):
        factor = 2**level
        # a mean's centre lies between the pixels that it stands for; a label's is that of the one that was taken
        offset = pixel * (factor - 1) / 2 if name == "image" else 0.0
        sets.append(
            {
                "path": str(level),
                "coordinateTransformations": [
                    {"type": "scale", "scale": [*start, pixel * factor, pixel * factor]},
                    {"type": "translation", "translation": [0.0, 0.0, 0.0, offset, offset]},
                ],
            }
        )
    axes = [time if interval else {"name": "t", "type": "time"}, {"name": "c", "type": "channel"}, *space]
    return {"name": name, "axes": axes, "datasets": sets, "type": "mean" if name == "image" else "nearest"}


def _omero(dish: ImagedDish, pixels: NDArray[Any]) -> dict[str, Any]:
    channels = []
    for number, name in enumerate(dish.micrographs[0].channels):
        low, high = (float(value) for value in np.percentile(pixels[:, number], [1, 99.8]))
        window = {"min": 0, "max": dish.microscope.top, "start": low, "end": max(high, low + 1)}
        channels.append({"label": name, "color": _COLOURS[number % len(_COLOURS)], "active": True, "window": window})
    return {"name": dish.experiment, "channels": channels, "rdefs": {"defaultT": 0, "defaultZ": 0, "model": "color"}}
