"""The page of one entry: question, graph, numbers, arms, explanations, verdicts, doubts and references."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from migralab.catalog.status import STATUS
from migralab.report.catalogue.markdown import (
    VERDICTS,
    cell,
    cited,
    line,
    observed,
    paragraphs,
    reach,
    reference,
    table,
    value,
    verdict,
)
from migralab.report.catalogue.numbers import numbers_of
from migralab.report.catalogue.results import Judged, Results, counted, judged_claims
from migralab.report.catalogue.sections.deciding import deciding_line, deciding_section
from migralab.report.catalogue.sections.words import expected, measured, short
from migralab.report.catalogue.ways import ways_section
from migralab.spec.arms.arm import Arm
from migralab.spec.arms.variant import Variant
from migralab.spec.bibtex import BibEntry
from migralab.spec.experiment import Experiment
from migralab.spec.parameter import TAG_MEANING

MADE = (
    "<!-- Made by `make catalogue` (migralab catalogue docs/catalogue) from the entry and its results: not by hand. -->"
)
_GROUPS = (
    ("predicted", "Predicted", "No number here set a parameter. These count."),
    (
        "consequence",
        "Consequences that nobody has measured",
        "They follow from the mechanism; no success until someone measures them.",
    ),
    ("calibrated", "Calibrated", "Each of these numbers set a parameter; that they come out is no success."),
    ("by-construction", "By construction", "They follow from a sign that someone typed, and score nothing."),
)
WORKING_NOTES = (
    "Sources `systems.md`, `model-notes` and `effects` are working notes from which the entries were "
    "written; they are not in the repository."
)
_CITES_NOTES = re.compile(r"\bsystems\.md\b|\bmodel-notes\b|\beffects\.(?:md|csv)\b")
_LEANINGS = {"for": "would speak for it", "not for": "would not"}
_ORDER = {"fail": 0, "inconclusive": 1, "pass": 2}


def entry_page(experiment: Experiment, results: Results, references: Mapping[str, BibEntry]) -> str:
    """Return the page of an entry as Markdown.

    Parameters
    ----------
    references
        What the entry rests on, by key.
    """
    claims = judged_claims(experiment, results)
    parts = [
        _head(experiment, results, claims),
        _graph(experiment),
        _numbers(experiment),
        _rules(experiment),
        _arms(experiment),
        _explanations(experiment),
        deciding_section(experiment, results, claims),
        _verdicts(experiment, results, claims),
        _undecided(experiment, claims),
        ways_section(experiment, results),
        _estimates(experiment, results),
    ]
    if cites_notes("\n".join(text for part in parts for text in part)):
        parts.append([WORKING_NOTES])
    parts.append(["## References", *(reference(references[key]) for key in references)])
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def cites_notes(text: str) -> bool:
    """Whether a page names working notes that nobody outside can open."""
    return _CITES_NOTES.search(text) is not None


def _head(e: Experiment, results: Results, claims: list[Judged]) -> list[str]:
    lines = [MADE, f"# {line(e.title)}", "", f"`{e.id}`. **{STATUS[e.status].capitalize()}.** [All systems](index.md)."]
    lines += ["", f"**Question.** {line(e.question)}", ""]
    if results.judged:
        lines.append(
            f"**Verdicts** ({results.seeds} dishes an arm): predicted: {counted(claims, 'predicted')}; "
            f"nobody has measured it: {counted(claims, 'consequence')}; calibrated: {counted(claims, 'calibrated')}; "
            f"by construction: {counted(claims, 'by-construction')}; "
            f"not judged, no published arm tests it: {sum(c.claim.grade == 'T3' for c in claims)}."
        )
    else:
        lines.append("**Verdicts**: not yet judged.")
    if said := deciding_line(e, results, claims):
        lines += ["", said]
    if e.note:
        lines += ["", *paragraphs(e.note, "**What to know.** ")]
    d = e.dish
    lines += ["", f"**Dish.** {d.cells} cells ({d.population}), {d.duration}, step {d.step}, seeded at {d.density}"]
    lines[-1] += f", {d.geometry.kind}."
    for name, own in e.populations.items():
        lines[-1] += f" {own.cells} {name}" + (f" ({line(own.label)})" if own.label else "") + f" from {own.enters}."
    lines += ["", f"Try it: `migralab show {e.id}`, `migralab run {e.id}`, `migralab check {e.id}`."]
    return lines


def _graph(e: Experiment) -> list[str]:
    if not e.graph:
        return []
    arms: dict[str, list[str]] = {}
    for arm in e.arms:
        if arm.edge is not None:
            arms.setdefault(arm.edge, []).append(f"{arm.id}\\*" if arm.proposed else arm.id)
    ends = {"+": "raises", "-": "lowers", "?": "?"}
    rows = [
        (
            f"{cell(x.source)} → {cell(x.target)}", ends[x.sign], x.evidence, cited(x.cite), x.cite.tag,
            cell(", ".join(arms.get(x.name, []))),
        )
        for x in e.graph
    ]  # fmt: skip
    head = ("arrow", "sign", "evidence", "source", "tag", "arms (\\* proposed)")
    return ["## Causal graph", f"![Causal graph of {e.id}](graphs/{e.id}.svg)", "", *table(head, rows)]


def _numbers(e: Experiment) -> list[str]:
    used: dict[str, None] = {}
    rows = []
    for n in numbers_of(e):
        p = n.parameter
        used[p.source.tag] = None
        where = "" if n.where.startswith("all cells") else cell(n.where)
        default = "" if n.default is None else str(n.default)
        what = f"`{n.quantity}`" + (f": {cell(n.description)}" if n.description else "")
        rows.append((what, where, value(p), reach(p), default, p.source.tag, cited(p.source) + _note(p.note)))
    if not rows:
        return []
    tags = "; ".join(f"{tag} {TAG_MEANING[tag]}" for tag in TAG_MEANING if tag in used)
    fitted = [n for n in numbers_of(e) if n.parameter.calibrated_on]
    lines = ["## Numbers that differ from the defaults", f"Tags: {tags}. All others are the mechanisms' own."]
    if fitted:
        lines.append(
            "\\* set by a published result: "
            + "; ".join(f"`{n.path}` by {line(n.parameter.calibrated_on)}" for n in fitted)
            + "."
        )
    else:
        lines.append("None was set by a result of this system.")
    return [*lines, "", *table(("parameter", "where", "value", "range", "default", "tag", "source"), rows)]


def _note(note: str) -> str:
    return f"; {cell(note)}" if note else ""


def _rules(e: Experiment) -> list[str]:
    rows = [
        (name, cell(rule) + ("\\*" if rule.calibrated_on else ""), rule.source.tag, cited(rule.source))
        for name, rule in e.rules.items()
    ]
    return ["## Rules of cells", *table(("rule", "sentence", "tag", "source"), rows)] if rows else []


def changes_of(part: Arm | Variant) -> list[str]:
    """Return in words what an arm, an explanation or a way changes."""
    changes = [f"{path} = {p}" for path, p in part.changes.items()]
    changes += [f"{new} instead of {old}" for old, new in part.replaces.items()]
    changes += [f"without {name}" for name in part.without]
    return changes + [f"rule {name}: {text or 'off'}" for name, text in part.rules.items()]


def _arms(e: Experiment) -> list[str]:
    rows = []
    for arm in e.arms:
        name = f"`{arm.id}`" + (" **proposed**" if arm.proposed else "")
        against = "control" if arm.control else e.reference_of(arm.id).id
        words = "; ".join(part for part in (arm.label, arm.note) if part)
        edge = "" if arm.edge is None else cell(arm.edge.replace("->", "→"))
        rows.append((name, cell(words), edge, cell("; ".join(changes_of(arm))), against))
    lines = ["## Arms", "Each touches one arrow. An arm marked as proposed stands in no paper; the model can run it."]
    return [*lines, "", *table(("arm", "what", "arrow", "change", "against"), rows)]


def _explanations(e: Experiment) -> list[str]:
    if not e.explanations:
        return []
    rows = [
        (f"`{name}`", cell(own.statement), cell("; ".join(changes_of(own)) or "the entry as it stands"), cell(own.note))
        for name, own in e.explanations.items()
    ]
    said = "Rival accounts. Each holds in every arm at once, the control too."
    return ["## Explanations", said, "", *table(("explanation", "holds that", "in every arm", "note"), rows)]


def _verdicts(e: Experiment, results: Results, claims: list[Judged]) -> list[str]:
    there = [c for c in claims if c.claim.grade != "T3"]
    if not there:
        return []
    lines = ["## Claims and verdicts"]
    if any(c.observed is not None for c in claims):
        lines += [f"![Verdicts of {e.id}: observed against expected](figures/{e.id}.svg)", ""]
    if results.judged:
        lines.append("Intervals of 95 % over dishes. Failing claims stand first; none was tuned.")
    else:
        lines.append("Not yet judged.")
    for role, title, meaning in _GROUPS:
        group = sorted((c for c in there if c.role == role), key=lambda c: _ORDER.get(c.verdict, 3))
        if group:
            head = ("claim", "verdict", "observed", "expected", "what is measured", "grade", "labs", "source")
            lines += ["", f"### {title}", meaning, "", *table(head, map(_claim, group))]
            lines += _accounts(group)
    return lines


def _claim(c: Judged) -> tuple[str, ...]:
    share = c.row.get("share_of_laboratories")
    return (
        f"{cell(c.claim.statement)} (`{c.claim.id}`)", verdict(c), observed(c), cell(expected(c)),
        cell(measured(c)), c.claim.grade, "" if share is None else f"{share:.0%}", cell(c.claim.source),
    )  # fmt: skip


def _accounts(group: Iterable[Judged]) -> list[str]:
    """Return what the entry and the check say of claims, those that did not pass first."""
    said = []
    for c in group:
        words = "; ".join(dict.fromkeys(text for text in (c.claim.note, str(c.row.get("note") or "")) if text))
        if words:
            said.append(f"- `{c.claim.id}`: {line(words)}")
    return ["", *said] if said else []


def _undecided(e: Experiment, claims: list[Judged]) -> list[str]:
    there = [c for c in claims if c.claim.grade == "T3"]
    if not there:
        return []
    lines = ["## What published arms cannot decide", "Not judged: no published arm tests it (T3)."]
    for c in there:
        said = f"- **{line(c.claim.statement)}** (`{c.claim.id}`; {line(c.claim.source)})."
        if c.claim.discriminating_arm is not None:
            arm = e.arm(c.claim.discriminating_arm).label
            said += (
                f" *What would decide:* arm `{c.claim.discriminating_arm}`" + (f", {line(arm)}" if arm else "") + "."
            )
        if c.claim.note:
            said += f" {line(c.claim.note)}"
        if c.observed is not None:
            said += f" Measured in the model: {cell(measured(c))}: {observed(c)}" + _against(c) + "."
        lines.append(said)
    return lines


def _against(c: Judged) -> str:
    wanted = expected(c)
    return f" where {line(wanted)} would speak for it" if wanted else ""


def _estimates(e: Experiment, results: Results) -> list[str]:
    if not results.estimates:
        words = ", ".join(f"`{path}`" for path in e.key_estimates)
        return ["## What hangs on an estimate", f"Not yet swept: {words}."] if words else []
    swept = dict.fromkeys(name for row in results.estimates for name in _names(row.get("swept")))
    changes = [change for row in results.estimates for change in row.get("changes") or ()]
    leaning = sum(change.get("before") in _LEANINGS for change in changes)
    judged = len(changes) - leaning
    lines = [
        "## What hangs on an estimate",
        f"{len(swept)} changes were tried, each an estimate halved or doubled in every arm; "
        f"{judged} {'verdict changes' if judged == 1 else 'verdicts change'}. "
        + (f"{leaning} times a claim without a verdict crosses the limit that would speak for it. " if leaning else "")
        + (
            "Of the claims with a verdict, what is not listed holds over the range from half to double."
            if any(claim.grade != "T3" for claim in e.claims)
            else "No claim of this entry has a verdict that could change."
        ),
    ]
    grouped: dict[str, list[Mapping[str, Any]]] = {name: [] for name in swept}
    for change in changes:
        grouped.setdefault(str(change.get("change")), []).append(change)
    rows = [(f"`{name}`", "; ".join(_changed(row) for row in found) or "none") for name, found in grouped.items()]
    return [*lines, "", *table(("change", "what changes"), rows)]


def _names(swept: object) -> Iterator[str]:
    if isinstance(swept, str):
        yield swept
    elif isinstance(swept, Iterable):
        yield from map(str, swept)


def _changed(row: Mapping[str, Any]) -> str:
    words = [(VERDICTS | _LEANINGS).get(str(row.get(key)), str(row.get(key))) for key in ("before", "after")]
    numbers = [short(row.get(f"observed_{key}")) for key in ("before", "after")]
    return f"{cell(row.get('id'))}: {words[0]} → {words[1]} ({numbers[0]} → {numbers[1]})"
