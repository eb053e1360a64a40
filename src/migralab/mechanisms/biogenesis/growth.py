"""Growth: tetraspanin, membrane and volume come in; the membrane gives the shape. Theory: docs/theory/growth.md."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from migralab.core.random import draw_normals
from migralab.engine.mechanism import Phase, State, Stream
from migralab.engine.table import Column, Table
from migralab.mechanisms.base import computed, estimate
from migralab.mechanisms.biogenesis.nucleation import COLLAPSED, PRECURSOR, STABILISED
from migralab.membrane.law import load_law
from migralab.physics.growth import AREA, Supply, grow
from migralab.spec.parameter import MechanismParameters, Parameter, Source, quantity

_SLOPE = "slope of the growth curve of one migrasome, Wu 2017 fig 1D"


class Parameters(MechanismParameters):
    """Flows along the fibre."""

    membrane_flow: Parameter = quantity(
        0.034, "um^2/min", source=Source(key="wu2017", locator="fig 1D: slope of d^2, 0.0108 um2/min, times pi",
        tag="D"),
        low=0.017, high=0.068, calibrated_on=_SLOPE, description="membrane that flows in while attached, mean (q)",
    )  # fmt: skip
    flow_spread: Parameter = quantity(
        0.5, "", source=estimate("one vesicle was measured; spread over vesicles unknown"), low=0.25, high=1.0,
        description="ln-spread of the membrane flow between vesicles",
    )  # fmt: skip
    excess_pressure: Parameter = quantity(
        100.0, "Pa", source=estimate("a cell offers about 100 Pa"), low=50.0, high=200.0, minimum=-1e4,
        description="pressure of the cell over the outside (dP)",
    )  # fmt: skip
    viscosity: Parameter = quantity(
        0.036, "Pa*s", source=computed("slope of (pi/6) d^3 of Wu 2017 1D, 0.0072 um3/min, with the law, d at the "
        "equator; R_l 50 nm, L 20 um, 100 Pa, k_d 12.7; an upper bound: anything less fits as well"),
        low=0.018, high=0.072, minimum=1e-4, calibrated_on=_SLOPE, description="effective viscosity in the fibre (eta)",
    )  # fmt: skip
    tetraspanin_diffusivity: Parameter = quantity(
        0.2, "um^2/s", source=estimate("proteins in blebs without cortex 0.1 or more (Webb 1981)"),
        low=0.1, high=0.3, description="diffusivity of tetraspanin in the fibre (D_T)",
    )  # fmt: skip
    saturation: Parameter = quantity(
        40.0, "", source=Source(key="jiang2023", locator="4 to 40 times the fibre", tag="REV"), minimum=1.0,
        description="highest tetraspanin per area, relative to the fibre",
    )  # fmt: skip
    stiffness_ratio: Parameter = quantity(
        12.7, "", source=computed("d 1.27 um at 140 min, R_l 50 nm; with the law, at 20 um and 100 Pa, 1.26 um"),
        minimum=1.0, maximum=64.0, calibrated_on="last point of the growth curve, Wu 2017 fig 1D",
        description="stiffness of the domain over the fibre's (k_d)",
    )  # fmt: skip
    domain_enrichment: Parameter = quantity(
        4.0, "", source=estimate("the least that is found in migrasomes (Jiang 2023, 4 to 40)"),
        low=2.0, high=8.0, minimum=1.01, description="enrichment from which on a vesicle is all domain (phi_d)",
    )  # fmt: skip
    bending_modulus: Parameter = quantity(
        0.0856, "pN*um", source=estimate("20 kT; a generic bilayer has 10 to 25 kT"), low=0.0428, high=0.1712,
        minimum=1e-4, description="bending modulus of the fibre; with its radius it gives its tension (kappa_l)",
    )  # fmt: skip
    shortest_path: Parameter = quantity(
        5.0, "um", source=estimate("the entry from the cell body resists like a few um of fibre"), minimum=0.1,
        description="least length of fibre that resists the flows",
    )  # fmt: skip


def _column(name: str, dtype: str, unit: str, meaning: str, fill: float = 0.0) -> Column:
    return Column(path=f"migrasomes.{name}", dtype=dtype, unit=unit, meaning=meaning, fill=fill)


class Growth:
    """A stabilised vesicle takes in membrane, volume and tetraspanin while its fibre holds."""

    parameters: ClassVar[type[Parameters]] = Parameters
    name: ClassVar[str] = "biogenesis.growth"
    phase: ClassVar[Phase] = Phase.EXCHANGE
    columns: ClassVar[tuple[Column, ...]] = (
        _column("area", "float64", "um2", "membrane"),
        _column("volume", "float64", "um3", "enclosed volume"),
        _column("tetraspanin", "float64", "", "in units of what 1 um2 of fibre holds"),
        _column("diameter", "float64", "um", "diameter at the equator"),
        _column("limiter", "int8", "", "0 volume: still filling, 1 area: taut, 2 shape: in equilibrium", AREA),
        _column("stage", "int8", "", "0 precursor, 1 stabilised, 2 collapsed", PRECURSOR),
        _column("stabilised", "float64", "s", "when tetraspanin made it stay", np.nan),
        _column("detached", "float64", "s", "when the way to the cell broke", np.inf),
        _column("flow", "float32", "um2/s", "membrane that flows in while attached"),
        _column("fibre_path", "float32", "um", "length of fibre to the cell"),
    )
    reads: ClassVar[frozenset[str]] = frozenset(
        {f"cells.{c}" for c in ("path", "fibre_radius", "died", "tetraspanin", "tetraspanin_set", "cholesterol")}
        | {"fibres.detached"}
        | {f"migrasomes.{c}" for c in ("node", "cell", "alive", "laid_path", "resolves", "stabilises", "key")}
    )
    writes: ClassVar[frozenset[str]] = frozenset(
        {c.path for c in columns} | {"cells.membrane", "cells.volume", "cells.tetraspanin_pool"}
    )
    adds: ClassVar[frozenset[str]] = frozenset()
    creates: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, parameters: Parameters, dt: float) -> None:  # noqa: ARG002  # every mechanism gets the tick
        p = self._p = parameters.internal()
        self._supply = Supply(
            excess_pressure=p["excess_pressure"],
            viscosity=p["viscosity"],
            diffusivity=p["tetraspanin_diffusivity"],
            saturation=p["saturation"],
            stiffness_ratio=p["stiffness_ratio"],
            domain_enrichment=p["domain_enrichment"],
            shortest_path=p["shortest_path"],
            bending=p["bending_modulus"],
        )
        self._law = load_law()
        self.every = 1

    def found(self, state: State, stream: Stream) -> None:
        """Nothing to set."""

    def step(self, state: State, dt: float, stream: Stream) -> None:
        """Settle precursors, follow detachment, and grow what is stabilised and attached."""
        vesicles, cells, fibres = state["migrasomes"], state["cells"], state["fibres"]
        self._start_newborn(vesicles, stream)
        rows = np.flatnonzero(vesicles["alive"] & (vesicles["cell"] >= 0))
        if not len(rows):
            return
        end = state.time + dt
        node = fibres.row(vesicles["node"][rows])
        cell = cells.place(vesicles["cell"][rows])
        detached = np.where(node >= 0, fibres["detached"][node], vesicles["detached"][rows]).astype(np.float64)
        detached = np.minimum(detached, cells["died"][cell])  # a fibre of a dead cell brings nothing any more
        vesicles["detached"][rows] = detached
        vesicles["fibre_path"][rows] = cells["path"][cell] - vesicles["laid_path"][rows]
        self._settle(vesicles, cells, rows, cell, end)
        stable = vesicles["stage"][rows] == STABILISED
        since = np.maximum(state.time, np.where(stable, vesicles["resolves"][rows], end))
        grown = np.maximum(np.minimum(end, detached) - since, 0.0)
        taken = self._grow(vesicles, cells, rows, cell, grown)
        for k, pool in enumerate(("membrane", "volume", "tetraspanin_pool")):
            cells[pool][:] -= np.bincount(cell, weights=taken[:, k], minlength=cells.n)

    def _start_newborn(self, vesicles: Table, stream: Stream) -> None:
        new = vesicles.newborn
        fresh = new.start + np.flatnonzero(vesicles["area"][new] == 0.0)
        if not len(fresh):
            return
        spread = self._p["flow_spread"]
        noise = draw_normals(stream.key, vesicles["key"][fresh], 0, 0)
        vesicles["flow"][fresh] = self._p["membrane_flow"] * np.exp(spread * noise - 0.5 * spread**2)
        vesicles["area"][fresh] = vesicles["tetraspanin"][fresh] = vesicles["initial_area"][fresh]
        vesicles["volume"][fresh] = vesicles["initial_volume"][fresh]
        vesicles["diameter"][fresh] = np.cbrt(6 / np.pi * vesicles["initial_volume"][fresh])

    @staticmethod
    def _settle(vesicles: Table, cells: Table, rows: NDArray[Any], cell: NDArray[Any], end: float) -> None:
        due = (vesicles["stage"][rows] == PRECURSOR) & (vesicles["resolves"][rows] <= end)
        stays = due & vesicles["stabilises"][rows]
        falls = due & ~vesicles["stabilises"][rows]
        vesicles["stage"][rows[stays]] = STABILISED
        vesicles["stabilised"][rows[stays]] = vesicles["resolves"][rows[stays]]
        vesicles["stage"][rows[falls]] = COLLAPSED
        # What a collapsing precursor held flows back into the fibre and on to the cell
        for pool, held in (("membrane", "area"), ("volume", "volume"), ("tetraspanin_pool", "tetraspanin")):
            np.add.at(cells[pool], cell[falls], vesicles[held][rows[falls]])
            vesicles[held][rows[falls]] = 0.0

    def _grow(
        self, vesicles: Table, cells: Table, rows: NDArray[Any], cell: NDArray[Any], grown: NDArray[Any]
    ) -> NDArray[np.float64]:
        held = {name: vesicles[name][rows] for name in ("area", "volume", "tetraspanin", "diameter", "limiter")}
        path, flow = (vesicles[name][rows].astype(np.float64) for name in ("fibre_path", "flow"))
        level = cells["tetraspanin"][cell] * cells["tetraspanin_set"][cell] * cells["cholesterol"][cell]
        taken = np.empty((len(rows), 3))
        grow(
            grown, path, cells["fibre_radius"][cell], flow, level, held["area"], held["volume"],
            held["tetraspanin"], held["diameter"], held["limiter"], taken, self._supply, self._law,
        )  # fmt: skip
        for name, values in held.items():
            vesicles[name][rows] = values
        return taken
