"""`migralab demo`: the main job. The formation assay, checked, beside a measured micrograph, in one report."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from migralab.cli.console import progress, remark, say
from migralab.core.errors import DataError, RequestError

if TYPE_CHECKING:
    from migralab.microscope.image_run import ImagedDish
    from migralab.report.content import MeasuredMicrograph, Picture
    from migralab.results.observations import Observations
    from migralab.simulation.batch import Batch

ENTRY = "migrasome-formation"
PANEL = "zhao2019_figS1a"
_HALF_FIELD_UM = 45.0  # a field as a confocal takes it, around the cell with most migrasomes
_MARK = ".migralab-demo"  # only a folder that a demo made is ever replaced


def demo(
    out: Annotated[Path, typer.Option("--out", help="Folder of the demo; an earlier demo there is replaced.")] = Path(
        "demo"
    ),
    seeds: Annotated[int, typer.Option("--seeds", help="Dishes per arm.", min=2)] = 20,
) -> None:
    """Run the migrasome formation assay and end with the path of a report."""
    from migralab.catalog.bibliography import bibliography, keys_of
    from migralab.catalog.catalog import load
    from migralab.checks.check import check
    from migralab.checks.table import score, to_json, to_rows
    from migralab.measure import combine
    from migralab.report.content import Report
    from migralab.report.page import write_report
    from migralab.report.published import fibronectin_dose_response, migrasome_growth
    from migralab.simulation.batch import usable_cores
    from migralab.simulation.compile import compile_experiment
    from migralab.simulation.observe import observe
    from migralab.simulation.simulate import simulate

    _make_room(out)
    file = load(ENTRY)
    model = compile_experiment(file)
    with progress("1/4 all arms, many dishes", "dishes") as update:
        checked = check(file, seeds=seeds, workers=usable_cores(), progress=update)
    with progress("2/4 the dish that is shown", "ticks") as update:
        run = simulate(model, _median_dish(checked.batch, model.arm), out=out / "run", progress=update)
    observations = observe(run)
    (out / "verdicts.json").write_text(to_json(checked.verdicts) + "\n")
    remark("3/4 measuring a micrograph")
    published, measured = _measure_micrograph(observations, out)
    remark("4/4 writing the report")
    known = bibliography()
    content = Report(
        experiment=file.experiment,
        parameters=model.experiment.mechanisms,
        run=run,
        observations=observations,
        readouts={arm: combine(dishes) for arm, dishes in checked.batch.readouts.items()},
        dose_response=fibronectin_dose_response(file.experiment),
        growth=migrasome_growth(),
        verdicts=to_rows(checked.verdicts),
        published_picture=published,
        micrographs=(measured,),
        citations="\n\n".join(known[k].text for k in keys_of(file.experiment, model.experiment) if k in known),
        notes=(
            f"{seeds} dishes per arm; intervals are over dishes. {score(checked.verdicts)}.",
            f"Shown is the dish with the median count of its arm (seed {run.provenance.seed}).",
        ),
    )
    path = write_report(content, out / "report.html")
    say(f"{score(checked.verdicts)}")
    say(f"Open the report: {path.resolve()}")


def _median_dish(batch: Batch, arm: str) -> int:
    """Return the seed whose count is the median of its arm: the dish that is shown is no chosen beauty."""
    counts = [dish["count.per_cell"].value for dish in batch.readouts[arm]]
    return batch.seeds[sorted(range(len(counts)), key=counts.__getitem__)[len(counts) // 2]]


def _make_room(out: Path) -> None:
    if out.exists():
        if not (out / _MARK).is_file():
            raise RequestError(
                f"{out} exists and is not a demo's folder; nothing in it is touched. Give another --out."
            )
        shutil.rmtree(out)
    out.mkdir(parents=True)
    (out / _MARK).write_text("made by migralab demo; replaced by the next one\n")


def _measure_micrograph(observations: Observations, out: Path) -> tuple[Picture | None, MeasuredMicrograph]:
    """Measure a published micrograph where the data are at hand, else a virtual one of the dish."""
    from dataclasses import replace

    from migralab.imaging.datasets import find_dataset, find_panel
    from migralab.report.figures.picture import green

    try:
        path = find_dataset(PANEL)
    except DataError as error:
        remark(f"  no published micrograph: {error}")
        return None, _measure_virtual(observations, out)
    dataset, panel = find_panel(PANEL)
    credit = f"{dataset.credit}, {dataset.origin}, {dataset.licence}"
    measured = _measure_file(
        path, panel.pixel_size_um, out / "micrograph", f"{panel.what}.", credit, panel.pixel_size_from
    )
    # Shown as it was published, in green; the panel holds 8 bits
    return replace(measured.picture, pixels=green(measured.picture.pixels.clip(0, 255).astype("uint8"))), measured


def _measure_virtual(observations: Observations, out: Path) -> MeasuredMicrograph:
    from migralab.microscope.image_run import image_observations
    from migralab.microscope.write import write_micrographs

    rows = observations.at("migrasomes")
    top = rows[rows["cell_id"] == rows["cell_id"].mode().iloc[0]]
    x, y = top["x_um"].median(), top["y_um"].median()
    field = (x - _HALF_FIELD_UM, y - _HALF_FIELD_UM, x + _HALF_FIELD_UM, y + _HALF_FIELD_UM)
    dish: ImagedDish = image_observations(observations, channels="TSPAN4", preset="confocal", seed=1, field=field)
    path = write_micrographs(dish, out / "virtual.ome.tiff")["image"]
    caption = "Virtual micrograph of the simulated dish: the analyser sees its pixels only."
    return _measure_file(path, None, out / "micrograph", caption, "migralab", "")


def _measure_file(
    path: Path, pixel_size: float | None, target: Path, caption: str, credit: str, scale_note: str
) -> MeasuredMicrograph:
    from migralab.imaging.measure_image import measure_image
    from migralab.imaging.output import write_measurement
    from migralab.measure import measure
    from migralab.report.content import MeasuredMicrograph, Picture

    seen, micrograph, settings = measure_image(path, pixel_size=pixel_size)
    write_measurement(seen, micrograph, settings, target)
    picture = Picture(
        pixels=micrograph.plane(0, 0), pixel_size_um=micrograph.pixel_size_um, caption=caption, credit=credit,
        scale_note=scale_note,
    )  # fmt: skip
    return MeasuredMicrograph(
        picture=picture, overlay=target / "overlay.png", readouts=measure(seen), note="; ".join(seen.notes)
    )
