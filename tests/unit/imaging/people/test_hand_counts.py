"""Files written by the documented formats come back as places in um, or are refused with the reason."""

import struct

import numpy as np
import pytest
import roifile

from migralab.core.errors import DataError
from migralab.imaging.people.hand_counts import HandScale, read_hand_count
from migralab.results.schema import TABLES

COUNTER = """<?xml version="1.0" encoding="UTF-8"?>
<CellCounter_Marker_File>
 <Image_Properties>
  <Image_Filename>dish1.tif</Image_Filename>{calibration}
 </Image_Properties>
 <Marker_Data>
  <Current_Type>1</Current_Type>
  <Marker_Type><Type>1</Type><Name>Type 1</Name>
   <Marker><MarkerX>10</MarkerX><MarkerY>20</MarkerY><MarkerZ>1</MarkerZ></Marker>
   <Marker><MarkerX>30</MarkerX><MarkerY>40</MarkerY><MarkerZ>2</MarkerZ></Marker>
  </Marker_Type>
  <Marker_Type><Type>2</Type><Name>cell</Name>
   <Marker><MarkerX>50</MarkerX><MarkerY>60</MarkerY><MarkerZ>1</MarkerZ></Marker>
  </Marker_Type>
  <Marker_Type><Type>3</Type></Marker_Type>
 </Marker_Data>
</CellCounter_Marker_File>
"""
CALIBRATION = (
    "<X_Calibration>0.2</X_Calibration><Y_Calibration>0.2</Y_Calibration><Calibration_Unit>micron</Calibration_Unit>"
)


def counter(tmp_path, calibration=""):
    path = tmp_path / "CellCounter_dish1.xml"
    path.write_text(COUNTER.format(calibration=calibration))
    return path


def point_roi(places, name="a", counters=None, t=None):
    roi = roifile.ImagejRoi.frompoints(np.array(places, np.float32), name=name, t=t)
    roi.roitype = roifile.ROI_TYPE.POINT
    if counters is not None:
        roi.counters = np.array(counters, np.uint8)
        roi.counter_positions = np.zeros(len(counters), np.uint32)
    return roi


def oval(left, top, width, height, name="tip-1", t=0):
    roi = roifile.ImagejRoi()
    roi.version, roi.roitype, roi.name, roi.t_position = 227, roifile.ROI_TYPE.OVAL, name, t
    roi.left, roi.top, roi.right, roi.bottom = left, top, left + width, top + height
    return roi


def test_cell_counter_markers_in_pixels_of_the_said_size(tmp_path):
    seen = read_hand_count(counter(tmp_path), scale=HandScale(pixel_size=0.1, frame_interval=8), kinds={"1": "tip"})
    assert seen.origin == "hand"
    assert set(seen.tables) == set(TABLES)
    rows = seen["migrasomes"]
    np.testing.assert_allclose(rows[["x_um", "y_um"]], [[1, 2], [3, 4]])
    assert list(rows["frame"]) == [0, 1]
    assert list(rows["time_min"]) == [0, 8]
    assert list(rows["attachment"]) == ["tip", "tip"]
    assert rows["diameter_um"].isna().all()
    np.testing.assert_allclose(seen["cells"][["x_um", "y_um"]], [[5, 6]])
    assert any("frames" in note for note in seen.notes)


def test_the_pixel_size_is_never_guessed_but_read_where_the_file_has_it(tmp_path):
    with pytest.raises(DataError, match=r"CellCounter_dish1\.xml gives places in pixels.*never guessed"):
        read_hand_count(counter(tmp_path))
    with pytest.raises(DataError, match="never guessed"):
        read_hand_count(counter(tmp_path, CALIBRATION.replace("micron", "pixel")))
    found = read_hand_count(counter(tmp_path, CALIBRATION))
    assert found["migrasomes"]["x_um"].iloc[0] == pytest.approx(2.0)
    assert read_hand_count(counter(tmp_path, CALIBRATION), scale=HandScale(pixel_size=0.1))["migrasomes"]["x_um"].iloc[
        0
    ] == pytest.approx(1.0)


def test_an_ellipse_has_the_diameter_of_a_circle_of_its_area(tmp_path):
    """Long axis 20 px, ratio 0.25 (the four bytes of a float): sqrt(20 x 5) = 10 px."""
    style, head, arc = struct.unpack(">BBh", struct.pack(">f", 0.25))
    roi = roifile.ImagejRoi.frompoints([[10, 20], [31, 21]], name="egg")
    roi.roitype, roi.subtype = roifile.ROI_TYPE.FREEHAND, roifile.ROI_SUBTYPE.ELLIPSE
    roi.x1, roi.y1, roi.x2, roi.y2 = 10.5, 20.5, 30.5, 20.5
    roi.arrow_style_or_aspect_ratio, roi.arrow_head_size, roi.rounded_rect_arc_size = style, head, arc
    file = tmp_path / "egg.roi"
    roi.tofile(file)
    seen = read_hand_count(file, scale=HandScale(pixel_size=0.1))
    assert seen["migrasomes"]["diameter_um"].tolist() == pytest.approx([1.0])


