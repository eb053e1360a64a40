"""A mistake in an experiment file is named with file, line, path, and what was allowed."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from migralab.core.errors import SpecError
from migralab.spec.loader import load_experiment, parse_experiment
from migralab.spec.parameter import MechanismParameters, Parameter, Source, quantity
from tests.unit.spec.example import TEXT, changed, example, line_of

SOURCE = "source: {key: chen2019, locator: fig 1g, tag: D}"


def test_the_example_is_read():
    file = example()
    assert file.experiment.control.id == "high"
    assert file.experiment.mechanisms["motility.adhesion"]["fibronectin"].value == 10.0
    assert str(file.place(("claims", 0, "comparison", "arms", 1))).startswith("dose.yaml:29 (claims[rise].comparison")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("kind: sign", "kind: sing", "'sing' is not allowed here"),
        ("kind: sign, ", "", "'kind' is missing"),
        ("grade: T2", "grade: T4", "'T4' is not allowed here"),
        ("observer:", "obsever:", "Did you mean observer?"),
        ("direction: increase", "direction: increase, limit: 2", "no field 'limit'. Allowed: arms"),
        ("cells: 40", "cells: 0", "greater than 0. Got 0."),
        ("duration: 6 h", "duration: 6", "'6' has no unit"),
        ("duration: 6 h", "duration: 6 um", "cannot be read as min"),
        ("duration: 6 h", "duration: -6 h", "must be above 0"),
        ("duration: 6 h", "duration: 90 s", "not a whole number of steps"),
        ("value: 10 ug/ml", "value: .nan", "not a finite number"),
        ("value: 10 ug/ml", "value: nan ug/ml", "not a finite number"),
        ("value: 10 ug/ml", "value: true", "true is not a number"),
        ("value: 10 ug/ml", "value: 10 foo/ml", "'foo/ml' is not a unit"),
        ("value: 10 ug/ml", "value: ten", "'ten' is not a quantity"),
        (f"value: 10 ug/ml, {SOURCE}", "value: 10 ug/ml", "'source' is missing"),
        (f"value: 10 ug/ml, {SOURCE}", f"value: 10 ug/ml, {SOURCE.replace('D', 'R')}", "never data"),
        (f"value: 10 ug/ml, {SOURCE}", f"value: 10 ug/ml, {SOURCE.replace('D', 'Z')}", "'Z' is not allowed"),
        ("value: 10 ug/ml", "value: 10 ug/ml, low: 11 ug/ml", "lies outside its own range"),
        ("id: high", "id: high dose", "match pattern"),
        ("motility.walk: {}", "motility.walk: 3", "valid dictionary"),
        ("fibronectin: {value: 10 ug/ml, " + SOURCE + "}", "fibronectin: 10 ug/ml", "valid dictionary"),
        ("sign: +", "sign: plus", "'plus' is not allowed"),
    ],
)  # fmt: skip
def test_one_mistake_is_named_with_its_line(old, new, said):
    text = changed((old, new))
    with pytest.raises(SpecError) as caught:
        parse_experiment(text, "dose.yaml")
    message = str(caught.value)
    assert said in message
    assert message.startswith(f"dose.yaml:{line_of(TEXT, old)} ") or "claims[rise]" in message
    assert "Traceback" not in message
    assert "pydantic" not in message


def test_all_mistakes_stand_in_one_message_in_the_order_of_the_file():
    text = changed(("cells: 40", "cellls: 40"), ("grade: T2", "grade: T9"), ("value: 0.1 ug/ml", "value: 0.1 lug"))
    with pytest.raises(SpecError) as caught:
        parse_experiment(text, "dose.yaml")
    lines = str(caught.value).splitlines()
    assert [int(line.split(":")[1].split()[0]) for line in lines] == sorted(
        line_of(text, part) for part in ("cellls", "0.1 lug", "T9")
    )
    assert "Did you mean cells?" in lines[0]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("    role: predicted\n", "", "claim 'rise' has no role. Write role: calibrated"),
        ("    discriminating_arm: low\n", "", "names no discriminating_arm"),
        ("discriminating_arm: low", "discriminating_arm: lov", "There is no arm 'lov'. Did you mean low?"),
        ("arms: [high, low]", "arms: [high, loww]", "There is no arm 'loww'. Did you mean low?"),
        ("arms: [high, low]", "arms: [high, high]", "compared with itself"),
        ("readout: count.per_cell", "readout: count.percell", "Did you mean count.per_cell?"),
        ("edge: coating -> engagement", "edge: coatin -> engagement", "Did you mean coating -> engagement?"),
        ("    edge: coating -> engagement\n", "", "names no edge"),
        ("motility.adhesion.fibro", "motility.adhesoin.fibro", "Did you mean motility.adhesion"),
        ("    control: true\n", "    against: low\n", "exactly one arm is the control (control: true); here: none"),
        ("  - id: low\n", "  - id: low\n    control: true\n", "here: high, low"),
        ("id: low", "id: high", "'high' stands twice"),
    ],
)  # fmt: skip
def test_parts_that_do_not_fit_are_named(old, new, said):
    with pytest.raises(SpecError, match=r"dose\.yaml:") as caught:
        example((old, new))
    assert said in str(caught.value)


def test_a_file_is_read_from_disk(tmp_path):
    path = tmp_path / "dose.yaml"
    path.write_text(TEXT, encoding="utf-8")
    assert load_experiment(str(path)).experiment == example().experiment


def test_measured_tracks_are_in_um_and_min():
    tracks = ", tracks: {file: tracks.csv, pixel_size: 650 nm, frame_interval: 90 s}}"
    found = example(("density: 1e-4 1/um^2}", f"density: 1e-4 1/um^2{tracks}")).experiment.dish.tracks
    assert found.pixel_size_um == pytest.approx(0.65)
    assert found.frame_interval_min == pytest.approx(1.5)
    with pytest.raises(SpecError, match=r"dish\.tracks\.pixel_size.*'0.65' has no unit"):
        example(("density: 1e-4 1/um^2}", f"density: 1e-4 1/um^2{tracks.replace('650 nm', '0.65')}"))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(SpecError, match="no such file"):
        load_experiment(tmp_path / "nothing.yaml")


def test_a_later_schema_is_not_guessed_at():
    with pytest.raises(SpecError, match=r"dose\.yaml:1 .*this version reads schema 1"):
        example(("schema: 1", "schema: 2"))


def test_what_is_found_after_loading_is_placed_in_the_file():
    class Walk(MechanismParameters):
        speed: Parameter = quantity(
            0.5, "um/min", source=Source(key="a", locator="b", tag="E"), maximum=10.0, description="speed"
        )

    file = example(
        (
            "motility.walk: {}",
            "motility.walk: {speeed: {value: 1 um/min, source: {key: a, locator: b, tag: E}}}",
        )
    )
    with pytest.raises(ValidationError) as caught:
        Walk.model_validate(file.experiment.mechanisms["motility.walk"])
    error = file.validation_error(caught.value, Walk, ("mechanisms", "motility.walk"))
    assert str(error) == (
        "dose.yaml:13 (mechanisms.motility.walk.speeed): there is no field 'speeed'. Did you mean speed?"
    )
    assert str(file.error(("mechanisms", "motility.walk"), "no.")) == "dose.yaml:13 (mechanisms.motility.walk): no."
