"""The simulation against closed forms and other libraries: never against itself."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from migralab.isolation.diagnosis.closed import (
    count_for_assurance,
    count_for_width,
    find_noether_size,
)
from migralab.isolation.diagnosis.cohort import draw_both, draw_counts, draw_population, draw_studies
from migralab.isolation.diagnosis.plan import log_sd
from migralab.isolation.diagnosis.power import (
    claim_logarithms,
    claim_ranks,
    compare_logarithms,
    compare_ranks,
    read_size,
    simulate_power,
    solve_size,
)
from migralab.isolation.diagnosis.roc import find_areas, find_sensitivities, find_sensitivity_limits, trace_curve
from tests.unit.isolation.diagnosis.laws import find_binormal_area, find_t_power
from tests.unit.isolation.diagnosis.plans import pure_plan


@pytest.mark.parametrize(("cv", "fold"), [(0.3, 1.5), (0.6, 2.0), (1.2, 2.0)])
def test_area_of_log_normal_groups_is_the_binormal_one(cv, fold):
    controls, patients = draw_population(pure_plan(between=cv, fold=fold), seed=3, n=20_000)
    expected = stats.norm.cdf(math.log(fold) / (math.sqrt(2) * log_sd(cv)))
    area = float(find_areas(controls[None], patients[None]).value[0])
    assert area == pytest.approx(expected, abs=0.008)  # three standard errors of 20,000 subjects a group
    assert find_binormal_area(math.log(fold), log_sd(cv), log_sd(cv)) == pytest.approx(expected, rel=1e-12)


def test_sensitivity_at_a_specificity_is_the_binormal_one():
    controls, patients = draw_population(pure_plan(between=0.6, fold=2.5), seed=4, n=20_000)
    expected = stats.norm.sf(stats.norm.ppf(0.9) - math.log(2.5) / log_sd(0.6))
    found = float(find_sensitivities(controls[None], patients[None], 0.9)[0])
    assert found == pytest.approx(expected, abs=0.018)  # three standard errors, that of the threshold included


@pytest.mark.parametrize(("n", "fold"), [(40, 2.5), (100, 1.3)])
def test_interval_of_the_area_covers_the_truth_as_often_as_it_says(n, fold):
    """30,000 studies drawn by numpy give 95.2 and 95.4 %. False alarm with another seed: 1 in 80 each."""
    assert covered_share(n, fold, 3000) == pytest.approx(0.95, abs=3 * math.sqrt(0.95 * 0.05 / 3000))


def test_interval_of_a_small_study_errs_on_the_safe_side():
    """On the logit DeLong's interval is too wide for few subjects: it covers 96 to 98 % with 15 and 8 a group."""
    for n in (8, 15):
        assert 0.95 - 3 * math.sqrt(0.95 * 0.05 / 1500) < covered_share(n, 1.6, 1500) < 0.995


def covered_share(n, fold, studies):
    controls, patients = draw_both(pure_plan(between=0.6, fold=fold), 5, range(studies), n)
    truth = stats.norm.cdf(math.log(fold) / (math.sqrt(2) * log_sd(0.6)))
    areas = find_areas(controls, patients)
    return np.mean((areas.low <= truth) & (truth <= areas.high))


def test_delong_variance_is_that_of_all_pairs():
    """The definition, pair by pair, on a table with ties."""
    controls, patients = np.array([1.0, 2.0, 2.0, 5.0, 0.5]), np.array([2.0, 4.0, 5.0, 6.0])
    psi = (patients[:, None] > controls) + 0.5 * (patients[:, None] == controls)
    area = psi.mean()
    sd = math.sqrt(psi.mean(axis=0).var(ddof=1) / 5 + psi.mean(axis=1).var(ddof=1) / 4)
    half = stats.norm.ppf(0.975) * sd / (area * (1 - area))
    found = find_areas(controls[None], patients[None])
    assert found.value[0] == pytest.approx(area, rel=1e-12)
    assert found.low[0] == pytest.approx(1 / (1 + math.exp(-(math.log(area / (1 - area)) - half))), rel=1e-9)
    u = stats.mannwhitneyu(patients, controls).statistic
    assert found.value[0] == pytest.approx(u / 20, rel=1e-12)


