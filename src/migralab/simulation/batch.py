"""Many dishes: arms and seeds on warm kernels, in one process or in a few, measured as they come."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from migralab.measure import Readouts, measure
from migralab.simulation.compile import Model
from migralab.simulation.observe import observe
from migralab.simulation.simulate import simulate

Progress = Callable[[int, int], None]
"""Called with (dishes done, dishes in all)."""


@dataclass(slots=True)
class Batch:
    """Readouts of every dish, by arm and in the order of the seeds.

    Parameters
    ----------
    seeds
        Seeds; the same in every arm, so that arms are paired by dish.
    readouts
        By arm, one `Readouts` per seed.
    """

    seeds: tuple[int, ...]
    readouts: dict[str, list[Readouts]] = field(default_factory=dict)

    def values(self) -> dict[str, dict[str, NDArray[np.float64]]]:
        """Return the bare values: arm -> readout -> array over seeds."""
        return {
            arm: {key: np.array([dish[key].value for dish in dishes]) for key in dishes[0]}
            for arm, dishes in self.readouts.items()
        }


def run_batch(
    models: Mapping[str, Model],
    seeds: Sequence[int],
    readouts: Iterable[str],
    *,
    workers: int = 1,
    progress: Progress | None = None,
) -> Batch:
    """Run and measure every arm with every seed.

    The result does not depend on the number of workers: each dish draws from its own seed.

    Parameters
    ----------
    readouts
        Observables to measure, by id.
    workers
        Processes. Each pays about a second for its start; below some ten dishes one is fastest.
    """
    wanted = tuple(readouts)
    jobs = [(arm, seed) for arm in models for seed in seeds]
    batch = Batch(seeds=tuple(seeds), readouts={arm: [] for arm in models})
    tasks = [(models[arm], seed, wanted) for arm, seed in jobs]
    done = _in_processes(tasks, workers) if workers > 1 and len(tasks) > workers else map(_measure_dish, tasks)
    for index, ((arm, _), found) in enumerate(zip(jobs, done, strict=True), start=1):
        batch.readouts[arm].append(found)
        if progress is not None:
            progress(index, len(jobs))
    return batch


def _measure_dish(task: tuple[Model, int, tuple[str, ...]]) -> Readouts:
    model, seed, readouts = task
    return measure(observe(simulate(model, seed)), readouts)


def _in_processes(tasks: Sequence[tuple[Model, int, tuple[str, ...]]], workers: int) -> Iterator[Readouts]:
    # spawn: a fork after a parallel kernel kills the child (engine notes 4)
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_one_thread) as pool:
        yield from pool.map(_measure_dish, tasks, chunksize=max(1, len(tasks) // (workers * 16)))


def _one_thread() -> None:
    import numba

    numba.set_num_threads(1)


def usable_cores() -> int:
    """Return how many cores this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1
