import math

import numpy as np
import pytest

from migralab.core.errors import RequestError, UnknownIdError
from migralab.measure import Readout, Readouts, combine, measure, ratio
from tests.unit.measure.made import observe, three_cells


def readouts(experiment, condition="a", **values):
    return Readouts(
        Readout(id=name, value=value, unit="um", n=50, experiment=experiment, condition=condition, method="made")
        for name, value in values.items()
    )


def test_the_mean_is_over_experiments_with_students_interval():
    found = combine([readouts(str(i), x=v) for i, v in enumerate((1.0, 2.0, 6.0))])["x"]
    assert found.value == pytest.approx(3.0)
    # t(0.975, 2) = 4.3027, s = sqrt(7)
    half = 4.302653 * math.sqrt(7) / math.sqrt(3)
    assert (found.low, found.high) == (pytest.approx(3 - half), pytest.approx(3 + half))
    assert (found.n, found.n_unit) == (3, "experiments")
    assert found.experiment == "0, 1, 2"


def dish(experiment, counts):
    ids = np.repeat(np.arange(len(counts)), counts)
    return observe(
        cells={"frame": [0] * len(counts), "cell_id": np.arange(len(counts))},
        migrasomes={"frame": [0] * len(ids), "cell_id": ids}, experiment=experiment,
    )  # fmt: skip


def test_pooled_objects_are_never_n():
    # One dish of 100 cells with 1 each, one of 2 cells with 9 each: 118 vesicles on 102 cells
    members = [measure(dish("big", [1] * 100)), measure(dish("small", [9, 9]))]
    found = combine(members)["count.per_cell"]
    assert found.value == pytest.approx((1 + 9) / 2)  # pooled: 118 / 102
    assert found.n == 2
    for readout in combine(members).values():
        assert readout.n <= 2
        assert readout.n_unit == "experiments"
    for member, cells in zip(members, (100, 2), strict=True):
        for readout in member.values():
            assert readout.n <= cells
            assert readout.n_unit in {"cells", "experiments"}


def test_one_experiment_has_no_interval_and_says_so():
    found = combine([readouts("1", x=5.0)])["x"]
    assert found.value == 5.0
    assert math.isnan(found.low)
    assert math.isnan(found.high)
    assert "one experiment: no interval" in found.note


def test_an_experiment_without_a_value_is_not_a_zero():
    found = combine([readouts("1", x=4.0), readouts("2", x=math.nan), readouts("3", x=6.0)])["x"]
    assert found.value == pytest.approx(5.0)
    assert found.n == 2
    assert "1 of 3 experiments have no value" in found.note
    nothing = combine([readouts("1", x=math.nan), readouts("2", x=math.nan)])["x"]
    assert math.isnan(nothing.value)
    assert nothing.n == 0


def test_a_readout_that_one_experiment_lacks_is_said_to_lack():
    found = combine([readouts("1", x=4.0, y=1.0), readouts("2", x=6.0)])
    assert list(found) == ["x", "y"]
    assert "1 of 2 experiments have no value" in found["y"].note


def test_the_same_experiment_twice_is_pseudo_replication():
    with pytest.raises(RequestError, match="more than once"):
        combine([readouts("1", x=1.0), readouts("1", x=1.1)])


def test_conditions_are_not_mixed():
    with pytest.raises(RequestError, match="different conditions"):
        combine([readouts("1", "a", x=1.0), readouts("2", "b", x=1.1)])
    with pytest.raises(RequestError, match="no readouts"):
        combine([])
    with pytest.raises(RequestError, match="no readouts"):
        combine([Readouts()])


