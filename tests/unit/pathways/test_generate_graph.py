"""The graph, its text and its derivatives mean what the formula means."""

from __future__ import annotations

import cmath
import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from migralab.pathways.differentiate import derivative, jacobian, slopes
from migralab.pathways.expression import OPERATIONS, Apply, Number, Symbol, apply
from migralab.pathways.generate.graph import OPERATORS, Graph
from migralab.pathways.generate.writer import Lines, number, write
from migralab.pathways.solver import functions

X, Y, K = Symbol("x"), Symbol("y"), Symbol("k")
NAMES = {"x": "x", "y": "y", "k": "k"}
BROKEN = (ZeroDivisionError, ValueError, OverflowError)


def value_of(expression, **values):
    """Run the written text."""
    scope = {"np": np, **functions.PLAIN, **{name: np.float64(value) for name, value in values.items()}}
    with np.errstate(all="ignore"):
        return float(eval(write(expression, NAMES), scope))


def meaning_of(expression, values):
    """Say what a formula means: Python's complex functions, straight from the definition of each operation."""
    if isinstance(expression, Number):
        return complex(expression.value)
    if isinstance(expression, Symbol):
        return values[expression.name]
    own = [meaning_of(argument, values) for argument in expression.arguments]
    by_hand = {
        "add": sum,
        "mul": math.prod,
        "sub": lambda a: a[0] - a[1],
        "div": lambda a: a[0] / a[1],
        "pow": lambda a: a[0] ** a[1],
        "neg": lambda a: -a[0],
        "ln": lambda a: cmath.log(a[0]),
        "lt": lambda a: complex(a[0].real < a[1].real),
        "piecewise": lambda a: a[0] if a[1].real else a[2],
    }
    function = by_hand.get(expression.operation)
    return function(own) if function else getattr(cmath, expression.operation)(own[0])


SMOOTH = ["exp", "ln", "log10", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "atan", "asinh", "neg"]
NUMBERS = st.sampled_from([0.0, 1.0, -1.0, 2.0, 0.5, 3.0, 1.5, -2.0]).map(Number)
LEAVES = st.one_of(st.sampled_from([X, Y, K]), NUMBERS)


def _deeper(inner):
    two = st.tuples(inner, inner)
    several = st.lists(inner, min_size=3, max_size=4).map(tuple)
    return st.one_of(
        st.builds(Apply, st.sampled_from(["add", "sub", "mul", "div"]), two),
        st.builds(Apply, st.sampled_from(["add", "mul"]), several),
        st.builds(Apply, st.sampled_from(SMOOTH), st.tuples(inner)),
        st.builds(Apply, st.just("pow"), st.tuples(inner, LEAVES)),
        st.builds(lambda a, b, pair: apply("piecewise", a, apply("lt", *pair), b), inner, inner, two),
    )


TREES = st.recursive(LEAVES, _deeper, max_leaves=12)
POINT = {"x": 0.7, "y": 1.3, "k": 2.1}
MANY = settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)


def real_meaning(tree):
    """Return what a formula is at `POINT`, or None where it is no real number of ordinary size."""
    try:
        found = meaning_of(tree, {name: complex(value) for name, value in POINT.items()})
    except BROKEN:
        return None
    usual = math.isfinite(abs(found)) and abs(found) < 1e6
    return found.real if usual and abs(found.imag) <= 1e-12 * max(abs(found.real), 1e-9) else None


def wholly_real(tree):
    """Whether no part leaves the real numbers: there a real function is NaN, and a complex one goes on."""
    parts = [tree]
    while parts:
        part = parts.pop()
        if real_meaning(part) is None:
            return False
        parts.extend(part.arguments if isinstance(part, Apply) else ())
    return True


@MANY
@given(TREES)
def test_the_text_means_what_the_formula_means(tree):
    if wholly_real(tree):
        np.testing.assert_allclose(value_of(tree, **POINT), real_meaning(tree), rtol=1e-9, atol=1e-9)


