"""How a migrasome's molecules spread, by the field solvers of the program, in a corner of space that mirrors complete.

A source sits in the corner where no-flux walls meet, so that a quarter of the space over a dish (an eighth of free
space) stands for all of it. The corner voxel and its mirror images are the migrasome. Theory:
docs/theory/signal-budget.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from migralab.physics.field.exponential import ExponentialSolver
from migralab.physics.field.grid import Ends, Grid
from migralab.physics.field.points import RESTING, as_box, box_of, deposit
from migralab.physics.field.transform import from_modes, to_modes
from migralab.physics.signals.binding import bind

Floats = NDArray[np.float64]
Watch = Callable[[int, int], None]

AWAY: Ends = ("no-flux", "fixed")
"""A plane of symmetry, and far from it an end at which molecules are gone."""

IN_SPACE, ON_DISH, IN_SLIT = 1 / 8, 1 / 4, 1 / 4
"""Share of the molecules that belongs to the corner."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """What a migrasome gives: at once, or with a rate k that falls as it empties (eq-leak-source).

    Parameters
    ----------
    molecules
        At the start.
    rate
        k, 1/s; infinite for a burst.
    """

    molecules: float
    rate: float = math.inf

    def per_second(self, time: float) -> float:
        """Return what leaks out at a time, molecules/s; a burst has given all before."""
        return 0.0 if math.isinf(self.rate) else self.rate * self.molecules * math.exp(-self.rate * time)

    def given(self, time: float) -> float:
        """Return what has come out until a time, molecules."""
        return self.molecules if math.isinf(self.rate) else -self.molecules * math.expm1(-self.rate * time)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Concentration along the floor, from the source outwards.

    Parameters
    ----------
    distance, time
        (n,) um; (m,) s.
    now, total
        (m, n) molecules/um3; its integral over time, molecules s/um3.
    """

    distance: Floats
    time: Floats
    now: Floats
    total: Floats

    def mean(self, averaging: float) -> Floats:
        """Return the mean over the last `averaging` seconds, (m, n) molecules/um3; before the start there was nothing.

        The integral is known with its slope at every time, so a cubic passes through both.
        """
        from scipy.interpolate import CubicHermiteSpline

        line = CubicHermiteSpline(
            np.append(0.0, self.time), *(np.vstack([0 * a[:1], a]) for a in (self.total, self.now))
        )
        earlier = np.maximum(self.time - averaging, 0.0)
        return np.asarray(np.maximum(self.total - line(earlier), 0.0) / averaging)


def corner_grid(extent: float, voxels: int, height: float | None = None) -> Grid:
    """Return a cubic corner of space of this extent in um, or the corner of a slit of this height."""
    axes, h = (3 if height is None else 2), extent / voxels
    return Grid(
        shape=(voxels,) * axes, spacing=(h,) * axes, walls=(AWAY,) * axes, origin=(0.0,) * axes, depth=height or 1.0
    )


def floor_distance(grid: Grid) -> Floats:
    """Return how far the voxels of the first row are from the corner, um."""
    h, more = grid.spacing[-1], len(grid.shape) - 1
    return np.asarray(h * np.sqrt((np.arange(grid.shape[-1]) + 0.5) ** 2 + 0.25 * more))


def at_corner(grid: Grid) -> Floats:
    """Return the concentration that one molecule makes at the corner, molecules/um3."""
    field = np.zeros(grid.shape)
    origin = np.zeros(1)
    deposit((origin, origin, origin), np.ones(1), as_box(field), box_of(grid), 1 / grid.voxel_volume, RESTING)
    return field


def log_times(grid: Grid, diffusivity: float, last: float, steps: int) -> Floats:
    """Return times that grow in proportion, from the moment at which a voxel has been crossed, s."""
    first = min(grid.spacing[-1] ** 2 / (4 * diffusivity), last / 10)
    return np.geomspace(first, last, steps)


