"""Bleaching, drift, FRAP and the load of a reporter come out as asked, and as the truth tables say."""

import dataclasses
import math

import numpy as np
import pytest
from test_microscope_render import specimen

from migralab.core.errors import RequestError
from migralab.microscope.image_run import image_scenes
from migralab.microscope.presets import MICROSCOPES, STAINS
from migralab.microscope.protocol.frap import Frap, after_frap, bleached_share, exchange_half_time, recovery
from migralab.microscope.protocol.protocol import Protocol, shot_of, stack_heights, take_series
from migralab.microscope.protocol.reporter import Reporter, loaded_scene, loaded_stain
from migralab.microscope.specimen import spheres_of

CONFOCAL = MICROSCOPES["confocal"]


def series(count, *, minutes=1.0, **parts):
    scene = specimen(**parts)
    return [dataclasses.replace(scene, frame=n, time_min=n * minutes) for n in range(count)]


def electrons(shot, channel=0):
    scope = shot.microscope
    return (shot.pixels[channel].astype(float) - scope.offset) / scope.gain - scope.background


def test_series_bleaches_by_the_same_share_each_exposure():
    scenes = series(12, vesicles=[(6.0, 5.0, 1.5)])
    shots = take_series(scenes, CONFOCAL, key=3, channels=["WGA"], protocol=Protocol(bleaching={"WGA": 0.1}))
    light = np.array([electrons(shot)[30:70, 40:80].sum() for shot in shots])
    # about 3,000 photons over 1,600 pixels of background: a frame is known to 3 %; four of these
    np.testing.assert_allclose(light / light[0], 0.9 ** np.arange(12), atol=0.12)


def test_stack_bleaches_with_every_plane():
    plan = Protocol(heights_um=stack_heights(5, 0.4), bleaching={"WGA": 0.1})
    assert shot_of(plan, 2, key=1, frame=2).remaining["WGA"] == pytest.approx(0.9**10)


def test_drift_adds_up_and_jitter_scatters_about_it():
    plan = Protocol(drift_um=(0.2, -0.1), jitter_um=0.05)
    places = np.array([shot_of(plan, n, key=5, frame=n).shift_um for n in range(400)])
    rest = places - np.arange(400)[:, None] * [0.2, -0.1]
    assert np.abs(rest.mean(axis=0)).max() < 4 * 0.05 / 20
    assert rest.std(axis=0) == pytest.approx([0.05, 0.05], rel=0.15)


def test_channel_that_is_bleached_must_be_taken():
    for plan in (
        Protocol(bleaching={"TSPAN4": 0.1}),
        Protocol(frap=Frap(channel="TSPAN4", x_um=0, y_um=0, radius_um=1, at_min=0)),
    ):
        with pytest.raises(RequestError, match="not taken"):
            take_series(series(1), CONFOCAL, key=1, channels=["WGA"], protocol=plan)


def test_recovery_is_half_way_after_the_half_time_and_ends_at_the_mobile_share():
    assert recovery(-1.0, 0.8, 30.0, 0.6) == 1
    assert recovery(0.0, 0.8, 30.0, 0.6) == pytest.approx(0.2)
    assert recovery(30.0, 0.8, 30.0, 0.6) == pytest.approx(0.2 + 0.8 * 0.6 / 2)
    assert recovery(1e9, 0.8, 30.0, 0.6) == pytest.approx(1 - 0.8 * 0.4)


def test_half_of_a_vesicle_in_the_disc_is_half_bleached():
    vesicles = spheres_of(np.array([[5.0, 5.0], [5.5, 5.0], [9.0, 5.0]]), np.array([1.0, 1.0, 1.0]))
    disc = Frap(channel="WGA", x_um=0.5, y_um=5.0, radius_um=5.0, at_min=0)
    assert bleached_share(disc, vesicles).tolist() == [1.0, 0.5, 0.0]


def test_exchange_half_time_is_that_of_diffusion_through_the_fibre():
    # a well-mixed vesicle at one end of a fibre, fresh label held at the other; finite volumes in time
    size, length, radius, diffusion = 1.0, 2.0, 0.05, 0.5
    cells, step = 40, length / 40
    girth, area = 2 * math.pi * radius, math.pi * size**2
    matrix = np.zeros((cells + 1, cells + 1))  # row 0: the vesicle
    flow = diffusion * girth / step
    capacity = np.r_[area, np.full(cells, girth * step)]
    for left in range(cells):
        strength = flow * (2 if left == 0 else 1)  # half a step from the vesicle to the first cell
        for here, there in ((left, left + 1), (left + 1, left)):
            matrix[here, here] -= strength / capacity[here]
            matrix[here, there] += strength / capacity[here]
    matrix[-1, -1] -= 2 * flow / capacity[-1]
    slowest = -np.linalg.eigvals(matrix).real.max()
    # the fibre holds a fifth of the vesicle's area: its own label slows the exchange by a third of that, 6.7 %
    slow = 1 + girth * length / area / 3
    assert exchange_half_time(size, fibre_um=length, diffusion=diffusion) * slow == pytest.approx(
        math.log(2) / slowest, rel=0.01
    )


