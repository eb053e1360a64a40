"""How many cells of one kind a cell touches: a signal for rules. Theory: docs/theory/phenotype.md."""

from __future__ import annotations

from typing import ClassVar

from migralab.engine.mechanism import Phase, State, Stream
from migralab.engine.rules import Signal
from migralab.engine.table import Column
from migralab.mechanisms.base import estimate
from migralab.physics.recipients.neighbourhood import count_near
from migralab.spec.parameter import MechanismParameters, Parameter, quantity


class Parameters(MechanismParameters):
    """What counts as touching."""

    reach: Parameter = quantity(
        21.0, "um", source=estimate("a cell of 20 um, and the gap at which membranes of neighbours still meet"),
        low=15.0, high=40.0, minimum=0.1, description="distance of centres below which two cells touch",
    )  # fmt: skip


class Neighbours:
    """Counts the living cells of the population after the @ that each cell touches."""

    parameters: ClassVar[type[Parameters]] = Parameters
    phase: ClassVar[Phase] = Phase.SENSE
    reads: ClassVar[frozenset[str]] = frozenset(
        {"cells.position", "cells.dish", "cells.alive", "cells.population"}
    )  # fmt: skip
    adds: ClassVar[frozenset[str]] = frozenset()
    creates: ClassVar[frozenset[str]] = frozenset()
    name = "phenotype.neighbours"

    def __init__(self, parameters: Parameters, dt: float, target: str) -> None:  # noqa: ARG002  # as all
        self.name, self.target = f"{type(self).name}@{target}", target
        self._reach, self._column = parameters.internal()["reach"], f"near_{target}"
        path, meaning = f"cells.{self._column}", f"cells of {target} that the cell touches"
        self.columns = (Column(path=path, dtype="int64", unit="", inherit="reset", meaning=meaning),)
        self.writes = frozenset({path})
        self.signals = (Signal(name=f"contact with {target}", column=path, meaning=meaning),)
        self.every = 1

    def found(self, state: State, stream: Stream) -> None:
        """Nothing to set."""

    def step(self, state: State, dt: float, stream: Stream) -> None:  # noqa: ARG002  # the contract's signature
        """Count."""
        cells = state["cells"]
        counted = cells["alive"] & (cells["population"] == state.populations.index(self.target))
        cells[self._column][:] = count_near(
            cells["position"], cells["dish"], cells["alive"], counted, self._reach
        )  # fmt: skip
