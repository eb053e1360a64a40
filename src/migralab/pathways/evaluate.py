"""The value of a formula in plain Python, by the rules of floating point: never an exception, but inf and NaN.

This is the meaning of every operation, to which generated code is held:

- a number is true unless it is 0 (NaN is true, as in C); truth is 1.0 or 0.0; comparisons with NaN are false, ``ne``
  is true;
- ``min`` and ``max`` give NaN if any argument is NaN: a broken number must not disappear;
- ``quotient`` is the division cut towards zero and ``rem`` what it leaves, with the sign of the dividend (MathML);
- ``factorial`` of x is Gamma(x + 1), also between whole numbers; NaN where Gamma has a pole;
- ``piecewise`` takes the first value whose condition is true.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping

import numpy as np

from migralab.pathways.expression import Apply, Expression, Number


def _by_numpy(function: Callable[..., float], fallback: Callable[..., object]) -> Callable[..., float]:
    """Return a function of `math` whose exceptions are replaced by what floating point gives."""

    def checked(*arguments: float) -> float:
        try:
            return function(*arguments)
        except (ValueError, OverflowError, ZeroDivisionError):
            with np.errstate(all="ignore"):
                return float(fallback(*(np.float64(argument) for argument in arguments)))  # type: ignore[arg-type]

    return checked


def _factorial(x: float) -> float:
    try:
        return math.gamma(x + 1.0)
    except OverflowError:
        return math.inf
    except ValueError:  # a pole, or -inf
        return math.nan


def _least(*arguments: float) -> float:
    return math.nan if any(map(math.isnan, arguments)) else min(arguments)


def _largest(*arguments: float) -> float:
    return math.nan if any(map(math.isnan, arguments)) else max(arguments)


def _quotient(a: float, b: float) -> float:
    with np.errstate(all="ignore"):
        return float(np.trunc(np.float64(a) / np.float64(b)))


def _piecewise(*arguments: float) -> float:
    for place in range(0, len(arguments) - 1, 2):
        if arguments[place + 1] != 0.0:
            return arguments[place]
    return arguments[-1]


def _sum(*arguments: float) -> float:
    total = arguments[0]
    for argument in arguments[1:]:  # in order, as generated code does; math.fsum would differ in the last bit
        total += argument
    return total


def _product(*arguments: float) -> float:
    total = arguments[0]
    for argument in arguments[1:]:
        total *= argument
    return total


_MEANING: dict[str, Callable[..., float]] = {
    "add": _sum,
    "mul": _product,
    "sub": operator.sub,
    "div": _by_numpy(operator.truediv, np.divide),
    "pow": _by_numpy(math.pow, np.power),
    "min": _least,
    "max": _largest,
    "and": lambda *all_of: float(all(one != 0.0 for one in all_of)),
    "or": lambda *any_of: float(any(one != 0.0 for one in any_of)),
    "xor": lambda *parity: float(sum(one != 0.0 for one in parity) % 2),
    "quotient": _quotient,
    "rem": _by_numpy(math.fmod, np.fmod),
    "lt": lambda a, b: float(a < b),
    "le": lambda a, b: float(a <= b),
    "gt": lambda a, b: float(a > b),
    "ge": lambda a, b: float(a >= b),
    "eq": lambda a, b: float(a == b),
    "ne": lambda a, b: float(a != b),
    "neg": operator.neg,
    "not": lambda a: float(a == 0.0),
    "exp": _by_numpy(math.exp, np.exp),
    "ln": _by_numpy(math.log, np.log),
    "log10": _by_numpy(math.log10, np.log10),
    "sqrt": _by_numpy(math.sqrt, np.sqrt),
    "abs": abs,
    "floor": lambda a: float(np.floor(a)),
    "ceil": lambda a: float(np.ceil(a)),
    "factorial": _factorial,
    "sin": _by_numpy(math.sin, np.sin),
    "cos": _by_numpy(math.cos, np.cos),
    "tan": _by_numpy(math.tan, np.tan),
    "sinh": _by_numpy(math.sinh, np.sinh),
    "cosh": _by_numpy(math.cosh, np.cosh),
    "tanh": math.tanh,
    "asin": _by_numpy(math.asin, np.arcsin),
    "acos": _by_numpy(math.acos, np.arccos),
    "atan": math.atan,
    "asinh": math.asinh,
    "acosh": _by_numpy(math.acosh, np.arccosh),
    "atanh": _by_numpy(math.atanh, np.arctanh),
    "piecewise": _piecewise,
}


def evaluate(expression: Expression, values: Mapping[str, float]) -> float:
    """Return the value of a formula.

    Parameters
    ----------
    expression
        Formula; as deep as it likes, since nothing here calls itself.
    values
        Number of every symbol in it, time included.

    Raises
    ------
    KeyError
        If a symbol has no number.
    """
    order: list[Expression] = []
    todo = [expression]
    while todo:  # a node before its arguments, the last argument first: backwards, arguments stand before their node
        node = todo.pop()
        order.append(node)
        if isinstance(node, Apply):
            todo.extend(node.arguments)
    results: list[float] = []
    for node in reversed(order):
        if isinstance(node, Number):
            results.append(float(node.value))
        elif isinstance(node, Apply):
            first = len(results) - len(node.arguments)
            arguments = results[first:]
            del results[first:]
            results.append(_MEANING[node.operation](*arguments))
        else:
            results.append(float(values[node.name]))
    return results[0]
