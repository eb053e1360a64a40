"""What `migralab membrane phase` tells of a diagram: counts, how far the criterion holds, a figure."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from migralab.membrane.phase import KINDS, STATUSES, Axis, PhaseDiagram
from migralab.membrane.problem import Domain, Fibre
from migralab.membrane.shape import ShapeKind
from migralab.membrane.status import Status
from migralab.report.figures.figure import EXCLUDED, FAINT, INK, SECOND, SIMULATED, THIRD, canvas, plot_to_png
from migralab.report.membrane.drawing import DPI, rgb

Floats = NDArray[np.float64]

_TINTS = {"sphere": THIRD, "sausage": SIMULATED, "sleeve": SECOND, "none": FAINT}
_SAID = {"sphere": "sphere", "sausage": "sausage", "sleeve": "sleeve", "none": "no swelling"}
_LABELS = {
    "stiffness_ratio": "stiffness of the domain, k (times the fibre)", "area": "area of the domain (um2)",
    "line_tension": "line tension of the border (pN)", "gaussian_ratio": "Gaussian over bending modulus",
    "domain_curvature": "spontaneous curvature of the domain (1/um)", "tension": "tension of the fibre (uN/m)",
    "bending": "bending modulus of the fibre (pN um)", "pressure": "pressure (Pa)",
}  # fmt: skip
_LEVELS, _CLOSE_LEVELS = (1, 2, 3, 5, 7), (1, 1.2, 1.5, 1.8, 2, 2.5, 3, 4, 5, 6, 7, 8)  # um, times powers of ten


def criterion_diameter(diagram: PhaseDiagram, domain: Domain) -> Floats:
    """Return 2 min(k R_l, sqrt(A / 4 pi)) at each point, um: the criterion of the stiff-domain model.

    evidence/biogenesis.md 2.3, without pressure and curvature; the paper's own numbers were not read.
    """
    area = np.full(diagram.size.shape, domain.area)
    for axis, along in ((diagram.x, (None, slice(None))), (diagram.y, (slice(None), None))):
        if axis.name == "area":
            area = np.broadcast_to(np.array(axis.values)[along], area.shape)
    ball = np.sqrt(area / (4 * np.pi))
    return 2 * ball * np.minimum(diagram.stiffness / diagram.size, 1.0)


def phase_counts(diagram: PhaseDiagram) -> dict[str, dict[str, int]]:
    """Return how many points have each kind (of those that converged) and each status."""
    good = diagram.status == STATUSES.index(Status.converged)
    return {
        "shape": {str(kind): int(np.sum(good & (diagram.kind == n))) for n, kind in enumerate(KINDS)},
        "status": {str(status): int(np.sum(diagram.status == n)) for n, status in enumerate(STATUSES)},
    }


def phase_lines(diagram: PhaseDiagram, domain: Domain) -> list[str]:
    """Return the diagram in words."""
    counts, wide = phase_counts(diagram), 2 * diagram.radius
    rows, columns = diagram.status.shape
    kinds = ", ".join(f"{_SAID[kind]} {count}" for kind, count in counts["shape"].items() if count)
    status = ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in counts["status"].items() if count)
    lines = [f"{columns} x {rows} shapes: {kinds or 'none'}", f"status: {status}"]
    if not np.any(np.isfinite(wide)):
        return lines
    lines.append(f"width: {np.nanmin(wide):.3g} to {np.nanmax(wide):.3g} um")
    several = int(np.sum(diagram.minima > 1))
    if several:
        lines.append(
            f"more than one minimum at {several} point{'s' * (several > 1)}: there history decides which shape is seen"
        )
    ratio = wide / criterion_diameter(diagram, domain)
    near = np.nanmean(np.abs(ratio[np.isfinite(ratio)] - 1) <= 0.1)
    lines.append(
        f"criterion, width = 2 min(k R_l, sqrt(A / 4 pi)): within 10 % at {100 * near:.0f} % of the points; "
        f"the shape is {np.nanmin(ratio):.2f} to {np.nanmax(ratio):.2f} times as wide"
    )
    return lines


def axis_numbers(axis: Axis) -> dict[str, Any]:
    """Return name, unit and values of an axis."""
    return {"name": axis.name, "unit": axis.unit.replace("pN/um", "uN/m"), "values": axis.values}


def phase_fixed(diagram: PhaseDiagram, fibre: Fibre, domain: Domain) -> dict[str, float]:
    """Return the properties that no axis varies, with the names of `shape_numbers`."""
    own = {
        "bending": ("fibre_bending_pN_um", fibre.bending), "tension": ("fibre_tension_uN_per_m", fibre.tension),
        "area": ("domain_area_um2", domain.area), "stiffness_ratio": ("stiffness_ratio", domain.stiffness_ratio),
        "gaussian_ratio": ("domain_gaussian_ratio", domain.gaussian_ratio),
        "line_tension": ("line_tension_pN", domain.line_tension),
        "domain_curvature": ("domain_curvature_per_um", domain.spontaneous_curvature),
    }  # fmt: skip
    varied = {diagram.x.name, diagram.y.name}
    fixed = {name: value for axis, (name, value) in own.items() if axis not in varied}
    return fixed | {"fibre_gaussian_ratio": fibre.gaussian_ratio}


def phase_rows(diagram: PhaseDiagram) -> list[dict[str, Any]]:
    """Return the long table: one row a point, its status in a column; numbers of points without a shape are None."""
    columns = diagram.columns()
    lists = {name: values.tolist() for name, values in columns.items()}
    return [
        {
            name: None if isinstance(value, float) and math.isnan(value) else value
            for name, value in zip(lists, row, strict=True)
        }
        for row in zip(*lists.values(), strict=True)
    ]


def draw_phase(diagram: PhaseDiagram, fibre: Fibre, domain: Domain) -> bytes:
    """Return kinds as tints, widths as contours, and the criterion of the stiff-domain model, as PNG."""
    x, y = np.array(diagram.x.values), np.array(diagram.y.values)
    with canvas(7.6, 6.0) as (plot, axes):
        _scale(axes, diagram)
        axes.pcolormesh(_edges(x), _edges(y), _picture(diagram), shading="flat", rasterized=True)
        wide, by_criterion = 2 * diagram.radius, criterion_diameter(diagram, domain)
        levels = _levels(wide, by_criterion)
        _contours(axes, x, y, wide, levels, size=8, colors=INK, linewidths=1.3)
        _contours(axes, x, y, by_criterion, levels, size=6.5, colors=INK, linewidths=0.8, linestyles="dotted")
        _line(axes, x, y, np.log(diagram.stiffness / diagram.size))
        several = (diagram.minima > 1) & (diagram.status == STATUSES.index(Status.converged))
        if np.any(several) and min(several.shape) > 1:
            axes.contourf(x, y, several.astype(float), levels=[0.5, 1.5], colors="none", hatches=["...."])
        axes.set(xlabel=_LABELS[diagram.x.name], ylabel=_LABELS[diagram.y.name], title=_title(diagram, fibre, domain))
        for values, limit in ((x, axes.set_xlim), (y, axes.set_ylim)):
            if len(values) > 1:  # what was asked for, not the borders of the cells
                limit(values.min(), values.max())
        plot.legend(handles=_legend(diagram, several), loc="outside lower center", ncols=3)
        return plot_to_png(plot, dpi=DPI, colours=192)


def _title(diagram: PhaseDiagram, fibre: Fibre, domain: Domain) -> str:
    named = {diagram.x.name, diagram.y.name}
    own = [] if named & {"tension", "bending"} else [f"fibre {2 * fibre.radius:.3g} um wide"]
    own += [] if "area" in named else [f"domain of {domain.area:.3g} um2"]
    own += [] if "stiffness_ratio" in named else [f"k = {domain.stiffness_ratio:g}"]
    return "Shapes of least energy" + (f" ({', '.join(own)})" if own else "")


def _is_even_ratio(axis: Axis) -> bool:
    values = np.array(axis.values)
    if len(values) < 2 or values.min() <= 0:
        return False
    return bool(np.allclose(np.diff(np.log(values)), np.log(values[1] / values[0]), rtol=1e-3))


def _scale(axes: Any, diagram: PhaseDiagram) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    for axis, plotted in ((diagram.x, axes.xaxis), (diagram.y, axes.yaxis)):
        if _is_even_ratio(axis):
            (axes.set_xscale if plotted is axes.xaxis else axes.set_yscale)("log")
            near = max(axis.values) < 8 * min(axis.values)
            plotted.set_major_locator(LogLocator(subs=(1, 1.5, 2, 3, 4, 5, 7) if near else (1, 2, 5)))
            plotted.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            plotted.set_minor_formatter(NullFormatter())


def _edges(values: Floats) -> Floats:
    """Return the borders (n + 1,) of cells around values (n,)."""
    if len(values) == 1:
        return np.array([values[0] * 0.95, values[0] * 1.05]) if values[0] else np.array([-0.5, 0.5])
    even = values.min() > 0 and np.allclose(values[1:] / values[:-1], values[1] / values[0], rtol=1e-3)
    own = np.log(values) if even else values
    between = 0.5 * (own[1:] + own[:-1])
    edges = np.concatenate([[2 * own[0] - between[0]], between, [2 * own[-1] - between[-1]]])
    return np.exp(edges) if even else edges


def _picture(diagram: PhaseDiagram) -> Floats:
    """Return (rows, columns, 3) tints of the kinds; dark where the status is not converged."""
    tint = {kind: 0.5 + 0.5 * rgb(_TINTS[kind]) for kind in _TINTS}
    picture = np.array([tint[str(kind)] for kind in KINDS])[diagram.kind]
    for status, colour in ((Status.not_converged, INK), (Status.no_equilibrium, EXCLUDED)):
        picture[diagram.status == STATUSES.index(status)] = rgb(colour)
    return picture


def _levels(wide: Floats, by_criterion: Floats) -> list[float]:
    """Return the widths, um, at which both the shapes and the criterion are drawn."""
    known = wide[np.isfinite(wide)] if np.any(np.isfinite(wide)) else by_criterion
    low, high = float(np.min(known)), float(np.max(known))
    steps = _LEVELS if high > 6 * low else _CLOSE_LEVELS
    return [step * 10.0**power for power in range(-3, 3) for step in steps if 1.02 * low < step * 10.0**power < high]


def _contours(
    axes: Any, x: Floats, y: Floats, wide: Floats, levels: list[float], *, size: float, **style: Any
) -> None:  # of matplotlib
    inside = [level for level in levels if np.any(wide < level) and np.any(wide > level)]
    if min(wide.shape) > 1 and inside:
        axes.clabel(axes.contour(x, y, wide, levels=inside, **style), fmt="%g um", fontsize=size)


def _line(axes: Any, x: Floats, y: Floats, excess: Floats) -> None:
    if min(excess.shape) > 1 and excess.min() < 0 < excess.max():
        axes.contour(x, y, excess, levels=[0.0], colors=INK, linewidths=1.8, linestyles="dashed")


def _legend(diagram: PhaseDiagram, several: NDArray[np.bool_]) -> list[Any]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    counts = phase_counts(diagram)
    tints = [
        (str(kind), _TINTS[str(kind)])
        for kind in (ShapeKind.sausage, ShapeKind.sphere, ShapeKind.sleeve, ShapeKind.none)
    ]
    handles: list[Any] = [
        Patch(color=tuple(0.5 + 0.5 * rgb(colour)), label=_SAID[kind])
        for kind, colour in tints
        if counts["shape"][kind]
    ]
    for status, colour in ((Status.not_converged, INK), (Status.no_equilibrium, EXCLUDED)):
        if counts["status"][str(status)]:
            handles.append(Patch(color=colour, label=str(status).replace("_", " ")))
    if np.any(several):
        handles.append(Patch(facecolor="white", edgecolor=INK, hatch="....", label="several minima"))
    return [
        *handles, Line2D([], [], color=INK, lw=1.3, label="width"),
        Line2D([], [], color=INK, lw=0.8, ls=":", label="width by the criterion"),
        Line2D([], [], color=INK, lw=1.8, ls="--", label="k R_l = sqrt(A / 4 pi)"),
    ]  # fmt: skip
