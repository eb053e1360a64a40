"""`migralab suggest ID`: the experiment that tells two explanations apart."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from migralab.cli.console import progress, say, say_json

if TYPE_CHECKING:
    from migralab.checks.estimate import Estimate
    from migralab.checks.suggest import Suggestion, Suggestions
    from migralab.spec.experiment import Experiment

SHOWN = 12


def suggest(
    entry: Annotated[str, typer.Argument(help="Catalogue id or YAML file.")],
    between: Annotated[
        tuple[str, str] | None,
        typer.Option("--between", help="Two explanations or ways of signalling; the first two by default."),
    ] = None,
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
    from migralab.core.errors import RequestError
    from migralab.simulation.batch import usable_cores

    if tier not in ("fast", "full"):
        raise RequestError(f"--tier {tier} is neither fast nor full.")
    experiment = load(entry).experiment
    names = choose(experiment, between)
    with progress(f"suggest {experiment.id}", "dishes") as update:
        found = suggest_for(
            experiment, between=names, seeds=seeds, readouts=readouts or (), tier=tier,
            workers=workers or usable_cores(), progress=update,
        )  # fmt: skip
    if as_json:
        say_json(_plain(asdict(found)))
    else:
        _print(found, experiment)


def _print(found: Suggestions, experiment: Experiment) -> None:
    from migralab.spec.arms.variant import variants_of

    first, second = found.between
    say(f"{found.entry}: which experiment tells '{first}' from '{second}'? {found.seeds} dishes an arm under each")
    for name in found.between:
        say(f"  {name}: {variants_of(experiment)[name].statement or variants_of(experiment)[name].note}")
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
    for arm, why in found.impossible.items():
        say(f"arm {arm} cannot be done {why}")
    for text in found.skipped:
        say(f"not compared, for want of values: {text}")
    say(
        "\nDishes: of the arm, and as many of its reference, each in an experiment of its own; two-sided t-test\n"
        "at 5 %, 80 % power. Paired: at least so many experiments with both arms; simulated pairs share more than\n"
        "real ones do."
    )


def _print_row(row: Suggestion) -> None:
    ratio = row.scale == "log-ratio"
    label = f" ({row.label})" if row.label else ""
    say(f"  {row.arm}{label} against {row.against}, {'proposed' if row.proposed else 'published'}: {row.readout}")
    what = "ratio" if ratio else f"difference{f' in {row.unit}' if row.unit else ''}"
    shown = "; ".join(f"{name} {_span(own)}" for name, own in row.expected.items())
    say(f"        {what}: {shown}")
    apart = "log ratios" if ratio else "differences"
    say(
        f"        {apart} apart by {_span(row.difference)}; standard deviation {row.sd:.2g} of dishes, "
        f"{row.sd_paired:.2g} of pairs"
    )
    say(f"        needs {_many(row.replicates)} dishes, or {_many(row.replicates_paired)} paired experiments or more")


def _span(estimate: Estimate) -> str:
    return f"{estimate.value:.3g} [{estimate.low:.3g}, {estimate.high:.3g}]"


def _many(count: int | None) -> str:
    return "more than 10,000" if count is None else str(count)


def _plain(value: Any) -> Any:  # any value of a suggestion
    from math import isfinite

    if isinstance(value, dict):
        return {key: _plain(own) for key, own in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(own) for own in value]
    return None if isinstance(value, float) and not isfinite(value) else value
