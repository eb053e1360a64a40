"""The causal graph of an entry as a figure: evidence by colour and dash, sign by the end of an arrow, arms on it."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from migralab.core.errors import RequestError
from migralab.report.catalogue.layers import Pair
from migralab.report.catalogue.layout import Layout, Point, Size, lay_out
from migralab.report.figures.figure import FAINT, INK
from migralab.spec.arms.arm import Edge
from migralab.spec.experiment import Experiment

WIDTH = 9.0  # inches; parts of a graph stand side by side up to here
LOOK: dict[str, tuple[str, Any]] = {
    "perturbed": ("#0072B2", "solid"),
    "associated": ("#D55E00", (0, (5.0, 2.5))),
    "asserted": ("#6B7280", (0, (1.2, 1.8))),
}
"""Colour and dash by class of evidence."""

MEANING = {
    "perturbed": "perturbed: somebody changed the cause",
    "associated": "associated: seen together",
    "asserted": "asserted: nobody has shown it",
}
_NODE_TEXT, _ARM_TEXT, _LEGEND_TEXT = 9.0, 7.2, 8.0
_NODE_WRAP, _ARM_WRAP, _ARM_LINES = 20, 26, 5
_MARGIN = 0.18
_LEAST_WIDTH = 7.4  # for a legend in two columns
_LINE = 1.7
_HALO = "#FFE08A"
_FORMATS = (".svg", ".png")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    """Wrapped texts of nodes and of edges, and the sizes that they take in inches."""

    nodes: dict[str, str]
    node_sizes: dict[str, Size]
    labels: dict[Pair, str]
    label_sizes: dict[Pair, Size]


def write_graph(experiment: Experiment, target: Path) -> None:
    """Draw the causal graph into a file, SVG or PNG by its ending.

    Raises
    ------
    RequestError
        If the ending is another one, the folder is not there, or the entry has no graph.
    """
    if target.suffix.lower() not in _FORMATS:
        raise RequestError(f"--graph {target}: the file ends in .svg or .png.")
    if not target.parent.is_dir():
        raise RequestError(f"--graph {target}: there is no folder {target.parent}.")
    if not experiment.graph:
        raise RequestError(f"'{experiment.id}' states no causal graph; there is nothing to draw.")
    target.write_bytes(draw_graph(experiment, target.suffix.lower()[1:]))


def draw_graph(experiment: Experiment, form: str = "svg") -> bytes:
    """Return the causal graph as SVG or PNG; the same graph gives the same bytes."""
    edges = {(edge.source, edge.target): edge for edge in experiment.graph}
    words = _words(edges.values(), arms_by_edge(experiment))
    layout = lay_out(list(edges), words.node_sizes, words.label_sizes, width=WIDTH)
    proposed = any(arm.proposed for arm in experiment.arms)
    with figure_style():
        return _drawn(edges, words, layout, form, proposed=proposed)


def arms_by_edge(experiment: Experiment) -> dict[str, list[str]]:
    """Return the arms that touch each edge, by its name; one that no paper has is marked with a star."""
    found: dict[str, list[str]] = {}
    for arm in experiment.arms:
        if arm.edge is not None:
            found.setdefault(arm.edge, []).append(f"{arm.id}*" if arm.proposed else arm.id)
    return found


def figure_style() -> Any:
    """Return matplotlib's settings for the figures of the catalogue: text stays text, ids are always the same."""
    import matplotlib as mpl

    return mpl.rc_context(
        cast(
            "Any",
            {
                "font.family": "DejaVu Sans", "svg.fonttype": "none", "svg.hashsalt": "migralab",
                "text.color": INK, "savefig.facecolor": "white",
            },
        )
    )  # fmt: skip


def saved(plot: Any, form: str) -> bytes:  # a matplotlib figure
    """Return a figure as bytes, without a date; where DejaVu Sans is missing, a narrower font takes its place."""
    buffer = io.BytesIO()
    if form == "png":
        plot.savefig(buffer, format="png", dpi=150, metadata={"Software": None})
        return buffer.getvalue()
    plot.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    text = buffer.getvalue().decode("utf-8").replace("'DejaVu Sans'", "'DejaVu Sans', Verdana, Arial, sans-serif")
    return ("\n".join(line.rstrip() for line in text.splitlines()) + "\n").encode("utf-8")


