"""Cells that touch migrasomes or stand on bound cue; and who of them is there to sense anything."""

from __future__ import annotations

import numpy as np
import pytest

from migralab.core.units import MOLECULES_PER_UM3_AND_NANOMOLAR as NM
from migralab.mechanisms.signals.cargo import MEMBRANE_PROTEIN
from migralab.physics.field.grid import NO_FLUX
from migralab.physics.recipients import receptors, surface
from migralab.physics.space import Space
from tests.sensing import PLACED, SENSE
from tests.signals import CARRY, found

K, R, KR, PERSISTENCE = 3.4 * NM, 25_000.0, 0.37, 3600.0
FIXED_RECEPTORS = {"internalisation": "0 1/min", "diffusivity": "0 um^2/s"}


# ---- touch and matrix -------------------------------------------------------------------------------------------
def one_cell_and_vesicles(places, *, dish=0, released=0.0, names=("signals.membrane-bound",), **own):
    """Return a dish of one cell with vesicles that nobody made around it, and a second dish beside it."""
    changes = {**PLACED, **own, "biogenesis.fate": {"detached_life": "1e6 min"}}
    engine, state = found((*CARRY, *names, *SENSE), changes, cells=1, seeds=(1, 2))
    cargo = np.zeros(5)
    cargo[MEMBRANE_PROTEIN] = 500.0
    start = state["cells"]["position"][0].copy()
    state["migrasomes"].add(
        np.arange(len(places), dtype=np.uint64) + np.uint64(77), x=start[0] + np.array([p[0] for p in places]),
        y=start[1] + np.array([p[1] for p in places]), dish=dish, cargo=np.tile(cargo, (len(places), 1)),
        released=released, stage=1, detached=np.inf, loaded_area=20.0,
    )  # fmt: skip
    state["migrasomes"].commit()
    return engine, state


def test_a_touched_vesicle_is_met_by_the_half_of_the_cell_that_lies_on_it():
    engine, state = one_cell_and_vesicles([(6.0, 0.0)])
    engine.run(state, 1)
    cells = state["cells"]
    assert cells["cue_touched"][0] == pytest.approx(125.0)  # a quarter of 500
    np.testing.assert_allclose(cells["cue_touched_pull"][0], [125.0, 0.0], atol=0.1)
    # 125 molecules on 5 um2, all on half of the contact: 50 per um2 against 80 receptors per um2, almost all in pairs
    assert cells["cue_touched_area"][0] == pytest.approx(5.0)
    assert 120.0 < cells["cue_difference"][0, 0] < 125.0
    assert cells["cue_occupancy"][0] == pytest.approx(125.0 / R, rel=0.05)
    assert cells["cue_surface"][0] == R  # what is held on a vesicle takes no receptor in
    assert (cells["cue_touched"][1:] == 0).all()


def test_a_bath_hides_what_is_touched_and_an_antagonist_does_not():
    """Receptors in a bath of 30 K are full before they touch; a competitor of 100 K_A leaves K_2D far below sigma."""
    found_difference = {}
    for name, changes in {
        "plain": {}, "bath": {"signals.bath": {"concentration": "100 nM"}},
        "antagonist": {"recipients.receptors": {"antagonist": "100"}},
    }.items():  # fmt: skip
        engine, state = one_cell_and_vesicles([(6.0, 0.0)], names=("signals.membrane-bound", "signals.bath"), **changes)
        engine.run(state, 60)
        found_difference[name] = state["cells"]["cue_difference"][0, 0]
    assert found_difference["bath"] < 0.02 * found_difference["plain"]
    rho, k = R / (np.pi * 100), 0.02 * K
    left = surface.pair_density(rho, 50.0, 101 * k) / surface.pair_density(rho, 50.0, k)
    assert left > 0.85
    assert found_difference["antagonist"] / found_difference["plain"] == pytest.approx(left, rel=0.01)


