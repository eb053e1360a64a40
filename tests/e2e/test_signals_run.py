"""A dish with signals as a person runs it: fields, budget and report; what is wrong is refused in one message."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from migralab.cli.main import main
from migralab.results.run import open_run
from migralab.simulation import simulate as module
from migralab.simulation.compile import compile_experiment
from migralab.spec.change import apply_arm, apply_setting
from migralab.spec.loader import load_experiment

FOUR = Path(__file__).parents[2] / "examples" / "four-signals.yaml"
QUICK = (
    "dish.cells=20", "motility.walk.spreading=0 min", "motility.walk.start_rate=1 1/min",
    "biogenesis.nucleation.waiting=20 min", "signals.release.permeability=1e-5 um/s",
)  # fmt: skip
SHORT = (*(word for setting in QUICK for word in ("--set", setting)), "--duration", "6 h")


def model_of(arm, *settings):
    experiment = apply_arm(load_experiment(FOUR).experiment, arm)
    for setting in (*QUICK, "dish.duration=6 h", *settings):
        experiment = apply_setting(experiment, setting)
    return compile_experiment(experiment)


@pytest.fixture(scope="module")
def bound(tmp_path_factory):
    out = tmp_path_factory.mktemp("signals") / "bound"
    assert main(["run", str(FOUR), "--arm", "matrix-bound", *SHORT, "--out", str(out)]) == 0
    return out


def test_fields_and_budget_are_kept_and_agree(bound):
    run = open_run(bound)
    assert set(run.fields) == {"cue", "cue_bound"}
    cue, ground = run.fields["cue"], run.fields["cue_bound"]
    assert (cue.unit, ground.unit, cue.depth_um) == ("nM", "1/um^2", 5.0)
    budget = run.frame("budget")
    last = budget[budget["frame"] == budget["frame"].max()].set_index(["substance", "place"])["molecules"]
    area = float(np.prod(cue.spacing_um))
    # 1 nM is 0.602214 molecules per um3; files hold single precision
    assert cue.values[-1].sum() * 0.602214 * area * 5.0 == pytest.approx(last["cue", "medium"], rel=1e-5)
    assert ground.values[-1].sum() * area == pytest.approx(last["cue", "bound"], rel=1e-5)
    assert last["cue", "given"] == pytest.approx(last["soluble_protein", "released"], rel=1e-12)
    assert last["cue", "given"] > 1000


def test_the_cells_say_what_they_are_in(bound):
    cells = open_run(bound).frame("cells")
    last = cells[cells["frame"] == cells["frame"].max()]
    field = open_run(bound).fields["cue"]
    y, x = (np.clip(((last[f"{axis}_um"] - o) / h).astype(int), 0, n - 1) for axis, o, h, n in zip(
        "yx", field.origin_um, field.spacing_um, field.values.shape[1:], strict=True))  # fmt: skip
    near = field.values[-1][y, x]
    inside = last["cue_nM"].to_numpy() > 0
    np.testing.assert_allclose(last["cue_nM"][inside], near[inside], rtol=0.5)  # its voxel against a spline over nine


def test_the_end_of_a_run_is_printed_with_its_molecules(bound, capsys, tmp_path):
    assert main(["run", str(FOUR), "--arm", "delivered-dose", *SHORT, "--out", str(tmp_path / "d")]) == 0
    out = capsys.readouterr().out
    assert "Molecules at the end" in out
    assert "delivered" in out


def test_the_report_shows_the_field(bound, tmp_path):
    assert main(["report", str(bound), "-o", str(tmp_path / "r.html")]) == 0
    assert "Signals in the dish" in (tmp_path / "r.html").read_text()


def test_a_run_with_fields_resumes_where_it_was(tmp_path, monkeypatch):
    model = model_of("matrix-bound")
    whole = module.simulate(model, 4, out=tmp_path / "whole")

    def interrupt(done, total):
        if done > total // 2:
            raise KeyboardInterrupt

    # Every tick reports. Only this module gets the hasty clock: the threads of zarr would run it empty and hang
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=iter(range(10**6)).__next__))
    with pytest.raises(KeyboardInterrupt):
        module.simulate(model, 4, out=tmp_path / "cut", progress=interrupt)
    monkeypatch.undo()
    resumed = module.simulate(model, 4, out=tmp_path / "cut", resume=True)
    for name, field in whole.fields.items():
        np.testing.assert_array_equal(field.values, resumed.fields[name].values, err_msg=name)
    for table, columns in whole.tables.items():
        for name, values in columns.items():
            np.testing.assert_array_equal(values, resumed.tables[table][name], err_msg=f"{table}.{name}")


def test_a_run_that_breaks_keeps_what_it_has(tmp_path, capsys):
    arguments = ["run", str(FOUR), *SHORT, "--set", "signals.diffusing.clearance=1e9 um^3/s"]
    assert main([*arguments, "--out", str(tmp_path / "broken")]) == 3
    message = capsys.readouterr().err
    assert "shorten signals.diffusing.interval and dish.step" in message
    assert "Traceback" not in message
    assert json.loads((tmp_path / "broken" / "provenance.json").read_text())["status"].startswith("broke down")
    assert len(open_run(tmp_path / "broken").fields["cue"].values) == 1


BAD = {
    "short reach": ("decay: {value: 100 1/s", r"diffusion length sqrt\(D/decay\) = .* Lower"),
    "memory": ("voxel: {value: 0.02 um", r"needs \d+\.\d GB and .* are free\. Raise signals\.diffusing\.voxel"),
    "negative": ("background: {value: -1 nM", r"bad\.yaml:\d+ .*background = -1 nM is below"),
    "no diffusion": ("diffusivity: {value: 0 um^2/s", r"bad\.yaml:\d+ .*diffusivity = 0 um\^2/s is below"),
}


@pytest.mark.parametrize(("parameter", "words"), BAD.values(), ids=BAD)
def test_an_impossible_cue_is_refused_before_anything_is_written(tmp_path, capsys, parameter, words):
    given = "{" + parameter + ", source: {key: user, locator: test, tag: E}}}"
    text = FOUR.read_text().replace("signals.diffusing: {}", f"signals.diffusing: {given}", 1)
    refused(tmp_path, capsys, text, words)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("  signals.release: {}\n", "", r"needs migrasomes\.released.*Add signals\.release"),
        ("signals.diffusing:", "signals.diffusing@VEGF:", r"bad\.yaml:\d+.*small letters"),
        ("signals.diffusing: {}", "signals.diffusing: {}\n  signals.diffusing@b: {}", "together take 2 of"),
        ("kind: slit", "kind: slitt", r"bad\.yaml:\d+ \(dish\.geometry\).*'slit'"),
        ("kind: slit", "kind: slit, depth: 0 um", r"bad\.yaml:\d+ \(dish\.geometry\.depth\).*above 0"),
        ("signals.cargo: {}", "signals.cargo: {}\n  motility.walk@b: {}", r"bad\.yaml:\d+.*may stand several times"),
    ],
)
def test_what_does_not_fit_together_is_refused(tmp_path, capsys, old, new, words):
    refused(tmp_path, capsys, FOUR.read_text().replace(old, new), words)


def refused(tmp_path, capsys, text, words):
    import re

    (tmp_path / "bad.yaml").write_text(text)
    assert main(["run", str(tmp_path / "bad.yaml"), "--out", str(tmp_path / "out")]) == 2
    message = capsys.readouterr().err
    assert re.search(words, message), message
    assert "Traceback" not in message
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.yaml"]


def test_an_output_that_cannot_be_made_is_refused_before_the_run(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main(["run", str(FOUR), *SHORT, "--out", str(tmp_path / "file" / "x")]) == 2
    assert "is not a directory. Choose another --out" in capsys.readouterr().err


def test_an_unfinished_run_is_not_thrown_away(tmp_path, capsys):
    (tmp_path / "dish.partial" / "checkpoint").mkdir(parents=True)
    assert main(["run", str(FOUR), *SHORT, "--out", str(tmp_path / "dish")]) == 2
    assert "holds an unfinished run. Go on with --resume" in capsys.readouterr().err
    assert (tmp_path / "dish.partial" / "checkpoint").is_dir()


def test_geometry_can_be_set_by_its_kind(tmp_path, capsys):
    arguments = ["run", str(FOUR), *SHORT, "--set", "dish.geometry=cavity", "--out", str(tmp_path / "c")]
    assert main(arguments) == 0
    assert open_run(tmp_path / "c").fields["cue"].obstacle is not None
    assert main([*arguments[:-1], str(tmp_path / "d"), "--set", "dish.geometry=cave"]) == 2
    assert "'cavity'" in capsys.readouterr().err


def test_what_arrives_and_what_is_carried_is_printed(tmp_path, capsys):
    assert main(["run", "mitocytosis", "--set", "dish.cells=8", "--duration", "6 h", "--out", str(tmp_path / "m")]) == 0
    out = capsys.readouterr().out
    assert "mitochondria.potential" in out
    assert "signal.cue" not in out  # the dish has none
