"""Builds the table of the reduced law from the full solver; docs/theory/membrane-law.md.

Each column of the table is one stiffness ratio k and one size a. It begins with the free shape, is led to the volume at
which the neck opens, and from there by continuation down to the thinnest shape and, from a thin sausage, up again.
Where several shapes hold one volume, that of least energy counts.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from migralab.physics.membrane.newton import CONVERGED, minimise
from migralab.physics.membrane.profile import FIBRE_LENGTH, FORCE, GLOBALS, Problem
from migralab.physics.membrane.starts import (
    ENERGY,
    EXTRA_PRESSURE,
    KEPT,
    STARTS,
    VOLUME,
    WIDEST,
    begin,
    describe,
)

Floats = NDArray[np.float64]

STIFFNESS = np.geomspace(1.0, 64.0, 25)
SIZE = np.geomspace(4.0, 2500.0, 27)
SHARE = 0.5 * (1.0 - np.cos(np.pi * np.linspace(0.0, 1.0, 64)))
OPENING = 0.9  # of 2 sigma / R: here the neck is about to open, and the table ends
_SPHERE = 4.0 * math.pi / 3.0
_DOMAIN, _FIBRE = 96, 96  # segments
_STEP, _LEAST_STEP = 0.04, 2e-3  # of the volume, in continuation
_WIDEST_SLEEVE = 12.0
_LONG = 400.0  # a sausage of so many radii of the fibre takes twice as many segments


class Profile(NamedTuple):
    """One shape as the solver holds it, and what is read from it."""

    psi: Floats
    radius: Floats
    shear: Floats
    whole: Floats
    fullness: float
    widest: float
    pressure: float
    energy: float

    @property
    def opening(self) -> float:
        """Pressure over 2 sigma / R, the pressure at which the neck opens without bound."""
        return self.widest * self.pressure


class TableColumn(NamedTuple):
    """One (k, a): fullness of its ends, radius / sqrt a and Pi sqrt a at its nodes, and how many were not reached."""

    low: float
    top: float
    radius: Floats
    pressure: Floats
    missing: int


class Solver:
    """Shapes of one stiffness ratio and size, by Newton steps from a neighbour.

    Parameters
    ----------
    stiffness, size
        k and a.
    """

    def __init__(self, stiffness: float, size: float) -> None:
        self.size = size
        longest = max(size / stiffness, 1.6 * math.sqrt(size))
        stretch = min(max(1.5, longest / 12.0), 20.0)  # a ball in a long sausage needs a fine middle and a fine border
        self._domain = _DOMAIN * (2 if longest > _LONG else 1)
        half = np.geomspace(1.0, stretch, self._domain // 2)
        domain, fibre = np.concatenate([half, half[::-1]]), np.geomspace(1.0, 4.0, _FIBRE)
        self._weight = np.concatenate([domain / domain.sum(), fibre / fibre.sum()])
        self._fibre = 16.0 + 2.0 * min(stiffness, math.sqrt(size))
        self._problem = Problem(
            stiffness=stiffness, domain_curvature=0.0, fibre_curvature=0.0, gaussian_jump=1.0 - stiffness,
            line_tension=0.0, tension=0.5, pressure=0.0, tube_radius=1.0, area=2.0 * math.pi * size, volume=0.0,
            half_length=0.0, holds_volume=0, holds_length=0,
        )  # fmt: skip

    def relax(self, shape: Profile, fullness: float | None, most_steps: int = 60) -> Profile | None:
        """Return the shape of least energy near another, at a fullness or free; None where there is none."""
        psi, radius, shear, whole = shape.psi.copy(), shape.radius.copy(), shape.shear.copy(), shape.whole.copy()
        problem, report, kept = self._problem, np.zeros(4), np.empty(KEPT)
        if fullness is not None:
            problem = problem._replace(volume=0.5 * fullness * _SPHERE * self.size**1.5, holds_volume=1)
        status = minimise(psi, radius, shear, self._weight, self._domain, whole, problem, most_steps, 1e-9, report)
        if status != CONVERGED or not np.isfinite(radius).all():
            return None
        describe(psi, radius, self._weight, self._domain, whole, self._problem, 2.0 * math.pi, kept)
        return Profile(
            psi, radius, shear, whole, kept[VOLUME] / (_SPHERE * self.size**1.5), kept[WIDEST], kept[EXTRA_PRESSURE],
            kept[ENERGY],
        )  # fmt: skip

    def begin(self, kind: int) -> Profile:
        """Return one of the starts of the full solver, unrelaxed."""
        n, whole = len(self._weight), np.zeros(GLOBALS)
        whole[FIBRE_LENGTH], whole[FORCE] = self._fibre, 2.0 * math.pi
        psi, radius = np.empty(n + 1), np.empty(n + 1)
        begin(self._problem, self._weight, self._domain, kind, psi, radius, whole)
        return Profile(psi, radius, np.zeros(n), whole, 0.0, 0.0, 0.0, 0.0)

    def free(self) -> Profile:
        """Return the shape without pressure, of least energy over the starts."""
        found = [self.relax(self.begin(kind), None, 150) for kind in range(STARTS)]
        return min((shape for shape in found if shape), key=lambda shape: shape.energy)

    def lead(self, shape: Profile, fullness: float) -> Profile | None:
        """Lead a shape to another volume in small steps; None where its branch ends before."""
        step = _STEP
        while shape.fullness != fullness:
            rising = fullness > shape.fullness
            to = shape.fullness * (1.0 + step) if rising else shape.fullness / (1.0 + step)
            if (to >= fullness) == rising:
                to = fullness
            new = self.relax(shape, to)
            if new is None:
                step *= 0.5
                if step < _LEAST_STEP:
                    return None
                continue
            shape = new._replace(fullness=to)
        return shape

    def fullest(self, free: Profile) -> Profile | None:
        """Return the shape whose neck is about to open, at least a closed sphere full."""
        shape = free if free.fullness > 1.0 else self.lead(free, 1.0)
        if shape is None:
            balls = (self.relax(self.begin(kind), 1.0, 150) for kind in (1, 3, 0, 2))
            shape = next((ball._replace(fullness=1.0) for ball in balls if ball), None)
        while shape is not None and shape.opening < OPENING and shape.fullness < _WIDEST_SLEEVE:
            more = self.lead(shape, shape.fullness * 1.01)
            if more is not None and more.opening >= OPENING:
                part = (OPENING - shape.opening) / (more.opening - shape.opening)
                return self.lead(shape, shape.fullness * (1.0 + 0.01 * part))
            if more is None:
                break
            shape = more
        return shape


def build_column(stiffness: float, size: float) -> TableColumn:
    """Return one column of the table."""
    solver = Solver(stiffness, size)
    free = solver.free()
    fullest = solver.fullest(free)
    top = fullest.fullness if fullest else 1.0
    low = min(1.5 * 0.95 * math.sqrt(1.0 + (stiffness / 6.0) ** 2) / math.sqrt(size), 0.4 * top)
    nodes = low + (top - low) * SHARE
    nodes[-1] = top
    radius, pressure, energy = np.full(len(nodes), np.nan), np.full(len(nodes), np.nan), np.full(len(nodes), np.inf)

    def follow(shape: Profile | None, order: Iterable[int]) -> None:
        for node in order:
            shape = solver.lead(shape, nodes[node]) if shape else None
            if shape is None:
                return
            if shape.energy < energy[node] - 1e-7 * (1.0 + abs(shape.energy)):
                radius[node], pressure[node], energy[node] = shape.widest, shape.pressure, shape.energy

    last = len(nodes) - 1
    follow(fullest, range(last, -1, -1))
    for node in range(0, last, 4):
        thin = solver.relax(solver.begin(0), nodes[node], 100)
        if thin is not None:
            thin = thin._replace(fullness=nodes[node])
            follow(thin, range(node, last + 1))
            follow(thin, range(node - 1, -1, -1))
            break
    follow(free, (node for node in range(last + 1) if nodes[node] > free.fullness))
    follow(free, (node for node in range(last, -1, -1) if nodes[node] < free.fullness))
    known = np.isfinite(radius)
    return TableColumn(
        low, top, np.interp(nodes, nodes[known], radius[known]) / math.sqrt(size),
        np.interp(nodes, nodes[known], pressure[known]) * math.sqrt(size), int((~known).sum()),
    )  # fmt: skip


def _told(axis: Floats) -> Floats:
    return np.array([math.log(axis[0]), math.log(axis[-1] / axis[0]) / (len(axis) - 1), len(axis)])


def build_table(path: Path, report: Callable[[str], None], workers: int | None = None) -> int:
    """Build the whole table, write it, and return how many of its values were not reached but interpolated.

    Parameters
    ----------
    path
        File to write, ``.npz``.
    report
        Is told a line for each stiffness ratio.
    workers
        Processes; None takes one for each core.
    """
    shape = (len(STIFFNESS), len(SIZE))
    low, top = np.empty(shape), np.empty(shape)
    radius, pressure = (np.empty((*shape, len(SHARE)), np.float32) for _ in range(2))
    missing = 0
    with ProcessPoolExecutor(workers or os.cpu_count()) as pool:
        for row, stiffness in enumerate(STIFFNESS):
            for line, column in enumerate(pool.map(build_column, [float(stiffness)] * len(SIZE), SIZE.tolist())):
                low[row, line], top[row, line] = column.low, column.top
                radius[row, line], pressure[row, line] = column.radius, column.pressure
                missing += column.missing
            report(f"k = {stiffness:.3g}: {len(SIZE)} columns, {missing} values missing so far")
    axes = [_told(axis) for axis in (STIFFNESS, SIZE)]
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(
        path, stiffness=axes[0], size=axes[1], share=SHARE, low=np.log(low), top=np.log(top),
        radius=radius, pressure=pressure,
    )  # fmt: skip
    return missing
