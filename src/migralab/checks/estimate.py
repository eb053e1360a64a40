"""Estimates over dishes: a value with its 95 % interval. The dish (one seed) is the replicate.

Arms share their random streams, so a seed gives a *pair* (or a tuple) of dishes with the same experiment
effect. Every comparison of arms is made within the seed first; what two dishes share cancels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

Floats = NDArray[np.float64]
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A value with its interval over dishes.

    Parameters
    ----------
    value, low, high
        NaN and infinite limits where nothing can be said.
    n
        Number of seeds.
    method
        How value and interval were made.
    """

    value: float
    low: float
    high: float
    n: int
    method: str

    def moved(self, shift: float, factor: float = 1.0) -> Estimate:
        """Return the estimate of ``factor * x + shift``."""
        ends = sorted((self.low * factor + shift, self.high * factor + shift))
        return Estimate(value=self.value * factor + shift, low=ends[0], high=ends[1], n=self.n, method=self.method)


def student(n: int, confidence: float = CONFIDENCE) -> float:
    """Return the two-sided quantile of Student's t for `n` values."""
    return float(stdtrit(n - 1, 0.5 + confidence / 2))


def estimate_mean(values: Floats, confidence: float = CONFIDENCE) -> Estimate:
    """Return the mean with Student's interval; without limits for fewer than two seeds."""
    n = len(values)
    method = f"mean over seeds, {confidence:.0%} t-interval"
    if n == 0:
        return Estimate(value=math.nan, low=-math.inf, high=math.inf, n=0, method=method)
    mean = float(values.mean())
    half = student(n, confidence) * float(values.std(ddof=1)) / math.sqrt(n) if n > 1 else math.inf
    return Estimate(value=mean, low=mean - half, high=mean + half, n=n, method=method)


def estimate_ratio(numerator: Floats, denominator: Floats, confidence: float = CONFIDENCE) -> Estimate:
    """Return the ratio of two arms, paired by seed.

    Where every dish has a value above 0, the geometric mean of the ratios with Student's interval of their
    logarithms. A dish with 0 has no logarithm: then the ratio of the means with Fieller's interval.
    """
    if len(numerator) and numerator.min() > 0 and denominator.min() > 0:
        logs = estimate_mean(np.log(numerator / denominator), confidence)
        return Estimate(
            value=math.exp(logs.value),
            low=math.exp(logs.low),
            high=math.exp(logs.high) if math.isfinite(logs.high) else math.inf,
            n=logs.n,
            method=f"mean log ratio paired by seed, {confidence:.0%} t-interval",
        )
    return estimate_quotient(numerator, denominator, confidence)


def estimate_quotient(numerator: Floats, denominator: Floats, confidence: float = CONFIDENCE) -> Estimate:
    """Return mean over mean of values paired by seed, with Fieller's interval.

    The interval has no limits where the denominator is not clear of 0: then any quotient is possible.
    """
    n = len(numerator)
    method = f"ratio of means paired by seed, {confidence:.0%} Fieller interval"
    top, bottom = (float(part.mean()) if n else math.nan for part in (numerator, denominator))
    value = top / bottom if bottom else math.nan
    nothing = Estimate(value=value, low=-math.inf, high=math.inf, n=n, method=method)
    if n < 2:
        return nothing
    t2 = student(n, confidence) ** 2 / n
    spread = np.cov(numerator, denominator, ddof=1)
    a = bottom**2 - t2 * float(spread[1, 1])
    b = top * bottom - t2 * float(spread[0, 1])
    c = top**2 - t2 * float(spread[0, 0])
    if a <= 0:
        return nothing
    root = math.sqrt(max(b * b - a * c, 0.0))
    return Estimate(value=value, low=(b - root) / a, high=(b + root) / a, n=n, method=method)


def estimate_exponent(doses: Sequence[float], values: Sequence[Floats], confidence: float = CONFIDENCE) -> Estimate:
    """Return the slope of log value against log dose, one slope per seed, with Student's interval.

    Parameters
    ----------
    doses
        One per arm, above 0.
    values
        One array over seeds per arm, all above 0.
    """
    x = np.log(np.asarray(doses, np.float64))
    centred = x - x.mean()
    slopes = centred @ np.log(np.stack(list(values))) / (centred @ centred)
    mean = estimate_mean(slopes, confidence)
    method = f"slope of logarithms, one per seed, {confidence:.0%} t-interval"
    return Estimate(value=mean.value, low=mean.low, high=mean.high, n=mean.n, method=method)
