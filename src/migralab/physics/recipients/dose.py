"""Purified migrasomes by mass: how many vesicles, and how many times what a neighbour meets. docs/theory/dose.md."""

from __future__ import annotations

import math
from typing import NamedTuple, Self

FG_PER_UG = 1e9


class Range(NamedTuple):
    """A positive number with the least and the greatest value that it may have.

    Products and quotients take the ends that lie farthest apart: the range of the result holds every combination,
    and says nothing about which is likely.
    """

    value: float
    low: float
    high: float

    @classmethod
    def exact(cls, value: float) -> Self:
        """Return a number without a range."""
        return cls(value, value, value)

    def times(self, other: Range | float) -> Range:
        """Return the product."""
        other = other if isinstance(other, Range) else Range.exact(other)
        return Range(self.value * other.value, self.low * other.low, self.high * other.high)

    def over(self, other: Range | float) -> Range:
        """Return the quotient; infinite where the divisor may be 0, as what a resting cell meets is."""
        other = other if isinstance(other, Range) else Range.exact(other)
        ends = (self.value, other.value), (self.low, other.high), (self.high, other.low)
        return Range(*(above / below if below else math.inf for above, below in ends))


def mean_cube(mean: float, sd: float) -> float:
    """Return the mean of d^3 of log-normal diameters with this mean and SD: ``m^3 (1 + (s/m)^2)^3`` (eq-mean-cube).

    The cube of the mean diameter would leave out that most of the mass sits in the few large ones.
    """
    return mean**3 * (1.0 + (sd / mean) ** 2) ** 3


def mass_per_vesicle(diameter: float, diameter_sd: float, protein_density: float) -> float:
    """Return the mean protein mass of a vesicle, fg (eq-vesicle-mass).

    Parameters
    ----------
    diameter, diameter_sd
        Mean and SD over vesicles, um.
    protein_density
        mg of protein per ml of vesicle, which is fg per um3.
    """
    return math.pi / 6.0 * mean_cube(diameter, diameter_sd) * protein_density


def vesicles_in_mass(mass: float, diameter: float, diameter_sd: float, protein_density: Range) -> Range:
    """Return how many vesicles `mass` (ug of protein) is."""
    return Range.exact(mass * FG_PER_UG / mass_per_vesicle(diameter, diameter_sd, 1.0)).over(protein_density)


def natural_meetings(reach: float, speed: Range, density: Range, time: float) -> Range:
    """Return how many vesicles a walking neighbour meets: ``2 (a + r) v n t`` (eq-natural-dose).

    Parameters
    ----------
    reach
        a + r, radius of the cell and of a vesicle, um.
    speed
        um/min, while it moves.
    density
        Vesicles per um2 of ground.
    time
        min.
    """
    return speed.times(density).times(2.0 * reach * time)


class Dose(NamedTuple):
    """A dose of purified migrasomes in the terms in which it can be compared.

    Parameters
    ----------
    mass_each
        Protein of the mean vesicle, fg.
    vesicles, per_recipient
        In the whole dose, and for each recipient of the culture that got it.
    natural
        What a neighbour in a culture of producers meets in the same time.
    equivalents
        per_recipient over natural: how many times the natural dose it is.
    """

    mass_each: Range
    vesicles: Range
    per_recipient: Range
    natural: Range
    equivalents: Range


def convert_mass(
    mass: float, sizes: tuple[float, float], protein_density: Range, recipients: Range, natural: Range
) -> Dose:
    """Return a dose in numbers.

    Parameters
    ----------
    mass
        ug of protein.
    sizes
        Mean and SD of the diameter, um.
    protein_density
        mg/ml.
    recipients
        Cells of the culture that the dose was given to.
    natural
        Vesicles that a neighbour meets (`natural_meetings`).
    """
    vesicles = vesicles_in_mass(mass, *sizes, protein_density)
    each = vesicles.over(recipients)
    return Dose(protein_density.times(mass_per_vesicle(*sizes, 1.0)), vesicles, each, natural, each.over(natural))
