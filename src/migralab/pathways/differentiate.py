"""Derivatives of formulas by the rules of calculus, on a graph in which common parts are there once.

The derivative of a condition is zero and that of `piecewise` is the derivative of the branch that holds: at the jump
itself it is one-sided.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from migralab.pathways.expression import Expression
from migralab.pathways.generate.graph import TRUTHS, Graph

STEP = 1e-5  # of the difference that stands for the derivative of a factorial


def derivative(expression: Expression, name: str) -> Expression:
    """Return the derivative of a formula by one of its symbols, simplified."""
    graph = Graph()
    root = graph.add(expression)
    return graph.expression(slopes(graph, [root], name)[0])


def slopes(graph: Graph, roots: Sequence[int], name: str) -> list[int]:
    """Return the derivative of each root by a symbol, as nodes of the same graph."""
    slope: dict[int, int] = {}
    for node in graph.reachable(roots):
        found = graph.nodes[node]
        if found.operation == "symbol":
            slope[node] = graph.one if found.value == name else graph.zero
        elif found.operation in _FLAT or all(slope[own] == graph.zero for own in found.arguments):
            slope[node] = graph.zero
        else:
            by = tuple(slope[own] for own in found.arguments)
            slope[node] = _RULES[found.operation](graph, node, found.arguments, by)
    return [slope[root] for root in roots]


def jacobian(graph: Graph, roots: Sequence[int], names: Sequence[str]) -> dict[tuple[int, int], int]:
    """Return the entries that are not zero whatever the values: (root, name) -> node."""
    entries: dict[tuple[int, int], int] = {}
    for column, name in enumerate(names):
        for row, node in enumerate(slopes(graph, roots, name)):
            if node != graph.zero:
                entries[row, column] = node
    return entries


_Pair = tuple[int, ...]
_Rule = Callable[[Graph, int, _Pair, _Pair], int]


def _linear(graph: Graph, node: int, own: _Pair, by: _Pair) -> int:
    del own
    return graph.apply(graph.nodes[node].operation, *by)


def _mul(graph: Graph, node: int, own: _Pair, by: _Pair) -> int:
    del node
    return graph.apply("add", graph.apply("mul", by[0], own[1]), graph.apply("mul", own[0], by[1]))


def _div(graph: Graph, node: int, own: _Pair, by: _Pair) -> int:
    above = graph.apply("sub", by[0], graph.apply("mul", node, by[1]))
    return graph.apply("div", above, own[1])


def _pow(graph: Graph, node: int, own: _Pair, by: _Pair) -> int:
    base, power = own
    exponent = graph.value(power)
    if exponent is None:
        slope = graph.apply("slope", base, power, node)
    else:
        slope = graph.apply("mul", power, graph.apply("pow", base, graph.number(exponent - 1.0)))
    result = graph.apply("mul", slope, by[0])
    if by[1] == graph.zero:
        return result
    log = graph.apply("mul", node, graph.apply("ln", base))  # 0 and not NaN where the power is 0
    log = graph.apply("where", graph.apply("eq", node, graph.zero), graph.zero, log)
    return graph.apply("add", result, graph.apply("mul", log, by[1]))


def _where(graph: Graph, node: int, own: _Pair, by: _Pair) -> int:
    del node
    return graph.apply("where", own[0], by[1], by[2])


def _extreme(graph: Graph, node: int, own: _Pair, by: _Pair) -> int:
    test = "lt" if graph.nodes[node].operation == "min" else "gt"
    return graph.apply("where", graph.apply(test, own[1], own[0]), by[1], by[0])


def _remainder(graph: Graph, node: int, own: _Pair, by: _Pair) -> int:
    del node
    return graph.apply("sub", by[0], graph.apply("mul", graph.apply("quotient", *own), by[1]))


def _chain(of: Callable[[Graph, int, int], int]) -> _Rule:
    """Return the rule of a function of one argument from its derivative (graph, node, argument)."""

    def rule(graph: Graph, node: int, own: _Pair, by: _Pair) -> int:
        return graph.apply("mul", of(graph, node, own[0]), by[0])

    return rule


def _over(of: Callable[[Graph, int, int], int]) -> _Rule:
    """Return the rule of a function whose derivative is 1 over something."""

    def rule(graph: Graph, node: int, own: _Pair, by: _Pair) -> int:
        return graph.apply("div", by[0], of(graph, node, own[0]))

    return rule


def _square(graph: Graph, node: int) -> int:
    return graph.apply("mul", node, node)


def _one_minus_square(graph: Graph, node: int) -> int:
    return graph.apply("sub", graph.one, _square(graph, node))


def _absolute(graph: Graph, node: int, own: int) -> int:
    del node
    return graph.apply("where", graph.apply("lt", own, graph.zero), graph.number(-1.0), graph.one)


def _factorial(graph: Graph, node: int, own: int) -> int:
    del node
    step = graph.number(STEP)
    ends = [graph.apply("factorial", graph.apply(side, own, step)) for side in ("add", "sub")]
    return graph.apply("div", graph.apply("sub", *ends), graph.number(2.0 * STEP))


_FLAT = TRUTHS | {"number", "floor", "ceil", "quotient"}
_RULES: dict[str, _Rule] = {
    "add": _linear,
    "sub": _linear,
    "neg": _linear,
    "mul": _mul,
    "div": _div,
    "pow": _pow,
    "where": _where,
    "min": _extreme,
    "max": _extreme,
    "rem": _remainder,
    "abs": _chain(_absolute),
    "factorial": _chain(_factorial),
    "exp": _chain(lambda _, node, __: node),
    "ln": _over(lambda _, __, own: own),
    "log10": _over(lambda graph, _, own: graph.apply("mul", own, graph.number(math.log(10.0)))),
    "sqrt": _over(lambda graph, node, _: graph.apply("mul", graph.number(2.0), node)),
    "sin": _chain(lambda graph, _, own: graph.apply("cos", own)),
    "cos": _chain(lambda graph, _, own: graph.apply("neg", graph.apply("sin", own))),
    "tan": _chain(lambda graph, node, _: graph.apply("add", graph.one, _square(graph, node))),
    "sinh": _chain(lambda graph, _, own: graph.apply("cosh", own)),
    "cosh": _chain(lambda graph, _, own: graph.apply("sinh", own)),
    "tanh": _chain(lambda graph, node, _: _one_minus_square(graph, node)),
    "asin": _over(lambda graph, _, own: graph.apply("sqrt", _one_minus_square(graph, own))),
    "acos": _over(lambda graph, _, own: graph.apply("neg", graph.apply("sqrt", _one_minus_square(graph, own)))),
    "atan": _over(lambda graph, _, own: graph.apply("add", graph.one, _square(graph, own))),
    "asinh": _over(lambda graph, _, own: graph.apply("sqrt", graph.apply("add", graph.one, _square(graph, own)))),
    "acosh": _over(lambda graph, _, own: graph.apply("sqrt", graph.apply("sub", _square(graph, own), graph.one))),
    "atanh": _over(lambda graph, _, own: _one_minus_square(graph, own)),
}
