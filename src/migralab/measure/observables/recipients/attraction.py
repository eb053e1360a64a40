"""Attraction: how much of their way cells come nearer to migrasomes of others, a point, or along an axis."""

from __future__ import annotations

import numpy as np

from migralab.core.errors import RequestError
from migralab.measure.film import Film, film_of
from migralab.measure.observables.recipients.target import (
    NO_TARGETS,
    SHIFTS,
    find_box,
    find_nearest,
    find_nearest_shifted,
    thin,
    vesicles_of,
)
from migralab.measure.readout import NAN
from migralab.measure.statistics.interval import bootstrap
from migralab.measure.view import Estimate, Floats, Ints, View, estimate_over, join, missing

BEYOND_UM = 10.0  # about a cell's radius: nearer than that there is nothing left to come nearer to
WITHIN_UM = 100.0
WHAT = ("index", "bias")


def measure_attraction(
    view: View,
    *,
    what: str = "index",
    of: str | None = None,
    beyond_um: float = BEYOND_UM,
    within_um: float = WITHIN_UM,
    null: bool = True,
) -> Estimate:
    """Return the attraction to the nearest migrasome of others, above that of the same tracks to shifted ones.

    ``index``: what cells come nearer to it over the path that they walk; ``bias``: mean cosine between step and
    direction to it. Each step is compared with the migrasome that is nearest where it begins (eq-attraction).

    Parameters
    ----------
    view
        Frame up to which the tracks go, and population that moves.
    what
        ``index`` or ``bias``.
    of
        Population that made the migrasomes; any by default.
    beyond_um, within_um
        Only steps that begin at such a distance from it count, um.
    null
        Whether to take off the mean over migrasomes moved as a whole by 19 shifts in the periodic box around
        everything: what comes from the density and clustering of migrasomes, from walls, and from the geometry of
        coming nearer (a random step leads away, since the circle around a target is curved) is in both.
    """
    _require_what(what)
    if not 0 <= beyond_um < within_um:
        raise RequestError(f"beyond_um = {beyond_um:g} must be at least 0 and below within_um = {within_um:g}.")
    film = film_of(view)
    if film.problem:
        return missing(film.problem)
    targets = vesicles_of(view, of)
    chosen, thinned = thin(film, film.steps.start)
    limits = (beyond_um, within_um)
    way = find_nearest(targets, film, film.steps.start[chosen])[0]
    if np.isnan(way).all():
        return missing(NO_TARGETS)
    sums = _sums(film, chosen, way, limits, what)
    if not sums[1].any():
        return missing(f"no step begins {beyond_um:g} to {within_um:g} um from one")
    raw = float(sums[0].sum() / sums[1].sum())
    note = join(f"from {int(sums[2].sum())} steps", thinned, film.gaps)
    words = "towards the nearest migrasome of others"
    if not null:
        return film.ratio(sums[0], sums[1], method=f"{_words(what)} {words}", note=note)
    ways = _shifted_ways(view, film, chosen, of)
    shifted = [_sums(film, chosen, way, limits, what) for way in ways]
    by_shift = np.array([s[0].sum() / s[1].sum() if s[1].any() else NAN for s in shifted])
    if np.isnan(by_shift).all():
        return missing("shifted migrasomes are near no step, so there is nothing to compare with")
    low, high = np.sum([s[0] for s in shifted], axis=0), np.sum([s[1] for s in shifted], axis=0)
    value = raw - float(low.sum() / high.sum())
    interval = bootstrap(lambda a, b, c, d: a / b - c / d, sums[0], sums[1], low, high)
    beaten = int(np.count_nonzero(np.nan_to_num(by_shift, nan=-np.inf) >= raw))
    note = join(
        f"raw {raw:.3g}, shifted migrasomes {raw - value:.3g}, {beaten} of {len(SHIFTS)} shifts have as much", note
    )
    n = int(np.count_nonzero(sums[1] > 0))
    return estimate_over(n, value, interval, f"{_words(what)} {words}, less that towards shifted ones", note)


