"""Verdicts as a table: rows for JSON, the score, and the verdicts that change when an estimate does."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from migralab.checks.verdict import Outcome, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How the claims came out. Only predicted claims are success or failure of the model.

    Parameters
    ----------
    predicted, calibrated, consequence
        Number of claims by verdict. A consequence is a prediction that no published number tests yet.
    by_construction, not_judged
        Claims that score nothing: they follow from a sign that someone typed, or no published arm tests them.
    """

    predicted: dict[Outcome, int]
    calibrated: dict[Outcome, int]
    consequence: dict[Outcome, int]
    by_construction: int
    not_judged: int

    def __str__(self) -> str:
        parts = [
            f"{name}: " + ", ".join(f"{counts[outcome]} {outcome}" for outcome in counts)
            for name, counts in (
                ("predicted", self.predicted),
                ("not yet measured by anyone", self.consequence),
                ("calibrated", self.calibrated),
            )
        ]
        return "; ".join([*parts, f"by construction: {self.by_construction}", f"not judged: {self.not_judged}"])


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictChange:
    """A verdict that hangs on an estimate.

    Parameters
    ----------
    change
        What was changed, for example ``biogenesis.breakage.half_age x0.5``.
    entry, id, role
        The claim.
    before, after
        Verdicts.
    observed_before, observed_after
        Estimates.
    """

    change: str
    entry: str
    id: str
    role: str
    before: Outcome
    after: Outcome
    observed_before: float | None
    observed_after: float | None


def to_rows(verdicts: Iterable[Verdict]) -> list[dict[str, Any]]:
    """Return one plain dictionary per verdict; what is not finite becomes None."""
    return [{name: _finite(value) for name, value in asdict(verdict).items()} for verdict in verdicts]


def to_json(verdicts: Iterable[Verdict]) -> str:
    """Return ``{"claims": [...]}`` as strict JSON."""
    return json.dumps({"claims": to_rows(verdicts)}, indent=2, ensure_ascii=False, allow_nan=False)


def score(verdicts: Iterable[Verdict]) -> Score:
    """Count verdicts by role."""
    counts: dict[str, dict[Outcome, int]] = {
        role: {"pass": 0, "fail": 0, "inconclusive": 0} for role in ("predicted", "calibrated", "consequence")
    }
    constructed = unjudged = 0
    for verdict in verdicts:
        if verdict.verdict == "none":
            unjudged += 1
        elif verdict.role == "by-construction":
            constructed += 1
        else:
            counts[verdict.role][verdict.verdict] += 1
    return Score(
        predicted=counts["predicted"],
        calibrated=counts["calibrated"],
        consequence=counts["consequence"],
        by_construction=constructed,
        not_judged=unjudged,
    )


def any_failed(verdicts: Iterable[Verdict]) -> bool:
    """Return whether a claim failed. One that holds by construction counts: failing, it is a broken model."""
    return any(verdict.verdict == "fail" for verdict in verdicts)


def find_sensitive(base: Iterable[Verdict], by_change: Mapping[str, Iterable[Verdict]]) -> tuple[VerdictChange, ...]:
    """Return the verdicts that differ from the base when an estimate is changed.

    Parameters
    ----------
    base
        Verdicts with the estimates as they are.
    by_change
        Verdicts on the same claims with one estimate changed, by the name of the change.
    """
    before = {(verdict.entry, verdict.id): verdict for verdict in base}
    return tuple(
        VerdictChange(
            change=change,
            entry=after.entry,
            id=after.id,
            role=after.role,
            before=before[after.entry, after.id].verdict,
            after=after.verdict,
            observed_before=before[after.entry, after.id].observed,
            observed_after=after.observed,
        )
        for change, verdicts in by_change.items()
        for after in verdicts
        if (after.entry, after.id) in before and before[after.entry, after.id].verdict != after.verdict
    )


def _finite(value: Any) -> Any:  # any value of a verdict
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, tuple):
        return [_finite(item) for item in value]
    return value
