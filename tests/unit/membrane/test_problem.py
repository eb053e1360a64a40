"""What makes no sense is refused with the physical reason; what has no answer is a status."""

from __future__ import annotations

import math

import numpy as np
import pytest

from migralab.core.errors import RequestError
from migralab.membrane.phase import KINDS, STATUSES, Axis, phase_diagram
from migralab.membrane.problem import Domain, Fibre, Load, scaled
from migralab.membrane.shape import ShapeKind, solve_shape
from migralab.membrane.status import Status


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: Fibre(bending=-0.1), "does not resist bending"),
        (lambda: Fibre(bending=math.nan), "finite"),
        (lambda: Fibre(tension=-1.0), "buckles"),
        (lambda: Fibre(tension=0.0), "widen without end"),
        (lambda: Fibre(tension=6000.0), "tear"),
        (lambda: Fibre.of_radius(0.08, 0.0), "has a width"),
        (lambda: Fibre.pulled(0.08, -3.0), "retracts into the cell"),
        (lambda: Fibre.pulled(0.08, 3.0, spontaneous_curvature=1.0), "not its force"),
        (lambda: Domain(0.0, 10.0), "only the fibre"),
        (lambda: Domain(1.0, -2.0), "bending modulus is positive"),
        (lambda: Domain(1.0, 2.0, line_tension=-1.0), "dissolve"),
        (lambda: Domain(1.0, 2.0, gaussian_ratio=0.5), "between -2 and 0"),
        (lambda: Fibre(gaussian_ratio=-3.0), "between -2 and 0"),
        (lambda: Load(volume=0.0), "holds something"),
        (lambda: Load(half_length=-1.0), "has a length"),
        (lambda: Load(pressure=math.inf), "finite"),
    ],
)
def test_refused_for_itself(make, reason):
    with pytest.raises(RequestError, match=reason):
        make()


@pytest.mark.parametrize(
    ("load", "reason"),
    [
        (Load(pressure=140.0), "sqrt\\(3\\) times as wide"),
        (Load(volume=1.0), "Lower the volume or raise the area"),
        (Load(half_length=0.3), "cannot fit"),
    ],
)
def test_refused_together(load, reason):
    with pytest.raises(RequestError, match=reason):
        scaled(Fibre(), Domain(1.5, 10.0), load)


def test_what_is_thinner_than_a_bilayer_is_refused():
    with pytest.raises(RequestError, match="no lumen"):
        scaled(Fibre(tension=4900.0, bending=0.02), Domain(1.5, 10.0), Load())
    with pytest.raises(RequestError, match="shorter on this fibre"):
        scaled(Fibre(), Domain(1e-4, 10.0), Load())
    with pytest.raises(RequestError, match="needs at least"):
        solve_shape(Fibre(), Domain(1.5, 10.0), segments=(2, 2))


def test_whole_numbers_compile_nothing_anew():
    problem, _ = scaled(Fibre(), Domain(2, 10), Load())
    assert {type(value) for value in problem[:-2]} == {float}


def test_a_ball_that_would_tear_is_refused():
    with pytest.raises(RequestError, match="tear at 5 to 10"):
        scaled(Fibre(bending=0.1, tension=1000.0), Domain(10.0, 10.0), Load(pressure=5e4))


def test_the_same_fibre_in_three_ways():
    one = Fibre()
    for other in (Fibre.of_radius(one.bending, one.radius), Fibre.pulled(one.bending, one.force)):
        assert (other.tension, other.radius) == pytest.approx((one.tension, one.radius), rel=1e-12)
    curved = Fibre.of_radius(0.08, 0.05, spontaneous_curvature=4.0)
    assert curved.radius == pytest.approx(0.05)


def test_units_do_not_change_the_shape():
    """Ten times the stiffness and tension: the same shape, ten times the energy and forces."""
    soft, hard = Fibre(bending=0.05, tension=10.0), Fibre(bending=0.5, tension=100.0)
    one, two = (
        solve_shape(f, Domain(1.0, 8.0, line_tension=t), Load(pressure=p))
        for f, t, p in ((soft, 0.1, 5), (hard, 1.0, 50))
    )
    np.testing.assert_allclose(one.r, two.r, rtol=1e-9)
    assert (two.energy, two.force, two.domain_tension) == pytest.approx(
        (10 * one.energy, 10 * one.force, 10 * one.domain_tension), rel=1e-8
    )


AREA = Axis("area", (1.0,))


def diagram(**more):
    x, y = Axis("stiffness_ratio", (1.0, 4.0, 10.0, 25.0)), Axis("pressure", (0.0, 30.0, 60.0, 140.0))
    return phase_diagram(Fibre(), Domain(1.5, 10.0), x=x, y=y, **more)


def test_every_point_of_a_diagram_is_converged_or_flagged():
    told = []
    map_ = diagram(progress=told.append)
    assert told[-1] == 1.0
    assert told == sorted(told)
    good = map_.status == STATUSES.index(Status.converged)
    assert np.isfinite(map_.radius[good]).all()
    assert np.isnan(map_.radius[~good]).all()
    assert not good[3].any()  # beyond what the fibre itself holds
    assert [KINDS[k] for k in map_.kind[0]] == [ShapeKind.none, ShapeKind.sausage, ShapeKind.sphere, ShapeKind.sphere]


def test_points_of_a_diagram_are_the_single_shapes():
    map_ = diagram(segments=(64, 96))
    for j, i in ((0, 1), (1, 2), (0, 3)):
        alone = solve_shape(Fibre(), Domain(1.5, map_.x.values[i]), Load(pressure=map_.y.values[j]))
        assert map_.radius[j, i] == pytest.approx(alone.radius, rel=1e-6)
        assert map_.energy[j, i] == pytest.approx(alone.energy, rel=1e-5)


def test_columns_are_one_row_a_point():
    columns = diagram().columns()
    assert {len(values) for values in columns.values()} == {16}
    assert {"stiffness_ratio", "pressure_Pa", "status", "shape", "diameter_um"} <= set(columns)


@pytest.mark.parametrize(
    ("ask", "reason"),
    [
        (lambda: Axis("stifness", (1.0,)), "Did you mean stiffness_ratio"),
        (lambda: Axis("area", ()), "no value"),
        (lambda: phase_diagram(Fibre(), Domain(1, 2), x=AREA, y=Axis("area", (2,))), "two properties"),
        (lambda: phase_diagram(Fibre(), Domain(1, 2), Load(volume=0.1), x=AREA, y=Axis("tension", (2,))), "single"),
        (lambda: phase_diagram(Fibre(), Domain(1, 2), x=Axis("area", (-1,)), y=Axis("tension", (2,))), "above 0"),
    ],
)  # fmt: skip
def test_diagrams_that_make_no_sense(ask, reason):
    with pytest.raises(RequestError, match=reason):
        ask()
