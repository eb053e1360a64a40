"""The conversion of a mass of migrasomes: by hand, against random vesicles, and against the numbers of the notes."""

from __future__ import annotations

import math

import numpy as np
import pytest

from migralab.physics.recipients.dose import (
    Range,
    mass_per_vesicle,
    mean_cube,
    natural_meetings,
    vesicles_in_mass,
)

ZHAO = (0.612, 0.233)  # um; purified, TEM, n = 57 (Zhao 2019 fig S1g, D)
DENSITY = Range(100.0, 50.0, 200.0)  # mg/ml (E)


def test_mean_cube_is_that_of_log_normal_diameters():
    sigma = math.sqrt(math.log(1 + (ZHAO[1] / ZHAO[0]) ** 2))
    drawn = np.random.default_rng(1).lognormal(math.log(ZHAO[0]) - sigma**2 / 2, sigma, 1_000_000)
    assert drawn.mean() == pytest.approx(ZHAO[0], rel=2e-3)
    # the standard error of the mean of d^3 is 0.15 %: seven of them
    assert (drawn**3).mean() == pytest.approx(mean_cube(*ZHAO), rel=1e-2)


def test_equal_vesicles_have_the_cube_of_their_diameter():
    assert mean_cube(0.5, 0.0) == 0.125


def test_the_published_geometric_mean_and_sigma_give_the_same_cube():
    # measurement.md A3: GM 0.571 um, sigma 0.37, fitted to the same 57 vesicles; moments and fit agree within 5 %
    assert 0.571**3 * math.exp(4.5 * 0.37**2) == pytest.approx(mean_cube(*ZHAO), rel=0.05)


def test_mass_of_a_vesicle_by_hand():
    # pi/6 0.61^3 = 0.11885 um3; 50 and 200 mg/ml are 5.94 and 23.8 fg: the 6 to 24 fg of the notes, with no spread
    assert mass_per_vesicle(0.61, 0.0, 50.0) == pytest.approx(5.94, rel=1e-3)
    assert mass_per_vesicle(0.61, 0.0, 200.0) == pytest.approx(23.77, rel=1e-3)
    # the spread of sizes makes the mean vesicle half as heavy again: (1 + 0.3836^2)^3 = 1.51
    assert mass_per_vesicle(0.61, 0.234, 50.0) == pytest.approx(1.51 * 5.94, rel=2e-3)


def test_eight_micrograms_of_equal_vesicles_are_the_numbers_of_the_notes():
    found = vesicles_in_mass(8.0, 0.61, 0.0, DENSITY)
    assert found.low == pytest.approx(3.4e8, rel=0.02)  # "3e8 to 1e9"
    assert found.high == pytest.approx(1.35e9, rel=0.02)
    assert found.over(1e6).low == pytest.approx(340, rel=0.02)  # "300 to 10,000 for 1e5 to 1e6 cells"
    assert found.over(1e5).high == pytest.approx(13_500, rel=0.02)


def test_with_the_spread_of_sizes_they_are_a_third_fewer():
    equal, spread = (vesicles_in_mass(8.0, 0.61, sd, DENSITY) for sd in (0.0, 0.234))
    assert spread.value / equal.value == pytest.approx(1 / 1.51, rel=2e-3)
    assert spread.low == pytest.approx(2.23e8, rel=0.02)
    assert spread.high == pytest.approx(8.9e8, rel=0.02)


def test_a_neighbour_meets_what_it_sweeps():
    # a 15 um, v 0.5 um/min, n 1e-3 per um2: 0.9 an hour (systems.md section 3)
    found = natural_meetings(15.0, Range.exact(0.5), Range.exact(1e-3), 60.0)
    assert found == pytest.approx((0.9, 0.9, 0.9))


def test_ranges_hold_every_combination():
    a, b = Range(4.0, 2.0, 8.0), Range(10.0, 5.0, 20.0)
    assert a.times(b) == (40.0, 10.0, 160.0)
    assert a.over(b) == (0.4, 0.1, 1.6)


def test_of_what_a_resting_cell_never_meets_any_dose_is_infinitely_many_times():
    none = natural_meetings(10.3, Range(0.0, 0.0, 1.0), Range.exact(3.5e-4), 180.0)
    assert none.value == 0.0
    assert Range.exact(5.0).over(none) == (math.inf, 5.0 / none.high, math.inf)
