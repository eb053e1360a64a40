"""Write a measurement: three tidy tables, the settings, and a picture in which every count can be checked by eye."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from migralab.core.errors import RequestError
from migralab.imaging.analyse import Trace
from migralab.imaging.detect.network import smooth_path
from migralab.imaging.film.blocks import film_trace
from migralab.imaging.reading import MicrographLike
from migralab.imaging.settings import AnalysisSettings
from migralab.results.observations import Observations

if TYPE_CHECKING:
    import pandas as pd

_COLUMNS = {
    "migrasomes": (
        "migrasome_id", "frame", "time_min", "x_um", "y_um", "diameter_um", "diameter_sd_um", "attachment",
        "attached", "fibre_id", "along_um", "cell_id",
    ),
    "fibres": (
        "fibre_id", "frame", "time_min", "length_um", "length_sd_um", "chord_um", "start", "end", "attached", "cell_id",
    ),
    "cells": (
        "cell_id", "frame", "time_min", "x_um", "y_um", "area_um2", "rear_x_um", "rear_y_um", "rear_width_um",
    ),
}  # fmt: skip
_BY_HAND = ("edited", "source")  # only there after corrections
_OVERLAY_SIDE = 1400  # longer side of the overlay, pixels
_TEXT = {
    "tip": (255, 70, 70), "junction": (255, 200, 0), "shaft": (255, 120, 255), "free": (80, 180, 255),
}  # fmt: skip


def write_measurement(
    observations: Observations, micrograph: MicrographLike, settings: AnalysisSettings, directory: str | Path
) -> Path:
    """Write ``migrasomes.csv``, ``fibres.csv``, ``cells.csv``, ``settings.json`` and ``overlay.png``.

    Parameters
    ----------
    observations
        From `analyse_micrograph`.
    micrograph, settings
        What it was made from.
    directory
        A new or empty directory. It appears complete or not at all.

    Raises
    ------
    RequestError
        If the directory exists and holds anything, or cannot be written.
    """
    target = Path(directory)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise RequestError(f"'{target}' exists and is not an empty directory. Choose another with -o, or remove it.")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    except OSError as error:
        raise RequestError(f"'{target}' cannot be written: {error.strerror}.") from None
    try:
        _tabulate(observations, micrograph).to_csv(building / "migrasomes.csv", index=False, float_format="%.5g")
        for table in ("fibres", "cells"):
            chosen = observations[table][_columns(observations, table)]
            chosen.rename(columns={_COLUMNS[table][0]: "id"}).to_csv(
                building / f"{table}.csv", index=False, float_format="%.5g"
            )
        (building / "settings.json").write_text(_describe(observations, micrograph, settings), encoding="utf-8")
        _draw(micrograph, settings, observations.last_frame, building / "overlay.png")
        building.chmod(0o755)
        if target.exists():
            target.rmdir()
        os.replace(building, target)  # noqa: PTH105 - one atomic step; Path.replace is the same call
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise
    return target


def _columns(observations: Observations, table: str) -> list[str]:
    return [*_COLUMNS[table], *(name for name in _BY_HAND if name in observations[table])]


def _tabulate(observations: Observations, micrograph: MicrographLike) -> pd.DataFrame:
    """Migrasomes with the mean light of each channel inside, above a ring around."""
    table = observations["migrasomes"]
    chosen = table[_columns(observations, "migrasomes")].rename(columns={"migrasome_id": "id"}).copy()
    places = table[["frame", "x_um", "y_um", "diameter_um"]].to_numpy(float)
    for number, name in enumerate(micrograph.channels):
        word = "".join(c if c.isalnum() else "_" for c in name).strip("_").lower() or f"channel{number}"
        column = f"intensity_{word}"
        if column in chosen:
            column += f"_{number}"
        chosen[column] = [
            measure_intensity(micrograph, int(frame), number, (float(x), float(y)), float(diameter))
            for frame, x, y, diameter in places
        ]
    return chosen


def measure_intensity(
    micrograph: MicrographLike, frame: int, channel: int, centre_um: tuple[float, float], diameter_um: float
) -> float:
    """Return the mean grey level inside a vesicle above the median of a ring around it."""
    plane = micrograph.plane(frame, channel)
    pixel = micrograph.pixel_size_um
    x, y = centre_um[0] / pixel, centre_um[1] / pixel
    radius = max(diameter_um / 2 / pixel, 0.7)
    outer = 2 * radius + 3
    y0, y1 = max(int(y - outer), 0), min(int(y + outer) + 2, plane.shape[0])
    x0, x1 = max(int(x - outer), 0), min(int(x + outer) + 2, plane.shape[1])
    rows, columns = np.mgrid[y0:y1, x0:x1]
    distance = np.hypot(rows - y, columns - x)
    part = plane[y0:y1, x0:x1]
    ring = (distance > radius + 2) & (distance <= outer)
    inside = distance <= radius
    if not inside.any() or not ring.any():
        return float("nan")
    return float(part[inside].mean() - np.median(part[ring]))


def _describe(observations: Observations, micrograph: MicrographLike, settings: AnalysisSettings) -> str:
    content = {
        "source": micrograph.source,
        "pixel_size_um": micrograph.pixel_size_um,
        "frame_interval_min": micrograph.frame_interval_min,
        "channels": list(micrograph.channels),
        "masked_share": round(float(micrograph.masked.mean()), 4),
        "field_area_um2": observations.field_area_um2,
        "psf_sigma_um": round(film_trace(micrograph, settings, observations.last_frame).psf_um, 4),
        "notes": list(observations.notes),
        "settings": dataclasses.asdict(settings),
        "versions": {
            "migralab": version("migralab"),
            "numpy": version("numpy"),
            "scikit-image": version("scikit-image"),
        },
    }
    return json.dumps(content, indent=2, allow_nan=False, default=float) + "\n"


def _draw(micrograph: MicrographLike, settings: AnalysisSettings, frame: int, path: Path) -> None:
    """Draw bodies, fibres, junctions and vesicles over the image."""
    from PIL import Image, ImageDraw

    trace = film_trace(micrograph, settings, frame)
    plane = micrograph.plane(frame, settings.channel)
    scale = max(1, round(_OVERLAY_SIDE / max(plane.shape)))
    grey = _grey(plane, micrograph.masked)
    picture = Image.fromarray(np.kron(grey, np.ones((scale, scale, 1), np.uint8)))
    pen = ImageDraw.Draw(picture)
    outline = (trace.bodies > 0) & ~ndimage.binary_erosion(trace.bodies > 0)
    for y, x in np.argwhere(outline):
        pen.rectangle([x * scale, y * scale, x * scale + scale - 1, y * scale + scale - 1], fill=(60, 90, 255))
    for branch in trace.network.branches.values():
        line = [(float(x + 0.5) * scale, float(y + 0.5) * scale) for x, y in smooth_path(branch.path)]
        owned = branch.a in trace.ways.cell or branch.b in trace.ways.cell
        pen.line(line, fill=(0, 230, 230) if owned else (160, 160, 0), width=1)
    _draw_nodes(pen, trace, scale, micrograph.pixel_size_um)
    pen.text((4, 4), "tip red  junction yellow  shaft pink  free blue", fill=(255, 255, 255))
    picture.save(path)


def _draw_nodes(pen: object, trace: Trace, scale: int, pixel_um: float) -> None:
    for node in trace.network.nodes.values():
        x, y = (node.x + 0.5) * scale, (node.y + 0.5) * scale
        if node.kind == "vesicle":
            word = {0: "free", 1: "tip", 2: "shaft"}.get(len(node.branches), "junction")
            radius = max(trace.vesicles[node.index].diameter_um / 2 / pixel_um, 0.7) * scale
            pen.ellipse([x - radius, y - radius, x + radius, y + radius], outline=_TEXT[word], width=2)  # type: ignore[attr-defined]  # PIL's pen, imported late
        elif node.kind in {"tip", "junction"}:
            pen.rectangle([x - 2, y - 2, x + 2, y + 2], outline=_TEXT[node.kind])  # type: ignore[attr-defined]  # as above


def _grey(plane: NDArray[np.float32], masked: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Square root of brightness, so that dim fibres and bright bodies are both seen; masks are blue-grey."""
    low, high = np.percentile(plane[~masked], [1, 99.7])
    light = np.sqrt(np.clip((plane - low) / max(high - low, 1e-9), 0, 1)) * 200
    picture = np.repeat(light[..., None], 3, axis=2)
    picture[masked] = (30, 30, 60)
    return picture.astype(np.uint8)
