"""Export of a surface of triangles: PLY as MeshLab and Blender read it, ``.vtp`` as ParaView and PyVista do.

Lengths are in um. PLY is binary (little endian) with single precision, and carries colours if they are given.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from migralab.core.version import VERSION
from migralab.results.export.vtk import write_poly

Array = NDArray[Any]

_PLY_TYPES = {"f": ("float", "<f4"), "i": ("int", "<i4"), "u": ("uchar", "u1"), "b": ("uchar", "u1")}


def write_ply(
    path: Path, points: Array, triangles: Array, *, data: Mapping[str, Array], colours: Array | None = None
) -> None:
    """Write a surface as PLY.

    Parameters
    ----------
    points
        (n, 3), um.
    triangles
        (m, 3) rows of `points`, anticlockwise from outside.
    data
        Numbers by name, (n,): properties of the vertices. Names take letters, digits and underscores.
    colours
        (n, 3) red, green, blue, 0 to 255.
    """
    columns: list[tuple[str, str, str, Array]] = [
        (axis, *_PLY_TYPES["f"], points[:, k]) for k, axis in enumerate("xyz")
    ]
    if colours is not None:
        columns += [(name, *_PLY_TYPES["u"], colours[:, k]) for k, name in enumerate(("red", "green", "blue"))]
    columns += [(name, *_PLY_TYPES[values.dtype.kind], values) for name, values in data.items()]
    vertices = np.empty(len(points), [(name, code) for name, _, code, _ in columns])
    for name, _, _, values in columns:
        vertices[name] = values
    faces = np.empty(len(triangles), [("count", "u1"), ("rows", "<i4", (3,))])
    faces["count"], faces["rows"] = 3, triangles
    header = [
        "ply", "format binary_little_endian 1.0", f"comment migralab {VERSION}, lengths in um",
        f"element vertex {len(points)}", *(f"property {kind} {name}" for name, kind, _, _ in columns),
        f"element face {len(triangles)}", "property list uchar int vertex_indices", "end_header", "",
    ]  # fmt: skip
    path.write_bytes("\n".join(header).encode("ascii") + vertices.tobytes() + faces.tobytes())


def write_vtk(path: Path, points: Array, triangles: Array, *, data: Mapping[str, Array]) -> None:
    """Write a surface as ``.vtp``; parameters as for `write_ply`."""
    named = {name: _numbers(values) for name, values in data.items()}
    write_poly(path, points, triangles=triangles, point_data=named)


def _numbers(values: Array) -> Array:
    kept = {"f": np.float32, "b": np.uint8, "u": np.uint8, "i": np.int64}
    return values.astype(kept[values.dtype.kind])
