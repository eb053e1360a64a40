"""Ids as they are asked for: ``speed.mean``, ``speed.mean[kg1a]``, ``site.density[kg1a, x_um=0, y_um=50]``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from migralab.core.errors import RequestError, UnknownIdError
from migralab.measure.registry.observable import Observable

_FORM = re.compile(r"^([^\[\]]+)(?:\[([^\[\]]*)\])?$")
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "none": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """An id taken apart.

    Parameters
    ----------
    observable
        Line of the registry.
    population
        Cells that are measured, with what they left; None for all.
    options
        Options of the observable that the id sets.
    """

    observable: Observable
    population: str | None
    options: dict[str, Any]


def parse_request(name: str, known: dict[str, Observable]) -> Request:
    """Take an id apart.

    In brackets behind the id stands the name of a population, or options as ``name=value``, or both.

    Raises
    ------
    UnknownIdError
        If there is no such observable.
    RequestError
        If the brackets are not closed, name two populations, or set an option that the observable does not have.
    """
    form = _FORM.match(name)
    if form is None:
        raise RequestError(
            f"'{name}' is not an id of an observable. Write family.name, family.name[population] or "
            "family.name[population, option=value]."
        )
    base = form.group(1).strip()
    if base not in known:
        raise UnknownIdError("observable", base, known)
    population, options = None, {}
    for part in filter(None, (part.strip() for part in (form.group(2) or "").split(","))):
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if equals and key != "population":
            options[key] = _value(value)
        elif population is not None:
            raise RequestError(
                f"'{name}' names two populations, '{population}' and '{value or key}'. Ask for each alone."
            )
        else:
            population = value if equals else key
    require_options(name, known[base], options)
    return Request(observable=known[base], population=population, options=options)


def require_options(name: str, observable: Observable, options: dict[str, Any]) -> None:
    """Refuse options that an observable does not have."""
    if strange := sorted(set(options) - set(allowed := observable.options())):
        raise RequestError(f"'{name}' has no option {', '.join(strange)}. Allowed: {', '.join(allowed) or 'none'}.")


def _value(text: str) -> Any:
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    try:
        return float(text)
    except ValueError:
        return text
