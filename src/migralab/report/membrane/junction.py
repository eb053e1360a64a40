"""What `migralab membrane junction` tells: where a three-way junction bulges, its table, its figure, its surfaces."""

from __future__ import annotations

from typing import Any

import numpy as np

from migralab.membrane.junction import JunctionRamp, JunctionShape
from migralab.membrane.surface_of_revolution import Surface
from migralab.report.figures.figure import FAINT, INK, PUBLISHED, SIMULATED, canvas, plot_to_png
from migralab.report.membrane.drawing import DPI, draw_surface, rgb, scale_bar

STAGES = ("rest", "bulge", "last")
_FIRST = {
    "junction": "The junction bulges first, at {own:.3g} uN/m; no arm pearls before (alone: at {arms:.3g}).",
    "arms": "The arms pearl first (alone at {arms:.3g} uN/m); the junction bulges at {own:.3g} uN/m.",
    "neither": "Nothing bulges up to the end of the ramp; the arms alone would pearl at {arms:.3g} uN/m.",
}
_KIND = {
    "fold": "It snaps: the tension has a maximum there, and beyond it no shape of this branch is at rest.",
    "gradual": "It widens gradually; the tension is that at which the junction is 1.5 times as wide as at rest.",
    "none": "",
}


def arm_tension(ramp: JunctionRamp) -> float:
    """Return the tension at which the arms alone would pearl, pN/um."""
    return ramp.arm_gamma * ramp.junction.bending / ramp.junction.radius**2


def junction_lines(ramp: JunctionRamp) -> list[str]:
    """Return the ramp in words."""
    own = ramp.junction
    lines = [
        f"three arms, {2 * own.radius:.3g} um wide and {own.arm_length:.3g} um long, "
        f"at rest at {own.resting_tension:.3g} uN/m",
        _FIRST[ramp.first].format(own=ramp.bulge_tension, arms=arm_tension(ramp)),
        _KIND[ramp.bulge_kind],
        f"in kappa/R^2: junction {ramp.bulge_gamma:.4g}, arms {ramp.arm_gamma:.4g}, at rest 0.5",
    ]
    for name, shape in _stages(ramp):
        lines.append(
            f"{name:<6} {shape.tension:>8.4g} uN/m {shape.pressure:>8.4g} Pa   "
            f"junction {2 * shape.junction_radius:.3g} um "
            f"wide, arms {2 * shape.arm_thinnest:.3g} to {2 * shape.arm_radius:.3g} um"
        )
    return [line for line in lines if line]


def _stages(ramp: JunctionRamp) -> list[tuple[str, JunctionShape]]:
    return list(zip(STAGES, (ramp.rest, ramp.bulge, ramp.last), strict=True))


def junction_rows(ramp: JunctionRamp) -> list[dict[str, Any]]:
    """Return the branch, one row a shape, from rest to the widest."""
    columns = {
        "tension_uN_per_m": ramp.tension, "gamma": ramp.gamma, "pressure_Pa": ramp.pressure,
        "junction_diameter_um": 2 * ramp.junction_radius, "arm_widest_um": 2 * ramp.arm_radius,
        "arm_thinnest_um": 2 * ramp.arm_thinnest, "volume_um3": ramp.volume, "energy_pN_um": ramp.energy,
        "lowest_stiffness": ramp.stiffness, "stable": ramp.stable.astype(int),
    }  # fmt: skip
    return [dict(zip(columns, row, strict=True)) for row in zip(*(c.tolist() for c in columns.values()), strict=True)]


