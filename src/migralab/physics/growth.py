"""Growth of a migrasome: membrane in, volume in, tetraspanin in. Kernel and numpy twin; docs/theory/growth.md."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numba import prange
from numpy.typing import NDArray

from migralab.core.kernel import kernel, parallel_kernel
from migralab.physics.membrane.law import (
    AREA,
    SHAPE,
    VOLUME,
    LawTable,
    find_column,
    find_columns_array,
    see,
    see_array,
    settle,
    settle_array,
)

__all__ = ["AREA", "LIMITERS", "SHAPE", "VOLUME", "Supply", "grow", "grow_array", "mix_stiffness"]

Array = NDArray[Any]
Floats = NDArray[np.float64]

LIMITERS = ("volume", "area", "shape")
_ROUND = 1.0 / (6.0 * math.sqrt(math.pi))  # volume of a sphere over area^1.5


class Supply(NamedTuple):
    """What the fibre brings, and how stiff it is.

    Parameters
    ----------
    excess_pressure
        dP, Pa: pressure of the cell over the outside.
    viscosity
        Of the lumen of the fibre, Pa s.
    diffusivity
        D_T of tetraspanin in the fibre, um2/s.
    saturation
        Highest tetraspanin per area relative to the fibre.
    stiffness_ratio
        k_d: bending modulus of a domain over that of the fibre.
    domain_enrichment
        phi_d: tetraspanin per area relative to the fibre from which on the whole vesicle is a domain.
    shortest_path
        Least path length that counts, um.
    bending
        kappa_l: bending modulus of the fibre, pN um.
    """

    excess_pressure: float
    viscosity: float
    diffusivity: float
    saturation: float
    stiffness_ratio: float
    domain_enrichment: float
    shortest_path: float
    bending: float


def poiseuille_conductance(fibre_radius: float, viscosity: float, length: float) -> float:
    """Return volume per time and pressure through a fibre, um3/(s Pa): ``pi R_l^4 / (8 eta L)`` (eq-poiseuille)."""
    return math.pi * fibre_radius**4 / (8.0 * viscosity * length)


@kernel
def mix_stiffness(enrichment: float, level: float, supply: Supply) -> float:
    """Return k of a vesicle: 1 for the membrane of the fibre, k_d where it is all domain (eq-mixing).

    `level` is the product of the cell's tetraspanin and cholesterol, 1 in untreated wild type.
    """
    cover = level * (enrichment - 1.0) / max(supply.domain_enrichment - 1.0, 1e-9)
    return 1.0 + (supply.stiffness_ratio - 1.0) * min(max(cover, 0.0), 1.0)


@parallel_kernel
def grow(
    time: Floats, path: Floats, fibre_radius: Floats, flow: Floats, level: Floats, area: Floats, volume: Floats,
    tetraspanin: Floats, diameter: Floats, limiter: Array, taken: Floats, supply: Supply, table: LawTable,
) -> None:  # fmt: skip
    """Grow each vesicle for its own `time` (s; 0 for one that does not grow), in place (eq-growth, eq-radius).

    Parameters
    ----------
    path
        (n,) length of fibre to the cell, um.
    fibre_radius
        (n,) radius of that fibre, um.
    flow
        (n,) membrane that flows in, um2/s.
    level
        (n,) tetraspanin times cholesterol of the cell, relative to untreated wild type.
    area, volume, tetraspanin
        (n,) um2, um3, and tetraspanin in units of what 1 um2 of the cell's fibre holds.
    diameter, limiter
        (n,) results: at the equator, um, and what limits it.
    taken
        (n, 3) area, volume and tetraspanin taken in this step; a volume below 0 is pressed out.
    supply, table
        What the fibre brings, and the law of the shape.
    """
    for i in prange(len(area)):
        taken[i, 0] = taken[i, 1] = taken[i, 2] = 0.0
        if time[i] <= 0.0:
            continue
        length = max(path[i], supply.shortest_path)
        density = tetraspanin[i] / area[i]
        capture = supply.diffusivity * 2.0 * math.pi * fibre_radius[i] / length
        # Flow and diffusion together towards a trap: the steady flux q / (1 - e^-Pe), Pe = q L / (2 pi R_l D_T).
        # A full trap takes only what its membrane brings along
        peclet = flow[i] / capture
        steady = flow[i] / -math.expm1(-peclet) if peclet > 1e-9 else capture
        rate = flow[i] + (steady - flow[i]) * max(1.0 - density / supply.saturation, 0.0)
        grown_area, before = area[i] + flow[i] * time[i], volume[i]
        taken[i, 0], taken[i, 2] = grown_area - area[i], rate * time[i]
        area[i] = grown_area
        tetraspanin[i] += rate * time[i]
        # The shape is in equilibrium at every moment; its pressure holds against the flow through the fibre
        stiffness = mix_stiffness(tetraspanin[i] / grown_area, level[i], supply)
        sphere, ball = math.sqrt(grown_area / (4.0 * math.pi)), grown_area * math.sqrt(grown_area) * _ROUND
        unit = supply.bending / (fibre_radius[i] ** 2 * sphere)
        column = find_column(stiffness, (sphere / fibre_radius[i]) ** 2, table)
        conductance = math.pi * fibre_radius[i] ** 4 / (8.0 * supply.viscosity * length)
        drive = supply.excess_pressure / unit
        full = settle(before / ball, drive, conductance * unit * time[i] / ball, column, table)
        volume[i] = full * ball
        taken[i, 1] = volume[i] - before
        radius, limiter[i] = see(full, drive, column, table)
        diameter[i] = 2.0 * sphere * radius


def grow_array(
    time: Floats, path: Floats, fibre_radius: Floats, flow: Floats, level: Floats, area: Floats, volume: Floats,
    tetraspanin: Floats, diameter: Floats, limiter: Array, taken: Floats, supply: Supply, table: LawTable,
) -> None:  # fmt: skip
    """Vectorised numpy twin of `grow`."""
    on = time > 0
    t, length, tube = time[on], np.maximum(path[on], supply.shortest_path), fibre_radius[on]
    capture = supply.diffusivity * 2 * np.pi * tube / length
    peclet = flow[on] / capture
    steady = np.where(peclet > 1e-9, flow[on] / -np.expm1(-np.maximum(peclet, 1e-9)), capture)
    rate = flow[on] + (steady - flow[on]) * np.maximum(1 - tetraspanin[on] / area[on] / supply.saturation, 0)
    before = np.column_stack([area[on], volume[on], tetraspanin[on]])
    area[on] += flow[on] * t
    tetraspanin[on] += rate * t
    cover = level[on] * (tetraspanin[on] / area[on] - 1) / max(supply.domain_enrichment - 1, 1e-9)
    stiffness = 1 + (supply.stiffness_ratio - 1) * np.clip(cover, 0, 1)
    sphere, ball = np.sqrt(area[on] / (4 * np.pi)), area[on] ** 1.5 / (6 * np.sqrt(np.pi))
    unit = supply.bending / (tube**2 * sphere)
    columns = find_columns_array(stiffness, (sphere / tube) ** 2, table)
    conductance = np.pi * tube**4 / (8 * supply.viscosity * length)
    drive = supply.excess_pressure / unit
    full = settle_array(before[:, 1] / ball, drive, conductance * unit * t / ball, columns)
    volume[on] = full * ball
    taken[...] = 0
    taken[on] = np.column_stack([area[on], volume[on], tetraspanin[on]]) - before
    taken[on, 2] = rate * t
    radius, limiter[on] = see_array(full, drive, columns)
    diameter[on] = 2 * sphere * radius
