"""Purified migrasomes added to the dish, as many as a mass of them is. Theory: docs/theory/dose.md."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from migralab.core.errors import RequestError
from migralab.core.random import child_key_array, draw_normals, draw_uniform_pairs, uniform_pair_array
from migralab.engine.mechanism import Accounts, Phase, State, Stream, per_dish
from migralab.engine.table import Column
from migralab.mechanisms.base import estimate
from migralab.mechanisms.biogenesis.fate import Fate
from migralab.mechanisms.biogenesis.growth import Growth
from migralab.mechanisms.biogenesis.nucleation import STABILISED, Nucleation
from migralab.mechanisms.biogenesis.retraction_fibre import RetractionFibre
from migralab.mechanisms.signals.cargo import KINDS, MEMBRANE_PROTEIN, MRNA, Cargo
from migralab.physics.growth import AREA
from migralab.physics.recipients.dose import Range, vesicles_in_mass
from migralab.physics.signals.cargo import offer_molecules, poisson_quantile_array
from migralab.spec.parameter import MechanismParameters, Parameter, Source, quantity

MOST = 5_000_000  # vesicles in a dish

_ZHU = Source(key="zhu2021", locator="fig 1i: 8 ug of migrasome protein, 24 h", tag="FTE")
_SIZES = Source(key="zhao2019", locator="fig S1g: purified, TEM, n = 57; mean 0.61, SD 0.23 um", tag="D")
_RNA = Source(key="zhu2021", locator="fig 1b: 31.9 % of migrasomes are SYTO14-positive, mean over 150 cells", tag="D")
_AS_CELL = estimate("as in the cell that made them (signals.cargo); purified ones are leaky and may hold less")

_SIZE, _RNA_POSITIVE = 0, len(KINDS)  # draws of a vesicle; draws 0 to 4 of the pairs are the thresholds of the kinds


class Parameters(MechanismParameters):
    """What was given, to how many cells, and when."""

    mass: Parameter = quantity(8.0, "ug", source=_ZHU, description="migrasome protein given to the culture")
    recipients_in_culture: Parameter = quantity(
        3e5, "", source=estimate("cells of a well or small dish; culture size is not stated in Zhu 2021"), low=1e5,
        high=1e6, minimum=1.0, description="recipients in the culture that the mass was given to",
    )  # fmt: skip
    start: Parameter = quantity(
        0.0, "min", source=estimate("given at the start unless an arm says otherwise"),
        description="when it is given, after the start of the run",
    )  # fmt: skip
    protein_density: Parameter = quantity(
        100.0, "mg/ml", source=estimate("protein per volume of vesicle; cytosol has 100 to 300 mg/ml"), low=50.0,
        high=200.0, minimum=0.1, description="protein per volume of vesicle",
    )  # fmt: skip
    diameter: Parameter = quantity(
        0.61, "um", source=_SIZES, minimum=0.05, maximum=10.0, description="mean diameter of the vesicles"
    )
    diameter_sd: Parameter = quantity(
        0.234, "um", source=_SIZES, maximum=10.0, description="SD of their diameter (log-normal)"
    )
    soluble_protein: Parameter = quantity(
        1.0, "uM", source=_AS_CELL, low=0.1, high=10.0, description="soluble protein in a vesicle"
    )
    membrane_protein: Parameter = quantity(
        30.0, "1/um^2", source=_AS_CELL, low=3.0, high=300.0, description="membrane protein on a vesicle"
    )
    mrna: Parameter = quantity(
        100.0, "nM", source=_AS_CELL, low=30.0, high=300.0, description="mRNA in an RNA-positive vesicle"
    )
    mirna: Parameter = quantity(50.0, "nM", source=_AS_CELL, low=10.0, high=200.0, description="miRNA in a vesicle")
    small_vesicles: Parameter = quantity(
        5.0, "1/um^3", source=_AS_CELL, low=1.0, high=20.0, description="small vesicles in a vesicle"
    )
    rna_share: Parameter = quantity(
        0.319, "", source=_RNA, maximum=1.0, description="share of vesicles that hold mRNA; a pool of many donors"
    )


def _columns() -> tuple[Column, ...]:
    """Return what a vesicle is made of, as the mechanisms of formation and cargo declare it."""
    vesicle = [c for kind in (Nucleation, Growth, Fate, Cargo) for c in kind.columns if c.table == "migrasomes"]
    wanted = ("cells.cargo", "cells.fibre_radius")  # release asks for them, in a dish whose cells make no vesicles too
    cell = [c for kind in (Cargo, RetractionFibre) for c in kind.columns if c.path in wanted]
    return (*vesicle, *cell)


class AddBack:
    """So many vesicles for each recipient of the dish as each in the culture got, strewn evenly over the ground."""

    parameters: ClassVar[type[Parameters]] = Parameters
    name: ClassVar[str] = "recipients.add-back"
    # Births get their ids in the order of the phases: nobody else bears a vesicle in this one
    phase: ClassVar[Phase] = Phase.SENSE
    columns: ClassVar[tuple[Column, ...]] = (
        *_columns(),
        Column(path="migrasomes.added", dtype="bool", unit="", meaning="whether it was purified and added"),
    )
    reads: ClassVar[frozenset[str]] = frozenset({"cells.dish", "cells.population"})
    writes: ClassVar[frozenset[str]] = frozenset({"fields.added", "fields.added_for"})
    adds: ClassVar[frozenset[str]] = frozenset()
    creates: ClassVar[frozenset[str]] = frozenset({"migrasomes"})

    def __init__(self, parameters: Parameters, dt: float) -> None:  # noqa: ARG002  # every mechanism gets the tick
        p = self._p = parameters.internal()
        self._content = np.array([p[kind] for kind in KINDS])
        self.every = 1

    @property
    def per_recipient(self) -> float:
        """Vesicles for each recipient, mean."""
        p = self._p
        # Inside, a mass is in mg and a density of protein in ug/ml
        density = Range.exact(p["protein_density"] / 1e3)
        found = vesicles_in_mass(1e3 * p["mass"], p["diameter"], p["diameter_sd"], density)
        return found.value / p["recipients_in_culture"]

    def found(self, state: State, stream: Stream) -> None:  # noqa: ARG002  # drawn when they are added
        """Lay out the books.

        Raises
        ------
        RequestError
            If the dish would get more vesicles than can be followed.
        """
        state.fields["added"] = np.zeros((len(state.dishes), 1 + len(KINDS)))
        state.fields["added_for"] = self._recipients(state)  # the founders: daughters share what was given
        most = self.per_recipient * state.fields["added_for"].max()
        if most > MOST:
            raise RequestError(
                f"recipients.add-back: {self.per_recipient:.3g} vesicles for each recipient are {most:.3g} in a dish, "
                f"and at most {MOST:.0e} are followed. Take fewer cells, lower recipients.add-back.mass, or raise "
                "recipients.add-back.recipients_in_culture."
            )

    @staticmethod
    def _recipients(state: State) -> NDArray[np.float64]:
        """Return how many recipients each dish was founded with: all cells, or those beside the first population."""
        cells = state["cells"]
        own = cells["population"] > 0 if len(state.populations) > 1 else np.ones(cells.n, bool)
        return per_dish(state, cells["dish"], own.astype(np.float64))

    def step(self, state: State, dt: float, stream: Stream) -> None:
        """Add them in the tick in which their time comes."""
        start = self._p["start"]
        if not state.time <= start < state.time + dt:
            return
        lucky, _ = uniform_pair_array(stream.key, state.dishes, 0, 0)
        counts = poisson_quantile_array(self.per_recipient * state.fields["added_for"], lucky).astype(np.int64)
        for dish, count in enumerate(counts):
            if count:
                self._strew(state, dish, int(count), stream, start)

    def _strew(self, state: State, dish: int, count: int, stream: Stream, start: float) -> None:
        p = self._p
        keys = child_key_array(
            np.full(count, state.dishes[dish], np.uint64), stream.key, np.arange(count, dtype=np.uint64)
        )
        sigma = np.sqrt(np.log1p((p["diameter_sd"] / p["diameter"]) ** 2))
        diameter = p["diameter"] * np.exp(sigma * draw_normals(stream.key, keys, 1, _SIZE) - 0.5 * sigma**2)
        area, volume = np.pi * diameter**2, np.pi / 6 * diameter**3
        place = state.space.place(*draw_uniform_pairs(stream.key, keys, 2, 0))
        positive = draw_uniform_pairs(stream.key, keys, 0, _RNA_POSITIVE)[0] < p["rna_share"]
        cargo, expected = self._fill(keys, area, volume, positive, stream)
        state["migrasomes"].add(
            keys, dish=dish, x=place[:, 0], y=place[:, 1], born=start, resolves=start, stabilises=True,
            initial_area=area, initial_volume=volume, area=area, volume=volume, diameter=diameter, limiter=AREA,
            stage=STABILISED, stabilised=start, detached=start, cargo=cargo, cargo_expected=expected,
            loaded_volume=volume, loaded_area=area, rna_positive=positive.astype(np.float32), added=True,
        )  # fmt: skip
        state.fields["added"][dish] += np.array([count, *cargo.sum(axis=0)])

    def _fill(
        self, keys: NDArray[np.uint64], area: NDArray[np.float64], volume: NDArray[np.float64],
        positive: NDArray[np.bool_], stream: Stream,
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:  # fmt: skip
        """Return whole molecules in each vesicle, Poisson about their means, and the means; (vesicles, kinds)."""
        size = np.column_stack([volume] * len(KINDS))
        size[:, MEMBRANE_PROTEIN] = area
        size[:, MRNA] *= positive
        expected, cargo = np.zeros_like(size), np.empty_like(size)
        offer_molecules(keys, stream.key, self._content * size, expected, cargo)
        cargo[positive, MRNA] = np.maximum(cargo[positive, MRNA], 1.0)  # positive is one that was seen to hold RNA
        return cargo, expected

    def account(self, state: State) -> Accounts:
        """Return the molecules that were added; and what vesicles hold, where no cell of the dish makes any."""
        added, vesicles = state.fields["added"], state["migrasomes"]
        found = {(kind, "added"): added[:, 1 + k].copy() for k, kind in enumerate(KINDS)}
        if "rna_share" not in state["cells"].names:  # else signals.cargo reports it
            found |= {
                (kind, "migrasomes"): per_dish(state, vesicles["dish"], vesicles["cargo"][:, k])
                for k, kind in enumerate(KINDS)
            }
        return found
