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
    "_um_per_min": "um/min", "_per_um": "1/um", "_um2": "um^2", "_um3": "um^3", "_um": "um", "_min": "min",
}  # fmt: skip

FRAME = (
    Column("frame", "int32", "number of the output frame, from 0"),
    Column("time_min", "float64", "time since the start of the run or movie"),
)

CELLS = (
    *FRAME,
    Column("cell_id", "int64", "id of the cell; -1 in other tables means owner unknown"),
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
    Column("fate", "str", "collapsed | ruptured | present"),
)

RETRACTOSOMES = (
    Column("cell_id", "int64", "cell whose broken fibre it was"),
    Column("node_id", "int64", "far end of the broken stretch"),
    Column("x_um", "float64", "centre"),
    Column("y_um", "float64", "centre"),
    Column("diameter_um", "float64", "diameter"),
    Column("born_min", "float64", "when the stretch broke"),
)

TABLES: dict[str, tuple[Column, ...]] = {
    "cells": CELLS,
    "nodes": NODES,
    "fibres": FIBRES,
    "migrasomes": MIGRASOMES,
    "lives": LIVES,
    "retractosomes": RETRACTOSOMES,
}
