"""The report card says shown only where a row of the table or a person says so."""

from __future__ import annotations

import numpy as np
import pytest

from migralab.isolation.identity.belief import Feature
from migralab.isolation.identity.card import MISSING, NOT_APPLICABLE, SHOWN, fill_card
from migralab.isolation.identity.classify import Readings
from migralab.isolation.identity.document import AboutDocument
from migralab.isolation.identity.read import shipped_panel

PANEL = shipped_panel()
ALL = AboutDocument.model_validate({
    "schema": 1, "source_amount": "3e7 NRK cells", "particles": "2e9", "protein": "12 ug", "isolation": "20,000 g",
    "single_particle_methods": ["TEM", "NTA"], "size_method": "TEM", "detection_limits": "60 nm", "replicates": 3,
    "name_used": "large EVs of NRK cells",
})  # fmt: skip
FULL = {("TSPAN4", "intensity"): -0.5, ("ALIX", "to_cell"): 1.0, ("CANX", "present"): 1.0, ("", "diameter"): -1.0}


def card(values, about=ALL, **more):
    """Return the lines for a table; a value is one row or several."""
    table = np.column_stack([np.atleast_1d(own) for own in values.values()]).astype(float)
    features = tuple(Feature(*own) for own in values)
    return fill_card(Readings(np.arange(len(table)).astype(str), features, table), PANEL, about, **more)


def status(lines):
    return {line.asked.partition(" (")[0].partition(",")[0].partition(":")[0]: line.status for line in lines}


def without(*names):
    return {own: value for own, value in FULL.items() if own[0] not in names}


def test_without_facts_and_markers_everything_is_missing():
    lines = card({("CPQ", "intensity"): -1.0}, None)
    assert {line.status for line in lines} == {MISSING}
    assert len(lines) == 13


def test_with_all_facts_and_markers_everything_is_shown():
    lines = card(FULL)
    assert {line.status for line in lines} == {SHOWN}
    assert "3e7 NRK cells" in {line.said for line in lines}


def test_each_kind_of_marker_has_its_own_line():
    for lacking, asked in (
        ("TSPAN4", "a transmembrane marker"), ("ALIX", "a cytosolic marker of vesicles"),
        ("CANX", "a contaminant looked for"),
    ):  # fmt: skip
        assert status(card(without(lacking)))[asked] == MISSING


@pytest.mark.parametrize(
    ("change", "asked", "expected"),
    [
        ({("TSPAN4", "intensity"): -np.inf}, "a transmembrane marker", MISSING),  # no band
        ({("TSPAN4", "intensity"): -5.0}, "a transmembrane marker", MISSING),  # a trace
        ({("TSPAN4", "intensity"): np.nan}, "a transmembrane marker", MISSING),  # an empty column
        ({("ALIX", "to_cell"): -3.0}, "a cytosolic marker of vesicles", MISSING),  # an eighth of the cell
        ({("ALIX", "to_cell"): -3.0}, "a ratio to the cell body", SHOWN),
        ({("ALIX", "to_cell"): np.nan}, "a ratio to the cell body", MISSING),
        ({("ALIX", "to_cell"): -np.inf}, "a ratio to the cell body", MISSING),
        ({("CANX", "present"): 0.0}, "a contaminant looked for", SHOWN),  # to be free of it is the point
        ({("CANX", "present"): np.nan}, "a contaminant looked for", MISSING),
        ({("", "diameter"): np.nan}, "size", MISSING),
    ],
)
def test_what_was_not_found_is_not_shown(change, asked, expected):
    assert status(card(FULL | change))[asked] == expected


def test_one_row_that_has_a_marker_is_enough():
    values = {own: [np.nan, value] for own, value in FULL.items()}
    assert {line.status for line in card(values)} == {SHOWN}


def test_a_marker_that_was_looked_for_and_not_found_is_named():
    (line,) = [own for own in card(FULL | {("ALIX", "to_cell"): -np.inf}) if "cytosolic" in own.asked]
    assert line.said.startswith("looked for and not found: ALIX; measure for example")


def test_one_method_named_twice_is_one():
    one = ALL.model_copy(update={"single_particle_methods": ("TEM", "TEM")})
    assert status(card(FULL, one))["two complementary methods on single particles"] == MISSING


def test_a_diameter_needs_a_method_and_a_method_a_diameter():
    assert status(card(FULL, ALL.model_copy(update={"size_method": None})))["size"] == MISSING
    assert status(card(without("")))["size"] == MISSING


def test_an_image_of_a_dish_isolated_nothing():
    found = status(card(FULL, None, imaged=True))
    assert found["isolation"] == found["particle count of the preparation"] == NOT_APPLICABLE
    assert found["size"] == SHOWN
    assert found["source amount"] == MISSING


def test_numbers_may_stand_where_words_are_meant():
    assert AboutDocument.model_validate({"schema": 1, "particles": 2e9, "size_method": 5}).particles == "2000000000.0"
