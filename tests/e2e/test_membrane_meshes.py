"""Surfaces of revolution and their files: closed, oriented, of the profile's area and volume, and read back whole."""

from __future__ import annotations

import base64
import xml.etree.ElementTree as ET
import zlib
from collections import Counter

import numpy as np
import pytest

from migralab.core.errors import RequestError
from migralab.membrane.surface_of_revolution import Surface, revolve, total_curvature
from migralab.results.export.surface import write_ply, write_vtk
from migralab.results.export.vtk import write_collection


def half_ball(n=120, radius=2.0):
    """Return x, r, s, psi of half a ball, its pole on the axis."""
    psi = np.linspace(0.0, np.pi / 2, n)
    x, r = radius * np.sin(psi), radius * np.cos(psi)
    r[-1] = 0.0
    return x, r, radius * psi, psi


def edges(surface):
    """Return how often each directed edge occurs."""
    return Counter((int(t[k]), int(t[(k + 1) % 3])) for t in surface.triangles for k in range(3))


@pytest.mark.parametrize("closed", [True, False])
def test_each_edge_has_two_sides_but_at_an_open_end(closed):
    x = np.linspace(0.0, 2.0, 9)
    surface = revolve(x, 1.0 + 0.3 * np.cos(x), around=10, closed=closed)
    found = edges(surface)
    assert set(found.values()) == {1}  # oriented alike: no directed edge twice
    open_edges = [edge for edge in found if edge[::-1] not in found]
    assert len(open_edges) == (0 if closed else 2 * 10)
    assert len(np.unique(surface.points.round(12), axis=0)) == len(surface.points)  # also at the seam
    used = len(surface.points) - len(found) // 2 - len(open_edges) / 2 + len(surface.triangles)
    assert used == (2 if closed else 0)  # Euler: a ball or a tube


def test_ball_has_its_area_and_volume_to_second_order_and_its_curvature():
    x, r, s, psi = half_ball()
    errors = []
    for around in (32, 64):
        surface = revolve(x, r, around=around)
        found = edges(surface)
        assert all(edge[::-1] in found for edge in found)  # poles close it
        errors.append((1 - surface.area / (16 * np.pi), 1 - surface.volume / (32 / 3 * np.pi)))
    assert np.all(np.array(errors[0]) > 0)  # inscribed
    assert errors[0][0] / errors[1][0] == pytest.approx(4, rel=0.1)
    assert errors[0][1] / errors[1][1] == pytest.approx(4, rel=0.1)
    assert errors[1][0] < 1e-3
    np.testing.assert_allclose(total_curvature(s, r, psi), 2 / 2.0, rtol=1e-9)


def test_curvature_jumps_at_a_border_and_nowhere_else():
    s = np.linspace(0.0, 2.0, 21)
    psi = np.where(s <= 1.0, s, 1.0)  # a ball's turn, then a cone
    bend = total_curvature(s, np.full(21, 1e9), psi, border=10)
    np.testing.assert_allclose(bend, np.where(s <= 1.0, 1.0, 0.0), atol=1e-6)


def test_mirrored_and_whole_profiles_give_one_surface():
    x, r, _, _ = half_ball(n=7)
    half = revolve(x, r, around=12, data={"n": np.arange(7)})
    whole = revolve(np.concatenate([-x[:0:-1], x]), np.concatenate([r[:0:-1], r]), around=12, mirrored=False)
    np.testing.assert_allclose(half.points, whole.points, atol=1e-15)
    np.testing.assert_array_equal(half.triangles, whole.triangles)
    assert (half.data["n"][0], half.data["n"][-1]) == (6, 6)  # both poles
    assert np.count_nonzero(half.data["n"] == 0) == 12  # one ring in the middle


@pytest.mark.parametrize(
    ("x", "r", "more", "message"),
    [
        ([0, 1], [1, 1], {"around": 2}, "ring"),
        ([0], [1], {}, "two rows"),
        ([0, 1, 2], [1, 0, 1], {}, "touch itself"),
        ([0, 1], [1, -1], {}, "touch itself"),
        ([0.5, 1], [1, 1], {}, "begins in the middle"),
        ([0, np.nan], [1, 1], {}, "not finite"),
    ],
)
def test_profiles_that_make_no_surface_are_refused(x, r, more, message):
    with pytest.raises(RequestError, match=message):
        revolve(np.array(x, float), np.array(r, float), **more)


