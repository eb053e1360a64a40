"""The kernels by which cells meet vesicles and push each other equal their vectorised numpy twins."""

from __future__ import annotations

import numba
import numpy as np
import pytest

from migralab.core.errors import RequestError
from migralab.core.random import child_key_array, stream_key
from migralab.mechanisms.registry import MECHANISMS
from migralab.physics import neighbours
from migralab.physics.crowd import Crowd
from migralab.physics.recipients import contact
from migralab.physics.recipients.contact import Cells, Held, Vesicles

STREAM = stream_key("twin")


def generator():
    return np.random.Generator(np.random.Philox(21))


def crowd(rng, cells, vesicles, side):
    """Return cells of several sizes on their way, and vesicles of some of them, in two dishes."""
    position = rng.uniform(0, side, (cells, 2))
    before = position + rng.normal(0, 8.0, (cells, 2))
    before[:5] = position[:5]  # some rest
    before[5:8] = np.nan  # and some have only just come
    there = Cells(
        before, position, rng.integers(0, 2, cells).astype(np.int32), rng.random(cells) < 0.9,
        rng.uniform(5, 12, cells), rng.uniform(0, 0.02, cells), rng.choice([0.0, 0.01], cells),
    )  # fmt: skip
    x, y = rng.uniform(-10, side + 10, (2, vesicles))
    lie = Vesicles(
        rng.random(vesicles) < 0.9, x, y, rng.uniform(0.5, 3, vesicles),
        rng.integers(0, 2, vesicles).astype(np.int32), rng.integers(-1, cells, vesicles),
        rng.choice([np.nan, 0.0, 130.0, 200.0], vesicles), rng.choice([1.0, 0.3], vesicles),
        child_key_array(np.full(vesicles, 1, np.uint64), STREAM, np.arange(vesicles, dtype=np.uint64)),
    )  # fmt: skip
    return there, lie


def untouched(vesicles):
    return Held(
        np.full(vesicles, -1, np.int32), np.zeros(vesicles, np.int32), np.zeros(vesicles), np.zeros(vesicles),
        np.full(vesicles, -1, np.int64), np.full(vesicles, np.inf),
    )  # fmt: skip


def wander(rng, cells):
    """Return the cells after another step."""
    step = rng.normal(0, 6.0, cells.position.shape)
    step[:5] = 0.0
    return cells._replace(before=cells.position, position=cells.position + step)


def test_meeting_equals_its_twin_through_bindings_losses_and_uptake():
    rng = generator()
    cells, vesicles = crowd(rng, 80, 900, 250.0)
    one, two = untouched(900), untouched(900)
    for step in range(20):
        for held, function in ((one, contact.meet), (two, contact.meet_array)):
            lie = vesicles._replace(present=vesicles.present & (held.taken_by < 0))
            found = function(lie, held, cells, 60.0, 100.0 + 60.0 * step, STREAM)
            if held is one:
                ours = found
        for a, b in zip(ours, found, strict=True):
            np.testing.assert_array_equal(a, b)
        for a, b in zip(one, two, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)  # libm against numpy; roots of nearly equal numbers
        cells = wander(rng, cells)
    assert one.bindings.max() > 1  # bound, lost and bound again
    assert (one.taken_by >= 0).sum() > 50
    assert (one.bound_to >= 0).sum() > 10
    assert ours[0].max() > 3
    assert (vesicles.maker != one.taken_by)[one.taken_by >= 0].all()


def test_meeting_is_bitwise_the_same_on_two_threads():
    if numba.config.NUMBA_NUM_THREADS < 2:
        pytest.skip("this machine offers one thread only")
    results = []
    for threads in (1, 2):
        numba.set_num_threads(threads)
        rng = generator()
        cells, vesicles = crowd(rng, 3000, 40_000, 1500.0)
        held, found = untouched(40_000), []
        for step in range(3):
            found += contact.meet(vesicles, held, cells, 60.0, 60.0 * step, STREAM)
            vesicles = vesicles._replace(present=vesicles.present & (held.taken_by < 0))
            cells = wander(rng, cells)
        results.append([*held, *found])
    numba.set_num_threads(numba.config.NUMBA_NUM_THREADS)
    for a, b in zip(*results, strict=True):
        np.testing.assert_array_equal(a, b)


