"""The program as a person uses it, from `list` to `report`, and every kind of bad input."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
import pytest

from migralab.cli.main import main

SMALL = ["--set", "dish.cells=6", "--set", "dish.output_every=60 min", "--duration", "6h"]


@pytest.fixture
def call(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        code = main([str(a) for a in arguments])
        got = capsys.readouterr()
        return code, got.out, got.err

    return run


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    assert main(["run", "migrasome-formation", *SMALL, "--out", str(folder / "dish")]) == 0
    return folder / "dish"


def test_list_names_every_entry(call):
    code, out, _ = call("list")
    assert code == 0
    assert "migrasome-formation" in out
    assert {"migrasome-formation", "leukaemia-msc"} <= {row["id"] for row in json.loads(call("list", "--json")[1])}


def test_show_gives_every_parameter_with_its_source(call):
    code, out, _ = call("show", "migrasome-formation")
    assert code == 0
    for word in ("anchor_density", "zhao2019", "[E]", "perturbed", "fibronectin-0.1", "by-construction"):
        assert word in out


def test_cite_prints_bibtex_of_what_was_used(call):
    code, out, err = call("cite", "migrasome-formation")
    assert code == 0
    assert not err
    for key in ("chen2019", "wu2017", "zhao2019", "wang2022", "migralab"):
        assert re.search(rf"@\w+{{{key},", out)


def test_run_prints_readouts_and_writes_a_run_that_pandas_reads(made, call):
    import pandas as pd

    tables = {path.stem: pd.read_parquet(path) for path in (made / "tables").iterdir()}
    assert set(tables) == {"cells", "nodes", "migrasomes", "lives", "retractosomes"}
    assert list(tables["cells"]["time_min"].unique()) == [0, 60, 120, 180, 240, 300, 360]
    assert (made / "experiment.yaml").is_file()
    assert json.loads((made / "provenance.json").read_text())["status"] == "completed"


def test_a_run_can_be_made_again_from_its_own_record(made, call, tmp_path):
    code, _, _ = call("run", made / "experiment.yaml", "--out", tmp_path / "again")
    assert code == 0
    for table in ("cells", "nodes", "migrasomes", "lives", "retractosomes"):
        name = f"tables/{table}.parquet"
        assert (made / name).read_bytes() == (tmp_path / "again" / name).read_bytes()
    keys = [json.loads((path / "provenance.json").read_text())["key"] for path in (made, tmp_path / "again")]
    assert keys[0] == keys[1]


def test_run_without_out_takes_a_free_name(call, tmp_path):
    assert call("run", "migrasome-formation", *SMALL)[0] == 0
    assert call("run", "migrasome-formation", *SMALL)[0] == 0
    assert {p.name for p in tmp_path.iterdir()} == {
        "migrasome-formation-fibronectin-10-seed1",
        "migrasome-formation-fibronectin-10-seed1-2",
    }


def test_image_measure_and_report_follow_a_run(made, call, tmp_path):
    code, out, _ = call("image", made, "-o", tmp_path / "dish.ome.tiff")
    assert code == 0
    assert "dish.ome.tiff" in out
    code, out, err = call("measure", tmp_path / "dish.ome.tiff", "-o", tmp_path / "measured", "--json")
    assert code == 0, err
    assert "count.per_cell" in json.loads(out)["readouts"]
    names = {path.name for path in (tmp_path / "measured").iterdir()}
    assert {"migrasomes.csv", "fibres.csv", "cells.csv", "settings.json", "overlay.png"} <= names
    code, out, err = call("report", made, "-o", tmp_path / "report.html")
    assert code == 0, err
    assert "</html>" in (tmp_path / "report.html").read_text()


def test_an_image_shows_the_load_of_its_label(made, call, tmp_path):
    import tifffile

    light = {}
    for name, load in (("plain", ()), ("loaded", ("--reporter", "wga=60min"))):
        path = tmp_path / f"{name}.ome.tiff"
        assert call("image", made, "--channel", "WGA", *load, "-o", path)[0] == 0
        labels = tifffile.imread(tmp_path / f"{name}.truth_labels.ome.tiff")[0]
        light[name] = tifffile.imread(path).squeeze()[labels > 0].mean() - 100  # cells, above the dark level
    # an hour in WGA leaves 1/e of the membrane's label; endosomes gain some
    assert 0.25 < light["loaded"] / light["plain"] < 0.75
    code, _, err = call("image", made, "--reporter", "wga=60", "-o", tmp_path / "no.ome.tiff")
    assert code == 2
    assert "wga=TIME" in err
    assert not (tmp_path / "no.ome.tiff").exists()


def test_measured_tracks_replace_the_walk(call, tmp_path):
    t = np.arange(0, 361, 10)
    rows = [f"{i},{50 + 0.5 * m * (i + 1)},{100 * i + 0.2 * m},{m}" for i in range(3) for m in t]
    (tmp_path / "tracks.csv").write_text("track,x_um,y_um,t_min\n" + "\n".join(rows) + "\n")
    write_entry(tmp_path, lambda text: text.replace("duration: 12 h,", "duration: 6 h, tracks: {file: tracks.csv},"))
    code, _, err = call("run", "mine.yaml", "--out", tmp_path / "replayed")
    assert code == 0, err
    entry = ("run", "migrasome-formation", "--duration", "6h", "--tracks", "tracks.csv", "--out", tmp_path / "again")
    assert call(*entry)[0] == 0
    assert (tmp_path / "again/tables/nodes.parquet").read_bytes() == (
        tmp_path / "replayed/tables/nodes.parquet"
    ).read_bytes()
    import pandas as pd

    cells = pd.read_parquet(tmp_path / "replayed" / "tables" / "cells.parquet")
    last = cells[cells["frame"] == cells["frame"].max()]
    np.testing.assert_allclose(last["x_um"], [50 + 180.0 * k for k in (1, 2, 3)])


def bad(call, *arguments):
    code, out, err = call(*arguments)
    assert code == 2, (out, err)
    assert "Traceback" not in err
    assert not out.strip()
    return err


def test_an_unknown_entry_suggests_the_nearest(call):
    assert "Did you mean migrasome-formation" in bad(call, "run", "migrasome-formaton")


def test_an_unknown_arm_suggests_the_nearest(call, tmp_path):
    assert "fibronectin-1" in bad(call, "run", "migrasome-formation", "--arm", "fibronectin-11")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("motility.walk.speed=0.5 Pa", "dimension"),
        ("motility.walk.speed=-1 um/min", "below the least allowed"),
        ("motility.walk.speed=nan um/min", "finite"),
        ("motility.walk.speed=0.5", "um/min"),
        ("motility.walk.sped=0.5 um/min", "speed"),
        ("motility.wlak.speed=0.5 um/min", "motility.walk"),
        ("motility.walk.speed", "path=value"),
        ("dish.cells=-3", "greater than 0"),
        ("dish.step=7 min", "whole number of steps"),
    ],
)
def test_an_impossible_value_is_refused_before_anything_is_written(call, tmp_path, setting, words):
    assert words in bad(call, "run", "migrasome-formation", "--set", setting, "--out", tmp_path / "x")
    assert not list(tmp_path.iterdir())


def write_entry(tmp_path, change):
    from importlib.resources import files

    text = files("migralab.catalog").joinpath("migrasome-formation.yaml").read_text()
    (tmp_path / "mine.yaml").write_text(change(text))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text.replace("schema: 1", "schema: 1\n\tbroken: ["), r"mine.yaml:\d+"),
        (lambda text: text.replace("grade: T1, role: calibrated,", "grade: T1,", 1), r"mine.yaml:\d+.*no role"),
        (
            lambda text: text.replace(
                "value: 0.1 ug/ml, source: {key: chen2019, locator: fig 1g, tag: D}", "value: 0.1 ug/ml"
            ),
            r"mine.yaml:\d+.*'source' is missing",
        ),
        (lambda text: text.replace("value: 20 ug/ml", "value: 20 nm"), "dimension"),
        (lambda text: text.replace("  biogenesis.fate: {}", "  biogenesis.fat: {}"), r"mine.yaml:\d+.*biogenesis.fate"),
        (lambda text: text + "\ncolour: red\n", r"mine.yaml:\d+.*colour"),
    ],
)
def test_a_wrong_file_is_refused_with_its_line(call, tmp_path, change, words):
    write_entry(tmp_path, change)
    error = bad(call, "check", "mine.yaml", "--seeds", "2")
    assert re.search(words, error), error


def test_an_existing_directory_is_never_written_over(call, tmp_path):
    (tmp_path / "there").mkdir()
    assert "exists already" in bad(call, "run", "migrasome-formation", *SMALL, "--out", tmp_path / "there")
    assert "exists" in bad(call, "demo", "--out", tmp_path / "there")
    assert not list((tmp_path / "there").iterdir())


def test_an_image_without_pixel_size_is_asked_for_it(call, tmp_path):
    import tifffile

    tifffile.imwrite(tmp_path / "bare.tif", np.full((64, 64), 7, np.uint16))
    assert "--pixel-size" in bad(call, "measure", tmp_path / "bare.tif")


def test_a_truncated_tiff_is_one_message(call, tmp_path):
    import tifffile

    tifffile.imwrite(tmp_path / "whole.tif", np.arange(64 * 64, dtype=np.uint16).reshape(64, 64))
    (tmp_path / "half.tif").write_bytes((tmp_path / "whole.tif").read_bytes()[:3000])
    assert "half.tif" in bad(call, "measure", tmp_path / "half.tif", "--pixel-size", "0.1um")
    assert "not above 0" in bad(call, "measure", tmp_path / "whole.tif", "--pixel-size", "-1um")
    assert "um" in bad(call, "measure", tmp_path / "whole.tif", "--pixel-size", "0.1")


def test_tracks_without_columns_are_refused(call, tmp_path):
    from migralab.results.tracks import read_tracks

    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match="no column for track"):
        read_tracks(tmp_path / "t.csv")


def test_tracks_are_measured_and_combined(call, tmp_path):
    for name, speed in (("one", 1.0), ("two", 3.0)):
        rows = [f"{cell},{speed * t},{cell},{t}" for cell in range(3) for t in range(20)]
        (tmp_path / f"{name}.csv").write_text("track,x_px,y_px,frame\n" + "\n".join(rows) + "\n")
    units = ("--pixel-size", "2um", "--frame-interval", "30s")
    code, out, err = call("measure", "one.csv", "two.csv", *units, "-o", tmp_path / "measured", "--json")
    assert code == 0, err
    found = json.loads(out)
    assert found["experiments"]["one.csv"]["speed.mean"]["value"] == pytest.approx(4.0)
    assert found["combined"]["speed.mean"]["value"] == pytest.approx((4.0 + 12.0) / 2)
    assert found["combined"]["speed.mean"]["n_unit"] == "experiments"
    names = {path.name for path in (tmp_path / "measured" / "one").iterdir()}
    assert names == {"cells.csv", "readouts.json", "tracks.png"}
    code, out, err = call(
        "measure", "one.csv", *units, "--population", "kg1a", "-o", tmp_path / "alone", "--readout",
        "attraction.index@point[kg1a, x_um=1000, y_um=2]",
    )  # fmt: skip
    assert code == 0, err
    assert re.search(r"attraction\.index@point\S* x_um=1000, y_um=2\] +1 ", out)
    assert "population" in (tmp_path / "alone" / "cells.csv").read_text().splitlines()[0]


def test_tracks_that_cannot_be_measured_are_refused_and_nothing_is_written(call, tmp_path):
    (tmp_path / "t.csv").write_text("track,x,y,t\n1,0,0,0\n1,1,0,1\n")
    assert "--pixel-size" in bad(call, "measure", "t.csv", "--frame-interval", "1min")
    assert "--frame-interval" in bad(call, "measure", "t.csv", "--pixel-size", "1um")
    units = ("--pixel-size", "1um", "--frame-interval", "1min")
    assert "speed.mean" in bad(call, "measure", "t.csv", *units, "--readout", "speed.men")
    assert "--channel is for images" in bad(call, "measure", "t.csv", *units, "--channel", "1")
    assert "are for tracks" in bad(call, "measure", "t.tif", "--columns", "a,b")
    assert "together" in bad(call, "measure", "t.tif", "t.csv")
    assert "no such file" in bad(call, "measure", "none.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]


def test_a_directory_that_is_no_run_is_refused(call, tmp_path):
    assert "not a run" in bad(call, "report", tmp_path)


def test_a_missing_argument_and_an_unknown_verb_exit_2(call):
    assert call("run")[0] == 2
    assert call("dance")[0] == 2


def test_check_says_how_many_seeds_are_missing_and_writes_json(call, tmp_path):
    code, out, _ = call("check", "migrasome-formation", "--seeds", "2", "--workers", "1", "--json", tmp_path / "v.json")
    assert code in (0, 1)
    assert "2 of 20 seeds" in out
    rows = json.loads((tmp_path / "v.json").read_text())["claims"]
    needed = {"entry", "id", "grade", "role", "verdict", "observed", "interval", "expected", "source", "seeds"}
    assert all(needed <= row.keys() for row in rows)
    assert code == (1 if any(row["verdict"] == "fail" for row in rows) else 0)


def test_an_interrupted_run_leaves_no_broken_directory_and_goes_on(tmp_path, monkeypatch):
    from migralab.catalog.catalog import load
    from migralab.results.run import open_run
    from migralab.simulation import simulate as module
    from migralab.simulation.compile import compile_experiment
    from migralab.spec.change import apply_setting

    experiment = load("migrasome-formation").experiment
    for setting in ("dish.cells=6", "dish.duration=6 h", "dish.output_every=60 min"):
        experiment = apply_setting(experiment, setting)
    model = compile_experiment(experiment)
    whole = module.simulate(model, 3, out=tmp_path / "whole")

    def interrupt(done, total):
        if done > total // 2:
            raise KeyboardInterrupt

    # Every tick reports. Only this module gets the hasty clock: the threads of zarr would run it empty and hang
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=iter(range(10**6)).__next__))
    with pytest.raises(KeyboardInterrupt):
        module.simulate(model, 3, out=tmp_path / "cut", progress=interrupt)
    monkeypatch.undo()
    assert not (tmp_path / "cut").exists()
    with pytest.raises(ValueError, match="--resume"):
        open_run(tmp_path / "cut")
    resumed = module.simulate(model, 3, out=tmp_path / "cut", resume=True)
    assert not (tmp_path / "cut.partial").exists()
    for table, columns in whole.tables.items():
        for name, values in columns.items():
            np.testing.assert_array_equal(values, resumed.tables[table][name], err_msg=f"{table}.{name}")


@pytest.mark.parametrize("after", [0.0, 0.1, 0.23])
def test_ctrl_c_at_any_moment_keeps_a_whole_state(tmp_path, after):
    """Interrupted by a real signal in the middle of a tick, then resumed: the same tables as in one go."""
    command = [sys.executable, "-m", "migralab", "run", "migrasome-formation", "--set", "dish.cells=600"]
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    subprocess.run([*command, "--out", str(whole)], check=True, capture_output=True)
    with subprocess.Popen(
        [*command, "--out", str(cut)], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    ) as program:
        line = program.stderr.readline()
        assert "ticks" in line, line
        time.sleep(after)
        program.send_signal(signal.SIGINT)
        message = program.stderr.read()
    if program.returncode == 0:
        pytest.skip("the run was over before the signal came")
    assert program.returncode == 130
    assert "--resume" in message
    assert not cut.exists()
    subprocess.run([*command, "--out", str(cut), "--resume"], check=True, capture_output=True)
    for table in ("cells", "nodes", "migrasomes", "lives", "retractosomes"):
        name = f"tables/{table}.parquet"
        assert (whole / name).read_bytes() == (cut / name).read_bytes(), table


def test_a_failing_direction_says_whether_it_is_wrong_or_only_small(call):
    code, out, _ = call("check", "mitocytosis", "--seeds", "2", "--workers", "1")
    assert code in (0, 1)
    assert "5 more claims take longer and are judged with --tier full" in out
    assert "a direction counts from an effect of a fifth" in out


def test_which_way_a_ratio_went():
    from types import SimpleNamespace

    from migralab.cli.verbs.claims.wording import which_way

    said = {(1.2, "at most"): " (wrong way)", (0.9, "at most"): " (right way, too small)",
            (1.1, "at least"): " (right way, too small)", (0.7, "at least"): " (wrong way)"}  # fmt: skip
    for (observed, words), expected in said.items():
        assert which_way(SimpleNamespace(observed=observed, expected=f"every step ratio {words} 0.8")) == expected
    assert which_way(SimpleNamespace(observed=3.0, expected="1 to 2")) == ""


def test_the_program_starts_as_a_program():
    done = subprocess.run([sys.executable, "-m", "migralab", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("migralab ")