def test_groups_that_do_not_overlap_still_have_an_interval():
    found = find_areas(np.array([[1.0, 2.0, 3.0]]), np.array([[4.0, 5.0, 6.0, 7.0]]))
    z2 = stats.norm.ppf(0.975) ** 2
    assert (found.value[0], found.high[0]) == (1.0, 1.0)
    assert found.low[0] == pytest.approx(3 / (3 + z2), rel=1e-9)  # Wilson's, for 3 hits of 3
    turned = find_areas(np.array([[4.0, 5.0, 6.0, 7.0]]), np.array([[1.0, 2.0, 3.0]]))
    assert (turned.value[0], turned.low[0]) == (0.0, 0.0)
    assert turned.high[0] == pytest.approx(1 - 3 / (3 + z2), rel=1e-9)


def test_rank_test_is_that_of_scipy_with_and_without_ties():
    rng = np.random.default_rng(7)
    controls = np.vstack([rng.normal(size=(20, 12)), rng.poisson(1.0, (20, 12))])
    patients = np.vstack([rng.normal(0.7, 1, size=(20, 9)), rng.poisson(2.0, (20, 9))])
    expected = stats.mannwhitneyu(patients, controls, axis=1, method="asymptotic").pvalue
    assert compare_ranks(controls, patients) == pytest.approx(expected, rel=1e-9)
    assert compare_ranks(np.ones((1, 5)), np.ones((1, 5)))[0] == 1.0


def test_claims_are_scipys_one_sided_tests_at_half_the_level():
    rng = np.random.default_rng(9)
    controls = rng.normal(size=(300, 12))
    patients = rng.normal(np.repeat([-0.8, 0.8], 150)[:, None], 1, size=(300, 14))
    for side, found in zip(("greater", "less"), claim_ranks(controls, patients, 0.05), strict=True):
        p = stats.mannwhitneyu(patients, controls, axis=1, method="asymptotic", alternative=side).pvalue
        assert np.array_equal(found, p < 0.025)
        assert 20 < found.sum() < 150
    for side, found in zip(
        ("greater", "less"), claim_logarithms(*np.exp([controls, patients[:, :12]]), 0.05), strict=True
    ):
        p = stats.ttest_ind(patients[:, :12], controls, axis=1, equal_var=False, alternative=side).pvalue
        assert np.array_equal(found, p < 0.025)


def test_a_claim_in_the_wrong_direction_is_no_power():
    """A fold of 1.2 of which 0.4 is lost is one of 0.72, so nearly all claims say that patients have fewer."""
    plan = pure_plan(between=0.6, fold=1.2, lost=0.4)
    curve = simulate_power(plan, 21, [30], 4000, 0.05)
    area = find_binormal_area(math.log(0.72), log_sd(0.6), log_sd(0.6))
    assert find_noether_size(area, 0.05, curve.wrong[0]) == pytest.approx(30, rel=0.08)
    assert curve.power[0] < 0.002
    assert read_size(curve, 0.8) == (None, None, None)


@pytest.mark.parametrize("n", [15, 30])
def test_limits_of_a_high_sensitivity_cover_the_truth(n):
    """The bootstrap alone covers 76 and 90 %; 600 studies have a standard error of 0.9 %."""
    rng = np.random.default_rng(5)
    shift = stats.norm.ppf(0.9) + stats.norm.ppf(0.95)
    covered = 0
    for _ in range(600):
        low, high = find_sensitivity_limits(rng.normal(size=n), rng.normal(shift, 1, size=n), 0.9)
        covered += low <= 0.95 <= high
    assert covered / 600 > 0.95 - 3 * math.sqrt(0.95 * 0.05 / 600)


def test_limits_of_a_sensitivity_do_not_collapse_for_groups_that_do_not_overlap():
    low, high = find_sensitivity_limits(np.array([1.0, 2, 3]), np.array([4.0, 5, 6]), 0.9)
    assert low == pytest.approx(stats.binomtest(3, 3).proportion_ci(0.95, "exact").low, rel=1e-9)
    assert high == 1.0
    low, high = find_sensitivity_limits(np.array([4.0, 5, 6]), np.array([1.0, 2, 3]), 0.9)
    assert high == pytest.approx(stats.binomtest(0, 3).proportion_ci(0.95, "exact").high, rel=1e-9)
    assert low == 0.0


def test_test_on_logarithms_is_that_of_scipy():
    rng = np.random.default_rng(8)
    controls, patients = np.exp(rng.normal(size=(30, 10))), np.exp(rng.normal(0.5, 2, size=(30, 14)))
    expected = stats.ttest_ind(np.log(patients), np.log(controls), axis=1, equal_var=False).pvalue
    assert compare_logarithms(controls, patients)[0] == pytest.approx(expected, rel=1e-9)
    assert np.isnan(compare_logarithms(np.array([[0.0, 1.0, 2.0]]), np.array([[1.0, 2.0, 3.0]]))[0]).all()


