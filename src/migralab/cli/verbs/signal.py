"""`migralab signal`: what the molecules of one migrasome can do, how far it is felt, how many there are in a dose."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from migralab.cli.console import appearing_whole, progress, remark, say, say_json, write_csv
from migralab.core import units
from migralab.core.errors import RequestError, UnitError

if TYPE_CHECKING:
    from migralab.physics.recipients.dose import Range
    from migralab.physics.signals.budget import Setting
    from migralab.report.signal_dose import Preparation


_EXAMPLES = {
    "um": "2um", "uM": "1uM", "um^2/s": "100um^2/s", "1/h": "1/h", "nM": "3.4nM", "s": "60s", "nM/um": "0.002nM/um",
    "ug": "8ug", "mg/ml": "50..200mg/ml", "": "1e5..1e6", "h": "24h", "um/min": "0.5um/min",
    "1/um^2": "1e-4..1e-3/um^2",
}  # fmt: skip
WIDEST = 8.0  # um; the nearest distance that is shown is 5 um from the centre


class Question(StrEnum):
    """What is asked."""

    budget = "budget"
    reach = "reach"
    dose = "dose"


class Mode(StrEnum):
    """How the cue gets out, and where it goes."""

    burst = "burst"
    leak = "leak"
    density = "density"
    matrix = "matrix"
    slit = "slit"
    all = "all"


def signal(
    question: Annotated[
        Question,
        typer.Argument(help="budget: what the molecules allow. reach: who feels it. dose: how many a mass of them is."),
    ],
    mode: Annotated[Mode, typer.Option("--mode", help="For reach: how the cue gets out.")] = Mode.all,
    diameter: Annotated[
        str | None, typer.Option("--diameter", help="Of the migrasome: 2um, or for dose the mean of purified, 0.61um.")
    ] = None,
    concentration: Annotated[str, typer.Option("--concentration", help="Of the cue in it (E).")] = "1uM",
    diffusivity: Annotated[str, typer.Option("--diffusivity", help="Of the free cue (E).")] = "100um^2/s",
    decay: Annotated[str, typer.Option("--decay", help="Loss of the free cue (E).")] = "1/h",
    affinity: Annotated[str, typer.Option("--affinity", help="Half occupancy of the receptors.")] = "3.4nM",
    threshold: Annotated[str, typer.Option("--threshold", help="Least gradient that is followed.")] = "0.002nM/um",
    averaging: Annotated[str, typer.Option("--averaging", help="Time over which a cell averages (E).")] = "60s",
    mass: Annotated[str, typer.Option("--mass", help="For dose: protein of what is given.")] = "8ug",
    recipients: Annotated[
        str, typer.Option("--recipients", help="For dose: cells that get it; A..B where it is not known (E).")
    ] = "1e5..1e6",
    protein_density: Annotated[
        str, typer.Option("--protein-density", help="For dose: protein per volume of vesicle (E).")
    ] = "50..200mg/ml",
    diameter_sd: Annotated[str, typer.Option("--diameter-sd", help="For dose: between vesicles.")] = "0.234um",
    time: Annotated[str, typer.Option("--time", help="For dose: how long the recipients have.")] = "24h",
    radius: Annotated[str, typer.Option("--radius", help="For dose: of a recipient (E).")] = "10um",
    speed: Annotated[str, typer.Option("--speed", help="For dose: of a neighbour (E).")] = "0.2..1um/min",
    on_ground: Annotated[
        str, typer.Option("--on-ground", help="For dose: migrasomes per area around a neighbour (E).")
    ] = "1e-4..1e-3/um^2",
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Directory for tables and figures; must not exist.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
) -> None:
    """Say what one migrasome's molecules allow, how far and how long a cell feels them, and what a dose of many is."""
    if out is not None:
        from migralab.results.run import refuse_existing

        refuse_existing(out)
    if question is Question.dose:
        from migralab.report.signal_dose import Preparation

        given = Preparation(
            mass=1e3 * _above_zero(mass, "--mass", "ug"),  # mg is the internal unit
            diameter=_above_zero(diameter or "0.61um", "--diameter", "um"),
            diameter_sd=_above_zero(diameter_sd, "--diameter-sd", "um"),
            protein_density=_range(protein_density, "--protein-density", "mg/ml", 1e-3),  # ug/ml is kept as a number
            recipients=_range(recipients, "--recipients", ""), time=_above_zero(time, "--time", "h") / 60,
            radius=_above_zero(radius, "--radius", "um"), speed=_range(speed, "--speed", "um/min", 60.0),
            on_ground=_range(on_ground, "--on-ground", "1/um^2"),
        )  # fmt: skip
        _dose(given, out, as_json=as_json)
        return
    from migralab.physics.signals.budget import Receptors, Setting

    diameter = diameter or "2um"
    setting = Setting(
        diameter=_above_zero(diameter, "--diameter", "um"),
        concentration=_above_zero(concentration, "--concentration", "uM"),
        diffusivity=_above_zero(diffusivity, "--diffusivity", "um^2/s"),
        decay=_above_zero(decay, "--decay", "1/h"), threshold=_above_zero(threshold, "--threshold", "nM/um"),
        receptors=Receptors(affinity=_above_zero(affinity, "--affinity", "nM"),
                            averaging=_above_zero(averaging, "--averaging", "s")),
    )  # fmt: skip
    if setting.diameter > WIDEST:
        raise RequestError(
            f"--diameter {diameter} is wider than {WIDEST:g} um: distances of the answer would lie inside it. "
            "Migrasomes measure 0.5 to 3 um."
        )
    if question is Question.budget:
        _budget(setting, out, as_json=as_json)
    else:
        _reach(setting, mode, out, as_json=as_json)


