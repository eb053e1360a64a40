"""The mixed model against published fits, balanced analysis of variance by hand, and the dense likelihood."""

import numpy as np
import pytest
from scipy.optimize import minimize

from migralab.core.errors import RequestError
from migralab.imaging.experiment.mixed_model import fit_mixed_model

# Dyestuff: Davies and Goldsmith 1972, table 6.2, as fitted by lme4 (Bates et al. 2015): 6 batches of 5
DYESTUFF = [
    [1545, 1440, 1440, 1520, 1580], [1540, 1555, 1490, 1560, 1495], [1595, 1550, 1605, 1510, 1560],
    [1445, 1440, 1595, 1465, 1545], [1595, 1630, 1515, 1635, 1625], [1520, 1455, 1450, 1480, 1445],
]  # fmt: skip


def test_dyestuff_is_fitted_as_published():
    values = np.array(DYESTUFF, float)
    found = fit_mixed_model(values.ravel(), np.repeat(np.arange(6), 5), np.ones((6, 1)))
    assert found.between == pytest.approx(1764, abs=1)
    assert found.within == pytest.approx(2451, abs=1)
    assert found.effects[0] == pytest.approx(1527.5, abs=0.01)
    assert np.sqrt(found.covariance[0, 0]) == pytest.approx(19.38, abs=0.01)
    assert found.deviance == pytest.approx(319.6543, abs=1e-3)
    assert found.freedom == 5
    # by hand, balanced analysis of variance
    among, within = 5 * values.mean(axis=1).var(ddof=1), values.var(axis=1, ddof=1).mean()
    assert found.between == pytest.approx((among - within) / 5, rel=1e-6)
    assert found.icc == pytest.approx(0.4185, abs=1e-3)
    assert found.effective_n == pytest.approx(30 / (1 + 4 * found.icc))


def test_no_variation_between_replicates_is_zero_and_not_negative():
    rng = np.random.default_rng(1)
    values = rng.normal(size=(4, 10))
    values -= values.mean(axis=1, keepdims=True)
    found = fit_mixed_model(values.ravel(), np.repeat(np.arange(4), 10), np.ones((4, 1)))
    assert found.between == 0
    assert found.icc == 0
    assert found.effective_n == pytest.approx(40)


def dense_deviance(values, replicate, design, within, between):
    """-2 log restricted likelihood from the whole covariance matrix."""
    x = design[replicate]
    v = within * np.eye(len(values)) + between * (replicate[:, None] == replicate[None])
    inverse = np.linalg.inv(v)
    precision = x.T @ inverse @ x
    left = values - x @ np.linalg.solve(precision, x.T @ inverse @ values)
    free = len(values) - x.shape[1]
    return free * np.log(2 * np.pi) + np.linalg.slogdet(v)[1] + np.linalg.slogdet(precision)[1] + left @ inverse @ left


def test_unbalanced_replicates_of_two_conditions_agree_with_the_dense_likelihood():
    rng = np.random.default_rng(2)
    sizes = np.array([2, 9, 1, 17, 5, 4, 12])
    replicate = np.repeat(np.arange(7), sizes)
    design = np.stack([np.array([1, 1, 1, 0, 0, 0, 0.0]), np.ones(7)], 1)
    values = design[replicate] @ [0.5, 2.0] + rng.normal(0, 0.7, 7)[replicate] + rng.normal(0, 1.0, len(replicate))
    found = fit_mixed_model(values, replicate, design)
    best = minimize(
        lambda p: dense_deviance(values, replicate, design, *np.exp(p)), [0.0, -1.0], method="Nelder-Mead",
        options={"xatol": 1e-8, "fatol": 1e-10, "maxiter": 4000},
    )  # fmt: skip
    assert found.deviance == pytest.approx(best.fun, abs=1e-6)
    assert [found.within, found.between] == pytest.approx(np.exp(best.x), rel=1e-3)
    assert found.contrast(np.array([1.0, 0.0]))[0] == pytest.approx(found.effects[0])


def test_intervals_over_replicates_cover_and_those_over_objects_do_not():
    """Three dishes a condition, 40 vesicles each, no true difference: the naive t test is wrong most of the time."""
    rng = np.random.default_rng(3)
    replicate = np.repeat(np.arange(6), 40)
    design = np.stack([np.repeat([1.0, 0.0], 3), np.ones(6)], 1)
    covered = naive = iccs = 0.0
    for _ in range(200):
        values = rng.normal(0, 0.6, 6)[replicate] + rng.normal(0, 1, 240)
        found = fit_mixed_model(values, replicate, design)
        _, low, high = found.contrast(np.array([1.0, 0.0]))
        covered += low < 0 < high
        one, other = values[:120], values[120:]
        naive += abs(one.mean() - other.mean()) < 1.97 * np.sqrt(one.var() / 119 + other.var() / 119)
        iccs += found.icc_interval[0] < 0.36 / 1.36 < found.icc_interval[1]
    assert 0.92 < covered / 200 <= 0.99
    assert naive / 200 < 0.5
    assert 0.91 < iccs / 200 <= 0.985


def test_what_cannot_be_told_apart_is_refused():
    with pytest.raises(RequestError, match="cannot tell"):
        fit_mixed_model(np.arange(4.0), np.arange(4), np.ones((4, 1)))
    with pytest.raises(RequestError, match="same value"):
        fit_mixed_model(np.repeat([1.0, 2.0], 3), np.repeat([0, 1], 3), np.ones((2, 1)))
    with pytest.raises(RequestError, match="full rank"):
        fit_mixed_model(np.arange(6.0), np.repeat([0, 1, 2], 2), np.ones((3, 2)))
    with pytest.raises(RequestError, match="at least one object"):
        fit_mixed_model(np.arange(4.0), np.repeat([0, 2], 2), np.ones((3, 1)))
