"""Each kind of TIFF gives the right plane for every frame, channel and z, and says what its metadata say."""

import shutil

import numpy as np
import pytest
import tifffile

from migralab.core.errors import DataError
from migralab.imaging.reading import open_series
from tests.unit.imaging.reading.files import numbered, plane_of


def check_planes(series, projected=0):
    for frame in range(series.frames):
        for channel in range(len(series.channels)):
            np.testing.assert_array_equal(series.plane(frame, channel), plane_of(frame, channel, projected))


@pytest.mark.parametrize("order", ["TCZYX", "TZCYX", "CTZYX", "ZTCYX", "CZTYX", "ZCTYX"])
@pytest.mark.parametrize("packed", [{}, {"compression": "zlib"}, {"tile": (16, 16)}, {"rowsperstrip": 3}])
def test_an_ome_tiff_in_any_order_gives_the_right_planes(tmp_path, order, packed):
    file = tmp_path / "a.ome.tif"
    data = numbered(3, 2, 4).transpose(["TCZYX".index(a) for a in order])
    metadata = {"axes": order, "PhysicalSizeX": 0.2, "PhysicalSizeZ": 0.5, "TimeIncrement": 2.0}
    tifffile.imwrite(file, data, metadata=metadata, photometric="minisblack", **packed)
    series = open_series(file)
    assert (series.frames, len(series.channels), series.depth) == (3, 2, 4)
    assert series.z_step_um == 0.5
    check_planes(series, projected=3)


@pytest.mark.parametrize(
    ("unit", "value"), [("nm", 120.0), ("µm", 0.12), ("mm", 0.00012), ("m", 1.2e-7), ("Å", 1200.0)]
)
def test_every_unit_of_length_gives_um(tmp_path, unit, value):
    file = tmp_path / "a.ome.tif"
    metadata = {"axes": "YX", "PhysicalSizeX": value, "PhysicalSizeXUnit": unit}
    tifffile.imwrite(file, numbered(1, 1)[0, 0, 0], metadata=metadata)
    assert open_series(file).pixel_size_um == pytest.approx(0.12)


@pytest.mark.parametrize("unit", ["pixel", "reference frame"])
def test_a_unit_that_is_no_length_asks(tmp_path, unit):
    file = tmp_path / "a.ome.tif"
    tifffile.imwrite(
        file, numbered(1, 1)[0, 0, 0], metadata={"axes": "YX", "PhysicalSizeX": 1.0, "PhysicalSizeXUnit": unit}
    )
    with pytest.raises(DataError, match="--pixel-size"):
        open_series(file)


def test_pixels_that_are_not_square_are_refused_with_the_file(tmp_path):
    file = tmp_path / "a.ome.tif"
    metadata = {"axes": "YX", "PhysicalSizeX": 0.1, "PhysicalSizeY": 0.2}
    tifffile.imwrite(file, numbered(1, 1)[0, 0, 0], metadata=metadata)
    with pytest.raises(DataError, match=r"a\.ome\.tif.*not square"):
        open_series(file)


def test_uneven_time_stamps_are_kept_and_even_ones_give_the_interval(tmp_path):
    for name, stamps in (("even", [0, 60, 120]), ("uneven", [0, 60, 300])):
        plane = {"DeltaT": [s for s in stamps for _ in range(2)], "DeltaTUnit": ["s"] * 6}
        metadata = {"axes": "TCYX", "PhysicalSizeX": 0.1, "Plane": plane}
        tifffile.imwrite(tmp_path / f"{name}.ome.tif", numbered(3, 2)[:, :, 0], metadata=metadata)
    assert open_series(tmp_path / "even.ome.tif").frame_interval_min == pytest.approx(1.0)
    uneven = open_series(tmp_path / "uneven.ome.tif")
    assert [uneven.time_min(f) for f in range(3)] == pytest.approx([0, 1, 5])
    assert uneven.load().time_min(2) == pytest.approx(5)
    assert open_series(tmp_path / "uneven.ome.tif", frame_interval=2.0).time_min(2) == 4.0


def test_stamps_that_contradict_the_declared_interval_are_said(tmp_path):
    plane = {"DeltaT": [0.0, 60.0, 120.0], "DeltaTUnit": ["s"] * 3}
    metadata = {"axes": "TYX", "PhysicalSizeX": 0.1, "TimeIncrement": 5.0, "Plane": plane}
    tifffile.imwrite(tmp_path / "a.ome.tif", numbered(3, 1)[:, 0, 0], metadata=metadata, photometric="minisblack")
    series = open_series(tmp_path / "a.ome.tif")
    assert series.time_min(2) == pytest.approx(2.0)
    assert any("time stamps" in note for note in series.notes)


