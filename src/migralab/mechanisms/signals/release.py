"""How a migrasome gives up its soluble cargo: at rupture, by leaking, or not at all. Theory: docs/theory/release.md."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from migralab.engine.mechanism import Accounts, Phase, State, Stream, per_dish
from migralab.engine.table import Column
from migralab.mechanisms.base import estimate
from migralab.mechanisms.biogenesis.nucleation import STABILISED
from migralab.mechanisms.signals.cargo import SOLUBLE_PROTEIN
from migralab.physics.signals.release import escape
from migralab.spec.parameter import MechanismParameters, Parameter, quantity


class Parameters(MechanismParameters):
    """Rupture, leak, and what the fibre brings after."""

    permeability: Parameter = quantity(
        0.0, "um/s", source=estimate("published leak rates were not found; an intact membrane lets no protein through"),
        low=0.0, high=1e-3, description="permeability of the vesicle's membrane for the soluble cargo (P)",
    )  # fmt: skip
    burst_share: Parameter = quantity(
        1.0, "", source=estimate("a vesicle that bursts is open to the medium"), low=0.0, high=1.0, maximum=1.0,
        description="share of the soluble cargo that is set free at rupture; 0: carried off intact",
    )  # fmt: skip
    refill_diffusivity: Parameter = quantity(
        10.0, "um^2/s", source=estimate("a protein of 50 kDa in cytoplasm, where it meets no obstacle"), low=1.0,
        high=30.0, description="diffusivity of the soluble cargo in the fibre, which refills an attached vesicle",
    )  # fmt: skip


class Release:
    """All at once at rupture, through the membrane before it; an attached vesicle is refilled through its fibre."""

    parameters: ClassVar[type[Parameters]] = Parameters
    name: ClassVar[str] = "signals.release"
    phase: ClassVar[Phase] = Phase.ACT
    columns: ClassVar[tuple[Column, ...]] = (
        Column(path="migrasomes.released", dtype="float64", unit="molecules", file=("released",),
               meaning="soluble cargo that it has given to the medium so far"),
        Column(path="migrasomes.burst", dtype="bool", unit="", meaning="whether its rupture has been accounted for"),
    )  # fmt: skip
    reads: ClassVar[frozenset[str]] = frozenset(
        {f"migrasomes.{c}" for c in ("alive", "ruptured", "stage", "diameter", "volume", "detached", "fibre_path")}
        | {"migrasomes.cargo_expected"}
        | {"migrasomes.cell", "cells.fibre_radius", "cells.dish"}
    )
    writes: ClassVar[frozenset[str]] = frozenset(
        {"migrasomes.cargo", "migrasomes.released", "migrasomes.burst", "cells.cargo"}
    )
    adds: ClassVar[frozenset[str]] = frozenset()
    creates: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, parameters: Parameters, dt: float) -> None:  # noqa: ARG002  # every mechanism gets the tick
        self._p = parameters.internal()
        self.every = 1

    def found(self, state: State, stream: Stream) -> None:
        """Nothing to set."""

    def step(self, state: State, dt: float, stream: Stream) -> None:  # noqa: ARG002  # nothing is drawn
        """Let out what leaks, then what bursts."""
        if self._p["permeability"] > 0:
            self._leak(state, dt)
        vesicles = state["migrasomes"]
        rows = np.flatnonzero(vesicles["ruptured"] & ~vesicles["burst"])
        freed = self._p["burst_share"] * vesicles["cargo"][rows, SOLUBLE_PROTEIN]
        vesicles["cargo"][rows, SOLUBLE_PROTEIN] -= freed
        vesicles["released"][rows] += freed
        vesicles["burst"][rows] = True

    def _leak(self, state: State, dt: float) -> None:
        vesicles, cells = state["migrasomes"], state["cells"]
        rows = np.flatnonzero(vesicles["alive"] & (vesicles["stage"] == STABILISED))
        if not len(rows):
            return
        cell = np.maximum(cells.place(vesicles["cell"][rows]), 0)  # what was put there is detached: nothing refills it
        held, pool = vesicles["cargo"][rows, SOLUBLE_PROTEIN], cells["cargo"][:, SOLUBLE_PROTEIN]
        full = vesicles["cargo_expected"][rows, SOLUBLE_PROTEIN].astype(np.float64)
        path = np.maximum(vesicles["fibre_path"][rows], 1.0).astype(np.float64)
        attached = np.where(vesicles["detached"][rows] > state.time, self._p["refill_diffusivity"], 0.0)
        out, back = escape(
            held, full, vesicles["diameter"][rows] / 2, vesicles["volume"][rows], self._p["permeability"],
            attached * np.pi * cells["fibre_radius"][cell] ** 2 / path, dt,
        )  # fmt: skip
        back = self._within_pool(back, cell, pool)
        out = np.minimum(out, held + back)  # only where an empty cell cut the refill
        vesicles["cargo"][rows, SOLUBLE_PROTEIN] = held - out + back
        vesicles["released"][rows] += out
        pool -= np.bincount(cell, weights=back, minlength=cells.n)

    @staticmethod
    def _within_pool(
        wanted: NDArray[np.float64], cell: NDArray[np.int64], pool: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return the refill, cut in proportion where a cell has less left than its vesicles ask for."""
        asked = np.bincount(cell, weights=np.maximum(wanted, 0.0), minlength=len(pool))
        share = np.ones_like(pool)
        np.divide(np.maximum(np.nan_to_num(pool), 0.0), asked, out=share, where=asked > 0)
        return np.where(wanted > 0, wanted * np.minimum(share, 1.0)[cell], wanted)

    def account(self, state: State) -> Accounts:
        """Return what the medium has been given, molecules per dish."""
        vesicles = state["migrasomes"]
        return {("soluble_protein", "released"): per_dish(state, vesicles["dish"], vesicles["released"])}
