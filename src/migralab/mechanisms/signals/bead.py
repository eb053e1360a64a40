"""A bead or pipette that gives off a cue where the experimenter put it. Theory: docs/theory/release.md."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from migralab.core.errors import RequestError
from migralab.core.random import child_key_array
from migralab.engine.mechanism import Accounts, Phase, State, Stream, per_dish
from migralab.engine.table import Column
from migralab.mechanisms.base import estimate
from migralab.mechanisms.signals.medium import BEADS
from migralab.spec.parameter import MechanismParameters, Parameter, quantity

_CHOSEN = estimate("what the experimenter chooses")


class Parameters(MechanismParameters):
    """Where it lies, what it holds, and how fast it gives it off."""

    x: Parameter = quantity(
        0.0, "um", source=_CHOSEN, minimum=None, description="place, from the left edge of the ground"
    )
    y: Parameter = quantity(0.0, "um", source=_CHOSEN, minimum=None, description="place, from the lower edge of it")
    content: Parameter = quantity(
        1e6, "molecules", source=_CHOSEN, description="soluble protein in it at the start; each cue gets its share"
    )
    half_time: Parameter = quantity(
        60.0, "min", source=estimate("loaded microspheres release over hours (Wang & Irvine 2011)"), minimum=1e-6,
        description="time in which half of it is given off",
    )  # fmt: skip


class Bead:
    """One bead in each dish; what it gives off is shared out to the cues as cargo is."""

    parameters: ClassVar[type[Parameters]] = Parameters
    name: ClassVar[str] = "signals.bead"
    phase: ClassVar[Phase] = Phase.ACT
    columns: ClassVar[tuple[Column, ...]] = BEADS
    reads: ClassVar[frozenset[str]] = frozenset()
    writes: ClassVar[frozenset[str]] = frozenset({"beads.released"})
    adds: ClassVar[frozenset[str]] = frozenset()
    creates: ClassVar[frozenset[str]] = frozenset({"beads"})

    def __init__(self, parameters: Parameters, dt: float) -> None:  # noqa: ARG002  # every mechanism gets the tick
        self._p = parameters.internal()
        self.every = 1

    def found(self, state: State, stream: Stream) -> None:
        """Put a bead into each dish.

        Raises
        ------
        RequestError
            If it lies where no field is.
        """
        place, (left, low), (width, height) = (self._p["x"], self._p["y"]), state.space.lower, state.space.size
        inside = left <= place[0] <= left + width and low <= place[1] <= low + height
        if state.space.ellipse:
            half = 0.5 * np.array(state.space.seeded)
            inside = bool(np.hypot(*((np.array(place) - half) / half)) <= 1.0)
        if not inside:
            raise RequestError(
                f"signals.bead lies at ({place[0]:g}, {place[1]:g}) um, outside the field, which reaches from "
                f"({left:g}, {low:g}) to ({left + width:g}, {low + height:g}) um"
                f"{' and is the ellipse in it' if state.space.ellipse else ''}. Set signals.bead.x and signals.bead.y."
            )
        keys = child_key_array(state.dishes, stream.key, np.zeros(len(state.dishes), np.uint64))
        state["beads"].add(keys, x=place[0], y=place[1], dish=np.arange(len(state.dishes)))
        state["beads"].commit()

    def step(self, state: State, dt: float, stream: Stream) -> None:  # noqa: ARG002  # nothing is drawn
        """Give off what is due: the content falls by half in each half time."""
        due = self._p["content"] * -math.expm1(-math.log(2.0) * (state.time + dt) / self._p["half_time"])
        state["beads"]["released"][:] = due

    def account(self, state: State) -> Accounts:
        """Return what is left in the beads."""
        beads = state["beads"]
        return {("bead", "left"): per_dish(state, beads["dish"], self._p["content"] - beads["released"])}
