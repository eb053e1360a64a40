"""The kernel that moves particles through a gradient equals its numpy twin, on any number of threads."""

from __future__ import annotations

import numba
import numpy as np

from migralab.physics.sedimentation.flight import Column, Particles, fly_all, fly_all_array


def scene(n=400, seed=3):
    rng = np.random.Generator(np.random.Philox(seed))
    radii = np.linspace(0.0523, 0.0958, 61)
    spells, depth = 12, np.linspace(0.0, 1.0, 61)
    time = np.linspace(0.0, 1.0, spells)[:, None]
    density = 1020.0 + 130.0 * (depth * (1 - 0.2 * time) + 0.1 * time)
    liquid = Column(radii, density, 1.7e-3 + 2e-3 * depth + 0 * time, 1.0 - 0.7 * depth + 0 * time,
                    np.full(spells, 900.0))  # fmt: skip
    bits = Particles(np.exp(rng.normal(np.log(2e-7), 1.0, n)), rng.uniform(0.1, 1.0, n), rng.uniform(950, 1300, n),
                     (rng.random(n) < 0.5).astype(float))  # fmt: skip
    return bits, rng.uniform(radii[0], radii[-1], n), liquid


def flown(function, n=400):
    bits, start, liquid = scene(n)
    mean, variance = np.empty(n), np.empty(n)
    function(bits, start, liquid, 3900.0, 4e-22, 1006.0, 1000.0, mean, variance)
    return mean, variance


def test_flight_equals_its_twin():
    (mean, variance), (mean_twin, variance_twin) = flown(fly_all), flown(fly_all_array)
    assert 50 < np.isinf(mean).sum() < 350  # pelleted
    assert (mean == 0.0523).sum() > 10  # under the meniscus
    np.testing.assert_array_equal(np.isinf(mean), np.isinf(mean_twin))
    # libm beside numpy: last bits of logarithms, over hundreds of cells
    np.testing.assert_allclose(mean, mean_twin, rtol=1e-9)
    np.testing.assert_allclose(variance, variance_twin, rtol=1e-6, atol=1e-25)


def test_flight_is_bitwise_the_same_on_two_threads():
    one = flown(fly_all, 5000)
    numba.set_num_threads(min(2, numba.config.NUMBA_NUM_THREADS))
    two = flown(fly_all, 5000)
    np.testing.assert_array_equal(one[0], two[0])
    np.testing.assert_array_equal(one[1], two[1])
