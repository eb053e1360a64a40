"""Exports of a dish worked out by hand, each read back by the rules of its format and not by our own code."""

import base64
import dataclasses
import json
import xml.etree.ElementTree as ET
import zlib

import numpy as np
import pytest
import zarr

from migralab.core.errors import DataError, RequestError, UnknownIdError
from migralab.results.export import export
from migralab.results.export.export import Format, export_run
from migralab.results.export.frame import choose_frames, rows_at, standing_fibres, trace_lines
from migralab.results.fields import FieldSeries
from migralab.results.observations import conform
from migralab.results.run import Provenance, Run

NEVER = float("inf")
TIMES = (0.0, 22.0, 30.0)

# node: parent, x, y, born, breaks, detached. At 30 min, from tips to the rear of cell 7 at (3, 12):
#   1 -5- 2 -6- 4 -2- rear, as 5 is not laid yet;   3 | 2 broke at 25;   8 -5- 9 | 10 broke at 15;   10 -8- rear
# At 22 min, with the rear at (3, 7):  1 -5- 2 -3- rear;  3 -4- 2;  8 -5- 9;  10 -13- rear
# Node 6 hangs on a cell that is in no frame, so nothing stands there.
NODES = {
    1: (2, 0.0, 0.0, 10.0, NEVER, NEVER),
    2: (4, 3.0, 4.0, 20.0, NEVER, NEVER),
    3: (2, 3.0, 0.0, 5.0, 25.0, 25.0),
    4: (5, 3.0, 10.0, 28.0, NEVER, NEVER),
    5: (-1, 3.0, 11.0, 40.0, NEVER, NEVER),
    6: (-1, 10.0, 0.0, 1.0, NEVER, NEVER),
    8: (9, 20.0, 0.0, 2.0, NEVER, 15.0),
    9: (10, 20.0, 5.0, 3.0, 15.0, 15.0),
    10: (-1, 3.0, 20.0, 4.0, NEVER, NEVER),
}
CUE = FieldSeries(
    name="cue", unit="nM", values=np.arange(18, dtype=np.float32).reshape(3, 2, 3), spacing_um=(4.0, 2.0),
    origin_um=(-4.0, 10.0), depth_um=5.0, meaning="free cue",
    obstacle=np.array([[False, True, False], [False, False, False]]),
)  # fmt: skip
BOUND = dataclasses.replace(CUE, name="cue_bound", unit="1/um^2", values=CUE.values * 10, obstacle=None)
BOX = FieldSeries(
    name="box", unit="nM", values=np.arange(36, dtype=np.float32).reshape(3, 2, 2, 3), spacing_um=(1.0, 4.0, 2.0),
    origin_um=(0.0, -4.0, 10.0), depth_um=None, meaning="in 3D",
)  # fmt: skip


def table(name, **columns):
    return {key: values.to_numpy() for key, values in conform(name, columns).items()}


def made(*fields):
    record = Provenance(
        key="k", entry="e", arm="a", seed=1, status="completed", field_area_um2=1e4, frames_min=TIMES, versions={}
    )
    parent, x, y, born, breaks, detached = zip(*NODES.values(), strict=True)
    tables = {
        "cells": table(
            "cells", frame=[0, 1, 2], time_min=TIMES, cell_id=[7] * 3, x_um=[3.0] * 3, y_um=[5.0, 9.0, 14.0],
            heading_x=[0.0] * 3, heading_y=[1.0] * 3, rear_x_um=[3.0] * 3, rear_y_um=[3.0, 7.0, 12.0],
            rear_width_um=[8.0] * 3, moving=[True] * 3,
        ),
        "nodes": table(
            "nodes", node_id=list(NODES), cell_id=[9 if node == 6 else 7 for node in NODES], parent_id=parent, x_um=x,
            y_um=y, born_min=born, breaks_min=breaks, detached_min=detached,
        ),
        "migrasomes": table(
            "migrasomes", frame=[1, 2, 2, 2], migrasome_id=[7, 7, 1, 2], x_um=[3.0, 3.0, 20.0, 0.0],
            y_um=[4.0, 4.0, 0.0, 0.0], diameter_um=[1.0, 2.0, 3.0, 0.5], attached=[True, True, False, True],
            stage=["precursor", "stabilised", "stabilised", "precursor"], attachment=["junction"] * 2 + ["tip"] * 2,
        ),
    }  # fmt: skip
    return Run(experiment="id: e\n", provenance=record, tables=tables, fields={field.name: field for field in fields})


