"""A cue that spreads in the medium, decays and is taken up. Theory: docs/theory/signals-in-the-medium.md."""

from __future__ import annotations

from typing import ClassVar

from migralab.engine.mechanism import Accounts, GridField, Phase, State, Stream
from migralab.engine.table import Column
from migralab.mechanisms.base import estimate, ticks_in
from migralab.mechanisms.signals.medium import MEDIUM_READS, Medium, Species
from migralab.spec.parameter import MechanismParameters, Parameter, quantity


class Parameters(MechanismParameters):
    """One substance in the medium."""

    diffusivity: Parameter = quantity(
        150.0, "um^2/s", source=estimate("CXCL12 free: Stokes-Einstein, R_h 1.6 nm, 205 in water; medium is thicker"),
        low=1.0, high=200.0, minimum=1e-6, description="diffusivity of the free cue (D)",
    )  # fmt: skip
    decay: Parameter = quantity(
        1.0, "1/h", source=estimate("no rate was read; sweep"), low=0.1, high=10.0,
        description="first-order loss of the free cue everywhere",
    )  # fmt: skip
    background: Parameter = quantity(
        0.0,
        "nM",
        source=estimate("fresh medium holds none"),
        description="cue in the medium at the start and beyond it",
    )
    clearance: Parameter = quantity(
        0.0, "um^3/s", source=estimate("no scavenging unless a recipient does it"), low=0.0, high=1000.0,
        description="volume of medium that each cell frees of the cue",
    )  # fmt: skip
    share: Parameter = quantity(
        1.0, "", source=estimate("all soluble cargo is one cue unless an experiment names more"), maximum=1.0,
        description="share of the released soluble cargo that is this cue",
    )  # fmt: skip
    voxel: Parameter = quantity(
        10.0, "um", source=estimate("a cell is resolved, and a dish of a millimetre takes 1e4 voxels"), minimum=0.01,
        description="edge of a voxel of the field",
    )  # fmt: skip
    interval: Parameter = quantity(
        1.0, "min", source=estimate("a cell does not cross a voxel in it; the field is exact to second order in it"),
        minimum=1e-6, description="time between two steps of the field",
    )  # fmt: skip


class Diffusing:
    """Released cargo diffuses freely. Several at once: ``signals.diffusing@vegf`` and so on, each with its share."""

    parameters: ClassVar[type[Parameters]] = Parameters
    phase: ClassVar[Phase] = Phase.EXCHANGE
    creates: ClassVar[frozenset[str]] = frozenset()
    name = "signals.diffusing"

    def __init__(self, parameters: Parameters, dt: float, species: str = "cue") -> None:
        p = parameters.internal()
        self.every = ticks_in(p.pop("interval"), dt)
        if species != "cue":
            self.name = f"{type(self).name}@{species}"
        self.medium = Medium(Species(name=species, owner=self.name, **p))
        self.columns: tuple[Column, ...] = self.medium.columns
        self.reads = MEDIUM_READS | {f"cells.{species}_clearance", f"cells.{species}_secreted"}
        self.writes, self.adds = self.medium.writes, self.medium.adds
        self.takes = {"migrasomes.released": p["share"]}

    def found(self, state: State, stream: Stream) -> None:  # noqa: ARG002  # nothing is drawn
        """Lay out the field of every dish."""
        self.medium.found(state)

    def step(self, state: State, dt: float, stream: Stream) -> None:  # noqa: ARG002  # nothing is drawn
        """Release, diffuse, decay, take up."""
        self.medium.step(state, dt)

    def account(self, state: State) -> Accounts:
        """Return where the molecules are."""
        return self.medium.account(state)

    def shown(self, state: State) -> list[GridField]:
        """Return the field for the tables."""
        return [self.medium.shown(state)]
