"""MathML operations that `OPERATIONS` does not have, written with those that it has."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

from migralab.pathways.expression import ONE, ZERO, Apply, Expression, Number, apply


class UnreadableError(ValueError):
    """An operation has arguments that make no sense."""


def _minus(*parts: Expression) -> Expression:
    if len(parts) == 1:
        only = parts[0]
        return Number(-only.value) if isinstance(only, Number) else apply("neg", only)
    if len(parts) != 2:
        raise UnreadableError("minus takes one or two arguments")
    return apply("sub", *parts)


def _root(*parts: Expression) -> Expression:
    if len(parts) == 1 or (len(parts) == 2 and parts[0] == Number(2.0)):
        return apply("sqrt", parts[-1])
    degree, of = parts
    return apply("pow", of, apply("div", ONE, degree))


def _log(*parts: Expression) -> Expression:
    if len(parts) == 1 or (len(parts) == 2 and parts[0] == Number(10.0)):
        return apply("log10", parts[-1])
    base, of = parts
    return apply("div", apply("ln", of), apply("ln", base))


def _piecewise(*parts: Expression) -> Expression:
    if len(parts) % 2 == 0:  # nothing is said of the other cases: the value is undefined there
        parts = (*parts, Number(math.nan))
    return parts[0] if len(parts) == 1 else Apply("piecewise", parts)


def _implies(*parts: Expression) -> Expression:
    premise, conclusion = parts
    return apply("or", apply("not", premise), conclusion)


def _relation(operation: str) -> Callable[..., Expression]:
    def chain(*parts: Expression) -> Expression:
        if operation == "ne" and len(parts) > 2:
            raise UnreadableError("'not equal' takes two arguments")
        pairs = [apply(operation, left, right) for left, right in itertools.pairwise(parts)]
        if not pairs:  # a chain of one or none holds
            return ONE
        return pairs[0] if len(pairs) == 1 else Apply("and", tuple(pairs))

    return chain


def _one_over(operation: str) -> Callable[..., Expression]:
    return lambda of: apply("div", ONE, apply(operation, of))


def _inverse_of_one_over(operation: str) -> Callable[..., Expression]:
    return lambda of: apply(operation, apply("div", ONE, of))


REWRITTEN: dict[str, Callable[..., Expression]] = {
    "minus": _minus,
    "root": _root,
    "log": _log,
    "piecewise": _piecewise,
    "logical_implies": _implies,
    **{f"relational_{word}": _relation(operation) for word, operation in (
        ("lt", "lt"), ("leq", "le"), ("gt", "gt"), ("geq", "ge"), ("eq", "eq"), ("neq", "ne")
    )},
    "sec": _one_over("cos"),
    "csc": _one_over("sin"),
    "cot": _one_over("tan"),
    "sech": _one_over("cosh"),
    "csch": _one_over("sinh"),
    "coth": _one_over("tanh"),
    "arcsec": _inverse_of_one_over("acos"),
    "arccsc": _inverse_of_one_over("asin"),
    "arccot": _inverse_of_one_over("atan"),
    "arcsech": _inverse_of_one_over("acosh"),
    "arccsch": _inverse_of_one_over("asinh"),
    "arccoth": _inverse_of_one_over("atanh"),
}  # fmt: skip


def add(*parts: Expression) -> Expression:
    """Return a sum; of nothing it is zero."""
    if not parts:
        return ZERO
    return parts[0] if len(parts) == 1 else Apply("add", parts)


def mul(*parts: Expression) -> Expression:
    """Return a product, without factors of one."""
    kept = tuple(part for part in parts if part != ONE)
    if not kept:
        return ONE
    return kept[0] if len(kept) == 1 else Apply("mul", kept)


def div(over: Expression, under: Expression) -> Expression:
    """Return a quotient, without a division by one."""
    return over if under == ONE else apply("div", over, under)
