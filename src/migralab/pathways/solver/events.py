"""Events without delay, as SBML Level 3 Version 2 has them (4.11), cell by cell; takes the place of `driver.py`.

A step of the integrator is accepted first and then searched for triggers that became true: at its end and, on the
cubic through both ends, at three points between, so that a condition that holds only for a part of the step is seen.
The moment is found by stepping again from the start of the step, with lengths that close in on it from both sides;
what counts is always a real step, the cubic only says where to try. It is kept on the side where the trigger is true.

Memory of a cell, in the rows of the state behind its variables: whether each trigger was true, a number of its own for
draws, and how many it has drawn. Loops instead of assignments of slices, and one flat array for everything, are what
keeps the time of compiling at a third.
"""

from __future__ import annotations

import math

import numpy as np

from migralab.core.random import uniform_pair
from migralab.pathways.solver.explicit import ERROR, FRESH, NEW, WORK, attempt, keep, next_factor
from migralab.pathways.solver.frame import (
    CHUNK,
    EARLY,
    EVENTS,
    FIRST_SET,
    PERSISTENT,
    SCRATCH,
    TARGETS,
    Floats,
    M,
    N,
    entry,
    inlined,
    kernel,
    priorities,
    rates,
    triggers,
    values_set,
)
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

NO_END = 3  # failure: events that set each other off for ever
CELL_NUMBER, DRAWN = N + EVENTS, N + EVENTS + 1  # rows of the state, behind the variables and the triggers
ROWS = N + EVENTS + 2
PENDING = 4 * EVENTS + 16  # executions that may wait at one moment; a trigger can become true again while it waits
AT_ONCE = 10_000  # executions at one moment, after which the events are said to have no end
CLOSE = 1e-11  # of the step: how closely the moment of an event is enclosed
LOOKS = 4  # points at which a step is searched, its end among them
DRAWS = np.uint64(0x6576656E74730001)  # stream of the choices among equal priorities

# What lies where in `room`: tolerances and times (as `span`), inputs, time and step as the integrator takes them,
# triggers now and a little earlier, priorities, new values of all events; in the queue: events and their early values;
# bounds of the moment; states, each with its rates: at both bounds and on trial; what the integrator needs
SETS = FIRST_SET[EVENTS]
GIVEN = 7
PRESENT, LENGTH, NOW = GIVEN + M, GIVEN + M + 1, GIVEN + M + 2
SEEN, RANKS, VALUES = NOW + EVENTS, NOW + 2 * EVENTS, NOW + 3 * EVENTS
WAITING = VALUES + SETS
SAVED = WAITING + PENDING
LOWER = SAVED + PENDING * SETS
UPPER, LOW = LOWER + 1, LOWER + 2
HIGH, TRIAL, SPARE = LOW + 2 * N, LOW + 4 * N, LOW + 6 * N
ENGINE, ROOM = SPARE + SCRATCH, SPARE + SCRATCH + WORK


@kernel
def look(t: float, y: Floats, c: Floats, room: Floats) -> bool:
    """Write all triggers into `NOW`; return whether one is true that has not been `SEEN` true."""
    room[PRESENT] = t
    triggers(room[PRESENT:LENGTH], y, room[GIVEN:PRESENT], c, room[SPARE:ENGINE], room[NOW:SEEN])
    risen = False
    for event in range(EVENTS):
        risen = risen or (room[NOW + event] != 0.0 and room[SEEN + event] == 0.0)
    return risen


@kernel
def compute_values(t: float, y: Floats, c: Floats, room: Floats) -> None:
    """Write what all events would set now into `VALUES`."""
    room[PRESENT] = t
    values_set(room[PRESENT:LENGTH], y, room[GIVEN:PRESENT], c, room[SPARE:ENGINE], room[VALUES:WAITING])


# --- at one moment ---


