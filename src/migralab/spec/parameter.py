"""A number that carries its unit, its uncertainty, where it comes from and how far it can be trusted."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, field_validator, model_validator
from pydantic.fields import FieldInfo

from migralab.core import units
from migralab.core.errors import UnitError

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

Tag = Literal["FTE", "FT", "FIG", "D", "ABS", "REV", "2ND", "C", "E", "R"]

TAG_MEANING: dict[str, str] = {
    "FTE": "read in the full text and its figures",
    "FT": "part of the full text read",
    "FIG": "figure or table legend read",
    "D": "digitised or measured on a published panel",
    "ABS": "abstract read",
    "REV": "a review's sentence",
    "2ND": "another secondary source",
    "C": "computed here from stated inputs",
    "E": "ESTIMATE with a reason",
    "R": "recalled, not confirmed: never data",
}


class Frozen(BaseModel):
    """Base of every part of a specification: immutable, and no unknown field is let through."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Source(Frozen):
    """Where a number or a statement comes from.

    Parameters
    ----------
    key
        BibTeX key in ``catalog/references.bib``, or ``migralab`` for what was computed or estimated here.
    locator
        Figure, table, section or page; for an estimate, the reason.
    tag
        How it was read (`TAG_MEANING`).
    """

    key: str = Field(min_length=1)
    locator: str = Field(min_length=1)
    tag: Tag

    def __str__(self) -> str:
        return f"{self.key}, {self.locator} [{self.tag}]"


class Parameter(Frozen):
    """One value with unit, uncertainty and source.

    Parameters
    ----------
    value
        Number in `unit`; finite.
    unit
        Unit as written; empty for a pure number.
    low, high
        Range in which the value may lie, in `unit`; None where nobody has stated one.
    calibrated_on
        What the value was set by, where it was fitted to a published result; such a result is no prediction.
    """

    value: float
    unit: str = ""
    low: float | None = None
    high: float | None = None
    source: Source
    calibrated_on: str = ""
    note: str = ""

    @model_validator(mode="before")
    @classmethod
    def _read_text(cls, data: object) -> object:
        if not isinstance(data, Mapping):
            return data
        read = dict(data)
        if isinstance(data.get("value"), str):
            read["value"], read["unit"] = units.split(data["value"])
            if data.get("unit") and data["unit"] != read["unit"]:
                raise ValueError(f"the unit stands twice: in '{data['value']}' and in unit '{data['unit']}'")
        for limit in ("low", "high"):
            if isinstance(data.get(limit), str):
                number, unit = units.split(data[limit])
                read[limit] = number if unit in ("", read.get("unit", "")) else _converted(number, unit, read["unit"])
        return read

    @field_validator("value", "low", "high", mode="before")
    @classmethod
    def _no_truth_value(cls, value: object) -> object:
        if isinstance(value, bool):
            raise ValueError(f"{str(value).lower()} is not a number")  # noqa: TRY004  # pydantic passes ValueError on
        return value

    @field_validator("value", "low", "high")
    @classmethod
    def _finite(cls, value: float | None) -> float | None:
        if value is not None and not math.isfinite(value):
            raise ValueError(f"{value} is not a finite number")
        return value

    @field_validator("unit")
    @classmethod
    def _known_unit(cls, unit: str) -> str:
        name = units.spell(unit)
        units.to_internal(1.0, name)
        return name

    @field_validator("source")
    @classmethod
    def _not_recalled(cls, source: Source) -> Source:
        if source.tag == "R":
            raise ValueError(
                "a recalled number (tag R) is never data. Find the source, "
                "or call it an estimate (tag E) and give the reason."
            )
        return source

    @model_validator(mode="after")
    def _range_holds_value(self) -> Self:
        if (self.low is not None and self.low > self.value) or (self.high is not None and self.high < self.value):
            raise ValueError(f"{self} lies outside its own range, {self.low} to {self.high} {self.unit}".rstrip())
        return self

    @property
    def internal(self) -> float:
        """Value in internal units (um, s, pN, molecules)."""
        return units.to_internal(self.value, self.unit)

    def __str__(self) -> str:
        return f"{self.value:g} {self.unit}".strip()


