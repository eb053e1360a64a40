"""Microscopes and stains by name; every number says where it comes from (docs/theory/microscope.md).

No published migrasome paper states the objective's aperture or the camera's pixel, so the microscopes are
estimates (E) of the usual instruments, not copies of one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from migralab.core.errors import RequestError, UnknownIdError


@dataclass(frozen=True, slots=True, kw_only=True)
class Microscope:
    """An instrument: what blurs, how much light comes, and what the detector adds.

    Parameters
    ----------
    name, source
        Name of the preset, and where its numbers come from.
    pixel_um
        Side of a pixel in the specimen, um.
    psf_um
        Standard deviation of the Gaussian PSF across the optical axis, um.
    section_um
        Standard deviation of the optical section along the axis, um. The focus is on the ground for fibres
        and through the middle of each vesicle.
    photons_per_um2
        Photons detected per frame from 1 um2 of fibre membrane in focus.
    background
        Mean background, photons per pixel.
    haze, haze_um
        Share of the light that arrives out of focus, and the width over which it is spread, um.
    read_noise
        Standard deviation of the detector's own noise, electrons.
    gain, offset
        Grey levels per electron, and grey level of darkness.
    """

    name: str
    source: str
    pixel_um: float = 0.1
    psf_um: float = 0.12
    section_um: float = 0.35
    photons_per_um2: float = 2000.0
    background: float = 2.0
    haze: float = 0.0
    haze_um: float = 2.0
    read_noise: float = 1.5
    gain: float = 4.0
    offset: float = 100.0

    def __post_init__(self) -> None:
        positive = ("pixel_um", "psf_um", "section_um", "photons_per_um2", "haze_um", "gain")
        for name in positive:
            if not getattr(self, name) > 0:
                raise RequestError(f"{name} = {getattr(self, name)} of microscope '{self.name}' is not greater than 0.")
        for name in ("background", "read_noise", "offset"):
            if not getattr(self, name) >= 0:
                raise RequestError(f"{name} = {getattr(self, name)} of microscope '{self.name}' is negative.")
        if not 0 <= self.haze < 1:
            raise RequestError(f"haze = {self.haze} of microscope '{self.name}' is not a share: allowed is 0 to < 1.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stain:
    """A channel: how bright each structure is, relative to the membrane of a retraction fibre.

    Parameters
    ----------
    name, source
        Name of the channel, and where its numbers come from.
    vesicle
        ``"lipid"``: the same density on every vesicle; ``"tetraspanin"``: the vesicle's enrichment.
    level
        Light of fibre membrane relative to `Microscope.photons_per_um2`.
    density
        Density on vesicle membrane relative to fibre membrane, a factor for both kinds.
    lumen
        Light from inside a vesicle per um3, relative to its membrane per um2.
    body, thickness, rim
        Light of the cell body per um2, its relative change where the body is thick, and the relative
        brightness of its edge.
    spots
        Brightness of the endosomes' membrane.
    grain
        Relative standard deviation of the body's texture.
    """

    name: str
    source: str
    vesicle: Literal["lipid", "tetraspanin"]
    level: float = 1.0
    density: float = 1.0
    lumen: float = 0.5
    body: float
    thickness: float
    rim: float
    spots: float
    grain: float


MICROSCOPES: dict[str, Microscope] = {
    scope.name: scope
    for scope in (
        Microscope(
            name="confocal",
            source="E: point-scanning confocal, 60x oil; PSF, section and read noise as the generator of "
            "evidence/imaging.md section 3; light for a fibre SNR near 4 per pixel, as published panels show",
        ),
        Microscope(
            name="spinning-disk",
            source="E: PSF and section a little wider than confocal, pinhole cross-talk as 10 % haze",
            psf_um=0.13, section_um=0.45, photons_per_um2=2500.0, background=4.0, haze=0.10, haze_um=1.5,
        ),
        Microscope(
            name="widefield",
            source="E: no section worth the name; 35 % of the light as haze",
            psf_um=0.13, section_um=0.90, photons_per_um2=4000.0, background=12.0, haze=0.35, haze_um=2.5,
        ),
        Microscope(
            name="high-content",
            source="E: spinning-disk screening microscope with a 40x objective, pixel 0.3 um "
            "(figures of screens print 0.2 to 0.5 um, D)",
            pixel_um=0.3, psf_um=0.22, section_um=0.9, photons_per_um2=900.0, background=15.0, haze=0.15,
        ),
        Microscope(
            name="dim",
            source="E: as confocal, a seventh of the light for long movies; fibre SNR near 1 per pixel",
            photons_per_um2=300.0,
        ),
    )
}  # fmt: skip

STAINS: dict[str, Stain] = {
    stain.name: stain
    for stain in (
        Stain(
            name="WGA",
            source="vesicle to fibre 2.0 in the image (D, Zhao 2019 / n = 450) needs equal density on both, "
            "because a shell of 0.5 to 1.5 um alone images about twice as bright as a fibre (C); "
            "lumen set on the centre-to-ring ratios of Wu 2017 1D (D); body two to three "
            "times as bright as vesicles, as in Chen 2019 1f (E); the rest E",
            vesicle="lipid", body=2.2, thickness=1.2, rim=0.15, spots=2.0, grain=0.12,
        ),
        Stain(
            name="TSPAN4",
            source="enrichment comes from the simulation; body 0.5 of a fibre's peak and bright endosomes "
            "as in Zhao 2019 S1a (E from a stretched panel); lumen as WGA; the rest E",
            vesicle="tetraspanin", level=0.8, body=0.55, thickness=-0.45, rim=0.4, spots=4.0, grain=0.22,
        ),
    )
}  # fmt: skip


def find_microscope(preset: str | Microscope) -> Microscope:
    """Return a microscope by its name; one that is given whole passes through.

    Raises
    ------
    UnknownIdError
        If there is no preset of that name; the nearest are listed.
    """
    if isinstance(preset, Microscope):
        return preset
    if preset not in MICROSCOPES:
        raise UnknownIdError("microscope preset", preset, MICROSCOPES)
    return MICROSCOPES[preset]


def find_stains(channels: Sequence[str]) -> tuple[Stain, ...]:
    """Return the stains of the channels, in the order asked for.

    Raises
    ------
    UnknownIdError
        If there is no channel of that name.
    RequestError
        If no channel, or one twice, is asked for.
    """
    if isinstance(channels, str):
        channels = tuple(channels.split(","))
    if not channels or len(set(channels)) != len(channels):
        raise RequestError(f"channels = {list(channels)}: name each channel once. Known: {', '.join(sorted(STAINS))}.")
    for name in channels:
        if name not in STAINS:
            raise UnknownIdError("channel", name, STAINS)
    return tuple(STAINS[name] for name in channels)
