import numpy as np
import pytest

from migralab.engine.table import Column, Table

COLUMNS = {
    "size": Column(path="things.size", dtype="float64", unit="um", meaning="size", fill=7.0),
    "place": Column(path="things.place", dtype="float32", unit="um", meaning="place", shape=(2,)),
}


def key(*values):
    return np.array(values, np.uint64)


def test_a_newborn_has_its_id_at_once_and_its_row_after_commit():
    table = Table(COLUMNS)
    ids = table.add(key(1, 2), size=[3.0, 4.0])
    assert list(ids) == [0, 1]
    assert table.n == 0
    table.commit()
    assert list(table["size"]) == [3.0, 4.0]
    assert table["place"].shape == (2, 2)
    assert table.newborn == slice(0, 2)


def test_what_nobody_sets_has_the_fill_of_its_column():
    table = Table(COLUMNS)
    table.add(key(1))
    table.commit()
    assert table["size"][0] == 7.0


def test_columns_are_views():
    table = Table(COLUMNS)
    table.add(key(1, 2))
    table.commit()
    table["size"][1] = 5.0
    assert table["size"][1] == 5.0
    assert np.shares_memory(table["size"], table["size"])


def test_dead_rows_go_only_when_they_are_many_and_ids_stay():
    table = Table(COLUMNS)
    table.add(key(*range(32)), size=np.arange(32.0))
    table.commit()
    table.remove(np.array([3]))
    table.commit()
    assert table.n == 32
    assert table.row(np.array([3, 4])).tolist() == [-1, 4]
    table.remove(np.arange(10, 20))
    table.commit()
    assert table.n == 21
    assert table.row(np.array([3, 4, 15, 31])).tolist() == [-1, 3, -1, 20]
    assert table["size"][table.row(np.array([31]))[0]] == 31.0
    assert table.add(key(5)).tolist() == [32]


def test_a_table_that_keeps_its_dead_keeps_them():
    table = Table(COLUMNS, keep_dead=True)
    table.add(key(*range(8)))
    table.commit()
    table.remove(np.arange(8))
    table.commit()
    assert table.n == 8
    assert not table["alive"].any()


def test_dump_and_load_restore_everything():
    table = Table(COLUMNS)
    table.add(key(*range(10)), size=np.arange(10.0))
    table.commit()
    table.remove(np.array([1, 2]))
    table.commit()
    other = Table(COLUMNS)
    other.load(table.dump())
    for name in table.names:
        np.testing.assert_array_equal(table[name], other[name])
    assert other.add(key(1)).tolist() == table.add(key(1)).tolist()
    assert other.newborn == table.newborn


def test_row_of_an_unknown_id_is_minus_one_after_compaction():
    table = Table(COLUMNS)
    table.add(key(1, 2, 3))
    table.commit()
    table.remove(np.array([0, 1, 2]))
    table.commit()
    assert table.row(np.array([0, 2])).tolist() == [-1, -1]
    with pytest.raises(KeyError):
        table["colour"]
