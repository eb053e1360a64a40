"""Pools against closed forms: wash-out, two in series, steady state, and nothing lost on the way."""

from __future__ import annotations

import numpy as np
import pytest

from migralab.physics.pools import advance, propagate, transfer_matrix

EXACT = 1e-12  # a matrix exponential of a few rows is right to some ulp


def system(n, transfers=(), losses=()):
    flows, lost = np.zeros((n, n)), np.zeros(n)
    for i, j, rate in transfers:
        flows[i, j] = rate
    for i, rate in losses:
        lost[i] = rate
    return transfer_matrix(flows, lost)


@pytest.mark.parametrize("dt", [1.0, 60.0, 1e5])
def test_one_pool_washes_out_and_fills_to_its_steady_state(dt):
    k, start, inflow = 1e-3, 500.0, 0.7
    after, _ = advance(propagate(system(1, losses=[(0, k)]), dt), np.array([start]), np.array([inflow]))
    assert after[0] == pytest.approx(inflow / k + (start - inflow / k) * np.exp(-k * dt), rel=EXACT)


@pytest.mark.parametrize("k2", [5e-4, 2e-3, 1e-3])  # the last one equal to the first rate: no two eigenvalues
def test_two_in_series_follow_the_bateman_equation(k2):
    k1, dt = 1e-3, 700.0
    after, _ = advance(propagate(system(2, [(0, 1, k1)], [(1, k2)]), dt), np.array([100.0, 0.0]), np.zeros(2))
    second = 100 * k1 * dt * np.exp(-k1 * dt) if k1 == k2 else (
        100 * k1 / (k2 - k1) * (np.exp(-k1 * dt) - np.exp(-k2 * dt))
    )  # fmt: skip
    np.testing.assert_allclose(after, [100 * np.exp(-k1 * dt), second], rtol=EXACT)


def test_steady_state_of_a_chain_is_inflow_over_rate_everywhere():
    rates, inflow = (3e-3, 1e-3, 4e-4), np.array([2.0, 0.0, 1.0])
    matrix = system(3, [(0, 1, rates[0]), (1, 2, rates[1])], [(2, rates[2])])
    after, _ = advance(propagate(matrix, 1e7), np.zeros(3), inflow)
    np.testing.assert_allclose(after, [2 / rates[0], 2 / rates[1], 3 / rates[2]], rtol=1e-9)


def test_two_half_steps_are_one_step():
    matrix = system(3, [(0, 1, 2e-3), (0, 2, 1e-3), (1, 2, 5e-4)], [(2, 1e-4)])
    start, inflow = np.array([[10.0, 0.0], [3.0, 5.0], [0.0, 1.0]]), np.array([[0.2, 0.0], [0.0, 1.0], [0.0, 0.0]])
    whole, spent = advance(propagate(matrix, 900.0), start, inflow)
    half = propagate(matrix, 450.0)
    first, before = advance(half, start, inflow)
    second, then = advance(half, first, inflow)
    np.testing.assert_allclose(second, whole, rtol=EXACT)
    np.testing.assert_allclose(before + then, spent, rtol=EXACT)


def test_what_leaves_is_the_rate_times_the_time_spent_and_the_books_close():
    losses = np.array([0.0, 3e-4, 2e-3])
    matrix = system(3, [(0, 1, 2e-3), (0, 2, 1e-3), (1, 2, 5e-4)], list(enumerate(losses)))
    start, inflow, dt = np.array([10.0, 3.0, 0.0]), np.array([0.2, 0.0, 0.05]), 3600.0
    after, spent = advance(propagate(matrix, dt), start, inflow)
    assert after.sum() + losses @ spent == pytest.approx(start.sum() + dt * inflow.sum(), rel=EXACT)


def test_what_only_comes_in_adds_up():
    after, spent = advance(propagate(system(1), 100.0), np.array([5.0]), np.array([2.0]))
    assert (after[0], spent[0]) == pytest.approx((205.0, 5 * 100 + 2 * 100**2 / 2), rel=EXACT)


def test_nothing_turns_negative_where_rates_differ_by_orders():
    matrix = system(3, [(0, 1, 10.0), (1, 2, 1e-7)], [(2, 3.0)])
    after, spent = advance(propagate(matrix, 60.0), np.array([1e9, 0.0, 0.0]), np.zeros(3))
    assert (after >= 0).all()
    assert (spent >= 0).all()
