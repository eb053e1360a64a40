"""Diameter of a vesicle by fitting a blurred sphere: a membrane shell, a filling, a flat ground, and its fibres.

Each fibre that enters is a half line from the centre: a straight line would run on through a vesicle that sits at
a tip, and a fibre left out makes small vesicles too wide. Shell, filling, ground and the light of the fibres enter
linearly and are solved for exactly; centre, radius and the fibres' directions are searched (`fit_kernel`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from migralab.imaging.signal.fit_kernel import fit_patches
from migralab.imaging.signal.noise import Image, Mask, Noise
from migralab.imaging.signal.profiles import Profiles

Floats = NDArray[np.float64]

_SHELL_OR_BALL = (np.sqrt(5 / 3) - 1) / np.sqrt(12)  # relative standard deviation of a flat spread
_TUBE_SD_UM = 0.025  # a tube 70 nm wide seen from above: radius / sqrt(2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Starts:
    """Where to begin: K places, the fibres that enter each, and what of its patch is not its own.

    Parameters
    ----------
    place
        Centre x, y (pixels) and radius (um), (K, 3).
    half
        Half width of each patch, pixels, (K,).
    arm_count, arm_angle
        Fibres that enter, and their directions as seen from the centre, rad, (K,) and (K, 4).
    foreign
        What belongs to something else, (K, side, side) with the side of the largest patch.
    """

    place: Floats
    half: NDArray[np.int64]
    arm_count: NDArray[np.int64]
    arm_angle: Floats
    foreign: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spheres:
    """Fitted spheres, one entry each; lengths in um but for the centre, which is in pixels.

    Parameters
    ----------
    x, y, place_sd_um
        Centre, and its standard error along one axis.
    diameter_um, diameter_sd_um
        Diameter of the membrane and its standard error.
    shell, filling, ground, fibre
        Light of each part; of the brightest fibre for the last.
    reduced_chi2
        Misfit; 1 where only noise is left.
    """

    x: Floats
    y: Floats
    place_sd_um: Floats
    diameter_um: Floats
    diameter_sd_um: Floats
    shell: Floats
    filling: Floats
    ground: Floats
    fibre: Floats
    reduced_chi2: Floats


def fit_spheres(  # noqa: PLR0913  # what is seen, where, and how to look
    image: Image,
    usable: Mask,
    noise: Noise,
    starts: Starts,
    profiles: Profiles,
    *,
    pixel_um: float,
    misfit: float,
    beading: float = 0.0,
    radii: tuple[float, ...] = (1.0,),
    rounds: int = 3,
) -> Spheres:
    """Fit vesicles.

    Parameters
    ----------
    image
        Grey levels (y, x).
    usable
        False where a pixel must not be used.
    noise
        Noise of the image.
    starts
        Where to begin.
    profiles
        From `blur_spheres`.
    pixel_um
        Pixel size, um.
    misfit
        Share of a vesicle's own light by which the shape of the model may miss it.
    beading
        Relative scatter of light along fibres: the half lines of the model are even, real fibres are not.
    radii
        Times the radius of the start; the best end counts, since shell and ball give chi2 more than one valley.
    rounds
        How often the weights are taken anew from the model.
    """
    out = np.zeros((len(starts.place), 12))
    if len(out):
        fit_patches(
            np.ascontiguousarray(image, np.float32),
            np.ascontiguousarray(usable, np.bool_),
            np.ascontiguousarray(starts.place, np.float64),
            starts.half,
            starts.arm_count,
            starts.arm_angle,
            starts.foreign,
            np.array([noise.background, noise.read_sd**2, noise.gain, misfit, beading]),
            np.array(radii, np.float64),
            rounds,
            pixel_um,
            profiles.tables,
            np.array([profiles.radius_step, profiles.distance_step]),
            float(np.hypot(profiles.width_um, _TUBE_SD_UM)),
            out,
        )
    diameter = 2 * out[:, 2]
    worse = np.maximum(out[:, 10], 1.0)
    # shell and filling look alike in small vesicles, but one is not more than all: between a pure shell and a
    # pure ball of the same blurred width the diameter differs by the factor sqrt(5/3)
    variance = np.minimum(out[:, 8] * worse, out[:, 9] * worse + _SHELL_OR_BALL**2)
    return Spheres(
        x=out[:, 0],
        y=out[:, 1],
        place_sd_um=np.sqrt(0.5 * (out[:, 6] + out[:, 7]) * worse),
        diameter_um=diameter,
        diameter_sd_um=diameter * np.sqrt(variance),
        shell=out[:, 3],
        filling=out[:, 4],
        ground=out[:, 5],
        fibre=out[:, 11],
        reduced_chi2=out[:, 10],
    )
