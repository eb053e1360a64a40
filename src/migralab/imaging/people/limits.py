"""Bland and Altman's limits of agreement between two ways of measuring, with intervals on the limits themselves."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from migralab.measure.statistics.interval import bootstrap, mean_interval

Floats = NDArray[np.float64]
_Z = 1.959963984540054
_FEWEST = 5  # groups for an interval over groups (E)
_STRONG = 0.05
_NONE = (math.nan, math.nan)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits of agreement: 95 % of differences (second minus first) are expected between them.

    Parameters
    ----------
    n
        Pairs.
    bias, bias_interval
        Mean difference and its 95 % interval.
    sd
        Standard deviation of the differences.
    low, low_interval, high, high_interval
        Limits ``bias -+ 1.96 sd`` and their 95 % intervals.
    note
        How the intervals were made, and what speaks against the limits.
    """

    n: int
    bias: float
    bias_interval: tuple[float, float]
    sd: float
    low: float
    low_interval: tuple[float, float]
    high: float
    high_interval: tuple[float, float]
    note: str = ""


def limits_of_agreement(first: Floats, second: Floats, *, group: NDArray[np.str_] | None = None) -> Limits:
    """Return the limits of agreement of two measurements of the same things (eq-limits).

    Parameters
    ----------
    first, second
        Values (n,) of the two, in one unit.
    group
        Image of each pair. Objects of one image are not independent: with at least 5 images the intervals are
        made by drawing whole images; with fewer they take pairs as independent, and the note says so.

    References
    ----------
    Bland and Altman 1986, 1999
    """
    difference = np.asarray(second, np.float64) - np.asarray(first, np.float64)
    n = len(difference)
    if n < 2:
        bias = float(difference[0]) if n else math.nan
        return Limits(
            n=n, bias=bias, bias_interval=_NONE, sd=math.nan, low=math.nan, low_interval=_NONE, high=math.nan,
            high_interval=_NONE, note="fewer than two pairs: no limits",
        )  # fmt: skip
    bias, sd = float(difference.mean()), float(difference.std(ddof=1))
    groups = n if group is None else len(np.unique(group))
    if group is not None and groups >= _FEWEST:
        around, below, above = _by_group(difference, group)
        note = f"intervals from drawing {groups} images"
    else:
        around = mean_interval(difference)
        half = _half_width(sd, n)
        below, above = ((end - half, end + half) for end in (bias - _Z * sd, bias + _Z * sd))
        note = f"{n} pairs taken as independent"
    return Limits(
        n=n, bias=bias, bias_interval=around, sd=sd, low=bias - _Z * sd, low_interval=below, high=bias + _Z * sd,
        high_interval=above, note="; ".join([note, *_trend((first + second) / 2, difference)]),
    )  # fmt: skip


def _half_width(sd: float, n: int) -> float:
    """Return half the t interval of a limit: ``var = sd^2 (1/n + 1.96^2 / (2 (n - 1)))``."""
    from scipy.special import stdtrit

    return float(stdtrit(n - 1, 0.975) * sd * math.sqrt(1 / n + _Z**2 / (2 * (n - 1))))


def _by_group(difference: Floats, group: NDArray[np.str_]) -> tuple[tuple[float, float], ...]:
    _, which = np.unique(group, return_inverse=True)
    sums = [np.bincount(which, difference**power).astype(np.float64) for power in (0, 1, 2)]

    def limit(factor: float) -> tuple[float, float]:
        def statistic(count: Floats, total: Floats, squares: Floats) -> Floats:
            mean = total / count
            variance = np.maximum(squares / count - mean**2, 0.0) * count / np.maximum(count - 1, 1)
            return np.asarray(mean + factor * np.sqrt(variance), np.float64)

        return bootstrap(statistic, *sums)

    return limit(0.0), limit(-_Z), limit(_Z)


def _trend(size: Floats, difference: Floats) -> list[str]:
    """Say where differences grow with what is measured: then one pair of limits does not fit all sizes."""
    from scipy.stats import spearmanr

    if len(size) < 8 or np.ptp(size) == 0 or np.ptp(np.abs(difference - difference.mean())) == 0:
        return []
    shift, wider = spearmanr(size, difference), spearmanr(size, np.abs(difference - difference.mean()))
    said = []
    if np.ptp(difference) > 0 and shift.pvalue < _STRONG:
        said.append(f"the difference changes with size (rank correlation {shift.statistic:.2f})")
    if wider.pvalue < _STRONG and wider.statistic > 0:
        said.append(f"the scatter grows with size (rank correlation {wider.statistic:.2f}): take ratios or classes")
    return said
