"""Entries -> verdicts: run what the claims need, in one pool for all entries, measure, judge."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from migralab.checks.evaluate import judge_all
from migralab.checks.sweep import FACTORS, estimates_to_sweep, refuse_unknown, scaled
from migralab.checks.table import VerdictChange, find_sensitive
from migralab.checks.verdict import LEAST_SEEDS, Verdict
from migralab.checks.ways import WayOfEntry, WayVerdict, in_order, ways_of
from migralab.core.errors import RequestError, UnknownIdError
from migralab.measure.registry import find_observable
from migralab.simulation.batch import Batch, Job, run_jobs
from migralab.simulation.compile import Model, compile_experiment
from migralab.spec.claim import Claim
from migralab.spec.experiment import Experiment
from migralab.spec.loader import ExperimentFile

Progress = Callable[[int, int], None]
Source = ExperimentFile | Experiment
FAST_CELLS = 60  # cells a dish in the fast tier


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What is judged, and how thoroughly.

    Parameters
    ----------
    seeds
        Dishes per arm; below 20 no sign is judged.
    tier
        ``fast`` judges the claims of that tier on dishes of 60 cells, ``full`` all of them on dishes as written.
    claims
        Only these, by id; all if empty.
    ways
        Put claims to the ways of signalling as well.
    sweep
        Halve and double the ``key`` estimates of the entry (all where it names none), ``all`` of them, or ``none``.
    estimates
        Sweep these instead.
    """

    seeds: int = LEAST_SEEDS
    tier: str = "fast"
    claims: tuple[str, ...] = ()
    ways: bool = False
    sweep: Literal["none", "key", "all"] = "none"
    estimates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """Verdicts of an entry and the dishes they rest on.

    Parameters
    ----------
    verdicts
        In the order of the claims.
    batch
        Readouts of every dish.
    scope
        What was asked.
    ways
        Verdicts under each way of signalling; empty if they were not asked for, or the entry has none.
    changes
        Verdicts that change when an estimate is halved or doubled; empty if nothing was swept.
    swept, refused
        Names of the changes that were tried, and of those that no dish allows (half a dish, twice a share of 0.8).
    dishes, cpu_s
        All that was run, ways and sweeps included, and the time of a processor that it took.
    """

    entry: str
    verdicts: tuple[Verdict, ...]
    batch: Batch
    scope: Scope = field(default_factory=Scope)
    ways: tuple[WayVerdict, ...] = ()
    changes: tuple[VerdictChange, ...] = ()
    swept: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    dishes: int = 0
    cpu_s: float = 0.0


def check(
    source: Source,
    *,
    seeds: int = LEAST_SEEDS,
    tier: str = "fast",
    workers: int = 1,
    progress: Progress | None = None,
) -> Checked:
    """Judge the claims of an entry. See `Scope`; for more than that, and for more than one entry, `check_all`.

    Parameters
    ----------
    workers
        Processes.
    """
    (checked,) = check_all([source], Scope(seeds=seeds, tier=tier), workers=workers, progress=progress)
    return checked


def check_all(
    sources: Iterable[Source], scope: Scope, *, workers: int = 1, progress: Progress | None = None
) -> list[Checked]:
    """Judge the claims of entries; all their dishes go through one pool of processes."""
    plans = [_Plan(source, scope) for source in sources]
    jobs = (job for plan in plans for job in plan.jobs())
    dishes = sum(plan.dishes for plan in plans)
    batches = iter(run_jobs(jobs, workers=workers, progress=progress, dishes=dishes))
    return [plan.conclude(batches) for plan in plans]


