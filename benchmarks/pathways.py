"""Pathways: cells a second, mild and stiff, beside libRoadRunner (CVODE) with one instance and swapped state.

Both integrate the same Antimony text from the same states with the same inputs, and start anew at each exchange, as a
cell must whose surroundings have changed. Errors are against scipy's DOP853 or Radau at 1e-12 on the same intervals.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy.integrate import solve_ivp

from benchmarks.timing import Table, threads
from migralab.pathways.generate.compiled import Compiled, Settings, build
from migralab.pathways.generate.store import load
from migralab.pathways.network import Network
from migralab.pathways.reader import read_model

CELLS = 10_000
MINUTES = 60
PEER_CELLS, PEER_MINUTES, PEER_REPEATS = 100, 10, 3
CHECKED = 12  # cells whose error is measured
REPEATS = 5

# A receptor binds its ligand, goes inside and comes back; bound receptor activates a kinase, which phosphorylates a
# target by a Hill law. Time in minutes; rates of the order of those of surface receptors.
MILD = """
model receptor_kinase()
  species R, C, I, K, P;
  R = 1; C = 0; I = 0; K = 0; P = 0;
  L = 1; on = 0.1; off = 0.05; inside = 0.03; back = 0.02;
  activate = 0.8; rest = 0.3; half = 0.4; phosphorylate = 0.5; dephosphorylate = 0.2;
  bind: R -> C; on*L*R - off*C;
  internalise: C -> I; inside*C;
  recycle: I -> R; back*I;
  kinase: -> K; activate*C*(1 - K) - rest*K;
  target: -> P; phosphorylate*K^2/(half^2 + K^2) - dephosphorylate*P;
end
"""

# A cycle of five forms after Robertson: slow activation, fast autocatalysis and binding; 1e-3 to 1e3 a second. The
# input drives the slowest step. Time in seconds.
STIFF = """
model cycle()
  species A, B, C, D, E;
  A = 1; B = 0; C = 0; D = 0; E = 0;
  L = 1; slow = 0.001; fast = 1000; join = 100; leave = 1; turn = 10; give = 0.1; back = 0.01;
  activate: A -> B; slow*L*A;
  convert: B -> C; fast*B^2;
  rebind: B -> A; join*B*C;
  pass: C -> D; leave*C - turn*D;
  release: D -> E; give*D;
  recover: E -> A; back*E;
