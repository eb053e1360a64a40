"""`migralab show ID`: question, causal graph, arms, explanations, parameters with sources, claims."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
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
    from migralab.spec.claim import Claim

_NARROWEST, _WIDEST = 40, 160  # columns for the graph
_NO_TERMINAL = 110


def show(
    entry: Annotated[str | None, typer.Argument(help="Catalogue id or YAML file.")] = None,
    arm: Annotated[str | None, typer.Option("--arm", help="Show the parameters of this arm.")] = None,
    claims: Annotated[bool, typer.Option("--claims", help="Stop before the parameters.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
    graph: Annotated[
        Path | None, typer.Option("--graph", help="Draw the causal graph into this file, .svg or .png, and stop.")
    ] = None,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON schema of experiment files.")] = False,
) -> None:
    """Show an entry: what is asked, how it hangs together, every number with its source."""
    from migralab.catalog.catalog import entry_ids, load
    from migralab.cli.verbs.claims.validate import refuse_wrong
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
    refuse_wrong(file)
    if as_json:
        say_json(model.experiment.model_dump(by_alias=True, mode="json") | {"claims": _plain_claims(file.experiment)})
        return
    _show_question(file.experiment, shipped=entry in entry_ids())
    _show_graph(file.experiment)
    _show_arms(file.experiment, dose_notes(file))
    _show_claims(file.experiment)
    _show_variants(file.experiment)
    _show_estimates(file.experiment, model.experiment)
    if claims:
        return
    _show_pools(model.experiment)
    _show_rules(model.experiment, model.arm)
    _show_parameters(model.experiment, model.arm)
    _show_calibrated(file.experiment)


def _say(text: str, hang: int = 6) -> None:
    """Print a line, wrapped to the terminal (or COLUMNS); what goes on is set in by `hang`."""
    width = max(_NARROWEST, shutil.get_terminal_size((_NO_TERMINAL, 24)).columns)
    if len(text) <= width:
        say(text)
        return
    indent = " " * min(hang, width // 2)
    for line in textwrap.wrap(
        text, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False, drop_whitespace=True
    ):
        say(line)


def _plain_claims(experiment: Experiment) -> list[dict[str, object]]:
    return [claim.model_dump(mode="json") for claim in experiment.claims]


def _show_question(e: Experiment, *, shipped: bool) -> None:
    from migralab.catalog.status import STATUS

    _say(f"{e.title}  [{e.id}]", 0)
    own = e.status == "provisional" or shipped
    _say(f"Status: {STATUS[e.status]}" if own else f"Status: says {e.status}, the file itself; nobody checked that", 0)
    _say(e.question, 0)
    for paragraph in filter(None, map(str.strip, e.note.splitlines())):
        _say(paragraph, 2)
    dish = e.dish
    say(f"Dish: {dish.cells} cells, {dish.duration}, step {dish.step}, seeded at {dish.density}.")


def _show_graph(e: Experiment) -> None:
    from migralab.report.catalogue.graph import arms_by_edge
    from migralab.report.catalogue.tree import draw_legend, draw_tree, plain

    if not e.graph:
        return
    terminal = sys.stdout.isatty()
    width = shutil.get_terminal_size((_NO_TERMINAL, 24)).columns
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
        _say(f"  {edge.name} ({edge.sign}): {edge.evidence}; {edge.cite}", 6)


def _show_arms(e: Experiment, doses: dict[str, str]) -> None:
    say()
    _say("Arms (each touches one arrow; * proposed: no paper has it, the model can run it)", 2)
    for arm in e.arms:
        mark = "*" if arm.proposed else " "
        _say(f" {mark}{arm.id:<26} {', '.join(_changes(arm)) or 'control'}", 29)
        if arm.id in doses:
            _say(f"  {'':<26} {doses[arm.id]}", 29)


def _changes(part: Arm | Variant) -> list[str]:
    from migralab.report.catalogue.entry_page import changes_of

    return changes_of(part)


def _show_variants(e: Experiment) -> None:
    if e.explanations:
        say()
        _say(f"Rival explanations (migralab suggest {e.id} tells which arm would decide)", 2)
        for name, own in e.explanations.items():
            _say(f"  {name:<26} {own.statement}", 29)
            _say(f"  {'':<26} in every arm: {', '.join(_changes(own)) or 'the entry as it stands'}", 29)
            if own.note:
                _say(f"  {'':<26} {own.note}", 29)
    if (ways := e.signalling) is not None:
        say()
        _say(f"Ways of signalling (the entry itself: {ways.base}; claims put to each: {', '.join(ways.claims)})", 2)
        for name, way in ways.ways.items():
            _say(f"  {name:<26} {way.statement}", 29)
            _say(f"  {'':<26} in every arm: {', '.join(_changes(way)) or 'the entry as it stands'}", 29)
            for path, p in way.most.items():
                _say(f"  {'':<26} at the most: {path} = {p}, {p.source}", 29)


def _show_pools(e: Experiment) -> None:
    from migralab.spec.pool import pool_quantities, quantity_at

    if not e.pools:
        return
    say()
    _say("Pools", 2)
    for path, (name, place) in pool_quantities(e.pools).items():
        p = quantity_at(e.pools[name], place)
        if p is not None:
            _say(f"  {path.removeprefix('pools.'):<44} {p!s:<16} {p.source}", 6)
    if sum(len(pool.assays) for pool in e.pools.values()) > 1:
        _say(
            "  What is detected first hangs on these limits: change them with --set pools.POOL.assays.SUBSTANCE.limit=",
            6,
        )


def _show_rules(e: Experiment, arm: str) -> None:
    if not e.rules:
        return
    say()
    _say(f"Rules of arm {arm} (* was fitted to published results)", 2)
    for name, rule in e.rules.items():
        _say(f"  {'*' if rule.calibrated_on else ' '}{name:<26} {rule}", 30)
        _say(f"   {'':<26} {rule.source}", 30)


def _show_parameters(e: Experiment, arm: str) -> None:
    say()
    _say(f"Parameters of arm {arm} (* was fitted to published results)", 2)
    _say("  tags: " + "; ".join(f"{tag} {meaning}" for tag, meaning in TAG_MEANING.items()), 6)
    for mechanism, parameters in e.mechanisms.items():
        _say(f"  {mechanism}", 6)
        for name, p in parameters.items():
            star = "*" if p.calibrated_on else " "
            _say(f"   {star}{name:<26} {_with_range(p):<32} {p.source}", 6)


def _show_calibrated(e: Experiment) -> None:
    """Name the numbers that this entry's own results set; there should be at most one."""
    from migralab.report.catalogue.numbers import numbers_of

    fitted = [(n.path, n.parameter.calibrated_on) for n in numbers_of(e) if n.parameter.calibrated_on]
    fitted += [(f"rule {name}", rule.calibrated_on) for name, rule in e.rules.items() if rule.calibrated_on]
    said = "; ".join(f"{path} by {result}" for path, result in fitted)
    say()
    _say(f"Numbers that results of this system set: {said or 'none'}", 2)


