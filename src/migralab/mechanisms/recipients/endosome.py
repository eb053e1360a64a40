"""What was taken up leaves the endosome or is degraded there; what got out wears out. Theory: docs/theory/uptake.md."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from migralab.engine.mechanism import Accounts, Phase, State, Stream, per_dish
from migralab.engine.rules import Signal
from migralab.engine.table import Column
from migralab.mechanisms.base import estimate, ticks_in
from migralab.mechanisms.recipients.uptake import Uptake
from migralab.mechanisms.signals.cargo import KINDS
from migralab.physics.recipients.endosome import escape_and_decay
from migralab.spec.parameter import MechanismParameters, Parameter, quantity


class Parameters(MechanismParameters):
    """How fast cargo leaves the endosome, how fast it is degraded there, and how long it lasts outside."""

    escape_rate: Parameter = quantity(
        1 / 9.5, "1/h", source=estimate("delay of pAKT after migrasomes in Zhu 2021 at a Hill exponent of 3; the "
        "series cannot tell delay from steepness, 5.7 h at 4 and 1.9 h at 8 fit alike"), low=1 / 24, high=1 / 1.9,
        calibrated_on="pAKT against time, Zhu 2021", description="rate at which cargo gets out of the endosome (k_e)",
    )  # fmt: skip
    degradation_rate: Parameter = quantity(
        1 / 24, "1/h", source=estimate("lysosomes degrade within hours to a day; total PTEN lasts beyond 24 h"),
        low=1 / 72, high=1 / 2, description="rate at which it is degraded there (k_d)",
    )  # fmt: skip
    protein_half_life: Parameter = quantity(
        30.0, "h", source=estimate("PTEN lasts tens of hours; sweep 10 to 70"), low=10.0, high=70.0, minimum=0.01,
        description="half-life of protein in the cytosol",
    )  # fmt: skip
    mrna_half_life: Parameter = quantity(
        6.0, "h", source=estimate("typical mammalian mRNA, 4 to 9 h"), low=4.0, high=9.0, minimum=0.01,
        description="half-life of mRNA in the cytosol",
    )  # fmt: skip
    mirna_half_life: Parameter = quantity(
        48.0, "h", source=estimate("miRNA outlasts mRNA by days in most cells"), low=12.0, high=120.0, minimum=0.01,
        description="half-life of miRNA in the cytosol",
    )  # fmt: skip
    vesicle_half_life: Parameter = quantity(
        10.0, "h", source=estimate("small vesicles set free in the cytosol are cleared by autophagy within a day"),
        low=2.0, high=48.0, minimum=0.01, description="half-life of small vesicles in the cytosol",
    )  # fmt: skip
    interval: Parameter = quantity(
        1.0, "min", source=estimate("exact for whatever time"), minimum=1e-6, description="time between two looks"
    )


_HALF_LIVES = ("protein", "protein", "mrna", "mirna", "vesicle")  # of each kind of cargo
_SAID = ("soluble protein", "membrane protein", "mRNA", "miRNA", "small vesicles")


class Endosome:
    """Two pools in a row with constant rates, exact in the step; whole numbers become means."""

    parameters: ClassVar[type[Parameters]] = Parameters
    name: ClassVar[str] = "recipients.endosome"
    phase: ClassVar[Phase] = Phase.LIFE
    columns: ClassVar[tuple[Column, ...]] = (
        *(c for c in Uptake.columns if c.name == "in_endosome"),
        *(Column(path=f"cells.cytosol_{kind}", dtype="float64", unit="molecules", inherit="share",
                 file=(f"cytosol_{kind}",), meaning=f"delivered {said} in the cytosol")
          for kind, said in zip(KINDS, _SAID, strict=True)),
        Column(path="cells.degraded", dtype="float64", unit="molecules", shape=(len(KINDS),), inherit="share",
               meaning="delivered, and degraded since"),
    )  # fmt: skip
    signals: ClassVar[tuple[Signal, ...]] = tuple(
        Signal(name=f"delivered {said}", column=f"cells.cytosol_{kind}", meaning=f"delivered {said} in the cytosol")
        for kind, said in zip(KINDS, _SAID, strict=True)
    )
    varies: ClassVar[frozenset[str]] = frozenset(Parameters.model_fields) - {"interval"}
    reads: ClassVar[frozenset[str]] = frozenset({"cells.population", "cells.alive"})
    writes: ClassVar[frozenset[str]] = frozenset(column.path for column in columns)
    adds: ClassVar[frozenset[str]] = frozenset()
    creates: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, parameters: Parameters, dt: float) -> None:
        self._escape, self._degrade = parameters.varied("escape_rate"), parameters.varied("degradation_rate")
        self._decay = np.column_stack([np.log(2.0) / parameters.varied(f"{kind}_half_life") for kind in _HALF_LIVES])
        self.every = ticks_in(parameters.interval.internal, dt)

    def found(self, state: State, stream: Stream) -> None:
        """Nothing to set: nothing was taken up yet."""

    def step(self, state: State, dt: float, stream: Stream) -> None:  # noqa: ARG002  # nothing is drawn
        """Let out, and let wear out (eq-endosome)."""
        cells = state["cells"]
        cytosol = np.column_stack([cells[f"cytosol_{kind}"] for kind in KINDS])
        rows = np.flatnonzero(cells["alive"] & (cells["in_endosome"].any(axis=1) | cytosol.any(axis=1)))
        own = cells["population"][rows]
        inside, outside, gone = escape_and_decay(
            cells["in_endosome"][rows], cytosol[rows], self._escape[own][:, None], self._degrade[own][:, None],
            self._decay[own], dt,
        )  # fmt: skip
        cells["in_endosome"][rows] = inside
        cells["degraded"][rows] += gone
        for k, kind in enumerate(KINDS):
            cells[f"cytosol_{kind}"][rows] = outside[:, k]

    def account(self, state: State) -> Accounts:
        """Return what became of what was delivered, by kind and dish."""
        cells = state["cells"]
        found: Accounts = {}
        for k, kind in enumerate(KINDS):
            for place, held in (
                ("endosome", cells["in_endosome"][:, k]),
                ("cytosol", cells[f"cytosol_{kind}"]),
                ("degraded", cells["degraded"][:, k]),
            ):
                found[kind, place] = per_dish(state, cells["dish"], held)
        return found
