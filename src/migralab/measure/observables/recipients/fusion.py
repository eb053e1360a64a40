"""How far cells have fused: nuclei in cells of several, and cells that went into others."""

from __future__ import annotations

import numpy as np

from migralab.core.errors import RequestError
from migralab.measure.statistics.interval import bootstrap
from migralab.measure.view import Estimate, Floats, View, missing

OSTEOCLAST = 4.0  # nuclei: an osteoclast is counted from more than three on
_UNKNOWN = "how many nuclei the cells have is unknown: add phenotype.fusion@POPULATION, or these are images"


def measure_index(view: View, *, least: float = OSTEOCLAST) -> Estimate:
    """Return the fusion index: nuclei in cells of at least so many, over all nuclei.

    Parameters
    ----------
    view
        Frame, and population that is counted.
    least
        Nuclei from which a cell counts as fused.
    """
    if not least >= 1:
        raise RequestError(f"least = {least:g} nuclei: a cell has at least 1.")
    nuclei = _nuclei(view)
    if nuclei is None:
        return missing(_UNKNOWN)
    fused = np.where(nuclei >= least, nuclei, 0.0)
    interval = bootstrap(lambda top, bottom: top / bottom, fused, nuclei)
    value = float(fused.sum() / nuclei.sum())
    return view.estimate(value, interval, f"nuclei in cells of at least {least:g}, over all nuclei")


def measure_joined(view: View) -> Estimate:
    """Return the share of cells that have gone into another one: 1 less cells over nuclei."""
    nuclei = _nuclei(view)
    if nuclei is None:
        return missing(_UNKNOWN)
    interval = bootstrap(lambda cells, total: 1.0 - cells / total, np.ones(len(nuclei)), nuclei)
    return view.estimate(1.0 - len(nuclei) / float(nuclei.sum()), interval, "1 less cells over nuclei")


def _nuclei(view: View) -> Floats | None:
    """Return the nuclei of each cell of the frame that has any; None where they are not known."""
    nuclei = view.cells["nuclei"].to_numpy(np.float64)
    if not len(nuclei) or np.isnan(nuclei).any():
        return None
    there: Floats = nuclei[nuclei > 0]
    return there if len(there) else None
