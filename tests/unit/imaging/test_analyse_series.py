"""A series is measured frame by frame, in any number of processes, with the same result; bad frames are flagged."""

import numpy as np
import pandas as pd
import pytest
import tifffile

from migralab.core.errors import DataError
from migralab.imaging import analyse_series as module
from migralab.imaging.analyse_series import analyse_film, analyse_series, gather_notes
from migralab.imaging.reading import open_series
from tests.unit.imaging.drawn import line_points, render, sphere_points

FRAMES = 5
FIBRE = line_points((1, 6), (11, 6))


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """One migrasome that moves 1 um a frame along a fibre; the fourth frame was taken in the dark."""
    frames = [render([FIBRE, sphere_points(2.0 + frame, 6, 1.2)], side_um=12) for frame in range(FRAMES)]
    frames[3][:] = 100
    file = tmp_path_factory.mktemp("film") / "film.ome.tif"
    metadata = {"axes": "TYX", "PhysicalSizeX": 0.1, "TimeIncrement": 120.0}
    tifffile.imwrite(file, np.stack(frames), metadata=metadata, photometric="minisblack")
    return open_series(file)


@pytest.fixture(scope="module")
def alone(film):
    return analyse_series(film, workers=1)


def test_each_frame_has_its_migrasome_where_it_was_drawn(alone):
    found = alone["migrasomes"]
    assert alone.frames_min == (0.0, 2.0, 4.0, 6.0, 8.0)
    for frame in (0, 1, 2, 4):
        place = found[found["frame"] == frame]
        nearest = np.hypot(place["x_um"] - (2.0 + frame), place["y_um"] - 6).min()
        assert nearest < 0.2
        assert (place["time_min"] == 2.0 * frame).all()


def test_a_dark_frame_is_flagged_and_has_no_rows(alone):
    assert not (alone["migrasomes"]["frame"] == 3).any()
    assert any(n.startswith("Frame 3: it is saturated or empty") and "missing, not zero" in n for n in alone.notes)


def test_a_frame_is_told_of_as_it_is_done(film, alone):
    calls = []
    again = analyse_series(film, workers=2, progress=calls.append)  # one block: one process
    pd.testing.assert_frame_equal(again["migrasomes"], alone["migrasomes"])
    assert [c.done for c in calls] == [1, 2, 3, 4, 5]
    assert calls[-1].remaining_s == 0


@pytest.mark.slow
def test_two_processes_give_the_same_to_the_last_digit(tmp_path):
    frames = [
        render([line_points((1, 4), (8, 4)), sphere_points(3, 4, 1.0)], side_um=9, seed=1 + frame)
        for frame in range(15)
    ]
    file = tmp_path / "long.ome.tif"
    metadata = {"axes": "TYX", "PhysicalSizeX": 0.1, "TimeIncrement": 60.0}
    tifffile.imwrite(file, np.stack(frames), metadata=metadata, photometric="minisblack")
    series, calls = open_series(file), []
    one = analyse_film(series, workers=1)
    two = analyse_film(series, workers=2, progress=calls.append)
    assert one.averaged == (8, 7)
    assert two.observations.notes == one.observations.notes
    for name, table in one.observations.tables.items():
        pd.testing.assert_frame_equal(two.observations[name], table)
    np.testing.assert_array_equal(two.drift_px, one.drift_px)
    assert calls[-1].done == 15


def test_progress_gives_the_rate_and_the_end(monkeypatch):
    clock = iter([0.0, 6.0, 12.0])
    monkeypatch.setattr(module.time, "monotonic", lambda: next(clock))
    monkeypatch.setattr(module.time, "time", lambda: 1000.0)
    calls = []
    told = module._Told(5, calls.append)
    told(1)
    told(1)  # nothing new
    told(2)
    assert [c.frames_per_min for c in calls] == pytest.approx([10] * 2)
    assert [c.remaining_s for c in calls] == pytest.approx([24, 18])
    assert calls[1].ends_at == pytest.approx(1018)


def test_notes_of_many_frames_become_one():
    said = [(n, f"{n} spots are too small.") for n in range(9)] + [(3, "it is empty.")]
    assert gather_notes(said) == [
        "Frame 0: 0 spots are too small. The same, with other numbers, in 8 more frames.",
        "Frame 3: it is empty.",
    ]


def test_a_channel_that_is_not_there_and_no_workers_are_refused(film):
    from migralab.imaging.settings import AnalysisSettings

    with pytest.raises(DataError, match="no channel 2"):
        analyse_series(film, AnalysisSettings(channel=2))
    with pytest.raises(DataError, match="Give 1 or more"):
        analyse_series(film, workers=0)


def test_a_damaged_frame_reaches_the_user_as_one_message(tmp_path):
    noise = np.random.default_rng(1).normal(100, 5, (5, 64, 64)).astype("f4")
    noise[1, 3, 3] = np.nan
    file = tmp_path / "a.tif"
    tifffile.imwrite(file, noise, metadata={"axes": "TYX"}, photometric="minisblack")
    series = open_series(file, pixel_size=0.1, frame_interval=1.0)
    with pytest.raises(DataError, match=r"a\.tif, frame 1"):
        analyse_series(series, workers=2)
