"""Corrections against scenes at random of which the truth is known, and against closed forms."""

import math

import numpy as np
import pytest
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from migralab.core.errors import RequestError
from migralab.imaging.people.corrections import (
    Window,
    count_per_cell,
    in_counting_frame,
    uncrowd_in_plane,
    uncrowd_on_fibres,
    whole_object_weights,
)

FIELD = Window(width=40.0, height=30.0)


def discs(rng, density=0.05, beyond=6.0):
    """Discs at random on a plane larger than the field, diameters 0.5 to 5 um."""
    area = (FIELD.width + 2 * beyond) * (FIELD.height + 2 * beyond)
    n = rng.poisson(density * area)
    x = rng.uniform(-beyond, FIELD.width + beyond, n)
    y = rng.uniform(-beyond, FIELD.height + beyond, n)
    return x, y, rng.uniform(0.5, 5.0, n)


def test_frames_that_tile_the_plane_count_every_disc_once():
    rng = np.random.default_rng(1)
    x, y = rng.uniform(0, 60, (2, 3000))
    d = rng.uniform(0.2, 7.9, 3000)
    times = np.zeros(3000)
    for column in range(-3, 11):
        for row in range(-3, 11):
            times += in_counting_frame(x, y, d, Window(x=column * 8.0, y=row * 8.0, width=8.0, height=8.0))
    inside = (x > 8) & (x < 52) & (y > 8) & (y < 52)
    assert (times[inside] == 1).all()


def test_counting_frame_and_weights_give_the_density_and_plain_counts_do_not():
    rng = np.random.default_rng(2)
    frame = FIELD.inner(6.0)
    framed, weighted, whole, touching, size = [], [], [], [], []
    for _ in range(400):
        x, y, d = discs(rng)
        framed.append(in_counting_frame(x, y, d, frame).sum() / frame.area)
        reach = np.maximum.reduce([d / 2 - x, d / 2 - y, x + d / 2 - FIELD.width, y + d / 2 - FIELD.height])
        complete = reach <= 0
        weights = whole_object_weights(d[complete], FIELD)
        weighted.append(weights.sum() / FIELD.area)
        size.append((weights * d[complete]).sum() / weights.sum())
        whole.append(complete.sum() / FIELD.area)
        touching.append((reach < d).sum() / FIELD.area)
    assert np.mean(framed) == pytest.approx(0.05, rel=0.02)
    assert np.mean(weighted) == pytest.approx(0.05, rel=0.015)
    assert np.mean(size) == pytest.approx(2.75, rel=0.01)
    assert np.mean(whole) < 0.045
    assert np.mean(touching) > 0.055
    with pytest.raises(RequestError, match="as large as the field"):
        whole_object_weights(np.array([31.0]), FIELD)


def test_tails_that_leave_the_field_are_made_up_for():
    """Cells at random, each with 12 migrasomes up to 20 um behind it: plain counting loses a third of them."""
    rng = np.random.default_rng(4)
    field, beyond = Window(width=60.0, height=50.0), 25.0
    owned, pairs, area, cells_seen = 0.0, 0.0, 0.0, 0
    for _ in range(300):
        n = rng.poisson(0.004 * (field.width + 2 * beyond) * (field.height + 2 * beyond))
        centre = np.stack([rng.uniform(-beyond, side + beyond, n) for side in (field.width, field.height)], 1)
        angle = rng.uniform(0, 2 * np.pi, n)
        owner = np.repeat(np.arange(n), 12)
        behind = rng.uniform(2, 20, len(owner))
        place = centre[owner] + behind[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)[owner]
        inside = [((p > 0) & (p < [field.width, field.height])).all(axis=1) for p in (centre, place)]
        if not inside[0].any():
            continue
        found = count_per_cell(
            (np.flatnonzero(inside[0]), centre[inside[0]]), (owner[inside[1]], place[inside[1]]), field
        )
        owned += found.owned * found.cells
        pairs += found.by_pairs * found.cells
        area += found.by_area * found.cells
        cells_seen += found.cells
    assert owned / cells_seen < 10.0
    assert pairs / cells_seen == pytest.approx(12, rel=0.03)
    assert area / cells_seen == pytest.approx(12, rel=0.03)


def test_an_owner_out_of_the_field_is_counted_as_unowned():
    cells = (np.array([4, 2]), np.array([[10.0, 10.0], [20.0, 10.0]]))
    vesicles = (np.array([2, 2, 7, -1]), np.array([[20.0, 10.0], [20.0, 20.0], [1.0, 1.0], [2.0, 2.0]]))
    found = count_per_cell(cells, vesicles, FIELD)
    assert found.owned == 1
    assert found.unowned == 0.5
    assert found.by_area == 2
    assert found.by_pairs == pytest.approx((1 + 30 / 20) / 2)  # the second is seen from two thirds of the fields
    with pytest.raises(RequestError, match="no cell"):
        count_per_cell((np.empty(0, int), np.empty((0, 2))), vesicles, FIELD)


def test_merging_on_a_line_is_undone():
    rng = np.random.default_rng(3)
    for density in (0.05, 0.2, 0.5):
        gaps = rng.exponential(1 / density, 200_000)
        seen = (gaps >= 0.8).sum() / gaps.sum()
        assert uncrowd_on_fibres(seen, 0.8) == pytest.approx(density, rel=0.02)
    assert uncrowd_on_fibres(0.0, 0.8) == 0
    with pytest.raises(RequestError, match="cannot be"):
        uncrowd_on_fibres(0.6, 0.8)


@pytest.mark.parametrize("cover", [0.02, 0.08, 0.15])
def test_merging_in_the_plane_is_undone(cover):
    rng = np.random.default_rng(7)
    radius, side = 0.8, 400.0
    density = cover / (math.pi * radius**2 / 4)
    places = rng.uniform(0, side, (rng.poisson(density * side**2), 2))
    graph = cKDTree(places, boxsize=side).sparse_distance_matrix(cKDTree(places, boxsize=side), radius)
    seen = connected_components(graph, directed=False)[0] / side**2
    true = len(places) / side**2
    assert uncrowd_in_plane(seen, radius) == pytest.approx(true, rel=0.03)
    assert seen < true * (1 - cover)
    with pytest.raises(RequestError, match="too crowded"):
        uncrowd_in_plane(10.0, radius)
