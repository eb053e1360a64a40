"""A cue that stays on the membrane of the vesicle: only contact reads it. Theory: docs/theory/contact.md."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from migralab.engine.mechanism import Phase, State, Stream
from migralab.engine.table import Column
from migralab.mechanisms.base import estimate
from migralab.mechanisms.signals.cargo import MEMBRANE_PROTEIN
from migralab.physics.signals.contact import feel_vesicles
from migralab.spec.parameter import MechanismParameters, Parameter, quantity


class Parameters(MechanismParameters):
    """How far a cell reaches."""

    reach: Parameter = quantity(
        10.5, "um", source=estimate("half a cell of 20 um, and the radius of a vesicle of 1 um"), low=5.0, high=20.0,
        minimum=0.01, description="distance of centres below which a cell touches a vesicle",
    )  # fmt: skip


class MembraneBound:
    """Each cell feels the membrane protein of the vesicles of others that it touches, and where they lie."""

    parameters: ClassVar[type[Parameters]] = Parameters
    name: ClassVar[str] = "signals.membrane-bound"
    phase: ClassVar[Phase] = Phase.EXCHANGE
    columns: ClassVar[tuple[Column, ...]] = (
        Column(path="cells.touched_ligand", dtype="float64", unit="molecules", file=("touched_ligand",),
               meaning="membrane protein on the vesicles of others that the cell touches"),
        Column(path="cells.touched_towards", dtype="float64", unit="molecules", shape=(2,),
               meaning="sum of molecules times unit vectors to them"),
    )  # fmt: skip
    reads: ClassVar[frozenset[str]] = frozenset(
        {f"migrasomes.{c}" for c in ("cargo", "alive", "x", "y", "cell")}
        | {"cells.position", "cells.dish", "cells.alive"}
    )
    writes: ClassVar[frozenset[str]] = frozenset(column.path for column in columns)
    adds: ClassVar[frozenset[str]] = frozenset()
    creates: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, parameters: Parameters, dt: float) -> None:  # noqa: ARG002  # every mechanism gets the tick
        self._reach = parameters.internal()["reach"]
        self.every = 1

    def found(self, state: State, stream: Stream) -> None:
        """Nothing to set."""

    def step(self, state: State, dt: float, stream: Stream) -> None:  # noqa: ARG002  # nothing is drawn
        """Feel."""
        cells, vesicles = state["cells"], state["migrasomes"]
        rows = np.flatnonzero(vesicles["alive"] & (vesicles["cargo"][:, MEMBRANE_PROTEIN] > 0))
        maker = vesicles["cell"][rows]
        found, pull = feel_vesicles(
            cells["position"], cells["dish"], cells["id"],
            np.column_stack([vesicles["x"][rows], vesicles["y"][rows]]), cells["dish"][cells.row(maker)], maker,
            np.ascontiguousarray(vesicles["cargo"][rows, MEMBRANE_PROTEIN]), self._reach,
        )  # fmt: skip
        cells["touched_ligand"][:] = np.where(cells["alive"], found, 0.0)
        cells["touched_towards"][:] = np.where(cells["alive"][:, None], pull, 0.0)
