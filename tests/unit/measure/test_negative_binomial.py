import math

import numpy as np
import pytest

from migralab.measure.statistics.negative_binomial import find_shape, fit_shape
from tests.unit.measure.made import look, observe


def draw(rng, mean, k, n):
    return rng.poisson(rng.gamma(k, mean / k, n))


def log_likelihood(counts, mean, k):
    """Return the log-likelihood of a negative binomial, term by term with the gamma function."""
    return sum(
        math.lgamma(x + k) - math.lgamma(k) - math.lgamma(x + 1) + k * math.log(k / (k + mean))
        + x * math.log(mean / (k + mean))
        for x in counts
    )  # fmt: skip


def test_k_makes_the_counts_most_likely_and_the_interval_is_where_it_falls_by_the_chi_squared_point():
    counts = [0, 0, 0, 1, 1, 2, 3, 5, 9, 14]
    k, low, high = fit_shape(np.array(counts))
    mean = float(np.mean(counts))
    grid = np.geomspace(0.05, 20, 4000)
    likely = [log_likelihood(counts, mean, x) for x in grid]
    assert k == pytest.approx(grid[int(np.argmax(likely))], rel=2e-3)  # the grid's step is 1.5e-3
    for end in (low, high):
        fall = log_likelihood(counts, mean, k) - log_likelihood(counts, mean, end)
        assert fall == pytest.approx(3.841459 / 2, abs=1e-6)


@pytest.mark.parametrize(("mean", "k"), [(3.5, 0.5), (3.5, 1.0), (0.64, 0.25), (7.0, 1.6)])
def test_k_is_found_again(mean, k):
    rng = np.random.default_rng(7)
    found = [find_shape(draw(rng, mean, k, 1000)) for _ in range(40)]
    # Forty samples of 1000 cells: their median has an error of about 3 %, and k by likelihood is biased by 1 %
    assert np.median(found) == pytest.approx(k, rel=0.08)


def test_the_interval_holds_the_true_k_as_often_as_it_says():
    rng = np.random.default_rng(8)
    hits = 0
    for _ in range(300):
        _, low, high = fit_shape(draw(rng, 3.5, 0.5, 150))
        hits += low <= 0.5 <= high
    # 95 % of 300, spread 1.3 %
    assert 0.91 < hits / 300 < 0.985


def test_counts_that_spread_no_more_than_poisson_have_no_finite_k():
    k, low, high = fit_shape(np.array([2, 3, 2, 3, 2, 3]))
    assert k == math.inf
    assert high == math.inf
    assert low > 1


def test_without_counts_or_cells_there_is_no_k():
    for counts in ([0, 0, 0], [4], []):
        assert all(math.isnan(x) for x in fit_shape(np.array(counts, int)))


def test_the_readout_of_one_over_k_turns_the_interval_round():
    ids = np.repeat(np.arange(5), [0, 0, 1, 4, 15])
    dish = observe(cells={"frame": [0] * 5, "cell_id": np.arange(5)}, migrasomes={"frame": [0] * 20, "cell_id": ids})
    k, inverse = look(dish, "dispersion.k"), look(dish, "dispersion.inverse_k")
    assert inverse.value == pytest.approx(1 / k.value)
    assert inverse.low == pytest.approx(1 / k.high)
    assert inverse.high == pytest.approx(1 / k.low)
    even = observe(cells={"frame": [0] * 3, "cell_id": [0, 1, 2]}, migrasomes={"frame": [0] * 3, "cell_id": [0, 1, 2]})
    assert look(even, "dispersion.inverse_k").value == 0.0
