"""Courses and junctions as a newcomer asks for them: limits named as options, verdicts that say what they know."""

from __future__ import annotations

import csv
import dataclasses
import json
import re

import numpy as np
import pytest

from migralab.cli.main import main
from migralab.membrane.dynamics.course import simulate_swelling
from migralab.membrane.dynamics.model import FibreModel, Protocol, Stretch
from migralab.membrane.dynamics.stages import Event, stages
from migralab.membrane.junction import Junction, tension_ramp
from migralab.membrane.junction.measure import total_curvature
from migralab.membrane.junction.ramp import bulge_of
from migralab.membrane.status import Status
from migralab.report.membrane.dynamics import crowded_spans, draw_dynamics, dynamics_lines, dynamics_numbers
from migralab.report.membrane.junction import junction_lines, junction_numbers, junction_surfaces


def run(capsys, *arguments):
    code = main(["membrane", *arguments])
    return code, *capsys.readouterr()


@pytest.mark.parametrize(
    ("question", "option", "value", "reason"),
    [
        ("dynamics", "--length", "10m", "0.2um to 1mm"),
        ("dynamics", "--length", "0um", "0.2um to 1mm"),
        ("dynamics", "--resolved", "40um", "300: over 20 um .* at least 746 .* a --resolved of 8.05 um at most"),
        ("dynamics", "--segments", "5", "is 5; a mesh needs 20 to 4000"),
        ("dynamics", "--duration", "1e9h", "1us to 24h"),
        ("dynamics", "--duration", "0s", "1us to 24h"),
        ("dynamics", "--jump", "0", "0.001 to 292"),
        ("dynamics", "--jump", "-2", "0.001 to 292"),
        ("dynamics", "--jump", "nan", "0.001 to 292"),
        ("dynamics", "--jump", "500", "lyse"),
        ("dynamics", "--attraction", "9", "between 0 and 8"),
        ("dynamics", "--sensing", "300/um", "between -200 and 200"),
        ("junction", "--points", "1", "3 to 400 shapes"),
        ("junction", "--mesh", "1", "6 to 24 segments"),
        ("junction", "--widest", "1", "1.5 to 6 tube radii"),
        ("junction", "--arm-length", "2um", "--filling long"),
    ],
)
def test_a_limit_names_its_option_and_no_other_limit(capsys, question, option, value, reason):
    code, out, told = run(capsys, question, option, value)
    assert (code, out) == (2, "")
    assert re.search(reason, told), told
    assert option in told
    assert not re.search(r"half_length|around|closed_ramp|(?<!-)\bwidest is|arm_length|Traceback", told)


@pytest.fixture(scope="module")
def course():
    """A pearl beside the end of a short stretch: crowded from some time on."""
    return simulate_swelling(FibreModel(stretch=Stretch(2.0, 2.0, segments=100)), Protocol.jump(5.0, 2.0))


def test_a_course_that_ends_at_once_is_drawn_and_told(course):
    arrays = {
        one.name: getattr(course, one.name)[:1]
        for one in dataclasses.fields(course)
        if isinstance(getattr(course, one.name), np.ndarray)
    }
    empty = dataclasses.replace(
        course, **arrays, profiles=course.profiles[:1], stages=(), steps=0, status=Status.not_converged
    )
    assert draw_dynamics(empty).startswith(b"\x89PNG")
    assert dynamics_lines(empty)[0].startswith("not converged")
    assert json.dumps(dynamics_numbers(empty, {}))


def test_advice_of_a_run_that_stops_names_options(capsys):
    code, out, told = run(capsys, "dynamics", "--length", "4um", "--resolved", "2um", "--segments", "90",
                          "--duration", "2s", "--json")  # fmt: skip
    found = json.loads(out)
    assert (code == 0) == (found["status"] == "converged")
    assert not re.search(r"half_length|(?<!-)\bsegments\b", found["instruction"] + told)
    assert found["asked"]["stretch"]["half_length_um"] == 2.0
    assert found["asked"]["protocol"]["tension_uN_per_m"][1] == pytest.approx(85.6)
    assert found["asked"]["tetraspanin"]["diffusivity_um2_per_s"] == 0.3


def test_crowding_is_told_with_its_times_and_only_at_the_end_spoils_the_run(course):
    pattern = np.zeros(course.time.size, bool)
    pattern[3:6] = True
    passed = dataclasses.replace(course, crowded=pattern)
    assert crowded_spans(passed) == [(course.time[3], course.time[5])]
    assert any("within five fibre radii" in line for line in dynamics_lines(passed))
    assert (course.status is Status.not_converged) == bool(course.crowded[-1])


