"""What moves the answer: each number over its range, all of them at once, and what a laboratory could change."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from migralab.core.random import child_key_array, dish_key, stream_key, uniform_pair_array
from migralab.isolation.diagnosis.cohort import draw_population
from migralab.isolation.diagnosis.plan import Plan, Swept, log_sd
from migralab.isolation.diagnosis.power import solve_size
from migralab.isolation.diagnosis.roc import find_components

Floats = NDArray[np.float64]
Progress = Callable[[int, int], None]
POPULATION = 10_000
"""Subjects a group from which a size is solved; its standard error of the area is below 0.004."""
_JOINT = 100
_IN_JOINT = 2_000
_FIELDS = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 20.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A design: area under the ROC curve in the population, and subjects a group for the wanted power."""

    area: float
    size: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Swing:
    """The answer at both ends of one number's range."""

    swept: Swept
    low: Point
    high: Point

    @property
    def width(self) -> float:
        """How far the size moves, on the logarithm; an end at which no size suffices counts as a million."""
        ends = [math.log(min(point.size, 1e6)) for point in (self.low, self.high)]
        return abs(ends[0] - ends[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Joint:
    """Sizes where all numbers are drawn from their ranges: 5, 50, 95 % quantiles, and the share where none suffices."""

    low: float
    middle: float
    high: float
    never: float
    draws: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """Something that could be done otherwise."""

    words: str
    point: Point


class Solver:
    """Solves sizes in simulated populations, and tells how far it is."""

    def __init__(self, seed: int, alpha: float, power: float, progress: Progress | None, total: int) -> None:
        self.seed, self.alpha, self.power = seed, alpha, power
        self.progress, self.total, self.done = progress, total, 0

    def solve(self, plan: Plan, subjects: int | None = None) -> Point:
        """Return area and size of a design, from `POPULATION` subjects a group or fewer."""
        controls, patients = draw_population(plan, self.seed, subjects or POPULATION)
        area = float(find_components(controls[None], patients[None])[1].mean())
        found = Point(area=area, size=solve_size(controls, patients, self.alpha, self.power))
        self.done += 1
        if self.progress is not None:
            self.progress(self.done, self.total)
        return found


def count_solutions(plan: Plan, ranges: list[Swept]) -> int:
    """Return how many designs `swing_all`, `draw_jointly`, `list_alternatives` and `vary_fields` solve."""
    joint = _JOINT if ranges else 1
    return 2 * len(ranges) + joint + len(list(_changes(plan))) + len(_field_numbers(plan))


def swing_all(plan: Plan, ranges: list[Swept], solver: Solver) -> list[Swing]:
    """Return each number at both ends of its range, all else as stated; what moves the size most first."""
    found = [
        Swing(
            swept=swept,
            low=solver.solve(plan.changed({swept.name: swept.low})),
            high=solver.solve(plan.changed({swept.name: swept.high})),
        )
        for swept in ranges
    ]
    return sorted(found, key=lambda swing: -swing.width)


def draw_jointly(plan: Plan, ranges: list[Swept], solver: Solver) -> Joint:
    """Return what sizes there are where all numbers lie anywhere in their ranges, independently.

    A range above 0 is drawn from evenly on the logarithm, one that begins at 0 evenly.
    """
    if not ranges:
        size = solver.solve(plan, _IN_JOINT).size
        return Joint(low=size, middle=size, high=size, never=float(math.isinf(size)), draws=1)
    keys = child_key_array(
        np.full(_JOINT, dish_key(solver.seed)), stream_key("study.joint"), np.arange(_JOINT, dtype=np.uint64)
    )
    drawn = {
        swept.name: _within(swept, uniform_pair_array(stream_key(f"study.joint.{swept.name}"), keys, 0, 0)[0])
        for swept in ranges
    }
    sizes = np.sort(
        [
            solver.solve(plan.changed({name: float(values[i]) for name, values in drawn.items()}), _IN_JOINT).size
            for i in range(_JOINT)
        ]
    )
    low, middle, high = (float(sizes[int(share * _JOINT)]) for share in (0.05, 0.5, 0.95))
    return Joint(low=low, middle=middle, high=high, never=float(np.mean(np.isinf(sizes))), draws=_JOINT)


def _within(swept: Swept, chance: Floats) -> Floats:
    if swept.low <= 0:
        return swept.low + chance * (swept.high - swept.low)
    return np.asarray(swept.low * (swept.high / swept.low) ** chance, np.float64)


def list_alternatives(plan: Plan, solver: Solver) -> list[Alternative]:
    """Return the design as planned, and what a laboratory could change, one change at a time."""
    return [Alternative(words=words, point=solver.solve(changed)) for words, changed in _changes(plan)]


def _changes(plan: Plan) -> Iterator[tuple[str, Plan]]:
    yield "as planned", plan
    word = "without" if plan.normalise else "with"
    yield f"{word} creatinine normalisation", replace(plan, normalise=not plan.normalise)
    yield "3 urines of each, on different days", replace(plan, samples=3)
    yield "nothing lost in the isolation", replace(plan, recovery=1.0, recovery_spread=0.0)
    yield "no look-alikes", replace(plan, background=0.0)
    yield "ten times the fields", replace(plan, fields=10 * plan.fields)
    yield "patients differ in nothing but migrasomes", plan.without_confounders()
    perfect = replace(plan, recovery=1.0, recovery_spread=0.0, background=0.0, observers=0.0, least_count=0)
    yield "a perfect assay: biology and dilution alone", replace(perfect, k=math.inf, fields=10_000 * plan.fields)


def vary_fields(plan: Plan, solver: Solver) -> list[tuple[int, Point]]:
    """Return the answer for fewer and for more fields counted in each urine."""
    return [(number, solver.solve(replace(plan, fields=number))) for number in _field_numbers(plan)]


def _field_numbers(plan: Plan) -> list[int]:
    return sorted({max(1, round(part * plan.fields)) for part in _FIELDS})


@dataclass(frozen=True, slots=True, kw_only=True)
class CountingError:
    """Error of one count beside what differs between subjects, as CV in a usual urine of a control.

    Parameters
    ----------
    counting
        Of the count alone: chance and clumping, look-alikes included.
    assay
        With recovery and observers, which more fields do not reduce.
    subjects
        Between subjects and days, and dilution or creatinine.
    fields_equal
        Fields from which counting error is below what differs between subjects.
    usual_count
        Migrasomes counted in a usual urine of a control.
    """

    counting: float
    assay: float
    subjects: float
    fields_equal: int
    usual_count: float


def find_counting_error(plan: Plan) -> CountingError:
    """Return the error of a count beside biology (eq-count-error).

    With s migrasomes and b look-alikes in a field the relative variance of a count of f fields is
    ``(s + b + (s + b)^2 / k) / (s^2 f)``.
    """
    signal = plan.usual_count / plan.fields
    all_counted = signal + plan.background
    of_one = (all_counted + all_counted**2 / plan.k) / signal**2
    spread = plan.excretion if plan.normalise else plan.dilution
    subjects = sum(log_sd(cv) ** 2 for cv in (plan.between, plan.within, spread))
    counting = of_one / plan.fields
    fixed = log_sd(plan.recovery_spread) ** 2 + log_sd(plan.observers) ** 2
    return CountingError(
        counting=math.sqrt(counting), assay=math.sqrt(counting + fixed), subjects=math.sqrt(subjects),
        fields_equal=max(1, math.ceil(of_one / subjects)) if subjects > 0 else 0, usual_count=plan.usual_count,
    )  # fmt: skip