def test_repulsion_of_unlike_discs_equals_its_twin():
    rng = generator()
    n = 900
    position, radius = rng.uniform(0, 300, (n, 2)), rng.choice([3.0, 10.0, 25.0], n)
    position[:4] = position[0]  # on one spot: they touch and do not know which way to go
    alive, group = rng.random(n) < 0.9, rng.integers(0, 3, n)
    radius[~alive] = 1e4  # the dead have no size
    one, two = np.zeros((n, 2)), np.zeros((n, 2))
    ours = neighbours.push_apart(position, group, alive, one, radius, 0.002)
    twin = neighbours.push_apart_array(position, group, alive, two, radius, 0.002)
    np.testing.assert_array_equal(ours, twin)
    np.testing.assert_allclose(one, two, rtol=1e-9, atol=1e-14)  # the sums run in another order
    np.testing.assert_allclose(one.sum(axis=0), 0.0, atol=1e-12)  # action equals reaction
    assert ours[alive].min() == 0
    assert ours.max() > 10
    assert not ours[~alive].any()


def test_a_list_of_neighbours_changes_no_bit_of_a_push_whenever_it_was_made():
    rng = generator()
    n = 1500
    position, radius = rng.uniform(0, 250, (n, 2)), rng.choice([4.0, 10.0], n)  # heaps: many touch more than two
    alive, group = rng.random(n) < 0.9, rng.integers(0, 2, n)
    crowd = Crowd()
    for step in range(60):
        if step == 20:
            alive[:50] = False
        elif step == 25:
            radius[100:200] = 6.0
        elif step == 30:  # newborn
            position, radius = np.concatenate([position, position[:30] + 1.0]), np.append(radius, np.full(30, 8.0))
            alive, group = np.append(alive, np.ones(30, bool)), np.append(group, group[:30])
        elif step == 35:
            position = position + 200.0
        elif step > 45:  # too fast for a list
            position = position + rng.normal(0, 20.0, position.shape)
        results = []
        for push in (crowd.push_apart, neighbours.push_apart, Crowd().push_apart):
            velocity = np.zeros(position.shape)
            results.append((push(position, group, alive, velocity, radius, 0.002), velocity))
        for touching, velocity in results[1:]:
            np.testing.assert_array_equal(touching, results[0][0])
            np.testing.assert_array_equal(velocity, results[0][1])
        assert results[0][0].max() > 5
        position = position + 10.0 * results[0][1] + rng.normal(0, 0.02, position.shape)


@pytest.mark.parametrize("count", [1, 17, 5000, 40_000])
def test_bins_hold_every_living_point_once_in_a_stable_order(count):
    """Against a stable sort by numpy: by slot, then by row in the table."""
    rng = generator()
    position, group, alive = rng.uniform(-200, 900, (count, 2)), rng.integers(0, 2, count), rng.random(count) < 0.8
    for threads in (1, numba.config.NUMBA_NUM_THREADS):
        numba.set_num_threads(threads)
        bins = neighbours.sort_into_bins(position, group, alive, 30.0)
        column, row = np.floor(position / 30.0).astype(int).T
        slot = np.array([neighbours.slot_of(*at, bins.mask) for at in zip(column, row, group, strict=True)])
        rows = np.flatnonzero(alive)
        expected = rows[np.argsort(slot[rows], kind="stable")]
        np.testing.assert_array_equal(bins.order[: bins.filled], expected)
        np.testing.assert_array_equal(bins.place[: bins.filled], position[expected])
        np.testing.assert_array_equal(bins.row[: bins.filled], row[expected])
        np.testing.assert_array_equal(np.diff(bins.start), np.bincount(slot[rows], minlength=bins.mask + 1))


def test_a_push_that_would_swing_is_refused_with_what_to_do():
    kind = MECHANISMS["motility.contact"]
    source = {"key": "test", "locator": "test", "tag": "E"}
    stiff = kind.parameters(rate={"value": "1 1/min", "source": source})
    kind(stiff, 30.0)
    with pytest.raises(
        RequestError, match=r"contact.rate = 1 1/min .* 60 s.* Lower .* to 0.5 1/min, or dish.step to 30 s"
    ):
        kind(stiff, 60.0)
