"""Cells through lanes in lock step: every lane has its own time and step, and takes the next cell when it is done.

A chunk of cells is one thread's work and is cut by number alone; lanes never mix. So the result of a cell does not
depend on its neighbours, on their order, or on the number of threads, bit for bit.
"""

from __future__ import annotations

import math

import numpy as np

from migralab.pathways.solver.explicit import (
    ERROR,
    FRESH,
    KEPT,
    LARGEST_FACTOR,
    NEW,
    REST,
    STAGES,
    WORK,
    attempt,
    next_factor,
)
from migralab.pathways.solver.frame import CHUNK, LANES, Floats, M, N, entry, inlined, kernel, rates
from migralab.pathways.solver.steps import (
    BEGIN,
    DURATION,
    FIRST,
    MOST_STEPS,
    NOT_FINITE,
    STRIDE,
    TOO_MANY_STEPS,
    begin,
    choose,
)

# --- pasted from here ---

# What lies where in `memory`, for each lane: its cell or -1, time since the beginning (small, so that a late clock
# loses nothing), step that the error allows, step that is tried, time of the model, steps taken, largest factor of the
# next step (no growth right after a step that failed), step to begin the next interval with (negative as long as steps
# grow as fast as they may), state, inputs
CELL, DONE, WANTED, TRIED = 0, LANES, 2 * LANES, 3 * LANES
CLOCK, STEPS, CEILING, OPENING, STATE = 4 * LANES, 5 * LANES, 6 * LANES, 7 * LANES, 8 * LANES
INPUTS = STATE + N * LANES
MEMORY = INPUTS + M * LANES
RUNNING = -1
SMALLEST_STEP = 1e-200


@kernel
def refill(following: int, last: int, y: Floats, u: Floats, h: Floats, span: Floats, memory: Floats) -> int:
    """Put the next cells into the free lanes; return the first cell that found none."""
    for lane in range(LANES):
        if memory[CELL + lane] < 0.0 and following < last:
            for i in range(N):
                memory[STATE + i * LANES + lane] = y[i, following]
            for i in range(M):
                memory[INPUTS + i * LANES + lane] = u[i, following]
            memory[CELL + lane] = following
            memory[DONE + lane] = 0.0
            memory[WANTED + lane] = h[following]
            memory[CLOCK + lane] = span[BEGIN]
            memory[STEPS + lane] = 0.0
            memory[CEILING + lane] = math.inf
            memory[OPENING + lane] = -1.0
            following += 1
    return following


@kernel
def begin_all(c: Floats, span: Floats, memory: Floats, work: Floats) -> None:
    """Find a first step for the lanes that do not know theirs."""
    unknown = False
    for lane in range(LANES):
        unknown = unknown or not memory[WANTED + lane] > 0.0
    if unknown:
        state, slope = memory[STATE:INPUTS], work[STAGES : STAGES + N * LANES]
        rates(memory[CLOCK:STEPS], state, memory[INPUTS:MEMORY], c, work[REST:WORK], slope)
        for lane in range(LANES):
            if not memory[WANTED + lane] > 0.0:
                memory[WANTED + lane] = begin(lane, state, slope, span)


@inlined
def judge(error: float, factor: float, tried: float, wanted: float) -> float:
    """Return the step that the error of the last one allows; one that was cut short says nothing of longer ones."""
    if error <= 1.0:
        return max(wanted, tried * factor) if tried < wanted and factor >= 1.0 else tried * factor
    return tried * min(factor, 0.5)


@inlined
def end(left: float, done: float, wanted: float, steps_left: float, error: float) -> int:
    """Return `RUNNING`, 0 when the cell is done, or how it failed."""
    if left <= 0.0:
        return 0
    if done + wanted <= done or wanted < SMALLEST_STEP:
        return NOT_FINITE
    if steps_left <= 0.0:
        return TOO_MANY_STEPS if abs(error) < math.inf else NOT_FINITE
    return RUNNING


