"""Studies that ship, and every study file that is refused: with its line, and what to do."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import pytest

from migralab.core.errors import RequestError, SpecError, UnknownIdError
from migralab.isolation.diagnosis.document.read import read_study, refuse_contradictions, study_ids
from migralab.isolation.diagnosis.document.study import Course
from migralab.isolation.diagnosis.plan import plan_of, ranges_of
from migralab.report.isolation.study_tables import list_inputs

ROOT = Path(__file__).resolve().parents[5]
SMALL = """\
schema: 1
like: diabetic-nephropathy
id: mine
title: Mine
groups:
  - {id: well, n: 20, control: true}
  - {id: ill, n: 20, fold: 3}
"""
FROM = "from: {entry: podocyte-urine, arms: [rest, injured], readout: x}"


def read(tmp_path, text):
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return read_study(path)


@pytest.mark.parametrize("name", study_ids())
def test_what_ships_is_whole_and_every_source_is_on_the_page(name):
    study = read_study(name)
    assert study.id == name
    assert plan_of(study).usual_count > 0
    page = (ROOT / "docs" / "theory" / "diagnosis.md").read_text(encoding="utf-8")
    keys = {row["source"] for row in list_inputs(study) if row["tag"]}
    assert keys
    assert {key for key in keys if f"**{key}**" not in page} == set()


@pytest.mark.parametrize("name", study_ids())
def test_no_estimate_goes_without_a_range(name):
    """What the field has not measured is swept; only what whoever plans decides is one number."""
    decided = {"alpha", "power", "specificity", "interval", "follow up", "assurance"}
    rows = [row for row in list_inputs(read_study(name)) if row["tag"] == "E" and row["what"] not in decided]
    assert rows
    assert [row for row in rows if not row["low"] or not row["high"]] == []


def test_a_file_takes_what_it_does_not_state_from_another(tmp_path):
    mine, base = read(tmp_path, SMALL), read_study("diabetic-nephropathy")
    assert mine.assay == base.assay
    assert (mine.patients.id, mine.patients.fold.value, mine.patients.fold.low) == ("ill", 3, None)
    assert mine.patients.fold.source.tag == "E"
    assert mine.patients.lost.value == 0  # groups are the file's own
    assert "fold" not in {swept.name for swept in ranges_of(mine)}


def test_a_number_is_taken_whole_with_its_source(tmp_path):
    mine = read(tmp_path, SMALL + "assay:\n  recovery: {value: 0.5}\n  volume_per_field: 2 ul\n")
    assert (mine.assay.recovery.low, mine.assay.recovery.source.key) == (None, "study file")
    assert plan_of(mine).volume_per_field == pytest.approx(2e-3)
    assert mine.assay.background.high == 2


def test_a_fold_from_an_entry_keeps_the_range_that_is_stated_for_patients(tmp_path):
    assert read(tmp_path, SMALL.replace("fold: 3", FROM)).patients.take_from.span == (1.2, 5.0)
    own = read(tmp_path, SMALL.replace("fold: 3", FROM.replace("x}", "x, range: [2, 3]}")))
    assert own.patients.take_from.span == (2.0, 3.0)


def test_a_fold_from_an_entry_without_any_range_is_refused(tmp_path):
    shipped = (ROOT / "src/migralab/isolation/diagnosis/studies/pan-mice.yaml").read_text(encoding="utf-8")
    whole = re.sub(r"^    fold: .*$", f"    {FROM}", shipped, count=1, flags=re.MULTILINE)
    with pytest.raises(SpecError, match="state between which the fold of patients may lie"):
        read(tmp_path, whole)


def test_spread_in_diabetic_nephropathy_leaves_creatinine_the_published_share():
    """R2 of ln(migrasomes) and ln(creatinine) per ml, from the covariance of both; 0.66 between 0.71 and 0.61."""
    plan = plan_of(read_study("diabetic-nephropathy"))
    between, within, dilution, excretion = (
        math.log1p(cv**2) for cv in (plan.between, plan.within, plan.dilution, plan.excretion)
    )
    share = dilution**2 / ((between + within + dilution) * (dilution + excretion))
    assert share == pytest.approx(0.66, abs=0.01)


def test_recovery_is_read_from_an_isolation(tmp_path):
    (tmp_path / "spun").mkdir()
    (tmp_path / "spun" / "summary.json").write_text(json.dumps({"recovery": 0.42}), encoding="utf-8")
    mine = read(tmp_path, SMALL + "assay:\n  recovery:\n  recovery_from: spun\n")
    assert plan_of(mine).recovery == 0.42
    assert mine.assay.recovery.source.tag == "C"


@pytest.mark.parametrize(
    "content", [None, "{}", '{"recovery": 1.5}', '{"recovery": "much"}', "[", '{"recovery": 0}', "[1]"]
)
def test_an_isolation_without_a_recovery_is_refused(tmp_path, content):
    (tmp_path / "spun").mkdir()
    if content is not None:
        (tmp_path / "spun" / "summary.json").write_text(content, encoding="utf-8")
    with pytest.raises(SpecError, match=r"mine\.yaml:10: .*recovery"):
        read(tmp_path, SMALL + "assay:\n  recovery:\n  recovery_from: spun\n")


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (SMALL + "assay:\n  volume_per_field: 0.5\n", 9, "'0.5' has no unit. Write for example 0.4 ul"),
        (SMALL + "assay:\n  volume_per_field: 0.5 um\n", 9, "the dimensions differ. Write for example 0.4 ul"),
        (SMALL + "assay:\n  volume_per_field: 0 ul\n", 9, "it must be above 0 ml"),
        (SMALL + "assay:\n  volume_per_field: lots\n", 9, "'lots' is not a quantity"),
        (SMALL + "urine:\n  creatinine: 8\n", 9, "'8' has no unit. Write for example 8 mM"),
        (SMALL + "assay:\n  recovery: 0\n", 9, "0 is not allowed: it must be above 0 and at most 1"),
        (SMALL + "assay:\n  recovery: 1.2\n", 9, "1.2 is not allowed: it must be above 0 and at most 1"),
        (SMALL + "assay:\n  recovery: {value: 0.5, low: 0.2, high: 1.5}\n", 9, "1.5 is not allowed"),
        (SMALL + "assay:\n  recovery_from: spun\n", 8, "not both"),
        (SMALL + "assay:\n  recovry: 0.3\n", 9, "there is no field 'recovry'. Did you mean recovery"),
        (SMALL + "assay:\n  fields: 0\n", 9, "greater than or equal to 1"),
        (SMALL + "assay:\n  background: true\n", 9, "true is not a number"),
        (SMALL + "test: {alpha: 0.05, power: 0.8, specificity: 1}\n", 8, "it must be above 0 and below 1"),
        (SMALL + "test: {alpha: 0.05, power: 0.8, specificity: 0}\n", 8, "it must be above 0 and below 1"),
        (SMALL + "test: {alpha: 0.05, power: 1.3, specificity: 0.9}\n", 8, "it must be above 0 and below 1"),
        (SMALL + "biology: {between: -0.1}\n", 8, "it must be at least 0"),
        (SMALL.replace("fold: 3", "fold: 0"), 7, "0 is not allowed: it must be above 0"),
        (SMALL.replace("fold: 3", "fold: -2"), 7, "-2 is not allowed: it must be above 0"),
        (SMALL.replace("fold: 3", "lost: 1"), 7, "it must be at least 0 and below 1"),
        (SMALL.replace("id: ill, n: 20", "id: ill, n: 1"), 7, "n = 1 is fewer than 2"),
        (SMALL.replace("id: ill", "id: well"), 7, "the id 'well' stands twice"),
        (SMALL.replace("  - {id: ill, n: 20, fold: 3}\n", ""), 5, "there is 1 group, 1 of them a control"),
        (SMALL.replace("control: true", "control: false"), 5, "there are 2 groups, 0 of them a control"),
        (SMALL.replace("control: true", "control: true, fold: 2"), 6, "'fold' says how patients differ from controls"),
        (SMALL.replace("n: 20, fold", "n: 4, fold"), None, "fewer patients than parameters"),
        (SMALL.replace("schema: 1", "schema: 2"), 1, "'2' is not allowed here; allowed: 1"),
        (SMALL.replace("like: diabetic-nephropathy\n", ""), None, "'biology' is missing"),
        (SMALL.replace("diabetic-nephropathy", "diabetic"), 2, "Did you mean diabetic-nephropathy"),
        (SMALL.replace("fold: 3", "fold: 3, from: {entry: a, arms: [rest, injured], readout: x}"), 7, "not both"),
        (SMALL.replace("like: diabetic-nephropathy\n", "").replace("fold: 3", FROM), None, "'biology' is missing"),
        (SMALL.replace("fold: 3", FROM.replace("x}", "x, range: [0, 2]}")), 7, "for example range: [1.2, 5]"),
        (SMALL.replace("fold: 3", FROM.replace("x}", "x, range: [3, 2]}")), 7, "for example range: [1.2, 5]"),
        (SMALL + "courses:\n  confirmed: 0\n", 9, "greater than or equal to 1"),
        (SMALL + "courses: {interval: 365 day, follow_up: 730 day, confirmed: 3}\n", 8, "more than the visits"),
        (SMALL + "courses:\n  interval: 6\n", 9, "'6' has no unit. Write for example 30 day"),
        (SMALL + "prospective:\n  event_rate: 0.02\n", 9, "'0.02' has no unit. Write for example 0.02 1/year"),
        (SMALL + "courses:\n  interval: 1 min\n", None, "are not 1 to 2,000"),
        (SMALL + "courses:\n  follow_up: 1 day\n", 9, "are not 1 to 2,000"),
        (SMALL.replace("id: ill, n: 20", "id: ill, n: 30000"), 7, "n = 30000 is more than 5,000"),
        (SMALL.replace("fold: 3", "fold: 1e9"), 7, "it must be above 0 and at most 1e+06"),
        (SMALL + "\tassay: 1\n", 8, "a tab in the indentation"),
        ("- 1\n", 1, "the file holds a list"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_with_its_line(tmp_path, text, line, said):
    with pytest.raises(SpecError) as error:
        read(tmp_path, text)
    message = str(error.value)
    assert said in message
    shown = re.search(r"mine\.yaml(?::(\d+))?", message)
    assert shown is not None
    assert line is None or any(int(n) == line for n in re.findall(r"mine\.yaml:(\d+)", message)), message


def test_every_mistake_is_named_at_once(tmp_path):
    with pytest.raises(SpecError) as error:
        read(tmp_path, SMALL + "assay:\n  recovery: 2\n  volume_per_field: 3\n")
    assert len(str(error.value).splitlines()) == 2


def test_unknown_studies_name_the_nearest():
    with pytest.raises(UnknownIdError, match="Did you mean pan-mice"):
        read_study("pan-mouse")
    with pytest.raises(SpecError, match="there is no such file"):
        read_study("absent.yaml")


def test_a_study_that_was_changed_is_judged_again():
    study = read_study("diabetic-nephropathy")
    groups = tuple(group.model_copy(update={"n": 4}) for group in study.groups)
    with pytest.raises(RequestError, match=r"--patients 4: a model with age, eGFR, .* has 5 parameters"):
        refuse_contradictions(study.model_copy(update={"groups": groups}), "--patients 4")


def test_courses_have_every_number_of_the_model():
    assert set(Course.model_fields) == {"fold", "delay", "rise", "limit", "between", "noise"}


def test_the_file_of_the_tutorial_is_a_study(tmp_path):
    text = (ROOT / "docs" / "tutorials" / "how-many-patients.md").read_text(encoding="utf-8")
    (document,) = re.findall(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    study = read(tmp_path, document)
    assert study.patients.fold.value == 3
    assert plan_of(study).fields == 40
