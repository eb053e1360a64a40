"""Phenotype: growth, death, fate and fusion follow their laws at any step, and rules theirs."""

from __future__ import annotations

import numba
import numpy as np
import pytest

from migralab.core.random import dish_key
from migralab.engine.engine import Engine, Founders, dump_state, load_state
from migralab.mechanisms.recipients.phenotype import Parameters, Phenotype
from migralab.physics.recipients.response import respond_array
from tests.dish import assert_same, tables_of
from tests.phenotype import APART, HOUR, Pools, couples, grown, living, make, rule, scattered

# Division


@pytest.mark.parametrize("dt", [300.0, 150.0, 60.0])
def test_cells_grow_exponentially_at_any_step(dt):
    """Yule process: the mean is exp(rt), the variance of one founder's clone exp(rt)(exp(rt) - 1)."""
    founders, hours = 1500, 2.0
    _, state = grown([make("phenotype.division", dt, {"rate": "1 1/h"})], scattered(founders), dt, hours)
    mean = np.exp(hours)
    spread = np.sqrt(mean * (mean - 1) / founders)
    assert abs(len(living(state)) / founders - mean) < 4 * spread  # fails by chance once in 16,000


def test_generations_count_divisions():
    _, state = grown([make("phenotype.division", 60.0, {"rate": "1 1/h"})], scattered(500), 60.0, 1.5)
    generation = state["cells"]["generation"]
    # Each founder's clone is a binary tree, whose leaves fill it exactly: Kraft's equality
    assert np.sum(0.5 ** generation.astype(float)) == 500.0
    assert generation.max() > 3


def test_molecules_are_shared_and_conserved():
    _, state = grown([make("phenotype.division", 60.0, {"rate": "0.5 1/h"})], scattered(4000), 60.0, 0.5)
    cells = state["cells"]
    assert cells["vesicles"].sum() == 400_000
    assert cells["protein"].sum() == 402_000.0
    once = cells["vesicles"][4000:][cells["generation"][4000:] == 1]
    assert len(once) > 500
    # A binomial share of 100 at one half: mean 50, variance 25, fourth central moment 1862.5
    assert abs(once.mean() - 50) < 4 * np.sqrt(25 / len(once))
    assert abs(once.var() - 25) < 4 * np.sqrt((1862.5 - 625) / len(once))
    assert set(cells["protein"][cells["generation"] == 1] % 1) == {0.25}, "what is no whole molecule is halved"


def test_a_daughter_lies_beside_its_mother_in_every_direction():
    division = make("phenotype.division", 60.0, {"rate": "0.2 1/h", "distance": "8 um"})
    positions = scattered(2000)
    _, state = grown([division], positions, 60.0, 1.0)
    young = state["cells"]["position"][2000:][state["cells"]["generation"][2000:] == 1]
    apart = young - APART * np.round(young / APART)
    np.testing.assert_allclose(np.hypot(*apart.T), 8.0, rtol=1e-9)
    assert np.all(np.abs((apart / 8.0).mean(axis=0)) < 4 * np.sqrt(0.5 / len(young)))


def test_daughters_stay_within_the_walls():
    from migralab.physics.space import Space

    engine = Engine([make("phenotype.division", 60.0, {"rate": "5 1/h"}), Pools()], 60.0)
    space = Space(seeded=(15.0, 15.0), confines=(True, True))
    state = engine.found([np.full((20, 2), 7.0)], [1], space)
    engine.run(state, 60)
    place = state["cells"]["position"]
    assert len(place) > 500
    assert place.min() >= 0.0
    assert place.max() <= 15.0


# Death and fate


@pytest.mark.parametrize("dt", [600.0, 60.0])
def test_the_dead_follow_the_hazard(dt):
    cells, rate, hours = 4000, 0.3, 3.0
    _, state = grown([make("phenotype.death", dt, {"rate": f"{rate} 1/h"})], scattered(cells), dt, hours)
    share = np.exp(-rate * hours)
    assert abs(len(living(state)) / cells - share) < 4 * np.sqrt(share * (1 - share) / cells)
    assert state["cells"].n == cells, "the dead keep their rows"


def test_births_and_deaths_balance():
    """At equal rates the mean number stays, and as many die as are born: a daughter does not inherit hazard."""
    dt, hours, rate, founders = 120.0, 4.0, 0.5, 1500
    mechanisms = [make(f"phenotype.{name}", dt, {"rate": f"{rate} 1/h"}) for name in ("division", "death")]
    _, state = grown(mechanisms, scattered(founders), dt, hours)
    cells = state["cells"]
    # Variance of a critical birth-death process: 2 rate t a founder; of the deaths, 1/h x 4 h x 0.5 a founder and more
    error = np.sqrt(2 * rate * hours * founders)
    assert abs(cells["alive"].sum() - founders) < 4 * error
    died = np.isfinite(cells["died"]).sum()
    assert abs(died - rate * hours * founders) < 4 * np.sqrt(
        2 * rate**3 * hours**3 / 3 * founders + rate * hours * founders
    )
    assert cells.n - founders == died + cells["alive"].sum() - founders


