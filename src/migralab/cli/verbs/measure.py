"""`migralab measure FILE...`: migrasomes, fibres and cells of micrographs; movement of tracked cells."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from migralab.cli.console import length_option, remark, say, say_json, time_option
from migralab.core.errors import RequestError

if TYPE_CHECKING:
    from migralab.measure import Readouts


def measure(
    images: Annotated[
        list[Path], typer.Argument(help="Micrographs (OME-TIFF, TIFF, PNG, JPEG), or tracks (CSV, text, TrackMate).")
    ],
    pixel_size: Annotated[
        str | None, typer.Option("--pixel-size", help="For example 0.1um; needed if the file has none.")
    ] = None,
    frame_interval: Annotated[str | None, typer.Option("--frame-interval", help="For example 8min.")] = None,
    channel: Annotated[str | None, typer.Option("--channel", help="Channel to analyse, by number or name.")] = None,
    columns: Annotated[
        str | None, typer.Option("--columns", help="Columns of tracks without a header, as track,t_s,x_um,y_um.")
    ] = None,
    population: Annotated[str, typer.Option("--population", help="Kind of cell that was tracked.")] = "unknown",
    readout: Annotated[
        list[str] | None, typer.Option("--readout", help="Of tracks: an observable instead of the usual ones.")
    ] = None,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Directory to write; must not exist.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
) -> None:
    """Measure micrographs or cell tracks with the observables that simulated dishes are measured with."""
    size = length_option(pixel_size, "--pixel-size")
    interval = time_option(frame_interval, "--frame-interval")
    tracks = _are_tracks(images)
    _refuse_strange(tracks, channel, columns, population, readout)
    targets = _targets(images, out)
    for path in images:  # before the first of several is measured
        if not path.is_file():
            what = "a folder, not an image or a track file" if path.is_dir() else "no such file"
            raise RequestError(f"{path}: {what}. Nothing was measured.")
    if tracks:
        names = None if columns is None else [name.strip() for name in columns.split(",")]
        _measure_tracks(
            dict(zip(images, targets, strict=True)), readout, as_json=as_json, pixel_size=size,
            frame_interval=interval, columns=names, population=population,
        )  # fmt: skip
    else:
        _measure_images(dict(zip(images, targets, strict=True)), size, interval, channel, as_json=as_json)


def _measure_images(
    targets: dict[Path, Path], size: float | None, interval: float | None, channel: str | None, *, as_json: bool
) -> None:
    from migralab.imaging.measure_image import measure_image
    from migralab.imaging.output import write_measurement
    from migralab.measure import measure as measure_observations

    for path, target in targets.items():
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


def _measure_tracks(targets: dict[Path, Path], wanted: list[str] | None, *, as_json: bool, **how: Any) -> None:
    """Measure each file as one experiment, and where there are several combine them."""
    from migralab.measure import combine
    from migralab.measure import measure as measure_observations
    from migralab.measure.tracks import IN_TRACKS, measure_tracks
    from migralab.report.tracks import write_track_measurement

    ids = wanted or list(IN_TRACKS)
    seen = {path: measure_tracks(path, **how) for path in targets}  # all are read before anything is written
    found = {path: measure_observations(observations, ids) for path, observations in seen.items()}
    together = combine(list(found.values())) if len(found) > 1 else None
    for path, target in targets.items():
        write_track_measurement(seen[path], found[path], path, target)
    if as_json:
        say_json(
            {
                "experiments": {str(path): readouts.to_dict() for path, readouts in found.items()},
                "combined": together.to_dict() if together else None,
            }
        )
        return
    for path, target in targets.items():
        say(f"{path}: one experiment; intervals are over its cells")
        _print_readouts(found[path])
        for note in seen[path].notes:
            remark(f"  note: {note}")
        say(f"  cells, readouts and a picture of the tracks: {target}")
    if together is not None:
        say(f"{len(found)} experiments together; intervals are over experiments")
        _print_readouts(together)


def _print_readouts(readouts: Readouts) -> None:
    for readout in readouts.values():
        if not readout.known:
            say(f"  {readout.id:<30} not known: {readout.note}")
            continue
        interval = "no interval" if math.isnan(readout.low) else f"[{readout.low:.3g}, {readout.high:.3g}]"
        value = f"{readout.value:9.3g} {readout.unit:<7} {interval:<19}"
        say(f"  {readout.id:<30} {value} n = {readout.n} {readout.n_unit}{f'; {readout.note}' if readout.note else ''}")


def _are_tracks(files: list[Path]) -> bool:
    """Whether the files are tracks; a mixture is refused, since the two are different experiments."""
    kinds = {path.suffix.lower() in _TRACK_FILES for path in files}
    if len(kinds) > 1:
        raise RequestError("images and tracks were given together; measure them one after the other.")
    return kinds.pop()


def _refuse_strange(
    tracks: bool, channel: str | None, columns: str | None, population: str, readout: list[str] | None
) -> None:
    if tracks and channel is not None:
        raise RequestError("--channel is for images; tracks have none.")
    if not tracks and (columns is not None or population != "unknown" or readout):
        raise RequestError("--columns, --population and --readout are for tracks; these are images.")


_TRACK_FILES = frozenset({".csv", ".tsv", ".txt", ".xml"})
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
        raise RequestError("two of the files have the same name; measure them one by one with -o.")
    return [out / name for name in names]
