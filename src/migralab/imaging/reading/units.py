"""Lengths and times as image files write them, in um and min."""

from __future__ import annotations

_TO_UM = {
    "m": 1e6, "cm": 1e4, "mm": 1e3, "um": 1.0, "micron": 1.0, "microns": 1.0, "micrometer": 1.0,
    "micrometers": 1.0, "micrometre": 1.0, "nm": 1e-3, "nanometer": 1e-3, "nanometre": 1e-3, "pm": 1e-6,
    "angstrom": 1e-4, "å": 1e-4, "centimeter": 1e4, "millimeter": 1e3, "meter": 1e6,
}  # fmt: skip
_TO_MIN = {
    "ns": 1 / 6e10, "us": 1 / 6e7, "microsecond": 1 / 6e7, "ms": 1 / 6e4, "msec": 1 / 6e4, "millisecond": 1 / 6e4,
    "s": 1 / 60.0, "sec": 1 / 60.0, "second": 1 / 60.0, "seconds": 1 / 60.0, "min": 1.0, "minute": 1.0, "h": 60.0,
    "hr": 60.0, "hour": 60.0, "d": 1440.0, "day": 1440.0,
}  # fmt: skip


def length_um(unit: str) -> float | None:
    """Return the um in a unit of length; None where the word is no length (``pixel``, empty, ``inch``).

    Inches are not taken: they stand in files that were made for a printer and say nothing of the specimen.
    """
    return _TO_UM.get(_plain(unit))


def time_min(unit: str) -> float | None:
    """Return the min in a unit of time; None where the word is no time."""
    return _TO_MIN.get(_plain(unit))


def as_number(value: object) -> float | None:
    """Return a number that may be a text; None where it is none, infinite or not above zero."""
    try:
        number = float(str(value))
    except ValueError:
        return None
    return number if 0 < number < float("inf") else None


def _plain(unit: str) -> str:
    # ImageJ escapes the micro sign, some programs write its UTF-8 bytes as Latin-1
    for sign in ("\\u00B5", "\\u00b5", "Âµ", "µ", "μ"):
        unit = unit.replace(sign, "u")
    return unit.strip().strip("\x00").lower()
