"""Take a population through a protocol."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from migralab.core.errors import DataError
from migralab.isolation.bench import steps
from migralab.isolation.bench.column import follow_liquid
from migralab.isolation.bench.isolation import Isolation
from migralab.isolation.bench.population import Population
from migralab.isolation.bench.protocol import Protocol, Step
from migralab.isolation.bench.steps import Bench

Progress = Callable[[int, int], None]
"""Called with steps done and steps in all."""


def isolate(
    population: Population, protocol: Protocol, progress: Progress | None = None, *, seed: int = 0
) -> Isolation:
    """Take a population through every step of a protocol.

    Everything is drawn by particle and step, so the fate of one depends on no other, on no number of threads and on no
    order. Number is conserved: what a step takes away is in the ledger.

    Parameters
    ----------
    seed
        Kept with the result; the particles carry the keys that were made from it.

    Raises
    ------
    DataError
        If the population is empty.
    """
    import pandas as pd

    if not len(population):
        raise DataError("The population is empty: nothing can be isolated from it.")
    bench = steps.start_bench(population)
    rows: list[dict[str, object]] = []
    for number, step in enumerate(protocol.steps, start=1):
        before = bench.place.copy()
        do_step(bench, step, number)
        rows += _entries(bench, before, step, number)
        if progress is not None:
            progress(number, len(protocol.steps))
    bench.places[steps.IN_HAND] = "product"
    return Isolation(
        population=population, protocol=protocol, seed=seed, place=bench.place, fraction=bench.fraction,
        leaky=bench.leaky, places=tuple(bench.places), ledger=pd.DataFrame(rows), tube=bench.tube,
    )  # fmt: skip


def label_of(step: Step, number: int) -> str:
    """Return how a step is called in the ledger."""
    return f"{number} {step.name or step.what}"


def do_step(bench: Bench, step: Step, number: int) -> None:
    """Do one step, counted from 1, to what is on the bench."""
    label, after = label_of(step, number), follow_liquid(bench.liquid, step)
    if step.wash is not None:
        steps.take_up(bench)
    if (turned := step.spin or step.wash) is not None:
        steps.do_spin(bench, turned, number, label)
    elif step.filter is not None:
        steps.do_filter(bench, step.filter, number, label)
    elif step.gradient is not None:
        steps.do_gradient(bench, step.gradient, number, label)
    elif step.pool is not None:
        steps.pool(bench, step.pool.fractions, label)
    elif step.resuspend is not None:
        steps.take_up(bench)
    elif step.dilute is not None:
        steps.dilute(bench, after)
    elif step.leak is not None:
        steps.break_open(bench, step.leak.share, number)
    bench.liquid = after


def _entries(bench: Bench, before: np.ndarray, step: Step, number: int) -> list[dict[str, object]]:
    """Return what this step left behind and what goes on, by kind."""
    people = bench.population
    handled = before == steps.IN_HAND
    protein = people.number * people.protein
    at_start = np.bincount(people.kind, people.number, len(people.kinds))
    rows: list[dict[str, object]] = []
    for place in np.unique(bench.place[handled]) if handled.any() else []:
        own = handled & (bench.place == place)
        count = np.bincount(people.kind[own], people.number[own], len(people.kinds))
        mass = np.bincount(people.kind[own], protein[own], len(people.kinds))
        where = "goes on" if place == steps.IN_HAND else bench.places[place].split(": ", 1)[1]
        rows += [
            {"step": number, "name": step.name or step.what, "place": where, "kind": kind, "number": count[k],
             "protein_ug": mass[k], "share_of_start": count[k] / max(at_start[k], 1e-300)}
            for k, kind in enumerate(people.kinds)
        ]  # fmt: skip
    return rows
