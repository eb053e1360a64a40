"""Cells that sense: index against signal, against a bath, up a gradient of their own making, along trails."""

from __future__ import annotations

import numpy as np
import pytest

from migralab.core.units import MOLECULES_PER_UM3_AND_NANOMOLAR as NM
from migralab.physics.field.grid import FIXED
from migralab.physics.recipients import chemotaxis, receptors
from migralab.physics.space import Space
from tests.sensing import PLACED, SENSE, WALK, on_ramp
from tests.signals import CARRY, OPEN, accounts, found

K, R, KR, PERSISTENCE = 3.4 * NM, 25_000.0, 0.37, 3600.0
FIXED_RECEPTORS = {"internalisation": "0 1/min", "diffusivity": "0 um^2/s"}


def expected_index(c, g, chi, averaging=60.0, persistence=PERSISTENCE):
    """Return I1/I0 of the bias; the noise of sensing adds chi^2 (tau + T/2) to the turning of the walk."""
    c, g = np.asarray(c), np.asarray(g)
    memory = (1 - receptors.occupancy(c, K)) / KR
    snapshot = np.sqrt(R * c * K) / (K + c)
    signal = receptors.halves_linear(R, c, g, K, 10.0)
    ratio = chemotaxis.signal_to_noise(signal, snapshot, memory, np.zeros_like(c), averaging)
    turning = 1 / persistence + chi**2 * (memory + averaging / 2)
    return chemotaxis.held_index(chi * ratio / turning, 1.0)


# ---- turning ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("dt", [30.0, 60.0, 240.0])
@pytest.mark.parametrize(("level", "averaging"), [(1.0, 60.0), (10.0, 300.0)])
def test_index_is_that_of_the_von_mises_law_at_any_step(dt, level, averaging):
    """2,000 cells at 10 times 2 h apart: standard error 0.006, so 0.025 is off by chance in one of 10^4."""
    chi = 1 / 20 / 60
    changes = {
        "recipients.receptors": FIXED_RECEPTORS,
        "recipients.chemotaxis": {"sensitivity": "0.05 1/min", "averaging": f"{averaging} s"},
    }
    engine, state = on_ramp(level, 0.002, changes, cells=2000, dt=dt)
    engine.run(state, int(4 * 3600 / dt))
    found_index = []
    for _ in range(10):
        engine.run(state, int(2 * 3600 / dt))
        found_index.append(state["cells"]["heading"][:, 0].mean())
    expected = expected_index(level * NM, 0.002 * NM, chi, averaging)
    assert 0.1 < expected < 0.9
    assert np.mean(found_index) == pytest.approx(expected, abs=0.025)


def test_without_a_gradient_and_without_a_cue_no_direction_is_kept():
    for level in (0.0, 1.0):
        engine, state = on_ramp(level, 0.0, cells=3000)
        engine.run(state, 300)
        assert np.abs(state["cells"]["heading"].mean(axis=0)).max() < 0.06  # 0.013 each: 4.6 standard errors
        assert bool(state["cells"]["cue_signal"].any()) == (level > 0)


def test_a_negative_sensitivity_goes_down_the_gradient():
    engine, state = on_ramp(1.0, 0.01, {"recipients.chemotaxis": {"sensitivity": "-0.1 1/min"}}, cells=300)
    engine.run(state, 300)
    assert state["cells"]["heading"][:, 0].mean() < -0.8


# ---- a bead in a bath -------------------------------------------------------------------------------------------
CHI = 1 / 600 / 60
BATHS = (0.0, 1.0, 3.4, 10.0, 34.0)  # nM
BEAD = {
    "signals.bead": {"x": "150 um", "y": "150 um", "content": "3e10 molecules", "half_time": "1e4 min"},
    "signals.diffusing": {"clearance": "0 um^3/s", "decay": "0 1/h"},
    "recipients.receptors": {**FIXED_RECEPTORS},
    "recipients.chemotaxis": {"sensitivity": f"{60 * CHI} 1/min"},
}


def around_a_bead(bath, seeds, hours=10, **own):
    """Return for each dish the index towards the bead, the closed formula at the same cells, and c, g there."""
    changes = {**PLACED, **BEAD, "signals.bath": {"concentration": f"{bath} nM"}, **own}
    names = (*CARRY, "signals.bead", "signals.diffusing", "signals.bath", *SENSE)
    engine, state = found(names, changes, space=OPEN, cells=40, seeds=seeds)
    cells, towards = state["cells"], []
    engine.run(state, 180)
    for _ in range(hours):
        engine.run(state, 60)
        way = np.array([150.0, 150.0]) - cells["position"]
        towards.append((cells["heading"] * way).sum(axis=1) / np.hypot(way[:, 0], way[:, 1]))
    local = cells["cue"].copy()
    steep = np.hypot(*cells["cue_ligand_gradient"].T)
    closed = expected_index(local + bath * NM, steep, CHI)
    by_dish = [cells["dish"] == dish for dish in range(len(seeds))]
    return (
        np.array([np.mean(towards, axis=0)[rows].mean() for rows in by_dish]),
        np.array([closed[rows].mean() for rows in by_dish]), local, steep,
    )  # fmt: skip


