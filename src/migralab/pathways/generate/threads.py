"""The same compiled function on several threads, each with its own share of the chunks.

numba's own parallel loops would double the time that a pathway takes to compile. A compiled function lets go of the
interpreter, so that ordinary threads do as well; how many there may be is numba's number, as everywhere.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numba

_pools: dict[int, ThreadPoolExecutor] = {}  # by process: a forked child has none of its parent's threads


def allowed() -> int:
    """Return how many threads may work now."""
    return int(numba.get_num_threads())


def run(tasks: Sequence[Callable[[], object]]) -> None:
    """Run all tasks at once, the first on this thread, and wait for them."""
    if len(tasks) > 1:
        process = os.getpid()
        if process not in _pools:
            _pools.clear()
            _pools[process] = ThreadPoolExecutor(int(vars(numba.config)["NUMBA_NUM_THREADS"]), "pathway")
        others = [_pools[process].submit(task) for task in tasks[1:]]
        tasks[0]()
        for other in others:
            other.result()
    else:
        for task in tasks:
            task()
