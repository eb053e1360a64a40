"""Ids with a population and options in brackets."""

import math

import pytest

from migralab.core.errors import RequestError, UnknownIdError
from migralab.measure import combine, measure
from migralab.measure.registry import OBSERVABLES, find_observable
from tests.unit.measure.made import observe


def two_kinds(**more):
    """Return two producers at 1 um/min that own a migrasome each, and one recipient at 3 um/min, over one hour."""
    return observe(
        cells={
            "frame": [0, 0, 0, 1, 1, 1], "cell_id": [0, 1, 2] * 2,
            "population": ["producers", "producers", "kg1a"] * 2,
            "x_um": [0.0, 0.0, 50.0, 60.0, 60.0, 230.0], "y_um": [0.0, 9.0, 9.0] * 2, "engulfed": [0, 0, 0, 0, 0, 2.0],
        },
        migrasomes={
            "frame": [1, 1], "migrasome_id": [0, 1], "cell_id": [0, 1], "x_um": [240.0, 9.0], "y_um": [9.0, 9.0],
            "stage": ["stabilised"] * 2,
        },
        frames_min=(0.0, 60.0),
        **more,
    )  # fmt: skip


def test_a_population_is_measured_alone():
    found = measure(
        two_kinds(), ["speed.mean", "speed.mean[kg1a]", "speed.mean[producers]", "count.per_cell[producers]"]
    )
    assert found["speed.mean"].value == pytest.approx((1 + 1 + 3) / 3)
    assert found["speed.mean[kg1a]"].value == pytest.approx(3.0)
    assert found["speed.mean[producers]"].value == pytest.approx(1.0)
    assert found["count.per_cell[producers]"].value == pytest.approx(1.0)
    assert [r.n for r in found.values()] == [3, 1, 2, 2]


def test_what_a_population_left_is_counted_on_it_and_on_no_other():
    found = measure(two_kinds(), ["count.per_cell", "count.per_cell[kg1a]", "uptake.per_cell_hour[kg1a]"])
    assert found["count.per_cell"].value == pytest.approx(2 / 3)
    assert found["count.per_cell[kg1a]"].value == 0.0
    assert found["uptake.per_cell_hour[kg1a]"].value == pytest.approx(2.0)


def test_options_stand_in_the_id():
    asked = "site.density[kg1a, x_um=230, y_um=9, radius_um=10]"
    found = measure(two_kinds(), [asked, "site.density[x_um=60, y_um=0, radius_um=10]"])
    assert found[asked].value == pytest.approx(1 / (math.pi * 1e-4))
    assert found["site.density[x_um=60, y_um=0, radius_um=10]"].value == pytest.approx(2 / (math.pi * 1e-4))
    assert find_observable("order.polar[film=true]").options == {"film": True}


def test_the_migrasomes_of_a_population_are_chosen_by_name():
    here = "site.pair_correlation[kg1a, of={}, radius_um=15]"
    found = measure(two_kinds(), [here.format("producers"), here.format("kg1a")])
    assert found[here.format("producers")].value > 1.0
    assert "no migrasomes" in found[here.format("kg1a")].note


def test_an_absent_population_is_missing_with_the_names_that_are_there():
    found = measure(two_kinds(), ["speed.mean[cd34]"])["speed.mean[cd34]"]
    assert math.isnan(found.value)
    assert "kg1a, producers" in found.note
    unnamed = observe(cells={"frame": [0], "cell_id": [0]})
    assert "not known" in measure(unnamed, ["speed.mean[cd34]"])["speed.mean[cd34]"].note


def test_readouts_of_populations_combine_over_experiments():
    both = [measure(two_kinds(experiment=name), ["speed.mean[kg1a]"]) for name in ("1", "2")]
    assert combine(both)["speed.mean[kg1a]"].value == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("asked", "error", "said"),
    [
        ("speed.men[kg1a]", UnknownIdError, "speed.mean"),
        ("speed.mean[kg1a", RequestError, "not an id"),
        ("speed.mean[a, b]", RequestError, "two populations, 'a' and 'b'"),
        ("speed.mean[colour=red]", RequestError, "no option colour"),
    ],
)
def test_ids_that_mean_nothing_are_refused(asked, error, said):
    with pytest.raises(error, match=said):
        measure(two_kinds(), [asked])


def test_every_line_can_be_asked_for_by_its_id():
    for name, line in OBSERVABLES.items():
        assert find_observable(f"{name}[kg1a]").observable is line
        assert set(line.fixed) <= set(line.options())
