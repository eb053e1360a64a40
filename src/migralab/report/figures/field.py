"""The fields of a run: where a substance is at the end, and how it came to be there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from migralab.report import wording
from migralab.report.content import Report
from migralab.report.figures.figure import FAINT, INK, PUBLISHED, SIMULATED, Figure, canvas, plot_to_png
from migralab.report.figures.picture import bar_length
from migralab.results.fields import FieldSeries
from migralab.results.run import Columns, Run

Floats = NDArray[np.float64]

_COLOURS = "YlGn"  # pale to dark: cells, blue and orange stay visible on it, in print and to colour-blind readers
_STEEP = 30.0  # brightest voxel over the median of those with anything in them: beyond it a linear scale shows dots
_DECADES = 3.0  # shown on a logarithmic scale
_STILLS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldPictures:
    """One field: its last frame, and stills on the way there."""

    name: str
    meaning: str
    last: Figure
    stills: Figure | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sheet:
    """A field as it is drawn: one sheet (frames, y, x), its most at the end, and the scale of its colours."""

    values: Floats
    hidden: NDArray[np.bool_] | None
    extent: tuple[float, float, float, float]
    most: float
    low: float
    high: float
    logarithmic: bool
    height: str
    unit: str


def draw_fields(report: Report) -> list[FieldPictures]:
    """Return the pictures of every field of the report's run; none where it has no fields."""
    run = report.run
    if run is None:
        return []
    return [_draw_field(run, field) for field in run.fields.values()]


def _draw_field(run: Run, field: FieldSeries) -> FieldPictures:
    sheet = _sheet(field)
    last = len(field.values) - 1
    stills = list(dict.fromkeys(np.linspace(0, last, _STILLS + 1).round().astype(int)[1:].tolist()))
    scale = "logarithmic, so that the faint parts show" if sheet.logarithmic else "linear"
    if sheet.low > 0 and not sheet.logarithmic:
        scale = f"linear from {wording.number(sheet.low)} {sheet.unit}, not from 0: the field is nearly even"
    top = f"{wording.number(sheet.most)} {sheet.unit}"
    return FieldPictures(
        name=field.name.replace("_", " "), meaning=field.meaning,
        last=Figure(
            data=_draw_last(run, sheet, last), mime="image/png",
            alt=f"Map of {field.name} at the end, up to {top}, with cells and migrasomes.",
            caption=f"{_start(field.meaning)}, after {_hours(run, last)}{sheet.height}. Up to {top}; the scale of the "
            f"colours is {scale}. Cells (rings), migrasomes attached (blue) and detached (orange)"
            f"{', and voxels without fluid (grey)' if sheet.hidden is not None else ''}.",
        ),
        stills=Figure(
            data=_draw_stills(run, sheet, stills), mime="image/png",
            alt=f"{field.name} after {', '.join(_hours(run, frame) for frame in stills)}.",
            caption="The same, on the same scale of colours, on the way there.",
        )
        if len(stills) > 1
        else None,
    )  # fmt: skip


def _start(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".")


def _hours(run: Run, frame: int) -> str:
    return f"{wording.number(run.provenance.frames_min[frame] / 60)} h"


def _sheet(field: FieldSeries) -> _Sheet:
    values, hidden, height = field.values, field.obstacle, ""
    if values.ndim == 4:
        level = int(np.unravel_index(np.nan_to_num(values[-1], nan=-np.inf).argmax(), values.shape[1:])[0])
        values, hidden = values[:, level], None if hidden is None else hidden[level]
        up = wording.number(float(field.centres("z")[level]))
        height = f", in the sheet of voxels that holds the most, {up} µm up"
    known = values[-1][np.isfinite(values[-1]) & (values[-1] > 0)]
    # One scale for all frames, from the last: what decayed away before it would need another
    most = float(known.max(initial=0.0))
    high = most or float(np.nanmax(values, initial=0.0)) or 1.0
    steep = most > 0 and most > _STEEP * float(np.median(known))
    (top, left), (down, across) = field.origin_um[-2:], field.spacing_um[-2:]
    rows, columns = values.shape[1:]
    return _Sheet(
        values=values.astype(np.float64), hidden=hidden, height=height, unit=wording.unit(field.unit),
        extent=(left, left + across * columns, top + down * rows, top),
        most=most, low=high / 10**_DECADES if steep else _foot(known, most), high=high, logarithmic=steep,
    )  # fmt: skip


