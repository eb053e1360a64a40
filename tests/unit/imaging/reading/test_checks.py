"""Bad images are refused with what to do, doubtful ones are noted: never silence."""

import numpy as np
import pytest
import tifffile
from scipy import ndimage

from migralab.core.errors import DataError
from migralab.imaging.measure_image import measure_image
from migralab.imaging.reading import open_series
from tests.unit.imaging.reading.files import numbered

RNG = np.random.default_rng(3)


def scene(seed=0, side=64):
    rng = np.random.default_rng(seed)
    light = np.zeros((side, side))
    light[rng.integers(0, side, 40), rng.integers(0, side, 40)] = 3000
    return ndimage.gaussian_filter(light, 1.5)


def write(file, data, axes, **more):
    tifffile.imwrite(file, data, metadata={"axes": axes, **more}, photometric="minisblack")
    return file


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_pixel_that_is_no_number_is_refused_with_its_place(tmp_path, bad):
    data = RNG.normal(100, 3, (3, 32, 32)).astype("f4")
    data[1, 4:6, 5] = bad
    file = write(tmp_path / "a.tif", data, "TYX")
    with pytest.raises(DataError, match=r"a\.tif, frame 1.*2 pixels that are not finite"):
        open_series(file, pixel_size=0.1, frame_interval=1.0)


def test_a_bad_frame_that_was_not_looked_at_is_refused_when_it_is_read(tmp_path):
    data = RNG.normal(100, 3, (30, 32, 32)).astype("f4")
    data[7, 4, 5] = np.nan
    series = open_series(write(tmp_path / "a.tif", data, "TYX"), pixel_size=0.1, frame_interval=1.0)
    with pytest.raises(DataError, match="frame 7"):
        series.plane(7, 0)


def test_numbers_beyond_single_precision_are_refused(tmp_path):
    data = RNG.normal(100, 3, (32, 32))
    data[3, 3] = 1e300
    with pytest.raises(DataError, match="not finite"):
        open_series(write(tmp_path / "a.tif", data, "YX"), pixel_size=0.1)


def test_negative_values_are_noted_with_their_share(tmp_path):
    file = write(tmp_path / "a.tif", RNG.normal(0, 3, (64, 64)).astype("f4"), "YX")
    note = next(n for n in open_series(file, pixel_size=0.1).notes if "below zero" in n)
    assert 45 < float(note.split("%")[0]) < 55


@pytest.mark.parametrize("top", [255, 4095, 65535, 1234])
def test_saturation_is_noted_with_its_share(tmp_path, top):
    plane = RNG.normal(0.3 * top, 0.02 * top, (100, 100))
    plane[:20, :10] = 2 * top  # 2 % of the pixels
    file = write(tmp_path / "a.tif", plane.clip(0, top).astype("u2"), "YX")
    assert any(n.startswith("2.0%") and "saturated" in n for n in open_series(file, pixel_size=0.1).notes)


def test_a_bright_object_is_not_called_saturated(tmp_path):
    y, x = np.mgrid[-32:32, -32:32]
    plane = 1000 + 2000 * np.exp(-(x**2 + y**2) / 200) + RNG.normal(0, 20, x.shape)
    file = write(tmp_path / "a.tif", plane.astype("u2"), "YX")
    assert not any("saturated" in n for n in open_series(file, pixel_size=0.1).notes)


@pytest.mark.parametrize(("sign", "noted"), [(1, False), (-1, True)])
def test_dark_on_light_is_noted(tmp_path, sign, noted):
    y, x = np.mgrid[-32:32, -32:32]
    ring = np.exp(-((np.hypot(x, y) - 8) ** 2) / 4)
    plane = 2000 + sign * 1000 * ring + RNG.normal(0, 20, x.shape)
    notes = open_series(write(tmp_path / "a.tif", plane.astype("u2"), "YX"), pixel_size=0.1).notes
    assert any("dark on light" in note for note in notes) == noted


def test_an_empty_channel_is_noted_and_refused_only_where_it_is_chosen(tmp_path):
    data = np.stack([scene(), np.full((64, 64), 7.0)]).astype("u2")
    file = write(tmp_path / "a.tif", data, "CYX")
    series = open_series(file, pixel_size=0.1)
    assert any("Channel 1 (channel1) is empty" in n for n in series.notes)
    series.check_channel(0)
    with pytest.raises(DataError, match=r"channel 1 .*empty.*--channel"):
        series.check_channel(1)
    with pytest.raises(DataError, match="empty"):
        measure_image(file, pixel_size=0.1, channel=1)


