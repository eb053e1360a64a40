"""What becomes of a migrasome that has lost its cell. Theory: docs/theory/fate.md."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from migralab.core.random import draw_exponentials
from migralab.engine.mechanism import Phase, State, Stream
from migralab.engine.table import Column
from migralab.mechanisms.base import estimate
from migralab.mechanisms.biogenesis.nucleation import COLLAPSED
from migralab.spec.parameter import MechanismParameters, Parameter, quantity


class Parameters(MechanismParameters):
    """How long a detached migrasome lasts."""

    detached_life: Parameter = quantity(
        60.0, "min", source=estimate("with half_age 300 min gives the published mean lifetime of about 200 min"),
        calibrated_on="mean lifetime of about 200 min, Wu 2017 (with half_age)",
        low=30.0, high=120.0, minimum=0.01, description="mean time from detachment to rupture",
    )  # fmt: skip


class Fate:
    """Attached, then detached, then ruptured; a collapsed precursor is gone at once."""

    parameters: ClassVar[type[Parameters]] = Parameters
    name: ClassVar[str] = "biogenesis.fate"
    phase: ClassVar[Phase] = Phase.LIFE
    columns: ClassVar[tuple[Column, ...]] = (
        Column(path="migrasomes.gone", dtype="float64", unit="s", meaning="when it disappeared", fill=np.inf),
        Column(path="migrasomes.ruptured", dtype="bool", unit="", meaning="whether it burst"),
    )
    reads: ClassVar[frozenset[str]] = frozenset(
        {"migrasomes.detached", "migrasomes.resolves", "migrasomes.stage", "migrasomes.key"}
    )
    writes: ClassVar[frozenset[str]] = frozenset({"migrasomes.alive", "migrasomes.gone", "migrasomes.ruptured"})
    adds: ClassVar[frozenset[str]] = frozenset()
    creates: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, parameters: Parameters, dt: float) -> None:  # noqa: ARG002  # every mechanism gets the tick
        self._life = parameters.internal()["detached_life"]
        self.every = 1

    def found(self, state: State, stream: Stream) -> None:
        """Nothing to set."""

    def step(self, state: State, dt: float, stream: Stream) -> None:
        """Date each end and remove what is gone."""
        vesicles = state["migrasomes"]
        # Nothing ends before it is detached or has collapsed: most vesicles need not be looked at
        ending = (vesicles["detached"] <= state.time + dt) | (vesicles["stage"] == COLLAPSED)
        rows = np.flatnonzero(ending & vesicles["alive"])
        if not len(rows):
            return
        collapsed = vesicles["stage"][rows] == COLLAPSED
        life = self._life * draw_exponentials(stream.key, vesicles["key"][rows], 0, 0)
        gone = np.where(collapsed, vesicles["resolves"][rows], vesicles["detached"][rows] + life)
        over = gone <= state.time + dt
        vesicles["gone"][rows[over]] = gone[over]
        vesicles["ruptured"][rows[over]] = ~collapsed[over]
        vesicles.remove(rows[over])
