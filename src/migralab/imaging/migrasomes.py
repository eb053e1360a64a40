"""Migrasomes: candidates by sphere templates of many sizes, cheap gates, one fit for each that is left.

Matched filters for shells and balls compare whole rings with whole rings: the piece of a ring explains less
light than the ring, so that pieces lose against their ring before anything is fitted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

from migralab.imaging.settings import AnalysisSettings
from migralab.imaging.signal.noise import Image, Mask, Noise, response_sd
from migralab.imaging.signal.sphere_fit import Profiles, Spheres, blur_spheres, fit_spheres

Floats = NDArray[np.float64]

_ANGLES = 24
_RIM_LOOSE = 0.5
_ALONE = 4.0
_LEAST_EXCESS = 0.75
_LOOSE = 0.5
_ALONE = 4.0
_ROUNDS = 2
_OTHER_STARTS = (0.7, 1.35)
_RIM = 0.75  # of the radius: where a blurred sphere of any filling is still bright


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What the search for vesicles needs to know of one frame.

    Parameters
    ----------
    image
        Grey levels (y, x).
    stabilised
        The same in units of the noise.
    noise
        Noise of the image.
    usable
        True on specimen outside cell bodies and their margin.
    skeleton
        Lines one pixel wide.
    pixel_um, psf_um
        Pixel size and standard deviation of the point spread function, um.
    """

    image: Image
    stabilised: Image
    noise: Noise
    usable: Mask
    skeleton: Mask
    pixel_um: float
    psf_um: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Vesicle:
    """One measured vesicle: centre in pixels, diameter in um, light of its disc over that of its fibres."""

    x: float
    y: float
    diameter_um: float
    diameter_sd_um: float
    excess: float
    evidence_sigma: float


def find_vesicles(scene: Scene, settings: AnalysisSettings) -> tuple[Vesicle, ...]:
    """Find and measure everything round that is larger and brighter than the fibre it may sit on."""
    largest = settings.diameter_largest_um / 2 * 1.15
    profiles = blur_spheres(scene.psf_um, settings.optical_section_um, scene.pixel_um, largest)
    candidates = _candidates(scene, profiles, settings)
    if len(candidates) == 0:
        return ()
    excess = measure_excess(scene, candidates)
    # loose here, since the size is that of the nearest template only; strict once the size is measured
    good = (measure_roundness(scene, candidates, rim=_RIM_LOOSE) >= _LOOSE * settings.roundness_least) & (
        excess >= _LEAST_EXCESS
    )
    left = candidates[good]
    found: list[Vesicle] = []
    for _ in range(_ROUNDS):
        kept = _one_each(left, scene.pixel_um)
        found += _measure(scene, kept, found, profiles, settings)
        # what was no vesicle may have hidden one: a pair taken for one large ring, a bend beside a small one
        left = left[~(left[:, None] == kept[None]).all(axis=2).any(axis=1)]
        for vesicle in found:
            apart = np.hypot(left[:, 0] - vesicle.x, left[:, 1] - vesicle.y) * scene.pixel_um
            left = left[apart > vesicle.diameter_um / 2 + 0.5 * left[:, 2]]
    return tuple(found)


def _measure(
    scene: Scene, kept: Floats, before: list[Vesicle], profiles: Profiles, settings: AnalysisSettings
) -> list[Vesicle]:
    """Fit candidates twice: to see which are vesicles, and again with only those in each other's way."""
    if len(kept) == 0:
        return []
    known = np.array([(v.x, v.y, v.diameter_um / 2, v.evidence_sigma) for v in before]).reshape(-1, 4)
    trusted = _is_vesicle(scene, kept, settings)
    for _ in range(2):
        fit = _fit(scene, kept, np.concatenate([known, kept[trusted]]), profiles, settings)
        fitted = np.stack([fit.x, fit.y, fit.diameter_um / 2, kept[:, 3]], axis=1)
        trusted = _is_vesicle(scene, fitted, settings) & _is_measured(fit, scene.psf_um, settings)
        trusted = _drop_twins(np.concatenate([known, fitted]), len(known), trusted, scene.pixel_um)
    known = np.concatenate([known, fitted[trusted]])
    fit = _fit(scene, fitted[trusted], known, profiles, settings, wider=True)
    fitted = np.stack([fit.x, fit.y, fit.diameter_um / 2, fitted[trusted, 3]], axis=1)
    excess = measure_excess(scene, fitted)
    return [
        Vesicle(
            x=float(fit.x[n]),
            y=float(fit.y[n]),
            diameter_um=float(fit.diameter_um[n]),
            diameter_sd_um=float(fit.diameter_sd_um[n]),
            excess=float(excess[n]),
            evidence_sigma=float(fitted[n, 3]),
        )
        for n in np.flatnonzero(_is_measured(fit, scene.psf_um, settings))
    ]


