"""Spheres cut at random by a slab, and the sizes that come back from their profiles."""

import math

import numpy as np
import pytest

from migralab.core.errors import RequestError
from migralab.imaging.people.sections import abercrombie, unfold_profiles


def cut(rng, sizes, section, depth=20.0):
    """Return the profile of each sphere that a slab of a thickness cuts or holds; middles at random in `depth`."""
    middle = rng.uniform(-depth / 2, depth / 2, len(sizes))
    beyond = np.maximum(np.abs(middle) - section / 2, 0.0)  # from the middle of the sphere to the slab
    seen = beyond < sizes / 2
    return 2 * np.sqrt((sizes[seen] / 2) ** 2 - beyond[seen] ** 2)


@pytest.mark.parametrize("section", [0.0, 0.3, 2.0])
def test_a_log_normal_comes_back_from_its_profiles(section):
    rng = np.random.default_rng(11)
    sizes = np.minimum(0.571 * np.exp(0.37 * rng.standard_normal(120_000)), 2.5)  # purified migrasomes, evidence A3
    profiles = cut(rng, sizes, section)
    found = unfold_profiles(profiles, section_um=section, classes=12, largest_um=2.6, area_um2=1.0)
    assert found.mean_um == pytest.approx(sizes.mean(), rel=0.03)
    assert found.sd_um == pytest.approx(sizes.std(), rel=0.12)
    assert found.total == pytest.approx(120_000 / 20.0, rel=0.05)
    if section == 0:
        # what a reading of profiles as sizes gives: larger ones are cut more often, and mostly beside their middle
        assert abs(profiles.mean() / sizes.mean() - 1) > 0.02


def test_spheres_of_one_size_come_back_as_one_class():
    profiles = cut(np.random.default_rng(12), np.full(60_000, 1.95), 0.1)
    found = unfold_profiles(profiles, section_um=0.1, classes=10, largest_um=2.0)
    assert found.share[-1] > 0.9
    assert found.share_low[-1] > 0.8
    assert found.mean_um == pytest.approx(1.95, abs=0.1)


def test_the_interval_of_the_mean_covers_it():
    rng = np.random.default_rng(13)
    hits = 0
    for _ in range(40):
        sizes = rng.uniform(0.6, 1.4, 4000)
        found = unfold_profiles(cut(rng, sizes, 0.2), section_um=0.2, classes=6, largest_um=1.5)
        hits += found.mean_interval[0] - 0.02 < 1.0 < found.mean_interval[1] + 0.02
    assert hits >= 35


def test_abercrombie_is_right_for_spheres_and_lost_caps():
    rng = np.random.default_rng(14)
    sizes = rng.uniform(0.5, 1.5, 200_000)
    profiles = cut(rng, sizes, 2.0, depth=40.0)
    true = len(sizes) * 2.0 / 40.0
    assert abercrombie(len(profiles), section_um=2.0, mean_um=1.0) == pytest.approx(true, rel=0.02)
    assert abercrombie(30, section_um=2, mean_um=1) == pytest.approx(20)
    assert abercrombie(30, section_um=2, mean_um=1, lost_cap_um=0.1) == pytest.approx(60 / 2.8)
    with pytest.raises(RequestError, match="half the mean"):
        abercrombie(30, section_um=2, mean_um=1, lost_cap_um=0.6)


def test_too_few_profiles_are_refused():
    with pytest.raises(RequestError, match="3 profiles"):
        unfold_profiles(np.array([0.5, 0.6, 0.7]))
    with pytest.raises(RequestError, match="beyond the largest class"):
        unfold_profiles(np.linspace(0.1, 2, 30), largest_um=1.0)
    assert math.isfinite(unfold_profiles(np.linspace(0.1, 2, 30), classes=4).mean_um)
