"""`migralab suggest ID`: the experiment that tells two explanations apart."""

from __future__ import annotations

from dataclasses import asdict
from math import isnan
from typing import TYPE_CHECKING, Annotated, Any

import typer

from migralab.cli.console import progress, say, say_json

if TYPE_CHECKING:
    from migralab.checks.estimate import Estimate
    from migralab.checks.suggest import Suggestion, Suggestions
    from migralab.spec.experiment import Experiment

SHOWN = 12
MOST_IF_NOTHING = 3


def suggest(
    entry: Annotated[str, typer.Argument(help="Catalogue id or YAML file.")],
    between: Annotated[
        str | None,
        typer.Option(
            "--between", metavar="A,B", help="Two explanations or ways of signalling; the first two by default."
        ),
    ] = None,
    second: Annotated[str | None, typer.Argument(hidden=True)] = None,
    seeds: Annotated[int, typer.Option("--seeds", help="Dishes per arm and explanation.", min=3)] = 20,
    readouts: Annotated[
        list[str] | None,
        typer.Option("--readout", help="Measure this instead of what the claims use; may be repeated."),
    ] = None,
    tier: Annotated[str, typer.Option("--tier", help="fast: at most 60 cells a dish; full: as written.")] = "fast",
    workers: Annotated[int | None, typer.Option("--workers", help="Processes; all cores by default.", min=1)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output, all rows.")] = False,
) -> None:
    """Run every arm, published and proposed, under two explanations, and rank what tells them apart."""
    from migralab.catalog.catalog import load
    from migralab.checks.suggest import choose
    from migralab.checks.suggest import suggest as suggest_for
    from migralab.cli.verbs.claims.validate import refuse_wrong
    from migralab.core.errors import RequestError
    from migralab.simulation.batch import usable_cores

    if tier not in ("fast", "full"):
        raise RequestError(f"--tier {tier} is neither fast nor full.")
    entry, pair = _sort_out(entry, between, second)
    file = load(entry)
    refuse_wrong(file)
    experiment = file.experiment
    names = choose(experiment, pair)
    with progress(f"suggest {experiment.id}", "dishes") as update:
        found = suggest_for(
            experiment, between=names, seeds=seeds, readouts=readouts or (), tier=tier,
            workers=workers or usable_cores(), progress=update,
        )  # fmt: skip
    if as_json:
        say_json(_plain(asdict(found)))
    else:
        _print(found, experiment)


def _sort_out(entry: str, between: str | None, second: str | None) -> tuple[str, tuple[str, str] | None]:
    """Return the entry and the two names: ``--between A,B`` and ``--between A B`` are the same, wherever they stand."""
    from pathlib import Path

    from migralab.catalog.catalog import entry_ids
    from migralab.core.errors import RequestError

    if between is None:
        if second is not None:
            raise RequestError(f"'{second}' is one word too many; two explanations are named by --between A,B.")
        return entry, None
    names = [name.strip() for name in between.split(",") if name.strip()]
    if len(names) == 1 and second is not None:
        if entry not in entry_ids() and not Path(entry).is_file():  # --between A B ENTRY
            entry, second = second, entry
        names.append(second)
    elif second is not None or len(names) != 2:
        raise RequestError(f"--between {between}: name two, as in --between A,B.")
    if len(names) != 2:
        raise RequestError(f"--between {between}: name two, as in --between A,B.")
    return entry, (names[0], names[1])


def _print(found: Suggestions, experiment: Experiment) -> None:
    from migralab.spec.arms.variant import variants_of

    first, second = found.between
    say(f"{found.entry}: which experiment tells '{first}' from '{second}'? {found.seeds} dishes an arm under each")
    for name in found.between:
        say(f"  {name}: {variants_of(experiment)[name].statement or variants_of(experiment)[name].note}")
    if found.identical:
        say(f"\n'{first}' and '{second}' are the same experiment: every dish of every arm has the same readouts. What")
        say("they change does nothing here; no arm can tell them apart. Other readouts: --readout.")
        return
    apart = [row for row in found.rows if row.separates]
    if apart:
        say(
            f"\nThese tell them apart: by more than chance, and by a fifth at least ({len(apart)} of {len(found.rows)})"
        )
    else:
        say(
            "\nNo arm tells them apart by a fifth at least and by more than chance, published or proposed. The nearest:"
        )
    for row in apart[:SHOWN] or found.rows[:3]:
        _print_row(row)
    if len(apart) > SHOWN:
        say(f"  and {len(apart) - SHOWN} more; --json lists all")
    if apart and all(row.proposed for row in apart):
        say("\nNo published arm tells them apart: each of these experiments is still to be done.")
    if not apart and found.apart_in_control:
        say(f"The control differs as much as the arms, in {', '.join(found.apart_in_control)}: an explanation changes")
        say("every arm alike. What a treatment does belongs into a rule or an arm that the explanation changes.")
    shown = {row.arm for row in apart}
    if apart and (rest := dict.fromkeys(row.arm for row in found.rows if row.arm not in shown)):
        say(f"not told apart with {found.seeds} dishes: {', '.join(rest)}")
    for arm, why in found.impossible.items():
        say(f"arm {arm} cannot be done {why}")
    for text in found.skipped:
        say(f"not compared, for want of values: {text}")
    say("\nThe sizes of the effects rest on the estimates of the entry, not on measurements: see check --sweep first.")
    say(
        "Dishes: of the arm, and as many of its reference, each in an experiment of its own; two-sided t-test\n"
        "at 5 %, 80 % power. Paired: at least so many experiments with both arms; simulated pairs share more than\n"
        "real ones do."
    )


def _print_row(row: Suggestion) -> None:
    ratio = row.scale != "difference"
    label = f" ({row.label})" if row.label else ""
    paper = "proposed (no paper has it)" if row.proposed else "published"
    say(f"  {row.arm}{label} against {row.against}, {paper}: {row.readout}")
    what = "ratio" if ratio else f"difference{f' in {row.unit}' if row.unit else ''}"
    shown = "; ".join(f"{name} {_span(own)}" for name, own in row.expected.items())
    say(f"        {what}: {shown}")
    if row.all_or_nothing:
        say(f"        all or nothing, 2 to {MOST_IF_NOTHING} dishes: 0 in every dish, or in none")
        return
    apart = "log ratios" if ratio else "differences"
    added = " (half of the least added, since dishes have 0)" if row.scale == "log-ratio-with-zeros" else ""
    say(
        f"        {apart} apart by {_span(row.difference)}{added}; standard deviation {row.sd:.2g} of dishes, "
        f"{row.sd_paired:.2g} of pairs"
    )
    say(f"        needs {_many(row.replicates)} dishes, or at least {_many(row.replicates_paired)} paired experiments")


def _span(estimate: Estimate) -> str:
    from migralab.checks.verdict import number, span

    if isnan(estimate.value):
        return "no value (nothing in the reference)"
    return f"{number(estimate.value)}{span((estimate.low, estimate.high))}"


def _many(count: int | None) -> str:
    return "more than 10,000" if count is None else str(count)


def _plain(value: Any) -> Any:  # any value of a suggestion
    from math import isfinite

    if isinstance(value, dict):
        return {key: _plain(own) for key, own in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(own) for own in value]
    return None if isinstance(value, float) and not isfinite(value) else value
