"""What is written can be read with its scale, lies where its truth says, and never replaces anything."""

import dataclasses
import json
import xml.etree.ElementTree as ET

import numpy as np
import pandas as pd
import pytest
import tifffile
from made_up_dish import NOW, fan

from migralab.core.errors import RequestError
from migralab.microscope import write
from migralab.microscope.image_run import image_observations
from migralab.microscope.write import truth_paths, write_micrographs

FIELD = (0.0, 12.0, 30.0, 45.0)
OME = {"o": "http://www.openmicroscopy.org/Schemas/OME/2016-06"}


def two_frames():
    """Return the made-up dish twice, 8 min apart, with the cell 1.6 um further on."""
    dish = fan()
    tables = dict(dish.tables)
    for name in ("cells", "migrasomes"):
        later = dish[name].assign(frame=1, time_min=NOW + 8)
        tables[name] = pd.concat([dish[name], later], ignore_index=True)
    return dataclasses.replace(dish, tables=tables, frames_min=(NOW, NOW + 8))


def test_ome_tiff_carries_pixel_size_channels_and_times(tmp_path):
    dish = image_observations(two_frames(), frames="all", field=FIELD, seed=2)
    paths = write_micrographs(dish, tmp_path / "dish.ome.tiff")
    with tifffile.TiffFile(paths["image"]) as file:
        series = file.series[0]
        assert (series.axes, series.shape, series.dtype) == ("TCYX", (2, 2, 330, 300), np.uint16)
        np.testing.assert_array_equal(series.asarray()[1], dish.micrographs[1].pixels)
        pixels = ET.fromstring(file.ome_metadata).find(".//o:Pixels", OME)
    assert float(pixels.get("PhysicalSizeX")) == float(pixels.get("PhysicalSizeY")) == 0.1
    assert pixels.get("PhysicalSizeXUnit") == pixels.get("PhysicalSizeYUnit") == "µm"
    assert (float(pixels.get("TimeIncrement")), pixels.get("TimeIncrementUnit")) == (8.0, "min")
    assert [channel.get("Name") for channel in pixels.findall("o:Channel", OME)] == ["WGA", "TSPAN4"]
    delta = [float(plane.get("DeltaT")) for plane in pixels.findall("o:Plane", OME)]
    assert delta == [NOW, NOW, NOW + 8, NOW + 8]


def test_single_channel_and_frame_reads_back(tmp_path):
    dish = image_observations(fan(), channels=["WGA"], field=FIELD, preset="high-content")
    paths = write_micrographs(dish, tmp_path / "dish.ome.tif")
    np.testing.assert_array_equal(tifffile.imread(paths["image"]), dish.micrographs[0].pixels[0])
    with tifffile.TiffFile(paths["image"]) as file:
        pixels = ET.fromstring(file.ome_metadata).find(".//o:Pixels", OME)
    assert float(pixels.get("PhysicalSizeX")) == 0.3


def test_truth_lies_where_the_light_is(tmp_path):
    paths = write_micrographs(image_observations(fan(), field=FIELD, seed=3), tmp_path / "dish.ome.tiff")
    image = tifffile.imread(paths["image"])[1].astype(float) - 100
    truth = pd.read_csv(paths["truth_migrasomes.csv"])
    assert len(truth) > 5
    apart = np.hypot(*(truth[["x_um", "y_um"]].to_numpy()[:, None] - truth[["x_um", "y_um"]].to_numpy()).T)
    lonely = (apart + 99 * np.eye(len(truth))).min(axis=0) > 2.5
    lonely &= truth["x_um"].between(1.5, 28.5) & truth["y_um"].between(1.5, 31.5)  # not cut by the border
    y, x = np.indices(image.shape) * 0.1
    for place in truth[lonely].itertuples():
        near = np.hypot(x - place.x_um, y - place.y_um) < place.diameter_um / 2 + 0.3
        found = [np.average(axis[near], weights=np.clip(image[near], 0, None)) for axis in (x, y)]
        # half a pixel would show: over 500 photons fix a centre to 0.02 um, and its fibre pulls as much
        np.testing.assert_allclose(found, [place.x_um, place.y_um], atol=0.045)
    assert lonely.any()


