"""The tables of a run and of an observation: every column with its type, unit and meaning, in one place.

File column names carry the unit (``diameter_um``). A simulated dish and a measured micrograph fill the same
tables; what one of the two cannot know is missing (NaN, -1 or ``unknown``), never guessed.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table in a file."""

    name: str
    dtype: str
    meaning: str

    @property
    def unit(self) -> str:
        """Unit taken from the name's ending, empty where the column is a number, an id or a word."""
        for ending, unit in _UNITS.items():
            if self.name.endswith(ending):
                return unit
        return ""


_UNITS = {
    "_um_per_min": "um/min", "_um_per_s": "um/s", "_per_um2": "1/um^2", "_per_um": "1/um", "_um2": "um^2",
    "_um3": "um^3", "_um": "um", "_min": "min", "_nM": "nM", "_per_ml": "1/ml",
}  # fmt: skip

FRAME = (
    Column("frame", "int32", "number of the output frame, from 0"),
    Column("time_min", "float64", "time since the start of the run or movie"),
)

CELLS = (
    *FRAME,
    Column("cell_id", "int64", "id of the cell; -1 in other tables means owner unknown"),
    Column("population", "str", "which kind of cell, by the name in the experiment; unknown in images"),
    Column("x_um", "float64", "centre"),
    Column("y_um", "float64", "centre"),
    Column("heading_x", "float64", "unit vector of movement; NaN where unknown"),
    Column("heading_y", "float64", "unit vector of movement; NaN where unknown"),
    Column("rear_x_um", "float64", "middle of the rear edge, where retraction fibres are attached"),
    Column("rear_y_um", "float64", "middle of the rear edge"),
    Column("rear_width_um", "float64", "width of the rear edge"),
    Column("moving", "bool", "moving (True) or resting (False)"),
    Column("path_um", "float64", "distance travelled by the rear since the start"),
    Column("area_um2", "float64", "projected area of the cell body"),
    # Of mechanisms that a dish may lack (`Column.file` in their own modules); missing there and in images
    Column("soluble_protein", "float64", "soluble protein left in the cell, molecules; NaN before the first tick"),
    Column("membrane_protein", "float64", "molecules of the membrane protein left in the cell"),
    Column("mrna", "float64", "mRNA left in the cell"),
    Column("mirna", "float64", "miRNA left in the cell"),
    Column("small_vesicles", "float64", "small vesicles left in the cell"),
    Column("rna_share", "float64", "chance that one of its migrasomes holds mRNA"),
    Column("cue_nM", "float64", "free cue in the medium at the cell"),
    Column("cue_bound_per_um2", "float64", "cue bound to the ground under the cell, molecules per um2"),
    Column("cue_occupancy", "float64", "share of its receptors at the surface that hold a cue"),
    Column("cue_receptors", "float64", "receptors for the cue at its surface"),
    Column("touched_ligand", "float64", "molecules of membrane protein on others' migrasomes that the cell touches"),
    Column("touching", "float64", "migrasomes of others that the cell touches"),
    Column("associated", "float64", "migrasomes of others that are bound to the cell"),
    Column("engulfed", "float64", "migrasomes of others that the cell has taken up"),
    Column("delivered_soluble_protein", "float64", "molecules of soluble protein that they brought"),
    Column("delivered_membrane_protein", "float64", "molecules of membrane protein that they brought"),
    Column("delivered_mrna", "float64", "mRNA that they brought"),
    Column("delivered_mirna", "float64", "miRNA that they brought"),
    Column("delivered_small_vesicles", "float64", "small vesicles that they brought"),
    Column("cytosol_soluble_protein", "float64", "delivered soluble protein in the cytosol, molecules (a mean)"),
    Column("cytosol_membrane_protein", "float64", "delivered membrane protein that left the endosome, molecules"),
    Column("cytosol_mrna", "float64", "delivered mRNA in the cytosol"),
    Column("cytosol_mirna", "float64", "delivered miRNA in the cytosol"),
    Column("cytosol_small_vesicles", "float64", "delivered small vesicles in the cytosol"),
    Column("healthy_mitochondria", "float64", "healthy mitochondria, in pieces of normal size"),
    Column("damaged_mitochondria", "float64", "damaged mitochondria, in pieces of normal size"),
    Column("peripheral_damaged", "float64", "damaged mitochondria at the periphery of the cell"),
    Column("potential", "float64", "mitochondrial membrane potential, mean over its mitochondria, of a healthy one"),
    Column("degraded_mitochondria", "float64", "damaged mitochondria that the cell degraded since the start"),
    Column("healthy_exported", "float64", "healthy mitochondria that went into migrasomes since the start"),
    Column("damaged_exported", "float64", "damaged mitochondria that went into migrasomes since the start"),
    Column("potential_exported", "float64", "potential of what was exported, summed, of a healthy one"),
    Column("potential_at_export", "float64", "mean potential in the cell when each of them left, summed"),
    Column("generation", "float64", "divisions between the founder and the cell"),
    Column("nuclei", "float64", "nuclei in the cell"),
    Column("tip", "float64", "1 if the cell leads a sprout, 0 if not"),
    Column("sprout_um", "float64", "length of the sprout that it leads"),
    Column("permeability_um_per_s", "float64", "permeability of the layer at the cell"),
    Column("clot", "float64", "clot at the cell, in units of what one threshold of activity lays down"),
    Column("cluster_cells", "float64", "cells that hold together with it, itself included; 0 if it forms no vesicle"),
    Column("lumen_um2", "float64", "vesicle that its cluster forms; 0 in all but the largest cluster of its kind"),
    Column("defect_chance", "float64", "chance that what the vesicle of its kind does fails; NaN without one"),
)

