"""TrackMate sessions and tables: read by programs that are not ours, and back as they went."""

import csv
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest

from migralab.core.errors import DataError, RequestError
from migralab.imaging.exchange.trackmate import read_trackmate, write_trackmate
from migralab.imaging.exchange.trackmate_csv import read_trackmate_csv, write_trackmate_csv
from migralab.results.tracks import read_tracks
from tests.unit.imaging.exchange.seen import PLACES, micrograph, observations, with_migrasomes

# What TrackMate 7 itself writes: names and layout as in its files, numbers made up
SESSION = """<?xml version="1.0" encoding="UTF-8"?>
<TrackMate version="7.13.2"><Log>TrackMate</Log><Model spatialunits="nm" timeunits="sec"><FeatureDeclarations>
<SpotFeatures><Feature feature="QUALITY" name="Quality" shortname="Quality" dimension="QUALITY" isint="false" />
</SpotFeatures><EdgeFeatures /><TrackFeatures /></FeatureDeclarations>
<AllSpots nspots="4"><SpotsInFrame frame="0">
<Spot ID="35" name="ID35" STD_INTENSITY_CH1="5.1" QUALITY="7.5" POSITION_T="0.0" FRAME="0" RADIUS="400.0" VISIBILITY="1"
 POSITION_X="2800.0" POSITION_Y="560.0" POSITION_Z="0.0" />
<Spot ID="36" name="ID36" QUALITY="0.5" POSITION_T="0.0" FRAME="0" RADIUS="400.0" VISIBILITY="0" POSITION_X="0.0"
 POSITION_Y="9.0" POSITION_Z="0.0" /></SpotsInFrame><SpotsInFrame frame="1">
<Spot ID="40" name="mine" QUALITY="-1.0" POSITION_T="30.0" FRAME="1" RADIUS="500.0" VISIBILITY="1" POSITION_X="2900.0"
 POSITION_Y="570.0" POSITION_Z="0.0" ROI_N_POINTS="3">0 0 1 0 0 1</Spot>
<Spot ID="41" name="ID41" QUALITY="3.0" POSITION_T="30.0" FRAME="1" RADIUS="300.0" VISIBILITY="1" POSITION_X="9000.0"
 POSITION_Y="9000.0" POSITION_Z="0.0" /></SpotsInFrame></AllSpots>
<AllTracks><Track name="Track_7" TRACK_ID="7" TRACK_INDEX="0">
<Edge SPOT_SOURCE_ID="35" SPOT_TARGET_ID="40" LINK_COST="0.1" EDGE_TIME="15.0" /></Track></AllTracks>
<FilteredTracks><TrackID TRACK_ID="7" /></FilteredTracks></Model><Settings /></TrackMate>"""


def moving(frames=3):
    """The film with migrasome 0 moving by 0.2 um a frame, and migrasome 3 seen in the last frame only."""
    seen = observations(frames)
    table = seen["migrasomes"]
    seen = with_migrasomes(seen, x_um=table.x_um + np.where(table.migrasome_id == 0, 0.2 * table.frame, 0.0))
    seen.tables["migrasomes"] = seen["migrasomes"][(table.migrasome_id != 3) | (table.frame == frames - 1)]
    return seen


def check(spots, seen):
    """Compare a table of spots with what was measured."""
    table = seen["migrasomes"].sort_values(["frame", "migrasome_id"]).reset_index(drop=True)
    assert spots["name"].tolist() == [f"migrasome-{n}" for n in table.migrasome_id]
    for column in ("frame", "time_min", "x_um", "y_um", "diameter_um"):
        np.testing.assert_allclose(spots[column], table[column], rtol=1e-12, err_msg=column)
    np.testing.assert_allclose(spots["quality"], table.diameter_um / table.diameter_sd_um)
    assert spots["track_id"].tolist() == [n if n != 3 else -1 for n in table.migrasome_id]


def test_a_session_comes_back(tmp_path):
    seen = moving()
    check(read_trackmate(write_trackmate(seen, tmp_path / "a.xml", micrograph=micrograph(3))), seen)


def test_tables_come_back(tmp_path):
    seen = moving()
    spots, edges, tracks = write_trackmate_csv(seen, tmp_path / "a")
    assert [path.name for path in (spots, edges, tracks)] == ["a_spots.csv", "a_edges.csv", "a_tracks.csv"]
    check(read_trackmate_csv(spots), seen)


def test_an_independent_reader_agrees(tmp_path):
    """pytrackmate (BSD) is not of this house and reads the session into pandas."""
    pytrackmate = pytest.importorskip("pytrackmate")
    seen = moving()
    found = pytrackmate.trackmate_peak_import(write_trackmate(seen, tmp_path / "a.xml"), get_tracks=True)
    table = seen["migrasomes"].sort_values(["frame", "migrasome_id"]).reset_index(drop=True)
    for theirs, ours in (("x", "x_um"), ("y", "y_um"), ("w", "diameter_um"), ("t", "time_min"), ("t_stamp", "frame")):
        np.testing.assert_allclose(found[theirs], table[ours], err_msg=theirs)
    # their labels number the tracks: the same migrasome has one label, different ones have different labels
    pairs = set(zip(table.migrasome_id, found["label"], strict=True))
    assert len(pairs) == len({label for _, label in pairs}) == 4


