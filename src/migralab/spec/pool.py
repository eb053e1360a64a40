"""Pools: well-mixed compartments beside the dish (urine, blood, a bottle of medium), and what flows into them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationError, model_validator

from migralab.core import units
from migralab.core.errors import UnitError, UnknownIdError
from migralab.spec.claim import Id
from migralab.spec.parameter import Frozen, Parameter, Source

Location = tuple[str | int, ...]

CARGO = ("soluble_protein", "membrane_protein", "mrna", "mirna", "small_vesicles")
"""What a migrasome carries, as `signals.cargo` names it."""

VESICLES, FREED, IN_VESICLES = "vesicles", "soluble_protein", "_in_vesicles"


_WORDS = ("source", "note", "population")  # fields that are no quantities


def _measured_in(unit: str, *, zero: bool = True) -> AfterValidator:
    """Return the check of a quantity of a pool: its dimension, and that it is not negative (or above 0)."""

    def check(parameter: Parameter | None) -> Parameter | None:
        if parameter is None:
            return None
        try:
            value = units.to_internal(parameter.value, parameter.unit, like=unit)
        except UnitError as error:
            raise ValueError(f"{error} Write it in {unit or 'plain numbers'}.") from None
        if value < 0 or (value == 0 and not zero):
            raise ValueError(f"'{parameter}' must be {'at least' if zero else 'above'} 0 {unit}".rstrip() + ".")
        return parameter

    return AfterValidator(check)


Volume = Annotated[Parameter, _measured_in("ml", zero=False)]
Flow = Annotated[Parameter, _measured_in("ml/min")]
Rate = Annotated[Parameter | None, _measured_in("1/h")]


class _Sourced(Frozen):
    """A block whose `source` stands for every quantity in it that is written as plain text (``volume: 1 ml``)."""

    source: Source | None = Field(default=None, description="of every quantity here that names none of its own")

    @model_validator(mode="before")
    @classmethod
    def _spread_source(cls, data: object) -> object:
        if not isinstance(data, Mapping):
            return data
        source = data.get("source")
        return {key: value if key in _WORDS else _sourced(value, source) for key, value in data.items()}


def _sourced(value: object, source: object) -> object:
    """Return a quantity as a mapping with its source, and the same in the blocks below."""
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        text = f"1 {value}" if isinstance(value, str) and value.startswith("1/") else value  # 1/day
        return {"value": text} if source is None else {"value": text, "source": source}
    if isinstance(value, Mapping) and "value" not in value:
        own = value.get("source", source)
        return {key: inner if key in _WORDS else _sourced(inner, own) for key, inner in value.items()}
    if isinstance(value, Mapping) and source is not None and "source" not in value:
        return {**value, "source": source}
    return value


class Barrier(_Sourced):
    """A sheet that lets a substance of the body leak into the pool: permeability x area x concentration difference."""

    permeability: Annotated[Parameter | None, _measured_in("um/s")] = Field(
        default=None, description="of the sheet; where it is left out, the mean of its cells' (phenotype.barrier)"
    )
    population: Id | None = Field(default=None, description="whose permeability; all cells' where it is left out")
    area: Annotated[Parameter, _measured_in("um^2", zero=False)]
    concentration: Annotated[Parameter, _measured_in("nM")] = Field(description="on the far side, held constant")


class Assay(_Sourced):
    """A measurement on a pool."""

    limit: Parameter = Field(description="least concentration that it detects: 1/ml for vesicles, nM for molecules")


class Collects(_Sourced):
    """What of the tissue comes into a pool."""

    migrasomes: Rate = Field(default=None, description="rate at which a detached migrasome is carried off")
    cues: dict[Id, Annotated[Parameter, _measured_in("")]] = Field(
        default_factory=dict, description="share of a cue of the medium that leaves the field at its open walls"
    )
    through_barrier: dict[Id, Barrier] = Field(default_factory=dict, description="by substance")


class Pool(_Sourced):
    """One well-mixed compartment: volume, what comes in, what goes on, what is lost, what is measured."""

    volume: Volume
    tissue_cells: Annotated[Parameter | None, _measured_in("", zero=False)] = Field(
        default=None, description="cells of the tissue that drains into it; the dish alone where it is left out"
    )
    collects: Collects = Collects()
    drains: dict[Id, Flow] = Field(default_factory=dict, description="flow on to another pool")
    turnover: Rate = Field(default=None, description="renewal of the whole content: all in it is lost at this rate")
    clearance: Rate = Field(default=None, description="loss of whole vesicles, with what is in them")
    lysis: Rate = Field(default=None, description="rate at which vesicles burst and set their soluble protein free")
    decay: Rate = Field(default=None, description="loss of free molecules")
    assays: dict[Id, Assay] = Field(default_factory=dict, description="by substance")
    note: str = ""

    def rate(self, name: str) -> float:
        """Return turnover, clearance, lysis or decay in 1/s, 0 where nothing is said of it."""
        parameter: Parameter | None = getattr(self, name)
        return 0.0 if parameter is None else parameter.internal

    def limit_per_ml(self, substance: str) -> float | None:
        """Return the detection limit of a substance, vesicles or molecules per ml; None where it is not measured."""
        if substance not in self.assays:
            return None
        return self.assays[substance].limit.internal * units.to_internal(1.0, "ml")


def substances(pools: Mapping[str, Pool]) -> dict[str, tuple[str, ...]]:
    """Return what can be in each pool: what it collects, and what the pools above it do."""
    found = {name: tuple(_upstream(name, pools)) for name in pools}
    return {
        name: tuple(dict.fromkeys(s for pool in sources for s in _collected(pools[pool])))
        for name, sources in found.items()
    }


def _collected(pool: Pool) -> Iterator[str]:
    if pool.collects.migrasomes is not None:
        yield from (VESICLES, *(f"{kind}{IN_VESICLES}" for kind in CARGO), FREED)
    yield from pool.collects.cues
    yield from pool.collects.through_barrier


def _upstream(name: str, pools: Mapping[str, Pool]) -> list[str]:
    found, waiting = [], [name]
    while waiting:
        found.append(here := waiting.pop())
        waiting += [other for other, pool in pools.items() if here in pool.drains and other not in (*found, *waiting)]
    return found


def find_pool_problems(pools: Mapping[str, Pool]) -> Iterator[tuple[Location, str]]:
    """Yield every place at which the pools of an experiment do not fit together."""
    lost = False
    for name, pool in pools.items():
        for to in pool.drains:
            if to not in pools:
                lost = True
                yield ("pools", name, "drains", to), str(UnknownIdError("pool", to, pools))
            elif to == name:
                yield ("pools", name, "drains", to), f"pool '{name}' drains into itself. Name another pool."
    if lost:
        return
    if circle := _circle(pools):
        text = " -> ".join((*circle, circle[0]))
        yield (
            ("pools", circle[0], "drains"),
            f"the drains go round in a circle: {text}. A flow comes from upstream and goes on; take one of them out.",
        )
    yield from _share_problems(pools)
    present = substances(pools)
    for name, pool in pools.items():
        for substance, assay in pool.assays.items():
            place = ("pools", name, "assays", substance)
            if substance not in present[name]:
                yield place, str(UnknownIdError(f"substance in pool '{name}'", substance, present[name]))
            else:
                yield from (((*place, "limit"), text) for text in _limit_problems(substance, assay.limit))


def _share_problems(pools: Mapping[str, Pool]) -> Iterator[tuple[Location, str]]:
    shares: dict[str, float] = {}
    for name, pool in pools.items():
        for cue, share in pool.collects.cues.items():
            shares[cue] = shares.get(cue, 0.0) + share.internal
            if shares[cue] > 1.0 + 1e-9:
                place = ("pools", name, "collects", "cues", cue)
                yield place, f"the pools together collect {shares[cue]:g} of what leaves of '{cue}'; at most 1 leaves."


def _limit_problems(substance: str, limit: Parameter) -> Iterator[str]:
    vesicles = substance == VESICLES
    example = "1e3 1/ml" if vesicles else "1 nM"
    try:
        value = units.to_internal(limit.value, limit.unit, like="1/ml" if vesicles else "nM")
    except UnitError as error:
        yield f"{error} A detection limit of {substance} is written for example '{example}'."
        return
    if value <= 0:
        yield f"'{limit}' must be above 0: with no limit everything is detected. Write for example '{example}'."


def _circle(pools: Mapping[str, Pool]) -> list[str]:
    """Return the names along one circle of drains of two pools or more, or nothing."""
    done: set[str] = set()

    def follow(path: list[str]) -> list[str]:
        for to in pools[path[-1]].drains:
            if to in path and to != path[-1]:
                return path[path.index(to) :]
            if to not in done and to not in path and (found := follow([*path, to])):
                return found
        done.add(path[-1])
        return []

    return next((found for name in pools if name not in done and (found := follow([name]))), [])


def pool_quantities(pools: Mapping[str, Pool]) -> dict[str, tuple[str, Location]]:
    """Return the pool and the place in it of every quantity that an arm may change, by ``pools.urine.turnover``."""
    found: dict[str, tuple[str, Location]] = {}
    for name, pool in pools.items():
        places: list[tuple[str, ...]] = [
            (field,) for field in ("volume", "tissue_cells", "turnover", "clearance", "lysis", "decay")
        ]
        places += [("drains", to) for to in pool.drains]
        places += [("collects", "migrasomes"), *(("collects", "cues", cue) for cue in pool.collects.cues)]
        places += [
            ("collects", "through_barrier", substance, field)
            for substance in pool.collects.through_barrier
            for field in ("permeability", "area", "concentration")
        ]
        places += [("assays", substance, "limit") for substance in pool.assays]
        found |= {".".join(("pools", name, *place)): (name, place) for place in places}
    return found


def quantity_at(pool: Pool, place: Location) -> Parameter | None:
    """Return one quantity of a pool; None where nothing is said of it."""
    found: Any = pool
    for key in place:
        found = found.get(key) if isinstance(found, dict) else getattr(found, str(key))
    return found if isinstance(found, Parameter) else None


def estimates_in(pools: Mapping[str, Pool]) -> dict[str, Parameter]:
    """Return the quantities that a sweep halves and doubles: every detection limit, and estimates with a range."""
    found = {path: quantity_at(pools[name], place) for path, (name, place) in pool_quantities(pools).items()}
    return {
        path: p
        for path, p in found.items()
        if p is not None and (path.endswith(".limit") or (p.low is not None and p.source.tag in ("E", "C")))
    }


def change_pools(pools: Mapping[str, Pool], path: str, parameter: Parameter) -> dict[str, Pool]:
    """Return the pools with one quantity changed.

    Raises
    ------
    UnknownIdError
        If `path` is none of `pool_quantities`; the nearest are listed.
    ValidationError
        If the value is impossible there.
    """
    known = pool_quantities(pools)
    if path not in known:
        raise UnknownIdError("quantity of a pool", path, known)
    name, place = known[path]
    data: dict[str, Any] = pools[name].model_dump()
    block: Any = data
    for key in place[:-1]:
        block = block[key]
    block[place[-1]] = parameter.model_dump()
    return {**pools, name: Pool.model_validate(data)}


def changed_pools(pools: Mapping[str, Pool], changes: Mapping[str, Parameter]) -> dict[str, Pool]:
    """Return the pools after those of an arm's changes that are of pools."""
    found = dict(pools)
    for path, parameter in changes.items():
        if path.startswith("pools."):
            found = change_pools(found, path, parameter)
    return found


def pool_change_problems(pools: Mapping[str, Pool], changes: Mapping[str, Parameter]) -> Iterator[tuple[Location, str]]:
    """Yield what is wrong with those of an arm's changes that are of pools."""
    for path, parameter in changes.items():
        try:
            changed_pools(pools, {path: parameter})
        except UnknownIdError as error:
            yield ("changes", path), str(error)
        except ValidationError as error:
            item = error.errors(include_url=False)[0]
            yield ("changes", path), str(item.get("ctx", {}).get("error") or item["msg"])


def carried_rate(pools: Mapping[str, Pool]) -> dict[str, float]:
    """Return the rate at which each pool carries detached migrasomes off, 1/s, those that carry none left out."""
    found = {name: pool.collects.migrasomes for name, pool in pools.items()}
    return {name: rate.internal for name, rate in found.items() if rate is not None and rate.internal > 0}
