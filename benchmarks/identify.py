"""`python -m benchmarks.identify [--develop | --gradients]`: calibration and AUC of `migralab identify`.

Laboratories are simulated by `benchmarks.identify_simulator`. The numbers of the classifier were chosen on the
development seeds; the verdict is on other seeds, which nothing was chosen on. How many verdicts there were, and why:
docs/theory/identification.md.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from benchmarks.identify_simulator import Statements, World, simulate_gradient, simulate_laboratory
from migralab.isolation.identity.classify import TEMPER, classify, read_prior
from migralab.isolation.identity.columns import read_vesicles
from migralab.isolation.identity.fractions import read_fractions, unmix
from migralab.isolation.identity.read import shipped_panel
from migralab.isolation.identity.rules import NO_CALL, call_rows

DEVELOPMENT = range(1, 121)
VERDICT = range(40_001, 40_201)
BETWEEN = (0.1, 0.95)  # of the probability of a class: vesicles of which it is neither nearly sure nor nearly out
BINS = 10
RESAMPLES = 500


@dataclass(frozen=True)
class Judged:
    """What the classifier said of the vesicles of many laboratories."""

    probability: np.ndarray  # (n, classes)
    truth: np.ndarray  # (n,)
    called: np.ndarray  # (n,) class or -1
    laboratory: np.ndarray  # (n,)


def judge(
    seeds: Sequence[int], world: World, temper: float = TEMPER, *, draws: int = 100, said: bool = False
) -> Judged:
    """Classify the vesicles of one laboratory for each seed; `said`: with the shares of the classes as prior."""
    panel, statements = shipped_panel(), Statements()
    shares = dict(zip(panel.classes, world.weights, strict=True)) if said and world.weights else None
    prior = read_prior(shares, panel)
    parts: list[tuple[np.ndarray, ...]] = []
    for seed in seeds:
        table, truth = simulate_laboratory(seed, statements, world)
        readings = read_vesicles(table, panel, f"laboratory {seed}")
        found = classify(readings, panel, prior, temper=temper, draws=draws)
        calls = call_rows(readings, found, panel, prior) if draws else []
        called = [-1 if one.call == NO_CALL else found.classes.index(one.call) for one in calls] or [-1] * len(truth)
        parts.append((found.probability, truth, np.array(called), np.full(len(truth), seed)))
    return Judged(*(np.concatenate(own) for own in zip(*parts, strict=True)))


def calibration_error(said: np.ndarray, true: np.ndarray) -> float:
    """Return the mean distance of what is said from how often it is true, over ten bins, weighted by their size."""
    place = np.minimum((said * BINS).astype(int), BINS - 1)
    count = np.bincount(place, minlength=BINS)
    gap = np.abs(np.bincount(place, said, BINS) - np.bincount(place, true, BINS))
    return float(gap.sum() / count.sum())


def top_error(own: Judged) -> float:
    """Calibration error of the probability of the most probable class."""
    best = own.probability.argmax(axis=1)
    return calibration_error(own.probability.max(axis=1), best == own.truth)


def class_error(own: Judged) -> float:
    """Calibration error of the probabilities of all classes."""
    true = own.truth[:, None] == np.arange(own.probability.shape[1])
    return calibration_error(own.probability.ravel(), true.ravel())


def worst_error(own: Judged) -> float:
    """Largest calibration error of the probability of any one class, over all vesicles."""
    return max(calibration_error(own.probability[:, k], own.truth == k) for k in range(own.probability.shape[1]))


def migrasome_error(own: Judged) -> float:
    """Calibration error of the probability of a migrasome, over all vesicles."""
    return calibration_error(own.probability[:, 0], own.truth == 0)


def between_error(place: int) -> Callable[[Judged], float]:
    """Return the calibration error of one class over the vesicles of which it is unsure, as a function."""

    def measured(own: Judged) -> float:
        said = own.probability[:, place]
        rows = (said > BETWEEN[0]) & (said < BETWEEN[1])
        return calibration_error(said[rows], own.truth[rows] == place) if rows.any() else np.nan

    return measured


def called_error(own: Judged) -> float:
    """Calibration error of the class that was called, over called vesicles."""
    rows = own.called >= 0
    said = own.probability[rows, own.called[rows]]
    return calibration_error(said, own.called[rows] == own.truth[rows]) if rows.any() else np.nan


def right_calls(own: Judged) -> float:
    """Share of calls that are right."""
    rows = own.called >= 0
    return float((own.called[rows] == own.truth[rows]).mean()) if rows.any() else np.nan


def area(place: int) -> Callable[[Judged], float]:
    """Return the area under the ROC curve of one class against the rest, as a function."""

    def measured(own: Judged) -> float:
        true = own.truth == place
        ranks = rankdata(own.probability[:, place])
        inside = true.sum()
        return float((ranks[true].sum() - inside * (inside + 1) / 2) / (inside * (~true).sum()))

    return measured


def with_interval(own: Judged, measure: Callable[[Judged], float], seed: int = 1) -> tuple[float, float, float]:
    """Return a measure with its 95 % interval over laboratories drawn anew."""
    rng = np.random.default_rng(seed)
    names = np.unique(own.laboratory)
    rows = {name: np.flatnonzero(own.laboratory == name) for name in names}
    found = []
    for _ in range(RESAMPLES):
        taken = np.concatenate([rows[name] for name in rng.choice(names, len(names))])
        found.append(
            measure(Judged(own.probability[taken], own.truth[taken], own.called[taken], own.laboratory[taken]))
        )
    return measure(own), *np.nanquantile(found, (0.025, 0.975))


RARE = (0.05, 0.55, 0.2, 0.1, 0.05, 0.05)
MEASURES = {
    "ECE top, all": top_error, "ECE classes, all": class_error, "ECE worst class": worst_error,
    "ECE migrasome": migrasome_error, "ECE, called": called_error, "calls right": right_calls,
}  # fmt: skip
WORLDS = {
    "as assumed": World(), "noise of a measurement doubled": World(noise=1.0),
    "load of a vesicle doubled": World(load=1.4), "one marker lies in each laboratory": World(liar=True),
    "half of all antibodies cross-react": World(cross=0.5), "half of the values missing": World(missing=0.5),
    "a third of all statements do not hold": World(wrong=1 / 3),
    "one in twenty is a migrasome, prior flat": World(weights=RARE),
    "one in twenty is a migrasome, prior said": World(weights=RARE),
}  # fmt: skip


def choose_temper() -> None:
    """Print log loss and calibration for several exponents, on the development seeds."""
    for temper in (0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 1.0, 1.1):
        own = judge(DEVELOPMENT, World(), temper, draws=0)
        loss = -np.log(own.probability[np.arange(len(own.truth)), own.truth]).mean()
        print(
            f"temper {temper}: log loss {loss:.4f}, top {top_error(own):.4f}, classes {class_error(own):.4f}",
            flush=True,
        )


def verdict(seeds: Sequence[int] = VERDICT) -> None:
    """Print the table of the theory page."""
    panel = shipped_panel()
    print(f"seeds {seeds[0]}-{seeds[-1]}, exponent {TEMPER}, {len(seeds)} laboratories")
    for name, world in WORLDS.items():
        own = judge(seeds, world, said="said" in name)
        print(f"{name}: {len(own.truth)} vesicles, {np.mean(own.called >= 0):.1%} called")
        for word, measure in MEASURES.items():
            value, low, high = with_interval(own, measure)
            print(f"  {word:<18} {value:.1%} ({low:.1%} to {high:.1%})", flush=True)
        for place, key in enumerate(panel.classes):
            value, low, high = with_interval(own, between_error(place))
            share = np.mean((own.probability[:, place] > BETWEEN[0]) & (own.probability[:, place] < BETWEEN[1]))
            print(f"  ECE unsure {key:<14} {value:.1%} ({low:.1%} to {high:.1%}), {share:.0%} of the vesicles")
            value, low, high = with_interval(own, area(place))
            rows = own.called == place
            right = f"{int((own.truth[rows] == place).sum())} of {int(rows.sum())} calls right"
            print(f"  AUC {key:<14} {value:.3f} ({low:.3f} to {high:.3f}), {right}", flush=True)


def judge_gradients(seeds: Sequence[int] = VERDICT) -> None:
    """Print how well the shares and places of classes in gradients are found."""
    panel, statements = shipped_panel(), Statements()
    held, apart, inside, right, calls, fractions = [], [], [], 0, 0, 0
    for seed in seeds:
        table, amounts = simulate_gradient(seed, statements)
        found = unmix(read_fractions(table, panel, f"gradient {seed}"), panel)
        for name in ("migrasome", "exosome"):
            k, own = found.classes.index(name), amounts[:, list(panel.classes).index(name)]
            true = own / own.sum()
            apart.append(abs((found.profile[:, k] - true) @ np.arange(9)))
            held.append(int(found.profile[:, k].argmax() == true.argmax()))
            inside.append(np.mean((found.profile_low[:, k] <= true + 0.02) & (found.profile_high[:, k] >= true - 0.02)))
        largest = [list(panel.classes)[k] for k in amounts.argmax(axis=1)]
        pairs = [(call, truth) for call, truth in zip(found.calls, largest, strict=True) if call != NO_CALL]
        calls, right, fractions = calls + len(pairs), right + sum(a == b for a, b in pairs), fractions + len(largest)
    print(
        f"{len(seeds)} gradients: peak in the right fraction {np.mean(held):.1%}, in the interval {np.mean(inside):.1%}"
    )
    print(
        f"  centre of a band off by {np.median(apart):.2f} fractions (nine of ten below {np.quantile(apart, 0.9):.2f})"
    )
    print(f"  {calls} of {fractions} fractions called, {right} by their largest class", flush=True)


def main() -> None:
    if "--develop" in sys.argv:
        choose_temper()
        return
    if "--gradients" not in sys.argv:
        verdict()
    judge_gradients()


if __name__ == "__main__":
    main()
