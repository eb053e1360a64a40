"""Read a YAML file of a user into a model and make something of it; every mistake is named with its line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from migralab.core.errors import Place, RequestError, SpecError
from migralab.spec.document import read_document
from migralab.spec.loader import Problem, problems_error, validate_document

Model = TypeVar("Model", bound=BaseModel)
Made = TypeVar("Made")


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
    document = validate_document(model, data, str(path), places)
    try:
        return make(document)
    except ContradictionError as error:
        raise problems_error(error.problems, str(path), data, places) from None
    except ValueError as error:
        raise SpecError(f"{error}", Place(str(path))) from None
