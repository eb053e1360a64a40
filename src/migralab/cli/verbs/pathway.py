"""`migralab pathway`: the networks inside a cell, what they are made of, and how one cell runs through them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from migralab.cli.console import appearing_whole, remark, say, say_json, write_csv
from migralab.core import units
from migralab.core.errors import RequestError, UnitError, UnknownIdError

if TYPE_CHECKING:
    from migralab.pathways.network import Network
    from migralab.pathways.shipped import Described

MOST_TIMES = 100_000
_UNITS = {1.0: "s", 60.0: "min", 3600.0: "h"}


class Question(StrEnum):
    """What is asked."""

    list = "list"
    show = "show"
    run = "run"


def pathway(
    question: Annotated[Question, typer.Argument(help="list: which ship. show: what one is made of. run: one cell.")],
    model: Annotated[str | None, typer.Argument(help="Id of a pathway, or a file of Antimony or SBML.")] = None,
    duration: Annotated[str, typer.Option("--duration", help="For run: how long.")] = "36h",
    every: Annotated[str | None, typer.Option("--every", help="For run: between two times; a 100th of it all.")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="For run: constant=value, or variable=value for its start; in the model's units."),
    ] = None,
    show: Annotated[
        str | None, typer.Option("--show", help="For run: symbols with commas between; by default the outputs.")
    ] = None,
    time: Annotated[str | None, typer.Option("--time", help="Unit of the model's time, if it states none: h.")] = None,
    tolerance: Annotated[float, typer.Option("--tolerance", help="Relative error of a step.")] = 1e-6,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Directory for table and figure; must not exist.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
) -> None:
    """List, show or run a network inside a cell: one that ships, or your own in Antimony or SBML."""
    if out is not None:
        from migralab.results.run import refuse_existing

        refuse_existing(out)
    if question is Question.list:
        _list(as_json=as_json)
        return
    if model is None:
        from migralab.pathways.shipped import pathway_ids

        raise RequestError(f"Which pathway? One of: {', '.join(pathway_ids())}; or a file of Antimony or SBML.")
    described, network = _find(model)
    if question is Question.show:
        _show(described, network, as_json=as_json)
        return
    second, unit = _time_unit(described, network, time)
    names = _names(described, network, show)
    times = _times(duration, every, second)
    values = _run(network, times, _settings(network, settings or ()), names, tolerance)
    _tell(described, (times, values, names, unit), out, as_json=as_json)


def _list(*, as_json: bool) -> None:
    from migralab.pathways.shipped import pathway_ids, shipped_pathway

    every = [shipped_pathway(name) for name in pathway_ids()]
    if as_json:
        say_json([{"id": own.id, "title": own.title, "systems": own.systems, "note": own.note} for own in every])
        return
    for own in every:
        systems = f"  [system{'s' * (len(own.systems) > 1)} {', '.join(map(str, own.systems))}]" if own.systems else ""
        say(f"{own.id:<20} {own.title}{systems}")
    say()
    say("migralab pathway show ID tells more; migralab pathway run ID runs one cell.")


def _find(model: str) -> tuple[Described, Network]:
    from migralab.pathways.load import load_network
    from migralab.pathways.shipped import describe, pathway_ids
    from migralab.spec.pathway import FILES, Pathway, is_file

    if is_file(model):
        from pydantic import ValidationError

        try:
            own = Pathway(model=model)
        except ValidationError as error:
            raise RequestError(str(error.errors()[0].get("ctx", {}).get("error") or error.errors()[0]["msg"])) from None
        described = describe("model", own)
    elif model in pathway_ids():
        described = describe(model)
    else:
        known = UnknownIdError("pathway", model, pathway_ids())
        raise RequestError(f"{known} A file ends in {', '.join(FILES)}.")
    return described, load_network(described.seams.text, described.file)


def _show(described: Described, network: Network, *, as_json: bool) -> None:
    from migralab.pathways.generate.compiled import build
    from migralab.report.pathway_answer import equation_lines, number_rows, seam_lines

    rows = number_rows(described, network)
    if as_json:
        variables, equations = [v.name for v in network.variables], list(equation_lines(network))
        about = {"id": described.id, "title": described.title, "note": described.note}
        say_json(about | {"constants": rows, "variables": variables, "equations": equations})
        return
    say(f"{described.title or network.title or network.name}  [{described.id}, {described.file}]")
    if described.note:
        say(described.note)
    say("\nSeams")
    for line in seam_lines(described, network):
        say(f"  {line}")
    say("\nEquations")
    for line in equation_lines(network):
        say(f"  {line}")
    say("\nNumbers (* was fitted to published results)")
    for row in rows:
        span = f" ({row['low']:g} to {row['high']:g})" if row["low"] is not None and row["high"] is not None else ""
        star = "*" if row["calibrated_on"] else " "
        value = f"{row['value']:g} {row['unit']}".rstrip() + span
        name = row["symbol"] if row["symbol"] == row["parameter"] else f"{row['symbol']} (set as {row['parameter']})"
        say(f" {star}{name:<28} {value:<34} {row['source']}")
    chosen = build(network, method=described.seams.method, plain=True)
    say(f"\nIntegrator: {chosen.method}; {chosen.reason}")


def _time_unit(described: Described, network: Network, said: str | None) -> tuple[float, str]:
    """Return the model's unit of time, s, and its name."""
    if said is not None and said not in _UNITS.values():
        raise RequestError(f"--time {said} is no unit of time that is known here. Allowed: s, min, h.")
    stated = network.time_unit_s
    if stated is None and said is None:
        raise RequestError(
            f"{described.file} states no unit of time. Say which it is: --time h (or min, s); "
            "or write 'unit time_unit = 3600 second' into the model."
        )
    second = stated if stated is not None else next(value for value, name in _UNITS.items() if name == said)
    if stated is not None and said is not None and _UNITS.get(stated) != said:
        raise RequestError(f"{described.file} counts time in {stated:g} s; leave --time out.")
    return second, _UNITS.get(second, f"{second:g} s")


