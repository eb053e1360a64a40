"""Rates of false finds: exact intervals, and pictures of which the content is known."""

import numpy as np
import pytest

from migralab.core.errors import RequestError
from migralab.imaging.experiment.controls import (
    Light,
    as_micrograph,
    count_false_finds,
    draw_matched_noise,
    measure_light,
    poisson_rate,
)
from migralab.imaging.settings import AnalysisSettings
from migralab.imaging.signal.noise import estimate_noise
from tests.unit.imaging.drawn import line_points, render, sphere_points

SETTINGS = AnalysisSettings(psf_sigma_um=0.13)
LIGHT = Light(
    pixel_um=0.1, psf_um=0.13, background=140.0, read_sd=8.0, gain=2.0, fibre_peak=30.0, grey_step=1.0
)  # fmt: skip


def test_intervals_are_the_exact_ones():
    # Garwood 1936: 95 % limits of 0 and of 10 events
    none, ten = poisson_rate(0, 1.0), poisson_rate(10, 1.0)
    assert (none.low, none.high) == pytest.approx((0, 3.689), abs=1e-3)
    assert (ten.low, ten.high) == pytest.approx((4.795, 18.391), abs=1e-3)
    assert poisson_rate(10, 4.0).high == pytest.approx(18.391 / 4, abs=1e-3)
    with pytest.raises(RequestError, match="exposure"):
        poisson_rate(3, 0.0)


def test_noise_is_that_of_the_image_and_nothing_is_found_in_it():
    pictures = [draw_matched_noise(LIGHT, (240, 240), seed=seed) for seed in range(2)]
    noise = estimate_noise(pictures[0].pixels[0, 0], ~pictures[0].masked, step=1.0)
    assert noise.read_sd == pytest.approx(8.0, rel=0.05)
    assert noise.background == pytest.approx(140.0, abs=2.5)
    found = count_false_finds("noise", pictures, SETTINGS)
    assert (found.finds, found.images) == (0, 2)
    assert found.area_um2 == pytest.approx(2 * 24.0**2)
    assert found.per_1000_um2.high == pytest.approx(3.689 / (2 * 0.576), abs=1e-3)
    assert found.per_100_um is None
    with pytest.raises(RequestError, match="no pictures"):
        count_false_finds("noise", [], SETTINGS)


def test_what_is_called_a_migrasome_is_counted_by_what_it_was_called():
    """A picture with a real tip vesicle is no control: it shows that finds would be counted."""
    picture = render([line_points((3, 9), (12, 9)), sphere_points(12, 9, 1.4), sphere_points(5, 19, 1.4)])
    found = count_false_finds("fibres", [as_micrograph(picture, 0.1, source="drawn")], SETTINGS, structure_um=9.0)
    assert found.by_attachment.get("tip") == 1
    assert found.finds == 1
    assert found.called_free == 1
    assert found.per_100_um.value == pytest.approx(100 / 9)
    assert found.traced_um == pytest.approx(9.0, abs=1.5)


def test_the_brightness_of_a_fibre_is_measured():
    image = render([line_points((3, 9), (21, 9))], photons=0.5)
    light = measure_light(as_micrograph(image, 0.1, source="drawn"), SETTINGS)
    # 400 points a um, half a photon each, over a Gaussian of 0.13 um and the pixel of 0.1 um
    width = np.hypot(0.13, 0.1 / 12**0.5)
    assert light.fibre_peak == pytest.approx(400 * 0.5 * 0.1**2 / (np.sqrt(2 * np.pi) * width), rel=0.15)
    empty = measure_light(draw_matched_noise(LIGHT, (240, 240), seed=1), SETTINGS)
    assert np.isnan(empty.fibre_peak)
