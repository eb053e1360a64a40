"""`migralab show ID`: question, causal graph, arms, parameters with sources, claims."""

from __future__ import annotations

from typing import Annotated

import typer

from migralab.cli.console import say, say_json
from migralab.core.errors import RequestError
from migralab.spec.experiment import Experiment
from migralab.spec.parameter import TAG_MEANING


def show(
    entry: Annotated[str | None, typer.Argument(help="Catalogue id or YAML file.")] = None,
    arm: Annotated[str | None, typer.Option("--arm", help="Show the parameters of this arm.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON schema of experiment files.")] = False,
) -> None:
    """Show an entry: what is asked, how it hangs together, every number with its source."""
    from migralab.catalog.catalog import entry_ids, load
    from migralab.measure.registry import find_observable
    from migralab.simulation.compile import compile_experiment
    from migralab.simulation.dose import dose_notes
    from migralab.spec.dump import experiment_schema

    if schema:
        say_json(experiment_schema())
        return
    if entry is None:
        raise RequestError(f"Which entry? One of: {', '.join(entry_ids())}; or a YAML file.")
    file = load(entry)
    model = compile_experiment(file, arm)
    for readout in file.experiment.readouts:
        find_observable(readout)  # a run would tell at its end, since it starts without what measures
    if as_json:
        say_json(model.experiment.model_dump(by_alias=True, mode="json") | {"claims": _plain_claims(file.experiment)})
        return
    _show_question(file.experiment)
    _show_graph(file.experiment)
    _show_arms(file.experiment, dose_notes(file))
    _show_pools(model.experiment)
    _show_rules(model.experiment, model.arm)
    _show_parameters(model.experiment, model.arm)
    _show_claims(file.experiment)


def _plain_claims(experiment: Experiment) -> list[dict[str, object]]:
    return [claim.model_dump(mode="json") for claim in experiment.claims]


def _show_question(e: Experiment) -> None:
    say(f"{e.title}  [{e.id}, {e.status}]")
    say(e.question)
    if e.note:
        say(e.note)
    dish = e.dish
    say(f"Dish: {dish.cells} cells, {dish.duration}, step {dish.step}, seeded at {dish.density}.")


def _show_graph(e: Experiment) -> None:
    say("\nCausal graph (evidence of each arrow: perturbed, associated or asserted)")
    for edge in e.graph:
        arrow = {"+": "-->", "-": "--|", "?": "-?>"}[edge.sign]
        say(f"  {edge.source:>22} {arrow} {edge.target:<20} {edge.evidence:<10} {edge.cite}")


def _show_arms(e: Experiment, doses: dict[str, str]) -> None:
    say("\nArms (each touches one arrow)")
    for arm in e.arms:
        changes = [f"{path} = {value}" for path, value in arm.changes.items()]
        changes += [f"{new} instead of {old}" for old, new in arm.replaces.items()]
        changes += [f"without {name}" for name in arm.without]
        changes += [f"rule {name}: {text or 'off'}" for name, text in arm.rules.items()]
        change = ", ".join(changes) or "control"
        say(f"  {arm.id:<26} {change}")
        if arm.id in doses:
            say(f"  {'':<26} {doses[arm.id]}")


def _show_pools(e: Experiment) -> None:
    from migralab.spec.pool import pool_quantities, quantity_at

    if not e.pools:
        return
    say("\nPools")
    for path, (name, place) in pool_quantities(e.pools).items():
        p = quantity_at(e.pools[name], place)
        if p is not None:
            say(f"  {path.removeprefix('pools.'):<44} {p!s:<16} {p.source}")
    if sum(len(pool.assays) for pool in e.pools.values()) > 1:
        say("  What is detected first hangs on these limits: change them with --set pools.POOL.assays.SUBSTANCE.limit=")


def _show_rules(e: Experiment, arm: str) -> None:
    if not e.rules:
        return
    say(f"\nRules of arm {arm} (* was fitted to published results)")
    for name, rule in e.rules.items():
        say(f"  {'*' if rule.calibrated_on else ' '}{name:<26} {rule}")
        say(f"   {'':<26} {rule.source}")


def _show_parameters(e: Experiment, arm: str) -> None:
    say(f"\nParameters of arm {arm} (* was fitted to published results)")
    say("  tags: " + "; ".join(f"{tag} {meaning}" for tag, meaning in TAG_MEANING.items()))
    for mechanism, parameters in e.mechanisms.items():
        say(f"  {mechanism}")
        for name, p in parameters.items():
            span = f" ({p.low:g} to {p.high:g})" if p.low is not None and p.high is not None else ""
            star = "*" if p.calibrated_on else " "
            say(f"   {star}{name:<26} {str(p) + span:<32} {p.source}")


def _show_claims(e: Experiment) -> None:
    say("\nClaims (T1 a number must be hit, T2 a sign, order or equivalence, T3 no published arm tests it)")
    for claim in e.claims:
        say(f"  {claim.id:<28} {claim.grade:<16} {claim.role or 'scores nothing':<14} {claim.statement}")
