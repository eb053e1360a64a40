"""A column of the cells as a readout: its mean, or the share of cells in which there is any."""

from __future__ import annotations

import numpy as np

from migralab.measure.view import Estimate, View, missing


def measure_column(view: View, column: str, words: str, *, share: bool, unknown: str) -> Estimate:
    """Return the mean over cells, or the share of cells in which it is above 0.

    Parameters
    ----------
    view
        Frame, and population that is asked.
    column
        Of the table of cells.
    words
        What it holds, for the method.
    share
        Whether to count cells instead.
    unknown
        What to say where no cell has a known value.
    """
    values = view.cell_values(column)
    known = ~np.isnan(values)
    if not known.any():
        return missing(unknown)
    found = (values[known] > 0).astype(np.float64) if share else values[known]
    method = f"share of cells with any {words}" if share else f"mean over cells of {words}"
    return view.mean_of(view.cell_ids[known], found, method=method)
