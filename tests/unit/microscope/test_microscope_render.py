"""Rings, spots, fibres and noise come out as measured on published panels or as physics demands."""

import dataclasses

import numpy as np
import pytest
from made_up_dish import fan

from migralab.core.errors import RequestError, UnknownIdError
from migralab.microscope.presets import MICROSCOPES, STAINS, Microscope, find_microscope, find_stains
from migralab.microscope.render import expected_photons, expose, render
from migralab.microscope.scene import Dots, Scene, Tubes, Vesicles, scene_from_observations
from migralab.physics.optics import ball_profile, shell_profile

CONFOCAL = MICROSCOPES["confocal"]


def specimen(*, tubes=(), vesicles=(), enrichment=None, field=(0.0, 0.0, 12.0, 10.0)):
    """Return a scene of segments (x0, y0, x1, y1) and vesicles (x, y, diameter)."""
    tubes, vesicles = np.reshape(tubes, (-1, 4)).astype(float), np.reshape(vesicles, (-1, 3)).astype(float)
    n, m = len(tubes), len(vesicles)
    return Scene(
        field=field, frame=0, time_min=0.0, cells=(),
        tubes=Tubes(
            ends=tubes, cell_id=np.ones(n, int), node_id=np.arange(n), kind=np.full(n, "laid"),
            radius=np.full(n, 0.05), brightness=np.ones(n),
        ),
        vesicles=Vesicles(
            migrasome_id=np.arange(m), cell_id=np.ones(m, int), node_id=np.arange(m), centre=vesicles[:, :2],
            diameter=vesicles[:, 2], enrichment=np.ones(m) if enrichment is None else np.asarray(enrichment),
            lumen=np.ones(m), attachment=np.full(m, "tip"), attached=np.ones(m, bool),
            stage=np.full(m, "unknown"),
        ),
        dots=Dots(centre=np.empty((0, 2)), diameter=np.empty(0), cell_id=np.empty(0, int)),
    )  # fmt: skip


def signal(scene, optics=CONFOCAL, key=1):
    return expected_photons(scene, optics, key=key) - optics.background


def apparent(diameter):
    """Return diameter at outer half maximum and centre-to-ring ratio of a WGA vesicle, blur included."""
    r = np.linspace(0, diameter / 2 + 0.6, 250)
    light = shell_profile(diameter / 2, r, CONFOCAL.psf_um, CONFOCAL.section_um)
    light += STAINS["WGA"].lumen * ball_profile(diameter / 2, r, CONFOCAL.psf_um, CONFOCAL.section_um)
    peak = int(light.argmax())
    edge = peak + int(np.argmax(light[peak:] < light[peak] / 2))
    return 2 * r[edge], light[0] / light[peak]


# Wu 2017 Fig. 1D, digitised (wu2017_fig1D_growth_curve.csv): apparent diameter um, centre to ring.
# The 0.46 set the lumen (calibrated); the others follow. One vesicle of an 8-bit panel: on it the
# centre has a sd of 14 to 18 grey levels a pixel against a ring of 150 to 176, and the black level is unknown
# within 9: about 0.06 together. Tolerance: two of these.
@pytest.mark.parametrize(("seen", "ratio"), [(0.42, 1.0), (0.54, 0.96), (0.80, 0.75), (1.08, 0.50), (1.27, 0.46)])
def test_ring_fills_as_in_the_published_growth_series(seen, ratio):
    table = np.array([apparent(size) for size in np.linspace(0.15, 1.3, 40)])
    assert np.interp(seen, table[:, 0], table[:, 1]) == pytest.approx(ratio, abs=0.12)


def test_vesicle_below_half_a_micrometre_is_filled():
    light = signal(specimen(vesicles=[(6.0, 5.0, 0.45)]))[0]
    assert np.unravel_index(light.argmax(), light.shape) == (50, 60)


def test_vesicle_of_two_micrometres_is_a_ring_of_its_diameter():
    light = signal(specimen(vesicles=[(6.0, 5.0, 2.0)]))[0]
    row = light[50, 40:81]
    left, right = row[:20].argmax(), 21 + row[21:].argmax()
    assert row[20] < 0.5 * row.max()
    assert (right - left) * 0.1 == pytest.approx(2.0, abs=0.25)  # blur draws the crest inwards, 0.1 um pixels


