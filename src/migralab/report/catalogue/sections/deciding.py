"""Which experiment would decide between rival accounts, and at what price, as `tests/claims/record.py` recorded it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from migralab.report.catalogue.markdown import cell, line, table
from migralab.report.catalogue.results import Judged, Results
from migralab.report.catalogue.sections.words import listed, readout_words, span, unit_words
from migralab.spec.experiment import Experiment

SHOWN = 3
_NONE = "none of the arms, published or proposed"


def best_rows(part: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the arms that tell two accounts apart, the cheapest first; one row an arm."""
    rows: dict[str, Mapping[str, Any]] = {}
    for row in part.get("rows") or ():
        if row.get("separates"):
            rows.setdefault(str(row.get("arm")), row)
    return list(rows.values())[:SHOWN]


def deciding_line(e: Experiment, results: Results, claims: Sequence[Judged]) -> str:
    """Return what stands at the top of the page: the arm that would decide, and the replicates that it needs."""
    said = _from_suggestions(results) or _from_claims(e, claims)
    return f"**Would decide.** {said}" if said else ""


def deciding_cell(e: Experiment, results: Results, claims: Sequence[Judged]) -> str:
    """Return the same for a cell of the overview."""
    return cell(
        "<br>".join(_briefly(part) for part in results.suggest) or _from_claims(e, claims) or _unknown(e)
    ).replace("&lt;br>", "<br>")


def deciding_section(e: Experiment, results: Results, claims: Sequence[Judged]) -> list[str]:
    """Return the part of the page; nothing where the entry has no rival accounts."""
    if not e.explanations:
        return []
    lines = ["## What would decide"]
    if not results.suggest:
        noted = [c for c in claims if c.claim.grade == "T3" and c.claim.discriminating_arm is not None]
        if not noted:
            return [*lines, f"Not yet computed: `migralab suggest {e.id}` ranks the arms."]
        lines += [f"The entry says it; `migralab suggest {e.id}` ranks all arms, with the replicates that each needs."]
        return [*lines, "", *(f"- {_arm(e, c)}." + (f" {line(c.claim.note)}" if c.claim.note else "") for c in noted)]
    seeds = max(int(part.get("seeds") or 0) for part in results.suggest)
    lines.append(
        f"Every arm was run under two accounts, {seeds} dishes each (`migralab suggest {e.id}`). Shown are the "
        "cheapest that tell them apart. Dishes: of the arm, and as many of its reference, if each is an experiment of "
        "its own (t-test at 5 %, 80 % power). Pairs: at least so many experiments with both arms. Effects rest on the "
        "numbers of this page, estimates too."
    )
    for part in results.suggest:
        lines += ["", *_pair(part)]
    return lines


def _pair(part: Mapping[str, Any]) -> list[str]:
    first, second = _between(part)
    if problem := part.get("problem"):
        return [f"**`{first}` or `{second}`**: {line(problem)}"]
    rows = best_rows(part)
    lines = [f"**`{first}` or `{second}`**"]
    if part.get("identical"):
        return [f"{lines[0]}: every dish is the same under both, so nothing that is measured here tells them apart."]
    if not rows:
        nearest = next(iter(part.get("rows") or ()), None)
        said = f"{lines[0]}: {_NONE}, tells them apart by a fifth at least and by more than chance."
        if nearest is not None:
            effects = listed([f"{span(own)} under `{name}`" for name, own in nearest["expected"].items()], "and")
            said += f" The nearest: `{nearest['arm']}`, {line(readout_words(nearest['readout']))}, {_scale(nearest)} "
            said += f"{effects}."
        return [said]
    head = ("arm", "against", "what is measured", f"under `{first}`", f"under `{second}`", "dishes", "pairs")
    body = [
        (
            f"`{row['arm']}`" + (f": {cell(row['label'])}" if row.get("label") else "")
            + (" **proposed: no paper has it**" if row.get("proposed") else ""),
            f"`{row['against']}`", f"{cell(readout_words(row['readout']))} ({_scale(row)})",
            *(cell(span((row.get("expected") or {}).get(name))) for name in (first, second)),
            _many(row.get("replicates")), _many(row.get("replicates_paired")),
        )
        for row in rows
    ]  # fmt: skip
    lines += ["", *table(head, body)]
    if apart := part.get("apart_in_control"):
        lines += ["", f"The control itself differs between the two in: {line(listed(_words(apart), 'and'))}."]
    return lines


def _words(readouts: Sequence[object]) -> list[str]:
    return [readout_words(str(readout)) for readout in readouts]


def _from_suggestions(results: Results) -> str:
    return " ".join(f"{_briefly(part)}." for part in results.suggest)


def _briefly(part: Mapping[str, Any]) -> str:
    first, second = _between(part)
    rows = best_rows(part)
    if not rows:
        return f"`{first}` or `{second}`: {_NONE}"
    row = rows[0]
    label = f" ({line(row['label'])})" if row.get("label") else ""
    needs = f"{_many(row.get('replicates'))} dishes or {_many(row.get('replicates_paired'))} pairs"
    kind = "proposed" if row.get("proposed") else "published"
    return f"`{first}` or `{second}`: arm `{row['arm']}`{label}, {kind}; {line(readout_words(row['readout']))}; {needs}"


def _from_claims(e: Experiment, claims: Sequence[Judged]) -> str:
    arms = {c.claim.discriminating_arm: c for c in claims if c.claim.grade == "T3" and c.claim.discriminating_arm}
    return "; ".join(_arm(e, c) for c in arms.values())


def _arm(e: Experiment, c: Judged) -> str:
    arm = e.arm(str(c.claim.discriminating_arm))
    kind = "proposed" if arm.proposed else "published"
    return f"arm `{arm.id}`" + (f" ({line(arm.label)})" if arm.label else "") + f", {kind}"


def _unknown(e: Experiment) -> str:
    return "not yet computed" if e.explanations else ""


def _between(part: Mapping[str, Any]) -> tuple[str, str]:
    first, second = part.get("between") or ("", "")
    return str(first), str(second)


def _scale(row: Mapping[str, Any]) -> str:
    if row.get("all_or_nothing"):
        return "ratio; all or nothing"
    if str(row.get("scale")).startswith("log-ratio"):
        return "ratio"
    if row.get("scale") == "difference":
        unit = unit_words(str(row.get("unit") or ""))
        return f"difference, {unit}" if unit else "difference"
    return str(row.get("scale") or "").replace("-", " ")


def _many(count: object) -> str:
    return "more than 10,000" if count is None else str(count)
