"""``python -m tests.claims.record [ID ...] [--ways] [--sweep] [--suggest]``: record what every claim gives, for review.

One file per entry in docs/catalogue/results, as `migralab check ID --json` writes it, without what is another in each
run. Each claim is judged in its own tier. Ways, sweeps and suggestions are kept as they are unless they are asked for.

``--suggest [--seeds N]`` judges nothing anew: it runs every arm under each explanation of an entry, compares every two,
and keeps ``"suggest": [{"between": [A, B], "seeds": N, "compared": rows, "rows": [...]}]``. A row
is that of ``migralab suggest ID --json``; kept are the best of three arms that tell the two apart, else the nearest.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from dataclasses import asdict
from itertools import combinations
from pathlib import Path
from typing import Any

from migralab.catalog.catalog import entry_ids, load
from migralab.checks.check import Checked, Scope, check_all
from migralab.checks.suggest import suggest_each
from migralab.checks.table import dump, to_document
from migralab.core.errors import RequestError
from migralab.spec.experiment import Experiment

RESULTS = Path(__file__).resolve().parents[2] / "docs" / "catalogue" / "results"
SEEDS = 20
AGAIN = "python -m tests.claims.record"
PARTS = ("claims", "estimates", "ways", "entries")
DESCRIBED = ("statement", "grade", "role", "source", "claim_note", "discriminating_arm", "discriminating_label")
ARMS_KEPT = 3


def read(entry: str) -> dict[str, Any]:
    """Return the record of an entry; FileNotFoundError with the command that makes it."""
    path = RESULTS / f"{entry}.json"
    if not path.is_file():
        raise FileNotFoundError(f"there is no record of {entry}; make it: {AGAIN} {entry}")
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def scopes(experiment: Experiment, *, ways: bool = False, sweep: bool = False) -> list[Scope]:
    """Return how the claims of an entry are judged: those of the fast tier, then those of the full one."""
    full = tuple(claim.id for claim in experiment.claims if claim.tier == "full")
    found = [Scope(seeds=SEEDS, ways=ways, sweep="key" if sweep else "none")]
    return [*found, Scope(seeds=SEEDS, tier="full", claims=full, ways=ways)] if full else found


def merged(experiment: Experiment, parts: list[Checked], old: dict[str, Any]) -> dict[str, Any]:
    """Return the record: the claims of both tiers in the order of the entry, and what is kept of the old one."""
    documents = [to_document([part], timed=False) for part in parts]
    order = {claim.id: index for index, claim in enumerate(experiment.claims)}
    new = {name: [row for own in documents for row in own[name]] for name in ("claims", "estimates", "ways")}
    new["claims"].sort(key=lambda row: order[row["id"]])
    kept = {name: new[name] or old.get(name, []) for name in ("estimates", "ways")}
    kept["ways"] = [as_written(row, new["claims"]) for row in kept["ways"] if row["id"] in order]
    dishes = sum(own["entries"][experiment.id]["dishes"] for own in documents)
    tier = "fast" if len(parts) == 1 else "full"
    entries = {experiment.id: {"seeds": SEEDS, "tier": tier, "dishes": dishes}}
    suggested = {"suggest": old["suggest"]} if old.get("suggest") else {}
    return {"claims": new["claims"], **kept, **suggested, "entries": entries}


def as_written(row: dict[str, Any], claims: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a row that is kept, with the words and the grade that its claim has today."""
    claim = next((own for own in claims if own["id"] == row["id"]), {})
    return row | {name: claim[name] for name in DESCRIBED if name in claim}


def changes(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """Return what a reviewer must see: verdicts that are not what they were."""
    before = {row["id"]: row["verdict"] for row in old.get("claims", [])}
    after = {row["id"]: row["verdict"] for row in new["claims"]}
    names = dict.fromkeys([*before, *after])
    return [
        f"{name}: {before.get(name, 'new')} -> {after.get(name, 'gone')}"
        for name in names
        if before.get(name) != after.get(name)
    ]


def record(entry: str, *, ways: bool, sweep: bool, workers: int) -> list[str]:
    """Judge an entry, write its record, and return the verdicts that changed."""
    file = load(entry)
    name = file.experiment.id
    parts = [part for scope in scopes(file.experiment, ways=ways, sweep=sweep)
             for part in check_all([file], scope, workers=workers)]  # fmt: skip
    path = RESULTS / f"{name}.json"
    old = read(name) if path.is_file() else {}
    new = merged(file.experiment, parts, old)
    RESULTS.mkdir(parents=True, exist_ok=True)
    path.write_text(dump(new), encoding="utf-8")
    return changes(old, new)


def suggestions(experiment: Experiment, *, seeds: int, workers: int) -> list[dict[str, Any]]:
    """Return the arms that tell every two explanations of an entry apart."""
    pairs = list(combinations(experiment.explanations, 2))
    try:
        each = suggest_each(experiment, pairs, seeds=seeds, workers=workers)
    except RequestError as error:
        return [{"between": pair, "seeds": seeds, "rows": [], "problem": str(error)} for pair in pairs]
    found = []
    for pair, own in zip(pairs, (finite(asdict(suggestion)) for suggestion in each), strict=True):
        rows = own.pop("rows")
        more = {key: own[key] for key in ("identical", "apart_in_control", "impossible", "skipped") if own.get(key)}
        found.append({"between": pair, "seeds": seeds, "compared": len(rows), "rows": best(rows)} | more)
    return found


def best(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the first row of each of the first arms that tell accounts apart, else the nearest row."""
    by_arm: dict[str, dict[str, Any]] = {}
    for row in rows:
        if row["separates"]:
            by_arm.setdefault(row["arm"], row)
    return list(by_arm.values())[:ARMS_KEPT] or rows[:1]


def finite(value: Any) -> Any:
    """Return a plain value in which what is not finite is None."""
    if isinstance(value, dict):
        return {key: finite(own) for key, own in value.items()}
    if isinstance(value, list | tuple):
        return [finite(own) for own in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def record_suggestions(entry: str, *, seeds: int, workers: int) -> list[str]:
    """Write the suggestions into the record of an entry, which must be there, and return the best arm of each pair."""
    experiment = load(entry).experiment
    found = suggestions(experiment, seeds=seeds, workers=workers)
    document = read(experiment.id)
    entries = document.pop("entries", {})
    document |= {"suggest": found} if found else {}
    path = RESULTS / f"{experiment.id}.json"
    path.write_text(dump(document | {"entries": entries}), encoding="utf-8")
    return [f"{' or '.join(own['between'])}: {own['rows'][0]['arm'] if own['rows'] else 'none'}" for own in found]


def main() -> None:
    """Record the entries that are named, or all."""
    parser = argparse.ArgumentParser(prog=AGAIN, description=__doc__)
    parser.add_argument("entries", nargs="*")
    parser.add_argument("--ways", action="store_true", help="put claims to the ways of signalling anew")
    parser.add_argument("--sweep", action="store_true", help="halve and double the key estimates anew")
    parser.add_argument("--suggest", action="store_true", help="only: which arm tells explanations apart")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="dishes an arm, for --suggest")
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    for entry in asked.entries or entry_ids():
        if asked.suggest:
            lines = record_suggestions(entry, seeds=asked.seeds, workers=asked.workers)
        else:
            lines = record(entry, ways=asked.ways, sweep=asked.sweep, workers=asked.workers)
        sys.stdout.write(f"{entry}: {'; '.join(lines) or 'as it was'}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
