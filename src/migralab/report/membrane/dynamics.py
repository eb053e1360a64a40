"""What `migralab membrane dynamics` tells of a course: its stages, its table, its figure, surfaces at a few times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from migralab.membrane.dynamics.course import Trajectory
from migralab.membrane.dynamics.stages import Event, Profile
from migralab.membrane.status import Status
from migralab.membrane.surface_of_revolution import Surface, revolve
from migralab.report.figures.figure import EXCLUDED, FAINT, INK, SECOND, canvas, plot_to_png
from migralab.report.membrane.drawing import DOMAIN, DPI, FIBRE, draw_surface, part_colours, rgb, scale_bar

Floats = NDArray[np.float64]

SNAPSHOTS = 5
_SWOLLEN = 1.3  # widest over median radius above which a view follows the swelling
_EVENTS = {
    Event.BORN: "a swelling, 1.5 times as wide as its fibre",
    Event.TETRASPANIN: "tetraspanin has arrived, 1.2 times as dense as in the fibre",
    Event.PLATEAU: "the width stays",
    Event.COLLAPSE: "the swelling is gone",
}
_SHORT = {Event.BORN: "swells", Event.TETRASPANIN: "tetraspanin", Event.PLATEAU: "stays", Event.COLLAPSE: "collapses"}


def in_words(seconds: float) -> str:
    """Return a time as a laboratory says it."""
    for least, unit, size in ((3600.0, "h", 3600.0), (60.0, "min", 60.0), (1.0, "s", 1.0)):
        if seconds >= least:
            return f"{seconds / size:.3g} {unit}"
    return f"{1e3 * seconds:.3g} ms"


def dynamics_lines(course: Trajectory) -> list[str]:
    """Return the course in words."""
    lines = []
    if course.status is not Status.converged:
        lines.append(f"not converged: what follows is the course up to {in_words(course.time[-1])}, with a caution")
    born = len(lines)
    lines += [
        f"{in_words(stage.time):>9}  {_EVENTS[stage.event]}: {2 * stage.radius:.3g} um wide"
        f"{_enriched(stage.enrichment)}"
        for stage in course.stages
    ]
    if len(lines) == born:
        lines.append("No swelling: the fibre never was 1.5 times as wide in one place as beside it.")
    lines.append(
        f"{in_words(course.time[-1]):>9}  end: {2 * course.radius[-1]:.3g} um wide, "
        f"the fibre {2 * course.fibre_radius[-1]:.3g} um, "
        f"pressure {course.pressure[-1]:.3g} Pa{_enriched(course.enrichment[-1])}"
    )
    widest = int(np.argmax(course.radius))
    lines.append(
        f"widest {2 * course.radius[widest]:.3g} um at {in_words(course.time[widest])}; "
        f"at most {int(course.swellings.max())} swellings between the middle and the far end"
    )
    lines += [
        f"from {in_words(first)} to {in_words(last)} a swelling lay within five fibre radii of the end of the "
        "part that is resolved, and depended on where that end is"
        for first, last in crowded_spans(course)
    ]
    worst = [
        float(np.max(np.abs(own)))
        for own in (course.volume_residual, course.area_residual, course.tetraspanin_residual)
    ]
    lines.append(
        f"books, largest relative error: volume {worst[0]:.1e}, area {worst[1]:.1e}, tetraspanin {worst[2]:.1e}; "
        f"{course.steps} steps"
    )
    return lines


def crowded_spans(course: Trajectory) -> list[tuple[float, float]]:
    """Return when a swelling lay at the far end of the stretch, (from, to) in s."""
    edges = np.diff(np.concatenate([[0], course.crowded.astype(int), [0]]))
    pairs = zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) - 1, strict=True)
    return [(float(course.time[a]), float(course.time[b])) for a, b in pairs]


def _enriched(value: float) -> str:
    return f", enrichment {value:.3g}" if np.isfinite(value) else ""


def dynamics_rows(course: Trajectory) -> list[dict[str, float | None]]:
    """Return the course as a table, one row an instant."""
    columns = {
        "time_s": course.time, "diameter_um": 2 * course.radius, "fibre_diameter_um": 2 * course.fibre_radius,
        "volume_um3": course.volume, "area_um2": course.area, "occupancy": course.occupancy,
        "fibre_occupancy": course.fibre_occupancy, "enrichment": course.enrichment, "swellings": course.swellings,
        "pressure_Pa": course.pressure, "tension_uN_per_m": course.membrane_tension,
        "cell_tension_uN_per_m": course.cell_tension, "cell_pressure_Pa": course.cell_pressure,
        "energy_pN_um": course.energy,
    }  # fmt: skip
    lists = [np.asarray(values, float).tolist() for values in columns.values()]
    return [dict(zip(columns, map(_number, row), strict=True)) for row in zip(*lists, strict=True)]


def dynamics_numbers(course: Trajectory, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was asked, stages and end as one mapping for JSON; units stand in the names."""
    return {
        "asked": dict(asked), "status": str(course.status), "instruction": course.instruction,
        "stages": [
            {"event": str(s.event), "time_s": s.time, "diameter_um": 2 * s.radius, "enrichment": _number(s.enrichment)}
            for s in course.stages
        ],
        "end": dynamics_rows(course)[-1], "at_far_end_s": [list(span) for span in crowded_spans(course)],
        "books": {
            name: float(np.max(np.abs(values)))
            for name, values in (("volume", course.volume_residual), ("area", course.area_residual),
                                 ("tetraspanin", course.tetraspanin_residual))
        },
        "steps": course.steps, "refused": course.refused, "would_have_raised_energy": course.uphill,
    }  # fmt: skip


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def snapshots(course: Trajectory) -> list[Profile]:
    """Return the profiles nearest to the start, the stages and the end, and between them until there are enough."""
    profiles = list(course.profiles)
    times = np.array([profile.time for profile in profiles])
    wanted = [0, len(times) - 1, *(int(np.argmin(np.abs(times - stage.time))) for stage in course.stages)]
    at = np.log(np.maximum(times, 1e-3))
    chosen = sorted(set(wanted))
    while len(chosen) < min(SNAPSHOTS, len(profiles)):  # the one farthest from those that are chosen
        gap = np.min(np.abs(at[:, None] - at[chosen][None]), axis=1)
        gap[chosen] = -1.0
        chosen = sorted({*chosen, int(np.argmax(gap))})
    return [profiles[k] for k in chosen]


