"""One attempted step of Rodas4 of every lane: the method for stiff networks.

Six stages, order 4(3), gamma = 1/4, stiffly accurate. Coefficients and form: Hairer and Wanner, *Solving Ordinary
Differential Equations II*, IV.7 (eq. 7.25) and their code RODAS.
"""

from __future__ import annotations

import math

from migralab.pathways.solver.frame import (
    FACTORS,
    LANES,
    SCRATCH,
    TIMED,
    Floats,
    N,
    factor,
    inlined,
    kernel,
    rates,
    solve,
)

# --- pasted from here ---

# What lies where in `work`: new state, error of each lane, (unused), stages, state at a stage, its time, 1 / (gamma h),
# 1 / h of each entry, factored matrix, change of the rates by time itself, growth, what `rates` needs
NEW = 0
ERROR = N * LANES
FRESH = ERROR + LANES
STAGES = FRESH + 1
MIDWAY = STAGES + 6 * N * LANES
TIMES = MIDWAY + N * LANES
DIAGONALS = TIMES + LANES
PACE = DIAGONALS + LANES
MATRIX = PACE + N * LANES
DRIFT = MATRIX + FACTORS * LANES
GROWTH = DRIFT + TIMED * N * LANES
REST = GROWTH + LANES
WORK = REST + SCRATCH * LANES
KEPT = 0  # no stage of an accepted step is used again
LEAST_FACTOR, LARGEST_FACTOR = 0.2, 6.0
LARGEST_GROWTH = 1e8  # of a step over the smallest pivot: more costs half of the digits


@inlined
def next_factor(error: float) -> float:
    """Return the factor of the step after one with this error: 0.9 error^(-1/4), bounded (eq-step-control)."""
    if error < 5e-4:  # 0.9 / 6 to the fourth
        return LARGEST_FACTOR
    if not error < 1e3:  # NaN too
        return LEAST_FACTOR
    return min(LARGEST_FACTOR, max(LEAST_FACTOR, 0.9 / math.sqrt(math.sqrt(error))))


@kernel
def keep(lane: int, work: Floats) -> None:
    """Do nothing: no stage of an accepted step is used again."""


@kernel
def attempt(t: Floats, h: Floats, y: Floats, u: Floats, c: Floats, tolerance: Floats, work: Floats) -> None:
    """Try one step of every lane (eq-rodas-stage); nothing but `work` is changed.

    Parameters
    ----------
    t, h
        Time and step of each lane, (LANES,).
    y, u
        State and inputs, (N * LANES,) and (M * LANES,).
    c
        What ``prepare`` returns.
    tolerance
        Relative and absolute, (2,) or longer.
    work
        (WORK,). Afterwards `NEW` holds the new state and `ERROR` the error of each lane: at most 1 if the step is
        good; infinite or NaN if it broke down.
    """
    first_stages(t, h, y, u, c, work)
    last_stages(t, h, y, u, c, work)
    size = N * LANES
    u6 = work[STAGES + 5 * size : STAGES + 6 * size]
    z = work[MIDWAY : MIDWAY + size]
    new = work[NEW : NEW + size]
    for j in range(size):
        new[j] = z[j] + u6[j]
    compare(tolerance, y, new, u6, work[ERROR : ERROR + LANES])
    for lane in range(LANES):
        if not work[GROWTH + lane] <= LARGEST_GROWTH:
            work[ERROR + lane] = math.inf


@inlined
def first_stages(t: Floats, h: Floats, y: Floats, u: Floats, c: Floats, work: Floats) -> None:
    """Factor the matrix and compute stages 1 to 3, and the state at the fourth."""
    size = N * LANES
    u1 = work[STAGES : STAGES + size]
    u2 = work[STAGES + size : STAGES + 2 * size]
    u3 = work[STAGES + 2 * size : STAGES + 3 * size]
    z = work[MIDWAY : MIDWAY + size]
    clock = work[TIMES : TIMES + LANES]
    d = work[DIAGONALS : DIAGONALS + LANES]
    inverse = work[PACE : PACE + size]
    m = work[MATRIX:REST]
    drift = work[DRIFT:GROWTH]
    scratch = work[REST:WORK]
    pace(h, d, inverse)
    factor(t, d, y, u, c, scratch, m)
    rates(t, y, u, c, scratch, u1)
    drive(h, 0.25, drift, u1)
    solve(c, m, u1)
    for j in range(size):
        z[j] = y[j] + 1.544 * u1[j]
    later(t, h, 0.386, clock)
    rates(clock, z, u, c, scratch, u2)
    drive(h, -0.1043, drift, u2)
    for j in range(size):
        u2[j] += inverse[j] * (-5.6688 * u1[j])
    solve(c, m, u2)
    for j in range(size):
        z[j] = y[j] + 0.9466785280815826 * u1[j] + 0.2557011698983284 * u2[j]
    later(t, h, 0.21, clock)
    rates(clock, z, u, c, scratch, u3)
    drive(h, 0.1035, drift, u3)
    for j in range(size):
        u3[j] += inverse[j] * (-2.430093356833875 * u1[j] - 0.2063599157091915 * u2[j])
    solve(c, m, u3)
    for j in range(size):
        z[j] = y[j] + 3.314825187068521 * u1[j] + 2.896124015972201 * u2[j] + 0.9986419139977817 * u3[j]


