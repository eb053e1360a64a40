"""The liquid in hand and in a tube: how much, what a layer is like, how a gradient changes while the rotor turns."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from migralab.isolation.bench.library import constant, media, rotors
from migralab.physics.sedimentation.flight import Column
from migralab.physics.sedimentation.gradient import evolve_solute, layered
from migralab.physics.sedimentation.medium import (
    FREEZING,
    SUCROSE_MOLAR,
    iodixanol_density,
    iodixanol_viscosity,
    sucrose_density,
    sucrose_osmolality,
    sucrose_viscosity,
    sucrose_weight_fraction,
    svedberg,
    water_density,
    water_viscosity,
)
from migralab.physics.sedimentation.particle import shrunken

if TYPE_CHECKING:
    from migralab.isolation.bench.protocol import Gradient, Step

Floats = NDArray[np.float64]

CELLS = 240
SPELLS = 40
_SUBSTEPS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Liquid:
    """How much liquid is in hand.

    Parameters
    ----------
    volume
        m3 in one tube, (1,), or of each fraction from a gradient until they are pooled. 0: a pellet; NaN: not known.
    tubes
        Alike, side by side.
    """

    volume: Floats
    tubes: int = 1

    @property
    def total(self) -> float:
        """All of it, m3."""
        return self.tubes * float(self.volume.sum())


NOT_KNOWN = Liquid(volume=np.full(1, np.nan))


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What goes on a gradient: the sample and the layer that takes it, m3, and the tubes that this needs."""

    sample: float
    layer: float
    tubes: int
    runs: int