@pytest.fixture(scope="module")
def surface():
    x, r, _, _ = half_ball(n=9)
    domain = (x < 1.0).astype(np.uint8)
    return revolve(x, r, around=8, data={"domain": domain, "height_um": x})


def test_ply_is_read_back_by_the_rules_of_the_format(surface, tmp_path):
    colours = np.tile(np.array([[213, 94, 0]], np.uint8), (len(surface.points), 1))
    write_ply(tmp_path / "a.ply", surface.points, surface.triangles, data=surface.data, colours=colours)
    header, _, body = (tmp_path / "a.ply").read_bytes().partition(b"end_header\n")
    lines = header.decode().splitlines()
    assert lines[:2] == ["ply", "format binary_little_endian 1.0"]
    assert f"element vertex {len(surface.points)}" in lines
    types = {"float": "<f4", "uchar": "u1", "int": "<i4"}
    named = [line.split()[1:] for line in lines if line.startswith("property") and "list" not in line]
    vertices = np.frombuffer(body, [(name, types[kind]) for kind, name in named], len(surface.points))
    faces = np.frombuffer(body[vertices.nbytes :], [("count", "u1"), ("rows", "<i4", 3)])
    read = np.column_stack([vertices[axis] for axis in "xyz"])
    np.testing.assert_allclose(read, surface.points, atol=1e-6)
    np.testing.assert_array_equal(vertices["domain"], surface.data["domain"])
    assert [name for _, name in named[3:6]] == ["red", "green", "blue"]
    assert set(vertices["green"]) == {94}
    np.testing.assert_array_equal(faces["rows"], surface.triangles)
    assert set(faces["count"]) == {3}
    # In single precision too it is the same closed ball
    again = Surface(points=read.astype(float), triangles=faces["rows"].astype(np.int64))
    assert (again.area, again.volume) == pytest.approx((surface.area, surface.volume), rel=1e-6)


def test_vtp_is_read_back_by_the_rules_of_the_format(surface, tmp_path):
    write_vtk(tmp_path / "a.vtp", surface.points, surface.triangles, data=surface.data)
    tree = ET.fromstring((tmp_path / "a.vtp").read_text())
    text = tree.find("AppendedData").text.strip()[1:]

    def array(name):
        own = tree.find(f".//DataArray[@Name='{name}']")
        start = int(own.get("offset"))
        header = np.frombuffer(base64.b64decode(text[start : start + 44]), np.uint64)
        size = -(-int(header[3]) // 3) * 4
        kind = {"Float32": "<f4", "Int64": "<i8", "UInt8": "u1"}[own.get("type")]
        packed = base64.b64decode(text[start + 44 : start + 44 + size])
        values = np.frombuffer(zlib.decompress(packed), kind)
        return values.reshape(-1, 3) if own.get("NumberOfComponents") == "3" else values

    piece = tree.find(".//Piece")
    assert piece.get("NumberOfPoints") == str(len(surface.points))
    assert piece.get("NumberOfPolys") == str(len(surface.triangles))
    assert (piece.get("NumberOfVerts"), piece.get("NumberOfLines")) == ("0", "0")
    np.testing.assert_allclose(array("Points"), surface.points, atol=1e-6)
    np.testing.assert_array_equal(array("connectivity").reshape(-1, 3), surface.triangles)
    np.testing.assert_array_equal(array("offsets"), 3 * np.arange(1, len(surface.triangles) + 1))
    np.testing.assert_array_equal(array("domain"), surface.data["domain"])
    np.testing.assert_allclose(array("height_um"), surface.data["height_um"], atol=1e-6)


def test_series_names_its_files_with_their_times(tmp_path):
    write_collection(tmp_path / "a.pvd", [(0.0, "a-0.vtp"), (2.5, "a-1.vtp")])
    sets = ET.fromstring((tmp_path / "a.pvd").read_text()).findall(".//DataSet")
    assert [(float(own.get("timestep")), own.get("file")) for own in sets] == [(0.0, "a-0.vtp"), (2.5, "a-1.vtp")]
