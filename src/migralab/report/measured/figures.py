"""Figures of a measurement: diameters with their errors, places on the fibres, and what changes over a film."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from migralab.report.figures.figure import EXCLUDED, FAINT, INK, PUBLISHED, SIMULATED, Figure, canvas, to_svg
from migralab.report.measured.content import Measured
from migralab.report.measured.film_figures import draw_film

if TYPE_CHECKING:
    import pandas as pd

PLACES = ("tip", "junction", "shaft", "free", "unknown")
_LEAST = 3  # fewer make no distribution


def draw_all(measured: Measured) -> list[Figure]:
    """Return the figures that this measurement has the rows for."""
    found = (draw_diameters(measured), draw_places(measured), draw_course(measured), *draw_film(measured))
    return [figure for figure in found if figure is not None]


def resolved(migrasomes: pd.DataFrame) -> pd.Series:
    """Return which diameters are measured and not upper limits."""
    if "diameter_is_limit" in migrasomes:
        return ~migrasomes["diameter_is_limit"].astype(bool)
    return migrasomes["diameter_um"].notna()


def draw_diameters(measured: Measured) -> Figure | None:
    """Return each diameter with its standard error, smallest first; None for fewer than three."""
    rows = measured.last(measured.migrasomes).sort_values("diameter_um")
    rows = rows[rows["diameter_um"].notna()]
    if len(rows) < _LEAST:
        return None
    sure = resolved(rows).to_numpy(bool)
    place = np.arange(1, len(rows) + 1)
    diameter, error = (rows[name].to_numpy(float) for name in ("diameter_um", "diameter_sd_um"))
    with canvas(5.2, 3.1) as (plot, axes):
        axes.errorbar(place[sure], diameter[sure], error[sure], fmt="o", ms=3, lw=0.9, color=SIMULATED)
        if (~sure).any():
            axes.plot(place[~sure], diameter[~sure], "v", ms=4, color=PUBLISHED, label="upper limit")
            axes.legend(loc="upper left")
        axes.axhline(float(np.median(diameter)), color=INK, lw=0.8, ls="--")
        axes.set_xlabel("vesicle, smallest first")
        axes.set_ylabel("diameter (µm)")
        axes.set_ylim(bottom=0)
        data = to_svg(plot)
    limits = f" {int((~sure).sum())} are upper limits: too small to be resolved." if (~sure).any() else ""
    return Figure(
        data=data, mime="image/svg+xml", title="Diameters", alt="Diameters of all vesicles in order, with error bars.",
        caption=f"{len(rows)} vesicles of the last frame, the blur of the microscope taken off; bars: one standard "
        f"error each. Dashed: median, {np.median(diameter):.2f} µm.{limits}",
    )  # fmt: skip


def draw_places(measured: Measured) -> Figure | None:
    """Return how many sit at tips, junctions, shafts, free, or nobody knows where."""
    rows = measured.last(measured.migrasomes)
    if len(rows) < _LEAST:
        return None
    counts = rows["attachment"].value_counts()
    shown = [name for name in PLACES if counts.get(name, 0) or name != "unknown"]
    with canvas(5.2, 3.1) as (plot, axes):
        colours = [FAINT if name in ("free", "unknown") else SIMULATED for name in shown]
        bars = axes.bar(shown, [int(counts.get(name, 0)) for name in shown], color=colours)
        axes.bar_label(bars, padding=2)
        axes.set_ylabel("vesicles")
        data = to_svg(plot)
    return Figure(
        data=data, mime="image/svg+xml", title="Where they sit", alt="Number of vesicles by place on the fibres.",
        caption="Free: no fibre is seen that reaches it. Unknown: fibres are too dim there to say.",
    )  # fmt: skip


def draw_course(measured: Measured) -> Figure | None:
    """Return vesicles and length of fibre over a film; None for a still image."""
    frames = measured.frames
    if len(frames) < _LEAST:
        return None
    vesicles = measured.migrasomes.groupby("frame").size().reindex(frames, fill_value=0)
    length = measured.fibres.groupby("frame")["length_um"].sum().reindex(frames, fill_value=0.0)
    times = [_time(measured, frame) for frame in frames]
    with canvas(5.2, 3.1) as (plot, axes):
        axes.plot(times, vesicles.to_numpy(), color=SIMULATED)
        axes.set_xlabel("time (min)")
        axes.set_ylabel("vesicles", color=SIMULATED)
        axes.set_ylim(bottom=0)
        other = axes.twinx()
        other.plot(times, length.to_numpy(), color=EXCLUDED, ls="--")
        other.set_ylabel("fibre (µm)", color=EXCLUDED)
        other.set_ylim(bottom=0)
        data = to_svg(plot)
    return Figure(
        data=data, mime="image/svg+xml", title="Over the film", alt="Vesicles and fibre length over time.",
        caption=f"{len(frames)} frames. A slow fall together with bleaching may be the program seeing less, and not "
        "vesicles that are gone.",
    )  # fmt: skip


def _time(measured: Measured, frame: int) -> float:
    return frame * float(measured.settings.get("frame_interval_min") or 1.0)
