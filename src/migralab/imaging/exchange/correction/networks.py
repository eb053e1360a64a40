"""Corrections of fibres and cells, and what they change around them: owners, nodes, rears."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from migralab.core.errors import DataError
from migralab.imaging.exchange.correction.desk import Desk, Key
from migralab.imaging.exchange.correction.surroundings import TOUCH_UM, Record, arms_at
from migralab.imaging.exchange.edits import Edit
from migralab.imaging.exchange.outlines import nearest_on_path, path_length, polygon_area

Floats = NDArray[np.float64]


def edit_fibre(desk: Desk, edit: Edit) -> None:
    """Add, remove or draw a fibre anew; vesicles on it are placed anew."""
    rows = desk.rows["fibre"]
    if edit.action == "add":
        key = (edit.frame, _new_id(desk, edit))
        rows[key] = desk.blank("fibre", key)
    else:
        key = desk.find(edit)
        _free_from(desk, key)
    old = desk.paths.pop(key, None)
    if edit.action == "remove":
        del rows[key]
    else:
        path = np.asarray(edit.path_um, np.float64)
        _describe(desk, key, path)
    _recount(desk, edit.frame, old, desk.paths.get(key))


def _new_id(desk: Desk, edit: Edit) -> int:
    if edit.id >= 0:
        raise DataError(f"{edit.place}: a new {edit.kind} gets its id here; leave id empty, or change {edit.id}.")
    return desk.new_id(edit.kind)


def _free_from(desk: Desk, key: Key) -> None:
    """Vesicles on a fibre have to be placed anew."""
    frame, number = key
    for at, row in desk.rows["migrasome"].items():
        if at[0] == frame and row["fibre_id"] == number:
            desk.moved.add(at)


def _recount(desk: Desk, frame: int, old: Floats | None, new: Floats | None) -> None:
    """Count nodes anew where a course was and where one is, and place the vesicles along it."""
    places = [desk.nodes_near(path) for path in (old, new) if path is not None]
    places += [new[[0, -1]]] if new is not None else []
    if frame not in desk.whole and frame == desk.observations.last_frame:
        desk.notes.append("Tips and junctions were not counted anew: the courses of the other fibres are not known.")
    cells, edges = desk.surroundings(frame), desk.edges_in(frame)
    for part in places:
        inside = [cells.cell_at(float(x), float(y), edges) < 0 for x, y in part]
        desk.recount_nodes(frame, part[np.array(inside, bool)])
    for at, row in desk.rows["migrasome"].items():
        if at[0] == frame and any(_near(row, path) for path in (old, new) if path is not None):
            desk.moved.add(at)


def _near(row: Record, path: Floats) -> bool:
    reach = float(np.nan_to_num(row["diameter_um"])) / 2 + TOUCH_UM
    return nearest_on_path(path, float(row["x_um"]), float(row["y_um"]))[0] <= reach


def _describe(desk: Desk, key: Key, path: Floats) -> None:
    """Fill the row of a fibre drawn by hand; its end is put towards the cell whichever way it was drawn."""
    frame = key[0]
    around, edges = desk.surroundings(frame), desk.edges_in(frame)
    ends = [around.cell_at(float(path[n, 0]), float(path[n, 1]), edges) for n in (0, -1)]
    others = {number: course for number, course in around.paths.items() if number != key[1]}
    meets = [arms_at(float(path[n, 0]), float(path[n, 1]), TOUCH_UM, others) for n in (0, -1)]
    owned = [any(around.fibres[arm.fibre]["attached"] for arm in found) for found in meets]
    if ends[1] < 0 and (ends[0] >= 0 or (owned[0] and not owned[1])):
        path, ends, meets = path[::-1], ends[::-1], meets[::-1]
    joined = [around.fibres[arm.fibre] for arm in meets[1] if around.fibres[arm.fibre]["attached"]]
    cell = ends[1] if ends[1] >= 0 else (int(joined[0]["cell_id"]) if joined else -1)
    desk.paths[key] = path
    desk.rows["fibre"][key] |= {
        "cell_id": cell,
        "length_um": path_length(path),
        "length_sd_um": np.nan,
        "chord_um": float(np.hypot(*(path[-1] - path[0]))),
        "start": "unknown" if ends[0] >= 0 else ("junction" if meets[0] else "tip"),
        "end": "cell" if ends[1] >= 0 else ("junction" if meets[1] else "tip"),
        "attached": cell >= 0,
        "edited": True,
    }


def edit_cell(desk: Desk, edit: Edit) -> None:
    """Add, remove or outline a cell anew; its fibres and vesicles lose or gain their owner."""
    rows = desk.rows["cell"]
    if edit.action == "add":
        key = (edit.frame, _new_id(desk, edit))
        rows[key] = desk.blank("cell", key) | {"rear_width_um": np.nan}
    else:
        key = desk.find(edit)
    if edit.action == "remove":
        del rows[key]
        desk.edges.pop(key, None)
        _disown(desk, key)
        return
    row = rows[key]
    row["edited"] = True
    if edit.path_um is not None:
        area, x, y = polygon_area(edit.path_um)
        if area <= 0:
            raise DataError(f"{edit.place}: the outline of the cell encloses no area.")
        row |= {"x_um": x, "y_um": y, "area_um2": area}
        desk.edges[key] = edit.path_um
    if edit.placed:
        if edit.path_um is None and key in desk.edges:
            desk.edges[key] = desk.edges[key] + [edit.x_um - row["x_um"], edit.y_um - row["y_um"]]
        row |= {"x_um": edit.x_um, "y_um": edit.y_um}
    _adopt(desk, key)


def _disown(desk: Desk, key: Key) -> None:
    """Take what belonged to a cell from it; vesicles fall to the nearest rear, as those without a way do."""
    frame, number = key
    around = desk.surroundings(frame)
    for at, row in desk.rows["fibre"].items():
        if at[0] == frame and row["cell_id"] == number:
            row |= {"cell_id": -1, "attached": False, "end": "tip" if row["end"] == "cell" else row["end"]}
    for at, row in desk.rows["migrasome"].items():
        if at[0] == frame and row["cell_id"] == number:
            row |= {"cell_id": around.nearest_rear(row["x_um"], row["y_um"]), "attached": False}
            desk.touched.add(at[1])
    if frame == desk.observations.last_frame:
        for node in desk.nodes:
            if node["cell_id"] == number:
                node |= {"cell_id": -1, "detached_min": float(desk.observations.frames_min[frame])}


def _adopt(desk: Desk, key: Key) -> None:
    """Give a cell the fibres without an owner that meet its body, and those that hang on them."""
    frame, number = key
    paths = desk.paths_in(frame)
    around = desk.surroundings(frame)
    around.cells = {number: around.cells[number]}
    edges = {n: edge for n, edge in desk.edges_in(frame).items() if n == number}
    met: list[Floats] = []
    for fibre, path in paths.items():
        row = desk.rows["fibre"][frame, fibre]
        at_cell = [around.cell_at(float(path[n, 0]), float(path[n, 1]), edges) >= 0 for n in (0, -1)]
        if row["attached"] or not any(at_cell):
            continue
        if not at_cell[1]:
            desk.paths[frame, fibre] = path[::-1]
            row["start"] = row["end"]
        row |= {"cell_id": number, "attached": True, "end": "cell"}
        met.append(desk.paths[frame, fibre][-1])
    if not met:
        return
    rear = np.mean(met, axis=0)
    if not np.isfinite(desk.rows["cell"][key]["rear_x_um"]):
        desk.rows["cell"][key] |= {"rear_x_um": float(rear[0]), "rear_y_um": float(rear[1])}
    _spread(desk, frame, number)


def _spread(desk: Desk, frame: int, cell: int) -> None:
    """Pass the owner on to fibres whose ends touch those of a cell, and to vesicles and nodes on them."""
    paths = desk.paths_in(frame)
    rows = {n: desk.rows["fibre"][frame, n] for n in paths}
    grown = True
    while grown:
        grown = False
        owned = {n: path for n, path in paths.items() if rows[n]["attached"] and rows[n]["cell_id"] == cell}
        for number, path in paths.items():
            if rows[number]["attached"]:
                continue
            if any(arms_at(float(path[end, 0]), float(path[end, 1]), TOUCH_UM, owned) for end in (0, -1)):
                rows[number] |= {"cell_id": cell, "attached": True}
                grown = True
    for number, row in rows.items():
        if row["cell_id"] == cell:
            _free_from(desk, (frame, number))
    if frame == desk.observations.last_frame:
        for node in desk.nodes:
            mine = [n for n in paths if rows[n]["cell_id"] == cell]
            if any(nearest_on_path(paths[n], node["x_um"], node["y_um"])[0] <= TOUCH_UM for n in mine):
                node |= {"cell_id": cell, "detached_min": np.inf}
