"""Every number that an entry states with a source: where it stands, in which arms, what it is, and the default."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from migralab.core.errors import MigralabError
from migralab.mechanisms.registry import kinds_for
from migralab.spec.experiment import Experiment
from migralab.spec.parameter import Parameter
from migralab.spec.pool import pool_quantities, quantity_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """One sourced number of an entry.

    Parameters
    ----------
    path
        Where it stands in the file: ``recipients.add-back.mass``, ``populations.kg1a.motility.walk.speed``,
        ``arms.tgfb.pathways.tgfb-smad.tgfb`` (the first arm that has it), ``pools.urine.turnover``,
        ``explanations.ID.path``, ``signalling.WAY.path`` or ``signalling.WAY.most.path``.
    parameter
        Value, range, source.
    quantity
        ``mechanism.parameter``, or the path itself for a pool.
    where
        In words: every arm, a population, these arms, an explanation, a way of signalling.
    arms
        Arms that state it, with the same value and source; empty for what holds in all.
    description
        What the mechanism says that it is.
    default
        What the mechanism takes without it; None for a pool.
    """

    path: str
    parameter: Parameter
    quantity: str
    where: str
    arms: tuple[str, ...] = ()
    description: str = ""
    default: Parameter | None = None


def numbers_of(experiment: Experiment) -> list[Number]:
    """Return every sourced number of an entry, in the order of the file; one that arms share stands once."""
    fields = _Fields(experiment)
    return [_described(number, fields) for number in _stated(experiment)]


class _Fields:
    """Fields of the mechanisms that an experiment may have, those that arms put in another's place too."""

    def __init__(self, experiment: Experiment) -> None:
        names = {*experiment.mechanisms, *(new for arm in experiment.arms for new in arm.replaces.values())}
        try:
            self.kinds: Mapping[str, Any] = kinds_for(names, experiment.pathways)
        except MigralabError:  # a network that cannot be read; its numbers stay without words
            self.kinds = kinds_for([], {})

    def find(self, quantity: str) -> Any:
        """Return the field of ``mechanism.parameter``, or None."""
        mechanism, _, name = quantity.rpartition(".")
        kind = self.kinds.get(mechanism) or self.kinds.get(mechanism.partition("@")[0])
        return None if kind is None else kind.parameters.model_fields.get(name)


def _described(number: Number, fields: _Fields) -> Number:
    field = fields.find(number.quantity)
    if field is None:
        return number
    default = field.default if isinstance(field.default, Parameter) else None
    return Number(
        path=number.path, parameter=number.parameter, quantity=number.quantity, where=number.where, arms=number.arms,
        description=str(field.description or ""), default=default,
    )  # fmt: skip


def _stated(e: Experiment) -> Iterator[Number]:
    for mechanism, own in e.mechanisms.items():
        for name, p in own.items():
            path = f"{mechanism}.{name}"
            yield Number(path=path, parameter=p, quantity=path, where="all cells, unless an arm says otherwise")
    for population, cells in e.populations.items():
        for path, p in cells.changes.items():
            whole = f"populations.{population}.{path}"
            yield Number(path=whole, parameter=p, quantity=path, where=f"population {population}")
    for path, (name, place) in pool_quantities(e.pools).items():
        if (quantity := quantity_at(e.pools[name], place)) is not None:
            yield Number(path=path, parameter=quantity, quantity=path, where=f"pool {name}")
    for pathway, seams in e.pathways.items():
        for symbol, take in seams.takes.items():
            if take is not None and take.share is not None:
                path = f"pathways.{pathway}.takes.{symbol}.share"
                yield Number(path=path, parameter=take.share, quantity=path, where=f"pathway {pathway}")
    yield from _of_arms(e)
    yield from _of_variants(e)


def _of_variants(e: Experiment) -> Iterator[Number]:
    for name, variant in e.explanations.items():
        for path, p in variant.changes.items():
            where = f"explanation {name}, every arm"
            yield Number(path=f"explanations.{name}.{path}", parameter=p, quantity=_plain(path), where=where)
    for name, way in e.signalling.ways.items() if e.signalling is not None else ():
        for inner, changes in (("", way.changes), ("most.", way.most)):
            where = f"way of signalling {name}" + (", the most that is carried" if inner else "")
            for path, p in changes.items():
                whole = f"signalling.{name}.{inner}{path}"
                yield Number(path=whole, parameter=p, quantity=_plain(path), where=where)


def _of_arms(e: Experiment) -> Iterator[Number]:
    shared: dict[tuple[str, str], list[str]] = {}
    first: dict[tuple[str, str], Parameter] = {}
    for arm in e.arms:
        for path, p in arm.changes.items():
            key = (path, p.model_dump_json())
            shared.setdefault(key, []).append(arm.id)
            first.setdefault(key, p)
    for key, arms in shared.items():
        path = key[0]
        words = f"arm{'s' if len(arms) > 1 else ''} {', '.join(arms)}"
        if path.startswith("populations."):
            words += f"; population {path.split('.')[1]}"
        yield Number(
            path=f"arms.{arms[0]}.{path}", parameter=first[key], quantity=_plain(path), where=words, arms=tuple(arms)
        )


def _plain(path: str) -> str:
    """Return a path without the population that it may begin with."""
    return path.split(".", 2)[2] if path.startswith("populations.") else path
