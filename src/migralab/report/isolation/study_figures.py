"""Figures of a study: who is measured, the ROC curve, power, what moves the size, what to count, the lead."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from migralab.isolation.diagnosis.answer import Answer
from migralab.isolation.diagnosis.cohort import draw_both
from migralab.isolation.diagnosis.counts import Judged
from migralab.isolation.diagnosis.lead import LeadAnswer
from migralab.report.figures.figure import (
    EXCLUDED,
    FAINT,
    INK,
    PUBLISHED,
    SECOND,
    SIMULATED,
    THIRD,
    Figure,
    canvas,
    plot_to_png,
)
from migralab.report.isolation.study_words import WRONG_FROM, days_words, percent, size_words

Floats = NDArray[np.float64]
_MOST = 5000.0  # a group; longer bars of the tornado are cut here


def draw_cohort(answer: Answer) -> Figure:
    """Draw one simulated study of the planned size, subject by subject."""
    study = answer.study
    sizes = study.controls.n, study.patients.n
    controls, patients = draw_both(answer.plan, answer.seed, range(1), max(sizes))
    unit = "per mmol creatinine" if answer.plan.normalise else "per ml urine"
    data = _strips(
        np.abs(controls[0, : sizes[0]]), np.abs(patients[0, : sizes[1]]), (study.controls.id, study.patients.id), unit
    )
    return Figure(
        data=data, mime="image/png", title="One such study",
        alt=f"Migrasomes {unit} of every subject in one simulated study.",
        caption=f"One simulated study: each point is one subject ({study.subjects}), the bar the median. "
        "Another study draws other subjects; half of what it shows is chance.",
    )  # fmt: skip


def draw_real(judged: Judged, names: tuple[str, str]) -> list[Figure]:
    """Draw real counts subject by subject, and their ROC curve."""
    strips = _strips(judged.controls, judged.patients, names, judged.unit, judged.threshold)
    with canvas(4.6, 4.3) as (plot, axes):
        axes.step(*judged.curve, where="post", color=SIMULATED, lw=2)
        axes.plot([0, 1], [0, 1], ls=":", color=EXCLUDED, lw=1)
        axes.errorbar(
            [1 - judged.specificity], [judged.sensitivity],
            yerr=[[judged.sensitivity - judged.sensitivity_low], [judged.sensitivity_high - judged.sensitivity]],
            fmt="o", color=PUBLISHED, capsize=3, ms=6,
        )  # fmt: skip
        _roc_axes(axes)
        axes.set_title(f"Area {judged.area:.2f} ({judged.area_low:.2f} to {judged.area_high:.2f})")
        curve = plot_to_png(plot)
    return [
        Figure(
            data=strips, mime="image/png", title="What was counted", alt="Migrasomes of every subject.",
            caption="Each point is one subject, the bar the median; the dashed line is the threshold that keeps "
            "the specificity.",
        ),
        Figure(
            data=curve, mime="image/png", title="ROC curve", alt="ROC curve of the counts.",
            caption="Area with DeLong's 95 % interval; the point is the sensitivity at the wanted specificity with its "
            "95 % limits, the wider of a bootstrap over subjects and Clopper-Pearson's.",
        ),
    ]  # fmt: skip


def _strips(
    controls: Floats, patients: Floats, names: tuple[str, str], unit: str, threshold: float | None = None
) -> bytes:
    with canvas(4.6, 4.3) as (plot, axes):
        both = np.concatenate([controls, patients])
        least = float(both[both > 0].min()) / 2 if (both > 0).any() else 0.5
        for place, (values, colour) in enumerate(((controls, SIMULATED), (patients, PUBLISHED))):
            shown = np.where(values > 0, values, least)
            across = place + 0.28 * (((np.arange(len(values)) * 0.618034) % 1.0) - 0.5) * 2
            axes.plot(across, shown, "o", color=colour, ms=4.5, alpha=0.75, mew=0)
            axes.plot([place - 0.35, place + 0.35], [max(float(np.median(values)), least)] * 2, color=INK, lw=2)
        if threshold is not None and threshold > 0:
            axes.axhline(threshold, ls="--", color=INK, lw=1)
        axes.set_yscale("log")
        axes.set_xticks(
            [0, 1], [f"{name}\nn = {len(own)}" for name, own in zip(names, (controls, patients), strict=True)]
        )
        axes.set_xlim(-0.6, 1.6)
        axes.set_ylabel(f"migrasomes {unit}")
        if (both <= 0).any():
            axes.annotate("none found", (1.58, least), ha="right", va="bottom", fontsize=8, color=EXCLUDED)
            axes.axhline(least * 1.25, color=FAINT, lw=0.8, ls=":")
        return plot_to_png(plot)


def draw_roc(answer: Answer) -> Figure:
    """Draw the ROC curve of the population, and those of a few studies of the planned size."""
    test, kept = answer.test, answer.study.test.specificity.value
    n, (low, high) = answer.planned.n, test.sensitivities
    with canvas(4.6, 4.3) as (plot, axes):
        for number, curve in enumerate(test.studies):
            axes.step(
                *curve,
                where="post",
                color=FAINT,
                lw=0.7,
                alpha=0.7,
                label=f"studies of {n} a group" if not number else None,
            )
        axes.plot(*test.curve, color=SIMULATED, lw=2.2, label="all subjects there are")
        axes.plot([0, 1], [0, 1], ls=":", color=EXCLUDED, lw=1)
        axes.errorbar(
            [1 - kept], [test.sensitivity],
            yerr=[[max(test.sensitivity - low, 0)], [max(high - test.sensitivity, 0)]],
            fmt="o", color=PUBLISHED, capsize=3, ms=6, label=f"at {percent(kept)} specificity",
        )  # fmt: skip
        _roc_axes(axes)
        axes.set_title(f"Area {test.area:.2f}; one study finds {test.areas[0]:.2f} to {test.areas[1]:.2f}")
        axes.legend(loc="lower right")
        return Figure(
            data=plot_to_png(plot), mime="image/png", title="How good a test",
            alt="ROC curve of the simulated population with the curves of twenty studies.",
            caption=f"Bars: 95 % of studies of {n} a group. The blue curve holds only for the inputs as stated.",
        )  # fmt: skip


def _roc_axes(axes: Any) -> None:
    axes.set_xlim(-0.01, 1.01)
    axes.set_ylim(-0.01, 1.01)
    axes.set_aspect("equal")
    axes.set_xlabel("controls called ill (1 − specificity)")
    axes.set_ylabel("patients called ill (sensitivity)")


def draw_power(answer: Answer) -> Figure:
    """Draw power by subjects a group, with the wanted and the planned size."""
    curve, study = answer.curve, answer.study
    with canvas(5.2, 4.0) as (plot, axes):
        axes.fill_between(curve.n, curve.low, curve.high, color=SIMULATED, alpha=0.2, lw=0)
        axes.plot(curve.n, curve.power, "o-", color=SIMULATED, ms=4, label="simulated studies, rank test")
        if curve.wrong.max() > WRONG_FROM:
            axes.plot(curve.n, curve.wrong, "s--", color=EXCLUDED, ms=3.5, label="claims of the opposite")
        for own, colour in zip(answer.needed, (PUBLISHED, SECOND, THIRD), strict=False):
            axes.axhline(own.power, color=colour, lw=0.8, ls="--")
            if own.n is not None:
                axes.plot([own.n], [own.power], "D", color=colour, ms=6, label=f"{own.power:g}: {own.n:,} a group")
        axes.axvline(answer.planned.n, color=EXCLUDED, lw=1, ls=":")
        axes.annotate(f" planned: {answer.planned.n}", (answer.planned.n, 0.02), color=EXCLUDED, fontsize=8.5)
        axes.set_ylim(0, 1.02)
        axes.set_xlim(0, None)
        axes.set_xlabel(f"{study.subjects} a group")
        axes.set_ylabel("power")
        axes.legend(loc="lower right", bbox_to_anchor=(1.0, 0.1))
        return Figure(
            data=plot_to_png(plot), mime="image/png", title="How many",
            alt="Power of the rank test by subjects a group.",
            caption=f"{curve.studies:,} simulated studies for each point; the band is their 95 % interval. It "
            "holds for "
            f"a fold of {answer.plan.fold:.3g} and the inputs as stated; see the next figure for what that is worth.",
        )  # fmt: skip


def draw_tornado(answer: Answer) -> Figure:
    """Draw what each number does to the size over its range."""
    swings = answer.swings[:12]
    base = answer.alternatives[0].point.size
    with canvas(8.2, 1.3 + 0.3 * max(len(swings), 1)) as (plot, axes):
        for row, swing in enumerate(reversed(swings)):
            ends = [min(point.size, _MOST) for point in (swing.low, swing.high)]
            for end, colour in zip(ends, (SIMULATED, PUBLISHED), strict=True):
                axes.plot([min(base, _MOST), end], [row, row], color=colour, lw=9, solid_capstyle="butt", alpha=0.85)
            for point in (swing.low, swing.high):
                if point.size > _MOST:
                    axes.annotate("→", (_MOST, row), va="center", fontsize=12)
        labels = [
            f"{own.swept.words}, {own.swept.stated} [{own.swept.parameter.source.tag}]" for own in reversed(swings)
        ]
        axes.set_yticks(range(len(swings)), labels, fontsize=8.5)
        axes.axvline(min(base, _MOST), color=INK, lw=1)
        axes.set_xscale("log")
        axes.set_xlabel(f"{answer.study.subjects} a group for power {answer.study.test.power.value:g}")
        axes.plot([], [], color=SIMULATED, lw=7, label="at the low end")
        axes.plot([], [], color=PUBLISHED, lw=7, label="at the high end")
        axes.legend(loc="lower right")
        _plain_log(axes.xaxis)
        return Figure(
            data=plot_to_png(plot), mime="image/png", title="What moves it",
            alt="Tornado: subjects a group at both ends of the range of each input.",
            caption="One number at a time, all else as stated (line: as stated, by the large-sample law of the rank "
            f"test). All ranges together: {size_words(answer.joint.low)} to {size_words(answer.joint.high)} a group "
            f"(90 % of {answer.joint.draws} draws). Tags: E estimate, C computed, ABS abstract read, D digitised.",
        )  # fmt: skip


def _plain_log(axis: Any) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.3g}" if value < 1e3 else f"{value:,.0f}"))
    axis.set_minor_formatter(NullFormatter())


def draw_counting(answer: Answer) -> Figure:
    """Draw what more fields, and other changes of the assay, give."""
    with canvas(5.2, 4.0) as (plot, axes):
        fields = [number for number, _ in answer.fields]
        sizes = [min(point.size, _MOST) for _, point in answer.fields]
        axes.plot(fields, sizes, "o-", color=SIMULATED, ms=4.5, label="a group, by fields counted")
        perfect = answer.alternatives[-1].point.size
        if perfect < _MOST:
            axes.axhline(perfect, color=SECOND, ls="--", lw=1.2, label="a perfect assay")
        axes.axvline(answer.plan.fields, color=EXCLUDED, ls=":", lw=1)
        axes.axvline(
            answer.counting.fields_equal, color=THIRD, ls=":", lw=1.4, label="counting error = subjects' spread"
        )
        axes.set_xscale("log")
        axes.set_ylim(0, None)
        axes.set_xlabel("fields counted in each urine (dotted grey: planned)")
        axes.set_ylabel(f"{answer.study.subjects} a group")
        axes.legend(loc="upper right")
        _plain_log(axes.xaxis)
        return Figure(
            data=plot_to_png(plot), mime="image/png", title="How much to count",
            alt="Subjects a group by the number of fields that are counted.",
            caption="Beyond a few fields the subjects themselves are what differs, and more counting gives nothing.",
        )  # fmt: skip


def draw_lead(lead: LeadAnswer) -> Figure:
    """Draw the lead over subjects, and who is first over both limits."""
    with canvas(9.6, 4.1, ncols=2, width_ratios=(1, 1)) as (plot, (left, right)):
        _draw_leads(left, lead)
        image = right.pcolormesh(lead.limits, lead.limits, lead.net, cmap="PuOr", vmin=-1, vmax=1, shading="nearest")
        right.contour(lead.limits, lead.limits, lead.net, levels=[0], colors=[INK], linewidths=1.2)
        timing = lead.timing
        if all(lead.limits[0] <= own.limit <= lead.limits[-1] for own in (timing.migrasomes, timing.albumin)):
            right.plot(
                [timing.albumin.limit], [timing.migrasomes.limit], "o", color=INK, ms=7, mfc="white", label="as stated"
            )
            right.legend(loc="upper right", frameon=True)
        right.set_xscale("log")
        right.set_yscale("log")
        _plain_log(right.xaxis)
        _plain_log(right.yaxis)
        right.set_xlabel("limit of protein, over the median of controls")
        right.set_ylabel("limit of migrasomes")
        right.set_title("Who is first hangs on both limits")
        plot.colorbar(image, ax=right, label="share migrasomes first − share protein first")
        return Figure(
            data=plot_to_png(plot), mime="image/png", title="How early",
            alt="Distribution of the lead of migrasomes over protein, and its sign over both detection limits.",
            caption=f"Left: {len(lead.base.leads):,} simulated subjects, visits every {days_words(timing.interval)}; "
            "black lines: the same if nobody is ill, so false alarms alone. Right: violet where migrasomes are first "
            "in more subjects, orange where protein is; the line is even. "
            "Both limits are typed by whoever plans the study; a lower limit also calls more of the uninjured raised.",
        )  # fmt: skip


def _draw_leads(axes: Any, lead: LeadAnswer) -> None:
    leads, healthy = lead.base.leads, lead.healthy.leads
    finite, of_healthy = (own[np.isfinite(own)] for own in (leads, healthy))
    both = np.abs(np.concatenate([finite, of_healthy]))
    unit, name = (365.25, "years") if lead.timing.follow_up > 1000 else (1.0, "days")
    interval = lead.timing.interval / unit
    reach = max(float(both.max()) / unit if len(both) else 1.0, interval)
    steps = math.ceil(reach / interval)
    group = max(1, math.ceil(steps / 20))
    edges = (np.arange(-steps - group, steps + 2 * group, group) - group / 2) * interval
    counts, _ = np.histogram(finite / unit, edges)
    centres = 0.5 * (edges[1:] + edges[:-1])
    colours = [
        SIMULATED if centre > interval / 4 else PUBLISHED if centre < -interval / 4 else EXCLUDED for centre in centres
    ]
    axes.bar(centres, 100 * counts / len(leads), width=0.92 * group * interval, color=colours)
    none, _ = np.histogram(of_healthy / unit, edges)
    axes.stairs(100 * none / len(healthy), edges, color=INK, lw=1.1, label="if nobody is ill")
    axes.legend(loc="upper right")
    far = edges[-1] + 2 * group * interval
    for place, share, colour in (
        (-far, float(np.mean(leads == -np.inf)), PUBLISHED),
        (far, float(np.mean(leads == np.inf)), SIMULATED),
    ):
        axes.bar([place], [100 * share], width=1.8 * group * interval, color=colour, hatch="//", edgecolor="white")
        chance = 100 * float(np.mean(healthy == math.copysign(np.inf, place)))
        axes.plot([place - 0.9 * group * interval, place + 0.9 * group * interval], [chance, chance], color=INK, lw=1.6)
    ticks = [tick for tick in axes.get_xticks() if abs(tick) <= 0.8 * far]
    axes.set_xticks(
        [-far, *ticks, far], ["protein\nonly", *(f"{tick:g}" for tick in ticks), "migrasomes\nonly"], fontsize=8
    )
    axes.set_xlim(-far - 2 * group * interval, far + 2 * group * interval)
    axes.set_xlabel(f"lead of migrasomes over protein, {name}")
    axes.set_ylabel("subjects, %")
    base = lead.base
    axes.set_title(f"Migrasomes first {percent(base.first)}, protein {percent(base.last)}, same {percent(base.same)}")


def draw_study(answer: Answer) -> dict[str, Figure]:
    """Return all figures by the name of their files."""
    figures = {
        "power": draw_power(answer), "tornado": draw_tornado(answer), "roc": draw_roc(answer),
        "cohort": draw_cohort(answer), "counting": draw_counting(answer),
    }  # fmt: skip
    if answer.lead is not None:
        figures["lead"] = draw_lead(answer.lead)
    return figures
