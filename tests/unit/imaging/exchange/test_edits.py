"""Tables of corrections: what is written comes back, and a row that makes no sense is named by its line."""

import numpy as np
import pytest

from migralab.core.errors import DataError, RequestError
from migralab.imaging.exchange.edits import Edit, read_edits, write_edits

HEADER = "action,kind,frame,id,x_um,y_um,diameter_um,path_um,who,when,why\n"


def read(tmp_path, *lines, header=HEADER):
    (tmp_path / "edits.csv").write_text(header + "".join(f"{line}\n" for line in lines))
    return read_edits(tmp_path / "edits.csv")


def test_a_table_is_read(tmp_path):
    added, removed, changed, drawn = read(
        tmp_path,
        "add,migrasome,2,,3.5,4,0.8,,AB,2026-03-31,missed by the program",
        "remove,migrasome,,12,,,,,AB,,debris",
        "",
        'Change,Cell,0,1,,,,"0 0; 4 0; 4 4",CD,2026-03-31T14:05,',
        'add,fiber,0,,,,,"1 2; 3 4",CD,,',
    )
    assert (added.action, added.kind, added.frame, added.id, added.who) == ("add", "migrasome", 2, -1, "AB")
    assert (added.x_um, added.y_um, added.diameter_um, added.why) == (3.5, 4.0, 0.8, "missed by the program")
    assert (removed.frame, removed.id, removed.placed) == (0, 12, False)
    assert (changed.action, changed.kind, changed.place) == ("change", "cell", "edits.csv:5")
    np.testing.assert_array_equal(drawn.path_um, [[1, 2], [3, 4]])
    assert drawn.kind == "fibre"


def test_columns_may_be_few_and_in_any_order(tmp_path):
    (edit,) = read(tmp_path, "AB,7,migrasome,remove", header="who,id,kind,action\n")
    assert (edit.who, edit.id, edit.action) == ("AB", 7, "remove")


def test_what_was_written_comes_back(tmp_path):
    edits = (
        Edit(action="add", kind="migrasome", frame=1, x_um=1.25, y_um=2.5, diameter_um=0.75, who="A, B", why='a "b"'),
        Edit(action="remove", kind="fibre", id=3, who="AB", when="2026-03-31"),
        Edit(action="change", kind="cell", id=0, path_um=np.array([[0, 0], [1.5, 0], [0, 2.5]]), who="AB"),
    )
    back = read_edits(write_edits(edits, tmp_path / "e.csv"))
    for old, new in zip(edits, back, strict=True):
        for name in ("action", "kind", "frame", "id", "x_um", "y_um", "diameter_um", "who", "when", "why"):
            np.testing.assert_equal(getattr(new, name), getattr(old, name))
        np.testing.assert_equal(new.path_um, old.path_um)
    with pytest.raises(RequestError, match="left as it is"):
        write_edits(edits, tmp_path / "e.csv")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("ad,migrasome,0,,1,2,0.8,,AB,,", "action is 'ad'. Allowed: add, remove, change"),
        ("add,vesicle,0,,1,2,0.8,,AB,,", "kind is 'vesicle'. Allowed: migrasome, fibre, cell"),
        ("add,migrasome,0,,1,2,0.8,,,,", "who made this edit"),
        ("add,migrasome,0,,1,2,0.8,,AB,yesterday,", "when is 'yesterday'"),
        ("add,migrasome,0,,1,2,,,AB,,", "give x_um, y_um and diameter_um"),
        ("add,migrasome,0,,1,,0.8,,AB,,", "x_um and y_um go together"),
        ("add,migrasome,0,,1,2,800,,AB,,", "a diameter of 800 um makes no sense"),
        ("add,migrasome,0,,1,2,-1,,AB,,", "makes no sense"),
        ("add,migrasome,0,,one,2,1,,AB,,", "x_um is 'one'"),
        ("add,migrasome,0,,inf,2,1,,AB,,", "x_um is 'inf'"),
        ("add,migrasome,-1,,1,2,1,,AB,,", "frame is '-1'; a whole number from 0"),
        ("add,migrasome,0.5,,1,2,1,,AB,,", "frame is '0.5'"),
        ("remove,migrasome,0,,,,,,AB,,", "give its id, or x_um and y_um"),
        ("remove,fibre,0,,1,2,,,AB,,", "to remove a fibre, give its id"),
        ("change,migrasome,0,,1,2,,,AB,,", "to change a migrasome, give its id"),
        ("change,migrasome,0,3,,,,,AB,,", "give what changes"),
        ("add,fibre,0,,1,2,,,AB,,", "give its course in path_um"),
        ("add,fibre,0,,,,,1 2,AB,,", "at least two points"),
        ("add,fibre,0,,,,,1 2; 3,AB,,", "at least two points"),
        ("add,cell,0,,1,2,,,AB,,", "give its outline in path_um"),
        ("add,migrasome,0,,1,2,1,1 2; 3 4,AB,,", "a migrasome has no path_um"),
        ("add,migrasome,0,,1,2,1,AB,,", "10 cells, and the header has 11"),
    ],
)
def test_a_bad_row_is_one_message_with_its_line(tmp_path, line, message):
    with pytest.raises(DataError) as caught:
        read(tmp_path, "remove,migrasome,0,1,,,,,AB,,", line)
    assert str(caught.value).startswith("edits.csv:3: ")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("action,kind,who,colour\n", "unknown: colour"),
        ("action,id\n", "missing: kind, who"),
        ("action,kind,who,who\n", "twice: who"),
        ("", "missing: action, kind, who"),
    ],
)
def test_a_bad_header_is_one_message(tmp_path, header, message):
    with pytest.raises(DataError, match=rf"edits\.csv:1: .*{message}"):
        read(tmp_path, header=header)


def test_no_file(tmp_path):
    with pytest.raises(DataError, match="There is no table of edits"):
        read_edits(tmp_path / "edits.csv")
