"""Export to VTK XML files, as ParaView and PyVista read them.

Fields become image data (``.vti``, one voxel one cell), cells and migrasomes points with their columns, fibres
lines (``.vtp``). One file per frame lies in ``frames/``; a ``.pvd`` beside it lists them with their times in min.
Lengths are in um and coordinates those of the tables. Words become numbers, see `WORDS`.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import numpy as np
from numpy.typing import NDArray

from migralab.results.export.frame import Progress, count_steps, places, rows_at, standing_fibres
from migralab.results.fields import FieldSeries
from migralab.results.run import Columns, Run

Array = NDArray[Any]

WORDS: dict[str, tuple[str, ...]] = {
    "attachment": ("tip", "junction", "shaft", "free"),
    "stage": ("precursor", "stabilised"),
    "limiter": ("volume", "area", "shape"),
}
"""What the numbers of a column of words mean: 0 is the first; -1 is unknown."""

_PLACE = {"frame", "time_min", "x_um", "y_um", "z_um", "heading_x", "heading_y", "heading_z"}
_TYPES = {"float32": "Float32", "float64": "Float64", "int64": "Int64", "int8": "Int8", "uint8": "UInt8"}


def write_vtk(run: Run, frames: Sequence[int], folder: Path, progress: Progress) -> None:
    """Write a run as VTK files.

    Parameters
    ----------
    folder
        Folder to fill; made here.
    progress
        Told frames done and frames in all, the tables and each field counted apart.
    """
    (folder / "frames").mkdir(parents=True)
    done, total = 0, count_steps(run, frames)
    listed: dict[str, list[tuple[float, str]]] = {}

    def file_for(kind: str, frame: int, ending: str) -> Path:
        name = f"frames/{kind}_{frame:05d}.{ending}"
        listed.setdefault(kind, []).append((run.provenance.frames_min[frame], name))
        return folder / name

    for frame in frames:
        cells, vesicles = rows_at(run.tables["cells"], frame), rows_at(run.tables["migrasomes"], frame)
        _write_points(cells, places(cells), file_for("cells", frame, "vtp"))
        # A vesicle rests on the ground, so its centre is one radius up
        centres = places(vesicles, height=vesicles["diameter_um"] / 2)
        _write_points(vesicles, centres, file_for("migrasomes", frame, "vtp"))
        _write_fibres(run.tables["nodes"], cells, run.provenance.frames_min[frame], file_for("fibres", frame, "vtp"))
        done += 1
        progress(done, total)
    for field in run.fields.values():
        for frame in frames:
            write_image(field, frame, file_for(f"field_{field.name}", frame, "vti"))
            done += 1
            progress(done, total)
    for kind, files in listed.items():
        write_collection(folder / f"{kind}.pvd", files)


def _write_points(columns: Columns, centres: Array, path: Path) -> None:
    data: dict[str, Array] = {name: _numbers(name, c) for name, c in columns.items() if name not in _PLACE}
    if "heading_x" in columns:
        up = columns.get("heading_z", np.zeros(len(centres)))
        heading = np.column_stack([columns["heading_x"], columns["heading_y"], up])
        data["heading"] = heading.astype(np.float32)
    vertices = np.arange(len(centres), dtype=np.int64)[:, None]
    write_poly(path, centres, vertices=vertices, point_data=data)


def _numbers(name: str, values: Array) -> Array:
    if values.dtype == np.bool_:
        return values.astype(np.uint8)
    if values.dtype.kind == "f":
        return values.astype(np.float32)
    if values.dtype.kind in "iu":
        return values.astype(np.int64)
    code = {word: number for number, word in enumerate(WORDS.get(name, ()))}
    return np.array([code.get(str(word), -1) for word in values], np.int8)


def _write_fibres(nodes: Columns, cells: Columns, time_min: float, path: Path) -> None:
    fibres = standing_fibres(nodes, cells, time_min)
    rows = fibres.stretches
    used, place = np.unique(np.concatenate([rows, fibres.onward[rows]]), return_inverse=True)
    live = (fibres.node_id[fibres.onward[rows]] < 0).astype(np.uint8)
    write_poly(
        path, fibres.points[used], lines=place.reshape(2, -1).T,
        point_data={"node_id": fibres.node_id[used]},
        cell_data={
            "cell_id": fibres.cell_id[rows], "attached": fibres.attached[rows].astype(np.uint8),
            "age_min": fibres.age_min[rows].astype(np.float32), "live": live,
        },
    )  # fmt: skip


def write_poly(
    path: Path,
    points: Array,
    *,
    vertices: Array | None = None,
    lines: Array | None = None,
    triangles: Array | None = None,
    point_data: Mapping[str, Array],
    cell_data: Mapping[str, Array] | None = None,
) -> None:
    """Write points, or lines or triangles between them, with their data as ``.vtp``.

    Parameters
    ----------
    points
        Places (n, 3), um.
    vertices, lines, triangles
        Rows of `points` that make up each cell (cells, 1), (cells, 2) or (cells, 3).
    point_data, cell_data
        Numbers by name, one row per point or cell.
    """
    parts = _Parts()
    kinds = (("Verts", vertices), ("Lines", lines), ("Polys", triangles))
    counts = {kind: 0 if cells is None else len(cells) for kind, cells in kinds}
    body = [
        f'<Piece NumberOfPoints="{len(points)}" '
        + " ".join(f'NumberOf{kind}="{count}"' for kind, count in counts.items())
        + ' NumberOfStrips="0">',
        "<Points>", parts.add("Points", points.astype(np.float32)), "</Points>",
    ]  # fmt: skip
    for kind, cells in kinds:
        if cells is not None:
            ends = np.arange(1, len(cells) + 1, dtype=np.int64) * cells.shape[1]
            connected = parts.add("connectivity", cells.astype(np.int64).ravel())
            body += [f"<{kind}>", connected, parts.add("offsets", ends), f"</{kind}>"]
    body += ["<PointData>", *(parts.add(name, values) for name, values in point_data.items()), "</PointData>"]
    body += ["<CellData>", *(parts.add(name, values) for name, values in (cell_data or {}).items()), "</CellData>"]
    path.write_text(_document("PolyData", "", [*body, "</Piece>"], parts), encoding="ascii")


def write_image(field: FieldSeries, frame: int, path: Path) -> None:
    """Write one frame of a field as ``.vti``; a layer becomes one sheet of voxels on the ground."""
    layer = field.depth_um is not None
    # (z, y, x) of the file: VTK counts x fastest, as the arrays do
    shape = (1, *field.values.shape[1:]) if layer else field.values.shape[1:]
    spacing = (field.depth_um, *field.spacing_um) if layer else field.spacing_um
    origin = (0.0, *field.origin_um) if layer else field.origin_um
    extent = " ".join(f"0 {count}" for count in shape[::-1])
    parts = _Parts()
    data = [parts.add(field.name, np.asarray(field.values[frame], np.float32).ravel(), field.unit)]
    if field.obstacle is not None:
        data.append(parts.add("obstacle", field.obstacle.astype(np.uint8).ravel()))
    grid = f'WholeExtent="{extent}" Origin="{_join(origin[::-1])}" Spacing="{_join(spacing[::-1])}"'
    body = [f'<Piece Extent="{extent}">', "<CellData>", *data, "</CellData>", "</Piece>"]
    path.write_text(_document("ImageData", grid, body, parts), encoding="utf-8")


def _join(numbers: Sequence[Any]) -> str:
    return " ".join(repr(float(number)) for number in numbers)


class _Parts:
    """The arrays of a file: zlib-compressed, base64, one behind the other after the description."""

    def __init__(self) -> None:
        self.text: list[str] = []
        self._offset = 0

    def add(self, name: str, values: Array, unit: str = "") -> str:
        """Take an array (n,) or (n, components), and return its description."""
        raw = np.ascontiguousarray(values).tobytes()
        packed = zlib.compress(raw, 6) if raw else b""
        # Blocks, bytes in each, bytes in a last shorter one, and the compressed bytes of each block
        header = np.array([1, len(raw), 0, len(packed)] if raw else [0, 0, 0], np.uint64).tobytes()
        text = base64.b64encode(header).decode() + base64.b64encode(packed).decode()
        components = values.shape[1] if values.ndim > 1 else 1
        label = f'<InformationKey name="UNITS_LABEL" location="vtkDataArray">{unit}</InformationKey>' if unit else ""
        said = (
            f'<DataArray type="{_TYPES[values.dtype.name]}" Name={quoteattr(name)} NumberOfComponents="{components}" '
            f'format="appended" offset="{self._offset}">{label}</DataArray>'
        )
        self.text.append(text)
        self._offset += len(text)
        return said


def _document(kind: str, attributes: str, body: Sequence[str], parts: _Parts) -> str:
    return "\n".join(
        [
            '<?xml version="1.0"?>',
            f'<VTKFile type="{kind}" version="1.0" byte_order="LittleEndian" header_type="UInt64" '
            'compressor="vtkZLibDataCompressor">',
            f"<{kind} {attributes}>".replace(" >", ">"),
            *body,
            f"</{kind}>",
            '<AppendedData encoding="base64">',
            "_" + "".join(parts.text),
            "</AppendedData>",
            "</VTKFile>\n",
        ]
    )


def write_collection(path: Path, files: Sequence[tuple[float, str]]) -> None:
    """Write a ``.pvd``: files of a series, by their places relative to it, each with its time."""
    rows = [f'<DataSet timestep="{time!r}" group="" part="0" file="{name}"/>' for time, name in files]
    head = ['<?xml version="1.0"?>', '<VTKFile type="Collection" version="0.1">', "<Collection>"]
    path.write_text("\n".join([*head, *rows, "</Collection>", "</VTKFile>\n"]), encoding="utf-8")
