"""A network as JSON, so that a model that has been read once need not be read again; never as pickle.

Formulas are a flat list in which every operation names earlier entries, so that no depth of a formula is too much.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from dataclasses import fields
from typing import Any

from migralab.pathways.expression import Apply, Expression, Number, Symbol
from migralab.pathways.generate import cache
from migralab.pathways.network import Constant, Event, Network, Reaction, Variable

LISTS = ("start", "assigned")  # fields of a network that are pairs of name and formula
TABLES = ("rates", "shown", "amounts", "concentrations")  # and those that are formulas by name


class _Formulas:
    """The flat list, and the place of each formula in it."""

    def __init__(self) -> None:
        self.entries: list[Any] = []
        self._place: dict[Any, int] = {}
        self._done: dict[int, int] = {}
        self._alive: list[Expression] = []  # so that no id is used twice

    def place(self, expression: Expression) -> int:
        todo = [(expression, False)]
        while todo:
            part, ready = todo.pop()
            if id(part) in self._done:
                continue
            if isinstance(part, Apply) and not ready:
                todo.append((part, True))
                todo.extend((own, False) for own in part.arguments)
                continue
            self._done[id(part)] = self._entry(part)
            self._alive.append(part)
        return self._done[id(expression)]

    def _entry(self, part: Expression) -> int:
        entry: Any
        if isinstance(part, Number):
            entry = part.value
        elif isinstance(part, Symbol):
            entry = part.name
        else:
            entry = [part.operation, *(self._done[id(own)] for own in part.arguments)]
        key = repr(entry)
        if key not in self._place:
            self._place[key] = len(self.entries)
            self.entries.append(entry)
        return self._place[key]


def _read_formulas(entries: list[Any]) -> list[Expression]:
    found: list[Expression] = []
    for entry in entries:
        if isinstance(entry, list):
            found.append(Apply(entry[0], tuple(found[own] for own in entry[1:])))
        elif isinstance(entry, str):
            found.append(Symbol(entry))
        else:
            found.append(Number(float(entry)))
    return found


def load(text: str, name: str, reader: Callable[[str, str], Network]) -> Network:
    """Return the network that a reader makes of a text, or made of it before; a text that is refused is not kept.

    Parameters
    ----------
    text
        The model.
    name
        What messages call it.
    reader
        Of the room `migralab.pathways.reader`, any edit of which makes it read again.
    """
    sources = cache.source_digest((cache.ROOM / "reader",))
    key = f"network_{cache.digest(text, name, sources, reader.__module__, reader.__qualname__)}.json"
    if kept := cache.get(key):
        with contextlib.suppress(ValueError, KeyError, TypeError, IndexError):  # a damaged file is read anew
            return from_json(kept)
    network = reader(text, name)
    cache.put(key, to_json(network))
    return network


def to_json(network: Network) -> str:
    """Return a network as JSON, the same text for the same network."""
    formulas = _Formulas()

    def pairs(items: Any) -> list[list[Any]]:
        return [[name, formulas.place(expression)] for name, expression in items]

    record = _plain(network) | {
        "constants": [_plain(constant) for constant in network.constants],
        "variables": [_plain(variable) for variable in network.variables],
        "reactions": [
            _plain(reaction) | {"law": formulas.place(reaction.law), "change": pairs(reaction.change.items())}
            for reaction in network.reactions
        ],
        "events": [
            _plain(event)
            | {
                "trigger": formulas.place(event.trigger),
                "priority": None if event.priority is None else formulas.place(event.priority),
                "sets": pairs(event.sets),
            }
            for event in network.events
        ],
    }
    record |= {name: pairs(getattr(network, name)) for name in LISTS}
    record |= {name: pairs(getattr(network, name).items()) for name in TABLES}
    return json.dumps(record | {"formulas": formulas.entries})


def from_json(text: str) -> Network:
    """Return the network that `to_json` wrote."""
    record = json.loads(text)
    formulas = _read_formulas(record.pop("formulas"))

    def pairs(items: list[list[Any]]) -> tuple[tuple[str, Expression], ...]:
        return tuple((name, formulas[place]) for name, place in items)

    record |= {
        "inputs": tuple(record["inputs"]),
        "constants": tuple(Constant(**own) for own in record["constants"]),
        "variables": tuple(Variable(**own) for own in record["variables"]),
        "reactions": tuple(
            Reaction(**own | {"law": formulas[own["law"]], "change": dict(pairs(own["change"]))})
            for own in record["reactions"]
        ),
        "events": tuple(
            Event(
                **own
                | {
                    "trigger": formulas[own["trigger"]],
                    "priority": None if own["priority"] is None else formulas[own["priority"]],
                    "sets": pairs(own["sets"]),
                }
            )
            for own in record["events"]
        ),
    }
    record |= {name: pairs(record[name]) for name in LISTS}
    record |= {name: dict(pairs(record[name])) for name in TABLES}
    return Network(**record)


def _plain(item: Any) -> dict[str, Any]:
    return {own.name: getattr(item, own.name) for own in fields(item)}
