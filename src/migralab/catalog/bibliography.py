"""The references of the catalogue, and which of them an experiment rests on."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from pydantic import BaseModel

from migralab.spec.bibtex import BibEntry, parse_bibtex
from migralab.spec.parameter import Source

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
