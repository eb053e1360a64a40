"""Diameters of one dish as each observer would note them."""

from __future__ import annotations

import numpy as np

from migralab.measure.observer import OBSERVERS, look
from migralab.report.content import Report
from migralab.report.figures.figure import FOURTH, SECOND, SIMULATED, THIRD, Figure, canvas, to_svg
from migralab.report.wording import number

_TITLES = {
    "true": "as they are", "psf": "in focus, blurred", "live-section": "live, one optical section",
    "tem-purified": "purified, negative stain", "tem-section": "purified, embedded, cut",
}  # fmt: skip
_COLOURS = (SIMULATED, SECOND, THIRD, FOURTH, "#6b6b6b")


def draw_sizes(report: Report) -> Figure | None:
    """Return one histogram per observer; None without a dish or without migrasomes."""
    if report.observations is None:
        return None
    rows = report.observations.at("migrasomes")
    diameters = rows["diameter_um"].to_numpy(np.float64)[~rows["stage"].isin(["precursor"]).to_numpy(bool)]
    if len(diameters) < 5:
        return None
    edges = np.arange(0.0, max(2.0, float(np.ceil(diameters.max() * 5) / 5)) + 0.1, 0.1)
    with canvas(10.4, 2.9, nrows=1, ncols=len(OBSERVERS), sharex=True, sharey=True) as (plot, panels):
        for axes, observer, colour in zip(panels, OBSERVERS, _COLOURS, strict=True):
            seen, weight = look(diameters, observer)
            weights = np.repeat(weight / weight.sum() / seen.shape[1], seen.shape[1])
            axes.hist(seen.ravel(), edges, weights=100 * weights, color=colour, edgecolor="white", lw=0.4)
            axes.set_title(_TITLES.get(observer, observer), fontsize=8.5)
            key = "diameter.mean" + ("" if observer == "true" else f"@{observer}")
            if (found := report.shown.get(key)) is not None and found.known:
                axes.axvline(found.value, color="black", lw=1.2)
                axes.text(
                    0.97, 0.95, f"mean {number(found.value)} µm", ha="right", va="top", transform=axes.transAxes, size=8
                )
        panels[0].set_ylabel("share of migrasomes (%)")
        plot.supxlabel("diameter (µm)", size=9.5)
        data = to_svg(plot)
    return Figure(
        data=data, mime="image/svg+xml", title="Diameters, by who looks",
        alt="Four histograms of diameters in µm: true, blurred, live optical section, purified and sectioned.",
        caption=f"The same {len(diameters)} migrasomes of the dish shown above, as five observers would note them. "
        "A live section cuts most vesicles off their equator; purification loses the smallest and the largest, and "
        "embedding shrinks. So a published diameter has to be compared through its own observer. Black lines: mean "
        f"over all dishes of the arm {report.label(report.arm)}. The models of the observers rest on estimates.",
    )  # fmt: skip
