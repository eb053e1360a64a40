"""All that a study is asked: how many subjects, how good a test, what moves it, how early, how many to enrol."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from migralab.isolation.diagnosis.closed import find_noether_size
from migralab.isolation.diagnosis.cohort import draw_both, draw_population
from migralab.isolation.diagnosis.document.study import Study
from migralab.isolation.diagnosis.effect import EntryLead
from migralab.isolation.diagnosis.lead import LeadAnswer, answer_lead
from migralab.isolation.diagnosis.plan import Plan, plan_of, ranges_of
from migralab.isolation.diagnosis.power import (
    LARGEST,
    Needed,
    PowerCurve,
    choose_sizes,
    claim_logarithms,
    claim_ranks,
    compare_ranks,
    read_size,
    simulate_power,
    solve_size,
)
from migralab.isolation.diagnosis.prospective import Enrolment, find_enrolment, sweep_enrolment
from migralab.isolation.diagnosis.roc import Area, find_areas, find_sensitivities, trace_curve
from migralab.isolation.diagnosis.sweep import (
    POPULATION,
    Alternative,
    CountingError,
    Joint,
    Point,
    Solver,
    Swing,
    count_solutions,
    draw_jointly,
    find_counting_error,
    list_alternatives,
    swing_all,
    vary_fields,
)
from migralab.measure.statistics.interval import wilson_interval

Floats = NDArray[np.float64]
Progress = Callable[[int, int], None]
Stage = Callable[[str], Progress | None]
_POWERS = (0.8, 0.9)
_STUDIES_SHOWN = 1000
_MOST_SUBJECTS = 500_000  # of a group, over all simulated studies of the planned size


@dataclass(frozen=True, slots=True, kw_only=True)
class Discrimination:
    """How well the count tells patients from controls.

    Parameters
    ----------
    area, sensitivity
        In the population.
    areas, sensitivities
        2.5 and 97.5 % quantiles over studies of the planned size: what one such study may report.
    interval
        Median DeLong interval of such a study: what it would print.
    curve
        ROC curve of the population; false and true positives.
    studies
        ROC curves of a few studies of the planned size.
    """

    area: float
    areas: tuple[float, float]
    interval: tuple[float, float]
    sensitivity: float
    sensitivities: tuple[float, float]
    curve: tuple[Floats, Floats]
    studies: tuple[tuple[Floats, Floats], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """The study of the planned size: power of the rank test and of Welch's test on logarithms, and false claims.

    Parameters
    ----------
    n
        Subjects of the smaller group.
    power, power_low, power_high
        Share of simulated studies with p below alpha and the difference that is looked for, with Wilson's 95 % limits.
    wrong
        Share with p below alpha and the opposite difference.
    power_log
        The same with Welch's t-test on logarithms; NaN where counts of 0 make it impossible.
    false_claims
        Share that would claim a difference if patients had as many migrasomes as controls and differed only in what
        they lose, in look-alikes and in creatinine; `null_area` is the area then.
    confounded
        The same where one of these differences alone is at that end of its range which misleads most: what it is, the
        end, the share, and the area then.
    """

    n: int
    power: float
    power_low: float
    power_high: float
    wrong: float
    power_log: float
    false_claims: float
    null_area: float
    confounded: tuple[tuple[str, float, float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer of `migralab study`."""

    study: Study
    plan: Plan
    seed: int
    test: Discrimination
    planned: Planned
    curve: PowerCurve
    needed: tuple[Needed, ...]
    swings: tuple[Swing, ...]
    joint: Joint
    alternatives: tuple[Alternative, ...]
    fields: tuple[tuple[int, Point], ...]
    counting: CountingError
    lead: LeadAnswer | None
    enrolment: Enrolment | None
    enrolment_swings: tuple[tuple[str, str, int, int], ...]
    entry_lead: EntryLead | None = None


def _silent(_: str) -> Progress | None:
    return None


def answer_study(study: Study, *, simulations: int = 2000, seed: int = 1, stage: Stage = _silent) -> Answer:
    """Answer everything that a study is asked.

    Parameters
    ----------
    study
        Its fold must be known (`resolve_fold`).
    simulations
        Studies that are simulated for the power curve.
    seed
        Root of the random numbers; a subject is the same whatever else is asked.
    stage
        Called with what comes next; returns where to report how far it is.
    """
    plan = plan_of(study)
    alpha, wanted = study.test.alpha.value, study.test.power.value
    truth = draw_population(plan, seed, POPULATION)
    n = min(group.n for group in study.groups)
    curve, needed = _size(plan, study, truth, n, (seed, simulations, stage("power")))
    ranges = ranges_of(study)
    model = study.model
    lead = answer_lead(study.courses, seed, stage("lead time")) if study.courses else None
    solver = Solver(seed, alpha, wanted, stage("ranges"), count_solutions(plan, ranges))
    swings = swing_all(plan, ranges, solver)
    return Answer(
        study=study, plan=plan, seed=seed, test=_test(plan, study, truth, seed),
        planned=_planned(plan, study, seed, simulations), curve=curve, needed=needed, swings=tuple(swings),
        joint=draw_jointly(plan, ranges, solver), alternatives=tuple(list_alternatives(plan, solver)),
        fields=tuple(vary_fields(plan, solver)), counting=find_counting_error(plan), lead=lead,
        enrolment=find_enrolment(study.prospective, model) if study.prospective else None,
        enrolment_swings=tuple(sweep_enrolment(study.prospective, model)) if study.prospective else (),
    )  # fmt: skip


