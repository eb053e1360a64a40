"""Arms, settings and sweeps change what they name and nothing else."""

from __future__ import annotations

import pytest

from migralab.core.errors import RequestError, SpecError, UnknownIdError
from migralab.spec.arms.arm import split_path
from migralab.spec.change import apply_arm, apply_setting, scale_parameter
from migralab.spec.dump import dump_yaml
from migralab.spec.loader import parse_experiment
from migralab.spec.parameter import Parameter, Source
from tests.unit.spec.example import example

FIBRONECTIN = "motility.adhesion.fibronectin"


def fibronectin(experiment):
    return experiment.mechanisms["motility.adhesion"]["fibronectin"]


def test_an_arm_alone_holds_its_change_and_is_its_own_control():
    experiment = example().experiment
    alone = apply_arm(experiment, "low")
    assert fibronectin(alone).value == 0.1
    assert fibronectin(experiment).value == 10.0
    assert (alone.control.id, len(alone.arms), alone.claims) == ("low", 1, ())
    assert apply_arm(alone, "low") == alone
    assert parse_experiment(dump_yaml(alone)).experiment == alone


def test_the_control_arm_changes_no_parameter():
    experiment = example().experiment
    assert apply_arm(experiment, "high").mechanisms == experiment.mechanisms


def test_an_unknown_arm_names_the_nearest():
    with pytest.raises(UnknownIdError, match=r"no arm 'lo'\. Did you mean low\?"):
        apply_arm(example().experiment, "lo")


def test_an_arm_may_replace_a_mechanism_in_its_place():
    arm = (
        "    replaces: {motility.walk: motility.replay}\n"
        "    changes:\n"
        "      motility.replay.gap: {value: 8 min, source: {key: a, locator: b, tag: E}}\n"
    )
    experiment = example(("    changes:\n", arm)).experiment
    alone = apply_arm(experiment, "low")
    assert list(alone.mechanisms) == ["motility.replay", "motility.adhesion"]
    assert alone.mechanisms["motility.replay"]["gap"].internal == 480.0
    with pytest.raises(SpecError, match=r"no mechanism 'motility\.wlak'"):
        example(("    changes:\n", arm.replace("{motility.walk:", "{motility.wlak:")))
    with pytest.raises(SpecError, match="already a mechanism"):
        example(("    changes:\n", "    replaces: {motility.walk: motility.adhesion}\n    changes:\n"))


def test_a_setting_carries_the_user_as_its_source():
    changed = apply_setting(example().experiment, f"{FIBRONECTIN} = 3 ug/ml")
    assert fibronectin(changed) == Parameter(
        value=3.0, unit="ug/ml", source=Source(key="user", locator="command line", tag="E")
    )
    assert apply_setting(changed, "dish.cells=7").dish.cells == 7
    assert apply_setting(changed, "dish.duration=3 h").dish.duration_s == 10800.0


@pytest.mark.parametrize(
    ("setting", "error", "said"),
    [
        ("nothing", RequestError, "is not path=value"),
        ("=3", RequestError, "is not path=value"),
        ("motility.walk.speed=", RequestError, "is not path=value"),
        ("motility.wlak.speed=3 um/min", UnknownIdError, "Did you mean motility.walk"),
        ("speed=3 um/min", UnknownIdError, "no mechanism 'speed'"),
        ("motility.walk.speed=nan um/min", RequestError, "not a finite number"),
        ("motility.walk.speed=3 foo", RequestError, "'foo' is not a unit"),
        ("motility.walk.speed=fast", RequestError, "not a quantity"),
        ("dish.cels=3", UnknownIdError, "Did you mean cells"),
        ("dish.cells=-3", RequestError, "greater than 0"),
        ("dish.cells=many", RequestError, "valid integer"),
        ("dish.duration=3", RequestError, "has no unit"),
        ("dish.duration=90 s", RequestError, "whole number of steps"),
    ],
)  # fmt: skip
def test_a_setting_that_makes_no_sense_is_refused(setting, error, said):
    with pytest.raises(error, match=said) as caught:
        apply_setting(example().experiment, setting)
    assert caught.value.exit_code == 2


