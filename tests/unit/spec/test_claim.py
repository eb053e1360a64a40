"""A claim that could not fail, or says less than it seems to, cannot be written."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from migralab.spec.claim import Claim, Comparison, Laboratory, populations_in

SOURCE = {"key": "chen2019", "locator": "fig 1g", "tag": "D"}
T1 = {
    "id": "six-points", "statement": "s", "grade": "T1", "role": "calibrated",
    "tolerance_reason": "reading error",
    "comparison": {"kind": "interval", "readout": "size", "arms": ["a"], "low": 1.0, "high": 2.0},
    "observer": "live-section", "source": SOURCE,
}  # fmt: skip
T2 = {
    **T1, "grade": "T2", "discriminating_arm": "a",
    "comparison": {"kind": "sign", "readout": "size", "arms": ["a", "b"], "direction": "increase"},
}  # fmt: skip
COMPARISON = TypeAdapter(Comparison)


def without(claim, *names):
    return {name: value for name, value in claim.items() if name not in names}


def test_complete_claims_are_accepted():
    assert Claim.model_validate(T1).tier == "fast"
    assert Claim.model_validate(T2).comparison.least_effect == 0.2


@pytest.mark.parametrize(
    ("claim", "said"),
    [
        (without(T1, "role"), "has no role"),
        ({**T1, "role": "fitted"}, "calibrated"),
        (without(T1, "source"), "source"),
        (without(T1, "tolerance_reason"), "no tolerance_reason"),
        (without(T1, "observer"), "names no observer"),
        (without(T1, "comparison"), "no comparison"),
        ({**T1, "source": {**SOURCE, "tag": "E"}}, "rests on an estimate"),
        ({**T1, "source": {**SOURCE, "tag": "R"}}, "never data"),
        ({**T2, "source": {**SOURCE, "tag": "R"}}, "never data"),
        ({**T1, "comparison": T2["comparison"]}, "not by sign"),
        (
            {
                **T2,
                "comparison": {"kind": "ratio", "readout": "count.per_cell", "arms": ["a", "b"], "low": 1, "high": 2},
            },
            "not by ratio",
        ),
        (without(T2, "discriminating_arm"), "names no discriminating_arm"),
        ({**T2, "grade": "by-construction", "role": "predicted"}, "predicts nothing"),
    ],
)
def test_incomplete_claims_are_refused(claim, said):
    with pytest.raises(ValidationError, match=said):
        Claim.model_validate(claim)


def test_t3_goes_without_a_comparison_and_construction_without_a_role():
    assert Claim.model_validate({**without(T1, "comparison"), "grade": "T3"}).comparison is None
    assert Claim.model_validate({**without(T2, "role"), "grade": "by-construction"}).role is None


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"kind": "interval", "arms": ["a"], "low": 2.0, "high": 1.0}, "not below"),
        ({"kind": "interval", "arms": ["a", "b"], "low": 1.0, "high": 2.0}, "at most 1"),
        ({"kind": "ratio", "arms": ["a", "b"], "low": 0.0, "high": 1.0}, "greater than 0"),
        ({"kind": "ratio", "arms": ["a"], "low": 0.5, "high": 1.0}, "required"),
        ({"kind": "sign", "arms": ["a", "b"], "direction": "increase", "min_effect": 0.05}, "too small"),
        ({"kind": "sign", "arms": ["a", "b"], "direction": "increase", "published": 0.5}, "not a ratio"),
        ({"kind": "sign", "arms": ["a", "b"], "direction": "increase", "published": 1.0}, "equivalence"),
        ({"kind": "equivalence", "arms": ["a", "b"], "margin": 0.0}, "greater than 0"),
        ({"kind": "equivalence", "arms": ["a", "b"], "margin": 1.5}, "less than 1"),
        ({"kind": "exponent", "arms": ["a", "b", "c"], "doses": [1, 2], "low": 0, "high": 1}, "one for each"),
        ({"kind": "exponent", "arms": ["a", "b", "c"], "doses": [1, 2, 2], "low": 0, "high": 1}, "different"),
        ({"kind": "exponent", "arms": ["a", "b", "c"], "doses": [0, 2, 3], "low": 0, "high": 1}, "than 0"),
        ({"kind": "interval", "arms": ["a"], "low": float("nan"), "high": 1.0}, "finite"),
        ({"kind": "order", "arms": ["a"], "direction": "increase"}, "at least 2"),
        ({"kind": "time-order", "arms": ["a"]}, "later"),
    ],
)  # fmt: skip
def test_comparisons_that_mean_nothing_are_refused(fields, said):
    with pytest.raises(ValidationError, match=said):
        COMPARISON.validate_python({"readout": "size", **fields})


def test_the_least_effect_is_a_fifth_or_half_the_published_one():
    sign = {"kind": "sign", "readout": "r", "arms": ["a", "b"], "direction": "decrease"}
    assert COMPARISON.validate_python(sign).least_effect == 0.2
    assert COMPARISON.validate_python({**sign, "published": 0.42}).least_effect == pytest.approx(0.29)
    assert COMPARISON.validate_python({**sign, "published": 0.8, "min_effect": 0.1}).least_effect == 0.1
    assert COMPARISON.validate_python({**sign, "min_effect": 0.5}).least_effect == 0.5


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"cells": 150, "experiments": 3}, "needs 'dispersion'"),
        ({"cells": 150, "spread": "normal", "dispersion": 0.5}, "needs 'sd'"),
        ({"cells": 5, "experiments": 3, "dispersion": 0.5}, "fewer than two in each"),
    ],
)
def test_a_laboratory_has_cells_and_a_spread(fields, said):
    with pytest.raises(ValidationError, match=said):
        Laboratory.model_validate({**fields, "source": SOURCE})


@pytest.mark.parametrize(
    ("readout", "populations"),
    [
        ("speed.mean", ()),
        ("attraction.index[kg1a]", ("kg1a",)),
        ("attraction.index@raw[kg1a, of=producers]", ("kg1a", "producers")),
        ("site.density[kg1a, x_um=-1.5, y_um=1e3]", ("kg1a",)),
        ("site.density[x_um=0, population=kg1a]", ("kg1a",)),
    ],
)
def test_a_readout_may_name_populations_and_options(readout, populations):
    claim = Claim.model_validate({**T1, "comparison": {**T1["comparison"], "readout": readout}})
    assert populations_in(claim.comparison.readout) == populations


@pytest.mark.parametrize(
    "readout", ["speed.mean[", "speed.mean[]", "speed.mean[a][b]", "speed.mean[a;b]", "[kg1a]", "a b"]
)
def test_a_readout_that_is_no_id_is_refused(readout):
    with pytest.raises(ValidationError, match="pattern"):
        Claim.model_validate({**T1, "comparison": {**T1["comparison"], "readout": readout}})
