"""What is wrong in a file, told by `show` and `check` before anything is run: one message, with its place, exit 2."""

from __future__ import annotations

import pytest

from migralab.catalog.catalog import entry_ids, load_entry
from migralab.cli.main import main
from migralab.cli.verbs.claims.validate import refuse_wrong
from tests.unit.checks.experiments import WALK

FAST = "changes: {motility.walk.speed: {value: 2 um/min"
STUCK = "motility.walk.speed_cv: {value: 0.01"
RIVAL = '  as-written: {statement: "cells have a speed of their own"}\n'

MISTAKES = (
    (FAST, "changes: {motility.walk.speed: {value: 2 um", "arms[fast].changes.motility.walk.spe"),
    (FAST, "changes: {motility.walk.speed: {value: 2", "arms[fast].changes.motility.walk.spe"),
    (FAST, "changes: {motility.walk.speed: {value: -1 um/min", "arms[fast].changes.motility.walk.spe"),
    (FAST, "changes: {motility.walk.sped: {value: 2 um/min", "arms[fast].changes.motility.walk.spe"),
    (STUCK, "motility.walk.sped_cv: {value: 0.01", "explanations.stuck"),
    (STUCK, "motility.walk.speed_cv: {value: 1 um", "explanations.stuck"),
    (STUCK, "motility.walk.speed_cv: {value: -0.5", "explanations.stuck"),
    ("most: {motility.walk.speed: {value: 1 um/min", "most: {motility.walk.speed: {value: 1 h", "ways.matrix.most"),
    ("key_estimates: [motility.walk.speed]", "key_estimates: [motility.walk.speeed]", "key_estimates"),
    ("readouts: [speed.mean]", "readouts: [speed.mean, speed.men]", "readouts"),
    ("source: &own {key: migralab", "source: &own {key: smith2026", "smith2026"),
    (RIVAL, "", "stands alone"),
)  # fmt: skip


@pytest.mark.parametrize("verb", ["show", "check"])
@pytest.mark.parametrize(("old", "new", "place"), MISTAKES)
def test_a_wrong_file_is_refused_with_its_place(verb, old, new, place, tmp_path, capsys):
    assert old in WALK
    file = tmp_path / "walk.yaml"
    file.write_text(WALK.replace(old, new, 1))
    assert main([verb, str(file)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"migralab: {file}:"), err
    assert place in err
    assert err.count("walk.yaml:") == 1


def test_a_run_refuses_a_readout_that_nothing_measures_before_it_starts(tmp_path, capsys):
    file = tmp_path / "walk.yaml"
    file.write_text(WALK.replace("readouts: [speed.mean]", "readouts: [speed.men]", 1))
    assert main(["run", str(file), "--out", str(tmp_path / "out")]) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"migralab: {file}:")
    assert "speed.mean" in err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("entry", entry_ids())
def test_no_entry_of_the_catalogue_is_refused(entry):
    refuse_wrong(load_entry(entry))


def test_a_laboratory_brings_its_own_references(tmp_path, capsys):
    file = tmp_path / "walk.yaml"
    file.write_text(WALK.replace("source: &own {key: migralab", "source: &own {key: smith2026", 1))
    (tmp_path / "references.bib").write_text(
        "@article{smith2026,\n  title = {Cells},\n  author = {Smith, A.},\n  journal = {J},\n  year = {2026},\n}\n"
    )
    assert main(["show", str(file), "--claims"]) == 0
    assert main(["cite", str(file)]) == 0
    assert "smith2026" in capsys.readouterr().out


def test_what_a_file_says_of_itself_is_told_as_such(tmp_path, capsys):
    file = tmp_path / "walk.yaml"
    file.write_text(WALK.replace("id: walk\n", "id: walk\nstatus: reviewed\n", 1))
    assert main(["show", str(file), "--claims"]) == 0
    out = capsys.readouterr().out
    assert "says reviewed" in out
    assert "second reader" not in out


def test_show_puts_claims_before_parameters_and_keeps_to_the_width(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "72")
    file = tmp_path / "walk.yaml"
    file.write_text(WALK)
    assert main(["show", str(file)]) == 0
    out = capsys.readouterr().out
    assert out.index("Arms") < out.index("Claims") < out.index("Rival explanations") < out.index("Parameters of arm")
    assert "T3, not judged" in out
    assert max(map(len, out.splitlines())) <= 72
    assert main(["show", str(file), "--claims"]) == 0
    assert "Parameters of arm" not in capsys.readouterr().out


def test_show_calls_a_consequence_what_nobody_measured(capsys):
    assert main(["show", "tumour-pdl1", "--claims"]) == 0
    assert "(consequence, nobody measured it)" in " ".join(capsys.readouterr().out.split())