def test_what_was_broken_by_hand_is_found():
    experiment = example().experiment
    broken = experiment.model_copy(update={"readouts": ()})
    with pytest.raises(SpecError, match=r"no readout 'count\.per_cell'"):
        apply_setting(broken, "dish.cells=7")


def test_a_sweep_keeps_each_arm_the_same_change_relative_to_the_base():
    experiment = example().experiment
    swept = scale_parameter(experiment, FIBRONECTIN, 2.0, fibronectin(experiment))
    assert fibronectin(swept).value == 20.0
    assert swept.arm("low").changes[FIBRONECTIN].value == 0.2
    assert fibronectin(swept).source.tag == "E"
    default = Parameter(value=0.5, unit="um/min", source=Source(key="a", locator="b", tag="E"))
    assert (
        scale_parameter(experiment, "motility.walk.speed", 0.5, default).mechanisms["motility.walk"]["speed"].value
        == 0.25
    )


def test_the_longest_mechanism_id_wins():
    assert split_path("a.b.c", ["a", "a.b"]) == ("a.b", "c")
    with pytest.raises(UnknownIdError):
        split_path("a.b", ["a.b"])
    with pytest.raises(UnknownIdError, match=r"no mechanism 'a\.b\.c'"):
        split_path("a.b.c.d", ["a.b"])


def test_a_variant_changes_every_arm_and_drops_those_that_it_makes_impossible():
    from migralab.catalog.catalog import load_entry
    from migralab.spec.arms.variant import Variant
    from migralab.spec.change import apply_variant

    entry = load_entry("retina-pvr").experiment
    source = {"key": "migralab", "locator": "a test", "tag": "E"}
    slow = Variant.model_validate({"changes": {"motility.walk.speed": {"value": "0.1 um/min", "source": source}}})
    changed = apply_variant(entry, slow)
    assert changed.mechanisms["motility.walk"]["speed"].value == 0.1
    assert [arm.id for arm in changed.arms] == [arm.id for arm in entry.arms]
    without = apply_variant(entry, Variant(without=("recipients.uptake",)))
    left = {arm.id for arm in without.arms}
    assert "tgfb" in left
    assert "tgfb-uptake-block" not in left
    assert "block-opens-the-loop" not in {claim.id for claim in without.claims}


OWN = {"key": "migralab", "locator": "a test", "tag": "E"}


def variant(**content):
    from migralab.spec.arms.variant import Variant

    return Variant.model_validate({"statement": "a test", **content})


def test_an_arm_that_takes_away_what_a_variant_has_taken_away_is_kept():
    """That it changes nothing then is what the variant predicts."""
    from migralab.catalog.catalog import load_entry
    from migralab.simulation.compile import compile_experiment
    from migralab.spec.change import apply_variant, impossible_arms

    entry = load_entry("retina-pvr").experiment
    unfed = variant(rules={"fed-cells-run": None})
    changed = apply_variant(entry, unfed)
    arm = changed.arm("tgfb-open")
    assert arm.rules == {}
    assert arm.changes
    assert "fed-cells-run" not in compile_experiment(changed, "tgfb-open").experiment.rules
    assert impossible_arms(entry, unfed) == {}
    emptied = entry.arm("tgfb-open").model_copy(update={"id": "emptied", "changes": {}})
    more = apply_variant(entry.model_copy(update={"arms": (*entry.arms, emptied)}), unfed)
    assert compile_experiment(more, "emptied").parameters.keys() == compile_experiment(more, "rest").parameters.keys()