def lengths(fibres):
    rows = fibres.stretches
    return sorted(np.linalg.norm(fibres.points[rows] - fibres.points[fibres.onward[rows]], axis=1).tolist())


def fibres_at(frame):
    run = made()
    return standing_fibres(run.tables["nodes"], rows_at(run.tables["cells"], frame), TIMES[frame])


def test_only_what_stands_at_its_time_is_there():
    assert lengths(fibres_at(0)) == []
    assert lengths(fibres_at(1)) == [3, 4, 5, 5, 13]
    assert lengths(fibres_at(2)) == [2, 5, 5, 6, 8]
    standing = fibres_at(2)
    free = {int(node) for node in standing.node_id[standing.stretches[~standing.attached[standing.stretches]]]}
    assert free == {8}


@pytest.mark.parametrize(
    ("frame", "wanted"), [(0, []), (1, [[1, 2, -1], [3, 2], [8, 9], [10, -1]]), (2, [[1, 2, 4, -1], [8, 9], [10, -1]])]
)
def test_lines_run_from_free_ends_to_the_cell_and_hold_every_stretch_once(frame, wanted):
    fibres = fibres_at(frame)
    assert [fibres.node_id[line].tolist() for line in trace_lines(fibres)] == wanted


def test_frames_are_chosen_by_word_or_number():
    run = made()
    assert [choose_frames(run, asked) for asked in ("all", "last", "1")] == [[0, 1, 2], [2], [1]]
    for asked in ("3", "-1", "first", ""):
        with pytest.raises(RequestError, match="frames 0 to 2"):
            choose_frames(run, asked)


