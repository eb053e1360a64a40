"""What a verdict rests on: seeds, gaps, units, grade; and what it carries from its claim."""

from __future__ import annotations

import numpy as np
import pytest

from migralab.checks.evaluate import judge, judge_all
from migralab.core.errors import RequestError, UnitError, UnknownIdError
from tests.unit.checks.example import SOURCE, claim, dishes
from tests.unit.spec.example import example

LABORATORY = {"cells": 150, "experiments": 3, "dispersion": 0.5, "source": SOURCE}
RISES = claim("sign", "a", "b", direction="increase")


def test_all_claims_of_an_experiment_are_judged_in_order():
    experiment = example().experiment
    values = dishes(20, high=3.5, low=0.6)
    (verdict,) = judge_all(experiment, {arm: {"count.per_cell": own["count"]} for arm, own in values.items()})
    assert (verdict.entry, verdict.id, verdict.verdict) == ("dose", "rise", "pass")
    assert verdict.source == "chen2019, fig 1g [D]"
    assert verdict.scores


def test_t3_gets_no_verdict_and_needs_no_results():
    verdict = judge("e", claim("sign", "a", "b", grade="T3", direction="increase"), {})
    assert (verdict.verdict, verdict.observed, verdict.scores) == ("none", None, False)


def test_by_construction_is_shown_and_scores_nothing():
    by_construction = claim("sign", "a", "b", grade="by-construction", role=None, direction="decrease")
    verdict = judge("e", by_construction, {"a": {"count": np.zeros(5)}, "b": {"count": np.arange(1.0, 6.0)}})
    assert (verdict.verdict, verdict.role, verdict.scores) == ("pass", "by-construction", False)


def test_calibrated_claims_score_nothing():
    verdict = judge("e", claim("interval", "a", role="calibrated", low=1.0, high=9.0), dishes(20, a=3.0))
    assert (verdict.verdict, verdict.scores) == ("pass", False)


def test_dishes_without_a_value_are_counted_and_few():
    values = dishes(24, a=4.0, b=2.0)
    values["a"]["count"][:2] = np.nan
    verdict = judge("e", RISES, values)
    assert (verdict.verdict, verdict.seeds, verdict.note) == ("pass", 22, "2 of 24 seeds have no value")
    values["b"]["count"][2:4] = np.inf
    verdict = judge("e", RISES, values)
    assert (verdict.verdict, verdict.seeds) == ("inconclusive", 20)


def test_no_dish_at_all_is_inconclusive():
    for empty in (np.full(20, np.nan), np.array([])):
        verdict = judge("e", RISES, {"a": {"count": empty}, "b": {"count": empty}})
        assert (verdict.verdict, verdict.observed, verdict.interval) == ("inconclusive", None, None)
    for kind in (claim("equivalence", "a", "b", margin=0.1, floor=1.0), claim("interval", "a", low=1.0, high=2.0)):
        assert judge("e", kind, {arm: {"count": np.array([])} for arm in "ab"}).verdict == "inconclusive"


def test_one_seed_is_shown_without_a_verdict():
    verdict = judge("e", claim("interval", "a", low=1.0, high=9.0), {"a": {"count": [3.0]}})
    assert (verdict.verdict, verdict.observed, verdict.interval) == ("inconclusive", 3.0, None)


def test_results_that_are_missing_are_named():
    with pytest.raises(UnknownIdError, match="arm with results 'a'"):
        judge("e", RISES, {"b": {"count": np.ones(20)}})
    with pytest.raises(UnknownIdError, match=r"readout of arm 'a' 'count'\. Did you mean counts\?"):
        judge("e", RISES, {"a": {"counts": np.ones(20)}, "b": {"count": np.ones(20)}})


def test_arms_with_other_seeds_cannot_be_paired():
    with pytest.raises(RequestError, match="Run the same seeds in every arm"):
        judge("e", RISES, {"a": {"count": np.ones(20)}, "b": {"count": np.ones(21)}})


def test_a_claim_in_its_own_unit_is_compared_in_it():
    in_nm = claim("interval", "a", low=1500.0, high=2500.0, unit="nm")
    verdict = judge("e", in_nm, {"a": {"count": np.linspace(1.9, 2.1, 9)}}, units={"count": "um"})
    assert (verdict.verdict, verdict.unit) == ("pass", "nm")
    assert verdict.observed == pytest.approx(2000.0)
    with pytest.raises(UnitError, match="cannot be read as nm"):
        judge("e", in_nm, {"a": {"count": np.ones(9)}}, units={"count": "min"})


def test_laboratories_are_simulated_where_their_design_is_published():
    values = dishes(20, noise=0.02, a=3.5, b=2.45)
    verdict = judge("e", claim("sign", "a", "b", direction="increase", laboratory=LABORATORY), values)
    assert 0.3 < verdict.share_of_laboratories < 0.7  # half would see it, see test_laboratory
    assert verdict.share_per_experiment < verdict.share_of_laboratories
    ratio = judge("e", claim("ratio", "a", "b", low=1.2, high=1.6, laboratory=LABORATORY), values)
    assert ratio.share_of_laboratories == verdict.share_of_laboratories
    order = judge(
        "e", claim("order", "c", "b", "a", direction="increase", laboratory=LABORATORY),
        {**values, "c": {"count": values["b"]["count"] / 10}},
    )  # fmt: skip
    assert order.share_of_laboratories == verdict.share_of_laboratories
    same = judge("e", claim("equivalence", "a", "b", margin=0.1, laboratory=LABORATORY), values)
    assert same.share_of_laboratories is None
