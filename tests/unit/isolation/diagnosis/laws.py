"""Closed forms that the simulated studies are held against."""

from __future__ import annotations

import math

from scipy.special import ndtr
from scipy.stats import nct, t


def find_binormal_area(shift: float, sd_controls: float, sd_patients: float) -> float:
    """Return the area under the ROC curve of two normal groups, ``Phi(shift / sqrt(s0^2 + s1^2))``."""
    return float(ndtr(shift / math.hypot(sd_controls, sd_patients)))


def find_t_power(n: int, shift: float, sd: float, alpha: float) -> float:
    """Return the power of the two-sided t-test of two normal groups of `n` with the same spread (non-central t)."""
    freedom = 2 * n - 2
    centre = shift / (sd * math.sqrt(2 / n))
    edge = t.ppf(1 - alpha / 2, freedom)
    return float(nct.sf(edge, freedom, centre) + nct.cdf(-edge, freedom, centre))
