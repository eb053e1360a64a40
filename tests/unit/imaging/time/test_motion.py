"""Particles that diffuse: drawn walks, and real beads against Stokes and Einstein."""

import os
from pathlib import Path

import numpy as np
import pytest

from migralab.core.errors import RequestError
from migralab.imaging.time.motion import find_particles, link_particles, measure_diffusion, stokes_einstein

DATA = Path(os.environ.get("MIGRALAB_DATA", Path(__file__).resolve().parents[5] / "shared" / "data"))
BEADS = DATA / "trackpy_bulk_water"


def test_stokes_einstein_at_22_degrees():
    assert stokes_einstein(1.0, 22.0) == pytest.approx(0.453, abs=0.002)  # SOURCES.md
    assert stokes_einstein(0.1, 22.0) == pytest.approx(4.53, abs=0.02)


def test_particles_are_found_between_the_pixels():
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:200, :200].astype(float)
    truth = np.stack(np.meshgrid(np.arange(20, 190, 22), np.arange(20, 190, 22)), axis=-1).reshape(-1, 2)
    truth = truth + rng.uniform(-0.5, 0.5, truth.shape)
    light = np.zeros_like(x)
    for px, py in truth:
        light += 200 * np.exp(-((x - px) ** 2 + (y - py) ** 2) / (2 * 2.5**2))
    image = 500.0 - rng.poisson(light + 20)
    found = find_particles(image, 9.0, dark=True)
    assert len(found) == len(truth)
    apart = np.hypot(*(found[:, None] - truth[None]).transpose(2, 0, 1)).min(axis=1)
    assert np.sqrt(np.mean(apart**2)) < 0.08
    assert find_particles(rng.normal(size=(200, 200)), 9.0, least=8.0).shape == (0, 2)


@pytest.mark.parametrize("drift", [0.0, 1.0])
def test_the_coefficient_of_drawn_walks_comes_back(drift):
    rng = np.random.default_rng(2)
    coefficient, interval, pixel = 0.4, 1 / 24, 0.35
    step = np.sqrt(2 * coefficient * interval) / pixel
    walks = rng.uniform(0, 600, (150, 2))[:, None] + np.cumsum(rng.normal(0, step, (150, 60, 2)), axis=1)
    walks += np.arange(60)[:, None] * drift + rng.normal(0, 0.1, walks.shape)
    places = [walks[rng.uniform(size=150) > 0.03, frame] for frame in range(60)]
    tracks = link_particles(places, 6.0)
    found = measure_diffusion(tracks, interval, pixel, lags_s=(0.3, 1.0), least_frames=15)
    assert abs(found.coefficient_um2_per_s - coefficient) < 3 * found.sd
    assert found.sd < 0.05
    assert found.exponent == pytest.approx(1.0, abs=0.1)


def test_tracks_that_are_too_short_are_refused():
    with pytest.raises(RequestError, match="longer tracks"):
        measure_diffusion([(np.array([0, 1]), np.zeros((2, 2)))], 1.0, 1.0, lags_s=(0.3, 1.0))


@pytest.mark.data
@pytest.mark.skipif(not BEADS.is_dir(), reason=f"real data are not there: {BEADS}")
def test_beads_in_water_diffuse_as_stokes_and_einstein_say():
    from PIL import Image

    places = []
    for number in range(36):
        with Image.open(BEADS / f"bulk_water_{number:03d}.png") as picture:
            places.append(find_particles(np.asarray(picture, np.float64), 9.0, dark=True))
    tracks = link_particles(places, 5.0, memory=3)
    found = measure_diffusion(tracks, 1 / 24, 1 / 2.85, lags_s=(0.3, 1.0), least_frames=25)
    assert found.tracks > 100
    # the temperature was not recorded: 22 degrees assumed (SOURCES.md), hence 15 %
    assert found.coefficient_um2_per_s == pytest.approx(stokes_einstein(1.0, 22.0), rel=0.15)
    assert found.exponent == pytest.approx(1.0, abs=0.15)
