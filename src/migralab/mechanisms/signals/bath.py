"""A cue that is given to the whole dish, and washed out again. Theory: docs/theory/receptors.md."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from migralab.engine.mechanism import Phase, State, Stream
from migralab.engine.table import Column
from migralab.mechanisms.base import estimate, ticks_in
from migralab.mechanisms.signals.medium import add_ligand, ligand_columns
from migralab.spec.parameter import MechanismParameters, Parameter, quantity

_CHOSEN = estimate("what the experimenter chooses")


class Parameters(MechanismParameters):
    """How much, and from when to when."""

    concentration: Parameter = quantity(
        0.0, "nM", source=_CHOSEN, low=0.0, high=100.0, description="concentration in all of the medium"
    )
    start: Parameter = quantity(0.0, "min", source=_CHOSEN, description="when it is given")
    stop: Parameter = quantity(
        1e6, "min", source=estimate("beyond any run: not washed out"), description="when it is washed out"
    )
    interval: Parameter = quantity(
        1.0, "min", source=estimate("that of the other ways to present a cue"), minimum=1e-6,
        description="grain of start and stop; that of the other ways to present this cue",
    )  # fmt: skip


class Bath:
    """Adds a uniform concentration to what receptors see; a bath is so large that cells do not deplete it."""

    parameters: ClassVar[type[Parameters]] = Parameters
    phase: ClassVar[Phase] = Phase.EXCHANGE
    reads: ClassVar[frozenset[str]] = frozenset({"cells.alive"})
    writes: ClassVar[frozenset[str]] = frozenset()
    creates: ClassVar[frozenset[str]] = frozenset()
    columns: tuple[Column, ...] = ligand_columns("cue")
    name = "signals.bath"

    def __init__(self, parameters: Parameters, dt: float, species: str = "cue") -> None:
        p = parameters.internal()
        if species != "cue":
            self.name = f"{type(self).name}@{species}"
        self.columns = ligand_columns(species)
        self.adds = frozenset(column.path for column in self.columns)
        self._species, self._level, self._span = species, p["concentration"], (p["start"], p["stop"])
        self.every = ticks_in(p["interval"], dt)

    def found(self, state: State, stream: Stream) -> None:
        """Nothing to set."""

    def step(self, state: State, dt: float, stream: Stream) -> None:  # noqa: ARG002  # nothing is drawn
        """Add the bath while it is there; it has no gradient."""
        cells = state["cells"]
        if self._span[0] <= state.time < self._span[1]:
            add_ligand(state, self._species, np.where(cells["alive"], self._level, 0.0), np.zeros((cells.n, 2)))
