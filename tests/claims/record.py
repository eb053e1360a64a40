"""``python -m tests.claims.record [ID ...] [--ways] [--sweep]``: record what every claim gives, for review.

One file per entry in docs/catalogue/results, as `migralab check ID --json` writes it, without what is another in each
run. Each claim is judged in its own tier. Ways and sweeps are kept as they are unless they are asked for.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from migralab.catalog.catalog import entry_ids, load
from migralab.checks.check import Checked, Scope, check_all
from migralab.checks.table import dump, to_document
from migralab.spec.experiment import Experiment

RESULTS = Path(__file__).resolve().parents[2] / "docs" / "catalogue" / "results"
SEEDS = 20
AGAIN = "python -m tests.claims.record"
PARTS = ("claims", "estimates", "ways", "entries")


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
    kept["ways"] = [row for row in kept["ways"] if row["id"] in order]
    dishes = sum(own["entries"][experiment.id]["dishes"] for own in documents)
    tier = "fast" if len(parts) == 1 else "full"
    entries = {experiment.id: {"seeds": SEEDS, "tier": tier, "dishes": dishes}}
    return {"claims": new["claims"], **kept, "entries": entries}


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


def main() -> None:
    """Record the entries that are named, or all."""
    parser = argparse.ArgumentParser(prog=AGAIN, description=__doc__)
    parser.add_argument("entries", nargs="*")
    parser.add_argument("--ways", action="store_true", help="put claims to the ways of signalling anew")
    parser.add_argument("--sweep", action="store_true", help="halve and double the key estimates anew")
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    for entry in asked.entries or entry_ids():
        lines = record(entry, ways=asked.ways, sweep=asked.sweep, workers=asked.workers)
        sys.stdout.write(f"{entry}: {'; '.join(lines) or 'as it was'}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
