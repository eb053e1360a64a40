"""Cells go along the retraction fibres of others. Theory: docs/theory/contact-guidance.md.

Two mechanisms, because a cell senses at the start of a tick, when the fibres are being dated: `Trails` looks at the
ground under each cell, `ContactGuidance` turns by it in the next tick.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from migralab.engine.mechanism import Phase, State, Stream
from migralab.engine.rules import Signal
from migralab.engine.table import Column
from migralab.mechanisms.base import estimate, ticks_in
from migralab.mechanisms.biogenesis.breakage import Breakage
from migralab.physics.recipients.guidance import Stretches, align, axis_and_weight, fibres_under
from migralab.spec.parameter import MechanismParameters, Parameter, quantity


class TrailParameters(MechanismParameters):
    """How far a cell feels fibres, and how many fill its sense."""

    reach: Parameter = quantity(
        10.0, "um", source=estimate("half a cell of 20 um"), low=5.0, high=20.0, minimum=0.1,
        description="distance from the centre of the cell within which it feels fibre",
    )  # fmt: skip
    half_length: Parameter = quantity(
        20.0, "um", source=estimate("one fibre across the cell holds half as strongly as any number"), low=5.0,
        high=80.0, minimum=1e-6, description="length of parallel fibre in reach that guides half as strongly (L_half)",
    )  # fmt: skip
    interval: Parameter = quantity(
        5.0, "min", source=estimate("at 0.5 um/min a cell moves a quarter of the reach; shorten it for fast ones"),
        minimum=1e-6, description="time between two looks",
    )  # fmt: skip


class Trails:
    """Where and how strongly the fibres of others lie in one direction under each cell."""

    parameters: ClassVar[type[TrailParameters]] = TrailParameters
    name: ClassVar[str] = "recipients.trails"
    phase: ClassVar[Phase] = Phase.EXCHANGE
    columns: ClassVar[tuple[Column, ...]] = (
        Column(path="cells.trail_axis", dtype="float64", unit="", shape=(2,),
               meaning="unit vector along the fibres of others, of either sign"),
        Column(path="cells.trail_weight", dtype="float64", unit="", meaning="how strongly they guide, 0 to 1"),
        Column(path="cells.trail_length", dtype="float64", unit="um", meaning="fibre of others in reach"),
        *(column for column in Breakage.columns if column.name == "breaks"),  # nothing breaks without that mechanism
    )  # fmt: skip
    signals: ClassVar[tuple[Signal, ...]] = (
        Signal(name="trail", column="cells.trail_length", unit="um", meaning="whole fibre of others in reach"),
    )
    reads: ClassVar[frozenset[str]] = frozenset(
        {f"fibres.{c}" for c in ("x", "y", "parent", "cell", "breaks")}
        | {"cells.position", "cells.dish", "cells.alive"}
    )
    writes: ClassVar[frozenset[str]] = frozenset({"cells.trail_axis", "cells.trail_weight", "cells.trail_length"})
    adds: ClassVar[frozenset[str]] = frozenset()
    creates: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, parameters: TrailParameters, dt: float) -> None:
        p = self._p = parameters.internal()
        self.every = ticks_in(p["interval"], dt)

    def found(self, state: State, stream: Stream) -> None:
        """Nothing to set."""

    def step(self, state: State, dt: float, stream: Stream) -> None:  # noqa: ARG002  # nothing is drawn
        """Look."""
        cells, fibres = state["cells"], state["fibres"]
        parent = fibres.row(fibres["parent"]).astype(np.int32, copy=False)
        stretches = Stretches(fibres["x"], fibres["y"], parent, fibres["cell"], fibres["breaks"])
        nematic, length = fibres_under(
            cells["position"], cells["dish"], cells["alive"], self._p["reach"], state.time, stretches
        )
        cells["trail_axis"][:], cells["trail_weight"][:] = axis_and_weight(nematic, length, self._p["half_length"])
        cells["trail_length"][:] = length


class Parameters(MechanismParameters):
    """How strongly fibres guide."""

    rate: Parameter = quantity(
        0.1, "1/min", source=estimate("a cell on a dense trail turns along it within ten minutes; sweep"), low=0.01,
        high=0.5, description="rate of turning along the axis of a dense trail (w)",
    )  # fmt: skip
    interval: Parameter = quantity(
        0.5, "min", source=estimate("that of the walk, and of all else that turns it"), minimum=1e-3,
        description="time between two looks; not less than a step of the dish",
    )  # fmt: skip


class ContactGuidance:
    """Turns the heading along the fibres of others, to whichever end is nearer."""

    parameters: ClassVar[type[Parameters]] = Parameters
    name: ClassVar[str] = "recipients.contact-guidance"
    phase: ClassVar[Phase] = Phase.SENSE
    columns: ClassVar[tuple[Column, ...]] = ()
    varies: ClassVar[frozenset[str]] = frozenset({"rate"})
    reads: ClassVar[frozenset[str]] = frozenset(
        f"cells.{c}" for c in ("trail_axis", "trail_weight", "heading", "alive", "population")
    )
    writes: ClassVar[frozenset[str]] = frozenset()
    adds: ClassVar[frozenset[str]] = frozenset({"cells.turning"})
    creates: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, parameters: Parameters, dt: float) -> None:
        self._rate = parameters.varied("rate")
        self.every = ticks_in(parameters.interval.internal, dt)

    def found(self, state: State, stream: Stream) -> None:
        """Nothing to set."""

    def step(self, state: State, dt: float, stream: Stream) -> None:  # noqa: ARG002  # nothing is drawn
        """Add what turns the heading."""
        cells = state["cells"]
        rate = np.where(cells["alive"], self._rate[cells["population"]] * cells["trail_weight"], 0.0)
        cells["turning"][:] += align(cells["heading"], cells["trail_axis"], rate)
