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
    batch = Batch(seeds=tuple(seeds), readouts={arm: [] for arm in models})
    groups = _groups(seeds, min((model.experiment.dish.cells for model in models.values()), default=1))
    tasks = [(arm, model, group, wanted) for arm, model in models.items() for group in groups]
    work = [task[1:] for task in tasks]
    done = _in_processes(work, workers) if workers > 1 and len(tasks) > 1 else map(_measure_dishes, work)
    count = 0
    for (arm, *_), found in zip(tasks, done, strict=True):
        batch.readouts[arm] += found
        count += len(found)
        if progress is not None:
            progress(count, len(models) * len(seeds))
    return batch


def _groups(seeds: Sequence[int], cells: int) -> list[Sequence[int]]:
    """Cut the seeds into groups that run side by side in one state, of about `SIDE_BY_SIDE` cells."""
    size = max(1, SIDE_BY_SIDE // cells)
    return [seeds[start : start + size] for start in range(0, len(seeds), size)]


def _measure_dishes(task: tuple[Model, Sequence[int], tuple[str, ...]]) -> list[Readouts]:
    model, seeds, readouts = task
    return [measure(observe(run), readouts) for run in simulate_dishes(model, seeds)]


def _in_processes(
    tasks: Sequence[tuple[Model, Sequence[int], tuple[str, ...]]], workers: int
) -> Iterator[list[Readouts]]:
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
