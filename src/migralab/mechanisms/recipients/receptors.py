"""Receptors for a cue: occupied, internalised, scavenging; what a cell can tell. Theory: docs/theory/receptors.md."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from migralab.engine.mechanism import Phase, State, Stream
from migralab.engine.rules import Signal
from migralab.engine.table import Column
from migralab.mechanisms.base import estimate, ticks_in
from migralab.mechanisms.signals.medium import held_columns, ligand_columns, sink_column
from migralab.physics.recipients.look import NUMBER, Presented, Seen, Setting, look
from migralab.spec.parameter import MechanismParameters, Parameter, Source, quantity

_SET = "table 1 of PMC3084714: 25,000 receptors, k_f 8.4e7 /M/s, k_r 0.37 /s"
_TRAFFIC = Source(key="bmccellbiol2014", locator="suppl. S5: CXCR4, fetal MSC, 0.79 /min in, 0.04 back", tag="FIG")


_PRESENTED = (
    "ligand", "ligand_gradient", "ground", "ground_gradient", "touched", "touched_area", "touched_pull",
)  # fmt: skip
_SEEN = (
    "surface", "inside", "occupancy", "steepness", "difference", "noise", "noise_memory", "noise_arrival", "clearance",
)  # fmt: skip


class Parameters(MechanismParameters):
    """Number, affinity and traffic of the receptors for one cue, and what blocks them."""

    number: Parameter = quantity(
        25_000.0, "molecules", source=Source(key="plosone2011", locator=_SET, tag="FIG"), low=10_000.0, high=100_000.0,
        description="receptors of a cell, at the surface and inside (R_T)",
    )  # fmt: skip
    affinity: Parameter = quantity(
        3.4, "nM", source=Source(key="lau2020", locator="abstract: Cxcl12 to Cxcr4, Kd 3.4 nM", tag="ABS"),
        low=3.4, high=25.0, minimum=1e-6, description="concentration of half occupancy (K)",
    )  # fmt: skip
    off_rate: Parameter = quantity(
        0.37, "1/s", source=Source(key="plosone2011", locator=_SET, tag="FIG"), minimum=1e-6,
        description="rate at which a receptor lets go (k_r); k_f = k_r/K",
    )  # fmt: skip
    internalisation: Parameter = quantity(
        0.79, "1/min", source=_TRAFFIC, low=0.2, high=0.79, description="rate at which occupied receptors go in (k_in)"
    )
    constitutive: Parameter = quantity(
        0.0, "1/min", source=estimate("the source fits traffic under ligand; CXCR4 without ligand stays out"),
        low=0.0, high=0.1, description="rate at which any receptor goes in (k_c)",
    )  # fmt: skip
    return_rate: Parameter = quantity(
        0.04, "1/min", source=_TRAFFIC, low=0.01, high=0.16, description="rate at which they come back (k_back)"
    )
    cell_length: Parameter = quantity(
        10.0, "um", source=estimate("a rounded leukocyte or carcinoma cell"), low=5.0, high=30.0, minimum=0.1,
        description="length over which a cell compares its halves (l)",
    )  # fmt: skip
    diffusivity: Parameter = quantity(
        150.0, "um^2/s", source=estimate("that of signals.diffusing; 0 leaves the noise of arrival out"), low=0.0,
        high=200.0, description="diffusivity of the cue at the cell: how fast molecules arrive to be counted",
    )  # fmt: skip
    antagonist: Parameter = quantity(
        0.0, "", source=estimate("none is given; AMD3100 at ten times its own Kd is 10"), low=0.0, high=1000.0,
        description="concentration of a competing antagonist over its own dissociation constant (a = A/K_A)",
    )  # fmt: skip
    antagonist_start: Parameter = quantity(
        0.0, "min", source=estimate("from the start"), description="when the antagonist is given"
    )
    antagonist_stop: Parameter = quantity(
        1e6, "min", source=estimate("beyond any run: not washed out"), description="when it is washed out"
    )
    interval: Parameter = quantity(
        1.0, "min", source=estimate("occupancy settles in seconds, traffic is exact"), minimum=1e-6,
        description="time between two looks",
    )  # fmt: skip


def sensed_columns(n: str) -> tuple[Column, ...]:
    """Return what the receptors for a cue tell the cell."""
    return (
        Column(path=f"cells.{n}_difference", dtype="float64", unit="receptors", shape=(2,),
               meaning="occupied receptors of one half over those of the other, along the gradient"),
        Column(path=f"cells.{n}_noise", dtype="float64", unit="receptors", meaning="its noise at one moment"),
        Column(path=f"cells.{n}_noise_memory", dtype="float64", unit="s", fill=1.0,
               meaning="time in which occupied receptors are replaced"),
        Column(path=f"cells.{n}_noise_arrival", dtype="float64", unit="receptors2 s",
               meaning="strength of the noise of arrival"),
    )  # fmt: skip


def _columns(n: str) -> tuple[Column, ...]:
    shown = n == "cue"
    return (
        *ligand_columns(n),
        *held_columns(n),
        sink_column(n),
        Column(path=f"cells.{n}_occupancy", dtype="float64", unit="", file=("cue_occupancy",) if shown else (),
               meaning=f"share of receptors at the surface that hold a {n}"),
        Column(path=f"cells.{n}_surface", dtype="float64", unit="receptors", file=("cue_receptors",) if shown else (),
               meaning=f"receptors for {n} at the surface"),
        Column(path=f"cells.{n}_inside", dtype="float64", unit="receptors", meaning=f"receptors for {n} inside"),
        Column(path=f"cells.{n}_steepness", dtype="float64", unit="molecules/um4", meaning=f"gradient of the {n}"),
        *sensed_columns(n),
    )  # fmt: skip


class Receptors:
    """Occupancy follows the ligand at once; receptors go in and come back exactly; each takes its ligand along."""

    parameters: ClassVar[type[Parameters]] = Parameters
    phase: ClassVar[Phase] = Phase.LIFE
    varies: ClassVar[frozenset[str]] = frozenset(
        {"number", "affinity", "internalisation", "constitutive", "return_rate"}
    )
    creates: ClassVar[frozenset[str]] = frozenset()
    columns: tuple[Column, ...] = _columns("cue")
    name = "recipients.receptors"

    def __init__(self, parameters: Parameters, dt: float, species: str = "cue") -> None:
        p = self._p = parameters.internal()
        n = self._species = species
        if species != "cue":
            self.name = f"{type(self).name}@{species}"
        self._law = np.column_stack(
            [parameters.varied(key) for key in ("number", "affinity", "internalisation", "constitutive", "return_rate")]
        )
        self.columns = _columns(n)
        self.signals = (
            Signal(name=f"{n} concentration", column=f"cells.{n}_ligand", unit="nM",
                   meaning=f"free {n} at the receptors"),
            Signal(name=f"{n} occupancy", column=f"cells.{n}_occupancy", meaning="share of receptors that hold one"),
            Signal(name=f"{n} gradient", column=f"cells.{n}_steepness", unit="nM/um", meaning=f"gradient of the {n}"),
        )  # fmt: skip
        own = {column.path for column in self.columns} - {f"cells.{n}_clearance"}
        seen = {column.path for column in (*ligand_columns(n), *held_columns(n))}
        self.reads = frozenset(seen | {"cells.alive", "cells.population"})
        self.writes, self.adds = frozenset(own - seen), frozenset({f"cells.{n}_clearance"})
        self.every = ticks_in(p["interval"], dt)

    def found(self, state: State, stream: Stream) -> None:  # noqa: ARG002  # nothing is drawn
        """Put all receptors at the surface: the cells come from a medium without the cue."""
        cells = state["cells"]
        cells[f"{self._species}_surface"][:] = self._law[cells["population"], NUMBER]

    def step(self, state: State, dt: float, stream: Stream) -> None:  # noqa: ARG002  # nothing is drawn
        """Let receptors go in and come back, and say what they tell of the cue."""
        cells, n, p = state["cells"], self._species, self._p
        blocked = p["antagonist"] if p["antagonist_start"] <= state.time < p["antagonist_stop"] else 0.0
        look(
            Seen(*(cells[f"{n}_{name}"] for name in _SEEN)),
            Presented(cells["alive"], cells["population"], *(cells[f"{n}_{name}"] for name in _PRESENTED)),
            self._law, Setting(blocked, p["off_rate"], p["diffusivity"], p["cell_length"], dt),
        )  # fmt: skip
