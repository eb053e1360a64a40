"""Many cells, many migrasomes and a field: one run in a process of its own, so that its memory is its own.

`python -m benchmarks.crowd CELLS VESICLES THREADS TICKS [3b]` prints one line of JSON. With `3b` it is the set-up of
evidence/peers.md 3b: chemotaxis, contact and uptake of a cue over one field, one cell per 30 x 30 um, steps of 0.1 min.
"""

from __future__ import annotations

import hashlib
import json
import resource
import subprocess
import sys
import time
from functools import cache

import numba
import numpy as np

from migralab.core.kernel import threads_for
from migralab.core.random import child_key_array, stream_key
from migralab.engine.engine import Engine
from migralab.engine.mechanism import State
from migralab.simulation.compile import compile_experiment
from migralab.spec.loader import parse_experiment

SOURCE = "source: {key: user, locator: benchmark, tag: E}"
AGENTS = ("motility.walk", "motility.contact", "recipients.uptake", "recipients.chemotaxis")
UPTAKE = "  recipients.uptake: {}\n  recipients.endosome: {}\n"
TEXT = """
schema: 1
id: crowd
title: Many cells
question: How fast?
dish: {{cells: {cells}, duration: 10 h, step: {step}, output_every: 10 h, density: {density} 1/um^2,
       geometry: {{kind: walls, depth: {depth} um}}}}
mechanisms:
  motility.adhesion: {{}}
  motility.walk:
    speed: {{value: 1 um/min, {source}}}
    speed_cv: {{value: 0.1, {source}}}
    persistence: {{value: {persistence}, {source}}}
    start_rate: {{value: 1000 1/min, {source}}}
    stop_rate: {{value: 0 1/min, {source}}}
    spreading: {{value: 0 min, {source}}}
  motility.contact:
    diameter: {{value: 16.8 um, {source}}}
  motility.displacement: {{}}
  biogenesis.fate: {{}}
  recipients.add-back:
    mass: {{value: 0 ug, {source}}}
  signals.release: {{}}
  signals.diffusing:
    diffusivity: {{value: 1e5 um^2/min, {source}}}
    decay: {{value: 0.1 1/min, {source}}}
    background: {{value: 1 nM, {source}}}
    voxel: {{value: {voxel} um, {source}}}
  recipients.receptors: {{}}
  recipients.chemotaxis: {{}}
{more}arms:
  - {{id: all, control: true}}
"""


def found(cells: int, vesicles: int, *, peers: bool) -> tuple[Engine, State]:
    """Return an engine and its state; vesicles lie evenly, as purified ones do."""
    side = 30.0 * np.sqrt(cells)
    voxel = 20.0 if peers else side / np.sqrt(min(1e6, 10.0 * cells))
    text = TEXT.format(
        cells=cells, step="0.1 min" if peers else "1 min", density=1 / 900, source=SOURCE, voxel=f"{voxel:.6g}",
        depth=20 if peers else 100, persistence="1 min" if peers else "30 min", more="" if peers else UPTAKE,
    )  # fmt: skip
    model = compile_experiment(parse_experiment(text, "crowd.yaml"))
    engine = model.build()
    state = model.found(engine, [1])
    if vesicles:
        _strew(state, vesicles, side)
    return engine, state


def _strew(state: State, count: int, side: float) -> None:
    rng = np.random.default_rng(3)
    stream = stream_key("strewn")
    keys = child_key_array(np.full(count, 5, np.uint64), stream, np.arange(count, dtype=np.uint64))
    x, y = rng.uniform(0, side, count), rng.uniform(0, side, count)
    state["migrasomes"].add(
        keys, x=x, y=y, stage=1, resolves=0.0, stabilised=0.0, area=3.1, volume=0.5, diameter=1.0, detached=0.0,
        cargo=100.0, cargo_expected=100.0, rna_positive=1.0,
    )  # fmt: skip
    state["migrasomes"].commit()


def run(cells: int, vesicles: int, threads: int, ticks: int, *, peers: bool) -> dict[str, object]:
    """Return seconds per simulated hour, whole and by mechanism, peak memory, and a fingerprint of the end."""
    numba.set_num_threads(threads)
    engine, state = found(cells, vesicles, peers=peers)
    spent: dict[str, float] = {}
    for mechanism in engine.plan:
        mechanism.step = _timed(mechanism, spent)
    engine.run(state, 10 if peers else 2)  # compiled, in cache, and past the first looks
    spent.clear()
    with threads_for(cells):
        start = time.perf_counter()
        engine.run(state, ticks)
        whole = time.perf_counter() - start
    hours = ticks * engine.dt / 3600
    return {
        "whole": whole / hours,
        "spent": {name: taken / hours for name, taken in spent.items()},
        "voxels": int(state.fields["cue"].size),
        "GB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
        "print": fingerprint(state),
        "taken": int(state["cells"]["engulfed"].sum()) if not peers else 0,
    }


def _timed(mechanism, spent):
    step = mechanism.step

    def timed(*arguments):
        start = time.perf_counter()
        step(*arguments)
        spent[mechanism.name] = spent.get(mechanism.name, 0.0) + time.perf_counter() - start

    return timed


def fingerprint(state: State) -> str:
    """Return a hash of every bit of every table and field."""
    digest = hashlib.blake2b(digest_size=8)
    for _, table in sorted(state.tables.items()):
        for name in table.names:
            digest.update(np.ascontiguousarray(table[name]))
    for _, array in sorted(state.fields.items()):
        digest.update(np.ascontiguousarray(array))
    return digest.hexdigest()


@cache
def measured(cells: int, vesicles: int, threads: int, ticks: int, *, peers: bool = False, repeats: int = 2) -> dict:
    """Return the fastest of several runs, each in a process of its own; all must end alike."""
    command = [sys.executable, "-m", "benchmarks.crowd", *map(str, (cells, vesicles, threads, ticks))]
    command += ["3b"] if peers else []
    told = [
        json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout) for _ in range(repeats)
    ]
    best = min(told, key=lambda one: one["whole"])
    best["alike"] = len({one["print"] for one in told}) == 1
    return best


if __name__ == "__main__":
    numbers = [int(float(argument)) for argument in sys.argv[1:5]]
    print(json.dumps(run(*numbers, peers="3b" in sys.argv[5:])))
