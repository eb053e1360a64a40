"""Kaplan-Meier with late entry: how long things last when a film misses beginnings and ends."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from migralab.measure.readout import NAN

Floats = NDArray[np.float64]
_Z = 1.959963984540054


@dataclass(frozen=True, slots=True, kw_only=True)
class Survival:
    """A survival curve: a step at each age at which something ended.

    Parameters
    ----------
    age
        Ages at which at least one life ended, ascending.
    at_risk, ended
        Lives under observation just before that age, and lives that ended at it.
    survival
        Share that lives longer than that age.
    low, high
        Greenwood's interval on the log-minus-log scale, which stays within 0 and 1.
    variance
        Greenwood's variance of ``ln survival``, cumulated.
    longest
        Longest age that was under observation.
    """

    age: Floats
    at_risk: Floats
    ended: Floats
    survival: Floats
    low: Floats
    high: Floats
    variance: Floats
    longest: float

    def at(self, age: float) -> float:
        """Return the share that lives longer than an age; NaN beyond what was observed."""
        if age > self.longest:
            return NAN
        step = int(np.searchsorted(self.age, age, side="right"))
        return 1.0 if step == 0 else float(self.survival[step - 1])

    @property
    def median(self) -> float:
        """Age that half do not outlive; NaN where more than half do."""
        below = np.flatnonzero(self.survival <= 0.5)
        return float(self.age[below[0]]) if len(below) else NAN

    @property
    def median_interval(self) -> tuple[float, float]:
        """Ages at which the Greenwood band crosses one half (Brookmeyer and Crowley 1982)."""
        return _crossing(self.age, self.low), _crossing(self.age, self.high)

    def restricted_mean(self, horizon: float) -> tuple[float, float]:
        """Return the mean age reached up to a horizon and its standard error; NaN beyond observation."""
        all_ended = len(self.survival) > 0 and self.survival[-1] <= 0
        if not (horizon <= self.longest or all_ended):
            return NAN, NAN
        inside = self.age < horizon
        edges = np.concatenate([[0.0], self.age[inside], [horizon]])
        height = np.concatenate([[1.0], self.survival[inside]])
        areas = height * np.diff(edges)
        beyond = np.cumsum(areas[::-1])[::-1][1:]
        risk, ended = self.at_risk[inside], self.ended[inside]
        alive = risk > ended
        variance = np.sum(beyond[alive] ** 2 * ended[alive] / (risk[alive] * (risk[alive] - ended[alive])))
        return float(areas.sum()), math.sqrt(float(variance))


def estimate_survival(entry: Floats, leave: Floats, ended: NDArray[np.bool_]) -> Survival:
    """Return the product-limit estimate with delayed entry and right censoring (eq-survival).

    At each age at which lives ended, ``S <- S (1 - d/r)`` with d the lives that ended and r those that had
    come under observation before it and were still there. Lives that were there when the film began enter at
    the age which they then had; counted from zero they would make lives look long.

    Parameters
    ----------
    entry
        Age at which each life came under observation, same unit as `leave`.
    leave
        Age at its end, or at the end of observation; greater than `entry`.
    ended
        True where it ended, False where observation did (censored).

    References
    ----------
    Kaplan and Meier 1958; Greenwood 1926; Tsai, Jewell and Wang 1987
    """
    ages, deaths_by, risk_by = tabulate_risk(entry, leave, ended, np.zeros(len(entry), np.int64), 1)
    deaths, risk = deaths_by[0], risk_by[0]
    survival = np.cumprod(1.0 - deaths / np.maximum(risk, 1.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.cumsum(deaths / (risk * (risk - deaths)))
        spread = np.exp(_Z * np.sqrt(variance) / np.abs(np.log(survival)))
        low, high = survival**spread, survival ** (1 / spread)
    gone = survival <= 0
    low[gone], high[gone] = 0.0, np.nan
    return Survival(
        age=ages, at_risk=risk, ended=deaths, survival=survival, low=low, high=high, variance=variance,
        longest=float(np.max(leave)) if len(leave) else NAN,
    )  # fmt: skip


def tabulate_risk(
    entry: Floats, leave: Floats, ended: NDArray[np.bool_], group: NDArray[np.int64], groups: int
) -> tuple[Floats, Floats, Floats]:
    """Return the ages at which lives ended, and those that ended and were at risk, shape (groups, ages)."""
    entry, leave = np.asarray(entry, np.float64), np.asarray(leave, np.float64)
    ended = np.asarray(ended, bool)
    ages, which = np.unique(leave[ended], return_inverse=True)
    size = len(ages)
    deaths = np.bincount(group[ended] * size + which, minlength=groups * size).reshape(groups, size)
    # At risk at an age: entered strictly before it, not left strictly before it
    come = group * (size + 1) + np.searchsorted(ages, entry, side="right")
    go = group * (size + 1) + np.searchsorted(ages, leave, side="right")
    cells = groups * (size + 1)
    change = np.bincount(come, minlength=cells) - np.bincount(go, minlength=cells)
    risk = np.cumsum(change.reshape(groups, size + 1), axis=1)[:, :size]
    return ages, deaths.astype(np.float64), risk.astype(np.float64)


def _crossing(age: Floats, band: Floats) -> float:
    below = np.flatnonzero(np.nan_to_num(band, nan=1.0) <= 0.5)
    return float(age[below[0]]) if len(below) else NAN
