"""The specimen under the microscope: what of a simulated dish stands in the field at one time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from migralab.core.errors import RequestError
from migralab.core.random import normal_pair_array, stream_key
from migralab.microscope.body import CellBody, CellPose, complete_pose, draw_cell, rear_attachment
from migralab.microscope.curve import directions, draw_curves, relax_nodes
from migralab.microscope.specimen import FIBRE_RADIUS_UM, Array, Dots, Field, Floats, Scene, Tubes, Vesicles
from migralab.results.observations import Observations

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Dots", "Field", "Scene", "Tubes", "Vesicles", "choose_field", "scene_from_observations"]

_LUMEN_SPREAD = 0.5  # E: log-normal spread of the light from inside between vesicles
_MARGIN_UM = 4.0
_LARGEST_CHOSEN_UM = 200.0


def scene_from_observations(
    observations: Observations,
    frame: int | None = None,
    field: Field | None = None,
    *,
    look: int = 0,
    flank_fibres_per_um: float = 0.5,
) -> Scene:
    """Return the specimen of a simulated dish at one frame.

    A stretch from a node to its parent stands if the parent was laid and the stretch has not broken. A node
    whose parent is not laid yet, or is none, hangs on the rear edge of its cell. Broken stretches show as
    their retractosomes only.

    Parameters
    ----------
    observations
        Tables of a simulated dish.
    frame
        Number of the frame; the last by default.
    field
        x0, y0, x1, y1 in um; by default what there is, or `choose_field`'s part of it.
    look
        Key of what is only drawn: outlines of bodies, endosomes, side fibres.
    flank_fibres_per_um
        Density of the drawn side fibres; 0 for none.

    Raises
    ------
    RequestError
        If the observations are not those of a simulation, or have no such frame.
    """
    if observations.origin != "simulation":
        raise RequestError(
            f"origin = '{observations.origin}' cannot be imaged: the microscope needs the tables of a "
            "simulated dish. Give a run, not the measurement of a micrograph."
        )
    number = observations.last_frame if frame is None else frame
    if not 0 <= number <= observations.last_frame:
        raise RequestError(f"frame = {frame}: the run has frames 0 to {observations.last_frame}.")
    time = observations.frames_min[number]
    poses = _poses(observations.at("cells", number))
    cells = tuple(draw_cell(pose, look=look, flank_fibres_per_um=flank_fibres_per_um) for pose in poses.values())
    tubes = _tubes(observations["nodes"], poses, cells, time)
    vesicles = _vesicles(observations.at("migrasomes", number), look)
    dots = _dots(observations["retractosomes"], time)
    chosen = field or choose_field(observations, number)
    x0, y0, x1, y1 = chosen
    if not (math.isfinite(x0 + y0 + x1 + y1) and x1 > x0 and y1 > y0):
        raise RequestError(
            f"field = {chosen} is empty: give x0, y0, x1, y1 in um with x1 > x0 and y1 > y0, "
            "or leave it out to see what there is."
        )
    return Scene(field=chosen, frame=number, time_min=time, cells=cells, tubes=tubes, vesicles=vesicles, dots=dots)


def choose_field(observations: Observations, frame: int | None = None) -> Field:
    """Return a field that holds the dish, or where that is too large, the densest 200 um of migrasomes.

    A field that was chosen for its migrasomes must not be used for counts per area: ask for a field then.
    """
    number = observations.last_frame if frame is None else frame
    seen = [observations.at("cells", number), observations.at("migrasomes", number)]
    nodes = observations["nodes"]
    time = observations.frames_min[number]
    seen.append(nodes[~(nodes["born_min"] > time)])
    points = np.concatenate([table[["x_um", "y_um"]].to_numpy(np.float64) for table in seen])
    points = points[np.isfinite(points).all(axis=1)]
    if not len(points):
        return (0.0, 0.0, 50.0, 50.0)
    cell_reach = 20.0 if len(seen[0]) else 0.0  # half a body (E), which the centre alone does not show
    low, high = points.min(axis=0) - _MARGIN_UM - cell_reach, points.max(axis=0) + _MARGIN_UM + cell_reach
    crowd = seen[1][["x_um", "y_um"]].to_numpy(np.float64)
    crowd = crowd[np.isfinite(crowd).all(axis=1)]
    for axis in (0, 1):
        if high[axis] - low[axis] > _LARGEST_CHOSEN_UM:
            middle = _densest(crowd[:, axis] if len(crowd) else points[:, axis])
            start = min(max(low[axis], middle - _LARGEST_CHOSEN_UM / 2), high[axis] - _LARGEST_CHOSEN_UM)
            low[axis], high[axis] = start, start + _LARGEST_CHOSEN_UM
            crowd = crowd[(crowd[:, axis] >= low[axis]) & (crowd[:, axis] <= high[axis])]
            points = points[(points[:, axis] >= low[axis]) & (points[:, axis] <= high[axis])]
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def _densest(values: Floats) -> float:
    order = np.sort(values)
    inside = np.searchsorted(order, order + _LARGEST_CHOSEN_UM, side="right") - np.arange(len(order))
    best = int(np.argmax(inside))
    return float((order[best] + order[best + inside[best] - 1]) / 2)


def _poses(cells: pd.DataFrame) -> dict[int, CellPose]:
    def columns(*names: str) -> Floats:
        return cells[list(names)].to_numpy(np.float64)

    centre, heading = columns("x_um", "y_um"), columns("heading_x", "heading_y")
    rear, size = columns("rear_x_um", "rear_y_um"), columns("rear_width_um", "area_um2")
    poses = {}
    for row, ident in enumerate(cells["cell_id"].to_numpy(np.int64)):
        if np.isfinite(centre[row]).all():
            poses[int(ident)] = complete_pose(
                CellPose(
                    cell_id=int(ident),
                    centre=centre[row],
                    heading=heading[row],
                    rear=rear[row],
                    rear_width=float(size[row, 0]),
                    area=float(size[row, 1]),
                )
            )
    return poses


def _tubes(nodes: pd.DataFrame, poses: dict[int, CellPose], cells: tuple[CellBody, ...], time: float) -> Tubes:
    ident = nodes["node_id"].to_numpy(np.int64)
    place = nodes[["x_um", "y_um"]].to_numpy(np.float64)
    # a node of unknown age was there all the time, and a stretch without a break never breaks
    laid = ~(nodes["born_min"].to_numpy(np.float64) > time)
    whole = ~(nodes["breaks_min"].to_numpy(np.float64) <= time)
    owner = nodes["cell_id"].to_numpy(np.int64)
    parent = _rows_of(nodes["parent_id"].to_numpy(np.int64), ident)
    parent = np.where((parent >= 0) & laid[parent], parent, -1)
    standing = np.flatnonzero(laid & whole & (parent >= 0))
    hanging = np.flatnonzero(laid & whole & (parent < 0) & np.isin(owner, list(poses)))
    onward = np.full(place.shape, np.nan)
    for row in hanging:
        onward[row] = rear_attachment(poses[int(owner[row])], place[row])
    held = (nodes["kind"].to_numpy(str) != "shaft") | (parent < 0) | ~laid
    place = relax_nodes(place, np.where(laid, parent, -1), held)
    way = directions(place, np.where(laid, parent, -1), onward)
    start = np.concatenate([standing, hanging])
    end = np.concatenate([place[parent[standing]], onward[hanging]])
    inwards = np.array([poses[int(owner[row])].heading for row in hanging], np.float64).reshape(-1, 2)
    pieces, curve = draw_curves(place[start], end, way[start], np.concatenate([way[parent[standing]], inwards]))
    flanks = [cell.flanks for cell in cells]
    beside = np.repeat(np.array([cell.cell_id for cell in cells], np.int64), [len(ends) for ends in flanks])
    ends = np.concatenate([pieces, *flanks])
    kinds = np.where(curve < len(standing), "laid", "live")
    return Tubes(
        ends=ends,
        cell_id=np.concatenate([owner[start][curve], beside]),
        node_id=np.concatenate([ident[start][curve], np.full(len(beside), -1)]),
        kind=np.concatenate([kinds, np.full(len(beside), "flank")]),
        radius=np.full(len(ends), FIBRE_RADIUS_UM),
        brightness=np.ones(len(ends)),
    )


def _rows_of(wanted: Array, ident: Array) -> Array:
    """Row of each wanted id, -1 where it is not in the table."""
    if not len(ident):
        return np.full(len(wanted), -1)
    order = np.argsort(ident)
    spot = np.minimum(np.searchsorted(ident, wanted, sorter=order), len(ident) - 1)
    found = order[spot]
    return np.where(ident[found] == wanted, found, -1)


def _vesicles(rows: pd.DataFrame, look: int) -> Vesicles:
    rows = rows[rows["diameter_um"] > 0]
    ident = rows["migrasome_id"].to_numpy(np.int64)
    enrichment = rows["enrichment"].to_numpy(np.float64)
    spread, _ = normal_pair_array(stream_key("microscope/lumen"), ident.astype(np.uint64), look % 2**32, 0)
    return Vesicles(
        migrasome_id=ident,
        cell_id=rows["cell_id"].to_numpy(np.int64),
        node_id=rows["node_id"].to_numpy(np.int64),
        centre=rows[["x_um", "y_um"]].to_numpy(np.float64),
        diameter=rows["diameter_um"].to_numpy(np.float64),
        enrichment=np.where(np.isfinite(enrichment), enrichment, 1.0),
        lumen=np.exp(_LUMEN_SPREAD * spread),
        attachment=rows["attachment"].to_numpy(str),
        attached=rows["attached"].to_numpy(bool),
        stage=rows["stage"].to_numpy(str),
    )


def _dots(rows: pd.DataFrame, time: float) -> Dots:
    rows = rows[~(rows["born_min"] > time)]
    return Dots(
        centre=rows[["x_um", "y_um"]].to_numpy(np.float64),
        diameter=rows["diameter_um"].to_numpy(np.float64),
        cell_id=rows["cell_id"].to_numpy(np.int64),
    )
