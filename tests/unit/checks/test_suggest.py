"""Replicates against tables of power, and two explanations whose difference is known."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from migralab.checks.suggest import are_identical, choose, compare, power, rank, replicates, suggest, suggest_each
from migralab.core.errors import RequestError, UnknownIdError
from tests.unit.checks.experiments import walk


@pytest.mark.parametrize(("effect", "n"), [(0.2, 394), (0.5, 64), (0.8, 26), (1.0, 17)])
def test_two_groups_need_what_cohens_tables_say(effect, n):
    """Cohen 1988, table 2.4.1: two-sided at 5 %, power 80 % (n = 393, 64, 26, 17; 394 by G*Power for the first)."""
    assert replicates(effect, 1.0, groups=2) == n


@pytest.mark.parametrize(("effect", "n"), [(0.2, 199), (0.5, 34), (0.8, 15), (1.0, 10)])
def test_pairs_need_what_g_power_says(effect, n):
    assert replicates(effect, 1.0, groups=1) == n


@pytest.mark.parametrize("groups", [1, 2])
def test_power_is_the_share_of_experiments_that_see_it(groups):
    rng, n, effect = np.random.default_rng(7), 9, 1.1
    drawn = rng.standard_normal((groups, n, 40_000))
    drawn[0] += effect
    means, variances = drawn.mean(axis=1), drawn.var(axis=1, ddof=1)
    t = (means[0] - (means[1] if groups == 2 else 0.0)) / np.sqrt(variances.mean(axis=0) * groups / n)
    from scipy.special import stdtrit

    seen = np.mean(np.abs(t) > stdtrit(groups * (n - 1), 0.975))
    assert power(effect, n, groups=groups) == pytest.approx(seen, abs=0.01)


def test_power_grows_with_n_and_has_the_level_of_the_test_without_an_effect():
    values = [power(0.7, n, groups=2) for n in range(2, 200)]
    assert all(b > a or a > 1 - 1e-9 for a, b in pairwise(values))
    assert power(0.0, 12, groups=1) == pytest.approx(0.05)
    assert power(49.0, 3, groups=2) == pytest.approx(1.0)


def test_what_can_never_be_seen_and_what_is_seen_at_once():
    assert replicates(0.0, 1.0, groups=2) is None
    assert replicates(float("nan"), 1.0, groups=2) is None
    assert replicates(0.001, 1.0, groups=2) is None
    assert replicates(1.0, 0.0, groups=2) == 2
    assert replicates(1.0, 1e-9, groups=1) == 2


def dishes(ratio, *, noise, seeds=40, key=1):
    """Return an arm and its reference: log-normal dishes of their own, whose ratio is known."""
    rng = np.random.default_rng(key)
    z = rng.standard_normal((2, seeds))
    z = (z - z.mean(axis=1, keepdims=True)) / z.std(axis=1, ddof=1, keepdims=True)
    return ratio * np.exp(noise * z[0]), np.exp(noise * z[1])


def compared(first, second, *, arm="fast"):
    values = {}
    for name, (own, reference) in (("one", first), ("two", second)):
        values[name] = {arm: {"speed.mean": own}, "rest": {"speed.mean": reference}}
    rows, skipped = compare(walk(), values, [arm, "rest"], ["speed.mean"])
    return rows, skipped


def test_what_each_expects_and_how_far_apart_that_is():
    rows, _ = compared(dishes(2.0, noise=0.3), dishes(1.0, noise=0.3, key=2))
    (row,) = rows
    assert (row.arm, row.against, row.proposed, row.scale, row.separates) == ("fast", "rest", False, "log-ratio", True)
    assert row.expected["one"].value == pytest.approx(2.0)
    assert row.expected["two"].value == pytest.approx(1.0)
    assert row.difference.value == pytest.approx(np.log(2.0))
    assert row.sd == pytest.approx(0.3)
    assert row.replicates == replicates(np.log(2.0), 0.3, groups=2)
    assert row.replicates_paired == replicates(np.log(2.0), row.sd_paired, groups=1)


def test_an_experiment_effect_counts_where_dishes_are_on_their_own_and_cancels_in_pairs():
    effect = np.exp(0.5 * np.random.default_rng(3).standard_normal(40))
    (quiet,), _ = compared(dishes(2.0, noise=0.1), dishes(1.0, noise=0.1, key=2))
    (noisy,), _ = compared(
        tuple(part * effect for part in dishes(2.0, noise=0.1)),
        tuple(part * effect for part in dishes(1.0, noise=0.1, key=2)),
    )
    assert noisy.sd > 4 * quiet.sd
    assert noisy.sd_paired == pytest.approx(quiet.sd_paired)
    assert noisy.replicates > quiet.replicates


def test_less_than_a_fifth_does_not_separate_however_clear():
    (row,), _ = compared(dishes(1.1, noise=0.01), dishes(1.0, noise=0.01, key=2))
    assert row.difference.low > 0
    assert not row.separates


def test_the_more_is_compared_the_clearer_a_difference_must_be():
    """One of many differences is clear by chance alone: the limit is that of all comparisons together."""
    from migralab.checks.suggest import _separate

    first, second = dishes(1.5, noise=0.45), dishes(1.0, noise=0.45, key=2)
    samples = np.stack([first, second])
    assert _separate(samples, 1).separates
    assert not _separate(samples, 1000).separates


def test_where_a_dish_has_nothing_half_of_the_least_is_added():
    own, reference = dishes(2.0, noise=0.1)
    own = own.copy()
    own[0] = 0.0
    other = dishes(1.0, noise=0.1, key=2)
    (row,), _ = compared((own, reference), other)
    assert (row.scale, row.all_or_nothing) == ("log-ratio-with-zeros", False)
    assert row.expected["one"].value == pytest.approx(own.mean() / reference.mean())
    half = min(own[1:].min(), reference.min(), *(part.min() for part in other)) / 2
    effects = [np.log(a + half) - np.log(b + half) for a, b in ((own, reference), other)]
    assert row.difference.value == pytest.approx((effects[0] - effects[1]).mean())
    assert row.sd_paired == pytest.approx(np.sqrt(np.mean([e.var(ddof=1) for e in effects])))


def test_only_what_can_be_negative_is_compared_by_differences():
    own, reference = dishes(2.0, noise=0.1)
    (row,), _ = compared((own - 5.0, reference - 5.0), dishes(1.0, noise=0.1, key=2))
    assert (row.scale, row.unit) == ("difference", "um/min")
    assert row.expected["one"].value == pytest.approx((own - reference).mean())


def test_all_or_nothing_comes_first_and_takes_two_or_three_dishes():
    """A platelet that cannot crawl: 9 vesicles shed stay 9, 0.9 left behind go to 0."""
    shed, left = dishes(1.0, noise=0.3), dishes(1.0, noise=0.3, key=2)
    still = ((9 * shed[0], 9 * shed[1]), (np.zeros(40), 0.9 * left[1]))
    (row,), _ = compared(*still, arm="still")
    assert row.all_or_nothing
    assert row.separates
    assert row.replicates in (2, 3)
    assert row.replicates_paired in (2, 3)
    (fold,), _ = compared(dishes(16.0, noise=0.01), dishes(2.0, noise=0.01, key=2))
    assert rank([fold, row]) == (row, fold)


def test_it_is_not_all_or_nothing_where_the_reference_says_the_same():
    own, reference = dishes(2.0, noise=0.1)
    (row,), _ = compared((own, reference), (np.zeros(40), np.zeros(40)))
    assert not row.all_or_nothing


def test_each_account_keeps_its_own_spread():
    (row,), _ = compared(dishes(2.0, noise=0.8), dishes(1.0, noise=0.1, key=2))
    assert row.sd == pytest.approx(np.sqrt((0.8**2 + 0.1**2) / 2))


def test_accounts_that_are_the_same_experiment_are_found_out():
    values = {"a": {"speed.mean": np.array([1.0, np.nan])}}
    other = {"a": {"speed.mean": np.array([1.0, 2.0])}}
    assert are_identical({"one": values, "two": values}, ["a"], ["speed.mean"])
    assert not are_identical({"one": values, "two": other}, ["a"], ["speed.mean"])
    ways = suggest(walk(), between=("as-written", "matrix"), seeds=3)
    assert not ways.identical
    assert ways.apart_in_control == ("speed.mean",)


def test_dishes_without_a_value_are_few_or_the_row_is_left_out():
    own, reference = dishes(2.0, noise=0.1)
    own = own.copy()
    own[:3] = np.nan
    rows, skipped = compared((own, reference), dishes(1.0, noise=0.1, key=2))
    assert (len(rows), skipped) == (1, [])
    own[:9] = np.nan
    rows, skipped = compared((own, reference), dishes(1.0, noise=0.1, key=2))
    assert rows == []
    assert skipped == ["speed.mean of fast (31 of 40 seeds)"]


def test_the_cheapest_experiment_comes_first_and_a_published_one_before_a_proposed_one():
    (cheap,), _ = compared(dishes(4.0, noise=0.2), dishes(1.0, noise=0.2, key=2))
    (dear,), _ = compared(dishes(1.5, noise=0.4), dishes(1.0, noise=0.4, key=2))
    (weak,), _ = compared(dishes(1.1, noise=0.01), dishes(1.0, noise=0.01, key=2))
    (proposed,), _ = compared(dishes(4.0, noise=0.2), dishes(1.0, noise=0.2, key=2), arm="still")
    assert proposed.proposed
    assert rank([weak, dear, proposed, cheap]) == (cheap, proposed, dear, weak)


def test_two_explanations_of_cells_that_walk_are_told_apart_as_they_must():
    """Both have one mean speed, so no arm tells them apart; the ways change the speed, so every arm does."""
    same = suggest(walk(), seeds=3)
    assert same.between == ("as-written", "stuck")
    assert [row for row in same.rows if row.separates] == []
    ways = suggest(walk(), between=("as-written", "matrix"), seeds=3)
    best = next(row for row in ways.rows if row.arm == "fast")
    assert best.separates
    assert best.expected["as-written"].value == pytest.approx(2.0, rel=0.1)
    assert best.expected["matrix"].value == pytest.approx(0.5, rel=0.1)
    assert ways.dishes == 2 * 3 * 4
    none = suggest(walk(), between=("as-written", "contact"), seeds=2)
    assert none.impossible == {"small": "not under contact: there is no motility.contact.diameter to be changed"}


def test_several_pairs_give_what_each_gives_alone():
    """An explanation of two pairs is run once, and an arm that only one pair cannot do stays in the other."""
    pairs = [("as-written", "matrix"), ("as-written", "contact"), ("matrix", "contact")]
    together = suggest_each(walk(), pairs, seeds=2)
    assert together == [suggest(walk(), between=pair, seeds=2) for pair in pairs]
    assert [set(own.impossible) for own in together] == [set(), {"small"}, {"small"}]


def test_an_entry_without_two_explanations_is_refused():
    assert choose(walk(), None) == ("as-written", "stuck")
    with pytest.raises(UnknownIdError, match="explanation or way of signalling of walk 'stick'"):
        choose(walk(), ("as-written", "stick"))
    with pytest.raises(RequestError, match="two different explanations"):
        choose(walk(), ("stuck", "stuck"))
    bare = walk().model_copy(update={"explanations": {}, "signalling": None})
    with pytest.raises(RequestError, match="walk has none to be told apart"):
        choose(bare, None)
