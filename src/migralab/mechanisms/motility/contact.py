"""Cells do not overlap: soft repulsion of their bodies. Theory: docs/theory/motility.md."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from migralab.engine.mechanism import Phase, State, Stream
from migralab.engine.table import Column
from migralab.mechanisms.base import estimate
from migralab.physics.neighbours import push_apart
from migralab.spec.parameter import MechanismParameters, Parameter, quantity


class Parameters(MechanismParameters):
    """Size and stiffness of the bodies."""

    diameter: Parameter = quantity(
        20.0, "um", source=estimate("a spread fibroblast covers 600-1500 um2, its thick part less"), minimum=0.1,
        description="distance at which two cells begin to push each other",
    )  # fmt: skip
    rate: Parameter = quantity(
        0.1, "1/min", source=estimate("overlaps resolve in about ten minutes"), description="push per overlap"
    )


class Contact:
    """Overlapping cells part at a speed proportional to their overlap."""

    parameters: ClassVar[type[Parameters]] = Parameters
    name: ClassVar[str] = "motility.contact"
    phase: ClassVar[Phase] = Phase.ACT
    columns: ClassVar[tuple[Column, ...]] = ()
    reads: ClassVar[frozenset[str]] = frozenset({"cells.position", "cells.dish", "cells.alive"})
    writes: ClassVar[frozenset[str]] = frozenset()
    adds: ClassVar[frozenset[str]] = frozenset({"cells.velocity"})
    creates: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, parameters: Parameters, dt: float) -> None:  # noqa: ARG002  # every mechanism gets the tick
        self._p = parameters.internal()
        self.every = 1

    def found(self, state: State, stream: Stream) -> None:
        """Nothing to set."""

    def step(self, state: State, dt: float, stream: Stream) -> None:  # noqa: ARG002  # the contract's signature
        """Add the pushes of all overlapping neighbours."""
        cells = state["cells"]
        contribution = np.zeros_like(cells["velocity"])
        push_apart(cells["position"], cells["dish"], cells["alive"], contribution, self._p["diameter"], self._p["rate"])
        cells["velocity"][:] += contribution
