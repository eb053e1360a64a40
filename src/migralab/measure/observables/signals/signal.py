"""What of a signal arrives at the cells: cue around them, ligand that they touch, vesicles that they took up."""

from __future__ import annotations

from migralab.core.errors import RequestError
from migralab.measure.observables.column import measure_column
from migralab.measure.view import Estimate, View

ARRIVALS = {  # what arrives: column of the cells, unit, words
    "cue": ("cue_nM", "nM", "free cue in the medium at a cell"),
    "bound_cue": ("cue_bound_per_um2", "1/um^2", "cue bound to the ground under a cell"),
    "touched_ligand": ("touched_ligand", "1/cell", "membrane protein on the migrasomes of others that a cell touches"),
    "occupancy": ("cue_occupancy", "", "share of a cell's receptors at the surface that hold the cue"),
    "receptors": ("cue_receptors", "1/cell", "receptors for the cue at the surface of a cell"),
    "engulfed": ("engulfed", "1/cell", "migrasomes of others that a cell has taken up since the start"),
    "delivered_protein": ("delivered_soluble_protein", "1/cell", "soluble protein that they brought, molecules"),
    "delivered_mrna": ("delivered_mrna", "1/cell", "mRNA that they brought, molecules"),
}


def measure_arrival(view: View, *, what: str = "cue", share: bool = False) -> Estimate:
    """Return what arrives, mean over cells, or the share of cells at which any of it does.

    Parameters
    ----------
    view
        Frame of an experiment.
    what
        One of `ARRIVALS`.
    share
        Whether to count the cells that it reaches instead.
    """
    if what not in ARRIVALS:
        raise RequestError(f"what = '{what}' is not measured. Allowed: {', '.join(ARRIVALS)}.")
    column, _, words = ARRIVALS[what]
    unknown = f"no cell with a known {what.replace('_', ' ')}: the dish has no such signal, or is an image"
    return measure_column(view, column, words, share=share, unknown=unknown)
