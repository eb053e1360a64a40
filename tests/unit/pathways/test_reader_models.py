"""What a model means: each network is compared with what follows on paper from the SBML specification."""

from __future__ import annotations

import math

import pytest

from migralab.core.errors import PathwayError
from migralab.pathways.evaluate import evaluate
from migralab.pathways.expression import TIME, Number, symbols_in
from migralab.pathways.reader import read_model, read_model_file
from migralab.pathways.reader.order import LoopError, count_paths, evaluation_order

SBML = """<?xml version="1.0"?>
<sbml xmlns="http://www.sbml.org/sbml/level3/version2/core" level="3" version="2"><model id="m" {model}>{body}</model>
</sbml>"""
MATH = '<math xmlns="http://www.w3.org/1998/Math/MathML">{}</math>'


def start_of(network, time=0.0, **changed):
    """All values at the start, by the order in which the network says they can be evaluated."""
    values = {own.name: own.value for own in network.constants} | {TIME: time} | changed
    assigned = dict(network.assigned)

    def need(name):
        if name not in values:
            for own in symbols_in(assigned[name]):
                need(own)
            values[name] = evaluate(assigned[name], values)

    for name, formula in network.start:
        for own in symbols_in(formula):
            need(own)  # a KeyError here is a start that needs something later
        values[name] = evaluate(formula, values)
    for name, formula in network.assigned:
        values[name] = evaluate(formula, values)
    return values


def rate_of(network, name, **changed):
    return evaluate(network.rates[name], start_of(network, **changed))


def test_a_plain_model_is_constants_variables_and_rates():
    network = read_model(
        """model decay
        compartment cell = 2; species A in cell = 3, B in cell = 0;
        J: 2 A -> B; cell * k * A; k = 0.5;  total := A + B
        end"""
    )
    values = start_of(network)
    assert network.name == "decay"
    assert [own.name for own in network.variables] == ["A", "B"]
    assert {own.name: own.value for own in network.constants} == {"cell": 2, "k": 0.5, "start_of_A": 3, "start_of_B": 0}
    assert values["J"] == 2 * 0.5 * 3
    assert rate_of(network, "A") == -2 * 3 / 2  # amount by law, concentration by law over size
    assert rate_of(network, "B") == 3 / 2
    assert rate_of(network, "A", start_of_A=10.0, cell=4.0) == -2 * (4 * 0.5 * 10) / 4
    assert set(network.shown) == {"cell", "A", "B", "J", "k", "total"}
    assert evaluate(network.amounts["A"], values) == 6
    assert evaluate(network.concentrations["A"], values) == 3
    (reaction,) = network.reactions
    assert evaluate(reaction.change["A"], values) == -1  # of one firing, in concentration
    assert reaction.reversible


def test_species_of_substance_are_amounts_and_have_their_size_in_concentrations():
    network = read_model("compartment c = 4; substanceOnly species M in c; M = 12; J: M => ; k * M; k = 2")
    assert rate_of(network, "M") == -24
    assert evaluate(network.amounts["M"], start_of(network)) == 12
    assert evaluate(network.concentrations["M"], start_of(network)) == 3
    assert network.reactions[0].change == {"M": Number(-1.0)}
    assert not network.reactions[0].reversible


def test_local_parameters_hide_global_ones_and_get_names_of_their_own():
    body = (
        '<listOfParameters><parameter id="k" value="5" constant="true"/>'
        '<parameter id="J__k" value="7" constant="true"/>'
        '<parameter id="x" value="1" constant="false"/></listOfParameters><listOfReactions>'
        f'<reaction id="J" reversible="false"><kineticLaw>{MATH.format("<ci>k</ci>")}<listOfLocalParameters>'
        '<localParameter id="k" value="3"/></listOfLocalParameters></kineticLaw></reaction></listOfReactions>'
    )
    network = read_model(SBML.format(model="", body=body))
    assert start_of(network)["J"] == 3
    assert {own.name: own.value for own in network.constants} == {"k": 5, "J__k": 7, "J__k_": 3, "x": 1}


def test_what_is_assigned_once_from_constants_follows_them_and_else_is_a_variable():
    network = read_model("k = 2; twice = 2 * k; A = 3 * twice; A' = -k * A; from_start = A / 2; B := A + from_start")
    assert [own.name for own in network.variables] == ["A", "from_start"]
    assert [name for name, _ in network.start] == ["A", "from_start"]
    assert set(network.rates) == {"A"}
    assert start_of(network, k=5.0) | {} == start_of(network, k=5.0)
    assert start_of(network, k=5.0)["from_start"] == 15
    assert start_of(network, k=5.0)["B"] == 45


