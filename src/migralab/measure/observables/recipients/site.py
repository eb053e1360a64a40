"""At a site: cells that are there, beside chance, and how long they take to come."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from migralab.core.errors import RequestError
from migralab.measure.film import Film, film_of
from migralab.measure.observables.recipients.target import (
    SHIFTS,
    Targets,
    find_box,
    find_nearest,
    periodic_tree,
    vesicles_of,
)
from migralab.measure.readout import NAN
from migralab.measure.statistics.interval import bootstrap, ratio_interval
from migralab.measure.statistics.survival import Survival, estimate_survival
from migralab.measure.view import Estimate, Floats, Ints, Mask, View, estimate_over, join, missing, within

RADIUS_UM = 50.0
CONTACT_UM = 20.0  # about a cell's diameter
_NONE_UPPER = 3.688879454113936  # exact 95 % upper end of a Poisson mean where none was seen
_Z = 1.959963984540054


def measure_density(
    view: View, *, x_um: float | None = None, y_um: float | None = None, radius_um: float = RADIUS_UM
) -> Estimate:
    """Return cells per mm2 within a radius of a point.

    Parameters
    ----------
    view
        Frame, and population that is counted.
    x_um, y_um, radius_um
        The site.
    """
    if x_um is None or y_um is None:
        return missing("needs a point: write x_um and y_um, for example site.density[x_um=0, y_um=100]")
    if not view.n_cells:
        return missing("no cells in this frame")
    area = np.pi * radius_um**2 * 1e-6
    distance = np.hypot(view.cell_values("x_um") - x_um, view.cell_values("y_um") - y_um)
    inside = (distance <= radius_um).astype(np.float64)
    how = f"cells within {radius_um:g} um of ({x_um:g}, {y_um:g}) um over its area"
    note = f"{int(inside.sum())} of {len(inside)} cells; the part of the circle beyond the field counts as area"
    if not inside.any():
        high = _NONE_UPPER / area
        return Estimate(value=0.0, low=0.0, high=high, n=view.n_cells, method=within(how, "exact Poisson"), note=note)
    interval = bootstrap(lambda total: total / area, inside)
    return view.estimate(float(inside.sum() / area), interval, how, note)


def measure_pair_correlation(view: View, *, radius_um: float = CONTACT_UM, of: str | None = None) -> Estimate:
    """Return the pair correlation of cells with migrasomes of others at contact: pairs over those with shifted ones.

    1 at random, above it cells gather at migrasomes. The chance is counted on the same cells with the migrasomes
    moved as a whole in the periodic box around everything, so clusters and field edges are in both (eq-pair).

    Parameters
    ----------
    view
        Frame, and population that gathers.
    radius_um
        Distance below which cell and migrasome are a pair.
    of
        Population that made the migrasomes; any by default.
    """
    film = Film(view)
    now = np.flatnonzero(film.frame == view.frame)
    every = vesicles_of(view, of)
    there = every.at(view.frame)
    targets = Targets(every.frame[there], every.owner[there], every.place[there])
    if not len(now) or not len(targets.place):
        return missing("no cells or no migrasomes of others in this frame")
    seen = _count_pairs(film, now, targets, cKDTree(targets.place), film.place[now], radius_um)
    box = find_box(targets, film)
    tree, chance = periodic_tree(targets.place, box), np.zeros(len(now))
    for share in SHIFTS:  # the points move the other way instead of the migrasomes
        points = np.mod(film.place[now] - share * box[1] - box[0], box[1])
        chance += _count_pairs(film, now, targets, tree, points, radius_um)
    if not chance.any():
        return missing("no pairs with shifted migrasomes, so there is no chance to compare with")
    count = len(SHIFTS)
    value = float(count * seen.sum() / chance.sum())
    low, high = ratio_interval(count * seen, chance)
    if not seen.any():  # a bootstrap of zeros would be blind
        high = float(_NONE_UPPER * count / chance.sum())
    note = f"{int(seen.sum())} pairs, {chance.sum() / count:.3g} by chance"
    how = f"cells with migrasomes of others within {radius_um:g} um, over pairs with shifted migrasomes"
    return estimate_over(len(now), value, (low, high), how, note)


def _count_pairs(film: Film, rows: Ints, targets: Targets, tree: cKDTree, points: Floats, radius: float) -> Floats:
    """Return the number of targets of others within the radius of each sight."""
    near = tree.query_ball_point(points, radius)
    which = np.repeat(np.arange(len(rows)), [len(n) for n in near])
    other = np.concatenate([np.asarray(n, np.int64) for n in near]) if len(rows) else np.empty(0, np.int64)
    owner = targets.owner[other]
    foreign = (owner != film.ids[film.cell[rows[which]]]) | (owner < 0)
    return np.bincount(which[foreign], minlength=len(rows)).astype(np.float64)


def measure_time_to_site(
    view: View,
    *,
    what: str = "median",
    x_um: float | None = None,
    y_um: float | None = None,
    radius_um: float = CONTACT_UM,
    of: str | None = None,
    by_min: float | None = None,
) -> Estimate:
    """Return the time from first sight until a cell is first within a radius, min, or the share that has come.

    Kaplan-Meier over cells: those that never come are censored when they are last seen. Cells that are there at
    first sight did not come and are left out. The site is a point, or any migrasome of others if none is given.

    Parameters
    ----------
    view
        Frame up to which the tracks go, and population that comes.
    what
        ``median`` time, or ``share`` that has come by `by_min`.
    x_um, y_um, radius_um
        The site.
    of
        Population that made the migrasomes; any by default.
    by_min
        Time for the share; by default the longest that a cell was seen.
    """
    if what not in {"median", "share"}:
        raise RequestError(f"what = '{what}' is not known of a time to a site. Allowed: median, share.")
    film = film_of(view)
    if film.problem == "" or len(film.rows):
        inside = _inside(view, film, x_um, y_um, radius_um, of)
    else:
        return missing(film.problem)
    if inside is None:
        return missing("no migrasomes of others in these frames, and no point was given (x_um, y_um)")
    survival, n, left = _survive(film, inside)
    if survival is None:
        return missing("no cell was followed that was not at the site from the start")
    at = "a migrasome of others" if x_um is None else f"({x_um:g}, {y_um:g}) um"
    how = f"first time within {radius_um:g} um of {at}, Kaplan-Meier, seen every {film.interval:g} min"
    note = join(f"{int(survival.ended.sum())} of {n} cells came", f"{left} were there at first sight" if left else "")
    if what == "median":
        if np.isnan(survival.median):
            return missing(join("fewer than half of the cells came while they were watched", note))
        low, high = survival.median_interval
        if np.isnan(high):
            high, note = np.inf, join(note, "the upper end lies beyond what was watched")
        return Estimate(value=survival.median, low=low, high=high, n=n, method=within(how, "Greenwood"), note=note)
    return _share(survival, survival.longest if by_min is None else by_min, n, how, note)


def _share(survival: Survival, by: float, n: int, how: str, note: str) -> Estimate:
    stays = survival.at(by)
    if np.isnan(stays):
        return missing(f"no cell was followed for {by:g} min")
    step = int(np.searchsorted(survival.age, by, side="right")) - 1
    if step < 0:
        from_none = 1 - (1 - 0.95) ** (1 / n)
        note = join(note, "none came: upper end as if all had been watched to the end")
        return Estimate(
            value=0.0, low=0.0, high=from_none, n=n, method=within(f"{how}, by {by:g} min", "exact"), note=note
        )
    low, high = 1 - survival.high[step], 1 - survival.low[step]
    return Estimate(
        value=1 - stays, low=float(low), high=float(high), n=n, method=within(f"{how}, by {by:g} min", "Greenwood"),
        note=note,
    )  # fmt: skip


def _inside(view: View, film: Film, x: float | None, y: float | None, radius: float, of: str | None) -> Mask | None:
    if x is not None and y is not None:
        return np.asarray(np.hypot(film.place[:, 0] - x, film.place[:, 1] - y) <= radius)
    targets = vesicles_of(view, of)
    if not len(targets.place):
        return None
    way = find_nearest(targets, film, np.arange(len(film.rows)))[0]
    return np.asarray(np.hypot(way[:, 0], way[:, 1]) <= radius)


def _survive(film: Film, inside: Mask) -> tuple[Survival | None, int, int]:
    """Return the survival outside, the number of cells, and how many were inside at first sight."""
    first = np.searchsorted(film.cell, np.arange(film.n_cells))
    last = np.searchsorted(film.cell, np.arange(film.n_cells), side="right") - 1
    came = np.full(film.n_cells, NAN)
    rows = np.flatnonzero(inside)[::-1]
    came[film.cell[rows]] = film.minute[rows]  # the earliest is written last
    start = film.minute[first]
    there = inside[first]
    leave = np.where(np.isnan(came), film.minute[last], came) - start
    use = ~there & (leave > 0)
    if not use.any():
        return None, 0, int(there.sum())
    found = estimate_survival(np.zeros(int(use.sum())), leave[use], ~np.isnan(came[use]))
    return found, int(use.sum()), int(there.sum())