@pytest.mark.parametrize(("cv", "fold"), [(0.9, 1.6), (0.6, 1.35)])
def test_size_for_the_rank_test_is_noethers_within_5_percent(cv, fold):
    """The simulated size with 6,000 studies has a standard error of 2 %; the large-sample law is exact to 1 %."""
    plan = pure_plan(between=cv, fold=fold)
    expected = find_noether_size(find_binormal_area(math.log(fold), log_sd(cv), log_sd(cv)), 0.05, 0.8)
    curve = simulate_power(plan, 11, [round(part * expected) for part in (0.7, 0.85, 1.0, 1.15, 1.3)], 6000, 0.05)
    found, low, high = read_size(curve, 0.8)
    assert found == pytest.approx(expected, rel=0.05)
    assert low <= found <= high
    # 20,000 subjects a group know the area to 0.003, which is 4 % of the size where it is 0.65
    assert solve_size(*draw_population(plan, 12, 20_000), 0.05, 0.8) == pytest.approx(expected, rel=0.09)


def test_noethers_size_is_that_of_his_formula():
    """(1.959964 + 0.841621)^2 / (6 * 0.2^2) = 32.70, worked out by hand."""
    assert find_noether_size(0.7, 0.05, 0.8) == pytest.approx(32.70, abs=0.01)
    assert find_noether_size(0.5, 0.05, 0.8) == math.inf


def test_power_on_logarithms_is_that_of_the_t_test():
    plan = pure_plan(between=0.6, fold=1.6)
    controls, patients = draw_both(plan, 13, range(4000), 25)
    found = np.mean(compare_logarithms(controls, patients)[0] < 0.05)
    expected = find_t_power(25, math.log(1.6), log_sd(0.6), 0.05)
    assert found == pytest.approx(expected, abs=3 * math.sqrt(expected * (1 - expected) / 4000))


def test_t_power_is_that_of_the_tables():
    """Cohen 1988: d = 0.5, 64 a group, two-sided 5 %: 0.80."""
    assert find_t_power(64, 0.5, 1.0, 0.05) == pytest.approx(0.801, abs=0.001)


def test_tests_claim_nothing_more_often_than_alpha_without_a_difference():
    controls, patients = draw_both(pure_plan(between=0.6, fold=1.0), 14, range(4000), 20)
    for p in (compare_ranks(controls, patients), compare_logarithms(controls, patients)[0]):
        assert np.mean(p < 0.05) == pytest.approx(0.05, abs=3.5 * math.sqrt(0.05 * 0.95 / 4000))


@pytest.mark.parametrize(("mean", "shape"), [(3.0, 2.0), (40.0, math.inf), (800.0, 5.0), (30_000.0, 20.0), (5e5, 1e6)])
def test_counts_have_the_moments_of_the_negative_binomial(mean, shape):
    chance = (np.arange(200_000) + 0.5) / 200_000  # every quantile once: no chance is left
    counts = draw_counts(np.full(200_000, mean), shape, chance)
    assert counts.mean() == pytest.approx(mean, rel=2e-3)
    assert counts.var() == pytest.approx(mean + mean**2 / shape, rel=1e-2)  # the last quantiles are cut off
    assert (counts == np.rint(counts)).all()
    assert counts.min() >= 0


def test_counts_of_nothing_are_none():
    assert (draw_counts(np.zeros(3), 2.0, np.array([0.1, 0.5, 0.999])) == 0).all()


def test_much_counting_leaves_biology_alone():
    """With very many fields the area is that of the log-normal law; with few it is lower."""
    biology = pure_plan(between=0.6, fold=2.0)
    expected = find_binormal_area(math.log(2), log_sd(0.6), log_sd(0.6))
    areas = []
    for fields in (1, 100_000):
        plan = replace(biology, level=1e6, volume_per_field=1e-4, fields=fields, k=2.0)
        controls, patients = draw_population(plan, 15, 10_000)
        areas.append(float(find_areas(controls[None], patients[None]).value[0]))
    assert areas[1] == pytest.approx(expected, abs=0.012)
    assert areas[0] < expected - 0.1


