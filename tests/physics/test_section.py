"""Sections of spheres (eq-section): what a random cut does to a diameter."""

from __future__ import annotations

import math

import numpy as np
import pytest

from migralab.measure.observer import cut, look


def test_a_sphere_cut_at_a_random_height_shows_pi_over_four_of_its_diameter():
    sections = cut(np.array([1.0, 2.0, 7.0]))
    # 32 evenly spaced heights are 0.06 % off in the mean and 0.012 % in the mean square (midpoint rule)
    np.testing.assert_allclose(sections.mean(axis=1), np.array([1, 2, 7]) * math.pi / 4, rtol=1e-3)
    np.testing.assert_allclose((sections**2).mean(axis=1), np.array([1, 4, 49]) * 2 / 3, rtol=1e-3)


def test_evenly_spaced_heights_have_the_distribution_of_random_ones():
    rng = np.random.default_rng(1)
    random = np.sqrt(1 - rng.uniform(-1, 1, 200_000) ** 2)
    sections = np.sort(cut(np.array([1.0]))[0])
    for share in (0.1, 0.25, 0.5, 0.75):
        # P(section < s) = 1 - sqrt(1 - s^2); one height of 32 moves a quantile by up to 0.05 at the lower end
        exact = math.sqrt(1 - (1 - share) ** 2)
        assert np.quantile(random, share) == pytest.approx(exact, abs=0.005)
        assert np.quantile(sections, share, method="midpoint") == pytest.approx(exact, abs=0.05)


def test_the_tail_is_on_the_lower_side():
    sections = cut(np.array([1.0]))[0]
    skew = np.mean((sections - sections.mean()) ** 3) / sections.std() ** 3
    # Exact third moment of sqrt(1 - u^2): 3 pi/16
    m, v = math.pi / 4, 2 / 3 - math.pi**2 / 16
    exact = (3 * math.pi / 16 - 3 * m * (2 / 3) + 2 * m**3) / v**1.5
    assert exact < -1
    assert skew == pytest.approx(exact, rel=0.03)


def test_a_plane_through_a_pellet_meets_spheres_in_proportion_to_their_diameter():
    rng = np.random.default_rng(2)
    # Monte Carlo of the geometry itself: spheres at random depths in a box, a plane at depth 0. The sizes all lie
    # between the centrifuge's borders with the same recovery on average, so only the geometry is compared
    sizes = rng.uniform(0.5, 0.9, 400_000)
    depth = rng.uniform(-1, 1, len(sizes))
    hit = np.abs(depth) < sizes / 2
    _, weight = look(sizes, "tem-section")
    from migralab.measure.observer import recover

    share = np.histogram(sizes, bins=8, weights=weight / recover(sizes))[0]
    met = np.histogram(sizes[hit], bins=8, range=(sizes.min(), sizes.max()))[0]
    # 20,000 hits a bin: 0.8 %, four spreads
    np.testing.assert_allclose(met / met.sum(), share / share.sum(), rtol=0.032)
    assert np.mean(sizes[hit]) == pytest.approx(np.sum(sizes**2) / np.sum(sizes), rel=1e-3)
