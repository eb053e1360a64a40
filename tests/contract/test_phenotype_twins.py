"""Kernels of rules and of contacts between cells equal their numpy twins."""

from __future__ import annotations

import numpy as np

from migralab.physics.recipients import neighbourhood, response


def test_responses_equal_their_twin():
    rng = np.random.default_rng(1)
    signals = rng.exponential(3.0, (500, 4)) * (rng.random((500, 4)) < 0.8)
    law = rng.uniform(0.5, 5, 4), rng.uniform(0.5, 20, 4), np.array([True, False, True, False])
    base, extremes = rng.uniform(1, 2, 500), np.array([4.0, 0.5])
    one, two = np.empty(500), np.empty(500)
    response.respond(signals, *law, base, extremes, one)
    response.respond_array(signals, *law, base, extremes, two)
    assert one.std() > 0.1
    np.testing.assert_allclose(one, two, rtol=1e-12)  # powers of libm and of numpy differ in the last bits


def test_counts_of_neighbours_equal_their_twin():
    rng = np.random.default_rng(2)
    position, dish = rng.uniform(-200, 200, (700, 2)), rng.integers(0, 3, 700).astype(np.int32)
    alive = rng.random(700) < 0.9
    counted = alive & (rng.random(700) < 0.5)
    one = neighbourhood.count_near(position, dish, alive, counted, 21.0)
    np.testing.assert_array_equal(one, neighbourhood.count_near_array(position, dish, alive, counted, 21.0))
    assert one.max() > 3
