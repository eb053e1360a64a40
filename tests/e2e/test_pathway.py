"""`migralab pathway` as a biologist uses it, and runs with pathways from file to report."""

from __future__ import annotations

import csv
import json
from textwrap import dedent

import numpy as np
import pytest

import migralab.simulation.simulate as module
from migralab.cli.main import main
from migralab.results.run import open_run
from migralab.simulation.compile import compile_experiment
from tests.unit.mechanisms.test_pathway import MODEL, TEXT, file


def run(capsys, *arguments):
    """Return exit code, answer and remarks."""
    code = main(["pathway", *arguments])
    return code, *capsys.readouterr()


@pytest.fixture
def chain(tmp_path):
    place = tmp_path / "chain.ant"
    place.write_text(dedent(MODEL))
    return str(place)


def test_the_list_names_every_pathway_with_its_page(capsys):
    from pathlib import Path

    code, out, _ = run(capsys, "list", "--json")
    names = [own["id"] for own in json.loads(out)]
    assert code == 0
    assert {"pten-akt", "tgfb-smad", "cxcr4-traffic", "vegfr2", "rankl-fusion"} <= set(names)
    pages = Path(__file__).parents[2] / "docs" / "pathways"
    assert {page.stem for page in pages.glob("*.md")} == set(names)


def test_show_prints_seams_equations_and_sources(capsys):
    code, out, _ = run(capsys, "show", "pten-akt")
    assert code == 0
    for words in ("delivered mrna", "phosphorylated AKT", "d pakt / dt", "zhu2021", "Integrator: ", "*hill_exponent"):
        assert words in out


def test_one_cell_runs_and_leaves_a_table_and_a_figure(capsys, tmp_path, chain):
    out = tmp_path / "course"
    code, text, told = run(capsys, "run", chain, "--duration", "4h", "--every", "2h", "--set", "raw=50", "-o", str(out))
    assert code == 0
    assert "Table and figure are in" in told
    with (out / "course.csv").open() as table:
        rows = list(csv.DictReader(table))
    assert [float(row["time_h"]) for row in rows] == [0, 2, 4]
    np.testing.assert_allclose([float(row["made"]) for row in rows], 50 * (1 - np.exp([0, -1, -2])), rtol=1e-5)
    assert (out / "course.png").read_bytes().startswith(b"\x89PNG")
    assert sorted(text.splitlines()[0].split()) == ["level", "made", "raw", "time_h"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("show",), "Which pathway.*pten-akt"),
        (("show", "pten-atk"), "Did you mean pten-akt"),
        (("show", "nothing.ant"), "nothing.ant' does not exist"),
        (("run", "pten-akt", "--set", "escape=1"), "Did you mean escape_rate"),
        (("run", "pten-akt", "--set", "escape_rate"), "not name=number"),
        (("run", "pten-akt", "--set", "active_pten=1"), "its start follows from other numbers"),
        (("run", "pten-akt", "--show", "pact"), "Did you mean pakt"),
        (("run", "pten-akt", "--duration", "5"), "no unit"),
        (("run", "pten-akt", "--duration", "100h", "--every", "1ms"), "at most 100000"),
        (("run", "pten-akt", "--tolerance", "1"), "between 1e-12 and 0.01"),
        (("run", "pten-akt", "--time", "min"), "leave --time out"),
    ],
)
def test_bad_requests_get_one_message_and_exit_2(capsys, arguments, message):
    import re

    code, out, told = run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert re.search(message, told), told
    assert "Traceback" not in told
    assert len(told.splitlines()) == 1


def test_a_model_without_a_unit_of_time_is_asked_for_it(capsys, tmp_path):
    place = tmp_path / "bare.ant"
    place.write_text("model bare\n  x' = -k * x; x = 1; k = 2\nend\n")
    code, _, told = run(capsys, "run", str(place))
    assert code == 2
    assert "--time h" in told
    code, out, _ = run(capsys, "run", str(place), "--time", "h", "--duration", "1h", "--every", "1h", "--json")
    assert code == 0
    assert json.loads(out)[-1]["x"] == pytest.approx(np.exp(-2), rel=1e-5)


def test_a_run_resumes_bitwise_and_keeps_its_levels_on_disk(tmp_path, monkeypatch):
    model = compile_experiment(file())
    whole = module.simulate(model, 3)
    record = module.Recorder.record

    def stop(recorder, state):
        record(recorder, state)
        if state.tick == 60:
            raise KeyboardInterrupt

    monkeypatch.setattr(module, "Recorder", type("R", (module.Recorder,), {"record": stop}))
    with pytest.raises(KeyboardInterrupt):
        module.simulate(model, 3, out=tmp_path / "run")
    monkeypatch.undo()
    module.simulate(model, 3, out=tmp_path / "run", resume=True)
    again = open_run(tmp_path / "run")
    for name, column in whole.tables["levels"].items():
        np.testing.assert_array_equal(again.tables["levels"][name], column)


def test_from_the_file_to_the_report(tmp_path, capsys):
    place = tmp_path / "networked.yaml"
    place.write_text(TEXT)
    assert main(["run", str(place), "--out", str(tmp_path / "run")]) == 0
    assert main(["report", str(tmp_path / "run"), "-o", str(tmp_path / "report.html")]) == 0
    page = (tmp_path / "report.html").read_text()
    assert "Inside the cells" in page
    assert "pathways.chain" in page
    capsys.readouterr()
