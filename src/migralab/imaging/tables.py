"""From what was found in one frame to the rows of the schema's tables, in um."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from migralab.imaging.detect.network import Network, smooth_path
from migralab.imaging.reading import MicrographLike
from migralab.imaging.settings import AnalysisSettings
from migralab.results.observations import Observations, conform, empty_table

if TYPE_CHECKING:
    from migralab.imaging.analyse import Trace

Rows = list[dict[str, Any]]

_STRIDE = 100_000  # ids of one frame start at its number times this: no two objects of a movie share an id
_END_SD = 0.7  # an end of a blurred line is known to about this part of the point spread function (E)


def gather(series: MicrographLike, rows: dict[str, Rows], notes: Sequence[str]) -> Observations:
    """Return the rows of all frames of a micrograph as one set of tables."""
    tables = {name: empty_table(name) for name in ("lives", "retractosomes", "pools", "levels")}
    for name, records in rows.items():
        columns: dict[str, Any] = {c: [record[c] for record in records] for c in records[0]} if records else {}
        tables[name] = conform(name, columns) if records else empty_table(name)
    return Observations(
        tables=tables,
        origin="image",
        experiment=series.source,
        field_area_um2=float(np.count_nonzero(~series.masked)) * series.pixel_size_um**2,
        frames_min=tuple(series.time_min(frame) for frame in range(series.frames)),
        notes=tuple(notes),
    )


def tabulate(trace: Trace, pixel_um: float, frame: int, time_min: float, settings: AnalysisSettings) -> dict[str, Rows]:
    """Return the rows of cells, nodes, fibres and migrasomes of one frame."""
    stamp = {"frame": frame, "time_min": time_min}
    fibre_rows, fibre_at = _tabulate_fibres(trace, pixel_um, frame * _STRIDE)
    rears = _rears(trace, pixel_um)
    cells = []
    for cell in trace.cells:
        x, y, width = rears.get(cell.cell_id, (np.nan, np.nan, np.nan))
        cells.append(
            {
                "cell_id": cell.cell_id, "x_um": cell.x_um, "y_um": cell.y_um, "heading_x": np.nan,
                "rear_x_um": x, "rear_y_um": y, "rear_width_um": width, "area_um2": cell.area_um2,
            }
        )  # fmt: skip
    migrasomes = _tabulate_migrasomes(trace, pixel_um, fibre_at, rears, settings)
    for row in migrasomes:
        row["migrasome_id"] += frame * _STRIDE
    return {
        "cells": [stamp | row for row in cells],
        "nodes": _tabulate_nodes(trace, pixel_um, time_min),
        "fibres": [stamp | row for row in fibre_rows],
        "migrasomes": [stamp | row for row in migrasomes],
    }


def _kind(network: Network, number: int) -> str:
    """Word of the schema for the end of a fibre."""
    node = network.nodes[number]
    if node.kind == "vesicle":
        return {1: "tip", 2: "shaft"}.get(len(node.branches), "junction")
    return {"edge": "unknown"}.get(node.kind, node.kind)


def _tabulate_fibres(trace: Trace, pixel_um: float, first_id: int) -> tuple[Rows, dict[int, tuple[int, float]]]:
    """Rows of fibres, and for each branch its fibre and the distance of its near end from the fibre's end.

    A migrasome on the shaft does not end a fibre: the branches on its two sides are one.
    """
    network, ways = trace.network, trace.ways
    rows: Rows = []
    fibre_at: dict[int, tuple[int, float]] = {}
    left = set(network.branches)
    while left:
        seed = min(left)
        chain, start, end = _follow(network, seed)
        left -= set(chain)
        if _steps(trace, start) < _steps(trace, end):  # the end is towards the cell
            chain, start, end = chain[::-1], end, start
        fibre = first_id + len(rows)
        lengths = [network.branches[b].length_px * pixel_um for b in chain]
        for place, branch in enumerate(chain):
            fibre_at[branch] = (fibre, float(sum(lengths[place + 1 :])))
        owner = ways.cell.get(end, ways.cell.get(start, -1))
        first, last = network.nodes[start], network.nodes[end]
        start_x, start_y = _meeting_point(network, chain[0], start)
        end_x, end_y = _meeting_point(network, chain[-1], end)
        rows.append(
            {
                "fibre_id": fibre,
                "cell_id": owner,
                "length_um": sum(lengths),
                "length_sd_um": _length_sd(trace, chain, pixel_um),
                "chord_um": float(np.hypot(start_x - end_x, start_y - end_y)) * pixel_um,
                "start": _kind(network, start) if first.kind != "cell" else "unknown",
                "end": _kind(network, end) if last.kind != "shaft" else "unknown",
                "attached": owner >= 0,
                "broken": False,
            }
        )
    return rows, fibre_at


def _follow(network: Network, seed: int) -> tuple[list[int], int, int]:
    """Branches of one fibre through its shaft vesicles, and the nodes at its two ends."""
    chain = [seed]
    ends = []
    for side in (network.branches[seed].a, network.branches[seed].b):
        branch, node, grown = seed, side, []
        while network.nodes[node].kind == "vesicle" and len(network.nodes[node].branches) == 2:
            branch = next(iter(network.nodes[node].branches - {branch}))
            if branch in chain or branch in grown:
                break
            grown.append(branch)
            node = network.other(branch, node)
        ends.append(node)
        chain = [*grown[::-1], *chain] if len(ends) == 1 else [*chain, *grown]
    return chain, ends[0], ends[1]


def _steps(trace: Trace, number: int) -> float:
    """Count the nodes on the way to the cell; infinite where there is none."""
    count = 0
    while number in trace.ways.parent and trace.ways.parent[number] >= 0:
        number, count = trace.ways.parent[number], count + 1
    return count if number in trace.ways.cell else np.inf


def _meeting_point(network: Network, branch: int, number: int) -> tuple[float, float]:
    """Where a branch meets a node; on a cell that is its outline, not its centre."""
    found = network.branches[branch]
    x, y = found.path[0] if found.a == number else found.path[-1]
    return float(x), float(y)


def _length_sd(trace: Trace, chain: list[int], pixel_um: float) -> float:
    """Two blurred ends, and what depends on how strongly the chain of pixels is smoothed."""
    total = 0.0
    for branch in chain:
        path = trace.network.branches[branch].path
        steps = np.diff(smooth_path(path, reach=5), axis=0)
        total += trace.network.branches[branch].length_px - float(np.hypot(steps[:, 0], steps[:, 1]).sum())
    end = _END_SD * max(trace.psf_um, 0.5 * pixel_um)
    return float(np.sqrt(2 * end**2 + (0.5 * total * pixel_um) ** 2))


def _rears(trace: Trace, pixel_um: float) -> dict[int, tuple[float, float, float]]:
    """Rear of each cell: centre and spread of where its fibres are attached, weighted by their length."""
    found: dict[int, tuple[float, float, float]] = {}
    for node in trace.network.nodes.values():
        if node.kind != "cell" or not node.branches:
            continue
        points, weights = [], []
        for number in sorted(node.branches):
            branch = trace.network.branches[number]
            points.append(_meeting_point(trace.network, number, _number_of(trace.network, branch.a, branch.b, node)))
            weights.append(branch.length_px)
        x, y = np.average(np.array(points), axis=0, weights=weights) * pixel_um
        spread = np.sqrt(np.average(((np.array(points) * pixel_um - [x, y]) ** 2).sum(axis=1), weights=weights))
        found[node.index] = (float(x), float(y), float(spread) * 2)
    return found


def _number_of(network: Network, a: int, b: int, node: object) -> int:
    return a if network.nodes[a] is node else b


def _tabulate_nodes(trace: Trace, pixel_um: float, time_min: float) -> Rows:
    """Nodes with the way to the cell; what has no way is marked as detached by the time of the frame."""
    network, ways = trace.network, trace.ways
    listed = {n: row for row, n in enumerate(n for n, v in sorted(network.nodes.items()) if v.kind != "cell")}
    rows: Rows = []
    for number, row in listed.items():
        node = network.nodes[number]
        kind = _kind(network, number)
        if not node.branches or kind == "unknown":
            kind = "unknown"
        attached = number in ways.cell
        rows.append(
            {
                "node_id": row,
                "cell_id": ways.cell.get(number, -1),
                "parent_id": listed.get(ways.parent.get(number, -1), -1),
                "x_um": node.x * pixel_um,
                "y_um": node.y * pixel_um,
                "kind": kind,
                "born_min": np.nan,
                "path_um": np.nan,
                "breaks_min": np.inf,
                "detached_min": np.inf if attached else time_min,
            }
        )
    return [row for row in rows if row["kind"] != "unknown"]


def _tabulate_migrasomes(
    trace: Trace,
    pixel_um: float,
    fibre_at: dict[int, tuple[int, float]],
    rears: dict[int, tuple[float, float, float]],
    settings: AnalysisSettings,
) -> Rows:
    network, ways = trace.network, trace.ways
    number_of = {node.index: n for n, node in network.nodes.items() if node.kind == "vesicle"}
    rows: Rows = []
    for index, vesicle in enumerate(trace.vesicles):
        number = number_of[index]
        branches = network.nodes[number].branches
        x, y = vesicle.x * pixel_um, vesicle.y * pixel_um
        attached = number in ways.cell
        fibre, along = -1, np.nan
        if branches:
            way = ways.branch.get(number, -1)
            branch = way if way in branches else max(branches, key=lambda b: network.branches[b].length_px)
            fibre, nearer = fibre_at[branch]
            along = nearer + network.branches[branch].length_px * pixel_um
        rows.append(
            {
                "migrasome_id": index,
                "cell_id": ways.cell[number] if attached else _nearest_rear(x, y, rears, settings.owner_reach_um),
                "fibre_id": fibre,
                "x_um": x,
                "y_um": y,
                "diameter_um": vesicle.diameter_um,
                "diameter_sd_um": vesicle.diameter_sd_um,
                "attachment": _attachment(len(branches), sure=trace.fibres_show),
                "attached": attached,
                "area_um2": np.pi * vesicle.diameter_um**2,
                "volume_um3": np.pi / 6 * vesicle.diameter_um**3,
                "along_um": along,
            }
        )
    return rows


def _attachment(branches: int, *, sure: bool) -> str:
    """Where a vesicle with so many fibres sits; one without is free only if a fibre would have been seen."""
    if branches == 0:
        return "free" if sure else "unknown"
    return {1: "tip", 2: "shaft"}.get(branches, "junction")


def _nearest_rear(x: float, y: float, rears: dict[int, tuple[float, float, float]], reach_um: float) -> int:
    distances = {cell: float(np.hypot(rx - x, ry - y)) for cell, (rx, ry, _) in rears.items()}
    nearest = min(distances, key=lambda cell: distances[cell], default=-1)
    return nearest if nearest >= 0 and distances[nearest] <= reach_um else -1
