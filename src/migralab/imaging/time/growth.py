"""Growth of one vesicle: a saturating, a straight or no growth, with errors, from diameters that have errors.

The saturating law is d(t) = d_inf (1 - exp(-(t - t0) / tau)), 0 before t0. A diameter below the resolution is an
upper limit: it counts with the chance to lie below it, and is neither left out nor taken for a size.
Theory: docs/theory/imaging-time.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from migralab.core.errors import RequestError

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

_HALF_CHI2 = 1.920729  # half of the 95 % quantile of chi2 with one degree of freedom
_ROOT = 1.959964
_CLOSE = 0.01
_LEAST_POINTS = 4
_WIDEST = 30.0  # profiles are followed to this factor of tau and d_inf
_TAUS = np.geomspace(0.03, 10.0, 24)  # starts, in lengths of the film
_NAMES = {
    "saturating": ("d_inf_um", "tau_min", "t0_min"),
    "linear": ("d_start_um", "slope_um_per_min"),
    "none": ("d_um",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """One law with its best parameters.

    Parameters
    ----------
    law
        ``saturating``, ``linear`` or ``none``.
    values, sds
        By parameter: ``d_inf_um, tau_min, t0_min``; ``d_start_um, slope_um_per_min``; ``d_um``.
        Standard errors from the curvature at the best place; NaN where it has none.
    intervals
        95 % intervals by profile likelihood; an end that the data do not bound is infinite. Empty for the worse of
        the two laws without saturation.
    deviance
        Minus twice the logarithm of the likelihood, without the constant.
    aic
        Akaike's criterion with the correction for few points.
    """

    law: str
    values: dict[str, float]
    sds: dict[str, float]
    intervals: dict[str, tuple[float, float]]
    deviance: float
    aic: float

    def diameter(self, times_min: Floats) -> Floats:
        """Return the diameter at given times, um."""
        return _MODELS[self.law](np.array(list(self.values.values())), np.asarray(times_min, np.float64))


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """How one vesicle grew.

    Parameters
    ----------
    best
        Law of the lowest AIC among those whose parameters the data bound.
    fits
        All laws that were fitted.
    weights
        Akaike weight of each.
    sd_um
        Error of a diameter where none was given, from the scatter about the richest law; NaN where given.
    points, limits
        Diameters used, and how many of them are upper limits.
    note
        Why a law was not offered; empty if nothing is to be said.
    """

    best: Fitted
    fits: dict[str, Fitted]
    weights: dict[str, float]
    sd_um: float
    points: int
    limits: int
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Data:
    t: Floats
    d: Floats
    sd: Floats
    limit: Mask


def _saturating(p: Floats, t: Floats) -> Floats:
    return np.asarray(p[0] * -np.expm1(-np.maximum(t - p[2], 0.0) / p[1]))


def _linear(p: Floats, t: Floats) -> Floats:
    return np.asarray(np.maximum(p[0] + p[1] * t, 0.0))


def _none(p: Floats, t: Floats) -> Floats:
    return np.full_like(t, p[0])


_MODELS: dict[str, Callable[[Floats, Floats], Floats]] = {"saturating": _saturating, "linear": _linear, "none": _none}


def fit_growth(
    times_min: Floats,
    diameter_um: Floats,
    sd_um: Floats | None = None,
    limit: Mask | None = None,
    *,
    bounds: str = "all",
) -> Growth:
    """Fit how the diameter of one vesicle changed.

    Parameters
    ----------
    times_min
        (n,) times, min.
    diameter_um
        (n,) diameters, um; for an upper limit, that limit.
    sd_um
        (n,) standard errors. Without them all are taken alike and estimated from the scatter.
    limit
        (n,) True where the diameter is an upper limit only.
    bounds
        ``all`` laws are bounded, or the ``best`` one only: profiles of a law that is not wanted take the most time.

    Raises
    ------
    RequestError
        If fewer than four diameters (or two that are no limits) are given, or one is not a positive number.
    """
    data, known = _take(times_min, diameter_um, sd_um, limit)
    fits = {law: _fit(law, data) for law in ("saturating", "linear", "none")}
    scatter = np.nan
    if not known:
        scatter = _scatter(data, min(fits.values(), key=lambda fit: fit.deviance))
        data = _Data(t=data.t, d=data.d, sd=np.full_like(data.d, scatter), limit=data.limit)
        fits = {law: _fit(law, data) for law in fits}
    rival = min(("linear", "none"), key=lambda law: fits[law].aic)
    note, offered = "", dict(fits)
    if bounds == "best" and fits["saturating"].aic >= fits[rival].aic:
        del offered["saturating"]
        note = "growth that levels off describes these diameters no better"
        return _choose(fits, offered, data, scatter, note)
    fits |= {law: _with_intervals(fits[law], data) for law in ("saturating", rival)}
    offered = dict(fits)
    low, high = fits["saturating"].intervals["tau_min"]
    if not np.isfinite(high) and low <= 0:
        del offered["saturating"]
        note = "no growth that levels off can be told from these diameters"
    elif not np.isfinite(high):
        del offered["saturating"]
        note = f"growth does not level off within the film: tau is above {low:.3g} min, without an upper bound"
    elif low <= 0:
        del offered["saturating"]
        note = f"growth was over before it could be followed: tau is below {high:.3g} min, without a lower bound"
    return _choose(fits, offered, data, scatter, note)


def _choose(fits: dict[str, Fitted], offered: dict[str, Fitted], data: _Data, scatter: float, note: str) -> Growth:
    best = min(offered.values(), key=lambda fit: fit.aic)
    gain = {law: np.exp(-0.5 * (fit.aic - best.aic)) for law, fit in offered.items()}
    weights = {law: float(value / sum(gain.values())) for law, value in gain.items()}
    return Growth(
        best=best, fits=fits, weights=weights, sd_um=float(scatter), points=len(data.t),
        limits=int(data.limit.sum()), note=note,
    )  # fmt: skip


def _take(times: Floats, diameter: Floats, sd: Floats | None, limit: Mask | None) -> tuple[_Data, bool]:
    t, d = np.asarray(times, np.float64), np.asarray(diameter, np.float64)
    below = np.zeros(len(t), bool) if limit is None else np.asarray(limit, bool)
    known = sd is not None
    error = (
        np.asarray(sd, np.float64)
        if sd is not None
        else np.full(len(t), 0.1 * max(float(np.nanmax(d, initial=0.0)), 1e-3))
    )
    used = np.isfinite(t) & np.isfinite(d) & np.isfinite(error)
    t, d, error, below = t[used], d[used], error[used], below[used]
    if len(t) < _LEAST_POINTS or (~below).sum() < 2:
        raise RequestError(
            f"{len(t)} diameters, {int(below.sum())} of them upper limits, are too few to fit growth: "
            f"at least {_LEAST_POINTS} are needed, and 2 that are no limits."
        )
    if (d <= 0).any() or (error <= 0).any():
        raise RequestError(
            "Diameters and their errors must be greater than 0 to fit growth; leave out those not measured."
        )
    order = np.argsort(t, kind="stable")
    return _Data(t=t[order], d=d[order], sd=error[order], limit=below[order]), known


def _deviance(law: str, p: Floats, data: _Data) -> float:
    """Minus twice the log likelihood: Gaussian for sizes, the normal distribution's tail for limits."""
    z = (data.d - _MODELS[law](p, data.t)) / data.sd
    limits = -2 * special.log_ndtr(z[data.limit])
    return float((z[~data.limit] ** 2).sum() + limits.sum())


