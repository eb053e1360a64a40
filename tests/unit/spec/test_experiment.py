"""An experiment holds together, and its parts say what they are in internal units."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from migralab.core.errors import SpecError
from migralab.spec.dump import dump_yaml, experiment_schema
from migralab.spec.experiment import Dish, Experiment, InconsistentError, find_problems
from migralab.spec.loader import parse_experiment
from tests.unit.spec.example import TEXT, example


def test_a_dish_is_in_internal_units():
    dish = example().experiment.dish
    assert (dish.duration_s, dish.step_s, dish.output_every_s, dish.density_per_um2) == (
        21600.0,
        60.0,
        1800.0,
        1e-4,
    )


def test_a_step_that_is_a_fraction_of_a_minute_divides_the_day():
    assert Dish(step="0.1 min", duration="24 h").step_s == 6.0
    with pytest.raises(ValidationError, match="whole number of steps"):
        Dish(step="0.7 min", duration="24 h")


def test_arms_are_compared_with_the_control_or_the_arm_they_name():
    experiment = example().experiment
    assert experiment.reference_of("low").id == "high"
    text = TEXT.replace(
        "readouts:",
        "  - id: lower\n    against: low\n    edge: coating -> engagement\n    changes:\n"
        "      motility.adhesion.fibronectin: {value: 0 ug/ml, source: {key: a, locator: b, tag: E}}\n"
        "readouts:",
    )
    assert parse_experiment(text).experiment.reference_of("lower").id == "low"
    with pytest.raises(SpecError, match="compared with itself"):
        parse_experiment(text.replace("against: low", "against: lower"))


def test_a_number_that_set_a_parameter_is_no_prediction():
    fitted = ("value: 10 ug/ml,", "value: 10 ug/ml, calibrated_on: rise,")
    with pytest.raises(SpecError, match="its role is calibrated"):
        example(fitted)
    assert example(fitted, ("role: predicted", "role: calibrated")).experiment.claims[0].role == "calibrated"


def test_experiments_are_frozen():
    experiment = example().experiment
    with pytest.raises(ValidationError, match="frozen"):
        experiment.title = "other"


def test_python_users_get_all_problems_at_once():
    experiment = example().experiment
    broken = experiment.model_copy(update={"arms": (experiment.arms[1], experiment.arms[1])})
    places = [place for place, _ in find_problems(broken)]
    assert ("arms", 1) in places
    assert ("arms",) in places
    assert "arms.1" in str(InconsistentError(find_problems(broken)))


def test_dumping_and_reading_gives_the_same_experiment():
    experiment = example().experiment
    text = dump_yaml(experiment)
    assert parse_experiment(text).experiment == experiment
    assert "*" not in text.replace("**", "")


@pytest.mark.parametrize("title", ["true", "no", "0E0", "1e-4", ".5", "12:30", "~", "null", "- a", "a: b", "#", "012"])
def test_dumped_text_keeps_what_yaml_would_change(title):
    experiment = example(("title: Dose of a coating", f"title: '{title}'")).experiment
    assert parse_experiment(dump_yaml(experiment)).experiment == experiment
    assert experiment.title == title


def test_the_schema_names_every_field_of_the_file():
    schema = experiment_schema()
    assert "schema" in schema["properties"]
    assert {"id", "title", "question", "mechanisms", "arms"} <= set(schema["required"])
    assert schema["additionalProperties"] is False
    assert set(Experiment.model_fields) - {"schema_version"} <= set(schema["properties"])
