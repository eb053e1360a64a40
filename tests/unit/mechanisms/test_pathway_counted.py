"""A pathway whose rare molecules are counted: whole numbers, the same mean, the same dish whoever stands beside it."""

from __future__ import annotations

import numpy as np
import pytest

from migralab.mechanisms.signals.cargo import MRNA
from migralab.simulation.compile import compile_experiment
from migralab.simulation.simulate import simulate_dishes
from tests.unit.mechanisms.test_pathway import E, file, levels

COUNTED = (
    ("outputs: {made: the product,", 'counted: [raw]\n    outputs: {raw: "", made: the product,'),
    ("making: raw -> made; loss * raw", "wear: raw -> ; loss * raw\n        making: -> made; loss * raw"),
    ("raw = 100;", "raw = 3;"),
    ("  - {id: base, control: true}\n",
     f"  - {{id: base, control: true}}\n  - {{id: whole, changes: {{pathways.chain.counted: {{value: 1, {E}}}}}}}\n"),
    ("cells: 5, population", "cells: 400, population"),
)  # fmt: skip


@pytest.fixture(scope="module")
def runs():
    return {arm: simulate_dishes(compile_experiment(file(*COUNTED), arm), [1, 2]) for arm in ("base", "whole")}


def test_molecules_are_whole_and_their_mean_is_that_of_the_rates(runs):
    counted, smooth = (levels(runs[arm][0], "raw") for arm in ("whole", "base"))
    np.testing.assert_array_equal(counted, np.rint(counted))
    first = counted[list(range(400))]
    left = np.exp(-0.5 * counted.index.to_numpy() / 60)
    spread = np.sqrt(3 * left * (1 - left) / 400)  # each of three molecules is there or not
    assert np.all(np.abs(first.mean(axis=1) - 3 * left) <= 4 * spread)
    np.testing.assert_allclose(smooth[0], 3 * left, rtol=1e-5)
    last = first.iloc[-1]
    assert last.var() == pytest.approx(3 * left[-1] * (1 - left[-1]), rel=0.25)


def test_what_is_made_from_them_has_the_mean_of_the_rates(runs):
    made = levels(runs["whole"][0], "made").iloc[-1][list(range(400))]
    expected = 3 * (1 - np.exp(-1.0))
    assert made.mean() == pytest.approx(expected, abs=4 * made.std() / 20)
    assert made.std() > 0.3


def test_a_dish_is_the_same_alone(runs):
    (alone,) = simulate_dishes(compile_experiment(file(*COUNTED), "whole"), [2])
    for name, column in alone.tables["levels"].items():
        np.testing.assert_array_equal(runs["whole"][1].tables["levels"][name], column)


def test_of_what_is_delivered_a_whole_part_is_taken():
    source = file(*COUNTED, ("takes: {raw: mrna}", f"takes: {{raw: {{cargo: mrna, share: {{value: 0.05, {E}}}}}}}"))
    model = compile_experiment(source, "whole")
    engine = model.build()
    state = model.found(engine, [1])
    (chain,) = [m for m in engine.plan if m.name == "pathways.chain"]
    cells = state["cells"]
    cells["in_endosome"][:400, MRNA] = 40
    before = cells["chain_raw"].copy()
    chain._take(cells, type("Stream", (), {"key": np.uint64(1), "count": 0})())
    got = (cells["chain_raw"] - before)[:400]
    np.testing.assert_array_equal(got, np.rint(got))
    assert got.mean() == pytest.approx(2.0, abs=4 * np.sqrt(1.9 / 400))
    assert got.var() == pytest.approx(1.9, rel=0.3)
    assert chain.account(state)["mrna", "pathway chain"].tolist() == [16000.0]
