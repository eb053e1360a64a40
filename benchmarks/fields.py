"""Fields: the exponential and the implicit solver, the split twin, and BioFVM where it is named.

``MIGRALAB_BIOFVM`` may name an executable that runs BioFVM (not part of this project) on the set-up of `GAUSSIAN`:
one substrate, 1e6 voxels of 20 um (1000^2 or 100^3) around the origin, D = 1e5 um2/min, decay 0.1/min, no-flux walls,
a Gaussian of 50 um at the start. It is called as ``EXECUTABLE AXES THREADS STEP_MIN`` and prints one line of JSON
with ``name``, ``version``, ``seconds_a_step`` (without setting up) and ``error`` (relative L2 at 0.1 min).
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from benchmarks.timing import Table, threads
from migralab.physics.field.exponential import ExponentialSolver
from migralab.physics.field.grid import NO_FLUX, Grid
from migralab.physics.field.implicit import ImplicitSolver
from migralab.physics.field.points import MOVING, RESTING, as_box, box_of, deposit, deposit_array
from migralab.physics.field.split import split_step

OTHER_CODE = "MIGRALAB_BIOFVM"
MINUTE = 60.0
D, DECAY, SPACING, SIGMA = 1e5 / MINUTE, 0.1 / MINUTE, 20.0, 50.0
STEPS = (0.01, 0.1, 0.2, 0.5)  # min; 0.01 is the usual step of BioFVM
SHAPES = {"2D 1000^2": (1000, 1000), "3D 100^3": (100, 100, 100)}
IMPLICIT_SHAPES = {"2D 316^2": (316, 316), "3D 46^3": (46, 46, 46)}


def tables() -> list[Table]:
    return [*(_speed(name, shape) for name, shape in SHAPES.items()), _orders(moving=False), _orders(moving=True),
            _leaks(), _memory(), _implicit()]  # fmt: skip


def box(shape) -> Grid:
    n = len(shape)
    return Grid(
        shape=shape, spacing=(SPACING,) * n, walls=(NO_FLUX,) * n, origin=tuple(-m * SPACING / 2 for m in shape)
    )


def quickest(function, repeats: int = 5) -> float:
    """Return the shortest of a few calls, s; the first one is not counted."""
    function()
    spent = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        spent.append(time.perf_counter() - start)
    return min(spent)


# (a) a Gaussian that spreads


def gaussian(grid: Grid, t: float):
    spread = SIGMA**2 + 2 * D * t
    squares = sum(np.meshgrid(*(grid.centres(a) ** 2 for a in range(len(grid.shape))), indexing="ij", sparse=True))
    return (SIGMA**2 / spread) ** (len(grid.shape) / 2) * np.exp(-squares / (2 * spread) - DECAY * t)


def _speed(name: str, shape) -> Table:
    grid, rows = box(shape), []
    start, exact = gaussian(grid, 0.0), gaussian(grid, 0.1 * MINUTE)

    def off(u) -> str:
        return f"{np.linalg.norm(u - exact) / np.linalg.norm(exact):.1e}"

    peer = {c: _ask_peer(len(shape), c) for c in (1, 2)} if os.environ.get(OTHER_CODE) else {}
    base = {c: told["seconds_a_step"] / STEPS[0] for c, told in peer.items()}
    for step in STEPS:
        times = {}
        for count in (1, 2):
            with threads(count):
                solver = ExponentialSolver(grid, D, DECAY, workers=count)
                field = solver.start(start)
                times[count] = quickest(lambda s=solver, f=field, h=step: s.advance(f, h * MINUTE)) / step
        found = "-"
        if step <= 0.1:
            field = solver.start(start)
            for _ in range(round(0.1 / step)):
                solver.advance(field, step * MINUTE)
            found = off(field.concentration)
        rows.append(["exponential", f"{step}", *_both(times), found, _ratio(base, times)])
    with threads(1):
        split = quickest(lambda: split_step(start, grid, D, DECAY, STEPS[0] * MINUTE), 3) / STEPS[0]
    u = start
    for _ in range(10):
        u = split_step(u, grid, D, DECAY, STEPS[0] * MINUTE)
    rows.append(["split twin (scipy)", f"{STEPS[0]}", f"{split:.2f} s", "-", off(u), _ratio(base, {1: split})])
    if peer:
        label, error = f"{peer[1]['name']} {peer[1]['version']}", f"{peer[1]['error']:.1e}"
        rows.append([label, f"{STEPS[0]}", *_both(base), error, "1x"])
    head = ("solver", "step, min", "1 thread, per min", "2 threads", "rel. L2 at 0.1 min", "peer's time / ours, 1T, 2T")
    note = (
        "Seconds per simulated minute, one substance, no sources. The split scheme is timed at its usual step: "
        "its error grows with the step."
    )
    return Table(title=f"Field, {name}: time and error", head=head, rows=rows, note=note)


def _ask_peer(axes: int, count: int) -> dict:
    command = [os.environ[OTHER_CODE], str(axes), str(count), str(STEPS[0])]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def _both(times: dict[int, float]) -> list[str]:
    return [f"{times[c]:.3g} s" for c in (1, 2)]


def _ratio(base: dict[int, float], ours: dict[int, float]) -> str:
    return ", ".join(f"{base[c] / t:.{0 if base[c] > 9 * t else 1}f}x" for c, t in ours.items()) if base else "-"


# (b) point sources and sinks of a voxel


class Scene:
    """200 point sources and 2,000 sinks on 200^2 voxels, at rest in voxels or gliding as clouds."""

    end, halvings = 0.8 * MINUTE, 7

    def __init__(self, *, moving: bool) -> None:
        rng = np.random.Generator(np.random.Philox(7))
        self.grid, self.moving = box((200, 200)), moving
        lower, size = np.array(self.grid.origin), 200 * SPACING
        # sources and sinks keep away from the walls, so that no glide is cut short there
        self.at = [lower + size * rng.uniform(0.05, 0.95, (n, 2)) for n in (200, 2000)]
        self.to = [p + moving * rng.uniform(-60, 60, p.shape) for p in self.at]  # um within the whole run
        voxel = self.grid.voxel_volume
        self.amount = [np.full(200, 1.0 * voxel), np.full(2000, 2 / MINUTE * voxel)]  # molecules/s, um3/s
        if not moving:  # in the middle of their voxels
            self.at = self.to = [lower + (np.floor((p - lower) / SPACING) + 0.5) * SPACING for p in self.at]

    def at_time(self, what: int, t: float):
        share = t / self.end
        points, field = (1 - share) * self.at[what] + share * self.to[what], np.zeros(self.grid.shape)
        kind = MOVING if self.moving else RESTING
        deposit_array(tuple(points.T), self.amount[what], field, self.grid, kind)
        return field

    def run(self, way: str, steps: int):
        grid, dt = self.grid, self.end / steps
        u, redone = np.zeros(grid.shape), 0
        exponential, implicit = ExponentialSolver(grid, D, DECAY), ImplicitSolver(grid, D, DECAY)
        field = exponential.start(u)
        sources, sinks = ([self.at_time(what, n * dt) for n in range(steps + 1)] for what in (0, 1))
        for source, sink in zip(itertools.pairwise(sources), itertools.pairwise(sinks), strict=True):
            if way == "split":
                u = split_step(u, grid, D, DECAY, dt, source=source[1], uptake=sink[1])
            elif way == "sdirk2":
                u, *_, again = implicit.advance(u, dt, source=source, uptake=sink)
                redone += again
            else:

                def reaction(stage, concentration, rate, sink=sink):
                    rate -= sink[stage] * concentration

                exponential.advance(field, dt, source=source, reaction=reaction, scheme=way)
                u = field.concentration
        return u, redone


def _orders(*, moving: bool) -> Table:
    scene = Scene(moving=moving)
    reference, _ = scene.run("rk2", 4 * 2**scene.halvings)
    rows = []
    for way, name in {"rk2": "ETD-RK2", "ab2": "ETD-AB2", "sdirk2": "implicit, SDIRK2", "split": "split twin"}.items():
        found = [scene.run(way, steps) for steps in (4, 8, 16, 32)]
        errors = [np.linalg.norm(u - reference) / np.linalg.norm(reference) for u, _ in found]
        orders = np.log2(np.divide(errors[:-1], errors[1:]))
        lowest = min(u.min() / u.max() for u, _ in found)
        redone = "/".join(str(again) for _, again in found)
        rows.append([name, *(f"{e:.1e}" for e in errors), ", ".join(f"{o:.2f}" for o in orders), f"{lowest:.0e}",
                     redone if way == "sdirk2" else "-"])  # fmt: skip
    head = ("scheme", *(f"dt {0.8 / n:g} min" for n in (4, 8, 16, 32)), "order", "lowest / highest", "steps redone")
    finest = scene.end / 4 / 2**scene.halvings
    note = f"Relative L2 at 0.8 min against ETD-RK2 with dt = {finest:.2g} s. D = 1e5 um2/min, dx = 20 um."
    title = f"Field, 200^2, 200 sources and 2,000 sinks of 2/min that {'move 2 voxels' if moving else 'rest'}"
    return Table(title=title, head=head, rows=rows, note=note)


# (c) leaking migrasomes


def _leaks() -> Table:
    rows, count = [], 100_000
    rng = np.random.Generator(np.random.Philox(9))
    for name, shape in SHAPES.items():
        grid = box(shape)
        points = [rng.uniform(low, high, count) for low, high in zip(grid.origin, grid.upper, strict=True)]
        if len(shape) == 2:
            points = [np.zeros(count), *points]
        voxel = np.ravel_multi_index(
            [np.floor((p - o) / SPACING).astype(int) for p, o in zip(points[-len(shape) :], grid.origin, strict=True)],
            shape,
        )
        sorts = {"random rows": np.arange(count), "rows in voxel order": np.argsort(voxel, kind="stable")}
        for threads_used in (1, 2):
            with threads(threads_used):
                solver = ExponentialSolver(grid, D, DECAY, workers=threads_used)
                field, source = solver.start(np.zeros(shape)), np.zeros(shape)
                alone = quickest(lambda s=solver, f=field: s.advance(f, 0.1 * MINUTE), 25)
                times = []
                for order in sorts.values():
                    here, amount = tuple(p[order] for p in points), np.ones(count)

                    def step(here=here, amount=amount, solver=solver, field=field, source=source, grid=grid):
                        source[...] = 0.0
                        deposit(here, amount, as_box(source), box_of(grid), 1 / grid.voxel_volume, RESTING)
                        solver.advance(field, 0.1 * MINUTE, source=source, spend=True)

                    times.append(quickest(step, 25))
            rows.append([name, f"{threads_used}", f"{alone * 1e3:.1f} ms",
                         *(f"{t * 1e3:.1f} ms (+{(t - alone) * 1e3:.1f})" for t in times)])  # fmt: skip
    head = ("grid", "threads", "step without", *(f"with, {order}" for order in sorts))
    note = "A step with a source needs one transform more, of the source; the rest of the difference is the scatter."
    return Table(title="Field, 1e6 voxels: what 1e5 leaking migrasomes add to a step", head=head, rows=rows, note=note)


# (d) memory, each measured in a process of its own


def _memory() -> Table:
    rows = []
    if not Path("/proc/self/clear_refs").exists():
        return Table(title="Field: bytes per voxel and species", head=("only on Linux",), rows=[])
    for name, shape in SHAPES.items():
        for way in ("exponential", "exponential, sources and sinks", "split twin"):
            told = _apart("hold", json.dumps(shape), way)
            rows.append([way, name, f"{told / np.prod(shape):.0f}"])
    for name, shape in IMPLICIT_SHAPES.items():
        told = _apart("hold", json.dumps(shape), "implicit")
        rows.append(["implicit", name, f"{told / np.prod(shape):.0f}"])
    note = "Highest resident memory in two steps, less that of the process before (32 voxels done). Arrays given count."
    return Table(title="Field: bytes per voxel and species", head=("solver", "grid", "bytes"), rows=rows, note=note)


def _apart(*arguments: str) -> float:
    """Run a function of this module in another process and return the number it prints."""
    command = [sys.executable, "-m", "benchmarks.fields", *arguments]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def hold(shape: str, way: str) -> float:
    """Return by how many bytes the memory grows at its highest when a field of this shape takes two steps."""
    real = tuple(json.loads(shape))
    _two_steps((4, 8) if len(real) == 2 else (4, 4, 2), way)  # loads libraries and compiled code
    before = _memory_now("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # Linux: the highest is counted anew from here
    _two_steps(real, way)
    return _memory_now("VmHWM") - before


def _memory_now(kind: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(1024.0 * int(line.split()[1]) for line in lines if line.startswith(kind))


def _two_steps(shape, way: str) -> None:
    grid, u = box(shape), np.zeros(shape)
    if way == "split twin":
        for _ in range(2):
            u = split_step(u, grid, D, DECAY, 1.0)
        return
    if way == "implicit":
        implicit, source, uptake = ImplicitSolver(grid, D, DECAY), np.ones(shape), np.full(shape, 0.01)
        for _ in range(2):
            u = implicit.advance(u, 6.0, source=source, uptake=uptake).concentration
        return
    solver, given = ExponentialSolver(grid, D, DECAY), {}
    field = solver.start(u)
    del u
    if way != "exponential":
        sink = np.full(shape, 0.01)

        def reaction(_, concentration, rate):
            rate -= sink * concentration

        given = {"source": np.ones(shape), "reaction": reaction}
    for _ in range(2):
        solver.advance(field, 6.0, **given)


# (e) the implicit solver


def _implicit() -> Table:
    rows = []
    rng = np.random.Generator(np.random.Philox(5))
    for name, shape in IMPLICIT_SHAPES.items():
        grid = box(shape)
        for what, blocked in {"free": np.zeros(shape, bool), "a fifth obstacles": rng.random(shape) < 0.2}.items():
            start = time.perf_counter()
            solver = ImplicitSolver(grid, D, DECAY, blocked)
            set_up = time.perf_counter() - start
            source, uptake = ((rng.random(shape) < p) * ~blocked * 1.0 for p in (0.002, 0.02))
            for step in STEPS:
                times = {}
                for count in (1, 2):
                    with threads(count):
                        state = {"u": np.zeros(shape)}

                        def advance(solver=solver, state=state, step=step, source=source, uptake=uptake):
                            told = solver.advance(
                                state["u"], step * MINUTE, source=source, uptake=(uptake * 2 / MINUTE, uptake / MINUTE)
                            )
                            state["u"] = told.concentration

                        times[count] = quickest(advance)
                rows.append([name, what, f"{step}", *(f"{times[c] * 1e3:.0f} ms" for c in (1, 2)),
                             f"{times[2] / step:.2f} s", f"{set_up * 1e3:.0f} ms"])  # fmt: skip
    head = ("grid", "box", "step, min", "a step, 1 thread", "2 threads", "per min, 2 threads", "set-up")
    note = "Sinks in 2 % of the voxels that change within each step, so no matrix could be kept. Residual 1e-10."
    return Table(title="Field, implicit finite volumes, 1e5 voxels", head=head, rows=rows, note=note)


if __name__ == "__main__":
    print({"hold": hold}[sys.argv[1]](*sys.argv[2:]))