def write_set(folder):
    """Write one OME-TIFF of two frames in two files, each with the XML of the whole."""
    uuids = ["urn:uuid:00000000-0000-0000-0000-00000000000" + n for n in "01"]
    data = numbered(2, 1)[:, 0, 0]
    blocks = "".join(
        f'<TiffData FirstT="{t}" IFD="0" PlaneCount="1"><UUID FileName="part{t}.ome.tif">{uuids[t]}</UUID></TiffData>'
        for t in range(2)
    )
    for t in range(2):
        xml = (
            '<?xml version="1.0" encoding="UTF-8"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" '
            f'UUID="{uuids[t]}"><Image ID="Image:0"><Pixels ID="Pixels:0" DimensionOrder="XYZCT" Type="uint16" '
            'SizeX="24" SizeY="20" SizeZ="1" SizeC="1" SizeT="2" PhysicalSizeX="0.1" TimeIncrement="60">'
            f'<Channel ID="Channel:0:0" Name="WGA"/>{blocks}</Pixels></Image></OME>'
        )
        tifffile.imwrite(folder / f"part{t}.ome.tif", data[t], description=xml, metadata=None)


@pytest.mark.parametrize("opened", [0, 1])
def test_a_set_of_files_is_one_series(tmp_path, opened):
    write_set(tmp_path)
    series = open_series(tmp_path / f"part{opened}.ome.tif")
    assert series.frames == 2
    assert series.channels == ("WGA",)
    check_planes(series)


def test_a_set_with_a_file_missing_names_it(tmp_path):
    write_set(tmp_path)
    (tmp_path / "part1.ome.tif").unlink()
    with pytest.raises(DataError, match=r"one of a set.*part1\.ome\.tif"):
        open_series(tmp_path / "part0.ome.tif")


@pytest.mark.parametrize("master", ["part0.ome.tif", "set.companion.ome"])
def test_a_file_without_metadata_leads_to_the_one_that_has_them(tmp_path, master):
    write_set(tmp_path)
    (tmp_path / "set.companion.ome").write_text("<OME/>")
    xml = (
        '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" UUID="urn:uuid:9">'
        f'<BinaryOnly MetadataFile="{master}" UUID="urn:uuid:0"/></OME>'
    )
    tifffile.imwrite(tmp_path / "bare.ome.tif", numbered(1, 1)[0, 0, 0], description=xml, metadata=None)
    if master.endswith("tif"):
        check_planes(open_series(tmp_path / "bare.ome.tif"))
    else:
        with pytest.raises(DataError, match=r"bare\.ome\.tif.*set\.companion\.ome.*save it as one OME-TIFF"):
            open_series(tmp_path / "bare.ome.tif")


def test_the_full_resolution_of_a_pyramid_is_read_and_other_images_are_said(tmp_path):
    data = numbered(3, 1, side=(64, 64))[:, 0, 0]
    metadata = {"axes": "TYX", "PhysicalSizeX": 0.1, "TimeIncrement": 60.0}
    with tifffile.TiffWriter(tmp_path / "a.ome.tif") as writer:
        writer.write(data, subifds=1, tile=(32, 32), photometric="minisblack", metadata=metadata)
        writer.write(data[:, ::2, ::2], subfiletype=1, tile=(32, 32), photometric="minisblack")
        writer.write(data[0, :40], photometric="minisblack", metadata={"axes": "YX"})
    series = open_series(tmp_path / "a.ome.tif")
    for frame in range(3):
        np.testing.assert_array_equal(series.plane(frame, 0), plane_of(frame, 0, side=(64, 64)))
    assert any("holds 2 images; the first" in n for n in series.notes)


def write_imagej(file, data, axes, **metadata):
    tifffile.imwrite(file, data, imagej=True, resolution=(8, 8), metadata={"axes": axes, "unit": "um", **metadata})


def test_an_imagej_hyperstack_gives_the_right_planes_scale_and_interval(tmp_path):
    file = tmp_path / "a.tif"
    write_imagej(file, numbered(3, 2, 4).transpose(0, 2, 1, 3, 4), "TZCYX", spacing=0.3, finterval=30.0)
    series = open_series(file)
    assert (series.frames, len(series.channels), series.depth) == (3, 2, 4)
    assert series.pixel_size_um == 0.125
    assert series.z_step_um == pytest.approx(0.3)
    assert series.frame_interval_min == pytest.approx(0.5)
    check_planes(series, projected=3)