def _fit(law: str, data: _Data) -> Fitted:
    best, least = None, np.inf
    for start in _starts(law, data):
        p, deviance = _search(law, start, data, free=np.ones(len(start), bool))
        if deviance < least:
            best, least = p, deviance
    assert best is not None  # noqa: S101 - there is always a start
    count, k = len(data.t), len(best)
    correction = 2 * k * (k + 1) / max(count - k - 1, 1)
    return Fitted(
        law=law, values=dict(zip(_NAMES[law], best.tolist(), strict=True)), sds=_errors(law, best, data), intervals={},
        deviance=least, aic=least + 2 * k + correction,
    )  # fmt: skip


def _starts(law: str, data: _Data) -> list[Floats]:
    """Straight lines need none; the saturating law is solved for d_inf on a grid of tau and t0."""
    weight = np.where(data.limit, 0.25, 1.0) / data.sd**2
    if law == "none":
        return [np.array([float(np.average(data.d, weights=weight))])]
    if law == "linear":
        slope, start = np.polyfit(data.t, data.d, 1, w=np.sqrt(weight))
        return [np.array([float(start), float(slope)])]
    span = max(float(np.ptp(data.t)), 1e-9)
    tau, t0 = np.meshgrid(_TAUS * span, data.t[0] + span * np.linspace(-1.0, 0.8, 19), indexing="ij")
    tau, t0 = tau.ravel(), t0.ravel()
    shape = -np.expm1(-np.maximum(data.t - t0[:, None], 0.0) / tau[:, None])
    norm = np.maximum((weight * shape**2).sum(axis=1), 1e-12)
    size = np.maximum((weight * shape * data.d).sum(axis=1) / norm, 1e-3)
    # a limit that the law stays below costs nothing
    rest = data.d - size[:, None] * shape
    chi2 = (weight * np.where(data.limit, np.minimum(rest, 0.0), rest) ** 2).sum(axis=1)
    order = np.argsort(chi2, kind="stable")
    first = order[0]
    # a second start from another valley
    apart = order[np.abs(np.log(tau[order] / tau[first])) > 1.0][:1]
    return [np.array([size[n], tau[n], t0[n]]) for n in (first, *apart)]


