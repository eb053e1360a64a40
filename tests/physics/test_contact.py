"""Cells that pass over vesicles: how often they meet, how long it takes, what becomes of what they take up."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.stats import kstest

from migralab.core.random import child_key_array, draw_child_keys, stream_key
from migralab.engine.mechanism import Stream
from migralab.mechanisms.recipients.uptake import Uptake
from migralab.mechanisms.signals.cargo import KINDS
from migralab.physics.recipients.contact import Cells, Held, Vesicles, meet, time_inside
from migralab.physics.recipients.endosome import escape_and_decay
from tests.dish import SOURCE
from tests.signals import CARRY, accounts, found

STREAM = stream_key("contact")
REACH, RADIUS = 10.0, 1.0
AT_ONCE = 1e6  # 1/s


def scattered(count, place, dish=0):
    """Return vesicles at (count, 2) places, and nothing that has become of them yet."""
    keys = child_key_array(np.full(count, 3, np.uint64), STREAM, np.arange(count, dtype=np.uint64))
    lie = Vesicles(
        np.ones(count, bool), *np.ascontiguousarray(place.T), np.full(count, 2 * RADIUS),
        np.full(count, dish, np.int32), np.full(count, -1, np.int64), np.zeros(count), np.ones(count), keys,
    )  # fmt: skip
    held = Held(
        np.full(count, -1, np.int32), np.zeros(count, np.int32), np.zeros(count), np.zeros(count),
        np.full(count, -1, np.int64), np.full(count, np.inf),
    )  # fmt: skip
    return lie, held


def cells_at(before, after, binding, uptake):
    n = len(after)
    return Cells(
        before, after, np.zeros(n, np.int32), np.ones(n, bool), np.full(n, REACH), np.full(n, binding),
        np.full(n, uptake),
    )  # fmt: skip


def test_time_in_contact_is_the_chord():
    # Pythagoras: a disc of 5 whose centre passes a point at a distance of 3 covers it over 8; its way is 20
    came, went = time_inside(0.0, 3.0, 10.0, 0.0, 5.0)
    assert (came, went) == (pytest.approx(0.3, rel=1e-14), pytest.approx(0.7, rel=1e-14))
    assert time_inside(10.0, 3.0, 10.0, 0.0, 5.0) == (0.0, pytest.approx(0.2, rel=1e-14))  # it begins on the point
    assert time_inside(0.0, 3.0, 1e-9, 0.0, 5.0) == (0.0, 1.0)
    assert time_inside(0.0, 3.0, 0.0, 0.0, 5.0) == (0.0, 1.0)
    for missed in ((0.0, 5.1, 10.0, 0.0), (6.0, 0.0, 0.0, 0.0), (40.0, 0.0, 10.0, 0.0)):
        came, went = time_inside(*missed, 5.0)
        assert went <= came


@pytest.fixture(scope="module")
def lanes():
    """Return where 100 cells begin, in lanes that do not touch, and the vesicles on 700 um of each lane."""
    rng = np.random.default_rng(4)
    density, lane, length = 0.02, 60.0, 700.0
    place = rng.uniform([-50.0, 0.0], [length - 50.0, 100 * lane], (int(density * length * 100 * lane), 2))
    start = np.column_stack([np.zeros(100), lane * (np.arange(100) + 0.5)])
    away = np.min([np.hypot(*(place - at).T) for at in start], axis=0)
    return start, place[away > REACH + RADIUS], density  # those under a cell at the start are not met on its way


@pytest.mark.parametrize("dt", [6.0, 60.0, 300.0])
def test_a_straight_walker_meets_what_lies_in_its_swathe_whatever_the_step(lanes, dt):
    """2 (a + r) v n t over 100 cells is 26,400: a Poisson standard error of 0.6 %; 4 of them are 2.5 %."""
    start, place, density = lanes
    vesicles, held = scattered(len(place), place)
    speed, before = 10.0 / 60.0, start
    for k in range(round(3600 / dt)):
        after = start + np.array([speed * dt * (k + 1), 0.0])
        meet(vesicles, held, cells_at(before, after, AT_ONCE, 0.0), dt, dt * k, STREAM)
        before = after
    expected = 2 * (REACH + RADIUS) * speed * 3600 * density * 100
    assert held.bindings.sum() == pytest.approx(expected, rel=0.025)
    # Step by step or in one go, the same vesicles are met, each once: those whose distance from a path is below a + r
    x, y = vesicles.x, vesicles.y % 60.0 - 30.0
    ahead = np.clip(x, 0.0, 600.0)
    np.testing.assert_array_equal(held.bindings, np.hypot(x - ahead, y) < REACH + RADIUS)


def encounters(persistence, *, depleting, dt=12.0, minutes=60):
    """Return encounters of 40 persistent walkers (10 um/min) over 2 (a + r) v n t."""
    rng = np.random.default_rng(8)
    density, side, speed = 0.015, 2000.0, 10.0 / 60.0
    place = rng.uniform(-700.0, side + 700.0, (int(density * (side + 1400.0) ** 2), 2))
    position = rng.uniform(0, side, (40, 2))
    vesicles, held = scattered(len(place), place)
    uptake = AT_ONCE if depleting else 0.0
    meet(vesicles, held, cells_at(position, position, AT_ONCE, uptake), dt, -dt, STREAM)  # what they lie on
    at_start = int(held.bindings.sum())
    angle = rng.uniform(0, 2 * np.pi, 40)
    for k in range(round(minutes * 60 / dt)):
        vesicles = vesicles._replace(present=held.taken_by < 0)
        turn, bridge = rng.normal(size=(2, 40)) * np.sqrt(dt / persistence)
        half = angle + turn / np.sqrt(2) + bridge / np.sqrt(2)
        after = position + speed * dt * np.column_stack([np.cos(half), np.sin(half)])
        meet(vesicles, held, cells_at(position, after, AT_ONCE, uptake), dt, dt * k, STREAM)
        position, angle = after, angle + np.sqrt(2) * turn
    return (held.bindings.sum() - at_start) / (2 * (REACH + RADIUS) * speed * 60 * minutes * density * 40)


def test_a_persistent_walker_meets_as_many_and_fewer_where_it_crosses_its_own_way():
    """P = 30 min is 27 (a + r)/v. 7,900 encounters: 1.1 % a standard error, of which 5 % is more than four."""
    assert encounters(1800.0, depleting=False) == pytest.approx(1.0, abs=0.05)
    assert encounters(1800.0, depleting=False, dt=60.0) == pytest.approx(1.0, abs=0.05)
    # P = 1 min is (a + r)/v: it sweeps the same ground again and again. The walkers take from each other too, but
    # all they sweep is at most 40 x 13,200 um2 of 11.6 mm2, which costs 2.3 % on average
    assert encounters(60.0, depleting=True) < 0.75
    assert encounters(1800.0, depleting=True) > 0.9


def taken_up_at(dt, bind, take):
    """Return when each of 4,000 vesicles under a cell at rest is taken up, s."""
    vesicles, held = scattered(4000, np.random.default_rng(2).uniform(-5, 5, (4000, 2)))
    rest = np.zeros((1, 2))
    for k in range(round(36_000 / dt)):
        touching, associated = meet(vesicles, held, cells_at(rest, rest, bind, take), dt, dt * k, STREAM)
        gone = held.taken_by >= 0
        vesicles = vesicles._replace(present=~gone)
        assert touching[0] == (~gone).sum()
        assert associated[0] == (held.bound_to >= 0).sum()
    return held.gone


def test_uptake_takes_two_waits_in_a_row_and_the_step_changes_nothing():
    """Hypoexponential with means 10 and 20 min; a Kolmogorov test of 4,000 at the level of 1 in 1,000."""
    bind, take = 1 / 600.0, 1 / 1200.0
    first = taken_up_at(60.0, bind, take)
    assert np.isfinite(first).mean() > 0.999

    def law(t):
        return 1.0 - (bind * np.exp(-take * t) - take * np.exp(-bind * t)) / (bind - take)

    assert kstest(first[np.isfinite(first)], law).pvalue > 1e-3
    for dt in (150.0, 300.0):  # the thresholds are those of the vesicles
        np.testing.assert_allclose(taken_up_at(dt, bind, take), first, rtol=1e-9)


def test_a_vesicle_that_is_lost_is_bound_anew_and_waits_anew():
    """A cell comes and goes 400 times, 5 min each: it binds with 1 - exp(-5/10) each time, independently."""
    vesicles, held = scattered(500, np.zeros((500, 2)))
    here, far = np.zeros((1, 2)), np.full((1, 2), 1000.0)
    for k in range(400):
        before = held.bindings.copy()
        meet(vesicles, held, cells_at(here, here, 1 / 600.0, 0.0), 300.0, 600.0 * k, STREAM)
        assert ((held.bound_to == 0) == (held.bindings > before)).all()
        meet(vesicles, held, cells_at(far, far, 1 / 600.0, 0.0), 300.0, 600.0 * k + 300.0, STREAM)
        assert (held.bound_to == -1).all()
    # Hazard gathered in a visit counts in the next; an exponential law has no memory, so each visit binds alike
    expected = 400 * 500 * (1 - np.exp(-0.5))
    assert held.bindings.sum() == pytest.approx(expected, rel=0.01)  # 4 standard errors of 78,700


class _Still:
    """Two populations that rest on many vesicles of a third cell."""

    def __init__(self, count, dt, changes=None, other=None):
        names = ("motility.adhesion", "biogenesis.rear-width", "biogenesis.retraction-fibre", "biogenesis.breakage",
                 "biogenesis.nucleation", "biogenesis.growth", "biogenesis.fate", "signals.cargo")  # fmt: skip
        own, others = (
            Uptake.parameters(
                **{name: {"value": v, "source": SOURCE} for name, v in {**(changes or {}), **more}.items()}
            )
            for more in ({}, other or {})
        )
        self.uptake = Uptake(own.beside([others]), dt)
        engine, _ = found(names, {}, cells=1, dt=dt)
        self.engine = type(engine)([*engine.plan, self.uptake], dt)
        places = np.array([[0.0, 0.0], [500.0, 0.0], [900.0, 900.0]])
        self.state = self.engine.found([places], [1])
        self.cells, self.vesicles, self.dt = self.state["cells"], self.state["migrasomes"], dt
        self.cells["population"][:] = [0, 1, 0]
        keys = np.random.default_rng(5).integers(1, 2**62, 2 * count).astype(np.uint64)
        self.vesicles.add(
            keys, cell=2, x=np.repeat([3.0, 503.0], count), y=0.0, stage=1, resolves=0.0, stabilised=0.0, diameter=1.0,
        )  # fmt: skip
        self.vesicles.commit()
        self.vesicles["cargo"][:] = 2.0

    def after(self, minutes):
        """Return the number of vesicles taken up by the cells after some minutes."""
        for k in range(round(minutes * 60 / self.dt) + 1):  # the first look finds no way behind it
            self.state.time = k * self.dt
            self.uptake.step(self.state, self.dt, Stream(np.uint64(9), k))
        return self.cells["engulfed"]


@pytest.mark.parametrize("dt", [60.0, 30.0])
def test_cells_get_what_was_in_what_they_took_up(dt):
    """Bound at once, 1/20 per min for 20 min: 63 %, and four binomial standard errors of 2,000 (1 in 16,000)."""
    dish = _Still(2000, dt, {"binding_rate": "1e6 1/s"})
    taken = dish.after(20)
    for n in taken[:2]:
        assert n == pytest.approx(2000 * (1 - np.exp(-1.0)), abs=4 * np.sqrt(2000 * 0.368 * 0.632))
    assert taken[2] == 0  # the maker lies far away, and would not take its own
    np.testing.assert_array_equal(dish.cells["delivered"], 2.0 * np.repeat(taken, len(KINDS)).reshape(3, -1))
    np.testing.assert_array_equal(dish.cells["touching"][:2], 2000 - taken[:2])
    gone = dish.vesicles["gone"]
    assert np.isfinite(gone).sum() == taken.sum()
    assert gone[np.isfinite(gone)].max() <= 20 * 60
    assert gone[np.isfinite(gone)].min() >= 0
    assert (dish.vesicles["taken_by"][~dish.vesicles["alive"]] != 2).all()


def test_competence_scales_uptake_and_leaves_association():
    dish = _Still(2000, 60.0, {"binding_rate": "1e6 1/s"}, {"competence": "0.5"})
    taken = dish.after(20)
    assert taken[1] == pytest.approx(2000 * (1 - np.exp(-0.5)), abs=4 * np.sqrt(2000 * 0.607 * 0.393))
    dish = _Still(500, 60.0, {"binding_rate": "1e6 1/s"}, {"competence": "0"})
    taken = dish.after(60)
    assert taken[0] > 400
    assert taken[1] == 0
    assert dish.cells["associated"][1] == dish.cells["touching"][1] == 500


def test_blocked_adhesion_scales_association():
    dish = _Still(2000, 60.0, {"binding_rate": "0.05 1/min", "uptake_rate": "0 1/min"}, {"blocked": "0.8"})
    dish.after(20)
    for n, rate in zip(dish.cells["associated"][:2], (1.0, 0.2), strict=True):
        share = 1 - np.exp(-rate)
        assert n == pytest.approx(2000 * share, abs=4 * np.sqrt(2000 * share * (1 - share)))
    assert dish.cells["touching"][1] == 2000


def test_a_coat_scales_both_rates():
    dish = _Still(2000, 60.0, {"binding_rate": "1e6 1/s", "coated": "0.5"})
    taken = dish.after(20)
    assert taken[0] == pytest.approx(2000 * (1 - np.exp(-0.5)), abs=4 * np.sqrt(2000 * 0.607 * 0.393))
    dish = _Still(500, 60.0, {"coated": "1"})
    assert dish.after(30).sum() == 0
    assert dish.cells["associated"].sum() == 0
    assert dish.cells["touching"][:2].tolist() == [500, 500]


def test_rules_set_the_rate_of_uptake():
    dish = _Still(2000, 60.0, {"binding_rate": "1e6 1/s"})
    dish.cells["uptake_set"][0] = 0.25
    taken = dish.after(20)
    assert taken[0] == pytest.approx(2000 * (1 - np.exp(-0.25)), abs=4 * np.sqrt(2000 * 0.779 * 0.221))


def test_what_was_not_there_yet_was_not_in_contact():
    dish = _Still(300, 600.0, {"binding_rate": "1e6 1/s", "uptake_rate": "1e6 1/s"})
    dish.vesicles["stabilised"][:300] = 450.0  # in the middle of the first ten minutes
    taken = dish.after(10)
    assert taken[:2].tolist() == [300, 300]
    assert dish.vesicles["gone"][:300].min() >= 450.0
    assert dish.vesicles["gone"][300:].max() < 1.0


def test_the_way_between_two_looks_is_seen():
    """A look each 10 min at a cell of 10 um/min: it passes over vesicles that it touches at neither look."""
    dish = _Still(200, 600.0, {"binding_rate": "1e6 1/s", "uptake_rate": "1e6 1/s"})
    dish.cells["position"][0] = [-80.0, 0.0]
    dish.after(0)
    dish.cells["position"][0] = [80.0, 0.0]
    dish.state.time = 600.0
    dish.uptake.step(dish.state, 600.0, Stream(np.uint64(9), 1))
    assert dish.cells["engulfed"][0] == 200
    gone = dish.vesicles["gone"][:200]
    # 10.5 um before the middle of the vesicle at x = 3 um, on a way of 160 um in 600 s
    np.testing.assert_allclose(gone, (80.0 + 3.0 - 10.5) / 160.0 * 600.0, atol=0.01)


def test_endosome_and_cytosol_follow_their_equations():
    """Against an integrator, also where both pools empty equally fast and where nothing gets out."""
    for escape, degrade, decay in ((0.1, 0.04, 0.02), (0.05, 0.05, 0.1), (0.0, 0.1, 0.3), (0.2, 0.0, 0.0)):
        expected = solve_ivp(
            lambda _, y, e=escape, d=degrade, c=decay: [-(e + d) * y[0], e * y[0] - c * y[1]],
            (0, 7.0), [100.0, 30.0], rtol=1e-10, atol=1e-12,
        ).y[:, -1]  # fmt: skip
        whole = escape_and_decay(np.array([100.0]), np.array([30.0]), escape, degrade, decay, 7.0)
        np.testing.assert_allclose([whole[0][0], whole[1][0]], expected, rtol=1e-8)
        parts = np.array([100.0]), np.array([30.0])
        for _ in range(70):
            parts = escape_and_decay(*parts, escape, degrade, decay, 0.1)[:2]
        np.testing.assert_allclose(parts, whole[:2], rtol=1e-12)  # exact: the step does not matter
        assert sum(part[0] for part in whole) == pytest.approx(130.0, rel=1e-14)


def test_what_was_delivered_is_in_the_endosome_in_the_cytosol_or_degraded():
    engine, state = found((*CARRY, "recipients.uptake", "recipients.endosome"))
    cells = state["cells"]
    for k in range(10):
        engine.run(state, 30)
        if k == 6:  # and divisions and fusions lose nothing
            rows = np.flatnonzero(cells["engulfed"] > 0)[:4]
            keys = draw_child_keys(cells["key"][rows[:2]], STREAM, 0)
            cells.divide(rows[:2], keys, cells["position"][rows[:2]] + 5.0)
            cells.fuse(rows[2:3], rows[3:4])
        now = accounts(engine, state)
        for kind in KINDS:
            parts = [now[kind, place] for place in ("endosome", "cytosol", "degraded")]
            assert sum(parts) == pytest.approx(now[kind, "delivered"], rel=1e-12)
    assert cells.n > 30
    assert min(parts) >= 0
    assert now["soluble_protein", "cytosol"] > 100
    assert now["soluble_protein", "degraded"] > 10
    assert cells["engulfed"].sum() == (state["migrasomes"]["taken_by"] >= 0).sum()
