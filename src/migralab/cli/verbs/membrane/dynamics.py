"""`migralab membrane dynamics`: how a swelling comes about and whether tetraspanin makes it stay."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from migralab.cli.console import appearing_whole, progress, remark, say, say_json, write_csv
from migralab.cli.verbs.membrane import options as given
from migralab.cli.verbs.membrane.wording import as_options, in_options, within
from migralab.core.errors import RequestError

if TYPE_CHECKING:
    from migralab.membrane.dynamics.course import Trajectory
    from migralab.membrane.dynamics.model import FibreModel, Protocol

LENGTHS = (0.2, 1000.0)  # um; the ends of a shorter one are in its swelling, and no retraction fibre is longer
DAY = 86400.0  # s; steps are 5 s at most, and 20,000 of them are followed
_WORDS = {
    "half_length": "--resolved", "segments": "--segments", "gentler jump": "gentler --jump",
    "raise most_steps or tolerance": "shorten --duration", "stiffness ratio is": "--stiffness is",
    "stiffness_ratio and cholesterol": "--stiffness and --cholesterol", "attraction is": "--attraction is",
    "cholesterol is": "--cholesterol is", "curvature is": "--sensing is", "diffusivity is": "--diffusivity is",
    "viscosity is": "--viscosity is", "occupancy is": "--occupancy is", "a pressure of": "--pressure of",
}  # fmt: skip


def dynamics(
    jump: Annotated[
        float, typer.Option("--jump", help="Factor by which the tension rises at once; above 0, up to rupture.")
    ] = 5.0,
    pulse: Annotated[
        str, typer.Option("--pulse", help="How long it stays up; for good if not below --duration.")
    ] = "1min",
    duration: Annotated[str, typer.Option("--duration", help="Of the course; at most 24h.")] = "1h",
    pressure: Annotated[str, typer.Option("--pressure", help="Of the cell over the medium.")] = "0Pa",
    stiffness: Annotated[float, typer.Option("--stiffness", help="k of pure tetraspanin membrane (E).")] = 20.0,
    attraction: Annotated[
        float, typer.Option("--attraction", help="chi, kBT a site, 0 to 8; above 2 it demixes (E).")
    ] = 3.5,
    cholesterol: Annotated[float, typer.Option("--cholesterol", help="0 to 3; 1 is normal: scales k - 1, chi.")] = 1.0,
    occupancy: Annotated[
        float, typer.Option("--occupancy", help="Tetraspanin's share of the membrane, below 0.95 (E).")
    ] = 0.2,
    sensing: Annotated[str, typer.Option("--sensing", help="Curvature it prefers, -200 to 200/um (E).")] = "30/um",
    diffusivity: Annotated[str, typer.Option("--diffusivity", help="Of tetraspanin (E).")] = "0.3um^2/s",
    length: Annotated[
        str, typer.Option("--length", help="Of fibre from the middle to the cell; 0.2um to 1mm.")
    ] = "20um",
    resolved: Annotated[str, typer.Option("--resolved", help="Of that length, the part that can swell.")] = "4um",
    viscosity: Annotated[str, typer.Option("--viscosity", help="Of the liquid inside (E).")] = "0.1 Pa*s",
    tension: given.Tension = None,
    fibre_radius: given.FibreRadius = None,
    bending: given.Bending = "20kBT",
    segments: Annotated[int, typer.Option("--segments", help="Of the part that is resolved, 20 to 4000.")] = 300,
    out: given.Out = None,
    as_json: given.AsJson = False,
) -> None:
    """Follow a fibre after its tension rises: it swells, tetraspanin comes or not, the swelling stays or not."""
    given.refuse_taken(out)
    from migralab.membrane.dynamics.course import simulate_swelling
    from migralab.membrane.dynamics.model import FibreModel, Lumen, Membrane, Stretch, Tetraspanin

    fibre = given.read_fibre(bending, tension, fibre_radius, None)
    whole, near = _stretch(length, resolved)
    with in_options(_WORDS):
        model = FibreModel(
            membrane=Membrane(bending=fibre.bending),
            tetraspanin=Tetraspanin(
                stiffness_ratio=stiffness, attraction=attraction, cholesterol=cholesterol,
                curvature=given.quantity(sensing, "--sensing", "1/um"),
                diffusivity=given.quantity(diffusivity, "--diffusivity", "um^2/s"),
            ),
            lumen=Lumen(viscosity=given.quantity(viscosity, "--viscosity", "Pa*s")),
            stretch=Stretch(half_length=near, to_cell=whole - near, segments=segments),
        )  # fmt: skip
        protocol = _protocol(fibre.tension, (jump, pulse, duration), pressure, occupancy)
        with progress("membrane dynamics", "%") as update:
            course = simulate_swelling(model, protocol, progress=lambda share, _: update(round(100 * share), 100))
    course = replace(course, instruction=as_options(course.instruction, _WORDS))
    _tell(course, _asked(model, protocol), out, as_json=as_json)
    if course.status.value != "converged":
        remark(f"migralab: {course.status.value.replace('_', ' ')}. {course.instruction}")
        raise typer.Exit(given.NOT_CONVERGED)


def _stretch(length: str, resolved: str) -> tuple[float, float]:
    """Return the length of the fibre and of the part that is resolved, um."""
    whole, near = given.quantity(length, "--length", "um"), given.quantity(resolved, "--resolved", "um")
    why = "a shorter one has no room for a swelling, and no retraction fibre is longer"
    within(whole, LENGTHS, f"--length {length}", "0.2um to 1mm", why)
    within(near, LENGTHS, f"--resolved {resolved}", "0.2um to 1mm", "it is a part of --length")
    return whole, min(near, whole)


def _protocol(rest: float, times: tuple[float, str, str], pressure: str, occupancy: float) -> Protocol:
    from migralab.membrane.bilayer import LYSIS
    from migralab.membrane.dynamics.model import Protocol

    jump, pulse, duration = times
    most = LYSIS / rest
    why = f"it multiplies the tension at rest, {rest:.3g} uN/m, and beyond {LYSIS:g} uN/m bilayers lyse"
    within(jump, (1e-3, most), f"--jump {jump:g}", f"0.001 to {most:.3g}", why)
    end, back = given.quantity(duration, "--duration", "s"), given.quantity(pulse, "--pulse", "s")
    why = "a course is followed in steps of 5 s at most, and no fibre is known to last longer"
    within(end, (1e-6, DAY), f"--duration {duration}", "1us to 24h", why)
    if not back > 0:
        raise RequestError(f"--pulse {pulse} is not above 0: without a jump of the tension the fibre rests.")
    return Protocol.jump(
        jump, end, rest=rest, returns=back if back < end else None,
        pressure=given.quantity(pressure, "--pressure", "Pa"), occupancy=occupancy,
    )  # fmt: skip


_UNITS = {
    "bending": "pN_um", "drag": "pN_s_per_um3", "permeability": "um3_per_pN_s", "attraction": "kBT",
    "curvature": "per_um", "site_area": "um2", "border": "pN_um", "diffusivity": "um2_per_s", "viscosity": "Pa_s",
    "osmotic_pressure": "Pa", "half_length": "um", "to_cell": "um", "times": "s", "tension": "uN_per_m",
    "pressure": "Pa",
}  # fmt: skip


def _asked(model: FibreModel, protocol: Protocol) -> dict[str, Any]:
    """Return what was asked, units in the names; numbers without a unit are shares, ratios and counts."""
    from dataclasses import asdict

    def named(values: dict[str, Any]) -> dict[str, Any]:
        return {
            f"{name}_{_UNITS[name]}" if name in _UNITS else name: named(own) if isinstance(own, dict) else own
            for name, own in values.items()
        }

    return named(asdict(model) | {"protocol": asdict(protocol)})


def _tell(course: Trajectory, asked: dict[str, Any], out: Path | None, *, as_json: bool) -> None:
    from migralab.report.membrane.dynamics import draw_dynamics, dynamics_lines, dynamics_numbers, dynamics_rows

    if as_json:
        say_json(dynamics_numbers(course, asked))
    else:
        for line in dynamics_lines(course):
            say(line)
    if out is None:
        return
    with appearing_whole(out) as fresh:
        (fresh / "dynamics.png").write_bytes(draw_dynamics(course))
        write_csv(fresh / "dynamics.csv", dynamics_rows(course))
        numbers = json.dumps(dynamics_numbers(course, asked), indent=2, default=str)
        (fresh / "dynamics.json").write_text(numbers + "\n", encoding="utf-8")
        _write_meshes(course, fresh)
    remark(f"Figure, tables and meshes are in {out}; dynamics.pvd opens all times in ParaView.")


def _write_meshes(course: Trajectory, folder: Path) -> None:
    """Write the surfaces at the times of the figure, and the list that tells ParaView their times in s."""
    from migralab.report.membrane.drawing import part_colours
    from migralab.report.membrane.dynamics import snapshots, surface_at
    from migralab.results.export.surface import write_ply, write_vtk
    from migralab.results.export.vtk import write_collection

    listed = []
    for number, profile in enumerate(snapshots(course)):
        surface, name = surface_at(profile), f"dynamics-{number}"
        colours = part_colours(surface.data["occupancy"])
        write_ply(folder / f"{name}.ply", surface.points, surface.triangles, data=surface.data, colours=colours)
        write_vtk(folder / f"{name}.vtp", surface.points, surface.triangles, data=surface.data)
        listed.append((profile.time, f"{name}.vtp"))
    write_collection(folder / "dynamics.pvd", listed)