def surface_at(profile: Profile, around: int = 64) -> Surface:
    """Return both halves as triangles, with the occupancy by tetraspanin at each point."""
    phi = np.concatenate([profile.phi[:1], 0.5 * (profile.phi[1:] + profile.phi[:-1]), profile.phi[-1:]])
    return revolve(profile.x - profile.x[0], profile.r, around=around, data={"occupancy": phi})


def draw_dynamics(course: Trajectory) -> bytes:
    """Return surfaces at a few times over width, enrichment, tension and pressure against time, as PNG."""
    shown = snapshots(course)
    most = max(float(np.max(profile.phi)) for profile in course.profiles) or 1.0
    rows = ("width", "enrichment", "tension", "pressure")
    with canvas(10.0, 9.6, nrows=5, ncols=1, height_ratios=(1.25, 1.3, 1, 1, 1)) as (plot, axes):
        _draw_snapshots(plot, axes[0], shown, most)
        for row, name in zip(axes[1:], rows, strict=True):
            row.sharex(axes[1])
            _COURSES[name](row, course)
            _mark_stages(row, course, named=name == "width")
            row.label_outer()
        end = max(float(course.time[-1]), 1e-6)  # a run may end with its first step
        first = float(min(course.time[course.time > 0], default=end / 10))
        if first < course.time[-1]:
            axes[1].set_xscale("log")
        axes[1].set_xlim(min(max(first, 1e-5 * end, 1e-3), end / 10), end * 1.15)
        _name_times(axes[-1])
        return plot_to_png(plot, dpi=DPI, colours=192)


def _widest(profile: Profile) -> float:
    """Return the place of the widest node from the middle, um."""
    return float(profile.x[int(np.argmax(profile.r))] - profile.x[0])


