"""A series is measured frame by frame, in any number of processes, with the same result; bad frames are flagged."""

import numpy as np
import pandas as pd
import pytest
import tifffile

from migralab.core.errors import DataError
from migralab.imaging import analyse_series as module
from migralab.imaging.analyse_series import analyse_series
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


def test_two_processes_give_the_same_to_the_last_digit(film, alone):
    calls = []
    together = analyse_series(film, workers=2, progress=calls.append)
    assert together.notes == alone.notes
    for name, table in alone.tables.items():
        pd.testing.assert_frame_equal(together[name], table)
    assert [c.done for c in calls] == [1, 2, 3, 4, 5]
    assert calls[-1].remaining_s == 0


def test_progress_gives_the_rate_and_the_end(film, monkeypatch):
    clock = iter([0.0, 6.0, 12.0, 18.0, 24.0, 30.0])
    monkeypatch.setattr(
        module, "measure_frame", lambda *_: ({t: [] for t in ("cells", "nodes", "fibres", "migrasomes")}, [])
    )
    monkeypatch.setattr(module.time, "monotonic", lambda: next(clock))
    monkeypatch.setattr(module.time, "time", lambda: 1000.0)
    calls = []
    analyse_series(film, workers=1, progress=calls.append)
    assert [c.frames_per_min for c in calls] == pytest.approx([10] * 5)
    assert [c.remaining_s for c in calls] == pytest.approx([24, 18, 12, 6, 0])
    assert calls[1].ends_at == pytest.approx(1018)


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
