"""When a class is called, and when it is refused for want of evidence."""

from __future__ import annotations

import pandas as pd
import pytest

from migralab.isolation.identity.identify import Question, identify, list_calls
from migralab.isolation.identity.rules import basis_of

FULL = {"CPQ_intensity": 0.9, "NDST1_intensity": 1.0, "NDST1_to_cell": 20.0, "PIGK_intensity": 0.9, "PIGK_to_cell": 1.0,
        "EOGT_intensity": 0.7, "CANX_intensity": 0.02, "diameter_um": 0.6}  # fmt: skip


def called(row, prior=None):
    return list_calls(identify(pd.DataFrame([row]), question=Question(prior=prior))).iloc[0]


def test_two_of_four_and_a_ratio_to_the_cell_make_a_migrasome():
    found = called(FULL)
    assert (found["call"], found["basis"], found["reason"]) == ("migrasome", "molecules", "")
    assert found["migrasome_probability"] > 0.9


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"ALIX_present": 0, "TSG101_present": 0, "diameter_um": 1}, "needs 2 of CPQ, NDST1, EOGT, PIGK (none found)"),
        ({"ALIX_intensity": 0, "TSG101_intensity": 0, "CD63_intensity": 0, "CD9_intensity": 0}, "needs 2 of"),
        ({"NDST1_to_cell": 20.0, "CANX_intensity": 0, "diameter_um": 1.0}, "(found: NDST1)"),
        ({name: own for name, own in FULL.items() if "to_cell" not in name}, "needs a ratio to the cell body"),
        ({"TSPAN4_intensity": 1.0, "ITGA5_intensity": 1.0, "ITGB1_intensity": 1.0, "diameter_um": 1.5}, "needs 2 of"),
        ({"diameter_um": 0.08}, "needs 2 of ALIX, TSG101, CD63, CD9, CD81 (none found)"),
        ({"CD63_present": 1, "CD9_present": 1}, "bits for exosome, at least 2"),
    ],
)  # fmt: skip
def test_too_little_evidence_is_no_call(row, said):
    found = called(row)
    assert found["call"] == "no call"
    assert said in found["reason"]


def test_a_prior_alone_calls_nothing():
    """Two migrasome markers at which the classes hardly differ: the prior is 0.99, the evidence small."""
    row = {"EOGT_to_cell": 0.6, "PIGK_to_cell": 0.6}
    found = called(row, {"migrasome": 0.99, "cell_body": 0.01})
    assert found["migrasome_probability"] > 0.95
    assert found["call"] == "no call"
    assert "bits" in found["reason"]


def test_a_vesicle_at_its_place_and_brighter_than_its_fibre_is_one():
    row = {"attachment": "tip", "TSPAN4_to_fibre": 8.0, "TSPAN4_to_cell": 2.2, "WGA_to_fibre": 2.0, "diameter_um": 1.2}
    found = called(row)
    assert (found["call"], found["basis"]) == ("migrasome", "place")
    dark = called(row | {"TSPAN4_to_fibre": 0.5, "WGA_to_fibre": 0.5})
    assert dark["call"] == "no call"
    assert "brighter than the fibre" in dark["reason"]
    free = called(row | {"attachment": "free"})
    assert free["call"] == "no call"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"attachment": "shaft"}, "needs 2 of CPQ, NDST1, EOGT, PIGK (none found)"),
        ({"diameter_um": 0.2}, "or a diameter of at least 0.3 um"),
        ({"diameter_um": None}, "or a diameter of at least 0.3 um"),
    ],
)
def test_the_shaft_a_spot_and_an_unknown_size_are_no_place(change, said):
    """The definition: on the tip or a branch point, and larger than the fibre (Ma 2015; measurement.md A4)."""
    row = {"attachment": "tip", "WGA_to_fibre": 2.0, "TSPAN4_to_fibre": 8.0, "diameter_um": 1.0} | change
    found = identify(pd.DataFrame([row]).astype({"diameter_um": float}))
    basis, lacking = basis_of(found.panel.classes["migrasome"], found.readings, 0)
    assert basis == ""
    assert said in lacking
    assert found.calls[0].call == "no call"


def test_light_alone_is_no_place():
    """Brighter than the fibre, but lying free, or of unknown place: molecules are asked for."""
    for attachment in ("free", "unknown"):
        found = identify(pd.DataFrame([{"attachment": attachment, "TSPAN4_to_fibre": 8.0, "diameter_um": 1.2}]))
        basis, lacking = basis_of(found.panel.classes["migrasome"], found.readings, 0)
        assert basis == ""
        assert lacking.startswith("migrasome needs 2 of CPQ")


def test_an_exosome_blot_is_one_and_a_cell_lane_is_none():
    exosome = {"ALIX_intensity": 1.0, "TSG101_intensity": 1.0, "CD63_intensity": 1.0, "CPQ_intensity": 0.0,
               "PIGK_intensity": 0.03, "CANX_intensity": 0.0, "diameter_um": 0.09}  # fmt: skip
    assert called(exosome)["call"] == "exosome"
    cell = {"CANX_intensity": 1, "GOLGA2_intensity": 1, "TIMM23_intensity": 1, "H3_intensity": 1, "PIGK_to_cell": 1,
            "CPQ_intensity": 0, "NDST1_to_cell": 1}  # fmt: skip
    assert called(cell)["call"] == "cell_body"


def test_a_class_that_stays_first_in_too_few_panels_is_not_called():
    """A lane of the cell body, without the paper that most of it rests on: probable, but the panel is thin."""
    same = ("PIGK", "EOGT", "ALIX", "TSG101", "CANX", "GOLGA2", "TIMM23", "H3")
    cell = {"CPQ_intensity": 0, "NDST1_intensity": 0.03} | {f"{name}_to_cell": 1 for name in same}
    found = list_calls(identify(pd.DataFrame([cell]), question=Question(leave_out=["zhao2019"]))).iloc[0]
    assert found["cell_body_probability"] > 0.8
    assert found["call"] == "no call"
    assert "stays first in" in found["reason"]


def test_an_interval_holds_its_probability_even_where_the_law_is_lopsided():
    row = {"CPQ_intensity": 0.9, "NDST1_to_cell": 12, "EOGT_intensity": 0.6, "PIGK_to_cell": 1.1, "ALIX_intensity": 0.1,
           "TSG101_intensity": 0.08, "CD63_intensity": 0.3, "CANX_intensity": 0.02, "diameter_um": 0.6}  # fmt: skip
    found = called(row)
    assert found["migrasome_low"] <= found["migrasome_probability"] <= found["migrasome_high"]


def test_what_hangs_on_the_prior_is_shown():
    """Odds times four and a quarter, worked out from the probability itself."""
    found = called(FULL)
    odds = found["migrasome_probability"] / (1 - found["migrasome_probability"])
    assert found["probability_at_quarter_odds"] == pytest.approx(odds / 4 / (1 + odds / 4), rel=1e-9)
    assert found["probability_at_four_times_odds"] == pytest.approx(4 * odds / (1 + 4 * odds), rel=1e-9)
