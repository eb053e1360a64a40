"""A verdict on a claim, and the rules by which an estimate becomes one.

The rules, for a 95 % interval over dishes:

- **within** [low, high] (interval, ratio, rescue, exponent, equivalence): pass if the whole interval lies
  inside, fail if the whole interval lies outside, else inconclusive. For an equivalence this is the two
  one-sided tests (TOST) at 2.5 % each, stricter than the usual 5 %.
- **direction** (sign, order): pass if the effect is at least the least effect and the interval is clear of
  0, fail if the whole interval lies below the least effect, else inconclusive.

No verdict rests on fewer than 20 seeds for T2, nor on fewer than 2 for T1.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal

from migralab.checks.estimate import Estimate

Outcome = Literal["pass", "fail", "inconclusive", "none", "impossible"]
LEAST_SEEDS = 20
MINUTES_ENOUGH = 120  # from here on hours are told, too
NOT_NEGATIVE = re.compile(r"at most|(every step )?ratio at")  # expected of counts, shares and ratios of them


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of a claim.

    Parameters
    ----------
    entry, id, statement, grade, role, source
        From the claim; `role` is ``by-construction`` where it holds by construction, and ``consequence`` for what
        the model predicts and no paper has measured.
    verdict
        ``none`` where the claim cannot be judged (T3); it is measured all the same where it has a comparison.
        ``impossible`` only under a way of signalling in which an arm of the claim cannot be done.
    observed, interval
        Estimate and its 95 % interval, in `unit`; None where there is none.
    expected
        What passes, in words; `expected_low` and `expected_high` are its limits.
    by_how_much
        How far `observed` lies beyond the nearest limit, signed; 0 within.
    effect
        Relative change between the arms that are compared (0.5 is half more); None for other comparisons.
    seeds
        Number of dishes per arm.
    share_of_laboratories
        Share of simulated laboratories with the published n and spread that would have seen the effect, with
        the t-test on pooled cells; `share_per_experiment` with the t-test on the means of experiments.
    method, note
        How it was estimated; what the reader must know.
    tier
        ``full`` where the claim needs more than the fast tier runs.
    discriminating_arm, discriminating_label
        Arm whose outcome follows from the mechanism; of a T3 claim, the experiment that would decide.
    claim_note
        What the entry says about the claim.
    """

    entry: str
    id: str
    statement: str
    grade: str
    role: str
    verdict: Outcome
    source: str
    observed: float | None = None
    interval: tuple[float, float] | None = None
    unit: str = ""
    expected: str = ""
    expected_low: float | None = None
    expected_high: float | None = None
    by_how_much: float | None = None
    effect: float | None = None
    seeds: int = 0
    share_of_laboratories: float | None = None
    share_per_experiment: float | None = None
    method: str = ""
    note: str = ""
    tier: str = "fast"
    discriminating_arm: str | None = None
    discriminating_label: str = ""
    claim_note: str = ""

    @property
    def scores(self) -> bool:
        """Whether it counts as success or failure of the model: judged, and predicted."""
        return self.role == "predicted" and self.verdict in ("pass", "fail")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a comparison found, before it is joined with its claim."""

    outcome: Outcome
    estimate: Estimate | None = None
    expected: str = ""
    low: float | None = None
    high: float | None = None
    effect: float | None = None
    note: str = ""

    @property
    def beyond(self) -> float | None:
        """How far the estimate lies beyond the nearest limit, signed; 0 within."""
        if self.estimate is None or math.isnan(self.estimate.value):
            return None
        value = self.estimate.value
        if self.high is not None and value > self.high:
            return value - self.high
        if self.low is not None and value < self.low:
            return value - self.low
        return 0.0


def number(value: float) -> str:
    """Return three digits, without an exponent from 0.001 to 100 000."""
    if value == 0 or not math.isfinite(value) or not 1e-3 <= abs(value) < 1e5:
        return f"{value:.3g}"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    text = f"{value:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def span(interval: tuple[float, float] | None) -> str:
    """Return an interval as it is written behind its value."""
    if interval is None:
        return ""
    if math.isinf(interval[0]) and math.isinf(interval[1]):
        return ", no limits"
    return f" [{number(interval[0])}, {number(interval[1])}]"


def seen(v: Verdict) -> str:
    """Return in words what was observed, with its unit; of a time order, which of the two came first."""
    if v.observed is None:
        return "no value"
    unit = f" {v.unit}" if v.unit else ""
    if v.unit == "min" and abs(v.observed) >= MINUTES_ENOUGH:
        unit += f" ({number(abs(v.observed) / 60)} h)"
    before, first, rest = v.expected.partition(" first, ")
    after, later, _ = rest.partition(" later")
    if first and later:
        order = (before, after) if v.observed >= 0 else (after, before)
        return f"{order[0]} first, {order[1]} {number(abs(v.observed))}{unit} later{_turned(v)}"
    interval = v.interval
    if interval is not None and v.observed >= 0 and math.isfinite(interval[0]) and NOT_NEGATIVE.match(v.expected):
        interval = (max(0.0, interval[0]), interval[1])  # Student's and Fieller's intervals know no bound
    return f"{number(v.observed)}{unit}{span(interval)}"


def _turned(v: Verdict) -> str:
    if v.interval is None or v.observed is None or v.observed >= 0:
        return span(v.interval)
    return span((-v.interval[1], -v.interval[0]))


def judge_within(estimate: Estimate, low: float, high: float) -> Outcome:
    """Return pass, fail or inconclusive for an interval that must lie in [low, high]."""
    if math.isnan(estimate.value) or estimate.n < 2:
        return "inconclusive"
    if low <= estimate.low and estimate.high <= high:
        return "pass"
    return "fail" if estimate.high < low or estimate.low > high else "inconclusive"


def judge_direction(effect: Estimate, least: float) -> Outcome:
    """Return pass, fail or inconclusive for an effect in the claimed direction that must reach `least`."""
    if math.isnan(effect.value) or effect.n < 2:
        return "inconclusive"
    if effect.value >= least and effect.low > 0:
        return "pass"
    return "fail" if effect.high < least else "inconclusive"
