"""Diameter of a vesicle by fitting a blurred sphere: a membrane shell, a filling, and a flat ground.

The light of a shell of radius R in an optical section of standard deviation s_z, seen through a Gaussian
point spread function of standard deviation s, is at distance r from its centre

    S_R(r) = int_{-R}^{R} 2 pi R exp(-z^2 / 2 s_z^2) g(r, sqrt(R^2 - z^2)) dz,
    g(r, p) = exp(-(r^2 + p^2) / 2 s^2) I_0(r p / s^2) / (2 pi s^2),

and that of a filled ball is the sum of its shells. Shell, filling and ground enter linearly and are solved for
exactly; only the centre and the radius are searched (variable projection), for all vesicles of an image at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from migralab.imaging.signal.noise import Image, Mask

Floats = NDArray[np.float64]

_STEPS = 8
_SECTIONS = 40
_SHELL_OR_BALL = (np.sqrt(5 / 3) - 1) / np.sqrt(12)  # relative standard deviation of a flat spread


@dataclass(frozen=True, slots=True, kw_only=True)
class Profiles:
    """Blurred shells and balls on a grid of radius and distance from the centre.

    Parameters
    ----------
    radii, distances
        Grids, um, evenly spaced.
    shell, ball
        Light per pixel area, (radius, distance).
    """

    radii: Floats
    distances: Floats
    shell: Floats
    ball: Floats

    def look_up(self, radius: Floats, distance: Floats) -> tuple[Floats, Floats]:
        """Interpolate both profiles; `radius` is broadcast against `distance`."""
        step_r, step_d = self.radii[1] - self.radii[0], self.distances[1] - self.distances[0]
        i = np.clip((radius - self.radii[0]) / step_r, 0, len(self.radii) - 1.001)
        j = np.clip(distance / step_d, 0, len(self.distances) - 1.001)
        i0, j0 = i.astype(np.intp), j.astype(np.intp)
        u, v = i - i0, j - j0
        flat = i0 * len(self.distances) + j0
        above = flat + len(self.distances)
        corners = [(flat, (1 - u) * (1 - v)), (flat + 1, (1 - u) * v), (above, u * (1 - v)), (above + 1, u * v)]
        shell = sum(np.take(self.shell, at) * part for at, part in corners)
        ball = sum(np.take(self.ball, at) * part for at, part in corners)
        return np.asarray(shell), np.asarray(ball)


def blur_spheres(psf_sigma_um: float, section_um: float, pixel_um: float, largest_um: float) -> Profiles:
    """Tabulate blurred shells and balls up to the radius `largest_um`; the pixel's own blur is included."""
    sigma2 = psf_sigma_um**2 + pixel_um**2 / 12.0
    radii = np.linspace(0.02, largest_um, max(40, int(largest_um / 0.03)))
    distances = np.linspace(0.0, largest_um + 6 * np.sqrt(sigma2), 240)
    nodes, weights = np.polynomial.legendre.leggauss(_SECTIONS)
    height = radii[:, None] * nodes  # (radius, section)
    ring = np.sqrt(np.maximum(radii[:, None] ** 2 - height**2, 0.0))
    light = weights * radii[:, None] * 2 * np.pi * radii[:, None] * np.exp(-0.5 * (height / section_um) ** 2)
    argument = ring[:, :, None] * distances / sigma2
    blurred = np.exp(-((distances - ring[:, :, None]) ** 2) / (2 * sigma2)) * special.i0e(argument)
    shell = np.einsum("rs,rsd->rd", light, blurred) / (2 * np.pi * sigma2)
    step = radii[1] - radii[0]
    ball = np.cumsum(shell, axis=0) * step - 0.5 * shell * step
    return Profiles(radii=radii, distances=distances, shell=shell, ball=ball)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spheres:
    """Fitted spheres, one entry each: centre (pixels), diameter and its error (um), light, misfit."""

    x: Floats
    y: Floats
    diameter_um: Floats
    diameter_sd_um: Floats
    shell: Floats
    filling: Floats
    ground: Floats
    reduced_chi2: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class _Patches:
    """Pixels around each vesicle: offsets (P,), values and weights (K, P)."""

    dx: Floats
    dy: Floats
    values: Floats
    weights: Floats
    pixel_um: float
    profiles: Profiles


