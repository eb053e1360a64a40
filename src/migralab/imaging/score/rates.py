"""Precision, recall and F1 over images, with bounds: from other images, and from the pooled counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from migralab.core.errors import RequestError
from migralab.imaging.score.matching import Counts

_ROUNDS = 4000
_Z = 1.959964  # 95 %


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A rate with its 95 % bounds.

    Parameters
    ----------
    value
        Over all images together.
    low, high
        Bootstrap over images (percentiles): what other images of the kind would give. NaN for one image.
    pooled_low, pooled_high
        Wilson's bounds from the pooled counts, as if every object were drawn on its own.
    """

    value: float
    low: float
    high: float
    pooled_low: float
    pooled_high: float

    def __str__(self) -> str:
        """Return ``0.95 (0.93-0.97)``, with the wider of the two pairs of bounds."""
        low, high = np.nanmin([self.low, self.pooled_low]), np.nanmax([self.high, self.pooled_high])
        return f"{self.value:.3f} ({low:.3f}-{high:.3f})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Precision, recall and F1 of a set of images, and how many true objects they hold."""

    precision: Rate
    recall: Rate
    f1: Rate
    objects: int


def rate_images(counts: Sequence[Counts], *, seed: int = 0) -> Rates:
    """Return precision, recall and F1 of images with their bounds.

    F1 is ``2 TP / (2 TP + FP + FN)``. Its pooled bounds are those of Wilson for ``J = TP / (TP + FP + FN)``, a
    share of one set of objects, carried over by ``F1 = 2 J / (1 + J)`` (eq-jaccard).

    Parameters
    ----------
    counts
        One for each image.
    seed
        Of the bootstrap.

    Raises
    ------
    RequestError
        If there is no image.
    """
    if not counts:
        raise RequestError("There is no image to rate. Score at least one.")
    table = np.array([(c.true_positives, c.false_positives, c.false_negatives) for c in counts], np.float64)
    draw = np.random.default_rng(seed)
    again = table[draw.integers(len(table), size=(_ROUNDS, len(table)))].sum(axis=1)
    hits, extra, missed = table.sum(axis=0)
    jaccard = wilson(hits, hits + extra + missed)
    f1_pooled = (2 * jaccard[0] / (1 + jaccard[0]), 2 * jaccard[1] / (1 + jaccard[1]))
    several = len(table) > 1
    return Rates(
        precision=_rate(table, again, (1, 1, 0), wilson(hits, hits + extra), several=several),
        recall=_rate(table, again, (1, 0, 1), wilson(hits, hits + missed), several=several),
        f1=_rate(table, again, (2, 1, 1), f1_pooled, several=several),
        objects=int(hits + missed),
    )


def _rate(
    table: np.ndarray,
    again: np.ndarray,
    weights: tuple[int, int, int],
    pooled: tuple[float, float],
    *,
    several: bool,
) -> Rate:
    value = float(_share(table.sum(axis=0)[None], weights)[0])
    shares = _share(again, weights)
    low, high = np.nanpercentile(shares, [2.5, 97.5]) if several and np.isfinite(shares).any() else (np.nan, np.nan)
    return Rate(value=value, low=float(low), high=float(high), pooled_low=pooled[0], pooled_high=pooled[1])


def _share(table: np.ndarray, weights: tuple[int, int, int]) -> np.ndarray:
    """Hits over the weighted sum; NaN where nothing was there to be found."""
    whole = table @ np.array(weights, np.float64)
    return np.asarray(np.divide(weights[0] * table[:, 0], whole, out=np.full(len(table), np.nan), where=whole > 0))


def wilson(successes: float, trials: float) -> tuple[float, float]:
    """Return Wilson's 95 % bounds of a share; 0 to 1 where nothing was tried."""
    if trials <= 0:
        return 0.0, 1.0
    share, z2 = successes / trials, _Z**2
    middle = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    half = _Z / (1 + z2 / trials) * np.sqrt(share * (1 - share) / trials + z2 / (4 * trials**2))
    return float(max(middle - half, 0.0)), float(min(middle + half, 1.0))
