"""Retraction fibres: length laid and intact, junctions, tips, and where on them migrasomes sit."""

from __future__ import annotations

import numpy as np

from migralab.core.errors import RequestError
from migralab.measure.observables.formation.count import NO_CELLS, fibre_length
from migralab.measure.view import Estimate, Floats, View, missing

PLACES = ("tip", "junction", "shaft", "free")


def measure_fibre_length(view: View, *, fibre: str = "intact") -> Estimate:
    """Return fibre length per cell, um; ``laid`` includes what has broken since."""
    if not view.n_cells:
        return missing(NO_CELLS)
    length, why = fibre_length(view, fibre)
    if length is None:
        return missing(why)
    return view.ratio(length, (np.ones(view.n_cells), 0.0), method=f"length of {fibre} fibre over cells")


def measure_node_density(view: View, *, kind: str = "junction") -> Estimate:
    """Return junctions or tips per 100 um of fibre: laid over laid, or in an image seen over seen."""
    fibre = "laid" if view.simulated else "intact"
    length, why = fibre_length(view, fibre)
    if length is None:
        return missing(why)
    if length[0].sum() + length[1] == 0:
        return missing("no fibre in this frame")
    nodes = _count_nodes(view, kind)
    return view.ratio(nodes, length, scale=100.0, method=f"{kind}s over {fibre} fibre, ratio of totals")


def measure_junction_tip_ratio(view: View) -> Estimate:
    """Return junctions over tips; 1 where every fibre that ends at a tip has merged once."""
    junctions, tips = _count_nodes(view, "junction"), _count_nodes(view, "tip")
    if tips[0].sum() + tips[1] == 0:
        return missing("no tips in this frame")
    return view.ratio(junctions, tips, method="junctions over tips, ratio of totals")


def _count_nodes(view: View, kind: str) -> tuple[Floats, float]:
    if kind not in {"tip", "junction"}:
        raise RequestError(f"kind = '{kind}' is no kind of node that is counted. Allowed: tip, junction.")
    key = f"number of {kind}s"
    if key not in view.memo:
        nodes = view.nodes
        chosen = np.flatnonzero((nodes["kind"] == kind).to_numpy(bool))
        view.memo[key] = view.per_cell(nodes["cell_id"].to_numpy(np.int64)[chosen])
    found: tuple[Floats, float] = view.memo[key]
    return found


def measure_place_share(view: View, *, place: str = "tip") -> Estimate:
    """Return the share of migrasomes at a tip, a junction, on the shaft, or free, of known ones."""
    if place not in PLACES:
        raise RequestError(f"place = '{place}' is no place on a fibre. Allowed: {', '.join(PLACES)}.")
    places = view.word("attachment")
    known = places != "unknown"
    left = int((~known).sum())
    note = f"{left} of unknown place left out" if left else ""
    return view.mean_of(
        view.owners[known],
        places[known] == place,
        method=f"migrasomes at {place} over those of known place",
        note=note,
    )


def measure_fibre_spacing(view: View) -> Estimate:
    """Return the mean distance of parallel fibres: ground swept by the rears over fibre laid on it, um."""
    length, why = fibre_length(view, "laid")
    if length is None:
        return missing(why)
    swept = _sweep(view)
    if swept is None or not length[0].sum() > 0:
        return missing("rear width or fibre unknown")
    note = "fibres converge to the pole of the rear, so nearest neighbours lie closer"
    return view.ratio((swept, 0.0), (length[0], 0.0), method="ground swept by the rear over laid fibre", note=note)


def _sweep(view: View) -> Floats | None:
    """Return the area that each cell's rear has passed over, um2: width times advance, frame by frame."""
    rows = view.whole("cells")
    rows = rows[(rows["frame"] <= view.frame).to_numpy(bool)]
    owner = view.owner(rows["cell_id"])
    order = np.lexsort((rows["frame"].to_numpy(), owner))
    width, path = (rows[name].to_numpy(np.float64)[order] for name in ("rear_width_um", "path_um"))
    if np.isnan(width).any() or np.isnan(path).any():
        return None
    owner = owner[order]
    same = np.concatenate([[False], owner[1:] == owner[:-1]])[: len(owner)]
    before_path = np.where(same, np.roll(path, 1), 0.0)
    before_width = np.where(same, np.roll(width, 1), width)
    swept = np.bincount(owner, (path - before_path) * (width + before_width) / 2, view.n_cells + 1)
    return np.asarray(swept[: view.n_cells], np.float64)


def measure_limiter_share(view: View, *, limiter: str = "area") -> Estimate:
    """Return the share of migrasomes whose radius is limited by volume, area or shape."""
    if limiter not in {"volume", "area", "shape"}:
        raise RequestError(f"limiter = '{limiter}' limits no radius. Allowed: volume, area, shape.")
    limits = view.word("limiter")
    known = limits != "unknown"
    if not known.any():
        return missing("what limits the radius is not known here")
    return view.mean_of(
        view.owners[known],
        limits[known] == limiter,
        method=f"migrasomes limited by {limiter} over all",
    )
