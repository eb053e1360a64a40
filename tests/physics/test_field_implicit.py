"""The implicit finite volumes against closed forms and a general-purpose integrator; conservation; positivity."""

from __future__ import annotations

import itertools

import numba
import numpy as np
import pytest
from scipy.fft import dctn, idctn
from scipy.integrate import solve_ivp

from migralab.physics.field import conjugate, implicit
from migralab.physics.field.grid import FIXED, NO_FLUX, PERIODIC, Grid
from migralab.physics.field.implicit import GAMMA, ImplicitSolver


def generator():
    return np.random.Generator(np.random.Philox(11))


def plain_grid(shape, walls=None, spacing=None):
    n = len(shape)
    return Grid(shape=shape, spacing=spacing or (2.0,) * n, walls=walls or (NO_FLUX,) * n, origin=(0.0,) * n)


MODES = {  # closed form: k-th eigenvector of the second difference between such walls, at voxel centres
    NO_FLUX: lambda k, n: np.cos(np.pi * k * (np.arange(n) + 0.5) / n),
    FIXED: lambda k, n: np.sin(np.pi * (k + 1) * (np.arange(n) + 0.5) / n),
    ("no-flux", "fixed"): lambda k, n: np.cos(np.pi * (k + 0.5) * (np.arange(n) + 0.5) / n),
    ("fixed", "no-flux"): lambda k, n: np.sin(np.pi * (k + 0.5) * (np.arange(n) + 0.5) / n),
    PERIODIC: lambda k, n: np.cos(2 * np.pi * k * np.arange(n) / n),
}


def second_difference(ends, k, n, h):
    angle = {NO_FLUX: k, FIXED: k + 1, PERIODIC: 2 * k}.get(ends, k + 0.5) * np.pi / n
    return -2 * (1 - np.cos(angle)) / h**2


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("walls", [*((e, NO_FLUX) for e in MODES), (PERIODIC, FIXED, ("fixed", "no-flux"))])
def test_a_mode_is_multiplied_by_the_stability_function(walls, order):
    """Closed form: R(z) = 1/(1 - z), or (1 + (1 - 2 g) z) / (1 - g z)^2."""
    shape, spacing = (9, 12, 7)[: len(walls)], (2.0, 3.0, 1.5)[: len(walls)]
    grid, diffusivity, decay, dt = plain_grid(shape, walls, spacing), 3.0, 0.1, 0.7
    mode, rate = np.ones(()), -decay
    for ends, n, h in zip(walls, shape, spacing, strict=True):
        mode = np.multiply.outer(mode, MODES[ends](2, n))
        rate += diffusivity * second_difference(ends, 2, n, h)
    z = rate * dt
    factor = 1 / (1 - z) if order == 1 else (1 + (1 - 2 * GAMMA) * z) / (1 - GAMMA * z) ** 2
    solver = ImplicitSolver(grid, diffusivity, decay, order=order, tolerance=1e-13)
    step = solver._sdirk if order == 2 else lambda u, dt, *_: solver.advance(u, dt)  # a mode is negative: no redoing
    after = step(mode, dt, lambda _: None, lambda _: None).concentration
    np.testing.assert_allclose(after, factor * mode, atol=1e-12)


def test_layers_of_unlike_diffusivity_carry_the_flux_of_resistances_in_series():
    """Closed form at rest: flux = (c_low - c_high) / sum(h / D), straight lines within each layer."""
    diffusivity = np.array([1.0, 1.0, 5.0, 0.2, 0.2, 3.0])
    grid = plain_grid((6, 3), (FIXED, NO_FLUX), (2.0, 1.0))
    solver = ImplicitSolver(
        grid, np.repeat(diffusivity[:, None], 3, 1), 0.0, wall_values=((4.0, 1.0), (0.0, 0.0)), tolerance=1e-13
    )
    u = np.full((6, 3), 2.0)
    for _ in range(60):
        u = solver.advance(u, 40.0).concentration
    flux = 3.0 / np.sum(2.0 / diffusivity)
    until = np.cumsum(2.0 / diffusivity) - 1.0 / diffusivity
    np.testing.assert_allclose(u, np.repeat((4.0 - flux * until)[:, None], 3, 1), rtol=1e-9)
    assert solver.advance(u, 40.0).left == pytest.approx(0.0, abs=1e-8)  # as much comes in as goes out


