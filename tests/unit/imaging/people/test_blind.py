"""Coded copies show the same pixels and say nothing of whose they are; the key brings the names back."""

import json
import struct

import numpy as np
import pandas as pd
import pytest
import tifffile
from PIL import Image, PngImagePlugin

from migralab.core.errors import DataError, RequestError
from migralab.imaging.people.blind import SEAL, blind, read_key, split_repeats, unblind

SECRET = b"knockout"


def ome(path, pixels):
    tifffile.imwrite(
        path, pixels, ome=True, photometric="minisblack", software="knockout scope",
        metadata={
            "axes": "TCYX", "PhysicalSizeX": 0.1, "PhysicalSizeXUnit": "µm", "PhysicalSizeY": 0.1,
            "PhysicalSizeYUnit": "µm", "TimeIncrement": 8.0, "TimeIncrementUnit": "min", "Name": "knockout dish 3",
            "Description": "knockout", "Channel": {"Name": ["WGA", "TSPAN4"]},
        },
    )  # fmt: skip


def imagej(path, pixels):
    tifffile.imwrite(
        path, pixels, imagej=True, resolution=(5.0, 5.0),
        metadata={
            "axes": "TYX", "unit": "um", "finterval": 60.0, "Info": "knockout", "Labels": ["knockout"] * len(pixels),
        },
    )  # fmt: skip


def png(path, pixels):
    note = PngImagePlugin.PngInfo()
    note.add_text("Title", "knockout")
    Image.fromarray(pixels).save(path, pnginfo=note)