def load_of(gradient: Gradient, liquid: Liquid) -> Load:
    """Return how many tubes a gradient needs; a pellet, or what is not known, goes into the layer of one."""
    layer = next(own.volume for own in gradient.layers if own.sample)
    tubes = math.ceil(liquid.total / layer - 1e-6) if liquid.total > layer else 1
    return Load(sample=liquid.total, layer=layer, tubes=tubes, runs=-(-tubes // rotors()[gradient.rotor].places))


def follow_liquid(liquid: Liquid, step: Step) -> Liquid:
    """Return what is in hand after a step. A supernatant is at least what the tube held: it was topped up."""
    volume = liquid.volume
    if step.spin is not None and step.spin.keep == "supernatant":
        volume = np.fmax(volume, step.spin.volume)
    elif step.spin is not None or step.wash is not None:
        volume = np.zeros_like(volume)
    elif step.filter is not None and step.filter.keep == "retentate":
        volume = np.full_like(volume, np.nan)
    elif step.resuspend is not None:
        volume = np.full_like(volume, step.resuspend.volume)
    elif step.dilute is not None:
        volume = volume + step.dilute.volume
    elif step.gradient is not None:
        taken = step.gradient.fractions
        return Liquid(volume=np.full(taken.number, taken.volume), tubes=load_of(step.gradient, liquid).tubes)
    elif step.pool is not None:
        chosen = sorted(set(step.pool.fractions))
        return Liquid(volume=np.array([liquid.tubes * volume[[k - 1 for k in chosen]].sum()]))
    return Liquid(volume=volume, tubes=liquid.tubes)


def solute_of(medium: str, concentration: tuple[float, str], temperature: float) -> float:
    """Return the mass of solute per volume of a layer, kg/m3."""
    solute, (amount, unit) = media()[medium].solute, concentration
    if solute == "iodixanol":
        return 10.0 * amount  # % (w/v)
    if solute == "sucrose":
        if unit == "M":
            return 1000.0 * amount * SUCROSE_MOLAR
        return float(amount / 100 * sucrose_density(np.array(amount / 100), temperature))
    return 0.0


def density_of(solute: str, c: Floats, temperature: float, diluent: float) -> Floats:
    """Return the density, kg/m3, of `c` kg/m3 of a solute.

    Parameters
    ----------
    diluent
        Density at 20 C of what iodixanol is thinned with, kg/m3; sucrose is taken as in water.
    """
    cold = water_density(temperature) - water_density(20.0)
    if solute == "iodixanol":
        return cold + iodixanol_density(c, diluent, constant("stock_concentration"), constant("stock_density"))
    if solute == "sucrose":
        return sucrose_density(sucrose_weight_fraction(c, temperature), temperature)
    return np.full_like(np.asarray(c, np.float64), constant("buffer_density") + cold)


def viscosity_of(solute: str, c: Floats, temperature: float) -> Floats:
    """Return the viscosity, Pa s, of `c` kg/m3 of a solute."""
    if solute == "iodixanol":
        law = (constant("iodixanol_rise"), constant("iodixanol_crowding"), constant("iodixanol_warmth"))
        return iodixanol_viscosity(c, temperature, law)
    if solute == "sucrose":
        return sucrose_viscosity(sucrose_weight_fraction(c, temperature), temperature)
    return np.full_like(np.asarray(c, np.float64), constant("buffer_viscosity") * water_viscosity(temperature))


def kept_of(solute: str, c: Floats, temperature: float) -> Floats:
    """Return the share of its volume that an intact lumen keeps in `c` kg/m3 of a solute (eq-shrink)."""
    if solute != "sucrose":
        return np.ones_like(np.asarray(c, np.float64))
    return shrunken(sucrose_osmolality(sucrose_weight_fraction(c, temperature)), constant("osmolality"))


def layer_density(medium: str, concentration: tuple[float, str], temperature: float, diluent: float) -> float:
    """Return the density of a layer as it is poured, kg/m3."""
    solute, c = media()[medium].solute, np.array([solute_of(medium, concentration, temperature)])
    return float(density_of(solute, c, temperature, diluent)[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Tube:
    """A gradient in a turning tube.

    Parameters
    ----------
    column
        What particles meet on the way.
    solute, diluent
        What makes it dense, and the density of what that is thinned with, kg/m3.
    edges
        (n + 1,) radii of the borders of cells, m.
    start, end
        (n,) solute before and after, kg/m3.
    area
        Cross-section, m2.
    """

    column: Column
    solute: str
    diluent: float
    edges: Floats
    start: Floats
    end: Floats
    area: float

    def mean_solute(self, volumes: Floats) -> Floats:
        """Return the solute after the run between successive volumes from the top, kg/m3."""
        held = np.concatenate([[0.0], np.cumsum(self.end * np.diff(self.edges) * self.area)])
        at = (self.edges - self.edges[0]) * self.area
        return np.asarray(np.diff(np.interp(volumes, at, held)) / np.diff(volumes))


@functools.lru_cache(maxsize=8)  # an optimiser and a calibration send many populations through one gradient
def spin_gradient(gradient: Gradient) -> Tube:
    """Follow the solute of a gradient through its run, and return what particles meet in it."""
    rotor = rotors()[gradient.rotor]
    diluent = gradient.diluent_density or constant("diluent_density")
    temperature = gradient.temperature
    volumes = np.array([layer.volume for layer in gradient.layers])
    poured = np.array([solute_of(layer.medium, layer.concentration, temperature) for layer in gradient.layers])
    solute = next(
        (media()[own.medium].solute for own in gradient.layers if media()[own.medium].solute != "none"), "none"
    )
    inner, outer = rotor.span(float(volumes.sum()))
    edges = np.linspace(inner, outer, CELLS + 1)
    start = layered((edges - inner) * rotor.area, volumes, poured)
    speed = rotor.speed(gradient.g, gradient.at)
    borders = gradient.time * (np.arange(SPELLS + 1) / SPELLS) ** 2  # steps of a gradient blur fast at first
    middles = 0.5 * (borders[1:] + borders[:-1])
    if solute == "none":
        course = np.tile(start, (SPELLS + 1, 1))
    else:

        def mobility(c: Floats) -> tuple[Floats, Floats]:
            return _mobility(solute, c, temperature, diluent, speed)

        course = evolve_solute(start, edges, mobility, np.append(middles, gradient.time), _SUBSTEPS)
    nodes = _at_edges(course[:-1])
    column = Column(
        edges,
        density_of(solute, nodes, temperature, diluent),
        viscosity_of(solute, nodes, temperature),
        kept_of(solute, nodes, temperature),
        np.diff(borders),
    )
    return Tube(column=column, solute=solute, diluent=diluent, edges=edges, start=start, end=course[-1],
                area=rotor.area)  # fmt: skip


def _at_edges(cells: Floats) -> Floats:
    """Return values at the borders of cells, (k, n + 1), from means in cells, (k, n); constant beyond the ends."""
    padded = np.pad(cells, ((0, 0), (1, 1)), mode="edge")
    return np.asarray(0.5 * (padded[:, 1:] + padded[:, :-1]))


def _mobility(solute: str, c: Floats, temperature: float, diluent: float, speed: float) -> tuple[Floats, Floats]:
    """Return ``s omega^2`` (1/s) and D (m2/s) of the solute itself; both slow down as the liquid thickens (E)."""
    water = water_viscosity(temperature)
    thin = (
        constant(f"{solute}_diffusivity")
        * (temperature + FREEZING)
        / (20.0 + FREEZING)
        * (water_viscosity(20.0) / water)
    )
    density = diluent if solute == "iodixanol" else water_density(temperature)
    s = svedberg(constant(f"{solute}_molar_mass"), constant(f"{solute}_specific_volume"), thin, density, temperature)
    slower = water / viscosity_of(solute, c, temperature)
    return s * speed**2 * slower, thin * slower
