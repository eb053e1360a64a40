"""Read a YAML file of a user into a model; every mistake in it is named with its line, in one message."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from migralab.core.errors import Place, RequestError, SpecError
from migralab.spec.document import Location, Places, read_document, show
from migralab.spec.experiment import nearest

Model = TypeVar("Model", bound=BaseModel)
Made = TypeVar("Made")
Problem = tuple[Location, str]


class ContradictionError(RequestError):
    """Something in a file that makes no sense, with the place of each in the document."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("\n".join(message for _, message in problems))


def read_checked(path: Path, model: type[Model], make: Callable[[Model], Made]) -> Made:
    """Read a file into `model` and make something of it.

    Raises
    ------
    SpecError
        One message with every problem as ``file:line (path): what, what is allowed``.
    """
    data, places = read_document(path)
    try:
        return make(model.model_validate(data))
    except ValidationError as error:
        problems = [(item["loc"], _message(item, model)) for item in error.errors(include_url=False)]
        raise _gather(problems, str(path), data, places) from None
    except ContradictionError as error:
        raise _gather(error.problems, str(path), data, places) from None
    except ValueError as error:
        raise SpecError(f"{error}", Place(str(path))) from None


def _gather(problems: list[Problem], name: str, data: dict[str, Any], places: Places) -> SpecError:
    unique = dict.fromkeys((_place(name, data, places, location), message) for location, message in problems)
    (place, message), *rest = sorted(unique, key=lambda pair: pair[0].line or 0)
    return SpecError("\n".join([message, *(f"{where}: {text}" for where, text in rest)]), place)


def _place(name: str, data: dict[str, Any], places: Places, location: Location) -> Place:
    """Follow `location` as far as the file goes; pydantic puts names of types between the parts of a path."""
    path: Location = ()
    for item in location:
        if (*path, item) in places:
            path = (*path, item)
    return Place(name, places.get(path), show(path, data))


def _message(item: ErrorDetails, model: type[BaseModel]) -> str:
    kind, got, field = item["type"], item.get("input"), str(item["loc"][-1]) if item["loc"] else ""
    if kind == "extra_forbidden":
        return f"there is no field '{field}'. {nearest(field, _fields_at(item['loc'][:-1], model))}"
    if kind == "missing":
        return f"'{field}' is missing."
    if kind == "literal_error":
        return f"'{got}' is not allowed here; allowed: {item['ctx']['expected']}."
    if kind == "value_error":
        return f"{item['ctx']['error']}."
    shown = f" Got {got!r}." if isinstance(got, str | int | float | bool | None) else ""
    return f"{item['msg']}.{shown}"


def _fields_at(location: Location, model: type[BaseModel]) -> set[str]:
    """Return the names of the fields that may stand at `location`."""
    for step in location:
        if isinstance(step, str) and step in model.model_fields:
            model = next(iter(_models(model.model_fields[step].annotation)), model)
    return {field.alias or name for name, field in model.model_fields.items()}


def _models(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif isinstance(annotation, types.GenericAlias | types.UnionType) or typing.get_origin(annotation) is not None:
        for part in typing.get_args(annotation):
            yield from _models(part)
