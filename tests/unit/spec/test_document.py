"""YAML is read strictly: what is ambiguous, repeated or dangerous is refused with its line."""

from __future__ import annotations

import time

import pytest

from migralab.core.errors import SpecError
from migralab.spec.document import DEEPEST, LARGEST_FILE, parse_document, read_document, show


def test_scalars_are_those_of_yaml_1_2():
    data, _ = parse_document("a: no\nb: 12:30\nc: 1e-4\nd: 0x10\ne: 012\nf: ~\ng: 2026-01-01\nh: true\ni:\n", "x")
    assert data == {"a": "no", "b": "12:30", "c": 1e-4, "d": "0x10", "e": 12, "f": None, "g": "2026-01-01",
                    "h": True, "i": None}  # fmt: skip


def test_lines_of_keys_and_items_are_kept():
    _, places = parse_document("a:\n  b: 1\n  c:\n    - 2\n    - {d: 3}\n", "x")
    assert places["a", "b"] == 2
    assert places["a", "c", 1, "d"] == 5


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("a: 1\na: 2\n", 2, "'a' stands twice (first in line 1)"),
        ("a: 1\nb:\n\tc: 2\n", 3, "a tab"),
        ("a: 1\nb: [1, 2\nc: 3\n", 3, "not valid YAML"),
        ("a: 1\n b: 2\n", 2, "not valid YAML"),
        ("a: {b: 1}}\n", 1, "not valid YAML"),
        ("a: 'open\n", 2, "not valid YAML"),
        ("a: @b\n", 1, "not valid YAML"),
        ("a: *b\n", 1, "not valid YAML"),
        ("- 1\n- 2\n", 1, "holds a list"),
        ("hello\n", 1, "holds one value"),
        ("", 1, "holds nothing"),
        ("a: 1\n---\nb: 2\n", 2, "not valid YAML"),
        ("a: 1\nb: .inf\n", 2, "not a finite number"),
        ("a: 1\nb: 1e999\n", 2, "not a finite number"),
        ("a: !!python/object/apply:os.system [ls]\n", 1, "the tag"),
        ("a: !!binary aGk=\n", 1, "the tag"),
        ("a: !!int abc\n", 1, "the tag"),
        ("a: !!float abc\n", 1, "the tag"),
        ("? [1, 2]\n: 3\n", 1, "a key must be plain text"),
        ("a: &x [*x]\n", 1, f"deeper than {DEEPEST}"),
        ("a: \x00\n", 1, "not valid YAML"),
    ],
)  # fmt: skip
def test_what_is_no_experiment_file_is_refused_with_its_line(text, line, said):
    with pytest.raises(SpecError) as caught:
        parse_document(text, "x.yaml")
    assert str(caught.value).startswith(f"x.yaml:{line}") or caught.value.place.line is None
    assert said in str(caught.value)


def test_aliases_may_shorten_but_not_multiply():
    data, _ = parse_document("a: &s {key: k}\nb: *s\n", "x")
    assert data["b"] == {"key": "k"}
    bomb = "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
        f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 10)
    )
    began = time.perf_counter()
    with pytest.raises(SpecError, match="aliases"):
        parse_document(bomb, "x")
    assert time.perf_counter() - began < 5.0  # written out it would be 1e10 values


def test_nesting_has_an_end():
    with pytest.raises(SpecError, match="deeper"):
        parse_document("a: " + "[" * 5000 + "]" * 5000, "x")


def test_files_that_are_no_text_are_refused(tmp_path):
    file = tmp_path / "x.yaml"
    file.write_bytes(b"a: \xff\xfe")
    with pytest.raises(SpecError, match="UTF-8"):
        read_document(file)
    file.write_bytes(b"#" * (LARGEST_FILE + 1))
    with pytest.raises(SpecError, match="larger than"):
        read_document(file)
    with pytest.raises(SpecError, match="cannot be read"):
        read_document(tmp_path)


def test_a_byte_order_mark_and_windows_line_ends_are_read(tmp_path):
    file = tmp_path / "x.yaml"
    file.write_bytes(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")
    assert read_document(file)[0] == {"a": 1, "b": 2}


def test_a_path_names_items_by_their_id():
    data = {"claims": [{"id": "rise", "arms": ["x"]}]}
    assert show(("claims", 0, "arms", 0), data) == "claims[rise].arms[0]"
    assert show(("claims", 3)) == "claims[3]"
