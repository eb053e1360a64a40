"""Layers for napari: each lies where its object is in um; the shapes are those that napari documents."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import tifffile

from migralab.imaging.exchange.napari import napari_layers
from migralab.results.observations import empty_table
from tests.unit.imaging.drawn import disc_points, line_points, render, sphere_points
from tests.unit.imaging.exchange.seen import COURSES, PIXEL, PLACES, micrograph, observations, outlines

CASES = [(1, 1), (3, 2)]


def layers_of(frames, channels):
    found = napari_layers(observations(frames), micrograph(frames, channels), outlines=outlines(frames))
    return {keywords["name"]: (data, keywords, kind) for data, keywords, kind in found}


@pytest.mark.parametrize(("frames", "channels"), CASES)
def test_every_layer_has_data_keywords_and_type(frames, channels):
    layers = layers_of(frames, channels)
    names = [*(f"c{n}" for n in range(channels)), "cells", "fibres", "migrasomes", *(["tracks"] if frames > 1 else [])]
    kinds = [*["image"] * channels, "labels", "shapes", "points", *(["tracks"] if frames > 1 else [])]
    assert list(layers) == names
    assert [kind for _, _, kind in layers.values()] == kinds
    ndim = 2 if frames == 1 else 3
    for data, keywords, kind in layers.values():
        assert keywords["scale"] == ((1.0,) if ndim == 3 else ()) + (PIXEL, PIXEL)
        if kind in {"image", "labels"}:
            assert data.ndim == ndim
        if kind == "labels":
            assert np.issubdtype(data.dtype, np.integer)
        if kind == "points":
            assert data.shape == (4 * frames, ndim)
            assert len(keywords["features"]) == len(keywords["size"]) == len(data)
        if kind == "shapes":
            assert all(path.shape == (2, ndim) for path in data)
            assert len(keywords["features"]) == len(data) == 3 * frames
        if kind == "tracks":  # id, frame, y, x; sorted by id, then by frame
            assert data.shape == (4 * frames, 4)
            assert (np.lexsort((data[:, 1], data[:, 0])) == np.arange(len(data))).all()
            assert len(keywords["features"]) == len(data)


def test_places_times_scale_are_um():
    layers = layers_of(3, 1)
    points, keywords, _ = layers["migrasomes"]
    scale = np.array(keywords["scale"])
    for row, number in enumerate(keywords["features"]["migrasome_id"]):
        x, y, diameter, *_ = PLACES[number]
        np.testing.assert_allclose((points[row] * scale)[1:], [y, x])
        assert keywords["size"][row] * PIXEL == pytest.approx(diameter)
        assert points[row, 0] == keywords["features"]["frame"][row]
    paths, keywords, _ = layers["fibres"]
    for path, number in zip(paths, keywords["features"]["fibre_id"], strict=True):
        np.testing.assert_allclose((path * scale)[:, :0:-1], COURSES[number])


def test_the_label_of_a_cell_covers_its_body():
    labels, keywords, _ = layers_of(1, 1)["cells"]
    assert set(np.unique(labels)) == {0, 1}
    assert (labels > 0).sum() * PIXEL**2 == pytest.approx(100, rel=0.03)  # the corners lie on pixels
    assert keywords["features"][["index", "cell_id"]].to_numpy().tolist() == [[1, 0]]
    assert labels[100, 50] == 1
    assert labels[100, 110] == 0


def test_what_nobody_knows_is_no_feature():
    features = layers_of(1, 1)["migrasomes"][1]["features"]
    assert {"diameter_um", "diameter_sd_um", "attachment", "cell_id"} <= set(features)
    assert not {"stage", "tetraspanin", "x_um"} & set(features)


def test_the_example_finds_the_layers_of_a_file(tmp_path):
    file = tmp_path / "one.ome.tif"
    picture = render([disc_points(6, 12, 5), line_points((10.5, 12), (20, 12)), sphere_points(20, 12, 1.2)])
    tifffile.imwrite(file, picture, metadata={"axes": "YX", "PhysicalSizeX": 0.1, "PhysicalSizeY": 0.1})
    example = Path(__file__).parents[4] / "examples" / "open_in_napari.py"
    spec = importlib.util.spec_from_file_location("open_in_napari", example)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    image, cells, fibres, points = module.find_layers(file)
    assert image[0].shape == cells[0].shape == (240, 240)
    assert cells[0][120, 60] > 0  # the middle of the disc
    place = np.array(points[0]) * points[1]["scale"]
    size = points[1]["size"] * 0.1
    (found,) = np.flatnonzero(np.hypot(*(place - [12, 20]).T) < 0.2)
    assert size[found] == pytest.approx(1.2, abs=0.15)
    assert any(np.abs(path[:, 0] - 120).max() < 3 for path in fibres[0])


def test_without_outlines_there_are_image_and_points():
    found = napari_layers(observations(), micrograph())
    assert [kind for *_, kind in found] == ["image", "points"]


@pytest.mark.filterwarnings("ignore")  # napari's own
@pytest.mark.parametrize(("frames", "channels"), CASES)
def test_napari_takes_every_layer(frames, channels):
    """Where napari is installed: its own constructors, without a window, and its own world coordinates."""
    napari = pytest.importorskip("napari")
    made = {name: napari.layers.Layer.create(*layer) for name, layer in layers_of(frames, channels).items()}
    low, high = made["c0"].extent.world
    np.testing.assert_allclose((high - low)[-2:], [29.9, 39.9], atol=0.11)  # from or to the middle of pixels
    points = made["migrasomes"]
    world = np.array([points.data_to_world(place) for place in points.data[:4]])
    np.testing.assert_allclose(world[:, -2:], [(y, x) for x, y, *_ in PLACES.values()])
    assert made["cells"].get_value((0, 10.0, 5.0)[-made["cells"].ndim :], world=True) == 1
    assert made["fibres"].shape_type == ["path"] * (3 * frames)
    if frames > 1:
        np.testing.assert_allclose(made["tracks"].extent.world[:, -2:], [[10, 15], [20, 30]])


@pytest.mark.filterwarnings("ignore")
def test_napari_takes_an_image_in_which_nothing_was_found():
    napari = pytest.importorskip("napari")
    seen = observations()
    for name in ("migrasomes", "fibres", "cells"):
        seen.tables[name] = empty_table(name)
    found = napari_layers(seen, micrograph(), outlines=outlines(0))
    made = [napari.layers.Layer.create(*layer) for layer in found]
    assert [type(layer).__name__ for layer in made] == ["Image", "Labels", "Shapes", "Points"]
