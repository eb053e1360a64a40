"""Shapes of the membrane agree with Surface Evolver on a deck written from the same equations, to 0.1 %.

Evolver's own error with its usual mesh, from meshes twice and four times as fine, is up to 0.04 % in radius, neck and
aspect (0.15 % in the longest sausage, so that the long ones are run on a finer mesh); ours is up to 0.08 %.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from migralab.membrane.problem import Domain, Fibre, Load
from migralab.membrane.shape import Shape, solve_shape
from migralab.membrane.status import Status
from tests.truth.evolver import (
    ABSENT,
    INSTALLED,
    Case,
    EvolverShape,
    Mesh,
    Start,
    fibre_force,
    fibre_radius,
    lowest,
    run_evolver,
    unmoved,
)
from tests.truth.evolver_facets import lowest_of_family

pytestmark = pytest.mark.skipif(not INSTALLED, reason=ABSENT)

AGREEMENT = 1e-3
DEGREES = 0.06  # 1e-3 rad, the same share of an angle of order one
FINE = Mesh(80, 100)
REFERENCE, FROM = Case(47.7, 10.0), Start(6.0, 2.4)

LIGHT = {
    "reference": (REFERENCE, FROM),
    "sausage": (Case(47.7, 2.0), Start(2.0, 1.4)),
    "sleeve": (Case(10.0, 20.0), Start(3.2, 2.9)),
    "no Gaussian term": (Case(47.7, 10.0, gaussian=0.0), Start(5.5, 3.0)),
    "pressure": (Case(47.7, 10.0, pressure=0.02), FROM),
    "suction": (Case(47.7, 10.0, pressure=-0.01), FROM),
    "line tension": (Case(47.7, 10.0, line_tension=1.0), FROM),
    "spontaneous curvature": (Case(47.7, 10.0, spontaneous_curvature=0.1), FROM),
    "volume": (Case(47.7, 10.0, volume=1350.0), FROM),
    "short fibre": (Case(47.7, 10.0, half_length=14.0), FROM),
}

# a and k of the table in evidence/biogenesis.md 2.3 that are not among the light ones, and where Evolver starts
TABLE = {
    (10.0, 2.0): Start(1.9, 1.4),
    (10.0, 5.0): Start(2.8, 2.0),
    (47.7, 5.0): Start(4.9, 1.9),
    (47.7, 20.0): Start(6.4, 3.5),
    (47.7, 40.0): Start(5.2, 4.7),
    (150.0, 3.0): Start(2.9, 1.6),
    (150.0, 5.0): Start(4.8, 1.9),
    (150.0, 10.0): Start(9.4, 2.2),
    (150.0, 20.0): Start(11.0, 2.6),
    (400.0, 5.0): Start(4.8, 1.9),
    (400.0, 10.0): Start(10.0, 2.2),
    (400.0, 20.0): Start(16.5, 2.3),
    (400.0, 40.0): Start(18.0, 2.7),
}


def ours(case: Case) -> tuple[Shape, float, float]:
    """Return our shape of a case in real units, and the length and energy that Evolver's are multiples of."""
    fibre = Fibre(gaussian_ratio=case.gaussian)
    um, energy = fibre.radius, fibre.bending
    domain = Domain(
        area=case.area * 4.0 * math.pi * um**2,
        stiffness_ratio=case.stiffness,
        gaussian_ratio=case.gaussian,
        line_tension=case.line_tension * energy / um,
        spontaneous_curvature=case.spontaneous_curvature / um,
    )
    load = Load(
        pressure=case.pressure * energy / um**3,
        volume=None if case.volume is None else case.volume * um**3,
        half_length=None if case.half_length is None else case.half_length * um,
    )
    return solve_shape(fibre, domain, load), um, energy


def assert_agree(theirs: EvolverShape, case: Case) -> None:
    shape, um, energy = ours(case)
    assert shape.status is Status.converged, shape.instruction
    assert shape.radius / um == pytest.approx(theirs.radius, rel=AGREEMENT)
    assert shape.aspect == pytest.approx(theirs.aspect, rel=AGREEMENT)
    assert shape.neck_radius / um == pytest.approx(theirs.neck_radius, rel=AGREEMENT)
    assert math.degrees(shape.neck_angle) == pytest.approx(theirs.neck_angle, abs=DEGREES)
    # A sum of large parts of both signs: judged by the largest, the bending of the domain
    assert shape.energy / energy == pytest.approx(theirs.energy, abs=AGREEMENT * theirs.domain_bending)
    assert shape.domain_tension * um**2 / energy == pytest.approx(theirs.domain_tension, rel=AGREEMENT, abs=AGREEMENT)
    assert shape.pressure * um**3 / energy == pytest.approx(theirs.domain_pressure, rel=AGREEMENT)
    assert shape.volume / um**3 == pytest.approx(theirs.volume, rel=AGREEMENT)
    assert shape.force * um / energy == pytest.approx(theirs.force, rel=AGREEMENT)


@pytest.mark.parametrize("pressure", [0.0, 0.02])
def test_the_deck_knows_a_bare_tube(pressure):
    """A domain like the fibre, started half as wide again and clamped, returns to the tube and is held by its force."""
    tube = run_evolver(Case(10.0, 1.0, pressure=pressure, half_length=25.0), Start(1.5, 1.4))
    assert tube.profile[:, 1] == pytest.approx(fibre_radius(pressure), rel=1e-6)
    assert tube.force == pytest.approx(fibre_force(pressure), rel=1e-6)
    assert tube.domain_tension == pytest.approx(0.5, rel=1e-6)
    fibre = Fibre()
    pascal = pressure * fibre.bending / fibre.radius**3
    assert fibre.radius_at(pascal) / fibre.radius == pytest.approx(fibre_radius(pressure), rel=1e-6)
    assert fibre.force_at(pascal) * fibre.radius / fibre.bending == pytest.approx(fibre_force(pressure), rel=1e-6)


