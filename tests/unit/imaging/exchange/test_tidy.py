"""Tables as CSV and Parquet: units in names, one row an object and frame, and back."""

import numpy as np
import pandas as pd
import pytest
from pyarrow import parquet

from migralab.core.errors import DataError, RequestError
from migralab.imaging.exchange.correction.apply import apply_edits
from migralab.imaging.exchange.edits import Edit
from migralab.imaging.exchange.tidy import WRITTEN, read_tables, write_tables
from migralab.results.schema import TABLES
from tests.unit.imaging.exchange.seen import observations, outlines


def test_what_was_written_comes_back(tmp_path):
    seen = observations(3)
    files = write_tables(seen, tmp_path)
    assert sorted(f.name for f in files) == sorted(f"{n}.{e}" for n in WRITTEN for e in ("csv", "parquet"))
    back = read_tables(tmp_path)
    for name in TABLES:
        pd.testing.assert_frame_equal(back[name], seen[name])
    for part in ("origin", "experiment", "condition", "field_area_um2", "frames_min", "notes"):
        assert getattr(back, part) == getattr(seen, part), part


def test_marks_of_the_hand_come_back(tmp_path):
    edits = [Edit(action="add", kind="migrasome", x_um=25.0, y_um=15.0, diameter_um=0.5, who="AB")]
    seen = apply_edits(observations(), edits, outlines=outlines()).observations
    write_tables(seen, tmp_path)
    pd.testing.assert_frame_equal(read_tables(tmp_path)["migrasomes"], seen["migrasomes"])
    table = pd.read_csv(tmp_path / "migrasomes.csv")
    assert table["edited"].tolist() == [False] * 4 + [True]
    assert table["source"].tolist() == ["program"] * 4 + ["hand"]


def test_a_csv_holds_what_is_known(tmp_path):
    write_tables(observations(3), tmp_path, formats=["csv"])
    table = pd.read_csv(tmp_path / "migrasomes.csv")
    assert len(table) == 12
    assert not table.duplicated(["migrasome_id", "frame"]).any()
    assert {"frame", "time_min", "x_um", "y_um", "diameter_um", "diameter_sd_um", "attachment", "cell_id"} <= set(table)
    assert not {"stage", "tetraspanin", "mrna"} & set(table)
    np.testing.assert_allclose(table["diameter_um"][:4], [1.0, 1.2, 0.8, 0.6])


def test_parquet_says_units_and_meanings(tmp_path):
    write_tables(observations(), tmp_path, formats=["parquet"])
    schema = parquet.read_schema(tmp_path / "migrasomes.parquet")
    assert schema.field("diameter_um").metadata == {b"unit": b"um", b"meaning": b"diameter"}
    assert schema.field("volume_um3").metadata[b"unit"] == b"um^3"


def test_bad_input_is_one_message(tmp_path):
    write_tables(observations(), tmp_path)
    with pytest.raises(RequestError, match="left as it is"):
        write_tables(observations(), tmp_path)
    with pytest.raises(RequestError, match=r"not written as xlsx. Allowed: csv, parquet"):
        write_tables(observations(), tmp_path, formats=["xlsx"])
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "fibres.parquet")
    with pytest.raises(DataError, match="was not written by migralab"):
        read_tables(tmp_path)
    (tmp_path / "fibres.parquet").write_bytes(b"torn")
    with pytest.raises(DataError, match=r"fibres\.parquet cannot be read"):
        read_tables(tmp_path)
    (tmp_path / "fibres.parquet").unlink()
    with pytest.raises(DataError, match="There is no"):
        read_tables(tmp_path)
