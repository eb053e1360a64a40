"""The fold of a catalogue entry: geometric mean and Student's interval, worked out by scipy."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest
from scipy import stats

from migralab.core.errors import RequestError, UnknownIdError
from migralab.isolation.diagnosis import effect
from migralab.isolation.diagnosis.document.read import read_study
from migralab.isolation.diagnosis.document.study import FromEntry, Study
from migralab.isolation.diagnosis.effect import find_fold, resolve_fold

ASKED = FromEntry(entry="podocyte-urine", arms=("rest", "injured"), readout="pool.vesicles[pool=urine]", seeds=4)


@dataclass
class Dishes:
    rest: list[float]
    injured: list[float]

    def values(self):
        return {"rest": {"r": np.array(self.rest)}, "injured": {"r": np.array(self.injured)}}


def test_fold_is_the_geometric_mean_over_pairs_of_dishes(monkeypatch):
    monkeypatch.setattr(effect, "run_batch", lambda *_, **__: Dishes([1, 2, 4, 3], [2, 5, 7, 9]))
    fold = find_fold(ASKED)
    logs = np.log(np.array([2, 2.5, 7 / 4, 3]))
    low, high = stats.t.interval(0.95, 3, logs.mean(), stats.sem(logs))
    assert (fold.value, fold.low, fold.high) == pytest.approx((math.exp(logs.mean()), math.exp(low), math.exp(high)))
    assert fold.source.tag == "C"
    assert "4 dishes" in fold.source.locator


def test_a_study_takes_the_fold_of_the_entry(monkeypatch):
    monkeypatch.setattr(effect, "run_batch", lambda *_, **__: Dishes([1, 2, 4], [2, 4, 8.5]))
    study = read_study("pan-mice")
    patients = study.patients.model_copy(update={"take_from": ASKED})
    found = resolve_fold(study.model_copy(update={"groups": (study.controls, patients)}))
    assert isinstance(found, Study)
    assert found.patients.fold.value == pytest.approx((2 * 2 * 2.125) ** (1 / 3))
    assert found.patients.take_from is None
    assert resolve_fold(study) is study


def test_dishes_without_migrasomes_give_no_fold(monkeypatch):
    monkeypatch.setattr(effect, "run_batch", lambda *_, **__: Dishes([0, 2], [2, 4]))
    with pytest.raises(RequestError, match="is not above 0 in every dish of rest and injured"):
        find_fold(ASKED)


@pytest.mark.parametrize(
    ("change", "said"), [({"entry": "podocyte-urin"}, "podocyte-urine"), ({"arms": ("rest", "injurd")}, "injured")]
)
def test_unknown_entries_and_arms_name_the_nearest(change, said):
    with pytest.raises(UnknownIdError, match=said):
        find_fold(ASKED.model_copy(update=change))
