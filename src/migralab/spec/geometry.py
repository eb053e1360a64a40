"""Where the cells live and the molecules spread: an open plane, a slit, a chamber, a cavity, a vessel, a box."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from migralab.core import units
from migralab.spec.parameter import Frozen


def quantity_in(unit: str, *, zero: bool = False) -> BeforeValidator:
    """Return the check of a quantity of the dish: text with a unit of that dimension, above 0 (or 0), finite."""

    def check(text: object) -> object:
        if isinstance(text, str | int | float):
            value = units.parse(text, like=unit)
            if value < 0 or (value == 0 and not zero):
                raise ValueError(f"'{text}' must be {'at least' if zero else 'above'} 0 {unit}")
        return text

    return BeforeValidator(check)


Length = Annotated[str, quantity_in("um")]
Margin = Annotated[str, quantity_in("um", zero=True)]


class GroundPlan(Frozen):
    """What all share: the height of the medium over the ground."""

    depth: Length = Field(default="100 um", description="height of the layer in which molecules are well mixed")

    @property
    def depth_um(self) -> float:
        """Height of the medium, um."""
        return units.parse(self.depth, like="um")


class _Rimmed(GroundPlan):
    margin: Margin = Field(default="200 um", description="bare ground around the cells that the field covers")

    @property
    def margin_um(self) -> float:
        """Width of the rim, um."""
        return units.parse(self.margin, like="um")


class OpenPlane(_Rimmed):
    """A layer of medium without an edge: cells walk where they like, molecules that reach the rim are gone."""

    kind: Literal["open"]


class Slit(_Rimmed):
    """Two plates close together: as the open plane, but so low that molecules stay concentrated."""

    kind: Literal["slit"]
    depth: Length = "5 um"


class PeriodicPlane(GroundPlan):
    """A piece of a plane that goes on for ever: what leaves on the right comes in on the left.

    Cells keep their true positions; the field is looked up modulo its size. Neighbours across the seam do not push.
    """

    kind: Literal["periodic"]


class Chamber(GroundPlan):
    """Four walls that hold back cells and molecules."""

    kind: Literal["walls"]


class Cavity(GroundPlan):
    """A closed elliptic cavity, as the one under the embryonic shield: nothing leaves, cells stay inside."""

    kind: Literal["cavity"]
    depth: Length = "10 um"
    aspect: float = Field(default=2.0, ge=1.0, le=20.0, description="length over width")


class Vessel(GroundPlan):
    """A strip between two walls; its ends are open, closed or joined."""

    kind: Literal["vessel"]
    depth: Length = "20 um"
    width: Length = "50 um"
    ends: Literal["open", "closed", "periodic"] = "open"

    @property
    def width_um(self) -> float:
        """Distance of the walls, um."""
        return units.parse(self.width, like="um")


class Box(_Rimmed):
    """A box of medium over the ground, resolved in height; cells and migrasomes lie on its floor."""

    kind: Literal["box"]
    sides: Literal["open", "closed", "periodic"] = "open"
    lid: Literal["open", "closed"] = Field(default="open", description="open: molecules that reach it are gone")


Geometry = Annotated[OpenPlane | Slit | PeriodicPlane | Chamber | Cavity | Vessel | Box, Field(discriminator="kind")]
