"""An experiment: question, causal graph, dish, mechanisms and their parameters, arms, readouts and claims."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, PositiveInt, ValidationError, model_validator

from migralab.core import units
from migralab.core.errors import RequestError, UnknownIdError
from migralab.spec.arms.arm import Arm, Edge, split_path, split_population
from migralab.spec.arms.variant import Variant, Ways, find_variant_problems
from migralab.spec.claim import Claim, Id, ReadoutId, populations_in
from migralab.spec.geometry import Geometry, Length, OpenPlane, quantity_in
from migralab.spec.parameter import Frozen, Parameter
from migralab.spec.pathway import Pathway, PathwayId, find_pathway_problems
from migralab.spec.pool import Pool, find_pool_problems, pool_change_problems
from migralab.spec.population import Population
from migralab.spec.rules.physicell import take_over_rules
from migralab.spec.rules.rule import Rule, RulesFile, find_change_problems, find_rule_problems

Status = Literal["provisional", "reviewed", "disputed", "retired"]
Location = tuple[str | int, ...]


class InconsistentError(ValueError):
    """Parts of an experiment do not fit together; every problem with the place where it stands."""

    def __init__(self, problems: Iterable[tuple[Location, str]]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{'.'.join(map(str, place))}: {text}" for place, text in self.problems))


Time = Annotated[str, quantity_in("min")]
PerArea = Annotated[str, quantity_in("1/um^2")]


class TrackFile(Frozen):
    """Measured cell tracks, CSV or TrackMate XML; `cells` of the dish is then the number of tracks."""

    file: str = Field(min_length=1, description="path; relative paths start at the current folder")
    pixel_size: Length | None = None
    frame_interval: Time | None = None

    @property
    def pixel_size_um(self) -> float | None:
        """Pixel size, um."""
        return None if self.pixel_size is None else units.parse(self.pixel_size, like="um")

    @property
    def frame_interval_min(self) -> float | None:
        """Time between frames, min."""
        return None if self.frame_interval is None else units.parse(self.frame_interval, like="min") / 60.0


class Dish(Frozen):
    """The culture dish and how it is watched. What the experimenter chooses, so it needs no source."""

    cells: PositiveInt = Field(default=100, le=10_000_000)
    population: Id = Field(default="producers", description="name of these cells; others stand under populations")
    duration: Time = "12 h"
    step: Time = "1 min"
    output_every: Time = "30 min"
    density: PerArea = "1e-4 1/um^2"
    geometry: Geometry = Field(default=OpenPlane(kind="open"), description="walls of the dish, height of its medium")
    tracks: TrackFile | None = Field(
        default=None, description="measured tracks that the cells follow instead of a simulated walk"
    )

    @property
    def duration_s(self) -> float:
        """Simulated time in s."""
        return units.parse(self.duration, like="s")

    @property
    def step_s(self) -> float:
        """Time step in s."""
        return units.parse(self.step, like="s")

    @property
    def output_every_s(self) -> float:
        """Time between output frames in s."""
        return units.parse(self.output_every, like="s")

    @property
    def density_per_um2(self) -> float:
        """Cells seeded per um2."""
        return units.parse(self.density, like="1/um^2")

    @model_validator(mode="after")
    def _whole_steps(self) -> Self:
        for name in ("duration", "output_every"):
            ratio = getattr(self, f"{name}_s") / self.step_s
            # 1e-6 of a step: conversions such as 0.1 min leave a few ulp, a wrong step leaves far more
            if ratio < 1 - 1e-6 or abs(ratio - round(ratio)) > 1e-6 * max(1.0, ratio):
                raise ValueError(
                    f"{name} = {getattr(self, name)} is not a whole number of steps ({self.step}); change one"
                )
        return self


class Experiment(Frozen):
    """A published system as it can be run and checked. Every id that is used exists in it."""

    schema_version: Literal[1] = Field(alias="schema")
    id: Id
    title: str = Field(min_length=1)
    question: str = Field(min_length=1)
    status: Status = "provisional"
    note: str = ""
    graph: tuple[Edge, ...] = ()
    dish: Dish = Dish()
    populations: dict[Id, Population] = Field(default_factory=dict, description="cells beside those of the dish")
    pools: dict[Id, Pool] = Field(default_factory=dict, description="urine, blood: what flows out of the tissue")
    pathways: dict[PathwayId, Pathway] = Field(default_factory=dict, description="own networks inside the cell")
    mechanisms: dict[Id, dict[str, Parameter]] = Field(
        min_length=1, description="mechanism id: changes from its defaults"
    )
    rules: dict[Id, Rule] = Field(default_factory=dict, description="what signals do to behaviours, in sentences")
    rules_file: RulesFile | None = Field(default=None, description="more of them, from a rules file of PhysiCell")
    arms: tuple[Arm, ...] = Field(min_length=1)
    readouts: tuple[ReadoutId, ...] = ()
    claims: tuple[Claim, ...] = ()
    key_estimates: tuple[str, ...] = Field(
        default=(), description="estimates on which verdicts may hang; a sweep halves and doubles these"
    )
    explanations: dict[Id, Variant] = Field(
        default_factory=dict, description="rival accounts of the same results, that an arm could tell apart"
    )
    signalling: Ways | None = Field(default=None, description="ways in which the signal may travel, for every arm")

    @model_validator(mode="before")
    @classmethod
    def _take_over_rules(cls, data: object) -> object:
        if not isinstance(data, Mapping) or data.get("rules_file") is None:
            return data
        try:
            return take_over_rules(data)
        except ValidationError:
            return data  # the field itself says what is wrong
        except RequestError as error:
            raise InconsistentError([(("rules_file",), str(error))]) from None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if problems := tuple(find_problems(self)):
            raise InconsistentError(problems)
        return self

    @property
    def control(self) -> Arm:
        """The control arm."""
        return next(arm for arm in self.arms if arm.control)

    def arm(self, arm_id: str) -> Arm:
        """Return an arm by id.

        Raises
        ------
        UnknownIdError
            With the nearest ids.
        """
        for arm in self.arms:
            if arm.id == arm_id:
                return arm
        raise UnknownIdError("arm", arm_id, [arm.id for arm in self.arms])

    def reference_of(self, arm_id: str) -> Arm:
        """Return the arm that `arm_id` is compared with: the one it names, else the control."""
        against = self.arm(arm_id).against
        return self.control if against is None else self.arm(against)


def find_problems(experiment: Experiment) -> Iterator[tuple[Location, str]]:
    """Yield every place at which the parts of an experiment do not fit together."""
    yield from _repeated("arms", [arm.id for arm in experiment.arms])
    yield from _repeated("claims", [claim.id for claim in experiment.claims])
    yield from _repeated("readouts", experiment.readouts)
    yield from _repeated("graph", [edge.name for edge in experiment.graph])
    controls = [arm.id for arm in experiment.arms if arm.control]
    if len(controls) != 1:
        got = ", ".join(controls) or "none"
        yield ("arms",), f"exactly one arm is the control (control: true); here: {got}."
    yield from _population_problems(experiment)
    yield from find_pool_problems(experiment.pools)
    yield from find_pathway_problems(experiment.pathways, experiment.mechanisms)
    yield from find_rule_problems(experiment.rules, [experiment.dish.population, *experiment.populations])
    for index, arm in enumerate(experiment.arms):
        for place, text in _arm_problems(experiment, arm):
            yield ("arms", index, *place), text
    for index, claim in enumerate(experiment.claims):
        for place, text in _claim_problems(experiment, claim):
            yield ("claims", index, *place), text
    yield from _fitted_and_predicted(experiment)
    yield from find_variant_problems(experiment)


def _repeated(name: str, ids: Iterable[str]) -> Iterator[tuple[Location, str]]:
    seen: set[str] = set()
    for index, got in enumerate(ids):
        if got in seen:
            yield (name, index), f"'{got}' stands twice; ids are unique"
        seen.add(got)


def _population_problems(experiment: Experiment) -> Iterator[tuple[Location, str]]:
    first = experiment.dish.population
    if first in experiment.populations:
        yield ("populations", first), f"'{first}' names the cells of the dish (dish.population); choose another"
    for name, population in experiment.populations.items():
        if population.enters_s > experiment.dish.duration_s:
            yield (
                ("populations", name, "enters"),
                f"'{name}' comes in at {population.enters}, after the end of the run ({experiment.dish.duration})",
            )
        for path in population.changes:
            try:
                split_path(path, experiment.mechanisms)
            except UnknownIdError as error:
                yield ("populations", name, "changes", path), str(error)
    for index, readout in enumerate(experiment.readouts):
        for name in populations_in(readout):
            yield from _unknown(("readouts", index), "population", name, (first, *experiment.populations))


def _arm_problems(experiment: Experiment, arm: Arm) -> Iterator[tuple[Location, str]]:
    arms = [other.id for other in experiment.arms]
    if arm.against is not None:
        yield from _unknown(("against",), "arm", arm.against, arms)
        if arm.against == arm.id:
            yield ("against",), f"arm '{arm.id}' is compared with itself"
    if arm.edge is not None:
        edges = [edge.name for edge in experiment.graph]
        yield from _unknown(("edge",), "edge of the graph", arm.edge, edges)
    elif not arm.control and experiment.graph:
        yield (), f"arm '{arm.id}' names no edge; each arm touches one edge of the graph (source -> target)"
    yield from ((("replaces",), str(error)) for error in _replacement_errors(experiment, arm))
    for position, name in enumerate(arm.without):
        yield from _unknown(("without", position), "mechanism", name, experiment.mechanisms)
    mechanisms = {arm.replaces.get(name, name) for name in experiment.mechanisms if name not in arm.without}
    yield from pool_change_problems(experiment.pools, arm.changes)
    for path in arm.changes:
        if path.startswith("pools."):
            continue
        try:
            split_path(split_population(path, experiment.populations)[1], mechanisms)
        except UnknownIdError as error:
            yield ("changes", path), str(error)
    yield from find_change_problems(arm.rules, experiment.rules)
    if not (arm.control or arm.changes or arm.replaces or arm.without or arm.rules):
        ways = "'changes', 'replaces', 'without' or 'rules'"
        yield (), f"arm '{arm.id}' changes nothing; write {ways}, or make it the control"


def _replacement_errors(experiment: Experiment, arm: Arm) -> Iterator[UnknownIdError | str]:
    for old, new in arm.replaces.items():
        if old not in experiment.mechanisms:
            yield UnknownIdError("mechanism", old, experiment.mechanisms)
        elif new in experiment.mechanisms:
            yield f"'{new}' is already a mechanism of this experiment and cannot take the place of '{old}'"


def _claim_problems(experiment: Experiment, claim: Claim) -> Iterator[tuple[Location, str]]:
    arms = [arm.id for arm in experiment.arms]
    if claim.comparison is not None:
        for position, arm in enumerate(claim.comparison.arms):
            yield from _unknown(("comparison", "arms", position), "arm", arm, arms)
        if len(set(claim.comparison.arms)) < len(claim.comparison.arms):
            yield ("comparison", "arms"), "an arm is compared with itself"
        for field, readout in zip(("readout", "later"), claim.comparison.readouts, strict=False):
            yield from _unknown(("comparison", field), "readout", readout, experiment.readouts)
    if claim.discriminating_arm is not None:
        yield from _unknown(("discriminating_arm",), "arm", claim.discriminating_arm, arms)


def _fitted_and_predicted(experiment: Experiment) -> Iterator[tuple[Location, str]]:
    # A number that set a parameter is never a prediction; `calibrated_on` may name claims by id.
    predicted = {claim.id for claim in experiment.claims if claim.role == "predicted"}
    for mechanism, changes in experiment.mechanisms.items():
        for name, parameter in changes.items():
            if parameter.calibrated_on in predicted:
                yield (
                    ("mechanisms", mechanism, name, "calibrated_on"),
                    f"claim '{parameter.calibrated_on}' set this parameter: its role is calibrated",
                )


def _unknown(place: Location, kind: str, got: str, known: Iterable[str]) -> Iterator[tuple[Location, str]]:
    names = list(known)
    if got not in names:
        yield place, str(UnknownIdError(kind, got, names))


def nearest(got: str, known: Iterable[str]) -> str:
    """Return a hint with the nearest known names, or all of them."""
    names = sorted(known)
    near = difflib.get_close_matches(got, names, n=3, cutoff=0.5)
    return f"Did you mean {' or '.join(near)}?" if near else f"Allowed: {', '.join(names)}."
