"""Walk and contact of 1e5 cells, and the same in a Python agent framework; then whole dishes of up to 1e6 cells."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import numpy as np

from benchmarks.crowd import AGENTS, measured
from benchmarks.motility import CLOCK, STREAM, walkers
from benchmarks.neighbours import bodies
from benchmarks.timing import Table, best, threads
from migralab.physics import motility, neighbours

COUNT = 100_000
NO_REST = np.array([[1.0, 3600.0, 0.0, 0.0, 0.0]])  # every cell moves all the time, as the framework's agents do
CITED = {  # s per agent step, Mesa 3.3.1, 1e4 agents (evidence/peers.md 3b)
    "continuous space": 10.1e-6,
    "continuous space, with neighbours": 174e-6,
}
OTHER_PYTHON = "MIGRALAB_MESA_PYTHON"
PHYSICELL = {1: 455.0, 2: 238.0}  # s per simulated hour at 1e5 cells (evidence/peers.md 3b), by threads
HEAD = (
    "cells", "migrasomes", "voxels", "threads", "s per simulated hour", "of it agents", "of it the field",
    "2 threads: whole", "agents", "peak memory", "bits as on one thread",
)  # fmt: skip


def tables() -> list[Table]:
    walk, both = {}, {}
    for count in (1, 2):
        with threads(count):
            walk[count], both[count] = _cell_step()
    rows = [[str(c), *(f"{t * 1e9:.0f} ns" for t in (walk[c], both[c] - walk[c], both[c]))] for c in walk]
    head = ("threads", "walk, per cell step", "contact", "both")
    note = f"Every cell moves. Two threads are {both[1] / both[2]:.2f}x one."
    ours = Table(title=f"Walk and contact, {COUNT:,} cells", head=head, rows=rows, note=note)
    return [ours, *(_against(name, peer, walk, both) for name, peer in _peers().items()), _as_peers(), _large()]


def _rows(cells: int, vesicles: int, ticks: int, *, peers: bool = False) -> list[list[str]]:
    """Return a row for one thread and one for two: s per simulated hour, how two compare, memory, the same bits."""
    found, rows = {}, []
    for count in (1, 2):
        one = found[count] = measured(cells, vesicles, count, ticks, peers=peers)
        agents = {c: sum(t for name, t in f["spent"].items() if name in AGENTS) for c, f in found.items()}
        same = one["alike"] and one["print"] == found[1]["print"]
        gain = (
            [f"{found[1]['whole'] / one['whole']:.2f}x", f"{agents[1] / agents[count]:.2f}x"] if count > 1 else ["", ""]
        )
        rows.append(
            [f"{cells:.0e}", f"{vesicles:.0e}" if vesicles else "0", f"{one['voxels']:,}", str(count),
             f"{one['whole']:.3g}", f"{agents[count]:.3g}", f"{one['spent']['signals.diffusing']:.3g}", *gain,
             f"{one['GB']:.2f} GB", "yes" if same else "NO"]
        )  # fmt: skip
    return rows


def _as_peers() -> Table:
    """Chemotaxis, contact and uptake of a cue over one field, steps of 0.1 min: the set-up of evidence/peers.md 3b."""
    rows = [row for cells in (1000, 10_000, COUNT) for row in _rows(cells, 0, 100, peers=True)]
    whole = {count: measured(COUNT, 0, count, 100, peers=True)["whole"] for count in (1, 2)}
    ratios = ", ".join(f"{PHYSICELL[count] / whole[count]:.1f}x on {count}" for count in whole)
    note = f"PhysiCell takes 455 s on one thread and 238 s on two for 1e5 cells (cited, such a machine): {ratios}."
    return Table(title="A field, chemotaxis and contact, steps of 0.1 min", head=HEAD, rows=rows, note=note)


def _large() -> Table:
    """Recipients and the migrasomes that they take up, steps of 1 min; and how the cost grows with their number."""
    sizes = {1000: 60, 10_000: 60, COUNT: 15, 1_000_000: 4}
    rows = [row for cells, ticks in sizes.items() for row in _rows(cells, 10 * cells, ticks)]
    hours = [measured(cells, 10 * cells, 2, ticks)["whole"] for cells, ticks in sizes.items()]
    slopes = np.diff(np.log10(hours))
    note = (
        f"Slope of log time over log cells on two threads: {slopes.sum() / 3:.2f} from 1e3 to 1e6; by decade "
        f"{', '.join(f'{slope:.2f}' for slope in slopes)}. The field has ten voxels a cell, at most 1e6."
    )
    return Table(title="Recipients among ten migrasomes each, steps of 1 min", head=HEAD, rows=rows, note=note)


def _cell_step() -> tuple[float, float]:
    """Return s per cell step of the walk alone, and of walk and contact."""
    columns, touching = walkers(COUNT), bodies(COUNT, 1e-4)
    columns[1][...] = True
    columns[2][...] = np.inf
    walk = best(lambda: motility.walk(*columns, NO_REST, STREAM, 1, *CLOCK))
    contact = best(lambda: neighbours.push_apart(*touching, np.full(COUNT, 10.0), 0.1 / 60))
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
