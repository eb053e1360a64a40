"""Quantities with units outside, bare floats in um, s, pN and molecules inside.

With these base units pN/um equals uN/m, pN/um2 equals Pa and pN s/um2 equals Pa s, so that `physics`
needs no conversion constants. A concentration is in molecules per um3: 1 nM = 0.60221 molecules/um3.
"""

from __future__ import annotations

import functools
import math
import re
import tokenize
from typing import TYPE_CHECKING, Any

from migralab.core.errors import UnitError

if TYPE_CHECKING:
    import pint

MOLECULES_PER_MOLE = 6.02214076e23
MOLECULES_PER_UM3_AND_NANOMOLAR = 0.602214076

# The units of everyday parameter files by dimension, as factors to um, s, pN, molecules. Reading them here
# keeps pint (0.4 s of import) out of the common path; the rest goes through pint. A test holds the two equal.
_EVERYDAY: dict[str, dict[str, float]] = {
    "number": {"": 1.0, "dimensionless": 1.0, "1": 1.0, "%": 0.01, "rad": 1.0},
    "length": {"um": 1.0, "nm": 1e-3, "mm": 1e3, "um^2/um": 1.0},
    "area": {"um^2": 1.0, "um2": 1.0},
    "volume": {"um^3": 1.0, "um3": 1.0},
    "time": {"s": 1.0, "min": 60.0, "h": 3600.0},
    "rate": {"1/s": 1.0, "1/min": 1 / 60.0, "1/h": 1 / 3600.0, "1/day": 1 / 86_400.0},
    "per length": {"1/um": 1.0},
    "per area": {"1/um^2": 1.0, "1/um2": 1.0},
    "per volume": {"1/um^3": 1.0, "1/um3": 1.0},
    "rate per length": {"1/um/s": 1.0, "1/um/min": 1 / 60.0},
    "speed": {"um/s": 1.0, "um/min": 1 / 60.0, "um/h": 1 / 3600.0},
    "area per time": {"um^2/s": 1.0, "um^2/min": 1 / 60.0},
    "volume per time": {"um^3/s": 1.0, "um^3/min": 1 / 60.0},
    "amount": {"molecules": 1.0},
    "turning noise": {"rad/min^0.5": 60.0**-0.5},
    "pressure": {"Pa": 1.0},
    "viscosity": {"Pa*s": 1.0},
    "tension": {"uN/m": 1.0, "pN/um": 1.0},
    "force": {"pN": 1.0},
    "energy": {"pN*um": 1.0, "kBT": 4.28e-3},  # at 310 K
    "concentration": {"nM": MOLECULES_PER_UM3_AND_NANOMOLAR, "uM": 1e3 * MOLECULES_PER_UM3_AND_NANOMOLAR},
    "mass": {"ug": 1e-3},
    "coating dose": {"ug/ml": 1.0, "mg/ml": 1e3},  # kept as the number that the bench writes, never mixed with lengths
}
_FACTOR = {unit: factor for units in _EVERYDAY.values() for unit, factor in units.items()}
_DIMENSION = {unit: dimension for dimension, units in _EVERYDAY.items() for unit in units}

_NUMBER = re.compile(r"^\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?(?:nan|inf))\s*(.*?)\s*$", re.IGNORECASE)
_UNSAFE = re.compile(r"[^\w%*/^().\s+-]|\d{3}|\d[eE]|(?:\*\*|\^)\s*[^\d.+\-\s]|(?:\*\*|\^)[^*^/a-zA-Z]*(?:\*\*|\^)")
_POWER = re.compile(r"(?<![A-Za-z])([numcd]?m)([23])\b")  # pint does not read um2
_PLAIN_ASCII = str.maketrans({"µ": "u", "μ": "u", "²": "^2", "³": "^3", "·": "*", "⁻": "^-"})


@functools.cache
def registry() -> pint.UnitRegistry[Any]:
    """Return the one pint registry, with the units of the field added. Loaded on first use only."""
    import pint

    units: pint.UnitRegistry[Any] = pint.UnitRegistry()
    units.define("@alias particle = molecule = molecules")
    units.define("cell = [] = cell = cells")
    units.define("kBT = 4.28e-21 joule")  # at 310 K
    return units


def spell(unit: str) -> str:
    """Return the unit text with micro signs and raised digits in plain ASCII."""
    return unit.strip().translate(_PLAIN_ASCII)


