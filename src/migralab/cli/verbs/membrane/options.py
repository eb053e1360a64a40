"""Options that the questions of `migralab membrane` share, and how their text becomes a problem."""

from __future__ import annotations

import math
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from migralab.core import units
from migralab.core.errors import RequestError, UnitError

if TYPE_CHECKING:
    from migralab.membrane.problem import Domain, Fibre, Load

NOT_CONVERGED = 3
VACUUM = -101325.0  # Pa below the medium, which is at 1 atm
REFERENCE = {"fibre_radius": "50nm", "area": "1.5um^2"}
"""The reference case: a fibre 0.1 um wide and a domain that could close a sphere of 0.69 um."""

_EXAMPLES = {
    "pN*um": "20kBT", "uN/m": "17uN/m", "um": "50nm", "pN": "10pN", "um^2": "1.5um^2", "1/um": "2/um", "Pa": "50Pa",
    "um^3": "0.2um^3", "": "10", "s": "10min", "um^2/s": "0.1um^2/s", "Pa*s": "0.1 Pa*s",
}  # fmt: skip

Bending = Annotated[str, typer.Option("--bending", help="Modulus of the fibre's membrane (A; 10 to 25 kBT).")]
Tension = Annotated[str | None, typer.Option("--tension", help="Of the fibre: 17uN/m. Or give its radius or force.")]
FibreRadius = Annotated[
    str | None, typer.Option("--fibre-radius", help="Of the bare fibre; 50nm (E) if neither of the three is given.")
]
Force = Annotated[str | None, typer.Option("--force", help="That pulls the bare fibre: 10pN.")]
Area = Annotated[str | None, typer.Option("--area", help="Of the domain; 1.5um^2 if no diameter is given (E).")]
DomainDiameter = Annotated[
    str | None, typer.Option("--domain-diameter", help="Instead of --area: of the sphere that it would close.")
]
Stiffness = Annotated[
    float, typer.Option("--stiffness", help="k: modulus of the domain over the fibre's, above 0 (E).")
]
Gaussian = Annotated[
    float, typer.Option("--gaussian", help="Gaussian over bending modulus of both membranes, -2 to 0 (not measured).")
]
LineTension = Annotated[str, typer.Option("--line-tension", help="Of the border of the domain, 0pN or more (E).")]
Curvature = Annotated[str, typer.Option("--curvature", help="Spontaneous, of the domain: 2/um.")]
Pressure = Annotated[str | None, typer.Option("--pressure", help="Inside over outside: 50Pa; not below -1 atm.")]
Volume = Annotated[str | None, typer.Option("--volume", help="Inside the domain: 0.2um^3. Then its pressure follows.")]
HalfLength = Annotated[
    str | None, typer.Option("--half-length", help="From the middle to a clamped end. By default the fibre is long.")
]
Out = Annotated[Path | None, typer.Option("-o", "--out", help="Directory for figure, tables, meshes; must not exist.")]
AsJson = Annotated[bool, typer.Option("--json", help="Machine-readable output.")]


def refuse_taken(out: Path | None) -> None:
    """Refuse a place where something lies already, before anything is computed."""
    if out is not None:
        from migralab.results.run import refuse_existing

        refuse_existing(out)
        above = next(parent for parent in out.absolute().parents if parent.exists())
        try:  # permissions do not tell everything: nobody can make a directory in /proc
            with tempfile.TemporaryDirectory(dir=above):
                pass
        except OSError as error:
            reason = error.strerror or str(error)
            raise RequestError(
                f"{out} cannot be made: nothing can be written in {above} ({reason}). Choose another --out."
            ) from None


@contextmanager
def naming(option: str, text: object) -> Iterator[None]:
    """Put the option as it was typed before what the physics says of it."""
    try:
        yield
    except RequestError as error:
        raise RequestError(f"{option} {text}: {error}") from None


