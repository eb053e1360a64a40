"""Rules of an experiment: looked up, turned into internal units, and every mistake told with its line."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import yaml

from migralab.core.errors import RequestError, SpecError
from migralab.mechanisms.recipients.phenotype import Phenotype
from migralab.simulation.compile import compile_experiment
from migralab.simulation.simulate import simulate, simulate_dishes
from migralab.spec.change import apply_setting
from migralab.spec.dump import dump_yaml
from migralab.spec.loader import load_experiment, parse_experiment

ROOT = Path(__file__).parents[3]
E = "source: {key: test, locator: test, tag: E}"
TEXT = f"""\
schema: 1
id: ruled
title: Cells with rules
question: Do they follow?
dish: {{cells: 6, duration: 2 h, step: 1 min, output_every: 60 min, population: msc}}
populations:
  kg1a: {{cells: 9, changes: {{motility.walk.speed: {{value: 5 um/min, {E}}}}}}}
mechanisms:
  motility.adhesion: {{}}
  motility.walk: {{}}
  motility.displacement: {{}}
  motility.contact: {{}}
  phenotype.death: {{rate: {{value: 0.01 1/h, {E}}}}}
rules:
  faster:
    text: contact with cell raises migration speed from 0.5 to 0.8 um/min, half-max 2, Hill 4
    population: msc
    {E}
  safe:
    text: contact with cell lowers death 0-fold, half-max 3, Hill 1
    {E}
arms:
  - {{id: both, control: true}}
  - {{id: slow, rules: {{faster: null}}}}
  - {{id: mild, rules: {{faster: "contact with cell raises migration speed to 0.6 um/min, half-max 2, Hill 4"}}}}
