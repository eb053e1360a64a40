"""An experiment, or any other model, from a YAML file: every mistake in the file with its line, in one message."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from migralab.core.errors import Place, SpecError
from migralab.spec.document import Location, Places, parse_document, read_document, show
from migralab.spec.experiment import Experiment, InconsistentError, nearest

Model = TypeVar("Model", bound=BaseModel)
Problem = tuple[Location, str]
"""Where in a document something is wrong, and what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentFile:
    """An experiment together with where each part of it stands.

    Parameters
    ----------
    experiment
        What the file says.
    name
        The file, as messages name it.
    data
        The plain content, for paths by id.
    places
        Line of every value.
    """

    experiment: Experiment
    name: str
    data: dict[str, Any]
    places: Places

    def place(self, location: Location) -> Place:
        """Return file, line and path of a value, or of the nearest enclosing one that stands in the file."""
        return _place(self.name, self.data, self.places, location)

    def error(self, location: Location, message: str) -> SpecError:
        """Return the error for a problem at `location`, for whoever finds it after loading."""
        return SpecError(message, self.place(location))

    def validation_error(self, error: ValidationError, model: type[BaseModel], location: Location = ()) -> SpecError:
        """Return one error that lists every problem of a part that was validated after loading.

        Parameters
        ----------
        error
            What pydantic found.
        model
            The model that was validated, for the names that it allows.
        location
            Where the part stands in the file, for example ``("mechanisms", "motility.walk")``.
        """
        return _gather(error, model, self.name, self.data, self.places, location)


def load_experiment(path: str | Path) -> ExperimentFile:
    """Read and check an experiment file.

    Raises
    ------
    SpecError
        One message with every problem as ``file:line (path): what, what is allowed``.
    """
    data, places = read_document(Path(path))
    return _check(data, places, str(path))


def parse_experiment(text: str, name: str = "<text>") -> ExperimentFile:
    """Read and check an experiment from YAML text; `name` stands for the file in messages."""
    data, places = parse_document(text, name)
    return _check(data, places, name)


def _check(data: dict[str, Any], places: Places, name: str) -> ExperimentFile:
    if data.get("schema", 1) != 1:
        message = f"schema {data['schema']} is not known; this version reads schema 1. Update migralab or the file."
        raise SpecError(message, _place(name, data, places, ("schema",)))
    return ExperimentFile(
        experiment=validate_document(Experiment, data, name, places), name=name, data=data, places=places
    )


def validate_document(
    model: type[Model], data: dict[str, Any], name: str, places: Places, *, missing: str = ""
) -> Model:
    """Return a document as a model.

    Parameters
    ----------
    model
        What it must be.
    data, name, places
        The plain content, the file as messages name it, and the line of every value.
    missing
        What to do where a field is missing; follows the name of the field.

    Raises
    ------
    SpecError
        One message with every problem as ``file:line (path): what, what is allowed``.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise _gather(error, model, name, data, places, (), missing) from None


def problems_error(problems: Iterable[Problem], name: str, data: object, places: Places) -> SpecError:
    """Return one error that lists every problem with its line, in the order of the file; each once."""
    found = dict.fromkeys((_place(name, data, places, location), message) for location, message in problems)
    (place, message), *rest = sorted(found, key=lambda pair: pair[0].line or 0)
    return SpecError("\n".join([message, *(f"{place}: {message}" for place, message in rest)]), place)


def _gather(
    error: ValidationError, model: type[BaseModel], name: str, data: object, places: Places, prefix: Location,
    missing: str = "",
) -> SpecError:  # fmt: skip
    problems = [
        ((*prefix, *location), message)
        for item in error.errors(include_url=False)
        for location, message in _explain(item, model, missing)
    ]
    return problems_error(problems, name, data, places)


def _explain(item: ErrorDetails, model: type[BaseModel], missing: str) -> Iterator[Problem]:
    location: Location = item["loc"]
    cause = item.get("ctx", {}).get("error")
    if isinstance(cause, InconsistentError):
        yield from (((*location, *inner), text) for inner, text in cause.problems)
        return
    yield location, _message(item, location, model, missing)


def _message(item: ErrorDetails, location: Location, model: type[BaseModel], missing: str) -> str:
    kind, field, got = item["type"], str(location[-1]) if location else "", item.get("input")
    if kind == "extra_forbidden":
        return f"there is no field '{field}'. {nearest(field, _fields_at(model, location[:-1]))}"
    if kind == "missing":
        extra = " Every number and every statement needs one: {key: ..., locator: ..., tag: ...}."
        return f"'{field}' is missing.{extra if field in ('source', 'cite') else missing}"
    if kind == "value_error":
        return str(item["ctx"]["error"])
    if kind in ("union_tag_invalid", "literal_error"):
        got = item["ctx"].get("tag", got)
        allowed = item["ctx"].get("expected_tags") or item["ctx"].get("expected")
        return f"'{got}' is not allowed here; allowed: {allowed}."
    if kind == "union_tag_not_found":
        return "'kind' is missing: interval, ratio, sign, order, rescue, equivalence, time-order or exponent."
    shown = f" Got {got!r}." if isinstance(got, str | int | float | bool | None) else ""
    return f"{item['msg']}.{shown}"


def _place(name: str, data: object, places: Places, location: Location) -> Place:
    """Follow `location` as far as the file goes; pydantic puts names of types between the parts of a path."""
    path: Location = ()
    missing: Location = ()
    for item in location:
        if (*path, item) in places:
            path, missing = (*path, item), ()
        else:
            missing = (*missing, item)
    return Place(name, places.get(path), show((*path, *missing[-1:]), data))


def _fields_at(model: type[BaseModel], location: Location) -> set[str]:
    """Return the names of the fields that may stand at `location` of a model."""
    candidates: list[Any] = [model]
    for item in location:
        candidates = [inner for candidate in candidates for inner in _inside(candidate, item)]
    names: set[str] = set()
    for candidate in candidates:
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            names |= {field.alias or name for name, field in candidate.model_fields.items()}
    return names


def _inside(candidate: object, item: str | int) -> list[Any]:
    if isinstance(candidate, type) and issubclass(candidate, BaseModel):
        field = candidate.model_fields.get(str(item))
        if field is not None:
            return _unwrapped(field.annotation)
        # the name of a member of a union, as pydantic writes it into the path
        kind = candidate.model_fields.get("kind")
        return [candidate] if kind is not None and item in typing.get_args(kind.annotation) else []
    origin, arguments = typing.get_origin(candidate), typing.get_args(candidate)
    if origin is dict:
        return _unwrapped(arguments[1])
    if origin in (tuple, list):
        return _unwrapped(arguments[0])
    return []


def _unwrapped(annotation: object) -> list[Any]:
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        return _unwrapped(typing.get_args(annotation)[0])
    if origin in (typing.Union, types.UnionType):
        return [inner for part in typing.get_args(annotation) for inner in _unwrapped(part)]
    return [annotation]
