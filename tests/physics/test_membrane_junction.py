"""Triangulated membranes and three-way junctions: docs/theory/membrane-junction.md."""

import math

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.sparse.csgraph import shortest_path

from migralab.core.errors import RequestError
from migralab.membrane.junction import (
    Filling,
    Junction,
    closed_ramp,
    solve_junction,
    sphere_fold,
    sphere_tension,
    tension_ramp,
)
from migralab.membrane.junction.pearls import clamped_tube_threshold
from migralab.membrane.junction.reduced import ball_of_volume
from migralab.membrane.junction.solver import Held, Surface, settle, softest_modes
from migralab.membrane.status import Status
from migralab.physics.membrane.surface.energy import surface_energy, surface_energy_array
from migralab.physics.membrane.surface.mesh import colours, neighbour_matrix, quality
from migralab.physics.membrane.surface.tubes import balance_point, junction_mesh, tube_mesh

Y = np.column_stack([np.cos(np.radians([90, 210, 330])), np.sin(np.radians([90, 210, 330])), np.zeros(3)])


def sphere(halvings):
    """Return an icosphere: vertices (n, 3) of norm 1 and triangles."""
    p = (1 + 5**0.5) / 2
    x = np.array([(-1, p, 0), (1, p, 0), (-1, -p, 0), (1, -p, 0), (0, -1, p), (0, 1, p), (0, -1, -p), (0, 1, -p),
                  (p, 0, -1), (p, 0, 1), (-p, 0, -1), (-p, 0, 1)])  # fmt: skip
    rest = " 2 4 11 6 2 10 8 6 7 9 8 1"
    faces = "0 11 5 0 5 1 0 1 7 0 7 10 0 10 11 1 5 9 5 11 4 11 10 2 10 7 6 7 1 8 3 9 4 3 4 2 3 2 6 3 6 8 3 8 9 4 9 5"
    t = np.array([*map(int, (faces + rest).split())]).reshape(-1, 3)
    x /= np.linalg.norm(x, axis=1)[:, None]
    for _ in range(halvings):
        edges = np.sort(np.concatenate([t[:, [0, 1]], t[:, [1, 2]], t[:, [2, 0]]]), axis=1)
        edges, at = np.unique(edges, axis=0, return_inverse=True)
        ab, bc, ca = len(x) + at.reshape(3, -1)
        middle = x[edges].mean(axis=1)
        x = np.concatenate([x, middle / np.linalg.norm(middle, axis=1)[:, None]])
        a, b, c = t.T
        t = np.concatenate([np.column_stack(f) for f in ((a, ab, ca), (b, bc, ab), (c, ca, bc), (ab, bc, ca))])
    return x, t


def energies(x, triangles, mirrors):
    work = np.empty((len(x), 3)), np.empty(len(x)), np.empty((len(x), 3)), np.empty((len(x), 3)), np.empty((len(x), 3))
    return surface_energy(x, triangles, mirrors, *work), work[2:]


def test_sphere_has_8_pi_and_converges_with_the_second_order():
    """(eq-surface-energy): 8 pi kappa at any radius, area and volume; the error falls fourfold at each halving."""
    wrong = []
    for halvings in (1, 2, 3):
        x, t = sphere(halvings)
        parts, _ = energies(1.7 * x, t, np.zeros((len(x), 2, 3)))
        exact = 8 * math.pi, 4 * math.pi * 1.7**2, 4 / 3 * math.pi * 1.7**3
        wrong.append([p / e - 1 for p, e in zip(parts, exact, strict=True)])
    assert np.abs(wrong[-1]).max() < 0.01
    assert np.divide(wrong[0], wrong[1]) == pytest.approx([4, 4, 4], rel=0.08)
    assert np.divide(wrong[1], wrong[2]) == pytest.approx([4, 4, 4], rel=0.03)


def test_kernel_equals_its_twin_and_its_gradient_the_difference():
    """(eq-surface-gradient) against central differences of the energy, vertices on one and two mirrors."""
    random = np.random.default_rng(4)
    x, t = sphere(2)
    x = 1.2 * x + 0.05 * random.normal(size=x.shape)
    mirrors = np.zeros((len(x), 2, 3))
    mirrors[:20, 0, 2] = mirrors[10:30, 1, 0] = 1.0
    parts, slopes = energies(x, t, mirrors)
    assert parts == pytest.approx(surface_energy_array(x, t, mirrors)[:3], rel=1e-12)
    way, h = random.normal(size=x.shape), 1e-6
    up, down = energies(x + h * way, t, mirrors)[0], energies(x - h * way, t, mirrors)[0]
    for after, before, slope in zip(up, down, slopes, strict=True):
        assert (after - before) / (2 * h) == pytest.approx(float(np.sum(slope * way)), rel=1e-6, abs=1e-7)


