"""A small dish written down by hand: one cell, three fibres that meet in a junction, four migrasomes; all in um.

::

    cell 0-10  ====(15,10) shaft 2====(20,10) junction 1========(30,10) tip 0      y = 10
                                          |
                                       (20,20) tip of a fibre       (25,20) free 3
"""

from dataclasses import replace

import numpy as np

from migralab.imaging.exchange.outlines import Outlines
from migralab.imaging.reading import Micrograph
from migralab.results.observations import Observations, conform, empty_table
from migralab.results.schema import TABLES

PIXEL = 0.1
CELL = np.array([[0, 5], [10, 5], [10, 15], [0, 15]], float)
COURSES = {0: [[20, 10], [10, 10]], 1: [[30, 10], [20, 10]], 2: [[20, 20], [20, 10]]}
PLACES = {
    0: (30, 10, 1.0, "tip", 1),
    1: (20, 10, 1.2, "junction", 0),
    2: (15, 10, 0.8, "shaft", 0),
    3: (25, 20, 0.6, "free", -1),
}
ALONG = (10.0, 10.0, 5.0, np.nan)


def outlines(frames=1):
    return Outlines(
        fibres={(f, n): np.array(course, float) for f in range(frames) for n, course in COURSES.items()},
        cells={(f, 0): CELL for f in range(frames)},
        frames=frozenset(range(frames)),
    )


def observations(frames=1):
    """The dish in so many frames, 5 min apart, with persistent ids; a film has lives."""
    times = tuple(5.0 * f for f in range(frames))
    tables = {name: empty_table(name) for name in TABLES}
    tables["migrasomes"] = conform("migrasomes", _columns([_migrasome(f, n) for f in range(frames) for n in PLACES]))
    tables["fibres"] = conform("fibres", _columns([_fibre(f, n) for f in range(frames) for n in COURSES]))
    cell = {"cell_id": 0, "x_um": 5.0, "y_um": 10.0, "area_um2": 100.0, "rear_x_um": 10.0, "rear_y_um": 10.0}
    tables["cells"] = conform("cells", _columns([_stamp(f) | cell for f in range(frames)]))
    tables["nodes"] = conform("nodes", _columns(_nodes()))
    if frames > 1:
        tables["lives"] = conform("lives", _columns([_life(n, times[-1]) for n in PLACES]))
    return Observations(tables=tables, origin="image", experiment="dish.tif", frames_min=times, field_area_um2=1200.0)


def micrograph(frames=1, channels=1, interval=5.0):
    return Micrograph(
        pixels=np.zeros((frames, channels, 300, 400), np.float32),
        pixel_size_um=PIXEL,
        frame_interval_min=interval if frames > 1 else None,
        channels=tuple(f"c{n}" for n in range(channels)),
        source="dish.tif",
        masked=np.zeros((300, 400), bool),
    )


def with_migrasomes(seen, **columns):
    """The same observations with columns of the migrasomes replaced."""
    return replace(seen, tables=seen.tables | {"migrasomes": seen["migrasomes"].assign(**columns)})


def _columns(rows):
    return {name: [row[name] for row in rows] for name in rows[0]}


def _stamp(frame):
    return {"frame": frame, "time_min": 5.0 * frame}


def _migrasome(frame, number):
    x, y, diameter, attachment, fibre = PLACES[number]
    on = fibre >= 0
    return _stamp(frame) | {
        "migrasome_id": number, "cell_id": 0, "fibre_id": fibre, "x_um": float(x), "y_um": float(y),
        "diameter_um": diameter, "diameter_sd_um": 0.05, "attachment": attachment, "attached": on,
        "area_um2": np.pi * diameter**2, "volume_um3": np.pi / 6 * diameter**3, "along_um": ALONG[number],
    }  # fmt: skip


def _fibre(frame, number):
    start, end = {0: ("junction", "cell"), 1: ("tip", "junction"), 2: ("tip", "junction")}[number]
    return _stamp(frame) | {
        "fibre_id": number, "cell_id": 0, "length_um": 10.0, "length_sd_um": 0.1, "chord_um": 10.0, "start": start,
        "end": end, "attached": True,
    }  # fmt: skip


def _nodes():
    rows = [(0, 30, 10, "tip", 1), (1, 20, 10, "junction", 2), (2, 15, 10, "shaft", -1), (3, 20, 20, "tip", 1)]
    return [
        {
            "node_id": n, "cell_id": 0, "parent_id": parent, "x_um": float(x), "y_um": float(y), "kind": kind,
            "breaks_min": np.inf, "detached_min": np.inf,
        }
        for n, x, y, kind, parent in rows
    ]  # fmt: skip


def _life(number, last):
    return {
        "migrasome_id": number, "cell_id": 0, "attachment": PLACES[number][3], "entered_min": 0.0, "appeared_min": 0.0,
        "stabilised_min": np.nan, "detached_min": np.nan, "gone_min": np.nan, "last_min": last, "fate": "present",
    }  # fmt: skip