def blank(width: float, height: float) -> tuple[Any, Any]:
    """Return a figure and axes that fill it, in inches, y downwards; no window system is touched."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as Plot

    plot = Plot(figsize=(width, height))
    FigureCanvasAgg(plot)
    axes = plot.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.axis("off")
    return plot, axes


def text_size(text: str, points: float) -> Size:
    """Return width and height in inches of text with line breaks, as DejaVu Sans takes them."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(family="DejaVu Sans", size=points)
    lines = text.split("\n")
    wide = max(text_to_path.get_text_width_height_descent(line or " ", font, ismath=False)[0] for line in lines)
    return wide / 72.0, len(lines) * points * 1.25 / 72.0


def _words(edges: Iterable[Edge], arms: Mapping[str, list[str]]) -> _Words:
    words = _Words(nodes={}, node_sizes={}, labels={}, label_sizes={})
    for edge in edges:
        for name in (edge.source, edge.target):
            words.nodes[name] = "\n".join(textwrap.wrap(name, _NODE_WRAP))
            wide, tall = text_size(words.nodes[name], _NODE_TEXT)
            words.node_sizes[name] = (wide + 0.24, tall + 0.16)
        if edge.name in arms:
            key = (edge.source, edge.target)
            words.labels[key] = _arm_label(arms[edge.name])
            wide, tall = text_size(words.labels[key], _ARM_TEXT)
            words.label_sizes[key] = (wide + 0.08, tall + 0.04)
    return words


def _arm_label(arms: list[str]) -> str:
    lines = textwrap.wrap(", ".join(arms), _ARM_WRAP, break_on_hyphens=False, break_long_words=False)
    if len(lines) <= _ARM_LINES:
        return "\n".join(lines)
    kept = lines[: _ARM_LINES - 1]
    shown = sum(line.count(",") for line in kept)
    return "\n".join([*kept, f"and {len(arms) - shown} more"])


