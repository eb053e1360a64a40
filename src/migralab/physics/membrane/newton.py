"""Newton steps to a shape of least energy: block elimination that counts negative directions; docs/theory/membrane.md.

The system of one step is symmetric and indefinite: each constraint brings one negative eigenvalue. A stationary
shape is a minimum if there are exactly as many negative eigenvalues as constraints (Gould 1985), and elimination
node by node counts them for nothing. Where there are more, the Hessian is lifted until the step leads downhill.
"""

from __future__ import annotations

import numpy as np

from migralab.core.kernel import kernel
from migralab.physics.membrane.profile import (
    DOMAIN_LENGTH,
    DOMAIN_TENSION,
    FIBRE_LENGTH,
    FORCE,
    GLOBALS,
    INFLATION,
    Floats,
    Problem,
    System,
    assemble,
    integrate_radius,
    new_system,
    totals,
)

CONVERGED, STUCK, TOO_MANY_STEPS = 0, 1, 2
_LEAST_RADIUS = 0.05  # of the tube; below it the membrane's own thickness rules
_LARGEST_TURN = 0.5  # rad a step
_FIRST_LIFT, _MOST_LIFT = 1e-3, 1e9
_HALVINGS = 40


@kernel
def _invert(block: Floats, inverse: Floats) -> int:
    """Invert a symmetric 3 x 3 block by pivots (r, lambda), then psi; return its number of negative eigenvalues."""
    a, b, c = block[1, 1], block[1, 2], block[2, 2]
    u, v = block[0, 1], block[0, 2]
    det = a * c - b * b
    if det == 0.0:
        det = 1e-300
    ia, ib, ic = c / det, -b / det, a / det
    x, y = ia * u + ib * v, ib * u + ic * v
    pivot = block[0, 0] - (u * x + v * y)
    if abs(pivot) < 1e-13:
        pivot = 1e-13
    q = 1.0 / pivot
    inverse[0, 0] = q
    inverse[0, 1] = inverse[1, 0] = -q * x
    inverse[0, 2] = inverse[2, 0] = -q * y
    inverse[1, 1] = ia + q * x * x
    inverse[1, 2] = inverse[2, 1] = ib + q * x * y
    inverse[2, 2] = ic + q * y * y
    negative = 1 if det < 0.0 else (2 if a + c < 0.0 else 0)
    return negative + (1 if pivot < 0.0 else 0)


@kernel
def eliminate(system: System, free: Floats, step: Floats, step_whole: Floats) -> int:
    """Solve the block tridiagonal system with its border; return the number of negative eigenvalues.

    Blocks are overwritten. `free` (5,) is 0 for an unknown of the whole that is given. Results: `step` (n + 1, 3)
    and `step_whole` (5,), to be added to the unknowns.
    """
    nodes = len(system.diagonal)
    inverse, work, side, right = np.empty((nodes, 3, 3)), np.empty((3, 3)), np.empty((3, GLOBALS)), np.empty(3)
    negative = 0
    for i in range(nodes):
        negative += _invert(system.diagonal[i], inverse[i])
        _fold(i, inverse[i], system, work, side, right)
    negative += _solve_corner(system.corner, system.rest_whole, free, step_whole)
    for i in range(nodes - 1, -1, -1):
        for a in range(3):
            right[a] = -system.rest[i, a]
            for g in range(GLOBALS):
                right[a] -= system.edge[i, a, g] * step_whole[g]
            if i + 1 < nodes:
                for b in range(3):
                    right[a] -= system.upper[i, a, b] * step[i + 1, b]
        for a in range(3):
            step[i, a] = inverse[i, a, 0] * right[0] + inverse[i, a, 1] * right[1] + inverse[i, a, 2] * right[2]
    return negative


@kernel
def _fold(i: int, one: Floats, system: System, work: Floats, side: Floats, right: Floats) -> None:
    """Take node `i`, whose inverse block is `one`, out of the next node and out of the unknowns of the whole."""
    edge, rest = system.edge, system.rest
    for a in range(3):
        right[a] = one[a, 0] * rest[i, 0] + one[a, 1] * rest[i, 1] + one[a, 2] * rest[i, 2]
        for g in range(GLOBALS):
            side[a, g] = one[a, 0] * edge[i, 0, g] + one[a, 1] * edge[i, 1, g] + one[a, 2] * edge[i, 2, g]
    for g in range(GLOBALS):
        e0, e1, e2 = edge[i, 0, g], edge[i, 1, g], edge[i, 2, g]
        system.rest_whole[g] -= e0 * right[0] + e1 * right[1] + e2 * right[2]
        for o in range(GLOBALS):
            system.corner[g, o] -= e0 * side[0, o] + e1 * side[1, o] + e2 * side[2, o]
    if i + 1 == len(system.diagonal):
        return
    link = system.upper[i]
    for a in range(3):
        for b in range(3):
            work[a, b] = one[a, 0] * link[0, b] + one[a, 1] * link[1, b] + one[a, 2] * link[2, b]
    for a in range(3):
        l0, l1, l2 = link[0, a], link[1, a], link[2, a]
        for b in range(3):
            system.diagonal[i + 1, a, b] -= l0 * work[0, b] + l1 * work[1, b] + l2 * work[2, b]
        for g in range(GLOBALS):
            edge[i + 1, a, g] -= l0 * side[0, g] + l1 * side[1, g] + l2 * side[2, g]
        rest[i + 1, a] -= l0 * right[0] + l1 * right[1] + l2 * right[2]


