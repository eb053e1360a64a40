"""A study as bare floats, and the ranges over which each of them is not known."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from migralab.isolation.diagnosis.document.given import in_unit
from migralab.isolation.diagnosis.document.study import Study
from migralab.spec.parameter import Parameter


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a simulated cohort needs.

    Parameters
    ----------
    control_id, patient_id
        Names of the groups: the keys of their subjects' random numbers.
    level
        Median of controls, migrasomes per mmol creatinine.
    between, within, dilution, excretion, recovery_spread, observers
        Coefficients of variation of log-normal factors; see `Biology`, `Urine`, `Assay`.
    samples
        Urines of each subject; their mean is taken.
    creatinine
        Median, mM.
    volume_per_field
        ml.
    fields, recovery, background, k, least_count
        See `Assay`; k infinite for Poisson.
    fold, lost, background_fold, creatinine_fold
        What differs in patients; see `Group`.
    """

    control_id: str
    patient_id: str
    level: float
    between: float
    within: float
    samples: int
    creatinine: float
    dilution: float
    excretion: float
    normalise: bool
    volume_per_field: float
    fields: int
    recovery: float
    recovery_spread: float
    background: float
    k: float
    least_count: int
    observers: float
    fold: float
    lost: float
    background_fold: float
    creatinine_fold: float

    def changed(self, numbers: Mapping[str, Any]) -> Plan:
        """Return the plan with some numbers replaced, by name."""
        return replace(self, **numbers)

    def without_confounders(self) -> Plan:
        """Return the plan with patients who differ from controls in migrasomes alone."""
        return replace(self, lost=0.0, background_fold=1.0, creatinine_fold=1.0)

    @property
    def falls(self) -> bool:
        """Whether patients have fewer: then less is what the test calls ill."""
        return self.fold < 1

    @property
    def usual_count(self) -> float:
        """Migrasomes that are counted in a usual urine of a control, without look-alikes."""
        per_ml = self.level * self.creatinine * MMOL_PER_ML
        return per_ml * self.volume_per_field * self.fields * self.recovery


MMOL_PER_ML = 1e-3
"""mmol per ml in 1 mM."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """A number that is not known, and the ends of its range.

    Parameters
    ----------
    name
        Field of `Plan`.
    words
        What it is, for people.
    low, high
        In the unit of `Plan`.
    stated
        Value and range as the study says them.
    parameter
        With its source.
    """

    name: str
    words: str
    low: float
    high: float
    stated: str
    parameter: Parameter


_NUMBERS = {
    "level": ("biology", "1/mmol", "migrasomes per creatinine in controls"),
    "between": ("biology", "", "spread between subjects"),
    "within": ("biology", "", "spread from day to day"),
    "creatinine": ("urine", "mM", "median creatinine"),
    "dilution": ("urine", "", "spread of dilution"),
    "excretion": ("urine", "", "spread of creatinine excretion"),
    "volume_per_field": ("assay", "ml", "urine per field"),
    "recovery": ("assay", "", "recovery of the isolation"),
    "recovery_spread": ("assay", "", "spread of recovery between runs"),
    "background": ("assay", "", "look-alikes per field"),
    "k": ("assay", "", "clumping of counts in a field (k)"),
    "observers": ("assay", "", "spread between observers"),
    "fold": ("patients", "", "fold in patients"),
    "lost": ("patients", "", "share of migrasomes lost in the urine of patients"),
    "background_fold": ("patients", "", "look-alikes in patients (fold)"),
    "creatinine_fold": ("patients", "", "creatinine of patients (fold)"),
}


def plan_of(study: Study) -> Plan:
    """Return a study as bare floats; its fold must be known (`take_from` resolved)."""
    values = {name: _value(study, name) for name in _NUMBERS}
    return Plan(
        control_id=study.controls.id,
        patient_id=study.patients.id,
        samples=study.biology.samples,
        normalise=study.urine.normalise,
        fields=study.assay.fields,
        least_count=study.assay.least_count,
        **values,
    )


def ranges_of(study: Study) -> list[Swept]:
    """Return every number of the cohort for which a range is stated."""
    found = []
    for name, (_, unit, words) in _NUMBERS.items():
        own = parameter_of(study, name)
        if own is None or own.low is None or own.high is None or own.low == own.high:
            continue
        low, high = (in_unit(end, own.unit, unit) for end in (own.low, own.high))
        found.append(
            Swept(
                name=name,
                words=words.replace("patients", study.patients.id),
                low=low,
                high=high,
                stated=state_range(own),
                parameter=own,
            )
        )
    return found


def state_range(own: Parameter) -> str:
    """Return ``2 (1.2 to 5)`` with the unit; the value alone where no range is stated."""
    span = "" if own.low is None or own.high is None else f" ({_short(own.low)} to {_short(own.high)})"
    return f"{_short(own.value)}{span} {own.unit}".strip()


def _short(value: float) -> str:
    return f"{value:.4g}" if 1e-3 <= abs(value) < 1e4 else f"{value:.3g}"


def parameter_of(study: Study, name: str) -> Parameter | None:
    """Return the number of the study that stands behind a field of `Plan`."""
    part = _NUMBERS[name][0]
    found = getattr(study.patients if part == "patients" else getattr(study, part), name)
    return found if isinstance(found, Parameter) else None


def _value(study: Study, name: str) -> float:
    own = parameter_of(study, name)
    return math.inf if own is None else in_unit(own.value, own.unit, _NUMBERS[name][1])


def log_sd(cv: float) -> float:
    """Return the standard deviation of the logarithm of a log-normal factor with this coefficient of variation."""
    return math.sqrt(math.log1p(cv * cv))
