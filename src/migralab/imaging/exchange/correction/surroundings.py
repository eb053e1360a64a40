"""Where on the network a corrected vesicle sits, and whose it is: from courses of fibres, or else from the nodes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from migralab.imaging.exchange.outlines import nearest_on_path, path_length

Floats = NDArray[np.float64]
Record = dict[str, Any]
TOUCH_UM = 0.3  # a fibre this close to the rim of a vesicle enters it: about one width of a blurred line (E)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """A fibre that enters a place: its id, how far off it passes, where along it, and how many arms it makes."""

    fibre: int
    apart_um: float
    along_um: float
    length_um: float
    count: int


def arms_at(x: float, y: float, reach_um: float, paths: Mapping[int, Floats]) -> list[Arm]:
    """Return the fibres within `reach_um` of a place: one arm where a fibre ends there, two where it goes through."""
    found = []
    for number, path in paths.items():
        low, high = path.min(axis=0) - reach_um, path.max(axis=0) + reach_um
        if not (low[0] <= x <= high[0] and low[1] <= y <= high[1]):
            continue
        apart, along = nearest_on_path(path, x, y)
        if apart <= reach_um:
            ends = np.hypot(path[[0, -1], 0] - x, path[[0, -1], 1] - y) <= reach_um
            found.append(
                Arm(
                    fibre=number,
                    apart_um=apart,
                    along_um=along,
                    length_um=path_length(path),
                    count=max(2 - int(ends.sum()), 1),
                )
            )
    return found


def word_for(arms: int) -> str:
    """Return where a vesicle sits that so many arms enter."""
    return {0: "free", 1: "tip", 2: "shaft"}.get(arms, "junction")


@dataclass(slots=True, kw_only=True)
class Surroundings:
    """What one frame says about the place of a vesicle.

    Parameters
    ----------
    paths
        Courses of fibres by id, as far as they are known in this frame.
    whole
        Whether all are known, so that a vesicle on none of them is free.
    fibres, cells
        Rows of the frame by id.
    nodes
        Rows of the nodes table, where it is that of this frame; None otherwise.
    owner_reach_um
        A vesicle on no fibre of a cell belongs to the nearest rear within this distance.
    """

    paths: dict[int, Floats]
    whole: bool
    fibres: dict[int, Record]
    cells: dict[int, Record]
    nodes: list[Record] | None
    owner_reach_um: float

    def place(self, x: float, y: float, diameter: float) -> Record:
        """Return ``attachment, fibre_id, along_um, cell_id, attached`` of a vesicle."""
        reach = diameter / 2 + TOUCH_UM
        arms = arms_at(x, y, reach, self.paths)
        if arms:
            return self._by_arms(x, y, reach, arms)
        if self.whole:
            return self._nowhere(x, y, "free")
        return self._by_nodes(x, y, reach, self.nodes or [])

    def _by_arms(self, x: float, y: float, reach: float, arms: list[Arm]) -> Record:
        # the way to the cell: a fibre that has one, and of several the one whose far end lies here
        best = min(arms, key=lambda arm: (not self._has_cell(arm.fibre), arm.along_um > reach, arm.apart_um))
        row = self.fibres[best.fibre]
        attached = bool(row["attached"])
        return {
            "attachment": word_for(sum(arm.count for arm in arms)),
            "fibre_id": best.fibre,
            "along_um": best.length_um - best.along_um,
            "cell_id": int(row["cell_id"]) if attached else self.nearest_rear(x, y),
            "attached": attached,
        }

    def _has_cell(self, fibre: int) -> bool:
        return bool(self.fibres[fibre]["attached"])

    def _by_nodes(self, x: float, y: float, reach: float, nodes: list[Record]) -> Record:
        apart = [float(np.hypot(node["x_um"] - x, node["y_um"] - y)) for node in nodes]
        near = int(np.argmin(apart)) if apart else -1
        if near >= 0 and apart[near] <= reach:
            return self._at_node(x, y, nodes[near], str(nodes[near]["kind"]))
        by_id = {int(node["node_id"]): node for node in nodes}
        for node in nodes:
            parent = by_id.get(int(node["parent_id"]))
            if parent is None:
                continue
            chord = np.array([[node["x_um"], node["y_um"]], [parent["x_um"], parent["y_um"]]], np.float64)
            if nearest_on_path(chord, x, y)[0] <= reach:
                return self._at_node(x, y, node, "shaft")
        return self._nowhere(x, y, "unknown")  # fibres bend away from the chords: not being near one proves nothing

    def _at_node(self, x: float, y: float, node: Record, word: str) -> Record:
        attached = bool(np.isinf(float(node["detached_min"])))
        owner = int(node["cell_id"]) if attached else self.nearest_rear(x, y)
        return {"attachment": word, "fibre_id": -1, "along_um": np.nan, "cell_id": owner, "attached": attached}

    def _nowhere(self, x: float, y: float, word: str) -> Record:
        owner = self.nearest_rear(x, y)
        return {"attachment": word, "fibre_id": -1, "along_um": np.nan, "cell_id": owner, "attached": False}

    def nearest_rear(self, x: float, y: float) -> int:
        """Return the cell whose rear is nearest and in reach; -1 if none."""
        apart = {
            number: float(np.hypot(row["rear_x_um"] - x, row["rear_y_um"] - y))
            for number, row in self.cells.items()
            if np.isfinite(row["rear_x_um"]) and np.isfinite(row["rear_y_um"])
        }
        nearest = min(apart, key=lambda number: apart[number], default=-1)
        return nearest if nearest >= 0 and apart[nearest] <= self.owner_reach_um else -1

    def cell_at(self, x: float, y: float, outlines: Mapping[int, Floats]) -> int:
        """Return the cell whose body a fibre's end meets; -1 if none."""
        from skimage.measure import points_in_poly

        for number, row in self.cells.items():
            if number in outlines:
                edge = outlines[number]
                closed = np.concatenate([edge, edge[:1]])
                inside = points_in_poly([(x, y)], edge)[0]  # type: ignore[no-untyped-call]  # skimage has no types
                if inside or nearest_on_path(closed, x, y)[0] <= 2 * TOUCH_UM:
                    return number
            elif np.hypot(row["x_um"] - x, row["y_um"] - y) <= np.sqrt(row["area_um2"] / np.pi) + 2 * TOUCH_UM:
                return number
        return -1
