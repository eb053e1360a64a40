"""Migrasomes: candidates by sphere templates of many sizes, cheap gates, one fit for each that is left."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from migralab.imaging.detect.candidates import one_each
from migralab.imaging.detect.gates import (
    is_vesicle,
    measure_contrast,
    measure_elongation,
    measure_excess,
    measure_roundness,
    sample,
    typical_fibre,
)
from migralab.imaging.detect.scene import Point, Scene, Vesicle
from migralab.imaging.settings import AnalysisSettings
from migralab.imaging.signal.fit_kernel import ARMS
from migralab.imaging.signal.noise import Mask
from migralab.imaging.signal.profiles import Profiles, blur_spheres
from migralab.imaging.signal.vesicle_fit import Spheres, Starts, fit_spheres

Floats = NDArray[np.float64]

_RIM_LOOSE = 0.5
_LOOSE = 0.5
_LEAST_EXCESS = 0.75
_LOOSE_CONTRAST = 0.7
_ROUNDS = 2
_OTHER_STARTS = (1.0, 0.7, 1.35)
_ALL = 3  # rounds of steps until the weights are those of the model
_ARM_UM = 0.25  # so far outside the rim a fibre is looked for
_ARM_ANGLES = 72
_ONE_SIDED = 1.645  # 95 %
_POINT_PSF = 1.6
_POINT_APART_UM = 0.3
_POINT_MOST_UM = 0.8  # what may be larger is badly measured, not small
_ARMS_APART = 0.6  # rad
_TWO = 1.6  # times the usual width of a line


def find_vesicles(
    scene: Scene, candidates: Floats, settings: AnalysisSettings
) -> tuple[tuple[Vesicle, ...], tuple[Point, ...]]:
    """Find and measure all that is round and brighter than the fibre it may sit on.

    Parameters
    ----------
    scene, candidates
        Of the frame; see `find_candidates`.
    settings
        Thresholds.

    Returns
    -------
    vesicles
        Those whose diameter was measured.
    points
        Those too small for that, with an upper limit.
    """
    if len(candidates) == 0:
        return (), ()
    profiles = _spheres_of(scene, settings)
    # loose here, since the size is that of the nearest template only; strict once the size is measured
    good = measure_roundness(scene, candidates, rim=_RIM_LOOSE) >= _LOOSE * settings.roundness_least
    good &= measure_contrast(scene, candidates, settings) >= _LOOSE_CONTRAST
    left = candidates[good]
    left = left[measure_excess(scene, left) >= _LEAST_EXCESS]
    found: list[Vesicle] = []
    points: list[Point] = []
    for _ in range(_ROUNDS):
        kept = one_each(left, scene.pixel_um)
        more, small = _measure(scene, kept, found, profiles, settings)
        found += more
        points += small
        # what was no vesicle may have hidden one: a pair taken for one large ring, a bend beside a small one
        left = left[~(left[:, None] == kept[None]).all(axis=2).any(axis=1)]
        for vesicle in found:
            apart = np.hypot(left[:, 0] - vesicle.x, left[:, 1] - vesicle.y) * scene.pixel_um
            left = left[apart > vesicle.diameter_um / 2 + 0.5 * left[:, 2]]
    return tuple(found), _apart_from(points, found, scene.pixel_um)


def _apart_from(points: list[Point], found: list[Vesicle], pixel_um: float) -> tuple[Point, ...]:
    """One point for each place, and none on a vesicle."""
    kept: list[Point] = []
    for point in points:
        on = any(np.hypot(v.x - point.x, v.y - point.y) * pixel_um < v.diameter_um / 2 for v in found)
        if not on and all(np.hypot(p.x - point.x, p.y - point.y) * pixel_um > _POINT_APART_UM for p in kept):
            kept.append(point)
    return tuple(kept)


def _measure(
    scene: Scene, kept: Floats, before: list[Vesicle], profiles: Profiles, settings: AnalysisSettings
) -> tuple[list[Vesicle], list[Point]]:
    """Fit candidates twice: to see which are vesicles, and again with only those in each other's way."""
    if len(kept) == 0:
        return [], []
    known = np.array([(v.x, v.y, v.diameter_um / 2, v.evidence_sigma) for v in before]).reshape(-1, 4)
    trusted = is_vesicle(scene, kept, settings)
    fit = _fit(scene, kept, np.concatenate([known, kept[trusted]]), profiles, settings)
    fitted = np.stack([fit.x, fit.y, fit.diameter_um / 2, kept[:, 3]], axis=1)
    trusted = is_vesicle(scene, fitted, settings) & _is_measured(fit, scene.psf_um, settings)
    # a point looks as wide as the blur
    wide = np.column_stack([fitted[:, :2], np.maximum(fitted[:, 2], _POINT_PSF * scene.psf_um), fitted[:, 3]])
    points = _points(fit, is_vesicle(scene, wide, settings) & ~trusted, scene.psf_um, settings)
    trusted = _drop_twins(np.concatenate([known, fitted]), len(known), trusted, scene.pixel_um)
    known = np.concatenate([known, fitted[trusted]])
    fit = _fit(scene, fitted[trusted], known, profiles, settings, starts=_OTHER_STARTS, rounds=_ALL)
    fitted = np.stack([fit.x, fit.y, fit.diameter_um / 2, fitted[trusted, 3]], axis=1)
    sd = np.hypot(fit.diameter_sd_um, _blur_error(scene, fitted, known, settings))
    excess = measure_excess(scene, fitted)
    good = _is_measured(fit, scene.psf_um, settings) & (measure_contrast(scene, fitted, settings) >= 1.0)
    good &= measure_elongation(scene, fitted) <= settings.elongation_most
    good &= _drop_twins(fitted, 0, good, scene.pixel_um)
    vesicles = [
        Vesicle(
            x=float(fit.x[n]),
            y=float(fit.y[n]),
            diameter_um=float(fit.diameter_um[n]),
            diameter_sd_um=float(sd[n]),
            excess=float(excess[n]),
            evidence_sigma=float(fitted[n, 3]),
        )
        for n in np.flatnonzero(good)
    ]
    return vesicles, points