def read_vtk(path):
    """Read an XML file of VTK by its published layout: arrays by name, and the elements."""
    root = ET.parse(path).getroot()
    assert root.attrib["compressor"] == "vtkZLibDataCompressor"
    text = root.find("AppendedData").text.strip().removeprefix("_")
    arrays = {}
    for element in root.iter("DataArray"):
        start = int(element.attrib["offset"])
        blocks = int.from_bytes(base64.b64decode(text[start : start + 12])[:8], "little")
        width = -(-8 * (3 + blocks) // 3) * 4  # characters of base64 in the header
        header = np.frombuffer(base64.b64decode(text[start : start + width]), np.uint64)
        packed = base64.b64decode(text[start + width : start + width + -(-int(header[3:].sum()) // 3) * 4])
        values = np.frombuffer(zlib.decompress(packed) if blocks else b"", element.attrib["type"].lower())
        components = int(element.attrib["NumberOfComponents"])
        arrays[element.attrib["Name"]] = values.reshape(-1, components) if components > 1 else values
    return arrays, root


def test_vtk_holds_points_lines_and_voxels_of_each_frame(tmp_path):
    told = []
    folder = export_run(made(CUE, BOX), "vtk", tmp_path / "out", progress=lambda *now: told.append(now))
    assert told[-1] == (9, 9)
    for kind in ("cells", "migrasomes", "fibres", "field_cue", "field_box"):
        listed = ET.parse(folder / f"{kind}.pvd").getroot().findall(".//DataSet")
        assert [float(entry.attrib["timestep"]) for entry in listed] == list(TIMES)
        assert all((folder / entry.attrib["file"]).is_file() for entry in listed)
    fibres, _ = read_vtk(folder / "frames" / "fibres_00002.vtp")
    ends = fibres["Points"][fibres["connectivity"].reshape(-1, 2)]
    assert sorted(np.linalg.norm(ends[:, 0] - ends[:, 1], axis=1).tolist()) == [2, 5, 5, 6, 8]
    # In order of the nodes table: 1, 2, 4 (to the rear), 8 (cut off), 10 (to the rear)
    assert fibres["attached"].tolist() == [1, 1, 1, 0, 1]
    assert fibres["live"].tolist() == [0, 0, 1, 0, 1]
    assert fibres["age_min"].tolist() == [20, 10, 2, 28, 26]
    assert fibres["cell_id"].tolist() == [7] * 5
    vesicles, _ = read_vtk(folder / "frames" / "migrasomes_00002.vtp")
    assert vesicles["Points"].tolist() == [[3, 4, 1], [20, 0, 1.5], [0, 0, 0.25]]  # one radius above the ground
    assert vesicles["diameter_um"].tolist() == [2, 3, 0.5]
    assert vesicles["attached"].tolist() == [1, 0, 1]
    assert vesicles["stage"].tolist() == [1, 1, 0]
    assert vesicles["limiter"].tolist() == [-1] * 3
    cells, _ = read_vtk(folder / "frames" / "cells_00002.vtp")
    assert cells["Points"].tolist() == [[3, 14, 0]]
    assert cells["heading"].tolist() == [[0, 1, 0]]
    nobody, root = read_vtk(folder / "frames" / "migrasomes_00000.vtp")
    assert nobody["Points"].size == 0
    assert root.find(".//Piece").attrib["NumberOfPoints"] == "0"


@pytest.mark.parametrize(
    ("field", "extent", "origin", "spacing"),
    [
        (CUE, "0 3 0 2 0 1", "10.0 -4.0 0.0", "2.0 4.0 5.0"),
        (BOX, "0 3 0 2 0 2", "10.0 -4.0 0.0", "2.0 4.0 1.0"),
    ],
)
def test_vtk_voxels_have_their_place_and_order(tmp_path, field, extent, origin, spacing):
    folder = export_run(made(field), "vtk", tmp_path / "out", frames="1")
    arrays, root = read_vtk(folder / "frames" / f"field_{field.name}_00001.vti")
    image = root.find("ImageData")
    assert (image.attrib["WholeExtent"], image.attrib["Origin"], image.attrib["Spacing"]) == (extent, origin, spacing)
    assert arrays[field.name].tolist() == field.values[1].ravel().tolist()  # x fastest, then y, then z
    if field is CUE:
        assert arrays["obstacle"].tolist() == [0, 1, 0, 0, 0, 0]
    assert [path.name for path in (folder / "frames").glob("cells*")] == ["cells_00001.vtp"]


def read_agents(content, frame):
    """Walk through the numbers of a frame as the file format says: 11 for an agent, then its points."""
    numbers, agents = content["spatialData"]["bundleData"][frame]["data"], []
    names = content["trajectoryInfo"]["typeMapping"]
    while numbers:
        kind, ident, type_, x, y, z, *_, radius, more = numbers[:11]
        more = int(more)
        agents.append((names[str(int(type_))]["name"], int(ident), kind, (x, y, z), radius, numbers[11 : 11 + more]))
        numbers = numbers[11 + more :]
    return agents


def test_simularium_holds_every_agent_with_type_place_and_size(tmp_path):
    path = export_run(made(), "simularium", tmp_path / "dish.simularium")
    content = json.loads(path.read_text(encoding="utf-8"))
    info = content["trajectoryInfo"]
    assert (info["version"], info["totalSteps"], info["timeUnits"]["name"]) == (3, 3, "min")
    assert [frame["time"] for frame in content["spatialData"]["bundleData"]] == list(TIMES)
    # All there ever was lies in x 0 to 20, y 0 to 20, z 0; the margin is the widest rear but at least 10 um
    assert info["size"] == {"x": 40, "y": 40, "z": 20}
    agents = read_agents(content, 2)
    assert len({ident for _, ident, *_ in agents}) == len(agents) == 7
    by_type = {}
    for name, _, kind, place, radius, points in agents:
        by_type.setdefault(name, []).append((kind, place, radius, points))
    # Places count from the middle of the box, (10, 10, 0)
    assert by_type["cell"] == [(1000, (-7, 4, 4), 4, [])]
    assert by_type["migrasome attached"] == [(1000, (-7, -6, 1), 1, [])]
    assert by_type["migrasome detached"] == [(1000, (10, -10, 1.5), 1.5, [])]
    assert by_type["precursor"] == [(1000, (-10, -10, 0.25), 0.25, [])]
    intact = [points for kind, _, _, points in by_type["fibre intact"] if kind == 1001]
    assert intact == [[-10, -10, 0, -7, -6, 0, -7, 0, 0, -7, 2, 0], [-7, 10, 0, -7, 2, 0]]
    assert [points for *_, points in by_type["fibre detached"]] == [[10, -10, 0, 10, -5, 0]]


def test_simularium_keeps_the_id_of_an_agent_over_frames(tmp_path):
    path = export_run(made(), "simularium", tmp_path / "dish.simularium")
    content = json.loads(path.read_text(encoding="utf-8"))
    early, late = ({place: ident for _, ident, _, place, *_ in read_agents(content, frame)} for frame in (1, 2))
    assert early[(-7, -6, 0.5)] == late[(-7, -6, 1)]  # migrasome 7, not cell 7, grew from 1 um to 2 um


def test_ome_zarr_places_voxels_by_their_centres(tmp_path):
    path = export_run(made(CUE, BOUND), "ome-zarr", tmp_path / "dish.ome.zarr")
    group = zarr.open_group(path, mode="r")
    ome = group.attrs["ome"]
    assert ome["version"] == "0.5"
    (image,) = ome["multiscales"]
    assert [(axis["name"], axis["type"], axis.get("unit")) for axis in image["axes"]] == [
        ("t", "time", "minute"), ("c", "channel", None), ("y", "space", "micrometer"), ("x", "space", "micrometer"),
    ]  # fmt: skip
    # 30 min in 2 steps; the first centre lies half a voxel from the corner
    assert image["datasets"] == [
        {
            "path": "0",
            "coordinateTransformations": [
                {"type": "scale", "scale": [15, 1, 4, 2]},
                {"type": "translation", "translation": [0, 0, -2, 11]},
            ],
        }
    ]
    assert [channel["label"] for channel in ome["omero"]["channels"]] == ["cue (nM)", "cue_bound (1/um^2)"]
    assert [channel["window"]["max"] for channel in ome["omero"]["channels"]] == [17, 170]
    assert group["0"].metadata.dimension_names == ("t", "c", "y", "x")
    np.testing.assert_array_equal(group["0"][2, 1], BOUND.values[2])
    assert group.attrs["migralab"]["frames_min"] == list(TIMES)  # uneven, which the scale cannot say


def test_ome_zarr_of_several_grids_is_a_series_of_images(tmp_path):
    path = export_run(made(CUE, BOX), "ome-zarr", tmp_path / "dish.ome.zarr", frames="last")
    group = zarr.open_group(path, mode="r")
    assert group.attrs["ome"]["bioformats2raw.layout"] == 3
    assert group["OME"].attrs["ome"]["series"] == ["0", "1"]
    assert group["1/0"].shape == (1, 1, 2, 2, 3)
    np.testing.assert_array_equal(group["1/0"][0, 0], BOX.values[2])
    (image,) = group["1"].attrs["ome"]["multiscales"]
    assert image["datasets"][0]["coordinateTransformations"][1]["translation"] == [30, 0, 0.5, -2, 11]


def test_zarr_holds_the_frames_that_were_asked_for(tmp_path):
    path = export_run(made(CUE), "zarr", tmp_path / "dish.zarr", frames="1")
    group = zarr.open_group(path, mode="r")
    assert group["time_min"][...].tolist() == [22]
    np.testing.assert_array_equal(group["cue"][...], CUE.values[1:2])


@pytest.mark.parametrize("to", ["ome-zarr", "zarr"])
def test_a_format_of_fields_says_what_makes_fields(tmp_path, to):
    with pytest.raises(DataError, match=r"no fields.*signals\.diffusing, signals\.matrix-bound"):
        export_run(made(), to, tmp_path / f"dish.{to.replace('-', '.')}")
    assert list(tmp_path.iterdir()) == []


def test_requests_that_make_no_sense_are_refused_and_leave_nothing(tmp_path):
    run = made(CUE)
    with pytest.raises(UnknownIdError, match="Did you mean ome-zarr or zarr"):
        export_run(run, "omezarr", tmp_path / "a")
    with pytest.raises(RequestError, match=r"must end in \.simularium"):
        export_run(run, "simularium", tmp_path / "a.json")
    with pytest.raises(RequestError, match="no folder"):
        export_run(run, "vtk", tmp_path / "nowhere" / "a")
    with pytest.raises(RequestError, match="in memory only"):
        export_run(run, "vtk")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "a.zarr").write_text("mine")
    with pytest.raises(RequestError, match="exists already"):
        export_run(run, "zarr", tmp_path / "a.zarr")
    assert (tmp_path / "a.zarr").read_text() == "mine"


@pytest.mark.parametrize(
    ("trouble", "seen"), [(OSError(28, "No space left"), RequestError), (KeyboardInterrupt(), KeyboardInterrupt)]
)
def test_an_export_that_breaks_off_leaves_nothing(tmp_path, monkeypatch, trouble, seen):
    def write(run, frames, path, progress):
        path.mkdir()
        (path / "half").write_text("half")
        raise trouble

    monkeypatch.setattr(export, "FORMATS", {"vtk": Format(write=write, ending="-vtk", must_end=False)})
    with pytest.raises(seen):
        export_run(made(), "vtk", tmp_path / "out")
    assert list(tmp_path.iterdir()) == []