@inlined
def move_up(place: int, to: int, room: Floats) -> None:
    """Move what waits at one place to another."""
    room[WAITING + to] = room[WAITING + place]
    for k in range(SETS):
        room[SAVED + to * SETS + k] = room[SAVED + place * SETS + k]


@kernel
def notice(t: float, y: Floats, c: Floats, room: Floats, count: int) -> int:
    """Look at every trigger: what became true joins the queue, what is false again may leave it. Return its length."""
    for event in range(EVENTS):
        room[SEEN + event] = y[N + event]
    risen = look(t, y, c, room)
    kept = 0
    for place in range(count):
        event = int(room[WAITING + place])
        if PERSISTENT[event] or room[NOW + event] != 0.0:
            move_up(place, kept, room)
            kept += 1
    if risen:
        compute_values(t, y, c, room)
    for event in range(EVENTS):
        y[N + event] = room[NOW + event]
        if room[NOW + event] != 0.0 and room[SEEN + event] == 0.0:
            if kept == PENDING:
                return -1
            room[WAITING + kept] = event
            for k in range(SETS):
                room[SAVED + kept * SETS + k] = room[VALUES + k]
            kept += 1
    return kept


@kernel
def choose_turn(t: float, y: Floats, c: Floats, room: Floats, count: int) -> int:
    """Return the place in the queue of the one whose turn it is: the highest priority now, a draw among equals.

    Without a priority any order is right: those come last, in the order in which they became true.
    """
    room[PRESENT] = t
    priorities(room[PRESENT:LENGTH], y, room[GIVEN:PRESENT], c, room[SPARE:ENGINE], room[RANKS:VALUES])
    best, equals, highest = 0, 0, -math.inf
    for place in range(count):
        rank = room[RANKS + int(room[WAITING + place])]  # NaN where there is none: never larger, never equal
        if rank > highest:
            best, equals, highest = place, 1, rank
        elif rank == highest:
            equals += 1
    if equals < 2:
        return best
    drawn, _ = uniform_pair(DRAWS, np.uint64(y[CELL_NUMBER]), np.uint64(y[DRAWN]), np.uint64(0))
    y[DRAWN] += 1.0
    left = int(drawn * equals)
    for place in range(best, count):
        if room[RANKS + int(room[WAITING + place])] == highest:
            if left == 0:
                return place
            left -= 1
    return best


@kernel
def happen(t: float, y: Floats, c: Floats, room: Floats) -> int:
    """Execute in place all that happens at this moment, one event after the other; return how many, -1 without end."""
    count = 0
    for executed in range(AT_ONCE):
        count = notice(t, y, c, room, count)
        if count <= 0:
            return executed if count == 0 else -1
        place = choose_turn(t, y, c, room, count) if count > 1 else 0
        event = int(room[WAITING + place])
        if EARLY[event]:
            for k in range(SETS):
                room[VALUES + k] = room[SAVED + place * SETS + k]
        else:
            compute_values(t, y, c, room)
        for k in range(FIRST_SET[event], FIRST_SET[event + 1]):
            y[TARGETS[k]] = room[VALUES + k]
        count -= 1
        for following in range(place, count):
            move_up(following + 1, following, room)
    return -1


# --- between two moments ---


@kernel
def step_into(slot: int, t: float, length: float, y: Floats, c: Floats, room: Floats) -> None:
    """Take one step; write the state behind it, and its rates, into a slot of `room`. Of length 0: the state itself."""
    if length > 0.0:
        room[PRESENT], room[LENGTH] = t, length
        attempt(room[PRESENT:LENGTH], room[LENGTH:NOW], y, room[GIVEN:PRESENT], c, room[0:GIVEN], room[ENGINE:ROOM])
    for i in range(N):
        room[slot + i] = room[ENGINE + NEW + i] if length > 0.0 else y[i]
    room[PRESENT] = t + length
    state, slope = room[slot : slot + N], room[slot + N : slot + 2 * N]
    rates(room[PRESENT:LENGTH], state, room[GIVEN:PRESENT], c, room[SPARE:ENGINE], slope)


