"""The examples run."""

import importlib.util
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"


def load(name):
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_dose_response(capsys):
    load("dose_response").main(cells=10, seeds=2)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[-1] for line in lines] == list(load("dose_response").ARMS)
    assert all("n = 2 experiments" in line for line in lines)


def test_virtual_micrograph_and_its_layers(tmp_path, capsys):
    load("virtual_micrograph").main(tmp_path, cells=15)
    assert "migrasomes measured" in capsys.readouterr().out
    assert (tmp_path / "dish.truth_migrasomes.csv").is_file()
    # the window of napari is not opened: the layers are what that example is about
    layers = load("open_in_napari").find_layers(tmp_path / "dish.ome.tiff")
    assert {"image", "labels", "shapes", "points"} >= {kind for *_, kind in layers} >= {"image", "points"}


def test_readme_picture(tmp_path):
    load("readme_picture").main(tmp_path / "cell.png", cells=12, seed=2)
    assert (tmp_path / "cell.png").read_bytes().startswith(b"\x89PNG")


def test_four_signals(capsys):
    load("four_signals").main()
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(load("four_signals").SEEN)
    assert all("mean 0," not in line for line in lines)


def test_rules(capsys):
    load("rules").main("4 h")
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [arm.id for arm in load("rules").FILE.experiment.arms]
    assert all(int(line.split()[1]) > 60 for line in lines), "they grow from 60"


def test_signal_reach(tmp_path, capsys):
    load("signal_reach").main(tmp_path, modes=("density",))
    assert "molecules/(um2 s)" in capsys.readouterr().out
    assert (tmp_path / "signal-density.png").read_bytes().startswith(b"\x89PNG")


def test_every_example_is_tested():
    tested = Path(__file__).read_text()
    assert all(f'load("{path.stem}")' in tested for path in EXAMPLES.glob("*.py"))
