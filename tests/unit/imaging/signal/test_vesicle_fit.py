"""The fit of a vesicle gives back what was drawn as a cloud of points, and its errors are those it has."""

import numpy as np
import pytest

from migralab.imaging.signal.noise import Noise
from migralab.imaging.signal.profiles import blur_spheres
from migralab.imaging.signal.vesicle_fit import Starts, fit_spheres
from tests.unit.imaging.drawn import line_points, render, sphere_points

PSF, PIXEL = 0.13, 0.1
NOISE = Noise(background=105.0, read_sd=np.sqrt(5 + 1.5**2), gain=1.0)


def fit(clouds, places, arms=(), *, misfit=0.0, radii=(1.0, 0.7, 1.35), **how):
    """Fit vesicles that start 15 % too large and a pixel off; `arms` are directions, the same for all."""
    image = render(clouds, **how).astype(np.float32)
    start = np.array([(x / PIXEL + 0.7, y / PIXEL - 0.6, 1.15 * d / 2) for x, y, d in places])
    half = np.ceil((start[:, 2] + 3 * PSF + 0.2) / PIXEL).astype(np.int64)
    side = 2 * int(half.max()) + 1
    angle = np.zeros((len(start), 4))
    angle[:, : len(arms)] = arms
    starts = Starts(
        place=start,
        half=half,
        arm_count=np.full(len(start), len(arms), np.int64),
        arm_angle=angle,
        foreign=np.zeros((len(start), side, side), bool),
    )
    profiles = blur_spheres(PSF, 0.35, PIXEL, 2.0)
    return fit_spheres(
        image, np.ones(image.shape, bool), NOISE, starts, profiles, pixel_um=PIXEL, misfit=misfit, radii=radii
    )


@pytest.mark.parametrize("filled", [0.0, 0.3])
def test_places_and_diameters_come_back(filled):
    places = [(4 + 5 * (i % 4), 5 + 6 * (i // 4), d) for i, d in enumerate((0.6, 0.8, 1.0, 1.3, 1.6, 2.0, 2.5))]
    found = fit([sphere_points(x, y, d, filled=filled) for x, y, d in places], places, photons=2.0)
    x, y, d = np.array(places).T
    assert found.x * PIXEL == pytest.approx(x, abs=0.02)
    assert found.y * PIXEL == pytest.approx(y, abs=0.02)
    assert found.diameter_um == pytest.approx(d, abs=0.05)


def test_a_fibre_that_ends_in_a_small_vesicle_does_not_make_it_wider():
    places = [(6 + 6 * (i % 3), 4 + 6 * (i // 3), 0.6) for i in range(9)]
    clouds = [sphere_points(*place) for place in places] + [line_points((x - 3, y), (x, y)) for x, y, _ in places]
    with_arm = fit(clouds, places, arms=[np.pi], photons=2.0)
    without = fit(clouds, places, photons=2.0)
    assert abs(np.median(with_arm.diameter_um) - 0.6) < 0.03
    assert np.median(without.diameter_um) - 0.6 > 2 * abs(np.median(with_arm.diameter_um) - 0.6)
    assert (with_arm.reduced_chi2 < without.reduced_chi2).all()


def test_stated_errors_are_the_scatter():
    places = [(3 + 3.5 * (i % 6), 3 + 3.5 * (i // 6), 0.9) for i in range(36)]
    cloud = [sphere_points(x, y, d) for x, y, d in places]
    runs = [fit(cloud, places, photons=0.5, seed=seed, radii=(1.0,)) for seed in range(3)]
    pulls = np.concatenate([(r.diameter_um - 0.9) / r.diameter_sd_um for r in runs])
    steps = np.concatenate([(r.x - np.array(places)[:, 0] / PIXEL) * PIXEL / r.place_sd_um for r in runs])
    for values in (pulls, steps):  # 108 values tell a width to 7 %
        assert 0.7 < np.std(values) < 1.25
    assert abs(np.median(pulls)) < 0.5


def test_a_point_is_not_measured_as_a_vesicle():
    found = fit([np.full((2000, 2), 12.0)], [(12, 12, 0.4)], photons=1.0)
    assert found.diameter_um[0] - found.diameter_sd_um[0] < 0.3


def test_a_patch_outside_the_image_is_no_measurement():
    found = fit([], [(-3, -3, 0.5)])
    assert found.diameter_um[0] == 0
