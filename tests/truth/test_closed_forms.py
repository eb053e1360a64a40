"""Courses against solutions on paper, so that not everything rests on other programs."""

from __future__ import annotations

import numpy as np
import pytest

from migralab.pathways.course import Solver, absolute_tolerance, simulate_course
from migralab.pathways.reader import read_model

METHODS = pytest.mark.parametrize("method", ["explicit", "stiff"])
TIGHT = 1e-8  # rtol 1e-9 a step, some tens of steps


def course_of(model: str, times: np.ndarray, method: str):
    return simulate_course(read_model(model), times, solver=Solver(rtol=1e-9, atol=1e-13, method=method, plain=True))


@METHODS
def test_a_chain_of_decays_follows_bateman(method):
    """Bateman 1910: A -> B -> C with rates a, b: B = A0 a/(b - a) (exp(-a t) - exp(-b t)); in a volume of 3."""
    a, b, start = 0.7, 0.2, 4.0
    times = np.linspace(0.0, 15.0, 16)
    course = course_of(
        "compartment v = 3; species A in v, B in v, C in v; A = 4; B = 0; C = 0; A -> B; v*0.7*A; B -> C; v*0.2*B;",
        times,
        method,
    )
    middle = start * a / (b - a) * (np.exp(-a * times) - np.exp(-b * times))
    assert course["A"] == pytest.approx(start * np.exp(-a * times), rel=TIGHT)
    assert course["B"] == pytest.approx(middle, rel=TIGHT)
    assert course.amount("C") == pytest.approx(
        3.0 * (start - start * np.exp(-a * times) - middle), rel=TIGHT, abs=TIGHT
    )


@METHODS
def test_logistic_growth_under_a_rate_rule(method):
    """dx/dt = r x (1 - x/K): x = K / (1 + (K/x0 - 1) exp(-r t))."""
    times = np.linspace(0.0, 8.0, 9)
    course = course_of("x = 0.1; r = 1.3; K = 5; x' = r*x*(1 - x/K);", times, method)
    assert course["x"] == pytest.approx(5.0 / (1.0 + 49.0 * np.exp(-1.3 * times)), rel=TIGHT)


@METHODS
def test_a_driven_relaxation_with_time_in_its_rate(method):
    """dx/dt = sin(t) - x from 0: x = (sin t - cos t + exp(-t)) / 2."""
    times = np.linspace(0.0, 10.0, 11)
    course = course_of("x = 0; x' = sin(time) - x;", times, method)
    assert course["x"] == pytest.approx((np.sin(times) - np.cos(times) + np.exp(-times)) / 2.0, rel=TIGHT, abs=TIGHT)


@METHODS
def test_a_decay_that_is_refilled_by_an_event(method):
    """x decays at 1 and is set to 2 whenever it falls below 1/2: every ln 4."""
    times = np.linspace(0.1, 9.9, 15)
    course = course_of("x = 2; n = 0; x' = -x; again: at x < 0.5: x = 2, n = n + 1;", times, method)
    period = np.log(4.0)
    assert course["n"] == pytest.approx(np.floor(times / period))
    assert course["x"] == pytest.approx(2.0 * np.exp(-(times % period)), rel=TIGHT)


@METHODS
@pytest.mark.parametrize("scale", [1.0, 1e-9, 1e-18])
def test_a_model_in_moles_is_solved_as_exactly_as_in_nanomoles(method, scale):
    """A -> B with rate 0.7: what counts as no error follows the numbers that the model begins with."""
    network = read_model(f"A = {scale}; B = 0; A' = -0.7*A; B' = 0.7*A;")
    values = np.array([constant.value for constant in network.constants])
    floor = absolute_tolerance(network, values, 1e-6)
    times = np.linspace(0.0, 6.0, 7)
    course = simulate_course(network, times, solver=Solver(rtol=1e-6, atol=floor, method=method, plain=True))
    assert course["B"][1:] / scale == pytest.approx(1.0 - np.exp(-0.7 * times[1:]), rel=2e-5)
    assert course["A"] / scale == pytest.approx(np.exp(-0.7 * times), rel=2e-5)
