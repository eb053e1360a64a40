import math

import numpy as np
import pytest

from tests.unit.measure.made import look, observe


def line(sites, length=100, cell=0):
    """Return nodes 1 um apart on a straight fibre, the last one at the cell, and migrasomes at some of them."""
    n = length + 1
    return observe(
        cells={"frame": [0, 0], "cell_id": [cell, cell + 1]},
        nodes={
            "node_id": np.arange(n), "cell_id": [cell] * n, "parent_id": [*range(1, n), -1],
            "x_um": np.arange(n, dtype=float), "y_um": np.zeros(n), "born_min": np.zeros(n), "kind": ["shaft"] * n,
        },
        migrasomes={"frame": [0] * len(sites), "cell_id": [cell] * len(sites), "node_id": sites},
    )  # fmt: skip


def expected_ratio(gaps, rooms):
    """Return 2 sum g^2 / E[sum g^2] - 1 with the expectation integrated numerically."""
    gaps, rooms = np.asarray(gaps, float), np.asarray(rooms, float)
    rate = np.sum(gaps < rooms) / gaps.sum()
    total = 0.0
    for room in rooms:
        t = np.linspace(0, room, 20001)
        total += np.trapezoid(2 * t * np.exp(-rate * t), t)
    return 2 * np.sum(gaps**2) / total - 1


def test_gaps_are_taken_towards_the_cell_and_end_there():
    found = look(line([10, 30, 70]), "spacing.variance_ratio")
    assert found.value == pytest.approx(expected_ratio([20, 40, 30], [90, 70, 30]), rel=1e-6)
    assert "2 gaps, 1 censored" in found.note


def test_gaps_go_through_junctions():
    # Two fibres of 10 um meet at node 4 and go on for 20 um: 0-1-4, 2-3-4, 4-5-6(cell)
    made = observe(
        cells={"frame": [0, 0], "cell_id": [0, 1]},
        nodes={
            "node_id": [0, 1, 2, 3, 4, 5, 6], "parent_id": [1, 4, 3, 4, 5, 6, -1], "cell_id": [0] * 7,
            "x_um": [0, 5, 0, 5, 10, 20, 30], "y_um": [0.0] * 7, "born_min": [0.0] * 7, "kind": ["shaft"] * 7,
        },
        migrasomes={"frame": [0] * 3, "cell_id": [0] * 3, "node_id": [0, 2, 5]},
    )  # fmt: skip
    found = look(made, "spacing.variance_ratio")
    assert found.value == pytest.approx(expected_ratio([20, 20, 10], [30, 30, 10]), rel=1e-6)


def test_even_spacing_is_below_and_clusters_are_above_a_poisson_process():
    even = look(line(list(range(0, 1000, 20)), 1000), "spacing.variance_ratio").value
    clusters = [start + i for start in range(0, 1000, 100) for i in (0, 1, 2)]
    assert even < 0.1
    assert look(line(clusters, 1000), "spacing.variance_ratio").value > 1.5


def test_a_poisson_process_gives_one_also_on_short_fibres():
    rng = np.random.default_rng(4)
    # 4000 stretches of 30 um with 0.05 per um: most gaps are cut off by the end
    fibre, along = [], []
    for number in range(4000):
        count = rng.poisson(1.5)
        fibre += [number] * count
        along += list(rng.uniform(0, 30, count))
    made = observe(
        cells={"frame": [0, 0], "cell_id": [0, 1]}, origin="image",
        migrasomes={"frame": [0] * len(along), "cell_id": [0] * len(along), "fibre_id": fibre, "along_um": along},
    )  # fmt: skip
    found = look(made, "spacing.variance_ratio")
    # 2600 gaps met: the ratio has an error of about 4 %; plain variance over mean squared would give 0.5
    assert found.value == pytest.approx(1.0, abs=0.12)
    assert "traced stretches" in found.method


def test_the_interval_is_over_cells():
    rng = np.random.default_rng(5)
    n, per = 30, 40
    along = np.sort(rng.uniform(0, 1000, (n, per)), axis=1)
    made = observe(
        cells={"frame": [0] * n, "cell_id": np.arange(n)}, origin="image",
        migrasomes={
            "frame": [0] * (n * per), "cell_id": np.repeat(np.arange(n), per), "fibre_id": np.repeat(np.arange(n), per),
            "along_um": along.ravel(),
        },
    )  # fmt: skip
    found = look(made, "spacing.variance_ratio")
    assert found.low < 1.0 < found.high
    assert (found.n, found.n_unit) == (n, "cells")


def test_too_few_gaps_and_lost_nodes_are_no_spacing():
    assert math.isnan(look(line([5]), "spacing.variance_ratio").value)
    assert math.isnan(look(line([500, 700]), "spacing.variance_ratio").value)
    assert math.isnan(look(observe(), "spacing.variance_ratio").value)
