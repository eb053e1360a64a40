"""Structure of arrays: one array per column, one row per entity."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from migralab.core.random import share_out, stream_key

Array = NDArray[Any]
Inherit = Literal["copy", "share", "reset"]


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
    inherit
        What a daughter cell gets: a copy, its share (whole numbers by a binomial draw, the rest halved), or `fill`.
        When cells fuse, what is shared adds up and the rest stays as it is in the cell that goes on.
    """

    path: str
    dtype: str
    unit: str
    meaning: str
    shape: tuple[int, ...] = ()
    fill: float = 0.0
    file: tuple[str, ...] = ()
    inherit: Inherit = "copy"

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
    False; dead rows are dropped when they are an eighth of the table, unless `keep_dead`: then a row is an id for ever.
    """

    def __init__(self, columns: Mapping[str, Column], *, keep_dead: bool = False) -> None:
        self.columns = dict(columns)
        self.keep_dead = keep_dead
        self.n = self.next_id = self.version = 0
        self.newborn_from = 0
        self._capacity = self._dead = 0
        self._births: list[tuple[int, NDArray[np.uint64], dict[str, Any]]] = []
        self._deaths: list[Array] = []
        self._divisions: list[tuple[Array, NDArray[np.uint64], Array]] = []
        self._fusions: list[tuple[Array, Array]] = []
        self._turns: list[tuple[Array, int]] = []
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

    def place(self, ids: Array) -> Array:
        """Return the row of each id, dead or alive, in a table that keeps its dead; an id of -1 stays -1."""
        if not self.keep_dead:
            raise TypeError("a table that drops its dead has no place for them")
        return np.asarray(ids)

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

    def revive(self, rows: Array) -> None:
        """Mark rows as alive: cells that enter a dish after its start."""
        self._dead -= int((~self["alive"][rows]).sum())
        self["alive"][rows] = True

    # ---- announced by mechanisms, done at `commit`: no phase reads what these change --------------------------------
    def die(self, rows: Array) -> None:
        """Announce deaths."""
        self._deaths.append(np.asarray(rows))

    def divide(self, rows: Array, key: NDArray[np.uint64], position: Array) -> None:
        """Announce daughters, one for each row: their keys (k,) and places (k, 2) um. See `Column.inherit`."""
        self._divisions.append((np.asarray(rows), key, position))

    def fuse(self, rows: Array, into: Array) -> None:
        """Announce that each of `rows` goes into a row of `into`, which gets what it holds of shared columns."""
        self._fusions.append((np.asarray(rows), np.asarray(into)))

    def turn_into(self, rows: Array, population: int) -> None:
        """Announce that cells become cells of another population."""
        self._turns.append((np.asarray(rows), population))

    def commit(self, now: float = 0.0) -> None:
        """Do what was announced, drop dead rows if there are many, then let the newborn appear.

        Parameters
        ----------
        now
            Time of death of those that die, s.
        """
        # Of two wishes the higher number wins: the order in which they came must not count
        for rows, population in sorted(self._turns, key=lambda turn: turn[1]):
            self["population"][rows] = population
        for rows, into in self._fusions:
            self._absorb(rows, into, now)
        for rows, key, position in self._divisions:
            self._bear(rows, key, position)
        for rows in self._deaths:
            self._end(rows, now)
        self._turns, self._fusions, self._divisions, self._deaths = [], [], [], []
        if not self.keep_dead and self._dead * 8 > self.n:
            self._compact()
        self.newborn_from = self.n
        for first, key, columns in self._births:
            self._append(first, key, columns)
        self._births = []

    def _end(self, rows: Array, now: float) -> None:
        living = np.unique(rows[self["alive"][rows]])
        if "died" in self._layout:
            self["died"][living] = now
        self.remove(living)

    def _absorb(self, rows: Array, into: Array, now: float) -> None:
        both = self["alive"][rows] & self["alive"][into] & ~np.isin(into, rows)
        rows, into = rows[both], into[both]
        for name, column in self.columns.items():
            if column.inherit == "share":
                np.add.at(self[name], into, self[name][rows])
                self[name][rows] = 0
        self._end(rows, now)

    def _bear(self, rows: Array, key: NDArray[np.uint64], position: Array) -> None:
        living = self["alive"][rows]
        rows, key = rows[living], key[living]
        given: dict[str, Any] = {}
        for name, column in self.columns.items():
            if column.inherit == "reset":
                continue
            held = self[name][rows]
            if column.inherit == "share":
                given[name] = share_out(stream_key(f"division/{column.path}"), key, held)
                self[name][rows] = held - given[name]
            else:
                given[name] = held
        self.add(key, **given | {"position": position[living]})

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