def test_an_obstacle_is_a_wall():
    """Closed form: a mode between no-flux walls, in a room that obstacles cut out of a larger box."""
    mode = 2 + np.outer(MODES[NO_FLUX](1, 5), MODES[NO_FLUX](2, 6))
    u, obstacle = np.zeros((9, 10)), np.ones((9, 10), bool)
    room = (slice(2, 7), slice(3, 9))
    u[room], obstacle[room] = mode, False
    obstacle[0] = False  # fluid beyond the obstacle stays empty
    solver = ImplicitSolver(plain_grid((9, 10)), 3.0, 0.0, obstacle, tolerance=1e-13)
    dt = 0.5
    z = dt * 3.0 * (second_difference(NO_FLUX, 1, 5, 2.0) + second_difference(NO_FLUX, 2, 6, 2.0))
    factor = (1 + (1 - 2 * GAMMA) * z) / (1 - GAMMA * z) ** 2
    after = solver.advance(u, dt).concentration
    np.testing.assert_allclose(after[room], 2 + factor * (mode - 2), atol=1e-11)
    outside = np.ones((9, 10), bool)
    outside[room] = False
    np.testing.assert_array_equal(after[outside], 0.0)


def dense_laplacian(grid, diffusivity, blocked):
    """Neighbour by neighbour, without any of the solver's code: harmonic means, half a voxel to a fixed wall."""
    n = grid.voxels
    number = np.arange(n).reshape(grid.shape)
    matrix = np.zeros((n, n))
    for place in itertools.product(*map(range, grid.shape)):
        if blocked[place]:
            continue
        for axis, side in itertools.product(range(len(grid.shape)), (-1, 1)):
            h, beyond = grid.spacing[axis], list(place)
            beyond[axis] += side
            outside = not 0 <= beyond[axis] < grid.shape[axis]
            ends = grid.walls[axis]
            if outside and ends == PERIODIC:
                beyond[axis] %= grid.shape[axis]
            elif outside:
                if ends[(side + 1) // 2] == "fixed":
                    matrix[number[place], number[place]] -= diffusivity[place] / (h * h / 2)
                continue
            if not blocked[tuple(beyond)]:
                rate = 1 / (0.5 / diffusivity[place] + 0.5 / diffusivity[tuple(beyond)]) / h**2
                matrix[number[place], number[place]] -= rate
                matrix[number[place], number[tuple(beyond)]] += rate
    return matrix


@pytest.mark.parametrize(("shape", "walls"), [((7, 8), (PERIODIC, FIXED)), ((4, 5, 6), (NO_FLUX, PERIODIC, FIXED))])
def test_second_order_with_obstacles_and_moving_sources_and_sinks(shape, walls):
    """Against DOP853 of scipy on a matrix that the test builds itself; sources and sinks of voxels fade in and out."""
    rng = generator()
    grid = plain_grid(shape, walls, (1.0,) * len(shape))
    diffusivity, decay = rng.uniform(0.5, 8, shape), rng.uniform(0, 0.2, shape)
    blocked = rng.random(shape) < 0.2
    free = ~blocked
    start = 5 * free * rng.uniform(0.5, 1, shape)
    spots = [(rng.random(shape) < 0.1) * free * rng.uniform(1, 4, shape) for _ in range(4)]
    source = lambda t: spots[0] * np.cos(t) ** 2 + spots[1] * np.sin(t) ** 2  # noqa: E731
    uptake = lambda t: spots[2] * np.cos(t) ** 2 + spots[3] * np.sin(t) ** 2  # noqa: E731
    matrix = dense_laplacian(grid, diffusivity, blocked)

    def change(t, u):
        return matrix @ u - (decay + uptake(t)).ravel() * u + source(t).ravel()

    end = 1.0
    exact = solve_ivp(change, (0, end), start.ravel(), method="DOP853", rtol=1e-10, atol=1e-12).y[:, -1]
    solver = ImplicitSolver(grid, diffusivity, decay, blocked, tolerance=1e-12)
    errors = []
    for steps in (20, 40, 80):
        u, t = start, np.linspace(0, end, steps + 1)
        for a, b in itertools.pairwise(t):
            u = solver.advance(u, end / steps, source=(source(a), source(b)), uptake=(uptake(a), uptake(b)))[0]
        errors.append(np.linalg.norm(u.ravel() - exact) / np.linalg.norm(exact))
    orders = np.log2(np.divide(errors[:-1], errors[1:]))
    assert errors[-1] < 2e-4
    assert orders[0] > 1.8
    assert orders[1] > 1.9


def busy(tolerance, walls, order=2, shape=(14, 15, 16)):
    rng = generator()
    grid = plain_grid(shape, walls)
    blocked = rng.random(shape) < 0.1
    values = tuple((3.0, 0.5) if ends == FIXED else (0.0, 0.0) for ends in walls)
    solver = ImplicitSolver(
        grid, rng.uniform(0, 50, shape), rng.uniform(0, 0.02, shape), blocked, values, order=order, tolerance=tolerance
    )
    u = rng.uniform(5, 6, shape) * ~blocked
    return solver, u, (rng.random(shape) < 0.02) * ~blocked * 1.0, (rng.random(shape) < 0.1) * ~blocked * 2.0


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("walls", [(NO_FLUX, PERIODIC, NO_FLUX), (FIXED, NO_FLUX, ("fixed", "no-flux"))])
def test_every_molecule_is_accounted_for_even_where_the_solver_stops_early(walls, order):
    """A tolerance of 1e-2 leaves a residual a million times larger than what the books are off by."""
    solver, u, source, uptake = busy(1e-2, walls, order)
    volume = solver.grid.voxel_volume
    for n in range(6):
        step = solver.advance(u, 2.0, source=(source, 2 * source), uptake=(uptake, np.roll(uptake, n) * (u > 0)))
        gained = volume * (step.concentration.sum() - u.sum())
        flows = [step.supplied, step.decayed, step.taken.sum(), step.left]
        assert min(map(abs, flows)) > 1e-3 or walls[0] == NO_FLUX
        # a few hundred roundings of the total; an early stop is 1e-2 of it
        assert gained == pytest.approx(flows[0] - sum(flows[1:]), abs=1e-12 * volume * u.sum())
        assert (step.taken >= 0).all()
        u = step.concentration


def test_a_closed_box_keeps_its_content_at_a_loose_tolerance():
    grid = plain_grid((30, 31))
    u = generator().random(grid.shape) ** 8
    solver, exact = ImplicitSolver(grid, 100.0, 0.0, tolerance=1e-1), ImplicitSolver(grid, 100.0, 0.0)
    assert np.abs(solver.advance(u, 5.0)[0] - exact.advance(u, 5.0)[0]).max() > 1e-3 * u.max()  # loose indeed
    now = u
    for _ in range(50):
        now = solver.advance(now, 5.0).concentration
    assert now.sum() == pytest.approx(u.sum(), rel=1e-13)


def test_a_burst_in_one_voxel_is_redone_at_first_order_and_stays_positive():
    """The second order turns negative there: R(z) -> -1.41 g z / (g z)^2 for the finest modes (eq-redo)."""
    grid = plain_grid((41, 41), spacing=(1.0, 1.0))
    u = np.zeros(grid.shape)
    u[20, 20] = 1000.0
    solver = ImplicitSolver(grid, 20.0, 0.0)
    raw = solver._sdirk(u, 1.0, lambda _: None, lambda _: None).concentration
    assert raw.min() < -1.0  # what a step that is not redone would have returned
    step = solver.advance(u, 1.0)
    assert step.redone
    assert step.concentration.min() > -1e-9 * 1000
    assert step.concentration.sum() == pytest.approx(1000.0, rel=1e-13)
    halves = ImplicitSolver(grid, 20.0, 0.0, order=1)
    np.testing.assert_array_equal(step[0], halves.advance(halves.advance(u, 0.5)[0], 0.5)[0])
    for _ in range(3):
        step = solver.advance(step.concentration, 1.0)
    assert not step.redone  # smooth by then


def test_a_run_that_begins_with_a_burst_is_of_second_order():
    """Closed form: every mode of the second difference decays on its own. One step is redone, whatever the number."""
    grid, end = plain_grid((41, 41), spacing=(1.0, 1.0)), 4.0
    u0 = np.zeros(grid.shape)
    u0[20, 20] = 1000.0
    rates = 20.0 * np.array([second_difference(NO_FLUX, k, 41, 1.0) for k in range(41)])
    exact = idctn(dctn(u0) * np.exp(end * (rates[:, None] + rates)))
    errors = []
    for steps in (4, 8, 16, 32):
        solver, u, redone = ImplicitSolver(grid, 20.0, 0.0), u0, 0
        for _ in range(steps):
            u, *_, again = solver.advance(u, end / steps)
            redone += again
        assert redone == 1
        errors.append(np.linalg.norm(u - exact) / np.linalg.norm(exact))
    orders = np.log2(np.divide(errors[:-1], errors[1:]))
    assert errors[-1] < 1e-3
    assert (orders[1:] > 1.9).all()


def test_steady_point_sources_never_need_redoing():
    """The response to a constant source, (1 - g) P^2 + g P with P the inverse of an M-matrix, has no negative entry."""
    grid = plain_grid((32, 33), spacing=(1.0, 1.0))
    source = np.zeros(grid.shape)
    source[3, 4], source[20, 30] = 5.0, 1.0
    solver, u = ImplicitSolver(grid, 100.0, 0.05), np.zeros(grid.shape)
    for _ in range(5):
        step = solver.advance(u, 1.0, source=source)
        u = step.concentration
        assert not step.redone
        assert u.min() >= 0


@pytest.mark.parametrize("dt", [0.01, 1.0, 1e4])
def test_backward_euler_is_positive_at_any_step(dt):
    solver, u, _, uptake = busy(1e-12, (NO_FLUX, PERIODIC, FIXED), order=1)
    u[5, 5, 5:9] = 0.0
    after = solver.advance(u * (generator().random(u.shape) < 0.1), dt, uptake=1e3 * uptake).concentration
    assert after.min() >= -1e-11 * u.max()


def test_result_does_not_depend_on_the_number_of_threads():
    solver, u, source, uptake = busy(1e-8, (NO_FLUX, PERIODIC, FIXED), shape=(20, 21, 22))
    found, before = [], numba.get_num_threads()
    try:
        for count in range(1, min(numba.config.NUMBA_NUM_THREADS, 4) + 1):
            numba.set_num_threads(count)
            found.append(solver.advance(u, 2.0, source=source, uptake=uptake))
    finally:
        numba.set_num_threads(before)
    if len(found) < 2:
        pytest.skip("one thread only")
    for other in found[1:]:
        np.testing.assert_array_equal(found[0].concentration, other.concentration)
        assert found[0].left == other.left


def test_what_cannot_be_is_refused():
    grid = plain_grid((4, 5))
    blocked = np.zeros(grid.shape, bool)
    blocked[1, 1] = True
    solver, u = ImplicitSolver(grid, 1.0, 0.0, blocked), np.where(blocked, 0.0, 1.0)
    for message, call in {
        "order is 3": lambda: ImplicitSolver(grid, 1.0, 0.0, order=3),
        "tolerance is 0": lambda: ImplicitSolver(grid, 1.0, 0.0, tolerance=0.0),
        "diffusivity must be": lambda: ImplicitSolver(grid, -1.0, 0.0),
        r"decay has the shape \(3,\)": lambda: ImplicitSolver(grid, 1.0, np.ones(3)),
        "obstacle has the shape": lambda: ImplicitSolver(grid, 1.0, 0.0, blocked.T),
        "only a fixed wall": lambda: ImplicitSolver(grid, 1.0, 0.0, wall_values=((1.0, 0.0), (0.0, 0.0))),
        "wall_values must be": lambda: ImplicitSolver(grid, 1.0, 0.0, wall_values=((0.0, 0.0),)),
        "dt is 0": lambda: solver.advance(u, 0.0),
        "concentration has the shape": lambda: solver.advance(u.T, 1.0),
        "concentration is not a finite number in 1": lambda: solver.advance(np.where(blocked, np.nan, u), 1.0),
        "concentration is not 0 inside": lambda: solver.advance(u + 1, 1.0),
        "source is not 0 inside": lambda: solver.advance(u, 1.0, source=(u, u + blocked)),
        "uptake must be": lambda: solver.advance(u, 1.0, uptake=-u),
    }.items():
        with pytest.raises(ValueError, match=message):
            call()


def test_a_stage_that_does_not_converge_is_an_error(monkeypatch):
    solver, u, _, _ = busy(1e-10, (NO_FLUX, NO_FLUX, NO_FLUX))
    monkeypatch.setattr(implicit, "MOST_ITERATIONS", 3)
    with pytest.raises(RuntimeError, match="did not converge in 3 iterations"):
        solver.advance(u, 2.0)


@pytest.mark.parametrize("shape", [(96, 90), (24, 22, 20)])
def test_coarser_voxels_save_iterations_at_long_steps(shape, monkeypatch):
    """With the diagonal alone the iterations grow as the root of the step."""
    blocked = generator().random(shape) < 0.15
    solver = ImplicitSolver(plain_grid(shape), 10.0, 1e-4, blocked)
    u, counts = np.where(blocked, 0.0, generator().random(shape)), []

    def counted(*arguments):
        counts.append(conjugate.conjugate_gradients(*arguments))
        return counts[-1]

    monkeypatch.setattr(implicit, "conjugate_gradients", counted)
    first = solver.advance(u, 300.0).concentration
    monkeypatch.setattr(implicit, "levels_needed", lambda *_: 1)
    second = solver.advance(u, 300.0).concentration
    assert max(counts[:2]) < 60
    assert sum(counts[:2]) < sum(counts[2:]) / 2
    np.testing.assert_allclose(first, second, rtol=1e-7)
