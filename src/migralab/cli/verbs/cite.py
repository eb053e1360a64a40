"""`migralab cite ID`: the references behind an entry, as BibTeX."""

from __future__ import annotations

from typing import Annotated

import typer

from migralab.cli.console import remark, say


def cite(entry: Annotated[str, typer.Argument(help="Catalogue id or YAML file.")]) -> None:
    """Print BibTeX of everything an entry rests on: parameters, claims, methods, and migralab itself."""
    from migralab.catalog.bibliography import bibliography, keys_of
    from migralab.catalog.catalog import load
    from migralab.simulation.compile import compile_experiment

    file = load(entry)
    known = bibliography()
    for key in keys_of(file.experiment, compile_experiment(file).experiment):
        if key in known:
            say(known[key].text.strip())
        else:
            remark(f"no reference for '{key}' in the bibliography")
