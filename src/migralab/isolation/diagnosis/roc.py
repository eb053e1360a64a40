r"""ROC curves: area with DeLong's interval, sensitivity at a specificity that is kept.

With :math:`V_{10}` of each control and :math:`V_{01}` of each patient the share of the other group on the right side of
it (ties count half), the area is the mean of either, and (eq-auc-delong)::

    var(AUC) = var(V10)/m + var(V01)/n

The interval is symmetric on the logit of the area, so that it stays within 0 and 1. Where the groups do not overlap
the variance is 0 and says nothing; then the end is Wilson's for as many hits in a row as the smaller group has.

References
----------
DeLong et al. 1988; Clopper and Pearson 1934
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, expit, logit, ndtri
from scipy.stats import rankdata

from migralab.measure.statistics.interval import wilson_interval

Floats = NDArray[np.float64]
_RESAMPLES = 2000
_SEED = 19880901  # any fixed number: the same data always give the same interval
Z95 = float(ndtri(0.975))


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """Areas under ROC curves, one for each study, with 95 % limits; arrays of one shape."""

    value: Floats
    low: Floats
    high: Floats


def find_areas(controls: Floats, patients: Floats) -> Area:
    """Return the area under the ROC curve of each study with DeLong's interval (eq-auc-delong).

    Parameters
    ----------
    controls, patients
        (studies, m) and (studies, n) values; more in patients is what the test calls ill.
    """
    left, right = find_components(controls, patients)
    m, n = left.shape[1], right.shape[1]
    value = right.mean(axis=1)
    sd = np.sqrt(left.var(axis=1, ddof=1) / m + right.var(axis=1, ddof=1) / n)
    inside = (value > 0) & (value < 1)
    safe = np.where(inside, value, 0.5)
    half = Z95 * sd / (safe * (1 - safe))
    low, high = expit(logit(safe) - half), expit(logit(safe) + half)
    least = wilson_interval(min(m, n), min(m, n))[0]
    low = np.where(inside, low, np.where(value >= 1, least, 0.0))
    high = np.where(inside, high, np.where(value >= 1, 1.0, 1.0 - least))
    return Area(value=value, low=low, high=high)


def find_components(controls: Floats, patients: Floats) -> tuple[Floats, Floats]:
    """Return for each control the share of patients above it, and for each patient the share of controls below it."""
    m, n = controls.shape[1], patients.shape[1]
    ranks = rankdata(np.concatenate([controls, patients], axis=1), axis=1)
    left = 1.0 - (ranks[:, :m] - rankdata(controls, axis=1)) / n
    right = (ranks[:, m:] - rankdata(patients, axis=1)) / m
    return left, right


def find_thresholds(controls: Floats, specificity: float) -> Floats:
    """Return the lowest value above which at most a share ``1 - specificity`` of each row of controls lies."""
    place = int(np.ceil(specificity * controls.shape[1] - 1e-9)) - 1
    return np.asarray(np.sort(controls, axis=1)[:, max(place, 0)], np.float64)


def find_sensitivities(controls: Floats, patients: Floats, specificity: float) -> Floats:
    """Return the share of patients above the threshold that keeps the specificity, for each study."""
    above = patients > find_thresholds(controls, specificity)[:, None]
    return np.asarray(above.mean(axis=1), np.float64)


def find_sensitivity_limits(controls: Floats, patients: Floats, specificity: float) -> tuple[float, float]:
    """Return 95 % limits of the sensitivity of one study.

    The wider of two on either side: a bootstrap over subjects that finds the threshold anew, and Clopper-Pearson's for
    as many patients at the threshold that was found. The first collapses where nearly all patients lie above it, the
    second does not know that the threshold moves.
    """
    rng = np.random.Generator(np.random.Philox(key=_SEED))
    drawn = [group[rng.integers(0, len(group), (_RESAMPLES, len(group)))] for group in (controls, patients)]
    low, high = np.quantile(find_sensitivities(drawn[0], drawn[1], specificity), [0.025, 0.975])
    n = len(patients)
    hits = round(n * float(find_sensitivities(controls[None], patients[None], specificity)[0]))
    least = float(betaincinv(hits, n - hits + 1, 0.025)) if hits else 0.0
    most = float(betaincinv(hits + 1, n - hits, 0.975)) if hits < n else 1.0
    return min(float(low), least), max(float(high), most)


def trace_curve(controls: Floats, patients: Floats) -> tuple[Floats, Floats]:
    """Return the ROC curve of one study: share of controls and of patients at or above each threshold, from 0 to 1."""
    cuts = np.unique(np.concatenate([controls, patients]))[::-1]
    m, n = np.sort(controls), np.sort(patients)
    wrong = 1.0 - np.searchsorted(m, cuts, side="left") / len(m)
    right = 1.0 - np.searchsorted(n, cuts, side="left") / len(n)
    return np.concatenate([[0.0], wrong]), np.concatenate([[0.0], right])