def test_points_count_from_the_middle_of_a_pixel_and_ovals_from_its_corner(tmp_path):
    path = tmp_path / "RoiSet.zip"
    roifile.roiwrite(path, [point_roi([[10, 20], [11.5, 20.25]]), oval(4, 6, 10, 10), oval(20, 6, 8, 18, "cell", t=3)])
    seen = read_hand_count(path, scale=HandScale(pixel_size=0.5), kinds={"a": "free"})
    rows = seen["migrasomes"]
    np.testing.assert_allclose(rows[["x_um", "y_um"]], [[5, 10], [5.75, 10.125], [4.25, 5.25]])
    # the pixels 4 to 13 have their middle at 8.5 in our counting
    assert rows["diameter_um"].iloc[2] == pytest.approx(5.0)
    assert list(rows["attachment"]) == ["free", "free", "tip"]
    assert list(seen["cells"]["frame"]) == [2]
    assert any("equal area" in note for note in seen.notes)


def test_multipoints_carry_their_counters(tmp_path):
    path = tmp_path / "one.roi"
    roifile.roiwrite(path, point_roi([[1, 1], [2, 2], [3, 3]], counters=[0, 1, 1]))
    seen = read_hand_count(path, scale=HandScale(pixel_size=1), kinds={"1": "junction", "0": "ignore"})
    assert list(seen["migrasomes"]["attachment"]) == ["junction", "junction"]
    with pytest.raises(DataError, match="no mark is of type '7'"):
        read_hand_count(path, scale=HandScale(pixel_size=1), kinds={"7": "tip"})


def test_other_selections_and_damaged_files_are_refused(tmp_path):
    path = tmp_path / "RoiSet.zip"
    roifile.roiwrite(path, [roifile.ImagejRoi.frompoints([[0, 0], [3, 3], [5, 1]], name="trace")])
    with pytest.raises(DataError, match=r"'trace' is a freehand selection.*points"):
        read_hand_count(path, scale=HandScale(pixel_size=1))
    path.write_bytes(b"PK\x03\x04 cut short")
    with pytest.raises(DataError, match="damaged"):
        read_hand_count(path, scale=HandScale(pixel_size=1))


@pytest.mark.parametrize(
    ("head", "scale", "expected"),
    [
        ("x_um,y_um,diameter_um", None, (3.0, 4.0, 1.5)),
        ("x_px,y_px,d_px", HandScale(pixel_size=0.1), (0.3, 0.4, 0.15)),
        ("X,Y,d", HandScale(unit="px", pixel_size=2), (6.0, 8.0, 3.0)),
        ("x,y,d", HandScale(unit="um"), (3.0, 4.0, 1.5)),
    ],
)
def test_tables_say_their_unit(tmp_path, head, scale, expected):
    path = tmp_path / "hand.csv"
    path.write_text(f"{head}\n3,4,1.5\n5,6,\n")
    rows = read_hand_count(path, scale=scale)["migrasomes"]
    assert tuple(rows[["x_um", "y_um", "diameter_um"]].iloc[0]) == pytest.approx(expected)
    assert np.isnan(rows["diameter_um"].iloc[1])


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("x,y\n1,2\n", "um or in pixels"),
        ("x_um,y_px\n1,2\n", "mixes"),
        ("x_um,z\n1,2\n", "needs one column y"),
        ("x_um,y_um\n1,two\n", "row 2.*two"),
        ("x_um,y_um,frame\n1,2,-1\n", "frames begin at 0"),
        ("x_um,y_um,d_um\n1,2,-1\n", "above 0"),
    ],
)
def test_tables_that_make_no_sense_are_refused(tmp_path, text, match):
    path = tmp_path / "hand.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=match):
        read_hand_count(path)


def test_an_image_without_any_mark_is_a_count_of_zero(tmp_path):
    path = tmp_path / "hand.csv"
    path.write_text("x_um,y_um\n")
    assert len(read_hand_count(path)["migrasomes"]) == 0
    with pytest.raises(DataError, match="no kind of mark"):
        read_hand_count(path, kinds={"1": "vesicle"})
