"""Export to the JSON file that the Simularium viewer reads (trajectory version 3, spatial data version 1).

Written here and not by ``simulariumio``: see docs/adr/0011-exports.md. Every agent is a run of numbers: kind
(1000 sphere, 1001 fibre), id, type, place, rotation, radius, how many numbers follow, and these (points of a fibre).
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from migralab.core.version import VERSION
from migralab.results.export.frame import Floats, Progress, places, rows_at, standing_fibres, trace_lines
from migralab.results.run import Columns, Run

SPHERE, FIBRE = 1000, 1001
FIBRE_RADIUS_UM = 0.2  # drawn: tubes of 0.1 um would not show

# Type by number: name, shape, colour (those of the report, lighter where the viewer's dark ground asks for it)
_TYPES = (
    ("cell", "SPHERE", "#a0b8cc"),
    ("precursor", "SPHERE", "#56b4e9"),
    ("migrasome attached", "SPHERE", "#0072b2"),
    ("migrasome detached", "SPHERE", "#d55e00"),
    ("fibre intact", "FIBER", "#e6e6e6"),
    ("fibre detached", "FIBER", "#e69f00"),
)
_CELL, _PRECURSOR, _ATTACHED, _DETACHED, _INTACT, _CUT = range(len(_TYPES))
_DIGITS = 3  # nm; the file is text and most of it is places
_SIGHT_DEG = 75.0


def write_simularium(run: Run, frames: Sequence[int], path: Path, progress: Progress) -> None:
    """Write a run as one ``.simularium`` file.

    Parameters
    ----------
    path
        File to write.
    progress
        Told frames done and frames in all.
    """
    low, high = _extent(run)
    times = [run.provenance.frames_min[frame] for frame in frames]
    spatial = {"version": 1, "msgType": 1, "bundleStart": 0, "bundleSize": len(times)}
    with path.open("w", encoding="utf-8") as file:
        file.write(f'{{"trajectoryInfo": {json.dumps(_describe(run, times, high - low))},\n')
        file.write(f'"spatialData": {json.dumps(spatial)[:-1]}, "bundleData": [\n')
        for number, (frame, time) in enumerate(zip(frames, times, strict=True)):
            # The viewer's box has its middle at the origin
            agents = list_agents(run, frame, (low + high) / 2)
            content = {"frameNumber": number, "time": time, "data": agents}
            file.write(json.dumps(content, separators=(",", ":")) + (",\n" if number < len(times) - 1 else "\n"))
            progress(number + 1, len(times))
        file.write(']},\n"plotData": {"version": 1, "data": []}}\n')


def list_agents(run: Run, frame: int, middle: Floats) -> list[float]:
    """Return the agents of a frame as the flat list of the file.

    Parameters
    ----------
    middle
        Place (3,) in um that becomes the origin.
    """
    cells, vesicles = rows_at(run.tables["cells"], frame), rows_at(run.tables["migrasomes"], frame)
    first_vesicle = _after(run.tables["cells"], "cell_id")
    first_fibre = first_vesicle + _after(run.tables["migrasomes"], "migrasome_id")
    # The model has no cell shape: the rear width is the one measure of a body that a run knows
    radius = np.nan_to_num(cells["rear_width_um"] / 2, nan=5.0)
    spheres = [
        _spheres(cells["cell_id"], np.full(len(radius), _CELL), places(cells, height=radius) - middle, radius),
        _spheres(
            first_vesicle + vesicles["migrasome_id"],
            np.select([vesicles["stage"] == "precursor", vesicles["attached"]], [_PRECURSOR, _ATTACHED], _DETACHED),
            places(vesicles, height=vesicles["diameter_um"] / 2) - middle,
            vesicles["diameter_um"] / 2,
        ),
    ]
    agents: list[float] = np.concatenate(spheres).ravel().tolist()
    fibres = standing_fibres(run.tables["nodes"], cells, run.provenance.frames_min[frame])
    points = np.round(fibres.points - middle, _DIGITS)
    for line in trace_lines(fibres):
        kind = _INTACT if fibres.attached[line[0]] else _CUT
        name = int(first_fibre + fibres.node_id[line[0]])
        agents += [FIBRE, name, kind, 0, 0, 0, 0, 0, 0, FIBRE_RADIUS_UM, 3 * len(line)]
        agents += points[line].ravel().tolist()
    return agents


def _after(columns: Columns, name: str) -> int:
    """Return the first number above all ids of a column, so that ids of two tables do not meet."""
    return int(columns[name].max()) + 1 if len(columns[name]) else 0


def _spheres(ids: NDArray[Any], kinds: NDArray[Any], centres: Floats, radius: Floats) -> Floats:
    none = np.zeros(len(ids))
    places_of = np.round(centres, _DIGITS).T
    return np.column_stack(
        [np.full(len(ids), SPHERE), ids, kinds, *places_of, none, none, none, np.round(radius, _DIGITS), none]
    )


def _extent(run: Run) -> tuple[Floats, Floats]:
    """Return the corners of a box around all that was there at any time, um."""
    cells, nodes = run.tables["cells"], run.tables["nodes"]
    points = np.concatenate([places(cells), places(nodes), places(run.tables["migrasomes"])])
    points = points[np.isfinite(points).all(axis=1)]
    if not len(points):
        return np.zeros(3), np.full(3, 10.0)
    margin = float(np.nanmax(cells["rear_width_um"], initial=10.0))
    return points.min(axis=0) - margin, points.max(axis=0) + margin


def _describe(run: Run, times: Sequence[float], size: Floats) -> dict[str, Any]:
    made = run.provenance
    distance = 0.55 * float(size[:2].max()) / math.tan(math.radians(_SIGHT_DEG / 2))
    axes = ("x", "y", "z")
    return {
        "version": 3,
        "timeUnits": {"magnitude": 1.0, "name": "min"},
        "timeStepSize": times[1] - times[0] if len(times) > 1 else 0.0,
        "totalSteps": len(times),
        "spatialUnits": {"magnitude": 1.0, "name": "µm"},
        "size": dict(zip(axes, np.round(size, _DIGITS).tolist(), strict=True)),
        "cameraDefault": {
            "position": {"x": 0.0, "y": 0.0, "z": round(distance, 1)},
            "lookAtPosition": dict.fromkeys(axes, 0.0),
            "upVector": {"x": 0.0, "y": 1.0, "z": 0.0},
            "fovDegrees": _SIGHT_DEG,
        },
        "typeMapping": {
            str(number): {"name": name, "geometry": {"displayType": shape, "url": "", "color": colour}}
            for number, (name, shape, colour) in enumerate(_TYPES)
        },
        "trajectoryTitle": f"{made.entry}, {made.arm}, dish {made.seed}",
        "modelInfo": {"title": "migralab", "version": VERSION, "description": f"Run {made.key}"},
    }
