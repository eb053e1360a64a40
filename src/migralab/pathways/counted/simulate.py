"""Single reactions of counted molecules in one cell after another. Theory: docs/theory/counted-molecules.md.

What stands between the lines is pasted into a generated module behind its tables, its propensities and `poisson`.
"""

from __future__ import annotations

import math

import numpy as np

from migralab.pathways.counted.frame import (
    BY,
    FIRST,
    MATTERS,
    WHO,
    Floats,
    M,
    R,
    S,
    UInts,
    Work,
    entry,
    kernel,
    propensities,
    uniform_pair,
)
from migralab.pathways.counted.poisson import poisson

# --- pasted from here ---

TOLERANCE = 0.03  # relative change of a propensity that a leap may bring about
LOST = 0.05  # share of a kind that may go in a leap; the variance at rest is then 2.5 % too large
ORDER = 3.0  # the strongest power of a kind in a propensity that the bound on leaps allows for
CRITICAL = 10.0  # a reaction that can happen fewer times than this, for want of molecules, is not leapt over
WORTH = 10.0  # events that a leap must spare to be worth it
EXACT = 100  # single events before the next try, where it was not
MOST = 50_000_000  # draws of one cell in one exchange; more is a runaway


@kernel
def enough(r: int, times: float, x: Floats) -> bool:
    """Whether there are molecules for a reaction to happen so many times."""
    for k in range(FIRST[r], FIRST[r + 1]):  # noqa: SIM110  # a generator is slow to compile
        if x[WHO[k]] + BY[k] * times < 0.0:
            return False
    return True


@kernel
def fire(r: int, times: float, x: Floats) -> None:
    """Let a reaction happen."""
    for k in range(FIRST[r], FIRST[r + 1]):
        x[WHO[k]] += BY[k] * times


@kernel
def weigh(x: Floats, u: Floats, c: Floats, a: Floats) -> float:
    """Write all propensities and return their sum; NaN if one is negative or not finite.

    A reaction that lacks molecules cannot happen, whatever its law says.
    """
    propensities(x, u, c, a)
    total = 0.0
    for r in range(R):
        if not 0.0 <= a[r] < np.inf:
            return np.nan
        if a[r] > 0.0 and not enough(r, 1.0, x):
            a[r] = 0.0
        total += a[r]
    return total


@kernel
def choose(target: float, a: Floats) -> int:
    """Return the reaction in whose part of the sum of propensities `target` lies."""
    found, below = 0, 0.0
    for r in range(R):
        if a[r] > 0.0:
            found = r  # the last possible one, should rounding carry the target past the end
            below += a[r]
            if target < below:
                break
    return found


@kernel
def leap_length(x: Floats, a: Floats, drift: Floats, spread: Floats) -> float:
    """Return the time in which no propensity is expected to change by more than TOLERANCE (eq-counted-leap).

    Near a steady state drift vanishes and would allow leaps longer than a molecule lives, after which the spread is too
    wide: so no more than LOST of a kind may go in one leap.
    """
    for s in range(S):
        drift[s], spread[s] = 0.0, 0.0
    for r in range(R):
        if a[r] > 0.0 and enough(r, CRITICAL, x):
            for k in range(FIRST[r], FIRST[r + 1]):
                drift[WHO[k]] += BY[k] * a[r]
                spread[WHO[k]] += BY[k] * BY[k] * a[r]
    length = np.inf
    for s in range(S):
        if MATTERS[s] and spread[s] > 0.0:
            allowed = max(TOLERANCE * x[s] / ORDER, 1.0)
            length = min(length, allowed * allowed / spread[s])
            if drift[s] != 0.0:
                length = min(length, allowed / abs(drift[s]))
            gone = 0.5 * (spread[s] - drift[s])  # what goes, where each event changes a kind by one
            if gone > 0.0:
                length = min(length, LOST * x[s] / gone)
    return length


@kernel
def whole(x: Floats) -> bool:
    """Whether these are numbers of molecules."""
    for s in range(S):  # noqa: SIM110  # a generator is slow to compile
        if not (x[s] >= 0.0 and x[s] == math.floor(x[s])):
            return False
    return True


