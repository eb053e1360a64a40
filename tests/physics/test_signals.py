"""Signals: every molecule accounted for, closed forms of leak and binding, walls that hold, thresholds in contact."""

from __future__ import annotations

import numpy as np
import pytest

from migralab.core.errors import BreakdownError, RequestError
from migralab.physics.field.exponential import ExponentialSolver
from migralab.physics.field.grid import FIXED, NO_FLUX, Grid
from migralab.physics.signals.binding import bind, effective_diffusivity
from migralab.physics.signals.release import escape, half_time
from migralab.physics.space import Space
from tests.signals import CARRY, CLOSED, OPEN, accounts, found

LEAKY = {"signals.release": {"permeability": "1e-5 um/s"}}
NO_DECAY = {"decay": "0 1/h"}
MEDIA = {
    "diffusing": ("signals.diffusing", NO_DECAY),
    "cleared": ("signals.diffusing", {**NO_DECAY, "clearance": "200 um^3/s"}),
    "bath": ("signals.diffusing", {**NO_DECAY, "background": "0.5 nM", "clearance": "50 um^3/s"}),
    "matrix": ("signals.matrix-bound", {**NO_DECAY, "clearance": "50 um^3/s"}),
}
SPACES = {
    "walls": CLOSED,
    "cavity": Space(seeded=(400.0, 200.0), walls=(NO_FLUX, NO_FLUX), depth=10.0, ellipse=True),
    "box": Space(seeded=(200.0, 200.0), walls=(NO_FLUX, NO_FLUX), confines=(True, True), depth=40.0, lid="no-flux"),
}


@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
@pytest.mark.parametrize(("medium", "changes"), MEDIA.values(), ids=MEDIA)
def test_in_a_closed_dish_every_molecule_is_somewhere(space, medium, changes):
    names = (*CARRY, "recipients.uptake", medium)
    engine, state = found(names, {**LEAKY, medium: changes}, space=space)
    engine.run(state, 1)
    now = accounts(engine, state)
    places = ("cells", "migrasomes", "delivered", "released")
    start = sum(now["soluble_protein", place] for place in places)
    engine.run(state, 299)
    now = accounts(engine, state)
    parts = {place: now["soluble_protein", place] for place in places}
    assert sum(parts.values()) == pytest.approx(start, rel=1e-12)
    assert min(parts.values()) > 100  # each way was taken
    cue = {place: amount for (what, place), amount in now.items() if what == "cue"}
    assert cue["given"] == pytest.approx(parts["released"], rel=1e-12)
    here = cue["medium"] + cue["taken up"] + cue.get("bound", 0.0)
    assert here == pytest.approx(cue["initial"] + cue["given"], rel=1e-9)  # the implicit solver's tolerance
    assert abs(cue["lost"]) < 1e-9 * (cue["initial"] + cue["given"])
    assert state["cells"]["cue_taken"].sum() == pytest.approx(cue["taken up"], rel=1e-9, abs=1e-9)
    if "clearance" in changes:
        assert cue["taken up"] > 10


def test_what_leaves_an_open_dish_is_what_its_rim_lets_out():
    """The loss is booked as a difference; here it is compared with the flux through the rim, 2 D c / h per area."""
    names = (*CARRY, "signals.diffusing")
    engine, state = found(names, {"signals.diffusing": {**NO_DECAY, "diffusivity": "20 um^2/s"}}, space=OPEN)
    medium = next(m for m in engine.plan if m.name == "signals.diffusing").medium
    grid, out = medium.grid(state), 0.0

    def rim():
        c = state.fields["cue"][0]
        edge = sum(c[index].sum() for index in ((0,), (-1,), (slice(None), 0), (slice(None), -1)))
        return 2 * 20.0 / grid.spacing[0] * edge * grid.spacing[0] * grid.depth

    for _ in range(400):
        before = rim()
        engine.run(state, 1)
        out += 60.0 * 0.5 * (before + rim())
    lost = accounts(engine, state)["cue", "lost"]
    assert lost > 200
    assert out == pytest.approx(lost, rel=0.02)  # the flux is integrated by the trapezoid over ticks of a minute