def test_colours_are_more_than_four_edges_apart_and_give_the_whole_hessian():
    mesh = junction_mesh(4.0 * Y, Y, 6)
    colour = colours(mesh.triangles, len(mesh.x))
    apart = shortest_path(neighbour_matrix(mesh.triangles, len(mesh.x)), unweighted=True)
    same = (colour[:, None] == colour) & ~np.eye(len(colour), dtype=bool)
    assert apart[same].min() > 4
    surface = Surface(mesh)
    matrix = surface.hessian(0.6, 0.1)
    way = np.random.default_rng(1).normal(size=surface.unknowns)
    h = 1e-5
    slopes = []
    for sign in (h, -h):
        d = surface.derivatives(surface.moved(sign * way))
        slopes.append((d.d_bending + 0.6 * d.d_area - 0.1 * d.d_volume)[surface.free])
    assert matrix @ way == pytest.approx((slopes[0] - slopes[1]) / (2 * h), rel=1e-4, abs=1e-3)


def test_tube_finds_its_radius_and_its_force():
    """R = sqrt(kappa/2 sigma) in the middle of a tube clamped too wide, f = 2 pi sqrt(2 kappa sigma) = dE/dL."""
    wide = Surface(tube_mesh(14.0, 10))
    assert settle(wide, Held(0.72))[0]
    middle = np.abs(wide.x[:, 0]) < 0.4
    assert np.hypot(wide.x[middle, 1], wide.x[middle, 2]) == pytest.approx(1 / math.sqrt(1.44), rel=2e-3)
    stored = []
    for length in (5.9, 6.1):
        tube = Surface(tube_mesh(length, 10, rings=19))
        assert settle(tube, Held(0.5))[0]
        d = tube.derivatives()
        stored.append(d.bending + 0.5 * d.area)
    assert (stored[1] - stored[0]) / 0.2 == pytest.approx(2 * math.pi, rel=6e-3)


def pearling_tension(length, around):
    """Return the tension at which the softest axisymmetric mode of a closed, clamped tube has no stiffness left."""

    def stiffness(tension):
        tube = Surface(tube_mesh(length, around))
        values, modes = softest_modes(
            tube, tension, (tension - 0.5) / math.cos(math.pi / 2 / around), closed=True, count=4
        )
        along = np.round(tube.x[tube.free, 0], 6)
        for value, mode in zip(values, modes.T, strict=True):
            rings = np.array([mode[along == at].mean() for at in np.unique(along)])
            if (rings**2).mean() > 0.5 * (mode**2).mean():
                return value
        return values[-1]

    return brentq(stiffness, 1.6, 3.0, xtol=1e-4)


def test_closed_clamped_tube_pearls_where_the_modes_say():
    """(eq-pearl-clamped): 2.213 for 12 radii; the surface at 8 segments comes within 2.5 %."""
    assert clamped_tube_threshold(12.0) == pytest.approx(2.2133, abs=1e-3)
    assert clamped_tube_threshold(200.0) == pytest.approx(1.5, rel=1e-3)
    assert clamped_tube_threshold(5.0) == math.inf
    assert pearling_tension(12.0, 8) == pytest.approx(clamped_tube_threshold(12.0), rel=0.025)


@pytest.mark.slow
def test_pearling_threshold_of_the_surface_converges_with_the_second_order():
    exact = clamped_tube_threshold(12.0)
    coarse, fine = pearling_tension(12.0, 8) / exact - 1, pearling_tension(12.0, 16) / exact - 1
    assert abs(fine) < 0.007
    assert coarse / fine == pytest.approx(4.0, rel=0.1)


