"""Order of the directions in which cells move: polar, nematic, local, and over what distance velocities agree."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from migralab.core.errors import RequestError
from migralab.measure.film import Film, film_of
from migralab.measure.readout import NAN
from migralab.measure.statistics.interval import bootstrap, percentile_interval, resample
from migralab.measure.view import Estimate, Floats, Ints, View, estimate_over, join, missing

LOCAL_UM = 50.0  # a few cell diameters
REACH_UM = 300.0
BIN_UM = 20.0
MOST_CENTRES = 2000
_RESAMPLES = 200


def measure_order(view: View, *, kind: str = "polar", film: bool = False) -> Estimate:
    """Return how well the directions of the last steps agree (eq-order).

    At one frame ``|mean(exp(i m theta))|``, m = 1 for polar and 2 for nematic order; at random it is about
    ``sqrt(pi/(4n))``. Over the film the pairs of different cells that step in the same frame are averaged,
    which is 0 at random for any number of cells.

    Parameters
    ----------
    view
        Frame up to which the tracks go.
    kind
        ``polar``, or ``nematic``: opposite directions count as the same.
    film
        Whether all frames count, not the last alone.
    """
    if kind not in {"polar", "nematic"}:
        raise RequestError(f"kind = '{kind}' is no kind of order. Allowed: polar, nematic.")
    tracks = film_of(view)
    if tracks.problem:
        return missing(tracks.problem)
    cell, frame, unit = _directions(tracks)
    times = 1 if kind == "polar" else 2
    phase = np.exp(1j * times * np.arctan2(unit[:, 1], unit[:, 0]))
    return _order_of_film(tracks, cell, frame, phase, kind) if film else _order_of_frame(view, frame, phase, kind)


def _order_of_frame(view: View, frame: Ints, phase: np.ndarray, kind: str) -> Estimate:
    tracks = film_of(view)
    phase = phase[frame == view.frame]
    n = len(phase)
    if n < 2:
        return missing("fewer than two cells with a direction in this frame")
    interval = bootstrap(lambda x, y: np.hypot(x, y) / n, phase.real, phase.imag)
    note = join(f"without order about {np.sqrt(np.pi / (4 * n)):.2g} for {n} cells", tracks.gaps)
    how = f"{kind} order of the last steps, length of the mean"
    return estimate_over(n, float(abs(phase.mean())), interval, how, note)


def _order_of_film(tracks: Film, cell: Ints, frame: Ints, phase: np.ndarray, kind: str) -> Estimate:
    frames, which = np.unique(frame, return_inverse=True)
    shape = (tracks.n_cells, len(frames))
    parts = np.zeros((3, *shape))
    parts[0][cell, which], parts[1][cell, which], parts[2][cell, which] = phase.real, phase.imag, 1.0

    def order(weight: Floats) -> Floats:
        """Mean over pairs of different cells; a cell drawn twice is no pair with itself."""
        x, y, n = (weight @ part for part in parts)
        own = (weight**2) @ parts[2]
        pairs = np.sum(n**2 - own, axis=1)
        agree = np.sum(x**2 + y**2 - own, axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.sqrt(np.maximum(np.where(pairs > 0, agree / pairs, np.nan), 0.0))

    value = float(order(np.ones((1, tracks.n_cells)))[0])
    if np.isnan(value):
        return missing("no frame in which two cells move")
    interval = percentile_interval(order(resample(tracks.n_cells, _RESAMPLES))) if tracks.n_cells > 1 else (NAN, NAN)
    how = f"{kind} order over {len(frames)} frames, from pairs of cells that step together; 0 at random"
    return estimate_over(tracks.n_cells, value, interval, how, tracks.gaps)


def measure_local_order(view: View, *, radius_um: float = LOCAL_UM, film: bool = False) -> Estimate:
    """Return the mean cosine between a cell's direction and those of cells within a radius: 0 at random.

    Mean over pairs; a cell without neighbours says nothing.
    """
    tracks = film_of(view)
    if tracks.problem:
        return missing(tracks.problem)
    cell, _, agree, _ = _pairs(view, tracks, radius_um, film=film, fluctuations=False)
    if not len(cell):
        return missing(f"no two cells that step in the same frame within {radius_um:g} um")
    how = f"mean cosine between directions of cells within {radius_um:g} um"
    return tracks.mean(cell, agree, method=how, note=join(f"from {len(cell)} neighbours", tracks.gaps))


def measure_correlation_length(
    view: View, *, bin_um: float = BIN_UM, reach_um: float = REACH_UM, film: bool = False
) -> Estimate:
    """Return the distance over which velocities agree, um (eq-velocity-correlation).

    ``C(r) = <dv_i dv_j> / <dv^2>`` with dv the velocity less the mean of its frame, in bins of distance; the length
    is where C first falls below 1/e, linear between the middles of bins. A length below the middle of the first bin
    is not told from none. The mean is of n cells, so that C of independent cells is -1/(n - 1).
    """
    tracks = film_of(view)
    if tracks.problem:
        return missing(tracks.problem)
    if not 0 < bin_um <= reach_um / 3:
        raise RequestError(f"bin_um = {bin_um:g} must be above 0 and at most a third of reach_um = {reach_um:g}.")
    cell, distance, agree, square = _pairs(view, tracks, reach_um, film=film, fluctuations=True)
    if not len(cell) or not square > 0:
        return missing("no two cells that step in the same frame")
    bins = int(reach_um / bin_um)
    box = np.minimum((distance / bin_um).astype(np.int64), bins - 1)
    size = tracks.n_cells * bins
    top: Floats = np.bincount(cell * bins + box, agree, size).reshape(-1, bins).astype(np.float64) / square
    count = np.bincount(cell * bins + box, minlength=size).reshape(-1, bins).astype(np.float64)
    middle = (np.arange(bins) + 0.5) * bin_um
    value = float(_first_below(middle, top.sum(axis=0)[None], count.sum(axis=0)[None])[0])
    if np.isnan(value):
        return missing(f"velocities agree beyond {reach_um:g} um, or too few pairs")
    interval = (NAN, NAN)
    if tracks.n_cells > 1:
        weight = resample(tracks.n_cells, _RESAMPLES)
        interval = percentile_interval(_first_below(middle, weight @ top, weight @ count))
    if value < middle[0]:
        return missing(f"velocities do not agree over the first bin of {bin_um:g} um: no correlation, or a shorter one")
    how = f"where the velocity correlation falls below 1/e, bins of {bin_um:g} um"
    return estimate_over(tracks.n_cells, value, interval, how, join(f"from {len(cell)} pairs", tracks.gaps))


def _first_below(middle: NDArray[Any], top: Floats, count: Floats) -> Floats:
    """Return where each row of top / count first falls below 1/e; NaN where it does not or a bin before is empty."""
    level = np.exp(-1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        curve = np.column_stack([np.ones(len(top)), top / count])
    at = np.concatenate([[0.0], middle])
    with np.errstate(invalid="ignore"):
        below = curve < level
    first = np.argmax(below, axis=1)
    rows = np.arange(len(curve))
    a, b = curve[rows, np.maximum(first - 1, 0)], curve[rows, first]
    with np.errstate(invalid="ignore", divide="ignore"):
        found = at[np.maximum(first - 1, 0)] + (a - level) / (a - b) * (at[first] - at[np.maximum(first - 1, 0)])
    return np.where(below.any(axis=1), found, np.nan)


def _directions(tracks: Film) -> tuple[Ints, Ints, Floats]:
    """Return cell, frame of the end and unit vector of every step that has a direction."""
    steps = tracks.steps
    moved = steps.length > 0
    end = steps.start[moved] + 1
    return steps.cell[moved], tracks.frame[end], steps.move[moved] / steps.length[moved, None]


def _pairs(
    view: View, tracks: Film, radius: float, *, film: bool, fluctuations: bool
) -> tuple[Ints, Floats, Floats, float]:
    """Return cell, distance and product of every pair of neighbours, both ways round, and the mean square.

    The product is the cosine between directions, or with `fluctuations` that of velocities less their mean.
    """
    steps = tracks.steps
    end = steps.start + 1
    vector = steps.move / steps.minutes[:, None]
    if not fluctuations:
        vector = steps.move / np.where(steps.length > 0, steps.length, np.nan)[:, None]
    use = ~np.isnan(vector[:, 0])
    if not film:
        use &= tracks.frame[end] == view.frame
    end, vector, cell = end[use], vector[use], steps.cell[use]
    frame = tracks.frame[end]
    found: list[tuple[Ints, Floats, Floats]] = []
    squares, number = 0.0, 0
    for now in np.unique(frame):
        here = np.flatnonzero(frame == now)
        if len(here) < 2:
            continue
        each = vector[here] - (vector[here].mean(axis=0) if fluctuations else 0.0)
        squares, number = squares + float(np.sum(each**2)), number + len(here)
        place = tracks.place[end[here]]
        one, other, twice = _neighbours(place, radius)
        gap, product = np.hypot(*(place[one] - place[other]).T), np.sum(each[one] * each[other], axis=1)
        found.append((cell[here[one]], gap, product))
        if twice:
            found.append((cell[here[other]], gap, product))
    if not found:
        return np.empty(0, np.int64), np.empty(0), np.empty(0), NAN
    joined = [np.concatenate([part[k] for part in found]) for k in range(3)]
    return joined[0], joined[1], joined[2], squares / max(number, 1)


def _neighbours(place: Floats, radius: float) -> tuple[Ints, Ints, bool]:
    """Return pairs within a radius, and whether each stands for both ways round.

    Where there are very many cells, only the pairs around evenly thinned ones, each way round on its own.
    """
    tree = cKDTree(place)
    if len(place) <= MOST_CENTRES:
        pairs = tree.query_pairs(radius, output_type="ndarray").astype(np.int64)
        return pairs[:, 0], pairs[:, 1], True
    centres = np.arange(0, len(place), -(-len(place) // MOST_CENTRES))
    near = tree.query_ball_point(place[centres], radius, return_sorted=True)
    one = np.repeat(centres, [len(n) for n in near])
    other = np.concatenate([np.asarray(n, np.int64) for n in near])
    return one[one != other], other[one != other], False
