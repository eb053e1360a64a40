"""The rear narrows when the cell turns: fewer fibres. Theory: docs/theory/retraction-fibre.md."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from migralab.engine.mechanism import Phase, State, Stream
from migralab.engine.table import Column
from migralab.mechanisms.base import estimate, ticks_in
from migralab.spec.parameter import MechanismParameters, Parameter, quantity


class Parameters(MechanismParameters):
    """Width of a straight cell's rear and how turning narrows it."""

    straight_width: Parameter = quantity(
        12.0, "um", source=estimate("tails of the published panels"), low=6.0, high=24.0, minimum=0.1,
        description="rear width of a cell that does not turn (w0)",
    )  # fmt: skip
    response_time: Parameter = quantity(
        20.0, "min", source=estimate("the shape of a cell follows its movement within tens of minutes"), minimum=0.01,
        description="time in which the width follows (tau_w)",
    )  # fmt: skip
    half_turning: Parameter = quantity(
        0.4, "rad/min^0.5", source=estimate("no number is published"), low=0.2, high=0.8, minimum=1e-6,
        description="turning at which the width is halved (omega_h)",
    )  # fmt: skip
    sampling: Parameter = quantity(
        10.0, "min", source=estimate("frame interval of tracked cells; turning is felt over minutes, not steps"),
        minimum=0.01, description="interval over which a turn is read, so that walk and measured tracks agree",
    )  # fmt: skip
    memory: Parameter = quantity(
        30.0, "min", source=estimate("window over which turning is felt"), minimum=0.01,
        description="time over which turning is averaged",
    )  # fmt: skip


class RearWidth:
    """``tau_w dw/dt = w0 / (1 + (omega/omega_h)^2) - w`` (eq-rear-width)."""

    parameters: ClassVar[type[Parameters]] = Parameters
    name: ClassVar[str] = "biogenesis.rear-width"
    phase: ClassVar[Phase] = Phase.EXCHANGE
    columns: ClassVar[tuple[Column, ...]] = (
        Column(path="cells.rear_width", dtype="float64", unit="um", meaning="width of the rear edge"),
        Column(path="cells.turning_rate", dtype="float64", unit="rad/s^0.5", meaning="averaged rate of turning"),
        Column(path="cells.heading_before", dtype="float64", unit="", meaning="heading one step ago", shape=(2,)),
    )
    reads: ClassVar[frozenset[str]] = frozenset({"cells.heading"})
    writes: ClassVar[frozenset[str]] = frozenset({"cells.rear_width", "cells.turning_rate", "cells.heading_before"})
    adds: ClassVar[frozenset[str]] = frozenset()
    creates: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, parameters: Parameters, dt: float) -> None:
        self._p = parameters.internal()
        self.every = ticks_in(self._p["sampling"], dt)

    def found(self, state: State, stream: Stream) -> None:  # noqa: ARG002  # the contract's signature
        """Start with the rear of a straight cell."""
        cells = state["cells"]
        cells["rear_width"][:] = self._p["straight_width"]
        cells["heading_before"][:] = cells["heading"]

    def step(self, state: State, dt: float, stream: Stream) -> None:  # noqa: ARG002  # the contract's signature
        """Average the turning and let the width follow; both relax exactly over the step."""
        cells, p = state["cells"], self._p
        now, before = cells["heading"], cells["heading_before"]
        turned = np.abs(np.arctan2(before[:, 0] * now[:, 1] - before[:, 1] * now[:, 0], (before * now).sum(axis=1)))
        keep = np.exp(-dt / p["memory"])
        cells["turning_rate"][:] = keep * cells["turning_rate"] + (1 - keep) * turned / np.sqrt(dt)
        target = p["straight_width"] / (1 + (cells["turning_rate"] / p["half_turning"]) ** 2)
        keep = np.exp(-dt / p["response_time"])
        cells["rear_width"][:] = keep * cells["rear_width"] + (1 - keep) * target
        cells["heading_before"][:] = now
