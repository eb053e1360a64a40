"""Pools and added migrasomes in a dish: books close, dishes share nothing, and the step does not show."""

from __future__ import annotations

import numpy as np
import pytest

from migralab.core.errors import RequestError
from migralab.core.random import dish_key
from migralab.engine.engine import Engine, dump_state, load_state
from migralab.mechanisms.biogenesis.fate import Fate
from migralab.mechanisms.pools.carrier import Carrier
from migralab.mechanisms.pools.compartment import CAME, HELD, LEAKED, LEFT, Compartment, Tissue
from migralab.mechanisms.registry import MECHANISMS
from migralab.mechanisms.signals.cargo import KINDS
from migralab.spec.pool import FREED, IN_VESICLES, VESICLES, Pool
from tests.dish import SOURCE, assert_same, tables_of
from tests.signals import CLOSED, OPEN, accounts, build

GIVEN = {"mass": "0.001 ug", "recipients_in_culture": "1000", "protein_density": "100 mg/ml"}
CHAIN = {
    "blood": {
        "volume": "2 ml", "turnover": "1 1/h", "drains": {"urine": "0.1 ml/min"}, "tissue_cells": "3e4",
        "collects": {"migrasomes": "2 1/h"}, "source": SOURCE,
    },
    "urine": {
        "volume": "1 ml", "turnover": "0.5 1/h", "lysis": "1 1/h", "decay": "0.1 1/h", "clearance": "0.2 1/h",
        "tissue_cells": "3e4", "source": SOURCE,
        "collects": {
            "migrasomes": "1 1/h",
            "through_barrier": {"albumin": {"permeability": "1e-4 um/s", "area": "1 mm^2", "concentration": "1 uM"}},
        },
        "assays": {"vesicles": {"limit": "1e3 1/ml"}},
    },
}  # fmt: skip


def pools_of(text=CHAIN):
    return {name: Pool.model_validate(own) for name, own in text.items()}


def dish(
    names=(), *, text=CHAIN, changes=None, dt=60.0, seeds=(1,), cells=20, life="20 min", space=CLOSED, reverse=False
):
    """Return (engine, state) of dishes with added migrasomes, their fate, and pools; recipients stand still."""
    pools = pools_of(text)
    rates = {n: p.collects.migrasomes.internal if p.collects.migrasomes else 0.0 for n, p in pools.items()}
    fate = Fate.parameters(detached_life={"value": life, "source": SOURCE})
    changes = {"recipients.add-back": GIVEN} | (changes or {})
    made = [*build(("recipients.add-back", *names), changes, dt), Fate(fate, dt, Carrier(rates, cargo=True))]
    media = {m.medium.species.name: m.medium for m in made if hasattr(m, "medium")}
    made.append(Compartment(Compartment.parameters(), dt, pools, Tissue(cells=cells, cargo=True, media=media)))
    engine = Engine(made, dt)
    if reverse:
        engine._phases = [phase[::-1] for phase in engine._phases]
    places = [space.place(*np.random.default_rng(seed).uniform(size=(2, cells))) for seed in seeds]
    return engine, engine.found(places, [int(dish_key(seed)) for seed in seeds], space)


def compartment(engine):
    return next(m for m in engine.plan if isinstance(m, Compartment))


def everything(state):
    return tables_of(state) | {f"fields.{name}": values for name, values in state.fields.items()}


def test_as_many_are_added_as_the_mass_says():
    engine, state = dish(seeds=range(1, 41), life="1e6 min")
    engine.run(state, 2)
    # 1e6 fg over pi/6 x 0.61^3 x 1.509 um3 x 100 fg/um3 = 17.9 fg are 55.8e3 vesicles, 55.8 for each of 1000
    counts = np.bincount(state["migrasomes"]["dish"], minlength=40)
    expected = 20 * 1e6 / (np.pi / 6 * 0.61**3 * (1 + (0.234 / 0.61) ** 2) ** 3 * 100) / 1000
    assert counts.mean() == pytest.approx(expected, rel=4 / np.sqrt(40 * expected))  # four standard errors
    assert counts.var(ddof=1) == pytest.approx(expected, rel=0.9)  # Poisson; four SD of a variance of 40 numbers
    diameter = state["migrasomes"]["diameter"]
    assert (diameter.mean(), diameter.std()) == pytest.approx((0.61, 0.234), rel=0.02)
    assert set(state["migrasomes"]["cell"]) == {-1}


