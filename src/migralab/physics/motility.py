"""Persistent random walk with moving and resting states. Kernel and numpy twin; theory in docs/theory/motility.md."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import prange
from numpy.typing import NDArray

from migralab.core.kernel import kernel, parallel_kernel
from migralab.core.random import exponential, exponential_array, normal_pair, normal_pair_array

Array = NDArray[Any]
Floats = NDArray[np.float64]

_HEADING, _SWITCH = 0, 1  # what a draw is for


@kernel
def moving_time(
    state: bool, left: float, switches: int, rates: tuple[float, float], dt: float, stream: np.uint64, key:
    np.uint64,
) -> tuple[float, bool, float, int]:  # fmt: skip
    """Return (seconds moved in dt, new state, threshold left, switches): the exact two-state process."""
    moved, rest = 0.0, dt
    while rest > 0.0:
        rate = rates[1] if state else rates[0]
        wait = left / rate if rate > 0.0 else math.inf
        if wait > rest:
            left -= rate * rest
            moved += rest if state else 0.0
            break
        moved += wait if state else 0.0
        rest -= wait
        state = not state
        switches += 1
        left = exponential(stream, key, switches, _SWITCH)
    return moved, state, left, switches


@parallel_kernel
def walk(
    heading: Array,
    speed: Array,
    moving: Array,
    left: Array,
    switches: Array,
    velocity: Array,
    key: Array,
    stream: np.uint64,
    count: int,
    dt: float,
    persistence: float,
    start: float,
    stop: float,
) -> None:
    """Advance headings and moving states by dt and add to `velocity` (eq-walk).

    Parameters
    ----------
    heading
        (n, 2) unit vectors, changed in place.
    speed
        (n,) um/s.
    moving, left, switches
        (n,) state, threshold left until the next switch, number of switches so far; changed in place.
    velocity
        (n, 2) um/s, added to.
    key
        (n,) lineage keys.
    stream, count
        Random stream and number of the call.
    dt, persistence
        s.
    start, stop
        Rates of starting and stopping to move, 1/s.
    """
    rates = (start, stop)
    for i in prange(len(speed)):
        moved, moving[i], left[i], switches[i] = moving_time(moving[i], left[i], switches[i], rates, dt, stream, key[i])
        if moved == 0.0:  # at rest all the while: no turn either
            continue
        noise, bridge = normal_pair(stream, key[i], count, _HEADING)
        turn = math.sqrt(2.0 * moved / persistence) * noise
        hx, hy = heading[i, 0], heading[i, 1]
        # The displacement takes the heading at the middle of the step, half the turn and the noise of a Brownian
        # bridge: with half the turn alone the long-time MSD would be too large by dt / 2P
        half = 0.5 * turn + math.sqrt(0.5 * moved / persistence) * bridge
        c, s = math.cos(half), math.sin(half)
        velocity[i, 0] += speed[i] * moved / dt * (hx * c - hy * s)
        velocity[i, 1] += speed[i] * moved / dt * (hx * s + hy * c)
        c, s = math.cos(turn), math.sin(turn)
        ex, ey = hx * c - hy * s, hx * s + hy * c
        norm = math.sqrt(ex * ex + ey * ey)
        heading[i, 0], heading[i, 1] = ex / norm, ey / norm


def walk_array(
    heading: Array,
    speed: Array,
    moving: Array,
    left: Array,
    switches: Array,
    velocity: Array,
    key: Array,
    stream: np.uint64,
    count: int,
    dt: float,
    persistence: float,
    start: float,
    stop: float,
) -> None:
    """Vectorised numpy twin of `walk`."""
    rest = np.full(len(speed), dt)
    moved = np.zeros(len(speed))
    while True:
        rate = np.where(moving, stop, start)
        wait = np.where(rate > 0, left / np.where(rate > 0, rate, 1.0), np.inf)
        flips = (wait <= rest) & (rest > 0)
        spent = np.minimum(wait, rest)
        moved += np.where(moving, spent, 0.0)
        left[...] = np.where(rest > 0, left - rate * spent, left)
        rest = rest - spent
        if not flips.any():
            break
        moving[flips] = ~moving[flips]
        switches[flips] += 1
        left[flips] = exponential_array(stream, key[flips], switches[flips].astype(np.uint64), _SWITCH)
    noise, bridge = normal_pair_array(stream, key, count, _HEADING)
    turn = np.sqrt(2.0 * moved / persistence) * noise
    velocity += (speed * moved / dt)[:, None] * rotate(
        heading, 0.5 * turn + np.sqrt(0.5 * moved / persistence) * bridge
    )
    end = rotate(heading, turn)
    heading[...] = end / np.linalg.norm(end, axis=1)[:, None]


def rotate(vectors: Floats, angle: Floats) -> Floats:
    """Return (n, 2) vectors turned by (n,) angles."""
    c, s = np.cos(angle), np.sin(angle)
    return np.column_stack([vectors[:, 0] * c - vectors[:, 1] * s, vectors[:, 0] * s + vectors[:, 1] * c])


def mean_squared_displacement(t: Floats, speed: float, persistence: float) -> Floats:
    """Return the exact mean squared displacement of the walk without rest, um2 (Fuerth 1920; eq-msd)."""
    ratio = np.asarray(t, np.float64) / persistence
    return 2.0 * (speed * persistence) ** 2 * (ratio - 1.0 + np.exp(-ratio))