"""


def file(*changes):
    text = TEXT
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return parse_experiment(text, "ruled.yaml")


def responses(source, arm=None):
    (found,) = [m for m in compile_experiment(source, arm).build().plan if m.name == Phenotype.name]
    return {(response.column, response.population): response for response in found.responses}


def test_rules_become_responses_in_internal_units():
    found = responses(file())
    assert sorted(found) == [("cells.death_rate", 0), ("cells.death_rate", 1), ("cells.speed_set", 0)]
    speed, death = found["cells.speed_set", 0], found["cells.death_rate", 1]
    assert speed.relative
    assert speed.base == pytest.approx(0.5 / 60)
    np.testing.assert_allclose(speed.extremes, [0.8 / 60, 0.5 / 60])
    assert (speed.half, speed.hill, speed.promotes) == (2.0, 4.0, True)
    np.testing.assert_allclose(death.extremes, [0.01 / 3600, 0.0])
    assert death.signals == ("cells.touching_cells",)


def test_a_level_multiplies_what_the_other_rules_give():
    sentence = "contact with cell raises migration speed from 0.5 to 0.8 um/min, half-max 2, Hill 4"
    text = TEXT.replace(sentence, "contact with cell sets migration speed")
    alone = responses(parse_experiment(text, "ruled.yaml"))["cells.speed_set", 0]
    assert (alone.signals, alone.factor) == ((), "cells.touching_cells")
    also = f"  also:\n    text: {sentence}\n    population: msc\n    {E}\n"
    both = responses(parse_experiment(text.replace("  safe:\n", f"{also}  safe:\n"), "ruled.yaml"))
    assert both["cells.speed_set", 0].signals == ("cells.touching_cells",)
    mechanism = Phenotype(Phenotype.parameters(), 60.0, [both["cells.speed_set", 0]])
    assert "cells.touching_cells" in mechanism.reads

    # Two cells touch 0 and 2 others: 0 times the base, and 2 times what the Hill law gives at half-max
    engine = compile_experiment(parse_experiment(text.replace("  safe:\n", f"{also}  safe:\n"))).build()
    state = compile_experiment(parse_experiment(text)).found(engine, [1])
    cells = state["cells"]
    cells["touching_cells"][:2] = 0, 2
    mechanism.step(state, 60.0, None)
    np.testing.assert_allclose(cells["speed_set"][:2], [0.0, 2 * (0.5 + 0.3 / 2) / 0.5])


def test_a_level_that_sets_what_is_knocked_out_leaves_it_out():
    """A factor on a base of 0 is 1, no 0 over 0: the mechanism multiplies its own 0 by it."""
    from dataclasses import replace

    sentence = "contact with cell raises migration speed from 0.5 to 0.8 um/min, half-max 2, Hill 4"
    source = parse_experiment(TEXT.replace(sentence, "contact with cell sets migration speed"), "ruled.yaml")
    response = replace(responses(source)["cells.speed_set", 0], base=0.0, extremes=np.zeros(2))
    model = compile_experiment(source)
    state = model.found(model.build(), [1])
    state["cells"]["touching_cells"][:] = 3
    Phenotype(Phenotype.parameters(), 60.0, [response]).step(state, 60.0, None)
    np.testing.assert_array_equal(state["cells"]["speed_set"], 1.0)


def test_two_levels_cannot_set_one_behaviour():
    sentence = "contact with cell raises migration speed from 0.5 to 0.8 um/min, half-max 2, Hill 4"
    also = f"  also:\n    text: contact with cell sets migration speed\n    {E}\n"
    text = TEXT.replace(sentence, "contact with cell sets migration speed").replace("  safe:\n", f"{also}  safe:\n")
    with pytest.raises(RequestError, match="rule 'faster' sets 'migration speed' already"):
        compile_experiment(parse_experiment(text, "ruled.yaml"))


def test_a_factor_follows_the_parameter_of_each_population():
    found = responses(
        file(("from 0.5 to 0.8 um/min, half-max 2, Hill 4\n    population: msc", "3-fold, half-max 2, Hill 4"))
    )
    assert found["cells.speed_set", 0].extremes[0] == pytest.approx(1.5 / 60)
    assert found["cells.speed_set", 1].extremes[0] == pytest.approx(15 / 60)


def test_an_arm_switches_a_rule_off_or_gives_it_another_sentence():
    assert ("cells.speed_set", 0) not in responses(file(), "slow")
    assert responses(file(), "mild")["cells.speed_set", 0].extremes[0] == pytest.approx(0.6 / 60)
    source = compile_experiment(file(), "mild").experiment.rules["faster"].source
    assert source.tag == "E"
    assert "arm mild" in source.locator


def test_a_resolved_experiment_reads_back_with_its_rules():
    resolved = compile_experiment(file()).experiment
    again = parse_experiment(dump_yaml(resolved)).experiment
    assert again.rules == resolved.rules
    assert compile_experiment(again).keys([1]) == compile_experiment(file()).keys([1])


def test_rules_change_the_identity_of_a_run():
    assert compile_experiment(file()).keys([1]) != compile_experiment(file(), "slow").keys([1])


SAFE = "contact with cell lowers death 0-fold, half-max 3, Hill 1"


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        (SAFE, SAFE.replace("cell", "cel"), 20, "no signal 'contact with cel'. Did you mean contact with cell?"),
        (SAFE, SAFE.replace("death", "deth"), 20, "no behaviour 'deth'. Did you mean death"),
        (SAFE, SAFE.replace("death 0-fold", "division to 0 1/h"), 20, "phenotype.division would bring it"),
        (SAFE, SAFE.replace("contact with cell", "contact with kg1a"), 20, "phenotype.neighbours@kg1a would bring it"),
        (SAFE, SAFE.replace("contact with cell", "clot"), 20, "phenotype.clotting would bring it"),
        (SAFE, SAFE.replace("contact with cell", "contact with migrasom"), 20, "would come with recipients.uptake"),
        (SAFE, SAFE.replace("half-max 3", "half-max 3 nM"), 20, "'3 nM' cannot be read as a pure number"),
        (SAFE, SAFE.replace("half-max 3", "half-max 0"), 20, "half-max 0 is impossible"),
        (SAFE, SAFE.replace("0-fold", "to 0 um/min"), 20, "cannot be read as 1/h"),
        (SAFE, SAFE.replace("0-fold", "to -1 1/h"), 20, "below the least allowed value, 0 1/h"),
        (SAFE, SAFE.replace("0-fold", "to 0.5 1/h"), 20, "phenotype.death.rate of 'msc' is 0.01 1/h already"),
        (SAFE, SAFE.replace("0-fold", "0-fould"), 20, "does not read as a rule"),
        ("from 0.5 to 0.8", "from 0.6 to 0.8", 16, "starts from 0.6 um/min, and motility.walk.speed of 'msc' is 0.5"),
        ("population: msc\n    source", "population: mcs\n    source", 17, "Did you mean msc"),
        ("half-max 2, Hill 4\n    population: msc", "half-max 2, Hill 4", 16, "of 'kg1a' is 5 um/min"),
        ("{faster: null}", "{fastr: null}", 24, "Did you mean faster"),
        ("{faster: null}", "{faster: quickly}", 24, "no verb was found"),
        ("value: 0.01 1/h", "value: 0 1/h", 20, "0-fold of 0 is 0"),
        ("motility.contact: {}", "phenotype.neighbours@kg1: {}", 12, "Did you mean kg1a"),
        ("motility.contact: {}", "phenotype.fusion: {}", 12, "phenotype.fusion@kg1a"),
        ("motility.contact: {}", "phenotype.differentiation@b: {}", 12, "no population 'b'"),
    ],
)
def test_mistakes_are_told_with_their_line(old, new, line, said):
    with pytest.raises(SpecError) as caught:
        compile_experiment(file((old, new)))
    assert said in str(caught.value)
    assert str(caught.value).startswith(f"ruled.yaml:{line} ")


def test_rules_that_saturate_at_different_values_are_refused_together():
    second = "  also:\n    text: contact with cell raises migration speed to 0.9 um/min, half-max 2, Hill 4\n"
    with pytest.raises(SpecError, match=r"to 0.9 um/min, and rule 'faster' to 0.8 um/min. Rules that act together"):
        compile_experiment(file(("  safe:\n", f"{second}    population: msc\n    {E}\n  safe:\n")))


def test_a_mistake_without_a_file_names_the_rule():
    experiment = file((SAFE, SAFE.replace("cell", "cel"))).experiment
    with pytest.raises(RequestError, match=r"rule 'safe': There is no signal 'contact with cel'"):
        compile_experiment(experiment)


def test_a_setting_on_the_command_line_is_checked_against_the_rules():
    experiment = apply_setting(file().experiment, "motility.walk.speed=0.4 um/min")
    with pytest.raises(RequestError, match=r"starts from 0.5 um/min, and motility.walk.speed of 'msc' is 0.4 um/min"):
        compile_experiment(experiment)


def test_the_report_lists_the_rules_with_their_sources():
    from migralab.report.content import Report
    from migralab.report.section import list_parameters

    name, rows = list_parameters(Report(experiment=file().experiment))[-1]
    assert name == "rules of cells"
    assert [row["name"] for row in rows] == ["faster", "safe"]
    assert "msc: contact with cell raises migration speed from 0.5 to 0.8 µm/min" in rows[0]["note"]
    assert rows[0]["estimate"]


# Rules files of PhysiCell


def with_file(tmp_path, lines, more=""):
    path = tmp_path / "cell_rules.csv"
    path.write_text(lines)
    return file(("rules:\n  faster", f"rules_file: {{file: {path}, {E}{more}}}\nrules:\n  faster"))


def test_a_rules_file_stands_beside_sentences(tmp_path):
    source = with_file(tmp_path, "// ours\nKG1a,contact with live cell,increases,apoptosis,0.001,3,2,0\n")
    assert list(source.experiment.rules) == ["faster", "safe", "physicell-2"]
    assert source.experiment.rules_file is None, "the rules themselves stand in the experiment, and so in its key"
    response = responses(source)["cells.death_rate", 1]
    np.testing.assert_allclose(response.extremes, [0.001 / 60, 0.0])
    assert list(response.promotes) == [False, True]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("KG1a,volume,increases,apoptosis,1,2,4,0\n", "csv:1: the signal 'volume'"),
        ("KG2a,contact with live cell,increases,apoptosis,1,2,4,0\n", "There is no population 'kg2a'"),
        ("KG1a,contact with MSC,increases,apoptosis,1,2,4,0\n", "rule 'physicell-1': There is no signal"),
        ("KG1a,contact with live cell,increases,cycle entry,1,2,4,0\n", "phenotype.division would bring it"),
    ],
)
def test_a_refused_line_of_a_rules_file_is_told_at_the_file(tmp_path, lines, said):
    with pytest.raises(SpecError) as caught:
        compile_experiment(with_file(tmp_path, lines))
    assert said in str(caught.value)
    assert "ruled.yaml:1" in str(caught.value)


def test_a_rules_file_that_is_not_there():
    with pytest.raises(SpecError, match=r"ruled.yaml:14 \(rules_file\): nowhere.csv: there is no such rules file"):
        file(("rules:\n  faster", f"rules_file: {{file: nowhere.csv, {E}}}\nrules:\n  faster"))


def test_two_rules_of_one_id_are_refused(tmp_path):
    path = tmp_path / "cell_rules.csv"
    path.write_text("KG1a,contact with live cell,increases,apoptosis,0.001,3,2,0\n")
    with pytest.raises(SpecError, match="give yours another id"):
        file(("  safe:", "  physicell-1:"), ("rules:\n", f"rules_file: {{file: {path}, {E}}}\nrules:\n"))


# The example and the page


def test_dishes_with_rules_are_the_same_alone_and_beside_others():
    experiment = apply_setting(load_experiment(ROOT / "examples" / "rules.yaml").experiment, "dish.duration=8 h")
    model = compile_experiment(experiment)
    together = simulate_dishes(model, (1, 2))
    for seed, run in zip((1, 2), together, strict=True):
        alone = simulate(model, seed)
        assert len(np.unique(alone.tables["cells"]["cell_id"])) > 150, "there must be births"
        for table, columns in alone.tables.items():
            for name, values in columns.items():
                np.testing.assert_array_equal(values, run.tables[table][name], err_msg=f"{table}.{name}, seed {seed}")


def test_rules_of_the_page_read():
    text = (ROOT / "docs" / "how-to" / "write-rules.md").read_text(encoding="utf-8")
    rules, arms, _ = (yaml.safe_load(block) for block in re.findall(r"^```yaml\n(.*?)^```", text, re.M | re.DOTALL))
    whole = yaml.safe_load(TEXT)
    whole["mechanisms"]["phenotype.division"] = {
        "rate": {"value": "0.03 1/h", "source": whole["rules"]["safe"]["source"]}
    }
    whole["mechanisms"]["recipients.uptake"] = {}
    whole["populations"]["kg1a"]["changes"] = {}
    compiled = parse_experiment(yaml.safe_dump(whole | rules | arms))
    for arm in compiled.experiment.arms:
        compile_experiment(compiled, arm.id)


def test_names_that_the_page_lists_are_brought_by_whom_it_says():
    from migralab.mechanisms.registry import MECHANISMS, TARGETED

    text = (ROOT / "docs" / "how-to" / "write-rules.md").read_text(encoding="utf-8").lower()
    for kind in MECHANISMS.values():
        made = kind(kind.parameters(), 60.0, *(["population"] if kind.name in TARGETED else []))
        for offered in (*getattr(made, "signals", ()), *getattr(made, "behaviours", ())):
            rows = [row for row in text.splitlines() if row.startswith("|") and offered.name.lower() in row]
            assert any(f"`{kind.name}" in row and (not offered.unit or offered.unit.lower() in row) for row in rows), (
                offered
            )