def _candidates(scene: Scene, profiles: Profiles, settings: AnalysisSettings) -> Floats:
    """Maxima over place and size: x, y (pixels), radius (um), light explained (noise units); best first."""
    quiet = scene.usable & (scene.stabilised < np.percentile(scene.stabilised[scene.usable], 60))
    radii = [r for r in settings.radii_um if r >= 0.4 * scene.pixel_um]
    margin = int((max(radii) + 4 * scene.psf_um) / scene.pixel_um) + 2
    padded = np.pad(scene.stabilised, margin, mode="edge")
    shape = tuple(fft.next_fast_len(n, real=True) for n in padded.shape)
    spectrum = fft.rfft2(padded, s=shape)
    height, width = scene.image.shape
    stack = np.empty((len(radii), height, width), np.float32)
    noise = np.ones(len(radii))
    for number, radius in enumerate(radii):
        best = np.full(scene.image.shape, -np.inf, np.float32)
        for kernel in _kernels(radius, profiles, scene):
            half = kernel.shape[0] // 2
            whole = np.asarray(fft.irfft2(spectrum * fft.rfft2(kernel, s=shape), s=shape), np.float32)
            start = margin + half
            response = whole[start : start + height, start : start + width]
            np.maximum(best, response, out=best)
            noise[number] = max(noise[number], response_sd(response, quiet))
        stack[number] = best
    # noise is alike over a few pixels only: what large templates see beyond that is neighbours, not noise
    noise = np.minimum(noise, 2 * noise[0])
    peaks = stack == ndimage.maximum_filter(stack, size=(3, 3, 3))
    peaks &= stack > settings.candidate_sigma * noise[:, None, None]
    level, y, x = np.nonzero(peaks & scene.usable)
    found = np.stack([x, y, np.array(radii)[level], stack[level, y, x]], axis=1).astype(np.float64)
    return found[np.argsort(-found[:, 3], kind="stable")]


def _kernels(radius: float, profiles: Profiles, scene: Scene) -> list[NDArray[np.float32]]:
    """Shell and ball templates that see no flat ground, with unit energy."""
    support = radius + 3.0 * scene.psf_um
    half = max(2, int(np.ceil(support / scene.pixel_um)))
    offset = np.arange(-half, half + 1) * scene.pixel_um
    distance = np.hypot(offset[:, None], offset[None, :])
    inside = distance <= support
    kernels = []
    for profile in profiles.look_up(np.full((1, 1), radius), distance):
        kernel = np.where(inside, profile - profile[inside].mean(), 0.0)
        kernels.append(np.asarray(kernel / np.sqrt((kernel**2).sum()), np.float32))
    return kernels


def _sample(scene: Scene, candidates: Floats, distance_um: Floats) -> Floats:
    """Light above the ground on circles around each candidate, (K, angles)."""
    angle = np.linspace(0, 2 * np.pi, _ANGLES, endpoint=False)
    x = candidates[:, 0, None] + distance_um[:, None] / scene.pixel_um * np.cos(angle)
    y = candidates[:, 1, None] + distance_um[:, None] / scene.pixel_um * np.sin(angle)
    values = ndimage.map_coordinates(scene.image, [y, x], order=1, mode="nearest")
    return np.asarray(values, np.float64) - scene.noise.background


def _disc_mean(scene: Scene, candidates: Floats) -> Floats:
    """Mean light above the ground within each candidate's radius."""
    parts = np.sqrt((np.arange(4) + 0.5) / 4)  # circles of equal area
    circles = [_sample(scene, candidates, part * candidates[:, 2]).mean(axis=1) for part in parts]
    return np.asarray(np.mean(circles, axis=0))


def _typical_fibre(scene: Scene) -> float:
    """Median light of the fibres above the ground."""
    on = scene.skeleton & scene.usable
    return float(np.median(scene.image[on])) - scene.noise.background if on.sum() >= 50 else 0.0