def fit_spheres(
    image: Image,
    weights: Image,
    foreign: NDArray[np.bool_],
    misfit: Floats,
    start: Floats,
    pixel_um: float,
    profiles: Profiles,
) -> Spheres:
    """Fit all vesicles whose patches have the same size.

    Parameters
    ----------
    image
        Grey levels (y, x).
    weights
        One over the variance of each pixel; 0 where it must not be used.
    foreign
        For each vesicle and pixel of its patch: belongs to something else, (K, side, side).
    misfit
        Standard deviation by which the model's shape may miss any pixel of each vesicle, grey levels, (K,).
    start
        Centre x, y (pixels) and radius (um) to begin with, (K, 3).
    pixel_um
        Pixel size, um.
    profiles
        From `blur_spheres`.
    """
    patches = _cut(image, weights, foreign, start, pixel_um, profiles)
    patches.weights[...] /= 1.0 + patches.weights * misfit[:, None] ** 2
    place = np.stack([np.zeros(len(start)), np.zeros(len(start)), np.log(start[:, 2])], axis=1)
    place, chi2, amplitude = _search(patches, place)
    sd, reduced = _errors(patches, place, chi2, amplitude)
    return Spheres(
        x=np.rint(start[:, 0]) + place[:, 0] / pixel_um,
        y=np.rint(start[:, 1]) + place[:, 1] / pixel_um,
        diameter_um=2 * np.exp(place[:, 2]),
        diameter_sd_um=2 * np.exp(place[:, 2]) * sd,
        shell=amplitude[:, 0],
        filling=amplitude[:, 1],
        ground=amplitude[:, 2],
        reduced_chi2=reduced,
    )


def _cut(image: Image, weights: Image, foreign: Mask, start: Floats, pixel_um: float, profiles: Profiles) -> _Patches:
    half = foreign.shape[1] // 2
    offset = np.arange(-half, half + 1)
    centre_x, centre_y = np.rint(start[:, 0]).astype(int), np.rint(start[:, 1]).astype(int)
    padded = np.pad(image, half, mode="edge")
    padded_weights = np.pad(weights, half)
    rows = centre_y[:, None, None] + half + offset[:, None]
    columns = centre_x[:, None, None] + half + offset[None, :]
    count = len(start)
    dy, dx = np.meshgrid(offset * pixel_um, offset * pixel_um, indexing="ij")
    usable = np.where(foreign, 0.0, padded_weights[rows, columns])
    return _Patches(
        dx=dx.ravel(),
        dy=dy.ravel(),
        values=padded[rows, columns].reshape(count, -1).astype(np.float64),
        weights=usable.reshape(count, -1).astype(np.float64),
        pixel_um=pixel_um,
        profiles=profiles,
    )


def _templates(patches: _Patches, place: Floats) -> Floats:
    """Shell, ball and ground of each vesicle, (3, K, P)."""
    distance = np.hypot(patches.dx - place[:, :1], patches.dy - place[:, 1:2])
    shell, ball = patches.profiles.look_up(np.exp(place[:, 2:3]), distance)
    return np.stack([shell, ball, np.ones_like(shell)])


def _project(patches: _Patches, place: Floats) -> tuple[Floats, Floats, Floats]:
    """Best amplitudes (none negative but the ground), their chi2 and the weighted residuals."""
    templates = _templates(patches, place)
    matrix = np.einsum("akp,kp,bkp->kab", templates, patches.weights, templates, optimize=True)
    right = np.einsum("akp,kp,kp->ka", templates, patches.weights, patches.values, optimize=True)
    best = np.zeros((len(place), 3))
    gain = np.full(len(place), -np.inf)
    for used in ((0, 1, 2), (0, 2), (1, 2), (2,)):
        part = matrix[:, used][:, :, used]
        scale = np.einsum("kaa->ka", part) + 1e-30
        solved = np.linalg.solve(part + scale[:, :, None] * 1e-9 * np.eye(len(used)), right[:, used][..., None])
        solved = solved[..., 0]
        explained = np.einsum("ka,ka->k", solved, right[:, used])
        better = (explained > gain) & (solved[:, :-1] >= 0).all(axis=1)
        gain[better] = explained[better]
        best[better] = 0.0
        best[np.ix_(better, used)] = solved[better]
    model = np.einsum("ka,akp->kp", best, templates)
    residual = np.sqrt(patches.weights) * (patches.values - model)
    return best, np.einsum("kp,kp->k", residual, residual), residual


