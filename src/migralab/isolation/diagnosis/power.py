r"""How often a study sees the difference, and how many subjects a group that takes.

The test is the two-sided Wilcoxon-Mann-Whitney test with the correction for ties and for continuity. Its size comes
from simulated studies; beside it stands the large-sample law of the same test (eq-rank-power)::

    n solves  AUC - 1/2 = z_{1-alpha/2} s0(n) + z_power s1(n)
    s0^2 = (2n + 1)/(12 n^2) * ties,    s1^2 = (var(V10) + var(V01))/n

with the spreads of DeLong's components in the population. Noether's formula is its limit for small differences.
Only a claim in the direction that is looked for counts as power; one in the other direction is counted apart.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri, stdtr
from scipy.stats import rankdata

from migralab.isolation.diagnosis.cohort import draw_both
from migralab.isolation.diagnosis.plan import Plan
from migralab.isolation.diagnosis.roc import find_components
from migralab.measure.statistics.interval import wilson_interval

Floats = NDArray[np.float64]
Claims = NDArray[np.bool_]
Progress = Callable[[int, int], None]
LARGEST = 2000
"""Subjects a group beyond which no study is simulated."""
_SUBJECTS = 6_000_000  # drawn in all for one curve: half a minute; larger studies are simulated less often
_GRID = (0.25, 0.5, 0.7, 0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 2.0)  # of the size that the large-sample law says


@dataclass(frozen=True, slots=True, kw_only=True)
class Needed:
    """Subjects a group for a power.

    Parameters
    ----------
    power
        What is wanted.
    n
        From simulated studies; None where it is beyond `LARGEST`.
    low, high
        95 % limits that follow from the number of simulated studies alone.
    large_sample, noether
        The same from eq-rank-power and eq-noether, in the same population; infinite without a difference.
    """

    power: float
    n: int | None
    low: int | None
    high: int | None
    large_sample: float
    noether: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerCurve:
    """Power by subjects a group, with 95 % limits over the simulated studies.

    `wrong` is the share of studies that claim the opposite.
    """

    n: tuple[int, ...]
    power: Floats
    low: Floats
    high: Floats
    wrong: Floats
    studies: int


def compare_ranks(controls: Floats, patients: Floats) -> Floats:
    """Return two-sided p-values of the rank test, one for each study.

    Parameters
    ----------
    controls, patients
        (studies, m), (studies, n).
    """
    return _two_sided(_score_ranks(controls, patients))


def _two_sided(z: Floats) -> Floats:
    return np.asarray(2 * ndtr(-np.abs(z)), np.float64)


def claim_ranks(controls: Floats, patients: Floats, alpha: float) -> tuple[Claims, Claims]:
    """Return which studies have p < `alpha` in the rank test with patients higher, and which with patients lower."""
    z = _score_ranks(controls, patients)
    return _split(_two_sided(z), z, alpha)


def _split(p: Floats, difference: Floats, alpha: float) -> tuple[Claims, Claims]:
    return (p < alpha) & (difference > 0), (p < alpha) & (difference < 0)


def _score_ranks(controls: Floats, patients: Floats) -> Floats:
    """Return z of the rank test, above 0 where patients are higher, (studies,)."""
    m, n = controls.shape[1], patients.shape[1]
    total = m + n
    ranks = rankdata(np.concatenate([controls, patients], axis=1), axis=1)
    u = ranks[:, m:].sum(axis=1) - n * (n + 1) / 2
    # Average ranks lose sum(t^3 - t)/12 of the sum of squares of untied ones
    ties = total * (total + 1) * (2 * total + 1) / 6 - np.square(ranks).sum(axis=1)
    variance = m * n / 12 * (total + 1 - 12 * ties / (total * (total - 1)))
    above = u - m * n / 2
    distance = np.sign(above) * np.maximum(np.abs(above) - 0.5, 0.0)
    z = np.divide(distance, np.sqrt(variance), out=np.zeros_like(distance), where=variance > 1e-9)
    return np.asarray(z, np.float64)


def claim_logarithms(controls: Floats, patients: Floats, alpha: float) -> tuple[Claims, Claims]:
    """Return which studies have p < `alpha` in Welch's test with patients higher, and which with patients lower."""
    return _split(*compare_logarithms(controls, patients), alpha)


