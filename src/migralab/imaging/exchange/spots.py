"""Migrasomes as TrackMate's spots: one table that is written as XML or CSV and read back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from migralab.core.errors import DataError, RequestError
from migralab.imaging.reading.units import length_um, time_min
from migralab.results.observations import Observations

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "spot_id", "name", "track_id", "frame", "time_min", "x_um", "y_um", "z_um", "diameter_um", "quality", "visible",
)  # fmt: skip
_LARGEST_ID = 2**31 - 1  # TrackMate keeps ids in 32 bits


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """A number that TrackMate keeps for each spot, edge or track: names long and short, dimension, whole or not."""

    key: str
    name: str
    short: str
    dimension: str
    whole: bool = False


SPOT_FEATURES = (
    Feature(key="QUALITY", name="Quality", short="Quality", dimension="QUALITY"),
    Feature(key="POSITION_X", name="X", short="X", dimension="POSITION"),
    Feature(key="POSITION_Y", name="Y", short="Y", dimension="POSITION"),
    Feature(key="POSITION_Z", name="Z", short="Z", dimension="POSITION"),
    Feature(key="POSITION_T", name="T", short="T", dimension="TIME"),
    Feature(key="FRAME", name="Frame", short="Frame", dimension="NONE", whole=True),
    Feature(key="RADIUS", name="Radius", short="R", dimension="LENGTH"),
    Feature(key="VISIBILITY", name="Visibility", short="Visibility", dimension="NONE", whole=True),
    Feature(key="ESTIMATED_DIAMETER", name="Estimated diameter", short="Diam.", dimension="LENGTH"),
)
EDGE_FEATURES = (
    Feature(key="SPOT_SOURCE_ID", name="Source spot ID", short="Source ID", dimension="NONE", whole=True),
    Feature(key="SPOT_TARGET_ID", name="Target spot ID", short="Target ID", dimension="NONE", whole=True),
    Feature(key="LINK_COST", name="Edge cost", short="Cost", dimension="COST"),
    Feature(key="SPEED", name="Speed", short="Speed", dimension="VELOCITY"),
    Feature(key="DISPLACEMENT", name="Displacement", short="Disp.", dimension="LENGTH"),
    Feature(key="EDGE_TIME", name="Edge time", short="Edge T", dimension="TIME"),
)
TRACK_FEATURES = (
    Feature(key="TRACK_INDEX", name="Track index", short="Index", dimension="NONE", whole=True),
    Feature(key="TRACK_ID", name="Track ID", short="ID", dimension="NONE", whole=True),
    Feature(key="NUMBER_SPOTS", name="Number of spots in track", short="N spots", dimension="NONE", whole=True),
    Feature(key="NUMBER_GAPS", name="Number of gaps", short="N gaps", dimension="NONE", whole=True),
    Feature(key="TRACK_DURATION", name="Track duration", short="Duration", dimension="TIME"),
    Feature(key="TRACK_START", name="Track start", short="Track start", dimension="TIME"),
    Feature(key="TRACK_STOP", name="Track stop", short="Track stop", dimension="TIME"),
    Feature(key="TRACK_DISPLACEMENT", name="Track displacement", short="Track disp.", dimension="LENGTH"),
)


def spots_of(observations: Observations) -> pd.DataFrame:
    """Return the migrasomes as spots, by frame; those seen in more than one frame are tracks by their id.

    ``spot_id`` counts the rows, ``name`` is ``migrasome-ID``, ``quality`` is the diameter over its standard error
    (-1 where that is unknown, as TrackMate gives to spots made by hand), and ``track_id`` is -1 without a track.

    Raises
    ------
    RequestError
        If an id does not fit into the 32 bits of TrackMate, or a size is not known.
    """
    import pandas as pd

    rows = observations["migrasomes"].sort_values(["frame", "migrasome_id"], kind="stable")
    ids = rows["migrasome_id"].to_numpy(np.int64)
    if len(ids) and ids.max() > _LARGEST_ID:
        raise RequestError(f"Migrasome {ids.max()}: TrackMate takes ids up to {_LARGEST_ID} only.")
    seen = pd.Series(ids).map(pd.Series(ids).value_counts()).to_numpy(np.int64) if len(ids) else ids
    diameter, error = (rows[name].to_numpy(np.float64) for name in ("diameter_um", "diameter_sd_um"))
    if not np.isfinite(diameter).all():
        raise RequestError(f"Migrasome {ids[~np.isfinite(diameter)][0]} has no diameter, and TrackMate asks for one.")
    known = np.isfinite(error) & (error > 0)
    return pd.DataFrame(
        {
            "spot_id": np.arange(len(rows)),
            "name": [f"migrasome-{number}" for number in ids],
            "track_id": np.where(seen > 1, ids, -1),
            "frame": rows["frame"].to_numpy(np.int64),
            "time_min": rows["time_min"].to_numpy(np.float64),
            "x_um": rows["x_um"].to_numpy(np.float64),
            "y_um": rows["y_um"].to_numpy(np.float64),
            "z_um": np.zeros(len(rows)),
            "diameter_um": diameter,
            "quality": np.where(known, diameter / np.where(known, error, 1.0), -1.0),
            "visible": np.ones(len(rows), bool),
        }
    )


def edges_of(spots: pd.DataFrame) -> pd.DataFrame:
    """Return the links between following sights of each track: source, target, and what TrackMate derives."""
    import pandas as pd

    rows = spots[spots["track_id"] >= 0].sort_values(["track_id", "frame"], kind="stable")
    same = rows["track_id"].to_numpy()[1:] == rows["track_id"].to_numpy()[:-1]
    first, second = (rows.iloc[part].reset_index(drop=True) for part in (_places(same, 0), _places(same, 1)))
    way = np.hypot(*(second[name].to_numpy() - first[name].to_numpy() for name in ("x_um", "y_um")))
    time = second["time_min"].to_numpy() - first["time_min"].to_numpy()
    return pd.DataFrame(
        {
            "TRACK_ID": first["track_id"],
            "SPOT_SOURCE_ID": first["spot_id"],
            "SPOT_TARGET_ID": second["spot_id"],
            "LINK_COST": way**2,
            "SPEED": np.divide(way, time, out=np.zeros(len(way)), where=time > 0),
            "DISPLACEMENT": way,
            "EDGE_TIME": first["time_min"] + time / 2,
        }
    )


def _places(same: NDArray[np.bool_], shift: int) -> NDArray[np.intp]:
    return np.flatnonzero(same) + shift


def tracks_of(spots: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each track with TrackMate's names."""
    import pandas as pd

    rows: list[dict[str, float]] = []
    tracks: Any = spots[spots["track_id"] >= 0].sort_values("frame", kind="stable").groupby("track_id", sort=True)
    for index, (number, ordered) in enumerate(tracks):
        start, stop = ordered.iloc[0], ordered.iloc[-1]
        rows.append(
            {
                "TRACK_INDEX": index,
                "TRACK_ID": int(number),
                "NUMBER_SPOTS": len(ordered),
                "NUMBER_GAPS": int((np.diff(ordered["frame"].to_numpy()) > 1).sum()),
                "TRACK_DURATION": stop["time_min"] - start["time_min"],
                "TRACK_START": start["time_min"],
                "TRACK_STOP": stop["time_min"],
                "TRACK_DISPLACEMENT": float(np.hypot(stop["x_um"] - start["x_um"], stop["y_um"] - start["y_um"])),
            }
        )
    return pd.DataFrame(rows, columns=[feature.key for feature in TRACK_FEATURES])


def unit_factors(space: str, time: str, source: str) -> tuple[float, float]:
    """Return um and min of TrackMate's units.

    Raises
    ------
    DataError
        If space is not in a length (pixels say nothing), or time in no time and not in frames.
    """
    length, minutes = length_um(space), time_min(time) or time_min(time.rstrip("s"))
    if length is None:
        raise DataError(
            f"{source}: positions are in '{space or 'no unit'}', not in a length. Set the pixel size of the image in "
            "Fiji (Image > Properties) before TrackMate is started, and save again."
        )
    if minutes is None and time.lower() not in {"frame", "frames"}:
        raise DataError(f"{source}: times are in '{time or 'no unit'}'. Allowed: ms, s, min, h, frame.")
    return length, float("nan") if minutes is None else minutes
