"""What the search for vesicles knows of one frame, and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass

from migralab.imaging.signal.noise import Image, Mask, Noise
from migralab.imaging.signal.windows import largest_within


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
    skeleton, near_line
        Lines one pixel wide, and what lies within 1.5 standard deviations of the blur of one.
    pixel_um, psf_um
        Pixel size and standard deviation of the point spread function, um.
    psf_sd
        Relative standard error of the latter.
    """

    image: Image
    stabilised: Image
    noise: Noise
    usable: Mask
    skeleton: Mask
    near_line: Mask
    pixel_um: float
    psf_um: float
    psf_sd: float = 0.0


def thicken(skeleton: Mask, psf_um: float, pixel_um: float) -> Mask:
    """Return what lies within 1.5 standard deviations of the blur of a line."""
    reach = max(1, round(1.5 * psf_um / pixel_um))
    return largest_within(skeleton, reach)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vesicle:
    """One measured vesicle.

    Parameters
    ----------
    x, y
        Centre, pixels.
    diameter_um, diameter_sd_um
        Diameter of the membrane and its standard error, um.
    excess
        Light of its disc over that of its fibres.
    evidence_sigma
        Light that its template explains, in units of the noise.
    """

    x: float
    y: float
    diameter_um: float
    diameter_sd_um: float
    excess: float
    evidence_sigma: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A spot that is bright and round but not wider than a point looks: centre in pixels, 95 % upper limit in um."""

    x: float
    y: float
    diameter_below_um: float
