"""What is refused: in one message with file, line and element, in a moment, without a crash in the libraries in C."""

from __future__ import annotations

import time

import pytest

from migralab.core.errors import PathwayError
from migralab.pathways.reader import read_model

SBML = """<?xml version="1.0"?>
<sbml xmlns="http://www.sbml.org/sbml/level3/version2/core" level="3" version="2"><model id="m">
{}</model></sbml>"""
COMP = """<?xml version="1.0"?>
<sbml xmlns="http://www.sbml.org/sbml/level3/version1/core" xmlns:comp="http://www.sbml.org/sbml/level3/version1/comp/version1"
 level="3" version="1" comp:required="true">
{}
<model id="m"><comp:listOfSubmodels><comp:submodel comp:id="s" comp:modelRef="A"/></comp:listOfSubmodels></model>
</sbml>"""
MATH = '<math xmlns="http://www.w3.org/1998/Math/MathML">{}</math>'
ONE_RULE = '<listOfParameters><parameter id="a" constant="false"/></listOfParameters>\n<listOfRules>{}</listOfRules>'


def rule(math_text):
    return SBML.format(ONE_RULE.format(f'<assignmentRule variable="a">{MATH.format(math_text)}</assignmentRule>'))


def package(name):
    return (
        '<sbml xmlns="http://www.sbml.org/sbml/level3/version1/core" level="3" version="1" '
        f'xmlns:{name}="http://www.sbml.org/sbml/level3/version1/{name}/version1" {name}:required="true">'
        '<model id="m"/></sbml>'
    )


UNITS = (
    "unit substance = 1e-9 mole; unit time_unit = 3600 second; unit nM = 1e-9 mole / litre; unit hour = 3600 second\n"
)

