"""What `migralab membrane junction` tells: where a three-way junction bulges, its table, its figure, its surfaces."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from migralab.membrane.junction import JunctionRamp, JunctionShape
from migralab.membrane.junction.measure import total_curvature
from migralab.membrane.surface_of_revolution import Surface
from migralab.report.figures.figure import FAINT, INK, PUBLISHED, SIMULATED, canvas, plot_to_png
from migralab.report.membrane.drawing import DPI, draw_surface, part_colours, rgb, scale_bar

_FIRST = {
    "junction": "The junction bulges first, at {own:.3g} uN/m{arms}.",
    "arms": "The arms pearl first, at {alone:.3g} uN/m; the junction bulges at {own:.3g} uN/m.",
    "neither": "Nothing bulges up to the end of the ramp, at {end:.3g} uN/m{arms}.",
    "undecided": "not converged: no verdict beyond {end:.3g} uN/m; up to there nothing bulges",
}
_KIND = {
    "fold": "It snaps: the tension has a maximum there, and beyond it no shape of this branch is at rest.",
    "gradual": "It widens gradually; the tension is that at which the junction is 1.5 times as wide as at rest.",
    "none": "",
}


def arm_tension(ramp: JunctionRamp) -> float:
    """Return the tension at which the arms alone would pearl, pN/um."""
    return ramp.arm_gamma * ramp.junction.bending / ramp.junction.radius**2


def _beside_arms(ramp: JunctionRamp, at: float) -> str:
    """Return what an unbranched fibre of two such arms would do, compared with a junction that is at `at` pN/um."""
    alone = arm_tension(ramp)
    if not np.isfinite(alone):
        return " (an unbranched fibre of two such arms is too short to pearl)"
    if alone <= at:
        return (
            f" (an unbranched fibre of two such arms would pearl at {alone:.3g}; here the junction feeds on them and "
            "they stay stable)"
        )
    return f" (an unbranched fibre of two such arms would pearl at {alone:.3g})"


def _decided_up_to(ramp: JunctionRamp) -> float:
    """Return the tension of the last shape before the first that is not stable, pN/um."""
    unstable = np.flatnonzero(~ramp.stable)
    last = max(0, int(unstable[0]) - 1) if len(unstable) else -1
    return float(ramp.tension[last])


def junction_lines(ramp: JunctionRamp) -> list[str]:
    """Return the ramp in words."""
    own, end = ramp.junction, _decided_up_to(ramp)
    beside = _beside_arms(ramp, end if ramp.bulge_kind == "none" else ramp.bulge_tension)
    verdict = _FIRST[ramp.first].format(own=ramp.bulge_tension, alone=arm_tension(ramp), arms=beside, end=end)
    asked = (
        f"three arms, {2 * own.radius:.3g} um wide and {own.arm_length:.3g} um long, "
        f"at rest at {own.resting_tension:.3g} uN/m"
    )
    lines = [verdict, asked] if ramp.first == "undecided" else [asked, verdict]
    own_gamma = "" if ramp.bulge_kind == "none" else f"junction {ramp.bulge_gamma:.4g}, "
    arm_gamma = f"unbranched {ramp.arm_gamma:.4g}, " if np.isfinite(ramp.arm_gamma) else ""
    lines += [_KIND[ramp.bulge_kind], f"in kappa/R^2: {own_gamma}{arm_gamma}at rest 0.5"]
    for name, shape in _stages(ramp).items():
        lines.append(
            f"{name:<6} {_shown(ramp, name, shape):>8.4g} uN/m {shape.pressure:>8.4g} Pa   "
            f"junction {2 * shape.junction_radius:.3g} um wide, arms {2 * shape.arm_radius:.3g} um half way out, "
            f"{2 * shape.arm_thinnest:.3g} at the thinnest"
        )
    return [line for line in lines if line]


def _shown(ramp: JunctionRamp, name: str, shape: JunctionShape) -> float:
    """Return the tension to write beside a shape: at a fold that of the fold, which lies within a step of it."""
    return ramp.bulge_tension if name == "bulge" else shape.tension


def _stages(ramp: JunctionRamp) -> dict[str, JunctionShape]:
    """Return the shapes that are shown: at rest, at the bulge if there is one, and the last."""
    bulge = {} if ramp.bulge_kind == "none" else {"bulge": ramp.bulge}
    return {"rest": ramp.rest, **bulge, "last": ramp.last}


def junction_rows(ramp: JunctionRamp) -> list[dict[str, Any]]:
    """Return the branch, one row a shape, from rest to the widest."""
    columns = {
        "tension_uN_per_m": ramp.tension, "gamma_dimensionless": ramp.gamma, "pressure_Pa": ramp.pressure,
        "junction_diameter_um": 2 * ramp.junction_radius, "arm_half_way_diameter_um": 2 * ramp.arm_radius,
        "arm_thinnest_um": 2 * ramp.arm_thinnest, "volume_um3": ramp.volume, "energy_pN_um": ramp.energy,
        "lowest_stiffness_kappa_per_R4": ramp.stiffness, "stable": ramp.stable.astype(int),
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
        "bulge_tension_uN_per_m": _number(ramp.bulge_tension), "bulge_gamma_dimensionless": _number(ramp.bulge_gamma),
        "unbranched_tension_uN_per_m": _number(arm_tension(ramp)),
        "unbranched_gamma_dimensionless": _number(ramp.arm_gamma),
        "decided_up_to_uN_per_m": _decided_up_to(ramp),
        "shapes": {
            name: {
                "tension_uN_per_m": s.tension, "pressure_Pa": s.pressure, "junction_diameter_um": 2 * s.junction_radius,
                "area_um2": s.area, "volume_um3": s.volume,
                "residual_kappa_per_R3": s.residual, "worst_triangle": s.quality,
            }
            for name, s in _stages(ramp).items()
        },
        "branch": junction_rows(ramp),
    }  # fmt: skip


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def junction_surfaces(ramp: JunctionRamp) -> dict[str, Surface]:
    """Return the surfaces at rest, at the bulge if there is one, and at the end, with the total curvature, 1/um."""
    return {
        name: Surface(
            points=shape.vertices, triangles=shape.triangles,
            data={"total_curvature_per_um": total_curvature(shape.vertices, shape.triangles)},
        )
        for name, shape in _stages(ramp).items()
    }  # fmt: skip


def curvature_colours(surface: Surface, radius: float) -> NDArray[np.uint8]:
    """Return (n, 3) colours: blue where the surface is curved as the fibre at rest or more, orange where it is flat."""
    return part_colours(1.0 - radius * surface.data["total_curvature_per_um"])


def draw_junction(ramp: JunctionRamp) -> bytes:
    """Return three views of the surface and widths against tension, as PNG."""
    with canvas(9.6, 6.9, nrows=2, ncols=3, height_ratios=(1.0, 1.05)) as (plot, axes):
        stages = _stages(ramp)
        for place in axes[0][len(stages) :]:
            place.remove()
        for place, (name, shape) in zip(axes[0], stages.items(), strict=False):
            surface = Surface(points=shape.vertices, triangles=shape.triangles)
            colours = np.tile(np.round(255 * rgb(SIMULATED)).astype(np.uint8), (len(surface.points), 1))
            draw_surface(place, surface, colours, turn=0.0, tilt=55.0)
            scale_bar(place, 2.2 * ramp.junction.arm_length)
            said = {"rest": "at rest", "bulge": "where it bulges", "last": "at the end"}[name]
            place.set_title(f"{said}: {_shown(ramp, name, shape):.3g} uN/m")
        plot.get_layout_engine().set(h_pad=0.12)  # in inches; else titles are cut off
        grid = axes[1][0].get_gridspec()
        for one in axes[1]:
            one.remove()
        _draw_widths(plot.add_subplot(grid[1, :]), ramp)
        return plot_to_png(plot, dpi=DPI, colours=192)


def _draw_widths(axes: Any, ramp: JunctionRamp) -> None:
    for wide, colour, name in (
        (ramp.junction_radius, PUBLISHED, "junction (largest ball inside)"),
        (ramp.arm_radius, SIMULATED, "arms half way out; shaded down to their thinnest"),
    ):  # fmt: skip
        axes.plot(ramp.tension, np.where(ramp.stable, 2 * wide, np.nan), color=colour, label=name)
        edge = ~ramp.stable | np.append(~ramp.stable[1:], False)  # drawn from the last stable shape on
        if not np.all(ramp.stable):
            axes.plot(ramp.tension, np.where(edge, 2 * wide, np.nan), color=colour, ls="--", lw=1.3)
    alone = arm_tension(ramp)
    lines = [(alone, "an unbranched\n fibre would pearl", FAINT)] if np.isfinite(alone) else []
    if ramp.bulge_kind != "none":
        said = "junction snaps" if ramp.bulge_kind == "fold" else "junction\n 1.5 x as wide"
        lines.append((ramp.bulge_tension, said, INK))
    ends = [ramp.junction.resting_tension, *ramp.tension, *(tension for tension, _, _ in lines)]
    axes.set_xlim(0.95 * min(ends), max(ends) + 0.2 * (max(ends) - min(ends)))
    axes.fill_between(ramp.tension, 2 * ramp.arm_thinnest, 2 * ramp.arm_radius, where=ramp.stable, color=SIMULATED,
                      alpha=0.2, lw=0)  # fmt: skip
    lines.sort()
    for row, (tension, text, colour) in enumerate(lines):  # the text of the lower one stands left of its line
        left = row < len(lines) - 1
        axes.axvline(tension, color=colour, lw=1.2, ls=":")
        axes.annotate(
            f" {text}\n {tension:.3g} uN/m ", (tension, 0.03), (-3 if left else 3, 0), textcoords="offset points",
            xycoords=axes.get_xaxis_transform(), fontsize=8.5, va="bottom", ha="right" if left else "left",
        )  # fmt: skip
    if not np.all(ramp.stable):
        axes.plot([], [], color=INK, ls="--", lw=1.3, label="not stable")
    axes.set(xlabel="tension of the membrane (uN/m)", ylabel="width (um)", ylim=(0, None),
             title="What widens when the tension rises")  # fmt: skip
    axes.legend(loc="upper left", bbox_to_anchor=(0, -0.17), ncols=3)
