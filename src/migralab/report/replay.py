"""A run packed for the replay in the page: 16-bit numbers, as small as the eye allows.

Places are quantised over the field to 1/65535 of its side, times over the run to 1/65534 of its length (65535 is
never), so 1000 um are kept to 0.02 um and 12 h to 0.01 min.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from migralab.report.content import RankedCell
from migralab.results.observations import Observations

Floats = NDArray[np.float64]

MOST_BYTES = 3_000_000
NEVER = 65535
_WHOLE, _LAST = 65535, 65534
_DIAMETER_STEP_UM = 0.001
ASPECT = 0.68  # height over width of the close-up


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """What the page's script needs, and how much of the dish it holds.

    Parameters
    ----------
    content
        JSON-ready: numbers, and arrays as base64 of little-endian 16- or 32-bit integers.
    cells, cells_in_dish
        Cells whose trails are in it, and cells of the dish.
    """

    content: dict[str, Any]
    cells: int
    cells_in_dish: int


def pack_replay(observations: Observations, top: RankedCell | None, most_bytes: int = MOST_BYTES) -> Packed:
    """Pack a simulated dish; where it is too large, the cells nearest the top cell.

    Parameters
    ----------
    observations
        Tables of a simulated dish.
    top
        The cell that the close-up shows.
    most_bytes
        Size limit of the packed text.
    """
    cells = observations["cells"]
    last = observations.at("cells")
    ids = last["cell_id"].to_numpy(np.int64)
    order = _nearest_first(last, top)
    kept, content = len(order), {}
    for _ in range(12):
        chosen = ids[order[:kept]]
        content = _pack(observations, cells, chosen, top)
        size = sum(len(value) for value in content.values() if isinstance(value, str))
        if size <= most_bytes or kept == 1:
            break
        kept = max(1, int(kept * 0.9 * most_bytes / size))
    return Packed(content=content, cells=kept, cells_in_dish=len(order))


def _nearest_first(cells: Any, top: RankedCell | None) -> NDArray[np.intp]:
    place = cells[["x_um", "y_um"]].to_numpy(np.float64)
    if top is None or not len(place):
        return np.arange(len(place))
    middle = place[cells["cell_id"].to_numpy(np.int64) == top.cell_id][0]
    return np.argsort(np.hypot(*(place - middle).T), kind="stable")


def _pack(seen: Observations, cells: Any, chosen: NDArray[np.int64], top: RankedCell | None) -> dict[str, Any]:
    def own(table: str) -> Any:
        rows = seen[table]
        return rows[np.isin(rows["cell_id"].to_numpy(np.int64), chosen)]

    nodes, vesicles, beads = own("nodes"), own("migrasomes"), own("retractosomes")
    cells = _every_frame(cells, chosen, len(seen.frames_min))
    points = np.concatenate([t[["x_um", "y_um"]].to_numpy(np.float64) for t in (cells, nodes)])
    points = points if len(points) else np.zeros((1, 2))
    low, high = points.min(axis=0) - 15.0, points.max(axis=0) + 15.0
    side = float((high - low).max())
    end = float(seen.frames_min[-1]) or 1.0
    place = _Places(float(low[0]), float(low[1]), side)
    ids = nodes["node_id"].to_numpy(np.int64)
    # by time of laying, so that drawing can stop at the first that is not laid yet
    by_age = np.argsort(nodes["born_min"].to_numpy(np.float64), kind="stable")
    rank = np.empty(len(ids), np.int64)
    rank[by_age] = np.arange(len(ids))
    parent = _rows_of(nodes["parent_id"].to_numpy(np.int64), ids)
    follows = np.where(parent >= 0, rank[parent], -1)[by_age]
    path = np.stack([cells[name].to_numpy(np.float64) for name in ("x_um", "y_um", "rear_x_um", "rear_y_um")], axis=1)
    return {
        "x0": place.x0, "y0": place.y0, "side": side,
        "width": float(high[0] - low[0]), "height": float(high[1] - low[1]),
        "end": end, "frames": [float(t) for t in seen.frames_min],
        "cells": len(chosen), "part": len(chosen) < len(seen.at("cells")),
        "view": _close_up(seen, top, place, side), "aspect": ASPECT,
        "cx": place.x(path[:, 0]), "cy": place.y(path[:, 1]), "crx": place.x(path[:, 2]), "cry": place.y(path[:, 3]),
        "nx": place.x(_of(nodes, "x_um")[by_age]), "ny": place.y(_of(nodes, "y_um")[by_age]),
        "np": _text(follows, "<i4"),
        "nc": _text(np.searchsorted(np.sort(chosen), nodes["cell_id"].to_numpy(np.int64)[by_age]), "<u2"),
        "nb": _times(_of(nodes, "born_min")[by_age], end), "nd": _times(_of(nodes, "breaks_min")[by_age], end),
        "bx": place.x(_of(beads, "x_um")), "by": place.y(_of(beads, "y_um")), "bb": _times(_of(beads, "born_min"), end),
        **_vesicle_columns(vesicles, place),
    }  # fmt: skip


def _every_frame(cells: Any, chosen: NDArray[np.int64], frames: int) -> Any:
    """Return a row per cell and frame; a cell that is not there stays where it was seen last or first."""
    import pandas as pd

    index = pd.MultiIndex.from_product([np.sort(chosen), range(frames)], names=["cell_id", "frame"])
    places = cells.set_index(["cell_id", "frame"])[["x_um", "y_um", "rear_x_um", "rear_y_um"]]
    for axis in "xy":  # a cell that leaves no fibres has no rear
        places[f"rear_{axis}_um"] = places[f"rear_{axis}_um"].fillna(places[f"{axis}_um"])
    return places.reindex(index).groupby(level=0).ffill().groupby(level=0).bfill()


@dataclass(frozen=True, slots=True)
class _Places:
    x0: float
    y0: float
    side: float

    def x(self, values: ArrayLike) -> str:
        return self._text(np.asarray(values, np.float64) - self.x0)

    def y(self, values: ArrayLike) -> str:
        return self._text(np.asarray(values, np.float64) - self.y0)

    def _text(self, beyond: Floats) -> str:
        return _text(np.clip(np.rint(np.nan_to_num(beyond) / self.side * _WHOLE), 0, _WHOLE), "<u2")


def _of(table: Any, column: str) -> Floats:
    values: Floats = table[column].to_numpy(np.float64)
    return values


def _times(minutes: Floats, end: float) -> str:
    there = np.isfinite(minutes) & (minutes <= end)
    return _text(np.where(there, np.clip(np.rint(np.where(there, minutes, 0) / end * _LAST), 0, _LAST), NEVER), "<u2")


def _text(values: NDArray[Any], kind: str) -> str:
    return base64.b64encode(np.ascontiguousarray(values).astype(kind).tobytes()).decode("ascii")


def unpack(text: str, kind: str = "<u2") -> NDArray[Any]:
    """Return the integers of a packed array, as the page's script reads them."""
    return np.frombuffer(base64.b64decode(text), kind)


