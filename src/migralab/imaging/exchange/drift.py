"""Between the places of a followed film, whose drift is taken off, and the frames as other programs show them."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from migralab.core.errors import RequestError
from migralab.results.observations import Observations

_PAIRS = (("x_um", "y_um"), ("rear_x_um", "rear_y_um"))


def shift_frames(observations: Observations, shift_um: NDArray[np.float64]) -> Observations:
    """Return the same observations with everything in a frame moved by the shift of that frame.

    `follow_film` gives all places as in the first frame. Before they are drawn on the frames, add the drift it found:
    ``shift_frames(seen, drift_um)``; after a correction take it off again: ``shift_frames(seen, -drift_um)``.

    Parameters
    ----------
    observations
        Tables in um; nodes are those of the last frame.
    shift_um
        (frames, 2) x, y to add in each frame, um.

    Raises
    ------
    RequestError
        If there is not one shift a frame.
    """
    frames = len(observations.frames_min)
    shift = np.asarray(shift_um, np.float64)
    if shift.shape != (frames, 2):
        raise RequestError(f"shift_um has shape {shift.shape}, and {frames} frames want ({frames}, 2).")
    tables = dict(observations.tables)
    for name in ("migrasomes", "cells", "nodes"):
        table = tables[name].copy()
        frame = table["frame"].to_numpy(np.int64) if "frame" in table else np.full(len(table), frames - 1)
        for pair in _PAIRS:
            for axis, column in enumerate(pair):
                if column in table:
                    table[column] = table[column].to_numpy(np.float64) + shift[frame, axis]
        tables[name] = table
    return dataclasses.replace(observations, tables=tables)
