"""How a dish is looked at: instrument, size and place of the fields. Nothing here knows what is in the dish."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from migralab.core.errors import RequestError
from migralab.microscope.presets import Microscope, find_microscope
from migralab.microscope.specimen import Field

_TRIES = 1000  # places drawn for one field before it is called impossible


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagingPlan:
    """What is imaged of each dish.

    Parameters
    ----------
    preset, pixel_um
        Name of a microscope (`microscope.presets`), and the side of its pixels, um; None for the preset's own.
    channel
        Label that is imaged.
    fields, side_um
        Number of square fields of each dish, and their side, um.
    least_um
        Vesicles narrower than this are counted neither in the picture nor in what could be seen, um.
    least_brightness
        Of the second count of an image: light of a vesicle's membrane over that of the usual fibre. TSPAN4 on
        migrasomes reads 4 to 40 times the fibre (a review, S; docs/theory/microscope.md), half of it geometry.
    side_fibres_per_um
        Fibres drawn along the flanks of bodies (0.5 in other pictures). The simulation has none, so none are drawn
        by default: its truth could not count them.
    retractosomes
        Whether beads of broken fibres are in the specimen; without them only to find out what they do.
    """

    preset: str = "confocal"
    pixel_um: float | None = 0.16
    channel: str = "TSPAN4"
    fields: int = 1
    side_um: float = 200.0
    least_um: float = 0.5
    least_brightness: float = 4.0
    side_fibres_per_um: float = 0.0
    retractosomes: bool = True

    def __post_init__(self) -> None:
        if self.fields < 1 or not self.side_um > 0 or not self.least_um >= 0:
            raise RequestError(
                f"{self.fields} fields of {self.side_um:g} um, vesicles from {self.least_um:g} um on: give one field "
                "or more, a side above 0 and a diameter of 0 or more."
            )

    @property
    def microscope(self) -> Microscope:
        """The instrument with its pixels."""
        scope = find_microscope(self.preset)
        return scope if self.pixel_um is None else replace(scope, pixel_um=self.pixel_um)

    def __str__(self) -> str:
        scope = self.microscope
        return (
            f"{self.fields} field{'s' if self.fields > 1 else ''} of {self.side_um:g} x {self.side_um:g} um a dish, "
            f"{scope.name}, {self.channel}, pixel {scope.pixel_um:g} um, vesicles from {self.least_um:g} um on"
            + (f", {self.side_fibres_per_um:g} side fibres per um" if self.side_fibres_per_um else "")
            + ("" if self.retractosomes else ", no retractosomes")
        )


def place_fields(plan: ImagingPlan, dish_um: float, seed: int) -> tuple[Field, ...]:
    """Return fields at random places that do not overlap; the same in every arm of a seed.

    The places depend on the seed and on the size of the dish alone, never on what the dish holds.

    Parameters
    ----------
    plan
        Number and side of the fields.
    dish_um
        Side of the square in which cells were seeded, um.
    seed
        Seed of the dish.

    Raises
    ------
    RequestError
        If the dish has no room for the fields.
    """
    side, room = plan.side_um, dish_um - plan.side_um
    draw = np.random.Generator(np.random.Philox(key=np.array([seed % 2**64, 0x6669656C64], np.uint64)))
    chosen: list[Field] = []
    for _ in range(_TRIES if room >= 0 else 0):
        x, y = (float(value) for value in draw.uniform(0, room, 2))
        if all(max(abs(x - a), abs(y - b)) >= side for a, b, *_ in chosen):
            chosen.append((x, y, x + side, y + side))
        if len(chosen) == plan.fields:
            return tuple(chosen)
    raise RequestError(
        f"A dish of {dish_um:.0f} um has no room for {plan.fields} fields of {side:g} um that do not overlap. "
        "Give fewer or smaller fields, or more cells."
    )


def side_of_dish(cells: int, density_per_um2: float) -> float:
    """Return the side of the square on which so many cells are seeded at a density, um."""
    return math.sqrt(cells / density_per_um2)
