"""A pathway in a dish: what it reads, takes in, shows, shares and refuses."""

from __future__ import annotations

import numpy as np
import pytest

from migralab.core.errors import BreakdownError, RequestError, SpecError
from migralab.mechanisms.signals.cargo import MRNA
from migralab.simulation.compile import compile_experiment
from migralab.simulation.observe import observe
from migralab.simulation.simulate import simulate, simulate_dishes
from migralab.spec.dump import dump_yaml
from migralab.spec.loader import parse_experiment

E = "source: {key: test, locator: a test, tag: E}"
MODEL = """\
      model chain
        unit time_unit = 3600 second
        unit per_hour = 1 / 3600 second
        unit substance = item
        compartment cell = 1
        substanceOnly species raw in cell, made in cell
        loss = 0.5; loss has per_hour
        drive = 0; drive has dimensionless
        making: raw -> made; loss * raw
        raw = 100; made = 0
        level' = loss * (drive - level); level = 1; level has dimensionless
        total := raw + made; total has item
      end
"""
TEXT = f"""\
schema: 1
id: networked
title: Cells with a network
question: Does it run?
dish: {{cells: 5, population: first, duration: 2 h, step: 1 min, output_every: 30 min, density: 1e-5 1/um^2}}
populations:
  second: {{cells: 4, enters: 1 h, changes: {{pathways.chain.loss: {{value: 2 1/h, {E}}}}}}}
pathways:
  chain:
    text: |
{MODEL}
    inputs: {{drive: contact with migrasome}}
    takes: {{raw: mrna}}
    outputs: {{made: the product, level: "", total: {{name: all of it, description: raw and made}}}}
mechanisms:
  motility.adhesion: {{}}
  motility.walk: {{}}
  motility.displacement: {{}}
  recipients.uptake: {{}}
  recipients.add-back: {{mass: {{value: 0 ug, {E}}}}}
  pathways.chain: {{}}
arms:
  - {{id: base, control: true}}
  - {{id: quick, changes: {{pathways.chain.loss: {{value: 60 1/day, {E}}}}}}}
  - {{id: off, changes: {{pathways.chain.active: {{value: 0, {E}}}}}}}
  - {{id: first-only, changes: {{populations.second.pathways.chain.active: {{value: 0, {E}}}}}}}
  - {{id: bare, without: [pathways.chain]}}
readouts: ["pathway.level[quantity=made]", "pathway.level[second, quantity=made, hour=2]"]
"""


def file(*changes):
    text = TEXT
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return parse_experiment(text, "networked.yaml")


def begun(arm=None, *changes):
    """Return the model, its engine and a state before the first tick."""
    model = compile_experiment(file(*changes), arm)
    engine = model.build()
    return model, engine, model.found(engine, [1])


def levels(run, quantity):
    """Return the frames, (minutes,), and the value of each cell in each of them."""
    table = run.frame("levels")
    table = table[table["quantity"] == quantity]
    return table.groupby(["time_min", "cell_id"])["value"].first().unstack()


@pytest.fixture(scope="module")
def run():
    return simulate(compile_experiment(file()), 1)


