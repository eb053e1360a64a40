"""Urine, blood and the like: well-mixed compartments that the tissue feeds. Theory: docs/theory/pools.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from migralab.core.errors import RequestError
from migralab.core.units import to_internal
from migralab.engine.mechanism import Accounts, Phase, State, Stream
from migralab.engine.table import Column
from migralab.mechanisms.base import estimate, ticks_in
from migralab.mechanisms.pools.carrier import TALLY
from migralab.mechanisms.signals.cargo import KINDS
from migralab.mechanisms.signals.exchange import LOST, OUTSIDE
from migralab.mechanisms.signals.medium import Medium
from migralab.physics.pools import Propagator, advance, propagate, transfer_matrix
from migralab.spec.parameter import MechanismParameters, Parameter, quantity
from migralab.spec.pool import FREED, IN_VESICLES, VESICLES, Pool, substances

Floats = NDArray[np.float64]

HELD, LEFT, CAME, LEAKED = range(4)
"""Second axis of ``fields.pools`` (dishes, these, pools, substances): in the pool now; left it for good; came out of
the tissue; came through a barrier, less what went back. All but the first are sums since the start."""
DECAYED, IN_MEDIUM = range(2)
"""Last axis of ``fields.pools_cues`` (dishes, cues, these): decayed in the medium since the start; in it at the last
look."""


class Parameters(MechanismParameters):
    """How often the compartments are advanced; a step of any length is exact for what comes in evenly."""

    interval: Parameter = quantity(
        1.0, "min", source=estimate("the inflow is taken as even over it"), minimum=1e-6,
        description="time between two steps",
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Tissue:
    """What a pool must know of the dish.

    Parameters
    ----------
    cells
        In the dish, of the first population; a pool's `tissue_cells` over this is its scale.
    cargo
        Whether vesicles hold molecules.
    populations
        Names.
    media
        By cue.
    """

    cells: int
    cargo: bool = False
    populations: tuple[str, ...] = ()
    media: Mapping[str, Medium] = field(default_factory=dict)


_NONE: Mapping[str, Pool] = MappingProxyType({})
_NO_TISSUE = Tissue(cells=1)


class Line(NamedTuple):
    """One substance in one pool, as the table ``pools`` has it; the limit is NaN where nobody measures it."""

    pool: str
    substance: str
    volume_ml: float
    limit_per_ml: float


class _Sheet(NamedTuple):
    """A barrier, in internal units; without a permeability it takes that of the cells of one population, or all."""

    pool: int
    substance: int
    permeability: float | None
    population: int | None
    area: float
    outside: float


class Compartment:
    """Every pool of the experiment, in every dish: what comes from the tissue, flows on, is lost, is measured.

    It stands at the start of a tick and catches up with the tick before, whose inflow is known by then. Asked in
    between (`pooled`), it works out what came in since, so that all tables of a run speak of the same moment.
    """

    parameters: ClassVar[type[Parameters]] = Parameters
    name: ClassVar[str] = "pools.compartment"
    phase: ClassVar[Phase] = Phase.SENSE
    columns: ClassVar[tuple[Column, ...]] = ()
    writes: ClassVar[frozenset[str]] = frozenset({"fields.pools", "fields.pools_clock", "fields.pools_cues"})
    adds: ClassVar[frozenset[str]] = frozenset()
    creates: ClassVar[frozenset[str]] = frozenset()

    def __init__(
        self, parameters: Parameters, dt: float, pools: Mapping[str, Pool] = _NONE, tissue: Tissue = _NO_TISSUE
    ) -> None:
        self.pools, self._tissue, self._present = dict(pools), tissue, substances(pools)
        self._names = tuple(self.pools)
        self._substances = tuple(dict.fromkeys(s for name in self._names for s in self._present[name]))
        self._cues = tuple(dict.fromkeys(cue for pool in pools.values() for cue in pool.collects.cues))
        self._rates = {
            name: np.array([pool.rate(name) for pool in pools.values()])
            for name in ("turnover", "clearance", "lysis", "decay")
        }
        self._scale = np.array(
            [1.0 if p.tissue_cells is None else p.tissue_cells.internal / tissue.cells for p in pools.values()]
        )
        self._volume = np.array([pool.volume.internal for pool in pools.values()])
        self._flow = np.zeros((len(pools), len(pools)))
        for i, pool in enumerate(pools.values()):
            for to, flow in pool.drains.items():
                self._flow[i, self._names.index(to)] = flow.internal / self._volume[i]
        self._sheets = self._find_sheets()
        self._propagator = lru_cache(maxsize=64)(self._make_propagator)
        self.reads = frozenset(
            {f"fields.{cue}{end}" for cue in self._cues for end in ("", "_books")}
            | ({TALLY} if VESICLES in self._substances else set())
            | ({f"cells.{c}" for c in ("permeability", "population", "alive", "dish")} if self._asks_cells else set())
        )
        self.every = ticks_in(parameters.internal()["interval"], dt)

    @property
    def _asks_cells(self) -> bool:
        return any(sheet.permeability is None for sheet in self._sheets)

    def _find_sheets(self) -> list[_Sheet]:
        return [
            _Sheet(
                number, self._substances.index(substance),
                None if sheet.permeability is None else sheet.permeability.internal,
                None if sheet.population is None else self._tissue.populations.index(sheet.population),
                sheet.area.internal, sheet.concentration.internal,
            )
            for number, pool in enumerate(self.pools.values())
            for substance, sheet in pool.collects.through_barrier.items()
        ]  # fmt: skip

    def found(self, state: State, stream: Stream) -> None:  # noqa: ARG002  # nothing is drawn
        """Start with empty pools.

        Raises
        ------
        RequestError
            If a cue that a pool collects cannot leave its field, or comes in as well.
        """
        for cue in self._cues:
            medium = self._tissue.media[cue]
            if not any("fixed" in ends for ends in medium.grid(state).walls):
                raise RequestError(
                    f"pools collect the cue '{cue}', but its field has no open walls through which it could leave. "
                    "Choose a dish.geometry with open walls, or take it out of 'collects'."
                )
            if medium.species.background > 0:
                raise RequestError(
                    f"pools collect the cue '{cue}', and {medium.species.owner}.background makes it come in through "
                    "the open walls as well. Set the background to 0 nM, or take the cue out of 'collects'."
                )
        dishes = len(state.dishes)
        state.fields["pools"] = np.zeros((dishes, 4, len(self._names), len(self._substances)))
        state.fields["pools_cues"] = np.zeros((dishes, len(self._cues), 2))
        state.fields["pools_clock"] = np.zeros(1)

    def step(self, state: State, dt: float, stream: Stream) -> None:  # noqa: ARG002  # it has its own clock
        """Catch up with the clock of the dish."""
        pools, cues = self._now(state)
        state.fields["pools"][...], state.fields["pools_cues"][...] = pools, cues
        state.fields["pools_clock"][0] = state.time

    def _now(self, state: State) -> tuple[Floats, Floats]:
        """Return pools and cues at the time of the state, and write nothing."""
        pools, cues = state.fields["pools"].copy(), state.fields["pools_cues"].copy()
        dt = state.time - float(state.fields["pools_clock"][0])
        for k, cue in enumerate(self._cues):
            medium = self._tissue.media[cue]
            values = state.fields[cue]
            held = values.reshape(len(values), -1).sum(axis=1) * medium.grid(state).voxel_volume
            cues[:, k, DECAYED] += medium.species.decay * dt * 0.5 * (cues[:, k, IN_MEDIUM] + held)
            cues[:, k, IN_MEDIUM] = held
        if dt > 0.0 and self._names:
            came = np.maximum(self._came(state, cues), pools[:, CAME])  # rounding takes nothing back
            inflow = (came - pools[:, CAME]) / dt
            pools[:, CAME] = came
            for dish in range(len(pools)):
                self._advance(pools[dish], inflow[dish], self._permeability(state, dish), dt)
        return pools, cues

    def _came(self, state: State, cues: Floats) -> Floats:
        """Return what came out of the tissue since the start, (dishes, pools, substances)."""
        came = np.zeros((len(state.dishes), len(self._names), len(self._substances)))
        if VESICLES in self._substances:
            tally = state.fields["carried"]
            for k, name in enumerate((VESICLES, *(f"{kind}{IN_VESICLES}" for kind in KINDS))):
                came[:, :, self._substances.index(name)] = tally[:, :, k]
        for k, cue in enumerate(self._cues):
            books = state.fields[f"{cue}_books"]
            # What a field lost and what did not decay went through its open walls
            left = books[:, OUTSIDE] + books[:, LOST] - cues[:, k, DECAYED]
            for number, pool in enumerate(self.pools.values()):
                if cue in pool.collects.cues:
                    came[:, number, self._substances.index(cue)] += pool.collects.cues[cue].internal * left
        return np.asarray(came * self._scale[:, None])

    def _permeability(self, state: State, dish: int) -> list[float]:
        """Return the permeability of each sheet, um/s; that of cells is the mean over those that live."""
        found: list[float] = []
        for sheet in self._sheets:
            if sheet.permeability is not None:
                found.append(sheet.permeability)
                continue
            cells = state["cells"]
            own = cells["alive"] & (cells["dish"] == dish)
            if sheet.population is not None:
                own &= cells["population"] == sheet.population
            found.append(float(cells["permeability"][own].mean()) if own.any() else 0.0)
        return found

    # ---- a step of one dish -------------------------------------------------------------------------------------
    def _advance(self, pools: Floats, inflow: Floats, permeability: Sequence[float], dt: float) -> None:
        """Advance one dish in place: (4, pools, substances)."""
        losses = self._losses()
        inflow, back = inflow.copy(), np.zeros_like(inflow)
        for sheet, p in zip(self._sheets, permeability, strict=True):
            flow = p * sheet.area
            inflow[sheet.pool, sheet.substance] += flow * sheet.outside
            back[sheet.pool, sheet.substance] += flow / self._volume[sheet.pool]
            pools[LEAKED, sheet.pool, sheet.substance] += dt * flow * sheet.outside
        paired = [s for s in (f"{FREED}{IN_VESICLES}", FREED) if s in self._substances]
        alone = [s for s in self._substances if s not in paired or len(paired) < 2]
        for group in [[name] for name in alone] + ([paired] if len(paired) == 2 else []):
            at = [self._substances.index(name) for name in group]
            loss = tuple(tuple((losses[:, k] + back[:, k]).tolist()) for k in at)
            after, spent = advance(
                self._propagator(loss, dt), pools[HELD][:, at].T.reshape(-1), inflow[:, at].T.reshape(-1)
            )
            spent = spent.reshape(len(at), -1).T
            pools[HELD][:, at] = after.reshape(len(at), -1).T
            pools[LEAKED][:, at] -= back[:, at] * spent
            gone = losses[:, at].copy()
            if len(at) == 2:
                gone[:, 0] -= self._rates["lysis"]  # what lysis sets free is still there
            pools[LEFT][:, at] += gone * spent

    def _losses(self) -> Floats:
        """Return the rate at which each substance leaves each pool, flows between pools apart, 1/s."""
        r = self._rates
        whole, free = r["turnover"] + r["clearance"] + r["lysis"], r["turnover"] + r["decay"]
        vesicular = [name == VESICLES or name.endswith(IN_VESICLES) for name in self._substances]
        return np.column_stack([whole if inside else free for inside in vesicular])

    def _make_propagator(self, losses: tuple[tuple[float, ...], ...], dt: float) -> Propagator:
        """Return the step of one substance, or of soluble protein in vesicles and free, which lysis joins."""
        first, *rest = (transfer_matrix(self._flow, np.array(loss)) for loss in losses)
        if not rest:
            return propagate(first, dt)
        n = len(first)
        both = np.zeros((2 * n, 2 * n))
        both[:n, :n], both[n:, n:], both[n:, :n] = first, rest[0], np.diag(self._rates["lysis"])
        return propagate(both, dt)

    # ---- what is told -------------------------------------------------------------------------------------------
    def lines(self) -> list[Line]:
        """Return the rows of a frame of the table ``pools``: every substance that can be in every pool."""
        return [
            Line(name, substance, pool.volume.internal / to_internal(1.0, "ml"), limit if limit else np.nan)
            for name, pool in self.pools.items()
            for substance in self._present[name]
            for limit in [pool.limit_per_ml(substance)]
        ]

    def pooled(self, state: State) -> Floats:
        """Return the amounts of `lines` now, (dishes, lines)."""
        held = self._now(state)[0][:, HELD]
        where = [(self._names.index(line.pool), self._substances.index(line.substance)) for line in self.lines()]
        return held[:, [pool for pool, _ in where], [substance for _, substance in where]]

    def account(self, state: State) -> Accounts:
        """Return what was carried off in vesicles: it is no longer in the dish."""
        if not self._tissue.cargo or "carried" not in state.fields:
            return {}
        off = state.fields["carried"].sum(axis=1)
        return {(kind, "carried off"): off[:, 1 + k] for k, kind in enumerate(KINDS)}
