"""`migralab export` as a person uses it: every format, and every kind of bad request."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from migralab.cli.main import main
from migralab.results.fields import FieldSeries
from migralab.results.run import open_run, write_run


@pytest.fixture
def call(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        code = main([str(a) for a in arguments])
        got = capsys.readouterr()
        return code, got.out, got.err

    return run


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """Return the directory of a small run without fields."""
    folder = tmp_path_factory.mktemp("runs")
    small = ["--set", "dish.cells=4", "--set", "dish.output_every=60 min", "--duration", "3h"]
    assert main(["run", "migrasome-formation", *small, "--out", str(folder / "dish")]) == 0
    return folder / "dish"


@pytest.fixture(scope="module")
def made(plain):
    """Return the same run with a field."""
    run = open_run(plain)
    values = np.arange(4 * 2 * 3, dtype=np.float32).reshape(4, 2, 3)
    cue = FieldSeries(
        name="cue", unit="nM", values=values, spacing_um=(100.0, 100.0), origin_um=(0.0, 0.0), depth_um=5.0,
        meaning="free cue",
    )  # fmt: skip
    write_run(dataclasses.replace(run, fields={"cue": cue}), plain.with_name("signals"))
    return plain.with_name("signals")


@pytest.mark.parametrize(
    ("to", "ending", "inside"),
    [
        ("vtk", "-vtk", "field_cue.pvd"),
        ("simularium", ".simularium", None),
        ("ome-zarr", ".ome.zarr", "zarr.json"),
        ("zarr", ".zarr", "cue/zarr.json"),
    ],
)
def test_each_format_appears_beside_the_run_under_its_name(made, call, to, ending, inside):
    code, out, err = call("export", made, "--to", to)
    assert code == 0, err
    target = made.with_name(f"signals{ending}")
    assert out.strip() == str(target)
    assert f"signals to {to}: " in err
    assert (
        (target / inside).is_file() if inside else json.loads(target.read_text())["trajectoryInfo"]["totalSteps"] == 4
    )
    assert [path.name for path in made.parent.iterdir() if path.name.startswith(".")] == []


def test_one_frame_goes_where_it_is_asked_to(plain, call, tmp_path):
    assert call("export", plain, "--to", "vtk", "--frames", "2", "-o", tmp_path / "out")[0] == 0
    assert sorted(path.name for path in (tmp_path / "out" / "frames").iterdir()) == [
        "cells_00002.vtp", "fibres_00002.vtp", "migrasomes_00002.vtp",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--to", "vkt"), "Did you mean vtk"),
        (("--to", "ome-zarr"), "signals.diffusing, signals.matrix-bound"),
        (("--to", "vtk", "--frames", "9"), "frames 0 to 3"),
        (("--to", "simularium", "-o", "dish.json"), "must end in .simularium"),
        (("--to", "vtk", "-o", "nowhere/dish"), "no folder"),
        ((), "--to"),
    ],
)
def test_a_request_that_makes_no_sense_is_one_message(plain, call, tmp_path, arguments, words):
    code, out, err = call("export", plain, *arguments)
    assert code == 2, (out, err)
    assert words in err
    assert "Traceback" not in err
    assert not out.strip()
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_run_and_what_exists_are_refused(plain, call, tmp_path):
    assert call("export", tmp_path, "--to", "vtk")[0] == 2
    (tmp_path / "out").mkdir()
    code, _, err = call("export", plain, "--to", "vtk", "-o", tmp_path / "out")
    assert code == 2
    assert "exists already" in err
    assert list((tmp_path / "out").iterdir()) == []
