"""The symbolic factors solve what numpy solves, and fill few zeros."""

from __future__ import annotations

import math

import numpy as np
import pytest

from migralab.pathways.generate.graph import Graph
from migralab.pathways.generate.linear import elimination_order, factorise
from tests.networks import MIXED, Plain, network


def random_network(size, rng):
    """Return a linear network with a sparse matrix, and the matrix."""
    matrix = rng.normal(size=(size, size)) * (rng.random((size, size)) < 0.35)
    matrix[np.diag_indices(size)] *= rng.random(size) < 0.7  # some have no term of their own
    names = [f"x{place}" for place in range(size)]
    rates = {
        name: " + ".join(f"({float(value)!r})*{other}" for value, other in zip(row, names, strict=True))
        for name, row in zip(names, matrix, strict=True)
    }
    return network(rates, dict.fromkeys(names, 1.0)), matrix


@pytest.mark.parametrize("seed", range(12))
def test_a_linear_network_is_solved_as_numpy_solves_it(seed):
    rng = np.random.default_rng(seed)
    size = int(rng.integers(1, 9))
    net, matrix = random_network(size, rng)
    plain, b = Plain(net, stiff=True), rng.normal(size=size)
    np.testing.assert_allclose(
        plain.rates(0.0, np.arange(1.0, size + 1)), matrix @ np.arange(1.0, size + 1), rtol=1e-13
    )
    found, _, growth = plain.factored(0.0, 6.0, np.ones(size), b)
    np.testing.assert_allclose(found, np.linalg.solve(6.0 * np.eye(size) - matrix, b), rtol=1e-10, atol=1e-12)
    assert growth < 1e3


def test_a_network_with_calls_and_time_has_the_jacobian_of_differences():
    plain, u = Plain(MIXED, stiff=True), [1.4]
    y, t, d = np.array([0.3, 0.25, 0.6, 0.7, 1.1]), 0.8, 2.0
    step = 1e-6
    columns = [(plain.rates(t, y + step * e, u) - plain.rates(t, y - step * e, u)) / (2 * step) for e in np.eye(5)]
    b = np.array([1.0, -2.0, 0.5, 3.0, 0.1])
    found, drift, _ = plain.factored(t, d, y, b, u)
    # a central difference errs by step^2 and by 1e-16 / step
    np.testing.assert_allclose((d * np.eye(5) - np.transpose(columns)) @ found, b, atol=1e-8)
    np.testing.assert_allclose(
        drift, (plain.rates(t + step, y, u) - plain.rates(t - step, y, u)) / (2 * step), atol=1e-9
    )


def test_a_pivot_of_zero_rejects_the_step_and_half_the_step_is_good():
    net = network({"x": "4*x + y", "y": "x + 4*y"}, {"x": 1, "y": 0})  # d = 4 / h: no pivot is left at h = 1
    plain = Plain(net, stiff=True)
    y = np.array([1.0, 0.0])
    assert plain.factored(0.0, 4.0, y, y)[2] == math.inf
    assert not plain.step(0.0, 1.0, y)[1] <= 1.0
    assert plain.step(0.0, 1e-3, y)[1] <= 1.0


def test_a_pivot_that_loses_half_of_the_digits_rejects_the_step_though_all_is_finite():
    net = network({"x": "(4 - 4e-9)*x + y", "y": "x - y"}, {"x": 1, "y": 0})
    plain, y = Plain(net, stiff=True), np.array([1.0, 0.0])
    found, _, growth = plain.factored(0.0, 4.0, y, y)
    assert np.isfinite(found).all()
    assert growth == pytest.approx(1e9, rel=1e-5)
    assert plain.step(0.0, 1.0, y)[1] == math.inf


def test_an_arrow_is_eliminated_from_its_tips():
    """Eliminating the centre first would fill the whole matrix; the tips first fill nothing."""
    size = 8
    pattern = frozenset({(0, own) for own in range(size)} | {(own, 0) for own in range(size)})
    order = elimination_order(size, pattern)
    assert 0 in order[-2:]  # the last two are a full block of two, in either order
    graph = Graph()
    factors = factorise(graph, size, {place: graph.symbol(f"j{place}") for place in pattern})
    assert len(factors.lower) + len(factors.upper) == 2 * (size - 1)


def test_constant_factors_are_not_stored_for_each_lane():
    chain = {"a": "-k*a", "b": "k*a - k*b", "c": "k*b - k*c"}
    plain = Plain(network(chain, dict.fromkeys(chain, 1.0), {"k": 2.0}), stiff=True)
    assert plain.names["FACTORS"] <= 3  # 1 / (d + k), once for all three, and what is below the diagonal times it
