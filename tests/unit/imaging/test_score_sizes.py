"""Errors of size and place: closed forms of the Cramer-Rao bound, published bounds, and hand-made pulls."""

import numpy as np
import pandas as pd
import pytest

from migralab.imaging.score import Ball, Camera, bound_errors, score_migrasomes, size_errors
from migralab.physics.optics import Grid, ball_profile, deposit_profile, pixel_psf, shell_profile

CAMERA = Camera(psf_um=0.12, section_um=0.35, pixel_um=0.1, read_noise=1.5)


def image_of(ball, background=5.0, side=61, camera=CAMERA):
    width = pixel_psf(camera.psf_um, camera.pixel_um)
    distance = np.linspace(0, ball.diameter_um / 2 + 5 * width, 400)
    light = sum(
        part * profile(ball.diameter_um / 2, distance, width, camera.section_um)
        for part, profile in ((ball.shell, shell_profile), (ball.fill, ball_profile))
    )
    image = np.full((side, side), background)
    deposit_profile(image, Grid(camera.pixel_um, (side, side)), (ball.x_um, ball.y_um), distance, light)
    return image


def ball_of(diameter, photons, fill=0.3):
    """A vesicle that gives so many photons; `fill` is the light of 1 um3 inside over that of 1 um2 of membrane."""
    unit = Ball(x_um=3.0, y_um=3.0, diameter_um=diameter, shell=1.0, fill=fill)
    scale = photons / image_of(unit, background=0.0).sum()
    return Ball(x_um=3.0, y_um=3.0, diameter_um=diameter, shell=scale, fill=fill * scale)


# evidence/imaging.md section 4.1: d, photons, bound of x (nm), bound of d with free fill (nm)
@pytest.mark.parametrize(
    ("diameter", "photons", "place", "size"),
    [
        (0.4, 1000, 7.5, 105),
        (0.6, 1000, 10, 52),
        (1.0, 200, 58, 129),
        (1.0, 1000, 14, 31),
        (1.0, 5000, 4.3, 9),
        (2.0, 1000, 17, 29),
        (3.0, 1000, 19, 30),
    ],
)
def test_bounds_are_those_of_the_evidence(diameter, photons, place, size):
    ball = ball_of(diameter, photons)
    x, y, d = bound_errors(ball, image_of(ball), CAMERA)
    assert x == pytest.approx(y, rel=1e-6)
    assert x * 1000 == pytest.approx(place, rel=0.06)  # published to two digits
    assert d * 1000 == pytest.approx(size, rel=0.06)


def test_a_point_without_background_has_the_closed_form():
    camera = Camera(psf_um=0.12, section_um=50.0, pixel_um=0.05, read_noise=0.0)
    ball = Ball(x_um=1.5, y_um=1.5, diameter_um=0.02, shell=1e4 / (np.pi * 0.02**2), fill=0.0)
    # ground and fill unknown cost nothing in place, by symmetry: sd = s / sqrt(N)
    x, _, _ = bound_errors(ball, image_of(ball, background=0.01, camera=camera), camera)
    width = np.sqrt(pixel_psf(0.12, 0.05) ** 2 + 0.02**2 / 12)
    assert x == pytest.approx(width / 100, rel=0.02)


def test_bounds_fall_with_the_root_of_the_light_where_it_outshines_the_noise():
    bright, brighter = ball_of(1.0, 1e7), ball_of(1.0, 4e7)
    for one, other in zip(
        bound_errors(bright, image_of(bright), CAMERA), bound_errors(brighter, image_of(brighter), CAMERA), strict=True
    ):
        assert one / other == pytest.approx(2.0, rel=0.02)


def test_sizes_and_pulls_by_hand():
    true = pd.DataFrame({"x_um": [0.0, 5, 10, 15], "y_um": 0.0, "diameter_um": [0.5, 1.0, 1.0, 2.0]})
    found = true.assign(diameter_um=[0.6, 1.0, 0.9, 2.2], diameter_sd_um=[0.1, 0.1, 0.1, 0.2], x_um=[0.1, 5, 10, 15])
    score = score_migrasomes(found, {"migrasomes": true})
    all_of_them = size_errors([score])
    assert all_of_them.pairs == 4
    assert all_of_them.bias == pytest.approx(0.05)
    assert all_of_them.rmse == pytest.approx(np.sqrt((0.01 + 0 + 0.01 + 0.04) / 4))
    assert all_of_them.pull_width == pytest.approx(np.std([1, 0, -1, 1]))
    assert score.error[:, 0].tolist() == pytest.approx([0.1, 0, 0, 0])
    middle = size_errors([score, score], 0.7, 1.2)
    assert middle.pairs == 4
    assert middle.bias == pytest.approx(-0.05)
    assert np.isnan(size_errors([score], 5.0).bias)
