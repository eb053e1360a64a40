"""Layers for napari as plain tuples: image, cells, fibres, migrasomes and tracks, in um; napari is not needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from migralab.imaging.exchange.outlines import Outlines
from migralab.results.observations import Observations

if TYPE_CHECKING:
    import pandas as pd

    from migralab.imaging.reading.micrograph import MicrographLike

Floats = NDArray[np.float64]
Layer = tuple[Any, dict[str, Any], str]
_COLOURS = {
    "tip": "#ff4646", "junction": "#ffc800", "shaft": "#ff78ff", "free": "#50b4ff", "unknown": "#c8c8c8",
}  # fmt: skip
_FIBRE = "#00e6e6"
_TAIL_FRAMES = 10
_OVER_FEATURES = ("x_um", "y_um")  # they are the data of the layer


def napari_layers(
    observations: Observations, micrograph: MicrographLike, *, outlines: Outlines | None = None
) -> list[Layer]:
    """Return what was measured as layer data tuples: ``(data, keywords, type)`` for `napari.layers.Layer.create`.

    Parameters
    ----------
    observations
        Tables in um.
    micrograph
        The image that was measured; all its frames are read.
    outlines
        From `find_outlines`; without them there are no cells and fibres to show.

    Returns
    -------
    list of tuple
        One image a channel, labels ``cells`` (value is ``cell_id`` + 1), shapes ``fibres``, points ``migrasomes`` and,
        where ids persist over frames, tracks. Data are in pixels (frame first in a film), and ``scale`` makes them
        um, so layers lie over each other and over other data in um. Tables are in ``features``.
    """
    film = len(observations.frames_min) > 1
    pixel = float(micrograph.pixel_size_um)
    scale = (1.0, pixel, pixel) if film else (pixel, pixel)
    layers = [_image(micrograph, channel, scale, film=film) for channel in range(len(micrograph.channels))]
    if outlines is not None:
        layers += [_labels(observations, micrograph, outlines, scale), _fibres(observations, outlines, scale)]
    layers.append(_points(observations["migrasomes"], scale, film=film))
    tracks = _tracks(observations["migrasomes"], scale) if film else None
    return [*layers, tracks] if tracks is not None else layers


def _image(micrograph: MicrographLike, channel: int, scale: tuple[float, ...], *, film: bool) -> Layer:
    planes = [micrograph.plane(frame, channel) for frame in range(micrograph.frames)]
    data = np.stack(planes) if film else planes[0]
    return (
        data,
        {"name": micrograph.channels[channel], "scale": scale, "colormap": "gray", "blending": "additive"},
        "image",
    )


def _labels(
    observations: Observations, micrograph: MicrographLike, outlines: Outlines, scale: tuple[float, ...]
) -> Layer:
    from skimage.draw import polygon

    frames = len(observations.frames_min)
    shape = micrograph.masked.shape
    data = np.zeros((frames, *shape), np.int32)
    for (frame, number), edge in outlines.cells.items():
        rows, columns = polygon(  # type: ignore[no-untyped-call]  # skimage has no types
            edge[:, 1] / scale[-2], edge[:, 0] / scale[-1], shape
        )
        data[frame, rows, columns] = number + 1
    features = _features(observations["cells"])
    features.insert(0, "index", features["cell_id"] + 1)
    # a label has one row of features: that of the first frame in which the cell is
    features = features.drop_duplicates("index").reset_index(drop=True)
    keywords = {"name": "cells", "scale": scale, "opacity": 0.3, "features": features}
    return data if frames > 1 else data[0], keywords, "labels"


def _features(table: pd.DataFrame) -> pd.DataFrame:
    """Columns of a table that say anything."""
    known = [
        name for name in table.columns if name not in _OVER_FEATURES and not (len(table) and _unknown(table[name]))
    ]
    return table[known].reset_index(drop=True)


def _unknown(column: pd.Series) -> bool:
    return bool(column.isna().all()) or bool((column.astype(str) == "unknown").all())


def _fibres(observations: Observations, outlines: Outlines, scale: tuple[float, ...]) -> Layer:
    table = observations["fibres"]
    keys = list(zip(table["frame"].to_numpy(int).tolist(), table["fibre_id"].to_numpy(int).tolist(), strict=True))
    there = np.array([key in outlines.fibres for key in keys], bool)
    paths = [_pixels(outlines.fibres[key], key[0], scale) for key in keys if key in outlines.fibres]
    keywords: dict[str, Any] = {
        "name": "fibres", "scale": scale, "shape_type": "path", "edge_color": _FIBRE, "edge_width": 0.7,
        "face_color": "transparent", "features": _features(table[there]),
    }  # fmt: skip
    if not paths:
        keywords["ndim"] = len(scale)
    return paths, keywords, "shapes"


def _pixels(path: Floats, frame: int, scale: tuple[float, ...]) -> Floats:
    """Course (n, 2) in um as napari wants it: frame in a film, y, x; in pixels."""
    places = path[:, ::-1] / scale[-1]
    return np.column_stack([np.full(len(path), float(frame)), places]) if len(scale) == 3 else places


def _points(table: pd.DataFrame, scale: tuple[float, ...], *, film: bool) -> Layer:
    columns = [table[name].to_numpy(np.float64) / scale[-1] for name in ("y_um", "x_um")]
    data = np.column_stack([table["frame"].to_numpy(np.float64), *columns] if film else columns)
    size = np.nan_to_num(table["diameter_um"].to_numpy(np.float64) / scale[-1], nan=1.0)
    colours = [_COLOURS.get(str(word), _COLOURS["unknown"]) for word in table["attachment"]]
    keywords: dict[str, Any] = {
        "name": "migrasomes", "scale": scale, "size": size, "face_color": "transparent", "border_color": colours,
        "border_width": 0.1, "features": _features(table), "ndim": len(scale),
    }  # fmt: skip
    if not len(table):
        keywords = {"name": "migrasomes", "scale": scale, "ndim": len(scale)}
    return data, keywords, "points"


def _tracks(table: pd.DataFrame, scale: tuple[float, ...]) -> Layer | None:
    """Migrasomes seen in more than one frame; None if there is none."""
    seen = table.groupby("migrasome_id")["frame"].transform("size")
    rows = table[(seen > 1).to_numpy(bool)].sort_values(["migrasome_id", "frame"], kind="stable")
    if not len(rows):
        return None
    places = [rows[name].to_numpy(np.float64) / scale[-1] for name in ("y_um", "x_um")]
    data = np.column_stack([rows["migrasome_id"].to_numpy(np.float64), rows["frame"].to_numpy(np.float64), *places])
    features = rows[["migrasome_id", "time_min", "diameter_um"]].reset_index(drop=True)
    keywords = {"name": "tracks", "scale": scale, "features": features, "tail_length": _TAIL_FRAMES}
    return data, keywords, "tracks"
