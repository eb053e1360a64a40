"""What a cell feels of a field: the three conditions, the farthest place and the time at which they hold.

A cell feels a cue where, on the mean of its averaging time, three things hold at once: the gradient is at least the
published threshold, the difference in receptor occupancy exceeds its noise, and enough molecules arrive to be counted
(eq-felt). Theory: docs/theory/signal-budget.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from migralab.physics.recipients.surface import CLEFT
from migralab.physics.signals.budget import (
    Setting,
    arrival_signal_to_noise,
    bound_occupancy,
    complexes,
    count_signal_to_noise,
    signal_to_noise,
)
from migralab.physics.signals.spread import BoundSpread, Spread

Floats = NDArray[np.float64]

STATION = 20.0
"""Distance at which times are given, um: two cells away, as in the published budget."""
TOUCHED = 0.2
"""Depth of matrix that a cell reaches with its receptors, um: that of a coat (E), generous to the cue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Felt:
    """The answer for one case.

    Parameters
    ----------
    case
        In words.
    reach
        Farthest distance at which it is ever felt, um; 0 if nowhere.
    lasts, lasts_at_station
        Time for which a cell beyond contact, or `STATION` um away, feels it, s; infinite for a steady source.
    passing
        Farthest distance at which the gradient of the moment ever passes the threshold, um: no averaging, no noise.
        Undefined for a bound cue.
    """

    case: str
    reach: float
    lasts: float
    lasts_at_station: float
    passing: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """A case with its field: what a figure needs.

    Parameters
    ----------
    felt
        The answer.
    course
        The field.
    margin
        (m, n) how far the weakest of the three conditions is fulfilled; felt where 1 or more.
    """

    felt: Felt
    course: Spread | BoundSpread
    margin: Floats


def fall(values: Floats, distance: Floats | float) -> Floats:
    """Return how steeply values fall along the last axis; 0 where they rise. `distance` may be that of neighbours."""
    return np.asarray(np.maximum(-np.gradient(values, distance, axis=-1), 0.0))


def judge_free(level: Floats, distance: Floats, setting: Setting) -> Floats:
    """Return the margin of the free cue at a level that is already the mean over the averaging time (eq-felt)."""
    slope = fall(level, distance)
    ratio = np.minimum(slope / setting.threshold, signal_to_noise(level, slope, setting.receptors))
    return np.minimum(ratio, arrival_signal_to_noise(level, slope, setting.diffusivity, setting.receptors))


def judge_bound(bound: Floats, distance: Floats, setting: Setting) -> Floats:
    """Return the margin of the bound cue: what `TOUCHED` um of matrix hold, met in a cleft (eq-complexes, eq-count).

    There are fewer ligands than receptors under a cell, so what it can tell is limited by their number.
    """
    per_area, receptors = bound * TOUCHED, setting.receptors
    held = complexes(per_area, receptors.affinity, receptors.per_area, CLEFT)
    counted = count_signal_to_noise(held, fall(held, distance), receptors)
    return np.minimum(fall(per_area, distance) / CLEFT / setting.threshold, counted)


def outermost(distance: Floats, margin: Floats) -> float:
    """Return the farthest distance at which a margin is 1 or more, um; 0 if nowhere (between voxels: a power law)."""
    above = np.flatnonzero(margin >= 1)
    if not len(above):
        return 0.0
    last = int(above[-1])
    if last + 1 == len(margin):
        return float(distance[-1])
    ends = np.log(np.maximum(margin[[last + 1, last]], 1e-12))
    return float(np.exp(np.interp(0.0, ends, np.log(distance[[last + 1, last]]))))


def time_above(time: Floats, margin: Floats) -> float:
    """Return for how long a margin is 1 or more, s; between times it is a power law of time."""
    fine = np.geomspace(time[0], time[-1], 40 * len(time))
    line = np.interp(np.log(fine), np.log(time), np.log(np.maximum(margin, 1e-12)))
    held = (line >= 0).astype(float)
    return float(np.sum(0.5 * (held[1:] + held[:-1]) * np.diff(fine)))


def _at(distance: Floats, margin: Floats, place: float) -> Floats:
    """Return the margin at a distance, at every time."""
    return np.array([np.interp(place, distance, row) for row in margin])


def judge(case: str, course: Spread | BoundSpread, setting: Setting) -> Followed:
    """Return where and for how long a field is felt."""
    r = course.distance
    if isinstance(course, Spread):
        margin = judge_free(course.mean(setting.receptors.averaging), r, setting)
        passing = max(outermost(r, row) for row in fall(course.now, r) / setting.threshold)
    else:
        margin = judge_bound(course.bound, r, setting)
        passing = math.nan  # bound cue does not pass
    reaches = np.array([outermost(r, row) for row in margin])
    beyond = np.maximum(reaches, 1e-9) / setting.contact
    felt = Felt(
        case=case, reach=float(reaches.max()), lasts=time_above(course.time, beyond),
        lasts_at_station=time_above(course.time, _at(r, margin, STATION)), passing=passing,
    )  # fmt: skip
    return Followed(felt=felt, course=course, margin=margin)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plateau:
    """The middle and the edge of a bound patch.

    Parameters
    ----------
    touched
        Bound molecules that cells within `STATION` um could touch.
    occupancy, edge
        Share of receptors occupied in the middle, and how far out it is above one half, um, if ligand were plentiful.
    held
        Receptors per um2 that really hold one in the middle, because a ligand serves one receptor.
    """

    touched: float
    occupancy: float
    edge: float
    held: float


def plateau(followed: Followed, time: float, setting: Setting) -> Plateau:
    """Return what a bound patch looks like to cells at a time, s."""
    course, receptors = followed.course, setting.receptors
    if not isinstance(course, BoundSpread):
        raise TypeError(f"{followed.felt.case} is free: it has no bound patch")
    per_area = course.bound[int(np.argmin(np.abs(course.time - time)))] * TOUCHED
    occupied = bound_occupancy(per_area, receptors.affinity, CLEFT)
    near = np.linspace(0.0, STATION, 200)
    return Plateau(
        touched=float(np.trapezoid(2 * math.pi * near * np.interp(near, course.distance, per_area), near)),
        occupancy=float(occupied[0]), edge=outermost(course.distance, occupied / 0.5),
        held=float(complexes(per_area[0], receptors.affinity, receptors.per_area, CLEFT)),
    )  # fmt: skip
