"""Measured tracks go through the same observables; numbers of real ones are those that others state of them."""

import math
from itertools import pairwise

import numpy as np
import pytest

from migralab.core.errors import DataError
from migralab.measure import measure
from migralab.measure.tracks import IN_TRACKS, measure_tracks

TABLE = "track,t_min,x_um,y_um\n1,0,0,0\n1,1,3,0\n1,2,3,4\n2,1,9,9\n2,2,9,4\n"


def written(tmp_path, text, name="field.csv"):
    (tmp_path / name).write_text(text)
    return tmp_path / name


def test_tracks_become_cells_with_headings_and_nothing_else(tmp_path):
    made = measure_tracks(written(tmp_path, TABLE), population="neutrophils")
    cells = made["cells"]
    assert (made.origin, made.experiment, made.frames_min) == ("tracks", "field", (0.0, 1.0, 2.0))
    assert list(cells["frame"]) == [0, 1, 2, 1, 2]
    assert np.isnan(cells["heading_x"].iloc[[0, 3]]).all()
    assert list(cells["heading_y"].iloc[[1, 2, 4]]) == [0.0, 1.0, -1.0]
    assert set(cells["population"]) == {"neutrophils"}
    assert all(len(table) == 0 for name, table in made.tables.items() if name != "cells")
    found = measure(made, ["speed.mean", "speed.mean[neutrophils]", "straightness.ratio", "count.per_cell"])
    assert found["speed.mean"].value == pytest.approx((3.5 + 5.0) / 2)
    assert found["speed.mean[neutrophils]"].value == found["speed.mean"].value
    assert found["straightness.ratio"].value == pytest.approx((5 / 7 + 1) / 2)


def test_what_tracks_cannot_tell_is_missing(tmp_path):
    made = measure_tracks(written(tmp_path, TABLE))
    for name in ("attraction.index", "turning.to_migrasome", "turning.to_fibre", "site.pair_correlation",
                 "uptake.per_cell_hour", "cells.moving_share", "diameter.mean", "fibre.length_laid"):  # fmt: skip
        readout = measure(made, [name])[name]
        assert math.isnan(readout.value), name
        assert readout.note, name


def test_a_cell_in_two_places_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"track 1 is in two places at 1 min.*cut into tracks"):
        measure_tracks(written(tmp_path, TABLE + "1,1,8,8\n"))


@pytest.fixture
def real():
    from migralab.imaging.datasets import data_root

    def find(file):
        root = data_root()
        if root is None or not (root / file).is_file():
            pytest.skip(f"{file} is not on this machine; set MIGRALAB_DATA")
        return root / file

    return find


@pytest.mark.data
@pytest.mark.parametrize(
    ("file", "cells", "interval", "speed"),
    [  # tracks, interval and median step speed as shared/data/SOURCES.md states them
        ("prw_cell_tracks/example_file_1.csv", 10, 10.0, 0.65),
        ("celltrackR/TCells.csv", 199, 0.4, 5.3),
        ("celltrackR/Neutrophils.csv", 411, 0.4, 6.5),
    ],
)
def test_real_tracks_have_the_speed_that_is_stated(real, file, cells, interval, speed):
    made = measure_tracks(real(file))
    found = measure(made, ["speed.step_median", "turning.cosine"])
    assert found["speed.step_median"].value == pytest.approx(speed, abs=0.06)
    assert found["speed.step_median"].n == cells
    assert f"{interval:g} min frames" in found["speed.step_median"].method


@pytest.mark.data
def test_turns_straightness_and_arrest_of_real_tracks_are_those_of_a_plain_loop(real):
    """The same numbers from the definitions, cell by cell, without any of our arrays."""
    made = measure_tracks(real("celltrackR/TCells.csv"))
    cosines, straight, slow = [], [], []
    for _, track in made["cells"].groupby("cell_id"):
        place, time = track[["x_um", "y_um"]].to_numpy(), track["time_min"].to_numpy()
        lengths, before = [], None
        for a, b in pairwise(place):
            step = b - a
            lengths.append(math.hypot(*step))
            if before is not None and math.hypot(*before) and math.hypot(*step):
                cosines.append(float(before @ step) / math.hypot(*before) / math.hypot(*step))
            before = step
        straight.append(math.hypot(*(place[-1] - place[0])) / sum(lengths))
        slow.append(np.mean([d / dt < 2.0 for d, dt in zip(lengths, np.diff(time), strict=True)]))
    found = measure(made, ["turning.cosine", "straightness.ratio", "arrest.coefficient"])
    assert found["turning.cosine"].value == pytest.approx(np.mean(cosines))
    assert found["straightness.ratio"].value == pytest.approx(np.mean(straight))
    assert found["arrest.coefficient"].value == pytest.approx(np.mean(slow))


@pytest.mark.data
def test_tracks_in_three_dimensions_are_projected_and_said_so(real):
    names = ("row", "track", "t_s", "x_um", "y_um", "z_um")
    made = measure_tracks(real("celltrackR/t-cells.txt"), columns=names)
    assert (made["cells"]["cell_id"].nunique(), len(made["cells"])) == (258, 5157)  # SOURCES.md
    assert "3D" in made.notes[0]
    with pytest.raises(DataError, match=r"no header.*--columns"):
        measure_tracks(real("celltrackR/t-cells.txt"))


@pytest.mark.data
def test_pixels_and_frames_of_an_assay_export_need_their_units(real):
    file = real("biotracks/CELLMIA_tracking.txt")
    with pytest.raises(DataError, match="--pixel-size"):
        measure_tracks(file, frame_interval=5.0)
    with pytest.raises(DataError, match="--frame-interval"):
        measure_tracks(file, pixel_size=1.0)
    made = measure_tracks(file, pixel_size=1.0, frame_interval=5.0)
    assert len(made["cells"]) == 4964  # objects, SOURCES.md


@pytest.mark.data
def test_all_that_tracks_are_asked_for_is_known_or_explained(real):
    found = measure(measure_tracks(real("celltrackR/Neutrophils.csv")), IN_TRACKS)
    assert all(readout.known or readout.note for readout in found.values())
    # neutrophils that go one way together: order and a way along one diagonal go with each other
    assert found["order.polar@film"].low > 0.2
    x, y = found["forward.index"].value, found["forward.index[axis_deg=90]"].value
    assert math.degrees(math.atan2(y, x)) == pytest.approx(-45, abs=10)
