"""Mitocytosis: damaged mitochondria leave the cell in its migrasomes. Theory: docs/theory/mitochondria.md."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from migralab.engine.mechanism import Phase, State, Stream
from migralab.engine.rules import Signal
from migralab.engine.table import Column, Table
from migralab.mechanisms.base import estimate, ticks_in
from migralab.mechanisms.biogenesis.nucleation import STABILISED
from migralab.physics.signals.cargo import share_out
from migralab.physics.signals.mitochondria import Turnover, dock, peripheral_share, propagator, steady_state
from migralab.spec.parameter import MechanismParameters, Parameter, Source, quantity

HEALTHY, DAMAGED = 0, 1

_LEVEL = Source(key="jiao2021", locator="by definition 1 in wild type", tag="ABS")
_ASSUMED = estimate("by definition 1 in wild type; that it is required was not read anywhere")


class Parameters(MechanismParameters):
    """Turnover of mitochondria, the motors that sort them, and what lets them into a migrasome."""

    number: Parameter = quantity(
        300.0, "", source=estimate("some hundred pieces in a fibroblast"), low=150.0, high=600.0, minimum=1.0,
        description="mitochondria towards which a cell renews them, in pieces of normal size (N)",
    )  # fmt: skip
    damage: Parameter = quantity(
        1 / 120, "1/h", source=estimate("a mitochondrion lasts days: five"), low=1 / 240, high=1 / 60,
        description="rate at which a healthy one is damaged at rest (k_d)",
    )  # fmt: skip
    stress: Parameter = quantity(
        0.0, "1/h", source=estimate("no stressor by default"),
        description="rate at which a stressor damages healthy ones, from the start of the run (s)",
    )  # fmt: skip
    mitophagy: Parameter = quantity(
        1 / 24, "1/h", source=estimate("clearing depolarised ones takes half a day to days: one day"), low=1 / 48,
        high=1 / 12, description="rate at which a damaged one is degraded in the cell (k_phag)",
    )  # fmt: skip
    renewal: Parameter = quantity(
        1 / 24, "1/h", source=estimate("a dividing cell doubles its mitochondria in about a day"), low=1 / 48,
        high=1 / 12, description="rate at which missing ones are made anew (k_b)",
    )  # fmt: skip
    outward: Parameter = quantity(
        0.1, "1/min", source=estimate("runs of minutes; only the ratio to inward counts"), low=0.05, high=0.2,
        description="rate at which kinesin-1 carries one to the periphery (k_out)",
    )  # fmt: skip
    inward: Parameter = quantity(
        0.4, "1/min", source=estimate("a fifth of healthy mitochondria lie at the periphery"), low=0.2, high=0.8,
        description="rate at which dynein carries a healthy one back (k_in)",
    )  # fmt: skip
    damaged_binding: Parameter = quantity(
        0.2, "", source=estimate("damaged ones avoid the inward motor (ABS, Jiao 2021); by how much was not read"),
        low=0.1, high=0.4, maximum=1.0, description="binding of damaged ones to dynein, over healthy ones (1 - delta)",
    )  # fmt: skip
    kif5b: Parameter = quantity(1.0, "", source=_LEVEL, description="level of KIF5B, relative to wild type")
    dynein: Parameter = quantity(1.0, "", source=_LEVEL, description="level of dynein, relative to wild type")
    drp1: Parameter = quantity(
        1.0, "", source=_ASSUMED, description="level of Drp1, relative to wild type: pieces are 1/drp1 as large"
    )
    myo19: Parameter = quantity(1.0, "", source=_ASSUMED, description="level of Myo19, relative to wild type")
    docking: Parameter = quantity(
        0.02, "", source=estimate("rear 12 um of a perimeter of 100 um, shared by seven fibres: 1/60"), low=0.005,
        high=0.08, maximum=1.0,
        description="chance that one mitochondrion at the periphery comes to one room in a vesicle (p_end)",
    )  # fmt: skip
    least_diameter: Parameter = quantity(
        0.6, "um", source=estimate("a mitochondrion is 0.5 um thick; model-notes.md 8"), low=0.4, high=1.0,
        minimum=0.05, description="diameter of a vesicle with room for one piece of normal size",
    )  # fmt: skip
    damaged_potential: Parameter = quantity(
        0.3, "", source=estimate("a damaged one keeps some potential; no ratio was read"), low=0.1, high=0.6,
        maximum=1.0, description="membrane potential of a damaged one, over a healthy one (m)",
    )  # fmt: skip


def _cell_column(name: str, unit: str, meaning: str, **more: Any) -> Column:
    return Column(path=f"cells.{name}", dtype="float64", unit=unit, meaning=meaning, **more)


class Mitochondria:
    """Damage, mitophagy and renewal in each cell; motors sort; a room in a migrasome takes what comes to it."""

    parameters: ClassVar[type[Parameters]] = Parameters
    name: ClassVar[str] = "signals.mitochondria"
    phase: ClassVar[Phase] = Phase.MOVE
    columns: ClassVar[tuple[Column, ...]] = (
        _cell_column("mitochondria", "", "healthy and damaged, in pieces of normal size", shape=(2,),
                     file=("healthy_mitochondria", "damaged_mitochondria")),
        _cell_column("healthy_pieces", "", "healthy ones alone, for networks inside the cell"),
        _cell_column("damaged_pieces", "", "damaged ones alone, for networks inside the cell"),
        _cell_column("peripheral_damaged", "", "damaged ones at the periphery", file=("peripheral_damaged",)),
        _cell_column("potential", "", "mean membrane potential, of a healthy one", file=("potential",)),
        _cell_column("mitochondria_made", "", "made anew since the start"),
        _cell_column("mitochondria_degraded", "", "damaged ones degraded since the start",
                     file=("degraded_mitochondria",)),
        _cell_column("mitochondria_exported", "", "healthy and damaged that left in vesicles", shape=(2,),
                     file=("healthy_exported", "damaged_exported")),
        _cell_column("potential_exported", "", "their potential, summed", file=("potential_exported",)),
        _cell_column("potential_at_export", "", "mean potential of the cell when each of them left, summed",
                     file=("potential_at_export",)),
        Column(path="migrasomes.mitochondria", dtype="float64", unit="", shape=(2,),
               meaning="healthy and damaged in the vesicle", file=("healthy_mitochondria", "damaged_mitochondria")),
        Column(path="migrasomes.rooms", dtype="int32", unit="", meaning="rooms for one piece that have opened so far"),
    )  # fmt: skip
    signals: ClassVar[tuple[Signal, ...]] = (
        Signal(name="healthy mitochondria", column="cells.healthy_pieces", meaning="in pieces of normal size"),
        Signal(name="damaged mitochondria", column="cells.damaged_pieces", meaning="in pieces of normal size"),
    )
    reads: ClassVar[frozenset[str]] = frozenset(f"migrasomes.{c}" for c in ("stage", "volume", "cell", "key"))
    writes: ClassVar[frozenset[str]] = frozenset(column.path for column in columns)
    adds: ClassVar[frozenset[str]] = frozenset()
    creates: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, parameters: Parameters, dt: float) -> None:
        p = self._p = parameters.internal()
        outward, inward = p["outward"] * p["kif5b"], p["inward"] * p["dynein"]
        avoidance = 1.0 - p["damaged_binding"]
        self._periphery = np.array(
            [peripheral_share(outward, inward, 0.0), peripheral_share(outward, inward, avoidance)]
        )
        self._piece = 1.0 / p["drp1"] if p["drp1"] > 0 else np.inf  # without fission nothing is small enough
        self._room = np.pi / 6 * p["least_diameter"] ** 3 * self._piece
        self._value = np.array([1.0, p["damaged_potential"]])
        self.every = ticks_in(300.0, dt)
        self._carried: dict[float, Any] = {}

    def _law(self, *, stressed: bool) -> Turnover:
        p = self._p
        damage = p["damage"] + (p["stress"] if stressed else 0.0)
        return Turnover(damage, p["mitophagy"], p["renewal"], p["number"])

    def found(self, state: State, stream: Stream) -> None:  # noqa: ARG002  # nothing is drawn
        """Start every founder at rest: no stress yet, and no export yet."""
        cells = state["cells"]
        cells["mitochondria"][:] = steady_state(self._law(stressed=False))
        self._sum_up(cells)

    def step(self, state: State, dt: float, stream: Stream) -> None:
        """Let the cells turn over their mitochondria, then let vesicles that have grown take some."""
        self._turn_over(state["cells"], dt)
        self._export(state["cells"], state["migrasomes"], stream)
        self._sum_up(state["cells"])

    def _turn_over(self, cells: Table, dt: float) -> None:
        if dt not in self._carried:
            self._carried[dt] = propagator(self._law(stressed=True), dt)
        healthy, damaged = cells["mitochondria"].T.copy()
        # Written out: a matrix product may round otherwise for another number of cells
        after = [row[0] * healthy + row[1] * damaged + row[4] for row in self._carried[dt][:4]]
        cells["mitochondria"][:, HEALTHY], cells["mitochondria"][:, DAMAGED] = after[:2]
        cells["mitochondria_made"][:] += after[2]
        cells["mitochondria_degraded"][:] += after[3]

    def _export(self, cells: Table, vesicles: Table, stream: Stream) -> None:
        # A vesicle grows only while it is attached, so a room opens only then. One that burst since the last step had
        # its rooms filled before, and keeps its row
        rooms = np.floor(vesicles["volume"] / self._room)
        rows = np.flatnonzero((vesicles["stage"] == STABILISED) & (vesicles["cell"] >= 0) & (rooms > vesicles["rooms"]))
        if not len(rows):
            return
        cell = cells.place(vesicles["cell"][rows])
        first, last = vesicles["rooms"][rows], rooms[rows].astype(np.int32)
        pieces = cells["mitochondria"] / self._piece
        likely = self._p["docking"] * self._p["myo19"] * self._periphery * pieces
        docked = np.empty((len(rows), 2))
        dock(vesicles["key"][rows], stream.key, first, last, cell, likely, docked)
        share_out(docked, cell, np.floor(pieces))  # not more than the cell has
        vesicles["rooms"][rows] = last
        taken = docked * self._piece
        own = (cells["mitochondria"] * self._value).sum(axis=1) / np.maximum(cells["mitochondria"].sum(axis=1), 1e-12)
        cells["potential_at_export"][:] += own * np.bincount(cell, weights=taken.sum(axis=1), minlength=cells.n)
        vesicles["mitochondria"][rows] += taken
        for kind in (HEALTHY, DAMAGED):
            left = np.bincount(cell, weights=taken[:, kind], minlength=cells.n)
            cells["mitochondria"][:, kind] -= left
            cells["mitochondria_exported"][:, kind] += left
            cells["potential_exported"][:] += self._value[kind] * left

    def _sum_up(self, cells: Table) -> None:
        own = cells["mitochondria"]
        cells["healthy_pieces"][:], cells["damaged_pieces"][:] = own.T
        cells["peripheral_damaged"][:] = self._periphery[DAMAGED] * own[:, DAMAGED]
        with np.errstate(invalid="ignore"):  # a cell without mitochondria has no potential
            charge = own[:, HEALTHY] + self._value[DAMAGED] * own[:, DAMAGED]
            cells["potential"][:] = charge / (own[:, HEALTHY] + own[:, DAMAGED])
