import math

import numpy as np
import pytest

from migralab.core.errors import RequestError
from migralab.measure.observables.formation.lifetime import trace_survival
from migralab.measure.view import View
from tests.unit.measure.made import look, observe


def dish(appeared, gone, *, last=100.0, entered=None, stabilised=None, cells=4, **settings):
    appeared, gone = np.asarray(appeared, float), np.asarray(gone, float)
    n = len(appeared)
    return observe(
        cells={"frame": [0] * cells, "cell_id": np.arange(cells)},
        lives={
            "cell_id": np.arange(n) % cells if cells else [-1] * n, "appeared_min": appeared,
            "entered_min": appeared if entered is None else entered,
            "stabilised_min": appeared if stabilised is None else stabilised,
            "gone_min": gone, "last_min": np.full(n, last), "fate": np.where(np.isnan(gone), "present", "ruptured"),
        },
        frames_min=(last,),
        **settings,
    )  # fmt: skip


def test_lives_that_all_ended_have_their_plain_mean_and_median():
    made = dish([0, 10, 20, 30], [20, 40, 60, 80])  # 20, 30, 40, 50 min
    assert look(made, "lifetime.mean").value == pytest.approx(35.0)
    assert look(made, "lifetime.median").value == pytest.approx(30.0)
    assert look(made, "lifetime.restricted_mean", horizon_min=40.0).value == pytest.approx((20 + 30 + 40 + 40) / 4)
    assert (look(made, "lifetime.mean").n, look(made, "lifetime.mean").n_unit) == (4, "cells")


def test_the_age_counts_from_appearance_and_the_risk_from_entry():
    # One vesicle was 30 min old when the film began: it says nothing about the first 30 min
    made = dish([-30, 0, 0], [10, 20, np.nan], entered=[0.0, 0.0, 0.0])
    curve = trace_survival(View(made))
    np.testing.assert_allclose(curve.age, [20.0, 40.0])
    np.testing.assert_allclose(curve.survival, [0.5, 0.25])


def test_a_precursor_counts_from_its_stabilisation():
    # The second is stabilised after the first has gone, so it was not at risk then; the third never is
    made = dish([0, 0, 0], [10, 30, 1], stabilised=[5.0, 12.0, np.nan])
    curve = trace_survival(View(made))
    np.testing.assert_allclose(curve.age, [10.0, 30.0])
    np.testing.assert_allclose(curve.at_risk, [1, 1])


def test_an_earlier_frame_does_not_know_the_future():
    made = dish([0, 0, 60], [30, 90, 90], last=100.0)
    early = observe(
        lives=dict(made["lives"]), cells={"frame": [0, 0, 0], "cell_id": [0, 1, 2]}, frames_min=(50.0, 100.0)
    )
    curve = trace_survival(View(early, 0))
    np.testing.assert_allclose(curve.at_risk, [2])
    assert curve.longest == 50.0


def test_a_mean_that_the_film_cannot_show_is_not_stated():
    made = dish([0] * 4, [10, np.nan, np.nan, np.nan])
    found = look(made, "lifetime.mean")
    assert math.isnan(found.value)
    assert "75% outlive" in found.note
    assert math.isnan(look(made, "lifetime.median").value)
    assert look(made, "lifetime.restricted_mean", horizon_min=50.0).value == pytest.approx((10 + 3 * 50) / 4)
    assert "choose a horizon" in look(made, "lifetime.restricted_mean").note


def test_a_small_rest_gets_an_exponential_tail_and_says_so():
    made = dish([0] * 10, [*range(10, 100, 10), np.nan])
    found = look(made, "lifetime.mean")
    # Area to 100 min is the mean of 10..90 and 100 = 55, the rest 0.1 x total time 550 / 9 ends
    assert found.value == pytest.approx(55 + 0.1 * 550 / 9)
    assert "tail" in found.note


def test_the_mean_is_found_again_under_entry_and_censoring_and_its_interval_holds_it():
    rng = np.random.default_rng(3)
    start, life = rng.uniform(-500, 720, 4000), rng.exponential(180.0, 4000)
    seen = start + life > 0
    start, life = start[seen], life[seen]
    gone = np.where(start + life < 720, start + life, np.nan)
    made = dish(start, gone, last=720.0, entered=np.maximum(start, 0.0), cells=80)
    found = look(made, "lifetime.mean")
    assert found.low < 180 < found.high
    assert found.high - found.low < 40


def test_lives_without_owner_get_greenwoods_interval_and_say_what_it_takes_for_granted():
    found = look(dish([0, 10, 20, 30], [20, 40, 60, 80], cells=0), "lifetime.restricted_mean", horizon_min=45.0)
    assert (found.n, found.n_unit) == (1, "experiments")
    assert "independent" in found.note
    assert found.low < found.value < found.high
    median = look(dish([0, 10, 20, 30], [20, 40, 60, 80], cells=0), "lifetime.median")
    assert median.low <= 30 <= median.high or math.isnan(median.high)


def test_an_unknown_beginning_is_left_out_and_said():
    made = dish([0, np.nan], [20, 30], entered=[0.0, 0.0], origin="image", stabilised=[np.nan, np.nan])
    found = look(made, "lifetime.mean")
    assert found.value == pytest.approx(20.0)
    assert "1 lives that began at an unknown time" in found.note


def test_no_life_and_no_such_statistic():
    assert "no life" in look(dish([], []), "lifetime.mean").note
    with pytest.raises(RequestError, match="median"):
        look(dish([0], [1]), "lifetime.mean", statistic="mode")
