"""Cells die. Theory: docs/theory/phenotype.md."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from migralab.engine.mechanism import Phase, State, Stream
from migralab.engine.rules import Behaviour
from migralab.engine.table import Column
from migralab.mechanisms.base import estimate
from migralab.mechanisms.phenotype.hazard import Hazard
from migralab.spec.parameter import MechanismParameters, Parameter, quantity


class Parameters(MechanismParameters):
    """How often cells die."""

    rate: Parameter = quantity(
        0.0, "1/h", source=estimate("none dies unless the experiment says so; 0.01 1/h is one in a hundred each hour"),
        description="rate of death",
    )  # fmt: skip


class Death:
    """A cell dies by threshold; its row stays, marked as dead, and nobody meets it any more."""

    parameters: ClassVar[type[Parameters]] = Parameters
    name: ClassVar[str] = "phenotype.death"
    phase: ClassVar[Phase] = Phase.ACT
    varies: ClassVar[frozenset[str]] = frozenset({"rate"})
    columns: ClassVar[tuple[Column, ...]] = Hazard("death", np.zeros(1), "death").columns
    adds: ClassVar[frozenset[str]] = frozenset()
    creates: ClassVar[frozenset[str]] = frozenset()
    behaviours: ClassVar[tuple[Behaviour, ...]] = (
        Behaviour(name="death", column="cells.death_rate", parameter="rate", unit="1/h",
                  meaning="rate at which the cell dies"),
    )  # fmt: skip

    def __init__(self, parameters: Parameters, dt: float) -> None:  # noqa: ARG002  # every mechanism gets the tick
        self._hazard = Hazard("death", parameters.varied("rate"), "death")
        self.reads, self.writes = self._hazard.reads, self._hazard.writes
        self.every = 1

    def found(self, state: State, stream: Stream) -> None:
        """Nothing to set: thresholds are drawn when they are first needed."""

    def step(self, state: State, dt: float, stream: Stream) -> None:
        """Gather hazard; announce the dead."""
        cells = state["cells"]
        rows = self._hazard.gather(cells, self._hazard.rate(cells), dt, stream)
        if len(rows):
            self._hazard.renew(cells, rows)
            cells.die(rows)
