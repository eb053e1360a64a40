"""Cells do not overlap: soft repulsion of their bodies. Theory: docs/theory/motility.md."""

from __future__ import annotations

from typing import ClassVar

from migralab.core.errors import RequestError
from migralab.engine.mechanism import Phase, State, Stream
from migralab.engine.rules import Signal
from migralab.engine.table import Column
from migralab.mechanisms.base import estimate
from migralab.physics.crowd import Crowd
from migralab.spec.parameter import MechanismParameters, Parameter, quantity

_MOST = 0.5  # of an overlap resolved in a step by one pair; a cell between several neighbours swings beyond it


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
    """Overlapping cells part at a speed proportional to their overlap; the dead neither push nor are pushed."""

    parameters: ClassVar[type[Parameters]] = Parameters
    name: ClassVar[str] = "motility.contact"
    phase: ClassVar[Phase] = Phase.ACT
    columns: ClassVar[tuple[Column, ...]] = (
        Column(path="cells.touching_cells", dtype="int32", unit="", meaning="other cells that it touches",
               inherit="reset"),
    )  # fmt: skip
    signals: ClassVar[tuple[Signal, ...]] = (
        Signal(name="contact with cell", column="cells.touching_cells", meaning="other cells that it touches"),
    )
    varies: ClassVar[frozenset[str]] = frozenset({"diameter"})
    reads: ClassVar[frozenset[str]] = frozenset({"cells.position", "cells.dish", "cells.alive", "cells.population"})
    writes: ClassVar[frozenset[str]] = frozenset({"cells.touching_cells"})
    adds: ClassVar[frozenset[str]] = frozenset({"cells.velocity"})
    creates: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, parameters: Parameters, dt: float) -> None:
        self._radius, self._rate = 0.5 * parameters.varied("diameter"), parameters.internal()["rate"]
        if self._rate * dt > _MOST * (1.0 + 1e-9):
            raise RequestError(
                f"motility.contact.rate = {parameters.rate} resolves {self._rate * dt:.3g} of an overlap in a step of "
                f"{dt:g} s, and at most {_MOST:g} is allowed: a cell between neighbours would swing. Lower "
                f"motility.contact.rate to {60 * _MOST / dt:.3g} 1/min, or dish.step to {_MOST / self._rate:.3g} s."
            )
        self._crowd = Crowd()
        self.every = 1

    def found(self, state: State, stream: Stream) -> None:
        """Nothing to set."""

    def step(self, state: State, dt: float, stream: Stream) -> None:  # noqa: ARG002  # the contract's signature
        """Add the pushes of all overlapping neighbours."""
        cells = state["cells"]
        cells["touching_cells"][:] = self._crowd.push_apart(
            cells["position"], cells["dish"], cells["alive"], cells["velocity"], self._radius[cells["population"]],
            self._rate,
        )  # fmt: skip
