"""Numbers and ids as a reader at the bench would write them."""

from __future__ import annotations

import math
import re
from typing import Any

from migralab.core.errors import RequestError, UnknownIdError
from migralab.measure import Readout
from migralab.measure.registry import find_observable
from migralab.spec.parameter import TAG_MEANING

_UNITS = {
    "1/cell": "per cell", "1/100um": "per 100 µm", "1/mm^2": "per mm²", "um/cell": "µm per cell", "um/min": "µm/min",
    "1/cell/h": "per cell and hour", "deg": "°",
}  # fmt: skip
_POWERS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
TAGS = TAG_MEANING


def unit(text: str) -> str:
    """Return a unit for people: ``um^2/s`` as ``µm²/s``."""
    if text in _UNITS:
        return _UNITS[text]
    shown = re.sub(r"\^(-?\d+)", lambda found: found.group(1).translate(_POWERS), text)
    return re.sub(r"\bu(?=[mgMlLNs])", "µ", shown).replace("*", "·")


def prose(text: object) -> str:
    """Return text with µ where units were typed with u: ``10 ug/ml`` becomes ``10 µg/ml``."""
    return re.sub(r"\bu(?=(?:m|g|l|M|N)(?:\b|\d))", "µ", str(text))


def number(value: Any, digits: int = 3) -> str:  # whatever a table holds
    """Return a number with `digits` significant digits; a dash where there is none."""
    if value is None or isinstance(value, str):
        return value or "–"
    value = float(value)
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    shown = f"{value:.{digits}g}"
    if "e" in shown:
        mantissa, power = shown.split("e")
        if -4 <= int(power) <= 6:
            shown = f"{float(shown):.{max(0, digits - 1 - int(power))}f}"
        else:
            shown = ("" if mantissa == "1" else f"{mantissa} × ") + "10" + str(int(power)).translate(_POWERS)
    return shown.replace("-", "−")


def interval(low: Any, high: Any) -> str:  # whatever a table holds
    """Return an interval, or nothing where there is none."""
    ends = [float("nan") if end is None else float(end) for end in (low, high)]
    return "" if any(map(math.isnan, ends)) else f"{number(ends[0])} to {number(ends[1])}"


def value_with_interval(readout: Readout, *, with_unit: bool = True) -> str:
    """Return ``3.5 per cell (3.1 to 3.9)``."""
    if not readout.known:
        return "not known"
    word = unit(readout.unit) if with_unit else ""
    reach = interval(readout.low, readout.high)
    return f"{number(readout.value)}{' ' + word if word else ''}" + (f" ({reach})" if reach else "")


def replicates(readout: Readout) -> str:
    """Return what an interval is over: ``n = 6 dishes``."""
    words = {"experiments": ("dish", "dishes"), "cells": ("cell", "cells")}
    word = words.get(readout.n_unit, (readout.n_unit,) * 2)[readout.n != 1]
    return f"n = {readout.n} {word}"


def explain_interval(readout: Readout) -> str:
    """Return what n and the bars of a readout are, as a sentence for a caption."""
    if math.isnan(readout.low):
        return f"{replicates(readout)}; no interval over dishes can be given."
    over = "over dishes" if readout.n_unit == "experiments" else "over the cells of this one dish"
    return f"{replicates(readout)}; bars are {readout.confidence:.0%} intervals {over}."


def description(key: str) -> str:
    """Return what a readout is, as a sentence without a full stop."""
    try:
        asked = find_observable(key)
    except (UnknownIdError, RequestError):
        return prose(key[:1].upper() + key[1:])
    text = asked.observable.description + (f", {asked.population}" if asked.population else "")
    return prose(text[:1].upper() + text[1:])


def beyond(row: dict[str, Any]) -> str:
    """Return by how much a claim misses its limits, in words."""
    by = row.get("by_how_much")
    if by is None or not math.isfinite(float(by)) or float(by) == 0:
        return ""
    word = unit(str(row.get("unit", "")))
    amount = f"{number(abs(float(by)))}{' ' + word if word else ''}"
    return f"{amount} {'above the upper' if float(by) > 0 else 'below the lower'} limit"
