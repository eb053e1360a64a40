"""Pictures drawn for the tests: points on tubes and spheres, counted into fine pixels, blurred, exposed to noise.

Nothing here shares a formula with the package: spheres are clouds of points, not profiles.
"""

from itertools import pairwise

import numpy as np
from scipy import ndimage

from migralab.imaging.reading import Micrograph

FINE = 4


def line_points(*corners, per_um=400.0):
    """Points along a polyline; corners in um."""
    parts = []
    for a, b in pairwise(corners):
        n = int(np.hypot(b[0] - a[0], b[1] - a[1]) * per_um)
        parts.append(np.array(a) + np.linspace(0, 1, n)[:, None] * (np.array(b) - np.array(a)))
    return np.concatenate(parts)


def sphere_points(x, y, diameter, per_um2=3000.0, section=0.35, filled=0.0):
    """Points of a membrane shell, thinned by the optical section; `filled` of them lie inside instead."""
    rng = np.random.default_rng(7)
    n = int(per_um2 * np.pi * diameter**2)
    way = rng.normal(size=(n, 3))
    way /= np.linalg.norm(way, axis=1, keepdims=True)
    radius = np.full(n, diameter / 2)
    inner = int(filled * n)
    radius[:inner] *= rng.uniform(size=inner) ** (1 / 3)
    place = way * radius[:, None]
    seen = rng.uniform(size=n) < np.exp(-0.5 * (place[:, 2] / section) ** 2)
    return place[seen, :2] + [x, y]


def disc_points(x, y, radius, per_um2=4000.0):
    """Points of a flat cell body."""
    rng = np.random.default_rng(3)
    place = rng.uniform(-radius, radius, size=(int(per_um2 * 4 * radius**2), 2))
    return place[np.hypot(*place.T) < radius] + [x, y]


def render(points, *, side_um=24.0, pixel=0.1, psf=0.13, photons=0.5, background=5.0, seed=1):
    """Grey levels: blur, Poisson noise and 1.5 electrons of readout."""
    n = round(side_um / pixel)
    grid = np.zeros((n * FINE, n * FINE))
    for cloud in points:
        at = np.floor((np.asarray(cloud) / pixel + 0.5) * FINE).astype(int)
        inside = ((at >= 0) & (at < n * FINE)).all(axis=1)
        np.add.at(grid, (at[inside, 1], at[inside, 0]), 1.0)
    blurred = ndimage.gaussian_filter(grid, psf / pixel * FINE)
    light = blurred.reshape(n, FINE, n, FINE).sum(axis=(1, 3)) * photons
    rng = np.random.default_rng(seed)
    counted = rng.poisson(light + background) + rng.normal(0, 1.5, light.shape)
    return np.clip(np.rint(counted + 100), 0, 65535).astype(np.uint16)


def as_micrograph(image, pixel=0.1, masked=None):
    return Micrograph(
        pixels=image[None, None].astype(np.float32),
        pixel_size_um=pixel,
        frame_interval_min=None,
        channels=("membrane",),
        source="drawn",
        masked=np.zeros(image.shape, bool) if masked is None else masked,
    )
