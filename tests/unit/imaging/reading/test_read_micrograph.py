"""What a file says of its scale is used, what it does not say is asked for."""

import numpy as np
import pytest
import tifffile
from PIL import Image

from migralab.core.errors import DataError
from migralab.imaging.measure_image import measure_image
from migralab.imaging.reading import read_micrograph
from tests.unit.imaging.drawn import line_points, render, sphere_points


@pytest.fixture(scope="module")
def picture():
    return render([line_points((2, 6), (10, 6)), sphere_points(6, 6, 1.2)], side_um=12)


def test_an_ome_tiff_says_its_scale_channels_and_interval(tmp_path, picture):
    file = tmp_path / "movie.ome.tif"
    data = np.stack([np.stack([picture, picture // 2])] * 3)
    metadata = {
        "axes": "TCYX", "PhysicalSizeX": 100.0, "PhysicalSizeXUnit": "nm", "PhysicalSizeY": 0.1,
        "PhysicalSizeYUnit": "µm", "TimeIncrement": 480.0, "TimeIncrementUnit": "s",
        "Channel": {"Name": ["TSPAN4", "WGA"]},
    }  # fmt: skip
    tifffile.imwrite(file, data, metadata=metadata)
    read = read_micrograph(file)
    assert read.pixels.shape == (3, 2, 120, 120)
    assert read.pixels.dtype == np.float32
    assert read.pixel_size_um == pytest.approx(0.1)
    assert read.frame_interval_min == pytest.approx(8.0)
    assert read.channels == ("TSPAN4", "WGA")


def test_an_imagej_tiff_says_its_scale_only_with_a_unit(tmp_path, picture):
    known, unknown = tmp_path / "known.tif", tmp_path / "unknown.tif"
    tifffile.imwrite(known, picture, imagej=True, resolution=(10, 10), metadata={"unit": "um", "axes": "YX"})
    tifffile.imwrite(unknown, picture, imagej=True, resolution=(10, 10), metadata={"axes": "YX"})
    assert read_micrograph(known).pixel_size_um == pytest.approx(0.1)
    with pytest.raises(DataError, match="--pixel-size"):
        read_micrograph(unknown)


@pytest.mark.parametrize("name", ["plain.tif", "plain.png", "plain.jpg"])
def test_a_file_without_a_scale_asks_for_it(tmp_path, picture, name):
    file = tmp_path / name
    eight = (picture - 90).clip(0, 255).astype(np.uint8)
    if name.endswith("tif"):
        tifffile.imwrite(file, eight, resolution=(300, 300), resolutionunit="INCH")  # a printer's resolution
    else:
        Image.fromarray(eight).save(file)
    with pytest.raises(DataError, match=r"pixel size.*--pixel-size 0\.1um"):
        read_micrograph(file)
    assert read_micrograph(file, pixel_size=0.1).pixel_size_um == 0.1


def test_frames_without_an_interval_ask_for_it(tmp_path, picture):
    file = tmp_path / "movie.tif"
    tifffile.imwrite(file, np.stack([picture] * 3), photometric="minisblack")
    with pytest.raises(DataError, match="--frame-interval"):
        read_micrograph(file, pixel_size=0.1)
    assert read_micrograph(file, pixel_size=0.1, frame_interval=8.0).time_min(2) == 16.0


@pytest.mark.parametrize("size", [0.0, -1.0, float("nan"), float("inf")])
def test_an_impossible_pixel_size_is_refused(tmp_path, picture, size):
    file = tmp_path / "plain.tif"
    tifffile.imwrite(file, picture)
    with pytest.raises(DataError, match="makes no sense"):
        read_micrograph(file, pixel_size=size)


@pytest.mark.parametrize("kept", [0, 3, 60, 0.5, 0.98])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_truncated_tiff_gives_one_clear_message(tmp_path, picture, kept):
    whole, cut = tmp_path / "whole.tif", tmp_path / "cut.tif"
    tifffile.imwrite(whole, picture)
    content = whole.read_bytes()
    cut.write_bytes(content[: int(kept * len(content)) if isinstance(kept, float) else kept])
    with pytest.raises(DataError, match=r"cut\.tif.*(truncated|damaged)") as told:
        read_micrograph(cut, pixel_size=0.1)
    assert len(str(told.value).splitlines()) == 1


def test_a_truncated_picture_and_a_text_file_are_refused(tmp_path, picture):
    file = tmp_path / "cut.png"
    Image.fromarray((picture - 90).clip(0, 255).astype(np.uint8)).save(file)
    file.write_bytes(file.read_bytes()[:300])
    with pytest.raises(DataError, match="damaged"):
        read_micrograph(file, pixel_size=0.1)
    (tmp_path / "notes.txt").write_text("no image")
    with pytest.raises(DataError, match="Allowed"):
        read_micrograph(tmp_path / "notes.txt", pixel_size=0.1)
    with pytest.raises(DataError, match="no image file"):
        read_micrograph(tmp_path / "absent.tif", pixel_size=0.1)


@pytest.mark.parametrize(("value", "word"), [(0, "empty"), (255, "saturated")])
def test_an_image_of_one_value_is_refused(tmp_path, value, word):
    file = tmp_path / "flat.png"
    Image.fromarray(np.full((50, 60), value, np.uint8)).save(file)
    with pytest.raises(DataError, match=word):
        read_micrograph(file, pixel_size=0.1)


def test_saturation_is_noted(tmp_path, picture):
    file = tmp_path / "bright.tif"
    tifffile.imwrite(file, picture.clip(0, 112))
    assert any("saturated" in note for note in read_micrograph(file, pixel_size=0.1).notes)


def test_a_colour_picture_gives_the_channel_that_varies_most_and_says_so(tmp_path, picture):
    file = tmp_path / "panel.png"
    green = (picture - 90).clip(0, 255).astype(np.uint8)
    Image.fromarray(np.stack([green // 10, green, green // 20], axis=-1)).save(file)
    read = read_micrograph(file, pixel_size=0.1)
    assert read.channels == ("green",)
    assert "green channel was measured" in read.notes[0]
    np.testing.assert_array_equal(read.pixels[0, 0], green)
    found, red, _ = measure_image(file, pixel_size=0.1, channel="red")
    assert red.channels == ("red",)
    assert found.origin == "image"


def test_two_colours_are_pointed_out(tmp_path, picture):
    file = tmp_path / "merge.png"
    green = (picture - 90).clip(0, 255).astype(np.uint8)
    Image.fromarray(np.stack([green.T, green, green * 0], axis=-1)).save(file)
    assert "choose with --channel" in read_micrograph(file, pixel_size=0.1).notes[0]


def test_a_channel_that_is_not_there_is_refused_with_those_that_are(tmp_path, picture):
    file = tmp_path / "plain.tif"
    tifffile.imwrite(file, picture)
    for channel in (4, "WGA"):
        with pytest.raises(DataError, match="channel0"):
            measure_image(file, pixel_size=0.1, channel=channel)
    Image.fromarray(np.stack([picture.clip(0, 255).astype(np.uint8)] * 3, axis=-1)).save(tmp_path / "c.png")
    with pytest.raises(DataError, match="red, green, blue"):
        read_micrograph(tmp_path / "c.png", pixel_size=0.1, colour="purple")
