import math

import pytest

from migralab.core.errors import RequestError
from tests.unit.measure.made import look, observe, three_cells

NAN = math.nan
# Of 100 mitochondria each, with a damaged one worth 0.5: potentials 0.9, 0.75 and 1
CELLS = {
    "healthy_mitochondria": [80.0, 50.0, 100.0],
    "damaged_mitochondria": [20.0, 50.0, 0.0],
    "potential": [0.9, 0.75, 1.0],
    "peripheral_damaged": [10.0, 26.0, 0.0],
    "degraded_mitochondria": [6.0, 10.0, 0.0],
    "healthy_exported": [2.0, 6.0, 0.0],
    "damaged_exported": [4.0, 4.0, 0.0],
    "potential_exported": [4.0, 8.0, 0.0],
    "potential_at_export": [6 * 0.9, 10 * 0.75, 0.0],
}
NAMES = ("potential", "damaged_share", "peripheral_damaged", "exported_per_cell", "export_share", "selectivity")


def dish(**changes):
    cells = {"frame": [0, 0, 0], "cell_id": [7, 3, 5]} | CELLS | changes
    return observe(cells=cells)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("potential", 2.65 / 3),
        ("damaged_share", 70 / 300),
        ("peripheral_damaged", 12),
        ("exported_per_cell", 16 / 3),
        ("exported_per_cell@damaged", 8 / 3),
        ("export_share", 8 / 24),
        # 12 went out of cells that would have given 12.9 for as many of their own
        ("selectivity", 12 / 12.9),
    ],
)
def test_values_come_out_as_counted_by_hand(name, expected):
    found = look(dish(), f"mitochondria.{name}")
    assert found.value == pytest.approx(expected)
    assert found.low <= found.value <= found.high
    assert found.n == 3


def test_selectivity_is_one_where_both_kinds_leave_alike():
    made = dish(potential_exported=[9, 7.5, 10.0], potential_at_export=[9, 7.5, 10.0])
    assert look(made, "mitochondria.selectivity").value == pytest.approx(1.0)


def test_cells_without_a_value_are_left_out_and_counted():
    found = look(dish(potential=[0.9, NAN, 1.0]), "mitochondria.potential")
    assert found.value == pytest.approx(0.95)
    assert "1 cells without a value" in found.note


def test_without_export_nothing_can_be_selective():
    nothing = [0.0, 0.0, 0.0]
    columns = ("healthy_exported", "damaged_exported", "potential_exported", "potential_at_export")
    made = dish(**dict.fromkeys(columns, nothing))
    assert look(made, "mitochondria.exported_per_cell").value == 0
    assert look(made, "mitochondria.export_share").value == 0
    found = look(made, "mitochondria.selectivity")
    assert math.isnan(found.value)
    assert "no mitochondrion has left" in found.note


def test_share_of_migrasomes_with_mitochondria():
    made = observe(
        cells={"frame": [0], "cell_id": [7]},
        migrasomes={"frame": [0] * 5, "cell_id": [7] * 5, "stage": ["stabilised"] * 4 + ["precursor"],
                    "healthy_mitochondria": [0.0, 2.0, 0.0, NAN, 0.0],
                    "damaged_mitochondria": [1.0, 0.0, 0.0, NAN, 0.0]},
    )  # fmt: skip
    assert look(made, "mitochondria.positive_share").value == pytest.approx(2 / 3)


@pytest.mark.parametrize("name", [*NAMES, "positive_share"])
def test_what_is_not_known_has_no_value_and_says_why(name):
    for made in (three_cells(), observe()):
        found = look(made, f"mitochondria.{name}")
        assert math.isnan(found.value)
        assert "known" in found.note


def test_an_unknown_kind_is_refused():
    with pytest.raises(RequestError, match="which = 'some' is not counted"):
        look(dish(), "mitochondria.exported_per_cell", which="some")