@kernel
def settle(y: Floats, h: Floats, failed: Floats, span: Floats, memory: Floats, work: Floats) -> int:
    """Accept or reject the step of each lane and give back what is done or failed; return how many cells that were.

    One function for all lanes: to call one for each lane would cost as much as the step itself.
    """
    left = 0
    for lane in range(LANES):
        if memory[CELL + lane] < 0.0:
            continue
        tried, error, total = memory[TRIED + lane], work[ERROR + lane], 0.0
        for i in range(N):
            total += work[NEW + i * LANES + lane]
        error = error if abs(total) < math.inf else math.inf
        factor = min(next_factor(error), memory[CEILING + lane])
        wanted = judge(error, factor, tried, memory[WANTED + lane])
        memory[CEILING + lane] = math.inf if error <= 1.0 else 1.0
        memory[WANTED + lane] = wanted
        memory[STEPS + lane] += 1.0
        left_over = span[DURATION] - memory[DONE + lane]
        if error <= 1.0:
            if memory[OPENING + lane] < 0.0:
                memory[OPENING + lane] = -wanted if factor >= LARGEST_FACTOR else wanted
            left_over -= tried  # exactly 0 if all that was left was tried
            memory[DONE + lane] += tried
            memory[CLOCK + lane] += tried  # the very sum at which the last stage stood, which may be kept as the first
            for i in range(N):
                memory[STATE + i * LANES + lane] = work[NEW + i * LANES + lane]
                work[STAGES + i * LANES + lane] = work[STAGES + KEPT + i * LANES + lane]
        outcome = end(left_over, memory[DONE + lane], wanted, span[MOST_STEPS] - memory[STEPS + lane], error)
        if outcome == RUNNING:
            continue
        cell = int(memory[CELL + lane])
        memory[CELL + lane] = -1.0
        left += 1
        if outcome != 0:
            failed[cell] = outcome  # and stays as it was
            continue
        h[cell] = abs(memory[OPENING + lane])
        for i in range(N):
            y[i, cell] = memory[STATE + i * LANES + lane]
    return left


@entry
def advance(y: Floats, u: Floats, c: Floats, span: Floats, h: Floats, failed: Floats) -> None:
    """Move the cells of some chunks over one interval in which their inputs are constant.

    Parameters
    ----------
    y
        State, (N, n), changed in place; a cell that fails stays as it was.
    u
        Inputs, (M, n).
    c
        What ``prepare`` returns.
    span
        Relative and absolute tolerance, begin, duration, most steps, and which chunks; (7,).
    h
        Step to begin with in each cell, (n,); 0 if not known. Changed in place: what the first good steps of
        this interval allow, not the last, since an input that jumps at each exchange begins a transient each time.
    failed
        (n,) int8, zeros; set where a cell failed.
    """
    memory, work = np.zeros(MEMORY), np.zeros(WORK)
    clock, tried = memory[CLOCK:STEPS], memory[TRIED:CLOCK]
    state, inputs = memory[STATE:INPUTS], memory[INPUTS:MEMORY]
    for lane in range(LANES):
        memory[CELL + lane] = -1.0
    for chunk in range(int(span[FIRST]), (y.shape[1] + CHUNK - 1) // CHUNK, int(span[STRIDE])):
        following, last, busy = chunk * CHUNK, min((chunk + 1) * CHUNK, y.shape[1]), 0
        while busy > 0 or following < last:
            if busy < LANES and following < last:
                loaded = refill(following, last, y, u, h, span, memory)
                following, busy = loaded, busy + loaded - following
                begin_all(c, span, memory, work)
                work[FRESH] = 1.0
            for lane in range(LANES):
                tried[lane] = choose(memory[WANTED + lane], span[DURATION] - memory[DONE + lane])
            attempt(clock, tried, state, inputs, c, span, work)
            busy -= settle(y, h, failed, span, memory, work)
