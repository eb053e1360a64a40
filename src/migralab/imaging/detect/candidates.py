"""Candidates for vesicles: maxima over place and size of templates of blurred shells and balls.

Matched filters for shells and balls compare whole rings with whole rings: the piece of a ring explains less
light than the ring, so that pieces lose against their ring before anything is fitted. Large templates look at a
picture of larger pixels: they see nothing fine.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

from migralab.imaging.detect.gates import measure_excess, measure_roundness
from migralab.imaging.detect.scene import Scene
from migralab.imaging.settings import AnalysisSettings
from migralab.imaging.signal.bins import bin_image
from migralab.imaging.signal.noise import Image, response_sd
from migralab.imaging.signal.profiles import Profiles, blur_spheres
from migralab.imaging.signal.windows import smooth_image

Floats = NDArray[np.float64]

_ALIKE = 1.2  # shell and ball of a radius below this many widths of the blur look the same
_FINE = 3.0  # pixels in the radius that a template needs at least
_ENOUGH = 50_000  # pixels from which the noise of a template is read
_NOISE_MOST = 2.0
_ALMOST = 0.85
_ROUND = 0.5
_EXCESS = 1.8
_SMOOTH = 0.8
_WAYS = 40
_DEPTH = 5
_RING = [(dy, dx) for dy in range(3) for dx in range(3) if (dy, dx) != (1, 1)]


def find_candidates(scene: Scene, settings: AnalysisSettings) -> Floats:
    """Return maxima over place and size: x, y (pixels), radius (um), light explained (noise units); best first."""
    radii = [r for r in settings.radii_um if r >= 0.4 * scene.pixel_um]
    peaks, floor = [], np.inf
    for factor in (1, 2):
        level = [r for r in radii if _factor(r, scene.pixel_um) == factor]
        if not level:
            continue
        # one size beyond on either side, so that a maximum over sizes is one over all of them
        first, last = radii.index(level[0]), radii.index(level[-1])
        chosen = radii[max(first - 1, 0) : last + 2]
        profiles = blur_spheres(
            scene.psf_um, settings.optical_section_um, factor * scene.pixel_um, settings.diameter_largest_um / 2 * 1.15
        )
        stack, noise = _respond(scene, profiles, chosen, factor)
        floor = min(floor, noise[0])
        # noise is alike over a few pixels only: what large templates see beyond that is neighbours, not noise
        noise = np.minimum(noise, _NOISE_MOST * floor)
        inner = [n for n, r in enumerate(chosen) if r in level]
        peaks.append(_maxima(stack, noise, inner, chosen, factor, settings))
    found = np.concatenate(peaks) if peaks else np.empty((0, 4))
    rows, columns = (np.clip(np.rint(found[:, n]).astype(int), 0, scene.image.shape[1 - n] - 1) for n in (1, 0))
    found = found[scene.usable[rows, columns]]
    return np.asarray(found[np.argsort(-found[:, 3], kind="stable")])


def _factor(radius: float, pixel_um: float) -> int:
    """Pixels that may be taken together without loss for this radius."""
    return 1 if radius < _FINE * pixel_um else 2


def _respond(
    scene: Scene, profiles: Profiles, radii: list[float], factor: int
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Best template response for each radius, on pixels taken together, and its noise."""
    image = bin_image(scene.stabilised, factor) * np.float32(factor)
    usable = bin_image(scene.usable.astype(np.float32), factor) > 0.5
    quiet = usable & (image < np.percentile(image[usable][::7], 60)) if usable.any() else usable
    y, x = np.nonzero(quiet[::2, ::2])
    some = np.s_[:: max(1, len(y) // _ENOUGH)]
    y, x = 2 * y[some], 2 * x[some]
    pixel = scene.pixel_um * factor
    margin = int((max(radii) + 4 * scene.psf_um) / pixel) + 2
    padded = np.pad(image, margin, mode="edge")
    shape = tuple(fft.next_fast_len(n, real=True) for n in padded.shape)
    spectrum = fft.rfft2(padded, s=shape)
    inner = np.s_[margin : margin + image.shape[0], margin : margin + image.shape[1]]
    stack = np.full((len(radii), *image.shape), -np.inf, np.float32)
    noise = np.ones(len(radii))
    for number, radius in enumerate(radii):
        for kernel in _kernels(radius, profiles, scene.psf_um, pixel):
            response = fft.irfft2(spectrum * _transfer(kernel, shape), s=shape)[inner]
            np.maximum(stack[number], response, out=stack[number])
            noise[number] = max(noise[number], response_sd(response[y, x]))
    return stack, noise


def _transfer(kernel: Image, shape: tuple[int, ...]) -> Image:
    """Fourier transform of a template that is its own mirror image along rows and columns: a sum of cosines."""
    half = kernel.shape[0] // 2
    quarter = kernel[half:, half:].copy()
    quarter[1:] *= 2
    quarter[:, 1:] *= 2
    lag = np.arange(half + 1)
    rows = np.cos(2 * np.pi * fft.fftfreq(shape[0])[:, None] * lag).astype(np.float32)
    columns = np.cos(2 * np.pi * lag[:, None] * fft.rfftfreq(shape[1])).astype(np.float32)
    return np.asarray(rows @ quarter @ columns)


def _maxima(
    stack: NDArray[np.float32],
    noise: Floats,
    inner: list[int],
    radii: list[float],
    factor: int,
    settings: AnalysisSettings,
) -> Floats:
    """Places where a template beats its neighbours in place and size and stands out of the noise."""
    found = []
    for number in inner:
        here = stack[number]
        peaks = here > settings.candidate_sigma * noise[number]
        for other in (number - 1, number + 1):
            if 0 <= other < len(radii):
                # on other pixels the neighbour looks a little different: who is best is settled between candidates
                peaks &= here >= (1.0 if other in inner else _ALMOST) * stack[other]
        y, x = np.nonzero(peaks)
        padded = np.pad(here, 1, constant_values=-np.inf)
        best = np.ones(len(y), bool)
        for dy, dx in _RING:
            best &= here[y, x] >= padded[y + dy, x + dx]
        y, x = y[best], x[best]
        centre = [factor * part + 0.5 * (factor - 1) for part in (x, y)]
        found.append(np.stack([*centre, np.full(len(x), radii[number]), here[y, x]], axis=1))
    return np.concatenate(found).astype(np.float64)


def _kernels(radius: float, profiles: Profiles, psf_um: float, pixel_um: float) -> list[Image]:
    """Shell and ball templates that see no flat ground, with unit energy; one where both look alike."""
    support = radius + 3.0 * psf_um
    half = max(2, int(np.ceil(support / pixel_um)))
    offset = np.arange(-half, half + 1) * pixel_um
    distance = np.hypot(offset[:, None], offset[None, :])
    inside = distance <= support
    kernels = []
    chosen = profiles.look_up(radius, distance)
    for profile in chosen if radius > _ALIKE * psf_um else chosen[:1]:
        kernel = np.where(inside, profile - profile[inside].mean(), 0.0)
        kernels.append(np.asarray(kernel / np.sqrt((kernel**2).sum()), np.float32))
    return kernels


def without_vesicles(scene: Scene, flat: Image, candidates: Floats) -> Image:
    """Return a stabilised image with the light of round candidates taken out, so that they throw no false lines.

    Each disc is filled from around, direction by direction: a fibre that enters runs on to the centre.
    """
    image = flat.copy()
    if not len(candidates):
        return image
    smooth = replace(scene, image=smooth_image(scene.image, _SMOOTH))
    good = (measure_roundness(smooth, candidates, rim=0.5) >= _ROUND) & (measure_excess(smooth, candidates) >= _EXCESS)
    height, width = image.shape
    angle = np.linspace(0, 2 * np.pi, _WAYS, endpoint=False)
    for x, y, radius, _ in one_each(candidates[good], scene.pixel_um):
        reach = (radius + 2.0 * scene.psf_um) / scene.pixel_um
        ring = reach + 0.5 + np.arange(_DEPTH)[:, None]
        places = [y + ring * np.sin(angle), x + ring * np.cos(angle)]
        around = ndimage.map_coordinates(flat, places, order=1, mode="nearest").mean(axis=0)
        box = np.s_[
            max(int(y - reach), 0) : min(int(y + reach) + 2, height),
            max(int(x - reach), 0) : min(int(x + reach) + 2, width),
        ]
        rows, columns = np.mgrid[box]
        way = np.rint(np.arctan2(rows - y, columns - x) * _WAYS / (2 * np.pi)).astype(int) % _WAYS
        inside = np.hypot(rows - y, columns - x) <= reach
        image[box][inside] = around[way[inside]]
    return image


def one_each(candidates: Floats, pixel_um: float) -> Floats:
    """Keep the strongest of those that overlap: a ring beats its pieces, a pair stays a pair."""
    kept: list[int] = []
    for number, (x, y, radius, _) in enumerate(candidates):
        if kept:
            others = candidates[kept]
            apart = np.hypot(others[:, 0] - x, others[:, 1] - y)
            if (apart < (others[:, 2] + 0.5 * radius) / pixel_um).any():
                continue
        kept.append(number)
    return candidates[kept]
