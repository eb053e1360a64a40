"""Counted molecules of a network made runnable: the generated module, and what it is called with."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from migralab.core.random import uniform_pair
from migralab.pathways.counted.split import Parted, part
from migralab.pathways.expression import symbols_in
from migralab.pathways.generate import cache, module, threads
from migralab.pathways.generate.graph import Graph
from migralab.pathways.generate.writer import Lines
from migralab.pathways.network import Network
from migralab.pathways.solver.functions import PLAIN

Floats = npt.NDArray[np.float64]
UInts = npt.NDArray[np.uint64]

LEAP_ABOVE = 100.0
"""Expected events of a cell in one exchange above which they need not be gone through one by one."""

_WORTH_A_THREAD = 200  # cells; waking one costs as much as moving some tens
_FOLDER = Path(__file__).parent


class Counted:
    """Some variables of a network as whole molecules; made by `counted_build`.

    Parameters
    ----------
    key
        Hash of the generated module.
    names
        The counted variables, in the order of rows of `x`.
    channels
        Names of their reactions.
    rest
        The network without them: they are its last inputs, by their own names.
    leap_above
        Expected events in one exchange above which `advance` leaps; infinity: never.
    """

    def __init__(
        self, network: Network, parted: Parted, key: str, functions: dict[str, Any], leap_above: float
    ) -> None:
        self.network, self.key, self.leap_above = network, key, leap_above
        self.names, self.rest = parted.counted, parted.rest
        self.channels = tuple(channel.name for channel in parted.channels)
        self._advance: Callable[..., None] = functions["advance"]
        self._start: Callable[..., None] = functions["start"]
        self._compiled = "numba" in functions

    def start(self, p: Floats, u: Floats) -> Floats:
        """Return the molecules at the start, (S, n), rounded to whole numbers.

        Parameters
        ----------
        p
            Constants, (P,).
        u
            Inputs of the network, (M, n); without inputs (0, n).
        """
        x = np.empty((len(self.names), np.shape(u)[1]))
        with np.errstate(all="ignore"):
            self._start(x, u, np.asarray(p, float))
        return np.rint(x)

    def advance(self, x: Floats, u: Floats, p: Floats, dt: float, keys: UInts, stream: np.uint64, count: int) -> Floats:
        """Let the molecules of every cell react for `dt`, in place, and return their mean over that time, (S, n).

        One course of eq-counted-master for each cell.

        A cell that breaks down (a propensity that is negative or not finite, what is no number of molecules, more than
        fifty million draws) stays as it was and has a mean of NaN.

        Parameters
        ----------
        x
            Whole numbers of molecules, (S, n), C-contiguous.
        u
            Inputs of the network, (M, n), constant meanwhile.
        p
            Constants of the network, (P,).
        dt
            Duration in the model's unit of time.
        keys
            Random keys of the cells, (n,): what a cell does depends on its own key, and not on its row or neighbours.
        stream, count
            Key of the stream, and how often it has acted: two calls with the same draw the same.
        """
        if dt <= 0.0:
            return x.copy()
        mean, n = np.empty_like(x), x.shape[1]
        shared = np.ascontiguousarray(u, float), np.ascontiguousarray(p, float)
        drawn = np.ascontiguousarray(keys, np.uint64), np.array([stream, count], np.uint64), mean
        parts = max(1, min(threads.allowed(), n // _WORTH_A_THREAD)) if self._compiled else 1
        spans = [np.array([dt, self.leap_above, n * k // parts, n * (k + 1) // parts]) for k in range(parts)]
        with np.errstate(all="ignore"):
            threads.run([functools.partial(self._advance, x, *shared, span, *drawn) for span in spans])
        return mean


def counted_build(
    network: Network, counted: Iterable[str], *, plain: bool = False, leap_above: float = LEAP_ABOVE
) -> Counted:
    """Return the counted part of a network, made runnable, with the rest of it.

    Parameters
    ----------
    counted
        Variables whose molecules are counted.
    plain
        Do not compile: the same text as Python, for tests and single runs.
    leap_above
        Expected events of a cell in one `advance` above which they are drawn many at once; infinity for never.

    Raises
    ------
    PathwayError
        If the network cannot be parted so.
    """
    parted = part(network, counted)
    text = _text(network, parted, plain=plain)
    key = cache.digest(text)
    if plain:
        functions = cache.run_plain(text, {**PLAIN, "uniform_pair": uniform_pair})
    else:
        functions = vars(cache.load_module(key, text))
    return Counted(network, parted, key, functions, leap_above)


def _text(network: Network, parted: Parted, *, plain: bool) -> str:
    """Return the whole generated module; no name of the model gets into it."""
    rows = {name: row for row, name in enumerate(parted.counted)}
    changes = [[(rows[name], by) for name, by in channel.change.items()] for channel in parted.channels]
    first = [0]
    for own in changes:
        first.append(first[-1] + len(own))
    flat = [pair for own in changes for pair in own] or [(0, 0)]
    read = {name for channel in parted.channels for name in symbols_in(channel.propensity)}
    tables = {
        "S": len(rows),
        "M": len(network.inputs),
        "R": len(parted.channels),
        "FIRST": tuple(first),
        "WHO": tuple(row for row, _ in flat),
        "BY": tuple(float(by) for _, by in flat),
        "MATTERS": tuple(int(name in read) for name in parted.counted),
    }
    parts = [
        module.HEAD,
        module.PLAIN_HEAD if plain else f"{module.COMPILED}\nfrom migralab.core.random import uniform_pair",
        # Arrays, because a tuple read at a place that is not known becomes a branch for each of its entries
        "\n".join(f"{name} = {f'np.array({own})' if isinstance(own, tuple) else own}" for name, own in tables.items()),
        "" if plain else module.pasted("functions.py"),
        _propensities(network, parted, rows),
        _starts(network, parted),
        _pasted("poisson.py"),
        _pasted("simulate.py"),
    ]
    return "\n\n\n".join(own.strip("\n") for own in parts if own) + "\n"


def _propensities(network: Network, parted: Parted, rows: dict[str, int]) -> str:
    graph = Graph()
    names = _names(network) | {name: f"x[{row}]" for name, row in rows.items()}
    lines = Lines(graph, names)
    values = lines.compute([graph.add(channel.propensity) for channel in parted.channels])
    stores = [f"a[{place}] = {value}" for place, value in enumerate(values)]
    return _function("@kernel\ndef propensities(x, u, c, a):", [*lines.statements, *stores])


def _starts(network: Network, parted: Parted) -> str:
    graph = Graph()
    lines = Lines(graph, _names(network))
    values = lines.compute([graph.add(start) for start in parted.start])
    return _function("def start(x, u, c):", [*lines.statements, *(f"x[{row}] = {v}" for row, v in enumerate(values))])


def _names(network: Network) -> dict[str, str]:
    names = {constant.name: f"c[{place}]" for place, constant in enumerate(network.constants)}
    return names | {name: f"u[{place}]" for place, name in enumerate(network.inputs)}


def _function(head: str, body: list[str]) -> str:
    return "\n".join([head, *(f"    {line}" for line in body or ["pass"])])


def _pasted(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8").split(module.BEGIN)[1].split(module.END)[0].strip("\n")
