"""Arms and seeds through the microscope: every dish is simulated, imaged and measured, and noted as it comes."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from migralab.checks.check import arms_of, compile_arm
from migralab.checks.evaluate import judge_all
from migralab.checks.through_images.dish import COLUMNS, Look, look_at_dish
from migralab.checks.through_images.plan import ImagingPlan, side_of_dish
from migralab.checks.verdict import Verdict
from migralab.core.errors import UnknownIdError
from migralab.measure.registry import find_observable
from migralab.simulation.compile import Model
from migralab.simulation.observe import observe
from migralab.simulation.simulate import simulate_dishes
from migralab.spec.claim import Claim
from migralab.spec.experiment import Experiment
from migralab.spec.loader import ExperimentFile

Floats = NDArray[np.float64]
Key = tuple[str, int]
COUNTS = ("true", "found", "paired", "bright", "bright_paired", "cells_true", "cells_found")
# what a still shows in place of what it cannot, and what is compared dish by dish
EXTRA = (
    "count.per_100um_intact", "fibre.length_intact", "count.per_cell", "diameter.mean", "junction.per_100um",
    "tip.per_100um",
)  # fmt: skip
_AT_ONCE = 5  # dishes a task


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """Claims through the microscope.

    Parameters
    ----------
    source
        The entry.
    claims
        Claims that are put to it.
    seeds
        Seeds of the dishes, the same in every arm.
    plan
        What is imaged of each.
    tier
        ``fast``: dishes of 60 cells, as `migralab check` takes them; ``full``: as written.
    """

    source: ExperimentFile
    claims: tuple[Claim, ...]
    seeds: tuple[int, ...]
    plan: ImagingPlan = field(default_factory=ImagingPlan)
    tier: str = "fast"

    @property
    def experiment(self) -> Experiment:
        """The entry itself."""
        return self.source.experiment

    @property
    def arms(self) -> list[str]:
        """Arms that the claims compare."""
        needed = {arm for claim in self.claims if claim.comparison for arm in claim.comparison.arms}
        return [arm for arm in arms_of(self.experiment, self.claims) if arm in needed]

    @property
    def readouts(self) -> tuple[str, ...]:
        """Readouts of the claims, and what a still shows in place of those that it cannot."""
        named = [name for claim in self.claims if claim.comparison for name in claim.comparison.readouts]
        return tuple(dict.fromkeys([*named, *EXTRA]))


def choose_claims(experiment: Experiment, names: Iterable[str]) -> tuple[Claim, ...]:
    """Return claims by id, in the order of the entry.

    Raises
    ------
    UnknownIdError
        If there is no such claim.
    """
    known = {claim.id: claim for claim in experiment.claims}
    wanted = list(names)
    for name in wanted:
        if name not in known:
            raise UnknownIdError(f"claim of {experiment.id}", name, known)
    return tuple(claim for name, claim in known.items() if name in wanted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Some dishes of one arm, as a process gets them."""

    model: Model
    arm: str
    seeds: tuple[int, ...]
    plan: ImagingPlan
    readouts: tuple[str, ...]


def look_at_arm(task: Task) -> dict[Key, Look]:
    """Simulate, image and measure the dishes of a task."""
    dish = task.model.experiment.dish
    side = side_of_dish(dish.cells, dish.density_per_um2)
    return {
        (task.arm, seed): look_at_dish(observe(run), task.plan, dish_um=side, seed=seed, readouts=task.readouts)
        for seed, run in zip(task.seeds, simulate_dishes(task.model, task.seeds), strict=True)
    }


def _tasks(recovery: Recovery, done: Iterable[Key]) -> Iterator[Task]:
    """Yield what is left to do, a few seeds of all arms first."""
    had = set(done)
    models = {arm: compile_arm(recovery.source, arm, recovery.tier) for arm in recovery.arms}
    for start in range(0, len(recovery.seeds), _AT_ONCE):
        for arm, model in models.items():
            seeds = tuple(seed for seed in recovery.seeds[start : start + _AT_ONCE] if (arm, seed) not in had)
            if seeds:
                yield Task(model=model, arm=arm, seeds=seeds, plan=recovery.plan, readouts=recovery.readouts)


def look_at_all(recovery: Recovery, *, workers: int = 1, done: Iterable[Key] = ()) -> Iterator[dict[Key, Look]]:
    """Yield the dishes of all arms as they come; those in `done` are left out.

    The result does not depend on the number of workers.
    """
    tasks = _tasks(recovery, done)
    if workers < 2:
        yield from map(look_at_arm, tasks)
        return
    from concurrent.futures import ProcessPoolExecutor, as_completed
    from multiprocessing import get_context

    # spawn: a fork after a parallel kernel kills the child
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_one_thread) as pool:
        waiting = [pool.submit(look_at_arm, task) for task in tasks]
        for ready in as_completed(waiting):
            yield ready.result()


def _one_thread() -> None:
    import numba

    numba.set_num_threads(1)


def judge_columns(recovery: Recovery, looks: dict[Key, Look]) -> dict[str, tuple[Verdict, ...]]:
    """Return the verdicts on the claims by column of `dish.COLUMNS`, all by the same code and the same seeds."""
    units = {name: find_observable(name).observable.unit for name in recovery.readouts}
    found = {}
    for column in COLUMNS:
        values = {
            arm: {
                name: np.array([looks[arm, seed].values[column][name] for seed in recovery.seeds])
                for name in recovery.readouts
            }
            for arm in recovery.arms
        }
        found[column] = judge_all(recovery.experiment, values, claims=recovery.claims, units=units)
    return found


def shown_by_a_still(recovery: Recovery, looks: dict[Key, Look], claim: Claim) -> bool:
    """Return whether a faultless still has a value for every arm and readout of a claim in any dish."""
    if claim.comparison is None:
        return False
    return all(
        any(np.isfinite(looks[arm, seed].values["fields_seen"][name]) for seed in recovery.seeds)
        for arm in claim.comparison.arms
        for name in claim.comparison.readouts
    )


def write_looks(path: Path, looks: dict[Key, Look], *, more: bool = False) -> None:
    """Write dishes as a long table: arm, seed, column, readout, value; numbers of objects as column ``objects``."""
    with path.open("a" if more else "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        if not more:
            table.writerow(("arm", "seed", "column", "readout", "value"))
        for (arm, seed), look in looks.items():
            for column, own in look.values.items():
                table.writerows((arm, seed, column, name, repr(value)) for name, value in own.items())
            table.writerows((arm, seed, "objects", name, getattr(look, name)) for name in COUNTS)


def read_looks(path: Path) -> dict[Key, Look]:
    """Read what `write_looks` wrote."""
    values: dict[Key, dict[str, dict[str, float]]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            own = values.setdefault((row["arm"], int(row["seed"])), {})
            own.setdefault(row["column"], {})[row["readout"]] = float(row["value"])
    looks = {}
    for key, own in values.items():
        counts = own.pop("objects", {})
        if set(counts) == set(COUNTS):  # a dish that was cut off while it was written is run again
            looks[key] = Look(values=own, **{name: int(count) for name, count in counts.items()})
    return looks
