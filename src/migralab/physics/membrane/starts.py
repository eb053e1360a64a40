"""Where the search for a shape begins, and the search: several profiles, each brought to its minimum.

A sausage, two balls and a sleeve are enough without spontaneous curvature: random starts (tests) find no lower
minimum. With it beads may form, and one more start is taken.
"""

from __future__ import annotations

import math

import numpy as np

from migralab.core.kernel import kernel
from migralab.physics.membrane.newton import CONVERGED, minimise
from migralab.physics.membrane.profile import (
    DOMAIN_LENGTH,
    DOMAIN_TENSION,
    FIBRE_LENGTH,
    FORCE,
    GLOBALS,
    INFLATION,
    Array,
    Floats,
    Problem,
    integrate_radius,
    totals,
)

STARTS = 5
# A start that is near a minimum of its own arrives in 4 to 15 steps; one that takes longer is on its way to another's
FEW_STEPS, MOST_STEPS, TOLERANCE = 20, 300, 1e-10
RUNAWAY = 3  # the fibre itself inflates: status beside those of `newton`
THINNEST = 0.1
"""Of the tube: a neck below it has no room for two bilayers, and the model ends."""
_NEAR = 0.05  # of the tube: a fibre that is wider than this at three quarters of its length has no end
_SAME = 1e-6  # relative difference of energy below which two minima are one
# What is kept of each shape
(
    ENERGY, WIDEST, LENGTH, NECK, ANGLE, TENSION, EXTRA_PRESSURE, VOLUME, PULL, HALF_LENGTH, STEPS, GRADIENT,
) = range(12)  # fmt: skip
KEPT = 12


def mesh(domain: int, fibre: int, stretch: float = 1.0) -> tuple[Floats, int]:
    """Return the shares of the segments in their part, finer at the border, and the node of the border.

    The shares follow one smooth law whatever their number, so that the error falls with its square. `stretch` is
    how much longer the fibre is than usual: its segments then grow faster and are as fine at the border.
    """
    low, high = math.log(4.0), 20.0
    usual = low / math.expm1(low)
    for _ in range(60):  # growth / (e^growth - 1) is the first segment relative to the mean one
        growth = 0.5 * (low + high)
        if growth / math.expm1(growth) * stretch > usual:
            low = growth
        else:
            high = growth
    parts = [np.geomspace(2.5, 1.0, domain), np.exp(np.linspace(0.0, low, fibre))]
    return np.concatenate([part / part.sum() for part in parts]), domain


@kernel
def _tail(psi_border: float, decay: float, weight: Floats, border: int, length: float) -> float:
    """Return how much the radius falls along a fibre whose angle decays exponentially."""
    fall, along = 0.0, 0.0
    for i in range(border, len(weight)):
        h = weight[i] * length
        fall += math.sin(psi_border * math.exp(-(along + 0.5 * h) / decay)) * h
        along += h
    return fall


@kernel
def _outline(kind: int, body: float, size: float) -> tuple[float, float, float, float]:
    """Return angle and radius of the neck, and how the angle rises to it: the share of the domain, and a power."""
    if kind == 0:  # sausage: neck and shoulder of a long one, which depend on the stiffness alone
        angle, neck = 1.35 * (1.0 - body**-0.45), 1.0 + 1.3 * (1.0 - 1.0 / body) ** 2
        return angle, neck, max(body - neck, 0.5) / max(angle, 0.1) * body / size**2, 1.0
    if kind == 1:  # ball with a narrow neck
        return 1.1, 2.2, 1.0, 1.0
    if kind == 2:  # sleeve
        return 0.2, max(1.5, 0.9 * body), 1.0, 1.0
    if kind == 3:  # ball that has opened
        return 0.7, 2.5, 1.0, 1.0
    # Sausage with broad shoulders, from which beads form where the domain prefers to be curved
    return 0.35, max(1.3, 0.65 * body), 1.0, 6.0


@kernel
def begin(problem: Problem, weight: Floats, border: int, kind: int, psi: Floats, radius: Floats, whole: Floats) -> None:
    """Fill `psi`, `radius` (n + 1,) and `whole` (5,) with start `kind`; `whole` brings the fibre's arc length."""
    n = len(weight)
    size = math.sqrt(problem.area / (2.0 * math.pi))
    body = max(min(problem.stiffness, size), 1.0)
    angle, neck, shoulder, power = _outline(kind, body, size)
    neck += problem.tube_radius - 1.0
    length, low, high = whole[FIBRE_LENGTH], 1e-3, 1e3
    for _ in range(60):
        middle = math.sqrt(low * high)
        if _tail(angle, middle, weight, border, length) < neck - problem.tube_radius:
            low = middle
        else:
            high = middle
    along = 0.0
    for i in range(border):
        psi[i] = angle * (along**power if shoulder >= 1.0 else math.exp((along - 1.0) / shoulder))
        along += weight[i]
    along = 0.0
    for i in range(border, n):
        psi[i] = angle * math.exp(-along / low)
        along += weight[i] * length
    psi[0] = psi[n] = 0.0
    low, high = 1e-6, 1e6
    sums = np.empty(6)
    for _ in range(80):
        whole[DOMAIN_LENGTH] = math.sqrt(low * high)
        integrate_radius(psi, radius, weight, border, whole, problem.tube_radius)
        totals(psi, radius, weight, border, whole, problem, sums)
        if sums[1] < problem.area:
            low = whole[DOMAIN_LENGTH]
        else:
            high = whole[DOMAIN_LENGTH]
    whole[DOMAIN_TENSION] = 0.5 / problem.stiffness + 0.5 * problem.pressure * size
    whole[INFLATION] = 0.0


