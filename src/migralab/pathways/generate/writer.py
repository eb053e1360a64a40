"""Text of a formula, for numba as for numpy: the same text works on floats of a compiled loop and on whole arrays.

Names of the model never get into it: a symbol becomes what `names` says, everything else is written here.
The text needs ``np`` and the functions of `migralab.pathways.solver.functions` in scope.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from migralab.pathways.expression import Expression
from migralab.pathways.generate.graph import Graph

_SIGNS = {"add": ("+", 1), "sub": ("-", 1), "mul": ("*", 2), "div": ("/", 2)}
_BETWEEN = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!=", "and": "&", "or": "|", "xor": "^"}
_FUNCTIONS = {
    "exp": "np.exp", "ln": "np.log", "log10": "np.log10", "sqrt": "np.sqrt", "abs": "np.abs", "floor": "np.floor",
    "ceil": "np.ceil", "sin": "np.sin", "cos": "np.cos", "tan": "np.tan", "sinh": "np.sinh", "cosh": "np.cosh",
    "tanh": "np.tanh", "asin": "np.arcsin", "acos": "np.arccos", "atan": "np.arctan", "asinh": "np.arcsinh",
    "acosh": "np.arccosh", "atanh": "np.arctanh", "factorial": "factorial", "min": "least", "max": "largest",
    "quotient": "quotient", "rem": "remainder", "where": "where", "slope": "power_slope", "not": "opposite",
}  # fmt: skip
DEEPEST = 12  # operations inside each other on one line; Python itself gives up at a hundred or so
ATOM, POWER, SIGN = 5, 4, 3  # how closely a text holds together; products 2, sums 1


def number(value: float) -> str:
    """Return a number as text that reads back as the same float."""
    if math.isnan(value):
        return "np.nan"
    if math.isinf(value):
        return "np.inf" if value > 0 else "(-np.inf)"
    return repr(value) if str(value)[0] != "-" else f"({value!r})"


@dataclass(slots=True)
class Lines:
    """Statements that compute some nodes of a graph.

    Parameters
    ----------
    names
        Text of symbols.
    given
        Text of nodes that need not be computed here.
    """

    graph: Graph
    names: Mapping[str, str]
    given: dict[int, str] = field(default_factory=dict)
    statements: list[str] = field(default_factory=list)

    def compute(self, roots: Iterable[int], *, one_line: bool = False) -> list[str]:
        """Return the text of each root; what is used twice or is deep becomes a numbered temporary first.

        Parameters
        ----------
        one_line
            Write no temporaries.
        """
        wanted = list(roots)
        needed = self._needed(wanted)
        uses = dict.fromkeys(needed, 0)
        for node in needed:
            for own in () if node in self.given else self.graph.nodes[node].arguments:
                uses[own] = uses.get(own, 0) + 1
        for root in wanted:
            uses[root] += 1
        texts: dict[int, tuple[str, int]] = {}
        depth: dict[int, int] = {}
        for node in needed:
            found = self.graph.nodes[node]
            if node in self.given:
                texts[node], depth[node] = (self.given[node], ATOM), 0
                continue
            texts[node] = self._text(node, texts)
            depth[node] = 1 + max((depth[own] for own in found.arguments), default=-1)
            leaf = found.operation in {"number", "symbol"}
            if not leaf and not one_line and (uses[node] > 1 or depth[node] >= DEEPEST):
                self.statements.append(f"x{node} = {texts[node][0]}")
                self.given[node] = f"x{node}"
                texts[node], depth[node] = (f"x{node}", ATOM), 0
        return [texts[root][0] for root in wanted]

    def _needed(self, roots: list[int]) -> list[int]:
        seen: set[int] = set()
        todo = list(roots)
        while todo:
            node = todo.pop()
            if node not in seen:
                seen.add(node)
                if node not in self.given:
                    todo.extend(self.graph.nodes[node].arguments)
        return sorted(seen)

    def _text(self, node: int, texts: Mapping[int, tuple[str, int]]) -> tuple[str, int]:
        found = self.graph.nodes[node]
        own = [texts[argument] for argument in found.arguments]
        if not own:
            leaf = number(float(found.value)) if found.operation == "number" else self.names[str(found.value)]
            return leaf, ATOM
        if found.operation in _SIGNS:
            sign, rank = _SIGNS[found.operation]
            return f"{_at(own[0], rank)} {sign} {_at(own[1], rank + 1)}", rank
        if found.operation == "neg":
            return f"-{_at(own[0], SIGN)}", SIGN
        if found.operation == "pow":
            return f"{_at(own[0], ATOM)} ** {_at(own[1], ATOM)}", POWER
        if found.operation in _BETWEEN:
            return f"({own[0][0]} {_BETWEEN[found.operation]} {own[1][0]})", ATOM
        return f"{_FUNCTIONS[found.operation]}({', '.join(text for text, _ in own)})", ATOM


def _at(text: tuple[str, int], rank: int) -> str:
    return text[0] if text[1] >= rank else f"({text[0]})"


def write(expression: Expression, names: Mapping[str, str]) -> str:
    """Return a formula as one line of Python.

    Parameters
    ----------
    names
        Code of every symbol of the formula, time included; nothing else of the model gets into the text.

    Raises
    ------
    KeyError
        If a symbol has no code.
    """
    graph = Graph()
    (text,) = Lines(graph, names).compute([graph.add(expression)], one_line=True)
    return text
