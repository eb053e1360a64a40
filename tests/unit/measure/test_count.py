import math

import numpy as np
import pytest

from migralab.core.errors import RequestError
from tests.unit.measure.made import look, observe, three_cells


def test_migrasomes_on_the_ground_are_counted_and_precursors_are_not():
    found = look(three_cells(), "count.per_cell")
    assert found.value == pytest.approx(6 / 3)
    assert (found.n, found.n_unit) == (3, "cells")
    assert found.low <= found.value <= found.high


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("count.per_cell@attached", 4 / 3),
        ("count.per_cell@detached", 2 / 3),
        ("count.per_cell@stabilised", 5 / 3),
        ("count.per_100um_laid", 100 * 6 / 300),
        ("count.per_100um_intact", 100 * 6 / 200),
        ("count.positive_cells", 2 / 3),
        ("attached.share", 4 / 6),
        ("dispersion.zeros", 1 / 3),
        ("dispersion.variance_to_mean", 2.0),  # counts 4, 2, 0: variance 4, mean 2
        ("dispersion.max_to_mean", 2.0),
    ],
)
def test_counts_come_out_as_counted_by_hand(name, expected):
    assert look(three_cells(), name).value == pytest.approx(expected)


def test_detached_per_mm2_needs_the_area_of_the_field():
    known = look(three_cells(field_area_um2=5e5), "count.detached_per_mm2")
    assert known.value == pytest.approx(2 / 0.5)
    unknown = look(three_cells(), "count.detached_per_mm2")
    assert math.isnan(unknown.value)
    assert "field_area_um2" in unknown.note


def test_a_smallest_diameter_can_be_asked_for():
    assert look(three_cells(), "count.per_cell", min_diameter_um=0.7).value == pytest.approx(4 / 3)


def test_an_unknown_choice_of_migrasomes_is_refused():
    with pytest.raises(RequestError, match="attached"):
        look(three_cells(), "count.per_cell", which="red")


def test_no_cell_is_no_count_per_cell():
    found = look(three_cells(cells=None), "count.per_cell")
    assert math.isnan(found.value)
    assert "no cells" in found.note
    density = look(three_cells(cells=None, origin="image"), "count.per_100um_intact")
    assert density.value == pytest.approx(3.0)
    assert (density.n, density.n_unit) == (1, "experiments")
    assert math.isnan(density.low)


def test_a_dish_without_migrasomes_has_an_upper_end():
    found = look(three_cells(migrasomes=None), "count.per_cell")
    assert (found.value, found.low) == (0.0, 0.0)
    # exp(-3.6889) = 0.025: nothing is seen in 2.5 % of dishes with that total
    assert found.high == pytest.approx(-math.log(0.025) / 3)


def test_migrasomes_without_owner_belong_to_the_field_but_to_no_cell():
    table = {"frame": [0] * 4, "cell_id": [7, 7, 3, -1], "attached": [True] * 4}
    found = look(three_cells(migrasomes=table), "count.per_cell")
    assert found.value == pytest.approx(4 / 3)
    assert "1 of 4" in found.note
    positive = look(three_cells(migrasomes=table), "count.positive_cells")
    assert positive.value == pytest.approx(2 / 3)
    assert "left out" in positive.note


def test_most_owners_unknown_is_no_distribution_over_cells():
    table = {"frame": [0] * 3, "cell_id": [7, -1, -1]}
    assert math.isnan(look(three_cells(migrasomes=table), "dispersion.k").value)
    assert math.isnan(look(three_cells(migrasomes=table), "count.per_cell").low)


def test_laid_length_is_unknown_in_an_image():
    found = look(three_cells(origin="image"), "count.per_100um_laid")
    assert math.isnan(found.value)
    assert "laid length is unknown" in found.note


def test_an_image_that_does_not_know_places_does_not_call_them_detached():
    table = {"frame": [0] * 3, "cell_id": [7, 7, 3], "attachment": ["free", "unknown", "unknown"]}
    assert look(three_cells(migrasomes=table, origin="image"), "count.per_cell@detached").value == pytest.approx(1 / 3)
    assert look(three_cells(migrasomes=table), "count.per_cell@detached").value == pytest.approx(1.0)


def test_formed_counts_the_gone_and_not_the_collapsed():
    lives = {
        "cell_id": [7, 7, 3, 3], "appeared_min": [0.0, 1.0, 2.0, 3.0], "entered_min": [0.0, 1.0, 2.0, 3.0],
        "stabilised_min": [1.0, np.nan, 3.0, 50.0], "gone_min": [20.0, 2.0, np.nan, np.nan], "last_min": [30.0] * 4,
        "fate": ["ruptured", "collapsed", "present", "present"],
    }  # fmt: skip
    dish = three_cells(lives=lives, frames_min=(30.0,))
    assert look(dish, "count.formed_per_cell").value == pytest.approx(2 / 3)
    assert look(dish, "count.formed_per_100um_laid").value == pytest.approx(100 * 2 / 300)
    assert "lives" in look(three_cells(), "count.formed_per_cell").note


def test_fibres_that_were_not_stored_are_not_taken_for_none():
    found = look(three_cells(fibres=None), "count.per_100um_intact")
    assert math.isnan(found.value)
    assert "not stored" in found.note


def test_the_interval_is_over_cells_and_not_over_vesicles():
    # Ten cells with 30 each on one of two cells only: 150 vesicles, but five cells decide
    ids = np.repeat(np.arange(0, 10, 2), 30)
    dish = observe(
        cells={"frame": [0] * 10, "cell_id": np.arange(10)},
        migrasomes={"frame": [0] * 150, "cell_id": ids, "migrasome_id": np.arange(150)},
    )
    found = look(dish, "count.per_cell")
    # Sum of ten draws of 0 or 30: standard error 15/sqrt(10) = 4.7; a count of 150 vesicles would give 1.2
    assert found.high - found.low == pytest.approx(2 * 1.96 * 4.74, rel=0.15)
    assert found.n == 10


def test_every_count_says_what_its_design_can_see():
    for name in ("count.per_cell", "count.per_100um_laid", "count.per_cell@attached"):
        note = look(three_cells(), name).note
        assert "30% fall" in note
        assert "150 cells a group" in note