def half_point(dose, index):
    """Return the dose at which the index has fallen to half of that without a bath."""
    shifted = np.log(np.asarray(dose) + 0.1)
    return float(np.exp(np.interp(-0.5 * index[0], -np.asarray(index), shifted))) - 0.1


def test_index_falls_with_the_bath_as_the_closed_formula_with_its_half_near_k_plus_c():
    seeds = (1, 2, 3, 4, 5, 6)
    means, closed, halves = [], [], []
    for bath in BATHS:
        index, law, local, steep = around_a_bead(bath, seeds)
        means.append(index)
        closed.append(law.mean())
        # The gradient is that of the bead alone, whatever the bath: diffusion is linear
        halves.append(np.median(steep))
        # Mean over six dishes of 40 cells at 10 hours; t(5) at 99.9 % is 6.9
        assert index.mean() == pytest.approx(law.mean(), abs=6.9 * index.std(ddof=1) / np.sqrt(6))
    np.testing.assert_allclose(halves, halves[0], rtol=0.01)  # with other headings they stand up to 0.7 um elsewhere
    c = float(np.median(local))
    by_dish = [half_point(BATHS, [index[dish] for index in means]) for dish in range(6)]
    spread = 4.0 * np.std(by_dish, ddof=1) / np.sqrt(6)  # t(5) at 99 %
    assert np.mean(by_dish) == pytest.approx(half_point(BATHS, closed), abs=spread)
    assert 0.5 < c / K < 2.0
    assert 0.3 < np.mean(by_dish) / ((K + c) / NM) < 3.0
    assert means[-1].mean() < 0.25 * means[0].mean()


def test_internalisation_moves_the_half_point_far_below_k():
    """Receptors go in at k_in p and come back at k_back: half are inside at c = K k_back/(k_in - k_back), 0.05 K."""
    half_inside = K * 0.04 / (0.79 - 0.04)
    assert receptors.settle(R, receptors.occupancy(half_inside, K), receptors.Traffic(0.79, 0.0, 0.04)) / R == (
        pytest.approx(0.5)
    )
    traffic = {"recipients.receptors": {"diffusivity": "0 um^2/s", "internalisation": "0.79 1/min"}}
    none, *_ = around_a_bead(1.0, (1, 2), hours=4)
    inside, *_ = around_a_bead(1.0, (1, 2), hours=4, **traffic)
    assert inside.mean() < none.mean()


# ---- wash -------------------------------------------------------------------------------------------------------
def test_after_a_wash_receptors_come_back_with_a_half_time_of_17_minutes():
    changes = {"signals.bath": {"concentration": "100 nM", "start": "10 min", "stop": "40 min"}}
    engine, state = found((*WALK, "signals.bath", *SENSE), changes, cells=3)
    cells, seen = state["cells"], []
    for _ in range(80):
        engine.run(state, 1)
        seen.append(cells["cue_surface"][0])
    assert seen[9] == R
    assert seen[39] / R == pytest.approx(0.05, abs=0.005)
    inside = R - np.array(seen[39:])
    np.testing.assert_allclose(inside, inside[0] * 0.5 ** (np.arange(41) / (np.log(2) / 0.04)), rtol=1e-9)
    np.testing.assert_array_equal(cells["cue_surface"] + cells["cue_inside"], R)


def test_an_antagonist_blocks_while_it_is_there_and_takes_nothing_in():
    changes = {
        "signals.bath": {"concentration": "3.4 nM"},
        "recipients.receptors": {"antagonist": "99", "antagonist_start": "20 min", "antagonist_stop": "60 min"},
    }
    engine, state = found((*WALK, "signals.bath", *SENSE), changes, cells=3)
    cells, seen, surface = state["cells"], [], []
    for _ in range(80):
        engine.run(state, 1)
        seen.append(cells["cue_occupancy"][0])
        surface.append(cells["cue_surface"][0])
    np.testing.assert_allclose(seen[:20], 0.5)
    np.testing.assert_allclose(seen[20:60], 1 / 101)
    np.testing.assert_allclose(seen[60:], 0.5)
    assert surface[59] > 2 * surface[19]  # they come back under the antagonist