def test_pages_without_metadata_may_be_anything_and_are_asked_for(tmp_path):
    file = tmp_path / "a.tif"
    tifffile.imwrite(file, numbered(4, 1)[:, 0, 0], photometric="minisblack", metadata=None)
    with pytest.raises(DataError, match=r"--frame-interval.*--axes ZYX.*--axes CYX"):
        open_series(file, pixel_size=0.1)
    assert len(open_series(file, pixel_size=0.1, axes="CYX").channels) == 4
    assert open_series(file, pixel_size=0.1, axes="zyx").depth == 4
    assert open_series(file, pixel_size=0.1, frame_interval=1.0).frames == 4


def test_frames_that_look_like_labels_are_doubted_and_frames_that_move_are_not(tmp_path):
    labels = np.stack([scene(seed) for seed in range(3)])
    moving = np.stack([np.roll(scene(), shift, axis=1) for shift in range(3)])
    for name, data, doubted in (("labels", labels, True), ("moving", moving, False)):
        noisy = RNG.poisson(data + 10).astype("u2")
        file = write(tmp_path / f"{name}.ome.tif", noisy, "TYX", PhysicalSizeX=0.1, TimeIncrement=60.0)
        assert any("--axes CYX" in n for n in open_series(file).notes) == doubted


def test_a_stack_along_z_that_is_declared_as_frames_is_doubted(tmp_path):
    focus = np.stack([ndimage.gaussian_filter(scene(), 0.1 + 1.2 * abs(z - 4)) for z in range(9)])
    film = np.stack([scene()] * 9)
    for name, data, doubted in (("stack", focus, True), ("film", film, False)):
        noisy = RNG.poisson(data + 10).astype("u2")
        file = write(tmp_path / f"{name}.ome.tif", noisy, "TYX", PhysicalSizeX=0.1, TimeIncrement=60.0)
        assert any("--axes ZYX" in n for n in open_series(file).notes) == doubted
        assert not any("--axes" in n for n in open_series(file, axes="TYX").notes)


def test_frames_that_imagej_holds_as_z_are_doubted(tmp_path):
    file = tmp_path / "a.tif"
    metadata = {"axes": "ZYX", "unit": "um", "finterval": 60.0}
    tifffile.imwrite(file, numbered(1, 1, 5)[0, 0], imagej=True, resolution=(10, 10), metadata=metadata)
    assert any("--axes TYX" in n for n in open_series(file).notes)
    with pytest.raises(DataError, match="--axes TYX"):
        open_series(file, frame_interval=1.0)
    assert open_series(file, axes="TYX").frames == 5


def test_a_step_along_z_with_frames_of_unknown_time_is_doubted(tmp_path):
    data = numbered(5, 1)[:, 0, 0]
    file = write(tmp_path / "a.ome.tif", data, "TYX", PhysicalSizeX=0.1, PhysicalSizeZ=0.3)
    assert any("step along z" in n for n in open_series(file, frame_interval=1.0).notes)


def test_rows_and_columns_that_are_not_last_are_refused(tmp_path):
    swapped = RNG.integers(0, 4000, (100, 90, 3)).astype("u2")  # rows, columns, channels, called frames of 90 x 3
    rows_first = write(tmp_path / "a.tif", swapped, "TYX")
    with pytest.raises(DataError, match="order of its axes"):
        open_series(rows_first, pixel_size=0.1, frame_interval=1.0)


@pytest.mark.parametrize("asked", ["CYX", "TCYXX", "TTYX", "TCZ", "QCYX", ""])
def test_an_order_that_does_not_fit_is_refused_with_the_sizes(tmp_path, asked):
    file = write(tmp_path / "a.tif", numbered(3, 2)[:, :, 0], "TCYX")
    if not asked:
        assert open_series(file, pixel_size=0.1, frame_interval=1.0, axes=asked).frames == 3
        return
    with pytest.raises(DataError, match=r"--axes .* 3 x 2 x 20 x 24"):
        open_series(file, pixel_size=0.1, axes=asked)


def test_another_pixel_size_than_that_of_the_file_is_said(tmp_path):
    file = write(tmp_path / "a.ome.tif", scene().astype("u2"), "YX", PhysicalSizeX=0.2)
    assert any("0.1 um was asked for; the file says 0.2 um" in n for n in open_series(file, pixel_size=0.1).notes)


@pytest.mark.parametrize("interval", [0.0, -1.0, float("nan")])
def test_an_impossible_interval_is_refused(tmp_path, interval):
    file = write(tmp_path / "a.tif", numbered(3, 1)[:, 0, 0], "TYX")
    with pytest.raises(DataError, match="makes no sense"):
        open_series(file, pixel_size=0.1, frame_interval=interval)


def test_complex_numbers_are_no_grey_levels(tmp_path):
    file = write(tmp_path / "a.tif", scene().astype("c8"), "YX")
    with pytest.raises(DataError, match="no grey levels"):
        open_series(file, pixel_size=0.1)
