"""What the engine asks of a mechanism, and the state it works on."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from migralab.core import random
from migralab.engine.table import Column, Table
from migralab.physics.space import Space


class Phase(IntEnum):
    """The five phases of a tick.

    Reads and writes of a time loop form a cycle, so no order follows from them. The phases are the documented
    splitting of the model; inside a phase nobody may read what another writes, so the order there has no effect.
    """

    SENSE = 0
    ACT = 1
    MOVE = 2
    EXCHANGE = 3
    LIFE = 4


@dataclass(frozen=True, slots=True)
class Stream:
    """Key of one mechanism's random numbers; `count` is how often this mechanism has run, not the global tick."""

    key: np.uint64
    count: int


Accounts = dict[tuple[str, str], NDArray[np.float64]]
"""Molecules per dish by (substance, place): what a mechanism with an `account(state)` reports for the budget."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GridField:
    """A field as a mechanism with a `shown(state)` hands it to the tables of a run.

    Parameters
    ----------
    name, unit, meaning
        As they go into the file.
    values
        One array per dish, (dishes, [z,] y, x), in internal units.
    factor
        From internal units to `unit`.
    spacing, origin
        Of a voxel and of the lower corner, um, along ([z,] y, x).
    depth
        Height of a layer, um; None in a box.
    obstacle
        Voxels without medium, or None.
    """

    name: str
    unit: str
    meaning: str
    values: NDArray[np.float64]
    factor: float
    spacing: tuple[float, ...]
    origin: tuple[float, ...]
    depth: float | None
    obstacle: NDArray[np.bool_] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """What a network inside the cells shows, as a mechanism with a `levels(state)` hands it to the tables of a run.

    Parameters
    ----------
    pathway, quantity, unit
        As they go into the file.
    values
        One number for each row of the cells, in `unit`; NaN where a cell has no such network.
    """

    pathway: str
    quantity: str
    unit: str
    values: NDArray[np.float64]


UNBOUNDED = Space(seeded=(0.0, 0.0), margin=(500.0, 500.0))


@dataclass(slots=True)
class State:
    """All that a checkpoint holds: tables, fields, and the tick.

    Parameters
    ----------
    tables
        Cells, fibres, migrasomes and what else the mechanisms declare.
    dishes
        Random keys of the dishes in this state; the seeds enter here and nowhere else. Dishes share the
        arrays and nothing else, so a dish comes out the same alone or beside others.
    time
        Seconds since the start, set by the engine at the start of each tick.
    fields
        Grids by name; the first axis is the dish, so that dishes beside each other have a field each.
    space
        Walls of the dish and of its fields; every dish of the state has the same. Not part of a checkpoint: it
        follows from the experiment.
    populations
        Names of the populations by number; as the space, not part of a checkpoint.
    """

    tables: dict[str, Table]
    dishes: NDArray[np.uint64]
    tick: int = 0
    time: float = 0.0
    fields: dict[str, NDArray[Any]] = field(default_factory=dict)
    space: Space = UNBOUNDED
    populations: tuple[str, ...] = ("producers",)

    def __getitem__(self, table: str) -> Table:
        """Return one table."""
        return self.tables[table]

    def column(self, path: str) -> NDArray[Any]:
        """Return the array behind ``"table.column"`` or ``"fields.name"``."""
        room, name = path.split(".")
        return self.fields[name] if room == "fields" else self.tables[room][name]


class Mechanism(Protocol):
    """One biological mechanism.

    Class attributes say what it touches; the engine refuses a plan in which two mechanisms of one phase clash.
    An object holds parameters and scratch only: everything that lasts is in the state.

    Attributes
    ----------
    name
        Id, for example ``"biogenesis.growth"``; names its random stream too.
    columns
        Columns that it brings into the state.
    reads, writes, adds, creates
        Paths (``"cells.position"``). `adds` are accumulators: zeroed before the phase, summed in name order.
        `creates` names tables.
    every
        Runs each `every` ticks, with a step of `every` ticks.
    """

    name: ClassVar[str]
    phase: ClassVar[Phase]
    columns: ClassVar[tuple[Column, ...]]
    reads: ClassVar[frozenset[str]]
    writes: ClassVar[frozenset[str]]
    adds: ClassVar[frozenset[str]]
    creates: ClassVar[frozenset[str]]
    every: int

    def found(self, state: State, stream: Stream) -> None:
        """Set its own columns for the founder cells, once, before the first tick."""
        ...

    def step(self, state: State, dt: float, stream: Stream) -> None:
        """Advance the state by `dt` seconds."""
        ...


def founder_stream(name: str) -> Stream:
    """Return the stream for the draws of the founders, which no step ever uses."""
    return Stream(random.stream_key(f"{name}/founders"), 0)


def founder_keys(dish: int, count: int) -> NDArray[np.uint64]:
    """Return the lineage keys of the founder cells of a dish."""
    stream = random.stream_key("founders")
    return random.child_key_array(np.full(count, dish, np.uint64), stream, np.arange(count, dtype=np.uint64))


def per_dish(state: State, dish: NDArray[Any], amounts: NDArray[Any]) -> NDArray[np.float64]:
    """Return the sum of amounts in each dish; `dish` says where each belongs."""
    return np.bincount(dish, weights=amounts, minlength=len(state.dishes)).astype(np.float64)