def _windows(shown: list[Profile]) -> tuple[list[float], float]:
    """Return the middles, and half of the length that each view shows, um: the widest swelling of each time."""
    widest = max(shown, key=lambda profile: float(profile.r.max()))
    end = float(min(profile.x[-1] - profile.x[0] for profile in shown))
    wide = min(max(2.6 * float(widest.r.max()), 8 * float(shown[0].r.min())), 0.5 * end)
    places = [_widest(profile if profile.r.max() > _SWOLLEN * np.median(profile.r) else widest) for profile in shown]
    return [0.0 if place < 0.5 * wide else min(place, end - wide) for place in places], wide


def _draw_snapshots(plot: Any, place: Any, shown: list[Profile], most: float) -> None:
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LinearSegmentedColormap, Normalize

    grid = place.get_subplotspec().subgridspec(1, len(shown) + 1, width_ratios=[*[1.0] * len(shown), 0.04])
    place.remove()
    middles, wide = _windows(shown)
    for k, (profile, middle) in enumerate(zip(shown, middles, strict=True)):
        axes = plot.add_subplot(grid[0, k])
        surface = surface_at(profile, around=48)
        surface = replace(surface, points=surface.points - [middle, 0.0, 0.0])
        keep = np.abs(surface.points[surface.triangles][:, :, 0]).max(axis=1) <= wide
        draw_surface(axes, surface, part_colours(surface.data["occupancy"] / most), keep=keep, turn=18.0)
        axes.set_title("start" if profile.time == 0 else in_words(profile.time), fontsize=9)
        axes.set(xlim=(-wide, wide), ylim=(-0.68 * wide, 0.6 * wide))
        if k == len(shown) - 1:
            scale_bar(axes, 2 * wide)
    colours = LinearSegmentedColormap.from_list("occupancy", [rgb(FIBRE), rgb(DOMAIN)])
    bar = plot.colorbar(ScalarMappable(Normalize(0, most), colours), cax=plot.add_subplot(grid[0, -1]))
    bar.set_label("share of\ntetraspanin", fontsize=8)


def _draw_width(axes: Any, course: Trajectory) -> None:
    axes.plot(course.time, 2 * course.radius, color=DOMAIN, label="swelling")
    axes.plot(course.time, 2 * course.fibre_radius, color=FIBRE, label="fibre")
    axes.set(ylabel="width (um)", ylim=(0, None))
    axes.legend(loc="upper left")


def _draw_enrichment(axes: Any, course: Trajectory) -> None:
    axes.plot(course.time, course.enrichment, color=DOMAIN)
    axes.axhline(1, color=FAINT, lw=1)
    axes.set(ylabel="tetraspanin,\nswelling / fibre")


def _draw_tension(axes: Any, course: Trajectory) -> None:
    axes.plot(course.time, course.membrane_tension, color=DOMAIN, label="at the widest place")
    axes.plot(course.time, course.cell_tension, color=EXCLUDED, ls="--", label="of the cell")
    axes.set(ylabel="tension (uN/m)")
    axes.legend(loc="best")


def _draw_pressure(axes: Any, course: Trajectory) -> None:
    axes.plot(course.time, course.pressure, color=SECOND, label="in the swelling")
    axes.plot(course.time, course.cell_pressure, color=EXCLUDED, ls="--", label="of the cell")
    axes.set(ylabel="pressure (Pa)", xlabel="time after the tension rises")
    axes.legend(loc="best")


_COURSES = {"width": _draw_width, "enrichment": _draw_enrichment, "tension": _draw_tension, "pressure": _draw_pressure}


def _mark_stages(axes: Any, course: Trajectory, *, named: bool) -> None:
    for stage in course.stages:
        axes.axvline(stage.time, color=INK, lw=0.9, ls=":")
        if named:
            axes.annotate(_SHORT[stage.event], (stage.time, 1.0), (2, 2), xycoords=axes.get_xaxis_transform(),
                          textcoords="offset points", fontsize=8.5, va="bottom")  # fmt: skip


def _name_times(axes: Any) -> None:
    from matplotlib.ticker import NullFormatter

    low, high = axes.get_xlim()
    named = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10, 60, 600, 3600, 6 * 3600, 24 * 3600)
    inside = [time for time in named if low <= time <= high]
    axes.xaxis.set_ticks(inside, [in_words(time) for time in inside])
    axes.xaxis.set_minor_formatter(NullFormatter())