def test_frap_darkens_its_channel_and_the_attached_vesicle_recovers():
    scenes = series(8, minutes=0.5, vesicles=[(3.0, 5.0, 1.2), (9.0, 5.0, 1.2)])
    loose = [
        dataclasses.replace(s, vesicles=dataclasses.replace(s.vesicles, attached=np.array([True, False])))
        for s in scenes
    ]
    disc = Frap(channel="WGA", x_um=6, y_um=5, radius_um=8, at_min=1.0, depth=0.9, half_time_s=20.0, mobile=1.0)
    bare = [dataclasses.replace(s, vesicles=dataclasses.replace(s.vesicles, lumen=np.zeros(2))) for s in loose]
    bright = dataclasses.replace(CONFOCAL, photons_per_um2=20_000.0, background=0.5)
    shots = take_series(bare, bright, key=2, protocol=Protocol(frap=disc))
    for place, end in ((30, 1.0), (90, 0.1)):
        light = np.array([electrons(shot)[35:66, place - 15 : place + 16].sum() for shot in shots])
        light /= light[:2].mean()
        assert light[2] == pytest.approx(0.1, abs=0.02)
        assert light[-1] == pytest.approx(end - (end - 0.1) * 0.5 ** (150 / 20), abs=0.02)
    other = [electrons(shot, 1)[35:66, 15:46].sum() for shot in shots]
    assert np.std(other) / np.mean(other) < 0.02
    plain = take_series(bare, bright, key=2)
    np.testing.assert_array_equal(plain[3].pixels[1], shots[3].pixels[1])


def test_what_is_inside_a_bleached_vesicle_does_not_come_back():
    scene = dataclasses.replace(specimen(vesicles=[(3.0, 5.0, 1.2)]), time_min=60.0)
    disc = Frap(channel="WGA", x_um=3, y_um=5, radius_um=3, at_min=0.0, depth=0.9, half_time_s=5.0, mobile=1.0)
    seen = after_frap(scene, disc).vesicles
    assert seen.density == pytest.approx([1.0])
    assert seen.density * seen.lumen == pytest.approx([0.1])


def test_bleached_fibre_is_dark_in_the_disc_only():
    scene = specimen(tubes=[(1, 5, 11, 5)])
    disc = Frap(channel="WGA", x_um=6, y_um=5, radius_um=2, at_min=0.0, depth=1.0)
    tubes = after_frap(scene, disc).tubes
    middle = (tubes.ends[:, 0] + tubes.ends[:, 2]) / 2
    assert (tubes.brightness[np.abs(middle - 6) < 2] == 0).all()
    assert (tubes.brightness[np.abs(middle - 6) > 2] == 1).all()


def test_series_with_stack_and_frap_keeps_its_axes():
    plan = Protocol(heights_um=stack_heights(3, 0.5), frap=Frap(channel="WGA", x_um=3, y_um=5, radius_um=3, at_min=0.0))
    shots = take_series(series(2), CONFOCAL, key=1, protocol=plan)
    assert (shots[0].pixels.shape, shots[0].channels) == ((3, 2, 100, 120), ("WGA", "TSPAN4"))


def test_reporter_thins_and_brightens_and_does_nothing_by_default():
    scene = dataclasses.replace(specimen(), vesicles=spheres_of(np.zeros((20_000, 2)), np.ones(20_000)))
    assert len(loaded_scene(scene, Reporter(), key=1).vesicles.diameter) == 20_000
    less = loaded_scene(scene, Reporter(fewer=0.6, enrichment=3.0), key=1)
    assert len(less.vesicles.diameter) / 20_000 == pytest.approx(0.4, abs=4 * np.sqrt(0.24 / 20_000))
    assert (less.vesicles.enrichment == 3.0).all()
    assert loaded_stain(STAINS["WGA"], Reporter()) == STAINS["WGA"]
    taken = loaded_stain(STAINS["WGA"], Reporter(wga_min=60.0))
    assert taken.body == pytest.approx(STAINS["WGA"].body / math.e)
    assert taken.spots > STAINS["WGA"].spots
    assert loaded_stain(STAINS["TSPAN4"], Reporter(background=2.0)).body == 2 * STAINS["TSPAN4"].body


def test_loaded_dish_is_what_is_imaged():
    plan = Protocol(reporter=Reporter(enrichment=5.0))
    dish = image_scenes(series(1, vesicles=[(6.0, 5.0, 1.0)]), seed=1, protocol=plan)
    assert dish.scenes[0].vesicles.enrichment.tolist() == [5.0]
    with pytest.raises(RequestError, match="no scene"):
        image_scenes([])


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [(Frap, {"depth": 1.2}), (Frap, {"half_time_s": 0.0}), (Protocol, {"bleaching": {"WGA": 1.0}}),
     (Protocol, {"jitter_um": -1.0}), (Reporter, {"fewer": 1.0})],
)  # fmt: skip
def test_impossible_protocols_are_refused(kind, wrong):
    usual = {"channel": "WGA", "x_um": 0, "y_um": 0, "radius_um": 1, "at_min": 0} if kind is Frap else {}
    with pytest.raises(RequestError, match=next(iter(wrong))):
        kind(**(usual | wrong))
