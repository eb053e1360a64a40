"""Dishes for tests in which cells sense: a cue that is given by law, and cells that hardly leave their place."""

from __future__ import annotations

import numpy as np

from migralab.core.random import dish_key
from migralab.core.units import MOLECULES_PER_UM3_AND_NANOMOLAR as NM
from migralab.engine.engine import Engine
from migralab.engine.mechanism import Phase
from migralab.mechanisms.signals.medium import add_ligand, ligand_columns
from tests.signals import build

WALK = ("motility.adhesion", "motility.walk", "motility.displacement")
SENSE = ("recipients.receptors", "recipients.chemotaxis")
# All move, all the time; slowly, so that only headings matter
PLACED = {
    "motility.walk": {
        "start_rate": "1e3 1/min", "stop_rate": "0 1/min", "spreading": "0 min", "speed": "0.001 um/min",
        "speed_cv": "0.01", "persistence": "60 min",
    },
}  # fmt: skip


class Ramp:
    """A cue with one concentration and one gradient for all cells, nM and nM/um along x."""

    name, phase, every = "aaa.ramp", Phase.EXCHANGE, 1
    columns = ligand_columns("cue")
    reads, writes, creates = frozenset(), frozenset(), frozenset()
    adds = frozenset(column.path for column in columns)

    def __init__(self, level, slope):
        self.level, self.slope = level * NM, slope * NM

    def found(self, state, stream):
        pass

    def step(self, state, dt, stream):
        n = state["cells"].n
        add_ligand(state, "cue", np.full(n, self.level), np.tile([self.slope, 0.0], (n, 1)))


def on_ramp(level, slope, changes=None, *, cells=1500, dt=60.0, seed=1, names=(*WALK, *SENSE)):
    """Return (engine, state) of cells on a ramp."""
    together = {name: {**PLACED.get(name, {}), **(changes or {}).get(name, {})} for name in {*PLACED, *(changes or {})}}
    engine = Engine([*build(names, together, dt), Ramp(level, slope)], dt)
    places = np.random.default_rng(seed).uniform(0, 1000, (cells, 2))
    return engine, engine.found([places], [int(dish_key(seed))])
