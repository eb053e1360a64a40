"""A network of reactions in each cell, joined to what it senses, takes up and does. Theory: docs/theory/pathways.md."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from migralab.core import units
from migralab.core.errors import BreakdownError, RequestError, UnitError, UnknownIdError
from migralab.core.kernel import threads_for
from migralab.core.random import draw_uniform_pairs
from migralab.engine.mechanism import Accounts, Level, Phase, State, Stream, per_dish
from migralab.engine.rules import Signal
from migralab.engine.table import Column, Table
from migralab.mechanisms.base import ticks_in
from migralab.mechanisms.pathways.numbers import PathwayParameters, constant_values, share_name
from migralab.mechanisms.signals.cargo import KINDS
from migralab.pathways.course import absolute_tolerance
from migralab.pathways.generate.compiled import Settings, build
from migralab.pathways.network import Constant, Network
from migralab.pathways.shipped import Described
from migralab.spec.parameter import MechanismParameters

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

MOST_STEPS = 100_000  # between two exchanges
FIRST_OF_SHARES = 1 << 30  # draws of an exchange above those of the counted reactions
_FAILURES = {1: "needs more steps than are allowed", 2: "became infinite or undefined", 3: "has events without end"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where a pathway keeps its numbers in the table of cells.

    Parameters
    ----------
    variables
        Symbol of each variable -> its column, in the order of the network.
    memory
        Columns of what events have to remember.
    step
        Column of the last good step of the integrator.
    outputs
        Symbol of each output -> its column; that of a variable is the variable's.
    taken
        Kind of cargo -> column of how much of it the network was given.
    units
        Unit of the model in which a column's number is, where the model states one; the column itself is internal.
    """

    variables: Mapping[str, str]
    memory: tuple[str, ...]
    step: str
    outputs: Mapping[str, str]
    taken: Mapping[str, str]
    units: Mapping[str, str]

    def factor(self, column: str) -> float:
        """Return the factor from the unit of the model to the internal one."""
        unit = self.units.get(column, "")
        return units.to_internal(1.0, unit) if unit else 1.0

    @property
    def assigned(self) -> tuple[str, ...]:
        """Outputs that follow from the state, and have a column of their own."""
        return tuple(symbol for symbol in self.outputs if symbol not in self.variables)


@dataclass(frozen=True, slots=True)
class _Source:
    """Column in which an input is read, and its factor to the unit of the model."""

    column: str
    factor: float