def junction_numbers(ramp: JunctionRamp) -> dict[str, Any]:
    """Return everything as one mapping for JSON; units stand in the names."""
    own = ramp.junction
    return {
        "asked": {
            "angles_deg": list(own.angles), "arm_length_um": own.arm_length, "radius_um": own.radius,
            "bending_pN_um": own.bending, "filling": str(ramp.filling),
        },
        "status": str(ramp.status), "instruction": ramp.instruction, "first": ramp.first, "bulge": ramp.bulge_kind,
        "bulge_tension_uN_per_m": _number(ramp.bulge_tension), "bulge_gamma": _number(ramp.bulge_gamma),
        "arm_tension_uN_per_m": arm_tension(ramp), "arm_gamma": ramp.arm_gamma,
        "shapes": {
            name: {
                "tension_uN_per_m": s.tension, "pressure_Pa": s.pressure, "junction_diameter_um": 2 * s.junction_radius,
                "area_um2": s.area, "volume_um3": s.volume, "residual": s.residual, "worst_triangle": s.quality,
            }
            for name, s in _stages(ramp)
        },
        "branch": junction_rows(ramp),
    }  # fmt: skip


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def junction_surfaces(ramp: JunctionRamp) -> dict[str, Surface]:
    """Return the surfaces at rest, at the bulge, and at the end."""
    return {name: Surface(points=shape.vertices, triangles=shape.triangles) for name, shape in _stages(ramp)}


def draw_junction(ramp: JunctionRamp) -> bytes:
    """Return three views of the surface and widths against tension, as PNG."""
    with canvas(9.6, 6.9, nrows=2, ncols=3, height_ratios=(1.0, 1.05)) as (plot, axes):
        for place, (name, shape) in zip(axes[0], _stages(ramp), strict=True):
            surface = Surface(points=shape.vertices, triangles=shape.triangles)
            colours = np.tile(np.round(255 * rgb(SIMULATED)).astype(np.uint8), (len(surface.points), 1))
            draw_surface(place, surface, colours, turn=0.0, tilt=55.0)
            scale_bar(place, 2.2 * ramp.junction.arm_length)
            said = {
                "rest": "at rest",
                "bulge": "where it bulges" if ramp.bulge_kind != "none" else "widest",
                "last": "at the end",
            }
            place.set_title(f"{said[name]}: {shape.tension:.3g} uN/m")
        plot.get_layout_engine().set(h_pad=0.12)  # in inches; else titles are cut off
        grid = axes[1][0].get_gridspec()
        for one in axes[1]:
            one.remove()
        _draw_widths(plot.add_subplot(grid[1, :]), ramp)
        return plot_to_png(plot, dpi=DPI, colours=192)


def _draw_widths(axes: Any, ramp: JunctionRamp) -> None:
    for wide, colour, name in (
        (ramp.junction_radius, PUBLISHED, "junction (largest ball inside)"),
        (ramp.arm_radius, SIMULATED, "arms, from thinnest to widest"),
    ):  # fmt: skip
        axes.plot(ramp.tension, np.where(ramp.stable, 2 * wide, np.nan), color=colour, label=name)
        edge = ~ramp.stable | np.append(~ramp.stable[1:], False)  # drawn from the last stable shape on
        if not np.all(ramp.stable):
            axes.plot(ramp.tension, np.where(edge, 2 * wide, np.nan), color=colour, ls="--", lw=1.3)
    lines = [(arm_tension(ramp), "arms alone would pearl", FAINT)]
    if ramp.bulge_kind != "none":
        lines.append(
            (ramp.bulge_tension, "junction snaps" if ramp.bulge_kind == "fold" else "junction 1.5 x as wide", INK)
        )
    ends = [ramp.junction.resting_tension, *ramp.tension, *(tension for tension, _, _ in lines)]
    axes.set_xlim(0.95 * min(ends), max(ends) + 0.2 * (max(ends) - min(ends)))
    axes.fill_between(ramp.tension, 2 * ramp.arm_thinnest, 2 * ramp.arm_radius, where=ramp.stable, color=SIMULATED,
                      alpha=0.2, lw=0)  # fmt: skip
    for row, (tension, text, colour) in enumerate(sorted(lines, reverse=True)):
        axes.axvline(tension, color=colour, lw=1.2, ls=":")
        place, said = (tension, 0.02 + 0.12 * row), f" {text}\n {tension:.3g} uN/m"
        axes.text(*place, said, transform=axes.get_xaxis_transform(), fontsize=8.5, va="bottom")
    if not np.all(ramp.stable):
        axes.plot([], [], color=INK, ls="--", lw=1.3, label="not stable")
    axes.set(xlabel="tension of the membrane (uN/m)", ylabel="width (um)", ylim=(0, None),
             title="What widens when the tension rises")  # fmt: skip
    axes.legend(loc="upper left", bbox_to_anchor=(0, -0.17), ncols=3)
