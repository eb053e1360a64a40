"""OME-Zarr by its specification, label images on their objects, and the truth of what is no migrasome."""

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest
import tifffile
import zarr
from made_up_dish import fan
from test_microscope_render import specimen

from migralab.microscope.files.labels import LAYERS, label_images, label_type
from migralab.microscope.image_run import image_observations, image_scenes
from migralab.microscope.protocol.frap import Frap
from migralab.microscope.protocol.protocol import Protocol, stack_heights
from migralab.microscope.specimen import dots_of, join, lines_of, spheres_of
from migralab.microscope.write import write_micrographs

FIELD = (0.0, 12.0, 30.0, 45.0)


def crowd(frames=2, **changes):
    """Return scenes with a migrasome, its look-alikes, a fibre and a filopodium."""
    base = specimen(vesicles=[(6.0, 5.0, 1.5)], tubes=[(1, 2, 11, 2)], field=(0.0, 0.0, 32.0, 30.0))
    scene = dataclasses.replace(
        base,
        vesicles=join(base.vesicles, spheres_of(np.array([[9.0, 8.0]]), np.array([0.7]), kind="free")),
        tubes=join(base.tubes, lines_of(np.array([[1.0, 9.0, 4.0, 9.0]]), kind="filopodium")),
        dots=dots_of(np.array([[3.0, 7.0]]), np.array([0.4]), kind="debris", brightness=2.0),
    )
    scene = dataclasses.replace(scene, **changes)
    return [dataclasses.replace(scene, frame=n, time_min=2.0 * n) for n in range(frames)]


def test_zarr_follows_the_specification(tmp_path):
    plan = Protocol(heights_um=stack_heights(3, 0.5))
    dish = image_scenes(crowd(), seed=1, protocol=plan)
    paths = write_micrographs(dish, tmp_path / "dish.ome.zarr")
    root = zarr.open_group(str(paths["image"]), mode="r")
    assert json.loads((paths["image"] / "zarr.json").read_text())["zarr_format"] == 3
    ome = root.attrs["ome"]
    assert ome["version"] == "0.5"
    (image,) = ome["multiscales"]
    assert [axis["name"] for axis in image["axes"]] == ["t", "c", "z", "y", "x"]
    assert [axis["type"] for axis in image["axes"]] == ["time", "channel", "space", "space", "space"]
    assert [axis.get("unit") for axis in image["axes"]] == ["minute", None, *["micrometer"] * 3]
    full, half = image["datasets"][:2]
    assert full["coordinateTransformations"][0] == {"type": "scale", "scale": [2.0, 1.0, 0.5, 0.1, 0.1]}
    pixels = root[full["path"]]
    assert (pixels.shape, pixels.metadata.dimension_names) == ((2, 2, 3, 300, 320), ("t", "c", "z", "y", "x"))
    np.testing.assert_array_equal(pixels[1].transpose(1, 0, 2, 3), dish.micrographs[1].pixels)
    np.testing.assert_allclose(np.mean(root[half["path"]][:]), np.mean(pixels[:]), rtol=1e-3)
    assert half["coordinateTransformations"][0]["scale"][-1] == pytest.approx(0.2)
    assert half["coordinateTransformations"][1]["translation"][-1] == pytest.approx(0.05)
    assert [channel["label"] for channel in ome["omero"]["channels"]] == ["WGA", "TSPAN4"]
    assert root["labels"].attrs["ome"]["labels"] == list(LAYERS)
    for number, layer in enumerate(LAYERS):
        held = root["labels"][layer]
        assert held.attrs["ome"]["image-label"]["source"]["image"] == "../../"
        assert np.issubdtype(held["0"].dtype, np.integer)
        np.testing.assert_array_equal(held["0"][0, 0, 0], next(label_images(dish))[number])


def test_tiff_of_a_stack_has_its_heights(tmp_path):
    plan = Protocol(heights_um=stack_heights(3, 0.5))
    dish = image_scenes(crowd(), seed=1, protocol=plan)
    paths = write_micrographs(dish, tmp_path / "dish.ome.tiff")
    with tifffile.TiffFile(paths["image"]) as file:
        assert (file.series[0].axes, file.series[0].shape) == ("TZCYX", (2, 3, 2, 300, 320))
        np.testing.assert_array_equal(file.series[0].asarray()[1], dish.micrographs[1].pixels)
        assert 'PhysicalSizeZ="0.5"' in file.ome_metadata
        assert 'PositionZ="-0.5"' in file.ome_metadata


