"""FRAP: recovery of one bleached object, its half-time and mobile fraction with errors, or why they are not known.

Each object is fitted by itself: the mean of curves of different rates is no recovery curve. Light is normalised
twice, by the object before the bleach and by a neighbour that was not bleached. Theory: docs/theory/imaging-time.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from migralab.core.errors import RequestError

Floats = NDArray[np.float64]

_LEAST_POINTS = 8
_CHI2_95 = 3.841459
_AIC_GAIN = 4.0  # a second rate must earn more than this
_SIGNIFICANT = 2.5  # standard errors of an amplitude
_APART = 3.0  # two rates closer than this factor are one
_LEAST_DEPTH = 0.2  # of the light before must be gone after the bleach


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Light of a bleached object after the bleach, 1 before it.

    Parameters
    ----------
    times_s
        (n,) since the bleach.
    values, sd
        (n,) light, and its standard error (NaN where it must come from the scatter).
    bleaching_per_s
        Rate at which the neighbour faded, already taken off; NaN where there was no neighbour.
    before_s
        Time from the middle of the frames before the bleach to the bleach: fading counts from there.
    """

    times_s: Floats
    values: Floats
    sd: Floats
    bleaching_per_s: float
    before_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """Recovery of one object.

    Parameters
    ----------
    law
        ``single`` or ``double`` exponential; ``none`` where no recovery can be fitted.
    half_time_s, half_time_sd_s, half_time_between_s
        Time to half of the recovery, its standard error and 95 % profile interval; NaN where not known.
    mobile, mobile_sd
        Recovered share of what was bleached; NaN where not known.
    start, plateau
        Light just after the bleach and at the end of the recovery, of that before.
    times_s, gains
        Time constants of the law, and the light that comes back with each.
    bleaching_per_s
        Rate of fading that was fitted from the curve itself, or 0.
    aic
        By law that could be fitted.
    problem
        What cannot be told from this curve, and what would help; empty if all can.
    """

    law: str
    half_time_s: float
    half_time_sd_s: float
    half_time_between_s: tuple[float, float]
    mobile: float
    mobile_sd: float
    start: float
    plateau: float
    times_s: tuple[float, ...]
    bleaching_per_s: float
    aic: dict[str, float]
    problem: str
    gains: tuple[float, ...] = ()

    def light(self, times_s: Floats) -> Floats:
        """Return the fitted light at times after the bleach, s; the fading that was fitted with it is left out."""
        parts = [gain * -np.expm1(-times_s / tau) for gain, tau in zip(self.gains, self.times_s, strict=True)]
        return np.asarray(self.start + np.sum(parts, axis=0))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fit:
    """Amplitudes (start, one for each rate), logs of the time constants, fading, and all their covariance."""

    amplitudes: Floats
    taus: Floats
    fading: float
    covariance: Floats
    chi2: float
    aic: float


def normalise_twice(
    times_s: Floats,
    light: Floats,
    bleached_at: int,
    neighbour: Floats | None = None,
    *,
    light_sd: Floats | None = None,
) -> Curve:
    """Return the recovery of an object over its own light before and over the fading of a neighbour.

    The neighbour's fading is fitted by one exponential and that is taken off, so that its noise is not added.

    Parameters
    ----------
    times_s
        (n,) times of the frames.
    light, neighbour
        (n,) light without background, of the bleached object and of one (or the sum of some) that was not bleached.
    bleached_at
        Number of the first frame after the bleach; at least one frame before it is needed.
    light_sd
        (n,) standard error of `light`.

    Raises
    ------
    RequestError
        If there is no frame before the bleach, or no light in it.
    """
    t, object_light = np.asarray(times_s, np.float64), np.asarray(light, np.float64)
    if not 1 <= bleached_at < len(t):
        raise RequestError(
            f"bleached_at = {bleached_at}: there must be frames before and after it (1 to {len(t) - 1})."
        )
    fading, rate = np.ones_like(t), np.nan
    if neighbour is not None:
        rate = _fading(t, np.asarray(neighbour, np.float64))
        fading = np.exp(-rate * (t - t[:bleached_at].mean()))
    corrected = object_light / fading
    before = float(corrected[:bleached_at].mean())
    if not before > 0:
        raise RequestError("The object has no light before the bleach: check its place and the background.")
    spread = np.full_like(t, np.nan) if light_sd is None else np.asarray(light_sd, np.float64) / fading / before
    after = slice(bleached_at, None)
    return Curve(
        times_s=t[after] - t[bleached_at],
        values=corrected[after] / before,
        sd=spread[after],
        bleaching_per_s=rate,
        before_s=float(t[bleached_at] - t[:bleached_at].mean()),
    )


