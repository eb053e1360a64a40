"""All fields of one replicate as one set of observations: it is measured once, however many fields it has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from migralab.core.errors import DataError
from migralab.results.observations import Observations
from migralab.results.schema import TABLES

if TYPE_CHECKING:
    import pandas as pd

_IDS = ("cell_id", "fibre_id", "migrasome_id", "node_id", "parent_id")
_APART_UM = 1e5  # fields are laid side by side so far apart that nothing in one is near anything in another


def pool_fields(fields: Sequence[Observations], *, experiment: str, condition: str = "") -> Observations:
    """Join the fields of one replicate; ids are renumbered, and fields are laid far apart along x.

    Parameters
    ----------
    fields
        Observations of the images of one replicate, of one origin and with the same frames.
    experiment, condition
        Name of the replicate and of its arm.

    Raises
    ------
    DataError
        If there are none, or they differ in origin or frames.
    """
    import pandas as pd

    if not fields:
        raise DataError(f"Replicate '{experiment}' of '{condition}' has no images to join.")
    first = fields[0]
    for other in fields[1:]:
        if other.origin != first.origin or len(other.frames_min) != len(first.frames_min):
            raise DataError(
                f"Replicate '{experiment}': '{first.experiment}' and '{other.experiment}' differ in origin or in "
                "number of frames and cannot be joined. Give them as two replicates, or measure the same frames."
            )
    moved = _renumber(fields)
    tables = {}
    for name in TABLES:
        parts = [table[name] for table in moved if len(table[name])]
        tables[name] = pd.concat(parts, ignore_index=True) if parts else first[name]
    areas = [seen.field_area_um2 for seen in fields]
    return Observations(
        tables=tables,
        origin=first.origin,
        experiment=experiment,
        condition=condition,
        field_area_um2=None if None in areas else float(sum(area or 0.0 for area in areas)),
        frames_min=first.frames_min,
        notes=tuple(f"{seen.experiment}: {note}" for seen in fields for note in seen.notes),
    )


def _renumber(fields: Sequence[Observations]) -> list[dict[str, pd.DataFrame]]:
    """Give every field ids of its own; -1 stays unknown."""
    following = dict.fromkeys(_IDS, 0)
    moved = []
    for number, seen in enumerate(fields):
        tables = {name: table.copy() for name, table in seen.tables.items()}
        begins = following | {"parent_id": following["node_id"]}
        for table in tables.values():
            for column in table.columns:
                if column in _IDS:
                    values = table[column].to_numpy(np.int64)
                    table[column] = np.where(values >= 0, values + begins[column], values)
                    if len(values):
                        following[column] = max(following[column], int(table[column].max()) + 1)
                elif column == "x_um" or column.endswith("_x_um"):
                    table[column] = table[column] + number * _APART_UM
        moved.append(tables)
    return moved