NODES = (
    Column("node_id", "int64", "id of the node of a retraction-fibre network"),
    Column("cell_id", "int64", "cell that left it; -1 unknown"),
    Column("parent_id", "int64", "next node towards the cell; -1 where the node hangs on the cell's rear itself"),
    Column("x_um", "float64", "position on the ground"),
    Column("y_um", "float64", "position on the ground"),
    Column("kind", "str", "tip | junction | shaft"),
    Column("born_min", "float64", "when the rear laid it; NaN in images"),
    Column("path_um", "float64", "the cell's path_um when it was laid; NaN in images"),
    Column("breaks_min", "float64", "when the stretch towards the parent breaks; inf if never"),
    Column("detached_min", "float64", "first break on the way to the cell; inf while there is none"),
)

FIBRES = (
    *FRAME,
    Column("fibre_id", "int64", "a stretch of fibre between two of: tip, junction, break, cell"),
    Column("cell_id", "int64", "owner; -1 unknown"),
    Column("length_um", "float64", "path length"),
    Column("length_sd_um", "float64", "standard error of the length; 0 in a simulation"),
    Column("chord_um", "float64", "straight distance between its ends"),
    Column("start", "str", "end away from the cell: tip | junction | break | unknown"),
    Column("end", "str", "end towards the cell: junction | cell | break | tip | unknown"),
    Column("attached", "bool", "connected to the cell"),
    Column("broken", "bool", "a stretch that has broken into retractosomes (its length counts as laid, not as intact)"),
)

MIGRASOMES = (
    *FRAME,
    Column("migrasome_id", "int64", "id"),
    Column("cell_id", "int64", "owner; -1 unknown"),
    Column("fibre_id", "int64", "fibre it sits on, in the fibres table of that frame; -1 none or unknown"),
    Column("node_id", "int64", "node of the network it grew at; -1 in images"),
    Column("x_um", "float64", "centre"),
    Column("y_um", "float64", "centre"),
    Column("diameter_um", "float64", "diameter"),
    Column("diameter_sd_um", "float64", "standard error of the diameter; 0 in a simulation"),
    Column("attachment", "str", "tip | junction | shaft | free | unknown: where on the fibre it sits"),
    Column("attached", "bool", "connected to the cell through fibres"),
    Column("stage", "str", "precursor | stabilised | unknown"),
    Column("limiter", "str", "volume | area | shape: what limits the radius; unknown in images"),
    Column("area_um2", "float64", "membrane area"),
    Column("volume_um3", "float64", "enclosed volume"),
    Column("tetraspanin", "float64", "tetraspanin molecules relative to those on 1 um2 of fibre"),
    Column("enrichment", "float64", "tetraspanin per area relative to the fibre"),
    Column("age_min", "float64", "time since appearance"),
    Column("rear_distance_um", "float64", "path length of the cell's rear since the place was laid"),
    Column("along_um", "float64", "position along its fibre from the end towards the cell"),
    # Of mechanisms that a dish may lack; missing there and in images
    Column("soluble_protein", "float64", "molecules of the soluble protein in it"),
    Column("membrane_protein", "float64", "molecules of the membrane protein on it"),
    Column("mrna", "float64", "mRNA in it"),
    Column("mirna", "float64", "miRNA in it"),
    Column("small_vesicles", "float64", "small vesicles in it"),
    Column("released", "float64", "molecules of the soluble protein that it has given to the medium"),
    Column("rna_positive", "float64", "1 if it holds mRNA, 0 if not; NaN for a precursor"),
    Column("healthy_mitochondria", "float64", "healthy mitochondria in it, in pieces of normal size"),
    Column("damaged_mitochondria", "float64", "damaged mitochondria in it, in pieces of normal size"),
    Column("shed", "float64", "1 if it was shed from the body of a cell, 0 if it grew on a fibre or was put there"),
)