def _times(duration: str, every: str | None, second: float) -> Any:
    import numpy as np

    length = _positive(duration, "--duration", "36h")
    step = length / 100 if every is None else _positive(every, "--every", "30min")
    count = length / step
    if count > MOST_TIMES:
        raise RequestError(f"--every {every} gives {count:.3g} times, and at most {MOST_TIMES} are shown.")
    return np.append(np.arange(int(np.floor(count + 1e-9))) * step, length) / second


def _positive(text: str, name: str, example: str) -> float:
    try:
        value = units.parse(text, like="s")
    except UnitError as error:
        raise RequestError(f"{name}: {error} Write for example {name} {example}.") from None
    if value <= 0:
        raise RequestError(f"{name} = {text} is not above 0. Write for example {name} {example}.")
    return value


def _names(described: Described, network: Network, asked: str | None) -> list[str]:
    if asked is not None:
        names = [name.strip() for name in asked.split(",") if name.strip()]
        for name in names:
            if name not in network.shown:
                raise RequestError(f"--show: {UnknownIdError('symbol of the model', name, network.shown)}")
        return names
    names = list(described.seams.outputs) or [variable.name for variable in network.variables]
    if not names:
        raise RequestError(f"{described.file} has no variable: nothing changes. Name what to see with --show.")
    return names


def _settings(network: Network, settings: Sequence[str]) -> dict[str, float]:
    """Return the constants that are set; the start of a variable is one of them."""
    constants = {constant.name for constant in network.constants}
    variables = {variable.name for variable in network.variables}
    found: dict[str, float] = {}
    for setting in settings:
        name, equals, text = (part.strip() for part in setting.partition("="))
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not equals or not math.isfinite(value):
            raise RequestError(f"--set '{setting}' is not name=number. Write for example --set {min(constants)}=0.5.")
        key = f"start_of_{name}" if name in variables else name
        if key not in constants:
            if name in variables:
                raise RequestError(
                    f"--set {name}: its start follows from other numbers of the model. Change those, or write "
                    f"'{name} = number' in the model."
                )
            raise RequestError(f"--set: {UnknownIdError('constant of the model', name, constants | variables)}")
        found[key] = value
    return found


def _run(network: Network, times: Any, constants: Mapping[str, float], names: Sequence[str], tolerance: float) -> Any:
    import numpy as np

    from migralab.pathways.course import Solver, absolute_tolerance, simulate_course

    if not 1e-12 <= tolerance <= 1e-2:
        raise RequestError(f"--tolerance {tolerance:g} is not between 1e-12 and 0.01.")
    values = np.array([constants.get(own.name, own.value) for own in network.constants])
    solver = Solver(rtol=tolerance, atol=absolute_tolerance(network, values, tolerance), plain=True)
    return simulate_course(network, times, constants=constants, solver=solver).table(names)


def _tell(described: Described, course: tuple[Any, Any, list[str], str], out: Path | None, *, as_json: bool) -> None:
    times, values, names, unit = course
    rows = [
        {f"time_{unit}": float(time), **dict(zip(names, map(float, row), strict=True))}
        for time, row in zip(times, values, strict=True)
    ]
    if as_json:
        say_json(rows)
    else:
        shown = rows if len(rows) <= 25 else [rows[round(k * (len(rows) - 1) / 12)] for k in range(13)]
        say("  ".join(f"{name:>14}" for name in rows[0]))
        for row in shown:
            say("  ".join(f"{value:>14.6g}" for value in row.values()))
    if out is not None:
        from migralab.report.pathway_answer import draw_course

        with appearing_whole(out) as fresh:
            write_csv(fresh / "course.csv", rows)
            picture = draw_course(times, values, names, title=described.title or described.file, unit=unit)
            (fresh / "course.png").write_bytes(picture)
        remark(f"Table and figure are in {out}.")
