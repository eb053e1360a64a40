"""There and back: what a person does in Fiji or TrackMate to an exported file becomes edits, and only that."""

import dataclasses
from xml.etree import ElementTree as ET

import numpy as np
import pytest

import migralab
from migralab.core.errors import DataError
from migralab.imaging.datasets import data_root, find_dataset, find_panel
from migralab.imaging.exchange.correction.apply import apply_edits
from migralab.imaging.exchange.difference import edits_from_rois, edits_from_trackmate
from migralab.imaging.exchange.edits import Edit, read_edits, write_edits
from migralab.imaging.exchange.imagej import write_rois
from migralab.imaging.exchange.outlines import find_outlines
from migralab.imaging.exchange.trackmate import write_trackmate
from migralab.imaging.exchange.trackmate_csv import write_trackmate_csv
from tests.unit.imaging.exchange.seen import PIXEL, observations, outlines

roifile = pytest.importorskip("roifile")


def export(tmp_path, frames=1):
    return write_rois(observations(frames), PIXEL, tmp_path / "given.zip", outlines=outlines(frames))


def in_fiji(file, corrected, work):
    """Open a set, let `work` change the list of regions, save it under another name."""
    rois = roifile.roiread(file)
    work(rois, {roi.name: roi for roi in rois})
    roifile.roiwrite(corrected, rois, mode="w", name=[f"{n:04}" for n in range(len(rois))])
    return corrected


def short(edits):
    return [(e.action, e.kind, e.frame, e.id) for e in edits]


def difference(tmp_path, work, frames=1):
    file = export(tmp_path, frames)
    return edits_from_rois(file, in_fiji(file, tmp_path / "back.zip", work), PIXEL, who="AB", when="2026-03-31")


def test_nothing_done_is_no_edit(tmp_path):
    assert difference(tmp_path, lambda rois, named: None).edits == ()


def test_names_that_fiji_dropped_cost_nothing(tmp_path):
    def work(rois, named):
        for number, roi in enumerate(rois):
            roi.name = f"{number:04}-0100"

    assert difference(tmp_path, work, frames=2).edits == ()


def test_a_correction_in_fiji_comes_back(tmp_path):
    def work(rois, named):
        rois.remove(named["migrasome-2-t2"])
        named["migrasome-0-t2"].xd += 10  # by 1 um
        named["migrasome-1-t1"].widthd += 4
        named["migrasome-1-t1"].heightd += 4
        named["fibre-2-t2"].subpixel_coordinates[0, 1] += 30
        new = roifile.ImagejRoi()
        new.roitype, new.name, new.position = roifile.ROI_TYPE.OVAL, "0200-0200", 2
        new.left, new.top, new.right, new.bottom = 197, 147, 204, 154
        rois.append(new)

    found = difference(tmp_path, work, frames=2).edits
    assert short(found) == [
        ("remove", "migrasome", 1, 2), ("change", "fibre", 1, 2), ("change", "migrasome", 0, 1),
        ("change", "migrasome", 1, 0), ("add", "migrasome", 1, -1),
    ]  # fmt: skip
    _, fibre, grown, moved, added = found
    assert (grown.diameter_um, grown.x_um, grown.y_um) == pytest.approx((1.6, 20.2, 10.2), abs=1e-4)
    assert (moved.x_um, moved.y_um, moved.diameter_um) == pytest.approx((31, 10, 1.0), abs=1e-4)
    assert (added.x_um, added.y_um, added.diameter_um) == pytest.approx((20.0, 15.0, 0.7))  # middle 200.5 - 0.5
    np.testing.assert_allclose(fibre.path_um, [[20, 23], [20, 10]], atol=1e-4)
    assert {e.who for e in found} == {"AB"}
    assert "region" in added.place


