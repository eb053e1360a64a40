"""`migralab membrane` as a membrane biophysicist uses it: answers, files, and what it says to bad input."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest

from migralab.cli.main import main

REFERENCE = ("shape", "--area", "1.4986um^2")  # a = 47.7 at 50 nm, the reference case of evidence/biogenesis.md 2.3


def run(capsys, *arguments):
    """Return exit code, answer and remarks."""
    code = main(["membrane", *arguments])
    return code, *capsys.readouterr()


def table(path):
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def is_png(path):
    return path.read_bytes().startswith(b"\x89PNG")


def test_without_a_question_it_lists_them(capsys):
    code, out, _ = run(capsys)
    assert code == 0
    assert all(f"  {question} " in out for question in ("shape", "phase", "dynamics", "junction"))


def test_reference_case_with_its_balances_and_the_caution_about_kbar(capsys, tmp_path):
    code, out, told = run(capsys, *REFERENCE, "-o", str(tmp_path / "s"))
    assert code == 0
    rows = {line[2:30].strip(): float(line[30:41]) for line in out.splitlines()[1:15]}
    # biogenesis.md 2.3: R 6.23, aspect 1.40, neck 2.40 at 42 deg in units of R_l = 0.05 um; good to 2 %
    assert out.splitlines()[0] == "sphere"
    assert rows["width"] == pytest.approx(2 * 6.23 * 0.05, rel=0.02)
    assert rows["length of the domain"] / rows["width"] == pytest.approx(1.40, rel=0.02)
    assert rows["width of the neck"] == pytest.approx(2 * 2.40 * 0.05, rel=0.02)
    assert rows["thinnest part"] == pytest.approx(0.094, rel=0.02)
    assert "area limits" in out
    assert "balance, relative errors: axial" in out
    # the same source, kbar = 0: R 5.53, aspect 1.87, neck 3.18
    numbers = re.search(r"with kbar = 0 it would be (\S+) um wide, (\S+) times .* neck (\S+) um", out).groups()
    assert [float(n) for n in numbers] == pytest.approx([0.553, 1.87, 0.318], rel=0.02)
    assert "not measured" in out
    assert "meshes are in" in told
    assert {file.name for file in (tmp_path / "s").iterdir()} == {
        "shape.png", "shape.csv", "shape.json", "shape.ply", "shape.vtp",
    }  # fmt: skip
    assert is_png(tmp_path / "s" / "shape.png")
    profile = table(tmp_path / "s" / "shape.csv")
    r = np.array([float(row["r_um"]) for row in profile])
    s = np.array([float(row["s_um"]) for row in profile])
    domain = [row["domain"] == "1" for row in profile]
    assert 2 * r.max() == pytest.approx(rows["width"], rel=1e-3)  # as printed
    # Both halves of the profile hold the area that was asked for
    assert 2 * np.trapezoid(2 * np.pi * r[domain], s[domain]) == pytest.approx(1.4986, rel=1e-3)


def test_every_way_to_fix_the_fibre_gives_the_same_shape(capsys):
    ways = (["--fibre-radius", "50nm"], ["--tension", "17.12uN/m"], ["--force", "10.757pN"], [])
    wide = [json.loads(run(capsys, *REFERENCE, *way, "--json")[1])["diameter_um"] for way in ways]
    assert wide == pytest.approx([wide[0]] * len(wide), rel=1e-4)  # the digits of the force


def test_diameter_of_the_domain_says_its_area(capsys):
    found = json.loads(run(capsys, "shape", "--domain-diameter", "0.6907um", "--json")[1])
    assert found["asked"]["domain_area_um2"] == pytest.approx(np.pi * 0.6907**2)
    assert found["status"] == "converged"


@pytest.mark.parametrize("unit", ["20kBT", "20 kT", "20k_BT", "0.0856pN*um", "8.56e-20J"])
def test_bending_modulus_is_read_in_every_usual_unit(capsys, unit):
    found = json.loads(run(capsys, *REFERENCE, "--bending", unit, "--json")[1])
    assert found["asked"]["fibre_bending_pN_um"] == pytest.approx(0.0856, rel=1e-12)


@pytest.mark.parametrize("text", ["2/um", "2 1/um", "2e-3 1/nm"])
def test_curvature_may_be_written_with_and_without_its_1(text):
    from migralab.cli.verbs.membrane.options import quantity

    assert quantity(text, "--curvature", "1/um") == pytest.approx(2.0, rel=1e-12)


def test_a_mesh_that_is_too_coarse_is_made_finer_unless_it_was_asked_for(capsys):
    slender = ("shape", "--area", "19um^2", "--stiffness", "40", "--fibre-radius", "25nm")
    code, _, told = run(capsys, *slender, "--mesh", "64")
    assert code == 3
    assert "Use a finer --mesh" in told
    code, out, _ = run(capsys, *slender, "--json")
    found = json.loads(out)
    assert (code, found["segments_of_half_the_domain"]) == (0, 128)
    assert found["diameter_um"] == pytest.approx(2 * 40 * 0.025, rel=0.05)  # stiffness limits: R = k R_l


def test_python_of_the_page_gives_the_shapes_it_speaks_of(capsys):
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "shape-a-membrane.md").read_text(encoding="utf-8")
    names: dict[str, object] = {}
    exec("\n".join(re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)), names)  # our own page
    assert capsys.readouterr().out.startswith("converged sphere 0.6")
    assert names["stiffer"].radius > names["shape"].radius


def test_pressure_widens(capsys):
    code, out, _ = run(capsys, *REFERENCE, "--stiffness", "5", "--pressure", "20Pa", "--json")
    bare = json.loads(run(capsys, *REFERENCE, "--stiffness", "5", "--json")[1])
    assert code == 0
    assert json.loads(out)["diameter_um"] > 1.05 * bare["diameter_um"]


def test_what_does_not_converge_is_marked_and_ends_with_exit_3(capsys, tmp_path, monkeypatch):
    import dataclasses

    import migralab.membrane.shape as module

    solve = module.solve_shape

    def fail(*arguments, **more):
        found = solve(*arguments, **more)
        return dataclasses.replace(found, status=module.Status.not_converged, instruction="Come from a neighbour.")

    monkeypatch.setattr(module, "solve_shape", fail)
    code, out, told = run(capsys, *REFERENCE, "--mesh", "16", "-o", str(tmp_path / "s"))
    assert code == 3
    assert out.startswith("not converged: what follows is where the search stopped, not a result")
    assert "Come from a neighbour." in told
    numbers = json.loads((tmp_path / "s" / "shape.json").read_text())
    assert numbers["status"] == "not_converged"
    assert numbers["instruction"].startswith("Come from a neighbour.")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("shape", "--bending", "-20kBT"), "bending modulus.*above 0"),
        (("shape", "--stiffness", "-1"), "stiffness.*above 0"),
        (("shape", "--tension", "0uN/m"), "tension is 0 .*nothing sets its radius"),
        (("shape", "--tension", "-3uN/m"), "tension.*must not be below 0"),
        (("shape", "--fibre-radius", "0nm"), "radius of the fibre.*above 0"),
        (("shape", "--domain-diameter", "-1um"), "area of the domain.*above 0"),
        (("shape", "--line-tension", "-1pN"), "line tension.*dissolve"),
        (("shape", "--pressure", "1e6Pa"), "inflates without end"),
        (("shape", "--volume", "5um^3"), "volume is 5 um3.*raise the area"),
        (("shape", "--area", "12um^2", "--half-length", "0.3um"), "cannot fit"),
        (("shape", "--tension", "17uN/m", "--force", "10pN"), "--tension and --force fix the same thing"),
        (("shape", "--pressure", "5Pa", "--volume", "0.1um^3"), "--pressure and --volume"),
        (("shape", "--area", "1um^2", "--domain-diameter", "1um"), "--area and --domain-diameter"),
        (("shape", "--mesh", "1"), "--mesh 1 is not between"),
        (("shape", "--area", "1um"), "--area: .*cannot be read as um"),
        (("shape", "--bending", "20"), "--bending: .*no unit.*--bending 20kBT"),
        (("phase", "--x", "stifness=1..4"), "Did you mean stiffness"),
        (("phase", "--x", "stiffness=1"), "NAME=FIRST..LAST"),
        (("phase", "--x", "area=1..2um^2"), "Both axes are area"),
        (("phase", "--x", "area=2um^2..2um^2"), "both ends are the same"),
        (("phase", "--x", "area=-1um^2..2um^2", "--y", "stiffness=1..2", "--points", "2"), "area.*above 0"),
        (("phase", "--x", "tension=1..20uN/m", "--force", "10pN"), "--force fixes what an axis varies"),
        (("phase", "--points", "1"), "--points 1"),
        (("shape", "--pressure", "-1e6Pa"), "--pressure -1e6Pa: a suction beyond 1 atm"),
        (("phase", "--x", "pressure=-1e6..0Pa"), "suction beyond 1 atm"),
        (("phase", "--x", "stiffness=2..5", "--stiffness", "10"), "--stiffness fixes what an axis varies"),
        (("phase", "--x", "bending=10..20kBT", "--bending", "20kBT"), "--bending fixes what an axis varies"),
        (("phase", "--x", "gaussian=-1..0", "--gaussian", "-1"), "--gaussian fixes what an axis varies"),
        (("phase", "--x", "line-tension=0..1pN", "--line-tension", "0pN"), "--line-tension fixes what an axis"),
        (("phase", "--x", "curvature=0..1/um", "--curvature", "0/um"), "--curvature fixes what an axis varies"),
        (("shape", "--tension", "-5uN/m"), "--tension -5uN/m: "),
        (("shape", "--tension", "five"), "'five' is not a quantity. Write for example --tension 17uN/m.$"),
        (("shape", "--stiffness", "ten"), "'--stiffness' 'ten'.*See migralab membrane shape --help"),
        (("phase", "--y", "area=1..10"), r"'1' has no unit. Write for example --y area=1..10um\^2.$"),
        (("dynamics", "--pulse", "0s"), "--pulse 0s is not above 0"),
        (("dynamics", "--cholesterol", "-1"), "cholesterol"),
        (("dynamics", "--jump", "-1"), "tension"),
        (("junction", "--angles", "0,90"), "three numbers of degrees"),
        (("junction", "--angles", "0,20,180"), "degrees"),
        (("junction", "--arm-length", "0.1um"), "tube radii"),
        (("junction", "--filling", "leaky"), "leaky"),
    ],
)
def test_bad_requests_get_one_message_and_exit_2(capsys, tmp_path, arguments, message):
    folder = tmp_path / "out"
    code, out, told = run(capsys, *arguments, "-o", str(folder))
    assert (code, out) == (2, "")
    assert re.search(message, told, re.DOTALL), told
    assert "Traceback" not in told
    assert "should not happen" not in told
    assert not folder.exists()
    assert not list(tmp_path.iterdir())


def test_a_place_that_is_taken_is_refused_before_anything_is_computed(capsys, tmp_path):
    for question in ("shape", "phase", "dynamics", "junction"):
        code, out, told = run(capsys, question, "-o", str(tmp_path))
        assert (code, out) == (2, "")
        assert "exists already" in told


def test_a_place_where_nothing_can_be_made_is_refused_before_anything_is_computed(capsys):
    code, out, told = run(capsys, "shape", "-o", "/proc/x")
    assert (code, out) == (2, "")
    assert "/proc/x cannot be made" in told


def test_strong_suction_writes_what_there_is_and_ends_with_exit_3(capsys, tmp_path):
    code, _, told = run(capsys, *REFERENCE, "--pressure", "-1e5Pa", "--mesh", "16", "-o", str(tmp_path / "s"))
    assert code == 3
    assert "near=" not in told
    assert "--line-tension" not in told  # was not asked for
    assert {"shape.png", "shape.csv", "shape.json"} <= {file.name for file in (tmp_path / "s").iterdir()}
    assert json.loads((tmp_path / "s" / "shape.json").read_text())["status"] != "converged"


def test_phase_writes_a_long_table_in_which_every_point_has_a_status(capsys, tmp_path):
    folder = tmp_path / "p"
    asked = ("--x", "stiffness=2..30", "--y", "pressure=0..50Pa", "--points", "4x3", "-o", str(folder))
    code, out, told = run(capsys, "phase", *asked)
    assert code == 0
    assert out.startswith("4 x 3 shapes:")
    assert "status: converged" in out
    assert "shapes" in told  # progress, as plain lines
    rows = table(folder / "phase.csv")
    assert len(rows) == 12
    assert {row["status"] for row in rows} <= {"converged", "not_converged", "no_equilibrium"}
    assert sorted({float(row["stiffness_ratio"]) for row in rows}) == pytest.approx(np.geomspace(2, 30, 4))
    assert sorted({float(row["pressure_Pa"]) for row in rows}) == pytest.approx([0, 25, 50])
    assert all((row["diameter_um"] == "") == (row["status"] != "converged") for row in rows)
    numbers = json.loads((folder / "phase.json").read_text())
    assert sum(numbers["counts"]["status"].values()) == 12
    assert numbers["asked"]["points"] == "4x3"
    assert numbers["fixed"]["domain_area_um2"] == pytest.approx(1.5)
    assert "domain_tension_uN_per_m" in rows[0]
    assert is_png(folder / "phase.png")


def test_phase_counts_how_far_the_criterion_holds(capsys):
    code, out, _ = run(capsys, "phase", "--x", "stiffness=2..3", "--y", "area=10..12um^2", "--points", "2")
    assert code == 0
    assert "4 x" not in out
    assert "within 10 % at 100 % of the points" in out  # long sausages: R = k R_l


def test_dynamics_tells_a_course_and_writes_surfaces_with_their_times(capsys, tmp_path):
    folder = tmp_path / "d"
    code, out, told = run(capsys, "dynamics", "--duration", "20s", "--segments", "160", "-o", str(folder))
    assert code == 0
    assert "a swelling, 1.5 times as wide as its fibre" in out
    assert "books, largest relative error" in out
    assert "dynamics.pvd" in told
    rows = table(folder / "dynamics.csv")
    assert float(rows[-1]["time_s"]) == pytest.approx(20.0)
    assert float(rows[-1]["diameter_um"]) > 1.5 * float(rows[-1]["fibre_diameter_um"])
    assert is_png(folder / "dynamics.png")
    listed = (folder / "dynamics.pvd").read_text()
    assert all(f'file="{file.name}"' in listed for file in folder.glob("*.vtp"))
    assert len(list(folder.glob("*.ply"))) == len(list(folder.glob("*.vtp"))) >= 3
    assert json.loads((folder / "dynamics.json").read_text())["status"] == "converged"


def test_the_options_have_the_defaults_of_the_models():
    import inspect

    from migralab.cli.verbs.membrane.dynamics import dynamics
    from migralab.cli.verbs.membrane.junction import junction
    from migralab.cli.verbs.membrane.options import quantity
    from migralab.core.units import parse
    from migralab.membrane.dynamics.model import Lumen, Protocol, Stretch, Tetraspanin
    from migralab.membrane.junction import Junction

    def said(function):
        return {name: own.default for name, own in inspect.signature(function).parameters.items()}

    ours, model, stretch = said(dynamics), Tetraspanin(), Stretch()
    assert (ours["stiffness"], ours["attraction"]) == (model.stiffness_ratio, model.attraction)
    assert ours["cholesterol"] == model.cholesterol
    assert quantity(ours["sensing"], "--sensing", "1/um") == model.curvature
    assert parse(ours["diffusivity"], like="um^2/s") == model.diffusivity
    assert parse(ours["viscosity"], like="Pa*s") == Lumen().viscosity
    assert parse(ours["length"], like="um") == stretch.half_length + stretch.to_cell
    assert ours["segments"] == stretch.segments
    reference = said(Protocol.two_stage)
    assert (ours["jump"], ours["occupancy"]) == (reference["factor"], reference["occupancy"])
    assert parse(ours["pulse"], like="s") == reference["pulse"]
    assert parse(ours["duration"], like="s") == reference["duration"]
    ours, arms = said(junction), Junction()
    assert tuple(map(float, ours["angles"].split(","))) == arms.angles
    assert parse(ours["arm_length"], like="um") == arms.arm_length
    assert parse(ours["fibre_radius"], like="um") == arms.radius


def test_junction_says_what_bulges_first_and_writes_its_surfaces(capsys, tmp_path):
    folder = tmp_path / "j"
    coarse = ("--mesh", "6", "--points", "5", "--widest", "1.6", "--arm-length", "0.25um")
    code, out, _ = run(capsys, "junction", *coarse, "-o", str(folder))
    assert code in {0, 3}
    assert "three arms" in out
    assert re.search(r"bulges first|pearl first|Nothing bulges|no verdict", out)
    assert {"junction.png", "junction.csv", "junction-rest.ply", "junction-last.vtp", "junction-last.ply"} <= {
        file.name for file in folder.iterdir()
    }
    rows = table(folder / "junction.csv")
    assert float(rows[0]["tension_uN_per_m"]) == pytest.approx(17.12, rel=1e-3)
    assert float(rows[-1]["junction_diameter_um"]) > float(rows[0]["junction_diameter_um"])
