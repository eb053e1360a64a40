"""A dish with pools, and one of recipients with purified migrasomes alone, as a person runs them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from migralab.cli.main import main
from migralab.measure import measure
from migralab.results.run import open_run
from migralab.simulation import simulate as module
from migralab.simulation.compile import compile_experiment
from migralab.simulation.dose import dose_note, dose_of
from migralab.simulation.observe import observe
from migralab.spec.change import apply_arm, apply_setting
from migralab.spec.loader import load_experiment, parse_experiment

URINE = Path(__file__).parents[2] / "examples" / "urine.yaml"
QUICK = (
    "dish.cells=15", "dish.duration=6 h", "motility.walk.start_rate=1 1/min", "biogenesis.nucleation.waiting=20 min",
    "biogenesis.breakage.half_age=60 min", "biogenesis.breakage.width=10 min",
)  # fmt: skip
SHORT = tuple(word for setting in QUICK for word in ("--set", setting))
FIRST = "pool.first_detection[pool=urine, substance={}]"

RECIPIENTS = """\
schema: 1
id: recipients-alone
title: Purified migrasomes on recipients
question: What does each get?
dish: {cells: 12, duration: 3 h, step: 1 min, output_every: 1 h}
mechanisms:
  motility.adhesion: {}
  motility.walk:
    spreading: {value: 0 min, source: {key: user, locator: test, tag: E}}
  motility.contact: {}
  motility.displacement: {}
  biogenesis.fate: {}
  recipients.add-back:
    mass: {value: 0.5 ug, source: {key: user, locator: test, tag: E}}
arms:
  - {id: given, control: true}
  - id: nothing
    changes:
      recipients.add-back.mass: {value: 0 ug, source: {key: user, locator: test, tag: E}}
