"""What `migralab membrane shape` tells of one shape: its numbers, its profile as a table, its figure, its surface."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from migralab.core.errors import RequestError
from migralab.core.version import VERSION
from migralab.membrane.bilayer import KT
from migralab.membrane.problem import Domain, Fibre, Load
from migralab.membrane.shape import Shape
from migralab.membrane.status import Status
from migralab.membrane.surface_of_revolution import AROUND, Surface, revolve, total_curvature
from migralab.report.figures.figure import EXCLUDED, canvas, plot_to_png
from migralab.report.membrane.drawing import DPI, draw_outline, draw_surface, measure, part_colours, scale_bar

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A problem and its answers.

    Parameters
    ----------
    fibre, domain, load, shape
        The problem and the shape of least energy.
    compared
        The same with another Gaussian modulus, and its ratio.
    """

    fibre: Fibre
    domain: Domain
    load: Load
    shape: Shape
    compared: tuple[float, Shape]


def shape_rows(asked: Asked) -> list[Row]:
    """Return what was asked and what came out: quantity, value, unit, and what it means."""
    fibre, domain, load, shape = asked.fibre, asked.domain, asked.load, asked.shape
    by_stiffness = domain.stiffness_ratio * fibre.radius
    by_area = math.sqrt(domain.area / (4 * math.pi))
    thinnest = float(shape.r.min())
    first = "stiffness" if by_stiffness < by_area else "area"
    bare = "" if load == Load() else "; for no pressure, a long fibre"
    return [
        _row("width of the bare fibre", 2 * fibre.radius_at(load.pressure), "um", f"at {fibre.tension:.3g} uN/m"),
        _row("area of the domain", domain.area, "um2", f"could close a sphere of {2 * by_area:.3g} um"),
        _row("stiffness of the domain", domain.stiffness_ratio, "",
             f"{domain.stiffness_ratio * fibre.bending / KT:.3g} kBT"),
        _row("width by the criterion", 2 * min(by_stiffness, by_area), "um",
             f"k 2R = {2 * by_stiffness:.3g} um, area {2 * by_area:.3g} um: {first} limits{bare}"),
        _row("width", 2 * shape.radius, "um", f"{shape.radius / fibre.radius:.3g} times the fibre"),
        _row("length of the domain", shape.length, "um", f"{shape.aspect:.3g} times its width"),
        _row("width of the neck", 2 * shape.neck_radius, "um", "at the border of the domain"),
        _row("angle of the neck", round(math.degrees(shape.neck_angle), 2) + 0.0, "deg", ""),
        _row("thinnest part", 2 * thinnest, "um", f"{thinnest / fibre.radius:.3g} times the fibre"),
        _row("volume of the domain", shape.volume, "um3", ""),
        _row("energy, bare fibre 0", shape.energy, "pN um", f"{shape.energy / KT:.4g} kBT"),
        _row("tension of the domain", shape.domain_tension, "uN/m", "what holds its area"),
        _row("pressure in the domain", shape.pressure, "Pa", ""),
        _row("pulling force", shape.force, "pN", ""),
    ]  # fmt: skip


def _row(quantity: str, value: float, unit: str, meaning: str) -> Row:
    return {"quantity": quantity, "value": float(value), "unit": unit, "meaning": meaning}


def balance_words(shape: Shape) -> str:
    """Return how well forces and torques balance."""
    own = shape.balance
    return f"axial force {own.axial:.1e}, shear {own.shear:.1e}, torque {own.torque:.1e}"


def caution(asked: Asked) -> str:
    """Return what another Gaussian modulus would do."""
    ratio, other = asked.compared
    name = f"kbar = {ratio:g} kappa" if ratio else "kbar = 0"
    if other.status is not Status.converged:
        return f"With {name} no shape was found: {other.status.value.replace('_', ' ')}."
    return (
        f"Caution: with {name} it would be {2 * other.radius:.3g} um wide, {other.aspect:.3g} times as long as wide, "
        f"its neck {2 * other.neck_radius:.3g} um: kbar, the Gaussian modulus of these membranes, is not measured."
    )


def shape_numbers(asked: Asked) -> dict[str, Any]:
    """Return everything as one mapping for JSON; units stand in the names."""
    fibre, domain, load, shape = asked.fibre, asked.domain, asked.load, asked.shape
    ratio, other = asked.compared
    return {
        "version": VERSION,
        "asked": {
            "fibre_bending_pN_um": fibre.bending, "fibre_tension_uN_per_m": fibre.tension,
            "fibre_radius_um": fibre.radius, "fibre_gaussian_ratio": fibre.gaussian_ratio,
            "domain_area_um2": domain.area, "stiffness_ratio": domain.stiffness_ratio,
            "domain_gaussian_ratio": domain.gaussian_ratio, "line_tension_pN": domain.line_tension,
            "domain_curvature_per_um": domain.spontaneous_curvature, "pressure_Pa": load.pressure,
            "volume_um3": load.volume, "half_length_um": load.half_length,
        },
        "status": shape.status.value, "instruction": shape.instruction, **_numbers(shape),
        "balance": {"axial": shape.balance.axial, "shear": shape.balance.shear, "torque": shape.balance.torque},
        "others": [{"energy_pN_um": energy, "diameter_um": 2 * radius} for energy, radius in shape.others],
        "newton_steps": shape.newton_steps, "segments_of_half_the_domain": shape.border,
        "with_another_gaussian_ratio": {"gaussian_ratio": ratio, "status": other.status.value, **_numbers(other)},
    }  # fmt: skip