def test_added_ones_hold_what_their_volume_holds():
    engine, state = dish(life="1e6 min", cells=400)
    engine.run(state, 1)  # before any is carried off
    vesicles, held = state["migrasomes"], state["migrasomes"]["cargo"].sum(axis=0)
    volume, area = vesicles["volume"].sum(), vesicles["area"].sum()
    expected = 602.214 * volume, 30 * area, 60.2214 * volume * 0.319, 30.1107 * volume, 5 * volume
    # Poisson about the mean; mRNA varies with the volumes of the positive ones, and positive ones hold at least one
    np.testing.assert_allclose(held, expected, rtol=0.05)
    assert vesicles["rna_positive"].mean() == pytest.approx(0.319, abs=4 * np.sqrt(0.319 * 0.681 / vesicles.n))


def test_they_come_in_at_their_time_and_only_then():
    engine, state = dish(changes={"recipients.add-back": {**GIVEN, "start": "2.5 min"}}, life="1e6 min")
    engine.run(state, 2)
    assert state["migrasomes"].n == 0
    engine.run(state, 3)
    assert state["migrasomes"].n > 500
    assert set(state["migrasomes"]["born"]) == {150.0}


def test_more_than_can_be_followed_are_refused():
    with pytest.raises(RequestError, match="at most 5e"):
        dish(changes={"recipients.add-back": {"mass": "8 mg"}})


@pytest.mark.parametrize("dt", [15.0, 600.0])
def test_ends_compete_and_the_step_does_not_show(dt):
    engine, state = dish(dt=dt, life="20 min", cells=100)
    engine.run(state, round(4 * 3600 / dt))
    vesicles = state["migrasomes"]
    carried, burst = vesicles["carried"] >= 0, vesicles["ruptured"]
    # hazards 3/h of rupture, 2/h into blood, 1/h into urine; 4 h are 24 mean lives, so all have gone
    assert (carried ^ burst).all()
    error = 4 * np.sqrt(0.25 / vesicles.n)
    assert carried.mean() == pytest.approx(0.5, abs=error)
    assert (vesicles["carried"] == 0).mean() == pytest.approx(1 / 3, abs=error)
    assert vesicles["gone"].mean() == pytest.approx(600.0, rel=4 / np.sqrt(vesicles.n))


def test_half_the_step_gives_the_same_ends():
    ends = []
    for dt in (60.0, 30.0):
        engine, state = dish(dt=dt)
        engine.run(state, round(7200 / dt))
        ends.append((state["migrasomes"]["gone"].copy(), state["migrasomes"]["carried"].copy()))
    np.testing.assert_array_equal(ends[0], ends[1])


def test_what_the_dish_loses_the_pools_have_scaled():
    engine, state = dish()
    engine.run(state, 90)
    found = accounts(engine, state)
    for kind in KINDS:
        assert found[kind, "added"] == pytest.approx(found[kind, "migrasomes"] + found[kind, "carried off"], rel=1e-12)
    pools = compartment(engine)
    now = pools._now(state)[0][0]
    s = pools._substances.index
    scale = 3e4 / 20
    assert now[CAME][:, s(VESICLES)].sum() == scale * (state["migrasomes"]["carried"] >= 0).sum()
    inside, free = s(f"{FREED}{IN_VESICLES}"), s(FREED)
    for columns in ([s(VESICLES)], [s(f"mrna{IN_VESICLES}")], [inside, free], [s("albumin")]):
        came = now[CAME][:, columns].sum() + now[LEAKED][:, columns].sum()
        assert came > 0
        assert now[HELD][:, columns].sum() + now[LEFT][:, columns].sum() == pytest.approx(came, rel=1e-9)
    assert now[HELD][1, free] > 0  # lysis in urine
    assert now[HELD][0, free] == 0


