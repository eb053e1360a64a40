"""Lifetimes of migrasomes from appearance to disappearance, by Kaplan-Meier with late entry."""

from __future__ import annotations

import math

import numpy as np

from migralab.core.errors import RequestError
from migralab.measure.readout import NAN
from migralab.measure.statistics.interval import percentile_interval, resample
from migralab.measure.statistics.survival import Survival, estimate_survival, tabulate_risk
from migralab.measure.view import Estimate, Floats, Ints, Mask, View, join, missing

HORIZON_MIN = 360.0  # half of the usual 12 h film
STATISTICS = ("mean", "restricted_mean", "median")
_RESAMPLES = 200
_GRID, _MANY = 500, 1000
_LARGEST_TAIL = 0.2

Lives = tuple[Ints, Floats, Floats, Mask]


def measure_lifetime(view: View, *, statistic: str = "mean", horizon_min: float = HORIZON_MIN) -> Estimate:
    """Return mean, restricted mean or median lifetime, min.

    The mean needs the whole curve: what outlives the film is given an exponential tail at the mean rate, and
    the mean is not stated where more than a fifth does. The restricted mean asks nothing beyond its horizon.

    Parameters
    ----------
    view
        Frame of an experiment; lives are observed up to its time.
    statistic
        ``mean``, ``restricted_mean`` (mean time spent up to the horizon) or ``median``.
    horizon_min
        Horizon of the restricted mean, min.
    """
    if statistic not in STATISTICS:
        raise RequestError(f"statistic = '{statistic}' of a lifetime is unknown. Allowed: {', '.join(STATISTICS)}.")
    lives, note = _lives(view)
    if not len(lives[0]):
        return missing(join("no life of known beginning under observation", note))
    curve = _curve(view)
    value, reason = _summary(curve, lives, statistic, horizon_min)
    if math.isnan(value):
        return missing(join(reason, note))
    note = join(f"from {len(lives[0])} lives, {int((~lives[3]).sum())} censored", reason, note)
    how = f"Kaplan-Meier with late entry: {statistic.replace('_', ' ')}"
    if statistic == "restricted_mean":
        how += f" up to {horizon_min:g} min"
    owner = view.owner(lives[0])
    if view.n_cells > 1 and (owner < view.n_cells).mean() > 0.5:
        return view.estimate(value, _bootstrap(view, owner, lives, statistic, horizon_min), how, note)
    low, high = _greenwood(curve, value, statistic, horizon_min)
    note = join(note, "owners unknown: Greenwood interval, which takes lives of one cell as independent")
    return Estimate(
        value=value, low=low, high=high, n=1, n_unit="experiments", method=f"{how}; one experiment", note=note
    )


def trace_survival(view: View) -> Survival:
    """Return the survival curve of one experiment, with Greenwood's band."""
    return _curve(view)


def _curve(view: View) -> Survival:
    if "survival" not in view.memo:
        view.memo["survival"] = estimate_survival(*_lives(view)[0][1:])
    found: Survival = view.memo["survival"]
    return found


def _lives(view: View) -> tuple[Lives, str]:
    """Return owner, age at entry, age at the end and whether it ended, for lives of known beginning."""
    if "lives" not in view.memo:
        view.memo["lives"] = _gather(view)
    found: tuple[Lives, str] = view.memo["lives"]
    return found


def _gather(view: View) -> tuple[Lives, str]:
    rows = view.lives
    column = {name: rows[name].to_numpy(np.float64) for name in (
        "entered_min", "appeared_min", "stabilised_min", "gone_min", "last_min"
    )}  # fmt: skip
    last = np.minimum(column["last_min"], view.time_min)
    gone = np.nan_to_num(column["gone_min"], nan=np.inf)
    # A precursor counts only once it has been stabilised: from then on it is under observation
    entered = np.fmax(column["entered_min"], column["stabilised_min"])
    leave = np.minimum(gone, last)
    known = ~np.isnan(column["appeared_min"]) & ~np.isnan(entered)
    used = known & (leave > entered)
    begun = column["appeared_min"][used]
    unknown = int((~known).sum())
    note = f"{unknown} lives that began at an unknown time left out" if unknown else ""
    ids = rows["cell_id"].to_numpy(np.int64)[used]
    return (ids, entered[used] - begun, leave[used] - begun, (gone <= last)[used]), note


def _summary(curve: Survival, lives: Lives, statistic: str, horizon: float) -> tuple[float, str]:
    if statistic == "median":
        return curve.median, "" if not math.isnan(curve.median) else "more than half outlive the observation"
    if statistic == "restricted_mean":
        value = curve.restricted_mean(horizon)[0]
        reason = f"nobody was observed up to {horizon:g} min; choose a horizon below {curve.longest:.0f} min"
        return value, reason if math.isnan(value) else ""
    left = curve.at(curve.longest)
    if left > _LARGEST_TAIL or not lives[3].any():
        return (
            NAN,
            f"{left:.0%} outlive the longest observation ({curve.longest:.0f} min): the mean is not known",
        )
    tail = left * float((lives[2] - lives[1]).sum() / lives[3].sum())
    value = curve.restricted_mean(curve.longest)[0] + tail
    return value, f"{tail / value:.0%} of it is an exponential tail" if tail > 0 else ""


def _bootstrap(view: View, owner: Ints, lives: Lives, statistic: str, horizon: float) -> tuple[float, float]:
    """Return the interval over cells: their lives stay together in each resample."""
    _, entry, leave, ended = lives
    if "survival over cells" not in view.memo:
        weights = resample(view.n_cells, _RESAMPLES)
        start, stop = entry, leave
        if len(leave) > _MANY:
            # On a grid of 1/500 of the longest life: for the interval that is exact enough, and it is fast
            grid = float(leave.max()) / _GRID
            start, stop = np.floor(entry / grid) * grid, np.ceil(leave / grid) * grid
        ages, deaths, risk = tabulate_risk(start, stop, ended, owner, view.n_cells + 1)
        died, there = (weights @ part[: view.n_cells] for part in (deaths, risk))
        view.memo["survival over cells"] = ages, np.cumprod(1.0 - died / np.maximum(there, 1.0), axis=1)
    ages, survival = view.memo["survival over cells"]
    if statistic == "median":
        below = survival <= 0.5
        return percentile_interval(np.where(below.any(axis=1), ages[np.argmax(below, axis=1)], np.nan))
    end = horizon if statistic == "restricted_mean" else float(leave.max())
    inside = int(np.searchsorted(ages, end))
    steps = np.diff(np.concatenate([[0.0], ages[:inside], [end]]))
    mean = steps[0] + survival[:, :inside] @ steps[1:]
    if statistic == "mean":
        weights = resample(view.n_cells, _RESAMPLES)
        stayed, died = (view.per_cell(lives[0], part)[0] for part in (leave - entry, ended.astype(np.float64)))
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = mean + survival[:, -1] * (weights @ stayed) / (weights @ died)
    return percentile_interval(mean)


def _greenwood(curve: Survival, value: float, statistic: str, horizon: float) -> tuple[float, float]:
    if statistic == "median":
        return curve.median_interval
    _, error = curve.restricted_mean(horizon if statistic == "restricted_mean" else curve.longest)
    return value - 1.96 * error, value + 1.96 * error
