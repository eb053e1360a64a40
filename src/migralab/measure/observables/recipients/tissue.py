"""What a piece of tissue holds: cells and sprouts per area of the field."""

from __future__ import annotations

import numpy as np

from migralab.measure.view import Estimate, Floats, View, missing

_UM2_PER_MM2 = 1e6
_UM_PER_MM = 1e3
_NO_AREA = "field_area_um2 is unknown: give the area that was looked at"
_NO_SPROUTS = "nothing is known of sprouts here: no image shows them, and the dish has no phenotype.sprouting"


def count_cells_per_area(view: View, *, since_hour: float | None = None) -> Estimate:
    """Return cells per mm2 of the field.

    Parameters
    ----------
    view
        Frame, and population that is counted.
    since_hour
        Time of an earlier frame whose cells are taken off, since the start of the run; none is by default.
    """
    return _per_area(view, "", since_hour, 1.0, "cells")


def count_sprouts_per_area(view: View, *, since_hour: float | None = None) -> Estimate:
    """Return cells that lead a sprout, per mm2 of the field.

    Parameters
    ----------
    view
        Frame, and population that is counted.
    since_hour
        Time of an earlier frame whose sprouts are taken off.
    """
    return _per_area(view, "tip", since_hour, 1.0, "sprouts")


def measure_sprout_length(view: View, *, since_hour: float | None = None) -> Estimate:
    """Return the length of all sprouts, mm per mm2 of the field.

    Parameters
    ----------
    view
        Frame, and population that is counted.
    since_hour
        Time of an earlier frame whose length is taken off.
    """
    return _per_area(view, "sprout_um", since_hour, 1.0 / _UM_PER_MM, "length of sprouts")


def _per_area(view: View, column: str, since_hour: float | None, factor: float, what: str) -> Estimate:
    area = view.observations.field_area_um2
    if not area:
        return missing(_NO_AREA)
    now = _amounts(view, view.frame, column)
    if np.isnan(now).any():
        return missing(_NO_SPROUTS)
    total, method = float(now.sum()), f"{what} over the area of the field"
    if since_hour is not None:
        before = int(np.argmin(np.abs(np.asarray(view.observations.frames_min) - 60.0 * since_hour)))
        if before >= view.frame:
            return missing(f"frame {view.frame} is not after {since_hour:g} h")
        total -= float(np.nan_to_num(_amounts(view, before, column)).sum())
        method = f"{what} since {view.observations.frames_min[before] / 60:g} h over the area of the field"
    value = factor * total / area * _UM2_PER_MM2
    return Estimate(value=value, n=len(now), method=f"{method}; one experiment, no interval")


def _amounts(view: View, frame: int, column: str) -> Floats:
    rows = view.whole("cells")
    rows = rows[rows["frame"].to_numpy(np.int64) == frame]
    return rows[column].to_numpy(np.float64) if column else np.ones(len(rows))
