"""Series larger than the memory are read plane by plane; stacks along z become one plane, and it is said how."""

import pickle
import tracemalloc

import numpy as np
import pytest
import tifffile
import zarr
from PIL import Image

from migralab.core.errors import DataError
from migralab.imaging.reading import open_series, read_micrograph, series
from tests.unit.imaging.reading.files import numbered, plane_of, write_zarr

SIDE, FRAMES = 2048, 1300  # 10.9 GB of uint16


def dots(frame):
    plane = np.zeros((SIDE, SIDE), np.uint16)
    plane[100:104, 200:210] = frame + 1
    return plane


@pytest.fixture(scope="module")
def sparse_tiff(tmp_path_factory):
    """A BigTIFF of 10.9 GB that takes a few pages of the disk: all but three frames are holes in the file."""
    file = tmp_path_factory.mktemp("sparse") / "huge.tif"
    with tifffile.TiffWriter(file, bigtiff=True) as writer:
        writer.write(shape=(FRAMES, SIDE, SIDE), dtype="u2", metadata={"axes": "TYX"}, photometric="minisblack")
    with tifffile.TiffFile(file) as tiff:
        start = tiff.series[0].dataoffset
    with file.open("r+b") as content:
        for frame in (0, 650, FRAMES - 1):
            content.seek(start + frame * 2 * SIDE * SIDE)
            content.write(dots(frame).tobytes())
    assert file.stat().st_blocks * 512 < 50e6
    yield file
    file.unlink()


@pytest.fixture(scope="module")
def sparse_zarr(tmp_path_factory):
    path = tmp_path_factory.mktemp("sparse") / "huge.zarr"
    group = zarr.open_group(path, mode="w", zarr_format=3)
    axes = [{"name": "t", "type": "time", "unit": "second"}, *({"name": a, "unit": "micrometer"} for a in "yx")]
    scale = {"type": "scale", "scale": [60.0, 0.1, 0.1]}
    datasets = [{"path": "0", "coordinateTransformations": [scale]}]
    group.attrs["ome"] = {"version": "0.5", "multiscales": [{"axes": axes, "datasets": datasets}]}
    shape = (FRAMES, SIDE, SIDE)
    array = group.create_array("0", shape=shape, dtype="u2", chunks=(1, SIDE, SIDE), fill_value=0)
    for frame in (0, 650, FRAMES - 1):
        array[frame] = dots(frame)
    return path


@pytest.mark.parametrize("kind", ["tiff", "zarr"])
def test_ten_gigabytes_are_read_within_the_memory_of_a_few_planes(kind, request):
    path = request.getfixturevalue(f"sparse_{kind}")
    tracemalloc.start()
    try:
        opened = open_series(path, pixel_size=0.1, frame_interval=1.0)
        assert opened.frames == FRAMES
        for frame in (0, 650, FRAMES - 1):
            np.testing.assert_array_equal(opened.plane(frame, 0), dots(frame))
        assert not opened.plane(7, 0).any()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 10 * 4 * SIDE * SIDE  # bytes; the file has 1,300 planes


def test_a_series_that_does_not_fit_into_memory_is_not_loaded(sparse_tiff, monkeypatch):
    monkeypatch.setattr(series, "free_memory", lambda: 16e9)
    opened = open_series(sparse_tiff, pixel_size=0.1, frame_interval=1.0)
    with pytest.raises(DataError, match=r"21\.8 GB in memory.*open_series"):
        opened.load()
    with pytest.raises(DataError, match="open_series"):
        read_micrograph(sparse_tiff, pixel_size=0.1, frame_interval=1.0)
    some = opened.load([0, 650])
    assert some.frames == 2
    assert some.time_min(1) == 650.0


def test_a_plane_beyond_the_memory_is_refused(tmp_path):
    file = tmp_path / "wide.tif"
    with tifffile.TiffWriter(file, bigtiff=True) as writer:
        writer.write(shape=(2_000_000, 2_000_000), dtype="u1")
    with pytest.raises(DataError, match="too many for the free memory"):
        open_series(file, pixel_size=0.1)
    file.unlink()