def _show_estimates(e: Experiment, resolved: Experiment) -> None:
    from migralab.spec.pool import estimates_in

    if not e.key_estimates:
        return
    pooled = estimates_in(resolved.pools)
    say()
    _say("Estimates on which verdicts may hang (migralab check --sweep halves and doubles them)", 2)
    for path in e.key_estimates:
        mechanism, _, name = path.rpartition(".")
        p = pooled.get(path) or resolved.mechanisms.get(mechanism, {}).get(name)
        _say(f"  {path:<44} {_with_range(p) if p is not None else ''}", 6)


def _with_range(p: Parameter) -> str:
    return f"{p}" + (f" ({p.low:g} to {p.high:g})" if p.low is not None and p.high is not None else "")


_ROLES = {
    "predicted": "Predicted: these count",
    "consequence": "Consequences of the mechanism (nobody measured them: no success until someone does)",
    "calibrated": "Calibrated: the number set a parameter",
    "by-construction": "By construction (by-construction): follow from a sign that someone typed, score nothing",
    "T3": "T3, not judged: no published arm tests it",
}


def _show_claims(e: Experiment) -> None:
    if not e.claims:
        return
    say()
    _say("Claims (T1 a number must be hit, T2 a sign, order or equivalence, T3 no published arm tests it)", 2)
    for group, title in _ROLES.items():
        rows = [claim for claim in e.claims if ("T3" if claim.grade == "T3" else claim.standing) == group]
        if rows:
            _say(f" {title}", 3)
        for claim in rows:
            grade = "" if claim.grade == "by-construction" else claim.grade
            _say(f"  {claim.id:<28} {grade:<3} {_told(claim)}", 35)
            if claim.grade == "T3" and claim.discriminating_arm is not None:
                note = f". {claim.note}" if claim.note else ""
                _say(f"  {'':<32} would decide: arm {claim.discriminating_arm}{note}", 35)


def _told(claim: Claim) -> str:
    """Return the statement, and that it is a mere consequence or gets no verdict, for whoever reads one line."""
    if claim.grade == "T3":
        return f"{claim.statement} (T3, not judged)"
    return (
        f"{claim.statement} (consequence, nobody measured it)" if claim.standing == "consequence" else claim.statement
    )