def test_the_reader_of_cell_tracks_agrees(tmp_path):
    """`results.tracks` was written for TrackMate's own files long before this writer."""
    seen = moving()
    write_trackmate_csv(seen, tmp_path / "b")
    xml = read_tracks(write_trackmate(seen, tmp_path / "a.xml"))
    assert xml.ids.tolist() == [0, 1, 2]
    for number in (0, 1, 2):
        time, x, y = xml.one(number)
        np.testing.assert_allclose(time, [0, 5, 10])
        np.testing.assert_allclose(x, PLACES[number][0] + (0.2 * np.arange(3) if number == 0 else 0))
        np.testing.assert_allclose(y, PLACES[number][1])


def test_the_parts_that_trackmate_asks_for_are_there(tmp_path):
    """Elements without which its reader stops or complains (TmXmlReader), and attributes it takes as numbers."""
    root = ET.parse(write_trackmate(moving(), tmp_path / "a.xml", micrograph=micrograph(3))).getroot()
    for path in (
        "Model/FeatureDeclarations/SpotFeatures", "Model/FeatureDeclarations/EdgeFeatures", "Model/AllTracks",
        "Model/FeatureDeclarations/TrackFeatures", "Model/FilteredTracks", "Settings/ImageData", "GUIState",
        "Settings/BasicSettings", "Settings/DetectorSettings[@DETECTOR_NAME]", "Settings/InitialSpotFilter",
        "Settings/SpotFilterCollection", "Settings/TrackerSettings[@TRACKER_NAME]", "Settings/TrackFilterCollection",
        "Settings/AnalyzerCollection/SpotAnalyzers", "Settings/AnalyzerCollection/TrackAnalyzers",
    ):  # fmt: skip
        assert root.find(path) is not None, path
    model = root.find("Model")
    assert (model.get("spatialunits"), model.get("timeunits")) == ("micron", "min")
    image = root.find("Settings/ImageData")
    assert [image.get(k) for k in ("width", "height", "nframes", "filename")] == ["400", "300", "3", "dish.tif"]
    assert [float(image.get(k)) for k in ("pixelwidth", "timeinterval")] == [0.1, 5.0]
    declared = {f.get("feature") for f in root.iter("Feature")}
    spots = list(root.iter("Spot"))
    assert len({spot.get("ID") for spot in spots}) == len(spots) == int(model.find("AllSpots").get("nspots")) == 10
    for spot in spots:
        numbers = dict(spot.attrib)
        numbers.pop("name")
        assert set(numbers) - {"ID"} <= declared
        assert all(np.isfinite(float(value)) for value in numbers.values())
    known = {track.get("TRACK_ID") for track in root.iter("Track")}
    assert {t.get("TRACK_ID") for t in root.iter("TrackID")} == known == {"0", "1", "2"}
    frame = {spot.get("ID"): int(spot.get("FRAME")) for spot in spots}
    edges = [(frame[e.get("SPOT_SOURCE_ID")], frame[e.get("SPOT_TARGET_ID")]) for e in root.iter("Edge")]
    assert sorted(edges) == [(0, 1)] * 3 + [(1, 2)] * 3


def test_edges_and_tracks_say_what_happened(tmp_path):
    _, edges, tracks = write_trackmate_csv(moving(), tmp_path / "a")
    moved = pd.read_csv(edges, skiprows=[1, 2, 3]).query("TRACK_ID == 0")
    np.testing.assert_allclose(moved["DISPLACEMENT"], 0.2)
    np.testing.assert_allclose(moved["SPEED"], 0.04)  # um/min
    np.testing.assert_allclose(moved["EDGE_TIME"], [2.5, 7.5])
    track = pd.read_csv(tracks, skiprows=[1, 2, 3]).set_index("TRACK_ID").loc[0]
    assert (track.NUMBER_SPOTS, track.NUMBER_GAPS) == (3, 0)
    assert (track.TRACK_START, track.TRACK_STOP) == (0.0, 10.0)
    assert float(track["TRACK_DISPLACEMENT"]) == pytest.approx(0.4)


def test_a_table_has_the_four_header_lines(tmp_path):
    spots, *_ = write_trackmate_csv(moving(), tmp_path / "a")
    with spots.open(newline="") as stream:
        keys, names, short, units, first = (next(csv.reader(stream)) for _ in range(5))
    assert keys[:10] == [
        "LABEL", "ID", "TRACK_ID", "QUALITY", "POSITION_X", "POSITION_Y", "POSITION_Z", "POSITION_T", "FRAME", "RADIUS",
    ]  # fmt: skip
    assert names[:3] == ["Label", "Spot ID", "Track ID"]
    assert short[9] == "R"
    assert units[4] == "(micron)"
    assert units[7] == "(min)"
    assert units[8] == ""
    assert len(first) == len(keys) == len(units)


