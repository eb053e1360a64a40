"""The truth tables that the microscope writes beside an image."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from migralab.core.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

_ENDINGS = (".ome.tiff", ".ome.tif", ".ome.zarr", ".tiff", ".tif")
_NEEDED = ("migrasomes", "fibres", "cells")


def read_truth(image: str | Path, frame: int = 0) -> dict[str, pd.DataFrame]:
    """Read the truth tables of one frame of a rendered image.

    Parameters
    ----------
    image
        The image; its truth lies beside it (``dish.ome.tiff``: ``dish.truth_migrasomes.csv`` and so on).
    frame
        Number of the frame.

    Returns
    -------
    dict
        Tables ``migrasomes``, ``fibres``, ``cells``, and ``lookalikes`` where the file is there. Migrasomes beyond
        the border of the field are left out.

    Raises
    ------
    DataError
        If a table is missing.
    """
    import pandas as pd

    file = Path(image)
    stem = next((file.name.removesuffix(end) for end in _ENDINGS if file.name.endswith(end)), file.stem)
    tables: dict[str, pd.DataFrame] = {}
    for name in (*_NEEDED, "lookalikes"):
        path = file.with_name(f"{stem}.truth_{name}.csv")
        if path.is_file():
            table = pd.read_csv(path)
            tables[name] = table[table["frame"] == frame].reset_index(drop=True) if "frame" in table else table
        elif name in _NEEDED:
            raise DataError(f"'{path.name}' is not beside {file.name}. Only rendered images have a truth.")
    seen = tables["migrasomes"]
    tables["migrasomes"] = seen[seen["in_field"].astype(bool)].reset_index(drop=True) if "in_field" in seen else seen
    return tables
