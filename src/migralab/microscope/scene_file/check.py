"""Read a scene file; every mistake in it is named with its line, in one message."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from migralab.core.errors import Place, SpecError
from migralab.microscope.presets import MICROSCOPES, STAINS
from migralab.microscope.scene_file.document import SceneDocument, SeriesPart
from migralab.spec.document import Location, Places, read_document, show
from migralab.spec.experiment import nearest

Problem = tuple[Location, str]


def read_scene_document(path: str | Path) -> SceneDocument:
    """Read and check a scene file.

    Raises
    ------
    SpecError
        One message with every problem as ``file:line (path): what, what is allowed``.
    """
    data, places = read_document(Path(path))
    try:
        document = SceneDocument.model_validate(data)
    except ValidationError as error:
        problems = [(item["loc"], _message(item)) for item in error.errors(include_url=False)]
        raise _gather(problems, str(path), data, places) from None
    if problems := list(_contradictions(document)):
        raise _gather(problems, str(path), data, places)
    return document


def _gather(problems: list[Problem], name: str, data: dict[str, Any], places: Places) -> SpecError:
    unique = dict.fromkeys((_place(name, data, places, location), message) for location, message in problems)
    (place, message), *rest = sorted(unique, key=lambda pair: pair[0].line or 0)
    return SpecError("\n".join([message, *(f"{where}: {text}" for where, text in rest)]), place)


def _place(name: str, data: dict[str, Any], places: Places, location: Location) -> Place:
    """Follow `location` as far as the file goes; pydantic puts names of types between the parts of a path."""
    path: Location = ()
    missing: Location = ()
    for item in location:
        if (*path, item) in places:
            path, missing = (*path, item), ()
        else:
            missing = (*missing, item)
    known = missing and (isinstance(missing[0], int) or missing[0] in _fields_at(path) or missing[0] in data)
    named = missing[:1] if known else ()
    return Place(name, places.get(path), show((*path, *named), data))


def _message(item: ErrorDetails) -> str:
    kind, got, field = item["type"], item.get("input"), str(item["loc"][-1]) if item["loc"] else ""
    if kind == "extra_forbidden":
        return f"there is no field '{field}'. {nearest(field, _fields_at(item['loc'][:-1]))}"
    if kind == "missing":
        return f"'{field}' is missing."
    if kind == "literal_error":
        return f"'{got}' is not allowed here; allowed: {item['ctx']['expected']}."
    shown = f" Got {got!r}." if isinstance(got, str | int | float | bool | None) else ""
    return f"{item['msg']}.{shown}"


def _fields_at(location: Location) -> set[str]:
    """Return the names of the fields that may stand at `location`."""
    model: type[BaseModel] = SceneDocument
    for step in location:
        if isinstance(step, str) and step in model.model_fields:
            model = next(iter(_models(model.model_fields[step].annotation)), model)
    return {field.alias or name for name, field in model.model_fields.items()}


def _models(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif isinstance(annotation, types.GenericAlias) or typing.get_origin(annotation) is not None:
        for part in typing.get_args(annotation):
            yield from _models(part)


def _contradictions(document: SceneDocument) -> Iterator[Problem]:
    x0, y0, x1, y1 = document.field_um
    if not (x1 > x0 and y1 > y0):
        yield ("field_um",), "the field is empty: give [x0, y0, x1, y1] in um with x1 > x0 and y1 > y0."
    if document.microscope.preset not in MICROSCOPES:
        text = f"there is no preset '{document.microscope.preset}'. {nearest(document.microscope.preset, MICROSCOPES)}"
        yield ("microscope", "preset"), text
    if document.microscope.objective and document.microscope.psf_um:
        yield ("microscope", "psf_um"), "give the PSF as measured (psf_um) or an objective, not both."
    for number, channel in enumerate(document.channels):
        if channel not in STAINS:
            yield ("channels", number), f"there is no channel '{channel}'. {nearest(channel, STAINS)}"
        elif channel in document.channels[:number]:
            yield ("channels", number), f"the channel '{channel}' stands twice."
    yield from _wrong_names(document)
    yield from _wrong_places(document)
    yield from _wrong_series(document.series, document.channels)


def _wrong_names(document: SceneDocument) -> Iterator[Problem]:
    cells = [cell.id for cell in document.cells]
    fibres = [fibre.id for fibre in document.fibres]
    for name, ids in (("cells", cells), ("fibres", fibres)):
        for number, ident in enumerate(ids):
            if ident in ids[:number]:
                yield (name, number, "id"), f"the id '{ident}' stands twice."
    for number, fibre in enumerate(document.fibres):
        if fibre.cell != -1 and fibre.cell not in cells:
            yield ("fibres", number, "cell"), f"there is no cell {fibre.cell}. Cells: {_list(cells)}."
    for number, vesicle in enumerate(document.migrasomes):
        if vesicle.fibre is not None and vesicle.fibre not in fibres:
            yield ("migrasomes", number, "fibre"), f"there is no fibre '{vesicle.fibre}'. Fibres: {_list(fibres)}."


def _wrong_places(document: SceneDocument) -> Iterator[Problem]:
    for number, cell in enumerate(document.cells):
        if (cell.outline is None) == (cell.x_um is None or cell.y_um is None):
            yield ("cells", number), "give an outline, or x_um and y_um for a cell that is drawn; not both."
    for name, parts in (("migrasomes", document.migrasomes), ("vesicles", document.vesicles), ("dots", document.dots)):
        for number, part in enumerate(parts):
            placed = part.x_um is not None and part.y_um is not None
            if name == "migrasomes" and placed == (getattr(part, "fibre", None) is not None):
                yield (name, number), "give a fibre (and at), or x_um and y_um; not both."
            elif name != "migrasomes" and not placed:
                yield (name, number), "x_um and y_um are missing: where is it?"


def _wrong_series(series: SeriesPart, channels: list[str]) -> Iterator[Problem]:
    if series.interval_min is not None and series.interval_s is not None:
        yield ("series", "interval_s"), "give interval_min or interval_s, not both."
    if series.frames > 1 and series.interval_min is None and series.interval_s is None:
        yield ("series", "frames"), "the time between frames is missing: give interval_min or interval_s."
    for channel in series.bleaching:
        if channel not in channels:
            yield ("series", "bleaching", channel), f"channel '{channel}' is not taken. Channels: {_list(channels)}."
    if series.frap and series.frap.channel not in channels:
        text = f"channel '{series.frap.channel}' is not taken. Channels: {_list(channels)}."
        yield ("series", "frap", "channel"), text


def _list(names: list[Any]) -> str:
    return ", ".join(str(name) for name in names) or "none"