@kernel
def rises_between(t: float, share: float, width: float, c: Floats, room: Floats) -> bool:
    """Return whether a trigger has risen at a share of the way from `LOW` to `HIGH`, on the cubic through both."""
    rest = 1.0 - share
    for i in range(N):  # in this form, what does not change stays the same to the last bit
        change = share * share * (3.0 - 2.0 * share) * (room[HIGH + i] - room[LOW + i])
        bend = share * rest * (rest * room[LOW + N + i] - share * room[HIGH + N + i])
        room[TRIAL + i] = room[LOW + i] + (change + width * bend)
    return look(t, room[TRIAL : TRIAL + N], c, room)


@inlined
def where_to_look(t: float, step: float, c: Floats, room: Floats) -> float:
    """Return where the step should end instead, so that each trigger changes once at most on the way.

    `LOW` and `HIGH` hold both ends. Return `step` if nothing rises before.
    """
    reached = 0.0
    for point in range(1, LOOKS + 1):
        share = point / LOOKS
        if rises_between(t + share * step, share, step, c, room):
            return (reached if reached > 0.0 else share) * step
        for event in range(EVENTS):
            if room[NOW + event] != room[SEEN + event]:  # it fell: end there, or its next rise would not be seen
                reached = share
            room[SEEN + event] = room[NOW + event]
    return step


@inlined
def guess_moment(t: float, c: Floats, room: Floats) -> float:
    """Return where the cubic between the bounds says that a trigger becomes true: the side where it is."""
    before, after = 0.0, 1.0
    first, width = room[LOWER], room[UPPER] - room[LOWER]
    for _ in range(60):
        share = 0.5 * (before + after)
        if rises_between(t + (first + share * width), share, width, c, room):
            after = share
        else:
            before = share
        if t + (first + before * width) == t + (first + after * width):
            break
    return float(first + after * width)


@inlined
def inside(guess: float, lower: float, upper: float, reach: float) -> float:
    """Return a length between the bounds: the guess, or if it ends in one of them, a little beside it."""
    if guess >= upper:
        guess = upper - reach
    elif guess <= lower:
        guess = lower + reach
    return guess if lower < guess < upper else 0.5 * (lower + upper)


@kernel
def locate(t: float, step: float, y: Floats, c: Floats, room: Floats) -> float:
    """Return the length of the step after which a trigger has just become true; `HIGH` holds the state there."""
    room[LOWER], room[UPPER] = 0.0, step
    width = max(CLOSE * step, 4.0 * np.spacing(abs(t) + step))
    reach, beside = 0.5 * width, -1.0
    while room[UPPER] - room[LOWER] > width:
        guessed = not room[LOWER] < beside < room[UPPER]
        length = beside
        if guessed:
            length = inside(guess_moment(t, c, room), room[LOWER], room[UPPER], reach)
        step_into(TRIAL, t, length, y, c, room)
        risen = look(t + length, room[TRIAL : TRIAL + N], c, room)
        slot = HIGH if risen else LOW
        for i in range(2 * N):
            room[slot + i] = room[TRIAL + i]
        room[UPPER if risen else LOWER] = length
        beside = -1.0
        if guessed:  # the other side of a good guess closes the bounds
            beside = length - reach if risen else length + reach
            reach = max(0.5 * width, min(16.0 * reach, 0.25 * (room[UPPER] - room[LOWER])))
    return float(room[UPPER])


@kernel
def reach_event(t: float, step: float, y: Floats, c: Floats, room: Floats) -> float:
    """Return how far to go in an accepted step, at whose end `HIGH` holds the state: to the first event at most."""
    step_into(LOW, t, 0.0, y, c, room)
    for event in range(EVENTS):
        room[SEEN + event] = y[N + event]
    length = where_to_look(t, step, c, room)
    if t + length == t:
        length = step
    if length < step:
        step_into(HIGH, t, length, y, c, room)
    for event in range(EVENTS):
        room[SEEN + event] = y[N + event]
    if look(t + length, room[HIGH : HIGH + N], c, room):
        return locate(t, length, y, c, room)
    return length