def follow(
    grid: Grid, share: float, release: Release, diffusivity: float, decay: float, times: Floats,
    watch: Watch | None = None,
) -> Spread:  # fmt: skip
    """Let a point source at the corner spread, and keep the floor row at each time.

    Diffusion, decay and a source that is linear over a step are exact in time (eq-etd), so steps may grow with time.
    The integral over time obeys the same equation, with what has been given so far as its source.

    Parameters
    ----------
    share
        `IN_SPACE`, `ON_DISH` or `IN_SLIT`.
    times
        At which to look, s, increasing.
    watch
        Told (steps done, steps in all).
    """
    solver, one = ExponentialSolver(grid, diffusivity, decay), share * at_corner(grid)
    at_once = math.isinf(release.rate)
    field = solver.start(release.molecules * one if at_once else np.zeros(grid.shape))
    total = solver.start(np.zeros(grid.shape))
    row = (0,) * (len(grid.shape) - 1)
    now, summed, before = [], [], 0.0
    for n, time in enumerate(times):
        dt = time - before
        source = None if at_once else (release.per_second(before) * one, release.per_second(time) * one)
        solver.advance(field, dt, source=source)
        given = release.given(time) * one
        solver.advance(total, dt, source=given if at_once else (release.given(before) * one, given))
        now.append(field.concentration[row].copy())
        summed.append(total.concentration[row].copy())
        before = time
        if watch:
            watch(n + 1, len(times))
    return Spread(distance=floor_distance(grid), time=np.asarray(times), now=np.array(now), total=np.array(summed))


def steady_row(grid: Grid, source: Floats, diffusivity: float, decay: float, time: float = 1e12) -> Floats:
    """Return the floor row that a source has built up after a time from nothing; by default the steady state.

    One exact step of any length. The mean row of a box is its lowest.
    """
    solver = ExponentialSolver(grid, diffusivity, decay)
    field = solver.start(np.zeros(grid.shape))
    solver.advance(field, time, source=source)
    return np.asarray(field.concentration[(0,) * (len(grid.shape) - 1)].copy())


def patch_source(grid: Grid, radius: float) -> Floats:
    """Return what a round patch at the corner gives at 1 molecule/(um2 s), molecules/(um3 s); its rim is evened out."""
    h, n = grid.spacing[-1], grid.shape[-1]
    fine = (np.arange(8 * n) + 0.5) * h / 8
    inside = (fine[:, None] ** 2 + fine**2 <= radius**2).reshape(n, 8, n, 8).mean(axis=(1, 3))
    source = np.zeros(grid.shape)
    flat = len(grid.shape) == 2
    source[... if flat else 0] = inside / (grid.depth if flat else grid.spacing[0])
    return source


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """A matrix that binds the cue; the rates of eq-binding.

    Parameters
    ----------
    sites
        b_max, molecules/um3 of matrix.
    on_rate, off_rate
        um3/(molecule s); 1/s.
    layer
        Height of the matrix on the floor, um; None where it fills all space.
    """

    sites: float
    on_rate: float
    off_rate: float
    layer: float | None = None

    @property
    def half(self) -> float:
        """K_m, molecules/um3."""
        return self.off_rate / self.on_rate


def steps_of_binding(grid: Grid, diffusivity: float, matrix: Matrix, last: float) -> Floats:
    """Return times for `follow_bound`, s: growing by 8 % until a step is as long as splitting allows."""
    filled = 1.0 if matrix.layer is None else matrix.layer / grid.spacing[0]
    longest = 0.2 / (matrix.on_rate * matrix.sites * filled)
    times = [min(grid.spacing[-1] ** 2 / (4 * diffusivity), longest)]
    while times[-1] < last:
        times.append(times[-1] + min(0.08 * times[-1], longest))
    return np.array(times)


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundSpread:
    """Bound cue along the floor, and how much of the load is bound.

    Parameters
    ----------
    distance, time
        (n,) um; (m,) s.
    free, bound
        (m, n) molecules/um3 of medium; of matrix.
    share
        (m,) share of the load that is bound.
    """

    distance: Floats
    time: Floats
    free: Floats
    bound: Floats
    share: Floats


