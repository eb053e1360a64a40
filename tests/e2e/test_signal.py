"""`migralab signal` as a biologist uses it: the table, one mode with its files, and what it says to bad input."""

from __future__ import annotations

import csv
import json

import pytest

from migralab.cli.main import main


def run(capsys, *arguments):
    """Return exit code, answer and remarks."""
    code = main(["signal", *arguments])
    return code, *capsys.readouterr()


def table(path):
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_budget_prints_the_published_numbers_and_says_what_they_mean(capsys):
    code, out, _ = run(capsys, "budget")
    assert code == 0
    lines = {line[:58].strip(): line[58:] for line in out.splitlines()}
    assert lines["steady leak for the threshold, 20 um, D = 100 um2/s"].split()[:2] == ["605", "molecules/s"]
    assert "a gradient for hours? no" in lines["the store lasts, 20 um, D = 1 um2/s"]
    assert lines["signal to noise after 60 s, at 0.3 nM"].endswith("felt? yes")
    assert lines["signal to noise after 60 s, at 10 nM"].endswith("felt? no")


def test_budget_follows_its_options(capsys, tmp_path):
    code, out, _ = run(
        capsys, "budget", "--diameter", "1um", "--concentration", "10uM", "--json", "-o", str(tmp_path / "b")
    )
    assert code == 0
    found = {(row["quantity"], row["where"]): row["value"] for row in json.loads(out)}
    assert found["molecules in 1 um", "at 10000 nM"] == pytest.approx(25_225 / 8, rel=1e-4)  # an eighth of the volume
    rows = table(tmp_path / "b" / "signal-budget.csv")
    assert [row["unit"] for row in rows][:1] == ["molecules"]
    assert len(rows) == len(found)


def test_reach_writes_figure_table_and_numbers(capsys, tmp_path):
    folder = tmp_path / "felt"
    code, out, remarks = run(capsys, "reach", "--mode", "density", "--concentration", "2uM", "-o", str(folder))
    assert code == 0
    assert "molecules/(um2 s)" in out
    assert "parts" in remarks  # progress, as plain lines
    assert (folder / "signal-density.png").read_bytes().startswith(b"\x89PNG")
    rows = table(folder / "signal-density.csv")
    numbers = json.loads((folder / "signal-reach.json").read_text())["density"]
    assert [row["case"] for row in rows] == [row["case"] for row in numbers]
    needed = [float(row["release_needed_per_um2_s"]) for row in rows]
    assert needed[0] > needed[1] > needed[2] > 0  # the lower the slit the less it takes


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--diameter", "0um"], "above 0"),
        (["--diameter", "2"], "no unit"),
        (["--diameter", "2nM"], "cannot be read as um"),
        (["--concentration", "-1uM"], "above 0"),
        (["--diffusivity", "nanum^2/s"], "not"),
        (["--threshold", "0.002 nM"], "--threshold"),
        (["--mode", "rumour"], "rumour"),
    ],
)
@pytest.mark.parametrize("question", ["budget", "reach"])
def test_bad_input_gets_one_message_and_exit_2(capsys, question, options, said):
    code, out, remarks = run(capsys, question, *options)
    assert code == 2
    assert out == ""
    assert said in remarks
    assert "Traceback" not in remarks
    assert "should not happen" not in remarks


def test_field_that_its_voxels_cannot_show_is_refused(capsys):
    code, _, remarks = run(capsys, "reach", "--mode", "burst", "--decay", "1e4 1/s")
    assert code == 2
    assert "diffusion length" in remarks


def test_a_file_where_the_folder_should_be_is_refused(capsys, tmp_path):
    (tmp_path / "taken").write_text("")
    code, _, remarks = run(capsys, "budget", "-o", str(tmp_path / "taken"))
    assert code == 2
    assert "exists already" in remarks


def test_a_migrasome_wider_than_its_distances_is_refused(capsys):
    code, _, remarks = run(capsys, "budget", "--diameter", "500um")
    assert code == 2
    assert "Migrasomes measure 0.5 to 3 um" in remarks


def test_dose_turns_a_mass_into_vesicles_and_natural_doses(capsys, tmp_path):
    code, out, _ = run(capsys, "dose", "--mass", "8ug", "--recipients", "1e5", "--json", "-o", str(tmp_path / "d"))
    assert code == 0
    found = {row["quantity"]: row for row in json.loads(out)}
    # pi/6 0.61^3 1.51 = 0.1794 um3; at 50 to 200 mg/ml 9 to 36 fg: 2.2e8 to 8.9e8 vesicles, a 1e5th for each recipient
    assert (found["vesicles in 8 ug"]["low"], found["vesicles in 8 ug"]["high"]) == pytest.approx(
        (2.23e8, 8.92e8), 0.01
    )
    assert found["vesicles per recipient"]["high"] == pytest.approx(8920, rel=0.01)
    # 2 x 10.3 um x (0.2 to 1 um/min) x (1e-4 to 1e-3 per um2) x 1440 min
    assert (found["met by a neighbour"]["low"], found["met by a neighbour"]["high"]) == pytest.approx(
        (0.593, 29.7), 0.01
    )
    assert "shows what migrasomes can do" in found["natural-dose equivalents"]["meaning"]
    assert len(table(tmp_path / "d" / "signal-dose.csv")) == len(found)
    assert (tmp_path / "d" / "signal-dose.png").read_bytes().startswith(b"\x89PNG")


def test_dose_of_equal_vesicles_in_words(capsys):
    code, out, _ = run(capsys, "dose", "--mass", "20 ug", "--diameter-sd", "1nm", "--protein-density", "100mg/ml")
    assert code == 0
    line = next(line for line in out.splitlines() if line.startswith("protein of the mean vesicle"))
    assert line.split()[5] == "11.9"  # pi/6 x 0.61^3 um3 x 100 fg/um3


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--mass", "0ug", "--mass = 0ug is not above 0"),
        ("--mass", "8um", "cannot be read as ug"),
        ("--recipients", "many", "--recipients 1e5..1e6"),
        ("--recipients", "1e6..1e5", "smaller one first"),
        ("--protein-density", "200", "--protein-density 50..200mg/ml"),
        ("--on-ground", "1e-3", "--on-ground 1e-4..1e-3/um^2"),
    ],
)
def test_dose_refuses_what_makes_no_sense(capsys, option, value, words):
    code, _, err = run(capsys, "dose", option, value)
    assert code == 2
    assert words in err
