"""Numbers of a study file: a quantity with its range and source, or the quantity alone; checked where they stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

from migralab.core import units
from migralab.core.errors import UnitError
from migralab.spec.parameter import Parameter, Source

TYPED = Source(key="study file", locator="typed without a source", tag="E")
NOTHING = Source(key="migralab", locator="nothing is stated, so no difference is assumed", tag="E")


def read_given(data: object) -> object:
    """Let ``0.5 ml`` stand for the long form with value, range and source."""
    if isinstance(data, bool):
        raise ValueError(f"{str(data).lower()} is not a number")  # noqa: TRY004  # pydantic passes ValueError on
    if isinstance(data, int | float | str):
        return {"value": data, "source": TYPED}
    if isinstance(data, Mapping) and "source" not in data:
        return {**data, "source": TYPED}
    return data


@dataclass(frozen=True, slots=True, kw_only=True)
class Within:
    """What a number must be: its unit, and between which limits it makes sense.

    Parameters
    ----------
    unit
        Any unit of this dimension may be written.
    example
        What a message shows.
    above, least, most, below
        Limits in `unit`; None for none.
    """

    unit: str
    example: str
    above: float | None = None
    least: float | None = None
    most: float | None = None
    below: float | None = None

    def __call__(self, parameter: Parameter) -> Parameter:
        """Refuse a number without a unit, of another dimension, or outside the limits; its range as well."""
        if self.unit and not parameter.unit:
            raise ValueError(f"'{parameter.value:g}' has no unit. Write for example {self.example}.")
        try:
            units.to_internal(parameter.value, parameter.unit, like=self.unit)
        except UnitError as error:
            raise ValueError(f"{error} Write for example {self.example}.") from None
        for value in (parameter.value, parameter.low, parameter.high):
            if value is not None and not self._holds(in_unit(value, parameter.unit, self.unit)):
                raise ValueError(
                    f"{f'{value:g} {parameter.unit}'.strip()} is not allowed: it must be {self}. "
                    f"Write for example {self.example}."
                )
        return parameter

    def _holds(self, value: float) -> bool:
        return (
            (self.above is None or value > self.above)
            and (self.least is None or value >= self.least)
            and (self.most is None or value <= self.most)
            and (self.below is None or value < self.below)
        )

    def __str__(self) -> str:
        parts = [
            f"{word} {limit:g} {self.unit}".strip()
            for word, limit in (
                ("above", self.above),
                ("at least", self.least),
                ("at most", self.most),
                ("below", self.below),
            )
            if limit is not None
        ]
        return " and ".join(parts)


def in_unit(value: float, unit: str, wanted: str) -> float:
    """Return a value in another unit of the same dimension."""
    return value if unit == wanted else units.to_internal(value, unit, like=wanted) / units.to_internal(1.0, wanted)


_READ = BeforeValidator(read_given)
Spread = Annotated[Parameter, _READ, AfterValidator(Within(unit="", example="0.4", least=0.0, most=5.0))]
Fold = Annotated[Parameter, _READ, AfterValidator(Within(unit="", example="2", above=0.0, most=1e6))]
Number = Annotated[Parameter, _READ, AfterValidator(Within(unit="", example="0.2", least=0.0))]
Positive = Annotated[Parameter, _READ, AfterValidator(Within(unit="", example="5", above=0.0))]
Recovery = Annotated[Parameter, _READ, AfterValidator(Within(unit="", example="0.3", above=0.0, most=1.0))]
Lost = Annotated[Parameter, _READ, AfterValidator(Within(unit="", example="0.1", least=0.0, below=1.0))]
Share = Annotated[Parameter, _READ, AfterValidator(Within(unit="", example="0.9", above=0.0, below=1.0))]
Volume = Annotated[Parameter, _READ, AfterValidator(Within(unit="ml", example="0.4 ul", above=0.0))]
Creatinine = Annotated[Parameter, _READ, AfterValidator(Within(unit="mM", example="8 mM", above=0.0))]
PerCreatinine = Annotated[
    Parameter, _READ, AfterValidator(Within(unit="1/mmol", example="1e6 1/mmol", above=0.0, most=1e15))
]
Time = Annotated[Parameter, _READ, AfterValidator(Within(unit="day", example="30 day", least=0.0))]
Span = Annotated[Parameter, _READ, AfterValidator(Within(unit="day", example="30 day", above=0.0))]
Rate = Annotated[Parameter, _READ, AfterValidator(Within(unit="1/year", example="0.02 1/year", above=0.0))]
Loss = Annotated[Parameter, _READ, AfterValidator(Within(unit="1/year", example="0.03 1/year", least=0.0))]
