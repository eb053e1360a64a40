"""`migralab identify` as a biologist uses it: answers, files, the page, and what it says to bad input."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from migralab.cli.main import main

COLUMNS = (
    "id,CPQ_intensity,NDST1_intensity,EOGT_intensity,PIGK_intensity,NDST1_to_cell,PIGK_to_cell,ALIX_intensity,"
    "TSG101_intensity,CANX_intensity,diameter_um"
)
BLOT = f"""{COLUMNS}
pellet,0.9,1,0.6,0.9,12,1.1,0.1,0.08,0.02,0.6
small,0,0.02,0.1,0.03,0.6,0.03,1,1,0,0.1
unsure,,,,,,,0,0,,1.2
"""
GRADIENT = """fraction,CPQ,NDST1,PIGK,EOGT,ITGA5,ALIX,TSG101,CD63,CANX
1,0,0,0.02,0.01,0.03,0.02,0.02,0.05,0
2,1,1,0.9,0.7,1,0.1,0.1,0.2,0.02
3,0,0.03,0.05,0.1,0.3,1,1,1,0
cell,0,0.03,0.9,1,0.5,0.35,0.3,0.3,1
"""
PROTEINS = "gene,vesicles,cell_body\nCPQ,80,0\nNDST1,120,10\nPIGK,100,55\nEOGT,50,60\nPDCD6IP,5,40\nACTB,100,100\n"
ABOUT = "schema: 1\nsource_amount: 3e7 NRK cells\nsize_method: TEM\nsingle_particle_methods: [TEM, NTA]\n"


def write(folder, name, text):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def run(capsys, *arguments):
    """Return exit code, answer and remarks."""
    code = main(["identify", *arguments])
    return code, *capsys.readouterr()


def test_a_blot_is_called_and_all_is_written(capsys, tmp_path):
    out = tmp_path / "found"
    about = write(tmp_path, "about.yaml", ABOUT)
    code, said, remarks = run(capsys, write(tmp_path, "blot.csv", BLOT), "--about", about, "-o", str(out))
    assert code == 0
    lines = said.splitlines()
    assert lines[0].split()[:3] == ["pellet", "migrasome", "migrasome"]
    assert lines[1].split()[:3] == ["small", "exosome", "exosome"]
    assert lines[2].split()[:3] == ["unsure", "no", "call"]
    assert "needs 2 of CPQ, NDST1, EOGT, PIGK" in lines[3]
    assert any(
        line.startswith("Papers disagree on ALIX in migrasome") and "zhao2019" in line and "zhu2021" in line
        for line in lines
    )
    assert any(line.startswith("shown") and line.endswith("3e7 NRK cells") for line in lines)
    assert "report.html" in remarks
    assert {path.name for path in out.iterdir()} == {
        "calls.csv", "evidence.csv", "contradictions.csv", "identification.json", "report.html", "probabilities.png",
        "evidence.png", "contradictions.png",
    }  # fmt: skip
    calls = pd.read_csv(out / "calls.csv")
    assert calls["call"].tolist() == ["migrasome", "exosome", "no call"]
    probabilities = calls[[name for name in calls if name.endswith("_probability")]].to_numpy()
    assert probabilities.sum(axis=1) == pytest.approx([1, 1, 1], abs=1e-4)
    page = (out / "report.html").read_text(encoding="utf-8")
    assert page.count("data:image/png;base64,") == 3
    for words in ("Report card", "3e7 NRK cells", "zhu2021", "no call", "Prior: the same for all classes"):
        assert words in page
    assert "http" not in page.replace("https://", "http").split("<dl>")[0]  # nothing is fetched
    for name in ("probabilities", "evidence", "contradictions"):
        assert (out / f"{name}.png").read_bytes()[:4] == b"\x89PNG"


def read_json(text):
    return json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


def test_what_is_not_known_is_null_in_json(capsys, tmp_path):
    code, said, _ = run(capsys, write(tmp_path, "proteins.csv", PROTEINS), "--json")
    assert code == 0
    found = {one["vesicle_class"]: one for one in read_json(said)["proteins"]}
    assert found["cell_body"]["share"] is None  # none of its proteins is in the sample


def test_json_is_whole(capsys, tmp_path):
    code, said, _ = run(capsys, write(tmp_path, "blot.csv", BLOT), "--json", "--prior", "migrasome=0.2,exosome=0.8")
    assert code == 0
    found = read_json(said)
    assert found["kind"] == "vesicles"
    assert found["prior"]["exosome"] == 0.8
    assert found["calls"][0]["microvesicle_probability"] == 0
    assert {line["status"] for line in found["report_card"]} == {"shown", "missing"}


def test_the_paper_of_the_table_can_be_left_out(capsys, tmp_path):
    code, said, _ = run(capsys, write(tmp_path, "blot.csv", BLOT), "--leave-out", "zhao2019", "--json")
    found = json.loads(said)
    assert code == 0
    assert found["left_out"] == ["zhao2019"]
    assert found["calls"][0]["call"] == "no call"  # the four markers rest on that paper


def test_fractions_say_which_hold_what(capsys, tmp_path):
    out = tmp_path / "found"
    code, said, _ = run(capsys, write(tmp_path, "gradient.csv", GRADIENT), "-o", str(out))
    assert code == 0
    called = [line.split()[1] for line in said.splitlines() if line.startswith(("1 ", "2 ", "3 "))]
    assert called == ["no", "migrasome", "exosome"]
    assert (out / "fractions.png").read_bytes()[:4] == b"\x89PNG"
    assert pd.read_csv(out / "calls.csv")["migrasome_of_class"].sum() == pytest.approx(1, abs=0.02)


def test_proteins_are_counted_against_chance(capsys, tmp_path):
    out = tmp_path / "found"
    code, said, _ = run(capsys, write(tmp_path, "proteins.csv", PROTEINS), "-o", str(out))
    assert code == 0
    assert "proteins of migrasome: 3 of 4 enriched, 75% (19% to 99%); chance 50%" in said
    assert (out / "proteins.png").exists()


def test_a_long_table_is_cut_short_on_the_terminal(capsys, tmp_path):
    rows = "id,CD63_present,CD9_present\n" + "".join(f"v{n},1,1\n" for n in range(60))
    code, said, _ = run(capsys, write(tmp_path, "many.csv", rows), "-o", str(tmp_path / "found"))
    assert code == 0
    assert "... and 20 more rows; -o DIR writes all." in said
    assert len(pd.read_csv(tmp_path / "found" / "calls.csv")) == 60


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        ("id,CPQQ_to_cell\na,1\n", [], "does not have CPQQ. Nearest to CPQQ: CPQ"),
        ("id,CPQ_to_cell,size\na,1,1\n", [], "'size' has no unit"),
        ("id,CPQ_to_cell,density_g_per_ml\na,1,1.1\n", [], "does not say in which medium"),
        ("id,CPQ_to_cell\na,1\na,2\n", [], "id a stands in more than one row"),
        ("id,CPQ_to_cell\na,-1\n", [], "is below 0"),
        ("id,CPQ_to_cell,PIGK_present\na,1,1\nb,,\n", [], "(id b) has no value of any marker"),
        (BLOT, ["--prior", "migrasome=0.5"], "the prior sums to 0.5, not to 1"),
        (BLOT, ["--prior", "migrasome=-1,exosome=2"], "the prior of migrasome is -1"),
        (BLOT, ["--prior", "migrasom=1"], "Did you mean migrasome"),
        (BLOT, ["--prior", "0.5"], "as --prior migrasome=0.2,exosome=0.8"),
        (BLOT, ["--prior", "migrasome=much"], "'much' is no number"),
        (BLOT, ["--prior", "migrasome=0.5,migrasome=0.5"], "migrasome stands twice"),
        (BLOT, ["--channel", "CPQ=1"], "--channel is for the folder of a measurement"),
        (BLOT, ["--leave-out", "zhao"], "Did you mean zhao2019"),
        (BLOT, ["--kind", "proteins"], "proteins"),
        ("gene,a,b\nCPQ,1,2\n", [], "no reference: which column holds the abundance in the cell body"),
        ("a,b\n1,2\n", [], "cannot tell what kind of table this is"),
        ("", [], "not a table that can be read"),
    ],
)
def test_bad_input_is_one_message_and_leaves_nothing(capsys, tmp_path, text, options, said):
    out = tmp_path / "found"
    code, answer, remarks = run(capsys, write(tmp_path, "table.csv", text), *options, "-o", str(out))
    assert code == 2
    assert said in remarks
    assert answer == ""
    assert "Traceback" not in remarks
    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]


def test_a_folder_that_is_there_is_kept(capsys, tmp_path):
    (tmp_path / "found").mkdir()
    (tmp_path / "found" / "mine.txt").write_text("keep")
    code, _, remarks = run(capsys, write(tmp_path, "blot.csv", BLOT), "-o", str(tmp_path / "found"))
    assert code == 2
    assert "found" in remarks
    assert (tmp_path / "found" / "mine.txt").read_text() == "keep"


def test_help_says_what_a_column_means(capsys):
    code, said, _ = run(capsys, "--help")
    assert code == 0
    for words in ("CPQ_to_cell", "--leave-out", "--about", "no call"):
        assert words in said