@kernel
def describe(
    psi: Floats, radius: Floats, weight: Floats, border: int, whole: Floats, problem: Problem, bare_force: float,
    kept: Floats,
) -> None:  # fmt: skip
    """Fill `kept` (12,) with what is reported of a shape; whole swelling, energy of the bare fibre 0."""
    sums = np.empty(6)
    totals(psi, radius, weight, border, whole, problem, sums)
    kept[ENERGY] = 2.0 * (sums[0] - bare_force * sums[3])
    kept[VOLUME], kept[HALF_LENGTH] = 2.0 * sums[2], sums[3]
    half = 0.0
    for i in range(border):
        half += math.cos(0.5 * (psi[i] + psi[i + 1])) * weight[i] * whole[DOMAIN_LENGTH]
    widest = radius[0]
    for i in range(1, border):  # the widest place lies between two nodes, where psi changes its sign
        if psi[i] <= 0.0 < psi[i + 1]:
            h = weight[i] * whole[DOMAIN_LENGTH]
            turn = (psi[i + 1] - psi[i]) / h
            widest = max(widest, radius[i] + 0.5 * psi[i] ** 2 / turn)
        widest = max(widest, radius[i])
    kept[WIDEST], kept[LENGTH] = max(widest, radius[border]), 2.0 * half
    kept[NECK], kept[ANGLE] = radius[border], psi[border]
    kept[TENSION], kept[EXTRA_PRESSURE], kept[PULL] = whole[DOMAIN_TENSION], whole[INFLATION], whole[FORCE]


@kernel
def fibre_ends(radius: Floats, weight: Floats, border: int, problem: Problem) -> bool:
    """Return whether the fibre has come back to its own radius within three quarters of its length."""
    along = 0.0
    for i in range(border, len(weight)):
        along += weight[i]
        if along > 0.75 and abs(radius[i] - problem.tube_radius) > _NEAR * problem.tube_radius:
            return False
    return True


@kernel
def _better(found: int, energy: float, status: int, best: float) -> bool:
    """Return whether a shape replaces the best so far: a minimum beats what is none, then the lower energy wins."""
    if status == -1:
        return True
    if found == CONVERGED:
        return status != CONVERGED or energy < best - _SAME * (1.0 + abs(best))
    return found == RUNAWAY and status != CONVERGED


@kernel
def search(
    problem: Problem, weight: Floats, border: int, fibre_length: float, bare_force: float, near: Floats,
    near_whole: Floats, psi: Floats, whole: Floats, kept: Floats, minima: Floats,
) -> int:  # fmt: skip
    """Find the shape of least energy among the minima that are reached from all starts (eq-search).

    Parameters
    ----------
    problem, weight, border
        As in `profile.assemble`.
    fibre_length, bare_force
        Arc length of the fibre's part at the start, and force of the bare fibre.
    near, near_whole
        (m, n + 1) and (m, 5) shapes of neighbouring problems to start from too; m may be 0.
    psi, whole, kept
        Results (n + 1,), (5,) and (12,) of the best.
    minima
        (STARTS + m, 2) results: energy and widest radius of each minimum found; nan where the start led to none.

    Returns
    -------
    int
        CONVERGED, STUCK, TOO_MANY_STEPS or RUNAWAY.
    """
    n = len(weight)
    trial, radius, shear, own, own_kept, report = (
        np.empty(n + 1), np.empty(n + 1), np.empty(n), np.empty(GLOBALS), np.empty(KEPT), np.empty(4),
    )  # fmt: skip
    best, status, steps = math.inf, -1, 0.0
    minima[...] = math.nan
    starts = STARTS + len(near)
    plain = problem.domain_curvature == 0.0  # else beads may form: one more start, and patience with all
    for attempt in range(2 * starts):
        start = attempt % starts
        if start == 0 and status == CONVERGED:
            break  # what the patient attempts could find has been found by others
        if plain and start == STARTS - 1:
            continue
        if start < STARTS:
            own[FIBRE_LENGTH], own[FORCE] = fibre_length, bare_force
            begin(problem, weight, border, start, trial, radius, own)
        else:
            trial[:] = near[start - STARTS]
            own[:] = near_whole[start - STARTS]
            if problem.holds_length == 0:
                own[FIBRE_LENGTH], own[FORCE] = fibre_length, bare_force
            if problem.holds_volume == 0:
                own[INFLATION] = 0.0
        shear[:] = 0.0
        most = FEW_STEPS if plain and attempt < starts else MOST_STEPS
        found = minimise(trial, radius, shear, weight, border, own, problem, most, TOLERANCE, report)
        steps += report[0]
        describe(trial, radius, weight, border, own, problem, bare_force, own_kept)
        own_kept[GRADIENT] = report[1]
        if found == CONVERGED and not fibre_ends(radius, weight, border, problem) and problem.holds_length == 0:
            found = RUNAWAY
        if found == CONVERGED:
            minima[start, 0], minima[start, 1] = own_kept[ENERGY], own_kept[WIDEST]
        if _better(found, own_kept[ENERGY], status, best):
            status, best = found, own_kept[ENERGY] if found == CONVERGED else math.inf
            psi[:], whole[:], kept[:] = trial, own, own_kept
    kept[STEPS] = steps
    return status


