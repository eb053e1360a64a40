"""Arrows of the causal graph, and arms: the control, or one change to one arrow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from pydantic import Field

from migralab.core.errors import UnknownIdError
from migralab.spec.claim import Id
from migralab.spec.parameter import Frozen, Parameter, Source
from migralab.spec.population import Population

Evidence = Literal["perturbed", "associated", "asserted"]


class Edge(Frozen):
    """One arrow of the causal graph, with the class of its evidence."""

    source: str = Field(min_length=1)
    target: str = Field(min_length=1)
    sign: Literal["+", "-", "?"]
    evidence: Evidence
    cite: Source
    note: str = ""

    @property
    def name(self) -> str:
        """The edge as arms name it: ``source -> target``."""
        return f"{self.source} -> {self.target}"


class Arm(Frozen):
    """A condition: the control, or one change to one edge of the graph."""

    id: Id
    label: str = ""
    control: bool = False
    against: Id | None = Field(default=None, description="arm it is compared with; by default the control")
    edge: str | None = None
    changes: dict[str, Parameter] = Field(default_factory=dict, description="mechanism.parameter: value and source")
    replaces: dict[str, str] = Field(
        default_factory=dict, description="mechanism id: the mechanism that takes its place"
    )
    without: tuple[str, ...] = Field(default=(), description="mechanisms that this arm lacks")
    rules: dict[Id, str | None] = Field(default_factory=dict, description="rule id: another sentence, or null for none")
    proposed: bool = Field(default=False, description="no paper has it; the model can run it, and somebody could")
    note: str = ""


def split_population(path: str, populations: Iterable[str]) -> tuple[str | None, str]:
    """Split ``populations.kg1a.motility.walk.speed`` into the population and the rest; None for any other path.

    Raises
    ------
    UnknownIdError
        If there is no such population.
    """
    if not path.startswith("populations."):
        return None, path
    _, name, *rest = path.split(".", 2)
    if name not in (known := list(populations)):
        error = UnknownIdError("population", name, known)
        error.args = (
            f"{error} The cells of the dish itself are changed without it: write {rest[0] if rest else '...'}.",
        )
        raise error
    return name, rest[0] if rest else ""


def split_path(path: str, mechanisms: Iterable[str]) -> tuple[str, str]:
    """Split ``adhesion.matrix.fibronectin`` into mechanism id and parameter name.

    Raises
    ------
    UnknownIdError
        If it begins with none of `mechanisms`; the nearest are listed.
    """
    known = sorted(mechanisms, key=len, reverse=True)
    for mechanism in known:
        name = path.removeprefix(f"{mechanism}.")
        if name != path and name and "." not in name:
            return mechanism, name
    raise UnknownIdError("mechanism", path.rpartition(".")[0] or path, known)


def changed_parameters(
    base: Mapping[str, Mapping[str, Parameter]], arm: Arm, populations: Mapping[str, Population] | None = None
) -> tuple[dict[str, dict[str, Parameter]], dict[str, Population]]:
    """Return the parameters of every mechanism, and the populations, after an arm's replacements and changes."""
    result = {
        arm.replaces.get(name, name): ({} if name in arm.replaces else dict(own))
        for name, own in base.items()
        if name not in arm.without
    }
    others = dict(populations or {})
    for path, parameter in arm.changes.items():
        if path.startswith("pools."):
            continue
        population, place = split_population(path, others)
        if population is not None:
            split_path(place, result)
            own = others[population]
            others[population] = own.model_copy(update={"changes": {**own.changes, place: parameter}})
            continue
        mechanism, name = split_path(place, result)
        result[mechanism][name] = parameter
    # What an arm takes out, a population cannot change
    for name, own in others.items():
        kept = {path: value for path, value in own.changes.items() if _names_one_of(path, result)}
        others[name] = own.model_copy(update={"changes": kept})
    return result, others


def _names_one_of(path: str, mechanisms: Iterable[str]) -> bool:
    try:
        split_path(path, mechanisms)
    except UnknownIdError:
        return False
    return True
