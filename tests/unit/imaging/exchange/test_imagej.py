"""ROI sets: what Fiji would show lies on what was measured, and comes back as it went."""

import struct
import zipfile

import numpy as np
import pytest

from migralab.core.errors import DataError, RequestError
from migralab.imaging.exchange.imagej import read_rois, write_rois
from tests.unit.imaging.exchange.seen import CELL, COURSES, PIXEL, PLACES, observations, outlines, with_migrasomes

roifile = pytest.importorskip("roifile")


def draw(roitype, name="", **fields):
    roi = roifile.ImagejRoi()
    roi.roitype, roi.name = roitype, name
    for key, value in fields.items():
        setattr(roi, key, value)
    return roi


def aspect(ratio):
    """The four bytes of the ratio of an ellipse's axes, as roifile wants them (offset 52 of the header)."""
    style, head, arc = struct.unpack(">BBh", struct.pack(">f", ratio))
    return {"arrow_style_or_aspect_ratio": style, "arrow_head_size": head, "rounded_rect_arc_size": arc}


def save(path, *rois):
    roifile.roiwrite(path, list(rois), mode="w", name=[f"r{n}" for n in range(len(rois))])
    return path


def test_what_was_written_comes_back(tmp_path):
    file = write_rois(observations(), PIXEL, tmp_path / "rois.zip", outlines=outlines())
    shapes = read_rois(file, PIXEL)
    assert [(s.kind, s.id) for s in shapes] == [
        *(("migrasome", n) for n in PLACES), *(("fibre", n) for n in COURSES), ("cell", 0),
    ]  # fmt: skip
    for shape in shapes[:4]:
        x, y, diameter, *_ = PLACES[shape.id]
        assert (shape.x_um, shape.y_um, shape.diameter_um) == pytest.approx((x, y, diameter), abs=1e-4)
    for shape in shapes[4:7]:
        np.testing.assert_allclose(shape.path_um, COURSES[shape.id], atol=1e-4)
    np.testing.assert_allclose(shapes[7].path_um, CELL, atol=1e-4)
    assert (shapes[7].x_um, shapes[7].y_um) == pytest.approx((5, 10), abs=1e-4)


def test_an_oval_covers_the_pixels_of_the_vesicle(tmp_path):
    """ImageJ counts areas from the corner of a pixel: pixel 300 spans 300 to 301 there, and is at 30.0 um here."""
    write_rois(observations(), PIXEL, tmp_path / "rois.zip")
    oval = next(roi for roi in roifile.roiread(tmp_path / "rois.zip") if roi.name == "migrasome-0-t1")
    assert oval.roitype.name == "OVAL"
    rows, columns = np.mgrid[:300, :400]
    vesicle = np.hypot(columns * PIXEL - 30, rows * PIXEL - 10) < 0.502
    centre = oval.xd + oval.widthd / 2, oval.yd + oval.heightd / 2
    shown = np.hypot(columns + 0.5 - centre[0], rows + 0.5 - centre[1]) < oval.widthd / 2 + 0.02
    assert (vesicle == shown).all()
    assert (oval.left, oval.top, oval.right, oval.bottom) == (295, 95, 306, 106)


def test_lines_are_counted_from_the_centre_of_a_pixel(tmp_path):
    write_rois(observations(), PIXEL, tmp_path / "rois.zip", outlines=outlines())
    found = {roi.name: roi for roi in roifile.roiread(tmp_path / "rois.zip")}
    assert found["fibre-1-t1"].roitype.name == "POLYLINE"
    np.testing.assert_allclose(found["fibre-1-t1"].coordinates(), [[300, 100], [200, 100]], atol=1e-3)
    assert found["cell-0-t1"].roitype.name == "POLYGON"
    np.testing.assert_allclose(found["cell-0-t1"].coordinates()[0], [0.5, 50.5], atol=1e-3)


@pytest.mark.parametrize(("channels", "where"), [(1, "position"), (2, "t_position")])
def test_a_region_is_bound_to_its_frame(tmp_path, channels, where):
    write_rois(observations(3), PIXEL, tmp_path / "rois.zip", channels=channels)
    rois = roifile.roiread(tmp_path / "rois.zip")
    assert [getattr(roi, where) for roi in rois] == [1] * 4 + [2] * 4 + [3] * 4
    assert [shape.frame for shape in read_rois(tmp_path / "rois.zip", PIXEL)] == [0] * 4 + [1] * 4 + [2] * 4


def test_an_old_set_is_left_alone_or_replaced_whole(tmp_path):
    file = write_rois(observations(), PIXEL, tmp_path / "rois.zip")
    before = file.read_bytes()
    with pytest.raises(RequestError, match="exists and is left as it is"):
        write_rois(observations(), PIXEL, file)
    assert file.read_bytes() == before
    write_rois(observations(3), PIXEL, file, replace=True)
    with zipfile.ZipFile(file) as archive:
        assert len(archive.namelist()) == 12  # not 4 + 12
    assert [path.name for path in tmp_path.iterdir()] == ["rois.zip"]


