"""Read a panel or a file about a sample; every mistake in it is named with its line, in one message."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from migralab.core.errors import Place, RequestError, SpecError
from migralab.isolation.identity.document import AboutDocument, PanelDocument
from migralab.isolation.identity.panel import Panel, plain_name
from migralab.spec.document import Location, Places, parse_document, read_document, show
from migralab.spec.experiment import nearest
from migralab.spec.parameter import Frozen

Problem = tuple[Location, str]
Document = TypeVar("Document", bound=Frozen)


@functools.cache
def shipped_panel() -> Panel:
    """Return the panel that ships with migralab."""
    text = files("migralab.isolation.identity").joinpath("panel.yaml").read_text(encoding="utf-8")
    data, _ = parse_document(text, "panel.yaml")
    return Panel(document=PanelDocument.model_validate(data), name="the shipped panel")


def read_panel(path: str | Path) -> Panel:
    """Read and check a panel file.

    Raises
    ------
    SpecError
        One message with every problem as ``file:line (path): what, what is allowed``.
    """
    document, data, places = _read(path, PanelDocument, "a panel of markers")
    if problems := list(_contradictions(document)):
        raise _gather(problems, str(path), data, places)
    return Panel(document=document, name=str(path))


def read_about(path: str | Path) -> AboutDocument:
    """Read and check a file about a sample; raises SpecError as `read_panel` does."""
    return _read(path, AboutDocument, "a file about the sample")[0]


def _read(path: str | Path, model: type[Document], what: str) -> tuple[Document, dict[str, Any], Places]:
    if not Path(path).is_file():
        raise RequestError(f"{path}: there is no such file. Give {what} in YAML, beginning with 'schema: 1'.")
    data, places = read_document(Path(path))
    try:
        return model.model_validate(data), data, places
    except ValidationError as error:
        problems = [(item["loc"], _message(item, model)) for item in error.errors(include_url=False)]
        raise _gather(problems, str(path), data, places) from None


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


def _message(item: ErrorDetails, model: type[Frozen]) -> str:
    kind, got, field = item["type"], item.get("input"), str(item["loc"][-1]) if item["loc"] else ""
    if kind == "extra_forbidden":
        top = len(item["loc"]) == 1
        known = {info.alias or name for name, info in model.model_fields.items()}
        return f"there is no field '{field}'. " + (nearest(field, known) if top else "Take it out, or see the docs.")
    if kind == "missing":
        return f"'{field}' is missing."
    if kind == "literal_error":
        return f"'{got}' is not allowed here; allowed: {item['ctx']['expected']}."
    shown = f" Got {got!r}." if isinstance(got, str | int | float | bool | None) else ""
    return f"{item['msg'].removeprefix('Value error, ')}.{shown}"


def _contradictions(document: PanelDocument) -> Iterator[Problem]:
    for name, own in document.classes.items():
        yield from _unknown(("classes", name, "call_on"), "marker", own.call_on, document.markers)
        yield from _unknown(("classes", name, "beside"), "marker", own.beside, document.markers)
        yield from _unknown(("classes", name, "place"), "marker", [own.place] if own.place else [], document.markers)
    seen: dict[str, str] = {}
    for key, marker in document.markers.items():
        for alias in (key, *marker.aliases):
            if seen.setdefault(plain_name(alias), key) != key:
                yield (
                    ("markers", key, "aliases"),
                    f"'{alias}' names {key} and {seen[plain_name(alias)]}. A name may stand for one marker only.",
                )
    listed = [(("markers", key, "statements"), marker.statements) for key, marker in document.markers.items()]
    for place, statements in (*listed, (("diameter",), document.diameter), (("density",), document.density)):
        for number, one in enumerate(statements):
            yield from _unknown((*place, number, "class"), "class", [one.vesicle_class], document.classes)
            yield from _unknown((*place, number, "source"), "source", [one.source], document.sources)


def _unknown(place: Location, what: str, got: Iterable[str], known: Iterable[str]) -> Iterator[Problem]:
    known = list(known)
    for name in got:
        if name not in known:
            yield place, f"there is no {what} '{name}' in this panel. {nearest(name, known)}"