def measure_roundness(scene: Scene, candidates: Floats, rim: float = _RIM) -> Floats:
    """Darker side of the rim over the mean inside: near 1 for a vesicle, near 0 for a line or a bundle."""
    least = np.maximum(rim * candidates[:, 2], 1.3 * scene.psf_um)
    darker = np.percentile(_sample(scene, candidates, least), 20, axis=1)
    # a wide empty shell is bright at its rim only
    wide = np.maximum(candidates[:, 2] - 0.5 * scene.psf_um, least)
    darker = np.maximum(darker, np.percentile(_sample(scene, candidates, wide), 20, axis=1))
    return np.asarray(darker / np.maximum(_disc_mean(scene, candidates), 1e-6))


def measure_excess(scene: Scene, candidates: Floats) -> Floats:
    """Light inside over that of fibres of the density found just outside, running to the centre.

    1 for a fibre, a tip or a junction without a vesicle, whatever its number of arms.
    """
    edge = candidates[:, 2] + 1.5 * max(scene.psf_um, 0.5 * scene.pixel_um)
    steps = (np.arange(8) + 0.5) / 8
    inside = np.sum(
        [_sample(scene, candidates, s * edge).mean(axis=1) * 2 * np.pi * s * edge for s in steps], axis=0
    ) * (edge / 8)
    outer = np.stack([_sample(scene, candidates, edge + d) for d in (0.15, 0.3, 0.45)])
    circle = 2 * np.pi * (edge[None, :] + np.array([[0.15], [0.3], [0.45]]))
    entering = np.min(np.maximum(outer.mean(axis=2), 0.0) * circle, axis=0)
    noise = scene.noise.read_sd * scene.pixel_um
    return np.asarray(inside / np.maximum(entering * edge, noise * edge))


def _one_each(candidates: Floats, pixel_um: float) -> Floats:
    """Keep the strongest of those that overlap: a ring beats its pieces, a pair stays a pair."""
    kept: list[int] = []
    for number, (x, y, radius, _) in enumerate(candidates):
        others = candidates[kept]
        if kept:
            apart = np.hypot(others[:, 0] - x, others[:, 1] - y)
            if (apart < _overlap(others[:, 2], radius) / pixel_um).any():
                continue
        kept.append(number)
    return candidates[kept]


def _overlap(accepted: Floats, radius: float) -> Floats:
    return accepted + 0.5 * radius


def _fit(
    scene: Scene,
    kept: Floats,
    trusted: Floats,
    profiles: Profiles,
    settings: AnalysisSettings,
    *,
    wider: bool = False,
) -> Spheres:
    """Fit places in groups of similar size; `wider` adds the error of the point spread function to the size's."""
    # weights from a smoothed image: from the pixel itself they would favour what noise has made dim
    smooth = ndimage.gaussian_filter(scene.image, 0.6)
    variance = scene.noise.variance(smooth)
    signal = np.maximum(smooth - scene.noise.background, 0.0)
    weights = np.where(scene.usable, 1.0 / (variance + (settings.model_error * signal) ** 2), 0.0).astype(np.float32)
    half = np.ceil((kept[:, 2] * 1.25 + 3 * scene.psf_um + 0.2) / scene.pixel_um).astype(int)
    half = np.maximum(3, 3 * np.ceil(half / 3).astype(int))
    names = ("x", "y", "diameter_um", "diameter_sd_um", "shell", "filling", "ground", "reduced_chi2")
    values = np.zeros((len(names), len(kept)))
    height, width = scene.image.shape
    start = kept[:, :3].copy()
    start[:, 0], start[:, 1] = np.clip(start[:, 0], 0, width - 1), np.clip(start[:, 1], 0, height - 1)
    limit = [width - 1, height - 1, profiles.radii[-1]]
    for size in np.unique(half):
        group = np.flatnonzero(half == size)
        foreign = _foreign(scene, kept[group], trusted, int(size))
        # the shape of a real vesicle misses the model by a share of its peak, also where it is dim
        misfit = 0.6 * settings.model_error * np.maximum(_disc_mean(scene, kept[group]), 0.0)
        fit = fit_spheres(scene.image, weights, foreign, misfit, start[group], scene.pixel_um, profiles)
        values[:, group] = [getattr(fit, name) for name in names]
        if wider:
            for factor in _OTHER_STARTS:  # shell and ball give chi2 more than one valley
                again = start[group] * [1.0, 1.0, factor]
                trial = fit_spheres(scene.image, weights, foreign, misfit, again, scene.pixel_um, profiles)
                better = trial.reduced_chi2 < values[names.index("reduced_chi2"), group]
                for row, name in enumerate(names):
                    values[row, group[better]] = getattr(trial, name)[better]
            best = values[:3, group].T * [1.0, 1.0, 0.5]
            blurred = blur_spheres(
                scene.psf_um * (1 + settings.psf_uncertainty),
                settings.optical_section_um,
                scene.pixel_um,
                profiles.radii[-1],
            )
            other = fit_spheres(scene.image, weights, foreign, misfit, np.clip(best, 0, limit), scene.pixel_um, blurred)
            # a fit that has left the vesicle says nothing about the point spread function
            change = np.minimum(
                np.abs(other.diameter_um - values[2, group]), 2 * settings.psf_uncertainty * values[2, group]
            )
            values[3, group] = np.hypot(values[3, group], change)
    return Spheres(**dict(zip(names, values, strict=True)))


