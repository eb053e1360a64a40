"""Persistent random walk with moving and resting states. Kernel and numpy twin; theory in docs/theory/motility.md."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numba import prange
from numpy.typing import NDArray

from migralab.core.kernel import kernel, parallel_kernel
from migralab.core.random import cos_sin, exponential, exponential_array, normal_pair, normal_pair_array

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


@kernel
def turn_towards(hx: float, hy: float, bx: float, by: float, time: float) -> tuple[float, float]:
    """Return the unit vector h after ``d theta/dt = h x b`` has acted for a time: exact for constant b (eq-turning)."""
    strength = math.sqrt(bx * bx + by * by)
    if strength == 0.0:
        return hx, hy
    ux, uy = bx / strength, by / strength
    # tan(half the angle to b) falls exponentially; written without a quotient that could vanish
    across = (hx * uy - hy * ux) * math.exp(-strength * time)
    along = 1.0 + hx * ux + hy * uy
    norm = across * across + along * along
    if norm == 0.0:  # exactly away from b: nothing says to which side
        return hx, hy
    c, s = (along * along - across * across) / norm, 2.0 * across * along / norm
    return ux * c + uy * s, uy * c - ux * s


class Walkers(NamedTuple):
    """Columns of the cells that the walk reads; all have one row per cell.

    Parameters
    ----------
    alive, population, enters
        Who walks, by which law, and since when the cell is there, s.
    own_speed, speed_factor, speed_set, persistence_set
        Factors on the speed of the law, and on its persistence.
    turning
        (n, 2) vector b towards which the heading turns, 1/s.
    key
        Lineage key.
    """

    alive: Array
    population: Array
    enters: Floats
    own_speed: Floats
    speed_factor: Floats
    speed_set: Floats
    persistence_set: Floats
    turning: Floats
    key: Array


SPEED, PERSISTENCE, START, STOP, SPREADING = range(5)
"""Columns of the law of each population: um/s, s, 1/s, 1/s, s."""


@parallel_kernel
def walk(
    heading: Floats, moving: Array, left: Floats, switches: Array, stride: Floats, cells: Walkers, law: Floats,
    stream: np.uint64, count: int, end: float, dt: float,
) -> None:  # fmt: skip
    """Advance headings and moving states by dt and set the mean velocity of the step, `stride` (eq-walk).

    Parameters
    ----------
    heading
        (n, 2) unit vectors, changed in place.
    moving, left, switches
        (n,) state, threshold left until the next switch, number of switches so far; changed in place.
    stride
        (n, 2) um/s, set.
    law
        (populations, 5): see `SPEED` and so on.
    stream, count
        Random stream and number of the call.
    end, dt
        Time at the end of the step, and its length, s.
    """
    for i in prange(len(heading)):
        stride[i, 0] = stride[i, 1] = 0.0
        if not cells.alive[i]:
            continue
        k = cells.population[i]
        there = min(max(end - cells.enters[i] - law[k, SPREADING], 0.0), dt)
        if there == 0.0:
            continue
        rates = (law[k, START], law[k, STOP])
        moved, moving[i], left[i], switches[i] = moving_time(
            moving[i], left[i], switches[i], rates, there, stream, cells.key[i]
        )
        if moved == 0.0:  # at rest all the while: no turn either
            continue
        speed = law[k, SPEED] * cells.own_speed[i] * cells.speed_factor[i] * cells.speed_set[i]
        persistence = law[k, PERSISTENCE] * cells.persistence_set[i]
        noise, bridge = normal_pair(stream, cells.key[i], count, _HEADING)
        turn = math.sqrt(2.0 * moved / persistence) * noise
        bx, by = cells.turning[i, 0], cells.turning[i, 1]
        # Half of the drift, the noise, the other half
        hx, hy = turn_towards(heading[i, 0], heading[i, 1], bx, by, 0.5 * moved)
        # The displacement takes the heading at the middle of the step, half the turn and the noise of a Brownian
        # bridge: with half the turn alone the long-time MSD would be too large by dt / 2P
        half = 0.5 * turn + math.sqrt(0.5 * moved / persistence) * bridge
        c, s = cos_sin(half)
        stride[i, 0] = speed * moved / dt * (hx * c - hy * s)
        stride[i, 1] = speed * moved / dt * (hx * s + hy * c)
        c, s = cos_sin(turn)
        ex, ey = turn_towards(hx * c - hy * s, hx * s + hy * c, bx, by, 0.5 * moved)
        norm = math.sqrt(ex * ex + ey * ey)
        heading[i, 0], heading[i, 1] = ex / norm, ey / norm


def walk_array(
    heading: Floats, moving: Array, left: Floats, switches: Array, stride: Floats, cells: Walkers, law: Floats,
    stream: np.uint64, count: int, end: float, dt: float,
) -> None:  # fmt: skip
    """Vectorised numpy twin of `walk`."""
    own = law[cells.population]
    rest = np.clip(end - cells.enters - own[:, SPREADING], 0.0, dt) * cells.alive
    moved = np.zeros(len(rest))
    while True:
        rate = np.where(moving, own[:, STOP], own[:, START])
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
        left[flips] = exponential_array(stream, cells.key[flips], switches[flips].astype(np.uint64), _SWITCH)
    speed = own[:, SPEED] * cells.own_speed * cells.speed_factor * cells.speed_set
    persistence = own[:, PERSISTENCE] * cells.persistence_set
    noise, bridge = normal_pair_array(stream, cells.key, count, _HEADING)
    turn = np.sqrt(2.0 * moved / persistence) * noise
    start = turn_towards_array(heading, cells.turning, 0.5 * moved)
    middle = rotate(start, 0.5 * turn + np.sqrt(0.5 * moved / persistence) * bridge)
    stride[...] = (speed * moved / dt)[:, None] * middle
    end_heading = turn_towards_array(rotate(start, turn), cells.turning, 0.5 * moved)
    heading[...] = end_heading / np.linalg.norm(end_heading, axis=1)[:, None]


def turn_towards_array(heading: Floats, turning: Floats, time: Floats) -> Floats:
    """Vectorised numpy twin of `turn_towards`: (n, 2) unit vectors and vectors b (1/s), (n,) s."""
    strength = np.hypot(turning[:, 0], turning[:, 1])
    unit = np.divide(turning, strength[:, None], out=np.zeros_like(turning), where=strength[:, None] > 0)
    across = (heading[:, 0] * unit[:, 1] - heading[:, 1] * unit[:, 0]) * np.exp(-strength * time)
    along = 1.0 + (heading * unit).sum(axis=1)
    norm = across**2 + along**2
    turns = (strength > 0) & (norm > 0)
    norm = np.where(turns, norm, 1.0)
    turned = rotate(unit, -np.arctan2(2.0 * across * along / norm, (along**2 - across**2) / norm))
    return np.where(turns[:, None], turned, heading)


@parallel_kernel
def move(position: Floats, velocity: Floats, stride: Floats, alive: Array, dt: float) -> None:
    """Move the living by ``dt (velocity + stride)``, (n, 2) um and um/s; what has not come in yet stays where it is."""
    for i in prange(len(position)):
        if alive[i]:
            position[i, 0] += dt * (velocity[i, 0] + stride[i, 0])
            position[i, 1] += dt * (velocity[i, 1] + stride[i, 1])


def move_array(position: Floats, velocity: Floats, stride: Floats, alive: Array, dt: float) -> None:
    """Vectorised numpy twin of `move`."""
    position += np.where(alive[:, None], dt * (velocity + stride), 0.0)


@parallel_kernel
def turn_back(position: Floats, heading: Floats, width: float, height: float, confines: Array) -> None:
    """Put cells beyond the walls of a box from (0, 0) onto them and reflect their headings, as light is, in place.

    Parameters
    ----------
    width, height
        Of the box, um.
    confines
        (2,) whether the walls at the ends of x and y hold cells back.
    """
    for i in prange(len(position)):
        x, y = position[i, 0], position[i, 1]
        nx = (-1.0 if x < 0.0 else 1.0 if x > width else 0.0) if confines[0] else 0.0
        ny = (-1.0 if y < 0.0 else 1.0 if y > height else 0.0) if confines[1] else 0.0
        if nx == 0.0 and ny == 0.0:
            continue
        if nx != 0.0:
            position[i, 0] = 0.0 if nx < 0.0 else width
        if ny != 0.0:
            position[i, 1] = 0.0 if ny < 0.0 else height
        length = math.sqrt(nx * nx + ny * ny)  # in a corner the wall stands across
        nx, ny = nx / length, ny / length
        outward = max(nx * heading[i, 0] + ny * heading[i, 1], 0.0)
        heading[i, 0] -= 2.0 * outward * nx
        heading[i, 1] -= 2.0 * outward * ny


def rotate(vectors: Floats, angle: Floats) -> Floats:
    """Return (n, 2) vectors turned by (n,) angles."""
    c, s = np.cos(angle), np.sin(angle)
    return np.column_stack([vectors[:, 0] * c - vectors[:, 1] * s, vectors[:, 0] * s + vectors[:, 1] * c])


def mean_squared_displacement(t: Floats, speed: float, persistence: float) -> Floats:
    """Return the exact mean squared displacement of the walk without rest, um2 (Fuerth 1920; eq-msd)."""
    ratio = np.asarray(t, np.float64) / persistence
    return 2.0 * (speed * persistence) ** 2 * (ratio - 1.0 + np.exp(-ratio))
