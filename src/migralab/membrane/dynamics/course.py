"""A stretch of retraction fibre over time: it swells, tetraspanin arrives, the swelling stays or collapses."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from migralab.membrane.dynamics.model import FibreModel, Protocol, Settings
from migralab.membrane.dynamics.run import Run, contents
from migralab.membrane.dynamics.stages import Profile, Stage, crowds_end, measure, overhangs, stages
from migralab.membrane.status import Status
from migralab.physics.membrane.flow import AX, LA, LU, PSI, RAD
from migralab.physics.membrane.flow_step import State

Floats = NDArray[np.float64]
Progress = Callable[[float, str], None]
FAST = 1e-6  # s
STUCK = (
    "Use more segments or a gentler jump; packed tetraspanin that keeps its curvature may form domains below any mesh."
)
OUTGROWN = "Give a longer half_length and as many more segments; under pressure a swelling may grow without end."
CROWDED = "Let it run longer, as early pearls move away from that end; or give a longer half_length and more segments."
COLUMNS = (
    "time", "radius", "fibre_radius", "volume", "area", "occupancy", "fibre_occupancy", "swellings", "pressure",
    "membrane_tension", "cell_tension", "cell_pressure", "cell_occupancy", "energy", "total_volume", "total_area",
    "total_tetraspanin", "volume_residual", "area_residual", "tetraspanin_residual", "leaked",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Trajectory:
    """A run; arrays of one value per kept instant, (m,), unless said otherwise.

    Parameters
    ----------
    status, instruction
        Whether the run reached its end, and what to do if not.
    time
        s.
    radius, fibre_radius
        Widest radius and that of the fibre beside it, um.
    volume, area
        Of the widest swelling, both halves, um3 and um2.
    occupancy, fibre_occupancy
        Share of tetraspanin in the swelling's membrane and in the fibre's.
    swellings
        Number of swellings between the mirror plane and the far end.
    pressure, membrane_tension
        Inside the swelling over the medium, Pa; tension at the widest place, pN/um.
    cell_tension, cell_pressure, cell_occupancy
        What the protocol imposed.
    energy
        Free energy of the stretch and of its surroundings at the present protocol, pN um (eq-grand-potential).
    total_volume, total_area, total_tetraspanin
        Of the half profile that is resolved, um3, um2, um2.
    volume_residual, area_residual, tetraspanin_residual
        Present minus first amount minus what came in, relative to the present amount.
    leaked
        Water that went out through the membrane so far, um3 (half profile).
    crowded
        Whether something twice as wide as the fibre lay within five of its radii of the far end, where the resolved
        stretch meets a fibre that cannot swell: the shape depends on that border then.
    profiles
        The kept shapes.
    stages
        Events in order.
    steps, refused, uphill
        Accepted steps, refused ones, and those among the refused that would have raised the energy.
    """

    status: Status
    instruction: str
    time: Floats
    radius: Floats
    fibre_radius: Floats
    volume: Floats
    area: Floats
    occupancy: Floats
    fibre_occupancy: Floats
    swellings: Floats
    pressure: Floats
    membrane_tension: Floats
    cell_tension: Floats
    cell_pressure: Floats
    cell_occupancy: Floats
    energy: Floats
    total_volume: Floats
    total_area: Floats
    total_tetraspanin: Floats
    volume_residual: Floats
    area_residual: Floats
    tetraspanin_residual: Floats
    leaked: Floats
    crowded: NDArray[np.bool_]
    profiles: tuple[Profile, ...]
    stages: tuple[Stage, ...]
    steps: int
    refused: int
    uphill: int
    final: State

    @property
    def enrichment(self) -> Floats:
        """Occupancy of the swelling over that of the fibre; nan without tetraspanin."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(self.fibre_occupancy > 0.0, self.occupancy / self.fibre_occupancy, np.nan)


def simulate_swelling(
    model: FibreModel, protocol: Protocol, settings: Settings | None = None, *, start: State | None = None,
    progress: Progress | None = None,
) -> Trajectory:  # fmt: skip
    """Follow a stretch of fibre through a protocol.

    Parameters
    ----------
    model, protocol, settings
        What is simulated, what the cell does to it, how it is computed.
    start
        A `Trajectory.final` to go on from, on the same mesh; None: the resting fibre with a small bump.
    progress
        Called with the share of simulated time and a line of text.

    Raises
    ------
    RequestError
        The request has no resting fibre, or the mesh is too coarse for it.
    """
    settings = settings or Settings()
    run = Run(model, protocol, settings, start)
    book = _Book(run)
    book.keep(0.0)
    book.picture(0.0)
    status, instruction = _advance(run, book, progress)
    table = np.array(book.rows)
    columns: dict[str, Any] = dict(zip(COLUMNS, table.T, strict=True))
    return Trajectory(
        status=status, instruction=instruction, profiles=tuple(book.profiles), stages=stages(table), steps=run.steps,
        refused=run.refused, uphill=run.uphill, final=run.now, crowded=np.array(book.crowded), **columns,
    )  # fmt: skip


