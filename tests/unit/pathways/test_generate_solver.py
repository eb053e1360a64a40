"""The integrators have their order, reach published values, and say when a cell cannot be moved. All uncompiled."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from migralab.pathways.expression import Number, Symbol, apply
from migralab.pathways.generate import module
from migralab.pathways.generate.compiled import Settings, build
from migralab.pathways.network import Variable
from tests.networks import MIXED, Plain, network

# sin t is the solution if the start is 0: explicit time, a nonlinear rate and a fast one
FORCED = network({"x": "cos(t) - 3*(x**2 - sin(t)**2)", "y": "cos(t) - 20*(y - sin(t))"}, {"x": 0, "y": 0})
ROBERTSON = network(
    {"a": "-0.04*a + 1e4*b*c", "b": "0.04*a - 1e4*b*c - 3e7*b**2", "c": "3e7*b**2"}, {"a": 1, "b": 0, "c": 0}
)
VAN_DER_POL = network({"x": "y", "y": "((1 - x**2)*y - x)/1e-6"}, {"x": 2, "y": "-0.66"})


def ends_with(plain, steps, until=1.0):
    y, h = np.zeros(2), until / steps
    for step in range(steps):
        y, _ = plain.step(step * h, h, y)
    return np.abs(y - np.sin(until)).max()


@pytest.mark.parametrize(("stiff", "order", "steps"), [(False, 5, 20), (True, 4, 20)])
def test_the_order_of_convergence_is_that_of_the_method(stiff, order, steps):
    plain = Plain(FORCED, stiff=stiff)
    errors = [ends_with(plain, steps * 2**k) for k in range(3)]
    observed = np.log2(np.divide(errors[:-1], errors[1:]))
    assert observed[-1] == pytest.approx(order, abs=0.35)
    assert errors[-1] < 1e-6


def test_the_error_estimate_falls_with_the_order_of_the_lower_method():
    for stiff, power in ((False, 5), (True, 4)):  # local errors: h^5 of the 4th, h^4 of the 3rd order method
        plain, y = Plain(FORCED, stiff=stiff), np.array([0.2, 0.3])
        errors = [plain.step(0.1, h, y)[1] for h in (0.02, 0.01, 0.005)]
        assert np.log2(errors[1] / errors[2]) == pytest.approx(power, abs=0.4)


def move(net, method, until, rtol=1e-8, atol=1e-14, begin=0.0):
    made = build(net, method=method, plain=True)
    nothing = np.zeros((0, 1))
    y, h = made.start(made.constants, nothing), np.zeros(1)
    failed = made.advance(y, nothing, made.constants, begin, until - begin, h, Settings(rtol=rtol, atol=atol))
    return y[:, 0], failed[0]


def test_robertson_reaches_the_published_values_and_keeps_its_mass():
    # Mazzia and Magherini, Test Set for Initial Value Problem Solvers, release 2.4, problem ROBER, t = 1e11
    published = [0.2083340149701255e-07, 0.8333360770334713e-13, 0.9999999791665050]
    found, failed = move(ROBERTSON, "stiff", 1e11, rtol=1e-8, atol=1e-22)
    assert failed == 0
    np.testing.assert_allclose(found, published, rtol=1e-6)
    assert abs(found.sum() - 1.0) < 1e-12


def test_van_der_pol_reaches_the_published_values():
    # the same test set, problem VDPOL, t = 2
    found, failed = move(VAN_DER_POL, "stiff", 2.0)
    assert failed == 0
    np.testing.assert_allclose(found, [0.1706167732170483e1, -0.8928097010247975], rtol=1e-6)


@pytest.mark.parametrize("method", ["explicit", "stiff"])
def test_a_conserved_sum_stays(method):
    net = network(
        {"a": "-k*a*b + c", "b": "-k*a*b + c", "c": "k*a*b - c - c/3", "d": "c/3"},
        {"a": 1, "b": 2, "c": 0.5, "d": 0},
        {"k": 1.7},
    )
    found, failed = move(net, method, 20.0, rtol=1e-4)
    assert failed == 0
    # both methods keep linear invariants, whatever the step: only rounding is left
    assert found[0] + found[2] + found[3] == pytest.approx(1.5, abs=1e-13)
    assert found[0] - found[1] == pytest.approx(-1.0, abs=1e-13)


@pytest.mark.parametrize("method", ["explicit", "stiff"])
def test_equal_tolerance_gives_an_error_near_it(method):
    net = network({"x": "-y", "y": "x"}, {"x": 1, "y": 0})
    for rtol in (1e-4, 1e-6, 1e-8):
        found, _ = move(net, method, 2 * np.pi, rtol=rtol, atol=rtol)
        # some ten steps in a turn, each with an error of a tenth of the tolerance to all of it
        assert np.abs(found - [1.0, 0.0]).max() < 30 * rtol


def many(net, method, u, dt=1.0, **settings):
    made = build(net, method=method, plain=True)
    u = np.atleast_2d(np.asarray(u, float))
    y, h = made.start(made.constants, u), np.zeros(u.shape[1])
    start = y.copy()
    failed = made.advance(y, u, made.constants, 0.0, dt, h, Settings(**settings))
    return y, h, failed, start


@pytest.mark.parametrize("method", ["explicit", "stiff"])
def test_a_cell_that_breaks_down_is_named_and_the_others_are_as_they_were_without_it(method):
    net = network({"x": "u*x**2 - sqrt(u)*x"}, {"x": 1}, inputs=("u",))
    y, h, failed, start = many(net, method, [0.1, -1.0, 0.3, np.nan, 0.2])  # the root of -1 is no number
    assert failed.tolist() == [0, 2, 0, 2, 0]
    np.testing.assert_array_equal(y[:, failed > 0], start[:, failed > 0])
    alone, h_alone, none, _ = many(net, method, [0.1, 0.3, 0.2])
    np.testing.assert_array_equal(y[:, failed == 0], alone)
    np.testing.assert_array_equal(h[failed == 0], h_alone)
    assert not none.any()


@pytest.mark.parametrize("method", ["explicit", "stiff"])
def test_a_level_that_goes_to_infinity_is_seen(method):
    y, _, failed, start = many(network({"x": "u*x**2"}, {"x": 1}, inputs=("u",)), method, [0.5, 2.0])  # 1 / (1 - u t)
    assert failed.tolist()[0] == 0
    assert failed[1] > 0
    assert y[0, 0] == pytest.approx(2.0, rel=1e-5)
    assert y[0, 1] == start[0, 1]


def test_too_many_steps_are_said_to_be_too_many():
    assert many(MIXED, "explicit", [1.0], dt=50.0, most_steps=5)[2].tolist() == [1]


@pytest.mark.parametrize("method", ["explicit", "stiff"])
def test_a_run_in_two_halves_with_its_steps_kept_goes_on_bit_for_bit(method):
    made = build(MIXED, method=method, plain=True)
    again = build(MIXED, method=method, plain=True)
    u = np.array([[0.5, 2.0]])
    y, h = made.start(made.constants, u), np.zeros(2)
    for minute in range(4):
        if minute == 2:
            saved = y.copy(), h.copy()
        made.advance(y, u, made.constants, float(minute), 1.0, h, Settings())
    later, steps = saved
    for minute in (2, 3):
        again.advance(later, u, again.constants, float(minute), 1.0, steps, Settings())
    np.testing.assert_array_equal(later, y)
    np.testing.assert_array_equal(steps, h)
    assert (h > 0).all()


def test_the_start_and_what_is_shown_follow_their_formulas():
    made = build(MIXED, method="explicit", plain=True)
    u = np.array([[0.5, 2.0]])
    y = made.start(made.constants, u)
    np.testing.assert_allclose(y[:, 1], [0.2, 0.2, 0.3, 0.4, 1.3])
    shown = made.show(0.0, y, u, made.constants, ["e", "hill", "ratio"])
    hill = 0.3**2.5 / (0.4**2.5 + 0.3**2.5)
    np.testing.assert_allclose(shown[:, 0], [1.3, hill, 0.2 / 0.7 + 0.4**2.5])
    with pytest.raises(KeyError):
        made.show(0.0, y, u, made.constants, ["nothing"])


def test_calls_and_arithmetic_never_share_a_loop():
    """A loop with a call of the mathematical library is not vectorised."""
    for stiff in (False, True):
        text = module.make(MIXED, stiff=stiff).text.split("def rates")[1].split("def prepare")[0]
        called = 0
        for loop in text.split("for lane in range(LANES):")[1:]:
            lines = [line.strip() for line in loop.splitlines() if line.startswith(" " * 8)]
            calls = [line for line in lines if "np.exp" in line or "np.sin" in line or "np.cos" in line or "**" in line]
            called += len(calls)
            assert len(calls) in {0, len(lines)}
        assert called >= 3


def test_names_of_the_model_never_reach_the_code():
    hostile = "__import__('os')"
    net = replace(
        network({"x": "-x"}, {"x": 1}),
        variables=(Variable(name=hostile),),
        start=((hostile, Number(1.0)),),
        inputs=("k",),
        rates={hostile: apply("mul", Symbol("k"), Symbol(hostile))},
    )
    for stiff in (False, True):
        assert hostile not in module.make(net, stiff=stiff).text
