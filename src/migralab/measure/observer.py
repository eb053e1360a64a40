"""Observers: what an instrument makes of a diameter. A published size belongs to its observer.

Every number here is an estimate (E) or computed from estimates (C); `ASSUMPTIONS` lists them with their
reasons.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from migralab.core.errors import UnknownIdError

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumption:
    """A number of an observer model with its tag and reason."""

    value: float
    unit: str
    tag: str
    reason: str


ASSUMPTIONS: dict[str, Assumption] = {
    "blur": Assumption(
        value=0.25, unit="um", tag="E", reason="width of a confocal spot, added in quadrature"
    ),
    "blur_below": Assumption(value=0.6, unit="um", tag="E", reason="larger rings are measured edge to edge"),
    "shrinkage": Assumption(
        value=0.85, unit="", tag="E", reason="fixation, dehydration and resin shrink lengths by 10-20 %"
    ),
    "pelleted_from": Assumption(
        value=0.46, unit="um", tag="C",
        reason="20,000 g 30 min pulls all above this through 8 cm (Stokes, excess 0.03 g/ml E, water 4 C)",
    ),
    "lost_above": Assumption(
        value=1.26, unit="um", tag="C",
        reason="4,000 g 20 min, supernatant kept, takes all above this (same inputs)"
    ),
}  # fmt: skip

OBSERVERS: dict[str, str] = {
    "true": "the diameter itself",
    "psf": "blurred: 0.25 um in quadrature below 0.6 um",
    "live-section": "optical section at a random height through each vesicle, then blurred",
    "tem-purified": "spun at 4,000 and 20,000 g and seen whole in negative stain (no section; flattening unknown)",
    "tem-section": "spun, embedded and shrunk, cut by a random plane (large ones more often)",
}
HEIGHTS = 32  # cuts per vesicle; their mean is within 0.1 % of pi/4


def look(diameter: Floats, observer: str) -> tuple[Floats, Floats]:
    """Return the diameters that an observer would note, and how often each vesicle is seen.

    Parameters
    ----------
    diameter
        True diameters, um, shape (n,).
    observer
        One of `OBSERVERS`.

    Returns
    -------
    tuple
        Observed diameters, um, shape (n, m), the m columns being equally likely, and weights, shape (n,).
    """
    diameter = np.asarray(diameter, np.float64)
    if observer == "true":
        return diameter[:, None], np.ones(len(diameter))
    if observer == "psf":
        return blur(diameter)[:, None], np.ones(len(diameter))
    if observer == "live-section":
        return blur(cut(diameter)), np.ones(len(diameter))
    if observer == "tem-purified":
        # Zhao 2019 S1g is negative stain: whole mounts. Drying may flatten or shrink them; no number is known
        return diameter[:, None], recover(diameter)
    if observer == "tem-section":
        # A plane through a pellet meets a sphere in proportion to its diameter (Wicksell 1925)
        return cut(ASSUMPTIONS["shrinkage"].value * diameter), recover(diameter) * diameter
    raise UnknownIdError("observer", observer, OBSERVERS)


def cut(diameter: Floats) -> Floats:
    """Return the diameters of sections of spheres at `HEIGHTS` evenly spaced heights, shape (n, heights).

    At relative height u in (-1, 1) the section has ``d sqrt(1 - u^2)`` (eq-section): mean pi/4 d, variance
    ``(2/3 - pi^2/16) d^2``, with a long lower tail.
    """
    height = (np.arange(HEIGHTS) + 0.5) / HEIGHTS
    return np.asarray(diameter)[:, None] * np.sqrt(1 - height**2)


def blur(diameter: Floats) -> Floats:
    """Return diameters with the blur of the lens; the rule jumps by 0.05 um at its border."""
    spot, border = ASSUMPTIONS["blur"].value, ASSUMPTIONS["blur_below"].value
    return np.where(diameter < border, np.hypot(diameter, spot), diameter)


def recover(diameter: Floats) -> Floats:
    """Return the share of vesicles of each diameter that differential centrifugation keeps (eq-recovery)."""
    small, large = ASSUMPTIONS["pelleted_from"].value, ASSUMPTIONS["lost_above"].value
    diameter = np.asarray(diameter, np.float64)
    return np.minimum(1.0, (diameter / small) ** 2) * np.maximum(0.0, 1.0 - (diameter / large) ** 2)
