"""Session files of TrackMate (XML): migrasomes as spots, those seen in several frames as tracks; written and read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import numpy as np

from migralab.core.errors import DataError
from migralab.core.version import VERSION
from migralab.imaging.exchange.files import write_whole
from migralab.imaging.exchange.spots import (
    COLUMNS,
    EDGE_FEATURES,
    SPOT_FEATURES,
    TRACK_FEATURES,
    Feature,
    edges_of,
    spots_of,
    tracks_of,
    unit_factors,
)
from migralab.results.observations import Observations

if TYPE_CHECKING:
    import pandas as pd

    from migralab.imaging.reading import MicrographLike

_FORMAT = "7.11.1"  # the version of TrackMate whose layout is written
_LOWEST_QUALITY = "-2.0"  # below that of spots made by hand (-1), so that no filter drops any
_ANALYZERS = ("SpotAnalyzers", "EdgeAnalyzers", "TrackAnalyzers")


def write_trackmate(
    observations: Observations, path: str | Path, *, micrograph: MicrographLike | None = None, replace: bool = False
) -> Path:
    """Write the migrasomes as a session that TrackMate's *Load a TrackMate file* opens, in micron and min.

    Parameters
    ----------
    observations
        Tables in um; ids that persist over frames become tracks.
    path
        An ``.xml``. The image is looked for beside it, by the name it was measured under.
    micrograph
        Where the image's size and scale are taken from.
    replace
        Whether an existing file is replaced.

    Raises
    ------
    RequestError
        If the file exists and `replace` is False.
    """
    spots = spots_of(observations)
    root = ET.Element("TrackMate", version=_FORMAT)
    ET.SubElement(root, "Log").text = f"Written by migralab {VERSION} from {observations.experiment}."
    root.append(_model(spots, len(observations.frames_min)))
    root.append(_settings(observations, micrograph))
    ET.SubElement(root, "GUIState", state="ConfigureViews")
    ET.indent(root)
    tree = ET.ElementTree(root)
    return write_whole(path, lambda file: tree.write(file, encoding="UTF-8", xml_declaration=True), replace=replace)


def _model(spots: pd.DataFrame, frames: int) -> ET.Element:
    model = ET.Element("Model", spatialunits="micron", timeunits="min")
    declared = ET.SubElement(model, "FeatureDeclarations")
    for name, features in (
        ("SpotFeatures", SPOT_FEATURES), ("EdgeFeatures", EDGE_FEATURES), ("TrackFeatures", TRACK_FEATURES)
    ):  # fmt: skip
        part = ET.SubElement(declared, name)
        part.extend(_declare(feature) for feature in features)
    everything = ET.SubElement(model, "AllSpots", nspots=str(len(spots)))
    by_frame = dict(tuple(spots.groupby("frame")))
    for frame in range(frames):
        rows = by_frame[frame].to_dict("records") if frame in by_frame else []
        ET.SubElement(everything, "SpotsInFrame", frame=str(frame)).extend(_spot(row) for row in rows)
    tracks, edges = tracks_of(spots), edges_of(spots)
    collection, kept = ET.SubElement(model, "AllTracks"), ET.SubElement(model, "FilteredTracks")
    by_track = dict(tuple(edges.groupby("TRACK_ID")))
    for track in tracks.to_dict("records"):
        number = int(track["TRACK_ID"])
        element = ET.SubElement(collection, "Track", name=f"migrasome-{number}", **_values(track, TRACK_FEATURES))
        for edge in by_track[number].to_dict("records"):
            ET.SubElement(element, "Edge", **_values(edge, EDGE_FEATURES))
        ET.SubElement(kept, "TrackID", TRACK_ID=str(number))
    return model


def _declare(feature: Feature) -> ET.Element:
    return ET.Element(
        "Feature",
        feature=feature.key,
        name=feature.name,
        shortname=feature.short,
        dimension=feature.dimension,
        isint=str(feature.whole).lower(),
    )


def _values(row: dict[Any, Any], features: tuple[Feature, ...]) -> Any:  # keywords whose names no type can tell
    return {f.key: str(int(row[f.key])) if f.whole else repr(float(row[f.key])) for f in features}


def _spot(row: dict[Any, Any]) -> ET.Element:
    values = {
        "QUALITY": row["quality"], "POSITION_X": row["x_um"], "POSITION_Y": row["y_um"], "POSITION_Z": row["z_um"],
        "POSITION_T": row["time_min"], "FRAME": row["frame"], "RADIUS": row["diameter_um"] / 2, "VISIBILITY": 1,
        "ESTIMATED_DIAMETER": row["diameter_um"],
    }  # fmt: skip
    return ET.Element("Spot", ID=str(int(row["spot_id"])), name=str(row["name"]), **_values(values, SPOT_FEATURES))


def _settings(observations: Observations, micrograph: MicrographLike | None) -> ET.Element:
    settings = ET.Element("Settings")
    frames = len(observations.frames_min)
    height, width = micrograph.masked.shape if micrograph is not None else (0, 0)
    pixel = micrograph.pixel_size_um if micrograph is not None else 1.0
    interval = observations.frames_min[1] - observations.frames_min[0] if frames > 1 else 1.0
    ET.SubElement(
        settings, "ImageData", filename=Path(observations.experiment).name, folder="", width=str(width),
        height=str(height), nslices="1", nframes=str(frames), pixelwidth=repr(float(pixel)),
        pixelheight=repr(float(pixel)), voxeldepth="1.0", timeinterval=repr(float(interval)),
    )  # fmt: skip
    ET.SubElement(
        settings, "BasicSettings", xstart="0", xend=str(max(width - 1, 0)), ystart="0", yend=str(max(height - 1, 0)),
        zstart="0", zend="0", tstart="0", tend=str(frames - 1),
    )  # fmt: skip
    ET.SubElement(settings, "DetectorSettings", DETECTOR_NAME="MANUAL_DETECTOR", RADIUS="0.5")
    ET.SubElement(settings, "InitialSpotFilter", feature="QUALITY", value=_LOWEST_QUALITY, isabove="true")
    ET.SubElement(settings, "SpotFilterCollection")
    ET.SubElement(settings, "TrackerSettings", TRACKER_NAME="MANUAL_TRACKER")
    ET.SubElement(settings, "TrackFilterCollection")
    analyzers = ET.SubElement(settings, "AnalyzerCollection")
    for name in _ANALYZERS:
        ET.SubElement(analyzers, name)
    return settings


def read_trackmate(path: str | Path, *, hidden: bool = False) -> pd.DataFrame:
    """Read the spots of a TrackMate session, with the track of each.

    Parameters
    ----------
    path
        An ``.xml`` saved by TrackMate or by `write_trackmate`.
    hidden
        Whether spots and tracks that TrackMate's filters hide are read too.

    Returns
    -------
    pandas.DataFrame
        ``spot_id, name, track_id, frame, time_min, x_um, y_um, z_um, diameter_um, quality, visible``, by frame;
        ``track_id`` is -1 for a spot of no track, ``time_min`` NaN where the file counts frames.

    Raises
    ------
    DataError
        If the file is missing, damaged or no session, or its units are no lengths and times.
    """
    file = Path(path)
    model = _open(file)
    length, minutes = unit_factors(model.get("spatialunits", ""), model.get("timeunits", ""), file.name)
    track_of = _read_tracks(model, file, hidden=hidden)
    rows = []
    for spot in model.iter("Spot"):
        row = _read_spot(spot, file, length, minutes)
        if row["visible"] or hidden:
            rows.append(row | {"track_id": track_of.get(row["spot_id"], -1)})
    return _table(rows)


def _table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    import pandas as pd

    table = pd.DataFrame(rows, columns=list(COLUMNS))
    whole = dict.fromkeys(("spot_id", "track_id", "frame"), np.int64)
    return table.astype(whole).sort_values(["frame", "spot_id"], kind="stable").reset_index(drop=True)


def _open(file: Path) -> ET.Element:
    if not file.is_file():
        raise DataError(f"There is no TrackMate file '{file}'.")
    raw = file.read_bytes()
    if b"<!ENTITY" in raw or b"<!DOCTYPE" in raw:
        raise DataError(f"{file.name}: a document type or entity declaration is not accepted in a TrackMate file.")
    try:
        root = ET.fromstring(raw)
    except ET.ParseError as error:
        raise DataError(f"{file.name}: not a whole XML file ({error}).") from None
    model = root.find("Model")
    if root.tag != "TrackMate" or model is None:
        raise DataError(
            f"{file.name} is no TrackMate session (<TrackMate><Model>). Save one with the Save button of TrackMate; "
            "its export of tracks only has no sizes."
        )
    return model


def _read_tracks(model: ET.Element, file: Path, *, hidden: bool) -> dict[int, int]:
    """Track of each spot."""
    shown = {element.get("TRACK_ID") for element in model.iter("TrackID")}
    found: dict[int, int] = {}
    for track in model.iter("Track"):
        name = track.get("TRACK_ID", "")
        if not hidden and name not in shown:
            continue
        for edge in track.iter("Edge"):
            for end in ("SPOT_SOURCE_ID", "SPOT_TARGET_ID"):
                found[_number(edge, end, file, int)] = _number(track, "TRACK_ID", file, int)
    return found


def _read_spot(spot: ET.Element, file: Path, length: float, minutes: float) -> dict[str, Any]:
    number = _number(spot, "ID", file, int)
    return {
        "spot_id": number,
        "name": spot.get("name") or f"ID{number}",
        "frame": _number(spot, "FRAME", file, float),
        "time_min": _number(spot, "POSITION_T", file, float) * minutes,
        "x_um": _number(spot, "POSITION_X", file, float) * length,
        "y_um": _number(spot, "POSITION_Y", file, float) * length,
        "z_um": _number(spot, "POSITION_Z", file, float, "0") * length,
        "diameter_um": 2 * _number(spot, "RADIUS", file, float) * length,
        "quality": _number(spot, "QUALITY", file, float, "-1"),
        "visible": _number(spot, "VISIBILITY", file, float, "1") > 0,
    }


def _number(element: ET.Element, name: str, file: Path, kind: Any, missing: str | None = None) -> Any:
    text = element.get(name, missing)
    try:
        return kind(text)
    except (TypeError, ValueError):
        which = element.get("ID") or element.get("TRACK_ID") or "?"
        raise DataError(
            f"{file.name}: {element.tag} {which} has no number {name} (found {text!r}). Save the session again."
        ) from None
