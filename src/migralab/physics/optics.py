"""How membrane becomes light on a camera: blurred tubes, shells, balls and sheets. Vectorised numpy.

Every object is deposited already blurred, in closed form, so that nothing is supersampled and its photons are
conserved. Lengths are in um; images are arrays (y, x) of photons per pixel; the centre of pixel (0, 0) is the
origin. Theory: docs/theory/microscope.md.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import erf, i0e

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_Blurred = Callable[[slice, Floats, Floats], Floats]

REACH = 4.5  # windows end at this many PSF widths: 7e-6 of a line's light, 4e-5 of a spot's, lies beyond
_CHUNK = 2_000_000  # values held at once, so that memory does not grow with the number of objects


class Grid(NamedTuple):
    """Pixels of an image: their side in um, and how many there are in y and x."""

    pixel: float
    shape: tuple[int, int]


def pixel_psf(psf: float, pixel: float) -> float:
    """Return the width of a PSF together with the square pixel that collects its light (eq-pixel-psf).

    ``s^2 = psf^2 + pixel^2/12``: the variance of a uniform pixel is added.
    """
    return float(np.sqrt(psf**2 + pixel**2 / 12.0))


def split_segments(ends: ArrayLike, longest: float) -> tuple[Floats, Ints, Ints]:
    """Cut segments into equal pieces that are not longer than `longest`.

    Parameters
    ----------
    ends
        Segments (n, 4) as x0, y0, x1, y1, um.
    longest
        Greatest length of a piece, um.

    Returns
    -------
    pieces
        Pieces (m, 4).
    segment
        Row of the segment that each piece came from.
    ordinal
        Number of the piece within its segment, from its first end.
    """
    whole = np.asarray(ends, np.float64).reshape(-1, 4)
    length = np.hypot(whole[:, 2] - whole[:, 0], whole[:, 3] - whole[:, 1])
    count = np.maximum(np.ceil(length / longest - 1e-9).astype(np.int64), 1)
    segment = np.repeat(np.arange(len(whole)), count)
    ordinal = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    start, step = whole[segment, :2], (whole[:, 2:] - whole[:, :2])[segment] / count[segment, None]
    first = start + ordinal[:, None] * step
    return np.hstack([first, first + step]), segment, ordinal


def deposit_segments(image: Floats, grid: Grid, ends: ArrayLike, photons: ArrayLike, psf: float) -> None:
    """Add thin straight tubes, each blurred by a Gaussian PSF, to an image (eq-blurred-tube).

    ``I = (N/L) a^2 exp(-n^2/2s^2) / (sqrt(2 pi) s) [erf((t + L/2)/sqrt(2)s) - erf((t - L/2)/sqrt(2)s)] / 2``
    with t along and n across the tube, measured from its middle.

    Parameters
    ----------
    image
        Image that is added to, photons per pixel.
    grid
        Its pixels.
    ends
        Segments (n, 4), um. Windows are as large as the longest, so cut long ones with `split_segments`.
    photons
        Photons N of each segment (n,).
    psf
        PSF width, um.
    """
    lines = np.asarray(ends, np.float64).reshape(-1, 4)
    if not len(lines):
        return
    light = np.broadcast_to(np.asarray(photons, np.float64), (len(lines),))
    width = pixel_psf(psf, grid.pixel)
    span = lines[:, 2:] - lines[:, :2]
    length = np.maximum(np.hypot(span[:, 0], span[:, 1]), 1e-6)
    along = span / length[:, None]
    half = int(np.ceil((length.max() / 2 + REACH * width) / grid.pixel))
    scale = light / length * grid.pixel**2 / (np.sqrt(2 * np.pi) * width) / 2
    root = np.sqrt(2.0) * width

    def blurred(rows: slice, dx: Floats, dy: Floats) -> Floats:
        ux, uy = along[rows, 0, None, None], along[rows, 1, None, None]
        t, n = dx * ux + dy * uy, dy * ux - dx * uy
        middle = length[rows, None, None] / 2
        ribbon = erf((t + middle) / root) - erf((t - middle) / root)
        return np.asarray(scale[rows, None, None] * np.exp(-((n / root) ** 2)) * ribbon)

    _scatter(image, grid, (lines[:, :2] + lines[:, 2:]) / 2, half, blurred)


def deposit_spots(
    image: Floats, grid: Grid, centres: ArrayLike, diameters: ArrayLike, photons: ArrayLike, psf: float
) -> None:
    """Add vesicles smaller than the PSF as Gaussian spots of the right second moment (eq-blurred-spot).

    ``s^2 = psf^2 + pixel^2/12 + d^2/12``: a shell of diameter d has the variance d^2/12 along each axis.

    Parameters
    ----------
    image, grid, psf
        As in `deposit_segments`.
    centres
        Centres (n, 2), um.
    diameters
        Diameters d (n,), um.
    photons
        Photons of each spot (n,).
    """
    places = np.asarray(centres, np.float64).reshape(-1, 2)
    if not len(places):
        return
    width = np.sqrt(pixel_psf(psf, grid.pixel) ** 2 + np.asarray(diameters, np.float64) ** 2 / 12)
    scale = np.asarray(photons, np.float64) * grid.pixel**2 / (2 * np.pi * width**2)
    half = int(np.ceil(REACH * width.max() / grid.pixel))

    def blurred(rows: slice, dx: Floats, dy: Floats) -> Floats:
        squared = (dx**2 + dy**2) / (2 * width[rows, None, None] ** 2)
        return np.asarray(scale[rows, None, None] * np.exp(-squared))

    _scatter(image, grid, places, half, blurred)


def _scatter(image: Floats, grid: Grid, centres: Floats, half: int, blurred: _Blurred) -> None:
    rows, columns = grid.shape
    offsets = np.arange(-half, half + 1)
    total = np.zeros(rows * columns)
    chunk = max(1, _CHUNK // len(offsets) ** 2)
    for start in range(0, len(centres), chunk):
        part = slice(start, start + chunk)
        nearest = np.rint(centres[part] / grid.pixel).astype(np.int64)
        px = nearest[:, 0, None, None] + offsets[None, None, :]
        py = nearest[:, 1, None, None] + offsets[None, :, None]
        values = blurred(
            part,
            px * grid.pixel - centres[part, 0, None, None],
            py * grid.pixel - centres[part, 1, None, None],
        )
        inside = (px >= 0) & (px < columns) & (py >= 0) & (py < rows)
        total += np.bincount((py * columns + px)[inside], values[inside], minlength=total.size)
    image += total.reshape(rows, columns)


def shell_profile(radius: float, distance: ArrayLike, psf: float, section: float, height: float = 0.0) -> Floats:
    """Return the blurred image of a spherical membrane, per membrane area (eq-blurred-shell).

    ``I(r) = R^2/s^2 int_0^pi sin(q) exp(-(r - R sin q)^2 / 2s^2) i0e(r R sin(q) / s^2)
    exp(-(R cos q + z)^2 / 2h^2) dq``: a Gaussian PSF of width s across and h along the optical axis. Large
    spheres show as rings, those below about 0.5 um as filled spots.

    Parameters
    ----------
    radius
        Radius R, um.
    distance
        Distances r from the centre in the image plane, um.
    psf
        Lateral width s, um.
    section
        Thickness h of the optical section (its standard deviation), um.
    height
        Height z of the centre above the focal plane, um.
    """
    r = np.asarray(distance, np.float64)[..., None]
    x, weight = _gauss(32 * min(5, 2 + int(radius / psf / 4)))
    angle = (x + 1) * np.pi / 2
    ring = radius * np.sin(angle)
    depth = np.exp(-((radius * np.cos(angle) + height) ** 2) / (2 * section**2))
    across = np.exp(-((r - ring) ** 2) / (2 * psf**2)) * i0e(r * ring / psf**2)
    total = np.sum(across * np.sin(angle) * depth * weight * np.pi / 2, axis=-1)
    return np.asarray(total * radius**2 / psf**2, np.float64)


def ball_profile(radius: float, distance: ArrayLike, psf: float, section: float, height: float = 0.0) -> Floats:
    """Return the blurred image of a filled sphere, per volume, as a sum of shells (eq-blurred-ball).

    ``I(r) = int_0^R shell(R', r) dR'``; arguments as in `shell_profile`.
    """
    x, weight = _gauss(6)
    radii = (x + 1) * radius / 2
    shells = [shell_profile(float(inner), distance, psf, section, height) for inner in radii]
    return np.asarray(np.tensordot(weight * radius / 2, np.stack(shells), axes=1), np.float64)


def deposit_profile(image: Floats, grid: Grid, centre: tuple[float, float], distance: Floats, light: Floats) -> None:
    """Add a round object, given as light per um2 against evenly spaced distances, to an image.

    Parameters
    ----------
    image, grid
        As in `deposit_segments`.
    centre
        Centre (x, y), um.
    distance, light
        Distances from 0 at even steps, um, and photons per um2 there; beyond the last there is none.
    """
    reach = float(distance[-1])
    rows, columns = grid.shape
    low_x, high_x = _window(centre[0], reach, grid.pixel, columns)
    low_y, high_y = _window(centre[1], reach, grid.pixel, rows)
    if low_x >= high_x or low_y >= high_y:
        return
    dx = np.arange(low_x, high_x) * grid.pixel - centre[0]
    dy = np.arange(low_y, high_y) * grid.pixel - centre[1]
    r = np.hypot(dx[None, :], dy[:, None])
    image[low_y:high_y, low_x:high_x] += np.interp(r, distance, light, right=0.0) * grid.pixel**2


@functools.cache
def _gauss(nodes: int) -> tuple[Floats, Floats]:
    """Gauss-Legendre nodes and weights on -1..1; finding them costs more than using them."""
    x, weight = np.polynomial.legendre.leggauss(nodes)
    return x, weight


def _window(middle: float, reach: float, pixel: float, count: int) -> tuple[int, int]:
    return max(0, int(np.floor((middle - reach) / pixel))), min(count, int(np.ceil((middle + reach) / pixel)) + 1)


def polygon_coverage(outline: ArrayLike, grid: Grid, lines_per_pixel: int = 4) -> Floats:
    """Return the share of every pixel that a simple closed polygon covers.

    Each pixel row is cut by `lines_per_pixel` lines; along a line the coverage is exact.

    Parameters
    ----------
    outline
        Corners (n, 2), um, closed implicitly.
    grid
        Pixels of the result.
    lines_per_pixel
        Cuts through each row of pixels.
    """
    rows, columns = grid.shape
    corners = np.asarray(outline, np.float64) / grid.pixel + 0.5  # now pixel (0, 0) covers 0..1
    ahead = np.roll(corners, -1, axis=0)
    level = (np.arange(rows * lines_per_pixel) + 0.5) / lines_per_pixel
    low, high = np.minimum(corners[:, 1], ahead[:, 1]), np.maximum(corners[:, 1], ahead[:, 1])
    first, last = np.searchsorted(level, low), np.searchsorted(level, high)
    count = last - first
    edge = np.repeat(np.arange(len(corners)), count)
    line = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count) + first[edge]
    rise = ahead[edge, 1] - corners[edge, 1]
    x = corners[edge, 0] + (level[line] - corners[edge, 1]) / rise * (ahead[edge, 0] - corners[edge, 0])
    x = np.clip(x, 0.0, columns)
    cell = np.minimum(x.astype(np.int64), columns - 1)
    share = x - cell
    sign = np.sign(rise) / lines_per_pixel
    slot = (line // lines_per_pixel) * (columns + 1) + cell
    size = rows * (columns + 1)
    steps = (
        np.bincount(slot, sign * (1 - share), minlength=size)
        + np.bincount(slot + 1, sign * share, minlength=size + 1)[:size]
    )
    return np.minimum(np.abs(np.cumsum(steps.reshape(rows, columns + 1), axis=1)[:, :columns]), 1.0)