def test_fiji_to_table_to_result(tmp_path):
    """The whole way: export, correct, save as a table, read it, apply it."""

    def work(rois, named):
        rois.remove(named["fibre-2-t1"])
        named["migrasome-3-t1"].yd -= 50

    edits = read_edits(write_edits(difference(tmp_path, work).edits, tmp_path / "edits.csv"))
    seen = apply_edits(observations(), edits, outlines=outlines()).observations
    assert seen["fibres"]["fibre_id"].tolist() == [0, 1]
    assert seen["migrasomes"].loc[3, ["y_um", "edited"]].tolist() == [pytest.approx(15, abs=1e-4), True]
    again = edits_from_rois(
        write_rois(seen, PIXEL, tmp_path / "a.zip", outlines=outlines()),
        in_fiji(tmp_path / "given.zip", tmp_path / "back.zip", work),
        PIXEL,
        who="AB",
    )
    assert again.edits == ()  # the corrected result, exported, is what the person saved


def test_a_point_has_no_size(tmp_path):
    def work(rois, named):
        dot = roifile.ImagejRoi.frompoints(np.array([[250.0, 150.0]], np.float32), name="dot")
        dot.roitype = roifile.ROI_TYPE.POINT
        rois.append(dot)

    with pytest.raises(DataError, match=r"back\.zip, region 9 \('dot'\): .*a point has no size"):
        difference(tmp_path, work)


@pytest.mark.parametrize("frames", [1, 2])
def test_in_a_film_a_region_needs_a_frame(tmp_path, frames):
    def work(rois, named):
        new = roifile.ImagejRoi()
        new.roitype, new.name = roifile.ROI_TYPE.OVAL, "mine"
        new.left, new.top, new.right, new.bottom = 197, 147, 204, 154
        rois.append(new)

    if frames == 1:
        assert short(difference(tmp_path, work).edits) == [("add", "migrasome", 0, -1)]
    else:
        with pytest.raises(DataError, match="is bound to no frame of the film"):
            difference(tmp_path, work, frames)


def test_a_strange_original_is_refused(tmp_path):
    file = in_fiji(export(tmp_path), tmp_path / "b.zip", lambda rois, named: setattr(rois[0], "name", "0001-0002"))
    with pytest.raises(DataError, match="did not write; give the file as exported"):
        edits_from_rois(file, tmp_path / "given.zip", PIXEL, who="AB")


def in_trackmate(file, corrected, work):
    tree = ET.parse(file)
    root = tree.getroot()
    work(root, {(int(spot.get("FRAME")), spot.get("name")): spot for spot in root.iter("Spot")})
    tree.write(corrected)
    return corrected


def test_a_correction_in_trackmate_comes_back(tmp_path):
    given = write_trackmate(observations(3), tmp_path / "given.xml")

    def work(root, spots):
        frames = root.findall("Model/AllSpots/SpotsInFrame")
        gone = spots[2, "migrasome-2"]
        frames[2].remove(gone)
        for track in root.iter("Track"):
            for edge in list(track):
                if edge.get("SPOT_TARGET_ID") == gone.get("ID"):
                    track.remove(edge)
        spots[0, "migrasome-0"].set("POSITION_X", "31.5")
        spots[1, "migrasome-1"].set("RADIUS", "0.75")
        new = {"QUALITY": "-1.0", "POSITION_Z": "0.0", "RADIUS": "0.4", "VISIBILITY": "1"}
        lone = new | {
            "ID": "900",
            "name": "ID900",
            "FRAME": "1",
            "POSITION_X": "20.0",
            "POSITION_Y": "15.0",
            "POSITION_T": "5.0",
        }
        ET.SubElement(frames[1], "Spot", lone)
        joined = new | {
            "ID": "901",
            "name": "ID901",
            "FRAME": "2",
            "POSITION_X": "15.0",
            "POSITION_Y": "10.0",
            "POSITION_T": "10.0",
        }
        ET.SubElement(frames[2], "Spot", joined)
        track = next(t for t in root.iter("Track") if t.get("TRACK_ID") == "2")
        ET.SubElement(track, "Edge", SPOT_SOURCE_ID=spots[1, "migrasome-2"].get("ID"), SPOT_TARGET_ID="901")

    found = edits_from_trackmate(given, in_trackmate(given, tmp_path / "back.xml", work), who="AB")
    assert short(found.edits) == [
        ("remove", "migrasome", 2, 2), ("change", "migrasome", 0, 0), ("change", "migrasome", 1, 1),
        ("add", "migrasome", 1, -1), ("add", "migrasome", 2, 2),
    ]  # fmt: skip
    assert found.edits[1].x_um == 31.5
    assert found.edits[2].diameter_um == 1.5
    assert found.notes == ()
    seen = apply_edits(observations(3), found.edits, outlines=outlines(3)).observations
    assert seen["migrasomes"].groupby("frame")["migrasome_id"].apply(list).tolist() == [
        [0, 1, 2, 3], [0, 1, 2, 3, 4], [0, 1, 3, 2],
    ]  # fmt: skip


