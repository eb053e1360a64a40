import math

import pytest

from migralab.core.errors import RequestError
from tests.unit.measure.made import look, observe, three_cells

NAN = math.nan


def dish(**columns):
    """Two cells: three migrasomes of one, one of the other, and a precursor that nobody counts."""
    migrasomes = {"frame": [0] * 5, "cell_id": [7, 7, 7, 3, 3], "stage": ["stabilised"] * 4 + ["precursor"]}
    return observe(cells={"frame": [0, 0], "cell_id": [7, 3]}, migrasomes=migrasomes | columns)


def test_share_with_rna_is_counted_by_hand():
    found = look(dish(rna_positive=[1.0, 0.0, 0.0, 0.0, 1.0]), "cargo.rna_positive_share")
    assert found.value == pytest.approx(1 / 4)
    assert (found.low, found.high) == (0, pytest.approx(1 / 3))  # either cell alone: 0 of 1, 1 of 3
    assert "from 4 objects" in found.note


def test_unknown_migrasomes_are_left_out_of_the_share():
    assert look(dish(rna_positive=[1.0, 0.0, NAN, NAN, NAN]), "cargo.rna_positive_share").value == 0.5


@pytest.mark.parametrize("kind", ["soluble_protein", "membrane_protein", "mrna", "mirna", "small_vesicles"])
def test_mean_content_is_counted_by_hand(kind):
    assert look(dish(**{kind: [10.0, 20.0, 0.0, 6.0, 99.0]}), f"cargo.{kind}_mean").value == pytest.approx(9)
    assert look(dish(**{kind: [10.0, NAN, 0.0, 6.0, 99.0]}), f"cargo.{kind}_mean").value == pytest.approx(16 / 3)


def test_no_cargo_and_no_migrasome_have_no_value_and_say_why():
    for made in (three_cells(), observe(cells={"frame": [0], "cell_id": [1]}), observe()):
        for name in ("cargo.rna_positive_share", "cargo.mrna_mean"):
            found = look(made, name)
            assert math.isnan(found.value)
            assert "is an image" in found.note


def test_an_unknown_kind_is_refused():
    with pytest.raises(RequestError, match="kind = 'gold' is not a kind of cargo"):
        look(three_cells(), "cargo.mrna_mean", kind="gold")
