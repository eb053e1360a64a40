"""What is changed in every arm at once: a rival explanation of an entry, or a way for its signal to travel."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from migralab.core.errors import UnknownIdError
from migralab.spec.arms.arm import split_path, split_population
from migralab.spec.claim import Id
from migralab.spec.parameter import Frozen, Parameter

if TYPE_CHECKING:
    from migralab.spec.experiment import Experiment

WayName = Literal["diffusing", "matrix", "contact", "delivered"]
Location = tuple[str | int, ...]


class Variant(Frozen):
    """One change to the whole experiment, arms included; what an arm says itself still wins."""

    statement: str = Field(default="", description="what it holds to be true")
    changes: dict[str, Parameter] = Field(default_factory=dict, description="mechanism.parameter: value and source")
    replaces: dict[str, str] = Field(
        default_factory=dict, description="mechanism id: the mechanism that takes its place"
    )
    without: tuple[str, ...] = Field(default=(), description="mechanisms that it lacks")
    rules: dict[Id, str | None] = Field(default_factory=dict, description="rule id: another sentence, or null for none")
    note: str = ""


class Way(Variant):
    """One way for the signal to travel, and the most of it that a migrasome could carry."""

    most: dict[str, Parameter] = Field(
        default_factory=dict, description="mechanism.parameter: upper end of the load, where the budget ends"
    )


class Ways(Frozen):
    """The ways of signalling of an entry, and the claims that are put to each of them."""

    base: WayName = Field(description="the way in which the entry itself is written")
    claims: tuple[Id, ...] = Field(min_length=1, description="claims that each way must hold")
    ways: dict[WayName, Way] = Field(min_length=2)


def find_variant_problems(experiment: Experiment) -> Iterator[tuple[Location, str]]:
    """Yield what explanations, ways of signalling and key estimates name and the experiment has not."""
    claims = [claim.id for claim in experiment.claims]
    variants: list[tuple[Location, Variant]] = [
        (("explanations", name), own) for name, own in experiment.explanations.items()
    ]
    if (ways := experiment.signalling) is not None:
        variants += [(("signalling", "ways", name), own) for name, own in ways.ways.items()]
        if ways.base not in ways.ways:
            yield ("signalling", "base"), str(UnknownIdError("way of signalling", ways.base, ways.ways))
        for index, claim in enumerate(ways.claims):
            if claim not in claims:
                yield ("signalling", "claims", index), str(UnknownIdError("claim", claim, claims))
    for place, variant in variants:
        yield from (((*place, *inner), text) for inner, text in _problems_of(variant, experiment))


def _problems_of(variant: Variant, experiment: Experiment) -> Iterator[tuple[Location, str]]:
    known = experiment.mechanisms
    for old in variant.replaces:
        if old not in known:
            yield ("replaces", old), str(UnknownIdError("mechanism", old, known))
    for index, name in enumerate(variant.without):
        if name not in known:
            yield ("without", index), str(UnknownIdError("mechanism", name, known))
    for rule in variant.rules:
        if rule not in experiment.rules:
            yield ("rules", rule), str(UnknownIdError("rule", rule, experiment.rules))
    left = {variant.replaces.get(name, name) for name in known if name not in variant.without}
    paths = [*variant.changes, *(variant.most if isinstance(variant, Way) else ())]
    for path in paths:
        if path.startswith("pools."):
            continue
        try:
            split_path(split_population(path, experiment.populations)[1], left)
        except UnknownIdError as error:
            yield ("changes", path), str(error)
