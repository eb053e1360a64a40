"""The width of the blur, measured on the fibres of the image itself."""

import numpy as np
import pytest
from skimage.draw import line

from migralab.imaging.signal.noise import Noise
from migralab.imaging.signal.psf import TUBE_SD_UM, measure_psf
from tests.unit.imaging.drawn import line_points, render

NOISE = Noise(background=105.0, read_sd=np.sqrt(5 + 1.5**2), gain=1.0)


def drawn(psf, photons, lines=range(8)):
    ends = [((2, 2 + 2.5 * n), (22, 3.2 + 2.5 * n)) for n in lines]
    image = render([line_points(*e) for e in ends], psf=float(np.hypot(psf, TUBE_SD_UM)), photons=photons)
    lines = np.zeros(image.shape, bool)
    for (x0, y0), (x1, y1) in ends:
        lines[line(round(10 * y0), round(10 * x0), round(10 * y1), round(10 * x1))] = True
    direction = np.full(image.shape, np.arctan2(1.2, 20), np.float32)
    return image.astype(np.float32), lines, direction


@pytest.mark.parametrize("psf", [0.1, 0.13, 0.18])
def test_the_blur_comes_back_within_its_error(psf):
    found = measure_psf(*drawn(psf, photons=1.0), NOISE, 0.1, 0.13)
    assert found.psf_um == pytest.approx(psf, rel=0.05)
    assert abs(found.psf_um - psf) < 3 * found.relative_sd * psf
    # the width of a fibre, 50 to 100 nm, cannot be seen: that alone leaves a third of its share of the variance
    assert (TUBE_SD_UM / psf) ** 2 / 3 * 0.8 < found.relative_sd < 0.1


def test_one_bright_fibre_that_is_wider_does_not_rule():
    usual, lines, direction = drawn(0.13, 2.0, [n for n in range(8) if n != 3])
    bright, more, _ = drawn(0.13 * 1.2, 40.0, [3])
    found = measure_psf(usual + bright - 105.0, lines | more, direction, NOISE, 0.1, 0.13)
    # its share of the stretches is an eighth, of the light three quarters
    assert found.psf_um == pytest.approx(0.13, rel=0.05)


def test_dim_fibres_give_a_larger_error():
    bright, dim = (measure_psf(*drawn(0.13, photons=p), NOISE, 0.1, 0.13) for p in (2.0, 0.25))
    assert dim.relative_sd > bright.relative_sd


def test_without_fibres_nothing_is_measured():
    image, _, direction = drawn(0.13, photons=1.0)
    assert measure_psf(image, np.zeros(image.shape, bool), direction, NOISE, 0.1, 0.13) is None