class _Plan:
    """What is to be run for one entry. Its own arms are compiled at once, so that mistakes are told before any run."""

    def __init__(self, source: Source, scope: Scope) -> None:
        self.experiment = source.experiment if isinstance(source, ExperimentFile) else source
        self.scope = scope
        self.claims = _chosen(self.experiment, scope)
        self.arms = arms_of(self.experiment, self.claims)
        self.models = {arm: compile_arm(source, arm, scope.tier) for arm in self.arms}
        self.ways = list(ways_of(self.experiment, self.claims)) if scope.ways else []
        refuse_unknown(self.experiment, scope.estimates)
        paths: Sequence[str] = scope.estimates
        if not paths and scope.sweep != "none":
            paths = estimates_to_sweep(self.experiment, every=scope.sweep == "all")
        self.changes = [(path, factor) for path in paths for factor in FACTORS]
        self.swept: list[str] = []
        self.refused: list[str] = []

    @property
    def dishes(self) -> int:
        """Number of dishes, at most."""
        arms = len(self.arms) * (1 + len(self.changes)) + sum(len(way.arms) for way in self._ways_to_run())
        return arms * self.scope.seeds

    def jobs(self) -> Iterator[Job]:
        """Yield the entry itself, its ways of signalling, and each estimate halved and doubled."""
        readouts = readouts_of(self.experiment, self.claims)
        yield self._job(self.models, readouts)
        for way in self._ways_to_run():
            models = {arm: compile_arm(way.experiment, arm, self.scope.tier) for arm in way.arms if way.experiment}
            yield self._job(models, tuple(readouts_of(None, way.claims)))
        for path, factor in self.changes:
            name = f"{path} x{factor:g}"
            try:
                changed = scaled(self.experiment, path, factor)
                models = {arm: compile_arm(changed, arm, self.scope.tier) for arm in self.arms}
            except UnknownIdError:
                raise
            except RequestError:
                self.refused.append(name)
                continue
            self.swept.append(name)
            yield self._job(models, readouts)

    def conclude(self, batches: Iterator[Batch]) -> Checked:
        """Take the batches of the jobs, in their order, and judge."""
        used = [next(batches)]
        base = used[0]
        verdicts = judge_claims(self.experiment, self.claims, base)
        ways: list[WayVerdict] = []
        for way in self.ways:
            if way in self._ways_to_run():
                used.append(next(batches))
            batch = base if way.experiment is None else used[-1]
            found = judge_claims(way.experiment or self.experiment, way.claims, batch) if way.claims else ()
            ways += [WayVerdict(way=way.way, load=way.load, verdict=v) for v in (*found, *way.impossible)]
        if (signalling := self.experiment.signalling) is not None:
            ways = list(in_order(signalling, ways))
        by_change = {}
        for name in self.swept:
            used.append(next(batches))
            by_change[name] = judge_claims(self.experiment, self.claims, used[-1])
        return Checked(
            entry=self.experiment.id,
            verdicts=verdicts,
            batch=base,
            scope=self.scope,
            ways=tuple(ways),
            changes=find_sensitive(verdicts, by_change),
            swept=tuple(self.swept),
            refused=tuple(self.refused),
            dishes=sum(batch.dishes for batch in used),
            cpu_s=sum(batch.cpu_s for batch in used),
        )

    def _ways_to_run(self) -> list[WayOfEntry]:
        return [way for way in self.ways if way.experiment is not None and way.arms]

    def _job(self, models: dict[str, Model], readouts: Iterable[str]) -> Job:
        return Job(models=models, seeds=range(1, self.scope.seeds + 1), readouts=tuple(readouts))


def judge_claims(experiment: Experiment, claims: Iterable[Claim], batch: Batch) -> tuple[Verdict, ...]:
    """Return the verdicts on `claims` from the dishes of a batch."""
    values = batch.values()
    units = {name: find_observable(name).observable.unit for arm in values.values() for name in arm}
    return judge_all(experiment, values, claims=claims, units=units)


def _chosen(experiment: Experiment, scope: Scope) -> list[Claim]:
    known = [claim.id for claim in experiment.claims]
    for name in scope.claims:
        if name not in known:
            raise UnknownIdError(f"claim of {experiment.id}", name, known)
    return [
        claim
        for claim in experiment.claims
        if (claim.id in scope.claims if scope.claims else scope.tier == "full" or claim.tier == "fast")
    ]


def arms_of(experiment: Experiment, claims: Iterable[Claim]) -> list[str]:
    """Return the arms that the claims need, in the order of the entry, with the control."""
    needed: Collection[str] = {
        experiment.control.id,
        *(arm for claim in claims if claim.comparison is not None for arm in claim.comparison.arms),
        *(claim.discriminating_arm for claim in claims if claim.discriminating_arm is not None),
    }
    return [arm.id for arm in experiment.arms if arm.id in needed]


def readouts_of(experiment: Experiment | None, claims: Iterable[Claim]) -> tuple[str, ...]:
    """Return what the entry wants to see, if it is given, and what the claims need."""
    needed = dict.fromkeys(experiment.readouts if experiment is not None else ())
    for claim in claims:
        if claim.comparison is not None:
            needed |= dict.fromkeys(claim.comparison.readouts)
    return tuple(needed)


def compile_arm(source: Source, arm: str, tier: str) -> Model:
    """Return an arm ready to run; in the fast tier its dish has at most 60 cells."""
    model = compile_experiment(source, arm)
    if tier == "full" or model.tracks is not None:
        return model
    dish = model.experiment.dish.model_copy(update={"cells": min(FAST_CELLS, model.experiment.dish.cells)})
    return replace(model, experiment=model.experiment.model_copy(update={"dish": dish}))
