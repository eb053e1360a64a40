"""Sprouts, barriers and clots follow their laws at any step."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from migralab.core.random import dish_key, draw_exponentials, stream_key
from migralab.engine.engine import Engine, Founders
from migralab.physics.recipients.clot import clot_lag, clot_step
from tests.phenotype import HOUR, Pools, couples, grown, make, scattered

# Sprouting


@pytest.mark.parametrize("dt", [600.0, 60.0])
def test_a_lonely_cell_becomes_a_tip_at_its_rate_and_its_sprout_grows(dt):
    cells, hours = 2000, 4.0
    sprouting = make("phenotype.sprouting", dt, {"rate": "0.2 1/h", "elongation": "5 um/h"})
    _, state = grown([sprouting], scattered(cells), dt, hours)
    when = draw_exponentials(stream_key("phenotype.sprouting"), state["cells"]["key"], 0, 0) / 0.2  # h
    np.testing.assert_array_equal(state["cells"]["tip"], when <= hours)
    np.testing.assert_allclose(state["cells"]["sprout_length"], 5.0 * np.maximum(hours - when, 0.0), atol=1e-9)
    assert 0.4 < np.mean(when <= hours) < 0.7


@pytest.mark.parametrize("rate", ["0.05 1/h", "20 1/h"])
def test_tips_are_never_closer_than_the_exclusion(rate):
    positions = np.random.default_rng(5).uniform(0, 600, (600, 2))
    sprouting = make("phenotype.sprouting", 600.0, {"rate": rate, "exclusion": "60 um"})
    _, state = grown([sprouting], positions, 600.0, 12.0)
    tips = state["cells"]["sprout_root"][state["cells"]["tip"]]
    assert len(tips) > 10
    apart = np.hypot(*(tips[:, None] - tips[None]).transpose(2, 0, 1)) + 1e9 * np.eye(len(tips))
    assert apart.min() >= 60.0
    if rate.startswith("20"):  # at the end no cell is left that could become one
        assert np.all(np.hypot(*(positions[:, None] - tips[None]).transpose(2, 0, 1)).min(axis=1) < 60.0)


def test_of_two_neighbours_the_earlier_wins_whatever_the_step():
    near = couples(400)
    chosen = []
    for dt in (3600.0, 60.0):
        _, state = grown([make("phenotype.sprouting", dt, {"rate": "1 1/h"})], near, dt, 10.0)
        chosen.append(state["cells"]["tip"].copy())
    when = draw_exponentials(stream_key("phenotype.sprouting"), state["cells"]["key"], 0, 0)
    first = np.concatenate([when[:400] < when[400:], when[:400] > when[400:]])
    for tips in chosen:
        np.testing.assert_array_equal(tips, first & (when <= 10.0))


@pytest.mark.parametrize("dt", [3600.0, 60.0])
def test_an_inhibited_cell_goes_on_where_it_stood_when_the_tip_dies(dt):
    pairs, rate, killed, more = 400, 0.5, 10.0, 2.0
    engine = Engine([make("phenotype.sprouting", dt, {"rate": f"{rate} 1/h"}), Pools()], dt)
    state = engine.found([couples(pairs)], [int(dish_key(1))])
    engine.run(state, round(killed * HOUR / dt))
    cells = state["cells"]
    gone = np.flatnonzero(cells["tip"])
    left = gone + np.where(gone < pairs, pairs, -pairs)
    when = draw_exponentials(stream_key("phenotype.sprouting"), cells["key"], 0, 0) / rate
    cells.remove(gone)
    engine.run(state, round(more * HOUR / dt))
    np.testing.assert_array_equal(cells["tip"][left], when[left] - when[gone] <= more)


# Barrier and clot


@pytest.mark.parametrize("dt", [600.0, 60.0])
def test_a_barrier_relaxes_to_what_the_rules_set(dt):
    engine = Engine([make("phenotype.barrier", dt, {"permeability": "0.01 um/s", "relaxation": "30 min"}), Pools()], dt)
    state = engine.found([scattered(3)], [1])
    cells = state["cells"]
    assert set(cells["permeability"]) == {0.01}
    cells["permeability_set"][:] = [np.nan, 0.05, 0.0]
    engine.run(state, round(HOUR / dt))
    kept = np.exp(-2.0)
    np.testing.assert_allclose(cells["permeability"], [0.01, 0.05 - 0.04 * kept, 0.01 * kept], rtol=1e-12)


@pytest.mark.parametrize(("rate", "inhibition"), [(1.0, 0.5), (0.7, 0.0), (3.0, 2.9)])
def test_a_clot_appears_after_the_lag(rate, inhibition):
    activity, clot, lag, dt = np.zeros(1), np.zeros(1), clot_lag(rate, inhibition), 0.01
    for step in range(round(3 * lag / dt)):
        clot_step(activity, clot, np.full(1, rate), inhibition, 0.2, dt)
        assert (clot[0] > 0) == ((step + 1) * dt > lag)


def test_below_the_threshold_there_is_never_a_clot():
    assert clot_lag(0.49, 0.5) == np.inf
    activity, clot = np.zeros(1), np.zeros(1)
    for _ in range(1000):
        clot_step(activity, clot, np.full(1, 0.499), 0.5, 0.2, 1.0)
    assert clot[0] == 0.0
    assert activity[0] == pytest.approx(0.998)


@pytest.mark.parametrize("dt", [4.0, 1.0, 0.125])
def test_a_clot_follows_its_equations_at_any_step(dt):
    """Rise through the threshold, fall back through it, rest: against an adaptive integrator."""
    phases, inhibition, deposition = ((1.5, 8.0), (0.1, 8.0), (0.0, 8.0)), 0.5, 0.2
    activity, clot, reference = np.zeros(1), np.zeros(1), np.zeros(2)
    for rate, length in phases:
        solved = solve_ivp(
            lambda _, y, r=rate: [r - inhibition * y[0], deposition * max(y[0] - 1.0, 0.0)], (0, length), reference,
            rtol=1e-10, atol=1e-12, max_step=0.01,
        )  # fmt: skip
        reference = solved.y[:, -1]
        for _ in range(round(length / dt)):
            clot_step(activity, clot, np.full(1, rate), inhibition, deposition, dt)
        np.testing.assert_allclose([activity[0], clot[0]], reference, rtol=1e-6, atol=1e-9)
    assert clot[0] > 0.5


def test_cells_clot_where_they_have_tissue_factor():
    clotting = make("phenotype.clotting", 60.0, {}, {"rate": "1 1/min", "inhibition": "0.5 1/min"})
    _, state = grown([clotting], scattered(4), 60.0, 1.0, [Founders("a", 2), Founders("b", 2)])
    assert list(state["cells"]["clot"] > 0) == [False, False, True, True]
