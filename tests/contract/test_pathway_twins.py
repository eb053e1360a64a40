"""A compiled pathway does what its text does as Python, and cells do not know of each other, bit for bit."""

from __future__ import annotations

import sys

import numba
import numpy as np
import pytest

from migralab.pathways.generate import cache
from migralab.pathways.generate.compiled import Settings, build
from tests.networks import MIXED

CELLS = 700  # three chunks of 256, the last one not full, and no multiple of the lanes
MINUTES = 3


@pytest.fixture(scope="module", params=["explicit", "stiff"])
def made(request):
    return build(MIXED, method=request.param)


def run(made, level, minutes=MINUTES, settings=None):
    """Move cells with inputs that jump at each exchange; return state, steps and what failed."""
    y = made.start(made.constants, level[None])
    h, failed = np.zeros(len(level)), np.zeros(len(level), np.int8)
    for minute in range(minutes):
        u = level[None] * (1.0 + minute)
        failed |= made.advance(y, u, made.constants, float(minute), 1.0, h, settings or Settings(rtol=1e-7))
    return y, h, failed


@pytest.fixture(scope="module")
def level():
    return np.random.default_rng(3).uniform(0.0, 20.0, CELLS)  # some cells need many steps, others one


@pytest.fixture(scope="module")
def together(made, level):
    return run(made, level)


def test_the_compiled_module_equals_its_own_text_as_python(made, together, level):
    y, h, failed = together
    some = [0, 15, 16, 255, 256, 511, 699]
    twin, twin_h, _ = run(build(MIXED, method=made.method, plain=True), level[some])
    assert not failed.any()
    # libm against numpy's own exp and power: the last bit
    np.testing.assert_allclose(y[:, some], twin, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(
        h[some], twin_h, rtol=1e-6
    )  # a step follows an error that is a difference of near equals


def test_order_and_neighbours_and_number_of_cells_make_no_difference(made, together, level):
    y, h, _ = together
    order = np.random.default_rng(4).permutation(CELLS)
    for chosen in (order, np.arange(CELLS)[::-1], order[:300], order[:17], [5], [699]):
        own, own_h, _ = run(made, level[chosen])
        np.testing.assert_array_equal(own, y[:, chosen])
        np.testing.assert_array_equal(own_h, h[chosen])


def test_the_number_of_threads_makes_no_difference(made, together, level):
    numba.set_num_threads(min(2, numba.config.NUMBA_NUM_THREADS))
    y, h, _ = run(made, level)
    np.testing.assert_array_equal(y, together[0])
    np.testing.assert_array_equal(h, together[1])


def test_a_cell_that_breaks_down_takes_none_with_it(made, together, level):
    broken = level.copy()
    broken[[3, 260, 690]] = np.nan, np.inf, np.nan
    start = made.start(made.constants, broken[None])
    y, h, failed = run(made, broken)
    assert np.flatnonzero(failed).tolist() == [3, 260, 690]
    assert (failed[failed > 0] == 2).all()
    np.testing.assert_array_equal(y[:, failed > 0], start[:, failed > 0])
    np.testing.assert_array_equal(y[:, failed == 0], together[0][:, failed == 0])
    np.testing.assert_array_equal(h[failed == 0], together[1][failed == 0])


def test_too_few_steps_are_reported_for_the_cells_that_need_more(made, level):
    whole = run(made, level, 1)[0]
    counts = []
    for most in (3, 20, 25, 30, 40, 60, 100, 200, 10_000):
        y, _, failed = run(made, level, 1, Settings(rtol=1e-7, most_steps=most))
        assert set(failed) <= {0, 1}
        np.testing.assert_array_equal(y[:, failed == 0], whole[:, failed == 0])
        counts.append(int(failed.sum()))
    assert (counts[0], counts[-1]) == (CELLS, 0)
    assert counts == sorted(counts, reverse=True)
    assert any(0 < count < CELLS for count in counts)


def test_a_second_build_finds_the_compiled_code(made, together, level):
    """What is compiled once is read from the disk; another value of a constant does not compile anew either."""
    name = made._functions["__name__"]
    written = (cache.folder() / f"{name}.py").stat().st_mtime_ns
    kept = sys.modules.pop(name)
    try:
        again = build(MIXED, method=made.method)
        assert vars(kept) is not again._functions
        y, _, _ = run(again, level)
        found = again._functions["advance"].stats
        assert sum(found.cache_hits.values()) == 1
        assert not found.cache_misses
    finally:
        sys.modules[name] = kept
    assert (cache.folder() / f"{name}.py").stat().st_mtime_ns == written
    np.testing.assert_array_equal(y, together[0])
