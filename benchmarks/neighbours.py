"""Contact between cells: cell list and repulsion, at the density of the assay and crowded."""

from __future__ import annotations

import numpy as np

from benchmarks.timing import best, duel
from migralab.physics import neighbours

COUNT = 100_000


def bodies(count: int, per_um2: float) -> tuple:
    """Return positions, dishes, who is alive, and room for the velocities."""
    rng = np.random.default_rng(2)
    position = rng.uniform(0, np.sqrt(count / per_um2), (count, 2))
    return position, np.zeros(count, np.int64), np.ones(count, bool), np.zeros((count, 2))


def duels() -> list[list[str]]:
    rows = []
    for what, density in (("contact, 1e-4 cells per um2", 1e-4), ("contact, 1e-3 cells per um2", 1e-3)):
        columns = bodies(COUNT, density)
        both = (neighbours.push_apart, neighbours.push_apart_array)
        ours, twin = (best(lambda f=f, c=columns: f(*c, np.full(COUNT, 10.0), 0.1 / 60)) for f in both)
        rows.append(duel(what, "cell", COUNT, ours, twin))
    return rows
