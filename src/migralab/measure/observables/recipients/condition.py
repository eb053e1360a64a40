"""What cells have come to: clot that they started, permeability of their part of the layer, loss."""

from __future__ import annotations

import numpy as np

from migralab.core.errors import RequestError
from migralab.measure.observables.column import measure_column
from migralab.measure.statistics.interval import wilson_interval
from migralab.measure.view import Estimate, View, missing, within

CONDITIONS = {  # what: column of the cells, unit, words
    "clot": ("clot", "", "clot at a cell"),
    "permeability": ("permeability_um_per_s", "um/s", "permeability of the layer at a cell"),
}


def measure_condition(view: View, *, what: str = "clot", share: bool = False) -> Estimate:
    """Return the mean over cells, or the share of cells in which it is above 0.

    Parameters
    ----------
    view
        Frame, and population that is asked.
    what
        One of `CONDITIONS`.
    share
        Whether to count cells instead.
    """
    if what not in CONDITIONS:
        raise RequestError(f"what = '{what}' is not measured. Allowed: {', '.join(CONDITIONS)}.")
    column, _, words = CONDITIONS[what]
    unknown = f"no cell with a known {what}: the dish has no mechanism that brings it, or is an image"
    return measure_column(view, column, words, share=share, unknown=unknown)


def measure_loss(view: View, *, since_hour: float = 0.0) -> Estimate:
    """Return the share of the cells of an earlier frame that are no longer there.

    Parameters
    ----------
    view
        Frame, and population that is asked: a cell that has become another kind is lost to its own.
    since_hour
        Time of the earlier frame since the start of the run.
    """
    times = np.asarray(view.observations.frames_min)
    before = int(np.argmin(np.abs(times - 60.0 * since_hour)))
    if before >= view.frame:
        return missing(f"frame {view.frame} is not after {since_hour:g} h")
    rows = view.whole("cells")
    frames, ids = rows["frame"].to_numpy(np.int64), rows["cell_id"].to_numpy(np.int64)
    then = ids[frames == before]
    if not len(then):
        return missing(f"no cell was there at {since_hour:g} h")
    lost = int(np.count_nonzero(~np.isin(then, ids[frames == view.frame])))
    low, high = wilson_interval(lost, len(then))
    method = within(f"share of the cells at {times[before] / 60:g} h that are gone", "Wilson interval")
    return Estimate(value=lost / len(then), low=low, high=high, n=len(then), method=method)
