"""Which integrator is cheaper for a network: both move one cell for a few exchanges, and their work is counted.

The count is exact and always the same: attempted steps of the uncompiled text, times the weighed operations of one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from migralab.pathways.generate import cache, module
from migralab.pathways.network import Network
from migralab.pathways.solver.functions import PLAIN

EXCHANGES = 20
BUDGET = 400_000  # weighed operations after which a trial ends with the exchange at hand: half a second, uncompiled
LONGEST = 10.0  # budgets after which one exchange is given up
MOST_STEPS = 100_000
UNKNOWN_INPUTS = (0.0, 1.0)  # both are tried
RTOL, ATOL = 1e-6, 1e-9
PATIENCE = 3.0  # the explicit method may cost so many times more before it is stopped
NAMES = {"explicit": "explicit (Dormand-Prince 5(4))", "stiff": "stiff (Rodas4)"}


@dataclass(frozen=True, slots=True)
class Choice:
    """The integrator, and why, in one sentence."""

    method: str
    reason: str


def minute(network: Network) -> float:
    """Return one minute in the model's unit of time, or 1 if it does not say."""
    return 60.0 / network.time_unit_s if network.time_unit_s else 1.0


def choose(network: Network, interval: float, inputs: Mapping[str, float]) -> Choice:
    """Return the integrator for a network.

    Parameters
    ----------
    interval
        Model time between two exchanges.
    inputs
        Values of inputs, as far as they are known.
    """
    smooth = replace(network, events=())
    levels = UNKNOWN_INPUTS if set(network.inputs) - set(inputs) else (0.0,)
    cells = [np.array([[inputs.get(name, level)] for name in network.inputs], float).reshape(-1, 1) for level in levels]
    stiff = _Run(smooth, "stiff", interval, LONGEST * BUDGET)
    exchanges = [stiff.move(u, EXCHANGES, BUDGET / len(cells)) for u in cells]
    explicit = _Run(smooth, "explicit", interval, LONGEST * BUDGET if stiff.failed else PATIENCE * stiff.cost)
    for u, count in zip(cells, exchanges, strict=True):
        explicit.move(u, max(count, 1))
    span = f"a trial of {sum(exchanges)} exchanges of {interval:.4g} (time of the model) with the values by default"
    if explicit.failed and stiff.failed:
        return Choice("explicit", f"{NAMES['explicit']}: {span} came to no end with either method")
    own, other = (explicit, stiff) if explicit.cost <= stiff.cost else (stiff, explicit)
    verb = "gave up after" if other.failed else "took"
    return Choice(
        own.method,
        f"{NAMES[own.method]}: {span} took {own.steps:,} steps of {own.operations:,} operations; "
        f"{NAMES[other.method]} {verb} {other.steps:,} of {other.operations:,}",
    )


class _Run:
    """One integrator at work on single cells, uncompiled, until it has done `most` operations."""

    def __init__(self, network: Network, method: str, interval: float, most: float) -> None:
        source = module.make(network, stiff=method == "stiff", plain=True)
        self.method, self.operations, self.interval = method, max(source.operations, 1), interval
        self.steps, self.failed = 0, False
        self.p = np.array([constant.value for constant in network.constants], float)
        self.size = len(network.variables)
        self.functions = cache.run_plain(source.text, dict(PLAIN))
        self._attempt, self._most = self.functions["attempt"], most
        self.functions["attempt"] = self._counted

    @property
    def cost(self) -> float:
        """All operations; infinite if a cell did not arrive."""
        return float("inf") if self.failed else float(self.steps * self.operations)

    def _counted(self, *arguments: Any) -> None:
        if self.steps * self.operations >= self._most:
            raise _StoppedError
        self.steps += 1
        self._attempt(*arguments)

    def move(self, u: npt.NDArray[np.float64], exchanges: int, enough: float = math.inf) -> int:
        """Move one cell and return through how many exchanges; `enough` operations end it after the one at hand."""
        y, h, failed = np.full((self.size, 1), np.nan), np.zeros(1), np.zeros(1, np.int8)
        before = self.steps
        with np.errstate(all="ignore"):
            self.functions["start"](np.float64(0.0), y, u, self.p)
            c = self.functions["prepare"](self.p)
            for exchange in range(exchanges):
                span = np.array([RTOL, ATOL, exchange * self.interval, self.interval, MOST_STEPS, 0, 1], float)
                try:
                    self.functions["advance"](y, u, c, span, h, failed)
                except _StoppedError:
                    failed[0] = 1
                if failed[0]:
                    self.failed = True
                    return exchange
                if (self.steps - before) * self.operations >= enough:
                    return exchange + 1
        return exchanges


class _StoppedError(Exception):
    """More steps than are worth while."""
