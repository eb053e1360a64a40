"""What is changed in every arm at once: a rival explanation of an entry, or a way for its signal to travel."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from migralab.core.errors import UnknownIdError
from migralab.spec.arms.arm import split_path, split_population
from migralab.spec.claim import Id
from migralab.spec.parameter import Frozen, Parameter
from migralab.spec.pool import pool_change_problems, pool_quantities
from migralab.spec.rules.rule import find_change_problems

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


def find_variant(experiment: Experiment, name: str) -> Variant:
    """Return an explanation or a way of signalling by its name.

    Raises
    ------
    UnknownIdError
        With the nearest names.
    """
    known = variants_of(experiment)
    if name not in known:
        raise UnknownIdError(f"explanation or way of signalling of {experiment.id}", name, known)
    return known[name]


def variants_of(experiment: Experiment) -> dict[str, Variant]:
    """Return the explanations of an entry, then its ways of signalling, by name."""
    ways = experiment.signalling.ways if experiment.signalling is not None else {}
    found: dict[str, Variant] = dict(experiment.explanations)
    for name, way in ways.items():
        found.setdefault(name, way)
    return found


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
    for index, path in enumerate(experiment.key_estimates):
        if (problem := _path_problem(path, experiment)) is not None:
            yield ("key_estimates", index), problem
    for place, variant in variants:
        yield from (((*place, *inner), text) for inner, text in _problems_of(variant, experiment))


def _path_problem(path: str, experiment: Experiment) -> str | None:
    if path.startswith("pools."):
        known = pool_quantities(experiment.pools)
        return None if path in known else str(UnknownIdError("quantity of a pool", path, known))
    try:
        split_path(path, experiment.mechanisms)
    except UnknownIdError as error:
        return str(error)
    return None


def _problems_of(variant: Variant, experiment: Experiment) -> Iterator[tuple[Location, str]]:
    known = experiment.mechanisms
    for old, new in variant.replaces.items():
        if old not in known:
            yield ("replaces", old), str(UnknownIdError("mechanism", old, known))
        elif new in known:
            yield ("replaces", old), f"'{new}' is already a mechanism of this experiment"
    for index, name in enumerate(variant.without):
        if name not in known:
            yield ("without", index), str(UnknownIdError("mechanism", name, known))
    yield from find_change_problems(variant.rules, experiment.rules)
    left = {variant.replaces.get(name, name) for name in known if name not in variant.without}
    changes = {**variant.changes, **(variant.most if isinstance(variant, Way) else {})}
    yield from pool_change_problems(experiment.pools, {p: v for p, v in changes.items() if p.startswith("pools.")})
    for path in changes:
        if path.startswith("pools."):
            continue
        try:
            split_path(split_population(path, experiment.populations)[1], left)
        except UnknownIdError as error:
            yield ("changes", path), str(error)
