"""What the engine asks of a mechanism, and the state it works on."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from migralab.core import random
from migralab.engine.table import Column, Table


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
        Grids by name (none in this version of the model).
    """

    tables: dict[str, Table]
    dishes: NDArray[np.uint64]
    tick: int = 0
    time: float = 0.0
    fields: dict[str, NDArray[Any]] = field(default_factory=dict)

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
