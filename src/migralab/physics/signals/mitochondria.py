"""Mitochondria of a cell: turnover, sorting, docking. Kernel and numpy twin; docs/theory/mitochondria.md."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from migralab.core.kernel import kernel
from migralab.core.random import uniform_pair, uniform_pair_array

Array = NDArray[Any]
Floats = NDArray[np.float64]


class Turnover(NamedTuple):
    """Rates at which mitochondria change, 1/s, and the number towards which a cell renews them.

    Parameters
    ----------
    damage
        k_d + s: healthy to damaged, at rest and under stress together.
    mitophagy
        k_phag: damaged ones are degraded.
    renewal
        k_b: what is missing from the set number is made anew.
    number
        The set number.
    """

    damage: float
    mitophagy: float
    renewal: float
    number: float


def steady_state(law: Turnover) -> tuple[float, float]:
    """Return (healthy, damaged) at rest without export (eq-mitochondria-rest).

    Without mitophagy every mitochondrion ends up damaged; without damage none does.
    """
    if law.damage == 0.0:
        return law.number, 0.0
    if law.mitophagy == 0.0:
        return 0.0, law.number
    ratio = law.damage / law.mitophagy
    # Renewal makes what mitophagy takes: k_b (N - H - D) = k_phag D
    healthy = law.number / (1.0 + ratio * (1.0 + law.mitophagy / law.renewal)) if law.renewal > 0.0 else 0.0
    return healthy, ratio * healthy


def propagator(law: Turnover, dt: float) -> Floats:
    """Return the matrix that carries (healthy, damaged, made, degraded, 1) over `dt` s (eq-mitochondria).

    The law is linear, so this is exact: no step of its own, and made and degraded are integrated with the rest.
    """
    rate = np.zeros((5, 5))
    rate[0, 0] = -law.damage - law.renewal
    rate[0, 1] = -law.renewal
    rate[0, 4] = law.renewal * law.number
    rate[1, 0] = law.damage
    rate[1, 1] = -law.mitophagy
    rate[2] = -law.renewal, -law.renewal, 0.0, 0.0, law.renewal * law.number
    rate[3, 1] = law.mitophagy
    # Scaling and squaring: 2^-s of the step by its Taylor series, then squared s times
    squarings = max(0, math.ceil(math.log2(max(np.abs(rate).sum(axis=1).max() * dt, 1e-9))) + 4)
    small = rate * dt / 2**squarings
    term = carried = np.eye(5)
    for order in range(1, 14):
        term = term @ small / order
        carried = carried + term
    for _ in range(squarings):
        carried = carried @ carried
    return np.asarray(carried)


def peripheral_share(outward: float, inward: float, avoidance: float) -> float:
    """Return the share of mitochondria at the periphery, ``k_out/(k_out + k_in (1 - delta))`` (eq-periphery).

    0 where nothing carries them outward, also if nothing carries them inward either.
    """
    return outward / (outward + inward * (1.0 - avoidance)) if outward > 0.0 else 0.0


@kernel
def dock(key: Array, stream: np.uint64, first: Array, last: Array, cell: Array, likely: Floats, want: Floats) -> None:
    """Let at most one mitochondrion dock in each room that has opened in a vesicle (eq-docking).

    Parameters
    ----------
    key
        (n,) random keys of the vesicles; draw r belongs to room r for life.
    first, last
        (n,) rooms that were open before, and that are open now.
    cell
        (n,) row of the donor in `likely`.
    likely
        (cells, 2) mean number of healthy and damaged mitochondria that come to one room.
    want
        (n, 2) result: healthy and damaged ones that dock.
    """
    for i in range(len(key)):
        want[i, 0] = want[i, 1] = 0.0
        healthy, damaged = likely[cell[i], 0], likely[cell[i], 1]
        both = healthy + damaged
        for room in range(first[i], last[i]):
            comes, which = uniform_pair(stream, key[i], 0, room)
            if comes < -math.expm1(-both):
                want[i, 1 if which * both < damaged else 0] += 1.0


def dock_array(
    key: Array, stream: np.uint64, first: Array, last: Array, cell: Array, likely: Floats, want: Floats
) -> None:
    """Vectorised numpy twin of `dock`: one row for each room."""
    rooms = last - first
    vesicle = np.repeat(np.arange(len(key)), rooms)
    room = np.arange(len(vesicle)) - np.repeat(np.cumsum(rooms) - rooms, rooms) + first[vesicle]
    comes, which = uniform_pair_array(stream, key[vesicle], 0, room)
    healthy, damaged = likely[cell[vesicle]].T
    taken = comes < -np.expm1(-(healthy + damaged))
    is_damaged = which * (healthy + damaged) < damaged
    want[:, 0] = np.bincount(vesicle[taken & ~is_damaged], minlength=len(key))
    want[:, 1] = np.bincount(vesicle[taken & is_damaged], minlength=len(key))
