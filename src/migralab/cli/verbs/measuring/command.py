"""`migralab measure FILE...`: migrasomes, fibres and cells of micrographs; movement of tracked cells."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from migralab.cli.console import length_option, time_option
from migralab.core.errors import RequestError

TRACK_FILES = frozenset({".csv", ".tsv", ".txt", ".xml"})


def measure(
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="Micrographs (OME-TIFF, TIFF, OME-Zarr, PNG, JPEG), or tracks (CSV, text, TrackMate)."),
    ] = None,
    pixel_size: Annotated[
        str | None, typer.Option("--pixel-size", help="For example 0.1um; needed if the file has none.")
    ] = None,
    frame_interval: Annotated[str | None, typer.Option("--frame-interval", help="For example 8min.")] = None,
    channel: Annotated[str | None, typer.Option("--channel", help="Channel to analyse, by number or name.")] = None,
    axes: Annotated[
        str | None,
        typer.Option("--axes", help="Order of the axes, as TCYX, where the file is wrong."),
    ] = None,
    projection: Annotated[str, typer.Option("--projection", help="Of a z-stack: max, mean, focus or a plane.")] = "max",
    mask: Annotated[
        str | None,
        typer.Option("--mask", help="What is no specimen: an image, or 'drawn' for text."),
    ] = None,
    edits: Annotated[Path | None, typer.Option("--edits", help="Corrections by hand to apply.")] = None,
    export: Annotated[str, typer.Option("--export", help="Also: fiji, trackmate, tables (Parquet).")] = "",
    controls: Annotated[
        bool,
        typer.Option("--controls", help="What is found where nothing is, in this light."),
    ] = False,
    sheet: Annotated[
        Path | None,
        typer.Option("--sheet", help="Sample sheet, or folders condition/dish/image."),
    ] = None,
    compare: Annotated[str | None, typer.Option("--compare", help="Two of its conditions, as drug,control.")] = None,
    frap: Annotated[
        bool,
        typer.Option("--frap", help="Of a film: recovery of what was bleached."),
    ] = False,
    bleached_at: Annotated[
        int | None,
        typer.Option("--bleached-at", help="First frame after the bleach, from 0; found if not given."),
    ] = None,
    frap_spots: Annotated[
        Path | None,
        typer.Option("--frap-spots", help="What was bleached: x_um,y_um[,radius_um] in the first frame."),
    ] = None,
    hand: Annotated[
        list[Path] | None,
        typer.Option("--hand", help="A person's count of the image, or a folder of them."),
    ] = None,
    kinds: Annotated[
        str | None,
        typer.Option("--kinds", help="What their marks mean, as 1=tip,2=free,3=cell."),
    ] = None,
    blind: Annotated[Path | None, typer.Option("--blind", help="Folder for copies without names.")] = None,
    unblind: Annotated[Path | None, typer.Option("--unblind", help="Key: names into a table of counts.")] = None,
    key: Annotated[Path | None, typer.Option("--key", help="Where --blind keeps the names.")] = None,
    repeats: Annotated[int, typer.Option("--repeats", help="Copies of each for --blind.", min=1)] = 1,
    columns: Annotated[str | None, typer.Option("--columns", help="Without a header: track,t_s,x_um,y_um.")] = None,
    population: Annotated[str, typer.Option("--population", help="Kind of cell that was tracked.")] = "unknown",
    readout: Annotated[
        list[str] | None,
        typer.Option("--readout", help="An observable instead of the usual ones."),
    ] = None,
    workers: Annotated[int, typer.Option("--workers", help="Processes for films.", min=1)] = 2,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Directory to write; must not exist.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
) -> None:
    """Measure micrographs or cell tracks with the observables that simulated dishes are measured with."""
    given = list(files or [])
    size, interval = length_option(pixel_size, "--pixel-size"), time_option(frame_interval, "--frame-interval")
    whole = {"--blind": blind, "--unblind": unblind, "--sheet": sheet}
    task = _only_one({option: value for option, value in whole.items() if value is not None})
    _need(
        {
            "--compare": (compare, "--sheet", sheet),
            "--key": (key, "--blind", blind),
            "--kinds": (kinds, "--hand", hand),
            "--bleached-at": (bleached_at, "--frap", frap),
            "--frap-spots": (frap_spots, "--frap", frap),
        }
    )
    if blind is not None or unblind is not None:
        from migralab.cli.verbs.measuring import hiding

        if blind is not None:
            hiding.hide_names(given, blind, key, repeats)
        elif unblind is not None:
            hiding.tell_names(given, unblind, out)
        return
    from migralab.imaging.measure_image import How

    how = How(axes=axes, projection=projection, mask=mask, workers=workers)
    if sheet is not None:
        if given:
            raise RequestError("--sheet names its images itself; give no files beside it.")
        from migralab.cli.verbs.measuring.experiment import measure_experiment

        measure_experiment(sheet, compare, out=out, size=size, interval=interval, channel=channel, how=how)
        return
    if not given:
        raise RequestError(f"Give the images or tracks to measure{f', beside {task}' if task else ''}.")
    if _are_tracks(given):
        from migralab.cli.verbs.measuring.tracks import measure_tracks_of

        images_only = {
            "--channel": channel,
            "--edits": edits,
            "--hand": hand,
            "--export": export,
            "--controls": controls,
            "--frap": frap,
        }
        if named := [option for option, value in images_only.items() if value]:
            raise RequestError(f"{' and '.join(named)} is for images; these are tracks.")
        measure_tracks_of(
            given, out, readout, as_json=as_json, pixel_size=size, frame_interval=interval,
            columns=None if columns is None else [name.strip() for name in columns.split(",")], population=population,
        )  # fmt: skip
        return
    if columns is not None or population != "unknown" or readout:
        raise RequestError("--columns, --population and --readout are for tracks; these are images.")
    from migralab.cli.verbs.measuring.images import Task, measure_images

    measure_images(
        given,
        Task(
            size=size, interval=interval, channel=channel, how=how, edits=edits, export=_exports(export),
            controls=controls, hand=tuple(hand or ()), kinds=kinds, out=out, as_json=as_json,
            frap=frap, bleached_at=bleached_at, frap_spots=frap_spots,
        ),
    )  # fmt: skip


def _only_one(given: dict[str, object]) -> str:
    if len(given) > 1:
        raise RequestError(f"{' and '.join(given)} are different tasks; give one of them.")
    return next(iter(given), "")


def _need(options: dict[str, tuple[object, str, object]]) -> None:
    for option, (value, needs, given) in options.items():
        if value is not None and not given:
            raise RequestError(f"{option} belongs to {needs}, which is not given.")


_EXPORTS = ("fiji", "trackmate", "tables")


def _exports(text: str) -> tuple[str, ...]:
    found = tuple(name.strip() for name in text.split(",") if name.strip())
    if strange := [name for name in found if name not in _EXPORTS]:
        raise RequestError(f"--export {','.join(strange)}: not known. Allowed: {', '.join(_EXPORTS)}.")
    return found


def _are_tracks(files: list[Path]) -> bool:
    """Whether the files are tracks; a mixture is refused, since the two are different experiments."""
    kinds = {path.suffix.lower() in TRACK_FILES for path in files}
    if len(kinds) > 1:
        raise RequestError("images and tracks were given together; measure them one after the other.")
    return kinds.pop()
