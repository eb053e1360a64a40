"""The pathways that ship: Antimony and a YAML file with sources and seams for each, in `library`."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import yaml
from pydantic import Field

from migralab.core.errors import UnknownIdError
from migralab.spec.pathway import Pathway

_FOLDER = files("migralab.pathways").joinpath("library")


class ShippedPathway(Pathway):
    """A pathway of the library: seams and sources beside the model."""

    id: str
    title: str = Field(min_length=1)
    systems: tuple[int, ...] = Field(default=(), description="numbers of the systems that it serves")
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """A pathway as an experiment uses it, with all that the library knows of it.

    Parameters
    ----------
    id
        Its name in the experiment.
    file
        The model, as messages name it.
    seams
        Text of the model, inputs, outputs and sources, with what the experiment changes of them.
    title, note
        Of the library; empty for a model of the user.
    """

    id: str
    file: str
    seams: Pathway
    title: str = ""
    note: str = ""


def pathway_ids() -> list[str]:
    """Return the ids of all pathways that ship."""
    return sorted(item.name.removesuffix(".yaml") for item in _FOLDER.iterdir() if item.name.endswith(".yaml"))


@functools.cache
def shipped_pathway(name: str) -> ShippedPathway:
    """Return a pathway of the library by id.

    Raises
    ------
    UnknownIdError
        With the nearest ids.
    """
    if name not in pathway_ids():
        raise UnknownIdError("pathway", name, pathway_ids())
    data: dict[str, Any] = yaml.safe_load(_FOLDER.joinpath(f"{name}.yaml").read_text(encoding="utf-8"))
    text = _FOLDER.joinpath(f"{name}.ant").read_text(encoding="utf-8")
    return ShippedPathway.model_validate({**data, "text": text})


def describe(name: str, own: Pathway | None = None) -> Described:
    """Return a pathway as an experiment uses it.

    Parameters
    ----------
    name
        ``pten-akt``, or whatever the experiment calls its own.
    own
        What stands under ``pathways`` in the experiment; None for a pathway of the library as it is.

    Raises
    ------
    UnknownIdError
        If it is neither.
    """
    if own is not None and own.text:
        seams = own.model_copy(update={key: _kept(getattr(own, key)) for key in ("inputs", "takes", "outputs")})
        return Described(id=name, file=own.model or "<text>", seams=seams)
    base = shipped_pathway(own.shipped if own is not None else name)
    changes: dict[str, object] = {}
    if own is not None:
        for key in ("inputs", "takes", "outputs", "parameters"):
            changes[key] = _kept({**getattr(base, key), **getattr(own, key)})
        changes |= {key: getattr(own, key) for key in own.model_fields_set & {"time", "method", "counted"}}
    seams = base.model_copy(update=changes)
    return Described(id=name, file=f"{base.id}.ant", seams=seams, title=base.title, note=base.note)


def _kept(seams: dict[str, Any]) -> dict[str, Any]:
    return {symbol: own for symbol, own in seams.items() if own is not None}