def test_every_cell_follows_the_solution(run):
    found = levels(run, "made")
    hours = found.index.to_numpy() / 60
    np.testing.assert_allclose(found[0], 100 * (1 - np.exp(-0.5 * hours)), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(levels(run, "total")[0], 100.0, rtol=1e-9)


def test_a_population_has_its_own_numbers_and_starts_when_it_comes_in(run):
    late = levels(run, "made")[5].dropna()
    assert late.index.min() == 90.0  # the frame at 60 min is taken before they come in
    np.testing.assert_allclose(late, 100 * (1 - np.exp(-2 * (late.index / 60 - 1))), rtol=1e-5, atol=1e-6)


def test_an_input_without_signal_strength_is_zero_and_the_level_falls_from_its_start(run):
    found = levels(run, "level")
    np.testing.assert_allclose(found[1], np.exp(-0.5 * found.index / 60), rtol=1e-5)


def test_readouts_find_it(run):
    from migralab.measure import measure

    found = measure(observe(run), file().experiment.readouts)
    assert found["pathway.level[second, quantity=made, hour=2]"].value == pytest.approx(
        100 * (1 - np.exp(-2)), rel=1e-5
    )
    all_cells = (5 * (1 - np.exp(-1)) + 4 * (1 - np.exp(-2))) / 9
    assert found["pathway.level[quantity=made]"].value == pytest.approx(100 * all_cells, rel=1e-5)


def test_dishes_side_by_side_are_as_alone(run):
    other, same = simulate_dishes(compile_experiment(file()), [2, 1])
    for name, column in run.tables["levels"].items():
        np.testing.assert_array_equal(same.tables["levels"][name], column)
    assert len(other.tables["levels"]["value"]) == len(same.tables["levels"]["value"])


def test_a_unit_is_turned_into_that_of_the_model(run):
    quick = levels(simulate(compile_experiment(file(), "quick"), 1), "made")
    np.testing.assert_allclose(quick[0], 100 * (1 - np.exp(-2.5 * quick.index / 60)), rtol=1e-5, atol=1e-6)


def test_cells_without_it_show_nothing():
    assert not len(simulate(compile_experiment(file(), "off"), 1).tables["levels"]["cell_id"])
    run = simulate(compile_experiment(file(), "first-only"), 1)
    assert set(run.tables["levels"]["cell_id"]) == {0, 1, 2, 3, 4}
    assert "levels" not in simulate(compile_experiment(file(), "bare"), 1).tables


def test_a_signal_is_read_and_molecules_are_taken_and_accounted_for():
    _, engine, state = begun()
    (chain,) = [m for m in engine.plan if m.name == "pathways.chain"]
    cells = state["cells"]
    cells["touching"][:2] = 3
    cells["in_endosome"][:2, MRNA] = 40
    chain.step(state, 60.0, type("Stream", (), {"key": np.uint64(1), "count": 0})())
    step = np.exp(-0.5 / 60)
    np.testing.assert_allclose(cells["chain_raw"][:3], np.array([140, 140, 100]) * step, rtol=1e-6)
    np.testing.assert_allclose(cells["chain_level"][:3], [3 - 2 * step, 3 - 2 * step, step], rtol=1e-6)
    assert not cells["in_endosome"].any()
    np.testing.assert_allclose(cells["chain_total"][:3], [140, 140, 100], rtol=1e-9)
    assert chain.account(state)["mrna", "pathway chain"].tolist() == [80.0]


TWO = (
    ("takes: {raw: mrna}",
     f"takes: {{raw: {{cargo: mrna, share: {{value: 0.3, {E}}}}}, made: {{cargo: mrna, share: {{value: 0.2, {E}}}}}}}"),
)  # fmt: skip


def test_two_variables_share_what_arrives_of_one_kind():
    _, engine, state = begun(None, *TWO)
    (chain,) = [m for m in engine.plan if m.name == "pathways.chain"]
    cells = state["cells"]
    cells["in_endosome"][0, MRNA] = 100
    chain._take(cells, type("Stream", (), {"key": np.uint64(1), "count": 0})())
    assert (cells["chain_raw"][0], cells["chain_made"][0]) == (130.0, 20.0)
    assert not cells["in_endosome"].any()
    assert chain.account(state)["mrna", "pathway chain"].tolist() == [100.0]


def test_shares_beyond_the_whole_are_refused():
    with pytest.raises(SpecError, match=r"networked\.yaml:9 .*raw_share, made_share add up to more than 1"):
        compile_experiment(file((TWO[0][0], TWO[0][1].replace("0.3", "0.9"))))


PAIR = (
    ("  pathways.chain: {}\n", "  pathways.chain: {}\n  pathways.other: {}\n"),
    ("mechanisms:\n", f"  other:\n    text: |\n{MODEL}\n    takes: {{raw: KIND}}\nmechanisms:\n"),
)


def test_two_networks_take_different_cargo_and_never_the_same():
    other = ("takes: {raw: KIND}", "takes: {raw: soluble_protein}")
    text = TEXT
    for old, new in (*PAIR, other):
        text = text.replace(old, new)
    plan = compile_experiment(parse_experiment(text)).build().plan
    assert {"pathways.chain", "pathways.other"} <= {m.name for m in plan}
    with pytest.raises(SpecError, match=r"networked\.yaml:\d+ .*both take the delivered mrna"):
        compile_experiment(parse_experiment(text.replace("raw: soluble_protein", "raw: mrna"), "networked.yaml"))


def test_a_network_that_takes_stands_idle_where_nothing_is_taken_up():
    text = TEXT.replace("  recipients.uptake: {}\n", "").replace(
        "inputs: {drive: contact with migrasome}", "inputs: {}"
    )
    text = text.replace(f"  recipients.add-back: {{mass: {{value: 0 ug, {E}}}}}\n", "")
    assert compile_experiment(parse_experiment(text)).build()


def test_constants_whose_names_are_taken_get_others_and_no_one_elses():
    from migralab.mechanisms.pathways.numbers import parameter_names
    from migralab.pathways.network import Constant

    constants = [Constant(name=name, value=1.0) for name in ("_k", "k", "active", "x_share", "model_config")]
    found = parameter_names(constants, ["x"])
    assert (found["k"], found["_k"]) == ("k", "k_")
    assert found["active"] == "active_"
    assert found["x_share"] != "x_share"
    assert len(set(found.values())) == len(constants)


def test_daughters_share_molecules_and_copy_levels():
    _, _, state = begun()
    cells = state["cells"]
    cells["chain_level"][0] = 0.7
    cells["chain_raw"][0] = 80.0
    cells.divide(np.array([0]), np.array([77], np.uint64), np.zeros((1, 2)))
    cells.commit(0.0)
    assert cells["chain_raw"][0] + cells["chain_raw"][-1] == 80.0
    assert cells["chain_raw"][-1] > 0
    assert cells["chain_level"][0] == cells["chain_level"][-1] == 0.7


def test_a_run_says_what_it_ran_and_can_be_read_back():
    experiment = compile_experiment(file()).experiment
    again = parse_experiment(dump_yaml(experiment))
    assert again.experiment.pathways == experiment.pathways
    assert compile_experiment(again).experiment == experiment


def test_a_model_in_a_file_is_taken_over(tmp_path):
    from textwrap import dedent

    place = tmp_path / "chain.ant"
    place.write_text(dedent(MODEL))
    found = file((f"text: |\n{MODEL}\n", f"model: {place}\n")).experiment.pathways["chain"]
    assert "making: raw -> made" in found.text
    place.unlink()
    assert compile_experiment(parse_experiment(dump_yaml(file().experiment))).build()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("inputs: {drive: contact with migrasome}", "inputs: {drave: contact with migrasome}", "drave.*mean drive"),
        (
            "inputs: {drive: contact with migrasome}",
            "inputs: {drive: contact with fibre}",
            "no signal 'contact with fib",
        ),
        ("takes: {raw: mrna}", "takes: {raw: dna}", "dna"),
        ("takes: {raw: mrna}", "takes: {row: mrna}", "variable of the model 'row'.*mean raw"),
        ("takes: {raw: mrna}", "takes: {raw: mrna}\n    counted: [level_]", "level_"),
        ("outputs: {made: the product,", "outputs: {mode: the product,", "symbol of the model 'mode'"),
        ("        unit time_unit = 3600 second\n", "", "no unit of time.*time: h"),
        ("takes: {raw: mrna}", "takes: {raw: mrna}\n    time: min", "counts time in 3600 s"),
        ("  pathways.chain: {}\n", "  pathways.chian: {}\n", "no mechanism runs it|no mechanism 'pathways.chian'"),
        ("  pathways.chain: {}\n", "  pathways.chain: {lass: {value: 1 1/h, SOURCE}}\n", "lass.*mean loss"),
        ("  pathways.chain: {}\n", "  pathways.chain: {loss: {value: 1 nM, SOURCE}}\n", "loss.*dimensions differ"),
        ("total := raw + made", "total := raw + mode", "mode"),
        ("takes: {raw: mrna}", "takes: {level: mrna}", "keeps it in no unit"),
        ("takes: {raw: mrna}", "takes: {raw: mrna}\n    counted: [level]", "level"),
        ("  pathways.chain: {}\n", "  pathways.chain: {counted: {value: 1, SOURCE}}\n", "no variable of it can be"),
        ("  pathways.chain: {}\n", "  pathways.chain: {active: {value: 0.5, SOURCE}}\n", "neither 1 .yes. nor 0"),
        ("drive = 0;", "at 1 after raw > 5: raw = 1; drive = 0;", "delay"),
    ],
)
def test_what_does_not_fit_is_told_with_its_line(old, new, message):
    with pytest.raises(SpecError, match=r"(?s)networked\.yaml:\d+.*(" + message + ")"):
        compile_experiment(file((old, new.replace("SOURCE", E))))


