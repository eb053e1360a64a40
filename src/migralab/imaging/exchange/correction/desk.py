"""The desk on which corrections are made: tables as rows by frame and id, and what has to be placed anew."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from migralab.core.errors import DataError
from migralab.imaging.exchange.correction.surroundings import TOUCH_UM, Record, Surroundings, arms_at, word_for
from migralab.imaging.exchange.edits import Edit
from migralab.imaging.exchange.outlines import Outlines
from migralab.results.observations import Observations
from migralab.results.schema import TABLES

Floats = NDArray[np.float64]
Key = tuple[int, int]
ID = {"migrasome": "migrasome_id", "fibre": "fibre_id", "cell": "cell_id"}
TABLE = {"migrasome": "migrasomes", "fibre": "fibres", "cell": "cells"}
_MISSING: dict[str, Any] = {"float64": np.nan, "int64": -1, "int32": 0, "bool": False, "str": "unknown"}
_FIND_UM = 0.5  # a removal by place finds a vesicle this near, or within its radius


@dataclass(slots=True, kw_only=True)
class Desk:
    """Tables under correction.

    Parameters
    ----------
    rows
        By kind: rows by frame and id, in the order of the table.
    nodes
        Rows of the nodes table, which is that of the last frame.
    paths, edges
        Courses of fibres and outlines of cells by frame and id.
    whole
        Frames in which the courses of all fibres are known.
    moved
        Migrasomes whose place on the network has to be found anew.
    """

    observations: Observations
    rows: dict[str, dict[Key, Record]]
    nodes: list[Record]
    paths: dict[Key, Floats]
    edges: dict[Key, Floats]
    whole: set[int]
    owner_reach_um: float
    extent_um: tuple[float, float] | None
    moved: set[Key] = field(default_factory=set)
    touched: set[int] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)
    done: Counter[tuple[str, str]] = field(default_factory=Counter)

    @classmethod
    def of(
        cls,
        observations: Observations,
        outlines: Outlines | None,
        owner_reach_um: float,
        extent_um: tuple[float, float] | None,
    ) -> Desk:
        """Lay the tables on the desk."""
        known = outlines or Outlines()
        rows: dict[str, dict[Key, Record]] = {}
        for kind, table in TABLE.items():
            records: list[Any] = observations[table].to_dict("records")
            for record in records:
                record.setdefault("edited", False)
                record.setdefault("source", "program")
            rows[kind] = {(int(r["frame"]), int(r[ID[kind]])): r for r in records}
        nodes: list[Any] = observations["nodes"].to_dict("records")
        bare = set(range(len(observations.frames_min))) - {frame for frame, _ in rows["fibre"]}
        return cls(
            observations=observations,
            rows=rows,
            nodes=list(nodes),
            paths={key: path for key, path in known.fibres.items() if key in rows["fibre"]},
            edges={key: edge for key, edge in known.cells.items() if key in rows["cell"]},
            whole=set(known.frames) | bare,
            owner_reach_um=owner_reach_um,
            extent_um=extent_um,
        )

    def find(self, edit: Edit) -> Key:
        """Return the object that an edit names, by id or by place.

        Raises
        ------
        DataError
            If there is none.
        """
        rows = self.rows[edit.kind]
        if edit.id >= 0:
            if (edit.frame, edit.id) not in rows:
                raise DataError(f"{edit.place}: {self._absent(edit)}")
            return edit.frame, edit.id
        here = {key: row for key, row in rows.items() if key[0] == edit.frame and "x_um" in row}
        apart = {key: float(np.hypot(row["x_um"] - edit.x_um, row["y_um"] - edit.y_um)) for key, row in here.items()}
        nearest = min(apart, key=lambda key: apart[key], default=None)
        if nearest is None or apart[nearest] > self._reach(edit.kind, here[nearest]):
            far = "" if nearest is None else f"; the nearest, {nearest[1]}, is {apart[nearest]:.2f} um away"
            raise DataError(
                f"{edit.place}: no {edit.kind} at {edit.x_um:g}, {edit.y_um:g} um in frame {edit.frame}{far}."
            )
        return nearest

    @staticmethod
    def _reach(kind: str, row: Record) -> float:
        if kind == "cell":
            return float(np.sqrt(row["area_um2"] / np.pi))
        return max(_FIND_UM, float(np.nan_to_num(row["diameter_um"])) / 2)

    def _absent(self, edit: Edit) -> str:
        frames = sorted(frame for frame, number in self.rows[edit.kind] if number == edit.id)
        if frames:
            return f"{edit.kind} {edit.id} is not in frame {edit.frame}; it is in {_some(frames)}."
        known = sorted(number for frame, number in self.rows[edit.kind] if frame == edit.frame)
        has = f"Frame {edit.frame} has {_some(known)}." if known else f"Frame {edit.frame} has none."
        return f"there is no {edit.kind} {edit.id}. {has}"

    def check_frame(self, edit: Edit) -> None:
        """Raise DataError if an edit is outside the film or the field."""
        frames = len(self.observations.frames_min)
        if not 0 <= edit.frame < frames:
            raise DataError(f"{edit.place}: there is no frame {edit.frame}; frames are 0 to {frames - 1}.")
        points = [(edit.x_um, edit.y_um)] if edit.placed else []
        points += [] if edit.path_um is None else [(float(x), float(y)) for x, y in edit.path_um]
        width, height = self.extent_um or (np.inf, np.inf)
        for x, y in points:
            if not (-TOUCH_UM <= x <= width + TOUCH_UM and -TOUCH_UM <= y <= height + TOUCH_UM):
                field_um = f" of {width:g} by {height:g} um" if self.extent_um else ""
                raise DataError(
                    f"{edit.place}: {x:g}, {y:g} um is outside the image{field_um}. Places are in um, not in pixels."
                )

    def new_id(self, kind: str) -> int:
        """Return an id that no object of the kind has in any frame."""
        return max((number for _, number in self.rows[kind]), default=-1) + 1

    def blank(self, kind: str, key: Key) -> Record:
        """Return a row of which only frame, time and id are known, added by hand."""
        row = {column.name: _MISSING[column.dtype] for column in TABLES[TABLE[kind]]}
        frame, number = key
        row |= {"frame": frame, "time_min": float(self.observations.frames_min[frame]), ID[kind]: number}
        return row | {"edited": True, "source": "hand"}

    def surroundings(self, frame: int) -> Surroundings:
        """Return what the frame says about places on its network."""
        last = self.observations.last_frame
        return Surroundings(
            paths=self.paths_in(frame),
            whole=frame in self.whole,
            fibres={number: row for (at, number), row in self.rows["fibre"].items() if at == frame},
            cells={number: row for (at, number), row in self.rows["cell"].items() if at == frame},
            nodes=self.nodes if frame == last else None,
            owner_reach_um=self.owner_reach_um,
        )

    def paths_in(self, frame: int) -> dict[int, Floats]:
        """Return the courses of fibres in a frame."""
        return {number: path for (at, number), path in self.paths.items() if at == frame}

    def edges_in(self, frame: int) -> dict[int, Floats]:
        """Return the outlines of cells in a frame."""
        return {number: path for (at, number), path in self.edges.items() if at == frame}

    def recount_nodes(self, frame: int, places: Floats) -> None:
        """Count the arms at these places (n, 2) anew: what has one is a tip, three a junction, two no node."""
        if frame != self.observations.last_frame or frame not in self.whole:
            return
        paths = self.paths_in(frame)
        for x, y in places:
            arms = arms_at(float(x), float(y), TOUCH_UM, paths)
            word = word_for(sum(arm.count for arm in arms))
            here = [n for n in self.nodes if np.hypot(n["x_um"] - x, n["y_um"] - y) <= TOUCH_UM]
            if word in {"free", "shaft"}:
                self._drop_nodes([n for n in here if word == "free" or n["kind"] != "shaft"])
            elif here:
                here[0]["kind"] = word
            else:
                self._add_node(float(x), float(y), word, self.rows["fibre"][frame, arms[0].fibre])

    def _drop_nodes(self, gone: list[Record]) -> None:
        """Take nodes out; what hung on them hangs on what they hung on."""
        for node in gone:
            for other in self.nodes:
                if other["parent_id"] == node["node_id"]:
                    other["parent_id"] = node["parent_id"]
            self.nodes.remove(node)

    def _add_node(self, x: float, y: float, word: str, fibre: Record) -> None:
        row: Record = {column.name: _MISSING[column.dtype] for column in TABLES["nodes"]}
        attached = bool(fibre["attached"])
        row |= {
            "node_id": max((int(n["node_id"]) for n in self.nodes), default=-1) + 1,
            "cell_id": int(fibre["cell_id"]), "x_um": x, "y_um": y, "kind": word, "breaks_min": np.inf,
            "detached_min": np.inf if attached else float(self.observations.frames_min[-1]),
        }  # fmt: skip
        self.nodes.append(row)

    def nodes_near(self, path: Floats) -> Floats:
        """Return the places (n, 2) of nodes on a course."""
        from migralab.imaging.exchange.outlines import nearest_on_path

        near = [
            (n["x_um"], n["y_um"]) for n in self.nodes if nearest_on_path(path, n["x_um"], n["y_um"])[0] <= TOUCH_UM
        ]
        return np.array(near, np.float64).reshape(-1, 2)


def _some(numbers: list[int]) -> str:
    listed = ", ".join(str(number) for number in numbers[:8])
    return f"{listed} and {len(numbers) - 8} more" if len(numbers) > 8 else listed
