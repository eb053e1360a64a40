"""Specifications under random input: writing and reading gives the same, and no text breaks the reader."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from migralab.core import units
from migralab.core.errors import RequestError, SpecError
from migralab.core.keys import content_key
from migralab.spec.arms.arm import Arm, Edge
from migralab.spec.change import apply_arm, apply_setting
from migralab.spec.document import parse_document
from migralab.spec.dump import dump_yaml
from migralab.spec.experiment import Dish, Experiment
from migralab.spec.loader import parse_experiment
from migralab.spec.parameter import Parameter, Source
from tests.unit.spec.example import TEXT

IDS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,8}", fullmatch=True)
NAMES = st.from_regex(r"[a-z][a-z_]{0,6}", fullmatch=True)
# YAML has no way to write control characters plainly; everything a keyboard makes is in
WORDS = st.text(st.characters(exclude_categories=["Cc", "Cs", "Cn", "Zl", "Zp"]), min_size=1, max_size=25).filter(
    lambda text: text.strip() == text != ""
)
NUMBERS = st.floats(-1e9, 1e9)
SOURCES = st.builds(Source, key=WORDS, locator=WORDS, tag=st.sampled_from(["FTE", "D", "ABS", "C", "E"]))


def refusal(kind, function, *arguments):
    """Return the error of one kind that a call ends with, or None; any other error passes through."""
    try:
        function(*arguments)
    except kind as error:
        return error
    return None


@st.composite
def parameters(draw):
    value = draw(NUMBERS)
    return Parameter(
        value=value,
        unit=draw(st.sampled_from(["", "um", "um/min", "1/um^2", "rad/min^0.5", "ug/ml"])),
        low=draw(st.none() | st.floats(-1e9, value)),
        high=draw(st.none() | st.floats(value, 1e9)),
        source=draw(SOURCES),
        note=draw(st.just("") | WORDS),
    )


@st.composite
def experiments(draw):
    mechanisms = draw(st.dictionaries(IDS, st.dictionaries(NAMES, parameters(), max_size=2), min_size=1, max_size=3))
    signs = st.sampled_from("+-?")
    edge = Edge(source=draw(WORDS), target=draw(WORDS), sign=draw(signs), evidence="perturbed", cite=draw(SOURCES))
    names = draw(st.lists(IDS, min_size=1, max_size=3, unique=True))
    arms = [Arm(id=names[0], control=True, label=draw(st.just("") | WORDS))]
    for name in names[1:]:
        path = f"{draw(st.sampled_from(sorted(mechanisms)))}.{draw(NAMES)}"
        arms.append(Arm(id=name, edge=edge.name, changes={path: draw(parameters())}))
    return Experiment(
        schema=1, id=draw(IDS), title=draw(WORDS), question=draw(WORDS), note=draw(st.just("") | WORDS),
        graph=(edge,),
        dish=Dish(cells=draw(st.integers(1, 10**6)), duration=f"{draw(st.integers(1, 99))} h"),
        mechanisms=mechanisms, arms=tuple(arms),
    )  # fmt: skip


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(experiment=experiments())
def test_writing_and_reading_gives_the_same_experiment(experiment):
    again = parse_experiment(dump_yaml(experiment)).experiment
    assert again == experiment
    assert content_key(again) == content_key(experiment)
    for arm in experiment.arms:
        alone = apply_arm(experiment, arm.id)
        assert parse_experiment(dump_yaml(alone)).experiment == alone


@settings(deadline=None, max_examples=60)
@given(text=st.text(max_size=60) | st.text(alphabet="ab: -[]{}&*!'\"\n\t#|>?@%,12.", max_size=40))
def test_any_text_is_a_document_or_a_spec_error(text):
    error = refusal(SpecError, parse_document, text, "x")
    if error is None:
        data, places = parse_document(text, "x")
        assert isinstance(data, dict)
        assert () in places
    else:
        assert str(error).startswith("x")


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_a_file_with_a_line_lost_or_changed_is_read_or_refused_in_one_message(data):
    lines = TEXT.splitlines()
    index = data.draw(st.integers(0, len(lines) - 1))
    lines[index] = data.draw(
        st.sampled_from(["", lines[index][1:], lines[index] + "}", lines[index].replace(": ", " ")])
    )
    error = refusal(SpecError, parse_experiment, "\n".join(lines), "dose.yaml")
    assert error is None or str(error).startswith("dose.yaml")


@settings(deadline=None, max_examples=60)
@given(value=st.floats(1e-6, 1e6), unit=st.sampled_from(["um/min", "nm/s", "um/h"]))
def test_a_setting_sets_exactly_what_was_written(value, unit):
    experiment = parse_experiment(TEXT).experiment
    changed = apply_setting(experiment, f"motility.walk.speed={value!r} {unit}")
    speed = changed.mechanisms["motility.walk"]["speed"]
    assert (speed.value, speed.unit) == (value, unit)
    assert speed.internal == pytest.approx(units.to_internal(value, unit))


@settings(deadline=None, max_examples=60)
@given(text=st.text(max_size=30))
def test_any_setting_is_applied_or_refused_as_a_request(text):
    experiment = parse_experiment(TEXT).experiment
    for setting in (text, f"motility.walk.speed={text}", f"dish.duration={text}"):
        error = refusal(RequestError, apply_setting, experiment, setting)
        assert error is None or str(error)