def test_two_cues_share_what_is_released():
    names = (*CARRY, "signals.diffusing@cxcl12", "signals.diffusing@vegf")
    changes = {
        "signals.diffusing@cxcl12": {**NO_DECAY, "share": "0.7"},
        "signals.diffusing@vegf": {**NO_DECAY, "share": "0.2", "diffusivity": "110 um^2/s"},
    }
    engine, state = found(names, changes)
    engine.run(state, 240)
    now = accounts(engine, state)
    released = now["soluble_protein", "released"]
    assert released > 100
    for cue, share in (("cxcl12", 0.7), ("vegf", 0.2)):
        assert now[cue, "medium"] == pytest.approx(share * released, rel=1e-9)


def test_a_bead_gives_off_half_in_its_half_time_and_all_of_it_is_somewhere():
    changes = {
        "signals.bead": {"x": "100 um", "y": "120 um", "content": "5e4 molecules", "half_time": "20 min"},
        "signals.diffusing": {**NO_DECAY, "share": "0.5"},
    }
    engine, state = found((*CARRY, "signals.diffusing", "signals.bead"), changes)
    engine.run(state, 40)
    now = accounts(engine, state)
    assert now["bead", "left"] == pytest.approx(5e4 / 4, rel=1e-9)
    released = now["soluble_protein", "released"]
    assert now["cue", "medium"] == pytest.approx(0.5 * (5e4 * 3 / 4 + released), rel=1e-9)


@pytest.mark.parametrize(("space", "x"), [(CLOSED, "301 um"), (OPEN, "-201 um"), (SPACES["cavity"], "5 um")])
def test_a_bead_outside_the_field_is_refused_with_the_field_in_the_message(space, x):
    with pytest.raises(RequestError, match=r"lies at .*outside the field, which reaches from .* Set signals\.bead\.x"):
        found((*CARRY, "signals.diffusing", "signals.bead"), {"signals.bead": {"x": x}}, space=space)


def test_a_detached_vesicle_leaks_as_the_closed_form_says():
    held, radius = np.array([1000.0, 1000.0, 0.0]), np.array([0.5, 1.0, 0.0])
    out, back = escape(held, held, radius, 4 / 3 * np.pi * radius**3, 1e-3, np.zeros(3), 200.0)
    np.testing.assert_allclose(out, held * (1 - np.exp([-1.2, -0.6, 0.0])), rtol=1e-12)
    np.testing.assert_allclose(back, 0.0, atol=1e-12)
    one = np.ones(1)
    half, _ = escape(one, one, np.array([0.5]), one, 1e-3, np.zeros(1), half_time(0.5, 1e-3))
    assert half[0] == pytest.approx(0.5)


def test_an_attached_vesicle_settles_where_leak_and_refill_balance():
    """dn/dt = -k n + (q/V)(n_full - n): P 5e-3, d 1 um, L 20 um leave 63 of 315 molecules (k 0.03/s, q/V 0.0075/s)."""
    radius, full = np.array([0.5]), np.array([315.0])
    volume, q = 4 / 3 * np.pi * radius**3, np.array([10.0 * np.pi * 0.05**2 / 20.0])
    out, back = escape(full, full, radius, volume, 5e-3, q, 1e4)
    settled = 315.0 * (q / volume) / (0.03 + q / volume)
    assert settled[0] == pytest.approx(63.0, abs=0.5)
    np.testing.assert_allclose(full - out + back, settled, rtol=1e-9)