def _numbers(shape: Shape) -> dict[str, Any]:
    return {
        "shape": shape.kind.value, "diameter_um": 2 * shape.radius, "length_um": shape.length, "aspect": shape.aspect,
        "neck_diameter_um": 2 * shape.neck_radius, "neck_angle_deg": math.degrees(shape.neck_angle),
        "energy_pN_um": shape.energy, "domain_tension_uN_per_m": shape.domain_tension, "pressure_Pa": shape.pressure,
        "volume_um3": shape.volume, "force_pN": shape.force,
    }  # fmt: skip


def profile_rows(shape: Shape) -> list[Row]:
    """Return the profile from the middle outwards, one row a node."""
    curvature = total_curvature(shape.s, shape.r, shape.psi, shape.border)
    columns = zip(shape.s, shape.x, shape.r, shape.psi, curvature, strict=True)
    return [
        {
            "s_um": float(s), "x_um": float(x), "r_um": float(r), "psi_rad": float(psi),
            "total_curvature_per_um": float(bend), "domain": int(node <= shape.border),
        }
        for node, (s, x, r, psi, bend) in enumerate(columns)
    ]  # fmt: skip


def surface_of(shape: Shape, around: int = AROUND, *, closed: bool = False) -> Surface:
    """Return both halves as triangles with `domain` (1, or 0 in the fibre) and the total curvature, 1/um."""
    data: dict[str, NDArray[Any]] = {
        "domain": (np.arange(len(shape.x)) <= shape.border).astype(np.uint8),
        "total_curvature_per_um": total_curvature(shape.s, shape.r, shape.psi, shape.border),
    }
    return revolve(shape.x, shape.r, around=around, closed=closed, data=data)


def surface_or_none(shape: Shape, around: int = AROUND) -> Surface | None:
    """Return the surface, or None where the profile that a search ended with is no surface."""
    try:
        return surface_of(shape, around)
    except RequestError:
        if shape.status is Status.converged:
            raise
        return None


def draw_shape(asked: Asked) -> bytes:
    """Return the profile with its measures, and the surface, as PNG."""
    shape = asked.shape
    wide = min(0.5 * shape.length + max(1.6 * shape.radius, 4 * asked.fibre.radius), float(shape.x[-1]))
    compared = asked.compared[1]
    if compared.status is Status.converged:  # the dotted twin is shown whole
        wide = max(wide, 0.5 * compared.length + asked.fibre.radius)
    wide = max(wide, 4 * asked.fibre.radius)  # where a search stopped the profile may go back beyond its middle
    flat = float(np.clip(wide / _high(asked), 0.5, 25.0))
    beside = flat < 6
    grid: dict[str, Any] = {"ncols": 2} if beside else {"nrows": 2}
    size = (10.6, 1.3 + 5.4 / flat) if beside else (9.6, 2.0 + 18.5 / flat)
    with canvas(*size, **grid) as (plot, (left, right)):
        _draw_measured(left, asked, wide)
        surface = surface_or_none(shape, around=72)
        right.set_title("the surface")
        if surface is None:
            right.axis("off")
            right.set_title("the profile is no surface")
            return plot_to_png(plot, dpi=DPI, colours=192)
        keep = np.abs(surface.points[surface.triangles][:, :, 0]).max(axis=1) <= wide
        view = {} if beside else {"turn": 12.0, "tilt": 12.0}
        draw_surface(right, surface, part_colours(surface.data["domain"]), keep=keep, **view)
        scale_bar(right, 2 * wide)
        return plot_to_png(plot, dpi=DPI, colours=192)


def _high(asked: Asked) -> float:
    """Return the largest radius that is drawn, um."""
    compared = asked.compared[1]
    other = compared.radius if compared.status is Status.converged else 0.0
    return max(float(np.abs(asked.shape.r).max()), other)


def _draw_measured(axes: Any, asked: Asked, wide: float) -> None:
    shape, (ratio, other) = asked.shape, asked.compared
    if other.status is Status.converged:
        seen = other.x <= wide * 1.02
        for side in (1, -1):
            for up in (1, -1):
                name = f"with kbar = {f'{ratio:g} kappa' if ratio else '0'}" if (side, up) == (1, 1) else None
                axes.plot(side * other.x[seen], up * other.r[seen], color=EXCLUDED, lw=1, ls=":", label=name)
    draw_outline(axes, (shape.x, shape.r, shape.border), wide=wide)
    at = float(shape.x[shape.border])
    measure(axes, (0, shape.radius), f"{2 * shape.radius:.3g} um", (5, 9))
    measure(axes, (at, shape.neck_radius), "", (0, 0))
    room = at < 0.75 * wide  # beside the neck, below the fibre; else inside the domain
    place, offset = ((at, -shape.neck_radius), (7, -14)) if room else ((at, 0.0), (-5, 3))
    axes.annotate(
        f"neck {2 * shape.neck_radius:.2g} um", place, offset,
        textcoords="offset points", fontsize=8.5, ha="left" if room else "right",
    )  # fmt: skip
    high = 1.12 * _high(asked)
    axes.set_aspect("equal")
    axes.set(xlim=(-wide, wide), ylim=(-high, high), xlabel="along the fibre (um)",
             ylabel="radius (um)", title=_title(asked))  # fmt: skip
    axes.legend(loc="upper left", bbox_to_anchor=(0, -0.2), ncols=3, columnspacing=1.2, handlelength=1.6)


def _title(asked: Asked) -> str:
    shape = asked.shape
    if shape.status is not Status.converged:
        return f"{shape.status.value.replace('_', ' ')}: no result"
    kind = "no swelling" if shape.kind.value == "none" else f"a {shape.kind.value}"
    return (
        f"{kind}, {2 * shape.radius:.3g} um wide: "
        f"domain of {asked.domain.area:.3g} um2, {asked.domain.stiffness_ratio:g} times as stiff"
    )
