"""One look of a cell at a cue: receptors go in and come back, and what is left tells of it; docs/theory/receptors.md.

`look_array` is the place to read: it puts the laws of `receptors` and `surface` together on whole arrays. `look` is the
same in one loop over cells.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numba import prange
from numpy.typing import NDArray

from migralab.core.kernel import kernel, parallel_kernel
from migralab.physics.recipients.receptors import (
    LEAST_FREE,
    Traffic,
    halves,
    internalise,
    noise_of,
    occupancy,
    scavenging,
)
from migralab.physics.recipients.surface import CLEFT, Patch, hold

Array = NDArray[Any]
Floats = NDArray[np.float64]

NUMBER, AFFINITY, DRIVEN, CONSTITUTIVE, BACK = range(5)
"""Columns of the law of each population: R_T, K (molecules/um3), k_in, k_c and k_back (1/s)."""

_LEAST_AREA = 1e-12  # um2: no contact at all
_CHUNK = 512  # cells that one thread looks after in one go


class Presented(NamedTuple):
    """What is presented to each cell; all have one row per cell.

    Parameters
    ----------
    alive, population
        Who looks, and by which law.
    ligand, gradient
        Free cue, molecules/um3 and (n, 2) molecules/um4.
    ground, ground_gradient
        Cue on the ground, 1/um2 and (n, 2) 1/um3.
    touched, touched_area, touched_pull
        Cue on vesicles where they touch it, molecules, um2, and (n, 2) molecules.
    """

    alive: Array
    population: Array
    ligand: Floats
    gradient: Floats
    ground: Floats
    ground_gradient: Floats
    touched: Floats
    touched_area: Floats
    touched_pull: Floats


class Seen(NamedTuple):
    """What comes out, in place: `surface` and `inside` go on, the rest is set, `cleared` is added to.

    Parameters
    ----------
    surface, inside
        Receptors.
    occupancy, steepness
        Share of receptors at the surface that hold a cue; length of the gradient of the free cue.
    difference, noise, memory, arrival
        As in `chemotaxis.Sensed`.
    cleared
        Medium that the cell frees of the cue, um3/s.
    """

    surface: Floats
    inside: Floats
    occupancy: Floats
    steepness: Floats
    difference: Floats
    noise: Floats
    memory: Floats
    arrival: Floats
    cleared: Floats


class Setting(NamedTuple):
    """What is the same for all cells: antagonist (a), k_r (1/s), D (um2/s), l (um), and the step (s)."""

    antagonist: float
    off_rate: float
    diffusivity: float
    length: float
    dt: float


@kernel
def _pairs(rho: float, sigma: float, affinity: float) -> float:
    """Return the density of pairs, 1/um2 (eq-pairs)."""
    whole = rho + sigma + affinity
    if whole <= 0.0:
        return 0.0
    return 2.0 * rho * sigma / (whole + math.sqrt(max(whole * whole - 4.0 * rho * sigma, 0.0)))


@kernel
def _spread(rho: float, sigma: float, pairs: float) -> float:
    room = rho * sigma - pairs * pairs
    return pairs * (max(rho - pairs, 0.0) * max(sigma - pairs, 0.0)) / room if room > 0.0 else 0.0


@kernel
def _held(
    molecules: float, area: float, px: float, py: float, rho: float, affinity: float, free: float
) -> tuple[float, float, float, float]:
    """Return (pairs, difference along x, along y, variance) of one patch (eq-held)."""
    if molecules <= 0.0:
        return 0.0, 0.0, 0.0, 0.0
    area = max(area, _LEAST_AREA)
    sigma, length = molecules / area, math.sqrt(px * px + py * py)
    off = min(length / area, sigma)
    front, rear = _pairs(rho, sigma + off, affinity), _pairs(rho, sigma - off, affinity)
    more = 0.5 * area * (front - rear) * free
    variance = 0.5 * area * (_spread(rho, sigma + off, front) + _spread(rho, sigma - off, rear)) * free
    if length > 0.0:
        return 0.5 * area * (front + rear), more * px / length, more * py / length, variance
    return 0.5 * area * (front + rear), 0.0, 0.0, variance


@kernel
def _look_one(seen: Seen, presented: Presented, i: int, own: Floats, setting: Setting) -> None:
    affinity, length = own[AFFINITY], setting.length
    half = affinity * (1.0 + setting.antagonist)
    c = max(presented.ligand[i], 0.0)
    p = c / (half + c)
    whole = seen.surface[i] + seen.inside[i]
    surface = own[NUMBER] * (seen.surface[i] / whole if whole > 0.0 else 1.0)
    rate = own[DRIVEN] * p + own[CONSTITUTIVE] + own[BACK]
    if rate > 0.0:
        settled = own[NUMBER] * (own[BACK] / rate)
        surface = settled + (surface - settled) * math.exp(-rate * setting.dt)
    gx, gy = presented.gradient[i, 0], presented.gradient[i, 1]
    steep = math.sqrt(gx * gx + gy * gy)
    more = 0.0
    if steep > 0.0:
        off = steep * length / 4
        front, rear = max(presented.ligand[i] + off, 0.0), max(presented.ligand[i] - off, 0.0)
        more = 0.5 * surface * (front / (half + front) - rear / (half + rear)) / steep
    dx, dy = more * gx, more * gy
    variance = surface * p * (1.0 - p)
    arrival = 0.0
    if setting.diffusivity > 0.0 and c > 0.0:
        arrival = variance * variance / (4.0 * setting.diffusivity * length / 2 * c)
    # The cell is taken as a sphere; what lies on the ground meets the disc below it
    rho = surface / (math.pi * length * length)
    rivals = CLEFT * affinity * (1.0 + setting.antagonist + presented.ligand[i] / affinity)
    disc = math.pi / 4 * length * length
    lean = 0.25 * length * disc
    pairs, ex, ey, spread = _held(
        disc * presented.ground[i], disc, lean * presented.ground_gradient[i, 0],
        lean * presented.ground_gradient[i, 1], rho, rivals, 1.0 - p,
    )  # fmt: skip
    touch, fx, fy, spread2 = _held(
        presented.touched[i], presented.touched_area[i], presented.touched_pull[i, 0], presented.touched_pull[i, 1],
        rho, rivals, 1.0 - p,
    )  # fmt: skip
    share = (pairs + touch) / surface if surface > 0.0 else 0.0
    seen.surface[i], seen.inside[i] = surface, own[NUMBER] - surface
    seen.occupancy[i], seen.steepness[i] = p + (1.0 - p) * share, steep
    seen.difference[i, 0], seen.difference[i, 1] = dx + ex + fx, dy + ey + fy
    seen.noise[i], seen.memory[i] = math.sqrt(variance + spread + spread2), max(1.0 - p, LEAST_FREE) / setting.off_rate
    seen.arrival[i] = arrival
    # Receptors that hold a cue on a surface stay: what is held there is not theirs to take in
    seen.cleared[i] += own[DRIVEN] * surface / (half + c)


@kernel
def _look_range(seen: Seen, presented: Presented, law: Floats, setting: Setting, first: int, last: int) -> None:
    for i in range(first, last):
        if presented.alive[i]:
            _look_one(seen, presented, i, law[presented.population[i]], setting)
        else:
            seen.occupancy[i] = seen.steepness[i] = seen.noise[i] = seen.arrival[i] = 0.0
            seen.difference[i, 0] = seen.difference[i, 1] = 0.0
            seen.memory[i] = 1.0


@parallel_kernel
def look(seen: Seen, presented: Presented, law: Floats, setting: Setting) -> None:
    """Let every living cell look for a step; who is not there senses nothing.

    Parameters
    ----------
    law
        (populations, 5): see `NUMBER` and so on.
    """
    cells = len(presented.population)
    for chunk in prange((cells + _CHUNK - 1) // _CHUNK):
        _look_range(seen, presented, law, setting, chunk * _CHUNK, min((chunk + 1) * _CHUNK, cells))


def look_array(seen: Seen, presented: Presented, law: Floats, setting: Setting) -> None:
    """Vectorised numpy twin of `look`."""
    rows = np.flatnonzero(presented.alive)
    own, length, blocked = law[presented.population[rows]].T, setting.length, setting.antagonist
    ligand, gradient = presented.ligand[rows], presented.gradient[rows]
    occupied = occupancy(ligand, own[AFFINITY], blocked)
    # A cell that became one of another population has other receptors; the share inside stays
    whole = seen.surface[rows] + seen.inside[rows]
    before = own[NUMBER] * np.divide(seen.surface[rows], whole, out=np.ones_like(whole), where=whole > 0.0)
    traffic = Traffic(own[DRIVEN], own[CONSTITUTIVE], own[BACK])
    surface = internalise(before, own[NUMBER], occupied, traffic, setting.dt)
    noise = noise_of(surface, ligand, occupied, setting.off_rate, setting.diffusivity, length)
    difference, variance = halves(surface, ligand, gradient, own[AFFINITY], length, blocked), noise.snapshot**2
    disc, paired = np.pi / 4 * length**2, np.zeros(len(rows))
    ground = Patch(
        disc * presented.ground[rows], np.full(len(rows), disc), 0.25 * length * disc * presented.ground_gradient[rows]
    )
    touched = Patch(presented.touched[rows], presented.touched_area[rows], presented.touched_pull[rows])
    for patch in (ground, touched):
        held = hold(
            patch, surface / (np.pi * length**2), CLEFT * own[AFFINITY] * (1.0 + blocked + ligand / own[AFFINITY]),
            occupied,
        )  # fmt: skip
        paired += held.pairs
        variance += held.variance
        difference += held.difference
    share = np.divide(paired, surface, out=np.zeros_like(paired), where=surface > 0.0)
    for out, values, fill in (
        (seen.occupancy, occupied + (1.0 - occupied) * share, 0.0),
        (seen.steepness, np.hypot(gradient[:, 0], gradient[:, 1]), 0.0),
        (seen.difference, difference, 0.0),
        (seen.noise, np.sqrt(variance), 0.0),
        (seen.memory, noise.memory, 1.0),
        (seen.arrival, noise.arrival, 0.0),
    ):
        out[...] = fill
        out[rows] = values
    seen.surface[rows], seen.inside[rows] = surface, own[NUMBER] - surface
    seen.cleared[rows] += scavenging(surface, ligand, own[AFFINITY], own[DRIVEN], blocked)
