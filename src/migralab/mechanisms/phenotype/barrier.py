"""The permeability of a layer of cells follows what they sense, with a delay. Theory: docs/theory/phenotype.md."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from migralab.engine.mechanism import Phase, State, Stream
from migralab.engine.rules import Behaviour
from migralab.engine.table import Column
from migralab.mechanisms.base import estimate
from migralab.spec.parameter import MechanismParameters, Parameter, quantity


class Parameters(MechanismParameters):
    """How tight the layer is at rest, and how fast it opens and closes."""

    permeability: Parameter = quantity(
        0.01, "um/s", source=estimate("1e-6 cm/s: a protein across a tight endothelial monolayer, order of magnitude"),
        low=0.001, high=0.1, description="permeability of the layer at the cell, towards which it relaxes",
    )  # fmt: skip
    relaxation: Parameter = quantity(
        30.0, "min", source=estimate("junctions open in minutes and close within an hour or two"), low=10.0, high=120.0,
        minimum=0.01, description="time in which most of the way to a new permeability is gone",
    )  # fmt: skip


class Barrier:
    """The permeability of each cell's part of the layer relaxes to the value that its rules set."""

    parameters: ClassVar[type[Parameters]] = Parameters
    name: ClassVar[str] = "phenotype.barrier"
    phase: ClassVar[Phase] = Phase.ACT
    varies: ClassVar[frozenset[str]] = frozenset({"permeability", "relaxation"})
    columns: ClassVar[tuple[Column, ...]] = (
        Column(path="cells.permeability", dtype="float64", unit="um/s", file=("permeability_um_per_s",),
               meaning="permeability of the layer at the cell"),
        Column(path="cells.permeability_set", dtype="float64", unit="um/s", fill=np.nan,
               meaning="permeability by rules; NaN where none speaks of it"),
    )  # fmt: skip
    reads: ClassVar[frozenset[str]] = frozenset({"cells.permeability_set", "cells.population"})
    writes: ClassVar[frozenset[str]] = frozenset({"cells.permeability"})
    adds: ClassVar[frozenset[str]] = frozenset()
    creates: ClassVar[frozenset[str]] = frozenset()
    behaviours: ClassVar[tuple[Behaviour, ...]] = (
        Behaviour(name="permeability", column="cells.permeability_set", parameter="permeability", unit="um/s",
                  meaning="permeability towards which the layer relaxes at the cell"),
    )  # fmt: skip

    def __init__(self, parameters: Parameters, dt: float) -> None:  # noqa: ARG002  # every mechanism gets the tick
        self._rest, self._time = parameters.varied("permeability"), parameters.varied("relaxation")
        self.every = 1

    def found(self, state: State, stream: Stream) -> None:  # noqa: ARG002  # the contract's signature
        """Start at rest."""
        cells = state["cells"]
        cells["permeability"][:] = self._rest[cells["population"]]

    def step(self, state: State, dt: float, stream: Stream) -> None:  # noqa: ARG002  # the contract's signature
        """Relax, exactly for a constant target (eq-barrier)."""
        cells = state["cells"]
        kind, by_rule = cells["population"], cells["permeability_set"]
        target = np.where(np.isnan(by_rule), self._rest[kind], by_rule)
        kept = np.exp(-dt / self._time)[kind]
        cells["permeability"][:] = target + (cells["permeability"] - target) * kept
