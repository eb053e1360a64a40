"""Run -> Observations: what a perfect observer would have written down."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from migralab.core.errors import RequestError
from migralab.physics.network import label_stretches
from migralab.results.observations import Observations, conform, empty_table
from migralab.results.run import Columns, Run

if TYPE_CHECKING:
    import pandas as pd


def observe(run: Run, frames: Sequence[int] | None = None) -> Observations:
    """Return the tables of a run as observations.

    Parameters
    ----------
    frames
        Frames whose fibres are cut into stretches (the last one by default); cells and vesicles are there in all.

    Raises
    ------
    RequestError
        If a frame does not exist.
    """
    import pandas as pd

    times = run.provenance.frames_min
    wanted = [len(times) - 1] if frames is None else list(frames)
    if strange := [f for f in wanted if not 0 <= f < len(times)]:
        raise RequestError(f"frame {strange[0]} does not exist; this run has frames 0 to {len(times) - 1}.")
    fibres, places = [], []
    for frame in wanted:
        stretches, vesicles = _stretches(run.tables["nodes"], run.tables["migrasomes"], frame, times[frame])
        fibres.append(stretches)
        places.append(vesicles)
    migrasomes = conform("migrasomes", dict(run.tables["migrasomes"]))
    for place in places:
        for column in ("fibre_id", "along_um"):
            migrasomes.loc[place["row"], column] = place[column]
    return Observations(
        tables={
            "cells": conform("cells", dict(run.tables["cells"])),
            "nodes": conform("nodes", dict(run.tables["nodes"])),
            "fibres": pd.concat(fibres, ignore_index=True) if fibres else empty_table("fibres"),
            "migrasomes": migrasomes,
            "lives": conform("lives", dict(run.tables["lives"])),
            "retractosomes": conform("retractosomes", dict(run.tables["retractosomes"])),
            "pools": conform("pools", dict(run.tables.get("pools", {}))),
            "levels": conform("levels", dict(run.tables.get("levels", {}))),
        },
        origin="simulation",
        experiment=str(run.provenance.seed),
        condition=run.provenance.arm,
        field_area_um2=run.provenance.field_area_um2,
        frames_min=times,
    )


def _stretches(nodes: Columns, migrasomes: Columns, frame: int, time: float) -> tuple[pd.DataFrame, Columns]:
    there = np.flatnonzero(nodes["born_min"] <= time)
    n = len(there)
    ids = nodes["node_id"][there]
    parent = np.searchsorted(ids, nodes["parent_id"][there])
    # A parent that is not laid yet: the fibre still hangs on the cell
    parent = np.where(
        (nodes["parent_id"][there] >= 0)
        & (parent < n)
        & (ids[np.minimum(parent, n - 1)] == nodes["parent_id"][there] if n else False),
        parent,
        -1,
    )
    x, y, broken = nodes["x_um"][there], nodes["y_um"][there], nodes["breaks_min"][there] <= time
    kinds = nodes["kind"][there]
    code = np.select([kinds == "tip", kinds == "junction"], [1, 2], 0).astype(np.int8)
    stretch, along, edge = np.empty(n, np.int64), np.empty(n), np.empty(n)
    count = label_stretches(parent, code, x, y, broken, stretch, along, edge)
    own = np.flatnonzero(stretch >= 0)
    length = np.bincount(stretch[own], edge[own], count)
    # The far end has the largest `along`; the near end is the parent of the node that opened the stretch
    by_along = own[np.argsort(along[own], kind="stable")]
    far, near = np.zeros(count, np.int64), np.zeros(count, np.int64)
    far[stretch[by_along]] = by_along
    near[stretch[by_along[::-1]]] = parent[by_along[::-1]]
    start = np.where(kinds[far] == "shaft", "break", kinds[far])
    end = np.where(kinds[near] == "junction", "junction", np.where(parent[near] < 0, "cell", "break"))
    table = {
        "frame": np.full(count, frame, np.int32),
        "time_min": np.full(count, time),
        "fibre_id": np.arange(count),
        "cell_id": nodes["cell_id"][there][far],
        "length_um": length,
        "length_sd_um": np.zeros(count),
        "chord_um": np.hypot(x[far] - x[near], y[far] - y[near]),
        "start": start.astype(object),
        "end": end.astype(object),
        "attached": (nodes["detached_min"][there][far] > time) & ~broken[far],
        "broken": broken[far],
    }
    rows = np.flatnonzero(migrasomes["frame"] == frame)
    rows = rows[migrasomes["node_id"][rows] >= 0]  # what was put there sits on no fibre
    at = np.searchsorted(ids, migrasomes["node_id"][rows])
    places = {"row": rows, "fibre_id": stretch[at], "along_um": along[at]}
    return conform("fibres", table), places
