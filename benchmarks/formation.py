"""Whole runs of the formation assay, each in a fresh process: time, memory, and what ten times the cells cost."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.timing import Table

SIZES = ((100, 1, 3), (1_000, 1, 3), (1_000, 2, 3), (10_000, 1, 2), (10_000, 2, 2))  # cells, threads, repeats
TICKS = 720


def tables() -> list[Table]:
    runs = {}
    for cells, count, repeats in SIZES:
        found = [_in_fresh_process(cells, count) for _ in range(repeats)]
        runs[cells, count] = {name: min(one[name] for one in found) for name in found[0]}
    rows = [
        [
            f"{cells:,}", str(count), f"{run['first_tick']:.2f} s", f"{run['simulate']:.2f} s",
            f"{run['simulate'] / (cells * TICKS) * 1e9:.0f} ns", f"{run['nodes'] / cells:.0f}", f"{run['peak']:.2f} GB",
        ]
        for (cells, count), run in runs.items()
    ]  # fmt: skip
    steeper = runs[10_000, 1]["simulate"] / runs[1_000, 1]["simulate"]
    faster = runs[10_000, 1]["simulate"] / runs[10_000, 2]["simulate"]
    note = f"Ten times the cells (1,000 to 10,000, one thread) cost {steeper:.1f}x. At 10,000 cells two threads are "
    note += f"{faster:.2f}x one. Below 3,000 cells a run uses one thread, because waking another costs more."
    head = (
        "cells", "threads", "process start to first tick", "12 h simulated, tables included", "per cell and tick",
        "fibre nodes a cell", "peak memory",
    )  # fmt: skip
    whole = Table(title="Formation assay, 12 h, tick 1 min", head=head, rows=rows, note=note)
    return [whole, _command_line()]


def _command_line() -> Table:
    """Time the command as a person types it: start, run, write, measure, print."""
    shortest = min(_one_command() for _ in range(3))
    rows = [["`migralab run migrasome-formation`", f"{shortest:.2f} s"]]
    return Table(title="The command, 100 cells, 12 h, warm", head=("command", "process start to prompt"), rows=rows)


def _one_command() -> float:
    with tempfile.TemporaryDirectory() as folder:
        code = "from migralab.cli.main import run; run()"
        command = [sys.executable, "-c", code, "run", "migrasome-formation", "--out", f"{folder}/dish"]
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        return time.perf_counter() - start


def _in_fresh_process(cells: int, count: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.formation", str(cells), str(time.time())]
    environment = os.environ | {"NUMBA_NUM_THREADS": str(count)}
    root = Path(__file__).parents[1]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment, cwd=root)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main() -> None:
    """Run one dish and print what it took; called in a fresh process."""
    cells, born = int(sys.argv[1]), float(sys.argv[2])
    from benchmarks.dish import model_of
    from migralab.engine.engine import Engine
    from migralab.simulation.simulate import simulate

    ticked: list[float] = []
    tick = Engine._tick

    def watched(engine, state):
        tick(engine, state)
        ticked.append(time.time() - born)
        Engine._tick = tick

    Engine._tick = watched
    model = model_of(cells)
    start = time.perf_counter()
    run = simulate(model, 1)
    taken = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e9
    nodes = len(run.tables["nodes"]["node_id"])
    print(json.dumps({"first_tick": ticked[0], "simulate": taken, "peak": peak, "nodes": nodes}))


if __name__ == "__main__":
    main()
