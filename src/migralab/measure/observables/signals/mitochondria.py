"""Mitochondria of cells, and what of them left in migrasomes."""

from __future__ import annotations

import numpy as np

from migralab.core.errors import RequestError
from migralab.measure.readout import NAN
from migralab.measure.view import Estimate, Floats, View, missing

WHICH = ("all", "damaged")
_UNKNOWN = "no cell of known mitochondria: the dish has none, or is an image"


def measure_potential(view: View) -> Estimate:
    """Return the mitochondrial membrane potential relative to healthy mitochondria, mean over cells."""
    (potential,) = _known(view, "potential")
    return _quotient(view, potential, np.ones(len(potential)), "mean over cells of their mean potential")


def measure_damaged_share(view: View) -> Estimate:
    """Return the share of damaged ones among the mitochondria in cells."""
    healthy, damaged = _known(view, "healthy_mitochondria", "damaged_mitochondria")
    return _quotient(view, damaged, healthy + damaged, "damaged over all mitochondria in cells")


def measure_peripheral_damaged(view: View) -> Estimate:
    """Return the number of damaged mitochondria at the periphery, per cell."""
    (number,) = _known(view, "peripheral_damaged")
    return _quotient(view, number, np.ones(len(number)), "damaged mitochondria at the periphery, per cell")


def measure_export(view: View, *, which: str = "all") -> Estimate:
    """Return the mitochondria that left in migrasomes since the start, per cell; lost migrasomes included.

    Parameters
    ----------
    view
        Frame of an experiment.
    which
        ``all`` or ``damaged``.
    """
    if which not in WHICH:
        raise RequestError(f"which = '{which}' is not counted. Allowed: {', '.join(WHICH)}.")
    healthy, damaged = _known(view, "healthy_exported", "damaged_exported")
    left = damaged if which == "damaged" else healthy + damaged
    return _quotient(view, left, np.ones(len(left)), f"mitochondria exported since the start ({which}), per cell")


def measure_export_share(view: View) -> Estimate:
    """Return the share of export in what removed damaged mitochondria since the start; the rest is mitophagy.

    With j the rate of export and k that of mitophagy it is j/(j + k).
    """
    exported, degraded = _known(view, "damaged_exported", "degraded_mitochondria")
    return _quotient(view, exported, exported + degraded, "exported over exported and degraded damaged mitochondria")


def measure_selectivity(view: View) -> Estimate:
    """Return the potential of exported mitochondria over that of their cell when they left; below 1, worse ones leave.

    Both are of the same moments: what a cell holds at the end of the film is another mixture than what it had.
    """
    shed, kept = _known(view, "potential_exported", "potential_at_export")
    if not len(shed):
        return missing(_UNKNOWN)
    if not kept.sum() > 0:
        return missing("no mitochondrion has left a cell")
    return _quotient(view, shed, kept, "potential of exported mitochondria over that of the cell that they left")


def measure_positive_share(view: View) -> Estimate:
    """Return the share of migrasomes on the ground that hold a mitochondrion."""
    held = view.value("healthy_mitochondria") + view.value("damaged_mitochondria")
    if np.isnan(held).all():
        return missing("no migrasome of which it is known whether it holds mitochondria")
    positive = np.where(np.isnan(held), NAN, held > 0)
    return view.mean_of(view.owners, positive, method="share of migrasomes that hold a mitochondrion")


def _known(view: View, *columns: str) -> list[Floats]:
    """Return columns of the cells of the frame, only those cells in which all are known."""
    values = np.array([view.cell_values(column) for column in columns])
    return list(values[:, ~np.isnan(values).any(axis=0)])


def _quotient(view: View, top: Floats, bottom: Floats, method: str) -> Estimate:
    if not len(top):
        return missing(_UNKNOWN)
    if len(top) == view.n_cells:
        return view.ratio((top, 0.0), (bottom, 0.0), method=method)
    unknown = view.n_cells - len(top)
    return view.ratio((top, 0.0), (bottom, 0.0), method=method, note=f"{unknown} cells without a value")
