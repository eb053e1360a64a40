"""Micrographs from the command line: measured, corrected, compared with what people counted, written."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from migralab.cli.console import progress, remark, say, say_json
from migralab.cli.verbs.measuring import films
from migralab.cli.verbs.measuring.places import require_images, targets_of

if TYPE_CHECKING:
    from migralab.imaging.analyse_series import Progress
    from migralab.imaging.measure_image import How
    from migralab.imaging.reading import MicrographLike
    from migralab.imaging.settings import AnalysisSettings
    from migralab.results.observations import Observations

_IN_IMAGES = (
    "count.per_cell", "count.per_100um_intact", "diameter.mean", "diameter.median", "fibre.length_intact",
    "junction.per_100um", "tip.per_100um", "junction.per_tip", "place.tip", "place.junction", "place.shaft",
    "place.free",
)  # fmt: skip
_IN_FILMS = ("lifetime.mean", "lifetime.median")
_HOW_GOOD = "Look at the overlay before you use a count. How good the analyser is: docs/theory/imaging.md."


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What is to be done with every image."""

    size: float | None
    interval: float | None
    channel: str | None
    how: How
    edits: Path | None
    export: tuple[str, ...]
    controls: bool
    hand: tuple[Path, ...]
    kinds: str | None
    out: Path | None
    as_json: bool
    frap: bool = False
    bleached_at: int | None = None
    frap_spots: Path | None = None


def measure_images(images: list[Path], task: Task) -> None:
    """Measure each image and write its folder; agreement with hand counts is over all of them."""
    targets = targets_of(images, task.out)
    require_images(images)
    persons = _read_hand(images, task) if task.hand else []
    found: dict[str, Observations] = {}
    for path, target in zip(images, targets, strict=True):
        found[_stem(path)] = _measure_one(path, target, task)
    if persons:
        from migralab.cli.verbs.measuring.agreement import tell_agreement

        tell_agreement(found, persons)
    remark(_HOW_GOOD)


def _measure_one(path: Path, target: Path, task: Task) -> Observations:
    from migralab.imaging.exchange.drift import shift_frames
    from migralab.imaging.measure_image import measure_film
    from migralab.imaging.output import write_measurement
    from migralab.report.measured.page import write_measured_page

    if task.frap:
        films.check_bleached(path, task)
    with progress(path.name, "frames") as update:

        def tell(at: Progress) -> None:
            update(at.done, at.frames)

        film, series, settings = measure_film(
            path, pixel_size=task.size, frame_interval=task.interval, channel=task.channel,
            how=replace(task.how, progress=tell),
        )  # fmt: skip
    recovered = films.measure_bleached(film, series, settings, task) if task.frap else None
    followed = films.follow_measured(film, series)
    observations = film.observations if followed is None else followed.observations
    drift_um = film.drift_px[:, ::-1] * (0.0 if followed is None else series.pixel_size_um)  # (y, x) to (x, y)
    shown = shift_frames(observations, drift_um)  # as they lie on the pictures
    if task.edits is not None:
        shown = _corrected(shown, series, settings, task.edits)
        observations = shift_frames(shown, -drift_um)
    write_measurement(shown, series, settings, target)  # edits and hand counts name places on the pictures
    if task.edits is not None:
        shutil.copyfile(task.edits, target / "edits.csv")
    if followed is not None:
        films.write_followed(replace(followed, observations=observations), film, series, settings, target)
    if recovered is not None:
        films.write_bleached(recovered, target)
    _export(shown, series, settings, target, task.export)
    write_measured_page(target)
    _tell(path, target, observations, as_json=task.as_json)
    if recovered is not None and not task.as_json:
        films.tell_bleached(recovered)
    if task.controls:
        _tell_controls(series, settings, target)
    return shown


def _corrected(
    observations: Observations, series: MicrographLike, settings: AnalysisSettings, file: Path
) -> Observations:
    from migralab.imaging.exchange.correction.apply import apply_edits
    from migralab.imaging.exchange.edits import read_edits
    from migralab.imaging.exchange.outlines import find_outlines

    rows, columns = series.masked.shape
    extent = (columns * series.pixel_size_um, rows * series.pixel_size_um)
    edits = read_edits(file)
    corrected = apply_edits(
        observations,
        edits,
        outlines=find_outlines(observations, series, settings),
        extent_um=extent,
        owner_reach_um=settings.owner_reach_um,
    )
    remark(f"{len(edits)} corrections of {file} were applied; edited rows are marked.")
    return corrected.observations


def _export(
    observations: Observations, series: MicrographLike, settings: AnalysisSettings, target: Path, wanted: Sequence[str]
) -> None:  # fmt: skip
    if "fiji" in wanted:
        from migralab.imaging.exchange.imagej import write_rois
        from migralab.imaging.exchange.outlines import find_outlines

        outlines = find_outlines(observations, series, settings)
        write_rois(
            observations, series.pixel_size_um, target / "rois.zip", outlines=outlines, channels=len(series.channels)
        )
    if "trackmate" in wanted:
        from migralab.imaging.exchange.trackmate import write_trackmate
        from migralab.imaging.exchange.trackmate_csv import write_trackmate_csv

        write_trackmate(observations, target / "trackmate.xml", micrograph=series)
        write_trackmate_csv(observations, target / "trackmate")
    if "tables" in wanted:
        from migralab.imaging.exchange.tidy import write_tables

        write_tables(observations, target / "tables", formats=("parquet",))


def _tell(path: Path, target: Path, observations: Observations, *, as_json: bool) -> None:
    from migralab.measure import measure as measure_observations

    ids = (*_IN_IMAGES, *_IN_FILMS) if len(observations["lives"]) else _IN_IMAGES
    readouts = measure_observations(observations, ids)
    if as_json:
        say_json({"image": str(path), "readouts": readouts.to_dict()})
        return
    say(f"{path}")
    for readout in readouts.values():
        value = f"{readout.value:9.3g} {readout.unit:<9} n = {readout.n} {readout.n_unit}"
        say(f"  {readout.id:<24} {value if readout.known else f'not known: {readout.note}'}")
    for note in observations.notes:
        remark(f"  note: {note}")
    say(f"  {len(observations['migrasomes'])} migrasomes; tables, settings, overlay and report.html: {target}")


def _tell_controls(series: MicrographLike, settings: AnalysisSettings, target: Path) -> None:
    from migralab.checks.controls import run_controls, tabulate_controls

    remark("controls: scenes without migrasomes, drawn in the light of this image")
    table = tabulate_controls(run_controls(series, settings))
    table.to_csv(target / "controls.csv", index=False, float_format="%.4g")
    say(table.to_string(index=False, float_format=lambda value: f"{value:.3g}"))
    say(f"  {target / 'controls.csv'}")


def _read_hand(images: list[Path], task: Task) -> list[tuple[str, dict[str, Observations]]]:
    from migralab.cli.verbs.measuring.agreement import read_persons

    return read_persons(
        task.hand, [_stem(path) for path in images], kinds=task.kinds, size=task.size, interval=task.interval
    )


def _stem(path: Path) -> str:
    return path.name.split(".")[0]