"""


@pytest.fixture(scope="module")
def urine(tmp_path_factory):
    out = tmp_path_factory.mktemp("pools") / "urine"
    assert main(["run", str(URINE), *SHORT, "--out", str(out)]) == 0
    return out


def test_the_table_holds_what_was_carried_off(urine):
    run = open_run(urine)
    pools, lives = run.frame("pools"), run.frame("lives")
    assert set(pools["pool"]) == {"urine"}
    vesicles = pools[pools["substance"] == "vesicles"].set_index("frame")
    assert list(vesicles.index) == list(range(len(run.provenance.frames_min)))
    carried = lives[lives["fate"] == "carried-off"]
    assert len(carried) > 10
    # each stands for 1e9 / 15, decays by voiding (5 a day) and lysis (0.1 an hour) from the moment it came
    rate, end = 5 / 1440 + 0.1 / 60, 360.0
    expected = (1e9 / 15 * np.exp(-rate * (end - carried["gone_min"]))).sum()
    # a tick of 1 min spreads the coming of each evenly over it: half a per cent of a minute
    assert vesicles["amount"].iloc[-1] == pytest.approx(expected, rel=0.005)
    assert vesicles["concentration_per_ml"].iloc[-1] == pytest.approx(vesicles["amount"].iloc[-1] / 300)
    assert (vesicles["detected"] == (vesicles["concentration_per_ml"] >= 1e5)).all()


def test_albumin_follows_its_closed_form(urine):
    pools = open_run(urine).frame("pools")
    found = pools[pools["substance"] == "albumin"]
    rate = 5 / 86400 + 1e-5 * 1e12 / 3e14  # voiding, and back through the barrier: um/s x um2 / um3
    steady = 1e-5 * 1e12 / 3e14 * 600e3 / rate  # nM
    expected = steady * -np.expm1(-rate * 60 * found["time_min"].to_numpy())
    np.testing.assert_allclose(found["concentration_nM"], expected, rtol=1e-9)


def test_cells_can_be_the_barrier():
    text = URINE.read_text().split("  - id: leaky", maxsplit=1)[0]
    text = text.replace("{permeability: 1e-5 um/s, area", "{area", 1)
    cells = (
        "  phenotype.barrier:\n    permeability: {value: 0.3 um/s, source: {key: user, locator: test, tag: E}}\npools:"
    )
    experiment = parse_experiment(text.replace("pools:", cells, 1)).experiment
    for setting in QUICK:
        experiment = apply_setting(experiment, setting)
    found = module.simulate(compile_experiment(experiment), 1).frame("pools")
    last = found[found["substance"] == "albumin"].iloc[-1]
    # 0.3 um/s over 1 m2 of 300 ml renew it in a second: it is as concentrated as outside, less what is voided
    back = 0.3 * 1e12 / 3e14
    assert last["concentration_nM"] == pytest.approx(600e3 * back / (back + 5 / 86400), rel=1e-6)


def test_first_detections_are_readouts_and_hang_on_the_limits(urine):
    seen = observe(open_run(urine))
    names = [FIRST.format("vesicles"), FIRST.format("albumin")]
    vesicles, albumin = measure(seen, names).values()
    assert 0 < vesicles.value < 360
    assert not albumin.known  # a healthy barrier stays below a dipstick
    assert "2.3" in albumin.note or "1.39e+15" in albumin.note
    assert len(seen["pools"]) > 0


def test_the_end_of_a_run_names_the_limits(capsys, tmp_path):
    assert main(["run", str(URINE), "--arm", "leaky", *SHORT, "--out", str(tmp_path / "leaky")]) == 0
    out = capsys.readouterr().out
    assert "urine, albumin" in out
    assert "limit 2.3e+03" in out
    assert "hangs on these limits" in out
    assert main(["show", str(URINE)]) == 0
    shown = capsys.readouterr().out
    assert "urine.assays.vesicles.limit" in shown
    assert "hangs on these limits" in shown


def test_a_run_with_pools_resumes_where_it_was(tmp_path, monkeypatch):
    experiment = apply_arm(load_experiment(URINE).experiment, "healthy")
    for setting in QUICK:
        experiment = apply_setting(experiment, setting)
    model = compile_experiment(experiment)
    whole = module.simulate(model, 3)
    record, ticks = module.Recorder.record, []

    def stop(recorder, state):
        record(recorder, state)
        ticks.append(state.tick)
        if state.tick == 180:
            raise KeyboardInterrupt

    monkeypatch.setattr(module, "Recorder", type("R", (module.Recorder,), {"record": stop}))
    with pytest.raises(KeyboardInterrupt):
        module.simulate(model, 3, out=tmp_path / "run")
    monkeypatch.undo()
    again = module.simulate(model, 3, out=tmp_path / "run", resume=True)
    for name, column in whole.tables["pools"].items():
        np.testing.assert_array_equal(again.tables["pools"][name], column)
    assert ticks[-1] == 180


def test_dishes_side_by_side_have_the_pools_of_each_alone():
    experiment = apply_arm(load_experiment(URINE).experiment, "healthy")
    for setting in QUICK:
        experiment = apply_setting(experiment, setting)
    model = compile_experiment(experiment)
    both = module.simulate_dishes(model, [1, 2])
    alone = module.simulate(model, 2)
    for name, column in alone.tables["pools"].items():
        np.testing.assert_array_equal(both[1].tables["pools"][name], column)
    assert not np.array_equal(both[0].tables["pools"]["amount"], both[1].tables["pools"]["amount"])


def test_recipients_alone_run_from_the_file_to_the_report(tmp_path, capsys):
    file = tmp_path / "recipients.yaml"
    file.write_text(RECIPIENTS)
    out = tmp_path / "run"
    assert main(["run", str(file), "--out", str(out)]) == 0
    told = capsys.readouterr()
    assert "natural doses" in told.err
    run = open_run(out)
    migrasomes = run.frame("migrasomes")
    assert set(migrasomes["attachment"]) == {"free"}
    assert set(migrasomes["cell_id"]) == {-1}
    assert migrasomes["rear_distance_um"].isna().all()
    assert not run.frame("nodes").size
    assert set(run.frame("lives")["fate"]) <= {"ruptured", "present"}
    assert main(["report", str(out), "-o", str(tmp_path / "r.html")]) == 0
    assert "natural doses" in (tmp_path / "r.html").read_text()
    assert main(["image", str(out), "-o", str(tmp_path / "i.ome.tiff")]) == 0


def test_the_dose_stands_beside_the_arm_that_gives_it(tmp_path, capsys):
    file = tmp_path / "recipients.yaml"
    file.write_text(RECIPIENTS)
    assert main(["show", str(file)]) == 0
    said = " ".join(capsys.readouterr().out.split())  # a narrow terminal breaks lines anywhere
    assert said.count("natural doses") == 1
    model = compile_experiment(parse_experiment(RECIPIENTS))
    dose = dose_of(model)
    # 0.5 ug = 5e8 fg over 17.94 fg and 3e5 recipients
    assert dose.per_recipient.value == pytest.approx(5e8 / 17.94 / 3e5, rel=2e-3)
    # 2 (10 + 0.305) um x 0.5 um/min x a third of the time x 3.5e-4 per um2 x 180 min
    assert dose.natural.value == pytest.approx(2 * 10.305 * 0.5 / 3 * 3.5e-4 * 180, rel=1e-6)
    late = apply_setting(parse_experiment(RECIPIENTS).experiment, "recipients.add-back.start=1 h")
    assert dose_of(compile_experiment(late)).natural.value == pytest.approx(dose.natural.value * 2 / 3)
    assert "0.5 ug of migrasomes" in dose_note(model)
    assert dose_note(compile_experiment(parse_experiment(RECIPIENTS), "nothing")) is None
    resting = apply_setting(parse_experiment(RECIPIENTS).experiment, "motility.walk.speed=0 um/min")
    assert dose_note(compile_experiment(resting)).endswith("one that rests meets none")


@pytest.mark.parametrize(
    ("old", "new", "at", "words"),
    [
        ("  biogenesis.fate: {}\n", "", "      migrasomes: 10", "which biogenesis.fate does"),
        ("      migrasomes:", "      cues: {vegf: 1}\n      migrasomes:", "cues: {vegf", "no cue in the medium 'vegf'"),
        ("permeability: 1e-5 um/s, ", "", "albumin: {area", "add phenotype.barrier"),
        ("{permeability: 1e", "{population: bloods, permeability: 1e", "population: bloods", "no population 'bloods'"),
    ],
)  # fmt: skip
def test_what_the_dish_cannot_give_is_refused_with_its_line(tmp_path, capsys, old, new, at, words):
    text = URINE.read_text()
    assert old in text
    text = text.replace(old, new)
    if "permeability" not in new:
        text = text.split("  - id: leaky", maxsplit=1)[0]
    file = tmp_path / "wrong.yaml"
    file.write_text(text)
    assert main(["run", str(file), "--out", str(tmp_path / "no")]) == 2
    err = capsys.readouterr().err
    assert words in err
    assert f"wrong.yaml:{text[: text.index(at)].count(chr(10)) + 1} " in err


def test_no_run_table_where_there_are_no_pools(tmp_path):
    file = tmp_path / "recipients.yaml"
    file.write_text(RECIPIENTS)
    run = module.simulate(compile_experiment(parse_experiment(RECIPIENTS)), 1)
    assert "pools" not in run.tables
    assert not len(observe(run)["pools"])
