"""Courses in time that cannot be followed, and what is refused: a status or one message, never a wrong shape."""

from __future__ import annotations

import pytest

from migralab.core.errors import RequestError
from migralab.membrane.dynamics.course import simulate_swelling
from migralab.membrane.dynamics.model import (
    FibreModel,
    Lumen,
    Membrane,
    Protocol,
    Settings,
    Stretch,
    Tetraspanin,
)
from migralab.membrane.status import Status

SHORT = Stretch(half_length=2.0, segments=140)


def test_a_run_that_cannot_end_says_so() -> None:
    run = simulate_swelling(FibreModel(stretch=SHORT), Protocol.jump(5.0, 100.0), Settings(most_steps=5))
    assert run.status is Status.not_converged
    assert "most_steps" in run.instruction
    assert run.time.size == 6


def test_a_start_that_does_not_fit_is_refused() -> None:
    bare = simulate_swelling(FibreModel(stretch=SHORT), Protocol.jump(2.0, 1e-3, occupancy=0.0))
    with pytest.raises(RequestError, match="140 segments"):
        simulate_swelling(FibreModel(), Protocol.jump(2.0, 1.0, occupancy=0.0), start=bare.final)
    with pytest.raises(RequestError, match="disagree"):
        simulate_swelling(FibreModel(stretch=SHORT), Protocol.jump(2.0, 1.0), start=bare.final)


def test_a_swelling_that_outgrows_its_stretch_is_told() -> None:
    """The pressure of the cell is twice what the fibre stands, and the stretch is short."""
    model = FibreModel(stretch=Stretch(half_length=1.0, to_cell=1.0, segments=80))
    run = simulate_swelling(model, Protocol.pressure_jump(250.0, 60.0, occupancy=0.0), Settings(tolerance=0.1))
    assert run.status is Status.not_converged
    assert "longer half_length" in run.instruction


def test_progress_is_reported() -> None:
    seen: list[float] = []
    simulate_swelling(FibreModel(stretch=SHORT), Protocol.jump(2.0, 1.0), progress=lambda share, _: seen.append(share))
    assert seen[-1] == 1.0
    assert seen == sorted(seen)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: Membrane(bending=-1.0), "bending modulus is -1.0"),
        (lambda: Tetraspanin(attraction=-0.1), "attraction is -0.1"),
        (lambda: Tetraspanin(diffusivity=0.0), "immobile"),
        (lambda: Lumen(viscosity=0.0), "viscosity is 0.0"),
        (lambda: Stretch(segments=3), "segments is 3"),
        (lambda: Protocol((0.0, 1.0), (0.0, 0.0)), "without tension a fibre has no radius"),
        (lambda: Protocol((0.0, 1.0), (17.0, 9e3)), "beyond rupture"),
        (lambda: Protocol((0.0, 1.0), (17.0,)), "1 values for 2 times"),
        (lambda: Protocol((1.0, 0.0), (17.0, 17.0)), "start at 0"),
        (lambda: Settings(tolerance=0.0), "tolerance is 0.0"),
        (lambda: simulate_swelling(FibreModel(), Protocol((0.0, 1.0), (17.0, 17.0), (500.0, 500.0))), "blows a fibre"),
        (
            lambda: simulate_swelling(FibreModel(stretch=Stretch(segments=60)), Protocol.jump(2.0, 1.0)),
            "needs at least",
        ),
    ],
)
def test_nonsense_is_refused_with_its_reason(make: object, reason: str) -> None:
    with pytest.raises(RequestError, match=reason):
        make()  # type: ignore[operator]