def test_only_the_population_with_a_rate_dies():
    death = make("phenotype.death", 60.0, {}, {"rate": "2 1/h"})
    _, state = grown([death], scattered(400), 60.0, 3.0, [Founders("a", 200), Founders("b", 200)])
    alive = state["cells"]["alive"]
    assert alive[:200].all()
    assert alive[200:].sum() < 10  # 0.5 expected


def test_those_who_are_not_there_yet_neither_divide_nor_die():
    both = [
        make("phenotype.division", 60.0, *[{"rate": "50 1/h"}] * 2),
        make("phenotype.death", 60.0, {}, {"rate": "50 1/h"}),
    ]
    _, state = grown(both, scattered(20), 60.0, 0.25, [Founders("a", 1), Founders("late", 19, enters=HOUR)])
    late = state["cells"]["population"] == 1
    assert late.sum() == 19
    assert np.all(state["cells"]["death_hazard"][late] == 0.0), "or they would die as they come in"
    assert np.all(np.isinf(state["cells"]["died"][late]))


@pytest.mark.parametrize("dt", [600.0, 60.0])
def test_cells_turn_at_their_rate(dt):
    cells, rate, hours = 4000, 0.4, 2.0
    turns = make("phenotype.differentiation@b", dt, {"rate": f"{rate} 1/h"}, {"rate": f"{rate} 1/h"})
    _, state = grown([turns], scattered(cells), dt, hours, [Founders("a", cells - 1), Founders("b", 1)])
    turned = state["cells"]["population"] == 1
    share = 1 - np.exp(-rate * hours)
    assert abs(turned.mean() - share) < 4 * np.sqrt(share * (1 - share) / cells)
    assert state["cells"]["to_b_count"].max() == 1, "what has turned stays"
    assert np.all(state["cells"]["vesicles"] == 100)


# Fusion


@pytest.mark.parametrize("dt", [600.0, 60.0])
def test_a_pair_fuses_at_the_geometric_mean_of_both_rates(dt):
    pairs, hours = 2000, 1.0
    fusion = make("phenotype.fusion@giant", dt, {"rate": "0.2 1/h"}, {"rate": "1.8 1/h"}, {})
    kinds = [Founders("a", pairs), Founders("b", pairs), Founders("giant", 1)]
    lonely = np.vstack([couples(pairs), [[-1e6, 0.0]]])
    _, state = grown([fusion], lonely, dt, hours, kinds)
    cells = state["cells"]
    fused = np.count_nonzero(cells["nuclei"] == 2) / pairs
    share = 1 - np.exp(-0.6 * hours)
    assert abs(fused - share) < 4 * np.sqrt(share * (1 - share) / pairs)
    alive = cells["alive"]
    assert cells["nuclei"][alive].sum() == 2 * pairs + 1
    assert cells["vesicles"][alive].sum() == 100 * (2 * pairs + 1)
    assert cells["protein"][alive].sum() == 100.5 * (2 * pairs + 1)
    assert np.all(cells["population"][cells["nuclei"] == 2] == 2)


def test_many_fuse_into_few_and_lose_nothing():
    rng = np.random.default_rng(3)
    fusion = make("phenotype.fusion@giant", 60.0, {"rate": "2 1/h"}, {"rate": "2 1/h"})
    _, state = grown([fusion], rng.uniform(0, 200, (300, 2)), 60.0, 2.0, [Founders("a", 299), Founders("giant", 1)])
    cells = state["cells"]
    alive = cells["alive"]
    assert alive.sum() < 150
    assert cells["nuclei"][alive].max() > 5
    assert cells["nuclei"][alive].sum() == 300
    assert cells["vesicles"][alive].sum() == 30_000
    assert cells["protein"][alive].sum() == pytest.approx(30_150, rel=1e-12)
    assert np.all(cells["nuclei"][~alive] == 0)


def test_cells_that_do_not_touch_do_not_fuse():
    fusion = make("phenotype.fusion@giant", 60.0, {"rate": "50 1/h"}, {"rate": "50 1/h"})
    _, state = grown([fusion], scattered(100), 60.0, 1.0, [Founders("a", 99), Founders("giant", 1)])
    assert state["cells"]["alive"].all()


# Rules


def responding(responses, doses, others=0.0, populations=(), dead=()):
    dt = 60.0
    plan = [make("phenotype.death", dt, *[{}] * max(1, len(populations))), Phenotype(Parameters(), dt, responses)]
    engine = Engine([*plan, Pools()], dt)
    state = engine.found([scattered(len(doses))], [1], populations=populations)
    state["cells"]["dose"][:] = doses
    state["cells"]["other"][:] = others
    state["cells"].remove(np.array(dead, np.int64))
    engine.run(state, 1)
    return state["cells"]["death_rate"]


def test_one_rule_is_the_hill_law():
    doses = np.array([0.0, 0.5, 2.0, 8.0, 1e6])
    got = responding([rule(["cells.dose"], [2.0], [4.0], [True], 1e-6, 9e-6, 1e-6)], doses)
    u = (doses / 2.0) ** 4
    np.testing.assert_allclose(got, 1e-6 + 8e-6 * u / (1 + u), rtol=1e-12)
    assert got[2] == pytest.approx(5e-6, rel=1e-12), "half the effect at the half-max"


