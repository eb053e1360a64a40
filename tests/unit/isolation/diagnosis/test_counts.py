"""Real counts: numbers worked out by hand and by scipy, and every table that is refused."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from migralab.core.errors import DataError
from migralab.isolation.diagnosis.counts import judge_counts
from migralab.isolation.diagnosis.document.read import read_study

STUDY = read_study("diabetic-nephropathy")
HEADER = "subject,group,count,volume_ml,creatinine_mM\n"
ROWS = [
    "c1,controls,10,1,10",
    "c2,controls,20,1,5",
    "c3,controls,4,0.5,8",
    "p1,patients,60,1,10",
    "p2,patients,30,2,3",
    "p3,patients,90,1,6",
]


def write(tmp_path, rows, header=HEADER):
    path = tmp_path / "counts.csv"
    path.write_text(header + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_values_are_counts_per_creatinine(tmp_path):
    """10 / 1 ml / 0.01 mmol per ml = 1,000 per mmol, and so on, by hand."""
    judged = judge_counts(write(tmp_path, ROWS), STUDY)
    assert judged.controls == pytest.approx([1000, 4000, 1000])
    assert judged.patients == pytest.approx([6000, 5000, 15_000])
    assert (judged.area, judged.area_high) == (1.0, 1.0)
    assert judged.fold == pytest.approx(6.0)
    assert judged.threshold == pytest.approx(4000)  # 90 % of three controls are all three
    assert judged.sensitivity == 1.0
    assert judged.p == pytest.approx(stats.mannwhitneyu([6, 5, 15], [1, 4, 1], method="asymptotic").pvalue, rel=1e-9)


def test_units_of_the_columns_are_read(tmp_path):
    header = "subject,group,count,volume_ul,creatinine_uM\n"
    rows = [
        "c1,controls,10,1000,10000",
        "c2,controls,20,1000,5000",
        "p1,patients,60,1000,10000",
        "p2,patients,30,2000,3000",
    ]
    judged = judge_counts(write(tmp_path, rows, header), STUDY)
    assert judged.controls == pytest.approx([1000, 4000])


def test_without_normalisation_creatinine_is_not_asked_for(tmp_path):
    bare = STUDY.model_copy(update={"urine": STUDY.urine.model_copy(update={"normalise": False})})
    rows = [row.rpartition(",")[0] for row in ROWS]
    judged = judge_counts(write(tmp_path, rows, "subject,group,count,volume_ml\n"), bare)
    assert judged.controls == pytest.approx([10, 20, 8])
    assert judged.unit == "per ml"


def test_subjects_with_a_gap_are_left_out_and_counted(tmp_path):
    judged = judge_counts(write(tmp_path, [*ROWS, "p4,patients,,1,5"]), STUDY)
    assert (judged.missing, len(judged.patients)) == (1, 3)


def test_intervals_hold_the_value_and_bootstrap_is_repeatable(tmp_path):
    rng = np.random.default_rng(2)
    rows = [
        f"s{i},{'patients' if i % 2 else 'controls'},{int(rng.lognormal(3 + 0.6 * (i % 2), 0.6))},1,8"
        for i in range(80)
    ]
    first, second = (judge_counts(write(tmp_path, rows), STUDY) for _ in range(2))
    assert first.area_low < first.area < first.area_high
    assert first.sensitivity_low <= first.sensitivity <= first.sensitivity_high
    assert first.fold_low < first.fold < first.fold_high
    assert first.sensitivity_low == second.sensitivity_low
    u = stats.mannwhitneyu(first.patients, first.controls).statistic
    assert first.area == pytest.approx(u / 1600, rel=1e-12)


@pytest.mark.parametrize(
    ("rows", "header", "said"),
    [
        ([*ROWS, "p1,patients,5,1,5"], HEADER, "subject p1 stands in more than one row"),
        ([*ROWS, "p4,patients,-5,1,5"], HEADER, "row 7: count = -5 is below 0"),
        ([*ROWS, "p4,patients,5,-1,5"], HEADER, "row 7: volume_ml = -1.0 is below 0"),
        ([*ROWS, "p4,patients,5,0,5"], HEADER, "row 7: volume is 0"),
        ([*ROWS, "p4,patients,5,1,0"], HEADER, "row 7: creatinine is 0"),
        ([*ROWS, "p4,ill,5,1,5"], HEADER, "there is no group 'ill' in the study 'diabetic-nephropathy'"),
        ([*ROWS, "p4,patients,many,1,5"], HEADER, "row 7: count = 'many' is not a finite number"),
        (ROWS, "subject,group,count,volume,creatinine_mM\n", "the column 'volume' has no unit"),
        (ROWS, "subject,group,number,volume_ml,creatinine_mM\n", "there is no count"),
        (ROWS, "subject,arm,count,volume_ml,creatinine_mM\n", "there is no column 'group'"),
        (ROWS[:4], HEADER, "group 'patients' has 1 known values. At least 2"),
        (ROWS, "subject,group,count,volume_ml,volume_ul\n", "both give the volume"),
        ([], HEADER, "no rows"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(tmp_path, rows, header, said):
    with pytest.raises(DataError, match=r"(?s)counts\.csv") as error:
        judge_counts(write(tmp_path, rows, header), STUDY)
    assert said in str(error.value)


def test_creatinine_may_be_a_mass(tmp_path):
    """113.12 mg of creatinine are one mmol: 113.12 mg/dl are 10 mM."""
    header = HEADER.replace("creatinine_mM", "creatinine_mg_per_dl")
    rows = ["c1,controls,10,1,113.12", "c2,controls,20,1,56.56", "p1,patients,60,1,113.12", "p2,patients,30,2,33.936"]
    judged = judge_counts(write(tmp_path, rows, header), STUDY)
    assert judged.controls == pytest.approx([1000, 4000])
    assert judged.patients == pytest.approx([6000, 5000])


def test_creatinine_twice_is_refused(tmp_path):
    header = HEADER.rstrip() + ",creatinine_mg_per_dl\n"
    with pytest.raises(DataError, match="stands twice, as amount and as mass"):
        judge_counts(write(tmp_path, [f"{row},1" for row in ROWS], header), STUDY)