@pytest.mark.parametrize(("end", "drift", "plateau"), [(20.0, 0.0, False), (2000.0, 0.0, True), (2000.0, 0.1, False)])
def test_a_plateau_takes_five_minutes_and_half_a_life(end, drift, plateau):
    time = np.linspace(0.0, end, 400)
    radius = np.where(time > 0.01 * end, 0.2 * (1.0 + drift * time / end), 0.05)
    table = np.column_stack([time, radius, np.full(400, 0.05), *np.ones((4, 400))])
    assert any(stage.event is Event.PLATEAU for stage in stages(table)) is plateau


def test_only_stable_shapes_decide_what_bulges():
    ball = np.linspace(1.0, 2.0, 11)
    rising, folded = np.linspace(0.5, 1.5, 11), 0.8 - (ball - 1.65) ** 2
    assert bulge_of(rising, ball)[:2] == (5, "gradual")
    assert bulge_of(rising, ball, stable=5)[1] == "none"
    assert bulge_of(folded, ball, stable=7)[1] == "fold"
    assert bulge_of(folded[:5], ball[:5], stable=3)[1] == "none"


@pytest.fixture(scope="module")
def closed():
    return tension_ramp(Junction(arm_length=0.4), widest=2.02, points=7, around=6)


def test_the_bulge_is_one_shape_with_one_tension(closed):
    assert closed.bulge_kind == "gradual"
    assert closed.bulge.tension == closed.bulge_tension
    assert closed.bulge.junction_radius / closed.rest.junction_radius == pytest.approx(1.5, rel=3e-4)
    lines = junction_lines(closed)
    row = next(line for line in lines if line.startswith("bulge"))
    assert f"{closed.bulge_tension:.3g} uN/m" in lines[1]
    assert float(row.split()[1]) == pytest.approx(closed.bulge_tension, rel=1e-3)
    assert "nan" not in "\n".join(lines)
    assert np.all(np.abs(np.diff(closed.arm_radius)) < 0.15 * closed.arm_radius[:-1])  # no jump by a ring of the mesh


def test_an_undecided_ramp_begins_with_that_and_prints_no_nan(closed):
    stable = closed.stable.copy()
    stable[3:] = False
    lost = dataclasses.replace(
        closed, first="undecided", bulge_kind="none", bulge_tension=np.nan, bulge_gamma=np.nan, stable=stable
    )
    lines = junction_lines(lost)
    assert lines[0].startswith(f"not converged: no verdict beyond {closed.tension[2]:.3g} uN/m")
    assert "nan" not in "\n".join(lines)
    numbers = junction_numbers(lost)
    assert numbers["decided_up_to_uN_per_m"] == closed.tension[2]
    assert json.dumps(numbers, allow_nan=False)


def test_where_nothing_bulges_no_row_and_no_file_says_bulge(capsys, tmp_path):
    folder = tmp_path / "j"
    code, out, _ = run(capsys, "junction", "--widest", "1.5", "--points", "3", "--arm-length", "0.25um", "--mesh", "6",
                       "-o", str(folder))  # fmt: skip
    assert code == 0
    assert "Nothing bulges" in out
    assert {path.name for path in folder.glob("*.vtp")} == {"junction-rest.vtp", "junction-last.vtp"}
    assert set(json.loads((folder / "junction.json").read_text())["shapes"]) == {"rest", "last"}
    with (folder / "junction.csv").open(encoding="utf-8") as file:
        names = next(csv.reader(file))
    assert {"gamma_dimensionless", "lowest_stiffness_kappa_per_R4"} <= set(names)
    header = (folder / "junction-rest.ply").read_bytes()[:600]
    assert b"property uchar red" in header
    assert b"total_curvature_per_um" in header
    assert b'Name="total_curvature_per_um"' in (folder / "junction-rest.vtp").read_bytes()


def test_curvature_of_a_mesh_is_that_of_its_tubes(closed):
    surface = junction_surfaces(closed)["rest"]
    curvature = surface.data["total_curvature_per_um"]
    outer = np.linalg.norm(surface.points, axis=1) > 0.2
    assert curvature[outer] == pytest.approx(np.full(outer.sum(), 20.0), rel=0.12)  # 1/R
    assert total_curvature(surface.points, surface.triangles[:, ::-1]) == pytest.approx(-curvature)