def _foreign(scene: Scene, group: Floats, trusted: Floats, half: int) -> NDArray[np.bool_]:
    """Pixels of each patch that show another vesicle, or a fibre outside the rim."""
    offset = np.arange(-half, half + 1)
    px = scene.pixel_um
    fibre = ndimage.binary_dilation(scene.skeleton, iterations=max(1, round(1.5 * scene.psf_um / px)))
    padded = np.pad(fibre, half)
    foreign = np.empty((len(group), 2 * half + 1, 2 * half + 1), bool)
    for row, (x, y, radius, _) in enumerate(group):
        cx, cy = round(x), round(y)
        grid_x, grid_y = np.meshgrid(cx + offset, cy + offset)
        own = np.hypot(grid_x - x, grid_y - y) * px - radius
        mask = padded[cy : cy + 2 * half + 1, cx : cx + 2 * half + 1] & (own > 1.5 * scene.psf_um)
        apart = np.hypot(trusted[:, 0] - x, trusted[:, 1] - y) * px
        near = (apart < radius + trusted[:, 2] + 1.5 * half * px) & (apart > 0.8 * radius)
        for other_x, other_y, other_radius, _ in trusted[near]:
            theirs = np.hypot(grid_x - other_x, grid_y - other_y) * px - other_radius
            mask |= (theirs < 2 * scene.psf_um) & (theirs < own)
        foreign[row] = mask
    return foreign


def measure_hollowness(scene: Scene, candidates: Floats) -> Floats:
    """Centre over rim: membrane above and below the focus fills a vesicle, nothing fills a loop of fibre."""
    rim = np.median(_sample(scene, candidates, _RIM * candidates[:, 2]), axis=1)
    centre = _sample(scene, candidates, 0.15 * candidates[:, 2]).mean(axis=1)
    return np.asarray(centre / np.maximum(rim, 1e-6))


def _is_vesicle(scene: Scene, places: Floats, settings: AnalysisSettings) -> Mask:
    """Round, filled, brighter than the fibres around it."""
    # fibres alone can look like a small vesicle at a junction, but not like a wide ring
    small = np.minimum(1.0, (2.5 * scene.psf_um / places[:, 2]) ** 2)
    excess = measure_excess(scene, places)
    good = excess >= 1.0 + (settings.excess_least - 1.0) * small
    good &= measure_roundness(scene, places) >= settings.roundness_least
    # an empty ring is a vesicle only where no fibres are that could run around it
    good &= (measure_hollowness(scene, places) >= settings.filling_least) | (excess >= _ALONE)
    rim = np.median(_sample(scene, places, places[:, 2]), axis=1)
    bright = np.maximum(_disc_mean(scene, places), rim)
    return good & (bright >= settings.brightness_least * _typical_fibre(scene))


def _is_measured(fit: Spheres, psf_um: float, settings: AnalysisSettings) -> Mask:
    """Within the sizes asked for, wider than the blur, with an error that leaves a measurement."""
    good = fit.diameter_um >= max(settings.diameter_smallest_um, settings.diameter_least_psf * psf_um)
    good &= fit.diameter_um <= settings.diameter_largest_um
    good &= fit.diameter_sd_um <= settings.diameter_error_largest * fit.diameter_um
    return good & ((fit.shell > 0) | (fit.filling > 0))


def _drop_twins(places: Floats, known: int, good: Mask, pixel_um: float) -> Mask:
    """Two starts may have walked to one vesicle: the better one stays; the first `known` places always do."""
    unique = list(range(known))
    for number in np.flatnonzero(good) + known:
        apart = np.hypot(places[unique, 0] - places[number, 0], places[unique, 1] - places[number, 1]) * pixel_um
        if not (apart < 0.8 * (places[unique, 2] + places[number, 2])).any():
            unique.append(int(number))
    kept = np.zeros(len(good), bool)
    kept[[number - known for number in unique[known:]]] = True
    return kept
