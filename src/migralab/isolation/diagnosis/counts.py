"""Counts of real subjects: the same ROC curve, interval and test as for simulated ones."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from migralab.core.errors import DataError
from migralab.isolation.diagnosis.document.study import Study
from migralab.isolation.diagnosis.plan import MMOL_PER_ML
from migralab.isolation.diagnosis.power import compare_ranks
from migralab.isolation.diagnosis.roc import (
    find_areas,
    find_sensitivities,
    find_sensitivity_limits,
    find_thresholds,
    trace_curve,
)
from migralab.isolation.table import ids_of, quantity_column, read_rows

Floats = NDArray[np.float64]


CREATININE_G_PER_MOL = 113.12  # C4H7N3O


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What values of two groups say.

    Parameters
    ----------
    controls, patients
        Values as they are compared, without those that are missing.
    unit
        Of the values.
    missing
        Subjects left out because count, volume or creatinine is not known.
    area, area_low, area_high
        Area under the ROC curve with DeLong's 95 % interval.
    p
        Two-sided, of the rank test.
    specificity, threshold, sensitivity, sensitivity_low, sensitivity_high
        Sensitivity above the threshold that keeps the specificity, with its 95 % limits (`find_sensitivity_limits`).
    fold, fold_low, fold_high
        Ratio of medians, patients over controls, with its bootstrap interval; NaN where controls have a median of 0.
    curve
        ROC curve: false positives, true positives.
    """

    controls: Floats
    patients: Floats
    unit: str
    missing: int
    area: float
    area_low: float
    area_high: float
    p: float
    specificity: float
    threshold: float
    sensitivity: float
    sensitivity_low: float
    sensitivity_high: float
    fold: float
    fold_low: float
    fold_high: float
    curve: tuple[Floats, Floats]


def judge_counts(path: str | Path, study: Study) -> Judged:
    """Read a table of counts and judge it as the study says.

    Columns: ``subject``, ``group`` (ids of the study's groups), ``count``, ``volume_ml`` (urine that was counted; any
    unit of volume), and ``creatinine_mM`` or ``creatinine_mg_per_dl`` where the study normalises. One row a subject.

    Raises
    ------
    DataError
        If a subject stands twice, a group is unknown or has fewer than 2 known values, a column or unit is missing, or
        a value is negative.
    """
    rows = read_rows(path)
    source = str(path)
    for name in ("subject", "group"):
        if name not in rows:
            there = ", ".join(map(str, rows.columns[:12]))
            raise DataError(f"{source}: there is no column '{name}'. Columns: {there}.")
    ids_of(rows, source, "subject")
    values, unit = _values(rows, source, study)
    known = np.isfinite(values)
    groups = _groups(rows, source, study)
    controls, patients = (values[known & (groups == group.id)] for group in (study.controls, study.patients))
    for own, group in ((controls, study.controls), (patients, study.patients)):
        if len(own) < 2:
            raise DataError(f"{source}: group '{group.id}' has {len(own)} known values. At least 2 are needed.")
    return judge_values(controls, patients, study, unit, missing=int((~known).sum()))


def judge_values(controls: Floats, patients: Floats, study: Study, unit: str, missing: int = 0) -> Judged:
    """Return what values of two groups say, by the rules of the study."""
    falls = study.patients.fold.value < 1
    sign = -1.0 if falls else 1.0
    left, right = sign * controls, sign * patients
    specificity = study.test.specificity.value
    area = find_areas(left[None], right[None])
    low, high = find_sensitivity_limits(left, right, specificity)
    fold = _fold(controls, patients)
    return Judged(
        controls=controls, patients=patients, unit=unit, missing=missing,
        area=float(area.value[0]), area_low=float(area.low[0]), area_high=float(area.high[0]),
        p=float(compare_ranks(left[None], right[None])[0]), specificity=specificity,
        threshold=float(sign * find_thresholds(left[None], specificity)[0]),
        sensitivity=float(find_sensitivities(left[None], right[None], specificity)[0]),
        sensitivity_low=low, sensitivity_high=high, fold=fold[0], fold_low=fold[1], fold_high=fold[2],
        curve=trace_curve(left, right),
    )  # fmt: skip


def _fold(controls: Floats, patients: Floats) -> tuple[float, float, float]:
    """Return the ratio of medians and its bootstrap interval over subjects."""
    rng = np.random.Generator(np.random.Philox(key=20201023))  # any fixed number: the same table, the same interval
    drawn = [np.median(own[rng.integers(0, len(own), (2000, len(own)))], axis=1) for own in (controls, patients)]
    if np.median(controls) <= 0 or (drawn[0] <= 0).any():
        return np.nan, np.nan, np.nan
    low, high = np.quantile(drawn[1] / drawn[0], [0.025, 0.975])
    return float(np.median(patients) / np.median(controls)), float(low), float(high)


def _groups(rows: pd.DataFrame, source: str, study: Study) -> NDArray[np.str_]:
    groups = rows["group"].astype(str).str.strip().to_numpy(str)
    known = [group.id for group in study.groups]
    strange = sorted(set(groups) - set(known))
    if strange:
        raise DataError(
            f"{source}: there is no group '{strange[0]}' in the study '{study.id}'. Groups: {', '.join(known)}."
        )
    return groups


def _values(rows: pd.DataFrame, source: str, study: Study) -> tuple[Floats, str]:
    count = _column(rows, "count", "", source)
    volume = _column(rows, "volume", "ml", source)
    _refuse_zero(volume, "volume", source)
    per_ml = count / volume
    if not study.urine.normalise:
        return per_ml, "per ml"
    creatinine = _creatinine(rows, source)
    _refuse_zero(creatinine, "creatinine", source)
    return per_ml / (creatinine * MMOL_PER_ML), "per mmol creatinine"


def _creatinine(rows: pd.DataFrame, source: str) -> Floats:
    """Return creatinine in mM, from a column of amount or of mass a volume."""
    mass = quantity_column(rows, "creatinine", "mg/dl", source, least=0.0, required=False)
    if mass is None:
        return _column(rows, "creatinine", "mM", source)
    if quantity_column(rows, "creatinine", "mM", source, required=False) is not None:
        raise DataError(f"{source}: creatinine stands twice, as amount and as mass. Keep one of the columns.")
    return mass * 10.0 / CREATININE_G_PER_MOL  # mg/l over mg/mmol


def _column(rows: pd.DataFrame, name: str, unit: str, source: str) -> Floats:
    found = quantity_column(rows, name, unit, source, least=0.0)
    if found is None:  # cannot be: the column is required
        raise DataError(f"{source}: there is no {name}.")
    return found


def _refuse_zero(values: Floats, name: str, source: str) -> None:
    wrong = np.flatnonzero(values == 0)
    if len(wrong):
        raise DataError(
            f"{source}: row {wrong[0] + 1}: {name} is 0, and a count cannot be divided by it. Correct it, or leave "
            "it empty."
        )
