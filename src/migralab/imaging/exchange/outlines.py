"""Where fibres run and where cells end, in um: not in the tables of `Observations`, and drawn by other programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from migralab.imaging.settings import AnalysisSettings
from migralab.results.observations import Observations

if TYPE_CHECKING:
    import pandas as pd

    from migralab.imaging.analyse import Trace
    from migralab.imaging.reading import MicrographLike

Floats = NDArray[np.float64]
Key = tuple[int, int]  # frame and id
_SAME_LENGTH_UM = 1e-6
_SAME_CELL_UM = 1.0
_COARSE_PX = 0.7  # an outline may leave the border of the pixels by this much


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outlines:
    """Courses of fibres and outlines of cells.

    Parameters
    ----------
    fibres
        By frame and ``fibre_id``: (n, 2) x, y along the fibre, um; the last point is towards the cell.
    cells
        By frame and ``cell_id``: (n, 2) x, y around the body, um.
    frames
        Frames in which all fibres of the table have their course here: only there is a vesicle without one free.
    """

    fibres: Mapping[Key, Floats] = field(default_factory=dict)
    cells: Mapping[Key, Floats] = field(default_factory=dict)
    frames: frozenset[int] = frozenset()

    def fibres_of(self, frame: int) -> dict[int, Floats]:
        """Return the courses in one frame by ``fibre_id``."""
        return {number: path for (at, number), path in self.fibres.items() if at == frame}

    def cells_of(self, frame: int) -> dict[int, Floats]:
        """Return the outlines in one frame by ``cell_id``."""
        return {number: path for (at, number), path in self.cells.items() if at == frame}


def find_outlines(observations: Observations, micrograph: MicrographLike, settings: AnalysisSettings) -> Outlines:
    """Return the courses and outlines that belong to the rows of `observations`.

    Parameters
    ----------
    observations
        From `analyse_micrograph` or `measure_image` with this micrograph and these settings. A row that the
        analysis of its frame does not find again (traced elsewhere, or edited) has no outline.
    micrograph, settings
        What they were made from. The analysis of each frame is repeated, unless it was the last one made.
    """
    from migralab.imaging.film.blocks import film_trace

    fibres: dict[Key, Floats] = {}
    cells: dict[Key, Floats] = {}
    whole = set()
    for frame in range(len(observations.frames_min)):
        trace = film_trace(micrograph, settings, frame)
        rows = observations.at("fibres", frame)
        found = _name_fibres(_chains(trace, micrograph.pixel_size_um), rows)
        fibres |= {(frame, number): path for number, path in found.items()}
        if len(found) == len(rows):
            whole.add(frame)
        outlined = _name_cells(trace, micrograph.pixel_size_um, observations.at("cells", frame))
        cells |= {(frame, number): path for number, path in outlined.items()}
    return Outlines(fibres=fibres, cells=cells, frames=frozenset(whole))


def _chains(trace: Trace, pixel_um: float) -> list[tuple[float, Floats]]:
    """Length and course of each fibre, um; a vesicle on the shaft does not end a fibre."""
    from migralab.imaging import tables

    rows, places = tables._tabulate_fibres(trace, pixel_um, 0)  # one rule for what a fibre is
    chains = []
    for number, row in enumerate(rows):
        branches = sorted((b for b in places if places[b][0] == number), key=lambda b: -places[b][1])
        chains.append((float(row["length_um"]), _join(trace, branches) * pixel_um))
    return chains


def _join(trace: Trace, branches: list[int]) -> Floats:
    """Course of a chain of branches from its end away from the cell, pixels."""
    from migralab.imaging.detect.network import smooth_path

    network = trace.network
    paths = [np.asarray(smooth_path(network.branches[b].path), np.float64) for b in branches]
    ends = [(network.branches[b].a, network.branches[b].b) for b in branches]
    if len(branches) > 1:
        forward = ends[0][1] in ends[1]
        at = ends[0][0]
    else:
        steps = {n: _steps_to_cell(trace, n) for n in ends[0]}
        forward = steps[ends[0][0]] >= steps[ends[0][1]]
        at = ends[0][0]
    at = at if forward else ends[0][1]
    joined = []
    for (a, b), path in zip(ends, paths, strict=True):
        joined.append(path if a == at else path[::-1])
        at = b if a == at else a
    return np.concatenate(joined)


def _steps_to_cell(trace: Trace, number: int) -> float:
    count = 0
    while trace.ways.parent.get(number, -1) >= 0:
        number, count = trace.ways.parent[number], count + 1
    return count if number in trace.ways.cell else np.inf


def _name_fibres(chains: list[tuple[float, Floats]], rows: pd.DataFrame) -> dict[int, Floats]:
    """Give each course the id of the row that has its length; rows may be named anew by tracking."""
    ids = rows["fibre_id"].to_numpy(np.int64)
    lengths = rows["length_um"].to_numpy(np.float64)
    free = np.ones(len(ids), bool)
    named: dict[int, Floats] = {}
    for length, path in chains:
        same = np.flatnonzero(free & (np.abs(lengths - length) <= _SAME_LENGTH_UM))
        if len(same):
            free[same[0]] = False
            named[int(ids[same[0]])] = path
    return named


def _name_cells(trace: Trace, pixel_um: float, rows: pd.DataFrame) -> dict[int, Floats]:
    from skimage.measure import approximate_polygon, find_contours

    named: dict[int, Floats] = {}
    places = rows[["x_um", "y_um"]].to_numpy(np.float64)
    for cell in trace.cells:
        apart = np.hypot(places[:, 0] - cell.x_um, places[:, 1] - cell.y_um)
        if not len(apart) or apart.min() > _SAME_CELL_UM:
            continue
        body = np.pad(trace.bodies == cell.cell_id + 1, 1)
        contours = find_contours(body.astype(float), 0.5)  # type: ignore[no-untyped-call]  # skimage has no types
        if not contours:
            continue
        longest = approximate_polygon(max(contours, key=len) - 1.0, _COARSE_PX)  # type: ignore[no-untyped-call]  # as above
        number = int(rows["cell_id"].to_numpy(np.int64)[int(apart.argmin())])
        named[number] = np.asarray(longest[:, ::-1], np.float64) * pixel_um
    return named


def path_length(path: Floats) -> float:
    """Return the length of a polyline (n, 2)."""
    steps = np.diff(path, axis=0)
    return float(np.hypot(steps[:, 0], steps[:, 1]).sum())


def nearest_on_path(path: Floats, x: float, y: float) -> tuple[float, float]:
    """Return the distance of a point from a polyline (n, 2), and how far along the polyline the nearest place is."""
    starts, steps = path[:-1], np.diff(path, axis=0)
    squares = np.maximum((steps**2).sum(axis=1), 1e-18)
    share = np.clip(((np.array([x, y]) - starts) * steps).sum(axis=1) / squares, 0.0, 1.0)
    places = starts + share[:, None] * steps
    apart = np.hypot(places[:, 0] - x, places[:, 1] - y)
    best = int(apart.argmin())
    before = np.hypot(steps[:best, 0], steps[:best, 1]).sum()
    return float(apart[best]), float(before + share[best] * np.sqrt(squares[best]))


def polygon_area(outline: Floats) -> tuple[float, float, float]:
    """Return area and centre (x, y) of a polygon (n, 2)."""
    x, y = outline[:, 0], outline[:, 1]
    x1, y1 = np.roll(x, -1), np.roll(y, -1)
    cross = x * y1 - x1 * y
    twice = float(cross.sum())
    if abs(twice) < 1e-12:
        return 0.0, float(x.mean()), float(y.mean())
    centre_x, centre_y = ((x + x1) * cross).sum() / (3 * twice), ((y + y1) * cross).sum() / (3 * twice)
    return abs(twice) / 2, float(centre_x), float(centre_y)
