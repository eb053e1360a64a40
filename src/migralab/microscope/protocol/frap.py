"""FRAP: a region is bleached, and membrane label comes back along the fibre into a migrasome. Times in s, lengths um.

A migrasome is taken as well mixed: label spreads over it much faster than it comes through the fibre (a 1 um sphere
mixes within d^2/4D, 0.5 s at 0.5 um2/s). What is inside does not come back.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from migralab.core.errors import RequestError
from migralab.microscope.specimen import FIBRE_RADIUS_UM, Scene, Tubes, Vesicles
from migralab.physics.optics import split_segments

Floats = NDArray[np.float64]

_PIECE_UM = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Frap:
    """One bleached disc and how its label recovers.

    Parameters
    ----------
    channel
        Channel that is bleached.
    x_um, y_um, radius_um
        The disc, in coordinates of the dish.
    at_min
        When it is bleached, in the time of the frames; a frame at that time is the first after bleaching.
    depth
        Share of the label in the disc that is bleached.
    half_time_s, mobile
        Half-time of the exchange of a migrasome with its fibre, and the share of label that takes part.
    fibre_half_time_s
        Half-time in the fibre itself.
    """

    channel: str
    x_um: float
    y_um: float
    radius_um: float
    at_min: float
    depth: float = 0.9
    half_time_s: float = 30.0
    mobile: float = 0.8
    fibre_half_time_s: float = 5.0

    def __post_init__(self) -> None:
        for name in ("radius_um", "half_time_s", "fibre_half_time_s"):
            if not getattr(self, name) > 0:
                raise RequestError(f"frap: {name} = {getattr(self, name)} is not greater than 0.")
        for name in ("depth", "mobile"):
            if not 0 <= getattr(self, name) <= 1:
                raise RequestError(f"frap: {name} = {getattr(self, name)} is no share: allowed is 0 to 1.")


def exchange_half_time(
    diameter: ArrayLike, *, fibre_um: float, diffusion: float, radius: float = FIBRE_RADIUS_UM
) -> Floats:
    """Return the half-time, s, in which a well-mixed vesicle exchanges label through a fibre (eq-frap-exchange).

    ``t = ln 2 * L d^2 / (2 a D)``: the area pi d^2 is emptied through a tube of circumference 2 pi a and length L.

    Parameters
    ----------
    diameter
        Diameters d, um.
    fibre_um
        Length L of fibre to the reservoir, um.
    diffusion
        Diffusion coefficient D of the label in the membrane, um2/s.
    radius
        Radius a of the fibre, um.
    """
    size = np.asarray(diameter, np.float64)
    return np.asarray(math.log(2) * fibre_um * size**2 / (2 * radius * diffusion), np.float64)


def recovery(seconds: float, depth: ArrayLike, half_time: float, mobile: ArrayLike) -> Floats:
    """Return the label relative to that before bleaching, `seconds` after it; 1 before (eq-frap-recovery).

    ``F = 1 - depth + depth * mobile * (1 - 2^(-t/half_time))``
    """
    lost = np.asarray(depth, np.float64)
    if seconds < 0:
        return np.ones_like(lost)
    return np.asarray(1 - lost + lost * np.asarray(mobile) * (1 - 0.5 ** (seconds / half_time)), np.float64)


def bleached_share(frap: Frap, vesicles: Vesicles) -> Floats:
    """Return the share of each vesicle's membrane that lies in the disc.

    The border is taken as straight across a vesicle; on a sphere the area on one side of a plane grows evenly with
    its place (Archimedes).
    """
    away = np.hypot(vesicles.centre[:, 0] - frap.x_um, vesicles.centre[:, 1] - frap.y_um)
    return np.asarray(np.clip((frap.radius_um - away) / vesicles.diameter + 0.5, 0, 1), np.float64)


def vesicle_label(frap: Frap, scene: Scene) -> Floats:
    """Return each vesicle's membrane label at the time of the scene, relative to before. Detached ones stay dark."""
    depth = frap.depth * bleached_share(frap, scene.vesicles)
    mobile = np.where(scene.vesicles.attached, frap.mobile, 0.0)
    return recovery(_seconds(frap, scene), depth, frap.half_time_s, mobile)


def after_frap(scene: Scene, frap: Frap) -> Scene:
    """Return the scene as the bleached channel sees it."""
    seconds = _seconds(frap, scene)
    if seconds < 0:
        return scene
    label = vesicle_label(frap, scene)
    inside = 1 - frap.depth * bleached_share(frap, scene.vesicles)
    seen = scene.vesicles
    vesicles = dataclasses.replace(
        seen,
        density=seen.density * label,
        # the light from inside counts relative to the membrane, and does not come back
        lumen=np.divide(seen.lumen * inside, label, out=np.zeros_like(label), where=label > 0),
    )
    return dataclasses.replace(scene, vesicles=vesicles, tubes=_tubes(scene.tubes, frap, seconds))


def _seconds(frap: Frap, scene: Scene) -> float:
    return (scene.time_min - frap.at_min) * 60


def _tubes(tubes: Tubes, frap: Frap, seconds: float) -> Tubes:
    """Cut the tubes in pieces of 0.4 um and dim those in the disc; fibres recover whole."""
    pieces, segment, _ = split_segments(tubes.ends, _PIECE_UM)
    middle = (pieces[:, :2] + pieces[:, 2:]) / 2
    inside = np.hypot(middle[:, 0] - frap.x_um, middle[:, 1] - frap.y_um) < frap.radius_um
    label = recovery(seconds, frap.depth * inside, frap.fibre_half_time_s, 1.0)
    return Tubes(
        ends=pieces,
        cell_id=tubes.cell_id[segment],
        node_id=tubes.node_id[segment],
        kind=tubes.kind[segment],
        radius=tubes.radius[segment],
        brightness=tubes.brightness[segment] * label,
        z_um=tubes.z_um[segment],
    )
