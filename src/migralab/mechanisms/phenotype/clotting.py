"""Cells with tissue factor start a clot once enough activity has built up. Theory: docs/theory/phenotype.md."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from migralab.engine.mechanism import Phase, State, Stream
from migralab.engine.rules import Behaviour, Signal
from migralab.engine.table import Column
from migralab.mechanisms.base import estimate
from migralab.physics.recipients.clot import clot_step
from migralab.spec.parameter import MechanismParameters, Parameter, quantity


class Parameters(MechanismParameters):
    """Activity that tissue factor starts, what inhibits it, and how fast a clot grows."""

    rate: Parameter = quantity(
        0.0, "1/h", source=estimate("no tissue factor unless the experiment or a rule says so"),
        description="procoagulant activity that the cell starts in a time, in units of the threshold",
    )  # fmt: skip
    inhibition: Parameter = quantity(
        0.5, "1/min", source=estimate("antithrombin and TFPI take out active factors within minutes"), low=0.1,
        high=2.0, description="rate at which activity is inhibited",
    )  # fmt: skip
    deposition: Parameter = quantity(
        0.2, "1/min", source=estimate("a clot forms within ten minutes of the burst of thrombin"), low=0.05, high=1.0,
        description="clot laid down in a time for each threshold of activity above the first",
    )  # fmt: skip


class Clotting:
    """Activity builds up against inhibitors; a clot is laid down at the cell while it is above the threshold."""

    parameters: ClassVar[type[Parameters]] = Parameters
    name: ClassVar[str] = "phenotype.clotting"
    phase: ClassVar[Phase] = Phase.ACT
    varies: ClassVar[frozenset[str]] = frozenset({"rate"})
    columns: ClassVar[tuple[Column, ...]] = (
        Column(path="cells.clotting_rate", dtype="float64", unit="1/s", fill=np.nan,
               meaning="procoagulant activity by rules; NaN where none speaks of it"),
        Column(path="cells.coagulation", dtype="float64", unit="", inherit="reset",
               meaning="activity at the cell, over the threshold"),
        Column(path="cells.clot", dtype="float64", unit="", inherit="share", file=("clot",),
               meaning="clot at the cell, in units of what one threshold of activity lays down"),
    )  # fmt: skip
    reads: ClassVar[frozenset[str]] = frozenset({"cells.clotting_rate", "cells.population", "cells.alive"})
    writes: ClassVar[frozenset[str]] = frozenset({"cells.coagulation", "cells.clot"})
    adds: ClassVar[frozenset[str]] = frozenset()
    creates: ClassVar[frozenset[str]] = frozenset()
    signals: ClassVar[tuple[Signal, ...]] = (Signal(name="clot", column="cells.clot", meaning="clot at the cell"),)
    behaviours: ClassVar[tuple[Behaviour, ...]] = (
        Behaviour(name="clotting", column="cells.clotting_rate", parameter="rate", unit="1/h",
                  meaning="procoagulant activity that the cell starts in a time"),
    )  # fmt: skip

    def __init__(self, parameters: Parameters, dt: float) -> None:  # noqa: ARG002  # every mechanism gets the tick
        p = parameters.internal()
        self._rate, self._inhibition, self._deposition = parameters.varied("rate"), p["inhibition"], p["deposition"]
        self.every = 1

    def found(self, state: State, stream: Stream) -> None:
        """Nothing to set."""

    def step(self, state: State, dt: float, stream: Stream) -> None:  # noqa: ARG002  # the contract's signature
        """Advance activity and clot."""
        cells = state["cells"]
        by_rule = cells["clotting_rate"]
        rate = np.where(np.isnan(by_rule), self._rate[cells["population"]], by_rule)
        rate = np.where(cells["alive"], rate, 0.0)
        clot_step(cells["coagulation"], cells["clot"], rate, self._inhibition, self._deposition, dt)
