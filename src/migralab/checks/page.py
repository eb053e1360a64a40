"""Verdicts as a Markdown page: what was predicted first, what failed shown as failing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from migralab.checks.table import VerdictChange, score
from migralab.checks.verdict import Verdict, seen

_GROUPS = (
    ("predicted", "Predicted", "No number here set a parameter. These count."),
    (
        "consequence",
        "Consequences that nobody has measured",
        "They follow from the mechanism; no paper tests them yet.",
    ),
    ("calibrated", "Calibrated", "Each of these numbers set a parameter; that they come out is no success."),
    ("by-construction", "By construction", "They follow from a sign that someone typed, and score nothing."),
)
_WORDS = {"pass": "pass", "fail": "**FAIL**", "inconclusive": "inconclusive", "none": "not judged"}


def to_markdown(
    verdicts: Sequence[Verdict], *, changes: Sequence[VerdictChange] = (), swept: Sequence[str] = ()
) -> str:
    """Return a page with the verdict on every claim, and the estimates on which verdicts hang.

    Parameters
    ----------
    changes, swept
        Verdicts that change when an estimate is halved or doubled, and what was tried.
    """
    seeds = max((v.seeds for v in verdicts), default=0)
    lines = [
        "# Verdicts",
        "",
        f"Made by `migralab check ... --page`; {seeds} dishes an arm, intervals of 95 % over dishes.",
        f"{score(verdicts)}.",
        "Only predicted claims count; a failing one is shown failing, by how much, and is not tuned.",
    ]
    for role, title, meaning in _GROUPS:
        rows = [v for v in verdicts if v.role == role and v.verdict != "none"]
        if rows:
            lines += ["", f"## {title}", meaning, "", *_table(rows)]
    if unjudged := [v for v in verdicts if v.verdict == "none"]:
        lines += ["", "## Not judged", "The model can express them; no published arm tests them (T3).", ""]
        lines += [_unjudged(v) for v in unjudged]
    if swept:
        lines += ["", "## What hangs on an estimate", *_changes(changes, swept)]
    return "\n".join(lines) + "\n"


def _table(verdicts: Iterable[Verdict]) -> list[str]:
    rows = ["| claim | verdict | observed | expected | grade | source |", "|---|---|---|---|---|---|"]
    for v in verdicts:
        off = f" by {v.by_how_much:+.2g}" if v.verdict == "fail" and v.by_how_much else ""
        word = _WORDS[v.verdict] + off
        rows.append(
            f"| {_cell(v.statement)} | {word} | {seen(v)} | {_cell(v.expected)} | {v.grade} | {_cell(v.source)} |"
        )
    return rows


def _unjudged(v: Verdict) -> str:
    """Return what is seen of a claim that gets no verdict, and which experiment would decide."""
    parts = [f"- {v.statement} ({v.source})"]
    if v.observed is not None:
        parts.append(f"observed {seen(v)}, if it holds {v.expected}")
    if v.discriminating_arm:
        label = f" ({v.discriminating_label})" if v.discriminating_label else ""
        parts.append(f"would decide: `{v.discriminating_arm}`{label}")
    if v.claim_note:
        parts.append(v.claim_note)
    return "; ".join(parts)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _changes(changes: Sequence[VerdictChange], swept: Sequence[str]) -> list[str]:
    lines = [
        f"{len(swept)} changes were tried: each estimate with a stated range, halved and doubled, in every arm.",
        f"{len(changes)} verdicts change; of a claim without a verdict, whether what is measured would speak for it.",
        "",
    ]
    if not changes:
        return lines
    lines += ["| change | claim | role | verdict | observed |", "|---|---|---|---|---|"]
    for c in changes:
        observed = " to ".join("none" if x is None else f"{x:.3g}" for x in (c.observed_before, c.observed_after))
        lines.append(f"| {c.change} | {c.id} | {c.role} | {c.before} → {c.after} | {observed} |")
    return lines
