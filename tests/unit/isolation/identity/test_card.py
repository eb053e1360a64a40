"""The report card says shown only where the table or a person says so."""

from __future__ import annotations

from migralab.isolation.identity.belief import Feature
from migralab.isolation.identity.card import MISSING, NOT_APPLICABLE, SHOWN, fill_card
from migralab.isolation.identity.document import AboutDocument
from migralab.isolation.identity.read import shipped_panel

PANEL = shipped_panel()
ALL = AboutDocument.model_validate({
    "schema": 1, "source_amount": "3e7 NRK cells", "particles": "2e9", "protein": "12 ug", "isolation": "20,000 g",
    "single_particle_methods": ["TEM", "NTA"], "size_method": "TEM", "detection_limits": "60 nm", "replicates": 3,
    "name_used": "large EVs of NRK cells",
})  # fmt: skip
FULL = [Feature("TSPAN4", "intensity"), Feature("ALIX", "to_cell"), Feature("CANX", "present"), Feature("", "diameter")]


def status(lines):
    return {line.asked.partition(" (")[0].partition(",")[0].partition(":")[0]: line.status for line in lines}


def test_without_facts_and_markers_everything_is_missing():
    lines = fill_card([Feature("CPQ", "intensity")], PANEL, None)
    assert {line.status for line in lines} == {MISSING}
    assert len(lines) == 13


def test_with_all_facts_and_markers_everything_is_shown():
    lines = fill_card(FULL, PANEL, ALL)
    assert {line.status for line in lines} == {SHOWN}
    assert "3e7 NRK cells" in {line.said for line in lines}


def test_each_kind_of_marker_has_its_own_line():
    for lacking, asked in (
        (0, "a transmembrane marker"),
        (1, "a cytosolic marker of vesicles"),
        (2, "a contaminant looked for"),
    ):
        found = status(fill_card([own for n, own in enumerate(FULL) if n != lacking], PANEL, ALL))
        assert found[asked] == MISSING


def test_one_method_named_twice_is_one():
    one = ALL.model_copy(update={"single_particle_methods": ("TEM", "TEM")})
    assert status(fill_card(FULL, PANEL, one))["two complementary methods on single particles"] == MISSING


def test_a_diameter_needs_a_method_and_a_method_a_diameter():
    without = ALL.model_copy(update={"size_method": None})
    assert status(fill_card(FULL, PANEL, without))["size"] == MISSING
    assert status(fill_card(FULL[:3], PANEL, ALL))["size"] == MISSING


def test_an_image_of_a_dish_isolated_nothing():
    found = status(fill_card(FULL, PANEL, None, imaged=True))
    assert found["isolation"] == found["particle count of the preparation"] == NOT_APPLICABLE
    assert found["size"] == SHOWN
    assert found["source amount"] == MISSING