def test_wga_vesicles_image_twice_as_bright_as_their_fibre():
    # D: 2.23 / 1.12 = 2.0 over 450 vesicles; set the equal density of WGA on both (calibrated). How the
    # authors drew their regions is not said: crest and mean of the disc differ by up to 40 %: 1.4 to 2.8.
    for diameter in (0.6, 0.9, 1.2):
        light = signal(specimen(vesicles=[(6.0, 5.0, diameter)], tubes=[(1, 1, 11, 1)]))[0]
        y, x = np.indices(light.shape) * 0.1
        disc = light[np.hypot(x - 6.0, y - 5.0) < diameter / 2].mean()
        fibre = light[8:13, 20:100].max(axis=0).mean()
        assert 1.4 < disc / fibre < 2.8


def test_fibre_peak_is_its_membrane_under_the_psf():
    light = signal(specimen(tubes=[(-5, 5, 17, 5)]))[0]
    width = np.sqrt(0.12**2 + 0.01 / 12)
    peak = CONFOCAL.photons_per_um2 * 2 * np.pi * 0.05 / np.sqrt(2 * np.pi) / width * 0.01
    # 30 beads of 25 % spread within the field: the mean is known to 5 %, four of these
    assert light[50].mean() == pytest.approx(peak, rel=0.2)


def test_tspan4_follows_enrichment_and_wga_does_not():
    plain = signal(specimen(vesicles=[(6.0, 5.0, 1.0)], enrichment=[1.0]))
    rich = signal(specimen(vesicles=[(6.0, 5.0, 1.0)], enrichment=[10.0]))
    np.testing.assert_allclose(rich[0], plain[0])
    np.testing.assert_allclose(rich[1], 10 * plain[1], rtol=1e-6)


def test_broken_stretches_stay_dark_but_for_their_dots():
    dish = fan()
    nodes = dish["nodes"].assign(breaks_min=-1.0)
    bare = {"migrasomes": dish["migrasomes"].iloc[:0], "retractosomes": dish["retractosomes"].iloc[:0]}
    whole = dish["nodes"].assign(breaks_min=np.inf)
    seen = {}
    for name, table in (("broken", nodes), ("whole", whole)):
        scene = scene_from_observations(
            dataclasses.replace(dish, tables=dish.tables | bare | {"nodes": table}),
            field=(2.0, 15.0, 30.0, 45.0),
            flank_fibres_per_um=0.0,
        )
        seen[name] = signal(dataclasses.replace(scene, cells=()))[0]
    assert seen["broken"].max() == 0
    assert seen["whole"].max() > 5
    dotted = scene_from_observations(dataclasses.replace(dish, tables=dish.tables | {"nodes": nodes}))
    assert signal(dotted)[0].sum() > 0


@pytest.mark.parametrize("preset", ["spinning-disk", "widefield"])
def test_haze_moves_light_and_loses_none(preset):
    hazy = MICROSCOPES[preset]
    scene = specimen(vesicles=[(20.0, 20.0, 1.0)], field=(0.0, 0.0, 40.0, 40.0))
    clear = signal(scene, dataclasses.replace(hazy, haze=0.0))
    spread = signal(scene, hazy)
    assert spread.sum() == pytest.approx(clear.sum(), rel=1e-4)  # windows end at 4.5 widths
    assert spread.max() < clear.max()


def test_light_from_beyond_the_border_shows():
    light = signal(specimen(vesicles=[(-0.3, 5.0, 1.0)]))[0]
    assert light[50, 0] > 5
    assert light[:, 12:].max() == 0


def test_noise_of_photons_has_variance_equal_to_its_mean():
    optics = dataclasses.replace(CONFOCAL, read_noise=0.0, gain=1.0, offset=0.0)
    generator = np.random.default_rng(1)
    for mean in (4.0, 50.0, 900.0):
        levels = expose(np.full((300, 300), mean), optics, generator).astype(float)
        # 90,000 pixels: standard errors 0.0033 of the deviation and 0.5 % of the variance; four of each
        assert levels.mean() == pytest.approx(mean, abs=4 * np.sqrt(mean / 90_000))
        assert levels.var() == pytest.approx(mean, rel=0.02)


