"""Generated files come back whole and never stale; a model is read once."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from migralab.pathways.expression import Number, Symbol, apply
from migralab.pathways.generate import cache, module
from migralab.pathways.generate.compiled import build
from migralab.pathways.generate.store import from_json, load, to_json
from migralab.pathways.network import Constant, Event, Reaction
from tests.networks import MIXED, formula, network
from tests.unit.pathways.test_generate_graph import TREES


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "folder", lambda: tmp_path)


def test_a_file_is_written_once_and_whole_even_if_many_come_together(tmp_path):
    text = "x = 1\n" * 20_000
    with ThreadPoolExecutor(8) as pool:
        paths = list(pool.map(lambda _: cache.put("same.py", text), range(32)))
    assert len(set(paths)) == 1
    assert paths[0].read_text() == text
    assert [file.name for file in tmp_path.iterdir()] == ["same.py"]  # no rest of the writing
    written = paths[0].stat().st_mtime_ns
    cache.put("same.py", text)
    assert paths[0].stat().st_mtime_ns == written


def test_an_edit_of_any_source_gives_another_folder(tmp_path):
    for own in cache.SOURCES:
        room = tmp_path / "copy"
        (shutil.copytree if own.is_dir() else shutil.copy)(own, room)
        before = cache.source_digest((room,))
        assert before == cache.source_digest((room,))
        edited = sorted(room.rglob("*.py"))[-1] if room.is_dir() else room
        edited.write_text(edited.read_text() + "\n")
        assert cache.source_digest((room,)) != before
        shutil.rmtree(room) if room.is_dir() else room.unlink()
    names = {own.name for own in cache.SOURCES}
    assert {"generate", "solver", "differentiate.py", "expression.py", "network.py"} <= names


def test_a_module_depends_on_structure_and_not_on_values():
    one = network({"x": "-k*x"}, {"x": 1}, {"k": 1.0})
    other = replace(one, title="another title", constants=(Constant(name="k", value=7.0, unit="1/s"),))
    assert module.make(one, stiff=True).text == module.make(other, stiff=True).text
    assert build(one, method="stiff", plain=True).key != build(other, method="stiff", plain=True).key
    assert build(one, method="stiff", plain=True).key == build(one, method="stiff", plain=True).key


def test_a_network_comes_back_as_it_was():
    rich = replace(
        MIXED,
        title="β-catenin",
        time_unit_s=60.0,
        constants=(*MIXED.constants, Constant(name="none", value=float("inf"), unit="nM", meaning="a meaning")),
        reactions=(Reaction(name="r", law=formula("on*a"), change={"a": Number(-1.0), "b": formula("2*half")}),),
        events=(
            Event(name="e", trigger=formula("a > 0.5"), priority=formula("b"), sets=(("a", formula("a/2")),)),
            Event(name="f", trigger=formula("t > 3"), starts_true=False, persistent=False, early=False),
        ),
        amounts={"a": formula("a*2")},
        units={"a": "nM"},
    )
    assert from_json(to_json(rich)) == rich
    assert to_json(from_json(to_json(rich))) == to_json(rich)


@settings(max_examples=100, deadline=None)
@given(TREES)
def test_any_formula_comes_back_as_it_was(tree):
    assert from_json(to_json(replace(MIXED, shown={"it": tree}))).shown["it"] == tree


def test_a_formula_of_any_depth_is_kept():
    tree = Symbol("a")
    for _ in range(3000):
        tree = apply("neg", tree)
    back = from_json(to_json(replace(MIXED, shown={"it": tree}))).shown["it"]
    depth = 0
    while not isinstance(back, Symbol):
        back, depth = back.arguments[0], depth + 1
    assert depth == 3000


def test_a_text_is_read_once_and_again_when_it_changes_or_the_file_is_damaged(tmp_path):
    asked = []

    def reader(text, name):
        asked.append(text)
        if text == "bad":
            raise ValueError(name)
        return replace(MIXED, title=text)

    assert load("one", "m", reader) == load("one", "m", reader)
    assert asked == ["one"]
    assert load("two", "m", reader).title == "two"
    for _ in range(2):
        with pytest.raises(ValueError, match="m"):
            load("bad", "m", reader)
    assert asked == ["one", "two", "bad", "bad"]
    for file in tmp_path.iterdir():
        file.write_text("{")
    assert load("one", "m", reader).title == "one"
    assert asked[-1] == "one"


def test_the_choice_is_kept(monkeypatch):
    net = network({"x": "-k*x"}, {"x": 1}, {"k": 1.0})
    first = build(net, plain=True)
    monkeypatch.setattr("migralab.pathways.generate.compiled.choose", None)
    again = build(net, plain=True)
    assert (again.method, again.reason) == (first.method, first.reason)
    assert np.array_equal(again.constants, first.constants)