def _fading(t: Floats, light: Floats) -> float:
    """Rate of the exponential through a neighbour's light; never negative."""
    level = max(float(np.abs(light).max()), 1e-12)
    span = max(float(np.ptp(t)), 1e-12)
    slope = -np.polyfit(t / span, light / level, 1)[0]

    def residuals(p: Floats) -> Floats:
        return np.asarray(p[0] * np.exp(-p[1] * t / span) - light / level)

    found = optimize.least_squares(residuals, [1.0, max(float(slope), 0.0)], bounds=([0.0, 0.0], [10.0, 50.0]))
    return float(found.x[1] / span)


def fit_recovery(curve: Curve, *, fit_bleaching: bool = False) -> Recovery:
    """Fit one or two exponentials to a recovery, whichever AIC prefers and the data bound.

    Parameters
    ----------
    curve
        From `normalise_twice`.
    fit_bleaching
        Take the fading of the film from the curve itself, where there was no neighbour. This costs a third to a
        half more error, and two rates are then not offered: slow recovery and fading look alike.

    Raises
    ------
    RequestError
        If the curve has fewer than eight points.
    """
    t = curve.times_s
    if len(t) < _LEAST_POINTS:
        raise RequestError(f"A recovery of {len(t)} frames cannot be fitted: at least {_LEAST_POINTS} are needed.")
    if not np.isfinite(curve.sd).all():
        rough = max(float(np.std(np.diff(curve.values))) / np.sqrt(2), 1e-6)
        curve = replace(curve, sd=np.full_like(t, rough))
        first = _fit(curve, rates=1, fading=fit_bleaching)
        curve = replace(curve, sd=curve.sd * np.sqrt(max(first.chi2 / (len(t) - 3 - fit_bleaching), 1e-12)))
    single = _fit(curve, rates=1, fading=fit_bleaching)
    aic = {"single": single.aic}
    best, law = single, "single"
    if not fit_bleaching and len(t) >= 2 * _LEAST_POINTS:
        double = _fit(curve, rates=2, fading=False)
        aic["double"] = double.aic
        if double.aic < single.aic - _AIC_GAIN and _two_rates(double, t):
            best, law = double, "double"
    between = _half_time_interval(curve, single, fading=fit_bleaching) if law == "single" else (np.nan, np.nan)
    return _report(law, best, between, aic, _find_problem(best, t, between))


def _design(curve: Curve, taus: Floats, fading: float) -> Floats:
    """Columns that the amplitudes multiply: what was left at once, and what comes back at each rate."""
    t = curve.times_s
    columns = [np.ones_like(t), *(-np.expm1(-t / tau) for tau in taus)]
    return np.asarray(np.stack(columns, axis=1) * np.exp(-fading * (t + curve.before_s))[:, None])


def _amplitudes(curve: Curve, taus: Floats, fading: float) -> tuple[Floats, Floats]:
    """Best amplitudes and the weighted residuals (variable projection)."""
    design = _design(curve, taus, fading) / curve.sd[:, None]
    aim = curve.values / curve.sd
    found = np.asarray(np.linalg.lstsq(design, aim, rcond=1e-12)[0], np.float64)
    return found, design @ found - aim


