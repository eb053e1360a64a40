"""How verdicts, ways of signalling and sweeps read on a terminal."""

from __future__ import annotations

from collections.abc import Iterable

from migralab.checks.check import Checked
from migralab.checks.verdict import LEAST_SEEDS, Verdict, number, seen
from migralab.checks.ways import MOST, WayVerdict, cells, result_of
from migralab.cli.console import say

_SIGNS = {"pass": "pass", "fail": "FAIL", "inconclusive": "?", "none": "-", "impossible": "-"}
_GROUPS = (
    ("predicted", "Predicted: these count"),
    ("consequence", "Consequences of the mechanism that nobody has measured: no success until someone does"),
    ("calibrated", "Calibrated: the number set a parameter"),
    ("by-construction", "By construction: follows from a sign that someone typed, scores nothing"),
)
_SHORT = {
    "holds as carried": "holds",
    "holds only at the upper load": "at most",
    "does not hold even then": "never",
    "does not hold": "no",
    "inconclusive": "?",
    "impossible": "-",
    "not judged": "-",
}


def print_checked(checked: Checked, doses: dict[str, str]) -> None:
    """Print the verdict on every claim of an entry, the ways of signalling, and what hangs on an estimate."""
    say(f"{checked.entry}: {len(checked.batch.seeds)} dishes an arm; ? inconclusive (signs need {LEAST_SEEDS} dishes)")
    say("a direction counts from an effect of a fifth, or half the published one")
    for arm, note in doses.items():
        say(f"arm {arm}: {note}")
    for group, title in _GROUPS:
        rows = [v for v in checked.verdicts if v.role == group and v.verdict != "none"]
        if rows:
            say(f"\n{title}")
            for verdict in rows:
                _print_verdict(verdict)
    if unjudged := [v for v in checked.verdicts if v.verdict == "none"]:
        say("\nNot judged: no published arm tests it (T3)")
        for verdict in unjudged:
            _print_unjudged(verdict)
    if checked.ways:
        _print_ways(checked.ways)
    if checked.swept or checked.refused:
        _print_sweep(checked)


def which_way(v: Verdict) -> str:
    """Say of a failing direction whether it is the wrong one or only too small; an effect counts from a fifth."""
    if v.observed is None or "ratio at" not in v.expected:
        return ""
    claimed_fall = "at most" in v.expected
    if f"{v.observed:.2f}" == "1.00":
        return " (no effect)"
    return " (right way, too small)" if (v.observed < 1.0) == claimed_fall else " (wrong way)"


def _print_verdict(v: Verdict) -> None:
    off = (
        f", off by {number(float(f'{v.by_how_much:.2g}'))}{f' {v.unit}' if v.unit else ''}{which_way(v)}"
        if v.verdict == "fail" and v.by_how_much
        else ""
    )
    say(f"  {_SIGNS[v.verdict]:<5} {v.id}: {v.statement}")
    say(f"        {v.grade}; observed {seen(v)}; expected {v.expected}{off}; {v.source}")
    if v.share_of_laboratories is not None:
        say(f"        {v.share_of_laboratories:.0%} of laboratories with the published design would have seen it")
    if v.note:
        say(f"        {v.note}")


def _print_unjudged(v: Verdict) -> None:
    say(f"  -     {v.id}: {v.statement}")
    if v.expected:
        say(f"        {v.grade}, not judged; observed {seen(v)}; if it holds: {v.expected}; {v.source}")
    if v.discriminating_arm:
        label = f" ({v.discriminating_label})" if v.discriminating_label else ""
        say(f"        would decide: arm {v.discriminating_arm}{label}")
    if v.claim_note:
        say(f"        {v.claim_note}")


def _print_ways(verdicts: Iterable[WayVerdict]) -> None:
    found = cells(verdicts)
    claims = list(dict.fromkeys(claim for claim, _ in found))
    ways = list(dict.fromkeys(way for _, way in found))
    say("\nWays of signalling: can the claim hold with the load as carried, and with the most that could be carried?")
    for claim in claims:
        say(f"  {claim}: {next(own for (name, _), own in found.items() if name == claim)[0].verdict.statement}")
        for way in ways:
            both = found[claim, way]
            values = "; ".join(f"{_load(own.load)} {seen(own.verdict)}" for own in both)
            result = result_of(both)
            detail = both[0].verdict.note if result == "impossible" else values
            say(f"        {way:<10} {result:<28} {detail}")
    width = max(map(len, claims))
    say(f"\n  {'':<{width}}  " + "  ".join(f"{way:<9}" for way in ways))
    for claim in claims:
        say(f"  {claim:<{width}}  " + "  ".join(f"{_SHORT[result_of(found[claim, way])]:<9}" for way in ways))
    say("  holds: as carried; at most: only at the upper load; never: not even then; ? inconclusive; - cannot be done")


def _load(load: str) -> str:
    return "at most" if load == MOST else "carried"


def _print_sweep(checked: Checked) -> None:
    say(f"\nOf {len(checked.swept)} halved or doubled estimates, these change a verdict:")
    for change in checked.changes:
        say(f"  {change.change:<52} {change.id}: {change.before} -> {change.after}")
    if not checked.changes:
        say("  none")
    if checked.refused:
        say(f"  no dish allows: {', '.join(checked.refused)}")
