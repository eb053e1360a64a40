"""Who met whom, and what it did inside: paths of recipients over the ground, courses of their pathways."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from migralab.report.content import Report
from migralab.report.figures.figure import (
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
from migralab.report.wording import unit
from migralab.results.observations import Observations

_COLOURS = (SECOND, THIRD, PUBLISHED)  # of the populations that leave no fibres
_SWELL = 6.0
MOST_PATHS = 400  # more would hide the ground
_KINDS = (SIMULATED, *_COLOURS)  # of populations, in the courses
_PANELS = 12  # more do not fit a page
_CELLS = 60  # more faint lines hide each other
_ROW = 3


def draw_recipients(report: Report) -> Figure | None:
    """Return the map of meetings of a simulated dish with more than one population, else None."""
    seen = report.observations
    if seen is None or seen.origin != "simulation":
        return None
    cells = seen["cells"]
    makers = set(seen["nodes"]["cell_id"])
    others = [str(name) for name in cells["population"].unique() if not makers & set(_ids(cells, str(name)))]
    if not others:
        return None
    with canvas(7.8, 7.4) as (plot, axes):
        _draw_ground(axes, seen)
        shown = [_draw_paths(axes, seen, name, colour) for name, colour in zip(others, _COLOURS, strict=False)]
        axes.set_aspect("equal")
        axes.invert_yaxis()  # y runs downwards, as in a micrograph
        axes.set_xlabel("x (µm)")
        axes.set_ylabel("y (µm)")
        axes.legend(loc="upper right", frameon=True, framealpha=0.9, edgecolor="none")
        data = plot_to_png(plot, 170, 128)
    number = ", ".join(f"{count} {name}" for name, count in zip(others, shown, strict=False))
    taken = int((seen["lives"]["fate"] == "taken-up").sum())
    return Figure(
        data=data, mime="image/png", title="Recipients among the migrasomes",
        alt=f"Map of the dish with the paths of {number} and the migrasomes they walk among.",
        caption=f"Paths of {number} over the whole time that they were there; the dot is where each was last. Fibres "
        f"(grey), migrasomes on the ground (blue, drawn {_SWELL:g} times their size) and producers (rings) as at the "
        "last frame; "
        f"{taken} had been taken up by then. One dish, {report.label(seen.condition)}.",
    )  # fmt: skip


def _ids(cells: Any, population: str) -> NDArray[np.int64]:
    rows = cells["population"] == population
    found: NDArray[np.int64] = cells["cell_id"][rows].to_numpy(np.int64)
    return found


def _draw_ground(axes: Any, seen: Observations) -> None:  # matplotlib axes
    from matplotlib.collections import EllipseCollection

    nodes, vesicles = seen["nodes"], seen.at("migrasomes")
    axes.plot(nodes["x_um"], nodes["y_um"], ",", color=FAINT, alpha=0.5, zorder=1)
    cells = seen.at("cells")
    makers = cells[cells["cell_id"].isin(nodes["cell_id"].unique())]
    axes.plot(makers["x_um"], makers["y_um"], "o", ms=9, mfc="none", mec=FAINT, zorder=1, label="producers")
    size = _SWELL * vesicles["diameter_um"].to_numpy(np.float64)
    axes.add_collection(
        EllipseCollection(
            size, size, np.zeros(len(size)), units="xy", offsets=vesicles[["x_um", "y_um"]].to_numpy(np.float64),
            offset_transform=axes.transData, facecolors=SIMULATED, edgecolors="none", alpha=0.8, zorder=2,
        )
    )  # fmt: skip


def _draw_paths(axes: Any, seen: Observations, population: str, colour: str) -> int:  # matplotlib axes
    """Draw the path of each cell of a population; return how many there are."""
    from matplotlib.collections import LineCollection

    rows = seen["cells"][seen["cells"]["population"] == population].sort_values(["cell_id", "frame"])
    place, owner = rows[["x_um", "y_um"]].to_numpy(np.float64), rows["cell_id"].to_numpy(np.int64)
    tracks = np.split(place, np.flatnonzero(np.diff(owner)) + 1)
    axes.add_collection(LineCollection(tracks[:MOST_PATHS], colors=colour, lw=0.9, alpha=0.75, zorder=3))
    last = np.array([track[-1] for track in tracks])
    axes.plot(*last.T, "o", ms=4, color=colour, mec=INK, mew=0.4, zorder=4, label=f"{population} (n = {len(tracks)})")
    return len(tracks)


def draw_levels(report: Report) -> Figure | None:
    """Return the courses of what the pathways of the shown dish show; None where its cells have none."""
    seen = report.observations
    if seen is None or not len(table := seen["levels"]):
        return None
    pairs = table[["pathway", "quantity"]].drop_duplicates().astype(str)
    shown = list(zip(pairs["pathway"], pairs["quantity"], strict=True))[:_PANELS]
    kind = seen["cells"].drop_duplicates("cell_id").set_index("cell_id")["population"]
    rows = -(-len(shown) // _ROW)
    with canvas(8.2, 2.7 * rows, nrows=rows, ncols=min(len(shown), _ROW), squeeze=False) as (plot, axes):
        for axis in axes.flat[len(shown) :]:
            axis.axis("off")
        for axis, (pathway, quantity) in zip(axes.flat, shown, strict=False):
            own = table[(table["pathway"] == pathway) & (table["quantity"] == quantity)]
            _draw_panel(axis, own.assign(population=own["cell_id"].map(kind)))
            written = unit(str(own["unit"].iloc[0]))
            axis.set_title(quantity.replace("_", " "))
            axis.set_ylabel(f"{pathway}{f' ({written})' if written else ''}")
            axis.set_xlabel("time (h)")
        axes.flat[0].legend(loc="best")
        data = plot_to_png(plot, 150, 128)
    names = ", ".join(f"{quantity} of {pathway}" for pathway, quantity in shown)
    cells = table["cell_id"].nunique()
    return Figure(
        data=data, mime="image/png", title="Inside the cells", alt=f"Courses over time of {names}.",
        caption=f"What the networks inside the cells show over time. Bold, mean over the cells that were there; faint, "
        f"single cells (at most {_CELLS} drawn). One dish, {report.label(seen.condition)}, {cells} cells.",
    )  # fmt: skip


def _draw_panel(axis: Any, rows: Any) -> None:  # matplotlib axes, a data frame
    for (population, own), colour in zip(rows.groupby("population", sort=False), _KINDS, strict=False):
        every = own.pivot_table(index="time_min", columns="cell_id", values="value")
        hours = every.index.to_numpy(np.float64) / 60.0
        axis.plot(hours, every.iloc[:, :_CELLS].to_numpy(), color=colour, lw=0.6, alpha=0.25)
        axis.plot(hours, every.mean(axis=1).to_numpy(), color=colour, lw=2.2, label=str(population))
    low, high = axis.get_ylim()
    axis.set_ylim(min(0.0, low) if low > -0.05 * abs(high) else low, high)
