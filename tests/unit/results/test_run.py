import json

import numpy as np
import pandas as pd
import pytest

from migralab.core.errors import DataError, RequestError
from migralab.results.observations import Observations, conform, empty_table
from migralab.results.run import RUN_TABLES, Provenance, Run, open_run, write_run
from migralab.results.schema import TABLES

PROVENANCE = Provenance(
    key="k", entry="e", arm="a", seed=1, status="completed", field_area_um2=1e4, frames_min=(0.0, 30.0), versions={}
)


def made():
    beads = {"cell_id": np.array([0, 1]), "x_um": np.array([1.5, np.nan])}
    tables = {name: {"cell_id": np.array([0])} for name in RUN_TABLES}
    words = {"cell_id": np.array([0, 1]), "kind": np.array(["tip", "junction"], dtype=object)}
    return Run(experiment="id: e\n", provenance=PROVENANCE, tables=tables | {"retractosomes": beads, "nodes": words})


def test_a_run_comes_back_as_it_was_written(tmp_path):
    run = write_run(made(), tmp_path / "run")
    again = open_run(tmp_path / "run")
    assert again.provenance == run.provenance
    for table in RUN_TABLES:
        for name, values in run.tables[table].items():
            np.testing.assert_array_equal(again.tables[table][name], values)
    assert pd.read_parquet(tmp_path / "run/tables/nodes.parquet")["kind"].tolist() == ["tip", "junction"]


def test_nothing_is_written_over_and_nothing_else_is_left(tmp_path):
    write_run(made(), tmp_path / "run")
    with pytest.raises(RequestError, match="exists already"):
        write_run(made(), tmp_path / "run")
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_run_of_a_later_version_is_refused(tmp_path):
    write_run(made(), tmp_path / "run")
    record = tmp_path / "run" / "provenance.json"
    record.write_text(json.dumps(json.loads(record.read_text()) | {"schema": 99}))
    with pytest.raises(DataError, match="later migralab"):
        open_run(tmp_path / "run")


def test_every_column_of_the_schema_has_a_meaning_and_a_unit_if_its_name_has_one():
    for columns in TABLES.values():
        assert len({c.name for c in columns}) == len(columns)
        for column in columns:
            assert column.meaning
    assert {c.name: c.unit for c in TABLES["migrasomes"]}["diameter_um"] == "um"
    assert {c.name: c.unit for c in TABLES["migrasomes"]}["volume_um3"] == "um^3"


def test_what_is_not_known_is_missing_and_not_guessed():
    table = conform("migrasomes", {"x_um": [1.0, 2.0]})
    assert list(table.columns) == [c.name for c in TABLES["migrasomes"]]
    assert table["diameter_um"].isna().all()
    assert (table["cell_id"] == -1).all()
    assert (table["attachment"] == "unknown").all()
    with pytest.raises(KeyError, match="colour"):
        conform("cells", {"colour": [1]})


def test_observations_give_one_frame():
    rows = conform("cells", {"frame": [0, 1, 1], "cell_id": [0, 0, 1]})
    tables = {name: empty_table(name) for name in TABLES} | {"cells": rows}
    seen = Observations(tables=tables, origin="image", experiment="x", frames_min=(0.0, 5.0))
    assert len(seen.at("cells")) == 2
    assert len(seen.at("cells", 0)) == 1
