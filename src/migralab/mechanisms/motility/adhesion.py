"""Integrin engagement: what the coating of the dish does to anchors and to speed. Theory: docs/theory/adhesion.md."""

from __future__ import annotations

from typing import ClassVar

from migralab.engine.mechanism import Phase, State, Stream
from migralab.engine.table import Column
from migralab.mechanisms.base import estimate, ticks_in
from migralab.physics.adhesion import biphasic_speed, coating_occupancy
from migralab.spec.parameter import MechanismParameters, Parameter, Source, quantity

_CHEN = Source(key="chen2019", locator="fig 1g, five doses, fit of K and c0 with one scale", tag="D")
_WU_MRNA = Source(key="wu2017", locator="fig 1G, mRNA relative to ITGA1", tag="D")
_COUNTS = "L929 counts against fibronectin dose, Chen 2019 fig 1g"
_DOSE = 10.0  # ug/ml: the dose at which anchor density and speed are stated


class Parameters(MechanismParameters):
    """Coatings, receptors and how engagement acts."""

    fibronectin: Parameter = quantity(
        10.0, "ug/ml", source=Source(key="chen2019", locator="fig 1g, called optimal", tag="D"),
        description="coating dose of fibronectin",
    )  # fmt: skip
    laminin: Parameter = quantity(0.0, "ug/ml", source=estimate("not coated by default"), description="laminin-511")
    collagen: Parameter = quantity(0.0, "ug/ml", source=estimate("not coated by default"), description="collagen I")
    background: Parameter = quantity(
        0.045, "ug/ml", source=_CHEN, low=0.01, high=0.1, calibrated_on=_COUNTS,
        description="fibronectin that serum and cells bring (c0)",
    )  # fmt: skip
    half_dose: Parameter = quantity(
        1.0, "ug/ml", source=_CHEN, low=0.5, high=2.0, calibrated_on=_COUNTS,
        description="dose that fills half of the ligand sites (K)",
    )  # fmt: skip
    itga5: Parameter = quantity(1.0, "", source=_WU_MRNA, description="level of ITGA5, relative to wild type")
    collagen_receptors: Parameter = quantity(
        1.1 / 10.3, "", source=_WU_MRNA, description="ITGA1 and ITGA2 for collagen I, relative to ITGA5 (upper bound)"
    )
    laminin_receptors: Parameter = quantity(
        0.2 / 10.3, "", source=_WU_MRNA, description="ITGA3 and ITGA6 for laminin-511, relative to ITGA5 (upper bound)"
    )
    traction: Parameter = quantity(
        0.02, "", source=estimate("a steep b1 would let engagement enter the count twice"), minimum=1e-6,
        description="engagement of half traction (b1)",
    )  # fmt: skip
    release: Parameter = quantity(
        2.0, "", source=estimate("weak optimum of speed near 0.5 ug/ml"), minimum=1e-6,
        description="engagement at which the rear sticks (b2)",
    )  # fmt: skip


class Adhesion:
    """Engaged bonds from coating and receptors. Enters the count once, through the anchors, and speed weakly."""

    parameters: ClassVar[type[Parameters]] = Parameters
    name: ClassVar[str] = "motility.adhesion"
    phase: ClassVar[Phase] = Phase.SENSE
    columns: ClassVar[tuple[Column, ...]] = (
        Column(path="cells.engagement", dtype="float64", unit="", meaning="engaged bonds, relative to full occupancy"),
        Column(path="cells.anchoring", dtype="float64", unit="", meaning="anchors relative to 10 ug/ml fibronectin"),
        Column(path="cells.speed_factor", dtype="float64", unit="", meaning="speed relative to 10 ug/ml fibronectin"),
    )
    reads: ClassVar[frozenset[str]] = frozenset()
    writes: ClassVar[frozenset[str]] = frozenset({"cells.engagement", "cells.anchoring", "cells.speed_factor"})
    adds: ClassVar[frozenset[str]] = frozenset()
    creates: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, parameters: Parameters, dt: float) -> None:
        p = parameters.internal()
        self.every = ticks_in(600.0, dt)
        background, half = p["background"], p["half_dose"]
        reference = float(coating_occupancy(_DOSE, background, half))
        engagement = float(
            p["itga5"] * coating_occupancy(p["fibronectin"], background, half)
            + p["collagen_receptors"] * coating_occupancy(p["collagen"], 0.0, half)
            + p["laminin_receptors"] * coating_occupancy(p["laminin"], 0.0, half)
        )
        self._engagement = engagement
        self._anchoring = engagement / reference
        self._speed_factor = float(
            biphasic_speed(engagement, p["traction"], p["release"])
            / biphasic_speed(reference, p["traction"], p["release"])
        )

    def found(self, state: State, stream: Stream) -> None:
        """Set engagement of the founders."""
        self.step(state, 0.0, stream)

    def step(self, state: State, dt: float, stream: Stream) -> None:  # noqa: ARG002  # the contract's signature
        """Set engagement, which follows the coating at once."""
        cells = state["cells"]
        cells["engagement"][:] = self._engagement
        cells["anchoring"][:] = self._anchoring
        cells["speed_factor"][:] = self._speed_factor
