"""One isolation as one HTML file: numbers, figures, every step, and every number that it rests on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from migralab.isolation.bench.isolation import Isolation
from migralab.isolation.bench.library import constants, rotors
from migralab.isolation.bench.mixture import Mixture
from migralab.report.figures.figure import Figure
from migralab.report.isolation.isolate_answer import doubtful_bands, doubts, say_loads, tables_of
from migralab.report.template import fill_template
from migralab.report.wording import number


def render_isolation(result: Isolation, aim: str, mixture: Mixture, figures: Mapping[str, Figure],
                     options: list[dict[str, Any]] | None = None) -> str:  # fmt: skip
    """Return the page of an isolation as the text of an HTML file.

    Parameters
    ----------
    aim
        Kind that is wanted.
    mixture
        Whose numbers the population was made with.
    figures
        By name.
    options
        Rows of an optimisation, if one was made.
    """
    tables = [_table("Every fraction and kind", tables_of(result)["fractions"], opened=False)]
    if options:
        tables.insert(0, _table("What could be better", options, opened=True))
    if result.gradient_table is not None:
        tables.append(_table("The gradient at the end of the run", tables_of(result)["gradient"], opened=True))
    tables += [
        _table("Step by step", _steps(result), opened=True),
        _table("The ledger", tables_of(result)["ledger"], opened=False),
        _table("What the particles rest on", _particles(mixture), opened=False),
        _table("What the bench rests on", _bench(result), opened=False),
    ]
    return fill_template(
        "isolation.html",
        title=result.protocol.title or result.protocol.id, origin=result.population.origin, note=result.protocol.note,
        warnings=[*_warnings(mixture), *doubtful_bands(result, mixture), *say_loads(result), *doubts(result)],
        cards=_cards(result, aim), figures=list(figures.values()), tables=tables,
    )  # fmt: skip


def _cards(result: Isolation, aim: str) -> list[tuple[str, str, str]]:
    answer = result.answer(aim)
    return [
        (f"yield of {aim}s", f"{100 * answer['yield']:.1f} %", "by number, of what was there at the start"),
        ("purity by protein", f"{100 * answer['purity_by_protein']:.1f} %", f"{aim}s in the product"),
        ("purity by number", f"{100 * answer['purity_by_number']:.1f} %", "particles, protein molecules not counted"),
        ("followed", f"{len(result.population):,}", f"particles, seed {result.seed}"),
    ]


def _warnings(mixture: Mixture) -> list[str]:
    guessed = [name for name, kind in mixture.kinds.items() if kind.number_share.tag == "E"]
    if not guessed:
        return []
    return [
        f"Number shares of {', '.join(guessed)} are estimates: purities and the mass of the product hang on them, "
        "bands and sizes of a kind do not."
    ]


def _table(heading: str, rows: list[dict[str, Any]], *, opened: bool) -> tuple[str, bool, list[str], list[list[str]]]:
    columns = list(rows[0]) if rows else []
    return heading, opened, columns, [[_word(row[name]) for name in columns] for row in rows]


def _word(value: Any) -> str:
    if value is None:
        return "–"
    return number(value) if isinstance(value, float) else str(value)


def _steps(result: Isolation) -> list[dict[str, Any]]:
    """Return each step with its rotor, force at both radii and source."""
    rows = []
    for count, step in enumerate(result.protocol.steps, start=1):
        turn = step.turn
        row = {"step": count, "name": step.name or step.what, "kind": step.what, "rotor": "–", "g at r_max": "–",
               "g at r_av": "–", "rpm": "–", "minutes": "–", "source": step.source or "–"}  # fmt: skip
        if turn is not None:
            rotor = rotors()[turn.rotor]
            rpm = rotor.rpm(turn.g, turn.at)
            row |= {"rotor": rotor.name, "rpm": f"{rpm:,.0f}", "minutes": f"{turn.time / 60:g}"}
            row |= {f"g at {at}": f"{(rpm / rotor.rpm(1.0, at)) ** 2:,.0f}" for at in ("r_max", "r_av")}
        rows.append(row)
    return rows


def _particles(mixture: Mixture) -> list[dict[str, Any]]:
    rows = []
    for name, kind in mixture.kinds.items():
        for field in type(kind).model_fields:
            own = getattr(kind, field)
            if isinstance(own, str):
                continue
            span = "–" if own.low is None else f"{own.low:g} to {own.high:g}"
            rows.append({"kind": name, "what": field, "value": f"{own.value:g}", "range": span, "tag": own.tag,
                         "source": own.source})  # fmt: skip
    return rows


def _bench(result: Isolation) -> list[dict[str, Any]]:
    rows = [
        {"what": name, "value": f"{own.value:g} {own.unit}".strip(), "tag": own.tag, "source": own.source}
        for name, own in constants().items()
    ]
    used = dict.fromkeys(step.turn.rotor for step in result.protocol.steps if step.turn is not None)
    return rows + [
        {"what": rotors()[name].name, "value": f"r {rotors()[name].r_min_mm:g} to {rotors()[name].r_max_mm:g} mm",
         "tag": rotors()[name].tag, "source": rotors()[name].source}
        for name in used
    ]  # fmt: skip
