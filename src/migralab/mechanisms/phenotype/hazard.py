"""What the events of a cell share: a rate per population that rules may set, and a threshold drawn at birth.

Not a mechanism. A hazard is integrated for each cell; when it passes the cell's threshold, the event happens.
Halving the step changes no statistics. Theory: docs/theory/phenotype.md.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from migralab.core.random import draw_exponentials
from migralab.engine.mechanism import Stream
from migralab.engine.table import Column, Table

Floats = NDArray[np.float64]
Rows = NDArray[Any]


class Hazard:
    """One kind of event of a cell.

    Parameters
    ----------
    prefix
        Of its columns: ``division`` has ``cells.division_rate``, ``division_hazard``, ``division_threshold`` and
        ``division_count``.
    base
        (populations,) rate without rules, 1/s.
    what
        For the meaning of the columns, for example "division".
    """

    def __init__(self, prefix: str, base: Floats, what: str) -> None:
        self.prefix, self._base = prefix, base
        path = f"cells.{prefix}"
        self.rate_column = f"{path}_rate"
        self.columns: tuple[Column, ...] = (
            Column(path=self.rate_column, dtype="float64", unit="1/s", fill=np.nan,
                   meaning=f"rate of {what} by rules; NaN where none speaks of it"),
            # What both sisters have gathered since the division counts for both; of other events a newborn has none
            Column(path=f"{path}_hazard", dtype="float64", unit="", meaning=f"hazard of {what} gathered",
                   inherit="copy" if prefix == "division" else "reset"),
            Column(path=f"{path}_threshold", dtype="float64", unit="", fill=np.nan, inherit="reset",
                   meaning=f"hazard at which the next {what} comes; NaN: still to be drawn"),
            Column(path=f"{path}_count", dtype="int64", unit="", inherit="reset", meaning=f"events of {what} so far"),
        )  # fmt: skip
        self.reads = frozenset({self.rate_column, "cells.alive", "cells.population", "cells.key"})
        self.writes = frozenset(column.path for column in self.columns[1:])

    def rate(self, cells: Table) -> Floats:
        """Return the rate in each cell, (n,) 1/s; 0 in the dead."""
        by_rule = cells[f"{self.prefix}_rate"]
        rate = np.where(np.isnan(by_rule), self._base[cells["population"]], by_rule)
        return np.where(cells["alive"], rate, 0.0)

    def gather(self, cells: Table, rate: Floats, dt: float, stream: Stream) -> Rows:
        """Integrate the hazard over `dt`; return the rows in which it passed the threshold (eq-cell-hazard)."""
        if not rate.any():
            return np.empty(0, np.int64)
        threshold, hazard = cells[f"{self.prefix}_threshold"], cells[f"{self.prefix}_hazard"]
        new = np.flatnonzero(np.isnan(threshold) & (rate > 0.0))
        count = cells[f"{self.prefix}_count"][new].astype(np.uint64)
        threshold[new] = draw_exponentials(stream.key, cells["key"][new], 0, count)
        hazard += rate * dt
        return np.flatnonzero((rate > 0.0) & (hazard >= threshold))

    def renew(self, cells: Table, rows: Rows) -> None:
        """Begin the wait for the next event; the hazard beyond the threshold counts for it."""
        cells[f"{self.prefix}_hazard"][rows] -= cells[f"{self.prefix}_threshold"][rows]
        cells[f"{self.prefix}_threshold"][rows] = np.nan
        cells[f"{self.prefix}_count"][rows] += 1
