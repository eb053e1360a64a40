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
from migralab.isolation.diagnosis.effect import EntryLead, find_effect, resolve_effect
from migralab.report.isolation.study_words import entry_lead_words

ASKED = FromEntry(
    entry="podocyte-urine", arms=("rest", "injured"), readout="pool.vesicles[pool=urine]", seeds=4, range=(1.3, 5.0)
)

LEAD = tuple(f"pool.first_detection[pool=urine, substance={name}]" for name in ("vesicles", "albumin"))


@dataclass
class Dishes:
    rest: list[float]
    injured: list[float]

    def values(self):
        times = {name: np.array(own) for name, own in zip(LEAD, ([600.0, 1200.0], [1800.0, np.nan]), strict=True)}
        return {arm: {ASKED.readout: np.array(getattr(self, arm))} | times for arm in ASKED.arms}


def test_fold_is_the_geometric_mean_over_pairs_of_dishes(monkeypatch):
    monkeypatch.setattr(effect, "run_batch", lambda *_, **__: Dishes([1, 2, 4, 3], [2, 5, 7, 9]))
    fold, lead = find_effect(ASKED)
    assert lead is None
    logs = np.log(np.array([2, 2.5, 7 / 4, 3]))
    low, high = stats.t.interval(0.95, 3, logs.mean(), stats.sem(logs))
    assert (fold.value, fold.low, fold.high) == pytest.approx((math.exp(logs.mean()), 1.3, 5.0))
    assert f"({math.exp(low):.3g} to {math.exp(high):.3g} over dishes, 95 %)" in fold.source.locator
    assert fold.source.tag == "C"
    assert "4 dishes" in fold.source.locator


def test_the_stated_range_is_widened_to_hold_the_fold(monkeypatch):
    monkeypatch.setattr(effect, "run_batch", lambda *_, **__: Dishes([1, 1, 1, 2], [7, 7, 7, 14]))
    fold, _ = find_effect(ASKED)
    assert (fold.value, fold.low, fold.high) == pytest.approx((7.0, 1.3, 7.0))


def test_a_study_takes_the_fold_of_the_entry(monkeypatch):
    monkeypatch.setattr(effect, "run_batch", lambda *_, **__: Dishes([1, 2, 4], [2, 4, 8.5]))
    study = read_study("pan-mice")
    patients = study.patients.model_copy(update={"take_from": ASKED})
    found, _ = resolve_effect(study.model_copy(update={"groups": (study.controls, patients)}))
    assert isinstance(found, Study)
    assert found.patients.fold.value == pytest.approx((2 * 2 * 2.125) ** (1 / 3))
    assert found.patients.take_from is None
    assert resolve_effect(study)[0] is study


def test_dishes_without_migrasomes_give_no_fold(monkeypatch):
    monkeypatch.setattr(effect, "run_batch", lambda *_, **__: Dishes([0, 2], [2, 4]))
    with pytest.raises(RequestError, match="is not above 0 in every dish of rest and injured"):
        find_effect(ASKED)


@pytest.mark.parametrize(
    ("change", "said"), [({"entry": "podocyte-urin"}, "podocyte-urine"), ({"arms": ("rest", "injurd")}, "injured")]
)
def test_unknown_entries_and_arms_name_the_nearest(change, said):
    with pytest.raises(UnknownIdError, match=said):
        find_effect(ASKED.model_copy(update=change))


def test_the_lead_of_the_dishes_is_in_hours(monkeypatch):
    monkeypatch.setattr(effect, "run_batch", lambda *_, **__: Dishes([1, 2], [2, 5]))
    _, lead = find_effect(ASKED.model_copy(update={"lead": LEAD}))
    assert lead.migrasomes.tolist() == [10, 20]
    assert lead.protein[0] == 30
    assert math.isnan(lead.protein[1])
    with pytest.raises(RequestError, match="is no time"):
        find_effect(ASKED.model_copy(update={"lead": (ASKED.readout, LEAD[1])}))


def test_the_lead_of_the_dishes_is_said():
    lead = EntryLead(entry="e", arm="a", migrasomes=np.array([10.0, 20, np.nan]), protein=np.array([30.0, np.nan, 5]))
    said = "\n".join(entry_lead_words(lead))
    assert "2 of 3" in said  # earlier in one, and never seen of protein in another
    assert "1 of 3" in said
    assert "migrasomes first detected 15 h after the start (10 to 20), in 2 of 3 dishes" in said
