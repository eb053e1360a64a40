import math

import numpy as np
import pytest

from migralab.measure.statistics.survival import estimate_survival


def by_hand(entry, leave, ended):
    """Return the product-limit curve, each life looked at one by one."""
    ages, survival, curve, greenwood = sorted({x for x, e in zip(leave, ended, strict=True) if e}), 1.0, [], 0.0
    for age in ages:
        risk = sum(1 for a, b in zip(entry, leave, strict=True) if a < age <= b)
        deaths = sum(1 for b, e in zip(leave, ended, strict=True) if e and b == age)
        survival *= 1 - deaths / risk
        greenwood += deaths / (risk * (risk - deaths)) if risk > deaths else math.inf
        curve.append((age, risk, deaths, survival, greenwood))
    return [np.array(column, float) for column in zip(*curve, strict=True)]


def lives(seed, n=60):
    """Return rounded lives (so that there are ties) with late entry and censoring."""
    rng = np.random.default_rng(seed)
    entry = np.where(rng.random(n) < 0.5, 0.0, rng.integers(0, 20, n))
    leave = entry + 1 + rng.integers(0, 40, n)
    return entry, leave.astype(float), rng.random(n) < 0.7


@pytest.mark.parametrize("seed", range(8))
def test_the_curve_equals_one_counted_life_by_life(seed):
    entry, leave, ended = lives(seed)
    age, risk, deaths, survival, greenwood = by_hand(entry, leave, ended)
    curve = estimate_survival(entry, leave, ended)
    np.testing.assert_allclose(curve.age, age)
    np.testing.assert_array_equal(curve.at_risk, risk)
    np.testing.assert_array_equal(curve.ended, deaths)
    np.testing.assert_allclose(curve.survival, survival, rtol=1e-12)
    open_ended = np.isfinite(greenwood)
    np.testing.assert_allclose(curve.variance[open_ended], greenwood[open_ended], rtol=1e-12)


def test_a_textbook_sample_comes_out():
    # Remission under 6-MP (Freireich 1963, in Cox and Oakes 1984): 6* is censored
    ended_at = [6, 6, 6, 7, 10, 13, 16, 22, 23]
    censored = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
    leave = np.array(ended_at + censored, float)
    ended = np.arange(21) < 9
    curve = estimate_survival(np.zeros(21), leave, ended)
    np.testing.assert_allclose(curve.survival, [0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448], atol=5e-4)
    assert curve.median == 23.0
    # Standard error of S(10) by Greenwood in the same table: 0.0963
    assert curve.survival[2] * math.sqrt(curve.variance[2]) == pytest.approx(0.0963, abs=5e-4)
    assert np.all((curve.low < curve.survival) & (curve.survival < curve.high))
    assert curve.median_interval[0] == 13.0
    assert math.isnan(curve.median_interval[1])


def test_late_entry_gives_the_true_exponential_and_ignoring_it_does_not():
    rng = np.random.default_rng(5)
    n, mean = 6000, 200.0
    life = rng.exponential(mean, n)
    start = rng.uniform(-600, 720, n)  # a film from 0 to 720 sees what is still there
    seen = start + life > 0
    life, start = life[seen], start[seen]
    entry = np.maximum(0.0, -start)
    leave = np.minimum(life, 720 - start)
    ended = life <= 720 - start
    curve = estimate_survival(entry, leave, ended)
    for age in (50.0, 150.0, 300.0):
        true = math.exp(-age / mean)
        step = np.searchsorted(curve.age, age)
        error = true * math.sqrt(curve.variance[step])
        # Four standard errors: a false alarm in 6 of 100,000, and the seed is fixed
        assert abs(curve.at(age) - true) < 4 * error
        naive = estimate_survival(np.zeros_like(entry), leave, ended).at(age)
        assert naive - true > 4 * error


def test_greenwoods_band_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(6)
    hits = 0
    for _ in range(400):
        life, stop = rng.exponential(1.0, 80), rng.uniform(0.5, 3.0, 80)
        entry = np.where(rng.random(80) < 0.3, 0.2, 0.0)
        keep = np.minimum(life, stop) > entry
        curve = estimate_survival(entry[keep], np.minimum(life, stop)[keep], (life <= stop)[keep])
        step = int(np.searchsorted(curve.age, 0.7, side="right")) - 1
        hits += curve.low[step] <= math.exp(-0.7) <= curve.high[step]
    # 95 % of 400 with a binomial spread of 1.1 %: 0.92 to 0.98 is 2.7 spreads
    assert 0.92 < hits / 400 < 0.98


def test_the_restricted_mean_is_the_area_and_knows_what_it_cannot_know():
    curve = estimate_survival(np.zeros(4), np.array([1.0, 2.0, 3.0, 4.0]), np.array([True, True, True, False]))
    mean, error = curve.restricted_mean(2.5)
    assert mean == pytest.approx(1 + 0.75 + 0.5 * 0.5)
    # Beyond 1: area 1; beyond 2: 0.25. Greenwood: 1/(4 x 3) + 0.25^2/(3 x 2)
    assert error == pytest.approx(math.sqrt(1 / 12 + 0.0625 / 6))
    assert math.isnan(curve.restricted_mean(5.0)[0])
    closed = estimate_survival(np.zeros(2), np.array([1.0, 3.0]), np.array([True, True]))
    assert closed.restricted_mean(10.0)[0] == pytest.approx(2.0)
    assert closed.at(0.5) == 1.0
    assert math.isnan(closed.at(4.0))


def test_nothing_that_ended_is_a_flat_curve():
    curve = estimate_survival(np.zeros(3), np.array([5.0, 6.0, 7.0]), np.zeros(3, bool))
    assert curve.at(6.5) == 1.0
    assert math.isnan(curve.median)
    assert curve.restricted_mean(7.0) == (7.0, 0.0)
    assert math.isnan(estimate_survival(np.empty(0), np.empty(0), np.empty(0, bool)).longest)