def test_spread_of_the_reported_value_is_the_sum_of_its_parts():
    """Log variance of x / c: subjects, days, creatinine excretion, runs, observers; dilution cancels."""
    cvs = {"between": 0.5, "within": 0.3, "excretion": 0.25, "observers": 0.1}
    plan = pure_plan(**cvs, dilution=1.0, recovery=0.01, recovery_spread=0.2, fold=1.0)
    values = np.log(draw_studies(plan, 16, range(1), 40_000, patients=False)[0])
    expected = sum(log_sd(cv) ** 2 for cv in (*cvs.values(), 0.2))
    assert values.var() == pytest.approx(expected, rel=0.03)  # four standard errors of a variance of 40,000
    assert np.median(values) == pytest.approx(math.log(plan.level), abs=0.02)


def test_normalisation_helps_where_dilution_dominates_and_hurts_where_creatinine_does():
    """Binormal areas in closed form: what is in the denominator is the only difference."""
    for dilution, excretion in ((1.0, 0.1), (0.1, 1.0)):
        areas = {}
        for normalise in (True, False):
            plan = pure_plan(between=0.5, fold=2.0, dilution=dilution, excretion=excretion, normalise=normalise)
            controls, patients = draw_population(plan, 17, 20_000)
            areas[normalise] = float(find_areas(controls[None], patients[None]).value[0])
            sd = math.hypot(log_sd(0.5), log_sd(excretion if normalise else dilution))
            assert areas[normalise] == pytest.approx(find_binormal_area(math.log(2), sd, sd), abs=0.01)
        assert (areas[True] > areas[False]) == (dilution > excretion)


def test_creatinine_that_differs_between_groups_looks_like_an_effect():
    """Patients with 0.6 of the creatinine and as many migrasomes: the area of a fold of 1 / 0.6."""
    plan = pure_plan(between=0.5, fold=1.0, creatinine_fold=0.6)
    controls, patients = draw_population(plan, 18, 20_000)
    expected = find_binormal_area(-math.log(0.6), log_sd(0.5), log_sd(0.5))
    assert float(find_areas(controls[None], patients[None]).value[0]) == pytest.approx(expected, abs=0.01)
    bare = draw_population(replace(plan, normalise=False), 18, 20_000)
    assert float(find_areas(bare[0][None], bare[1][None]).value[0]) == pytest.approx(0.5, abs=0.01)


def test_loss_in_patients_takes_the_effect_away():
    """A fold of 2 of which half is lost is no effect."""
    controls, patients = draw_population(pure_plan(between=0.5, fold=2.0, lost=0.5), 19, 20_000)
    assert float(find_areas(controls[None], patients[None]).value[0]) == pytest.approx(0.5, abs=0.01)


def test_several_urines_average_the_days_away():
    """Of samples on different days the variance between days falls, that between subjects stays (delta method)."""
    one = pure_plan(between=0.2, within=0.2, fold=1.0)
    variances = [
        float(np.var(np.log(draw_studies(replace(one, samples=m), 20, range(1), 20_000, patients=False)[0])))
        for m in (1, 4)
    ]
    v = log_sd(0.2) ** 2
    assert variances == pytest.approx([2 * v, 1.25 * v], rel=0.04)


def test_curve_has_the_area_and_its_corners():
    controls, patients = np.array([0.0, 0.0, 1.0, 3.0]), np.array([0.0, 2.0, 3.0, 4.0, 9.0])
    wrong, right = trace_curve(controls, patients)
    assert (wrong[0], right[0], wrong[-1], right[-1]) == (0, 0, 1, 1)
    area = find_areas(controls[None], patients[None]).value[0]
    assert np.trapezoid(right, wrong) == pytest.approx(area, rel=1e-12)


def test_size_for_a_width_is_that_of_wilsons_interval():
    from migralab.measure.statistics.interval import wilson_interval

    n = count_for_width(0.8, 0.15)
    low, high = wilson_interval(round(0.8 * n), n)
    assert high - low == pytest.approx(0.15, abs=0.003)
    # Buderer's formula, 1.96^2 p (1 - p) / (w/2)^2 = 109.3, is Wald's and agrees for a large n
    assert n == pytest.approx(1.959964**2 * 0.8 * 0.2 / 0.075**2, rel=0.04)


def test_size_for_assurance_is_the_binomial_one():
    n = count_for_assurance(50, 0.1, 0.9)
    assert stats.binom.sf(49, n, 0.1) >= 0.9 > stats.binom.sf(49, n - 1, 0.1)
