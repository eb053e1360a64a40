"""Endothelial cells become tips and lead sprouts. Theory: docs/theory/phenotype.md."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from migralab.engine.mechanism import Phase, State, Stream
from migralab.engine.rules import Behaviour
from migralab.engine.table import Column
from migralab.mechanisms.base import estimate
from migralab.mechanisms.phenotype.hazard import Hazard
from migralab.physics.recipients.neighbourhood import inhibited, select_tips, silenced_since
from migralab.spec.parameter import MechanismParameters, Parameter, quantity


class Parameters(MechanismParameters):
    """How tips arise, how far they keep others down, how fast sprouts grow."""

    rate: Parameter = quantity(
        0.0, "1/h", source=estimate("none sprouts unless the experiment or a rule says so"),
        description="rate at which an endothelial cell that no tip inhibits becomes a tip",
    )  # fmt: skip
    exclusion: Parameter = quantity(
        50.0, "um", source=estimate("Dll4 and Notch act on neighbours: two to three cell diameters"), low=20.0,
        high=100.0, description="distance from the root of a sprout within which no other cell becomes a tip",
    )  # fmt: skip
    elongation: Parameter = quantity(
        5.0, "um/h", source=estimate("sprouts of 100 um in a day"), low=2.0, high=15.0,
        description="speed at which a sprout grows",
    )  # fmt: skip


class Sprouting:
    """A cell becomes a tip by threshold while none is near; its sprout grows from where it was then."""

    parameters: ClassVar[type[Parameters]] = Parameters
    name: ClassVar[str] = "phenotype.sprouting"
    phase: ClassVar[Phase] = Phase.ACT
    varies: ClassVar[frozenset[str]] = frozenset({"rate", "elongation"})
    _own: ClassVar[tuple[Column, ...]] = (
        Column(path="cells.tip", dtype="bool", unit="", inherit="reset", file=("tip",), meaning="leads a sprout"),
        Column(path="cells.sprout_root", dtype="float64", unit="um", shape=(2,), inherit="reset",
               meaning="where its sprout began; 0 in cells that lead none"),
        Column(path="cells.sprout_length", dtype="float64", unit="um", inherit="reset", file=("sprout_um",),
               meaning="length of the sprout that it leads"),
        Column(path="cells.elongation_set", dtype="float64", unit="", fill=1.0,
               meaning="speed of its sprout by rules, over that of its population"),
    )  # fmt: skip
    columns: ClassVar[tuple[Column, ...]] = (*Hazard("tip", np.zeros(1), "becoming a tip").columns, *_own)
    adds: ClassVar[frozenset[str]] = frozenset()
    creates: ClassVar[frozenset[str]] = frozenset()
    behaviours: ClassVar[tuple[Behaviour, ...]] = (
        Behaviour(name="tip selection", column="cells.tip_rate", parameter="rate", unit="1/h",
                  meaning="rate at which a cell that no tip inhibits becomes one"),
        Behaviour(name="sprout elongation", column="cells.elongation_set", parameter="elongation", unit="um/h",
                  relative=True, meaning="speed at which its sprout grows"),
    )  # fmt: skip

    def __init__(self, parameters: Parameters, dt: float) -> None:  # noqa: ARG002  # every mechanism gets the tick
        self._hazard = Hazard("tip", parameters.varied("rate"), "becoming a tip")
        self._speed, self._exclusion = parameters.varied("elongation"), parameters.internal()["exclusion"]
        self.reads = self._hazard.reads | {"cells.position", "cells.dish", "cells.elongation_set"}
        self.writes = self._hazard.writes | {"cells.tip", "cells.sprout_root", "cells.sprout_length"}
        self.every = 1

    def found(self, state: State, stream: Stream) -> None:
        """Nothing to set: thresholds are drawn when they are first needed."""

    def step(self, state: State, dt: float, stream: Stream) -> None:
        """Let sprouts grow; gather hazard in cells that no tip inhibits; select new tips."""
        cells = state["cells"]
        tips = np.flatnonzero(cells["tip"] & cells["alive"])
        speed = self._speed[cells["population"]] * cells["elongation_set"]
        cells["sprout_length"][tips] += speed[tips] * dt
        rate = self._hazard.rate(cells)
        rate[tips] = 0.0
        open_ = np.flatnonzero(rate > 0.0)
        if not len(open_):
            return
        roots, dish = cells["sprout_root"][tips], cells["dish"]
        rate[open_[inhibited(cells["position"][open_], dish[open_], roots, dish[tips], self._exclusion)]] = 0.0
        rows = self._hazard.gather(cells, rate, dt, stream)
        if not len(rows):
            return
        late = (cells["tip_hazard"][rows] - cells["tip_threshold"][rows]) / rate[rows]  # s from its moment to the end
        place = cells["position"]
        chosen = select_tips(place[rows], dish[rows], dt - late, self._exclusion)
        new, late = rows[chosen], late[chosen]
        # None gathers while it is inhibited, and that began inside this step
        others = np.setdiff1d(np.flatnonzero(rate > 0.0), new)
        since = silenced_since(place[others], dish[others], place[new], dish[new], dt - late, self._exclusion)
        cells["tip_hazard"][others] -= rate[others] * np.maximum(dt - since, 0.0)
        self._hazard.renew(cells, new)
        cells["tip"][new] = True
        cells["sprout_root"][new] = cells["position"][new]
        cells["sprout_length"][new] = speed[new] * late
