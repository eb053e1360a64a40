"""Units: every spelling means in core.units what the model says, and contradictions are what they are on paper."""

from __future__ import annotations

import itertools

import pytest

from migralab.core import units
from migralab.core.errors import PathwayError
from migralab.pathways.reader import read_model
from migralab.pathways.reader.units.unit import SPELLINGS, of_definition, of_kind, spell

# SI value of one of core.units' internal units: um, s, pN (so kg is 1e6 pN s2/um), molecules
INTERNAL = {"metre": 1e6, "second": 1.0, "kilogram": 1e6, "mole": 6.02214076e23, "item": 1.0}


def internal(unit):
    """The factor of a unit of the reader to internal units, from its base units alone."""
    factor = unit.factor
    for base, power in unit.powers:
        factor *= INTERNAL[base] ** power
    return factor


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, own in SPELLINGS.items() for name in own])
def test_every_spelling_is_that_unit_in_core_units(kind, name):
    unit = of_kind("mole") / of_kind("litre") if kind == "molar" else of_kind(kind)
    if name in {"g", "ug", "ng", "mg", "pg", "fg", "kg"}:
        assert units.to_internal(1.0, name) == pytest.approx(SPELLINGS[kind][name] * 1e-3 * 1e6, rel=1e-12)
    else:
        assert units.to_internal(1.0, name) == pytest.approx(internal(unit) * SPELLINGS[kind][name], rel=1e-12)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([("second", 3600, 1)], "h"),
        ([("second", 3600, -1)], "1/h"),
        ([("second", 0.1, 1)], ""),  # a tenth of a second has no name
        ([("mole", 1e-9, 1), ("litre", 1, -1)], "nM"),
        ([("mole", 1e-24, 1), ("litre", 1e-15, -1)], "nM"),
        ([("mole", 1e-9, 1), ("litre", 1, -1), ("second", 60, -1)], "nM/min"),
        ([("mole", 1e-9, -1), ("litre", 1, 1), ("second", 3600, -1)], "1/h/nM"),
        ([("litre", 1e9, 1), ("mole", 60, -1), ("second", 1, -1)], "1/min/nM"),  # the same, its factors elsewhere
        ([("item", 1, 1)], "molecules"),
        ([("item", 1, 1), ("second", 60, -1)], "molecules/min"),
        ([("item", 1, 1), ("metre", 1e-6, -3)], "molecules/um^3"),
        ([("metre", 1e-6, 2), ("second", 1, -1)], "um^2/s"),
        ([("gram", 1e-6, 1), ("litre", 1e-3, -1)], "ug/ml"),
        ([("kilogram", 1e-9, 1)], "ug"),
        ([("dimensionless", 1, 1)], ""),
        ([("dimensionless", 0.01, 1)], ""),
        ([("kelvin", 1, 1)], ""),
        ([("mole", 1, 0.5)], ""),
        ([("mole", 1e-9, 2)], "nmol^2"),
    ],
)
def test_products_are_spelt_as_people_do(parts, expected):
    got = spell(tuple((kind, float(scale), float(exponent)) for kind, scale, exponent in parts))
    assert got == expected


def _all_products():
    kinds = {"mole": [1.0, 1e-9], "litre": [1.0, 1e-15], "second": [1.0, 60.0, 3600.0], "item": [1.0], "metre": [1e-6]}
    for first, second in itertools.combinations(kinds, 2):
        for one, two, a, b in itertools.product(kinds[first], kinds[second], (1, -1, 2), (1, -1, -2)):
            yield ((first, one, float(a)), (second, two, float(b)))


def test_what_is_spelt_has_the_factor_of_its_parts():
    count = 0
    for parts in _all_products():
        text = spell(parts)
        if not text:
            continue
        unit = of_kind("dimensionless")
        for kind, scale, exponent in parts:
            own = of_kind(kind).to_power(exponent)
            unit = unit * own
            unit = type(unit)(unit.factor * scale**exponent, unit.powers)
        count += 1
        assert units.to_internal(1.0, text) == pytest.approx(internal(unit), rel=1e-11), text
    assert count > 150


LIBRARY_HEAD = """model m
unit time_unit = 60 second; unit substance = item; unit volume = 1e-15 litre; unit nM = 1e-9 mole / litre
unit per_min = 1 / time_unit; unit per_nM_min = 1 / (nM * time_unit)
compartment cell = 2; cell has volume
substanceOnly species R in cell = 1e4; R has substance
ligand = 3; ligand has nM; k = 0.1; k has per_nM_min; off = 0.2; off has per_min
bound = 0; bound has substance
J: R -> ; k * ligand * R
bound' = k * ligand * R - off * bound
share := bound / (bound + R)
"""


