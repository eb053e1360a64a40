"""`migralab membrane phase`: shapes over two properties, every point converged or flagged."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from migralab.cli.console import appearing_whole, progress, remark, say, say_json, write_csv
from migralab.cli.verbs.membrane import options as given
from migralab.core import units
from migralab.core.errors import RequestError, UnitError, UnknownIdError
from migralab.core.version import VERSION

if TYPE_CHECKING:
    from migralab.membrane.phase import Axis, PhaseDiagram
    from migralab.membrane.problem import Domain, Fibre

MOST_POINTS = 1000
AXES = {
    "stiffness": ("stiffness_ratio", ""), "area": ("area", "um^2"), "tension": ("tension", "uN/m"),
    "pressure": ("pressure", "Pa"), "line-tension": ("line_tension", "pN"), "curvature": ("domain_curvature", "1/um"),
    "gaussian": ("gaussian_ratio", ""), "bending": ("bending", "pN*um"),
}  # fmt: skip
_OPTIONS = {
    "stiffness_ratio": "stiffness", "bending": "bending", "gaussian_ratio": "gaussian",
    "line_tension": "line_tension", "domain_curvature": "curvature", "pressure": "pressure",
}  # fmt: skip
"""The option that fixes what an axis varies; tension and area have several."""
_SPANS = {
    "stiffness_ratio": "1..40", "area": "1..10um^2", "tension": "5..50uN/m", "pressure": "0..35Pa",
    "line_tension": "0..1pN", "domain_curvature": "0..2/um", "gaussian_ratio": "-1..0", "bending": "10..25kBT",
}  # fmt: skip
_HELP = f"NAME=FIRST..LAST with NAME one of {', '.join(AXES)}; by equal ratios if both ends are above 0, else by steps."


def phase(
    context: typer.Context,
    x: Annotated[str, typer.Option("--x", help=_HELP)] = "stiffness=1..40",
    y: Annotated[str, typer.Option("--y", help="The same for the other axis.")] = "area=0.1..12.6um^2",
    points: Annotated[str, typer.Option("--points", help="Along each axis, or along x and y: 60x40.")] = "50",
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
    out: given.Out = None,
    as_json: given.AsJson = False,
) -> None:
    """Find the shapes of least energy over two properties: sphere, sausage, sleeve or no swelling."""
    given.refuse_taken(out)
    counts = _points(points)
    across, up = _axis(x, "--x", counts[0]), _axis(y, "--y", counts[1])
    given_twice = {"--tension": tension, "--fibre-radius": fibre_radius, "--force": force}
    _refuse_fixed("tension", (across, up), given_twice)
    _refuse_fixed("area", (across, up), {"--area": area, "--domain-diameter": domain_diameter})
    for varied, option in _OPTIONS.items():
        source = context.get_parameter_source(option)
        typed = "" if source is not None and source.name != "DEFAULT" else None
        _refuse_fixed(varied, (across, up), {f"--{option.replace('_', '-')}": typed})
    fibre = given.read_fibre(bending, tension, fibre_radius, force, gaussian)
    domain = given.read_domain(given.read_area(area, domain_diameter), stiffness, gaussian, line_tension, curvature)
    diagram = _solve(fibre, domain, pressure, across, up)
    asked = {
        name: value
        for name, value in context.params.items()
        if name not in {"out", "as_json"} and value is not None and not _varies(name, (across, up))
    }
    _tell(diagram, fibre, domain, out, asked=asked, as_json=as_json)


def _varies(option: str, axes: tuple[Axis, Axis]) -> bool:
    return any(_OPTIONS.get(axis.name) == option for axis in axes)


def _points(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d+)(?:x(\d+))?", text.strip())
    counts = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
    if not all(2 <= count <= MOST_POINTS for count in counts):
        raise RequestError(f"--points {text}: write a number of 2 to {MOST_POINTS}, or two as 60x40.")
    return counts


def _axis(text: str, option: str, count: int) -> Axis:
    import numpy as np

    from migralab.membrane.phase import Axis

    name, _, span = text.partition("=")
    if name.strip() not in AXES:
        raise RequestError(f"{option}: {UnknownIdError('property', name.strip(), AXES)}")
    own, unit = AXES[name.strip()]
    example = f"{name.strip()}={_SPANS[own]}"
    first, dots, second = span.partition("..")
    if not dots:
        raise RequestError(f"{option} {text}: write NAME=FIRST..LAST, for example {option} {example}.")
    try:
        if not units.split(first)[1]:  # the unit of the last counts for both
            first = f"{first} {units.split(second)[1]}".strip()
    except UnitError as error:
        reason = str(error).split(" Write ")[0]
        raise RequestError(f"{option}: {reason} Write for example {option} {example}.") from None
    ends = given.quantity(first, option, unit, example), given.quantity(second, option, unit, example)
    if own == "pressure":
        given.refuse_vacuum(min(ends), f"{option} {text}")
    if ends[0] == ends[1]:
        raise RequestError(f"{option} {text}: both ends are the same. Give a range.")
    space = np.geomspace if min(ends) > 0 else np.linspace
    return Axis(own, tuple(float(value) for value in space(*ends, count)))


def _refuse_fixed(name: str, axes: tuple[Axis, Axis], fixed: dict[str, str | None]) -> None:
    named = [option for option, value in fixed.items() if value is not None]
    if named and any(axis.name == name for axis in axes):
        raise RequestError(
            f"{named[0]} fixes what an axis varies ({name.replace('_', ' ')}). Leave it out, or choose another axis."
        )


def _solve(fibre: Fibre, domain: Domain, pressure: str | None, across: Axis, up: Axis) -> PhaseDiagram:
    from migralab.membrane.phase import phase_diagram

    total = len(across.values) * len(up.values)
    load = given.read_load(pressure, None, None)
    with progress("membrane phase", "shapes") as update:
        return phase_diagram(
            fibre, domain, load, x=across, y=up, progress=lambda share: update(round(share * total), total)
        )


def _tell(
    diagram: PhaseDiagram, fibre: Fibre, domain: Domain, out: Path | None, *, asked: dict[str, Any], as_json: bool
) -> None:
    from migralab.report.membrane.phase import (
        axis_numbers,
        draw_phase,
        phase_counts,
        phase_fixed,
        phase_lines,
        phase_rows,
    )

    rows = phase_rows(diagram)
    content: dict[str, Any] = {
        "version": VERSION, "asked": asked, "fixed": phase_fixed(diagram, fibre, domain),
        "x": axis_numbers(diagram.x), "y": axis_numbers(diagram.y),
        "counts": phase_counts(diagram), "newton_steps": diagram.newton_steps, "points": rows,
    }  # fmt: skip
    if as_json:
        say_json(content)
    else:
        for line in phase_lines(diagram, domain):
            say(line)
    if out is not None:
        with appearing_whole(out) as fresh:
            (fresh / "phase.png").write_bytes(draw_phase(diagram, fibre, domain))
            write_csv(fresh / "phase.csv", rows)
            (fresh / "phase.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        remark(f"Figure and tables are in {out}.")
    lost = content["counts"]["status"]["not_converged"]
    if lost:
        words = "point did not converge and is" if lost == 1 else "points did not converge and are"
        remark(f"migralab: {lost} {words} flagged. More --points bring neighbours nearer.")
    if not content["counts"]["status"]["converged"]:
        raise typer.Exit(given.NOT_CONVERGED)
