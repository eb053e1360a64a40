"""Part a network into molecules that are counted and the rest, and refuse what cannot be parted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from migralab.core.errors import PathwayError
from migralab.pathways.expression import TIME, Apply, Expression, Number
from migralab.pathways.generate.graph import Graph
from migralab.pathways.network import Network, Reaction


@dataclass(frozen=True, slots=True)
class Channel:
    """A reaction between counted molecules.

    Parameters
    ----------
    propensity
        Events in a time, from counted molecules, inputs and constants alone.
    change
        Molecules that one event adds, by name; not zero.
    """

    name: str
    propensity: Expression
    change: dict[str, int]


@dataclass(frozen=True, slots=True)
class Parted:
    """A network in two parts.

    Parameters
    ----------
    channels
        The reactions of the counted molecules.
    start
        Their number at the start, from constants and inputs alone, in order.
    rest
        What flows; the counted molecules are inputs of it, by their own names.
    """

    counted: tuple[str, ...]
    channels: tuple[Channel, ...]
    start: tuple[Expression, ...]
    rest: Network


def part(network: Network, counted: Iterable[str]) -> Parted:
    """Return the two parts of a network.

    Raises
    ------
    PathwayError
        If a name is no variable, if a reaction changes both parts at once, or if the rate of a counted reaction
        depends on anything but counted molecules, inputs and constants.
    """
    names = tuple(dict.fromkeys(counted))
    variables = [variable.name for variable in network.variables]
    for name in names:
        if name not in variables:
            raise PathwayError(
                f"{network.name} ({name}): it cannot be counted, since it is no variable of the model; "
                f"variables are {', '.join(variables) or 'none'}."
            )
    graph = Graph()
    meaning: dict[str, int] = {}
    for name, expression in network.assigned:
        meaning[name] = graph.add(expression, meaning)
    allowed = {*names, *network.inputs, *(constant.name for constant in network.constants)}
    channels, others = [], []
    for reaction in network.reactions:
        if not set(reaction.change) & set(names):
            others.append(reaction)
            continue
        law = graph.expression(graph.add(reaction.law, meaning))
        needed = graph.symbols([graph.add(law)])
        channel = _channel(network, reaction, law, names)
        if wrong := sorted(needed - allowed):
            raise _refuse_rate(network, reaction, wrong[0])
        if channel.change:
            channels.append(channel)
    _refuse_other_changes(network, names)
    rest = replace(
        network,
        inputs=(*network.inputs, *names),
        variables=tuple(variable for variable in network.variables if variable.name not in names),
        start=tuple((name, expression) for name, expression in network.start if name not in names),
        rates={name: rate for name, rate in network.rates.items() if name not in names},
        reactions=tuple(others),
    )
    return Parted(names, tuple(channels), _starts(network, names, allowed), rest)


def _channel(network: Network, reaction: Reaction, law: Expression, names: tuple[str, ...]) -> Channel:
    strangers = sorted(set(reaction.change) - set(names))
    if strangers:
        raise PathwayError(
            f"{network.name} ({reaction.name}): it changes {_these(set(reaction.change) & set(names))}, which is "
            f"counted, and {_these(strangers)}, which flows, at once; count all of them or none."
        )
    change = {}
    for name, amount in reaction.change.items():
        value = amount.value if isinstance(amount, Number) else None
        if value is None or value != round(value):
            raise PathwayError(
                f"{network.name} ({reaction.name}): one event does not change '{name}' by a whole number of "
                "molecules; declare the species 'substanceOnly', in items, with whole stoichiometry."
            )
        if value:
            change[name] = round(value)
    if reaction.reversible and _is_difference(law):
        raise PathwayError(
            f"{network.name} ({reaction.name}): its rate is a difference, and events of both directions must be "
            "counted apart; write two reactions, or '=>' for '->' if it only goes one way."
        )
    return Channel(reaction.name, law, change)


def _is_difference(expression: Expression) -> bool:
    """Whether a rate has a negative part, as that of a reaction that runs both ways."""
    if isinstance(expression, Number):
        return expression.value < 0
    if not isinstance(expression, Apply):
        return False
    if expression.operation in {"sub", "neg"}:
        return True
    if expression.operation in {"add", "mul"}:
        return any(_is_difference(own) for own in expression.arguments)
    return expression.operation == "div" and _is_difference(expression.arguments[0])


def _refuse_rate(network: Network, reaction: Reaction, wrong: str) -> PathwayError:
    what = "time" if wrong == TIME else f"'{wrong}', which flows"
    count = "" if wrong == TIME else f" count '{wrong}' too, or"
    return PathwayError(
        f"{network.name} ({reaction.name}): its rate depends on {what}; the rate of a counted reaction may depend on "
        f"counted molecules, inputs and constants alone. What to do:{count} do not count "
        f"{_these(reaction.change)}."
    )


def _refuse_other_changes(network: Network, names: tuple[str, ...]) -> None:
    """Refuse counted molecules that change otherwise than by reactions."""
    for name in names:
        in_reactions = any(name in reaction.change for reaction in network.reactions)
        rate = network.rates.get(name, Number(0.0))
        if not in_reactions and rate != Number(0.0):
            raise PathwayError(
                f"{network.name} ({name}): it follows a rate rule, and molecules are counted in reactions only; "
                "write its changes as reactions, or do not count it."
            )
    for event in network.events:
        if wrong := sorted({name for name, _ in event.sets} & set(names)):
            raise PathwayError(
                f"{network.name} ({event.name}): the event sets '{wrong[0]}', which is counted; do not count it."
            )


def _starts(network: Network, names: tuple[str, ...], allowed: set[str]) -> tuple[Expression, ...]:
    graph = Graph()
    known: dict[str, int] = {}
    for name, expression in network.start:
        following = dict(known)
        for own, formula in network.assigned:
            following[own] = graph.add(formula, following)
        known[name] = graph.add(expression, following | known)
    for name in names:
        start = known.get(name, graph.zero)
        if wrong := sorted(graph.symbols([start]) - (allowed - set(names))):
            raise PathwayError(
                f"{network.name} ({name}): its number at the start depends on '{wrong[0]}'; "
                "that of counted molecules may depend on constants and inputs alone."
            )
    return tuple(graph.expression(known.get(name, graph.zero)) for name in names)


def _these(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in sorted(names))