def test_a_cell_turns_to_what_it_touches_and_not_where_ligand_lies_all_around():
    turned = {}
    for name, places in {"one": [(0.0, 6.0)], "ring": [(6, 0), (-6, 0), (0, 6), (0, -6)]}.items():
        engine, state = one_cell_and_vesicles(places)
        engine.run(state, 240)
        turned[name] = state["cells"]["cue_difference"][0]
        if name == "one":
            assert state["cells"]["heading"][0, 1] > 0.9
    assert turned["one"][1] > 50 * np.abs(turned["ring"]).max()


def test_bound_cue_is_seen_beside_the_free_one_in_a_cleft():
    changes = {"signals.matrix-bound": {"background": "1 nM", "decay": "0 1/h"}}
    engine, state = found((*CARRY, "signals.matrix-bound", *SENSE), changes)
    engine.run(state, 1)
    cells = state["cells"]
    per_area = 1000.0 * NM * 0.2 * 1.0 / 25.0  # 1 uM in 0.2 um, 1 nM over 24 + 1 nM
    np.testing.assert_allclose(cells["cue_bound"], per_area, rtol=0.05)  # uptake in a minute
    np.testing.assert_allclose(cells["cue_ligand"], cells["cue"], rtol=1e-9)
    np.testing.assert_allclose(cells["cue_ground"], cells["cue_bound"], rtol=1e-9)
    # 5 per um2 are 100 K_2D, and still fewer than the receptors over them: 80 per um2 on a quarter of the cell
    pairs = surface.pair_density(cells["cue_surface"] / (np.pi * 100), cells["cue_bound"], 0.02 * (K + cells["cue"]))
    free = receptors.occupancy(cells["cue"], K)
    expected = free + (1 - free) * pairs * 25 * np.pi / cells["cue_surface"]
    np.testing.assert_allclose(cells["cue_occupancy"], expected, rtol=1e-6)


ALONE = tuple(name for name in CARRY if name != "motility.contact")  # cells that lie on each other do not push


@pytest.mark.parametrize("number", [200, 25_000])
def test_half_the_load_of_a_bound_patch_moves_its_edge_only_where_receptors_are_the_scarcer(number):
    """8 per um2 are 200 K_2D. Over 0.6 receptors per um2 the middle is full; over 80 all of the ligand is in pairs."""
    edges, middles, rho = [], [], number / (np.pi * 100)
    for load in (1.0, 0.5):
        changes = {**PLACED, "signals.matrix-bound": {"voxel": "2 um", "off_rate": "1e-9 1/s"},
                   "recipients.receptors": {**FIXED_RECEPTORS, "number": f"{number} molecules"}}  # fmt: skip
        engine, state = found((*ALONE, "signals.matrix-bound", *SENSE), changes, cells=140)
        grid = next(m for m in engine.plan if m.name == "signals.matrix-bound").medium.grid(state)
        y, x = np.meshgrid(grid.centres(0), grid.centres(1), indexing="ij")
        density = 8.0 * load * np.exp(-((x - 150.0) ** 2 + (y - 150.0) ** 2) / 100.0)
        state.fields["cue_bound"][0] = density / grid.depth  # per volume of medium
        off = np.linspace(0.0, 60.0, 140)
        state["cells"]["position"][:] = np.column_stack([150.0 + off, np.full(140, 150.0)])
        engine.run(state, 1)
        cells = state["cells"]
        r = cells["position"][:, 0] - 150.0
        bound = 8.0 * load * np.exp(-(r**2) / 100.0)
        # A spline of voxels of 2 um blurs the patch by 2 % of its width squared
        np.testing.assert_allclose(cells["cue_bound"][r < 20], bound[r < 20], rtol=0.1)
        steep = cells["cue_ground_gradient"][:, 0]
        np.testing.assert_allclose(steep, -2 * r / 100.0 * bound, atol=0.04 * np.abs(steep).max())
        # A quarter of the cell lies on the ground
        edges.append(np.interp(-0.125, -cells["cue_occupancy"], r))
        middles.append(4 * cells["cue_occupancy"][0] * rho)
        inward = -cells["cue_difference"][:, 0]
        assert inward[r < 2].max() < 0.5 * inward.max()  # direction comes from the flank
    if number == 200:
        # Half of the receptors are in pairs where b = K_2D + rho/2, as the halves see it: b and its slope over 2.5 um
        near, expected = np.linspace(5.0, 30.0, 2001), []
        for load in (1.0, 0.5):
            middle, off = 8.0 * load * np.exp(-(near**2) / 100.0), np.minimum(2 * near / 100.0 * 2.5, 1.0)
            sides = middle * (1 + off), middle * (1 - off)
            shares = [surface.pair_density(rho, side, K * 0.02) / rho for side in sides]
            expected.append(np.interp(-0.5, -np.mean(shares, axis=0), near))
        assert expected[0] == pytest.approx(10.0 * np.sqrt(np.log(8.0 / (K * 0.02 + rho / 2))), abs=1.0)
        np.testing.assert_allclose(edges, expected, atol=0.7)
        np.testing.assert_allclose(middles, rho, rtol=0.05)
    else:
        np.testing.assert_allclose(middles, [8.0, 4.0], rtol=0.07)