def test_an_arm_that_cannot_be_done_says_why():
    from migralab.catalog.catalog import load_entry
    from migralab.core.errors import SpecError
    from migralab.spec.change import apply_variant, impossible_arms

    entry = load_entry("retina-pvr").experiment
    gone = impossible_arms(entry, variant(without=["recipients.uptake"]))
    assert gone["tgfb-uptake-block"] == "there is no recipients.uptake.blocked to be changed"
    other = entry.arms[1].model_copy(update={"rules": {"tspan4": "TSPAN4 level sets tetraspanin level"}})
    stricter = entry.model_copy(update={"arms": (entry.arms[0], other), "claims": ()})
    assert impossible_arms(stricter, variant(rules={"tspan4": None})) == {
        other.id: "there is no rule 'tspan4' to be changed"
    }
    control = entry.arms[0].model_copy(update={"changes": entry.arm("purified").changes})
    broken = entry.model_copy(update={"arms": (control, *entry.arms[1:])})
    with pytest.raises(SpecError, match="its control cannot be done under this variant"):
        apply_variant(broken, variant(without=["recipients.add-back"]))


def test_an_arm_whose_reference_is_gone_is_compared_with_the_next():
    from migralab.catalog.catalog import load_entry
    from migralab.spec.change import apply_variant

    entry = load_entry("retina-pvr").experiment
    arms = [
        arm.model_copy(update={"against": "tgfb-uptake-block"}) if arm.id == "tgfb-open" else arm for arm in entry.arms
    ]
    chained = entry.model_copy(update={"arms": tuple(arms), "claims": ()})
    changed = apply_variant(chained, variant(without=["recipients.uptake"]))
    assert changed.reference_of("tgfb-open").id == entry.arm("tgfb-uptake-block").against


def test_what_an_arm_takes_out_it_takes_out_in_its_new_form():
    from migralab.spec.arms.arm import Arm
    from migralab.spec.arms.fit import fit_arm

    changed = variant(replaces={"signals.diffusing": "signals.matrix-bound"})
    known = {"mechanisms": ["signals.matrix-bound"], "rules": {}, "populations": []}
    silent = fit_arm(Arm(id="silent", without=("signals.diffusing",)), changed, **known)
    assert silent.without == ("signals.matrix-bound",)
    done = fit_arm(Arm(id="done", replaces={"signals.diffusing": "signals.matrix-bound"}), changed, **known)
    assert done.replaces == {}
    clash = fit_arm(Arm(id="clash", replaces={"signals.diffusing": "signals.membrane-bound"}), changed, **known)
    assert clash == "there is no signals.diffusing that signals.membrane-bound could replace"


def test_a_variant_reaches_populations_and_pools_and_leaves_the_rest():
    from migralab.catalog.catalog import load_entry
    from migralab.spec.change import apply_variant

    entry = load_entry("leukaemia-msc").experiment
    (name,) = entry.populations
    path = f"populations.{name}.motility.walk.speed"
    changed = apply_variant(entry, variant(changes={path: {"value": "9 um/min", "source": OWN}}))
    assert changed.populations[name].changes["motility.walk.speed"].value == 9.0
    assert changed.mechanisms == entry.mechanisms


def test_what_a_variant_or_a_key_estimate_names_must_be_there():
    from migralab.core.errors import SpecError
    from tests.unit.spec.example import example

    for text, problem in (
        ("key_estimates: [motility.wlk.speed]", r"no mechanism 'motility\.wlk'"),
        ("explanations: {a: {without: [motility.wlk]}}", r"no mechanism 'motility\.wlk'"),
        ("explanations: {a: {rules: {x: null}}}", "no rule 'x'"),
        ("explanations: {a: {replaces: {motility.walk: motility.adhesion}}}", "already a mechanism"),
    ):
        with pytest.raises(SpecError, match=problem):
            example(("readouts: [count", f"{text}\nreadouts: [count"))


def test_an_arm_of_an_entry_with_variants_stands_alone():
    from migralab.simulation.compile import compile_experiment
    from tests.unit.checks.experiments import walk

    alone = compile_experiment(walk(), "fast").experiment
    assert (alone.explanations, alone.signalling, alone.key_estimates) == ({}, None, ())
