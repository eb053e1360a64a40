"""Dishes with phenotypes for tests: cells that hold molecules, mechanisms by name, a rule."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from migralab.core.random import dish_key
from migralab.engine.engine import Engine
from migralab.engine.mechanism import Phase
from migralab.engine.table import Column
from migralab.mechanisms.recipients.phenotype import Response
from migralab.mechanisms.registry import MECHANISMS
from tests.dish import SOURCE

HOUR = 3600.0
APART = 200.0  # um between cells that shall not meet


class Pools:
    """Cells hold molecules, in whole numbers and not; a test's own column, so that sharing is seen by itself."""

    name: ClassVar[str] = "test.pools"
    phase: ClassVar[Phase] = Phase.LIFE
    columns: ClassVar[tuple[Column, ...]] = (
        Column(path="cells.vesicles", dtype="int64", unit="", meaning="whole numbers", inherit="share"),
        Column(path="cells.protein", dtype="float64", unit="molecules", meaning="not", inherit="share"),
        Column(path="cells.dose", dtype="float64", unit="", meaning="a signal"),
        Column(path="cells.other", dtype="float64", unit="", meaning="another"),
    )
    reads = writes = adds = creates = frozenset()
    every = 1

    def found(self, state, stream):
        state["cells"]["vesicles"][:] = 100
        state["cells"]["protein"][:] = 100.5

    def step(self, state, dt, stream):
        pass


def make(name, dt, *values):
    """Build a mechanism: `values` holds the changed parameters of each population, as text."""
    kind, _, target = name.partition("@")
    own = [
        MECHANISMS[kind].parameters(**{k: {"value": v, "source": SOURCE} for k, v in changes.items()})
        for changes in values or ({},)
    ]
    return MECHANISMS[kind](own[0].beside(own[1:]), dt, *([target] if target else []))


def grown(mechanisms, positions, dt, hours, populations=(), seed=1):
    engine = Engine([*mechanisms, Pools()], dt)
    state = engine.found([positions], [int(dish_key(seed))], populations=populations)
    engine.run(state, round(hours * HOUR / dt))
    return engine, state


def scattered(cells):
    side = int(np.ceil(np.sqrt(cells)))
    return APART * np.column_stack([np.arange(cells) % side, np.arange(cells) // side]).astype(float)


def living(state):
    return np.flatnonzero(state["cells"]["alive"])


def rule(signals, half, hill, promotes, base, top, bottom, population=0, **more):
    column = {"column": "cells.death_rate", "relative": False} | more
    return Response(
        population=population, signals=tuple(signals), half=np.array(half), hill=np.array(hill),
        promotes=np.array(promotes), base=base, extremes=np.array([top, bottom]), **column,
    )  # fmt: skip


def couples(pairs):
    first = scattered(pairs)
    return np.concatenate([first, first + np.array([15.0, 0.0])])
