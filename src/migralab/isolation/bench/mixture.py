"""A mixed population as a file: kinds with number shares, sizes, densities and what share of them leaks."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from migralab.core.errors import UnknownIdError
from migralab.isolation.bench.library import Sourced, read_shipped, shipped_ids
from migralab.isolation.bench.reading import read_checked
from migralab.spec.parameter import Frozen

Banded = Literal["leaky in iodixanol", "intact in iodixanol", "intact in sucrose"]
KINDS = ("migrasome", "exosome", "retractosome", "microvesicle", "apoptotic body", "debris", "protein")


class Kind(Frozen):
    """One kind of particle.

    Parameters
    ----------
    number_share
        Number relative to the other kinds.
    diameter_um, spread, least_um, most_um
        Log-normal size: geometric mean, SD of ln d, and where it is cut.
    density_g_per_ml, density_sd_g_per_ml
        Buoyant density as banded, mean and SD.
    banded
        State of the vesicle and medium in which that density was seen.
    matter_share
        Share of the volume that no medium enters: membrane, solids, and the water bound to them.
    leaky_share
        Share of the vesicles whose lumen fills with the medium.
    protein_mg_per_ml
        Protein per volume of vesicle.
    """

    number_share: Sourced
    diameter_um: Sourced
    spread: Sourced
    least_um: Sourced
    most_um: Sourced
    density_g_per_ml: Sourced
    density_sd_g_per_ml: Sourced
    banded: Banded
    matter_share: Sourced
    leaky_share: Sourced
    protein_mg_per_ml: Sourced

    @model_validator(mode="after")
    def _possible(self) -> Self:
        for name in ("number_share", "spread", "density_sd_g_per_ml", "leaky_share"):
            if getattr(self, name).value < 0:
                raise ValueError(f"{name} = {getattr(self, name).value:g} must not be negative")
        for name in ("diameter_um", "least_um", "most_um", "protein_mg_per_ml", "matter_share", "density_g_per_ml"):
            if not getattr(self, name).value > 0:
                raise ValueError(f"{name} = {getattr(self, name).value:g} must be above 0")
        if max(self.matter_share.value, self.leaky_share.value) > 1:
            raise ValueError("matter_share and leaky_share are shares: at most 1")
        if not self.least_um.value < self.diameter_um.value < self.most_um.value:
            raise ValueError("the diameter must lie between least_um and most_um")
        return self


def with_values(kind: Kind, banded: Banded | None = None, **values: float) -> Kind:
    """Return a kind with other numbers, and taken as seen in another medium where `banded` says so."""
    changes: dict[str, Any] = {
        name: getattr(kind, name).model_copy(update={"value": value, "low": None, "high": None})
        for name, value in values.items()
    }
    return kind.model_copy(update=changes | {"banded": banded or kind.banded})


class Mixture(Frozen):
    """Kinds by name; at least one with a share."""

    id: str = "own"
    title: str = ""
    note: str = ""
    kinds: dict[Literal[KINDS], Kind] = Field(min_length=1)  # type: ignore[valid-type]  # the names, written once

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if not any(kind.number_share.value > 0 for kind in self.kinds.values()):
            raise ValueError("every number_share is 0: give at least one kind a share")
        return self


class MixtureDocument(Frozen):
    """A mixture file: kinds written out, or those of another mixture with other number shares."""

    schema_: Literal[1] = Field(1, alias="schema")
    id: str = "own"
    title: str = ""
    note: str = ""
    based_on: str | None = None
    number_shares: dict[Literal[KINDS], Sourced] = Field(default_factory=dict)  # type: ignore[valid-type]
    kinds: dict[Literal[KINDS], Kind] = Field(default_factory=dict)  # type: ignore[valid-type]

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.based_on is None and not self.kinds:
            raise ValueError("give kinds, or based_on with the id of a mixture that ships")
        return self

    def resolve(self) -> Mixture:
        """Return the mixture with everything that `based_on` gives."""
        kinds: dict[str, Kind] = dict(shipped_mixture(self.based_on).kinds) if self.based_on else {}
        kinds |= self.kinds
        for name, share in self.number_shares.items():
            if name not in kinds:
                raise ValueError(f"number_shares names {name}, of which nothing else is said")
            kinds[name] = kinds[name].model_copy(update={"number_share": share})
        return Mixture(id=self.id, title=self.title, note=self.note, kinds=kinds)


def shipped_mixture(name: str) -> Mixture:
    """Return a mixture that ships.

    Raises
    ------
    UnknownIdError
        With the nearest ids.
    """
    if name not in shipped_ids("mixtures"):
        raise UnknownIdError("mixture", name, shipped_ids("mixtures"))
    data: dict[str, Any] = read_shipped("mixtures", f"{name}.yaml")
    return MixtureDocument.model_validate(data).resolve()


def read_mixture(path: str | Path) -> Mixture:
    """Return the mixture of a file that a user wrote.

    Raises
    ------
    SpecError
        With file and line of every mistake.
    """
    return read_checked(Path(path), MixtureDocument, MixtureDocument.resolve)
