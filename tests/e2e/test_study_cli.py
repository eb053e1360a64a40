"""`migralab study` as a person uses it: the answer, the folder, and what is refused."""

from __future__ import annotations

import csv
import json

import pytest
from PIL import Image

from migralab.cli.main import main
from migralab.isolation.diagnosis.document.read import read_study

TYPED = """\
schema: 1
like: pan-mice
id: typed
title: Typed numbers
groups:
  - {id: saline, n: 10, control: true}
  - {id: pan, n: 10, fold: 2.5, creatinine_fold: {value: 1, low: 0.8, high: 1}}
biology: {level: 1e9 1/mmol, between: 0.4, within: 0.3}
urine: {creatinine: 4 mM, dilution: 0.4, excretion: 0.1}
assay: {volume_per_field: 0.01 ul, recovery: 0.3, recovery_spread: 0.2, background: 0.1, k: 5, observers: 0.1}
"""
TABLE = "subject,group,count,volume_ml,creatinine_mM\n" + "\n".join(
    f"m{i},{'pan' if i % 2 else 'saline'},{10 + 7 * (i % 5) + 25 * (i % 2)},1,4" for i in range(16)
)


@pytest.fixture(autouse=True)
def _small_populations(monkeypatch):
    """The tests here are of words and files; how exact the sizes are is tested beside the code."""
    monkeypatch.setattr("migralab.isolation.diagnosis.sweep.POPULATION", 1500)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "typed.yaml"
    path.write_text(TYPED, encoding="utf-8")
    return path


