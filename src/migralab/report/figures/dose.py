"""A readout against dose, simulated and published."""

from __future__ import annotations

import numpy as np

from migralab.report.content import Report
from migralab.report.figures.figure import FAINT, PUBLISHED, SIMULATED, Figure, canvas, draw_interval, to_svg
from migralab.report.wording import description, explain_interval, number, unit


def draw_dose_response(report: Report) -> Figure | None:
    """Return the dose response; None where no arm with a dose was measured."""
    wanted = report.dose_response
    if wanted is None:
        return None
    found = {
        arm: report.readouts[arm][wanted.readout]
        for arm in wanted.doses
        if arm in report.readouts and wanted.readout in report.readouts[arm]
    }
    found = {arm: readout for arm, readout in found.items() if readout.known}
    if len(found) < 2:
        return None
    every = sorted({wanted.doses[arm] for arm in found} | {x for series in wanted.published for x in series.x})
    positive = [dose for dose in every if dose > 0]
    zero = positive[0] / 10 if positive else 0.1  # where 0 stands on a logarithmic axis
    first = next(iter(found.values()))
    with canvas(5.6, 3.6) as (plot, axes):
        for index, (arm, readout) in enumerate(found.items()):
            place = max(wanted.doses[arm], zero)
            name = "simulated" if index == 0 else "_"
            draw_interval(axes, place * 0.97, readout, color=SIMULATED, label=name, zorder=3)
        for series, marker in zip(wanted.published, "sD^v", strict=False):
            places = np.maximum(series.x, zero) * 1.03
            axes.plot(places, series.y, marker, mfc="none", mec=PUBLISHED, mew=1.8, ms=8, label=series.name, zorder=4)
        axes.set_xscale("log")
        axes.set_xticks([max(dose, zero) for dose in every], [f"{dose:g}" for dose in every])
        axes.minorticks_off()
        axes.set_xlim(zero / 1.8, max(positive) * 1.8)
        axes.set_ylim(bottom=0)
        if 0.0 in every:
            axes.axvline(zero * 3, color=FAINT, lw=0.8, ls=(0, (2, 3)), ymax=0.7)
        axes.set_xlabel(f"{wanted.substance} ({wanted.unit}; 0 drawn apart)")
        axes.set_ylabel(f"{description(first.id).split(' per cell')[0]} ({unit(first.unit)})")
        axes.legend(loc="upper left")
        data = to_svg(plot)
    sources = " ".join(f"{s.name}: {s.source}{'; ' + s.note if s.note else ''}." for s in wanted.published)
    values = ", ".join(f"{number(wanted.doses[arm])}: {number(readout.value)}" for arm, readout in found.items())
    return Figure(
        data=data, mime="image/svg+xml", title=f"Dose of {wanted.substance}",
        alt=f"{description(first.id)} against {wanted.substance} in {wanted.unit}. Simulated: {values}.",
        caption=f"{description(first.id)} against {wanted.substance}. Blue, simulated: {explain_interval(first)} "
        f"Orange, published. {sources}",
    )  # fmt: skip
