"""Sizes through a named observer, and enrichment."""

from __future__ import annotations

import numpy as np

from migralab.core.errors import RequestError
from migralab.measure.observer import OBSERVERS, look
from migralab.measure.readout import NAN
from migralab.measure.statistics.interval import bootstrap, median_interval
from migralab.measure.view import Estimate, Floats, Ints, View, join, missing

STATISTICS = ("mean", "sd", "median", "share_below", "share_above")


def measure_diameter(
    view: View, *, statistic: str = "mean", observer: str = "true", cutoff_um: float = 0.5
) -> Estimate:
    """Return a statistic of the diameters of all migrasomes on the ground, as an observer would note them.

    Parameters
    ----------
    view
        Frame of an experiment.
    statistic
        ``mean``, ``sd``, ``median``, ``share_below`` or ``share_above`` the cut-off.
    observer
        One of `migralab.measure.observer.OBSERVERS`.
    cutoff_um
        Cut-off of the shares, um.
    """
    if statistic not in STATISTICS:
        raise RequestError(f"statistic = '{statistic}' is not measured. Allowed: {', '.join(STATISTICS)}.")
    if not view.simulated and observer != "true":
        return missing("an image already has its observer; its own diameters are under 'true'")
    ids, seen, weight = _look(view, observer)
    if not weight.sum() > 0:
        return missing("no migrasome of known diameter that this observer would see")
    how = f"diameter, {OBSERVERS[observer] if view.simulated else 'as measured in the image'}: {statistic}"
    note = join(f"from {len(ids)} objects", _assumed(observer))
    if statistic == "median":
        return _median(view, ids, seen, weight, (how, note))
    if statistic == "sd":
        return _spread(view, ids, seen, weight, (how, note))
    values = {
        "mean": seen,
        "share_below": (seen < cutoff_um).astype(np.float64),
        "share_above": (seen > cutoff_um).astype(np.float64),
    }[statistic].mean(axis=1)
    if statistic != "mean":
        how = f"{how} {cutoff_um:g} um"
    return view.ratio(view.per_cell(ids, weight * values), view.per_cell(ids, weight), method=how, note=note)


def measure_enrichment(view: View) -> Estimate:
    """Return the mean enrichment of tetraspanin per area over the fibre."""
    return view.mean_of(
        view.owners, view.value("enrichment"), method="mean enrichment of tetraspanin per area over the fibre"
    )


def _look(view: View, observer: str) -> tuple[Ints, Floats, Floats]:
    key = f"seen by {observer}"
    if key not in view.memo:
        diameter = view.value("diameter_um")
        known = ~np.isnan(diameter)
        view.memo[key] = (view.owners[known], *look(diameter[known], observer))
    found: tuple[Ints, Floats, Floats] = view.memo[key]
    return found


def _spread(view: View, ids: Ints, seen: Floats, weight: Floats, words: tuple[str, str]) -> Estimate:
    base = view.per_cell(ids, weight)
    first = view.per_cell(ids, weight * seen.mean(axis=1))
    second = view.per_cell(ids, weight * (seen**2).mean(axis=1))

    def sd(n: Floats, total: Floats, squares: Floats) -> Floats:
        return np.sqrt(np.maximum(squares / n - (total / n) ** 2, 0.0))

    totals = (np.array([part[0].sum() + part[1]]) for part in (base, first, second))
    interval = bootstrap(sd, base[0], first[0], second[0]) if base[0].any() else (NAN, NAN)
    return view.estimate(float(sd(*totals)[0]), interval, *words)


def _median(view: View, ids: Ints, seen: Floats, weight: Floats, words: tuple[str, str]) -> Estimate:
    flat = seen.ravel()
    heavy = np.repeat(weight, seen.shape[1])
    order = np.argsort(flat, kind="stable")
    cumulated = np.cumsum(heavy[order])
    half = cumulated[-1] / 2
    place = int(np.searchsorted(cumulated, half * (1 - 1e-12)))
    value = flat[order[place]]
    if place + 1 < len(flat) and np.isclose(cumulated[place], half, rtol=1e-12):
        value = (value + flat[order[place + 1]]) / 2
    owner = np.repeat(view.owner(ids), seen.shape[1])
    return view.estimate(float(value), median_interval(view.n_cells, owner, flat, heavy), *words)


def _assumed(observer: str) -> str:
    return "" if observer == "true" else f"observer model {observer}: its numbers are estimates (E)"