@kernel
def _solve_corner(corner: Floats, rest_whole: Floats, free: Floats, step_whole: Floats) -> int:
    """Solve the block of the whole for ``-rest_whole`` by its eigenvectors; return its negative eigenvalues."""
    for g in range(GLOBALS):
        if free[g] == 0.0:
            for o in range(GLOBALS):
                corner[g, o] = corner[o, g] = 0.0
            corner[g, g] = 1.0
            rest_whole[g] = 0.0
    values, vectors = np.linalg.eigh(corner)
    step_whole[:] = 0.0
    negative = 0
    for e in range(GLOBALS):
        value = values[e]
        if value < 0.0:
            negative += 1
        if abs(value) < 1e-14:
            value = 1e-14
        along = 0.0
        for g in range(GLOBALS):
            along -= vectors[g, e] * rest_whole[g]
        for g in range(GLOBALS):
            step_whole[g] += vectors[g, e] * along / value
    return negative


@kernel
def _hold(system: System, node: int, which: int) -> None:
    """Take one unknown of one node out of the system: it is given."""
    for b in range(3):
        system.diagonal[node, which, b] = system.diagonal[node, b, which] = 0.0
        if node < len(system.upper):
            system.upper[node, which, b] = 0.0
        if node > 0:
            system.upper[node - 1, b, which] = 0.0
    system.edge[node, which, :] = 0.0
    system.diagonal[node, which, which] = 1.0
    system.rest[node, which] = 0.0


@kernel
def _residual(system: System, free: Floats) -> float:
    """Return the largest entry of the gradient."""
    worst = 0.0
    for i in range(len(system.rest)):
        for a in range(3):
            worst = max(worst, abs(system.rest[i, a]))
    for g in range(GLOBALS):
        if free[g] != 0.0:
            worst = max(worst, abs(system.rest_whole[g]))
    return worst


@kernel
def _lift(system: System, weight: Floats, border: int, whole: Floats, lift: float) -> None:
    """Add `lift` per arc length to the Hessian by psi and r, so that a step leads downhill."""
    for i in range(len(weight)):
        h = weight[i] * (whole[DOMAIN_LENGTH] if i < border else whole[FIBRE_LENGTH])
        if i > 0:
            system.diagonal[i, 0, 0] += lift * h
        system.diagonal[i, 1, 1] += lift * h
    system.corner[DOMAIN_LENGTH, DOMAIN_LENGTH] += lift
    system.corner[FIBRE_LENGTH, FIBRE_LENGTH] += lift


@kernel
def _direction(
    psi: Floats, radius: Floats, shear: Floats, weight: Floats, border: int, whole: Floats, problem: Problem,
    system: System, free: Floats, lift: float, step: Floats, step_whole: Floats, report: Floats,
) -> float:  # fmt: skip
    """Fill the step from a profile, lifting the Hessian until it leads to a minimum; return the last lift."""
    n = len(weight)
    wanted = n + 1 + problem.holds_volume + problem.holds_length
    lift = 0.0 if lift < 4.0 * _FIRST_LIFT else 0.25 * lift
    while True:
        assemble(psi, radius, shear, weight, border, whole, problem, system)
        _hold(system, 0, 0)
        _hold(system, n, 0)
        _hold(system, n, 1)
        system.diagonal[n, 2, 2] = 1.0  # the last node owns no segment
        report[1] = _residual(system, free)
        if lift > 0.0:
            _lift(system, weight, border, whole, lift)
        beyond = eliminate(system, free, step, step_whole) - wanted
        if lift == 0.0:
            report[2] = beyond
        if beyond <= 0 or lift > _MOST_LIFT:
            return lift
        lift = max(_FIRST_LIFT, 8.0 * lift)


