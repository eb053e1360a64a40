"""The time loop: ordering of mechanisms, ticks, checkpoints. Knows no mechanism by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from migralab.core import random
from migralab.engine.mechanism import UNBOUNDED, Mechanism, Phase, State, Stream, founder_keys, founder_stream
from migralab.engine.table import Column, Table
from migralab.engine.watch import Watch
from migralab.physics.space import Space

# Tables whose dead rows stay: the life of each vesicle is a result, and what a dead cell left behind is still its own
KEEP_DEAD = frozenset({"migrasomes", "cells"})

BASE_COLUMNS = (
    Column(path="cells.position", dtype="float64", unit="um", meaning="centre of the cell", shape=(2,)),
    Column(path="cells.dish", dtype="int32", unit="", meaning="which of the dishes in this state"),
    Column(path="cells.heading", dtype="float64", unit="", meaning="unit vector of polarity", shape=(2,)),
    Column(path="cells.velocity", dtype="float64", unit="um/s", meaning="what pushes it, summed", shape=(2,)),
    Column(path="cells.stride", dtype="float64", unit="um/s", meaning="velocity of its own walk", shape=(2,)),
    Column(path="cells.turning", dtype="float64", unit="1/s", meaning="what the heading turns towards", shape=(2,)),
    Column(path="cells.population", dtype="int32", unit="", meaning="which of the populations of the experiment"),
    Column(path="cells.enters", dtype="float64", unit="s", meaning="when it comes into the dish"),
    Column(path="cells.died", dtype="float64", unit="s", meaning="when it died", fill=np.inf, inherit="reset"),
)


@dataclass(frozen=True, slots=True)
class Founders:
    """The founders of one population in every dish: name, number, and when they come in, s."""

    name: str
    cells: int
    enters: float = 0.0


class PlanError(ValueError):
    """Two mechanisms touch the same column in one phase, or disagree on what a column is."""


class Engine:
    """Runs mechanisms on a state.

    Parameters
    ----------
    mechanisms
        In any order: the plan is sorted by phase and name.
    dt
        Tick, s.

    Raises
    ------
    PlanError
        If inside a phase one mechanism reads or writes what another writes or adds to, with names and columns.
    """

    def __init__(self, mechanisms: Iterable[Mechanism], dt: float) -> None:
        self.dt = dt
        self.plan = sorted(mechanisms, key=lambda m: (m.phase, m.name))
        self._streams = {m.name: random.stream_key(m.name) for m in self.plan}
        self._refuse_clashes()
        self._watch = Watch(self.plan, self.columns)
        self._phases = [[m for m in self.plan if m.phase == phase] for phase in Phase]

    def _refuse_clashes(self) -> None:
        for a in self.plan:
            for b in self.plan:
                if a is b or a.phase != b.phase:
                    continue
                if (sums := a.adds & b.adds) and a.every != b.every:
                    raise PlanError(
                        f"{a.name} adds to {sorted(sums)} every {a.every} ticks and {b.name} every {b.every}: "
                        "one would wipe out what the other gave. Give both the same interval."
                    )
                for clash, verb in (
                    (a.writes & (b.writes | b.reads | b.adds), "writes"),
                    (a.adds & b.reads, "adds to"),
                ):
                    if clash:
                        raise PlanError(
                            f"{a.name} {verb} {sorted(clash)}, which {b.name} uses in the same phase "
                            f"({a.phase.name}). Move one of them to another phase."
                        )

        shares: Counter[str] = Counter()
        for m in self.plan:
            shares.update(getattr(m, "takes", {}))
        for path, share in shares.items():
            if share > 1.0 + 1e-9:
                takers = ", ".join(m.name for m in self.plan if path in getattr(m, "takes", {}))
                raise PlanError(
                    f"{takers} together take {share:g} of {path}, and there is only 1 of it. "
                    "Lower their parameters 'share' so that they add up to 1 or less."
                )

    @property
    def columns(self) -> dict[str, Column]:
        """All columns by path: the base columns and those of the mechanisms."""
        found: dict[str, Column] = {}
        for column in (*BASE_COLUMNS, *(c for m in self.plan for c in m.columns)):
            if found.setdefault(column.path, column) != column:
                raise PlanError(f"column {column.path} is declared twice with different meaning or type")
        return found

    def found(
        self,
        positions: Sequence[NDArray[np.float64]],
        dishes: Sequence[int],
        space: Space = UNBOUNDED,
        populations: Sequence[Founders] = (),
    ) -> State:
        """Return the state of new dishes.

        Parameters
        ----------
        positions
            For each dish, (n, 2) um: a cell is founded at each.
        dishes
            Random key of each dish.
        space
            Their walls, the same for all.
        populations
            Who the founders of a dish are, in the order of the positions; all are of one kind if it is empty.
        """
        by_table: dict[str, dict[str, Column]] = {}
        for column in self.columns.values():
            by_table.setdefault(column.table, {})[column.name] = column
        tables = {name: Table(c, keep_dead=name in KEEP_DEAD) for name, c in sorted(by_table.items())}
        state = State(tables=tables, dishes=np.array(dishes, np.uint64), space=space)
        if populations:
            state.populations = tuple(founders.name for founders in populations)
        orders = [_in_rows(p, populations) for p in positions]
        found = zip(dishes, positions, orders, strict=True)
        keys = np.concatenate([founder_keys(key, len(p))[order] for key, p, order in found])
        places = np.concatenate([p[order] for p, order in zip(positions, orders, strict=True)])
        index = np.repeat(np.arange(len(dishes)), [len(p) for p in positions])
        angle = 2 * np.pi * random.uniform_pair_array(founder_stream("heading").key, keys, 0, 0)[0]
        heading = np.column_stack([np.cos(angle), np.sin(angle)])
        state["cells"].add(keys, position=places, dish=index, heading=heading)
        for table in tables.values():
            table.commit()
        for number, founders in enumerate(populations):
            rows = np.flatnonzero(_kind_of(populations, len(dishes)) == number)
            state["cells"]["population"][rows] = number
            state["cells"]["enters"][rows] = founders.enters
        for mechanism in self.plan:
            mechanism.found(state, founder_stream(mechanism.name))
        for table in tables.values():
            table.commit()
        state["cells"].remove(np.flatnonzero(state["cells"]["enters"] > 0.0))
        return state

    def run(self, state: State, ticks: int, after_tick: Callable[[State], None] | None = None) -> None:
        """Advance the state by a number of ticks; `after_tick` sees it after each, to record it."""
        for _ in range(ticks):
            self._tick(state)
            if after_tick is not None:
                after_tick(state)

    def _tick(self, state: State) -> None:
        state.time = state.tick * self.dt
        self._let_in(state)
        for phase in self._phases:
            due = [m for m in phase if state.tick % m.every == 0]
            for path in {path for m in due for path in m.adds}:
                state.column(path)[...] = 0
            for m in due:
                m.step(state, self.dt * m.every, Stream(self._streams[m.name], state.tick // m.every))
        for table in state.tables.values():
            table.commit(state.time + self.dt)
        self._watch.look(state)
        state.tick += 1
        state.time = state.tick * self.dt

    def _let_in(self, state: State) -> None:
        """Let in the cells that are due in this tick."""
        cells = state["cells"]
        due = cells["enters"]
        if state.tick and cells.n and due.max() > state.time - self.dt:
            cells.revive(np.flatnonzero((due <= state.time) & (due > state.time - self.dt)))


_MANY = 3000  # founders from which on neighbours on the ground should be neighbours in memory
_ROW = 50.0  # um: height of a row of ground


def _in_rows(position: NDArray[np.float64], populations: Sequence[Founders]) -> NDArray[np.int64]:
    """Return the order in which the founders of a dish get their rows: by rows of ground, in each population.

    Kernels that go through the cells then find neighbours and voxels in the cache; what a cell is and does hangs on its
    key, which goes with it. Few founders stay in the order of their keys.
    """
    n = len(position)
    if n < _MANY:
        return np.arange(n)
    kind = _kind_of(populations, 1) if populations else np.zeros(n)
    return np.asarray(np.lexsort((position[:, 0], np.floor(position[:, 1] / _ROW), kind)))


def _kind_of(populations: Sequence[Founders], dishes: int) -> NDArray[np.int64]:
    counts = [founders.cells for founders in populations]
    return np.tile(np.repeat(np.arange(len(counts)), counts), dishes)


def dump_state(state: State) -> dict[str, np.ndarray[Any, Any]]:
    """Return a checkpoint: every table column, every field and the clock, by flat name."""
    saved: dict[str, np.ndarray[Any, Any]] = {
        f"tables/{table}/{name}": array
        for table, content in state.tables.items()
        for name, array in content.dump().items()
    }
    saved |= {f"fields/{name}": array.copy() for name, array in state.fields.items()}
    saved["clock"] = np.array([float(state.tick), state.time])
    saved["dishes"] = state.dishes.copy()
    return saved


def load_state(state: State, saved: Mapping[str, np.ndarray[Any, Any]]) -> None:
    """Take over a checkpoint into a state that was founded by the same plan."""
    for table, content in state.tables.items():
        prefix = f"tables/{table}/"
        content.load({name.removeprefix(prefix): array for name, array in saved.items() if name.startswith(prefix)})
    for name in state.fields:
        state.fields[name] = np.array(saved[f"fields/{name}"])
    state.tick, state.time = int(saved["clock"][0]), float(saved["clock"][1])
    state.dishes = np.array(saved["dishes"])
