import math

import pytest

from tests.unit.measure.made import look, observe


def cells_with_a_node_at(*angles, heading=90.0, **more):
    """Return a cell at the origin for each angle, with one node of its fibre 10 um away in that direction."""
    n, turn = len(angles), [math.radians(a) for a in angles]
    cells = {
        "frame": [0] * n, "time_min": [0.0] * n, "cell_id": range(n), "x_um": [0.0] * n, "y_um": [0.0] * n,
        "path_um": [100.0] * n,
        "heading_x": [math.cos(math.radians(heading))] * n, "heading_y": [math.sin(math.radians(heading))] * n,
    }  # fmt: skip
    nodes = {
        "node_id": range(n), "cell_id": range(n), "x_um": [10 * math.cos(t) for t in turn],
        "y_um": [10 * math.sin(t) for t in turn], "born_min": [-1.0] * n, "path_um": [90.0] * n,
    }  # fmt: skip
    return observe(cells=cells, nodes=nodes | more)


def test_a_fibre_counts_within_60_degrees_of_straight_behind():
    found = look(cells_with_a_node_at(270, 329, 331, 211, 209, 90), "fibre.behind_share")
    assert found.value == pytest.approx(3 / 6)
    assert look(cells_with_a_node_at(271, 329), "fibre.behind_share", within_deg=30.0).value == 0.5


def test_old_ground_and_what_is_not_laid_yet_do_not_count():
    made = cells_with_a_node_at(270, 270, 270, path_um=[90.0, 70.0, 90.0], born_min=[-1.0, -1.0, 5.0])
    found = look(made, "fibre.behind_share")
    assert (found.value, found.n) == (1.0, 1)
    assert look(made, "fibre.behind_share", length_um=40.0).n == 2


def test_without_fibres_or_headings_it_is_missing():
    assert math.isnan(look(cells_with_a_node_at(270, born_min=[1.0]), "fibre.behind_share").value)
    assert math.isnan(look(cells_with_a_node_at(270, heading=math.nan), "fibre.behind_share").value)
