"""One attempted step of Dormand and Prince, 5(4), of every lane: the method for mild networks.

Coefficients: Hairer, Norsett and Wanner, *Solving Ordinary Differential Equations I*, table II.5.2.
The seventh stage of an accepted step is the first of the next one.
"""

from __future__ import annotations

import math

from migralab.pathways.solver.frame import LANES, SCRATCH, TIMED, Floats, N, inlined, kernel, rates

# --- pasted from here ---

# What lies where in `work`: new state, error of each lane, 1 if the first stage is not known, stages, state at a stage,
# its time, the step of each entry, what `rates` needs
NEW = 0
ERROR = N * LANES
FRESH = ERROR + LANES
STAGES = FRESH + 1
MIDWAY = STAGES + 7 * N * LANES
TIMES = MIDWAY + N * LANES
STEP = TIMES + LANES
REST = STEP + N * LANES
WORK = REST + SCRATCH * LANES
KEPT = 6 * N * LANES  # behind the first stage stands the one that takes its place when the step is accepted
LEAST_FACTOR, LARGEST_FACTOR = 0.2, 6.0


@inlined
def next_factor(error: float) -> float:
    """Return the factor of the step after one with this error: 0.9 error^(-1/5), bounded (eq-step-control)."""
    if error < 1e-5:  # 0.9 / 6 to the fifth is 7.6e-5
        return LARGEST_FACTOR
    if not error < 1e4:  # NaN too
        return LEAST_FACTOR
    factor: float = 0.9 * error**-0.2
    return min(LARGEST_FACTOR, max(LEAST_FACTOR, factor))


@kernel
def keep(lane: int, work: Floats) -> None:
    """Make the last stage of a lane the first of its next step, after a step that was accepted."""
    for i in range(N):
        work[STAGES + i * LANES + lane] = work[STAGES + KEPT + i * LANES + lane]


@kernel
def attempt(t: Floats, h: Floats, y: Floats, u: Floats, c: Floats, tolerance: Floats, work: Floats) -> None:
    """Try one step of every lane; nothing but `work` is changed.

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
        (WORK,). `FRESH` must be 1 if any lane has a new state. Afterwards `NEW` holds the new state and `ERROR` the
        error of each lane: at most 1 if the step is good; infinite or NaN if it broke down.
    """
    size = N * LANES
    k1 = work[STAGES : STAGES + size]
    k2 = work[STAGES + size : STAGES + 2 * size]
    k3 = work[STAGES + 2 * size : STAGES + 3 * size]
    k4 = work[STAGES + 3 * size : STAGES + 4 * size]
    k5 = work[STAGES + 4 * size : STAGES + 5 * size]
    k6 = work[STAGES + 5 * size : STAGES + 6 * size]
    k7 = work[STAGES + 6 * size : STAGES + 7 * size]
    z = work[MIDWAY : MIDWAY + size]
    new = work[NEW : NEW + size]
    clock = work[TIMES : TIMES + LANES]
    step = work[STEP : STEP + size]
    scratch = work[REST:WORK]
    if work[FRESH] != 0.0:
        rates(t, y, u, c, scratch, k1)
        work[FRESH] = 0.0
    spread(h, step)
    for j in range(size):
        z[j] = y[j] + step[j] * (0.2 * k1[j])
    later(t, h, 0.2, clock)
    rates(clock, z, u, c, scratch, k2)
    for j in range(size):
        z[j] = y[j] + step[j] * (3 / 40 * k1[j] + 9 / 40 * k2[j])
    later(t, h, 0.3, clock)
    rates(clock, z, u, c, scratch, k3)
    for j in range(size):
        z[j] = y[j] + step[j] * (44 / 45 * k1[j] - 56 / 15 * k2[j] + 32 / 9 * k3[j])
    later(t, h, 0.8, clock)
    rates(clock, z, u, c, scratch, k4)
    for j in range(size):
        early = 19372 / 6561 * k1[j] - 25360 / 2187 * k2[j] + 64448 / 6561 * k3[j]
        z[j] = y[j] + step[j] * (early - 212 / 729 * k4[j])
    later(t, h, 8 / 9, clock)
    rates(clock, z, u, c, scratch, k5)
    for j in range(size):
        early = 9017 / 3168 * k1[j] - 355 / 33 * k2[j] + 46732 / 5247 * k3[j]
        z[j] = y[j] + step[j] * (early + 49 / 176 * k4[j] - 5103 / 18656 * k5[j])
    later(t, h, 1.0, clock)
    rates(clock, z, u, c, scratch, k6)
    for j in range(size):
        early = 35 / 384 * k1[j] + 500 / 1113 * k3[j] + 125 / 192 * k4[j]
        new[j] = y[j] + step[j] * (early - 2187 / 6784 * k5[j] + 11 / 84 * k6[j])
    rates(clock, new, u, c, scratch, k7)
    for j in range(size):
        early = 71 / 57600 * k1[j] - 71 / 16695 * k3[j] + 71 / 1920 * k4[j]
        z[j] = step[j] * (early - 17253 / 339200 * k5[j] + 22 / 525 * k6[j] - 1 / 40 * k7[j])
    compare(tolerance, y, new, z, work[ERROR : ERROR + LANES])


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
def spread(h: Floats, step: Floats) -> None:
    """Write the step of each lane beside every variable, so that the loops of a step are simple ones."""
    for i in range(N):
        for lane in range(LANES):
            step[i * LANES + lane] = h[lane]


@inlined
def later(t: Floats, h: Floats, share: float, clock: Floats) -> None:
    """Write the time of a stage into `clock`, if the rates ask for it."""
    if TIMED:
        for lane in range(LANES):
            clock[lane] = t[lane] + share * h[lane]