def test_units_are_read_from_the_model():
    network = read_model(LIBRARY_HEAD + "end")
    assert network.time_unit_s == 60
    assert {own.name: own.unit for own in network.constants} == {
        "cell": "fl",
        "ligand": "nM",
        "k": "1/min/nM",
        "off": "1/min",
        "start_of_R": "molecules",
        "start_of_bound": "molecules",
    }
    assert {own.name: own.unit for own in network.variables} == {"R": "molecules", "bound": "molecules"}
    assert network.units["ligand"] == "nM"
    assert "share" not in network.units
    for unit in network.units.values():
        units.to_internal(1.0, unit)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("x := ligand + off", "ligand is in nM and off in 1/min"),
        ("x := piecewise(ligand, time > 1, off)", "ligand is in nM and off in 1/min"),
        ("x := k * (R - ligand)", "R is in molecules and ligand in nM"),
        ("J2: R -> ; k * R", r"k \* R is in molecules/min/nM, and the amount of 'R' per time in molecules/min"),
        ("y = 1; y has nM; y' = ligand * k * ligand * k", "the rate that it sets in nM/min"),
        ("at (ligand > off): bound = 1", "ligand is in nM and off in 1/min"),
        ("at (time > 5): bound = ligand", "ligand is in nM and 'bound' in molecules"),
        ("h = 1; h has nothing; unit nothing = 1 second; x := h + time", "differ by a factor of 0.0166667"),
    ],
)
def test_a_contradiction_is_refused_with_its_line(line, message):
    with pytest.raises(PathwayError, match=r"^m:11 .*the units do not agree: .*" + message):
        read_model(LIBRARY_HEAD + line + "\nend", "m")


@pytest.mark.parametrize(
    "line",
    [
        "x := 2 * ligand + 1",  # bare numbers have the unit that they need
        "free = 3; x := free + ligand",  # what is not declared agrees
        "h = 2; h has dimensionless; x := ligand^h / (3^h + ligand^h)",
        "x := sqrt(ligand * ligand) + ligand",
        "x := ligand^2 / ligand - ligand",
        "x := exp(-off * time) * ligand",
        "x := max(ligand, 0) + abs(ligand)",
        "x := rateOf(bound) + off * bound",
    ],
)
def test_what_agrees_is_read(line):
    read_model(LIBRARY_HEAD + line + "\nend", "m")


def test_level_2_counts_in_moles_litres_and_seconds_unless_it_says_otherwise():
    text = """<sbml xmlns="http://www.sbml.org/sbml/level2/version4" level="2" version="4"><model id="m">{}
<listOfCompartments><compartment id="c" size="1"/></listOfCompartments>
<listOfSpecies><species id="A" compartment="c" initialAmount="1" hasOnlySubstanceUnits="true"/></listOfSpecies>
</model></sbml>"""
    plain = read_model(text.format(""))
    assert (plain.time_unit_s, plain.units) == (1.0, {"c": "l", "A": "mol"})
    minutes = (
        '<listOfUnitDefinitions><unitDefinition id="time"><listOfUnits><unit kind="second" multiplier="60"/>'
        "</listOfUnits></unitDefinition></listOfUnitDefinitions>"
    )
    assert read_model(text.format(minutes)).time_unit_s == 60


def test_level_3_has_no_units_of_its_own():
    assert read_model("A = 1; A' = -A").time_unit_s is None


def test_a_strange_definition_is_unknown_and_not_wrong():
    import libsbml

    document = libsbml.SBMLDocument(3, 1)  # the tree lives as long as its document
    model = document.createModel()

    def define(multiplier, scale, exponent):
        definition = model.createUnitDefinition()
        unit = definition.createUnit()
        unit.setKind(libsbml.UNIT_KIND_SECOND)
        unit.setMultiplier(multiplier)
        unit.setScale(scale)
        unit.setExponent(exponent)
        return of_definition(definition)

    assert define(-1.0, 0, 1.0) is None
    assert define(0.0, 0, 1.0) is None
    assert of_definition(model.createUnitDefinition()) is None
    assert define(1.0, 100_000, 1.0).text == ""
    assert define(1.0, 0, float("nan")).text == ""
    assert define(2.0, 0, -1.0).factor == 0.5
