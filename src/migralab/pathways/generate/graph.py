"""Formulas with every common part once, simplified as they are built.

A node is a number, a symbol or an operation on earlier nodes, so the order of the list is an order of evaluation.
Operations are the two-place ones of `migralab.pathways.expression`, and `where` (condition, value, value otherwise) and
`slope` (derivative of a power). Simplification never reorders a sum or a product, so that rounding stays the model's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from migralab.pathways.expression import Apply, Expression, Number, Symbol
from migralab.pathways.solver.functions import PLAIN

TRUTHS = frozenset(("lt", "le", "gt", "ge", "eq", "ne", "and", "or", "xor", "not"))
JUMPS = frozenset(("lt", "le", "gt", "ge", "eq", "ne", "floor", "ceil", "quotient", "rem", "factorial"))
"""Operations to whose arguments a rounding error may matter."""
MOST_PRODUCTS = 32  # the largest whole power that is written as products

Numeric = Callable[..., Any]
OPERATORS: dict[str, Numeric] = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "pow": np.power, "neg": np.negative,
    "min": PLAIN["least"], "max": PLAIN["largest"], "quotient": PLAIN["quotient"], "rem": PLAIN["remainder"],
    "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal, "eq": np.equal, "ne": np.not_equal,
    "and": np.logical_and, "or": np.logical_or, "xor": np.logical_xor, "not": np.logical_not,
    "exp": np.exp, "ln": np.log, "log10": np.log10, "sqrt": np.sqrt, "abs": np.abs, "floor": np.floor, "ceil": np.ceil,
    "factorial": PLAIN["factorial"], "sin": np.sin, "cos": np.cos, "tan": np.tan, "sinh": np.sinh, "cosh": np.cosh,
    "tanh": np.tanh, "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan, "asinh": np.arcsinh, "acosh": np.arccosh,
    "atanh": np.arctanh, "where": PLAIN["where"], "slope": PLAIN["power_slope"],
}  # fmt: skip
"""Every operation of a graph on numpy scalars or arrays."""


class Node(NamedTuple):
    """One operation; `value` is the number of a ``number`` and the name of a ``symbol``."""

    operation: str
    arguments: tuple[int, ...] = ()
    value: float | str = 0.0


class Graph:
    """A growing list of nodes, each there once."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self._known: dict[tuple[str, tuple[int, ...], str], int] = {}
        self.zero, self.one = self.number(0.0), self.number(1.0)

    def number(self, value: float) -> int:
        """Return the node of a number."""
        return self._node(Node("number", (), float(value)))

    def symbol(self, name: str) -> int:
        """Return the node of a name."""
        return self._node(Node("symbol", (), name))

    def _node(self, node: Node) -> int:
        key = (node.operation, node.arguments, repr(node.value))
        if key not in self._known:
            self._known[key] = len(self.nodes)
            self.nodes.append(node)
        return self._known[key]

    def value(self, node: int) -> float | None:
        """Return the number that a node is, or None."""
        found = self.nodes[node]
        return float(found.value) if found.operation == "number" else None

    def is_truth(self, node: int) -> bool:
        """Whether the node is true or false and no number."""
        return self.nodes[node].operation in TRUTHS

    def add(self, expression: Expression, by: Mapping[str, int] | None = None) -> int:
        """Return the node of a formula, as a number.

        Parameters
        ----------
        by
            Nodes that stand for names; other names become symbols.
        """
        named = by or {}
        done: dict[int, int] = {}
        todo: list[tuple[Expression, bool]] = [(expression, False)]
        while todo:
            part, ready = todo.pop()
            if id(part) in done:
                continue
            if isinstance(part, Number):
                done[id(part)] = self.number(part.value)
            elif isinstance(part, Symbol):
                done[id(part)] = named[part.name] if part.name in named else self.symbol(part.name)
            elif ready:
                done[id(part)] = self.apply(part.operation, *(done[id(own)] for own in part.arguments))
            else:
                todo.append((part, True))
                todo.extend((own, False) for own in reversed(part.arguments))
        return self.numeric(done[id(expression)])

    def apply(self, operation: str, *arguments: int) -> int:
        """Return the node of an operation of `migralab.pathways.expression` or of this graph, simplified."""
        if operation == "piecewise":
            return self._piecewise(arguments)
        if operation in {"add", "mul", "min", "max", "and", "or", "xor"}:
            result = self._typed(operation, arguments[0])
            for argument in arguments[1:]:
                result = self._two(operation, result, self._typed(operation, argument))
            return result
        return self._two(operation, *(self._typed(operation, own, place) for place, own in enumerate(arguments)))

    def numeric(self, node: int) -> int:
        """Return 1 or 0 for a condition, and a number as it is."""
        return self._two("where", node, self.one, self.zero) if self.is_truth(node) else node

    def truth(self, node: int) -> int:
        """Return whether a number is not zero, and a condition as it is."""
        return node if self.is_truth(node) else self._two("ne", node, self.zero)

    def _typed(self, operation: str, node: int, place: int = 0) -> int:
        logical = operation in {"and", "or", "xor", "not"} or (operation == "where" and place == 0)
        if not logical:
            return self.numeric(node)
        return node if self.value(node) is not None else self.truth(node)

    def _piecewise(self, arguments: tuple[int, ...]) -> int:
        result = arguments[-1] if len(arguments) % 2 else self.number(np.nan)
        for place in range(len(arguments) // 2 * 2 - 2, -1, -2):
            result = self.apply("where", arguments[place + 1], arguments[place], result)
        return result

    def _two(self, operation: str, *arguments: int) -> int:
        values = [self.value(own) for own in arguments]
        if all(value is not None for value in values):
            with np.errstate(all="ignore"):
                return self.number(float(OPERATORS[operation](*(np.float64(value) for value in values))))
        simpler = _RULES[operation](self, arguments, values) if operation in _RULES else None
        return self._node(Node(operation, arguments)) if simpler is None else simpler

    def reachable(self, roots: Iterable[int]) -> list[int]:
        """Return the nodes that some others need, themselves included, in order of evaluation."""
        seen: set[int] = set()
        todo = list(roots)
        while todo:
            node = todo.pop()
            if node not in seen:
                seen.add(node)
                todo.extend(self.nodes[node].arguments)
        return sorted(seen)

    def symbols(self, roots: Iterable[int]) -> frozenset[str]:
        """Return the names that some nodes need."""
        return frozenset(
            str(self.nodes[node].value) for node in self.reachable(roots) if self.nodes[node].operation == "symbol"
        )

    def expression(self, root: int) -> Expression:
        """Return a node as a tree, in which common parts are shared."""
        trees: dict[int, Expression] = {}
        for node in self.reachable((root,)):
            found = self.nodes[node]
            own = tuple(trees[argument] for argument in found.arguments)
            if found.operation == "number":
                trees[node] = Number(float(found.value))
            elif found.operation == "symbol":
                trees[node] = Symbol(str(found.value))
            elif found.operation == "where":
                trees[node] = Apply("piecewise", (own[1], own[0], own[2]))
            elif found.operation == "slope":
                less = Apply("pow", (own[0], Apply("sub", (own[1], Number(1.0)))))
                trees[node] = Apply("mul", (own[1], less))
            else:
                trees[node] = Apply(found.operation, own)
        return trees[root]


_Values = list[float | None]


def _add(graph: Graph, own: tuple[int, ...], values: _Values) -> int | None:
    if values[0] == 0.0:
        return own[1]
    if values[1] == 0.0:
        return own[0]
    if graph.nodes[own[1]].operation == "neg":
        return graph.apply("sub", own[0], graph.nodes[own[1]].arguments[0])
    return None


def _sub(graph: Graph, own: tuple[int, ...], values: _Values) -> int | None:
    if values[1] == 0.0:
        return own[0]
    if values[0] == 0.0:
        return graph.apply("neg", own[1])
    if own[0] == own[1]:
        return graph.zero
    if graph.nodes[own[1]].operation == "neg":
        return graph.apply("add", own[0], graph.nodes[own[1]].arguments[0])
    return None


def _mul(graph: Graph, own: tuple[int, ...], values: _Values) -> int | None:
    for this, other in ((0, 1), (1, 0)):
        if values[this] == 0.0:
            return graph.zero
        if values[this] == 1.0:
            return own[other]
        if values[this] == -1.0:
            return graph.apply("neg", own[other])
        if graph.nodes[own[this]].operation == "neg":
            inner = [graph.nodes[own[this]].arguments[0], own[other]]
            return graph.apply("neg", graph.apply("mul", *(inner if this == 0 else reversed(inner))))
    return None


def _div(graph: Graph, own: tuple[int, ...], values: _Values) -> int | None:
    if values[0] == 0.0:
        return graph.zero
    if values[1] == 1.0:
        return own[0]
    if graph.nodes[own[0]].operation == "neg":
        return graph.apply("neg", graph.apply("div", graph.nodes[own[0]].arguments[0], own[1]))
    return None


def _neg(graph: Graph, own: tuple[int, ...], values: _Values) -> int | None:
    del values
    return graph.nodes[own[0]].arguments[0] if graph.nodes[own[0]].operation == "neg" else None


def _pow(graph: Graph, own: tuple[int, ...], values: _Values) -> int | None:
    base, power = own[0], values[1]
    if values[0] == 1.0 or power == 0.0:
        return graph.one
    if power == 0.5:
        return graph.apply("sqrt", base)
    if power is None or not power.is_integer() or abs(power) > MOST_PRODUCTS:
        return None
    result, square, left = graph.one, base, int(abs(power))
    while left:
        if left % 2:
            result = graph.apply("mul", result, square)
        left //= 2
        if left:
            square = graph.apply("mul", square, square)
    return result if power > 0 else graph.apply("div", graph.one, result)


def _where(graph: Graph, own: tuple[int, ...], values: _Values) -> int | None:
    del graph
    if values[0] is not None:
        return own[1] if values[0] else own[2]
    return own[1] if own[1] == own[2] else None


def _and(graph: Graph, own: tuple[int, ...], values: _Values) -> int | None:
    for this, other in ((0, 1), (1, 0)):
        value = values[this]
        if value is not None:
            return own[other] if value else graph.zero
    return None


def _or(graph: Graph, own: tuple[int, ...], values: _Values) -> int | None:
    for this, other in ((0, 1), (1, 0)):
        value = values[this]
        if value is not None:
            return graph.one if value else own[other]
    return None


def _xor(graph: Graph, own: tuple[int, ...], values: _Values) -> int | None:
    for this, other in ((0, 1), (1, 0)):
        value = values[this]
        if value is not None:
            return graph.apply("not", own[other]) if value else own[other]
    return None


_RULES: dict[str, Callable[[Graph, tuple[int, ...], _Values], int | None]] = {
    "add": _add, "sub": _sub, "mul": _mul, "div": _div, "neg": _neg, "pow": _pow, "where": _where,
    "and": _and, "or": _or, "xor": _xor,
}  # fmt: skip
