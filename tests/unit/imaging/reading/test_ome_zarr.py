"""OME-Zarr 0.4 and 0.5 give the right planes, scale, interval and channel names; what is no image says so."""

import shutil

import numpy as np
import pytest
import zarr

from migralab.core.errors import DataError
from migralab.imaging.reading import open_series
from tests.unit.imaging.reading.files import numbered, plane_of, write_zarr

SCALE = [60.0, 1.0, 0.5, 0.1, 0.1]


@pytest.mark.parametrize("version", ["0.4", "0.5"])
@pytest.mark.parametrize("dtype", ["u1", "u2", ">u2", "f4"])
def test_both_versions_give_planes_scale_and_names(tmp_path, version, dtype):
    data = numbered(3, 2, 4).astype(dtype) if dtype != "u1" else (numbered(3, 2, 4) % 251).astype("u1")
    path = write_zarr(tmp_path / "a.zarr", data, version=version, scale=SCALE, names=("TSPAN4", "WGA"))
    series = open_series(path, projection=2)
    assert (series.frames, series.channels, series.depth) == (3, ("TSPAN4", "WGA"), 4)
    assert series.pixel_size_um == pytest.approx(0.1)
    assert series.frame_interval_min == pytest.approx(1.0)
    assert series.z_step_um == pytest.approx(0.5)
    np.testing.assert_array_equal(series.plane(2, 1), data[2, 1, 2])
    if dtype != "u1":
        np.testing.assert_array_equal(series.plane(2, 1), plane_of(2, 1, 2))


def test_the_scale_of_the_whole_multiplies_that_of_the_level_and_units_count(tmp_path):
    whole = {"coordinateTransformations": [{"type": "scale", "scale": [2.0, 1, 1, 0.5, 0.5]}]}
    units = {"t": "minute", "z": "nanometer", "y": "nanometer", "x": "nanometer"}
    scale = [3.0, 1, 200.0, 260.0, 260.0]
    path = write_zarr(tmp_path / "a.zarr", numbered(2, 1), version="0.5", scale=scale, units=units, extra=whole)
    series = open_series(path)
    assert series.pixel_size_um == pytest.approx(0.13)
    assert series.frame_interval_min == pytest.approx(6.0)


def test_a_scale_without_a_unit_asks(tmp_path):
    path = write_zarr(tmp_path / "a.zarr", numbered(1, 1), version="0.4", scale=[1, 1, 1, 1, 1], units={"t": "second"})
    with pytest.raises(DataError, match=r"no unit of length.*--pixel-size"):
        open_series(path)
    assert open_series(path, pixel_size=0.1).pixel_size_um == 0.1


def test_a_zipped_store_is_read(tmp_path):
    write_zarr(tmp_path / "a.zarr", numbered(2, 1), version="0.5", scale=SCALE)
    shutil.make_archive(str(tmp_path / "b"), "zip", tmp_path / "a.zarr")
    (tmp_path / "b.zip").rename(tmp_path / "b.ozx")
    np.testing.assert_array_equal(open_series(tmp_path / "b.ozx").plane(1, 0), plane_of(1, 0))


def test_the_first_image_of_a_converted_store_is_read_and_said(tmp_path):
    zarr.open_group(tmp_path / "a.zarr", mode="w", zarr_format=2).attrs["bioformats2raw.layout"] = 3
    write_zarr(tmp_path / "a.zarr" / "0", numbered(2, 1), version="0.4", scale=SCALE)
    assert "The first image of the store was read." in open_series(tmp_path / "a.zarr").notes


def test_what_is_no_image_says_what_to_give(tmp_path):
    zarr.open_group(tmp_path / "plate.zarr", mode="w", zarr_format=3).attrs["ome"] = {"plate": {"wells": []}}
    zarr.open_group(tmp_path / "group.zarr", mode="w", zarr_format=3)
    zarr.create_array(tmp_path / "bare.zarr", shape=(4, 4), dtype="u2")
    for name, message in (("plate", "A/1/0"), ("group", "multiscales"), ("bare", "bare Zarr array")):
        with pytest.raises(DataError, match=rf"{name}\.zarr.*{message}"):
            open_series(tmp_path / f"{name}.zarr")


def test_pixels_that_are_not_square_are_refused(tmp_path):
    path = write_zarr(tmp_path / "a.zarr", numbered(1, 1), version="0.4", scale=[1, 1, 1, 0.1, 0.3])
    with pytest.raises(DataError, match=r"a\.zarr.*not square"):
        open_series(path)