def test_the_deck_knows_a_ball():
    """Spherical caps bend with 4 pi k sin(psi) each, the cylinder between them with pi k L / R for each half."""
    case, start = Case(60.0, 10.0), Start(5.0, 2.0)
    cap = math.sqrt(1.0 - (start.neck / start.radius) ** 2)  # sine of the angle at the neck
    straight = case.area / start.radius - start.radius * cap
    shape = unmoved(case, start, Mesh(160, 20))
    by_hand = 2.0 * math.pi * case.stiffness * (straight / start.radius + 4.0 * cap)
    assert shape.domain_bending == pytest.approx(by_hand, rel=AGREEMENT)
    assert shape.gaussian == pytest.approx(-4.0 * math.pi * (case.stiffness - 1.0) * cap, rel=1e-9)


def test_the_error_of_the_deck_falls_with_the_square_of_its_mesh():
    coarse, usual, fine = (run_evolver(REFERENCE, FROM, Mesh(20 * m, 25 * m)) for m in (1, 2, 4))
    for name in ("radius", "neck_radius", "energy"):
        a, b, c = (getattr(shape, name) for shape in (coarse, usual, fine))
        assert math.log2((a - b) / (b - c)) == pytest.approx(2.0, abs=0.2), name
        assert abs(b - c) / 3.0 < 3e-4 * abs(c), name


def test_the_deck_agrees_with_a_published_one():
    """Equator held at 6 R_l, fibre of 50 R_l: the numbers of evidence/biogenesis.md, from a deck that was not read.

    Its neck is the farthest off, by 2 %; our deck, also on finer meshes, has 2.395, and the minimisation there 2.394.
    """
    shape = run_evolver(Case(47.7, 10.0, imposed_radius=6.0, half_length=50.0), FROM, Mesh(40, 80, 40.0))
    assert shape.radius == pytest.approx(6.0, rel=1e-6)
    assert shape.length == pytest.approx(18.12, rel=0.01)
    assert shape.neck_radius == pytest.approx(2.349, rel=0.025)
    assert math.sin(math.radians(shape.neck_angle)) == pytest.approx(0.652, rel=0.01)
    assert shape.domain_bending == pytest.approx(207.5, rel=0.01)
    assert shape.gaussian == pytest.approx(-73.7, rel=0.01)
    assert shape.energy == pytest.approx(20.8, abs=0.01 * 207.5)


@pytest.mark.parametrize("name", LIGHT)
def test_a_shape_agrees(name):
    case, start = LIGHT[name]
    assert_agree(run_evolver(case, start), case)


def test_the_profile_agrees_all_along():
    theirs = run_evolver(REFERENCE, FROM, FINE)
    shape, um, _ = ours(REFERENCE)
    x, r, _ = theirs.profile.T
    inside = x < min(x[-1], shape.x[-1] / um)
    off = np.interp(x[inside], shape.x / um, shape.r / um) - r[inside]
    assert np.max(np.abs(off)) < AGREEMENT  # of the radius of the fibre


@pytest.mark.slow
@pytest.mark.parametrize(("area", "stiffness"), TABLE)
def test_a_row_of_the_table_agrees(area, stiffness):
    case = Case(area, stiffness)
    assert_agree(run_evolver(case, TABLE[area, stiffness], FINE), case)


@pytest.mark.slow
@pytest.mark.parametrize(
    "case",
    [
        REFERENCE,
        Case(47.7, 10.0, gaussian=0.0),
        Case(10.0, 5.0),
        Case(47.7, 40.0),
        Case(150.0, 10.0),
        Case(400.0, 20.0),
        Case(47.7, 10.0, pressure=0.01),
    ],
    ids=str,
)
def test_no_start_of_evolver_ends_lower(case):
    """Twelve starts, from sausages to sleeves: ours is the lowest minimum that either program knows."""
    theirs = lowest(case)
    shape, _, energy = ours(case)
    assert shape.energy / energy == pytest.approx(theirs.energy, abs=AGREEMENT * theirs.domain_bending)


@pytest.mark.slow
def test_triangles_in_space_agree():
    """No symmetry of revolution, another curvature; with 10 edges around a quarter the neck is 1.1 % off, others less.

    From 10 over 15 to 20 edges the energy goes 62.12, 62.00, 61.96 to 61.91 as their number grows; ours is 61.91.
    """
    case = Case(47.7, 10.0, gaussian=0.0)
    solid = lowest_of_family(case, (5.4, 5.5, 5.6), Start(5.5, 3.0), around=10)
    shape, um, energy = ours(case)
    assert solid.out_of_round < 0.02
    assert shape.radius / um == pytest.approx(solid.equator, rel=0.01)
    assert shape.length / um == pytest.approx(solid.length, rel=0.01)
    assert shape.neck_radius / um == pytest.approx(solid.neck_radius, rel=0.02)
    assert shape.energy / energy == pytest.approx(solid.energy, abs=0.003 * 161.3)  # of the bending of the domain