def test_resting_junction_is_a_closed_smooth_surface_with_three_ends():
    junction = Junction()
    shape = solve_junction(junction, junction.resting_tension)
    assert shape.status is Status.converged
    assert shape.instruction == ""
    assert shape.residual < 1e-8
    assert shape.stiffness > 0.0
    assert shape.quality > 0.4
    assert shape.junction_radius / junction.radius == pytest.approx(1.335, rel=0.01)
    assert shape.arm_radii[:, -1] == pytest.approx(np.full(3, junction.radius), rel=0.02)
    assert shape.pressure == pytest.approx(0.0, abs=1e-4)
    edges = np.concatenate([shape.triangles[:, [0, 1]], shape.triangles[:, [1, 2]], shape.triangles[:, [2, 0]]])
    _, times = np.unique(np.sort(edges, axis=1), axis=0, return_counts=True)
    assert len(np.unique(edges, axis=0)) == len(edges)  # each edge once in each direction: outward throughout
    assert int((times == 1).sum()) == 3 * 16  # the rings of the three ends
    assert len(shape.vertices) - len(times) + len(shape.triangles) == -1  # a sphere with three holes
    mirrors = np.zeros((len(shape.vertices), 2, 3))
    _, area, volume, _ = surface_energy_array(shape.vertices, shape.triangles, mirrors)
    assert area == pytest.approx(shape.area)
    assert volume == pytest.approx(shape.volume)


def test_water_that_can_leave_leaves_no_bulge():
    """A slow rise thins everything as 1/sqrt(tension)."""
    junction = Junction(arm_length=0.4)
    rest, up = (solve_junction(junction, g * junction.resting_tension, filling="open", around=6) for g in (1.0, 2.0))
    assert up.status is Status.converged
    assert up.junction_radius / rest.junction_radius == pytest.approx(1 / math.sqrt(2), rel=0.05)


@pytest.fixture(scope="module")
def long():
    done = []
    ramp = tension_ramp(Junction(), filling="long", widest=3.2, points=18, progress=done.append)
    assert done == sorted(done)
    assert done[-1] == 1.0
    return ramp


def test_junction_snaps_long_before_its_arms_pearl(long):
    """0.772 on fine meshes (0.786 with 8 segments) against 3/2; the fold is where the stiffness vanishes."""
    assert long.status is Status.converged
    assert (long.bulge_kind, long.first) == ("fold", "junction")
    assert long.bulge_gamma == pytest.approx(0.786, abs=0.002)
    assert long.arm_gamma == 1.5
    assert (np.diff(long.junction_radius) > 0.0).all()
    top = int(np.argmax(long.gamma))
    assert abs(int(np.argmin(long.stable)) - top) <= 1
    assert long.stable[: top - 1].all()
    assert not long.stable[top + 2 :].any()
    assert long.bulge.mode_in_junction > 0.5


def test_sphere_with_horns_agrees_with_the_surface_without_a_fit(long):
    """(eq-junction-sphere) within 2.5 % of the coarse surface for balls from 2.8 radii, and its fold at 0.789."""
    section = long.around * math.sin(math.pi / long.around)
    for gamma, volume in zip(long.gamma, long.volume / 0.05**3, strict=True):
        ball = ball_of_volume(volume - 30.0 * section)
        if ball > 2.8:
            assert sphere_tension(ball) == pytest.approx(gamma, rel=0.025)
    assert sphere_fold() == (pytest.approx(0.7894, abs=1e-3), pytest.approx(2.97, abs=0.02))
    assert sphere_fold(4)[0] < sphere_fold(3)[0]


def test_closed_long_arms_scale_the_long_ramp(long):
    """(eq-junction-closed): water runs short, so the tension needed falls with the arm, to that of endless arms."""
    needed = [closed_ramp(long, length).bulge_gamma for length in (20.0, 100.0, 1000.0)]
    assert needed == sorted(needed, reverse=True)
    assert needed[-1] == pytest.approx(long.bulge_gamma, rel=0.02)
    assert closed_ramp(long, 20.0).bulge_kind == "gradual"
    assert closed_ramp(long, 1000.0).bulge_kind == "fold"
    with pytest.raises(RequestError, match="take `tension_ramp` itself"):
        closed_ramp(long, 5.0)


def test_beyond_the_fold_long_arms_have_no_equilibrium():
    junction = Junction(arm_length=0.4)
    shape = solve_junction(junction, 1.9 * junction.resting_tension, filling=Filling.LONG)
    assert shape.status is Status.no_equilibrium
    assert "keep the volume" in shape.instruction
    assert shape.gamma < 0.79  # the last shape that held is handed back, not the one that ran away
    assert shape.residual < 1e-7


@pytest.mark.slow
def test_thin_arms_on_a_coarse_mesh_are_not_passed_off_as_a_shape():
    """An arm drained to half its radius bends on 8 segments; 12 hold it, stable."""
    junction = Junction(arm_length=0.75)
    coarse, fine = (solve_junction(junction, 5.0 * junction.resting_tension, around=m) for m in (8, 12))
    assert coarse.status is Status.not_converged
    assert "Raise `around`" in coarse.instruction
    assert coarse.gamma < 2.5
    assert coarse.stiffness > 0.0
    assert fine.status is Status.converged
    assert fine.stiffness > 0.0
    assert fine.junction_radius / 0.05 == pytest.approx(2.40, abs=0.01)


