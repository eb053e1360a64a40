"""Verdicts as rows, as a score, and as what hangs on an estimate."""

from __future__ import annotations

import json

import numpy as np
import pytest

from migralab.checks.evaluate import judge
from migralab.checks.table import any_failed, find_sensitive, score, to_json, to_rows
from migralab.spec.parameter import Source
from tests.unit.checks.example import claim, dishes

DESIGN = {"entry", "id", "grade", "role", "verdict", "observed", "interval", "expected", "source", "seeds"}


def verdicts(a=4.0, b=2.0):
    values = dishes(20, a=a, b=b)
    return [
        judge("e", claim("sign", "a", "b", direction="increase"), values),
        judge("e", claim("interval", "a", role="calibrated", low=3.0, high=6.0), values),
        judge("e", claim("order", "a", "b", grade="by-construction", role=None, direction="decrease"), values),
        judge("e", claim("ratio", "a", "b", grade="T3", low=1.0, high=3.0), values),
    ]


def test_rows_hold_what_the_design_names():
    rows = json.loads(to_json(verdicts()))["claims"]
    assert len(rows) == 4
    assert all(set(row) >= DESIGN for row in rows)
    assert rows[0]["interval"] == pytest.approx(list(verdicts()[0].interval))
    assert rows[0]["expected"] == "ratio at least 1.2"


def test_what_is_not_finite_becomes_null():
    hopeless = judge(
        "e", claim("ratio", "a", "b", low=1.0, high=2.0), {"a": {"count": [1.0, 2]}, "b": {"count": [0, 1]}}
    )
    (row,) = to_rows([hopeless])
    assert row["interval"] == [None, None]
    json.loads(to_json([hopeless]))


def test_only_predictions_are_a_score():
    result = score(verdicts())
    assert result.predicted == {"pass": 1, "fail": 0, "inconclusive": 0}
    assert result.calibrated == {"pass": 1, "fail": 0, "inconclusive": 0}
    assert (result.by_construction, result.not_judged) == (1, 1)
    assert str(result).startswith("predicted: 1 pass, 0 fail, 0 inconclusive; not yet measured by anyone: 0 pass")


def test_a_prediction_without_a_published_number_is_a_consequence_and_no_success():
    own = {"key": "migralab", "locator": "computed", "tag": "C"}
    paper = {"key": "chen2019", "locator": "fig 1g", "tag": "D"}
    made = claim("sign", "a", "b", direction="increase")
    judged = [
        judge("e", made.model_copy(update={"source": Source(**source)}), dishes(20, a=4.0, b=2.0))
        for source in (own, paper)
    ]
    assert [v.role for v in judged] == ["consequence", "predicted"]
    assert score(judged).predicted["pass"] == 1
    assert score(judged).consequence["pass"] == 1


def test_a_failing_claim_is_seen():
    assert not any_failed(verdicts())
    assert any_failed(verdicts(a=1.0, b=2.0))


def test_verdicts_that_hang_on_an_estimate_are_listed():
    base = verdicts()
    changes = find_sensitive(base, {"speed x0.5": verdicts(a=1.0, b=2.0), "speed x2": verdicts(a=3.9, b=1.95)})
    assert [(change.change, change.id, change.before, change.after) for change in changes] == [
        ("speed x0.5", "sign", "pass", "fail"),
        ("speed x0.5", "interval", "pass", "fail"),
        ("speed x0.5", "order", "pass", "fail"),
        ("speed x0.5", "ratio", "for", "not for"),
    ]
    assert changes[0].observed_after == pytest.approx(0.5, rel=0.1)
    assert np.isfinite(changes[0].observed_before)
