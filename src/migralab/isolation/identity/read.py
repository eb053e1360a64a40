"""Read a panel or a file about a sample; every mistake in it is named with its line, in one message."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

from migralab.core.errors import RequestError
from migralab.isolation.identity.document import AboutDocument, PanelDocument
from migralab.isolation.identity.panel import Panel, plain_name
from migralab.spec.document import Location, Places, parse_document, read_document
from migralab.spec.experiment import nearest
from migralab.spec.loader import Problem, problems_error, validate_document
from migralab.spec.parameter import Frozen

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
        raise problems_error(problems, str(path), data, places)
    return Panel(document=document, name=str(path))


def read_about(path: str | Path) -> AboutDocument:
    """Read and check a file about a sample; raises SpecError as `read_panel` does."""
    return _read(path, AboutDocument, "a file about the sample")[0]


def _read(path: str | Path, model: type[Document], what: str) -> tuple[Document, dict[str, Any], Places]:
    if not Path(path).is_file():
        raise RequestError(f"{path}: there is no such file. Give {what} in YAML, beginning with 'schema: 1'.")
    data, places = read_document(Path(path))
    return validate_document(model, data, str(path), places), data, places


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
