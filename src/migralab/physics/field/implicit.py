"""Implicit finite volumes: diffusion with obstacles, uneven diffusivity and sinks of any strength.

Theory: docs/theory/field-implicit.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from migralab.core.kernel import threads_for
from migralab.physics.field.conjugate import conjugate_gradients, settle
from migralab.physics.field.grid import Floats, Grid
from migralab.physics.field.multigrid import fill, levels_needed, make_levels

GAMMA = 1 - math.sqrt(0.5)
"""The coefficient that makes the two stages second order and L-stable (eq-sdirk)."""

MOST_ITERATIONS = 500  # 5 to 30 are usual, so this many mean that something is wrong
NOISE = 10.0  # negatives below this many solver tolerances of the highest concentration are the solver's noise

Varying = Floats | tuple[Floats, Floats] | None


class Advance(NamedTuple):
    """What one step did. Amounts are molecules over the step; they add up to rounding (eq-budget).

    ``volume * sum(after - before) = supplied - decayed - sum(taken) - left``
    """

    concentration: Floats
    """After the step, molecules/um3, a new array."""
    supplied: float
    """From sources."""
    decayed: float
    """By decay."""
    taken: Floats
    """By uptake, of each voxel."""
    left: float
    """Through walls of fixed concentration; below 0 if more came in than went out."""
    redone: bool
    """Whether the second-order step went negative and was replaced by two first-order half steps (eq-redo)."""


class ImplicitSolver:
    """Advances one species on the voxels of a grid, by finite volumes in space and SDIRK in time (eq-sdirk).

    Each stage is solved by conjugate gradients and then corrected so that its residual moves no molecule out of the
    books. Nothing is clipped. The result is bitwise the same on any number of threads.

    Parameters
    ----------
    grid
        Voxels and walls.
    diffusivity
        um2/s, one number or one per voxel; faces take the harmonic mean (eq-face).
    decay
        Rate of decay, 1/s, one number or one per voxel.
    obstacle
        Which voxels hold no fluid: nothing enters them and their concentration is 0. None: no voxel.
    wall_values
        For each axis the concentrations at its lower and upper end, molecules/um3; only where a wall is ``fixed``.
    order
        2, or 1 for backward Euler: never negative and far less exact.
    tolerance
        Residual at which the conjugate gradients stop, relative to the right-hand side (2-norm).

    Raises
    ------
    ValueError
        If an array does not fit the grid or holds a negative or undefined number.
    """

    def __init__(
        self, grid: Grid, diffusivity: ArrayLike, decay: ArrayLike, obstacle: NDArray[np.bool_] | None = None,
        wall_values: Sequence[tuple[float, float]] | None = None, *, order: int = 2, tolerance: float = 1e-10,
    ) -> None:  # fmt: skip
        if order not in (1, 2):
            raise ValueError(f"order is {order}; it may be 1 (backward Euler) or 2 (SDIRK)")
        if not 0 < tolerance < 1:
            raise ValueError(f"tolerance is {tolerance}; it must lie between 0 and 1")
        self.grid, self.order, self.tolerance = grid, order, tolerance
        self._box = (1,) * (3 - len(grid.shape)) + grid.shape  # a layer is a box of one voxel's height
        self._obstacle = None
        diffusion = self._per_voxel("diffusivity", diffusivity).copy()
        if obstacle is not None:
            self._obstacle = np.asarray(obstacle, bool)
            if self._obstacle.shape != grid.shape:
                raise ValueError(f"obstacle has the shape {self._obstacle.shape}, the grid {grid.shape}")
            diffusion[self._obstacle] = 0.0  # the harmonic mean then closes all its faces
        self._decay = self._per_voxel("decay", decay)
        self._faces = _face_rates(grid, diffusion).reshape(3, *self._box)
        self._levels = make_levels(self._faces)
        self._wall_rate, self._wall_supply = _wall_rates(grid, diffusion, wall_values)

    def advance(self, concentration: Floats, dt: float, *, source: Varying = None, uptake: Varying = None) -> Advance:
        """Return the concentration after `dt` seconds, and where the molecules went.

        Parameters
        ----------
        concentration
            molecules/um3, shape of the grid. Not changed.
        dt
            Step, s.
        source
            Supply of each voxel, molecules/um3/s. A pair is its value at the start and at the end of the step,
            between which it runs straight: moving sources then keep the second order.
        uptake
            Rate of uptake of each voxel, 1/s, or a pair likewise. Treated implicitly: any strength is stable.

        Returns
        -------
        Advance
            New concentration and the amounts that were supplied, decayed, taken up and lost.

        Raises
        ------
        ValueError
            If an array does not fit, an uptake is negative, or something is put into an obstacle.
        RuntimeError
            If the conjugate gradients do not converge.
        """
        if not dt > 0 or not math.isfinite(dt):
            raise ValueError(f"dt is {dt} s; a step must be above 0 and finite")
        before = self._fluid("concentration", self._shaped("concentration", concentration))
        supply, sink = self._pair("source", source), self._pair("uptake", uptake)
        with threads_for(self.grid.voxels):
            if self.order == 1:
                return self._euler(before, dt, supply, sink, parts=1)
            step = self._sdirk(before, dt, supply, sink)
            after = step.concentration
            if after.min() < -NOISE * self.tolerance * max(after.max(), before.max()):
                return self._euler(before, dt, supply, sink, parts=2)._replace(redone=True)
            return step

    def _sdirk(self, before: Floats, dt: float, supply: _Line, sink: _Line) -> Advance:
        """Two stages of one matrix's kind; the last stage is the result (eq-sdirk)."""
        books = _Books(self, dt)
        middle = self._stage(before, before, GAMMA * dt, supply(GAMMA), sink(GAMMA))
        books.enter(middle, 1 - GAMMA, supply(GAMMA), sink(GAMMA))
        change = middle - before
        base = before + (1 - GAMMA) / GAMMA * change
        after = self._stage(base, before + change / GAMMA, GAMMA * dt, supply(1.0), sink(1.0))
        books.enter(after, GAMMA, supply(1.0), sink(1.0))
        return books.close(after)

    def _euler(self, before: Floats, dt: float, supply: _Line, sink: _Line, parts: int) -> Advance:
        """Backward Euler in equal parts of the step (eq-redo)."""
        books, now = _Books(self, dt), before
        for end in np.arange(1, parts + 1) / parts:
            now = self._stage(now, now, dt / parts, supply(end), sink(end))
            books.enter(now, 1 / parts, supply(end), sink(end))
        return books.close(now)

    def _stage(self, base: Floats, guess: Floats, tau: float, source: Floats | None, uptake: Floats | None) -> Floats:
        """Solve ``(1 + tau (loss - diffusion)) x = base + tau (source + wall supply)`` (eq-stage)."""
        right = base + tau * self._wall_supply
        if source is not None:
            right += tau * source
        loss = 1 + tau * (self._decay + self._wall_rate)
        if uptake is not None:
            loss += tau * uptake
        if self._obstacle is not None:
            loss[self._obstacle] = 0.0  # an empty row of the matrix: the solver leaves such a voxel alone
        found = guess.reshape(self._box).copy()
        system = (right.reshape(self._box), loss.reshape(self._box), self._faces, tau)
        depth = levels_needed(self._levels, tau)
        fill(self._levels, system[1], tau, depth)
        rounds = conjugate_gradients(*system, self.tolerance, MOST_ITERATIONS, found, self._levels, depth)
        if rounds >= MOST_ITERATIONS:
            raise RuntimeError(
                f"the implicit field did not converge in {rounds} iterations with tau = {tau:.3g} s and tolerance "
                f"{self.tolerance:g}; use a shorter step, or a tolerance that is not below 1e-13"
            )
        settle(*system, found)
        return found.reshape(self.grid.shape)

    def _per_voxel(self, name: str, values: ArrayLike) -> Floats:
        found = np.asarray(values, np.float64)
        if found.shape not in ((), self.grid.shape):
            raise ValueError(f"{name} has the shape {found.shape}, the grid {self.grid.shape}")
        if not np.isfinite(found).all() or (found < 0).any():
            raise ValueError(f"{name} must be finite and at least 0 in every voxel")
        return np.ascontiguousarray(np.broadcast_to(found, self.grid.shape))

    def _shaped(self, name: str, values: Floats) -> Floats:
        found = np.ascontiguousarray(values, np.float64)
        if found.shape != self.grid.shape:
            raise ValueError(f"{name} has the shape {found.shape}, the grid {self.grid.shape}")
        if not np.isfinite(found).all():
            raise ValueError(f"{name} is not a finite number in {np.sum(~np.isfinite(found))} voxels")
        return found

    def _fluid(self, name: str, values: Floats) -> Floats:
        if self._obstacle is not None and values[self._obstacle].any():
            raise ValueError(f"{name} is not 0 inside an obstacle; put it into a voxel that holds fluid")
        return values

    def _pair(self, name: str, values: Varying) -> _Line:
        if values is None:
            return _Line(None, None)
        both = values if isinstance(values, tuple) else (values,)
        check = self._per_voxel if name == "uptake" else self._shaped
        ends = [self._fluid(name, check(name, value)) for value in both]
        return _Line(ends[0], ends[1] if len(ends) == 2 else None)


