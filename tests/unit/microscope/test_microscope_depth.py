"""What lies out of focus, what each stain shows, and what 8 bits leave of it."""

import dataclasses

import numpy as np
import pytest
from test_microscope_render import specimen

from migralab.core.errors import RequestError
from migralab.microscope.presets import MICROSCOPES, STAINS, with_bits
from migralab.microscope.protocol.protocol import stack_heights
from migralab.microscope.render import Shot, expected_photons, render, render_stack
from migralab.microscope.specimen import Dots, choose, dots_of, join, lines_of, spheres_of

CONFOCAL, WIDEFIELD = MICROSCOPES["confocal"], MICROSCOPES["widefield"]


def light(scene, optics=CONFOCAL, channels=("WGA",), **shot):
    return (expected_photons(scene, optics, key=1, channels=channels, shot=Shot(**shot)) - optics.background)[0]


def width_of(image, pixel):
    x = np.indices(image.shape)[1] * pixel
    x = x - np.average(x, weights=image)
    return np.sqrt(np.average(x**2, weights=image))


def with_dot(**columns):
    dot = dataclasses.replace(dots_of(np.array([[20.0, 20.0]]), np.array([0.1])), **columns)
    return dataclasses.replace(specimen(field=(0.0, 0.0, 40.0, 40.0)), dots=dot)


@pytest.mark.parametrize("height", [0.0, 0.3, 0.7])
def test_section_takes_light_by_its_gaussian(height):
    there = light(with_dot(z_um=np.array([height])))
    expected = np.exp(-(height**2) / (2 * CONFOCAL.section_um**2))
    assert there.sum() / light(with_dot()).sum() == pytest.approx(expected, rel=1e-9)
    # the focus moves to it: all its light is back
    assert light(with_dot(z_um=np.array([height])), focus_um=height).sum() == pytest.approx(light(with_dot()).sum())


def test_wide_field_widens_and_keeps_light():
    scope = dataclasses.replace(WIDEFIELD, haze=0.0)
    for height in (1.0, 3.0):
        image = light(with_dot(z_um=np.array([height])), scope)
        assert image.sum() == pytest.approx(light(with_dot(), scope).sum(), rel=1e-3)  # windows end at 4.5 widths
        expected = np.hypot(scope.psf_um, scope.cone * height)
        assert width_of(image, scope.pixel_um) == pytest.approx(expected, rel=0.03)  # widths are grouped by 5 %


def test_stack_through_a_vesicle_shows_its_poles_and_its_waist():
    scene = specimen(vesicles=[(6.0, 5.0, 3.0)])
    scene = dataclasses.replace(scene, vesicles=dataclasses.replace(scene.vesicles, lumen=np.zeros(1)))
    stack = [light(scene, focus_um=z) for z in (-1.5, 0.0, 1.5)]
    assert stack[1][50, 60] < 0.1 * stack[1].max()  # a ring at the waist
    for pole in (stack[0], stack[2]):
        assert pole[50, 60] > 0.8 * pole.max()  # a cap at the poles, a little brighter where it slopes
    np.testing.assert_allclose(stack[0], stack[2], rtol=1e-9)


def test_stack_planes_are_those_of_single_shots_but_for_their_noise():
    scene = specimen(vesicles=[(6.0, 5.0, 1.0)])
    heights = stack_heights(3, 0.5)
    assert heights == (-0.5, 0.0, 0.5)
    stack = render_stack(scene, CONFOCAL, heights=heights, key=4)
    assert (stack.pixels.shape, stack.z_um) == ((3, 2, 100, 120), heights)
    again = render_stack(scene, CONFOCAL, heights=heights, key=4)
    np.testing.assert_array_equal(stack.pixels, again.pixels)
    assert (stack.pixels[0] != stack.pixels[2]).mean() > 0.5
    with pytest.raises(RequestError, match="one plane"):
        render_stack(scene, CONFOCAL, heights=(), key=4)


def test_drift_moves_the_image():
    scene = specimen(vesicles=[(6.0, 5.0, 1.0)], tubes=[(1, 1, 11, 3)])
    moved = light(scene, shift_um=(0.5, -0.3))
    np.testing.assert_allclose(moved[:90, 5:], light(scene)[3:93, :-5], rtol=1e-6, atol=1e-12)


def test_bleaching_takes_light_of_its_channel_only():
    scene = specimen(vesicles=[(6.0, 5.0, 1.0)])
    full = expected_photons(scene, CONFOCAL, key=1) - CONFOCAL.background
    left = expected_photons(scene, CONFOCAL, key=1, shot=Shot(remaining={"WGA": 0.25})) - CONFOCAL.background
    np.testing.assert_allclose(left, full * np.array([0.25, 1.0])[:, None, None])
    with pytest.raises(RequestError, match="share"):
        Shot(remaining={"WGA": 1.5})


