"""MathML, as libsbml's tree -> `Expression`, with function definitions expanded and bounded in size and depth."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from migralab.core.errors import PathwayError
from migralab.pathways.expression import OPERATIONS, TIME, Apply, Expression, Number, Symbol
from migralab.pathways.reader.rewrite import REWRITTEN, UnreadableError

MOST_NODES = 50_000
MOST_DEPTH = 120
AVOGADRO = 6.02214179e23  # the value that SBML Level 3 fixes (Versions 1 and 2), not the one of today's SI

Refuse = Callable[[str], PathwayError]


@dataclass(frozen=True, slots=True)
class Sized:
    """A formula with the size and depth it has as a tree (parts that are shared count each time)."""

    expression: Expression
    nodes: int = 1
    depth: int = 1


@functools.cache
def _names() -> dict[int, str]:
    """Return libsbml's node types with the operation, or the word of `rewrite`, for each."""
    import libsbml

    plain = {
        "plus": "add", "times": "mul", "divide": "div", "power": "pow", "function_power": "pow",
        "function_exp": "exp", "function_ln": "ln", "function_abs": "abs", "function_floor": "floor",
        "function_ceiling": "ceil", "function_factorial": "factorial", "function_min": "min", "function_max": "max",
        "function_quotient": "quotient", "function_rem": "rem", "logical_and": "and", "logical_or": "or",
        "logical_xor": "xor", "logical_not": "not",
    }  # fmt: skip
    by_name = {f"function_{name}": name for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")}
    by_name |= {f"function_arc{name}": f"a{name}" for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")}
    words = ["minus", "function_root", "function_log", "function_piecewise", "logical_implies"]
    words += [f"relational_{own}" for own in ("lt", "leq", "gt", "geq", "eq", "neq")]
    words += [f"function_{arc}{own}" for arc in ("", "arc") for own in ("sec", "csc", "cot", "sech", "csch", "coth")]
    table = plain | by_name | {word: word.removeprefix("function_") for word in words}
    return {getattr(libsbml, f"AST_{word.upper()}"): operation for word, operation in table.items()}


@dataclass(frozen=True)
class Reading:
    """What a formula may mention, and how a refusal is made.

    Parameters
    ----------
    known
        What each name stands for; a name that is absent is undeclared.
    """

    known: Mapping[str, Expression | Sized]
    refuse: Refuse
    open_functions: tuple[str, ...] = ()
    made: list[int] = field(default_factory=lambda: [0])


class Formulas:
    """Turns MathML into expressions.

    Parameters
    ----------
    functions
        Function definitions of the model by id.
    """

    def __init__(self, functions: Mapping[str, Any]) -> None:
        self.functions = functions
        self.rates_wanted: dict[str, str] = {}
        """Name whose rate some formula asks for -> symbol that stands for the rate."""
        self.total = 0

    def read(self, node: Any, known: Mapping[str, Expression], refuse: Refuse) -> Expression:
        """Return a formula.

        Parameters
        ----------
        node
            libsbml's tree of it.
        known
            What each name stands for.
        refuse
            Makes the error from a message.
        """
        sized = self._convert(node, Reading(known, refuse), 1)
        self.total += sized.nodes
        if self.total > 20 * MOST_NODES:
            raise refuse(f"all formulas together have more than {20 * MOST_NODES:,} parts; make the model smaller")
        return sized.expression

    def rate_symbol(self, name: str) -> Symbol:
        """Return the symbol that stands for the rate of a name."""
        return Symbol(self.rates_wanted.setdefault(name, f"rate_of_{name}"))

    def _convert(self, node: Any, reading: Reading, level: int) -> Sized:
        reading.made[0] += 1
        if level > MOST_DEPTH:
            raise reading.refuse(f"the formula is nested deeper than {MOST_DEPTH} levels; split it into assigned parts")
        if reading.made[0] > MOST_NODES:
            raise reading.refuse(_too_large())
        leaf = self._leaf(node, reading)
        if leaf is not None:
            return leaf
        import libsbml

        kind = node.getType()
        if kind == libsbml.AST_FUNCTION_RATE_OF:
            return Sized(self._rate(node, reading))
        arguments = [self._convert(child, reading, level + 1) for child in _children(node)]
        if kind == libsbml.AST_FUNCTION:
            return self._call(node, arguments, reading, level)
        if kind not in _names():
            if kind == libsbml.AST_FUNCTION_DELAY:
                raise reading.refuse(
                    "delay() is not supported: a pathway knows only its present state; "
                    "write the delay as a chain of intermediate species"
                )
            raise reading.refuse(f"'{node.getName() or node.getOperatorName() or 'this'}' is not supported in formulas")
        return self._apply(_names()[kind], arguments, reading)

    def _apply(self, word: str, arguments: list[Sized], reading: Reading) -> Sized:
        parts = [own.expression for own in arguments]
        try:
            expression = REWRITTEN[word](*parts) if word in REWRITTEN else _direct(word, parts)
        except (ValueError, TypeError) as error:
            detail = (
                str(error) if isinstance(error, UnreadableError) else f"{len(parts)} arguments are too few or too many"
            )
            raise reading.refuse(f"'{word}' cannot be read: {detail}") from None
        if word in REWRITTEN:
            nodes, depth = _measure(expression, {id(own.expression): own for own in arguments})
        else:
            nodes = 1 + sum(own.nodes for own in arguments)
            depth = 1 + max((own.depth for own in arguments), default=0)
        if nodes > MOST_NODES:
            raise reading.refuse(_too_large())
        return Sized(expression, nodes, depth)

    def _leaf(self, node: Any, reading: Reading) -> Sized | None:
        import libsbml

        kind = node.getType()
        if node.isNumber():
            return Sized(Number(float(node.getValue())))
        constants = {
            libsbml.AST_CONSTANT_E: math.e,
            libsbml.AST_CONSTANT_PI: math.pi,
            libsbml.AST_CONSTANT_TRUE: 1.0,
            libsbml.AST_CONSTANT_FALSE: 0.0,
            libsbml.AST_NAME_AVOGADRO: AVOGADRO,
        }
        if kind in constants:
            return Sized(Number(constants[kind]))
        if kind == libsbml.AST_NAME_TIME:
            return Sized(Symbol(TIME))
        if kind != libsbml.AST_NAME:
            return None
        name = node.getName()
        if name not in reading.known:
            inside = f" in function '{reading.open_functions[-1]}'" if reading.open_functions else ""
            raise reading.refuse(f"'{name}' is not declared{inside}; declare it as species, compartment or parameter")
        known = reading.known[name]
        return known if isinstance(known, Sized) else Sized(known)

    def _rate(self, node: Any, reading: Reading) -> Expression:
        of = self._convert(node.getChild(0), reading, 1).expression if node.getNumChildren() == 1 else None
        if not isinstance(of, Symbol):
            raise reading.refuse("rateOf takes one name of the model")
        return Number(1.0) if of.name == TIME else self.rate_symbol(of.name)

    def _call(self, node: Any, arguments: list[Sized], reading: Reading, level: int) -> Sized:
        name = node.getName()
        if name not in self.functions:
            raise reading.refuse(f"there is no function '{name}'; define it or use one of SBML's own")
        if name in reading.open_functions:
            raise reading.refuse(f"function '{name}' calls itself; function definitions must not be circular")
        definition = self.functions[name]
        if not definition.isSetMath() or definition.getBody() is None:
            return Sized(Number(math.nan))
        if definition.getNumArguments() != len(arguments):
            raise reading.refuse(
                f"function '{name}' takes {definition.getNumArguments()} arguments and is given {len(arguments)}"
            )
        names = [definition.getArgument(place).getName() for place in range(len(arguments))]
        inside = Reading(
            known=dict(zip(names, arguments, strict=True)),
            refuse=reading.refuse,
            open_functions=(*reading.open_functions, name),
            made=reading.made,
        )
        return self._convert(definition.getBody(), inside, level + 1)


def _children(node: Any) -> list[Any]:
    """Return the arguments of a node; (a + b) + c, which is evaluated in this order anyway, as one sum of three."""
    import libsbml

    later: list[Any] = []
    if node.getType() in {libsbml.AST_PLUS, libsbml.AST_TIMES}:
        while node.getNumChildren() > 1 and node.getChild(0).getType() == node.getType():
            later[:0] = [node.getChild(i) for i in range(1, node.getNumChildren())]
            node = node.getChild(0)
    return [node.getChild(i) for i in range(node.getNumChildren())] + later


def _too_large() -> str:
    return (
        f"with its function definitions expanded the formula has more than {MOST_NODES:,} parts; "
        "shorten it, or assign its parts to parameters"
    )


def _direct(operation: str, parts: list[Expression]) -> Expression:
    """Return an operation of `OPERATIONS`, with the values that SBML gives to sums and the like of nothing."""
    if not parts and operation in {"add", "mul", "and", "or", "xor"}:
        return Number(1.0 if operation in {"mul", "and"} else 0.0)
    least, most = OPERATIONS[operation]
    if len(parts) < least or (most is not None and len(parts) > most):
        raise UnreadableError(f"{len(parts)} arguments are too few or too many")
    if operation in {"add", "mul"} and len(parts) == 1:
        return parts[0]
    return Apply(operation, tuple(parts))


def _measure(expression: Expression, known: Mapping[int, Sized]) -> tuple[int, int]:
    """Return nodes and depth of a tree whose parts are known; only what stands above them is walked."""
    nodes, deepest = 0, 0
    todo: list[tuple[Expression, int]] = [(expression, 1)]
    while todo:
        node, level = todo.pop()
        part = known.get(id(node))
        nodes += part.nodes if part else 1
        deepest = max(deepest, level + (part.depth - 1 if part else 0))
        if part is None and isinstance(node, Apply):
            todo.extend((own, level + 1) for own in node.arguments)
    return nodes, deepest
