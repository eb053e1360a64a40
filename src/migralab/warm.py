"""``python -m migralab.warm``: compile every kernel once, so that no later run has to wait.

A kernel is compiled for the types it is called with. The surest way to meet all types of real runs is a real run:
a dish of a few cells, made busy, goes from the catalogue to a measurement. What no run calls from Python is called
here by hand. Compiled code lands in the folder that `migralab.core.kernel` names.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from pkgutil import walk_packages
from typing import Any

import numpy as np

from migralab import physics
from migralab.core import random
from migralab.core.errors import BreakdownError
from migralab.core.kernel import KERNELS
from migralab.imaging import detect, signal

ENTRY = "migrasome-formation"
BUSY = (  # every event of a dish happens within three hours of a few cells
    "dish.cells=8", "dish.duration=3 h", "motility.walk.spreading=0 min", "motility.walk.start_rate=1 1/min",
    "biogenesis.nucleation.delay=0 min", "biogenesis.nucleation.waiting=10 min", "biogenesis.nucleation.tip_share=1",
    "biogenesis.breakage.half_age=30 min", "biogenesis.breakage.width=5 min",
)  # fmt: skip
CARRY = ("signals.cargo", "signals.release", "signals.mitochondria")
SENSE = ("recipients.receptors", "recipients.chemotaxis", "recipients.trails", "recipients.contact-guidance")
# Geometry, and mechanisms beside those of the entry: each numerical scheme and each kind of array once
SCENES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("open", ()),
    ("walls", (*CARRY, "signals.membrane-bound", "recipients.uptake", "signals.diffusing", *SENSE)),
    ("periodic", (*CARRY, "signals.matrix-bound")),
    ("cavity", (*CARRY, "signals.diffusing")),
)
USER = {"key": "migralab", "locator": "so that uptake is computed too", "tag": "E"}
RULES = {"warm": {"text": "contact with cell raises migration speed 2-fold, half-max 1, Hill 2", "source": USER}}
SINKS = {"clearance": {"value": "10 um^3/s", "source": USER}}

MEMBRANES = "membranes"  # the argument of the process that compiles those alone
INDENT = " " * 6

Report = Callable[[str], None]


def warm(report: Report) -> int:
    """Compile what is not compiled yet, and return how many kernels that were.

    Parameters
    ----------
    report
        Is told one line for each kernel that is compiled, and one for each step.
    """
    start = time.monotonic()
    # Numba compiles on one core; the kernels of the membrane, which no dish calls, take the other one
    beside = subprocess.Popen([sys.executable, "-m", "migralab.warm", MEMBRANES], stdout=subprocess.PIPE, text=True)
    _import_kernels()
    with _told(report) as compiled:
        steps: list[tuple[str, Callable[[], None]]] = [
            (f"a small dish, {kind}", partial(_run_dish, kind, names)) for kind, names in SCENES
        ]
        for name, step in (
            *steps,
            ("a micrograph", _measure_micrograph),
            ("a gradient", _spin_gradient),
            ("scalar laws", _call_scalars),
        ):
            before = time.monotonic()
            step()
            report(f"{name}: {time.monotonic() - before:.1f} s")
    compiled += _told_beside(beside, report)
    report(f"{len(KERNELS)} kernels stand, {len(compiled)} compiled just now, {time.monotonic() - start:.1f} s")
    return len(compiled)


def _told_beside(process: subprocess.Popen[str], report: Report) -> list[str]:
    """Wait for the process that warms the membrane, report what it said, and return the kernels that it compiled."""
    said, _ = process.communicate()
    if process.returncode:
        raise BreakdownError(f"The kernels of the membrane could not be compiled (exit {process.returncode}).")
    lines = [line.removeprefix(INDENT) for line in said.splitlines()]
    for line in lines:
        report(line)
    return [line.split(":")[0].strip() for line in lines if line.startswith("  ")]


def _import_kernels() -> None:
    """Import every module with kernels: that registers them."""
    for room in (physics, signal, detect):
        for module in walk_packages(room.__path__, f"{room.__name__}."):
            import_module(module.name)


def _warm_membranes(report: Report) -> None:
    start = time.monotonic()
    _import_kernels()
    with _told(report):
        _shape_membranes()
    report(f"membranes, beside the dishes: {time.monotonic() - start:.1f} s")


@contextmanager
def _told(report: Report) -> Iterator[list[str]]:
    """Report each kernel when its compilation ends; what it calls comes before it."""
    from numba.core import event

    names = {id(kernel): name for name, kernel in KERNELS.items()}
    compiled: list[str] = []
    began: dict[str, float] = {}

    class Listener(event.Listener):
        def on_start(self, found: Any) -> None:
            began[names.get(id(found.data["dispatcher"]), "")] = time.monotonic()

        def on_end(self, found: Any) -> None:
            name = names.get(id(found.data["dispatcher"]), "")
            if name:
                compiled.append(name)
                report(f"  {name}: {time.monotonic() - began[name]:.1f} s")

    with event.install_listener("numba:compile", Listener()):
        yield compiled


def _run_dish(kind: str, beside: tuple[str, ...]) -> None:
    from migralab.catalog.catalog import load
    from migralab.simulation.compile import compile_experiment
    from migralab.simulation.observe import observe
    from migralab.simulation.simulate import simulate
    from migralab.spec.change import apply_setting

    experiment = load(ENTRY).experiment
    for setting in BUSY:
        experiment = apply_setting(experiment, setting)
    whole = experiment.model_dump(by_alias=True)
    whole["dish"]["geometry"] = {"kind": kind}
    for name in beside:
        whole["mechanisms"][name] = SINKS if name in ("signals.diffusing", "signals.matrix-bound") else {}
    if beside:
        whole["mechanisms"]["phenotype.neighbours@producers"] = {}
        whole["rules"] = RULES
    experiment = type(experiment).model_validate(whole)
    observe(simulate(compile_experiment(experiment), 1))


def _measure_micrograph() -> None:
    from migralab.imaging.analyse import analyse_micrograph
    from migralab.imaging.reading import Micrograph
    from migralab.microscope.bench import bench_image

    planes = bench_image(seed=1, photons=15.0, size_px=256).pixels.astype(np.float32)
    image = Micrograph(
        pixels=planes, pixel_size_um=0.1, frame_interval_min=None, channels=("WGA",), source="drawn",
        masked=np.zeros(planes.shape[2:], bool), grey_step=1.0,
    )  # fmt: skip
    analyse_micrograph(image)


def _shape_membranes() -> None:
    from migralab.membrane.dynamics.course import simulate_swelling
    from migralab.membrane.dynamics.model import FibreModel, Protocol, Settings, Stretch
    from migralab.membrane.junction import Junction, solve_junction
    from migralab.membrane.phase import Axis, phase_diagram
    from migralab.membrane.problem import Domain, Fibre

    fibre, domain = Fibre(), Domain(area=1.0, stiffness_ratio=5.0)
    axes = Axis("stiffness_ratio", (4.0, 5.0)), Axis("area", (0.9, 1.0))
    phase_diagram(fibre, domain, x=axes[0], y=axes[1], segments=(8, 12))
    model = FibreModel(stretch=Stretch(half_length=1.0, to_cell=2.0, segments=40))
    simulate_swelling(model, Protocol.jump(4.0, 1e-3), Settings(most_steps=20))
    junction = Junction(arm_length=0.25)
    solve_junction(junction, junction.resting_tension, around=6)


def _spin_gradient() -> None:
    from migralab.isolation.bench.isolate import isolate
    from migralab.isolation.bench.mixture import shipped_mixture
    from migralab.isolation.bench.population import draw_population
    from migralab.isolation.bench.protocol import shipped_protocol

    isolate(draw_population(shipped_mixture("culture"), 70, seed=1), shipped_protocol("culture"), seed=1)


def _call_scalars() -> None:
    from migralab.physics import attachments, breakage, motility, neighbours
    from migralab.physics.signals import cargo

    stream, key = np.uint64(1), np.uint64(2)
    random.philox(*[key] * 6)
    random.uniform_pair(stream, key, 0, 0)
    random.normal_pair(stream, key, 0, 0)
    random.exponential(stream, key, 0, 0)
    random.child_key(key, stream, 0)
    cargo.normal_quantile(0.3)
    cargo.poisson_quantile(1.0, 0.3)
    breakage.break_age(1.0, 1.0, 1.0, 1.0, 1.0)
    attachments.slope_spread(0.1, 0.1, 0.0)
    motility.moving_time(True, 1.0, 0, (1.0, 1.0), 1.0, stream, key)  # noqa: FBT003  # a kernel has no keywords
    place, flow = np.array([[0.0, 0.0], [1.0, 0.0]]), np.zeros((2, 2))  # a dish of fast cells pushes without a list
    neighbours.push_apart(place, np.zeros(2, np.int32), np.ones(2, bool), flow, np.ones(2), 1e-3)


def main() -> None:
    """Compile and say so, line by line."""

    def say(line: str) -> None:
        sys.stdout.write(f"{INDENT}{line}\n")
        sys.stdout.flush()

    if sys.argv[1:] == [MEMBRANES]:
        _warm_membranes(say)
    else:
        warm(say)


if __name__ == "__main__":
    main()
