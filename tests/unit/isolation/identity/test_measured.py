"""Folders of `migralab measure`: channels become markers."""

from __future__ import annotations

import numpy as np
import pytest

from migralab.core.errors import DataError
from migralab.isolation.identity.identify import Question, identify, list_calls
from migralab.isolation.identity.measured import is_measurement, read_measurement
from migralab.isolation.identity.read import shipped_panel

MIGRASOMES = """id,frame,time_min,x_um,y_um,diameter_um,diameter_sd_um,attachment,attached,fibre_id,along_um,cell_id
0,0,0,1,1,9,0.1,free,False,-1,0,0
0,1,1,1,1,1.2,0.1,tip,True,3,0,0
1,1,1,5,5,0.9,0.1,junction,True,3,2,0
2,1,1,9,9,,,free,False,-1,,0
"""
MARKERS = """id,frame,x_um,y_um,channel,membrane,membrane_sd,ground,to_fibre,to_fibre_sd,to_body
0,1,1,1,TSPAN4-GFP,90,3,5,8,1,2.2
0,1,1,1,647,30,3,5,2,1,
1,1,5,5,TSPAN4-GFP,80,3,5,9,1,2.0
1,1,5,5,647,-3,3,5,-0.2,1,-0.1
2,1,9,9,TSPAN4-GFP,20,3,5,,,0.4
2,1,9,9,647,9,3,5,,,
-1,1,9,9,647,9,3,5,,,
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "migrasomes.csv").write_text(MIGRASOMES)
    (tmp_path / "markers.csv").write_text(MARKERS)
    (tmp_path / "settings.json").write_text("{}")
    return tmp_path


def test_ratios_of_the_last_frame_stand_beside_size_and_attachment(folder):
    rows, notes = read_measurement(folder, {"WGA": "1"}, shipped_panel())
    assert rows["id"].tolist() == [0, 1, 2]
    assert rows["attachment"].tolist() == ["tip", "junction", "free"]
    assert rows["TSPAN4_to_cell"].tolist() == [2.2, 2.0, 0.4]
    assert rows["WGA_to_fibre"].fillna(-1).tolist() == [2.0, 0.0, -1]
    assert np.isnan(rows["WGA_to_cell"][0])
    assert notes == ["2 ratios below 0 (light under the ground around) were taken as 0"]


def test_a_channel_without_a_marker_is_named(folder):
    rows, notes = read_measurement(folder / "markers.csv", {}, shipped_panel())
    assert "WGA_to_cell" not in rows
    assert notes == ["channels that show no marker of the panel: 647 (say which with --channel)"]


@pytest.mark.parametrize(
    ("channels", "said"),
    [
        ({"WGA": "7"}, r"no channel '7'. It has 0 \(TSPAN4-GFP\), 1 \(647\)"),
        ({"WGB": "1"}, "has no marker 'WGB'"),
        ({"TSPAN4": "1"}, "two channels show TSPAN4"),
    ],
)
def test_a_wrong_channel_is_refused(folder, channels, said):
    with pytest.raises(DataError, match=said):
        read_measurement(folder, channels, shipped_panel())


def test_vesicles_on_fibres_are_called_by_place(folder):
    assert is_measurement(folder)
    found = identify(folder, question=Question(channels={"WGA": "647"}))
    calls = list_calls(found)
    assert calls["call"].tolist() == ["migrasome", "no call", "no call"]  # the second has none of the stain
    assert calls["basis"].tolist() == ["place", "", ""]
    one_marker = list_calls(identify(folder))
    assert one_marker["migrasome_probability"][0] < calls["migrasome_probability"][0]
    assert one_marker["most_probable"].tolist()[:2] == ["migrasome", "migrasome"]
    assert {line.status for line in found.card if line.asked.startswith("isolation")} == {"not applicable"}


def test_a_vesicle_of_which_nothing_is_known_is_left_out_and_counted(folder):
    (folder / "migrasomes.csv").write_text(MIGRASOMES + "3,1,1,7,7,,,unknown,False,-1,,0\n")
    rows, notes = read_measurement(folder, {}, shipped_panel())
    assert rows["id"].tolist() == [0, 1, 2]
    assert notes[-1] == "1 vesicles without size, place and ratios were left out"
    (folder / "migrasomes.csv").write_text(MIGRASOMES.splitlines()[0] + "\n3,1,1,7,7,,,unknown,False,-1,,0\n")
    with pytest.raises(DataError, match="no vesicle of the last frame"):
        read_measurement(folder, {}, shipped_panel())


def test_a_vesicle_on_the_shaft_of_which_nothing_else_is_known_is_left_out(folder):
    (folder / "migrasomes.csv").write_text(MIGRASOMES + "3,1,1,7,7,,,shaft,True,3,1,0\n")
    rows, notes = read_measurement(folder, {}, shipped_panel())
    assert rows["id"].tolist() == [0, 1, 2]
    assert notes[-1].startswith("1 vesicles without size")


def test_one_channel_leaves_size_and_attachment(folder):
    (folder / "markers.csv").unlink()
    found = identify(folder)
    assert [str(own) for own in found.readings.features] == ["diameter", "ATTACHED present"]
    assert set(list_calls(found)["call"]) == {"no call"}
    with pytest.raises(DataError, match="no markers"):
        read_measurement(folder, {"WGA": "1"}, shipped_panel())
