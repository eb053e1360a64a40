"""How much a lens blurs: the Gaussian PSF nearest to that of an objective, from its aperture and the colour.

The Gaussian has the curvature of the true PSF at its peak (Zhang, Zerubia and Olivo-Marin 2007, Appl Opt
46:1819). A lens in practice is wider than that: use a measured width where there is one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from migralab.core.errors import RequestError

Kind = Literal["widefield", "confocal", "light-sheet"]
KINDS: tuple[Kind, ...] = ("widefield", "confocal", "light-sheet")
_AIRY_RADIUS = 3.8317  # first zero of J1


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """An objective and the colour that it works with.

    Parameters
    ----------
    kind
        ``widefield``, ``confocal`` (also spinning disk) or ``light-sheet``.
    aperture
        Numerical aperture.
    emission_um
        Wavelength of the emitted light in vacuum, um.
    index
        Refractive index of the immersion: 1.0 air, 1.33 water, 1.515 oil.
    excitation_um
        Wavelength of the exciting light, um (confocal); the emitted one where 0.
    pinhole_airy
        Diameter of the pinhole in Airy discs of the emitted light (confocal).
    sheet_um
        Standard deviation of the light sheet's thickness, um (light-sheet).
    """

    kind: Kind
    aperture: float
    emission_um: float
    index: float = 1.33
    excitation_um: float = 0.0
    pinhole_airy: float = 1.0
    sheet_um: float = 1.5

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise RequestError(f"objective kind = '{self.kind}' is not known. Allowed: {', '.join(KINDS)}.")
        if not 0 < self.aperture < self.index:
            raise RequestError(
                f"aperture = {self.aperture} is not possible with refractive index {self.index}: allowed is "
                "more than 0 and less than the index. Air 1.0, water 1.33, oil 1.515."
            )
        for name in ("emission_um", "excitation_um"):
            value = getattr(self, name)
            if not (0.2 <= value <= 2.0 or (name == "excitation_um" and value == 0)):
                raise RequestError(f"{name} = {value} is no wavelength in um: allowed is 0.2 to 2. 520 nm is 0.52.")
        if not (self.pinhole_airy >= 0 and self.sheet_um > 0):
            raise RequestError(
                f"pinhole_airy = {self.pinhole_airy} and sheet_um = {self.sheet_um}: the pinhole must not be "
                "negative, and the sheet needs a thickness greater than 0."
            )


def airy_widths(aperture: float, wavelength: float, index: float) -> tuple[float, float]:
    """Return the Gaussian widths (standard deviations, um) of a wide-field PSF across and along the axis.

    With q = (1 - c^(3/2)), c = cos asin(NA/n) and k = 2 pi/wavelength, both from the curvature at the peak
    of the Debye integral with the sine condition (eq-psf-across, eq-psf-along):

    ``across = 1 / (n k) * [(4 - 7 c^(3/2) + 3 c^(7/2)) / (7 q)]^(-1/2)``
    ``along = 1 / (n k) * [2 var(cos)]^(-1/2)``, ``var`` under the weight sqrt(cos) over the aperture.

    Small apertures give sqrt(2)/(k NA) and 2 sqrt(6) n/(k NA^2).
    """
    c = math.sqrt(1 - (aperture / index) ** 2)
    wave = index * 2 * math.pi / wavelength
    q = 1 - c**1.5
    across = math.sqrt(7 * q / (4 - 7 * c**1.5 + 3 * c**3.5)) / wave
    mean = 3 / 5 * (1 - c**2.5) / q
    spread = 3 / 7 * (1 - c**3.5) / q - mean**2
    return across, 1 / (wave * math.sqrt(2 * spread))


def psf_widths(objective: Objective) -> tuple[float, float]:
    """Return `psf_um` and `section_um` of an objective: standard deviations across and along the axis, um.

    Wide-field: as `airy_widths`. Confocal: the product of the exciting PSF and the emitted one blurred by the
    pinhole, ``1/s^2 = 1/s_ex^2 + 1/(s_em^2 + a^2/4)`` with a the pinhole's radius in the specimen (a disc has
    the variance a^2/4 along each axis; along the optical axis the pinhole's share is scaled with s_z/s). Light
    sheet: emitted PSF times the sheet along the axis (eq-psf-product).
    """
    lens = objective
    across, along = airy_widths(lens.aperture, lens.emission_um, lens.index)
    if lens.kind == "light-sheet":
        return across, _product(along, lens.sheet_um)
    if lens.kind == "widefield":
        return across, along
    exciting = airy_widths(lens.aperture, lens.excitation_um or lens.emission_um, lens.index)
    radius = lens.pinhole_airy * _AIRY_RADIUS * lens.emission_um / (2 * math.pi * lens.aperture)
    open_by = math.sqrt(1 + (radius / 2 / across) ** 2)
    return _product(exciting[0], across * open_by), _product(exciting[1], along * open_by)


def cone_spread(aperture: float, index: float) -> float:
    """Return how fast a spot out of focus widens: standard deviation per um of defocus (eq-cone).

    Geometric: a disc of radius |z| tan(asin(NA/n)), whose standard deviation along each axis is half of that.
    """
    return math.tan(math.asin(aperture / index)) / 2


def _product(first: float, second: float) -> float:
    return 1 / math.hypot(1 / first, 1 / second)
