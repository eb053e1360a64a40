"""The Gaussian widths of an objective against the diffraction integrals that they stand for."""

import dataclasses

import numpy as np
import pytest
from scipy.special import j0, j1

from migralab.core.errors import RequestError
from migralab.microscope.presets import MICROSCOPES, find_microscope, with_bits, with_measured_psf, with_objective
from migralab.microscope.psf import Objective, airy_widths, cone_spread, psf_widths

NODES = np.polynomial.legendre.leggauss(80)
LENSES = [(0.3, 1.0), (0.95, 1.0), (1.0, 1.33), (1.2, 1.33), (1.4, 1.515)]


def debye(aperture, index, wavelength, *, r=0.0, z=0.0):
    """Return the intensity of the scalar Debye integral with the sine condition, by quadrature."""
    x, weight = NODES
    alpha = np.arcsin(aperture / index)
    angle, wave = (x + 1) * alpha / 2, 2 * np.pi * index / wavelength
    field = np.sqrt(np.cos(angle)) * np.sin(angle) * j0(wave * r * np.sin(angle))
    return abs(np.sum(weight * field * np.exp(1j * wave * z * np.cos(angle)))) ** 2


@pytest.mark.parametrize(("aperture", "index"), LENSES)
def test_widths_have_the_curvature_of_the_diffraction_integral(aperture, index):
    across, along = airy_widths(aperture, 0.52, index)
    for width, where in ((across, "r"), (along, "z")):
        step = 0.02 * width  # a Gaussian falls by 2.0e-4 there
        drop = 1 - debye(aperture, index, 0.52, **{where: step}) / debye(aperture, index, 0.52)
        assert drop == pytest.approx(0.02**2 / 2, rel=2e-3)


def test_small_aperture_gives_the_paraxial_closed_forms():
    across, along = airy_widths(0.05, 0.5, 1.0)
    wave = 2 * np.pi / 0.5
    assert across == pytest.approx(np.sqrt(2) / (wave * 0.05), rel=2e-3)
    assert along == pytest.approx(2 * np.sqrt(6) / (wave * 0.05**2), rel=2e-3)


def test_gaussian_lies_near_the_airy_disc():
    # matched at the peak, the Gaussian is too wide by at most 5 % of it at the flank of the main lobe (C)
    wave = 2 * np.pi / 0.52 * 0.3
    v = np.linspace(1e-6, 3.8, 400)
    airy = (2 * j1(v) / v) ** 2
    width = airy_widths(0.3, 0.52, 1.0)[0]
    assert np.abs(airy - np.exp(-((v / wave) ** 2) / (2 * width**2))).max() < 0.06


def test_pinhole_takes_a_confocal_from_the_product_to_the_exciting_psf():
    lens = Objective(kind="confocal", aperture=1.2, emission_um=0.52, excitation_um=0.488, pinhole_airy=0.0)
    excited, emitted = airy_widths(1.2, 0.488, 1.33), airy_widths(1.2, 0.52, 1.33)
    for axis in (0, 1):
        product = 1 / np.sqrt(excited[axis] ** -2 + emitted[axis] ** -2)
        assert psf_widths(lens)[axis] == pytest.approx(product)
        wide = psf_widths(dataclasses.replace(lens, pinhole_airy=1000.0))
        assert wide[axis] == pytest.approx(excited[axis], rel=1e-4)


def test_light_sheet_cuts_what_the_lens_does_not():
    thin = psf_widths(Objective(kind="light-sheet", aperture=0.5, emission_um=0.52, sheet_um=0.4))
    lens = airy_widths(0.5, 0.52, 1.33)
    assert thin[0] == pytest.approx(lens[0])
    assert thin[1] == pytest.approx(1 / np.hypot(1 / lens[1], 1 / 0.4))


def test_microscope_takes_its_blur_from_lens_or_beads():
    lens = Objective(kind="widefield", aperture=1.2, emission_um=0.52)
    scope = with_objective("confocal", lens, pixel_um=0.08)
    assert (scope.psf_um, scope.section_um) == psf_widths(lens)
    assert (scope.axial, scope.pixel_um, scope.cone) == ("blur", 0.08, cone_spread(1.2, 1.33))
    assert "aperture 1.2" in scope.source
    beads = with_measured_psf("widefield", 0.16)
    assert (beads.psf_um, beads.section_um) == (0.16, MICROSCOPES["widefield"].section_um)


@pytest.mark.parametrize(
    "wrong",
    [{"aperture": 1.4}, {"aperture": 0.0}, {"emission_um": 520.0}, {"kind": "sted"}, {"pinhole_airy": -1.0},
     {"excitation_um": 0.05}, {"sheet_um": 0.0}],
)  # fmt: skip
def test_impossible_objective_is_refused(wrong):
    with pytest.raises(RequestError, match=next(iter(wrong)).split("_")[0]):
        Objective(**({"kind": "confocal", "aperture": 1.2, "emission_um": 0.52} | wrong))


def test_eight_bits_end_at_the_brightest_that_was_asked_for():
    scope = with_bits("confocal", 8, brightest=500.0)
    assert scope.top == 255
    assert scope.offset + scope.gain * 500 == pytest.approx(255)
    with pytest.raises(RequestError, match="bits"):
        dataclasses.replace(scope, bits=12)
    with pytest.raises(RequestError, match="scale"):
        dataclasses.replace(scope, offset=300.0)
    assert find_microscope("tem-section").contrast == "electron"