def _search(law: str, start: Floats, data: _Data, *, free: Mask) -> tuple[Floats, float]:
    """Best place near a start, the parameters that are not `free` held; d_inf and tau are searched in logarithms."""
    logs = np.array([name in {"d_inf_um", "tau_min"} for name in _NAMES[law]])
    origin = np.where(logs, np.log(np.maximum(start, 1e-12)), start)
    scale = _scales(law, data)

    def whole(q: Floats) -> Floats:
        p = origin.copy()
        p[free] += q * scale[free]
        return np.where(logs, np.exp(np.minimum(p, 50.0)), p)

    def residuals(q: Floats) -> Floats:
        p = whole(q)
        z = (data.d - _MODELS[law](p, data.t)) / data.sd
        return np.where(data.limit, np.sqrt(np.maximum(-2 * special.log_ndtr(z), 0.0)), z)

    if not free.any():
        return start, _deviance(law, start, data)
    found = optimize.least_squares(residuals, np.zeros(int(free.sum())), x_scale=1.0, max_nfev=200)
    p = whole(found.x)
    return p, _deviance(law, p, data)


def _scales(law: str, data: _Data) -> Floats:
    span = max(float(np.ptp(data.t)), 1e-9)
    size = float(np.median(data.d))
    return {
        "saturating": np.array([0.3, 0.5, 0.1 * span]),
        "linear": np.array([size, size / span]),
        "none": np.array([size]),
    }[law]


def _slopes(law: str, p: Floats, data: _Data) -> Floats:
    """Differentiate the diameter by each parameter, (n, k)."""
    columns = []
    for number, value in enumerate(p):
        step = 1e-5 * max(abs(value), _scales(law, data)[number] * 1e-2)
        up, down = p.copy(), p.copy()
        up[number] += step
        down[number] -= step
        columns.append((_MODELS[law](up, data.t) - _MODELS[law](down, data.t)) / (2 * step))
    return np.stack(columns, axis=1)


def _errors(law: str, p: Floats, data: _Data) -> dict[str, float]:
    """Take standard errors from Fisher's information; a limit informs as much as its tail is steep."""
    slopes = _slopes(law, p, data) / data.sd[:, None]
    z = (data.d - _MODELS[law](p, data.t)) / data.sd
    ratio = np.exp(
        -0.5 * np.minimum(z, 30.0) ** 2 - 0.5 * np.log(2 * np.pi) - special.log_ndtr(z)
    )  # hazard of the tail
    weight = np.where(data.limit, np.clip(ratio * (ratio + z), 0.0, 1.0), 1.0)
    information = (slopes * weight[:, None]).T @ slopes
    if np.linalg.matrix_rank(information) < len(p) or np.linalg.cond(information) > 1e14:
        return dict.fromkeys(_NAMES[law], np.nan)
    return dict(zip(_NAMES[law], np.sqrt(np.diag(np.linalg.inv(information))).tolist(), strict=True))


