"""`migralab isolate` as a biologist uses it: an answer, a folder that is whole, a better protocol, and bad input."""

from __future__ import annotations

import csv
import json

import pytest

from migralab.cli.main import main
from migralab.isolation.diagnosis.document.read import read_study

FILES = {"fractions.csv", "gradient.csv", "ledger.csv", "isolation.html", "profile.png", "sizes.png", "composition.png",
         "ledger.png", "summary.json"}  # fmt: skip


def run(capsys, *arguments):
    """Return exit code, answer and remarks."""
    code = main(["isolate", *map(str, arguments)])
    return code, *capsys.readouterr()


def rows(path):
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_answer_says_yield_purity_fractions_and_losses(capsys):
    code, out, err = run(capsys, "--protocol", "culture", "--particles", 7000)
    assert (code, err) == (0, "")
    assert "product:" in out
    assert "of the migrasomes" in out
    assert "fraction  g/ml at the end" in out
    assert "the migrasomes that are missing:" in out
    assert "crude pellet" in out
    assert "step 6: 790 ul on a layer of 500 ul: 2 tubes" in out
    assert "not determined: the place in iodixanol of exosome, retractosome, microvesicle, apoptotic body" in out


def test_a_folder_holds_page_tables_and_figures(capsys, tmp_path):
    out = tmp_path / "iso"
    code, _, err = run(capsys, "culture", "--protocol", "culture", "--particles", 7000, "-o", out)
    assert code == 0
    assert "isolation.html" in err
    assert {path.name for path in out.iterdir()} == FILES
    fractions = rows(out / "fractions.csv")
    assert {"number", "protein_ug", "yield", "purity_by_protein", "diameter_um_median"} <= set(fractions[0])
    assert len(fractions) == 10 * 7  # nine fractions and the product, seven kinds
    density = [float(row["density_g_per_ml"]) for row in rows(out / "gradient.csv")]
    assert density == sorted(density)
    page = (out / "isolation.html").read_text(encoding="utf-8")
    assert page.count("data:image/png") == 4
    assert "are estimates" in page
    assert "790 ul on a layer of 500 ul: 2 tubes" in page
    assert json.loads((out / "summary.json").read_text(encoding="utf-8"))["tubes"] == {"6": 2}
    assert "http" not in page.replace("http-equiv", "")  # nothing is fetched
    for name in ("profile", "ledger"):
        assert (out / f"{name}.png").read_bytes().startswith(b"\x89PNG")


