"""Cheap gates: what is round, filled and brighter than the fibres around it may be a vesicle."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from migralab.core.kernel import kernel
from migralab.imaging.detect.scene import Scene
from migralab.imaging.settings import AnalysisSettings
from migralab.imaging.signal.noise import Image, Mask

Floats = NDArray[np.float64]

_ANGLES = 24
_WAYS = np.stack([f(np.linspace(0, 2 * np.pi, _ANGLES, endpoint=False)) for f in (np.cos, np.sin)])
_ALONE = 4.0
_RIM = 0.75  # of the radius: where a blurred sphere of any filling is still bright


@kernel
def look_around(image: Image, places: Floats, distance: Floats, ways: Floats, ground: float, out: Floats) -> None:
    """Interpolate between pixels on circles around places (K, 2: x, y) at a distance each, pixels; less the ground."""
    bottom, right = image.shape[0] - 1, image.shape[1] - 1
    for k in range(places.shape[0]):
        for n in range(ways.shape[1]):
            x = min(max(places[k, 0] + distance[k] * ways[0, n], 0.0), float(right))
            y = min(max(places[k, 1] + distance[k] * ways[1, n], 0.0), float(bottom))
            x0, y0 = int(x), int(y)
            x1, y1 = min(x0 + 1, right), min(y0 + 1, bottom)
            u, v = x - x0, y - y0
            upper = image[y0, x0] + u * (image[y0, x1] - image[y0, x0])
            lower = image[y1, x0] + u * (image[y1, x1] - image[y1, x0])
            out[k, n] = upper + v * (lower - upper) - ground


def sample(scene: Scene, candidates: Floats, distance_um: Floats) -> Floats:
    """Light above the ground on circles around each candidate, (K, angles)."""
    places, distance = np.ascontiguousarray(candidates[:, :2], np.float64), distance_um / scene.pixel_um
    values = np.empty((len(places), _ANGLES))
    look_around(
        np.ascontiguousarray(scene.image, np.float32),
        places,
        np.ascontiguousarray(distance, np.float64),
        _WAYS,
        scene.noise.background,
        values,
    )
    return values


def disc_mean(scene: Scene, candidates: Floats) -> Floats:
    """Mean light above the ground within each candidate's radius."""
    parts = np.sqrt((np.arange(4) + 0.5) / 4)  # circles of equal area
    circles = [sample(scene, candidates, part * candidates[:, 2]).mean(axis=1) for part in parts]
    return np.asarray(np.mean(circles, axis=0))


def typical_fibre(scene: Scene) -> float:
    """Median light of the fibres above the ground."""
    on = scene.skeleton & scene.usable
    return float(np.median(scene.image[on])) - scene.noise.background if on.sum() >= 50 else 0.0


def measure_roundness(scene: Scene, candidates: Floats, rim: float = _RIM) -> Floats:
    """Darker side of the rim over the mean inside: near 1 for a vesicle, near 0 for a line or a bundle."""
    least = np.maximum(rim * candidates[:, 2], 1.3 * scene.psf_um)
    darker = np.percentile(sample(scene, candidates, least), 20, axis=1)
    # a wide empty shell is bright at its rim only
    wide = np.maximum(candidates[:, 2] - 0.5 * scene.psf_um, least)
    darker = np.maximum(darker, np.percentile(sample(scene, candidates, wide), 20, axis=1))
    return np.asarray(darker / np.maximum(disc_mean(scene, candidates), 1e-6))


def measure_excess(scene: Scene, candidates: Floats) -> Floats:
    """Light inside over that of fibres of the density found just outside, running to the centre.

    1 for a fibre, a tip or a junction without a vesicle, whatever its number of arms.
    """
    edge = candidates[:, 2] + 1.5 * max(scene.psf_um, 0.5 * scene.pixel_um)
    steps = (np.arange(8) + 0.5) / 8
    inside = np.sum(
        [sample(scene, candidates, s * edge).mean(axis=1) * 2 * np.pi * s * edge for s in steps], axis=0
    ) * (edge / 8)
    outer = np.stack([sample(scene, candidates, edge + d) for d in (0.15, 0.3, 0.45)])
    circle = 2 * np.pi * (edge[None, :] + np.array([[0.15], [0.3], [0.45]]))
    entering = np.min(np.maximum(outer.mean(axis=2), 0.0) * circle, axis=0)
    noise = scene.noise.read_sd * scene.pixel_um
    return np.asarray(inside / np.maximum(entering * edge, noise * edge))


