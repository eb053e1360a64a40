"""Observations: the one place where simulated truth, virtual micrographs and real micrographs meet."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from migralab.results.schema import TABLES

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True)
class Observations:
    """What was seen in one experiment: tables as in `migralab.results.schema`, and how it was seen.

    Parameters
    ----------
    tables
        Data frames by table name. Every table of the schema is present; a table that cannot be known is empty.
        ``nodes`` of a simulated dish holds the whole network with times; ``fibres`` and ``migrasomes``
        hold one row per object and frame.
    origin
        ``"simulation"`` or ``"image"``.
    experiment
        The replicate: a seed, or the name of the dish or folder. Intervals are over experiments.
    condition
        The arm, for example ``"fibronectin-10"``.
    field_area_um2
        Area that was looked at, um2; None where it is unknown.
    frames_min
        Time of each frame, min.
    notes
        What the reader of a number made from this must know.
    """

    tables: dict[str, pd.DataFrame]
    origin: str
    experiment: str
    condition: str = ""
    field_area_um2: float | None = None
    frames_min: tuple[float, ...] = (0.0,)
    notes: tuple[str, ...] = field(default=())

    def __getitem__(self, table: str) -> pd.DataFrame:
        """Return one table."""
        return self.tables[table]

    @property
    def last_frame(self) -> int:
        """Number of the last frame."""
        return len(self.frames_min) - 1

    def at(self, table: str, frame: int | None = None) -> pd.DataFrame:
        """Return the rows of `table` in one frame (the last by default)."""
        rows = self.tables[table]
        return rows[rows["frame"] == (self.last_frame if frame is None else frame)]


def empty_table(name: str) -> pd.DataFrame:
    """Return a table of the schema without rows, with the right column types."""
    import pandas as pd

    return pd.DataFrame({column.name: pd.Series(dtype=column.dtype) for column in TABLES[name]})


def conform(name: str, columns: dict[str, object]) -> pd.DataFrame:
    """Build a table of the schema from some of its columns; what is not given is missing, not guessed.

    Raises
    ------
    KeyError
        If a column is not in the schema.
    """
    import numpy as np
    import pandas as pd

    known = {column.name for column in TABLES[name]}
    if strange := set(columns) - known:
        raise KeyError(f"not columns of '{name}': {sorted(strange)}")
    length = max((len(np.atleast_1d(np.asarray(values))) for values in columns.values()), default=0)
    missing = {"float64": np.nan, "int64": -1, "int32": 0, "bool": False, "str": "unknown"}
    table = {
        column.name: pd.Series(columns[column.name], dtype=column.dtype)
        if column.name in columns
        else pd.Series([missing[column.dtype]] * length, dtype=column.dtype)
        for column in TABLES[name]
    }
    return pd.DataFrame(table)
