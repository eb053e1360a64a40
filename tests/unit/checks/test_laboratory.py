"""Simulated laboratories see what laboratories of their size would see."""

from __future__ import annotations

import time

import numpy as np
import pytest
from scipy import stats

from migralab.checks.laboratory import share_of_laboratories
from migralab.spec.claim import Laboratory
from tests.unit.checks.example import SOURCE


def laboratory(**fields):
    return Laboratory.model_validate(
        {"cells": 150, "experiments": 3, "dispersion": 0.5, "experiment_effect": 0.0, "source": SOURCE, **fields}
    )


def test_the_published_design_is_a_coin_toss():
    # model-notes 14.6 (C): mean 3.5, k 0.5, 150 cells a group find a true fall of 30 % in 53 %, with a test of
    # logarithms; Student's t on the same counts finds 2 points less. 800 laboratories: standard error 1.8 points.
    found = share_of_laboratories(laboratory(), reference=3.5, changed=2.45, increase=False)
    assert found.pooled == pytest.approx(0.51, abs=0.054)


def test_nothing_is_seen_as_often_as_the_level_says():
    # 5 % two-sided, of which half in the claimed direction; 3 standard errors of 800 laboratories are 1.7 points
    found = share_of_laboratories(laboratory(experiment_effect=0.35), reference=3.5, changed=3.5, increase=True)
    assert found.pooled == pytest.approx(0.025, abs=0.017)
    assert found.per_experiment == pytest.approx(0.025, abs=0.017)


def test_an_effect_in_the_other_direction_is_not_seen():
    assert share_of_laboratories(laboratory(), reference=3.5, changed=1.0, increase=True).pooled == 0.0


def test_a_normal_spread_agrees_with_the_noncentral_t():
    found = share_of_laboratories(
        laboratory(spread="normal", sd=0.4, dispersion=None, cells=20, experiments=1),
        reference=1.0, changed=1.3, increase=True,
    )  # fmt: skip
    error = 0.4 * np.sqrt((1 + 1.3**2) / 20)
    freedom = 19 * (1 + 1.3**2) ** 2 / (1 + 1.3**4)
    power = stats.nct.sf(stats.t.ppf(0.975, freedom), freedom, 0.3 / error)
    assert found.pooled == pytest.approx(power, abs=0.035)  # 2000 laboratories: 3 standard errors
    assert found.per_experiment is None


def test_a_total_loss_is_seen_and_an_empty_pair_is_not():
    assert share_of_laboratories(laboratory(), reference=3.5, changed=0.0, increase=False).pooled == 1.0
    assert share_of_laboratories(laboratory(), reference=0.0, changed=0.0, increase=False).pooled == 0.0


def test_the_same_question_has_the_same_answer():
    answers = {share_of_laboratories(laboratory(), reference=3.5, changed=2.0, increase=False).pooled for _ in range(3)}
    assert len(answers) == 1


def test_an_answer_is_quick():
    times = []
    for _ in range(3):
        began = time.perf_counter()
        share_of_laboratories(laboratory(), reference=3.5, changed=2.45, increase=False)
        times.append(time.perf_counter() - began)
    assert min(times) < 0.25  # 0.03 s on an idle core of a 2-core machine; five times that on a busy one
