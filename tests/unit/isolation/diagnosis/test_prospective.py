"""How many to enrol, against simulated cohorts made here and against closed limits."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from migralab.isolation.diagnosis.document.study import Model, Prospective
from migralab.isolation.diagnosis.prospective import find_chances, find_enrolment, sweep_enrolment

GIVEN = {
    "event_rate": "0.05 1/year", "drop_out": "0.1 1/year", "follow_up": "4 year", "sensitivity": 0.8,
    "specificity": 0.9, "width": 0.2, "assurance": 0.9,
}  # fmt: skip


def test_chances_are_those_of_two_racing_clocks():
    rng = np.random.default_rng(1)
    event, lost = rng.exponential(1 / 0.05, 200_000), rng.exponential(1 / 0.1, 200_000)
    seen, free = find_chances(0.05, 0.1, 4.0)
    assert seen == pytest.approx(np.mean((event < lost) & (event < 4)), abs=0.003)  # four standard errors
    assert free == pytest.approx(np.mean((event > 4) & (lost > 4)), abs=0.0045)


def test_without_drop_out_events_follow_the_rate_alone():
    seen, free = find_chances(0.05, 0.0, 4.0)
    assert seen == pytest.approx(1 - math.exp(-0.2), rel=1e-12)
    assert seen + free == pytest.approx(1.0, rel=1e-12)


def test_enrolled_are_enough_with_the_assurance_and_one_less_is_not():
    found = find_enrolment(Prospective.model_validate(GIVEN))
    assert found.decides == "sensitivity"
    assert stats.binom.sf(found.events - 1, found.enrol, found.event_chance) >= 0.9
    assert stats.binom.sf(found.events - 1, found.enrol - 1, found.event_chance) < 0.9
    assert stats.binom.sf(found.free - 1, found.enrol, found.free_chance) > 0.9


def test_a_model_with_many_predictors_may_decide():
    model = Model(predictors=tuple("abcdefghijkl"), events_per_variable=20)
    found = find_enrolment(Prospective.model_validate(GIVEN), model)
    assert (found.model_events, found.decides) == (240, "the model's predictors")


def test_rarer_events_and_narrower_intervals_take_more():
    study = Prospective.model_validate(
        {
            **GIVEN,
            "event_rate": {"value": "0.05 1/year", "low": 0.02, "high": 0.1},
            "width": {"value": 0.2, "low": 0.1, "high": 0.3},
        }
    )
    found = {words: (low, high) for words, _, low, high in sweep_enrolment(study)}
    base = find_enrolment(study).enrol
    assert set(found) == {"event rate", "width"}
    for low, high in found.values():
        assert low > base > high
