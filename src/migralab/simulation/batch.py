"""Many dishes: arms and seeds on warm kernels, in one process or in a few, measured as they come."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice

import numpy as np
from numpy.typing import NDArray

from migralab.measure import Readouts, measure
from migralab.simulation.compile import Model
from migralab.simulation.observe import observe
from migralab.simulation.simulate import simulate_dishes

Progress = Callable[[int, int], None]
"""Called with (dishes done, dishes in all)."""

SIDE_BY_SIDE = 1200  # cells in one state: enough that the work on arrays outweighs the Python around it


@dataclass(slots=True)
class Batch:
    """Readouts of every dish, by arm and in the order of the seeds.

    Parameters
    ----------
    seeds
        Seeds; the same in every arm, so that arms are paired by dish.
    readouts
        By arm, one `Readouts` per seed.
    cpu_s
        Time of a processor that the dishes took, in whatever process.
    """

    seeds: tuple[int, ...]
    readouts: dict[str, list[Readouts]] = field(default_factory=dict)
    cpu_s: float = 0.0

    @property
    def dishes(self) -> int:
        """Number of dishes that were run."""
        return sum(len(own) for own in self.readouts.values())

    def values(self) -> dict[str, dict[str, NDArray[np.float64]]]:
        """Return the bare values: arm -> readout -> array over seeds."""
        return {
            arm: {key: np.array([dish[key].value for dish in dishes]) for key in dishes[0]}
            for arm, dishes in self.readouts.items()
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What makes one batch: arms, seeds, and what is measured in each dish."""

    models: Mapping[str, Model]
    seeds: Sequence[int]
    readouts: Iterable[str]

    @property
    def dishes(self) -> int:
        """Number of dishes to run."""
        return len(self.models) * len(self.seeds)


Task = tuple[Model, Sequence[int], tuple[str, ...]]
Measured = tuple[list[Readouts], float]


def run_batch(
    models: Mapping[str, Model],
    seeds: Sequence[int],
    readouts: Iterable[str],
    *,
    workers: int = 1,
    progress: Progress | None = None,
) -> Batch:
    """Run and measure every arm with every seed. See `run_jobs`.

    Parameters
    ----------
    readouts
        Observables to measure, by id.
    """
    job = Job(models=models, seeds=seeds, readouts=readouts)
    (batch,) = run_jobs([job], workers=workers, progress=progress, dishes=job.dishes)
    return batch


def run_jobs(
    jobs: Iterable[Job], *, workers: int = 1, progress: Progress | None = None, dishes: int = 0
) -> list[Batch]:
    """Run many batches in one pool of processes, and return them in the order of the jobs.

    The result does not depend on the number of workers: each dish draws from its own seed.

    Parameters
    ----------
    jobs
        Taken one after the other, while the first already run: a generator may compile them as it goes.
    workers
        Processes. Each pays about a second for its start; below some ten dishes one is fastest.
    dishes
        How many there are in all, for `progress`.
    """
    batches: list[Batch] = []
    waiting: deque[tuple[Batch, str]] = deque()
    tasks = _tasks(jobs, batches, waiting)
    first = list(islice(tasks, 2))
    work = chain(first, tasks)
    done = _in_processes(work, workers) if workers > 1 and len(first) > 1 else map(_measure_dishes, work)
    count = 0
    for found, seconds in done:
        batch, arm = waiting.popleft()
        batch.readouts[arm] += found
        batch.cpu_s += seconds
        count += len(found)
        if progress is not None:
            progress(count, max(dishes, count))
    return batches


def _tasks(jobs: Iterable[Job], batches: list[Batch], waiting: deque[tuple[Batch, str]]) -> Iterator[Task]:
    """Yield the tasks of all jobs; note in `batches` and `waiting` where their results belong."""
    for job in jobs:
        batch = Batch(seeds=tuple(job.seeds), readouts={arm: [] for arm in job.models})
        batches.append(batch)
        wanted = tuple(job.readouts)
        cells = min((model.experiment.dish.cells for model in job.models.values()), default=1)
        groups = _groups(job.seeds, cells)
        for arm, model in job.models.items():
            for group in groups:
                waiting.append((batch, arm))
                yield model, group, wanted


def _groups(seeds: Sequence[int], cells: int) -> list[Sequence[int]]:
    """Cut the seeds into groups that run side by side in one state, of about `SIDE_BY_SIDE` cells."""
    size = max(1, SIDE_BY_SIDE // cells)
    return [seeds[start : start + size] for start in range(0, len(seeds), size)]


def _measure_dishes(task: Task) -> Measured:
    model, seeds, readouts = task
    start = time.process_time()
    found = [measure(observe(run), readouts) for run in simulate_dishes(model, seeds)]
    return found, time.process_time() - start


def _in_processes(tasks: Iterable[Task], workers: int) -> Iterator[Measured]:
    # spawn: a fork after a parallel kernel kills the child (engine notes 4)
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    # The children read it before they load numpy: two workers with a linear-algebra pool each get in each other's way
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_one_thread) as pool:
        yield from pool.map(_measure_dishes, tasks)


def _one_thread() -> None:
    import numba

    numba.set_num_threads(1)


def usable_cores() -> int:
    """Return how many cores this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1
