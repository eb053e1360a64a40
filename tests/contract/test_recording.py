"""A mechanism says in its own file which of its columns are recorded; nothing else needs to know it."""

from __future__ import annotations

from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest

from migralab.catalog.catalog import load
from migralab.engine.engine import BASE_COLUMNS
from migralab.engine.mechanism import State
from migralab.engine.table import Column, Table
from migralab.mechanisms.registry import MECHANISMS, TARGETED
from migralab.results.schema import TABLES
from migralab.simulation.compile import compile_experiment
from migralab.simulation.observe import observe
from migralab.simulation.record import cell_columns, declared_columns, migrasome_columns
from migralab.simulation.simulate import simulate, simulate_dishes
from migralab.spec.change import apply_setting
from tests.dish import FORMATION, found_dish


def made(name):
    kind = MECHANISMS[name]
    return kind(kind.parameters(), 60.0, *(["target"] if name in TARGETED else []))


RECORDED = {
    column.path: column
    for column in (*BASE_COLUMNS, *(c for name in MECHANISMS for c in made(name).columns))
    if column.file
}
SETTINGS = ("dish.cells=8", "dish.duration=8 h", "dish.output_every=120 min", "motility.walk.spreading=0 min",
            "biogenesis.nucleation.waiting=20 min")  # fmt: skip
ADDED = {"signals.cargo": {}, "signals.mitochondria": {}}


def model_of(entry, added):
    experiment = load(entry).experiment
    for setting in SETTINGS:
        experiment = apply_setting(experiment, setting)
    return compile_experiment(experiment.model_copy(update={"mechanisms": {**experiment.mechanisms, **added}}))


@pytest.mark.parametrize("path", RECORDED)
def test_a_recorded_column_is_in_the_schema_with_its_unit(path):
    column = RECORDED[path]
    known = {c.name: c for c in TABLES[column.table]}
    for name in column.file:
        assert name in known
        # a dish without the mechanism leaves it missing: only a float can say so
        assert known[name].dtype == "float64"
        assert known[name].unit == {
            "s": "min",
            "um2": "um^2",
            "um3": "um^3",
            "molecules": "",
            "receptors": "",
            "molecules/um3": "nM",
            "1/um2": "1/um^2",
        }.get(column.unit, column.unit)


def test_no_name_is_written_twice():
    _, state = found_dish(cells=2)
    for table, built_in in (("cells", cell_columns(state)), ("migrasomes", migrasome_columns(state))):
        own = [name for column in RECORDED.values() if column.table == table for name in column.file]
        assert len(set(own)) == len(own)
        assert not set(own) & set(built_in)


def test_seconds_become_minutes_and_components_get_their_names(monkeypatch):
    columns = [
        Column(path="cells.when", dtype="float64", unit="s", meaning="", file=("when_min",)),
        Column(path="cells.pair", dtype="float32", unit="", meaning="", shape=(2,), file=("left", "right")),
        Column(path="cells.quiet", dtype="float64", unit="", meaning=""),
    ]
    table = Table({column.name: column for column in columns})
    table.add(np.array([1, 2], np.uint64), when=[60.0, 90.0], pair=[[1.0, 2.0], [3.0, 4.0]])
    table.commit()
    schema = tuple(type(TABLES["cells"][0])(name, "float64", "") for name in ("when_min", "left", "right"))
    monkeypatch.setitem(TABLES, "cells", schema)
    found = declared_columns("cells", table, np.array([1]))
    assert {name: values.tolist() for name, values in found.items()} == {"when_min": [1.5], "left": [3], "right": [4]}
    assert declared_columns("cells", table, np.array([], np.int64))["left"].shape == (0,)


def test_names_must_match_the_components():
    with pytest.raises(ValueError, match=r"cells\.pair has 2 components and 1 file names"):
        Column(path="cells.pair", dtype="float32", unit="", meaning="", shape=(2,), file=("left",))


def test_what_stands_in_the_state_stands_in_the_tables():
    engine, state = found_dish(names=(*FORMATION, *ADDED))
    engine.run(state, 360)
    assert isinstance(state, State)
    cells, vesicles = cell_columns(state), migrasome_columns(state)
    rows = np.flatnonzero(state["migrasomes"]["alive"] & (state["migrasomes"]["area"] > 0))
    assert len(rows) > 20
    np.testing.assert_array_equal(vesicles["mrna"], state["migrasomes"]["cargo"][rows, 2])
    np.testing.assert_array_equal(cells["damaged_exported"], state["cells"]["mitochondria_exported"][:, 1])


def test_dishes_side_by_side_record_what_each_records_alone():
    model = model_of("migrasome-formation", ADDED)
    together = simulate_dishes(model, (1, 4))
    held = 0
    for seed, run in zip((1, 4), together, strict=True):
        alone = simulate(model, seed)
        for table, column in product(("cells", "migrasomes"), ("mrna", "soluble_protein", "damaged_mitochondria")):
            np.testing.assert_array_equal(alone.tables[table][column], run.tables[table][column])
        held += alone.tables["migrasomes"]["soluble_protein"].sum()
    assert held > 100


def test_a_dish_without_the_mechanism_leaves_its_columns_missing():
    run = simulate(model_of("migrasome-formation", {}), 1)
    assert "mrna" not in run.tables["cells"]
    seen = observe(run)
    assert seen["cells"]["mrna"].isna().all()
    assert seen["migrasomes"]["rna_positive"].isna().all()
    assert len(seen["migrasomes"])


def test_a_run_with_recorded_columns_resumes_where_it_was(tmp_path, monkeypatch):
    from migralab.simulation import simulate as module

    model = model_of("migrasome-formation", ADDED)
    whole = simulate(model, 3)
    # Every tick reports. Only this module gets the hasty clock: the threads of zarr would run it empty and hang
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=iter(range(10**6)).__next__))

    def stop(done, _):
        if done >= 300:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate(model, 3, out=tmp_path / "run", progress=stop)
    monkeypatch.undo()
    resumed = simulate(model, 3, out=tmp_path / "run", resume=True)
    for table in ("cells", "migrasomes"):
        for name, values in whole.tables[table].items():
            np.testing.assert_array_equal(values, resumed.tables[table][name], err_msg=f"{table}.{name}")