def test_a_barrier_fills_the_pool_to_its_steady_state():
    engine, state = dish()
    engine.run(state, 24 * 60)
    pools = compartment(engine)
    held = pools._now(state)[0][0][HELD][1, pools._substances.index("albumin")]
    inflow = 1e-4 * 1e6 * 602.214  # um/s x um2 x molecules per um3
    assert held == pytest.approx(inflow / (0.6 / 3600 + 1e-4 * 1e6 / 1e12), rel=1e-5)  # 24 h are 14 mean lives


def test_asked_between_two_steps_it_says_the_same_as_after_the_next():
    engine, state = dish()
    engine.run(state, 30)
    pools = compartment(engine)
    before, told = state.fields["pools"].copy(), pools.pooled(state)
    np.testing.assert_array_equal(state.fields["pools"], before)
    pools.step(state, 60.0, None)
    np.testing.assert_array_equal(pools.pooled(state), told)


def test_dishes_beside_each_other_resuming_and_order_change_nothing():
    engine, state = dish(seeds=(1, 2))
    engine.run(state, 60)
    alone_engine, alone = dish(seeds=(2,), reverse=True)
    alone_engine.run(alone, 30)
    saved = dump_state(alone)
    again_engine, again = dish(seeds=(2,))
    load_state(again, saved)
    again_engine.run(again, 30)
    for name in ("pools", "carried", "added"):
        np.testing.assert_array_equal(state.fields[name][1], again.fields[name][0])
    alone_engine.run(alone, 30)
    assert_same(everything(alone), everything(again))
    own = state["migrasomes"]["dish"] == 1
    np.testing.assert_array_equal(state["migrasomes"]["gone"][own], alone["migrasomes"]["gone"])


CUE = {
    "medium": {
        "volume": "1 ml", "collects": {"cues": {"cue": "0.5"}}, "assays": {"cue": {"limit": "1 nM"}}, "source": SOURCE,
    }
}  # fmt: skip


@pytest.mark.parametrize("decay", ["0 1/h", "2 1/h"])
def test_what_goes_through_open_walls_is_collected(decay):
    bead = {"signals.bead": {"x": "150 um", "y": "150 um", "content": "1e6 molecules", "half_time": "20 min"}}
    names = ("signals.bead", "signals.diffusing")
    changes = bead | {"signals.diffusing": {"decay": decay}, "recipients.add-back": {**GIVEN, "mass": "0 ug"}}
    pools = {name: Pool.model_validate(own) for name, own in CUE.items()}
    made = build(("recipients.add-back", *names, "signals.release"), changes)
    media = {m.medium.species.name: m.medium for m in made if hasattr(m, "medium")}
    made.append(Compartment(Compartment.parameters(), 60.0, pools, Tissue(cells=5, media=media)))
    engine = Engine(made, 60.0)
    place = OPEN.place(*np.random.default_rng(1).uniform(size=(2, 5)))
    state = engine.found([place], [int(dish_key(1))], OPEN)
    engine.run(state, 120)
    found = accounts(engine, state)
    caught = float(compartment(engine).pooled(state)[0, 0])
    given, medium = found["cue", "given"], found["cue", "medium"]
    assert given > 9e5
    if decay == "0 1/h":
        assert caught == pytest.approx(0.5 * (given - medium), rel=1e-9)
    else:
        # what decayed is the rate times the molecules in the medium, summed: their mean life in it is minutes
        assert 0 < caught < 0.5 * (given - medium)
        assert found["cue", "lost"] > 2 * caught


def test_a_cue_that_cannot_leave_is_refused():
    with pytest.raises(RequestError, match="no open walls"):
        dish(("signals.diffusing", "signals.release"), text={**CHAIN, **CUE})


def test_mechanisms_that_came_are_known():
    assert {"recipients.add-back", "pools.compartment"} <= set(MECHANISMS)
