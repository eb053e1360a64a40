"""Closed forms beside the simulation: size of a rank test, subjects for the width of a share.

References
----------
Noether 1987; Buderer 1996; Wilson 1927
"""

from __future__ import annotations

import math

from scipy.special import ndtri
from scipy.stats import binom

_MOST = 10_000_000


def find_noether_size(area: float, alpha: float, power: float) -> float:
    """Return subjects a group for Wilcoxon's test by Noether's formula (eq-noether).

    ``n = (z_{1 - alpha/2} + z_power)^2 / (6 (AUC - 1/2)^2)`` for two groups of one size; infinite for an area of 1/2.
    """
    if area == 0.5:
        return math.inf
    return float((ndtri(1 - alpha / 2) + ndtri(power)) ** 2 / (6 * (area - 0.5) ** 2))


def count_for_width(share: float, width: float) -> int:
    """Return how many independent subjects make Wilson's 95 % interval of a share as narrow as `width`."""

    def spans(n: int) -> float:
        # The expected number of hits need not be whole: Wilson's width is smooth in it
        z2 = float(ndtri(0.975)) ** 2
        return 2 * math.sqrt(z2 * (n * share * (1 - share) + z2 / 4)) / (n + z2)

    low, high = 1, 2
    while spans(high) > width and high < _MOST:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if spans(middle) > width else (low, middle)
    return high


def count_for_assurance(events: int, chance: float, assurance: float) -> int:
    """Return the least number of subjects of whom `events` have the event with at least this probability."""
    low, high = events, max(2 * events, 2)
    while binom.sf(events - 1, high, chance) < assurance and high < _MOST:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        enough = binom.sf(events - 1, middle, chance) >= assurance
        low, high = (low, middle) if enough else (middle, high)
    return high
