"""`migralab membrane junction`: where a three-way junction of fibres bulges when the tension rises."""

from __future__ import annotations

import json
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from migralab.cli.console import appearing_whole, progress, remark, say, say_json, write_csv
from migralab.cli.verbs.membrane import options as given
from migralab.cli.verbs.membrane.wording import as_options, in_options
from migralab.core.errors import RequestError

_WORDS = {
    "around": "--mesh", "widest": "--widest", "points": "--points", "arm_length": "--arm-length",
    "filling 'long'": "--filling long", "Junction radius": "--fibre-radius", "Junction bending": "--bending",
    "Junction arm_length": "--arm-length", "Junction angles are": "--angles are",
}  # fmt: skip

if TYPE_CHECKING:
    from pathlib import Path

    from migralab.membrane.junction import JunctionRamp


class Filling(StrEnum):
    """What the water inside does while the tension rises."""

    closed = "closed"
    long = "long"


def junction(
    angles: Annotated[
        str, typer.Option("--angles", help="Where the arms were laid, degrees; a junction slides to 120.")
    ] = "90,210,330",
    arm_length: Annotated[
        str, typer.Option("--arm-length", help="From the middle to a clamped end, 4 to 20 fibre radii.")
    ] = "0.5um",
    fibre_radius: Annotated[str, typer.Option("--fibre-radius", help="Of the arms at rest (E).")] = "50nm",
    bending: given.Bending = "20kBT",
    filling: Annotated[
        Filling, typer.Option("--filling", help="closed: no water leaves. long: arms go on far beyond what is shown.")
    ] = Filling.closed,
    widest: Annotated[
        float, typer.Option("--widest", help="Ball at the end, 1.5 to 6 tube radii (1.33 at rest).")
    ] = 2.2,
    points: Annotated[int, typer.Option("--points", help="Shapes on the way, 3 to 400.")] = 40,
    mesh: Annotated[
        int | None, typer.Option("--mesh", help="Segments of half a turn of an arm, 6 to 24; by default as needed.")
    ] = None,
    out: given.Out = None,
    as_json: given.AsJson = False,
) -> None:
    """Raise the tension at a three-way junction, and say whether the junction bulges first or its arms pearl."""
    given.refuse_taken(out)
    from migralab.membrane.junction import Junction, tension_ramp

    with in_options(_WORDS):
        asked = Junction(
            angles=_directions(angles), arm_length=given.quantity(arm_length, "--arm-length", "um"),
            radius=given.quantity(fibre_radius, "--fibre-radius", "um"),
            bending=given.quantity(bending, "--bending", "pN*um"),
        )  # fmt: skip
        with progress("membrane junction", "%") as update:
            ramp = tension_ramp(
                asked, filling=filling.value, widest=widest, points=points, around=mesh,
                progress=lambda share: update(round(100 * share), 100),
            )  # fmt: skip
    ramp = replace(ramp, instruction=as_options(ramp.instruction, _WORDS))
    _tell(ramp, out, as_json=as_json)
    if ramp.status.value != "converged":
        remark(f"migralab: {ramp.status.value.replace('_', ' ')}. {ramp.instruction}")
        raise typer.Exit(given.NOT_CONVERGED)


def _directions(text: str) -> tuple[float, float, float]:
    try:
        first, second, third = (float(part) for part in text.split(","))
    except ValueError:
        raise RequestError(f"--angles {text}: write three numbers of degrees, for example --angles 0,90,180.") from None
    return first, second, third


def _tell(ramp: JunctionRamp, out: Path | None, *, as_json: bool) -> None:
    from migralab.report.membrane.junction import (
        curvature_colours,
        draw_junction,
        junction_lines,
        junction_numbers,
        junction_rows,
    )
    from migralab.report.membrane.junction import junction_surfaces as surfaces
    from migralab.results.export.surface import write_ply, write_vtk

    if as_json:
        say_json(junction_numbers(ramp))
    else:
        for line in junction_lines(ramp):
            say(line)
    if out is None:
        return
    with appearing_whole(out) as fresh:
        (fresh / "junction.png").write_bytes(draw_junction(ramp))
        write_csv(fresh / "junction.csv", junction_rows(ramp))
        (fresh / "junction.json").write_text(json.dumps(junction_numbers(ramp), indent=2) + "\n", encoding="utf-8")
        for name, surface in surfaces(ramp).items():
            colours = curvature_colours(surface, ramp.junction.radius)
            write_ply(
                fresh / f"junction-{name}.ply", surface.points, surface.triangles, data=surface.data, colours=colours
            )
            write_vtk(fresh / f"junction-{name}.vtp", surface.points, surface.triangles, data=surface.data)
    remark(f"Figure, tables and meshes are in {out}.")