def _search(patches: _Patches, place: Floats) -> tuple[Floats, Floats, Floats]:
    """Levenberg-Marquardt on centre and log radius, all vesicles side by side."""
    amplitude, chi2, residual = _project(patches, place)
    damping = np.full(len(place), 1e-2)
    largest = np.log(patches.profiles.radii[-1])
    first = place.copy()
    for _ in range(_STEPS):
        jacobian = _jacobian(patches, place, residual)
        normal = np.einsum("akp,bkp->kab", jacobian, jacobian, optimize=True)
        slope = np.einsum("akp,kp->ka", jacobian, residual, optimize=True)
        scale = np.einsum("kaa->ka", normal) + 1e-12
        step = np.linalg.solve(normal + (damping[:, None] * scale)[:, :, None] * np.eye(3), -slope[..., None])[..., 0]
        trial = place + np.clip(step, -0.3, 0.3)
        reach = 0.5 * np.exp(first[:, 2:3]) + patches.pixel_um
        trial[:, :2] = np.clip(trial[:, :2], -reach, reach)
        trial[:, 2] = np.clip(trial[:, 2], np.log(0.04), largest)
        new_amplitude, new_chi2, new_residual = _project(patches, trial)
        better = new_chi2 < chi2
        place[better], amplitude[better] = trial[better], new_amplitude[better]
        residual[better], chi2[better] = new_residual[better], new_chi2[better]
        damping = np.where(better, damping / 5, damping * 6)
    return place, chi2, amplitude


def _jacobian(patches: _Patches, place: Floats, residual: Floats) -> Floats:
    slopes = []
    for number, step in enumerate((0.01, 0.01, 0.02)):
        moved = place.copy()
        moved[:, number] += step
        slopes.append((_project(patches, moved)[2] - residual) / step)
    return np.stack(slopes)


def _errors(patches: _Patches, place: Floats, chi2: Floats, amplitude: Floats) -> tuple[Floats, Floats]:
    """Estimate the standard error of log radius, widened where the model misses, and the misfit."""
    templates = _templates(patches, place)
    columns = [np.sqrt(patches.weights) * template for template in templates]
    model = np.einsum("ka,akp->kp", amplitude, templates)
    for number, step in enumerate((0.01, 0.01, 0.02)):
        moved = place.copy()
        moved[:, number] += step
        changed = np.einsum("ka,akp->kp", amplitude, _templates(patches, moved))
        columns.append(np.sqrt(patches.weights) * (changed - model) / step)
    jacobian = np.stack(columns)
    free = _last_variance(jacobian)
    # shell and filling look alike in small vesicles, but one is not more than all: between a pure shell and a
    # pure ball of the same blurred width the diameter differs by the factor sqrt(5/3)
    light = jacobian[0] * amplitude[:, 0, None] + jacobian[1] * amplitude[:, 1, None]
    given = _last_variance(np.concatenate([light[None], jacobian[2:]]))
    freedom = np.maximum((patches.weights > 0).sum(axis=1) - 6, 1)
    reduced = chi2 / freedom
    worse = np.maximum(reduced, 1.0)
    return np.sqrt(np.minimum(free * worse, given * worse + _SHELL_OR_BALL**2)), reduced


def _last_variance(jacobian: Floats) -> Floats:
    """Variance of the last parameter with all others free."""
    information = np.einsum("akp,bkp->kab", jacobian, jacobian, optimize=True)
    scale = np.sqrt(np.einsum("kaa->ka", information)) + 1e-12
    scaled = information / scale[:, :, None] / scale[:, None, :] + 1e-8 * np.eye(len(jacobian))
    return np.asarray(np.maximum(np.linalg.inv(scaled)[:, -1, -1], 0.0) / scale[:, -1] ** 2)