def test_dye_of_rna_shows_vesicles_that_hold_some_and_no_fibre():
    vesicles = dataclasses.replace(
        spheres_of(np.array([[3.0, 5.0], [9.0, 5.0]]), np.array([1.0, 1.0])), rna=np.array([1.0, 0.0])
    )
    scene = dataclasses.replace(specimen(tubes=[(1, 8, 11, 8)]), vesicles=vesicles)
    image = light(scene, channels=["SYTO14"])
    assert image[50, 30] > 1
    assert image[:, 60:].max() == image[75:].max() == 0


def test_soluble_label_fills_and_membrane_label_rings():
    scene = specimen(vesicles=[(6.0, 5.0, 2.0)])
    soluble, lipid = (light(scene, channels=[name]) for name in ("cytosol", "DiI"))
    assert soluble[50, 60] > 0.95 * soluble.max()
    assert lipid[50, 60] < 0.6 * lipid.max()


def test_tube_of_a_soluble_label_has_the_light_of_its_volume():
    # per um: volume pi a^2 times the light of a um3, which Stain.tube gives per um2 of membrane
    stain = STAINS["cytosol"]
    image = light(dataclasses.replace(specimen(tubes=[(3, 5, 9, 5)]), beading=0.0), channels=[stain])
    assert image.sum() == pytest.approx(CONFOCAL.photons_per_um2 * stain.lumen * np.pi * 0.05**2 * 6, rel=1e-3)


def test_dots_shine_by_kind_and_brightness():
    bright = light(with_dot(brightness=np.array([8.0])))
    np.testing.assert_allclose(bright, 8 * light(with_dot()), atol=1e-12)
    debris = with_dot(kind=np.array(["debris"]))
    assert light(debris, channels=["TSPAN4"]).sum() < light(with_dot(), channels=["TSPAN4"]).sum()


def test_filopodia_and_nanotubes_are_lit_like_fibres():
    scene = specimen()
    for kind in ("filopodium", "nanotube"):
        tube = lines_of(np.array([[1.0, 5.0, 11.0, 5.0]]), kind=kind)
        assert light(dataclasses.replace(scene, tubes=tube))[50, 20:100].min() > 1


def test_columns_of_unequal_length_and_unknown_kinds_are_refused():
    with pytest.raises(RequestError, match="one row for each"):
        Dots(centre=np.zeros((2, 2)), diameter=np.ones(2), cell_id=np.ones(3, int))
    with pytest.raises(RequestError, match="debris"):
        dots_of(np.zeros((1, 2)), np.ones(1), kind="dirt")
    both = join(dots_of(np.zeros((1, 2)), np.ones(1)), dots_of(np.ones((2, 2)), np.ones(2), kind="debris"))
    assert choose(both, both.kind == "debris").centre.tolist() == [[1.0, 1.0], [1.0, 1.0]]


def test_eight_bit_image_is_the_sixteen_bit_one_on_a_coarser_scale():
    scene = specimen(vesicles=[(6.0, 5.0, 1.0)])
    coarse, fine = (render(scene, with_bits(CONFOCAL, bits, brightest=25.0), key=3) for bits in (8, 16))
    assert (coarse.pixels.dtype, fine.pixels.dtype) == (np.uint8, np.uint16)
    assert coarse.saturated[0] == fine.saturated[0] == (coarse.pixels[0] == 255).sum() > 0  # both end at 25 electrons
    electrons = [(shot.pixels - shot.microscope.offset) / shot.microscope.gain for shot in (coarse, fine)]
    within = (coarse.pixels > 0) & (fine.pixels > 0)
    assert np.abs(electrons[0] - electrons[1])[within].max() <= 0.51 / coarse.microscope.gain


@pytest.mark.parametrize(("density", "published"), [(2.0, 4.0), (20.0, 40.0)])
def test_tspan4_of_drawn_migrasomes_reads_as_published(density, published):
    # TSPAN4 on migrasomes 4 to 40 times the fibre (a review, S); disc and crest as for WGA, known to 40 %
    for diameter in (0.6, 0.9, 1.2):
        scene = specimen(vesicles=[(6.0, 5.0, diameter)], tubes=[(1, 1, 11, 1)], enrichment=[density])
        image = light(dataclasses.replace(scene, beading=0.0), channels=["TSPAN4"])
        y, x = np.indices(image.shape) * 0.1
        disc = image[np.hypot(x - 6.0, y - 5.0) < diameter / 2].mean()
        assert disc / image[8:13, 20:100].max(axis=0).mean() == pytest.approx(published, rel=0.4)
