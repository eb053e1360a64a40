"""How the benchmarks take times and print them. The best of several: another program can only make a time longer."""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numba

SPEND = 1.0  # s on each function at most, setting up not counted
MOST_REPEATS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of text under a title, printed as Markdown."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""

    def __str__(self) -> str:
        lines = [f"## {self.title}", "", *map(_line, (self.head, ["---"] * len(self.head), *self.rows))]
        return "\n".join([*lines, "", self.note, ""] if self.note else [*lines, ""])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def best(function: Callable[..., object], set_up: Callable[[], tuple] = tuple) -> float:
    """Return the shortest time of a call, s; `set_up` makes the arguments anew for each call and is not timed."""
    function(*set_up())  # compiled and in cache
    spent, shortest, repeats = 0.0, float("inf"), 0
    while repeats < 5 or (spent < SPEND and repeats < MOST_REPEATS):
        arguments = set_up()
        start = time.perf_counter()
        function(*arguments)
        taken = time.perf_counter() - start
        spent, shortest, repeats = spent + taken, min(shortest, taken), repeats + 1
    return shortest


@contextmanager
def threads(count: int):
    """Run kernels on this many threads."""
    before = numba.get_num_threads()
    numba.set_num_threads(min(count, numba.config.NUMBA_NUM_THREADS))
    try:
        yield
    finally:
        numba.set_num_threads(before)


def duel(what: str, unit: str, count: int, kernel: float, twin: float) -> list[str]:
    """Return one row: time per item of a kernel on one thread, of its twin, and their ratio."""
    return [
        what,
        f"{count:,}",
        f"{kernel / count * 1e9:.1f} ns/{unit}",
        f"{twin / count * 1e9:.1f}",
        f"{twin / kernel:.1f}x",
    ]


DUEL_HEAD = ("kernel, one thread", "items", "kernel", "vectorised numpy twin", "kernel is faster by")


def machine() -> str:
    """Return one line that names the machine and the versions."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    load = f", load {os.getloadavg()[0]:.1f} when it began" if hasattr(os, "getloadavg") else ""
    numpy = __import__("numpy").__version__
    return (
        f"{cores} cores of {_processor()}{load}; Python {sys.version.split()[0]}, numba {numba.__version__}, "
        f"numpy {numpy}, {platform.system()} {platform.machine()}."
    )


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        names = [line.split(":")[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
        if names:
            return names[0]
    return platform.processor() or platform.machine()
