"""Agreement against published worked examples and against marks of which the overlap is known."""

import math

import numpy as np
import pytest

from migralab.core.errors import DataError
from migralab.imaging.people.agreement import compare_observers, match_objects
from migralab.imaging.people.kappa import cohen_kappa, detection_kappa
from migralab.imaging.people.limits import limits_of_agreement
from migralab.results.observations import Observations, conform, empty_table
from migralab.results.schema import TABLES

# Peak expiratory flow, l/min, first readings: Bland and Altman 1986, Lancet i:307, table 1
LARGE = [494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427]
MINI = [512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451]


def marks(places, diameters=None, attachment=None, frame=0):
    tables = {name: empty_table(name) for name in TABLES}
    if len(places):
        tables["migrasomes"] = conform(
            "migrasomes",
            {
                "frame": [frame] * len(places),
                "x_um": [p[0] for p in places],
                "y_um": [p[1] for p in places],
                "diameter_um": diameters if diameters is not None else [math.nan] * len(places),
                "attachment": attachment or ["unknown"] * len(places),
            },
        )
    return Observations(tables=tables, origin="hand", experiment="x")


def test_limits_are_those_of_the_published_flow_meters():
    found = limits_of_agreement(np.array(MINI, float), np.array(LARGE, float))
    assert found.bias == pytest.approx(-2.1, abs=0.05)
    assert found.sd == pytest.approx(38.8, abs=0.05)
    assert found.bias_interval == pytest.approx((-22.0, 17.8), abs=0.1)
    # the paper takes d +- 2 s (-79.7 and 75.5) and var = 3 s2/n: half a litre a minute away from ours at most
    assert found.low == pytest.approx(-2.12 - 1.96 * 38.77, abs=0.05)
    assert found.low_interval[1] - found.low_interval[0] == pytest.approx(114.3 - 45.1, abs=0.7)
    assert found.high_interval[1] - found.high_interval[0] == pytest.approx(110.1 - 40.9, abs=0.7)


def test_intervals_of_the_limits_cover_what_they_promise():
    rng = np.random.default_rng(5)
    hits = 0
    for _ in range(400):
        one = rng.normal(10, 3, 20)
        found = limits_of_agreement(one, one + rng.normal(0.5, 1.0, 20))
        hits += found.high_interval[0] < 0.5 + 1.96 < found.high_interval[1]
    assert 0.915 < hits / 400 < 0.98


def test_objects_of_one_image_are_not_taken_for_independent():
    rng = np.random.default_rng(6)
    group = np.repeat(np.arange(8), 50).astype(str)
    shift = np.repeat(rng.normal(0, 1, 8), 50) + rng.normal(0, 0.1, 400)
    first = rng.normal(5, 0.5, 400)
    naive, right = (limits_of_agreement(first, first + shift, group=g) for g in (None, group))
    assert naive.bias == pytest.approx(right.bias)
    wide, narrow = (np.diff(found.bias_interval)[0] for found in (right, naive))
    assert wide > 4 * narrow
    assert "8 images" in right.note


def test_scatter_that_grows_with_size_is_said():
    size = np.linspace(1, 20, 60)
    sign = np.where(np.arange(60) % 2 == 0, 1.0, -1.0)
    assert "scatter grows" in limits_of_agreement(size, size + 0.2 * size * sign).note


def test_kappa_is_that_of_the_textbook_and_its_error_that_of_the_delta_method():
    # Fleiss, Statistical methods for rates and proportions, 2nd edition, table 13.1: n = 100, kappa 0.68
    table = np.array([[75, 1, 4], [5, 4, 1], [0, 0, 10]])
    found = cohen_kappa(table)
    assert found.value == pytest.approx(0.68, abs=0.005)
    # by hand: observed 0.7, expected 0.5
    assert cohen_kappa(np.array([[20, 5], [10, 15]])).value == pytest.approx(0.4)
    share, step = table / 100, 1e-5

    def kappa(p):
        chance = (p.sum(axis=1) / p.sum()) @ (p.sum(axis=0) / p.sum())
        return (np.trace(p) / p.sum() - chance) / (1 - chance)

    slope = np.empty((3, 3))
    for cell in np.ndindex(3, 3):
        push = np.zeros((3, 3))
        push[cell] = step
        slope[cell] = (kappa(share + push) - kappa(share - push)) / (2 * step)
    variance = ((share * slope**2).sum() - (share * slope).sum() ** 2) / 100
    assert (found.high - found.low) / 2 / 1.959964 == pytest.approx(variance**0.5, rel=1e-5)