@pytest.mark.slow
def test_closed_junction_swells_first_and_agrees_with_scaled_arms(long):
    ramp = tension_ramp(Junction(arm_length=0.75), widest=2.1, points=20)
    assert (ramp.bulge_kind, ramp.first) == ("gradual", "junction")
    assert ramp.stable.all()
    assert ramp.volume == pytest.approx(np.full(len(ramp.volume), ramp.volume[0]), rel=1e-8)
    scaled = closed_ramp(long, 15.0)
    there = np.array([1.4, 1.6, 1.8])
    direct = np.interp(there, ramp.junction_radius / 0.05, ramp.gamma)
    assert np.interp(there, scaled.junction_radius, scaled.gamma) == pytest.approx(direct, rel=0.05)


@pytest.mark.slow
def test_fold_of_the_junction_converges_with_the_second_order():
    fold = [
        tension_ramp(Junction(arm_length=0.4), filling="long", widest=2.4, points=24, around=m).bulge_gamma
        for m in (6, 12, 20)
    ]
    square = [1 / 36, 1 / 144, 1 / 400]
    slopes = [(fold[i] - fold[i + 1]) / (square[i] - square[i + 1]) for i in (0, 1)]
    assert slopes[0] == pytest.approx(slopes[1], rel=0.12)
    assert fold[2] - slopes[1] * square[2] == pytest.approx(0.772, abs=0.001)


@pytest.mark.slow
def test_t_becomes_a_y_and_folds_as_one(long):
    t = Junction(angles=(0.0, 90.0, 180.0), arm_length=0.75)
    assert t.straight_arms() == pytest.approx([15.0 * math.sqrt(4 / 3), 15.0 * (1 - 3**-0.5), 15.0 * math.sqrt(4 / 3)])
    ramp = tension_ramp(t, filling="long", widest=2.4, points=20)
    assert ramp.bulge_kind == "fold"
    assert ramp.bulge_gamma == pytest.approx(long.bulge_gamma, rel=0.02)


def test_forces_of_a_t_balance_at_120_degrees():
    """(eq-fermat): on the stem, at 1/sqrt(3) of an arm."""
    ends = 10.0 * np.array([(1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (-1.0, 0.0, 0.0)])
    assert balance_point(ends) == pytest.approx([0.0, 10.0 / math.sqrt(3.0), 0.0], abs=1e-6)


@pytest.mark.parametrize("angles", [(90, 210, 330), (0, 90, 180), (0, 60, 180), (0, 60, 120)])
def test_start_meshes_are_clean(angles):
    turn = np.radians(angles)
    faces = np.column_stack([np.cos(turn), np.sin(turn), np.zeros(3)])
    mesh = junction_mesh(6.0 * faces, faces, 8)
    assert quality(mesh.x, mesh.triangles).min() > 0.3
    assert mesh.x[:, 2].min() >= 0.0


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"bending": -1.0}, "positive and finite"),
        ({"radius": 0.0}, "positive and finite"),
        ({"arm_length": 0.1}, "there is no arm"),
        ({"arm_length": 5.0}, "the mesh holds arms up to 20"),
        ({"angles": (0.0, 30.0, 180.0)}, "fuse into one"),
        ({"angles": (0.0, 60.0, 120.0)}, "slides there"),
        ({"angles": (0.0, math.nan, 120.0)}, "three finite directions"),
    ],
)
def test_impossible_junctions_are_refused_with_the_reason(changes, reason):
    with pytest.raises(RequestError, match=reason):
        Junction(**changes)


def test_impossible_requests_are_refused_with_the_reason():
    junction = Junction()
    with pytest.raises(RequestError, match="nothing sets the size of a tube"):
        solve_junction(junction, 0.0)
    with pytest.raises(RequestError, match="There is no filling 'shut'"):
        solve_junction(junction, 20.0, filling="shut")
    with pytest.raises(RequestError, match="water leaves"):
        tension_ramp(junction, filling="open")
    with pytest.raises(RequestError, match="meshed with 6"):
        solve_junction(junction, 20.0, around=4)
    with pytest.raises(RequestError, match="no fold"):
        sphere_fold(2)
    with pytest.raises(RequestError, match="horns"):
        sphere_tension(1.0)
