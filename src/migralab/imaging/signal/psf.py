"""The point spread function, measured on the fibres of the image itself: 70 nm wide line targets for free.

Short straight stretches of fibre are fitted as lines with a Gaussian section, each with its own place, direction,
light and ground, all with one width. No profile is resampled, so none is blurred by that.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from migralab.imaging.signal.noise import Image, Mask, Noise

Floats = NDArray[np.float64]

TUBE_SD_UM = 0.025  # a tube 70 nm wide seen from above: radius / sqrt(2)
_EIGHT = np.ones((3, 3), bool)
_HALF_LENGTH_UM = 0.8
_REACH_UM = 0.7
_LEAST = 12  # stretches
_MOST = 150
_STEPS = 10
_ALIKE = 0.15  # widths of stretches may differ by this share for other reasons than noise
_TUBE_SPREAD = 1 / 3  # fibres are 50 to 100 nm wide, and which it is cannot be seen
_WIDEST = 3.0  # times what is usual


@dataclass(frozen=True, slots=True, kw_only=True)
class Blur:
    """Standard deviation of the point spread function, um, and its relative standard error."""

    psf_um: float
    relative_sd: float


def measure_psf(
    image: Image, skeleton: Mask, direction: Image, noise: Noise, pixel_um: float, start_um: float
) -> Blur | None:
    """Measure the point spread function on straight lone fibres.

    Parameters
    ----------
    image
        Grey levels (y, x).
    skeleton
        Lines one pixel wide.
    direction
        Angle of the line at each pixel, rad.
    noise
        Noise of the image.
    pixel_um
        Pixel size, um.
    start_um
        Where the search begins, um.

    Returns
    -------
    Blur | None
        None where there are too few lone fibres.
    """
    reach = max(_REACH_UM, 4 * pixel_um)
    length = max(_HALF_LENGTH_UM, 3 * pixel_um)
    y, x = _choose_places(skeleton, reach, length, pixel_um)
    if len(y) < _LEAST:
        return None
    values, weights, along, across, height = _cut(image, noise, (y, x), direction, (length, reach), pixel_um)
    width, used = np.hypot(start_um, pixel_um / np.sqrt(12)), np.ones(len(y), bool)
    lines = np.zeros((len(y), 2))  # offset and turn of each
    for _ in range(_STEPS):
        slope, information, lines = _step(values, weights, along, across, lines, width)
        own = slope / np.maximum(information, 1e-12)
        # vesicles, bends and neighbours widen many stretches: the middle is taken of those near the middle
        middle = float(np.median(own[used]))
        spread = np.sqrt(1 / np.maximum(information, 1e-12) + _ALIKE**2)
        used = (np.abs(own - middle) < 2 * spread) & (height > 0) & (spread < 3 * np.median(spread))
        if used.sum() < _LEAST:
            return None
        # stretches differ by more than noise: the brightest ones, with beads and puncta, may not rule the mean
        noise_only = 1 / information[used]
        beyond = max(float(np.var(own[used]) - np.median(noise_only)), 0.0)
        width *= np.exp(np.clip(np.average(own[used], weights=1 / (noise_only + beyond)), -0.2, 0.2))
    error = 1.2533 * float(np.std(own[used])) / np.sqrt(used.sum())  # of a median
    # a stretch that noise made narrow leans more on the mean than one that it made wide: a bias of this size at most
    error = float(np.hypot(error, 0.5 * np.median(1 / information[used])))
    variance = width**2 - TUBE_SD_UM**2 - pixel_um**2 / 12
    psf = float(np.sqrt(max(variance, (0.4 * pixel_um) ** 2, 0.04**2)))
    if psf > max(_WIDEST * start_um, pixel_um):
        return None  # these are no fibres
    tube = _TUBE_SPREAD * (TUBE_SD_UM / psf) ** 2
    return Blur(psf_um=psf, relative_sd=float(np.hypot(tube, error * (width / psf) ** 2)))


def _choose_places(skeleton: Mask, reach: float, length: float, pixel_um: float) -> tuple[NDArray[np.int64], ...]:
    """Middles of straight stretches without another line near, spread over the image."""
    side = 2 * int(max(reach, length) / pixel_um) + 1
    margin = side // 2 + 2
    y, x = (part + margin for part in np.nonzero(skeleton[margin:-margin, margin:-margin]))
    total = np.pad(np.cumsum(np.cumsum(skeleton, axis=0, dtype=np.int32), axis=1, dtype=np.int32), ((1, 0), (1, 0)))
    top, left = y - side // 2, x - side // 2
    crowd = total[top + side, left + side] - total[top, left + side] - total[top + side, left] + total[top, left]
    lone = (crowd < 1.45 * side) & (crowd > 0.9 * side)
    y, x = y[lone], x[lone]
    if len(y) == 0:
        return y, x
    cell = max(1, round(1.2 * length / pixel_um))  # one place in each tile
    _, first = np.unique((y // cell) * 100_000 + x // cell, return_index=True)
    first = first[:: max(1, len(first) // _MOST)]
    return y[first], x[first]


def _cut(
    image: Image,
    noise: Noise,
    places: tuple[NDArray[np.int64], ...],
    direction: Image,
    window: tuple[float, float],
    pixel_um: float,
) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Pixels around each place with their place along and across the line, um; and the light of the line."""
    length, reach = window
    half = int(np.hypot(length, reach) / pixel_um) + 1
    offset = np.arange(-half, half + 1)
    dy, dx = (part.ravel() for part in np.meshgrid(offset, offset, indexing="ij"))
    y, x = places
    rows = np.clip(y[:, None] + dy, 0, image.shape[0] - 1)
    columns = np.clip(x[:, None] + dx, 0, image.shape[1] - 1)
    values = image[rows, columns].astype(np.float64)
    theta = direction[y, x].astype(np.float64)[:, None]
    along = np.asarray((dx * np.cos(theta) + dy * np.sin(theta)) * pixel_um, np.float64)
    across = np.asarray((dy * np.cos(theta) - dx * np.sin(theta)) * pixel_um, np.float64)
    inside = (np.abs(along) <= length) & (np.abs(across) <= reach)
    # what is inside comes first, so that the rest can be left out
    order = np.argsort(~inside, axis=1, kind="stable")[:, : int(inside.sum(axis=1).max())]
    values, along, across, inside = (np.take_along_axis(p, order, axis=1) for p in (values, along, across, inside))
    middle = inside & (np.abs(across) <= 0.15)
    level = np.where(middle, values, 0.0).sum(axis=1) / np.maximum(middle.sum(axis=1), 1) - _quarter(values, inside)
    # weights from the mean of the stretch: from the pixel itself they would favour what noise has made dim
    shape = np.exp(-0.5 * (across / 0.17) ** 2)
    light = np.maximum(level, 0.0)[:, None] * shape
    weights = inside / (noise.read_sd**2 + noise.gain * light + 1e-9)
    return values, np.asarray(weights, np.float64), along, across, np.asarray(level, np.float64)