def _above_zero(text: str, name: str, unit: str) -> float:
    shown = _EXAMPLES[unit]
    try:
        # A rate may be written without its number: 1/h
        value = units.parse(f"1 {text}" if text in {"1/h", "1/min", "1/s"} else _per(text), like=unit)
    except UnitError as error:
        raise RequestError(f"{name}: {error} Write for example {name} {shown}.") from None
    if not value > 0:
        raise RequestError(f"{name} = {text} is not above 0. Write for example {name} {shown}.")
    return value


def _per(text: str) -> str:
    """Return ``1e-4/um^2`` as ``1e-4 1/um^2``."""
    number, slash, unit = text.partition("/")
    try:
        float(number)
    except ValueError:
        return text
    return f"{number} 1/{unit}" if slash else text


def _range(text: str, name: str, unit: str, factor: float = 1.0) -> Range:
    """Return ``A..B unit`` with the geometric mean as its value, or one number without a range."""
    from migralab.physics.recipients.dose import Range

    first, dots, second = text.partition("..")
    if not dots:
        return Range.exact(factor * _above_zero(text, name, unit))
    try:
        own = units.split(second)[1]
        low = first if units.split(first)[1] or not own else f"{first}{own if own.startswith('/') else ' ' + own}"
    except UnitError as error:
        raise RequestError(f"{name}: {error} Write for example {name} {_EXAMPLES[unit]}.") from None
    ends = factor * _above_zero(low, name, unit), factor * _above_zero(second, name, unit)
    if ends[0] > ends[1]:
        raise RequestError(f"{name} = {text} goes from a larger to a smaller number. Write the smaller one first.")
    return Range((ends[0] * ends[1]) ** 0.5, *ends)


def _dose(given: Preparation, out: Path | None, *, as_json: bool) -> None:
    from migralab.report.signal_dose import dose_rows, draw_dose

    rows = dose_rows(given)
    if as_json:
        say_json(rows)
    else:
        for row in rows:
            span = f"({row['low']:.3g} to {row['high']:.3g})" if row["low"] < row["high"] else ""
            say(f"{row['quantity']:<40} {row['value']:>9.3g} {row['unit']:<3} {span:<24} {row['meaning']}")
    if out is not None:
        with appearing_whole(out) as fresh:
            write_csv(fresh / "signal-dose.csv", rows)
            (fresh / "signal-dose.png").write_bytes(draw_dose(given))
        remark(f"Table and figure are in {out}.")


def _budget(setting: Setting, out: Path | None, *, as_json: bool) -> None:
    from migralab.report.signal_budget import budget_rows

    rows = budget_rows(setting)
    table = [{"quantity": row.quantity, "where": row.where, "value": row.value, "unit": row.unit} for row in rows]
    if as_json:
        say_json(table)
    else:
        for row in rows:
            name = f"{row.quantity}{', ' if row.where else ''}{row.where}"
            say(f"{name:<58} {row.value:>10.3g} {row.unit:<14} {row.meaning}")
    if out is not None:
        with appearing_whole(out) as fresh:
            write_csv(fresh / "signal-budget.csv", table)
        remark(f"The table is in {out / 'signal-budget.csv'}.")


def _reach(setting: Setting, mode: Mode, out: Path | None, *, as_json: bool) -> None:
    from migralab.report.signal_answer import MODES, answer_mode

    wanted = list(MODES) if mode is Mode.all else [mode.value]
    content: dict[str, Any] = {}
    pictures: dict[str, bytes] = {}
    for name in wanted:
        with progress(f"signal {name}", "parts") as update:
            answer = answer_mode(name, setting, update)
        content[name], pictures[name] = answer.table, answer.picture
        if not as_json:
            say(answer.question)
            for line in answer.words:
                say(f"  {line}")
    if as_json:
        say_json(content)
    if out is not None:
        import json

        with appearing_whole(out) as fresh:
            for name, picture in pictures.items():
                (fresh / f"signal-{name}.png").write_bytes(picture)
                write_csv(fresh / f"signal-{name}.csv", content[name])
            (fresh / "signal-reach.json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        remark(f"Figures and tables are in {out}.")
