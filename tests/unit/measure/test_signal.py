import math

import pytest

from migralab.core.errors import RequestError
from migralab.measure.observables.signals.signal import ARRIVALS
from migralab.measure.registry import OBSERVABLES
from tests.unit.measure.made import look, observe, three_cells

NAN = math.nan


def dish(column, values):
    return observe(cells={"frame": [0, 0, 0], "cell_id": [7, 3, 5], column: values})


@pytest.mark.parametrize("what", ARRIVALS)
def test_an_arrival_is_a_mean_over_cells_and_a_share_of_them(what):
    made = dish(ARRIVALS[what][0], [6.0, 0.0, 3.0])
    mean, share = look(made, f"signal.{what}"), look(made, f"signal.{what}@share")
    assert mean.value == pytest.approx(3.0)
    assert share.value == pytest.approx(2 / 3)
    assert 0.0 <= mean.low <= 3.0 <= mean.high <= 6.0
    assert OBSERVABLES[f"signal.{what}"].unit == ARRIVALS[what][1]


def test_cells_of_which_nothing_is_known_are_left_out():
    assert look(dish("cue_nM", [4.0, NAN, 2.0]), "signal.cue").value == pytest.approx(3.0)


def test_a_dish_without_the_signal_says_so():
    found = look(three_cells(), "signal.cue")
    assert math.isnan(found.value)
    assert "no such signal" in found.note


def test_an_unknown_arrival_is_refused():
    from migralab.measure.observables.signals.signal import measure_arrival

    with pytest.raises(RequestError, match="Allowed: cue, bound_cue"):
        measure_arrival(None, what="smell")
