"""Time courses of one cell: what a person plots from a model, and what the tests compare with other programs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from migralab.core.errors import BreakdownError, UnknownIdError
from migralab.pathways.generate.compiled import Compiled, Kind, Method, Settings, build
from migralab.pathways.network import Network

Floats = npt.NDArray[np.float64]

_FAILURES = {
    1: "it needs more than {most} steps; ask for less accuracy (rtol, atol), or try another method",
    2: "it is not finite any more: something is divided by zero, or grows without bound",
    3: "its events set each other off without end",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Solver:
    """How a course is computed.

    Parameters
    ----------
    rtol, atol
        Error of one step that is allowed, relative to a variable and in its own unit.
    method
        Integrator; ``auto`` chooses.
    plain
        Without compiling: at once, but slow.
    most_steps
        Between two times.
    """

    rtol: float = 1e-6
    atol: float = 1e-12
    method: Method = "auto"
    plain: bool = False
    most_steps: int = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """States of one cell at some times, of which every quantity of the model can be asked.

    Parameters
    ----------
    times
        (times,) in the model's own unit.
    states
        (times, rows) variables, and the memory of events behind them.
    constants, inputs
        (constants,) and (inputs,) values that it was computed with.
    """

    compiled: Compiled = field(repr=False)
    times: Floats
    states: Floats = field(repr=False)
    constants: Floats = field(repr=False)
    inputs: Floats = field(repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        """All quantities that can be shown."""
        return tuple(self.compiled.network.shown)

    @property
    def species(self) -> tuple[str, ...]:
        """Quantities that have an amount and a concentration."""
        return tuple(self.compiled.network.amounts)

    def __getitem__(self, name: str) -> Floats:
        """Return the (times,) values of a quantity, as its name is meant in formulas of the model."""
        return self.table([name])[:, 0]

    def amount(self, name: str) -> Floats:
        """Return the (times,) amount of a species."""
        return self.table([name], "amounts")[:, 0]

    def concentration(self, name: str) -> Floats:
        """Return the (times,) concentration of a species."""
        return self.table([name], "concentrations")[:, 0]

    def table(self, names: Sequence[str], kind: Kind = "shown") -> Floats:
        """Return quantities, (times, names).

        Raises
        ------
        UnknownIdError
            If the model has no such quantity.
        """
        known = getattr(self.compiled.network, kind)
        for name in names:
            if name not in known:
                raise UnknownIdError("quantity of the model", name, known)
        inputs = self.inputs[:, None]
        rows = [
            self.compiled.show(float(time), state[:, None], inputs, self.constants, names, kind)[:, 0]
            for time, state in zip(self.times, self.states, strict=True)
        ]
        return np.array(rows).reshape(len(self.times), len(names))


def absolute_tolerance(network: Network, constants: Floats, tolerance: float) -> float:
    """Return the error of one step that counts as none, in the model's own units.

    A millionth of the largest variable at the start, or of 1 if that is larger or nothing is there, times the relative
    tolerance. So a model in mol/l, whose numbers are 1e-9, is solved as exactly as the same in nM.

    Parameters
    ----------
    constants
        (constants,) in the order of the network.
    tolerance
        Relative error of one step.
    """
    inputs = np.zeros((len(network.inputs), 1))
    start = build(network, method="explicit", plain=True).start(constants, inputs)[: len(network.variables)]
    largest = float(np.max(np.abs(start[np.isfinite(start)]), initial=0.0))
    return 1e-6 * tolerance * (largest if 0.0 < largest < 1.0 else 1.0)


def simulate_course(
    network: Network,
    times: Sequence[float] | Floats,
    *,
    constants: Mapping[str, float] | None = None,
    inputs: Mapping[str, float] | None = None,
    solver: Solver | None = None,
) -> Course:
    """Return the course of one cell from time 0 on.

    Parameters
    ----------
    network
        Model.
    times
        (times,) when to look, ascending, from 0 on, in the model's own unit of time.
    constants
        Those that differ from the model's own.
    inputs
        All inputs of the network; they stay as they are.
    solver
        Accuracy and integrator.

    Raises
    ------
    UnknownIdError
        If a constant or an input is none of the model's.
    BreakdownError
        If it cannot be followed to the end.
    """
    wanted = np.asarray(times, float)
    if wanted.ndim != 1 or not np.all(np.isfinite(wanted)) or np.any(np.diff(wanted) < 0.0) or np.any(wanted < 0.0):
        raise ValueError("times must be finite, ascending and not negative")
    chosen = solver or Solver()
    gaps = np.diff(wanted, prepend=0.0)
    compiled = build(
        network,
        method=chosen.method,
        plain=chosen.plain,
        interval=float(gaps.max(initial=0.0)) or None,
        inputs=inputs,
    )
    p = _values(compiled.constants, [own.name for own in network.constants], constants or {}, "constant")
    u = _values(np.full(len(network.inputs), math.nan), network.inputs, inputs or {}, "input")
    settings = Settings(rtol=chosen.rtol, atol=chosen.atol, most_steps=chosen.most_steps)
    y, h, t = compiled.start(p, u[:, None]), np.zeros(1), 0.0
    states = np.empty((len(wanted), len(y)))
    for place, time in enumerate(wanted):
        if time > t or (place == 0 and compiled.memory):  # an event may be due at the very start
            failed = compiled.advance(y, u[:, None], p, t, _between(t, time), h, settings)
            if failed[0]:
                what = _FAILURES[int(failed[0])].format(most=chosen.most_steps)
                raise BreakdownError(f"{network.name}: between the times {t:g} and {time:g} {what}")
        t = float(time)
        states[place] = y[:, 0]
    return Course(compiled=compiled, times=wanted, states=states, constants=p, inputs=u)


def _between(t: float, end: float) -> float:
    """Return the duration that leads from `t` to `end` exactly: an event at `end` must not be missed by one bit."""
    duration = end - t
    while t + duration < end:
        duration = math.nextafter(duration, math.inf)
    while t + duration > end:
        duration = math.nextafter(duration, 0.0)
    return duration


def _values(default: Floats, names: Sequence[str], given: Mapping[str, float], kind: str) -> Floats:
    """Return the values of all names, those given in place of the defaults."""
    values = default.copy()
    for name, value in given.items():
        if name not in names:
            raise UnknownIdError(f"{kind} of the model", name, names)
        values[list(names).index(name)] = value
    return values