def quantity(text: str, name: str, unit: str, example: str | None = None) -> float:
    """Read an option with its unit; whether its size makes sense is for the physics to say."""
    example = example or _EXAMPLES[unit]
    text = re.sub(r"k_?[bB]?T\b", "kBT", text)  # pint reads kT as kilotesla
    if unit.startswith("1/"):
        text = re.sub(r"^\s*([-+.\deE]+)\s*/", r"\1 1/", text)  # 2/um
    try:
        return units.parse(text, like=unit)
    except UnitError as error:
        reason = str(error).split(" Write ")[0]  # its example is of another unit
        raise RequestError(f"{name}: {reason} Write for example {name} {example}.") from None


def at_most_one(given: Mapping[str, object]) -> None:
    """Refuse options that say the same thing twice."""
    named = [name for name, value in given.items() if value is not None]
    if len(named) > 1:
        raise RequestError(f"{' and '.join(named)} fix the same thing. Give one of {', '.join(given)}.")


def read_fibre(
    bending: str, tension: str | None, fibre_radius: str | None, force: str | None, gaussian: float = -1.0
) -> Fibre:
    """Return the fibre that one of tension, radius and force fixes."""
    from migralab.membrane.problem import Fibre

    at_most_one({"--tension": tension, "--fibre-radius": fibre_radius, "--force": force})
    modulus = quantity(bending, "--bending", "pN*um")
    with naming("--bending", bending):
        Fibre(modulus)
    with naming("--gaussian", gaussian):
        Fibre(modulus, gaussian_ratio=gaussian)
    if tension is not None:
        own = quantity(tension, "--tension", "uN/m")
        with naming("--tension", tension):
            return Fibre(modulus, own, gaussian_ratio=gaussian)
    if force is not None:
        own = quantity(force, "--force", "pN")
        with naming("--force", force):
            fibre = Fibre.pulled(modulus, own)
    else:
        radius = fibre_radius or REFERENCE["fibre_radius"]
        own = quantity(radius, "--fibre-radius", "um")
        with naming("--fibre-radius", radius):
            fibre = Fibre.of_radius(modulus, own)
    return Fibre(fibre.bending, fibre.tension, gaussian_ratio=gaussian)


def read_area(area: str | None, domain_diameter: str | None) -> float:
    """Return the area of the domain, um2."""
    from migralab.membrane.problem import Domain

    at_most_one({"--area": area, "--domain-diameter": domain_diameter})
    if domain_diameter is None:
        option, text = "--area", area or REFERENCE["area"]
        own = quantity(text, option, "um^2")
    else:
        option, text = "--domain-diameter", domain_diameter
        diameter = quantity(text, option, "um")
        own = math.copysign(math.pi * diameter**2, diameter)
    with naming(option, text):
        return Domain(own, 1.0).area


def read_domain(area: float, stiffness: float, gaussian: float, line_tension: str, curvature: str) -> Domain:
    """Return the domain."""
    from migralab.membrane.problem import Domain

    border, bent = quantity(line_tension, "--line-tension", "pN"), quantity(curvature, "--curvature", "1/um")
    with naming("--stiffness", stiffness):
        Domain(area, stiffness)
    with naming("--gaussian", gaussian):
        Domain(area, stiffness, gaussian_ratio=gaussian)
    with naming("--line-tension", line_tension):
        return Domain(area, stiffness, gaussian_ratio=gaussian, line_tension=border, spontaneous_curvature=bent)


def refuse_vacuum(pressure: float, typed: str) -> None:
    """Refuse a suction, Pa, beyond that of empty space."""
    if pressure < VACUUM:
        raise RequestError(
            f"{typed}: a suction beyond 1 atm ({VACUUM:g} Pa) boils the water inside. Bring it nearer to 0."
        )


def read_load(pressure: str | None, volume: str | None, half_length: str | None) -> Load:
    """Return what is done to the fibre."""
    from migralab.membrane.problem import Load

    at_most_one({"--pressure": pressure, "--volume": volume})
    pressed = 0.0 if pressure is None else quantity(pressure, "--pressure", "Pa")
    refuse_vacuum(pressed, f"--pressure {pressure}")
    return Load(
        pressure=pressed,
        volume=None if volume is None else quantity(volume, "--volume", "um^3"),
        half_length=None if half_length is None else quantity(half_length, "--half-length", "um"),
    )
