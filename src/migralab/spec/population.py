"""A second kind of cell in the dish: how many, since when, where, and in what it differs from the first."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, PositiveInt, model_validator

from migralab.core import units
from migralab.spec.geometry import quantity_in
from migralab.spec.parameter import Frozen, Parameter

Moment = Annotated[str, quantity_in("min", zero=True)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]


class Population(Frozen):
    """Cells beside those that `dish.cells` counts, with everything that distinguishes them."""

    cells: PositiveInt = Field(le=10_000_000, description="how many in a dish")
    label: str = ""
    enters: Moment = Field(default="0 min", description="when they come into the dish")
    along_x: tuple[Share, Share] = Field(
        default=(0.0, 1.0), description="part of the seeded ground on which they are put, as shares of its width"
    )
    changes: dict[str, Parameter] = Field(
        default_factory=dict, description="mechanism.parameter: value and source, where it differs from the first kind"
    )

    @property
    def enters_s(self) -> float:
        """When they come into the dish, s."""
        return units.parse(self.enters, like="s")

    @model_validator(mode="after")
    def _some_ground(self) -> Self:
        low, high = self.along_x
        if high <= low:
            raise ValueError(f"along_x goes from {low:g} to {high:g}; it needs a width: two shares of 0 to 1, rising")
        return self