@MANY
@given(TREES, st.sampled_from(["x", "y", "k"]))
def test_a_derivative_is_that_of_the_complex_step(tree, name):
    if not wholly_real(tree):
        return
    step = 1e-20
    try:
        moved = meaning_of(tree, {own: value + (1j * step if own == name else 0) for own, value in POINT.items()})
    except BROKEN:
        return
    exact, found = moved.imag / step, value_of(derivative(tree, name), **POINT)
    # at the edge of a domain, as sqrt at 0, there is nothing to compare with
    if math.isfinite(exact) and abs(exact) < 1e6 and math.isfinite(found):
        np.testing.assert_allclose(found, exact, rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("operation", sorted(set(OPERATIONS) - {"piecewise", "and", "or", "xor", "not"}))
def test_every_operation_has_the_slope_of_a_central_difference(operation):
    two = OPERATIONS[operation][1] != 1
    tree = Apply(operation, (X, Y) if two else (X,))
    point = {"x": 1.37 if operation == "acosh" else 0.37, "y": 0.83, "k": 1.0}
    for name in ("x", "y"):
        step = 1e-6
        ends = [value_of(tree, **point | {name: point[name] + side * step}) for side in (1, -1)]
        slope = (ends[0] - ends[1]) / (2 * step)
        # error of the difference: step^2 times the third derivative, and 1e-16 / step of rounding
        np.testing.assert_allclose(value_of(derivative(tree, name), **point), slope, atol=1e-8, rtol=1e-8)


def test_a_power_has_its_slope_at_zero_too():
    at_zero = {"x": 0.0, "y": 0.0}
    assert value_of(derivative(apply("pow", X, K), "x"), **at_zero, k=2.0) == 0.0
    assert value_of(derivative(apply("pow", X, K), "x"), **at_zero, k=1.0) == 1.0
    assert value_of(derivative(apply("pow", X, K), "k"), **at_zero, k=2.0) == 0.0


def test_formulas_are_simplified_without_a_change_of_order():
    graph = Graph()
    x, y, zero, one = graph.symbol("x"), graph.symbol("y"), graph.zero, graph.one
    assert graph.apply("mul", x, one) == graph.apply("add", x, zero) == graph.apply("sub", x, zero) == x
    assert graph.apply("mul", zero, x) == graph.apply("sub", x, x) == graph.apply("div", zero, x) == zero
    assert graph.apply("neg", graph.apply("neg", x)) == graph.apply("pow", x, one) == x
    assert graph.apply("add", x, graph.apply("neg", y)) == graph.apply("sub", x, y)
    assert graph.value(graph.apply("add", graph.number(2.0), graph.number(3.0))) == 5.0
    assert write(apply("add", X, Y, K), NAMES) == "x + y + k"
    assert write(apply("add", X, apply("add", Y, K)), NAMES) == "x + (y + k)"
    assert write(apply("sub", X, apply("sub", Y, K)), NAMES) == "x - (y - k)"


def test_what_is_used_twice_is_computed_once():
    graph = Graph()
    part = apply("exp", apply("mul", K, X))
    lines = Lines(graph, NAMES)
    (text,) = lines.compute([graph.add(apply("add", part, apply("div", Y, part)))])
    assert len(lines.statements) == 1
    assert "np.exp" in lines.statements[0]
    assert "np.exp" not in text


def test_a_jacobian_has_only_entries_that_can_be_other_than_zero():
    graph = Graph()
    roots = [graph.add(apply("mul", X, X)), graph.add(apply("add", X, apply("mul", Number(0.0), Y))), graph.add(K)]
    assert set(jacobian(graph, roots, ["x", "y"])) == {(0, 0), (1, 0)}
    assert slopes(graph, roots, "y") == [graph.zero] * 3


@pytest.mark.parametrize("value", [0.1, -0.0, -2.5, 1e-300, math.inf, -math.inf, math.nan, 5e22])
def test_a_number_reads_back_as_the_same_float(value):
    back = eval(number(value), {"np": np})
    np.testing.assert_equal(back, value)
    assert math.isnan(value) or math.copysign(1.0, back) == math.copysign(1.0, value)


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        (apply("div", X, Y), math.inf),
        (apply("ln", Y), -math.inf),
        (apply("ln", apply("neg", X)), math.nan),
        (apply("exp", Number(1000.0)), math.inf),
        (apply("div", Number(1.0), Number(0.0)), math.inf),
        (apply("pow", apply("neg", X), Number(0.3)), math.nan),
        (apply("factorial", Number(-2.0)), math.nan),
        (apply("factorial", Number(5.0)), 120.0),
        (apply("quotient", Number(-7.0), Number(2.0)), -3.0),
        (apply("rem", Number(-7.0), Number(2.0)), -1.0),
        (apply("quotient", X, Y), math.inf),
        (apply("div", Number(1.0), apply("piecewise", Number(0.0), apply("lt", Y, X), Number(1.0))), math.inf),
    ],
)
def test_a_domain_error_is_a_value_and_no_exception(tree, expected):
    np.testing.assert_equal(value_of(tree, x=1.0, y=0.0, k=1.0), expected)


