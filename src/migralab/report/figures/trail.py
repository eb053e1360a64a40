"""Order along the trail: how many lie how far behind the rear, how old, and how many are still attached."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from migralab.measure import Readout
from migralab.measure.observables.formation.trail import BINS_UM, bin_name
from migralab.report.content import Report
from migralab.report.figures.figure import SECOND, SIMULATED, THIRD, Figure, canvas, draw_interval, to_svg
from migralab.report.wording import explain_interval

_ROWS = (
    ("count", "migrasomes per cell", SIMULATED, 1.0),
    ("age", "mean age (min)", THIRD, 1.0),
    ("attached", "still attached (%)", SECOND, 100.0),
)


def draw_trail(report: Report) -> Figure | None:
    """Return three small plots against distance from the rear; None where that was not measured."""
    shown = report.shown
    bins = [bin_name(low, high) for low, high in BINS_UM]
    if not all(f"trail.count_{name}" in shown for name in bins):
        return None
    names = [f"{low:g}–{high:g}" if np.isfinite(high) else f"> {low:g}" for low, high in BINS_UM]
    with canvas(10.4, 2.9, nrows=1, ncols=3) as (plot, panels):
        for axes, (kind, label, colour, factor) in zip(panels, _ROWS, strict=True):
            for place, name in enumerate(bins):
                readout = shown.get(f"trail.{kind}_{name}")
                if readout is not None and readout.known:
                    draw_interval(axes, place, _scaled(readout, factor), color=colour)
            axes.set_xticks(range(len(names)), names)
            axes.set_xlim(-0.5, len(names) - 0.5)
            axes.set_ylim(bottom=0)
            axes.set_ylabel(label)
        plot.supxlabel("distance behind the rear, along the path of the cell (µm)", size=9.5)
        data = to_svg(plot)
    return Figure(
        data=data, mime="image/svg+xml", title="Order along the trail",
        alt="Number, age and attached share of migrasomes against distance behind the rear.",
        caption="Migrasomes against the way that the rear of their cell has gone since it laid the place: how many, "
        "how old, and how many still hang on the cell. Behind a moving cell the nearest ground is the youngest; behind "
        f"a cell at rest it grows old. {explain_interval(shown[f'trail.count_{bins[0]}'])} A bin that is empty in "
        "every dish has no age and no attached share.",
    )  # fmt: skip


def _scaled(readout: Readout, factor: float) -> Readout:
    return replace(readout, value=readout.value * factor, low=readout.low * factor, high=readout.high * factor)