def follow_in_matrix(
    grid: Grid, share: float, molecules: float, diffusivity: float, decay: float, matrix: Matrix, times: Floats
) -> BoundSpread:
    """Return a burst inside a matrix that fills all space, exactly at each time, while most sites are empty.

    Then binding is linear, each mode is a pair (free, bound) with a 2 x 2 propagator, and no step is made at all
    (eq-two-states). Split steps would not do: a free molecule crosses the patch long before the patch changes.
    """
    solver, row = ExponentialSolver(grid, diffusivity, decay), (0,) * (len(grid.shape) - 1)
    start = to_modes(molecules * share * at_corner(grid), grid)
    loss = -solver.exponents(1.0)
    catch = matrix.on_rate * matrix.sites
    middle = -0.5 * (loss + catch + matrix.off_rate)
    half = np.sqrt(middle**2 - loss * matrix.off_rate)
    quick = middle - half
    slow = loss * matrix.off_rate / quick  # middle + half would lose its digits
    rows: list[tuple[Floats, Floats, float]] = []
    for time in times:
        late, soon = np.exp(slow * time), np.exp(quick * time)
        free = ((-loss - catch - quick) * late - (-loss - catch - slow) * soon) / (2 * half)
        held = catch * (late - soon) / (2 * half)
        found, caught = (from_modes(part * start, grid, np.empty(grid.shape)) for part in (free, held))
        rows.append((found[row].copy(), caught[row].copy(), float(caught.sum()) * grid.voxel_volume))
    return _bound_spread(grid, times, rows, share * molecules)


def follow_bound(
    grid: Grid, share: float, molecules: float, diffusivity: float, decay: float, matrix: Matrix, times: Floats,
    watch: Watch | None = None,
) -> BoundSpread:  # fmt: skip
    """Let a burst spread over or in a matrix: half a step of binding, a step of the medium, half a step of binding.

    As the mechanism `signals.matrix-bound` does, and with full sites. Each part is exact and their splitting is not:
    in a step no molecule that lets go may be caught twice, so it must be short against 1/(k_on b_max) of the voxels
    that bind; see `steps_of_binding`.
    """
    solver, row = ExponentialSolver(grid, diffusivity, decay), (0,) * (len(grid.shape) - 1)
    free = molecules * share * at_corner(grid)
    filled = 1.0 if matrix.layer is None else matrix.layer / grid.spacing[0]
    bound = np.zeros(grid.shape if matrix.layer is None else (1, *grid.shape[1:]))
    law = (matrix.sites * filled, matrix.on_rate, matrix.off_rate)
    rows: list[tuple[Floats, Floats, float]] = []
    before = 0.0
    for n, time in enumerate(times):
        dt = time - before
        for part in range(2):
            touched = np.ascontiguousarray(free[: len(bound)])
            bind(touched.reshape(-1), bound.reshape(-1), *law, dt / 2)
            free[: len(bound)] = touched
            if part == 0:
                # A transform leaves zeros as -1e-17, of which the next half step would make bound ones below 0
                field = solver.start(free)
                solver.advance(field, dt)
                free = np.maximum(field.concentration, 0.0)
        rows.append((free[row].copy(), bound[row].copy() / filled, float(bound.sum()) * grid.voxel_volume))
        before = time
        if watch:
            watch(n + 1, len(times))
    return _bound_spread(grid, times, rows, share * molecules)


def _bound_spread(grid: Grid, times: Floats, rows: list[tuple[Floats, Floats, float]], load: float) -> BoundSpread:
    found, caught, held = zip(*rows, strict=True)
    return BoundSpread(
        distance=floor_distance(grid), time=np.asarray(times), free=np.maximum(np.array(found), 0.0),
        bound=np.maximum(np.array(caught), 0.0), share=np.array(held) / load,
    )  # fmt: skip
