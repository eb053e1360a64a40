"""Rules set behaviours of cells from what they sense. Theory: docs/theory/phenotype.md."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from migralab.engine.mechanism import Phase, State, Stream
from migralab.engine.table import Column
from migralab.mechanisms.base import estimate, ticks_in
from migralab.physics.recipients.response import respond
from migralab.spec.parameter import MechanismParameters, Parameter, quantity

Floats = NDArray[np.float64]


class Parameters(MechanismParameters):
    """How often cells respond."""

    interval: Parameter = quantity(
        1.0, "min", source=estimate("behaviours follow signals within minutes; rules have no delay of their own"),
        minimum=0.001, description="time between two looks at the signals",
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """All rules on one behaviour of one population, in internal units.

    Parameters
    ----------
    population
        Its number.
    column, relative
        Of the behaviour: path, and whether it holds the value over the base.
    signals
        Path of the signal of each rule.
    half, hill, promotes
        (rules,) half-maximum, exponent, and whether the rule raises the behaviour.
    base
        Value without signals.
    extremes
        (2,) value at saturation of what raises, and of what lowers.
    factor
        Path of the signal by which the value is multiplied; empty for none.
    """

    population: int
    column: str
    relative: bool
    signals: tuple[str, ...]
    half: Floats
    hill: Floats
    promotes: NDArray[np.bool_]
    base: float
    extremes: Floats
    factor: str = ""


class Phenotype:
    """Writes the columns of behaviours from those of signals, by Hill laws; the rest of the cell's acts follow."""

    parameters: ClassVar[type[Parameters]] = Parameters
    name: ClassVar[str] = "recipients.phenotype"
    phase: ClassVar[Phase] = Phase.MOVE
    columns: ClassVar[tuple[Column, ...]] = ()
    adds: ClassVar[frozenset[str]] = frozenset()
    creates: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, parameters: Parameters, dt: float, responses: Sequence[Response] = ()) -> None:
        self.responses = tuple(responses)
        self.every = ticks_in(parameters.internal()["interval"], dt)
        self.writes = frozenset(response.column for response in self.responses)
        self.reads = frozenset(path for r in self.responses for path in (*r.signals, *([r.factor] * bool(r.factor))))
        if self.responses:
            self.reads |= {"cells.alive", "cells.population"}

    def found(self, state: State, stream: Stream) -> None:
        """Nothing to set: without signals every behaviour is at its base."""

    def step(self, state: State, dt: float, stream: Stream) -> None:  # noqa: ARG002  # the contract's signature
        """Set every behaviour that a rule speaks of; cells of other kinds, and the dead, get none."""
        cells = state["cells"]
        for path in self.writes:
            name = path.partition(".")[2]
            cells[name][:] = cells.columns[name].fill
        for response in self.responses:
            rows = np.flatnonzero(cells["alive"] & (cells["population"] == response.population))
            signals = np.empty((len(rows), len(response.signals)))
            for j, path in enumerate(response.signals):
                signals[:, j] = state.column(path)[rows]
            base, found = np.full(len(rows), response.base), np.empty(len(rows))
            respond(signals, response.half, response.hill, response.promotes, base, response.extremes, found)
            if response.factor:
                found *= np.maximum(state.column(response.factor)[rows], 0.0)
            if response.relative:  # without a base, as in a knock-out, a factor on it means nothing
                found = found / response.base if response.base else np.ones(len(rows))
            state.column(response.column)[rows] = found