def test_assigned_quantities_stand_in_order_of_evaluation_also_through_rates():
    network = read_model("c := 2 * b; b := a + J; J: A -> ; k * d; d := 3; a := k; k = 2; A = 1")
    order = [name for name, _ in network.assigned]
    assert order.index("d") < order.index("J") < order.index("b") < order.index("c")
    assert start_of(network)["c"] == 2 * (2 + 6)


def test_a_species_in_a_growing_compartment_is_kept_as_its_amount_and_is_diluted():
    network = read_model(
        "compartment c = 2; c' = 0.5; species A in c = 3; J: A -> ; k * A * c; k = 0.1; r := rateOf(A)"
    )
    values = start_of(network)
    assert {own.name for own in network.variables} == {"c", "A__amount"}
    assert values["A__amount"] == 6
    assert values["A"] == 3
    assert evaluate(network.rates["A__amount"], values) == pytest.approx(-0.6)
    # dA/dt = (dn/dt - A dV/dt) / V
    assert values["r"] == pytest.approx((-0.6 - 3 * 0.5) / 2)


def test_a_rate_rule_is_the_change_of_what_the_name_means_also_where_the_amount_is_kept():
    """d(A V)/dt = A' V + A V': kept as its amount, since an event on the compartment leaves that alone."""
    network = read_model("compartment c = 2; c' = 0.1; species A in c = 3; A' = 0.5; at (time > 1): c = 4")
    assert rate_of(network, "A__amount") == pytest.approx(0.5 * 2 + 3 * 0.1)


def test_an_event_on_a_compartment_leaves_amounts_alone():
    network = read_model("compartment c = 2; species A in c = 3, B in c = 1; at (time > 1): c = 5, B = 4")
    (event,) = network.events
    values = start_of(network)
    assert {own.name for own in network.variables} == {"c", "A__amount", "B__amount"}
    assert values["A__amount"] == 6
    assert network.rates == {}
    new = {name: evaluate(formula, values) for name, formula in event.sets}
    assert new == {"c": 5, "B__amount": 8}  # of the size before (semantic case 01780)


def test_conversion_factors_multiply_what_a_reaction_changes_and_nothing_else():
    body = (
        '<listOfCompartments><compartment id="c" size="2" constant="true"/></listOfCompartments><listOfSpecies>'
        '<species id="A" compartment="c" initialAmount="4" '
        'hasOnlySubstanceUnits="true" boundaryCondition="false" constant="false"/>'
        '<species id="B" compartment="c" initialAmount="4" '
        'hasOnlySubstanceUnits="false" boundaryCondition="false" constant="false"'
        ' conversionFactor="own"/></listOfSpecies>'
        '<listOfParameters><parameter id="own" value="3" '
        'constant="true"/><parameter id="all" value="10" constant="true"/>'
        '</listOfParameters><listOfReactions><reaction id="J" reversible="false"><listOfReactants>'
        '<speciesReference species="A" stoichiometry="2" constant="true"/></listOfReactants><listOfProducts>'
        '<speciesReference species="B" stoichiometry="1" constant="true"/></listOfProducts>'
        f"<kineticLaw>{MATH.format('<ci>A</ci>')}</kineticLaw></reaction></listOfReactions>"
    )
    network = read_model(SBML.format(model='conversionFactor="all"', body=body))
    assert start_of(network)["B"] == 2  # given as an amount of 4 in a size of 2
    assert rate_of(network, "A") == -2 * 10 * 4
    assert rate_of(network, "B") == 3 * 4 / 2


def test_a_stoichiometry_with_a_name_is_a_symbol():
    body = (
        '<listOfCompartments><compartment id="c" size="1" constant="true"/></listOfCompartments><listOfSpecies>'
        '<species id="A" compartment="c" initialConcentration="4" '
        'hasOnlySubstanceUnits="false" boundaryCondition="false" constant="false"/>'
        "</listOfSpecies><listOfRules>"
        f'<assignmentRule variable="n">{MATH.format("<apply><times/><cn>2</cn><ci>A</ci></apply>")}</assignmentRule>'
        "</listOfRules>"
        '<listOfReactions><reaction id="J" reversible="false"><listOfProducts>'
        '<speciesReference id="n" species="A" constant="false"/></listOfProducts>'
        f"<kineticLaw>{MATH.format('<cn>3</cn>')}</kineticLaw></reaction></listOfReactions>"
    )
    network = read_model(SBML.format(model="", body=body))
    assert rate_of(network, "A") == 8 * 3
    assert "n" in network.shown


