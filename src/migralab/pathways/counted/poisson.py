"""Poisson numbers from keyed uniforms. Theory: docs/theory/counted-molecules.md."""

from __future__ import annotations

import math

from migralab.pathways.counted.frame import UInts, kernel, uniform_pair

# --- pasted from here ---


@kernel
def poisson(mean: float, source: UInts, draw: int) -> tuple[float, int]:
    """Return a Poisson number and the next free draw; `source` is stream, key of the cell and count.

    Below a mean of 10 by going up the distribution, above by transformed rejection with squeeze (PTRS of Hoermann,
    Insurance: Mathematics and Economics 12 (1993) 39), which is exact: both follow the law to rounding.
    """
    if mean < 10.0:
        u, _ = uniform_pair(source[0], source[1], source[2], draw)
        number, share = 0.0, math.exp(-mean)
        while u > share and number < 200.0:  # 1e-150 of all lies beyond
            u -= share
            number += 1.0
            share *= mean / number
        return number, draw + 1
    root = math.sqrt(mean)
    b = 0.931 + 2.53 * root
    a = -0.059 + 0.02483 * b
    inverse = 1.1239 + 1.1328 / (b - 3.4)
    while True:
        u, v = uniform_pair(source[0], source[1], source[2], draw)
        draw += 1
        u -= 0.5
        off = 0.5 - abs(u)
        number = math.floor((2.0 * a / off + b) * u + mean + 0.43)
        if off >= 0.07 and v <= 0.9277 - 3.6224 / (b - 2.0):
            return float(number), draw
        if number < 0 or (off < 0.013 and v > off):
            continue
        accept = math.log(v * inverse / (a / (off * off) + b))
        if accept <= number * math.log(mean) - mean - math.lgamma(number + 1.0):
            return float(number), draw


# --- to here ---
