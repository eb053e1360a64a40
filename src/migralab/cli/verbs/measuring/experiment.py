"""All images of an experiment from a sample sheet or folders, and two conditions compared over replicates."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from migralab.cli.console import appearing_whole, progress, remark, say
from migralab.core.errors import RequestError

if TYPE_CHECKING:
    from migralab.imaging.experiment.sample_sheet import SampleSheet
    from migralab.imaging.experiment.statistics import Comparison
    from migralab.imaging.measure_image import How
    from migralab.results.observations import Observations

_READOUTS = (
    "count.per_cell", "count.per_100um_intact", "diameter.mean", "fibre.length_intact", "junction.per_100um",
    "tip.per_100um", "place.tip", "place.junction", "place.shaft", "place.free",
)  # fmt: skip


def measure_experiment(
    sheet_path: Path, compare: str | None, *, out: Path | None, size: float | None, interval: float | None,
    channel: str | None, how: How,
) -> None:  # fmt: skip
    """Measure every image of a sheet, write tables of objects and replicates, and compare two conditions."""
    from migralab.imaging.experiment.sample_sheet import read_sample_sheet
    from migralab.imaging.experiment.tabulate import tabulate_objects, tabulate_replicates

    sheet = read_sample_sheet(sheet_path)
    sides = _two(compare, sheet)
    target = out or sheet_path.with_name(f"{sheet_path.stem}-measured")
    if target.exists():
        raise RequestError(f"{target} exists. Choose another folder with -o, or remove it.")
    for note in sheet.notes:
        remark(f"note: {note}")
    with appearing_whole(target) as fresh:
        seen = _measure_all(sheet, fresh, size=size, interval=interval, channel=channel, how=how)
        replicates = tabulate_replicates(sheet, seen, list(_READOUTS))
        replicates.to_csv(fresh / "replicates.csv", index=False, float_format="%.6g")
        tabulate_objects(sheet, seen).to_csv(fresh / "migrasomes.csv", index=False, float_format="%.6g")
        if sides:
            rows = _compare(replicates, tabulate_objects(sheet, seen), *sides)
            _write(fresh / "comparison.csv", rows)
    say(f"{len(sheet.images)} images: migrasomes.csv (objects), replicates.csv (dishes), a folder each: {target}")


def _measure_all(
    sheet: SampleSheet, target: Path, *, size: float | None, interval: float | None, channel: str | None,
    how: How,
) -> dict[Path, Observations]:  # fmt: skip
    from migralab.imaging.measure_image import measure_image
    from migralab.imaging.output import write_measurement
    from migralab.report.measured.page import write_measured_page

    seen: dict[Path, Observations] = {}
    with progress("images of the experiment", "images") as update:
        for number, image in enumerate(sheet.images, start=1):
            observations, series, settings = measure_image(
                image.file,
                pixel_size=image.pixel_size_um or size,
                frame_interval=image.frame_interval_min or interval,
                channel=image.channel or channel,
                condition=image.condition,
                how=how,
            )
            folder = target / image.condition / image.replicate / image.file.name.split(".")[0]
            folder.parent.mkdir(parents=True, exist_ok=True)
            write_measurement(observations, series, settings, folder)
            write_measured_page(folder)
            seen[image.file] = observations
            update(number, len(sheet.images))
    return seen


def _two(compare: str | None, sheet: SampleSheet) -> tuple[str, str] | None:
    if compare is None:
        return None
    names = [name.strip() for name in compare.split(",")]
    if len(names) != 2 or not all(name in sheet.conditions for name in names):
        raise RequestError(
            f"--compare {compare}: name two conditions of the sheet, as A,B. It has: {', '.join(sheet.conditions)}."
        )
    return names[0], names[1]


def _compare(replicates: Any, objects: Any, first: str, second: str) -> list[dict[str, Any]]:  # data frames
    """Compare every readout over replicates, and diameters with the mixed model besides."""
    from migralab.core.errors import DataError
    from migralab.imaging.experiment.statistics import compare_conditions

    rows = []
    say(f"{first} over {second}; n is the number of dishes, intervals are of 95 %")
    for table, name in (*((replicates, name) for name in _READOUTS), (objects, "diameter_um")):
        try:
            found = compare_conditions(table, name, first=first, second=second)
        except DataError as error:
            remark(f"  {name}: not compared: {error}")
            continue
        rows.append(_row(name, found))
        known = math.isfinite(found.ratio.value)
        said = (
            f"ratio {found.ratio.value:.3g} [{found.ratio.low:.3g}, {found.ratio.high:.3g}]" if known else "not known"
        )
        say(f"  {name:<24} {said}")
        for note in found.notes:
            remark(f"    note: {note}")
    return rows


def _row(name: str, found: Comparison) -> dict[str, Any]:
    ratio, model = found.ratio, found.model
    return {
        "what": name,
        "ratio": ratio.value,
        "low": ratio.low,
        "high": ratio.high,
        "hedges_g": found.hedges_g.value,
        "permutation_p": found.permutation_p,
        "icc": None if model is None else model.icc,
        "effective_n": None if model is None else model.effective_n,
        "notes": "; ".join(found.notes),
    }


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
    from migralab.cli.console import write_csv

    if rows:
        write_csv(path, rows)
