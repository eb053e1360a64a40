"""What becomes of a migrasome that has lost its cell. Theory: docs/theory/fate.md."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from migralab.core.random import draw_exponentials
from migralab.engine.mechanism import Phase, State, Stream
from migralab.engine.table import Column, Table
from migralab.mechanisms.base import estimate
from migralab.mechanisms.biogenesis.nucleation import COLLAPSED
from migralab.mechanisms.pools.carrier import CARRIED, Carrier
from migralab.spec.parameter import MechanismParameters, Parameter, quantity


class Parameters(MechanismParameters):
    """How long a detached migrasome lasts."""

    detached_life: Parameter = quantity(
        60.0, "min", source=estimate("with half_age 300 min gives the published mean lifetime of about 200 min"),
        calibrated_on="mean lifetime of about 200 min, Wu 2017 (with half_age)",
        low=30.0, high=120.0, minimum=0.01, description="mean time from detachment to rupture",
    )  # fmt: skip


class Fate:
    """Attached, then detached, then ruptured or carried off; a collapsed precursor is gone at once."""

    parameters: ClassVar[type[Parameters]] = Parameters
    name: ClassVar[str] = "biogenesis.fate"
    phase: ClassVar[Phase] = Phase.LIFE
    columns: tuple[Column, ...] = (
        Column(path="migrasomes.gone", dtype="float64", unit="s", fill=np.inf,
               meaning="when it disappears; inf until that is known"),
        Column(path="migrasomes.ruptured", dtype="bool", unit="", meaning="whether it burst"),
    )  # fmt: skip
    reads: frozenset[str] = frozenset(
        {"migrasomes.detached", "migrasomes.resolves", "migrasomes.stage", "migrasomes.key"}
    )
    writes: frozenset[str] = frozenset({f"migrasomes.{c}" for c in ("alive", "gone", "ruptured")})
    adds: ClassVar[frozenset[str]] = frozenset()
    creates: ClassVar[frozenset[str]] = frozenset()

    def __init__(
        self,
        parameters: Parameters,
        dt: float,  # noqa: ARG002  # every mechanism gets the tick
        carrier: Carrier | None = None,
    ) -> None:
        self._life = parameters.internal()["detached_life"]
        self._carrier = carrier
        if carrier is not None:
            self.columns = (*type(self).columns, CARRIED)
            self.writes = type(self).writes | carrier.writes
            self.reads = type(self).reads | {"migrasomes.dish"}
        self.every = 1

    def found(self, state: State, stream: Stream) -> None:  # noqa: ARG002  # nothing is drawn
        """Lay out the tally of what a flow carries off."""
        if self._carrier is not None:
            self._carrier.found(state)

    def step(self, state: State, dt: float, stream: Stream) -> None:
        """Date each end and remove what is gone."""
        vesicles, end = state["migrasomes"], state.time + dt
        # Nothing ends before it is detached or has collapsed; from then on its end is dated and need only be waited for
        known = vesicles["gone"] < np.inf
        undated = ~known & vesicles["alive"] & ((vesicles["detached"] <= end) | (vesicles["stage"] == COLLAPSED))
        rows = np.flatnonzero(undated)
        vesicles["gone"][rows], _, _ = self._date(vesicles, rows, stream)
        over = np.flatnonzero(vesicles["gone"] <= end)
        over = over[vesicles["alive"][over]]
        if not len(over):
            return
        _, collapsed, leaves = self._date(vesicles, over, stream)
        vesicles["ruptured"][over] = ~(collapsed | leaves)
        if self._carrier is not None:
            self._carrier.take(state, over[leaves], stream.key)
        vesicles.remove(over)

    def _date(
        self, vesicles: Table, rows: NDArray[np.int64], stream: Stream
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_]]:
        """Return when vesicles end (s), which have collapsed, and which are carried off before they burst."""
        collapsed = vesicles["stage"][rows] == COLLAPSED
        life = self._life * draw_exponentials(stream.key, vesicles["key"][rows], 0, 0)
        gone = np.where(collapsed, vesicles["resolves"][rows], vesicles["detached"][rows] + life)
        leaves = np.zeros(len(rows), bool)
        if self._carrier is not None:
            off = vesicles["detached"][rows] + self._carrier.wait(vesicles["key"][rows], stream.key)
            leaves = ~collapsed & (off < gone)
            gone = np.where(leaves, off, gone)
        return gone, collapsed, leaves