def test_the_number_of_patients_stands_first(capsys, file):
    assert main(["study", str(file), "--simulations", "400"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "Typed numbers"
    assert "mice a group are needed (95 %: " in out[1]
    text = "\n".join(out)
    assert "What moves it most: creatinine of pan (fold), 1 (0.8 to 1) [E]" in text
    assert "Lead over protein" in text
    assert "the same if nobody is ill (both folds 1): migrasomes first" in text
    assert "so within 14 days the healthy are called raised" in text
    assert "Beware: migrasomes rise to 2.1 times their level before and the limit is 2.3" in text
    assert "without creatinine normalisation" in text


def test_a_folder_holds_page_figures_and_tables(capsys, file, tmp_path):
    out = tmp_path / "answer"
    assert main(["study", str(file), "--simulations", "300", "-o", str(out), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document == json.loads((out / "study.json").read_text(encoding="utf-8"))
    names = ("power", "tornado", "roc", "cohort", "counting", "lead")
    for name in names:
        with Image.open(out / f"{name}.png") as picture:
            assert min(picture.size) > 200
    page = (out / "study.html").read_text(encoding="utf-8")
    assert page.count("data:image/png") == len(names)
    assert "typed without a source" in page
    assert "http" not in page.replace("http-equiv", "")
    with (out / "power.csv").open(encoding="utf-8") as table:
        rows = list(csv.DictReader(table))
    assert [float(row["power"]) for row in rows] == [own["power"] for own in document["power_curve"]]
    assert (out / "ranges.csv").is_file()
    assert main(["study", str(file), "-o", str(out)]) == 2


def test_a_study_that_ships_answers_with_its_ranges(capsys):
    assert main(["study", "diabetic-nephropathy", "--patients", "60", "--simulations", "200"]) == 0
    out = capsys.readouterr().out
    assert "So plan on no single number" in out
    assert "What moves it most: fold in patients, 2 (1.2 to 5) [E]" in out
    assert "A study with 60 controls and 60 patients" in out
    assert "Prospective: enrol" in out
    assert "15.0 of the smaller group for each predictor, above the rule of 10" in out


def test_a_fold_on_the_command_line_is_looked_for(capsys, file):
    sizes = []
    for fold in ("1.5", "3"):
        assert main(["study", str(file), "--fold", fold, "--simulations", "200", "--json"]) == 0
        sizes.append(json.loads(capsys.readouterr().out)["needed"][0]["n"])
    assert sizes[0] > 2 * sizes[1]


def test_real_counts_are_judged_by_the_same_code(capsys, tmp_path, file):
    table = tmp_path / "counts.csv"
    table.write_text(TABLE, encoding="utf-8")
    assert main(["study", str(file), "--counts", str(table), "-o", str(tmp_path / "real")]) == 0
    out = capsys.readouterr().out
    assert "Area under the ROC curve" in out
    assert "8 saline and 8 pan" in out
    assert "Limits: the wider of a bootstrap over subjects and Clopper-Pearson's" in out
    assert {item.name for item in (tmp_path / "real").iterdir()} == {
        "cohort.png", "roc.png", "roc.csv", "study.html", "study.json",
    }  # fmt: skip


def test_studies_that_ship_are_listed(capsys):
    assert main(["study", "--list"]) == 0
    out = capsys.readouterr().out
    assert "diabetic-nephropathy" in out
    assert "pan-mice" in out
    assert main(["study", "--list", "--json"]) == 0
    assert {row["id"] for row in json.loads(capsys.readouterr().out)} >= {"diabetic-nephropathy", "pan-mice"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "which study? Give an id (migralab study --list) or a YAML file"),
        (["diabetic"], "There is no study 'diabetic'. Did you mean diabetic-nephropathy?"),
        (["absent.yaml"], "there is no such file"),
        (["diabetic-nephropathy", "--fold", "0"], "--fold 0 is not above 0"),
        (["diabetic-nephropathy", "--fold", "-2"], "--fold -2 is not above 0"),
        (["diabetic-nephropathy", "--fold", "nan"], "--fold nan is not above 0"),
        (["diabetic-nephropathy", "--fold", "two"], "Invalid value for '--fold': Input should be a valid number"),
        (["diabetic-nephropathy", "--patients", "1"], "--patients 1: n = 1 is fewer than 2"),
        (["diabetic-nephropathy", "--patients", "4"], "fewer patients than parameters"),
        (["diabetic-nephropathy", "--simulations", "5"], "--simulations 5 is not allowed: 200 to 100,000"),
        (["diabetic-nephropathy", "--counts", "absent.csv"], "absent.csv: there is no such file"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(capsys, arguments, said):
    assert main(["study", *arguments]) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.out == ""
    assert "Traceback" not in captured.err


def test_counts_that_make_no_sense_leave_nothing_behind(capsys, tmp_path, file):
    table = tmp_path / "counts.csv"
    table.write_text(TABLE + "\nm1,pan,5,1,4\n", encoding="utf-8")
    assert main(["study", str(file), "--counts", str(table), "-o", str(tmp_path / "real")]) == 2
    assert "m1 stands in more than one row" in capsys.readouterr().err
    assert not (tmp_path / "real").exists()


def test_a_file_is_refused_with_its_line(capsys, tmp_path):
    path = tmp_path / "wrong.yaml"
    path.write_text(TYPED.replace("0.01 ul", "0.01"), encoding="utf-8")
    assert main(["study", str(path)]) == 2
    assert f"{path}:10 (assay.volume_per_field): '0.01' has no unit" in capsys.readouterr().err


def test_what_was_taken_from_another_study_is_named(capsys, file):
    assert main(["study", str(file), "--simulations", "200"]) == 0
    said = capsys.readouterr().out
    assert "test, courses" in said
    assert "not stated in typed.yaml, so taken from pan-mice" in said
    assert read_study(file).question == ""
    assert read_study("pan-mice").taken == ""


@pytest.mark.parametrize("arguments", [["diabetic-nephropathy", "--fold", "1"], ["FILE"]])
def test_no_difference_is_no_study(capsys, tmp_path, arguments):
    (tmp_path / "one.yaml").write_text(TYPED.replace("fold: 2.5", "fold: 1"), encoding="utf-8")
    code = main(["study", *(str(tmp_path / "one.yaml") if word == "FILE" else word for word in arguments)])
    assert code == 2
    assert "a fold of 1 is no difference" in capsys.readouterr().err