def test_boundary_species_are_read_and_not_changed():
    network = read_model("J: $A -> B; k * A; A = 2; B = 0; k = 3")
    assert [own.name for own in network.variables] == ["B"]
    assert rate_of(network, "B") == 6


def test_an_event_keeps_what_the_model_says_of_it():
    text = "x = 0; y = 1; x' = 1; E: at (x > 2), priority = y + 1, persistent = false, t0 = false"
    text += ", fromTrigger = false: y = 5"
    (event,) = read_model(text).events
    assert (event.name, event.starts_true, event.persistent, event.early) == ("E", False, False, False)
    assert evaluate(event.priority, {"y": 1.0}) == 2
    assert event.sets == (("y", Number(5.0)),)


def test_a_parameter_called_time_is_not_the_time():
    body = (
        '<listOfParameters><parameter id="time" value="10" constant="true"/>'
        '<parameter id="x" constant="false"/></listOfParameters>'
        "<listOfRules>"
        f'<assignmentRule variable="x">{MATH.format("<apply><plus/><ci>time</ci>{}</apply>")}</assignmentRule>'
        "</listOfRules>"
    ).replace("{}", '<csymbol encoding="text" definitionURL="http://www.sbml.org/sbml/symbols/time">t</csymbol>')
    network = read_model(SBML.format(model="", body=body))
    values = start_of(network, time=3.0)
    assert evaluate(network.shown["x"], values) == 13
    assert evaluate(network.shown["time"], values) == 10


def test_what_has_no_mathematics_changes_nothing():
    body = (
        '<listOfParameters><parameter id="x" value="4" constant="false"/></listOfParameters>'
        '<listOfRules><rateRule variable="x"/></listOfRules><listOfEvents>'
        '<event useValuesFromTriggerTime="true"/></listOfEvents>'
    )
    network = read_model(SBML.format(model="", body=body))
    assert (network.rates, network.events) == ({}, ())
    assert start_of(network)["x"] == 4


def test_models_of_models_are_written_out():
    network = read_model(
        "model inner()\n J: A -> ; k * A; A = 2; k = 3\nend\nmodel outer()\n a: inner(); b: inner(); b.k = 5\nend"
    )
    assert rate_of(network, "a_A") == -6
    assert rate_of(network, "b_A") == -10


def test_names_are_strings_and_never_code():
    network = read_model("__class__ = 2; import_os = 3; x := __class__ + import_os")
    assert start_of(network)["x"] == 5


def test_a_file_is_read_and_named(tmp_path):
    path = tmp_path / "my.ant"
    path.write_text("\ufeffA = 1 // in \u00b5M\nA' = -A", encoding="utf-8")
    assert read_model_file(path).name == "my"
    path.write_text(SBML.format(model="", body=""), encoding="utf-16")
    assert read_model_file(path).name == "m"
    with pytest.raises(PathwayError, match=r"absent\.ant: there is no such file"):
        read_model_file(tmp_path / "absent.ant")
    with pytest.raises(PathwayError, match="not a file"):
        read_model_file(tmp_path)
    path.write_bytes(b"\x89PNG\r\n\x1a\n\xff\xfe\x00")
    with pytest.raises(PathwayError, match="not a text in UTF-8"):
        read_model_file(path)


def test_nothing_of_a_model_stays_for_the_next():
    first = read_model("A = 1; A' = -k*A; k = 2")
    read_model("k = 7; B = 3; B' = -k*B")
    assert read_model("A = 1; A' = -k*A; k = 2") == first


def test_libraries_are_quiet(capfd):
    read_model("A = 1; A' = -A")
    with pytest.raises(PathwayError):
        read_model("A = = 1")
    with pytest.raises(PathwayError):
        read_model("<sbml/>")
    assert capfd.readouterr() == ("", "")


def test_order_and_ways():
    needs = {"d": ["b", "c"], "b": ["a"], "c": ["a"], "a": ["elsewhere"]}
    assert evaluation_order(needs) == ["a", "b", "c", "d"]
    assert count_paths(needs) == (1 + 2 + 2 + 5, 3)
    with pytest.raises(LoopError, match="x -> y -> x"):
        evaluation_order({"x": ["y"], "y": ["x"]})
    assert math.isfinite(count_paths({"x": ["y"], "y": ["x"]})[0])
