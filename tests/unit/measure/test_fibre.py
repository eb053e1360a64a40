import math

import pytest

from migralab.core.errors import RequestError
from tests.unit.measure.made import look, observe, three_cells


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("fibre.length_laid", 100.0),
        ("fibre.length_intact", 200 / 3),
        ("junction.per_100um", 100 * 2 / 300),
        ("tip.per_100um", 100 * 3 / 300),  # the fourth tip is laid after the frame
        ("junction.per_tip", 2 / 3),
        ("place.tip", 2 / 5),  # one of unknown place is left out
        ("place.junction", 2 / 5),
        ("place.shaft", 1 / 5),
        ("place.free", 0.0),
        ("limiter.area", 4 / 6),
        ("limiter.shape", 1 / 6),
        # Ground swept 60 x 10 + 90 x 12 + 30 x 8 um2, laid 300 um
        ("fibre.spacing", (600 + 1080 + 240) / 300),
        ("enrichment.mean", 4.0),
    ],
)
def test_fibres_come_out_as_counted_by_hand(name, expected):
    assert look(three_cells(), name).value == pytest.approx(expected)


def test_an_image_counts_what_it_sees_over_what_it_sees():
    found = look(three_cells(origin="image"), "junction.per_100um")
    assert found.value == pytest.approx(100 * 2 / 200)
    assert "intact" in found.method
    for name in ("fibre.length_laid", "fibre.spacing"):
        assert math.isnan(look(three_cells(origin="image"), name).value)


def test_nodes_without_a_time_are_all_seen():
    nodes = {"kind": ["tip", "tip", "junction"], "cell_id": [7, 7, 7], "born_min": [math.nan] * 3}
    assert look(three_cells(origin="image", nodes=nodes), "junction.per_tip").value == pytest.approx(0.5)


def test_the_swept_ground_is_summed_over_frames():
    dish = observe(
        cells={"frame": [0, 1], "cell_id": [1, 1], "path_um": [10.0, 30.0], "rear_width_um": [10.0, 14.0]},
        fibres={"frame": [1], "cell_id": [1], "length_um": [34.0]},
        frames_min=(0.0, 10.0),
    )
    # 10 um at width 10, then 20 um at a mean width of 12
    assert look(dish, "fibre.spacing").value == pytest.approx((100 + 240) / 34)


def test_what_is_not_there_has_a_reason():
    empty = observe(cells={"frame": [0], "cell_id": [1]})
    assert look(empty, "fibre.length_intact").value == 0.0
    assert "no fibre" in look(empty, "junction.per_100um").note
    assert "no tips" in look(empty, "junction.per_tip").note
    assert "not known" in look(empty, "limiter.area").note


@pytest.mark.parametrize(
    ("name", "option"),
    [("place.tip", {"place": "top"}), ("limiter.area", {"limiter": "x"}), ("tip.per_100um", {"kind": "shaft"}),
     ("fibre.length_laid", {"fibre": "old"})],
)  # fmt: skip
def test_an_impossible_choice_is_refused(name, option):
    with pytest.raises(RequestError, match="Allowed"):
        look(three_cells(), name, **option)
