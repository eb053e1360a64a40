"""A random intercept for each replicate, by restricted maximum likelihood, from group sums alone (eq-reml).

What varies within a replicate (cells, vesicles) and what varies between replicates is told apart, so that many
vesicles in few dishes are not taken for many dishes. Theory: docs/theory/imaging-statistics.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from migralab.core.errors import RequestError

Floats = NDArray[np.float64]
_WIDEST = 1e6  # ratio of the variances that is searched


@dataclass(frozen=True, slots=True, kw_only=True)
class MixedModel:
    """Fixed effects and two variances.

    Parameters
    ----------
    effects, covariance
        (p,) fixed effects and (p, p) their covariance.
    between, within
        Variance between replicates and of objects within one.
    icc, icc_interval
        ``between / (between + within)`` and its 95 % interval.
    effective_n
        How many independent objects these are worth: ``sum n / (1 + (n - 1) icc)`` over replicates.
    objects, replicates
        How many there are.
    freedom
        Degrees of freedom of the fixed effects: replicates less effects, not objects less effects.
    deviance
        ``-2 log`` restricted likelihood at its greatest.
    """

    effects: Floats
    covariance: Floats
    between: float
    within: float
    icc: float
    icc_interval: tuple[float, float]
    effective_n: float
    objects: int
    replicates: int
    freedom: int
    deviance: float

    def contrast(self, weights: Floats) -> tuple[float, float, float]:
        """Return a weighted sum of the effects with its 95 % t interval; NaN ends without degrees of freedom."""
        from scipy.special import stdtrit

        value = float(weights @ self.effects)
        if self.freedom < 1:
            return value, math.nan, math.nan
        half = float(stdtrit(self.freedom, 0.975)) * math.sqrt(float(weights @ self.covariance @ weights))
        return value, value - half, value + half


@dataclass(frozen=True, slots=True, kw_only=True)
class _Groups:
    """Sums that the likelihood needs: sizes, means, design of each replicate, and squares within."""

    size: Floats
    mean: Floats
    design: Floats
    squares: float

    @property
    def freedom(self) -> int:
        return int(self.size.sum()) - int(self.design.shape[1])


def fit_mixed_model(values: Floats, replicate: NDArray[np.int64], design: Floats) -> MixedModel:
    """Fit ``y = X b + u[replicate] + e`` with Gaussian u and e.

    Objects of a replicate share its row of X, so the likelihood splits into that of the replicate means and that of
    the deviations from them; the ratio of the two variances is the only thing to search.

    Parameters
    ----------
    values
        (n,) one value per object.
    replicate
        (n,) number of its replicate, from 0, every number in use.
    design
        (replicates, p) fixed effects of each replicate.

    Raises
    ------
    RequestError
        If there is nothing to tell the two variances apart by, or the design is not of full rank.
    """
    groups = _sum_up(values, replicate, design)
    best = _find_ratio(groups)
    weights, effects, _ = _solve(groups, best)
    within = _scale(groups, best)
    precision = (groups.design * weights[:, None]).T @ groups.design
    size = groups.size
    between = best * within
    share = between / (between + within) if between + within > 0 else math.nan
    return MixedModel(
        effects=effects,
        covariance=np.asarray(within * np.linalg.inv(precision), np.float64),
        between=between,
        within=within,
        icc=share,
        icc_interval=_icc_interval(groups),
        effective_n=float((size / (1 + (size - 1) * share)).sum()),
        objects=int(size.sum()),
        replicates=len(size),
        freedom=len(size) - design.shape[1],
        deviance=_deviance(groups, best),
    )


def _sum_up(values: Floats, replicate: NDArray[np.int64], design: Floats) -> _Groups:
    size = np.bincount(replicate, minlength=len(design)).astype(np.float64)
    if len(size) != len(design) or (size == 0).any():
        raise RequestError("Every replicate of the design needs at least one object.")
    if np.linalg.matrix_rank(design) < design.shape[1]:
        raise RequestError("The design is not of full rank: a condition has no replicate, or two effects are the same.")
    if len(size) <= design.shape[1] or (size > 1).sum() == 0:
        raise RequestError(
            f"{len(size)} replicates with {int(size.sum())} objects cannot tell variation between replicates from that "
            f"within. Needed: more than {design.shape[1]} replicates, and one with at least two objects."
        )
    mean = np.bincount(replicate, values) / size
    squares = float(((values - mean[replicate]) ** 2).sum())
    if squares == 0:
        raise RequestError(
            "All objects of each replicate have the same value: there is no variation within replicates."
        )
    return _Groups(size=size, mean=mean, design=np.asarray(design, np.float64), squares=squares)


def _solve(groups: _Groups, ratio: float) -> tuple[Floats, Floats, Floats]:
    """Return weights of the means, effects and residuals, in units of the variance within."""
    weights = 1 / (ratio + 1 / groups.size)
    weighted = groups.design * weights[:, None]
    effects = np.linalg.solve(weighted.T @ groups.design, weighted.T @ groups.mean)
    return weights, np.asarray(effects, np.float64), groups.mean - groups.design @ effects


def _scale(groups: _Groups, ratio: float) -> float:
    """Return the variance within that is most likely at a ratio of the variances."""
    weights, _, left = _solve(groups, ratio)
    return (groups.squares + float(weights @ left**2)) / groups.freedom


def _deviance(groups: _Groups, ratio: float) -> float:
    weights, _, _ = _solve(groups, ratio)
    precision = (groups.design * weights[:, None]).T @ groups.design
    free = groups.freedom
    return float(
        free * (1 + math.log(2 * math.pi * _scale(groups, ratio)))
        - np.log(weights / groups.size).sum()
        + np.linalg.slogdet(precision)[1]
    )


def _find_ratio(groups: _Groups) -> float:
    from scipy.optimize import minimize_scalar

    def of_log(log_ratio: float) -> float:
        return _deviance(groups, math.exp(log_ratio))

    grid = np.linspace(math.log(1 / _WIDEST), math.log(_WIDEST), 57)
    start = int(np.argmin([of_log(x) for x in grid]))
    low, high = grid[max(start - 1, 0)], grid[min(start + 1, len(grid) - 1)]
    found = minimize_scalar(of_log, bounds=(low, high), method="bounded", options={"xatol": 1e-10})
    return 0.0 if _deviance(groups, 0.0) <= found.fun else math.exp(float(found.x))


def _icc_interval(groups: _Groups) -> tuple[float, float]:
    """Return the F interval on unweighted means (Thomas and Hultquist 1978); exact where all replicates are equal."""
    from scipy.special import fdtri

    free = len(groups.size) - groups.design.shape[1]
    inside = int(groups.size.sum()) - len(groups.size)
    if free < 1 or inside < 1:
        return math.nan, math.nan
    harmonic = len(groups.size) / float((1 / groups.size).sum())
    effects, *_ = np.linalg.lstsq(groups.design, groups.mean, rcond=None)
    among = harmonic * float(((groups.mean - groups.design @ effects) ** 2).sum()) / free
    seen = among / (groups.squares / inside)
    ends = [seen / float(fdtri(free, inside, p)) for p in (0.975, 0.025)]
    low, high = ((f - 1) / (f + harmonic - 1) for f in ends)
    return max(low, 0.0), max(min(high, 1.0), 0.0)
