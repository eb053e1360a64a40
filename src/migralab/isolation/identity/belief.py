"""From statements to distributions: what a class is expected to show for each feature, and how sure that is.

Every feature (a marker's intensity, a ratio, a diameter, a density) has, in each class, a normal law whose mean and
variance are not known. Statements are weighted observations of it (eq-identity-posterior): their disagreement goes
into the variance, so a marker of which papers disagree is wide and moves a call little. With mean and variance
integrated out a new value follows Student's law (eq-identity-predictive); few statements give long tails.
Theory: docs/theory/identification.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from migralab.core.random import normal_pair_array, stream_key, uniform_pair_array
from migralab.isolation.identity.document import DensityStatement, DiameterStatement, Sourced, Statement
from migralab.isolation.identity.panel import Panel

Floats = NDArray[np.float64]

CELL = "cell_body"
LEVELS: dict[str, tuple[float, float]] = {
    "strongest": (0.0, 0.7), "strong": (-0.5, 0.7), "present": (-1.5, 1.0), "weak": (-3.0, 0.7), "trace": (-5.0, 0.7),
    "absent": (-7.0, 1.0),
}  # fmt: skip
"""What a word means (E): log2 of the intensity beside the strongest lane, and its standard deviation in one class."""
TAG_WEIGHT = {
    "FTE": 1.0, "FT": 1.0, "FIG": 1.0, "D": 1.0, "ABS": 0.7, "C": 0.5, "REV": 0.5, "2ND": 0.5, "E": 0.25, "R": 0.0,
}  # fmt: skip
"""For how many statements read in a full text one of this tag counts (E)."""
DETECTION = -4.0
"""log2 of the intensity at which a band is called there: between weak and trace (E)."""
LAPSE = 0.02
"""Share of calls of presence that are wrong whatever the level (E)."""
NINE_IN_TEN = 3.29  # a range that holds 90 % of a normal law, in standard deviations


@dataclass(frozen=True, slots=True)
class Scale:
    """What is known of a quantity before any statement, and how it is measured. All E.

    Parameters
    ----------
    centre, spread
        Where an unstated class may lie, and the standard deviation within a class, in the unit of the scale.
    noise
        Standard deviation of a measurement.
    floor
        Below it a value only says that there is little.
    """

    centre: float
    spread: float
    noise: float
    floor: float


SCALES = {
    "intensity": Scale(-3.0, 0.7, 1.0, -6.0),  # log2 of the strongest lane
    "present": Scale(-3.0, 0.7, 0.0, -math.inf),
    "to_cell": Scale(0.0, 0.7, 1.0, -4.0),  # log2 of the ratio
    "to_fibre": Scale(0.0, 0.7, 1.0, -4.0),
    "diameter": Scale(-1.0, 0.7, 0.2, -math.inf),  # log2 of um
    "density_iodixanol": Scale(1.09, 0.02, 0.005, -math.inf),  # g/ml
    "density_sucrose": Scale(1.12, 0.02, 0.005, -math.inf),
}
DENSITIES = {"density_iodixanol": "iodixanol", "density_sucrose": "sucrose"}
"""The medium of each density."""
PRIOR_COUNT, PRIOR_SHAPE = 0.06, 12.0
"""Weight of the centre in statements, and half of that of the spread: a class without a statement is 4.2 spreads wide,
that is any word of the scale. Calibrated with the spread on simulated mixtures, development seeds only."""


@dataclass(frozen=True, order=True)
class Feature:
    """One thing that is measured: a marker in one quantity, or a diameter or density, whose marker is empty."""

    marker: str
    quantity: str

    def __str__(self) -> str:
        words = {"to_cell": " / cell body", "to_fibre": " / fibre", "present": " present", "intensity": ""}
        return f"{self.marker}{words[self.quantity]}" if self.marker else self.quantity.replace("_", " in ")


@dataclass(frozen=True, slots=True)
class Evidence:
    """A statement as a number.

    Parameters
    ----------
    centre, spread
        Mean and standard deviation within the class, on the feature's scale.
    weight
        For how many statements it counts.
    source, where, tag, said
        Where it stands and what it says, in words.
    """

    centre: float
    spread: float
    weight: float
    source: str
    where: str
    tag: str
    said: str


def evidence_for(panel: Panel, feature: Feature, vesicle_class: str) -> list[Evidence]:
    """Return what the panel states of a feature in a class, in the order of the file."""
    if feature.quantity == "diameter":
        return [_diameter(one) for one in panel.document.diameter if one.vesicle_class == vesicle_class]
    if feature.quantity in DENSITIES:
        return [
            _density(one) for one in panel.document.density
            if one.vesicle_class == vesicle_class and DENSITIES[feature.quantity] == one.medium
        ]  # fmt: skip
    statements = panel.markers[feature.marker].statements
    own = [one for one in statements if one.vesicle_class == vesicle_class]
    if feature.quantity in ("intensity", "present"):
        return [_evidence(one, *LEVELS[one.level], one.level) for one in own if one.level is not None]
    found = [_ratio(one, feature.quantity) for one in own if getattr(one, feature.quantity) is not None]
    if feature.quantity == "to_cell":
        found += _beside_the_cell(statements, vesicle_class)
    return found


def _beside_the_cell(statements: Sequence[Statement], vesicle_class: str) -> list[Evidence]:
    """Return ratios to the cell body of two levels of one source: what blot and exposure share cancels."""
    cells = {one.source: one for one in statements if one.vesicle_class == CELL and one.level is not None}
    if vesicle_class == CELL:
        return [Evidence(0.0, 1.0, 1.0, "migralab", "a piece of the cell has its levels", "C", "1")]
    found = []
    for one in statements:
        cell = cells.get(one.source)
        if one.vesicle_class != vesicle_class or one.level is None or cell is None or cell.level is None:
            continue
        if one.level == cell.level == "absent":  # nothing beside nothing is no ratio
            continue
        (own, spread), (other, cell_spread) = LEVELS[one.level], LEVELS[cell.level]
        said = f"{one.level} beside {cell.level} in the cell"
        found.append(_evidence(one, own - other, math.hypot(spread, cell_spread), said))
    return found


def _evidence(one: Sourced, centre: float, spread: float, said: str) -> Evidence:
    return Evidence(centre, spread, TAG_WEIGHT[one.tag], one.source, one.where, one.tag, said)


def _ratio(one: Statement, quantity: str) -> Evidence:
    value = getattr(one, quantity)
    if isinstance(value, tuple):
        ends = math.log2(value[0]), math.log2(value[1])
        return _evidence(one, sum(ends) / 2, _width(ends), f"{value[0]:g} to {value[1]:g}")
    return _evidence(one, math.log2(value), 1.0, f"{value:g}")


def _diameter(one: DiameterStatement) -> Evidence:
    """Return a diameter on the scale of log2: a mean and standard deviation are those of a log-normal law."""
    if one.range_um is not None:
        ends = math.log2(one.range_um[0]), math.log2(one.range_um[1])
        return _evidence(one, sum(ends) / 2, _width(ends), _said_range(one.range_um, "um"))
    mean, sd = one.mean_um or math.nan, one.sd_um or math.nan
    variance = math.log1p((sd / mean) ** 2)
    centre = (math.log(mean) - variance / 2) / math.log(2)
    return _evidence(one, centre, math.sqrt(variance) / math.log(2), f"mean {mean:g} um")


def _density(one: DensityStatement) -> Evidence:
    ends = one.range_g_per_ml
    return _evidence(one, sum(ends) / 2, _width(ends), _said_range(ends, "g/ml"))


def _width(ends: tuple[float, float]) -> float:
    return (ends[1] - ends[0]) / NINE_IN_TEN


def _said_range(ends: tuple[float, float], unit: str) -> str:
    return f"{ends[0]:g} to {ends[1]:g} {unit}"


@dataclass(frozen=True)
class Belief:
    """Laws of all features in all classes.

    Parameters
    ----------
    features, classes
        In the order of the arrays.
    groups
        Of each feature: its marker, or what its marker shares one sentence of one source with.
    mean, count, shape, scale
        (features, classes): normal-inverse-gamma parameters.
    stated
        (features, classes): whether any statement counts.
    agreement
        (features, classes): width of the law without the disagreement of its statements over the width with it,
        as variances, in (0, 1]: the weight that is left to the marker.
    """

    features: tuple[Feature, ...]
    classes: tuple[str, ...]
    groups: tuple[str, ...]
    mean: Floats
    count: Floats
    shape: Floats
    scale: Floats
    stated: NDArray[np.bool_]
    agreement: Floats

    def log_density(self, place: int, values: Floats) -> Floats:
        """Return ln of the predictive density, (n, classes), of values of one feature; 0 where a value is NaN."""
        own = self._scale(place)
        spread = np.sqrt(
            self.scale[place] * (self.count[place] + 1) / (self.shape[place] * self.count[place]) + own.noise**2
        )
        freedom = 2 * self.shape[place]
        at = (values[:, None] - self.mean[place]) / spread

        def density() -> Floats:
            normal = special.gammaln((freedom + 1) / 2) - special.gammaln(freedom / 2)
            tail = (freedom + 1) / 2 * np.log1p(at**2 / freedom)
            return np.asarray(normal - tail - np.log(np.sqrt(freedom * np.pi) * spread), np.float64)

        limit = self._limit(place)
        below = special.stdtr(freedom, (limit - self.mean[place]) / spread)
        return _combine(self.features[place].quantity, values, density, np.asarray(below), own.floor)

    def draw(self, place: int, draws: int) -> tuple[Floats, Floats]:
        """Return means and standard deviations, (draws, classes), from what is believed of one feature.

        The numbers depend on the names of marker (or of its group: what one sentence says is wrong for all of them or
        for none), quantity and class alone: not on the table, nor on the rest of the panel.
        """
        feature = self.features[place]
        means, spreads = np.empty((draws, len(self.classes))), np.empty((draws, len(self.classes)))
        number = np.arange(draws, dtype=np.uint64)
        for k, name in enumerate(self.classes):
            stream = stream_key(f"identity/{self.groups[place]}/{feature.quantity}/{name}")
            chance, _ = uniform_pair_array(stream, number, 0, 0)
            normal, _ = normal_pair_array(stream, number, 0, 1)
            variance = self.scale[place, k] / special.gammaincinv(self.shape[place, k], chance)
            means[:, k] = self.mean[place, k] + normal * np.sqrt(variance / self.count[place, k])
            spreads[:, k] = np.sqrt(variance + self._scale(place).noise ** 2)
        return means, spreads

    def log_density_given(self, place: int, values: Floats, drawn: tuple[Floats, Floats]) -> Floats:
        """Return ln of the density, (n, draws, classes), given drawn means and standard deviations."""
        means, spreads = drawn
        at = (values[:, None, None] - means) / spreads

        def density() -> Floats:
            return -0.5 * at**2 - np.log(spreads * math.sqrt(2 * math.pi))

        below = special.ndtr((self._limit(place) - means) / spreads)
        return _combine(self.features[place].quantity, values, density, np.asarray(below), self._scale(place).floor)

    def _scale(self, place: int) -> Scale:
        return SCALES[self.features[place].quantity]

    def _limit(self, place: int) -> float:
        return DETECTION if self.features[place].quantity == "present" else self._scale(place).floor


def _combine(quantity: str, values: Floats, density: object, below: Floats, floor: float) -> Floats:
    """Put together what is seen, what is only known to lie below the floor, and what is missing."""
    lead = values.reshape(-1, *([1] * below.ndim))
    if quantity == "present":
        chance = LAPSE / 2 + (1 - LAPSE) * below
        found = np.where(lead > 0, np.log1p(-chance), np.log(chance))
    else:
        found = density()  # type: ignore[operator]  # a function without arguments
        if math.isfinite(floor):
            found = np.where(lead <= floor, np.log(np.maximum(below, 1e-12)), found)
    return np.where(np.isnan(lead), 0.0, found)


def believe(panel: Panel, features: Sequence[Feature]) -> Belief:
    """Return the laws that follow from a panel (eq-identity-posterior)."""
    classes = tuple(panel.classes)
    shape = (len(features), len(classes))
    mean, count, freedom, scale, agreement = (np.empty(shape) for _ in range(5))
    stated = np.zeros(shape, bool)
    for i, feature in enumerate(features):
        for k, name in enumerate(classes):
            evidence = evidence_for(panel, feature, name)
            stated[i, k] = bool(evidence)
            mean[i, k], count[i, k], freedom[i, k], scale[i, k], agreement[i, k] = _posterior(
                evidence, SCALES[feature.quantity]
            )
    groups = tuple(panel.group(feature.marker) for feature in features)
    return Belief(tuple(features), classes, groups, mean, count, freedom, scale, stated, agreement)


def _posterior(evidence: Sequence[Evidence], base: Scale) -> tuple[float, float, float, float, float]:
    """Return mean, count, shape and scale, and the share of the width that would be left without disagreement."""
    weights = np.array([one.weight for one in evidence])
    centres = np.array([one.centre for one in evidence])
    spreads = np.array([one.spread for one in evidence])
    total = float(weights.sum())
    middle = float((weights * centres).sum() / total) if total else base.centre
    count = PRIOR_COUNT + total
    mean = (PRIOR_COUNT * base.centre + total * middle) / count
    within = PRIOR_SHAPE * base.spread**2 + 0.5 * float((weights * spreads**2).sum())
    within += 0.5 * PRIOR_COUNT * total / count * (middle - base.centre) ** 2
    between = 0.5 * float((weights * (centres - middle) ** 2).sum())
    return mean, count, PRIOR_SHAPE + total / 2, within + between, within / (within + between)
