"""Quantities as a bench writes them: ``20000 g``, ``10 min``, ``480 ul``, ``0.45 um``, ``19 %``, ``4 C``."""

from __future__ import annotations

import math
import re
from typing import Annotated

from pydantic import BeforeValidator

from migralab.core import units
from migralab.core.errors import UnitError

# SI of each kind, by unit. A bench's g is a force and its C a temperature: pint would read gram and coulomb
_KINDS: dict[str, tuple[dict[str, float], str]] = {
    "force": ({"g": 1.0, "x g": 1.0, "xg": 1.0}, "20000 g"),
    "speed": ({"rpm": 1.0}, "4000 rpm"),
    "time": ({"s": 1.0, "min": 60.0, "h": 3600.0}, "30 min"),
    "temperature": ({"C": 1.0, "degC": 1.0, "°C": 1.0}, "4 C"),
    "volume": ({"ul": 1e-9, "ml": 1e-6, "l": 1e-3}, "500 ul"),
    "length": ({"nm": 1e-9, "um": 1e-6, "mm": 1e-3}, "0.45 um"),
    "concentration": ({"%": 1.0, "M": 1.0}, "19 %"),
    "density": ({"g/ml": 1000.0, "kg/m^3": 1.0}, "1.03 g/ml"),
}
_MAY_BE_NOTHING = {"temperature", "concentration"}


def read_quantity(text: object, kind: str) -> tuple[float, str]:
    """Return the SI value and the unit of a quantity of this kind; ``%`` and ``M`` stay as written.

    Raises
    ------
    ValueError
        If there is no number, no unit, a unit of another kind, or the value is not finite or not above 0.
    """
    factors, example = _KINDS[kind]
    allowed = ", ".join(factors)
    if isinstance(text, int | float) and not isinstance(text, bool):
        comma = "A comma ends a value in {...}: write 20000 g, not 20,000 g"
        said = f"{text:g} has no unit. Write a {kind} as '{example}' (units: {allowed}). {comma}"
        raise ValueError(said)  # noqa: TRY004  # pydantic passes ValueError on
    written = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", str(text))  # 20,000 g
    if re.search(r"\d,\d", written):
        raise ValueError(f"'{text}': the decimal sign is a point. Write for example '{example}' (units: {allowed})")
    try:
        number, unit = units.split(written)
    except UnitError:
        raise ValueError(f"'{text}' is not a {kind}. Write for example '{example}' (units: {allowed})") from None
    if not unit:
        raise ValueError(f"'{text}' has no unit. Write a {kind} as '{example}' (units: {allowed})")
    if unit not in factors:
        raise ValueError(f"'{text}': {unit} is no unit of a {kind}. Write for example '{example}' (units: {allowed})")
    if not math.isfinite(number) or number < 0 or (number == 0 and kind not in _MAY_BE_NOTHING):
        least = "0 or more" if kind in _MAY_BE_NOTHING else "above 0"
        raise ValueError(f"'{text}': a {kind} must be {least}. Write for example '{example}'")
    return number * factors[unit], unit


def _of(kind: str) -> BeforeValidator:
    return BeforeValidator(lambda text: read_quantity(text, kind)[0])


Force = Annotated[float, _of("force")]
Speed = Annotated[float, _of("speed")]
Time = Annotated[float, _of("time")]
Temperature = Annotated[float, _of("temperature")]
Volume = Annotated[float, _of("volume")]
Length = Annotated[float, _of("length")]
Density = Annotated[float, _of("density")]
Concentration = Annotated[tuple[float, str], BeforeValidator(lambda text: read_quantity(text, "concentration"))]
