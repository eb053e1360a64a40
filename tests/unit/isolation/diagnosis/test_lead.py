"""Lead time against what can be worked out: exact crossings, false alarms, markers that never rise."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from migralab.isolation.diagnosis.document.read import read_study
from migralab.isolation.diagnosis.lead import Marker, Timing, answer_lead, find_lead, timing_of
from migralab.isolation.diagnosis.plan import log_sd

SHARP = Marker(fold=5.0, delay=2.0, rise=4.0, limit=3.0, between=0.0, noise=0.0)
TIMING = Timing(interval=0.01, follow_up=40.0, migrasomes=SHARP, albumin=replace(SHARP, delay=10.0, limit=2.0))


def crossing(marker: Marker) -> float:
    return marker.delay - marker.rise * math.log(1 - (marker.limit - 1) / (marker.fold - 1))


def test_without_noise_the_lead_is_the_difference_of_the_crossings():
    lead = find_lead(TIMING, 1, 50)
    expected = crossing(TIMING.albumin) - crossing(TIMING.migrasomes)
    assert lead.leads == pytest.approx(np.full(50, expected), abs=0.011)  # one visit
    assert (lead.first, lead.last, lead.same, lead.neither) == (1, 0, 0, 0)


def test_the_lead_is_a_whole_number_of_visits_and_its_mean_is_that_of_the_crossings():
    """A uniform phase makes the mean over subjects exact; its standard error here is 0.02 days."""
    lead = find_lead(replace(TIMING, interval=3.0), 2, 8000)
    assert lead.leads / 3.0 == pytest.approx(np.rint(lead.leads / 3.0), abs=1e-9)
    expected = crossing(TIMING.albumin) - crossing(TIMING.migrasomes)
    assert lead.leads.mean() == pytest.approx(expected, abs=0.06)


def test_false_alarms_are_those_of_the_normal_law():
    """Neither marker rises; one visit in the follow-up."""
    still = Marker(fold=1.0, delay=0.0, rise=1.0, limit=1.5, between=0.4, noise=0.3)
    lead = find_lead(Timing(interval=1.0, follow_up=1.0, migrasomes=still, albumin=still), 3, 20_000)
    p = stats.norm.sf(math.log(1.5) / math.hypot(log_sd(0.4), log_sd(0.3)))
    assert still.false_alarm == pytest.approx(p, rel=1e-12)
    assert lead.first == pytest.approx(p * (1 - p), abs=0.009)  # three standard errors
    assert lead.last == pytest.approx(p * (1 - p), abs=0.009)
    assert lead.neither == pytest.approx((1 - p) ** 2, abs=0.01)


STILL = Marker(fold=1.0, delay=0.0, rise=1.0, limit=1.5, between=0.0, noise=0.3)
ALARM = float(stats.norm.sf(math.log(1.5) / log_sd(0.3)))


@pytest.mark.parametrize(("confirmed", "p"), [(1, 1 - (1 - ALARM) ** 2), (2, ALARM**2)])
def test_alarms_add_up_over_the_visits_and_two_in_a_row_are_rarer(confirmed, p):
    """Two visits of independent readings, in subjects in whom nothing rises, by hand."""
    timing = Timing(interval=1.0, follow_up=2.0, confirmed=confirmed, migrasomes=STILL, albumin=STILL)
    lead = find_lead(timing, 3, 20_000)
    assert lead.raised == pytest.approx((p, p), abs=3 * math.sqrt(p * (1 - p) / 20_000))
    assert lead.neither == pytest.approx((1 - p) ** 2, abs=0.01)


def test_without_noise_confirmation_takes_one_visit_more():
    once, twice = (find_lead(replace(TIMING, interval=1.0, confirmed=n), 1, 50).leads for n in (1, 2))
    assert np.array_equal(once, twice)  # of both markers
    never = replace(TIMING, interval=1.0, follow_up=10.5, migrasomes=replace(SHARP, delay=7.0), albumin=STILL)
    raised = [find_lead(replace(never, confirmed=n), 1, 4000).raised[0] for n in (1, 2)]
    # The limit is reached at 7 + 4 ln 2 = 9.77, so within the last 0.73 of a day nobody comes twice
    assert raised == pytest.approx([0.73, 0.0], abs=0.02)


def test_the_healthy_stand_beside_the_ill_and_a_limit_out_of_reach_is_named():
    courses = read_study("pan-mice").courses
    assert courses is not None
    found = answer_lead(courses, 1)
    assert found.healthy.first == pytest.approx(found.healthy.last, abs=0.035)  # alike markers
    assert found.healthy.leads.tolist() != found.base.leads.tolist()
    assert found.timing.migrasomes.falls_short
    assert not found.timing.albumin.falls_short
    sharp = replace(found.timing, migrasomes=replace(found.timing.migrasomes, between=0.0, noise=0.0))
    assert find_lead(sharp, 1).raised[0] == 0.0


def test_a_marker_below_its_limit_is_never_raised():
    timing = replace(TIMING, interval=1.0, migrasomes=replace(SHARP, limit=6.0))
    lead = find_lead(timing, 4, 20)
    assert (lead.leads == -math.inf).all()
    assert (lead.last, lead.quantile(0.5)) == (1, -math.inf)
    neither = find_lead(replace(timing, albumin=replace(SHARP, limit=9.0)), 4, 20)
    assert neither.neither == 1
    assert math.isnan(neither.quantile(0.5))


def test_alike_markers_are_first_equally_often():
    alike = Marker(fold=4.0, delay=1.0, rise=3.0, limit=2.0, between=0.4, noise=0.4)
    lead = find_lead(Timing(interval=1.0, follow_up=30.0, migrasomes=alike, albumin=alike), 5, 8000)
    assert lead.net == pytest.approx(0.0, abs=0.035)  # three standard errors
    assert lead.same > 0.1


def test_a_higher_limit_of_either_marker_gives_the_other_the_lead():
    courses = read_study("pan-mice").courses
    assert courses is not None
    found = answer_lead(courses, 1)
    assert (np.diff(found.net, axis=0) <= 0.02).all()  # their limit rises; the subjects are the same
    assert (np.diff(found.net, axis=1) >= -0.01).all()
    assert found.net.max() > 0.9
    assert found.net.min() < -0.9
    widths = [abs(low.net - high.net) for _, _, low, high in found.swings]
    assert widths == sorted(widths, reverse=True)


def test_subjects_do_not_depend_on_how_many_there_are():
    timing = replace(TIMING, interval=1.0, migrasomes=replace(SHARP, noise=0.3))
    assert np.array_equal(find_lead(timing, 6, 300).leads[:40], find_lead(timing, 6, 40).leads)


def test_times_are_read_in_any_unit():
    courses = read_study("diabetic-nephropathy").courses
    assert courses is not None
    months = courses.model_validate({**courses.model_dump(), "interval": "6 month"})
    assert timing_of(months).interval == pytest.approx(182.625)