def _points(fit: Spheres, others: Mask, psf_um: float, settings: AnalysisSettings) -> list[Point]:
    """Those of the others that fail by their size alone, with the limit above which their diameter is not."""
    small = others & (fit.diameter_um - fit.diameter_sd_um < _least_diameter(psf_um, settings))
    small &= (fit.diameter_um > 0) & (fit.diameter_um + _ONE_SIDED * fit.diameter_sd_um < _POINT_MOST_UM)
    return [
        Point(
            x=float(fit.x[n]),
            y=float(fit.y[n]),
            diameter_below_um=float(fit.diameter_um[n] + _ONE_SIDED * fit.diameter_sd_um[n]),
        )
        for n in np.flatnonzero(small)
    ]


def _least_diameter(psf_um: float, settings: AnalysisSettings) -> float:
    """Diameter that a measured vesicle exceeds by its standard error."""
    return max(settings.diameter_smallest_um, settings.diameter_least_psf * psf_um)


def _blur_error(scene: Scene, fitted: Floats, known: Floats, settings: AnalysisSettings) -> Floats:
    """Error of the diameter that comes from that of the point spread function.

    Each is fitted once more under one that is wider by its standard error: how much of that the shell, the filling
    and the fibres take up differs from vesicle to vesicle.
    """
    if scene.psf_sd == 0.0 or len(fitted) == 0:
        return np.zeros(len(fitted))
    wider = replace(scene, psf_um=scene.psf_um * (1.0 + scene.psf_sd))
    again = _fit(scene, fitted, known, _spheres_of(wider, settings), settings, rounds=_ALL)
    return np.asarray(np.minimum(np.abs(again.diameter_um - 2 * fitted[:, 2]), fitted[:, 2]))


def _spheres_of(scene: Scene, settings: AnalysisSettings) -> Profiles:
    """Return blurred spheres up to the largest that is looked for."""
    largest = settings.diameter_largest_um / 2 * 1.15
    return blur_spheres(scene.psf_um, settings.optical_section_um, scene.pixel_um, largest)


def _fit(
    scene: Scene,
    kept: Floats,
    trusted: Floats,
    profiles: Profiles,
    settings: AnalysisSettings,
    *,
    starts: tuple[float, ...] = (1.0,),
    rounds: int = 1,
) -> Spheres:
    """Fit places; `trusted` ones hold the light of others away."""
    place = kept[:, :3].copy()
    for axis in (0, 1):
        place[:, axis] = np.clip(place[:, axis], 0, scene.image.shape[1 - axis] - 1)
    half = np.ceil((place[:, 2] * 1.15 + 3 * scene.psf_um + 0.2) / scene.pixel_um).astype(np.int64)
    half = np.maximum(half, 4)
    count, angle = _find_arms(scene, place)
    foreign = _foreign(scene, place, half, (count, angle), trusted)
    begin = Starts(place=place, half=half, arm_count=count, arm_angle=angle, foreign=foreign)
    return fit_spheres(
        scene.image, scene.usable, scene.noise, begin, profiles,
        pixel_um=scene.pixel_um, misfit=settings.model_error, beading=scene.beading, radii=starts, rounds=rounds,
    )  # fmt: skip


