"""The ways in which a signal may travel: which claims hold under each, as carried and with the most that can be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from migralab.report.catalogue.markdown import VERDICTS, cell, line, table
from migralab.report.catalogue.results import Results
from migralab.report.catalogue.sections.words import short
from migralab.spec.arms.variant import Way
from migralab.spec.experiment import Experiment

WAYS = ("diffusing", "matrix", "contact", "delivered")
LOADS = {"carried": "as carried", "most": "at the most that is carried"}
_MEANING = {
    "diffusing": "free in the medium",
    "matrix": "bound to the matrix",
    "contact": "on the migrasome, by touch",
    "delivered": "taken up whole",
}


def outcome(results: Results, way: str, load: str) -> str:
    """Return what becomes of all claims under a way with a load: holds, fails, impossible, open, or nothing."""
    verdicts = [str(row.get("verdict")) for row in results.ways if row.get("way") == way and row.get("load") == load]
    if not verdicts:
        return ""
    if all(verdict == "pass" for verdict in verdicts):
        return "holds"
    for bad in ("fail", "impossible"):
        if bad in verdicts:
            return "fails" if bad == "fail" else "impossible"
    return "open"


def summary(results: Results, way: str) -> str:
    """Return in a few words whether an entry's claims can hold together under one way."""
    rows = [row for row in results.ways if row.get("way") == way]
    if not rows:
        return "not yet judged"
    carried, most = outcome(results, way, "carried"), outcome(results, way, "most")
    if carried == "holds":
        return "**holds**"
    if most == "holds":
        return "**only at the most**"
    if "impossible" in (carried, most) and "open" not in (carried, most):
        return "impossible"
    passed = _passed(rows, "most" if most else "carried")
    return f"{'open' if 'open' in (carried, most) else '**fails**'}{passed}"


def _passed(rows: Sequence[Mapping[str, Any]], load: str) -> str:
    there = [row for row in rows if row.get("load") == load]
    good = sum(row.get("verdict") == "pass" for row in there)
    return f" ({good} of {len(there)} claims pass)"


def ways_table(experiment: Experiment, results: Results) -> list[str]:
    """Return the table way x claim x load of one entry; a cell gives the verdict as carried, then at the most."""
    ways = experiment.signalling
    if ways is None:
        return []
    names = [way for way in WAYS if way in ways.ways]
    statements = {claim.id: claim.statement for claim in experiment.claims}
    rows = [
        (f"{cell(statements.get(claim, claim))} (`{claim}`)", *(_cell(results, way, claim) for way in names))
        for claim in ways.claims
    ]
    rows.append(("**all of them together**", *(summary(results, way) for way in names)))
    return table(("claim", *(f"{way}: {_MEANING[way]}" for way in names)), rows)


def _cell(results: Results, way: str, claim: str) -> str:
    said = []
    for load in LOADS:
        for row in results.ways:
            if (row.get("way"), row.get("load"), row.get("id")) == (way, load, claim):
                word = VERDICTS.get(str(row.get("verdict")), str(row.get("verdict")))
                number = row.get("observed")
                said.append(word + ("" if number is None else f" {short(number)}"))
    if len(said) == 2 and said[0] == said[1]:
        said = said[:1]
    return " → ".join(said) or "not yet judged"


def ways_section(experiment: Experiment, results: Results) -> list[str]:
    """Return the part of an entry's page about ways of signalling; nothing where it has none."""
    ways = experiment.signalling
    if ways is None:
        return []
    lines = [
        "## Ways of signalling",
        f"The entry itself is written as **{ways.base}**. Each claim is put to each way with what a migrasome carries "
        "by default, then (→) with the most that it could carry.",
        "",
        *ways_table(experiment, results),
        "",
    ]
    for name, way in ways.ways.items():
        said = f"- **{name}**" + (f": {line(way.statement)}." if way.statement else ".")
        if loads := _loads(way):
            said += f" At the most: {loads}."
        lines.append(said + (f" {line(way.note)}" if way.note else ""))
    return lines


def _loads(way: Way) -> str:
    return "; ".join(f"`{path}` = {p} ({line(p.source)})" for path, p in way.most.items())