@pytest.mark.parametrize("permeability", [1e-5, 1e-3, 1e-1])
def test_one_long_step_lets_out_what_many_short_ones_do(permeability):
    radius, full, q = np.array([0.5]), np.array([300.0]), np.array([0.004])
    volume = 4 / 3 * np.pi * radius**3
    long = escape(full, full, radius, volume, permeability, q, 600.0)
    held, sums = full.copy(), np.zeros(2)
    for _ in range(600):
        out, back = escape(held, full, radius, volume, permeability, q, 1.0)
        held, sums = held - out + back, sums + np.array([out[0], back[0]])
    np.testing.assert_allclose([long[0][0], long[1][0]], sums, rtol=1e-10)


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_rupture_frees_its_share_and_an_intact_vesicle_frees_nothing(share):
    engine, state = found(CARRY, {"signals.release": {"burst_share": str(share)}})
    engine.run(state, 300)
    vesicles = state["migrasomes"]
    ended = vesicles["burst"]
    assert ended.sum() > 10
    held = vesicles["cargo"][ended, 0]
    np.testing.assert_allclose(vesicles["released"][ended] * (1 - share), held * share, rtol=1e-12, atol=1e-9)
    assert (vesicles["released"][~ended] == 0).all()
    assert (vesicles["released"].sum() > 0) == (share > 0)


def test_binding_ends_where_langmuir_says_and_loses_nothing():
    free, bound = np.array([50.0, 3.0, 0.0]), np.array([0.0, 4.0, 2.0])
    total, sites, half, off = free + bound, 20.0, 5.0, 1e-2
    bind(free, bound, sites, off / half, off, 1e6)
    np.testing.assert_allclose(bound, sites * free / (half + free), rtol=1e-10)
    np.testing.assert_allclose(free + bound, total, rtol=1e-14)


def test_binding_of_a_trace_relaxes_at_the_sum_of_its_rates():
    """c much below K: db/dt = k_on b_max c - k_off b with c + b constant, an exponential."""
    free, bound, on, off, sites = np.array([1e-6]), np.array([0.0]), 2e-3, 1e-2, 20.0
    rate = on * sites + off
    bind(free, bound, sites, on, off, 7.0)
    assert bound[0] == pytest.approx(1e-6 * on * sites / rate * (1 - np.exp(-rate * 7.0)), rel=1e-5)


def test_fast_binding_slows_the_spread_to_the_effective_diffusivity():
    n, h, d, sites, half, off = 128, 5.0, 150.0, 20.0, 5.0, 1.0
    grid = Grid(shape=(4, n), spacing=(h, h), walls=(NO_FLUX, NO_FLUX), origin=(0.0, 0.0))
    x = grid.centres(1)
    solver = ExponentialSolver(grid, d)
    free = 1e-6 * np.exp(-((x - x.mean()) ** 2) / (2 * 20.0**2)) * np.ones((4, 1))
    bound = np.zeros_like(free)
    bind(free.reshape(-1), bound.reshape(-1), sites, off / half, off, 1e6)

    def variance():
        weight = (free + bound)[0]
        return (weight * (x - x.mean()) ** 2).sum() / weight.sum()

    first, steps, dt = variance(), 15, 4.0  # the pulse ends 63 um wide, five times less than to the walls
    for _ in range(steps):
        bind(free.reshape(-1), bound.reshape(-1), sites, off / half, off, dt / 2)
        field = solver.start(free)
        solver.advance(field, dt)
        free = field.concentration
        bind(free.reshape(-1), bound.reshape(-1), sites, off / half, off, dt / 2)
    slope = (variance() - first) / (2 * steps * dt)
    expected = effective_diffusivity(d, sites, half)
    assert expected == pytest.approx(30.0)
    # a tick moves the free share once and rebinds to exp(-10) of balance; the pulse is far from saturation
    assert slope == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(("diffusivity", "lid"), [("150 um^2/s", "fixed"), ("2 um^2/s", "no-flux")])