# ---- who is there -----------------------------------------------------------------------------------------------
def test_the_dead_neither_take_up_nor_sense():
    changes = {"signals.diffusing": {"background": "2 nM"}}
    engine, state = found((*CARRY, "signals.diffusing", "signals.bath", *SENSE), changes)
    cells = state["cells"]
    engine.run(state, 30)
    cells.die(np.arange(10))
    engine.run(state, 1)
    taken, surface = cells["cue_taken"].copy(), cells["cue_surface"].copy()
    engine.run(state, 20)
    np.testing.assert_array_equal(cells["cue_taken"][:10], taken[:10])
    np.testing.assert_array_equal(cells["cue_surface"][:10], surface[:10])
    for column in ("cue_ligand", "cue_ligand_gradient", "cue_clearance", "cue_occupancy", "cue_signal", "turning"):
        assert not cells[column][:10].any(), column
    assert (cells["cue_taken"][10:] > taken[10:]).all()
    assert (cells["cue_clearance"][10:] > 0).all()


def test_vesicles_that_nobody_made_release_into_their_own_dish():
    engine, state = one_cell_and_vesicles([(6.0, 0.0)], dish=1, released=1000.0, names=("signals.diffusing",))
    engine.run(state, 1)
    total = state.fields["cue"].reshape(2, -1).sum(axis=1)
    assert total[0] == 0.0
    assert total[1] > 0.0
    np.testing.assert_allclose(state.fields["cue_books"][:, 0], [0.0, 1000.0])


def test_a_field_that_steps_every_other_tick_comes_to_the_same():
    """Without cells in motion the scheme is of second order: two steps of a minute and one of two agree to 1 %."""
    states = []
    for interval in ("1 min", "2 min"):
        changes = {
            **PLACED, "signals.diffusing": {"background": "2 nM", "interval": interval, "clearance": "20 um^3/s"},
        }  # fmt: skip
        engine, state = found((*CARRY, "signals.diffusing"), changes)
        engine.run(state, 100)
        states.append(state)
    one, two = (state["cells"]["cue_taken"] for state in states)
    np.testing.assert_allclose(two, one, rtol=0.01)
    assert not np.array_equal(one, two)
    np.testing.assert_allclose(states[1]["cells"]["cue_ligand"], states[0]["cells"]["cue_ligand"], rtol=0.01)


def test_at_the_wall_of_a_cavity_a_cell_feels_the_fluid_and_not_the_wall():
    cavity = Space(seeded=(400.0, 200.0), walls=(NO_FLUX, NO_FLUX), depth=10.0, ellipse=True)
    changes = {"signals.diffusing": {"background": "2 nM", "decay": "0 1/h"}}
    engine, state = found((*CARRY, "signals.diffusing"), changes, space=cavity)
    state["cells"]["position"][0] = (200.0, 199.5)
    engine.run(state, 1)
    level = state["cells"]["cue_ligand"]
    np.testing.assert_allclose(level, 2 * NM, rtol=0.01)
    assert np.abs(state["cells"]["cue_ligand_gradient"]).max() < 1e-3  # half a voxel of nothing would be 0.1
