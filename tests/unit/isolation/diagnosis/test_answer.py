"""The whole answer: it is repeatable, and says of simple studies what closed forms say."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from scipy import stats

from migralab.isolation.diagnosis import sweep
from migralab.isolation.diagnosis.answer import answer_study
from migralab.isolation.diagnosis.closed import find_noether_size
from migralab.isolation.diagnosis.document.read import read_study
from migralab.isolation.diagnosis.document.study import Study
from migralab.isolation.diagnosis.plan import log_sd, plan_of, ranges_of
from migralab.isolation.diagnosis.sweep import Solver, swing_all
from migralab.report.isolation.study_tables import to_document
from migralab.report.isolation.study_words import days_words, lead_words, say_answer, size_words
from tests.unit.isolation.diagnosis.laws import find_t_power

PURE = {
    "schema": 1, "id": "pure", "title": "Biology alone",
    "groups": [{"id": "well", "n": 40, "control": True}, {"id": "ill", "n": 40, "fold": 1.6}],
    "biology": {"level": "1e12 1/mmol", "between": {"value": 0.8, "low": 0.5, "high": 1.2}, "within": 0},
    "urine": {"creatinine": "8 mM", "dilution": 0.5, "excretion": 0},
    "assay": {"volume_per_field": "1 ml", "fields": 1, "recovery": 1, "recovery_spread": 0, "background": 0,
              "observers": 0},
    "test": {"alpha": 0.05, "power": 0.8, "specificity": 0.9},
}  # fmt: skip


def changed(**parts):
    document = json.loads(json.dumps(PURE))
    for part, values in parts.items():
        if part == "fold":
            document["groups"][1]["fold"] = values
        else:
            document[part].update(values)
    return Study.model_validate(document)


@pytest.fixture(scope="module")
def answer():
    return answer_study(changed(), simulations=3000, seed=1)


def area(fold, cv):
    return float(stats.norm.cdf(math.log(fold) / (math.sqrt(2) * log_sd(cv))))


def test_size_is_noethers_within_five_percent(answer):
    wanted = next(own for own in answer.needed if own.power == 0.8)
    expected = find_noether_size(area(1.6, 0.8), 0.05, 0.8)
    assert wanted.n == pytest.approx(expected, rel=0.05)
    assert wanted.low <= wanted.n <= wanted.high
    assert next(own for own in answer.needed if own.power == 0.9).n == pytest.approx(
        find_noether_size(area(1.6, 0.8), 0.05, 0.9), rel=0.06
    )


def test_test_and_planned_study_are_those_of_the_binormal_law(answer):
    assert answer.test.area == pytest.approx(area(1.6, 0.8), abs=0.012)
    sensitivity = stats.norm.sf(stats.norm.ppf(0.9) - math.log(1.6) / log_sd(0.8))
    assert answer.test.sensitivity == pytest.approx(sensitivity, abs=0.025)
    assert answer.test.areas[0] < answer.test.area < answer.test.areas[1]
    assert answer.test.interval == pytest.approx(answer.test.areas, abs=0.02)  # what a study prints is what studies do
    assert answer.planned.false_claims == pytest.approx(0.05, abs=0.013)
    assert answer.planned.null_area == pytest.approx(0.5, abs=0.005)


def test_ranges_move_the_size_as_the_closed_form_says(answer):
    (swing,) = answer.swings
    # The t-test's size times pi/3, what ranks cost on normal data; 10,000 subjects know the area to 0.004
    sizes = [
        next(n for n in range(2, 200) if find_t_power(n, math.log(1.6), log_sd(cv), 0.05) >= 0.8) * math.pi / 3
        for cv in (0.5, 1.2)
    ]
    assert swing.swept.name == "between"
    assert swing.low.size == pytest.approx(sizes[0], rel=0.06)
    assert swing.high.size == pytest.approx(sizes[1], rel=0.12)
    assert sizes[0] * 0.9 < answer.joint.low < answer.joint.high < sizes[1] * 1.12


def test_what_moves_the_size_most_stands_first(monkeypatch):
    monkeypatch.setattr(sweep, "POPULATION", 1000)
    study = read_study("diabetic-nephropathy")
    widths = [own.width for own in swing_all(plan_of(study), ranges_of(study), Solver(1, 0.05, 0.8, None, 1))]
    assert widths == sorted(widths, reverse=True)


def test_the_same_seed_gives_the_same_answer_and_another_another(answer):
    again = answer_study(changed(), simulations=3000, seed=1)
    assert to_document(again) == to_document(answer)
    assert answer_study(changed(), simulations=300, seed=2).test.area != answer.test.area


def test_fewer_simulations_are_the_first_of_more():
    few, more = (answer_study(changed(), simulations=n, seed=1) for n in (300, 600))
    assert few.test.areas == more.test.areas
    assert np.array_equal(few.test.curve[1], more.test.curve[1])
    assert few.needed[0].large_sample == more.needed[0].large_sample


def test_without_a_difference_no_number_shows_it():
    answer = answer_study(changed(fold=1.0, biology={"between": 0.5}), simulations=300, seed=3)
    wanted = answer.needed[0]
    # By chance the two simulated populations differ by a little: then the size is huge, and it is not simulated
    assert wanted.n is None
    assert wanted.large_sample > 5000
    text = "\n".join(say_answer(answer))
    assert "No number of patients shows it" in text or "More than 2,000 patients a group" in text


def test_a_study_that_counts_nothing_says_so_and_no_more():
    answer = answer_study(changed(biology={"level": "1e-6 1/mmol"}), simulations=200, seed=3)
    text = "\n".join(say_answer(answer))
    assert "No number of patients shows it" in text
    assert "What moves it" not in text
    assert "no number to" not in text


def test_a_fall_is_found_as_well_as_a_rise():
    fall = answer_study(changed(fold=1 / 1.6), simulations=300, seed=1)
    assert fall.test.area == pytest.approx(area(1.6, 0.8), abs=0.012)
    power = find_t_power(40, math.log(1.6), log_sd(0.8), 0.05)
    assert fall.planned.power_log == pytest.approx(power, abs=3 * math.sqrt(power * (1 - power) / 300))
    assert fall.planned.power == pytest.approx(power, abs=0.1)  # what ranks cost, and three standard errors
    assert fall.planned.wrong < 0.01


def test_studies_that_would_claim_the_opposite_are_said_apart():
    document = json.loads(json.dumps(PURE))
    document["groups"][1] |= {"fold": 1.2, "lost": 0.5}
    answer = answer_study(Study.model_validate(document), simulations=300, seed=1)
    assert answer.planned.power < 0.01
    assert answer.planned.wrong > 0.5
    text = "\n".join(say_answer(answer))
    assert "has a power of 0 %" in text
    assert "claims the opposite, fewer in ill, in" in text
    assert to_document(answer)["planned"]["wrong_direction"] == answer.planned.wrong


def test_normalisation_is_among_what_could_be_changed(answer):
    points = {own.words: own.point for own in answer.alternatives}
    sd = math.hypot(log_sd(0.8), log_sd(0.5))
    expected = float(stats.norm.cdf(math.log(1.6) / (math.sqrt(2) * sd)))
    assert points["without creatinine normalisation"].area == pytest.approx(expected, abs=0.014)
    assert points["a perfect assay: biology and dilution alone"].size == pytest.approx(
        points["as planned"].size, rel=0.02
    )


def test_progress_is_told_stage_by_stage():
    told: dict[str, list[tuple[int, int]]] = {}

    def stage(name):
        told[name] = []
        return lambda done, total: told[name].append((done, total))

    study = changed().model_copy(update={"courses": read_study("pan-mice").courses})
    answer_study(study, simulations=200, stage=stage)
    assert list(told) == ["power", "lead time", "ranges"]
    for name, steps in told.items():
        assert steps[-1][0] == steps[-1][1], name
        assert [done for done, _ in steps] == sorted(done for done, _ in steps)


def test_document_is_plain_json_without_infinities(answer):
    text = json.dumps(to_document(answer), allow_nan=False)
    assert json.loads(text)["needed"][0]["n"] == answer.needed[0].n


def test_sizes_and_times_are_said_as_people_say_them():
    assert [size_words(x) for x in (17.2, math.inf, 1234.5, 2e5)] == ["18", "no number", "1,235", "more than 100,000"]
    assert [days_words(x) for x in (1, 3, 182, 1826)] == ["1 day", "3 days", "6 months", "5.0 years"]
    assert lead_words(-3) == "protein 3 days earlier"
    assert lead_words(math.inf) == "migrasomes only, protein never"
    assert lead_words(0) == "both at one visit"
