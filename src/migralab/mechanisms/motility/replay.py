"""Cells that follow measured tracks instead of a simulated walk. Theory: docs/theory/motility.md."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from migralab.engine.mechanism import Phase, State, Stream
from migralab.engine.table import Column
from migralab.mechanisms.base import estimate
from migralab.results.tracks import Tracks
from migralab.spec.parameter import MechanismParameters, Parameter, quantity


class Parameters(MechanismParameters):
    """When a tracked cell counts as moving."""

    resting_speed: Parameter = quantity(
        0.05, "um/min", source=estimate("jitter of a centroid over 10 min frames"),
        description="speed below which a tracked cell counts as resting",
    )  # fmt: skip


class Replay:
    """Position and heading come from the tracks, linear between their points; nothing else may move the cells."""

    parameters: ClassVar[type[Parameters]] = Parameters
    name: ClassVar[str] = "motility.replay"
    phase: ClassVar[Phase] = Phase.MOVE
    columns: ClassVar[tuple[Column, ...]] = (
        Column(path="cells.moving", dtype="bool", unit="", meaning="moving or resting"),
        Column(path="cells.track", dtype="int64", unit="", meaning="track that it follows", fill=-1),
    )
    reads: ClassVar[frozenset[str]] = frozenset({"cells.track"})
    writes: ClassVar[frozenset[str]] = frozenset({"cells.position", "cells.heading", "cells.moving"})
    adds: ClassVar[frozenset[str]] = frozenset()
    creates: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, parameters: Parameters, dt: float, tracks: Tracks) -> None:  # noqa: ARG002
        self._p = parameters.internal()
        self._tracks = {int(track): np.stack(tracks.one(int(track))) for track in tracks.ids}
        self._start = float(tracks.time_min.min())
        self.every = 1

    @staticmethod
    def starts(tracks: Tracks) -> NDArray[np.float64]:
        """Return where each track begins, (tracks, 2) um."""
        first = [tracks.one(int(track)) for track in tracks.ids]
        return np.array([(x[0], y[0]) for _, x, y in first])

    def found(self, state: State, stream: Stream) -> None:  # noqa: ARG002  # the contract's signature
        """Give each founder its track and the heading of its first step."""
        cells = state["cells"]
        cells["track"][:] = sorted(self._tracks)
        for row, track in enumerate(cells["track"]):
            _, x, y = self._tracks[int(track)]
            step = np.flatnonzero(np.hypot(np.diff(x), np.diff(y)) > 0)
            if len(step):
                first = np.array([x[step[0] + 1] - x[step[0]], y[step[0] + 1] - y[step[0]]])
                cells["heading"][row] = first / np.linalg.norm(first)

    def step(self, state: State, dt: float, stream: Stream) -> None:  # noqa: ARG002  # the contract's signature
        """Move to where the track is at the end of the step; a track that has ended stays where it was."""
        cells, now = state["cells"], self._start + (state.time + dt) / 60.0
        for row, track in enumerate(cells["track"]):
            t, x, y = self._tracks[int(track)]
            place = np.array([np.interp(now, t, x), np.interp(now, t, y)])
            moved = place - cells["position"][row]
            distance = float(np.linalg.norm(moved))
            cells["position"][row] = place
            cells["moving"][row] = distance > self._p["resting_speed"] * dt
            if distance > 0:
                cells["heading"][row] = moved / distance
