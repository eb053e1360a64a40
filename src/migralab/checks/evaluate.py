"""Claims and the readouts of every arm, dish by dish, in; verdicts out. Pure: no files, no simulation."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from migralab.checks.compare import find
from migralab.checks.laboratory import share_of_laboratories
from migralab.checks.verdict import LEAST_SEEDS, Finding, Verdict
from migralab.core import units as unit_of
from migralab.core.errors import RequestError, UnknownIdError
from migralab.spec.claim import Claim, Comparison, Interval, Order, Ratio, Sign, TimeOrder
from migralab.spec.experiment import Experiment

Floats = NDArray[np.float64]
Values = Mapping[str, Mapping[str, Floats]]
"""Readouts by arm and id: one array over seeds, the same seeds in the same order in every arm."""

UNTESTED = "T3: it can be expressed, but no published arm tests it"
MOST_MISSING = 0.1  # dishes without a value are not a random choice of dishes


def judge_all(
    experiment: Experiment,
    values: Values,
    *,
    claims: Iterable[Claim] | None = None,
    units: Mapping[str, str] | None = None,
) -> tuple[Verdict, ...]:
    """Return the verdict on every claim of an experiment, or on those given, in their order. See `judge`."""
    labels = {arm.id: arm.label for arm in experiment.arms}
    chosen = experiment.claims if claims is None else claims
    return tuple(judge(experiment.id, claim, values, units=units, labels=labels) for claim in chosen)


def judge(
    entry: str,
    claim: Claim,
    values: Values,
    *,
    units: Mapping[str, str] | None = None,
    labels: Mapping[str, str] | None = None,
) -> Verdict:
    """Judge one claim. What is T3 is measured where its arms were run, and gets no verdict.

    Parameters
    ----------
    entry
        Id of the experiment.
    claim
        What is claimed.
    values
        Readouts by arm and id, arrays over seeds; the same seeds in the same order in every arm. NaN
        where a dish has no value.
    units
        Unit of every readout; needed where a claim states its numbers in a unit.
    labels
        What the arms are called, to name the one that would decide.

    Raises
    ------
    UnknownIdError
        If an arm or a readout of the claim is not in `values`.
    RequestError
        If arms have different numbers of seeds, or a unit does not fit.
    """
    if claim.comparison is None or (claim.grade == "T3" and not set(claim.comparison.arms) <= set(values)):
        return _verdict(entry, claim, Finding(outcome="none", note=UNTESTED), labels=labels)
    samples, seeds = _collect(claim.comparison, values, units or {})
    if isinstance(claim.comparison, TimeOrder):
        samples = _bounded_times(samples)
    kept = np.isfinite(samples).all(axis=(0, 1))
    finding = find(_with_unit(claim.comparison, units or {}), samples[:, :, kept])
    finding = _hold_back(finding, claim, seeds, int(kept.sum()))
    if claim.grade == "T3":
        finding = replace(finding, outcome="none", note="; ".join(part for part in (UNTESTED, finding.note) if part))
    unit = _with_unit(claim.comparison, units or {}).unit
    return _verdict(entry, claim, finding, labels=labels, unit=unit, **_laboratory(claim, samples[:, 0, kept]))


def _bounded_times(samples: Floats) -> Floats:
    """Return times in which an event that never came counts as no earlier than any that did.

    A dish where the later event came and the earlier never did speaks against the order; left out, it would speak for
    nothing. The last time seen in any dish is a bound that favours neither side. Where neither came nothing is known.
    """
    seen = np.isfinite(samples)
    if not seen.any():
        return samples
    one_of_two = seen.any(axis=1, keepdims=True) & ~seen
    return np.where(one_of_two, samples[seen].max(), samples)


def impossible(entry: str, claim: Claim, why: str) -> Verdict:
    """Return the verdict on a claim whose arms cannot be done, for example under one way of signalling."""
    return _verdict(entry, claim, Finding(outcome="impossible", note=why))


def _collect(comparison: Comparison, values: Values, units: Mapping[str, str]) -> tuple[Floats, int]:
    """Return the readouts of a comparison, shape (arms, readouts, seeds), in the comparison's unit."""
    rows = []
    for arm in comparison.arms:
        if arm not in values:
            raise UnknownIdError("arm with results", arm, values)
        for readout in comparison.readouts:
            if readout not in values[arm]:
                raise UnknownIdError(f"readout of arm '{arm}'", readout, values[arm])
            rows.append(np.asarray(values[arm][readout], np.float64) * _factor(comparison.unit, units.get(readout)))
    lengths = {len(row) for row in rows}
    if len(lengths) > 1:
        raise RequestError(
            f"The arms {', '.join(comparison.arms)} have different numbers of seeds ({sorted(lengths)}). "
            "Run the same seeds in every arm."
        )
    return np.stack(rows).reshape(len(comparison.arms), len(comparison.readouts), -1), lengths.pop()


