"""Errors of diameter and place: bias, scatter, pulls, and how they compare with the Cramer-Rao bound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from migralab.imaging.score.matching import VesicleScore
from migralab.physics.optics import ball_profile, pixel_psf, shell_profile

Floats = NDArray[np.float64]

_STEP_UM = 0.004  # of the differences that stand for derivatives


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeErrors:
    """Diameters of matched migrasomes; lengths in um.

    Parameters
    ----------
    pairs
        How many.
    bias, spread, rmse
        Median error, its robust standard deviation (1.48 MAD), and the root of the mean square, outliers
        included.
    pull_middle, pull_width, pull_width_robust
        Error over stated error: median, standard deviation, and 1.48 MAD; 0 and 1 where errors are honest.
    """

    pairs: int
    bias: float
    spread: float
    rmse: float
    pull_middle: float
    pull_width: float
    pull_width_robust: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Ball:
    """A vesicle as a camera sees it.

    Parameters
    ----------
    x_um, y_um, diameter_um
        Place and diameter, um.
    shell, fill
        Photons from 1 um2 of its membrane, and from 1 um3 of its inside.
    """

    x_um: float
    y_um: float
    diameter_um: float
    shell: float
    fill: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """What blurs and what adds noise: PSF, optical section and pixel in um, read noise in electrons."""

    psf_um: float
    section_um: float
    pixel_um: float
    read_noise: float


def size_errors(scores: Sequence[VesicleScore], least_um: float = 0.0, most_um: float = np.inf) -> SizeErrors:
    """Return the errors of the diameters of all matched migrasomes whose true diameter lies in these limits, um."""
    true, found, stated = (
        np.concatenate([getattr(score, name) for score in scores])
        for name in ("diameter", "found_diameter", "found_sd")
    )
    inside = (true >= least_um) & (true < most_um) & np.isfinite(found)
    error = (found - true)[inside]
    pull = (error / stated[inside])[stated[inside] > 0]
    return SizeErrors(
        pairs=len(error),
        bias=_median(error),
        spread=robust_width(error),
        rmse=float(np.sqrt(np.mean(error**2))) if len(error) else np.nan,
        pull_middle=_median(pull),
        pull_width=float(np.std(pull)) if len(pull) else np.nan,
        pull_width_robust=robust_width(pull),
    )


def robust_width(values: Floats) -> float:
    """Return 1.4826 times the median absolute deviation; NaN of nothing."""
    return 1.4826 * float(np.median(np.abs(values - np.median(values)))) if len(values) else np.nan


def _median(values: Floats) -> float:
    return float(np.median(values)) if len(values) else np.nan


def bound_errors(ball: Ball, expected: Floats, camera: Camera) -> tuple[float, float, float]:
    """Return the least standard errors of x, y and diameter that any unbiased fit can have (Cramer-Rao), um.

    The model of evidence/imaging.md section 4: ground, shell and fill, all unknown, beside place and diameter.
    The Fisher information is ``sum dmu dmu^T / (mu + read noise^2)`` over the pixels around the vesicle (eq-fisher).

    Parameters
    ----------
    ball
        The true vesicle.
    expected
        True mean photons (y, x) of the image, all other light included.
    camera
        Blur and noise.
    """
    half = int(np.ceil((ball.diameter_um / 2 + 4 * camera.psf_um) / camera.pixel_um)) + 1
    x0, y0 = round(ball.x_um / camera.pixel_um), round(ball.y_um / camera.pixel_um)
    rows = slice(max(y0 - half, 0), min(y0 + half + 1, expected.shape[0]))
    columns = slice(max(x0 - half, 0), min(x0 + half + 1, expected.shape[1]))
    y = np.arange(rows.start, rows.stop)[:, None] * camera.pixel_um - ball.y_um
    x = np.arange(columns.start, columns.stop)[None, :] * camera.pixel_um - ball.x_um
    slopes = _slopes(ball, x, y, camera)
    weight = 1.0 / (expected[rows, columns].ravel() + camera.read_noise**2)
    information = (slopes * weight) @ slopes.T
    scale = np.sqrt(np.diag(information))  # columns of one size, or the inverse loses digits
    errors = np.sqrt(np.diag(np.linalg.inv(information / np.outer(scale, scale)))) / scale
    return float(errors[0]), float(errors[1]), float(errors[2])


def _slopes(ball: Ball, x: Floats, y: Floats, camera: Camera) -> Floats:
    """Return the derivatives (6, pixels) of the mean by x, y, diameter, shell, fill and ground."""
    distance = np.hypot(x, y)
    shell, fill = _templates(ball.diameter_um, distance, camera)
    step = _STEP_UM

    def light(dx: float, dy: float, dd: float) -> Floats:
        ring, inside = _templates(ball.diameter_um + dd, np.hypot(x - dx, y - dy), camera)
        return ball.shell * ring + ball.fill * inside

    moves = ((step, 0.0, 0.0), (0.0, step, 0.0), (0.0, 0.0, step))
    first = [(light(*move) - light(*(-m for m in move))) / (2 * step) for move in moves]
    return np.stack([part.ravel() for part in (*first, shell, fill, np.ones_like(shell))])


def _templates(diameter: float, distance: Floats, camera: Camera) -> tuple[Floats, Floats]:
    width = pixel_psf(camera.psf_um, camera.pixel_um)
    fine = np.linspace(0.0, float(distance.max()) + width, 4 * int(distance.max() / width * 8) + 16)
    area = camera.pixel_um**2
    profiles = [
        profile(diameter / 2, fine, width, camera.section_um) * area for profile in (shell_profile, ball_profile)
    ]
    return np.interp(distance, fine, profiles[0]), np.interp(distance, fine, profiles[1])