@inlined
def last_stages(t: Floats, h: Floats, y: Floats, u: Floats, c: Floats, work: Floats) -> None:
    """Compute stages 4 to 6, and the new state but for the last of them."""
    size = N * LANES
    u1 = work[STAGES : STAGES + size]
    u2 = work[STAGES + size : STAGES + 2 * size]
    u3 = work[STAGES + 2 * size : STAGES + 3 * size]
    u4 = work[STAGES + 3 * size : STAGES + 4 * size]
    u5 = work[STAGES + 4 * size : STAGES + 5 * size]
    u6 = work[STAGES + 5 * size : STAGES + 6 * size]
    z = work[MIDWAY : MIDWAY + size]
    clock = work[TIMES : TIMES + LANES]
    inverse = work[PACE : PACE + size]
    m = work[MATRIX:REST]
    drift = work[DRIFT:GROWTH]
    scratch = work[REST:WORK]
    later(t, h, 0.63, clock)
    rates(clock, z, u, c, scratch, u4)
    drive(h, -0.03620000000000023, drift, u4)
    for j in range(size):
        early = -0.1073529058151375 * u1[j] - 9.594562251023355 * u2[j]
        u4[j] += inverse[j] * (early - 20.47028614809616 * u3[j])
    solve(c, m, u4)
    for j in range(size):
        early = 1.221224509226641 * u1[j] + 6.019134481288629 * u2[j]
        z[j] = y[j] + (early + 12.53708332932087 * u3[j] - 0.6878860361058950 * u4[j])
    later(t, h, 1.0, clock)
    rates(clock, z, u, c, scratch, u5)
    for j in range(size):
        early = 7.496443313967647 * u1[j] - 10.24680431464352 * u2[j]
        u5[j] += inverse[j] * (early - 33.99990352819905 * u3[j] + 11.70890893206160 * u4[j])
    solve(c, m, u5)
    for j in range(size):
        z[j] += u5[j]
    rates(clock, z, u, c, scratch, u6)
    for j in range(size):
        early = 8.083246795921522 * u1[j] - 7.981132988064893 * u2[j] - 31.52159432874371 * u3[j]
        u6[j] += inverse[j] * (early + 16.31930543123136 * u4[j] - 6.058818238834054 * u5[j])
    solve(c, m, u6)


@inlined
def compare(tolerance: Floats, y: Floats, new: Floats, off: Floats, error: Floats) -> None:
    """Write the error of each lane: root mean square of what is allowed, over variables (eq-step-error)."""
    for lane in range(LANES):
        error[lane] = 0.0
    for i in range(N):
        for lane in range(LANES):
            j = i * LANES + lane
            size_now, size_then = abs(y[j]), abs(new[j])
            part = off[j] / (tolerance[1] + tolerance[0] * (size_now if size_now > size_then else size_then))
            error[lane] += part * part
    for lane in range(LANES):
        error[lane] = math.sqrt(error[lane] / max(N, 1))


@inlined
def pace(h: Floats, d: Floats, inverse: Floats) -> None:
    """Write 1 / (gamma h) of each lane, and 1 / h beside every variable."""
    for lane in range(LANES):
        d[lane] = 4.0 / h[lane]
    for i in range(N):
        for lane in range(LANES):
            inverse[i * LANES + lane] = 0.25 * d[lane]


@inlined
def later(t: Floats, h: Floats, share: float, clock: Floats) -> None:
    """Write the time of a stage into `clock`, if the rates ask for it."""
    if TIMED:
        for lane in range(LANES):
            clock[lane] = t[lane] + share * h[lane]


@inlined
def drive(h: Floats, share: float, drift: Floats, b: Floats) -> None:
    """Add what the rates change by themselves in time."""
    if TIMED:
        for i in range(N):
            for lane in range(LANES):
                j = i * LANES + lane
                b[j] += share * h[lane] * drift[j]
