"""Numbers, units and readouts in words: what a claim measures, what was observed, what was expected."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from migralab.core.errors import MigralabError
from migralab.measure.registry import find_observable
from migralab.report.catalogue.results import Judged
from migralab.spec.claim import Comparison

SIGNED = (
    "turning.", "order.local", "attraction.", "forward.", "alignment.to", "pathway.hysteresis", "growth.area_exponent",
)  # fmt: skip
"""Readouts that may lie below 0, by how their ids begin."""

_OBSERVER = re.compile(r"; (?:spun|seen|sections?|the diameter itself)\b.*$")
_PLAIN_NUMBERS = 1e5  # from here on with an exponent
_SPANS = {"hour": "at {} h", "over_hour": "over that at {} h", "over_min": "over {} min", "level": "of {}"}


def short(value: float | None) -> str:
    """Return a number with three digits, without an exponent where that can be read."""
    if value is None:
        return "none"
    if not math.isfinite(value) or not 1000 <= abs(value) < _PLAIN_NUMBERS:
        return f"{value:.3g}"
    step = 10.0 ** (math.floor(math.log10(abs(value))) - 2)
    return f"{round(value / step) * step:.0f}"


def unit_words(unit: str) -> str:
    """Return a unit as it is said: ``1/cell/h`` is ``per cell and h``."""
    if not unit.startswith("1/"):
        return unit
    return "per " + " and ".join(re.sub(r"^(\d+)(?=[a-z])", r"\1 ", part) for part in unit[2:].split("/"))


def readout_words(readout: str) -> str:
    """Return what a readout measures: ``albumin in urine: when it first ...``, ``speed of recipients``."""
    try:
        request = find_observable(readout)
    except MigralabError:  # a readout of an older version of the entry
        return readout
    options = {key: f"{value:g}" if isinstance(value, float) else str(value) for key, value in request.options.items()}
    words = _OBSERVER.sub("", request.observable.description)
    name = options.pop("quantity", options.pop("substance", ""))
    words = words.replace("of a quantity of a pathway", f"of {name}") if name else words
    words = words.replace("a quantity of a pathway", name) if name else words
    words = words.replace("a substance in a pool", f"{name} in {options.pop('pool', 'a pool')}") if name else words
    if "pool" in options:
        words = words.replace("a pool", options.pop("pool"))
    words = words.replace("one population", request.population or "one population")
    point = [options.pop(axis) for axis in ("x_um", "y_um") if axis in options]
    for key in ("pathway", "near_um"):
        options.pop(key, None)
    if "cutoff_um" in options:
        words = re.sub(r"share_(below|above) [\d.]+ um", rf"share_\1 {options.pop('cutoff_um')} um", words)
    words = re.sub(r"diameter, share_(below|above) (.*)", r"share with a diameter \1 \2", words)
    words = words.replace("diameter, mean", "mean diameter")
    added = [_SPANS.get(key, key + " {}").format(value) for key, value in options.items()]
    added += [f"point {', '.join(point)} um"] if point else []
    added += [request.population] if request.population else []
    return words + (f" ({', '.join(added)})" if added else "")


def unit_of(claim: Judged) -> str:
    """Return the unit of what a claim observes; empty for ratios, shares and exponents."""
    comparison = claim.claim.comparison
    if comparison is None or comparison.kind not in ("interval", "time-order"):
        return ""
    try:
        return unit_words(comparison.unit or find_observable(comparison.readout).observable.unit)
    except MigralabError:
        return ""


def measured(claim: Judged) -> str:
    """Return what is compared: the readout in words, and the arms."""
    comparison = claim.claim.comparison
    if comparison is None:
        return ""
    arms = [f"`{arm}`" for arm in comparison.arms]
    what = readout_words(comparison.readout)
    if comparison.kind == "time-order":
        return f"{_thing(comparison.later)} against {_thing(comparison.readout)}, in {arms[0]}"
    if comparison.kind == "rescue":
        return f"{what}: share of what {arms[1]} lacks against {arms[0]} that {arms[2]} has back"
    if comparison.kind in ("sign", "ratio", "equivalence"):
        return f"{what}: {arms[0]} over {arms[1]}"
    if comparison.kind == "order":
        return f"{what}: {' → '.join(arms)}"
    return f"{what}: exponent over {', '.join(arms)}" if comparison.kind == "exponent" else f"{what}, in {arms[0]}"


def seen(claim: Judged) -> str:
    """Return estimate and interval with their unit: ``1.2 [1.1, 1.3] per cell``; ``1.2, no limits``."""
    if claim.observed is None:
        return ""
    comparison, unit = claim.claim.comparison, unit_of(claim)
    if comparison is not None and comparison.kind == "time-order":
        return _gap(claim.observed, claim.interval, unit) + _no_limits(claim)
    if claim.interval is None:
        return _joined(short(claim.observed), unit) + _no_limits(claim)
    low, high = claim.interval
    low = max(low, 0.0) if claim.observed >= 0 and _never_negative(comparison) else low
    return _joined(f"{short(claim.observed)} [{short(low)}, {short(high)}]", unit)


def expected(claim: Judged) -> str:
    """Return what passes, in words and with its unit; nothing where the claim was not judged."""
    text = str(claim.row.get("expected") or "")
    comparison = claim.claim.comparison
    if not text or comparison is None:
        return text
    if comparison.kind == "time-order":
        least = f" by more than {short(comparison.min_gap)} {unit_of(claim)}" if comparison.min_gap else ""
        return f"{_thing(comparison.later)} after {_thing(comparison.readout)}{least}"
    low, high = claim.row.get("expected_low"), claim.row.get("expected_high")
    if low is None or high is None:
        return text
    what = {"ratio": "ratio ", "equivalence": "ratio ", "rescue": "share back ", "exponent": "exponent "}
    before = what.get(comparison.kind, "")
    if low < 0 < high and _never_negative(comparison):
        return _joined(f"{before}at most {short(high)}", unit_of(claim))
    return _joined(f"{before}{short(low)} to {short(high)}", unit_of(claim))


def off(claim: Judged) -> str:
    """Return by how much a failing claim is off, with its unit, and whether the direction is the wrong one."""
    by = claim.row.get("by_how_much")
    if claim.verdict != "fail" or not by:
        return ""
    comparison = claim.claim.comparison
    if comparison is not None and comparison.kind == "time-order":
        return f" by {_joined(_digits(abs(by)), unit_of(claim))}"
    way = ""
    if comparison is not None and comparison.kind in ("sign", "order") and claim.observed is not None:
        way = ", right way" if (claim.observed > 1) == (comparison.direction == "increase") else ", wrong way"
        way = ", no effect" if f"{claim.observed:.2f}" == "1.00" else way
    return f" by {_joined(('+' if by > 0 else '') + _digits(by), unit_of(claim))}{way}"


def span(estimate: object) -> str:
    """Return an estimate of a suggestion as ``1.2 [1.1, 1.3]``; a ratio to nothing is told as that."""
    if not isinstance(estimate, dict):
        return ""
    value, low, high = (estimate.get(name) for name in ("value", "low", "high"))
    if value is None:
        return "the reference has none"
    return short(value) + (", no limits" if low is None or high is None else f" [{short(low)}, {short(high)}]")


def listed(words: Sequence[str], last: str = "or") -> str:
    """Return words as in a sentence: ``a, b or c``."""
    return f" {last} ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def _digits(value: float) -> str:
    return short(value) if abs(value) >= 1000 else short(float(f"{value:.2g}"))


def _joined(number: str, unit: str) -> str:
    return f"{number} {unit}" if unit else number


def _no_limits(claim: Judged) -> str:
    return ", no limits" if claim.interval is None and claim.row.get("interval") else ""


def _gap(value: float, interval: tuple[float, float] | None, unit: str) -> str:
    sign, word = (-1.0, "earlier") if value < 0 else (1.0, "later")
    ends = "" if interval is None else f" [{', '.join(short(end) for end in sorted(sign * end for end in interval))}]"
    return _joined(f"{short(sign * value)}{ends}", unit) + f" {word}"


def _thing(readout: str) -> str:
    """Return what is awaited, of a readout that is a time."""
    words = readout_words(readout)
    return re.sub(r"^when (?:the )?", "", re.sub(r" first reaches .*$", "", words))


def _never_negative(comparison: Comparison | None) -> bool:
    return (
        comparison is not None
        and comparison.kind not in ("rescue", "exponent", "time-order")
        and not comparison.readout.startswith(SIGNED)
    )
