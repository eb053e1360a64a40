"""Shared by all tests: numpy errors raise, and dishes are built in one line."""

from __future__ import annotations

import numpy as np
import pytest

from tests.dish import found_dish


@pytest.fixture(autouse=True)
def _numpy_errors_raise():
    with np.errstate(all="raise", under="ignore"):
        yield


@pytest.fixture
def dish():
    return found_dish
