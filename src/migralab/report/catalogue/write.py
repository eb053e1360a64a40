"""Entries and results -> the pages of the catalogue: one page an entry, their figures, and the overview."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from migralab.catalog.bibliography import bibliography, keys_of_entry
from migralab.catalog.catalog import entry_ids, load_entry
from migralab.report.catalogue.entry_page import MADE, entry_page
from migralab.report.catalogue.graph import draw_graph
from migralab.report.catalogue.overview import overview, system
from migralab.report.catalogue.results import read_results
from migralab.report.catalogue.verdict_figure import draw_verdicts
from migralab.spec.experiment import Experiment

GRAPHS, FIGURES, RESULTS = "graphs", "figures", "results"


def catalogue_pages(results: Path | None, experiments: Iterable[Experiment] | None = None) -> dict[str, str]:
    """Return every page by file name.

    Parameters
    ----------
    results
        Folder with ``ID.json``, as the checks write it; an entry without one is shown as not yet judged.
    experiments
        By default all entries of the catalogue.
    """
    there = _all(experiments)
    known = bibliography()
    pages = {}
    for experiment in there:
        references = {key: known[key] for key in keys_of_entry(experiment) if key in known}
        pages[f"{experiment.id}.md"] = entry_page(experiment, read_results(results, experiment.id), references)
    pages["index.md"] = overview([system(own, read_results(results, own.id)) for own in there])
    return pages


def catalogue_figures(results: Path | None, experiments: Iterable[Experiment] | None = None) -> dict[str, bytes]:
    """Return every figure by its path below the folder of the pages."""
    found: dict[str, bytes] = {}
    for experiment in _all(experiments):
        claims = system(experiment, read_results(results, experiment.id)).claims
        if experiment.graph:
            found[f"{GRAPHS}/{experiment.id}.svg"] = draw_graph(experiment)
        if (figure := draw_verdicts(claims)) is not None:
            found[f"{FIGURES}/{experiment.id}.svg"] = figure
    return found


def write_catalogue(folder: Path, results: Path | None, experiments: Iterable[Experiment] | None = None) -> list[Path]:
    """Write pages and figures into a folder, take away those that nothing makes any more, and return what was written.

    Only pages that were made here, and their figures, are ever taken away.
    """
    experiments = _all(experiments)
    made: Mapping[str, bytes] = {
        **{name: text.encode("utf-8") for name, text in catalogue_pages(results, experiments).items()},
        **catalogue_figures(results, experiments),
    }
    for part in (folder, folder / GRAPHS, folder / FIGURES):
        part.mkdir(parents=True, exist_ok=True)
    for page in folder.glob("*.md"):
        if page.name not in made and page.read_text(encoding="utf-8").startswith(MADE):
            for old in (page, folder / GRAPHS / f"{page.stem}.svg", folder / FIGURES / f"{page.stem}.svg"):
                old.unlink(missing_ok=True)
    written = []
    for name, content in made.items():
        path = folder / name
        if not path.is_file() or path.read_bytes() != content:
            path.write_bytes(content)
        written.append(path)
    return written


def _all(experiments: Iterable[Experiment] | None) -> list[Experiment]:
    return [load_entry(name).experiment for name in entry_ids()] if experiments is None else list(experiments)
