"""Persistent random walk with moving and resting cells. Theory: docs/theory/motility.md."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from migralab.core.random import exponential_array, uniform_pair_array
from migralab.engine.mechanism import Phase, State, Stream
from migralab.engine.table import Column
from migralab.mechanisms.base import estimate
from migralab.physics.motility import walk
from migralab.spec.parameter import MechanismParameters, Parameter, Source, quantity

_RANGE = Source(key="zigmond1993", locator="cell-motion table: fibroblast 0.08-1 um/min; default inside it", tag="E")
_MOVING = "many cells without migrasomes (zeros), Chen 2019 fig 1g"


class Parameters(MechanismParameters):
    """Speed, persistence, and how long cells move and rest."""

    speed: Parameter = quantity(
        0.5, "um/min", source=_RANGE, low=0.25, high=1.0, description="mean speed of a moving cell"
    )
    speed_cv: Parameter = quantity(
        0.7, "", source=estimate("10 sample tracks 0.43, exponential over many cells 1 (Czirok 1998)"), low=0.43,
        high=1.0, minimum=0.01, maximum=3.0, description="spread of speed between cells (Gamma), over mean",
    )  # fmt: skip
    persistence: Parameter = quantity(
        60.0, "min", source=estimate("fibroblasts keep direction over 2.5 h steps (Gail 1970); sweep 15-240"), low=15.0,
        high=240.0, minimum=0.01, description="time over which the heading persists, in moving time",
    )  # fmt: skip
    start_rate: Parameter = quantity(
        1 / 360, "1/min", source=estimate("a third of the cells move at any time"), low=1 / 720, high=1 / 180,
        calibrated_on=_MOVING, description="rate at which a resting cell starts to move",
    )  # fmt: skip
    stop_rate: Parameter = quantity(
        1 / 180, "1/min", source=estimate("a third of the cells move at any time"), low=1 / 360, high=1 / 90,
        calibrated_on=_MOVING, description="rate at which a moving cell comes to rest",
    )  # fmt: skip
    spreading: Parameter = quantity(
        90.0, "min", source=estimate("cells spread after plating"), low=45.0, high=180.0,
        description="time after plating in which no cell moves",
    )  # fmt: skip


class Walk:
    """Heading diffuses while the cell moves; moving and resting alternate by thresholds."""

    parameters: ClassVar[type[Parameters]] = Parameters
    name: ClassVar[str] = "motility.walk"
    phase: ClassVar[Phase] = Phase.ACT
    columns: ClassVar[tuple[Column, ...]] = (
        Column(path="cells.own_speed", dtype="float64", unit="um/s", meaning="speed of this cell on the reference"),
        Column(path="cells.moving", dtype="bool", unit="", meaning="moving or resting"),
        Column(path="cells.switch_left", dtype="float64", unit="", meaning="threshold left until the next switch"),
        Column(path="cells.switches", dtype="int64", unit="", meaning="switches between moving and resting so far"),
    )
    reads: ClassVar[frozenset[str]] = frozenset({"cells.own_speed", "cells.speed_factor"})
    writes: ClassVar[frozenset[str]] = frozenset(
        {"cells.heading", "cells.moving", "cells.switch_left", "cells.switches"}
    )
    adds: ClassVar[frozenset[str]] = frozenset({"cells.velocity"})
    creates: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, parameters: Parameters, dt: float) -> None:  # noqa: ARG002  # every mechanism gets the tick
        self._p = parameters.internal()
        self.every = 1

    def found(self, state: State, stream: Stream) -> None:
        """Draw each cell's own speed and state; the states start in their stationary shares."""
        from scipy.special import gammaincinv

        cells, p = state["cells"], self._p
        shape = p["speed_cv"] ** -2
        u, v = uniform_pair_array(stream.key, cells["key"], 0, 0)
        cells["own_speed"][:] = p["speed"] / shape * gammaincinv(shape, u)
        total = p["start_rate"] + p["stop_rate"]
        cells["moving"][:] = v < (p["start_rate"] / total if total > 0 else 1.0)
        cells["switch_left"][:] = exponential_array(stream.key, cells["key"], 0, 1)

    def step(self, state: State, dt: float, stream: Stream) -> None:
        """Turn, switch, and add this step's mean velocity."""
        cells, p = state["cells"], self._p
        moved = min(max(state.time + dt - p["spreading"], 0.0), dt)
        if moved <= 0.0:
            return
        contribution = np.zeros_like(cells["velocity"])
        walk(
            cells["heading"], cells["own_speed"] * cells["speed_factor"], cells["moving"], cells["switch_left"],
            cells["switches"], contribution, cells["key"], stream.key, stream.count, moved, p["persistence"],
            p["start_rate"], p["stop_rate"],
        )  # fmt: skip
        cells["velocity"][:] += contribution * (moved / dt)