def test_camera_adds_read_noise_gain_and_offset():
    optics = dataclasses.replace(CONFOCAL, read_noise=3.0, gain=5.0, offset=200.0)
    levels = expose(np.full((300, 300), 20.0), optics, np.random.default_rng(2)).astype(float)
    assert levels.mean() == pytest.approx(200 + 5 * 20, abs=0.4)  # four standard errors
    assert levels.var() == pytest.approx(25 * (20 + 9) + 1 / 12, rel=0.02)


def test_too_much_light_saturates_and_is_counted():
    bright = dataclasses.replace(CONFOCAL, photons_per_um2=1e7)
    shot = render(specimen(vesicles=[(6.0, 5.0, 1.0)]), bright, key=1)
    assert shot.pixels.max() == 65535
    assert shot.saturated[0] == (shot.pixels[0] == 65535).sum() > 0


def test_same_key_same_pixels_another_key_others():
    scene = scene_from_observations(fan(), field=(0, 10, 60, 45))
    first, again, other = (render(scene, CONFOCAL, key=key).pixels for key in (5, 5, 6))
    np.testing.assert_array_equal(first, again)
    assert (first != other).mean() > 0.5


def test_channel_does_not_depend_on_its_companions():
    scene = scene_from_observations(fan(), field=(0, 10, 60, 45))
    both = render(scene, CONFOCAL, key=5).pixels
    alone = render(scene, CONFOCAL, key=5, channels=["TSPAN4"]).pixels
    np.testing.assert_array_equal(alone[0], both[1])


def test_wga_body_is_brighter_than_its_vesicles_and_tspan4_body_is_not():
    scene = scene_from_observations(fan(), field=(0, 10, 80, 50))
    body = tuple(round(v / 0.1) for v in (60.0, 30.0 - 10.0))
    wga, tspan4 = signal(scene)
    y, x = np.indices(wga.shape) * 0.1 + np.array([10.0, 0.0])[:, None, None]
    near = np.min([np.hypot(x - cx, y - cy) for cx, cy in scene.vesicles.centre], axis=0)
    vesicles = near < 0.3
    patch = np.s_[body[1] - 20 : body[1] + 20, body[0] - 20 : body[0] + 20]
    assert np.median(wga[patch]) > 1.5 * np.median(wga[vesicles])
    assert np.median(tspan4[patch]) < 0.5 * np.median(tspan4[vesicles])


@pytest.mark.parametrize("field", [(0, 0, 900, 10), (0, 0, 0.01, 10)])
def test_field_of_no_or_too_many_pixels_is_refused(field):
    with pytest.raises(RequestError, match="pixels"):
        render(specimen(field=field), CONFOCAL, key=1)


def test_unknown_names_are_answered_with_the_nearest():
    with pytest.raises(UnknownIdError, match="confocal"):
        find_microscope("confocl")
    with pytest.raises(UnknownIdError, match="WGA"):
        find_stains(["WGAA"])
    with pytest.raises(RequestError, match="once"):
        find_stains(["WGA", "WGA"])
    assert [stain.name for stain in find_stains("TSPAN4,WGA")] == ["TSPAN4", "WGA"]


@pytest.mark.parametrize("wrong", [{"pixel_um": 0.0}, {"read_noise": -1.0}, {"haze": 1.0}, {"psf_um": np.nan}])
def test_impossible_microscope_is_refused(wrong):
    with pytest.raises(RequestError, match=next(iter(wrong))):
        Microscope(name="odd", source="test", **wrong)


def test_every_preset_says_where_its_numbers_come_from():
    assert all(thing.source for thing in (*MICROSCOPES.values(), *STAINS.values()))


def test_noise_differs_between_channels_and_frames():
    scene = specimen()
    wga, tspan4 = render(scene, CONFOCAL, key=5).pixels.astype(float)
    later = render(dataclasses.replace(scene, frame=1), CONFOCAL, key=5).pixels[0].astype(float)
    for other in (tspan4, later):
        # 12,000 pixels: a correlation of independent noise is below 4 / sqrt(12,000) = 0.037
        assert abs(np.corrcoef(wga.ravel(), other.ravel())[0, 1]) < 0.037