def _fit(curve: Curve, *, rates: int, fading: bool, held: float | None = None) -> _Fit:
    """Best law of some rates; `held` keeps the only time constant (for a profile)."""
    t = curve.times_s
    span = float(t[-1] - t[0])
    searched = rates if held is None else 0
    low = np.r_[np.full(searched, np.log(0.1 * float(np.diff(t).min()))), np.full(int(fading), -0.5)]
    high = np.r_[np.full(searched, np.log(20 * span)), np.full(int(fading), 10.0)]

    def split(q: Floats) -> tuple[Floats, float]:
        taus = np.exp(q[:rates]) if held is None else np.array([held])
        return taus, float(q[-1]) / span if fading else 0.0

    def residuals(q: Floats) -> Floats:
        return _amplitudes(curve, *split(q))[1]

    best_q, least = np.empty(0), np.inf
    for start in _starts(span, searched, fading=fading):
        q = start
        if len(q):
            q = optimize.least_squares(residuals, np.clip(start, low + 1e-6, high - 1e-6), bounds=(low, high)).x
        chi2 = float((residuals(q) ** 2).sum())
        if chi2 < least:
            best_q, least = q, chi2
    taus, rate = split(best_q)
    taus = np.sort(taus)
    amplitudes, _ = _amplitudes(curve, taus, rate)
    k = 1 + 2 * rates + fading
    covariance = _covariance(curve, amplitudes, taus, rate, fading=fading)
    penalty = 2 * k + 2 * k * (k + 1) / max(len(t) - k - 1, 1)
    return _Fit(amplitudes=amplitudes, taus=taus, fading=rate, covariance=covariance, chi2=least, aic=least + penalty)


def _starts(span: float, rates: int, *, fading: bool) -> list[Floats]:
    more = np.array([0.1]) if fading else np.empty(0)
    if rates == 0:
        return [more]
    if rates == 1:
        return [np.r_[np.log(part * span), more] for part in (0.03, 0.15, 0.6)]
    return [np.r_[np.log(np.array(pair) * span), more] for pair in ((0.02, 0.2), (0.05, 0.5))]


def _covariance(curve: Curve, amplitudes: Floats, taus: Floats, rate: float, *, fading: bool) -> Floats:
    """Covariance of amplitudes, logs of the time constants and fading (last, if it was fitted); NaN if singular."""
    t = curve.times_s
    design = _design(curve, taus, rate)
    fade = np.exp(-rate * (t + curve.before_s))
    columns = [design]
    for amplitude, tau in zip(amplitudes[1:], taus, strict=True):
        columns.append((-amplitude * np.exp(-t / tau) * t / tau * fade)[:, None])
    if fading:
        columns.append((-(t + curve.before_s) * (design @ amplitudes))[:, None])
    slopes = np.hstack(columns) / curve.sd[:, None]
    information = slopes.T @ slopes
    scale = np.sqrt(np.maximum(np.diag(information), 1e-300))
    correlation = information / np.outer(scale, scale)
    if np.linalg.cond(correlation) > 1e12:
        return np.full_like(information, np.nan)
    return np.asarray(np.linalg.inv(correlation) / np.outer(scale, scale))


def _two_rates(fit: _Fit, t: Floats) -> bool:
    """Whether the data bound both rates: each amplitude stands out, the times differ, the slow one levels off."""
    errors = np.sqrt(np.diag(fit.covariance))
    if not np.isfinite(errors).all():
        return False
    stands_out = bool((fit.amplitudes[1:] > _SIGNIFICANT * errors[1:3]).all())
    return stands_out and fit.taus[1] > _APART * fit.taus[0] and fit.taus[1] < 0.7 * float(t[-1])


def _half_time_interval(curve: Curve, fit: _Fit, *, fading: bool) -> tuple[float, float]:
    """95 % interval of ln 2 times the time constant: where the refitted chi2 is higher by the quantile."""

    def excess(log_tau: float) -> float:
        return _fit(curve, rates=1, fading=fading, held=float(np.exp(log_tau))).chi2 - fit.chi2 - _CHI2_95

    centre = float(np.log(fit.taus[0]))
    t = curve.times_s
    low = _crossing(excess, centre, -1.0, float(np.log(0.1 * np.diff(t).min())))
    high = _crossing(excess, centre, 1.0, float(np.log(20 * t[-1])))
    return float(np.log(2) * np.exp(low)), float(np.log(2) * np.exp(high))