WRONG = {
    # What is not declared, or has no value
    "undeclared parameter": (
        "A = 1\nJ: A -> ; k1 * A",
        r"m:2 \(parameter 'k1'\): 'k1' is not declared; give it a value",
    ),
    "undeclared species": ("A = 1; k = 2;\nx := A + 1\ny := k * B", r"m:3 \(parameter 'B'\): 'B' is not declared"),
    "undeclared in a module": (
        "model i()\n x := 2 * zz\nend\nmodel o()\n a: i()\nend",
        r"m:2 \(parameter 'a_zz'\): 'a_zz' is not declared",
    ),
    "species without start": (
        "k = 1;\nJ: A -> B; k * A\nA = 1",
        r"m:2 \(species 'B'\): 'B' has no start value; give it one",
    ),
    "parameter without value": ("const q;\nA = 1\nJ: A -> ; q * A", r"m:1 \(parameter 'q'\): 'q' has no value"),
    "undeclared in SBML": (rule("<ci>zz</ci>"), r"m:4 \(assignment rule for 'a'\): 'zz' is not declared"),
    # Loops
    "loop": (
        "a := b + 1;\nb := a * 2",
        r"m:\d \('[ab]'\): algebraic loop: .*; give one of them a start value and a rate rule",
    ),
    "loop through a law": ("A = 1; k = 2\nJ: A -> ; k * b\nb := 2 * J", r"m:\d \('[bJ]'\): algebraic loop"),
    "loop in SBML": (rule("<ci>a</ci>"), r"m:3 \(parameter 'a'\): algebraic loop a -> a: "),
    # Not supported
    "delay": (
        "A = 1; k = 2;\nJ: A -> ; k * delay(A, 2)",
        r"m:2 \(kinetic law of reaction 'J'\): delay\(\) is not supported: .*chain",
    ),
    "event with a delay": (
        "x = 0\nE: at 2 after time > 1: x = 1",
        r"m:2 \(event 'E'\): events with a delay are not supported",
    ),
    "event without a name": ("x = 0\nat 2 after time > 1: x = 1", r"m:2 \(event '\w+'\): events with a delay"),
    "fast reaction": (
        SBML.replace("version2/core", "version1/core")
        .replace('version="2"', 'version="1"')
        .format('<listOfReactions><reaction id="J" reversible="false" fast="true"/></listOfReactions>'),
        r"m:3 \(reaction 'J'\): fast reactions are not supported",
    ),
    "algebraic rule": (
        SBML.format(ONE_RULE.format(f"<algebraicRule>{MATH.format('<ci>a</ci>')}</algebraicRule>")),
        r"m:4 \(algebraic rule\): algebraic rules are not supported; solve",
    ),
    "constraint": (
        SBML.format(f"<listOfConstraints><constraint>{MATH.format('<true/>')}</constraint></listOfConstraints>"),
        r"m:3 \(constraint\): constraints are not supported",
    ),
    "qualitative": (package("qual"), r"package 'qual' changes what the model means and is not supported"),
    "unknown package": (package("arrays"), r"package 'arrays' changes what the model means and is not supported"),
    "rate of an assigned quantity": (
        "x := time^2; y := rateOf(x)",
        r"m:1: this is not right in Antimony: .*rateOf\(x\)",
    ),
    # Division by zero
    "division by zero": (
        "x = 1\ny := 3 / (x - 1) * 2",
        r"m:2 \(parameter 'y'\): y has no finite value at the start: 3 / \(x - 1\) is a division by zero with x = 1",
    ),
    "division by zero in a law": (
        "A = 0; k = 1\nJ: A -> ; k * A / A",
        r"m:2 \(reaction 'J'\): .*division by zero with A = 0",
    ),
    "logarithm of zero": ("x = 0; y := ln(x)", r"ln\(x\) is -inf with x = 0"),
    # Units
    "rate in other time": (
        UNITS
        + "unit per_s = 1 / second; substanceOnly species S\nS has substance; S = 1; k = 1; k has per_s\nJ: S => ; k*S",
        r"m:4 \(kinetic law of reaction 'J'\): the units do not agree: k \* S is in nmol/s.* per time in nmol/h",
    ),
    "sum of different things": (
        UNITS + "k = 1; k has nM; t = 3; t has hour\nx := k + t",
        r"m:3 \(assignment rule for 'x'\): the units do not agree: k is in nM and t in h",
    ),
    "assigned to another": (UNITS + "k = 1; k has nM; x has hour\nx := k", r"k is in nM and what it assigns in h"),
    "rate rule": (UNITS + "k = 1; k has nM; x = 1; x has nM\nx' = k", r"k is in nM and the rate that it sets in nM/h"),
    "undefined unit": ("x = 1\nx has hours", r"m:2 \(unit 'hour'\): this unit is not defined; say what it is"),
    # Not a model
    "empty": ("", r"the text is empty; write a model"),
    "only blanks": (" \n\t\n", r"the text is empty"),
    "only a comment": ("// nothing\n", r"there is nothing in it"),
    "binary": ("A = 1\n\x00\x01", r"m:2: this is not a text"),
    "lone surrogate": ("// \udc80", r"m:1: this is not a text"),
    "syntax": (
        "model x\n J: A -> ; k*A\n  y == 3\nend",
        r"m:3: this is not right in Antimony: syntax error, unexpected number",
    ),
    "half a formula": ("A = 1\nx := 2 * (A", r"m:2: this is not right in Antimony"),
    "no XML": ("<sbml", r"m:1: this is not well-formed XML"),
    "half an XML": (rule("<cn>1</cn>")[:-20], r"m:4: this is not well-formed XML"),
    "HTML": ("<html><body/></html>", r"m:1: this is XML, but not SBML: it begins with <html>"),
    "no model": (
        '<sbml xmlns="http://www.sbml.org/sbml/level3/version2/core" level="3" version="2"/>',
        r"there is no model in it",
    ),
    "no namespace": (
        '<sbml level="3" version="2"><model/></sbml>',
        r"m:1: level '3', version '2' and namespace '' are no SBML",
    ),
    "namespace of another level": (
        '<sbml xmlns="http://www.sbml.org/sbml/level2/version4" level="3" version="2"><model/></sbml>',
        r"m:1: level '3', version '2' and namespace '.*level2/version4' are no SBML known here; export",
    ),
    "formula without operation": (
        rule("<apply><apply/><cn>1</cn></apply>"),
        r"m:4: <apply> stands where <apply> has its",
    ),
    "empty formula": (rule("<apply><sin/><apply/></apply>"), r"m:4: an <apply> of the formula is empty"),
    # Hostile
    "doctype": (
        '<?xml version="1.0"?>\n<!DOCTYPE a [<!ENTITY b "c">]><sbml/>',
        r"m:2 .*DOCTYPE and ENTITY are not allowed",
    ),
    "import": ('A = 1\nimport "secret.ant"', r"m:2: 'import' is not supported, since a model must not open files"),
    "import behind a comment": ('A = 1 /* x */ import /* y */ "secret.ant"', r"'import' is not supported"),
    "external model": (
        COMP.format(
            "<comp:listOfExternalModelDefinitions><comp:externalModelDefinition comp:id='A' comp:source='/etc/passwd'/>"
            "</comp:listOfExternalModelDefinitions>"
        ),
        r"\(externalModelDefinition 'A'\): it lies in another file",
    ),
    "replacement of a submodel by a number": (
        COMP.format(
            '<comp:listOfModelDefinitions><comp:modelDefinition id="B"><listOfParameters><parameter id="q" value="1"'
            ' constant="true"/></listOfParameters></comp:modelDefinition><comp:modelDefinition id="A">'
            "<comp:listOfSubmodels>"
            '<comp:submodel comp:id="b" comp:modelRef="B"/></comp:listOfSubmodels></comp:modelDefinition>'
            "</comp:listOfModelDefinitions>"
        ).replace(
            '<model id="m">',
            '<model id="m"><listOfParameters><parameter id="p" value="1" constant="true"><comp:listOfReplacedElements>'
            '<comp:replacedElement comp:submodelRef="s" comp:idRef="b"/></comp:listOfReplacedElements></parameter>'
            "</listOfParameters>",
        ),
        r"m: its submodels cannot be written out",
    ),
    "missing submodel": (COMP.format(""), r"\(submodel 's'\): there is no model 'A'"),
    "code": ("__import__('os').system('true') = 3", r"m:1: this is not right in Antimony"),
    "name in unicode": ("k = 1\n\u00b5 = 3", r"m:2: the sign '\u00b5' is not allowed"),
    "doubling assignments": (
        "a0 = 1; " + "\n".join(f"a{i} := a{i - 1} + a{i - 1}" for i in range(1, 41)),
        r"its assignments need each other .* in Antimony",
    ),
    "doubling functions": (
        "function f0(x)\n x + x\nend\n"
        + "".join(f"function f{i}(x)\n f{i - 1}(x) + f{i - 1}(x)\nend\n" for i in range(1, 29))
        + "y = 1; x := f28(y)",
        r"with its function definitions expanded the formula has more than 50,000 parts",
    ),
    "functions in a chain": (
        "function f0(x)\n x\nend\n"
        + "".join(f"function f{i}(x)\n f{i - 1}(x) + 1\nend\n" for i in range(1, 200))
        + "y = 1; x := f199(y)",
        r"functions call each other in a chain of 200",
    ),
    "doubling arguments": (
        "function f(x)\n x + x\nend\ny = 1; x := " + "f(" * 60 + "y" + ")" * 60,
        r"more than 50,000 parts",
    ),
    "doubling models": (
        "model m0()\n x = 1\nend\n"
        + "".join(f"model m{i}()\n a: m{i - 1}(); b: m{i - 1}()\nend\n" for i in range(1, 60)),
        r"more than 1,000 models inside",
    ),
    "model in itself": ("model a()\n b: a()\nend", r"m:1 \(model 'a'\): model 'a' contains itself"),
    "deep models": (
        "model m0()\n x = 1\nend\n" + "".join(f"model m{i}()\n a: m{i - 1}()\nend\n" for i in range(1, 60)),
        r"more than 20 inside each other",
    ),
    "parentheses": ("y = 2; x := " + "(" * 50_000 + "y" + ")" * 50_000, r"m:1: the line has 100,0\d\d characters"),
    "fewer parentheses": (
        "y = 2; x := " + "(" * 5_000 + "y" + ")" * 5_000,
        r"m:1: 5000 parentheses stand inside each other",
    ),
    "powers": ("y = 2; x := " + "y^" * 5_000 + "y", r"m:1: one statement has more than 1,000 operators"),
    "fewer powers": ("y = 2;\nx := " + "y^" * 900 + "y", r"m:2 \(assignment rule for 'x'\): .*deeper than 120 levels"),
    "web of assignments": (
        "\n".join(f"p{i} := " + "".join(f"p{j} + " for j in range(i)) + "1" for i in range(100)),
        r"its assignments need each other in chains of up to 100 and in [\d,]+ ways",
    ),
    "large": ("x = 1\n" * 200_000, r"1,200,000 characters, and 500,000 are allowed in Antimony"),
    "deep XML": (SBML.format("<notes>" + "<a>" * 100_000), r"nested deeper than 250 levels"),
    "deep MathML": (
        rule("<apply><sin/>" * 200 + "<cn>1</cn>" + "</apply>" * 200),
        r"m:4 \(assignment rule for 'a'\): .*120 levels",
    ),
    "wide MathML": (
        rule("<apply><plus/>" + "<cn>1</cn>" * 50_000 + "</apply>"),
        r"m:4: one formula has more than 10,000 parts",
    ),
    "deep text in level 1": (
        '<sbml xmlns="http://www.sbml.org/sbml/level1" level="1" version="2"><model><listOfRules>'
        f'<parameterRule name="a" formula="{"(" * 3000}1{")" * 3000}"/></listOfRules></model></sbml>',
        r"m:1 \(parameterRule\): 3000 parentheses",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_model_is_refused_at_once_with_its_place(name):
    text, message = WRONG[name]
    before = time.monotonic()
    with pytest.raises(PathwayError, match=message) as refused:
        read_model(text, "m")
    assert str(refused.value).startswith("m")
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 700
    assert time.monotonic() - before < 8  # on a slow machine; each takes less than 2 s here, unguarded they take hours


@pytest.mark.parametrize(
    "text",
    [
        "// import of mRNA into the cell\nx = 1",
        'x = 3; x is "\u00b5m, \u00e9" // \u00b5',
        "x = 0; at 0 after time > 1: x = 1",
        "x = 1; y := x * 3 / 4 - 2 + ((((x))))",
        "y = 2; x := " + "y + " * 900 + "y",
        "import_rate = 3; x := 2 * import_rate",
    ],
)
def test_what_only_looks_wrong_is_read(text):
    read_model(text)


def test_a_start_that_is_not_finite_can_be_asked_for():
    network = read_model("x = 0; y := 1 / x", check_start=False)
    assert [name for name, _ in network.assigned] == ["y"]


def test_contradicting_units_can_be_let_pass():
    text, _ = WRONG["assigned to another"]
    read_model(text, check_units=False)


def test_lines_of_a_text_that_begins_with_blanks_are_its_own():
    with pytest.raises(PathwayError, match=r"^m:6 "):
        read_model("\n\n" + rule("<ci>zz</ci>"), "m")
