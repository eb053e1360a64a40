"""Migrasomes per cell: the spread over cells, and the mean of every arm."""

from __future__ import annotations

import numpy as np

from migralab.report.content import Report, count_by_cell
from migralab.report.figures.figure import FAINT, PUBLISHED, SIMULATED, THIRD, Figure, canvas, to_svg
from migralab.report.wording import explain_interval, number, value_with_interval


def draw_counts(report: Report) -> Figure | None:
    """Return the histogram of counts per cell with its zeros and the negative binomial of the measured mean and k."""
    if report.observations is None:
        return None
    _, counts = count_by_cell(report.observations)
    if not len(counts):
        return None
    tally = np.bincount(counts)
    with canvas(5.6, 3.4) as (plot, axes):
        axes.bar([0], tally[:1], color=THIRD, width=0.8)
        axes.bar(np.arange(1, len(tally)), tally[1:], color=SIMULATED, width=0.8, label="cells of the dish shown")
        axes.text(0.5, tally[0], f"{tally[0]} cells without", va="center", ha="left", size=8.5)
        law = _expected(report, len(counts), len(tally))
        if law is not None:
            axes.plot(law[0], law[1], "o-", color="black", ms=3.5, lw=1, label=law[2])
        axes.set_xlabel("migrasomes on the ground per cell")
        axes.set_ylabel("number of cells")
        axes.legend(loc="upper right")
        data = to_svg(plot)
    shown = report.shown
    facts = [
        f"{name}: {value_with_interval(shown[key])}"
        for key, name in (
            ("count.per_cell", "mean"), ("dispersion.k", "k"), ("dispersion.zeros", "share of cells with none"),
        )
        if key in shown and shown[key].known
    ]  # fmt: skip
    which = f" Over all dishes of this arm, {'; '.join(facts)}." if facts else ""
    over = f" {explain_interval(shown['count.per_cell'])}" if "count.per_cell" in shown else ""
    return Figure(
        data=data, mime="image/svg+xml", title="Spread between cells",
        alt=f"Histogram of migrasomes per cell; {tally[0]} of {len(counts)} cells have none.",
        caption=f"The {len(counts)} cells of the dish shown. Cells with none (yellow) are counted. Black: negative "
        f"binomial with the mean and k of all dishes; a small k means that few cells hold most.{which}{over}",
    )  # fmt: skip


def _expected(report: Report, cells: int, length: int) -> tuple[np.ndarray, np.ndarray, str] | None:
    from scipy.special import gammaln  # scipy.stats has it ready, but takes a second to load

    mean, shape = (report.shown.get(key) for key in ("count.per_cell", "dispersion.k"))
    if (
        mean is None
        or shape is None
        or not (mean.known and shape.known and np.isfinite(shape.value) and mean.value > 0)
    ):
        return None
    x = np.arange(length)
    k, rate = shape.value, mean.value
    log = gammaln(x + k) - gammaln(k) - gammaln(x + 1) + k * np.log(k / (k + rate)) + x * np.log(rate / (k + rate))
    return x, cells * np.exp(log), f"negative binomial, k = {number(shape.value, 2)}"


def draw_arms(report: Report, key: str = "count.per_cell") -> Figure | None:
    """Return one line per arm with its mean and interval; None with fewer than three arms."""
    found = {arm: readouts[key] for arm, readouts in report.readouts.items() if key in readouts}
    found = {arm: readout for arm, readout in found.items() if readout.known}
    if len(found) < 3:
        return None
    with canvas(5.6, 0.9 + 0.235 * len(found)) as (plot, axes):
        for row, (arm, readout) in enumerate(found.items()):
            low, high = readout.low, readout.high
            reach = [[readout.value - low], [high - readout.value]] if np.isfinite(low + high) else None
            colour = PUBLISHED if arm == report.arm else SIMULATED
            axes.errorbar([readout.value], [row], xerr=reach, fmt="o", ms=5, capsize=2.5, color=colour)
        if report.arm in found:
            axes.axvline(found[report.arm].value, color=FAINT, lw=0.9, ls=(0, (3, 3)), zorder=0)
        axes.set_yticks(range(len(found)), [report.label(arm) for arm in found])
        axes.set_ylim(len(found) - 0.4, -0.6)
        axes.set_xlim(left=0)
        axes.grid(axis="y", color="#E4E7EB", lw=0.6)
        axes.set_axisbelow(True)
        axes.set_xlabel("migrasomes on the ground per cell")
        data = to_svg(plot)
    first = next(iter(found.values()))
    return Figure(
        data=data, mime="image/svg+xml", title="Every arm",
        alt="Migrasomes per cell by arm: "
        + ", ".join(f"{report.label(arm)} {number(readout.value)}" for arm, readout in found.items()) + ".",
        caption=f"Mean of every arm; {explain_interval(first)} Orange and dashed: {report.label(report.arm)}. "
        "The same dishes (seeds) stand behind every arm, so differences are paired.",
    )  # fmt: skip
