"""Clusters are those of graph theory, the largest forms the vesicle, and its area says how often it fails."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from migralab.core.random import dish_key
from migralab.engine.engine import Engine, Founders
from migralab.mechanisms.phenotype.lumen import chance_of_defect, label_clusters
from tests.phenotype import Pools, make

LINK = 15.0
A_ROW = LINK * 0.9 * np.column_stack([np.arange(6), np.zeros(6)])  # each holds the next, so all hold together


def looked(*dishes):
    """Return the cells after one look."""
    lumen = make("phenotype.lumen", 300.0, {"link": f"{LINK} um", "area_per_cell": "100 um^2"})
    engine = Engine([lumen, Pools()], 300.0)
    keys = [int(dish_key(seed)) for seed in range(1, len(dishes) + 1)]
    state = engine.found(list(dishes), keys)
    engine.run(state, 1)
    return state["cells"]


def test_clusters_are_the_connected_components_of_the_pairs():
    for seed in range(20):
        place = np.random.default_rng(seed).uniform(0, 300, (150, 2))
        near = np.hypot(*(place[:, None] - place[None]).transpose(2, 0, 1)) < LINK * (1 + seed / 10)
        pairs = np.argwhere(np.triu(near, 1))
        count, expected = connected_components(coo_array(near))
        got = label_clusters(len(place), pairs)
        assert len(np.unique(got)) == count
        np.testing.assert_array_equal(got, [np.flatnonzero(expected == k)[0] for k in expected])


def test_a_long_chain_is_one_cluster_however_it_is_numbered():
    order = np.random.default_rng(1).permutation(1000)
    pairs = np.column_stack([order[:-1], order[1:]])
    np.testing.assert_array_equal(label_clusters(1000, pairs), 0)
    np.testing.assert_array_equal(label_clusters(4, np.empty((0, 2), np.int64)), np.arange(4))


def test_the_vesicle_is_that_of_the_largest_cluster_in_each_dish():
    far = np.array([[500.0, 0.0], [500.0, 10.0], [900.0, 900.0]])
    cells = looked(np.concatenate([far, A_ROW]), A_ROW[:2])
    np.testing.assert_array_equal(cells["cluster_cells"], [2, 2, 1, 6, 6, 6, 6, 6, 6, 2, 2])
    np.testing.assert_array_equal(cells["lumen_area"], [0, 0, 0, 600, 600, 600, 600, 600, 600, 200, 200])
    first, second = chance_of_defect(np.array([600.0, 200.0]), 1725.0, 1.0, 0.9375)
    np.testing.assert_allclose(cells["defect_chance"], [first] * 9 + [second] * 2)


def test_of_two_equal_clusters_one_forms_the_vesicle():
    cells = looked(np.concatenate([A_ROW[:3], A_ROW[:3] + np.array([0.0, 500.0])]))
    np.testing.assert_array_equal(cells["lumen_area"], [300, 300, 300, 0, 0, 0])


def test_cells_of_another_kind_neither_hold_together_nor_bridge():
    place = LINK * 0.9 * np.array([[1.0, 0.0], [0.0, 0.0], [2.0, 0.0], [3.0, 0.0]])  # the other stands between
    lumen = make("phenotype.lumen", 300.0, {"link": f"{LINK} um"}, {"area_per_cell": "100 um^2"})
    engine = Engine([lumen, Pools()], 300.0)
    state = engine.found([place], [int(dish_key(1))], populations=(Founders("others", 1), Founders("formers", 3)))
    engine.run(state, 1)
    np.testing.assert_array_equal(state["cells"]["cluster_cells"], [0, 1, 2, 2])
    np.testing.assert_array_equal(np.isnan(state["cells"]["defect_chance"]), [True, False, False, False])
    state["cells"].die(np.array([2]))
    engine.run(state, 2)  # deaths are announced, and come between two ticks
    np.testing.assert_array_equal(state["cells"]["cluster_cells"], [0, 1, 0, 1])


@pytest.mark.parametrize(("area", "linear", "switch"), [
    (0.0, 1.0, 1.0), (862.5, 0.75, 1.0), (1725.0, 0.5, 0.5), (2587.5, 0.25, 0.0), (3450.0, 0.0, 0.0), (9e3, 0.0, 0.0),
])  # fmt: skip
def test_the_chance_is_a_line_or_a_switch_and_half_at_half(area, linear, switch):
    assert chance_of_defect(np.array(area), 1725.0, 1.0, 1.0) == pytest.approx(linear)
    assert chance_of_defect(np.array(area), 1725.0, 0.05, 1.0) == pytest.approx(switch)
    assert chance_of_defect(np.array(area), 1725.0, 1.0, 0.8) == pytest.approx(0.8 * linear)
