"""Units as SBML builds them: powers of base units and a factor; and their spelling for `migralab.core.units`."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_BASE = ("metre", "second", "kilogram", "mole", "item", "ampere", "kelvin", "candela")

# Kind of unit -> factor and powers of base units (SBML Level 3 Version 2, table 2)
_DERIVED: dict[str, tuple[float, dict[str, int]]] = {
    **{base: (1.0, {base: 1}) for base in _BASE},
    **dict.fromkeys(("dimensionless", "radian", "steradian"), (1.0, {})),
    "avogadro": (6.02214179e23, {}),
    "meter": (1.0, {"metre": 1}),
    **dict.fromkeys(("litre", "liter"), (1e-3, {"metre": 3})),
    "gram": (1e-3, {"kilogram": 1}),
    **dict.fromkeys(("hertz", "becquerel"), (1.0, {"second": -1})),
    "katal": (1.0, {"mole": 1, "second": -1}),
    "newton": (1.0, {"kilogram": 1, "metre": 1, "second": -2}),
    "pascal": (1.0, {"kilogram": 1, "metre": -1, "second": -2}),
    "joule": (1.0, {"kilogram": 1, "metre": 2, "second": -2}),
    "watt": (1.0, {"kilogram": 1, "metre": 2, "second": -3}),
    **dict.fromkeys(("gray", "sievert"), (1.0, {"metre": 2, "second": -2})),
    "coulomb": (1.0, {"ampere": 1, "second": 1}),
    "volt": (1.0, {"kilogram": 1, "metre": 2, "second": -3, "ampere": -1}),
    "ohm": (1.0, {"kilogram": 1, "metre": 2, "second": -3, "ampere": -2}),
    "siemens": (1.0, {"kilogram": -1, "metre": -2, "second": 3, "ampere": 2}),
    "farad": (1.0, {"kilogram": -1, "metre": -2, "second": 4, "ampere": 2}),
    "henry": (1.0, {"kilogram": 1, "metre": 2, "second": -2, "ampere": -2}),
    "tesla": (1.0, {"kilogram": 1, "second": -2, "ampere": -1}),
    "weber": (1.0, {"kilogram": 1, "metre": 2, "second": -2, "ampere": -1}),
    "lumen": (1.0, {"candela": 1}),
    "lux": (1.0, {"candela": 1, "metre": -2}),
}

_PREFIXES = {"": 0, "d": -1, "c": -2, "m": -3, "u": -6, "n": -9, "p": -12, "f": -15, "a": -18, "z": -21, "k": 3}


def _prefixed(symbol: str, prefixes: str) -> dict[str, float]:
    """Return a unit with each of the prefixes, ``.`` for none, in this order."""
    names = [prefix.replace(".", "") for prefix in prefixes]
    return {f"{prefix}{symbol}": 10.0 ** _PREFIXES[prefix] for prefix in names}


# Spellings of each kind with their factor, the common ones first; a test reads every one through core.units
SPELLINGS: dict[str, dict[str, float]] = {
    "second": {"s": 1.0, "min": 60.0, "h": 3600.0, "day": 86_400.0, "week": 604_800.0, **_prefixed("s", "munp")},
    "metre": _prefixed("m", "u.nmcdk"),
    "litre": _prefixed("l", ".fmupnd"),
    "mole": _prefixed("mol", ".nfumpaz"),
    "item": {"molecules": 1.0},
    "gram": _prefixed("g", ".unmpfk"),
    "newton": _prefixed("N", ".pnumf"),
    "pascal": _prefixed("Pa", ".km"),
    "joule": _prefixed("J", ".kmunpfa"),
    "molar": _prefixed("M", "num.pf"),
}
_LIKE = {"meter": "metre", "liter": "litre", "kilogram": "gram"}
_NO_UNIT = frozenset({"dimensionless", "radian", "steradian"})


Part = tuple[str, float, float]
"""Kind of unit, factor to it, exponent."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A product of powers of base units.

    Parameters
    ----------
    factor
        How many of the product of base units one of it is.
    powers
        Base unit -> exponent, sorted, none of them zero.
    parts
        As the model wrote it.
    """

    factor: float = 1.0
    powers: tuple[tuple[str, float], ...] = ()
    parts: tuple[Part, ...] = ()

    @property
    def text(self) -> str:
        """As `core.units` spells it; empty where it has no name there."""
        return spell(self.parts)

    def __mul__(self, other: Unit) -> Unit:
        total = dict(self.powers)
        for base, power in other.powers:
            total[base] = total.get(base, 0.0) + power
        parts: dict[tuple[str, float], float] = {}
        for kind, scale, power in (*self.parts, *other.parts):
            parts[kind, scale] = parts.get((kind, scale), 0.0) + power
        kept = tuple((kind, scale, power) for (kind, scale), power in parts.items() if power)
        return Unit(self.factor * other.factor, _sorted(total), kept)

    def to_power(self, exponent: float) -> Unit:
        """Return a power of the unit."""
        powers = _sorted({base: own * exponent for base, own in self.powers})
        parts = tuple((kind, scale, own * exponent) for kind, scale, own in self.parts)
        return Unit(_power(self.factor, exponent), powers, parts)

    def __truediv__(self, other: Unit) -> Unit:
        return self * other.to_power(-1.0)

    @property
    def is_number(self) -> bool:
        """Whether it has no dimension."""
        return not self.powers

    def has_dimension_of(self, other: Unit) -> bool:
        """Return whether both measure the same."""
        return self.powers == other.powers

    def equals(self, other: Unit) -> bool:
        """Return whether both are the same, to the rounding of factors written in decimals."""
        return self.powers == other.powers and math.isclose(self.factor, other.factor, rel_tol=1e-6)

    def __str__(self) -> str:
        bases = "*".join(base if power == 1 else f"{base}^{power:g}" for base, power in self.powers)
        if self.text or (not bases and self.factor == 1.0):
            return self.text or "no unit"
        return bases if self.factor == 1.0 else f"{self.factor:g} {bases}".strip()


NUMBER = Unit()


def _power(factor: float, exponent: float) -> float:
    try:
        return float(factor**exponent)
    except (OverflowError, ZeroDivisionError):
        return math.inf


def _sorted(powers: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
    return tuple(sorted((base, float(power)) for base, power in powers.items() if power))


def of_kind(kind: str) -> Unit | None:
    """Return the unit that SBML knows by a word, such as ``litre``; None if there is none."""
    if kind not in _DERIVED:
        return None
    factor, powers = _DERIVED[kind]
    return Unit(factor, _sorted(powers), ((kind, 1.0, 1.0),))


def of_definition(definition: Any) -> Unit | None:
    """Return the unit of a unit definition; None if it has a part that is no product of powers."""
    import libsbml

    if not definition.getNumUnits():  # named, and not said what it is
        return None
    total = NUMBER
    for own in definition.getListOfUnits():
        kind = libsbml.UnitKind_toString(own.getKind())
        if kind not in _DERIVED or own.getOffset() or own.getMultiplier() <= 0.0:
            return None
        scale = own.getMultiplier() * _power(10.0, own.getScale())
        factor, powers = _DERIVED[kind]
        total = total * Unit(scale * factor, _sorted(powers), ((kind, scale, 1.0),)).to_power(own.getExponentAsDouble())
    return total


@functools.lru_cache(maxsize=1024)
def spell(parts: tuple[Part, ...]) -> str:
    """Return a product as `core.units` reads it, ``"1/nM/h"``; empty if it has no name there.

    Parameters
    ----------
    parts
        Kind, factor to it, exponent.
    """
    merged = _molar(parts)
    return _join([(_named(kind, scale), exponent) for kind, scale, exponent in merged]) or _spell_as_a_whole(merged)


def _named(kind: str, scale: float) -> str | None:
    """Return the name of so many of a kind; empty for the number 1, None if there is no name."""
    if kind in _NO_UNIT:
        return "" if math.isclose(scale, 1.0, rel_tol=1e-9) else None
    wanted = scale * 1e3 if kind == "kilogram" else scale
    names = SPELLINGS.get(_LIKE.get(kind, kind), {})
    return next((own for own, factor in names.items() if math.isclose(factor, wanted, rel_tol=1e-9)), None)


def _spell_as_a_whole(parts: list[Part]) -> str:
    """Return names whose factors give that of the whole: 1e9 litre / (60 mole second) is 1/nM/min."""
    powers: dict[str, float] = {}
    total = 1.0
    for kind, scale, exponent in parts:
        total *= _power(scale * 1e3 if kind == "kilogram" else scale, exponent)
        own = _LIKE.get(kind, kind)
        powers[own] = powers.get(own, 0.0) + exponent
    kinds = [kind for kind, exponent in powers.items() if exponent and kind not in _NO_UNIT]
    if not kinds or len(kinds) > 4 or any(kind not in SPELLINGS for kind in kinds):
        return ""
    best = ""
    fewest = math.inf
    for names in itertools.product(*(enumerate(SPELLINGS[kind].items()) for kind in kinds)):
        cost = sum(place for place, _ in names)  # common names stand first
        product = math.prod(_power(name[1], powers[kind]) for kind, (_, name) in zip(kinds, names, strict=True))
        if cost < fewest and math.isclose(product, total, rel_tol=1e-9):
            fewest, best = cost, _join([(name[0], powers[kind]) for kind, (_, name) in zip(kinds, names, strict=True)])
    return best


def _join(named: list[tuple[str | None, float]]) -> str:
    """Return the product of names; empty if one is None, or an exponent is not whole."""
    if any(name is None or not float(exponent).is_integer() or abs(exponent) > 9 for name, exponent in named):
        return ""
    kept = [(name, round(exponent)) for name, exponent in named if name and exponent]
    above = "*".join(name if power == 1 else f"{name}^{power}" for name, power in kept if power > 0)
    below = "".join(f"/{name}" if power == -1 else f"/{name}^{-power}" for name, power in kept if power < 0)
    return f"{above or '1'}{below}" if below else above


def _molar(parts: tuple[Part, ...]) -> list[Part]:
    """Return the parts with moles per litre as one."""
    moles = [own for own in parts if own[0] == "mole"]
    litres = [own for own in parts if own[0] in {"litre", "liter"}]
    if len(moles) == 1 and len(litres) == 1 and moles[0][2] == -litres[0][2]:
        concentration = ("molar", moles[0][1] / litres[0][1], moles[0][2])
        others = [own for own in parts if own not in (moles[0], litres[0])]
        return [concentration, *others] if concentration[2] > 0 else [*others, concentration]
    return list(parts)
