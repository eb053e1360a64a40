"""Quick windows and smoothing against scipy, which does the same slowly."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from migralab.imaging.signal.windows import (
    count_neighbours,
    largest_within,
    open_grey,
    smallest_within,
    smooth_image,
)

EIGHT = np.ones((3, 3), np.int8)


@pytest.fixture(params=[(64, 48), (5, 9)])
def image(request):
    return np.random.default_rng(1).normal(size=request.param).astype(np.float32)


@pytest.mark.parametrize("reach", [1, 2, 5, 12])
def test_windows_are_those_of_scipy(image, reach):
    side = 2 * reach + 1
    assert (largest_within(image, reach) == ndimage.maximum_filter(image, size=side)).all()
    assert (smallest_within(image, reach) == ndimage.minimum_filter(image, size=side)).all()
    assert (open_grey(image, reach) == ndimage.grey_opening(image, size=(side, side))).all()
    mask = image > 1.0
    assert (largest_within(mask, reach) == ndimage.binary_dilation(mask, EIGHT, iterations=reach)).all()


def test_neighbours_are_counted_on_lines_only(image):
    mask = image > 0.5
    around = ndimage.convolve(mask.astype(np.int8), EIGHT, mode="constant") - mask
    assert (count_neighbours(mask) == np.where(mask, around, 0)).all()


@pytest.mark.parametrize("sigma", [0.7, 1.0, 9.0])
def test_smoothing_is_that_of_scipy(image, sigma):
    assert smooth_image(image, sigma) == pytest.approx(ndimage.gaussian_filter(image, sigma), abs=2e-6)
