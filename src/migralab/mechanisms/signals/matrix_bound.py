"""A cue that the ground holds: it diffuses only while it is free. Theory: docs/theory/signals-in-the-medium.md."""

from __future__ import annotations

import math
from functools import partial
from typing import ClassVar

import numpy as np

from migralab.core.errors import RequestError
from migralab.engine.mechanism import Accounts, GridField, Phase, State, Stream
from migralab.engine.table import Column
from migralab.mechanisms.base import estimate, ticks_in
from migralab.mechanisms.signals.diffusing import Parameters as DiffusingParameters
from migralab.mechanisms.signals.exchange import MOST_PARTS
from migralab.mechanisms.signals.medium import MEDIUM_READS, Medium, Species, held_columns
from migralab.physics.signals.binding import bind
from migralab.spec.parameter import Parameter, Source, quantity

CAUGHT = 0.2  # rate of binding x step: beyond it a molecule is bound before it has moved as far as it should


class Parameters(DiffusingParameters):
    """One substance in the medium, and the sites of the ground that bind it."""

    affinity: Parameter = quantity(
        24.0, "nM", source=Source(key="bmcsystbiol2011", locator="table 2: VEGF to matrix, 4.2e5 /M/s, 1e-2 /s",
        tag="FIG"),
        low=10.0, high=300.0, minimum=1e-6, description="concentration of half occupancy of the matrix (K_m)",
    )  # fmt: skip
    off_rate: Parameter = quantity(
        1e-3, "1/s", source=estimate("middle of 1e-4 to 1e-2 per s; VEGF to matrix has 1e-2 (FIG)"),
        low=1e-4, high=1e-2, minimum=1e-9, description="rate at which a bound molecule lets go (k_off)",
    )  # fmt: skip
    sites: Parameter = quantity(
        1.0, "uM", source=estimate("matrix of a coated dish, 0.1 to 10 uM"), low=0.1, high=10.0,
        description="binding sites in the layer of matrix (b_max)",
    )  # fmt: skip
    layer: Parameter = quantity(
        0.2, "um", source=estimate("a coat of fibronectin or a basal lamina"), low=0.05, high=1.0, minimum=1e-3,
        description="height of the layer of matrix on the ground",
    )  # fmt: skip


class MatrixBound:
    """Free cue diffuses, bound cue stays; half a part of binding, a part of the medium, half a part of binding."""

    parameters: ClassVar[type[Parameters]] = Parameters
    phase: ClassVar[Phase] = Phase.EXCHANGE
    creates: ClassVar[frozenset[str]] = frozenset()
    name = "signals.matrix-bound"

    def __init__(self, parameters: Parameters, dt: float, species: str = "cue") -> None:
        p = parameters.internal()
        self.every, self._dt = ticks_in(p.pop("interval"), dt), dt
        if species != "cue":
            self.name = f"{type(self).name}@{species}"
        self._off, self._half = p.pop("off_rate"), p.pop("affinity")
        self._sites, self._layer = p.pop("sites"), p.pop("layer")
        self.medium = Medium(Species(name=species, owner=self.name, **p))
        self._bound = f"{species}_bound"
        recorded = ("cue_bound_per_um2",) if species == "cue" else ()
        self.columns: tuple[Column, ...] = (
            *self.medium.columns, *held_columns(species),
            Column(path=f"cells.{self._bound}", dtype="float64", unit="1/um2", file=recorded,
                   meaning=f"{species} bound under the cell"),
        )  # fmt: skip
        self.reads = MEDIUM_READS | {f"cells.{species}_clearance", f"cells.{species}_secreted"}
        self.writes = self.medium.writes | {f"cells.{self._bound}", f"fields.{self._bound}"}
        self._seen = tuple(column.path for column in held_columns(species)[:2])
        self.adds = self.medium.adds | set(self._seen)
        self.takes = {"migrasomes.released": p["share"]}

    def _ground(self, state: State) -> tuple[slice, float]:
        """Return which voxels lie on the ground, and how many um the matrix fills of their height."""
        grid = self.medium.grid(state)
        height = grid.depth if len(grid.shape) == 2 else grid.spacing[0]
        return (slice(None) if len(grid.shape) == 2 else slice(0, 1)), height

    def found(self, state: State, stream: Stream) -> None:  # noqa: ARG002  # nothing is drawn
        """Lay out the free and the bound cue of every dish; the matrix starts in balance with the background.

        Raises
        ------
        RequestError
            If binding is too fast for the step of the dish.
        """
        self.medium.found(state)
        dt = self._dt * self.every
        if (parts := self._parts(state, dt)) > MOST_PARTS:
            raise RequestError(
                f"{self.name}: the matrix binds so fast that a step of {dt:g} s would have to be cut into "
                f"{parts} parts, and at most {MOST_PARTS} are made. Lower {self.name}.sites or .off_rate, raise "
                f"{self.name}.affinity, or shorten {self.name}.interval and dish.step to "
                f"{dt * MOST_PARTS / parts:.2g} s."
            )
        free = state.fields[self.medium.species.name]
        ground, height = self._ground(state)
        bound = np.zeros((len(free), *self.medium.grid(state).shape))
        background = self.medium.species.background
        bound[:, ground] = self._sites * self._layer / height * background / (self._half + background)
        if self.medium.obstacle is not None:
            bound[:, self.medium.obstacle] = 0.0
        state.fields[self._bound] = bound[:, ground]
        self.medium.enter_initial(state, bound.reshape(len(bound), -1).sum(axis=1))

    def step(self, state: State, dt: float, stream: Stream) -> None:  # noqa: ARG002  # nothing is drawn
        """Bind, let the medium move, bind, in parts so short that nothing is caught before it could move."""
        self.medium.step(state, dt, parts=self._parts(state, dt), beside=partial(self._bind, state))
        self._feel(state)

    def _parts(self, state: State, dt: float) -> int:
        _, height = self._ground(state)
        return max(1, math.ceil(self._off / self._half * self._sites * self._layer / height * dt / CAUGHT))

    def _bind(self, state: State, dt: float) -> None:
        free, bound = state.fields[self.medium.species.name], state.fields[self._bound]
        ground, height = self._ground(state)
        sites = self._sites * self._layer / height
        for dish in range(len(free)):
            here = np.maximum(free[dish, ground], 0.0)  # zeros that went through transforms may be -1e-17
            bind(here.reshape(-1), bound[dish].reshape(-1), sites, self._off / self._half, self._off, dt)
            free[dish, ground] = here

    def _feel(self, state: State) -> None:
        """Write the bound cue under each cell, molecules per um2 of ground, and present it to its receptors."""
        cells, (_, height) = state["cells"], self._ground(state)
        found, gradient = self.medium.feel(state, state.fields[self._bound])
        cells[self._bound][cells["alive"]] = height * found[cells["alive"]]
        for path, values in zip(self._seen, (np.maximum(found, 0.0), gradient), strict=True):
            state.column(path)[:] += height * values

    def account(self, state: State) -> Accounts:
        """Return where the molecules are."""
        bound = state.fields[self._bound]
        held = bound.reshape(len(bound), -1).sum(axis=1) * self.medium.grid(state).voxel_volume
        return self.medium.account(state) | {(self.medium.species.name, "bound"): held}

    def shown(self, state: State) -> list[GridField]:
        """Return free and bound cue for the tables."""
        return [self.medium.shown(state), self.medium.shown_on_ground(state, self._bound)]
