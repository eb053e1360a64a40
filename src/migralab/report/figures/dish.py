"""The whole dish from above: every trail, every break, every migrasome."""

from __future__ import annotations

from typing import Any

import numpy as np

from migralab.microscope.scene import Scene, scene_from_observations
from migralab.report.content import RankedCell, Report, count_by_cell
from migralab.report.figures.figure import FAINT, INK, PUBLISHED, SIMULATED, Figure, canvas, plot_to_png

_BODY = "#D5DFE8"
_SWELL = 6.0


def draw_dish(report: Report, top: RankedCell | None) -> Figure | None:
    """Return the dish at its last frame; None without observations of a simulated dish."""
    seen = report.observations
    if seen is None or seen.origin != "simulation":
        return None
    scene = scene_from_observations(seen, field=_extent(seen), flank_fibres_per_um=0)
    x0, y0, x1, y1 = scene.field
    with canvas(7.8, 0.4 + 7.3 * (y1 - y0) / (x1 - x0)) as (plot, axes):
        _draw_scene(axes, scene)
        if top is not None:
            _mark(axes, scene, top)
        axes.set_xlim(x0, x1)
        axes.set_ylim(y1, y0)  # y runs downwards, as in a micrograph
        axes.set_aspect("equal")
        axes.set_xlabel("x (µm)")
        axes.set_ylabel("y (µm)")
        data = plot_to_png(plot, 190, 128)
    _, counts = count_by_cell(seen)
    hours = seen.frames_min[-1] / 60
    box = " The black box holds the cell that is shown below." if top is not None else ""
    return Figure(
        data=data, mime="image/png",
        alt=f"Map of the dish with {len(counts)} cells, their retraction fibres and {counts.sum()} migrasomes.",
        caption=f"{report.label(seen.condition)}, dish {seen.experiment}, after {hours:g} h: {len(counts)} cells, "
        "intact retraction fibres (dark lines), fibres broken into rows of dots (grey) and "
        f"{counts.sum()} migrasomes, drawn {_SWELL:g} times their size: attached to their cell (blue) or detached "
        f"(orange).{box}",
    )  # fmt: skip


def _extent(seen: Any) -> tuple[float, float, float, float]:
    tables = [seen.at("cells"), seen["nodes"]]
    points = np.concatenate([table[["x_um", "y_um"]].to_numpy(np.float64) for table in tables])
    points = points if len(points) else np.zeros((1, 2))  # nobody is left
    low, high = points.min(axis=0) - 20, points.max(axis=0) + 20
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def _draw_scene(axes: Any, scene: Scene) -> None:  # matplotlib axes
    from matplotlib.collections import EllipseCollection, LineCollection, PolyCollection

    axes.add_collection(
        PolyCollection([c.outline for c in scene.cells], facecolors=_BODY, edgecolors="#8FA3B5", lw=0.5)
    )
    axes.plot(*scene.dots.centre.T, ",", color=FAINT, alpha=0.55, zorder=1)
    lines: Any = scene.tubes.ends.reshape(-1, 2, 2)
    axes.add_collection(LineCollection(lines, colors="#52606D", lw=0.3, zorder=2))
    size = _SWELL * scene.vesicles.diameter
    axes.add_collection(
        EllipseCollection(
            size, size, np.zeros(len(size)), units="xy", offsets=scene.vesicles.centre, offset_transform=axes.transData,
            facecolors=np.where(scene.vesicles.attached, SIMULATED, PUBLISHED), edgecolors="white", linewidths=0.4,
            zorder=3,
        )
    )  # fmt: skip


def _mark(axes: Any, scene: Scene, top: RankedCell) -> None:  # matplotlib axes
    own = scene.vesicles.centre[scene.vesicles.cell_id == top.cell_id]
    body = [cell.outline for cell in scene.cells if cell.cell_id == top.cell_id]
    points = np.concatenate([own, *body])
    low, high = points.min(axis=0) - 8, points.max(axis=0) + 8
    from matplotlib.patches import Rectangle

    axes.add_patch(Rectangle(low, *(high - low), fill=False, ec=INK, lw=1.4, zorder=4))