def _size(
    plan: Plan, study: Study, truth: tuple[Floats, Floats], n: int, how: tuple[int, int, Progress | None]
) -> tuple[PowerCurve, tuple[Needed, ...]]:
    alpha = study.test.alpha.value
    seed, simulations, progress = how
    powers = tuple(sorted({study.test.power.value, *_POWERS}))
    laws = {power: solve_size(*truth, alpha, power) for power in powers}
    guess = laws[study.test.power.value]
    curve = simulate_power(plan, seed, choose_sizes(min(guess, LARGEST), n), simulations, alpha, progress)
    area = float(find_areas(truth[0][None], truth[1][None]).value[0])
    needed = []
    for power in powers:
        middle, low, high = read_size(curve, power) if guess <= LARGEST else (None, None, None)
        noether = find_noether_size(area, alpha, power)
        needed.append(Needed(power=power, n=middle, low=low, high=high, large_sample=laws[power], noether=noether))
    return curve, tuple(needed)


def _test(plan: Plan, study: Study, truth: tuple[Floats, Floats], seed: int) -> Discrimination:
    specificity = study.test.specificity.value
    shown = max(100, min(_STUDIES_SHOWN, _MOST_SUBJECTS // max(group.n for group in study.groups)))
    controls, patients = _draw_planned(plan, study, seed, shown)
    areas: Area = find_areas(controls, patients)
    sensitivities = find_sensitivities(controls, patients, specificity)
    return Discrimination(
        area=float(find_areas(truth[0][None], truth[1][None]).value[0]),
        areas=_ends(areas.value), interval=(float(np.median(areas.low)), float(np.median(areas.high))),
        sensitivity=float(find_sensitivities(truth[0][None], truth[1][None], specificity)[0]),
        sensitivities=_ends(sensitivities), curve=trace_curve(*truth),
        studies=tuple(trace_curve(controls[i], patients[i]) for i in range(20)),
    )  # fmt: skip


def _draw_planned(plan: Plan, study: Study, seed: int, studies: int) -> tuple[Floats, Floats]:
    """Return studies with the planned number of each group."""
    sizes = study.controls.n, study.patients.n
    controls, patients = draw_both(plan, seed, range(studies), max(sizes))
    return controls[:, : sizes[0]], patients[:, : sizes[1]]


def _planned(plan: Plan, study: Study, seed: int, simulations: int) -> Planned:
    alpha = study.test.alpha.value
    studies = max(200, min(simulations, _MOST_SUBJECTS // max(group.n for group in study.groups)))
    controls, patients = _draw_planned(plan, study, seed, studies)
    seen, wrong = claim_ranks(controls, patients, alpha)
    # Where patients have fewer both groups carry a minus, so what should be higher comes second
    groups = (-patients, -controls) if plan.falls else (controls, patients)
    by_log = claim_logarithms(*groups, alpha)[0]
    some_none = bool((controls == 0).any() or (patients == 0).any())
    none = _draw_planned(replace(plan, fold=1.0), study, seed, studies)
    low, high = wilson_interval(int(seen.sum()), studies)
    return Planned(
        n=min(group.n for group in study.groups), power=float(seen.mean()), power_low=low, power_high=high,
        wrong=float(wrong.mean()), power_log=float("nan") if some_none else float(by_log.mean()),
        false_claims=float(np.mean(compare_ranks(*none) < alpha)), null_area=float(find_areas(*none).value.mean()),
        confounded=tuple(_confounded(plan, study, seed, min(studies, _STUDIES_SHOWN))),
    )  # fmt: skip


def _confounded(plan: Plan, study: Study, seed: int, studies: int) -> Iterator[tuple[str, float, float, float]]:
    """Yield what patients' other differences do alone, where they have as many migrasomes as controls."""
    equal = replace(plan.without_confounders(), fold=1.0)
    for swept in ranges_of(study):
        if swept.name not in ("lost", "background_fold", "creatinine_fold"):
            continue
        found = []
        for end in (swept.low, swept.high):
            drawn = _draw_planned(equal.changed({swept.name: end}), study, seed, studies)
            share = float(np.mean(compare_ranks(*drawn) < study.test.alpha.value))
            found.append((share, end, float(find_areas(*drawn).value.mean())))
        share, end, area = max(found)
        yield swept.words, end, share, area


def _ends(values: Floats) -> tuple[float, float]:
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)