class _Line(NamedTuple):
    """Values of each voxel that run straight from the start of a step to its end; one alone stays as it is."""

    start: Floats | None
    end: Floats | None

    def __call__(self, share: float) -> Floats | None:
        """Return the values after this share of the step."""
        if self.start is None or self.end is None:
            return self.start
        return (1 - share) * self.start + share * self.end


class _Books:
    """Sums what a step supplied and removed, with the weights of its stages (eq-budget)."""

    def __init__(self, solver: ImplicitSolver, dt: float) -> None:
        self._solver, self._scale = solver, dt * solver.grid.voxel_volume
        self._supplied = self._decayed = self._left = 0.0
        self._taken = np.zeros(solver.grid.shape)

    def enter(self, stage: Floats, weight: float, source: Floats | None, uptake: Floats | None) -> None:
        solver, amount = self._solver, weight * self._scale
        self._decayed += amount * float(np.sum(solver._decay * stage))
        self._left += amount * float(np.sum(solver._wall_rate * stage - solver._wall_supply))
        if source is not None:
            self._supplied += amount * float(np.sum(source))
        if uptake is not None:
            self._taken += amount * uptake * stage

    def close(self, after: Floats) -> Advance:
        return Advance(after, self._supplied, self._decayed, self._taken, self._left, redone=False)