def _with_unit(comparison: Comparison, units: Mapping[str, str]) -> Comparison:
    """Return the comparison with the unit of its readout, where it states none and its numbers have one."""
    if comparison.unit or not isinstance(comparison, Interval | TimeOrder):
        return comparison
    return comparison.model_copy(update={"unit": units.get(comparison.readout, "")})


def _factor(wanted: str, got: str | None) -> float:
    if not wanted or got is None or wanted == got:
        return 1.0
    return unit_of.to_internal(1.0, got, like=wanted) / unit_of.to_internal(1.0, wanted)


def _hold_back(finding: Finding, claim: Claim, seeds: int, used: int) -> Finding:
    """Turn a verdict that rests on too little into inconclusive, and say why."""
    reasons = [finding.note] if finding.note else []
    short = False
    if used < seeds:
        reasons.append(f"{seeds - used} of {seeds} seeds have no value")
        short = seeds - used > MOST_MISSING * seeds
    if claim.grade == "T2" and used < LEAST_SEEDS:
        reasons.append(f"{used} of {LEAST_SEEDS} seeds")
        short = True
    elif used < 2:
        reasons.append("one seed has no interval")
        short = True
    return replace(finding, outcome="inconclusive" if short else finding.outcome, note="; ".join(reasons))


def _laboratory(claim: Claim, samples: Floats) -> dict[str, Any]:
    """Return the shares of laboratories that would have seen it; of an order, for its weakest step."""
    comparison = claim.comparison
    if claim.laboratory is None or samples.shape[1] == 0:
        return {}
    means = samples.mean(axis=1)
    if isinstance(comparison, Sign | Ratio):
        pairs = [(means[1], means[0])]
    elif isinstance(comparison, Order):
        pairs = list(pairwise(means))
    else:
        return {}
    increase = comparison.direction == "increase" if isinstance(comparison, Sign | Order) else means[0] > means[1]
    shares = [
        share_of_laboratories(claim.laboratory, reference=float(a), changed=float(b), increase=bool(increase))
        for a, b in pairs
    ]
    weakest = min(shares, key=lambda share: share.pooled)
    return {"share_of_laboratories": weakest.pooled, "share_per_experiment": weakest.per_experiment}


def _verdict(
    entry: str, claim: Claim, finding: Finding, *, labels: Mapping[str, str] | None = None, **shares: Any
) -> Verdict:  # shares are passed on
    estimate = finding.estimate
    known = estimate is not None and not math.isnan(estimate.value)
    return Verdict(
        entry=entry,
        id=claim.id,
        statement=claim.statement,
        grade=claim.grade,
        role=claim.standing,
        verdict=finding.outcome,
        source=str(claim.source),
        observed=estimate.value if estimate and known else None,
        interval=(estimate.low, estimate.high) if estimate and known and estimate.n > 1 else None,
        expected=finding.expected,
        expected_low=finding.low,
        expected_high=finding.high,
        by_how_much=None if finding.outcome == "none" else finding.beyond,
        effect=finding.effect,
        seeds=estimate.n if estimate else 0,
        method=estimate.method if estimate else "",
        note=finding.note,
        tier=claim.tier,
        discriminating_arm=claim.discriminating_arm,
        discriminating_label=(labels or {}).get(claim.discriminating_arm or "", ""),
        claim_note=claim.note,
        **shares,
    )
