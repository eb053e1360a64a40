"""Whether retraction fibres lie behind their cell, where it came from."""

from __future__ import annotations

import numpy as np

from migralab.measure.statistics.interval import wilson_interval
from migralab.measure.view import Estimate, View, missing, within

BEHIND_DEG = 60.0
LENGTH_UM = 20.0  # about the fibre that is seen on a cell in a tissue


def measure_behind_share(view: View, *, within_deg: float = BEHIND_DEG, length_um: float = LENGTH_UM) -> Estimate:
    """Return the share of cells whose youngest fibres lie within an angle of straight behind them.

    The direction of a cell's fibres is that from its centre to the middle of what it laid last; straight behind is
    against its heading.

    Parameters
    ----------
    view
        Frame, and population that is asked.
    within_deg
        Largest angle to straight behind.
    length_um
        How much of the path of the rear is looked at.
    """
    nodes = view.whole("nodes")
    there = np.nan_to_num(nodes["born_min"].to_numpy(np.float64), nan=np.inf) <= view.time_min
    cell = view.owner(nodes["cell_id"].to_numpy(np.int64))
    there &= cell < view.n_cells
    there[there] &= view.cell_values("path_um")[cell[there]] - nodes["path_um"].to_numpy(np.float64)[there] <= length_um
    cell, place = cell[there], nodes[["x_um", "y_um"]].to_numpy(np.float64)[there]
    count = np.bincount(cell, minlength=view.n_cells)
    heading = np.column_stack([view.cell_values("heading_x"), view.cell_values("heading_y")])
    use = (count > 0) & ~np.isnan(heading).any(axis=1)
    if not use.any():
        return missing("no cell with young fibres and a known heading")
    middle = np.column_stack([np.bincount(cell, place[:, k], view.n_cells) for k in (0, 1)])[use] / count[use, None]
    away = middle - np.column_stack([view.cell_values("x_um"), view.cell_values("y_um")])[use]
    cosine = -(away * heading[use]).sum(axis=1) / np.maximum(np.hypot(*away.T) * np.hypot(*heading[use].T), 1e-12)
    n, hits = int(use.sum()), int(np.count_nonzero(cosine >= np.cos(np.radians(within_deg))))
    low, high = wilson_interval(hits, n)
    how = within(f"share of cells with fibres within {within_deg:g} deg of straight behind", "Wilson interval")
    return Estimate(value=hits / n, low=low, high=high, n=n, method=how, note=f"{hits} of {n} cells that have laid any")
