"""Density and viscosity of water, iodixanol and sucrose, with temperature. SI; theory: docs/theory/isolation.md.

Concentrations are mass of solute per volume of solution, kg/m3 (the same number as g/l); temperatures are in C.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BOLTZMANN = 1.380649e-23  # J/K
GAS = 8.314462618  # J/(mol K)
FREEZING = 273.15  # K
SUCROSE_MOLAR = 0.3423  # kg/mol
_WATER_MOLAR = 0.018  # kg/mol, as Barber took it

# Barber 1966 (Natl Cancer Inst Monogr 21:219): density of sucrose in water, 0 to 30 C
_DENSITY = np.array([[1.0003698, 3.9680504e-5, -5.8513271e-6],
                     [0.38982371, -1.0578919e-3, 1.2392833e-5],
                     [0.17097594, 4.7530081e-4, -8.9239737e-6]])  # fmt: skip
# The same: log10 of the viscosity in mPa s = A + B / (T + C); A and B are polynomials of the mole fraction
_THIN_A = (-1.5018327, 9.4112153, -1.1435741e3, 1.0504137e5, -4.6927102e6, 1.0323349e8, -1.1028981e9, 4.5921911e9)
_THIN_B = (2.1169907e2, 1.6077073e3, 1.6911611e5, -1.4184371e7, 6.0654775e8, -1.2985834e10, 1.3532907e11,
           -5.4970416e11)  # fmt: skip
_THICK_A = (-1.0803314, -2.0003484e1, 4.6066898e2, -5.9517023e3, 3.5627216e4, -7.8542145e4)
_THICK_B = (1.3975568e2, 6.6747329e3, -7.8716105e4, 9.0967578e5, -5.5380830e6, 1.2451219e7)
_THICK = 0.48  # weight fraction at which Barber changes from one set to the other


def water_density(temperature: float) -> float:
    """Return the density of water, kg/m3, 0 to 40 C (Jones and Harris 1992)."""
    t = temperature
    return 999.85308 + t * (6.32693e-2 + t * (-8.523829e-3 + t * (6.943248e-5 - 3.821216e-7 * t)))


def water_viscosity(temperature: float) -> float:
    """Return the viscosity of water, Pa s, 0 to 40 C (Kestin, Sokolov and Wakeham 1978, their better equation)."""
    t = 20.0 - temperature
    power = t / (temperature + 96.0) * (1.2364 - 1.37e-3 * t + 5.7e-6 * t * t)
    return float(1.002e-3 * 10.0**power)


def iodixanol_density(concentration: Floats, diluent: Floats | float, stock: float, stock_density: float) -> Floats:
    """Return the density of a stock of iodixanol thinned with a diluent, kg/m3: volumes add (eq-mixing).

    Parameters
    ----------
    concentration
        Iodixanol, kg/m3.
    diluent
        Density of what it is thinned with, kg/m3.
    stock, stock_density
        Concentration and density of the stock, kg/m3.
    """
    share = np.asarray(concentration, np.float64) / stock
    return np.asarray(share * stock_density + (1.0 - share) * diluent)


def iodixanol_viscosity(concentration: Floats, temperature: float, law: tuple[float, float, float]) -> Floats:
    """Return the viscosity of iodixanol, Pa s: ``ln(eta/eta_w) = a c / (1 - k c) (1 + b (20 - T))`` (eq-iodixanol).

    Parameters
    ----------
    law
        a, m3/kg; k, m3/kg; b, 1/C.
    """
    a, k, b = law
    c = np.asarray(concentration, np.float64)
    rise = a * c / (1.0 - k * c) * (1.0 + b * (20.0 - temperature))
    return np.asarray(water_viscosity(temperature) * np.exp(rise))


def sucrose_density(weight_fraction: Floats, temperature: float) -> Floats:
    """Return the density of sucrose in water, kg/m3 (Barber 1966), 0 to 30 C, weight fractions 0 to 0.75."""
    y = np.asarray(weight_fraction, np.float64)
    b = _DENSITY @ np.array([1.0, temperature, temperature**2])
    return np.asarray(1000.0 * (b[0] + y * (b[1] + y * b[2])))


def sucrose_viscosity(weight_fraction: Floats, temperature: float) -> Floats:
    """Return the viscosity of sucrose in water, Pa s (Barber 1966)."""
    w = np.asarray(weight_fraction, np.float64)
    y = w / SUCROSE_MOLAR / (w / SUCROSE_MOLAR + (1.0 - w) / _WATER_MOLAR)
    c = 146.06635 - 25.251728 * np.sqrt(1.0 + (y / 0.070674842) ** 2)
    thin = np.polynomial.polynomial.polyval(y, _THIN_A), np.polynomial.polynomial.polyval(y, _THIN_B)
    thick = np.polynomial.polynomial.polyval(y, _THICK_A), np.polynomial.polynomial.polyval(y, _THICK_B)
    a, b = (np.where(w <= _THICK, low, high) for low, high in zip(thin, thick, strict=True))
    return np.asarray(1e-3 * 10.0 ** (a + b / (temperature + c)))


def sucrose_weight_fraction(concentration: Floats, temperature: float) -> Floats:
    """Return the weight fraction of sucrose at a concentration, kg/m3; the inverse of ``c = w rho(w)``."""
    c = np.asarray(concentration, np.float64)
    w = c / 1200.0
    for _ in range(40):  # the density rises slowly with w: a contraction
        w = c / sucrose_density(w, temperature)
    return np.asarray(w)


def sucrose_osmolality(weight_fraction: Floats) -> Floats:
    """Return the osmolality of sucrose, osmol/kg of water: molality times its osmotic coefficient.

    The coefficient, 1 + 0.0915 m, is within 2 % of the tables of Robinson and Stokes (1.088 at 1 m, 1.189 at 2 m).
    """
    w = np.asarray(weight_fraction, np.float64)
    m = w / (1.0 - w) / SUCROSE_MOLAR
    return np.asarray(m * (1.0 + 0.0915 * m))


def svedberg(
    molar_mass: float, specific_volume: float, diffusivity: float, density: float, temperature: float
) -> float:
    """Return the sedimentation coefficient of a molecule, s: ``s = M (1 - v rho) D / (R T)`` (eq-svedberg).

    Parameters
    ----------
    molar_mass, specific_volume, diffusivity, density
        kg/mol, m3/kg, m2/s, kg/m3.
    """
    return molar_mass * (1.0 - specific_volume * density) * diffusivity / (GAS * (temperature + FREEZING))
