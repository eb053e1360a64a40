"""Which experiment tells two explanations apart: every arm under both, and the replicates that a laboratory needs.

An arm's effect is its readout against that of its reference arm, as a log ratio. Where a dish has 0, half of the
smallest value above 0 is added to every dish: so an arm that has nothing under one account keeps its place. Only
readouts that can be negative are compared by differences. Two explanations expect two effects. How many replicates
tell which is seen follows from the noncentral t distribution, two-sided at 5 %, with 80 % power.
An arm with 0 in every dish under one account, and more in every dish under the other, is **all or nothing**: two or
three dishes decide, and it comes first.

Two designs, between which a laboratory lies. *Dishes on their own*: every dish of the arm and of its reference is an
experiment of its own, with its own experiment effect. *Paired*: arm and reference of one seed. The simulated pair
shares more than a real one (chance of the same cells, not only the experiment), so its number is a lower bound.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit
from scipy.stats import nct

from migralab.checks.check import compile_arm, readouts_of
from migralab.checks.estimate import Estimate, estimate_mean, estimate_ratio
from migralab.checks.verdict import LEAST_SEEDS
from migralab.core.errors import RequestError
from migralab.measure.registry import find_observable
from migralab.simulation.batch import Job, run_jobs
from migralab.spec.arms.variant import find_variant, variants_of
from migralab.spec.change import apply_variant, impossible_arms
from migralab.spec.claim import LEAST_EFFECT
from migralab.spec.experiment import Experiment

Floats = NDArray[np.float64]
Values = Mapping[str, Mapping[str, Floats]]
POWER, ALPHA = 0.8, 0.05
MOST_REPLICATES = 10_000  # more are as good as never
MOST_IF_NOTHING = 3  # dishes that decide between nothing and something; a single one could be a mishap
MOST_MISSING = 0.1  # as for claims: dishes without a value are not a random choice of dishes


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """One arm and one readout: what each explanation expects of it, and what it takes to see which is right.

    Parameters
    ----------
    arm, label, against, proposed
        The arm, the arm it is compared with, and whether no paper has it yet.
    readout, unit, scale
        What is measured; ``log-ratio``, ``log-ratio-with-zeros`` or ``difference`` (in `unit`).
    expected
        By explanation: the ratio to the reference, or the difference from it, with its interval.
    difference
        Between the explanations: of the log ratios, or of the differences, paired by seed.
    sd, sd_paired
        Standard deviation between dishes: of one dish (of the arm and of its reference, pooled), and of the effect
        of a pair. Each explanation with its own, joined as Welch does (root of the mean variance).
    replicates, replicates_paired
        Dishes of the arm, and as many of its reference, for 80 % power; None beyond 10,000.
    separates
        Whether the explanations differ by more than chance, all comparisons together, and by a fifth at least.
    all_or_nothing
        Whether the arm has 0 in every dish under one explanation, and more in every dish under the other.
    """

    arm: str
    label: str
    against: str
    proposed: bool
    readout: str
    unit: str
    scale: str
    expected: dict[str, Estimate]
    difference: Estimate
    sd: float
    sd_paired: float
    replicates: int | None
    replicates_paired: int | None
    separates: bool
    all_or_nothing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestions:
    """Arms and readouts, the best first; `impossible` says which arms cannot be done, and why.

    `skipped` has what too few seeds have a value of. `identical` says that every dish of every arm is the same under
    both explanations; `apart_in_control` names the readouts in which the control itself tells them apart.
    """

    entry: str
    between: tuple[str, str]
    seeds: int
    rows: tuple[Suggestion, ...]
    impossible: dict[str, str]
    skipped: tuple[str, ...] = ()
    identical: bool = False
    apart_in_control: tuple[str, ...] = ()
    dishes: int = 0


def suggest(
    experiment: Experiment,
    *,
    between: tuple[str, str] | None = None,
    seeds: int = LEAST_SEEDS,
    readouts: Sequence[str] = (),
    tier: str = "fast",
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Suggestions:
    """Run every arm under two explanations and rank what tells them apart.

    Parameters
    ----------
    between
        Names of explanations or ways of signalling; by default the first two of the entry.
    readouts
        Instead of those that the claims of the entry use.

    Raises
    ------
    RequestError
        If the entry has no two explanations.
    """
    pairs = [choose(experiment, between)]
    (found,) = suggest_each(
        experiment, pairs, seeds=seeds, readouts=readouts, tier=tier, workers=workers, progress=progress
    )
    return found


def suggest_each(
    experiment: Experiment,
    pairs: Sequence[tuple[str, str]],
    *,
    seeds: int = LEAST_SEEDS,
    readouts: Sequence[str] = (),
    tier: str = "fast",
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> list[Suggestions]:
    """Return the suggestions for several pairs of explanations, each of which is run once; see `suggest`."""
    wanted = _readouts(experiment, readouts)
    arms = [arm.id for arm in experiment.arms]
    names = tuple(dict.fromkeys(name for pair in pairs for name in pair))
    variants = {name: find_variant(experiment, name) for name in names}
    cannot = {name: impossible_arms(experiment, variant) for name, variant in variants.items()}
    jobs = [
        Job(
            models={arm: compile_arm(changed, arm, tier) for arm in arms if arm not in cannot[name]},
            seeds=range(1, seeds + 1),
            readouts=wanted,
        )
        for name, changed in ((name, apply_variant(experiment, variants[name])) for name in names)
    ]
    batches = run_jobs(jobs, workers=workers, progress=progress, dishes=sum(job.dishes for job in jobs))
    values = dict(zip(names, (batch.values() for batch in batches), strict=True))
    dishes = dict(zip(names, (batch.dishes for batch in batches), strict=True))
    found = []
    for pair in pairs:
        own: dict[str, Values] = {name: values[name] for name in pair}
        impossible = {arm: f"not under {name}: {why}" for name in pair for arm, why in cannot[name].items()}
        possible = [arm for arm in arms if arm not in impossible]
        rows, skipped = compare(experiment, own, possible, wanted)
        found.append(
            Suggestions(
                entry=experiment.id,
                between=pair,
                seeds=seeds,
                rows=rank(rows),
                impossible=impossible,
                skipped=tuple(skipped),
                identical=are_identical(own, possible, wanted),
                apart_in_control=tuple(_apart_in(experiment.control.id, own, wanted)),
                dishes=sum(dishes[name] for name in pair),
            )
        )
    return found


def are_identical(values: Mapping[str, Values], arms: Iterable[str], readouts: Sequence[str]) -> bool:
    """Return whether every dish of every arm has the same value under both explanations."""
    first, second = values.values()
    return all(np.array_equal(first[arm][name], second[arm][name], equal_nan=True) for arm in arms for name in readouts)


def _apart_in(arm: str, values: Mapping[str, Values], readouts: Iterable[str]) -> Iterator[str]:
    """Yield the readouts whose mean in this arm differs between the explanations by a fifth at least, and clearly."""
    first, second = values.values()
    for name in readouts:
        one, two = np.asarray(first[arm][name]), np.asarray(second[arm][name])
        kept = np.isfinite(one) & np.isfinite(two)
        gap = estimate_mean(one[kept] - two[kept])
        size = max(abs(one[kept].mean()), abs(two[kept].mean())) if kept.any() else 0.0
        if gap.n > 1 and (gap.low > 0 or gap.high < 0) and abs(gap.value) >= LEAST_EFFECT * size:
            yield name


def choose(experiment: Experiment, between: tuple[str, str] | None) -> tuple[str, str]:
    """Return the names of the two explanations, or say that there are no two."""
    known = list(variants_of(experiment))
    if len(known) < 2:
        has = f"only '{known[0]}'" if known else "none"
        raise RequestError(
            f"{experiment.id} has {has} to be told apart: a suggestion needs two explanations "
            "(explanations: in its file)."
        )
    first, second = between or (known[0], known[1])
    if first == second:
        raise RequestError(f"--between {first} {second}: name two different explanations.")
    for name in (first, second):
        find_variant(experiment, name)
    return first, second


def _readouts(experiment: Experiment, asked: Sequence[str]) -> tuple[str, ...]:
    if asked:
        for readout in asked:
            find_observable(readout)
        return tuple(dict.fromkeys(asked))
    used = readouts_of(None, experiment.claims)
    if not used:
        raise RequestError(f"No claim of {experiment.id} compares a readout; name one with --readout.")
    return used


def compare(
    experiment: Experiment, values: Mapping[str, Values], arms: Iterable[str], readouts: Iterable[str]
) -> tuple[list[Suggestion], list[str]]:
    """Return every arm against its reference in every readout, and what has too few values to be compared.

    Parameters
    ----------
    values
        By explanation, arm and readout: one array over seeds.
    """
    possible, rows, few = list(arms), [], dict[str, list[str]]()
    pairs = [(experiment.arm(name), experiment.reference_of(name).id) for name in possible]
    pairs = [(arm, reference) for arm, reference in pairs if not arm.control and reference in possible]
    readouts = tuple(readouts)
    for arm, reference in pairs:
        for readout in readouts:
            samples = np.stack([[own[name][readout] for name in (arm.id, reference)] for own in values.values()])
            kept = np.asarray(np.isfinite(samples).all(axis=(0, 1)))
            if kept.sum() < max(2, (1 - MOST_MISSING) * len(kept)):
                few.setdefault(readout, []).append(f"{arm.id} ({kept.sum()} of {len(kept)} seeds)")
                continue
            found = _separate(samples[:, :, kept], len(pairs) * len(readouts))
            needed = [
                replicates(abs(found.difference.value), sd, groups=n) for sd, n in ((found.sd, 2), (found.sd_paired, 1))
            ]
            if found.all_or_nothing:
                needed = [MOST_IF_NOTHING if n is None else min(n, MOST_IF_NOTHING) for n in needed]
            rows.append(
                Suggestion(
                    arm=arm.id,
                    label=arm.label,
                    against=reference,
                    proposed=arm.proposed,
                    readout=readout,
                    unit=find_observable(readout).observable.unit,
                    scale=found.scale,
                    expected=dict(zip(values, found.expected, strict=True)),
                    difference=found.difference,
                    sd=found.sd,
                    sd_paired=found.sd_paired,
                    replicates=needed[0],
                    replicates_paired=needed[1],
                    separates=found.separates,
                    all_or_nothing=found.all_or_nothing,
                )
            )
    return rows, [f"{readout} of {', '.join(own)}" for readout, own in few.items()]


def rank(rows: Iterable[Suggestion]) -> tuple[Suggestion, ...]:
    """Return the rows: all or nothing first, then the fewest replicates, a published arm before a proposed one."""

    def key(row: Suggestion) -> tuple[bool, bool, float, float, bool, float]:
        own = math.inf if row.replicates is None else row.replicates
        paired = math.inf if row.replicates_paired is None else row.replicates_paired
        return (not row.all_or_nothing, not row.separates, own, paired, row.proposed, -abs(row.difference.value))

    return tuple(sorted(rows, key=key))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    scale: str
    expected: tuple[Estimate, ...]
    difference: Estimate
    sd: float
    sd_paired: float
    separates: bool
    all_or_nothing: bool


def _separate(samples: Floats, comparisons: int) -> _Found:
    """Compare two explanations: samples of shape (explanations, arm and reference, seeds), without gaps.

    Of many comparisons one is clear by chance: what separates is clear at 5 % for all of them together.
    """
    scale, own = _scaled(samples)
    effects = own[:, 0] - own[:, 1]
    difference = estimate_mean(effects[0] - effects[1])
    if scale == "difference":
        expected = tuple(estimate_mean(effect) for effect in effects)
        least = LEAST_EFFECT * float(np.abs(effects.mean(axis=1)).max())
    else:
        expected = tuple(estimate_ratio(arm, reference) for arm, reference in samples)
        least = math.log1p(LEAST_EFFECT)
    widened = estimate_mean(effects[0] - effects[1], 1 - ALPHA / comparisons)
    clear = widened.low > 0 or widened.high < 0
    nothing = _is_all_or_nothing(samples)
    return _Found(
        scale=scale,
        expected=expected,
        difference=difference,
        sd=math.sqrt(float(own.var(axis=2, ddof=1).mean())),  # pooled over the arm and its reference, and over both
        sd_paired=math.sqrt(float(effects.var(axis=1, ddof=1).mean())),
        separates=nothing or (clear and abs(difference.value) >= least),
        all_or_nothing=nothing,
    )


def _scaled(samples: Floats) -> tuple[str, Floats]:
    """Return the scale on which dishes are compared, and the dishes on it."""
    if (samples > 0).all():
        return "log-ratio", np.log(samples)
    if (samples < 0).any() or not (samples > 0).any():
        return "difference", samples
    return "log-ratio-with-zeros", np.log(samples + samples[samples > 0].min() / 2)


def _is_all_or_nothing(samples: Floats) -> bool:
    """Whether the arm has 0 in all dishes under one explanation and in none under the other, and its reference not."""
    arm, reference = (_nothing_or_some(samples[:, index]) for index in (0, 1))
    return samples.shape[2] > 1 and arm in ((True, False), (False, True)) and reference != arm


def _nothing_or_some(dishes: Floats) -> tuple[bool | None, ...]:
    """Return by explanation: True where every dish has 0, False where none has, None for some."""
    return tuple(True if (own == 0).all() else False if (own > 0).all() else None for own in dishes)


def power(effect: float, n: int, *, groups: int) -> float:
    """Return the power of a two-sided t-test at 5 %.

    Parameters
    ----------
    effect
        Difference over the standard deviation (Cohen's d).
    n
        Replicates in a group.
    groups
        1: pairs, against a known value. 2: two groups with the same n.
    """
    freedom = groups * (n - 1)
    shift = abs(effect) * math.sqrt(n / groups)
    limit = float(stdtrit(freedom, 1 - ALPHA / 2))
    both = float(nct.sf(limit, freedom, shift)) + float(nct.cdf(-limit, freedom, shift))
    return 1.0 if math.isnan(both) and shift > limit else both  # nct gives up where nothing is left to chance


def replicates(difference: float, sd: float, *, groups: int) -> int | None:
    """Return the smallest n with a power of 80 %; None beyond 10,000, and where nothing differs.

    Parameters
    ----------
    difference, sd
        Difference to be seen, and the standard deviation between replicates.
    groups
        See `power`.
    """
    if not difference > 0 or not math.isfinite(difference):
        return None
    if sd <= 0 or difference / sd > 50:
        return 2
    effect, low, high = difference / sd, 1, 2
    while power(effect, high, groups=groups) < POWER:
        low, high = high, 2 * high
        if high > 2 * MOST_REPLICATES:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if power(effect, middle, groups=groups) >= POWER else (middle, high)
    return high if high <= MOST_REPLICATES else None