def test_k_is_averaged_by_its_reciprocal_so_that_an_infinite_one_counts():
    made = [
        Readouts([Readout(id="dispersion.k", value=k, unit="", experiment=str(i))])
        for i, k in enumerate((0.5, 1.0, math.inf))
    ]
    found = combine(made)["dispersion.k"]
    assert found.value == pytest.approx(1 / 1.0)  # (2 + 1 + 0) / 3
    assert found.high == math.inf
    assert 0 < found.low < 1
    steady = combine(
        [Readouts([Readout(id="dispersion.k", value=k, unit="", experiment=str(k))]) for k in (0.50, 0.52)]
    )["dispersion.k"]
    assert steady.low < steady.value < steady.high < math.inf
    flat = combine([Readouts([Readout(id="dispersion.k", value=math.inf, unit="", experiment="1")])])
    assert flat["dispersion.k"].value == math.inf
    assert math.isnan(flat["dispersion.k"].low)


def test_what_all_experiments_say_is_kept_and_the_power_of_the_nearest():
    members = [measure(dish(str(i), counts), ["count.per_cell"]) for i, counts in enumerate(([0, 4], [1, 9], [0, 30]))]
    note = combine(members)["count.per_cell"].note
    assert "mean 5, " in note
    assert "as in experiment 1, nearest the mean" in note
    same = combine([measure(dish(name, [0, 4]), ["count.per_cell"]) for name in "ab"])["count.per_cell"].note
    assert same.count("power:") == 1


def test_the_method_keeps_its_name_and_drops_the_interval_of_one_experiment():
    members = [measure(three_cells(experiment=name), ["count.per_cell"]) for name in "ab"]
    assert "bootstrap" in members[0]["count.per_cell"].method
    assert "no interval over experiments" in members[0]["count.per_cell"].method
    found = combine(members)["count.per_cell"].method
    assert "migrasomes on the ground over cells" in found
    assert "t interval over experiments" in found
    assert "bootstrap" not in found


def test_a_ratio_is_paired_within_experiments():
    first = [readouts(name, "treated", x=v) for name, v in (("1", 2.0), ("2", 8.0), ("9", 50.0))]
    second = [readouts(name, "control", x=v) for name, v in (("2", 16.0), ("1", 2.0))]
    found = ratio(first, second, "x")
    assert found.value == pytest.approx(math.sqrt(1.0 * 0.5))
    half = 12.7062 * (math.log(2) / math.sqrt(2)) / math.sqrt(2)  # t(0.975, 1)
    assert math.log(found.high / found.value) == pytest.approx(half, rel=1e-5)
    assert found.condition == "treated / control"
    assert found.n == 2
    assert "left out: 9" in found.note


def test_a_shared_experiment_effect_cancels_in_a_ratio():
    effects = (0.5, 1.0, 3.0)
    first = [readouts(str(i), "t", x=0.7 * e) for i, e in enumerate(effects)]
    second = [readouts(str(i), "c", x=e) for i, e in enumerate(effects)]
    found = ratio(first, second, "x")
    assert found.value == pytest.approx(0.7)
    assert found.high - found.low < 1e-9
    assert combine(second)["x"].high > 4


def test_a_zero_has_no_logarithm_and_is_not_dropped():
    first = [readouts("1", "t", x=0.0), readouts("2", "t", x=1.0)]
    second = [readouts("1", "c", x=2.0), readouts("2", "c", x=2.0)]
    found = ratio(first, second, "x")
    assert found.value == pytest.approx(0.25)
    assert math.isnan(found.low)
    assert math.isnan(ratio(first[:1], [readouts("1", "c", x=0.0)], "x").value)


def test_a_ratio_of_one_pair_and_of_none():
    one = ratio([readouts("1", "t", x=1.0)], [readouts("1", "c", x=2.0)], "x")
    assert one.value == pytest.approx(0.5)
    assert math.isnan(one.low)
    assert "no interval" in one.note
    unknown = ratio([readouts("1", "t", x=math.nan)], [readouts("1", "c", x=2.0)], "x")
    assert math.isnan(unknown.value)
    with pytest.raises(RequestError, match="same names"):
        ratio([readouts("1", "t", x=1.0)], [readouts("2", "c", x=2.0)], "x")
    with pytest.raises(UnknownIdError, match="count"):
        ratio([readouts("1", "t", count=1.0)], [readouts("1", "c", count=2.0)], "kount")
