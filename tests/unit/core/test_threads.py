"""Threads: few entities get one, and a large field in a small dish gets back what the dish did not want."""

from __future__ import annotations

import numba
import pytest

from migralab.core.kernel import WORTH_THREADS, threads_for


@pytest.mark.skipif(numba.config.NUMBA_NUM_THREADS < 2, reason="this machine offers one thread only")
def test_a_nested_block_sees_what_the_outermost_found():
    numba.set_num_threads(2)
    with threads_for(10):
        assert numba.get_num_threads() == 1
        with threads_for(WORTH_THREADS):
            assert numba.get_num_threads() == 2
        assert numba.get_num_threads() == 1
    assert numba.get_num_threads() == 2


def test_threads_come_back_after_an_error():
    before = numba.get_num_threads()
    with pytest.raises(ValueError, match="broken"), threads_for(10):
        raise ValueError("broken")
    assert numba.get_num_threads() == before
