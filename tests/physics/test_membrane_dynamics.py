"""The two stages: conservation, falling energy, both thresholds in time, tetraspanin in and out, errors."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from migralab.membrane.dynamics.course import Trajectory, simulate_swelling
from migralab.membrane.dynamics.model import (
    FarEnd,
    FibreModel,
    Lumen,
    Membrane,
    Protocol,
    Settings,
    Stretch,
    Tetraspanin,
)
from migralab.membrane.dynamics.run import rest_radius
from migralab.membrane.dynamics.stages import Event
from migralab.membrane.problem import Domain, Fibre
from migralab.membrane.shape import solve_shape
from migralab.membrane.status import Status
from migralab.physics.membrane import flow, flow_energy, flow_step
from migralab.physics.membrane.flow import AREA, AX, PSI, RAD, SIZE, VOL, Friction, Surroundings
from migralab.physics.membrane.flow_energy import Material

LOADED = Material(0.0856, 0.9, -1.0, 15.0, 1.0, 42.8, 2.5, 0.05)
SHORT = Stretch(half_length=2.0, segments=140)


def rough(n: int = 30) -> tuple[flow_step.State, np.ndarray]:
    """A bent shape with uneven tetraspanin on an uneven mesh."""
    rng = np.random.default_rng(4)
    weights = rng.uniform(0.8, 1.2, n)
    weights /= weights.sum()
    psi = 0.3 * np.sin(np.linspace(0.0, 3.0 * np.pi, n + 1))
    psi[[0, -1]] = 0.0
    return flow_step.shape_state(psi, 0.08, 0.7, weights, rng.uniform(0.1, 0.4, n)), weights


@cache
def two_stage(name: str) -> Trajectory:
    """Four minutes of the reference protocol on half the stretch; an hour of it is slow."""
    model = FibreModel(stretch=Stretch(half_length=2.0, segments=140))
    changed = {
        "attraction 0": replace(model, tetraspanin=Tetraspanin(attraction=0.0)),
        "cholesterol 0": replace(model, tetraspanin=Tetraspanin(cholesterol=0.0)),
    }
    occupancy = 0.0 if name == "no tetraspanin" else 0.2
    protocol = Protocol.two_stage(duration=240.0, occupancy=occupancy)
    return simulate_swelling(changed.get(name, model), protocol, Settings(longest_step=20.0))


def test_energy_is_that_of_the_twin() -> None:
    state, weights = rough()
    y = state.y
    args = (y[:, PSI], y[:, RAD], state.length, weights, np.diff(y[:, AREA]), state.phi, LOADED)
    assert flow_energy.free_energy(*args) == pytest.approx(flow_energy.free_energy_numpy(*args), rel=1e-13)


def test_friction_is_that_of_the_twin() -> None:
    """Poiseuille past the wall and drag on the ground, and the integrals of both along the rest of the fibre."""
    r, psi, gap, far, friction = 0.04, 0.3, 0.01, 5.0, Friction(0.2, 7.0, 0.0)
    dx, dr, dU, dA = move = np.array([0.3, -0.2, 0.05, 0.4])
    out = np.empty((4, 4))
    flow.friction_node(r, psi, gap, far, friction, out)
    slide = np.cos(psi) * dx - np.sin(psi) * dr - dA / (2 * np.pi * r)
    past = 0.5 * r * np.cos(psi) * dA - dU
    pipe, wall = 8 * friction.viscosity / (np.pi * r**4), friction.drag * 2 * np.pi * r
    z = (np.arange(20000) + 0.5) * far / 20000
    past_z = past - np.pi * r * dr * z  # what a narrowing fibre sets free leaves past its own sliding wall
    slide_z = -dA / (2 * np.pi * r) - dr / r * z
    rest = far * np.mean(pipe * past_z**2 + wall * slide_z**2)
    assert move @ out @ move == pytest.approx(gap * (pipe * np.cos(psi) * past**2 + wall * slide**2) + rest, rel=1e-7)


def test_occupancy_and_the_banded_solver_are_those_of_numpy() -> None:
    rng = np.random.default_rng(3)
    t, area = np.cumsum(rng.uniform(0.1, 0.2, 9)), np.cumsum(rng.uniform(0.5, 1.0, 9))
    moved, carried, phi = 0.01 * rng.standard_normal(9), rng.uniform(size=9), np.empty(8)
    flow.occupancy(t, moved, carried, area, phi)
    assert phi == pytest.approx(np.diff(t + carried * moved) / np.diff(area), rel=1e-13)
    band, right = np.column_stack([rng.uniform(4, 5, 9), rng.uniform(-1, 1, (9, 2))]), rng.standard_normal(9)
    full = sum(
        (np.diag(band[: 9 - k, k], k) + np.diag(band[: 9 - k, k], -k)) * (0.5 if k == 0 else 1) for k in range(3)
    )
    expected = np.linalg.solve(full, right)
    assert flow_step.solve_symmetric(band, right)
    assert right == pytest.approx(expected, rel=1e-12)


def test_energy_of_a_shape_in_equilibrium_is_that_of_the_static_solver() -> None:
    """The stiff domain of the regression case (a 47.7, k 10): two codes, one energy."""
    fibre = Fibre()
    shape = solve_shape(fibre, Domain(area=47.7 * 4.0 * np.pi * fibre.radius**2, stiffness_ratio=10.0))
    h = np.diff(shape.s)
    phi = np.where(np.arange(h.size) < shape.border, 1.0, 0.0)
    area = np.pi * (shape.r[1:] + shape.r[:-1]) * h
    stiff = Material(fibre.bending, 0.9, -1.0, 0.0, 1.0, 0.0, 0.0, 0.0)
    half = flow_energy.free_energy(shape.psi, shape.r, h.sum(), h / h.sum(), area, phi, stiff)
    whole = 2.0 * (half + fibre.tension * area[shape.border :].sum() - fibre.force * shape.x[-1])
    assert whole == pytest.approx(shape.energy, rel=1e-6)


def test_derivatives_of_a_segment_are_those_of_its_energy() -> None:
    h, dh = np.array([0.31, 0.12, 0.09, 0.011, 0.3]), 1e-5  # m, d, r, length, occupancy

    def at(v: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        g, H = np.empty(5), np.empty((5, 5))
        m, d, r, length, phi = v
        value = flow_energy.segment(m - d / 2, m + d / 2, r, r, length, phi, LOADED, g, H)
        return value, g, H

    _, gradient, hessian = at(h)
    for i in range(5):
        step = np.zeros(5)
        step[i] = dh * h[i]
        up, down = at(h + step), at(h - step)
        assert (up[0] - down[0]) / (2 * step[i]) == pytest.approx(gradient[i], rel=1e-6)
        assert (up[1] - down[1]) / (2 * step[i]) == pytest.approx(hessian[i], rel=1e-5, abs=1e-5)


def test_equations_of_a_step_are_the_gradient_of_energy_plus_friction() -> None:
    """The gradient along a move that keeps the constraints, against finite differences of the energy itself."""
    state, weights = rough()
    n = weights.size
    span = float(state.y[-1, AX])
    carried = np.concatenate([[0.0], 0.5 * (state.phi[1:] + state.phi[:-1]), [0.3]])
    around = Surroundings(span, 10.0, 17.0, 3.0, 5.0, 16.0, 1, 1, 0.1, 2.0, 17.0)
    rng = np.random.default_rng(1)
    bend = rng.standard_normal(n + 1)
    bend[[0, -1]] = 0.0

    def moved(e: float) -> flow_step.State:
        psi = state.y[:, PSI] + e * bend
        new = flow_step.shape_state(psi, state.y[0, RAD] * (1 + e), state.length * (1 + 0.3 * e), weights, state.phi)
        shift = new.y[:, AREA] - state.y[:, AREA]
        return new._replace(tetraspanin=state.tetraspanin + carried * shift)

    def value(e: float) -> float:
        new = moved(e)
        whole = flow_step.energy(new, weights, LOADED) + flow.far_fibre(new.y[-1, RAD], around)[0]
        whole += around.tension * new.y[-1, AREA] - around.pressure * new.y[-1, VOL]
        return whole - around.potential * new.tetraspanin[-1]

    e = 1e-6
    along = (moved(e).y - moved(-e).y) / (2 * e)
    size = SIZE * (n + 1)
    residual, band, border = np.empty(size), np.empty((55, size), order="F"), np.empty(size)
    by_length, _, cost = flow.assemble(
        state.y, state.length, 0.0, state.y, state.length, state.tetraspanin, carried, weights, 1e-3, LOADED,
        Friction(0.1, 10.0, 0.0), around, residual, band, border,
    )  # fmt: skip
    r = residual.reshape(n + 1, SIZE)
    slope = float(np.sum(r[:, :5] * along[:, :5])) + by_length * 0.3 * state.length
    assert cost == 0.0
    assert slope == pytest.approx((value(e) - value(-e)) / (2 * e), rel=1e-6)


def test_second_derivatives_of_a_step() -> None:
    state, weights = rough(12)
    n, size = 12, SIZE * 13
    rng = np.random.default_rng(2)
    carried = np.concatenate([[0.0], 0.5 * (state.phi[1:] + state.phi[:-1]), [0.3]])
    around = Surroundings(0.69, 10.0, 17.0, 3.0, 5.0, 16.0, 1, 1, 0.1, 2.0, 17.0)
    y = state.y + 1e-4 * rng.standard_normal(state.y.shape)
    y[:, 5:] += 10.0 * rng.standard_normal((n + 1, 4))

    def at(v: np.ndarray, length: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, float, float]:
        residual, band, border = np.empty(size), np.empty((55, size), order="F"), np.empty(size)
        first, second, _ = flow.assemble(
            v.reshape(n + 1, SIZE), length, 3.0, state.y, state.length, state.tetraspanin, carried, weights, 1e-3,
            LOADED, Friction(0.1, 10.0, 1e-5), around, residual, band, border,
        )  # fmt: skip
        return residual, band, border, first, second

    _, band, border, _, second = at(y.ravel(), 0.71)
    fixed = {PSI, AX, VOL, AREA, SIZE * n + PSI, *range(SIZE * n + 5, size)}
    for j in set(range(size)) - fixed:
        step = 1e-5 if j % SIZE >= 5 else 1e-8
        up, down = y.ravel().copy(), y.ravel().copy()
        up[j] += step
        down[j] -= step
        measured = (at(up, 0.71)[0] - at(down, 0.71)[0]) / (2 * step)
        rows = [i for i in range(max(0, j - 18), min(size, j + 19)) if i not in fixed]
        exact = np.array([band[36 + i - j, j] for i in rows])
        assert measured[rows] == pytest.approx(exact, rel=1e-3, abs=1e-3 * np.abs(exact).max())
        outside = np.ones(size, bool)
        outside[max(0, j - 18) : j + 19] = False
        assert not measured[outside].any()
    up, down = at(y.ravel(), 0.71 + 1e-7), at(y.ravel(), 0.71 - 1e-7)
    assert (up[0] - down[0]) / 2e-7 == pytest.approx(border, rel=1e-4, abs=1e-3)
    assert (up[3] - down[3]) / 2e-7 == pytest.approx(second, rel=1e-4)


@pytest.mark.parametrize("far_end", [FarEnd.CLOSED, FarEnd.SEALED, FarEnd.CELL])
def test_what_goes_in_and_out_balances_and_energy_falls(far_end: FarEnd) -> None:
    """A pearled stretch is closed: it relaxes by itself, its energy falls, and it keeps all that it holds."""
    model = FibreModel(stretch=replace(SHORT, far_end=FarEnd.SEALED))
    begun = simulate_swelling(model, Protocol.jump(5.0, 2.0, occupancy=0.2))
    model = FibreModel(stretch=replace(SHORT, far_end=far_end))
    run = simulate_swelling(model, Protocol((0.0, 40.0), (85.6, 85.6), occupancy=(0.2, 0.2)), start=begun.final)
    assert run.status is Status.converged
    slack = 1e-9 * np.abs(run.energy[:-1])
    assert np.all(np.diff(run.energy) <= slack)
    assert run.energy[-1] < run.energy[0] - 1e-3
    for residual in (run.volume_residual, run.area_residual, run.tetraspanin_residual):
        assert np.abs(residual).max() < 1e-8
    if far_end is FarEnd.CLOSED:
        for total in (run.total_volume, run.total_area, run.total_tetraspanin):
            assert np.ptp(total) < 1e-8 * total[0]


def test_a_pearl_pulls_with_the_force_of_the_fibre() -> None:
    """Force through the widest circle, ``2 pi R sigma - P pi R^2`` and bending, is that of the thin tube beside it."""
    model = FibreModel(Membrane(drag=0.0, permeability=0.0), stretch=replace(SHORT, far_end=FarEnd.SEALED))
    run = simulate_swelling(model, Protocol.jump(5.0, 2000.0, occupancy=0.0), Settings(longest_step=500.0, seed=0.05))
    y = run.final.y
    peak = int(np.argmax(y[:, RAD]))
    R, P, sigma = y[peak, RAD], run.pressure[-1], run.membrane_tension[-1]
    h = run.final.length / SHORT.segments
    beside = 1 if peak == 0 else -1  # the profile is symmetric about the middle of a pearl at rest
    c1 = beside * (y[peak + beside, PSI] - y[peak, PSI]) / h
    bending = 0.0856 * np.pi * R * (1.0 / R**2 - c1**2)
    force = 2.0 * np.pi * R * sigma - np.pi * R**2 * P + bending
    thin = run.fibre_radius[-1]
    tube = 2.0 * np.pi * sigma * thin + 0.0856 * np.pi / thin - np.pi * thin**2 * P
    assert sigma == pytest.approx(85.6, rel=1e-6)  # without drag the tension is everywhere that of the cell
    assert R / thin > 5.0
    assert force == pytest.approx(tube, rel=0.01)


@pytest.mark.parametrize(("factor", "grows"), [(2.9, False), (3.3, True)])
def test_a_jump_pearls_above_a_factor_of_three(factor: float, *, grows: bool) -> None:
    model = FibreModel(stretch=Stretch(half_length=4.0, far_end=FarEnd.SEALED, segments=200))
    run = simulate_swelling(model, Protocol.jump(factor, 60.0, occupancy=0.0), Settings(tolerance=0.1))
    assert bool(run.radius[-1] > 1.5 * 0.05) is grows
    assert any(stage.event is Event.BORN for stage in run.stages) is grows


def test_a_pressure_jump_swells_a_fibre_as_a_tension_jump_does() -> None:
    """Beyond the pressure that a fibre stands it has no equilibrium and opens; below it widens and stays uniform."""
    model = FibreModel(stretch=Stretch(half_length=2.0, to_cell=2.0, segments=140))
    limit = 2.0 * 17.12 / (3.0 * np.sqrt(3.0) * 0.05)
    mild = simulate_swelling(model, Protocol.pressure_jump(0.8 * limit, 100.0, occupancy=0.0), Settings(tolerance=0.1))
    assert mild.swellings[-1] == 0
    assert mild.radius[-1] == pytest.approx(
        rest_radius(Material(0.0856, 0, -1, 0, 1, 42.8, 0, 0), 17.12, 0.8 * limit, 0), rel=5e-3
    )
    burst = simulate_swelling(model, Protocol.pressure_jump(3.0 * limit, 1.0, occupancy=0.0), Settings(tolerance=0.1))
    assert burst.radius[-1] > 3.0 * 0.05


def test_a_slow_rise_thins_the_fibre_as_the_root_of_tension() -> None:
    model = FibreModel(stretch=Stretch(half_length=2.0, to_cell=2.0, segments=140))
    run = simulate_swelling(model, Protocol.ramp(6.0, 4000.0, 4000.0, occupancy=0.0), Settings(longest_step=200.0))
    late = run.time > 100.0
    slope = np.polyfit(np.log(run.cell_tension[late]), np.log(run.radius[late]), 1)[0]
    assert slope == pytest.approx(-0.5, abs=0.01)
    assert run.swellings.max() == 0
    assert run.radius[-1] == pytest.approx(0.05 / np.sqrt(6.0), rel=0.01)


def test_stage_one_is_poor_in_tetraspanin_and_stage_two_rich_and_stays() -> None:
    run = two_stage("reference")
    early = (run.time > 1.0) & (run.time < 10.0)
    assert run.enrichment[early].min() < 0.85  # depleted by curvature
    assert run.radius[run.time < 10.0].max() > 2.5 * run.radius[0]
    assert [stage.event for stage in run.stages][:2] == [Event.BORN, Event.TETRASPANIN]
    assert run.enrichment[-1] > 4.0
    assert run.radius[-1] > 1.6 * run.fibre_radius[-1]  # the tension is back at rest since 180 s
    assert run.cell_tension[-1] == 17.12


@pytest.mark.parametrize("name", ["no tetraspanin", "cholesterol 0", "attraction 0"])
def test_without_tetraspanin_cholesterol_or_attraction_it_collapses(name: str) -> None:
    run = two_stage(name)
    assert run.radius.max() > 2.5 * run.radius[0]  # stage one comes
    assert run.radius[-1] < 1.1 * run.fibre_radius[-1]
    assert run.stages[-1].event is Event.COLLAPSE


def test_curvature_alone_depletes() -> None:
    """Attraction 0 and no stiffening: what prefers curvature leaves the swelling (biogenesis.md 2.4, test 24)."""
    only = Tetraspanin(attraction=0.0, stiffness_ratio=1.0, curvature=40.0)
    model = FibreModel(tetraspanin=only, stretch=replace(SHORT, far_end=FarEnd.SEALED))
    run = simulate_swelling(model, Protocol.jump(5.0, 60.0, occupancy=0.2))
    assert run.radius[-1] > 2.0 * run.fibre_radius[-1]
    assert run.enrichment[-1] < 0.7


def test_tetraspanin_diffuses_at_its_rate() -> None:
    """A ripple of occupancy on a uniform tube decays at ``D q^2 (1 + phi (1 - phi) g q^2 / thermal)``."""
    n, span, D, phi0 = 100, 2.0, 0.3, 0.3
    material = Material(0.0856, 0.0, -1.0, 0.0, 1.0, 42.8, 0.0, 0.5)
    weights = np.full(n, 1.0 / n)
    q = np.pi / span * 4
    wave = np.cos(q * span * (np.arange(n) + 0.5) / n)
    state = flow_step.shape_state(np.zeros(n + 1), 0.05, span, weights, phi0 + 1e-3 * wave)
    mobility = flow_step.mobilities(state, weights, D, material, 0.0, open_end=False)
    out, dt = np.empty(n + 1), 1e-4
    assert flow_step.diffuse(state.tetraspanin, state.y, span, weights, mobility, 0.0, dt, material, out)
    after = np.diff(out) / np.diff(state.y[:, AREA]) - phi0
    measured = (1e-3 / (after @ wave / (wave @ wave)) - 1.0) / dt
    assert measured == pytest.approx(D * q**2 * (1.0 + phi0 * (1.0 - phi0) * 0.5 * q**2 / 42.8), rel=3e-3)


def test_diffusion_goes_down_the_gradient_of_the_same_energy() -> None:
    state, weights = rough()
    n, y, dt, potential = weights.size, state.y, 1e-3, 3.0
    mobility = flow_step.mobilities(state, weights, 0.3, LOADED, 2.0, open_end=True)
    moved = state.tetraspanin + 1e-5 * np.random.default_rng(5).standard_normal(n + 1)
    moved[0] = 0.0

    def at(t: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        g, band = np.empty(n + 1), np.empty((n + 1, 3))
        args = (t, state.tetraspanin, y, state.length, weights, mobility, potential, dt, LOADED)
        return flow_step.diffusion_system(*args, g, band), g, band

    value, gradient, band = at(moved)
    shift = moved - state.tetraspanin
    twin = flow_step.energy(state._replace(tetraspanin=moved), weights, LOADED) - potential * moved[-1]
    assert value == pytest.approx(twin + np.sum(shift[1:] ** 2 / (2 * dt * mobility[1:])), rel=1e-12)
    for i in (1, 7, n):
        step = np.zeros(n + 1)
        step[i] = 1e-8
        up, down = at(moved + step), at(moved - step)
        assert (up[0] - down[0]) / 2e-8 == pytest.approx(gradient[i], rel=1e-5, abs=1e-4)
        slope = (up[1] - down[1]) / 2e-8
        right = min(3, n + 1 - i)
        assert slope[i : i + right] == pytest.approx(band[i, :right], rel=1e-5, abs=1e-2)


def test_water_crosses_the_membrane_at_its_permeability() -> None:
    lumen = Lumen(viscosity=1e-5, osmotic_pressure=-50.0)  # no pressure drop along the fibre
    model = FibreModel(
        Membrane(permeability=1e-5, drag=0.0), lumen=lumen, stretch=replace(SHORT, far_end=FarEnd.SEALED)
    )
    run = simulate_swelling(model, Protocol((0.0, 1.0), (17.12, 17.12), occupancy=(0.0, 0.0)), Settings(seed=0.0))
    expected = 1e-5 * np.cumsum(np.diff(run.time) * run.total_area[1:] * (run.pressure[1:] + 50.0))
    assert run.leaked[1:] == pytest.approx(expected, rel=2e-3)
    assert run.pressure[-1] < -5.0
    assert np.all(np.diff(run.energy) <= 1e-9 * run.energy[0])
    assert np.abs(run.volume_residual).max() < 1e-8


@pytest.mark.slow
def test_an_hour_of_both_stages_and_twice_as_fine() -> None:
    runs = [
        simulate_swelling(FibreModel(stretch=Stretch(segments=n)), Protocol.two_stage(), Settings()) for n in (300, 450)
    ]
    for run in runs:
        assert run.status is Status.converged
        assert 4.0 < run.enrichment[-1] < 40.0
        assert run.radius[-1] > 2.5 * run.fibre_radius[-1]
        late = run.time > 600.0
        size = run.radius / np.sqrt(run.occupancy * run.area)  # it is as large as its tetraspanin makes it
        assert np.ptp(size[late]) < 0.12 * size[-1]
    assert runs[0].radius[-1] == pytest.approx(runs[1].radius[-1], rel=0.1)
