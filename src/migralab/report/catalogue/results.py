"""Results of an entry as the checks write them: verdicts on claims, estimates that verdicts hang on, ways."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from migralab.core.errors import RequestError
from migralab.spec.claim import Claim
from migralab.spec.experiment import Experiment

Row = Mapping[str, Any]  # of a JSON file

ROLES = ("predicted", "consequence", "calibrated", "by-construction")
OUTCOMES = ("pass", "fail", "inconclusive")
NOT_YET = "not yet judged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """What was found for one entry.

    Parameters
    ----------
    claims
        Rows by claim; empty if the entry was not judged yet.
    estimates
        Rows with what was swept and the verdicts that change.
    ways
        Rows by way, load and claim.
    suggest
        By pair of explanations: the arms that tell them apart, as ``tests/claims/record.py --suggest`` keeps them.
    """

    claims: Mapping[str, Row] = field(default_factory=dict)
    estimates: tuple[Row, ...] = ()
    ways: tuple[Row, ...] = ()
    suggest: tuple[Row, ...] = ()

    @property
    def judged(self) -> bool:
        """Whether there is any verdict."""
        return bool(self.claims)

    @property
    def seeds(self) -> int:
        """Most dishes an arm behind a verdict."""
        return max((int(row.get("seeds") or 0) for row in self.claims.values()), default=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A claim of an entry and what became of it; ``not yet judged`` where no result names it."""

    claim: Claim
    role: str
    verdict: str
    row: Row

    @property
    def observed(self) -> float | None:
        """Estimate, None where there is none."""
        value = self.row.get("observed")
        return None if value is None else float(value)

    @property
    def interval(self) -> tuple[float, float] | None:
        """95 % interval, None where it has no limits."""
        ends = self.row.get("interval")
        if not ends or any(end is None for end in ends):
            return None
        return float(ends[0]), float(ends[1])


def read_results(folder: Path | None, entry: str) -> Results:
    """Return the results of an entry from ``folder/entry.json``; without such a file it is not yet judged.

    Raises
    ------
    RequestError
        If the file is no such JSON.
    """
    path = None if folder is None else folder / f"{entry}.json"
    if path is None or not path.is_file():
        return Results()
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        claims = {str(row["id"]): row for row in content["claims"]}
        of_entry = [row for row in content.get("estimates") or () if row.get("entry", entry) == entry]
        ways = [row for row in content.get("ways") or () if row.get("entry", entry) == entry]
        suggest = [row for row in content.get("suggest") or () if len(row["between"]) == len(("first", "second"))]
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise RequestError(
            f"{path} is no result of a check ({type(error).__name__}: {error}). "
            'It holds {"claims": [...], "estimates": [...], "ways": [...], "suggest": [...]}.'
        ) from None
    return Results(claims=claims, estimates=tuple(of_entry), ways=tuple(ways), suggest=tuple(suggest))


def judged_claims(experiment: Experiment, results: Results) -> list[Judged]:
    """Return every claim of the entry with its verdict, in the order of the entry."""
    found = []
    for claim in experiment.claims:
        row = results.claims.get(claim.id, {})
        waiting = NOT_YET if claim.tier == "fast" else f"{NOT_YET} (full tier)"
        verdict = "not judged" if claim.grade == "T3" else str(row.get("verdict") or waiting)
        found.append(Judged(claim=claim, role=claim.standing, verdict=verdict, row=row))
    return found


def counted(claims: Iterable[Judged], role: str, grade: str | None = None) -> str:
    """Return how claims of a role came out: ``3 pass, 1 **FAIL**``; a dash where there are none."""
    there = [c for c in claims if c.role == role and c.claim.grade not in ("T3", *((None,) if grade is None else ()))]
    there = [c for c in there if grade is None or c.claim.grade == grade]
    words = {"pass": "pass", "fail": "**FAIL**", "inconclusive": "inconclusive", NOT_YET: NOT_YET}
    counts = {key: sum(c.verdict.startswith(key) for c in there) for key in words}
    return ", ".join(f"{n} {words[key]}" for key, n in counts.items() if n) or "–"
