"""Dishes that share the arrays share nothing else: each comes out bitwise as it does alone."""

from __future__ import annotations

import numpy as np
import pytest

from migralab.catalog.catalog import load
from migralab.simulation.compile import compile_experiment
from migralab.simulation.simulate import simulate, simulate_dishes
from migralab.spec.change import apply_setting

SEEDS = (1, 2, 5)


@pytest.fixture(scope="module")
def model():
    experiment = load("migrasome-formation").experiment
    # 8 cells on 2,000 um2: crowded, so that contact is felt in every dish
    for setting in ("dish.cells=8", "dish.density=4e-3 1/um^2", "dish.duration=8 h", "dish.output_every=60 min"):
        experiment = apply_setting(experiment, setting)
    return compile_experiment(experiment)


def test_a_dish_is_the_same_alone_and_beside_others(model):
    together = simulate_dishes(model, SEEDS)
    assert [run.provenance.seed for run in together] == list(SEEDS)
    for seed, run in zip(SEEDS, together, strict=True):
        alone = simulate(model, seed)
        assert alone.provenance == run.provenance
        assert len(alone.tables["nodes"]["node_id"]) > 100
        for table, columns in alone.tables.items():
            for name, values in columns.items():
                np.testing.assert_array_equal(values, run.tables[table][name], err_msg=f"{table}.{name}, seed {seed}")


def test_dishes_differ(model):
    first, second, _ = simulate_dishes(model, SEEDS)
    assert not np.array_equal(first.tables["cells"]["x_um"], second.tables["cells"]["x_um"])
