"""The one mechanism that moves cells in a simulated walk."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from migralab.engine.mechanism import Phase, State, Stream
from migralab.engine.table import Column
from migralab.physics.motility import move, turn_back
from migralab.spec.parameter import MechanismParameters


class Parameters(MechanismParameters):
    """None: the velocity says it all."""


class Displacement:
    """Position follows the walk and what pushes the cell; at a wall a cell stops and turns back as light does."""

    parameters: ClassVar[type[Parameters]] = Parameters
    name: ClassVar[str] = "motility.displacement"
    phase: ClassVar[Phase] = Phase.MOVE
    columns: ClassVar[tuple[Column, ...]] = ()
    reads: ClassVar[frozenset[str]] = frozenset({"cells.velocity", "cells.stride", "cells.alive"})
    writes: ClassVar[frozenset[str]] = frozenset({"cells.position", "cells.heading"})
    adds: ClassVar[frozenset[str]] = frozenset()
    creates: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, parameters: Parameters, dt: float) -> None:  # noqa: ARG002  # every mechanism gets the tick
        self.every = 1

    def found(self, state: State, stream: Stream) -> None:
        """Nothing to set."""

    def step(self, state: State, dt: float, stream: Stream) -> None:  # noqa: ARG002  # the contract's signature
        """Move."""
        cells = state["cells"]
        move(cells["position"], cells["velocity"], cells["stride"], cells["alive"], dt)
        space = state.space
        if space.confining and not space.ellipse:
            turn_back(cells["position"], cells["heading"], *space.seeded, np.array(space.confines))
        elif space.confining:
            normal = state.space.confine(cells["position"])
            outward = np.maximum((normal * cells["heading"]).sum(axis=1), 0.0)
            cells["heading"][:] -= 2.0 * outward[:, None] * normal
