r"""How long before protein a count would be raised: two courses, their limits, and regular visits.

After the injury at t = 0 a marker of one subject stands at (eq-lead-course)::

    y(t) = e^{s_between z} (1 + (fold - 1)(1 - e^{-(t - delay)/rise}))     for t > delay, e^{s_between z} before

and is read with a log-normal error at every visit; it is called raised at the first visit at which the reading reaches
its limit, or at the last of several such visits in a row (`confirmed`). The lead is the difference of these two visits.
Which marker is first hangs on two limits that someone types, so the answer is given over both. And many visits raise
the healthy as well, so the same is counted in subjects in whom nothing rises. Theory: docs/theory/diagnosis.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from migralab.core.random import child_key_array, dish_key, normal_pair_array, stream_key, uniform_pair_array
from migralab.isolation.diagnosis.document.given import in_unit
from migralab.isolation.diagnosis.document.study import Course, Courses
from migralab.isolation.diagnosis.plan import log_sd, state_range
from migralab.spec.parameter import Parameter

Floats = NDArray[np.float64]
Progress = Callable[[int, int], None]
_SUBJECTS = 4000
_LIMITS = tuple(float(x) for x in np.geomspace(1.25, 20.0, 13))


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """A course in days, see `Course`."""

    fold: float
    delay: float
    rise: float
    limit: float
    between: float
    noise: float

    @property
    def false_alarm(self) -> float:
        """Chance that one reading of an uninjured subject reaches the limit."""
        spread = math.hypot(log_sd(self.between), log_sd(self.noise))
        return float(ndtr(-math.log(self.limit) / spread)) if spread > 0 else float(self.limit <= 1)

    @property
    def falls_short(self) -> bool:
        """Whether the median subject never reaches the limit: only spread and reading error raise anyone."""
        return self.fold <= self.limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Both courses and the visits, in days."""

    interval: float
    follow_up: float
    confirmed: int = 1
    migrasomes: Marker
    albumin: Marker

    def without_illness(self) -> Timing:
        """Return the same visits of subjects in whom neither marker rises."""
        still = [replace(own, fold=1.0) for own in (self.migrasomes, self.albumin)]
        return replace(self, migrasomes=still[0], albumin=still[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadTime:
    """Lead of migrasomes over albumin in simulated subjects.

    Parameters
    ----------
    leads
        (subjects,) days, positive where migrasomes are first; infinite where the other was never raised, NaN where
        neither was.
    first, last, same, neither
        Shares of subjects with migrasomes at an earlier visit, albumin at an earlier one, both at one, none raised.
    raised
        Shares in whom migrasomes, and albumin, are ever called raised.
    """

    leads: Floats
    first: float
    last: float
    same: float
    neither: float
    raised: tuple[float, float]

    def quantile(self, share: float) -> float:
        """Return a quantile of the lead over subjects in whom something was raised; NaN where there is none."""
        known = np.sort(self.leads[~np.isnan(self.leads)])
        return float(known[min(int(share * len(known)), len(known) - 1)]) if len(known) else math.nan

    @property
    def net(self) -> float:
        """Share with migrasomes first less the share with albumin first."""
        return self.first - self.last


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadAnswer:
    """What is said of lead time.

    Parameters
    ----------
    timing, base
        As the study says.
    healthy
        The same visits and limits in subjects in whom nothing rises: what is found there is false alarm.
    limits, net
        The limits of the map, and the net share first, (limits of migrasomes, limits of albumin).
    swings
        Every number with a range: words, stated, lead time at its low and its high end.
    """

    timing: Timing
    base: LeadTime
    healthy: LeadTime
    limits: tuple[float, ...]
    net: Floats
    swings: tuple[tuple[str, str, LeadTime, LeadTime], ...]


def timing_of(courses: Courses) -> Timing:
    """Return courses in days."""

    def marker(own: Course) -> Marker:
        return Marker(
            fold=own.fold.value, delay=_days(own.delay), rise=_days(own.rise), limit=own.limit.value,
            between=own.between.value, noise=own.noise.value,
        )  # fmt: skip

    return Timing(
        interval=_days(courses.interval), follow_up=_days(courses.follow_up), confirmed=courses.confirmed,
        migrasomes=marker(courses.migrasomes), albumin=marker(courses.albumin),
    )  # fmt: skip


def find_lead(timing: Timing, seed: int, subjects: int = _SUBJECTS) -> LeadTime:
    """Simulate subjects from injury to the end of follow-up, and return who is raised first (eq-lead-course)."""
    at, read = _read_visits(timing, seed, subjects)
    first, other = (
        _first_visit(at, own, marker.limit, timing.confirmed)
        for own, marker in zip(read, (timing.migrasomes, timing.albumin), strict=True)
    )
    return _compare(first, other)


def _read_visits(timing: Timing, seed: int, subjects: int) -> tuple[Floats, tuple[Floats, Floats]]:
    """Return when each subject comes and what is read of both markers, (visits, subjects); infinite after the end."""
    keys = child_key_array(
        np.full(subjects, dish_key(seed)), stream_key("study.lead"), np.arange(subjects, dtype=np.uint64)
    )
    phase = uniform_pair_array(stream_key("study.visit"), keys, 0, 0)[0]
    own = normal_pair_array(stream_key("study.marker"), keys, 0, 0)
    visits = int(timing.follow_up / timing.interval) + 1
    at = (phase + np.arange(visits)[:, None]) * timing.interval
    noise = [normal_pair_array(stream_key("study.reading"), keys, visit, 0) for visit in range(visits)]
    read = [
        _read(marker, at, own[row], np.stack([pair[row] for pair in noise]))
        for row, marker in enumerate((timing.migrasomes, timing.albumin))
    ]
    return np.where(at <= timing.follow_up, at, np.inf), (read[0], read[1])


def _first_visit(at: Floats, read: Floats, limit: float, confirmed: int) -> Floats:
    """Return when each subject was first read at or above the limit so often in a row; infinite where never."""
    above = read >= limit
    visits = len(above) - confirmed + 1
    held = np.logical_and.reduce([above[first : first + visits] for first in range(confirmed)])
    return np.asarray(np.where(held, at[confirmed - 1 :], np.inf).min(axis=0), np.float64)


def _compare(first: Floats, other: Floats) -> LeadTime:
    with np.errstate(invalid="ignore"):
        leads = other - first  # inf - inf is NaN: neither was raised
    return LeadTime(
        leads=leads, first=float(np.mean(leads > 0)), last=float(np.mean(leads < 0)),
        same=float(np.mean(leads == 0)), neither=float(np.mean(np.isnan(leads))),
        raised=(float(np.isfinite(first).mean()), float(np.isfinite(other).mean())),
    )  # fmt: skip


def _read(marker: Marker, at: Floats, own: Floats, noise: Floats) -> Floats:
    gone = -np.expm1(-np.maximum(at - marker.delay, 0.0) / marker.rise)
    spread = np.exp(log_sd(marker.between) * own + log_sd(marker.noise) * noise)
    return np.asarray(spread * (1 + (marker.fold - 1) * gone), np.float64)


def answer_lead(courses: Courses, seed: int, progress: Progress | None = None) -> LeadAnswer:
    """Return the lead time as stated, over both limits, and over the range of each number of the courses."""
    timing = timing_of(courses)
    swings = _swings(courses)
    found = []
    for number, (words, stated, ends) in enumerate(swings, start=1):
        low, high = (find_lead(end, seed) for end in ends)
        found.append((words, stated, low, high))
        if progress is not None:
            progress(number, len(swings))
    found.sort(key=lambda row: -abs(row[2].net - row[3].net))
    return LeadAnswer(
        timing=timing, base=find_lead(timing, seed), healthy=find_lead(timing.without_illness(), seed), limits=_LIMITS,
        net=map_limits(timing, seed), swings=tuple(found),
    )  # fmt: skip


def map_limits(timing: Timing, seed: int) -> Floats:
    """Return the net share in whom migrasomes are first, (limits of migrasomes, limits of albumin)."""
    at, read = _read_visits(timing, seed, _SUBJECTS)
    first, other = ([_first_visit(at, own, limit, timing.confirmed) for limit in _LIMITS] for own in read)
    return np.array([[_compare(row, column).net for column in other] for row in first])


def _swings(courses: Courses) -> list[tuple[str, str, tuple[Timing, Timing]]]:
    """Return each number with a range: what it is, as stated, and the timing at both ends."""
    found = []
    timing = timing_of(courses)
    for name in ("migrasomes", "albumin"):
        course: Course = getattr(courses, name)
        for field in Course.model_fields:
            own: Parameter = getattr(course, field)
            if own.low is None or own.high is None or own.low == own.high:
                continue
            unit = "day" if field in ("delay", "rise") else ""
            ends = [
                replace(timing, **{name: replace(getattr(timing, name), **{field: in_unit(end, own.unit, unit)})})
                for end in (own.low, own.high)
            ]
            found.append(
                (f"{field} of {'protein' if name == 'albumin' else name}", state_range(own), (ends[0], ends[1]))
            )
    return found


def _days(parameter: Parameter) -> float:
    return in_unit(parameter.value, parameter.unit, "day")
