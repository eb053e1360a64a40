import math

import numpy as np
import pytest

from migralab.core.errors import RequestError
from tests.unit.measure.made import look, observe
from tests.unit.measure.test_motility import film, walk


def path(*points, interval=1.0):
    """Return one cell that goes through the points."""
    return film(np.array([points], float), interval=interval)


def test_a_straight_track_does_not_turn_and_a_shuttle_turns_back():
    assert look(path((0, 0), (1, 0), (2, 0), (3, 0)), "turning.cosine").value == pytest.approx(1.0)
    assert look(path((0, 0), (1, 0), (0, 0), (1, 0)), "turning.cosine").value == pytest.approx(-1.0)
    corners = look(path((0, 0), (1, 0), (1, 1), (1 + math.sqrt(3), 2)), "turning.cosine")  # 90 and 60 degrees
    assert corners.value == pytest.approx((0 + 0.5) / 2)
    assert "2 corners" in corners.note


def test_a_persistent_walk_turns_as_little_as_the_theory_says():
    # unit steps made in one minute with rotational diffusion 1/P: <cos> between steps of a walk in steps is exp(-1/P)
    made = film(walk(200, 60, 0.5, 20.0, interval=1.0), interval=1.0)
    assert look(made, "turning.cosine").value == pytest.approx(math.exp(-1 / 20), abs=0.004)  # 11,000 corners


def test_a_rest_has_no_direction_and_is_no_corner():
    still = look(path((0, 0), (1, 0), (1, 0), (2, 0), (3, 0)), "turning.cosine")
    assert "from 1 corners" in still.note
    assert "nothing to average" in look(path((0, 0), (0, 0), (0, 0)), "turning.cosine").note


def test_straightness_is_net_over_path_and_can_be_cut():
    bent = path((0, 0), (3, 0), (3, 4), (0, 4), (0, 0))
    assert look(bent, "straightness.ratio").value == pytest.approx(0.0)
    assert look(bent, "straightness.ratio", over_min=2.0).value == pytest.approx(5 / 7)
    assert look(bent, "straightness.ratio", over_min=1.0).value == pytest.approx(1.0)
    assert "long enough" in look(bent, "straightness.ratio", over_min=9.0).note
    with pytest.raises(RequestError, match="shorter than the 1 min"):
        look(bent, "straightness.ratio", over_min=0.1)


def test_a_track_with_a_gap_has_no_path_and_is_left_out():
    tracks = np.array([[(0, 0), (3, 0), (3, 4)], [(0, 0), (np.nan, np.nan), (5, 5)]], float)
    found = look(film(tracks, interval=1.0), "straightness.ratio")
    assert found.value == pytest.approx(5 / 7)
    assert "1 of 2 left out" in found.note


def test_arrest_is_the_share_of_slow_steps():
    made = film(
        np.array([[(0, 0), (1, 0), (4, 0), (5, 0), (8, 0)], [(0, 0), (3, 0), (6, 0), (9, 0), (12, 0)]], float), 1.0
    )
    found = look(made, "arrest.coefficient")
    assert (found.value, found.n) == (pytest.approx((0.5 + 0.0) / 2), 2)
    assert look(made, "arrest.coefficient", below_um_per_min=4.0).value == 1.0


def test_the_median_step_is_over_all_steps():
    made = film(np.array([[(0, 0), (1, 0), (4, 0)], [(0, 0), (2, 0), (np.nan, 0)]], float), interval=0.5)
    assert look(made, "speed.step_median").value == pytest.approx(4.0)  # 2, 6 and 4 um/min


def test_a_step_over_a_gap_is_left_out_and_said_so():
    tracks = np.array([[(0, 0), (1, 0), (np.nan, 0), (9, 0), (10, 0), (11, 0)]], float)
    found = look(film(tracks, interval=1.0), "speed.mean")
    assert found.value == pytest.approx(1.0)
    assert "1 of 4 steps over gaps" in found.note


def test_a_cell_that_is_gone_still_counts_in_the_film():
    cells = {"frame": [0, 1, 1, 2], "cell_id": [4, 4, 8, 8], "x_um": [0.0, 2.0, 0.0, 4.0], "y_um": [0.0] * 4}
    found = look(observe(cells=cells, frames_min=(0.0, 1.0, 2.0)), "speed.mean")
    assert (found.value, found.n) == (pytest.approx(3.0), 2)


@pytest.mark.parametrize("name", ["turning.cosine", "straightness.ratio", "arrest.coefficient", "speed.step_median"])
def test_one_frame_has_no_movement(name):
    assert "two frames" in look(path((0, 0)), name).note
    assert math.isnan(look(observe(), name).value)
