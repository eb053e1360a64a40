"""Association and uptake: cells that touch or hold migrasomes, and what they take up per cell and hour."""

from __future__ import annotations

import numpy as np

from migralab.core.errors import RequestError
from migralab.measure.film import film_of
from migralab.measure.statistics.interval import wilson_interval
from migralab.measure.view import Estimate, View, join, missing, within

ASSOCIATIONS = {"touching": "touch", "associated": "hold", "engulfed": "have taken up"}
DELIVERED = {
    "soluble_protein": "soluble protein", "membrane_protein": "membrane protein", "mrna": "mRNA", "mirna": "miRNA",
    "small_vesicles": "small vesicles",
}  # fmt: skip
UNKNOWN = "no cell of which this is known: the dish has no contact and uptake, or these are images or tracks"
_NONE_UPPER = 3.688879454113936  # exact 95 % upper end of a Poisson mean where none was seen


def measure_association(view: View, *, how: str = "associated") -> Estimate:
    """Return the share of cells that touch, hold, or have taken up a migrasome of others.

    Parameters
    ----------
    view
        Frame, and population that is asked.
    how
        Column of the cells: ``touching`` now, ``associated`` (bound to the surface) now, or ``engulfed`` so far.
    """
    if how not in ASSOCIATIONS:
        raise RequestError(f"how = '{how}' is no kind of association. Allowed: {', '.join(ASSOCIATIONS)}.")
    if how not in view.cells:
        return missing(UNKNOWN)
    values = view.cell_values(how)
    known = ~np.isnan(values)
    if not known.any():
        return missing(UNKNOWN)
    n, hits = int(known.sum()), int(np.count_nonzero(values[known] > 0))
    low, high = wilson_interval(hits, n)
    method = within(f"share of cells that {ASSOCIATIONS[how]} a migrasome of others", "Wilson interval")
    note = f"{len(values) - n} of {len(values)} cells unknown" if n < len(values) else ""
    return Estimate(value=hits / n, low=low, high=high, n=n, method=method, note=note)


def measure_rate(view: View, *, column: str = "engulfed") -> Estimate:
    """Return what cells take up per cell and hour: what a count has grown by over the time at risk.

    Only stretches between two sights count, so cells that come late, die or leave bring the time in which they were
    there. Where the count falls, the cell shared it out at a division: the stretch is left out on both sides.

    Parameters
    ----------
    view
        Frame up to which the film goes, and population that takes up.
    column
        A count of the cells table that only grows within a cell.
    """
    film = film_of(view)
    values = film.column(column)
    start = np.flatnonzero((film.cell[1:] == film.cell[:-1]) & ~np.isnan(values[1:]) & ~np.isnan(values[:-1]))
    if not len(start):
        return missing(UNKNOWN if np.isnan(values).all() else "needs cells that are seen in at least two frames")
    gained, hours = values[start + 1] - values[start], (film.minute[start + 1] - film.minute[start]) / 60
    fell = gained < 0
    cell = film.cell[start[~fell]]
    top, bottom = film.sum_by(cell, gained[~fell]), film.sum_by(cell, hours[~fell])
    method = f"growth of {column.replace('_', ' ')} over cells and hours at risk, ratio of totals"
    note = join(
        f"{top.sum():.4g} in {bottom.sum():.4g} cell hours",
        f"{int(fell.sum())} stretches with a division left out" if fell.any() else "",
    )
    if bottom.any() and not top.any() and column == "engulfed":
        high = float(_NONE_UPPER / bottom.sum())
        n = int(np.count_nonzero(bottom))
        return Estimate(value=0.0, low=0.0, high=high, n=n, method=within(method, "exact Poisson upper end"), note=note)
    return film.ratio(top, bottom, method=method, note=note)
