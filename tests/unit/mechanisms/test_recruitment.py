"""Cells come in when the wall lets them in: at the moments of its thresholds, the nearest, in their own dish."""

from __future__ import annotations

import numpy as np
import pytest

from migralab.core.random import dish_key, draw_exponentials, stream_key
from migralab.engine.engine import Engine, Founders
from tests.phenotype import HOUR, living, make, scattered

NAME = "recipients.recruitment@monocytes"
WALL = ("0 1/h", "0.25 1/h")  # of monocytes, of the wall


def tissue(dt, hours, gates=50, cells=400, residents=0, wall=WALL, seeds=(1,), places=None):
    own = [{"rate": rate, "residents": str(residents)} for rate in wall]
    own[1].pop("residents")
    engine = Engine([make(NAME, dt, *own)], dt)
    found = scattered(cells + gates) if places is None else places
    kinds = (Founders("monocytes", cells), Founders("wall", gates))
    state = engine.found([found] * len(seeds), [int(dish_key(seed)) for seed in seeds], populations=kinds)
    engine.run(state, round(hours * HOUR / dt))
    return state["cells"]


def came(cells):
    return np.flatnonzero((cells["population"] == 0) & ~cells["waits_monocytes"])


@pytest.mark.parametrize("dt", [1200.0, 60.0])
def test_cells_come_in_at_the_moments_of_the_walls_thresholds_at_any_step(dt):
    hours, gates = 12.0, 50
    cells = tissue(dt, hours, gates)
    key = cells["key"][cells["population"] == 1]
    waits = [draw_exponentials(stream_key(NAME), key, 0, np.full(gates, k, np.uint64)) / 0.25 for k in range(20)]
    when = np.cumsum(waits, axis=0)
    wanted = np.sort(when[when < hours]) * HOUR
    # An event of a gate in a step is the most: what lies within the same step comes one step later
    np.testing.assert_allclose(np.sort(cells["enters"][came(cells)]), wanted, atol=dt)
    assert len(wanted) == pytest.approx(gates * 0.25 * hours, abs=4 * np.sqrt(gates * 0.25 * hours))


def test_who_waits_is_not_there_and_residents_are():
    state = tissue(600.0, 0.0, cells=30, residents=7, seeds=(1, 2))
    there = state["alive"] & (state["population"] == 0)
    assert [np.count_nonzero(there & (state["dish"] == dish)) for dish in (0, 1)] == [7, 7]
    assert np.count_nonzero(state["waits_monocytes"]) == 2 * 23
    alone = tissue(600.0, 0.0, cells=30, residents=7, seeds=(2,))
    np.testing.assert_array_equal(state["alive"][state["dish"] == 1], alone["alive"])


def test_the_nearest_comes_and_in_its_own_dish():
    places = np.array([[500.0, 0.0], [40.0, 0.0], [90.0, 0.0], [0.0, 0.0]])  # three that wait, one gate
    cells = tissue(600.0, 3.0, gates=1, cells=3, wall=("0 1/h", "2 1/h"), seeds=(3, 4), places=places)
    for dish in (0, 1):
        own = np.flatnonzero(cells["dish"] == dish)
        order = own[:3][np.argsort(cells["enters"][own[:3]])]
        inside = order[~cells["waits_monocytes"][order]]
        assert list(cells["position"][inside, 0]) == [40.0, 90.0, 500.0][: len(inside)]
        alone = tissue(600.0, 3.0, gates=1, cells=3, wall=("0 1/h", "2 1/h"), seeds=((3, 4)[dish],), places=places)
        np.testing.assert_array_equal(cells["enters"][own], alone["enters"])
    assert len(came(cells)) > 0


def test_the_blood_runs_dry():
    cells = tissue(600.0, 24.0, gates=50, cells=5)
    assert len(came(cells)) == 5
    assert not cells["waits_monocytes"].any()


def test_a_wall_that_lets_none_in_leaves_all_waiting():
    cells = tissue(600.0, 24.0, wall=("0 1/h", "0 1/h"))
    assert not len(came(cells))


def test_with_death_the_number_settles_where_as_many_die_as_come():
    dt, gates, rate, death = 600.0, 40, 0.25, 0.2
    law = [{"rate": "0 1/h"}, {"rate": f"{rate} 1/h"}]
    engine = Engine(
        [make(NAME, dt, *law), make("phenotype.death", dt, {"rate": f"{death} 1/h"}, {"rate": "0 1/h"})], dt
    )
    kinds = (Founders("monocytes", 1500), Founders("wall", gates))
    state = engine.found([scattered(1500 + gates)], [int(dish_key(5))], populations=kinds)
    engine.run(state, round(40 * HOUR / dt))
    there = np.count_nonzero(state["cells"]["population"][living(state)] == 0)
    assert there == pytest.approx(gates * rate / death, abs=4 * np.sqrt(gates * rate / death))  # 50: within 4 SD