def test_a_signal_in_another_dimension_is_refused():
    source = file(
        ("drive = 0; drive has dimensionless", "drive = 0; drive has per_hour; one = 1; one has per_hour"),
        ("(drive - level)", "(drive / one - level)"),
    )
    with pytest.raises(SpecError, match=r"networked\.yaml:9 .*'drive' is in 1/h, and the signal 'contact with migras"):
        compile_experiment(source)


def test_two_signals_of_one_name_are_refused():
    with pytest.raises(SpecError, match=r"networked\.yaml:9 .*shows 'Engulfed migrasomes', and there is a signal"):
        compile_experiment(file(("made: the product,", "made: Engulfed migrasomes,")))


def test_a_pathway_that_is_none_is_told_with_those_that_there_are():
    text = file().experiment.model_copy(update={"pathways": {}})
    with pytest.raises(RequestError, match=r"no mechanism 'pathways\.chain'.*pathways\.c"):
        compile_experiment(text)


def test_a_network_that_blows_up_stops_the_run_with_the_cell_and_its_numbers():
    source = file(("making: raw -> made; loss * raw", "making: raw -> made; -loss * raw^3 * 1e3"))
    with pytest.raises(BreakdownError, match=r"pathways\.chain: the network of cell 0 .*raw = "):
        simulate(compile_experiment(source), 1)


def test_a_model_goes_into_another_process():
    import pickle

    model = compile_experiment(file())
    again = pickle.loads(pickle.dumps(model))  # our own
    own = model.parameters["pathways.chain"]
    assert again.parameters["pathways.chain"] == own
    np.testing.assert_array_equal(again.parameters["pathways.chain"].varied("loss"), own.varied("loss"))
    assert own.varied("loss")[1] == 4 * own.varied("loss")[0]
