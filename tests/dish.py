"""A dish for tests, built from mechanisms alone: no experiment file, no units."""

from __future__ import annotations

import numpy as np

from migralab.core.random import dish_key
from migralab.engine.engine import Engine
from migralab.mechanisms.registry import MECHANISMS

SOURCE = {"key": "test", "locator": "test", "tag": "E"}
FORMATION = (
    "motility.adhesion", "motility.walk", "motility.contact", "motility.displacement", "biogenesis.rear-width",
    "biogenesis.retraction-fibre", "biogenesis.breakage", "biogenesis.nucleation", "biogenesis.growth",
    "biogenesis.fate",
)  # fmt: skip
ALWAYS_MOVING = {
    "motility.walk": {"start_rate": "1e3 1/min", "stop_rate": "0 1/min", "spreading": "0 min", "speed_cv": "0.01"}
}


def make(name, dt, changes=None, populations=1):
    """Build one mechanism with some parameters changed, given as text, the same in so many populations."""
    kind = MECHANISMS[name]
    fields = {key: {"value": value, "source": SOURCE} for key, value in (changes or {}).items()}
    own = kind.parameters(**fields)
    return kind(own.beside([own] * (populations - 1)), dt)


def make_all(dt, changes=None, names=FORMATION, populations=1):
    return [make(name, dt, (changes or {}).get(name), populations) for name in names]


def found_dish(cells=30, dt=60.0, seed=1, changes=None, names=FORMATION, mechanisms=None):
    """Return (engine, state) of a new dish."""
    engine = Engine(mechanisms or make_all(dt, changes, names), dt)
    side = 100.0 * np.sqrt(cells)
    positions = np.random.default_rng(seed).uniform(0, side, (cells, 2))
    return engine, engine.found([positions], [int(dish_key(seed))])


def tables_of(state):
    return {f"{name}.{column}": table[column].copy() for name, table in state.tables.items() for column in table.names}


def assert_same(a, b, *, except_tables=()):
    for path in a:
        if path.split(".")[0] in except_tables:
            continue
        assert path in b, path
        np.testing.assert_array_equal(a[path], b[path], err_msg=path)
