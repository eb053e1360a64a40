"""The comparison of two readings, on made-up entries and sheets; every expected outcome is worked out by hand."""

from __future__ import annotations

import pytest
import yaml
from pydantic import ValidationError

from migralab.spec.experiment import Experiment
from tests.qc.compare import compare, problems
from tests.qc.questions import sheet
from tests.qc.reading import Reading, ReadingFile
from tests.qc.sheet import rows_of

TEXT = """
schema: 1
id: made-up
title: Made up
question: Do two readers agree?
status: {status}
graph:
  - {{source: a, target: b, sign: "+", evidence: perturbed, cite: {{key: wu2017, locator: fig 1, tag: D}}}}
dish: {{cells: 5}}
mechanisms:
  motility.walk:
    speed: {{value: 0.7 um/min, source: {{key: wu2017, locator: text, tag: FTE}}{note}}}
    persistence: {{value: 60 min, low: 20 min, high: 120 min, source: {{key: migralab, locator: reason, tag: E}}}}
  recipients.uptake: {{}}
rules:
  run:
    text: engulfed migrasomes raises migration speed 1.5-fold, half-max 3, Hill 1
    source: {{key: wu2022, locator: abstract, tag: ABS}}
arms:
  - {{id: rest, control: true}}
  - id: slow
    edge: a -> b
    changes: {{motility.walk.speed: {{value: 0.1 um/min, source: {{key: wu2017, locator: text, tag: D}}}}}}
readouts: [speed.mean]
claims:
  - id: falls
    statement: slow cells are slower
    grade: by-construction
    comparison: {{kind: sign, readout: speed.mean, arms: [slow, rest], direction: decrease, published: 0.15}}
    source: {{key: wu2017, locator: fig 2, tag: D}}
  - id: number
    statement: cells run at 0.7
    grade: by-construction
    comparison: {{kind: interval, readout: speed.mean, arms: [rest], low: 0.5, high: 0.9}}
    source: {{key: wu2017, locator: fig 2, tag: D}}
  - id: ours
    statement: nobody measured it
    grade: T3
    role: predicted
    source: {{key: migralab, locator: none, tag: C}}
"""
SPEED, PERSISTENCE = "motility.walk.speed", "motility.walk.persistence"
SLOW = "arms.slow.motility.walk.speed"


def entry(status="provisional", note=""):
    words = f', note: "{note}"' if note else ""
    return Experiment.model_validate(yaml.safe_load(TEXT.format(status=status, note=words)))


def answer(tag="FTE", **parts):
    return Reading(tag=tag, locator="systems.md", confidence="high", **parts)


def outcome(row, reading):
    made = ReadingFile(entry="made-up", reader="second", readings={row: reading})
    (found,) = [c for c in compare(entry(), made) if c.id == row]
    return found.outcome


def all_right():
    return {
        SPEED: answer(value=0.7, unit="um/min"),
        PERSISTENCE: answer("E", low=30, high=90, unit="min"),
        SLOW: answer("D", value=0.1, unit="um/min"),
        "rules.run.value": answer("E", low=1.2, high=3),
        "rules.run.half_max": answer("E", value=4),
        "rules.run.hill": answer("E", value=1),
        "claims.falls": answer("D", direction="decrease"),
        "claims.falls.published": answer("D", value=0.15),
        "claims.number": answer("D", value=0.72, unit="um/min"),
    }


def file(readings):
    return ReadingFile(entry="made-up", reader="second", readings=readings)


def test_rows_are_the_sourced_numbers_rules_and_published_thresholds():
    assert [row.id for row in rows_of(entry())] == list(all_right())