def test_labels_cover_what_they_name(tmp_path):
    dish = image_scenes(crowd(), seed=1, protocol=Protocol(drift_um=(0.5, 0.0)))
    paths = write_micrographs(dish, tmp_path / "dish.ome.tiff")
    with tifffile.TiffFile(paths["truth_labels.ome.tiff"]) as file:
        assert file.series[0].axes == "TCYX"
        labels = file.asarray()
    assert (labels.shape, labels.dtype) == ((2, 3, 300, 320), np.uint16)
    for frame, drift in ((0, 0.0), (1, 0.5)):
        migrasome = labels[frame, 2] == 1  # id 0
        assert migrasome.sum() * 0.01 == pytest.approx(np.pi * 0.75**2, rel=0.05)
        y, x = np.argwhere(migrasome).mean(axis=0) * 0.1
        assert (x, y) == (pytest.approx(6.0 + drift, abs=0.02), pytest.approx(5.0, abs=0.02))
        fibre = np.argwhere(labels[frame, 1] == 1) * 0.1
        assert np.ptp(fibre[:, 1]) == pytest.approx(10.0, abs=0.11)
        assert (np.abs(fibre[:, 0] - 2.0) < 0.06).all()
        assert set(np.unique(labels[frame, 1])) == {0, 1}  # a filopodium is no fibre
    assert set(np.unique(labels[:, 2])) == {0, 1}  # a free vesicle is no migrasome


def test_labels_of_a_dish_hold_its_cell_and_ids(tmp_path):
    dish = image_observations(fan(), field=(0.0, 0.0, 80.0, 60.0), preset="high-content")
    cells, _, migrasomes = next(label_images(dish))
    body = dish.scenes[0].cells[0]
    assert (cells == body.cell_id + 1).sum() * 0.09 == pytest.approx(body.area_um2, rel=0.25)  # as drawn
    assert set(np.unique(migrasomes)) - {0} <= set(dish.scenes[0].vesicles.migrasome_id + 1)


def test_many_ids_need_wider_labels():
    scenes = crowd(1)
    far = dataclasses.replace(scenes[0].vesicles, migrasome_id=np.array([70_000, 0]))
    assert label_type(image_scenes([dataclasses.replace(scenes[0], vesicles=far)])) == np.uint32


def test_lookalikes_are_kept_from_the_migrasomes(tmp_path):
    paths = write_micrographs(image_scenes(crowd(), seed=1), tmp_path / "dish.ome.tiff")
    migrasomes, others = (pd.read_csv(paths[f"truth_{name}.csv"]) for name in ("migrasomes", "lookalikes"))
    assert migrasomes.groupby("frame").size().tolist() == [1, 1]
    assert others.loc[others["frame"] == 0, "kind"].tolist() == ["debris", "free"]
    assert pd.read_csv(paths["truth_other_tubes.csv"])["kind"].unique().tolist() == ["filopodium"]
    assert (pd.read_csv(paths["truth_fibres.csv"])["kind"] == "laid").all()
    endosomes = write_micrographs(image_observations(fan(), field=(0, 0, 80, 60)), tmp_path / "fan.ome.tiff")
    assert "endosome" in set(pd.read_csv(endosomes["truth_lookalikes.csv"])["kind"])


def test_truth_follows_drift_bleaching_and_frap(tmp_path):
    plan = Protocol(
        bleaching={"WGA": 0.2}, drift_um=(0.5, -0.25),
        frap=Frap(channel="WGA", x_um=6, y_um=5, radius_um=3, at_min=2.0, half_time_s=120.0, depth=0.8, mobile=0.5),
    )  # fmt: skip
    dish = image_scenes(crowd(4), seed=1, protocol=plan)
    paths = write_micrographs(dish, tmp_path / "dish.ome.tiff")
    migrasomes, frames, frap = (pd.read_csv(paths[f"truth_{name}.csv"]) for name in ("migrasomes", "frames", "frap"))
    assert migrasomes["x_um"].tolist() == pytest.approx([6.0, 6.5, 7.0, 7.5])
    assert migrasomes["y_um"].tolist() == pytest.approx([5.0, 4.75, 4.5, 4.25])
    wga = frames[frames["channel"] == "WGA"]
    assert wga["remaining"].tolist() == pytest.approx([1.0, 0.8, 0.64, 0.512])
    assert frames.loc[frames["channel"] == "TSPAN4", "remaining"].tolist() == [1.0] * 4
    # 120 s is one half-time, 240 s two: 1 - 0.8 + 0.8 * 0.5 * (1 - 2^-n)
    assert frap["label"].tolist() == pytest.approx([1.0, 0.2, 0.4, 0.5])
    assert json.loads(paths["scene.json"].read_text())["protocol"]["frap"]["half_time_s"] == 120.0
    image = dish.micrographs[3].pixels[1].astype(float) - 108
    y, x = np.indices(image.shape) * 0.1
    near = np.hypot(x - 7.5, y - 4.25) < 1.1
    found = [np.average(axis[near], weights=np.clip(image[near], 0, None)) for axis in (x, y)]
    np.testing.assert_allclose(found, [7.5, 4.25], atol=0.05)
