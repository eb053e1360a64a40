import math

import numpy as np
import pytest

from tests.unit.measure.made import look, observe


def fibre(breaks, born=None, time_min=400.0, **more):
    """Return two cells with a straight fibre each: node 3 (and 7) at the cell, stretches of 10 um."""
    born = [0.0, 10, 20, 30] * 2 if born is None else born
    return observe(
        cells={"frame": [0, 0], "cell_id": [1, 2], "path_um": [40.0, 40.0]},
        nodes={
            "node_id": np.arange(8), "parent_id": [1, 2, 3, -1, 5, 6, 7, -1], "cell_id": [1] * 4 + [2] * 4,
            "x_um": [0.0, 10, 20, 30] * 2, "y_um": [0.0] * 8, "kind": ["shaft"] * 8, "born_min": born,
            "path_um": [0.0, 10, 20, 30] * 2, "breaks_min": breaks,
        },
        frames_min=(time_min,),
        **more,
    )  # fmt: skip


NEVER = [math.inf] * 4


def test_breaks_are_counted_over_length_and_time_at_risk():
    # Of six stretches one breaks at age 230 after 30 min at risk, one at age 150 before it comes to risk
    found = look(fibre([230.0, 160.0, math.inf, math.inf, *NEVER]), "break.rate_200-260min")
    at_risk = 10 * (30 + 0 + 60 + 3 * 60)
    assert found.value == pytest.approx(1 / at_risk)


def test_stretches_that_the_frame_cuts_short_are_at_risk_until_then():
    # Taken at 225 min: ages 225, 215 and 205
    found = look(fibre([math.inf] * 8, time_min=225.0), "break.rate_200-260min")
    assert found.value == 0.0
    later = look(fibre([226.0, *NEVER[1:], *NEVER], time_min=225.0), "break.rate_200-260min")
    assert later.value == 0.0
    early = look(fibre([224.0, *NEVER[1:], *NEVER], time_min=225.0), "break.rate_200-260min")
    assert early.value == pytest.approx(1 / (10 * (24 + 15 + 5 + 25 + 15 + 5)))


def test_a_constant_hazard_is_found_again():
    rng = np.random.default_rng(3)
    n, hazard = 20_000, 0.004
    cell = np.arange(n) % 50
    made = observe(
        cells={"frame": [0] * 50, "cell_id": np.arange(50), "path_um": [100.0] * 50},
        nodes={
            "node_id": np.arange(n), "cell_id": cell,
            "parent_id": np.where(np.arange(n) + 50 < n, np.arange(n) + 50, -1),
            "x_um": np.arange(n) // 50 * 1.0, "y_um": np.zeros(n), "born_min": np.zeros(n), "kind": ["shaft"] * n,
            "path_um": np.zeros(n), "breaks_min": rng.exponential(1 / hazard, n),
        },
        frames_min=(300.0,),
    )  # fmt: skip
    found = look(made, "break.rate_200-260min")
    # 9000 stretches at risk, 1900 breaks: 2.3 %, four spreads
    assert found.value == pytest.approx(hazard, rel=0.092)
    assert found.low < hazard < found.high


def test_far_parts_that_broke_lie_farther_behind():
    # 40 um of path: stretches lie 40, 30 and 20 um behind; the farthest of each cell has broken
    found = look(fibre([100.0, math.inf, math.inf, math.inf] * 2), "break.far_first")
    assert found.value == pytest.approx(40 / 25)
    assert found.low == pytest.approx(40 / 25)  # both cells are alike
    assert "40 um against 25 um" in found.note


def test_nothing_broken_or_nothing_known_has_no_order():
    assert "both broken and intact" in look(fibre([math.inf] * 8), "break.far_first").note
    for name in ("break.rate_200-260min", "break.far_first"):
        image = fibre([math.inf] * 8, born=[math.nan] * 8)
        assert "an image does not show them" in look(image, name).note


def test_far_migrasomes_are_free_first():
    table = {
        "frame": [0] * 6, "cell_id": [1, 1, 1, 2, 2, 2], "rear_distance_um": [120.0, 150, 20, 130, 30, 70],
        "attached": [True, False, True, False, True, False],
    }  # fmt: skip
    found = look(fibre([math.inf] * 8, migrasomes=table), "trail.attached_decline")
    assert found.value == pytest.approx((1 / 3) / 1.0)
    assert found.n == 2
    few = {name: column[:2] for name, column in table.items()}
    assert math.isnan(look(fibre([math.inf] * 8, migrasomes=few), "trail.attached_decline").value)
