"""Cells that turn as their neighbours go: exponential approach, von Mises' law with noise, and who counts."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ive

from migralab.core.random import dish_key
from migralab.engine.engine import Engine, Founders
from migralab.mechanisms.motility.alignment import turn_to_neighbours
from migralab.mechanisms.registry import MECHANISMS
from tests.dish import SOURCE
from tests.sensing import PLACED

WALK = ("motility.adhesion", "motility.walk", "motility.alignment", "motility.displacement")
STRAIGHT = {"motility.walk": PLACED["motility.walk"] | {"persistence": "1e9 min"}}
RATE = 0.02  # 1/min


def dish(first, second, *, places, dishes=1, dt=30.0):
    """Return (engine, state) of dishes of a cell of each of two populations, at these places (um)."""
    made = []
    for name in WALK:
        kind = MECHANISMS[name]
        own = [
            kind.parameters(**{key: {"value": value, "source": SOURCE} for key, value in changes.get(name, {}).items()})
            for changes in (first, second)
        ]
        made.append(kind(own[0].beside([own[1]]), dt))
    engine = Engine(made, dt)
    keys = [int(dish_key(seed)) for seed in range(1, dishes + 1)]
    populations = [Founders("first", 1), Founders("second", len(places) - 1)]
    return engine, engine.found([np.array(places, float)] * dishes, keys, populations=populations)


def aligned(polar, rate=f"{RATE} 1/min"):
    return STRAIGHT | {"motility.alignment": {"rate": rate, "polar": str(polar)}}


def set_angles(state, *degrees):
    angle = np.radians(degrees)
    state["cells"]["heading"][:] = np.column_stack([np.cos(angle), np.sin(angle)])


def angle_between(state):
    a, b = state["cells"]["heading"][:2]
    return np.degrees(np.arctan2(a[0] * b[1] - a[1] * b[0], a @ b))


@pytest.mark.parametrize(("polar", "half"), [(1.0, 0.5), (0.0, 1.0)])
@pytest.mark.parametrize(("leads", "times"), [(False, 2.0), (True, 1.0)])
def test_two_cells_align_exponentially_at_the_rate(polar, half, leads, times):
    """tan(half the angle) falls as exp(-w t), of an axis tan(the angle); twice as fast if both turn."""
    minutes = 40.0
    leader = aligned(polar, "0 1/min") if leads else aligned(polar)
    engine, state = dish(aligned(polar), leader, places=[(0, 0), (10, 0)])
    set_angles(state, 60.0, 0.0)
    engine.run(state, round(minutes * 2))
    left = np.tan(np.radians(half * 60.0)) * np.exp(-times * RATE * minutes)
    expected = np.degrees(np.arctan(left)) / half
    # headings of others are those of the beginning of a step: an error of first order in w dt = 0.01
    assert abs(angle_between(state)) == pytest.approx(expected, rel=0.02)


def test_the_axis_has_no_sense_and_the_direction_has():
    for polar, expected in ((0.0, 180.0), (1.0, 0.0)):
        engine, state = dish(aligned(polar), aligned(polar), places=[(0, 0), (10, 0)])
        set_angles(state, 0.0, 120.0)
        engine.run(state, 1200)
        assert abs(angle_between(state)) == pytest.approx(expected, abs=0.1)


def test_headings_beside_a_leader_follow_von_mises():
    """kappa = w P, so the mean cosine is I1/I0 (eq-turning); of 400 dishes, off by 4 sd once in 16,000."""
    noisy = {"motility.walk": PLACED["motility.walk"], "motility.alignment": {"rate": "0.05 1/min", "polar": "1"}}
    engine, state = dish(noisy, aligned(1.0, "0 1/min"), places=[(0, 0), (10, 0)], dishes=400, dt=60.0)
    heading = state["cells"]["heading"]
    engine.run(state, 600)
    follower = state["cells"]["population"] == 0
    cosine = (heading[follower] * heading[~follower]).sum(axis=1)
    kappa = 0.05 * 60.0
    assert cosine.mean() == pytest.approx(ive(1, kappa) / ive(0, kappa), abs=4 * cosine.std() / 20)


def test_who_is_far_or_in_another_dish_does_not_count():
    engine, state = dish(aligned(1.0), aligned(1.0), places=[(0, 0), (30, 0)], dishes=2)
    before = state["cells"]["heading"].copy()
    engine.run(state, 100)
    np.testing.assert_allclose(state["cells"]["heading"], before, atol=1e-3)


def test_neighbours_that_disagree_cancel():
    heading = np.array([[np.cos(0.3), np.sin(0.3)], [1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
    pairs = np.array([[0, 1], [0, 2], [0, 3], [0, 4]])
    for polar in (0.0, 0.5, 1.0):
        turning = turn_to_neighbours(heading, pairs, np.full(5, 0.1), np.full(5, polar))
        np.testing.assert_allclose(turning[0], 0.0, atol=1e-15)
        assert np.abs(turning[1:]).max() > 0.0


def test_a_dish_comes_out_the_same_beside_others():
    alone = dish(aligned(0.5), aligned(0.5), places=[(0, 0), (10, 0), (5, 8)])
    beside = dish(aligned(0.5), aligned(0.5), places=[(0, 0), (10, 0), (5, 8)], dishes=3)
    for engine, state in (alone, beside):
        engine.run(state, 60)
    np.testing.assert_array_equal(alone[1]["cells"]["heading"], beside[1]["cells"]["heading"][:3])
