"""A dish of the catalogue's formation assay, ready to tick."""

from __future__ import annotations

from migralab.catalog.catalog import load
from migralab.engine.engine import Engine
from migralab.engine.mechanism import State
from migralab.simulation.compile import Model, compile_experiment
from migralab.spec.change import apply_setting

ENTRY = "migrasome-formation"


def model_of(cells: int) -> Model:
    """Return the control arm with this many cells, 12 h, tick 1 min."""
    return compile_experiment(apply_setting(load(ENTRY).experiment, f"dish.cells={cells}"))


def found(cells: int) -> tuple[Engine, State]:
    """Return a fresh engine and state."""
    model = model_of(cells)
    engine = model.build()
    return engine, model.found(engine, [1])