end
"""


@dataclass(frozen=True, slots=True)
class Problem:
    """A model and how it is exchanged with; `interval` in its own time."""

    name: str
    text: str
    interval: float
    atol: float  # as a share of rtol: levels are of order 1 (mild), down to 1e-3 (stiff)
    method: str
    reference: str

    def network(self) -> Network:
        """Return the model, with its ligand as an input."""
        return load(self.text, self.name, read_model).with_inputs(["L"])

    def inputs(self, cells: int, minutes: int) -> np.ndarray:
        """Return what every cell sees in every minute, (minutes, cells); it differs, and drifts."""
        level = np.random.default_rng(5).uniform(0.2, 3.0, CELLS)[:cells]
        return level * (1.0 + 0.3 * np.sin(2 * np.pi * np.arange(minutes) / 40.0))[:, None]


PROBLEMS = (
    Problem("mild", MILD, 1.0, 1e-3, "explicit", "DOP853"),
    Problem("stiff", STIFF, 60.0, 1e-5, "stiff", "Radau"),
)


def tables() -> Iterator[Table]:
    yield from map(_speed, PROBLEMS)
    yield _first_use()


@dataclass(slots=True)
class Spent:
    """The shortest times of several, s."""

    wall: float = np.inf
    cpu: float = np.inf

    def least(self, taken: tuple[float, float], scale: float = 1.0) -> None:
        self.wall, self.cpu = min(self.wall, taken[0] * scale), min(self.cpu, taken[1] * scale)


Taken = tuple[tuple[float, float], np.ndarray]


def clocks() -> np.ndarray:
    return np.array([time.perf_counter(), time.process_time()])


def run_ours(made: Compiled, problem: Problem, cells: int, minutes: int, rtol: float) -> Taken:
    """Return seconds for all of it (wall, CPU), and the states at the end."""
    inputs = problem.inputs(cells, minutes)
    settings = Settings(rtol=rtol, atol=rtol * problem.atol)
    y, h = made.start(made.constants, inputs[:1]), np.zeros(cells)
    begin = clocks()
    for minute in range(minutes):
        now = minute * problem.interval
        if made.advance(y, inputs[minute : minute + 1], made.constants, now, problem.interval, h, settings).any():
            raise RuntimeError(f"a cell of {problem.name} failed")
    return tuple(clocks() - begin), y


def make_peer(problem: Problem) -> Callable[[int, int, float], Taken] | None:
    """Return a function that does the same with libRoadRunner, or None where it is not installed."""
    try:
        import roadrunner
    except ImportError:
        return None
    import antimony

    antimony.clearPreviousLoads()
    antimony.loadAntimonyString(problem.text)
    peer = roadrunner.RoadRunner(antimony.getSBMLString(antimony.getMainModuleName()))
    model = peer.getModel()
    place = [list(model.getGlobalParameterIds()).index("L")]
    start = np.array(model.getFloatingSpeciesConcentrations())

    def run(cells: int, minutes: int, rtol: float) -> tuple[float, np.ndarray]:
        peer.getIntegrator().setValue("relative_tolerance", rtol)
        peer.getIntegrator().setValue("absolute_tolerance", rtol * problem.atol)
        inputs, states = problem.inputs(cells, minutes), np.tile(start, (cells, 1))
        begin = clocks()
        for minute in range(minutes):
            for cell in range(cells):
                model.setFloatingSpeciesConcentrations(states[cell])
                model.setGlobalParameterValues(place, [inputs[minute, cell]])
                peer.oneStep(minute * problem.interval, problem.interval, True)  # noqa: FBT003  # takes no keywords
                states[cell] = model.getFloatingSpeciesConcentrations()
        return tuple(clocks() - begin), states.T

    return run


def reference(problem: Problem, cells: int, minutes: int) -> np.ndarray:
    """Return the states at the end at 1e-12, from the uncompiled right-hand side."""
    made = build(problem.network(), method="explicit", plain=True)
    functions, inputs = made._functions, problem.inputs(cells, minutes)  # of which only the right-hand side is used
    c, scratch = functions["prepare"](made.constants), np.zeros(8)
    ends = made.start(made.constants, inputs[:1])
    for cell in range(cells):
        y = ends[:, cell]
        for minute in range(minutes):
            u = inputs[minute, cell : cell + 1]

            def rates(t: float, state: np.ndarray, u: np.ndarray = u) -> np.ndarray:
                out = np.empty_like(state)
                functions["rates"](np.array([t]), state, u, c, scratch, out)
                return out

            y = solve_ivp(rates, (0.0, problem.interval), y, problem.reference, rtol=1e-12, atol=1e-16).y[:, -1]
        ends[:, cell] = y
    return ends


def _error(found: np.ndarray, exact: np.ndarray) -> float:
    """Return the largest error relative to the largest level of the same species."""
    return float(np.max(np.abs(found[:, : exact.shape[1]] - exact) / np.abs(exact).max(axis=1, keepdims=True)))


def _speed(problem: Problem) -> Table:
    network = problem.network()
    made, peer = build(network, method=problem.method), make_peer(problem)
    exact = reference(problem, CHECKED, PEER_MINUTES)
    scale = CELLS * MINUTES / (PEER_CELLS * PEER_MINUTES)
    rows = []
    for rtol in (1e-4, 1e-6, 1e-8):
        best = {1: Spent(), 2: Spent()}
        theirs = Spent()
        for repeat in range(REPEATS):  # in turn, so that a busy machine is busy for both
            for count, spent in best.items():
                with threads(count):
                    spent.least(run_ours(made, problem, CELLS, MINUTES, rtol)[0])
            if peer and repeat < PEER_REPEATS:
                theirs.least(peer(PEER_CELLS, PEER_MINUTES, rtol)[0], scale)
        errors = [_error(run_ours(made, problem, CHECKED, PEER_MINUTES, rtol)[1], exact)]
        errors += [_error(peer(CHECKED, PEER_MINUTES, rtol)[1], exact)] if peer else []
        rows.append([f"{rtol:.0e}", f"{best[1].wall:.3f}", f"{best[2].wall:.3f}", f"{best[1].cpu:.3f}",
                     f"{errors[0]:.1e}", f"{theirs.wall:.1f}", f"{theirs.cpu:.1f}", f"{errors[-1]:.1e}",
                     f"{theirs.wall / best[1].wall:.0f}x", f"{theirs.wall / best[2].wall:.0f}x",
                     f"{theirs.cpu / best[1].cpu:.0f}x"])  # fmt: skip
    if peer is None:
        rows = [[*row[:5], "not installed", *[""] * 5] for row in rows]
    chosen = build(network, plain=True, interval=problem.interval, inputs={"L": 1.0}).reason
    return Table(
        title=f"Pathway, {problem.name}: {CELLS:,} cells of 5 species, an exchange every minute, s per simulated hour",
        head=("rtol", "1 thread", "2 threads", "CPU, 1 thread", "error", "libRoadRunner", "its CPU", "its error",
              "faster by, 1 thread", "2 threads", "in CPU time"),
        rows=rows,
        note=f"{made.method}; left to itself: {chosen}.\nlibRoadRunner: {PEER_CELLS} cells for {PEER_MINUTES} min, "
        "scaled. Errors: of the state after 10 minutes, largest over species and cells, relative to the species. "
        "CPU time is what is left to compare where other programs are at work.",
    )  # fmt: skip


FIRST_USE = """
import json, sys, time
begin = time.perf_counter()
import numpy as np
from migralab.pathways.generate.compiled import Settings, build
from migralab.pathways.generate.store import load
from migralab.core import random
random.draw_uniform_pairs(random.stream_key("any"), np.arange(9, dtype=np.uint64), 0, 0)  # numba is awake, as in a run
imported, busy = time.perf_counter(), time.process_time()
def read(text, name):
    from migralab.pathways.reader import read_model
    return read_model(text, name)