def test_truth_and_numbers_stand_in_for_each_other():
    test = apply("lt", X, Y)
    point = {"x": 1.0, "y": 2.0}
    assert value_of(apply("add", test, Number(2.0)), **point, k=0.0) == 3.0
    assert value_of(apply("and", X, test), **point, k=0.0) == 1.0
    assert value_of(apply("xor", test, X, K), **point, k=1.0) == 1.0
    assert value_of(apply("not", K), **point, k=0.0) == 1.0
    for known in (0.0, 1.0):
        for other, holds in ((test, True), (apply("gt", X, Y), False)):
            assert value_of(apply("or", Number(known), other), **point, k=0.0) == float(bool(known) or holds)
            assert value_of(apply("and", other, Number(known)), **point, k=0.0) == float(bool(known) and holds)
            assert value_of(apply("xor", Number(known), other), **point, k=0.0) == float(bool(known) != holds)
    assert value_of(apply("piecewise", X, K, Y), **point, k=3.0) == 1.0
    assert math.isnan(value_of(apply("piecewise", X, K), **point, k=0.0))
    assert value_of(apply("eq", test, Number(1.0)), **point, k=0.0) == 1.0


@pytest.mark.parametrize("name", sorted(functions.PLAIN))
def test_helpers_equal_their_twins_on_every_kind_of_number(name):
    values = [0.0, 1.0, -1.0, 2.5, -2.5, 7.0, math.inf, -math.inf, math.nan]
    twin, own = functions.PLAIN[name], getattr(functions, name)
    for a in map(np.float64, values):
        for b in map(np.float64, values):
            special = {"factorial": (a,), "opposite": (a > 0,), "where": (a > b, a, b), "power_slope": (a, b, a)}
            arguments = special.get(name, (a, b))
            with np.errstate(all="ignore"):
                np.testing.assert_equal(twin(*arguments), own(*arguments), err_msg=f"{name}{arguments}")


def test_a_deep_formula_is_written_without_a_deep_recursion():
    tree = X
    for _ in range(5000):
        tree = apply("add", Number(1.0), apply("mul", Number(1.0001), tree))
    graph = Graph()
    root = graph.add(tree)
    lines = Lines(graph, NAMES)
    (text,) = lines.compute([root])
    scope = {"np": np, "x": np.float64(0.0)}
    exec("\n".join([*lines.statements, f"found = {text}"]), scope)
    np.testing.assert_allclose(scope["found"], (1.0001**5000 - 1.0) / 0.0001, rtol=1e-10)  # a geometric series
    assert graph.value(slopes(graph, [root], "x")[0]) == pytest.approx(1.0001**5000)


def test_every_operation_of_a_formula_is_known_to_the_graph():
    assert set(OPERATIONS) - {"piecewise"} <= set(OPERATORS)
