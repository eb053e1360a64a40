"""Cells that touch fuse into one of several nuclei, as osteoclasts do. Theory: docs/theory/phenotype.md."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from migralab.core.random import draw_uniform_pairs
from migralab.engine.mechanism import Phase, State, Stream
from migralab.engine.rules import Behaviour, Signal
from migralab.engine.table import Column
from migralab.mechanisms.base import estimate
from migralab.mechanisms.phenotype.hazard import Hazard
from migralab.physics.recipients.neighbourhood import choose_partners, pairs_within
from migralab.spec.parameter import MechanismParameters, Parameter, quantity

_PARTNER = 1  # draws of the thresholds have count 0


class Parameters(MechanismParameters):
    """Which cells fuse, and at what distance."""

    rate: Parameter = quantity(
        0.0, "1/h", source=estimate("none fuses unless the experiment says so; osteoclasts form over days"),
        description="rate at which two cells of this kind fuse while they touch; of two kinds the geometric mean",
    )  # fmt: skip
    reach: Parameter = quantity(
        21.0, "um", source=estimate("a cell of 20 um, and the gap at which membranes of neighbours still meet"),
        low=15.0, high=40.0, minimum=0.1, description="distance of centres below which two cells touch",
    )  # fmt: skip


class Fusion:
    """Two cells fuse by threshold while they touch; the one goes on as a cell of the population after the @."""

    parameters: ClassVar[type[Parameters]] = Parameters
    phase: ClassVar[Phase] = Phase.ACT
    varies: ClassVar[frozenset[str]] = frozenset({"rate"})
    adds: ClassVar[frozenset[str]] = frozenset()
    creates: ClassVar[frozenset[str]] = frozenset()
    name = "phenotype.fusion"
    signals: ClassVar[tuple[Signal, ...]] = (
        Signal(name="nuclei", column="cells.nuclei", meaning="nuclei in the cell"),
    )

    def __init__(self, parameters: Parameters, dt: float, target: str) -> None:  # noqa: ARG002  # as all
        self.name = f"{type(self).name}@{target}"
        self.target = target
        self._reach = parameters.internal()["reach"]
        self._hazard = Hazard(f"fusion_{target}", parameters.varied("rate"), f"fusion into {target}")
        self.columns = (
            *self._hazard.columns,
            Column(
                path="cells.nuclei",
                dtype="int64",
                unit="",
                fill=1,
                file=("nuclei",),
                inherit="reset",
                meaning="nuclei in the cell; one goes with a daughter that is born",
            ),
        )
        self.reads = self._hazard.reads | {"cells.position", "cells.dish"}
        self.writes = self._hazard.writes | {"cells.nuclei"}
        self.behaviours = (
            Behaviour(name=f"fusion to {target}", column=self._hazard.rate_column, parameter="rate", unit="1/h",
                      meaning="rate at which the cell fuses with one of its kind that it touches"),
        )  # fmt: skip
        self.every = 1

    def found(self, state: State, stream: Stream) -> None:
        """Nothing to set: thresholds are drawn when they are first needed."""

    def step(self, state: State, dt: float, stream: Stream) -> None:
        """Gather hazard in contact (eq-fusion); announce the couples."""
        cells = state["cells"]
        willing = self._hazard.rate(cells)
        pairs = pairs_within(cells["position"], cells["dish"], np.flatnonzero(willing > 0.0), self._reach)
        weight = np.sqrt(willing[pairs[:, 0]] * willing[pairs[:, 1]])
        # Half the rate of a pair to each of the two: together they act at the rate of the pair
        rate = 0.5 * np.bincount(pairs.ravel(), np.repeat(weight, 2), minlength=cells.n).astype(np.float64)
        suitors = self._hazard.gather(cells, rate, dt, stream)
        if not len(suitors):
            return
        count = cells[f"{self._hazard.prefix}_count"][suitors].astype(np.uint64)
        chance = draw_uniform_pairs(stream.key, cells["key"][suitors], _PARTNER, count)[0]
        suitor, partner = choose_partners(suitors, chance, pairs, weight, np.zeros(cells.n, bool))
        self._hazard.renew(cells, suitor)
        larger = cells["nuclei"][partner] > cells["nuclei"][suitor]
        into, lost = np.where(larger, partner, suitor), np.where(larger, suitor, partner)
        cells["nuclei"][into] += cells["nuclei"][lost]
        cells["nuclei"][lost] = 0
        cells.fuse(lost, into)
        cells.turn_into(into, state.populations.index(self.target))
