"""Motility of the cells: speed, persistence, moving share, alignment."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from migralab.core.errors import RequestError
from migralab.measure.film import film_of
from migralab.measure.readout import NAN
from migralab.measure.statistics.interval import (
    bootstrap,
    median_interval,
    percentile_interval,
    resample,
    wilson_interval,
)
from migralab.measure.view import Estimate, Floats, View, estimate_over, join, missing, within

_PERSISTENCES = np.geomspace(0.1, 1500.0, 400)
_RESAMPLES = 400
LARGEST_LAG = 0.25  # of the film; longer lags are few and correlated


def measure_speed(view: View) -> Estimate:
    """Return the mean over cells of path length over time, um/min, as it shows at the frame interval."""
    film = film_of(view)
    if film.problem:
        return missing(film.problem)
    steps = film.steps
    time = film.sum_by(steps.cell, steps.minutes)
    path = film.sum_by(steps.cell, steps.length)
    speed = np.divide(path, time, out=np.full(len(time), np.nan), where=time > 0)
    how = f"path over time at {film.interval:g} min frames, mean over cells"
    return film.mean_of_cells(speed, method=how, note=film.gaps)


def measure_step_speed(view: View) -> Estimate:
    """Return the median over all steps of length over time, um/min: what track programs call the median step speed."""
    film = film_of(view)
    if film.problem:
        return missing(film.problem)
    steps = film.steps
    speed = steps.length / steps.minutes
    interval = median_interval(film.n_cells, steps.cell, speed)
    how = f"median over steps at {film.interval:g} min frames"
    note = join(f"from {len(speed)} steps", film.gaps)
    return estimate_over(film.n_cells, float(np.median(speed)), interval, how, note)


def measure_walk(view: View, *, what: str = "persistence") -> Estimate:
    """Return speed, um/min, or persistence, min, of the persistent walk that fits the MSD (eq-msd).

    ``MSD = 2 v^2 P^2 (t/P - 1 + exp(-t/P))`` by least squares of relative errors over lags up to a quarter
    of the film; v is the root mean square speed over moving and resting cells.

    References
    ----------
    Fuerth 1920
    """
    if what not in {"speed", "persistence"}:
        raise RequestError(f"what = '{what}' is not in the walk. Allowed: speed, persistence.")
    found = trace_displacements(view)
    if found is None:
        return missing(film_of(view).problem or "needs positions of cells in at least 13 evenly spaced frames")
    at, squares, counts = found
    total, seen = squares.sum(axis=0), counts.sum(axis=0)
    if not (seen > 0).all() or not (total > 0).all():
        return missing("cells do not move, or were not followed long enough")
    speed, persistence, drawn = _walk(view, at, squares, counts)
    note = "at the end of the range that is searched" if persistence in _PERSISTENCES[[0, -1]] else ""
    if persistence < at[0]:
        note = join(note, f"persistence is shorter than the {at[0]:g} min between frames: both are extrapolated")
    value, interval = (speed, drawn[0]) if what == "speed" else (persistence, drawn[1])
    n = int(np.count_nonzero(counts.sum(axis=1)))
    how = f"persistent random walk fitted to the MSD: {what}"
    return estimate_over(n, value, interval, how, join(note, film_of(view).gaps))


def _walk(
    view: View, at: NDArray[Any], squares: Floats, counts: Floats
) -> tuple[float, float, tuple[tuple[float, float], tuple[float, float]]]:
    """Return speed, persistence and the bootstrap intervals of both; the fit is made once for the two."""
    if "walk" not in view.memo:
        speed, persistence = _fit(at, (squares.sum(axis=0) / counts.sum(axis=0))[None, :])
        intervals = ((NAN, NAN), (NAN, NAN))
        squares, counts = squares[counts[:, 0] > 0], counts[counts[:, 0] > 0]
        if len(squares) > 1:
            weights = resample(len(squares), _RESAMPLES)
            drawn, by = weights @ squares, weights @ counts
            good = ((by > 0) & (drawn > 0)).all(axis=1)
            fitted = np.full((2, len(weights)), np.nan)
            fitted[:, good] = _fit(at, drawn[good] / by[good])
            intervals = (percentile_interval(fitted[0]), percentile_interval(fitted[1]))
        view.memo["walk"] = float(speed[0]), float(persistence[0]), intervals
    found: tuple[float, float, tuple[tuple[float, float], tuple[float, float]]] = view.memo["walk"]
    return found


def measure_moving_share(view: View) -> Estimate:
    """Return the share of cells that are moving."""
    if not view.simulated or not view.n_cells:
        return missing("whether a cell rests is not known from an image")
    n, hits = view.n_cells, int(view.cells["moving"].sum())
    low, high = wilson_interval(hits, n)
    how = within("moving cells over cells", "Wilson interval")
    return Estimate(value=hits / n, low=low, high=high, n=n, method=how)


def measure_alignment(view: View) -> Estimate:
    """Return the length of the mean heading: 1 if all head one way, about ``0.9/sqrt(n)`` at random."""
    heading = view.cells[["heading_x", "heading_y"]].to_numpy(np.float64)
    heading = heading[~np.isnan(heading).any(axis=1)]
    if not len(heading):
        return missing("headings of the cells are unknown")
    value = float(np.hypot(*heading.mean(axis=0)))
    n = len(heading)
    interval = bootstrap(lambda total: np.hypot(total[:, 0], total[:, 1]) / n, heading)
    return view.estimate(value, interval, "length of the mean heading of the cells")


def trace_displacements(view: View) -> tuple[Floats, Floats, Floats] | None:
    """Return lags, min, and by cell and lag the summed squared displacements, um2, and their number.

    None where the frames are uneven or the film is shorter than 13 of them.
    """
    film = film_of(view)
    if film.problem:
        return None
    lags = int(LARGEST_LAG * (film.slots.shape[1] - 1))
    if lags < 3:
        return None
    squares, counts = _displacements(film.slots, lags)
    at: Floats = film.interval * np.arange(1, lags + 1, dtype=np.float64)
    return at, squares, counts


def _displacements(tracks: Floats, lags: int) -> tuple[Floats, Floats]:
    """Return summed squared displacements and their number by cell and lag, shape (cells, lags)."""
    squares, counts = np.empty((len(tracks), lags)), np.empty((len(tracks), lags))
    for lag in range(1, lags + 1):
        square = np.sum((tracks[:, lag:] - tracks[:, :-lag]) ** 2, axis=2)
        squares[:, lag - 1] = np.nansum(square, axis=1)
        counts[:, lag - 1] = np.count_nonzero(~np.isnan(square), axis=1)
    return squares, counts


def _fit(at: NDArray[Any], msd: NDArray[Any]) -> tuple[Floats, Floats]:
    """Return speed and persistence for each row of `msd`: v in closed form for each P of a grid."""
    reduced = at / _PERSISTENCES[:, None]
    shape = 2 * _PERSISTENCES[:, None] ** 2 * (reduced + np.expm1(-reduced))
    weight = msd.mean(axis=0) ** -2.0
    cross = (msd * weight) @ shape.T
    norm = np.sum(weight * shape**2, axis=1)
    best = np.argmax(cross**2 / norm, axis=1)
    rows = np.arange(len(msd))
    return np.sqrt(cross[rows, best] / norm[best]), _PERSISTENCES[best]
