"""How long a step to try, for every driver; and what all cells of one call share."""

from __future__ import annotations

import math

from migralab.pathways.solver.frame import LANES, Floats, N, inlined

# --- pasted from here ---

TOO_MANY_STEPS, NOT_FINITE = 1, 2
# What lies where in `span`, which says what all cells share; the tolerances are first, as `attempt` wants them
# The last two are the thread's: it takes the chunks `FIRST`, `FIRST + STRIDE`, ...
RELATIVE, ABSOLUTE, BEGIN, DURATION, MOST_STEPS, FIRST, STRIDE = range(7)


@inlined
def first_step(rms_state: float, rms_rate: float, duration: float) -> float:
    """Return a step to begin with: one hundredth of the time in which the state would change by itself."""
    if rms_rate == 0.0:
        return duration
    if not (rms_state > 1e-5 and 1e-5 < rms_rate < math.inf):
        return 1e-6 * duration
    return min(duration, 0.01 * rms_state / rms_rate)


@inlined
def begin(lane: int, y: Floats, slope: Floats, span: Floats) -> float:
    """Return the first step of a cell of which nothing is known (Hairer, Norsett and Wanner, II.4)."""
    state, rate = 0.0, 0.0
    for i in range(N):
        j = i * LANES + lane
        scale = span[ABSOLUTE] + span[RELATIVE] * abs(y[j])
        state += y[j] / scale * (y[j] / scale)
        rate += slope[j] / scale * (slope[j] / scale)
    return first_step(math.sqrt(state), math.sqrt(rate), span[DURATION])


@inlined
def choose(wanted: float, left: float) -> float:
    """Return the step to try: all that is left, or half of it, rather than leave a tiny last one."""
    if wanted >= 0.999 * left:
        return left
    return min(wanted, 0.5 * left) if wanted > 0.5 * left else wanted