def _foot(known: NDArray[Any], most: float) -> float:
    """Return where a linear scale begins: at 0, unless all that there is lies in the upper half of it."""
    least = float(known.min(initial=np.inf))
    return least if 0.5 * most < least < most else 0.0


def _draw_last(run: Run, sheet: _Sheet, frame: int) -> bytes:
    left, right, bottom, top = sheet.extent
    with canvas(7.8, 0.55 + 6.0 * min((bottom - top) / (right - left), 1.4)) as (plot, axes):
        image = _draw_frame(axes, run, sheet, frame, 9.0)
        axes.set_xlabel("x (µm)")
        axes.set_ylabel("y (µm)")
        plot.colorbar(image, ax=axes, label=sheet.unit, shrink=0.85, extend="min" if sheet.logarithmic else "neither")
        return _to_png(plot)


def _draw_stills(run: Run, sheet: _Sheet, frames: list[int]) -> bytes:
    left, right, bottom, top = sheet.extent
    ratio = min((bottom - top) / (right - left), 1.4)
    with canvas(7.8, 0.34 + 7.5 / len(frames) * ratio, ncols=len(frames), squeeze=False) as (plot, axes):
        for panel, frame in zip(axes[0], frames, strict=True):
            _draw_frame(panel, run, sheet, frame, 4.0)
            panel.set_title(_hours(run, frame))
            panel.set_xticks([])
            panel.set_yticks([])
            panel.spines[:].set_visible(False)
        _draw_bar(axes[0][0], sheet)
        return _to_png(plot)


def _to_png(plot: Any) -> bytes:  # a matplotlib figure
    plot.set_layout_engine("compressed")  # made for equal axes, whose labels the usual layout cuts off
    return plot_to_png(plot, 140)


def _draw_frame(axes: Any, run: Run, sheet: _Sheet, frame: int, size: float) -> Any:  # matplotlib's own
    from matplotlib import colormaps
    from matplotlib.colors import LogNorm, Normalize

    norm = (LogNorm if sheet.logarithmic else Normalize)(sheet.low, sheet.high)
    colours = colormaps[_COLOURS].with_extremes(bad="#C7CDD4", under=colormaps[_COLOURS](0.0))
    shown = np.maximum(sheet.values[frame], sheet.low * 0.99)  # zero has no logarithm and is not missing
    shown = shown if sheet.hidden is None else np.where(sheet.hidden, np.nan, shown)
    image = axes.imshow(shown, extent=sheet.extent, norm=norm, cmap=colours, interpolation="nearest")
    cells, vesicles = _rows(run.tables["cells"], frame), _rows(run.tables["migrasomes"], frame)
    axes.scatter(
        cells["x_um"], cells["y_um"], s=(1.1 * size) ** 2, facecolors="none", edgecolors=INK, linewidths=0.12 * size
    )
    stable = vesicles["stage"] != "precursor"
    for mask, colour in ((vesicles["attached"], SIMULATED), (~vesicles["attached"], PUBLISHED)):
        here = stable & mask
        axes.scatter(
            vesicles["x_um"][here], vesicles["y_um"][here], s=(0.55 * size) ** 2, c=colour, edgecolors="white",
            linewidths=0.04 * size,
        )  # fmt: skip
    left, right, bottom, top = sheet.extent
    axes.set_xlim(left, right)
    axes.set_ylim(bottom, top)  # y runs downwards, as in a micrograph
    axes.set_aspect("equal")
    return image


def _draw_bar(axes: Any, sheet: _Sheet) -> None:  # matplotlib axes
    left, right, bottom, top = sheet.extent
    length = bar_length(right - left)
    x, y = left + 0.05 * (right - left), bottom - 0.05 * (bottom - top)
    axes.plot([x, x + length], [y, y], color=INK, lw=2.5, solid_capstyle="butt")
    words = axes.text(x + length / 2, y - 0.02 * (bottom - top), f"{length:g} µm", ha="center", va="bottom", fontsize=8)
    words.set_bbox({"facecolor": "white", "edgecolor": FAINT, "linewidth": 0.0, "alpha": 0.75, "pad": 1.0})


def _rows(columns: Columns, frame: int) -> Columns:
    rows = np.flatnonzero(columns["frame"] == frame)
    return {name: values[rows] for name, values in columns.items()}