def test_a_single_image_has_spots_and_no_tracks(tmp_path):
    spots = read_trackmate(write_trackmate(observations(), tmp_path / "a.xml"))
    assert len(spots) == 4
    assert (spots["track_id"] == -1).all()


def test_a_size_without_error_is_as_if_made_by_hand(tmp_path):
    seen = with_migrasomes(observations(), diameter_sd_um=np.nan)
    assert (read_trackmate(write_trackmate(seen, tmp_path / "a.xml"))["quality"] == -1).all()


def test_a_spot_needs_a_size(tmp_path):
    with pytest.raises(RequestError, match="Migrasome 0 has no diameter"):
        write_trackmate(with_migrasomes(observations(), diameter_um=np.nan), tmp_path / "a.xml")


def test_a_session_of_trackmate_is_read(tmp_path):
    (tmp_path / "a.xml").write_text(SESSION)
    spots = read_trackmate(tmp_path / "a.xml")
    assert spots["spot_id"].tolist() == [35, 40, 41]  # 36 is hidden by a filter
    assert spots["track_id"].tolist() == [7, 7, -1]
    assert spots["name"].tolist() == ["ID35", "mine", "ID41"]
    np.testing.assert_allclose(spots["x_um"], [2.8, 2.9, 9.0])
    np.testing.assert_allclose(spots["diameter_um"], [0.8, 1.0, 0.6])
    np.testing.assert_allclose(spots["time_min"], [0, 0.5, 0.5])
    assert read_trackmate(tmp_path / "a.xml", hidden=True)["spot_id"].tolist() == [35, 36, 40, 41]


def test_a_table_of_trackmate_is_read(tmp_path):
    (tmp_path / "a.csv").write_text(
        "LABEL,ID,TRACK_ID,QUALITY,POSITION_X,POSITION_Y,POSITION_Z,POSITION_T,FRAME,RADIUS,VISIBILITY,MANUAL_SPOT_COLOR\n"
        "Label,Spot ID,Track ID,Quality,X,Y,Z,T,Frame,Radius,Visibility,Manual spot color\n"
        "Label,Spot ID,Track ID,Quality,X,Y,Z,T,Frame,R,Visibility,Spot color\n"
        ",,,(quality),(micron),(micron),(micron),(sec),,(micron),,\n"
        "ID9,9,,2.5,10.0,20.0,0.0,60.0,1,0.4,1,\nID8,8,None,2.5,1.0,2.0,0.0,0.0,0,0.5,1,\n"
    )
    spots = read_trackmate_csv(tmp_path / "a.csv")
    assert spots["spot_id"].tolist() == [8, 9]
    np.testing.assert_allclose(spots["time_min"], [0, 1])
    np.testing.assert_allclose(spots["diameter_um"], [1.0, 0.8])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('spatialunits="nm"', 'spatialunits="pixel"', r"a\.xml: positions are in 'pixel', not in a length"),
        ('timeunits="sec"', 'timeunits="moon"', "times are in 'moon'"),
        ('RADIUS="500.0"', 'RADIUS="big"', "Spot 40 has no number RADIUS"),
        (' FRAME="1" RADIUS="300.0"', "", "Spot 41 has no number"),
        ("</TrackMate>", "", "not a whole XML file"),
        ("<TrackMate version", "<!DOCTYPE x><TrackMate version", "document type"),
        ("TrackMate", "Tracks", "no TrackMate session"),
    ],
)
def test_a_bad_session_is_one_message(tmp_path, old, new, message):
    (tmp_path / "a.xml").write_text(SESSION.replace(old, new))
    with pytest.raises(DataError, match=message):
        read_trackmate(tmp_path / "a.xml")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("RADIUS", "SIZE", r"no table of spots .*RADIUS missing"),
        ("(micron)", "", "no line of units"),
        ("(micron)", "(pixel)", "not in a length"),
        (",30.0,", ",east,", r"a_spots\.csv:5: POSITION_X is 'east'"),
        ("migrasome-1,", "migrasome-1,,", r"a_spots\.csv:6: 13 cells, and the header has 12"),
    ],
)
def test_a_bad_table_is_one_message(tmp_path, old, new, message):
    spots, *_ = write_trackmate_csv(observations(), tmp_path / "a")
    spots.write_text(spots.read_text().replace(old, new))
    with pytest.raises(DataError, match=message):
        read_trackmate_csv(spots)


def test_old_files_are_left_alone(tmp_path):
    for write in (
        lambda: write_trackmate(observations(), tmp_path / "a.xml"),
        lambda: write_trackmate_csv(observations(), tmp_path / "a"),
    ):
        write()
        with pytest.raises(RequestError, match="left as it is"):
            write()
    with pytest.raises(DataError, match="no TrackMate file"):
        read_trackmate(tmp_path / "none.xml")
