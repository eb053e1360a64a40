"""Write a measurement: tidy tables, the settings, and the overlay, all of them or none."""

from __future__ import annotations

import dataclasses
import json
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from migralab.imaging.film.blocks import film_trace
from migralab.imaging.markers import measure_markers
from migralab.imaging.output.overlay import draw_overlay
from migralab.imaging.reading import MicrographLike
from migralab.imaging.settings import AnalysisSettings
from migralab.results.observations import Observations
from migralab.results.whole_folder import whole_folder

if TYPE_CHECKING:
    import pandas as pd

POINT_COLUMNS = ("frame", "x_um", "y_um", "diameter_below_um")
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

_SAME_PX = 1.5  # a row of the table this near to a traced vesicle is that vesicle


def write_measurement(
    observations: Observations, micrograph: MicrographLike, settings: AnalysisSettings, directory: str | Path
) -> Path:
    """Write ``migrasomes.csv``, ``fibres.csv``, ``cells.csv``, ``points.csv``, ``settings.json``, ``overlay.png``.

    Two more tables hold the last frame only (a still image has no other; films carry neither from frame to frame):

    ``points.csv``
        Spots too small to be sized, which are not counted: ``frame``; ``x_um``, ``y_um`` (centre, um);
        ``diameter_below_um`` (upper 95 % limit of the diameter, um).
    ``markers.csv``
        With two channels or more, one row a vesicle and channel (see `migralab.imaging.markers`): ``id`` as in
        ``migrasomes.csv`` (-1 where a correction by hand took it away), ``frame``, ``x_um``, ``y_um`` (um),
        ``channel``; ``membrane`` and its error ``membrane_sd`` (grey levels above the ground), ``ground`` (grey
        levels); ``to_fibre``, its error ``to_fibre_sd`` and ``to_body`` (ratios to the fibres that enter and to the
        body of its cell; empty where there is none or it has no light).

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
    with whole_folder(target) as building:
        for name, table in _tables(observations, micrograph, settings).items():
            table.to_csv(building / f"{name}.csv", index=False, float_format="%.5g")
        (building / "settings.json").write_text(_describe(observations, micrograph, settings), encoding="utf-8")
        draw_overlay(observations, micrograph, settings).save(building / "overlay.png")
    return target


def _tables(
    observations: Observations, micrograph: MicrographLike, settings: AnalysisSettings
) -> dict[str, pd.DataFrame]:
    tables = {"migrasomes": _tabulate(observations, micrograph)}
    for name in ("fibres", "cells"):
        chosen = observations[name][_columns(observations, name)]
        tables[name] = chosen.rename(columns={_COLUMNS[name][0]: "id"})
    tables["points"] = _tabulate_points(observations, micrograph, settings)
    if len(micrograph.channels) > 1:
        tables["markers"] = _tabulate_markers(observations, micrograph, settings)
    return tables


def _tabulate_points(
    observations: Observations, micrograph: MicrographLike, settings: AnalysisSettings
) -> pd.DataFrame:
    import pandas as pd

    frame, pixel = observations.last_frame, micrograph.pixel_size_um
    points = film_trace(micrograph, settings, frame).points
    rows = [(frame, point.x * pixel, point.y * pixel, point.diameter_below_um) for point in points]
    return pd.DataFrame(rows, columns=list(POINT_COLUMNS))


def _tabulate_markers(
    observations: Observations, micrograph: MicrographLike, settings: AnalysisSettings
) -> pd.DataFrame:
    """Markers of the last frame, under the ids of the table: following and corrections number anew."""
    frame = observations.last_frame
    found = measure_markers(micrograph, settings, frame)
    table = observations["migrasomes"]
    table = table[table["frame"] == frame]
    ids = np.full(len(found), -1, np.int64)
    if len(table) and len(found):
        places = found[["x_um", "y_um"]].to_numpy(np.float64)
        known = table[["x_um", "y_um"]].to_numpy(np.float64)
        apart = np.hypot(*(places[:, None] - known[None]).transpose(2, 0, 1))
        near = apart.min(axis=1) <= _SAME_PX * micrograph.pixel_size_um
        ids[near] = table["migrasome_id"].to_numpy(np.int64)[apart.argmin(axis=1)[near]]
    found = found.drop(columns="vesicle")
    found.insert(0, "id", ids)
    found.insert(1, "frame", frame)
    return found


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
