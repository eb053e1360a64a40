"""A subject is the same whatever else is asked; what a plan says is what is drawn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from migralab.isolation.diagnosis import cohort
from migralab.isolation.diagnosis.cohort import draw_both, draw_studies
from migralab.isolation.diagnosis.power import compare_ranks, simulate_power
from migralab.isolation.diagnosis.sweep import find_counting_error
from tests.unit.isolation.diagnosis.plans import pure_plan

PLAN = pure_plan(
    level=4e6, within=0.4, samples=2, dilution=0.6, excretion=0.2, volume_per_field=4e-4, fields=20, recovery=0.3,
    recovery_spread=0.2, background=0.2, k=5.0, observers=0.1, lost=0.1, background_fold=1.5, creatinine_fold=0.9,
)  # fmt: skip


def test_a_subject_does_not_depend_on_how_many_others_there_are():
    large = draw_studies(PLAN, 1, range(6), 50, patients=True)
    assert np.array_equal(draw_studies(PLAN, 1, range(6), 7, patients=True), large[:, :7])
    assert np.array_equal(draw_studies(PLAN, 1, range(4, 6), 50, patients=True), large[4:])
    assert not np.array_equal(draw_studies(PLAN, 2, range(6), 50, patients=True), large)


def test_no_two_subjects_are_the_same_person():
    drawn = np.concatenate([draw_studies(pure_plan(), 1, range(40), 60, patients=ill).ravel() for ill in (False, True)])
    assert len(np.unique(drawn)) == len(drawn)


def test_urines_of_a_subject_are_counted_independently():
    """Poisson counts alone: four urines leave a quarter of the variance (200,000 counts, 1.3 %)."""
    plan = pure_plan(between=0.0, level=1e6, volume_per_field=1e-3)  # 8 counts in a urine
    one, four = (draw_studies(replace(plan, samples=m), 1, range(1), 50_000, patients=False).var() for m in (1, 4))
    assert four == pytest.approx(one / 4, rel=0.04)


def test_the_power_curve_counts_every_study_once():
    plan = pure_plan(between=0.6, fold=1.6)
    curve = simulate_power(plan, 1, [6, 12], 600, 0.05)
    controls, patients = draw_both(plan, 1, range(600), 12)
    expected = [np.mean(compare_ranks(controls[:, :n], patients[:, :n]) < 0.05) for n in (6, 12)]
    assert list(curve.power) == pytest.approx(expected, rel=1e-12)


def test_cutting_the_work_into_parts_changes_nothing(monkeypatch):
    whole = draw_studies(PLAN, 1, range(9), 11, patients=False)
    monkeypatch.setattr(cohort, "_AT_ONCE", 40)
    assert np.array_equal(draw_studies(PLAN, 1, range(9), 11, patients=False), whole)


def test_groups_are_told_apart_by_their_ids_and_not_by_their_order():
    controls, patients = draw_both(PLAN, 1, range(3), 10)
    swapped = draw_both(replace(PLAN, control_id="patients", patient_id="controls"), 1, range(3), 10)
    assert not np.array_equal(controls, swapped[0])
    same = replace(PLAN.without_confounders(), fold=1.0)
    assert np.array_equal(
        draw_both(same, 1, range(3), 10)[0],
        draw_both(replace(same, control_id="patients", patient_id="controls"), 1, range(3), 10)[1],
    )
    assert np.array_equal(patients, draw_both(PLAN, 1, range(3), 10)[1])


def test_a_rise_of_the_fold_moves_nobody_else():
    """Sweeps compare the same subjects: controls stay, patients scale (counts are large here)."""
    plan = pure_plan()
    controls, patients = draw_both(plan, 1, range(2), 20)
    more = draw_both(replace(plan, fold=4.0), 1, range(2), 20)
    assert np.array_equal(controls, more[0])
    assert more[1] == pytest.approx(2 * patients, rel=1e-4)


def test_patients_with_fewer_are_called_ill_for_less():
    controls, patients = draw_both(pure_plan(fold=0.5), 1, range(1), 2000)
    assert controls.max() < 0
    assert (patients[0][:, None] > controls[0]).mean() > 0.6


def test_counts_below_the_limit_are_none():
    plan = replace(PLAN, samples=1, fields=1)
    bare = draw_studies(plan, 1, range(1), 4000, patients=False)
    cut = draw_studies(replace(plan, least_count=3), 1, range(1), 4000, patients=False)
    assert 0 < (bare == 0).mean() < (cut == 0).mean()
    assert np.array_equal(cut[cut > 0], bare[cut > 0])


def test_recovery_never_exceeds_one():
    plan = pure_plan(between=0.0, recovery=1.0, recovery_spread=1.0)
    values = draw_studies(plan, 1, range(1), 4000, patients=False)
    assert values.max() <= plan.level * 1.001
    assert np.mean(values > 0.999 * plan.level) == pytest.approx(0.5, abs=0.03)  # half of the runs would have had more


def test_counting_error_is_the_spread_of_counts():
    """No biology: the variance of what is reported over the squared signal is that of the closed form."""
    plan = pure_plan(between=0.0, level=4e6, volume_per_field=4e-4, fields=20, recovery=0.3, background=1.0, k=3.0)
    values = draw_studies(plan, 3, range(1), 40_000, patients=False)
    found = find_counting_error(plan)
    assert found.usual_count == pytest.approx(4e6 * 8e-3 * 4e-4 * 20 * 0.3, rel=1e-12)
    signal = 4e6 * 8e-3 * 4e-4 * 0.3
    expected = (signal + 1 + (signal + 1) ** 2 / 3) / (20 * signal**2)
    assert found.counting**2 == pytest.approx(expected, rel=1e-12)
    assert values.var() / plan.level**2 == pytest.approx(expected, rel=0.04)  # four standard errors
    biology = find_counting_error(replace(plan, between=0.5))
    assert biology.fields_equal == int(np.ceil(20 * expected / np.log(1.25)))
