"""Pools: concentrations at a frame, and the first time at the limit of an assay."""

from __future__ import annotations

import numpy as np
import pytest

from migralab.measure import measure
from tests.unit.measure.made import look, observe, three_cells

PER_ML_AND_NM = 6.02214076e11


def pools(**changes):
    """Return two pools over three frames: vesicles rise 0, 100, 300 per ml against a limit of 200."""
    table = {
        "frame": [0, 0, 1, 1, 2, 2], "time_min": [0.0, 0.0, 60.0, 60.0, 120.0, 120.0],
        "pool": ["urine", "urine"] * 3, "substance": ["vesicles", "albumin"] * 3,
        "amount": [0.0, 0.0, 200.0, 2 * PER_ML_AND_NM, 600.0, 8 * PER_ML_AND_NM],
        "concentration_per_ml": [0.0, 0.0, 100.0, PER_ML_AND_NM, 300.0, 4 * PER_ML_AND_NM],
        "concentration_nM": [np.nan, 0.0, np.nan, 1.0, np.nan, 4.0],
        "limit_per_ml": [200.0, np.nan] * 3, "detected": [False] * 4 + [True, False],
    }  # fmt: skip
    return observe(pools=table | changes, frames_min=(0.0, 60.0, 120.0))


def test_concentrations_are_those_of_the_frame():
    assert look(pools(), "pool.vesicles").value == 300.0
    assert look(pools(), "pool.vesicles", 1, pool="urine").value == 100.0
    assert look(pools(), "pool.concentration", substance="albumin").value == 4.0


def test_first_detection_lies_on_a_straight_line_between_frames():
    found = look(pools(), "pool.first_detection")
    assert found.value == pytest.approx(90.0)  # 100 at 60 min, 300 at 120 min: 200 half way
    assert "hangs on the limit" in found.note
    assert found.n_unit == "experiments"


def test_what_is_there_from_the_start_is_detected_at_the_start():
    assert look(pools(limit_per_ml=[0.0, np.nan] * 3), "pool.first_detection").value == 0.0


def test_what_is_never_detected_or_not_measured_has_no_time():
    never = look(pools(limit_per_ml=[1e6, np.nan] * 3), "pool.first_detection")
    assert np.isnan(never.value)
    assert "stayed below" in never.note
    assert "no assay" in look(pools(), "pool.first_detection", substance="albumin").note


def test_what_is_asked_for_wrongly_is_told():
    assert "no pool 'blood'" in look(pools(), "pool.vesicles", pool="blood").note
    assert "there can be: vesicles, albumin" in look(pools(), "pool.concentration", substance="mrna").note
    assert "needs a substance" in look(pools(), "pool.concentration").note
    two = pools(pool=["urine", "blood"] * 3)
    assert "name one of urine, blood" in look(two, "pool.vesicles").note


def test_images_have_no_pools():
    assert "no pools" in look(three_cells(), "pool.first_detection").note


def test_the_id_names_pool_and_substance():
    found = measure(pools(), ["pool.first_detection[pool=urine, substance=vesicles]"])
    assert next(iter(found.values())).value == pytest.approx(90.0)
