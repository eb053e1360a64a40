"""Walk and contact of 1e5 cells, and the same in a Python agent framework."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import numpy as np

from benchmarks.motility import STREAM, walkers
from benchmarks.neighbours import bodies
from benchmarks.timing import Table, best, threads
from migralab.physics import motility, neighbours

COUNT = 100_000
NO_REST = (60.0, 3600.0, 0.0, 0.0)  # every cell moves all the time, as the framework's agents do
CITED = {  # s per agent step, Mesa 3.3.1, 1e4 agents (evidence/peers.md 3b)
    "continuous space": 10.1e-6,
    "continuous space, with neighbours": 174e-6,
}
OTHER_PYTHON = "MIGRALAB_MESA_PYTHON"


def tables() -> list[Table]:
    walk, both = {}, {}
    for count in (1, 2):
        with threads(count):
            walk[count], both[count] = _cell_step()
    rows = [[str(c), *(f"{t * 1e9:.0f} ns" for t in (walk[c], both[c] - walk[c], both[c]))] for c in walk]
    head = ("threads", "walk, per cell step", "contact", "both")
    note = f"Every cell moves. Two threads are {both[1] / both[2]:.2f}x one."
    ours = Table(title=f"Walk and contact, {COUNT:,} cells", head=head, rows=rows, note=note)
    return [ours, *(_against(name, peer, walk, both) for name, peer in _peers().items())]


def _cell_step() -> tuple[float, float]:
    """Return s per cell step of the walk alone, and of walk and contact."""
    columns, touching = walkers(COUNT), bodies(COUNT, 1e-4)
    columns[2][...] = True
    columns[3][...] = np.inf
    walk = best(lambda: motility.walk(*columns, STREAM, 1, *NO_REST))
    contact = best(lambda: neighbours.push_apart(*touching, 20.0, 0.1 / 60))
    return walk / COUNT, (walk + contact) / COUNT


def _against(name: str, peer: dict[str, float], walk: dict[int, float], both: dict[int, float]) -> Table:
    rows = [
        [way, f"{t * 1e6:.1f} us", *(f"{t / ours[c]:.0f}x" for ours in (walk, both) for c in (1, 2))]
        for way, t in peer.items()
    ]
    head = (
        "its walk", "per agent step", "our walk is faster by, 1 thread", "2 threads", "our walk + contact, 1 thread",
        "2 threads",
    )  # fmt: skip
    return Table(title=f"Against {name}", head=head, rows=rows)


def _peers() -> dict[str, dict[str, float]]:
    """Return s per agent step of the framework: as cited, and as measured here if its Python is named."""
    found = {"Mesa 3.3.1 as cited (peers.md 3b, another hour on such a machine)": CITED}
    if python := os.environ.get(OTHER_PYTHON):
        script = Path(__file__).with_name("mesa_walk.py")
        told = json.loads(subprocess.run([python, script], capture_output=True, text=True, check=True).stdout)
        found[f"Mesa {told['version']}, measured in this run"] = told["found"]
    return found
