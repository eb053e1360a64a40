"""Shedding: Poisson numbers, log-normal sizes, closed books, and nothing of it hangs on crawling."""

from __future__ import annotations

import numpy as np
import pytest

from tests.dish import assert_same, tables_of
from tests.signals import CARRY, CLOSED, accounts, found

BARE = ("motility.adhesion", "motility.walk", "motility.contact", "motility.displacement", "biogenesis.shedding")
STILL = {
    "motility.walk": {"speed": "0 um/min"}, "motility.contact": {"rate": "0 1/min"},
    "biogenesis.fate": {"detached_life": "1e9 min"},
}  # fmt: skip
FAST = {"biogenesis.shedding": {"rate": "12 1/h"}}


def shed(names=BARE, hours=2.0, changes=FAST, dt=60.0, **more):
    engine, state = found(names, {**STILL, **changes}, dt=dt, **more)
    engine.run(state, round(3600 * hours / dt))
    return engine, state


def test_the_number_is_poisson_about_rate_times_time():
    """200 cells, 12 an hour, 2 h: 4800 +- 69. Four deviations fail by chance in 6 of 100,000."""
    _, state = shed(cells=200)
    by = np.bincount(state["migrasomes"]["shed_by"], minlength=200)
    assert by.sum() == pytest.approx(4800, abs=4 * np.sqrt(4800))
    # variance over mean is 1 with a deviation of sqrt(2/199)
    assert by.var(ddof=1) / by.mean() == pytest.approx(1.0, abs=4 * np.sqrt(2 / 199))


def test_halved_steps_shed_the_same_vesicles_at_the_same_times():
    born = [np.sort(shed(dt=dt)[1]["migrasomes"]["stabilised"]) for dt in (600.0, 60.0, 30.0)]
    assert len(born[0]) > 500
    for other in born[1:]:
        np.testing.assert_allclose(other, born[0], rtol=1e-9)


def test_sizes_have_the_mean_and_spread_that_were_asked_for():
    """4800 diameters of 0.3 +- 0.1 um: standard error of the mean 0.0014, of the deviation some 0.0016."""
    sizes = {"rate": "12 1/h", "diameter": "0.3 um", "diameter_sd": "0.1 um"}
    _, state = shed(cells=200, changes={"biogenesis.shedding": sizes})
    diameter = state["migrasomes"]["diameter"]
    assert diameter.mean() == pytest.approx(0.3, abs=0.006)
    assert diameter.std() == pytest.approx(0.1, abs=0.008)
    np.testing.assert_allclose(state["migrasomes"]["volume"], np.pi / 6 * diameter**3)


def test_they_lie_beside_their_cell_inside_the_walls():
    _, state = shed(changes={"biogenesis.shedding": {"rate": "12 1/h", "distance": "40 um"}})
    vesicles, cells = state["migrasomes"], state["cells"]
    away = np.hypot(*(np.column_stack([vesicles["x"], vesicles["y"]]) - cells["position"][vesicles["shed_by"]]).T)
    assert away.max() <= (40 + 0.5 * vesicles["diameter"]).max() + 1e-9
    place = np.column_stack([vesicles["x"], vesicles["y"]])
    inside = place.copy()
    CLOSED.confine(inside)
    np.testing.assert_array_equal(inside, place)


def test_membrane_volume_and_molecules_are_taken_from_the_cell():
    names = (*CARRY, "biogenesis.shedding")
    engine, state = found(names, {**STILL, **FAST})
    engine.run(state, 1)  # cargo fills the pools in its first tick
    cells, vesicles = state["cells"], state["migrasomes"]
    before = {name: cells[name].sum() + vesicles[part].sum() for name, part in
              (("membrane", "area"), ("volume", "volume"))}  # fmt: skip
    held = sum(amount for (kind, _), amount in accounts(engine, state).items() if kind == "soluble_protein")
    engine.run(state, 20)
    assert len(vesicles["shed"]) > 50
    for name, part in (("membrane", "area"), ("volume", "volume")):
        assert cells[name].sum() + vesicles[part].sum() == pytest.approx(before[name], rel=1e-12)
    now = sum(amount for (kind, _), amount in accounts(engine, state).items() if kind == "soluble_protein")
    assert now == held
    assert vesicles["cargo"][:, 0].sum() > 0


def test_cells_that_stand_still_shed_and_leave_no_migrasome():
    _, state = shed((*CARRY, "biogenesis.shedding"))
    vesicles = state["migrasomes"]
    assert vesicles.n > 0
    assert (vesicles["shed"] == 1).all()
    assert (vesicles["detached"] == vesicles["stabilised"]).all()
    assert (vesicles["cell"] == -1).all()


def test_without_a_rate_nothing_is_shed_and_the_dead_shed_nothing():
    assert shed(changes={})[1]["migrasomes"].n == 0
    engine, state = found(BARE, {**STILL, **FAST})
    state["cells"].die(np.arange(30))
    engine.run(state, 1)
    first = state["migrasomes"].n
    engine.run(state, 60)
    assert state["migrasomes"].n - first < 30  # those of the tick in which they died


def test_dishes_side_by_side_shed_what_each_does_alone():
    _, both = shed(seeds=(1, 2))
    _, alone = shed(seeds=(2,))
    mine = both["migrasomes"]["dish"] == 1
    for name in ("x", "y", "diameter", "stabilised", "key"):
        np.testing.assert_array_equal(both["migrasomes"][name][mine], alone["migrasomes"][name])


def test_the_same_seed_gives_the_same():
    assert_same(tables_of(shed()[1]), tables_of(shed()[1]))
