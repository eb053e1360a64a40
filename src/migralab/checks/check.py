"""Entry -> verdicts: run every arm that a claim needs with every seed, measure, judge; and sweep the estimates."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from migralab.checks.evaluate import judge
from migralab.checks.table import VerdictChange, find_sensitive
from migralab.checks.verdict import LEAST_SEEDS, Verdict
from migralab.core.errors import UnknownIdError
from migralab.measure.registry import find_observable
from migralab.simulation.batch import Batch, run_batch
from migralab.simulation.compile import Model, compile_experiment
from migralab.spec.change import scale_parameter
from migralab.spec.claim import Claim
from migralab.spec.experiment import Experiment
from migralab.spec.loader import ExperimentFile
from migralab.spec.pool import estimates_in

Progress = Callable[[int, int], None]
FAST_CELLS = 60  # cells a dish in the fast tier
FACTORS = (0.5, 2.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """Verdicts of an entry and the dishes they rest on.

    Parameters
    ----------
    verdicts
        In the order of the claims.
    batch
        Readouts of every dish.
    changes
        Verdicts that change when an estimate is halved or doubled; empty if nothing was swept.
    swept
        Names of the changes that were tried.
    """

    entry: str
    verdicts: tuple[Verdict, ...]
    batch: Batch
    changes: tuple[VerdictChange, ...] = ()
    swept: tuple[str, ...] = ()


def check(
    source: ExperimentFile | Experiment,
    *,
    seeds: int = LEAST_SEEDS,
    tier: str = "fast",
    workers: int = 1,
    progress: Progress | None = None,
) -> Checked:
    """Judge the claims of an entry.

    Parameters
    ----------
    seeds
        Dishes per arm; below 20 no sign is judged.
    tier
        ``fast`` judges the claims of that tier on dishes of 60 cells, ``full`` all of them on dishes as written.
    workers
        Processes.
    """
    experiment = source.experiment if isinstance(source, ExperimentFile) else source
    claims = [c for c in experiment.claims if tier == "full" or c.tier == "fast"]
    models = {arm: _model(source, arm, tier) for arm in _arms(experiment, claims)}
    batch = run_batch(models, range(1, seeds + 1), _readouts(experiment, claims), workers=workers, progress=progress)
    return Checked(entry=experiment.id, verdicts=judge_claims(experiment.id, claims, batch), batch=batch)


def judge_claims(entry: str, claims: Iterable[Claim], batch: Batch) -> tuple[Verdict, ...]:
    """Return the verdicts on `claims` from the dishes of a batch."""
    values = batch.values()
    units = {name: find_observable(name).observable.unit for arm in values.values() for name in arm}
    return tuple(judge(entry, claim, values, units=units) for claim in claims)


def _arms(experiment: Experiment, claims: Sequence[Claim]) -> list[str]:
    """Return the arms that the claims need, the control first."""
    needed = {experiment.control.id: None}
    for claim in claims:
        if claim.comparison is not None and claim.grade != "T3":
            needed |= dict.fromkeys(claim.comparison.arms)
        if claim.discriminating_arm is not None:
            needed[claim.discriminating_arm] = None
    return [arm.id for arm in experiment.arms if arm.id in needed]


def _readouts(experiment: Experiment, claims: Sequence[Claim]) -> tuple[str, ...]:
    """Return what the entry wants to see and what its claims need."""
    needed = dict.fromkeys(experiment.readouts)
    for claim in claims:
        if claim.comparison is not None:
            needed |= dict.fromkeys(claim.comparison.readouts)
    return tuple(needed)


def _model(source: ExperimentFile | Experiment, arm: str, tier: str) -> Model:
    model = compile_experiment(source, arm)
    if tier == "full" or model.tracks is not None:
        return model
    dish = model.experiment.dish.model_copy(update={"cells": min(FAST_CELLS, model.experiment.dish.cells)})
    return replace(model, experiment=model.experiment.model_copy(update={"dish": dish}))


def estimates_to_sweep(experiment: Experiment) -> list[str]:
    """Return the parameters of the control arm that are estimates with a stated range: those that may matter.

    Detection limits of pools are always among them: what is seen first hangs on them.
    """
    resolved = compile_experiment(experiment).experiment
    return [
        f"{mechanism}.{name}"
        for mechanism, parameters in resolved.mechanisms.items()
        for name, p in parameters.items()
        if p.low is not None and p.source.tag in ("E", "C")
    ] + list(estimates_in(resolved.pools))


def sweep(
    source: ExperimentFile | Experiment,
    base: Checked,
    *,
    estimates: Sequence[str] | None = None,
    tier: str = "fast",
    workers: int = 1,
    progress: Progress | None = None,
) -> Checked:
    """Halve and double each estimate in every arm, judge again, and list the verdicts that change.

    An arm that sets the parameter itself is scaled with it: half the speed stays half the speed.
    """
    experiment = source.experiment if isinstance(source, ExperimentFile) else source
    claims = [c for c in experiment.claims if tier == "full" or c.tier == "fast"]
    known = estimates_to_sweep(experiment)
    for path in estimates or ():
        if path not in known:
            raise UnknownIdError("estimate with a range", path, known)
    changes = [(path, factor) for path in estimates or known for factor in FACTORS]
    seeds, by_change = base.batch.seeds, {}
    total = len(changes) * len(_arms(experiment, claims)) * len(seeds)
    for index, (path, factor) in enumerate(changes):
        changed = _scaled(experiment, path, factor)
        models = {arm: _model(changed, arm, tier) for arm in _arms(experiment, claims)}
        done = index * len(models) * len(seeds)

        def onward(count: int, _: int, done: int = done) -> None:
            if progress is not None:
                progress(done + count, total)

        batch = run_batch(models, seeds, _readouts(experiment, claims), workers=workers, progress=onward)
        by_change[f"{path} x{factor:g}"] = judge_claims(experiment.id, claims, batch)
    return replace(base, changes=find_sensitive(base.verdicts, by_change), swept=tuple(by_change))


def _scaled(experiment: Experiment, path: str, factor: float) -> Experiment:
    resolved = compile_experiment(experiment).experiment
    mechanism, _, name = path.rpartition(".")
    pooled = estimates_in(resolved.pools).get(path)
    return scale_parameter(experiment, path, factor, pooled or resolved.mechanisms[mechanism][name])
