"""A mass of purified migrasomes as a number, beside what a neighbour meets: the answer of `migralab signal dose`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from migralab.physics.recipients.dose import Dose, Range, convert_mass, mean_cube, natural_meetings
from migralab.report.figures.figure import PUBLISHED, SIMULATED, canvas, plot_to_png
from migralab.simulation.dose import what_it_can_say

VESICLE_RADIUS = 0.3  # um, half the mean diameter of purified ones; it matters little beside the radius of a cell


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    """What was given, to whom, and what a neighbour would meet instead.

    Parameters
    ----------
    mass
        Of protein, ug.
    diameter, diameter_sd
        Of the vesicles, um.
    protein_density
        mg of protein per ml of vesicle.
    recipients
        Cells in the culture that got it.
    time
        How long they had, min.
    radius, speed, on_ground
        Of a natural recipient: its radius, um, its speed, um/min, and migrasomes per um2 of the ground it walks on.
    """

    mass: float
    diameter: float
    diameter_sd: float
    protein_density: Range
    recipients: Range
    time: float
    radius: float
    speed: Range
    on_ground: Range

    @property
    def dose(self) -> Dose:
        """The conversion."""
        natural = natural_meetings(self.radius + VESICLE_RADIUS, self.speed, self.on_ground, self.time)
        return convert_mass(
            self.mass, (self.diameter, self.diameter_sd), self.protein_density, self.recipients, natural
        )


def dose_rows(given: Preparation) -> list[dict[str, Any]]:
    """Return the table: quantity, value, low, high, unit, meaning."""
    dose = given.dose
    volume_diameter = mean_cube(given.diameter, given.diameter_sd) ** (1 / 3)
    share = (given.diameter / volume_diameter) ** 3
    return [
        _row("diameter of the vesicle of mean volume", Range.exact(volume_diameter), "um",
             f"the mean diameter alone, {given.diameter:g} um, would hold {share:.0%} of the mass"),
        _row("protein of the mean vesicle", dose.mass_each, "fg",
             f"{_words(given.protein_density)} mg of protein per ml of vesicle"),
        _row(f"vesicles in {given.mass:g} ug", dose.vesicles, "", ""),
        _row("vesicles per recipient", dose.per_recipient, "", f"in a culture of {_words(given.recipients)} cells"),
        _row("met by a neighbour", dose.natural, "",
             f"in {given.time / 60:g} h at {_words(given.speed)} um/min, {_words(given.on_ground)} migrasomes per um2"),
        _row("natural-dose equivalents", dose.equivalents, "", what_it_can_say(dose.equivalents)),
    ]  # fmt: skip


def _row(quantity: str, found: Range, unit: str, meaning: str) -> dict[str, Any]:
    return {
        "quantity": quantity, "value": found.value, "low": found.low, "high": found.high, "unit": unit,
        "meaning": meaning,
    }  # fmt: skip


def _words(found: Range) -> str:
    return f"{found.value:.3g}" if found.low == found.high else f"{found.low:.3g} to {found.high:.3g}"


def draw_dose(given: Preparation) -> bytes:
    """Return a picture of the dose of a recipient beside what a neighbour meets, as PNG."""
    dose = given.dose
    lines = (("met by a neighbour", dose.natural, PUBLISHED), ("given per recipient", dose.per_recipient, SIMULATED))
    with canvas(6.4, 2.2) as (plot, axes):
        for place, (_, found, colour) in enumerate(lines):
            axes.plot([found.low, found.high], [place, place], color=colour, lw=5, solid_capstyle="round", alpha=0.5)
            axes.plot([found.value], [place], "o", color=colour, ms=9)
        axes.set_xscale("log")
        axes.set_yticks(range(len(lines)), [name for name, *_ in lines])
        axes.set_ylim(-0.6, len(lines) - 0.4)
        axes.set_xlabel(f"migrasomes per recipient ({given.mass:g} ug; bars hold every combination of the ranges)")
        return plot_to_png(plot, dpi=110, colours=64)
