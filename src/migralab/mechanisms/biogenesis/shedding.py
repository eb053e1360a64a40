"""Cells shed vesicles straight from their body, without a fibre. Theory: docs/theory/shedding.md."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from migralab.core.random import draw_child_keys, draw_normals, draw_uniform_pairs
from migralab.engine.mechanism import Phase, State, Stream
from migralab.engine.rules import Behaviour
from migralab.engine.table import Column, Table
from migralab.mechanisms.base import estimate
from migralab.mechanisms.biogenesis.fate import Fate
from migralab.mechanisms.biogenesis.growth import Growth
from migralab.mechanisms.biogenesis.nucleation import STABILISED, Nucleation
from migralab.mechanisms.biogenesis.retraction_fibre import RetractionFibre
from migralab.mechanisms.phenotype.hazard import Hazard
from migralab.mechanisms.signals.cargo import KINDS, MEMBRANE_PROTEIN, Cargo
from migralab.physics.growth import AREA
from migralab.physics.signals.cargo import offer_molecules, share_out
from migralab.spec.parameter import MechanismParameters, Parameter, quantity

_SIZE, _ANGLE = 1, 2  # counts of draws of a vesicle; its pairs of count 0 are the thresholds of its cargo
_PARTS = (("membrane", "area"), ("volume", "volume"))  # of a cell, and of the vesicle that takes it along


class Parameters(MechanismParameters):
    """How often, and how large."""

    rate: Parameter = quantity(
        0.0, "1/h", source=estimate("none is shed unless the experiment or a rule says so"),
        description="rate at which a cell sheds a vesicle from its body",
    )  # fmt: skip
    diameter: Parameter = quantity(
        0.5, "um", source=estimate("vesicles that bud from the plasma membrane measure 0.1 to 1 um"), low=0.1, high=1.0,
        minimum=0.02, maximum=10.0, description="mean diameter of a shed vesicle",
    )  # fmt: skip
    diameter_sd: Parameter = quantity(
        0.2, "um", source=estimate("as broad as that range"), low=0.05, high=0.4, maximum=10.0,
        description="SD of that diameter (log-normal)",
    )  # fmt: skip
    distance: Parameter = quantity(
        10.0, "um", source=estimate("half a cell of 20 um"), low=1.0, high=15.0,
        description="distance of the vesicle's edge from the centre of the cell at birth",
    )  # fmt: skip


def _columns() -> tuple[Column, ...]:
    """Return what a vesicle is made of, as the mechanisms of formation and cargo declare it."""
    vesicle = [c for kind in (Nucleation, Growth, Fate, Cargo) for c in kind.columns if c.table == "migrasomes"]
    wanted = ("cells.cargo", "cells.fibre_radius")  # release asks for them, in a dish whose cells have neither too
    cell = [c for kind in (Cargo, RetractionFibre) for c in kind.columns if c.path in wanted]
    return (*vesicle, *cell)


class Shedding:
    """Vesicles leave the body by thresholds; they are detached from the first, and lie beside the cell."""

    parameters: ClassVar[type[Parameters]] = Parameters
    name: ClassVar[str] = "biogenesis.shedding"
    # Births get their ids in the order of the phases: nobody else bears a vesicle in this one
    phase: ClassVar[Phase] = Phase.LIFE
    varies: ClassVar[frozenset[str]] = frozenset(Parameters.model_fields)
    columns: ClassVar[tuple[Column, ...]] = (
        *_columns(),
        *Hazard("shedding", np.zeros(1), "shedding").columns,
        Column(path="migrasomes.shed", dtype="float64", unit="", file=("shed",),
               meaning="1 if it left the body of a cell, 0 if it grew on a fibre or was put there"),
        Column(path="migrasomes.shed_by", dtype="int32", unit="", fill=-1, meaning="id of the cell that shed it"),
    )  # fmt: skip
    adds: ClassVar[frozenset[str]] = frozenset()
    creates: ClassVar[frozenset[str]] = frozenset({"migrasomes"})
    behaviours: ClassVar[tuple[Behaviour, ...]] = (
        Behaviour(name="shedding", column="cells.shedding_rate", parameter="rate", unit="1/h",
                  meaning="rate at which the cell sheds vesicles from its body"),
    )  # fmt: skip

    def __init__(self, parameters: Parameters, dt: float) -> None:  # noqa: ARG002  # every mechanism gets the tick
        self._hazard = Hazard("shedding", parameters.varied("rate"), "shedding")
        self._mean, self._spread = parameters.varied("diameter"), parameters.varied("diameter_sd")
        self._distance = parameters.varied("distance")
        self.reads = self._hazard.reads | {"cells.position", "cells.dish"}
        # What a vesicle takes along is taken where the cells of the dish have it
        self.writes = self._hazard.writes | {f"cells.{name}:shed" for name in ("membrane", "volume", "cargo")}
        self.every = 1

    def found(self, state: State, stream: Stream) -> None:
        """Nothing to set: thresholds are drawn when they are first needed."""

    def step(self, state: State, dt: float, stream: Stream) -> None:
        """Gather hazard; bear a vesicle for each threshold passed, also several in a step (eq-shedding)."""
        cells = state["cells"]
        rate = self._hazard.rate(cells)
        rows, end = self._hazard.gather(cells, rate, dt, stream), state.time + dt
        while len(rows):
            beyond = cells["shedding_hazard"][rows] - cells["shedding_threshold"][rows]
            self._bear(state, rows, np.maximum(end - beyond / rate[rows], state.time), stream)
            self._hazard.renew(cells, rows)
            rows = self._hazard.gather(cells, rate, 0.0, stream)

    def _bear(self, state: State, rows: NDArray[Any], born: NDArray[np.float64], stream: Stream) -> None:
        """Add a vesicle for each of these rows (eq-shedding-size), born at these times, s."""
        cells = state["cells"]
        kind = cells["population"][rows]
        keys = draw_child_keys(cells["key"][rows], stream.key, cells["shedding_count"][rows].astype(np.uint64))
        sigma = np.sqrt(np.log1p((self._spread[kind] / self._mean[kind]) ** 2))
        diameter = self._mean[kind] * np.exp(sigma * draw_normals(stream.key, keys, _SIZE, 0) - 0.5 * sigma**2)
        angle = 2.0 * np.pi * draw_uniform_pairs(stream.key, keys, _ANGLE, 0)[0]
        away = (self._distance[kind] + 0.5 * diameter)[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
        place = cells["position"][rows] + away
        state.space.confine(place)
        area, volume = np.pi * diameter**2, np.pi / 6 * diameter**3
        if "membrane" in cells.names:  # a cell cannot give more than it has
            can = (cells["membrane"][rows] > area) & (cells["volume"][rows] > volume)
            rows, keys, born, diameter, place = rows[can], keys[can], born[can], diameter[can], place[can]
            area, volume = area[can], volume[can]
        cargo, expected = self._fill(cells, rows, keys, area, volume, stream)
        for part, taken in zip(_PARTS, (area, volume), strict=True):
            if part[0] in cells.names:
                cells[part[0]][rows] -= taken
        state["migrasomes"].add(
            keys, dish=cells["dish"][rows], x=place[:, 0], y=place[:, 1], born=born, resolves=born, stabilises=True,
            initial_area=area, initial_volume=volume, area=area, volume=volume, diameter=diameter, limiter=AREA,
            stage=STABILISED, stabilised=born, detached=born, cargo=cargo, cargo_expected=expected,
            loaded_volume=volume, loaded_area=area, shed=1.0, shed_by=cells["id"][rows],
        )  # fmt: skip

    @staticmethod
    def _fill(
        cells: Table, rows: NDArray[Any], keys: NDArray[np.uint64], area: NDArray[np.float64],
        volume: NDArray[np.float64], stream: Stream,
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:  # fmt: skip
        """Take whole molecules out of cells, at their density there (eq-shedding-cargo); (vesicles, kinds)."""
        expected, want = np.zeros((len(rows), len(KINDS))), np.zeros((len(rows), len(KINDS)))
        pool = cells["cargo"]
        if "membrane" not in cells.names or np.isnan(pool).any():  # no signals.cargo, or it has not yet filled them
            return want, expected
        part = np.column_stack([volume / cells["volume"][rows]] * len(KINDS))
        part[:, MEMBRANE_PROTEIN] = area / cells["membrane"][rows]
        offer_molecules(keys, stream.key, pool[rows] * part, expected, want)
        share_out(want, rows, pool)
        return want, expected
