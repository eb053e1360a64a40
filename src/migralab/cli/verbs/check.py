"""`migralab check ID`: the verdict on every claim."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from migralab.cli.console import progress, remark, say
from migralab.core.errors import RequestError

if TYPE_CHECKING:
    from migralab.checks.check import Checked
    from migralab.checks.table import VerdictChange
    from migralab.checks.verdict import Verdict

CLAIM_FAILED = 1


def check(
    entry: Annotated[str, typer.Argument(help="Catalogue id, YAML file, or 'all'.")],
    seeds: Annotated[int, typer.Option("--seeds", help="Dishes per arm; signs need at least 20.", min=2)] = 20,
    tier: Annotated[str, typer.Option("--tier", help="fast or full.")] = "fast",
    sweep: Annotated[bool, typer.Option("--sweep", help="Also halve and double every estimate (long).")] = False,
    estimates: Annotated[
        list[str] | None, typer.Option("--estimate", help="Sweep this estimate only; may be repeated.")
    ] = None,
    workers: Annotated[int | None, typer.Option("--workers", help="Processes; all cores by default.", min=1)] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the verdicts to this file.")] = None,
    page: Annotated[Path | None, typer.Option("--page", help="Write the verdicts as a Markdown page.")] = None,
) -> None:
    """Run every arm with every seed and judge every claim. Exit code 1 if a claim failed."""
    from migralab.catalog.catalog import entry_ids, load
    from migralab.checks.check import check as check_entry
    from migralab.checks.check import sweep as sweep_entry
    from migralab.checks.page import to_markdown
    from migralab.checks.table import any_failed, score, to_json
    from migralab.simulation.batch import usable_cores
    from migralab.simulation.dose import dose_notes

    if tier not in ("fast", "full"):
        raise RequestError(f"--tier {tier} is neither fast nor full.")
    for option, target in (("--json", json_file), ("--page", page)):
        if target is not None and not target.parent.is_dir():
            raise RequestError(f"{option} {target}: there is no folder {target.parent}.")
    count = workers or usable_cores()
    verdicts: list[Verdict] = []
    changes: list[VerdictChange] = []
    swept: list[str] = []
    for name in entry_ids() if entry == "all" else [entry]:
        file = load(name)
        with progress(f"check {file.experiment.id}", "dishes") as update:
            checked = check_entry(file, seeds=seeds, tier=tier, workers=count, progress=update)
        if sweep or estimates:
            with progress("estimates halved and doubled", "dishes") as update:
                checked = sweep_entry(file, checked, estimates=estimates, tier=tier, workers=count, progress=update)
        _print(checked, dose_notes(file))
        later = sum(claim.tier == "full" for claim in file.experiment.claims) if tier == "fast" else 0
        if later:
            say(f"\n{later} more claims take longer and are judged with --tier full")
        verdicts += checked.verdicts
        changes += checked.changes
        swept += checked.swept
    say(f"\n{score(verdicts)}")
    if json_file is not None:
        json_file.write_text(to_json(verdicts) + "\n")
        remark(f"verdicts: {json_file}")
    if page is not None:
        page.write_text(to_markdown(verdicts, changes=changes, swept=swept))
        remark(f"page: {page}")
    if any_failed(verdicts):
        say("failed: " + ", ".join(v.id for v in verdicts if v.verdict == "fail"))
        raise typer.Exit(CLAIM_FAILED)


_SIGNS = {"pass": "pass", "fail": "FAIL", "inconclusive": "?", "none": "-"}


def _print(checked: Checked, doses: dict[str, str]) -> None:
    from migralab.checks.verdict import LEAST_SEEDS

    say(f"{checked.entry}: {len(checked.batch.seeds)} dishes an arm; ? inconclusive (signs need {LEAST_SEEDS} dishes)")
    say("a direction counts from an effect of a fifth, or half the published one")
    for arm, note in doses.items():
        say(f"arm {arm}: {note}")
    for group, title in (
        ("predicted", "Predicted: these count"),
        ("consequence", "Consequences of the mechanism that nobody has measured: no success until someone does"),
        ("calibrated", "Calibrated: the number set a parameter"),
        ("by-construction", "By construction: follows from a sign that someone typed, scores nothing"),
    ):
        rows = [v for v in checked.verdicts if v.role == group and v.verdict != "none"]
        if rows:
            say(f"\n{title}")
            for verdict in rows:
                _print_verdict(verdict)
    if unjudged := [v for v in checked.verdicts if v.verdict == "none"]:
        say("\nNot judged: no published arm tests it (T3)")
        for verdict in unjudged:
            say(f"  -     {verdict.id}: {verdict.statement}")
    if checked.swept:
        say(f"\nOf {len(checked.swept)} halved or doubled estimates, these change a verdict:")
        for change in checked.changes:
            say(f"  {change.change:<52} {change.id}: {change.before} -> {change.after}")
        if not checked.changes:
            say("  none")


def _which_way(v: Verdict) -> str:
    """Say of a failing direction whether it is the wrong one or only too small; an effect counts from a fifth."""
    if v.observed is None or "ratio at" not in v.expected:
        return ""
    claimed_fall = "at most" in v.expected
    return " (right way, too small)" if (v.observed < 1.0) == claimed_fall else " (wrong way)"


def _print_verdict(v: Verdict) -> None:
    observed = "no value" if v.observed is None else f"{v.observed:.3g}"
    span = "" if v.interval is None else f" [{v.interval[0]:.3g}, {v.interval[1]:.3g}]"
    off = f", off by {v.by_how_much:+.2g}{_which_way(v)}" if v.verdict == "fail" and v.by_how_much else ""
    say(f"  {_SIGNS[v.verdict]:<5} {v.id}: {v.statement}")
    say(f"        {v.grade}; observed {observed}{span}; expected {v.expected}{off}; {v.source}")
    if v.share_of_laboratories is not None:
        say(f"        {v.share_of_laboratories:.0%} of laboratories with the published design would have seen it")
    if v.note:
        say(f"        {v.note}")
