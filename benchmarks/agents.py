"""Walk and contact of 1e5 cells, and the same walk in a Python agent framework."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from benchmarks.motility import LAW, STREAM, walkers
from benchmarks.neighbours import bodies
from benchmarks.timing import Table, best, threads
from migralab.physics import motility, neighbours

COUNT = 100_000
CITED = 10.1e-6  # s per agent step: Mesa 3.3.1, bare walk, 1e4 agents, 0.101 s a step (evidence/peers.md 3b)
OTHER_PYTHON = "MIGRALAB_MESA_PYTHON"


def tables() -> list[Table]:
    peer, where = _peer()
    columns, (position, dish, alive, velocity) = walkers(COUNT), bodies(COUNT, 1e-4)

    def walk() -> None:
        motility.walk(*columns, STREAM, 1, *LAW)

    def touch() -> None:
        neighbours.push_apart(position, dish, alive, velocity, 20.0, 0.1 / 60)

    rows, whole = [], {}
    for count in (1, 2):
        with threads(count):
            times = best(walk), best(touch)
        whole[count] = sum(times)
        each = [t / COUNT * 1e9 for t in (*times, whole[count])]
        rows.append([str(count), *(f"{t:.0f} ns" for t in each), f"{peer / whole[count] * COUNT:.0f}x"])
    note = f"Agent framework: {where}, {peer * 1e6:.1f} us a cell step, walk only, without contact. "
    note += f"Two threads are {whole[1] / whole[2]:.2f}x one."
    head = ("threads", "walk, per cell step", "contact", "walk + contact", "against the framework's bare walk")
    return [Table(title=f"Walk and contact, {COUNT:,} cells", head=head, rows=rows, note=note)]


def _peer() -> tuple[float, str]:
    """Return s per agent step, and where the figure comes from."""
    python = os.environ.get(OTHER_PYTHON)
    if not python:
        return (
            CITED,
            f"Mesa 3.3.1, cited (peers.md 3b; set {OTHER_PYTHON} to a Python that has mesa to measure it here)",
        )
    script = Path(__file__).with_name("mesa_walk.py")
    found = json.loads(subprocess.run([python, script], capture_output=True, text=True, check=True).stdout)
    return found["seconds_per_agent_step"], f"Mesa {found['version']}, measured in this run"
