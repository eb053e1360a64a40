"""What a bench specimen holds, as tables with the columns of the truth files beside a micrograph."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from migralab.microscope.bench.recipe import BenchRecipe, Layout
from migralab.microscope.body import CellBody

if TYPE_CHECKING:
    import pandas as pd

Truth = dict[str, "pd.DataFrame"]


def tabulate_truth(layout: Layout, *, fill_per_um: float) -> Truth:
    """Return tables ``migrasomes``, ``fibres``, ``cells`` and ``lookalikes``; lengths in um.

    ``kind`` of a look-alike is ``debris``, ``punctum``, ``fibre_punctum`` or ``endosome``; ``fill_per_um`` of a
    migrasome is the light of its lumen per um3 over that of its membrane per um2, and the argument its median.
    """
    import pandas as pd

    return {
        "migrasomes": _migrasomes(layout, fill_per_um),
        "fibres": _fibres(layout),
        "cells": pd.DataFrame([_cell_row(cell) for cell in layout.cells]),
        "lookalikes": _lookalikes(layout),
    }


def _migrasomes(layout: Layout, fill_per_um: float) -> pd.DataFrame:
    import pandas as pd

    found = layout.migrasomes
    return pd.DataFrame(
        {
            "frame": 0,
            "migrasome_id": np.arange(len(found.diameter)),
            "cell_id": found.owner,
            "x_um": found.centre[:, 0],
            "y_um": found.centre[:, 1],
            "diameter_um": found.diameter,
            "attachment": found.place,
            "attached": True,
            "density": found.density,
            "fill_per_um": fill_per_um * found.lumen,
            "in_field": True,
        }
    )


def _fibres(layout: Layout) -> pd.DataFrame:
    import pandas as pd

    ends = layout.pieces
    fibres = pd.DataFrame(ends, columns=["x0_um", "y0_um", "x1_um", "y1_um"])
    fibres.insert(0, "cell_id", layout.owner)
    fibres["length_um"] = np.hypot(ends[:, 2] - ends[:, 0], ends[:, 3] - ends[:, 1])
    fibres["radius_um"] = BenchRecipe().tube_um / 2
    return fibres


def _cell_row(cell: CellBody) -> dict[str, object]:
    outline = " ".join(f"{x:.2f},{y:.2f}" for x, y in cell.outline)
    return {
        "cell_id": cell.cell_id, "x_um": cell.x_um, "y_um": cell.y_um, "area_um2": cell.area_um2, "outline_um": outline
    }  # fmt: skip


def _lookalikes(layout: Layout) -> pd.DataFrame:
    import pandas as pd

    spots = np.concatenate([cell.spots for cell in layout.cells]) if layout.cells else np.empty((0, 4))
    parts = [(name, part.centre, part.diameter) for name, part in layout.lookalikes.items()]
    parts.append(("endosome", spots[:, :2], spots[:, 2]))
    tables = [
        pd.DataFrame({"kind": name, "x_um": centre[:, 0], "y_um": centre[:, 1], "diameter_um": diameter})
        for name, centre, diameter in parts
    ]
    return pd.concat(tables, ignore_index=True)