def test_a_matrix_on_the_floor_of_a_tall_box_has_nothing_to_fear_from_rounding(diffusivity, lid):
    """Transforms leave zeros at -1e-17, and only the lowest voxels are touched by the matrix."""
    space = Space(seeded=(200.0, 200.0), margin=(200.0, 200.0), depth=200.0, lid=lid)
    changes = {**LEAKY, "signals.matrix-bound": {"diffusivity": diffusivity, "decay": "0 1/h"}}
    engine, state = found((*CARRY, "signals.matrix-bound"), changes, space=space)
    engine.run(state, 120)
    assert state.fields["cue_bound"].min() >= 0
    assert state.fields["cue"].min() >= -1e-12 * state.fields["cue"].max()
    assert state.fields["cue_bound"].max() > 0


def test_half_the_load_moves_the_edge_of_the_felt_patch_and_not_its_plateau():
    """Model notes 9 as they read it: occupancy b/(b + K_2D), K_2D = 3.4 nM x 20 nm = 0.04 per um2.

    That takes the ligand for plentiful. Where receptors outnumber it, half the load halves the signal everywhere:
    docs/tutorials/how-far-is-one-migrasome-felt.md.
    """
    n, depth, d, half, off = 161, 5.0, 150.0, 0.6, 1e-3  # 1 nM
    sites = 6022.0 * 0.2 / depth  # 10 uM in 0.2 um
    grid = Grid(shape=(n, n), spacing=(2.0, 2.0), walls=(FIXED, FIXED), origin=(0.0, 0.0), depth=depth)
    caught = np.sqrt(d / (off / half * sites))  # how far a molecule comes before it is bound
    plateau, edge = {}, {}
    for load in (2500.0, 1250.0):
        solver, bound = ExponentialSolver(grid, d), np.zeros(grid.shape)
        start = np.zeros(grid.shape)
        start[n // 2, n // 2] = load / grid.voxel_volume
        field = solver.start(start)
        for _ in range(120):
            bind(field.concentration.reshape(-1), bound.reshape(-1), sites, off / half, off, 0.25)
            field = solver.start(field.concentration)
            solver.advance(field, 0.5)
            bind(field.concentration.reshape(-1), bound.reshape(-1), sites, off / half, off, 0.25)
        occupied = (depth * bound / (depth * bound + 0.04))[n // 2, n // 2 :]
        plateau[load] = occupied[0]
        edge[load] = 2.0 * np.interp(0.5, occupied[::-1], np.arange(len(occupied))[::-1])
    assert min(plateau.values()) > 0.9
    assert plateau[2500.0] / plateau[1250.0] < 1.05
    # Far out the patch falls as exp(-r/l)/sqrt(r): twice the load reaches a little less than l ln 2 farther
    assert 0.6 * caught * np.log(2) < edge[2500.0] - edge[1250.0] < caught * np.log(2)


@pytest.mark.parametrize("sites", ["1 uM", "10 uM"])
def test_a_dense_matrix_catches_no_more_with_long_ticks_than_with_short_ones(sites):
    """Binding beside a minute of diffusion would keep many times too much; the tick is cut instead."""
    names = ("motility.adhesion", "biogenesis.rear-width", "biogenesis.retraction-fibre", "biogenesis.breakage",
             "biogenesis.nucleation", "biogenesis.growth", "biogenesis.fate", "signals.cargo", "signals.release",
             "signals.matrix-bound", "signals.bead")  # fmt: skip
    changes = {
        "signals.matrix-bound": {**NO_DECAY, "sites": sites, "off_rate": "1e-2 1/s", "diffusivity": "2 um^2/s"},
        "signals.bead": {"x": "150 um", "y": "150 um", "content": "1e5 molecules", "half_time": "1e-3 min"},
    }
    found_at = []
    for dt, ticks in ((60.0, 15), (2.0, 450)):
        engine, state = found(names, changes, cells=1, dt=dt)
        engine.run(state, ticks)
        found_at.append(state.fields["cue_bound"][0])
    assert found_at[1].max() > 3 * np.median(found_at[1])
    # the bead gives off its all in the first tick, which a long tick spreads over a minute of fifteen
    np.testing.assert_allclose(found_at[0], found_at[1], rtol=0.1, atol=0.02 * found_at[1].max())


@pytest.mark.parametrize("space", [SPACES["walls"], SPACES["cavity"]], ids=["walls", "cavity"])
def test_walls_hold_the_cells(space):
    engine, state = found(CARRY, {"motility.walk": {"speed": "5 um/min"}}, space=space)
    for _ in range(300):
        engine.run(state, 1)
        before = state["cells"]["position"].copy()
        assert not space.confine(before).any()
    assert np.abs(np.linalg.norm(state["cells"]["heading"], axis=1) - 1).max() < 1e-9


def test_ground_of_a_cavity_is_seeded_evenly():
    space = SPACES["cavity"]
    place = space.place(*np.random.default_rng(3).uniform(size=(2, 20_000)))
    scaled = (place - [200.0, 100.0]) / [200.0, 100.0]
    inner = (np.hypot(*scaled.T) < np.sqrt(0.5)).mean()
    assert inner == pytest.approx(0.5, abs=4 * np.sqrt(0.25 / 20_000))
    assert np.hypot(*scaled.T).max() <= 1


def test_strong_uptake_is_cut_into_parts_and_agrees_with_short_ticks():
    """0.12/s x 60 s is far beyond what one step can take; ticks of 1 s need no cut."""
    strong = {"clearance": "200 um^3/s", "background": "1 nM", "diffusivity": "5 um^2/s"}
    changes = {"signals.diffusing": {**NO_DECAY, **strong}}
    names = ("motility.adhesion", "biogenesis.rear-width", "biogenesis.retraction-fibre", "biogenesis.breakage",
             "biogenesis.nucleation", "biogenesis.growth", "biogenesis.fate", "signals.cargo", "signals.release",
             "signals.diffusing")  # fmt: skip
    left = []
    for dt, ticks in ((60.0, 5), (1.0, 300)):
        engine, state = found(names, changes, dt=dt)
        engine.run(state, ticks)
        left.append(state.fields["cue"].sum())
    assert left[0] < 0.8 * state.fields["cue"].size * 0.6022
    assert left[0] == pytest.approx(left[1], rel=0.02)


def test_uptake_that_no_cutting_can_follow_stops_the_run_and_says_what_to_do():
    engine, state = found((*CARRY, "signals.diffusing"), {"signals.diffusing": {"clearance": "1e7 um^3/s"}})
    with pytest.raises(
        BreakdownError, match=r"the uptake of cue is too strong.*signals\.diffusing\.clearance.*dish\.step"
    ):
        engine.run(state, 1)


def test_half_the_tick_leaves_the_budget_where_it_was():
    """12 dishes at two steps: no way that molecules take differs by four standard errors (1 in 3,000 for five ways)."""
    names = (*CARRY, "signals.diffusing", "recipients.uptake")
    changes = {**LEAKY, "signals.diffusing": {"clearance": "100 um^3/s"}}
    found_at = []
    for dt in (60.0, 30.0):
        engine, state = found(names, changes, seeds=range(12), dt=dt)
        engine.run(state, round(240 * 60 / dt))
        ways = {}
        for mechanism in engine.plan:
            if hasattr(mechanism, "account"):
                ways |= mechanism.account(state)
        found_at.append({key: ways[key] for key in WAYS})
    for key in WAYS:
        whole, half = found_at[0][key], found_at[1][key]
        error = np.sqrt((whole.var(ddof=1) + half.var(ddof=1)) / 12)
        assert abs(whole.mean() - half.mean()) < 4 * error, key
        assert whole.mean() > 0, key


WAYS = (
    ("soluble_protein", "migrasomes"), ("soluble_protein", "released"), ("soluble_protein", "delivered"),
    ("cue", "taken up"), ("cue", "lost"),
)  # fmt: skip
