"""Effect sizes against textbook formulas and by coverage; the replicate is n and nothing else."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from migralab.core.errors import DataError, RequestError, UnknownIdError
from migralab.imaging.experiment.effects import find_permutation_p, hedges_g, mean_difference, mean_ratio
from migralab.imaging.experiment.statistics import WARNING, compare_conditions


def objects(means, days=None, n=30, seed=0):
    """One row per vesicle; `means` by condition and replicate."""
    rng = np.random.default_rng(seed)
    rows = [
        {"condition": condition, "replicate": f"{condition}{k}", "day": days[k] if days else "", "cell_id": c,
         "diameter_um": mean * math.exp(0.2 * rng.standard_normal() - 0.02)}
        for condition, each in means.items() for k, mean in enumerate(each) for c in range(n)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_unpaired_ratio_and_difference_are_welchs():
    one, other = np.array([2.0, 2.4, 3.1]), np.array([1.1, 1.6, 1.4, 1.3])
    ratio = mean_ratio(one, other, paired=False)
    expected = stats.ttest_ind(np.log(one), np.log(other), equal_var=False).confidence_interval(0.95)
    assert ratio.value == pytest.approx(stats.gmean(one) / stats.gmean(other))
    assert (ratio.low, ratio.high) == pytest.approx((math.exp(expected.low), math.exp(expected.high)))
    difference = mean_difference(one, other, paired=False)
    expected = stats.ttest_ind(one, other, equal_var=False).confidence_interval(0.95)
    assert (difference.low, difference.high) == pytest.approx((expected.low, expected.high))


def test_paired_ratio_and_difference_are_those_of_pairs():
    one, other = np.array([2.0, 4.0, 9.0]), np.array([1.0, 2.0, 4.0])
    ratio = mean_ratio(one, other, paired=True)
    assert ratio.value == pytest.approx(np.exp(np.log(one / other).mean()))
    difference = mean_difference(one, other, paired=True)
    expected = stats.ttest_rel(one, other).confidence_interval(0.95)
    assert (difference.low, difference.high) == pytest.approx((expected.low, expected.high))
    # 4 to 9 times more between days than between conditions: pairing sees the twofold change
    assert ratio.low > 1.5
    assert mean_ratio(one, other, paired=False).low < 1


def test_hedges_g_is_that_of_a_worked_example_and_its_interval_covers():
    # Borenstein et al. 2009, Introduction to meta-analysis, chapter 4: means 103, 100, sd 5.5, 4.5, n 50 each
    def sample(mean, sd):
        x = np.linspace(-1, 1, 50)
        return mean + sd * (x - x.mean()) / x.std(ddof=1)

    found = hedges_g(sample(103.0, 5.5), sample(100.0, 4.5), paired=False)
    assert found.value == pytest.approx(0.5924, abs=1e-4)
    assert (found.high - found.low) / 2 / 1.96 == pytest.approx(0.2028, abs=0.003)
    rng = np.random.default_rng(1)
    hits = sum(
        found.low < 1.5 < found.high
        for found in (hedges_g(rng.normal(1.5, 1, 4), rng.normal(0, 1, 4), paired=False) for _ in range(300))
    )
    assert 0.92 < hits / 300 < 0.985
    pairs = [hedges_g(rng.normal(1.0, 1, 5), np.zeros(5), paired=True) for _ in range(300)]
    assert np.mean([g.value for g in pairs]) == pytest.approx(1.0, abs=0.15)
    assert math.isnan(hedges_g(np.array([1.0]), np.array([2.0]), paired=False).value)


def test_permutation_p_is_exact_and_says_the_smallest_there_can_be():
    one, other = np.array([5.0, 6, 7]), np.array([1.0, 2, 3])
    assert find_permutation_p(one, other, paired=False) == pytest.approx((0.1, 0.1))
    assert find_permutation_p(one, other, paired=True) == pytest.approx((0.25, 0.25))
    values = [3.0, 5.0, 8.0, 1.0, 4.0]
    seen = abs(np.mean(values[:2]) - np.mean(values[2:]))
    all_of = [
        abs(np.mean([values[i] for i in c]) - np.mean([values[i] for i in range(5) if i not in c]))
        for c in itertools.combinations(range(5), 2)
    ]
    p, smallest = find_permutation_p(np.array(values[:2]), np.array(values[2:]), paired=False)
    assert p == pytest.approx(np.mean(np.array(all_of) >= seen - 1e-12))
    assert smallest == pytest.approx(0.1)
    rng = np.random.default_rng(2)
    many = [find_permutation_p(rng.normal(size=12), rng.normal(size=12), paired=False)[0] for _ in range(60)]
    assert 0.3 < np.mean(many) < 0.7


def test_the_replicate_is_n_and_the_model_says_what_objects_are_worth():
    table = objects({"drug": [1.5, 1.1, 1.4], "control": [1.0, 0.8, 0.9]}, n=60)
    found = compare_conditions(table, "diameter_um", first="drug", second="control")
    assert found.ratio.n == (3, 3)
    assert found.means["drug"].n == 3
    assert found.means["drug"].n_unit == "experiments"
    assert found.ratio.value == pytest.approx(1.33 / 0.9, rel=0.05)
    assert found.smallest_p == pytest.approx(0.1)
    assert found.model.objects == 360
    assert found.model.effective_n < 60
    assert found.model_effect.value == pytest.approx(found.difference.value, rel=0.02)
    assert any("times too narrow" in note for note in found.notes)
    assert not any(note.startswith(WARNING) for note in found.notes)


def test_cells_and_vesicles_as_n_are_warned_of():
    table = objects({"drug": [1.5, 1.1, 1.4], "control": [1.0, 0.8, 0.9]})
    table["cell_id"] = np.arange(len(table))
    found = compare_conditions(table, "diameter_um", first="drug", second="control", replicate="cell_id")
    assert found.notes[0].startswith(WARNING)
    right = compare_conditions(table, "diameter_um", first="drug", second="control")
    assert np.log(found.ratio.high / found.ratio.low) < 0.5 * np.log(right.ratio.high / right.ratio.low)
    table["thing"] = np.arange(len(table))
    again = compare_conditions(table, "diameter_um", first="drug", second="control", replicate="thing")
    assert "replicate of its own" in again.notes[0]


def test_days_pair_where_they_are_given():
    days = ["mon", "tue", "wed"]
    table = objects({"drug": [1.5, 3.0, 0.75], "control": [1.0, 2.0, 0.5]}, days)
    found = compare_conditions(table, "diameter_um", first="drug", second="control")
    assert found.paired
    assert found.ratio.value == pytest.approx(1.5, rel=0.05)
    assert found.ratio.low > 1.3
    assert found.model.freedom == 2  # 6 replicates less condition and three days
    loose = compare_conditions(table, "diameter_um", first="drug", second="control", paired=False)
    assert loose.ratio.low < 1
    with pytest.raises(RequestError, match="Pairing needs a day"):
        compare_conditions(
            objects({"drug": [1, 2], "control": [1, 2]}), "diameter_um", first="drug", second="control", paired=True
        )


def test_one_replicate_gives_no_interval_and_says_so():
    found = compare_conditions(
        objects({"drug": [1.5], "control": [1.0, 0.9]}), "diameter_um", first="drug", second="control"
    )
    assert math.isnan(found.ratio.low)
    assert math.isnan(found.permutation_p)
    assert any("one replicate" in note and note.startswith(WARNING) for note in found.notes)


def test_a_replicate_of_zero_has_no_logarithm():
    table = pd.DataFrame(
        {"condition": ["a", "a", "b", "b"], "replicate": ["1", "2", "3", "4"], "count": [0.0, 2.0, 4.0, 4.0]}
    )
    found = compare_conditions(table, "count", first="a", second="b")
    assert found.ratio.value == pytest.approx(0.25)
    assert math.isnan(found.ratio.low)
    assert found.model is None
    assert found.difference.value == pytest.approx(-3)
    assert found.notes == (f"{WARNING}all replicates of 'b' are equal: an interval without width means nothing.",)


def test_wrong_tables_are_refused():
    table = objects({"drug": [1.5, 2], "control": [1.0, 0.9]})
    with pytest.raises(UnknownIdError, match="control"):
        compare_conditions(table, "diameter_um", first="drug", second="contrl")
    with pytest.raises(DataError, match="no column 'size'"):
        compare_conditions(table, "size", first="drug", second="control")
    with pytest.raises(RequestError, match="with itself"):
        compare_conditions(table, "diameter_um", first="drug", second="drug")
    table.loc[table["condition"] == "drug", "diameter_um"] = np.nan
    with pytest.raises(DataError, match="'drug' has no diameter_um"):
        compare_conditions(table, "diameter_um", first="drug", second="control")