def test_kappa_covers_what_it_promises():
    rng = np.random.default_rng(2)
    share = np.array([[0.4, 0.1], [0.15, 0.35]])
    truth = cohen_kappa((share * 1e6).astype(int)).value
    found = [cohen_kappa(rng.multinomial(150, share.ravel()).reshape(2, 2)) for _ in range(500)]
    assert 0.92 < np.mean([k.low < truth < k.high for k in found]) < 0.98


def test_kappa_of_free_marks_is_unknown_and_goes_to_f1_with_many_negatives():
    free = detection_kappa(80, 10, 20, None)
    assert math.isnan(free.value)
    assert "none known" in free.negatives
    assert detection_kappa(80, 10, 20, 0).value < 0  # on the union alone it says nothing, however well they agree
    f1 = 2 * 80 / (2 * 80 + 10 + 20)
    assert detection_kappa(80, 10, 20, 10**7).value == pytest.approx(f1, abs=1e-4)
    assert "10000000 candidates" in detection_kappa(80, 10, 20, 10**7).negatives


def test_matching_finds_as_many_pairs_as_there_can_be():
    # nearest first would take (0.0, 0.2) and leave two alone
    first, second = np.array([[0.0, 0], [0.45, 0]]), np.array([[0.2, 0], [-0.29, 0]])
    np.testing.assert_array_equal(match_objects(first, second), [[0, 1], [1, 0]])
    far = np.array([[0.9, 0.0]])
    assert len(match_objects(np.zeros((1, 2)), far)) == 0
    assert len(match_objects(np.zeros((1, 2)), far, diameters=(np.array([2.0]), np.array([np.nan])))) == 1


def test_two_observers_with_a_known_overlap():
    rng = np.random.default_rng(3)
    first, second, offered = {}, {}, {}
    for number in range(6):
        name = f"image{number}"
        shared = np.stack([np.arange(10) * 5.0, np.full(10, 3.0)], 1)
        size = rng.uniform(0.5, 2, 10)
        alone_one, alone_two = [[2.0, 20.0], [9.0, 20.0]], [[2.0, 30.0]]
        first[name] = marks([*shared, *alone_one], [*size, 1.0, 1.0], ["tip"] * 5 + ["shaft"] * 5 + ["free"] * 2)
        second[name] = marks(
            [*(shared + 0.1), *alone_two], [*(size + 0.2), 1.0], ["tip"] * 6 + ["shaft"] * 4 + ["free"]
        )
        offered[name] = marks([*shared, *alone_one, *alone_two, *[[k * 5.0, 40.0] for k in range(7)]])
    found = compare_observers(first, second, candidates=offered)
    assert (found.both, found.only_first, found.only_second) == (60, 12, 6)
    assert found.f1 == pytest.approx(20 / 23)
    assert found.f1_interval == pytest.approx((20 / 23, 20 / 23))  # all images are alike
    assert found.counts.bias == pytest.approx(-1)
    assert found.diameters.bias == pytest.approx(0.2)
    assert found.diameters.sd == pytest.approx(0, abs=1e-9)
    table = np.array([[60, 12], [6, 42]])
    assert found.kappa.value == pytest.approx(cohen_kappa(table).value)
    assert found.kappa_attachment.value == pytest.approx(cohen_kappa(np.array([[30, 0], [6, 24]])).value)
    assert list(found.images["both"]) == [10] * 6
    assert found.pairs["distance_um"].to_numpy() == pytest.approx(np.hypot(0.1, 0.1))


def test_frames_are_matched_each_for_itself_and_images_must_be_the_same():
    one, other = {"a": marks([[1, 1]], frame=0)}, {"a": marks([[1, 1]], frame=1)}
    found = compare_observers(one, other)
    assert (found.both, found.only_first, found.only_second) == (0, 1, 1)
    assert math.isnan(found.f1_interval[0])
    assert "1 images" in found.notes[0]
    with pytest.raises(DataError, match="'b' was not seen by all"):
        compare_observers(one, {**other, "b": marks([])})
    empty = compare_observers({"a": marks([])}, {"a": marks([])})
    assert math.isnan(empty.f1)
