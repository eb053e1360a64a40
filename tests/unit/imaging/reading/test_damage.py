"""A truncated or scrambled file gives one clear message, or the same pixels; never others, never a crash."""

import contextlib

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from migralab.core.errors import DataError
from migralab.imaging.reading import open_series
from tests.unit.imaging.reading.files import numbered, write_zarr

NOISE = np.random.default_rng(8).integers(0, 4000, (3, 2, 16, 20)).astype("u2")
KINDS = {
    "imagej": {"imagej": True, "metadata": {"axes": "TCYX", "unit": "um", "finterval": 30.0}, "resolution": (10, 10)},
    "ome": {"ome": True, "metadata": {"axes": "TCYX", "PhysicalSizeX": 0.1, "TimeIncrement": 3.0}},
    "ome_packed": {"ome": True, "metadata": {"axes": "TCYX", "PhysicalSizeX": 0.1}, "compression": "zlib"},
    "plain": {"metadata": None},
    "strips": {"ome": True, "metadata": {"axes": "TCYX", "PhysicalSizeX": 0.1}, "rowsperstrip": 5},
    "tiled_plain": {"metadata": {"axes": "TCYX"}, "tile": (16, 16)},
    "tiled": {"metadata": {"axes": "TCYX"}, "tile": (16, 16), "compression": "zlib"},
    "big": {"metadata": {"axes": "TCYX"}, "bigtiff": True, "byteorder": ">"},
}


def contents(file):
    series = open_series(file, pixel_size=0.1, frame_interval=1.0)
    planes = [series.plane(f, c) for f in range(series.frames) for c in range(len(series.channels))]
    return series.frames, len(series.channels), np.stack(planes)


def is_same(found, whole):
    return found[:2] == whole[:2] and np.array_equal(found[2], whole[2])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", KINDS)
def test_a_tiff_cut_anywhere_is_refused_or_whole(tmp_path, kind):
    file, cut = tmp_path / "whole.tif", tmp_path / "cut.tif"
    tifffile.imwrite(file, NOISE, photometric="minisblack", **KINDS[kind])
    content, whole = file.read_bytes(), contents(file)
    refused = []
    for length in sorted(
        {*range(0, 300, 11), *range(300, len(content), 211), *range(len(content) - 80, len(content), 9)}
    ):
        cut.write_bytes(content[:length])
        try:
            found = contents(cut)
        except DataError as told:
            refused.append(str(told))
        else:
            assert is_same(found, whole), f"cut at byte {length} gives other pixels in silence"
    assert len(refused) > 50
    assert all("cut.tif" in told and len(told.splitlines()) == 1 for told in refused)


@pytest.mark.filterwarnings("ignore")
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)
@given(
    kind=st.sampled_from(sorted(KINDS)),
    places=st.lists(st.tuples(st.integers(0, 900), st.integers(0, 255)), min_size=1, max_size=6),
)
def test_scrambled_tags_never_crash(tmp_path, kind, places):
    file = tmp_path / "a.tif"
    tifffile.imwrite(file, NOISE, photometric="minisblack", **KINDS[kind])
    content = bytearray(file.read_bytes())
    for place, value in places:
        content[place] = value
    file.write_bytes(content)
    with contextlib.suppress(DataError):
        contents(file)


@pytest.mark.parametrize("ending", ["png", "jpg"])
def test_a_picture_cut_anywhere_is_refused_or_whole(tmp_path, ending):
    file, cut = tmp_path / f"whole.{ending}", tmp_path / f"cut.{ending}"
    Image.fromarray((NOISE[0, 0] % 251).astype(np.uint8)).save(file)
    content, whole = file.read_bytes(), contents(file)
    for length in range(0, len(content), 7):
        cut.write_bytes(content[:length])
        try:
            found = contents(cut)
        except DataError:
            continue
        assert is_same(found, whole)


def test_a_zarr_with_broken_metadata_or_chunks_is_refused(tmp_path):
    for version, chunk in (("0.4", "0/1.0.0.0.0"), ("0.5", "0/c/1/0/0/0/0")):
        path = write_zarr(tmp_path / f"a{version}.zarr", numbered(3, 2), version=version, scale=[60, 1, 1, 0.1, 0.1])
        chunk_file = path / chunk
        chunk_file.write_bytes(chunk_file.read_bytes()[:9])
        with pytest.raises(DataError, match=r"\.zarr.*damaged"):
            open_series(path)
        metadata = path / "0" / (".zarray" if version == "0.4" else "zarr.json")
        metadata.write_text(metadata.read_text()[:40])
        with pytest.raises(DataError, match=r"\.zarr.*damaged"):
            open_series(path)


def test_noise_of_bytes_is_no_image(tmp_path):
    rng = np.random.default_rng(1)
    for ending in ("tif", "png", "jpg", "tiff"):
        file = tmp_path / f"a.{ending}"
        file.write_bytes(rng.bytes(3000))
        with pytest.raises(DataError, match="damaged"):
            open_series(file, pixel_size=0.1)
