"""`migralab catalogue DIR`: a page for every entry with its graph and verdicts, and the overview of all."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from migralab.cli.console import remark, say
from migralab.core.errors import RequestError


def catalogue(
    folder: Annotated[Path, typer.Argument(help="Folder for the pages; it is made if it is not there.")],
    results: Annotated[
        Path | None, typer.Option("--results", help="Folder with ID.json of each entry; by default DIR/results.")
    ] = None,
) -> None:
    """Write a Markdown page for every entry of the catalogue, its figures, and the overview index.md."""
    from migralab.report.catalogue.write import RESULTS, write_catalogue

    if results is not None and not results.is_dir():
        raise RequestError(f"--results {results}: there is no such folder.")
    if folder.exists() and not folder.is_dir():
        raise RequestError(f"{folder} is a file; name a folder.")
    written = write_catalogue(folder, results or folder / RESULTS)
    say(f"{folder / 'index.md'}")
    remark(f"{len(written)} files of the catalogue are up to date in {folder}")
