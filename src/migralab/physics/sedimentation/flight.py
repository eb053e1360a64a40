"""Particles in a gradient: mean way and variance of each, cell by cell. Kernel and twin; SI; docs/theory/isolation.md.

Between two nodes of the grid the velocity of a particle is taken as linear in r. Then the way through a cell, the time
to its border and the variance have closed forms, so a step may be as long as the gradient stays the same: a particle
that has found its density costs one exponential per step, however stiff its return to it is.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numba import prange
from numpy.typing import NDArray

from migralab.core.kernel import kernel, parallel_kernel, plain
from migralab.physics.sedimentation.particle import excess_density, spread_factor

Floats = NDArray[np.float64]
Word = Any  # a float, or an array of them

_STILL = 1e-30  # m/s; below it nothing moves in the age of the Earth
_FAR = 1e300  # s


class Particles(NamedTuple):
    """Spheres: diameter at rest (m), `phi`, `matter` (kg/m3) and `leaky` (0 or 1) of `excess_density`; (n,) each."""

    diameter: Floats
    phi: Floats
    matter: Floats
    leaky: Floats


class Column(NamedTuple):
    """The medium along the tube: radii (m,) of the nodes, evenly spaced; (k, m) in k spells of time, s, (k,)."""

    radii: Floats
    density: Floats
    viscosity: Floats
    kept: Floats  # share of its volume that a lumen keeps
    spells: Floats


@kernel
def grown(x: float) -> float:
    """Return ``(exp(x) - 1) / x``."""
    return 1.0 + 0.5 * x if abs(x) < 1e-8 else math.expm1(x) / x


@kernel
def velocity(
    d: float, phi: float, matter: float, leaky: float, rho: float, eta: float, x: float, r: float,
    speed: float, lumen: float, water: float,
) -> float:  # fmt: skip
    """Return dr/dt of a particle, m/s (eq-settling); the drag is that of its shrunken size."""
    excess = excess_density(phi, matter, leaky, rho, x, lumen, water)
    size = 1.0 + (1.0 - leaky) * (1.0 - phi) * (x - 1.0)
    if size != 1.0:
        size = size ** (1.0 / 3.0)
    found: float = d * d * excess * speed * speed * r / (18.0 * eta * size)
    return found


@kernel
def fly(
    d: float, phi: float, matter: float, leaky: float, start: float, column: Column, speed: float, heat: float,
    lumen: float, water: float,
) -> tuple[float, float]:  # fmt: skip
    """Return mean place (m) and variance (m2) of one particle; infinite place: it has reached the bottom."""
    radii, density, viscosity, kept, spells = column
    h, last = radii[1] - radii[0], len(radii) - 2
    r, var = start, 0.0
    i = min(max(int((r - radii[0]) / h), 0), last)
    for k in range(len(spells)):
        left = spells[k]
        rho, eta, x = density[k], viscosity[k], kept[k]
        low = velocity(d, phi, matter, leaky, rho[i], eta[i], x[i], radii[i], speed, lumen, water)
        j = i + 1
        high = velocity(d, phi, matter, leaky, rho[j], eta[j], x[j], radii[j], speed, lumen, water)
        while True:
            slope = (high - low) / h
            v = low + slope * (r - radii[i])
            diffusion = heat / (0.5 * (eta[i] + eta[i + 1]) * d)
            ahead = high if v > 0.0 else low
            way = (radii[i + 1] if v > 0.0 else radii[i]) - r
            leaves = _FAR
            if abs(v) > _STILL and v * ahead > 0.0:
                leaves = way / v if abs(slope * way) < 1e-9 * abs(v) else math.log(ahead / v) / slope
            spent = min(leaves, left)
            turn = slope * spent
            var = var * math.exp(2.0 * turn) + 2.0 * diffusion * spent * grown(2.0 * turn)
            if leaves >= left:
                r += v * spent * grown(turn)
                break
            left -= spent
            if v > 0.0:
                if i == last:
                    return np.inf, 0.0
                r, low, i = radii[i + 1], high, i + 1
                j = i + 1
                high = velocity(d, phi, matter, leaky, rho[j], eta[j], x[j], radii[j], speed, lumen, water)
            else:
                r = radii[i]
                if i == 0:  # pressed against the meniscus: an exponential layer D / |v| thick
                    var = (diffusion / low) ** 2
                    break
                high, i = low, i - 1
                low = velocity(d, phi, matter, leaky, rho[i], eta[i], x[i], radii[i], speed, lumen, water)
    return r, var


@parallel_kernel
def fly_all(
    particles: Particles, start: Floats, column: Column, speed: float, heat: float, lumen: float, water: float,
    mean: Floats, variance: Floats,
) -> None:  # fmt: skip
    """Fill mean place and variance of every particle (eq-flight).

    Parameters
    ----------
    start
        (n,), m.
    speed
        Angular speed, 1/s.
    heat
        ``k T / (3 pi)``, J.
    lumen, water
        Densities of `excess_density`.
    """
    d, phi, matter, leaky = particles
    for n in prange(len(start)):
        mean[n], variance[n] = fly(d[n], phi[n], matter[n], leaky[n], start[n], column, speed, heat, lumen, water)


def fly_all_array(
    particles: Particles, start: Floats, column: Column, speed: float, heat: float, lumen: float, water: float,
    mean: Floats, variance: Floats,
) -> None:  # fmt: skip
    """Vectorised numpy twin of `fly_all`: all particles go on together, each to the next border of a cell."""
    radii, h, last = column.radii, column.radii[1] - column.radii[0], len(column.radii) - 2
    r, var = start.copy(), np.zeros(len(start))
    i = np.clip(((r - radii[0]) / h).astype(int), 0, last)

    def speed_at(k: int, node: NDArray[np.int64], who: NDArray[np.int64]) -> Floats:
        d, phi, matter, leaky = (values[who] for values in particles)
        x, rho, eta = column.kept[k, node], column.density[k, node], column.viscosity[k, node]
        excess = plain(excess_density)(phi, matter, leaky, rho, x, lumen, water)
        size = (1.0 + (1.0 - leaky) * (1.0 - phi) * (x - 1.0)) ** (1.0 / 3.0)
        return np.asarray(d * d * excess * speed * speed * radii[node] / (18.0 * eta * size))

    for k, spell in enumerate(column.spells):
        left = np.where(np.isfinite(r), spell, 0.0)
        on = np.flatnonzero(left > 0.0)
        while len(on):
            here, node = r[on], i[on]
            low, high = speed_at(k, node, on), speed_at(k, node + 1, on)
            slope = (high - low) / h
            v = low + slope * (here - radii[node])
            eta = 0.5 * (column.viscosity[k, node] + column.viscosity[k, node + 1])
            diffusion = heat / (eta * particles.diameter[on])
            ahead = np.where(v > 0.0, high, low)
            way = np.where(v > 0.0, radii[node + 1], radii[node]) - here
            goes = (np.abs(v) > _STILL) & (v * ahead > 0.0)
            straight = np.abs(slope * way) < 1e-9 * np.abs(v)
            safe = np.where(goes, v, 1.0)
            bent = np.log(np.where(goes, ahead, 1.0) / safe) / np.where(straight | ~goes, 1.0, slope)
            leaves = np.where(goes, np.where(straight, way / safe, bent), _FAR)
            spent = np.minimum(leaves, left[on])
            turn = slope * spent
            var[on] = var[on] * np.exp(2.0 * turn) + 2.0 * diffusion * spent * spread_factor(2.0 * turn)
            stays = leaves >= left[on]
            down, at_top = ~stays & (v > 0.0), ~stays & (v <= 0.0) & (node == 0)
            moved = here + v * spent * spread_factor(turn)
            r[on] = np.where(stays, moved, np.where(down, radii[node + 1], radii[node]))
            var[on[at_top]] = (diffusion[at_top] / low[at_top]) ** 2
            left[on] = np.where(stays | at_top, 0.0, left[on] - spent)
            sunk = on[down & (node == last)]
            i[on] = np.clip(np.where(down, node + 1, np.where(stays | at_top, node, node - 1)), 0, last)
            r[sunk], var[sunk], left[sunk] = np.inf, 0.0, 0.0
            on = on[left[on] > 0.0]
    mean[...], variance[...] = r, var
