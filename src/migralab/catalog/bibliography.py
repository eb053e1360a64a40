"""The references of the catalogue, and which of them an experiment rests on."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from pydantic import BaseModel

from migralab.mechanisms.registry import kinds_for
from migralab.spec.bibtex import BibEntry, parse_bibtex
from migralab.spec.experiment import Experiment
from migralab.spec.parameter import Parameter, Source

ALWAYS = ("migralab", "salmon2011")  # the program itself, and its random numbers


@cache
def bibliography() -> dict[str, BibEntry]:
    """Return all references by BibTeX key."""
    text = files("migralab.catalog").joinpath("references.bib").read_text(encoding="utf-8")
    return parse_bibtex(text, "references.bib")


def keys_of(*parts: BaseModel) -> list[str]:
    """Return the keys of all sources that stand anywhere in `parts`, in order of first use, then `ALWAYS`."""
    found = dict.fromkeys(source.key for part in parts for source in _sources(part))
    found.pop("user", None)  # a value set on the command line has no reference
    return list(found | dict.fromkeys(ALWAYS))


def keys_of_entry(experiment: Experiment) -> list[str]:
    """Return the keys of everything an entry rests on, as `keys_of` does.

    That is what stands in it (graph, numbers, rules, arms, claims, explanations, ways of signalling), and the
    defaults of the mechanisms that it takes over, in any arm, under any explanation and by any way.
    """
    return keys_of(experiment, *_defaults(experiment))


def _defaults(experiment: Experiment) -> Iterator[Parameter]:
    """Yield the defaults that an entry takes over: those of the mechanisms that stand in for others, too."""
    ways = () if experiment.signalling is None else experiment.signalling.ways.values()
    parts = (*experiment.arms, *experiment.explanations.values(), *ways)
    names = dict.fromkeys((*experiment.mechanisms, *(new for part in parts for new in part.replaces.values())))
    kinds = kinds_for(names, experiment.pathways)
    for name in names:
        kind = kinds.get(name) or kinds.get(name.partition("@")[0])
        for field, info in kind.parameters.model_fields.items() if kind is not None else ():
            if field not in experiment.mechanisms.get(name, {}) and isinstance(info.default, Parameter):
                yield info.default


def _sources(part: object) -> Iterator[Source]:
    if isinstance(part, Source):
        yield part
    elif isinstance(part, BaseModel):
        for name in type(part).model_fields:
            yield from _sources(getattr(part, name))
    elif isinstance(part, dict):
        for value in part.values():
            yield from _sources(value)
    elif isinstance(part, tuple | list):
        for value in part:
            yield from _sources(value)
