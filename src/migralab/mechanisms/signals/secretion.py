"""Living cells give a cue to the medium at a rate of their own. Theory: docs/theory/secretion.md."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from migralab.engine.mechanism import Accounts, Phase, State, Stream, per_dish
from migralab.engine.rules import Behaviour
from migralab.engine.table import Column
from migralab.mechanisms.base import estimate
from migralab.mechanisms.signals.medium import secreted_columns
from migralab.spec.parameter import MechanismParameters, Parameter, quantity


class Parameters(MechanismParameters):
    """How much a cell gives off."""

    rate: Parameter = quantity(
        0.0, "1/s", source=estimate("no cell secretes unless an experiment says so"), low=0.0, high=100.0,
        description="molecules (or particles) of the cue that a cell gives to the medium each second",
    )  # fmt: skip


class Secretion:
    """Each living cell gives off its cue all the time. Several at once: ``signals.secretion@vegf``, one for each.

    What it holds around a cell at rest, and in a closed dish, is known: eq-secretion-steady.
    """

    parameters: ClassVar[type[Parameters]] = Parameters
    phase: ClassVar[Phase] = Phase.ACT
    adds: ClassVar[frozenset[str]] = frozenset()
    creates: ClassVar[frozenset[str]] = frozenset()
    varies: ClassVar[frozenset[str]] = frozenset({"rate"})
    name = "signals.secretion"

    def __init__(self, parameters: Parameters, dt: float, species: str = "cue") -> None:  # noqa: ARG002  # no interval
        n = self._species = species
        if species != "cue":
            self.name = f"{type(self).name}@{species}"
        self._rate = parameters.varied("rate")
        given, taken = secreted_columns(n)
        self.columns: tuple[Column, ...] = (
            given,
            Column(path=f"cells.{n}_secretion_set", dtype="float64", unit="1/s", fill=np.nan,
                   meaning=f"secretion of {n} by rules; NaN where none speaks of it"),
        )  # fmt: skip
        known = "" if n == "cue" else f" of {n}"
        self.behaviours = (
            Behaviour(name=f"secretion{known}", column=f"cells.{n}_secretion_set", parameter="rate", unit="1/s",
                      meaning=f"molecules of {n} that it gives off each second"),
        )  # fmt: skip
        # What the field has taken over is read so that a cue without a medium is refused: it would go nowhere
        self.reads = frozenset(
            {f"cells.{c}" for c in (f"{n}_secretion_set", "alive", "population", "dish")} | {taken.path}
        )
        self.writes = frozenset({given.path})
        self.every = 1

    def found(self, state: State, stream: Stream) -> None:
        """Nothing to set: nothing has been given off."""

    def step(self, state: State, dt: float, stream: Stream) -> None:  # noqa: ARG002  # nothing is drawn
        """Give off what is due in this step (eq-secretion); the dead and the absent give nothing."""
        cells, n = state["cells"], self._species
        by_rule = cells[f"{n}_secretion_set"]
        rate = np.where(np.isnan(by_rule), self._rate[cells["population"]], by_rule)
        cells[f"{n}_secreted"][:] += np.where(cells["alive"], rate * dt, 0.0)

    def account(self, state: State) -> Accounts:
        """Return what cells have given off, molecules per dish."""
        cells, n = state["cells"], self._species
        return {(n, "secreted"): per_dish(state, cells["dish"], cells[f"{n}_secreted"])}
