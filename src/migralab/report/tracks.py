"""A measurement of tracks on disk: tidy cells, readouts, and a figure in which the tracks can be looked at."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from migralab.core.version import VERSION
from migralab.measure import Readouts
from migralab.measure.film import Film, film_of
from migralab.measure.observables.motion.motility import trace_displacements
from migralab.measure.view import View
from migralab.report.figures.figure import EXCLUDED, FAINT, INK, PUBLISHED, SIMULATED, canvas, plot_to_png
from migralab.results.observations import Observations
from migralab.results.whole_folder import whole_folder

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLUMNS = ["cell_id", "frame", "time_min", "x_um", "y_um", "heading_x", "heading_y"]
_MOST_DRAWN = 150  # tracks in the picture; more hide each other


def write_track_measurement(
    observations: Observations, readouts: Readouts, source: str | Path, directory: str | Path
) -> Path:
    """Write ``cells.csv``, ``readouts.json`` and ``tracks.png`` into a new or empty directory, all or nothing.

    Parameters
    ----------
    observations, readouts
        From `measure_tracks` and `measure`.
    source
        File that was measured.
    directory
        Where to write.

    Raises
    ------
    RequestError
        If the directory holds anything, or cannot be written.
    """
    target = Path(directory)
    with whole_folder(target) as building:
        cells = observations["cells"]
        known = _COLUMNS if (cells["population"] == "unknown").all() else [*_COLUMNS, "population"]
        cells[known].to_csv(building / "cells.csv", index=False, float_format="%.6g")
        content = {
            "source": str(source), "migralab": VERSION, "notes": list(observations.notes),
            "readouts": readouts.to_dict(),
        }  # fmt: skip
        text = json.dumps(content, indent=2, allow_nan=False) + "\n"
        (building / "readouts.json").write_text(text, encoding="utf-8")
        (building / "tracks.png").write_bytes(draw_tracks(observations, readouts))
    return target


def draw_tracks(observations: Observations, readouts: Readouts) -> bytes:
    """Return a PNG: tracks from a common origin, mean squared displacement with its fit, turning angles."""
    view = View(observations)
    film = film_of(view)
    with canvas(11.0, 3.7, ncols=3) as (plot, axes):
        _draw_paths(axes[0], film)
        _draw_displacements(axes[1], view, readouts)
        _draw_turns(axes[2], film, readouts)
        for note in observations.notes[:1]:
            plot.suptitle(note, fontsize=8.5, color=EXCLUDED)
        return plot_to_png(plot, dpi=130)


def _draw_paths(axes: Axes, film: Film) -> None:
    every = max(1, -(-film.n_cells // _MOST_DRAWN))
    drawn = range(0, film.n_cells, every)
    reach = 0.0
    for cell in drawn:
        path = film.place[film.cell == cell]
        path = path - path[0]
        reach = max(reach, float(np.abs(path).max()))
        axes.plot(path[:, 0], path[:, 1], color=SIMULATED, lw=0.7, alpha=0.5)
        axes.plot(path[-1, 0], path[-1, 1], ".", color=INK, ms=2.5)
    axes.axhline(0, color=FAINT, lw=0.6, zorder=0)
    axes.axvline(0, color=FAINT, lw=0.6, zorder=0)
    limit = 1.05 * reach if reach > 0 else 1.0
    axes.set(
        xlim=(-limit, limit),
        ylim=(-limit, limit),
        aspect="equal",
        xlabel="x from its start (µm)",
        ylabel="y from its start (µm)",
    )
    axes.set_title(f"{film.n_cells} tracks" if every == 1 else f"{len(drawn)} of {film.n_cells} tracks")


def _draw_displacements(axes: Axes, view: View, readouts: Readouts) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    axes.set_title("Mean squared displacement")
    found = trace_displacements(view)
    if found is None:
        _say(axes, film_of(view).problem or "fewer than 13 frames")
        return
    at, squares, counts = found
    seen = counts.sum(axis=0) > 0
    msd = squares.sum(axis=0)[seen] / counts.sum(axis=0)[seen]
    axes.loglog(at[seen], msd, "o", color=SIMULATED, ms=4, label="measured")
    speed, persistence = (readouts.get(name) for name in ("speed.walk", "persistence.walk"))
    if speed is not None and persistence is not None and speed.known and persistence.known:
        v, p = speed.value, persistence.value
        fit = 2 * v**2 * p**2 * (at / p + np.expm1(-at / p))
        axes.loglog(at, fit, color=PUBLISHED, lw=1.4, label=f"walk, {v:.3g} µm/min, {p:.3g} min")
    for axis in (axes.xaxis, axes.yaxis):  # plain numbers, few of them: a film often spans less than two decades
        axis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=7))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_locator(NullLocator())
    axes.set_xlabel("time (min)")
    axes.set_ylabel("µm²")
    axes.legend(loc="lower right")


def _draw_turns(axes: Axes, film: Film, readouts: Readouts) -> None:
    axes.set_title("Turning angle between steps")
    if film.problem or not len(film.corners.row):
        _say(axes, film.problem or "no cell moved in two steps that follow each other")
        return
    edges = np.linspace(0, 180, 19)
    counts, _ = np.histogram(np.abs(np.rad2deg(film.corners.turn)), edges)
    axes.stairs(counts / counts.sum() / 10, edges, fill=True, color=SIMULATED, alpha=0.6)
    axes.axhline(1 / 180, color=EXCLUDED, ls="--", lw=1.2, label="no memory")
    cosine: Any = readouts.get("turning.cosine")
    label = f", mean cosine {cosine.value:.2f}" if cosine is not None and cosine.known else ""
    axes.set_xlabel(f"degrees ({film.interval:.3g} min steps{label})")
    axes.set_ylabel("share per degree")
    axes.set_xticks([0, 45, 90, 135, 180])
    axes.legend(loc="upper right")


def _say(axes: Axes, text: str) -> None:
    axes.text(0.5, 0.5, text, ha="center", va="center", wrap=True, transform=axes.transAxes, color=EXCLUDED)
    axes.set_xticks([])
    axes.set_yticks([])
