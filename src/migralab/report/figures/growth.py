"""Diameter against age: simulated, published, and the laws that the published points exclude."""

from __future__ import annotations

import re

from migralab.report.content import Report
from migralab.report.figures.figure import EXCLUDED, PUBLISHED, SIMULATED, Figure, canvas, draw_interval, to_svg
from migralab.report.wording import explain_interval

_AGE = re.compile(r"growth\.diameter_(\d+)min$")


def draw_growth(report: Report) -> Figure | None:
    """Return the growth curve; None where there is neither a simulated nor a published point."""
    wanted, shown = report.growth, report.shown
    ages = {int(found.group(1)): shown[key] for key in shown if (found := _AGE.match(key)) and shown[key].known}
    if wanted is None or not (ages or wanted.published):
        return None
    with canvas(5.6, 3.6) as (plot, axes):
        if wanted.curve is not None:
            axes.plot(wanted.curve.x, wanted.curve.y, color=SIMULATED, lw=1.2, alpha=0.7, label=wanted.curve.name)
        for index, (age, readout) in enumerate(ages.items()):
            draw_interval(axes, age, readout, color=SIMULATED, label="_" if index else "simulated, mean", zorder=3)
        if wanted.published is not None:
            axes.plot(
                wanted.published.x, wanted.published.y, "s", mfc="none", mec=PUBLISHED, mew=1.8, ms=8,
                label=wanted.published.name, zorder=4,
            )  # fmt: skip
        last = max([*ages, *(wanted.published.x if wanted.published else ())]) * 1.12
        for law in wanted.excluded:
            near = law.x <= last
            axes.plot(law.x[near], law.y[near], color=EXCLUDED, ls="--", lw=1.4, label=law.name)
        axes.set_xlim(-0.03 * last, last)
        axes.set_ylim(bottom=0)
        axes.set_xlabel("time since appearance (min)")
        axes.set_ylabel("diameter (µm)")
        axes.legend(loc="lower right")
        data = to_svg(plot)
    parts = ["Mean diameter of migrasomes that were still attached, against their age."]
    if ages:
        parts.append(f"Blue, simulated: {explain_interval(next(iter(ages.values())))}")
    if wanted.published is not None:
        parts.append(f"Orange: {wanted.published.name} ({wanted.published.source}; {wanted.published.note}).")
    parts += [f"Dashed: {law.name}; {law.note}." for law in wanted.excluded]
    return Figure(
        data=data, mime="image/svg+xml", title="Growth of a migrasome", caption=" ".join(parts),
        alt="Diameter in µm against minutes since appearance, simulated and published.",
    )  # fmt: skip
