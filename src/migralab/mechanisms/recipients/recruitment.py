"""Cells that wait in the vessels come in where the wall lets them in. Theory: docs/theory/recruitment.md."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from migralab.engine.mechanism import Phase, State, Stream
from migralab.engine.rules import Behaviour
from migralab.engine.table import Column
from migralab.mechanisms.base import estimate
from migralab.mechanisms.phenotype.hazard import Hazard
from migralab.spec.parameter import MechanismParameters, Parameter, quantity

NEVER = 1e12  # s: beyond any run
_INSIDE = 1.0 - 1e-9  # a moment at the very start of a step would belong to the step before


class Parameters(MechanismParameters):
    """How often a cell of the wall lets one in, and how many are in the tissue already."""

    rate: Parameter = quantity(
        0.0, "1/h", source=estimate("none lets any in unless the experiment or a rule says so"),
        description="rate at which a cell of the vessel wall lets in a cell that waits",
    )  # fmt: skip
    residents: Parameter = quantity(
        0.0, "", source=estimate("all wait unless the experiment says how many are there"),
        description="cells of the population that are in the tissue from the start; the rest of it waits",
    )  # fmt: skip


class Recruitment:
    """Lets in cells of the population after the @, by threshold of the cell of the wall: the nearest that waits.

    With death the number in the tissue settles where as many die as come in (eq-recruitment-steady).
    """

    parameters: ClassVar[type[Parameters]] = Parameters
    phase: ClassVar[Phase] = Phase.LIFE
    varies: ClassVar[frozenset[str]] = frozenset({"rate"})
    adds: ClassVar[frozenset[str]] = frozenset()
    creates: ClassVar[frozenset[str]] = frozenset()
    name = "recipients.recruitment"

    def __init__(self, parameters: Parameters, dt: float, target: str) -> None:  # noqa: ARG002  # as all
        self.name, self.target = f"{type(self).name}@{target}", target
        self._hazard = Hazard(f"lets_in_{target}", parameters.varied("rate"), f"letting in {target}")
        self._residents = round(parameters.internal()["residents"])
        self._waits = f"waits_{target}"
        waiting = Column(path=f"cells.{self._waits}", dtype="bool", unit="", inherit="reset",
                         meaning="is in the blood and not in the tissue yet")  # fmt: skip
        self.columns: tuple[Column, ...] = (*self._hazard.columns, waiting)
        self.reads = self._hazard.reads | {"cells.position", "cells.dish"}
        self.writes = self._hazard.writes | {waiting.path, "cells.enters"}
        self.behaviours = (
            Behaviour(name=f"recruitment of {target}", column=self._hazard.rate_column, parameter="rate", unit="1/h",
                      meaning=f"rate at which a cell of the wall lets in one of {target}"),
        )  # fmt: skip
        self.every = 1

    def found(self, state: State, stream: Stream) -> None:  # noqa: ARG002  # who is there hangs on the keys alone
        """Let all but the residents wait; who they are hangs on their keys, not on their rows or places."""
        cells = state["cells"]
        rows = np.flatnonzero(cells["population"] == state.populations.index(self.target))
        rows = rows[np.lexsort((cells["key"][rows], cells["dish"][rows]))]
        dish = cells["dish"][rows]
        rank = np.arange(len(rows)) - np.searchsorted(dish, dish)
        waiting = rows[rank >= self._residents]
        cells[self._waits][waiting] = True
        cells["enters"][waiting] = NEVER

    def step(self, state: State, dt: float, stream: Stream) -> None:
        """Gather hazard in the cells of the wall; for each that passed let in the nearest (eq-recruitment)."""
        cells = state["cells"]
        rate = self._hazard.rate(cells)
        rows = self._hazard.gather(cells, rate, dt, stream)
        if not len(rows):
            return
        prefix = self._hazard.prefix
        late = (cells[f"{prefix}_hazard"][rows] - cells[f"{prefix}_threshold"][rows]) / rate[rows]
        late = np.minimum(late, dt * _INSIDE)
        self._hazard.renew(cells, rows)
        waiting = np.flatnonzero(cells[self._waits])
        # The earliest is first; equal moments go by key, whoever stands in which row
        for k in np.lexsort((cells["key"][rows], -late)):
            came = self._nearest(state, int(rows[k]), waiting)
            if came >= 0:
                cells[self._waits][came] = False
                cells["enters"][came] = state.time + dt - late[k]
                waiting = waiting[waiting != came]

    @staticmethod
    def _nearest(state: State, gate: int, waiting: NDArray[Any]) -> int:
        """Return the row of the waiting cell of the same dish that is nearest to a cell of the wall; -1 for none."""
        cells = state["cells"]
        own = waiting[cells["dish"][waiting] == cells["dish"][gate]]
        if not len(own):
            return -1
        way = cells["position"][own] - cells["position"][gate]
        return int(own[np.argmin(np.einsum("ij,ij->i", way, way))])
