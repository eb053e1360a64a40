"""Keyed random numbers: Philox, normals, exponentials, keys of the newborn."""

from __future__ import annotations

import numpy as np

from benchmarks.timing import best, duel
from migralab.core import random

COUNT = 100_000


def duels() -> list[list[str]]:
    stream = random.stream_key("bench")
    keys = random.child_key_array(np.full(COUNT, 1, np.uint64), stream, np.arange(COUNT, dtype=np.uint64))
    pairs = {
        "two uniforms (one Philox block)": (random.draw_uniform_pairs, random.uniform_pair_array),
        "normal": (random.draw_normals, random.normal_pair_array),
        "exponential": (random.draw_exponentials, random.exponential_array),
    }
    rows = [
        duel(name, "draw", COUNT, *(best(lambda f=f: f(stream, keys, 3, 0)) for f in pair))
        for name, pair in pairs.items()
    ]
    ours, twin = (best(lambda f=f: f(keys, stream, 3)) for f in (random.draw_child_keys, random.child_key_array))
    return [*rows, duel("key of a newborn", "key", COUNT, ours, twin)]
