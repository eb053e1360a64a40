"""A network made runnable: `build` and what it returns."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from migralab.pathways.expression import TIME
from migralab.pathways.generate import cache, module, threads
from migralab.pathways.generate.choice import Choice, choose, minute
from migralab.pathways.generate.graph import Graph
from migralab.pathways.generate.store import to_json
from migralab.pathways.generate.writer import Lines
from migralab.pathways.network import Constant, Network, Variable
from migralab.pathways.solver.functions import PLAIN

Floats = npt.NDArray[np.float64]
Method = Literal["auto", "explicit", "stiff"]
Kind = Literal["shown", "amounts", "concentrations"]
PATIENCE = 2000  # attempted steps of the explicit method in one interval, where it was chosen and not asked for


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How exact a cell is moved, and when to give up.

    Parameters
    ----------
    rtol, atol
        Error allowed in one step, relative to the state and absolute in its own unit.
    most_steps
        Attempted steps of one cell in one call.
    """

    rtol: float = 1e-6
    atol: float = 1e-12
    most_steps: int = 100_000


class Compiled:
    """A network that moves all cells at once; made by `build`.

    Parameters
    ----------
    key
        Hash of network, sources and versions.
    method, reason
        The integrator, and why it was taken, in one sentence.
    memory
        Rows of the state behind the variables: what events remember of each cell; 0 without events.
    constants
        Values by default, (P,), in the order of `Network.constants`.
    """

    def __init__(
        self,
        network: Network,
        key: str,
        choice: Choice,
        functions: dict[str, Any],
        spare: Callable[[], Compiled] | None = None,
    ) -> None:
        self.network, self.key, self.method, self.reason = network, key, choice.method, choice.reason
        self._spare = spare  # makes the stiff one, if a cell needs it
        self.constants: Floats = np.array([constant.value for constant in network.constants], float)
        self.memory = len(network.events) + 2 if network.events else 0
        self._functions = functions
        self.compiled = "numba" in functions
        self._shown: dict[tuple[str, ...], Callable[..., Floats]] = {}

    def start(self, p: Floats, u: Floats, t: float = 0.0) -> Floats:
        """Return the state of cells at the start, (N, n), or (N + memory, n) where there are events.

        The last but one row of memory is a number that tells the random choices of cells apart, at first 0, 1, 2, ...

        Parameters
        ----------
        p
            Constants, (P,).
        u
            Inputs, (M, n); n is read from it, so it is (0, n) without inputs.
        """
        size, events = len(self.network.variables), self.network.events
        y = np.full((size + self.memory, np.shape(u)[1]), np.nan)
        if events:
            y[size:-2] = [[float(event.starts_true)] for event in events]
            y[-2], y[-1] = np.arange(y.shape[1]), 0.0
        with np.errstate(all="ignore"):
            self._functions["start"](np.float64(t), y, u, np.asarray(p, float))
        return y

    def show(self, t: float, y: Floats, u: Floats, p: Floats, names: Sequence[str], kind: Kind = "shown") -> Floats:
        """Return quantities of the model, (names, n).

        Parameters
        ----------
        t
            Time in the model's unit.
        kind
            What the names stand for: what the model means by them, or species as amounts or as concentrations.

        Raises
        ------
        KeyError
            If the model has no such quantity.
        """
        wanted = (kind, *names)
        if wanted not in self._shown:
            self._shown[wanted] = _shower(self.network, kind, names)
        out = np.empty((len(names), y.shape[1]))
        with np.errstate(all="ignore"):
            self._shown[wanted](np.float64(t), y, u, np.asarray(p, float), out)
        return out

    def advance(
        self, y: Floats, u: Floats, p: Floats, t: float, dt: float, h: Floats, settings: Settings
    ) -> npt.NDArray[np.int8]:
        """Move every cell by `dt`, in place, and return what failed: 0 nothing, 1 too many steps, 2 not finite.

        A cell that fails stays as it was.

        Parameters
        ----------
        y
            State, (N + memory, n), C-contiguous.
        u
            Inputs, (M, n), constant meanwhile.
        p
            Constants, (P,).
        t, dt
            Begin and duration in the model's unit of time.
        h
            Step to begin with in each cell, (n,), 0 if not known; changed in place and worth keeping.
        """
        patient = settings if self._spare is None else replace(settings, most_steps=min(settings.most_steps, PATIENCE))
        failed = self._advance(y, u, p, (t, dt), h, patient)
        if self._spare is not None and failed.any():  # cell by cell, so that no neighbour makes a difference
            cells = np.flatnonzero(failed)
            state, step = np.ascontiguousarray(y[:, cells]), np.zeros(len(cells))
            failed[cells] = self._spare().advance(state, np.asarray(u)[:, cells], p, t, dt, step, settings)
            y[:, cells], h[cells] = state, np.where(failed[cells] == 0, step, h[cells])
        return failed

    def _advance(
        self, y: Floats, u: Floats, p: Floats, when: tuple[float, float], h: Floats, settings: Settings
    ) -> npt.NDArray[np.int8]:
        failed = np.zeros(y.shape[1], np.int8)
        parts = max(1, min(threads.allowed(), -(-y.shape[1] // module.CHUNK))) if self.compiled else 1
        shared = (settings.rtol, settings.atol, *when, settings.most_steps)
        move = self._functions["advance"]
        with np.errstate(all="ignore"):
            c, inputs = self._functions["prepare"](np.ascontiguousarray(p, float)), np.ascontiguousarray(u, float)
            spans = [np.array([*shared, part, parts], float) for part in range(parts)]
            threads.run([functools.partial(move, y, inputs, c, span, h, failed) for span in spans])
        return failed


def _shower(network: Network, kind: str, names: Sequence[str]) -> Callable[..., Floats]:
    """Return a function that writes quantities of the model into an array; numpy on all cells at once."""
    graph = Graph()
    meaning: dict[str, int] = {}
    for name, expression in network.assigned:
        meaning[name] = graph.add(expression, meaning)
    formulas = getattr(network, kind)
    roots = [graph.add(formulas[name], meaning) for name in names]
    texts = {constant.name: f"p[{place}]" for place, constant in enumerate(network.constants)}
    texts |= {name: f"u[{place}]" for place, name in enumerate(network.inputs)}
    texts |= {variable.name: f"y[{place}]" for place, variable in enumerate(network.variables)} | {TIME: "t"}
    lines = Lines(graph, texts)
    values = lines.compute(roots)
    body = [*lines.statements, *(f"out[{place}] = {value}" for place, value in enumerate(values))] or ["pass"]
    text = "\n    ".join(["def show(t, y, u, p, out):", *body])
    found: Callable[..., Floats] = cache.run_plain(text, {"np": np, **PLAIN})["show"]
    return found


def build(
    network: Network,
    *,
    method: Method = "auto",
    plain: bool = False,
    interval: float | None = None,
    inputs: Mapping[str, float] | None = None,
) -> Compiled:
    """Return a network made runnable.

    Parameters
    ----------
    method
        The integrator; ``auto`` takes the one that is cheaper in a short trial, and moves a cell that the explicit one
        cannot serve within `PATIENCE` steps by the other.
    plain
        Do not compile: the same text as Python, for tests and for single runs.
    interval
        Model time between two exchanges, for the trial; by default one minute, or 1 if the model has no unit of time.
    inputs
        Usual values of inputs, for the trial.
    """
    record = to_json(network)
    chosen, spare = Choice(method, "asked for"), None
    if method == "auto":
        span, known = interval or minute(network), dict(inputs or {})
        chosen = _choice(network, record, span, known)
        if chosen.method == "explicit":
            spare = functools.cache(lambda: build(network, method="stiff", plain=plain))
    module_key = cache.digest(to_json(_skeleton(network)), chosen.method)
    key = cache.digest(record, chosen.method, str(cache.folder().relative_to(cache.folder().parents[2])))
    if plain:
        text = module.make(network, stiff=chosen.method == "stiff", plain=True).text
        functions = cache.run_plain(text, dict(PLAIN))
    else:
        text_or_none = (
            None if cache.has_module(module_key) else module.make(network, stiff=chosen.method == "stiff").text
        )
        functions = vars(cache.load_module(module_key, text_or_none))
    return Compiled(network, key, chosen, functions, spare)


def _skeleton(network: Network) -> Network:
    """Return what the compiled code depends on: neither the values of constants nor what is only shown."""
    return replace(
        network,
        name="",
        title="",
        constants=tuple(Constant(name=constant.name, value=0.0) for constant in network.constants),
        variables=tuple(Variable(name=variable.name) for variable in network.variables),
        reactions=(),
        shown={},
        amounts={},
        concentrations={},
        units={},
    )


def _choice(network: Network, record: str, interval: float, inputs: Mapping[str, float]) -> Choice:
    """Return the choice as it was made before, or make it."""
    name = f"choice_{cache.digest(record, repr(interval), repr(sorted(inputs.items())))}.json"
    known = cache.get_record(name)
    if known is None:
        choice = choose(network, interval, inputs)
        cache.put(name, json.dumps({"method": choice.method, "reason": choice.reason}))
        return choice
    return Choice(known["method"], known["reason"])