@pytest.mark.parametrize(
    ("row", "reading", "expected"),
    [
        (SPEED, answer(value=0.71, unit="um/min"), "agree"),  # 1.4 %
        (SPEED, answer(value=0.76, unit="um/min"), "disagree"),  # 7.9 %, read in the text
        (SPEED, answer("D", value=0.76, unit="um/min"), "agree"),  # 7.9 %, read off a panel
        (SPEED, answer("D", value=0.80, unit="um/min"), "disagree"),  # 12.5 %
        (SPEED, answer(value=42, unit="um/h"), "agree"),  # 42/60
        (SPEED, answer(value=42, unit="um/min"), "disagree"),
        (SPEED, answer(value=0.7, unit="min"), "disagree"),  # no speed
        (SPEED, answer(low=0.6, high=0.8, unit="um/min"), "agree"),
        (SPEED, answer("E", low=0.1, high=1, unit="um/min"), "disagree"),  # the source was not found again
        (SPEED, Reading(), "unread"),
        (PERSISTENCE, answer("E", low=50, high=70, unit="min"), "agree"),
        (PERSISTENCE, answer("E", low=0.5, high=1.5, unit="h"), "agree"),  # 30 to 90 min
        (PERSISTENCE, answer("E", low=20, high=50, unit="min"), "agree"),  # overlap; 60 over sqrt(1000) is 1.9
        (PERSISTENCE, answer("E", low=1, high=30, unit="min"), "disagree"),  # overlap; 60 over sqrt(30) is 11
        (PERSISTENCE, answer("E", low=125, high=150, unit="min"), "disagree"),  # no overlap, though 2.3-fold
        (PERSISTENCE, answer("ABS", value=170, unit="min"), "agree"),  # 2.8-fold
        (PERSISTENCE, answer("ABS", value=190, unit="min"), "disagree"),  # 3.2-fold
        (PERSISTENCE, answer("E", value=0, unit="min"), "disagree"),
        ("claims.falls", answer("D", direction="increase"), "disagree"),
        ("claims.falls", answer("D", value=0.2), "agree"),  # a ratio below 1 is a decrease
        ("claims.falls", answer("D", direction="alike"), "disagree"),
        ("claims.number", answer("D", value=0.95, unit="um/min"), "disagree"),
        ("claims.number", answer("D", low=0.85, high=1.2, unit="um/min"), "agree"),
        ("claims.number", answer("E", low=0.5, high=0.9, unit="um/min"), "disagree"),
    ],
)
def test_outcome_of_one_row(row, reading, expected):
    assert outcome(row, reading) == expected


def test_two_readers_who_agree_make_an_entry_reviewed():
    assert problems(entry("reviewed"), file(all_right())) == []
    assert problems(entry(), file(all_right())) == []


def test_an_entry_is_not_reviewed_without_a_whole_reading():
    assert "it is provisional" in problems(entry("reviewed"), None)[0]
    assert problems(entry(), None) == []
    part = {name: own for name, own in all_right().items() if name != "rules.run.hill"}
    assert problems(entry("reviewed"), file(part)) == ["rules.run.hill was not read; the entry is provisional"]
    assert problems(entry(), file(part)) == []


def test_a_disagreement_stands_in_the_entry():
    wrong = all_right() | {SPEED: answer(value=1.4, unit="um/min")}
    (problem,) = problems(entry(), file(wrong))
    assert problem.startswith(f"{SPEED}: the entry says 0.7 um/min [FTE], the second reader 1.4 um/min (systems.md)")
    assert problems(entry(note="another cell line"), file(wrong)) == [problem]
    assert problems(entry(note="the second reader reads 1.4 um/min, of another line"), file(wrong)) == []
    assert problems(entry("disputed"), file(wrong)) == []


@pytest.mark.parametrize(
    "parts",
    [{"value": 1.0}, {"low": 1.0, "tag": "E", "locator": "x", "confidence": "low"}, {"direction": "up"}, {"valu": 1}],
)
def test_half_an_answer_is_refused(parts):
    with pytest.raises(ValidationError):
        Reading(**parts)


def test_the_sheet_can_be_filled_in_as_it_is_printed():
    printed = yaml.safe_load(sheet(entry()))
    assert set(printed["readings"]) == set(all_right())
    printed["reader"] = "second"
    assert not any(own.answered for own in ReadingFile.model_validate(printed).readings.values())
    assert "0.7" not in sheet(entry())
    assert "1.5-fold" not in sheet(entry())
