"""The flow that carries detached migrasomes off into pools; `biogenesis.fate` asks it. Theory: docs/theory/pools.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from migralab.core.random import draw_exponentials, draw_uniform_pairs
from migralab.engine.mechanism import State
from migralab.engine.table import Column
from migralab.mechanisms.signals.cargo import KINDS

CARRIED = Column(
    path="migrasomes.carried", dtype="int8", unit="", fill=-1, meaning="number of the pool that it was carried into"
)
TALLY = "fields.carried"
"""Carried off so far: (dishes, pools, 1 + kinds), the vesicles and then what was in them."""

_WAIT, _WAY = 2, 3  # draws of a vesicle, beside those of `biogenesis.fate`


class Carrier:
    """Constant hazards of being carried off, one for each pool that collects migrasomes; they compete with rupture.

    It is not a mechanism of its own: whether a vesicle bursts or is carried off first can only be decided where both
    are known, so `biogenesis.fate` owns both ends.

    Parameters
    ----------
    rates
        1/s by pool, 0 for one that collects none; the number of a pool is its place here.
    cargo
        Whether vesicles of this dish hold molecules.
    """

    def __init__(self, rates: Mapping[str, float], *, cargo: bool) -> None:
        self._rates = np.array(list(rates.values()))
        self._cargo = cargo
        self.writes = frozenset({CARRIED.path, TALLY} | ({"migrasomes.cargo"} if cargo else set()))

    def found(self, state: State) -> None:
        """Lay out the tally."""
        state.fields["carried"] = np.zeros((len(state.dishes), len(self._rates), 1 + len(KINDS)))

    def wait(self, keys: NDArray[np.uint64], stream: np.uint64) -> NDArray[np.float64]:
        """Return how long after its detachment each vesicle is carried off, s."""
        return np.asarray(draw_exponentials(stream, keys, 0, _WAIT) / self._rates.sum())

    def take(self, state: State, rows: NDArray[Any], stream: np.uint64) -> None:
        """Note where these vesicles go, and hand over what is in them."""
        vesicles, tally = state["migrasomes"], state.fields["carried"]
        if not len(rows):
            return
        chance, _ = draw_uniform_pairs(stream, vesicles["key"][rows], 0, _WAY)
        edges = np.cumsum(self._rates / self._rates.sum())
        to = np.minimum(np.searchsorted(edges, chance, side="right"), np.flatnonzero(self._rates)[-1])
        vesicles["carried"][rows] = to
        dish = vesicles["dish"][rows]
        np.add.at(tally[:, :, 0], (dish, to), 1.0)
        if self._cargo:
            np.add.at(tally[:, :, 1:], (dish, to), vesicles["cargo"][rows])
            vesicles["cargo"][rows] = 0.0
