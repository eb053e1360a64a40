"""Motility of the cells: speed, persistence, moving share, alignment."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from migralab.core.errors import RequestError
from migralab.measure.readout import NAN
from migralab.measure.statistics.interval import bootstrap, percentile_interval, resample, wilson_interval
from migralab.measure.view import Estimate, Floats, View, missing, within

_PERSISTENCES = np.geomspace(1.0, 1500.0, 300)
_RESAMPLES = 400
LARGEST_LAG = 0.25  # of the film; longer lags are few and correlated


def measure_speed(view: View) -> Estimate:
    """Return the mean over cells of path length over time, um/min, as it shows at the frame interval."""
    tracks, step = _tracks(view)
    if tracks is None:
        return missing("needs positions of cells in at least two evenly spaced frames")
    hops = np.linalg.norm(np.diff(tracks, axis=1), axis=2)
    seen = np.count_nonzero(~np.isnan(hops), axis=1).astype(np.float64)
    path = np.nansum(hops, axis=1)
    moved = seen > 0
    speed = np.where(moved, path / np.maximum(seen, 1) / step, 0.0)
    how = f"path over time at {step:g} min frames, mean over cells"
    return view.ratio((speed * moved, 0.0), (moved.astype(np.float64), 0.0), method=how)


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
    tracks, step = _tracks(view)
    lags = 0 if tracks is None else int(LARGEST_LAG * (tracks.shape[1] - 1))
    if tracks is None or lags < 3:
        return missing("needs positions of cells in at least 13 evenly spaced frames")
    squares, counts = _displacements(tracks, lags)
    at = step * np.arange(1, lags + 1)
    total, seen = squares.sum(axis=0), counts.sum(axis=0)
    if not (seen > 0).all() or not (total > 0).all():
        return missing("cells do not move, or were not followed long enough")
    speed, persistence, drawn = _walk(view, at, squares, counts)
    note = "at the end of the range that is searched" if persistence in _PERSISTENCES[[0, -1]] else ""
    value, interval = (speed, drawn[0]) if what == "speed" else (persistence, drawn[1])
    return view.estimate(value, interval, f"persistent random walk fitted to the MSD: {what}", note)


def _walk(
    view: View, at: NDArray[Any], squares: Floats, counts: Floats
) -> tuple[float, float, tuple[tuple[float, float], tuple[float, float]]]:
    """Return speed, persistence and the bootstrap intervals of both; the fit is made once for the two."""
    if "walk" not in view.memo:
        speed, persistence = _fit(at, (squares.sum(axis=0) / counts.sum(axis=0))[None, :])
        intervals = ((NAN, NAN), (NAN, NAN))
        if view.n_cells > 1:
            weights = resample(view.n_cells, _RESAMPLES)
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


def _tracks(view: View) -> tuple[Floats | None, float]:
    """Return positions, shape (cells of the frame, frames, 2), and the frame interval, min."""
    times = np.asarray(view.observations.frames_min[: view.frame + 1])
    if len(times) < 2 or not view.n_cells:
        return None, NAN
    steps = np.diff(times)
    if not steps[0] > 0 or not np.allclose(steps, steps[0], rtol=1e-3):
        return None, NAN
    if "tracks" not in view.memo:
        rows = view.whole("cells")
        frame = rows["frame"].to_numpy(np.int64)
        owner = view.owner(rows["cell_id"])
        keep = (frame <= view.frame) & (owner < view.n_cells)
        tracks = np.full((view.n_cells, len(times), 2), np.nan)
        tracks[owner[keep], frame[keep]] = rows[["x_um", "y_um"]].to_numpy(np.float64)[keep]
        view.memo["tracks"] = tracks
    found: Floats = view.memo["tracks"]
    return found, float(steps[0])


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
