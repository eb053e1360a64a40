"""The parsed tree of a formula: numbers, symbols, operations. Code and derivatives are made from it, never from text.

Truth values are numbers, 1 and 0, as in SBML Level 3 Version 2. The symbol `TIME` is the model's time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

TIME = "time"

OPERATIONS: dict[str, tuple[int, int | None]] = {
    **dict.fromkeys(("add", "mul", "min", "max", "and", "or", "xor"), (1, None)),
    **dict.fromkeys(("sub", "div", "pow", "quotient", "rem"), (2, 2)),
    **dict.fromkeys(("lt", "le", "gt", "ge", "eq", "ne"), (2, 2)),
    **dict.fromkeys(("neg", "not", "exp", "ln", "log10", "sqrt", "abs", "floor", "ceil", "factorial"), (1, 1)),
    **dict.fromkeys(("sin", "cos", "tan", "sinh", "cosh", "tanh"), (1, 1)),
    **dict.fromkeys(("asin", "acos", "atan", "asinh", "acosh", "atanh"), (1, 1)),
    "piecewise": (1, None),  # value, condition, value, condition, ..., and the value otherwise
}
"""Every operation with the least and the largest number of its arguments; the reader rewrites all others."""


@dataclass(frozen=True, slots=True)
class Number:
    """A number; infinite or NaN where the model says so."""

    value: float


@dataclass(frozen=True, slots=True)
class Symbol:
    """A name of the model, or `TIME`."""

    name: str


@dataclass(frozen=True, slots=True)
class Apply:
    """An operation of `OPERATIONS` on its arguments."""

    operation: str
    arguments: tuple[Expression, ...]

    def __post_init__(self) -> None:
        least, most = OPERATIONS[self.operation]
        if len(self.arguments) < least or (most is not None and len(self.arguments) > most):
            raise ValueError(f"{self.operation} of {len(self.arguments)} arguments")


Expression = Number | Symbol | Apply

ZERO, ONE = Number(0.0), Number(1.0)


def apply(operation: str, *arguments: Expression) -> Apply:
    """Return an operation on its arguments."""
    return Apply(operation, arguments)


def walk(expression: Expression) -> Iterator[Expression]:
    """Yield every node of the tree, without recursion."""
    todo = [expression]
    while todo:
        node = todo.pop()
        yield node
        if isinstance(node, Apply):
            todo.extend(node.arguments)


def symbols_in(expression: Expression) -> frozenset[str]:
    """Return the names that a formula mentions, time included."""
    return frozenset(node.name for node in walk(expression) if isinstance(node, Symbol))


def substitute(expression: Expression, by: Mapping[str, Expression]) -> Expression:
    """Return the formula with symbols replaced."""
    if isinstance(expression, Symbol):
        return by.get(expression.name, expression)
    if isinstance(expression, Apply):
        return Apply(expression.operation, tuple(substitute(own, by) for own in expression.arguments))
    return expression
