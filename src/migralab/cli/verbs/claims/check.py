"""`migralab check ID`: the verdict on every claim."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from migralab.cli.console import progress, remark, say
from migralab.cli.variants import MOST_HELP, VARIANT_HELP, under_variant
from migralab.core.errors import RequestError

if TYPE_CHECKING:
    from migralab.checks.check import Checked
    from migralab.spec.experiment import Experiment
    from migralab.spec.loader import ExperimentFile

CLAIM_FAILED = 1


def check(
    entry: Annotated[str, typer.Argument(help="Catalogue id, YAML file, or 'all'.")],
    seeds: Annotated[int, typer.Option("--seeds", help="Dishes per arm; signs need at least 20.", min=2)] = 20,
    tier: Annotated[str, typer.Option("--tier", help="fast or full; full includes --ways.")] = "fast",
    claims: Annotated[
        list[str] | None, typer.Option("--claim", help="Judge this claim only, of either tier; may be repeated.")
    ] = None,
    ways: Annotated[bool, typer.Option("--ways", help="Put claims to every way of signalling as well.")] = False,
    variant: Annotated[str | None, typer.Option("--variant", help=VARIANT_HELP)] = None,
    most: Annotated[bool, typer.Option("--most", help=MOST_HELP)] = False,
    sweep: Annotated[bool, typer.Option("--sweep", help="Also halve and double the key estimates (long).")] = False,
    all_estimates: Annotated[bool, typer.Option("--all-estimates", help="Sweep every estimate (longer).")] = False,
    estimates: Annotated[
        list[str] | None, typer.Option("--estimate", help="Sweep this estimate only; may be repeated.")
    ] = None,
    workers: Annotated[int | None, typer.Option("--workers", help="Processes; all cores by default.", min=1)] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write all that was found to this file.")] = None,
    page: Annotated[Path | None, typer.Option("--page", help="Write the verdicts as a Markdown page.")] = None,
) -> None:
    """Run every arm with every seed and judge every claim. Exit code 1 if a claim failed."""
    from migralab.catalog.catalog import entry_ids, load
    from migralab.checks.check import Scope, check_all
    from migralab.checks.page import to_markdown
    from migralab.checks.table import any_failed, dump, to_document
    from migralab.cli.verbs.claims.validate import refuse_wrong
    from migralab.simulation.batch import usable_cores

    every = entry == "all"
    single = {"--claim": claims, "--estimate": estimates, "--variant": variant, "--most": most}
    _refuse(
        tier, [option for option, given in single.items() if every and given], {"--json": json_file, "--page": page}
    )
    if variant and (ways or sweep or all_estimates or estimates):
        raise RequestError("--variant judges the claims under one variant; ways and sweeps belong to the entry itself.")
    files = [load(name) for name in (entry_ids() if every else [entry])]
    for file in files:
        refuse_wrong(file)
    scope = Scope(
        seeds=seeds, tier=tier, claims=tuple(claims or ()), ways=(ways or tier == "full") and not variant,
        sweep=_sweep(key=sweep, every=all_estimates), estimates=tuple(estimates or ()),
    )  # fmt: skip
    if ways and not any(file.experiment.signalling for file in files):
        raise RequestError(f"{entry} names no ways of signalling (signalling: in its file).")
    under = under_variant(files[0].experiment, variant, most=most) if variant or most else None
    start = time.monotonic()
    with progress(f"check {entry}", "dishes") as update:
        found = check_all(
            files if under is None else [under], scope, workers=workers or usable_cores(), progress=update
        )
    for index, (checked, file) in enumerate(zip(found, files, strict=True)):
        if index:
            say("\n" + "-" * 80)
        _print(checked, file, under, variant)
    _print_total(found, time.monotonic() - start, every=every)
    verdicts = [verdict for checked in found for verdict in checked.verdicts]
    if json_file is not None:
        json_file.write_text(dump(to_document(found)), encoding="utf-8")
        remark(f"verdicts: {json_file}")
    if page is not None:
        changes = [change for checked in found for change in checked.changes]
        page.write_text(to_markdown(verdicts, changes=changes, swept=[name for own in found for name in own.swept]))
        remark(f"page: {page}")
    if any_failed(verdicts):
        say("failed: " + ", ".join(f"{v.entry} {v.id}" if every else v.id for v in verdicts if v.verdict == "fail"))
        raise typer.Exit(CLAIM_FAILED)


def _refuse(tier: str, misplaced: Sequence[str], targets: Mapping[str, Path | None]) -> None:
    if tier not in ("fast", "full"):
        raise RequestError(f"--tier {tier} is neither fast nor full.")
    for option in misplaced:
        raise RequestError(f"{option} belongs to one entry; write its id instead of 'all'.")
    for option, target in targets.items():
        if target is not None and not target.parent.is_dir():
            raise RequestError(f"{option} {target}: there is no folder {target.parent}.")


def _sweep(*, key: bool, every: bool) -> Literal["none", "key", "all"]:
    return "all" if every else "key" if key else "none"


def _print(checked: Checked, file: ExperimentFile, under: Experiment | None, variant: str | None) -> None:
    from migralab.cli.verbs.claims.wording import print_checked
    from migralab.simulation.dose import dose_notes

    entry = file.experiment
    if under is not None and variant is not None:
        say(f"Under '{variant}': {entry.explanations[variant].statement if variant in entry.explanations else ''}")
        left = {claim.id for claim in under.claims}
        if gone := [claim.id for claim in entry.claims if claim.id not in left]:
            say(f"cannot be put to it, since their arms cannot be done: {', '.join(gone)}")
    print_checked(checked, dose_notes(under or file))
    later = sum(claim.tier == "full" for claim in entry.claims) if checked.scope.tier == "fast" else 0
    if later and not checked.scope.claims:
        say(f"\n{later} more claims take longer and are judged with --tier full")


def _print_total(found: list[Checked], seconds: float, *, every: bool) -> None:
    from migralab.checks.table import score, summary

    verdicts = [verdict for checked in found for verdict in checked.verdicts]
    if every:
        say("\n" + "\n".join(summary(verdicts)))
    say(f"\n{score(verdicts)}")
    minutes, rest = divmod(round(seconds), 60)
    cpu = sum(checked.cpu_s for checked in found)
    say(f"{sum(checked.dishes for checked in found)} dishes in {minutes} min {rest} s; {cpu:.0f} s of processors")
