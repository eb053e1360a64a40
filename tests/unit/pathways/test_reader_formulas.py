"""Every function of SBML's formulas, against its definition."""

from __future__ import annotations

import math

import pytest

from migralab.core.errors import PathwayError
from migralab.pathways.evaluate import evaluate
from migralab.pathways.expression import TIME
from migralab.pathways.reader import read_model

HEAD = '<?xml version="1.0"?>\n<sbml xmlns="http://www.sbml.org/sbml/level3/version2/core" level="3" version="2">'


def sbml(math_text, functions=""):
    """A model of x, y = 0.3 and a parameter `got` that is assigned the formula."""
    return f"""{HEAD}<model id="m">{functions}<listOfParameters>
<parameter id="x" value="2.5" constant="true"/><parameter id="y" value="0.3" constant="true"/>
<parameter id="got" constant="false"/></listOfParameters><listOfRules>
<assignmentRule variable="got"><math xmlns="http://www.w3.org/1998/Math/MathML">{math_text}</math></assignmentRule>
</listOfRules></model></sbml>"""


def value_of(text, time=0.0, **keywords):
    network = read_model(text, check_start=False, **keywords)
    values = {own.name: own.value for own in network.constants} | {TIME: time}
    for name, formula in network.assigned:
        values[name] = evaluate(formula, values)
    return values["got"]


def call(name, *parts):
    return f"<apply><{name}/>{''.join(parts)}</apply>"


X, Y, ZERO = "<ci>x</ci>", "<ci>y</ci>", "<cn>0</cn>"
CSYMBOL = '<csymbol encoding="text" definitionURL="http://www.sbml.org/sbml/symbols/{0}">{0}</csymbol>'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (call("plus", X, Y, X), 5.3),
        (call("plus"), 0),
        (call("times"), 1),
        (call("minus", X), -2.5),
        (call("minus", X, Y), 2.2),
        (call("divide", X, Y), 2.5 / 0.3),
        (call("power", X, Y), 2.5**0.3),
        (call("root", X), math.sqrt(2.5)),
        (call("root", "<degree><cn>3</cn></degree>", X), 2.5 ** (1 / 3)),
        (call("log", X), math.log10(2.5)),
        (call("log", "<logbase><cn>2</cn></logbase>", X), math.log2(2.5)),
        (call("ln", X), math.log(2.5)),
        (call("exp", X), math.exp(2.5)),
        (call("abs", call("minus", X)), 2.5),
        (call("floor", X), 2),
        (call("ceiling", X), 3),
        (call("factorial", "<cn>4</cn>"), 24),
        (call("min", X, Y), 0.3),
        (call("max", X, Y), 2.5),
        (call("quotient", "<cn>-7</cn>", "<cn>2</cn>"), -3),
        (call("rem", "<cn>-7</cn>", "<cn>2</cn>"), -1),
        (call("implies", X, ZERO), 0),
        (call("implies", ZERO, ZERO), 1),
        (call("xor", X, Y), 0),
        (call("and"), 1),
        (call("or"), 0),
        (call("not", ZERO), 1),
        (call("lt", Y, X, "<cn>3</cn>"), 1),
        (call("lt", Y, X, "<cn>2</cn>"), 0),
        (call("geq", X, X), 1),
        (call("neq", X, Y), 1),
        (call("eq", X, X, Y), 0),
        (call("sec", Y), 1 / math.cos(0.3)),
        (call("csc", Y), 1 / math.sin(0.3)),
        (call("cot", Y), 1 / math.tan(0.3)),
        (call("sech", Y), 1 / math.cosh(0.3)),
        (call("csch", Y), 1 / math.sinh(0.3)),
        (call("coth", Y), 1 / math.tanh(0.3)),
        (call("arcsin", Y), math.asin(0.3)),
        (call("arccos", Y), math.acos(0.3)),
        (call("arctan", Y), math.atan(0.3)),
        (call("arcsec", X), math.acos(1 / 2.5)),
        (call("arccsc", X), math.asin(1 / 2.5)),
        (call("arccot", X), math.atan(1 / 2.5)),
        (call("arcsinh", Y), math.asinh(0.3)),
        (call("arccosh", X), math.acosh(2.5)),
        (call("arctanh", Y), math.atanh(0.3)),
        (call("arcsech", Y), math.acosh(1 / 0.3)),
        (call("arccsch", Y), math.asinh(1 / 0.3)),
        (call("arccoth", X), math.atanh(1 / 2.5)),
        ("<pi/>", math.pi),
        ("<exponentiale/>", math.e),
        ("<true/>", 1),
        ("<infinity/>", math.inf),
        ('<cn type="e-notation">6<sep/>-3</cn>', 6e-3),
        ('<cn type="rational">1<sep/>3</cn>', 1 / 3),
        (CSYMBOL.format("time"), 7),
        (CSYMBOL.format("avogadro"), 6.02214179e23),
        (f"<piecewise><piece>{X}{call('gt', Y, X)}</piece><otherwise>{Y}</otherwise></piecewise>", 0.3),
        (f"<piecewise><piece>{X}{Y}</piece></piecewise>", 2.5),  # a number as condition
        (call("plus", call("gt", X, Y), X), 3.5),  # a truth value as number
    ],
)
def test_a_function_has_the_value_that_mathml_gives_it(text, expected):
    assert value_of(sbml(text), time=7.0) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("text", ["<notanumber/>", f"<piecewise><piece>{X}{ZERO}</piece></piecewise>"])
