"""The overview of the catalogue: systems by verdict, grade and role; what is explained, what fails, what is open."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from migralab.catalog.status import STATUS
from migralab.report.catalogue.entry_page import MADE, WORKING_NOTES, cites_notes
from migralab.report.catalogue.markdown import cell, line, observed, table, verdict
from migralab.report.catalogue.results import ROLES, Judged, Results, counted, judged_claims
from migralab.report.catalogue.sections.deciding import deciding_cell
from migralab.report.catalogue.sections.words import expected, listed
from migralab.report.catalogue.ways import WAYS, summary, ways_table
from migralab.spec.experiment import Experiment

_COLUMNS = (
    ("predicted", "T1"), ("predicted", "T2"), ("consequence", "T1"), ("consequence", "T2"), ("calibrated", "T1"),
    ("calibrated", "T2"), ("by-construction", "by-construction"),
)  # fmt: skip
_ROLES = {
    "predicted": "predicted",
    "consequence": "nobody has measured it",
    "calibrated": "calibrated",
    "by-construction": "by construction",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """An entry, its results, and its claims with their verdicts."""

    experiment: Experiment
    results: Results
    claims: Sequence[Judged]

    @property
    def link(self) -> str:
        """The entry's page."""
        return f"[{self.experiment.id}]({self.experiment.id}.md)"


def system(experiment: Experiment, results: Results) -> System:
    """Return an entry together with its results."""
    return System(experiment=experiment, results=results, claims=judged_claims(experiment, results))


def overview(systems: Sequence[System]) -> str:
    """Return the overview as Markdown."""
    parts = [_head(systems), _explained(systems), _failing(systems), _undecided(systems), _ways(systems)]
    parts += [_rivals(systems), _counts(systems)]
    if any(cites_notes(own.experiment.model_dump_json()) for own in systems):
        parts.append([WORKING_NOTES])
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def _head(systems: Sequence[System]) -> list[str]:
    every = [claim for own in systems for claim in own.claims]
    waiting = [own.experiment.id for own in systems if not own.results.judged]
    lines = [
        MADE,
        "# The catalogue",
        "",
        f"{len(systems)} published systems, each as it can be run and checked: causal graph, arms, numbers with their "
        "sources, claims that can fail. A page each.",
        f"Predicted: {counted(every, 'predicted')}. Not yet measured by anyone: {counted(every, 'consequence')}. "
        f"Calibrated: {counted(every, 'calibrated')}. By construction: {counted(every, 'by-construction')}. "
        f"Not judged, no published arm tests it: {sum(c.claim.grade == 'T3' for c in every)}.",
        "Only predicted claims are success or failure. A failing one is shown failing and is not tuned.",
    ]
    for status in dict.fromkeys(own.experiment.status for own in systems):
        count = sum(own.experiment.status == status for own in systems)
        lines.append(f"{count} of {len(systems)} entries are **{STATUS[status]}**.")
    if waiting:
        lines.append(f"Not yet judged: {', '.join(waiting)}.")
    return lines


def _counts(systems: Iterable[System]) -> list[str]:
    rows = []
    for own in systems:
        e = own.experiment
        counts = (_count(own, role, grade) for role, grade in _COLUMNS)
        open_ones = sum(c.claim.grade == "T3" for c in own.claims)
        rows.append((own.link, cell(e.title), e.status, len(e.arms), *counts, open_ones or ""))
    head = ("system", "what", "status", "arms", *(f"{_ROLES[role]} {grade}" for role, grade in _COLUMNS[:-1]))
    lines = ["## Systems by verdict, grade and role"]
    lines.append(
        "T1: a sourced number must be hit. T2: a sign, order, rescue or equivalence. T3: no published arm tests it. "
        "What nobody has measured follows from the mechanism, and is no success until someone does. "
        "Calibrated: the number set a parameter."
    )
    return [*lines, "", *table((*head, "by construction", "not judged (T3)"), rows)]


def _count(own: System, role: str, grade: str) -> str:
    text = counted(own.claims, role, grade)
    return "" if text == "–" else text


def _ways(systems: Iterable[System]) -> list[str]:
    there = [own for own in systems if own.experiment.signalling is not None]
    if not there:
        return []
    rows = [(own.link, *(_way(own, way) for way in WAYS)) for own in there]
    lines = [
        "## The scientific result of the project: by which way can a migrasome signal?",
        "The same system is run with its signal free in the medium, bound to the matrix, kept on the migrasome, or "
        "delivered by uptake, with what a migrasome carries and with the most that it could carry. A way *holds* if "
        "all claims put to it pass as carried, *only at the most* if they pass at the upper end of the load; a claim "
        "that needs an arm which a way cannot have is *impossible* under it.",
        "",
        *table(("system", *WAYS), rows),
    ]
    for own in there:
        lines += ["", f"### {line(own.experiment.title)}", f"{own.link}; as carried → at the most."]
        lines += ["", *ways_table(own.experiment, own.results)]
    return lines


def _way(own: System, way: str) -> str:
    ways = own.experiment.signalling
    return summary(own.results, way) if ways is not None and way in ways.ways else "–"


def _explained(systems: Iterable[System]) -> list[str]:
    rows = []
    for own in systems:
        good = [c for c in own.claims if c.role == "predicted" and c.verdict == "pass"]
        if good:
            rows.append((own.link, "<br>".join(f"{cell(c.claim.statement)}: {observed(c)}" for c in good)))
    lines = ["## What is explained", "Predicted claims that pass: no number here set a parameter."]
    return [*lines, "", *table(("system", "claims"), rows)] if rows else []


def _failing(systems: Iterable[System]) -> list[str]:
    failed = [(own, c) for own in systems for c in own.claims if c.verdict == "fail"]
    rows = [
        (
            own.link,
            f"{cell(c.claim.statement)} (`{c.claim.id}`)",
            _ROLES.get(c.role, c.role),
            verdict(c),
            observed(c),
            cell(expected(c)),
        )
        for own, c in sorted(failed, key=lambda pair: ROLES.index(pair[1].role))
    ]
    lines = ["## What fails", "Why, and what would have to be true, stands on the page of each system."]
    return [*lines, "", *table(("system", "claim", "role", "verdict", "observed", "expected"), rows)] if rows else []


def _undecided(systems: Iterable[System]) -> list[str]:
    rows = []
    for own in systems:
        there = [c for c in own.claims if c.claim.grade == "T3"]
        rivals = [f"`{name}`" for name in own.experiment.explanations]
        if there or rivals:
            said = [cell(c.claim.statement) for c in there]
            said += [f"which account holds: {listed(rivals)}"] if rivals else []
            rows.append((own.link, "<br>".join(said), deciding_cell(own.experiment, own.results, own.claims)))
    lines = ["## What published arms cannot decide, and which arm would"]
    lines.append(
        "Not judged (T3): the model can express it, and no published arm tests it; and rival accounts. The last column "
        "has the cheapest arm that tells two accounts apart, published or proposed, what is measured, and the "
        "replicates that it needs: dishes on their own, or pairs (at least)."
    )
    return [*lines, "", *table(("system", "what stays open", "which arm would decide"), rows)] if rows else []


def _rivals(systems: Iterable[System]) -> list[str]:
    rows = []
    for own in systems:
        accounts = [f"`{name}`: {cell(rival.statement)}" for name, rival in own.experiment.explanations.items()]
        if accounts:
            rows.append((own.link, "<br>".join(accounts)))
    lines = ["## Rival explanations", "Each holds in every arm of its system, the control too."]
    return [*lines, "", *table(("system", "explanations"), rows)] if rows else []