def _drawn(edges: Mapping[Pair, Edge], words: _Words, layout: Layout, form: str, *, proposed: bool) -> bytes:
    from matplotlib.patches import FancyBboxPatch

    legend = _legend_rows(edges.values(), layout, proposed=proposed, arms=bool(words.labels))
    width = max(layout.size[0], _LEAST_WIDTH) + 2 * _MARGIN
    height = layout.size[1] + 2 * _MARGIN + 0.22 * ((len(legend) + 1) // 2) + 0.25
    plot, axes = blank(width, height)
    left = (width - layout.size[0]) / 2
    for pair, route in layout.routes.items():
        moved = np.array(route) + np.array([left, _MARGIN])
        _draw_edge(axes, moved, edges[pair], feedback=pair in layout.feedback)
    for pair, (x, y) in layout.labels.items():
        colour = LOOK[edges[pair].evidence][0]
        axes.text(
            x + left, y + _MARGIN, words.labels[pair], ha="center", va="center", fontsize=_ARM_TEXT, color=colour,
            linespacing=1.15, zorder=4, bbox={"boxstyle": "square,pad=0.12", "fc": "white", "ec": "none"},
        )  # fmt: skip
    for name, (x, y) in layout.nodes.items():
        wide, tall = words.node_sizes[name]
        box = FancyBboxPatch(
            (x + left - wide / 2 + 0.06, y + _MARGIN - tall / 2 + 0.06), wide - 0.12, tall - 0.12,
            boxstyle="round,pad=0.06", fc="#F5F7FA", ec=INK, lw=0.9, zorder=5,
        )  # fmt: skip
        axes.add_patch(box)
        axes.text(
            x + left, y + _MARGIN, words.nodes[name], ha="center", va="center", fontsize=_NODE_TEXT, zorder=6,
            linespacing=1.15,
        )  # fmt: skip
    _draw_legend(axes, legend, (width, layout.size[1] + 2 * _MARGIN + 0.18))
    return saved(plot, form)


def _draw_edge(axes: Any, route: np.ndarray[Any, Any], edge: Edge, *, feedback: bool) -> None:
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path as Curve

    colour, dash = LOOK[edge.evidence]
    end, before = route[-1], route[-2]
    inward = np.array([0.0, np.sign(end[1] - before[1]) or 1.0])  # edges reach a node from above or from below
    tip = end - 0.02 * inward
    points = np.array([*route[:-1], tip - 0.07 * inward])
    slopes = _slopes(points)
    vertices, codes = [points[0]], [Curve.MOVETO]
    for k in range(len(points) - 1):
        third = (points[k + 1, 1] - points[k, 1]) / 3
        vertices += [points[k] + third * np.array([slopes[k], 1.0])]
        vertices += [points[k + 1] - third * np.array([slopes[k + 1], 1.0]), points[k + 1]]
        codes += [Curve.CURVE4] * 3
    curve = Curve(np.array(vertices), codes)
    if feedback:
        axes.add_patch(PathPatch(curve, fill=False, ec=_HALO, lw=6.0, zorder=1, capstyle="round"))
    axes.add_patch(PathPatch(curve, fill=False, ec=colour, lw=_LINE, ls=dash, zorder=2))
    _draw_end(axes, tip, inward, edge.sign, colour)


def _slopes(points: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return dx/dy at each point of a route: 0 at its ends, between them so that it never swings past a point."""
    steps = np.diff(points[:, 0]) / np.diff(points[:, 1])
    slopes = np.zeros(len(points))
    for k in range(1, len(points) - 1):
        before, after = steps[k - 1], steps[k]
        if before * after > 0:
            slopes[k] = 2 * before * after / (before + after)  # harmonic mean, as in monotone cubic interpolation
    return slopes


def _draw_end(axes: Any, tip: Any, inward: Any, sign: str, colour: str) -> None:
    from matplotlib.patches import Circle, Polygon

    across = np.array([-inward[1], inward[0]])
    if sign == "-":
        back = tip - 0.03 * inward
        ends = np.array([back - 0.085 * across, back + 0.085 * across])
        axes.plot(*np.array([back - 0.045 * inward, back]).T, color=colour, lw=_LINE, zorder=7)
        axes.plot(*ends.T, color=colour, lw=2.6, zorder=7, solid_capstyle="butt")
    elif sign == "?":
        axes.add_patch(Circle(tip - 0.045 * inward, 0.045, fc="white", ec=colour, lw=1.3, zorder=7))
    else:
        wings = tip - 0.12 * inward
        axes.add_patch(Polygon([tip, wings + 0.055 * across, wings - 0.055 * across], fc=colour, ec="none", zorder=7))


def _legend_rows(edges: Iterable[Edge], layout: Layout, *, proposed: bool, arms: bool) -> list[tuple[str, str]]:
    """Return (kind, words) of what occurs in this graph."""
    there = list(edges)
    rows = [(evidence, MEANING[evidence]) for evidence in LOOK if any(e.evidence == evidence for e in there)]
    signs = (("+", "raises"), ("-", "lowers"), ("?", "sign not known, or it is what is asked"))
    rows += [(sign, words) for sign, words in signs if any(e.sign == sign for e in there)]
    if layout.feedback:
        rows.append(("feedback", "closes a loop"))
    if arms:
        rows.append(("arm", "arms that touch this arrow" + (" (* proposed: no paper has it)" if proposed else "")))
    return rows


def _draw_legend(axes: Any, rows: list[tuple[str, str]], place: Point) -> None:
    width, top = place
    axes.plot([_MARGIN, width - _MARGIN], [top - 0.12] * 2, color=FAINT, lw=0.6)
    column = (width - 2 * _MARGIN) / 2
    for k, (kind, words) in enumerate(rows):
        half = (len(rows) + 1) // 2
        x, y = _MARGIN + column * (k // half), top + 0.08 + 0.22 * (k % half)
        _draw_key(axes, kind, x, y)
        axes.text(x + 0.55, y, words, fontsize=_LEGEND_TEXT, va="center")


def _draw_key(axes: Any, kind: str, x: float, y: float) -> None:
    right = np.array([1.0, 0.0])
    if kind in LOOK:
        colour, dash = LOOK[kind]
        axes.plot([x, x + 0.45], [y, y], color=colour, ls=dash, lw=_LINE)
    elif kind == "feedback":
        axes.plot([x, x + 0.45], [y, y], color=_HALO, lw=6.0, solid_capstyle="round")
        axes.plot([x, x + 0.45], [y, y], color=INK, lw=_LINE)
    elif kind == "arm":
        axes.text(x + 0.22, y, "arm", fontsize=_ARM_TEXT, ha="center", va="center", color=LOOK["perturbed"][0])
    else:
        axes.plot([x, x + 0.36], [y, y], color=INK, lw=_LINE)
        _draw_end(axes, np.array([x + 0.45, y]), right, kind, INK)
