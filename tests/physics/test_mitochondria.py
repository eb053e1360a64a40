"""Mitochondria: closed forms without export, every one accounted for, and no export without a reason to."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from migralab.core.random import child_key_array, stream_key
from migralab.mechanisms.signals.mitochondria import DAMAGED, HEALTHY
from migralab.physics.signals.mitochondria import Turnover, dock, peripheral_share, propagator, steady_state
from tests.dish import ALWAYS_MOVING, FORMATION, found_dish, make_all

NAMES = (*FORMATION, "signals.mitochondria")
HOUR = 3600.0
LAW = Turnover(damage=1 / (30 * HOUR), mitophagy=1 / (24 * HOUR), renewal=1 / (20 * HOUR), number=300.0)


def run_dish(cells=60, ticks=720, dt=60.0, every=None, **changes):
    mechanisms = make_all(dt, changes, NAMES)
    if every is not None:
        mechanisms[-1].every = every
    engine, state = found_dish(cells=cells, dt=dt, mechanisms=mechanisms)
    engine.run(state, ticks)
    return state


def test_without_renewal_the_pools_follow_the_chain_of_two_decays():
    law, hours = LAW._replace(renewal=0.0), 17.0
    healthy, damaged, made, degraded, _ = propagator(law, hours * HOUR) @ [280.0, 20.0, 0.0, 0.0, 1.0]
    a, b, t = law.damage, law.mitophagy, hours * HOUR
    assert healthy == pytest.approx(280 * np.exp(-a * t), rel=1e-12)
    chain = 280 * a / (b - a) * (np.exp(-a * t) - np.exp(-b * t)) + 20 * np.exp(-b * t)
    assert damaged == pytest.approx(chain, rel=1e-11)
    assert made == 0.0
    assert degraded == pytest.approx(300 - healthy - damaged, rel=1e-11)


def test_the_whole_law_agrees_with_an_integrator():
    def slope(_, y):
        h, d = y
        lost = LAW.renewal * (LAW.number - h - d)
        return [-LAW.damage * h + lost, LAW.damage * h - LAW.mitophagy * d]

    reference = solve_ivp(slope, (0, 9 * HOUR), [250.0, 10.0], rtol=1e-10, atol=1e-10).y[:, -1]
    np.testing.assert_allclose((propagator(LAW, 9 * HOUR) @ [250, 10, 0, 0, 1])[:2], reference, rtol=1e-8)


def test_two_half_steps_are_one_step():
    half, whole = propagator(LAW, 1800.0), propagator(LAW, 3600.0)
    np.testing.assert_allclose(half @ half, whole, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("law", [LAW, LAW._replace(damage=0.0), LAW._replace(mitophagy=0.0), LAW._replace(damage=1e-3)])
def test_the_steady_state_stays(law):
    rest = steady_state(law)
    np.testing.assert_allclose((propagator(law, 50 * HOUR) @ [*rest, 0, 0, 1])[:2], rest, rtol=1e-10, atol=1e-9)


def test_at_rest_damaged_over_healthy_is_damage_over_mitophagy():
    healthy, damaged = steady_state(LAW)
    assert damaged / healthy == pytest.approx(24 / 30)
    assert LAW.renewal * (300 - healthy - damaged) == pytest.approx(LAW.mitophagy * damaged)


def test_motors_sort_damaged_ones_to_the_periphery():
    assert peripheral_share(1.0, 4.0, 0.0) == pytest.approx(1 / 5)
    assert peripheral_share(1.0, 4.0, 0.75) == pytest.approx(1 / 2)
    assert peripheral_share(1.0, 4.0, 1.0) == 1.0  # nothing brings it back
    assert peripheral_share(1.0, 0.0, 0.0) == 1.0
    assert peripheral_share(0.0, 4.0, 0.5) == peripheral_share(0.0, 4.0, 1.0) == 0.0


def test_a_room_takes_the_first_of_two_poisson_streams():
    n, stream = 40_000, stream_key("docking test")
    keys = child_key_array(np.full(n, 5, np.uint64), stream, np.arange(n, dtype=np.uint64))
    want = np.empty((n, 2))
    zeros, ones = np.zeros(n, np.int32), np.ones(n, np.int32)
    dock(keys, stream, zeros, ones, np.zeros(n, np.int64), np.array([[0.3, 0.5]]), want)
    filled = want.sum(axis=1)
    assert filled.max() == 1
    # 4 standard errors
    assert filled.mean() == pytest.approx(1 - np.exp(-0.8), abs=4 * 0.5 / np.sqrt(n))
    assert want[:, DAMAGED].sum() / filled.sum() == pytest.approx(5 / 8, abs=4 * 0.5 / np.sqrt(0.55 * n))
    # one room after the other brings what both bring at once
    both, later = np.empty((n, 2)), np.empty((n, 2))
    dock(keys, stream, zeros, 2 * ones, np.zeros(n, np.int64), np.array([[0.3, 0.5]]), both)
    dock(keys, stream, ones, 2 * ones, np.zeros(n, np.int64), np.array([[0.3, 0.5]]), later)
    np.testing.assert_array_equal(want + later, both)


@pytest.fixture(scope="module")
def stressed():
    return run_dish(cells=200, ticks=1080, **{"signals.mitochondria": {"stress": "0.025 1/h"}})


def test_every_mitochondrion_is_accounted_for(stressed):
    cells, vesicles = stressed["cells"], stressed["migrasomes"]
    start = 300 / (1 + 0.2 * 2)  # healthy at rest: k_d/k_phag = 0.2, k_phag/k_b = 1
    start *= 1.2
    balance = cells["mitochondria_made"] - cells["mitochondria_degraded"] - cells["mitochondria_exported"].sum(axis=1)
    np.testing.assert_allclose(cells["mitochondria"].sum(axis=1), start + balance, rtol=1e-10)
    assert cells["mitochondria_exported"].sum(axis=0).min() > 300
    np.testing.assert_array_equal(cells["mitochondria_exported"].sum(axis=0), vesicles["mitochondria"].sum(axis=0))
    assert cells["potential_exported"].sum() == pytest.approx(
        vesicles["mitochondria"][:, HEALTHY].sum() + 0.3 * vesicles["mitochondria"][:, DAMAGED].sum(), rel=1e-12
    )


def test_a_vesicle_holds_no_more_than_fits(stressed):
    vesicles = stressed["migrasomes"]
    held = vesicles["mitochondria"].sum(axis=1)
    assert held.max() > 3
    assert (held * np.pi / 6 * 0.6**3 <= vesicles["volume"] * (1 + 1e-9)).all()
    assert not held[vesicles["stage"] != 1].any()


def test_a_precursor_takes_none_however_wide():
    vesicles = run_dish(cells=60, ticks=480, **{"signals.mitochondria": {"least_diameter": "0.4 um"}})["migrasomes"]
    assert vesicles["mitochondria"][vesicles["stage"] == 1].any()
    assert (vesicles["stage"] != 1).sum() > 20
    assert not vesicles["mitochondria"][vesicles["stage"] != 1].any()


def test_without_export_a_cell_follows_the_closed_form():
    state = run_dish(
        cells=3, ticks=720,
        **{"signals.mitochondria": {"stress": "0.025 1/h"}, "biogenesis.nucleation": {"tetraspanin": "0"}},
    )  # fmt: skip
    rest = steady_state(Turnover(1 / 120, 1 / 24, 1 / 24, 300.0))
    # steps of 5 min from tick 0 on: 12 h
    expected = solve_ivp(
        lambda _, y: [-y[0] / 30 + (300 - y[0] - y[1]) / 24, y[0] / 30 - y[1] / 24], (0, 12), rest, rtol=1e-10
    ).y[:, -1]
    np.testing.assert_allclose(state["cells"]["mitochondria"], np.tile(expected, (3, 1)), rtol=1e-6)
    potential = (expected[0] + 0.3 * expected[1]) / expected.sum()
    np.testing.assert_allclose(state["cells"]["potential"], potential, rtol=1e-6)


@pytest.mark.parametrize(
    ("why", "changes"),
    [
        ("no movement", {"motility.walk": {"speed": "0 um/min"}}),
        ("no fibres", {"motility.adhesion": {"fibronectin": "0 ug/ml", "background": "0 ug/ml"}}),
        ("no tetraspanin", {"biogenesis.nucleation": {"tetraspanin": "0"}}),
        ("vesicles too small", {"signals.mitochondria": {"least_diameter": "5 um"}}),
        ("no fission", {"signals.mitochondria": {"drp1": "0"}}),
        ("no tether", {"signals.mitochondria": {"myo19": "0"}}),
        ("no outward motor", {"signals.mitochondria": {"kif5b": "0"}}),
    ],
)
def test_nothing_leaves_without(why, changes):
    # contact would push cells that stand still apart: alone they stay where they are
    state = run_dish(cells=20 if why != "no movement" else 1, **changes)
    assert state["cells"]["mitochondria_exported"].sum() == 0
    assert not state["migrasomes"]["mitochondria"].any()


def test_less_drp1_needs_larger_vesicles():
    counts = []
    for drp1 in ("1", "0.125"):
        # At 200 Pa no vesicle is pressed out again (a soft ball of 0.44 um needs 179 Pa)
        pushed = {"biogenesis.growth": {"excess_pressure": "200 Pa"}, "signals.mitochondria": {"drp1": drp1}}
        vesicles = run_dish(cells=150, **pushed)["migrasomes"]
        holds = vesicles["mitochondria"].sum(axis=1) > 0
        counts.append(holds.sum())
        least = 0.6 * float(drp1) ** (-1 / 3)
        assert (vesicles["volume"][holds] >= np.pi / 6 * least**3 * (1 - 1e-9)).all()
    assert 0 < counts[1] < 0.5 * counts[0]


def test_equal_binding_leaves_no_selection():
    changes = {"signals.mitochondria": {"damaged_binding": "1", "stress": "0.025 1/h"}}
    cells = run_dish(cells=400, ticks=720, **changes)["cells"]
    exported = cells["mitochondria_exported"].sum(axis=0)
    # what left came from cells that had between a sixth (start) and 36 % (end) of damaged ones
    assert 1 / 6 < exported[DAMAGED] / exported.sum() < cells["mitochondria"][:, DAMAGED].sum() / 400 / 200
    assert exported.sum() > 1000


@pytest.mark.parametrize("every", [1, 30])
def test_the_interval_of_the_step_only_delays_the_export(every):
    left = []
    for interval in (5, every):
        cells = run_dish(cells=200, every=interval, **{"motility.walk": ALWAYS_MOVING["motility.walk"]})["cells"]
        left.append((cells["mitochondria_exported"].sum(), cells["mitochondria"][:, DAMAGED].mean()))
    # The same vesicles with the same thresholds, seen half an interval late. Export rises as the square of the time
    # (more vesicles, each larger), so at 12 h a minute is 2/720 of it; and 1 % for the pool's fall within an interval
    assert left[0][0] > 3000
    late = (every - 5) / 2 * 2 / 720
    assert left[1][0] / left[0][0] == pytest.approx(1 - late, abs=0.01)
    assert left[1][1] == pytest.approx(left[0][1], rel=0.01)
