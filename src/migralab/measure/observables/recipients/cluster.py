"""How cells gather: how far apart, how many hold together, the vesicle that they form, where migrasomes lie."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from migralab.core.errors import RequestError
from migralab.measure.observables.recipients.target import vesicles_of
from migralab.measure.statistics.interval import bootstrap, wilson_interval
from migralab.measure.view import Estimate, Floats, View, join, missing, within

NEAR_UM = 100.0
NORMAL_SHARE = 0.8
UNKNOWN = "no cell of which this is known: the dish has no phenotype.lumen, or these are images or tracks"


def measure_dispersion(view: View, *, what: str = "mean", hour: float | None = None) -> Estimate:
    """Return the distance of cells from their centroid in the frame, um.

    Parameters
    ----------
    view
        Frame, and population that is asked.
    what
        ``mean`` distance, or ``rms``: the radius of gyration.
    hour
        Time of the frame, h; the frame of the view where it is left out.
    """
    if what not in {"mean", "rms"}:
        raise RequestError(f"what = '{what}' is not known of a dispersion. Allowed: mean, rms.")
    here = view_at(view, hour)
    if isinstance(here, Estimate):
        return here
    view = here
    place = np.column_stack([view.cell_values("x_um"), view.cell_values("y_um")])
    place = place[~np.isnan(place).any(axis=1)]
    if len(place) < 2:
        return missing("fewer than two cells in this frame")
    distance = np.hypot(*(place - place.mean(axis=0)).T)
    if what == "mean":
        return view.estimate(
            float(distance.mean()),
            bootstrap(lambda total: total / len(place), distance),
            "mean distance of cells from their centroid",
        )
    value = float(np.sqrt(np.mean(distance**2)))
    interval = bootstrap(lambda total: np.sqrt(total / len(place)), distance**2)
    return view.estimate(value, interval, "root mean square distance of cells from their centroid")


def measure_share(view: View, *, hour: float | None = None) -> Estimate:
    """Return the share of cells that are in the largest cluster.

    Parameters
    ----------
    view
        Frame, and population that is asked.
    hour
        Time of the frame, h; the frame of the view where it is left out.
    """
    here = view_at(view, hour)
    if isinstance(here, Estimate):
        return here
    size = _known(here, "cluster_cells")
    if not len(size):
        return missing(UNKNOWN)
    n, most = len(size), round(float(size.max()))
    low, high = wilson_interval(min(most, n), n)
    how = within("cells of the largest cluster over all cells", "Wilson interval")
    note = f"{most} of {n} cells hold together"
    return Estimate(value=most / n, low=low, high=high, n=n, method=how, note=note)


def measure_normal(view: View, *, least: float = NORMAL_SHARE, hour: float | None = None) -> Estimate:
    """Return 1 if the largest cluster holds at least a share of the cells, else 0; a mean over dishes is a share.

    Parameters
    ----------
    view
        Frame, and population that is asked.
    least
        Share of the cells in one cluster from which on it is called normal.
    hour
        Time of the frame, h; the frame of the view where it is left out.
    """
    found = measure_share(view, hour=hour)
    if np.isnan(found.value):
        return found
    return _of_the_dish(
        float(found.value >= least), found.n, f"1 if a cluster holds {least:g} of the cells", found.note
    )


def measure_lumen(view: View) -> Estimate:
    """Return the area of the vesicle that the largest cluster forms, um2."""
    area = _known(view, "lumen_um2")
    if not len(area):
        return missing(UNKNOWN)
    return _of_the_dish(float(area.max()), len(area), "area of the vesicle of the largest cluster")


def measure_defect(view: View) -> Estimate:
    """Return the chance that what the vesicle does fails: what is expected of one dish, without a coin."""
    chance = _known(view, "defect_chance")
    if not len(chance):
        return missing(UNKNOWN)
    return _of_the_dish(float(chance.mean()), len(chance), "chance of a defect, as it follows from the vesicle")


def measure_near_share(
    view: View, *, radius_um: float = NEAR_UM, of: str | None = None, hour: float | None = None
) -> Estimate:
    """Return the share of the migrasomes of the field that lie within a radius of a cell of the population.

    Parameters
    ----------
    view
        Frame, and population whose surroundings are meant.
    radius_um
        Distance from the nearest of its cells.
    of
        Population that made the migrasomes; any by default, with those that were put there.
    hour
        Time of the frame, h; the frame of the view where it is left out.
    """
    here = view_at(view, hour)
    if isinstance(here, Estimate):
        return here
    view = here
    every = vesicles_of(view, of)
    targets = every.place[every.at(view.frame)]
    place = np.column_stack([view.cell_values("x_um"), view.cell_values("y_um")])
    place = place[~np.isnan(place).any(axis=1)]
    if not len(targets) or not len(place):
        return missing("no cells or no migrasomes in this frame")
    near = cKDTree(place).query(targets)[0] <= radius_um
    n, hits = len(near), int(near.sum())
    low, high = wilson_interval(hits, n)
    how = within(
        f"share of migrasomes within {radius_um:g} um of a cell", "Wilson over migrasomes, which are not independent"
    )
    return Estimate(value=hits / n, low=low, high=high, n=n, n_unit="migrasomes", method=how, note=f"{hits} of {n}")


def view_at(view: View, hour: float | None) -> View | Estimate:
    """Return the frame nearest to an hour, as the same population sees it, or why there is none."""
    if hour is None:
        return view
    if isinstance(hour, bool) or not isinstance(hour, int | float):
        raise RequestError(f"hour = '{hour}' is not a number. Write for example hour=6.")
    times = np.asarray(view.observations.frames_min)
    frame = int(np.argmin(np.abs(times - 60.0 * hour)))
    if abs(times[frame] - 60.0 * hour) > 0.5 * np.max(np.diff(times), initial=1.0):
        return missing(f"no frame near {hour:g} h; the run has {times[0] / 60:g} to {times[-1] / 60:g} h")
    return View(view.observations, frame, view.population)


def _known(view: View, column: str) -> Floats:
    """Return a column of the cells that may form a vesicle; empty where it is not known."""
    if column not in view.cells or "cluster_cells" not in view.cells:
        return np.empty(0)
    values, size = view.cell_values(column), view.cell_values("cluster_cells")
    return values[(size > 0) & ~np.isnan(values)]


def _of_the_dish(value: float, n: int, how: str, note: str = "") -> Estimate:
    method = f"{how}; one value for each experiment, no interval within it"
    return Estimate(value=value, n=n, method=method, note=join(note))
