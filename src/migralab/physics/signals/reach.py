"""How far and how long one migrasome is felt: burst, leak, refill by density, bound to a matrix, confined.

Each function lays a grid that fits its question, lets the molecules spread, and has the result judged by
`migralab.physics.signals.felt`. Theory: docs/theory/signal-budget.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from migralab.core.errors import RequestError
from migralab.physics.field.grid import Grid
from migralab.physics.field.implicit import ImplicitSolver
from migralab.physics.signals import spread
from migralab.physics.signals.budget import (
    NANOMOLAR,
    ON_DISH,
    Setting,
    burst_peak,
    leak_rate,
    rate_for_gradient,
    slit_burst_peak,
)
from migralab.physics.signals.felt import STATION, TOUCHED, Followed, fall, judge, judge_free, outermost
from migralab.physics.signals.spread import Matrix, Release
from migralab.physics.space import Space

Floats = NDArray[np.float64]
Watch = Callable[[int, int], None]

VOXELS, STEPS = 48, 64


# ---- the space --------------------------------------------------------------------------------------------------
def burst_gradient_reach(setting: Setting, factor: float = ON_DISH) -> float:
    """Return where the steepest moment of a burst just has the threshold gradient, um: (3 peak r^3/g)^(1/4).

    At the peak the fall is 3 c/r, within 15 % of the steepest that ever passes there (eq-burst-peak).
    """
    return float((3 * burst_peak(setting.molecules, 1.0, factor) / setting.threshold) ** 0.25)


def expected_reach(setting: Setting, factor: float = ON_DISH) -> float:
    """Return a distance beyond which no burst and no leak is felt on the mean of the averaging time T, um.

    Over all time the gradient adds up to that of a steady source, so its mean over T is at most N/(4 pi D r^2 T).
    Never below 0.4 of `burst_gradient_reach`, so that what passes is still seen by a grid made for what is felt.
    """
    steepest, receptors = burst_gradient_reach(setting, factor), setting.receptors
    per_unit = float(rate_for_gradient(setting.threshold, 1.0, setting.diffusivity, factor))
    averaged = math.sqrt(setting.molecules / receptors.averaging / per_unit)
    return max(min(steepest, averaged), 0.4 * steepest)


def _corner(setting: Setting, expected: float, height: float | None = None, voxels: int = VOXELS) -> Grid:
    """Return a corner four times as wide as the reach that is expected, and not less than 60 um.

    Raises
    ------
    RequestError
        If decay is so quick that the diffusion length is shorter than a voxel.
    """
    grid = spread.corner_grid(max(60.0, 4 * expected), voxels, height)
    length = math.sqrt(setting.diffusivity / setting.decay) if setting.decay > 0 else math.inf
    if length < grid.spacing[0]:
        raise RequestError(
            f"The diffusion length sqrt(D/decay) = {length:.3g} um is shorter than a voxel of "
            f"{grid.spacing[0]:.3g} um: the field cannot show it. Lower the decay or raise the diffusivity."
        )
    return grid


def _times(grid: Grid, setting: Setting, last: float) -> Floats:
    return spread.log_times(grid, setting.diffusivity, last, STEPS)


def _crossing(setting: Setting) -> float:
    """Return a time by which a burst has long passed what it can reach, and been forgotten, s."""
    return 10 * burst_gradient_reach(setting) ** 2 / setting.diffusivity + 3 * setting.receptors.averaging


# ---- the five modes ---------------------------------------------------------------------------------------------
def follow_bursts(setting: Setting, loads: Sequence[float] = (1.0, 10.0), watch: Watch | None = None) -> list[Followed]:
    """Follow the rupture of one migrasome on a dish, at multiples of its load."""
    found = []
    for n, load in enumerate(loads):
        case = _loaded(setting, load)
        grid = _corner(case, expected_reach(case), voxels=72)
        course = spread.follow(
            grid, spread.ON_DISH, Release(molecules=case.molecules), case.diffusivity, case.decay,
            _times(grid, case, _crossing(case)),
        )  # fmt: skip
        found.append(judge(f"{_load(case)}, on a dish", course, case))
        if watch:
            watch(n + 1, len(loads))
    return found


def _loaded(setting: Setting, load: float) -> Setting:
    return replace(setting, concentration=load * setting.concentration)


def _load(setting: Setting) -> str:
    return f"{setting.concentration / NANOMOLAR / 1000:.3g} uM, D = {setting.diffusivity:.3g} um2/s"


def follow_leaks(
    setting: Setting, permeabilities: Sequence[float], loads: Sequence[float] = (1.0, 10.0), watch: Watch | None = None
) -> list[list[Followed]]:
    """Follow a migrasome that leaks on a dish: for each load the permeabilities in um/s, one after the other."""
    rows: list[list[Followed]] = []
    for load in loads:
        case, row = _loaded(setting, load), []
        for permeability in permeabilities:
            row.append(_follow_leak(case, permeability))
            if watch:
                watch(len(rows) * len(permeabilities) + len(row), len(loads) * len(permeabilities))
        rows.append(row)
    return rows


def _follow_leak(setting: Setting, permeability: float) -> Followed:
    rate = leak_rate(permeability, setting.diameter / 2)
    per_unit = float(rate_for_gradient(setting.threshold, 1.0, setting.diffusivity, ON_DISH))
    grid = _corner(setting, min(math.sqrt(rate * setting.molecules / per_unit), expected_reach(setting)))
    course = spread.follow(
        grid, spread.ON_DISH, Release(molecules=setting.molecules, rate=rate), setting.diffusivity, setting.decay,
        _times(grid, setting, 8 / rate + _crossing(setting)),
    )  # fmt: skip
    return judge(f"{_load(setting)}, P = {permeability:.2g} um/s", course, setting)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """The steady mean field of a round patch of migrasomes that are refilled or replaced.

    Parameters
    ----------
    case
        In words.
    radius
        um.
    distance, level
        (n,) um from the centre; concentration at a release of 1 molecule/(um2 s).
    needed
        Least release with which a cell `STATION` um beyond the edge feels it, molecules/(um2 s).
    settles
        Time after which that place has 90 % of its steady gradient, s.
    """

    case: str
    radius: float
    distance: Floats
    level: Floats
    needed: float
    settles: float


def felt_ring(patch: Patch, release: float, setting: Setting) -> tuple[float, float]:
    """Return from where to where, um from the centre, a patch with this release is felt; (0, 0) if nowhere."""
    margin = judge_free(release * patch.level, patch.distance, setting)
    far = outermost(patch.distance, margin)
    if not far:
        return 0.0, 0.0
    return float(patch.distance[np.argmax(margin >= 1)]), far


def follow_patch(setting: Setting, radius: float = 100.0, height: float | None = None) -> Patch:
    """Return the field of a patch under open medium, or in a slit of some height."""
    voxels = 60 if height is None else 120
    grid = _corner(setting, 1.5 * radius, height, voxels)
    source, r = spread.patch_source(grid, radius), spread.floor_distance(grid)

    def row(time: float) -> Floats:
        return spread.steady_row(grid, source, setting.diffusivity, setting.decay, time)

    level, place = row(1e12), radius + STATION
    final = np.interp(place, r, fall(level, r))
    times = np.geomspace(radius**2 / setting.diffusivity / 10, 1e3 * radius**2 / setting.diffusivity, 25)
    share = np.array([np.interp(place, r, fall(row(time), r)) for time in times]) / final
    releases = np.geomspace(1e-6, 1e6, 2401)  # 1.2 % apart
    margin = np.array([np.interp(place, r, judge_free(s * level, r, setting)) for s in releases])
    felt = np.flatnonzero(margin >= 1)
    return Patch(
        case="open medium" if height is None else f"slit of {height:g} um", radius=radius, distance=r, level=level,
        needed=float(releases[felt[0]]) if len(felt) else math.inf,
        settles=float(times[np.argmax(share >= 0.9)]),
    )  # fmt: skip


_PER_MOLAR_SECOND = 1 / (NANOMOLAR * 1e9)
VEGF_ON = 4.2e5 * _PER_MOLAR_SECOND
"""Rate at which VEGF binds to matrix, um3/(molecule s): 4.2e5 /M/s (FIG, BMC Syst Biol 5:170 table 2)."""

MATRICES: dict[str, Matrix] = {
    "coat as by default": Matrix(sites=1e3 * NANOMOLAR, on_rate=1e-3 / (24 * NANOMOLAR), off_rate=1e-3, layer=TOUCHED),
    "dense coat, rates of VEGF": Matrix(sites=1e4 * NANOMOLAR, on_rate=VEGF_ON, off_rate=1e-2, layer=TOUCHED),
    "inside a dense matrix, rates of VEGF": Matrix(sites=1e4 * NANOMOLAR, on_rate=VEGF_ON, off_rate=1e-2),
    "the same, letting go 100 times slower": Matrix(sites=1e4 * NANOMOLAR, on_rate=VEGF_ON, off_rate=1e-4),
}
"""From the defaults of `signals.matrix-bound` to the most favourable corner of their ranges (E but for VEGF)."""


def follow_matrix(setting: Setting, name: str, load: float = 1.0, last: float = 86_400.0) -> Followed:
    """Follow a burst that lies on a coat, or inside a matrix: `MATRICES` by name.

    Raises
    ------
    RequestError
        If the load fills so many sites of a matrix that binding is no longer linear.
    """
    matrix, molecules = MATRICES[name], load * setting.molecules
    if matrix.layer is None:
        grid = _corner(setting, 30.0)
        course = spread.follow_in_matrix(
            grid, spread.ON_DISH, molecules, setting.diffusivity, setting.decay, matrix, np.geomspace(0.1, last, 100)
        )
        if course.bound.max() > 0.1 * matrix.sites:
            raise RequestError(
                f"{name}: the load fills {course.bound.max() / matrix.sites:.0%} of the sites, and the matrix is "
                "solved for sites that are mostly empty. Lower the concentration or the diameter."
            )
    else:
        grid = _corner(setting, 25.0, voxels=40)
        times = spread.steps_of_binding(grid, setting.diffusivity, matrix, min(last, 5 / matrix.off_rate))
        course = spread.follow_bound(
            grid, spread.ON_DISH, molecules, setting.diffusivity, setting.decay, matrix, times
        )  # fmt: skip
    return judge(name, course, setting)


def follow_slits(setting: Setting, heights: Sequence[float], load: float = 1.0) -> list[Followed]:
    """Follow a burst between two plates at several heights, um."""
    case, found = _loaded(setting, load), []
    for height in heights:
        # The fall at the peak is 2 c/r, with c of eq-slit-burst
        fall_at_one = 2 * float(slit_burst_peak(case.molecules, 1.0, height))
        expected = (fall_at_one / case.threshold) ** (1 / 3)
        grid = _corner(case, expected, height, 160)
        last = 10 * expected**2 / case.diffusivity + 3 * case.receptors.averaging
        course = spread.follow(
            grid, spread.IN_SLIT, Release(molecules=case.molecules), case.diffusivity, case.decay,
            _times(grid, case, last),
        )  # fmt: skip
        found.append(judge(f"{_load(case)}, slit of {height:g} um", course, case))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Cavity:
    """A burst in a closed elliptic cavity, at the left quarter of its long axis.

    Parameters
    ----------
    time
        (m,) s.
    level, steepest
        (m,) mean concentration, molecules/um3; steepest gradient along the long axis, `STATION` um or more away.
    lost
        Share of the molecules that decayed until the end.
    """

    time: Floats
    level: Floats
    steepest: Floats
    lost: float


def follow_cavity(setting: Setting, length: float = 200.0, depth: float = 10.0, last: float = 3600.0) -> Cavity:
    """Follow a burst in a closed cavity half as wide as long, with the implicit solver."""
    space = Space(seeded=(length, length / 2), walls=(("no-flux", "no-flux"),) * 2, depth=depth, ellipse=True)
    grid = space.grid(length / 60)
    obstacle = space.obstacle(grid)
    solver = ImplicitSolver(grid, setting.diffusivity, setting.decay, obstacle)
    y, x = grid.shape[0] // 2, grid.shape[1] // 4
    level = np.zeros(grid.shape)
    level[y, x] = setting.molecules / grid.voxel_volume
    fluid = grid.voxels - (0 if obstacle is None else int(obstacle.sum()))
    far = grid.centres(1) > grid.centres(1)[x] + STATION
    times, rows, before, lost = np.geomspace(0.5, last, 40), [], 0.0, 0.0
    for time in times:
        done = solver.advance(level, time - before)
        level, before, lost = done.concentration, time, lost + done.decayed
        rows.append(
            (level.sum() / fluid, fall(level[y, far & (grid.centres(1) < 0.95 * length)], grid.spacing[1]).max())
        )
    mean, steepest = zip(*rows, strict=True)
    return Cavity(time=times, level=np.array(mean), steepest=np.array(steepest), lost=lost / setting.molecules)