@inlined
def next_step(error: float, ceiling: float, step: float, wanted: float) -> float:
    """Return the step that the error of the last one allows; one that was cut short says nothing of longer ones."""
    factor = min(next_factor(error), ceiling)
    if error <= 1.0:
        return max(wanted, step * factor) if step < wanted and factor >= 1.0 else step * factor
    return step * min(factor, 0.5)


@inlined
def error_of(room: Floats) -> float:
    """Return the error of the step into `HIGH`, infinite if its state is not finite."""
    total = 0.0
    for i in range(N):
        total += room[HIGH + i]
    return room[ENGINE + ERROR] if abs(total) < math.inf else math.inf


@kernel
def move(y: Floats, c: Floats, room: Floats, h: Floats) -> int:
    """Bring one cell over the interval, in place, with all that happens at its ends and on the way.

    Parameters
    ----------
    y
        (ROWS,) state.
    room
        (ROOM,), with `span` and the inputs.
    h
        (1,) last good step, 0 if not known; in place.

    Returns
    -------
    int
        What failed; 0 if nothing.
    """
    t, end = room[BEGIN], room[BEGIN] + room[DURATION]
    wanted, ceiling, steps = h[0], math.inf, 0.0
    due, fresh = True, True
    while True:
        if due:
            executed = happen(t, y, c, room)
            if executed < 0:
                return NO_END
            if executed > 0 or fresh:
                room[ENGINE + FRESH] = 1.0
            else:
                keep(0, room[ENGINE:ROOM])
        if t >= end:
            h[0] = wanted
            return 0
        if not wanted > 0.0:
            step_into(LOW, t, 0.0, y, c, room)
            wanted = begin(0, y, room[LOW + N : LOW + 2 * N], room)
        step = choose(wanted, end - t)
        step_into(HIGH, t, step, y, c, room)
        error = error_of(room)
        due = error <= 1.0
        wanted = next_step(error, ceiling, step, wanted)
        ceiling = math.inf if due else 1.0  # no growth right after a step that failed
        steps += 1.0
        if due:
            length = reach_event(t, step, y, c, room)
            fresh = length < step  # then the last attempt was another one
            t = end if not fresh and step >= end - t else t + length
            for i in range(N):
                y[i] = room[HIGH + i]
        if (not due and t + wanted == t) or (steps >= room[MOST_STEPS] and t < end):
            return TOO_MANY_STEPS if error < math.inf else NOT_FINITE


@entry
def advance(y: Floats, u: Floats, c: Floats, span: Floats, h: Floats, failed: Floats) -> None:
    """Move the cells of some chunks over one interval in which its inputs are constant, with its events.

    Parameters
    ----------
    y
        State and memory, (ROWS, n), changed in place; a cell that fails stays as it was.
    u
        Inputs, (M, n).
    c
        What ``prepare`` returns.
    span
        Relative and absolute tolerance, begin, duration, most steps, chunks; (7,). Duration 0: what is due happens.
    h
        Last step of each cell, (n,); 0 if not known. Changed in place.
    failed
        (n,) int8, zeros; set where a cell failed.
    """
    room, state = np.zeros(ROOM), np.zeros(ROWS)
    for k in range(GIVEN):
        room[k] = span[k]
    for chunk in range(int(span[FIRST]), (y.shape[1] + CHUNK - 1) // CHUNK, int(span[STRIDE])):
        for cell in range(chunk * CHUNK, min((chunk + 1) * CHUNK, y.shape[1])):
            for i in range(ROWS):
                state[i] = y[i, cell]
            for i in range(M):
                room[GIVEN + i] = u[i, cell]
            code = move(state, c, room, h[cell : cell + 1])
            failed[cell] = code
            if code == 0:  # else the cell stays as it was
                for i in range(ROWS):
                    y[i, cell] = state[i]
