"""What is read from a shape and from a run: the swelling, the fibre beside it, and the stages."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from migralab.physics.membrane.flow import AREA, AX, PSI, RAD, VOL
from migralab.physics.membrane.flow_step import State

Floats = NDArray[np.float64]
BORN = 1.5  # widest radius over that of the fibre from which a swelling is one (a convention)
GONE = 1.2
ARRIVED = 1.2  # enrichment from which tetraspanin has arrived
STILL = 0.02  # relative change of radius below which it is a plateau, over the longer of two spans: the last half of
STEADY = 300.0  # the time since the swelling was born, and this many s


class Event(StrEnum):
    """What happens to a swelling."""

    BORN = "born"
    TETRASPANIN = "tetraspanin"
    PLATEAU = "plateau"
    COLLAPSE = "collapse"


@dataclass(frozen=True, slots=True)
class Stage:
    """An event: time in s, radius in um and enrichment at that time."""

    event: Event
    time: float
    radius: float
    enrichment: float


@dataclass(frozen=True, slots=True)
class Profile:
    """A shape: time in s; x, r in um and psi in rad at the nodes (n + 1,); phi in the segments (n,)."""

    time: float
    x: Floats
    r: Floats
    psi: Floats
    phi: Floats


@dataclass(frozen=True, slots=True)
class Found:
    """The widest swelling of a shape and the fibre beside it; see `Trajectory`."""

    node: int
    radius: float
    fibre_radius: float
    volume: float
    area: float
    occupancy: float
    fibre_occupancy: float
    count: int


def measure(state: State, weights: Floats) -> Found:
    """Return the widest swelling: from its widest node to the necks on both sides.

    A neck is where the radius has fallen within 15 % of the fibre's or rises again. The fibre's radius is the median of
    the narrow half of the arc length.
    """
    y = state.y
    r, phi = y[:, RAD], state.phi
    n = weights.size
    fibre = float(np.median(np.sort(r)[: n // 2]))
    peak = int(np.argmax(r))
    left, right = peak, peak
    while left > 0 and r[left - 1] <= r[left] and r[left] > 1.15 * fibre:
        left -= 1
    while right < n and r[right + 1] <= r[right] and r[right] > 1.15 * fibre:
        right += 1
    if left == right:
        right, left = (right + 1, left) if right < n else (right, left - 1)
    both = 2.0 if left == 0 or right == n else 1.0  # the other half lies beyond a mirror plane
    narrow = 0.5 * (r[1:] + r[:-1]) <= 1.1 * fibre
    held = np.diff(y[:, AREA])
    area = float(y[right, AREA] - y[left, AREA])
    swelling = float(state.tetraspanin[right] - state.tetraspanin[left])
    peaks = (r[1:-1] > r[:-2]) & (r[1:-1] >= r[2:]) & (r[1:-1] > BORN * fibre)
    count = int(peaks.sum()) + int(r[0] > r[1] and r[0] > BORN * fibre) + int(r[-1] > r[-2] and r[-1] > BORN * fibre)
    return Found(
        peak, float(r[peak]), fibre, both * float(y[right, VOL] - y[left, VOL]), both * area, swelling / area,
        float(np.sum((held * phi)[narrow]) / np.sum(held[narrow])) if narrow.any() else float(phi.mean()), count,
    )  # fmt: skip


def overhangs(state: State) -> bool:
    """Return whether the profile turns back on itself, as a swelling does that is too long for its place."""
    return bool(np.abs(state.y[:, PSI]).max() >= 0.5 * np.pi)


def crowds_end(state: State) -> bool:
    """Return whether something twice as wide as the fibre is within five of its radii of the far end."""
    y = state.y
    close = y[:, AX] > y[-1, AX] - 5.0 * y[-1, RAD]
    return bool(y[close, RAD].max() > 2.0 * y[-1, RAD])


def stages(table: Floats) -> tuple[Stage, ...]:
    """Return the events of a run, from its table of rows (see `Trajectory` for the columns).

    A plateau is told only of a swelling that changed by less than `STILL` over half of its life and over `STEADY` s.
    """
    time, radius, fibre, inside, outside = table[:, 0], table[:, 1], table[:, 2], table[:, 5], table[:, 6]
    ratio = radius / fibre
    rich = np.where(outside > 0.0, inside / np.maximum(outside, 1e-300), np.nan)
    found: list[Stage] = []

    def add(event: Event, i: int) -> None:
        found.append(Stage(event, float(time[i]), float(radius[i]), float(rich[i])))

    born = np.flatnonzero(ratio > BORN)
    if born.size == 0:
        return ()
    first = int(born[0])
    add(Event.BORN, first)
    gone = np.flatnonzero(ratio[first:] < GONE)
    last = first + int(gone[0]) if gone.size else len(time) - 1
    arrived = np.flatnonzero(rich[first : last + 1] > ARRIVED)
    if arrived.size:
        add(Event.TETRASPANIN, first + int(arrived[0]))
    if gone.size:
        add(Event.COLLAPSE, last)
        return tuple(found)
    life = float(time[-1] - time[first])
    tail = np.flatnonzero(time >= time[-1] - max(0.5 * life, STEADY))
    if life >= STEADY and tail.size > 1 and np.ptp(radius[tail]) < STILL * radius[-1]:
        settled = np.flatnonzero(np.abs(radius - radius[-1]) > STILL * radius[-1])
        add(Event.PLATEAU, int(settled[-1]) + 1 if settled.size else first)
    return tuple(sorted(found, key=lambda stage: stage.time))
