"""What is written can be read by a person and a table program, and is whole or not there."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import tifffile
from PIL import Image

from migralab.core.errors import RequestError
from migralab.imaging.analyse import analyse_micrograph
from migralab.imaging.measure_image import measure_image
from migralab.imaging.output import draw_overlay, measure_intensity, write, write_measurement
from migralab.imaging.output.overlay import COLOURS
from migralab.imaging.settings import AnalysisSettings
from tests.unit.imaging.drawn import as_micrograph, line_points, render, sphere_points


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    file = tmp_path_factory.mktemp("image") / "two.ome.tif"
    one = render([line_points((2, 6), (10, 6)), sphere_points(6, 6, 1.2)], side_um=12)
    metadata = {"axes": "CYX", "PhysicalSizeX": 0.1, "PhysicalSizeY": 0.1, "Channel": {"Name": ["TSPAN4", "WGA 647"]}}
    tifffile.imwrite(file, np.stack([one, one // 2]), metadata=metadata)
    return measure_image(file)


def test_the_tables_have_units_in_their_names_and_a_column_per_channel(measured, tmp_path):
    folder = write_measurement(*measured, tmp_path / "out")
    assert sorted(p.name for p in folder.iterdir()) == [
        "cells.csv", "fibres.csv", "markers.csv", "migrasomes.csv", "overlay.png", "points.csv", "settings.json",
    ]  # fmt: skip
    table = pd.read_csv(folder / "migrasomes.csv")
    for column in ("id", "frame", "x_um", "y_um", "diameter_um", "diameter_sd_um", "attachment", "fibre_id", "cell_id"):
        assert column in table
    assert table.intensity_tspan4[0] == pytest.approx(2 * table.intensity_wga_647[0], rel=0.1)
    settings = json.loads((folder / "settings.json").read_text())
    assert settings["pixel_size_um"] == pytest.approx(0.1)
    assert settings["settings"]["candidate_sigma"] > 0
    with Image.open(folder / "overlay.png") as picture:
        assert min(picture.size) >= 120


def test_markers_carry_the_ids_of_the_table_and_the_light_of_each_channel(measured, tmp_path):
    folder = write_measurement(*measured, tmp_path / "out")
    table, markers = (pd.read_csv(folder / f"{name}.csv") for name in ("migrasomes", "markers"))
    assert sorted(markers.channel) == sorted(["TSPAN4", "WGA 647"] * len(table))
    assert set(markers.id) == set(table.id)
    light = markers.pivot_table(index="id", columns="channel", values="membrane")
    assert (light["TSPAN4"] / light["WGA 647"]).to_numpy() == pytest.approx(2.0, rel=0.1)


def test_spots_too_small_to_size_are_listed_with_an_upper_limit(tmp_path):
    spot = np.array([[6.0, 9.0]]).repeat(1500, axis=0)  # no extent at all
    image = as_micrograph(render([line_points((2, 6), (10, 6)), sphere_points(6, 6, 1.2), spot], side_um=12))
    observations = analyse_micrograph(image, AnalysisSettings())
    folder = write_measurement(observations, image, AnalysisSettings(), tmp_path / "out")
    points = pd.read_csv(folder / "points.csv")
    assert list(points) == ["frame", "x_um", "y_um", "diameter_below_um"]
    near = points[np.hypot(points.x_um - 6, points.y_um - 9) < 0.2]
    assert len(near) == 1
    assert 0 < near.diameter_below_um.iloc[0] < 0.8
    assert "markers.csv" not in {file.name for file in folder.iterdir()}


def test_the_overlay_names_every_colour_below_the_picture(measured):
    observations, micrograph, settings = measured
    vesicles = observations["migrasomes"].assign(attachment="unknown")
    doubtful = replace(observations, tables=observations.tables | {"migrasomes": vesicles})
    picture = np.asarray(draw_overlay(doubtful, micrograph, settings))
    scale = picture.shape[1] // 120
    above, below = picture[: 120 * scale], picture[120 * scale :]
    for colour in COLOURS.values():
        assert (below == colour).all(axis=-1).any()  # in the legend
    assert (above == COLOURS["unknown"]).all(axis=-1).any()  # an unknown one is drawn
    assert (below[:3] == 0).all()  # on black
    bar = (below[-11] == 235).all(axis=-1).sum() / scale * 0.1
    assert bar >= 1


def test_a_directory_with_content_is_left_alone(measured, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(RequestError, match="not an empty directory"):
        write_measurement(*measured, tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


def test_an_empty_directory_is_filled(measured, tmp_path):
    (tmp_path / "new").mkdir()
    assert (write_measurement(*measured, tmp_path / "new") / "cells.csv").exists()


def test_an_interruption_leaves_nothing(measured, tmp_path, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(write, "draw_overlay", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_measurement(*measured, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_intensity_is_light_above_the_surroundings():
    image = np.full((40, 40), 10.0, np.float32)
    rows, columns = np.mgrid[:40, :40]
    image[np.hypot(rows - 20, columns - 20) <= 6] = 50.0
    found = measure_intensity(as_micrograph(image), 0, 0, (2.0, 2.0), 1.0)
    assert found == pytest.approx(40.0)
