"""The whole text of a generated module: constants, functions of the network, and an integrator pasted behind them."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from migralab.pathways.differentiate import jacobian, slopes
from migralab.pathways.expression import TIME, symbols_in
from migralab.pathways.generate.graph import Graph
from migralab.pathways.generate.lanes import INDENT, LONGEST, LaneFunction, Prepared, at, lane_functions, reciprocals
from migralab.pathways.generate.linear import DIAGONAL, Factors, factorise
from migralab.pathways.generate.writer import Lines
from migralab.pathways.network import Network

LANES = 16  # of a compiled module; uncompiled code and models with events move one cell at a time
CHUNK = 256
SOLVER = Path(__file__).parents[1] / "solver"
BEGIN, END = "# --- pasted from here ---\n", "# --- to here ---\n"

HEAD = '''"""Made by migralab for one pathway; every edit is lost. No name of the model is used."""

from __future__ import annotations

import math
import re

import numpy as np
'''
EVENT_HEAD = """from migralab.core.random import uniform_pair
"""
PLAIN_HEAD = """def kernel(function):
    return function


entry = inlined = kernel
"""
COMPILED = """import numba

entry = numba.njit(cache=True, error_model="numpy", nogil=True)
kernel = numba.njit(error_model="numpy", nogil=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)
inlined = numba.njit(error_model="numpy", nogil=True, inline="always")
"""


@dataclass(frozen=True, slots=True)
class Source:
    """Text of a module and what it costs to run it.

    Parameters
    ----------
    text
        Python, complete; plain text also needs `migralab.pathways.solver.functions.PLAIN` in scope.
    operations
        Weighed operations of one attempted step of one cell.
    """

    text: str
    operations: int


def pasted(name: str) -> str:
    """Return the part of a file of the solver that belongs into every module."""
    return (SOLVER / name).read_text(encoding="utf-8").split(BEGIN)[1].split(END)[0].strip("\n")


class _Writer:
    """The graph of one network and the functions written from it."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.graph = Graph()
        self.prepared = Prepared(self.graph, [constant.name for constant in network.constants])
        self.variables = [variable.name for variable in network.variables]
        self.names = {name: at("y", place) for place, name in enumerate(self.variables)}
        self.names |= {name: at("u", place) for place, name in enumerate(network.inputs)}
        self.names |= {TIME: "t[lane]", DIAGONAL: "d[lane]"}
        self.meaning: dict[str, int] = {}
        for name, expression in network.assigned:
            self.meaning[name] = self.graph.add(expression, self.meaning)
        roots = [
            self.graph.add(network.rates[name], self.meaning) if name in network.rates else self.graph.zero
            for name in self.variables
        ]
        self.rates = reciprocals(self.graph, roots, self.prepared)
        self.timed = TIME in self.graph.symbols(self.rates)
        self.scratch = 0

    def function(self, head: str, targets: list[tuple[str, int]]) -> tuple[str, int]:
        """Return the text of a lane function and its weight."""
        made = LaneFunction(head, self.prepared, self.names, targets)
        text = made.text()
        self.scratch = max(self.scratch, made.scratch)
        return text, made.operations

    def events(self) -> list[str]:
        """Return what `migralab.pathways.solver.events` needs to know of the events: tables and lane functions."""
        events, graph = self.network.events, self.graph
        sets = [pair for event in events for pair in event.sets]
        nodes = {
            "triggers": [graph.add(event.trigger, self.meaning) for event in events],
            "priorities": [
                graph.number(math.nan) if event.priority is None else graph.add(event.priority, self.meaning)
                for event in events
            ],
            "values_set": [graph.add(expression, self.meaning) for _, expression in sets],
        }
        first = [0, *accumulate(len(event.sets) for event in events)]
        tables = {
            "FIRST_SET": first,
            "TARGETS": [*(self.variables.index(name) for name, _ in sets), -1],
            "STARTS_TRUE": [int(event.starts_true) for event in events],
            "PERSISTENT": [int(event.persistent) for event in events],
            "EARLY": [int(event.early) for event in events],
            "HAS_PRIORITY": [int(event.priority is not None) for event in events],
        }
        texts = ["\n".join([f"EVENTS = {len(events)}", *(f"{name} = {tuple(own)}" for name, own in tables.items())])]
        for name, own in nodes.items():
            targets = [(at("out", place), node) for place, node in enumerate(own)]
            texts.append(self.function(f"{name}(t, y, u, c, scratch, out)", targets)[0])
        return texts

    def start(self) -> str:
        """Return the text of ``start``, on whole arrays and not compiled."""
        graph, network = self.graph, self.network
        names = {constant.name: f"p[{place}]" for place, constant in enumerate(network.constants)}
        names |= {name: f"u[{place}]" for place, name in enumerate(network.inputs)}
        names |= {TIME: "t"} | dict.fromkeys(self.variables, "np.nan")
        known: dict[str, int] = {}
        assigned = {name for name, _ in network.assigned}
        for name, expression in network.start:
            following = self._following(known) if symbols_in(expression) & assigned else {}
            known[name] = graph.add(expression, following | known)
        lines = Lines(graph, names)
        values = lines.compute([known[name] for name in self.variables if name in known])
        places = [place for place, name in enumerate(self.variables) if name in known]
        stores = [f"y[{place}] = {value}" for place, value in zip(places, values, strict=True)]
        return "\n".join(
            ["def start(t, y, u, p):", *(INDENT + line for line in [*lines.statements, *stores] or ["pass"])]
        )

    def _following(self, known: dict[str, int]) -> dict[str, int]:
        """Return the assigned quantities as they follow from the variables known so far."""
        named = dict(known)
        for name, expression in self.network.assigned:
            named[name] = self.graph.add(expression, named)
        return named

    def factored(self) -> tuple[list[str], int, int]:
        """Return the texts of ``factor`` and ``solve``, their weight in one step, and how many factors there are."""
        size, graph = len(self.variables), self.graph
        factors = factorise(graph, size, jacobian(graph, self.rates, self.variables))
        entries = [*factors.inverse.values(), *factors.lower.values(), *factors.upper.values()]
        stored = sorted({node for node in entries if not self.prepared.is_fixed(node)})
        place = {node: number for number, node in enumerate(stored)}
        goals = list(stored)
        if self.timed:
            goals += slopes(graph, self.rates, TIME)
        goals.append(factors.growth)
        targets = [(at("m", number), node) for number, node in enumerate(goals)]
        text, weight = self.function("factor(t, d, y, u, c, scratch, m)", targets)
        return [text, self._solve(factors, place)], weight + 12 * len(entries), len(stored)

    def _solve(self, factors: Factors, place: dict[int, int]) -> str:
        """Return the text of forward and back substitution."""

        def factor(node: int) -> str:
            return at("m", place[node]) if node in place else self.prepared.text(node)

        steps: list[tuple[int, str, int | None]] = []  # variable, what is done to it, the variable that this needs
        for pivot in factors.order:
            below = [row for row, column in factors.lower if column == pivot]
            steps += [(row, f"-= {factor(factors.lower[row, pivot])} * b{pivot}", pivot) for row in below]
        for pivot in reversed(factors.order):
            right = [column for row, column in factors.upper if row == pivot]
            steps += [(pivot, f"-= {factor(factors.upper[pivot, column])} * b{column}", column) for column in right]
            steps.append((pivot, f"*= {factor(factors.inverse[pivot])}", None))
        loops: list[list[str]] = []
        for first in range(0, len(steps), LONGEST):
            block = steps[first : first + LONGEST]
            changed = {own for own, _, _ in block}
            used = changed | {other for _, _, other in block if other is not None}
            lines = [f"b{own} = {at('b', own)}" for own in sorted(used)]
            lines += [f"b{own} {change}" for own, change, _ in block]
            lines += [f"{at('b', own)} = b{own}" for own in sorted(changed)]
            loops.append(lines)
        return lane_functions("solve(c, m, b)", loops)