def _find_arms(scene: Scene, place: Floats) -> tuple[NDArray[np.int64], Floats]:
    """Directions in which lines leave each place: runs of line on a circle just outside its rim."""
    angle = np.linspace(0, 2 * np.pi, _ARM_ANGLES, endpoint=False)
    reach = max(1, round(1.5 * scene.psf_um / scene.pixel_um))
    outside = (place[:, 2] + 1.5 * scene.psf_um + _ARM_UM)[:, None] / scene.pixel_um
    columns = np.rint(place[:, 0, None] + outside * np.cos(angle)).astype(int)
    rows = np.rint(place[:, 1, None] + outside * np.sin(angle)).astype(int)
    height, width = scene.skeleton.shape
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    on = inside & scene.near_line[np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)]
    count = np.zeros(len(place), np.int64)
    found = np.zeros((len(place), ARMS))
    peaks = _bright_ways(scene, place)
    for row in range(len(place)):
        # so wide is a line on this circle, in steps of angle
        usual = (2 * reach + 1) / outside[row, 0] * _ARM_ANGLES / (2 * np.pi)
        ways = [m * 2 * np.pi / _ARM_ANGLES for m in _runs(on[row], usual)]
        for way in peaks[row]:  # what the lines miss beside a fork is seen in the image itself
            if all(np.cos(way - other) < np.cos(_ARMS_APART) for other in ways):
                ways.append(way)
        count[row] = min(len(ways), ARMS)
        found[row, : count[row]] = ways[:ARMS]
    return count, found


def _bright_ways(scene: Scene, place: Floats) -> list[list[float]]:
    """Directions in which it is as bright just outside the rim as on half a fibre, brightest first."""
    if len(place) == 0:
        return []
    reach = place[:, 2] + 1.8 * scene.psf_um
    profile = np.mean([sample(scene, place, reach + more) for more in (0.0, 0.1, 0.2)], axis=0)
    profile -= np.percentile(profile, 20, axis=1, keepdims=True)
    least = max(0.5 * typical_fibre(scene), 3.0 * scene.noise.read_sd)
    peak = (profile > least) & (profile >= np.roll(profile, 1, axis=1)) & (profile > np.roll(profile, -1, axis=1))
    turn = 2 * np.pi / profile.shape[1]
    return [
        [float(n) * turn for n in sorted(np.flatnonzero(peak[row]), key=lambda n: -profile[row, n])]
        for row in range(len(place))
    ]


def _runs(on: Mask, usual: float) -> list[float]:
    """Middles of the runs of True on a circle, longest first; one much longer than `usual` is two lines."""
    if on.all() or not on.any():
        return []
    start = int(np.flatnonzero(~on)[0])
    turned = np.roll(on, -start)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], turned, [False]]).astype(np.int8)))
    middles: list[float] = []
    for first, last in sorted(zip(edges[::2], edges[1::2], strict=True), key=lambda run: run[0] - run[1]):
        if last - first > _TWO * usual:
            middles += [start + first + 0.5 * (usual - 1), start + last - 0.5 * (usual + 1)]
        else:
            middles.append(start + 0.5 * (first + last - 1))
    return middles


def _foreign(
    scene: Scene, place: Floats, half: NDArray[np.int64], arms: tuple[NDArray[np.int64], Floats], trusted: Floats
) -> NDArray[np.bool_]:
    """Pixels of each patch that show another vesicle, or a fibre that is none of its arms."""
    longest = int(half.max(initial=0))
    offset = np.arange(-longest, longest + 1)
    px = scene.pixel_um
    fibre = np.pad(scene.near_line, longest)
    foreign = np.empty((len(place), 2 * longest + 1, 2 * longest + 1), bool)
    for row, (x, y, radius) in enumerate(place):
        cx, cy = round(x), round(y)
        dx, dy = np.meshgrid((cx + offset - x) * px, (cy + offset - y) * px)
        own = np.hypot(dx, dy) - radius
        mask = fibre[cy : cy + 2 * longest + 1, cx : cx + 2 * longest + 1] & (own > 1.5 * scene.psf_um)
        for angle in arms[1][row, : arms[0][row]]:
            across = np.abs(dy * np.cos(angle) - dx * np.sin(angle))
            mask &= (across > 3 * scene.psf_um) | (dx * np.cos(angle) + dy * np.sin(angle) < 0)
        apart = np.hypot(trusted[:, 0] - x, trusted[:, 1] - y) * px
        near = (apart < radius + trusted[:, 2] + 1.5 * half[row] * px) & (apart > 0.8 * radius)
        for other_x, other_y, other_radius, _ in trusted[near]:
            theirs = np.hypot(dx - (other_x - x) * px, dy - (other_y - y) * px) - other_radius
            mask |= (theirs < 2 * scene.psf_um) & (theirs < own)
        foreign[row] = mask
    return foreign


def _is_measured(fit: Spheres, psf_um: float, settings: AnalysisSettings) -> Mask:
    """Within the sizes asked for, wider than the blur, with an error that leaves a measurement."""
    good = fit.diameter_um - fit.diameter_sd_um >= _least_diameter(psf_um, settings)  # else it may be a point
    good &= fit.diameter_um <= settings.diameter_largest_um
    good &= fit.diameter_sd_um <= settings.diameter_error_largest * fit.diameter_um
    return np.asarray(good & ((fit.shell > 0) | (fit.filling > 0)), bool)


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
