"""Each comparison on dishes whose truth is known: the right verdict, and false alarms as rare as stated."""

from __future__ import annotations

import numpy as np
import pytest

from migralab.checks.evaluate import judge
from migralab.checks.page import to_markdown
from migralab.checks.verdict import number, seen
from tests.unit.checks.example import claim, dishes, spread_evenly


def verdict(claimed, values):
    return judge("entry", claimed, values)


def outcomes(claimed, repeats, seeds=20, **means):
    return [verdict(claimed, dishes(seeds, seed, **means)).verdict for seed in range(repeats)]


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (2.0, 6.0, "pass"),
        (0.5, 1.0, "fail"),
        (8.0, 9.0, "fail"),
        (4.1, 9.0, "inconclusive"),
        (3.95, 4.05, "inconclusive"),
    ],
)
def test_an_interval_passes_only_whole(low, high, expected):
    values = {"a": {"count": np.linspace(3.0, 5.0, 40)}}  # mean 4, 95 % interval +- 0.19
    found = verdict(claim("interval", "a", low=low, high=high), values)
    assert found.verdict == expected
    assert found.interval[0] < found.observed < found.interval[1]


def test_a_failing_claim_says_by_how_much():
    found = verdict(claim("interval", "a", low=8.0, high=9.0), dishes(40, a=4.0))
    assert found.by_how_much == pytest.approx(found.observed - 8.0)
    assert found.by_how_much < 0
    assert verdict(claim("interval", "a", low=1.0, high=9.0), dishes(40, a=4.0)).by_how_much == 0.0
    above = verdict(claim("ratio", "a", "b", low=0.5, high=1.2), dishes(40, a=4.0, b=1.0))
    assert above.by_how_much == pytest.approx(above.observed - 1.2)


def test_a_ratio_is_made_within_the_seed():
    found = verdict(claim("ratio", "a", "b", low=1.8, high=2.2), dishes(20, sigma=2.0, noise=0.02, a=4.0, b=2.0))
    assert found.verdict == "pass"
    assert found.effect == pytest.approx(1.0, abs=0.05)  # 2 % noise over 20 seeds


def test_a_sign_needs_effect_interval_and_seeds():
    rises = claim("sign", "a", "b", direction="increase")
    assert verdict(rises, dishes(20, a=4.0, b=2.0)).verdict == "pass"
    assert verdict(rises, dishes(20, a=2.0, b=4.0)).verdict == "fail"
    assert verdict(rises, dishes(20, noise=0.01, a=2.2, b=2.0)).verdict == "fail"  # clear, but only 10 %
    assert verdict(rises, spread_evenly(1.3, 1.0)).verdict == "inconclusive"  # 30 %, but not clear of 0
    assert verdict(rises, spread_evenly(1.3, 0.3)).verdict == "pass"
    assert verdict(rises, spread_evenly(1.19, 0.3)).verdict == "inconclusive"  # clear of 0, but below 20 %
    short = verdict(rises, dishes(19, a=4.0, b=2.0))
    assert (short.verdict, short.note) == ("inconclusive", "19 of 20 seeds")
    assert verdict(claim("sign", "a", "b", direction="decrease"), dishes(20, a=2.0, b=4.0)).verdict == "pass"


def test_a_sign_asks_for_half_the_published_effect():
    values = dishes(20, noise=0.02, a=3.0, b=4.0)
    assert verdict(claim("sign", "a", "b", direction="decrease", published=0.42), values).verdict == "fail"
    assert verdict(claim("sign", "a", "b", direction="decrease", published=0.6), values).verdict == "pass"


def test_a_sign_without_truth_in_it_passes_rarely():
    # two arms alike: the interval is clear of 0 on the claimed side in 2.5 %; 400 repeats, 3 standard errors: 4.8 %
    rises = claim("sign", "a", "b", direction="increase")
    assert outcomes(rises, 400, noise=0.6, a=3.0, b=3.0).count("pass") <= 0.048 * 400


def test_a_true_sign_fails_rarely():
    # true effect exactly the least one: the whole interval lies below it in 2.5 %
    rises = claim("sign", "a", "b", direction="increase")
    assert outcomes(rises, 400, noise=0.3, a=3.6, b=3.0).count("fail") <= 0.048 * 400


