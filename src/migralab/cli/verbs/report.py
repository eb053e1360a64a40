"""`migralab report RUN|MEASURED`: one HTML file about a run, or about a measured image."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from migralab.cli.console import remark, say


def report(
    run: Annotated[Path, typer.Argument(help="Run directory, or the folder that `measure` wrote.")],
    out: Annotated[Path | None, typer.Option("-o", "--out", help="HTML file to write.")] = None,
) -> None:
    """Write a self-contained HTML report of a run or a measured image: pictures, numbers with sources."""
    from migralab.report.measured.content import is_measurement

    if is_measurement(run):
        from migralab.report.measured.page import write_measured_page

        say(str(write_measured_page(run, out)))
        return
    from migralab.catalog.bibliography import bibliography, keys_of
    from migralab.measure import measure
    from migralab.report.content import Report
    from migralab.report.page import write_report
    from migralab.report.published import migrasome_growth
    from migralab.results.run import open_run
    from migralab.simulation.dose import dose_notes
    from migralab.simulation.observe import observe
    from migralab.spec.loader import parse_experiment

    opened = open_run(run)
    experiment = parse_experiment(opened.experiment, str(run / "experiment.yaml")).experiment
    observations = observe(opened)
    known = bibliography()
    content = Report(
        experiment=experiment,
        run=opened,
        observations=observations,
        readouts={opened.provenance.arm: measure(observations)},
        growth=migrasome_growth(),
        citations="\n\n".join(known[key].text for key in keys_of(experiment) if key in known),
        notes=(
            "One dish: intervals are over its cells and say nothing about other dishes.",
            *dose_notes(experiment).values(),
        ),
    )
    target = out or run.with_name(f"{run.name}.html")
    say(str(write_report(content, target, progress=remark)))