def _quarter(values: Floats, inside: Mask) -> Floats:
    """Lower quartile of what is inside, for each stretch."""
    ordered = np.sort(np.where(inside, values, np.inf), axis=1)
    place = 0.25 * (inside.sum(axis=1) - 1)
    row, low = np.arange(len(values)), place.astype(np.int64)
    below, above = ordered[row, low], ordered[row, np.ceil(place).astype(np.int64)]
    return np.asarray(below + (place - low) * (above - below))


def _step(
    values: Floats, weights: Floats, along: Floats, across: Floats, lines: Floats, width: float
) -> tuple[Floats, Floats, Floats]:
    """Slope and information of the log width from each stretch, its other parameters left free; moved lines."""
    place = across - lines[:, :1] - lines[:, 1:] * along
    shape = np.exp(-0.5 * (place / width) ** 2)
    matrix = np.stack([shape, np.ones_like(shape)], axis=1)
    weighted = matrix * weights[:, None]
    normal = np.einsum("sap,sbp->sab", weighted, matrix) + 1e-12 * np.eye(2)
    light = np.linalg.solve(normal, np.einsum("sap,sp->sa", weighted, values)[..., None])[..., 0]
    left = values - np.einsum("sa,sap->sp", light, matrix)
    bend = light[:, :1] * shape * place / width**2
    slopes = np.stack([bend * place, bend, bend * along, shape, np.ones_like(shape)], axis=1)
    weighted = slopes * weights[:, None]
    normal = np.einsum("sap,sbp->sab", weighted, slopes)
    right = np.einsum("sap,sp->sa", weighted, left)
    scale = np.sqrt(np.einsum("saa->sa", normal)) + 1e-12
    normal = normal / scale[:, :, None] / scale[:, None, :] + 1e-6 * np.eye(5)
    others = np.linalg.inv(normal[:, 1:, 1:])
    lean = np.einsum("sa,sab->sb", normal[:, 0, 1:], others)
    slope = (right / scale)[:, 0] - np.einsum("sb,sb->s", lean, (right / scale)[:, 1:])
    information = normal[:, 0, 0] - np.einsum("sb,sb->s", lean, normal[:, 0, 1:])
    step = np.einsum("sab,sb->sa", others, (right / scale)[:, 1:]) / scale[:, 1:]
    moved = lines + np.clip(step[:, :2], [-0.1, -0.15], [0.1, 0.15])
    return slope * scale[:, 0], information * scale[:, 0] ** 2, np.clip(moved, [-0.3, -0.5], [0.3, 0.5])
