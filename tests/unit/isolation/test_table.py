"""Tables that people bring: what is read, and what is refused with the row, the column and what to do."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from migralab.core.errors import DataError
from migralab.isolation.table import ids_of, quantity_column, read_rows


@pytest.mark.parametrize(("column", "factor"), [("diameter_um", 1.0), ("diameter_nm", 1e-3), ("diameter_mm", 1e3)])
def test_a_length_is_converted_by_the_unit_in_its_name(column, factor):
    rows = pd.DataFrame({column: [2.0, None, 3.0]})
    assert quantity_column(rows, "diameter", "um", "t") == pytest.approx([2 * factor, np.nan, 3 * factor], nan_ok=True)


def test_a_density_is_read_in_g_per_ml_and_in_kg_per_m3():
    for column, value in (("density_g_per_ml", 1.08), ("density_kg_per_m3", 1080.0), ("density_g_per_cm3", 1.08)):
        rows = pd.DataFrame({column: [value]})
        assert quantity_column(rows, "density", "g/ml", "t") == pytest.approx([1.08])


def test_other_columns_that_begin_alike_are_left_alone():
    rows = pd.DataFrame({"diameter_um": [1.0], "diameter_sd_um": [0.1], "diameter_note": ["x"]})
    assert quantity_column(rows, "diameter", "um", "t") == pytest.approx([1.0])
    assert quantity_column(rows, "density", "g/ml", "t", required=False) is None


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"diameter": [1.0]}, "has no unit. Name it for example diameter_um"),
        ({"size_um": [1.0]}, "there is no diameter. Add a column diameter_um"),
        ({"diameter_um": [1.0], "diameter_nm": [1.0]}, "both give the diameter"),
        ({"diameter_um": ["big"]}, "'big' is not a finite number"),
        ({"diameter_um": [np.inf]}, "not a finite number"),
        ({"diameter_um": [1.0, -1.0]}, "row 2: diameter_um = -1.0 is below 0.0 um"),
        ({"diameter_nm": [1.0, 6e4]}, "row 2: diameter_nm = 60000.0 is above 50.0 um.*Is the unit right"),
    ],
)
def test_a_column_that_cannot_be_used_is_refused(columns, words):
    with pytest.raises(DataError, match=words):
        quantity_column(pd.DataFrame(columns), "diameter", "um", "t.csv", least=0.0, most=50.0)


def test_ids_are_one_each():
    assert ids_of(pd.DataFrame({"id": [7, 8]}), "t").tolist() == ["7", "8"]
    assert ids_of(pd.DataFrame({"x": [7, 8]}), "t").tolist() == ["0", "1"]
    with pytest.raises(DataError, match="id 7 stands in more than one row"):
        ids_of(pd.DataFrame({"id": [7, 8, 7]}), "t")
    with pytest.raises(DataError, match="row 2 has no id"):
        ids_of(pd.DataFrame({"id": ["a", None]}), "t")


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("absent.csv", None, "there is no such file"),
        ("empty.csv", "", "not a table"),
        ("head.csv", "id,x\n", "no rows"),
        ("twice.csv", "# made by hand\nid,x,x\n1,2,3\n", "'x' stands twice"),
        ("no.parquet", "id,x\n1,2\n", "not a table"),
        ("ragged.csv", "id,x\n1,2,3,4\n1,2,3,4,5\n", "more values than the header has names"),
        ("late.csv", "id,x\na,1\nb,2,5\n", "more values than the header has names"),
        ("book.csv", "PK\x03\x04", "is an Excel workbook. Save the sheet as 'CSV UTF-8'"),
        ("latin.csv", b"id,x_\xb5m\n1,2\n", "not UTF-8 text"),
    ],
)
def test_files_that_are_no_tables_are_refused(tmp_path, name, text, words):
    path = tmp_path / name
    if text is not None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(DataError, match=words):
        read_rows(path)


def test_a_folder_is_no_table(tmp_path):
    with pytest.raises(DataError, match="is a folder"):
        read_rows(tmp_path)


def test_a_comma_at_the_end_of_rows_shifts_nothing(tmp_path):
    (tmp_path / "t.csv").write_text("id,diameter_um\na,1,\nb,2,\n", encoding="utf-8")
    rows = read_rows(tmp_path / "t.csv")
    assert rows["id"].tolist() == ["a", "b"]
    assert rows["diameter_um"].tolist() == [1, 2]


def test_semicolons_and_decimal_commas_are_read(tmp_path):
    (tmp_path / "t.csv").write_text("\ufeffid;diameter_um\na;0,5\nb;1,5\nc;\n", encoding="utf-8")
    found = quantity_column(read_rows(tmp_path / "t.csv"), "diameter", "um", "t")
    assert found == pytest.approx([0.5, 1.5, np.nan], nan_ok=True)


def test_csv_tsv_and_parquet_give_the_same_rows(tmp_path):
    rows = pd.DataFrame({"id": ["a", "b"], "diameter_nm": [100.0, 250.0]})
    rows.to_csv(tmp_path / "t.csv", index=False)
    rows.to_csv(tmp_path / "t.tsv", index=False, sep="\t")
    rows.to_parquet(tmp_path / "t.parquet")
    for name in ("t.csv", "t.tsv", "t.parquet"):
        pd.testing.assert_frame_equal(read_rows(tmp_path / name), rows)
