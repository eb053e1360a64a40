"""A parameter keeps value, unit, range and source together, and within what its mechanism allows."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from migralab.spec.parameter import MechanismParameters, Parameter, Source, bound_of, quantity

SOURCE = Source(key="a", locator="b", tag="E")


class Walk(MechanismParameters):
    speed: Parameter = quantity(0.5, "um/min", source=SOURCE, maximum=10.0, description="speed")


def parameter(**fields):
    return Parameter.model_validate({"source": SOURCE, **fields})


def test_text_is_split_into_value_and_unit():
    speed = parameter(value="0.5 µm/min")
    assert (speed.value, speed.unit, speed.internal) == (0.5, "um/min", 0.5 / 60)
    assert str(speed) == "0.5 um/min"
    assert parameter(value=0.5, unit="µm/min") == speed


def test_a_range_may_be_written_in_another_unit():
    speed = parameter(value="1 um/min", low="30 um/h", high="2 um/min")
    assert speed.low == pytest.approx(0.5)  # 1/3600 and 1/60 are rounded
    assert speed.high == 2.0


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"value": "1 um", "unit": "nm"}, "stands twice"),
        ({"value": "1 um", "low": "2 um"}, "outside its own range"),
        ({"value": "1 um", "high": 0.5}, "outside its own range"),
        ({"value": "1 um", "low": "1 s"}, "dimensions differ"),
        ({"value": float("inf")}, "not a finite number"),
        ({"value": 1.0, "low": float("nan")}, "not a finite number"),
        ({"value": True}, "not a number"),
        ({"value": 1.0, "unit": "parsec/fortnite"}, "is not a unit"),
        ({"value": 1.0, "unit": "kelvin"}, "no internal unit"),
        ({"value": 1.0, "source": {"key": "a", "locator": "b", "tag": "R"}}, "never data"),
        ({"value": 1.0, "source": {"key": "", "locator": "b", "tag": "E"}}, "at least 1"),
    ],
)
def test_what_makes_no_sense_is_refused(fields, said):
    with pytest.raises(ValidationError, match=said):
        parameter(**fields)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("-1 um/min", "below the least allowed value, 0 um/min"),
        ("11 um/min", "above the highest allowed value, 10 um/min"),
        ("1 um", "Write it in um/min"),
        ("1", "cannot be read as um/min"),
    ],
)
def test_a_mechanism_bounds_its_parameters(value, said):
    with pytest.raises(ValidationError, match=said):
        Walk(speed=parameter(value=value))


def test_bounds_hold_in_any_unit_of_the_dimension():
    assert Walk(speed=parameter(value="600 um/h")).internal() == {"speed": pytest.approx(1 / 6)}
    with pytest.raises(ValidationError, match="above the highest"):
        Walk(speed=parameter(value="601 um/h"))


def test_a_field_without_bounds_is_a_mistake_of_the_author():
    class Careless(MechanismParameters):
        speed: Parameter = Parameter(value=1.0, source=SOURCE)

    with pytest.raises(TypeError, match="quantity"):
        bound_of(Careless.model_fields["speed"])
