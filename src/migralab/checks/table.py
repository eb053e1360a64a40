"""Verdicts as a table: rows for JSON, the score, and the verdicts that change when an estimate does."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from migralab.checks.verdict import Outcome, Verdict

if TYPE_CHECKING:
    from migralab.checks.check import Checked
    from migralab.checks.ways import WayVerdict

Standing = Outcome | Literal["for", "not for"]


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
        Verdicts; of a claim that is not judged (T3), ``for`` where what is measured lies within what would speak for
        it, else ``not for``.
    observed_before, observed_after
        Estimates.
    """

    change: str
    entry: str
    id: str
    role: str
    before: Standing
    after: Standing
    observed_before: float | None
    observed_after: float | None


def to_rows(verdicts: Iterable[Verdict]) -> list[dict[str, Any]]:
    """Return one plain dictionary per verdict; what is not finite becomes None."""
    return [{name: _finite(value) for name, value in asdict(verdict).items()} for verdict in verdicts]


def to_json(verdicts: Iterable[Verdict]) -> str:
    """Return ``{"claims": [...]}`` as strict JSON."""
    return json.dumps({"claims": to_rows(verdicts)}, indent=2, ensure_ascii=False, allow_nan=False)


def to_document(checked: Iterable[Checked], *, timed: bool = True) -> dict[str, Any]:
    """Return all that was found as one plain dictionary.

    ``claims`` has one row per verdict, ``estimates`` what was halved and doubled by entry, ``ways`` one row per
    claim, way and load, ``entries`` how each entry was run.

    Parameters
    ----------
    timed
        With the time that it took, which is another one in each run.
    """
    checked = list(checked)
    return {
        "claims": [row for own in checked for row in to_rows(own.verdicts)],
        "estimates": [
            {
                "entry": own.entry,
                "swept": list(own.swept),
                "changes": [{key: _finite(value) for key, value in asdict(change).items()} for change in own.changes],
                "impossible": list(own.refused),
            }
            for own in checked
            if own.swept or own.refused
        ],
        "ways": [row for own in checked for row in _way_rows(own.ways)],
        "entries": {
            own.entry: {
                "seeds": own.scope.seeds,
                "tier": own.scope.tier,
                "dishes": own.dishes,
                **({"cpu_s": round(own.cpu_s, 2)} if timed else {}),
            }
            for own in checked
        },
    }


def _way_rows(verdicts: Iterable[WayVerdict]) -> list[dict[str, Any]]:
    from migralab.checks.ways import cells, result_of

    return [
        {"way": own.way, "load": own.load, "result": result_of(both), **to_rows([own.verdict])[0]}
        for both in cells(verdicts).values()
        for own in both
    ]


def dump(document: Mapping[str, Any]) -> str:
    """Return a document as strict JSON."""
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def summary(verdicts: Iterable[Verdict]) -> list[str]:
    """Return one line per entry, pass/fail/inconclusive by role, and a last one for all."""
    by_entry: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        by_entry.setdefault(verdict.entry, []).append(verdict)
    names = ("predicted", "consequences", "calibrated")
    width = max([len("entry"), *map(len, by_entry)])
    lines = [
        f"{'entry':<{width}}  " + "  ".join(f"{name:>12}" for name in (*names, "construction", "not judged")),
        f"{'':<{width}}  " + "  ".join(f"{'pass/fail/?':>12}" for _ in names),
    ]
    rows = [*by_entry.items(), ("all", [v for own in by_entry.values() for v in own])]
    for entry, own in rows:
        counts = score(own)
        groups = (counts.predicted, counts.consequence, counts.calibrated)
        shown = ["/".join(str(group[outcome]) for outcome in group) for group in groups]
        broken = sum(v.role == "by-construction" and v.verdict == "fail" for v in own)
        shown += [f"{counts.by_construction}{f', {broken} FAIL' if broken else ''}", str(counts.not_judged)]
        lines.append(f"{entry:<{width}}  " + "  ".join(f"{text:>12}" for text in shown))
    return lines


def score(verdicts: Iterable[Verdict]) -> Score:
    """Count verdicts by role."""
    counts: dict[str, dict[Outcome, int]] = {
        role: {"pass": 0, "fail": 0, "inconclusive": 0} for role in ("predicted", "calibrated", "consequence")
    }
    constructed = unjudged = 0
    for verdict in verdicts:
        if verdict.verdict in ("none", "impossible"):
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
    """Return the verdicts that differ from the base when an estimate is changed, and what T3 claims would say.

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
            before=_standing(before[after.entry, after.id]),
            after=_standing(after),
            observed_before=before[after.entry, after.id].observed,
            observed_after=after.observed,
        )
        for change, verdicts in by_change.items()
        for after in verdicts
        if (after.entry, after.id) in before and _standing(before[after.entry, after.id]) != _standing(after)
    )


def _standing(verdict: Verdict) -> Standing:
    if verdict.verdict != "none" or verdict.observed is None:
        return verdict.verdict
    low = -math.inf if verdict.expected_low is None else verdict.expected_low
    high = math.inf if verdict.expected_high is None else verdict.expected_high
    return "for" if low <= verdict.observed <= high else "not for"


def _finite(value: Any) -> Any:  # any value of a verdict
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, tuple):
        return [_finite(item) for item in value]
    return value
