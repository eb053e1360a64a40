"""What is announced during a tick and done at its end: deaths, divisions, fusions, cells that come in late."""

from __future__ import annotations

import numpy as np
import pytest

from migralab.core.random import child_key_array, share_out, stream_key
from migralab.engine.engine import Engine, Founders
from migralab.engine.table import Column, Table
from tests.dish import make_all

LAYOUT = (
    Column(path="cells.position", dtype="float64", unit="um", meaning="place", shape=(2,)),
    Column(path="cells.population", dtype="int32", unit="", meaning="kind"),
    Column(path="cells.died", dtype="float64", unit="s", meaning="end", fill=np.inf, inherit="reset"),
    Column(path="cells.held", dtype="float64", unit="molecules", meaning="held", shape=(2,), inherit="share"),
    Column(path="cells.eaten", dtype="int64", unit="", meaning="eaten", inherit="share"),
    Column(path="cells.level", dtype="float64", unit="", meaning="level"),
    Column(path="cells.rear", dtype="int64", unit="", meaning="row elsewhere", fill=-1, inherit="reset"),
)


def keys(count, parent=7):
    return child_key_array(np.full(count, parent, np.uint64), stream_key("test"), np.arange(count, dtype=np.uint64))


def cells(count=4):
    table = Table({column.name: column for column in LAYOUT}, keep_dead=True)
    held = np.column_stack([np.arange(count) * 10.0, np.full(count, 0.5)])
    table.add(keys(count), held=held, eaten=np.arange(count), level=3.0, rear=np.arange(count))
    table.commit()
    return table


def test_the_dead_keep_their_rows_and_the_time_of_their_death():
    table = cells()
    table.die(np.array([1, 1, 2]))
    assert table["alive"].all(), "nothing happens before the commit"
    table.commit(60.0)
    assert list(table["alive"]) == [True, False, False, True]
    assert list(table["died"][1:3]) == [60.0, 60.0]
    assert list(table.row(np.arange(4))) == [0, -1, -1, 3]
    assert list(table.place(np.array([1, 3, -1]))) == [1, 3, -1]


def test_a_daughter_copies_shares_and_starts_anew():
    table = cells()
    before = table["held"].sum(axis=0), table["eaten"].sum()
    table.divide(np.array([3, 2]), keys(2, 99), np.array([[1.0, 2.0], [3.0, 4.0]]))
    table.commit()
    assert table.n == 6
    np.testing.assert_array_equal(table["held"].sum(axis=0), before[0])
    assert table["eaten"].sum() == before[1]
    assert list(table["level"][4:]) == [3.0, 3.0]
    assert list(table["rear"][4:]) == [-1, -1]
    np.testing.assert_array_equal(table["position"][4:], [[1.0, 2.0], [3.0, 4.0]])
    assert (table["held"][4:, 1] == 0.25).all(), "what is not a whole number is halved"
    assert list(table["key"][4:]) == list(keys(2, 99))


def test_fused_cells_add_up_and_one_goes_on():
    table = cells()
    total = table["held"].sum(axis=0), table["eaten"].sum()
    table.fuse(np.array([1, 2]), np.array([3, 3]))
    table.commit(5.0)
    assert list(table["alive"]) == [True, False, False, True]
    np.testing.assert_array_equal(table["held"].sum(axis=0), total[0])
    assert table["eaten"][3] == 6
    assert table["eaten"].sum() == total[1]
    assert table["level"][3] == 3.0


def test_a_cell_that_is_absorbed_neither_divides_nor_absorbs():
    table = cells()
    table.fuse(np.array([1, 3]), np.array([3, 0]))  # 3 goes into 0, so 1 cannot go into 3
    table.divide(np.array([3]), keys(1, 5), np.zeros((1, 2)))
    table.commit()
    assert list(table["alive"]) == [True, True, True, False]
    assert table.n == 4


def test_cells_turn_into_another_population_at_the_end_of_the_tick():
    table = cells()
    table.turn_into(np.array([2]), 1)
    assert table["population"][2] == 0
    table.commit()
    assert list(table["population"]) == [0, 0, 1, 0]


@pytest.mark.parametrize("number", [1, 7, 64, 65, 5000])
def test_shares_are_binomial(number):
    who = keys(20_000)
    share = share_out(stream_key("shares"), who, np.full(len(who), float(number)))
    assert share.min() >= 0
    assert share.max() <= number
    np.testing.assert_array_equal(share, np.floor(share))
    # Mean and variance of a fair binomial, within four standard errors
    assert abs(share.mean() - number / 2) < 4 * np.sqrt(number / 4 / len(who))
    assert abs(share.var() / (number / 4) - 1) < 4 * np.sqrt(2 / len(who)) + 0.2 / number


def test_a_share_hangs_on_the_daughter_and_not_on_who_else_divides():
    who, held = keys(10), np.arange(10.0) * 7
    together = share_out(stream_key("shares"), who, held)
    alone = np.concatenate([share_out(stream_key("shares"), who[i : i + 1], held[i : i + 1]) for i in range(10)])
    np.testing.assert_array_equal(together, alone)


def test_late_cells_are_not_there_before_their_time():
    engine = Engine(
        make_all(60.0, {"motility.walk": {"spreading": "0 min", "start_rate": "1e3 1/min"}}, populations=2), 60.0
    )
    places = np.random.default_rng(1).uniform(0, 300, (12, 2))
    state = engine.found([places], [1], populations=[Founders("msc", 5), Founders("kg1a", 7, enters=600.0)])
    assert state.populations == ("msc", "kg1a")
    engine.run(state, 10)
    late = state["cells"]["population"] == 1
    assert not state["cells"]["alive"][late].any()
    np.testing.assert_array_equal(state["cells"]["position"][late], places[5:])
    assert (state["cells"].row(np.arange(12))[late] == -1).all()
    engine.run(state, 1)
    assert state["cells"]["alive"].all()
    engine.run(state, 30)
    assert (state["cells"]["position"][late] != places[5:]).all()


def test_a_first_population_is_the_same_with_and_without_others():
    names = {}
    for others in ((), (Founders("kg1a", 7),)):
        engine = Engine([m for m in make_all(60.0, populations=2) if m.name != "motility.contact"], 60.0)
        places = np.random.default_rng(1).uniform(0, 300, (5 + 7 * bool(others), 2))
        state = engine.found([places], [1], populations=[Founders("msc", 5), *others])
        engine.run(state, 120)
        names[bool(others)] = state["cells"]["position"][:5].copy()
    np.testing.assert_array_equal(names[True], names[False])
