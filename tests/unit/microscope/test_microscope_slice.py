"""Thin sections: circles of spheres at random heights, dark membrane on a bright ground."""

import dataclasses

import numpy as np
import pytest
from test_microscope_render import specimen

from migralab.core.errors import RequestError
from migralab.microscope.light.slice import column, cut_diameter, random_cut
from migralab.microscope.presets import MICROSCOPES
from migralab.microscope.render import expected_photons, render
from migralab.microscope.specimen import spheres_of

TEM = MICROSCOPES["tem-section"]


def test_columns_of_a_sphere_add_up_to_its_slab():
    radius, low, high = 0.5, -0.2, 0.3
    r = (np.arange(20_000) + 0.5) / 20_000 * radius
    volume = np.sum(column(radius, r, low, high) * 2 * np.pi * r) * radius / 20_000
    slab = np.pi * (radius**2 * (high - low) - (high**3 - low**3) / 3)
    assert volume == pytest.approx(slab, rel=1e-5)


def test_cut_of_a_sphere_is_a_circle_by_pythagoras():
    assert cut_diameter(1.0, 0.3) == pytest.approx(0.8)
    assert cut_diameter(1.0, 0.6) == 0
    assert cut_diameter(1.0, -0.335, 0.07) == pytest.approx(0.8)  # a slice of 70 nm begins 35 nm nearer


def test_membrane_is_dark_on_a_bright_ground():
    scene = specimen(vesicles=[(1.0, 1.0, 1.0)], tubes=[(0.1, 1.8, 1.9, 1.8)], field=(0.0, 0.0, 2.0, 2.0))
    scene = dataclasses.replace(scene, vesicles=dataclasses.replace(scene.vesicles, lumen=np.zeros(1)))
    image = expected_photons(scene, TEM, key=1)[0]
    clear = TEM.photons_per_um2 * TEM.pixel_um**2
    assert image[5, 5] == pytest.approx(clear)
    row = image[200]  # through the middle of the vesicle
    walls = np.flatnonzero(row < 0.6 * clear) * TEM.pixel_um
    assert (walls.max() - walls.min()) == pytest.approx(1.0, abs=0.015)
    across = np.flatnonzero(image[340:380, 300] < 0.6 * clear)  # a fibre shows both its walls
    assert (across.max() - across.min()) * TEM.pixel_um == pytest.approx(0.1, abs=0.015)
    assert render(scene, TEM, key=1).channels == ("electrons",)


def test_vesicle_above_the_slice_is_not_seen():
    scene = specimen(vesicles=[(1.0, 1.0, 0.6)], field=(0.0, 0.0, 2.0, 2.0))
    high = dataclasses.replace(scene, vesicles=dataclasses.replace(scene.vesicles, z_um=np.array([0.4])))
    assert np.ptp(expected_photons(high, TEM, key=1)) < 1e-6


def test_random_plane_cuts_spheres_as_stereology_says():
    count, size = 40_000, 0.8
    scene = dataclasses.replace(specimen(), vesicles=spheres_of(np.zeros((count, 2)), np.full(count, size)))
    cut = random_cut(scene, key=2, block_um=2.0).vesicles
    seen = cut_diameter(size, cut.z_um)
    hit = seen > 0
    # hit with chance d/block; the mean circle of equal spheres is pi/4 of their diameter
    assert hit.mean() == pytest.approx(size / 2.0, abs=4 * np.sqrt(0.24 / count))
    assert seen[hit].mean() == pytest.approx(np.pi / 4 * size, abs=4 * 0.223 * size / np.sqrt(hit.sum()))
    with pytest.raises(RequestError, match="block_um"):
        random_cut(scene, key=2, block_um=0.5)
