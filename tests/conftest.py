"""Shared by all tests: numpy errors raise, and dishes are built in one line."""

from __future__ import annotations

import numba
import numpy as np
import pytest

from tests.dish import found_dish


@pytest.fixture(autouse=True)
def _numpy_errors_raise():
    with np.errstate(all="raise", under="ignore"):
        yield


@pytest.fixture(autouse=True)
def _one_thread():
    """Two test workers with two kernel threads each would only disturb each other."""
    numba.set_num_threads(1)
    yield
    numba.set_num_threads(1)


@pytest.fixture
def dish():
    return found_dish