def _shifted_ways(view: View, film: Film, chosen: Ints, of: str | None) -> Floats:
    """Return the ways to the nearest of shifted migrasomes; made once for index and bias."""
    key = f"ways to shifted migrasomes of {of}"
    if key not in view.memo:
        targets = vesicles_of(view, of)
        view.memo[key] = find_nearest_shifted(targets, film, film.steps.start[chosen], find_box(targets, film))
    found: Floats = view.memo[key]
    return found


def measure_attraction_to_point(
    view: View, *, what: str = "index", x_um: float | None = None, y_um: float | None = None, beyond_um: float = 0.0
) -> Estimate:
    """Return the attraction to a fixed point: distance gained over path walked, or mean cosine. 0 at random, about.

    Parameters
    ----------
    view
        Frame up to which the tracks go.
    what
        ``index`` (chemotactic index) or ``bias``.
    x_um, y_um
        The point.
    beyond_um
        Steps that begin nearer do not count.
    """
    _require_what(what)
    if x_um is None or y_um is None:
        return missing("needs a point: write x_um and y_um, for example attraction.index@point[x_um=0, y_um=100]")
    film = film_of(view)
    if film.problem:
        return missing(film.problem)
    way = np.array([x_um, y_um]) - film.place[film.steps.start]
    sums = _sums(film, np.arange(len(way)), way, (beyond_um, np.inf), what)
    note = join(f"from {int(sums[2].sum())} steps", film.gaps)
    return film.ratio(sums[0], sums[1], method=f"{_words(what)} towards ({x_um:g}, {y_um:g}) um", note=note)


def measure_forward(view: View, *, what: str = "index", axis_deg: float = 0.0) -> Estimate:
    """Return the forward migration along an axis: net way along it over path, or mean cosine. 0 at random.

    Parameters
    ----------
    view
        Frame up to which the tracks go.
    what
        ``index`` (forward migration index, ratio of totals) or ``bias``.
    axis_deg
        Direction of the axis, degrees from x towards y.
    """
    _require_what(what)
    film = film_of(view)
    if film.problem:
        return missing(film.problem)
    steps, angle = film.steps, np.deg2rad(axis_deg)
    along = steps.move @ np.array([np.cos(angle), np.sin(angle)])
    moved = steps.length > 0
    if what == "bias":
        return film.mean(
            steps.cell[moved], along[moved] / steps.length[moved],
            method=f"{_words(what)} along {axis_deg:g} degrees", note=film.gaps,
        )  # fmt: skip
    path = film.sum_by(steps.cell, steps.length)
    how = f"net way along {axis_deg:g} degrees over path, ratio of totals"
    return film.ratio(film.sum_by(steps.cell, along), path, method=how, note=film.gaps)


def _sums(
    film: Film, chosen: Ints, way: Floats, limits: tuple[float, float], what: str
) -> tuple[Floats, Floats, Floats]:
    """Return by cell what is above and below the ratio, and the number of steps."""
    steps = film.steps
    move, length, cell = steps.move[chosen], steps.length[chosen], steps.cell[chosen]
    distance = np.hypot(way[:, 0], way[:, 1])
    use = (distance >= limits[0]) & (distance <= limits[1]) & (length > 0)  # NaN is neither
    if what == "bias":
        use &= distance > 0
        top = np.sum(move[use] * way[use], axis=1) / (length[use] * distance[use])
        bottom = np.ones(len(top))
    else:
        top = distance[use] - np.hypot(*(way[use] - move[use]).T)
        bottom = length[use]
    return film.sum_by(cell[use], top), film.sum_by(cell[use], bottom), film.sum_by(cell[use])


def _words(what: str) -> str:
    return "mean cosine of steps" if what == "bias" else "way gained over path, ratio of totals,"


def _require_what(what: str) -> None:
    if what not in WHAT:
        raise RequestError(f"what = '{what}' is no measure of attraction. Allowed: {', '.join(WHAT)}.")
