"""`migralab membrane dynamics`: how a swelling comes about and whether tetraspanin makes it stay."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from migralab.cli.console import appearing_whole, progress, remark, say, say_json, write_csv
from migralab.cli.verbs.membrane import options as given
from migralab.core.errors import RequestError

if TYPE_CHECKING:
    from migralab.membrane.dynamics import Trajectory
    from migralab.membrane.dynamics_model import FibreModel, Protocol

SHORTEST = 4.0  # um of fibre that is resolved, if there are so many


def dynamics(
    jump: Annotated[float, typer.Option("--jump", help="Factor by which the tension rises at once.")] = 5.0,
    pulse: Annotated[
        str, typer.Option("--pulse", help="How long it stays up; for good if not below --duration.")
    ] = "1min",
    duration: Annotated[str, typer.Option("--duration", help="Of the course.")] = "1h",
    pressure: Annotated[str, typer.Option("--pressure", help="Of the cell over the medium.")] = "0Pa",
    stiffness: Annotated[float, typer.Option("--stiffness", help="k of pure tetraspanin membrane (E).")] = 20.0,
    attraction: Annotated[float, typer.Option("--attraction", help="chi, kBT a site; above 2 it demixes (E).")] = 3.5,
    cholesterol: Annotated[float, typer.Option("--cholesterol", help="1 is normal, 0 none: scales k - 1, chi.")] = 1.0,
    occupancy: Annotated[float, typer.Option("--occupancy", help="Tetraspanin's share of the membrane (E).")] = 0.2,
    sensing: Annotated[str, typer.Option("--sensing", help="Curvature that tetraspanin prefers (E).")] = "30/um",
    diffusivity: Annotated[str, typer.Option("--diffusivity", help="Of tetraspanin (E).")] = "0.3um^2/s",
    length: Annotated[str, typer.Option("--length", help="Of fibre between the swelling and the cell.")] = "20um",
    viscosity: Annotated[str, typer.Option("--viscosity", help="Of the liquid inside (E).")] = "0.1 Pa*s",
    tension: given.Tension = None,
    fibre_radius: given.FibreRadius = None,
    bending: given.Bending = "20kBT",
    segments: Annotated[int, typer.Option("--segments", help="Of the part that is resolved.")] = 300,
    out: given.Out = None,
    as_json: given.AsJson = False,
) -> None:
    """Follow a fibre after its tension rises: it swells, tetraspanin comes or not, the swelling stays or not."""
    given.refuse_taken(out)
    from migralab.membrane.dynamics import simulate_swelling
    from migralab.membrane.dynamics_model import FibreModel, Lumen, Membrane, Stretch, Tetraspanin

    fibre = given.read_fibre(bending, tension, fibre_radius, None)
    whole = given.quantity(length, "--length", "um")
    near = min(SHORTEST, whole)
    model = FibreModel(
        membrane=Membrane(bending=fibre.bending),
        tetraspanin=Tetraspanin(
            stiffness_ratio=stiffness, attraction=attraction, cholesterol=cholesterol,
            curvature=given.quantity(sensing, "--sensing", "1/um"),
            diffusivity=given.quantity(diffusivity, "--diffusivity", "um^2/s"),
        ),
        lumen=Lumen(viscosity=given.quantity(viscosity, "--viscosity", "Pa*s")),
        stretch=Stretch(half_length=near, to_cell=max(whole - near, 0.0), segments=segments),
    )  # fmt: skip
    protocol = _protocol(fibre.tension, (jump, pulse, duration), pressure, occupancy)
    with progress("membrane dynamics", "%") as update:
        course = simulate_swelling(model, protocol, progress=lambda share, _: update(round(100 * share), 100))
    _tell(course, _asked(model, protocol), out, as_json=as_json)
    if course.status.value != "converged":
        remark(f"migralab: {course.status.value.replace('_', ' ')}. {course.instruction}")
        raise typer.Exit(given.NOT_CONVERGED)


def _protocol(rest: float, times: tuple[float, str, str], pressure: str, occupancy: float) -> Protocol:
    from migralab.membrane.dynamics_model import Protocol

    jump, pulse, duration = times
    end, back = given.quantity(duration, "--duration", "s"), given.quantity(pulse, "--pulse", "s")
    if back <= 0:
        raise RequestError(f"--pulse {pulse} is not above 0: without a jump of the tension the fibre rests.")
    return Protocol.jump(
        jump, end, rest=rest, returns=back if back < end else None,
        pressure=given.quantity(pressure, "--pressure", "Pa"), occupancy=occupancy,
    )  # fmt: skip


def _asked(model: FibreModel, protocol: Protocol) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(model) | {"protocol": asdict(protocol)}


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
