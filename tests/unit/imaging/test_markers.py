"""Marker intensities come back as drawn: ratios between channels, to the fibre and to the body."""

from dataclasses import replace

import numpy as np
import pytest

from migralab.core.errors import DataError
from migralab.imaging.markers import measure_markers, rank_markers, stack_channels
from migralab.imaging.settings import AnalysisSettings
from tests.unit.imaging.drawn import as_micrograph, disc_points, line_points, render, sphere_points

SETTINGS = AnalysisSettings(psf_sigma_um=0.13)


def two_channels(*clouds, second=1.0, **how):
    one = as_micrograph(render(clouds, **how))
    other = as_micrograph(render(clouds, **(how | {"photons": second * how.get("photons", 0.5), "seed": 9})))
    pixels = np.concatenate([one.pixels, other.pixels], axis=1)
    return replace(one, pixels=pixels, channels=("TSPAN4", "marker"))


@pytest.fixture(scope="module")
def table():
    specimen = [line_points((3, 12), (21, 12)), sphere_points(12, 12, 1.2), sphere_points(5, 4, 1.0)]
    return measure_markers(two_channels(*specimen, second=0.5, photons=2.0), SETTINGS)


def test_each_vesicle_has_a_row_for_each_channel(table):
    assert len(table) == 4
    assert set(table.channel) == {"TSPAN4", "marker"}


def test_half_the_marker_gives_half_the_light_within_its_error(table):
    lights = table.pivot_table(index="vesicle", columns="channel", values="membrane")
    errors = table.pivot_table(index="vesicle", columns="channel", values="membrane_sd")
    difference = lights["marker"] - 0.5 * lights["TSPAN4"]
    # what the vesicle itself adds to the noise is not in the error of the ground: 5 of them at most
    assert (difference.abs() < 5 * np.hypot(errors["marker"], 0.5 * errors["TSPAN4"])).all()
    assert (errors["TSPAN4"] < 0.1 * lights["TSPAN4"]).all()


def test_the_ratio_to_the_fibre_does_not_depend_on_how_bright_the_channel_is(table):
    on = table[np.isfinite(table.to_fibre)]
    assert len(on) == 2  # the vesicle that hangs on no fibre has none
    one, other = on.to_fibre
    assert one == pytest.approx(other, rel=0.15)
    assert one > 2  # a shell is brighter than a tube of the same membrane


def test_the_ratio_to_the_body():
    specimen = [disc_points(9, 12, 6), line_points((14.9, 12), (26, 12)), sphere_points(26, 12, 1.0)]
    table = measure_markers(two_channels(*specimen, side_um=32), SETTINGS)
    owned = table[np.isfinite(table.to_body)]
    assert len(owned) == 2
    # drawn with 4,000 points per um2 of body; a shell of 3,000 points has more of them in the ring's area
    body = 4000 * 0.1**2 * 0.5
    assert owned.membrane.iloc[0] / owned.to_body.iloc[0] == pytest.approx(body, rel=0.1)


def test_markers_rank_by_the_share_of_vesicles_that_carry_them():
    places = [(5, 5), (5, 12), (5, 19), (12, 5), (12, 12), (12, 19), (19, 5), (19, 19)]
    tspan4 = as_micrograph(render([sphere_points(x, y, 1.0) for x, y in places], photons=1.0))
    elsewhere = [(8.4, 8.6), (15.6, 8.4), (8.6, 15.4), (15.4, 15.6), (19, 12.2)]

    def marker(carried, seed):
        drawn = [sphere_points(x, y, 1.0) for x, y in (*places[:carried], *elsewhere)]
        return stack_channels({"TSPAN4": tspan4, "marker": as_micrograph(render(drawn, photons=0.5, seed=seed))})

    images = {"none": marker(0, 4), "half": marker(4, 5), "all": marker(8, 6)}
    table = rank_markers(images, SETTINGS).set_index("marker")
    assert list(table.index) == ["all", "half", "none"]
    assert table.vesicles.eq(8).all()
    assert table.on["all"] == 1.0
    assert table.on["half"] == pytest.approx(0.5, abs=0.13)
    assert table.on["none"] <= 0.13
    assert table.p["all"] <= 0.05
    assert table.pearson["all"] > table.pearson["half"] > table.pearson["none"]
    assert abs(table.pearson_chance["all"]) < 0.15


def test_channels_of_another_size_are_refused():
    one, other = as_micrograph(np.ones((30, 30), np.float32)), as_micrograph(np.ones((30, 31), np.float32))
    with pytest.raises(DataError, match="same"):
        stack_channels({"a": one, "b": other})