def test_what_a_person_draws_is_taken_by_its_form(tmp_path):
    kinds, ellipse = roifile.ROI_TYPE, roifile.ROI_SUBTYPE.ELLIPSE
    dots = roifile.ImagejRoi.frompoints(np.array([[10.0, 20.0], [30.0, 40.0]], np.float32), name="0020-0010")
    dots.roitype = kinds.POINT
    path = roifile.ImagejRoi.frompoints(np.array([[1.0, 2.0], [3.0, 4.0], [9.0, 4.0]], np.float32), name="way")
    path.roitype = kinds.FREELINE
    body = roifile.ImagejRoi.frompoints(np.array([[0, 0], [10, 0], [10, 10], [0, 10]], np.float32), name="0005-0005")
    body.roitype = kinds.FREEHAND
    file = save(
        tmp_path / "hand.zip",
        draw(kinds.OVAL, "0012-0011", left=6, top=7, right=16, bottom=17, position=3),
        draw(kinds.FREEHAND, "egg", subtype=ellipse, x1=10.5, y1=20.5, x2=30.5, y2=20.5, **aspect(0.25)),
        dots,
        draw(kinds.LINE, "l", x1=1.0, y1=1.0, x2=4.0, y2=5.0),
        path,
        body,
    )  # fmt: skip
    oval, egg, first, second, line, way, cell = read_rois(file, 0.5)
    assert (oval.kind, oval.frame, oval.id) == ("migrasome", 2, -1)
    assert (oval.x_um, oval.y_um, oval.diameter_um) == pytest.approx((5.25, 5.75, 5.0))  # middle of 6-16 is 10.5 - 0.5
    assert (egg.x_um, egg.y_um, egg.diameter_um) == pytest.approx((10.0, 10.0, 5.0), rel=1e-6)  # sqrt(20 * 5) px
    assert [(d.x_um, d.y_um) for d in (first, second)] == [(5.0, 10.0), (15.0, 20.0)]
    assert np.isnan(first.diameter_um)
    np.testing.assert_allclose(line.path_um, [[0.5, 0.5], [2.0, 2.5]])
    assert (way.kind, len(way.path_um)) == ("fibre", 3)
    assert (cell.kind, cell.x_um, cell.y_um) == ("cell", pytest.approx(2.25), pytest.approx(2.25))


def test_a_name_goes_before_the_form(tmp_path):
    square = roifile.ImagejRoi.frompoints(np.array([[0, 0], [10, 0], [10, 10], [0, 10]], np.float32))
    square.roitype, square.name = roifile.ROI_TYPE.POLYGON, "migrasome by hand"
    (shape,) = read_rois(save(tmp_path / "a.zip", square), 0.1)
    assert shape.kind == "migrasome"
    assert shape.diameter_um == pytest.approx(np.sqrt(4 * 1.0 / np.pi), rel=1e-5)  # equal area, 1 um2


@pytest.mark.parametrize("form", ["ANGLE", "NOROI"])
def test_what_is_no_object_is_named(tmp_path, form):
    file = save(tmp_path / "a.zip", draw(roifile.ROI_TYPE[form], "corner"))
    with pytest.raises(DataError, match=r"a\.zip: 'corner' is a selection of kind"):
        read_rois(file, 0.1)


def test_a_fibre_that_is_an_oval_is_refused(tmp_path):
    file = save(tmp_path / "a.zip", draw(roifile.ROI_TYPE.OVAL, "fibre-3-t1", left=1, top=1, right=5, bottom=5))
    with pytest.raises(DataError, match="named as a fibre, and no object is read from it"):
        read_rois(file, 0.1)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 torn", b"Iout" + bytes(10), b"text"])
def test_a_damaged_file_is_one_message(tmp_path, content):
    for name in ("a.zip", "a.roi"):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError, match="cannot be read"):
            read_rois(tmp_path / name, 0.1)


def test_a_vesicle_without_a_size_is_a_point(tmp_path):
    seen = with_migrasomes(observations(), diameter_um=np.nan)
    shapes = read_rois(write_rois(seen, PIXEL, tmp_path / "a.zip"), PIXEL)
    assert [(s.kind, s.id, round(s.x_um, 3)) for s in shapes] == [("migrasome", n, PLACES[n][0]) for n in PLACES]
    assert all(np.isnan(shape.diameter_um) for shape in shapes)


def test_requests_that_make_no_sense(tmp_path):
    with pytest.raises(RequestError, match=r"a ROI set is a \.zip"):
        write_rois(observations(), PIXEL, tmp_path / "a.roi")
    with pytest.raises(RequestError, match="pixel size"):
        write_rois(observations(), 0.0, tmp_path / "a.zip")
    with pytest.raises(DataError, match="There is no ROI file"):
        read_rois(tmp_path / "none.zip", PIXEL)
    assert list(tmp_path.iterdir()) == []
