"""`check` and `suggest` as a person uses them, on cells that walk: variants, ways, sweeps, and what is refused."""

from __future__ import annotations

import json

import pytest

from migralab.cli.main import main
from tests.unit.checks.experiments import WALK


@pytest.fixture
def call(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "walk.yaml").write_text(WALK)
    (tmp_path / "bare.yaml").write_text(WALK[: WALK.index("explanations:")])

    def run(*arguments):
        code = main([str(a) for a in arguments])
        got = capsys.readouterr()
        return code, got.out, got.err

    return run


FEW = ("--seeds", "2", "--workers", "1")


def test_check_shows_what_would_decide_and_what_each_way_can(call, tmp_path):
    code, out, _ = call("check", "walk.yaml", *FEW, "--ways", "--sweep", "--json", tmp_path / "v.json")
    assert code == 0
    assert "would decide: arm still (nearly still)" in out
    assert "the arm decides, since one account expects none of it" in out
    assert "diffusing  holds as carried" in out
    assert "matrix     holds only at the upper load" in out
    assert "Of 2 halved or doubled estimates" in out
    assert "30 dishes in" in out
    found = json.loads((tmp_path / "v.json").read_text())
    assert {(row["way"], row["load"], row["verdict"]) for row in found["ways"]} >= {("matrix", "most", "pass")}
    assert found["entries"]["walk"]["dishes"] == 30


def test_check_and_run_under_a_variant(call):
    code, out, _ = call("check", "walk.yaml", *FEW, "--variant", "matrix")
    assert code == 1
    assert "Under 'matrix'" in out
    assert "failed: fast-runs" in out
    code, out, _ = call("check", "walk.yaml", *FEW, "--variant", "matrix", "--most")
    assert code == 0
    code, out, err = call("run", "walk.yaml", "--variant", "matrix", "--most", "--arm", "fast")
    assert code == 0
    assert "walk-matrix-most-fast-seed1" in err


def test_what_makes_no_sense_is_refused_in_one_line(call):
    for arguments, message in (
        (("check", "walk.yaml", "--variant", "matrx"), "There is no explanation or way of signalling of walk 'matrx'"),
        (("check", "walk.yaml", "--most"), "--most belongs to --variant"),
        (("check", "walk.yaml", "--variant", "stuck", "--most"), "states no most"),
        (("check", "walk.yaml", "--variant", "stuck", "--sweep"), "belong to the entry itself"),
        (("check", "bare.yaml", "--ways"), "names no ways of signalling"),
        (("check", "all", "--claim", "x"), "--claim belongs to one entry"),
        (("run", "walk.yaml", "--variant", "contact", "--arm", "small"), "cannot be done under 'contact'"),
        (("suggest", "bare.yaml"), "has none to be told apart"),
        (("suggest", "walk.yaml", "--between", "stuck", "nothing"), "There is no explanation"),
        (("suggest", "walk.yaml", "--readout", "speed.men"), "speed.mean"),
    ):
        code, out, err = call(*arguments)
        assert (code, out) == (2, ""), arguments
        assert err.startswith("migralab: ")
        assert message in err


def test_suggest_says_that_two_accounts_are_the_same_experiment(call, tmp_path):
    same = "changes: {motility.walk.speed_cv: {value: 0.01"
    assert same in WALK
    (tmp_path / "same.yaml").write_text(WALK.replace(same, "changes: {motility.walk.speed: {value: 1 um/min"))
    code, out, _ = call("suggest", "same.yaml", "--seeds", "3", "--workers", "1")
    assert code == 0
    assert "'as-written' and 'stuck' are the same experiment" in out


def test_run_prints_what_the_entry_asks_before_the_usual_counts(call):
    code, out, _ = call("run", "walk.yaml")
    assert code == 0
    assert out.index("What this entry asks") < out.index("speed.mean") < out.index("The usual counts")


def test_suggest_says_what_tells_two_explanations_apart(call):
    code, out, _ = call("suggest", "walk.yaml", "--between", "as-written", "matrix", "--seeds", "4", "--workers", "1")
    assert code == 0
    assert "which experiment tells 'as-written' from 'matrix'? 4 dishes an arm under each" in out
    assert "fast (twice as fast) against rest, published: speed.mean" in out
    assert "sizes of the effects rest on the estimates of the entry" in out
    for between in (("--between", "as-written,matrix"), ("--between=as-written,matrix",)):
        assert call("suggest", "walk.yaml", *between, "--seeds", "4", "--workers", "1")[1] == out
    for arguments in (("suggest", "walk.yaml", "matrix"), ("suggest", "walk.yaml", "--between", "matrix")):
        assert call(*arguments)[0] == 2
    code, out, _ = call("suggest", "walk.yaml", "--seeds", "3", "--workers", "1")
    assert "No arm tells them apart by a fifth at least and by more than chance" in out
    code, out, _ = call(
        "suggest", "walk.yaml", "--between", "as-written", "matrix", "--seeds", "3", "--workers", "1", "--json"
    )
    found = json.loads(out, parse_constant=pytest.fail)
    assert found["between"] == ["as-written", "matrix"]
    row = found["rows"][0]
    assert {"arm", "proposed", "expected", "difference", "replicates", "replicates_paired", "separates"} <= row.keys()