def _crossing(excess: Callable[[float], float], centre: float, side: float, limit: float) -> float:
    """Where a profile crosses 0, going away from the centre; infinite where it does not before the limit."""
    inner, reach = centre, 0.1
    while (limit - inner) * side > 1e-9:
        outer = centre + side * reach
        outer = limit if (outer - limit) * side > 0 else outer
        if excess(outer) > 0:
            return float(optimize.brentq(excess, inner, outer, xtol=1e-3)) if excess(inner) < 0 else inner
        inner, reach = outer, reach * 1.8
    return side * np.inf


def _find_problem(fit: _Fit, t: Floats, between: tuple[float, float]) -> str:
    """Return what the curve cannot tell, in words for the user."""
    start = fit.amplitudes[0]
    if start > 1 - _LEAST_DEPTH:
        return f"only {1 - start:.0%} of the light was bleached: bleach deeper, or check the frame of the bleach"
    amplitude = float(fit.amplitudes[1:].sum())
    known = bool(np.isfinite(fit.covariance).all())
    size = len(fit.amplitudes)
    error = float(np.sqrt(max(fit.covariance[1:size, 1:size].sum(), 0.0))) if known else np.inf
    endless = between[1] == np.inf or not known
    if (endless and between[0] == 0.0) or (not endless and not amplitude > _SIGNIFICANT * error):
        return "no recovery stands out of the noise, so there is no half-time; collect more light from this object"
    if endless:
        return (
            f"the recovery does not level off within {t[-1]:.3g} s: neither mobile fraction nor half-time is bounded; "
            "film longer, or measure the fading on a neighbour"
        )
    if between[0] == 0.0 or fit.taus[0] < 0.5 * float(np.diff(t).min()):
        return "the recovery is over within the first frames: the half-time has no lower bound; film faster"
    return ""


def _report(law: str, fit: _Fit, between: tuple[float, float], aic: dict[str, float], problem: str) -> Recovery:
    start, gained = float(fit.amplitudes[0]), float(fit.amplitudes[1:].sum())
    half, half_sd = _half_time(fit)
    mobile = gained / (1 - start) if start < 1 else np.nan
    slope = np.zeros(len(fit.covariance))
    if start < 1:
        slope[0] = mobile / (1 - start)
        slope[1 : len(fit.amplitudes)] = 1 / (1 - start)
    variance = float(slope @ fit.covariance @ slope)
    if law == "double" and np.isfinite(half_sd):
        between = (max(half - 1.96 * half_sd, 0.0), half + 1.96 * half_sd)
    unknown = bool(problem)
    return Recovery(
        law="none" if unknown else law,
        half_time_s=np.nan if unknown else half,
        half_time_sd_s=np.nan if unknown else half_sd,
        half_time_between_s=between,
        mobile=np.nan if unknown else mobile,
        mobile_sd=np.nan if unknown else float(np.sqrt(variance)),
        start=start,
        plateau=start + gained,
        times_s=tuple(float(tau) for tau in fit.taus),
        bleaching_per_s=fit.fading,
        aic=aic,
        problem=problem,
        gains=tuple(float(gain) for gain in fit.amplitudes[1:]),
    )


def _half_time(fit: _Fit) -> tuple[float, float]:
    """Time to half of what comes back, and its standard error by first order."""
    size = len(fit.amplitudes)
    errors = fit.covariance
    if size == 2:
        half = float(np.log(2) * fit.taus[0])
        return half, half * float(np.sqrt(errors[2, 2]))

    def half_of(p: Floats) -> float:
        a, taus = p[1:size], np.exp(p[size : size + 2])
        rest = float(a.sum()) / 2
        return float(optimize.brentq(lambda time: float((a * np.exp(-time / taus)).sum()) - rest, 0.0, 50 * taus.max()))

    p = np.r_[fit.amplitudes, np.log(fit.taus)]
    centre = half_of(p)
    slope = np.array([(half_of(p + step) - half_of(p - step)) / 2e-4 for step in np.eye(len(p)) * 1e-4])
    return centre, float(np.sqrt(max(slope @ errors @ slope, 0.0)))
