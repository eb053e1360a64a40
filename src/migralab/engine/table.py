"""Structure of arrays: one array per column, one row per entity."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a table of the state.

    Parameters
    ----------
    path
        ``"table.column"``, for example ``"cells.position"``.
    dtype
        numpy type name.
    unit
        Internal unit (um, s, pN, molecules), empty for a pure number.
    meaning
        One line for people.
    shape
        Shape of one entry; ``()`` for a scalar.
    fill
        Value of a row that nobody has set.
    file
        Names under which it goes into the run's table of the same name, one per component of an entry; none if it is
        not recorded. What they mean stands in `migralab.results.schema`; seconds are written as minutes.
    """

    path: str
    dtype: str
    unit: str
    meaning: str
    shape: tuple[int, ...] = ()
    fill: float = 0.0
    file: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse names that do not match the components."""
        if self.file and len(self.file) != math.prod(self.shape):
            raise ValueError(
                f"{self.path} has {math.prod(self.shape)} components and {len(self.file)} file names "
                f"({', '.join(self.file)}). Give one name to each component."
            )

    @property
    def table(self) -> str:
        """Name of the table."""
        return self.path.split(".")[0]

    @property
    def name(self) -> str:
        """Name of the column in its table."""
        return self.path.split(".")[1]


class Table:
    """Rows stay in the order of birth, so ids ascend and the row of an id is found by bisection.

    Births are handed their ids at once and appear as rows at `commit`, between ticks. Deaths set ``alive`` to
    False; dead rows are dropped when they are an eighth of the table, unless `keep_dead`.
    """

    def __init__(self, columns: Mapping[str, Column], *, keep_dead: bool = False) -> None:
        self.columns = dict(columns)
        self.keep_dead = keep_dead
        self.n = self.next_id = self.version = 0
        self.newborn_from = 0
        self._capacity = self._dead = 0
        self._births: list[tuple[int, NDArray[np.uint64], dict[str, Any]]] = []
        base = {
            "id": (np.dtype(np.int64), (), -1),
            "key": (np.dtype(np.uint64), (), 0),
            "alive": (np.dtype(bool), (), 1),
        }
        self._layout = base | {c.name: (np.dtype(c.dtype), c.shape, c.fill) for c in columns.values()}
        self._buffer = {name: np.full((0, *shape), fill, dtype) for name, (dtype, shape, fill) in self._layout.items()}

    def __getitem__(self, column: str) -> Array:
        """Return a view of one column, never a copy."""
        return self._buffer[column][: self.n]

    @property
    def names(self) -> list[str]:
        """Names of all columns."""
        return list(self._layout)

    @property
    def newborn(self) -> slice:
        """Rows that appeared at the last commit."""
        return slice(self.newborn_from, self.n)

    @property
    def nbytes(self) -> int:
        """Bytes held by the buffers."""
        return sum(buffer.nbytes for buffer in self._buffer.values())

    def row(self, ids: Array) -> Array:
        """Return the row of each id, -1 where the entity is gone."""
        if self.n == self.next_id and self._dead == 0:
            return np.asarray(ids)
        if self.n == 0:
            return np.full(np.shape(ids), -1)
        rows = np.minimum(np.searchsorted(self["id"], ids), self.n - 1)
        return np.where((self["id"][rows] == ids) & self["alive"][rows], rows, -1)

    def add(self, key: NDArray[np.uint64], **columns: Any) -> Array:
        """Announce newborns; they get their ids now and their rows at `commit`."""
        first, count = self.next_id, len(key)
        self.next_id += count
        if count:
            self._births.append((first, key, columns))
        return np.arange(first, first + count)

    def remove(self, rows: Array) -> None:
        """Mark rows as dead."""
        self._dead += int(self["alive"][rows].sum())
        self["alive"][rows] = False

    def commit(self) -> None:
        """Drop dead rows if there are many, then let the newborn appear."""
        if not self.keep_dead and self._dead * 8 > self.n:
            self._compact()
        self.newborn_from = self.n
        for first, key, columns in self._births:
            self._append(first, key, columns)
        self._births = []

    def _compact(self) -> None:
        keep = self["alive"].copy()
        count = int(keep.sum())
        for buffer in self._buffer.values():
            buffer[:count] = buffer[: self.n][keep]
        self.n, self._dead = count, 0
        self.version += 1

    def _append(self, first: int, key: NDArray[np.uint64], columns: dict[str, Any]) -> None:
        count = len(key)
        self._reserve(self.n + count)
        new = slice(self.n, self.n + count)
        for name, (_, _, fill) in self._layout.items():
            self._buffer[name][new] = columns.get(name, fill)
        self._buffer["id"][new] = np.arange(first, first + count)
        self._buffer["key"][new] = key
        self.n += count
        self.version += 1

    def _reserve(self, rows: int) -> None:
        if rows <= self._capacity:
            return
        self._capacity = max(64, rows, int(1.5 * self._capacity))
        for name, old in self._buffer.items():
            new = np.empty((self._capacity, *old.shape[1:]), old.dtype)
            new[: self.n] = old[: self.n]
            self._buffer[name] = new

    def dump(self) -> dict[str, Array]:
        """Return everything that a later `load` needs."""
        saved = {name: self[name].copy() for name in self._layout}
        saved["_counters"] = np.array([self.next_id, self.newborn_from, self._dead])
        return saved

    def load(self, saved: Mapping[str, Array]) -> None:
        """Take over a dumped table."""
        counters = saved["_counters"]
        self.next_id, self.newborn_from, self._dead = (int(value) for value in counters)
        self._buffer = {name: np.array(saved[name]) for name in self._layout}
        self.n = self._capacity = len(saved["id"])
        self._births = []
        self.version += 1