def test_a_study_takes_the_recovery_of_an_isolation(capsys, tmp_path):
    run(capsys, "--protocol", "filter-045", "--particles", 7000, "-o", tmp_path / "kept")
    summary = json.loads((tmp_path / "kept" / "summary.json").read_text(encoding="utf-8"))
    assert summary["protocol"] == "filter-045"
    assert summary["recovery"] == summary["product"]["yield"] > 0
    text = (
        "schema: 1\nlike: diabetic-nephropathy\nid: mine\ntitle: mine\nassay: {recovery: null, recovery_from: kept}\n"
    )
    (tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
    assert read_study(tmp_path / "mine.yaml").assay.recovery.value == summary["recovery"]


def test_json_is_machine_readable_and_the_seed_decides(capsys):
    arguments = ("--protocol", "filter-045", "--particles", 7000, "--json")
    first, again = (json.loads(run(capsys, *arguments)[1]) for _ in range(2))
    other = json.loads(run(capsys, *arguments, "--seed", 2)[1])
    assert first == again
    assert first["product"] != other["product"]
    assert {"protocol", "aim", "product", "fractions", "ledger"} <= set(first)
    assert "gradient" not in first


def test_too_few_particles_are_said_to_be_too_few(capsys):
    _, out, _ = run(capsys, "--protocol", "exosome", "--particles", 4000)
    assert "doubt: with so few particles up to" in out
    assert "not determined" not in out  # sucrose, in which the densities were measured
    assert "--particles 20000" in out


def test_a_table_of_vesicles_goes_through(capsys, tmp_path):
    table = tmp_path / "mine.csv"
    table.write_text("id,kind,diameter_nm\n" + "".join(f"v{n},migrasome,{300 + 5 * n}\n" for n in range(100)))
    code, out, _ = run(capsys, table, "--protocol", "filter-045")
    assert code == 0
    assert f"from table {table}" in out


def test_optimise_writes_a_front_and_protocols_that_run(capsys, tmp_path):
    out = tmp_path / "iso"
    code, said, _ = run(capsys, "--protocol", "filter-045", "--particles", 7000, "--optimise", "--tries", 12, "-o", out)
    assert code == 0
    assert "given" in said
    front = rows(out / "front.csv")
    assert [row["point"] for row in front] == ["given", *(str(k) for k in range(1, len(front)))]
    assert {path.stem for path in (out / "protocols").iterdir()} == {row["point"] for row in front}
    assert (out / "front.png").is_file()
    code, again, _ = run(capsys, "--protocol", out / "protocols" / "1.yaml", "--particles", 7000)
    assert code == 0
    assert "product:" in again


def test_what_there_is_is_listed(capsys):
    code, out, _ = run(capsys, "--list")
    assert code == 0
    for name in ("culture", "filter-045", "medium", "mls-50", "iodixanol"):
        assert name in out


@pytest.mark.parametrize(("arguments", "said"), [
    ((), "--protocol is missing"),
    (("--protocol", "cultur"), "Did you mean culture"),
    (("--protocol", "gone.yaml"), "no such file"),
    (("nothing-here", "--protocol", "culture"), "no run directory, table or mixture 'nothing-here'"),
    (("gone.csv", "--protocol", "culture"), "no such file"),
    (("--protocol", "culture", "--aim", "migrasom"), "Did you mean migrasome"),
    (("--protocol", "culture", "--particles", "5"), "give 700"),
    (("--protocol", "culture", "--least-yield", "3", "--optimise"), "is a share"),
    (("--protocol", "culture", "--mixture", "cultur"), "Did you mean culture"),
])  # fmt: skip
def test_bad_input_is_refused_in_one_message(capsys, tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    code, out, err = run(capsys, *arguments, "-o", tmp_path / "out")
    assert (code, out) == (2, "")
    assert said in err
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_file_is_refused_with_its_line_and_nothing_is_written(capsys, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(
        "schema: 1\nsteps:\n  - spin: {rotor: a-4-62, force: 9000 g, time: 5, volume: 1 ml, keep: pellet}\n"
    )
    code, _, err = run(capsys, "--protocol", path, "-o", tmp_path / "out")
    assert code == 2
    assert f"{path}:3" in err
    assert "'30 min'" in err
    assert not (tmp_path / "out").exists()


def test_what_exists_is_not_written_over(capsys, tmp_path):
    code, _, err = run(capsys, "--protocol", "culture", "-o", tmp_path)
    assert code == 2
    assert "exists already" in err


def test_a_protocol_without_a_pool_says_that_all_fractions_are_the_product(capsys, tmp_path):
    text = """\
schema: 1
steps:
  - gradient:
      rotor: mls-50
      force: 150000 g
      time: 4 h
      temperature: 4 C
      layers:
        - {medium: iodixanol, concentration: 5 %, volume: 2 ml}
        - {medium: iodixanol, concentration: 20 %, volume: 2 ml, sample: true}
      fractions: {number: 4, volume: 1 ml}
"""
    (tmp_path / "p.yaml").write_text(text, encoding="utf-8")
    code, out, err = run(capsys, "--protocol", tmp_path / "p.yaml", "--particles", 7000)
    assert code == 0, err
    assert "no step pools fractions" in out
    # only rotors that swing out are named for a gradient: no other is accepted
    (tmp_path / "p.yaml").write_text(text.replace("150000 g", "280000 g"), encoding="utf-8")
    assert "or a rotor that can: sw-41-ti." in run(capsys, "--protocol", tmp_path / "p.yaml")[2]
    (tmp_path / "p.yaml").write_text(text.replace("150000 g", "400000 g"), encoding="utf-8")
    assert "or a rotor that can: none is known here." in run(capsys, "--protocol", tmp_path / "p.yaml")[2]
