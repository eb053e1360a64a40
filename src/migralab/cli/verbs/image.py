"""`migralab image RUN`: a virtual micrograph of a simulated dish."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from migralab.cli.console import say


def image(
    run: Annotated[Path, typer.Argument(help="Run directory.")],
    frame: Annotated[str | None, typer.Option("--frame", help="Frame number or 'all'; the last by default.")] = None,
    channel: Annotated[str, typer.Option("--channel", help="Stains, separated by commas: WGA, TSPAN4.")] = "WGA,TSPAN4",
    preset: Annotated[
        str, typer.Option("--preset", help="Microscope: confocal, dim, spinning-disk, widefield or high-content.")
    ] = "confocal",
    seed: Annotated[int, typer.Option("--seed", help="Seed of the photon noise.")] = 1,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="OME-TIFF to write.")] = None,
) -> None:
    """Take a micrograph of a run: OME-TIFF with pixel size, and the truth in tables beside it."""
    from migralab.microscope.image_run import image_observations
    from migralab.microscope.write import write_micrographs
    from migralab.results.run import open_run
    from migralab.simulation.observe import observe

    opened = open_run(run)
    frames = range(len(opened.provenance.frames_min)) if frame == "all" else None
    observations = observe(opened, list(frames) if frames is not None else None)
    dish = image_observations(observations, frames=frame, channels=channel, preset=preset, seed=seed)
    target = out or run.with_name(f"{run.name}.ome.tiff")
    for path in write_micrographs(dish, target).values():
        say(str(path))