class PathwayMechanism:
    """Each exchange: read the inputs, take in what was delivered, run every cell's network, show its outputs.

    One class for each pathway, made by `migralab.mechanisms.pathways.kind`; what stands here is common to all.
    """

    described: ClassVar[Described]
    network: ClassVar[Network]
    layout: ClassVar[Layout]
    second: ClassVar[float]  # one second in the model's unit of time
    resting: ClassVar[tuple[Constant, ...]]  # the inputs, with the values that they have in the model
    parameters: ClassVar[type[MechanismParameters]] = PathwayParameters
    name: ClassVar[str]
    phase: ClassVar[Phase] = Phase.ACT
    columns: ClassVar[tuple[Column, ...]]
    signals: ClassVar[tuple[Signal, ...]]
    grasps: ClassVar[frozenset[str]]  # kinds of cargo that it takes
    varies: ClassVar[frozenset[str]]
    adds: ClassVar[frozenset[str]] = frozenset()
    creates: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, parameters: Any, dt: float, offered: Mapping[str, Signal] | None = None) -> None:
        p = parameters.internal()
        self._active = parameters.varied("active") > 0
        self._constants = constant_values(parameters, self.network, self.described.seams.takes)
        floor = absolute_tolerance(self.network, self._constants[0], p["tolerance"])
        self._settings = Settings(rtol=p["tolerance"], atol=floor, most_steps=MOST_STEPS)
        self.counted = self.described.seams.counted if p["counted"] > 0 else ()
        if p["counted"] > 0 and not self.counted:
            raise RequestError(
                f"{self.name}: counted = 1, and no variable of it can be counted. Name those that can under "
                "'counted' in pathways."
            )
        # Without the other mechanisms it is only asked what it offers
        self._sources = () if offered is None else tuple(self._source(own, offered) for own in self.resting)
        self._takes = self._parts(p)
        self.every = ticks_in(p["exchange"], dt)
        # By kind, so that two networks may take different ones; without uptake there is nothing to take
        self.writes = frozenset(c.path for c in self.columns) | {f"cells.in_endosome:{kind}" for kind in self._takes}
        self.reads = frozenset({"cells.alive", "cells.population"} | {f"cells.{s.column}" for s in self._sources})

    def _parts(self, p: Mapping[str, float]) -> dict[str, list[tuple[str, float]]]:
        """Return, for each kind of cargo, the variables that receive a share of it."""
        parts: dict[str, list[tuple[str, float]]] = {}
        for symbol, own in self.described.seams.takes.items():
            if own:
                parts.setdefault(own.cargo, []).append((symbol, p[share_name(symbol)]))
        for kind, shares in parts.items():
            if sum(share for _, share in shares) > 1.0 + 1e-9:
                names = ", ".join(share_name(symbol) for symbol, _ in shares)
                raise RequestError(f"{self.name}: {names} add up to more than 1; there is only one {kind} to share.")
        return parts

    @property
    def choice(self) -> str:
        """Which integrator runs, and why, in one sentence."""
        return f"{self._solver.method}: {self._solver.reason}"

    @functools.cached_property
    def _chance(self) -> Any:
        from migralab.pathways.counted.build import counted_build  # in counted runs only

        return counted_build(self.network, self.counted)

    @functools.cached_property
    def _solver(self) -> Any:
        return build(self._chance.rest if self.counted else self.network, method=self.described.seams.method)

    @functools.cached_property
    def _continuous(self) -> tuple[str, ...]:
        """Columns of what is integrated."""
        kept = (column for symbol, column in self.layout.variables.items() if symbol not in self.counted)
        return (*kept, *self.layout.memory)

    def _source(self, constant: Constant, offered: Mapping[str, Signal]) -> _Source:
        own = self.described.seams.inputs[constant.name]
        wanted = own.signal if own else ""
        if (signal := offered.get(wanted.lower())) is None:
            missing = UnknownIdError("signal", wanted, [known.name for known in offered.values()])
            raise RequestError(
                f"{self.name}: its input '{constant.name}' reads a signal. {missing} Add the mechanism that brings it; "
                f"or write 'inputs: {{{constant.name}: \"\"}}' for it under pathways, and it is a parameter."
            )
        unit = constant.unit or signal.unit
        try:
            units.to_internal(1.0, signal.unit, like=unit)
        except UnitError:
            raise RequestError(
                f"{self.name}: its input '{constant.name}' is in {unit}, and the signal '{signal.name}' in "
                f"{signal.unit or 'plain numbers'}: the dimensions differ. Change the unit in the model, or the signal."
            ) from None
        return _Source(signal.column.partition(".")[2], 1.0 / units.to_internal(1.0, unit))

    def found(self, state: State, stream: Stream) -> None:  # noqa: ARG002  # nothing is drawn
        """Put every cell where its network starts, with the inputs at the values of the model."""
        cells, layout = state["cells"], self.layout
        inputs = np.array([[own.value] for own in self.resting]).reshape(-1, 1)
        starter = build(self.network, method="explicit", plain=True)
        columns = (*layout.variables.values(), *layout.memory)
        for number, constants in enumerate(self._constants):
            rows = np.flatnonzero(cells["population"] == number)
            start = starter.start(constants, inputs)
            for k, symbol in enumerate(layout.variables):
                if symbol in self.counted:
                    start[k] = np.rint(start[k])
            self._scatter(cells, columns, rows, np.broadcast_to(start[:, :1], (len(columns), len(rows))))
            if layout.memory:  # choices between events that are equal differ between cells, whoever stands beside them
                cells[layout.memory[-2]][rows] = (cells["key"][rows] >> np.uint64(12)).astype(np.float64)
            shown = starter.show(0.0, start[: len(layout.variables)], inputs, constants, layout.assigned)
            names = [layout.outputs[symbol] for symbol in layout.assigned]
            self._scatter(cells, names, rows, np.broadcast_to(shown[:, :1], (len(names), len(rows))))

    def step(self, state: State, dt: float, stream: Stream) -> None:
        """Run every living cell that has the network to the end of the step (eq-pathway)."""
        cells = state["cells"]
        if self._takes and "in_endosome" in cells.names:  # without uptake nothing is delivered
            self._take(cells, stream)
        for number in np.flatnonzero(self._active):
            rows = np.flatnonzero(cells["alive"] & (cells["population"] == number))
            if len(rows):
                with threads_for(len(rows)):
                    self._run(state, rows, self._constants[number], dt, stream)

    def _take(self, cells: Table, stream: Stream) -> None:
        """Move what vesicles have delivered since the last exchange out of the endosome's books into the network."""
        own, draw = cells["alive"] & self._active[cells["population"]], FIRST_OF_SHARES
        for kind, parts in self._takes.items():
            held = cells["in_endosome"][:, KINDS.index(kind)]
            rows = np.flatnonzero(own & (held > 0))
            amount = held[rows]
            held[rows] = 0.0
            cells[self.layout.taken[kind]][rows] += amount
            left, rest = amount, 1.0  # what the variables before have not got
            for symbol, share in parts:
                got = amount * share
                if symbol in self.counted and len(rows):
                    part = min(share / rest, 1.0) if rest > 0 else 0.0
                    got = _draw_share(left, part, cells["key"][rows], stream, draw)
                cells[self.layout.variables[symbol]][rows] += got
                left, rest, draw = left - got, rest - share, draw + 1

    def _run(self, state: State, rows: Rows, constants: Floats, dt: float, stream: Stream) -> None:
        cells, layout = state["cells"], self.layout
        time, span = state.time * self.second, dt * self.second
        inputs = np.empty((len(self._sources), len(rows)))
        for k, source in enumerate(self._sources):
            inputs[k] = cells[source.column][rows] * source.factor
        ends = inputs
        if self.counted:
            names = [layout.variables[symbol] for symbol in self.counted]
            whole = self._gather(cells, names, rows)
            mean = self._chance.advance(
                whole, inputs, constants, span, cells["key"][rows], stream.key, np.uint64(stream.count)
            )
            self._scatter(cells, names, rows, whole)
            inputs, ends = np.vstack([inputs, mean]), np.vstack([inputs, whole])
        y, h = self._gather(cells, self._continuous, rows), cells[layout.step][rows]
        failed = self._solver.advance(y, inputs, constants, time, span, h, self._settings)
        if failed.any():
            self._break_down(state, rows, failed)
        self._scatter(cells, self._continuous, rows, y)
        cells[layout.step][rows] = h
        if layout.assigned:
            shown = self._solver.show(time + span, y, ends, constants, layout.assigned)
            self._scatter(cells, [layout.outputs[symbol] for symbol in layout.assigned], rows, shown)

    def _break_down(self, state: State, rows: Rows, failed: NDArray[np.int8]) -> None:
        cells, first = state["cells"], rows[np.flatnonzero(failed)[0]]
        values = ", ".join(f"{symbol} = {cells[name][first]:.4g}" for symbol, name in self.layout.variables.items())
        raise BreakdownError(
            f"{self.name}: the network of cell {cells['id'][first]} {_FAILURES[int(failed.max())]} after "
            f"{state.time / 3600:.3g} h ({np.count_nonzero(failed)} of {len(rows)} cells); it came from {values}. "
            "A constant or an input is too extreme, or the model has no solution there."
        )

    def levels(self, state: State) -> list[Level]:
        """Return the outputs of every cell, in the units of the model; missing where a cell has no such network."""
        cells = state["cells"]
        runs = self._active[cells["population"]]
        return [
            Level(
                pathway=self.described.id, quantity=symbol, unit=self.layout.units.get(name, ""),
                values=np.where(runs, cells[name] / self.layout.factor(name), np.nan),
            )
            for symbol, name in self.layout.outputs.items()
        ]  # fmt: skip

    def account(self, state: State) -> Accounts:
        """Return the delivered molecules that went into the network, by kind and dish."""
        cells = state["cells"]
        return {
            (kind, f"pathway {self.described.id}"): per_dish(state, cells["dish"], cells[self.layout.taken[kind]])
            for kind in self._takes
        }

    def _gather(self, cells: Table, names: Sequence[str], rows: Rows) -> Floats:
        """Return columns of some rows in the units of the model, (columns, rows), C-contiguous."""
        found = np.empty((len(names), len(rows)))
        for k, name in enumerate(names):
            found[k] = cells[name][rows]
            if (factor := self.layout.factor(name)) != 1.0:
                found[k] /= factor
        return found

    def _scatter(self, cells: Table, names: Sequence[str], rows: Rows, values: Floats) -> None:
        for name, own in zip(names, values, strict=True):
            cells[name][rows] = own if (factor := self.layout.factor(name)) == 1.0 else own * factor


def _draw_share(amount: Floats, share: float, keys: Any, stream: Stream, draw: int) -> Floats:
    """Return how many of so many molecules are of the kind that is asked for: binomial, one draw a cell."""
    from scipy.stats import binom  # 0.3 s of import, in counted runs only

    carry, luck = draw_uniform_pairs(stream.key, keys, stream.count, draw)
    # Another mechanism may have left a mean, which is no whole number: the rest is one more molecule, or none
    whole = np.floor(amount) + (carry < amount % 1.0)
    found: Floats = np.maximum(binom.ppf(luck, whole, share), 0.0)
    return found
