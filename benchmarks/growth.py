"""Growth of migrasomes: membrane, volume, tetraspanin."""

from __future__ import annotations

import numpy as np

from benchmarks.timing import best, duel
from migralab.membrane.law import load_law
from migralab.physics import growth

COUNT = 100_000


def duels() -> list[list[str]]:
    rng = np.random.default_rng(3)
    supply = growth.Supply(100.0, 0.1, 0.2, 40.0, 12.7, 4.0, 5.0, 0.0856)
    time = np.where(rng.random(COUNT) < 0.8, 60.0, 0.0)
    path, radius, flow = rng.uniform(1, 90, COUNT), rng.uniform(0.03, 0.1, COUNT), rng.uniform(0, 0.001, COUNT)
    area = rng.uniform(0.5, 8, COUNT)
    taken = np.empty((COUNT, 3))

    def vesicles() -> tuple:
        held = area.copy(), area**1.5 / 12, area * 3
        ends = np.zeros(COUNT), np.zeros(COUNT, np.int8), taken, supply, load_law()
        return time, path, radius, flow, np.ones(COUNT), *held, *ends

    ours, twin = (best(f, vesicles) for f in (growth.grow, growth.grow_array))
    return [duel("growth", "migrasome", COUNT, ours, twin)]