def _advance(run: Run, book: _Book, progress: Progress | None) -> tuple[Status, str]:
    """Take steps until the end of the protocol; return how it ended and what to do if too early."""
    settings, end = run.settings, run.protocol.times[-1]
    say = progress or (lambda _share, _text: None)
    marks = iter(sorted({mark for mark in run.protocol.times if mark > 0.0}))
    limit, time, dt, pictures = next(marks), 0.0, FAST, 1
    while time < end:
        dt = min(dt, settings.longest_step)
        target = limit if time + 1.01 * dt >= limit else time + dt
        took = target - time
        result = run.attempt(took, target)
        # A wrinkle of mesh size relaxes in nanoseconds: a step below a microsecond must lose energy, not resolve it
        if result is None or (result[1] > 3.0 * settings.tolerance and took > FAST):
            run.refused += 1
            dt = 0.4 * took
            if dt < settings.shortest_step:
                say(time / end, Status.not_converged.value)
                wide = run.now.y[:, RAD].max() > 0.5 * run.span  # a ball this wide has no room
                hint = OUTGROWN if wide else STUCK
                return (
                    Status.not_converged,
                    f"At {time:.4g} s no step above {settings.shortest_step:g} s was possible. {hint}",
                )
            continue
        run.accept(result[0], took)
        time = target
        book.keep(time)
        dt = took * min(1.8, max(0.3, 0.9 * math.sqrt(settings.tolerance / max(result[1], 1e-12))))
        if time >= limit:  # what comes next may be a jump
            run.before, dt = None, FAST
        # Pictures lie evenly in the root of time: things happen fast at first
        if time == limit or time >= end * (pictures / (settings.snapshots - 1)) ** 2:
            book.picture(time)
            pictures = 1 + math.floor((settings.snapshots - 1) * math.sqrt(time / end))
            say(time / end, f"{time:.3g} s, widest radius {book.rows[-1][1]:.3g} um")
        if time >= limit:
            limit = next(marks, end)
        if overhangs(run.now):
            say(time / end, Status.not_converged.value)
            return Status.not_converged, f"At {time:.4g} s the swelling outgrew its stretch. {OUTGROWN}"
        if run.steps >= settings.most_steps and time < end:
            say(time / end, Status.not_converged.value)
            left = f"At {time:.4g} s all {settings.most_steps} steps were used; raise most_steps or tolerance."
            return Status.not_converged, left
    say(1.0, Status.converged.value)
    if book.crowded[-1]:
        free = [row[0] for row, close in zip(book.rows, book.crowded, strict=True) if not close]
        return Status.not_converged, f"Since {free[-1]:.3g} s a swelling lies at the far end of its stretch. {CROWDED}"
    return Status.converged, ""


class _Book:
    """What is kept of a run."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.begun = contents(run.now, run.weights)
        self.rows: list[tuple[float, ...]] = []
        self.crowded: list[bool] = []
        self.profiles: list[Profile] = []

    def keep(self, time: float) -> None:
        """Keep the numbers of an instant, in the order of the columns of `Trajectory`."""
        run, y = self.run, self.run.now.y
        found = measure(run.now, run.weights)
        total = contents(run.now, run.weights)
        left = (run.leaked, 0.0, 0.0)
        residual = [(total[k] - self.begun[k] - run.entered[k] + left[k]) / max(abs(total[k]), 1e-12) for k in range(3)]
        at = min(found.node, len(y) - 2)
        self.crowded.append(run.model.stretch.to_cell > 0.0 and crowds_end(run.now))
        self.rows.append((
            time, found.radius, found.fibre_radius, found.volume, found.area, found.occupancy, found.fibre_occupancy,
            found.count, y[at, LU], -y[at, LA], *run.imposed(time), run.potential(run.now, run.around(time)),
            *total, *residual, run.leaked,
        ))  # fmt: skip

    def picture(self, time: float) -> None:
        """Keep a shape."""
        y = self.run.now.y
        self.profiles.append(
            Profile(time, y[:, AX].copy(), y[:, RAD].copy(), y[:, PSI].copy(), self.run.now.phi.copy())
        )
