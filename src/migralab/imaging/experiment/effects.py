"""Effect sizes of two sets of replicate means, with intervals, and the permutation test beside them."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from migralab.measure import Readout, Readouts
from migralab.measure import ratio as ratio_of_readouts
from migralab.measure.statistics.interval import mean_interval

Floats = NDArray[np.float64]
_MOST = 20_000  # exchanges that are all tried; beyond, so many are drawn
_SEED = 20191022
_NODES = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """A number that compares two conditions.

    Parameters
    ----------
    value, low, high
        Value and 95 % interval; NaN where it cannot be known.
    n
        Replicates: of both conditions, or pairs.
    method
        How value and interval were made.
    """

    value: float
    low: float
    high: float
    n: tuple[int, ...]
    method: str


def mean_ratio(first: Floats, second: Floats, *, paired: bool) -> Effect:
    """Return the geometric mean ratio with the t interval of its logarithm (eq-ratio).

    Paired, it is `migralab.measure.ratio`; else Welch's interval on the logarithms of the replicate means.
    """
    if paired:
        sides = [
            [_readout(str(number), value, name) for number, value in enumerate(side)]
            for name, side in (("first", first), ("second", second))
        ]
        found = ratio_of_readouts(sides[0], sides[1], "mean")
        return Effect(value=found.value, low=found.low, high=found.high, n=(found.n,), method=found.method)
    n = (len(first), len(second))
    if min(first.min(), second.min()) <= 0:
        below = float(second.mean())
        value = float(first.mean() / below) if below > 0 else math.nan
        return Effect(
            value=value, low=math.nan, high=math.nan, n=n,
            method="ratio of the means; a replicate is not above 0, so no logarithm and no interval",
        )  # fmt: skip
    difference, low, high = _welch(np.log(first), np.log(second))
    return Effect(
        value=math.exp(difference), low=math.exp(low), high=math.exp(high), n=n,
        method="ratio of geometric means over replicates, Welch t interval of ln",
    )  # fmt: skip


def _readout(name: str, value: float, condition: str) -> Readouts:
    return Readouts([Readout(id="mean", value=float(value), unit="", experiment=name, condition=condition)])


def mean_difference(first: Floats, second: Floats, *, paired: bool) -> Effect:
    """Return the difference of means over replicates: paired t, else Welch's t."""
    if paired:
        low, high = mean_interval(first - second)
        value, method = float((first - second).mean()), "mean paired difference, t interval"
    else:
        value, low, high = _welch(first, second)
        method = "difference of means over replicates, Welch t interval"
    n = (len(first),) if paired else (len(first), len(second))
    return Effect(value=value, low=low, high=high, n=n, method=method)


def _welch(first: Floats, second: Floats) -> tuple[float, float, float]:
    from scipy.special import stdtrit

    value = float(first.mean() - second.mean())
    if min(len(first), len(second)) < 2:
        return value, math.nan, math.nan
    parts = [float(side.var(ddof=1)) / len(side) for side in (first, second)]
    error = sum(parts)
    if error == 0:
        return value, value, value
    free = error**2 / sum(p**2 / (len(side) - 1) for p, side in zip(parts, (first, second), strict=True))
    half = float(stdtrit(free, 0.975)) * math.sqrt(error)
    return value, value - half, value + half


def hedges_g(first: Floats, second: Floats, *, paired: bool) -> Effect:
    """Return Hedges' g with the interval that the non-central t distribution gives (eq-hedges).

    Two groups: difference over the pooled standard deviation of replicates. Pairs: mean difference over the standard
    deviation of differences, which is another scale (often called g_z) and not to be mixed with the first.
    """
    n: tuple[int, ...] = (len(first),) if paired else (len(first), len(second))
    free = n[0] - 1 if paired else sum(n) - 2
    method = "g_z of pairs" if paired else "g, standard deviation pooled over replicates"
    if free < 1 or min(n) < 2:
        return Effect(value=math.nan, low=math.nan, high=math.nan, n=n, method=f"{method}; too few replicates")
    if paired:
        shift, spread, scale = float((first - second).mean()), float((first - second).std(ddof=1)), 1 / n[0]
    else:
        squares = sum(float(((side - side.mean()) ** 2).sum()) for side in (first, second))
        shift, spread = float(first.mean() - second.mean()), math.sqrt(squares / free)
        scale = 1 / n[0] + 1 / n[1]
    if spread == 0:
        return Effect(value=math.nan, low=math.nan, high=math.nan, n=n, method=f"{method}; no spread")
    small = math.exp(math.lgamma(free / 2) - math.lgamma((free - 1) / 2)) / math.sqrt(free / 2) if free > 1 else 1.0
    t = shift / spread / math.sqrt(scale)
    low, high = (end * math.sqrt(scale) for end in _noncentral(t, free))
    return Effect(
        value=small * shift / spread, low=low, high=high, n=n, method=f"{method}, small-sample factor {small:.3f}"
    )


def _noncentral(t: float, free: int) -> tuple[float, float]:
    """Return the non-centralities at which the seen t is the 97.5 % and the 2.5 % point.

    ``P(T < t) = E[Phi(t s - shift)]`` with s the scaled chi, by its quantiles; scipy's own is NaN far from the middle.
    """
    from scipy.optimize import brentq
    from scipy.special import gammaincinv, ndtr

    scaled = np.sqrt(2 * gammaincinv(free / 2, (np.arange(_NODES) + 0.5) / _NODES) / free)
    far = 10.0 + abs(t) * float(scaled[-1])

    def crossing(share: float) -> float:
        return float(brentq(lambda shift: float(ndtr(t * scaled - shift).mean()) - share, -far, far))

    return crossing(0.975), crossing(0.025)


def find_permutation_p(first: Floats, second: Floats, *, paired: bool) -> tuple[float, float]:
    """Return the two-sided permutation p of the difference of means, and the smallest p that is possible.

    Replicates are exchanged between conditions (within pairs where they are paired). All exchanges are tried up to
    20,000, else so many are drawn.
    """
    if min(len(first), len(second)) < (1 if paired else 2):
        return math.nan, math.nan
    differences = _flips(first - second) if paired else _exchanges(first, second)
    seen = abs(float(first.mean() - second.mean()))
    hits = int((np.abs(differences) >= seen * (1 - 1e-9) - 1e-300).sum())
    total = len(differences)
    whole = 2 ** len(first) if paired else math.comb(len(first) + len(second), len(first))
    if total < whole:  # drawn: the exchange that was seen is one of them
        return (hits + 1) / (total + 1), 1 / (total + 1)
    return hits / total, (1.0 if whole < 2 else (2 if paired or len(first) == len(second) else 1) / whole)


def _flips(difference: Floats) -> Floats:
    n = len(difference)
    if 2**n <= _MOST:
        signs = np.array(list(itertools.product((1.0, -1.0), repeat=n)))
    else:
        signs = np.random.default_rng(_SEED).choice([1.0, -1.0], (_MOST, n))
    return np.asarray(signs @ difference / n, np.float64)


def _exchanges(first: Floats, second: Floats) -> Floats:
    values = np.concatenate([first, second])
    n, size = len(first), len(values)
    if math.comb(size, n) <= _MOST:
        chosen = np.array(list(itertools.combinations(range(size), n)))
    else:
        rng = np.random.default_rng(_SEED)
        chosen = np.argsort(rng.random((_MOST, size)), axis=1)[:, :n]
    inside = values[chosen].sum(axis=1)
    return np.asarray(inside / n - (values.sum() - inside) / (size - n), np.float64)
