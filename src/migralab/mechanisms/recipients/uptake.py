"""Cells meet the migrasomes of others, bind them and take them up. Theory: docs/theory/uptake.md."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from migralab.core.kernel import threads_for
from migralab.engine.mechanism import Accounts, Phase, State, Stream, per_dish
from migralab.engine.rules import Behaviour, Signal
from migralab.engine.table import Column
from migralab.mechanisms.base import estimate, ticks_in
from migralab.mechanisms.biogenesis.nucleation import STABILISED
from migralab.mechanisms.signals.cargo import KINDS
from migralab.physics.recipients.contact import Cells, Held, Vesicles, meet
from migralab.spec.parameter import MechanismParameters, Parameter, Source, quantity

_WHO = Source(key="deniz2023", locator="abstract: KG-1a take migrasomes up, primary CD34+ cells do not", tag="ABS")


class Parameters(MechanismParameters):
    """Who meets whom, how fast it holds on, and how fast it engulfs."""

    reach: Parameter = quantity(
        10.0, "um", source=estimate("half a cell of 20 um; the radius of the vesicle comes on top"), low=5.0,
        high=20.0, minimum=0.01, description="radius of the cell as it meets vesicles (a)",
    )  # fmt: skip
    binding_rate: Parameter = quantity(
        1.0, "1/min", source=estimate("adhesion within about a minute of contact; not measured for migrasomes"),
        low=0.1, high=10.0, description="rate at which a cell binds a vesicle that it touches (k_b)",
    )  # fmt: skip
    uptake_rate: Parameter = quantity(
        1 / 20, "1/min", source=estimate("phagocytosis takes minutes; no uptake rate of migrasomes was read"),
        low=1 / 60, high=1 / 5, description="rate of uptake of a bound vesicle by a competent cell (k_u)",
    )  # fmt: skip
    competence: Parameter = quantity(
        1.0, "", source=_WHO, maximum=1.0, description="factor on the rate of uptake: 1 KG-1a, 0 CD34+"
    )
    blocked: Parameter = quantity(
        0.0, "", source=estimate("no antibody; with saturating anti-CD166 what CD166 contributes"), maximum=1.0,
        description="share of the molecules of adhesion that an antibody blocks",
    )  # fmt: skip
    coated: Parameter = quantity(
        0.0, "", source=estimate("no coat"), maximum=1.0,
        description="share of a vesicle's surface under a shell of nanoparticles",
    )  # fmt: skip
    interval: Parameter = quantity(
        1.0, "min", source=estimate("ways between two looks are straight; below a tenth of the persistence"),
        minimum=1e-6, description="time between two looks",
    )  # fmt: skip


def _cell(name: str, dtype: str, meaning: str, **more: Any) -> Column:
    return Column(path=f"cells.{name}", dtype=dtype, meaning=meaning, **{"unit": "", **more})


def _vesicle(name: str, dtype: str, meaning: str, fill: float = 0.0) -> Column:
    return Column(path=f"migrasomes.{name}", dtype=dtype, unit="", meaning=meaning, fill=fill)


class Uptake:
    """Two thresholds one after the other: a vesicle is bound after some time in contact, and then taken up."""

    parameters: ClassVar[type[Parameters]] = Parameters
    name: ClassVar[str] = "recipients.uptake"
    phase: ClassVar[Phase] = Phase.SENSE
    columns: ClassVar[tuple[Column, ...]] = (
        _cell("delivered", "float64", "delivered to the cell by vesicles so far", unit="molecules",
              shape=(len(KINDS),), file=tuple(f"delivered_{kind}" for kind in KINDS), inherit="share"),
        _cell("in_endosome", "float64", "of it what is still where it arrived", unit="molecules", shape=(len(KINDS),),
              inherit="share"),
        _cell("engulfed", "int64", "vesicles taken up so far", file=("engulfed",), inherit="share"),
        _cell("touching", "int32", "vesicles of others that it touches", file=("touching",), inherit="reset"),
        _cell("associated", "int32", "vesicles of others that are bound to it", file=("associated",), inherit="reset"),
        _cell("uptake_from", "float64", "where it was at the last look", unit="um", shape=(2,), fill=np.nan,
              inherit="reset"),
        _cell("uptake_set", "float64", "factor of rules on the rate of uptake", fill=1.0),
        _vesicle("bound_to", "int32", "row of the cell to which it is bound", -1),
        _vesicle("bindings", "int32", "times that it was bound so far"),
        _vesicle("adhesion", "float32", "hazard of binding gathered in contact"),
        _vesicle("engulfment", "float32", "hazard of uptake gathered while bound"),
        _vesicle("taken_by", "int32", "id of the cell that took it up", -1),
    )  # fmt: skip
    signals: ClassVar[tuple[Signal, ...]] = (
        Signal(name="contact with migrasome", column="cells.touching", meaning="migrasomes of others that it touches"),
        Signal(name="association with migrasome", column="cells.associated", meaning="migrasomes bound to it"),
        Signal(name="engulfed migrasomes", column="cells.engulfed", meaning="migrasomes taken up so far"),
    )
    behaviours: ClassVar[tuple[Behaviour, ...]] = (
        Behaviour(name="uptake", column="cells.uptake_set", parameter="uptake_rate", unit="1/min", relative=True,
                  meaning="rate of uptake of a migrasome that is bound"),
    )  # fmt: skip
    varies: ClassVar[frozenset[str]] = frozenset({"reach", "binding_rate", "uptake_rate", "competence", "blocked"})
    reads: ClassVar[frozenset[str]] = frozenset(
        {f"migrasomes.{c}" for c in ("x", "y", "diameter", "dish", "cell", "stage", "stabilised", "key")}
        | {f"cells.{c}" for c in ("position", "dish", "alive", "population")}
    )
    writes: ClassVar[frozenset[str]] = frozenset(
        {column.path for column in columns if column.name != "uptake_set"}
        | {"migrasomes.cargo", "migrasomes.alive", "migrasomes.gone"}
    )
    adds: ClassVar[frozenset[str]] = frozenset()
    creates: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, parameters: Parameters, dt: float) -> None:
        own = {name: parameters.varied(name) for name in self.varies}
        self._reach = own["reach"]
        self._binding = own["binding_rate"] * (1.0 - own["blocked"])
        self._uptake = own["uptake_rate"] * own["competence"]
        self._exposed = 1.0 - parameters.coated.internal
        self.every = ticks_in(parameters.interval.internal, dt)

    def found(self, state: State, stream: Stream) -> None:
        """Nothing to set: no cell has gone any way yet."""

    def step(self, state: State, dt: float, stream: Stream) -> None:
        """Follow the contacts of the time since the last look; hand over what was taken up in it."""
        cells, vesicles = state["cells"], state["migrasomes"]
        kind, alive = cells["population"], cells["alive"]
        there = Cells(
            cells["uptake_from"], cells["position"], cells["dish"], alive, self._reach[kind], self._binding[kind],
            self._uptake[kind] * cells["uptake_set"],
        )  # fmt: skip
        present = vesicles["alive"] & (vesicles["stage"] == STABILISED)
        lie = Vesicles(
            present, vesicles["x"], vesicles["y"], vesicles["diameter"], vesicles["dish"], vesicles["cell"],
            vesicles["stabilised"], np.broadcast_to(self._exposed, vesicles.n), vesicles["key"],
        )  # fmt: skip
        held = Held(*(vesicles[name] for name in Held._fields))
        with threads_for(max(cells.n, vesicles.n)):
            cells["touching"][:], cells["associated"][:] = meet(lie, held, there, dt, state.time - dt, stream.key)
        cells["uptake_from"][:] = np.where(alive[:, None], cells["position"], np.nan)
        self._hand_over(state, np.flatnonzero(present & (vesicles["taken_by"] >= 0)))

    @staticmethod
    def _hand_over(state: State, rows: NDArray[np.int64]) -> None:
        cells, vesicles = state["cells"], state["migrasomes"]
        cell = vesicles["taken_by"][rows]
        for held in ("delivered", "in_endosome"):
            np.add.at(cells[held], cell, vesicles["cargo"][rows])
        np.add.at(cells["engulfed"], cell, 1)
        vesicles["cargo"][rows] = 0.0
        vesicles.remove(rows)

    def account(self, state: State) -> Accounts:
        """Return what recipients were given, by kind and dish."""
        cells = state["cells"]
        return {
            (kind, "delivered"): per_dish(state, cells["dish"], cells["delivered"][:, k])
            for k, kind in enumerate(KINDS)
        }
