"""Line drawings of what was found in panels, without the panels: our own marks only, so they may be kept in docs."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.panel_checks import read_labels
from benchmarks.panel_notes import ASSUMED_UM
from migralab.imaging.analyse import trace_frame
from migralab.imaging.datasets import find_dataset, find_panel
from migralab.imaging.detect.network import smooth_path
from migralab.imaging.measure_image import measure_image
from migralab.imaging.output.overlay import COLOURS


def draw_panel(name: str, path: Path) -> None:
    """Write an SVG of fibres, vesicles, points, and the labels that both sets share in number (first set).

    Parameters
    ----------
    name
        A labelled panel.
    path
        File to write.
    """
    pixel = find_panel(name)[1].pixel_size_um or ASSUMED_UM
    observations, series, settings = measure_image(find_dataset(name), pixel_size=pixel)
    trace = trace_frame(series, settings, 0)
    height, width = series.masked.shape
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height + width // 15}" width="700">'
        '<rect width="100%" height="100%" fill="white"/><g fill="none" stroke-width="0.7">'
    ]
    for branch in trace.network.branches.values():
        line = smooth_path(branch.path)
        line = line[np.unique(np.r_[0 : len(line) : 4, len(line) - 1])]
        parts.append(f'<polyline stroke="#999" points="{" ".join(f"{x:.0f},{y:.0f}" for x, y in line)}"/>')
    for row in observations["migrasomes"].to_dict("records"):
        colour = "#{:02x}{:02x}{:02x}".format(*COLOURS[str(row["attachment"])])
        x, y, radius = row["x_um"] / pixel, row["y_um"] / pixel, row["diameter_um"] / 2 / pixel
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" stroke="{colour}" stroke-width="1.2"/>')
    parts += [f'<path stroke="#00a" d="M{p.x - 2:.1f} {p.y:.1f}h4m-2-2v4"/>' for p in trace.points]
    for x, y, wide in read_labels(name, "first"):
        parts.append(
            f'<rect x="{x - wide / 2:.1f}" y="{y - wide / 2:.1f}" width="{wide:g}" height="{wide:g}" stroke="#000"/>'
        )
    parts.append("</g>" + _legend(height, width, 10 / pixel) + "</svg>")
    path.write_text("\n".join(parts) + "\n", encoding="utf-8")


def _legend(height: int, width: int, ten_um: float) -> str:
    size = width / 50
    text = "square: labelled; circle: measured; blue cross: listed as a point; grey: fibre; bar 10 um"
    return (
        f'<path d="M2 {height + size}h{ten_um:.1f}" stroke="#000" stroke-width="{size / 5:.1f}"/>'
        f'<text x="2" y="{height + 2.5 * size:.1f}" font-size="{size:.1f}" font-family="sans-serif">{text}</text>'
    )
