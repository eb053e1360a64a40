"""Cells turn up the gradient as far as their receptors can tell it. Theory: docs/theory/chemotaxis.md."""

from __future__ import annotations

from typing import ClassVar

from migralab.engine.mechanism import Phase, State, Stream
from migralab.engine.rules import Behaviour
from migralab.engine.table import Column
from migralab.mechanisms.base import estimate, ticks_in
from migralab.mechanisms.recipients.receptors import sensed_columns
from migralab.physics.recipients.chemotaxis import Sensed, average, turn_by
from migralab.spec.parameter import MechanismParameters, Parameter, quantity


class Parameters(MechanismParameters):
    """How long a cell averages, and how strongly it turns."""

    sensitivity: Parameter = quantity(
        1 / 60, "1/min", source=estimate("a signal as large as its noise holds a heading of 60 min persistence to an "
        "index of 0.45; sweep"),
        low=1 / 240, high=1 / 6, minimum=None, description="turning per signal over noise (chi); below 0: down it",
    )  # fmt: skip
    fastest: Parameter = quantity(
        1.0, "1/min", source=estimate("a leukocyte needs about a minute to turn its front"), low=0.2, high=5.0,
        minimum=1e-6, description="fastest turning, however clear the signal",
    )  # fmt: skip
    averaging: Parameter = quantity(
        60.0, "s", source=estimate("not measured for these cells; sweep 10 to 300 s"), low=10.0, high=300.0,
        minimum=0.1, description="time over which a cell averages its receptors (T)",
    )  # fmt: skip
    interval: Parameter = quantity(
        0.5, "min", source=estimate("that of the walk, which turns by the mean over it"), minimum=1e-3,
        description="time between two looks; not less than a step of the dish",
    )  # fmt: skip


def _own_columns(n: str) -> tuple[Column, ...]:
    return (
        Column(path=f"cells.{n}_noise_now", dtype="float64", unit="", shape=(2,),
               meaning="noise of its receptors, unit variance"),
        Column(path=f"cells.{n}_filtered", dtype="float64", unit="", shape=(2,),
               meaning="averaged difference, over its noise at one moment"),
        Column(path=f"cells.{n}_signal", dtype="float64", unit="", shape=(2,),
               meaning="averaged difference with its noise, over that noise: what it turns by"),
        Column(path=f"cells.{n}_sensitivity_set", dtype="float64", unit="", fill=1.0,
               meaning="factor of rules on the sensitivity"),
    )  # fmt: skip


class Chemotaxis:
    """Averages the difference between the halves of the cell, with its noise, and turns by what comes out."""

    parameters: ClassVar[type[Parameters]] = Parameters
    phase: ClassVar[Phase] = Phase.SENSE
    varies: ClassVar[frozenset[str]] = frozenset({"sensitivity", "fastest"})
    adds: ClassVar[frozenset[str]] = frozenset({"cells.turning"})
    creates: ClassVar[frozenset[str]] = frozenset()
    columns: tuple[Column, ...] = _own_columns("cue")
    name = "recipients.chemotaxis"

    def __init__(self, parameters: Parameters, dt: float, species: str = "cue") -> None:
        n = self._species = species
        if species != "cue":
            self.name = f"{type(self).name}@{species}"
        self._sensitivity = parameters.varied("sensitivity")
        self._filter = parameters.internal()["averaging"] / 2
        self._fastest = parameters.varied("fastest")
        self.columns = _own_columns(n)
        known = "" if n == "cue" else f" to {n}"
        self.behaviours = (
            Behaviour(name=f"chemotactic sensitivity{known}", column=f"cells.{n}_sensitivity_set", unit="1/min",
                      parameter="sensitivity", relative=True, meaning="turning per signal over noise"),
        )  # fmt: skip
        self.reads = frozenset(
            {column.path for column in sensed_columns(n)}
            | {"cells.alive", "cells.population", f"cells.{n}_sensitivity_set"}
        )
        self.writes = frozenset(column.path for column in self.columns[:3])
        self.every = ticks_in(parameters.interval.internal, dt)

    def found(self, state: State, stream: Stream) -> None:
        """Nothing to set: without ligand there is no noise."""

    def step(self, state: State, dt: float, stream: Stream) -> None:
        """Average for a step, and turn by the mean over it, but no faster than a cell can (eq-fastest)."""
        cells, n = state["cells"], self._species
        sensed = Sensed(*(cells[column.name] for column in sensed_columns(n)))
        average(
            cells[f"{n}_noise_now"], cells[f"{n}_filtered"], *sensed, cells["alive"], cells["key"], stream.key,
            stream.count, self._filter, dt, cells[f"{n}_signal"],
        )  # fmt: skip
        turn_by(
            cells[f"{n}_signal"], cells["population"], cells[f"{n}_sensitivity_set"], self._sensitivity, self._fastest,
            cells["turning"],
        )  # fmt: skip