def test_an_imagej_stack_beyond_four_gigabytes_has_one_page_and_all_planes(tmp_path):
    """ImageJ writes no further pages then: the planes follow the first one."""
    file, data = tmp_path / "a.tif", numbered(4, 1)[:, 0, 0]
    text = "ImageJ=1.53t\nimages=4\nframes=4\nhyperstack=true\nunit=um\nfinterval=60\n"
    tifffile.imwrite(file, data[0], description=text, metadata=None, resolution=(10, 10), byteorder=">")
    file.write_bytes(file.read_bytes() + data[1:].astype(">u2").tobytes())
    series = open_series(file)
    assert series.frames == 4
    check_planes(series)
    file.write_bytes(file.read_bytes()[:-300])
    with pytest.raises(DataError, match="promises 4 planes"):
        open_series(file)


@pytest.mark.parametrize(
    ("unit", "per_unit"), [("nm", 0.008), ("micron", 8), ("\\u00B5m", 8), ("mm", 8000), ("cm", 80000)]
)
def test_imagej_units(tmp_path, unit, per_unit):
    file = tmp_path / "a.tif"
    tifffile.imwrite(
        file, numbered(1, 1)[0, 0, 0], imagej=True, resolution=(per_unit, per_unit), metadata={"unit": unit}
    )
    assert open_series(file).pixel_size_um == pytest.approx(0.125, rel=1e-3)


@pytest.mark.parametrize("unit", ["pixel", "inch"])
def test_an_imagej_unit_that_is_no_length_of_a_specimen_asks(tmp_path, unit):
    file = tmp_path / "a.tif"
    tifffile.imwrite(file, numbered(1, 1)[0, 0, 0], imagej=True, resolution=(72, 72), metadata={"unit": unit})
    with pytest.raises(DataError, match=f"'{unit}'.*--pixel-size"):
        open_series(file)


def test_the_tag_of_a_plain_tiff_is_a_hint_and_not_used(tmp_path):
    file = tmp_path / "a.tif"
    tifffile.imwrite(file, numbered(1, 1)[0, 0, 0], resolution=(1e5, 1e5), resolutionunit="CENTIMETER")
    with pytest.raises(DataError, match=r"would mean 0\.1 um"):
        open_series(file)


@pytest.mark.parametrize("dtype", ["u1", "u2", "u4", "i2", "i4", "f4", "f8", "f2"])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("packed", [None, "zlib"])
def test_every_type_and_byte_order(tmp_path, dtype, order, packed):
    file = tmp_path / "a.tif"
    data = numbered(1, 2, dtype=dtype)[0, :, 0]
    tifffile.imwrite(
        file, data, byteorder=order, metadata={"axes": "CYX"}, photometric="minisblack", compression=packed
    )
    series = open_series(file, pixel_size=0.1)
    check_planes(series)
    assert series.plane(0, 0).dtype == np.dtype("=f4")
    assert (series.grey_step == 1.0) == (dtype[0] in "ui")


def test_samples_that_are_no_colours_are_channels(tmp_path):
    file = tmp_path / "a.tif"
    data = np.moveaxis(numbered(1, 5)[0, :, 0], 0, -1)
    tifffile.imwrite(file, data, photometric="minisblack", planarconfig="contig")
    series = open_series(file, pixel_size=0.1)
    assert len(series.channels) == 5
    check_planes(series)


def test_a_movie_in_colour_measures_one_colour(tmp_path):
    file = tmp_path / "a.tif"
    grey = numbered(3, 1, dtype="u1")[:, 0, 0] * 20
    tifffile.imwrite(file, np.stack([grey // 9, grey, grey // 5], axis=-1), photometric="rgb")
    series = open_series(file, pixel_size=0.1, frame_interval=1.0)
    assert (series.frames, series.channels) == (3, ("green",))
    np.testing.assert_array_equal(series.plane(2, 0), grey[2])


def test_a_wrong_ending_does_not_matter(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", numbered(1, 1)[0, 0, 0])
    shutil.copy(tmp_path / "a.tif", tmp_path / "a.png")
    np.testing.assert_array_equal(open_series(tmp_path / "a.png", pixel_size=0.1).plane(0, 0), plane_of(0, 0))


def test_a_file_of_a_microscope_says_how_to_convert_it(tmp_path):
    (tmp_path / "a.czi").write_bytes(b"ZISRAWFILE")
    with pytest.raises(DataError, match="OME-TIFF"):
        open_series(tmp_path / "a.czi")
