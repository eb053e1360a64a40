"""Cells that hold together form one vesicle, as Kupffer's; what its size is good for. Theory: docs/theory/lumen.md."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from migralab.engine.mechanism import Phase, State, Stream
from migralab.engine.rules import Signal
from migralab.engine.table import Column
from migralab.mechanisms.base import computed, estimate, ticks_in
from migralab.physics.recipients.neighbourhood import pairs_within
from migralab.spec.parameter import MechanismParameters, Parameter, quantity

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Parameters(MechanismParameters):
    """What holds together, how large a vesicle it forms, and how a small one fails."""

    area_per_cell: Parameter = quantity(
        0.0, "um^2", source=estimate("none forms a vesicle unless the experiment says so; Kupffer's has some 140"),
        description="area of the vesicle for each cell of the cluster that forms it; 0: cells of this kind form none",
    )  # fmt: skip
    link: Parameter = quantity(
        21.0, "um", source=estimate("a cell of 20 um, and the gap at which membranes of neighbours still meet"),
        low=15.0, high=40.0, minimum=0.1, description="distance of centres below which two cells hold together",
    )  # fmt: skip
    half: Parameter = quantity(
        1725.0, "um^2", source=computed("half of Kupffer's vesicle of the wild type, 3.45e3 um2 (Jiang 2019 fig 5b)"),
        low=860.0, high=3450.0, minimum=1e-6, description="area at which the chance of a defect is half of the most",
    )  # fmt: skip
    width: Parameter = quantity(
        1.0, "", source=estimate("linear from none to the normal vesicle; towards 0 it is a switch: an open question"),
        low=0.05, high=1.0, minimum=1e-3, maximum=1.0,
        description="how far below and above half the chance changes, over half: 1 linear, towards 0 a threshold",
    )  # fmt: skip
    most: Parameter = quantity(
        0.9375, "", source=computed("four organs that each take a side by chance: 1 - 1/16; 0.5 if one coin decides"),
        low=0.5, high=1.0, maximum=1.0, description="chance of a defect without a vesicle",
    )  # fmt: skip
    interval: Parameter = quantity(
        5.0, "min", source=estimate("cells need many minutes to part by a link"), minimum=1e-6,
        description="time between two looks",
    )  # fmt: skip


def label_clusters(n: int, pairs: Ints) -> Ints:
    """Return the smallest row of the cluster of each row, (n,): rows that pairs join, directly or through others.

    Parameters
    ----------
    n
        Number of rows.
    pairs
        (k, 2) rows that hold together.
    """
    label = np.arange(n)
    while len(pairs):
        before = label.copy()
        least = np.minimum(label[pairs[:, 0]], label[pairs[:, 1]])
        np.minimum.at(label, pairs.ravel(), np.repeat(least, 2))
        label = label[label]  # a label's own label is as small or smaller: long chains shorten by half
        if np.array_equal(label, before):
            break
    return label


def chance_of_defect(area: Floats, half: float, width: float, most: float) -> Floats:
    """Return the chance of a defect for a vesicle of so many um2: a ramp, or a switch (eq-defect)."""
    return np.asarray(most * np.clip(0.5 + (half - area) / (2.0 * width * half), 0.0, 1.0))


class Lumen:
    """The largest cluster of each kind in a dish forms the vesicle; its area says how often what it does fails."""

    parameters: ClassVar[type[Parameters]] = Parameters
    name: ClassVar[str] = "phenotype.lumen"
    phase: ClassVar[Phase] = Phase.LIFE
    varies: ClassVar[frozenset[str]] = frozenset({"area_per_cell"})
    columns: ClassVar[tuple[Column, ...]] = (
        Column(path="cells.cluster_cells", dtype="int64", unit="", inherit="reset", file=("cluster_cells",),
               meaning="cells that hold together with it, itself included; 0 in cells that form no vesicle"),
        Column(path="cells.lumen_area", dtype="float64", unit="um2", inherit="reset", file=("lumen_um2",),
               meaning="vesicle that its cluster forms; 0 in all clusters but the largest of its kind"),
        Column(path="cells.defect_chance", dtype="float64", unit="", fill=np.nan, inherit="reset",
               file=("defect_chance",), meaning="chance that what the vesicle of its kind does fails; NaN without one"),
    )  # fmt: skip
    reads: ClassVar[frozenset[str]] = frozenset(
        {"cells.position", "cells.dish", "cells.alive", "cells.population"}
    )  # fmt: skip
    writes: ClassVar[frozenset[str]] = frozenset(column.path for column in columns)
    adds: ClassVar[frozenset[str]] = frozenset()
    creates: ClassVar[frozenset[str]] = frozenset()
    signals: ClassVar[tuple[Signal, ...]] = (
        Signal(name="cluster size", column="cells.cluster_cells", meaning="cells that hold together with it"),
    )

    def __init__(self, parameters: Parameters, dt: float) -> None:
        p = parameters.internal()
        self._area, self._link = parameters.varied("area_per_cell"), p["link"]
        self._law = p["half"], p["width"], p["most"]
        self.every = ticks_in(p["interval"], dt)

    def found(self, state: State, stream: Stream) -> None:  # noqa: ARG002  # nothing is drawn
        """Look at the founders."""
        self._look(state)

    def step(self, state: State, dt: float, stream: Stream) -> None:  # noqa: ARG002  # nothing is drawn
        """Look who holds together now."""
        self._look(state)

    def _look(self, state: State) -> None:
        """Join cells to clusters, and let the largest form the vesicle (eq-lumen)."""
        cells = state["cells"]
        size, area, chance = cells["cluster_cells"], cells["lumen_area"], cells["defect_chance"]
        size[:], area[:], chance[:] = 0, 0.0, np.nan
        for kind in np.flatnonzero(self._area > 0.0):
            rows = np.flatnonzero(cells["alive"] & (cells["population"] == kind))
            if not len(rows):
                continue
            label = label_clusters(cells.n, pairs_within(cells["position"], cells["dish"], rows, self._link))
            size[rows] = np.bincount(label[rows], minlength=cells.n)[label[rows]]
            forms = self._largest(rows, label, size, cells["dish"], len(state.dishes))
            vesicle = np.zeros(len(state.dishes))
            vesicle[cells["dish"][rows[forms]]] = self._area[kind] * size[rows[forms]]
            area[rows[forms]] = self._area[kind] * size[rows[forms]]
            chance[rows] = chance_of_defect(vesicle, *self._law)[cells["dish"][rows]]

    @staticmethod
    def _largest(rows: Ints, label: Ints, size: NDArray[Any], dish: NDArray[Any], dishes: int) -> NDArray[np.bool_]:
        """Return which rows are of the largest cluster of their dish; of several the one with the smallest label."""
        order = np.lexsort((label[rows], -size[rows], dish[rows]))
        first = np.full(dishes, -1, np.int64)
        first[dish[rows[order]][::-1]] = label[rows[order]][::-1]  # the first of a dish is written last
        return np.asarray(label[rows] == first[dish[rows]])