def _face_rates(grid: Grid, diffusion: Floats) -> Floats:
    """Return the rate of exchange through the upper face of each voxel, 1/s, axes (z, y, x) first (eq-face).

    Rows are closed into rings; where no ring is, its last face has the rate 0.
    """
    rates = np.zeros((3, *grid.shape))
    first = 3 - len(grid.shape)
    for axis, (h, ends) in enumerate(zip(grid.spacing, grid.walls, strict=True)):
        beyond = np.roll(diffusion, -1, axis)
        both = diffusion + beyond
        np.divide(2 * diffusion * beyond, both * h**2, out=rates[first + axis], where=both > 0)
        if ends[0] != "periodic":
            last: list[Any] = [slice(None)] * len(grid.shape)
            last[axis] = slice(-1, None)
            rates[(first + axis, *last)] = 0.0
    return rates


def _wall_rates(grid: Grid, diffusion: Floats, values: Sequence[tuple[float, float]] | None) -> tuple[Floats, Floats]:
    """Return rate (1/s) and supply (molecules/um3/s) of the fixed walls, of each voxel (eq-wall)."""
    rate, supply = np.zeros(grid.shape), np.zeros(grid.shape)
    given = [(0.0, 0.0)] * len(grid.shape) if values is None else list(values)
    if len(given) != len(grid.shape) or not np.isfinite(given).all() or np.min(given) < 0:
        raise ValueError(f"wall_values must be a pair of concentrations, 0 or more, for each of {len(grid.shape)} axes")
    for axis, (h, ends) in enumerate(zip(grid.spacing, grid.walls, strict=True)):
        for place, end, value in zip((0, -1), ends, given[axis], strict=True):
            if value and end != "fixed":
                raise ValueError(f"axis {axis} has a value at a wall that is {end}; only a fixed wall has one")
            if end == "fixed":
                side: list[Any] = [slice(None)] * len(grid.shape)
                side[axis] = place
                half = 2 * diffusion[tuple(side)] / h**2  # from the centre to the face is half a voxel
                rate[tuple(side)] += half
                supply[tuple(side)] += half * value
    return rate, supply
