"""Fibres age and break; what hangs on them is set free. Theory: docs/theory/breakage.md."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from migralab.core import random
from migralab.engine.mechanism import Phase, State, Stream
from migralab.engine.table import Column
from migralab.mechanisms.base import estimate, ticks_in
from migralab.physics.breakage import sweep_breaks
from migralab.spec.parameter import MechanismParameters, Parameter, Source, quantity

_RATES = Source(key="wang2022", locator="fig 1a: new breaks per um per min at 0-60, 60-120, 120-180 min", tag="D")


class Parameters(MechanismParameters):
    """The ageing hazard ``h(a) = h_inf / (1 + exp(-(a - a_half)/s))``."""

    plateau: Parameter = quantity(
        0.012, "1/um/min", source=_RATES, low=0.006, high=0.024, calibrated_on="break-up rates of Wang 2022 fig 1a",
        description="hazard of an old fibre (h_inf)",
    )  # fmt: skip
    half_age: Parameter = quantity(
        300.0, "min", source=estimate("vesicles grow for 140 min as observed; most influential unknown"), low=150.0,
        high=400.0, calibrated_on="mean lifetime of about 200 min, Wu 2017",
        description="age of half the hazard (a_half)",
    )  # fmt: skip
    width: Parameter = quantity(
        25.0, "min", source=_RATES, low=12.5, high=50.0, minimum=0.1,
        calibrated_on="break-up rates of Wang 2022 fig 1a", description="how sharply the hazard rises (s)",
    )  # fmt: skip
    tension: Parameter = quantity(
        1.0, "", source=Source(key="wang2022", locator="text: blebbistatin blocks break-up", tag="FTE"),
        description="contractility factor on the hazard: 1 untreated, 0 under blebbistatin",
    )  # fmt: skip
    bead_spacing: Parameter = quantity(
        0.8, "um", source=Source(key="wang2022", locator="fig 1f: four spacings, mean 0.80 um", tag="D"),
        minimum=0.01,
        description="distance between the retractosomes of a broken stretch",
    )  # fmt: skip
    bead_diameter: Parameter = quantity(
        128.6, "nm", source=Source(key="wang2022", locator="fig 1e: geometric mean of 192", tag="D"), minimum=1.0,
        description="diameter of a retractosome, geometric mean",
    )  # fmt: skip
    bead_spread: Parameter = quantity(
        0.417, "", source=Source(key="wang2022", locator="fig 1e: ln-spread", tag="D"),
        description="ln-spread of retractosome diameters",
    )  # fmt: skip


class Breakage:
    """One threshold per stretch, drawn at its birth; a node is detached at the first break on its way to the cell."""

    parameters: ClassVar[type[Parameters]] = Parameters
    name: ClassVar[str] = "biogenesis.breakage"
    phase: ClassVar[Phase] = Phase.SENSE
    columns: ClassVar[tuple[Column, ...]] = (
        Column(path="fibres.breaks", dtype="float32", unit="s", meaning="when the stretch breaks", fill=np.nan),
        Column(path="fibres.detached", dtype="float32", unit="s", meaning="first break on the way", fill=np.inf),
    )
    reads: ClassVar[frozenset[str]] = frozenset({"fibres.parent", "fibres.x", "fibres.y", "fibres.born"})
    writes: ClassVar[frozenset[str]] = frozenset({"fibres.breaks", "fibres.detached"})
    adds: ClassVar[frozenset[str]] = frozenset()
    creates: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, parameters: Parameters, dt: float) -> None:
        p = parameters.internal()
        self._beads = (p["bead_spacing"], p["bead_diameter"], p["bead_spread"])
        self._law = (p["plateau"] * p["tension"], p["half_age"], p["width"])
        # Break times are known ahead; the sweep only has to come before they matter, and a young stretch hardly breaks
        self.every = ticks_in(300.0, dt)

    def found(self, state: State, stream: Stream) -> None:
        """Nothing to set."""

    def step(self, state: State, dt: float, stream: Stream) -> None:  # noqa: ARG002  # the contract's signature
        """Date the breaks of new stretches and all detachments."""
        fibres = state["fibres"]
        rows = np.empty(0, np.int64)
        if fibres.n != fibres.next_id:  # rows were compacted: ids need a map
            rows = fibres.row(np.arange(fibres.next_id))
        sweep_breaks(
            fibres["parent"], rows, fibres["x"], fibres["y"], fibres["born"], fibres["key"], fibres["breaks"],
            fibres["detached"], *self._law, stream.key,
        )  # fmt: skip

    def retractosomes(self, state: State) -> dict[str, NDArray[Any]]:
        """Return the beads of all stretches broken by now: owner, node, position (um), diameter (um), birth (s).

        They follow from the broken stretches and their keys alone, so they need no place in the state.
        """
        fibres = state["fibres"]
        spacing, middle, spread = self._beads
        rows = np.flatnonzero(fibres["breaks"] <= state.time)
        parent = fibres.row(fibres["parent"][rows].astype(np.int64))
        dx = fibres["x"][parent].astype(float) - fibres["x"][rows]
        dy = fibres["y"][parent].astype(float) - fibres["y"][rows]
        key = random.stream_key(f"{self.name}/beads")
        remainder, _ = random.draw_uniform_pairs(key, fibres["key"][rows], 0, 0)
        count = np.floor(np.hypot(dx, dy) / spacing + remainder).astype(np.int64)
        which = np.repeat(np.arange(len(rows)), count)
        ordinal = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
        along = (ordinal + 0.5) / count[which]
        noise = random.draw_normals(key, fibres["key"][rows][which], 1, ordinal.astype(np.uint64))
        return {
            "cell": fibres["cell"][rows][which],
            "node": fibres["id"][rows][which],
            "x": fibres["x"][rows][which] + along * dx[which],
            "y": fibres["y"][rows][which] + along * dy[which],
            "diameter": middle * np.exp(spread * noise),
            "born": fibres["breaks"][rows][which].astype(float),
        }
