"""What the networks inside the cells show: levels, shares, crossings, hysteresis; and how cells multiply."""

from __future__ import annotations

import re

import numpy as np
import pytest

from migralab.core.errors import RequestError
from tests.unit.measure.made import look, observe

FRAMES = (0.0, 60.0, 120.0, 180.0, 240.0)


def dish(up, right=None, **changes):
    """Return two cells over five frames; the second shows twice what the first does."""
    quantities = {"up": up} | ({"right": right} if right is not None else {})
    rows = [
        (frame, cell, "net", name, (cell + 1) * values[frame], "nM")
        for name, values in quantities.items()
        for frame in range(len(FRAMES))
        for cell in (0, 1)
    ]
    names = ("frame", "cell_id", "pathway", "quantity", "value", "unit")
    table = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    table["time_min"] = [FRAMES[frame] for frame in table["frame"]]
    cells = {"frame": [f for f in range(5) for _ in (0, 1)], "cell_id": [0, 1] * 5, "population": ["a", "b"] * 5}
    return observe(levels=table, cells=cells, frames_min=FRAMES, **changes)


def test_a_level_is_the_mean_over_cells_at_the_frame_or_the_hour():
    seen = dish([0, 1, 2, 4, 8])
    assert look(seen, "pathway.level", quantity="up").value == 12.0
    assert look(seen, "pathway.level", 1, quantity="up").value == 1.5
    found = look(seen, "pathway.level", quantity="up", hour=3.0)
    assert (found.value, found.low, found.high) == (6.0, 4.0, 8.0)
    assert look(seen, "pathway.level", quantity="up", hour=2.0, over_hour=4.0).value == 0.25


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({}, "needs a quantity.*up"),
        ({"quantity": "down"}, "there are net.up"),
        ({"quantity": "up", "pathway": "other"}, "there are net.up"),
        ({"quantity": "up", "hour": 9.0}, "no frame near 9 h"),
    ],
)
def test_what_cannot_be_read_is_missing_with_its_reason(options, why):
    found = look(dish([0, 1, 2, 4, 8]), "pathway.level", **options)
    assert np.isnan(found.value)
    assert re.search(why, found.note), found.note


@pytest.mark.parametrize(("name", "options"), [("level", {"hour": "abc"}), ("crossing", {"level": "abc"})])
def test_an_option_that_is_no_number_is_refused(name, options):
    with pytest.raises(RequestError, match="'abc' is not a number"):
        look(dish([0, 1, 2, 4, 8]), f"pathway.{name}", quantity="up", **options)


def test_a_dish_without_networks_says_so():
    assert "add a pathway" in look(observe(frames_min=(0.0,)), "pathway.level", quantity="up").note


def test_share_above_a_threshold():
    seen = dish([0, 1, 2, 4, 8])
    assert look(seen, "pathway.share", quantity="up", hour=1.0, above=1.0).value == 0.5
    assert look(seen, "pathway.share", quantity="up", hour=0.0).value == 0.0


def test_the_first_crossing_lies_on_a_straight_line():
    assert look(dish([0, 1, 2, 4, 8]), "pathway.crossing", quantity="up", level=4.5).value == pytest.approx(150.0)
    assert look(dish([8, 4, 2, 4, 8]), "pathway.crossing", quantity="up", level=9.0).value == pytest.approx(30.0)
    assert "does not cross" in look(dish([0, 1, 2, 4, 8]), "pathway.crossing", quantity="up", level=50.0).note


def test_no_hysteresis_where_one_is_a_function_of_the_other_whatever_its_form():
    level = np.array([0.0, 1.0, 2.0, 1.0, 0.0])
    found = look(dish(level**2, level), "pathway.hysteresis", quantity="up", against="right")
    assert found.value == pytest.approx(0.0, abs=1e-12)


def test_hysteresis_is_the_mean_difference_between_the_two_ways():
    # Up: 3 all the way; down: 1 all the way but for the turn, over the range that both ways pass
    found = look(dish([3, 3, 3, 1, 1], [0, 1, 2, 1, 0]), "pathway.hysteresis", quantity="up", against="right")
    assert found.value == pytest.approx(1.5 * (2.0 * 0.5 + 1.0 * 0.5), rel=0.01)  # means over two cells are 1.5-fold


def test_hysteresis_needs_a_way_back():
    found = look(dish([3, 3, 2, 1, 1], [0, 1, 2, 3, 4]), "pathway.hysteresis", quantity="up", against="right")
    assert "no way back" in found.note


def test_cells_now_over_cells_then():
    cells = {"frame": [0, 0, 1, 1, 1, 2, 2, 2, 2, 2], "cell_id": [0, 1, 0, 1, 2, 0, 1, 2, 3, 4]}
    seen = observe(cells=cells, frames_min=(0.0, 60.0, 120.0))
    assert look(seen, "proliferation.fold").value == 2.5
    assert look(seen, "proliferation.fold", since_hour=1.0).value == pytest.approx(5 / 3)
    assert np.isnan(look(seen, "proliferation.fold", 0).value)
