"""Microscopes and stains by name; every number says where it comes from (docs/theory/microscope.md).

No published migrasome paper states the objective's aperture or the camera's pixel, so the microscopes are
estimates (E) of the usual instruments, not copies of one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from migralab.core.errors import RequestError, UnknownIdError
from migralab.microscope.psf import Objective, cone_spread, psf_widths


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
    bits
        8 or 16: the scale ends at 255 or 65,535, and what is brighter is saturated.
    axial
        What defocus does: ``"section"`` removes light (confocal, light sheet), ``"blur"`` keeps all of it and
        widens it (wide-field).
    cone
        Width that a spot gains per um of defocus where `axial` is ``"blur"`` (`psf.cone_spread`).
    contrast
        ``"fluorescence"``, or ``"electron"`` for a stained thin section: membrane dark on a bright ground.
    slice_um
        Thickness of the slice of an electron microscope, um.
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
    bits: Literal[8, 16] = 16
    axial: Literal["section", "blur"] = "section"
    cone: float = 0.0
    contrast: Literal["fluorescence", "electron"] = "fluorescence"
    slice_um: float = 0.07

    @property
    def top(self) -> int:
        """Largest grey level of the scale."""
        return int(2**self.bits - 1)

    def __post_init__(self) -> None:
        positive = ("pixel_um", "psf_um", "section_um", "photons_per_um2", "haze_um", "gain", "slice_um")
        for name in positive:
            if not getattr(self, name) > 0:
                raise RequestError(f"{name} = {getattr(self, name)} of microscope '{self.name}' is not greater than 0.")
        for name in ("background", "read_noise", "offset", "cone"):
            if not getattr(self, name) >= 0:
                raise RequestError(f"{name} = {getattr(self, name)} of microscope '{self.name}' is negative.")
        if not 0 <= self.haze < 1:
            raise RequestError(f"haze = {self.haze} of microscope '{self.name}' is not a share: allowed is 0 to < 1.")
        if self.bits not in (8, 16):
            raise RequestError(f"bits = {self.bits} of microscope '{self.name}': allowed are 8 and 16.")
        if not self.offset < self.top:
            raise RequestError(
                f"offset = {self.offset} of microscope '{self.name}' lies beyond its scale, which ends at {self.top}."
            )


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
    tube
        Light of fibre membrane, a factor; what only fills the inside has little of it.
    content
        What `lumen` counts: ``"lumen"``, or ``"rna"`` for a dye of RNA.
    nucleus
        Light of the nucleus per um2.
    debris
        Brightness of debris, a factor.
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
    tube: float = 1.0
    content: Literal["lumen", "rna"] = "lumen"
    nucleus: float = 0.0
    debris: float = 1.0


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
            source="E: no section worth the name; 35 % of the light as haze; defocus as of an aperture of 1.2 in oil "
            "(C, cone_spread)",
            psf_um=0.13, section_um=0.90, photons_per_um2=4000.0, background=12.0, haze=0.35, haze_um=2.5,
            axial="blur", cone=0.65,
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
        Microscope(
            name="light-sheet",
            source="E: 20x water objective of aperture 1.0 at 0.52 um (PSF 0.115 um, C) as in a Zeiss Z.1 (Jiang 2019 "
            "names the instrument, F), sheet of 4 um at half maximum; pixel and light E",
            pixel_um=0.23, psf_um=0.13, section_um=0.52, photons_per_um2=1200.0, background=3.0, haze=0.05,
        ),
        Microscope(
            name="tem-section",
            source="E: thin section of 70 nm, membranes of 8 nm dark on a bright ground; pixel 5 nm; 400 electrons "
            "a pixel on the empty resin; a look, not a model of staining",
            pixel_um=0.005, psf_um=0.003, section_um=0.035, photons_per_um2=1.6e7, background=0.0,
            read_noise=2.0, gain=100.0, offset=1000.0, contrast="electron",
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
            vesicle="tetraspanin", level=0.8, body=0.55, thickness=-0.45, rim=0.4, spots=4.0, grain=0.22, debris=0.3,
        ),
        Stain(
            name="DiI",
            source="E: a lipid dye in all membranes alike (Jiang 2019 used CM-DiI, F); less inside than WGA, which is "
            "set on vesicles full of membrane; the rest as WGA, E",
            vesicle="lipid", lumen=0.3, body=1.6, thickness=0.8, rim=0.15, spots=3.0, grain=0.18,
        ),
        Stain(
            name="cytosol",
            source="E: a soluble fluorescent protein at one density in body, fibres and vesicles; a tube of 50 nm has "
            "a volume of 0.025 um for each um2 of its membrane (C)",
            vesicle="lipid", density=0.0, lumen=4.0, tube=0.1, body=5.0, thickness=1.5, rim=0.0, spots=0.0,
            grain=0.08, nucleus=2.0, debris=0.1,
        ),
        Stain(
            name="SYTO14",
            source="RNA: 30 % of migrasomes hold some (F, Zhao 2019); fibres none; cytoplasm and nucleus bright, E",
            vesicle="lipid", density=0.0, lumen=2.0, tube=0.0, body=3.0, thickness=1.5, rim=0.0, spots=0.0,
            grain=0.25, content="rna", nucleus=4.0, debris=0.3,
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


def find_stains(channels: Sequence[str | Stain]) -> tuple[Stain, ...]:
    """Return the stains of the channels, in the order asked for; stains that are given whole pass through.

    Raises
    ------
    UnknownIdError
        If there is no channel of that name.
    RequestError
        If no channel, or one twice, is asked for.
    """
    if isinstance(channels, str):
        channels = tuple(channels.split(","))
    names = [channel.name if isinstance(channel, Stain) else channel for channel in channels]
    if not names or len(set(names)) != len(names):
        raise RequestError(f"channels = {names}: name each channel once. Known: {', '.join(sorted(STAINS))}.")
    for channel in channels:
        if not isinstance(channel, Stain) and channel not in STAINS:
            raise UnknownIdError("channel", channel, STAINS)
    return tuple(channel if isinstance(channel, Stain) else STAINS[channel] for channel in channels)


def with_objective(microscope: str | Microscope, objective: Objective, pixel_um: float | None = None) -> Microscope:
    """Return a microscope whose blur is computed from an objective (`psf.psf_widths`); all else stays.

    Parameters
    ----------
    microscope
        Name of a preset, or a microscope, for light, noise and camera.
    objective
        Aperture, colour, immersion and kind.
    pixel_um
        Side of a pixel in the specimen, um; as the microscope's where None.
    """
    base = find_microscope(microscope)
    across, along = psf_widths(objective)
    wide = objective.kind == "widefield"
    return replace(
        base,
        psf_um=across,
        section_um=along,
        pixel_um=pixel_um or base.pixel_um,
        axial="blur" if wide else "section",
        cone=cone_spread(objective.aperture, objective.index) if wide else 0.0,
        source=f"C: PSF from aperture {objective.aperture:g} at {objective.emission_um:g} um in index "
        f"{objective.index:g} ({objective.kind}); the rest as '{base.name}': {base.source}",
    )


def with_measured_psf(microscope: str | Microscope, psf_um: float, section_um: float | None = None) -> Microscope:
    """Return a microscope with the PSF widths (standard deviations, um) that beads or fibres showed."""
    base = find_microscope(microscope)
    return replace(
        base, psf_um=psf_um, section_um=section_um or base.section_um, source=f"PSF given as measured; {base.source}"
    )


def with_bits(microscope: str | Microscope, bits: Literal[8, 16], brightest: float = 250.0) -> Microscope:
    """Return a microscope whose scale of 8 or 16 bits ends at `brightest` electrons a pixel; more is saturated."""
    base = find_microscope(microscope)
    offset = 5.0 if bits == 8 else 100.0
    return replace(base, bits=bits, offset=offset, gain=(2**bits - 1 - offset) / brightest)