# ---- scavenging -------------------------------------------------------------------------------------------------
def test_in_a_closed_dish_what_receptors_take_in_is_what_the_medium_loses():
    changes = {"signals.diffusing": {"background": "2 nM", "decay": "0 1/h"}}
    engine, state = found((*CARRY, "signals.diffusing", *SENSE), changes)
    engine.run(state, 5)
    before, taken_in = accounts(engine, state)["cue", "taken up"], 0.0
    cells = state["cells"]
    for _ in range(200):
        flow = 0.79 / 60 * cells["cue_surface"] * cells["cue_occupancy"]
        engine.run(state, 1)
        taken_in += 60.0 * 0.5 * (flow + 0.79 / 60 * cells["cue_surface"] * cells["cue_occupancy"]).sum()
    now = accounts(engine, state)
    assert now["cue", "initial"] + now["cue", "given"] == pytest.approx(
        now["cue", "medium"] + now["cue", "taken up"] + now["cue", "lost"] + now["cue", "outside"], rel=1e-9
    )
    assert abs(now["cue", "lost"]) < 1e-9 * now["cue", "initial"]
    assert now["cue", "taken up"] > 0.3 * now["cue", "initial"]
    assert cells["cue_taken"].sum() == pytest.approx(now["cue", "taken up"], rel=1e-9)
    # The clearance is that of the tick before: first order in a tick against minutes of depletion
    assert taken_in == pytest.approx(now["cue", "taken up"] - before, rel=0.05)


def dispersal(internalisation, seed=1):
    """Return how far each cell of a heap came in a slit that a bath of the cue surrounds, and the outward signal."""
    slit = Space(seeded=(80.0, 80.0), margin=(360.0, 360.0), walls=(FIXED, FIXED), depth=10.0)
    changes = {
        "motility.walk": {**PLACED["motility.walk"], "speed": "0.5 um/min"},
        "signals.diffusing": {"background": "1 nM", "decay": "0 1/h", "voxel": "20 um", "share": "0"},
        "recipients.receptors": {"internalisation": internalisation},
        "recipients.chemotaxis": {"sensitivity": "0.1 1/min"},
    }
    engine, state = found((*CARRY, "signals.diffusing", *SENSE), changes, space=slit, cells=60, seeds=(seed,))
    cells, outward = state["cells"], []
    start = np.hypot(*(cells["position"] - 40.0).T)
    for _ in range(6):
        engine.run(state, 40)
        way = cells["position"] - 40.0
        outward.append(np.mean((cells["cue_difference"] * way).sum(axis=1) / np.hypot(*way.T)))
    return np.hypot(*(cells["position"] - 40.0).T) - start, np.array(outward)


def test_cells_that_scavenge_a_uniform_cue_disperse_up_a_gradient_of_their_own():
    away, outward = dispersal("0.79 1/min")
    rest, none = dispersal("0 1/min")
    assert (outward > 1.0).all()  # receptors more on the outer half, all the time
    assert np.abs(none).max() < 1e-6  # without uptake the cue stays uniform
    error = np.sqrt(away.var(ddof=1) / len(away) + rest.var(ddof=1) / len(rest))
    assert away.mean() > rest.mean() + 4 * error


# ---- trails -----------------------------------------------------------------------------------------------------
def test_a_cell_on_the_trail_of_another_goes_along_it_and_on_its_own_it_does_not():
    """Fibres along x; order <cos 2 theta> is I1/I0 of w P/4 at that weight."""
    order = {}
    for rate in ("0.5 1/min", "0 1/min"):
        changes = {**PLACED, "recipients.contact-guidance": {"rate": rate}, "biogenesis.breakage": {"tension": "0"}}
        names = (*CARRY, "recipients.trails", "recipients.contact-guidance")
        engine, state = found(names, changes, cells=200)
        m = 4000
        x, y = np.random.default_rng(3).uniform(0, 300, (2, m)).astype(np.float32)
        ids = np.arange(2 * m)
        parent = np.where(ids % 2 == 0, ids + 1, -1)
        both = np.repeat(x, 2) + np.where(ids % 2 == 0, 0.0, 2.0), np.repeat(y, 2)
        state["fibres"].add(ids.astype(np.uint64), x=both[0], y=both[1], parent=parent, cell=0)
        state["fibres"].commit()
        engine.run(state, 180)
        heading = state["cells"]["heading"][1:]
        order[rate] = np.mean(2 * heading[:, 0] ** 2 - 1)
        if rate != "0 1/min":
            assert state["cells"]["trail_length"][0] < 0.2 * state["cells"]["trail_length"][1:].mean()  # the maker
            assert (heading[:, 0] > 0).mean() == pytest.approx(0.5, abs=0.15)  # no sense of direction
            weight = state["cells"]["trail_weight"][1:].mean()
    # d theta/dt = -(w/2) sin 2 theta, so 2 theta has the von Mises law with k = w P/4
    expected = chemotaxis.held_index(0.5 / 60 * weight / 4, PERSISTENCE)
    assert order["0.5 1/min"] == pytest.approx(expected, abs=0.1)  # 199 headings: 0.02; weights differ between cells
    assert abs(order["0 1/min"]) < 0.2  # 199 headings: 0.05
