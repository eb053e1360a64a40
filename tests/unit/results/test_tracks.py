import numpy as np
import pytest

from migralab.core.errors import DataError
from migralab.results.tracks import read_tracks

SIMPLE = """<?xml version="1.0"?>
<Tracks nTracks="2" spaceUnits="micron" frameInterval="5.0" timeUnits="min">
 <particle nSpots="2"><detection t="0" x="1.0" y="2.0" z="0"/><detection t="1" x="2.0" y="2.5" z="0"/></particle>
 <particle nSpots="1"><detection t="3" x="9.0" y="8.0" z="0"/></particle>
</Tracks>"""

FULL = """<?xml version="1.0"?>
<TrackMate version="7"><Model spatialunits="micron" timeunits="sec">
 <AllSpots><SpotsInFrame frame="0">
  <Spot ID="1" POSITION_X="1" POSITION_Y="2" POSITION_T="0"/>
  <Spot ID="2" POSITION_X="3" POSITION_Y="4" POSITION_T="120"/>
  <Spot ID="3" POSITION_X="7" POSITION_Y="7" POSITION_T="0"/>
 </SpotsInFrame></AllSpots>
 <AllTracks><Track TRACK_ID="5"><Edge SPOT_SOURCE_ID="1" SPOT_TARGET_ID="2"/></Track>
 <Track TRACK_ID="6"><Edge SPOT_SOURCE_ID="3" SPOT_TARGET_ID="3"/></Track></AllTracks>
 <FilteredTracks><TrackID TRACK_ID="5"/></FilteredTracks>
</Model></TrackMate>"""

TRACKMATE_CSV = """TRACK_ID,POSITION_X,POSITION_Y,POSITION_T
Track ID,X,Y,T
Track ID,X,Y,T
,(micron),(micron),(sec)
0,1.0,2.0,0
0,2.0,2.0,60
"""


def write(tmp_path, text, name):
    path = tmp_path / name
    path.write_text(text)
    return path


def test_the_track_export_of_trackmate_is_read(tmp_path):
    tracks = read_tracks(write(tmp_path, SIMPLE, "a.xml"))
    assert tracks.track.tolist() == [0, 0, 1]
    assert tracks.time_min.tolist() == [0.0, 5.0, 15.0]
    assert tracks.x_um.tolist() == [1.0, 2.0, 9.0]


def test_the_model_file_of_trackmate_is_read_with_its_kept_tracks_only(tmp_path):
    tracks = read_tracks(write(tmp_path, FULL, "a.xml"))
    assert tracks.ids.tolist() == [5]
    assert tracks.time_min.tolist() == [0.0, 2.0]
    assert tracks.y_um.tolist() == [2.0, 4.0]


def test_units_of_a_trackmate_table_stand_in_its_fourth_line(tmp_path):
    tracks = read_tracks(write(tmp_path, TRACKMATE_CSV, "a.csv"))
    assert tracks.time_min.tolist() == [0.0, 1.0]


def test_points_come_sorted_by_track_and_time(tmp_path):
    tracks = read_tracks(write(tmp_path, "track;x_um;y_um;t_s\n2;1;1;60\n1;5;5;120\n1;4;4;0\n", "a.csv"))
    assert tracks.track.tolist() == [1, 1, 2]
    assert tracks.time_min.tolist() == [0.0, 2.0, 1.0]
    t, x, y = tracks.one(1)
    assert (t.tolist(), x.tolist(), y.tolist()) == ([0, 2], [4, 5], [4, 5])


@pytest.mark.parametrize(
    ("text", "name", "words"),
    [
        ("a,b\n1,2\n", "a.csv", "no column for track"),
        ("track,x,y_um,t_min\n1,2,3,4\n", "a.csv", "--pixel-size"),
        ("track,x_um,y_um,frame\n1,2,3,4\n", "a.csv", "--frame-interval"),
        ("track,x_um,y_um,t_min\n1,2,3,4\n1,2,oops,4\n", "a.csv", "a.csv:3"),
        ("track,x_um,y_um,t_min\n", "a.csv", "no points"),
        (SIMPLE[:150], "a.xml", "not a whole XML"),
        ("<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><Tracks/>", "a.xml", "not accepted"),
        ("<?xml version='1.0'?><Model/>", "a.xml", "neither a TrackMate"),
        (FULL.replace('SPOT_TARGET_ID="2"', 'SPOT_TARGET_ID="99"'), "a.xml", "not there"),
    ],
)
def test_a_bad_file_is_one_clear_message(tmp_path, text, name, words):
    with pytest.raises(DataError, match=words):
        read_tracks(write(tmp_path, text, name))


def test_pixels_and_frames_are_converted_when_the_scale_is_given(tmp_path):
    path = write(tmp_path, "track,x,y,frame\n1,2,3,4\n", "a.csv")
    tracks = read_tracks(path, pixel_size_um=0.5, frame_interval_min=8.0)
    assert (tracks.x_um[0], tracks.y_um[0], tracks.time_min[0]) == (1.0, 1.5, 32.0)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match="no such track file"):
        read_tracks(tmp_path / "none.csv")


def test_a_table_without_header_needs_the_names_of_its_columns(tmp_path):
    text = "2 1 60 1.0 2.0 -5.0\n3 1 120 4.0 6.0 -6.0\n"
    with pytest.raises(DataError, match="6 columns with --columns"):
        read_tracks(write(tmp_path, text, "a.txt"))
    names = ("row", "track", "t_s", "x_um", "y_um", "z_um")
    tracks = read_tracks(write(tmp_path, text, "a.txt"), columns=names)
    assert (list(tracks.time_min), list(tracks.x_um), list(tracks.y_um)) == ([1.0, 2.0], [1.0, 4.0], [2.0, 6.0])
    assert "3D" in tracks.notes[0]
    with pytest.raises(DataError, match="has 6 columns, and 2 were named"):
        read_tracks(write(tmp_path, text, "a.txt"), columns=("track", "t_s"))


def test_a_depth_that_never_changes_is_no_third_dimension(tmp_path):
    text = "track,t_min,x_um,y_um,z_um\n1,0,0,0,0\n1,1,1,1,0\n"
    assert read_tracks(write(tmp_path, text, "a.csv")).notes == ()


@pytest.mark.data
@pytest.mark.parametrize(
    ("file", "tracks", "points", "speed"),
    [  # counts and median step speeds of shared/data/SOURCES.md
        ("prw_cell_tracks/example_file_1.csv", 10, 418, 0.65),
        ("celltrackR/TCells.csv", 199, 4094, 5.3),
        ("celltrackR/Neutrophils.csv", 411, 5462, 6.5),
    ],
)
def test_real_tracks_have_their_published_numbers(file, tracks, points, speed):
    from migralab.imaging.datasets import data_root

    root = data_root()
    if root is None or not (root / file).is_file():
        pytest.skip(f"{file} is not on this machine; set MIGRALAB_DATA")
    read = read_tracks(root / file)
    assert (len(read.ids), len(read.track)) == (tracks, points)
    same = np.diff(read.track) == 0
    steps = np.hypot(np.diff(read.x_um), np.diff(read.y_um)) / np.diff(read.time_min)
    assert np.median(steps[same]) == pytest.approx(speed, abs=0.06)
