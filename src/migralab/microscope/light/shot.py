"""How one exposure is taken: where the focus lies, how the stage has drifted, what bleaching has left."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from migralab.core.errors import RequestError
from migralab.microscope.presets import Microscope

Array = NDArray[Any]
Floats = NDArray[np.float64]

_STEP = 0.05  # widths of out-of-focus spots are rounded to this share, so that they are drawn in groups


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One exposure.

    Parameters
    ----------
    focus_um
        Height of the focal plane; 0 is the usual one (on the ground for fibres, through the middle of each vesicle
        whose `z_um` is 0).
    shift_um
        How far the specimen has drifted in the image, x and y.
    remaining
        Share of the label that bleaching has left, by channel; 1 where a channel is not named.
    name
        Part of the key of the noise: exposures of one frame that differ only in their name differ in noise only.
    """

    focus_um: float = 0.0
    shift_um: tuple[float, float] = (0.0, 0.0)
    remaining: Mapping[str, float] = field(default_factory=dict)
    name: str = ""

    def __post_init__(self) -> None:
        if not math.isfinite(self.focus_um + sum(self.shift_um)):
            raise RequestError(f"focus_um = {self.focus_um}, shift_um = {self.shift_um}: give finite lengths in um.")
        for channel, share in self.remaining.items():
            if not 0 <= share <= 1:
                raise RequestError(f"remaining = {share} of channel '{channel}' is no share: allowed is 0 to 1.")


def spread_at(optics: Microscope, height: Floats) -> Floats:
    """Return the PSF width of objects `height` um out of focus (eq-defocus)."""
    if optics.axial == "section":
        return np.full(np.shape(height), optics.psf_um)
    return np.asarray(np.hypot(optics.psf_um, optics.cone * height), np.float64)


def share_at(optics: Microscope, height: Floats) -> Floats:
    """Return the share of the light of a thin object `height` um out of focus that is kept (eq-section)."""
    if optics.axial == "blur":
        return np.ones(np.shape(height))
    return np.asarray(np.exp(-(height**2) / (2 * optics.section_um**2)), np.float64)


def by_width(width: Floats, least: float) -> Iterator[tuple[float, Array]]:
    """Yield groups of rows of nearly one PSF width; rows that are in focus keep theirs exactly."""
    level = np.rint(np.log(width / least) / _STEP).astype(np.int64)
    for step in np.unique(level):
        yield least * math.exp(_STEP * float(step)), np.flatnonzero(level == step)