def test_truth_tells_drawn_fibres_from_simulated_ones(tmp_path):
    dish = image_observations(fan(), field=(0.0, 0.0, 80.0, 60.0))
    paths = write_micrographs(dish, tmp_path / "dish.ome.tiff")
    fibres, cells = pd.read_csv(paths["truth_fibres.csv"]), pd.read_csv(paths["truth_cells.csv"])
    assert set(fibres["kind"]) == {"laid", "live", "flank"}
    assert (fibres.loc[fibres["kind"] == "flank", "node_id"] == -1).all()
    length = np.hypot(fibres["x1_um"] - fibres["x0_um"], fibres["y1_um"] - fibres["y0_um"])
    np.testing.assert_allclose(fibres["length_um"], length, atol=2e-4)  # rounded to 0.1 nm
    assert len(cells.loc[0, "outline_um"].split()) > 100
    assert len(pd.read_csv(paths["truth_retractosomes.csv"])) == len(fan()["retractosomes"])


def test_description_says_what_is_drawn_and_whether_the_field_was_chosen(tmp_path):
    scene = {}
    for name, field in (("asked", FIELD), ("chosen", None)):
        dish = image_observations(fan(), field=field, preset="high-content", seed=9)
        paths = write_micrographs(dish, tmp_path / f"{name}.ome.tiff")
        scene[name] = json.loads(paths["scene.json"].read_text(encoding="utf-8"))
    assert not scene["asked"]["field_chosen_for_its_content"]
    assert scene["chosen"]["field_chosen_for_its_content"]
    assert scene["asked"]["seed"] == 9
    assert scene["asked"]["field_area_um2"] == pytest.approx(30 * 33)
    assert "not a photograph" in scene["asked"]["warning"]
    assert scene["asked"]["microscope"]["source"].startswith("E:")


@pytest.mark.parametrize("present", ["dish.ome.tiff", "dish.truth_fibres.csv", "dish.scene.json"])
def test_nothing_is_overwritten_and_nothing_is_left_behind(tmp_path, present):
    (tmp_path / present).write_text("mine", encoding="utf-8")
    with pytest.raises(RequestError, match="exists already"):
        write_micrographs(image_observations(fan(), field=FIELD), tmp_path / "dish.ome.tiff")
    assert [file.name for file in tmp_path.iterdir()] == [present]
    assert (tmp_path / present).read_text(encoding="utf-8") == "mine"


def test_failure_while_writing_leaves_no_file(tmp_path, monkeypatch):
    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(write, "write_ome_tiff", fail)
    with pytest.raises(OSError, match="disk full"):
        write_micrographs(image_observations(fan(), field=FIELD), tmp_path / "dish.ome.tiff")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("name", "says"), [("dish.png", "OME-TIFF"), ("missing/dish.ome.tiff", "no folder")])
def test_impossible_name_is_refused(tmp_path, name, says):
    with pytest.raises(RequestError, match=says):
        write_micrographs(image_observations(fan(), field=FIELD), tmp_path / name)


def test_names_beside_the_image_follow_it(tmp_path):
    assert truth_paths(tmp_path / "a.b.ome.tif")["scene.json"] == tmp_path / "a.b.scene.json"


@pytest.mark.parametrize("frames", [[2], [-1], [], "second"])
def test_frames_that_are_not_there_are_refused(frames):
    with pytest.raises(RequestError, match="0 to 1"):
        image_observations(two_frames(), frames=frames, field=FIELD)


def test_one_frame_is_the_same_alone_and_in_a_series():
    dish = two_frames()
    series = image_observations(dish, frames="all", field=FIELD, seed=4)
    alone = image_observations(dish, frames="1", field=FIELD, seed=4)
    last = image_observations(dish, field=FIELD, seed=4)
    np.testing.assert_array_equal(series.micrographs[1].pixels, alone.micrographs[0].pixels)
    np.testing.assert_array_equal(series.micrographs[1].pixels, last.micrographs[0].pixels)
    assert (series.micrographs[0].pixels != series.micrographs[1].pixels).any()
