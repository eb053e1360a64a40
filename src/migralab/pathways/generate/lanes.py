"""Text of functions that compute nodes for all lanes at once.

Each function is a few loops over lanes. What follows from constants alone is no part of them: it is computed once
before, by ``prepare``, and read as a number. Calls of the mathematical library cannot be vectorised, so they stand in
loops of their own, between loops that can; values that go from loop to loop wait in ``scratch``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from migralab.pathways.generate.graph import JUMPS, Graph
from migralab.pathways.generate.writer import Lines, number

CALLS = frozenset((
    "exp", "ln", "log10", "pow", "slope", "factorial", "sin", "cos", "tan", "sinh", "cosh", "tanh",
    "asin", "acos", "atan", "asinh", "acosh", "atanh",
))  # fmt: skip
LEAVES = frozenset(("number", "symbol"))
LONGEST = 120  # operations in one loop, and lines in one function: the compiler's time grows faster than a function
INDENT = "    "


def at(array: str, place: int) -> str:
    """Return the text of one entry of a flat array for the lane at hand."""
    return f"{array}[{place} * LANES + lane]" if place else f"{array}[lane]"


@dataclass(slots=True)
class Prepared:
    """The array of constants ``c``: those of the model, then what follows from them alone.

    Parameters
    ----------
    constants
        Names of the model's constants, in order.
    """

    graph: Graph
    constants: Sequence[str]
    nodes: list[int] = field(default_factory=list)
    _place: dict[int, int] = field(default_factory=dict)
    _fixed: list[bool] = field(default_factory=list)

    def is_fixed(self, node: int) -> bool:
        """Whether a node follows from constants alone."""
        known = frozenset(self.constants)
        for later in range(len(self._fixed), node + 1):
            found = self.graph.nodes[later]
            symbol = found.operation == "symbol"
            self._fixed.append(found.value in known if symbol else all(self._fixed[own] for own in found.arguments))
        return self._fixed[node]

    def place(self, node: int) -> int:
        """Return the index in ``c`` of a fixed node."""
        found = self.graph.nodes[node]
        if found.operation == "symbol":
            return self.constants.index(str(found.value))
        if node not in self._place:
            self._place[node] = len(self.constants) + len(self.nodes)
            self.nodes.append(node)
        return self._place[node]

    def text(self, node: int) -> str:
        """Return the text of a fixed node inside a function: a literal, or ``c7`` that the function reads before."""
        value = self.graph.value(node)
        return number(value) if value is not None else f"c{self.place(node)}"

    def function(self) -> str:
        """Return the text of ``prepare``, which runs once before the cells are moved and is not compiled."""
        names = {name: f"p[{place}]" for place, name in enumerate(self.constants)}
        lines = Lines(self.graph, names)
        values = lines.compute(self.nodes)
        body = [*lines.statements, f"return np.array([*p, {', '.join(values)}])" if values else "return p.copy()"]
        return "\n".join(["def prepare(p):", *(INDENT + line for line in body)])


def reciprocals(graph: Graph, roots: Sequence[int], prepared: Prepared) -> list[int]:
    """Return the roots with division by what is constant made a product, except where a rounding error may matter."""
    nodes = graph.reachable(roots)
    exact = set(graph.reachable(own for node in nodes if graph.nodes[node].operation in JUMPS for own in (node,)))
    new: dict[int, int] = {}
    for node in nodes:
        found = graph.nodes[node]
        if found.operation in LEAVES or node in exact or prepared.is_fixed(node):
            new[node] = node
            continue
        own = [new[argument] for argument in found.arguments]
        if found.operation == "div" and prepared.is_fixed(own[1]):
            new[node] = graph.apply("mul", own[0], graph.apply("div", graph.one, own[1]))
        else:
            new[node] = graph.apply(found.operation, *own)
    return [new[root] for root in roots]


def lane_functions(head: str, loops: Sequence[Sequence[str]]) -> str:
    """Return the text of a function that runs loops over lanes one after the other; a long one calls shorter ones.

    Parameters
    ----------
    head
        Name and arguments.
    loops
        Lines inside each loop; they read constants as ``c7``.
    """
    parts: list[list[Sequence[str]]] = [[]]
    for loop in loops:
        if parts[-1] and sum(map(len, parts[-1])) + len(loop) > LONGEST:
            parts.append([])
        parts[-1].append(loop)
    if len(parts) == 1:
        return _lane_function(head, parts[0])
    name, arguments = head.split("(", 1)
    texts = [_lane_function(f"{name}_{place}({arguments}", part) for place, part in enumerate(parts)]
    calls = [f"{INDENT}{name}_{place}({arguments}" for place in range(len(parts))]
    return "\n\n\n".join([*texts, "\n".join(["@kernel", f"def {head}:", *calls])])


def _lane_function(head: str, loops: Sequence[Sequence[str]]) -> str:
    read = sorted({int(place) for loop in loops for line in loop for place in re.findall(r"\bc(\d+)\b", line)})
    body = [f"c{place} = c[{place}]" for place in read]
    for loop in loops:
        body += ["for lane in range(LANES):", *(INDENT + line for line in loop)]
    return "\n".join(["@kernel", f"def {head}:", *(INDENT + line for line in body or ["pass"])])


@dataclass(slots=True)
class LaneFunction:
    """One function over lanes.

    Parameters
    ----------
    head
        Name and arguments.
    names
        Text of symbols that are not constants.
    targets
        Text that is assigned to, and the node.
    """

    head: str
    prepared: Prepared
    names: Mapping[str, str]
    targets: Sequence[tuple[str, int]]
    scratch: int = 0  # entries used, known once the text is made
    operations: int = 0  # weighed count of operations for one lane, likewise

    def text(self) -> str:
        """Return the text of the function."""
        stages = self._stages()
        waiting = self._waiting(stages)
        self.scratch = len(waiting)
        fixed = {node: self.prepared.text(node) for node in stages if self.prepared.is_fixed(node)}
        given = {node: self._as_truth(node, text) for node, text in fixed.items()}
        loops: list[list[str]] = []
        for stage in range(max(stages.values(), default=0) + 1):
            stored = [node for node in waiting if stages[node] == stage]
            wanted = [(text, node) for text, node in self.targets if stages[node] == stage]
            if not stored and not wanted:
                continue
            lines = Lines(self.prepared.graph, self.names, dict(given))
            values = lines.compute([*stored, *(node for _, node in wanted)])
            goals = [at("scratch", waiting[node]) for node in stored] + [text for text, _ in wanted]
            assigned = [f"{goal} = {value}" for goal, value in zip(goals, values, strict=True)]
            loops.append([*lines.statements, *assigned])
            given |= {node: self._as_truth(node, at("scratch", waiting[node])) for node in stored}
        self.operations = _weigh(self.prepared.graph, [node for node in stages if node not in fixed])
        return lane_functions(self.head, loops)

    def _as_truth(self, node: int, text: str) -> str:
        """Return the text of a number that was stored, as a condition again if it was one."""
        return f"({text} != 0.0)" if self.prepared.graph.is_truth(node) else text

    def _stages(self) -> dict[int, int]:
        """Return the loop in which each node is computed; arithmetic and calls are never in the same one."""
        graph = self.prepared.graph
        needed: set[int] = set()
        todo = [node for _, node in self.targets]
        while todo:
            node = todo.pop()
            if node not in needed:
                needed.add(node)
                todo.extend(() if self.prepared.is_fixed(node) else graph.nodes[node].arguments)
        stages: dict[int, int] = {}
        for node in sorted(needed):
            found = graph.nodes[node]
            if self._is_given(graph, node):
                stages[node] = 0
                continue
            after = max((stages[own] + stages[own] % 2 for own in found.arguments), default=0)
            stages[node] = after + 1 if found.operation in CALLS else after
        return self._split(stages)

    def _split(self, stages: dict[int, int]) -> dict[int, int]:
        """Return the loops cut into shorter ones, in order of evaluation."""
        graph = self.prepared.graph
        split, last = dict.fromkeys(stages, 0), -1
        for stage in sorted(set(stages.values())):
            own = [node for node, found in stages.items() if found == stage and not self._is_given(graph, node)]
            for place, node in enumerate(own):
                last += place % LONGEST == 0
                split[node] = last
        return split

    def _is_given(self, graph: Graph, node: int) -> bool:
        return graph.nodes[node].operation in LEAVES or self.prepared.is_fixed(node)

    def _waiting(self, stages: Mapping[int, int]) -> dict[int, int]:
        """Return the place in ``scratch`` of every node that a later loop needs."""
        graph = self.prepared.graph
        late: set[int] = set()
        for node, stage in stages.items():
            if self.prepared.is_fixed(node):
                continue
            for own in graph.nodes[node].arguments:
                if not self._is_given(graph, own) and stages[own] != stage:
                    late.add(own)
        return {node: place for place, node in enumerate(sorted(late))}


def _weigh(graph: Graph, nodes: Iterable[int]) -> int:
    weights = dict.fromkeys(CALLS, 40) | {"div": 5, "sqrt": 5, "number": 0, "symbol": 0}
    return sum(weights.get(graph.nodes[node].operation, 1) for node in nodes)