LIVES = (
    Column("migrasome_id", "int64", "id"),
    Column("cell_id", "int64", "owner; -1 unknown"),
    Column("attachment", "str", "tip | junction | shaft | free | unknown"),
    Column("entered_min", "float64", "when it came under observation (late entry in movies)"),
    Column("appeared_min", "float64", "when it appeared; before `entered_min` if it was there already"),
    Column("stabilised_min", "float64", "when tetraspanin made it stay; NaN if it never did"),
    Column("detached_min", "float64", "when the way to the cell broke; NaN if not yet"),
    Column("gone_min", "float64", "when it disappeared; NaN if it was there at the end (censored)"),
    Column("last_min", "float64", "end of observation"),
    Column("fate", "str", "collapsed | ruptured | taken-up | carried-off | present; lost (gone, how unseen)"),
)

RETRACTOSOMES = (
    Column("cell_id", "int64", "cell whose broken fibre it was"),
    Column("node_id", "int64", "far end of the broken stretch"),
    Column("x_um", "float64", "centre"),
    Column("y_um", "float64", "centre"),
    Column("diameter_um", "float64", "diameter"),
    Column("born_min", "float64", "when the stretch broke"),
)

BUDGET = (
    *FRAME,
    Column("substance", "str", "soluble_protein, mrna and the like, or the name of a field"),
    Column("place", "str", "cells, migrasomes, released, medium, bound, taken up, delivered, endosome and the like"),
    Column("molecules", "float64", "how many are there, or have gone there since the start"),
)
"""Where the molecules of a simulated dish are. A table of runs only: no image shows it."""

POOLS = (
    *FRAME,
    Column("pool", "str", "well-mixed compartment beside the dish, by its name in the experiment"),
    Column("substance", "str", "vesicles; molecules that are free; NAME_in_vesicles for those still in vesicles"),
    Column("amount", "float64", "vesicles or molecules in the pool, scaled from the dish to its tissue"),
    Column("concentration_per_ml", "float64", "the same over the volume of the pool"),
    Column("concentration_nM", "float64", "molecules over the volume of the pool; NaN for vesicles"),
    Column("limit_per_ml", "float64", "detection limit of the assay; NaN where nobody measures it"),
    Column("detected", "bool", "whether an assay measures it and it has reached the limit"),
)
"""Urine, blood and the like. A table of runs only, and empty where the experiment has no pools."""

LEVELS = (
    *FRAME,
    Column("cell_id", "int64", "id of the cell"),
    Column("pathway", "str", "network inside the cells, by its name in the experiment"),
    Column("quantity", "str", "symbol of the model"),
    Column("value", "float64", "in the unit of the model"),
    Column("unit", "str", "that unit; empty for a pure number"),
)
"""What the networks inside the cells show. A table of runs only, and empty where the cells have none."""

TABLES: dict[str, tuple[Column, ...]] = {
    "cells": CELLS,
    "nodes": NODES,
    "fibres": FIBRES,
    "migrasomes": MIGRASOMES,
    "lives": LIVES,
    "retractosomes": RETRACTOSOMES,
    "pools": POOLS,
    "levels": LEVELS,
}