def _rows_of(wanted: NDArray[np.int64], ids: NDArray[np.int64]) -> NDArray[np.int64]:
    if not len(ids):
        return np.full(len(wanted), -1, np.int64)
    order = np.argsort(ids, kind="stable")
    spot = order[np.minimum(np.searchsorted(ids, wanted, sorter=order), len(ids) - 1)]
    return np.where(ids[spot] == wanted, spot, -1)


def _vesicle_columns(vesicles: Any, place: _Places) -> dict[str, Any]:
    """Vesicles sorted by id and frame, so that the script finds the growth of each in a run of rows."""
    rows = vesicles.sort_values(["migrasome_id", "frame"])
    ids = rows["migrasome_id"].to_numpy(np.int64)
    _, number = np.unique(ids, return_inverse=True)
    return {
        "vn": _text(number, "<u4"), "vf": _text(rows["frame"].to_numpy(np.int64), "<u2"),
        "vx": place.x(_of(rows, "x_um")), "vy": place.y(_of(rows, "y_um")),
        "vd": _text(np.rint(_of(rows, "diameter_um") / _DIAMETER_STEP_UM), "<u2"),
        "va": _text(rows["attached"].to_numpy(bool) + 2 * (rows["stage"] == "precursor").to_numpy(bool), "<u2"),
    }  # fmt: skip


def _close_up(seen: Observations, top: RankedCell | None, place: _Places, side: float) -> list[float]:
    """Field of the close-up: x, y of its corner and its width, um from the corner of the packed field."""
    if top is None:
        return [0.0, 0.0, side]
    parts = []
    for table in ("migrasomes", "cells"):
        rows = seen.at(table)
        own = rows[rows["cell_id"] == top.cell_id]
        parts.append(own[["x_um", "y_um"]].to_numpy(np.float64) - [place.x0, place.y0])
    points = np.concatenate(parts)
    low, high = points.min(axis=0) - 18.0, points.max(axis=0) + 18.0
    width = min(side, max(90.0, float(high[0] - low[0]), float(high[1] - low[1]) / ASPECT))
    x, y = (low + high) / 2 - np.array([width, width * ASPECT]) / 2
    return [float(x), float(y), width]
