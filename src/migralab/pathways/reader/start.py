"""The numbers that a model begins with: what has none, and what is divided by zero."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from migralab.core.errors import PathwayError
from migralab.pathways.evaluate import evaluate
from migralab.pathways.expression import TIME, Apply, Expression, symbols_in
from migralab.pathways.network import Network
from migralab.pathways.reader.order import evaluation_order
from migralab.pathways.reader.quantity import Table
from migralab.pathways.reader.text.source import endings, in_words, without_comments

_DECLARED = re.compile(r"\b(?:const|var)\b([^;=\n]*)")


def refuse_undeclared(table: Table) -> None:
    """Refuse a name that is used and neither declared nor given a value: Antimony takes it for a parameter.

    Raises
    ------
    PathwayError
        With the line where the name stands first.
    """
    declared = {
        name
        for found in _DECLARED.finditer(without_comments(table.source.text))
        for name in re.findall(r"[A-Za-z_]\w*", found.group(1))
    }
    for own in table.quantities.values():
        has_value = not math.isnan(own.number) or own.initial is not None
        if own.kind != "parameter" or has_value or not own.is_fixed or declared & {*endings(own.name)}:
            continue
        raise table.source.refuse_at(
            own.element, f"'{own.name}' is not declared; give it a value ({own.name} = ...), or correct the name"
        )


def check_the_start(network: Network, table: Table) -> None:
    """Refuse a network that has no finite number at the start somewhere.

    Raises
    ------
    PathwayError
        With the name, and the part of its formula where the number is lost.
    """
    values = {constant.name: constant.value for constant in network.constants} | {TIME: 0.0}
    formulas: dict[str, Expression] = {**dict(network.start), **dict(network.assigned)}
    used = _used(network)
    for name, value in values.items():
        if math.isnan(value) and name in used:
            raise _refusal(table, name, _no_value(name))
    for name in evaluation_order({name: symbols_in(formula) for name, formula in formulas.items()}):
        values[name] = evaluate(formulas[name], values)
        if not math.isfinite(values[name]):
            raise _refusal(table, name, _lost(name, formulas[name], values))
    for name, formula in network.rates.items():
        if not math.isfinite(evaluate(formula, values)):
            raise _refusal(table, name, _lost(f"the rate of {name}", formula, values))


def _used(network: Network) -> set[str]:
    formulas = [formula for _, formula in (*network.start, *network.assigned)]
    formulas += [*network.rates.values(), *(own.trigger for own in network.events)]
    formulas += [formula for own in network.events for _, formula in own.sets]
    return {name for formula in formulas for name in symbols_in(formula)}


def _no_value(name: str) -> str:
    of = name.removeprefix("start_of_").removesuffix("__amount").removesuffix("__concentration")
    what = "start value" if name.startswith("start_of_") else "value"
    return f"'{of}' has no {what}; give it one ({of} = ...), or correct the name where it is misspelt"


def _lost(name: str, formula: Expression, values: Mapping[str, float]) -> str:
    part = _culprit(formula, values)
    numbers = ", ".join(f"{own} = {values[own]:g}" for own in sorted(symbols_in(part))[:6])
    value = evaluate(part, values)
    where = f" with {numbers}" if numbers else ""
    by_zero = isinstance(part, Apply) and part.operation == "div" and evaluate(part.arguments[1], values) == 0.0
    why = "a division by zero" if by_zero else f"{value:g}"
    return (
        f"{name} has no finite value at the start: {in_words(part)} is {why}{where}; "
        "change a start value, or write the formula so that it has a value there"
    )


def _culprit(formula: Expression, values: Mapping[str, float]) -> Expression:
    """Return the innermost part that is not finite."""
    while isinstance(formula, Apply):
        worse = next((own for own in formula.arguments if not math.isfinite(evaluate(own, values))), None)
        if worse is None:
            return formula
        formula = worse
    return formula


def _refusal(table: Table, name: str, message: str) -> PathwayError:
    """Return the error about a name of the network, at what stands for it in the model."""
    of = name.removeprefix("start_of_").removesuffix("__amount").removesuffix("__concentration")
    element: Any = None
    for own in (name, of, *([of.split("__")[0]] if "__" in of else [])):
        element = element if element is not None else table.model.getElementBySId(own)
    if element is None:
        return table.source.refuse(message, line=table.source.line_of(of), element=f"'{name}'")
    return table.source.refuse_at(element, message)
