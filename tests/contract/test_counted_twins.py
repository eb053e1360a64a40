"""Counted molecules: compiled and plain code agree, and a cell does not know who stands beside it."""

from __future__ import annotations

import numba
import numpy as np
import pytest

from migralab.core.random import draw_child_keys, stream_key
from migralab.pathways.counted import Counted, counted_build
from migralab.pathways.reader import read_model

STREAM = stream_key("test.counted")
TEXT = """
model dimers()
  compartment cell = 1
  substanceOnly species mrna in cell, single in cell, pair in cell
  supply = 1; decay = 0.4; translation = 40; meet = 0.002; loss = 0.1; half = 3000; feedback = 2
  transcribe: => mrna; supply / (1 + (pair / half)^feedback)
  decays: mrna => ; decay * mrna
  translate: mrna => mrna + single; translation * mrna
  binds: 2 single => pair; meet * single * (single - 1)
  lose: pair => ; loss * pair
  mrna = 1; single = 0; pair = 0
end
"""
NETWORK = read_model(TEXT, "dimers").with_inputs(["supply"])
NAMES = ("mrna", "single", "pair")
P = np.array([constant.value for constant in NETWORK.constants])
N = 500  # enough for two threads


@pytest.fixture(scope="module")
def made() -> Counted:
    return counted_build(NETWORK, NAMES)


def cells(n: int = N) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    keys = draw_child_keys(np.full(n, 9, np.uint64), STREAM, np.arange(n, dtype=np.uint64))
    supply = np.geomspace(0.05, 100.0, n)[None, :]  # few events in some cells, leaps in others
    return np.tile([[1.0], [0.0], [0.0]], n), supply, keys


def moved(own: Counted, rows: np.ndarray, steps: range = range(3)) -> tuple[np.ndarray, np.ndarray]:
    """Return molecules and means of some of the cells after some exchanges."""
    x, u, keys = (values[..., rows].copy() for values in cells())
    mean = x
    for step in steps:
        mean = own.advance(x, u, P, 1.0, keys, STREAM, step)
    return x, mean


def test_compiled_and_plain_code_draw_the_same(made):
    """The same draws, so the same whole numbers; means are sums in the same order, to the last bits of a logarithm."""
    rows = np.arange(0, N, 10)
    plain = counted_build(NETWORK, NAMES, plain=True)
    for expected, found in zip(moved(plain, rows), moved(made, rows), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-11)
    np.testing.assert_array_equal(moved(plain, rows)[0], moved(made, rows)[0])


def test_a_cell_does_not_depend_on_its_neighbours(made):
    x, mean = moved(made, np.arange(N))
    for rows in (np.array([17]), np.arange(N)[::-1], np.arange(3, N, 7)):
        again, mean_again = moved(made, rows)
        np.testing.assert_array_equal(again, x[:, rows])
        np.testing.assert_array_equal(mean_again, mean[:, rows])


def test_threads_change_no_bit(made):
    before, found = numba.get_num_threads(), []
    try:
        for threads in (1, min(2, numba.config.NUMBA_NUM_THREADS)):
            numba.set_num_threads(threads)
            found.append(moved(made, np.arange(N)))
    finally:
        numba.set_num_threads(before)
    np.testing.assert_array_equal(*(x for x, _ in found))
    np.testing.assert_array_equal(*(mean for _, mean in found))


def test_going_on_from_what_was_kept_changes_no_bit(made):
    """Molecules, keys and the count of exchanges are all there is: no state hides in the object."""
    x, _ = moved(made, np.arange(N), range(2))
    _, u, keys = cells()
    again = counted_build(NETWORK, NAMES)
    mean = again.advance(x, u, P, 1.0, keys, STREAM, 2)
    expected, mean_expected = moved(made, np.arange(N))
    np.testing.assert_array_equal(x, expected)
    np.testing.assert_array_equal(mean, mean_expected)


def test_another_exchange_stream_or_key_draws_anew(made):
    _, u, keys = cells()
    ends = []
    for count, stream, own in (
        (0, STREAM, keys),
        (1, STREAM, keys),
        (0, stream_key("other"), keys),
        (0, STREAM, keys + 1),
    ):
        x = cells()[0]
        made.advance(x, u, P, 1.0, own, stream, count)
        ends.append(x)
    assert all((ends[0] != other).any() for other in ends[1:])


def test_leaps_are_taken_where_there_are_many_events_and_only_there(made):
    (x, _), (single, _) = (
        moved(made, np.arange(N)),
        moved(counted_build(NETWORK, NAMES, leap_above=np.inf), np.arange(N)),
    )
    alike = (x == single).all(axis=0)
    assert not alike[-50:].any()
    few = single[1] + single[2] < 20  # a hundred events in one exchange leave more than that
    assert few.sum() > 10
    assert alike[few].all()


def test_what_is_counted_keeps_its_place_in_the_rest(made):
    assert made.rest.inputs == ("supply", *NAMES)
    assert made.rest.variables == ()
    assert set(made.rest.shown) == set(NETWORK.shown)
    assert made.channels == ("transcribe", "decays", "translate", "binds", "lose")
