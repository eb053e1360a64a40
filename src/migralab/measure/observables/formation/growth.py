"""Growth curve: mean diameter against age since appearance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from migralab.measure.statistics.interval import bootstrap
from migralab.measure.view import Estimate, Floats, Ints, View, missing
from migralab.results.observations import Observations

if TYPE_CHECKING:
    import pandas as pd

AGES_MIN = (0, 8, 16, 40, 80, 140)  # Wu 2017 fig. 1D (D)


def measure_growth(view: View, *, age_min: float = 0.0, attached: bool = True) -> Estimate:
    """Return the mean diameter at an age, um, over the migrasomes that were followed past it.

    Between two frames a diameter is interpolated; up to one frame interval before the first sight it is
    extrapolated. It is a mean over those still there at that age.

    Parameters
    ----------
    view
        Frame of an experiment; all frames up to it are used.
    age_min
        Age since appearance, min.
    attached
        Only while attached to the cell, since a detached migrasome no longer grows; False for all.
    """
    cell, values = _diameters_at(view, age_min, attached=attached)
    if not len(values):
        return missing(f"no migrasome of known age was followed past {age_min:g} min")
    which = "attached" if attached else "all"
    note = f"from {len(values)} objects"
    how = f"mean diameter of {which} migrasomes {age_min:g} min after appearance, interpolated between frames"
    return view.ratio(view.per_cell(cell, values), view.per_cell(cell), method=how, note=note)


def measure_area_exponent(view: View) -> Estimate:
    """Return the exponent of membrane area against age, ``A(t) - A(0) ~ t^p``, over the ages of the published curve.

    Diffusion from a long fibre would give 1/2, a steady inflow 1. The area is that of a sphere of the mean
    diameter, as it can be read from a published series.
    """
    points = [_diameters_at(view, age, attached=True) for age in AGES_MIN]
    if not all(len(values) for _, values in points):
        return missing("needs migrasomes that were followed from their appearance to an age of 140 min")
    sums = [view.per_cell(*point) for point in points]
    counts = [view.per_cell(cell) for cell, _ in points]

    def exponent(*totals: Floats) -> Floats:
        diameter = np.array(totals[: len(AGES_MIN)]) / np.array(totals[len(AGES_MIN) :])
        gained = diameter[1:] ** 2 - diameter[0] ** 2
        log_age = np.log(AGES_MIN[1:])
        log_age = log_age - log_age.mean()
        return np.asarray(log_age @ np.log(np.where(gained > 0, gained, np.nan)) / (log_age @ log_age), np.float64)

    value = float(exponent(*(np.array([part[0].sum() + part[1]]) for part in sums + counts))[0])
    if np.isnan(value):
        return missing("the mean diameter does not grow over the published ages")
    interval = (np.nan, np.nan)
    if all(part[0].any() for part in counts):
        interval = bootstrap(exponent, *(part[0] for part in sums + counts))
    return view.estimate(value, interval, "slope of log gained area against log age, least squares")


def trace_growth(observations: Observations, ages_min: Sequence[float] = range(0, 301, 10)) -> pd.DataFrame:
    """Return the growth curve of one experiment.

    Returns
    -------
    DataFrame
        ``age_min, diameter_um, low_um, high_um, objects``; the interval is a bootstrap over cells.
    """
    import pandas as pd

    view = View(observations)
    points = [measure_growth(view, age_min=age) for age in ages_min]
    return pd.DataFrame(
        {
            "age_min": [float(age) for age in ages_min],
            "diameter_um": [point.value for point in points],
            "low_um": [point.low for point in points],
            "high_um": [point.high for point in points],
            "objects": [len(_diameters_at(view, age, attached=True)[1]) for age in ages_min],
        }
    )


def _diameters_at(view: View, age: float, *, attached: bool) -> tuple[Ints, Floats]:
    """Return owner and diameter of every migrasome that has an age bracketed by two sights of it."""
    ids, cells, ages, diameters, interval = _sights(view, attached=attached)
    if len(ages) < 2:
        return np.empty(0, np.int64), np.empty(0)
    pair = (ids[1:] == ids[:-1]) & (np.diff(ages) <= 2 * interval)
    first = np.concatenate([[True], ids[1:] != ids[:-1]])[:-1]
    within = (ages[:-1] <= age) & (age < ages[1:])
    before = first & (age < ages[:-1]) & (ages[:-1] - age <= interval)
    here = np.flatnonzero(pair & (within | before))
    slope = (diameters[here + 1] - diameters[here]) / (ages[here + 1] - ages[here])
    return cells[here], diameters[here] + slope * (age - ages[here])


def _sights(view: View, *, attached: bool) -> tuple[Ints, Ints, Floats, Floats, float]:
    """Return id, owner, age and diameter of every sight, sorted by id and age, and the frame interval."""
    key = f"sights {attached}"
    if key not in view.memo:
        rows = view.whole("migrasomes")
        age, diameter = (rows[name].to_numpy(np.float64) for name in ("age_min", "diameter_um"))
        keep = (rows["frame"].to_numpy() <= view.frame) & ~np.isnan(age) & ~np.isnan(diameter)
        keep &= (rows["stage"] != "precursor").to_numpy(bool)
        if attached:
            keep &= rows["attached"].to_numpy(bool)
        where = np.flatnonzero(keep)
        ids = rows["migrasome_id"].to_numpy(np.int64)[where]
        order = where[np.lexsort((age[where], ids))]
        times = np.asarray(view.observations.frames_min)
        interval = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
        view.memo[key] = (
            rows["migrasome_id"].to_numpy(np.int64)[order], rows["cell_id"].to_numpy(np.int64)[order],
            age[order], diameter[order], interval,
        )  # fmt: skip
    found: tuple[Ints, Ints, Floats, Floats, float] = view.memo[key]
    return found
