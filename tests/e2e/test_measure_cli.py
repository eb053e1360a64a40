"""A picture from a scene file, measured, corrected, exported, counted by hand, blinded, and compared over dishes."""

from __future__ import annotations

import json
import shutil

import pandas as pd
import pytest

from migralab.cli.main import main

SCENE = """\
schema: 1
title: one cell and its migrasomes
field_um: [0, 0, 36, 20]
seed: {seed}
microscope: {{preset: confocal}}
channels: [WGA]
cells:
  - {{id: 1, x_um: 33, y_um: 10, heading_deg: 0, area_um2: 300}}
fibres:
  - {{id: long, cell: 1, points: [[2, 6], [8, 8], [14, 9.5], [22, 10]]}}
  - {{id: branch, cell: 1, points: [[5, 15], [9, 12.5], [14, 9.5]]}}
migrasomes:
  - {{fibre: long, at: tip, diameter_um: 1.4}}
  - {{fibre: branch, at: tip, diameter_um: 0.9}}
  - {{fibre: long, at: 0.6, diameter_um: {middle}}}
"""


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Three dishes a condition, in folders; the third migrasome is larger where the drug is."""
    root = tmp_path_factory.mktemp("dishes")
    for number, (condition, middle) in enumerate((c, m) for c, m in (("control", 0.8), ("drug", 1.3)) for _ in "abc"):
        folder = root / "experiment" / condition / f"dish{number}"
        folder.mkdir(parents=True)
        scene = root / "scene.yaml"
        scene.write_text(SCENE.format(seed=number, middle=middle))
        assert main(["image", str(scene), "-o", str(root / f"{number}.ome.tiff")]) == 0
        shutil.move(root / f"{number}.ome.tiff", folder / f"field{number}.ome.tiff")
    return root / "experiment"


@pytest.fixture
def call(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def run(*arguments, code=0):
        got = main([str(a) for a in arguments])
        said = capsys.readouterr()
        assert got == code, said.err
        return said.out if code == 0 else said.err

    return run


@pytest.fixture
def field(pictures):
    return pictures / "control" / "dish0" / "field0.ome.tiff"


def test_a_picture_is_measured_exported_and_has_a_page(field, call, tmp_path):
    out = call("measure", field, "-o", "m", "--export", "fiji,trackmate,tables")
    assert "3 migrasomes" in out
    names = {path.name for path in (tmp_path / "m").iterdir()}
    assert {"migrasomes.csv", "overlay.png", "report.html", "rois.zip", "trackmate.xml", "trackmate_spots.csv"} <= names
    assert "What was counted" in (tmp_path / "m" / "report.html").read_text()
    assert call("report", "m", "-o", "again.html").strip() == "again.html"


def test_corrections_are_applied_and_marked(field, call, tmp_path):
    call("measure", field, "-o", "m")
    gone = int(pd.read_csv(tmp_path / "m" / "migrasomes.csv")["id"].iloc[0])
    (tmp_path / "edits.csv").write_text(
        f"action,kind,frame,id,x_um,y_um,diameter_um,who\nremove,migrasome,0,{gone},,,,AB\n"
        "add,migrasome,0,,18,17,0.7,AB\n"
    )
    call("measure", field, "--edits", "edits.csv", "-o", "c")
    rows = pd.read_csv(tmp_path / "c" / "migrasomes.csv")
    assert gone not in set(rows["id"])
    assert list(rows.loc[rows["edited"], "diameter_um"]) == [0.7]
    assert "Corrected by hand" in (tmp_path / "c" / "report.html").read_text()
    (tmp_path / "edits.csv").write_text("action,kind,frame,id,who\nremove,migrasome,0,99,AB\n")
    err = call("measure", field, "--edits", "edits.csv", "-o", "d", code=2)
    assert "edits.csv:2" in err
    assert not (tmp_path / "d").exists()


def test_a_hand_count_is_compared_with_the_program(field, call, tmp_path):
    call("measure", field, "-o", "m")
    rows = pd.read_csv(tmp_path / "m" / "migrasomes.csv")
    rows[["x_um", "y_um"]].iloc[1:].to_csv(tmp_path / "anna.csv", index=False)  # she missed one
    out = call("measure", field, "--hand", "anna.csv", "-o", "n")
    assert "anna and migralab: F1 0.800" in out  # 2 of 3: 4/(4 + 1)
    assert "only migralab 1" in out
    assert "--kinds 1=tip" in call("measure", field, "--hand", "anna.csv", "--kinds", "tip", "-o", "o", code=2)


def test_names_go_and_come_back(pictures, field, call, tmp_path):
    other = pictures / "drug" / "dish3" / "field3.ome.tiff"
    out = call("measure", field, other, "--blind", "hidden", "--key", "key.json")
    assert "2 copies without names" in out
    copies = sorted(path.name for path in (tmp_path / "hidden").iterdir() if "image-" in path.name)
    assert len(copies) == 2
    assert b"field" not in b"".join((tmp_path / "hidden" / name).read_bytes() for name in copies)
    (tmp_path / "counts.csv").write_text("image,count\nimage-001,3\nimage-002,5\n")
    call("measure", "counts.csv", "--unblind", "key.json")
    named = pd.read_csv(tmp_path / "counts-named.csv")
    assert {str(field), str(other)} == set(named["file"])
    assert set(json.loads((tmp_path / "key.json").read_text())["codes"].values()) == set(named["file"])


def test_conditions_are_compared_over_dishes(pictures, call, tmp_path):
    out = call("measure", "--sheet", pictures, "--compare", "drug,control", "-o", "e")
    assert "n is the number of dishes" in out
    assert len(pd.read_csv(tmp_path / "e" / "replicates.csv")) == 6
    rows = pd.read_csv(tmp_path / "e" / "comparison.csv").set_index("what")
    # (1.4 + 0.9 + 1.3) over (1.4 + 0.9 + 0.8); a false small one in one of six pictures moves it by 0.05
    assert rows.loc["diameter.mean", "ratio"] == pytest.approx(3.6 / 3.1, abs=0.1)
    assert rows.loc["diameter.mean", "low"] < rows.loc["diameter.mean", "ratio"] < rows.loc["diameter.mean", "high"]
    assert 0.6 < rows.loc["count.per_cell", "ratio"] <= 1.2
    assert "control, drug" in call("measure", "--sheet", pictures, "--compare", "drugs,control", "-o", "f", code=2)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "Give the images or tracks"),
        (("--blind", "a", "--sheet", "b"), "different tasks"),
        (("x.tif", "--compare", "a,b"), "--compare belongs to --sheet"),
        (("x.tif", "--key", "k"), "--key belongs to --blind"),
        (("x.tif", "--export", "word"), "Allowed: fiji, trackmate, tables"),
        (("x.tif",), "no such file"),
        (("t.csv", "--controls"), "--controls is for images"),
        (("--blind", "a"), "--blind needs the images"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(arguments, words, call):
    err = call("measure", *arguments, code=2)
    assert words in err
    assert err.count("\n") == 1


def test_a_scene_says_its_own_optics(pictures, call):
    scene = pictures.parent / "scene.yaml"
    assert "--stack: a scene file says this itself" in call("image", scene, "--stack", "3x0.5um", code=2)