@kernel
def _longest(step: Floats, step_whole: Floats, whole: Floats) -> float:
    """Return how much of a step may be gone: no turn above half a radian, arc lengths change by less than they are."""
    share = 1.0
    for i in range(len(step)):
        if abs(step[i, 0]) * share > _LARGEST_TURN:
            share = _LARGEST_TURN / abs(step[i, 0])
    for g in (DOMAIN_LENGTH, FIBRE_LENGTH):
        if step_whole[g] * share < -0.4 * whole[g]:
            share = 0.4 * whole[g] / -step_whole[g]
        if step_whole[g] * share > 0.7 * whole[g]:
            share = 0.7 * whole[g] / step_whole[g]
    return share


@kernel
def _go(
    psi: Floats, radius: Floats, weight: Floats, border: int, whole: Floats, problem: Problem, step: Floats,
    step_whole: Floats,
) -> float:  # fmt: skip
    """Go along a step, in place, as far as the energy with penalties does not rise; return the share, 0 for none."""
    n = len(weight)
    new_psi, new_radius, new_whole, sums = np.empty(n + 1), np.empty(n + 1), np.empty(GLOBALS), np.empty(6)
    aim = whole + step_whole
    totals(psi, radius, weight, border, whole, problem, sums)
    before = _merit(sums, problem, aim, whole[FORCE])
    share = _longest(step, step_whole, whole)
    for _ in range(_HALVINGS):
        for i in range(n + 1):
            new_psi[i] = psi[i] + share * step[i, 0]
        for g in range(GLOBALS):
            new_whole[g] = whole[g] + share * step_whole[g]
        integrate_radius(new_psi, new_radius, weight, border, new_whole, problem.tube_radius)
        totals(new_psi, new_radius, weight, border, new_whole, problem, sums)
        after = _merit(sums, problem, aim, whole[FORCE])
        if sums[4] > _LEAST_RADIUS and after <= before + 1e-10 * (1.0 + abs(before)):
            psi[:], radius[:], whole[:] = new_psi, new_radius, new_whole
            return share
        share *= 0.5
    return 0.0


@kernel
def minimise(
    psi: Floats, radius: Floats, shear: Floats, weight: Floats, border: int, whole: Floats, problem: Problem,
    most_steps: int, tolerance: float, report: Floats,
) -> int:  # fmt: skip
    """Bring a profile to the nearest shape of least energy, in place (eq-newton).

    The radius follows from psi by integration from the end, so that every profile on the way is a surface.

    Parameters
    ----------
    psi, radius, shear, weight, border, whole, problem
        As in `assemble`. psi is 0 at both ends and the radius at the end is that of the tube.
    most_steps, tolerance
        When to give up, and the largest gradient that counts as none, relative to the stiffness.
    report
        (4,) result: steps, largest gradient, negative directions beyond the constraints, last lift.

    Returns
    -------
    int
        CONVERGED (a minimum), STUCK (no step leads down) or TOO_MANY_STEPS.
    """
    n = len(weight)
    system = new_system(n)
    step, step_whole = np.empty((n + 1, 3)), np.empty(GLOBALS)
    free = np.array([1.0, float(problem.holds_length), 1.0, float(problem.holds_volume), float(problem.holds_length)])
    integrate_radius(psi, radius, weight, border, whole, problem.tube_radius)
    tolerance *= 1.0 + problem.stiffness
    lift = 0.0
    for count in range(most_steps):
        lift = _direction(
            psi, radius, shear, weight, border, whole, problem, system, free, lift, step, step_whole, report
        )  # fmt: skip
        report[0], report[3] = count, lift
        if report[1] < tolerance and report[2] <= 0:
            return CONVERGED
        if lift > _MOST_LIFT:
            return STUCK
        share = _go(psi, radius, weight, border, whole, problem, step, step_whole)
        if share > 0.0:
            for i in range(n):
                shear[i] += share * step[i, 2]
        elif report[2] <= 0:
            return STUCK
        else:
            lift = max(16.0 * _FIRST_LIFT, 16.0 * lift)
    return TOO_MANY_STEPS


@kernel
def _merit(sums: Floats, problem: Problem, aim: Floats, given: float) -> float:
    """Return the energy with exact penalties (above the multipliers `aim`) on area, volume and length."""
    merit: float = sums[0] + (1.0 + 2.0 * abs(aim[DOMAIN_TENSION])) * abs(sums[1] - problem.area)
    if problem.holds_volume:
        merit += (1.0 + 2.0 * abs(aim[INFLATION])) * abs(sums[2] - problem.volume)
    if problem.holds_length:
        merit += (1.0 + 2.0 * abs(aim[FORCE])) * abs(sums[3] - problem.half_length)
    else:
        merit -= given * sums[3]
    return merit