def split(text: str) -> tuple[float, str]:
    """Split ``"0.5 um/min"`` into number and unit text.

    Raises
    ------
    UnitError
        If the text does not begin with a number.
    """
    match = _NUMBER.match(text)
    if match is None:
        raise UnitError(f"'{text}' is not a quantity. Write a number and a unit, for example '0.5 um/min'.")
    return float(match.group(1)), spell(match.group(2))


def _pint_unit(unit: str) -> Any:  # pint's generic unit
    import pint

    if len(unit) > 60 or _UNSAFE.search(unit):  # towers of powers would be computed exactly, for hours
        raise UnitError(f"'{unit[:60]}' is not a unit that is known here.")
    expression = _POWER.sub(r"\1**\2", unit.replace("%", "percent"))
    try:
        found = registry().Unit(expression or "dimensionless")
    except (
        pint.errors.PintError,
        ArithmeticError,
        AttributeError,
        LookupError,
        ValueError,
        TypeError,
    ) as error:
        raise UnitError(f"'{unit}' is not a unit that is known here ({error}).") from None
    except (tokenize.TokenError, SyntaxError, AssertionError, RecursionError):
        raise UnitError(f"'{unit}' is not a unit that is known here.") from None
    if not isinstance(found, registry().Unit):
        raise UnitError(f"'{unit}' is not a unit that is known here.")
    return found


def to_internal(value: float, unit: str, *, like: str | None = None) -> float:
    """Convert a value to the internal units (um, s, pN, molecules).

    Parameters
    ----------
    value
        Number as written.
    unit
        Its unit, for example ``"um/min"``.
    like
        Unit whose dimension is required; the internal unit follows from it.

    Raises
    ------
    UnitError
        If `unit` is unknown or has another dimension than `like`; both units are named.
    """
    unit = spell(unit)
    wanted = unit if like is None else spell(like)
    if unit in _FACTOR and wanted in _FACTOR:
        if _DIMENSION[unit] != _DIMENSION[wanted]:
            raise _mismatch(value, unit, wanted)
        return value * _FACTOR[unit]
    source, target = _pint_unit(unit), _pint_unit(wanted)
    if source.dimensionality != target.dimensionality:
        raise _mismatch(value, unit, wanted)
    return value * _internal_factor(source)


def _mismatch(value: float, unit: str, wanted: str) -> UnitError:
    got = f"{value:g} {unit}".strip()
    return UnitError(f"'{got}' cannot be read as {wanted or 'a pure number'}: the dimensions differ.")


@functools.cache
def _internal_factor(unit: Any) -> float:  # pint's generic unit
    """Return what one `unit` is in internal units."""
    units = registry()
    if unit.dimensionality == units.Unit("ug/ml").dimensionality:
        return float(units.Quantity(1.0, unit).to("ug/ml").magnitude)
    scale = units.Unit("dimensionless")
    base = {"[length]": "um", "[time]": "s", "[mass]": "pN*s**2/um", "[substance]": "molecule"}
    for dimension, power in unit.dimensionality.items():
        if dimension not in base:
            raise UnitError(f"migralab has no internal unit for the dimension {dimension} of '{unit}'.")
        scale *= units.Unit(base[dimension]) ** power
    return float(units.Quantity(1.0, unit).to(scale).magnitude)


def parse(text: str | float, *, like: str) -> float:
    """Read ``"30 nm"`` and return it in internal units, checked to have the dimension of `like`.

    A bare number is accepted only where `like` is dimensionless.

    Raises
    ------
    UnitError
        If there is no unit, an unknown one, one of another dimension, or the number is not finite.
    """
    value, unit = split(text) if isinstance(text, str) else (float(text), "")
    if not math.isfinite(value):
        raise UnitError(f"'{text}' is not a finite number.")
    if unit == "" and not _is_number(like):
        raise UnitError(f"'{text}' has no unit. Write for example '{text} {like}'.")
    return to_internal(value, unit, like=like)


def _is_number(unit: str) -> bool:
    unit = spell(unit)
    return _DIMENSION[unit] == "number" if unit in _DIMENSION else bool(_pint_unit(unit).dimensionless)


def from_internal(value: float, unit: str) -> float:
    """Convert a bare internal number to `unit`."""
    return value / to_internal(1.0, unit)
