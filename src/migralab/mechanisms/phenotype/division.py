"""Cells divide and share out what they hold. Theory: docs/theory/phenotype.md."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from migralab.core.random import draw_child_keys, draw_uniform_pairs
from migralab.engine.mechanism import Phase, State, Stream
from migralab.engine.rules import Behaviour, Signal
from migralab.engine.table import Column
from migralab.mechanisms.base import estimate
from migralab.mechanisms.phenotype.hazard import Hazard
from migralab.spec.parameter import MechanismParameters, Parameter, quantity

_ANGLE = 1  # draws of the thresholds have count 0


class Parameters(MechanismParameters):
    """How often cells divide, and where the daughter lies."""

    rate: Parameter = quantity(
        0.0, "1/h", source=estimate("none divides unless the experiment says so; a doubling in 24 h is 0.029 1/h"),
        description="rate of division: ln 2 over the doubling time",
    )  # fmt: skip
    distance: Parameter = quantity(
        10.0, "um", source=estimate("half a cell of 20 um: daughters begin side by side and part by contact"),
        low=5.0, high=20.0, description="distance of the daughter's centre from the mother's",
    )  # fmt: skip


class Division:
    """A cell divides by threshold: molecules are shared, the daughter starts beside its mother."""

    parameters: ClassVar[type[Parameters]] = Parameters
    name: ClassVar[str] = "phenotype.division"
    phase: ClassVar[Phase] = Phase.ACT
    varies: ClassVar[frozenset[str]] = frozenset({"rate"})
    _own: ClassVar[tuple[Column, ...]] = (
        Column(path="cells.generation", dtype="int64", unit="", file=("generation",),
               meaning="divisions between the founder and this cell"),
    )  # fmt: skip
    columns: ClassVar[tuple[Column, ...]] = (*Hazard("division", np.zeros(1), "division").columns, *_own)
    adds: ClassVar[frozenset[str]] = frozenset()
    creates: ClassVar[frozenset[str]] = frozenset()
    signals: ClassVar[tuple[Signal, ...]] = (
        Signal(name="generation", column="cells.generation", meaning="divisions since the founder"),
    )
    behaviours: ClassVar[tuple[Behaviour, ...]] = (
        Behaviour(name="division", column="cells.division_rate", parameter="rate", unit="1/h",
                  meaning="rate at which the cell divides"),
    )  # fmt: skip

    def __init__(self, parameters: Parameters, dt: float) -> None:  # noqa: ARG002  # every mechanism gets the tick
        self._hazard = Hazard("division", parameters.varied("rate"), "division")
        self._distance = parameters.internal()["distance"]
        self.reads = self._hazard.reads | {"cells.position"}
        self.writes = self._hazard.writes | {"cells.generation"}
        self.every = 1

    def found(self, state: State, stream: Stream) -> None:
        """Nothing to set: thresholds are drawn when they are first needed."""

    def step(self, state: State, dt: float, stream: Stream) -> None:
        """Gather hazard; announce the daughters of those that divide."""
        cells = state["cells"]
        rows = self._hazard.gather(cells, self._hazard.rate(cells), dt, stream)
        if not len(rows):
            return
        mother, ordinal = cells["key"][rows], cells["division_count"][rows].astype(np.uint64)
        angle = 2.0 * np.pi * draw_uniform_pairs(stream.key, mother, _ANGLE, ordinal)[0]
        self._hazard.renew(cells, rows)
        cells["generation"][rows] += 1
        place = cells["position"][rows] + self._distance * np.column_stack([np.cos(angle), np.sin(angle)])
        state.space.confine(place)
        cells.divide(rows, draw_child_keys(mother, stream.key, ordinal), place)