def make(network: Network, *, stiff: bool, plain: bool = False) -> Source:
    """Return the module of a network.

    Parameters
    ----------
    stiff
        With the integrator for stiff networks, or the one for mild ones.
    plain
        Without the decorators: to run as it stands, one cell at a time.
    """
    writer = _Writer(network)
    size = len(writer.variables)
    targets = [(at("out", place), node) for place, node in enumerate(writer.rates)]
    text, cost = writer.function("rates(t, y, u, c, scratch, out)", targets)
    functions, weight, stored = [text], 7 * cost + 60 * size, 0
    if stiff:
        texts, matrix, stored = writer.factored()
        functions += texts
        weight = 6 * cost + matrix + 70 * size
    if network.events:
        functions += writer.events()
    lanes = 1 if plain or network.events else LANES
    functions = [
        re.sub(r"(\d+) \* LANES \+ lane", lambda own: f"{int(own[1]) * lanes} + lane", own) for own in functions
    ]
    numbers = {
        "LANES": lanes,
        "CHUNK": CHUNK,
        "N": size,
        "M": len(network.inputs),
        "SCRATCH": writer.scratch,
        "FACTORS": stored,
        "TIMED": int(writer.timed),
    }
    parts = [
        HEAD,
        EVENT_HEAD if network.events else "",
        PLAIN_HEAD if plain else COMPILED,
        "\n".join(f"{name} = {value}" for name, value in numbers.items()),
        "" if plain else pasted("functions.py"),
        *functions,
        writer.prepared.function(),
        writer.start(),
        pasted("stiff.py" if stiff else "explicit.py"),
        pasted("steps.py"),
        pasted("events.py" if network.events else "driver.py"),
    ]
    return Source("\n\n\n".join(part.strip("\n") for part in parts if part) + "\n", weight)
