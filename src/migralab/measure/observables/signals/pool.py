"""What is in urine, blood and other pools, and when an assay first sees it."""

from __future__ import annotations

import numpy as np

from migralab.measure.view import Estimate, Floats, View, missing

VESICLES = "vesicles"


def measure_vesicles(view: View, *, pool: str | None = None) -> Estimate:
    """Return migrasomes per ml of a pool.

    Parameters
    ----------
    view
        Frame of an experiment.
    pool
        Its name; may be left out where there is one pool only.
    """
    return _measure_now(view, pool, VESICLES, "concentration_per_ml")


def measure_concentration(view: View, *, pool: str | None = None, substance: str | None = None) -> Estimate:
    """Return the concentration of molecules in a pool, nM.

    Parameters
    ----------
    view
        Frame of an experiment.
    pool, substance
        Their names.
    """
    if substance is None:
        return missing("needs a substance: write for example pool.concentration[pool=urine, substance=albumin]")
    if substance == VESICLES:
        return missing("vesicles are counted per ml: pool.vesicles")
    return _measure_now(view, pool, substance, "concentration_nM")


def measure_first_detection(view: View, *, pool: str | None = None, substance: str = VESICLES) -> Estimate:
    """Return when a substance first reached the detection limit of its assay, min.

    Between two frames the concentration is taken as a straight line. The value hangs on the limit as much as on the
    biology: sweep the limits before an order of two detections is believed.

    Parameters
    ----------
    view
        Any frame: all are looked at.
    pool, substance
        Their names.
    """
    found = _rows(view, pool, substance, ("time_min", "concentration_per_ml", "limit_per_ml"))
    if isinstance(found, Estimate):
        return found
    time, concentration, limits = found
    limit = float(limits[0])
    if np.isnan(limit):
        return missing(f"no assay measures {substance} in it: write pools.NAME.assays.{substance}.limit")
    how = f"first time at {limit:.3g} per ml, the detection limit, on straight lines between frames"
    reached = np.flatnonzero(concentration >= limit)
    if not len(reached):
        return missing(f"{substance} stayed below the limit of {limit:.3g} per ml for {time[-1]:g} min")
    first = int(reached[0])
    value = float(time[first])
    if first > 0:
        before, after = concentration[first - 1], concentration[first]
        value = float(time[first - 1] + (limit - before) / (after - before) * (time[first] - time[first - 1]))
    return _single(value, how, f"hangs on the limit of {limit:.3g} per ml")


def _measure_now(view: View, pool: str | None, substance: str, column: str) -> Estimate:
    found = _rows(view, pool, substance, ("frame", column))
    if isinstance(found, Estimate):
        return found
    frames, values = found
    return _single(float(values[frames == view.frame][0]), f"{substance} in the pool at {view.time_min:g} min", "")


def _single(value: float, how: str, note: str) -> Estimate:
    """Return a value of which an experiment has one: a pool is not made of cells that could be resampled."""
    return Estimate(value=value, n=1, n_unit="experiments", method=f"{how}; one value an experiment", note=note)


def _rows(view: View, pool: str | None, substance: str, columns: tuple[str, ...]) -> tuple[Floats, ...] | Estimate:
    """Return columns of one substance in one pool over all frames, or why there are none."""
    table = view.whole("pools")
    if not len(table):
        return missing("no pools: the experiment has none, or these are images")
    names = list(dict.fromkeys(table["pool"]))
    if pool is None and len(names) > 1:
        return missing(f"several pools: name one of {', '.join(names)}, for example [pool={names[0]}]")
    own = table[table["pool"] == (names[0] if pool is None else pool)]
    if not len(own):
        return missing(f"no pool '{pool}'; there are: {', '.join(names)}")
    rows = own[own["substance"] == substance]
    if not len(rows):
        known = ", ".join(dict.fromkeys(own["substance"]))
        return missing(f"no {substance} in that pool; there can be: {known}")
    return tuple(rows[name].to_numpy(np.float64) for name in columns)