network = load(sys.argv[1], "bench", read)
known = time.perf_counter()
made = build(network, method=sys.argv[2])
y = made.start(made.constants, np.zeros((0, 100)))
made.advance(y, np.zeros((0, 100)), made.constants, 0.0, 1.0, np.zeros(100), Settings())
end = time.perf_counter()
print(json.dumps([imported - begin, known - imported, end - known, time.process_time() - busy]))
"""


def _first_use() -> Table:
    rows = []
    for problem in PROBLEMS:
        for _ in range(2):
            with tempfile.TemporaryDirectory() as folder:
                for which in ("first", "later"):
                    answer = subprocess.run(
                        [sys.executable, "-c", FIRST_USE, problem.text, "auto"],
                        env=os.environ | {"MIGRALAB_CACHE": folder}, capture_output=True, text=True, check=True,
                    )  # fmt: skip
                    times = json.loads(answer.stdout)
                    rows.append([f"{problem.name}, {which} use", *(f"{own:.2f}" for own in times[:3]),
                                 f"{times[1] + times[2]:.2f}", f"{times[3]:.2f}"])  # fmt: skip
    return Table(
        title="A pathway of 5 species in a new process, s",
        head=("", "imports and any kernel", "text to network", "network to first result", "both", "CPU of both"),
        rows=rows,
        note="First use: nothing in the cache folder; numba is awake, as it is in a run. "
        "The trial that chooses the integrator is part of it.",
    )
