"""One report as one HTML file: everything it needs is in it, and it appears whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from migralab.core.errors import RequestError
from migralab.report import wording
from migralab.report.content import Report
from migralab.report.figures.cell import choose_showcase, draw_showcase
from migralab.report.figures.count import draw_arms, draw_counts
from migralab.report.figures.dish import draw_dish
from migralab.report.figures.dose import draw_dose_response
from migralab.report.figures.field import draw_fields
from migralab.report.figures.growth import draw_growth
from migralab.report.figures.recipients import draw_levels, draw_recipients
from migralab.report.figures.size import draw_sizes
from migralab.report.figures.trail import draw_trail
from migralab.report.replay import pack_replay
from migralab.report.section import (
    list_budget,
    list_key_numbers,
    list_parameters,
    list_provenance,
    list_readouts,
    list_verdicts,
    show_micrographs,
)
from migralab.report.template import fill_template

Progress = Callable[[str], None]
"""Called with what is being drawn."""


def write_report(
    report: Report, path: Path | str, *, overwrite: bool = False, progress: Progress | None = None
) -> Path:
    """Write a report.

    Parameters
    ----------
    report
        What it shows.
    path
        The HTML file.
    overwrite
        Whether a file of that name may be replaced.
    progress
        Called with a few words before each part that takes time.

    Raises
    ------
    RequestError
        If the file exists and may not be replaced, or the place cannot be written.
    """
    path = Path(path)
    if path.is_dir():
        raise RequestError(
            f"{path} is a directory. Give the name of the file to write, for example {path / 'report.html'}."
        )
    if path.exists() and not overwrite:
        raise RequestError(f"{path} exists already. Choose another name, or remove it if you no longer need it.")
    text = render_report(report, progress=progress)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}-", suffix=".part", dir=path.parent)
    except OSError as error:
        raise RequestError(f"{path} cannot be written: {error.strerror}.") from None
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return path


def render_report(report: Report, *, progress: Progress | None = None) -> str:
    """Return a report as the text of an HTML file."""
    tell = progress or (lambda _: None)
    simulated = report.observations is not None and report.observations.origin == "simulation"
    showcase = choose_showcase(report)
    top = showcase.cell if showcase is not None else None
    content: dict[str, Any] = {"report": report, "words": wording}
    tell("drawing the dish")
    content["dish"] = draw_dish(report, top)
    tell("imaging a top cell")
    content["cell"] = draw_showcase(report, showcase)
    tell("packing the replay")
    content["replay"] = pack_replay(report.observations, top) if simulated and report.observations else None
    tell("drawing the fields")
    content["fields"] = draw_fields(report)
    tell("drawing the measurements")
    beside = (draw_dose_response(report), draw_growth(report), draw_counts(report), draw_arms(report))
    content["compared"] = [figure for figure in beside if figure]
    wide = (draw_recipients(report), draw_levels(report), draw_sizes(report), draw_trail(report))
    content["wide"] = [figure for figure in wide if figure]
    content |= {
        "key_numbers": list_key_numbers(report),
        "readouts": list_readouts(report),
        "verdicts": list_verdicts(report.verdicts),
        "budget": list_budget(report),
        "micrographs": show_micrographs(report),
        "parameters": list_parameters(report),
        "provenance": list_provenance(report),
    }
    return fill_template("report.html", **content)
