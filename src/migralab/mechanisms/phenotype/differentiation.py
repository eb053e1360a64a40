"""Cells become cells of another kind. Theory: docs/theory/phenotype.md."""

from __future__ import annotations

from typing import ClassVar

from migralab.engine.mechanism import Phase, State, Stream
from migralab.engine.rules import Behaviour
from migralab.mechanisms.base import estimate
from migralab.mechanisms.phenotype.hazard import Hazard
from migralab.spec.parameter import MechanismParameters, Parameter, quantity


class Parameters(MechanismParameters):
    """How often cells turn into the other kind."""

    rate: Parameter = quantity(
        0.0, "1/h", source=estimate("none turns unless the experiment says so; fates take hours to days"),
        description="rate at which a cell turns into a cell of the target population",
    )  # fmt: skip


class Differentiation:
    """A cell turns into a cell of the population after the @, by threshold; what it holds stays with it."""

    parameters: ClassVar[type[Parameters]] = Parameters
    phase: ClassVar[Phase] = Phase.ACT
    varies: ClassVar[frozenset[str]] = frozenset({"rate"})
    adds: ClassVar[frozenset[str]] = frozenset()
    creates: ClassVar[frozenset[str]] = frozenset()
    name = "phenotype.differentiation"

    def __init__(self, parameters: Parameters, dt: float, target: str) -> None:  # noqa: ARG002  # as all
        self.name = f"{type(self).name}@{target}"
        self.target = target
        self._hazard = Hazard(f"to_{target}", parameters.varied("rate"), f"turning into {target}")
        self.columns = self._hazard.columns
        self.reads, self.writes = self._hazard.reads, self._hazard.writes
        self.behaviours = (
            Behaviour(name=f"differentiation to {target}", column=self._hazard.rate_column, parameter="rate",
                      unit="1/h", meaning=f"rate at which the cell turns into one of {target}"),
        )  # fmt: skip
        self.every = 1

    def found(self, state: State, stream: Stream) -> None:
        """Nothing to set: thresholds are drawn when they are first needed."""

    def step(self, state: State, dt: float, stream: Stream) -> None:
        """Gather hazard; announce those that turn."""
        cells, target = state["cells"], state.populations.index(self.target)
        rate = self._hazard.rate(cells)
        rate[cells["population"] == target] = 0.0
        rows = self._hazard.gather(cells, rate, dt, stream)
        if len(rows):
            self._hazard.renew(cells, rows)
            cells.turn_into(rows, target)
