"""The integrator that is chosen is the cheaper one, it says why, and a cell that it cannot serve gets the other."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from migralab.pathways.generate.choice import choose
from migralab.pathways.generate.compiled import PATIENCE, Settings, build
from migralab.pathways.network import Event
from tests.networks import MIXED, formula, network
from tests.unit.pathways.test_generate_solver import ROBERTSON

RELAXING = network({"x": "rate*(1 - x)"}, {"x": 0}, inputs=("rate",))


def test_a_mild_network_is_moved_by_the_explicit_method_and_a_stiff_one_by_the_other():
    mild, stiff = choose(MIXED, 1.0, {"u": 1.0}), choose(ROBERTSON, 60.0, {})
    assert (mild.method, stiff.method) == ("explicit", "stiff")
    for choice in (mild, stiff):
        assert len(re.findall(r"[\d,]+ (?:steps )?of [\d,]+", choice.reason)) == 2, choice.reason
    assert choose(MIXED, 1.0, {"u": 1.0}) == mild


def test_the_interval_between_exchanges_decides_too():
    quick = replace(RELAXING, constants=(), inputs=("rate",))
    assert choose(quick, 1e-3, {"rate": 300.0}).method == "explicit"
    assert choose(quick, 10.0, {"rate": 300.0}).method == "stiff"


def test_an_input_that_is_not_known_is_tried_off_and_on():
    net = network({"x": "2000*on*(0.5 - x)"}, {"x": 0}, inputs=("on",))
    assert choose(net, 10.0, {"on": 0.0}).method == "explicit"
    assert choose(net, 10.0, {}).method == "stiff"


def test_a_trial_that_comes_to_no_end_says_so():
    assert "no end" in choose(network({"x": "sqrt(0 - 1 - x**2)"}, {"x": 1}), 1.0, {}).reason


@pytest.mark.parametrize("event", [False, True])
def test_a_cell_that_needs_too_many_steps_is_moved_by_the_stiff_method(event):
    net = replace(RELAXING, events=(Event(name="e", trigger=formula("x > 2")),)) if event else RELAXING
    made = build(net, plain=True, interval=1e-2, inputs={"rate": 1.0})
    assert made.method == "explicit"
    u = np.array([[1.0, 4.0 * PATIENCE, 2.0]])  # stable steps of 3.3 / rate: more than are allowed in one unit of time
    y, h = made.start(made.constants, u), np.zeros(3)
    failed = made.advance(y, u, made.constants, 0.0, 1.0, h, Settings())
    assert not failed.any()
    np.testing.assert_allclose(y[0], 1.0 - np.exp(-u[0]), rtol=1e-5)
    alone = build(net, plain=True, method="stiff")
    z = alone.start(alone.constants, u[:, 1:2])
    alone.advance(z, u[:, 1:2], alone.constants, 0.0, 1.0, np.zeros(1), Settings())
    assert y[0, 1] == z[0, 0]
    asked_for = build(net, plain=True, method="explicit")
    y = asked_for.start(asked_for.constants, u)
    failed = asked_for.advance(y, u, asked_for.constants, 0.0, 1.0, np.zeros(3), Settings(most_steps=PATIENCE))
    assert failed.tolist() == [0, 1, 0]


def test_what_was_asked_for_is_taken():
    assert build(MIXED, method="stiff", plain=True).method == "stiff"
    assert build(MIXED, method="explicit", plain=True).reason == "asked for"