def test_links_are_counted_and_not_taken(tmp_path):
    given = write_trackmate(observations(3), tmp_path / "given.xml")

    def work(root, spots):
        track = next(t for t in root.iter("Track") if t.get("TRACK_ID") == "2")
        root.find("Model/AllTracks").remove(track)

    found = edits_from_trackmate(given, in_trackmate(given, tmp_path / "back.xml", work), who="AB")
    assert found.edits == ()
    assert found.notes[0].startswith("3 spots were linked to another track")


def test_tables_of_spots_do_as_well(tmp_path):
    given, *_ = write_trackmate_csv(observations(2), tmp_path / "given")
    lines = given.read_text().splitlines()
    (tmp_path / "back.csv").write_text("\n".join([*lines[:4], *lines[5:]]))
    found = edits_from_trackmate(given, tmp_path / "back.csv", who="AB")
    assert short(found.edits) == [("remove", "migrasome", 0, 0)]


def test_a_session_of_somebody_else_is_refused(tmp_path):
    given = write_trackmate(observations(), tmp_path / "given.xml")
    back = in_trackmate(given, tmp_path / "b.xml", lambda root, spots: spots[0, "migrasome-0"].set("name", "ID0"))
    with pytest.raises(DataError, match="spot 'ID0' was not written by migralab"):
        edits_from_trackmate(back, given, who="AB")
    assert edits_from_trackmate(given, back, who="AB").edits == ()


@pytest.mark.data
def test_a_published_panel_goes_there_and_back(tmp_path):
    """Zhao 2019 Fig. 1G: what nobody touched is no edit, and a vesicle set down where it was sits where it sat."""
    if data_root() is None:
        pytest.skip("no data folder (MIGRALAB_DATA)")
    name = "zhao2019_fig1g_CPQ_TSPAN4GFP"
    size = find_panel(name)[1].pixel_size_um
    seen, image, settings = migralab.measure_image(find_dataset(name), pixel_size=size)
    known = find_outlines(seen, image, settings)
    assert len(known.fibres) == len(seen["fibres"]) > 0
    assert len(known.cells) == len(seen["cells"])
    rois = write_rois(seen, size, tmp_path / "a.zip", outlines=known)
    assert edits_from_rois(rois, rois, size, who="AB").edits == ()
    session = write_trackmate(seen, tmp_path / "a.xml", micrograph=image)
    assert edits_from_trackmate(session, session, who="AB").edits == ()
    table = seen["migrasomes"]
    places = zip(table.migrasome_id, table.x_um, table.y_um, strict=True)
    again = [Edit(action="change", kind="migrasome", id=n, x_um=x, y_um=y, who="AB") for n, x, y in places]
    placed = apply_edits(seen, again, outlines=known).observations["migrasomes"]
    # two rules meet here: the network counts branches, the correction counts courses within reach
    assert (placed["attachment"] == table["attachment"]).mean() > 0.9
    assert (placed["cell_id"] == table["cell_id"]).mean() > 0.9


def test_who_is_asked_for(tmp_path):
    def work(rois, named):
        rois.remove(named["migrasome-2-t1"])

    file = export(tmp_path)
    with pytest.raises(DataError, match="who made this edit"):
        edits_from_rois(file, in_fiji(file, tmp_path / "b.zip", work), PIXEL, who="")


def test_edits_of_the_difference_are_whole(tmp_path):
    (one,) = difference(tmp_path, lambda rois, named: rois.remove(named["cell-0-t1"])).edits
    assert dataclasses.replace(one, place="").action == "remove"
    assert (one.kind, one.id) == ("cell", 0)
