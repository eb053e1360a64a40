"""Exponential time differencing: diffusion and decay exactly, everything else to second order in the step.

The solution lives in the modes of the Laplacian. Splitting would be first order where sources and sinks are as small
as a voxel (engine notes 2); here uptake is the nonlinear term of one scheme.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numba import get_num_threads, prange
from numpy.typing import NDArray

from migralab.core.kernel import kernel, parallel_kernel
from migralab.physics.field.grid import Grid, Symbol
from migralab.physics.field.points import as_box
from migralab.physics.field.transform import from_modes, to_modes

Floats = NDArray[np.float64]
Modes = NDArray[Any]
Axes = tuple[Floats, Floats, Floats]

Scheme = Literal["rk2", "ab2"]
Source = Floats | tuple[Floats, Floats] | None
Reaction = Callable[[int, Floats, Floats], None]
"""``reaction(stage, concentration, rate)`` adds molecules/(um3 s) to `rate`: stage 0 at the start of the step, 1 at
its end (where the sinks have moved)."""

_SMALL = -0.05  # exponents above it take the series of phi
_NEGLIGIBLE = 1e-12  # of the largest concentration: rounding of a transform, not a negative concentration


@kernel
def phi(z: float, e: float) -> tuple[float, float]:
    """Return phi_1 = (e^z - 1)/z and phi_2 = (phi_1 - 1)/z, given ``e = exp(z)`` (eq-phi)."""
    if z > _SMALL:  # the quotients would lose digits: eight terms of the series, good to 1e-16
        first = 1.0 + z / 2.0 * (
            1.0 + z / 3.0 * (1.0 + z / 4.0 * (1.0 + z / 5.0 * (1.0 + z / 6.0 * (1.0 + z / 7.0 * (1.0 + z / 8.0)))))
        )
        second = 0.5 * (
            1.0 + z / 3.0 * (1.0 + z / 4.0 * (1.0 + z / 5.0 * (1.0 + z / 6.0 * (1.0 + z / 7.0 * (1.0 + z / 8.0)))))
        )
        return first, second
    first = (e - 1.0) / z
    return first, (first - 1.0) / z


@parallel_kernel
def fade(modes: Modes, factors: Axes, kept: float) -> None:
    """Multiply each mode (z, y, x) by ``e^z``: a step of pure diffusion and decay (eq-etd)."""
    nz, ny, nx = modes.shape
    for row in prange(nz * ny):
        k, j = row // ny, row % ny
        row_factor = kept * factors[0][k] * factors[1][j]
        for i in range(nx):
            modes[k, j, i] *= row_factor * factors[2][i]


@parallel_kernel
def propagate(
    modes: Modes, rate: Modes, exponents: Axes, factors: Axes, constant: float, kept: float, dt: float, after: Modes
) -> None:
    """Write ``e^z u + dt phi_1 N`` to `after` (eq-etd).

    Parameters
    ----------
    modes, rate
        Modes (z, y, x) of the concentration and of the rate of change by sources and reactions.
    exponents, factors
        Along (z, y, x): D dt times the eigenvalue of each mode, and its exponential.
    constant, kept
        ``-decay dt`` and its exponential.
    """
    nz, ny, nx = modes.shape
    for row in prange(nz * ny):
        k, j = row // ny, row % ny
        row_exponent = constant + exponents[0][k] + exponents[1][j]
        row_factor = kept * factors[0][k] * factors[1][j]
        if row_exponent <= _SMALL:  # nearly all rows: no mode of them needs the series, so the loop is plain
            for i in range(nx):
                e = row_factor * factors[2][i]
                first = (e - 1.0) / (row_exponent + exponents[2][i])
                after[k, j, i] = e * modes[k, j, i] + dt * first * rate[k, j, i]
            continue
        for i in range(nx):
            e = row_factor * factors[2][i]
            first, _ = phi(row_exponent + exponents[2][i], e)
            after[k, j, i] = e * modes[k, j, i] + dt * first * rate[k, j, i]


@parallel_kernel
def correct(
    modes: Modes, change: Modes, exponents: Axes, factors: Axes, constant: float, kept: float, dt: float
) -> None:
    """Add ``dt phi_2 (N_end - N_start)`` to the modes in place (eq-etd)."""
    nz, ny, nx = modes.shape
    for row in prange(nz * ny):
        k, j = row // ny, row % ny
        row_exponent = constant + exponents[0][k] + exponents[1][j]
        row_factor = kept * factors[0][k] * factors[1][j]
        if row_exponent <= _SMALL:
            for i in range(nx):
                z = row_exponent + exponents[2][i]
                first = (row_factor * factors[2][i] - 1.0) / z
                modes[k, j, i] += dt * ((first - 1.0) / z) * change[k, j, i]
            continue
        for i in range(nx):
            _, second = phi(row_exponent + exponents[2][i], row_factor * factors[2][i])
            modes[k, j, i] += dt * second * change[k, j, i]


def phi_array(z: Floats) -> tuple[Floats, Floats]:
    """Vectorised numpy twin of `phi`, by expm1 and a longer series."""
    small = z > _SMALL
    safe = np.where(small, -1.0, z)
    first, term = np.zeros_like(z), np.ones_like(z)
    second, shifted = np.zeros_like(z), np.full_like(z, 0.5)
    for n in range(1, 13):
        first += term
        second += shifted
        term = term * z / (n + 1)
        shifted = shifted * z / (n + 2)
    by_quotient = np.expm1(safe) / safe
    return np.where(small, first, by_quotient), np.where(small, second, (by_quotient - 1.0) / safe)


def propagate_array(modes: Modes, rate: Modes, z: Floats, dt: float) -> Modes:
    """Vectorised numpy twin of `propagate`; `z` is the exponent of each mode."""
    found: Modes = np.exp(z) * modes + dt * phi_array(z)[0] * rate
    return found


def correct_array(modes: Modes, change: Modes, z: Floats, dt: float) -> Modes:
    """Vectorised numpy twin of `correct`."""
    found: Modes = modes + dt * phi_array(z)[1] * change
    return found


@dataclass(slots=True)
class FieldArrays:
    """What a field is made of between steps; all of it belongs into a checkpoint.

    Parameters
    ----------
    concentration
        Molecules/um3 at voxel centres, of the grid's shape.
    modes
        The same in modes: the solution proper.
    history
        Modes of the reaction rate of the step before, for AB2; None before the first step and for RK2.
    """

    concentration: Floats
    modes: Modes
    history: Modes | None = None


class ExponentialSolver:
    """Uniform diffusion and decay in a box, with point sources, sinks and reactions (eq-etd).

    Parameters
    ----------
    grid
        Voxels and walls.
    diffusivity
        D, um2/s.
    decay
        First-order loss everywhere, 1/s.
    symbol
        Of the Laplacian: finite differences keep concentrations positive, the spectral one is exact for smooth fields.
    wall_values
        Concentration at the lower and upper end of each axis, molecules/um3; only where that end is ``fixed``.
    workers
        Threads of the transforms; those of the kernels if None.
    """

    def __init__(
        self,
        grid: Grid,
        diffusivity: float,
        decay: float = 0.0,
        *,
        symbol: Symbol = "finite-difference",
        wall_values: tuple[tuple[float, float], ...] | None = None,
        workers: int | None = None,
    ) -> None:
        self.grid, self.diffusivity, self.decay, self._workers = grid, diffusivity, decay, workers
        *lead, y, x = (grid.eigenvalues(axis, symbol) for axis in range(len(grid.shape)))
        self._eigenvalues: Axes = (lead[0] if lead else np.zeros(1), y, x)  # a layer is a box of one voxel's height
        self._wall_source = self._inflow(wall_values)
        self._scratch: list[Floats] = []

    def _inflow(self, wall_values: tuple[tuple[float, float], ...] | None) -> Floats | None:
        """Return what fixed walls above 0 bring into their voxels, molecules/(um3 s): 2 D c_wall / h^2."""
        if wall_values is None or not any(value for pair in wall_values for value in pair):
            return None
        source = np.zeros(self.grid.shape)
        for axis, (pair, ends) in enumerate(zip(wall_values, self.grid.walls, strict=True)):
            for end, value, layer in zip(ends, pair, (0, -1), strict=True):
                if value and end != "fixed":
                    raise ValueError(f"axis {axis} has a value at a wall that is {end}; only a fixed wall has one")
                if value < 0:
                    raise ValueError(f"the concentration at a wall is {value}, below 0")
                index = tuple(layer if a == axis else slice(None) for a in range(len(self.grid.shape)))
                source[index] += 2 * self.diffusivity * value / self.grid.spacing[axis] ** 2
        return source

    def start(self, concentration: Floats) -> FieldArrays:
        """Return a field with this concentration, molecules/um3.

        Raises
        ------
        ValueError
            If it has another shape than the grid, or is negative or not finite anywhere.
        """
        if concentration.shape != self.grid.shape:
            raise ValueError(f"a concentration of shape {concentration.shape} on a grid of {self.grid.shape}")
        if not np.isfinite(concentration).all() or concentration.min() < 0:
            raise ValueError(f"a concentration cannot be {np.nanmin(concentration):g}")
        held = np.array(concentration, np.float64)
        return FieldArrays(held, to_modes(held, self.grid, self.workers))

    @property
    def workers(self) -> int:
        """Threads of the transforms."""
        return int(get_num_threads()) if self._workers is None else self._workers

    def _work(self, which: int) -> Floats:
        """Return a work array of the grid, the same each time: fresh memory costs as much as a transform."""
        while len(self._scratch) <= which:
            self._scratch.append(np.empty(self.grid.shape))
        return self._scratch[which]

    def exponents(self, dt: float) -> Floats:
        """Return the exponent of every mode over a step, for the twins."""
        z, y, x = (self.diffusivity * dt * axis for axis in self._eigenvalues)
        found: Floats = z[:, None, None] + y[:, None] + x - self.decay * dt
        return found.reshape(self.grid.mode_shape)

    def _law(self, dt: float) -> tuple[Axes, Axes, float, float]:
        z, y, x = (self.diffusivity * dt * axis for axis in self._eigenvalues)
        return (z, y, x), (np.exp(z), np.exp(y), np.exp(x)), -self.decay * dt, float(np.exp(-self.decay * dt))

    def advance(
        self,
        field: FieldArrays,
        dt: float,
        *,
        source: Source = None,
        reaction: Reaction | None = None,
        scheme: Scheme = "rk2",
        spend: bool = False,
    ) -> None:
        """Advance the field by one step, in place.

        Parameters
        ----------
        dt
            Step, s. Reactions need ``rate x dt`` below about 1 in each voxel; diffusion and decay do not care.
        source
            Molecules/(um3 s): one array for a steady source, a pair (at the start, at the end of the step) for one
            that moves or changes, which is taken as linear in between.
        reaction
            Adds the rate by uptake and binding; called twice by ``rk2``, once by ``ab2``.
        spend
            Whether a steady source may be used up as work memory, which saves a copy.
        scheme
            ``rk2`` needs no history and stands jumps (a rupture, a dead cell). ``ab2`` costs one transform less,
            keeps the reaction rate of the step before in ``field.history``, and starts with one step of ``rk2``.
        """
        start, end = self._with_inflow(source)
        spend = spend and self._wall_source is None and end is start
        law, box = self._law(dt), as_box
        if reaction is None:
            field.history = None
            if start is None:
                fade(box(field.modes), law[1], law[3])
            else:
                self._apply(field, dt, start, None if end is start else end - start, spend=spend)
        else:
            self._react(field, dt, (start, end), reaction, scheme)
        from_modes(field.modes, self.grid, field.concentration, self.workers)

    def _with_inflow(self, source: Source) -> tuple[Any, Any]:
        start: Any
        end: Any
        start, end = source if isinstance(source, tuple) else (source, source)
        if self._wall_source is None:
            return start, end
        if start is None:
            return self._wall_source, self._wall_source
        steady = end is start
        start = start + self._wall_source
        return start, start if steady else end + self._wall_source

    def _apply(
        self, field: FieldArrays, dt: float, rate: Floats, change: Floats | None, *, spend: bool = False
    ) -> None:
        """Take a rate at the start of the step and its change until the end, both in real space."""
        law, box = self._law(dt), as_box
        modes = to_modes(rate, self.grid, self.workers, overwrite=True) if spend else self._modes_of(rate)
        propagate(box(field.modes), box(modes), *law, dt, box(field.modes))
        if change is not None:
            correct(box(field.modes), box(self._modes_of(change)), *law, dt)

    def _modes_of(self, values: Floats) -> Modes:
        """Return the modes of an array that stays as it is, in work memory where they are real."""
        work = self._work(0)
        np.copyto(work, values)
        return to_modes(work, self.grid, self.workers, overwrite=True)

    def _react(
        self, field: FieldArrays, dt: float, source: tuple[Any, Any], reaction: Reaction, scheme: Scheme
    ) -> None:
        start, end = source
        rate = self._work(1)
        rate.fill(0.0)
        reaction(0, field.concentration, rate)
        if scheme == "ab2" and field.history is not None:
            self._two_steps(field, field.history, dt, source, self._modes_of(rate))
            return
        field.history = np.array(self._modes_of(rate)) if scheme == "ab2" else None
        if start is not None:
            rate += start
        self._apply(field, dt, rate, None)
        middle = from_modes(field.modes, self.grid, self._work(0), self.workers)
        np.negative(rate, out=rate)
        if end is not None:
            rate += end
        reaction(1, middle, rate)
        change = to_modes(rate, self.grid, self.workers, overwrite=True)
        correct(as_box(field.modes), as_box(change), *self._law(dt), dt)

    def _two_steps(self, field: FieldArrays, history: Modes, dt: float, source: tuple[Any, Any], modes: Modes) -> None:
        """Make a step of AB2; `modes` are those of the reaction rate now, `history` those of the step before."""
        start, end = source
        law, box = self._law(dt), as_box
        change, total = np.subtract(modes, history, out=history), modes
        if start is not None:
            total = modes + to_modes(start, self.grid, self.workers)
            if end is not start:
                change += to_modes(end - start, self.grid, self.workers)
        propagate(box(field.modes), box(total), *law, dt, box(field.modes))
        correct(box(field.modes), box(change), *law, dt)
        np.copyto(history, modes)

    def total(self, field: FieldArrays) -> float:
        """Return the molecules in the box."""
        return float(field.concentration.sum() * self.grid.voxel_volume)

    def is_positive(self, field: FieldArrays) -> bool:
        """Return whether no concentration is negative beyond rounding; exact zeros may come out as -1e-17."""
        least = float(field.concentration.min())
        # nan is no negative number: the engine's watch stops it, with its place
        return not least < -_NEGLIGIBLE * max(float(field.concentration.max()), 0.0)
