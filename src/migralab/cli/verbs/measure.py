"""`migralab measure IMAGE...`: migrasomes, fibres and cells of micrographs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from migralab.cli.console import length_option, remark, say, say_json, time_option
from migralab.core.errors import RequestError


def measure(
    images: Annotated[list[Path], typer.Argument(help="Micrographs: OME-TIFF, TIFF, PNG or JPEG.")],
    pixel_size: Annotated[
        str | None, typer.Option("--pixel-size", help="For example 0.1um; needed if the file has none.")
    ] = None,
    frame_interval: Annotated[str | None, typer.Option("--frame-interval", help="For example 8min.")] = None,
    channel: Annotated[str | None, typer.Option("--channel", help="Channel to analyse, by number or name.")] = None,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Directory to write; must not exist.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
) -> None:
    """Measure micrographs with the observables that simulated dishes are measured with."""
    from migralab.imaging.measure_image import measure_image
    from migralab.imaging.output import write_measurement
    from migralab.measure import measure as measure_observations

    size = length_option(pixel_size, "--pixel-size")
    interval = time_option(frame_interval, "--frame-interval")
    targets = _targets(images, out)
    for path in images:  # before the first of several is measured
        if not path.is_file():
            what = "a folder, not an image" if path.is_dir() else "no such image file"
            raise RequestError(f"{path}: {what}. Nothing was measured.")
    for path, target in zip(images, targets, strict=True):
        observations, micrograph, settings = measure_image(
            path, pixel_size=size, frame_interval=interval, channel=channel
        )
        write_measurement(observations, micrograph, settings, target)
        readouts = measure_observations(observations, _IN_IMAGES)
        if as_json:
            say_json({"image": str(path), "readouts": readouts.to_dict()})
            continue
        say(f"{path}")
        for readout in readouts.values():
            say(f"  {readout.id:<24} {readout.value:9.3g} {readout.unit:<9} n = {readout.n} {readout.n_unit}")
        for note in observations.notes:
            remark(f"  note: {note}")
        say(f"  {len(observations['migrasomes'])} migrasomes; tables, settings and overlay: {target}")
    remark(_HOW_GOOD)


_HOW_GOOD = (
    "This analyser is a first one. On simulated dishes it finds 8 of 10 migrasomes, and about half of what it reports "
    "is none (loops of fibres, spots of cell bodies, retractosomes). Look at the overlay before you use a count."
)
_IN_IMAGES = (
    "count.per_cell", "count.per_100um_intact", "diameter.mean", "diameter.median", "fibre.length_intact",
    "junction.per_100um", "tip.per_100um", "junction.per_tip", "place.tip", "place.junction", "place.shaft",
    "place.free",
)  # fmt: skip


def _targets(images: list[Path], out: Path | None) -> list[Path]:
    if out is None:
        return [path.with_name(f"{path.name.split('.')[0]}-measured") for path in images]
    if len(images) == 1:
        return [out]
    names = [path.name.split(".")[0] for path in images]
    if len(set(names)) < len(names):
        raise RequestError("two of the images have the same name; measure them one by one with -o.")
    return [out / name for name in names]