def test_what_is_undefined_is_nan(text):
    assert math.isnan(value_of(sbml(text)))


def test_logarithms_of_level_1_are_natural():
    text = """<sbml xmlns="http://www.sbml.org/sbml/level1" level="1" version="2"><model name="m"><listOfCompartments>
<compartment name="c"/></listOfCompartments><listOfParameters><parameter name="got" value="0"/></listOfParameters>
<listOfRules><parameterRule name="got" formula="log(3) + 10 * log10(3) + 100 * sqr(3)"/></listOfRules></model></sbml>"""
    assert value_of(text) == pytest.approx(math.log(3) + 10 * math.log10(3) + 900, rel=1e-14)


def function(name, arguments, body):
    variables = "".join(f"<bvar><ci>{own}</ci></bvar>" for own in arguments)
    return (
        f'<functionDefinition id="{name}"><math xmlns="http://www.w3.org/1998/Math/MathML"><lambda>{variables}{body}'
        "</lambda></math></functionDefinition>"
    )


def test_function_definitions_are_expanded_with_their_own_names():
    """f(y, x) = y - x, g(x) = f(x, 10): the x of the model must not get into them."""
    inner = function("f", "yx", call("minus", "<ci>y</ci>", "<ci>x</ci>"))
    outer = function("g", "x", "<apply><ci>f</ci><ci>x</ci><cn>10</cn></apply>")
    text = sbml(
        "<apply><ci>g</ci><ci>y</ci></apply>", f"<listOfFunctionDefinitions>{inner}{outer}</listOfFunctionDefinitions>"
    )
    assert value_of(text) == pytest.approx(0.3 - 10, rel=1e-15)


@pytest.mark.parametrize(
    ("text", "functions", "message"),
    [
        ("<ci>zz</ci>", "", r"'zz' is not declared"),
        ("<apply><ci>h</ci><ci>x</ci></apply>", "", r"no function 'h'"),
        (
            "<apply><ci>f</ci><ci>x</ci></apply>",
            function("f", "a", "<ci>x</ci>"),
            r"'x' is not declared in function 'f'",
        ),
        ("<apply><ci>f</ci><ci>x</ci></apply>", function("f", "ab", "<ci>a</ci>"), r"takes 2 arguments and is given 1"),
        (f"<apply><ci>f</ci>{X}</apply>", function("f", "a", "<apply><ci>f</ci><ci>a</ci></apply>"), r"calls itself"),
        (call("divide", X), "", r"arguments are too few or too many"),
        (call("log", X, X, X), "", r"arguments are too few or too many"),
        (call("sin", X, X), "", r"arguments are too few or too many"),
        (f"<apply>{CSYMBOL.format('delay')}{X}{Y}</apply>", "", r"delay\(\) is not supported"),
    ],
)
def test_a_wrong_formula_is_refused_with_line_and_element(text, functions, message):
    functions = functions and f"<listOfFunctionDefinitions>{functions}</listOfFunctionDefinitions>"
    with pytest.raises(PathwayError, match=r"^m\.xml:5 \(assignment rule for 'got'\): .*" + message):
        read_model(sbml(text, functions), "m.xml")