def compare_logarithms(controls: Floats, patients: Floats) -> tuple[Floats, Floats]:
    """Return two-sided p-values of Welch's t-test on logarithms, and differences of their means, (studies,) each.

    NaN where a study has a value of 0.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = [np.log(group) for group in (controls, patients)]
        means = [group.mean(axis=1) for group in logs]
        errors = [group.var(axis=1, ddof=1) / group.shape[1] for group in logs]
        both = errors[0] + errors[1]
        parts = sum(error**2 / (group.shape[1] - 1) for error, group in zip(errors, logs, strict=True))
        difference = means[1] - means[0]
        return np.asarray(2 * stdtr(both**2 / parts, -np.abs(difference) / np.sqrt(both)), np.float64), difference


def solve_size(controls: Floats, patients: Floats, alpha: float, power: float) -> float:
    """Return subjects a group by the large-sample law of the rank test (eq-rank-power) in a large population."""
    left, right = find_components(controls[None, :], patients[None, :])
    area = float(right.mean())
    spread = float(left.var() + right.var())
    _, counts = np.unique(np.concatenate([controls, patients]), return_counts=True)
    share = counts / counts.sum()
    ties = 1.0 - float(np.sum(share**3))
    gap = area - 0.5
    if gap < 1e-9:
        return math.inf

    def surplus(n: float) -> float:
        null = math.sqrt((2 * n + 1) / (12 * n * n) * ties)
        return gap - float(ndtri(1 - alpha / 2)) * null - float(ndtri(power)) * math.sqrt(spread / n)

    low, high = 1.0, 4.0
    while surplus(high) < 0 and high < 1e9:
        low, high = high, 2 * high
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if surplus(middle) > 0 else (middle, high)
    return high


def choose_sizes(guess: float, planned: int) -> tuple[int, ...]:
    """Return the study sizes that are simulated: around the guess, and the planned one."""
    around = {round(part * min(guess, LARGEST)) for part in _GRID}
    return tuple(sorted(n for n in {*around, planned} if 2 <= n <= LARGEST))


def simulate_power(
    plan: Plan, seed: int, sizes: Sequence[int], studies: int, alpha: float, progress: Progress | None = None
) -> PowerCurve:
    """Return the share of simulated studies with p < `alpha` and patients higher, for each size.

    The first n subjects of a study are the study of n, so the curve is smooth; its points are not independent.
    """
    most = max(sizes)
    studies = max(200, min(studies, _SUBJECTS // (2 * most * plan.samples)))
    step = max(1, min(250, 200_000 // (2 * most)))
    hits = np.zeros((2, len(sizes)))
    for start in range(0, studies, step):
        controls, patients = draw_both(plan, seed, range(start, min(start + step, studies)), most)
        claims = [claim_ranks(controls[:, :n], patients[:, :n], alpha) for n in sizes]
        hits += np.array([[right.sum(), wrong.sum()] for right, wrong in claims]).T
        if progress is not None:
            progress(min(start + step, studies), studies)
    limits = np.array([wilson_interval(round(hit), studies) for hit in hits[0]])
    power, wrong = hits / studies
    return PowerCurve(
        n=tuple(sizes), power=power, low=limits[:, 0], high=limits[:, 1], wrong=wrong, studies=studies
    )  # fmt: skip


def read_size(curve: PowerCurve, power: float) -> tuple[int | None, int | None, int | None]:
    """Return the least n with this power and its limits, from straight lines in sqrt(n) between the points."""
    return (
        _crossing(curve, curve.power, power),
        _crossing(curve, curve.high, power),
        _crossing(curve, curve.low, power),
    )


def _crossing(curve: PowerCurve, values: Floats, power: float) -> int | None:
    rising = np.maximum.accumulate(values)
    if rising[-1] < power:
        return None
    right = int(np.argmax(rising >= power))
    if right == 0:
        return curve.n[0]
    ends = np.sqrt([curve.n[right - 1], curve.n[right]])
    share = (power - rising[right - 1]) / (rising[right] - rising[right - 1])
    return math.ceil(float(ends[0] + share * (ends[1] - ends[0])) ** 2 - 1e-9)