def test_a_sign_with_empty_dishes_is_judged_by_means():
    draw = np.random.Generator(np.random.Philox(key=3))
    values = {"a": {"count": draw.poisson(1.0, 30)}, "b": {"count": draw.poisson(6.0, 30)}}
    found = verdict(claim("sign", "a", "b", direction="decrease"), values)
    assert found.verdict == "pass"
    assert "Fieller" in found.method
    nothing = {"a": {"count": np.zeros(20)}, "b": {"count": np.full(20, 3.0)}}
    assert verdict(claim("sign", "a", "b", direction="decrease"), nothing).effect == -1.0
    swapped = verdict(claim("sign", "b", "a", direction="increase"), nothing)
    assert swapped.verdict == "inconclusive"
    assert swapped.observed is None


def test_an_order_is_as_good_as_its_weakest_step():
    rises = claim("order", "a", "b", "c", direction="increase")
    found = verdict(rises, dishes(20, a=1.0, b=2.0, c=3.0))
    assert found.verdict == "pass"
    assert found.observed == pytest.approx(1.5, rel=0.1)  # c/b, with 14 % noise over 20 seeds
    assert verdict(rises, dishes(20, a=1.0, b=3.0, c=2.0)).verdict == "fail"
    assert verdict(rises, dishes(20, noise=0.5, a=1.0, b=2.0, c=2.6)).verdict == "inconclusive"
    falls = claim("order", "a", "b", "c", direction="decrease")
    assert verdict(falls, dishes(20, a=3.0, b=2.0, c=1.0)).verdict == "pass"


def test_an_order_of_arms_alike_passes_hardly_ever():
    # a step alone passes in at most 2.5 %, two steps together in less; 300 repeats, 3 standard errors: 5.2 %
    order = claim("order", "a", "b", "c", direction="increase")
    assert outcomes(order, 300, noise=0.6, a=3.0, b=3.0, c=3.0).count("pass") <= 0.02 * 300


def test_a_true_order_fails_rarely_however_many_steps():
    # every step exactly the least effect: without widening 4 steps would fail in up to 10 %
    order = claim("order", "a", "b", "c", "d", "e", direction="increase")
    means = {arm: 1.2**step for step, arm in enumerate("abcde")}
    assert outcomes(order, 300, noise=0.3, **means).count("fail") <= 0.052 * 300


def test_no_difference_is_shown_and_never_assumed():
    same = claim("equivalence", "a", "b", margin=0.15)
    assert verdict(same, dishes(20, noise=0.05, a=3.0, b=3.0)).verdict == "pass"
    assert verdict(same, dishes(20, noise=0.5, a=3.0, b=3.0)).verdict == "inconclusive"
    assert verdict(same, dishes(20, noise=0.05, a=4.0, b=3.0)).verdict == "fail"
    assert verdict(same, dishes(10, noise=0.05, a=3.0, b=3.0)).verdict == "inconclusive"


def test_arms_that_differ_by_the_margin_pass_as_equal_rarely():
    # at the margin the interval lies inside in 2.5 %
    same = claim("equivalence", "a", "b", margin=0.15)
    assert outcomes(same, 400, noise=0.05, a=3.45, b=3.0).count("pass") <= 0.048 * 400


def test_absence_of_effect_at_the_floor_says_nothing():
    same = claim("equivalence", "a", "b", margin=0.15, floor=0.8)
    found = verdict(same, dishes(20, noise=0.05, a=0.4, b=0.4))
    assert found.verdict == "inconclusive"
    assert "so little cannot fall" in found.note
    assert verdict(same, dishes(20, noise=0.05, a=3.0, b=3.0)).verdict == "pass"


def test_a_rescue_is_the_share_that_comes_back():
    rescue = claim("rescue", "wild", "mutant", "rescued", low=0.5, high=1.1)
    found = verdict(rescue, dishes(30, noise=0.05, wild=4.0, mutant=1.0, rescued=3.4))
    assert found.verdict == "pass"
    assert found.observed == pytest.approx(0.8, abs=0.05)
    assert verdict(rescue, dishes(30, noise=0.05, wild=4.0, mutant=1.0, rescued=1.2)).verdict == "fail"
    nothing_lost = verdict(rescue, dishes(30, noise=0.3, wild=4.0, mutant=4.0, rescued=4.0))
    assert nothing_lost.verdict == "inconclusive"
    assert "nothing is there to be rescued" in nothing_lost.note