def test_rules_together_are_the_multivariate_hill_law():
    """Promoters add up before they saturate, inhibitors act on what they leave: by hand from the formula."""
    doses, others = np.array([0.0, 1.0, 3.0, 3.0]), np.array([0.0, 2.0, 0.0, 5.0])
    rules = rule(["cells.dose", "cells.other", "cells.other"], [1.0, 4.0, 5.0], [2.0, 1.0, 3.0], [True, True, False],
                 2e-6, 6e-6, 0.0)  # fmt: skip
    up = doses**2 + others / 4
    down = (others / 5) ** 3
    raised = 2e-6 + 4e-6 * up / (1 + up)
    np.testing.assert_allclose(responding([rules], doses, others), raised * (1 - down / (1 + down)), rtol=1e-12)


def test_a_rule_holds_for_its_population_alone_and_for_the_living():
    kinds = [Founders("a", 2), Founders("b", 3)]
    own = rule(["cells.dose"], [1.0], [1.0], [True], 0.0, 2.0e-6, 0.0, population=1)
    got = responding([own], np.ones(5), 0.0, kinds, dead=[4])
    np.testing.assert_array_equal(got, [np.nan, np.nan, 1e-6, 1e-6, np.nan])


def test_a_relative_behaviour_is_a_factor_on_its_base():
    own = rule(["cells.dose"], [1.0], [1.0], [True], 0.5, 0.8, 0.5, column="cells.death_rate", relative=True)
    np.testing.assert_allclose(responding([own], np.array([0.0, 1.0])), [1.0, 1.3], rtol=1e-12)


def test_extreme_signals_give_numbers():
    out = np.empty(3)
    respond_array(np.array([[1e300], [-1.0], [0.0]]), np.array([1e-300]), np.array([20.0]), np.array([True]),
                  np.zeros(3), np.array([1.0, 0.0]), out)  # fmt: skip
    np.testing.assert_array_equal(out, [1.0, 0.0, 0.0])


# What the engine promises, with births, deaths and fusions


def lively():
    """Everything at once; none of a kind that both turns and fuses, for a cell can become only one thing in a tick."""
    dt, kinds = 60.0, 3
    same = lambda **changes: [changes] * kinds  # noqa: E731  # short, for this plan only
    plan = [
        make("phenotype.division", dt, *same(rate="1 1/h")), make("phenotype.death", dt, *same(rate="0.4 1/h")),
        make("phenotype.fusion@giant", dt, {}, {"rate": "1.5 1/h"}, {"rate": "1.5 1/h"}),
        make("phenotype.neighbours@a", dt),
        make("phenotype.differentiation@b", dt, {"rate": "0.3 1/h"}, {}, {}),
        make("phenotype.sprouting", dt, *same(rate="0.2 1/h")), make("phenotype.clotting", dt, *same(rate="1 1/min")),
        make("phenotype.barrier", dt, *same()),
        Phenotype(Parameters(), dt, [
            rule(["cells.near_a"], [2.0], [4.0], [False], 3e-4, 3e-4, 0.0, population=k,
                 column="cells.division_rate") for k in range(kinds)
        ]),
    ]  # fmt: skip
    engine = Engine([*plan, Pools()], dt)
    positions = np.random.default_rng(2).uniform(0, 2500, (1500, 2))
    founders = [Founders("a", 1000), Founders("b", 480), Founders("giant", 20, enters=1800.0)]
    return engine, engine.found([positions], [int(dish_key(4))], populations=founders)


@pytest.fixture(scope="module")
def reference():
    engine, state = lively()
    engine.run(state, 120)
    cells = state["cells"]
    assert cells.n > 2200, "many births"
    assert np.isfinite(cells["died"]).sum() > 500, "many deaths"
    assert (cells["nuclei"] > 1).sum() > 50, "many fusions"
    return tables_of(state)


def test_one_and_two_threads_give_the_same_bits(reference):
    if numba.config.NUMBA_NUM_THREADS < 2:
        pytest.skip("this machine offers one thread only")
    for threads in (1, 2):
        numba.set_num_threads(threads)
        engine, state = lively()
        engine.run(state, 120)
        assert_same(reference, tables_of(state))


def test_resuming_changes_nothing(reference):
    engine, state = lively()
    engine.run(state, 47)
    saved = dump_state(state)
    engine, state = lively()
    load_state(state, saved)
    engine.run(state, 73)
    assert_same(reference, tables_of(state))


def test_order_inside_a_phase_has_no_effect(reference):
    engine, state = lively()
    engine._phases = [phase[::-1] for phase in engine._phases]
    engine.run(state, 120)
    assert_same(reference, tables_of(state))


def test_molecules_of_the_living_and_the_dead_add_up(reference):
    assert reference["cells.vesicles"].sum() == 150_000
    assert reference["cells.protein"].sum() == pytest.approx(150_750.0, rel=1e-12)
