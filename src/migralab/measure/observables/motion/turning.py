"""Turning, straightness and arrest of tracks, as the field of immune cells reports them."""

from __future__ import annotations

import numpy as np

from migralab.core.errors import RequestError
from migralab.measure.film import film_of
from migralab.measure.view import Estimate, View, join, missing

ARREST_UM_PER_MIN = 2.0  # the usual limit below which a T cell counts as arrested; a convention, so an option


def measure_turning_cosine(view: View) -> Estimate:
    """Return the mean cosine of the turning angle at the frame interval: 1 straight, 0 no memory, below it back.

    Mean over corners between two steps of usual length; steps of length 0 have no direction. Localisation error
    bends it down: a persistent cell seen every few seconds seems to turn back.
    """
    film = film_of(view)
    if film.problem:
        return missing(film.problem)
    corners = film.corners
    how = f"mean cosine of the turn between steps of {film.interval:g} min"
    note = join(f"from {len(corners.row)} corners", film.gaps)
    return film.mean(corners.cell, np.cos(corners.turn), method=how, note=note)


def measure_straightness(view: View, *, over_min: float | None = None) -> Estimate:
    """Return net displacement over path (confinement ratio), mean over cells: 1 straight, towards 0 confined.

    It falls with the time that a cell is followed, so only values over the same time can be compared.

    Parameters
    ----------
    view
        Frame up to which the tracks go.
    over_min
        Cut every track to its first so many minutes, and leave shorter ones out; whole tracks by default.
    """
    film = film_of(view)
    if film.problem:
        return missing(film.problem)
    if over_min is not None and not over_min >= film.interval:
        raise RequestError(f"over_min = {over_min:g} is shorter than the {film.interval:g} min between frames.")
    slots = film.slots
    if over_min is not None:
        slots = slots[:, : round(over_min / film.interval) + 1]
    there = ~np.isnan(slots[:, :, 0])
    last = slots.shape[1] - 1 - np.argmax(there[:, ::-1], axis=1)
    rows = np.arange(len(slots))
    net = np.hypot(*(slots[rows, last] - slots[:, 0]).T)
    hop = np.hypot(*np.diff(slots, axis=1).transpose(2, 0, 1))
    whole = there.sum(axis=1) == last + 1  # no gap: the path over a gap is not known
    path = np.nansum(hop, axis=1)
    asked = np.full(len(slots), 1 if over_min is None else round(over_min / film.interval))
    good = whole & (path > 0) & (last >= asked)
    if not good.any():
        return missing("no track without gaps that is long enough")
    value = np.where(good, net / np.where(path > 0, path, 1.0), np.nan)
    median = float(np.median(last[good])) * film.interval
    note = f"tracks of {median:.3g} min (median), {int((~good).sum())} of {len(good)} left out: gaps, short, still"
    return film.mean_of_cells(value, method="net displacement over path, mean over cells", note=note)


def measure_arrest(view: View, *, below_um_per_min: float = ARREST_UM_PER_MIN) -> Estimate:
    """Return the arrest coefficient: share of its time in which a cell is slower than a limit, mean over cells."""
    film = film_of(view)
    if film.problem:
        return missing(film.problem)
    steps = film.steps
    slow = film.sum_by(steps.cell, (steps.length / steps.minutes < below_um_per_min).astype(np.float64))
    seen = film.sum_by(steps.cell)
    share = np.divide(slow, seen, out=np.full(len(seen), np.nan), where=seen > 0)
    how = f"share of steps of {film.interval:g} min below {below_um_per_min:g} um/min, mean over cells"
    return film.mean_of_cells(share, method=how, note=film.gaps)