def test_a_series_can_be_sent_to_another_process(tmp_path):
    path = write_zarr(tmp_path / "a.zarr", numbered(3, 2, 3), version="0.5", scale=[60, 1, 0.5, 0.1, 0.1])
    sent = pickle.loads(pickle.dumps(open_series(path, projection="mean", mask=[(0, 0, 3, 4)])))
    assert sent.projection == "mean"
    assert sent.masked.sum() == 12
    np.testing.assert_allclose(sent.plane(2, 1), plane_of(2, 1, 1))


def test_what_is_done_to_a_plane_does_not_reach_the_series(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", numbered(1, 1)[0, 0, 0])
    opened = open_series(tmp_path / "a.tif", pixel_size=0.1)
    opened.plane(0, 0)[:] = 0
    np.testing.assert_array_equal(opened.plane(0, 0), plane_of(0, 0))
    with pytest.raises(IndexError):
        opened.plane(1, 0)
    with pytest.raises(IndexError):
        opened.plane(-1, 0)


@pytest.mark.parametrize(
    ("projection", "expected", "said"),
    [("max", 30, "maximum projection"), ("mean", 15, "Mean of 4"), (2, 20, "Plane 2 of 4"), ("0", 0, "Plane 0 of 4")],
)
def test_a_stack_along_z_becomes_one_plane_and_it_is_said_how(tmp_path, projection, expected, said):
    file = tmp_path / "a.ome.tif"
    metadata = {"axes": "ZYX", "PhysicalSizeX": 0.1, "PhysicalSizeZ": 0.4}
    tifffile.imwrite(file, numbered(1, 1, 4)[0, 0], metadata=metadata, photometric="minisblack")
    opened = open_series(file, projection=projection)
    np.testing.assert_allclose(opened.plane(0, 0), plane_of(0, 0) + expected)
    assert any(said in note and "0.4 um apart" in note for note in opened.notes)


def test_the_sharpest_plane_is_the_one_in_focus(tmp_path):
    from scipy import ndimage

    rng = np.random.default_rng(5)
    sharp = np.zeros((64, 64))
    sharp[rng.integers(0, 64, 60), rng.integers(0, 64, 60)] = 4000.0
    # defocus spreads the light and keeps its sum; frame 1 is in focus at another plane than frame 0
    stack = [[ndimage.gaussian_filter(sharp, 1.0 + 1.5 * abs(z - best)) for z in range(6)] for best in (2, 4)]
    noisy = rng.poisson(np.array(stack) + 20).astype("u2")
    file = tmp_path / "a.ome.tif"
    metadata = {"axes": "TZYX", "PhysicalSizeX": 0.1, "TimeIncrement": 60.0}
    tifffile.imwrite(file, noisy, metadata=metadata, photometric="minisblack")
    opened = open_series(file, projection="focus")
    np.testing.assert_array_equal(opened.plane(0, 0), noisy[0, 2])
    np.testing.assert_array_equal(opened.plane(1, 0), noisy[1, 4])


@pytest.mark.parametrize(
    ("asked", "message"), [("least", "Allowed: max, mean, focus"), (4, "no plane 4"), ("-1", "Allowed")]
)
def test_a_projection_that_is_none_is_refused(tmp_path, asked, message):
    tifffile.imwrite(tmp_path / "a.tif", numbered(1, 1, 4)[0, 0], metadata={"axes": "ZYX"}, photometric="minisblack")
    with pytest.raises(DataError, match=message):
        open_series(tmp_path / "a.tif", pixel_size=0.1, projection=asked)


def test_a_folder_of_pictures_is_a_series_in_the_order_of_their_numbers(tmp_path):
    for frame in range(11):
        Image.fromarray((plane_of(0, 0) + 20 * frame).astype(np.uint8)).save(tmp_path / f"t{frame}.png")
    opened = open_series(tmp_path, pixel_size=0.1, frame_interval=1.0)
    assert opened.frames == 11
    np.testing.assert_array_equal(opened.plane(10, 0), plane_of(0, 0) + 200)
    assert any("t0.png to t10.png" in note for note in opened.notes)
    Image.fromarray(np.eye(9, dtype=np.uint8)).save(tmp_path / "t5.png")
    with pytest.raises(DataError, match=r"t5\.png .*unlike t0\.png"):
        open_series(tmp_path, pixel_size=0.1, frame_interval=1.0)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no images"):
        open_series(tmp_path / "empty")
