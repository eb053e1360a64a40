"""The meaning of every operation, against numbers worked out by hand, and floating point where there is no number."""

from __future__ import annotations

import math

import pytest

from migralab.pathways.evaluate import evaluate
from migralab.pathways.expression import OPERATIONS, TIME, Number, Symbol, apply

INF, NAN = math.inf, math.nan

CASES = [
    ("add", (1, 2, 3.5), 6.5),
    ("mul", (2, 3, 4), 24),
    ("sub", (1, 3), -2),
    ("div", (1, 4), 0.25),
    ("pow", (2, 0.5), math.sqrt(2)),
    ("min", (3, -1, 2), -1),
    ("max", (3, -1, 2), 3),
    ("and", (1, 2), 1),
    ("and", (1, 0), 0),
    ("or", (0, 0), 0),
    ("or", (0, -3), 1),
    ("xor", (1, 1, 1), 1),
    ("xor", (1, 1), 0),
    ("not", (0,), 1),
    ("not", (0.5,), 0),
    ("quotient", (7, 2), 3),
    ("quotient", (-7, 2), -3),
    ("rem", (7, -2), 1),
    ("rem", (-7, 2), -1),
    ("lt", (1, 2), 1),
    ("le", (2, 2), 1),
    ("gt", (1, 2), 0),
    ("ge", (2, 2), 1),
    ("eq", (2, 2), 1),
    ("ne", (2, 2), 0),
    ("neg", (2,), -2),
    ("exp", (1,), math.e),
    ("ln", (math.e,), 1),
    ("log10", (1000,), 3),
    ("sqrt", (9,), 3),
    ("abs", (-2,), 2),
    ("floor", (-1.5,), -2),
    ("ceil", (-1.5,), -1),
    ("factorial", (5,), 120),
    ("factorial", (0.5,), math.sqrt(math.pi) / 2),
    ("sin", (math.pi / 6,), 0.5),
    ("cos", (math.pi / 3,), 0.5),
    ("tan", (math.pi / 4,), 1),
    ("sinh", (math.log(2),), 0.75),
    ("cosh", (math.log(2),), 1.25),
    ("tanh", (math.log(2),), 0.6),
    ("asin", (0.5,), math.pi / 6),
    ("acos", (0.5,), math.pi / 3),
    ("atan", (1,), math.pi / 4),
    ("asinh", (0.75,), math.log(2)),
    ("acosh", (1.25,), math.log(2)),
    ("atanh", (0.6,), math.log(2)),
    ("piecewise", (5, 0, 6, 1, 7), 6),
    ("piecewise", (5, 0, 7), 7),
    ("piecewise", (7,), 7),
]


def value(operation, arguments):
    return evaluate(apply(operation, *(Number(float(own)) for own in arguments)), {})


@pytest.mark.parametrize(("operation", "arguments", "expected"), CASES)
def test_an_operation_has_the_value_of_the_textbook(operation, arguments, expected):
    assert value(operation, arguments) == pytest.approx(expected, rel=1e-14, abs=1e-15)


def test_no_operation_is_forgotten():
    assert {operation for operation, _, _ in CASES} == set(OPERATIONS)


@pytest.mark.parametrize(
    ("operation", "arguments", "expected"),
    [
        ("div", (1, 0), INF),
        ("div", (-1, 0), -INF),
        ("div", (0, 0), NAN),
        ("pow", (0, -1), INF),
        ("pow", (-8, 1 / 3), NAN),
        ("pow", (10, 400), INF),
        ("pow", (NAN, 0), 1),
        ("exp", (1000,), INF),
        ("ln", (0,), -INF),
        ("ln", (-1,), NAN),
        ("log10", (0,), -INF),
        ("sqrt", (-1,), NAN),
        ("sin", (INF,), NAN),
        ("cosh", (1e4,), INF),
        ("sinh", (-1e4,), -INF),
        ("acos", (2,), NAN),
        ("acosh", (0,), NAN),
        ("atanh", (1,), INF),
        ("factorial", (171,), INF),
        ("factorial", (-1,), NAN),
        ("floor", (INF,), INF),
        ("ceil", (NAN,), NAN),
        ("rem", (1, 0), NAN),
        ("quotient", (1, 0), INF),
        ("min", (1, NAN), NAN),
        ("max", (NAN, 1), NAN),
        ("lt", (NAN, 1), 0),
        ("ne", (NAN, NAN), 1),
        ("mul", (INF, 0), NAN),
    ],
)
def test_where_there_is_no_number_floating_point_decides_and_nothing_is_raised(operation, arguments, expected):
    got = value(operation, arguments)
    assert math.isnan(got) if math.isnan(expected) else got == expected


def test_a_formula_of_a_hundred_thousand_levels_is_evaluated():
    formula = Symbol(TIME)
    for _ in range(100_000):
        formula = apply("neg", formula)
    assert evaluate(formula, {TIME: 3.0}) == 3.0
    pieces = []  # taken apart step by step: Python would free it level by level
    while not isinstance(formula, Symbol):
        pieces.append(formula)
        formula = formula.arguments[0]
    while pieces:
        pieces.pop()


def test_arguments_stand_in_order():
    formula = apply("sub", apply("div", Symbol("a"), Symbol("b")), apply("pow", Symbol("b"), Symbol("c")))
    assert evaluate(formula, {"a": 10.0, "b": 4.0, "c": 3.0}) == 2.5 - 64.0