@kernel
def rare(x: Floats, a: Floats, source: UInts, draw: int) -> tuple[float, int, int]:
    """Return when the next reaction that is short of molecules happens and which, and the next draw."""
    total = 0.0
    for r in range(R):
        if a[r] > 0.0 and not enough(r, CRITICAL, x):
            total += a[r]
    if total == 0.0:
        return np.inf, -1, draw
    u, v = uniform_pair(source[0], source[1], source[2], draw)
    found, below = -1, 0.0
    for r in range(R):
        if a[r] > 0.0 and not enough(r, CRITICAL, x):
            found = r
            below += a[r]
            if v * total < below:
                break
    return -math.log(u) / total, found, draw + 1


@kernel
def leap(x: Floats, a: Floats, length: float, after: Floats, source: UInts, draw: int) -> tuple[float, int]:
    """Let many events happen at once; write the molecules after it and return the time it took and the next draw.

    A reaction that is short of molecules ends the leap and happens once. A leap that would need more molecules than
    there are is tried again at half the length.
    """
    while True:
        time, single, draw = rare(x, a, source, draw)
        if time >= length:
            time, single = length, -1
        for s in range(S):
            after[s] = x[s]
        for r in range(R):
            if a[r] > 0.0 and enough(r, CRITICAL, x):
                times, draw = poisson(a[r] * time, source, draw)
                fire(r, times, after)
        if single >= 0:
            fire(single, 1.0, after)
        if whole(after):
            return time, draw
        length *= 0.5


@kernel
def move(x: Floats, u: Floats, c: Floats, span: Floats, source: UInts, work: Work) -> bool:
    """Move the molecules of one cell by span[0], in place, and integrate them over time; False: it broke down.

    Events one by one (eq-counted-direct), or leaps; the integral is that of eq-counted-mean.

    Parameters
    ----------
    source
        Stream, key of the cell, and count, (3,).
    work
        Propensities (R,), molecules after a leap, their drift, their spread, and the integral, (S,) each.
    """
    a, after, drift, spread, area = work
    left, draw, exact = span[0], FIRST[0], 0  # the draws begin at 0; a literal would have all this compiled twice
    for s in range(S):
        area[s] = 0.0
    while draw < MOST:
        total = weigh(x, u, c, a)
        if not total >= 0.0:
            return False
        if exact == 0 and total * left > span[1]:
            length = min(leap_length(x, a, drift, spread), left)
            if length * total >= WORTH:
                time, draw = leap(x, a, length, after, source, draw)
                for s in range(S):
                    area[s] += 0.5 * (x[s] + after[s]) * time
                    x[s] = after[s]
                left -= time
                if left <= 0.0:
                    return True
                continue
            exact = EXACT
        exact = max(exact - 1, 0)
        wait, v = np.inf, 0.0
        if total > 0.0:
            first, v = uniform_pair(source[0], source[1], source[2], draw)
            draw += 1
            wait = -math.log(first) / total
        for s in range(S):
            area[s] += x[s] * min(wait, left)
        if wait >= left:  # what is left of a wait is forgotten: an exponential wait has no memory
            return True
        left -= wait
        fire(choose(v * total, a), 1.0, x)
    return False


@entry
def advance(x: Floats, u: Floats, c: Floats, span: Floats, keys: UInts, source: UInts, mean: Floats) -> None:
    """Move some of the cells, in place, and write their mean; one that breaks down stays, with a mean of NaN.

    Parameters
    ----------
    x
        Molecules, (S, n).
    u
        Inputs, (M, n).
    c
        Constants, (P,).
    span
        Time, expected events in it above which leaps are tried, first cell, and the one behind the last.
    keys
        Of the cells, (n,).
    source
        Stream and count, (2,).
    """
    own, inputs, draws = np.empty(S), np.empty(M), np.empty(3, np.uint64)
    work = (np.empty(R), np.empty(S), np.empty(S), np.empty(S), np.empty(S))
    draws[0], draws[2] = source[0], source[1]
    for cell in range(int(span[2]), int(span[3])):
        for s in range(S):
            own[s] = x[s, cell]
        for m in range(M):
            inputs[m] = u[m, cell]
        draws[1] = keys[cell]
        done = whole(own) and move(own, inputs, c, span, draws, work)
        for s in range(S):
            if done:
                x[s, cell] = own[s]
            mean[s, cell] = work[4][s] / span[0] if done else np.nan


# --- to here ---