def measure_hollowness(scene: Scene, candidates: Floats) -> Floats:
    """Centre over rim: membrane above and below the focus fills a vesicle, nothing fills a loop of fibre."""
    rim = np.median(sample(scene, candidates, _RIM * candidates[:, 2]), axis=1)
    centre = sample(scene, candidates, 0.15 * candidates[:, 2]).mean(axis=1)
    return np.asarray(centre / np.maximum(rim, 1e-6))


def measure_elongation(scene: Scene, candidates: Floats) -> Floats:
    """Length over width of the light in a round window with a soft rim: 1 for a sphere of any filling.

    The square root of the ratio of its second moments. Two beads, a bead on the end of a fibre or a thick place of
    one are elongated, although a sphere can be fitted to them.
    """
    px, ratio = scene.pixel_um, np.ones(len(candidates))
    light = np.maximum(scene.image - scene.noise.background, 0.0)
    for row, (x, y, radius) in enumerate(candidates[:, :3]):
        half = (radius + 2.0 * scene.psf_um) / px
        top, left = max(int(y - half), 0), max(int(x - half), 0)
        part = light[top : int(y + half) + 2, left : int(x + half) + 2]
        dy, dx = np.indices(part.shape) + np.array([top - y, left - x])[:, None, None]
        apart = np.hypot(dy, dx)
        weight = np.where(apart <= half, part * np.exp(-0.5 * (apart * px / (radius + scene.psf_um)) ** 2), 0.0)
        if weight.sum() <= 0.0:
            continue
        spread = np.cov(np.stack([dy.ravel(), dx.ravel()]), aweights=weight.ravel(), ddof=0)
        small, large = np.linalg.eigvalsh(spread)
        ratio[row] = np.sqrt(large / max(small, 1e-9))
    return ratio


def _how_small(scene: Scene, places: Floats) -> Floats:
    """1 up to a radius of 2.5 times the blur, falling to 0 for wide ones; a fit that went to radius 0 is small."""
    return np.asarray(np.minimum(1.0, (2.5 * scene.psf_um / np.maximum(places[:, 2], 1e-6)) ** 2))


def is_vesicle(scene: Scene, places: Floats, settings: AnalysisSettings) -> Mask:
    """Round, filled, brighter than the fibres around it."""
    # fibres alone can look like a small vesicle at a junction, but not like a wide ring
    small = _how_small(scene, places)
    excess = measure_excess(scene, places)
    good = excess >= 1.0 + (settings.excess_least - 1.0) * small
    good &= measure_roundness(scene, places) >= settings.roundness_least
    # an empty ring is a vesicle only where no fibres are that could run around it
    filling = measure_hollowness(scene, places)
    good &= (filling >= settings.filling_least) | (excess >= _ALONE)
    # and no wide sphere is so much brighter in its middle
    good &= (filling <= settings.filling_most) | (places[:, 2] < 4.0 * scene.psf_um)
    return np.asarray(good & (measure_contrast(scene, places, settings) >= 1.0), bool)


def measure_contrast(scene: Scene, places: Floats, settings: AnalysisSettings) -> Floats:
    """Brightness of disc or rim over the least that is asked for beside the typical fibre."""
    small = _how_small(scene, places)
    rim = np.median(sample(scene, places, places[:, 2]), axis=1)
    bright = np.maximum(disc_mean(scene, places), rim)
    least = settings.brightness_least + (settings.contrast_least - settings.brightness_least) * small
    return np.asarray(bright / np.maximum(least * typical_fibre(scene), 1e-9))
