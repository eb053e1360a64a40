"""Figures of how far and how long one migrasome is felt: one a mode; see `migralab.physics.signals.reach`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from migralab.physics.signals.budget import NANOMOLAR, Setting, areal_release, bound_occupancy, complexes, fibre_refill
from migralab.physics.signals.felt import STATION, TOUCHED, Followed, fall, outermost
from migralab.physics.signals.reach import Cavity, Patch, felt_ring
from migralab.physics.signals.spread import BoundSpread, Spread
from migralab.report.figures.figure import FAINT, FOURTH, INK, PUBLISHED, SECOND, SIMULATED, THIRD, canvas, plot_to_png

Floats = NDArray[np.float64]

COLOURS = (SIMULATED, PUBLISHED, SECOND, FOURTH, THIRD)
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))
WIDTH, HEIGHT, DPI = 9.6, 3.7, 110
_TICKS = {1: "1 s", 60: "1 min", 600: "10 min", 3600: "1 h", 36_000: "10 h"}


def _png(plot: Any) -> bytes:  # a matplotlib figure
    return plot_to_png(plot, dpi=DPI, colours=64)


def _times_on(axis: Any, low: float, high: float) -> None:  # of a matplotlib plot
    """Label an axis of seconds in the words of a laboratory."""
    from matplotlib.ticker import NullFormatter

    shown = {t: text for t, text in _TICKS.items() if low <= t <= high}
    axis.set_ticks(list(shown), list(shown.values()))
    axis.set_minor_formatter(NullFormatter())


def _contact(axes: Any, setting: Setting, where: float, *, low: bool = False) -> None:
    axes.axvspan(0, setting.contact, color=FAINT, alpha=0.25, lw=0)
    axes.text(setting.contact / 2, where, "touching", rotation=90, ha="center", va="bottom" if low else "top",
              fontsize=8, color=INK, transform=axes.get_xaxis_transform())  # fmt: skip


def _threshold(axes: Any, setting: Setting) -> None:
    level = setting.threshold / NANOMOLAR
    axes.axhline(level, color=INK, lw=1, ls=":")
    axes.text(0.98, 0.93, f"dotted: threshold {level:g} nM/um", fontsize=8, ha="right", transform=axes.transAxes)


def draw_bursts(found: Sequence[Followed], setting: Setting) -> bytes:
    """Draw peaks against distance, and the gradient a cell averages, for a burst at several loads."""
    with canvas(WIDTH, HEIGHT, ncols=2) as (plot, (left, right)):
        for followed, colour, dash in zip(found, COLOURS, DASHES, strict=False):
            course = followed.course
            if not isinstance(course, Spread):
                raise TypeError("a burst is free")
            label = followed.felt.case.partition(",")[0]
            r, seen = course.distance, course.distance <= 42  # farther out the end of the grid shows
            left.loglog(r[seen], course.now.max(axis=0)[seen] / NANOMOLAR, color=colour, ls=dash, label=label)
            slope = fall(course.mean(setting.receptors.averaging), r).max(axis=0)
            right.semilogy(r[seen], slope[seen] / NANOMOLAR, color=colour, ls=dash, label=label)
            right.plot(max(followed.felt.reach, 1e-9), setting.threshold / NANOMOLAR, "o", color=colour, ms=7)
            right.annotate(f"{followed.felt.reach:.0f} um", (followed.felt.reach, setting.threshold / NANOMOLAR),
                           (6, 6), textcoords="offset points", color=colour, fontweight="bold")  # fmt: skip
        left.axhline(setting.receptors.affinity / NANOMOLAR, color=INK, lw=1, ls=":")
        left.text(39, setting.receptors.affinity / NANOMOLAR * 1.2, "half of the receptors", fontsize=8, ha="right")
        moments = (5.0, 10.0, 20.0, 40.0)
        left.set_xticks(moments, [f"{r:g} um\n{_short(r**2 / 6 / setting.diffusivity)}" for r in moments])
        left.minorticks_off()
        left.set(xlim=(4, 42), xlabel="distance, and when the peak comes there", ylabel="highest concentration (nM)",
                 title="A burst brings little, and briefly")  # fmt: skip
        left.legend(title="in the migrasome", loc="lower left")
        right.set(xlim=(0, 40), xlabel="distance (um)",
                  ylabel=f"gradient (nM/um),\nmean of {setting.receptors.averaging:g} s",
                  title="What a cell makes of it")  # fmt: skip
        _threshold(right, setting)
        _contact(right, setting, 0.05, low=True)
        return _png(plot)


def _short(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.2g} s"
    return f"{seconds / 60:.2g} min" if seconds < 3600 else f"{seconds / 3600:.2g} h"


def draw_leaks(
    permeabilities: Sequence[float], rows: Sequence[tuple[str, Sequence[Followed]]], setting: Setting
) -> bytes:
    """Draw reach and duration against permeability; a row is one load and diffusivity."""
    with canvas(WIDTH, HEIGHT, ncols=2) as (plot, (left, right)):
        for (name, row), colour, dash, mark in zip(rows, COLOURS, DASHES, "os^D", strict=False):
            style: dict[str, Any] = {"color": colour, "ls": dash, "marker": mark, "ms": 4, "label": name}
            left.semilogx(permeabilities, [f.felt.reach for f in row], **style)
            lasts = np.array([f.felt.lasts for f in row])
            right.loglog(permeabilities, np.where(lasts > 0, lasts, np.nan), **style)
        left.axhspan(0, setting.contact, color=FAINT, alpha=0.25, lw=0)
        left.text(permeabilities[-1], setting.contact / 2, "touching", fontsize=8, va="center", ha="right")
        left.set(xlabel="permeability of the membrane (um/s)", ylabel="farthest cell that feels it (um)",
                 ylim=(0, None), title="A quick leak reaches farther")  # fmt: skip
        left.legend(loc="upper left")
        right.axhline(setting.receptors.averaging, color=INK, lw=1, ls=":")
        right.text(permeabilities[0], setting.receptors.averaging * 1.15, "averaging time of the cell", fontsize=8)
        _times_on(right.yaxis, 20, 1e5)
        right.set(xlabel="permeability of the membrane (um/s)", ylabel="felt beyond contact for",
                  xlim=left.get_xlim(), ylim=(20, 1e5), title="A slow leak lasts longer")  # fmt: skip
        return _png(plot)


def draw_patches(patches: Sequence[Patch], setting: Setting, stock: float) -> bytes:
    """Draw the ring in which a patch is felt, and the density that it takes, against what each migrasome gives."""
    covering = 4 / (np.pi * setting.diameter**2)  # of the ground, 1/um2
    gives = np.geomspace(0.02, 200, 60)
    with canvas(WIDTH, HEIGHT + 0.3, ncols=2) as (plot, (left, right)):
        for patch, colour, dash in zip(patches, COLOURS, DASHES, strict=False):
            releases = np.geomspace(1e-3, 10, 70)
            rings = np.array([felt_ring(patch, s, setting) for s in releases])
            width = np.where(rings[:, 1] > 0, rings[:, 1] - patch.radius, np.nan)
            left.semilogx(releases, np.where(width > 0, width, np.nan), color=colour, ls=dash, label=patch.case)
            right.loglog(gives, patch.needed / gives, color=colour, ls=dash, label=patch.case)
        left.axhline(STATION, color=INK, lw=1, ls=":")
        left.text(90, STATION + 4, f"{STATION:g} um", fontsize=8, ha="right")
        left.set(xlabel="release of the patch, molecules/(um2 s)", xlim=(0.008, 100), ylim=(0, 320),
                 ylabel="felt up to (um beyond the edge)", title="A patch is felt at its edge")  # fmt: skip
        left.legend(title=f"patch of radius {patches[0].radius:g} um,", loc="lower right", bbox_to_anchor=(1, 0.12))
        right.axhspan(covering, 1e3, color=FAINT, alpha=0.35, lw=0)
        right.text(190, covering * 1.5, "more than the ground can hold", fontsize=8, va="bottom", ha="right")
        right.axhline(1e-3, color=INK, lw=1, ls=":")
        right.text(0.022, 1.2e-3, "1 per 1000 um2 (E)", fontsize=8)
        for rate, text in _outputs(setting, stock):
            right.axvline(rate, color=FAINT, lw=1)
            right.text(rate * 1.06, 1.3e-6, text, rotation=90, fontsize=7.5, va="bottom", color=INK)
        right.set(xlabel="what each migrasome gives (molecules/s)", xlim=(0.02, 200), ylim=(1e-6, 3),
                  ylabel="migrasomes per um2 that it takes", title=f"To be felt {STATION:g} um beyond")  # fmt: skip
        return _png(plot)


def _outputs(setting: Setting, stock: float) -> list[tuple[float, str]]:
    one = [(float(areal_release(1.0, setting.molecules, tau)), f"{_load(setting)}, new every {text}")
           for tau, text in ((6 * 3600.0, "6 h"), (3600.0, "1 h"))]  # fmt: skip
    fibre = fibre_refill(setting.concentration, 10.0, 0.05, 20.0)
    many = float(areal_release(1.0, stock * setting.molecules, 600.0))
    return [*one, (fibre, "most that a fibre brings"), (many, f"{_load(setting, stock)}, every 10 min")]


def _load(setting: Setting, factor: float = 1.0) -> str:
    return f"{setting.concentration * factor / NANOMOLAR / 1000:.3g} uM"


def draw_matrices(found: Sequence[Followed], halved: Sequence[Followed], setting: Setting) -> bytes:
    """Draw what is bound against distance, for how long it is felt, and what half the load changes."""
    with canvas(WIDTH + 2.4, HEIGHT + 0.5, ncols=3) as (plot, (left, middle, right)):
        affinity = setting.receptors.affinity
        for n, followed in enumerate(found):
            course = _bound(followed)
            row, near = int(np.argmin(np.abs(course.time - 60.0))), course.distance < 40
            style: dict[str, Any] = {"color": COLOURS[n], "ls": DASHES[n]}
            r, per_area = course.distance[near], course.bound[row] * TOUCHED
            left.semilogy(r, per_area[near], **style, label=followed.felt.case)
            reaches = _reaches(followed)
            middle.semilogx(course.time, np.where(reaches > 0, reaches, np.nan), **style)
        left.axhline(affinity * 0.02, color=INK, lw=1, ls=":")
        left.text(39, 1.2, "dotted: half of the receptors,\nif ligand were plentiful", fontsize=8, ha="right")
        left.set(
            xlabel="distance (um)", ylabel="bound after 1 min (per um2)", ylim=(1e-5, 5), title="Where it is bound"
        )
        middle.axhspan(0, setting.contact, color=FAINT, alpha=0.25, lw=0)
        middle.text(1.2, setting.contact / 2, "touching", fontsize=8, va="center")
        _times_on(middle.xaxis, 1, 1e5)
        middle.set(xlim=(1, 1e5), ylim=(0, 20), xlabel="time after the burst", ylabel="felt up to (um)",
                   title="For how long")  # fmt: skip
        _draw_halved(right, _bound(found[-1]), _bound(halved[-1]), setting)
        plot.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=2)
        return _png(plot)


def _bound(followed: Followed) -> BoundSpread:
    if not isinstance(followed.course, BoundSpread):
        raise TypeError(f"{followed.felt.case}: a matrix binds")
    return followed.course


def _draw_halved(axes: Any, whole: BoundSpread, half: BoundSpread, setting: Setting) -> None:
    """Draw the receptors occupied after 1 min, if ligand were plentiful and as it is, for a load and half of it."""
    receptors = setting.receptors
    for course, dash, name in ((whole, "-", "whole load"), (half, "--", "half the load")):
        near = (course.distance < 30) & (course.distance > 0)
        per_area = course.bound[int(np.argmin(np.abs(course.time - 60.0)))][near] * TOUCHED
        plenty = bound_occupancy(per_area, receptors.affinity)
        really = complexes(per_area, receptors.affinity, receptors.per_area) / receptors.per_area
        axes.semilogy(course.distance[near], plenty, color=FOURTH, ls=dash, label=f"{name}, if ligand were plentiful")
        axes.semilogy(course.distance[near], really, color=INK, ls=dash, label=f"{name}, one ligand a receptor")
    axes.legend(loc="lower left", fontsize=7.5)
    axes.set(xlim=(0, 30), ylim=(1e-7, 2), xlabel="distance (um)", ylabel="share of receptors after 1 min",
             title="Half the load, slowest matrix")  # fmt: skip


def _reaches(followed: Followed) -> Floats:
    return np.array([outermost(followed.course.distance, row) for row in followed.margin])


def draw_slits(
    rows: Sequence[tuple[str, Sequence[float], Sequence[Followed], Followed]], cavity: Cavity, setting: Setting
) -> bytes:
    """Draw the reach of a burst against the height of a slit, and a closed cavity over time.

    Parameters
    ----------
    rows
        Name, heights in um, a burst at each, and the same burst on an open dish.
    """
    with canvas(WIDTH, HEIGHT, ncols=2) as (plot, (left, right)):
        for (name, heights, row, dish), colour, dash in zip(rows, COLOURS, DASHES, strict=False):
            left.loglog(heights, [f.felt.reach for f in row], color=colour, ls=dash, marker="o", ms=4, label=name)
            left.axhline(dish.felt.reach, color=colour, lw=1, ls=":")
            above = setting.contact < dish.felt.reach < 2 * setting.contact
            place = (1.04, dish.felt.reach * (1.04 if above else 0.96))
            side = "bottom" if above else "top"
            left.text(*place, f"open dish, {name}", color=colour, fontsize=8, va=side)
        left.axhspan(1, setting.contact, color=FAINT, alpha=0.25, lw=0)
        left.text(1.05, 4, "touching", fontsize=8, va="center")
        left.set_xticks([1, 2, 5, 10, 20], ["1", "2", "5", "10", "20"])
        left.set_yticks([5, 10, 20, 50, 100, 200], ["5", "10", "20", "50", "100", "200"])
        left.minorticks_off()
        left.set(xlim=(1, 22), ylim=(3, 300), xlabel="height of the slit (um)", ylabel="felt up to (um)",
                 title="A burst between two plates")  # fmt: skip
        left.legend(title="in the migrasome", loc="upper right")
        right.loglog(cavity.time, cavity.level / NANOMOLAR, color=SIMULATED, label="mean level (nM)")
        right.loglog(
            cavity.time, cavity.steepest / NANOMOLAR, color=PUBLISHED, ls="--", label="steepest gradient (nM/um)"
        )
        right.axhline(setting.threshold / NANOMOLAR, color=INK, lw=1, ls=":")
        right.text(3500, setting.threshold / NANOMOLAR * 1.15, f"threshold {setting.threshold / NANOMOLAR:g} nM/um",
                   fontsize=8, ha="right")  # fmt: skip
        _times_on(right.xaxis, 1, 3600)
        right.set(xlim=(0.5, 4000), ylim=(1e-6, 0.3), xlabel="time after the burst", ylabel="in a closed cavity",
                  title="The level stays, the direction goes")  # fmt: skip
        right.legend(loc="lower left")
        return _png(plot)
