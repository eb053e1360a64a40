"""The persistent walk with moving and resting states."""

from __future__ import annotations

import numpy as np

from benchmarks.timing import best, duel
from migralab.core.random import child_key_array, stream_key
from migralab.physics import motility

COUNT = 100_000
STREAM = stream_key("bench")
LAW = np.array([[1.0, 3600.0, 1 / 21600, 1 / 10800, 0.0]])  # persistence, rates of starting and stopping: the defaults
CLOCK = (1e6, 60.0)  # end of the tick and its length, s


def walkers(count: int) -> tuple:
    """Return the columns of the walk, heading to cells."""
    rng = np.random.default_rng(1)
    angle = rng.uniform(0, 2 * np.pi, count)
    keys = child_key_array(np.full(count, 1, np.uint64), STREAM, np.arange(count, dtype=np.uint64))
    return (
        np.column_stack([np.cos(angle), np.sin(angle)]), rng.random(count) < 1 / 3, rng.exponential(size=count),
        np.zeros(count, np.int64), np.zeros((count, 2)),
        motility.Walkers(
            np.ones(count, bool), np.zeros(count, np.int32), np.zeros(count), rng.gamma(2.0, 0.004, count),
            np.ones(count), np.ones(count), np.ones(count), np.zeros((count, 2)), keys,
        ),
    )  # fmt: skip


def duels() -> list[list[str]]:
    columns = walkers(COUNT)
    ours, twin = (best(lambda f=f: f(*columns, LAW, STREAM, 1, *CLOCK)) for f in (motility.walk, motility.walk_array))
    return [duel("walk", "cell", COUNT, ours, twin)]
