"""`migralab export RUN`: a run in the format of another program."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from migralab.cli.console import progress, say


def export(
    run: Annotated[Path, typer.Argument(help="Run directory.")],
    to: Annotated[str, typer.Option("--to", help="vtk, simularium, ome-zarr or zarr; the last two hold fields only.")],
    frames: Annotated[str, typer.Option("--frames", help="'all', 'last' or the number of a frame.")] = "all",
    out: Annotated[Path | None, typer.Option("-o", "--out", help="File or folder to write; must not exist.")] = None,
) -> None:
    """Write a run for ParaView (vtk), the Simularium viewer, napari (ome-zarr) or xarray (zarr)."""
    from migralab.results.export.export import export_run
    from migralab.results.run import open_run

    opened = open_run(run)
    with progress(f"{run.name or run} to {to}", "steps") as update:
        path = export_run(opened, to, out, frames=frames, progress=update)
    say(str(path))
