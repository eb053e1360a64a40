r"""Simulated cohorts: what each subject excretes, how dilute the urine is, and what is counted.

A subject's value in the laboratory is (eq-study-value)::

    ln(a) = ln(level * fold) + s_between z1 + s_within z2
    c     = c0 * creatinine_fold * exp(s_excretion z3 + s_dilution z4)       creatinine
    m     = a * c0 * exp(s_dilution z4)                                      migrasomes per ml
    x     = count / (volume * recovery)          or x / c, where it is normalised

so dilution cancels in x / c and what creatinine does by itself comes in. The count is (eq-study-count)::

    mean  = (m v r e^{s_run z5} (1 - lost) + b) * fields * e^{s_observer z6}
    count ~ negative binomial with shape k * fields (fields with shape k each; Poisson for k infinite)

The factor of recovery never lifts it above 1. Everything is keyed by group, study and subject, so a subject is the
same whatever the size of the study, the number of studies, or what else is asked. Theory: docs/theory/diagnosis.md.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincinv
from scipy.stats import nbinom, poisson

from migralab.core.random import child_key_array, dish_key, normal_pair_array, stream_key, uniform_pair_array
from migralab.isolation.diagnosis.plan import MMOL_PER_ML, Plan, log_sd

Floats = NDArray[np.float64]
UInts = NDArray[np.uint64]
_AT_ONCE = 200_000  # subjects: keeps the memory of one call under 100 MB
_MANY = 1e4  # counts from which a gamma law stands for the negative binomial


def draw_studies(plan: Plan, seed: int, studies: range, n: int, *, patients: bool) -> Floats:
    """Return what the laboratory reports for every subject of one group of many studies.

    Parameters
    ----------
    plan
        The study.
    seed
        Root of all random numbers.
    studies
        Which of the endlessly many studies.
    n
        Subjects of the group.
    patients
        Which of the two groups.

    Returns
    -------
    ndarray
        (studies, n) migrasomes per mmol creatinine, or per ml where it is not normalised.
    """
    step = max(1, _AT_ONCE // (n * plan.samples))
    parts = [
        _draw(plan, seed, range(start, min(start + step, studies.stop)), n, patients=patients)
        for start in range(studies.start, studies.stop, step)
    ]
    return np.concatenate(parts)


def draw_both(plan: Plan, seed: int, studies: range, n: int) -> tuple[Floats, Floats]:
    """Return both groups of many studies, controls first; see `draw_studies`.

    Where patients have fewer, all values carry a minus, so that more is always what the test calls ill.
    """
    controls, patients = (draw_studies(plan, seed, studies, n, patients=each) for each in (False, True))
    return (-controls, -patients) if plan.falls else (controls, patients)


def draw_population(plan: Plan, seed: int, n: int) -> tuple[Floats, Floats]:
    """Return one large study, from which what is true of the population is read to a small error."""
    controls, patients = draw_both(plan, seed, range(1), n)
    return controls[0], patients[0]


def _draw(plan: Plan, seed: int, studies: range, n: int, *, patients: bool) -> Floats:
    if not patients:
        plan = replace(plan.without_confounders(), fold=1.0)
    group = stream_key(f"study.group.{plan.patient_id if patients else plan.control_id}")
    first = np.arange(studies.start, studies.stop, dtype=np.uint64) << np.uint64(32)
    ordinal = np.asarray(first[:, None] + np.arange(n, dtype=np.uint64), np.uint64)
    keys = child_key_array(np.full(ordinal.size, dish_key(seed), np.uint64), group, ordinal.ravel())
    own, excreted = normal_pair_array(stream_key("study.subject"), keys, 0, 0)
    total = np.zeros(len(keys))
    for sample in range(plan.samples):
        total += _read_sample(plan, keys, own, excreted, sample)
    return (total / plan.samples).reshape(ordinal.shape)


def _read_sample(plan: Plan, keys: UInts, own: Floats, excreted: Floats, sample: int) -> Floats:
    """Return what one urine of each subject gives."""
    day, dilute = normal_pair_array(stream_key("study.urine"), keys, sample, 0)
    dilution = np.exp(log_sd(plan.dilution) * dilute)
    per_creatinine = plan.level * plan.fold * np.exp(log_sd(plan.between) * own + log_sd(plan.within) * day)
    per_ml = per_creatinine * plan.creatinine * MMOL_PER_ML * dilution
    found = _count(plan, keys, per_ml, sample) / (plan.volume_per_field * plan.fields * plan.recovery)
    if not plan.normalise:
        return found
    creatinine = plan.creatinine * plan.creatinine_fold * dilution * np.exp(log_sd(plan.excretion) * excreted)
    return found / (creatinine * MMOL_PER_ML)


def _count(plan: Plan, keys: UInts, per_ml: Floats, sample: int) -> Floats:
    run, observer = normal_pair_array(stream_key("study.assay"), keys, sample, 0)
    kept = np.minimum(1.0, plan.recovery * np.exp(log_sd(plan.recovery_spread) * run)) * (1 - plan.lost)
    per_field = per_ml * plan.volume_per_field * kept + plan.background * plan.background_fold
    mean = per_field * plan.fields * np.exp(log_sd(plan.observers) * observer)
    chance = uniform_pair_array(stream_key("study.count"), keys, sample, 0)[0]
    counted = draw_counts(mean, plan.k * plan.fields, chance)
    return np.where(counted < plan.least_count, 0.0, counted)


def draw_counts(mean: Floats, shape: float, chance: Floats) -> Floats:
    """Return counts at given quantiles of the negative binomial.

    Parameters
    ----------
    mean
        (n,) above or at 0.
    shape
        k; infinite for Poisson.
    chance
        (n,) uniform in (0, 1).
    """
    found = np.zeros(len(mean))
    many = mean > _MANY
    few = ~many & (mean > 0)
    if math.isinf(shape):
        found[few] = poisson.ppf(chance[few], mean[few])
    else:
        found[few] = nbinom.ppf(chance[few], shape, shape / (shape + mean[few]))
    if many.any():
        # Of so many a gamma law with the same mean and variance is the same to less than one count in a thousand
        same = 1.0 / (1.0 / shape + 1.0 / mean[many])
        found[many] = np.rint(mean[many] / same * gammaincinv(same, chance[many]))
    return found
