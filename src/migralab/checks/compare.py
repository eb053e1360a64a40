"""One function per kind of comparison, from the arms' readouts to a finding. Rules: `checks.verdict`."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from migralab.checks.estimate import (
    CONFIDENCE,
    Estimate,
    estimate_exponent,
    estimate_mean,
    estimate_quotient,
    estimate_ratio,
)
from migralab.checks.verdict import LEAST_SEEDS, Finding, Outcome, judge_direction, judge_within, number
from migralab.spec.claim import (
    LEAST_EFFECT,
    Comparison,
    Equivalence,
    Exponent,
    Interval,
    Order,
    Ratio,
    Rescue,
    Sign,
    TimeOrder,
)

Floats = NDArray[np.float64]


def find(comparison: Comparison, samples: Floats) -> Finding:
    """Return what a comparison finds.

    Parameters
    ----------
    comparison
        What is compared, and what passes.
    samples
        Readouts without gaps, shape (arms, readouts, seeds), in the comparison's unit.
    """
    finder: Callable[[Any, Floats], Finding] = _FINDERS[comparison.kind]
    return finder(comparison, samples)


def _find_interval(comparison: Interval, samples: Floats) -> Finding:
    return _bounded(estimate_mean(samples[0, 0]), comparison.low, comparison.high, comparison.unit)


def _find_ratio(comparison: Ratio, samples: Floats) -> Finding:
    ratio = estimate_ratio(samples[0, 0], samples[1, 0])
    return _bounded(ratio, comparison.low, comparison.high, effect=ratio.value - 1.0)


def _find_equivalence(comparison: Equivalence, samples: Floats) -> Finding:
    ratio = estimate_ratio(samples[0, 0], samples[1, 0])
    high = 1.0 + comparison.margin
    found = _bounded(ratio, 1.0 / high, high, effect=ratio.value - 1.0)
    means = samples[:, 0].mean(axis=1) if samples.shape[2] else np.full(2, np.nan)
    if comparison.floor is not None and (means < comparison.floor).all():
        note = f"both arms lie below {comparison.floor:g}: so little cannot fall, and no difference says nothing"
        return replace(found, outcome="inconclusive", note=note)
    return found


def _find_rescue(comparison: Rescue, samples: Floats) -> Finding:
    control, mutant, rescued = samples[:, 0]
    share = estimate_quotient(rescued - mutant, control - mutant)
    found = _bounded(share, comparison.low, comparison.high)
    if math.isinf(share.low) and share.n > 1:
        loss = estimate_ratio(mutant, control)
        small = loss.low <= 1.0 <= loss.high or abs(loss.value - 1.0) < LEAST_EFFECT
        if small and share.n >= LEAST_SEEDS:
            note = (
                "the mutant does not differ from the control clearly and by a fifth, so nothing is there to be rescued"
            )
        else:
            note = f"the mutant's loss is not clear of 0 in {share.n} dishes, so its rescued share has no limits"
            note += "; more --seeds" if share.n < LEAST_SEEDS else ""
        return replace(found, outcome="inconclusive", note=note)
    return found


def _find_exponent(comparison: Exponent, samples: Floats) -> Finding:
    values = samples[:, 0]
    expected = _range(comparison.low, comparison.high)
    if values.shape[1] == 0 or values.min() <= 0:
        note = "a dish has a readout of 0, which has no logarithm"
        return Finding(outcome="inconclusive", expected=expected, low=comparison.low, high=comparison.high, note=note)
    return _bounded(estimate_exponent(comparison.doses, list(values)), comparison.low, comparison.high)


def _find_sign(comparison: Sign, samples: Floats) -> Finding:
    ratio, effect = _directed(samples[0, 0], samples[1, 0], comparison.direction)
    least = comparison.least_effect
    low, high = _limits(comparison.direction, least)
    return Finding(
        outcome=judge_direction(effect, least),
        estimate=ratio,
        expected=_direction(comparison.direction, least),
        low=low,
        high=high,
        effect=ratio.value - 1.0,
        note=_no_reference(ratio),
    )


def _find_order(comparison: Order, samples: Floats) -> Finding:
    """All steps must pass; one that fails, fails the order (its interval widened for the number of steps)."""
    least, steps = comparison.least_effect, len(comparison.arms) - 1
    widened = 1.0 - (1.0 - CONFIDENCE) / steps
    found: list[tuple[Estimate, Estimate, str, str]] = []
    for index, (before, after) in enumerate(pairwise(samples[:, 0])):
        ratio, effect = _directed(after, before, comparison.direction)
        outcome = judge_direction(effect, least)
        if outcome == "fail":
            _, wide = _directed(after, before, comparison.direction, widened)
            outcome = judge_direction(wide, least)
        name = f"{comparison.arms[index + 1]}/{comparison.arms[index]} {ratio.value:.3g} {outcome}"
        found.append((ratio, effect, outcome, name))
    outcomes = {outcome for _, _, outcome, _ in found}
    ratio, *_ = min(found, key=lambda step: -math.inf if math.isnan(step[1].value) else step[1].value)
    low, high = _limits(comparison.direction, least)
    return Finding(
        outcome="fail" if "fail" in outcomes else "inconclusive" if "inconclusive" in outcomes else "pass",
        estimate=ratio,
        expected=f"every step {_direction(comparison.direction, least)}",
        low=low,
        high=high,
        effect=ratio.value - 1.0,
        note="weakest step shown; " + ", ".join(name for *_, name in found),
    )


def _find_time_order(comparison: TimeOrder, samples: Floats) -> Finding:
    gap = estimate_mean(samples[0, 1] - samples[0, 0])
    least = comparison.min_gap
    outcome: Outcome = "inconclusive"
    if gap.n > 1 and not gap.low <= least <= gap.high:
        outcome = "pass" if gap.low > least else "fail"
    before, after = name_events(comparison)
    margin = f", by more than {number(least)} {comparison.unit}".rstrip() if least else ""
    expected = f"{before} first, {after} later{margin}"
    return Finding(outcome=outcome, estimate=gap, expected=expected, low=least)


def name_events(comparison: TimeOrder) -> tuple[str, str]:
    """Return the two events of a time order in short words: what tells their readouts apart."""
    before, after = comparison.readouts
    parts = [_options(name) for name in (before, after)]
    if before.partition("[")[0] == after.partition("[")[0]:
        differing = [key for key in parts[0] if parts[1].get(key, parts[0][key]) != parts[0][key]]
        if differing:
            one, two = (" ".join(own[key] for key in differing) for own in parts)
            return one, two
    return before, after


def _options(readout: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in readout.partition("[")[2].rstrip("]").split(","))
    return {key.strip(): value.strip() for key, equals, value in pairs if equals}


def _bounded(estimate: Estimate, low: float, high: float, unit: str = "", effect: float | None = None) -> Finding:
    return Finding(
        outcome=judge_within(estimate, low, high),
        estimate=estimate,
        expected=f"{_range(low, high)} {unit}".strip(),
        low=low,
        high=high,
        effect=effect,
        note=_no_reference(estimate),
    )


def _directed(
    changed: Floats, reference: Floats, direction: str, confidence: float = CONFIDENCE
) -> tuple[Estimate, Estimate]:
    """Return the ratio and the relative change in the claimed direction."""
    ratio = estimate_ratio(changed, reference, confidence)
    return ratio, ratio.moved(-1.0) if direction == "increase" else ratio.moved(1.0, -1.0)


def _limits(direction: str, least: float) -> tuple[float | None, float | None]:
    return (1.0 + least, None) if direction == "increase" else (None, 1.0 - least)


def _direction(direction: str, least: float) -> str:
    return f"ratio at least {1 + least:.3g}" if direction == "increase" else f"ratio at most {1 - least:.3g}"


def _range(low: float, high: float) -> str:
    """Return the limits; a lower one that lies a little below 0 only lets 0 in, so it is left out."""
    if low <= 0 < high and -low <= high / 4:
        return f"at most {number(high)}"
    return f"{number(low)} to {number(high)}"


def _no_reference(estimate: Estimate) -> str:
    return "the reference is not clear of 0, so the ratio has no limits" if math.isinf(estimate.low) else ""


_FINDERS: dict[str, Callable[..., Finding]] = {
    "interval": _find_interval,
    "ratio": _find_ratio,
    "sign": _find_sign,
    "order": _find_order,
    "equivalence": _find_equivalence,
    "rescue": _find_rescue,
    "time-order": _find_time_order,
    "exponent": _find_exponent,
}
