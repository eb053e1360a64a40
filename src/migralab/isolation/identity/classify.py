"""Class probabilities of every row, their intervals, and how far each marker moved them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from migralab.core.errors import RequestError
from migralab.isolation.identity.belief import Belief, Feature, believe
from migralab.isolation.identity.panel import Panel
from migralab.spec.experiment import nearest

Floats = NDArray[np.float64]
Watch = Callable[[int, int], None]

TEMPER = 0.7
"""Exponent on the likelihood of all markers together: markers of one vesicle rise and fall together, so ten of them
are worth fewer. Calibrated on simulated mixtures, development seeds only (docs/theory/identification.md)."""
DRAWS = 200
ENDS = (0.025, 0.975)
ORDER = ("to_cell", "intensity", "to_fibre", "present")
"""Of several quantities of one marker in a row the first that the panel states anything of is used."""
_ROWS_AT_ONCE = 500


@dataclass(frozen=True)
class Readings:
    """What was measured.

    Parameters
    ----------
    ids
        (n,) names of the rows.
    features
        In the order of the columns.
    values
        (n, features) on the scale of each feature (log2 but for density); NaN where missing, -inf for nothing seen.
    notes
        What was done to read them.
    """

    ids: NDArray[np.str_]
    features: tuple[Feature, ...]
    values: Floats
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Classified:
    """Probabilities and evidence.

    Parameters
    ----------
    classes
        Their keys.
    probability, low, high
        (n, classes), with the 95 % interval from what is not known of the panel.
    support
        (n,) share of the drawn panels in which the most probable class stays so; NaN without draws.
    log_likelihood
        (n, features, classes), tempered and shared among markers of one group, natural logarithm; 0 where a feature is
        missing or not used.
    used
        (n, features): which counted.
    belief
        The laws they come from.
    """

    classes: tuple[str, ...]
    probability: Floats
    low: Floats
    high: Floats
    support: Floats
    log_likelihood: Floats
    used: NDArray[np.bool_]
    belief: Belief

    @property
    def best(self) -> NDArray[np.intp]:
        """(n,) the most probable class."""
        return np.asarray(self.probability.argmax(axis=1))

    @property
    def second(self) -> NDArray[np.intp]:
        """(n,) the runner-up."""
        return np.asarray(np.argsort(self.probability, axis=1, kind="stable")[:, -2])

    def bits(self) -> Floats:
        """Return how far each feature moved the best class away from the runner-up, (n, features) in bits."""
        rows = np.arange(len(self.probability))
        gained = self.log_likelihood[rows, :, self.best] - self.log_likelihood[rows, :, self.second]
        return np.asarray(gained / np.log(2))


def read_prior(prior: Mapping[str, float] | None, panel: Panel) -> Floats:
    """Return the prior probabilities in the order of the panel; flat where none is given.

    Raises
    ------
    RequestError
        If a class is unknown, a number negative or not finite, or they do not sum to 1.
    """
    classes = list(panel.classes)
    if prior is None:
        return np.full(len(classes), 1 / len(classes))
    for name, value in prior.items():
        if name not in classes:
            raise RequestError(f"the prior names a class '{name}'. {nearest(name, classes)}")
        if not 0 <= value <= 1:
            raise RequestError(f"the prior of {name} is {value:g}. A probability lies between 0 and 1.")
    total = sum(prior.values())
    if abs(total - 1) > 1e-6:
        rest = [name for name in classes if name not in prior]
        missing = f" Classes without a number: {', '.join(rest)}." if rest else ""
        raise RequestError(
            f"the prior sums to {total:g}, not to 1.{missing} Give numbers that sum to 1; a class that is left out "
            "is taken as not there."
        )
    if sum(value > 0 for value in prior.values()) < 2:
        raise RequestError(
            "the prior leaves one class, so that every row would be called it whatever was measured. Give at least two "
            f"classes a probability above 0. Classes: {', '.join(classes)}."
        )
    return np.array([prior.get(name, 0.0) for name in classes])


def classify(
    readings: Readings, panel: Panel, prior: Floats, *, temper: float = TEMPER, draws: int = DRAWS,
    watch: Watch | None = None,
) -> Classified:  # fmt: skip
    """Return class probabilities by Bayes' rule over features taken as independent, tempered (eq-identity-classes).

    Parameters
    ----------
    prior
        (classes,) summing to 1.
    temper
        Exponent on the likelihood, in (0, 1].
    draws
        Panels that are drawn for the intervals; 0 leaves them NaN.
    watch
        Told how many rows are done, of how many.
    """
    belief = believe(panel, readings.features)
    used = _choose(readings, belief)
    values = np.where(used, readings.values, np.nan)
    n, k = len(values), len(belief.classes)
    likelihood = np.zeros((n, len(belief.features), k))
    weight = temper * _share(used, belief)
    for place in range(len(belief.features)):
        likelihood[:, place] = weight[:, place, None] * belief.log_density(place, values[:, place])
    with np.errstate(divide="ignore"):
        start = np.log(prior)
    probability = special.softmax(likelihood.sum(axis=1) + start, axis=1)
    low, high, support = np.full((n, k), np.nan), np.full((n, k), np.nan), np.full(n, np.nan)
    best = probability.argmax(axis=1)
    if draws:
        drawn = [belief.draw(place, draws) for place in range(len(belief.features))]
        for first in range(0, n, _ROWS_AT_ONCE):
            rows = slice(first, first + _ROWS_AT_ONCE)
            total = np.zeros((len(values[rows]), draws, k)) + start
            for place, own in enumerate(drawn):
                total += weight[rows, place, None, None] * belief.log_density_given(place, values[rows, place], own)
            support[rows] = (total.argmax(axis=2) == best[rows, None]).mean(axis=1)
            low[rows], high[rows] = np.quantile(special.softmax(total, axis=2), ENDS, axis=1)
            # The integrated value can lie outside the quantiles of a lopsided law; the interval must hold it
            low[rows], high[rows] = np.minimum(low[rows], probability[rows]), np.maximum(high[rows], probability[rows])
            if watch:
                watch(min(first + _ROWS_AT_ONCE, n), n)
    return Classified(belief.classes, probability, low, high, support, likelihood, used, belief)


def _share(used: NDArray[np.bool_], belief: Belief) -> Floats:
    """Return the part of a vote that each value has, (n, features): markers of one group have one together."""
    share = np.ones(used.shape)
    for group in {name for name in belief.groups if name}:
        own = np.array([name == group for name in belief.groups])
        share[:, own] /= np.maximum(used[:, own].sum(axis=1, keepdims=True), 1)
    return share


def _choose(readings: Readings, belief: Belief) -> NDArray[np.bool_]:
    """Return which values count: of each marker the first quantity with a statement, so that none counts twice."""
    seen = ~np.isnan(readings.values)
    used = seen & belief.stated.any(axis=1)
    for marker in {feature.marker for feature in readings.features if feature.marker}:
        taken = np.zeros(len(seen), bool)
        for quantity in ORDER:
            for place, feature in enumerate(readings.features):
                if feature == Feature(marker, quantity):
                    used[:, place] &= ~taken
                    taken |= used[:, place]
    return used
