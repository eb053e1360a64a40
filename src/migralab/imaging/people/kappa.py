"""Cohen's kappa with its large-sample interval, and what it can say of detections."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_Z = 1.959963984540054


@dataclass(frozen=True, slots=True, kw_only=True)
class Kappa:
    """Agreement beyond chance.

    Parameters
    ----------
    value, low, high
        Kappa and its 95 % interval; NaN where it cannot be known.
    n
        Objects that were judged by both.
    negatives
        What the negatives are: kappa is meaningless without that word.
    """

    value: float
    low: float
    high: float
    n: int
    negatives: str


def cohen_kappa(table: NDArray[np.int64], *, negatives: str = "") -> Kappa:
    """Return Cohen's kappa of two observers who put the same objects into the same classes (eq-kappa).

    Parameters
    ----------
    table
        (k, k) counts: row the class of the first observer, column that of the second.
    negatives
        What the objects are that neither called positive.

    References
    ----------
    Cohen 1960; Fleiss, Cohen and Everitt 1969 (standard error)
    """
    counts = np.asarray(table, np.float64)
    n = counts.sum()
    if n == 0:
        return Kappa(value=math.nan, low=math.nan, high=math.nan, n=0, negatives=negatives)
    share = counts / n
    row, column = share.sum(axis=1), share.sum(axis=0)
    seen, chance = float(np.trace(share)), float(row @ column)
    if chance >= 1:  # both put everything into one class: nothing to agree about
        return Kappa(value=math.nan, low=math.nan, high=math.nan, n=int(n), negatives=negatives)
    kappa = (seen - chance) / (1 - chance)
    spread = _spread(share, kappa, chance)
    half = _Z * math.sqrt(max(spread, 0.0) / n) / (1 - chance)
    return Kappa(value=kappa, low=max(kappa - half, -1.0), high=min(kappa + half, 1.0), n=int(n), negatives=negatives)


def _spread(share: NDArray[np.float64], kappa: float, chance: float) -> float:
    """Return ``n (1 - chance)^2`` times the variance of kappa."""
    row, column = share.sum(axis=1), share.sum(axis=0)
    margins = column[:, None] + row[None, :]  # of class i as column and class j as row
    same = np.diag(share) * (1 - np.diag(margins) * (1 - kappa)) ** 2
    others = share * margins**2 * (1 - kappa) ** 2
    np.fill_diagonal(others, 0.0)
    return float(same.sum() + others.sum() - (kappa - chance * (1 - kappa)) ** 2)


def detection_kappa(both: int, only_first: int, only_second: int, negatives: int | None) -> Kappa:
    """Return kappa of marking a candidate or not.

    Two observers who mark freely have no negatives: nothing lists what both left out, and on the union of their
    marks alone kappa cannot be above 0 however well they agree. It is then unknown. As negatives grow without
    limit, kappa goes to F1 (Hripcsak and Rothschild 2005), which is why F1 is reported beside it.

    Parameters
    ----------
    both, only_first, only_second
        Candidates that both or one of the two marked.
    negatives
        Candidates that somebody else offered and neither marked; None where nobody did.
    """
    if negatives is None:
        n = both + only_first + only_second
        word = "none known: give candidates of a third observer or of the program at a low threshold"
        return Kappa(value=math.nan, low=math.nan, high=math.nan, n=n, negatives=word)
    word = f"{negatives} candidates offered by another that neither marked; kappa depends on how many were offered"
    return cohen_kappa(np.array([[both, only_first], [only_second, negatives]]), negatives=word)
