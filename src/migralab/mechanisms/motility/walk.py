"""Persistent random walk with moving and resting cells. Theory: docs/theory/motility.md."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from migralab.core.random import exponential_array, uniform_pair_array
from migralab.engine.mechanism import Phase, State, Stream
from migralab.engine.rules import Behaviour
from migralab.engine.table import Column
from migralab.mechanisms.base import estimate, ticks_in
from migralab.physics.motility import START, STOP, Walkers, walk
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
    interval: Parameter = quantity(
        0.5, "min", source=estimate("a step of contact mechanics may be shorter; headings persist for minutes"),
        minimum=1e-3, description="time between two looks at the heading; not less than a step of the dish",
    )  # fmt: skip


class Walk:
    """Heading diffuses while the cell moves; moving and resting alternate by thresholds."""

    parameters: ClassVar[type[Parameters]] = Parameters
    name: ClassVar[str] = "motility.walk"
    phase: ClassVar[Phase] = Phase.ACT
    columns: ClassVar[tuple[Column, ...]] = (
        Column(path="cells.own_speed", dtype="float64", unit="", meaning="speed of this cell over its population's"),
        Column(path="cells.moving", dtype="bool", unit="", meaning="moving or resting"),
        Column(path="cells.switch_left", dtype="float64", unit="", meaning="threshold left until the next switch"),
        Column(path="cells.switches", dtype="int64", unit="", meaning="switches between moving and resting so far"),
        Column(path="cells.speed_set", dtype="float64", unit="", meaning="factor of rules on the speed", fill=1.0),
        Column(path="cells.persistence_set", dtype="float64", unit="", meaning="and on the persistence", fill=1.0),
    )
    behaviours: ClassVar[tuple[Behaviour, ...]] = (
        Behaviour(name="migration speed", column="cells.speed_set", parameter="speed", unit="um/min", relative=True,
                  meaning="mean speed of a moving cell"),
        Behaviour(name="persistence time", column="cells.persistence_set", parameter="persistence", unit="min",
                  relative=True, meaning="time over which the heading persists"),
    )  # fmt: skip
    varies: ClassVar[frozenset[str]] = frozenset(Parameters.model_fields) - {"interval"}
    reads: ClassVar[frozenset[str]] = frozenset(
        f"cells.{c}" for c in (
            "own_speed", "speed_factor", "speed_set", "persistence_set", "turning", "population", "enters", "alive",
        )
    )  # fmt: skip
    writes: ClassVar[frozenset[str]] = frozenset(
        {"cells.heading", "cells.moving", "cells.switch_left", "cells.switches", "cells.stride"}
    )
    adds: ClassVar[frozenset[str]] = frozenset()
    creates: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, parameters: Parameters, dt: float) -> None:
        names = ("speed", "persistence", "start_rate", "stop_rate", "spreading")
        self._law = np.column_stack([parameters.varied(name) for name in names])
        self._spread = parameters.varied("speed_cv")
        self.every = ticks_in(parameters.interval.internal, dt)

    def found(self, state: State, stream: Stream) -> None:
        """Draw each cell's own speed and state; the states start in their stationary shares."""
        from scipy.special import gammaincinv

        cells = state["cells"]
        law, shape = self._law[cells["population"]], self._spread[cells["population"]] ** -2
        u, v = uniform_pair_array(stream.key, cells["key"], 0, 0)
        cells["own_speed"][:] = gammaincinv(shape, u) / shape
        total = law[:, START] + law[:, STOP]
        share = np.divide(law[:, START], total, out=np.ones(cells.n), where=total > 0)
        cells["moving"][:] = v < share
        cells["switch_left"][:] = exponential_array(stream.key, cells["key"], 0, 1)

    def step(self, state: State, dt: float, stream: Stream) -> None:
        """Turn, switch, and set the velocity until the next call."""
        cells = state["cells"]
        walkers = Walkers(*(cells[name] for name in Walkers._fields))
        walk(
            cells["heading"], cells["moving"], cells["switch_left"], cells["switches"], cells["stride"], walkers,
            self._law, stream.key, stream.count, state.time + dt, dt,
        )  # fmt: skip
