"""`migralab membrane shape`: the shape of least energy of a fibre with a stiff domain."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from migralab.cli.console import appearing_whole, remark, say, say_json, write_csv
from migralab.cli.verbs.membrane import options as given
from migralab.core.errors import RequestError

if TYPE_CHECKING:
    from migralab.membrane.problem import Domain, Fibre, Load
    from migralab.membrane.shape import Shape
    from migralab.report.membrane.shape import Asked

FINENESS = (16, 64, 128, 256, 512)
"""Segments of half the domain: the fewest that may be asked for, and those that are tried one after the other."""


def shape(
    bending: given.Bending = "20kBT",
    tension: given.Tension = None,
    fibre_radius: given.FibreRadius = None,
    force: given.Force = None,
    area: given.Area = None,
    domain_diameter: given.DomainDiameter = None,
    stiffness: given.Stiffness = 10.0,
    gaussian: given.Gaussian = -1.0,
    line_tension: given.LineTension = "0pN",
    curvature: given.Curvature = "0/um",
    pressure: given.Pressure = None,
    volume: given.Volume = None,
    half_length: given.HalfLength = None,
    mesh: Annotated[
        int | None, typer.Option("--mesh", help="Segments of half the domain; by default 64, and more if they must be.")
    ] = None,
    out: given.Out = None,
    as_json: given.AsJson = False,
) -> None:
    """Find the shape of least energy of a fibre with a stiff domain, with the balance of forces that it keeps."""
    given.refuse_taken(out)
    fibre = given.read_fibre(bending, tension, fibre_radius, force, gaussian)
    domain = given.read_domain(given.read_area(area, domain_diameter), stiffness, gaussian, line_tension, curvature)
    asked = _solve(fibre, domain, given.read_load(pressure, volume, half_length), mesh)
    _tell(asked, as_json=as_json)
    if out is not None:
        _write(asked, out)
    if asked.shape.status.value != "converged":
        remark(f"migralab: {asked.shape.status.value.replace('_', ' ')}. {asked.shape.instruction}")
        raise typer.Exit(given.NOT_CONVERGED)


def _solve(fibre: Fibre, domain: Domain, load: Load, mesh: int | None) -> Asked:
    from migralab.report.membrane.shape import Asked

    if mesh is not None and not FINENESS[0] <= mesh <= FINENESS[-1]:
        raise RequestError(f"--mesh {mesh} is not between {FINENESS[0]} and {FINENESS[-1]} segments.")
    found = _refined(fibre, domain, load, mesh)
    found = replace(found, instruction=_advice(found, fibre, domain, load, mesh))
    ratio = 0.0 if domain.gaussian_ratio else -1.0
    other = _refined(replace(fibre, gaussian_ratio=ratio), replace(domain, gaussian_ratio=ratio), load, mesh)
    return Asked(fibre=fibre, domain=domain, load=load, shape=found, compared=(ratio, other))


def _advice(found: Shape, fibre: Fibre, domain: Domain, load: Load, mesh: int | None) -> str:
    """Return why there is no shape, and which of the options that apply would help."""
    if found.status.value == "converged":
        return found.instruction
    reason = re.split(r" (?:Lower|Come|Use) ", found.instruction)[0]
    steps = []
    if found.status.value == "not_converged":
        if mesh is None or mesh < FINENESS[-1]:
            steps.append(f"Use a finer --mesh (up to {FINENESS[-1]})")
        if load.pressure:
            steps.append("bring --pressure nearer to 0")
    elif "inflates" in reason:
        steps += ["lower --pressure", "raise --tension", "give --volume instead of --pressure"]
    elif load.pressure < 0:
        steps.append("bring --pressure nearer to 0")
    if domain.line_tension > 0 and "inflates" not in reason:
        steps.append("lower --line-tension")
    if load.volume is not None:
        steps.append("change --volume" if found.status.value == "not_converged" else "raise --volume")
    if domain.gaussian_ratio * domain.stiffness_ratio != fibre.gaussian_ratio and "neck" in reason:
        steps.append("bring --gaussian nearer to 0")
    advice = " or ".join(steps)
    return f"{reason} {advice[0].upper()}{advice[1:]}." if advice else reason


def _refined(fibre: Fibre, domain: Domain, load: Load, mesh: int | None) -> Shape:
    """Return the shape on the mesh asked for, or on the coarsest of the usual ones that converges."""
    from migralab.membrane.shape import solve_shape
    from migralab.membrane.status import Status

    for segments in FINENESS[1:] if mesh is None else (mesh,):
        found = solve_shape(fibre, domain, load, segments=(segments, 3 * segments // 2))
        if found.status is not Status.not_converged:
            break
    return found


def _tell(asked: Asked, *, as_json: bool) -> None:
    from migralab.report.membrane.shape import balance_words, caution, shape_numbers, shape_rows

    if as_json:
        say_json(shape_numbers(asked))
        return
    found = asked.shape
    if found.status.value != "converged":
        say(f"{found.status.value.replace('_', ' ')}: what follows is where the search stopped, not a result")
    else:
        say("no swelling" if found.kind.value == "none" else found.kind.value)
    for row in shape_rows(asked):
        say(f"  {row['quantity']:<28} {row['value']:>9.4g} {row['unit']:<6} {row['meaning']}".rstrip())
    say(f"  balance, relative errors: {balance_words(found)}")
    for energy, radius in found.others:
        say(f"  another minimum: {2 * radius:.3g} um wide, {energy - found.energy:.3g} pN um above this one")
    say(caution(asked))


def _write(asked: Asked, out: Path) -> None:
    from migralab.report.membrane.drawing import part_colours
    from migralab.report.membrane.shape import draw_shape, profile_rows, shape_numbers, surface_or_none
    from migralab.results.export.surface import write_ply, write_vtk

    surface = surface_or_none(asked.shape)
    with appearing_whole(out) as fresh:
        (fresh / "shape.png").write_bytes(draw_shape(asked))
        write_csv(fresh / "shape.csv", profile_rows(asked.shape))
        (fresh / "shape.json").write_text(json.dumps(shape_numbers(asked), indent=2) + "\n", encoding="utf-8")
        if surface is not None:
            colours = part_colours(surface.data["domain"])
            write_ply(fresh / "shape.ply", surface.points, surface.triangles, data=surface.data, colours=colours)
            write_vtk(fresh / "shape.vtp", surface.points, surface.triangles, data=surface.data)
    meshes = "numbers and meshes are" if surface is not None else "and numbers (no meshes: it is no surface) are"
    remark(f"Figure, profile, {meshes} in {out}.")
