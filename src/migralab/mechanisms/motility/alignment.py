"""Cells turn as their neighbours go: along their axis, or in their direction. Theory: docs/theory/alignment.md."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from migralab.engine.mechanism import Phase, State, Stream
from migralab.engine.rules import Behaviour
from migralab.engine.table import Column
from migralab.mechanisms.base import estimate, ticks_in
from migralab.physics.recipients.guidance import align
from migralab.physics.recipients.neighbourhood import pairs_within
from migralab.spec.parameter import MechanismParameters, Parameter, quantity

Floats = NDArray[np.float64]


class Parameters(MechanismParameters):
    """Who is a neighbour, how fast a cell turns, and towards what."""

    rate: Parameter = quantity(
        0.02, "1/min", source=estimate("cells in contact turn along each other within an hour; sweep"), low=0.0,
        high=0.1, description="rate at which a cell turns to neighbours that agree (w)",
    )  # fmt: skip
    polar: Parameter = quantity(
        0.0, "", source=estimate("bodies and stress fibres have an axis and no sense; 1: neighbours are followed"),
        low=0.0, high=1.0, maximum=1.0, description="0: towards their axis, 1: towards their direction; between: both",
    )  # fmt: skip
    reach: Parameter = quantity(
        21.0, "um", source=estimate("a cell of 20 um, and the gap at which membranes of neighbours still meet"),
        low=15.0, high=60.0, minimum=0.1, description="distance of centres below which another cell is a neighbour",
    )  # fmt: skip
    interval: Parameter = quantity(
        0.5, "min", source=estimate("that of the walk, and of all else that turns a cell"), minimum=1e-3,
        description="time between two looks; not less than a step of the dish",
    )  # fmt: skip


class Alignment:
    """Adds to what turns a heading the mean axis and the mean direction of the cells in reach."""

    parameters: ClassVar[type[Parameters]] = Parameters
    name: ClassVar[str] = "motility.alignment"
    phase: ClassVar[Phase] = Phase.SENSE
    columns: ClassVar[tuple[Column, ...]] = (
        Column(path="cells.alignment_set", dtype="float64", unit="", meaning="factor of rules on the rate of alignment",
               fill=1.0),
    )  # fmt: skip
    behaviours: ClassVar[tuple[Behaviour, ...]] = (
        Behaviour(name="alignment rate", column="cells.alignment_set", parameter="rate", unit="1/min", relative=True,
                  meaning="rate at which the cell turns to neighbours that agree"),
    )  # fmt: skip
    varies: ClassVar[frozenset[str]] = frozenset({"rate", "polar"})
    reads: ClassVar[frozenset[str]] = frozenset(
        f"cells.{c}" for c in ("heading", "position", "dish", "alive", "population", "alignment_set")
    )
    writes: ClassVar[frozenset[str]] = frozenset()
    adds: ClassVar[frozenset[str]] = frozenset({"cells.turning"})
    creates: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, parameters: Parameters, dt: float) -> None:
        self._rate, self._polar = parameters.varied("rate"), parameters.varied("polar")
        self._reach = parameters.reach.internal
        self.every = ticks_in(parameters.interval.internal, dt)

    def found(self, state: State, stream: Stream) -> None:
        """Nothing to set."""

    def step(self, state: State, dt: float, stream: Stream) -> None:  # noqa: ARG002  # nothing is drawn
        """Look at the neighbours, and add what turns the heading."""
        cells = state["cells"]
        pairs = pairs_within(cells["position"], cells["dish"], np.flatnonzero(cells["alive"]), self._reach)
        if not len(pairs):
            return
        kind = cells["population"]
        rate = self._rate[kind] * cells["alignment_set"]
        cells["turning"][:] += turn_to_neighbours(cells["heading"], pairs, rate, self._polar[kind])


def turn_to_neighbours(heading: Floats, pairs: NDArray[Any], rate: Floats, polar: Floats) -> Floats:
    """Return the turning vector of each cell, (n, 2) 1/s (eq-align-polar, eq-align-nematic); 0 without neighbours.

    Parameters
    ----------
    heading
        (n, 2) unit vectors.
    pairs
        (k, 2) rows of cells that are neighbours, each pair once.
    rate, polar
        (n,) 1/s, and from 0 (axis) to 1 (direction).
    """
    n = len(heading)
    to, of = np.concatenate([pairs, pairs[:, ::-1]]).T
    count = np.maximum(np.bincount(to, minlength=n), 1)
    x, y = heading[of, 0], heading[of, 1]

    def mean(values: Floats) -> Floats:
        total: Floats = np.bincount(to, values, n) / count
        return total

    direction = np.column_stack([mean(x), mean(y)])
    cosine, sine = mean(x * x - y * y), mean(2.0 * x * y)
    angle = 0.5 * np.arctan2(sine, cosine)
    axis = np.column_stack([np.cos(angle), np.sin(angle)])
    nematic = align(heading, axis, rate * (1.0 - polar) * np.hypot(cosine, sine))
    return np.asarray((rate * polar)[:, None] * direction + nematic)
