"""Rendered films of growing vesicles, one apart from the other, as the virtual microscope sees them."""

import dataclasses

import numpy as np

from migralab.imaging.signal.noise import estimate_noise
from migralab.microscope.presets import find_microscope
from migralab.microscope.render import expected_photons, render
from migralab.microscope.specimen import Scene, dots_of, no_tubes, spheres_of

OPTICS = dataclasses.replace(find_microscope("confocal"), photons_per_um2=200.0, background=5.0, gain=4.0)
PITCH = 6.0


def scene_of(diameter, density, frame, rows=4):
    grid = (np.arange(rows) + 0.5) * PITCH
    centre = np.stack(np.meshgrid(grid, grid), axis=-1).reshape(-1, 2)
    centre = centre + np.random.default_rng(3).uniform(-0.1, 0.1, centre.shape)
    vesicles = spheres_of(centre, np.full(rows**2, diameter), attachment="free")
    return Scene(
        field=(0.0, 0.0, rows * PITCH, rows * PITCH),
        frame=frame,
        time_min=2.0 * frame,
        cells=(),
        tubes=no_tubes(),
        vesicles=dataclasses.replace(vesicles, density=np.full(rows**2, density)),
        dots=dots_of(np.empty((0, 2)), np.empty(0)),
    )


def photons_of(diameter):
    """Photons of one vesicle at the usual density."""
    scene = scene_of(diameter, 1.0, 0, rows=1)
    return float((expected_photons(scene, OPTICS, key=1, channels=("WGA",)) - OPTICS.background).sum())


def render_film(diameters, photons, *, key, rows):
    """Frames in which each vesicle gives `photons`, the noise of each, and centres in pixels."""
    frames = []
    for frame, diameter in enumerate(diameters):
        scene = scene_of(diameter, photons / photons_of(diameter), frame, rows)
        frames.append(render(scene, OPTICS, key=key, channels=("WGA",)).pixels[0].astype(np.float32))
    noises = [estimate_noise(image, np.ones(image.shape, bool), step=1.0) for image in frames]
    return frames, noises, scene.vesicles.centre / OPTICS.pixel_um
