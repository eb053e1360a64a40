"""The membrane: a shape beside a general optimiser, a diagram of 10,000, an hour of both stages, a junction."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
from scipy.optimize import minimize

from benchmarks import membrane_dynamics
from benchmarks.timing import Table, best, threads
from migralab.membrane.junction import Filling, Junction, tension_ramp
from migralab.membrane.phase import STATUSES, Axis, phase_diagram
from migralab.membrane.problem import Domain, Fibre, Load, scaled
from migralab.membrane.shape import SEGMENTS, fibre_part, mesh, solve_shape
from migralab.membrane.status import Status
from migralab.physics.membrane import newton, profile, starts

FIBRE = Fibre()
REFERENCE = Domain(area=600.0 * FIBRE.radius**2, stiffness_ratio=10.0)  # evidence/biogenesis.md, appendix
POINTS = 100


def tables() -> Iterator[Table]:
    yield _one_shape()
    yield _diagram()
    yield from membrane_dynamics.tables()
    yield _junction()


def _one_shape() -> Table:
    near = solve_shape(FIBRE, REFERENCE)
    step = Domain(area=1.02 * REFERENCE.area, stiffness_ratio=10.0)
    warm = best(lambda: solve_shape(FIBRE, step, near=near))
    alone = best(_warm_alone)
    optimiser, error = _general()
    rows = [
        ["from a neighbour alone, one Newton search", f"{alone * 1e3:.2f} ms", ""],
        ["from a neighbour and all four starts (`solve_shape(near=)`)", f"{warm * 1e3:.2f} ms", ""],
        [
            "scipy SLSQP, 24 + 30 segments, one start",
            f"{optimiser:.2f} s",
            f"{optimiser / alone:.0f}x longer; E off {error:.1e}",
        ],
    ]
    return Table(
        title=f"One shape: a 47.7, k 10, {SEGMENTS[0]} + {SEGMENTS[1]} segments, one thread",
        head=("what", "time", "beside the first"),
        rows=rows,
    )


def _warm_alone(cache: list = []) -> None:  # noqa: B006  # made once
    """One Newton search from the shape of a domain that is 2 % smaller, as a continuation makes it."""
    if not cache:
        near = solve_shape(FIBRE, REFERENCE)
        problem, scale = scaled(FIBRE, Domain(area=1.02 * REFERENCE.area, stiffness_ratio=10.0), Load())
        cache.append((near, problem, scale))
    near, problem, scale = cache[0]
    weight, border = mesh(SEGMENTS)
    n = len(weight)
    whole = np.array(
        [near.s[border] / scale.length, (near.s[-1] - near.s[border]) / scale.length, 0.07, 0.0, 2 * np.pi]
    )
    report = np.empty(4)
    found = newton.minimise(
        near.psi.copy(), np.empty(n + 1), np.zeros(n), weight, border, whole, problem, 50, 1e-10, report
    )
    if found != newton.CONVERGED:
        raise RuntimeError("the neighbour's shape led nowhere")


def _general() -> tuple[float, float]:
    """Return the time of a general optimiser on the same discrete energy, s, and how far its energy is off."""
    weight, border = mesh((24, 30))
    problem, _ = scaled(FIBRE, REFERENCE, Load())
    n = len(weight)
    length, force = fibre_part(problem)
    psi, radius, whole, sums = np.zeros(n + 1), np.empty(n + 1), np.zeros(profile.GLOBALS), np.empty(6)
    whole[profile.FIBRE_LENGTH] = length
    starts.begin(problem, weight, border, 1, psi, radius, whole)

    def evaluate(unknown: np.ndarray) -> np.ndarray:
        psi[1:-1], whole[profile.DOMAIN_LENGTH] = unknown[:-1], np.exp(unknown[-1])
        profile.integrate_radius(psi, radius, weight, border, whole, problem.tube_radius)
        profile.totals(psi, radius, weight, border, whole, problem, sums)
        return sums

    def energy(unknown: np.ndarray) -> float:
        found = evaluate(unknown)
        return float(found[0] - force * found[3]) / 100.0 if found[4] > 0.1 else 1e3

    first = np.append(psi[1:-1], np.log(whole[profile.DOMAIN_LENGTH]))
    area = {"type": "eq", "fun": lambda unknown: evaluate(unknown)[1] / problem.area - 1.0}
    begin = time.perf_counter()
    answer = minimize(energy, first, method="SLSQP", constraints=[area], options={"maxiter": 500, "ftol": 1e-11})
    taken = time.perf_counter() - begin
    exact = solve_shape(FIBRE, REFERENCE, segments=(24, 30)).energy / FIBRE.bending
    return taken, abs(200.0 * answer.fun - exact) / abs(exact)


def _junction() -> Table:
    junction = Junction()
    tension_ramp(junction, points=3)  # compiled
    rows = []
    for filling in (Filling.CLOSED, Filling.LONG):
        begin = time.process_time()
        ramp = tension_ramp(junction, filling=filling)
        taken = time.process_time() - begin
        rows.append(
            [filling.value, str(len(ramp.tension)), f"{taken:.1f} s", f"{ramp.bulge_gamma:.3f}", ramp.bulge_kind]
        )
    return Table(
        title="A junction of three tubes, tension rising until its ball is three radii wide",
        head=("water", "shapes", "processor time", "Gamma at the bulge", "how"),
        rows=rows,
    )


def _diagram() -> Table:
    x = Axis("stiffness_ratio", tuple(np.geomspace(1, 40, POINTS)))
    y = Axis("area", tuple(np.geomspace(0.1, 40, POINTS)))
    small = [Axis(axis.name, axis.values[:2]) for axis in (x, y)]
    phase_diagram(FIBRE, REFERENCE, x=small[0], y=small[1])
    rows, one = [], 0.0
    for count in (1, 2):
        with threads(count):
            begin = time.perf_counter()
            found = phase_diagram(FIBRE, REFERENCE, x=x, y=y)
            taken = time.perf_counter() - begin
        one = one or taken
        good = int(np.sum(found.status == STATUSES.index(Status.converged)))
        points = POINTS**2
        rows.append([
            str(count), f"{taken:.1f} s", f"{one / taken:.2f}x", f"{taken / points * 1e3:.2f} ms",
            f"{found.newton_steps / points:.0f}", f"{good:,} converged, {points - good:,} flagged",
        ])  # fmt: skip
    return Table(
        title=f"Diagram of {POINTS} x {POINTS} points: stiffness 1 to 40, area 0.1 to 40 um2",
        head=("threads", "time", "beside one thread", "per point", "Newton steps per point", "points"),
        rows=rows,
        note="Each point from four starts, from its neighbour in the row, and again from four neighbours.",
    )