def _scatter(data: _Data, fit: Fitted) -> float:
    """Error of a diameter from its scatter about a law."""
    sizes = ~data.limit
    rest = data.d - fit.diameter(data.t)
    freedom = max(int(sizes.sum()) - len(fit.values), 1)
    return max(float(np.sqrt((rest[sizes] ** 2).sum() / freedom)), 1e-4)


def _with_intervals(fit: Fitted, data: _Data) -> Fitted:
    intervals = {name: _profile(fit, number, data) for number, name in enumerate(_NAMES[fit.law])}
    return Fitted(law=fit.law, values=fit.values, sds=fit.sds, intervals=intervals, deviance=fit.deviance, aic=fit.aic)


def _profile(fit: Fitted, number: int, data: _Data) -> tuple[float, float]:
    """Where the deviance, all other parameters refitted, is above its least by the 95 % quantile of chi2."""
    name = _NAMES[fit.law][number]
    best = np.array(list(fit.values.values()))
    free = np.ones(len(best), bool)
    free[number] = False
    positive = name in {"d_inf_um", "tau_min"}
    span = max(float(np.ptp(data.t)), 1e-9)
    # wide limits around both the best place and what the film could show
    usual = {"tau_min": span, "d_inf_um": float(data.d.max())}.get(name, np.nan)
    floor = min(best[number], usual) / _WIDEST if positive else -np.inf
    ceiling = max(best[number], usual) * _WIDEST if positive else np.inf
    sd = fit.sds[name]
    first = sd if np.isfinite(sd) and sd > 0 else 0.1 * max(abs(best[number]), _scales(fit.law, data)[number])
    ends = []
    for side in (-1.0, 1.0):
        warm = best.copy()

        def excess(value: float, warm: Floats = warm) -> float:
            start = warm.copy()
            start[number] = value
            p, deviance = _search(fit.law, start, data, free=free)
            warm[:] = p
            return 0.5 * (deviance - fit.deviance) - _HALF_CHI2

        ends.append(_crossing(excess, best[number], side * first, (floor, ceiling)))
    low, high = ends
    return (max(low, 0.0) if positive else low), high


def _crossing(excess: Callable[[float], float], centre: float, step: float, bounds: tuple[float, float]) -> float:
    """Where a profile crosses its level, going away from the centre by growing steps; infinite beyond the bounds."""
    inner, inside, reach = centre, -_ROOT, step
    for _ in range(40):
        outer = float(np.clip(centre + reach, *bounds))
        outside = _root(excess(outer))
        if outside > 0:
            return _between(excess, (inner, inside), (outer, outside))
        if outer in bounds:
            break
        inner, inside, reach = outer, outside, reach * 1.7
    return -np.inf if step < 0 else np.inf


def _root(excess: float) -> float:
    """Signed root of the deviance less its level: nearly straight, so that few steps find where it is 0."""
    return float(np.sqrt(max(2 * (excess + _HALF_CHI2), 0.0))) - _ROOT


def _between(excess: Callable[[float], float], low: tuple[float, float], high: tuple[float, float]) -> float:
    """Regula falsi (Illinois), from values whose signs are known: a refitted profile need not repeat itself."""
    side = 0
    (a, fa), (b, fb) = low, high
    for _ in range(30):
        value = (a * fb - b * fa) / (fb - fa)
        found = _root(excess(value))
        if abs(found) < _CLOSE:
            return value
        if found > 0:
            b, fb = value, found
            fa = fa / 2 if side > 0 else fa
            side = 1
        else:
            a, fa = value, found
            fb = fb / 2 if side < 0 else fb
            side = -1
    return (a + b) / 2
