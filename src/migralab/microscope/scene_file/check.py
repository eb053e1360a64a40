"""Read a scene file; every mistake in it is named with its line, in one message."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from migralab.microscope.presets import MICROSCOPES, STAINS
from migralab.microscope.scene_file.document import SceneDocument, SeriesPart
from migralab.spec.document import read_document
from migralab.spec.experiment import nearest
from migralab.spec.loader import Problem, problems_error, validate_document


def read_scene_document(path: str | Path) -> SceneDocument:
    """Read and check a scene file.

    Raises
    ------
    SpecError
        One message with every problem as ``file:line (path): what, what is allowed``.
    """
    data, places = read_document(Path(path))
    document = validate_document(SceneDocument, data, str(path), places)
    if problems := list(_contradictions(document)):
        raise problems_error(problems, str(path), data, places)
    return document


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