@kernel
def search_row(
    numbers: Floats, scale: Floats, weight: Floats, border: int, psi: Floats, whole: Floats, kept: Floats,
    status: Array, several: Array,
) -> None:  # fmt: skip
    """Search the shapes of one row of a diagram; each starts also from the one before it.

    Parameters
    ----------
    numbers
        (nx, 13) the fields of `Problem` in their order.
    scale
        (nx, 2) arc length of the fibre's part and force of the bare fibre.
    psi, whole, kept
        Results (nx, n + 1), (nx, 5), (nx, 12).
    status, several
        Results (nx,): status, and how many different minima were found.
    """
    for column in range(len(numbers)):
        before, m = max(column - 1, 0), min(column, 1)
        minima = np.empty((STARTS + m, 2))
        status[column] = search(
            _problem(numbers[column]), weight, border, scale[column, 0], scale[column, 1],
            psi[before : before + m], whole[before : before + m], psi[column], whole[column], kept[column], minima,
        )  # fmt: skip
        several[column] = count_minima(minima)


@kernel
def improve_row(
    row: int, numbers: Floats, scale: Floats, weight: Floats, border: int, psi: Floats, whole: Floats, status: Array,
    better_psi: Floats, better_whole: Floats, better: Floats, better_status: Array, several: Array,
) -> None:  # fmt: skip
    """Start every shape of a row of a diagram once more, from its four neighbours; arrays of the whole diagram.

    A branch that starts somewhere in the diagram so reaches the points beside it, whichever way the rows ran. `psi`,
    `whole` and `status` are read alone, the results of the row written alone: rows may go in any order.
    """
    rows, columns, n = numbers.shape[0], numbers.shape[1], len(weight)
    trial, radius, shear, own, kept, report = (
        np.empty(n + 1), np.empty(n + 1), np.empty(n), np.empty(GLOBALS), np.empty(KEPT), np.empty(4),
    )  # fmt: skip
    for column in range(columns):
        problem = _problem(numbers[row, column])
        for side in range(4):
            r, c = row + (side == 0) - (side == 1), column + (side == 2) - (side == 3)
            if r < 0 or c < 0 or r >= rows or c >= columns or status[r, c] != CONVERGED:
                continue
            trial[:], own[:] = psi[r, c], whole[r, c]
            if problem.holds_length == 0:
                own[FIBRE_LENGTH], own[FORCE] = scale[row, column, 0], scale[row, column, 1]
            shear[:] = 0.0
            found = minimise(trial, radius, shear, weight, border, own, problem, MOST_STEPS, TOLERANCE, report)
            if found != CONVERGED or (problem.holds_length == 0 and not fibre_ends(radius, weight, border, problem)):
                continue
            describe(trial, radius, weight, border, own, problem, scale[row, column, 1], kept)
            kept[GRADIENT], kept[STEPS] = report[1], better[row, column, STEPS] + report[0]
            lead = _SAME * (1.0 + abs(better[row, column, ENERGY]))
            gain = better[row, column, ENERGY] - kept[ENERGY]
            if better_status[row, column] == CONVERGED and abs(gain) > lead:
                several[row, column] = max(several[row, column], 2)
            if better_status[row, column] != CONVERGED or gain > lead:
                better_psi[row, column], better_whole[row, column] = trial, own
                better[row, column], better_status[row, column] = kept, CONVERGED


@kernel
def count_minima(minima: Floats) -> int:
    """Return how many of (m, 2) energies differ; nan is none."""
    count = 0
    for i in range(len(minima)):
        new = not math.isnan(minima[i, 0])
        for j in range(i):
            if abs(minima[i, 0] - minima[j, 0]) <= _SAME * (1.0 + abs(minima[i, 0])):
                new = False
        count += 1 if new else 0
    return count


@kernel
def _problem(numbers: Floats) -> Problem:
    return Problem(
        numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5], numbers[6], numbers[7], numbers[8],
        numbers[9], numbers[10], int(numbers[11]), int(numbers[12]),
    )  # fmt: skip
