"""`migralab show ID`: question, causal graph, arms, explanations, parameters with sources, claims."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from migralab.cli.console import remark, say, say_json
from migralab.core.errors import RequestError
from migralab.spec.experiment import Experiment
from migralab.spec.parameter import TAG_MEANING, Parameter

if TYPE_CHECKING:
    from migralab.spec.arms.arm import Arm
    from migralab.spec.arms.variant import Variant

_NARROWEST, _WIDEST = 40, 160  # columns for the graph
_NO_TERMINAL = 110


def show(
    entry: Annotated[str | None, typer.Argument(help="Catalogue id or YAML file.")] = None,
    arm: Annotated[str | None, typer.Option("--arm", help="Show the parameters of this arm.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
    graph: Annotated[
        Path | None, typer.Option("--graph", help="Draw the causal graph into this file, .svg or .png, and stop.")
    ] = None,
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
    if graph is not None:
        from migralab.report.catalogue.graph import write_graph

        write_graph(file.experiment, graph)
        remark(f"causal graph: {graph}")
        return
    model = compile_experiment(file, arm)
    for readout in file.experiment.readouts:
        find_observable(readout)  # a run would tell at its end, since it starts without what measures
    if as_json:
        say_json(model.experiment.model_dump(by_alias=True, mode="json") | {"claims": _plain_claims(file.experiment)})
        return
    _show_question(file.experiment)
    _show_graph(file.experiment)
    _show_arms(file.experiment, dose_notes(file))
    _show_variants(file.experiment)
    _show_pools(model.experiment)
    _show_rules(model.experiment, model.arm)
    _show_parameters(model.experiment, model.arm)
    _show_calibrated(file.experiment)
    _show_claims(file.experiment)
    _show_estimates(file.experiment, model.experiment)


def _plain_claims(experiment: Experiment) -> list[dict[str, object]]:
    return [claim.model_dump(mode="json") for claim in experiment.claims]


def _show_question(e: Experiment) -> None:
    from migralab.catalog.status import STATUS

    say(f"{e.title}  [{e.id}]")
    say(f"Status: {STATUS[e.status]}")
    say(e.question)
    if e.note:
        say(e.note)
    dish = e.dish
    say(f"Dish: {dish.cells} cells, {dish.duration}, step {dish.step}, seeded at {dish.density}.")


def _show_graph(e: Experiment) -> None:
    from migralab.report.catalogue.graph import arms_by_edge
    from migralab.report.catalogue.tree import draw_legend, draw_tree, plain

    if not e.graph:
        return
    terminal = sys.stdout.isatty()
    width = shutil.get_terminal_size((_NO_TERMINAL, 24)).columns if terminal else _NO_TERMINAL
    width = min(max(width - 2, _NARROWEST), _WIDEST)
    colour = terminal and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
    lines = draw_tree(e, arms_by_edge(e), width=width - 2, colour=colour)
    legend = draw_legend(width - 2)
    if "utf" not in (sys.stdout.encoding or "").lower():
        lines, legend = plain(lines), plain(legend)
    say("\nCausal graph")
    for line in lines:
        say(f"  {line}")
    for line in legend:
        say(f"  {line}")
    say("Where each arrow comes from")
    for edge in e.graph:
        say(f"  {edge.name} ({edge.sign}): {edge.evidence}; {edge.cite}")


def _show_arms(e: Experiment, doses: dict[str, str]) -> None:
    say("\nArms (each touches one arrow; * proposed: no paper has it, the model can run it)")
    for arm in e.arms:
        mark = "*" if arm.proposed else " "
        say(f" {mark}{arm.id:<26} {', '.join(_changes(arm)) or 'control'}")
        if arm.id in doses:
            say(f"  {'':<26} {doses[arm.id]}")


def _changes(part: Arm | Variant) -> list[str]:
    from migralab.report.catalogue.entry_page import changes_of

    return changes_of(part)


def _show_variants(e: Experiment) -> None:
    if e.explanations:
        say(f"\nRival explanations (migralab suggest {e.id} tells which arm would decide)")
        for name, own in e.explanations.items():
            say(f"  {name:<26} {own.statement}")
            say(f"  {'':<26} in every arm: {', '.join(_changes(own)) or 'the entry as it stands'}")
            if own.note:
                say(f"  {'':<26} {own.note}")
    if (ways := e.signalling) is not None:
        say(f"\nWays of signalling (the entry itself: {ways.base}; claims put to each: {', '.join(ways.claims)})")
        for name, way in ways.ways.items():
            say(f"  {name:<26} {way.statement}")
            say(f"  {'':<26} in every arm: {', '.join(_changes(way)) or 'the entry as it stands'}")
            for path, p in way.most.items():
                say(f"  {'':<26} at the most: {path} = {p}, {p.source}")


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
            star = "*" if p.calibrated_on else " "
            say(f"   {star}{name:<26} {_with_range(p):<32} {p.source}")


def _show_calibrated(e: Experiment) -> None:
    """Name the numbers that this entry's own results set; there should be at most one."""
    from migralab.report.catalogue.numbers import numbers_of

    fitted = [(n.path, n.parameter.calibrated_on) for n in numbers_of(e) if n.parameter.calibrated_on]
    fitted += [(f"rule {name}", rule.calibrated_on) for name, rule in e.rules.items() if rule.calibrated_on]
    said = "; ".join(f"{path} by {result}" for path, result in fitted)
    say(f"\nNumbers that results of this system set: {said or 'none'}")


def _show_estimates(e: Experiment, resolved: Experiment) -> None:
    if not e.key_estimates:
        return
    say("\nEstimates on which verdicts may hang (migralab check --sweep halves and doubles them)")
    for path in e.key_estimates:
        mechanism, _, name = path.rpartition(".")
        p = resolved.mechanisms.get(mechanism, {}).get(name)
        say(f"  {path:<44} {_with_range(p) if p is not None else ''}")


def _with_range(p: Parameter) -> str:
    return f"{p}" + (f" ({p.low:g} to {p.high:g})" if p.low is not None and p.high is not None else "")


def _show_claims(e: Experiment) -> None:
    say("\nClaims (T1 a number must be hit, T2 a sign, order or equivalence, T3 no published arm tests it)")
    for claim in e.claims:
        say(f"  {claim.id:<28} {claim.grade:<16} {claim.role or 'scores nothing':<14} {claim.statement}")
        if claim.grade == "T3" and claim.discriminating_arm is not None:
            say(f"  {'':<28} would decide: arm {claim.discriminating_arm}" + (f". {claim.note}" if claim.note else ""))
