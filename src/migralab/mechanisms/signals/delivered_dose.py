"""A cell engulfs a vesicle and gets what is in it. Theory: docs/theory/contact.md."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from migralab.core.random import draw_exponentials
from migralab.engine.mechanism import Accounts, Phase, State, Stream, per_dish
from migralab.engine.table import Column
from migralab.mechanisms.base import estimate
from migralab.mechanisms.biogenesis.nucleation import STABILISED
from migralab.mechanisms.signals.cargo import KINDS
from migralab.physics.signals.contact import find_touching
from migralab.spec.parameter import MechanismParameters, Parameter, quantity


class Parameters(MechanismParameters):
    """Contact and engulfment."""

    reach: Parameter = quantity(
        10.5, "um", source=estimate("half a cell of 20 um, and the radius of a vesicle of 1 um"), low=5.0, high=20.0,
        minimum=0.01, description="distance of centres below which a cell touches a vesicle",
    )  # fmt: skip
    uptake_rate: Parameter = quantity(
        1 / 20, "1/min", source=estimate("phagocytosis takes minutes; no uptake rate of migrasomes was read"),
        low=1 / 60, high=1 / 5, description="rate of uptake while a competent cell touches a vesicle (k_u)",
    )  # fmt: skip
    competence: Parameter = quantity(
        1.0, "", source=estimate("1 for cells that take up (KG-1a), 0 for those that do not (CD34+)"), maximum=1.0,
        description="factor on the uptake rate",
    )  # fmt: skip


class DeliveredDose:
    """Uptake by threshold: each vesicle gives in after a time in contact that was drawn at its birth."""

    parameters: ClassVar[type[Parameters]] = Parameters
    name: ClassVar[str] = "signals.delivered-dose"
    phase: ClassVar[Phase] = Phase.SENSE
    columns: ClassVar[tuple[Column, ...]] = (
        Column(path="cells.delivered", dtype="float64", unit="molecules", shape=(len(KINDS),),
               file=tuple(f"delivered_{kind}" for kind in KINDS), meaning="delivered to the cell by vesicles so far"),
        Column(path="cells.engulfed", dtype="int64", unit="", file=("engulfed",), meaning="vesicles taken up so far"),
        Column(path="migrasomes.contact", dtype="float64", unit="", meaning="uptake hazard gathered in contact"),
        Column(path="migrasomes.taken_by", dtype="int64", unit="", meaning="id of the cell that took it up", fill=-1),
    )  # fmt: skip
    reads: ClassVar[frozenset[str]] = frozenset(
        {f"migrasomes.{c}" for c in ("x", "y", "cell", "stage", "key")}
        | {"cells.position", "cells.dish", "cells.alive"}
    )
    writes: ClassVar[frozenset[str]] = frozenset(
        {column.path for column in columns} | {"migrasomes.cargo", "migrasomes.alive", "migrasomes.gone"}
    )
    adds: ClassVar[frozenset[str]] = frozenset()
    creates: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, parameters: Parameters, dt: float) -> None:  # noqa: ARG002  # every mechanism gets the tick
        p = parameters.internal()
        self._reach, self._rate = p["reach"], p["uptake_rate"] * p["competence"]
        self.every = 1

    def found(self, state: State, stream: Stream) -> None:
        """Nothing to set."""

    def step(self, state: State, dt: float, stream: Stream) -> None:
        """Gather hazard where a cell of another kin lies on a vesicle; hand over what is taken up."""
        cells, vesicles = state["cells"], state["migrasomes"]
        rows = np.flatnonzero(vesicles["alive"] & (vesicles["stage"] == STABILISED))
        if not len(rows) or self._rate == 0.0:
            return
        maker = vesicles["cell"][rows]
        cell = find_touching(
            np.column_stack([vesicles["x"][rows], vesicles["y"][rows]]), cells["dish"][cells.row(maker)], maker,
            cells["position"], cells["dish"], cells["id"], cells["alive"], self._reach,
        )  # fmt: skip
        rows, cell = rows[cell >= 0], cell[cell >= 0]
        before = vesicles["contact"][rows]
        vesicles["contact"][rows] = after = before + self._rate * dt
        patience = draw_exponentials(stream.key, vesicles["key"][rows], 0, 0)
        taken = after >= patience
        when = state.time + (patience[taken] - before[taken]) / self._rate
        rows, cell = rows[taken], cell[taken]
        vesicles["gone"][rows] = when
        vesicles["taken_by"][rows] = cells["id"][cell]
        np.add.at(cells["delivered"], cell, vesicles["cargo"][rows])
        np.add.at(cells["engulfed"], cell, 1)
        vesicles["cargo"][rows] = 0.0
        vesicles.remove(rows)

    def account(self, state: State) -> Accounts:
        """Return what recipients hold, by kind and dish."""
        cells = state["cells"]
        return {
            (kind, "delivered"): per_dish(state, cells["dish"], cells["delivered"][:, k])
            for k, kind in enumerate(KINDS)
        }