@pytest.fixture
def images(tmp_path):
    rng = np.random.default_rng(1)
    folder = tmp_path / "named"
    folder.mkdir()
    stack = rng.integers(0, 60000, (2, 2, 24, 30), dtype=np.uint16)
    ome(folder / "knockout1.ome.tif", stack)
    imagej(folder / "knockout2.tif", stack[:, 0])
    png(folder / "knockout3.png", (stack[0, 0] // 256).astype(np.uint8))
    tifffile.imwrite(folder / "knockout4.tif", stack[0, 0], description="knockout", photometric="minisblack")
    return sorted(folder.iterdir())


def test_pixels_and_scale_stay_and_names_go(images, tmp_path):
    key = blind(images, tmp_path / "coded", key=tmp_path / "key.json", seed=3)
    found = {
        key.codes[path.name.split(".")[0]].rpartition("/")[2]: path for path in (tmp_path / "coded").glob("image*")
    }
    assert len(found) == 4
    for name, path in found.items():
        assert SECRET not in path.read_bytes(), name
        original = tmp_path / "named" / name
        one, other = (
            np.asarray(Image.open(file)) if file.suffix == ".png" else tifffile.imread(file)
            for file in (original, path)
        )
        np.testing.assert_array_equal(one, other)
        assert path.stat().st_mtime == 946684800
    with tifffile.TiffFile(found["knockout1.ome.tif"]) as tiff:
        text = tiff.ome_metadata
        assert tiff.series[0].axes == "TCYX"
    for kept in ('PhysicalSizeX="0.1"', 'TimeIncrement="8.0"', 'Name="WGA"', 'Name="TSPAN4"'):
        assert kept in text
    with tifffile.TiffFile(found["knockout2.tif"]) as tiff:
        assert 'PhysicalSizeX="0.2"' in tiff.ome_metadata
        assert 'TimeIncrement="60.0"' in tiff.ome_metadata
        assert tiff.series[0].axes == "TYX"
    with tifffile.TiffFile(found["knockout4.tif"]) as tiff:
        assert "PhysicalSize" not in tiff.ome_metadata  # nothing was known, nothing is made up


def test_the_key_lies_apart_and_cannot_be_changed(images, tmp_path):
    out, path = tmp_path / "coded", tmp_path / "key.json"
    key = blind(images, out, key=path, seed=3)
    assert read_key(path, folder=out) == key
    assert (out / SEAL).read_text().strip() == key.seal
    assert not any(b"knockout" in file.read_bytes() for file in out.iterdir())
    content = json.loads(path.read_text())
    one, other = list(content["codes"])[:2]
    content["codes"][one], content["codes"][other] = content["codes"][other], content["codes"][one]
    path.chmod(0o600)
    path.write_text(json.dumps(content))
    with pytest.raises(DataError, match="was changed"):
        read_key(path)
    (out / SEAL).write_text("0" * 64)
    with pytest.raises(DataError):
        read_key(path, folder=out)


def test_the_order_follows_the_seed_and_is_not_that_of_the_names(images, tmp_path):
    orders = {
        seed: list(blind(images, tmp_path / f"c{seed}", key=tmp_path / f"k{seed}.json", seed=seed).codes.values())
        for seed in range(6)
    }
    again = blind(images, tmp_path / "again", key=tmp_path / "again.json", seed=2)
    assert list(again.codes.values()) == orders[2]
    assert len({tuple(order) for order in orders.values()}) > 1


def test_results_get_their_files_back(images, tmp_path):
    key = blind(images, tmp_path / "coded", key=tmp_path / "key.json", seed=3, repeats=2)
    assert len(key.codes) == 8
    codes = list(key.codes)
    table = unblind(pd.DataFrame({"image": [f"{codes[0]}.ome.tif", codes[1]], "count": [3, 4]}), key)
    assert list(table["file"]) == [key.codes[codes[0]], key.codes[codes[1]]]
    assert list(table["count"]) == [3, 4]
    assert table.attrs["missing"] == sorted(codes[2:])
    first, second = split_repeats({code: code for code in codes}, key)
    assert set(first) == set(second) == {str(path) for path in images}
    with pytest.raises(DataError, match="no code of this key"):
        unblind(pd.DataFrame({"image": ["image-999"]}), key)
    with pytest.raises(DataError, match="no column 'image'"):
        unblind(pd.DataFrame({"picture": ["image-001"]}), key)


def test_what_would_lose_data_or_give_names_away_is_refused(images, tmp_path):
    with pytest.raises(RequestError, match="among the coded images"):
        blind(images, tmp_path / "coded", key=tmp_path / "coded" / "key.json")
    (tmp_path / "key.json").write_text("{}")
    with pytest.raises(RequestError, match="not overwritten"):
        blind(images, tmp_path / "coded", key=tmp_path / "key.json")
    with pytest.raises(RequestError, match="more than once"):
        blind([images[0], images[0]], tmp_path / "coded", key=tmp_path / "k.json")
    with pytest.raises(RequestError, match="no images"):
        blind([], tmp_path / "coded", key=tmp_path / "k.json")
    broken = tmp_path / "broken.tif"
    broken.write_bytes(struct.pack("<2sHI", b"II", 42, 99999))
    with pytest.raises(DataError, match=r"broken\.tif cannot be read"):
        blind([broken], tmp_path / "coded", key=tmp_path / "k.json")
    assert not (tmp_path / "coded").exists()
    assert not (tmp_path / "k.json").exists()


def test_a_zarr_loses_its_name_and_keeps_its_scale(tmp_path):
    image = tmp_path / "knockout.ome.zarr"
    (image / "0").mkdir(parents=True)
    (image / "0" / "c").write_bytes(b"\x01\x02")
    scale = [{"path": "0", "coordinateTransformations": [{"type": "scale", "scale": [0.1, 0.1]}]}]
    axes = [{"name": "y", "type": "space", "unit": "micrometer"}, {"name": "x", "type": "space", "unit": "micrometer"}]
    (image / "zarr.json").write_text(
        json.dumps(
            {"attributes": {"ome": {"multiscales": [{"name": "knockout", "axes": axes, "datasets": scale}]}},
             "zarr_format": 3, "node_type": "group"}
        )
    )  # fmt: skip
    key = blind([image], tmp_path / "coded", key=tmp_path / "key.json")
    (code,) = key.codes
    copy = tmp_path / "coded" / f"{code}.ome.zarr"
    content = json.loads((copy / "zarr.json").read_text())
    one = content["attributes"]["ome"]["multiscales"][0]
    assert one == {"axes": axes, "datasets": scale}
    assert (copy / "0" / "c").read_bytes() == b"\x01\x02"