def _converted(number: float, unit: str, wanted: str) -> float:
    return units.to_internal(number, unit, like=wanted) / units.to_internal(1.0, wanted)


class Bound(Frozen):
    """What a mechanism allows for one of its parameters; kept beside the field, checked on every change."""

    unit: str
    minimum: float | None = None
    maximum: float | None = None
    typical: str = ""


def quantity(  # noqa: PLR0913  # one line per parameter in every mechanism reads best with names
    value: float,
    unit: str,
    *,
    source: Source,
    minimum: float | None = 0.0,
    maximum: float | None = None,
    low: float | None = None,
    high: float | None = None,
    calibrated_on: str = "",
    description: str,
) -> Any:  # pydantic's Field has the type of whatever it stands for
    """Declare a field of a mechanism's `Parameters`: default with source, and the bounds that always hold.

    Parameters
    ----------
    value, unit
        The default, and the unit whose dimension every later value must have.
    minimum, maximum
        Hard limits in `unit` (inclusive); None for no limit.
    low, high
        Range of belief in `unit`, used by sweeps.
    """
    default = Parameter(
        value=value,
        unit=unit,
        low=low,
        high=high,
        source=source,
        calibrated_on=calibrated_on,
        note=description,
    )
    bound = Bound(unit=unit, minimum=minimum, maximum=maximum)
    return Field(default=default, description=description, json_schema_extra={"bound": bound.model_dump()})


class MechanismParameters(Frozen):
    """Base of every mechanism's `Parameters`. All fields are `Parameter` made by `quantity`."""

    _others: tuple[MechanismParameters, ...] = PrivateAttr(default=())

    @model_validator(mode="after")
    def _within_bounds(self) -> Self:
        for name, info in type(self).model_fields.items():
            check_bound(name, getattr(self, name), bound_of(info))
        return self

    def internal(self) -> dict[str, float]:
        """Return every parameter as a bare float in internal units."""
        return {name: getattr(self, name).internal for name in type(self).model_fields}

    def beside(self, others: Sequence[MechanismParameters]) -> Self:
        """Return these parameters together with those of the other populations, in their order."""
        together = self.model_copy()
        together._others = tuple(others)
        return together

    def varied(self, name: str) -> NDArray[float64]:
        """Return one parameter of every population in internal units, (populations,)."""
        import numpy as np  # here, so that the command line starts without it

        return np.array([getattr(own, name).internal for own in (self, *self._others)])


def bound_of(info: FieldInfo) -> Bound:
    """Return the bound that `quantity` stored with a field."""
    extra = info.json_schema_extra
    if not isinstance(extra, dict):
        raise TypeError("a mechanism's parameter must be declared with migralab.spec.parameter.quantity")
    return Bound.model_validate(extra["bound"])


def check_bound(name: str, parameter: Parameter, bound: Bound) -> None:
    """Refuse a value with the wrong dimension or outside what the mechanism allows.

    Raises
    ------
    ValueError
        Naming the parameter, the value, what is allowed and in which unit.
    """
    try:
        value = units.to_internal(parameter.value, parameter.unit, like=bound.unit)
    except UnitError as error:
        raise ValueError(f"{name}: {error} Write it in {bound.unit or 'plain numbers'}.") from None
    if bound.minimum is not None and value < units.to_internal(bound.minimum, bound.unit):
        raise ValueError(
            f"{name} = {parameter} is below the least allowed value, {bound.minimum:g} {bound.unit}".rstrip() + "."
        )
    if bound.maximum is not None and value > units.to_internal(bound.maximum, bound.unit):
        raise ValueError(f"{name} = {parameter} is above the highest allowed value, {bound.maximum:g} {bound.unit}.")
