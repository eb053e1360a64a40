"""Controls hold no migrasome, are lit as the image that they control, and keep their look-alikes."""

import math
from dataclasses import replace

import numpy as np
import pytest

from migralab.checks.controls import (
    CONTROLS,
    control_finds,
    draw_control,
    match_microscope,
    run_controls,
    tabulate_controls,
)
from migralab.core.errors import RequestError, UnknownIdError
from migralab.imaging.experiment.controls import Light, as_micrograph, measure_light
from migralab.imaging.settings import AnalysisSettings
from migralab.microscope.render import expected_photons, render
from migralab.microscope.specimen import lines_of

LIGHT = Light(pixel_um=0.1, psf_um=0.13, background=140.0, read_sd=8.0, gain=2.0, fibre_peak=60.0, grey_step=1.0)
SETTINGS = AnalysisSettings(psf_sigma_um=0.13)


@pytest.mark.parametrize("control", CONTROLS[1:])
def test_no_control_has_a_migrasome_and_each_has_its_own_look_alike(control):
    scene = draw_control(control, side_um=40.0, seed=2)
    assert "migrasome" not in set(scene.vesicles.kind)
    has = {
        "debris": len(scene.vesicles.diameter) > 0,
        "puncta": len(scene.dots.diameter) > 0 and control == "puncta",
        "endosomes": any(len(cell.spots) for cell in scene.cells),
        "filopodia": "filopodium" in set(scene.tubes.kind),
        "nanotubes": "nanotube" in set(scene.tubes.kind),
        "fibres": "laid" in set(scene.tubes.kind) and control == "fibres",
    }
    assert [name for name, there in has.items() if there] == [control]


def test_a_lone_fibre_comes_out_as_bright_as_in_the_image():
    optics = match_microscope(LIGHT)
    scene = replace(
        draw_control("fibres", side_um=30.0, seed=1), cells=(), beading=0.0,
        tubes=lines_of(np.array([[0, 15.0, 30, 15.0]]), radius=0.035),
    )  # fmt: skip
    light = expected_photons(scene, optics, key=0, channels=("WGA",))[0] - optics.background
    assert light[150, 50:250].mean() * optics.gain == pytest.approx(60.0, rel=0.02)


@pytest.mark.parametrize(("gain", "read_sd", "background"), [(2.0, 8.0, 140.0), (0.0, 3.0, 20.0), (0.5, 0.2, 30.0)])
def test_ground_and_noise_are_those_of_the_image(gain, read_sd, background):
    light = replace(LIGHT, gain=gain, read_sd=read_sd, background=background, grey_step=1.0)
    optics = match_microscope(light)
    assert optics.offset + optics.gain * optics.background == pytest.approx(background)
    assert optics.gain**2 * (optics.background + optics.read_noise**2) == pytest.approx(read_sd**2)


def test_the_light_of_a_control_is_measured_as_asked_for():
    scene = draw_control("fibres", side_um=40.0, seed=3)
    pixels = render(scene, match_microscope(LIGHT), key=1, channels=("WGA",)).pixels[0]
    found = measure_light(as_micrograph(pixels, 0.1, source="control"), SETTINGS)
    assert found.read_sd == pytest.approx(LIGHT.read_sd, rel=0.1)
    assert found.gain == pytest.approx(LIGHT.gain, rel=0.35)
    assert found.fibre_peak == pytest.approx(LIGHT.fibre_peak, rel=0.15)


def test_finds_become_rates_with_exact_intervals():
    found = control_finds("puncta", LIGHT, SETTINGS, images=1, side_um=30.0, seed=5)
    assert found.area_um2 == pytest.approx(900.0)
    assert found.structure_um > 10
    assert found.per_1000_um2.value == pytest.approx(found.finds / 0.9)
    assert found.per_100_um.low <= found.per_100_um.value < found.per_100_um.high
    table = tabulate_controls([found])
    assert list(table["control"]) == ["puncta"]
    assert table["per_1000_um2_high"].iloc[0] == found.per_1000_um2.high


def test_unknown_controls_and_dark_images_are_refused():
    empty = as_micrograph(np.zeros((260, 260), np.float32), 0.1, source="x")
    with pytest.raises(UnknownIdError, match="debris"):
        run_controls(empty, controls=["debri"])
    with pytest.raises(RequestError, match="too little fibre"):
        match_microscope(replace(LIGHT, fibre_peak=math.nan))