def test_a_loss_that_is_not_yet_clear_is_not_called_none():
    """A tenfold fall in three dishes: no difference of means is clear, and yet nobody may say that nothing was lost."""
    rescue = claim("rescue", "wild", "mutant", "rescued", low=0.5, high=1.1)
    wild = np.array([0.5, 4.0, 12.0])
    values = {"wild": wild, "mutant": 0.1 * wild, "rescued": 0.9 * wild}
    found = verdict(rescue, {arm: {"count": own} for arm, own in values.items()})
    assert found.verdict == "inconclusive"
    assert "the mutant's loss is not clear of 0 in 3 dishes" in found.note
    assert "nothing is there" not in found.note
    assert seen(found).endswith(", no limits")
    assert "inf" not in to_markdown([found])


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(-0.01, 0.05, "at most 0.05"), (0.0, 0.7, "at most 0.7"), (-0.5, -0.1, "-0.5 to -0.1")],
)
def test_what_cannot_be_negative_has_no_lower_limit_below_0(low, high, expected):
    values = {"a": {"count": np.linspace(0.0, 0.1, 20)}}
    assert verdict(claim("interval", "a", low=low, high=high), values).expected == expected


def test_numbers_and_time_orders_are_told_in_words_with_units():
    later = claim("time-order", "a", later="first[pool=urine, substance=albumin]")
    early = "first[pool=urine, substance=vesicles]"
    later = later.model_copy(update={"comparison": later.comparison.model_copy(update={"readout": early})})
    first = np.linspace(1000.0, 1100.0, 20)
    values = {"a": {early: first, later.comparison.later: first - np.linspace(700.0, 900.0, 20)}}
    found = judge("entry", later, values, units={early: "min", later.comparison.later: "min"})
    assert found.expected == "vesicles first, albumin later"
    assert seen(found).startswith("albumin first, vesicles 800 min (13.3 h) later [")
    assert (number(7993.2), number(0.0123), number(1e6), number(0.0)) == ("7993", "0.0123", "1e+06", "0")


def test_a_time_order_is_made_within_the_dish():
    later = claim("time-order", "a", later="time.second")
    draw = np.random.Generator(np.random.Philox(key=2))
    first = draw.uniform(0, 500, 20)
    gap = draw.normal(10, 5, 20)
    assert verdict(later, {"a": {"count": first, "time.second": first + gap}}).verdict == "pass"
    assert verdict(later, {"a": {"count": first, "time.second": first - gap}}).verdict == "fail"
    assert verdict(later, {"a": {"count": first, "time.second": first + gap - 10}}).verdict == "inconclusive"
    by_half_an_hour = claim("time-order", "a", later="time.second", min_gap=30.0)
    assert verdict(by_half_an_hour, {"a": {"count": first, "time.second": first + gap}}).verdict == "fail"


def test_an_event_that_never_came_speaks_against_its_being_first():
    later = claim("time-order", "a", later="time.second")
    second = np.linspace(100.0, 300.0, 20)
    never = np.where(np.arange(20) < 12, np.nan, second + 50.0)
    found = verdict(later, {"a": {"count": never, "time.second": second}})
    assert found.verdict == "fail"
    assert found.seeds == 20
    assert found.interval[1] < 0
    assert verdict(later, {"a": {"count": second, "time.second": never}}).verdict == "pass"
    neither = {
        "count": np.where(np.arange(20) < 12, np.nan, 100.0),
        "time.second": np.where(np.arange(20) < 12, np.nan, 200.0),
    }
    assert verdict(later, {"a": neither}).verdict == "inconclusive"


def test_an_exponent_is_a_slope_of_logarithms():
    doses = {"a": 0.1, "b": 1.0, "c": 10.0}
    law = claim("exponent", *doses, doses=list(doses.values()), low=0.6, high=0.75)
    assert verdict(law, dishes(20, noise=0.05, **{arm: dose**0.667 for arm, dose in doses.items()})).verdict == "pass"
    assert verdict(law, dishes(20, noise=0.05, **{arm: dose**1.0 for arm, dose in doses.items()})).verdict == "fail"
    empty = dishes(20, a=1.0, b=2.0, c=3.0)
    empty["a"]["count"][3] = 0.0
    found = verdict(law, empty)
    assert found.verdict == "inconclusive"
    assert "no logarithm" in found.note
